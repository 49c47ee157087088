"""Shapefiles that planners can open, with the long names kept beside them."""

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from shapely import Point, box

from renewal_geo.foundation.errors import InputError
from renewal_geo.io import read_layer, shapefiles, write_shapefile


def table(**columns):
    return gpd.GeoDataFrame(
        {
            "用地性质代码说明": ["工业", None],
            "用地性质代码备注": ["a", "b"],
            "is_new": [True, False],
            **columns,
        },
        geometry=[box(0, 0, 1, 1), None],
        crs="EPSG:4547",
        index=pd.Index(["A", "B"], name="parcel_id"),
    )


@pytest.mark.parametrize("encoding", ["GBK", "UTF-8"])
def test_round_trip(tmp_path, encoding):
    names = write_shapefile(tmp_path / "地块.shp", table(), encoding=encoding).names
    assert all(len(short.encode(encoding)) <= 10 for short in names.values())
    assert len(set(names.values())) == len(names)
    assert json.loads((tmp_path / "地块.names.json").read_text(encoding="utf-8")) == names
    read, _ = read_layer(tmp_path / "地块.shp")
    assert read["用地性质代码说明"].fillna("").tolist() == ["工业", ""]
    assert read["parcel_id"].tolist() == ["A", "B"]
    assert read["is_new"].tolist() == [1, 0]
    assert read.geometry.isna().tolist() == [False, True]


def test_same_bytes(tmp_path):
    for name in ("a", "b"):
        write_shapefile(tmp_path / name / "x.shp", table())
    for part in (tmp_path / "a").iterdir():
        assert part.read_bytes() == (tmp_path / "b" / part.name).read_bytes()


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (table(名=["𠮷한", "x"]), "not_encodable"),
        (table(名=["工" * 128, "x"]), "text_too_long"),
        (table().set_geometry([box(0, 0, 1, 1), Point(0, 0)]), "wrong_type"),
    ],
)
def test_what_a_shapefile_cannot_hold(tmp_path, made, code):
    with pytest.raises(InputError) as caught:
        write_shapefile(tmp_path / "x.shp", made)
    assert caught.value.code == code
    assert caught.value.fix
    assert list(tmp_path.iterdir()) == []


def codes(written):
    return {(loss.code, loss.column): loss.count for loss in written.losses}


def test_what_was_lost_is_said(tmp_path):
    made = gpd.GeoDataFrame(
        {
            "yes": [True, False, None],
            "time": pd.to_datetime(["2020-06-30 10:00", None, "2020-07-01 00:00"]),
            "day": pd.to_datetime(["2020-06-30", None, "1500-01-01"]),
            "huge": pd.Series([10**18, None, -(10**17)], dtype=object, index=["a", "b", "c"]),
            "number": [float("inf"), 1.7976931348623157e308, 0.1 + 0.2],
            "text": ["", "  a ", None],
            "nested": [{"a": 1}, None, [1]],
            "mixed": [1, "x", None],
        },
        geometry=[Point(0, 0), Point(), None],
        crs="EPSG:4547",
        index=["a", "b", "c"],
    )
    written = write_shapefile(tmp_path / "x.shp", made)
    assert codes(written) == {
        ("index_dropped", ""): 3,
        ("empty_shape_as_null", ""): 1,
        ("yes_no_as_number", "yes"): 2,
        ("time_as_text", "time"): 2,
        ("integer_as_text", "huge"): 2,
        ("infinite_as_null", "number"): 1,
        ("empty_text_as_null", "text"): 1,
        ("blanks_cut", "text"): 1,
        ("nested_as_text", "nested"): 2,
        ("mixed_as_text", "mixed"): 2,
    }
    read, _ = read_layer(tmp_path / "x.shp")
    assert read["number"].tolist()[1:] == [1.7976931348623157e308, 0.1 + 0.2]
    assert read["huge"].tolist()[0] == str(10**18)
    assert read["time"].tolist()[0] == "2020-06-30T10:00:00"
    assert read["day"].tolist()[2] == pd.Timestamp("1500-01-01")
    assert "yes: yes and no are written as 1 and 0" in str(written)


def test_heights_are_kept_and_measures_are_not(tmp_path):
    shapes = shapely.from_wkt(["POINT Z (1 2 3)", "POINT ZM (1 2 4 9)", "POINT (1 2)"])
    made = gpd.GeoDataFrame({"a": [1, 2, 3]}, geometry=shapes, crs=4547)
    written = write_shapefile(tmp_path / "x.shp", made)
    assert codes(written) == {("measures_dropped", ""): 1, ("heights_zero", ""): 1}
    read = pyogrio.read_dataframe(tmp_path / "x.shp")
    assert shapely.get_coordinates(read.geometry, include_z=True)[:, 2].tolist() == [3, 4, 0]


def test_rings_that_only_validity_tells_apart(tmp_path):
    """A Shapefile has rings, no parts: a hole outside its polygon comes back as a part."""
    outside = shapely.Polygon(box(0, 0, 1, 1).exterior, [box(5, 0, 6, 1).exterior])
    made = gpd.GeoDataFrame({"a": [1, 2]}, geometry=[outside, box(0, 0, 1, 1)], crs=4547)
    written = write_shapefile(tmp_path / "x.shp", made)
    read, _ = read_layer(tmp_path / "x.shp")
    assert read.geometry[0].geom_type == "MultiPolygon"
    assert codes(written) == {("rings_rearranged", ""): 1}


def test_too_many_fields_and_long_texts_are_said_at_once(tmp_path):
    made = table(text=["x" * 300, "𠮷"], **{f"c{n}": [1, 2] for n in range(254)})
    with pytest.raises(InputError) as caught:
        write_shapefile(tmp_path / "x.shp", made)
    assert caught.value.code == "too_many_fields"
    for piece in ("259 columns", "longer than 254 bytes", "GBK lacks"):
        assert piece in caught.value.what
    assert list(tmp_path.iterdir()) == []


SHAPES = {
    "points": ["POINT (0 1)", "POINT (2 3)", None],
    "points_z": ["POINT Z (0 1 2)", "POINT Z (2 3 4)", None],
    "multipoints": ["MULTIPOINT (0 0, 1 1)", "MULTIPOINT (0 0)", None],
    "lines": ["LINESTRING (0 0, 1 1)", "MULTILINESTRING ((0 0, 1 1), (2 2, 3 3, 4 4))", None],
    "polygons": [
        "POLYGON ((0 0, 9 0, 9 9, 0 0), (4 1, 5 1, 5 2, 4 1))",
        "MULTIPOLYGON (((0 0, 9 0, 9 9, 0 0)), ((20 0, 29 0, 29 9, 20 0)))",
        "POLYGON EMPTY",
    ],
    "polygons_z": ["POLYGON Z ((0 0 1, 9 0 1, 9 9 1, 0 0 1))", None, None],
}


@pytest.mark.parametrize("kind", SHAPES)
def test_sizes_are_known_before_writing(tmp_path, kind, monkeypatch):
    """The estimate is what GDAL then writes, to the byte."""
    made = gpd.GeoDataFrame(
        {
            "yes": [True, False, True], "small": np.array([1, -(2**31), 3], dtype="int32"),
            "whole": [1, 2, 10**17], "number": [0.5, None, 1e300], "text": ["工" * 100, "a", None],
            "day": pd.to_datetime(["2020-06-30", None, "2020-07-01"]), "short": ["a", None, "b"],
        },
        geometry=shapely.from_wkt(SHAPES[kind]), crs="EPSG:4547",
    )  # fmt: skip
    seen = {}
    estimate = shapefiles.estimated_bytes
    monkeypatch.setattr(
        shapefiles, "estimated_bytes", lambda *a: seen.update(estimate(*a)) or estimate(*a)
    )
    write_shapefile(tmp_path / "x.shp", made)
    assert seen == {s: (tmp_path / f"x{s}").stat().st_size for s in (".shp", ".dbf")}
    for suffix, size in seen.items():
        monkeypatch.setattr(shapefiles, "LIMIT_BYTES", size)
        if size == max(seen.values()):
            write_shapefile(tmp_path / "y.shp", made)
        monkeypatch.setattr(shapefiles, "LIMIT_BYTES", size - 1)
        with pytest.raises(InputError) as caught:
            write_shapefile(tmp_path / "z.shp", made)
        assert caught.value.code == "too_large"
        assert f"z{suffix} would have" in caught.value.what
        assert "GeoPackage" in caught.value.fix
        assert not (tmp_path / "z.shp").exists()


def circle(points):
    angles = np.linspace(0, 2 * np.pi, points + 1)[:-1]
    return shapely.Polygon(np.column_stack([np.cos(angles), np.sin(angles)]) * 1000)


def test_two_gigabytes_are_refused_before_they_are_written(tmp_path):
    huge = circle(160_000)
    made = gpd.GeoDataFrame({"a": range(900)}, geometry=[huge] * 900, crs=4547)
    with pytest.raises(
        InputError, match=r"x.shp would have 2\.15 GB, and a part of a Shapefile holds 2\.00 GB"
    ):
        write_shapefile(tmp_path / "x.shp", made)
    assert list(tmp_path.iterdir()) == []


def test_indexes_of_an_earlier_drawing_go(tmp_path):
    write_shapefile(tmp_path / "x.shp", table())
    for name in ("x.qix", "x.sbn", "x.txt", "y.qix"):
        (tmp_path / name).write_text("old")
    write_shapefile(tmp_path / "x.shp", table().set_crs(None, allow_override=True))
    there = {p.name for p in tmp_path.iterdir()}
    assert there == {"x.shp", "x.shx", "x.dbf", "x.cpg", "x.names.json", "x.txt", "y.qix"}


@pytest.mark.slow
def test_just_below_two_gigabytes(tmp_path):
    """The last shape of a file of 2,147,483,6xx bytes is read back whole."""
    huge = circle(160_000)
    each = 8 + 44 + 4 + 16 * shapely.get_num_coordinates(huge)
    rows = (shapefiles.LIMIT_BYTES - 100) // each
    rest = (shapefiles.LIMIT_BYTES - 100 - rows * each - 56) // 16
    last = shapely.Polygon([(n, n * n) for n in range(rest - 1)])
    made = gpd.GeoDataFrame({"a": range(rows + 1)}, geometry=[huge] * rows + [last], crs=4547)
    write_shapefile(tmp_path / "x.shp", made)
    size = (tmp_path / "x.shp").stat().st_size
    assert shapefiles.LIMIT_BYTES - 16 < size <= shapefiles.LIMIT_BYTES
    read = pyogrio.read_dataframe(tmp_path / "x.shp", fids=[0, rows])
    assert read["a"].tolist() == [0, rows]
    assert shapely.get_num_coordinates(read.geometry).tolist() == [
        shapely.get_num_coordinates(huge), rest,
    ]  # fmt: skip
