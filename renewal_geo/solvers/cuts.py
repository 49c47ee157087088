"""Inequalities that every union of feasible zones keeps, stated so that anyone can check them.

Over ``x_i`` (node i is taken) and ``z_e`` (both ends of link e lie in the *same* zone). Each cut is a
row ``sum a_i x_i + sum b_e z_e >= 0`` that holds for every single feasible zone; zones do not share
nodes or links, so it holds for any number of them. Rows are computed from the cut's definition with
numpy alone: the search and whoever replays a proof call the same functions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

AREA_TOLERANCE_HA = 1e-9
SAFETY = 1e-9  # relative, on coefficients that may only err to the larger side
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Kind = Literal["separator", "share", "overflow"]
NONE = np.empty(0, dtype=np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Terrain:
    """A graph of n nodes with areas (ha), share slacks (k, n) and the limits of one zone.

    ``indptr, indices`` list the neighbours of each node, ``link_of`` the number of the link to each;
    `max_area` is infinite where nothing limits a zone's area. ``component`` numbers the connected parts.
    """

    area: Floats
    slack: Floats
    pairs: Ints
    indptr: Ints
    indices: Ints
    link_of: Ints
    min_area: float
    max_area: float
    component: Ints

    @classmethod
    def of(cls, area: Floats, slack: Floats, pairs: Ints, min_area: float, max_area: float) -> Self:
        """Build the adjacency lists from unordered `pairs` (m, 2)."""
        n, m = len(area), len(pairs)
        tail = np.concatenate([pairs[:, 0], pairs[:, 1]])
        head = np.concatenate([pairs[:, 1], pairs[:, 0]])
        order = np.lexsort((head, tail))
        counts = np.bincount(tail, minlength=n)
        return cls(
            np.ascontiguousarray(area, dtype=float),
            np.ascontiguousarray(slack, dtype=float).reshape(-1, n),
            np.ascontiguousarray(pairs, dtype=np.int64).reshape(-1, 2),
            np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            np.ascontiguousarray(head[order], dtype=np.int64),
            np.concatenate([np.arange(m), np.arange(m)])[order].astype(np.int64),
            float(min_area),
            float(max_area),
            _components(n, pairs),
        )

    @property
    def size(self) -> int:
        """Number of nodes."""
        return len(self.area)

    def labels(self, inside: NDArray[np.bool_]) -> Ints:
        """Number the connected parts of a set from 0, -1 outside."""
        members = np.flatnonzero(inside)
        number = np.full(self.size, -1, dtype=np.int64)
        number[members] = np.arange(len(members))
        pairs = number[self.pairs[inside[self.pairs].all(axis=1)]]
        number[members] = _components(len(members), pairs)
        return number

    def border(self, inside: NDArray[np.bool_]) -> tuple[Ints, Ints]:
        """Return the links that leave a set, and the outer end of each."""
        ends = inside[self.pairs]
        links = np.flatnonzero(ends[:, 0] != ends[:, 1])
        outer = np.where(ends[links, 0], self.pairs[links, 1], self.pairs[links, 0])
        return links, outer


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """The definition of one cut.

    separator
        `nodes` is a set R of less than the minimum area that holds `node`: ``x[node] <= sum of x over
        the neighbours of R``, for a zone that takes the node must leave R.
    share
        `nodes` is a set T, `node` the number of a share, `aside` the neighbours of T that are charged by
        their links into T (the others by themselves): what T lacks of the share must come from outside,
        through a neighbour; see :func:`share_row`.
    overflow
        `nodes` is a tree from its root ``nodes[0]``, ``aside[j]`` the place of the parent of ``nodes[j]``:
        the tree is larger than a zone may be, so a zone that takes the root leaves the tree somewhere; see
        :func:`overflow_row`.
    """

    kind: Kind
    nodes: Ints
    node: int = -1
    aside: Ints = field(default_factory=lambda: NONE)

    def renumbered(self, numbers: Ints) -> Cut:
        """Return the cut with node i called ``numbers[i]``."""
        if self.kind == "separator":
            return Cut(self.kind, numbers[self.nodes], int(numbers[self.node]))
        if self.kind == "share":
            return Cut(self.kind, numbers[self.nodes], self.node, numbers[self.aside])
        return Cut(self.kind, numbers[self.nodes], self.node, self.aside)


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """``sum coefficient * x[nodes] + sum weight * z[links] >= 0``."""

    nodes: Ints
    coefficient: Floats
    links: Ints
    weight: Floats


def row_of(cut: Cut, terrain: Terrain) -> Row:
    """Return the row of a cut.

    Raises
    ------
    ValueError
        If the definition does not give a valid inequality.
    """
    if len(cut.nodes) != len(np.unique(cut.nodes)) or not len(cut.nodes):
        raise ValueError("a cut of the proof names a node twice, or none")
    if cut.kind == "separator":
        return separator_row(cut, terrain)
    if cut.kind == "share":
        return share_row(cut, terrain)
    return overflow_row(cut, terrain)


def separator_row(cut: Cut, terrain: Terrain) -> Row:
    """``x(N(R)) - x_i >= 0`` for i in R with area(R) < min_area."""
    inside = np.zeros(terrain.size, dtype=bool)
    inside[cut.nodes] = True
    small = terrain.area[cut.nodes].sum() < terrain.min_area - AREA_TOLERANCE_HA
    if not inside[cut.node] or not small:
        raise ValueError("a separator of the proof does not separate")
    around = np.unique(terrain.border(inside)[1])
    return Row(
        np.concatenate([around, [cut.node]]),
        np.concatenate([np.ones(len(around)), [-1.0]]),
        NONE,
        np.empty(0),
    )


def share_row(cut: Cut, terrain: Terrain) -> Row:
    """``sum over T of s_i x_i + M (x(N_x) + z(N_z, T)) >= 0``.

    A zone within T keeps its share by itself. A zone partly in T takes some neighbour k of T with a link
    into T, so the bracket is at least 1; and what it lacks in T is at most M: not more than T can lack on an
    area A, nor more than the outside can make up on the rest of the largest area.
    """
    if not 0 <= cut.node < len(terrain.slack):
        raise ValueError("a share cut of the proof names an unknown share")
    inside = np.zeros(terrain.size, dtype=bool)
    inside[cut.nodes] = True
    links, outer = terrain.border(inside)
    by_link = np.zeros(terrain.size, dtype=bool)
    by_link[cut.aside] = True
    slack = terrain.slack[cut.node]
    factor = lacking(terrain, slack, inside)
    charged = np.unique(outer[~by_link[outer]])
    through = links[by_link[outer]]
    used = cut.nodes[slack[cut.nodes] != 0]
    return Row(
        np.concatenate([used, charged]),
        np.concatenate([slack[used], np.full(len(charged), factor)]),
        through,
        np.full(len(through), factor),
    )


def lacking(terrain: Terrain, slack: Floats, inside: NDArray[np.bool_]) -> float:
    """Return the most that a feasible zone can lack of a share in a set: M of :func:`share_row`.

    ``max over A of min(D(A), P(max_area - A))`` with D the most that area A of the set can lack, P the most
    that the rest can make up outside it, both as fractional knapsacks, so neither is understated.
    """
    near = np.isin(terrain.component, terrain.component[inside])
    owed_area, owed = _greedy(terrain.area, -slack, inside & (slack < 0))
    paid_area, paid = _greedy(terrain.area, slack, ~inside & near & (slack > 0))
    if not np.isfinite(terrain.max_area):
        return float(min(owed[-1], paid[-1])) * (1 + SAFETY)
    most = terrain.max_area + AREA_TOLERANCE_HA
    # D grows and P(most - A) falls with A, both piecewise linear: they cross between two breakpoints
    points = np.unique(np.concatenate([owed_area, most - paid_area, [0.0, most]]))
    points = points[(points >= 0) & (points <= most)]
    rising = np.interp(points, owed_area, owed)
    falling = np.interp(most - points, paid_area, paid)
    over = np.flatnonzero(rising >= falling)
    if not len(over):
        return float(rising[-1]) * (1 + SAFETY)
    k = int(over[0])
    if k == 0:
        return float(falling[0]) * (1 + SAFETY)
    gap_before = falling[k - 1] - rising[k - 1]
    gap_after = rising[k] - falling[k]
    share = gap_before / max(gap_before + gap_after, 1e-300)
    crossing = rising[k - 1] + share * (rising[k] - rising[k - 1])
    return float(crossing) * (1 + SAFETY)


def overflow_row(cut: Cut, terrain: Terrain) -> Row:
    """``sum over tree links (u, v) of min(1, below(v) / excess) (x_u - z_uv) - x_root >= 0``.

    A zone that takes the root and keeps to the largest area misses nodes of the tree of at least the
    excess area; they hang below the links by which it leaves the tree, where x_u = 1 and z = 0. (The knapsack
    tree rows of node-capacitated partitioning, coefficients capped at 1.)
    """
    nodes, parent = cut.nodes, cut.aside
    count = len(nodes)
    if len(parent) != count or (count > 1 and not (parent[1:] < np.arange(1, count)).all()):
        raise ValueError("an overflow cut of the proof is no tree")
    if (parent[1:] < 0).any():
        raise ValueError("an overflow cut of the proof is no tree")
    excess = float(terrain.area[nodes].sum()) - terrain.max_area - AREA_TOLERANCE_HA
    if not excess > 0:
        raise ValueError("an overflow cut of the proof does not overflow")
    below = terrain.area[nodes].copy()
    for j in range(count - 1, 0, -1):
        below[parent[j]] += below[j]
    share = np.minimum(1.0, below[1:] / excess * (1 + SAFETY))
    links = links_between(terrain, nodes[parent[1:]], nodes[1:])
    used, place = np.unique(np.concatenate([nodes[parent[1:]], nodes[:1]]), return_inverse=True)
    coefficient = np.bincount(
        place.ravel(), np.concatenate([share, [-1.0]]), minlength=len(used)
    ).astype(float)
    return Row(used, coefficient, links, -share)


def links_between(terrain: Terrain, tails: Ints, heads: Ints) -> Ints:
    """Return the numbers of the links between given nodes.

    Raises
    ------
    ValueError
        If two of them are not linked.
    """
    n = terrain.size
    owner = np.repeat(np.arange(n), np.diff(terrain.indptr))
    keys = owner * n + terrain.indices  # sorted: the lists are
    wanted = tails * n + heads
    place = np.searchsorted(keys, wanted)
    if (place >= len(keys)).any() or (keys[place] != wanted).any():
        raise ValueError("a cut of the proof uses a link that there is not")
    return terrain.link_of[place]


def _components(n: int, pairs: Ints) -> Ints:
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def _greedy(area: Floats, gain: Floats, among: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Return the breakpoints of the fractional knapsack over `among`: areas and gains, both cumulated."""
    items = np.flatnonzero(among)
    size, worth = np.maximum(area[items], 0.0), gain[items]
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.where(size > 0, worth / np.maximum(size, 1e-300), np.inf)
    order = np.argsort(-rate, kind="stable")
    # np.interp asks for areas that grow: parcels without area come first, their gain is there at once
    sizes = np.concatenate([[0.0], np.cumsum(size[order])])
    worths = np.concatenate([[0.0], np.cumsum(worth[order])])
    last = np.concatenate([sizes[1:] > sizes[:-1], [True]])
    return sizes[last], worths[last]
