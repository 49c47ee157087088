"""Laws of dated rules."""

import dataclasses
import datetime as dt
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renewal_geo import rules

ALL = rules.load()
LIMITS = [rule for rule in ALL if rule.operator and rule.value is not None]
DAYS = st.dates(dt.date(2009, 1, 1), dt.date(2026, 12, 31))
FIGURES = st.floats(-1e7, 1e7, allow_nan=False)
SHARES = st.floats(0, 1, allow_nan=False)


@given(
    st.sampled_from(LIMITS),
    FIGURES | SHARES,
    st.floats(0, 1e6),
    st.sampled_from(get_args(rules.rule.Verified)),
)
def test_a_looser_limit_never_turns_pass_into_fail(rule, figure, by, verified):
    loose = -by if rule.operator in (">", ">=") else by
    rule = dataclasses.replace(rule, verified=verified)
    looser = dataclasses.replace(rule, value=rule.value + loose)
    before, after = rules.judge(rule, figure), rules.judge(looser, figure)
    assert not (before.meets and not after.meets)
    assert not (before.status == "pass" and after.status == "fail")


@given(st.sampled_from(list(ALL)), DAYS, DAYS)
def test_between_two_days_of_one_version_nothing_changes(rule, one, other):
    low, high = min(one, other), max(one, other)
    if ALL.on(low).find(rule.rule_id) == rule == ALL.on(high).find(rule.rule_id):
        between = low + (high - low) / 2
        assert ALL.on(between).find(rule.rule_id) == rule


@given(st.sampled_from([rule for rule in ALL if rule.verified != "read"]), st.floats() | st.none())
def test_no_figure_makes_an_unread_value_decide(rule, figure):
    if rule.operator:
        assert rules.judge(rule, figure).status in ("advisory", "not_evaluable")
    assert not rule.decides


@given(DAYS)
def test_one_value_per_rule_and_day(day):
    found = ALL.on(day)
    assert len(found) == len(found.versions)
    assert all(rules.rule_sets.in_force(rule, day) for rule in found)


@given(DAYS, FIGURES, st.sampled_from(list(ALL)))
def test_only_a_value_that_decides_gives_pass_or_fail(day, figure, rule):
    if not rule.operator:
        return
    found = ALL.on(day).find(rule.rule_id)
    verdict = rules.judge(found, figure)
    if verdict.status in ("pass", "fail"):
        assert found.verified == "read"


@given(DAYS, st.sampled_from(LIMITS), SHARES)
def test_an_override_changes_its_own_value_and_no_other(day, rule, value):
    dated = ALL.on(day)
    if rule.rule_id not in dated:
        return
    own = dated.override(rule.rule_id, value, because="x")
    assert own[rule.rule_id].decides
    assert {one.rule_id for one in own if one != dated.find(one.rule_id)} == {rule.rule_id}


@pytest.mark.parametrize("city", rules.cities())
def test_every_city_that_is_shipped_can_be_read(city):
    assert len(rules.load(city)) > 0
