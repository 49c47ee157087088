"""Wide overlaps of polygons, and which stretches of a boundary lie hidden under one.

Most neighbours are proven apart by one straight line along an edge, in a compiled loop; only pairs
that no such line parts are intersected.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from renewal_geo.foundation.compiled import compiled
from renewal_geo.spatial.boundaries import Segments

MOST_OUTLINE = 128  # polygons of more edges lend no parting line: to find one is quadratic
ROUNDING_M = 1e-9
LINE = 1
INTERIORS_MEET = "T********"  # as in the DE-9IM matrix
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Shapes = NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Covers:
    """Polygons that overlap parcels widely: parcel `owner[k]` lies under `polygons[cover[k]]`."""

    owner: Ints
    cover: Ints
    polygons: Shapes


@dataclass(frozen=True, slots=True)
class Hidden:
    """Stretches of segments under a cover: those of segment s are ``first[s]`` to ``first[s + 1]``.

    `low` and `high` are metres from the segment's start.
    """

    first: Ints
    low: Floats
    high: Floats


def nearby_pairs(shapes: Shapes) -> tuple[Ints, Ints]:
    """Return the pairs, first < second, whose bounding boxes meet."""
    first, second = shapely.STRtree(shapes).query(shapes)
    once = first < second
    return first[once].astype(np.int64), second[once].astype(np.int64)


def wide_overlaps(
    shapes: Shapes, outlines: Segments, pairs: tuple[Ints, Ints], tolerance_m: float
) -> tuple[Ints, Ints]:
    """Return those of the pairs that overlap by more than the tolerance.

    Parameters
    ----------
    shapes
        n valid polygons, metres; None overlaps nothing.
    outlines
        Boundary segments of all shapes in the pairs, sorted by owner, which is the row in `shapes`.
    pairs
        Rows of the first and of the second of each pair to look at.
    tolerance_m
        An overlap is wide when a disc of this diameter fits into it.
    """
    first, second = pairs
    boxes = shapely.bounds(shapes)
    shared = np.minimum(boxes[first, 2:], boxes[second, 2:])
    shared -= np.maximum(boxes[first, :2], boxes[second, :2])
    # a strip half as wide as the tolerance holds no such disc; False where a shape is missing
    deep = (shared[:, 0] > tolerance_m / 2) & (shared[:, 1] > tolerance_m / 2)
    first, second = first[deep], second[deep]
    if not len(first):
        return first, second
    # column by column: numpy is slow along the long axis of a narrow array
    origin = np.array([outlines.start[:, 0].min(), outlines.start[:, 1].min()])
    tail, head = outlines.start - origin, outlines.end - origin
    begin = np.searchsorted(outlines.owner, np.arange(len(shapes) + 1)).astype(np.int64)
    is_outer = _outer_edges(tail, head, begin)
    parted = _parted(tail, head, begin, is_outer, np.stack([first, second], 1), tolerance_m / 2)
    first, second = first[~parted], second[~parted]
    crossing = shapely.relate_pattern(shapes[first], shapes[second], INTERIORS_MEET)
    first, second = first[crossing], second[crossing]
    common = shapely.intersection(shapes[first], shapes[second])
    wide = ~shapely.is_empty(shapely.buffer(common, -tolerance_m / 2))
    return first[wide], second[wide]


def covers_of(shapes: Shapes, first: Ints, second: Ints) -> Covers:
    """Return the covers that wide overlaps make, each pair from both sides."""
    owner = np.concatenate([first, second])
    named, cover = np.unique(np.concatenate([second, first]), return_inverse=True)
    return Covers(owner.astype(np.int64), cover.astype(np.int64), shapes[named])


def hidden(segments: Segments, covers: Covers | None, tolerance_m: float) -> Hidden:
    """Find the stretches of each segment that lie deeper than the tolerance under its covers."""
    n = len(segments.owner)
    none = Hidden(np.zeros(n + 1, dtype=np.int64), np.empty(0), np.empty(0))
    if covers is None or not len(covers.owner):
        return none
    rows = np.flatnonzero(np.isin(segments.owner, covers.owner))
    lines: Shapes = shapely.linestrings(  # type: ignore[assignment]
        np.stack([segments.start[rows], segments.end[rows]], axis=1)
    )
    inner = shapely.buffer(covers.polygons, -tolerance_m, join_style="mitre")
    cover, line = shapely.STRtree(lines).query(inner, predicate="intersects")
    count = len(covers.polygons)
    named = np.isin(segments.owner[rows[line]] * count + cover, covers.owner * count + covers.cover)
    cover, line = cover[named], line[named]
    stretches = shapely.intersection(lines[line], inner[cover])
    parts, of = shapely.get_parts(stretches, return_index=True)
    long = shapely.get_type_id(parts) == LINE
    parts, of = parts[long], of[long]
    ends = np.stack([shapely.get_coordinates(shapely.get_point(parts, k)) for k in (0, -1)], axis=1)
    # a stretch along the rim of a cover is exactly as deep as the tolerance, not deeper
    deeper = shapely.contains(inner[cover[of]], shapely.points(ends.mean(axis=1)))
    segment = rows[line[of[deeper]]]
    along = np.linalg.norm(ends[deeper] - segments.start[segment][:, None, :], axis=2)
    low, high = along.min(axis=1), along.max(axis=1)
    order = np.lexsort((high, low, segment))
    first = np.searchsorted(segment[order], np.arange(n + 1)).astype(np.int64)
    return Hidden(first, low[order], high[order])


@compiled
def _outer_edges(tail: Floats, head: Floats, begin: Ints) -> Bools:
    """Tell of every edge whether all of its own polygon lies on its left: an edge of the hull."""
    is_outer = np.zeros(len(tail), dtype=np.bool_)
    for owner in range(len(begin) - 1):
        p, q = begin[owner], begin[owner + 1]
        if q - p > MOST_OUTLINE:
            continue
        for k in range(p, q):
            is_outer[k] = _all_left(tail[k], head[k], tail, p, q, ROUNDING_M)
    return is_outer


@compiled
def _parted(
    tail: Floats, head: Floats, begin: Ints, is_outer: Bools, pairs: Ints, depth: float
) -> Bools:
    """Tell of every pair whether a line along an edge parts it, but for a strip of `depth`."""
    parted = np.zeros(len(pairs), dtype=np.bool_)
    for pair in range(len(pairs)):
        for way in range(2):
            i, j = pairs[pair, way], pairs[pair, 1 - way]
            for k in range(begin[i], begin[i + 1]):
                # the edge turned round has the other polygon on its left
                if is_outer[k] and _all_left(head[k], tail[k], tail, begin[j], begin[j + 1], depth):
                    parted[pair] = True
                    break
            if parted[pair]:
                break
    return parted


@compiled
def _all_left(a: Floats, b: Floats, points: Floats, p: int, q: int, depth: float) -> bool:
    """Tell whether the points p..q lie on the left of the line from a to b, or `depth` from it."""
    ex, ey = b[0] - a[0], b[1] - a[1]
    least = -depth * np.sqrt(ex * ex + ey * ey)
    k = p
    while k < q and ex * (points[k, 1] - a[1]) - ey * (points[k, 0] - a[0]) >= least:
        k += 1
    return k == q
