"""An upper bound from multipliers, with numpy alone: what a proof of the bound comes down to.

Whatever non-negative multipliers one puts on rows that every feasible zone keeps, the weighted sum of the
objective and the rows bounds the objective; over the box ``0 <= x, z <= 1`` its maximum is a sum of positive
parts. A *leaf* holds such multipliers together with nodes that are fixed in or out; leaves that cover
every case bound the whole by the worst of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from renewal_geo.solvers.cuts import Cut, Row, Terrain

SAFETY = 1e-12  # relative to all that was summed at a node: some thousand roundings
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Leaf:
    """Multipliers that bound one branch of a component.

    ``fixings`` are (node, in or out); ``shares`` multiplies the share rows, ``multipliers`` the ``cuts``;
    ``flow`` says per link how its gain is shared: ``gain z <= gain (x_u + x_v) / 2 - flow (x_u - x_v)`` for
    |flow| <= gain / 2. ``price`` is that of the budget in this branch, where each has its own.
    """

    fixings: tuple[tuple[int, bool], ...]
    shares: Floats
    cuts: tuple[Cut, ...]
    multipliers: Floats
    flow: Floats
    price: float = 0.0


def priced(
    terrain: Terrain, weight: Floats, gain: Floats, leaf: Leaf, rows: Sequence[Row]
) -> tuple[Floats, Floats]:
    """Return weights of nodes and gains of links with the multipliers of a leaf put in."""
    weight = weight + leaf.shares @ terrain.slack if len(leaf.shares) else weight.copy()
    gain = gain.copy()
    for row, multiplier in zip(rows, leaf.multipliers, strict=True):
        np.add.at(weight, row.nodes, multiplier * row.coefficient)
        np.add.at(gain, row.links, multiplier * row.weight)
    return weight, gain


def leaf_bound(
    terrain: Terrain,
    weight: Floats,
    gain: Floats,
    forced: NDArray[np.bool_],
    leaf: Leaf,
    rows: Sequence[Row],
) -> float:
    """Return the bound of one branch: the most that any union of feasible zones in it is worth.

    Parameters
    ----------
    terrain
        The component.
    weight, gain
        Length n and m: what a node is worth alone at the price of the budget, and what is saved where both
        ends of a link lie in one zone.
    forced
        Nodes that are in some zone of every answer.
    leaf, rows
        The multipliers, and the rows of the leaf's cuts.
    """
    node, link = priced(terrain, weight, gain, leaf, rows)
    half = np.maximum(link, 0.0) / 2
    flow = np.clip(leaf.flow, -half, half)
    u, v = terrain.pairs.T
    np.add.at(node, u, half - flow)
    np.add.at(node, v, half + flow)
    # a sum that rounding could have made too small is taken larger; one that is far below nothing stays
    node += SAFETY * _summed(terrain, weight, gain, leaf, rows)
    taken = forced.copy()
    barred = np.zeros(terrain.size, dtype=bool)
    for number, inside in leaf.fixings:
        (taken if inside else barred)[number] = True
    if (taken & barred).any():
        return -np.inf
    free = ~taken & ~barred
    gained = np.maximum(node[free], 0.0)
    return float(
        gained.sum() + node[taken].sum() + SAFETY * (gained.sum() + np.abs(node[taken]).sum())
    )


def _summed(
    terrain: Terrain, weight: Floats, gain: Floats, leaf: Leaf, rows: Sequence[Row]
) -> Floats:
    """Return how much was summed at each node, signs left aside."""
    node, link = np.abs(weight), np.abs(gain)
    if len(leaf.shares):
        node = node + leaf.shares @ np.abs(terrain.slack)
    for row, multiplier in zip(rows, leaf.multipliers, strict=True):
        np.add.at(node, row.nodes, multiplier * np.abs(row.coefficient))
        np.add.at(link, row.links, multiplier * np.abs(row.weight))
    return node + np.bincount(
        terrain.pairs.ravel(), np.repeat(2.0 * link, 2), minlength=terrain.size
    )


def covers(leaves: Sequence[Leaf]) -> bool:
    """Return whether the branches leave out no case: they are the leaves of a binary tree of fixings."""
    return _covers([dict(leaf.fixings) for leaf in leaves])


def _covers(cases: list[dict[int, bool]]) -> bool:
    if any(not case for case in cases):
        return True
    if len(cases) < 2:
        return False
    shared = set(cases[0]).intersection(*cases[1:])
    for node in sorted(shared):
        taken = [{k: v for k, v in c.items() if k != node} for c in cases if c[node]]
        out = [{k: v for k, v in c.items() if k != node} for c in cases if not c[node]]
        # a branching tree splits on one node at its root; any node that all leaves fix may serve
        if taken and out and _covers(taken) and _covers(out):
            return True
    return False
