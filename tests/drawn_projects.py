"""A handover map drawn by hand: 150 parcels with dates, areas and texts, and its table in pandas."""

import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely.geometry import LineString, box

from renewal_geo.maps.controls import Bars, Deadlines, Timeline, Total, Where
from renewal_geo.maps.spec import (
    LayerSpec,
    MapClass,
    MapColumn,
    MapSpec,
    Scheme,
    Text,
)  # fmt: skip

EAST, NORTH, CRS = 500_000.0, 2_510_000.0, "EPSG:4547"
AS_OF = dt.date(2020, 6, 30)
ROWS, WIDE = 150, 15
DONE = "已入库"
STATES = {
    DONE: ("In stock", "#0072b2", ""),
    "可移交": ("Ready", "#56b4e9", "forward"),
    "协调中": ("Being agreed", "#f0e442", "dots"),
    "受阻": ("Blocked", "#d55e00", "cross"),
    "未启动": ("Not started", "#bbbbbb", "backward"),
}
USES = {"M1": ("一类工业", "Industry", "#b97a57"), "R2": ("二类居住", "Housing", "#f2da72"),
        "G1": ("公园绿地", "Park", "#7fb59a"), "A3": ("教育用地", "Schools", "#cc79a7")}  # fmt: skip
STREETS = ["平湖", "坂田", "布吉", "南湾", "横岗", "龙城", "龙岗", "坪地", "宝龙", "吉华", "园山",
           "龙田", "坑梓", "马峦"]  # fmt: skip
TITLES = {
    "parcel_id": Text("宗地号", "Parcel"), "project": Text("项目", "Project"),
    "street": Text("街道", "Sub-district"), "state": Text("移交状态", "State"),
    "area_m2": Text("面积（m²）", "Area (m²)"), "price": Text("单价", "Price"),
    "legal": Text("合法比例", "Legal share"), "built": Text("建成年份", "Built"),
    "due": Text("移交期限", "Due"), "open": Text("对外开放", "Open"), "note": Text("备注", "Note"),
}  # fmt: skip
FORMS = {"area_m2": ("number", 1), "price": ("number", 2), "legal": ("share", 1),
         "built": ("year", 0), "due": ("date", 0), "open": ("yes_no", 0)}  # fmt: skip


def table():
    """Return the parcels as a table; every tenth has no day, every ninth no price."""
    rng = np.random.default_rng(7)
    n = np.arange(ROWS)
    states, streets = list(STATES), np.array(STREETS, dtype=object)
    due = pd.Series(pd.Timestamp(AS_OF) + pd.to_timedelta(rng.integers(-90, 400, ROWS), unit="D"))
    price = np.round(rng.uniform(0.5, 20.0, ROWS), 2)
    return pd.DataFrame(
        {
            "parcel_id": [f"GB{k:05d}" for k in n],
            "project": [f"更新单元{k % 12:02d}号" for k in n],
            "street": streets[rng.integers(0, 14, ROWS)],
            "state": [states[k] for k in rng.integers(0, 5, ROWS)],
            "area_m2": np.round(rng.uniform(500.0, 60_000.0, ROWS), 1),
            "price": np.where(n % 9 == 0, np.nan, price),
            "legal": np.round(rng.uniform(0.0, 1.0, ROWS), 3),
            "built": rng.integers(1980, 2020, ROWS),
            "due": due.where(n % 10 != 3),
            "open": n % 4 == 0,
            "note": np.where(n % 5 == 0, "", "备注"),
            "use": [list(USES)[k] for k in rng.integers(0, 4, ROWS)],
        }
    )


def squares(count=ROWS):
    """Return squares of 100 m in rows of 15, the last without a shape."""
    cells = [(k % WIDE, k // WIDE) for k in range(count)]
    shapes = [
        box(EAST + 110 * c, NORTH + 110 * r, EAST + 110 * c + 100, NORTH + 110 * r + 100)
        for c, r in cells
    ]
    shapes[-1:] = [None] * bool(shapes)
    return gpd.GeoSeries(shapes, crs=CRS)


def parcels(made, **changes):
    """Return the layer of a table as :func:`table` makes it."""
    names = list(TITLES)
    states, uses = list(STATES), list(USES)
    classes = tuple(
        MapClass(
            s, Text(s, en), fill, hatch=hatch, count=int((made["state"] == s).sum()),
            area_m2=float(made.loc[made["state"] == s, "area_m2"].sum()),
        )
        for s, (en, fill, hatch) in STATES.items()
    )  # fmt: skip
    by_use = tuple(MapClass(u, Text(zh, en), fill) for u, (zh, en, fill) in USES.items())
    own = {
        "name": "parcels", "title": Text("移交宗地", "Parcels"), "kind": "polygon",
        "geometry": squares(len(made)), "classes": classes,
        "class_of": made["state"].map(states.index).to_numpy().astype(np.int32),
        "columns": tuple(MapColumn(c, TITLES[c], *FORMS.get(c, ("text", 0))) for c in names),
        "values": made[names], "scheme": Text("移交状态", "Handover state"),
        "schemes": (Scheme("use", Text("用地性质", "Land use"), by_use,
                           made["use"].map(uses.index).to_numpy().astype(np.int32)),),
        "area": "area_m2", "search": ("parcel_id", "project"),
        "filters": ("street", "project", "area_m2", "price", "legal", "built", "due", "open", "note"),
    }  # fmt: skip
    return LayerSpec(**{**own, **changes})


def context():
    """Return two layers of a group: a river, which starts hidden, and roads."""
    line = gpd.GeoSeries(
        [LineString([(EAST - 50, NORTH + 500), (EAST + 1700, NORTH + 620)])], crs=CRS
    )
    group = Text("底图", "Context")
    none = pd.DataFrame(index=range(1))
    return tuple(
        LayerSpec(name, title, "line", line, (MapClass(name, title, line=ink, width=3),),
                  np.zeros(1, dtype=np.int32), (), none, popup=False, group=group, visible=seen)
        for name, title, ink, seen in (("river", Text("河流", "River"), "#a9cfe6", False),
                                       ("roads", Text("道路", "Roads"), "#c2a27f", True))
    )  # fmt: skip


def spec(made=None, **changes):
    """Return the map with everything that a reader can ask."""
    made = table() if made is None else made
    ready = Where("state", texts=(DONE,))
    own = {
        "title": Text("龙岗区城市更新土地移交作战图", "Land handover of urban renewal, Longgang"),
        "subtitle": Text("虚构数据", "Invented data"), "lang": "zh", "edition": "internal",
        "as_of": AS_OF, "crs": "CGCS2000 / 3-degree Gauss-Kruger CM 114E (EPSG:4547)",
        "source": "移交台账", "review_no": "", "notes": (Text("仅供演示", "For demonstration only"),),
        "layers": (*context(), parcels(made)), "fingerprint": "ab" * 32,
        "rules": Text("移交规则 2020 版", "Handover rules of 2020"),
        "totals": (
            Total("count", Text("宗地数", "Parcels"), "parcels", unit=Text("宗", "parcels")),
            Total("area", Text("总面积", "Area"), "parcels", "area_m2", unit=Text("公顷", "ha"),
                  factor=1e-4, decimals=1),
            Total("stocked", Text("已入库率（面积）", "In stock, of the area"), "parcels", "area_m2",
                  where=(ready,), share_of=(), decimals=1),
            Total("soon", Text("30 日内到期未入库", "Due in 30 days, not in stock"), "parcels",
                  "area_m2", where=(Where("due", first_day=0, last_day=30),
                                    Where("state", texts=tuple(list(STATES)[1:]))),
                  unit=Text("公顷", "ha"), factor=1e-4, decimals=2),
        ),
        "bars": (Bars("streets", Text("各街道移交面积", "Area by sub-district"), "parcels", "street",
                      "area_m2", Text("公顷", "ha"), 1e-4, 1),),
        "deadlines": Deadlines(Text("督办表", "Deadlines"), "parcels", "due",
                               ("parcel_id", "street"), (ready,)),
        "timeline": Timeline(Text("移交期限", "Deadlines by month"), "parcels", "due"),
    }  # fmt: skip
    return MapSpec(**{**own, **changes})
