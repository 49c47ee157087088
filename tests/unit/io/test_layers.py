"""Reading one layer: every kind of bad file gets a sentence, every decision a note."""

import http.server
import json
import shutil
import sqlite3
import threading

import geopandas as gpd
import pyogrio
import pytest
from shapely import LineString, Point, Polygon, box

from renewal_geo.foundation.errors import CRSError, InputError, SourceError
from renewal_geo.io import layers_in, read_layer


def district(crs="EPSG:4547", x=510_000.0, y=2_510_000.0, names=("工业", "仓储")):
    shapes = [box(x + 100 * n, y, x + 100 * n + 90, y + 80) for n in range(len(names))]
    return gpd.GeoDataFrame({"用途": list(names), "面积": 7200.0}, geometry=shapes, crs=crs)


@pytest.fixture
def shapefile(tmp_path):
    path = tmp_path / "地块.shp"
    district().to_file(path, encoding="GBK")
    return path


def code_of(call, *args, **kwargs):
    with pytest.raises(InputError) as caught:
        call(*args, **kwargs)
    assert caught.value.what
    assert caught.value.fix
    return caught.value.code


def test_gbk_with_cpg(shapefile):
    table, source = read_layer(shapefile)
    assert table["用途"].tolist() == ["工业", "仓储"]
    assert table.index.tolist() == [0, 1]
    assert table.index.name == "fid"
    assert source.crs == "EPSG:4547"
    assert source.encoding.startswith("GBK")


def test_gbk_without_cpg_is_recognised(shapefile):
    shapefile.with_suffix(".cpg").unlink()
    table, source = read_layer(shapefile)
    assert list(table.columns) == ["用途", "面积", "geometry"]
    assert not any(note.startswith("encoding_doubt") for note in source.notes[:-1])


def test_lying_cpg_is_not_believed(shapefile):
    shapefile.with_suffix(".cpg").write_text("UTF-8")
    table, source = read_layer(shapefile)
    assert table["用途"].tolist() == ["工业", "仓储"]
    assert any("it was not believed" in note for note in source.notes)


def test_utf8_under_a_gbk_cpg_is_not_mojibake(tmp_path):
    path = tmp_path / "a.shp"
    district().to_file(path, encoding="UTF-8")
    path.with_suffix(".cpg").write_text("GBK")
    table, _ = read_layer(path)
    assert table["用途"].tolist() == ["工业", "仓储"]


@pytest.mark.parametrize(("written", "given"), [("GBK", "UTF-8"), ("UTF-8", "GBK")])
def test_wrong_encoding_given(tmp_path, written, given):
    path = tmp_path / "a.shp"
    district().to_file(path, encoding=written)
    with pytest.raises(SourceError) as caught:
        read_layer(path, encoding=given)
    assert caught.value.code == "wrong_encoding"
    assert given in caught.value.what


def test_wrong_encoding_names_row_and_field(tmp_path):
    path = tmp_path / "a.shp"
    gpd.GeoDataFrame(
        {"name": ["plain", "工业园"]}, geometry=[Point(0, 0), Point(1, 1)], crs=4547
    ).to_file(path, encoding="GBK")
    with pytest.raises(SourceError, match="row 1 of field 'name'"):
        read_layer(path, encoding="UTF-8")


def test_unknown_encoding_name(shapefile):
    assert code_of(read_layer, shapefile, encoding="GBKK") == "encoding_unknown"


def test_text_cut_inside_a_character(shapefile):
    table = shapefile.with_suffix(".dbf")
    data = bytearray(table.read_bytes())
    head = int.from_bytes(data[8:10], "little")
    width = data[32 + 16]
    data[head + 1 : head + 1 + width] = (
        b"a"[: 1 - width % 2] + ("工" * width).encode("gbk")[: width - 1 + width % 2]
    )
    table.write_bytes(data)
    frame, source = read_layer(shapefile, encoding="GBK")
    assert set(frame["用途"].iloc[0]) == {"工", "a"}
    assert frame["用途"].iloc[1] == "仓储"
    assert any("end inside a character" in note for note in source.notes)


@pytest.mark.parametrize("suffix", [".shx", ".dbf"])
def test_missing_side_car(shapefile, suffix):
    shapefile.with_suffix(suffix).unlink()
    with pytest.raises(SourceError, match=f"has no {suffix}") as caught:
        read_layer(shapefile)
    assert caught.value.code == "sidecar_missing"


@pytest.mark.parametrize("suffix", [".shp", ".shx", ".dbf"])
@pytest.mark.parametrize("kept", [0.9, 0.3, 0.0])
def test_truncated_shapefile(shapefile, suffix, kept):
    part = shapefile.with_suffix(suffix)
    data = part.read_bytes()
    part.write_bytes(data[: int(len(data) * kept)])
    assert code_of(read_layer, shapefile) in {"truncated", "not_spatial"}


def test_parts_of_different_layers(shapefile, tmp_path):
    district(names=["a"]).to_file(tmp_path / "other.shp")
    shutil.copy(tmp_path / "other.dbf", shapefile.with_suffix(".dbf"))
    assert code_of(read_layer, shapefile) == "truncated"


def test_truncated_geopackage_and_geojson(tmp_path):
    for name in ("a.gpkg", "a.geojson"):
        district(crs=4326, x=1, y=1).to_file(tmp_path / name)
        data = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(data[: len(data) * 2 // 3])
        assert code_of(read_layer, tmp_path / name) in {"truncated", "not_spatial"}


def test_truncated_parquet(tmp_path):
    district().to_parquet(tmp_path / "a.parquet")
    data = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "a.parquet").write_bytes(data[:-20])
    assert code_of(read_layer, tmp_path / "a.parquet") == "truncated"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.geojson", "import os\nprint('hello')\n"),
        ("a.geojson", "[1, 2, 3]"),
        ("a.geojson", '{"a": 1}'),
        ("a.json", ""),
        ("a.shp", "<html><body>no</body></html>"),
        ("a.gpkg", "not a database"),
        ("a.parquet", "no"),
        ("a.kml", "<html></html>"),
        ("a.csv", "a,b\n1,2\n"),
        ("a.rar", "Rar!\x1a\x07\x00"),
        ("a.xls", "x"),
        ("a.shx", "x"),
        ("a.zip", "PK\x03\x04 but no more"),
        ("a.bin", "\x00\x01\x02"),
    ],
)
def test_not_a_spatial_file(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    assert code_of(read_layer, tmp_path / name) == "not_spatial"


def test_parquet_without_shapes(tmp_path):
    district().drop(columns="geometry").to_parquet(tmp_path / "a.parquet")
    assert code_of(read_layer, tmp_path / "a.parquet") == "not_spatial"


def test_database_that_is_no_geopackage(tmp_path):
    base = sqlite3.connect(tmp_path / "a.gpkg")
    base.execute("CREATE TABLE t (x)")
    base.commit()
    base.close()
    assert code_of(read_layer, tmp_path / "a.gpkg") == "not_spatial"


VRT = '<OGRVRTDataSource><OGRVRTLayer name="a"><SrcDataSource>{}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>'


@pytest.mark.parametrize("name", ["a.vrt", "a.shp", "a.geojson", "a.gpkg", "a.xml"])
@pytest.mark.parametrize("head", ["", "<?xml version='1.0'?>\n<!-- x -->\n", "\ufeff  "])
def test_vrt_under_any_name(tmp_path, shapefile, name, head):
    (tmp_path / name).write_text(head + VRT.format(shapefile), encoding="utf-8")
    assert code_of(read_layer, tmp_path / name) == "indirect_source"


@pytest.mark.parametrize(
    "content",
    [
        "<OGRWFSDataSource><URL>http://127.0.0.1:1/</URL></OGRWFSDataSource>",
        "<GDAL_WMS><Service name='TMS'/></GDAL_WMS>",
        '{"type": "gdal_streamed_alg", "command_line": "gdal vector pipeline ! read a.shp"}',
        "WFS:http://127.0.0.1:1/",
    ],
)
def test_descriptions_of_other_sources(tmp_path, content):
    (tmp_path / "a.geojson").write_text(content)
    assert code_of(read_layer, tmp_path / "a.geojson") == "indirect_source"


@pytest.mark.parametrize(
    "path",
    [
        "http://example.org/a.geojson",
        "https://example.org/a.zip",
        "/vsicurl/http://example.org/a.shp",
        "/vsizip/a.zip/a.shp",
        "/vsimem/a",
        "PG:host=x dbname=y password=geheim",
        "WFS:http://example.org",
        "//server/share/a.shp",
        r"\\server\share\a.shp",
        "file:///etc/passwd",
    ],
)
def test_network_paths(path):
    with pytest.raises(SourceError) as caught:
        read_layer(path)
    assert caught.value.code == "network_path"
    assert "geheim" not in str(caught.value)


def test_nothing_is_fetched(tmp_path):
    asked = []

    class Listener(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *args):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    point = (
        '{"type":"Feature","properties":{"a":1},"geometry":{"type":"Point","coordinates":[1,2]}}'
    )
    (tmp_path / "link.geojson").write_text(
        f'{{"type":"FeatureCollection","crs":{{"type":"link","properties":{{"href":"{url}/crs"}}}},'
        f'"features":[{point}]}}'
    )
    (tmp_path / "late.geojson").write_text(
        f'{{"type":"FeatureCollection","features":[{point}],"coordRefSys":"{url}/crs"}}'
    )
    (tmp_path / "a.gml").write_text(
        '<gml:FeatureCollection xmlns:gml="http://www.opengis.net/gml" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f'xsi:schemaLocation="{url} {url}/a.xsd"><gml:featureMember><a>'
        "<g><gml:Point><gml:coordinates>1,2</gml:coordinates></gml:Point></g></a>"
        "</gml:featureMember></gml:FeatureCollection>"
    )
    (tmp_path / "a.kml").write_text(
        '<kml xmlns="http://www.opengis.net/kml/2.2"><Document><NetworkLink><Link>'
        f"<href>{url}/b.kml</href></Link></NetworkLink></Document></kml>"
    )
    for path in tmp_path.iterdir():
        try:
            read_layer(path)
        except InputError:
            continue
    server.shutdown()
    server.server_close()
    assert asked == []


def test_missing_file_offers_names(shapefile):
    with pytest.raises(SourceError) as caught:
        read_layer(shapefile.with_name("地块1.shp"))
    assert caught.value.code == "file_missing"
    assert "地块.shp" in caught.value.fix


def test_folder_is_no_layer(tmp_path):
    assert code_of(read_layer, tmp_path) == "is_directory"


@pytest.mark.parametrize("name", ["a.shp", "a.gpkg", "a.parquet", "a.geojson"])
def test_empty_layer(tmp_path, name):
    empty = district(crs=4326).iloc[:0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("warnings.warn", lambda *_, **__: None)
        if name.endswith("parquet"):
            empty.to_parquet(tmp_path / name)
        else:
            pyogrio.write_dataframe(empty, tmp_path / name, geometry_type="Polygon")
    assert code_of(read_layer, tmp_path / name) == "empty_layer"


def test_several_layers(tmp_path):
    path = tmp_path / "a.gpkg"
    district().to_file(path, layer="parcels")
    district(names=["一", "二", "三"]).to_file(path, layer="roads")
    with pytest.raises(SourceError) as caught:
        read_layer(path)
    assert caught.value.code == "layer_ambiguous"
    assert "parcels, roads" in caught.value.fix
    with pytest.raises(SourceError, match="did you mean 'roads'") as caught:
        read_layer(path, layer="road")
    assert caught.value.code == "layer_unknown"
    table, source = read_layer(path, layer="roads")
    assert len(table) == source.rows == 3
    assert table.index.tolist() == [1, 2, 3]
    assert [name for name, _ in layers_in(path)] == ["parcels", "roads"]


def test_study_gives_a_crs_for_a_file_without(shapefile):
    shapefile.with_suffix(".prj").unlink()
    bare, source = read_layer(shapefile)
    assert bare.crs is None
    assert source.crs == ""
    table, source = read_layer(shapefile, crs="EPSG:4547")
    assert table.crs.to_epsg() == 4547
    assert any("names no CRS" in note for note in source.notes)


def test_contradicting_crs(shapefile):
    with pytest.raises(CRSError) as caught:
        read_layer(shapefile, crs="EPSG:4526")
    assert caught.value.code == "crs_contradiction"
    table, source = read_layer(shapefile, crs="EPSG:4526", crs_force=True)
    assert table.crs.to_epsg() == 4526
    assert any(note.startswith("crs_forced") for note in source.notes)
    assert read_layer(shapefile, crs="EPSG:4547")[0].crs.to_epsg() == 4547


def write_geojson(path, x, y, **more):
    ring = [[x, y], [x + 1e-3, y], [x + 1e-3, y + 1e-3], [x, y]]
    shape = {"type": "Polygon", "coordinates": [ring]}
    feature = {"type": "Feature", "properties": {"名": "甲"}, "geometry": shape}
    path.write_text(json.dumps({"type": "FeatureCollection", **more, "features": [feature]}))


def test_geojson_is_wgs84(tmp_path):
    write_geojson(tmp_path / "a.geojson", 114.1, 22.6)
    table, source = read_layer(tmp_path / "a.geojson")
    assert table.crs.to_epsg() == 4326
    assert any("RFC 7946" in note for note in source.notes)
    assert read_layer(tmp_path / "a.geojson", crs="EPSG:4490")[0].crs.to_epsg() == 4490
    assert code_of(read_layer, tmp_path / "a.geojson", crs="EPSG:4547") == "crs_contradiction"


def test_geojson_in_metres(tmp_path):
    write_geojson(tmp_path / "a.geojson", 510_000, 2_510_000)
    assert code_of(read_layer, tmp_path / "a.geojson") == "crs_suspect"
    assert read_layer(tmp_path / "a.geojson", crs="EPSG:4547")[0].crs.to_epsg() == 4547
    _, source = read_layer(tmp_path / "a.geojson", strict=False)
    assert any(note.startswith("crs_suspect") for note in source.notes)


def test_old_geojson_crs_member(tmp_path):
    member = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3826"}}
    write_geojson(tmp_path / "a.geojson", 275_000, 2_766_000, crs=member)
    assert read_layer(tmp_path / "a.geojson")[0].crs.to_epsg() == 3826


def test_geojson_in_gbk(tmp_path):
    write_geojson(tmp_path / "a.geojson", 114.1, 22.6)
    text = (tmp_path / "a.geojson").read_text().replace("\\u7532", "工业用地集中区甲")
    (tmp_path / "a.geojson").write_bytes(text.replace("\\u540d", "名").encode("gbk"))
    table, source = read_layer(tmp_path / "a.geojson")
    assert table["名"].iloc[0] == "工业用地集中区甲"
    assert any("GBK" in note for note in source.notes)


def test_z_and_m_are_dropped(tmp_path):
    deep = gpd.GeoDataFrame(geometry=[Polygon([(0, 0, 1), (1, 0, 2), (1, 1, 3)])], crs=4547)
    deep.to_file(tmp_path / "a.gpkg")
    table, source = read_layer(tmp_path / "a.gpkg")
    assert not table.has_z.any()
    assert any("Z values dropped" in note for note in source.notes)


def test_null_geometry_stays(tmp_path):
    table = district()
    table.loc[0, "geometry"] = None
    table.to_file(tmp_path / "a.gpkg")
    read, _ = read_layer(tmp_path / "a.gpkg")
    assert read.geometry.isna().tolist() == [True, False]


def test_hash_covers_side_cars(shapefile):
    before = read_layer(shapefile)[1].sha256
    data = bytearray(shapefile.with_suffix(".dbf").read_bytes())
    data[-2:-1] = b"9"
    shapefile.with_suffix(".dbf").write_bytes(data)
    assert read_layer(shapefile)[1].sha256 != before


def test_path_is_relative_to_the_study(shapefile, tmp_path):
    (tmp_path / "in").mkdir()
    assert read_layer("地块.shp", folder=tmp_path)[1].path == "地块.shp"
    assert read_layer(r"..\地块.shp", folder=tmp_path / "in")[1].path == "../地块.shp"


def test_gdal_settings_are_put_back(shapefile):
    pyogrio.set_gdal_config_options({"SHAPE_ENCODING": "CP1252", "GDAL_HTTP_TIMEOUT": "7"})
    try:
        read_layer(shapefile)
        with pytest.raises(InputError):
            read_layer(shapefile, encoding="UTF-8")
        assert pyogrio.get_gdal_config_option("SHAPE_ENCODING") == "CP1252"
        assert pyogrio.get_gdal_config_option("GDAL_HTTP_TIMEOUT") == 7
        assert pyogrio.get_gdal_config_option("GDAL_HTTP_PROXY") is None
    finally:
        pyogrio.set_gdal_config_options({"SHAPE_ENCODING": None, "GDAL_HTTP_TIMEOUT": None})


def test_attribute_called_geometry_and_lists(tmp_path):
    lines = gpd.GeoDataFrame({"kind": ["a"]}, geometry=[LineString([(0, 0), (1, 1)])], crs=4547)
    lines = lines.rename_geometry("shape").assign(geometry="text")
    lines.to_parquet(tmp_path / "a.parquet")
    table, _ = read_layer(tmp_path / "a.parquet")
    assert table.geometry.name == "geometry"
    assert table["geometry_original"].tolist() == ["text"]
