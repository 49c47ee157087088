# Two commands for a newcomer: `make demo` and `make test`. Both build .venv from the lock file.
# Needs Python 3.11 or newer and make; uses uv where it is installed, else venv and pip.

VENV   := .venv
BIN    := $(VENV)/bin
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3 python; do \
             command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
             && echo $$p && break; done)
UV     ?= $(shell command -v uv 2>/dev/null)
OUT    ?= out/demo

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow check format notebooks sample bench lock bundle clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

$(VENV)/.ready: requirements/dev.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "error: no Python 3.11 or newer found; install it, or say make PYTHON=/path/to/python" >&2; exit 1; }
ifneq ($(UV),)
	$(UV) venv --quiet --clear --python $(PYTHON) $(VENV)
	$(UV) pip sync --quiet --require-hashes --only-binary :all: --python $(BIN)/python requirements/dev.lock
	$(UV) pip install --quiet --no-deps --no-build-isolation --python $(BIN)/python --editable .
else
	$(PYTHON) -m venv --clear $(VENV) || { echo "error: this Python lacks venv; on Debian: apt install python3.11-venv" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes --only-binary :all: --requirement requirements/dev.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
endif
	@touch $@

demo: $(VENV)/.ready ## the whole pass on the sample district, into out/demo
	$(BIN)/renewal-geo demo --out $(OUT)
	$(BIN)/renewal-geo zones verify $(OUT)

test: $(VENV)/.ready ## all tests but the slow ones
	$(BIN)/python -m pytest

test-slow: $(VENV)/.ready ## minutes-long tests: fuzzing, regenerating the sample
	$(BIN)/python -m pytest -m slow

check: $(VENV)/.ready ## formatting, lint, types, layers, sizes
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python scripts/check_tree.py

format: $(VENV)/.ready ## format the code and apply safe fixes
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

notebooks: $(VENV)/.ready ## execute the notebooks
	$(BIN)/python -m pytest tests/notebook

sample: $(VENV)/.ready ## draw the sample district anew (same seed, same district)
	$(BIN)/python scripts/make_sample.py

bench: $(VENV)/.ready ## run the benchmarks beside their rivals (an hour)
	$(BIN)/python benchmarks/overlay.py
	$(BIN)/python benchmarks/slopes.py --out docs
	$(BIN)/python benchmarks/contiguity.py
	$(BIN)/python benchmarks/zones_bench.py
	$(BIN)/python benchmarks/first_bound.py
	$(BIN)/python benchmarks/mwcs.py
	$(BIN)/python benchmarks/cut_families.py
	$(BIN)/python benchmarks/regimes.py
	$(BIN)/python benchmarks/facilities.py
	$(BIN)/python benchmarks/pmed.py known
	$(BIN)/python -m benchmarks.sitebank
	$(BIN)/python -m benchmarks.networks
	$(BIN)/python benchmarks/potential.py --out docs
	$(BIN)/python benchmarks/stability.py
	$(BIN)/python benchmarks/potential_workbook.py
	$(BIN)/python benchmarks/weightings.py
	$(BIN)/python benchmarks/maps.py --repeat 1

lock: ## pin anew what .venv installs (needs uv)
	$(UV) pip compile pyproject.toml --extra dev --universal --no-strip-extras --generate-hashes --no-header --quiet --python-version 3.11 --output-file requirements/dev.lock
	$(UV) pip compile pyproject.toml --universal --no-strip-extras --generate-hashes --no-header --quiet --python-version 3.11 --constraint requirements/dev.lock --output-file requirements/run.lock

bundle: $(VENV)/.ready ## wheels and an installer for a machine without internet, into bundle/
	$(BIN)/python scripts/make_bundle.py bundle

clean: ## remove everything that make made
	rm -rf $(VENV) out bundle dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
