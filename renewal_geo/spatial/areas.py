"""Areas by class inside polygons: pieces, slivers, and what several polygons cover together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from renewal_geo.spatial.overlays import common
from renewal_geo.spatial.polygons import Floats, Ints, Shapes, flat_union, polygonal, tiled
from renewal_geo.spatial.threads import Inline

SLIVER_WIDTH_M = 0.5
SLIVER_AREA_M2 = 1.0

__all__ = [
    "SLIVER_AREA_M2",
    "SLIVER_WIDTH_M",
    "Floats",
    "Ints",
    "Pieces",
    "Shapes",
    "flat_union",
    "overlap_area",
    "pieces",
    "polygonal",
    "sliver_area",
    "tiled",
]


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """What of which layer polygon lies in which zone; only pieces with area."""

    zone: Ints
    source: Ints
    geometry: Shapes
    area: Floats


def pieces(zones: Shapes, layer: Shapes) -> Pieces:
    """Overlay `zones` with `layer` and keep the pieces that have area.

    Parameters
    ----------
    zones, layer
        n and m valid polygons in one metric CRS; None allowed. Either may overlap itself.

    Returns
    -------
    Pieces
        Sorted by zone, then by layer polygon; one piece per pair that shares ground.
    """
    found = common(zones, layer, Inline())
    return Pieces(found.left, found.right, found.geometry, found.area)


def overlap_area(zones: Shapes, layer: Shapes) -> Floats:
    """Return how much of each zone lies in the union of `layer`, m2."""
    found = pieces(zones, layer)
    total = np.bincount(found.zone, found.area, minlength=len(zones))
    for row in np.flatnonzero(np.bincount(found.zone, minlength=len(zones)) > 1):
        total[row] = flat_union(found.geometry[found.zone == row]).area
    return total  # type: ignore[return-value]


def sliver_area(found: Pieces) -> Floats:
    """Return for each piece how much of it lies in slivers: parts thin or tiny."""
    return thin_area(found.geometry, found.area)


def thin_area(shapes: Shapes, area: Floats) -> Floats:
    """Return for each polygon of known area how much of it lies in parts below 0.5 m or 1 m2, m2."""
    thin = _thin(shapes, area)
    many = np.flatnonzero(shapely.get_num_geometries(shapes) > 1)
    parts, part_of = shapely.get_parts(shapes[many], return_index=True)
    thin[many] = np.bincount(part_of, _thin(parts, shapely.area(parts)), minlength=len(many))
    return thin


def _thin(parts: Shapes, area: Floats) -> Floats:
    width = 2.0 * area / np.maximum(shapely.length(parts), 1e-12)
    return np.where((width < SLIVER_WIDTH_M) | (area < SLIVER_AREA_M2), area, 0.0)
