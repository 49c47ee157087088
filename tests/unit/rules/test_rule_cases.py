"""The worked cases of tests/cases, and whether every rule has one."""

import datetime as dt
import tomllib
from pathlib import Path

import pytest

from renewal_geo import rules

CASES = Path(__file__).resolve().parents[2] / "cases"
ALL = rules.load()
KEYS = {"rule", "title", "day", "figure", "value", "study", "expect"}
EXPECTED = {"status", "meets", "decides"}


def told():
    return list(_told())


def _told():
    for file in sorted(CASES.glob("*.toml")):
        for case in tomllib.loads(file.read_text(encoding="utf-8"))["case"]:
            yield pytest.param(case, id=f"{file.stem}: {case['title']}")


def of_day(case):
    dated = ALL.on(case["day"])
    if "study" in case:
        dated = dated.override(case["rule"], **case["study"])
    return dated.find(case["rule"])


@pytest.mark.parametrize("case", told())
def test_case(case):
    assert set(case) <= KEYS
    assert case["expect"]
    assert set(case["expect"]) <= EXPECTED
    rule, expect = of_day(case), case["expect"]
    if "value" in case:
        assert rule.value == case["value"]
    if "decides" in expect:
        assert rule.decides is expect["decides"]
    if "status" in expect:
        verdict = rules.judge(rule, case.get("figure"))
        assert verdict.status == expect["status"]
        assert verdict.meets is expect.get("meets")


def test_every_rule_has_a_case_and_every_limit_three():
    cases = [one.values[0] for one in told()]
    for rule in ALL:
        own = [
            one for one in cases
            if one["rule"] == rule.rule_id and rules.rule_sets.in_force(rule, one["day"])
        ]  # fmt: skip
        assert own, rule.rule_id
        if rule.operator and rule.value is not None:
            bare = [one for one in own if "study" not in one]
            met = {one["expect"]["meets"] for one in bare}
            assert met == {True, False}, rule.rule_id
            assert float(rule.value) in {one["figure"] for one in bare}, rule.rule_id


def test_cases_speak_of_no_other_day_than_asked():
    assert all(isinstance(one.values[0]["day"], dt.date) for one in told())
