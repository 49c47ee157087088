"""The p-median and the p-center against every choice of sites of small random instances."""

import itertools

import numpy as np
import pytest
from scipy.sparse import csr_array

from renewal_geo.solvers import centers, medians

INSTANCES = 240


def instance(seed):
    """Random costs with ties, unreachable pairs, fixed and exclusive sites, rows without weight."""
    rng = np.random.default_rng(seed)
    n, m = int(rng.integers(1, 11)), int(rng.integers(1, 9))
    whole = rng.random() < 0.5
    costs = rng.integers(0, 8, (n, m)).astype(float) if whole else rng.random((n, m)) * 1000
    if rng.random() < 0.6:
        costs[rng.random((n, m)) < rng.choice([0.2, 0.5, 0.7])] = np.inf
    weight = rng.integers(0, 5, n).astype(float) if rng.random() < 0.6 else rng.random(n)
    fixed = rng.choice(m, int(rng.integers(0, min(m, 2) + 1)), replace=False)
    fixed = fixed if rng.random() < 0.4 else fixed[:0]
    exclusive = [
        rng.choice(m, int(rng.integers(1, min(m, 4) + 1)), replace=False)
        for _ in range(rng.integers(0, 4))
    ]
    exclusive = exclusive if rng.random() < 0.5 else []
    # some site reaches every row: the caller takes out the others
    kept = np.isfinite(costs).any(axis=1)
    if not kept.any():
        return instance(seed + 100_000)
    return costs[kept], weight[kept], int(rng.integers(0, m + 1)), fixed, exclusive


def choices(m, p, fixed, exclusive):
    """Every set of fixed and at most p other sites that keeps the exclusive lists."""
    free = [j for j in range(m) if j not in fixed]
    for size in range(min(p, len(free)) + 1):
        for new in itertools.combinations(free, size):
            open_sites = set(new) | {int(j) for j in fixed}
            broken = any(
                set(new) & set(group.tolist()) and len(open_sites & set(group.tolist())) > 1
                for group in exclusive
            )
            if not broken:
                yield sorted(open_sites), new


def nearest_costs(costs, sites):
    return costs[:, sites].min(axis=1) if sites else np.full(len(costs), np.inf)


def form(costs, seed):
    """The costs dense, or sparse with explicit zeros."""
    if seed % 2:
        return costs
    rows, sites = np.nonzero(np.isfinite(costs))
    return csr_array((costs[rows, sites], (rows, sites)), shape=costs.shape)


def check_choice(found, costs, p, fixed, exclusive):
    """What holds for every answer."""
    sites = found.chosen.tolist()
    assert sites == sorted(set(sites))
    assert set(np.asarray(fixed).tolist()) <= set(sites)
    new = set(sites) - set(np.asarray(fixed).tolist())
    assert len(new) <= p
    for group in exclusive:
        inside = set(group.tolist())
        assert not (new & inside) or len(set(sites) & inside) == 1
    least = nearest_costs(costs, sites)
    assert ((found.served >= 0) == np.isfinite(least)).all()
    held = found.served >= 0
    assert (costs[held, found.served[held]] == least[held]).all()
    assert found.bound <= found.objective
    if not exclusive:
        assert len(new) == min(p, costs.shape[1] - len(fixed))
    return least


@pytest.mark.parametrize("seed", range(INSTANCES))
def test_median_is_the_best_of_all(seed):
    costs, weight, p, fixed, exclusive = instance(seed)
    found = medians.nearest(
        form(costs, seed), weight, p, fixed=fixed, exclusive=exclusive, seed=seed
    )
    least = check_choice(found, costs, p, fixed, exclusive)
    asks = weight > 0
    plans = []
    for sites, _ in choices(costs.shape[1], p, fixed, exclusive):
        each = nearest_costs(costs, sites)
        held = asks & np.isfinite(each)
        plans.append((weight[asks & ~held].sum(), weight[held] @ each[held]))
    left, cost = min(plans, key=lambda plan: (round(plan[0], 9), plan[1]))
    assert found.closed
    assert found.feasible == (left < 1e-12)
    assert weight[asks & np.isinf(least)].sum() == pytest.approx(left, abs=1e-9)
    assert found.objective == pytest.approx(cost, rel=1e-9, abs=1e-9)
    if found.feasible:
        assert found.bound == pytest.approx(cost, rel=2e-9, abs=1e-9)


@pytest.mark.parametrize("seed", range(INSTANCES))
def test_center_is_the_best_of_all(seed):
    costs, _, p, fixed, exclusive = instance(seed)
    found = centers.smallest(form(costs, seed), p, fixed=fixed, exclusive=exclusive, seed=seed)
    least = check_choice(found, costs, p, fixed, exclusive)
    radii = [
        nearest_costs(costs, sites).max()
        for sites, _ in choices(costs.shape[1], p, fixed, exclusive)
    ]
    best = min(radii)
    assert found.closed
    assert found.feasible == np.isfinite(best)
    if found.feasible:
        assert found.objective == found.bound == best
    else:
        unserved = [
            np.isinf(nearest_costs(costs, sites)).sum()
            for sites, _ in choices(costs.shape[1], p, fixed, exclusive)
        ]
        assert np.isinf(least).sum() == min(unserved)
