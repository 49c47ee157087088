"""A search tree for maximal covering whose nodes are bounded by prices: small gaps close in a few nodes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from renewal_geo.solvers.covering_bounds import price
from renewal_geo.solvers.covering_rows import Cover, merge
from renewal_geo.solvers.covering_swaps import covered

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
STEPS = 80  # of the prices at a node: fewer leave more nodes, more cost more than they save
NEAR = 0.1  # share of the sites among which the one of most worth is branched on


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """What is left to decide: of `cover`, the sites `use`, p of them, to reach more than `target`.

    `taken` are the sites that were decided on, `above` what the bound of the parent lets hope for beyond the
    target.
    """

    cover: Cover
    use: Flags
    p: int
    prices: Floats
    target: float
    taken: Ints
    above: float


def branch(
    root: Node, group: Ints, step: float, *, nodes: int, over: Callable[[], bool]
) -> tuple[Ints | None, float, float]:
    """Look for a plan that reaches at least `step` more than the target, depth first.

    Returns
    -------
    tuple
        The best plan found (None: none), by how much it beats the target, and by how much any plan may at
        most: below `step` where the tree closed without a plan.
    """
    stack, best, gained = [root], None, 0.0
    done = 0
    while stack:
        if done >= nodes or over():
            return best, gained, max(gained, *(one.above for one in stack))
        node = stack.pop()
        done += 1
        if node.p <= 0 or not node.use.any():
            more = covered(root.cover, node.taken) - root.target
            if more >= gained + step:
                best, gained = node.taken, more
            continue
        wanted = node.target + gained
        found = price(
            node.cover, node.p, group, wanted, steps=STEPS, prices=node.prices, enough=wanted + step
        )  # fmt: skip
        for plan in found.plans[:1]:
            more = covered(node.cover, plan) - node.target
            if more >= gained + step:
                best, gained = np.concatenate([node.taken, plan]), more
                wanted = node.target + gained
        if found.bound < wanted + step:
            continue
        into = np.flatnonzero(node.use & (found.without < wanted + step))
        use = node.use & (found.most >= wanted + step)
        above = min(node.above, found.bound - node.target)
        if len(into) > node.p:  # every better plan needs more sites than there may be
            continue
        left = _decided(node, use, into, found.prices, group, above)
        if left.p <= 0 or not left.use.any():
            stack.append(left)
            continue
        j = _branching(left)
        without = left.use.copy()
        without[j] = False
        nobody = np.empty(0, dtype=np.int64)
        stack.append(_decided(left, without, nobody, left.prices, group, above))
        stack.append(_decided(left, left.use, np.array([j]), left.prices, group, above))
    return best, gained, gained


def _decided(node: Node, use: Flags, into: Ints, prices: Floats, group: Ints, above: float) -> Node:
    """Open the sites `into`, shut those not in `use`, and merge the rows that are the same then."""
    held = group[into][group[into] >= 0]
    use = use & ~(np.isin(group, held) & (group >= 0)) if len(held) else use.copy()
    use[into] = False
    missed = node.cover.counts(into) == 0
    target = node.target - float(node.cover.weight[~missed].sum())
    cover, label = merge(node.cover.reduced(missed, use))
    kept = label >= 0
    lower = np.bincount(label[kept], prices[missed][kept], cover.n).astype(float)
    taken = np.concatenate([node.taken, into])
    return Node(cover, use, node.p - len(into), lower, target, taken, above)


def _branching(node: Node) -> int:
    """Return the site to branch on: of the undecided ones the weightiest."""
    sites = np.flatnonzero(node.use)
    worth = node.cover.transposed @ node.prices
    rated = worth[sites]
    ranked = np.sort(rated)[::-1]
    edge = (ranked[min(node.p, len(ranked)) - 1] + ranked[min(node.p, len(ranked) - 1)]) / 2
    near = np.abs(rated - edge)
    close = near <= np.quantile(near, NEAR)
    return int(sites[np.argmax(np.where(close, rated, -1.0))])
