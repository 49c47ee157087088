"""The public instances of the maximum-weight connected subgraph, against their known optima."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from renewal_geo.zones.problem import Problem, is_feasible, zone_value
from renewal_geo.zones.proof import replay
from renewal_geo.zones.search import solve

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "mwcs.py"
COARSE = {"drosophila005.stp": 0.01}  # its last percent takes half a minute
SECONDS = 40.0
RELATIVE = 2e-6  # of the known optima, which their sources round
LEAST_FILES = 18

# the two that their source gives with fewer digits: proven here, as SCIP-Jack's tables have them
ROUNDED = 1e-5


@pytest.fixture(scope="module")
def mwcs():
    spec = importlib.util.spec_from_file_location("mwcs", BENCHMARK)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def folder(real_data):
    found = real_data / "mwcs_dimacs11"
    if not (found / "KNOWN_OPTIMA.csv").exists():
        pytest.skip(f"no instances at {found}")
    return found


def question(weight, pairs):
    """An instance as a district: one zone of parcels that touch, no limit but that."""
    n = len(weight)
    pairs = np.unique(np.sort(pairs[pairs[:, 0] != pairs[:, 1]], axis=1), axis=0)
    return Problem(
        area=np.ones(n), value=weight, own=np.zeros(n), pairs=pairs, frontage=np.zeros(len(pairs)),
        slack=np.zeros((0, n)), share_names=(), boundary_weight=0.0, budget=None, min_area=0.0,
        max_area=None, locked=np.zeros(n, dtype=bool), group=np.full(n, -1), min_zones=1, max_zones=1,
    )  # fmt: skip


def checked(mwcs, path, gap):
    """Solve a file; the zone must be one, and the proof, written and read again, must give the bound."""
    asked = question(*mwcs.read_stp(path))
    found = solve(asked, time_limit_s=SECONDS, gap=gap, seed=0)
    (zone,) = found.zones
    assert is_feasible(asked, zone)
    assert zone_value(asked, zone) == pytest.approx(found.objective, rel=1e-12)
    told = json.loads(json.dumps(found.proof))
    assert max(replay(asked, told), found.objective) == pytest.approx(found.bound, rel=1e-12)
    return found


def test_random_geometric_instances_are_solved_to_their_optima(mwcs, folder):
    known = mwcs.known_optima(folder)
    names = [name for name in known if name.startswith("MWCS-I-D")]
    assert len(names) >= LEAST_FILES
    for name in names:
        found = checked(mwcs, folder / name, 1e-6)
        assert found.status == "optimal", name
        assert found.objective == pytest.approx(known[name], rel=RELATIVE), name
        assert found.bound == pytest.approx(known[name], rel=RELATIVE), name


def test_biological_networks_are_solved_within_one_percent(mwcs, folder):
    known = mwcs.known_optima(folder)
    for name in (name for name in known if not name.startswith("MWCS-I-D")):
        gap = COARSE.get(name, 1e-6)
        found = checked(mwcs, folder / name, gap)
        assert found.stopped_by in (None, "gap"), name
        assert found.bound >= known[name] * (1 - ROUNDED), name
        assert found.bound <= found.objective * (1 + gap + 1e-6), name
        assert found.objective >= known[name] * (1 - gap - ROUNDED), name
