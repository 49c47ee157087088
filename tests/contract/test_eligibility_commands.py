"""``renewal-geo eligibility screen``: one JSON object, stable exit codes, nothing half written."""

import importlib.util
import json
from pathlib import Path

import pytest
import typer

from renewal_geo.cli.app import app, main
from renewal_geo.foundation.settings import SETTINGS

DRAWN = Path(__file__).resolve().parents[1] / "drawn_units.py"
INPUT_EXIT, USAGE_EXIT = 3, 2


@pytest.fixture(scope="module")
def drawn():
    spec = importlib.util.spec_from_file_location("drawn_units", DRAWN)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def study(drawn, tmp_path):
    return drawn.write_study(tmp_path / "study")


def run(capsys, *words):
    code = main(["eligibility", "screen", *map(str, words), "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_every_key_of_eligibility_is_an_option():
    command = typer.main.get_command(app).commands["eligibility"].commands["screen"]
    options = {o for p in command.params for o in p.opts}
    for key in SETTINGS["eligibility"]:
        assert f"--{key.replace('_', '-')}" in options
    assert {"--on", "--against", "--out", "--json"} <= options


def test_one_object_answers(study, tmp_path, capsys):
    code, answer = run(capsys, study, "--out", tmp_path / "out")
    assert code == 0
    assert (answer["question"], answer["verb"], answer["status"]) == (
        "eligibility",
        "screen",
        "done",
    )
    assert answer["counts"]["units"] == 3
    names = {Path(one).name for one in answer["files"]}
    assert names == {"eligibility.gpkg", "eligibility.xlsx", "eligibility.html", "eligibility.json"}
    assert all(Path(one).exists() for one in answer["files"])


def test_another_day_stands_beside(study, tmp_path, capsys):
    code, answer = run(
        capsys, study, "--out", tmp_path, "--on", "2020-06-30", "--against", "2021-03-01"
    )
    assert code == 0
    assert "2021-03-01" in answer["summary"]
    record = json.loads((tmp_path / "eligibility.json").read_text("utf-8"))
    assert record["side_by_side"]


def test_only_the_criteria_that_are_asked(study, tmp_path, capsys):
    code, _ = run(capsys, study, "--out", tmp_path, "--criteria", "area")
    assert code == 0
    record = json.loads((tmp_path / "eligibility.json").read_text("utf-8"))
    assert {one["criterion"] for one in record["findings"]} == {"area"}


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--on", "last week"], USAGE_EXIT, "bad_day"),
        (["--criteria", "aera"], USAGE_EXIT, "unknown_criterion"),
        (["--blank-tenure", "perhaps"], INPUT_EXIT, "bad_setting"),
    ],
)
def test_meaningless_questions_are_refused(study, tmp_path, capsys, words, code, said):
    found, answer = run(capsys, study, "--out", tmp_path / "out", *words)
    assert (found, answer["error"]["code"]) == (code, said)
    assert answer["error"]["fix"]
    assert not (tmp_path / "out").exists()


def test_a_study_that_is_not_there(tmp_path, capsys):
    code, answer = run(capsys, tmp_path / "nowhere", "--out", tmp_path / "out")
    assert code == INPUT_EXIT
    assert answer["error"]["fix"]


def test_the_terminal_shows_the_matrix(study, tmp_path, capsys):
    assert main(["eligibility", "screen", str(study), "--out", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "U2" in said
    assert "✗" in said
    assert "机密" not in said
