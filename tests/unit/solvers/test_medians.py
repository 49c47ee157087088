"""The p-median: what its options mean, and that its bounds are bounds."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from renewal_geo.solvers.medians import nearest
from renewal_geo.solvers.medians_dual import FREE, bound_node, plan_cost
from renewal_geo.solvers.medians_rows import ranked

LINE = np.abs(np.arange(9.0)[:, None] - np.arange(9.0)[None])


def plane(seed, n=60, m=25):
    rng = np.random.default_rng(seed)
    demand, sites = rng.random((n, 2)), rng.random((m, 2))
    return np.hypot(*(demand[:, None] - sites).transpose(2, 0, 1)), rng.integers(1, 9, n) * 1.0


def test_one_site_on_a_line_stands_in_the_middle():
    found = nearest(LINE, np.ones(9), 1)
    assert found.chosen.tolist() == [4]
    assert found.objective == found.bound == 20
    assert found.closed
    assert found.stopped_by == ""


def test_weight_draws_the_site():
    weight = np.ones(9)
    weight[8] = 100
    assert nearest(LINE, weight, 1).chosen.tolist() == [8]


def test_p_counts_new_sites_besides_the_fixed():
    found = nearest(LINE, np.ones(9), 1, fixed=[0])
    assert found.chosen.tolist() == [0, 6] or found.chosen.tolist() == [0, 5]
    assert nearest(LINE, np.ones(9), 0, fixed=[3]).chosen.tolist() == [3]


def test_exclusive_sites_are_not_chosen_together():
    best = nearest(LINE, np.ones(9), 2)
    apart = nearest(LINE, np.ones(9), 2, exclusive=[best.chosen])
    assert apart.chosen.tolist() != best.chosen.tolist()
    assert apart.objective >= best.objective
    only = nearest(LINE, np.ones(9), 3, exclusive=[np.arange(9)])
    assert len(only.chosen) == 1


def test_a_fixed_site_rules_out_what_it_excludes():
    found = nearest(LINE, np.ones(9), 8, fixed=[0], exclusive=[[0, 8]])
    assert found.chosen.tolist() == list(range(8))


def test_too_few_sites_serve_the_most_weight():
    costs = np.where(LINE <= 1, LINE, np.inf)
    weight = np.array([1, 1, 1, 1, 1, 1, 5, 5, 5.0])
    found = nearest(costs, weight, 2)
    assert not found.feasible
    assert found.closed
    assert weight[found.served >= 0].sum() == 18
    assert (found.served == -1).sum() == 3
    assert nearest(costs, weight, 3).feasible


def test_a_row_of_no_weight_asks_for_nothing():
    costs = np.array([[1.0, np.inf], [np.inf, 1.0]])
    assert not nearest(costs, np.ones(2), 1).feasible
    found = nearest(costs, np.array([0.0, 2.0]), 1)
    assert found.feasible
    assert found.served.tolist() == [-1, 1]


def test_an_explicit_zero_is_a_reachable_pair():
    costs = csr_array((np.array([0.0, 3.0]), (np.array([0, 1]), np.array([0, 0]))), shape=(2, 2))
    found = nearest(costs, np.ones(2), 1)
    assert found.chosen.tolist() == [0]
    assert found.objective == 3


@pytest.mark.parametrize("seed", range(6))
def test_dense_and_sparse_agree_and_sites_help(seed):
    costs, weight = plane(seed)
    values = [nearest(costs, weight, p).objective for p in range(1, 6)]
    assert values == sorted(values, reverse=True)
    assert nearest(csr_array(costs), weight, 3).objective == pytest.approx(values[2], rel=1e-12)


@pytest.mark.parametrize("seed", range(6))
def test_the_answer_hangs_on_the_seed_only(seed):
    costs, weight = plane(seed, n=200, m=60)
    first, again = (nearest(costs, weight, 7, seed=seed) for _ in range(2))
    assert (first.chosen == again.chosen).all()
    other = nearest(costs, weight, 7, seed=seed + 1)
    assert other.objective == pytest.approx(first.objective, rel=1e-8)


@pytest.mark.parametrize("gap", [0.01, 0.1])
def test_a_gap_is_kept(gap):
    costs, weight = plane(3, n=300, m=80)
    best = nearest(costs, weight, 6)
    found = nearest(costs, weight, 6, gap=gap)
    assert best.closed
    assert found.bound <= best.objective <= found.objective
    assert found.objective - found.bound <= gap * found.objective * (1 + 1e-9)
    assert found.stopped_by == ("" if found.closed else "gap")


def test_no_time_still_gives_a_plan_and_a_bound():
    costs, weight = plane(5, n=400, m=150)
    best = nearest(costs, weight, 12)
    found = nearest(costs, weight, 12, time_limit_s=0.0)
    assert len(found.chosen) == 12
    assert found.bound <= best.objective <= found.objective
    assert found.closed or found.stopped_by == "time"


@pytest.mark.parametrize("seed", range(30))
def test_prices_bound_every_plan_and_fixing_loses_no_better_one(seed):
    rng = np.random.default_rng(seed)
    costs, weight = plane(seed, n=20, m=10)
    rows = ranked(costs, weight)
    p = int(rng.integers(1, 5))
    cap = np.full(20, 1e3)
    plans = np.array([[(k >> j) & 1 for j in range(10)] for k in range(1024)], dtype=bool)
    plans = plans[plans.sum(axis=1) == p]
    ground = (rows.rptr, rows.rsite, rows.rcost, cap)
    each = np.array([plan_cost(*ground, plan) for plan in plans])
    wanted = float(np.quantile(each, 0.05))
    state = np.zeros(10, dtype=np.int8)
    space = (np.empty_like(rows.rptr), np.empty_like(rows.rsite), np.empty_like(rows.rcost))
    bound = bound_node(
        *ground, rows.group, 0, rows.xptr, rows.xsite, p, state, rng.random(20), np.inf, wanted,
        wanted, 300, 10, np.array([1.0]), *space, np.zeros(10, dtype=bool), np.zeros(10),
    )  # fmt: skip
    assert min(bound, wanted) <= each.min() * (1 + 1e-12)
    fits = ((plans == (state > 0)) | (state == FREE)).all(axis=1)
    assert fits[each < wanted * (1 - 1e-12)].all()
