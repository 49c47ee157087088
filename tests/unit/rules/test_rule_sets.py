"""Rules as data: what is in force when, what a study may set, and that nothing unread decides."""

import dataclasses
import datetime as dt
import math

import pytest

from renewal_geo import rules
from renewal_geo.foundation.errors import Faults, RuleError
from renewal_geo.rules.rule_files import read_rules

REPORT, AFTER = dt.date(2020, 6, 30), dt.date(2021, 3, 1)
ALL = rules.load()


@pytest.mark.parametrize("city", rules.cities())
def test_no_value_that_nobody_read_decides(city):
    """Every version of every rule, with figures far from its limit, next to it, on it, and none."""
    unread = [rule for rule in rules.load(city) if rule.verified != "read"]
    assert unread
    for rule in unread:
        assert not rule.decides, rule.rule_id
        if not rule.operator:
            continue
        limit = float(rule.value or 0)
        near = (limit, math.nextafter(limit, math.inf), math.nextafter(limit, -math.inf))
        figures = (*near, -math.inf, -1.0, 0.0, 0.15, 1.0, 1e9, math.inf, math.nan, None)
        said = {rules.judge(rule, figure).status for figure in figures}
        assert said <= {"advisory", "not_evaluable"}, rule.rule_id
        assert ("advisory" in said) == (rule.value is not None), rule.rule_id


def test_only_the_text_of_a_rule_counts_as_read():
    """A notice that uses a number is not the rule's text: what was read is listed here, one by one."""
    read = {rule.rule_id for rule in ALL if rule.verified == "read"}
    assert read == {"far.components", "far.excluded_underground"}


def test_a_value_that_was_read_decides_and_names_its_place():
    read = [rule for rule in ALL if rule.verified == "read"]
    assert read
    for rule in read:
        assert rule.decides
        assert rule.document
        assert rule.clause or rule.quotation


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
        ("unit.existed_before", "", REPORT, "no_reason"),
    ],
)
def test_an_override_without_sense_is_refused(rule_id, because, day, code):
    with pytest.raises(RuleError) as fault:
        ALL.override(rule_id, 1, because=because, in_force_on=day)
    assert fault.value.code == code


@pytest.mark.parametrize(
    ("rule_id", "value", "what"),
    [
        ("unit.legal_land_share", 60, "write 60 % as 0.6"),
        ("unit.legal_land_share", -0.1, "no share"),
        ("unit.legal_land_share", "60 %", "not a number"),
        ("unit.legal_land_share", True, "not a number"),
        ("unit.min_demolition_area", math.nan, "not a number"),
        ("historic_land.successor_share", 80, "write 80 % as 0.8"),
        ("improvement.business_max_share", 15, "write 15 % as 0.15"),
        ("unit.legal_land_kinds", "旧屋村", "no list of texts"),
        ("unit.legal_land_kinds", [], "no list of texts"),
    ],
)
def test_an_override_that_is_no_such_value_is_refused(rule_id, value, what):
    with pytest.raises(RuleError, match=what) as fault:
        ALL.on(REPORT).override(rule_id, value, because="x")
    assert fault.value.code == "bad_value"


def test_a_ratio_and_a_word_take_what_they_can_be():
    dated = ALL.on(dt.date(2022, 1, 1))
    assert dated.override("build_ratio.national_max", 3.5, because="x")["build_ratio.national_max"]
    line = dated.override("control_line.blue_line", 0, because="x")["control_line.blue_line"]
    assert (line.value, line.decides) == (0, True)


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
        ({"values": ["much"]}, "has no values"),
        (
            {"values": [{"value": 1, "document": "x", "source": "y", "verified": "read"}]},
            "does not say where",
        ),
        ({"operator": ">", "values": [{**VALUE, "value": math.nan}]}, "needs a number"),
        ({"values": [{**VALUE, "since": "2020"}, {**VALUE, "since": AFTER}]}, "are days"),
        (
            {"values": [{**VALUE, "since": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)}, VALUE]},
            "are days",
        ),
        ({"title": 7, "values": [VALUE]}, "is no text"),
    ],
)
def test_a_faulty_file_says_what_and_where(entry, what):
    faults = Faults(RuleError)
    read_rules({"question": "q", "a.b": entry}, "mine.toml", faults)
    with pytest.raises(RuleError, match=what) as fault:
        faults.raise_if_any()
    assert "mine.toml: a.b" in fault.value.where


def test_all_faults_of_all_files_are_told_at_once():
    entry = {"operator": ">", "values": [{"value": "much", "verified": "sure"}]}
    files = {
        "a.toml": {"question": "q", "x.y": entry},
        "b.toml": {"question": "q", "x.y": entry},
        "c.toml": {},
    }
    with pytest.raises(RuleError) as fault:
        rules.load("", files)
    for told in ("a.toml: x.y", "b.toml: x.y", "c.toml"):
        assert told in fault.value.where
    for told in (
        "needs a number",
        "verified = 'sure'",
        "stands in a.toml too",
        "names no question",
    ):
        assert told in fault.value.what


def test_a_rule_without_comparison_compares_nothing():
    rule = dataclasses.replace(ALL.on(REPORT)["unit.min_demolition_area"], operator="")
    with pytest.raises(ValueError, match="compares nothing"):
        rules.judge(rule, 1.0)
