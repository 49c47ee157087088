"""File geodatabases: folders or zips, several layers, curves with their error, domains."""

import shutil
import struct
import zipfile

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
from shapely import box

from renewal_geo.foundation.errors import SourceError
from renewal_geo.io import layers_in, open_layer, propose, read_batches, read_layer
from renewal_geo.io.geodatabases import coded_columns

PRO = {"TARGET_ARCGIS_VERSION": "ARCGIS_PRO_3_2_OR_LATER"}


def circle(x, y, radius):
    """A disc bounded by one circular string, as WKB."""
    points = [(x + radius, y), (x, y + radius), (x - radius, y), (x, y - radius), (x + radius, y)]
    ring = struct.pack("<BII", 1, 8, 5) + b"".join(struct.pack("<dd", *one) for one in points)
    return struct.pack("<BII", 1, 10, 1) + ring


@pytest.fixture
def base(tmp_path):
    path = tmp_path / "规划.gdb"
    parcels = gpd.GeoDataFrame(
        {"用途": ["工业", "仓储"], "层数": [3, 2**40]},
        geometry=[box(500_000, 2_510_000, 500_100, 2_510_100), None],
        crs=4547,
    )
    pyogrio.write_dataframe(
        parcels,
        path,
        layer="地块",
        driver="OpenFileGDB",
        geometry_type="MultiPolygon",
        promote_to_multi=True,
        **PRO,
    )
    roads = gpd.GeoDataFrame(
        {"名称": ["一路"]}, geometry=[shapely.LineString([(0, 0), (1, 1)])], crs=4547
    )
    pyogrio.write_dataframe(
        roads,
        path,
        layer="道路",
        driver="OpenFileGDB",
        geometry_type="MultiLineString",
        promote_to_multi=True,
        append=True,
        **PRO,
    )
    return path


def test_layers_are_listed_and_must_be_named(base):
    assert [name for name, _ in layers_in(base)] == ["地块", "道路"]
    with pytest.raises(SourceError) as caught:
        read_layer(base)
    assert caught.value.code == "layer_ambiguous"
    assert "地块, 道路" in caught.value.fix
    table, source = read_layer(base, layer="地块")
    assert (source.rows, source.crs, source.layer) == (2, "EPSG:4547", "地块")
    assert table["用途"].tolist() == ["工业", "仓储"]
    assert table["层数"].tolist() == [3, 2**40]
    assert table.geometry.isna().tolist() == [False, True]
    assert not any("curve" in note for note in source.notes)
    with read_batches(base, layer="道路") as batches:
        assert sum(len(frame) for frame in batches) == 1


def test_the_hash_covers_all_but_locks(base):
    before = read_layer(base, layer="道路")[1].sha256
    (base / "a.lock").write_text("x")
    assert read_layer(base, layer="道路")[1].sha256 == before
    (base / "timestamps").write_bytes(b"other")
    assert read_layer(base, layer="道路")[1].sha256 != before


def test_zipped(base, tmp_path):
    packed = tmp_path / "规划.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for part in sorted(base.iterdir()):
            archive.write(part, f"数据/{base.name}/{part.name}")
    assert [name for name, _ in layers_in(packed)] == ["地块", "道路"]
    table, source = read_layer(packed, layer="地块")
    assert len(table) == 2
    assert any("规划.gdb in the zip" in note for note in source.notes)


def test_init_looks_into_a_geodatabase(base):
    text = propose(base.parent).text
    assert 'path     = "规划.gdb"' in text
    assert 'layer    = "地块"' in text


def test_a_layer_of_it_is_opened_as_parcels(base):
    parcels, _ = open_layer(base, layer="地块")
    assert parcels.index.name == "parcel_id"


@pytest.mark.parametrize("driver", ["OpenFileGDB", "GPKG"])
def test_curves_and_what_lines_cost(tmp_path, driver):
    path = tmp_path / ("c.gdb" if driver == "OpenFileGDB" else "c.gpkg")
    shapes = np.array(
        [circle(500_000, 2_500_000, 100), shapely.to_wkb(box(0, 0, 10, 10))], dtype=object
    )
    pyogrio.raw.write(
        path, shapes, [np.array([1, 2], dtype=np.int32)], ["a"], driver=driver, layer="L", crs="EPSG:4547",
        geometry_type="MultiPolygon" if driver == "OpenFileGDB" else "Unknown",
    )  # fmt: skip
    table, source = read_layer(path)
    missing = np.pi * 100**2 - table.area.iloc[0]
    assert 0 < missing < 0.11
    note = next(one for one in source.notes if "curves in 1 shapes" in one)
    stated = float(note.split("some ")[1].split(" m²")[0])
    assert stated == pytest.approx(missing, rel=0.05)
    with pytest.raises(SourceError) as caught, read_batches(path) as batches:
        list(batches)
    assert caught.value.code == "not_streamable"


@pytest.mark.parametrize("kind", ["no catalogue", "no index", "empty table", "plain folder"])
def test_what_is_no_whole_geodatabase(base, kind):
    if kind == "no catalogue":
        (base / "a00000001.gdbtable").unlink()
    elif kind == "no index":
        (base / "a00000009.gdbtablx").unlink()
    elif kind == "empty table":
        (base / "a00000009.gdbtable").write_bytes(b"")
    else:
        shutil.rmtree(base)
        base.mkdir()
    with pytest.raises(SourceError) as caught:
        read_layer(base, layer="地块")
    assert caught.value.code in {"is_directory", "truncated", "not_spatial"}
    assert caught.value.fix


def test_domains_are_said():
    """As ArcGIS writes them into the table GDB_Items."""
    definition = (
        "<GPFieldInfoEx><Name>yt</Name><DomainName>用途域</DomainName></GPFieldInfoEx>"
        "<GPFieldInfoEx><Name>bz</Name></GPFieldInfoEx>"
    )
    domain = (
        "<typens:GPCodedValueDomain2><DomainName>用途域</DomainName><CodedValues>"
        '<CodedValue xsi:type="typens:CodedValue"><Name>工业 &amp; 仓储</Name><Code xsi:type="xs:int">1</Code>'
        "</CodedValue></CodedValues></typens:GPCodedValueDomain2>"
    )
    assert coded_columns(definition, [definition, domain]) == [
        "yt holds codes of 用途域: 1 = 工业 & 仓储"
    ]
    assert coded_columns(definition, [definition]) == []
