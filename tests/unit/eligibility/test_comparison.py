"""One case by the rules of 2020 and of 2021, side by side; and the sentence of a unit."""

import datetime as dt
import importlib.util
from pathlib import Path

import pandas as pd

from renewal_geo.eligibility import screen, side_by_side
from renewal_geo.rules import load

_spec = importlib.util.spec_from_file_location("drawn_units", Path(__file__).with_name("drawn.py"))
drawn = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(drawn)

SQUARE = (0, 0, 100, 120)
OLD, NEW = dt.date(2020, 6, 30), dt.date(2021, 6, 30)


def holders():
    return pd.DataFrame(
        {"unit_id": "U1", "parcel_id": "P1", "ownership": "区分所有", "floor_area_m2": 100.0, "consents": [True, True, False]},
        index=pd.Index(["A", "B", "C"], name="holder_id"),
    )  # fmt: skip


def screened(day, *, study=(), criteria=("area", "willingness"), **more):
    rules = load("shenzhen").on(day)
    for rule_id, value in study:
        rules = rules.override(rule_id, value, because="核对")
    units = drawn.units(SQUARE, name=["甲单元"])
    return screen(
        units,
        rules=rules,
        demolition=units[["geometry"]],
        criteria=criteria,
        **{"holders": holders(), **more},
    )


def row(table, criterion):
    return table.set_index("criterion").loc[criterion]


def test_two_thirds_became_three_quarters():
    table = side_by_side(screened(OLD), screened(NEW))
    one = row(table, "willingness")
    assert (one.meets_a, one.meets_b, one.changed, one.change) == (
        True,
        False,
        True,
        "rule_changed",
    )
    assert (
        "willingness.strata_owners: ≥ 66.7 % → ≥ 75.0 % (from 2021-03-01, 深圳经济特区城市更新条例)"
        in one.why_en
    )
    assert "willingness.strata_area" in one.why_zh
    same = row(table, "area")
    assert (same.change, same.changed, same.why_en) == ("same", False, "")


def test_a_rule_that_is_not_in_force_on_one_of_the_days():
    table = side_by_side(
        screened(dt.date(2011, 1, 1), criteria=("area",)), screened(OLD, criteria=("area",))
    )
    one = row(table, "area")
    assert (one.status_a, one.status_b, one.change) == ("not_evaluable", "advisory", "rule_began")
    assert "in force from 2012-01-21" in one.why_en
    ended = side_by_side(
        screened(OLD, criteria=("area",)), screened(dt.date(2011, 1, 1), criteria=("area",))
    )
    assert row(ended, "area").change == "rule_ended"


def test_a_value_that_somebody_checked():
    table = side_by_side(screened(OLD), screened(OLD, study=[("unit.min_demolition_area", 10_000)]))
    one = row(table, "area")
    assert (one.status_a, one.status_b, one.change) == ("advisory", "pass", "rule_changed")
    assert "from “not checked” to “set by the study”" in one.why_en


def test_other_figures_and_criteria_asked_once():
    signed = holders().assign(consents=True)
    table = side_by_side(screened(NEW), screened(NEW, holders=signed))
    assert row(table, "willingness").change == "figure_changed"
    assert "66.7 % to 100.0 %" in row(table, "willingness").why_en
    table = side_by_side(screened(NEW, criteria=("area",)), screened(NEW))
    assert row(table, "willingness").change == "left_out"
    assert pd.isna(row(table, "willingness").status_a)


def test_the_sentence_of_a_unit():
    found = screened(OLD, study=[("unit.min_demolition_area", 12_500)], criteria=None)
    zh, en = found.units.loc["U1", ["sentence_zh", "sentence_en"]]
    assert zh.startswith("甲单元（U1，拆除范围 12,000.0 m²）按 2020-06-30 有效规则核查")
    assert (
        "不通过 1 项：拆除范围面积（拆除范围用地面积 12,000.0 m²，不符合“> 12,500.0 m²”，相差 500.0 m²"
        in zh
    )
    assert "1 failed: area" in en
    assert "public land (" in en
    assert "no layer sites" in en
    assert str(found) == "1 units screened by the rules of 2020-06-30: 1 fail"


def test_provenance_names_every_rule_that_was_asked():
    found = screened(OLD)
    asked = {one["rule_id"] for one in found.provenance.rules}
    assert asked == set(found.rules)
    assert {"unit.min_demolition_area", "willingness.strata_area"} <= asked
    assert set(found.findings["rule_id"]) <= asked


def test_one_case_under_the_rules_of_two_days_keeps_its_ages():
    stock = drawn.layer((0, 0, 20, 20), use=["厂房"], built_year=[2005])
    first = screened(OLD, criteria=("building_age",), buildings=stock, as_of=OLD)
    second = screened(NEW, criteria=("building_age",), buildings=stock, as_of=OLD)
    assert [one.findings["figure"].tolist() for one in (first, second)] == [[15.0], [15.0]]
    assert second.as_of == NEW
    assert "2021-06-30" in second.units["sentence_zh"].iloc[0]
    assert second.provenance.parameters["as_of"] == "2020-06-30"
