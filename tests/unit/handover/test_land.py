"""Whose land it is, what of it is offered, and what becomes of it: all of it closing to the range."""

import importlib.util
import math
from pathlib import Path

import pytest
from shapely import MultiPolygon, Point

from renewal_geo.foundation.errors import InputError

_spec = importlib.util.spec_from_file_location("drawn", Path(__file__).with_name("drawn.py"))
drawn = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(drawn)
assess, at, frame = drawn.assess, drawn.at, drawn.frame
SITE = ["site_id", "unit_id", "status"]


def split(unit):
    return [unit[one] for one in ("legal_m2", "unregistered_m2", "state_unleased_m2")]


# ---- tenure ----
def test_the_split_closes_to_the_demolition_range():
    unit = assess().units.loc["U1"]
    assert split(unit) == pytest.approx([18_000, 9_000, 3_000])
    assert unit["historic_land_m2"] == pytest.approx(9_000)
    assert unit["legal_share"] == pytest.approx(0.6)
    assert unit["tenure_missing_m2"] == 0.0


def test_ground_that_no_tenure_covers_is_unregistered_and_said():
    made = assess(tenure=frame(["tenure"], ("国有", at(0, 0, 100, 150))))
    assert split(made.units.loc["U1"]) == pytest.approx([15_000, 15_000, 0])
    assert made.units.loc["U1", "tenure_missing_m2"] == pytest.approx(15_000)
    assert any("15,000.0 m2" in note and "no polygon" in note for note in made.notes)


def test_land_that_two_kinds_claim_is_nobody_s_until_settled():
    claims = frame(["tenure"], ("国有", at(0, 0, 120, 150)), ("集体", at(100, 0, 200, 150)))
    made = assess(tenure=claims)
    assert split(made.units.loc["U1"]) == pytest.approx([15_000, 15_000, 0])
    assert any("3,000.0 m2" in note and "several kinds" in note for note in made.notes)


def test_two_polygons_of_one_kind_over_each_other_are_no_conflict():
    twice = frame(["tenure"], ("国有", at(0, 0, 120, 150)), ("国有", at(0, 0, 80, 150)))
    assert assess(tenure=twice).units.loc["U1", "legal_m2"] == pytest.approx(18_000)


def test_kinds_come_from_the_rule_where_the_caller_names_none():
    rule = drawn.remembered("unit.legal_land_kinds", ["集体", "国有"])
    made = assess(rule, legal_kinds=None)
    assert made.units.loc["U1", "legal_m2"] == pytest.approx(27_000)
    assert made.rules["unit.legal_land_kinds"] is rule


@pytest.mark.parametrize("changed", [{"tenure": None}, {"legal_kinds": None}])
def test_without_tenure_or_kinds_nothing_is_said_of_historic_land(changed):
    made = assess(drawn.remembered("historic_land.successor_share", 0.8), **changed)
    unit = made.units.loc["U1"]
    assert all(math.isnan(one) for one in split(unit))
    assert made.requirements.iloc[0]["status"] == "not_evaluable"
    assert "历史用地" not in unit["sentence_zh"]
    assert any("legal" in note for note in made.notes)


def test_one_kind_cannot_be_legal_and_unleased():
    with pytest.raises(InputError) as fault:
        assess(state_unleased_kinds=["国有"])
    assert fault.value.code == "kind_in_both"


# ---- what is offered ----
def test_parts_outside_the_range_or_in_development_land_do_not_count():
    sites = frame(
        SITE,
        ("S1", "U1", "承诺", at(90, 0, 150, 100)),  # 10 m of it in development land
        ("S2", "U1", "入库", at(150, 140, 200, 170)),  # 20 m of it beyond the range
    )
    made = assess(sites=sites)
    assert made.sites["offered_m2"].tolist() == pytest.approx([5_000, 500])
    assert made.sites["area_m2"].tolist() == pytest.approx([6_000, 1_500])
    assert made.units.loc["U1", "offered_m2"] == pytest.approx(5_500)
    assert any("1,000.0 m2" in note and "development land" in note for note in made.notes)
    assert any("1,000.0 m2" in note and "outside" in note for note in made.notes)


def test_sites_over_each_other_are_offered_once():
    sites = frame(
        SITE, ("S1", "U1", "", at(100, 0, 150, 100)), ("S2", "U1", "", at(100, 0, 150, 50))
    )
    made = assess(sites=sites)
    assert made.units.loc["U1", "offered_m2"] == pytest.approx(5_000)
    assert any("overlap" in note for note in made.notes)


def test_status_by_unit_in_either_language():
    words = ["承诺", "已清场", "filed", "已入库", "谈判中"]
    rows = [(f"S{n}", "U1", one, at(100, 10 * n, 150, 10 * n + 10)) for n, one in enumerate(words)]
    made = assess(sites=frame(SITE, *rows))
    codes = ["committed", "cleared", "filed", "in_reserve", "unknown"]
    assert made.sites["status"].tolist() == codes
    assert [made.units.loc["U1", f"{one}_m2"] for one in codes] == pytest.approx([500] * 5)
    assert any("谈判中" in note for note in made.notes)


def test_external_land_counts_apart():
    sites = frame(
        [*SITE, "inside"],
        ("S1", "U1", "承诺", "内部", at(100, 0, 150, 100)),
        ("S2", "U1", "承诺", "外部", at(900, 0, 950, 100)),
    )
    unit = assess(sites=sites).units.loc["U1"]
    assert (unit["offered_m2"], unit["external_m2"]) == pytest.approx((5_000, 5_000))


def test_a_site_without_unit_belongs_where_it_lies_and_one_of_nobody_counts_nowhere():
    sites = frame(
        ["site_id"],
        ("S1", at(100, 0, 150, 100)),
        ("S2", at(900, 0, 950, 100)),
    )
    made = assess(sites=sites)
    assert made.sites["unit_id"].tolist() == ["U1", ""]
    assert made.units.loc["U1", "offered_m2"] == pytest.approx(5_000)
    assert any("S2" in note for note in made.notes)


def test_a_site_drawn_as_a_point_counts_with_its_stated_area():
    spot = Point(drawn.X + 120, drawn.Y + 20)
    sites = frame([*SITE, "area_m2"], ("S1", "U1", "承诺", 2_500.0, spot))
    assert assess(sites=sites).units.loc["U1", "offered_m2"] == pytest.approx(2_500)


# ---- land balance ----
def test_the_planned_balance_closes_and_names_uses():
    made = assess()
    rows = made.balance.set_index(["kind", "class"])["area_m2"]
    assert rows.to_dict() == pytest.approx(
        {
            ("development", "R2"): 15_000,
            ("handover", "道路用地"): 6_000,
            ("uncovered", "uncovered"): 9_000,
        }
    )
    assert made.balance["share"].sum() == pytest.approx(1)
    assert len(made.existing) == 0


def test_the_existing_balance_closes_too():
    use = frame(
        ["land_use"],
        ("M1", at(0, 0, 150, 150)),
        ("R4", at(100, 0, 180, 150)),  # 50 m of it over M1
        (None, at(180, 0, 190, 150)),
    )
    rows = assess(land_use=use).existing
    assert rows["area_m2"].sum() == pytest.approx(30_000)
    by = rows.set_index(["kind", "class"])["area_m2"]
    assert by["use", "M1"] == pytest.approx(22_500)
    assert by["covered_twice", "covered_twice"] == pytest.approx(-7_500)
    assert by["uncovered", "uncovered"] == pytest.approx(1_500)
    assert by["use", ""] == pytest.approx(1_500)


# ---- ranges ----
def test_ranges_in_one_layer_told_apart_by_their_kind():
    units = frame(
        ["unit_id", "range_kind"],
        ("U1", "更新单元范围", at(0, 0, 200, 200)),
        ("U1", "拆除范围", at(0, 0, 200, 150)),
    )
    unit = assess(units=units, demolition=None).units.loc["U1"]
    assert (unit["unit_range_m2"], unit["demolition_m2"]) == pytest.approx((40_000, 30_000))


def test_parts_of_a_range_add_up_however_they_are_drawn():
    whole = assess().units.loc["U1"]
    parts = frame(["unit_id"], ("U1", at(0, 0, 80, 150)), ("U1", at(80, 0, 200, 150)))
    several = MultiPolygon([at(0, 0, 60, 150), at(60, 0, 100, 150)])
    plots = frame(["unit_id", "use"], ("U1", "R2", several.buffer(0)))
    unit = assess(demolition=parts, development=plots).units.loc["U1"]
    for one in ("demolition_m2", "development_m2", "legal_m2", "offered_m2", "far"):
        assert unit[one] == pytest.approx(whole[one])
