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


def test_a_second_sheet_keeps_what_the_first_confirmed(study, tmp_path):
    out = tmp_path / "out"
    for rule_id, value in (
        ("unit.legal_land_share", 0.6),
        ("unit.existed_before", dt.date(2007, 6, 30)),
    ):
        back = filled(study, out, {rule_id: {"confirmed": value, "because": "compared"}})
        told("confirm", study, "--out", out, "--read", back)
        made = (out / "rules_confirmed.toml").read_text(encoding="utf-8")
        (study / "rules_confirmed.toml").write_text(made, encoding="utf-8")
        text = (study / "study.toml").read_text()
        if "[rules]" not in text:
            (study / "study.toml").write_text(text + '[rules]\nfiles = ["rules_confirmed.toml"]\n')
    found = rules_of(io.open_study(study))
    assert found["unit.legal_land_share"].decides
    assert found["unit.existed_before"].value == "2007-06-30"


def test_a_sheet_of_one_day_does_not_confirm_the_value_of_another(study, tmp_path):
    """Two thirds, compared with the text of 2020, must not become the limit of 2021."""
    out = tmp_path / "out"
    back = filled(
        study, out, {"willingness.strata_area": {"confirmed": 0.666666, "because": "compared"}}
    )
    text = (study / "study.toml").read_text().replace("2020-06-30", "2021-06-30")
    (study / "study.toml").write_text(text)
    code, record = run("confirm", study, "--out", out, "--read", back)
    assert code == 3
    assert "in force from 2009-12-01" in record["error"]["what"]
    assert not (out / "rules_confirmed.toml").exists()


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


@pytest.mark.parametrize(
    ("entry", "code", "what"),
    [
        ('[rules."unit.legal_share"]\nvalue = 0.6\nbecause = "x"\n', 4, "there is no rule"),
        (
            '[rules."willingness.joint"]\nvalue = 1.0\nbecause = "x"\n',
            4,
            "0 values in force on 2020-06-30",
        ),
        ('[rules."unit.legal_land_share"]\nvalue = 60\nbecause = "x"\n', 4, "write 60 % as 0.6"),
        ('[rules."unit.legal_land_share"]\nvalue = 0.6\n', 3, "has no because"),
        ('[rules."unit.legal_land_share"]\nvalue = 0.6\nbecause = 7\n', 3, "is no text"),
        (
            '[rules]\nfiles = ["own.toml"]\n[rules."a.b"]\nvalue = 1\nbecause = "x"\n',
            3,
            "is set twice",
        ),
        ('[rules]\nfiles = ["none.toml"]\n', 3, "no rule file none.toml"),
    ],
)
def test_a_study_that_sets_nonsense_is_refused(study, entry, code, what):
    (study / "own.toml").write_text('[rules."a.b"]\nvalue = 1\nbecause = "x"\n')
    with (study / "study.toml").open("a") as file:
        file.write(entry)
    found, record = run("list", "--study", study)
    assert found == code
    assert what in record["error"]["what"] + record["error"]["fix"]
    assert "rules" in record["error"]["where"]


def test_what_a_study_sets_wrongly_is_told_at_once_with_the_nearest_ids(study):
    with (study / "study.toml").open("a") as file:
        for name in ("unit.legal_share", "willingnes.shares"):
            file.write(f'[rules."{name}"]\nvalue = 0.6\nbecause = "x"\n')
    code, record = run("list", "--study", study)
    assert code == 4
    for told in ("unit.legal_share", "willingnes.shares"):
        assert told in record["error"]["what"]
    assert "unit.legal_land_share" in record["error"]["fix"]
    assert "willingness.shares" in record["error"]["fix"]


def test_a_rule_that_is_filled_in_twice_is_refused(study, tmp_path):
    out = tmp_path / "out"
    answer = {"rule_id": "unit.legal_land_share", "confirmed": 0.6, "because": "x"}
    back = filled(
        study,
        out,
        dict.fromkeys(("unit.legal_land_share", "unit.legal_land_share.key_unit"), answer),
    )
    code, record = run("confirm", study, "--out", out, "--read", back)
    assert code == 3
    assert "filled in twice" in record["error"]["what"]


def test_an_empty_sheet_is_refused(study, tmp_path):
    out = tmp_path / "out"
    back = filled(study, out, {})
    code, record = run("confirm", study, "--out", out, "--read", back)
    assert code == 3
    assert record["error"]["code"] == "nothing_confirmed"
