"""What a screening of the sample district must find, measured on the drawn shapes with plain shapely.

One row per unit, rule and day in ``planted_verdicts.csv``. The values that decide are those that the sample's
own ``study.toml`` sets; all others advise, whatever the comparison says, and what has no value is not evaluable.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from sample_units import LEGAL_KINDS, PLANS, REBUILD, Drawn

DAYS = ("2020-06-30", "2021-03-01")
SET_BY_STUDY = {
    "unit.min_demolition_area": 10_000.0,
    "unit.public_land_min_area": 3_000.0,
    "unit.public_land_min_share": 0.15,
    "unit.legal_land_share": 0.60,
}
ADVISED = {
    "unit.small_lot_public_area": 3_000.0,
    "unit.legal_land_share.key_unit": 0.30,
    "unit.odd_lot_max_area": 3_000.0,
    "unit.odd_lot_single_area": 2_000.0,
    "control_line.eco_control_line": 0.0,
    "block_line.level_1_uses": 0.0,
    "improvement.auxiliary_max_share": 0.15,
    "willingness.multi_parcel_land": 0.80,
}
AT_MOST = ("unit.odd_lot", "control_line", "block_line.level", "improvement")
ALLOWED = ("M1", "M0")
Row = tuple[str, str, str, float, str]


def verdicts(
    drawn: Drawn,
    parcels: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    lines: gpd.GeoDataFrame,
    blocks: gpd.GeoDataFrame,
) -> pd.DataFrame:
    """Return what is expected of every unit, by the rules of two days."""
    rows = [*_ranges(drawn, sites), *_odd_lots(drawn), *_lines(drawn, lines, blocks)]
    table = []
    for day in DAYS:
        for unit, criterion, rule, figure, note in [
            *rows,
            *_improvements(drawn),
            *_consent(drawn, parcels, day),
        ]:
            status, meets = _judged(rule, figure, day)
            table.append((unit, criterion, rule, day, status, meets, round(figure, 6), note))
    names = ["unit_id", "criterion", "rule_id", "day", "status", "meets", "figure", "note"]
    made = pd.DataFrame(table, columns=names)
    return made.sort_values(["unit_id", "criterion", "rule_id", "day"], ignore_index=True)


def _judged(rule: str, figure: float, day: str) -> tuple[str, str]:
    """Return what may be said of a figure on a day, and the bare comparison."""
    if rule == "improvement.auxiliary_max_share" and day < "2021-03-01":
        return "not_evaluable", ""  # the value is in force from 2021-03-01
    if rule == "improvement.business_max_share":
        return "not_evaluable", ""  # no public value
    if rule in SET_BY_STUDY:
        limit = SET_BY_STUDY[rule]
        met = figure > limit if rule.endswith("area") else figure >= limit
        return ("pass" if met else "fail"), str(met).lower()
    met = figure <= ADVISED[rule] if rule.startswith(AT_MOST) else figure >= ADVISED[rule]
    return "advisory", str(met).lower()


def _ranges(drawn: Drawn, sites: gpd.GeoDataFrame) -> list[Row]:
    rows: list[Row] = []
    checked = drawn.tenure[drawn.tenure["核查类别"].isin(LEGAL_KINDS)]
    for unit, ground in zip(drawn.demolition["单元编号"], drawn.demolition.geometry, strict=True):
        public = shapely.union_all(
            sites.geometry[sites["单元编号"] == unit].intersection(ground).to_numpy()
        )
        legal = float(checked.intersection(ground).area.sum()) / ground.area
        small = ground.area <= SET_BY_STUDY["unit.min_demolition_area"]
        rule = "unit.legal_land_share.key_unit" if PLANS[unit].key else "unit.legal_land_share"
        rows += [
            (unit, "area", "unit.small_lot_public_area", public.area, "小地块例外：独立公共用地 m²")
            if small
            else (unit, "area", "unit.min_demolition_area", ground.area, "拆除范围 m²"),
            (unit, "public_land", "unit.public_land_min_area", public.area, "独立公共用地 m²"),
            (
                unit,
                "public_land",
                "unit.public_land_min_share",
                public.area / ground.area,
                "占拆除范围",
            ),
            (unit, "legal_land", rule, legal, "合法用地比例"),
        ]
    return rows


def _odd_lots(drawn: Drawn) -> list[Row]:
    area = drawn.odd_lots.geometry.area.groupby(drawn.odd_lots["单元编号"])
    total = [
        (u, "odd_lots", "unit.odd_lot_max_area", float(a), "零星用地总面积 m²")
        for u, a in area.sum().items()
    ]
    single = [
        ("XG06", "odd_lots", "unit.odd_lot_single_area", float(area.max()["XG06"]), "最大一块 m²")
    ]
    return [*total, *single]


def _lines(drawn: Drawn, lines: gpd.GeoDataFrame, blocks: gpd.GeoDataFrame) -> list[Row]:
    eco = shapely.union_all(lines.geometry[lines["类别"] == "eco_control_line"].to_numpy())
    first = shapely.union_all(blocks.geometry[blocks["级别"] == "一级"].to_numpy())
    rows: list[Row] = [
        (
            unit,
            "control_lines",
            "control_line.eco_control_line",
            ground.intersection(eco).area,
            "占用生态控制线 m²",
        )
        for unit, ground in zip(
            drawn.demolition["单元编号"], drawn.demolition.geometry, strict=True
        )
    ]
    for unit, use, land in zip(
        *(drawn.development[c] for c in ("单元编号", "用途", "geometry")), strict=True
    ):
        inside = land.intersection(first).area
        if inside > 1.0:
            wrong = 0.0 if use in ALLOWED else inside
            rows.append(
                (unit, "block_lines", "block_line.level_1_uses", wrong, "一级线内不符合用途 m²")
            )
    return rows


def _improvements(drawn: Drawn) -> list[Row]:
    rows: list[Row] = []
    for unit in drawn.units.itertuples():
        if unit.更新类型 == REBUILD:
            continue
        pairs = (
            ("auxiliary", unit.加建辅助, "加建辅助性设施"),
            ("business", unit.增加经营, "增加经营性面积"),
        )
        rows += [
            (
                unit.单元编号,
                "improvement",
                f"improvement.{name}_max_share",
                added / unit.现状建面,
                f"{note}占现状建面",
            )
            for name, added, note in pairs
            if np.isfinite(added) and added > 0
        ]
    return rows


def _consent(drawn: Drawn, parcels: gpd.GeoDataFrame, day: str) -> list[Row]:
    """Return the share of the land whose parcels consent, of the units where some do not on one of the days.

    Two thirds of area and of owners are enough until 2021-02-28, three quarters after, 95 % in old
    residential estates; a joint owner who refuses refuses for all.
    """
    least = 2 / 3 if day < "2021-03-01" else 0.75
    yes = drawn.holders["同意"] == "是"
    land = parcels.set_index("地块编号").geometry
    rows: list[Row] = []
    for unit in ("XG02", "XG05", "XG06", "XG07"):
        ground = drawn.demolition.set_index("单元编号").geometry[unit]
        met = total = 0.0
        for parcel, own in drawn.holders[drawn.holders["单元编号"] == unit].groupby("地块编号"):
            area = land[parcel].intersection(ground).area
            asked = 0.95 if (own["旧住宅区"] == "是").any() and day >= "2021-03-01" else least
            share = own["专有面积"][yes[own.index]].sum() / own["专有面积"].sum()
            persons = yes[own.index].mean()
            joint = (own["权利形态"] == "共同共有").any()
            agreed = persons == 1.0 if joint else min(share, persons) >= asked
            total += area
            met += area * agreed
        rows.append(
            (
                unit,
                "willingness",
                "willingness.multi_parcel_land",
                met / total,
                "意愿达标宗地的用地比例",
            )
        )
    return rows
