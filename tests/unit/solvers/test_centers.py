"""The p-center: what its options mean, and that covers are covers."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from renewal_geo.solvers.centers import smallest
from renewal_geo.solvers.centers_cover import judged, reduced
from renewal_geo.solvers.medians_rows import ranked

LINE = np.abs(np.arange(9.0)[:, None] - np.arange(9.0)[None])


def plane(seed, n=60, m=25):
    rng = np.random.default_rng(seed)
    demand, sites = rng.random((n, 2)), rng.random((m, 2))
    return np.hypot(*(demand[:, None] - sites).transpose(2, 0, 1))


def test_sites_on_a_line():
    assert smallest(LINE, 1).chosen.tolist() == [4]
    found = smallest(LINE, 3)
    assert found.chosen.tolist() == [1, 4, 7]
    assert found.objective == found.bound == 1
    assert found.closed
    assert found.stopped_by == ""


def test_among_equals_the_sum_is_small():
    # sites 0 and 3 both keep the largest cost at 5; with 0 the other row lies nearer
    costs = np.array([[5.0, 9, 9, 5], [1, 9, 9, 4]])
    assert smallest(costs, 1).chosen.tolist() == [0]


def test_p_counts_new_sites_besides_the_fixed():
    found = smallest(LINE, 1, fixed=[1])
    assert found.chosen.tolist()[0] == 1
    assert found.objective == 2
    assert smallest(LINE, 0, fixed=[0]).objective == 8


def test_exclusive_sites_are_not_chosen_together():
    found = smallest(LINE, 2, exclusive=[[1, 2, 6, 7]])
    assert len(np.intersect1d(found.chosen, [1, 2, 6, 7])) <= 1
    assert found.objective == 3
    assert len(smallest(LINE, 3, exclusive=[np.arange(9)]).chosen) == 1


def test_too_few_sites_serve_the_most_rows():
    costs = np.where(LINE <= 1, LINE, np.inf)
    found = smallest(costs, 2)
    assert not found.feasible
    assert found.closed
    assert (found.served >= 0).sum() == 6
    assert smallest(costs, 3).feasible


def test_an_explicit_zero_is_a_reachable_pair():
    costs = csr_array((np.array([0.0, 3.0]), (np.array([0, 1]), np.array([0, 0]))), shape=(2, 2))
    found = smallest(costs, 1)
    assert found.feasible
    assert found.objective == 3


@pytest.mark.parametrize("seed", range(6))
def test_dense_and_sparse_agree_and_sites_help(seed):
    costs = plane(seed)
    values = [smallest(costs, p).objective for p in range(1, 6)]
    assert values == sorted(values, reverse=True)
    assert smallest(csr_array(costs), 3).objective == values[2]


@pytest.mark.parametrize("seed", range(4))
def test_the_answer_hangs_on_the_seed_only(seed):
    costs = plane(seed, n=200, m=60)
    first, again = (smallest(costs, 7, seed=seed) for _ in range(2))
    assert (first.chosen == again.chosen).all()
    assert smallest(costs, 7, seed=seed + 1).objective == first.objective


@pytest.mark.parametrize("gap", [0.02, 0.3])
def test_a_gap_is_kept(gap):
    costs = plane(3, n=300, m=80)
    best = smallest(costs, 6)
    found = smallest(costs, 6, gap=gap)
    assert found.bound <= best.objective <= found.objective
    assert found.objective - found.bound <= gap * found.objective
    assert found.stopped_by == ("" if found.closed else "gap")


def test_no_time_still_gives_a_plan_and_a_bound():
    costs = plane(5, n=400, m=150)
    best = smallest(costs, 12)
    found = smallest(costs, 12, time_limit_s=0.0)
    assert len(found.chosen) == 12
    assert found.bound <= best.objective <= found.objective
    assert found.closed or found.stopped_by == "time"


@pytest.mark.parametrize("seed", range(20))
def test_reduced_rows_ask_for_the_same(seed):
    rng = np.random.default_rng(seed)
    costs = plane(seed, n=30, m=9)
    exclusive = [rng.choice(9, 3, replace=False)] if seed % 2 else []
    # every row is reached, barely
    radius = float(costs.min(axis=1).max()) * 1.01
    rows = ranked(costs, np.ones(30), (), exclusive).within(radius)
    small = reduced(rows)
    assert len(small.cap) <= len(rows.cap)
    p = int(rng.integers(1, 5))
    plans = np.array([[(k >> j) & 1 for j in range(9)] for k in range(512)], dtype=bool)
    plans = plans[plans.sum(axis=1) <= p]
    for group in exclusive:
        plans = plans[plans[:, group].sum(axis=1) <= 1]

    def covers(some):
        owner = np.repeat(np.arange(len(some.cap)), np.diff(some.rptr))
        hits = np.zeros((len(plans), len(some.cap)), dtype=bool)
        for row, site in zip(owner, some.rsite, strict=True):
            hits[:, row] |= plans[:, site]
        return hits.all(axis=1)

    assert (covers(small) <= covers(rows)).all()  # a plan for the fewer is a plan for all
    assert covers(small).any() == covers(rows).any()
    state = np.array([1], dtype=np.uint64)
    verdict = judged(rows, p, np.zeros(9, dtype=bool), state, deadline=np.inf)
    assert (verdict.plan is not None) == covers(rows).any()
    assert verdict.sure != (verdict.plan is not None)
