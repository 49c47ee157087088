"""Zips are unpacked by ourselves, and never trusted."""

import stat
import zipfile

import geopandas as gpd
import pytest
from shapely import box

from renewal_geo.foundation.errors import SourceError
from renewal_geo.io import archives, layers_in, read_layer


@pytest.fixture
def parts(tmp_path):
    table = gpd.GeoDataFrame({"用途": ["工业"]}, geometry=[box(0, 0, 9, 9)], crs=4547)
    (tmp_path / "src").mkdir()
    table.to_file(tmp_path / "src" / "地块.shp", encoding="GBK")
    return sorted((tmp_path / "src").iterdir())


def zipped(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return path


def refusal(path):
    with pytest.raises(SourceError) as caught:
        read_layer(path)
    assert caught.value.fix
    return caught.value


def test_zipped_shapefile(tmp_path, parts):
    path = zipped(tmp_path / "a.zip", [(f"内/{p.name}", p.read_bytes()) for p in parts])
    table, source = read_layer(path)
    assert table["用途"].tolist() == ["工业"]
    assert source.path.endswith("a.zip")
    assert any("in the zip" in note for note in source.notes)
    assert layers_in(path) == [("地块", "Polygon")]


def test_gbk_names_inside(tmp_path, parts):
    members = [(f"plain{n}{p.suffix}", p.read_bytes()) for n, p in enumerate(parts)]
    path = zipped(tmp_path / "a.zip", members)
    data = path.read_bytes()
    for n, part in enumerate(parts):
        wanted = "宗地x".encode("gbk") + b"_"
        data = data.replace(f"plain{n}{part.suffix}".encode(), wanted + part.suffix.encode())
    path.write_bytes(data)
    assert layers_in(path) == [("宗地x_", "Polygon")]
    assert read_layer(path)[0]["用途"].tolist() == ["工业"]


def test_two_layers_need_a_name(tmp_path, parts):
    members = [(p.name, p.read_bytes()) for p in parts]
    members += [(p.name.replace("地块", "道路"), p.read_bytes()) for p in parts]
    path = zipped(tmp_path / "a.zip", members)
    assert refusal(path).code == "layer_ambiguous"
    assert len(read_layer(path, layer="道路")[0]) == 1


@pytest.mark.parametrize(
    "name", ["../a.shp", "x/../../a.shp", "/etc/a.shp", "C:/a.shp", "..\\a.shp"]
)
def test_paths_that_leave(tmp_path, name):
    path = zipped(tmp_path / "a.zip", [(name, b"x")])
    assert refusal(path).code == "unsafe_zip"
    assert not (tmp_path / "a.shp").exists()


def test_links(tmp_path):
    link = zipfile.ZipInfo("a.shp")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    assert refusal(zipped(tmp_path / "a.zip", [(link, "/etc/passwd")])).code == "unsafe_zip"


def test_nested_archive(tmp_path):
    assert refusal(zipped(tmp_path / "a.zip", [("b.zip", b"PK")])).code == "unsafe_zip"


def test_password(tmp_path):
    path = zipped(tmp_path / "a.zip", [("a.shp", b"x")])
    data = bytearray(path.read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    assert refusal(path).code == "unsafe_zip"


def test_bomb_by_header(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_UNPACKED_BYTES", 1 << 20)
    path = zipped(tmp_path / "a.zip", [("a.shp", b"0" * (2 << 20))])
    assert "unpacks to" in refusal(path).what


def test_bomb_by_ratio(tmp_path):
    path = zipped(tmp_path / "a.zip", [("a.shp", b"0" * (archives.SMALL_BYTES + (4 << 20)))])
    fault = refusal(path)
    assert fault.code == "unsafe_zip"
    assert "fold" in fault.what


def test_bomb_with_a_lying_header(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_UNPACKED_BYTES", 1 << 20)
    path = zipped(tmp_path / "a.zip", [("a.shp", b"0" * (3 << 20))])
    data = path.read_bytes()
    path.write_bytes(data.replace((3 << 20).to_bytes(4, "little"), (9).to_bytes(4, "little")))
    assert refusal(path).code in {"unsafe_zip", "not_spatial"}


def test_zip_without_a_layer(tmp_path):
    assert refusal(zipped(tmp_path / "a.zip", [("readme.txt", b"x")])).code == "not_spatial"


def test_nothing_is_left_behind(tmp_path, parts, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    read_layer(zipped(tmp_path / "a.zip", [(p.name, p.read_bytes()) for p in parts]))
    refusal(zipped(tmp_path / "b.zip", [("../a.shp", b"x")]))
    assert list((tmp_path / "scratch").iterdir()) == []
