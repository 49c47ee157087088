"""The commands that score parcels: files, figures, zones that use them, bad input."""

import importlib.util
import json
import shutil
import sqlite3
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pytest

from renewal_geo import workflow
from renewal_geo.cli.app import main

DRAWN = Path(__file__).resolve().parents[1] / "drawn_ripeness.py"
pytestmark = pytest.mark.filterwarnings(  # within rasterio
    "ignore:Use `@` matmul:PendingDeprecationWarning"
)


def _drawn():
    spec = importlib.util.spec_from_file_location("drawn_ripeness", DRAWN)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


drawn = _drawn()
CRITERIA, draw, parcels = drawn.CRITERIA, drawn.draw, drawn.parcels


def run(capsys, *words):
    code = main([*map(str, words), "--json"])
    return code, json.loads(capsys.readouterr().out)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return draw(tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="module")
def out(study, tmp_path_factory):
    folder = tmp_path_factory.mktemp("potential")
    assert main(["potential", "score", str(study), "--out", str(folder), "--json"]) == 0
    return folder


def test_every_file_is_there(out):
    assert {one.name for one in out.iterdir()} == {
        "potential.gpkg", "potential.xlsx", "potential.html", "potential.json", "potential_method.pdf",
    }  # fmt: skip


def test_contributions_add_to_the_score_and_vetoes_have_no_rank(out):
    found = gpd.read_file(out / "potential.gpkg", layer="parcels").set_index("parcel_id")
    parts = found[[f"score_{one}" for one in ("age", "slope", "metro", "people")]]
    assert parts.sum(axis=1).to_numpy() == pytest.approx(found["score"].to_numpy(), abs=1e-12)
    steep, wooded = found.loc["P52"], found.loc["P04"]
    assert steep["raw_slope"] > 12 > found.loc["P22", "raw_slope"] > 5
    assert wooded["raw_eco"] == pytest.approx(1.0)
    for one in (steep, wooded):
        assert one["is_vetoed"]
        assert np.isnan(one["rank"])
        assert one["top_share"] == 0
    assert not found.loc["P22", "is_vetoed"]
    vetoes = gpd.read_file(out / "potential.gpkg", layer="vetoes")
    assert set(vetoes["criterion"]) == {"slope", "eco"}


def test_the_record_names_the_rasters_and_what_was_decided(out):
    record = json.loads((out / "potential.json").read_text(encoding="utf-8"))
    assert {one["role"] for one in record["inputs"]} >= {"parcels", "dem", "population"}
    assert all(len(one["sha256"]) == 64 for one in record["inputs"])
    assert sum(one["weight"] for one in record["criteria"]) == pytest.approx(1.0)
    assert any("EPSG:4326" in note or "WGS 84" in note for note in record["notes"])
    assert record["acceptability"]["draws"] == 200
    assert record["acceptability"]["top"] == 8


def test_the_same_study_gives_the_same_bytes(study, out, tmp_path):
    assert main(["potential", "score", str(study), "--out", str(tmp_path), "--json"]) == 0
    for name in ("potential.xlsx", "potential.html", "potential.json", "potential_method.pdf"):
        assert (tmp_path / name).read_bytes() == (out / name).read_bytes(), name


def test_options_win_over_the_study(study, tmp_path, capsys):
    code, said = run(
        capsys, "potential", "score", study, "--out", tmp_path, "--top", 3, "--law", "uniform",
        "--draws", 50,
    )  # fmt: skip
    assert code == 0
    assert said["counts"]["top"] == 3
    record = json.loads((tmp_path / "potential.json").read_text(encoding="utf-8"))
    assert (record["acceptability"]["law"], record["acceptability"]["draws"]) == ("uniform", 50)


def test_pairwise_comparison_on_the_command_line(study, tmp_path, capsys):
    matrix = "[[1, 3, 2, 4], ['1/3', 1, '1/2', 1], ['1/2', 2, 1, 2], ['1/4', 1, '1/2', 1]]"
    code, said = run(
        capsys, "potential", "score", study, "--out", tmp_path, "--weighting", "ahp", "--ahp", matrix,
    )  # fmt: skip
    assert code == 0, said
    record = json.loads((tmp_path / "potential.json").read_text(encoding="utf-8"))
    assert record["weighting"]["method"] == "ahp"
    assert record["weighting"]["consistency"][0]["ratio"] < 0.1


def test_criteria_go_out_as_a_workbook_and_come_back(study, out, tmp_path, capsys):
    book = tmp_path / "criteria.xlsx"
    code, said = run(capsys, "potential", "table", study, "--out", book)
    assert code == 0, said
    assert said["counts"]["criteria"] == 5
    own = shutil.copytree(study, tmp_path / "own")
    shutil.copy(book, own / "criteria.xlsx")
    text = (own / "study.toml").read_text(encoding="utf-8")
    text = text.replace(CRITERIA, "").replace("[potential]", '[potential]\ntable = "criteria.xlsx"')
    (own / "study.toml").write_text(text, encoding="utf-8")
    code, said = run(capsys, "potential", "score", own, "--out", tmp_path / "out")
    assert code == 0, said
    again = gpd.read_file(tmp_path / "out" / "potential.gpkg", layer="parcels")
    first = gpd.read_file(out / "potential.gpkg", layer="parcels")
    assert again["score"].tolist() == first["score"].tolist()
    record = json.loads((tmp_path / "out" / "potential.json").read_text(encoding="utf-8"))
    assert "criteria" in {one["role"] for one in record["inputs"]}


def test_the_whole_pass_uses_it_and_compares(study, tmp_path, capsys):
    code, said = run(capsys, "run", study, "--out", tmp_path)
    assert code == 0, said
    names = {one.name for one in tmp_path.iterdir()}
    assert {"potential.gpkg", "potential_method.pdf", "dem.tif", "population.tif"} <= names
    chosen = gpd.read_file(tmp_path / "zones.gpkg", layer="parcels").set_index("parcel_id")
    scored = gpd.read_file(tmp_path / "potential.gpkg", layer="parcels").set_index("parcel_id")
    vetoed = scored.index[scored["is_vetoed"]]
    assert len(vetoed)
    assert (chosen.loc[vetoed, "reason"] != "chosen").all()
    assert (chosen["reason"] == "chosen").any()
    assert {"score_robust", "top_share"} <= set(chosen.columns)
    sheets = openpyxl.load_workbook(tmp_path / "zones.xlsx").sheetnames
    assert any("robust" in name for name in sheets), sheets
    code, said = run(capsys, "zones", "verify", tmp_path)
    assert code == 0, said
    moved = tmp_path.rename(tmp_path.with_name("carried"))
    assert run(capsys, "zones", "verify", moved)[0] == 0
    (moved / "dem.tif").write_bytes(b"II*\0" + b"0" * 100)
    code, said = run(capsys, "zones", "verify", moved)
    assert code == 5
    moved.rename(tmp_path)


def test_a_certificate_that_lets_a_vetoed_parcel_in_is_broken(study, tmp_path, capsys):
    assert run(capsys, "zones", "delineate", study, "--out", tmp_path)[0] == 0
    file = tmp_path / "certificate.json"
    record = json.loads(file.read_text(encoding="utf-8"))
    record["parameters"]["lock_out"].remove("P52")
    file.write_text(json.dumps(record, ensure_ascii=False), encoding="utf-8")
    assert run(capsys, "zones", "verify", tmp_path)[0] == 5
    found = {one.code: one for one in workflow.verify(tmp_path, None).broken}
    assert found["vetoed"].where == "P52"


def test_a_score_of_two_words_is_called_by_its_criteria_in_the_layer(study, tmp_path, capsys):
    words = ("potential", "score", study, "--out", tmp_path, "--name", "how_ripe")
    assert run(capsys, *words)[0] == 0
    with sqlite3.connect(tmp_path / "potential.gpkg") as base:
        rows = base.execute("SELECT column_name, title FROM gpkg_data_columns").fetchall()
    titles = dict(rows)
    assert titles["how_ripe_age"] == "Year built: contribution"
    assert titles["raw_age"] == "Year built: raw figure"


def test_zones_by_the_robust_score(study, tmp_path, capsys):
    code, said = run(
        capsys, "zones", "delineate", study, "--out", tmp_path, "--value", "score_robust",
    )  # fmt: skip
    assert code == 0, said
    assert run(capsys, "zones", "verify", tmp_path)[0] == 0


def changed(old, new):
    assert old in CRITERIA
    return CRITERIA.replace(old, new)


def nowhere(east, north):
    return np.full(east.shape, np.nan)


BAD = {
    "negative weight": ({"criteria": changed("weight = 20", "weight = -20")}, "weight"),
    "weights that do not add": ({"criteria": changed("weight = 40", "weight = 45")}, "add to 105"),
    "shares that do not add": (
        {"criteria": CRITERIA.replace("weight = 40", "weight = 0.5").replace("weight = 20", "weight = 0.2")
             .replace("weight = 25", "weight = 0.25").replace("weight = 15", "weight = 0.15")},
        "add to 1.1",
    ),
    "all cells empty": ({"height": nowhere}, "dem"),
    "degrees": ({"parcels": parcels().to_crs("EPSG:4326"), "study_crs": "EPSG:4326"}, "metre"),
    "no such layer": ({"criteria": changed('layer = "stations"', 'layer = "plants"')}, "plants"),
    "nothing selected": (
        {"criteria": changed('layer = "stations"', 'layer = "stations"\nwhere = "name == \'Z\'"')},
        "stations",
    ),
    "no such raster": ({"criteria": changed('layer = "dem"', 'layer = "elevation"')}, "elevation"),
    "unknown transform": ({"criteria": changed("breaks = [1990, 2000, 2010]", 'transform = "cubic"\nbreaks = [1990, 2000, 2010]')}, "cubic"),
    "bad veto": ({"criteria": changed('veto = "> 12"', 'veto = ">> 12"')}, ">>"),
    "veto that calls": ({"criteria": changed('veto = "> 12"', 'veto = "> open(1)"')}, "open"),
    "unknown key": ({"criteria": changed("weight = 40", "wieght = 40")}, "weight"),
    "matrix not reciprocal": (
        {"potential": 'weighting = "ahp"\nahp = [[1, 3, 2, 4], [3, 1, 1, 1], ["1/2", 1, 1, 2], ["1/4", 1, "1/2", 1]]'},
        "reciprocal",
    ),
    "inconsistent matrix": (
        {"potential": 'weighting = "ahp"\nahp = [[1, 9, "1/9", 1], ["1/9", 1, 9, 1], [9, "1/9", 1, 1], [1, 1, 1, 1]]'},
        "0.10",
    ),
    "matrix of another size": ({"potential": 'weighting = "ahp"\nahp = [[1, 3], ["1/3", 1]]'}, "4"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_one_clear_sentence(case, tmp_path, capsys):
    changes, word = BAD[case]
    changes = dict(changes)
    crs = changes.pop("study_crs", None)
    folder = tmp_path / "study"
    folder.mkdir()
    draw(folder, **changes)
    if crs:
        text = (folder / "study.toml").read_text(encoding="utf-8")
        text = text.replace('"EPSG:4547"', f'"{crs}"')
        (folder / "study.toml").write_text(text, encoding="utf-8")
    code, said = run(capsys, "potential", "score", folder, "--out", tmp_path / "out")
    assert code == 3, said
    error = said["error"]
    assert word in error["what"] + error["where"] + error["fix"], error
    assert error["fix"]
    assert not (tmp_path / "out").exists() or not any((tmp_path / "out").iterdir())


def test_a_raster_that_covers_a_part_leaves_the_rest_without_a_score(tmp_path, capsys):
    def west(east, north):
        return np.where(east < 520_250, 30 + 0.1 * (east - 520_000), np.nan)

    folder = tmp_path / "study"
    folder.mkdir()
    draw(folder, height=west)
    code, said = run(capsys, "potential", "score", folder, "--out", tmp_path / "out")
    assert code == 0, said
    assert said["counts"]["scored"] < said["counts"]["parcels"]
    missing = gpd.read_file(tmp_path / "out" / "potential.gpkg", layer="missing")
    slope = missing[missing["criterion"] == "slope"]
    assert (slope["why"] != "").all()
    code, said = run(capsys, "zones", "delineate", folder, "--out", tmp_path / "zones")
    assert code == 3
    assert f"slope ({len(slope)})" in said["error"]["fix"]


def test_a_raster_of_another_place_is_refused(tmp_path, capsys):
    folder = tmp_path / "study"
    folder.mkdir()
    draw(folder)
    far = parcels()
    far["geometry"] = far.translate(90_000, 0)
    far.to_file(folder / "parcels.gpkg", layer="parcels")
    code, said = run(capsys, "potential", "score", folder, "--out", tmp_path / "out")
    assert code == 3
    assert "dem" in said["error"]["what"] + said["error"]["where"]


def test_a_criterion_with_one_value_is_said(tmp_path, capsys):
    folder = tmp_path / "study"
    folder.mkdir()
    draw(folder, criteria=changed('column = "built_year"\nbreaks = [1990, 2000, 2010]\nscores = [1.0, 0.7, 0.3, 0.0]',
                                  'column = "built_year * 0 + 1"'))  # fmt: skip
    code, said = run(capsys, "potential", "score", folder, "--out", tmp_path / "out")
    assert code == 0, said
    assert any("one value" in note for note in said["warnings"])


def test_a_vetoed_parcel_that_is_locked_in_is_a_contradiction(study, tmp_path, capsys):
    code, said = run(
        capsys, "zones", "delineate", study, "--out", tmp_path, "--lock-in", "P52",
    )  # fmt: skip
    assert code == 3
    assert "P52" in said["error"]["what"]
    assert "veto" in said["error"]["what"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--name", "rank"], "name_taken"),
        (["--draws", "-5"], "bad_draws"),
        (["--law", "arround"], "unknown_law"),
        (["--top", "500"], "bad_top"),
        (["--weighting", "ahpp"], "bad_weighting"),
        (["--weighting", "ahp", "--ahp", "[[1, 2], [x]]"], "usage"),
        (["--criteria", "[{ column = 5, weight = 1 }]"], "usage"),
    ],
)
def test_options_that_mean_nothing_are_refused(study, tmp_path, capsys, words, code):
    exit_code, said = run(capsys, "potential", "score", study, "--out", tmp_path / "out", *words)
    assert exit_code == (2 if code == "usage" else 3)
    assert said["error"]["code"] == code
    assert not (tmp_path / "out").exists()


def test_a_score_that_the_table_has_already_is_used_as_it_stands(tmp_path, capsys):
    folder = tmp_path / "study"
    folder.mkdir()
    table = parcels()
    table["score"] = np.linspace(0.1, 0.9, len(table))
    draw(folder, parcels=table)
    code, said = run(capsys, "zones", "delineate", folder, "--out", tmp_path / "zones")
    assert code == 0, said
    assert any("used as it stands" in note for note in said["warnings"])
    chosen = gpd.read_file(tmp_path / "zones" / "zones.gpkg", layer="parcels")
    assert chosen["value"].to_numpy() == pytest.approx(chosen["score"].to_numpy())
    code, said = run(capsys, "potential", "score", folder, "--out", tmp_path / "score")
    assert code == 0, said
    assert any("the new one in its place" in note for note in said["warnings"])
