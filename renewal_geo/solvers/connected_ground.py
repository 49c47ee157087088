"""The graph in which one connected zone is sought, and what may be left out of it beforehand.

Every reduction keeps the value of the best answer that is worth more than a given target: whoever
replays a proof does the same reductions again, by the code of this module: numpy and plain Python.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from renewal_geo.foundation.compiled import compiled

AREA_TOLERANCE = 1e-9
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one zone must keep: its area; whether it may be empty."""

    min_area: float
    max_area: float
    nonempty: bool


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """A graph of n nodes, each standing for some nodes of the graph first given.

    ``place`` names for each node first given its node here, -1 where it was left out. ``pairs`` are
    sorted and unique, ``indptr, indices`` list the neighbours of each node; `forced` must be taken.
    """

    weight: Floats
    area: Floats
    slack: Floats
    pairs: Ints
    cost: Floats
    forced: Bools
    place: Ints
    indptr: Ints
    indices: Ints

    @property
    def size(self) -> int:
        """Number of nodes."""
        return len(self.weight)

    def neighbours(self, node: int) -> Ints:
        """Return the neighbours of a node."""
        return self.indices[self.indptr[node] : self.indptr[node + 1]]

    def first(self) -> Ints:
        """Return for each node the first of those it stands for."""
        found = np.full(self.size, len(self.place), dtype=np.int64)
        kept = np.flatnonzero(self.place >= 0)
        np.minimum.at(found, self.place[kept], kept)
        return found

    def members(self, nodes: Ints) -> Ints:
        """Return the nodes first given that `nodes` stand for, sorted."""
        inside = np.zeros(self.size + 1, dtype=bool)
        inside[nodes] = True
        return np.flatnonzero(inside[self.place])


def begin(
    weight: Floats, pairs: Ints, cost: Floats, area: Floats, slack: Floats, forced: Bools
) -> Ground:
    """Return the graph as given; loops fall away, parallel links become one.

    Raises
    ------
    ValueError
        If an array has the wrong shape, a cost is negative or a number is not finite.
    """
    n = len(weight)
    pairs = np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
    slack = np.asarray(slack, dtype=float).reshape(-1, n) if n else np.zeros((0, 0))
    if len(area) != n or len(forced) != n or len(cost) != len(pairs):
        raise ValueError("the arrays of the graph differ in length")
    if len(pairs) and not (pairs.min() >= 0 and pairs.max() < n):
        raise ValueError("a link names an unknown node")
    for one in (weight, cost, area, slack):
        if not np.isfinite(one).all():
            raise ValueError("a number of the graph is not finite")
    if (np.asarray(cost) < 0).any() or (np.asarray(area) < 0).any():
        raise ValueError("a cost or an area of the graph is negative")
    return _build(
        np.asarray(weight, dtype=float),
        np.asarray(area, dtype=float),
        slack,
        pairs,
        np.asarray(cost, dtype=float),
        np.asarray(forced, dtype=bool),
        np.arange(n),
    )


def contracted(ground: Ground, label: Ints) -> Ground:
    """Return the graph with nodes of one label drawn together, those labelled -1 left out.

    Labels run from 0 without a gap. What a link to a node left out costs, its other end pays.
    """
    count = int(label.max(initial=-1)) + 1
    ends = label[ground.pairs]
    weight = ground.weight.copy()
    for side in (0, 1):
        lost = (ends[:, side] >= 0) & (ends[:, 1 - side] < 0)
        np.subtract.at(weight, ground.pairs[lost, side], ground.cost[lost])
    kept = label >= 0

    def total(values: Floats) -> Floats:
        return np.bincount(label[kept], values[kept], minlength=count).astype(float)

    inner = (ends >= 0).all(axis=1)
    return _build(
        total(weight),
        total(ground.area),
        np.array([total(row) for row in ground.slack]).reshape(len(ground.slack), count),
        ends[inner],
        ground.cost[inner],
        total(ground.forced.astype(float)) > 0,
        np.where(ground.place >= 0, np.append(label, -1)[ground.place], -1),
    )


def without(ground: Ground, out: Bools) -> Ground:
    """Return the graph without some nodes."""
    return contracted(ground, np.where(out, -1, np.cumsum(~out) - 1))


def require(ground: Ground, taken: Bools) -> Ground:
    """Return the graph with more nodes forced."""
    return Ground(
        ground.weight,
        ground.area,
        ground.slack,
        ground.pairs,
        ground.cost,
        ground.forced | taken,
        ground.place,
        ground.indptr,
        ground.indices,
    )


def reachable(ground: Ground, starts: Iterable[int], barred: Bools) -> Bools:
    """Return the nodes connected to `starts` without passing a barred node."""
    seen = barred.copy()
    wave = [int(one) for one in starts]
    found = np.zeros(ground.size, dtype=bool)
    seen[wave] = True
    found[wave] = True
    indptr = ground.indptr
    while wave:
        around = np.concatenate([ground.indices[indptr[u] : indptr[u + 1]] for u in wave])
        fresh = np.unique(around[~seen[around]])
        seen[fresh] = True
        found[fresh] = True
        wave = fresh.tolist()
    return found


def is_plain(ground: Ground, limits: Limits) -> bool:
    """Return whether nothing but weight and connection counts."""
    free = limits.min_area <= 0 and np.isinf(limits.max_area) and not len(ground.slack)
    return free and not ground.cost.any()


def reduced(ground: Ground, limits: Limits, target: float) -> Ground | None:
    """Return a smaller graph with the same best answer above `target`.

    Returns
    -------
    Ground or None
        None where there is no answer: forced nodes are apart, or every part is too small.
    """
    # an answer of more than a target >= 0 takes a node of positive weight
    peopled = target >= 0 or bool(ground.forced.any())
    while True:
        before = ground.size
        if ground.forced.any():
            start = int(np.argmax(ground.forced))
            near = reachable(ground, [start], np.zeros(ground.size, dtype=bool))
            if (ground.forced & ~near).any():
                return None
            if not near.all():
                ground = without(ground, ~near)
        if limits.min_area > 0 and ground.size:
            part = _labels(ground.size, ground.pairs)
            size = np.bincount(part, ground.area)
            small = (size < limits.min_area - 2 * AREA_TOLERANCE)[part]
            if (ground.forced & small).any() or small.all():
                return None
            if small.any():
                ground = without(ground, small)
        ground = _followed(ground, limits)
        if peopled and is_plain(ground, limits):
            ground = _thinned(ground)
        if ground.size == before:
            return ground


def _build(
    weight: Floats,
    area: Floats,
    slack: Floats,
    pairs: Ints,
    cost: Floats,
    forced: Bools,
    place: Ints,
) -> Ground:
    n = len(weight)
    ends = np.sort(pairs, axis=1)
    apart = ends[:, 0] != ends[:, 1]
    keys, at = np.unique(ends[apart, 0] * n + ends[apart, 1], return_inverse=True)
    total = np.bincount(at.ravel(), cost[apart], minlength=len(keys)).astype(float)
    pairs = np.stack([keys // max(n, 1), keys % max(n, 1)], axis=1).astype(np.int64)
    tail = np.concatenate([pairs[:, 0], pairs[:, 1]])
    head = np.concatenate([pairs[:, 1], pairs[:, 0]])
    order = np.lexsort((head, tail))
    indptr = np.concatenate([[0], np.cumsum(np.bincount(tail, minlength=n))]).astype(np.int64)
    return Ground(weight, area, slack, pairs, total, forced, place, indptr, head[order])


def _followed(ground: Ground, limits: Limits) -> Ground:
    """Draw together linked nodes of which a best answer takes both or none.

    j follows i if taking j beside i never loses: ``w_j + c_ij >= sum of the costs of j's other links``,
    its area is not limited and it helps every share. Of the best answers the one with the most nodes takes
    with every node all that follow it; so linked nodes that follow each other (or are forced) are one.
    """
    while len(ground.pairs):
        u, v = ground.pairs.T
        every = np.bincount(u, ground.cost, minlength=ground.size)
        every += np.bincount(v, ground.cost, minlength=ground.size)
        helps: Bools = np.asarray((ground.slack >= 0).all(axis=0))
        if not np.isinf(limits.max_area):
            helps &= ground.area <= 0
        spare = ground.weight - every
        joins = [
            ground.forced[end] | (helps[end] & (spare[end] + 2 * ground.cost >= 0))
            for end in (u, v)
        ]
        both = joins[0] & joins[1]
        if not both.any():
            return ground
        ground = contracted(ground, _labels(ground.size, ground.pairs[both]))
    return ground


def _labels(n: int, pairs: Ints) -> Ints:
    """Number connected parts from 0, in the order of their first nodes."""
    parent = list(range(n))

    def top(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for u, v in pairs.tolist():
        a, b = top(u), top(v)
        parent[max(a, b)] = min(a, b)
    tops = np.array([top(node) for node in range(n)], dtype=np.int64)
    return np.unique(tops, return_inverse=True)[1].ravel().astype(np.int64)


def _thinned(ground: Ground) -> Ground:
    """Leave out nodes without a use, where nothing but weight and connection counts.

    A node a, not forced, of weight <= 0 is left out if it has at most one neighbour, if its neighbours
    are all linked with each other, or if a node b of no less weight has all its neighbours: b can take
    its part. Linked ones with two neighbours each are all taken or none, so they are one. Each step keeps
    the best value, so one may follow upon another.
    """
    while ground.size:
        idle = (ground.weight <= 0) & ~ground.forced
        kept = _useful(ground.indptr, ground.indices, ground.weight, idle)
        if not kept.all():
            ground = without(ground, ~kept)
            idle = idle[kept]
        slim = idle & (np.diff(ground.indptr) == 2)
        chained = slim[ground.pairs].all(axis=1)
        if not chained.any():
            return ground
        ground = contracted(ground, _labels(ground.size, ground.pairs[chained]))
    return ground


@compiled
def _useful(indptr: Ints, indices: Ints, weight: Floats, idle: Bools) -> Bools:  # noqa: C901, PLR0912
    """Return which nodes are left when those without a use are left out one after the other."""
    n = len(weight)
    kept = np.ones(n, dtype=np.bool_)
    links = indptr[1:] - indptr[:-1]
    mark = np.full(n, -1, dtype=np.int64)
    stale = idle.copy()
    again = True
    while again:
        again = False
        for a in range(n):
            if not stale[a] or not kept[a]:
                continue
            stale[a] = False
            least = -1
            for e in range(indptr[a], indptr[a + 1]):
                v = indices[e]
                if kept[v]:
                    mark[v] = a
                    if least < 0 or links[v] < links[least]:
                        least = v
            useless = links[a] <= 1
            if not useless:
                for e in range(indptr[least] - 1, indptr[least + 1]):
                    b = least if e < indptr[least] else indices[e]
                    if b == a or not kept[b] or links[b] < links[a] or weight[b] < weight[a]:
                        continue
                    shared = 1 if mark[b] == a else 0
                    for f in range(indptr[b], indptr[b + 1]):
                        if kept[indices[f]] and mark[indices[f]] == a:
                            shared += 1
                    if shared == links[a]:
                        useless = True
                        break
            if not useless:
                useless = True
                for e in range(indptr[a], indptr[a + 1]):
                    v = indices[e]
                    if not kept[v]:
                        continue
                    shared = 1
                    for f in range(indptr[v], indptr[v + 1]):
                        if kept[indices[f]] and mark[indices[f]] == a:
                            shared += 1
                    if shared < links[a]:
                        useless = False
                        break
            if useless:
                kept[a] = False
                for e in range(indptr[a], indptr[a + 1]):
                    v = indices[e]
                    if kept[v]:
                        links[v] -= 1
                        stale[v] = idle[v]
                        for f in range(indptr[v], indptr[v + 1]):
                            if idle[indices[f]]:
                                stale[indices[f]] = True
                again = True
    return kept
