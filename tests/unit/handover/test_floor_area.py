"""Floor area term by term: the terms add up, and what an unchecked rule would give is in no sum."""

import importlib.util
import math
from pathlib import Path

import pytest

_spec = importlib.util.spec_from_file_location("drawn", Path(__file__).with_name("drawn.py"))
drawn = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(drawn)
assess, by_study, read, remembered = drawn.assess, drawn.by_study, drawn.read, drawn.remembered
FLOOR = read("unit.public_land_min_share", 0.15, **drawn.SHARE)
EXCESS = "far.transfer_excess_handover"
CAP = {"operator": "<=", "unit": "1"}


def stated(**floor_areas):
    columns = {
        f"{name}_m2" if "term" in name else f"{name}_gfa_m2": value
        for name, value in floor_areas.items()
    }
    return drawn.layers()["units"].assign(**columns)


def terms(made):
    return made.terms.set_index(["component", "term"])["floor_area_m2"].to_dict()


def test_far_and_base_far_are_over_development_land():
    unit = assess().units.loc["U1"]
    assert unit["far"] == pytest.approx(60_000 / 15_000)
    assert unit["base_far"] == pytest.approx(45_000 / 15_000)
    assert unit["build_demolish_ratio"] == pytest.approx(3.0)


def test_terms_add_to_the_plan_and_the_rest_is_unexplained():
    made = assess(units=stated(transfer=6_000.0, bonus=7_000.0))
    assert terms(made) == {
        ("base", "plan"): 45_000.0,
        ("transfer", "not_split"): 6_000.0,
        ("bonus", "not_split"): 7_000.0,
        ("unexplained", "unexplained"): 2_000.0,
    }
    assert made.terms["floor_area_m2"].sum() == pytest.approx(60_000)


def test_more_than_the_plan_is_a_negative_rest_and_said():
    made = assess(units=stated(transfer=20_000.0))
    rest = made.terms.iloc[-1]
    assert (rest["component"], rest["floor_area_m2"], rest["standing"]) == (
        "unexplained", -5_000.0, "beyond",
    )  # fmt: skip


def test_the_plan_s_own_terms_are_shown_one_by_one():
    units = stated(
        transfer=6_000.0, transfer_term_external_handover=4_000.0, transfer_term_preserved=500.0,
        bonus_term_housing=3_000.0, bonus_term_passage=200.0,
    )  # fmt: skip
    found = terms(assess(units=units))
    assert found["transfer", "external_handover"] == 4_000.0
    assert found["transfer", "preserved"] == 500.0
    assert found["transfer", "not_split"] == 1_500.0
    assert (found["bonus", "housing"], found["bonus", "passage"]) == (3_000.0, 200.0)
    assert sum(found.values()) == pytest.approx(60_000)


def test_an_unchecked_rule_says_what_it_would_be_and_enters_no_sum():
    # 6,000 m2 offered, 4,500 asked: 1,500 m2 x base FAR 3
    row = assess(FLOOR, remembered(EXCESS, 1.0)).terms.set_index("term").loc["excess_handover"]
    assert (row["floor_area_m2"], row["would_be_m2"]) == (0.0, pytest.approx(4_500))
    assert row["standing"] == "would_be"
    assert "4,500.0 m²" in row["how_zh"]
    assert "advisory" in row["how_en"]


def test_a_rule_that_the_study_has_set_counts_up_to_what_the_plan_states():
    free = assess(FLOOR, by_study(EXCESS, 1.0))
    assert terms(free)["transfer", "excess_handover"] == pytest.approx(4_500)
    tight = assess(FLOOR, by_study(EXCESS, 1.0), units=stated(transfer=4_000.0))
    assert terms(tight)["transfer", "excess_handover"] == pytest.approx(4_000)
    for made in (free, tight):
        assert made.terms["floor_area_m2"].sum() == pytest.approx(60_000)


def test_an_unchecked_floor_keeps_the_excess_advisory():
    floor = remembered("unit.public_land_min_share", 0.15, **drawn.SHARE)
    made = assess(floor, by_study(EXCESS, 1.0))
    assert terms(made)["transfer", "excess_handover"] == 0.0


def test_the_study_s_table_is_the_standard_where_there_is_one():
    table = by_study("handover.by_build_ratio", {"ratios": [1], "rates": [0.19]})
    made = assess(FLOOR, table, by_study(EXCESS, 1.0))
    assert terms(made)["transfer", "excess_handover"] == pytest.approx(300 * 3)


def test_external_land_has_no_public_coefficient():
    sites = drawn.frame(
        ["site_id", "unit_id", "inside"], ("S1", "U1", "外部", drawn.at(900, 0, 950, 100))
    )
    row = assess(sites=sites).terms.set_index("term").loc["external_handover"]
    assert row["floor_area_m2"] == 0.0
    assert "5,000.0 m²" in row["how_zh"]


@pytest.mark.parametrize(
    ("bonus", "rule", "status", "meets"),
    [
        (13_500.0, read("far.bonus_cap", 0.3, **CAP), "pass", True),
        (13_600.0, read("far.bonus_cap", 0.3, **CAP), "fail", False),
        (13_600.0, remembered("far.bonus_cap", 0.3, **CAP), "advisory", False),
    ],
)
def test_the_cap_of_the_bonus(bonus, rule, status, meets):
    made = assess(rule, units=stated(bonus=bonus))
    check = made.checks.iloc[0]
    assert (check["status"], check["meets"]) == (status, meets)
    assert check["figure"] == pytest.approx(bonus / 45_000)
    assert made.terms.set_index("component").loc["bonus", "limit_m2"] == pytest.approx(13_500)


def test_the_national_caution_is_compared_with_the_build_ratio():
    check = assess(remembered("build_ratio.national_max", 2, operator="<=")).checks.iloc[0]
    assert (check["status"], check["meets"], check["figure"]) == (
        "advisory",
        False,
        pytest.approx(3),
    )
    assert "1:3.00" in check["text_zh"]


def test_without_a_total_the_components_are_the_volume():
    units = stated(bonus=5_000.0).drop(columns="planned_floor_area_m2")
    made = assess(units=units)
    assert made.units.loc["U1", "far"] == pytest.approx(50_000 / 15_000)
    assert "unexplained" not in set(made.terms["component"])


def test_without_floor_area_there_is_no_far():
    names = ["planned_floor_area_m2", "base_gfa_m2", "demolished_floor_area_m2"]
    made = assess(units=drawn.layers()["units"].drop(columns=names))
    assert math.isnan(made.units.loc["U1", "far"])
    assert made.units.loc["U1", "build_ratio_text"] == ""
    assert len(made.terms) == 0
