"""Damaged files: every reader gives a table or a sentence, and never dies, hangs or says anything else."""

import json
import random
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

SCRIPT = Path(__file__).with_name("reading_process.py")
SPECIAL = [0, 1, 0x7F, 0x80, 0xFF]
WORDS = [0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFFE, 0x00010000, 0x0D0D0D0D]
TOKENS = [
    b"null",
    b"1e999",
    b"-1",
    b"[]",
    b"{}",
    b'"',
    b"\\u0000",
    b"NaN",
    b",",
    b"]",
    b"}",
    b"99999999999999999999",
]
TEXTS = {".geojson", ".topojson", ".csv", ".json", ".kml", ".geojsonl", ".cpg", ".prj"}
FAST, SLOW, AT_ONCE = 60, 900, 60
GOOD = ("read", "refused ")


def district(rows=9):
    rng = np.random.default_rng(7)
    corners = rng.uniform(0, 1e4, (rows, 2)) + np.array([510_000, 2_510_000])
    shapes = [shapely.box(x, y, x + 80, y + 60) for x, y in corners]
    shapes[1] = shapely.MultiPolygon([shapes[1], shapely.box(1, 1, 2, 2)])
    shapes[2] = None
    columns = {
        "编号": [f"P{n}" for n in range(rows)], "用途": ["工业用地", "仓储", "居住"] * (rows // 3),
        "面积": np.linspace(1, 5, rows), "层数": range(rows),
    }  # fmt: skip
    return gpd.GeoDataFrame(columns, geometry=shapes, crs="EPSG:4547")


def kml(table):
    coordinates = "114.1,22.6 114.2,22.6 114.2,22.7 114.1,22.6"
    marks = "".join(
        f"<Placemark><name>{name}</name><Polygon><outerBoundaryIs><LinearRing><coordinates>{coordinates}"
        "</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>"
        for name in table["用途"]
    )
    return f'<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>{marks}</Document></kml>'


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    """One sound layer in every format, each in a folder of its own."""
    root = tmp_path_factory.mktemp("whole")
    table = district()
    degrees = table.to_crs(4326)
    for name in (
        "shp",
        "gpkg",
        "geojson",
        "topojson",
        "parquet",
        "fgb",
        "gdb",
        "csv",
        "zip",
        "kml",
        "dbf",
        "xlsx",
    ):
        (root / name).mkdir()
    table.to_file(root / "shp" / "a.shp", encoding="GBK")
    (root / "shp" / "a.names.json").write_text('{"用途说明": "用途"}', encoding="utf-8")
    table.to_file(root / "gpkg" / "a.gpkg", layer="parcels")
    degrees.to_file(root / "geojson" / "a.geojson")
    table.to_parquet(root / "parquet" / "a.parquet", write_covering_bbox=True)
    table.dropna(subset="geometry").to_file(root / "fgb" / "a.fgb")
    pyogrio.write_dataframe(
        table, root / "gdb" / "a.gdb", driver="OpenFileGDB", geometry_type="MultiPolygon",
        promote_to_multi=True, layer="parcels", TARGET_ARCGIS_VERSION="ARCGIS_PRO_3_2_OR_LATER",
    )  # fmt: skip
    points = degrees.representative_point().fillna(shapely.Point(114, 22))
    lines = [f"{n},{p.x},{p.y},工业" for n, p in enumerate(points)]
    (root / "csv" / "a.csv").write_text("\n".join(["编号,经度,纬度,用途", *lines]), encoding="gbk")
    ring = [[0, 0], [10, 0], [0, 10], [-10, -10]]
    topology = {
        "type": "Topology", "arcs": [ring, ring[::-1]], "transform": {"scale": [1, 1], "translate": [114, 22]},
        "objects": {"a": {"type": "GeometryCollection", "geometries": [
            {"type": "Polygon", "arcs": [[0]], "properties": {"用途": "工业"}},
            {"type": "MultiPolygon", "arcs": [[[~1]]], "properties": {}}]}},
    }  # fmt: skip
    (root / "topojson" / "a.topojson").write_text(json.dumps(topology), encoding="utf-8")
    (root / "kml" / "a.kml").write_text(kml(table), encoding="utf-8")
    shutil.copy(root / "shp" / "a.dbf", root / "dbf" / "b.dbf")
    pd.DataFrame(table.drop(columns="geometry")).to_excel(root / "xlsx" / "a.xlsx", index=False)
    with zipfile.ZipFile(root / "zip" / "a.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        for part in sorted((root / "shp").iterdir()):
            packed.write(part, part.name)
    return root


def damaged(data, rng, *, text):
    """Return bytes that differ in some places, or a part of them."""
    made = bytearray(data)
    for _ in range(rng.choice([1, 1, 1, 2, 4, 16])):
        if not made:
            break
        at = rng.randrange(len(made)) if rng.random() < 0.5 else rng.randrange(min(len(made), 512))
        kind = rng.randrange(8)
        if text and rng.random() < 0.5:
            made[at : at + rng.choice([0, 1, 3])] = rng.choice(TOKENS)
        elif kind == 0:
            made[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            made[at] = rng.choice(SPECIAL)
        elif kind == 2:
            word = rng.choice(WORDS).to_bytes(4, rng.choice(["little", "big"]))
            made[at : at + 4] = word
        elif kind == 3:
            del made[at : at + rng.randrange(1, 64)]
        elif kind == 4:
            made[at:at] = rng.randbytes(rng.randrange(1, 32))
        elif kind == 5:
            made[at : at + 16] = made[: rng.randrange(1, 64)]
        elif kind == 6:
            made[at : at + rng.randrange(1, 32)] = bytes(rng.randrange(1, 32))
        elif rng.random() < 0.3:
            made = made[:at]
    return bytes(made)


def spoiled(folder, target, rng):
    """Copy a sound layer, spoil one of its files, and return what to read."""
    shutil.copytree(folder, target)
    parts = sorted(p for p in target.rglob("*") if p.is_file())
    weights = [
        1.0 + 4.0 * (p.suffix in {".shp", ".dbf", ".shx", ".gdbtable", ".gdbtablx"}) for p in parts
    ]
    part = rng.choices(parts, weights)[0]
    if part.suffix == ".xlsx" and rng.random() < 0.7:
        spoil_member(part, rng)
    else:
        part.write_bytes(damaged(part.read_bytes(), rng, text=part.suffix in TEXTS))
    return main_file(target, folder.name)


def spoil_member(path, rng):
    """Damage the text of one member of a zip, whose own checksums stay right."""
    with zipfile.ZipFile(path) as packed:
        members = {name: packed.read(name) for name in packed.namelist()}
    name = rng.choice(sorted(members))
    members[name] = damaged(members[name], rng, text=True)
    with zipfile.ZipFile(path, "w") as packed:
        for one, data in members.items():
            packed.writestr(one, data)


def main_file(folder, kind):
    return next(p for p in sorted(folder.iterdir()) if p.suffix == f".{kind}")


def read_in_child(tasks):
    """Return verdicts by path; a process that dies takes only the file that killed it."""
    found = {}
    left = list(tasks)
    while left:
        child = subprocess.run(
            [sys.executable, str(SCRIPT)], input="".join(json.dumps(one) + "\n" for one in left),
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        begun = ""
        for line in child.stdout.splitlines():
            word, path, *rest = json.loads(line)
            begun = path if word == "begins" else ""
            if word == "ends":
                found[path] = rest[0]
        if begun:
            found[begun] = f"killed by signal {-child.returncode}: {child.stderr[-300:]}"
        elif child.returncode:
            pytest.fail(
                f"the reading process ended with {child.returncode}: {child.stderr[-2000:]}"
            )
        left = [one for one in left if str(one[1]) not in found]
    return found


def verb_for(kind, number=0):
    if kind in {"dbf", "xlsx"}:
        return "table"
    return "pieces" if number % 3 == 2 else "layer"


def fuzzed(whole, folder, rounds, seed):
    """Spoil every format `rounds` times; return what was neither read nor refused in order."""
    kinds = sorted(p.name for p in whole.iterdir())
    draws = {kind: random.Random(f"{seed} {kind}") for kind in kinds}
    bad, count = {}, 0
    for first in range(0, rounds, AT_ONCE):
        tasks = []
        for number in range(first, min(first + AT_ONCE, rounds)):
            for kind in kinds:
                path = spoiled(whole / kind, folder / kind / str(number), draws[kind])
                tasks.append((verb_for(kind, number), str(path)))
        found = read_in_child(tasks)
        count += len(found)
        new = {path: said for path, said in found.items() if not said.startswith(GOOD)}
        bad |= new
        for kind in kinds:
            if not any(path.startswith(f"{folder / kind}/") for path in new):
                shutil.rmtree(folder / kind)
    assert count == rounds * len(kinds)
    return bad


def test_sound_files_are_read(whole):
    kinds = sorted(p.name for p in whole.iterdir())
    tasks = [(verb_for(kind), str(main_file(whole / kind, kind))) for kind in kinds]
    found = read_in_child(tasks)
    assert {path: said for path, said in found.items() if said != "read"} == {}


def test_damaged_files_get_a_table_or_a_sentence(whole, tmp_path):
    assert fuzzed(whole, tmp_path, FAST, 1) == {}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 5))
def test_many_damaged_files(whole, tmp_path, seed):
    assert fuzzed(whole, tmp_path, SLOW, seed) == {}


def test_a_death_is_seen(tmp_path, monkeypatch):
    script = tmp_path / "dying.py"
    script.write_text(
        "import json, os, sys\n"
        "for line in sys.stdin:\n"
        "    _, path = json.loads(line)\n"
        "    print(json.dumps(['begins', path]), flush=True)\n"
        "    path == 'b' and os.kill(os.getpid(), 11)\n"
        "    print(json.dumps(['ends', path, 'read']), flush=True)\n"
    )
    monkeypatch.setattr(f"{__name__}.SCRIPT", script)
    found = read_in_child([("layer", one) for one in "abc"])
    assert found["a"] == found["c"] == "read"
    assert found["b"].startswith("killed by signal 11")
