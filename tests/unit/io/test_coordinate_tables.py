"""Tables with coordinates are layers: which columns, in which CRS, and what has no place."""

import pandas as pd
import pytest
import shapely

from renewal_geo.foundation.errors import CRSError, InputError
from renewal_geo.io import layers_in, open_study, propose, read_layer


@pytest.fixture
def table(tmp_path):
    def write(text, name="a.csv", encoding="utf-8"):
        (tmp_path / name).write_bytes(text.encode(encoding))
        return tmp_path / name

    return write


@pytest.mark.parametrize(
    "head", ["经度,纬度", "lon,lat", "Longitude,Latitude", "lng,lat", "经度(°),纬度(°)", "long,lat", "LNG_WGS84,LAT_WGS84"],
)  # fmt: skip
def test_degrees_are_wgs84_and_said(table, head):
    path = table(f"名称,{head}\n甲,114.1,22.6\n乙,114.2,22.7\n")
    layer, source = read_layer(path)
    assert source.crs == "EPSG:4326"
    assert layer.geometry.to_wkt().tolist() == ["POINT (114.1 22.6)", "POINT (114.2 22.7)"]
    assert layer.columns.tolist() == ["名称", *head.split(","), "geometry"]
    assert any("WGS 84 are assumed" in note for note in source.notes)
    assert layers_in(path) == [("a", "Point")]
    assert read_layer(path, crs="EPSG:4490")[0].crs.to_epsg() == 4490


@pytest.mark.parametrize(
    "head", ["x,y", "X坐标,Y坐标", "POINT_X,POINT_Y", "Easting,Northing", "东坐标,北坐标"]
)
def test_plane_coordinates_need_a_word(table, head):
    layer, source = read_layer(table(f"id,{head}\n1,510000,2510000\n2,510100,2510000\n"))
    assert layer.crs is None
    assert any("EPSG:4547" in note for note in source.notes)
    assert layer.geometry.x.tolist() == [510000, 510100]


def test_surveys_call_the_northing_x(table):
    path = table("点号,X坐标,Y坐标\n1,2510000,38510000\n2,2510100,38510000\n")
    layer, source = read_layer(path)
    assert layer.geometry.y.tolist() == [2510000, 2510100]
    assert any("northings" in note for note in source.notes)
    assert any("EPSG:4526" in note for note in source.notes)
    asked, _ = read_layer(path, x="X坐标", y="Y坐标")
    assert asked.geometry.x.tolist() == [2510000, 2510100]


def test_rows_without_coordinates_stay_and_are_counted(table):
    path = table("id;lon;lat\n1;114.1;22.6\n2;;\n3;n/a;22.6\n4;0;0\n")
    layer, source = read_layer(path)
    assert layer.geometry.isna().tolist() == [False, True, True, False]
    assert any("2 of 4 rows have no coordinates" in note for note in source.notes)
    assert any("1 cells of 'lon' are no coordinates: 'n/a'" in note for note in source.notes)
    assert any("1 rows lie at 0, 0" in note for note in source.notes)


def test_degrees_minutes_seconds(table):
    layer, source = read_layer(
        table("名称\t东经\t北纬\n甲\t114°03′25.2″\t22°30'00\"N\n乙\t114.5\tW\n", "a.tsv")
    )
    point = layer.geometry.iloc[0]
    assert (point.x, point.y) == pytest.approx((114.057, 22.5))
    assert layer.geometry.isna().tolist() == [False, True]
    assert any("degrees, minutes" in note for note in source.notes)


def test_gbk_table(table):
    layer, source = read_layer(table("名称,经度,纬度\n塘坑工业区厂房,114.1,22.6\n", encoding="gbk"))
    assert layer["名称"].tolist() == ["塘坑工业区厂房"]
    assert source.evidence.by == "trial"
    assert source.encoding.startswith("GBK")


def test_shapes_as_texts(table):
    packed = shapely.to_wkb(
        shapely.set_srid(shapely.Point(510000, 2510000), 4547), hex=True, include_srid=True
    )
    for cell in ("SRID=4547;POINT (510000 2510000)", packed):
        layer, source = read_layer(table(f'id,wkt\n1,"{cell}"\n2,\n'))
        assert source.crs == "EPSG:4547"
        assert layer.geometry.isna().tolist() == [False, True]
        assert layer.columns.tolist() == ["id", "geometry"]
    layer, source = read_layer(
        table('id,geom\n1,"POLYGON ((0 0, 9 0, 9 9, 0 0))"\n'), crs="EPSG:4547"
    )
    assert layer.area.tolist() == [40.5]


@pytest.mark.parametrize(
    ("text", "asked", "code"),
    [
        ("a,b\n1,2\n", {}, "not_spatial"),
        ("a,x\n1,2\n", {}, "not_spatial"),
        ("id,lon,lat\n1,,\n", {}, "no_coordinates"),
        ("lon,lat\n1,2\n", {"x": "lon"}, "unknown_column"),
        ("lon,lat\n1,2\n", {"x": "long", "y": "lat"}, "unknown_column"),
        ('wkt\n"POINT (1 2)"\n"POLYGON ((0 0"\n', {}, "bad_shape"),
        ('wkt\n"SRID=1;POINT (1 2)"\n"SRID=2;POINT (1 2)"\n', {}, "bad_shape"),
        ("lon,lat\n510000,2510000\n", {}, "crs_suspect"),
    ],
)
def test_what_is_no_layer(table, text, asked, code):
    with pytest.raises(InputError) as caught:
        read_layer(table(text), **asked)
    assert caught.value.code == code
    assert caught.value.fix


def test_metres_under_degree_names_offer_candidates(table):
    with pytest.raises(CRSError) as caught:
        read_layer(table("lon,lat\n38510000,2510000\n"))
    assert "EPSG:4526" in caught.value.fix


def test_a_workbook(tmp_path):
    frame = pd.DataFrame({"名称": ["甲"], "经度": [114.1], "纬度": [22.6]})
    frame.to_excel(tmp_path / "a.xlsx", index=False)
    assert read_layer(tmp_path / "a.xlsx")[0].geometry.x.tolist() == [114.1]


STUDY = """
crs = "EPSG:4547"
[layers.parcels]
path = "p.csv"
wkt = "界址"
crs = "EPSG:4547"
[layers.facilities]
path = "poi.csv"
x = "东"
y = "北"
crs = "gcj02"
"""


def test_a_study_names_columns_and_a_shifted_system(table, tmp_path):
    table(
        'id,界址\n1,"POLYGON ((510000 2510000, 510100 2510000, 510100 2510100, 510000 2510000))"\n',
        "p.csv",
    )
    table("东,北\n113.9171764808363,22.540796131694766\n", "poi.csv")
    (tmp_path / "study.toml").write_text(STUDY, encoding="utf-8")
    study = open_study(tmp_path)
    assert study.parcels.area.tolist() == pytest.approx([5000])
    place = study.table("facilities").to_crs(4326).geometry.iloc[0]
    assert (place.x, place.y) == pytest.approx((113.912316, 22.543847), abs=1e-7)
    assert any("GCJ-02 coordinates brought back" in n for n in study.provenance.inputs[1].notes)


def test_init_takes_a_table_with_coordinates_for_a_layer(table, tmp_path):
    table("name,pname,adname,lon,lat\n一小,上海市,宝山区,121.4,31.4\n", "学校.csv")
    proposal = propose(tmp_path)
    assert "学校.csv" in proposal.text
    assert 'crs    = "GCJ-02"' in proposal.text


@pytest.mark.parametrize("name", ["地铁站_gcj02.csv", "a.csv"])
def test_shifted_coordinates_are_suspected_by_origin_only(table, name):
    _, source = read_layer(table("id,lon,lat\n1,114.1,22.6\n", name))
    assert any(
        n.startswith("crs_suspect: the coordinates are probably GCJ-02") for n in source.notes
    ) == ("gcj" in name)
