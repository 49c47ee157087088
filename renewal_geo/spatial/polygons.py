"""Polygons as the area kernels want them: valid, flat, none of them huge."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

TILE_FROM_VERTICES = 3_000  # swept: 1,500 to 6,000 and tiles of 1,024 to 4,096 cost alike
TILE_VERTICES = 1_024
GRID_M = 0.001
POLYGON, MULTIPOLYGON, COLLECTION = 3, 6, 7
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Shapes = NDArray[np.object_]


def polygonal(shapes: Shapes) -> Shapes:
    """Return the polygonal part of each geometry, valid; None where there is none."""
    valid = np.array(shapes, dtype=object)
    broken = ~shapely.is_valid(valid) & ~shapely.is_missing(valid)
    valid[broken] = shapely.make_valid(valid[broken])
    return flat(valid)


def flat(shapes: Shapes) -> Shapes:
    """Return the polygons of valid geometries without heights; None where there is none."""
    kept = np.array(shapes, dtype=object)
    upright = shapely.has_z(kept) | shapely.has_m(kept)
    kept[upright] = shapely.force_2d(kept[upright])
    return areal(kept)


def areal(shapes: Shapes) -> Shapes:
    """Return the polygons among the parts of each valid geometry; None where there is none."""
    kept = np.array(shapes, dtype=object)
    for row in np.flatnonzero(shapely.get_type_id(kept) == COLLECTION):
        parts = shapely.get_parts(kept[row])
        while (nested := shapely.get_type_id(parts) == COLLECTION).any():
            parts = np.concatenate([parts[~nested], shapely.get_parts(parts[nested])])
        kept[row] = shapely.union_all(
            parts[np.isin(shapely.get_type_id(parts), (POLYGON, MULTIPOLYGON))]
        )
    kind = shapely.get_type_id(kept)
    kept[~np.isin(kind, (POLYGON, MULTIPOLYGON)) | shapely.is_empty(kept)] = None
    return kept


def flat_union(shapes: Any) -> Any:
    """Return the union of polygons, robustly: retried on a millimetre grid if GEOS gives up."""
    try:
        return shapely.union_all(shapes)
    except shapely.GEOSException:
        return shapely.union_all(shapes, grid_size=GRID_M)


def tiled(
    layer: Shapes, each: Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]] = map
) -> tuple[Shapes, Ints]:
    """Cut polygons of very many vertices into tiles; others stay whole.

    Parameters
    ----------
    layer
        Valid polygons; None allowed.
    each
        ``map``, or that of an executor of threads.

    Returns
    -------
    tuple
        Polygons, and the row of `layer` that each comes from. Areas add up to those of the layer.
    """
    large = np.flatnonzero(is_huge(layer))
    if not len(large):
        return layer, np.arange(len(layer))
    small = np.setdiff1d(np.arange(len(layer)), large)
    shapes, rows = [layer[small]], [small]
    for row, parts in zip(large, each(_halved, layer[large]), strict=True):
        shapes.append(np.array(parts, dtype=object))
        rows.append(np.full(len(parts), row))
    return np.concatenate(shapes), np.concatenate(rows)


def is_huge(shapes: Shapes) -> NDArray[np.bool_]:
    """Return which polygons have so many vertices that cutting them up pays."""
    return shapely.get_num_coordinates(shapes) > TILE_FROM_VERTICES


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
            boxes = ((x0, y0, middle, y1), (middle, y0, x1, y1))
        else:
            middle = (y0 + y1) / 2
            boxes = ((x0, y0, x1, middle), (x0, middle, x1, y1))
        for half in _cut(one, boxes):
            kept = shapely.get_parts(half)
            waiting.extend(kept[shapely.get_type_id(kept) == POLYGON].tolist())
    return done


def _cut(shape: Any, boxes: tuple[tuple[float, ...], ...]) -> Any:
    """Cut a polygon by boxes that fill its bounds: quickly, and checked, else by the overlay of GEOS."""
    halves = np.array([shapely.clip_by_rect(shape, *box) for box in boxes], dtype=object)
    if (
        shapely.is_valid(halves).all()
        and abs(shapely.area(halves).sum() - shape.area) <= 1e-9 * shape.area
    ):
        return halves
    return shapely.intersection(shape, shapely.box(*np.transpose(boxes)))
