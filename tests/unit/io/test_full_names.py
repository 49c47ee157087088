"""Field names cut to ten bytes come back from what lies beside a Shapefile."""

import json

import geopandas as gpd
import pytest
from shapely import box

from renewal_geo.foundation.errors import SourceError
from renewal_geo.io import open_study, read_batches, read_layer, write_shapefile
from renewal_geo.io.full_names import full_names

LONG = ["用地性质代码说明", "用地性质代码备注", "recorded_area_of_parcel", "短"]


@pytest.fixture
def written(tmp_path):
    shapes = [box(510_000 + 100 * n, 2_510_000, 510_080 + 100 * n, 2_510_080) for n in range(3)]
    table = gpd.GeoDataFrame({name: ["a", "b", "c"] for name in LONG}, geometry=shapes, crs=4547)
    write_shapefile(tmp_path / "地块.shp", table)
    return tmp_path / "地块.shp"


def test_the_round_trip_gives_long_names_back(written):
    table, source = read_layer(written)
    assert [*table.columns] == [*LONG, "geometry"]
    assert dict(source.restored)["用地性质1"] == "用地性质代码备注"
    assert any("3 field names restored from 地块.names.json" in note for note in source.notes)
    with read_batches(written) as batches:
        assert [*next(batches.frames).columns] == [*LONG, "geometry"]
        assert batches.source.restored == source.restored


@pytest.mark.parametrize("swapped", [False, True])
def test_a_plain_list_of_two_columns_either_way_round(written, swapped):
    named = json.loads(written.with_suffix(".names.json").read_text(encoding="utf-8"))
    written.with_suffix(".names.json").unlink()
    pairs = [(field, name) if swapped else (name, field) for name, field in named.items()]
    text = "\n".join(",".join(pair) for pair in [("全称", "字段名"), *pairs])
    written.with_suffix(".names.csv").write_text(text, encoding="gbk")
    assert [*read_layer(written)[0].columns] == [*LONG, "geometry"]


def test_titles_of_arcgis_only_where_the_field_is_their_beginning(written):
    written.with_suffix(".names.json").unlink()
    fields = {"recorded_a": "recorded_area_of_parcel", "短": "短名", "用地性质1": "Anderes"}
    blocks = "".join(
        f'<attr><attrlabl Sync="TRUE">{field}</attrlabl><attalias>{title}</attalias></attr>'
        for field, title in fields.items()
    )
    (written.parent / "地块.shp.xml").write_text(f"<metadata>{blocks}</metadata>", encoding="utf-8")
    columns = [*read_layer(written)[0].columns]
    assert columns == ["用地性质代", "用地性质1", "recorded_area_of_parcel", "短", "geometry"]


def test_a_study_may_name_a_field_either_way(written):
    for name in ("用地性质代", "用地性质代码说明"):
        (written.parent / "study.toml").write_text(
            f'crs = "EPSG:4547"\n[layers.parcels]\npath = "地块.shp"\nwhere = "{name} == \'b\'"\n'
            f'columns = {{ land_use = "{name}" }}\n',
            encoding="utf-8",
        )
        assert open_study(written.parent).parcels["land_use"].tolist() == ["b"]


def test_a_study_gives_a_full_name_itself(written):
    written.with_suffix(".names.json").unlink()
    (written.parent / "study.toml").write_text(
        'crs = "EPSG:4547"\n[layers.parcels]\npath = "地块.shp"\n'
        'columns = { "用地性质代码说明" = "用地性质代" }\n',
        encoding="utf-8",
    )
    study = open_study(written.parent)
    assert study.parcels["用地性质代码说明"].tolist() == ["a", "b", "c"]
    assert any(
        "用地性质代 is 用地性质代码说明" in note for note in study.provenance.inputs[0].notes
    )


@pytest.mark.parametrize(
    ("text", "names", "said"),
    [
        ('{"full": "a", "other": "b"}', {"a": "full"}, "fields that the table has not: b"),
        ('{"c": "a"}', {}, "to a second column: 'a' stays"),
        ('{"full": "A"}', {"a": "full"}, "restored"),
        ('{"x": "a", "x ": "c"}', {"a": "x", "c": "x "}, "restored"),
    ],
)
def test_side_cars_of_another_layer(tmp_path, text, names, said):
    (tmp_path / "p.names.json").write_text(text)
    found, notes, _ = full_names(tmp_path / "p.shp", ["a", "c"])
    assert found == names
    assert any(said in note for note in notes)


@pytest.mark.parametrize(
    ("suffix", "text"),
    [("json", "{"), ("json", "[1]"), ("json", '{"a": 1}'), ("csv", "x,y\n1,2\n"), ("csv", "")],
)
def test_unreadable_side_cars_are_said(tmp_path, suffix, text):
    (tmp_path / f"p.names.{suffix}").write_text(text)
    with pytest.raises(SourceError) as caught:
        full_names(tmp_path / "p.shp", ["a", "b"])
    assert caught.value.code == "names_unreadable"
