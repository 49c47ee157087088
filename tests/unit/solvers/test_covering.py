"""The pieces of the covering engines: reductions keep the answer, bounds are bounds, walks only shrink covers."""

import time
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.sparse import csr_array

from renewal_geo.solvers import covering_rows
from renewal_geo.solvers.capacitated import Pairs, served_weight, transport
from renewal_geo.solvers.covering import fewest, most
from renewal_geo.solvers.covering_bounds import price, price_set, settled
from renewal_geo.solvers.covering_programmes import most_cover, set_cover, solve
from renewal_geo.solvers.covering_rows import (
    Cover,
    components,
    dominated_sites,
    implied_rows,
    merge,
)
from renewal_geo.solvers.covering_swaps import covered, exchange, grow
from renewal_geo.solvers.covering_walk import shrink

NONE = np.empty(0, dtype=np.int64)


def random_reach(number, n=300, m=40, radius=0.2):
    chance = np.random.default_rng(number)
    demand, sites = chance.random((n, 2)), chance.random((m, 2))
    reach = np.hypot(*(demand[:, None] - sites[None]).transpose(2, 0, 1)) < radius
    return reach, chance.integers(1, 50, n).astype(float)


def test_equal_rows_are_merged_and_empty_ones_dropped():
    reach = np.array([[1, 0, 1], [0, 0, 0], [0, 1, 0], [1, 0, 1]], dtype=bool)
    small, label = merge(Cover.of(csr_array(reach), np.array([1.0, 2.0, 4.0, 8.0])))
    assert label.tolist() == [0, -1, 1, 0]
    assert small.weight.tolist() == [9.0, 4.0]
    assert (small.matrix.toarray() == [[1, 0, 1], [0, 1, 0]]).all()


def test_rows_with_one_fingerprint_are_not_merged_unless_they_are_equal(monkeypatch):
    same = SimpleNamespace(
        integers=lambda *_, **__: np.ones(3, dtype=np.uint64)
    )  # every site looks alike
    monkeypatch.setattr(covering_rows.np.random, "default_rng", lambda _: same)
    reach = np.array([[1, 0, 0], [0, 1, 0], [1, 0, 0], [0, 0, 1]], dtype=bool)
    small, label = merge(Cover.of(csr_array(reach), np.ones(4)))
    assert small.weight.sum() == 4
    assert label[0] == label[2]
    assert len({label[0], label[1], label[3]}) == 3


def test_implied_rows_and_dominated_sites():
    reach = np.array([[1, 1, 0, 0], [1, 1, 1, 0], [0, 0, 1, 1]], dtype=bool)
    cover = Cover.of(csr_array(reach), np.ones(3))
    assert implied_rows(cover).tolist() == [False, True, False]
    free = np.full(4, -1)
    use = np.ones(4, dtype=bool)
    # 0 and 1 are equal: the lower stays; 3 lies within 2
    assert dominated_sites(cover, use, free).tolist() == [False, True, False, True]
    # 2 may be shut by its group, so it cannot stand in for 3
    assert dominated_sites(cover, use, np.array([-1, -1, 0, -1])).tolist() == [
        False,
        True,
        False,
        False,
    ]
    assert [rows.tolist() for rows, _ in components(cover)] == [[True, True, True]]


@pytest.mark.parametrize("number", range(6))
def test_implied_rows_are_those_that_include_another(number):
    reach, _ = random_reach(number)
    cover, _ = merge(Cover.of(csr_array(reach), np.ones(len(reach))))
    dense = cover.matrix.toarray() > 0
    wanted = [
        any((dense[k] <= dense[i]).all() for k in range(len(dense)) if k != i)
        for i in range(len(dense))
    ]
    assert implied_rows(cover).tolist() == wanted


@pytest.mark.parametrize("number", range(6))
def test_prices_bound_every_plan_and_each_site(number):
    reach, weight = random_reach(number)
    p, free = 4, np.full(40, -1)
    if number % 2:
        free[:10] = np.arange(10) // 5
    cover, _ = merge(Cover.of(csr_array(reach), weight))
    best = most(
        csr_array(reach),
        weight,
        p,
        exclusive=[list(range(5)), list(range(5, 10))] if number % 2 else (),
    )
    found = price(cover, p, free, best.objective, steps=200)
    assert found.bound >= best.objective - 1e-9
    assert found.bound < 1.15 * best.objective
    assert (found.most[best.chosen] >= best.objective - 1e-9).all()
    others = np.setdiff1d(np.arange(40), best.chosen)
    assert (found.without[others] >= best.objective - 1e-9).all()
    # any prices do
    chance = np.random.default_rng(number)
    bound, with_site, without = settled(cover, p, free, cover.weight * chance.random(cover.n))
    assert bound >= best.objective
    assert (with_site[best.chosen] >= best.objective - 1e-9).all()
    assert (without[others] >= best.objective - 1e-9).all()


@pytest.mark.parametrize("number", range(4))
def test_prices_bound_the_number_of_sites(number):
    reach, _ = random_reach(number)
    reach = reach[reach.any(axis=1)]
    cover, _ = merge(Cover.of(csr_array(reach), np.ones(len(reach))))
    use = np.ones(40, dtype=bool)
    least = fewest(csr_array(reach)).objective
    bound, cost, _ = price_set(cover, use, 40, steps=300)
    assert bound <= least + 1e-9
    assert bound > 0.7 * least
    chosen = fewest(csr_array(reach)).chosen
    assert (bound + np.maximum(cost[chosen], 0) <= least + 1e-6).all()


def test_exchanges_never_lose_and_reach_a_local_optimum():
    reach, weight = random_reach(3)
    cover, _ = merge(Cover.of(csr_array(reach), weight))
    use, free = np.ones(40, dtype=bool), np.full(40, -1)
    start = grow(cover, NONE, 5, free, use)
    plan, value = exchange(cover, start, free, use)
    assert value >= covered(cover, start)
    assert value == covered(cover, plan)
    for out in range(len(plan)):
        for j in np.setdiff1d(np.arange(40), plan):
            other = plan.copy()
            other[out] = j
            assert covered(cover, other) <= value + 1e-9


def test_a_walk_returns_a_cover_that_is_no_larger():
    reach, _ = random_reach(2, n=800, m=120, radius=0.12)
    reach = reach[reach.any(axis=1)]
    cover, _ = merge(Cover.of(csr_array(reach), np.ones(len(reach))))
    use = np.ones(120, dtype=bool)
    use[::7] = False
    cover = cover.reduced(cover.matrix @ use > 0, np.ones(120, dtype=bool))
    start = grow(cover, NONE, 120, np.full(120, -1), use)
    found = shrink(cover, start, use, steps=5000, seed=0)
    assert (cover.counts(found) > 0).all()
    assert use[found].all()
    assert len(found) <= len(start)
    assert found.tolist() == shrink(cover, start, use, steps=5000, seed=0).tolist()


def test_a_cutoff_finds_what_is_better_and_nothing_else():
    reach, weight = random_reach(1)
    cover = Cover.of(csr_array(reach[reach.any(axis=1)]), weight[reach.any(axis=1)])
    free = np.full(40, -1)
    least = solve(set_cover(cover, np.arange(40), free), time_limit_s=20)
    again = solve(set_cover(cover, np.arange(40), free), time_limit_s=20, cutoff=least.bound + 2.5)
    assert round(again.bound) == round(least.bound)
    nothing = solve(
        set_cover(cover, np.arange(40), free), time_limit_s=20, cutoff=least.bound - 0.5
    )
    assert nothing.x is None
    assert nothing.closed
    missed = solve(most_cover(cover, np.arange(40), 4, free), time_limit_s=20)
    assert missed.bound == pytest.approx(
        cover.weight.sum() - most(cover.matrix, cover.weight, 4).objective, abs=1e-3
    )


def test_fixed_sites_and_groups_are_kept():
    reach, weight = random_reach(4)
    groups = [[0, 1, 2, 3], [4, 5, 6]]
    found = most(csr_array(reach), weight, 5, fixed=[1, 30], exclusive=groups)
    assert {1, 30} <= set(found.chosen.tolist())
    assert len(found.chosen) == 7
    assert not {0, 2, 3} & set(found.chosen.tolist())
    assert len({4, 5, 6} & set(found.chosen.tolist())) <= 1
    assert (found.served[reach[:, found.chosen].any(axis=1)] >= 0).all()


def test_a_row_that_the_groups_leave_alone_is_the_least_violation():
    reach = np.eye(3, dtype=bool)
    found = fewest(csr_array(reach), exclusive=[[0, 1]])
    assert not found.feasible
    assert len(found.chosen) == 2
    assert found.served.tolist().count(-1) == 1


def test_no_site_at_all():
    empty = csr_array(np.zeros((3, 2), dtype=bool))
    assert fewest(empty).objective == 0.0
    found = most(empty, np.ones(3), 1)
    assert (found.objective, found.bound, found.closed, found.chosen.tolist()) == (
        0.0,
        0.0,
        True,
        [0],
    )


def test_stopped_by_time_keeps_plan_and_bound():
    reach, weight = random_reach(7, n=4000, m=400, radius=0.12)
    began = time.monotonic()
    found = most(csr_array(reach), weight, 15, time_limit_s=0.4)
    assert time.monotonic() - began < 20
    assert found.objective == weight[reach[:, found.chosen].any(axis=1)].sum()
    assert found.bound >= found.objective
    assert found.stopped_by == ("" if found.closed else "time")
    soon = most(csr_array(reach), weight, 15, gap=0.05)
    assert soon.bound - soon.objective <= 0.05 * soon.objective
    assert soon.stopped_by == ("" if soon.closed else "gap")


def test_transport_serves_the_most_at_the_least_cost():
    costs = np.array([[1.0, 5.0], [2.0, 3.0], [np.inf, 1.0]])
    pairs = Pairs.of(costs, np.array([10.0, 10.0, 10.0]), np.array([10.0, 15.0]))
    row, site, share = transport(pairs, np.array([0, 1]))
    assert served_weight(pairs, row, share) == pytest.approx(25.0)
    spent = sum(10.0 * s * costs[i, j] for i, j, s in zip(row, site, share, strict=True))
    assert spent == pytest.approx(10 * 1 + 5 * 3 + 10 * 1)


@pytest.mark.parametrize("number", range(40))
def test_with_a_gap_the_bound_stays_a_bound_and_the_gap_is_kept(number):
    chance = np.random.default_rng(number)
    shape = (int(chance.integers(20, 90)), int(chance.integers(10, 45)))
    reach = csr_array(chance.random(shape) < chance.uniform(0.06, 0.25))
    exact, gap = fewest(reach), float(chance.choice([0.02, 0.05, 0.1, 0.2]))
    found = fewest(reach, gap=gap)
    assert exact.closed
    assert found.bound <= exact.objective <= found.objective
    assert found.objective - found.bound <= gap * found.objective + 1e-9
