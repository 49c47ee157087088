"""The walk-through of docs/eligibility.md on two real plans: public land by command, and plots without a ratio."""

import json
import re
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

from renewal_geo.cli.app import main

DOC = Path(__file__).resolve().parents[2] / "docs" / "eligibility.md"
FILES = {"H0102": "H0102_nankan", "F0116": "F0116_tucheng_dingpu"}
SHARES = {"H0102": 0.1450, "F0116": 0.2456}
SHARE = "unit.public_land_min_share"


def blocks(kind):
    """Return the fenced blocks of one kind in the walk-through."""
    text = DOC.read_text("utf-8")
    part = text[text.index("## A real case") : text.index("## In Python")]
    return re.findall(rf"```{kind}\n(.*?)```", part, flags=re.DOTALL)


def commands():
    return [line for block in blocks("sh") for line in block.splitlines()]


def run(command, capsys):
    """Run one command of the page; return its JSON."""
    words = command.split()
    assert words[0] == "renewal-geo"
    assert main([*words[1:], "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def comparison(record, rule_id):
    """Return what a rule says of the one unit."""
    return next(one for one in record["comparisons"] if one["rule_id"] == rule_id)


@pytest.fixture
def plans(real_data, tmp_path, monkeypatch):
    """Write a study of the page for one plan, reading the data where it lies."""

    def write(folder, text, code="H0102", extra=""):
        place = (real_data / "taiwan_zoning").as_posix()
        text = text.replace("taiwan_zoning/", f"{place}/").replace(FILES["H0102"], FILES[code])
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "study.toml").write_text(text + extra, encoding="utf-8")
        monkeypatch.chdir(tmp_path)
        return tmp_path

    return write


@pytest.mark.parametrize("code", FILES)
@pytest.mark.parametrize("decides", [False, True])
def test_the_share_of_public_land_and_what_may_be_said_of_it(plans, capsys, code, decides):
    study, own, _ = blocks("toml")
    here = plans("plan", study, code, own if decides else "")
    run(commands()[0], capsys)
    record = json.loads((here / "answer" / "eligibility.json").read_text("utf-8"))
    asked = comparison(record, SHARE)
    assert asked["figure"] == pytest.approx(SHARES[code], abs=5e-5)
    met = code == "F0116"
    assert asked["meets"] is met
    assert asked["status"] == (("pass" if met else "fail") if decides else "advisory")


def test_what_the_plan_has_no_layer_for_is_not_evaluable(plans, capsys):
    here = plans("plan", blocks("toml")[0])
    run(commands()[0], capsys)
    record = json.loads((here / "answer" / "eligibility.json").read_text("utf-8"))
    status = {one["criterion"]: one["status"] for one in record["findings"]}
    for name in (
        "legal_land",
        "building_age",
        "odd_lots",
        "control_lines",
        "block_lines",
        "willingness",
    ):
        assert status[name] == "not_evaluable", name


def test_a_plot_without_a_ratio_gets_none(plans, real_data, capsys):
    here = plans("plots", blocks("toml")[2])
    plots = gpd.read_file(real_data / "taiwan_zoning" / f"{FILES['H0102']}.geojson")
    ratio = pd.to_numeric(plots["容積率"], errors="coerce")
    assert ratio.isna().sum() == 364
    table = pd.DataFrame(
        {"OBJECTID": plots["OBJECTID"], "规划建面": ratio / 100 * plots.geometry.area}
    )
    table.to_csv(here / "plots" / "plan.csv", index=False)
    run(commands()[1], capsys)
    record = json.loads((here / "answer" / "handover.json").read_text("utf-8"))
    ratios = {one["unit_id"]: one["far"] for one in record["units"]}
    assert sum(one is None for one in ratios.values()) == 364
    known = ratio.set_axis(plots["OBJECTID"].astype(str)).dropna() / 100
    for plot, expected in known.items():
        assert ratios[plot] == pytest.approx(expected, abs=1e-6)
