"""The command that matches off-site land with needs, on the sample district and on bad input."""

import inspect
import json
import shutil

import geopandas as gpd
import openpyxl
import pyogrio
import pytest

from renewal_geo import io, sitebank
from renewal_geo.cli.app import main
from renewal_geo.foundation.settings import SETTINGS

SAMPLE = io.sample_study()
STUDY_ONLY = {"distances"}
LIBRARY_ONLY = {"sites", "needs", "as_of", "distances"}


def run(capsys, *words):
    code = main([*words, "--json"])
    return code, json.loads(capsys.readouterr().out)


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sitebank")
    assert main(["sitebank", "match", str(SAMPLE), "--out", str(folder), "--json"]) == 0
    return folder


def test_settings_are_the_parameters_of_the_function():
    parameters = inspect.signature(sitebank.match).parameters
    assert set(SETTINGS["sitebank"]) - STUDY_ONLY == set(parameters) - LIBRARY_ONLY
    for name in set(SETTINGS["sitebank"]) - STUDY_ONLY - {"priorities"}:
        assert SETTINGS["sitebank"][name].default == parameters[name].default


def test_the_sample_is_answered_with_a_proof(out):
    record = json.loads((out / "sitebank.json").read_text(encoding="utf-8"))
    assert (record["question"], record["verb"]) == ("sitebank", "match")
    assert record["status"] in {"optimal", "infeasible"}
    assert all(row["answered"] == row["bound"] for row in record["ranks"])
    assert record["cost"] == pytest.approx(record["least_cost"])
    assert {source["role"] for source in record["inputs"]} >= {"sites", "needs"}
    for row in record["needs"]:
        assert bool(row["site_id"]) != bool(row["reason"])
        if row["reason"]:
            assert row["nearest_miss"]
            assert row["reason_zh"]


def test_the_layers_say_the_same_as_the_record(out):
    record = json.loads((out / "sitebank.json").read_text(encoding="utf-8"))
    file = out / "sitebank.gpkg"
    assert [name for name, _ in pyogrio.list_layers(file)][:4] == [
        "needs",
        "sites",
        "links",
        "pairs",
    ]
    needs, links = gpd.read_file(file, layer="needs"), gpd.read_file(file, layer="links")
    matched = {row["need_id"]: row["site_id"] for row in record["needs"] if row["site_id"]}
    assert dict(zip(links["need_id"], links["site_id"], strict=True)) == matched
    assert links.geometry.length.to_numpy() == pytest.approx(links["distance_m"].to_numpy())
    assert len(needs) == len(record["needs"])
    sites = gpd.read_file(file, layer="sites")
    bank = sites[sites["kept_out"].fillna("") == ""]
    assert (bank["used_m2"] + bank["left_m2"] - bank["bank_area_m2"]).abs().max() < 1e-6


def test_the_workbook_has_every_sheet_and_no_text_is_a_formula(out):
    book = openpyxl.load_workbook(out / "sitebank.xlsx")
    assert book.sheetnames == ["概要", "按优先级", "已匹配", "未匹配", "外部移交用地", "全部组合"]
    open_ = book["未匹配"]
    record = json.loads((out / "sitebank.json").read_text(encoding="utf-8"))
    wanted = {row["need_id"] for row in record["needs"] if row["reason"]}
    assert {open_.cell(4 + n, 1).value for n in range(len(wanted))} == wanted


def test_the_page_is_one_file(out):
    page = (out / "sitebank.html").read_text(encoding="utf-8")
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "外部移交用地与设施需求匹配图" in page


def test_the_same_study_gives_the_same_files(out, tmp_path):
    assert main(["sitebank", "match", str(SAMPLE), "--out", str(tmp_path), "--json"]) == 0
    for name in ("sitebank.gpkg", "sitebank.xlsx", "sitebank.html", "sitebank.json"):
        assert (tmp_path / name).read_bytes() == (out / name).read_bytes()


def test_options_win_over_the_study(capsys, tmp_path):
    words = ("sitebank", "match", str(SAMPLE), "--out", str(tmp_path))
    code, reply = run(capsys, *words, "--include-inside", "--no-obey-required")
    assert code == 0
    assert reply["status"] == "optimal"
    assert reply["gap"] == 0
    assert reply["objective"] == reply["bound"]
    assert reply["counts"]["sites"] > 100
    assert reply["counts"]["needs"] == reply["counts"]["answered"] + sum(
        n for reason, n in reply["counts"].items() if reason in {*["area", "shape", "use", "date", "distance", "taken"]}
    )  # fmt: skip


def test_distances_may_come_from_a_table(capsys, tmp_path):
    folder = tmp_path / "study"
    shutil.copytree(SAMPLE, folder)
    study = io.open_study(folder)
    needs, sites = study.table("needs").index, study.table("sites").index
    rows = [f"{need},{site},10" for need in needs for site in sites]
    (folder / "ways.csv").write_text("需求编号,用地编号,距离\n" + "\n".join(rows), encoding="utf-8")
    words = ("sitebank", "match", str(folder), "--out", str(tmp_path / "out"))
    code, reply = run(capsys, *words, "--distances", "ways.csv", "--no-obey-required")
    assert code == 0
    assert "distance" not in reply["counts"]
    record = json.loads((tmp_path / "out" / "sitebank.json").read_text(encoding="utf-8"))
    assert "ways.csv" in {source["path"] for source in record["inputs"]}
    (folder / "ways.csv").write_text("need,site\na,b\n", encoding="utf-8")
    code, reply = run(capsys, *words, "--distances", "ways.csv")
    assert (code, reply["error"]["code"]) == (3, "unknown_column")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--late-weight", "-1"), "bad_limit"),
        (("--priorities", "高,低"), "unknown_priority"),
        (("--max-late-days", "-5"), "bad_limit"),
    ],
)
def test_meaningless_questions_are_refused_and_nothing_is_written(capsys, tmp_path, words, code):
    out = tmp_path / "out"
    exit_code, reply = run(capsys, "sitebank", "match", str(SAMPLE), "--out", str(out), *words)
    assert (exit_code, reply["error"]["code"]) == (3, code)
    assert not out.exists() or not list(out.iterdir())
