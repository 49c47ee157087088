"""What rules ask of land: required, offered, short; who decides, and who only advises."""

import datetime as dt
import importlib.util
import math
from pathlib import Path

import pandas as pd
import pytest

from renewal_geo import handover, rules
from renewal_geo.foundation.errors import RuleError
from renewal_geo.rules import Rule

_spec = importlib.util.spec_from_file_location("drawn", Path(__file__).with_name("drawn.py"))
drawn = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(drawn)
AREA, SHARE = drawn.AREA, drawn.SHARE
assess, at, frame = drawn.assess, drawn.at, drawn.frame
by_study, read, remembered = drawn.by_study, drawn.read, drawn.remembered


def only(table):
    assert len(table) == 1
    return table.iloc[0]


def test_a_share_is_of_the_demolition_range():
    row = only(assess(read("unit.public_land_min_share", 0.25, **SHARE)).requirements)
    assert row["status"] == "fail"
    assert row["meets"] is False
    assert row["required_m2"] == pytest.approx(7_500)
    assert row["offered_m2"] == pytest.approx(6_000)
    assert row["offered_share"] == pytest.approx(0.2)
    assert row["short_m2"] == pytest.approx(1_500)
    assert "缺 1,500.0 m²" in row["text_zh"]
    assert "short by 1,500.0 m²" in row["text_en"]


@pytest.mark.parametrize(
    ("rule", "status"),
    [
        (read("unit.public_land_min_share", 0.2, **SHARE), "pass"),  # exactly met
        (read("unit.public_land_min_area", 6_000, **AREA), "fail"),  # must exceed
        (read("unit.public_land_min_area", 3_000, **AREA), "pass"),
        (remembered("unit.public_land_min_area", 3_000, **AREA), "advisory"),
        (remembered("unit.public_land_min_area", 30_000, **AREA), "advisory"),
        (by_study("unit.public_land_min_share", 0.21, **SHARE), "fail"),
        (Rule("unit.public_land_min_share", "handover", None, operator=">="), "not_evaluable"),
    ],
)
def test_status(rule, status):
    assert only(assess(rule).requirements)["status"] == status


def test_every_rule_in_force_has_its_row_and_only_deciding_ones_require():
    made = assess(
        read("unit.public_land_min_area", 3_000, **AREA),
        remembered("unit.public_land_min_share", 0.5, **SHARE),
        by_study("handover.by_build_ratio", {"ratios": [1, 3], "rates": [0.1, 0.3]}),
        remembered("historic_land.successor_share", 0.8),
    )
    rows = made.requirements.set_index("rule_id")
    assert list(rows.index) == [
        "unit.public_land_min_share", "unit.public_land_min_area", "handover.by_build_ratio",
        "historic_land.successor_share",
    ]  # fmt: skip
    unit = made.units.loc["U1"]
    # 30 % at a build ratio of 3, of 30,000 m2; the remembered half of the range requires nothing
    assert unit["required_m2"] == pytest.approx(9_000)
    assert rows.loc["unit.public_land_min_share", "short_m2"] == pytest.approx(9_000)
    assert "缺 3,000.0 m²" in unit["sentence_zh"]
    assert set(made.rules) >= set(rows.index)


@pytest.mark.parametrize(
    ("table", "rate"),
    [
        ({"ratios": [1, 3, 5], "rates": [0.1, 0.2, 0.3]}, 0.2),
        ({"ratios": [1, 3.01], "rates": [0.1, 0.2], "between": "step"}, 0.1),
        ({"ratios": [2, 4], "rates": [0.2, 0.4], "between": "linear"}, 0.3),
        ({"ratios": [3.5, 4], "rates": [0.2, 0.4]}, math.nan),
        ({"ratios": [1, 2], "rates": [0.2, 0.4], "between": "linear"}, math.nan),
    ],
)
def test_the_study_s_own_table_by_build_ratio(table, rate):
    made = assess(by_study("handover.by_build_ratio", table))
    row = only(made.requirements)
    assert made.units.loc["U1", "build_demolish_ratio"] == pytest.approx(3.0)
    assert made.units.loc["U1", "build_ratio_text"] == "1:3.00"
    if math.isnan(rate):
        assert row["status"] == "not_evaluable"
        assert "1:3.00" in row["text_en"]
    else:
        assert row["required_share"] == pytest.approx(rate)
        assert row["status"] == ("pass" if rate <= 0.2 else "fail")


@pytest.mark.parametrize(
    "table",
    [
        0.3,
        {"ratios": [1, 2], "rates": [0.2]},
        {"ratios": [2, 1], "rates": [0.2, 0.3]},
        {"ratios": [], "rates": []},
        {"ratios": [1], "rates": [30]},
        {"ratios": [1], "rates": ["a"]},
        {"ratios": [1], "rates": [0.3], "between": "spline"},
    ],
)
def test_a_table_that_is_none_is_refused(table):
    with pytest.raises(RuleError) as fault:
        assess(by_study("handover.by_build_ratio", table))
    assert fault.value.code == "bad_rule"
    assert "handover.by_build_ratio" in fault.value.where


def test_no_public_table_is_shipped_and_the_sentence_says_so():
    row = only(assess(Rule("handover.by_build_ratio", "handover", None)).requirements)
    assert row["status"] == "not_evaluable"
    assert "本研究设定" in row["text_zh"]


def test_without_floor_area_the_build_ratio_is_not_evaluable():
    units = drawn.layers()["units"].drop(columns="demolished_floor_area_m2")
    table = {"ratios": [1], "rates": [0.1]}
    row = only(assess(by_study("handover.by_build_ratio", table), units=units).requirements)
    assert row["status"] == "not_evaluable"
    assert "拆建比" in row["text_zh"]


@pytest.mark.parametrize("missing", ["sites", "demolition"])
def test_what_is_not_drawn_is_not_evaluable(missing):
    own = (
        read("unit.public_land_min_share", 0.15, **SHARE),
        read("unit.public_land_min_area", 3_000, **AREA),
    )
    made = assess(*own, **{missing: None})
    assert set(made.requirements["status"]) == {"not_evaluable"}
    assert math.isnan(made.units.loc["U1", "handover_rate"])
    assert made.units.loc["U1", "sentence_zh"]


# ---- historic land ----
STEPS = {"legal_share_lower": [0.6, 0.5, 0.4, 0.3], "successor": [0.8, 0.75, 0.65, 0.55]}


def with_legal(width):
    """Tenure with so many of 200 m of frontage legal, the rest unregistered."""
    return frame(["tenure"], ("国有", at(0, 0, width, 150)), ("集体", at(width, 0, 200, 150)))


@pytest.mark.parametrize(
    ("width", "share"), [(140, 0.2), (120, 0.2), (110, 0.25), (90, 0.35), (60, 0.45), (50, None)]
)
def test_key_units_give_more_the_less_of_them_is_legal(width, share):
    units = drawn.layers()["units"].assign(key_unit=True)
    own = (
        remembered("historic_land.successor_share", 0.8),
        remembered("historic_land.key_unit", STEPS),
    )
    made = assess(*own, units=units, tenure=with_legal(width))
    unit, row = made.units.loc["U1"], only(made.requirements)
    historic = (200 - width) * 150
    assert row["rule_id"] == "historic_land.key_unit"
    assert unit["historic_land_m2"] == pytest.approx(historic)
    if share is None:
        assert row["status"] == "not_evaluable"
        assert math.isnan(unit["to_government_m2"])
    else:
        assert unit["to_government_m2"] == pytest.approx(share * historic)
        assert row["status"] == "advisory"


def test_other_units_follow_the_general_rule_and_netting_is_only_advice():
    made = assess(
        remembered("historic_land.successor_share", 0.8),
        remembered("historic_land.key_unit", STEPS),
        read("unit.public_land_min_share", 0.15, **SHARE),
    )
    unit = made.units.loc["U1"]
    assert unit["historic_land_m2"] == pytest.approx(60 * 150)
    assert unit["to_government_m2"] == pytest.approx(1_800)
    assert unit["required_m2"] == pytest.approx(4_500)
    assert unit["required_netted_m2"] == pytest.approx(6_300)
    assert "先后仅凭记忆" in unit["sentence_zh"]
    assert "only remembered" in unit["sentence_en"]


# ---- small lots, and what notices ask ----
@pytest.mark.parametrize(("least", "rows"), [(10_000, 0), (40_000, 1)])
def test_the_exception_for_small_lots_is_asked_of_small_units_alone(least, rows):
    made = assess(
        read("unit.small_lot_public_area", 3_000, unit="m2", operator=">="),
        read("unit.min_demolition_area", least, **AREA),
    )
    assert len(made.requirements) == rows


def test_practice_is_no_rule_and_no_shortfall_in_the_sentence():
    practice = Rule("handover.practice_low", "handover", 0.3, verified="derived", **SHARE)
    made = assess(practice, read("unit.public_land_min_share", 0.15, **SHARE))
    row = made.requirements.set_index("rule_id").loc["handover.practice_low"]
    assert (row["status"], row["meets"]) == ("advisory", False)
    assert "低于案例 3,000.0 m²" in row["text_zh"]
    assert "不满足" not in made.units.loc["U1", "sentence_zh"]
    assert "not met" not in made.units.loc["U1", "sentence_en"]


# ---- the order of disposal and handover is only remembered ----
@pytest.mark.parametrize(("kept", "status"), [(0.8, "advisory"), (0.1, "fail")])
def test_enough_for_disposal_alone_is_no_pass(kept, status):
    row = only(assess(by_study("historic_land.successor_share", kept)).requirements)
    assert row["status"] == status  # 1,800 m2 are covered by 6,000 m2, 8,100 m2 are not
    assert "仅凭记忆" in row["text_zh"]


@pytest.mark.parametrize(
    ("rule_id", "value"),
    [
        ("historic_land.successor_share", 1.2),
        ("historic_land.successor_share", "most"),
        ("historic_land.successor_share", {"legal_share_lower": 0.6, "successor": [0.8]}),
        ("unit.public_land_min_share", 15),
        ("unit.public_land_min_share", "15 %"),
        ("far.bonus_cap", [0.3]),
        ("build_ratio.national_max", "two"),
    ],
)
def test_a_value_of_the_wrong_form_is_refused(rule_id, value):
    with pytest.raises(RuleError) as fault:
        assess(by_study(rule_id, value), units=drawn.layers()["units"].assign(bonus_gfa_m2=1.0))
    assert fault.value.code == "bad_rule"


@pytest.mark.parametrize(
    ("word", "rule_id"),
    [
        ("是", "historic_land.key_unit"),
        ("否", "historic_land.successor_share"),
        (None, "historic_land.successor_share"),
    ],
)
def test_key_units_in_words(word, rule_id):
    units = drawn.layers()["units"].assign(key_unit=pd.Series([word], dtype=object))
    own = (
        remembered("historic_land.successor_share", 0.8),
        remembered("historic_land.key_unit", STEPS),
    )
    assert only(assess(*own, units=units).requirements)["rule_id"] == rule_id


# ---- the rules that ship ----
@pytest.mark.parametrize(
    "day", ["2009-12-01", "2012-06-30", "2017-06-30", "2020-06-30", "2021-06-30", "2025-06-30"]
)
def test_the_shipped_rules_of_any_day_only_advise(day):
    own = rules.load("shenzhen").on(dt.date.fromisoformat(day))
    given = drawn.layers()
    units = given.pop("units").assign(bonus_gfa_m2=20_000.0)
    made = handover.assess(units, rules=own, **given)
    assert made.as_of == dt.date.fromisoformat(day)
    assert set(made.requirements["status"]) <= {"advisory", "not_evaluable"}
    assert set(made.checks["status"]) <= {"advisory", "not_evaluable"}
    assert math.isnan(made.units.loc["U1", "required_m2"])
    assert ("far.transfer_excess_handover" in made.rules) == (day >= "2019-02-01")


def test_a_study_s_own_value_decides():
    own = rules.load("shenzhen").on(dt.date(2020, 6, 30))
    own = own.override("unit.public_land_min_share", 0.15, because="核对原文")
    given = drawn.layers()
    made = handover.assess(given.pop("units"), rules=own, **given)
    row = made.requirements.set_index("rule_id").loc["unit.public_land_min_share"]
    assert (row["status"], row["set_by"]) == ("pass", "study")
    assert made.units.loc["U1", "required_m2"] == pytest.approx(4_500)


def test_rules_of_all_days_are_refused():
    with pytest.raises(RuleError) as fault:
        handover.assess(drawn.layers()["units"], rules=rules.load("shenzhen"))
    assert fault.value.code == "undated_rules"
