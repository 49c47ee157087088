"""Layers in pieces: the same rows, columns and evidence as whole, and no more memory than a piece needs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from renewal_geo.foundation.errors import CRSError, InputError
from renewal_geo.io import read_batches, read_layer, write_parquet

FORMATS = ["a.gpkg", "a.shp", "a.parquet", "a.fgb", "a.geojson"]
WINDOW = (510_000.0, 2_510_000.0, 510_450.0, 2_510_250.0)


def grid(side=20):
    x, y = (one.ravel() for one in np.meshgrid(np.arange(side), np.arange(side)))
    shapes = shapely.box(
        510_000 + 100 * x, 2_510_000 + 100 * y, 510_080 + 100 * x, 2_510_080 + 100 * y
    )
    return gpd.GeoDataFrame(
        {"编号": [f"P{n}" for n in range(side**2)], "层数": x + y}, geometry=shapes, crs=4547
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("layers")
    table = grid()
    for name in FORMATS[:2] + FORMATS[3:4]:
        table.to_file(place / name, **({"encoding": "GBK"} if name.endswith("shp") else {}))
    table.to_file(place / "a.geojson", RFC7946=False)
    write_parquet(place / "a.parquet", table, row_group_rows=64)
    return place


@pytest.mark.parametrize("name", FORMATS)
def test_pieces_are_the_layer(folder, name):
    whole, source = read_layer(folder / name)
    with read_batches(folder / name, rows=70) as batches:
        assert batches.source.sha256 == source.sha256
        assert (batches.source.rows, batches.source.crs) == (400, "EPSG:4547")
        assert batches.source.encoding == source.encoding
        assert batches.source.evidence == source.evidence
        assert set(source.notes) <= set(batches.source.notes)
        pieces = list(batches)
    assert len(pieces[0]) in {64, 70}
    assert max(len(piece) for piece in pieces) <= 70
    united = pd.concat(pieces)
    assert united.crs == whole.crs
    assert united.index.tolist() == whole.index.tolist()
    assert united["编号"].tolist() == whole["编号"].tolist()
    assert united["层数"].tolist() == whole["层数"].tolist()
    assert united.geometry.geom_equals_exact(whole.geometry, 0).all()


@pytest.mark.parametrize("name", FORMATS)
def test_a_window_keeps_what_meets_it(folder, name):
    whole, _ = read_layer(folder / name)
    near = whole[whole.intersects(shapely.box(*WINDOW))]
    with read_batches(folder / name, window=WINDOW, columns=["编号"]) as batches:
        found = pd.concat(list(batches))
    assert sorted(found["编号"]) == sorted(near["编号"])
    assert found.columns.tolist() == ["编号", "geometry"]
    assert 0 < len(found) < 30


def test_row_groups_outside_the_window_are_not_read(folder, monkeypatch):
    import pyarrow.parquet as pq

    read = []
    real = pq.ParquetFile.iter_batches
    monkeypatch.setattr(
        pq.ParquetFile,
        "iter_batches",
        lambda *a, **k: read.extend(k["row_groups"]) or real(*a, **k),
    )
    with read_batches(
        folder / "a.parquet", window=(510_000, 2_511_900, 510_050, 2_511_950)
    ) as batches:
        assert [len(one) for one in batches] == [1]
    assert len(read) == 1


def test_a_crs_by_the_study(folder, tmp_path):
    grid().to_file(tmp_path / "a.shp")
    (tmp_path / "a.prj").unlink()
    with read_batches(tmp_path / "a.shp") as batches:
        assert batches.source.crs == ""
        assert any("EPSG:4547" in note for note in batches.source.notes)
    with read_batches(tmp_path / "a.shp", crs="EPSG:4547") as batches:
        assert {frame.crs.to_epsg() for frame in batches} == {4547}
    with pytest.raises(CRSError), read_batches(folder / "a.gpkg", crs="EPSG:4526"):
        pass


@pytest.mark.parametrize(
    ("name", "asked", "code"),
    [("a.gpkg", {"rows": 0}, "input"), ("a.gpkg", {"columns": ["编码"]}, "unknown_column"),
     ("a.parquet", {"columns": ["x"]}, "unknown_column"), ("b.csv", {}, "not_streamable"),
     ("a.gpkg", {"layer": "b"}, "layer_unknown")],
)  # fmt: skip
def test_what_cannot_be_read_in_pieces(folder, name, asked, code):
    (folder / "b.csv").write_text("lon,lat\n1,2\n")
    with pytest.raises(InputError) as caught, read_batches(folder / name, **asked):
        pass
    assert caught.value.code == code
    assert caught.value.fix


def test_a_damaged_later_part_is_said_while_reading(folder, tmp_path):
    data = bytearray((folder / "a.parquet").read_bytes())
    middle = len(data) // 2
    data[middle : middle + 4000] = bytes(4000)
    (tmp_path / "a.parquet").write_bytes(data)
    with pytest.raises(InputError) as caught, read_batches(tmp_path / "a.parquet") as batches:
        list(batches)
    assert caught.value.code == "not_spatial"


WRITING = """
import sys, numpy as np, pyarrow as pa, pyarrow.parquet as pq, shapely, json, pyproj
path, rows, group = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
geo = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": {"encoding": "WKB",
  "geometry_types": ["Polygon"], "crs": json.loads(pyproj.CRS(4547).to_json()),
  "covering": {"bbox": {k: ["bbox", k] for k in ("xmin", "ymin", "xmax", "ymax")}}}}}
writer = None
for first in range(0, rows, group):
    n = np.arange(first, min(first + group, rows))
    x, y = 400_000.0 + 10 * (n % 4000), 2_400_000.0 + 10 * (n // 4000)
    boxes = {"xmin": x, "ymin": y, "xmax": x + 8, "ymax": y + 8}
    shapes = shapely.to_wkb(shapely.box(x, y, x + 8, y + 8))
    table = pa.table({"parcel_id": pa.array(n.astype(str)), "floors": n % 30, "geometry": pa.array(shapes, pa.binary()),
      "bbox": pa.StructArray.from_arrays([pa.array(v) for v in boxes.values()], names=list(boxes))})
    table = table.replace_schema_metadata({"geo": json.dumps(geo)})
    writer = writer or pq.ParquetWriter(path, table.schema)
    writer.write_table(table, row_group_size=group)
writer.close()
"""
READING = """
import json, re, sys
from renewal_geo.io import read_batches
window = json.loads(sys.argv[2])
def peak():  # of this program alone: what getrusage says is inherited from whoever started it
    return int(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read()).group(1))
before = peak()
rows = area = pieces = 0
with read_batches(sys.argv[1], window=window, hashed=window is None) as batches:
    for frame in batches:
        rows, area, pieces = rows + len(frame), area + frame.area.sum(), pieces + 1
print(json.dumps([rows, area, pieces, (peak() - before) / 1024, batches.source.rows]))
"""


def streamed(path, window=None):
    child = subprocess.run(
        [sys.executable, "-c", READING, str(path), json.dumps(window)],
        capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )  # fmt: skip
    return json.loads(child.stdout.splitlines()[-1])


def written(path, rows, group=65_536):
    subprocess.run([sys.executable, "-c", WRITING, str(path), str(rows), str(group)], check=True)
    return path


@pytest.mark.slow
def test_ten_million_rows_in_bounded_memory(tmp_path):
    """Ten times the rows take no more memory: a quarter of a gigabyte beyond what the imports take."""
    if not Path("/proc/self/status").exists():
        pytest.skip("this system does not tell the peak of a process")
    rows, area, pieces, megabytes, counted = streamed(written(tmp_path / "m.parquet", 1_000_000))
    assert (rows, counted) == (1_000_000, 1_000_000)
    assert megabytes > 10
    many = written(tmp_path / "many.parquet", 10_000_000)
    rows, area, pieces, more, counted = streamed(many)
    assert (rows, counted) == (10_000_000, 10_000_000)
    assert area == pytest.approx(64e7, rel=1e-12)
    assert pieces >= 10_000_000 / 65_536
    assert more < 250
    assert more < megabytes + 100
    rows, _, pieces, less, _ = streamed(many, [400_000, 2_400_000, 401_000, 2_400_995])
    assert (rows, pieces) == (101 * 100, 7)
    assert less < 250
