"""The listed renewal units of the sample district: three ranges, tenure, consent, and what is known of them.

All invented, from a seed of its own, after everything else, so that the older layers stay as they are. The
figures of ``planted_verdicts.csv`` are taken from the drawn shapes with plain shapely, not with renewal-geo.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely import Point, Polygon, box

SEED = 20200703
GRID_M = 0.001
REBUILD, IMPROVE = "拆除重建类", "综合整治类"
LEGAL = ("国有已出让", "非农建设用地", "征地返还用地", "已处理历史用地")
OLD_HOUSES, UNSETTLED, UNLEASED = "旧屋村", "未完善手续", "国有未出让"
LEGAL_KINDS = (*LEGAL, OLD_HOUSES)
SUBSETS = 4_000
BEYOND_M = 0.4
DEVELOPED = 0.52
SMALL_M2 = 9_900.0
FAR = {"普通工业": 3.6, "新型产业": 4.5, "商业": 5.4, "居住": 6.2, "居住、新型产业": 5.6}
PLANNED_USE = {
    "普通工业": "M1",
    "新型产业": "M0",
    "商业": "C1",
    "居住": "R2",
    "居住、新型产业": "R2",
}
ECO_UNIT, UNCHECKED_UNIT = "XG03", "XG03"
ODD_YEARS = {"XG01": 2031.0, "XG05": 1389.0, "XG07": np.nan}
BLOCK_LINE_OF = {"XG04": "一级", "XG06": "二级", "XG12": "一级"}
NEED_WIDTHS = {"幼儿园": 40.0, "小学": 60.0, "初中": 70.0, "社康中心": 20.0, "社区体育场地": 20.0}
NEED_USES = {
    "幼儿园": "教育设施用地",
    "小学": "教育设施用地",
    "初中": "教育设施用地",
    "社康中心": "社康用地、市政设施用地",
    "社区体育场地": "文体设施用地、公园绿地",
}
PUPIL_M2 = 12.0
FATES = ("fits", "fits", "small", "fits", "late", "")
MUST = (1,)
APART = {3: "A", 4: "A"}  # only one of a group may be chosen


@dataclass(frozen=True, slots=True)
class Plan:
    """What one unit is to be.

    `legal` is the share of the demolition range that clear title is to reach (0: no range is drawn),
    `kept` how many parcels stay outside the demolition range, `odd` square metres of odd lots by kind,
    `terms` how the planned floor area is made of base, transfer and bonus, `added` the auxiliary and
    business floor area of an improvement as shares of what stands there.
    """

    kind: str
    direction: str
    legal: float = 0.0
    kept: int = 1
    key: bool = False
    odd: tuple[tuple[str, float], ...] = ()
    terms: tuple[float, float, float] = (0.78, 0.07, 0.15)
    added: tuple[float, float] = (0.0, 0.0)


PLANS = {
    "XG01": Plan(REBUILD, "新型产业", 0.75, odd=(("边角地", 640.0), ("夹心地", 420.0))),
    "XG02": Plan(REBUILD, "商业", 0.45),
    "XG03": Plan(REBUILD, "普通工业", 0.85),
    "XG04": Plan(
        REBUILD, "居住", 0.62, odd=(("边角地", 1_500.0), ("夹心地", 1_100.0), ("插花地", 900.0))
    ),
    "XG05": Plan(REBUILD, "居住", 0.70, kept=2, terms=(0.70, 0.05, 0.25)),
    "XG06": Plan(REBUILD, "居住、新型产业", 0.42, key=True, odd=(("夹心地", 2_200.0),)),
    "XG07": Plan(REBUILD, "居住", 0.66),
    "XG08": Plan(IMPROVE, "普通工业", added=(0.13, 0.0)),
    "XG09": Plan(REBUILD, "商业", 0.58, odd=(("插花地", 800.0),), terms=(0.74, 0.05, 0.15)),
    "XG10": Plan(REBUILD, "新型产业", 0.80, kept=99),
    "XG11": Plan(IMPROVE, "新型产业", added=(0.18, 0.07)),
    "XG12": Plan(REBUILD, "普通工业", 0.90, kept=2),
}


@dataclass(frozen=True, slots=True)
class Drawn:
    """What is drawn of the units: tables ready to be written."""

    units: gpd.GeoDataFrame
    demolition: gpd.GeoDataFrame
    development: gpd.GeoDataFrame
    odd_lots: gpd.GeoDataFrame
    tenure: gpd.GeoDataFrame
    holders: pd.DataFrame


def draw(
    rng: np.random.Generator,
    units: gpd.GeoDataFrame,
    parcels: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    buildings: gpd.GeoDataFrame,
    tenure: gpd.GeoDataFrame,
) -> Drawn:
    """Draw the ranges, the checked tenure and the holders of every unit."""
    rows: dict[str, list[Any]] = {
        name: [] for name in ("demolition", "development", "odd", "kinds", "holders")
    }
    more = []
    rng, people = rng.spawn(2)  # who consents moves no border
    for unit in units.itertuples():
        name, plan = unit.单元编号, PLANS[unit.单元编号]
        members = parcels[parcels.geometry.representative_point().within(unit.geometry)]
        public = members.geometry.isin(sites.geometry.tolist()).to_numpy()
        taken = _demolished(plan, members, public)
        ground, land, lots = _ranges(rng, plan, unit.geometry, members, taken, public)
        rows["kinds"] += _checked(rng, plan, unit.geometry, members, ground)
        rows["holders"] += _holders(people, name, members[taken])
        if plan.legal:
            rows["demolition"].append((name, ground))
            rows["development"].append((name, PLANNED_USE[plan.direction], land))
            rows["odd"] += [(name, kind, shape) for kind, shape in lots]
        more.append(_figures(rng, plan, members, unit.geometry, ground, land, buildings))
    made = units.copy()
    for column in more[0]:
        made[column] = [one[column] for one in more]
    return Drawn(
        made[[c for c in made.columns if c != "geometry"] + ["geometry"]],
        _layer(rows["demolition"], ["单元编号"], units.crs),
        _layer(rows["development"], ["单元编号", "用途"], units.crs),
        _numbered(_layer(rows["odd"], ["单元编号", "类别"], units.crs), "LX"),
        _with_checked(tenure, rows["kinds"], units),
        _holder_table(rows["holders"]),
    )


def _demolished(plan: Plan, members: gpd.GeoDataFrame, public: np.ndarray) -> np.ndarray:
    """Return which parcels are demolished: all but the smallest `kept`, or a small lot around public land."""
    area = members.geometry.area.to_numpy()
    order = np.lexsort((np.arange(len(area)), area, public))
    if plan.kept < len(members):
        taken = np.ones(len(members), dtype=bool)
        taken[order[: plan.kept] if plan.legal else []] = False
        return taken
    taken = public.copy()
    for row in order[~public[order]]:
        if area[taken].sum() + area[row] < SMALL_M2:
            taken[row] = True
    return taken


def _ranges(
    rng: np.random.Generator,
    plan: Plan,
    whole: Polygon,
    members: gpd.GeoDataFrame,
    taken: np.ndarray,
    public: np.ndarray,
) -> tuple[Any, Any, list[tuple[str, Any]]]:
    """Return the demolition range, the development land in it, and the odd lots in that."""
    shapes = members.geometry.to_numpy()
    ground = _clean(shapely.union_all(shapes[taken]).intersection(whole))
    free = np.flatnonzero(taken & ~public)
    want = DEVELOPED * ground.area
    chosen: list[int] = []
    for row in free[np.argsort(-shapely.area(shapes[free]), kind="stable")]:
        if shapely.area(shapes[chosen]).sum() < want:
            chosen.append(int(row))
    land = _clean(shapely.union_all(shapes[chosen]).intersection(ground))
    lots: list[tuple[str, Any]] = []
    rest = land
    for kind, size in plan.odd:
        lots.append((kind, _odd_lot(rng, kind, size, whole, rest)))
        rest = _clean(rest.difference(lots[-1][1]))
    return ground, land, lots


def _odd_lot(rng: np.random.Generator, kind: str, size: float, whole: Polygon, land: Any) -> Any:
    """Return a piece of development land: along the unit's edge, within it, or across it, of about `size`."""
    part = max(shapely.get_parts(land), key=lambda p: p.area)
    if kind == "边角地":
        low, high = 1.0, 60.0
        for _ in range(40):
            middle = (low + high) / 2
            strip = part.intersection(whole.exterior.buffer(middle))
            low, high = (middle, high) if strip.area < size else (low, middle)
        return _clean(part.intersection(whole.exterior.buffer(low)))
    side = np.sqrt(size) / 2
    if kind == "夹心地":
        spot = shapely.maximum_inscribed_circle(part).coords[0]
        lot = shapely.affinity.rotate(box(-side, -side, side, side), float(rng.uniform(0, 90)))
        return _clean(shapely.affinity.translate(lot, *spot).intersection(part))
    spot = part.exterior.interpolate(float(rng.uniform(0.2, 0.8)), normalized=True)
    wedge = spot.buffer(np.sqrt(size / 1.5))
    return _clean(max(shapely.get_parts(wedge.intersection(part)), key=lambda p: p.area))


def _checked(
    rng: np.random.Generator, plan: Plan, whole: Polygon, members: gpd.GeoDataFrame, ground: Any
) -> list[tuple[str, str, Any]]:
    """Return the unit's ground by what the land check found: kind, tenure as surveyed, shape."""
    shapes = np.array([one.intersection(whole) for one in members.geometry], dtype=object)
    inside = shapely.area(shapely.intersection(shapes, ground))
    target = (plan.legal or 0.7) * ground.area
    picks = rng.random((SUBSETS, len(members))) < (plan.legal or 0.7)
    legal = picks[np.argmin(np.abs(picks @ inside - target))]
    kinds = np.full(len(members), UNSETTLED, dtype=object)
    kinds[legal] = np.resize(np.array(LEGAL, dtype=object), int(legal.sum()))
    old = legal & (members["现状用途"] == "R4").to_numpy()
    kinds[old] = OLD_HOUSES
    rest = np.flatnonzero(~legal)
    if len(rest) > 1:
        kinds[rest[np.argmin(inside[rest])]] = UNLEASED
    surveyed = members["权属"].to_numpy()
    made = []
    drawn = members.geometry.to_numpy()
    done = shapely.union_all(drawn)
    for kind, owner in sorted({*zip(kinds, surveyed, strict=True)}):
        own = shapely.union_all(drawn[(kinds == kind) & (surveyed == owner)])
        edge = own.buffer(BEYOND_M, join_style="mitre").difference(
            done
        )  # the survey ends elsewhere
        made.append((kind, owner, _clean(own.union(edge))))
        done = done.union(edge)
    return made


def _with_checked(
    tenure: gpd.GeoDataFrame, kinds: list[tuple[str, str, Any]], units: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """Return the survey with its ground inside the units replaced by what the land check found."""
    checked = shapely.union_all([shape for _, _, shape in kinds])
    outside = tenure.copy()
    hit = outside.sindex.query(checked, predicate="intersects")
    cut = shapely.difference(outside.geometry.to_numpy()[hit], checked)
    shapes = outside.geometry.to_numpy().copy()
    shapes[hit] = [_clean(one) for one in cut]
    outside = outside.set_geometry(shapes, crs=tenure.crs).assign(核查类别=outside["权属"])
    outside = outside[shapely.area(shapes) > 1.0]
    first = len(tenure) + 1
    inside = gpd.GeoDataFrame(
        {
            "编号": [f"QS{n:05d}" for n in range(first, first + len(kinds))],
            "权属": [owner for _, owner, _ in kinds],
            "核查类别": [kind for kind, _, _ in kinds],
        },
        geometry=[shape for _, _, shape in kinds],
        crs=units.crs,
    )
    return pd.concat([outside, inside], ignore_index=True)[["编号", "权属", "核查类别", "geometry"]]


def _figures(
    rng: np.random.Generator,
    plan: Plan,
    members: gpd.GeoDataFrame,
    whole: Polygon,
    ground: Any,
    land: Any,
    buildings: gpd.GeoDataFrame,
) -> dict[str, Any]:
    """Return what the unit's row says besides its id: kind, day, floor areas."""
    spots = buildings.geometry.representative_point()
    floor = buildings["建筑面积"].fillna(0.0)
    standing = round(float(floor[spots.within(whole)].sum()), 1)
    demolished = round(float(floor[spots.within(ground)].sum()), 1) if plan.legal else 0.0
    planned = round(land.area * FAR[plan.direction], -1) if plan.legal else standing
    base, transfer, bonus = (
        round(planned * share, -1) if plan.legal else 0.0 for share in plan.terms
    )
    day = dt.date(2019, 1, 15) + dt.timedelta(days=int(rng.integers(0, 500)))
    return {
        "街道": members["街道"].mode()[0],
        "更新类型": plan.kind,
        "更新方向": plan.direction,
        "是否重点": "是" if plan.key else "否",
        "公告日期": day,
        "规划建面": planned,
        "拆除建面": demolished,
        "现状建面": standing,
        "基础容积": planned - transfer - bonus if plan.legal and sum(plan.terms) > 0.99 else base,
        "转移容积": transfer,
        "奖励容积": bonus,
        "加建辅助": round(standing * plan.added[0], 1),
        "增加经营": round(standing * plan.added[1], 1),
    }


# Who consents: unit -> form of ownership of its largest parcel, persons, share of area and of persons that
# consent, old residential estate.
CONSENT: dict[str, tuple[str, int, float, float, bool]] = {
    "XG01": ("单独", 1, 1.0, 1.0, False),
    "XG02": ("区分所有", 40, 0.70, 0.70, False),
    "XG04": ("按份共有", 3, 0.80, 0.67, False),
    "XG05": ("区分所有", 50, 0.93, 0.96, True),
    "XG07": ("共同共有", 2, 0.50, 0.50, False),
    "XG08": ("单独", 1, 1.0, 1.0, False),
    "XG09": ("区分所有", 30, 0.60, 0.60, False),
    "XG10": ("单独", 1, 1.0, 1.0, False),
    "XG11": ("单独", 1, 1.0, 1.0, False),
    "XG12": ("单独", 1, 1.0, 1.0, False),
}
SHARED_PARCELS = {"XG02": 2, "XG05": 3}  # so many parcels that their land is more than a fifth
REFUSED_LAND_UNIT, REFUSED_LAND = "XG06", 0.25


def _holders(
    rng: np.random.Generator, unit: str, members: gpd.GeoDataFrame
) -> list[tuple[Any, ...]]:
    """Return who holds what and whether he consents; one unit has no list at all."""
    if unit == UNCHECKED_UNIT:
        return []
    area = members.geometry.area.to_numpy()
    order = np.argsort(-area, kind="stable")
    refused = np.zeros(len(area), dtype=bool)
    if unit == REFUSED_LAND_UNIT:
        refused[
            order[: int(np.searchsorted(area[order].cumsum(), REFUSED_LAND * area.sum())) + 1]
        ] = True
    rows: list[tuple[Any, ...]] = []
    for place, row in enumerate(order):
        one = members.iloc[row]
        floor = float(one["建筑面积"])
        if place < SHARED_PARCELS.get(unit, 1) and unit in CONSENT:
            rows += _shared(rng, unit, one["地块编号"], floor, *CONSENT[unit])
        else:
            rows.append(
                (unit, one["地块编号"], "单独", 1.0, round(floor, 1), not refused[row], False)
            )
    return rows


def _shared(
    rng: np.random.Generator,
    unit: str,
    parcel: str,
    floor: float,
    form: str,
    persons: int,
    area_share: float,
    person_share: float,
    old: bool,
) -> list[tuple[Any, ...]]:
    """Return the holders of one parcel, of whom the asked shares consent."""
    count = round(persons * person_share)
    sizes = rng.uniform(0.8, 1.25, persons)
    sizes[:count] *= area_share / sizes[:count].sum()
    if count < persons:
        sizes[count:] *= (1 - area_share) / sizes[count:].sum()
    consents = [n < count or area_share == 1.0 for n in range(persons)]
    return [
        (unit, parcel, form, round(float(share), 6), round(float(floor * share), 2), yes, old)
        for share, yes in zip(sizes, consents, strict=True)
    ]


def _holder_table(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    columns = ["单元编号", "地块编号", "权利形态", "份额", "专有面积", "同意", "旧住宅区"]
    table = pd.DataFrame(rows, columns=columns)
    for column in ("同意", "旧住宅区"):
        table[column] = np.where(table[column].astype(bool), "是", "否")
    table.insert(0, "权利主体编号", [f"QL{n:05d}" for n in range(1, len(table) + 1)])
    return table


def with_odd_years(buildings: gpd.GeoDataFrame, units: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the buildings with a missing, an impossible and a future year, one in each of three units."""
    table = buildings.copy()
    spots = table.geometry.representative_point()
    for unit, year in ODD_YEARS.items():
        shape = units.geometry[units["单元编号"] == unit].iloc[0]
        table.loc[table.index[spots.within(shape)][0], "建成年份"] = year
    return table


def with_eco_corner(lines: gpd.GeoDataFrame, drawn: Drawn) -> gpd.GeoDataFrame:
    """Return the control lines with one more, which reaches into a demolition range."""
    ground = drawn.demolition.set_index("单元编号").geometry[ECO_UNIT]
    corner = Point(max(shapely.get_coordinates(ground), key=lambda p: p[0] + p[1]))
    row = {
        "编号": f"GK{len(lines) + 1:03d}",
        "类别": "eco_control_line",
        "名称": "虚构生态控制线3",
        "geometry": _clean(corner.buffer(34.0)),
    }
    return pd.concat([lines, gpd.GeoDataFrame([row], crs=lines.crs)], ignore_index=True)


def block_lines(lines: gpd.GeoDataFrame, units: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the industrial block lines with their level; one of them is new, around a unit."""
    table = lines[lines["类别"] == "industrial_block_line"][["geometry"]].reset_index(drop=True)
    levels = np.where(np.arange(len(table)) % 3 == 0, "二级", "一级").astype(object)
    named = units.set_index("单元编号").geometry
    new = []
    for unit, level in BLOCK_LINE_OF.items():
        hit = table.intersects(named[unit].representative_point()).to_numpy()
        levels[hit] = level
        if not hit.any():
            around = named[unit].buffer(20, join_style="mitre").difference(table.union_all())
            new.append((level, _clean(around)))
    return _numbered(
        _layer([*zip(levels, table.geometry, strict=True), *new], ["级别"], lines.crs), "QK"
    )


def with_terms(
    rng: np.random.Generator, sites: gpd.GeoDataFrame, units: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """Return the sites with their unit, the day they can be had, pupils, and what may be chosen together."""
    table = sites.copy()
    spots = table.geometry.representative_point()
    at, which = units.sindex.query(spots, predicate="within")
    own = np.full(len(table), "", dtype=object)
    own[at] = units["单元编号"].to_numpy()[which]
    due = table["应移交日"].to_numpy()
    wait = rng.integers(0, 90, len(table))
    free = [
        day if day is None or status == "入库" else day + dt.timedelta(days=int(days))
        for day, status, days in zip(due, table["状态"], wait, strict=True)
    ]
    school = (table["用途"] == "教育设施用地").to_numpy()
    pupils = np.where(school, (table["面积"] / PUPIL_M2).round(-1), np.nan)
    outside = np.flatnonzero((table["移交方式"] == "外部").to_numpy())
    never = rng.permutation(outside)[:3]
    table = table.assign(
        单元编号=own,
        可用日期=pd.Series(free, dtype=object),
        规模=pupils,
        必选="否",
        不可选=np.where(np.isin(np.arange(len(table)), never), "是", "否"),
        互斥组="",
    )
    return table[[c for c in table.columns if c != "geometry"] + ["geometry"]]


def with_off_site(
    rng: np.random.Generator,
    sites: gpd.GeoDataFrame,
    needs: gpd.GeoDataFrame,
    parcels: gpd.GeoDataFrame,
    units: gpd.GeoDataFrame,
) -> gpd.GeoDataFrame:
    """Return the sites with more outside the units, beside needs: of six, three fit, one is small, one late."""
    taken = set(sites.geometry.to_wkb())
    inside = parcels.geometry.representative_point().within(units.union_all())
    free = parcels[(parcels["kind"] != "hill") & ~inside & ~parcels.geometry.to_wkb().isin(taken)]
    rows: list[dict[str, Any]] = []
    for place, need in enumerate(needs.itertuples()):
        fate = FATES[place % len(FATES)]
        low, high = (0.7, 0.95) if fate == "small" else (1.05, 3.0)
        reach = free.geometry.distance(need.geometry)
        fit = (reach < 0.6 * need.最远距离) & free.geometry.area.between(
            low * need.最小用地, high * need.最小用地
        )
        if not fate or not fit.any():
            continue
        one = free.loc[reach[fit].idxmin()]
        free = free.drop(index=one.name)
        day = dt.date.fromisoformat(need.需用日期)
        wait = int(rng.integers(60, 200)) if fate == "late" else -int(rng.integers(10, 120))
        use = need.可用用途.split("、")[0]
        rows.append(
            {
                "用地编号": f"YJ{len(sites) + len(rows) + 1:03d}",
                "名称": f"虚构移交用地{len(sites) + len(rows) + 1:03d}",
                "项目编号": f"XM{int(rng.integers(1, 72)):03d}",
                "用途": use,
                "面积": round(one.geometry.area, 1),
                "移交方式": "外部",
                "应移交日": day + dt.timedelta(days=wait),
                "状态": str(rng.choice(["承诺", "已清"])),
                "街道": one["街道"],
                "单元编号": "",
                "可用日期": day + dt.timedelta(days=wait),
                "规模": round(one.geometry.area / PUPIL_M2, -1)
                if use == "教育设施用地"
                else np.nan,
                "必选": "是" if len(rows) in MUST else "否",
                "不可选": "否",
                "互斥组": APART.get(len(rows), ""),
                "geometry": one.geometry,
            }
        )
    return pd.concat([sites, gpd.GeoDataFrame(rows, crs=sites.crs)], ignore_index=True)


def with_shapes(needs: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the needs with the least inscribed width and the uses that a site may have."""
    table = needs.assign(
        最小宽度=needs["类别"].map(NEED_WIDTHS), 可用用途=needs["类别"].map(NEED_USES)
    )
    return table[[c for c in table.columns if c != "geometry"] + ["geometry"]]


def joined_streets(roads: gpd.GeoDataFrame, reach_m: float = 45.0) -> gpd.GeoDataFrame:
    """Return the roads with every end of a local street led to the road that it would meet.

    Streets are cut within a block and so end at its border, or at the kerb of the street before; on foot they
    go on to its centre-line. None is led to an expressway, a railway or over a river.
    """
    table = roads.copy()
    lines = table.geometry.to_numpy().copy()
    local = (table["等级"] == "local").to_numpy()
    open_to = np.flatnonzero((table["等级"] != "expressway").to_numpy())
    tree = shapely.STRtree(lines[open_to])
    for row in np.flatnonzero(local):
        points = shapely.get_coordinates(lines[row])
        ends = [_led_on(points[::-1], row, open_to, tree, reach_m)[::-1]]
        ends.append(_led_on(points, row, open_to, tree, reach_m))
        lines[row] = shapely.linestrings(np.vstack([ends[0], points, ends[1]]))
    return table.set_geometry(lines, crs=roads.crs)


def _led_on(
    points: np.ndarray, row: int, open_to: np.ndarray, tree: Any, reach_m: float
) -> np.ndarray:
    """Return the point that the last point of a street is led on to: ahead, else the nearest; none if there is none."""
    last, ahead = points[-1], points[-1] - points[-2]
    ray = shapely.linestrings([last, last + ahead / np.hypot(*ahead) * reach_m])
    near = [n for n in tree.query(ray.buffer(12.0), predicate="intersects") if open_to[n] != row]
    best, far = None, np.inf
    for n in sorted(near):
        other = tree.geometries[n]
        meeting = ray.intersection(other)
        spot = shapely.shortest_line(
            shapely.points(last), meeting if not meeting.is_empty else other
        )
        along = shapely.length(spot) + (0.0 if not meeting.is_empty else 15.0)
        if along < far:
            best, far = shapely.get_coordinates(spot)[-1], along
    return np.empty((0, 2)) if best is None or far < 1e-6 else np.array([best])


def _clean(shape: Any) -> Any:
    """Return the polygons of a shape on the millimetre, without crumbs."""
    snapped = shapely.set_precision(shape, GRID_M)
    parts = [
        one for one in shapely.get_parts(snapped) if one.geom_type == "Polygon" and one.area > 1.0
    ]
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


def _layer(rows: list[tuple[Any, ...]], columns: list[str], crs: Any) -> gpd.GeoDataFrame:
    data = {name: [row[n] for row in rows] for n, name in enumerate(columns)}
    return gpd.GeoDataFrame(data, geometry=[row[-1] for row in rows], crs=crs)


def _numbered(table: gpd.GeoDataFrame, prefix: str) -> gpd.GeoDataFrame:
    table.insert(0, "编号", [f"{prefix}{n:03d}" for n in range(1, len(table) + 1)])
    return table
