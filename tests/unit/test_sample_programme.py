"""The invented programme adds up to the report's totals, lies inside the invented district, and is the same again."""

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from renewal_geo import io, workflow
from renewal_geo.maps.controls import total
from renewal_geo.workflow.publications import settings_of, with_tables

ROOT = Path(__file__).resolve().parents[2]
UNPACKED = Path(__file__).resolve().parent / "maps" / "unpacked.py"
TABLES = ("milestones", "supply", "investment")


def written(file):
    """Return all that a saved page says, its packed data block included."""
    spec = importlib.util.spec_from_file_location("unpacked", UNPACKED)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    page = file.read_text("utf-8")
    return page + module.inflated(module.block_of(page)).decode("utf-8", "replace")


@pytest.fixture(scope="module")
def study(sample_study_folder):
    return io.open_study(sample_study_folder)


@pytest.fixture(scope="module")
def plain(study):
    return with_tables(study, settings_of(study))[1]


def test_projects_money_and_land_are_those_of_the_report(study, plain):
    projects = study.table("projects")
    assert projects["category"].value_counts().to_dict() == {"续建": 45, "前期": 17, "新建": 9}
    land = plain["supply"].groupby("kind")["area_m2"].sum()
    assert land.to_dict() == pytest.approx({"计划": 800_000.0, "实际": 233_900.0})
    assert plain["supply"]["project_id"].nunique() == 27
    money = plain["investment"].groupby("kind")["amount_wan"].sum()
    assert money.to_dict() == {"计划": 4_000_000, "申报": 1_693_900}
    assert set(plain["investment"]["project_id"]) == set(projects.index)


def test_nobody_supplies_more_land_than_he_has(study, plain):
    plan = plain["supply"].query("kind == '计划'").set_index("project_id")["area_m2"]
    assert (plan < study.table("projects")["area_m2"].reindex(plan.index)).all()


def test_what_is_supplied_has_its_contract(plain):
    sold = set(plain["supply"].query("kind == '实际'")["project_id"])
    contracts = plain["milestones"].query("code == '签合同'").set_index("project_id")["done_on"]
    assert contracts.reindex(sorted(sold)).notna().all()
    assert (pd.to_datetime(plain["milestones"]["done_on"]).dropna() <= "2020-06-30").all()


def test_sites_lie_in_the_district_and_inside_ones_in_their_project(study):
    sites, projects = study.table("sites"), study.table("projects")
    outline = study.sub_districts.geometry.union_all().buffer(1.0)
    assert sites.geometry.within(outline).all()
    own = sites[sites["inside"] == "内部"]
    theirs = projects.geometry.reindex(own["project_id"]).set_axis(own.index)
    shared = own.geometry.intersection(theirs).area / own.geometry.area
    assert shared.min() > 0.9
    assert np.allclose(sites["area_m2"], sites.geometry.area, atol=0.06)
    assert not sites.geometry.duplicated().any()


@pytest.mark.parametrize("kind", ["handover", "facilities", "tasks"])
def test_every_ready_map_of_the_sample(sample_study_folder, tmp_path, kind):
    made = workflow.publish_map(kind, sample_study_folder, tmp_path, {})
    figures = {one.name: total(made.spec, one) for one in made.spec.totals}
    if kind == "tasks":
        assert figures["supply_plan"] == pytest.approx(80.0)
        assert figures["invest_plan"] == pytest.approx(400.0)
        assert figures["overdue"] > 0
    if kind == "handover":
        assert 0 < figures["reserve_share"] < 100
    said = written(tmp_path / f"{kind}.html")
    assert "龙城" in said
    assert "虚构经办人" not in said
    assert "000-0000" not in said


@pytest.mark.slow
def test_drawing_again_gives_the_same_bytes(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    make_sample = pytest.importorskip("make_sample")
    monkeypatch.setattr(make_sample, "OUT", tmp_path)
    assert make_sample.main() == 0
    kept = ROOT / "data" / "shapefiles"
    for name in TABLES:
        assert (tmp_path / f"{name}.csv").read_bytes() == (kept / f"{name}.csv").read_bytes()
    for path in tmp_path.glob("*.dbf"):
        assert path.read_bytes() == (kept / path.name).read_bytes()
