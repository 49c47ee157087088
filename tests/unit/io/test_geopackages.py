"""GeoPackages: all layers, the same bytes, and nothing that breaks a table."""

import datetime as dt
import sqlite3
import xml.etree.ElementTree as ET

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
from shapely import LineString, MultiPolygon, Point, box

from renewal_geo.foundation.errors import SourceError
from renewal_geo.io import layer_style, write_layers


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
    renamed = write_layers(
        tmp_path / "a.gpkg",
        {"zones": zones(), "none": zones().iloc[:0], "links": links, "no_links": links.iloc[:0]},
    )
    assert renamed["zones"] == {"fid": "fid_original", "FID": "FID_2", "name": "name_original"}
    kinds = dict(pyogrio.list_layers(tmp_path / "a.gpkg").tolist())
    assert kinds["zones"] == "MultiPolygon"
    assert kinds["links"] is None
    table = gpd.read_file(tmp_path / "a.gpkg", layer="zones")
    assert table["zone_id"].tolist() == ["Z01", "Z02"]
    assert table.geom_type.tolist() == ["MultiPolygon"] * 2
    assert table["is_new"].dtype == bool
    assert table["fid_original"].isna().tolist() == [False, True]
    assert table["day"].iloc[0] == pd.Timestamp("2020-06-30")
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

    monkeypatch.setattr(pyogrio, "write_dataframe", full)
    with pytest.raises(SourceError) as caught:
        write_layers(tmp_path / "a.gpkg", {"zones": zones()})
    assert caught.value.code == "output_unwritable"
    assert (tmp_path / "a.gpkg").read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def test_rows_that_vanish_are_noticed(tmp_path, monkeypatch):
    write = pyogrio.write_dataframe
    monkeypatch.setattr(pyogrio, "write_dataframe", lambda t, *a, **k: write(t.iloc[:1], *a, **k))
    with pytest.raises(SourceError, match="1 of 2 rows"):
        write_layers(tmp_path / "a.gpkg", {"zones": zones()})
    assert list(tmp_path.iterdir()) == []
