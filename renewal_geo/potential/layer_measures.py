"""How much of a layer lies on the ground of every parcel: the share that it covers, and its density."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import shapely

from renewal_geo.foundation.errors import GeometryError, InputError
from renewal_geo.potential.criterion import Criterion
from renewal_geo.potential.figures import numbers_of
from renewal_geo.potential.layer_rows import (
    AREA,
    LINE,
    NOUNS,
    POINT,
    Floats,
    Ground,
    Ints,
    Rows,
    Shapes,
    ground_of,
    place_of,
    rows_of,
)
from renewal_geo.potential.measure import Measured, as_measured
from renewal_geo.spatial.area_tables import area_table, intersections
from renewal_geo.spatial.overlays import common
from renewal_geo.spatial.polygons import areal, flat_union, tiled
from renewal_geo.spatial.strands import small_pieces
from renewal_geo.spatial.threads import threads

HECTARE_M2 = 1e4
GROUNDS_AT_ONCE = 2_048  # bounds the memory that pairs take where surroundings overlap


def covered_share(
    parcels: gpd.GeoDataFrame, criterion: Criterion, layers: Mapping[str, gpd.GeoDataFrame]
) -> Measured:
    """Measure which share of every parcel the areas of a layer cover, 0..1.

    Parameters
    ----------
    parcels
        n areas in a projected CRS in metres; with ``within_m`` the share is that of the parcel and all
        ground within so many metres.
    criterion
        ``layer, where, within_m``.
    layers
        Tables by role. Ground that several rows cover counts once.

    Returns
    -------
    Measured
        Missing where a parcel has no shape or no area.

    Raises
    ------
    InputError
        As for :func:`renewal_geo.potential.layer_rows.rows_of`; ``not_areas`` where no row is an area.
    """
    rows = _areas_only(rows_of(parcels, criterion, layers), criterion)
    ground = ground_of(parcels, criterion.within_m)
    covered = (_around if criterion.within_m > 0 else _covered)(ground, rows.shapes)
    with np.errstate(invalid="ignore"):
        share = covered / ground.area
    said = f"share of the {_ground_said(criterion)} in {rows.name}"
    notes = (*rows.notes, *ground.notes)
    return as_measured(parcels.index, np.clip(share, 0.0, 1.0), ground.why, said, notes)


def density(
    parcels: gpd.GeoDataFrame, criterion: Criterion, layers: Mapping[str, gpd.GeoDataFrame]
) -> Measured:
    """Measure what a layer holds per hectare of every parcel, or of its surroundings.

    Parameters
    ----------
    parcels
        n areas in a projected CRS in metres.
    criterion
        ``layer, where, within_m``; without ``column`` features are counted (an area where a point inside
        it lies) and lines measured (m); with it the amount in that column is added up: of points whole,
        of lines and areas in proportion to the length or area on the ground.
    layers
        Tables by role.

    Returns
    -------
    Measured
        Missing where a parcel has no shape or no area.

    Raises
    ------
    InputError
        As for :func:`renewal_geo.potential.layer_rows.rows_of`; ``mixed_types`` where lines and other
        shapes would be added, ``not_a_number``, ``no_numbers`` where no row has an amount.

    Notes
    -----
    Parcels that tile the ground share out exactly what lies on it: a point on a border counts in equal parts
    in the parcels that meet there, of a line along a border half lies on each side.
    """
    rows = rows_of(parcels, criterion, layers)
    ground = ground_of(parcels, criterion.within_m)
    amount, rows = _amounts(rows, criterion)
    kinds = rows.kinds
    total = np.zeros(len(parcels))
    is_point = kinds == POINT if criterion.column else kinds != LINE
    if is_point.any():
        divide = criterion.within_m == 0
        total += _of_points(ground.shapes, rows.shapes[is_point], amount[is_point], divide=divide)
    if (is_line := (kinds == LINE)).any():
        shapes, per_m = rows.shapes[is_line], amount[is_line]
        if criterion.column:
            per_m = per_m / shapely.length(shapes)
        total += _of_lines(ground.shapes, shapes, per_m)
    if (is_area := (kinds == AREA) & ~is_point).any():
        overlapping = criterion.within_m > 0
        total += _of_areas(
            ground.shapes, rows.shapes[is_area], amount[is_area], overlapping=overlapping
        )
    with np.errstate(invalid="ignore", divide="ignore"):
        figures = total * HECTARE_M2 / ground.area
    said = f"{_counted_said(criterion, kinds)} {rows.name} per ha of the {_ground_said(criterion)}"
    return as_measured(parcels.index, figures, ground.why, said, (*rows.notes, *ground.notes))


def _covered(ground: Ground, shapes: Shapes) -> Floats:
    """Return how much of each ground areas cover (m2); what several cover counts once."""
    table = area_table(ground.shapes, shapes)
    met = np.bincount(table.zone, minlength=len(ground.area)) > 0
    return np.where(met, ground.area - table.uncovered, 0.0)


def _around(ground: Ground, shapes: Shapes) -> Floats:
    """Return the same where grounds overlap many times over: walks along every edge would be long."""
    tiles, _ = tiled(shapely.get_parts(flat_union(areal(shapes))))
    return _summed(ground.shapes, tiles, np.ones(len(tiles)))


def _ground_said(criterion: Criterion) -> str:
    return f"ground within {criterion.within_m:g} m" if criterion.within_m > 0 else "parcel"


def _counted_said(criterion: Criterion, kinds: Ints) -> str:
    if criterion.column:
        return f"{criterion.column} of"
    return "m of" if (kinds == LINE).any() else "number of"


def _areas_only(rows: Rows, criterion: Criterion) -> Rows:
    kinds = rows.kinds
    kept = kinds == AREA
    if kept.all():
        return rows
    others = " and ".join(NOUNS[int(kind)] for kind in np.unique(kinds[~kept]))
    if not kept.any():
        raise GeometryError(
            f"criterion {criterion.id}: a share needs areas, and {rows.name} holds {others}",
            where=place_of(criterion),
            fix='name a layer of areas, or measure source = "density" or "distance"',
            code="not_areas",
        )
    count = int((~kept).sum())
    return rows.take(kept, f"{rows.name}: {count:,} {others} cover nothing and are left out")


def _amounts(rows: Rows, criterion: Criterion) -> tuple[Floats, Rows]:
    """Return what every row counts for, and the rows that count for anything."""
    if not criterion.column:
        kinds = np.unique(rows.kinds)
        if LINE in kinds and len(kinds) > 1:
            raise GeometryError(
                f"criterion {criterion.id}: metres of line and a number of features cannot be added, and "
                f"{rows.name} holds {' and '.join(NOUNS[int(kind)] for kind in kinds)}",
                where=place_of(criterion),
                fix="choose rows of one kind by where, or name the column that is added up",
                code="mixed_types",
            )
        return np.ones(len(rows.shapes)), rows
    where, who = place_of(criterion), f"criterion {criterion.id}: {criterion.column} of {rows.name}"
    amount = numbers_of(criterion.column, rows.table, f"{where}, layer {criterion.layer}", who)
    known = np.isfinite(amount)
    if len(amount) and not known.any():
        raise InputError(
            f"{who} holds no number in any of its {len(amount):,} rows",
            where=where,
            fix="name a column with figures",
            code="no_numbers",
        )
    lost = int((~known).sum())
    said = [
        f"{rows.name}: {lost:,} of {len(known):,} rows have no {criterion.column} and add nothing"
    ]
    return amount[known], rows.take(known, *said if lost else ())


def _of_points(ground: Shapes, shapes: Shapes, amount: Floats, *, divide: bool) -> Floats:
    """Add up points by the ground on which they lie; of areas and of several points, a point inside."""
    spots = shapely.point_on_surface(shapes)
    tree, total = shapely.STRtree(spots), np.zeros(len(ground))
    if divide:
        zone, spot = tree.query(ground, predicate="intersects")
        part = amount[spot] * _parts(ground, spots, zone, spot)
        return total + np.bincount(zone, part, minlength=len(ground))
    for first in range(0, len(ground), GROUNDS_AT_ONCE):
        some = ground[first : first + GROUNDS_AT_ONCE]
        zone, spot = tree.query(some, predicate="intersects")
        total[first : first + len(some)] = np.bincount(zone, amount[spot], minlength=len(some))
    return total


def _parts(ground: Shapes, spots: Shapes, zone: Ints, spot: Ints) -> Floats:
    """Return which part of a point each ground has: those at whose border it lies share it out."""
    part = np.ones(len(zone))
    several = np.flatnonzero(np.bincount(spot, minlength=len(spots))[spot] > 1)
    at_border = several[shapely.touches(ground[zone[several]], spots[spot[several]])]
    sharers = np.bincount(spot[at_border], minlength=len(spots))
    part[at_border] = 1.0 / sharers[spot[at_border]]
    return part


def _of_lines(ground: Shapes, shapes: Shapes, per_m: Floats) -> Floats:
    """Add up what lines bear per metre on each ground; of what runs along a border a half."""
    pieces, row = small_pieces(shapes, 1)  # segment by segment, for lines may run over themselves
    length = shapely.length(pieces)
    pieces, row, length = pieces[length > 0], row[length > 0], length[length > 0]
    tree = shapely.STRtree(pieces)
    total = np.zeros(len(ground))
    for first in range(0, len(ground), GROUNDS_AT_ONCE):
        some = ground[first : first + GROUNDS_AT_ONCE]
        inside = tree.query(some, predicate="contains_properly")
        zone, piece = _without(tree.query(some, predicate="intersects"), inside, len(pieces))
        border = shapely.boundary(some)[zone]
        clipped = shapely.length(intersections(some[zone], pieces[piece]))
        along = shapely.length(intersections(border, pieces[piece]))
        zone, piece = np.concatenate([zone, inside[0]]), np.concatenate([piece, inside[1]])
        metres = np.concatenate([clipped - along / 2, length[inside[1]]])
        total[first : first + len(some)] = np.bincount(
            zone, metres * per_m[row[piece]], minlength=len(some)
        )
    return total


def _without(pairs: Ints, others: Ints, count: int) -> Ints:
    """Return the pairs that are not among the others; second members are below `count`."""
    kept = ~np.isin(pairs[0] * count + pairs[1], others[0] * count + others[1])
    return pairs[:, kept]


def _of_areas(ground: Shapes, shapes: Shapes, amount: Floats, *, overlapping: bool) -> Floats:
    """Add up amounts in proportion to the area that lies on each ground."""
    shapes = areal(shapes)
    per_m2 = amount / shapely.area(shapes)
    if overlapping:
        return _summed(ground, shapes, per_m2)
    found = area_table(ground, shapes)
    sums = np.bincount(found.zone, found.area * per_m2[found.source], minlength=len(ground))
    return sums.astype(float)


def _summed(ground: Shapes, shapes: Shapes, per_m2: Floats) -> Floats:
    """Add up what valid areas bear per m2 on each ground, pair by pair."""
    total = np.zeros(len(ground))
    with threads(None) as pool:
        for first in range(0, len(ground), GROUNDS_AT_ONCE):
            some = ground[first : first + GROUNDS_AT_ONCE]
            found = common(some, shapes, pool)
            part = found.area * per_m2[found.right]
            total[first : first + len(some)] = np.bincount(found.left, part, minlength=len(some))
    return total
