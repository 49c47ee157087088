"""The year's programme of the sample district: projects, milestones, money, sites, facilities. All invented.

The totals are those of the bureau's report of 30 June 2020 (71 projects and 40 billion yuan, 27 of them
with 80 ha of land to supply); which project has how much is drawn from a seed of its own, after
everything else, so that the older layers stay as they are.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely import Polygon

SEED = 20200702
DATA_DAY = dt.date(2020, 6, 30)
PROJECTS = {"续建": 45, "新建": 9, "前期": 17}
INVESTED_YI = {"续建": 171.48, "新建": 75.28, "前期": 153.24}  # 400.00 in all
DECLARED_YI = 169.39
SUPPLIERS, SUPPLIED = 27, 8
SUPPLY_HA, SUPPLIED_HA = 80.00, 23.39
TASKS = {  # task: months after the task before, department
    "计划审批": (0, "更新计划科"),
    "土地信息核查": (4, "土地整备科"),
    "单元规划报批": (8, "规划管理科"),
    "集体资产处置备案": (3, "街道办"),
    "土壤调查": (2, "土地整备科"),
    "实施主体确认": (7, "更新计划科"),
    "拆除": (5, "街道办"),
    "产权注销": (2, "土地整备科"),
    "用地报批": (3, "规划管理科"),
    "签合同": (2, "土地整备科"),
    "开工": (4, "街道办"),
    "入库纳统": (1, "更新计划科"),
    "移交入库": (5, "土地整备科"),
}
REACHED = {"续建": (7, 13), "新建": (5, 10), "前期": (1, 6)}
FACILITIES = {  # kind: how many, persons that one serves
    "幼儿园": (34, 360),
    "小学": (18, 1_200),
    "初中": (9, 1_500),
    "社康中心": (16, 600),
    "公交首末站": (7, 0),
    "社区体育场地": (14, 0),
}
NEEDS = {  # kind: how many, land (m2), farthest way (m), persons
    "幼儿园": (9, 3_600, 300, 360),
    "小学": (6, 9_000, 500, 1_080),
    "初中": (3, 13_000, 1_000, 1_200),
    "社康中心": (5, 1_600, 1_000, 0),
    "社区体育场地": (4, 1_000, 500, 0),
}
SPONSORS = {"幼儿园": "教育局", "小学": "教育局", "初中": "教育局", "社康中心": "卫生健康局"}
SITE_USES = ["教育设施用地", "道路用地", "公园绿地", "社康用地", "文体设施用地", "市政设施用地"]
PERSON_M2 = 45.0
DAYS_OF_MONTH = 30.4
STATUSES = ("承诺", "已清", "备案", "入库")
STATUS_SHARES = {0: (0.86, 0.14, 0, 0), 6: (0.42, 0.32, 0.22, 0.04), 10: (0.08, 0.22, 0.28, 0.42)}


def projects(
    rng: np.random.Generator, parcels: gpd.GeoDataFrame, units: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """Return 71 projects: the listed units, and blocks of which each is one project."""
    inside = units.sindex.query(parcels.geometry.representative_point(), predicate="within")
    listed = {
        n: parcels["block"].iloc[inside[0][inside[1] == n]].mode()[0] for n in range(len(units))
    }
    size = parcels.geometry.area.groupby(parcels["block"]).sum()
    kind = parcels.groupby("block")["kind"].first()
    fit = size[
        (size > 40_000) & (size < 140_000) & kind.isin(["industry", "village", "mixed"])
    ].index
    fit = np.setdiff1d(fit, list(listed.values()))
    count = sum(PROJECTS.values())
    drawn = np.sort(rng.choice(fit, count - len(units), replace=False))
    shapes = [*units.geometry, *(_outline(parcels[parcels["block"] == one]) for one in drawn)]
    blocks = [*listed.values(), *drawn]
    district = parcels.groupby("block")["街道"].agg(lambda s: s.mode()[0])
    names = [district[one] for one in blocks]
    running = pd.Series(names).groupby(names).cumcount() + 1
    table = gpd.GeoDataFrame(
        {
            "项目编号": [f"XM{n:03d}" for n in range(1, count + 1)],
            "项目名称": [f"{name}虚构{n:02d}片区" for name, n in zip(names, running, strict=True)],
            "项目类型": rng.choice(
                ["拆除重建", "综合整治", "土地整备", "利益统筹"], count, p=[0.55, 0.15, 0.18, 0.12]
            ),
            "建设类别": rng.permutation(np.repeat(list(PROJECTS), list(PROJECTS.values()))),
            "街道": names,
            "用地面积": np.round(shapely.area(shapes), 1),
            "block": blocks,
        },
        geometry=shapes,
        crs=parcels.crs,
    )
    table["牵头部门"] = rng.choice(["更新计划科", "土地整备科", "规划管理科"], count)
    table["经办人"] = [f"虚构经办人{n:02d}" for n in rng.integers(1, 30, count)]
    table["联系电话"] = [f"000-0000-{n:04d}" for n in rng.integers(0, 10_000, count)]
    table["实施主体"] = [f"虚构置业{n:02d}公司" for n in rng.integers(1, 40, count)]
    return table


def milestones(
    rng: np.random.Generator, projects: gpd.GeoDataFrame, supply: pd.DataFrame
) -> pd.DataFrame:
    """Return thirteen tasks of every project: those behind are done, some of those ahead are late.

    The contract of a project that supplies land is due in the month of its supply.
    """
    plan = supply[supply["类别"] == "计划"].set_index("项目编号")["期别"]
    sold = set(supply.loc[supply["类别"] == "实际", "项目编号"])
    contract = list(TASKS).index("签合同")
    rows = []
    for name, category in zip(projects["项目编号"], projects["建设类别"], strict=True):
        gaps = np.array([gap for gap, _ in TASKS.values()]) * rng.uniform(0.7, 1.3, len(TASKS))
        since = np.round(gaps.cumsum() * DAYS_OF_MONTH)
        next_task = int(rng.integers(*REACHED[category]))
        # the next task is due from seven weeks ago to eleven months ahead
        anchor = since[next_task] - float(rng.triangular(-50, 60, 330))
        if name in plan.index:
            month_end = (pd.Period(plan[name], "M").end_time.date() - DATA_DAY).days
            anchor = since[contract] - month_end
        due = [DATA_DAY + dt.timedelta(days=int(one)) for one in np.round(since - anchor)]
        if name in plan.index:
            behind = sum(
                one < DATA_DAY - dt.timedelta(days=int(rng.integers(0, 45))) for one in due
            )
            next_task = max(behind, contract + 1) if name in sold else min(behind, contract)
        late = rng.integers(-25, 40, len(TASKS))
        for place, (task, (_, department)) in enumerate(TASKS.items()):
            on = due[place] + dt.timedelta(days=int(late[place]))
            done = min(on, DATA_DAY - dt.timedelta(days=3)).isoformat() if place < next_task else ""
            rows.append((name, task, department, due[place].isoformat(), done))
    table = pd.DataFrame(rows, columns=["项目编号", "节点", "责任部门", "应完成日期", "完成日期"])
    table.insert(0, "节点编号", [f"JD{n:04d}" for n in range(1, len(table) + 1)])
    return table


def supply(rng: np.random.Generator, projects: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return the land that 27 projects supply in the year, planned and so far actual (hectares)."""
    begun = np.flatnonzero(projects["建设类别"] != "前期")
    order = begun[np.argsort(-projects["用地面积"].to_numpy()[begun], kind="stable")][:40]
    chosen = rng.permutation(order)[:SUPPLIERS]
    room = projects["用地面积"].to_numpy()[chosen] / 10_000
    shares = np.concatenate(
        [
            _parts(SUPPLIED_HA, room[:SUPPLIED] * rng.uniform(0.8, 1.2, SUPPLIED)),
            _parts(
                SUPPLY_HA - SUPPLIED_HA,
                room[SUPPLIED:] * rng.uniform(0.8, 1.2, SUPPLIERS - SUPPLIED),
            ),
        ]
    )
    rows = []
    for place, (row, hectares) in enumerate(zip(chosen, shares, strict=True)):
        name = projects["项目编号"].iloc[row]
        month = int(rng.integers(1, 7) if place < SUPPLIED else rng.integers(7, 13))
        rows.append((name, f"2020-{month:02d}", "计划", hectares))
        if place < SUPPLIED:
            rows.append((name, f"2020-{min(month + 1, 6):02d}", "实际", hectares))
    table = pd.DataFrame(rows, columns=["项目编号", "期别", "类别", "面积公顷"])
    table = table.sort_values(["项目编号", "期别", "类别"], ignore_index=True)
    table.insert(0, "供地编号", [f"GD{n:03d}" for n in range(1, len(table) + 1)])
    return table


def investment(rng: np.random.Generator, projects: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return the year's investment by quarter, planned and so far declared (ten thousand yuan)."""
    size = projects["用地面积"].to_numpy() * rng.lognormal(0, 0.35, len(projects))
    plan = np.zeros(len(projects))
    for category, yi in INVESTED_YI.items():
        rows = np.flatnonzero(projects["建设类别"] == category)
        plan[rows] = _parts(yi * 1e4, size[rows], decimals=0)
    begun = np.where(projects["建设类别"] == "前期", 0.25, 1.0) * rng.uniform(0.6, 1.3, len(plan))
    declared = _parts(DECLARED_YI * 1e4, plan * begun, decimals=0)
    rows = []
    for name, planned, so_far in zip(projects["项目编号"], plan, declared, strict=True):
        for quarter, amount in enumerate(_parts(planned, rng.uniform(0.7, 1.3, 4), decimals=0), 1):
            rows.append((name, f"2020Q{quarter}", "计划", int(amount)))
        for quarter, amount in enumerate(_parts(so_far, rng.uniform(0.7, 1.3, 2), decimals=0), 1):
            rows.append((name, f"2020Q{quarter}", "申报", int(amount)))
    table = pd.DataFrame(rows, columns=["项目编号", "期别", "类别", "金额万元"])
    table.insert(0, "投资编号", [f"TZ{n:04d}" for n in range(1, len(table) + 1)])
    return table


def sites(
    rng: np.random.Generator,
    parcels: gpd.GeoDataFrame,
    projects: gpd.GeoDataFrame,
    milestones: pd.DataFrame,
) -> gpd.GeoDataFrame:
    """Return land to be handed over: parcels of projects, and some outside them.

    The further a project is, the further its land.
    """
    done = (milestones["完成日期"] != "").groupby(milestones["项目编号"]).sum()
    area = parcels.geometry.area
    fit = (area > 1_000) & (area < 16_000) & parcels.geometry.is_valid
    rows: list[tuple[Any, ...]] = []
    for project in projects.itertuples():
        inside = parcels[fit & (parcels["block"] == project.block)]
        taken = inside.iloc[rng.permutation(len(inside))[: int(rng.integers(1, 4))]]
        rows += [(one.geometry, project.项目编号, "内部", one.街道) for one in taken.itertuples()]
    others = parcels[
        fit & ~parcels["block"].isin(projects["block"]) & (parcels["kind"] == "village")
    ]
    for one in others.iloc[np.sort(rng.permutation(len(others))[:28])].itertuples():
        rows.append((one.geometry, str(rng.choice(projects["项目编号"])), "外部", one.街道))
    count = len(rows)
    shares = [STATUS_SHARES[max(k for k in STATUS_SHARES if k <= done[one[1]])] for one in rows]
    status = np.array([str(rng.choice(STATUSES, p=one)) for one in shares])
    ahead = rng.triangular(-60, 70, 540, count).round().astype(int)
    handed = status == "入库"
    ahead[handed] = rng.integers(-170, -5, handed.sum())
    due = pd.Series([DATA_DAY + dt.timedelta(days=int(one)) for one in ahead], dtype=object)
    due[rng.permutation(np.flatnonzero(status == "承诺"))[:3]] = None
    return gpd.GeoDataFrame(
        {
            "用地编号": [f"YJ{n:03d}" for n in range(1, count + 1)],
            "名称": [f"虚构移交用地{n:03d}" for n in range(1, count + 1)],
            "项目编号": [one[1] for one in rows],
            "用途": rng.choice(SITE_USES, count, p=[0.22, 0.24, 0.2, 0.1, 0.12, 0.12]),
            "面积": np.round(shapely.area([one[0] for one in rows]), 1),
            "移交方式": [one[2] for one in rows],
            "应移交日": due,
            "状态": status,
            "街道": [one[3] for one in rows],
        },
        geometry=[one[0] for one in rows],
        crs=parcels.crs,
    )


def facilities(rng: np.random.Generator, parcels: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return existing facilities as points, schools on land for education."""
    education = parcels[parcels["现状用途"] == "GIC5"]
    others = parcels[parcels["现状用途"].isin(["GIC1", "C1", "S4", "G1"])]
    rows: list[tuple[Any, ...]] = []
    for kind, (count, persons) in FACILITIES.items():
        ground = education if kind in {"幼儿园", "小学", "初中"} else others
        for one in ground.iloc[rng.permutation(len(ground))[:count]].itertuples():
            size = int(persons * rng.uniform(0.6, 1.5)) if persons else None
            rows.append((kind, size, one.街道, one.geometry.representative_point()))
    running = pd.Series([one[0] for one in rows]).groupby([one[0] for one in rows]).cumcount() + 1
    return gpd.GeoDataFrame(
        {
            "编号": [f"SS{n:03d}" for n in range(1, len(rows) + 1)],
            "类别": [one[0] for one in rows],
            "名称": [f"虚构{one[0]}{n:02d}" for one, n in zip(rows, running, strict=True)],
            "规模": [one[1] for one in rows],
            "状态": "现状",
            "街道": [one[2] for one in rows],
        },
        geometry=[one[3] for one in rows],
        crs=parcels.crs,
    )


def needs(rng: np.random.Generator, homes: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return facilities that are lacking, each where people live; days as texts."""
    rows: list[tuple[Any, ...]] = []
    weight = homes["人口"].to_numpy() / homes["人口"].sum()
    for kind, (count, land, way, persons) in NEEDS.items():
        for row in np.sort(rng.choice(len(homes), count, replace=False, p=weight)):
            day = DATA_DAY + dt.timedelta(days=int(rng.integers(20, 900)))
            size = int(persons * rng.uniform(0.7, 1.3)) if persons else None
            rows.append((kind, land, day.isoformat(), way, size, homes.iloc[row]))
    return gpd.GeoDataFrame(
        {
            "需求编号": [f"XQ{n:03d}" for n in range(1, len(rows) + 1)],
            "类别": [one[0] for one in rows],
            "最小用地": [float(one[1]) for one in rows],
            "需用日期": [one[2] for one in rows],
            "最远距离": [float(one[3]) for one in rows],
            "需求人数": [one[4] for one in rows],
            "优先级": rng.choice(["高", "中", "低"], len(rows), p=[0.3, 0.45, 0.25]),
            "提出部门": [SPONSORS.get(one[0], "文体局") for one in rows],
            "街道": [one[5]["街道"] for one in rows],
        },
        geometry=[one[5].geometry for one in rows],
        crs=homes.crs,
    )


def demand(parcels: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return where people live: a point per block, with its population by floor area."""
    homes = parcels[parcels["现状用途"].isin(["R2", "R4"])]
    floor = homes["建筑面积"].clip(lower=0).groupby(homes["block"]).sum()
    floor = floor[floor > 8_000]
    middle = homes.dissolve("block").geometry.representative_point()[floor.index]
    return gpd.GeoDataFrame(
        {
            "编号": [f"RK{n:04d}" for n in range(1, len(floor) + 1)],
            "人口": (floor / PERSON_M2).round().astype(int).to_numpy(),
            "街道": homes.groupby("block")["街道"]
            .agg(lambda s: s.mode()[0])[floor.index]
            .to_numpy(),
        },
        geometry=middle.to_numpy(),
        crs=parcels.crs,
    )


def _outline(members: gpd.GeoDataFrame) -> Polygon:
    """Return the outline of one block."""
    shape = shapely.union_all(members.geometry.to_numpy())
    whole = shape.buffer(4, join_style="mitre").buffer(-4, join_style="mitre")
    return Polygon(max(shapely.get_parts(whole), key=lambda part: part.area).exterior)


def _parts(total: float, weights: np.ndarray, decimals: int = 2) -> np.ndarray:
    """Return `total` shared out by `weights`, rounded so that the parts add to it."""
    scale = 10**decimals
    exact = total * weights / weights.sum() * scale
    whole = np.floor(exact)
    lacking = round(total * scale - whole.sum())
    whole[np.argsort(whole - exact, kind="stable")[:lacking]] += 1
    return whole / scale
