"""Areas by class inside polygons: the kernel under every area book.

Pairs come from a spatial index; a class polygon that covers a whole zone, or lies whole inside one,
needs no overlay; only pairs whose borders cross are intersected. Polygons of very many vertices are
first cut into tiles, which changes no area.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

TILE_FROM_VERTICES = 2_000
TILE_VERTICES = 256
SLIVER_WIDTH_M = 0.5
SLIVER_AREA_M2 = 1.0
POLYGON = 3
COLLECTION = 7
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Shapes = NDArray[np.object_]


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """What of which layer polygon lies in which zone; only pieces with area."""

    zone: Ints
    source: Ints
    geometry: Shapes
    area: Floats


def polygonal(shapes: Shapes) -> Shapes:
    """Return the polygonal part of each geometry, valid; None where there is none."""
    flat = shapely.force_2d(np.asarray(shapes, dtype=object))
    broken = ~shapely.is_valid(flat) & ~shapely.is_missing(flat)
    flat[broken] = shapely.make_valid(flat[broken])
    kind = shapely.get_type_id(flat)
    for row in np.flatnonzero(kind == COLLECTION):
        parts = shapely.get_parts(flat[row])
        while (nested := shapely.get_type_id(parts) == COLLECTION).any():
            parts = np.concatenate([parts[~nested], shapely.get_parts(parts[nested])])
        flat[row] = shapely.union_all(parts[np.isin(shapely.get_type_id(parts), (3, 6))])
    areal = np.isin(shapely.get_type_id(flat), (3, 6)) & ~shapely.is_empty(flat)
    return np.where(areal, flat, None)  # type: ignore[call-overload, no-any-return]


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
    tiles, tile_of = tiled(layer)
    tree = shapely.STRtree(tiles)
    zone, tile = tree.query(zones, predicate="intersects")
    order = np.lexsort((tile, zone))
    zone, tile = zone[order], tile[order]
    shapely.prepare(tiles)
    inside = shapely.covered_by(zones[zone], tiles[tile])
    geometry = np.empty(len(zone), dtype=object)
    geometry[inside] = zones[zone[inside]]
    shapely.prepare(zones)
    holds = ~inside & shapely.covers(zones[zone], tiles[tile])
    geometry[holds] = tiles[tile[holds]]
    cross = ~inside & ~holds
    geometry[cross] = shapely.intersection(zones[zone[cross]], tiles[tile[cross]])
    area = shapely.area(geometry)
    real = area > 0
    found = Pieces(zone[real], tile_of[tile[real]], geometry[real], area[real])
    return found if len(tiles) == len(layer) else _rejoined(found)


def _rejoined(found: Pieces) -> Pieces:
    """Put the tiles of one pair together again, lest their seams pass for slivers."""
    order = np.lexsort((found.source, found.zone))
    zone, source, geometry = found.zone[order], found.source[order], found.geometry[order]
    starts = np.flatnonzero(np.diff(zone, prepend=-1) | np.diff(source, prepend=-1))
    ends = np.append(starts[1:], len(zone))
    whole = geometry[starts]
    for at in np.flatnonzero(ends - starts > 1):
        whole[at] = flat_union(geometry[starts[at] : ends[at]])
    return Pieces(zone[starts], source[starts], whole, shapely.area(whole))


def tiled(layer: Shapes) -> tuple[Shapes, Ints]:
    """Cut polygons of very many vertices into tiles; others stay whole.

    Returns
    -------
    tuple
        Polygons, and the row of `layer` that each comes from. Areas add up to those of the layer.
    """
    count = np.where(shapely.is_missing(layer), 0, shapely.get_num_coordinates(layer))
    large = np.flatnonzero(count > TILE_FROM_VERTICES)
    if not len(large):
        return layer, np.arange(len(layer))
    small = np.setdiff1d(np.arange(len(layer)), large)
    shapes, rows = [layer[small]], [small]
    for row in large:
        parts = _halved(layer[row])
        shapes.append(np.array(parts, dtype=object))
        rows.append(np.full(len(parts), row))
    return np.concatenate(shapes), np.concatenate(rows)


def overlap_area(zones: Shapes, layer: Shapes) -> Floats:
    """Return how much of each zone lies in the union of `layer`, m2."""
    found = pieces(zones, layer)
    total = np.bincount(found.zone, found.area, minlength=len(zones))
    for row in np.flatnonzero(np.bincount(found.zone, minlength=len(zones)) > 1):
        total[row] = shapely.union_all(found.geometry[found.zone == row]).area
    return total  # type: ignore[return-value]


def sliver_area(found: Pieces) -> Floats:
    """Return for each piece how much of it lies in slivers: parts thin or tiny."""
    parts, part_of = shapely.get_parts(found.geometry, return_index=True)
    area, length = shapely.area(parts), shapely.length(parts)
    width = 2.0 * area / np.maximum(length, 1e-12)
    thin = (width < SLIVER_WIDTH_M) | (area < SLIVER_AREA_M2)
    return np.bincount(part_of, np.where(thin, area, 0.0), minlength=len(found.geometry))  # type: ignore[return-value]


def flat_union(shapes: Any) -> Any:
    """Return the union of polygons, robustly: retried on a millimetre grid if GEOS gives up."""
    try:
        return shapely.union_all(shapes)
    except shapely.GEOSException:
        return shapely.union_all(shapes, grid_size=0.001)


def _halved(shape: Any) -> list[Any]:
    """Split a polygon by its longer side until no tile has many vertices."""
    done, waiting = [], [shape]
    while waiting:
        one = waiting.pop()
        if shapely.get_num_coordinates(one) <= TILE_VERTICES:
            done.append(one)
            continue
        x0, y0, x1, y1 = shapely.bounds(one)
        if x1 - x0 >= y1 - y0:
            middle = (x0 + x1) / 2
            boxes = (shapely.box(x0, y0, middle, y1), shapely.box(middle, y0, x1, y1))
        else:
            middle = (y0 + y1) / 2
            boxes = (shapely.box(x0, y0, x1, middle), shapely.box(x0, middle, x1, y1))
        for half in boxes:
            part = shapely.intersection(one, half)
            kept = shapely.get_parts(part)
            kept = kept[shapely.get_type_id(kept) == POLYGON]
            waiting.extend(kept.tolist())
    return done
