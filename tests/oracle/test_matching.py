"""Needs on sites against every plan of small instances, listed one by one."""

import itertools

import numpy as np
import pytest

from renewal_geo.solvers.matching import assign, require
from renewal_geo.solvers.matching_search import Pairs, cost_of, searched, served_by_rank

INSTANCES = 300


def instance(seed):
    """A few needs and sites; every other one with groups, every third with required sites, some 1:1."""
    rng = np.random.default_rng(seed)
    n, m = int(rng.integers(2, 7)), int(rng.integers(1, 5))
    fits = rng.random((n, m)) < rng.uniform(0.4, 1.0)
    size = rng.integers(1, 6, n).astype(float)
    room = rng.integers(4, 12, m).astype(float)
    fits &= size[:, None] <= room[None, :]
    need, site = np.nonzero(fits)
    ranks = int(rng.integers(1, 4))
    return Pairs(
        need=need,
        site=site,
        cost=rng.integers(0, 60, len(need)).astype(float) / 4,
        size=size,
        rank=rng.integers(0, ranks, n),
        room=room,
        group=rng.integers(0, 2, m) - (rng.random(m) < 0.5) if seed % 2 else np.full(m, -1),
        required=rng.random(m) < 0.4 if seed % 3 == 0 else np.zeros(m, bool),
        shared=bool(seed % 5),
        ranks=ranks,
    )


def plans(pairs):
    options = [[-1, *pairs.site[pairs.need == need].tolist()] for need in range(len(pairs.size))]
    for one in itertools.product(*options):
        plan = np.array(one)
        if pairs.keeps(plan):
            yield plan


def value(pairs, plan):
    return (*(-served_by_rank(pairs, plan)).tolist(), cost_of(pairs, plan))


@pytest.mark.parametrize("seed", range(INSTANCES))
def test_nothing_is_better_than_the_answer(seed):
    asked = instance(seed)
    pairs, clashes, unmet = require(asked)
    best = min((value(asked, plan) for plan in plans(asked)), default=None)
    assert (best is None) == bool(clashes) == bool(len(unmet))
    found = assign(pairs, time_limit_s=30.0)
    assert found.closed
    assert pairs.keeps(found.site_of)
    assert (found.served == found.most).all()
    if best is not None:
        assert value(asked, found.site_of) == pytest.approx(best)
    assert found.least_cost == found.cost


@pytest.mark.parametrize("seed", range(0, INSTANCES, 3))
def test_as_many_required_sites_are_used_as_any_plan_can(seed):
    asked = instance(seed)
    _, clashes, unmet = require(asked)
    free = Pairs(**{**_fields(asked), "required": np.zeros(len(asked.room), bool)})
    most = max(
        len(set(plan[plan >= 0]) & set(np.flatnonzero(asked.required))) for plan in plans(free)
    )
    assert int(asked.required.sum()) - len(unmet) == most
    for one in clashes:
        assert len(one.sites) > len(one.needs)
        assert asked.required[one.sites].all()


@pytest.mark.parametrize("seed", range(60))
def test_the_bounds_hold_where_nothing_but_the_search_has_time(seed):
    asked, *_ = require(instance(seed))
    best = min(value(asked, plan) for plan in plans(asked))
    plan = searched(asked, np.inf)
    assert asked.keeps(plan)
    assert value(asked, plan) >= best
    found = assign(asked, time_limit_s=0.0, gap=0.5)
    level = [-n for n in best[:-1]]
    for rank, (most, truth) in enumerate(zip(found.most.tolist(), level, strict=True)):
        assert most >= truth or found.most[:rank].tolist() > level[:rank]
    if found.served.tolist() == level:
        assert found.least_cost <= best[-1] + 1e-9


def _fields(one):
    return {name: getattr(one, name) for name in Pairs.__dataclass_fields__}
