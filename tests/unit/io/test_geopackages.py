"""GeoPackages: all layers, the same bytes, and nothing that breaks a table."""

import datetime as dt
import sqlite3
import xml.etree.ElementTree as ET

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from shapely import LineString, MultiPolygon, Point, box

from renewal_geo.foundation.errors import SourceError
from renewal_geo.io import graduated_style, layer_style, symbol_kind, write_layers


def zones():
    return gpd.GeoDataFrame(
        {
            "fid": ["a", None],
            "FID": [1, 2],
            "Name": ["甲", np.nan],
            "name": [None, "乙"],
            "is_new": [True, False],
            "maybe": [True, None],
            "count": pd.array([1, None], dtype="Int64"),
            "day": [dt.date(2020, 6, 30), None],
            "rate": [0.5, np.nan],
            "parts": [[1, 2], None],
            "kind": pd.Categorical(["x", "y"]),
        },
        geometry=[box(0, 0, 1, 1), MultiPolygon([box(2, 0, 3, 1), box(4, 0, 5, 1)])],
        crs="EPSG:4547",
        index=pd.Index(["Z01", "Z02"], name="zone_id"),
    )


def test_layers_and_tables(tmp_path):
    links = pd.DataFrame({"focal": ["a"], "gap_m": [0.1]})
    written = write_layers(
        tmp_path / "a.gpkg",
        {"zones": zones(), "none": zones().iloc[:0], "links": links, "no_links": links.iloc[:0]},
    )
    assert written["zones"].renamed == {
        "fid": "fid_original", "FID": "FID_2", "name": "name_original",
    }  # fmt: skip
    assert [(loss.code, loss.column, loss.count) for loss in written["zones"].losses] == [
        ("nested_as_text", "parts", 1)
    ]
    assert written["links"].losses == ()
    kinds = dict(pyogrio.list_layers(tmp_path / "a.gpkg").tolist())
    assert kinds["zones"] == "MultiPolygon"
    assert kinds["links"] is None
    table = gpd.read_file(tmp_path / "a.gpkg", layer="zones")
    assert table["zone_id"].tolist() == ["Z01", "Z02"]
    assert table.geom_type.tolist() == ["MultiPolygon"] * 2
    assert table["is_new"].dtype == bool
    assert table["fid_original"].isna().tolist() == [False, True]
    assert table["day"].iloc[0] == pd.Timestamp("2020-06-30")
    assert pyogrio.read_info(tmp_path / "a.gpkg", layer="zones")["ogr_types"][8] == "OFTDate"
    assert table["parts"].iloc[0] in ("[1, 2]", [1, 2])
    assert len(gpd.read_file(tmp_path / "a.gpkg", layer="none")) == 0
    assert gpd.read_file(tmp_path / "a.gpkg", layer="links")["gap_m"].tolist() == [0.1]


def test_missing_is_null(tmp_path):
    write_layers(tmp_path / "a.gpkg", {"zones": zones()})
    base = sqlite3.connect(tmp_path / "a.gpkg")
    row = base.execute("SELECT Name, rate, maybe, count, day FROM zones WHERE fid = 2").fetchone()
    base.close()
    assert row == (None,) * 5


def test_same_tables_same_bytes(tmp_path):
    style = {"zones": layer_style("Name", {"甲": "#ff0000"})}
    for name in ("a.gpkg", "b.gpkg"):
        write_layers(
            tmp_path / name, {"zones": zones(), "x": pd.DataFrame({"a": [1]})}, styles=style
        )
    assert (tmp_path / "a.gpkg").read_bytes() == (tmp_path / "b.gpkg").read_bytes()


def test_callers_table_is_untouched(tmp_path):
    table, before = zones(), zones()
    write_layers(tmp_path / "a.gpkg", {"zones": table})
    pd.testing.assert_frame_equal(pd.DataFrame(table), pd.DataFrame(before))


def test_styles_and_names_for_qgis(tmp_path):
    style = layer_style("Name", {"甲<&>": "#1b7837"}, {"Name": "名称"}, labels={"甲<&>": "入选"})
    write_layers(
        tmp_path / "a.gpkg",
        {"zones": zones()},
        styles={"zones": style},
        aliases={"zones": {"Name": "名称", "fid": "原编号", "absent": "x"}},
    )
    base = sqlite3.connect(tmp_path / "a.gpkg")
    styled = base.execute(
        "SELECT f_table_name, f_geometry_column, useAsDefault, styleQML FROM layer_styles"
    ).fetchall()
    named = base.execute("SELECT column_name, title FROM gpkg_data_columns ORDER BY 1").fetchall()
    base.close()
    assert styled[0][:3] == ("zones", "geom", 1)
    assert named == [("Name", "名称"), ("fid_original", "原编号")]
    root = ET.fromstring(styled[0][3].split("\n", 1)[1])
    assert root.find("renewal-v2") is None
    category = root.find("renderer-v2/categories/category")
    assert category.attrib["value"] == "甲<&>"
    assert category.attrib["label"] == "入选"
    assert root.find("aliases/alias").attrib["name"] == "名称"


def style_of(path, layer):
    base = sqlite3.connect(path)
    row = base.execute(
        "SELECT f_geometry_column, styleQML FROM layer_styles WHERE f_table_name = ?", (layer,)
    ).fetchone()
    base.close()
    return row and (row[0], ET.fromstring(row[1].split("\n", 1)[1]))


def test_every_layer_with_names_has_them_in_a_style(tmp_path):
    """QGIS before 3.28 does not read GeoPackage's own table of columns."""
    links = pd.DataFrame({"focal": ["a"]})
    own = layer_style("Name", {"甲": "#1b7837"}, {"Name": "自己的名"})
    names = {"Name": "名称", "fid": "原编号", "rate": "比例"}
    write_layers(
        tmp_path / "a.gpkg",
        {"styled": zones(), "bare": zones(), "links": links, "nameless": zones()},
        styles={"styled": own},
        aliases={"styled": names, "bare": names, "links": {"focal": "起点"}, "absent": names},
    )
    for layer in ("styled", "bare"):
        column, root = style_of(tmp_path / "a.gpkg", layer)
        shown = {one.attrib["field"]: one.attrib["name"] for one in root.iter("alias")}
        first = "自己的名" if layer == "styled" else "名称"
        assert shown == {"Name": first, "fid_original": "原编号", "rate": "比例"}
        assert column == "geom"
        assert (root.find("renderer-v2") is not None) == (layer == "styled")
    column, root = style_of(tmp_path / "a.gpkg", "links")
    assert column == ""  # how QGIS asks for tables without shapes
    assert [one.attrib["name"] for one in root.iter("alias")] == ["起点"]
    assert style_of(tmp_path / "a.gpkg", "nameless") is None


def test_graduated_styles():
    style = graduated_style("share", [(0, 0.5, "#eff3ff"), (0.5, 1, "#08519c")], kind="line")
    root = ET.fromstring(style.split("\n", 1)[1])
    assert root.find("renderer-v2").attrib["type"] == "graduatedSymbol"
    ranges = [(float(r.attrib["lower"]), float(r.attrib["upper"])) for r in root.iter("range")]
    assert ranges == [(0, 0.5), (0.5, 1)]
    assert {one.attrib["type"] for one in root.iter("symbol")} == {"line"}
    for wrong in ([], [(1, 0, "#000000")], [(0, 2, "#000000"), (1, 3, "#000000")]):
        with pytest.raises(ValueError, match="do not rise"):
            graduated_style("share", wrong)


@pytest.mark.parametrize(
    ("shapes", "kind"),
    [
        ([Point(0, 0), None], "marker"),
        ([LineString([(0, 0), (1, 1)])], "line"),
        ([box(0, 0, 1, 1), Point(0, 0)], "fill"),
        ([None], "fill"),
    ],
)
def test_symbols_fit_the_shapes(shapes, kind):
    assert symbol_kind(gpd.GeoDataFrame(geometry=shapes)) == kind


def test_times_are_cut_and_zones_are_said(tmp_path):
    made = pd.DataFrame(
        {
            "fine": pd.to_datetime(["2020-06-30 10:00:00.123456", "2020-06-30 10:00:00.123000"]),
            "zoned": pd.to_datetime(["2020-06-30 10:00", None]).tz_localize("Asia/Shanghai"),
        }
    )
    written = write_layers(tmp_path / "a.gpkg", {"x": made})["x"]
    assert [(one.code, one.column, one.count) for one in written.losses] == [
        ("time_cut", "fine", 1),
        ("zone_as_utc", "zoned", 1),
    ]
    base = sqlite3.connect(tmp_path / "a.gpkg")
    assert base.execute("SELECT zoned FROM x").fetchall() == [
        ("2020-06-30T02:00:00.000Z",),
        (None,),
    ]
    base.close()


def test_heights_are_kept(tmp_path):
    high = shapely.from_wkt(["POLYGON Z ((0 0 1, 1 0 2, 1 1 3, 0 0 1))", "POLYGON EMPTY"])
    mixed = shapely.from_wkt(["POINT Z (0 0 5)", "POINT (0 0)"])
    layers = {
        name: gpd.GeoDataFrame({"a": [1, 2]}, geometry=shapes, crs=4547)
        for name, shapes in (("high", high), ("mixed", mixed))
    }
    written = write_layers(tmp_path / "a.gpkg", layers)
    assert [one.losses for one in written.values()] == [(), ()]
    for name, tops in (("high", [1, 2, 3, 1]), ("mixed", [5, np.nan])):
        read = pyogrio.read_dataframe(tmp_path / "a.gpkg", layer=name).geometry
        seen = shapely.get_coordinates(read, include_z=True)[:, 2]
        np.testing.assert_array_equal(seen, tops)
    empty = pyogrio.read_dataframe(tmp_path / "a.gpkg", layer="high").geometry[1]
    assert empty.wkt == "MULTIPOLYGON EMPTY"


def test_mixed_and_nameless(tmp_path):
    mixed = gpd.GeoDataFrame(
        {"a": [1, 2, 3]}, geometry=[Point(0, 0), box(0, 0, 1, 1), None], crs="EPSG:4547"
    )
    lines = gpd.GeoDataFrame({"a": [1]}, geometry=[LineString([(0, 0), (1, 1)])])
    write_layers(tmp_path / "a.gpkg", {"mixed": mixed, "lines": lines})
    assert gpd.read_file(tmp_path / "a.gpkg", layer="mixed").geometry.isna().sum() == 1
    assert gpd.read_file(tmp_path / "a.gpkg", layer="lines").geom_type[0] == "MultiLineString"


def test_text_that_no_database_likes(tmp_path):
    odd = pd.DataFrame(
        {"a'b\"c": pd.Series(["\0x", "\ud800", "=1+1"], dtype=object), "select": [1, 2, 3], "": "x"}
    )
    write_layers(tmp_path / "a.gpkg", {'odd "name"': odd})
    table = gpd.read_file(tmp_path / "a.gpkg", layer='odd "name"')
    assert table["a'b\"c"].tolist() == ["x", "?", "=1+1"]


def test_old_file_stays_when_writing_fails(tmp_path, monkeypatch):
    (tmp_path / "a.gpkg").write_text("old")

    def full(*args, **kwargs):
        raise pyogrio.errors.DataLayerError("disk is full")

    monkeypatch.setattr(pyogrio.raw, "write", full)
    with pytest.raises(SourceError) as caught:
        write_layers(tmp_path / "a.gpkg", {"zones": zones()})
    assert caught.value.code == "output_unwritable"
    assert (tmp_path / "a.gpkg").read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def test_rows_that_vanish_are_noticed(tmp_path, monkeypatch):
    write = pyogrio.raw.write

    def one_row(path, shapes, cells, *args, field_mask, **kwargs):
        masks = [None if mask is None else mask[:1] for mask in field_mask]
        write(path, shapes[:1], [one[:1] for one in cells], *args, field_mask=masks, **kwargs)

    monkeypatch.setattr(pyogrio.raw, "write", one_row)
    with pytest.raises(SourceError, match="1 of 2 rows"):
        write_layers(tmp_path / "a.gpkg", {"zones": zones()})
    assert list(tmp_path.iterdir()) == []
