"""Boundaries as arrays: directed segments of polygons, and the largest polygon of many."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

POLYGON, MULTIPOLYGON, COLLECTION = 3, 6, 7
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Shapes = NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Segments:
    """Directed segments with the interior on their left; `owner` is a parcel or a barrier."""

    start: Floats
    end: Floats
    owner: Ints

    def where(self, rows: Bools) -> Segments:
        """Return the segments at which `rows` is True."""
        return Segments(self.start[rows], self.end[rows], self.owner[rows])


def segments_of(polygons: Shapes, owners: Ints) -> Segments:
    """Return the boundary segments of polygons, exteriors counter-clockwise, holes clockwise.

    Parameters
    ----------
    polygons
        n valid Polygons or MultiPolygons, in metres; None and empty give none.
    owners
        Length n, the number that each polygon's segments bear.
    """
    parts, part_of = _polygons(np.asarray(polygons, dtype=object))
    if not len(parts):
        none = np.empty((0, 2))
        return Segments(none, none, np.empty(0, dtype=np.int64))
    _, points, (ring_first, part_first) = shapely.to_ragged_array(parts, include_z=False)
    sizes = np.diff(ring_first)
    ring_of = np.repeat(np.arange(len(sizes)), sizes)
    ring_part = np.repeat(np.arange(len(parts)), np.diff(part_first))
    is_exterior = np.zeros(len(sizes), dtype=bool)
    is_exterior[part_first[:-1][np.diff(part_first) > 0]] = True
    local = points - points[ring_first[:-1]][ring_of]  # small numbers, or the area is rounding
    moves = np.flatnonzero(ring_of[1:] == ring_of[:-1])
    ring = ring_of[moves]
    twice = local[moves, 0] * local[moves + 1, 1] - local[moves + 1, 0] * local[moves, 1]
    is_left = np.bincount(ring, twice, minlength=len(sizes)) > 0
    forward = (is_left == is_exterior)[ring]
    x, y = points.T
    kept = (x[moves] != x[moves + 1]) | (y[moves] != y[moves + 1])
    moves, ring, forward = moves[kept], ring[kept], forward[kept]
    owner = np.asarray(owners, dtype=np.int64)[part_of[ring_part[ring]]]
    tail = np.where(forward, moves, moves + 1)
    head = np.where(forward, moves + 1, moves)
    return Segments(points[tail], points[head], owner)


def _polygons(shapes: Shapes) -> tuple[Shapes, Ints]:
    """Return the single polygons, with the row of each; a copy of them only where some have parts."""
    kind = shapely.get_type_id(shapes)
    if (kind == MULTIPOLYGON).any():
        parts, of = shapely.get_parts(shapes, return_index=True)
        return parts, np.asarray(of, dtype=np.int64)
    rows = np.flatnonzero(kind == POLYGON)
    return shapes[rows], rows.astype(np.int64)


def joined(one: Segments, other: Segments) -> Segments:
    """Return the segments of both, those of `one` first."""
    return Segments(
        np.concatenate([one.start, other.start]),
        np.concatenate([one.end, other.end]),
        np.concatenate([one.owner, other.owner]),
    )


def largest_parts(shapes: Shapes) -> Shapes:
    """Return the largest polygon of each geometry, in two dimensions; None where there is none."""
    flat = np.array(shapes, dtype=object)
    upright = shapely.has_z(flat)
    if upright.any():
        flat[upright] = shapely.force_2d(flat[upright])
    kind = shapely.get_type_id(flat)
    several = np.flatnonzero(np.isin(kind, (MULTIPOLYGON, COLLECTION)))
    parts, of = shapely.get_parts(flat[several], return_index=True)
    parts, nested = shapely.get_parts(parts, return_index=True)
    of = of[nested]
    order = np.lexsort((np.arange(len(of)), -shapely.area(parts), of))
    rows, begin = np.unique(of[order], return_index=True)
    flat[several] = None
    flat[several[rows]] = parts[order[begin]]
    areal = (shapely.get_type_id(flat) == POLYGON) & ~shapely.is_empty(flat)
    flat[~areal] = None
    return flat
