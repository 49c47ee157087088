"""A real QGIS opens what we wrote: styles by themselves, names, Chinese texts, places."""

import datetime as dt

import geopandas as gpd
import pandas as pd
import pytest
from shapely import box

from renewal_geo.io import (
    graduated_style,
    layer_style,
    write_layers,
    write_shapefile,
)

pytestmark = pytest.mark.slow
FILL, LINE, MARKER = 2, 1, 0
CLASSES = {"chosen": "#1b7837", "budget": "#e69f00", "甲<&>\"'": "#c1121f"}
LABELS = {"chosen": "入选", "budget": "预算之外"}
NAMES = {"parcel_id": "地块编号", "reason": "原因", "share": "未覆盖比例", "fid": "原编号"}
SHARES = [(0.0, 0.25, "#eff3ff"), (0.25, 0.75, "#6baed6"), (0.75, 1.0, "#08519c")]


def parcels():
    return gpd.GeoDataFrame(
        {
            "reason": [*CLASSES, None],
            "名称": ["龙岗街道", "“引号”与'撇'", "𠮷野家😀", None],
            "share": [0.1, 0.5, 1.0, None],
            "day": [dt.date(2020, 6, 30)] * 3 + [None],
            "is_new": [True, False, None, True],
            "fid": ["a", "b", "c", "d"],
        },
        geometry=[box(n * 100, 0, n * 100 + 100, 100) for n in range(4)],
        crs="EPSG:4547",
        index=pd.Index(["001", "002", "003", "004"], name="parcel_id"),
    )


@pytest.fixture(scope="session")
def layers(qgis, tmp_path_factory):
    file = tmp_path_factory.mktemp("qgis") / "图层.gpkg"
    table = parcels()
    tables = {
        "parcels": table,
        "shares": table,
        "points": table.set_geometry(table.centroid),
        "lines": table.set_geometry(table.boundary),
        "outlines": table,
        "bare": table,
        "links": pd.DataFrame({"focal": ["001"], "gap_m": [1.5]}),
    }
    write_layers(
        file,
        tables,
        styles={
            "parcels": layer_style("reason", CLASSES, labels=LABELS),
            "shares": graduated_style("share", SHARES, labels=["少", "中", "多"]),
            "points": layer_style("reason", CLASSES, kind="marker", labels=LABELS),
            "lines": layer_style("", {"": "#d55e00"}, kind="line"),
            "outlines": layer_style("", {"": "#c1121f"}, filled=False),
        },
        aliases={name: NAMES for name in tables if name != "links"}
        | {"links": {"focal": "起点", "gap_m": "间距"}},
    )
    return qgis(file)[0]


def test_layers_are_there(layers):
    assert set(layers) == {"parcels", "shares", "points", "lines", "outlines", "bare", "links"}
    assert all(one["valid"] for one in layers.values())
    assert [one["rows"] for one in layers.values()] == [4] * 6 + [1]
    assert {one["crs"] for name, one in layers.items() if name != "links"} == {"EPSG:4547"}


def test_names_are_shown(layers):
    shown = {**NAMES, "fid_original": NAMES["fid"]}
    del shown["fid"]
    for name, one in layers.items():
        assert one["aliases"] == ({"focal": "起点", "gap_m": "间距"} if name == "links" else shown)


def test_texts_and_types_are_right(layers):
    rows = layers["parcels"]["cells"]
    assert [row["名称"] for row in rows] == ["龙岗街道", "“引号”与'撇'", "𠮷野家😀", "NULL"]
    assert [row["parcel_id"] for row in rows] == ["001", "002", "003", "004"]
    types = layers["parcels"]["types"]
    assert (types["day"], types["is_new"], types["share"]) == ("Date", "Boolean", "Real")


@pytest.mark.parametrize(("name", "symbol"), [("parcels", FILL), ("points", MARKER)])
def test_classes_have_their_colours(layers, name, symbol):
    one = layers[name]
    assert (one["renderer"], one["column"]) == ("categorizedSymbol", "reason")
    assert one["classes"] == [[v, LABELS.get(v, v), colour] for v, colour in CLASSES.items()]
    assert one["symbol"] == symbol
    assert set(CLASSES.values()) <= set(one["colours"])


def test_numbers_have_their_shades(layers):
    one = layers["shares"]
    assert (one["renderer"], one["column"]) == ("graduatedSymbol", "share")
    assert one["classes"] == [
        [low, high, text, colour]
        for (low, high, colour), text in zip(SHARES, ["少", "中", "多"], strict=True)
    ]
    assert {colour for _, _, colour in SHARES} <= set(one["colours"])


def test_lines_and_outlines_are_drawn(layers):
    assert layers["lines"]["symbol"] == LINE
    assert "#d55e00" in layers["lines"]["colours"]
    assert layers["outlines"]["colours"][:2] == ["#ffffff", "#c1121f"]


@pytest.mark.parametrize("encoding", ["GBK", "UTF-8"])
def test_a_shapefile_is_read_right(qgis, tmp_path, encoding):
    table = parcels().assign(用地性质代码说明=["工业", "商业", "居住", None])
    table["名称"] = ["龙岗街道", "坂田", "布吉", None]
    names = write_shapefile(tmp_path / "地块.shp", table, encoding=encoding).names
    one = qgis(tmp_path / "地块.shp")[0]["地块"]
    assert (one["rows"], one["crs"]) == (4, "EPSG:4547")
    for name in ("名称", "用地性质代码说明"):
        assert [row[names[name]] for row in one["cells"]][:3] == table[name].tolist()[:3]
    assert [row[names["is_new"]] for row in one["cells"]] == ["1", "0", "NULL", "1"]


def test_a_whole_pass_is_shown(qgis, tmp_path):
    """The layers of the sample district, as a planner gets them."""
    from renewal_geo import io, workflow

    workflow.run(io.sample_study(), tmp_path, {"zones": {"time_limit_s": 5, "outlook_time_s": 0}})
    found = qgis(tmp_path / "zones.gpkg")[0]
    stored = dict(io.layers_in(tmp_path / "zones.gpkg"))
    assert set(stored) <= set(found)
    assert all(one["valid"] for one in found.values())
    assert found["parcels"]["renderer"] == "categorizedSymbol"
    assert found["parcels"]["aliases"]["reason"]
    assert found["zones"]["aliases"]["zone_id"]
    assert found["zones"]["crs"] == found["parcels"]["crs"] == "EPSG:4547"
