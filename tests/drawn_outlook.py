"""What a planner asks next, for the district of ``drawn.py``: answers drawn by hand."""

import geopandas as gpd
import pandas as pd
from shapely.geometry import LineString

from renewal_geo.foundation.provenance import Provenance
from renewal_geo.zones import (
    Changes,
    Frontier,
    Obstacles,
    Outlook,
    Phases,
    Prices,
    Robustness,
)

HIDDEN_PARCEL = "440307-32"


def outlook(d, *, text=""):
    """Return answers for the delineation `d`; `text` is put into every sentence and name."""
    ids = d.parcels.index
    return Outlook(
        frontier=frontier(ids, text),
        phases=phases(d),
        prices=prices(d, text),
        robustness=robustness(d),
        changes=changes(d, text),
        obstacles=obstacles(text),
        notes=(f"给时间再长些可以更准{text}",),
    )


def frontier(ids, text=""):
    budgets = [4.0, 9.0, 13.0, 20.0]
    rows = [
        ("budget", b, 0.001, "optimal" if b < 10 else "feasible", b, 1.2 * b**0.9, 900.0 + 60 * b,
         1.1 * b**0.9, 1.1 * b**0.9 * (1 + 0.02 * n), n, 0.9 - 0.1 * n)
        for n, b in enumerate(budgets)
    ]  # fmt: skip
    rows += [
        ("boundary", 13.0, w, "feasible", 13.0, 14.9 - 600 * w, 2100.0 - 4e5 * w, 14.0 - 900 * w,
         14.2 - 900 * w, 2, 0.5)
        for w in (0.0, 0.0005, 0.001, 0.002)
    ]  # fmt: skip
    names = ["kind", "area_budget_ha", "boundary_weight", "status", "area_ha", "value", "outline_m",
             "net_value", "bound", "zone_count", "marginal_value"]  # fmt: skip
    index = pd.Index([f"P{n:02d}" for n in range(1, len(rows) + 1)], name="point", dtype=object)
    table = pd.DataFrame(rows, columns=names, index=index)
    table.insert(9, "gap", (table["bound"] - table["net_value"]) / table["net_value"])
    table["is_study"] = (table["area_budget_ha"] == 13.0) & (table["boundary_weight"] == 0.001)
    membership = pd.DataFrame(
        {p: pd.array([1 if n % 3 == 0 else pd.NA for n in range(len(ids))], dtype="Int64")
         for p in index}, index=ids,
    )  # fmt: skip
    return Frontier(
        table=table, membership=membership, notes=(f"轮廓权重自选{text}",), provenance=Provenance()
    )


def phases(d):
    index = pd.Index([1, 2], name="phase")
    table = pd.DataFrame(
        {"budget_ha": [9.0, 13.0], "zone_count": [1, 1], "area_ha": [9.0, 4.0],
         "cumulative_area_ha": [9.0, 13.0], "net_value": [9.65, 4.85],
         "cumulative_net_value": [9.65, 14.5], "bound": [9.8, 14.6],
         "gap": [0.15 / 9.65, 0.1 / 14.5]}, index=index,
    )  # fmt: skip
    zones = pd.Series({"Z01": 1, "Z02": 2}, name="phase", dtype="Int64").rename_axis("zone_id")
    return Phases(
        table=table, zones=zones, membership=d.membership.map(zones).astype("Int64"), notes=()
    )


def prices(d, text=""):
    columns = ["kind", "name", "change", "step", "unit", "gain_found", "gain_at_most",
               "sentence_zh", "sentence_en"]  # fmt: skip
    rows = {
        "budget_up": ("budget", "", "+0.13 ha", 0.13, "ha", 0.06, 0.08,
                      f"预算增加 0.13 公顷，价值至多增加 0.08{text}",
                      f"0.13 ha more budget would be worth 0.08 at most{text}"),
        "share_legal": ("share", "legal", "-1 pp", -1.0, "pp", float("nan"), 0.4,
                        f"合法用地比例放宽 1 个百分点{text}", f"one point less of legal land{text}"),
        "lock_1": ("lock_in", HIDDEN_PARCEL, "free", 1.0, "parcel", 0.2, 0.3,
                   f"{HIDDEN_PARCEL} 不再指定{text}", f"{HIDDEN_PARCEL} freed{text}"),
        "bridge_1": ("barrier", "river", "+1 link", 1.0, "link", 1.5, 2.25,
                     f"跨河连接 440307-21 与 {HIDDEN_PARCEL}{text}",
                     f"a bridge between 440307-21 and {HIDDEN_PARCEL}{text}"),
        "bridge_2": ("barrier", "river", "+1 link", 1.0, "link", 0.0, 0.5,
                     f"跨河连接 440307-20 与 440307-30{text}",
                     f"a bridge between 440307-20 and 440307-30{text}"),
    }  # fmt: skip
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("key")
    shapes = d.parcels.geometry
    lines = []
    for column, row in ((2, 1), (2, 0)):
        a, b = shapes.iloc[row * 6 + column], shapes.iloc[row * 6 + column + 1]
        y = a.centroid.y
        lines.append(LineString([(a.bounds[2], y), (b.bounds[0], y)]))
    barriers = gpd.GeoDataFrame(
        {"kind": ["river", "river"], "focal": ["440307-21", "440307-20"],
         "neighbour": [HIDDEN_PARCEL, "440307-30"], "frontage_m": [100.0, 90.0], "gap_m": [20.0, 20.0],
         "gain_found": [1.5, 0.0], "gain_at_most": [2.25, 0.5]},
        geometry=lines, crs=d.parcels.crs, index=pd.Index(["bridge_1", "bridge_2"], name="key"),
    )  # fmt: skip
    return Prices(table=table, barriers=barriers, notes=())


def robustness(d):
    table = pd.DataFrame(
        {"frequency": [0.95 if z == "Z01" else 0.6 if z == "Z02" else 0.1 for z in d.membership],
         "is_chosen": d.membership.notna()}, index=d.parcels.index,
    )  # fmt: skip
    table["class"] = table["frequency"].map({0.95: "core", 0.6: "likely", 0.1: "possible"})
    zones = pd.DataFrame(
        {"mean_frequency": [0.95, 0.6], "least_frequency": [0.9, 0.5], "core_share": [1.0, 0.0]},
        index=pd.Index(["Z01", "Z02"], name="zone_id"),
    )
    return Robustness(table=table.iloc[:-6], zones=zones, draws=30, noise=0.1, notes=())


def changes(d, text=""):
    reason = d.parcels["reason"]
    table = pd.DataFrame(
        {"would": ["leave" if r == "chosen" else "join" for r in reason], "beside": "Z01",
         "value_now": d.parcels["value"], "value_needed": 1.5, "change_per_ha": 0.5, "exact": True,
         "limit": "",
         "sentence_zh": [f"{i} 每公顷价值须达到 1.5{text}" for i in d.parcels.index],
         "sentence_en": [f"{i} would need 1.5 per ha{text}" for i in d.parcels.index]},
        index=d.parcels.index,
    )  # fmt: skip
    return Changes(table=table.iloc[:-6])


def obstacles(text=""):
    table = pd.DataFrame(
        {"parcels": [15, 12], "area_ha": [15.0, 12.0], "reachable_ha": [14.0, 9.0],
         "limit": ["", "min_area_ha, legal"], "short_ha": [0.0, 3.5],
         "sentence_zh": ["够大", f"东岸差 3.5 公顷{text}"],
         "sentence_en": ["large enough", f"the east bank is 3.5 ha short{text}"]},
        index=pd.Index([1, 2], name="component"),
    )  # fmt: skip
    return Obstacles(table=table, notes=())


def empty(d):
    """Return the answers to a question without an answer: right columns, no rows, one note each."""
    full = outlook(d)
    why = ("没有片区可供分析",)
    frame = full.frontier
    return Outlook(
        frontier=Frontier(table=frame.table.iloc[:0], membership=frame.membership.iloc[:, :0],
                                 notes=why, provenance=Provenance()),
        phases=Phases(table=full.phases.table.iloc[:0], zones=full.phases.zones.iloc[:0],
                               membership=full.phases.membership.iloc[:0], notes=why),
        prices=Prices(table=full.prices.table.iloc[:0],
                               barriers=full.prices.barriers.iloc[:0], notes=why),
        robustness=Robustness(table=full.robustness.table.iloc[:0],
                                   zones=full.robustness.zones.iloc[:0], draws=0, noise=0.1, notes=why),
        changes=Changes(table=full.changes.table.iloc[:0]),
        obstacles=full.obstacles,
        notes=why,
    )  # fmt: skip


def unreached():
    """Return an outlook for which no time was left."""
    return Outlook(
        frontier=None, phases=None, prices=None, robustness=None, changes=None, obstacles=None,
        notes=("没有时间了",),
    )  # fmt: skip
