"""A district cut into its barrier components: what one component's bound needs, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from renewal_geo.solvers.cuts import Terrain
from renewal_geo.zones.problem import Problem, Reduced

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One component: its nodes and links as numbers of the reduced problem.

    `worth` is what a node is worth alone (own boundary and all its links open, budget not priced),
    `gain` what is saved where both ends of a link lie in one zone.
    """

    nodes: Ints
    links: Ints
    terrain: Terrain
    worth: Floats
    gain: Floats
    locked: Bools

    def weight(self, price: float) -> Floats:
        """Return the worth of the nodes at a price of a hectare of budget."""
        return self.worth - price * self.terrain.area


def joined(problem: Problem, reduced: Reduced, living: Sequence[Part]) -> Part:
    """Return components as one part: for a bound in which they share the budget as a row."""
    nodes = np.sort(np.concatenate([part.nodes for part in living]))
    links = np.sort(np.concatenate([part.links for part in living]))
    return _part(reduced, nodes, links, problem.min_area, largest_zone(problem))


def largest_total(problem: Problem) -> float | None:
    """Return the most area that all zones together can have; None where nothing limits it."""
    limits = [] if problem.budget is None else [problem.budget]
    if problem.max_zones and problem.max_area is not None:
        limits.append(problem.max_zones * problem.max_area)
    return min(limits) if limits else None


def largest_zone(problem: Problem) -> float:
    """Return the most area that one zone can have; infinite where nothing limits it."""
    largest = np.inf if problem.max_area is None else problem.max_area
    total = largest_total(problem)
    if total is not None:
        # the other zones that are asked for need their least area too
        largest = min(largest, total - max(0, (problem.min_zones or 1) - 1) * problem.min_area)
    return max(float(largest), problem.min_area)


def parts(problem: Problem, reduced: Reduced) -> list[Part]:
    """Return the components in the order of their numbers."""
    count = int(reduced.component.max()) + 1 if reduced.size else 0
    order = np.argsort(reduced.component, kind="stable")
    ends = np.searchsorted(reduced.component[order], np.arange(count + 1))
    of_link = reduced.component[reduced.pairs[:, 0]] if len(reduced.pairs) else np.empty(0, int)
    link_order = np.argsort(of_link, kind="stable")
    link_ends = np.searchsorted(of_link[link_order], np.arange(count + 1))
    largest = largest_zone(problem)
    return [
        _part(
            reduced,
            order[ends[c] : ends[c + 1]],
            link_order[link_ends[c] : link_ends[c + 1]],
            problem.min_area,
            largest,
        )
        for c in range(count)
    ]


def _part(reduced: Reduced, nodes: Ints, links: Ints, least: float, largest: float) -> Part:
    pairs = np.searchsorted(nodes, reduced.pairs[links]).reshape(-1, 2)
    cost = reduced.cost[links]
    opened = np.bincount(pairs.ravel(), np.repeat(cost, 2), minlength=len(nodes))
    terrain = Terrain.of(reduced.area[nodes], reduced.slack[:, nodes], pairs, least, largest)
    return Part(
        nodes, links, terrain, reduced.worth[nodes] - opened, 2.0 * cost, reduced.locked[nodes]
    )
