"""A layer handed on: in the format asked for, with its losses said, over nobody's file."""

import json

import geopandas as gpd
import pytest
from shapely import LineString, box

from renewal_geo import io, workflow
from renewal_geo.cli.app import main
from renewal_geo.foundation.errors import InputError, UsageError


@pytest.fixture
def study(tmp_path):
    folder = tmp_path / "study"
    parcels = gpd.GeoDataFrame(
        {
            "地块编号": ["001", "002"],
            "用地": ["M1", ""],
            "是否": [True, False],
            "备注": ["𠮷", None],
        },
        geometry=[box(0, 0, 100, 100), box(100, 0, 200, 100)],
        crs="EPSG:4547",
    )
    roads = gpd.GeoDataFrame({"a": [1]}, geometry=[LineString([(0, 0), (9, 9)])], crs="EPSG:4547")
    io.write_layers(folder / "in.gpkg", {"parcels": parcels, "roads": roads})
    io.write_text(
        folder / "study.toml",
        'name = "x"\ncrs = "EPSG:4547"\nas_of = 2020-06-30\n'
        '[layers.parcels]\npath = "in.gpkg"\nlayer = "parcels"\n'
        'columns = { parcel_id = "地块编号", land_use = "用地" }\n'
        '[layers.roads]\npath = "in.gpkg"\nlayer = "roads"\n',
    )
    return folder


def said(capsys, *words):
    code = main(["export", *map(str, words), "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_a_role_becomes_a_shapefile(study, tmp_path, capsys):
    code, answer = said(capsys, study, "--to", tmp_path / "p.shp", "--encoding", "UTF-8")
    assert (code, answer["status"], answer["counts"]) == (0, "done", {"rows": 2, "losses": 3})
    assert [file.rsplit("/", 1)[1] for file in answer["files"]] == [
        "p.shp", "p.shx", "p.dbf", "p.prj", "p.cpg", "p.names.json",
    ]  # fmt: skip
    assert "p.shp: land_use: 1 empty texts become null" in answer["warnings"]
    assert "p.shp: 是否: yes and no are written as 1 and 0" in answer["warnings"]
    read, _ = io.read_layer(tmp_path / "p.shp")
    assert read["备注"].tolist()[0] == "𠮷"
    assert read["parcel_id"].tolist() == ["001", "002"]


def test_several_roles_become_one_geopackage(study, tmp_path, capsys):
    to = tmp_path / "p.gpkg"
    code, answer = said(capsys, study, "--to", to, "--layer", "parcels", "--layer", "roads")
    assert (code, answer["counts"]) == (0, {"rows": 3, "losses": 0})
    assert dict(io.layers_in(to)) == {"parcels": "MultiPolygon", "roads": "MultiLineString"}
    assert answer["files"] == [str(to)]


def test_a_bare_layer_keeps_its_own_columns(study, tmp_path):
    made = workflow.export(
        study / "in.gpkg", tmp_path / "p.parquet", layers=["parcels"], hilbert=True
    )
    assert made.written[0].losses == ()
    read = gpd.read_parquet(tmp_path / "p.parquet")
    assert list(read.columns) == ["地块编号", "用地", "是否", "备注", "geometry"]
    assert "nothing was lost" in str(made)


def test_nobodys_file_is_written_over(study, tmp_path):
    before = (study / "in.gpkg").read_bytes()
    with pytest.raises(InputError, match="itself read") as caught:
        workflow.export(study, study / "in.gpkg", overwrite=True)
    assert caught.value.code == "output_exists"
    (tmp_path / "p.gpkg").write_text("mine")
    with pytest.raises(InputError, match="is there already") as caught:
        workflow.export(study, tmp_path / "p.gpkg")
    assert "--overwrite" in caught.value.fix
    assert (tmp_path / "p.gpkg").read_text() == "mine"
    workflow.export(study, tmp_path / "p.gpkg", overwrite=True)
    assert len(io.read_layer(tmp_path / "p.gpkg")[0]) == 2
    assert (study / "in.gpkg").read_bytes() == before


def test_what_makes_no_sense_is_refused(study, tmp_path):
    with pytest.raises(UsageError, match="no format"):
        workflow.export(study, tmp_path / "p.txt")
    with pytest.raises(UsageError, match="takes one layer, 2 are named"):
        workflow.export(study, tmp_path / "p.shp", layers=["parcels", "roads"])
    with pytest.raises(InputError, match="no layer with the role"):
        workflow.export(study, tmp_path / "p.shp", layers=["units"])
    with pytest.raises(InputError, match="GBK lacks"):
        workflow.export(study, tmp_path / "p.shp")
    assert not list(tmp_path.glob("p.*"))


def test_what_a_killed_run_left_is_read_as_a_note(study, tmp_path, capsys):
    left = tmp_path / ".renewal-geo-abc"
    left.mkdir()
    (left / "alive.lock").write_text('{"pid": 4711, "host": "PC-3", "since": "2026-01-01"}')
    assert main(["export", str(study), "--to", str(tmp_path / "p.gpkg")]) == 0
    lines = capsys.readouterr().err.splitlines()
    told = f"left temporary files in {tmp_path}; they were removed"
    said = f"note: a run that was killed (process 4711 on PC-3, since 2026-01-01) {told}"
    assert [line for line in lines if "killed" in line] == [said]
    assert not left.exists()
