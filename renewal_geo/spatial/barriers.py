"""Barriers as polygons: lines widened, parcels cut by them, large ones in small pieces."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from renewal_geo.foundation.crs import require_same
from renewal_geo.foundation.errors import InputError, some_ids
from renewal_geo.spatial.boundaries import POLYGON, largest_parts

DEFAULT_WIDTH_M = 1.0
PIECE_VERTICES = 64
PIECE_SIDE_M = 20.0
SEAM_M = 1.0  # pieces overlap by this much: seams that only touch may leave a hair across a river
Bools = NDArray[np.bool_]
Shapes = NDArray[np.object_]


def widen(barriers: gpd.GeoDataFrame | None, parcels: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Make polygons of barriers: lines are widened to ``width_m``, polygons stay.

    Parameters
    ----------
    barriers
        Lines and polygons with optional columns ``width_m`` (full width, metres) and ``kind``.
    parcels
        The layer whose CRS they must share.

    Returns
    -------
    GeoDataFrame
        Valid polygons with the column ``kind``; empty where there are none.

    Raises
    ------
    CRSError
        If the two layers are in different CRSs.
    InputError
        For a width that is not positive.
    """
    if barriers is None or not len(barriers):
        return gpd.GeoDataFrame({"kind": []}, geometry=[], crs=parcels.crs)
    require_same(parcels, barriers, ("parcels", "barriers"))
    shapes = shapely.force_2d(barriers.geometry.to_numpy())
    width = np.full(len(barriers), DEFAULT_WIDTH_M)
    if "width_m" in barriers.columns:
        given = pd.to_numeric(barriers["width_m"], errors="coerce").to_numpy(dtype=float)
        width = np.where(np.isnan(given), DEFAULT_WIDTH_M, given)
    is_polygon = np.isin(shapely.get_type_id(shapes), (3, 6))
    bad = ~is_polygon & ~(width > 0)
    if bad.any():
        raise InputError(
            f"{int(bad.sum())} barriers have a width that is not positive",
            where=f"barriers {some_ids(barriers.index[bad])}",
            fix="correct width_m, or leave it empty for 1 m",
            code="barrier_width",
        )
    shapes = np.where(is_polygon, shapes, shapely.buffer(shapes, width / 2, cap_style="flat"))
    broken = ~shapely.is_valid(shapes) & ~shapely.is_missing(shapes)
    shapes = np.where(broken, shapely.buffer(shapely.make_valid(shapes), 0), shapes)
    kind = (
        barriers["kind"].astype(object).where(barriers["kind"].notna(), "barrier").astype(str)
        if "kind" in barriers.columns
        else pd.Series("barrier", index=barriers.index)
    )
    walls = gpd.GeoDataFrame({"kind": kind.to_numpy()}, geometry=shapes, crs=parcels.crs)
    walls = walls[~(walls.geometry.isna() | walls.geometry.is_empty)]
    order = np.lexsort(
        [*walls.geometry.bounds.to_numpy().T[::-1], walls["kind"].to_numpy(str)][::-1]
    )
    return walls.iloc[order].reset_index(drop=True)


def without(shapes: Shapes, walls: Shapes) -> tuple[Shapes, Bools]:
    """Take the walls out of polygons and keep the largest part of each.

    Parameters
    ----------
    shapes
        n polygons, each the largest part of its parcel or the whole; None allowed.
    walls
        m valid polygons in the same CRS, metres; they may overlap.

    Returns
    -------
    tuple
        The n largest parts outside the walls, and which of the `shapes` meet a wall at all; the
        others are returned as they are.
    """
    met = np.zeros(len(shapes), dtype=bool)
    if not len(walls):
        return largest_parts(shapes), met
    pieces = subdivided(walls)
    # the walls' pieces ask, for they are prepared once each and there are few of them
    piece, row = shapely.STRtree(shapes).query(pieces, predicate="intersects")
    order = np.lexsort((piece, row))
    rows, begin, count = np.unique(row[order], return_index=True, return_counts=True)
    met[rows] = True
    cut = np.array(shapes, dtype=object)
    between = pieces[piece[order[begin]]]
    many = np.flatnonzero(count > 1)
    if len(many):
        rank = np.arange(len(order)) - np.repeat(begin, count)
        place = np.repeat(np.arange(len(rows)), count)
        stacked = np.full((len(rows), int(count.max())), None, dtype=object)
        stacked[place, rank] = pieces[piece[order]]
        between[many] = shapely.union_all(stacked[many], axis=1)
    cut[rows] = shapely.difference(cut[rows], between)
    return largest_parts(cut), met


def subdivided(polygons: Shapes) -> Shapes:
    """Cut polygons of many vertices in pieces of at most :data:`PIECE_VERTICES`, which overlap a little.

    A parcel is then only ever cut by the few pieces near it. The union of the pieces is the union of
    the polygons.
    """
    parts = shapely.get_parts(np.asarray(polygons, dtype=object))
    done = []
    while len(parts):
        bounds = shapely.bounds(parts)
        side = bounds[:, 2:] - bounds[:, :2]
        large = (shapely.get_num_coordinates(parts) > PIECE_VERTICES) & (
            side.max(axis=1) > PIECE_SIDE_M
        )
        done.append(parts[~large])
        whole, bounds, side = parts[large], bounds[large], side[large]
        if not len(whole):
            break
        axis = np.argmax(side, axis=1)
        rows = np.arange(len(whole))
        middle = (bounds[rows, axis] + bounds[rows, axis + 2]) / 2
        low, high = bounds.copy(), bounds.copy()
        low[rows, axis + 2] = middle + SEAM_M / 2
        high[rows, axis] = middle - SEAM_M / 2
        halves = shapely.intersection(
            np.concatenate([whole, whole]), shapely.box(*np.concatenate([low, high]).T)
        )
        parts = shapely.get_parts(shapely.get_parts(halves))
        parts = parts[(shapely.get_type_id(parts) == POLYGON) & ~shapely.is_empty(parts)]
    return np.concatenate(done) if done else parts


def between(one: Shapes, other: Shapes, walls: gpd.GeoDataFrame) -> NDArray[np.object_]:
    """Name the barrier between the shapes of each pair: the first that their shortest line meets.

    Where the line meets none, the nearest.
    """
    lines = shapely.shortest_line(one, other)
    tree = shapely.STRtree(walls.geometry.to_numpy())
    barrier = tree.nearest(lines).astype(np.int64)
    line, wall = tree.query(lines, predicate="intersects")
    if len(line):
        rows, begin = np.unique(line, return_index=True)
        barrier[rows] = np.minimum.reduceat(wall, begin)
    return walls["kind"].to_numpy(dtype=object)[barrier]
