"""Locks that no round has met: zones with all of them are sought exactly, or shown not to exist."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from renewal_geo.solvers.connected import Connected, best_connected
from renewal_geo.zones.parts import Part
from renewal_geo.zones.problem import Reduced

COARSE = 0.5  # relative: any zone will do, the search makes it better
MOST_LOCKS = 12  # sought one by one in a component
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Met:
    """Zones (nodes of the reduced problem) that hold locks, and locked nodes that no zone can hold."""

    zones: tuple[Ints, ...]
    impossible: Ints


def meet(reduced: Reduced, living: Sequence[Part], *, seed: int, deadline: float) -> Met:
    """Seek zones for the locked nodes of every component: one with all of them, else one for each.

    Parameters
    ----------
    reduced, living
        The problem, and its components that can hold a zone.
    seed, deadline
        As of :func:`renewal_geo.solvers.connected.best_connected`.

    Returns
    -------
    Met
        A locked node is called impossible only where it is proven that no connected set with it keeps the
        limits of a zone.
    """
    tied, mates = _tied(reduced)
    zones, impossible = [], []
    for part in living:
        locked = np.flatnonzero(part.locked)
        if not len(locked):
            continue
        wanted = part.locked | mates[part.nodes]
        # a group that holds no lock would have to come whole: do without it
        found = _zone(reduced, part, wanted, seed, deadline, barred=tied[part.nodes] & ~wanted)
        if found.nodes is not None:
            zones.append(part.nodes[found.nodes])
            continue
        for node in locked[:MOST_LOCKS]:
            one = np.zeros(len(part.nodes), dtype=bool)
            one[node] = True
            found = _zone(reduced, part, one, seed, deadline)
            if found.nodes is not None:
                zones.append(part.nodes[found.nodes])
            elif found.bound == -np.inf:
                impossible.append(part.nodes[node])
    return Met(tuple(zones), np.array(impossible, dtype=np.int64))


def _tied(reduced: Reduced) -> tuple[Bools, Bools]:
    """Return the nodes of groups that lie apart, and those of them whose group holds a lock."""
    tied, mates = np.zeros(reduced.size, dtype=bool), np.zeros(reduced.size, dtype=bool)
    for group in reduced.alike:
        tied[group] = True
        mates[group] = reduced.locked[group].any()
    return tied, mates


def _zone(
    reduced: Reduced,
    part: Part,
    forced: Bools,
    seed: int,
    deadline: float,
    *,
    barred: Bools | None = None,
) -> Connected:
    """Seek one zone with the forced nodes and without the barred ones; nodes as numbers of the part."""
    terrain = part.terrain
    kept = np.flatnonzero(~barred) if barred is not None else np.arange(terrain.size)
    place = np.full(terrain.size, -1)
    place[kept] = np.arange(len(kept))
    pairs, cost = place[terrain.pairs], reduced.cost[part.links]
    inner = (pairs >= 0).all(axis=1)
    weight = reduced.worth[part.nodes]
    # a border with a barred node is always open
    ends = terrain.pairs[~inner].ravel()
    weight = weight - np.bincount(ends, np.repeat(cost[~inner], 2), minlength=terrain.size)
    found = best_connected(
        weight[kept],
        pairs[inner],
        cost[inner],
        terrain.area[kept],
        terrain.slack[:, kept],
        min_area=terrain.min_area,
        max_area=terrain.max_area if terrain.max_area < terrain.area.sum() else np.inf,
        forced=forced[kept],
        nonempty=True,
        seed=seed,
        deadline=deadline,
        gap=COARSE,
    )
    if found.nodes is None:
        return found
    return replace(found, nodes=kept[found.nodes])
