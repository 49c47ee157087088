"""The pass that screens writes every finding, keeps holders out of every file, and compares two days."""

import datetime as dt
import importlib.util
import json
import re
import sqlite3
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from renewal_geo import io, workflow
from renewal_geo.foundation.errors import InputError, UsageError
from renewal_geo.workflow.screenings import day_of, screened

HERE = Path(__file__).resolve().parent


def loaded(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


drawn = loaded(HERE.parent / "drawn_units.py")
unpacked = loaded(HERE / "maps" / "unpacked.py")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = drawn.write_study(tmp_path_factory.mktemp("study"))
    out = tmp_path_factory.mktemp("out")
    return workflow.screen(folder, out, {}, None, dt.date(2021, 3, 1)), out


def finding(made, unit, criterion):
    table = made.screening.findings.set_index(["unit_id", "criterion"])
    return table.loc[(unit, criterion)]


def test_what_the_study_sets_decides(made):
    first = made[0]
    assert finding(first, "U1", "area")["status"] == "pass"
    assert finding(first, "U1", "area")["figure"] == pytest.approx(20_000.0)
    share = first.screening.comparisons.set_index(["unit_id", "rule_id"])
    assert share.loc[("U1", "unit.public_land_min_share"), "status"] == "pass"
    assert share.loc[("U2", "unit.public_land_min_share"), "status"] == "fail"
    assert share.loc[("U2", "unit.public_land_min_share"), "figure"] == pytest.approx(0.1)


def test_what_nobody_checked_only_advises(made):
    legal = finding(made[0], "U1", "legal_land")
    assert legal["status"] in ("advisory", "not_evaluable")
    lines = finding(made[0], "U2", "control_lines")
    assert (lines["status"], lines["figure"]) == ("advisory", pytest.approx(1_000.0))


def test_an_offence_has_its_place(made):
    offences = made[0].screening.offences.set_index(["unit_id", "criterion"])
    assert offences.loc[("U2", "control_lines"), "area_m2"] == pytest.approx(1_000.0)


def test_a_missing_layer_is_never_a_pass(tmp_path):
    folder = drawn.write_study(tmp_path, without=("tenure", "control_lines"))
    found = screened(io.open_study(folder)).findings.set_index(["unit_id", "criterion"])["status"]
    assert (found.xs("legal_land", level=1) == "not_evaluable").all()
    assert (found.xs("control_lines", level=1) == "not_evaluable").all()


def test_rules_of_2021_do_not_judge_a_case_of_2020(made):
    both = made[0].both
    changed = both[
        both["changed"] & (both["criterion"] == "willingness") & (both["unit_id"] == "U1")
    ]
    assert len(changed) == 1  # 70 % of the owners: two thirds were enough until 2021-02-28
    row = changed.iloc[0]
    assert (row["meets_a"], row["meets_b"]) == (True, False)


def test_the_workbook_says_the_same_as_the_screening(made):
    first, out = made
    book = openpyxl.load_workbook(out / "eligibility.xlsx")
    assert book.sheetnames == [
        "汇总",
        "核查矩阵",
        "逐项核查",
        "两日对照",
        "所用规则",
        "不符合的用地",
    ]
    rows = list(book["汇总"].iter_rows(min_row=4, max_row=6, values_only=True))
    assert [row[0] for row in rows] == ["U1", "U2", "U3"]
    assert rows[1][4].startswith("✗")
    assert rows[0][-1] == first.screening.units.loc["U1", "sentence_zh"]
    findings = list(book["逐项核查"].iter_rows(min_row=4, values_only=True))
    assert len([row for row in findings if row[0]]) == len(first.screening.findings)
    rules = {row[0]: row for row in book["所用规则"].iter_rows(min_row=4, values_only=True)}
    assert rules["unit.min_demolition_area"][-1] == "核对原文"


def test_the_matrix_has_a_sign_beside_its_colour(made):
    book = openpyxl.load_workbook(made[1] / "eligibility.xlsx")["核查矩阵"]
    signs = {}
    for row in book.iter_rows(min_row=4, max_row=6, min_col=3):
        for cell in row:
            signs.setdefault(cell.value, set()).add(cell.fill.fgColor.rgb)
    assert set(signs) <= {"✓", "✗", "◇", "◆", "?", "—"}
    assert {"✓", "✗", "—"} <= set(signs)
    assert all(len(colours) == 1 for colours in signs.values())


def test_layers_and_record_say_the_same(made):
    first, out = made
    units, _ = io.read_layer(out / "eligibility.gpkg", layer="units")
    assert (
        dict(zip(units["unit_id"], units["verdict"], strict=True))
        == first.screening.units["verdict"].to_dict()
    )
    with sqlite3.connect(out / "eligibility.gpkg") as base:
        assert base.execute("select count(*) from findings").fetchone()[0] == len(
            first.screening.findings
        )
        assert {m for (m,) in base.execute("select distinct meets from findings")} <= {
            "true",
            "false",
            "",
            None,
        }
    record = json.loads((out / "eligibility.json").read_text("utf-8"))
    assert (record["as_of"], record["against"]) == ("2020-06-30", "2021-03-01")
    assert len(record["findings"]) == len(first.screening.findings)
    assert len(record["side_by_side"]) == len(first.both)
    assert record["inputs"]


def test_holders_are_in_no_file(made):
    """Neither the people nor what a single parcel says of fewer than three of them."""
    out = made[1]
    page = (out / "eligibility.html").read_text("utf-8")
    said = page + unpacked.inflated(unpacked.block_of(page)).decode("utf-8", "replace")
    book = openpyxl.load_workbook(out / "eligibility.xlsx")
    cells = " ".join(str(c.value) for sheet in book for row in sheet.iter_rows() for c in row)
    for text in (said, cells, (out / "eligibility.json").read_text("utf-8")):
        assert "机密" not in text
    assert "机密".encode() not in (out / "eligibility.gpkg").read_bytes()


def test_the_page_escapes_what_users_write(made):
    page = (made[1] / "eligibility.html").read_text("utf-8")
    assert "<b>乙</b>" not in page


def test_the_same_study_gives_the_same_files(made, tmp_path):
    folder = drawn.write_study(tmp_path / "study")
    again = workflow.screen(folder, tmp_path / "out", {}, None, dt.date(2021, 3, 1))
    assert again.screening.findings.equals(made[0].screening.findings)
    assert (tmp_path / "out" / "eligibility.xlsx").read_bytes() == (
        made[1] / "eligibility.xlsx"
    ).read_bytes()


def test_a_demolition_range_that_leaves_its_unit_is_refused_whole(tmp_path):
    ranges = drawn.layer([drawn.square(0, 0, 200), drawn.square(250, 0, 200)], unit_id=["U1", "U2"])
    folder = drawn.write_study(tmp_path / "study", demolition_ranges=ranges)
    with pytest.raises(InputError, match="U2"):
        workflow.screen(folder, tmp_path / "out", {})
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


def test_a_unit_that_demolishes_in_another_country_is_unknown(tmp_path):
    ranges = drawn.layer([drawn.square(0, 0, 200)], unit_id=["U9"])
    folder = drawn.write_study(tmp_path / "study", demolition_ranges=ranges)
    with pytest.raises(InputError, match="U9"):
        screened(io.open_study(folder))


@pytest.mark.parametrize("text", ["2021-3-1", "yesterday", "2021"])
def test_a_day_is_a_day(text):
    with pytest.raises(UsageError, match=re.escape(text)):
        day_of(text, "--on")


def test_the_published_map_of_units(tmp_path):
    folder = drawn.write_study(tmp_path / "study")
    made = workflow.publish_map("units", folder, tmp_path / "out", {"maps": {"edition": "public"}})
    names = [one.name for one in made.spec.layers]
    assert "offences" not in names  # where somebody's land offends is nobody's business
    assert made.spec.panel is None
    assert (tmp_path / "out" / "units.html").exists()


def test_a_study_without_units_says_what_to_map(tmp_path):
    folder = drawn.write_study(tmp_path, without=("units", "demolition_ranges", "development_land"))
    with pytest.raises(InputError, match="units"):
        screened(io.open_study(folder))


def test_true_false_and_unknown_are_texts_in_a_layer():
    plain = workflow.eligibility._plain(pd.DataFrame({"meets": [True, False, None]}))
    assert plain["meets"].tolist() == ["true", "false", ""]
