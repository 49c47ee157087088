"""The formal problem of delineation as arrays, without geometry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

TOLERANCE_HA = 1e-9
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """Choose disjoint connected zones of the greatest value, within limits.

    Holds the n eligible parcels only, in position order. A zone Z is worth
    ``sum(value) - boundary_weight * (sum(own) + sum(frontage of links that leave Z))``.

    Attributes
    ----------
    area, value, own
        Length n: hectares; value of the whole parcel; own boundary in metres, with the frontage of
        links to parcels that are not eligible.
    pairs, frontage
        (m, 2) and m: links among eligible parcels, metres.
    slack
        (k, n): area * (share - least share); every zone's sum must not be negative.
    locked, group
        Length n: must be in some zone; parcels of one group (>= 0) are all in or all out.
    budget, max_area, min_zones, max_zones
        None where there is no such limit. Areas in hectares.
    """

    area: Floats
    value: Floats
    own: Floats
    pairs: Ints
    frontage: Floats
    slack: Floats
    share_names: tuple[str, ...]
    boundary_weight: float
    budget: float | None
    min_area: float
    max_area: float | None
    locked: Bools
    group: Ints
    min_zones: int | None = None
    max_zones: int | None = None

    @property
    def size(self) -> int:
        """Number of parcels."""
        return len(self.area)


@dataclass(frozen=True, slots=True, eq=False)
class Reduced:
    """The problem with connected groups drawn together into one node each.

    ``node_of`` maps parcels to nodes; ``alike`` lists nodes of one group that are not adjacent.
    ``worth`` is value less the price of own boundary; ``cost`` what an open border costs.
    """

    node_of: Ints
    area: Floats
    worth: Floats
    pairs: Ints
    cost: Floats
    slack: Floats
    locked: Bools
    alike: tuple[Ints, ...]
    component: Ints

    @property
    def size(self) -> int:
        """Number of nodes."""
        return len(self.area)

    def parcels(self, nodes: Ints) -> Ints:
        """Return the parcels of `nodes`, sorted."""
        return np.flatnonzero(np.isin(self.node_of, nodes))


def allows_one(problem: Problem) -> bool:
    """Return whether there can be one zone at most: none more is allowed, or the budget has no room for it."""
    if problem.max_zones == 1:
        return True
    return problem.budget is not None and problem.budget < 2 * (problem.min_area - TOLERANCE_HA)


def reduce(problem: Problem, *, together: bool = False) -> Reduced:
    """Draw connected groups together where every feasible answer stays one, so bounds stay valid.

    Neighbours of one group lie in one zone, unless a largest area lets zones touch: then a group may lie in
    two of them, and is drawn together only on request (`together`), for a search that needs no proof.
    """
    n = problem.size
    ends = problem.group[problem.pairs]
    same = (ends[:, 0] >= 0) & (ends[:, 0] == ends[:, 1])
    if problem.max_area is not None and not allows_one(problem) and not together:
        same[:] = False
    node_of = _labels(n, problem.pairs[same])
    nodes = int(node_of.max()) + 1 if n else 0
    ends = np.sort(node_of[problem.pairs], axis=1)
    outer = ends[:, 0] != ends[:, 1]
    keys, place = np.unique(ends[outer, 0] * nodes + ends[outer, 1], return_inverse=True)
    length = np.bincount(place.ravel(), problem.frontage[outer], minlength=len(keys))
    pairs = np.stack([keys // max(nodes, 1), keys % max(nodes, 1)], axis=1).astype(np.int64)
    worth = problem.value - problem.boundary_weight * problem.own
    alike = []
    for group in np.unique(problem.group[problem.group >= 0]):
        of_group = np.unique(node_of[problem.group == group])
        if len(of_group) > 1:
            alike.append(of_group)
    return Reduced(
        node_of,
        np.bincount(node_of, problem.area, minlength=nodes),  # type: ignore[arg-type]
        np.bincount(node_of, worth, minlength=nodes),  # type: ignore[arg-type]
        pairs,
        problem.boundary_weight * length,  # type: ignore[arg-type]
        np.array([np.bincount(node_of, row, minlength=nodes) for row in problem.slack]).reshape(
            len(problem.slack), nodes
        ),
        np.bincount(node_of, problem.locked, minlength=nodes) > 0,
        tuple(alike),
        _labels(nodes, pairs),
    )


def zone_value(problem: Problem, zone: Ints) -> float:
    """Return what a zone (parcel numbers) is worth, its outline paid."""
    inside = np.zeros(problem.size, dtype=bool)
    inside[zone] = True
    ends = inside[problem.pairs]
    leaving = ends[:, 0] != ends[:, 1]
    outline = problem.own[zone].sum() + problem.frontage[leaving].sum()
    return float(problem.value[zone].sum() - problem.boundary_weight * outline)


def is_feasible(problem: Problem, zone: Ints, tolerance_ha: float = 1e-9) -> bool:
    """Return whether a zone by itself is connected and keeps its area and share limits."""
    area = float(problem.area[zone].sum())
    if area < problem.min_area - tolerance_ha:
        return False
    if problem.max_area is not None and area > problem.max_area + tolerance_ha:
        return False
    if (problem.slack[:, zone].sum(axis=1) < -tolerance_ha).any():
        return False
    place = np.full(problem.size, -1)
    place[zone] = np.arange(len(zone))
    inner = place[problem.pairs]
    return bool(_labels(len(zone), inner[(inner >= 0).all(axis=1)]).max(initial=0) == 0)


def _labels(n: int, pairs: Ints) -> Ints:
    """Number connected components by their first node."""
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    _, labels = connected_components(graph, directed=False)
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(len(first))
    return rank[inverse.ravel()]
