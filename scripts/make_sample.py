"""Draw the sample district: invented, seeded, and faulty on purpose.

Writes Shapefiles as planners have them (GBK, Chinese field names of at most ten bytes, one layer without
.cpg, one without .prj) into ``data/shapefiles``, with the list of planted faults. Blocks are drawn in a
plane of their own and bent onto the ground by a smooth displacement, so that neighbours share every
vertex and no street runs straight.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import sample_books
import sample_programme
import sample_terrain
import sample_units
import sample_verdicts
import shapely
from sample_faults import plant
from shapely import LineString, Point, Polygon, box

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "data" / "shapefiles"
SEED = 20200630
CRS = "EPSG:4547"
WIDTH, HEIGHT = 10_400.0, 8_000.0
CORNER = (514_300.0, 2_503_600.0)
POOL_M2 = 18_500_000.0
M2_PER_MU = 10_000 / 15
GRID_M = 0.001
CORRIDORS = {  # kind: (gap between blocks, width of the barrier polygon)
    "expressway": (76.0, 50.0),
    "railway": (40.0, 16.0),
    "river": (37.0, 26.0),
    "arterial": (39.0, 32.0),
    "collector": (34.0, 0.0),
}
SUB_DISTRICTS = [
    "平湖",
    "坂田",
    "布吉",
    "南湾",
    "横岗",
    "龙城",
    "龙岗",
    "坪地",
    "吉华",
    "宝龙",
    "园山",
]
INITIALS = ["PH", "BT", "BJ", "NW", "HG", "LC", "LG", "PD", "JH", "BL", "YS"]
USES = {
    "M1": "普通工业用地",
    "M0": "新型产业用地",
    "W1": "仓储用地",
    "R2": "二类居住用地",
    "R4": "城中村用地",
    "C1": "商业用地",
    "GIC1": "行政办公用地",
    "GIC5": "教育设施用地",
    "G1": "公园绿地",
    "U1": "市政设施用地",
    "S4": "交通场站用地",
    "E2": "林地及其他",
}
POOL_USES = ("M1", "M0", "W1")
TARGET_M2 = {"industry": 6_800.0, "village": 3_700.0, "housing": 11_500.0, "mixed": 4_600.0}
BLOCK_M2 = {"industry": 62_000.0, "village": 15_000.0, "housing": 48_000.0, "mixed": 30_000.0}


@dataclass
class Town:
    """What is drawn so far, in the flat plane."""

    rng: np.random.Generator
    corridors: list[tuple[str, LineString]] = field(default_factory=list)
    streets: list[tuple[LineString, float]] = field(default_factory=list)
    faces: list[tuple[Polygon, str, int]] = field(default_factory=list)


def field_of(rng: np.random.Generator, waves: int, length: float) -> Any:
    """Return a smooth random function of place, mean 0, deviation about 1."""
    angle = rng.uniform(0, 2 * np.pi, waves)
    wave = length * rng.uniform(0.6, 1.6, waves)
    phase = rng.uniform(0, 2 * np.pi, waves)
    kx, ky = 2 * np.pi * np.cos(angle) / wave, 2 * np.pi * np.sin(angle) / wave

    def value(x: Any, y: Any) -> Any:
        x, y = np.asarray(x)[..., None], np.asarray(y)[..., None]
        return np.sin(kx * x + ky * y + phase).sum(axis=-1) * np.sqrt(2 / waves)

    return value


def bend(rng: np.random.Generator) -> Any:
    """Return the displacement that bends the plane onto the ground (local stretch within 12 %)."""
    along, across = field_of(rng, 5, 7_000.0), field_of(rng, 5, 7_000.0)
    turn = np.deg2rad(14.0)

    def onto_ground(points: np.ndarray) -> np.ndarray:
        x, y = points[:, 0], points[:, 1]
        u, v = x + 70 * along(x, y), y + 70 * across(x, y)
        east = CORNER[0] + 1_900 + u * np.cos(turn) - v * np.sin(turn)
        north = CORNER[1] + u * np.sin(turn) + v * np.cos(turn)
        return np.round(np.stack([east, north], axis=1) / GRID_M) * GRID_M

    return onto_ground


def wavy(
    rng: np.random.Generator, start: tuple[float, float], end: tuple[float, float], swing: float
) -> LineString:
    """Return a line from start to end that swings like a road or a river."""
    t = np.linspace(0, 1, 160)
    off = swing * (
        np.sin(2 * np.pi * (t * rng.uniform(0.8, 1.8) + rng.random()))
        + 0.4 * np.sin(2 * np.pi * (t * rng.uniform(2.5, 4.0) + rng.random()))
    )
    dx, dy = end[0] - start[0], end[1] - start[1]
    long = np.hypot(dx, dy)
    return LineString(
        np.stack([start[0] + dx * t - dy / long * off, start[1] + dy * t + dx / long * off], axis=1)
    )


def lay_corridors(town: Town) -> None:
    """Lay expressways, the railway, rivers, arterials and collector roads through the plane."""
    rng, w, h = town.rng, WIDTH, HEIGHT
    lines = [
        ("expressway", wavy(rng, (-200, h * 0.36), (w + 200, h * 0.52), 240)),
        ("expressway", wavy(rng, (w * 0.63, -200), (w * 0.57, h + 200), 220)),
        ("railway", wavy(rng, (-200, h * 0.80), (w + 200, h * 0.70), 160)),
        ("river", wavy(rng, (w * 0.30, -200), (w * 0.36, h + 200), 260)),
        ("river", wavy(rng, (w * 0.63, h * 0.22), (w + 200, h * 0.24), 200)),
        ("arterial", wavy(rng, (w * 0.82, -200), (w * 0.80, h + 200), 150)),
    ]
    for x in np.arange(900, w - 500, 1_130):
        at = x + rng.uniform(-170, 170)
        lines.append(
            ("collector", wavy(rng, (at, -200), (at + rng.uniform(-250, 250), h + 200), 60))
        )
    for y in np.arange(800, h - 500, 1_050):
        at = y + rng.uniform(-160, 160)
        lines.append(
            ("collector", wavy(rng, (-200, at), (w + 200, at + rng.uniform(-250, 250)), 60))
        )
    town.corridors = lines


def split(
    town: Town, shape: Polygon, target: float, road: tuple[float, float] | None
) -> list[Polygon]:
    """Cut a polygon in two, again and again, across its longer side and never quite straight.

    With `road`, every cut leaves a street of a width in that range.
    """
    rng, done, waiting = town.rng, [], [shape]
    while waiting:
        one = waiting.pop()
        if one.area < target * rng.uniform(0.75, 1.7):
            done.append(one)
            continue
        frame = shapely.minimum_rotated_rectangle(one)
        if frame.geom_type != "Polygon":
            done.append(one)
            continue
        a, b, c = (np.array(p) for p in frame.exterior.coords[:3])
        if np.hypot(*(b - a)) < np.hypot(*(c - b)):
            a, b, c = b, c, c + (b - a) - (b - a)
            a, b, c = (np.array(p) for p in frame.exterior.coords[1:4])
        middle = a + (b - a) * rng.uniform(0.38, 0.62) + (c - b) / 2
        across = (c - b) / max(np.hypot(*(c - b)), 1e-9)
        lean = np.deg2rad(rng.normal(0, 5))
        across = np.array(
            [
                across[0] * np.cos(lean) - across[1] * np.sin(lean),
                across[0] * np.sin(lean) + across[1] * np.cos(lean),
            ]
        )
        cut = LineString([middle - across * 4_000, middle + across * 4_000])
        if road is None:
            parts = shapely.get_parts(shapely.ops.split(one, cut))
        else:
            wide = rng.uniform(*road)
            street = cut.intersection(one)
            town.streets.extend(
                (line, wide) for line in shapely.get_parts(street) if line.geom_type == "LineString"
            )
            parts = shapely.get_parts(one.difference(cut.buffer(wide / 2, cap_style="flat")))
        parts = [p for p in parts if p.geom_type == "Polygon" and p.area > 60]
        if len(parts) < 2:
            done.extend(parts)
            continue
        waiting.extend(parts)
    return done


def build(town: Town) -> None:
    """Cut the plane into super-blocks, blocks and parcels, each with a character."""
    rng = town.rng
    taken = shapely.union_all(
        [line.buffer(CORRIDORS[kind][0] / 2, cap_style="flat") for kind, line in town.corridors]
    )
    land = box(0, 0, WIDTH, HEIGHT).difference(taken)
    industry, density = field_of(rng, 9, 3_200.0), field_of(rng, 9, 1_900.0)
    hill = hills()
    number = 0
    supers = sorted(
        shapely.get_parts(land), key=lambda p: (round(p.centroid.x), round(p.centroid.y))
    )
    for area in supers:
        if area.area < 3_000:
            continue
        x, y = area.representative_point().coords[0]
        if any(area.intersection(one).area > 0.7 * area.area for one in hill):
            for part in split(town, area, 160_000.0, None):
                town.faces.append((part, "hill", number))
            number += 1
            continue
        lean = float(industry(x, y))
        kind = "industry" if lean > 0.27 else ("village" if density(x, y) > 0.35 else "housing")
        for block in split(town, area, BLOCK_M2[kind], (9.0, 19.0)):
            bx, by = block.representative_point().coords[0]
            own = kind
            draw = rng.random()
            if kind == "industry" and draw < 0.17:
                own = "village" if density(bx, by) > 0.2 else "mixed"
            elif kind != "industry" and draw < 0.12:
                own = "mixed" if draw < 0.06 else "industry"
            for parcel in split(town, block, TARGET_M2[own], None):
                town.faces.append((parcel, own, number))
            number += 1


def hills() -> list[Polygon]:
    """Return the hills at the edges of the plane."""
    return [
        shapely.affinity.scale(Point(500, 7_600).buffer(1), 2_300, 1_250),
        shapely.affinity.scale(Point(9_900, 500).buffer(1), 1_900, 1_150),
        shapely.affinity.scale(Point(5_300, 200).buffer(1), 900, 750),
    ]


def on_ground(town: Town, onto_ground: Any) -> gpd.GeoDataFrame:
    """Node every block, bend it, and return its parcels with shared vertices."""
    rows = []
    for block in sorted({number for _, _, number in town.faces}):
        members = [(shape, kind) for shape, kind, n in town.faces if n == block]
        lines = shapely.union_all([shape.boundary for shape, _ in members], grid_size=0.01)
        lines = shapely.segmentize(lines, 45.0)
        bent = shapely.transform(lines, onto_ground)
        faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(bent)))
        probe = shapely.points(
            onto_ground(np.array([shape.representative_point().coords[0] for shape, _ in members]))
        )
        face, member = shapely.STRtree(probe).query(faces, predicate="contains")
        rows.extend((faces[f], members[m][1], block) for f, m in zip(face, member, strict=True))
    table = gpd.GeoDataFrame(
        {"kind": [r[1] for r in rows], "block": [r[2] for r in rows]},
        geometry=[r[0] for r in rows],
        crs=CRS,
    )
    sound = table.geometry.is_valid & (table.geometry.area > 40) & ~table.geometry.duplicated()
    return table[sound].reset_index(drop=True)


def attributes(
    rng: np.random.Generator, parcels: gpd.GeoDataFrame, districts: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """Give every parcel a use, tenure, age, floor area and what the criteria need."""
    x = parcels.geometry.representative_point().x.to_numpy()
    y = parcels.geometry.representative_point().y.to_numpy()
    n = len(parcels)
    area = parcels.geometry.area.to_numpy()
    legal, age, slope = (field_of(rng, 9, s) for s in (1_500.0, 2_400.0, 3_000.0))
    use = np.empty(n, dtype=object)
    draw = rng.random(n)
    kind = parcels["kind"].to_numpy()
    choices = {
        "industry": (["M1", "W1", "M0", "C1", "R4"], [0.76, 0.10, 0.08, 0.03, 0.03]),
        "village": (["R4", "C1", "M1", "GIC5", "G1"], [0.86, 0.07, 0.03, 0.02, 0.02]),
        "housing": (["R2", "C1", "GIC5", "GIC1", "G1"], [0.66, 0.12, 0.09, 0.05, 0.08]),
        "mixed": (
            ["C1", "R2", "M1", "U1", "G1", "S4", "GIC1"],
            [0.30, 0.20, 0.18, 0.09, 0.11, 0.06, 0.06],
        ),
        "hill": (["E2"], [1.0]),
    }
    for one, (names, weights) in choices.items():
        rows = kind == one
        use[rows] = np.array(names, dtype=object)[
            np.searchsorted(np.cumsum(weights), draw[rows]).clip(0, len(names) - 1)
        ]
    use = trim_pool(rng, use, area)
    station = np.array([[p.x, p.y] for p in stations(parcels)])
    metro = np.sqrt(((np.stack([x, y], 1)[:, None, :] - station[None]) ** 2).sum(-1)).min(1)
    industrial = np.isin(use, POOL_USES)
    share = np.clip(0.70 + 0.17 * legal(x, y) + rng.normal(0, 0.10, n), 0, 1)
    share = np.where(np.isin(use, ["R4"]), share * 0.7, share)
    built = np.where(
        use == "E2",
        np.nan,
        np.clip(1999 + 6.5 * age(x, y) + rng.normal(0, 4, n), 1979, 2018).round(),
    )
    ratio = np.select(
        [use == "R4", industrial, use == "R2", use == "C1", np.isin(use, ["G1", "E2"])],
        [
            rng.uniform(2.0, 4.2, n),
            rng.gamma(3.2, 0.42, n),
            rng.uniform(1.6, 3.4, n),
            rng.uniform(0.8, 3.2, n),
            0.0,
        ],
        default=rng.uniform(0.4, 1.6, n),
    )
    tenure = np.where(share > 0.85, "国有", np.where(share > 0.55, "国有/集体", "集体"))
    owner = np.where(
        use == "R4",
        "个人",
        np.where(rng.random(n) < 0.45, "村股份公司", np.where(rng.random(n) < 0.3, "国企", "民企")),
    )
    at, which = districts.sindex.query(
        parcels.geometry.representative_point(), predicate="intersects"
    )
    first = (
        pd.Series(which, index=at)
        .groupby(level=0)
        .first()
        .reindex(range(n))
        .fillna(0)
        .astype(int)
        .to_numpy()
    )
    table = parcels.assign(
        现状用途=use,
        用途名称=[USES[u] for u in use],
        面积亩=(area / M2_PER_MU).round(3),
        权属=tenure,
        权利人类=owner,
        建成年份=built,
        建筑面积=(ratio * area * 0.9).round(1),
        合法比例=share.round(3),
        街道=np.array(SUB_DISTRICTS)[first],
        距地铁=metro.round(0),
        坡度=np.clip(3 + 3.2 * slope(x, y) + rng.normal(0, 0.8, n), 0, 28).round(1),
        容积率=ratio.round(2),
    )
    order = np.lexsort((x, -y, first))
    table = table.iloc[order].reset_index(drop=True)
    running = table.groupby("街道").cumcount() + 1
    code = dict(zip(SUB_DISTRICTS, INITIALS, strict=True))
    table.insert(
        0, "地块编号", [f"{code[d]}{i:05d}" for d, i in zip(table["街道"], running, strict=True)]
    )
    return table


def trim_pool(rng: np.random.Generator, use: np.ndarray, area: np.ndarray) -> np.ndarray:
    """Turn single industrial parcels to commerce until the pool has its 18.5 km2."""
    use = use.copy()
    rows = rng.permutation(np.flatnonzero(np.isin(use, POOL_USES)))
    excess = area[rows].sum() - POOL_M2
    if excess < 0:
        sys.exit(f"the pool has only {area[rows].sum() / 1e6:.2f} km2; draw more industry")
    for row in rows:
        if area[row] < excess:
            use[row] = "C1" if rng.random() < 0.6 else "U1"
            excess -= area[row]
    return use


def stations(parcels: gpd.GeoDataFrame) -> list[Point]:
    """Return six invented metro stations."""
    x0, y0, x1, y1 = parcels.total_bounds
    shares = [(0.18, 0.35), (0.33, 0.45), (0.47, 0.5), (0.6, 0.58), (0.74, 0.6), (0.85, 0.75)]
    return [Point(x0 + (x1 - x0) * a, y0 + (y1 - y0) * b) for a, b in shares]


def bent(shapes: Any, onto_ground: Any, step: float = 45.0) -> Any:
    """Densify shapes of the plane and bend them onto the ground."""
    return shapely.transform(
        shapely.segmentize(np.asarray(shapes, dtype=object), step), onto_ground
    )


def sub_districts(rng: np.random.Generator, onto_ground: Any) -> gpd.GeoDataFrame:
    """Tile the district with eleven invented sub-districts."""
    columns = [
        (0.13, 0.2),
        (0.13, 0.55),
        (0.2, 0.86),
        (0.42, 0.14),
        (0.42, 0.48),
        (0.5, 0.82),
        (0.68, 0.3),
        (0.72, 0.64),
        (0.75, 0.9),
        (0.9, 0.2),
        (0.92, 0.62),
    ]
    seeds = [
        Point(WIDTH * a + rng.uniform(-200, 200), HEIGHT * b + rng.uniform(-200, 200))
        for a, b in columns
    ]
    whole = box(0, 0, WIDTH, HEIGHT)
    cells = shapely.get_parts(
        shapely.voronoi_polygons(shapely.multipoints(seeds), extend_to=whole.buffer(3_000))
    )
    cells = [cell.intersection(whole) for cell in cells]
    lines = shapely.segmentize(shapely.union_all([c.boundary for c in cells]), 45.0)
    faces = shapely.get_parts(
        shapely.polygonize(shapely.get_parts(shapely.transform(lines, onto_ground)))
    )
    faces = sorted(faces, key=lambda f: (round(f.centroid.x), round(f.centroid.y)))
    return gpd.GeoDataFrame({"名称": SUB_DISTRICTS[: len(faces)]}, geometry=faces, crs=CRS)


def barriers(town: Town, onto_ground: Any, outline: Any) -> gpd.GeoDataFrame:
    """Return what contiguity may not cross, as polygons of true width."""
    rows = []
    for kind, line in town.corridors:
        wide = CORRIDORS[kind][1]
        if wide:
            shape = bent([line.buffer(wide / 2, cap_style="flat")], onto_ground)[0].intersection(
                outline
            )
            rows.append((kind, wide, shape))
    return gpd.GeoDataFrame(
        {"类别": [r[0] for r in rows], "宽度m": [r[1] for r in rows]},
        geometry=[r[2] for r in rows],
        crs=CRS,
    )


def exclusions(onto_ground: Any, outline: Any) -> gpd.GeoDataFrame:
    """Return control areas: the hills, some farmland and a water source."""
    eco = bent([one.buffer(60) for one in hills()], onto_ground)
    water = bent([shapely.affinity.scale(Point(2_400, 1_300).buffer(1), 420, 330)], onto_ground)
    farm = bent([box(8_700, 6_500, 9_350, 6_950), box(1_050, 3_650, 1_500, 4_050)], onto_ground)
    shapes = [*eco, *farm, *water]
    kinds = (
        ["eco_control_line"] * len(eco) + ["permanent_farmland"] * len(farm) + ["water_source_1"]
    )
    shapes = [shape.intersection(outline) for shape in shapes]
    names = ["北山", "东山", "南山岗", "虚构一号农田", "虚构二号农田", "虚构水库一级保护区"]
    return gpd.GeoDataFrame({"类别": kinds, "名称": names}, geometry=shapes, crs=CRS)


def roads(town: Town, onto_ground: Any, outline: Any) -> gpd.GeoDataFrame:
    """Return centre-lines with class and width."""
    rows = [
        (k, CORRIDORS[k][1] or 30.0, line)
        for k, line in town.corridors
        if k in {"expressway", "arterial", "collector"}
    ]
    rows += [("local", round(wide, 1), line) for line, wide in town.streets]
    lines = bent([r[2] for r in rows], onto_ground)
    table = gpd.GeoDataFrame(
        {"等级": [r[0] for r in rows], "宽度m": [r[1] for r in rows]}, geometry=lines, crs=CRS
    )
    return table.clip(outline).explode(ignore_index=True)


def land_use(parcels: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return a land-use survey of the same ground, digitised anew by decimetres."""
    merged = parcels.dissolve(by=["block", "现状用途"], as_index=False)[["现状用途", "geometry"]]
    merged = merged.explode(ignore_index=True)

    shapes = shapely.simplify(merged.geometry.to_numpy(), 0.3)
    points, owner = shapely.get_coordinates(shapes, return_index=True)
    # a hash of place and polygon, so that a ring closes and neighbours disagree
    mixed = np.sin(points @ np.array([12.9898, 78.233]) + owner * 37.719)[:, None] * np.array(
        [43758.5, 24634.6]
    )
    noise = 0.45 * (mixed - np.floor(mixed) - 0.5)
    shapes = shapely.set_coordinates(shapes.copy(), np.round(points + noise, 3))
    shapes = np.where(shapely.is_valid(shapes), shapes, shapely.buffer(shapes, 0))
    table = gpd.GeoDataFrame(
        {"用地分类": merged["现状用途"], "年份": 2019}, geometry=shapes, crs=CRS
    )
    return table[~table.geometry.is_empty].explode(ignore_index=True)


def units(rng: np.random.Generator, parcels: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return twelve listed renewal units, each some parcels of one block."""
    sizes = parcels.groupby("block").geometry.apply(lambda g: g.area.sum())
    kinds = parcels.groupby("block")["kind"].first()
    fit = sizes[
        (sizes > 30_000) & (sizes < 110_000) & kinds.isin(["industry", "village", "mixed"])
    ].index
    rows = []
    for number, block in enumerate(sorted(rng.choice(fit, 12, replace=False)), 1):
        members = parcels[parcels["block"] == block]
        shape = (
            shapely.union_all(members.geometry.to_numpy())
            .buffer(4, join_style="mitre")
            .buffer(-4, join_style="mitre")
        )
        shape = max(shapely.get_parts(shape), key=lambda p: p.area)
        rows.append(
            (
                f"XG{number:02d}",
                f"虚构更新单元{number:02d}",
                ["已列计划", "已批规划", "实施中"][number % 3],
                Polygon(shape.exterior),
            )
        )
    return gpd.GeoDataFrame(
        {
            "单元编号": [r[0] for r in rows],
            "名称": [r[1] for r in rows],
            "状态": [r[2] for r in rows],
        },
        geometry=[r[3] for r in rows],
        crs=CRS,
    )


def write(table: gpd.GeoDataFrame, name: str, *, cpg: bool = True, prj: bool = True) -> None:
    """Write a Shapefile in GBK; take away the side-cars that planners lose."""
    for old in OUT.glob(f"{name}.*"):
        old.unlink()
    path = OUT / f"{name}.shp"
    table.to_file(
        path,
        driver="ESRI Shapefile",
        encoding="GBK",
        engine="pyogrio",
        layer_options={"RESIZE": "YES"},
    )
    stamp_dbf(path.with_suffix(".dbf"))
    path.with_suffix(".cpg").write_text("GBK", encoding="ascii")
    if not cpg:
        path.with_suffix(".cpg").unlink()
    if not prj:
        path.with_suffix(".prj").unlink()


def write_programme(
    parcels: gpd.GeoDataFrame, listed: gpd.GeoDataFrame
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Write the year's programme, layers as Shapefiles and tables as CSV; return sites (not yet written), needs."""
    own = np.random.default_rng(sample_programme.SEED)
    projects = sample_programme.projects(own, parcels, listed)
    supply = sample_programme.supply(own, projects)
    milestones = sample_programme.milestones(own, projects, supply)
    investment = sample_programme.investment(own, projects)
    write(projects.drop(columns="block"), "projects")
    sites = sample_programme.sites(own, parcels, projects, milestones)
    write(sample_programme.facilities(own, parcels), "facilities")
    homes = sample_programme.demand(parcels)
    write(homes, "demand")
    needs = sample_units.with_shapes(sample_programme.needs(own, homes))
    write(needs, "needs")
    tables = {"milestones": milestones, "supply": supply, "investment": investment}
    for name, table in tables.items():
        table.to_csv(OUT / f"{name}.csv", index=False, encoding="GBK", lineterminator="\n")
    return sites, needs


def write_units(
    parcels: gpd.GeoDataFrame,
    listed: gpd.GeoDataFrame,
    programme: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame],
    surveys: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, gpd.GeoDataFrame],
) -> None:
    """Write the units with their ranges and all that they are screened by."""
    tenure, lines, buildings = surveys
    sites, needs = programme
    own = np.random.default_rng(sample_units.SEED)
    drawn = sample_units.draw(own, listed, parcels, sites, buildings, tenure)
    write(drawn.units, "units")
    write(drawn.demolition, "demolition")
    write(drawn.development, "development")
    write(drawn.odd_lots, "odd_lots")
    write(drawn.tenure, "tenure")
    blocks = sample_units.block_lines(lines, listed)
    more = sample_units.with_eco_corner(lines, drawn)
    handed = sample_units.with_off_site(
        own, sample_units.with_terms(own, sites, listed), needs, parcels, listed
    )
    write(blocks, "block_lines")
    write(more, "control_lines", cpg=False)
    write(sample_units.with_odd_years(buildings, listed), "buildings")
    write(handed, "sites")
    drawn.holders.to_csv(OUT / "holders.csv", index=False, encoding="GBK", lineterminator="\n")
    known = sample_verdicts.verdicts(drawn, parcels, handed, more, blocks)
    known.to_csv(OUT / "planted_verdicts.csv", index=False, encoding="utf-8", lineterminator="\n")


def write_surroundings(
    parcels: gpd.GeoDataFrame, onto_ground: Any, closed: gpd.GeoDataFrame
) -> None:
    """Write heights and people as rasters, metro stations and municipal plants as layers."""
    lake = closed.loc[closed["类别"] == "water_source_1"].geometry.iloc[0]
    sample_terrain.heights(parcels, hills(), onto_ground, OUT / "dem.tif", lake)
    sample_terrain.people(parcels, sample_programme.demand(parcels), OUT / "population.tif")
    write(sample_terrain.stations(stations(parcels), parcels.crs), "stations")
    write(sample_terrain.plants(parcels), "plants")


def stamp_dbf(path: Path) -> None:
    """Set the date of last change to the report's day, so that the same seed gives the same bytes."""
    with path.open("r+b") as stream:
        stream.seek(1)
        stream.write(bytes([120, 6, 30]))


def main() -> int:
    """Draw, plant the faults, write."""
    rng = np.random.default_rng(SEED)
    OUT.mkdir(parents=True, exist_ok=True)
    town = Town(rng)
    onto_ground = bend(rng)
    lay_corridors(town)
    build(town)
    districts = sub_districts(rng, onto_ground)
    outline = shapely.union_all(districts.geometry.to_numpy())
    parcels = attributes(rng, on_ground(town, onto_ground), districts)
    survey = land_use(parcels)
    listed = units(rng, parcels)
    faulty, faults = plant(rng, parcels, outline)
    write(faulty.drop(columns=["kind", "block"]), "parcels")
    write(barriers(town, onto_ground, outline), "barriers", prj=False)
    closed = exclusions(onto_ground, outline)
    write(closed, "exclusions", cpg=False)
    write_surroundings(parcels, onto_ground, closed)
    write(districts, "sub_districts")
    write(sample_units.joined_streets(roads(town, onto_ground, outline)), "roads")
    write(survey, "land_use")
    own = np.random.default_rng(sample_books.SEED)
    tenure = sample_books.tenure(parcels)
    lines = sample_books.control_lines(own, parcels, outline, onto_ground)
    buildings = sample_books.buildings(own, parcels, listed)
    programme = write_programme(parcels, listed)
    write_units(parcels, listed, programme, (tenure, lines, buildings))
    faults.to_csv(OUT / "planted_faults.csv", index=False, encoding="utf-8", lineterminator="\n")
    pool = parcels[parcels["现状用途"].isin(POOL_USES)].geometry.area.sum()
    print(
        f"{len(faulty):,} parcels, pool {pool / 1e6:.3f} km2, {len(faults)} planted faults, in {OUT}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
