"""The public p-median and p-center instances: every optimum reached and proven."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "pmed.py"
SECONDS = 60.0
DAILY = 500  # nodes: larger graphs are solved by `make test-slow`
LISTED = 32


@pytest.fixture(scope="module")
def pmed():
    spec = importlib.util.spec_from_file_location("pmed", BENCHMARK)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def listed(pmed, real_data):
    folder = real_data / "facility_location"
    if not (folder / "KNOWN_OPTIMA.csv").exists():
        pytest.skip(f"no instances at {folder}")
    return list(pmed.known(folder))


def prove_all(pmed, instances):
    for name, model, costs, weight, p, optimum in instances:
        found = pmed.line(name, model, costs, weight, p, optimum, SECONDS)
        assert found["proven"], (name, model)
        assert found["found"] - found["bound"] <= 1e-8 * optimum, (name, model)


def test_every_instance_is_there(listed):
    assert len(listed) == LISTED


def test_small_optima_are_proven(pmed, listed):
    small = [one for one in listed if len(one[2]) <= DAILY]
    assert len(small) > LISTED / 2
    prove_all(pmed, small)


@pytest.mark.slow
def test_large_optima_are_proven(pmed, listed):
    prove_all(pmed, [one for one in listed if len(one[2]) > DAILY])


def test_of_repeated_edges_the_last_counts(pmed, tmp_path):
    path = tmp_path / "graph.txt"
    path.write_text("3 3 1\n1 2 4\n2 3 5\n2 1 9\n")
    costs, p = pmed.read_pmed(path)
    assert p == 1
    assert costs.tolist() == [[0, 9, 14], [9, 0, 5], [14, 5, 0]]


def test_san_francisco_stores(pmed, real_data):
    folder = real_data / "facility_location"
    if not folder.exists():
        pytest.skip(f"no instances at {folder}")
    costs, demand = pmed.read_stores(folder)
    assert costs.shape == (205, 16)
    assert np.isfinite(costs).all()
    chosen = pmed.solve("p_median", costs, demand, 4, SECONDS).chosen
    # published: stores 2, 11, 12 and 15
    listed = (folder / "spopt_sf" / pmed.DISTANCES).read_text(encoding="utf-8").splitlines()[1:]
    names = list(dict.fromkeys(row.split(",")[1] for row in listed))
    assert {names[j] for j in chosen} == {"Store_2", "Store_11", "Store_12", "Store_15"}
