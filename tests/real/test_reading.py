"""Real layers, clean and dirty, are read as they are, and their oddities are said."""

import pytest

from renewal_geo.foundation.errors import CRSError, SourceError
from renewal_geo.io import open_layer, open_study, propose, read_layer, read_table
from renewal_geo.io.encodings import encoding_of_table


@pytest.mark.parametrize(
    ("path", "rows", "crs"),
    [
        ("wuxi_xinwu/xinwu_land_use.gpkg", 2033, "EPSG:32650"),
        ("wuxi_xinwu/xinwu_road_centerlines.gpkg", 5835, "EPSG:32650"),
        ("taiwan_zoning/H0102_nankan.geojson", 946, "EPSG:3826"),
        ("taiwan_zoning/F0116_tucheng_dingpu.geojson", 424, "EPSG:3826"),
        ("cambridge_ma/ASSESSING_ParcelsFY2014.topojson", 13116, ""),
        ("seoul_gangnam/Parcels.shp", 235, "EPSG:5186"),
        ("shenzhen/SZ_TAZ_3857.shp", 491, "EPSG:3857"),
        ("shenzhen/sz_noprj.shp", 10, ""),
        ("regionalisation/mexicojoin.shp", 32, ""),
        ("philadelphia/parcels.shp", 470, "EPSG:2271"),
        ("zones_bench/nodes_2000.parquet", 2000, "EPSG:4547"),
        ("dirty/corrupt/corrupt_too_long.shp", 10, ""),
        ("dirty/crs/null_crs_gdal.gpkg", 1, ""),
        ("dirty/null_geometry/six_counties_three_null.json", 6, "EPSG:4326"),
        ("dirty/types/curvepolygon.gpkg", 1, "EPSG:4326"),
        ("dirty/types/line_zm.gpkg", 1, "EPSG:4326"),
        ("dirty/types/shplib_3dpoints.shp", 8, ""),
        ("dirty/topology/ex10_bowtie.json", 1, "EPSG:4326"),
    ],
)
def test_rows_and_crs(real_data, path, rows, crs):
    table, source = read_layer(real_data / path)
    assert (len(table), source.rows, source.crs) == (rows, rows, crs)
    assert not table.has_z.any()


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("dirty/corrupt/corrupt_too_long.shp", "longer than its header"),
        ("dirty/types/curvepolygon.gpkg", "curves"),
        ("dirty/types/line_zm.gpkg", "Z and M values dropped"),
        ("dirty/types/shplib_3dpoints.shp", "have no shape"),
    ],
)
def test_oddities_are_said(real_data, path, said):
    assert any(said in note for note in read_layer(real_data / path)[1].notes)


def test_shanghai_in_gbk(real_data):
    path = real_data / "dirty/shanghai_gbk/区县界_area.shp"
    assert "宝山区" in read_layer(path)[0]["NAME"].tolist()
    assert "宝山区" in read_layer(path, encoding="GBK")[0]["NAME"].tolist()
    with pytest.raises(SourceError) as caught:
        read_layer(path, encoding="UTF-8")
    assert caught.value.code == "wrong_encoding"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("gbk", "简体国语"), ("gb2312", "简体国语"), ("big5", "繁體國語"), ("utf8", "国语國語"),
        ("ldid_chinese", "简体"), ("cpg/big5", "國語"), ("cpg/euckr", "한국말"),
        ("cpg/win1251", "РУССКИЙ"),
    ],
)  # fmt: skip
def test_encodings(real_data, name, text):
    table, _ = read_table(real_data / "dirty/encodings" / f"{name}.dbf")
    assert text in table.iloc[0, 0]


@pytest.mark.parametrize("name", ["latin1", "shiftjis", "eucjp"])
def test_what_is_none_of_ours_is_doubted_or_at_least_read(real_data, name):
    chosen = encoding_of_table(real_data / "dirty/encodings" / f"{name}.dbf")
    assert chosen.doubt or "%" in chosen.evidence


@pytest.mark.parametrize(
    "path",
    [
        "dirty/crs/mixed_crs.gpkg",
        "dirty/crs/missing_crs_mixed_ranges.gpkg",
        "prague_bubenec/bubenec.gpkg",
    ],
)
def test_several_layers_need_a_name(real_data, path):
    with pytest.raises(SourceError) as caught:
        read_layer(real_data / path)
    assert caught.value.code == "layer_ambiguous"


def test_british_metres_in_a_geojson(real_data):
    with pytest.raises(CRSError) as caught:
        read_layer(real_data / "dirty/topology/ex7_britain.json")
    assert caught.value.code == "crs_suspect"


@pytest.mark.parametrize(
    "name",
    ["ex10_bowtie.json", "ex12_ogc.geojson", "ex13_ogc.json", "ex1_yemen.json", "ex3.json", "ex4.json",
     "ex5_three_precincts.json", "ex6.json", "ex7_britain.json"],
)  # fmt: skip
def test_quality_may_look_at_every_dirty_layer(real_data, name):
    table, source = open_layer(real_data / "dirty/topology" / name)
    assert len(table) == source.rows
    assert table.index.name == "parcel_id"


CAMBRIDGE = """
crs = "EPSG:26986"
[layers.parcels]
path = "{root}/cambridge_ma/ASSESSING_ParcelsFY2014.topojson"
crs = "EPSG:4326"
columns = {{ parcel_id = "ML" }}
[layers.parcels.join]
path = "{root}/cambridge_ma/TaxFY14.csv"
on = {{ parcel_id = "ML" }}
columns = {{ land_use = "UseCode", recorded_area_m2 = {{ name = "LandArea", unit = "ft2" }} }}
"""


def test_cambridge_with_its_tax_roll(real_data, tmp_path):
    text = CAMBRIDGE.format(root=real_data.resolve().as_posix())
    file = tmp_path / "study.toml"
    file.write_text(text.replace('crs = "EPSG:4326"', ""))
    with pytest.raises(CRSError, match="degrees"):
        open_study(tmp_path)
    file.write_text(text)
    with pytest.raises(ValueError, match=r"2,163 keys have several rows"):
        open_study(tmp_path)
    file.write_text(text + 'many = { land_use = "mode", recorded_area_m2 = "max" }\n')
    parcels = open_study(tmp_path).parcels
    drawn = parcels.area / parcels["recorded_area_m2"]
    assert drawn.median() == pytest.approx(1.0, abs=0.01)
    assert int(
        parcels["land_use"].isin([*map(str, range(400, 453)), "316"]).sum()
    ) == pytest.approx(199, abs=6)


def test_init_sees_the_statutory_plan(real_data):
    proposal = propose(real_data / "taiwan_zoning")
    assert 'crs   = "EPSG:3826"' in proposal.text
    assert "工業區" in proposal.text
