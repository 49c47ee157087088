"""GeoParquet 1.1: what the specification asks for, row groups to skip, the same bytes."""

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pyproj
import pytest
import shapely
from shapely import Point, Polygon, box

from renewal_geo.io import read_layer, write_parquet


def table(rows=6):
    return gpd.GeoDataFrame(
        {"名称": [f"第{n}" for n in range(rows)], "bbox": range(rows)},
        geometry=[box(n % 3, n, n % 3 + 1, n + 1) for n in range(rows)],
        crs="EPSG:4547",
        index=pd.Index([f"P{n}" for n in range(rows)], name="parcel_id"),
    )


def test_what_the_specification_asks_for(tmp_path):
    made = table().set_geometry(
        [
            box(0, 0, 1, 1),
            None,
            Polygon(),
            shapely.MultiPolygon([box(3, 0, 4, 1)]),
            Point(9, 9),
            Point(),
        ]
    )
    written = write_parquet(tmp_path / "a.parquet", made)
    assert written.losses == ()
    schema = pq.read_schema(tmp_path / "a.parquet")
    said = json.loads(schema.metadata[b"geo"])
    column = said["columns"]["geometry"]
    assert (said["version"], said["primary_column"]) == ("1.1.0", "geometry")
    assert column["encoding"] == "WKB"
    assert column["geometry_types"] == ["MultiPolygon", "Point", "Polygon"]
    assert column["bbox"] == [0, 0, 9, 9]
    assert pyproj.CRS(column["crs"]) == pyproj.CRS("EPSG:4547")
    cover = column["covering"]["bbox"]["xmin"][0]
    assert cover == "bbox_"  # the table has a bbox of its own
    boxes = pq.read_table(tmp_path / "a.parquet")[cover].to_pylist()
    assert boxes[3] == {"xmin": 3, "ymin": 0, "xmax": 4, "ymax": 1}
    assert [one is None for one in boxes] == [False, True, True, False, False, True]
    chunk = pq.read_metadata(tmp_path / "a.parquet").row_group(0).column(0)
    assert chunk.compression == "ZSTD"
    read, _ = read_layer(tmp_path / "a.parquet")
    assert read["parcel_id"].tolist() == [f"P{n}" for n in range(6)]


def test_no_system_is_none_and_not_degrees(tmp_path):
    write_parquet(tmp_path / "a.parquet", table().set_crs(None, allow_override=True))
    said = json.loads(pq.read_schema(tmp_path / "a.parquet").metadata[b"geo"])
    assert said["columns"]["geometry"]["crs"] is None
    assert read_layer(tmp_path / "a.parquet")[0].crs is None


@pytest.mark.parametrize("hilbert", [False, True])
def test_row_groups_hold_neighbours(tmp_path, hilbert):
    rng = np.random.default_rng(0)
    spots = rng.random((4000, 2)) * 1000
    made = gpd.GeoDataFrame({"n": range(4000)}, geometry=shapely.points(spots), crs=4547)
    write_parquet(tmp_path / "a.parquet", made, hilbert=hilbert, row_group_rows=250)
    about = pq.read_metadata(tmp_path / "a.parquet")
    assert [about.row_group(n).num_rows for n in range(about.num_row_groups)] == [250] * 16
    window = (100, 100, 200, 200)
    met = 0
    for number in range(16):
        group = about.row_group(number)
        bounds = {
            group.column(c).path_in_schema: group.column(c).statistics
            for c in range(group.num_columns)
        }
        met += (
            bounds["bbox.xmin"].min <= 200 and bounds["bbox.xmax"].max >= 100
            and bounds["bbox.ymin"].min <= 200 and bounds["bbox.ymax"].max >= 100
        )  # fmt: skip
    assert met <= 3 if hilbert else met == 16
    read = gpd.read_parquet(tmp_path / "a.parquet", bbox=window)
    inside = made.cx[100:200, 100:200]
    assert sorted(read["n"]) == sorted(inside["n"])


def test_same_table_same_bytes(tmp_path):
    for name in "ab":
        write_parquet(tmp_path / f"{name}.parquet", table(), hilbert=True)
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_a_table_without_rows(tmp_path):
    write_parquet(tmp_path / "a.parquet", table().iloc[:0], hilbert=True)
    read = gpd.read_parquet(tmp_path / "a.parquet")
    assert len(read) == 0
    assert read.crs == "EPSG:4547"


def test_a_second_geometry_stays_one(tmp_path):
    made = table().assign(point=gpd.GeoSeries([Point(1, 2)] * 6, index=table().index, crs=4490))
    assert write_parquet(tmp_path / "a.parquet", made).losses == ()
    read = gpd.read_parquet(tmp_path / "a.parquet")
    assert read.geometry.name == "geometry"
    assert read["point"].crs == "EPSG:4490"
    assert read["point"].tolist() == [Point(1, 2)] * 6


def test_heights_are_kept_and_measures_are_not(tmp_path):
    shapes = shapely.from_wkt(["POINT Z (1 2 3)", "POINT ZM (1 2 4 9)", "POINT M (1 2 9)"])
    made = gpd.GeoDataFrame({"a": [1, 2, 3]}, geometry=shapes, crs=4547)
    losses = write_parquet(tmp_path / "a.parquet", made).losses
    assert [(one.code, one.count) for one in losses] == [("measures_dropped", 2)]
    read = gpd.read_parquet(tmp_path / "a.parquet").geometry
    assert read.to_wkt().tolist() == ["POINT Z (1 2 3)", "POINT Z (1 2 4)", "POINT (1 2)"]
    said = json.loads(pq.read_schema(tmp_path / "a.parquet").metadata[b"geo"])
    assert said["columns"]["geometry"]["geometry_types"] == ["Point", "Point Z"]


def test_callers_table_is_untouched(tmp_path):
    made = table()
    write_parquet(tmp_path / "a.parquet", made, hilbert=True)
    pd.testing.assert_frame_equal(pd.DataFrame(made), pd.DataFrame(table()))
