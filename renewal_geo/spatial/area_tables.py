"""How much of each layer polygon lies in each zone, as numbers: the kernel under every area book.

Two routes give the same table. *Edges* walks along the rings of one layer through the polygons of the
other and sums cross products (:mod:`renewal_geo.spatial.edge_walks`): no piece is built, nothing can
fail, the cost hardly depends on how many corners a polygon has. *Pieces* intersects pair by pair
with GEOS: where numba is missing, and the oracle of the tests.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from renewal_geo.foundation.compiled import COMPILED
from renewal_geo.spatial.areas import (
    SLIVER_AREA_M2,
    SLIVER_WIDTH_M,
    Floats,
    Ints,
    Pieces,
    Shapes,
    flat_union,
    pieces,
    polygonal,
    sliver_area,
)
from renewal_geo.spatial.edge_crossings import crossings_of
from renewal_geo.spatial.edge_grids import Edges, Grid, edges_of, grid_of
from renewal_geo.spatial.edge_loops import NOISE_M2, Open, Shares, open_ground, shares_of
from renewal_geo.spatial.edge_outlines import outline_of
from renewal_geo.spatial.edge_walks import Ground, faces_of, walk, walk_outline

OPEN_M2 = 1e-6
CLOSES_M2, CLOSES_RELATIVE = 1e-6, 1e-9
POLYGON, MULTIPOLYGON = 3, 6


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
    zone_area
        Per zone: its area (m2), 0 where it has none.
    mended_zones, mended_layer
        Rows that were invalid and made valid for measuring.
    """

    zone: Ints
    source: Ints
    area: Floats
    sliver: Floats
    uncovered: Floats
    uncovered_sliver: Floats
    twice: Floats
    zone_area: Floats
    mended_zones: Ints
    mended_layer: Ints


@dataclass(frozen=True, slots=True, eq=False)
class _Side:
    """A layer made ready: valid polygons, their edges and grid, the rows that were mended."""

    shapes: Shapes
    edges: Edges
    grid: Grid
    mended: Ints


def area_table(zones: Shapes, layer: Shapes) -> AreaTable:
    """Measure how much of each zone lies in each polygon of a layer, in none, and in several.

    Parameters
    ----------
    zones, layer
        n and m geometries in one metric CRS; None and other than polygons count as nothing, invalid
        polygons are made valid. Either may overlap itself, and both may coincide.

    Returns
    -------
    AreaTable
        For every zone: sum of areas - twice + uncovered = its area, to max(1e-6 m2, 1e-9 of it).
        Shared areas of less than 1e-7 m2 are rounding and left out.
    """
    if not COMPILED:
        return overlaid(zones, layer)
    a, b = _side(zones), _side(layer)
    shares, ground = _measured(a, b)
    whole = np.nan_to_num(shapely.area(a.shapes))
    sums = np.bincount(shares.zone, shares.area, minlength=len(whole))
    twice = sums - whole + ground.area
    slack = np.maximum(CLOSES_M2, CLOSES_RELATIVE * whole) / 2
    # what is covered twice cannot be less than nothing; should it ever be, GEOS decides
    unsure = (twice < -slack) | (ground.area < -slack) | (ground.area > whole + slack)
    table = AreaTable(
        shares.zone, shares.source, shares.area, _sliver(shares, a, b),
        np.where(ground.area > NOISE_M2, ground.area, 0.0), ground.sliver,
        np.where(twice > slack, twice, 0.0), whole, a.mended, b.mended,
    )  # fmt: skip
    return _settled(table, a.shapes, b.shapes, unsure, ground.unclear)


def overlaid(zones: Shapes, layer: Shapes) -> AreaTable:
    """Measure by intersecting pair by pair with GEOS: slower, and the oracle of the edges."""
    zones, mended_zones = _sound(zones)
    layer, mended_layer = _sound(layer)
    found = pieces(zones, layer)
    uncovered, open_sliver, twice = _unions(zones, found)
    whole = np.nan_to_num(shapely.area(zones))
    return AreaTable(
        found.zone, found.source, found.area, sliver_area(found), uncovered, open_sliver, twice,
        whole, mended_zones, mended_layer,
    )  # fmt: skip


def _unions(zones: Shapes, found: Pieces) -> tuple[Floats, Floats, Floats]:
    """Return per zone what is uncovered, how much of it in slivers, and what is covered twice."""
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
    return open_m2, sliver_area(lost), twice


def _side(shapes: Shapes) -> _Side:
    """Return a layer with its edges; validity is asked only where the edges leave a doubt."""
    shapes, mended = _areal(np.asarray(shapes, dtype=object)), np.empty(0, dtype=np.int64)
    edges = edges_of(shapes)
    grid = grid_of(edges)
    several = shapely.get_num_geometries(shapes) > 1
    doubtful = several | (shapely.get_num_interior_rings(shapes) > 0)
    doubtful[grid.doubtful] = doubtful[edges.flat] = True
    doubtful[grid.stacked[grid.stacked[:, 0] == grid.stacked[:, 1], 0]] = True
    rows = np.flatnonzero(doubtful)
    broken = rows[~shapely.is_valid(shapes[rows])]
    if len(broken):
        shapes = shapes.copy()
        shapes[broken] = polygonal(shapes[broken])
        mended, edges = broken, edges_of(shapes)
        grid = grid_of(edges)
    return _Side(shapes, edges, grid, mended)


def _areal(shapes: Shapes) -> Shapes:
    """Return polygons as they are; polygons out of collections; None for all else."""
    kind = shapely.get_type_id(shapes)
    usual = ((kind == POLYGON) | (kind == MULTIPOLYGON)) & ~shapely.is_empty(shapes)
    if usual.all():
        return shapes
    shapes = shapes.copy()
    shapes[~usual] = polygonal(shapes[~usual])
    return shapes


def _sound(shapes: Shapes) -> tuple[Shapes, Ints]:
    shapes = _areal(np.asarray(shapes, dtype=object))
    broken = np.flatnonzero(~shapely.is_valid(shapes) & ~shapely.is_missing(shapes))
    return polygonal(shapes), broken


def _measured(zones: _Side, layer: _Side) -> tuple[Shares, Open]:
    """Walk both ways, and along the layer's outline; return what is shared and what is left."""
    bounds = shapely.bounds(zones.shapes)
    origin = np.where(np.isfinite(bounds[:, :2]), bounds[:, :2], 0.0)
    a, b = zones, layer
    by_zones, by_layer, tied = crossings_of(a.edges, a.grid.twin, b.edges, b.grid)
    cover = Ground(b.edges, b.grid, faces_of(b.edges, b.grid, zones=True))
    land = Ground(a.edges, a.grid, faces_of(a.edges, a.grid, zones=False))
    through, rings = walk(a.edges, a.grid.twin, by_zones, cover, origin, zones=True)
    across, _ = walk(b.edges, b.grid.twin, by_layer, land, origin, zones=False)
    shares = shares_of(through, across, tied, SLIVER_WIDTH_M, SLIVER_AREA_M2)
    along = walk_outline(b.edges, outline_of(cover), by_layer, land, origin)
    ground = open_ground(rings, along, tied[:, 0], len(origin), SLIVER_WIDTH_M, SLIVER_AREA_M2)
    ground.unclear[a.grid.doubtful] = True
    return shares, ground


def _sliver(shares: Shares, zones: _Side, layer: _Side) -> Floats:
    """Return the area in slivers; where loops cannot tell, of the pieces themselves."""
    knotted = np.isin(shares.zone, zones.grid.doubtful)
    knotted |= np.isin(shares.source, layer.grid.doubtful)
    rows = np.flatnonzero(shares.unclear | (knotted & (shares.area >= SLIVER_AREA_M2)))
    if not len(rows):
        return shares.sliver
    zone, source, area = shares.zone[rows], shares.source[rows], shares.area[rows]
    own, other = zones.shapes[zone], layer.shapes[source]
    # who shares all that he has is the piece
    shapes = np.full(len(rows), None, dtype=object)
    for some in (other, own):
        whole = np.abs(shapely.area(some) - area) <= NOISE_M2
        shapes[whole] = some[whole]
    rest = shapely.is_missing(shapes)
    shapes[rest] = polygonal(intersections(own[rest], other[rest]))
    sliver = shares.sliver.copy()
    sliver[rows] = np.minimum(sliver_area(Pieces(zone, source, shapes, area)), area)
    return sliver


def _settled(
    table: AreaTable,
    zones: Shapes,
    layer: Shapes,
    unsure: NDArray[np.bool_],
    unclear: NDArray[np.bool_],
) -> AreaTable:
    """Let GEOS measure the zones in doubt anew, and the slivers of open ground that are unclear."""
    rows = np.flatnonzero(unclear & ~unsure & (table.uncovered > OPEN_M2))
    if len(rows):
        near = np.unique(table.source[np.isin(table.zone, rows)])
        sliver = _unions(zones[rows], pieces(zones[rows], layer[near]))[1]
        table = dataclasses.replace(
            table, uncovered_sliver=_put(table.uncovered_sliver, rows, sliver)
        )
    rows = np.flatnonzero(unsure)
    if not len(rows):
        return table
    again = overlaid(zones[rows], layer)
    kept = ~unsure[table.zone]
    zone = np.concatenate([table.zone[kept], rows[again.zone]])
    source = np.concatenate([table.source[kept], again.source])
    order = np.lexsort((source, zone))
    return dataclasses.replace(
        table,
        zone=zone[order],
        source=source[order],
        area=np.concatenate([table.area[kept], again.area])[order],
        sliver=np.concatenate([table.sliver[kept], again.sliver])[order],
        uncovered=_put(table.uncovered, rows, again.uncovered),
        uncovered_sliver=_put(table.uncovered_sliver, rows, again.uncovered_sliver),
        twice=_put(table.twice, rows, again.twice),
    )


def _put(values: Floats, rows: Ints, new: Floats) -> Floats:
    values = values.copy()
    values[rows] = new
    return values


def intersections(one: Shapes, two: Shapes) -> Shapes:
    """Intersect pair by pair; pairs on which GEOS gives up are tried on a grid of a micrometre."""
    try:
        return np.asarray(shapely.intersection(one, two))
    except shapely.GEOSException:
        made = np.full(len(one), None, dtype=object)
        for row in range(len(one)):
            try:
                made[row] = shapely.intersection(one[row], two[row])
            except shapely.GEOSException:
                made[row] = shapely.intersection(one[row], two[row], grid_size=1e-6)
        return made
