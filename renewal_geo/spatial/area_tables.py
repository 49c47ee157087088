"""How much of each layer polygon lies in each zone, as numbers: the kernel under every area book."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from renewal_geo.spatial.areas import Floats, Ints, Pieces, Shapes, flat_union, pieces, sliver_area


@dataclass(frozen=True, slots=True, eq=False)
class AreaTable:
    """Areas of n zones by the polygons of a layer.

    Attributes
    ----------
    zone, source, area, sliver
        One entry per zone and layer polygon that share ground, sorted by zone, then polygon: their
        rows, the shared area, and how much of it lies in slivers (m2).
    uncovered, uncovered_sliver
        Per zone: area outside the union of the layer, and how much of that lies in slivers (m2).
    twice
        Per zone: sum of the shared areas less the area of their union (m2).
    """

    zone: Ints
    source: Ints
    area: Floats
    sliver: Floats
    uncovered: Floats
    uncovered_sliver: Floats
    twice: Floats


def area_table(zones: Shapes, layer: Shapes) -> AreaTable:
    """Measure how much of each zone lies in each polygon of a layer, in none, and in several.

    Parameters
    ----------
    zones, layer
        n and m valid polygons in one metric CRS; None allowed. Either may overlap itself.

    Returns
    -------
    AreaTable
        For every zone: sum of areas - twice + uncovered = its area, to max(1e-6 m2, 1e-9 of it).
    """
    return overlaid(zones, layer)


def overlaid(zones: Shapes, layer: Shapes) -> AreaTable:
    """Measure by intersecting pair by pair with GEOS: slower, and the oracle of the faster route."""
    found = pieces(zones, layer)
    count = len(zones)
    sums = np.bincount(found.zone, found.area, minlength=count)
    ends = np.searchsorted(found.zone, np.arange(count + 1))
    left = np.full(count, None, dtype=object)
    open_m2, twice = np.zeros(count), np.zeros(count)
    for zone, outline in enumerate(zones):
        own = found.geometry[ends[zone] : ends[zone + 1]]
        covered = flat_union(own) if len(own) else None
        rest = outline if covered is None else shapely.difference(outline, covered)
        open_m2[zone] = 0.0 if rest is None else float(rest.area)
        left[zone] = rest if open_m2[zone] else None
        twice[zone] = max(0.0, float(sums[zone]) - (0.0 if covered is None else covered.area))
    lost = Pieces(np.arange(count), np.zeros(count, dtype=np.int64), left, open_m2)
    return AreaTable(
        found.zone, found.source, found.area, sliver_area(found), open_m2, sliver_area(lost), twice
    )
