"""Layers as they come in from outside: .prj in GBK or broken, JSON in lines, old names, zipped KML."""

import json
import shutil
import zipfile

import geopandas as gpd
import pyogrio
import pytest
from shapely import box

from renewal_geo.foundation.errors import CRSError, SourceError
from renewal_geo.io import layers_in, read_batches, read_layer

FEATURE = {
    "type": "Feature", "properties": {"名": "塘坑工业区厂房甲"},
    "geometry": {"type": "Polygon", "coordinates": [[[114.1, 22.6], [114.2, 22.6], [114.2, 22.7], [114.1, 22.6]]]},
}  # fmt: skip
COLLECTION = {"type": "FeatureCollection", "features": [FEATURE]}
LOCAL = (
    'PROJCS["深圳独立坐标系",GEOGCS["GCS_Beijing_1954",DATUM["D_Beijing_1954",SPHEROID["Krasovsky_1940",'
    '6378245.0,298.3]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Gauss_Kruger"],'
    'PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",114.0],'
    'PARAMETER["Scale_Factor",1.0],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]'
)


@pytest.fixture
def shapefile(tmp_path):
    path = tmp_path / "地块.shp"
    shapes = [
        box(510_000, 2_510_000, 510_090, 2_510_080),
        box(510_100, 2_510_000, 510_190, 2_510_080),
    ]
    gpd.GeoDataFrame({"用途": ["工业", "仓储"]}, geometry=shapes, crs=4547).to_file(
        path, encoding="GBK"
    )
    return path


@pytest.mark.parametrize(
    ("prj", "crs", "said"),
    [
        (LOCAL.encode("gbk"), "深圳独立坐标系", "is in GBK"),
        (LOCAL.encode("utf-8"), "深圳独立坐标系", ""),
        (b"\xef\xbb\xbf" + LOCAL.encode("utf-8"), "深圳独立坐标系", ""),
        (b"", None, "is empty"),
        (b'PROJCS["broken', None, "can be understood"),
        (b"\x00\x01\x02\xff", None, "can be understood"),
        (b'LOCAL_CS["Shenzhen",LOCAL_DATUM["x",0],UNIT["Meter",1.0]]', None, "where on earth"),
    ],
)
def test_projections_as_they_come(shapefile, prj, crs, said):
    shapefile.with_suffix(".prj").write_bytes(prj)
    table, source = read_layer(shapefile)
    assert (table.crs.name if table.crs else None) == crs
    assert table["用途"].tolist() == ["工业", "仓储"]
    assert said == "" or any(said in note for note in source.notes)
    assert crs or any("EPSG:4547" in note for note in source.notes)
    with read_batches(shapefile) as batches:
        assert batches.source.crs == source.crs
        assert [len(one) for one in batches] == [2]
    assert shapefile.with_suffix(".prj").read_bytes() == prj


def test_capital_suffixes(shapefile, tmp_path):
    for part in list(tmp_path.iterdir()):
        shutil.move(part, part.with_name(f"BIG{part.suffix.upper()}"))
    assert read_layer(tmp_path / "BIG.SHP")[0]["用途"].tolist() == ["工业", "仓储"]


class WindowsName(zipfile.ZipInfo):
    """A member whose name is written in GBK without saying so, as Windows in Chinese does."""

    def _encodeFilenameFlags(self):
        return self.filename.encode("gbk"), self.flag_bits & ~0x800


def test_a_zip_from_windows(shapefile, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        for suffix in (".shp", ".shx", ".dbf", ".prj"):
            packed.writestr(
                WindowsName(f"二〇二〇/用地{suffix}"), shapefile.with_suffix(suffix).read_bytes()
            )
        packed.writestr(WindowsName("二〇二〇/用地.names.json"), '{"现状用途说明": "用途"}')
    assert layers_in(tmp_path / "a.zip") == [("用地", "Polygon")]
    table, source = read_layer(tmp_path / "a.zip")
    assert table["现状用途说明"].tolist() == ["工业", "仓储"]
    assert source.restored == (("用途", "现状用途说明"),)


def test_zips_with_layers_of_one_name_tell_them_apart(shapefile, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        for folder in ("一", "二"):
            for suffix in (".shp", ".shx", ".dbf", ".prj"):
                packed.write(shapefile.with_suffix(suffix), f"{folder}/用地{suffix}")
    with pytest.raises(SourceError) as caught:
        read_layer(tmp_path / "a.zip")
    assert "一/用地.shp" in caught.value.fix
    assert len(read_layer(tmp_path / "a.zip", layer="二/用地.shp")[0]) == 2


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gbk"])
def test_geojson_in_any_encoding(tmp_path, encoding):
    (tmp_path / "a.geojson").write_bytes(
        json.dumps(COLLECTION, ensure_ascii=False).encode(encoding)
    )
    assert layers_in(tmp_path / "a.geojson") == [("a", "Polygon")]
    table, source = read_layer(tmp_path / "a.geojson")
    assert table["名"].tolist() == ["塘坑工业区厂房甲"]
    assert source.evidence.encoding == source.encoding


@pytest.mark.parametrize(("suffix", "head"), [("geojsonl", ""), ("geojsons", "\x1e"), ("json", "")])
def test_json_in_lines(tmp_path, suffix, head):
    path = tmp_path / f"a.{suffix}"
    path.write_text("".join(f"{head}{json.dumps(FEATURE)}\n" for _ in range(3)), encoding="utf-8")
    table, source = read_layer(path)
    assert len(table) == 3
    assert any("RFC 7946" in note for note in source.notes)


@pytest.mark.parametrize(
    ("member", "said"),
    [
        ("urn:ogc:def:crs:EPSG::4490", ""),
        ("urn:ogc:def:crs:OGC:1.3:CRS84", ""),
        ("urn:ogc:def:crs:EPSG::99999", "'urn:ogc:def:crs:EPSG::99999' is unknown"),
    ],
)
def test_crs_members(tmp_path, member, said):
    crs = {"type": "name", "properties": {"name": member}}
    (tmp_path / "a.geojson").write_text(json.dumps({**COLLECTION, "crs": crs}))
    table, source = read_layer(tmp_path / "a.geojson")
    assert table.crs.is_geographic
    assert said == "" or any(said in note for note in source.notes)
    assert not any("without a crs member" in note for note in source.notes)


def test_an_unknown_crs_member_over_metres_is_refused(tmp_path):
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::99999"}}
    ring = [[510_000, 2_510_000], [510_100, 2_510_000], [510_100, 2_510_100], [510_000, 2_510_000]]
    shape = {
        "type": "Feature",
        "properties": {},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    (tmp_path / "a.geojson").write_text(
        json.dumps({"type": "FeatureCollection", "crs": crs, "features": [shape]})
    )
    with pytest.raises(CRSError, match="99999") as caught:
        read_layer(tmp_path / "a.geojson")
    assert "EPSG:4547" in caught.value.fix


def test_esri_json_states_its_crs(tmp_path):
    shape = {
        "rings": [
            [[510_000, 2_510_000], [510_100, 2_510_000], [510_100, 2_510_100], [510_000, 2_510_000]]
        ]
    }
    layer = {
        "geometryType": "esriGeometryPolygon", "spatialReference": {"wkid": 4547},
        "features": [{"attributes": {"a": 1}, "geometry": shape}],
    }  # fmt: skip
    (tmp_path / "a.json").write_text(json.dumps(layer))
    assert read_layer(tmp_path / "a.json")[1].crs == "EPSG:4547"


def test_mapinfo_in_chinese(tmp_path):
    table = gpd.GeoDataFrame(
        {"用途": ["工业"]}, geometry=[box(510_000, 2_510_000, 510_090, 2_510_080)], crs=4547
    )
    for name in ("a.tab", "a.mif"):
        pyogrio.write_dataframe(
            table, tmp_path / name, driver="MapInfo File", layer_options={"ENCODING": "CP936"}
        )
        assert read_layer(tmp_path / name)[0]["用途"].tolist() == ["工业"]


def test_zipped_kml(tmp_path):
    mark = "<Placemark><name>甲</name><Point><coordinates>114.1,22.6,0</coordinates></Point></Placemark>"
    text = f'<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>{mark}</Document></kml>'
    with zipfile.ZipFile(tmp_path / "a.kmz", "w") as packed:
        packed.writestr("doc.kml", text)
    table, source = read_layer(tmp_path / "a.kmz")
    assert source.crs == "EPSG:4326"
    assert table["Name"].tolist() == ["甲"]


def test_a_layer_as_qgis_names_it(tmp_path):
    table = gpd.GeoDataFrame({"a": [1]}, geometry=[box(0, 0, 1, 1)], crs=4547)
    for name in ("甲", "乙"):
        table.to_file(tmp_path / "a.gpkg", layer=name)
    assert read_layer(f"{tmp_path}/a.gpkg|layername=乙")[1].layer == "乙"
    with pytest.raises(SourceError) as caught:
        read_layer(tmp_path / "a.gpkg")
    assert "a.gpkg|layername=甲" in caught.value.fix


@pytest.mark.parametrize(
    ("name", "head", "said"),
    [("a.rar", b"Rar!\x1a\x07\x01\x00", "rar archive"), ("a.7z", b"7z\xbc\xaf\x27\x1c", "7z archive"),
     ("a.geojson.gz", b"\x1f\x8b\x08", "gzip archive"), ("a.xls", b"\xd0\xcf\x11\xe0", "workbook"),
     ("a.dwg", b"AC1027", "not a spatial file"), ("a.shp", b"Rar!\x1a\x07\x01\x00", "rar archive")],
)  # fmt: skip
def test_what_is_refused_by_name(tmp_path, name, head, said):
    (tmp_path / name).write_bytes(head + bytes(200))
    with pytest.raises(SourceError, match=said) as caught:
        read_layer(tmp_path / name)
    assert caught.value.code == "not_spatial"
    assert caught.value.fix
