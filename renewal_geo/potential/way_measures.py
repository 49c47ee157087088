"""How far every parcel is from the nearest feature of a layer: straight, or along streets."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from renewal_geo.foundation.errors import InputError
from renewal_geo.potential.criterion import Criterion
from renewal_geo.potential.layer_rows import (
    POINT,
    Floats,
    Ints,
    Rows,
    Shapes,
    outlines_of,
    place_of,
    placed,
    rows_of,
)
from renewal_geo.potential.measure import NO_SHAPE, Measured, as_measured
from renewal_geo.spatial.catchments import nearest_sites
from renewal_geo.spatial.networks import Network, network_of, snap
from renewal_geo.spatial.strands import small_pieces

DOOR_M = 10.0  # along the outline of a line or an area it can be entered this often
NO_WAY = "no way along the streets"


def distance(
    parcels: gpd.GeoDataFrame,
    criterion: Criterion,
    layers: Mapping[str, gpd.GeoDataFrame],
    *,
    network: str | Network = "roads",
    max_snap_m: float = 200.0,
) -> Measured:
    """Measure the way (m) from every parcel to the nearest feature of a layer.

    Parameters
    ----------
    parcels
        n shapes in a projected CRS in metres.
    criterion
        ``layer, where, by``. ``line``: straight from the parcel's outline, 0 where the two meet. ``network``:
        from a point inside the parcel straight to its street, along the streets, and straight to the
        feature; 0 where that point lies in the feature.
    layers
        Tables by role; features may be points, lines or areas.
    network
        Role of the street centre-lines, or a network made of them (see :func:`streets_of`).
    max_snap_m
        What is farther from every street has no way.

    Returns
    -------
    Measured
        With ``nearest``. Missing where a parcel has no shape, no street near enough, or no way to any
        feature.

    Raises
    ------
    InputError
        As for :func:`renewal_geo.potential.layer_rows.rows_of`; ``no_features`` where no row is chosen; what
        :func:`streets_of` raises.

    Notes
    -----
    Lines and areas can be entered along streets wherever a street meets their outline, and at every 10 m of
    it. That makes a way too long by up to half of that where the outline runs beside its street (Wuxi, 2,033
    blocks, to water and arterials: under 5 m in 99 of 100, 11 m at most).
    """
    rows = rows_of(parcels, criterion, layers)
    if not len(rows.shapes):
        raise InputError(
            f"criterion {criterion.id}: {rows.name} has no feature to measure a distance to",
            where=place_of(criterion),
            fix="give a layer with rows, or another where",
            code="no_features",
        )
    shapes, there, said = outlines_of(parcels)
    notes, found = (*rows.notes, *said), np.flatnonzero(there)
    way, row = np.full(len(shapes), np.nan), np.full(len(shapes), -1, dtype=np.int64)
    why = np.where(there, "", NO_SHAPE).astype(object)
    rank = np.unique(rows.ids.astype(str), return_inverse=True)[1]
    if criterion.by == "network":
        streets, more = _streets(layers, network, parcels)
        way[found], row[found], why[found], lost = _along_streets(
            shapes[found], rows, rank, streets, max_snap_m
        )
        notes = (*notes, *more, *lost)
        along = network if isinstance(network, str) else "the streets"
        phrase = f"m along {along} from a point inside the parcel to the nearest of {rows.name}"
    else:
        way[found], row[found] = _straight(shapes[found], rows.shapes, rank)
        phrase = f"m from the parcel's outline to the nearest of {rows.name}"
    ids = np.where(row >= 0, rows.ids[row], None)  # type: ignore[call-overload]
    return as_measured(parcels.index, way, why, phrase, notes, ids)


def streets_of(
    layers: Mapping[str, gpd.GeoDataFrame],
    role: str,
    parcels: gpd.GeoDataFrame,
    noded: bool = True,
) -> tuple[Network, tuple[str, ...]]:
    """Make the network of a role's centre-lines in the CRS of the parcels, and say what was decided.

    `noded` as for :func:`renewal_geo.spatial.networks.network_of`: whether streets meet wherever they cross.

    Raises
    ------
    InputError
        ``layer_missing``, ``no_streets``.
    CRSError
        ``crs_missing`` for streets that do not say where they lie.
    GeometryError
        ``not_lines``.
    """
    table, notes = placed(layers, role, parcels, "[potential] network")
    streets = network_of(table, noded=noded)
    return streets, (*notes, *(f"{role}: {one}" for one in streets.notes))


def _streets(
    layers: Mapping[str, gpd.GeoDataFrame],
    network: str | Network,
    parcels: gpd.GeoDataFrame,
) -> tuple[Network, tuple[str, ...]]:
    return (network, ()) if isinstance(network, Network) else streets_of(layers, network, parcels)


def _straight(shapes: Shapes, features: Shapes, rank: Ints) -> tuple[Floats, Ints]:
    """Return the distance to the nearest feature, and its row; of equals the one first in rank."""
    pieces, row = small_pieces(features)
    (one, piece), metres = shapely.STRtree(pieces).query_nearest(shapes, return_distance=True)
    order = np.lexsort((rank[row[piece]], one))
    one, first = np.unique(one[order], return_index=True)
    way, nearest = np.full(len(shapes), np.nan), np.full(len(shapes), -1, dtype=np.int64)
    way[one], nearest[one] = metres[order][first], row[piece[order][first]]
    return way, nearest


def _along_streets(
    shapes: Shapes, rows: Rows, rank: Ints, streets: Network, max_snap_m: float
) -> tuple[Floats, Ints, NDArray[np.object_], tuple[str, ...]]:
    """Return the way from a point inside each shape, the row of the nearest feature, and why there is none."""
    centres = shapely.point_on_surface(shapes)
    doors, row = _doors(rows, streets)
    order = np.lexsort((*shapely.get_coordinates(doors).T, rank[row]))
    doors, row = doors[order], row[order]  # an order that does not depend on that of the rows
    sites = snap(gpd.GeoSeries(doors, crs=streets.crs), streets, max_snap_m)
    starts = snap(gpd.GeoSeries(centres, crs=streets.crs), streets, max_snap_m)
    door, way = nearest_sites(streets, sites, starts)
    nearest = np.where(door >= 0, row[door], -1)
    why = np.where(door >= 0, "", NO_WAY).astype(object)
    why[~starts.has_access] = f"no street within {max_snap_m:g} m"
    inside, at = _inside(centres, rows.shapes, rank)
    way[at], nearest[at], why[at] = 0.0, inside, ""
    reached = np.zeros(len(rows.shapes), dtype=bool)
    reached[row[sites.has_access]] = True
    lost = int((~reached).sum())
    said = (
        f"{rows.name}: {lost:,} of {len(reached):,} features have no street within {max_snap_m:g} m"
    )
    return way, nearest, why, (said,) if lost else ()


def _inside(centres: Shapes, features: Shapes, rank: Ints) -> tuple[Ints, Ints]:
    """Return the features in which centres lie, and the centres; of several the one first in rank."""
    pieces, row = small_pieces(features)
    piece, centre = shapely.STRtree(centres).query(pieces, predicate="intersects")
    order = np.lexsort((rank[row[piece]], centre))
    centre, first = np.unique(centre[order], return_index=True)
    return row[piece[order][first]], centre


def _doors(rows: Rows, streets: Network) -> tuple[Shapes, Ints]:
    """Return the points at which features are entered, and the row of each."""
    parts, row = shapely.get_parts(rows.shapes, return_index=True)
    point = shapely.get_dimensions(parts) == POINT
    outlines, of = small_pieces(_outlines(parts[~point]))
    along, piece = _every(outlines, DOOR_M)
    outline, edge = streets.tree.query(outlines, predicate="intersects")
    met = shapely.intersection(outlines[outline], streets.lines[edge])
    spots, pair = shapely.get_coordinates(met, return_index=True)
    doors = np.concatenate([parts[point], along, shapely.points(spots)])
    other = row[~point][of]
    return doors, np.concatenate([row[point], other[piece], other[outline[pair]]])


def _outlines(shapes: Shapes) -> Shapes:
    areas = shapely.get_dimensions(shapes) > 1
    made = shapes.copy()
    made[areas] = shapely.boundary(shapes[areas])
    return made


def _every(lines: Shapes, step_m: float) -> tuple[Shapes, Ints]:
    """Return points at equal steps of at most so many metres along lines, ends too, and their lines."""
    length = shapely.length(lines)
    steps = np.maximum(1, np.ceil(length / step_m)).astype(np.int64)
    line = np.repeat(np.arange(len(lines)), steps + 1)
    place = np.arange(len(line)) - np.repeat(np.cumsum(steps + 1) - (steps + 1), steps + 1)
    return shapely.line_interpolate_point(lines[line], (length / steps)[line] * place), line
