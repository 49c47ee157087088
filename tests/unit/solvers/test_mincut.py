"""The closure bound against every subset of small graphs."""

import itertools

import numpy as np
import pytest

from renewal_geo.solvers.enumeration import connected_sets
from renewal_geo.solvers.mincut import closure


@pytest.mark.parametrize("seed", range(120))
def test_bound_is_safe_and_tight(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 9))
    listed = [(a, b) for a in range(n) for b in range(a + 1, n) if rng.random() < 0.5]
    pairs = np.array(listed, dtype=np.int64).reshape(-1, 2)
    cost = rng.random(len(pairs)) * rng.choice([0, 1, 1000])
    weight = rng.normal(size=n) * rng.choice([1e-6, 1, 1e6])
    forced = rng.random(n) < 0.2 if seed % 2 else None

    def worth(x):
        return weight @ x - (cost * np.abs(x[pairs[:, 0]] - x[pairs[:, 1]])).sum()

    best = max(
        worth(np.array(x))
        for x in itertools.product([0, 1], repeat=n)
        if forced is None or not (forced & (np.array(x) == 0)).any()
    )
    bound, chosen, _ = closure(weight, pairs, cost, forced)
    scale = np.abs(weight).sum() + cost.sum()
    assert bound >= best - 1e-15 * scale
    assert bound == pytest.approx(best, abs=1e-8 * scale)
    assert worth(chosen.astype(int)) == pytest.approx(best, abs=1e-7 * scale)


@pytest.mark.parametrize("n", [1, 3, 6])
def test_every_connected_set_comes_once(n):
    ring = [(1 << ((i + 1) % n)) | (1 << ((i - 1) % n)) for i in range(n)]
    ring = [mask & ~(1 << i) for i, mask in enumerate(ring)]
    found = list(connected_sets(ring, 10_000))
    assert len(found) == len(set(found))
    assert len(found) == {1: 1, 3: 7, 6: 31}[n]
