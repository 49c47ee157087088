"""Do polygons share no ground? Settled from their edges alone, where they form a clean coverage.

Every edge is given the direction that has its polygon on the left. The number of polygons over a point is the
winding number of all edges together. Edges that run both ways cancel; if what remains is, edge by edge, the
rightly directed outline of one valid (multi)polygon, that number is nowhere more than one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from renewal_geo.spatial.polygons import Shapes

VERTICES_AT_ONCE = 200_000
BUCKETS = np.uint64(2**20 - 1)
AREAL = 2
OUTLINE_SHARE, OUTLINE_AT_LEAST = 0.3, 10_000
Keys = NDArray[np.uint64]


@dataclass(frozen=True, slots=True, eq=False)
class _Edges:
    """Edges of some polygons: a key, whose last bit is the direction; the polygon; where asked, the points."""

    key: Keys
    polygon: NDArray[np.int32]
    points: NDArray[np.float64]
    at: NDArray[np.int64]


def proven_disjoint(shapes: Shapes) -> bool:
    """Return whether the edges prove that no two of the valid polygons share ground.

    False means not proven: polygons with unmatched vertices may be disjoint all the same.

    Notes
    -----
    Edges are matched by 63 bits of a hash. A wrong proof needs two unmatched edges with one hash: among
    a million of them the odds are one in ten million.
    """
    parts = _parts(shapes)
    known = [_edges(part) for part in parts]
    left = _unpaired(np.concatenate([edges.key for edges in known]))
    total = sum(len(edges.key) for edges in known)
    if not total:
        return True
    if left is None or len(left) > max(OUTLINE_SHARE * total, OUTLINE_AT_LEAST):
        return False
    bucket = np.zeros(int(BUCKETS) + 1, dtype=bool)
    bucket[left & BUCKETS] = True
    lines = [_lines(part, edges, left, bucket) for part, edges in zip(parts, known, strict=True)]
    try:
        outline = shapely.build_area(shapely.multilinestrings(np.concatenate(lines)))
    except shapely.GEOSException:  # edges that cross
        return False
    if not shapely.is_valid(outline) or shapely.get_dimensions(outline) != AREAL:
        return False
    return bool(np.array_equal(np.sort(_edges(np.array([outline])).key), left))


def _parts(shapes: Shapes) -> list[Shapes]:
    home = np.cumsum(shapely.get_num_coordinates(shapes)) // VERTICES_AT_ONCE
    return np.split(shapes, np.flatnonzero(np.diff(home)) + 1)


def _unpaired(keys: Keys) -> Keys | None:
    """Return the edges that run one way only, sorted; None if one runs the same way twice."""
    keys.sort()
    if (keys[1:] == keys[:-1]).any():
        return None
    met = np.zeros(len(keys) + 1, dtype=bool)  # with the one before: but for the direction the same
    for at in range(1, len(keys), VERTICES_AT_ONCE):
        part = slice(at, at + VERTICES_AT_ONCE)
        met[:-1][part] = (keys[part] ^ keys[at - 1 : at - 1 + len(keys[part])]) == 1
    if (met[1:] & met[:-1]).any():
        return None
    alone: Keys = keys[~(met[1:] | met[:-1])]
    return alone


def _lines(
    shapes: Shapes, edges: _Edges, wanted: Keys, bucket: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return the wanted edges of some polygons: length k, two points each."""
    likely = np.flatnonzero(bucket[edges.key & BUCKETS])
    real = likely[_among(edges.key[likely], wanted)]
    again = _edges(shapes[np.unique(edges.polygon[real])], placed=True)
    at = again.at[_among(again.key, wanted)]
    return np.stack([again.points[at], again.points[at + 1]], axis=1)


def _among(keys: Keys, wanted: Keys) -> NDArray[np.bool_]:
    """Return which keys are among sorted ones."""
    if not len(wanted):
        return np.zeros(len(keys), dtype=bool)
    at = np.minimum(np.searchsorted(wanted, keys), len(wanted) - 1)
    return np.asarray(wanted[at] == keys)


def _edges(shapes: Shapes, *, placed: bool = False) -> _Edges:
    parts, polygon_of = shapely.get_parts(shapes, return_index=True)
    rings, part_of = shapely.get_rings(parts, return_index=True)
    hole = np.append(False, part_of[1:] == part_of[:-1])[: len(rings)]
    turned = shapely.is_ccw(rings) == hole
    points, ring = shapely.get_coordinates(rings, return_index=True)
    mark = _mixed(points)
    at = np.flatnonzero((ring[1:] == ring[:-1]) & (mark[1:] != mark[:-1]))
    first, second, ring = mark[at], mark[at + 1], ring[at]
    onward = (first < second) != turned[ring]
    edge = np.minimum(first, second) * np.uint64(0x9E3779B97F4A7C15) + np.maximum(first, second)
    return _Edges(
        (edge << np.uint64(1)) | onward.astype(np.uint64),
        polygon_of[part_of[ring]].astype(np.int32),
        points if placed else np.empty((0, 2)),  # a view would keep all points in memory
        at if placed else np.empty(0, np.int64),
    )


def _mixed(points: NDArray[np.float64]) -> Keys:
    """Return a hash of 64 bits per point; round coordinates, which have few bits, spread as well."""
    bits = (points + 0.0).view(np.uint64)  # minus zero is zero
    return _stirred(_stirred(bits[:, 0]) + bits[:, 1])


def _stirred(bits: Keys) -> Keys:
    """Mix 64 bits so that every bit hangs on every other (the finaliser of splitmix64)."""
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))
