"""Shapefiles that planners can open, with the long names kept beside them."""

import json

import geopandas as gpd
import pandas as pd
import pytest
from shapely import Point, box

from renewal_geo.foundation.errors import InputError
from renewal_geo.io import read_layer, write_shapefile


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
    names = write_shapefile(tmp_path / "地块.shp", table(), encoding=encoding)
    assert all(len(short.encode(encoding)) <= 10 for short in names.values())
    assert len(set(names.values())) == len(names)
    assert json.loads((tmp_path / "地块.names.json").read_text(encoding="utf-8")) == names
    read, _ = read_layer(tmp_path / "地块.shp")
    assert read[names["用地性质代码说明"]].fillna("").tolist() == ["工业", ""]
    assert read[names["parcel_id"]].tolist() == ["A", "B"]
    assert read[names["is_new"]].tolist() == [1, 0]
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
