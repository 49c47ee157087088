"""The best connected zone of small graphs against all connected sets, listed one by one."""

import copy
import json
import math
import time
from dataclasses import dataclass

import numpy as np
import pytest

from renewal_geo.solvers.connected import best_connected
from renewal_geo.solvers.connected_proof import replay_connected
from renewal_geo.solvers.enumeration import connected_sets

GRAPHS = 420
CHANGES = 12  # to the proof of one graph
NOISE = 1e-7


@dataclass
class Question:
    arrays: tuple
    limits: dict


def question(seed):
    """A random graph whose limits bind now and then; every third has none."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 11))
    every = np.array([(i, j) for i in range(n) for j in range(i)], dtype=int).reshape(-1, 2)
    pairs = every[rng.random(len(every)) < rng.uniform(0.15, 0.6)]
    weight = np.round(rng.normal(rng.uniform(-0.8, 0.3), 1.0, n), int(rng.integers(0, 6)))
    cost = rng.uniform(0, 0.4, len(pairs)) * (rng.random() < 0.5)
    area = rng.uniform(0.5, 1.5, n)
    plain = seed % 3 == 0
    shares = 0 if plain else int(rng.integers(0, 3))
    slack = rng.uniform(-1, 1.2, (shares, n))
    least = 0.0 if plain or rng.random() < 0.5 else float(rng.uniform(0, 4))
    most = math.inf if plain or rng.random() < 0.5 else least + float(rng.uniform(0.3, 4))
    forced = rng.random(n) < 0.15 * (rng.random() < 0.4)
    return Question(
        (weight, pairs, cost, area, slack),
        {
            "min_area": least,
            "max_area": most,
            "forced": forced,
            "nonempty": bool(rng.random() < 0.5),
        },
    )


def listed(asked):
    """The best value of all feasible sets, minus infinity if there is none."""
    weight, pairs, cost, area, slack = asked.arrays
    limits, n = asked.limits, len(weight)
    masks = [0] * n
    for u, v in pairs.tolist():
        masks[u] |= 1 << v
        masks[v] |= 1 << u
    best = -math.inf if limits["nonempty"] or limits["forced"].any() else 0.0
    for mask in connected_sets(masks, 10**7):
        inside = np.array([mask >> i & 1 for i in range(n)], dtype=bool)
        if not limits["min_area"] <= area[inside].sum() <= limits["max_area"]:
            continue
        if (slack[:, inside].sum(axis=1) < 0).any() or (limits["forced"] & ~inside).any():
            continue
        ends = inside[pairs]
        best = max(best, weight[inside].sum() - cost[ends[:, 0] != ends[:, 1]].sum())
    return best


def solved(asked, **options):
    return best_connected(
        *asked.arrays, **asked.limits, deadline=time.monotonic() + 60, gap=1e-9, **options
    )


@pytest.mark.parametrize("seed", range(GRAPHS))
def test_best_zone_equals_the_list_of_all(seed):
    asked = question(seed)
    best = listed(asked)
    found = solved(asked)
    assert found.closed
    if best == -math.inf:
        assert found.nodes is None
        assert found.bound == -math.inf
    else:
        assert found.value == pytest.approx(best, abs=NOISE)
        assert best - NOISE * 1e-3 <= found.bound <= best + NOISE
    told = json.loads(json.dumps(found.proof))
    assert replay_connected(*asked.arrays, **asked.limits, proof=told) <= found.bound


@pytest.mark.parametrize("seed", range(0, GRAPHS, 4))
def test_changed_proofs_are_refused_or_still_bound(seed):
    asked = question(seed)
    best = listed(asked)
    proof = solved(asked).proof
    rng = np.random.default_rng(seed)
    for _ in range(CHANGES):
        changed = tampered(copy.deepcopy(proof), rng, len(asked.arrays[0]))
        try:
            bound = replay_connected(*asked.arrays, **asked.limits, proof=changed)
        except ValueError:
            continue
        assert bound >= best - NOISE * 1e-3


def test_a_coarse_gap_still_bounds():
    for seed in range(0, GRAPHS, 5):
        asked = question(seed)
        best = listed(asked)
        found = best_connected(*asked.arrays, **asked.limits, gap=0.2)
        assert found.closed
        assert found.bound >= best - NOISE
        if found.value is not None:
            assert best - found.value <= 0.2 * abs(found.value) + NOISE


def test_no_time_at_all_still_gives_a_bound():
    for seed in range(0, GRAPHS, 5):
        asked = question(seed)
        found = best_connected(*asked.arrays, **asked.limits, deadline=time.monotonic() - 1)
        assert found.bound >= listed(asked) - NOISE


def test_known_sets_are_taken_up_and_bad_ones_passed_over():
    for seed in range(60):
        asked = question(seed)
        known = solved(asked)
        if known.nodes is None:
            continue
        everything = np.arange(len(asked.arrays[0]))
        found = best_connected(
            *asked.arrays,
            **asked.limits,
            starts=[known.nodes, everything],
            deadline=time.monotonic() - 1,
        )
        assert found.value >= known.value - NOISE


def test_same_seed_same_proof():
    for seed in range(30):
        asked = question(seed)
        assert solved(asked, seed=3).proof == solved(asked, seed=3).proof


def tampered(proof, rng, n):
    """Change one number somewhere in the proof, or move a part of it."""
    places = []

    def walk(value):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, one in items:
            if isinstance(one, (dict, list)):
                walk(one)
                places.append((value, key))
            elif isinstance(one, (int, float)):
                places.append((value, key))

    walk(proof["tree"])
    walk(proof["cuts"])
    where, key = places[int(rng.integers(len(places)))]
    one = where[key]
    if isinstance(one, list):
        where[key] = one[:-1] if one else [0]
    elif isinstance(one, dict):
        del where[key]
    elif isinstance(one, int):
        where[key] = int(rng.integers(-1, n + 2))
    else:
        where[key] = float(one * rng.uniform(-0.2, 2.0) + rng.normal(0, 0.3))
    return proof
