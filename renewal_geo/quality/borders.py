"""Faults between polygons: duplicates, overlaps, gaps and unmatched vertices, from one edge table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from renewal_geo.quality.layer import VERTEX_TOLERANCE_M, Layer, Rows
from renewal_geo.spatial.areas import flat_union, polygonal
from renewal_geo.spatial.fabric import Loops, facing_edges, overlapping

LONG_FOR_ITS_WIDTH = 10.0  # a crack is at least this many times as long as wide
Floats = NDArray[np.float64]
Shapes = NDArray[np.object_]


@dataclass(frozen=True, slots=True, eq=False)
class Overlaps:
    """Pairs of rows that cover the same ground: the rows, the ground, its area (m2) and mean width (m)."""

    first: Rows
    second: Rows
    shapes: Shapes
    area: Floats
    width: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Gaps:
    """Enclosed ground that no parcel covers: shape, area, mean width, and the rows around it.

    `around` lists the rows by the length of border that they share with the gap, longest first.
    """

    shapes: Shapes
    area: Floats
    width: Floats
    around: list[Rows]


def duplicates(layer: Layer) -> tuple[Rows, Rows]:
    """Return rows that repeat the geometry of an earlier one, and that one."""
    pairs = layer.twins
    none = np.empty(0, dtype=np.int64)
    if not len(pairs):
        return none, none
    one, two = pairs[:, 0], pairs[:, 1]
    rank_one, rank_two = layer.ranks(one, two)
    later = np.where(rank_one > rank_two, one, two)
    earlier = np.where(rank_one > rank_two, two, one)
    # every pair of a group is there, so the first of all is among the earlier ones of each
    order = np.lexsort((np.minimum(rank_one, rank_two), np.maximum(rank_one, rank_two)))
    later, earlier = later[order], earlier[order]
    heads = np.diff(later, prepend=-1) != 0
    return later[heads], earlier[heads]


def overlaps(layer: Layer, least_m2: float) -> Overlaps:
    """Return pairs of rows that overlap by more than `least_m2`; equal geometries are duplicates."""
    pairs = overlapping(layer.fabric, layer.contacts)
    if len(layer.twins) and len(pairs):
        n = np.int64(len(layer.shapes))
        twins = layer.twins.min(axis=1) * n + layer.twins.max(axis=1)
        pairs = pairs[~np.isin(pairs[:, 0] * n + pairs[:, 1], twins)]
    if not len(pairs):
        none, no_rows = np.empty(0), np.empty(0, dtype=np.int64)
        return Overlaps(no_rows, no_rows, np.empty(0, dtype=object), none, none)
    first, second = layer.directed(pairs)
    rank_first, rank_second = layer.ranks(first, second)
    order = np.lexsort((rank_second, rank_first))
    first, second = first[order], second[order]
    shared = shared_ground(layer.shapes[first], layer.shapes[second])
    area = np.nan_to_num(shapely.area(shared))
    real = area > least_m2
    shared, area = shared[real], area[real]
    return Overlaps(first[real], second[real], shared, area, mean_width(shared))


def gaps(layer: Layer, overlapped: Overlaps, widest_m: float, least_m2: float) -> Gaps:
    """Return enclosed ground without a parcel, up to `widest_m` wide and larger than `least_m2`.

    Holes come from the loops of unpaired edges. Where polygons along a loop overlap others, the loop is
    no outline, and the holes are those of the polygons' union.
    """
    loops = layer.loops
    torn = np.zeros(len(layer.shapes), dtype=np.bool_)
    torn[overlapped.first] = torn[overlapped.second] = True
    count = len(loops.area)
    of_loop = np.repeat(np.arange(count), np.diff(loops.first))
    dirty = np.zeros(count, dtype=np.bool_)
    dirty[of_loop[torn[loops.owner]]] = True
    shapes, dirty = _clean_holes(loops, dirty, widest_m, least_m2)
    shapes += _torn_holes(layer, loops, dirty, torn)
    found = polygonal(np.array([*shapes, None], dtype=object)[:-1])
    area, width = np.nan_to_num(shapely.area(found)), mean_width(found)
    narrow = (width <= widest_m) & (area > least_m2)
    order = np.flatnonzero(narrow)
    order = order[np.lexsort(shapely.bounds(found[order]).round(3).T[::-1])]
    found, area, width = found[order], area[order], width[order]
    return Gaps(found, area, width, _around(layer, found))


def open_cracks(layer: Layer, enclosed: Gaps, widest_m: float, least_m2: float) -> Gaps:
    """Return narrow ground between two parcels that runs out into a street or a courtyard.

    Where unpaired borders of two parcels face each other less than `widest_m` apart, over more than
    ten times the mean distance, and which is not for the most part an enclosed gap.
    """
    pairs, ground, length = facing_edges(layer.fabric, layer.contacts, VERTEX_TOLERANCE_M, widest_m)
    found = np.empty(0, dtype=object)
    sides = np.empty((0, 2), dtype=np.int64)
    if len(pairs):
        rows, of = np.unique(np.sort(pairs, axis=1), axis=0, return_inverse=True)
        of = of.ravel()
        pieces = np.asarray(shapely.polygons(ground))
        area = np.bincount(of, shapely.area(pieces))
        narrow = (area > least_m2) & (area <= np.bincount(of, length) ** 2 / LONG_FOR_ITS_WIDTH)
        piece, gap = shapely.STRtree(enclosed.shapes).query(pieces, predicate="intersects")
        likely = narrow[of[piece]]
        piece, gap = piece[likely], gap[likely]
        known = shapely.area(shared_ground(pieces[piece], enclosed.shapes[gap]))
        narrow &= np.bincount(of[piece], np.nan_to_num(known), len(rows)) <= area / 2
        order = np.lexsort((*ground.reshape(-1, 8).T, of))
        firsts = np.searchsorted(of[order], np.arange(len(rows)))
        split = np.split(pieces[order], firsts[1:])
        kept = np.flatnonzero(narrow)
        sides = rows[kept]
        found = np.array([*(flat_union(polygonal(split[n])) for n in kept), None], dtype=object)[
            :-1
        ]
        crack, row = layer.tree.query(found, predicate="intersects")
        cuts = ~shapely.touches(found[crack], layer.shapes[row])
        for n, cover in zip(crack[cuts], row[cuts], strict=True):
            found[n] = _less(found[n], layer.shapes[cover])
    real = np.flatnonzero(shapely.area(found) > least_m2)
    real = real[np.lexsort(shapely.bounds(found[real]).round(3).T[::-1])]
    found = polygonal(found[real])
    around = np.column_stack(layer.directed(sides[real]))
    return Gaps(found, shapely.area(found), mean_width(found), list(around))


def _clean_holes(
    loops: Loops, dirty: NDArray[np.bool_], widest_m: float, least_m2: float
) -> tuple[list[Any], NDArray[np.bool_]]:
    """Return narrow holes whose outline is a loop, less what lies inside; and which loops are not so."""
    dirty = dirty.copy()
    holes = np.flatnonzero((loops.area < -least_m2) & ~dirty)
    if not len(holes):
        return [], dirty
    rings = [_ring(loops, hole) for hole in holes]
    islands = np.flatnonzero(loops.area > 0)
    at = loops.first[islands]
    island, hole = shapely.STRtree(rings).query(
        shapely.points(loops.x[at], loops.y[at]), predicate="within"
    )
    # of nested holes the smallest holds the island
    order = np.lexsort((-loops.area[holes[hole]], island))
    island, hole = island[order], hole[order]
    closest = np.diff(island, prepend=-1) > 0
    inside = pd.Series(islands[island[closest]]).groupby(hole[closest]).agg(list)
    shapes = []
    for n, loop in enumerate(holes):
        held = inside.get(n, [])
        if dirty[held].any():
            dirty[[loop, *held]] = True
            continue
        area = -loops.area[loop] - loops.area[held].sum()
        length = loops.length[loop] + loops.length[held].sum()
        if 2 * area <= 1.01 * widest_m * length:
            shapes.append(_ring(loops, loop, held))
    return shapes, dirty


def _torn_holes(
    layer: Layer, loops: Loops, dirty: NDArray[np.bool_], torn: NDArray[np.bool_]
) -> list[Any]:
    """Return the ground inside or between loops that are no outlines, less all polygons that may lie there."""
    rings = [_ring(loops, loop) for loop in np.flatnonzero(dirty)]
    outside = loops.area[dirty] > 0
    filled = polygonal(np.array([*rings, None], dtype=object)[:-1])
    if not len(filled):
        return []
    parts = shapely.get_parts(_joined(filled[outside]))
    inner, part = shapely.get_rings(parts, return_index=True)
    between = shapely.polygons(inner[np.diff(part, prepend=-1) == 0])
    ground = shapely.get_parts(_joined(np.concatenate([filled[~outside], between])))
    ragged = np.zeros(len(layer.shapes), dtype=np.bool_)
    ragged[loops.owner] = True
    row = np.flatnonzero(ragged & layer.sound)
    hole, at = shapely.STRtree(layer.shapes[row]).query(ground, predicate="intersects")
    # a neighbour that overlaps nothing only borders on the ground
    cuts = torn[row[at]] | ~shapely.touches(layer.shapes[row[at]], ground[hole])
    for n, cover in zip(
        hole[cuts], row[at][cuts], strict=True
    ):  # one by one: their union costs more
        ground[n] = _less(ground[n], layer.shapes[cover])
    return [one for one in shapely.get_parts(ground) if one.geom_type == "Polygon"]


def _ring(loops: Loops, loop: Any, inside: list[int] | tuple[()] = ()) -> Any:
    return shapely.Polygon(loops.ring(loop), [loops.ring(one) for one in inside])


def shared_ground(one: Shapes, two: Shapes) -> Shapes:
    """Return the polygonal part of intersections, retried on finer and coarser grids if GEOS gives up."""
    try:
        return polygonal(shapely.intersection(one, two))
    except shapely.GEOSException:
        return polygonal(np.array([_intersection(a, b) for a, b in zip(one, two, strict=True)]))


def _joined(shapes: Shapes) -> Any:
    """Return the union of shapes of which most lie apart."""
    try:
        return shapely.disjoint_subset_union_all(shapes)
    except shapely.GEOSException:
        return flat_union(shapes)


def _less(one: Any, two: Any) -> Any:
    for grid_size in (None, 1e-9, 1e-6):
        try:
            return shapely.difference(one, two, grid_size=grid_size)
        except shapely.GEOSException:
            continue
    return shapely.difference(one, two, grid_size=1e-3)


def _intersection(one: Any, two: Any) -> Any:
    for grid_size in (None, 1e-9, 1e-6):
        try:
            return shapely.intersection(one, two, grid_size=grid_size)
        except shapely.GEOSException:
            continue
    return shapely.intersection(one, two, grid_size=1e-3)


def _around(layer: Layer, shapes: Shapes) -> list[Rows]:
    if not len(shapes):
        return []
    gap, row = layer.tree.query(shapes, predicate="dwithin", distance=1e-6)
    shared = shapely.length(shapely.intersection(shapely.boundary(shapes[gap]), layer.shapes[row]))
    (rank,) = layer.ranks(row)
    order = np.lexsort((rank, -shared.round(3), gap))
    return np.split(row[order], np.searchsorted(gap[order], np.arange(1, len(shapes))))


@dataclass(frozen=True, slots=True, eq=False)
class Unmatched:
    """Vertices of `owner` by the inside of an edge of `other`: corner and edge in the fabric, distance."""

    corner: Rows
    edge: Rows
    owner: Rows
    other: Rows
    distance: Floats


def unmatched(layer: Layer) -> Unmatched:
    """Return vertices of one polygon that lie on the inside of another's edge."""
    e = layer.fabric.edges
    corner, edge = layer.contacts.touches.T
    dx, dy = e.x[edge + 1] - e.x[edge], e.y[edge + 1] - e.y[edge]
    px, py = e.x[corner] - e.x[edge], e.y[corner] - e.y[edge]
    distance = np.abs(px * dy - py * dx) / np.hypot(dx, dy)
    return Unmatched(corner, edge, e.owner[corner], e.owner[edge], distance)


def mean_width(shapes: Shapes) -> Floats:
    """Return 2 A / P of polygons, m; 0 where there is none."""
    length = np.nan_to_num(shapely.length(shapes))
    return 2 * np.nan_to_num(shapely.area(shapes)) / np.maximum(length, 1e-12)
