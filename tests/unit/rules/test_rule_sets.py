"""Rules as data: what is in force when, what a study may set, and that nothing unread decides."""

import dataclasses
import datetime as dt

import pytest

from renewal_geo import rules
from renewal_geo.foundation.errors import Faults, RuleError
from renewal_geo.rules.rule_files import read_rules

REPORT, AFTER = dt.date(2020, 6, 30), dt.date(2021, 3, 1)
ALL = rules.load()


def test_no_value_that_nobody_read_decides():
    figures = (-1.0, 0.0, 0.15, 0.6, 2 / 3, 1.0, 15.0, 3_000.0, 10_000.0, 1e9)
    unread = [rule for rule in ALL if rule.verified != "read"]
    assert len(unread) > 80
    for rule in unread:
        assert not rule.decides, rule.rule_id
        if rule.operator:
            said = {rules.judge(rule, figure).status for figure in figures}
            assert said <= {"advisory", "not_evaluable"}, rule.rule_id


def test_a_value_that_was_read_decides_and_names_its_place():
    read = [rule for rule in ALL if rule.verified == "read"]
    assert read
    for rule in read:
        assert rule.decides
        assert rule.document
        assert rule.clause or rule.quotation or rule.source


def test_the_values_of_2021_do_not_judge_2020():
    before, after = ALL.on(REPORT), ALL.on(AFTER)
    assert before["willingness.strata_area"].value == pytest.approx(2 / 3)
    assert after["willingness.strata_area"].value == 0.75
    assert before.find("willingness.old_residential_owners") is None
    assert after["willingness.old_residential_owners"].value == 0.95


def test_first_and_last_day_are_inclusive():
    assert ALL.on(dt.date(2021, 2, 28))["willingness.strata_owners"].value < 0.7
    assert ALL.on(dt.date(2021, 3, 1))["willingness.strata_owners"].value == 0.75
    assert ALL.on(dt.date(2023, 8, 15)).find("block_line.industrial_share") is not None
    assert ALL.on(dt.date(2023, 8, 16)).find("block_line.industrial_share") is None


def test_no_handover_table_is_shipped():
    table = ALL.on(REPORT)["handover.by_build_ratio"]
    assert table.value is None
    assert not table.decides


@pytest.mark.parametrize("rule_id", ["unit.legal_land_shares", "willingnes.joint"])
def test_an_id_that_never_was_is_refused_with_the_nearest(rule_id):
    with pytest.raises(RuleError, match="there is no rule") as fault:
        ALL.on(REPORT).find(rule_id)
    assert fault.value.code == "unknown_rule"
    assert "nearest" in fault.value.fix
    assert fault.value.exit_code == 4


def test_an_undated_set_is_asked_for_nothing():
    with pytest.raises(RuleError, match="depends on the day"):
        ALL.find("unit.legal_land_share")


def test_override_sets_one_version_with_its_reason():
    own = ALL.override("willingness.strata_area", 0.7, because="x", on=REPORT, in_force_on=REPORT)
    set_rule = own.on(REPORT)["willingness.strata_area"]
    assert (set_rule.value, set_rule.set_by, set_rule.because) == (0.7, rules.STUDY, "x")
    assert rules.judge(set_rule, 0.69).status == "fail"
    assert own.on(AFTER)["willingness.strata_area"] == ALL.on(AFTER)["willingness.strata_area"]
    changed = [a.rule_id for a, b in zip(ALL, own, strict=True) if a != b]
    assert changed == ["willingness.strata_area"]


@pytest.mark.parametrize(
    ("rule_id", "because", "day", "code"),
    [
        ("unit.no_such", "x", REPORT, "unknown_rule"),
        ("unit.legal_land_share", " ", REPORT, "no_reason"),
        ("willingness.old_residential_area", "x", REPORT, "not_in_force"),
    ],
)
def test_an_override_without_sense_is_refused(rule_id, because, day, code):
    with pytest.raises(RuleError) as fault:
        ALL.override(rule_id, 1, because=because, in_force_on=day)
    assert fault.value.code == code


def test_diff_says_what_began_ended_and_changed():
    table = ALL.diff("sz_2019_2020", "sz_2021")
    assert table.loc["willingness.strata_area", "change"] == "changed"
    assert table.loc["willingness.old_residential_area", "change"] == "began"
    assert table.loc["signing.all", "change"] == "ended"
    assert "unit.min_demolition_area" not in table.index
    assert ALL.diff(REPORT, REPORT).empty


def test_named_sets_follow_each_other_without_a_gap():
    for one, following in zip(ALL.sets, ALL.sets[1:], strict=False):
        assert one.until + dt.timedelta(days=1) == following.since
    assert ALL.name_on(REPORT) == "sz_2019_2020"
    assert ALL.name_on(dt.date(2008, 1, 1)) == ""


def test_an_unknown_city_or_set_is_refused():
    with pytest.raises(RuleError, match="no rules of 'atlantis'"):
        rules.load("atlantis")
    with pytest.raises(RuleError, match="no set 'sz_2020'"):
        ALL.on("sz_2020")


def test_a_city_adds_its_own():
    own = {
        "mine.toml": {
            "question": "eligibility",
            "unit.min_demolition_area": {
                "operator": ">=",
                "unit": "m2",
                "values": [{"value": 5000, "document": "x", "clause": "1", "verified": "read"}],
            },
        }
    }
    found = rules.load("", own)
    assert found.city == "own"
    assert rules.judge(found.on(REPORT)["unit.min_demolition_area"], 5000.0).status == "pass"
    both = rules.load("shenzhen", own)
    assert both.on(REPORT)["unit.min_demolition_area"].value == 5000
    assert len(both.versions) == len(ALL.versions)


VALUE = {"value": 1, "verified": "remembered"}


@pytest.mark.parametrize(
    ("entry", "what"),
    [
        ({"values": []}, "has no values"),
        ({"operator": "=>", "values": [VALUE]}, "compares nothing"),
        ({"colour": "red", "values": [VALUE]}, "no key 'colour'"),
        ({"values": [{**VALUE, "verified": "sure"}]}, "verified = 'sure'"),
        ({"values": [{**VALUE, "confidence": "very"}]}, "confidence = 'very'"),
        ({"values": [{"verified": "remembered"}]}, "was not found"),
        ({"values": [{"value": 1, "verified": "not_found"}]}, "was not found"),
        ({"values": [{"value": 1, "verified": "read"}]}, "does not say where"),
        ({"operator": ">", "values": [{**VALUE, "value": "much"}]}, "needs a number"),
        ({"values": [{**VALUE, "since": "2020"}]}, "are days"),
        (
            {"values": [{**VALUE, "since": AFTER, "until": REPORT}]},
            "after its end",
        ),
        ({"values": [VALUE, {**VALUE, "since": REPORT}]}, "both in force"),
    ],
)
def test_a_faulty_file_says_what_and_where(entry, what):
    faults = Faults(RuleError)
    read_rules({"question": "q", "a.b": entry}, "mine.toml", faults)
    with pytest.raises(RuleError, match=what) as fault:
        faults.raise_if_any()
    assert "mine.toml: a.b" in fault.value.where


def test_a_rule_without_comparison_compares_nothing():
    rule = dataclasses.replace(ALL.on(REPORT)["unit.min_demolition_area"], operator="")
    with pytest.raises(ValueError, match="compares nothing"):
        rules.judge(rule, 1.0)
