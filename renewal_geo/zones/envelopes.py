"""The published outline of a zone: its members with the local roads between them closed."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from renewal_geo.spatial.areas import flat_union, polygonal

EXTRA_M = 0.01
MITRE_LIMIT = 2.0
TOUCH_M = 1e-6
VORONOI_STEP_M = 5.0
POLYGON = 3
Shapes = NDArray[np.object_]


def envelopes(
    zones: gpd.GeoDataFrame,
    others: Shapes,
    walls: Shapes,
    exclusions: Shapes,
    *,
    gap_max_m: float,
    sliver_min_m2: float,
) -> gpd.GeoDataFrame:
    """Close the members of each zone over the local roads between them.

    Parameters
    ----------
    zones
        k zones by ``zone_id``; geometry is the union of their members, metres.
    others
        Parcels that are no members of any zone, not ground, larger than `sliver_min_m2`.
    walls, exclusions
        Barrier and exclusion polygons, never inside an envelope.
    gap_max_m
        Widest local road that contiguity crosses: the closing is half of it, and 1 cm.
    sliver_min_m2
        Holes up to this size are filled.

    Returns
    -------
    GeoDataFrame
        By zone_id: ``gross_area_m2, perimeter_m, compactness`` (4 pi A / P2), geometry. Envelopes are
        disjoint: ground claimed twice goes to the nearer zone.
    """
    members = zones.geometry.to_numpy()
    obstacles = np.concatenate([others, walls, exclusions, members])
    owner = np.concatenate(
        [np.full(len(others) + len(walls) + len(exclusions), -1), np.arange(len(members))]
    )
    hard = np.concatenate([walls, exclusions])
    tree = shapely.STRtree(obstacles)
    made = np.empty(len(members), dtype=object)
    for z, whole in enumerate(members):
        made[z] = _closed(whole, z, tree, obstacles, owner, gap_max_m / 2 + EXTRA_M)
        made[z] = _filled(made[z], hard, sliver_min_m2)
    made = _divided(made, members, gap_max_m)
    area, length = shapely.area(made), shapely.length(made)
    return gpd.GeoDataFrame(
        {
            "gross_area_m2": area,
            "perimeter_m": length,
            "compactness": 4 * np.pi * area / np.maximum(length, 1e-9) ** 2,
        },
        geometry=made,
        index=zones.index,
        crs=zones.crs,
    )


def _closed(
    whole: Any, z: int, tree: shapely.STRtree, obstacles: Shapes, owner: NDArray[Any], reach: float
) -> Any:
    style = {"join_style": "mitre", "mitre_limit": MITRE_LIMIT}
    grown = shapely.buffer(shapely.buffer(whole, reach, **style), -reach, **style)  # type: ignore[call-overload]
    near = tree.query(grown, predicate="intersects")
    near = near[owner[near] != z]
    road = shapely.difference(grown, whole)
    if len(near):
        road = shapely.difference(road, flat_union(obstacles[near]))
    parts = shapely.get_parts(road)
    parts = parts[shapely.get_type_id(parts) == POLYGON]
    kept = parts[shapely.distance(parts, whole) <= TOUCH_M] if len(parts) else parts
    joined = polygonal(np.array([flat_union([whole, *kept])], dtype=object))[0]
    return whole if joined is None else joined


def _filled(shape: Any, hard: Shapes, largest_m2: float) -> Any:
    """Fill holes up to `largest_m2` unless a barrier or an exclusion lies in them."""
    rings = shapely.get_rings(shapely.get_parts(shape))
    holes = shapely.polygons(rings)
    small = holes[shapely.area(holes) <= largest_m2]  # type: ignore[index]
    if not len(small):
        return shape
    free = [hole for hole in small if not len(hard) or not shapely.intersects(hard, hole).any()]
    return flat_union([shape, *free]) if free else shape


def _divided(made: Shapes, members: Shapes, gap_max_m: float) -> Shapes:
    """Give ground that two envelopes claim to the zone whose members are nearer."""
    divided = made.copy()
    first, second = shapely.STRtree(made).query(made, predicate="intersects")
    for u, v in sorted({(int(a), int(b)) for a, b in zip(first, second, strict=True) if a < b}):
        shared = polygonal(np.array([shapely.intersection(divided[u], divided[v])], dtype=object))[
            0
        ]
        if shared is None or shared.area <= TOUCH_M:
            continue
        nearer_u = _nearer(shared, members[u], members[v], gap_max_m)
        divided[v] = _areal(shapely.difference(divided[v], nearer_u), divided[v])
        divided[u] = _areal(
            shapely.difference(divided[u], shapely.difference(shared, nearer_u)), divided[u]
        )
    return divided


def _areal(shape: Any, fallback: Any) -> Any:
    part = polygonal(np.array([shape], dtype=object))[0]
    return fallback if part is None else part


def _nearer(shared: Any, one: Any, other: Any, gap_max_m: float) -> Any:
    """Return the part of `shared` that is nearer to `one`, by the Voronoi cells of both borders."""
    near = shapely.buffer(shared, gap_max_m)
    points, sides = [], []
    for side, shape in enumerate((one, other)):
        border = shapely.segmentize(
            shapely.intersection(shapely.boundary(shape), near), VORONOI_STEP_M
        )
        found = np.unique(shapely.get_coordinates(border).round(6), axis=0)
        points.append(found)
        sides.append(np.full(len(found), side))
    if not len(points[0]) or not len(points[1]):
        return shared
    cells = shapely.get_parts(
        shapely.voronoi_polygons(shapely.multipoints(np.concatenate(points)), extend_to=near)
    )
    sites = shapely.points(np.concatenate(points))
    cell, site = shapely.STRtree(sites).query(cells, predicate="intersects")  # type: ignore[arg-type]
    belongs = np.ones(len(cells), dtype=int)
    belongs[cell] = np.concatenate(sides)[site]
    mine = cells[belongs == 0]
    return shapely.intersection(shared, flat_union(mine)) if len(mine) else shapely.Polygon()
