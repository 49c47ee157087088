"""Locks and groups that annealing alone does not meet, and questions that allow one zone."""

import dataclasses

import numpy as np
import pytest

from renewal_geo.zones import search
from renewal_geo.zones.problem import Problem, is_feasible
from renewal_geo.zones.proof import replay


def street(parcels, **limits):
    """A row of parcels of one hectare, each worth one; the outline is free."""
    n = parcels
    given = {
        "area": np.ones(n), "value": np.ones(n), "own": np.zeros(n),
        "pairs": np.stack([np.arange(n - 1), np.arange(1, n)], axis=1),
        "frontage": np.full(n - 1, 10.0), "slack": np.zeros((0, n)), "share_names": (),
        "boundary_weight": 0.0, "budget": 20.0, "min_area": 3.0, "max_area": 5.0,
        "locked": np.zeros(n, dtype=bool), "group": np.full(n, -1),
    }  # fmt: skip
    return Problem(**{**given, **limits})


def test_a_lock_that_no_zone_can_hold_is_named():
    """Parcel 30 lies amid parcels without the share: within five hectares it cannot be made up."""
    slack = np.full((1, 60), 0.4)
    slack[0, 24:37] = -0.6
    locked = np.zeros(60, dtype=bool)
    locked[[3, 30]] = True
    problem = street(60, slack=slack, share_names=("legal",), locked=locked)
    answer = search.solve(problem, time_limit_s=20, gap=0.0, seed=0)
    assert answer.status == "infeasible"
    assert [(one["limit"], one["parcels"]) for one in answer.conflict] == [("lock_in", [30])]


def test_locks_far_apart_in_one_zone_are_met():
    """One zone is allowed by the budget, and two locks lie eighteen parcels apart."""
    locked = np.zeros(60, dtype=bool)
    locked[[20, 38]] = True
    value = np.full(60, 0.2)
    value[20:39] = -0.1  # what lies between is worth less than nothing
    problem = street(60, locked=locked, value=value, max_area=None, min_area=15.0)
    answer = search.solve(problem, time_limit_s=20, gap=0.0, seed=0)
    assert answer.status == "optimal"
    (zone,) = answer.zones
    assert {20, 38} <= set(zone.tolist())
    assert answer.objective == pytest.approx(-1.9 + 0.2)


def test_a_budget_with_room_for_one_zone_is_proven_as_one():
    value = np.sin(np.arange(80.0))
    problem = street(80, value=value, budget=5.5)
    answer = search.solve(problem, time_limit_s=20, gap=0.0, seed=0)
    best = max(value[i : i + k].sum() for k in (3, 4, 5) for i in range(80 - k + 1))
    assert answer.status == "optimal"
    assert answer.objective == pytest.approx(best)
    assert replay(problem, answer.proof) >= best - 1e-9
    loose = dataclasses.replace(problem, budget=20.0)
    if answer.proof["kind"] == "connected":
        with pytest.raises(Exception, match="one zone"):
            replay(loose, answer.proof)


def test_a_group_that_lies_apart_does_not_stand_in_the_way():
    """Two poor parcels, tied together at both ends of the street: better without them."""
    value, group = np.ones(60), np.full(60, -1)
    value[[0, 59]], group[[0, 59]] = -5.0, 0
    problem = street(60, value=value, group=group)
    answer = search.solve(problem, time_limit_s=20, gap=0.0, seed=0)
    assert answer.objective == pytest.approx(20.0)
    assert all(is_feasible(problem, zone) for zone in answer.zones)


def test_many_listed_zones_are_beaten_rather_than_packed():
    """Sixteen parcels in a square have thousands of zones: the search gives one to beat."""
    n, side = 16, 4
    pairs = [(i, i + 1) for i in range(n) if i % side < side - 1] + [
        (i, i + side) for i in range(12)
    ]
    problem = street(
        n, pairs=np.array(pairs), frontage=np.full(len(pairs), 10.0), max_area=None, budget=9.5,
        value=np.cos(np.arange(16.0)),
    )  # fmt: skip
    answer = search.solve(problem, time_limit_s=20, gap=0.0, seed=0)
    assert answer.status == "optimal"
    assert answer.proof["kind"] == "enumeration"
    assert replay(problem, {"kind": "enumeration", "value": -9.0}) == pytest.approx(answer.bound)


def test_nothing_worth_having_is_proven_with_room_for_rounding():
    """Good parcels too few to make a zone: the best answer is none, and a bound of exactly nothing."""
    value = np.full(60, -1.0)
    value[::10] = 1.5
    problem = street(60, value=value, boundary_weight=1e-3)
    answer = search.solve(problem, time_limit_s=20, gap=0.01, seed=0)
    assert (answer.status, answer.objective, answer.bound) == ("optimal", 0.0, 0.0)


def test_a_listing_that_nobody_could_replay_is_bounded_otherwise(monkeypatch):
    """The answer stays; its proof is one that a verifier can go through."""
    problem = street(12, value=np.cos(np.arange(12.0)), budget=9.0)
    listed = search.solve(problem, time_limit_s=20, gap=0.0, seed=0)
    monkeypatch.setattr(search, "REPLAYED_STEPS", 0)
    monkeypatch.setattr(search, "MOST_ROUNDS", 2)
    other = search.solve(problem, time_limit_s=20, gap=0.0, seed=0)
    assert (listed.proof["kind"], other.proof["kind"]) == ("enumeration", "relaxation")
    assert other.objective == pytest.approx(listed.objective)
    assert replay(problem, other.proof) >= listed.objective - 1e-9
