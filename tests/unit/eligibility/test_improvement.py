"""Comprehensive improvement: the two tracks and the age of the workshops, worked by hand."""

import importlib.util
from pathlib import Path

import pytest

from renewal_geo.eligibility import screen

_spec = importlib.util.spec_from_file_location("drawn_units", Path(__file__).with_name("drawn.py"))
drawn = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(drawn)

OLD = {"use": ["厂房"], "built_year": [1995], "floor_area_m2": [2_000.0]}


def screened(rules=None, buildings=OLD, **columns):
    columns = {
        "existing_floor_area_m2": 10_000.0,
        "auxiliary_floor_area_m2": 1_500.0,
        "business_floor_area_m2": 0.0,
    } | columns
    units = drawn.units(
        (0, 0, 100, 100), renewal_type=["综合整治类"], **{k: [v] for k, v in columns.items()}
    )
    stock = None if buildings is None else drawn.layer((10, 10, 30, 30), **buildings)
    return screen(
        units, rules=rules or drawn.rules(), buildings=stock, criteria=["improvement", "area"]
    )


def said(**more):
    return drawn.finding(screened(**more), "improvement")


@pytest.mark.parametrize(
    ("added", "status"), [(1_500.0, "pass"), (1_501.0, "fail"), (None, "not_evaluable")]
)
def test_the_auxiliary_track(added, status):
    one = said(auxiliary_floor_area_m2=added)
    assert one.status == status
    if added:
        share = screened(auxiliary_floor_area_m2=added).figures.loc["U1", "auxiliary_share"]
        assert share == pytest.approx(added / 10_000)


def test_other_criteria_are_left_out_and_said():
    found = screened()
    assert found.left_out[["unit_id", "criterion", "why_en"]].to_numpy().tolist() == [
        ["U1", "area", "asked of demolition units only"]
    ]


@pytest.mark.parametrize(
    ("business", "status"), [(0.0, "pass"), (100.0, "not_evaluable"), (None, "not_evaluable")]
)
def test_the_business_track_is_open_until_the_study_sets_it(business, status):
    assert said(business_floor_area_m2=business).status == status


def test_the_business_track_set_by_the_study():
    rules = drawn.with_rule(
        drawn.rules(), "improvement.business_max_share", 0.2, "1", "<=", verified="not_found", set_by="study", because="区操作规定"
    )  # fmt: skip
    one = said(rules=rules, business_floor_area_m2=2_500.0)
    assert (one.status, one.figure, one.set_by) == ("fail", 0.25, "study")
    assert "set by the study: 区操作规定" in one.text_en


def test_age_and_existing_floor_area_from_the_buildings():
    young = said(buildings={**OLD, "built_year": [2010]})
    assert (young.status, young.rule_id, young.figure) == ("fail", "improvement.min_age", 10.0)
    summed = screened(existing_floor_area_m2=None, auxiliary_floor_area_m2=200.0)
    assert summed.figures.loc["U1", "auxiliary_share"] == 0.1
    assert "the sum of the buildings" in drawn.finding(summed, "improvement").text_en
    unknown = screened(existing_floor_area_m2=None, buildings={**OLD, "floor_area_m2": [None]})
    assert "no existing floor area is given" in drawn.finding(unknown, "improvement").text_en
    assert said(buildings=None).status == "not_evaluable"
    assert said(buildings={**OLD, "use": ["住宅"]}).status == "not_evaluable"
