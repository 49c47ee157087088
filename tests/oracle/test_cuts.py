"""Every family of cuts against every feasible zone of small districts, listed one by one."""

import numpy as np
import pytest

from renewal_geo.solvers import separation
from renewal_geo.solvers.bounding import covers, leaf_bound
from renewal_geo.solvers.branching import Tree
from renewal_geo.solvers.cuts import Cut, Terrain, lacking, row_of
from renewal_geo.solvers.enumeration import connected_sets
from renewal_geo.solvers.packing import Demands, pack
from renewal_geo.solvers.programme import Programme, Rounds

DISTRICTS = 60
NOISE = 1e-8


def lattice(seed):
    """A small grid of parcels with shares that bind and a largest area that most sets exceed."""
    rng = np.random.default_rng(seed)
    wide, high = [(4, 4), (3, 5), (2, 7)][seed % 3]
    n = wide * high
    at = np.arange(n).reshape(high, wide)
    pairs = np.concatenate(
        [
            np.stack([at[:, :-1].ravel(), at[:, 1:].ravel()], axis=1),
            np.stack([at[:-1].ravel(), at[1:].ravel()], axis=1),
        ]
    )
    pairs = pairs[rng.random(len(pairs)) < 0.9]
    area = rng.uniform(0.5, 1.5, n)
    shares = rng.uniform(0.2, 1.0, (2, n))
    least = float(rng.uniform(1.5, 3.0))
    terrain = Terrain.of(
        area,
        area * (shares - rng.uniform(0.5, 0.7, (2, 1))),
        pairs,
        least,
        float(least + rng.uniform(0.5, 3.0)),
    )
    return terrain, rng.normal(0.4, 1.0, n) * area, rng.uniform(0, 0.4, len(pairs)), rng


def feasible_zones(terrain):
    masks = [0] * terrain.size
    for u, v in terrain.pairs.tolist():
        masks[u] |= 1 << v
        masks[v] |= 1 << u
    zones = []
    for mask in connected_sets(masks, 10**7):
        zone = np.array([i for i in range(terrain.size) if mask >> i & 1])
        size = terrain.area[zone].sum()
        if (
            terrain.min_area <= size <= terrain.max_area
            and (terrain.slack[:, zone].sum(axis=1) >= 0).all()
        ):
            zones.append(zone)
    return zones


def solution(terrain, zone):
    x = np.zeros(terrain.size)
    x[zone] = 1
    return x, x[terrain.pairs].min(axis=1)


def least_side(cut, terrain, zones):
    row = row_of(cut, terrain)
    sides = []
    for zone in zones:
        x, z = solution(terrain, zone)
        sides.append(row.coefficient @ x[row.nodes] + row.weight @ z[row.links])
    return min(sides, default=0.0)


@pytest.mark.parametrize("block", range(4))
def test_no_feasible_zone_breaks_a_cut(block, monkeypatch):
    """Cuts found at the programme's, at random and at whole-number points hold for all zones."""
    monkeypatch.setattr(separation, "LEAST_VIOLATION", 1e-6)
    kinds = dict.fromkeys(("separator", "share", "overflow"), 0)
    for seed in range(block * DISTRICTS // 4, (block + 1) * DISTRICTS // 4):
        terrain, weight, gain, rng = lattice(seed)
        zones = feasible_zones(terrain)
        programme = Programme(terrain, weight, gain, np.zeros(terrain.size, dtype=bool))
        for _ in Rounds(programme, 12, np.inf):
            pass
        points = [(programme.x, programme.z)]
        for _ in range(4):
            x = rng.random(terrain.size) * (rng.random(terrain.size) < 0.7)
            points.append((x, x[terrain.pairs].min(axis=1) * rng.random(len(terrain.pairs))))
        cuts = list(programme.cuts)
        for x, z in points:
            cuts += separation.separators(terrain, x)
            cuts += separation.share_cuts(terrain, x, z)
            cuts += separation.overflows(terrain, x, z)
            cuts += separation.nested_share_cuts(terrain, x > 0.5, (0, 1, 2, 30))
        for cut in cuts:
            kinds[cut.kind] += 1
            assert least_side(cut, terrain, zones) >= -NOISE, (seed, cut.kind)
    assert all(kinds.values()), kinds


@pytest.mark.parametrize("block", range(4))
def test_bounds_of_branches_are_never_below_the_best_packing(block):
    """Programme, cuts and branching bound the best union of disjoint zones from above, replayed by numpy."""
    for seed in range(block * DISTRICTS // 4, (block + 1) * DISTRICTS // 4):
        terrain, weight, gain, _ = lattice(seed)
        zones = feasible_zones(terrain)
        free = np.zeros(terrain.size, dtype=bool)
        values = []
        for zone in zones:
            x, z = solution(terrain, zone)
            values.append(float(weight @ x + gain @ z))
        chosen, _ = pack(
            zones, np.array(values), np.ones(len(zones)), terrain.size, Demands(),
            time_limit_s=20, exact=True,
        )  # fmt: skip
        best = sum(values[c] for c in chosen)
        programme = Programme(terrain, weight, gain, free)
        sought = Rounds(programme, 20, np.inf)
        for _ in sought:
            pass
        tree = Tree(programme, sought.leaf)
        bounds = []
        for _ in range(12):
            leaves = tree.leaves
            assert covers(leaves)
            bounds.append(
                max(
                    leaf_bound(terrain, weight, gain, free, leaf, [row_of(c, terrain) for c in leaf.cuts])
                    for leaf in leaves
                )
            )  # fmt: skip
            assert bounds[-1] >= best - NOISE, seed
            assert bounds[-1] <= tree.value + 1e-6 * max(1, abs(tree.value)), seed
            if tree.closed:
                break
            for _ in tree.step(np.inf):
                pass
        assert bounds[-1] <= bounds[0] + NOISE


def test_lacking_is_the_largest_deficit_that_the_rest_can_make_up():
    """M of the share cut against every zone, and the definition by a fine grid over areas."""
    for seed in range(30):
        terrain, _, _, rng = lattice(seed)
        inside = rng.random(terrain.size) < 0.5
        for slack in terrain.slack:
            factor = lacking(terrain, slack, inside)
            for zone in feasible_zones(terrain):
                taken = np.zeros(terrain.size, dtype=bool)
                taken[zone] = True
                if (taken & ~inside).any():
                    assert -slack[taken & inside].sum() <= factor + NOISE


def test_cuts_that_do_not_hold_are_refused():
    terrain, _, _, _ = lattice(0)
    every = np.arange(terrain.size)
    for cut in (
        Cut("separator", every, 0),
        Cut("separator", np.array([1]), 0),
        Cut("overflow", np.array([0, 1]), -1, np.array([-1, 0])),
        Cut("overflow", every, -1, np.arange(terrain.size)),
        Cut("share", np.array([0, 0]), 0),
        Cut("share", np.array([0]), 7),
    ):
        with pytest.raises(ValueError, match="proof"):
            row_of(cut, terrain)
