"""What the area books of the sample district stand on: tenure, control lines, buildings. All invented.

Drawn from a seed of its own, after everything else, so that the older layers stay as they are.
"""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import shapely
import shapely.affinity
from shapely import MultiPolygon, Point, Polygon, box

SEED = 20200701
SHORE_VERTICES = 48_000
TENURE = ("国有", "国有/集体", "集体")
BUILT = 5_200
HAIR = np.array([41.13, 97.07])


def redrawn(shapes: np.ndarray, swing_m: float, hash_: np.ndarray) -> np.ndarray:
    """Return polygons digitised anew: every corner off by up to half of `swing_m`, neighbours differently."""
    points, owner = shapely.get_coordinates(shapes, return_index=True)
    mixed = np.sin(points @ hash_ + owner * 19.19)[:, None] * np.array([31415.9, 27182.8])
    moved = points + swing_m * (mixed - np.floor(mixed) - 0.5)
    made = shapely.set_coordinates(shapes.copy(), np.round(moved, 3))
    return np.where(shapely.is_valid(made), made, shapely.buffer(made, 0))


def tenure(parcels: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return a tenure survey of the same ground by blocks, with slivers along every border."""
    merged = parcels.dissolve(by=["block", "权属"], as_index=False)[["权属", "geometry"]]
    merged = merged.explode(ignore_index=True)
    shapes = redrawn(shapely.simplify(merged.geometry.to_numpy(), 0.4), 0.6, HAIR)
    table = gpd.GeoDataFrame({"权属": merged["权属"]}, geometry=shapes, crs=parcels.crs)
    table = table[~table.geometry.is_empty].explode(ignore_index=True)
    table.insert(0, "编号", [f"QS{n:05d}" for n in range(1, len(table) + 1)])
    return table


def shore(centre: Point, radius: float, stretch: float, rng: np.random.Generator) -> Polygon:
    """Return an outline that winds like a contour line, of very many vertices."""
    angle = np.linspace(0, 2 * np.pi, SHORE_VERTICES, endpoint=False)
    winding = np.ones_like(angle)
    for waves in (3, 7, 17, 41, 97, 229, 541):
        winding += 0.35 / waves**0.9 * np.sin(waves * angle + rng.uniform(0, 2 * np.pi))
    far = radius * winding
    return Polygon(
        np.column_stack([centre.x + stretch * far * np.cos(angle), centre.y + far * np.sin(angle)])
    )


def control_lines(
    rng: np.random.Generator, parcels: gpd.GeoDataFrame, outline: Any, onto_ground: Any
) -> gpd.GeoDataFrame:
    """Return three kinds of control line that overlap each other, one of them of very many vertices."""
    hill = shore(Point(9_300, 900), 2_100, 1.15, rng)
    eco = [
        shapely.transform(hill, onto_ground),
        _bent(Point(700, 7_500).buffer(1_250), onto_ground),
    ]
    farm = [
        _bent(one, onto_ground)
        for one in (box(7_300, 1_400, 8_150, 2_050), box(8_700, 6_500, 9_350, 6_950), box(1_050, 6_350, 1_700, 6_900))
    ]  # fmt: skip
    works = parcels[parcels["现状用途"].isin(["M1", "M0", "W1"])]
    area = works.geometry.area.groupby(works["block"]).sum()
    blocks = area.nlargest(70).index
    members = parcels[parcels["block"].isin(blocks)].geometry.to_numpy()
    line = shapely.union_all(members).buffer(30, join_style="mitre").buffer(-24, join_style="mitre")
    rows = [("eco_control_line", f"虚构生态控制线{n}", one) for n, one in enumerate(eco, 1)]
    rows += [("permanent_farmland", f"虚构基本农田{n}", one) for n, one in enumerate(farm, 1)]
    rows += [
        ("industrial_block_line", f"虚构工业区块线{n:02d}", Polygon(one.exterior))
        for n, one in enumerate(sorted(shapely.get_parts(line), key=lambda p: -p.area), 1)
    ]
    shapes = shapely.set_precision(
        [shapely.intersection(one, outline) for _, _, one in rows], 0.001
    )
    return gpd.GeoDataFrame(
        {
            "编号": [f"GK{n:03d}" for n in range(1, len(rows) + 1)],
            "类别": [kind for kind, _, _ in rows],
            "名称": [name for _, name, _ in rows],
        },
        geometry=shapes,
        crs=parcels.crs,
    )


def buildings(
    rng: np.random.Generator, parcels: gpd.GeoDataFrame, units: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """Return footprints with floor area: some across the borders of parcels, a few with faults."""
    built = parcels[(parcels["建筑面积"] > 0) & (parcels.geometry.area > 300)]
    inside = built.sindex.query(units.geometry, predicate="intersects")[1]
    others = rng.permutation(np.setdiff1d(np.arange(len(built)), inside))
    rows = np.sort(np.concatenate([np.unique(inside), others])[:BUILT])
    built = built.iloc[rows]
    frame = shapely.minimum_rotated_rectangle(built.geometry.to_numpy())
    share = rng.uniform(0.42, 0.74, len(built))
    corners = shapely.get_coordinates(frame).reshape(len(built), 5, 2)[:, :4]
    middle = shapely.get_coordinates(built.geometry.representative_point())[:, None, :]
    away = rng.normal(0, 0.06, (len(built), 1, 2)) * np.ptp(corners, axis=1)[:, None, :]
    drawn = middle + away + (corners - corners.mean(axis=1, keepdims=True)) * share[:, None, None]
    shapes = shapely.polygons(np.round(drawn, 2))
    shapes[17] = Polygon(np.round(drawn[17][[0, 1, 3, 2]], 2))  # a bow-tie
    shapes[1234] = None
    two = MultiPolygon([shapes[40], shapely.affinity.translate(shapes[40], 70.0)])
    shapes[40] = two
    floor = (built["建筑面积"].to_numpy() * rng.uniform(0.9, 1.0, len(built))).round(1)
    floor[[5, 77, 901]] = np.nan
    return gpd.GeoDataFrame(
        {
            "编号": [f"JZ{n:05d}" for n in range(1, len(built) + 1)],
            "建筑面积": floor,
            "建成年份": built["建成年份"].to_numpy(),
            "用途": built["现状用途"].to_numpy(),
        },
        geometry=shapes,
        crs=parcels.crs,
    )


def _bent(shape: Any, onto_ground: Any) -> Any:
    return shapely.transform(shapely.segmentize(shape, 45.0), onto_ground)
