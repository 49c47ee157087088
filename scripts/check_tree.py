"""Check the tree itself: sizes of modules, forbidden names, notebooks without outputs."""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LONGEST_MODULE = 700
LONGEST_CELL_DEF = 5
FORBIDDEN_STEMS = {"utils", "helpers", "common", "misc", "others"}


def module_faults() -> list[str]:
    """Return modules that are too long or named after nothing."""
    faults = []
    for path in sorted((ROOT / "renewal_geo").rglob("*.py")):
        lines = len(path.read_text(encoding="utf-8").splitlines())
        where = path.relative_to(ROOT)
        if lines > LONGEST_MODULE:
            faults.append(f"{where}: {lines} lines; split it (limit {LONGEST_MODULE})")
        if path.stem in FORBIDDEN_STEMS:
            faults.append(f"{where}: name the noun that it holds")
    return faults


def notebook_faults() -> list[str]:
    """Return notebooks with outputs, or with code that belongs in the package."""
    faults = []
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] != "code":
                continue
            if cell["outputs"] or cell["execution_count"] is not None:
                faults.append(f"{path.name}: clear its outputs")
            source = "".join(cell["source"])
            if "def " in source and len(source.splitlines()) > LONGEST_CELL_DEF:
                faults.append(f"{path.name}: a function belongs in the package")
    return faults


def main() -> int:
    """Print every fault; return the exit code."""
    faults = module_faults() + notebook_faults()
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
