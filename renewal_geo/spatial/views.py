"""Who faces whom with the barriers standing, and who would if there were none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from renewal_geo.spatial.barriers import without
from renewal_geo.spatial.boundaries import Segments, joined, largest_parts, segments_of
from renewal_geo.spatial.frontage import BARRIER, Facing, facing, replaced
from renewal_geo.spatial.overlap import covers_of, nearby_pairs, wide_overlaps

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Shapes = NDArray[np.object_]


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """What every parcel sees.

    Attributes
    ----------
    shapes
        The polygon as which each parcel sees and is seen, None for none.
    met
        Which parcels meet a barrier.
    near
        All pairs whose bounding boxes meet, first < second.
    overlaps
        Those of them that overlap widely.
    faced
        Over which lengths they face each other.
    """

    shapes: Shapes
    met: Bools
    near: tuple[Ints, Ints]
    overlaps: tuple[Ints, Ints]
    faced: Facing


def look(solid: Shapes, walls: Shapes, gap_max_m: float, tolerance_m: float) -> View:
    """Let all parcels look out, each as its largest part outside the barriers.

    Parameters
    ----------
    solid
        n valid polygons, metres; None takes part in nothing.
    walls
        m valid polygons that nobody sees through.
    gap_max_m, tolerance_m
        How far they see, and what is still distance 0; see :func:`facing`.
    """
    shapes, met = without(solid, walls)
    near = nearby_pairs(solid)
    outlines = segments_of(shapes, np.arange(len(shapes)))
    overlaps = wide_overlaps(shapes, outlines, near, tolerance_m)
    barriers = segments_of(walls, np.full(len(walls), BARRIER))
    targets = joined(outlines, barriers)
    faced = _faced(outlines, targets, shapes, overlaps, gap_max_m, tolerance_m)
    return View(shapes, met, near, overlaps, faced)


def without_barriers(solid: Shapes, view: View, gap_max_m: float, tolerance_m: float) -> View:
    """Return what all would see if no barrier stood.

    Only those look again who had a barrier in view or a parcel near by that a barrier cut; what the
    others saw stands. All arguments as for the first :func:`look`.
    """
    whole = view.shapes.copy()
    whole[view.met] = largest_parts(solid[view.met])
    reach = max(gap_max_m, tolerance_m) + 1.0
    again = view.met.copy()
    again[view.faced.walled] = True
    again[_around(solid, view.met, reach)] = True
    in_view = _around(solid, again, reach)
    outlines = segments_of(whole[in_view], in_view)
    changed = view.met[view.near[0]] | view.met[view.near[1]]
    fresh = wide_overlaps(
        whole, outlines, (view.near[0][changed], view.near[1][changed]), tolerance_m
    )
    stands = ~(view.met[view.overlaps[0]] | view.met[view.overlaps[1]])
    overlaps = (
        np.concatenate([view.overlaps[0][stands], fresh[0]]),
        np.concatenate([view.overlaps[1][stands], fresh[1]]),
    )
    sources = outlines.where(again[outlines.owner])
    seen = _faced(sources, outlines, whole, overlaps, gap_max_m, tolerance_m)
    none = np.zeros(len(solid), dtype=bool)
    return View(whole, none, view.near, overlaps, replaced(view.faced, again, seen))


def _faced(
    sources: Segments,
    targets: Segments,
    shapes: Shapes,
    overlaps: tuple[Ints, Ints],
    gap_max_m: float,
    tolerance_m: float,
) -> Facing:
    covers = covers_of(shapes, *overlaps)
    return facing(
        sources, targets, gap_max_m=gap_max_m, edge_tolerance_m=tolerance_m, covers=covers
    )


def _around(shapes: Shapes, chosen: Bools, distance_m: float) -> Ints:
    """Return the rows whose boxes come within a distance of the boxes of the chosen, these included."""
    boxes = shapely.bounds(shapes[chosen])
    boxes = boxes[~np.isnan(boxes[:, 0])]
    west, south, east, north = boxes.T
    asked = shapely.box(
        west - distance_m, south - distance_m, east + distance_m, north + distance_m
    )
    _, found = shapely.STRtree(shapes).query(asked)
    return np.unique(found).astype(np.int64)
