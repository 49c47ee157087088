"""Small changes to the rings of one polygon: a vertex put in, a vertex taken out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def with_vertices(shape: Any, points: Floats, tolerance: float, clearance: float) -> Any:
    """Put points into the edges that they lie by.

    Parameters
    ----------
    shape
        A polygon or multipolygon.
    points
        k x 2.
    tolerance
        How far a point may lie from the inside of an edge; the nearest edge of a ring takes it.
    clearance
        Points this close to a vertex of the ring are left out.
    """
    return _rebuilt(shape, lambda ring: _inserted(ring, points, tolerance, clearance))


def without_vertex(shape: Any, point: Floats) -> Any:
    """Take a vertex out of the rings that have it; a ring of three corners stays as it is."""
    return _rebuilt(shape, lambda ring: _removed(ring, point))


def _rebuilt(shape: Any, change: Callable[[Floats], Floats]) -> Any:
    parts = []
    for part in shapely.get_parts(shape):
        outer, *inner = (change(shapely.get_coordinates(one)) for one in shapely.get_rings(part))
        parts.append(shapely.Polygon(outer, inner))
    return parts[0] if shape.geom_type == "Polygon" else shapely.MultiPolygon(parts)


def _inserted(ring: Floats, points: Floats, tolerance: float, clearance: float) -> Floats:
    start, step = ring[:-1], np.diff(ring, axis=0)
    squared = np.maximum((step**2).sum(axis=1), 1e-300)
    places: list[tuple[int, float, Floats]] = []
    for point in points:
        if (np.hypot(*(start - point).T) <= clearance).any():
            continue
        along = ((point - start) * step).sum(axis=1) / squared
        off = np.hypot(*(start + along[:, None] * step - point).T)
        off[(along <= 0) | (along >= 1)] = np.inf
        edge = int(np.argmin(off))
        if off[edge] <= tolerance:
            places.append((edge, float(along[edge]), point))
    if not places:
        return ring
    places.sort(key=lambda one: one[:2])
    return np.insert(ring, [edge + 1 for edge, _, _ in places], [p for _, _, p in places], axis=0)


def _removed(ring: Floats, point: Floats) -> Floats:
    body = ring[:-1]
    kept = body[(body != point).any(axis=1)]
    kept = kept[(kept != np.roll(kept, 1, axis=0)).any(axis=1)]  # a thorn without a base
    return ring if len(kept) < 3 or len(kept) == len(body) else np.vstack([kept, kept[:1]])
