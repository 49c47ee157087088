"""The optimiser against every selection of zones of small random districts, listed one by one."""

import dataclasses
import itertools

import numpy as np
import pytest

from renewal_geo.foundation.errors import ProofError
from renewal_geo.zones import search
from renewal_geo.zones.problem import Problem, is_feasible, zone_value
from renewal_geo.zones.proof import replay

DISTRICTS = 300


def district(seed):
    """A random planar-ish district of 4 to 9 parcels with random limits of every kind."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(4, 10))
    places = rng.random((n, 2))
    gap = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
    pairs = np.array(
        [(i, j) for i in range(n) for j in range(i + 1, n) if gap[i, j] < 0.45]
    ).reshape(-1, 2)
    area = rng.uniform(0.5, 2.0, n).round(3)
    shares = rng.random((int(rng.integers(0, 3)), n))
    locked = np.zeros(n, dtype=bool)
    if rng.random() < 0.25:
        locked[rng.integers(n)] = True
    group = np.full(n, -1)
    if rng.random() < 0.25:
        group[rng.choice(n, 2, replace=False)] = 0
    least = float(rng.uniform(0.5, 3.0))
    return Problem(
        area=area,
        value=(rng.normal(0.6, 1.0, n) * area).round(4),
        own=rng.uniform(0, 200, n),
        pairs=pairs.astype(np.int64),
        frontage=rng.uniform(10, 120, len(pairs)),
        slack=area * (shares - rng.uniform(0.3, 0.6, (len(shares), 1))),
        share_names=tuple(f"s{k}" for k in range(len(shares))),
        boundary_weight=float(rng.choice([0.0, 0.001, 0.004])),
        budget=float(rng.uniform(least, 9.0)) if rng.random() < 0.6 else None,
        min_area=least,
        max_area=float(rng.uniform(least, 5.0)) if rng.random() < 0.5 else None,
        locked=locked,
        group=group,
        min_zones=int(rng.integers(1, 3)) if rng.random() < 0.15 else None,
        max_zones=int(rng.integers(2, 4)) if rng.random() < 0.2 else None,
    )


def touching(problem, one, other):
    ends = problem.pairs
    return any((u in one and v in other) or (v in one and u in other) for u, v in ends.tolist())


def allowed(problem, zones):
    total = sum(problem.area[list(z)].sum() for z in zones)
    if problem.budget is not None and total > problem.budget + 1e-9:
        return False
    if len(zones) < (problem.min_zones or 0) or len(zones) > (problem.max_zones or 99):
        return False
    covered = set().union(*zones) if zones else set()
    if not set(np.flatnonzero(problem.locked)) <= covered:
        return False
    for g in set(problem.group.tolist()) - {-1}:
        members = set(np.flatnonzero(problem.group == g).tolist())
        if members & covered and not members <= covered:
            return False
    limit = problem.max_area if problem.max_area is not None else np.inf
    return all(
        problem.area[list(a | b)].sum() > limit + 1e-9 or not touching(problem, a, b)
        for a, b in itertools.combinations(zones, 2)
    )


def best_by_hand(problem):
    """Return the best value over all selections of disjoint feasible zones, or None."""
    n = problem.size
    zones = []
    for mask in range(1, 1 << n):
        members = frozenset(i for i in range(n) if mask >> i & 1)
        if is_feasible(problem, np.array(sorted(members))):
            zones.append((members, zone_value(problem, np.array(sorted(members)))))
    best = None

    def extend(start, chosen, value, used):
        nonlocal best
        if allowed(problem, chosen) and (best is None or value > best):
            best = value
        for k in range(start, len(zones)):
            members, worth = zones[k]
            if not members & used:
                extend(k + 1, [*chosen, members], value + worth, used | members)

    extend(0, [], 0.0, frozenset())
    return best, bool(zones)


@pytest.mark.parametrize("block", range(6))
def test_small_districts_are_solved_to_the_optimum(block):
    for seed in range(block * DISTRICTS // 6, (block + 1) * DISTRICTS // 6):
        problem = district(seed)
        best, any_zone = best_by_hand(problem)
        answer = search.solve(problem, time_limit_s=20, gap=0.0, seed=0)
        if best is None or not any_zone:
            assert answer.status == "infeasible" or answer.objective == pytest.approx(
                best or 0.0
            ), seed
            continue
        assert answer.status == "optimal", seed
        assert answer.objective == pytest.approx(best, abs=1e-7), seed
        assert replay(problem, answer.proof) == pytest.approx(answer.bound, abs=1e-6), seed
        assert allowed(problem, [frozenset(z.tolist()) for z in answer.zones]), seed
        assert all(is_feasible(problem, z) for z in answer.zones), seed


@pytest.mark.parametrize("block", range(4))
def test_bound_of_the_relaxation_is_never_below_the_optimum(block, monkeypatch):
    """The same districts through the engine for large ones: feasible zones, valid bound."""
    monkeypatch.setattr(search, "SMALL_DISTRICT", 0)
    monkeypatch.setattr(search, "MOST_ROUNDS", 2)
    monkeypatch.setattr(search, "FEWEST_PROPOSALS", 20_000)
    for seed in range(block * 20, block * 20 + 20):
        problem = district(seed)
        best, any_zone = best_by_hand(problem)
        answer = search.solve(problem, time_limit_s=20, gap=0.0, seed=0)
        if answer.status == "infeasible":
            proven = answer.conflict[0]["limit"] != "not found"
            assert not proven or best is None or not any_zone, seed
            continue
        assert best is not None, seed
        assert answer.bound >= best - 1e-9, seed
        assert answer.objective <= best + 1e-9, seed
        assert allowed(problem, [frozenset(z.tolist()) for z in answer.zones]), seed
        assert all(is_feasible(problem, z) for z in answer.zones), seed
        assert replay(problem, answer.proof) <= answer.bound + 1e-9, seed


@pytest.mark.parametrize("block", range(4))
def test_one_zone_alone_is_proven_best(block, monkeypatch):
    """Where just one zone may be drawn, the engine for connected sets closes the gap by itself."""
    monkeypatch.setattr(search, "SMALL_DISTRICT", 0)
    monkeypatch.setattr(search, "FEWEST_PROPOSALS", 20_000)
    solved = 0
    for seed in range(1000 + block * 25, 1025 + block * 25):
        problem = dataclasses.replace(district(seed), max_zones=1, min_zones=seed % 2 or None)
        best, any_zone = best_by_hand(problem)
        answer = search.solve(problem, time_limit_s=20, gap=0.0, seed=0)
        if best is None or not any_zone:
            assert answer.objective in (None, best), seed
            continue
        if all((problem.group == g).sum() < 2 for g in range(problem.group.max(initial=0) + 1)):
            assert answer.objective == pytest.approx(best, abs=1e-7), seed
            assert answer.status == "optimal", seed
            solved += 1
        if answer.bound is None:  # the parts of a group lie apart: no claim is made
            assert answer.conflict[0]["limit"] == "not found", seed
            continue
        assert answer.bound >= best - 1e-9, seed
        assert replay(problem, answer.proof) == pytest.approx(answer.bound, abs=1e-6), seed
        assert all(is_feasible(problem, z) for z in answer.zones), seed
    assert solved > 5


def test_a_small_district_is_replayed_without_a_solver_and_cannot_be_talked_down():
    """Whatever value and prices a proof claims, its replay is never below the optimum."""
    rng = np.random.default_rng(5)
    for seed in range(80):
        problem = district(seed)
        best, any_zone = best_by_hand(problem)
        if best is None or not any_zone:
            continue
        for factor in (0.0, 1.0, 30.0):
            claim = {
                "kind": "enumeration",
                "value": best - rng.uniform(0, 3),
                "prices": [[i, factor * rng.random()] for i in range(problem.size)],
                "budget_price": factor * rng.random(),
            }
            assert replay(problem, claim) == pytest.approx(best, abs=1e-9), seed
        assert replay(problem, {**claim, "value": best + 1.0}) == pytest.approx(best + 1.0)


def test_a_group_may_lie_in_two_zones_that_touch(monkeypatch):
    """Neighbours of one group, one rich and one poor in a share, under a largest area."""
    monkeypatch.setattr(search, "SMALL_DISTRICT", 0)
    monkeypatch.setattr(search, "MOST_ROUNDS", 2)
    monkeypatch.setattr(search, "FEWEST_PROPOSALS", 5_000)
    tried = 0
    for seed in [1460, *range(1000, 1060)]:
        problem = district(seed)
        if not len(problem.pairs) or not len(problem.slack):
            continue
        rng = np.random.default_rng(seed)
        ends = problem.pairs[rng.integers(len(problem.pairs))]
        group, slack = np.full(problem.size, -1), problem.slack.copy()
        group[ends] = 0
        slack[:, ends[0]], slack[:, ends[1]] = abs(slack[:, ends[0]]), -abs(slack[:, ends[1]])
        problem = dataclasses.replace(
            problem, group=group, slack=slack, max_area=problem.min_area + 0.8, min_zones=None,
            max_zones=None,
        )  # fmt: skip
        best, _ = best_by_hand(problem)
        answer = search.solve(problem, time_limit_s=20, gap=0.0, seed=0)
        if answer.bound is not None:
            assert answer.bound >= best - 1e-9, seed
            assert allowed(problem, [frozenset(z.tolist()) for z in answer.zones]), seed
            tried += 1
    assert tried > 20


def test_a_price_on_a_budget_that_there_is_not_is_refused():
    problem = dataclasses.replace(district(3), budget=None, max_zones=None)
    leaf = {
        "fixings": [], "shares": [0.0] * len(problem.slack), "cuts": [], "multipliers": [],
        "flow": [], "price": 1e6,
    }  # fmt: skip
    parcel = {"parcel": 0, "leaves": [leaf]}
    for lists in ({"joint": [leaf]}, {"components": [parcel]}):
        claim = {"kind": "relaxation", "budget_price": 0.0, "cuts": [], "dead": [], **lists}
        with pytest.raises(ProofError, match="budget"):
            replay(problem, claim)
