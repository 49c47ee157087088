"""Tables as data: columns are mapped, units converted, roles and columns guessed."""

import geopandas as gpd
import pandas as pd
import pytest
from shapely import box

from renewal_geo.foundation import schema
from renewal_geo.foundation.errors import SchemaError


def layer(**columns):
    n = len(next(iter(columns.values())))
    return gpd.GeoDataFrame(columns, geometry=[box(0, 0, 1, 1)] * n, crs=4547)


@pytest.mark.parametrize("role", schema.roles())
def test_every_table_reads(role):
    table = schema.table(role)
    assert table.id_column in table.columns
    assert all(column.title and column.title_zh for column in table.columns.values())


def test_ids_codes_units_and_originals():
    frame = layer(
        地块编号=[1.0, 2.0, None],
        用途=["3.0", "M1", None],
        面积=["1,500", "3", None],
        land_use=[7, 8, 9],
    )
    made = schema.conform(
        frame,
        "parcels",
        {
            "parcel_id": "地块编号",
            "land_use": "用途",
            "recorded_area_m2": {"name": "面积", "unit": "mu"},
        },
    ).frame
    assert made.index.tolist() == ["1", "2", ""]
    assert made.index.name == "parcel_id"
    assert made["land_use"].tolist()[:2] == ["3", "M1"]
    assert made["recorded_area_m2"].iloc[0] == pytest.approx(1_000_000)
    assert made["land_use_original"].tolist() == [7, 8, 9]
    assert list(made.columns[:2]) == ["land_use", "recorded_area_m2"]
    assert list(frame.columns) == ["地块编号", "用途", "面积", "land_use", "geometry"]


def test_feature_ids_serve_where_no_id_is_mapped():
    made = schema.conform(layer(a=[1, 2]), "parcels", {})
    assert made.frame.index.tolist() == ["0", "1"]
    assert "feature ids" in made.notes[0]


def test_all_faults_come_at_once():
    frame = layer(宗地号=["a"], 面积=["大"], 是否=["maybe"])
    with pytest.raises(SchemaError) as fault:
        schema.conform(
            frame, "parcels", {"parcel_id": "宗地编号", "land_use": "用地"}, where="x.shp"
        )
    assert "2 faults" in fault.value.what
    assert "宗地号" in fault.value.fix
    with pytest.raises(SchemaError) as fault:
        schema.conform(
            frame, "parcels", {"recorded_area_m2": "面积", "in_pool": "是否"}, where="x.shp"
        )
    assert "大" in fault.value.what
    assert "maybe" in fault.value.what


def test_unknown_role_and_unit():
    with pytest.raises(SchemaError, match="parcel"):
        schema.table("parcel")
    with pytest.raises(SchemaError, match="unit"):
        schema.conform(
            layer(面积=[1.0]), "parcels", {"recorded_area_m2": {"name": "面积", "unit": "mou"}}
        )


def test_guesses():
    found = schema.guess(
        ["地块编号", "现状用途", "用地面积（亩）", "建筑面积", "合法用地比"], "parcels"
    )
    assert {k: g.original for k, g in found.items()} == {
        "parcel_id": "地块编号",
        "land_use": "现状用途",
        "recorded_area_m2": "用地面积（亩）",
        "floor_area_m2": "建筑面积",
        "share_legal": "合法用地比",
    }
    assert found["recorded_area_m2"].unit == "mu"
    assert found["floor_area_m2"].unit is None
    assert schema.guess_role("生态控制线2020", [], "polygon")[0] == "exclusions"
    assert schema.guess_role("data1", ["宗地号", "土地用途"], "polygon")[0] == "parcels"
    assert schema.guess_role("data1", ["a"], "line")[0] is None


def test_codes_stay_codes():
    values = schema.as_text(pd.Series([3.0, "0301", "3.50", None, True]))
    assert values.dropna().tolist() == ["3", "0301", "3.50", "True"]
    assert values.isna().tolist() == [False, False, False, True, False]


def test_days_are_read_however_they_are_written():
    due = ["2020/7/1", "2020年8月1日", "20200930", None]
    made = schema.conform(layer(期限=due), "sites", {"due_on": "期限"}).frame
    assert made["due_on"].dt.strftime("%Y-%m-%d").tolist()[:3] == [
        "2020-07-01",
        "2020-08-01",
        "2020-09-30",
    ]
    assert made["due_on"].isna().tolist() == [False, False, False, True]


def test_a_text_that_is_no_day_is_a_fault():
    with pytest.raises(SchemaError) as caught:
        schema.conform(layer(期限=["2020-07-01", "待定"]), "sites", {"due_on": "期限"})
    assert caught.value.code == "not_a_day"
    assert "待定" in str(caught.value)
