"""The pieces that two layers of polygons have in common, and what is left of each: with geometry.

Pairs come from a spatial index. Where one polygon covers the other nothing is cut: the piece is the smaller one
itself. Only pairs whose borders cross are intersected, in threads, for GEOS lets go of Python's lock. Polygons of
very many vertices are cut into tiles for that, and their pieces joined again. What is left of a polygon is taken
from the union of its own pieces at once, never one piece after the other.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from renewal_geo.foundation.errors import GeometryError
from renewal_geo.spatial.polygons import (
    COLLECTION,
    GRID_M,
    Floats,
    Ints,
    Shapes,
    areal,
    flat,
    flat_union,
    is_huge,
    tiled,
)

NOISE_M2 = 1e-7  # shared areas below are rounding, as in the area tables
LEFT_M2, LEFT_SHARE = 1e-6, 1e-9  # what is left of a polygon and below both is rounding
PAIRS_AT_ONCE = 512
APART, COVERED, CROSSING = 0, 1, 2
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Common:
    """Pieces of two layers, sorted by left row, then by right row.

    Attributes
    ----------
    left, right, geometry, area
        One entry per pair of rows that share ground (m2).
    touching
        Pairs that meet in points or lines, or in less than 1e-7 m2: no pieces.
    snapped
        k x 2 rows of pairs that GEOS could cut only on a millimetre grid.
    """

    left: Ints
    right: Ints
    geometry: Shapes
    area: Floats
    touching: int
    snapped: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Own:
    """Pieces of one layer: the row of the polygon that each lies in, shape, area (m2)."""

    row: Ints
    geometry: Shapes
    area: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Rest:
    """What is left of n polygons outside their own pieces.

    Attributes
    ----------
    geometry
        Length n; None where nothing is left.
    uncovered, twice
        Length n: area outside all pieces; sum of the pieces less the area of their union (m2).
    snapped
        Rows that GEOS could cut only on a millimetre grid.
    """

    geometry: Shapes
    uncovered: Floats
    twice: Floats
    snapped: Ints


@dataclass(frozen=True, slots=True, eq=False)
class _Cut:
    """Pairs of rows and what each has in common; None where the two are apart or only touch."""

    left: Ints
    right: Ints
    geometry: Shapes
    touch: Mask
    snapped: Mask


def common(left: Shapes, right: Shapes, pool: Executor) -> Common:
    """Intersect two layers pair by pair.

    Parameters
    ----------
    left, right
        n and m valid polygons in one metric CRS; None allowed. Either may overlap itself: every pair
        that shares ground gives a piece.
    pool
        Threads (:func:`renewal_geo.spatial.threads.threads`). The answer does not depend on their number.

    Returns
    -------
    Common

    Raises
    ------
    GeometryError
        ``overlay_failed`` where GEOS cannot cut a pair, not even on a millimetre grid.
    """
    one, other = _near(left, right)
    relation = _relations(left, right, one, other, pool)
    met = relation != APART
    one, other, relation = one[met], other[met], relation[met]
    tile = (relation == CROSSING) & (is_huge(left)[one] | is_huge(right)[other])
    parts = [_cut(left, right, one[~tile], other[~tile], relation[~tile], pool)]
    if tile.any():
        parts.append(_cut_by_tiles(left, right, one[tile], other[tile], pool))
    one, other, geometry, touch, snapped = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("left", "right", "geometry", "touch", "snapped")
    )
    area = np.nan_to_num(shapely.area(geometry))
    order = np.lexsort((other, one))
    kept = order[area[order] > NOISE_M2]
    pairs = np.stack([one, other], axis=1)[order[snapped[order]]]
    return Common(
        one[kept], other[kept], geometry[kept], area[kept],
        int((touch & (area <= NOISE_M2)).sum()), pairs,
    )  # fmt: skip


def sound(shapes: Shapes, pool: Executor) -> tuple[Shapes, Ints]:
    """Return valid polygons, None where there are none, and the rows that had to be made valid."""
    parts = np.array_split(np.asarray(shapes, dtype=object), max(1, len(shapes) // PAIRS_AT_ONCE))

    def check(part: Shapes) -> Mask:
        return np.asarray(~shapely.is_valid(part) & ~shapely.is_missing(part))

    broken = np.flatnonzero(np.concatenate(list(pool.map(check, parts))))
    valid = np.concatenate(parts)
    valid[broken] = shapely.make_valid(valid[broken])
    return flat(valid), broken


def left_over(
    shapes: Shapes,
    own: Own,
    pool: Executor,
    *,
    disjoint: bool = False,
    drawn: bool = True,
) -> Rest:
    """Take its own pieces from each polygon, all at once.

    Parameters
    ----------
    shapes
        n valid polygons; None allowed.
    own
        Pieces, each with the row of the polygon in which it lies.
    pool
        Threads.
    disjoint
        Whether the pieces of one polygon are known to share no ground: nothing is covered twice then.
    drawn
        Whether what is left is wanted as geometry; without it ``uncovered`` is the area of the polygon less
        that of the union of its pieces.

    Returns
    -------
    Rest
        ``geometry`` is None everywhere unless `drawn`.

    Raises
    ------
    GeometryError
        ``overlay_failed``.
    """
    whole = np.nan_to_num(shapely.area(shapes))
    order = np.argsort(own.row, kind="stable")
    row, geometry, area = own.row[order], own.geometry[order], own.area[order]
    starts = np.searchsorted(row, np.arange(len(shapes) + 1))
    count = np.diff(starts)
    sums = np.bincount(row, area, minlength=len(shapes))
    slack = np.maximum(LEFT_M2, LEFT_SHARE * whole)
    doubtful = (count > 1) & (not disjoint)
    open_ = (whole - sums > slack) & (count > 0) & drawn
    rest = np.where((count == 0) & drawn, shapes, None)  # type: ignore[call-overload]
    uncovered = np.maximum(whole - sums, 0.0)
    covered, snapped = sums.copy(), np.zeros(len(shapes), dtype=bool)

    def subtract(rows: Ints) -> list[tuple[Any, float, bool]]:
        return [
            _subtracted(
                shapes[at], geometry[starts[at] : starts[at + 1]], sums[at],
                doubtful=doubtful[at], drawn=drawn,
            )
            for at in rows
        ]  # fmt: skip

    todo = np.flatnonzero(open_ | doubtful)
    chunks = np.array_split(todo, max(1, len(todo) // PAIRS_AT_ONCE))
    for rows, results in zip(chunks, pool.map(subtract, chunks), strict=True):
        for at, (shape, union_area, retried) in zip(rows, results, strict=True):
            rest[at], covered[at], snapped[at] = shape, union_area, retried
            uncovered[at] = whole[at] - union_area if shape is None else shape.area
    uncovered = np.where(uncovered > slack, uncovered, 0.0)
    rest[uncovered == 0.0] = None
    twice = np.where(sums - covered > slack, sums - covered, 0.0)
    return Rest(rest, uncovered, twice, np.flatnonzero(snapped))


def _subtracted(
    shape: Any, own: Shapes, total: float, *, doubtful: bool, drawn: bool
) -> tuple[Any, float, bool]:
    """Return what is left of a polygon, the area of the union of its pieces, and whether a grid was needed."""
    if any(piece is shape for piece in own):
        return shapely.Polygon(), shape.area, False
    doubtful = doubtful and not shapely.coverage_is_valid(own)
    if not drawn:
        return None, flat_union(own).area if doubtful else total, False
    union, rest, retried = _difference(shape, own)
    covered = union.area if doubtful else total
    if abs(covered + rest.area - shape.area) > max(LEFT_M2, LEFT_SHARE * shape.area) / 2:
        union, rest, retried = _difference_at_home(shape, own)
        covered = union.area if doubtful else total
    return rest, covered, retried


def _difference(shape: Any, own: Shapes) -> tuple[Any, Any, bool]:
    """Return the union of its pieces, what is left of a polygon, and whether a grid was needed."""
    try:
        union = shapely.union_all(own)
        return union, _areal(shapely.difference(shape, union)), False
    except shapely.GEOSException:
        union = _on_grid(lambda: shapely.union_all(own, grid_size=GRID_M))
        rest = _on_grid(lambda: shapely.difference(shape, union, grid_size=GRID_M))
        return union, _areal(rest), True


def _difference_at_home(shape: Any, own: Shapes) -> tuple[Any, Any, bool]:
    """Subtract near the origin, where coordinates have more digits; the move itself rounds nothing."""
    home = np.floor(shapely.bounds(shape)[:2])
    moved = shapely.transform(np.append(own, shape), lambda xy: xy - home)
    union, rest, retried = _difference(moved[-1], moved[:-1])
    return union, shapely.transform(rest, lambda xy: xy + home), retried


def _areal(shape: Any) -> Any:
    found = areal(np.array([shape], dtype=object))[0]
    return shapely.Polygon() if found is None else found


def _near(left: Shapes, right: Shapes) -> tuple[Ints, Ints]:
    """Return the pairs whose bounds meet; the index is of the smaller layer."""
    if len(left) < len(right):
        other, one = shapely.STRtree(left).query(right)
        return one, other
    one, other = shapely.STRtree(right).query(left)
    return one, other


def _relations(left: Shapes, right: Shapes, one: Ints, other: Ints, pool: Executor) -> Ints:
    """Return for each pair whether the two are apart, one covers the other, or their borders cross.

    of each pair the polygon that bounds the other, else that of more vertices, is prepared. Preparing is not
    safe among threads: all pairs of one object are of one chunk.
    """
    both = np.concatenate([left, right])
    bounds, vertices = shapely.bounds(both), shapely.get_num_coordinates(both)
    first, second = one, other + len(left)
    holds, held = _bounds(bounds, first, second), _bounds(bounds, second, first)
    swap = np.where(holds | held, held & ~holds, vertices[first] < vertices[second])
    nested = holds | held
    large, small = np.where(swap, second, first), np.where(swap, first, second)
    _, object_of = np.unique([id(shape) for shape in both], return_inverse=True)
    order = np.argsort(object_of[large], kind="stable")
    relation = np.full(len(one), APART)

    def relate(pairs: Ints) -> Ints:
        rows = large[pairs]
        fresh = both[np.unique(rows)]
        fresh = fresh[~shapely.is_prepared(fresh)]
        shapely.prepare(fresh)
        found = np.full(len(pairs), APART)
        inside = nested[pairs]
        inside[inside] = shapely.covers(both[rows[inside]], both[small[pairs[inside]]])
        found[inside] = COVERED
        open_ = ~inside
        met = shapely.intersects(both[rows[open_]], both[small[pairs[open_]]])
        found[np.flatnonzero(open_)[met]] = CROSSING
        shapely.destroy_prepared(fresh)
        return found

    chunks = _chunks(order, object_of[large[order]])
    for pairs, found in zip(chunks, pool.map(relate, chunks), strict=True):
        relation[pairs] = found
    return relation


def _chunks(order: Ints, group: Ints) -> list[Ints]:
    """Cut an order into chunks that do not part a group."""
    starts = np.flatnonzero(np.diff(group, prepend=-1))
    home = np.repeat(starts // PAIRS_AT_ONCE, np.diff(np.append(starts, len(group))))
    return np.split(order, np.flatnonzero(np.diff(home)) + 1) if len(order) else []


def _cut(
    left: Shapes, right: Shapes, one: Ints, other: Ints, relation: Ints, pool: Executor
) -> _Cut:
    """Give each pair what the two have in common."""
    geometry = np.full(len(one), None, dtype=object)
    covered = np.flatnonzero(relation == COVERED)
    smaller = shapely.area(left[one[covered]]) <= shapely.area(right[other[covered]])
    geometry[covered] = np.where(smaller, left[one[covered]], right[other[covered]])
    snapped = np.zeros(len(one), dtype=bool)
    crossing = np.flatnonzero(relation == CROSSING)
    chunks = np.array_split(crossing, max(1, len(crossing) // PAIRS_AT_ONCE))

    def intersect(pairs: Ints) -> tuple[Shapes, Mask]:
        return _intersections(left[one[pairs]], right[other[pairs]])

    for pairs, (found, retried) in zip(chunks, pool.map(intersect, chunks), strict=True):
        geometry[pairs], snapped[pairs] = found, retried
    return _Cut(one, other, geometry, relation == CROSSING, snapped)


def _intersections(first: Shapes, second: Shapes) -> tuple[Shapes, Mask]:
    """Intersect pairs; those that GEOS cannot, again on a millimetre grid."""
    snapped = np.zeros(len(first), dtype=bool)
    try:
        found = shapely.intersection(first, second)
    except shapely.GEOSException:
        pairs = [_intersection(a, b) for a, b in zip(first, second, strict=True)]
        found = np.array([shape for shape, _ in pairs], dtype=object)
        snapped = np.array([retried for _, retried in pairs])
    mixed = shapely.get_type_id(found) == COLLECTION
    found[mixed] = areal(found[mixed])
    return found, snapped


def _intersection(first: Any, second: Any) -> tuple[Any, bool]:
    try:
        return shapely.intersection(first, second), False
    except shapely.GEOSException:
        return _on_grid(lambda: shapely.intersection(first, second, grid_size=GRID_M)), True


def _on_grid(operation: Callable[[], Any]) -> Any:
    try:
        return operation()
    except shapely.GEOSException as fault:
        raise GeometryError(
            f"two polygons cannot be overlaid, not even on a millimetre grid: {fault}",
            where="overlay",
            fix="check both layers and repair what is invalid, then try again",
            code="overlay_failed",
        ) from fault


def _cut_by_tiles(left: Shapes, right: Shapes, one: Ints, other: Ints, pool: Executor) -> _Cut:
    """Give pairs with a polygon of very many vertices what they have in common, tile by tile."""
    tiles, tile_of = _tiles(left, one, pool)
    panes, pane_of = _tiles(right, other, pool)
    tile, pane = _near(tiles, panes)
    wanted = one * len(right) + other
    among = np.isin(tile_of[tile] * len(right) + pane_of[pane], wanted)
    tile, pane = tile[among], pane[among]
    relation = _relations(tiles, panes, tile, pane, pool)
    cut = _cut(tiles, panes, tile, pane, relation, pool)
    real = np.nan_to_num(shapely.area(cut.geometry)) > 0
    pair = tile_of[tile] * len(right) + pane_of[pane]
    order = np.flatnonzero(real)[np.argsort(pair[real], kind="stable")]
    geometry, found = cut.geometry[order], pair[order]
    starts = np.flatnonzero(np.diff(found, prepend=-1))
    groups = np.split(geometry, starts[1:]) if len(starts) else []

    def join(some: list[Shapes]) -> list[Any]:
        return [own[0] if len(own) == 1 else flat_union(own) for own in some]

    chunks = [groups[at : at + PAIRS_AT_ONCE] for at in range(0, len(groups), PAIRS_AT_ONCE)]
    joined = [shape for part in pool.map(join, chunks) for shape in part]
    at = np.argsort(wanted)
    result = np.full(len(one), None, dtype=object)
    result[at[np.searchsorted(wanted[at], found[starts])]] = joined
    snapped = np.isin(wanted, pair[cut.snapped])
    return _Cut(one, other, result, np.ones(len(one), dtype=bool), snapped)


def _tiles(shapes: Shapes, rows: Ints, pool: Executor) -> tuple[Shapes, Ints]:
    """Return the polygons of these rows, cut up where they are huge, and the row of each."""
    used = np.unique(rows)
    tiles, tile_of = tiled(shapes[used], pool.map)
    return tiles, used[tile_of]


def _bounds(bounds: Floats, outer: Ints, inner: Ints) -> Mask:
    low = (bounds[outer, :2] <= bounds[inner, :2]).all(axis=1)
    high = (bounds[outer, 2:] >= bounds[inner, 2:]).all(axis=1)
    return np.asarray(low & high)
