"""A map with everything that a page can show, and one text for each place in which text can stand."""

import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely.geometry import LineString, Point, box

from renewal_geo.maps import controls as ask
from renewal_geo.maps.spec import (
    Bar,
    Curve,
    CurvePoint,
    Fact,
    Item,
    LayerSpec,
    MapClass,
    MapColumn,
    MapSpec,
    Panel,
    Scheme,
    Section,
    same,
)  # fmt: skip

EAST, NORTH, CRS = 500_000.0, 2_510_000.0, "EPSG:4547"
DAY = dt.date(2020, 6, 30)
ROWS, WIDE = 12, 4
COLOURS = ("#0072b2", "#56b4e9", "#f0e442", "#d55e00")
HATCHES = ("", "forward", "dots", "cross")
DONE = "done"


def squares(count=ROWS, shift=0.0):
    return [box(x, y, x + 90, y + 90) for k in range(count)
            for x, y in [(EAST + 100 * (k % WIDE) + shift, NORTH + 100 * (k // WIDE))]]  # fmt: skip


def plain(place):
    """The name of a place, as a reader would see it."""
    return place


def layer(name, kind, geometry, say, columns, values, **more):
    """A layer of four classes whose every name comes from `say`."""
    count = len(geometry)
    classes = tuple(
        MapClass(f"{name}{k}", same(say(f"class {name} {k}")), COLOURS[k], "#12304a", 0.8, HATCHES[k],
                 count=count // 4, area_m2=8100.0 * (count // 4))
        for k in range(4)
    )  # fmt: skip
    return LayerSpec(
        name, same(say(f"layer {name}")), kind, gpd.GeoSeries(geometry, crs=CRS), classes,
        np.arange(count, dtype=np.int32) % 4, columns, values, **more,
    )  # fmt: skip


def texts(listed):
    """A column that holds any text, even one that no file could."""
    return pd.Series(listed, dtype=object)


def table(say):
    """Texts, figures, days and yes/no of the parcels."""
    n = np.arange(ROWS)
    due = pd.Series(pd.Timestamp(DAY) + pd.to_timedelta(40 * n - 100, unit="D"))
    return pd.DataFrame({
        "parcel": texts([say(f"cell parcel {k}") for k in n]),
        "state": texts([say(f"cell state {k % 3}") if k % 4 else DONE for k in n]),
        "street": texts([say(f"cell street {k % 2}") for k in n]),
        "english": texts([say(f"cell english {k % 2}") for k in n]),
        "area_m2": 8100.0 + n, "legal": n / ROWS, "built": 1980 + n, "due": due.where(n % 5 != 4),
        "passed": due.shift(1).where(n < 6), "open": n % 2 == 0,
    })  # fmt: skip


def columns(say):
    forms = {"parcel": "text", "state": "text", "street": "text", "area_m2": "number", "legal": "share",
             "built": "year", "due": "date", "passed": "date", "open": "yes_no"}  # fmt: skip
    return tuple(
        MapColumn(name, same(say(f"column {name}")), form, 1 if form == "number" else 0,
                  "english" if name == "street" else "")
        for name, form in forms.items()
    )  # fmt: skip


def parcels(say):
    values = table(say)
    scheme = Scheme(
        "street", same(say("scheme street")),
        tuple(MapClass(f"s{k}", same(say(f"class street {k}")), COLOURS[k]) for k in range(2)),
        np.arange(ROWS, dtype=np.int32) % 2,
    )  # fmt: skip
    return layer(
        "parcels", "polygon", squares(), say, columns(say), values,
        captions=tuple(say(f"caption {k}") for k in range(ROWS)), marks=tuple(str(k) for k in range(ROWS)),
        group=same(say("group ground")), scheme=same(say("scheme state")), schemes=(scheme,), area="area_m2",
        search=("parcel", "street"), filters=("state", "street", "area_m2", "due"), side="after",
    )  # fmt: skip


def everything(say=plain, **more):
    """Return a map with every control; `say` makes the text of a place from the place's name."""
    main = parcels(say)
    old = layer("old", "polygon", squares(shift=20.0), say, main.columns[:1], main.values[["parcel"]],
                side="before")  # fmt: skip
    road = [
        LineString([(EAST - 50, NORTH + 95 * k), (EAST + 450, NORTH + 95 * k)]) for k in range(4)
    ]
    roads = layer("roads", "line", road, say, (), pd.DataFrame(index=range(4)), popup=False,
                  group=same(say("group ground")), dots=True)  # fmt: skip
    spots = [Point(EAST + 45 + 100 * k, NORTH + 345) for k in range(4)]
    names = pd.DataFrame({"parcel": texts([say(f"cell site {k}") for k in range(4)])})
    sites = layer("sites", "point", spots, say, main.columns[:1], names, search=("parcel",))
    where = (ask.Where("state", texts=(DONE,)),)
    fields = {
        "title": same(say("title")), "subtitle": same(say("subtitle")), "lang": "zh", "edition": "internal",
        "as_of": DAY, "crs": say("crs"), "source": say("source"), "review_no": say("review number"),
        "notes": (same(say("note 0")), same(say("note 1"))), "layers": (roads, old, main, sites),
        "facts": (Fact(same(say("fact title")), same(say("fact content")), strong=True),
                  Fact(same(say("fact title 1")), same(say("fact content 1")))),
        "funnel": (Bar(same(say("funnel 0")), 12, 97_266.0), Bar(same(say("funnel 1")), 6, 48_615.0)),
        "list_layer": "sites", "fingerprint": "ab" * 32, "panel": panel(say), "rules": same(say("rules")),
        "totals": (
            ask.Total("count", same(say("total count")), "parcels", unit=same(say("unit count"))),
            ask.Total("area", same(say("total area")), "parcels", "area_m2", unit=same(say("unit area")),
                      factor=1e-4, decimals=2),
            ask.Total("share", same(say("total share")), "parcels", "area_m2", where, ()),
        ),
        "bars": (ask.Bars("street", same(say("bars title")), "parcels", "street", "area_m2",
                          same(say("unit bars")), 1e-4, 2),),
        "deadlines": ask.Deadlines(same(say("deadlines title")), "parcels", "due", ("parcel", "state"), where),
        "timeline": ask.Timeline(same(say("timeline title")), "parcels", "due"),
        "compare": ask.Compare(same(say("side before")), same(say("side after"))),
        "wall": ask.Wall("parcels", "parcel", ("state", "street", "area_m2"),
                         (ask.Gate(same(say("gate 0")), "due", "passed"),
                          ask.Gate(same(say("gate 1")), "due", "passed")), 4.0),
    }  # fmt: skip
    return MapSpec(**{**fields, **more})


def panel(say):
    points = tuple(CurvePoint(float(k), 10.0 + k, 11.0 + k, own=k == 2) for k in range(5))
    curve = Curve(same(say("curve x")), same(say("curve y")), points, same(say("curve alt")))
    section = Section(
        "frontier", same(say("section title")), same(say("section hint")), (curve,),
        (same(say("head 0")), same(say("head 1"))), ((same(say("row 0")), same(say("row 1"))),), folded=True,
        items=(Item(same(say("item text")), same(say("item aside")), 1), Item(same(say("item plain")))),
        layer="parcels", show=same(say("section show")),
    )  # fmt: skip
    return Panel(
        same(say("panel title")), same(say("panel lead")), (section,), (same(say("panel note")),)
    )


def ready_maps(drawn, say=plain):
    """Return, by name, makers of every map that is ready to publish, from small tables."""
    from types import SimpleNamespace

    from renewal_geo import maps
    from renewal_geo.maps.ready.facility_maps import facility_map
    from renewal_geo.maps.ready.handover_maps import handover_map
    from renewal_geo.maps.ready.task_maps import task_map

    table = gpd.GeoDataFrame(
        {
            "name": [say(f"cell name {k}") for k in range(ROWS)], "project_id": [f"P{k}" for k in range(ROWS)],
            "status": [("committed", "cleared", "filed", "in_reserve")[k % 4] for k in range(ROWS)],
            "use": [say("cell use")] * ROWS, "area_m2": 8100.0, "sub_district": [say(f"cell street {k % 2}") for k in range(ROWS)],
            "due_on": [DAY + dt.timedelta(days=40 * k - 100) for k in range(ROWS)], "kind": [("school", "clinic")[k % 2] for k in range(ROWS)],
        },
        geometry=squares(), crs=CRS,
    )  # fmt: skip
    sites = table.drop(columns="kind").set_index(
        pd.Index([say(f"S{k}") for k in range(ROWS)], name="site_id")
    )
    projects = table[["name", "sub_district", "area_m2", "geometry"]].set_index(
        pd.Index([f"P{k}" for k in range(ROWS)], name="project_id")
    )
    facilities = gpd.GeoDataFrame(
        {"kind": [say("kind a"), say("kind b")], "name": [say("cell hall"), say("cell clinic")]},
        geometry=[Point(EAST + 50, NORTH + 50), Point(EAST + 250, NORTH + 150)], crs=CRS,
        index=pd.Index(["F1", "F2"], name="facility_id"),
    )  # fmt: skip
    milestones = pd.DataFrame({
        "project_id": [f"P{k}" for k in range(ROWS) for _ in range(2)], "code": ["plan_listing", "land_assembly"] * ROWS,
        "due_on": [DAY + dt.timedelta(days=30 * k - 90) for k in range(2 * ROWS)],
        "done_on": [DAY - dt.timedelta(days=5) if k % 3 == 0 else None for k in range(2 * ROWS)], "dept": [say("cell office")] * 2 * ROWS,
    })  # fmt: skip
    findings = gpd.GeoDataFrame(
        {"finding_id": ["F1", "F2"], "table": "parcels", "row_id": ["a", "b"], "code": ["overlap", "null_geometry"],
         "severity": ["error", "warning"], "measure": [1.5, None], "message": [say("cell finding 0"), say("cell finding 1")]},
        geometry=[squares(1)[0], None], crs=CRS,
    )  # fmt: skip
    look = {"title": say("title"), "as_of": DAY}
    return {
        "everything": lambda **more: maps.interactive(everything(say, **more)),
        "zone_map": lambda **more: maps.zone_map(drawn.delineation(), title=say("title"), **more),
        "value_map": lambda **more: maps.value_map(table.assign(score=range(ROWS)), "score", title=say("title"), **more),
        "quality_map": lambda **more: maps.quality_map(SimpleNamespace(table=findings), drawn.delineation().parcels, **more),
        "handover_map": lambda **more: handover_map(sites, projects, before=sites, **look, **more),
        "facility_map": lambda **more: facility_map(
            sites, facilities, standards={say("kind a"): 150.0, say("kind b"): 100.0}, **look, **more),
        "task_map": lambda **more: task_map(projects, milestones, **look, **more),
    }  # fmt: skip
