"""The commands of the rules: list, show, diff, and the sheet that goes out and comes back."""

import datetime as dt
import json
import tomllib
from contextlib import redirect_stdout
from io import BytesIO, StringIO

import openpyxl
import pytest

from renewal_geo import io
from renewal_geo.cli.app import main
from renewal_geo.report.rule_sheets import CONFIRM_COLUMNS
from renewal_geo.workflow.studies import rules_of

ASKED = ("eligibility", "handover", "zones", "cleanup")
PLACES = {name: place for place, name in enumerate(CONFIRM_COLUMNS, 1)}


def run(*words):
    """Return the exit code and the object that is printed."""
    printed = StringIO()
    with redirect_stdout(printed):
        code = main(["rules", *map(str, words), "--json"])
    return code, json.loads(printed.getvalue())


def told(*words):
    code, record = run(*words)
    assert code == 0, record
    return record


@pytest.fixture
def study(tmp_path):
    folder = tmp_path / "study"
    folder.mkdir()
    square = '{"type":"Polygon","coordinates":[[[500000,2500000],[500100,2500000],[500100,2500100],[500000,2500000]]]}'
    (folder / "parcels.geojson").write_text(
        '{"type":"FeatureCollection","crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::4547"}},'
        f'"features":[{{"type":"Feature","properties":{{"parcel_id":"A"}},"geometry":{square}}}]}}'
    )
    (folder / "units.geojson").write_text(
        '{"type":"FeatureCollection","crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::4547"}},'
        f'"features":[{{"type":"Feature","properties":{{"unit_id":"U"}},"geometry":{square}}}]}}'
    )
    (folder / "study.toml").write_text(
        'name = "x"\ncrs = "EPSG:4547"\nas_of = 2020-06-30\n[layers.parcels]\npath = "parcels.geojson"\n'
        '[layers.units]\npath = "units.geojson"\n'
    )
    return folder


def test_list_of_a_day():
    rows = told("list", "--on", "2020-06-30", "--question", "eligibility")["rows"]
    by_id = {row["rule_id"]: row for row in rows}
    assert by_id["willingness.strata_area"]["until"] == "2021-02-28"
    assert "willingness.joint" not in by_id


def test_show_and_diff():
    assert len(told("show", "willingness.strata_area")["rows"]) == 2
    rows = told("diff", "2020-06-30", "sz_2021")["rows"]
    assert {"rule_id": "signing.all", "change": "ended"}.items() <= {
        row["rule_id"]: row for row in rows
    }["signing.all"].items()


def test_an_unknown_rule_ends_with_4():
    code, record = run("show", "unit.legal")
    assert code == 4
    assert record["error"]["code"] == "unknown_rule"


def filled(study, out, answers):
    assert told("confirm", study, "--out", out)["counts"]["open"] > 20
    book = openpyxl.load_workbook(BytesIO((out / "rules.xlsx").read_bytes()))
    sheet = book.worksheets[0]
    for row in range(2, sheet.max_row + 1):
        answer = answers.get(sheet.cell(row, PLACES["rule_id"]).value)
        for name, value in (answer or {}).items():
            sheet.cell(row, PLACES[name]).value = value
    path = out / "back.xlsx"
    book.save(path)
    return path


def test_the_sheet_comes_back_and_then_decides(study, tmp_path):
    out = tmp_path / "out"
    table = '{"ratios": [1, 2], "rates": [0.15, 0.3], "between": "step"}'
    back = filled(
        study,
        out,
        {
            "unit.legal_land_share": {
                "confirmed": 0.6,
                "because": "read",
                "on": dt.date(2020, 6, 1),
            },
            "handover.by_build_ratio": {"confirmed": table, "because": "the bureau's table"},
        },
    )
    assert told("confirm", study, "--out", out, "--read", back)["counts"]["confirmed"] == 2
    made = (out / "rules_confirmed.toml").read_text(encoding="utf-8")
    assert tomllib.loads(made)["rules"]["unit.legal_land_share"]["on"] == dt.date(2020, 6, 1)
    (study / "rules_confirmed.toml").write_text(made, encoding="utf-8")
    with (study / "study.toml").open("a") as file:
        file.write('[rules]\nfiles = ["rules_confirmed.toml"]\n')
    rules = rules_of(io.open_study(study))
    assert rules["unit.legal_land_share"].decides
    assert rules["handover.by_build_ratio"].value["rates"] == [0.15, 0.3]
    assert not rules["unit.min_demolition_area"].decides
    # what was confirmed is no longer asked
    rows = told("list", "--study", study)["rows"]
    ours = {row["rule_id"] for row in rows if row["set_by"]}
    assert ours == {"handover.by_build_ratio", "unit.legal_land_share"}
    asked = told("confirm", study, "--out", out)["counts"]["open"]
    assert asked == sum(
        not row["set_by"] and row["verified"] != "read" and row["question"] in ASKED for row in rows
    )


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        ({"confirmed": 0.6}, "without a reason"),
        ({"confirmed": "much", "because": "x"}, "is not a number"),
        ({"confirmed": 60, "because": "x"}, "is no share"),
        ({"confirmed": 0.6, "because": "x", "on": "soon"}, "is not a day"),
    ],
)
def test_a_sheet_filled_badly_is_refused_with_its_row(study, tmp_path, answer, what):
    out = tmp_path / "out"
    back = filled(study, out, {"unit.legal_land_share": answer})
    code, record = run("confirm", study, "--out", out, "--read", back)
    assert code == 3
    assert what in record["error"]["what"]
    assert "row" in record["error"]["where"]
    assert not (out / "rules_confirmed.toml").exists()


def test_an_empty_sheet_is_refused(study, tmp_path):
    out = tmp_path / "out"
    back = filled(study, out, {})
    code, record = run("confirm", study, "--out", out, "--read", back)
    assert code == 3
    assert record["error"]["code"] == "nothing_confirmed"
