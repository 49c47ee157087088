"""Crossings: places where a bridge over a barrier would join parcels, and the problem with the bridge built."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from renewal_geo.zones.delineation import Delineation
from renewal_geo.zones.problem import Problem

REACH_M = 150.0  # pairs along one barrier this close to one another are one crossing
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Crossing:
    """One place: the pairs of parcels that a bridge there would join, the widest face first.

    `pairs` are numbers of the problem; `focal, neighbour` the ids of the first pair; `line` runs between
    their nearest points.
    """

    barrier: str
    focal: str
    neighbour: str
    pairs: Ints
    frontage: Floats
    gap_m: float
    line: shapely.LineString


def crossings_of(zones: Delineation) -> list[Crossing]:
    """Group the pairs that only a barrier keeps apart by barrier and place, in the order of their position.

    Parameters
    ----------
    zones
        The study's answer; pairs of parcels that may not be members are left out.

    Returns
    -------
    list of Crossing
        The widest face of each barrier takes all pairs within 150 m of it, then the next widest left.
    """
    number = pd.Series(
        np.arange(zones.found.problem.size),
        index=zones.found.table.index[zones.found.order].astype(str),
    )
    blocked = zones.blocked
    inside = blocked["focal"].isin(number.index) & blocked["neighbour"].isin(number.index)
    table = blocked[inside.to_numpy()]
    if not len(table):
        return []
    shapes = zones.found.parcels.geometry.to_numpy()[zones.found.order]
    pairs = np.stack([number[table["focal"]], number[table["neighbour"]]], axis=1)
    lines = shapely.shortest_line(shapes[pairs[:, 0]], shapes[pairs[:, 1]])
    place = shapely.get_coordinates(shapely.line_interpolate_point(lines, 0.5, normalized=True))
    frontage = table["frontage_m"].to_numpy(dtype=float)
    barrier = table["barrier"].astype(str).to_numpy()
    found = []
    taken = np.zeros(len(table), dtype=bool)
    low, high = pairs.min(axis=1), pairs.max(axis=1)
    for k in np.lexsort((high, low, -frontage.round(6))):
        if taken[k]:
            continue
        near = ~taken & (barrier == barrier[k])
        near &= np.hypot(*(place - place[k]).T) <= REACH_M
        members = np.flatnonzero(near)
        members = members[np.lexsort((high[members], low[members], -frontage[members].round(6)))]
        taken[members] = True
        found.append(
            Crossing(
                str(barrier[k]),
                str(table["focal"].iloc[k]),
                str(table["neighbour"].iloc[k]),
                pairs[members],
                frontage[members],
                float(table["gap_m"].iloc[k]),
                lines[k],
            )
        )
    return found


def with_links(problem: Problem, pairs: Ints, frontage: Floats, own: Floats) -> Problem:
    """Return the problem with further links: what faced the barrier faces the neighbour now.

    Parameters
    ----------
    problem
        The problem without them.
    pairs, frontage
        (p, 2) parcel numbers and p metres.
    own
        Length n: boundary of each parcel that faces nobody, metres; a link takes its frontage from it.
    """
    added = np.zeros(problem.size)
    np.add.at(added, pairs.ravel(), np.repeat(frontage, 2))
    ends = np.concatenate([problem.pairs, np.sort(pairs, axis=1)])
    length = np.concatenate([problem.frontage, frontage])
    turn = np.lexsort((ends[:, 1], ends[:, 0]))
    return dataclasses.replace(
        problem,
        own=problem.own - np.minimum(added, own),
        pairs=ends[turn],
        frontage=length[turn],
    )
