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
from renewal_geo.spatial.edge_grids import Edges, Grid, Small, edges_of, grid_of
from renewal_geo.spatial.edge_loops import NOISE_M2, Shares, shares_of
from renewal_geo.spatial.edge_walks import edges_are_covered, faces_of, walk

OPEN_M2 = 1e-6
CLOSES_M2, CLOSES_RELATIVE = 1e-6, 1e-9
POLYGON, MULTIPOLYGON = 3, 6
Faces = tuple[Small, Small]


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
    faces = faces_of(b.edges, b.grid, zones=True)
    shares, outside = _shares(a, b, faces)
    whole = np.nan_to_num(shapely.area(a.shapes))
    sums = np.bincount(shares.zone, shares.area, minlength=len(whole))
    twice, unsure = _twice(shares, a, b, faces)
    uncovered = np.where(twice > 0, whole - sums + twice, outside)
    # what the walks give adds up by itself; should it ever not, GEOS decides
    off = np.abs(sums - twice + uncovered - whole)
    unsure |= off > np.maximum(CLOSES_M2, CLOSES_RELATIVE * whole) / 2
    uncovered = np.where(uncovered > NOISE_M2, uncovered, 0.0)
    table = AreaTable(
        shares.zone, shares.source, shares.area, _sliver(shares, a, b), uncovered,
        np.zeros(len(whole)), twice, whole, a.mended, b.mended,
    )  # fmt: skip
    return _settled(table, a.shapes, b.shapes, unsure)


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


def _shares(zones: _Side, layer: _Side, faces: Faces) -> tuple[Shares, Floats]:
    """Walk both ways; return what is shared, and what the zones' rings outside the layer enclose."""
    bounds = shapely.bounds(zones.shapes)
    origin = np.where(np.isfinite(bounds[:, :2]), bounds[:, :2], 0.0)
    through = walk(zones.edges, zones.grid.twin, layer.edges, layer.grid, faces, origin, zones=True)
    own = faces_of(zones.edges, zones.grid, zones=False)
    across = walk(layer.edges, layer.grid.twin, zones.edges, zones.grid, own, origin, zones=False)
    shares = shares_of(through, across, SLIVER_WIDTH_M, SLIVER_AREA_M2)
    chains = through.chains
    out = chains.source < 0
    rings = np.bincount(chains.zone[out], chains.area[out], minlength=len(origin))
    return shares, rings - across.bare


def _twice(
    shares: Shares, zones: _Side, layer: _Side, faces: Faces
) -> tuple[Floats, NDArray[np.bool_]]:
    """Return per zone what is covered twice, and whether some of it is covered three times."""
    count = len(zones.shapes)
    twice, thrice = np.zeros(count), np.zeros(count, dtype=bool)
    one, two = _overlapping(layer, faces)
    if not len(one):
        return twice, thrice
    rows = _meeting(shares, np.union1d(one, two), count)
    common = _side(intersections(layer.shapes[one], layer.shapes[two]))
    faces = faces_of(common.edges, common.grid, zones=True)
    again, _ = _shares(_side(zones.shapes[rows]), common, faces)
    twice[rows] = np.bincount(again.zone, again.area, minlength=len(rows))
    piled = np.union1d(*_overlapping(common, faces))
    thrice[rows[_meeting(again, piled, len(rows))]] = True
    return twice, thrice


def _meeting(shares: Shares, sources: Ints, count: int) -> Ints:
    """Return the zones that share ground with one of these polygons."""
    met = np.zeros(count, dtype=bool)
    met[shares.zone[np.isin(shares.source, sources)]] = True
    return np.flatnonzero(met)


def _overlapping(layer: _Side, faces: Faces) -> tuple[Ints, Ints]:
    """Return the pairs of a layer's polygons that share ground, by walking it through itself."""
    edges, grid = layer.edges, layer.grid
    piles = grid.stacked[grid.stacked[:, 0] != grid.stacked[:, 1]]
    if not (len(piles) or grid.rough or edges_are_covered(edges, grid, faces)):
        none = np.empty(0, dtype=np.int64)
        return none, none
    bounds = shapely.bounds(layer.shapes)
    origin = np.where(np.isfinite(bounds[:, :2]), bounds[:, :2], 0.0)
    through = walk(edges, grid.twin, edges, grid, faces, origin, zones=True)
    mirrored = faces_of(edges, grid, zones=False)
    across = walk(edges, grid.twin, edges, grid, mirrored, origin, zones=False)
    shares = shares_of(through, across, 0.0, 0.0)
    first = shares.zone < shares.source
    return shares.zone[first], shares.source[first]


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
    table: AreaTable, zones: Shapes, layer: Shapes, unsure: NDArray[np.bool_]
) -> AreaTable:
    """Let GEOS measure the zones in doubt anew, and the slivers of what is uncovered."""
    uncovered_sliver = table.uncovered_sliver.copy()
    rows = np.flatnonzero((table.uncovered > OPEN_M2) & ~unsure)
    if len(rows):
        near = np.unique(table.source[np.isin(table.zone, rows)])
        uncovered_sliver[rows] = _unions(zones[rows], pieces(zones[rows], layer[near]))[1]
    table = dataclasses.replace(table, uncovered_sliver=uncovered_sliver)
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
