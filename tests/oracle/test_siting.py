"""Every model and option of `locate` against the enumeration of all plans on small instances."""

import itertools

import numpy as np
import pytest
from scipy.optimize import linprog
from scipy.sparse import coo_array, csr_array

from renewal_geo.facilities import locate
from renewal_geo.solvers import covering
from renewal_geo.solvers.covering_programmes import most_cover, set_cover, solve
from renewal_geo.solvers.covering_rows import Cover

MODELS = ("lscp", "mclp", "p_median", "p_center")
RADIUS = 6.0
CLOSE = 1e-6


def instance(number):
    """A small random question with everything that may be asked of it."""
    chance = np.random.default_rng(number)
    n, m = int(chance.integers(1, 11)), int(chance.integers(2, 7))
    costs = np.round(chance.random((n, m)) * 10, 1)
    costs[chance.random((n, m)) < 0.2] = np.inf
    weight = chance.integers(0, 6, n).astype(float) if number % 3 else chance.random(n)
    sites = chance.permutation(m).tolist()
    existing = sites[:1] if number % 4 == 1 else []
    required = sites[1:2] if number % 3 == 1 else []
    forbidden = sites[2:3] if number % 5 == 1 and m > 3 else []
    groups = []
    if number % 2 and m > 4:
        groups = [sites[3:5]] if number % 4 == 3 else [sites[2:4], sites[3:5]]
        groups = [one for one in groups if not set(one) & set(forbidden)]
    free = m - len(existing) - len(forbidden)
    return costs, weight, existing, required, forbidden, groups, int(chance.integers(1, free + 1))


def plans(m, existing, required, forbidden, groups, p):
    """Every plan that the limits allow."""
    for size in range(m + 1):
        for plan in itertools.combinations(range(m), size):
            held = set(plan)
            if (
                not held.issuperset(existing)
                or not held.issuperset(required)
                or held & set(forbidden)
            ):
                continue
            if any(len(held & set(group)) > 1 for group in groups):
                continue
            if p is None or len(held - set(existing)) <= p:
                yield list(plan)


def worth(model, costs, weight, coverable, plan, existing):
    """The objective of a plan, None where it does not serve what it must."""
    best = costs[:, plan].min(axis=1, initial=np.inf)
    if model == "mclp":
        return float(weight[best <= RADIUS].sum())
    asks = coverable & (weight > 0) if model == "p_median" else coverable
    if model == "lscp":
        return len(plan) - len(existing) if (best <= RADIUS)[asks].all() else None
    if not np.isfinite(best[asks]).all():
        return None
    if model == "p_median":
        return float(weight[asks] @ best[asks])
    return float(best[asks].max(initial=0.0))


def given(costs, sparse):
    if not sparse:
        return costs
    row, column = np.nonzero(np.isfinite(costs))
    return csr_array(coo_array((costs[row, column], (row, column)), shape=costs.shape))


@pytest.mark.parametrize("model", MODELS)
def test_the_best_of_all_plans(model):
    answered = contradicted = 0
    for number in range(60):
        costs, weight, existing, required, forbidden, groups, p = instance(number)
        p = None if model == "lscp" else max(p, len(required))
        m = costs.shape[1]
        usable = costs.copy()
        usable[:, forbidden] = np.inf
        limit = RADIUS if model in {"lscp", "mclp"} else np.inf
        coverable = (usable <= limit).any(axis=1) & np.isfinite(usable).any(axis=1)
        found = locate(
            costs=given(costs, number % 2), model=model, p=p, weight=weight, existing=existing,
            required=required, forbidden=forbidden, exclusive=groups,
            radius_m=RADIUS if model in {"lscp", "mclp"} else None,
        )  # fmt: skip
        options = [
            value
            for plan in plans(m, existing, required, forbidden, groups, p)
            if (value := worth(model, costs, weight, coverable, plan, existing)) is not None
        ]
        told = (number, str(found), found.conflict)
        assert set(found.uncoverable.index) == set(np.flatnonzero(~coverable)), told
        if not options:
            assert found.status == "infeasible", told
            assert found.conflict, told
            assert found.objective is found.bound is found.gap is None, told
            contradicted += 1
            continue
        best = max(options) if model == "mclp" else min(options)
        plan = found.chosen.index.tolist()
        assert found.status == "optimal", told
        assert found.objective == pytest.approx(best, abs=CLOSE), told
        assert found.bound == pytest.approx(best, rel=1e-5, abs=CLOSE), told
        assert plan in list(plans(m, existing, required, forbidden, groups, p)), told
        assert worth(model, costs, weight, coverable, plan, existing) == pytest.approx(best), told
        answered += 1
    assert answered > 30
    assert contradicted > 0 or model == "mclp"


def shared_out(costs, weight, capacity, plan, *, full, by_cost):
    """Serve demand in parts from the sites of a plan; None where it cannot be served in full."""
    pairs = [(i, j) for i in np.flatnonzero(weight) for j in plan if np.isfinite(costs[i, j])]
    asks = [i for i in np.flatnonzero(weight) if np.isfinite(costs[i]).any()]
    if not pairs:
        return None if full and asks else 0.0
    of_row = np.array([[float(e[0] == i) for e in pairs] for i in asks])
    of_site = np.array([[weight[e[0]] * (e[1] == j) for e in pairs] for j in plan])
    load = np.array([weight[i] * (costs[i, j] if by_cost else -1.0) for i, j in pairs])
    top = np.array([min(capacity[j], 1e6) for j in plan])
    if full:
        solved = linprog(
            load, A_ub=of_site, b_ub=top, A_eq=of_row, b_eq=np.ones(len(asks)), bounds=(0, 1)
        )
    else:
        rows = np.vstack([of_site, of_row])
        solved = linprog(
            load, A_ub=rows, b_ub=np.concatenate([top, np.ones(len(asks))]), bounds=(0, 1)
        )
    return None if solved.status else (solved.fun if by_cost else -solved.fun)


@pytest.mark.parametrize("model", MODELS)
def test_the_best_of_all_plans_with_capacities(model):
    for number in range(
        10 if model == "p_center" else 30
    ):  # a search of levels per plan takes long
        costs, weight, existing, required, forbidden, groups, p = instance(number)
        p = None if model == "lscp" else max(p, len(required))
        m = costs.shape[1]
        chance = np.random.default_rng(1000 + number)
        capacity = np.where(chance.random(m) < 0.2, np.inf, chance.integers(1, 12, m).astype(float))
        limit = RADIUS if model in {"lscp", "mclp"} else np.inf
        usable = np.where(costs <= limit, costs, np.inf)
        usable[:, forbidden] = np.inf
        found = locate(
            costs=given(costs, number % 2), model=model, p=p, weight=weight, existing=existing,
            required=required, forbidden=forbidden, exclusive=groups, capacity=np.where(np.isinf(capacity), np.nan, capacity),
            radius_m=RADIUS if model in {"lscp", "mclp"} else None,
        )  # fmt: skip
        allowed = list(plans(m, existing, required, forbidden, groups, p))
        told = (number, str(found), found.conflict)
        load = found.assignment.dropna(subset="site_id").groupby("site_id")["weight"].sum()
        assert all(load[j] <= capacity[j] + 1e-4 for j in load.index), told
        assert found.assignment["weight"].sum() == pytest.approx(weight.sum(), abs=1e-5), told
        full = {"lscp": False, "p_median": True}.get(model, False)
        values = []
        for plan in allowed:
            if model == "mclp":
                value = shared_out(usable, weight, capacity, plan, full=False, by_cost=False)
            elif model == "p_center":
                levels = np.unique(usable[np.isfinite(usable) & (weight[:, None] > 0)])
                asks = weight[np.isfinite(usable).any(axis=1)].sum()
                value = next(
                    (level for level in levels
                     if shared_out(np.where(usable <= level, usable, np.inf), weight, capacity, plan, full=False, by_cost=False)
                     >= asks - 1e-5), None)  # fmt: skip
                value = 0.0 if value is None and asks == 0 else value
            else:
                value = shared_out(usable, weight, capacity, plan, full=True, by_cost=full)
                value = (
                    None
                    if value is None
                    else len(plan) - len(existing)
                    if model == "lscp"
                    else value
                )
            if value is not None:
                values.append(value)
        if not allowed or not values:
            assert found.status == "infeasible", told
            continue
        best = max(values) if model == "mclp" else min(values)
        assert found.status == "optimal", told
        assert found.objective == pytest.approx(best, abs=1e-4), (*told, best)
        assert found.chosen.index.tolist() in allowed, told


@pytest.mark.parametrize("number", range(12))
def test_larger_covers_against_a_plain_integer_programme(number):
    chance = np.random.default_rng(number)
    n, m, p = (
        int(chance.integers(200, 700)),
        int(chance.integers(30, 70)),
        int(chance.integers(3, 12)),
    )
    demand, sites = chance.random((n, 2)), chance.random((m, 2))
    reach = np.hypot(*(demand[:, None] - sites[None]).transpose(2, 0, 1)) < chance.uniform(
        0.08, 0.25
    )
    weight = chance.integers(1, 200, n).astype(float) if number % 2 else chance.random(n)
    none = np.full(m, -1)
    found = covering.most(csr_array(reach), weight, p)
    plain = solve(
        most_cover(Cover.of(csr_array(reach), weight), np.arange(m), p, none), time_limit_s=60
    )
    assert found.closed
    assert found.objective == pytest.approx(weight.sum() - plain.bound, abs=1e-4)
    assert found.objective == pytest.approx(weight[reach[:, found.chosen].any(axis=1)].sum())
    reached = reach[reach.any(axis=1)]
    fewest = covering.fewest(csr_array(reach))
    plain = solve(
        set_cover(Cover.of(csr_array(reached), np.ones(len(reached))), np.arange(m), none),
        time_limit_s=60,
    )
    assert fewest.closed
    assert fewest.objective == fewest.bound == round(plain.bound)
    assert reached[:, fewest.chosen].any(axis=1).all()
