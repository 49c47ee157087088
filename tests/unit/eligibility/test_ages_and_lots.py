"""Building ages use by use, and odd lots by their area and shape, worked by hand."""

import datetime as dt
import importlib.util
from pathlib import Path

import pytest

from renewal_geo.eligibility import screen

_spec = importlib.util.spec_from_file_location("drawn_units", Path(__file__).with_name("drawn.py"))
drawn = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(drawn)

SQUARE = (0, 0, 100, 120)  # 12,000 m2


def screened(criterion, *boxes, rules=None, **layers):
    units = drawn.units(*(boxes or (SQUARE,)))
    return screen(
        units,
        rules=rules or drawn.rules(),
        demolition=units[["geometry"]],
        criteria=[criterion],
        **layers,
    )


def buildings(*rows):
    """Return buildings of (use, year, floor area) side by side, each 10 m by 20 m."""
    uses, years, floors = zip(*rows, strict=True)
    boxes = [(12 * n, 0, 12 * n + 10, 20) for n in range(len(rows))]
    return drawn.layer(*boxes, use=list(uses), built_year=list(years), floor_area_m2=list(floors))


def age(*rows, **more):
    return drawn.finding(
        screened("building_age", buildings=buildings(*rows), **more), "building_age"
    )


def test_the_youngest_of_each_use_is_asked():
    found = screened(
        "building_age",
        buildings=buildings(("厂房", 1995, 900.0), ("厂房", 2010, 100.0), ("住宅", 1999, 500.0), ("小学", 2018, 500.0)),
    )  # fmt: skip
    one = drawn.finding(found, "building_age")
    assert (one.status, one.rule_id, one.figure) == ("fail", "unit.building_age.industrial", 10.0)
    assert "2010" in one.text_en
    assert "10.0 % of the floor area" in one.text_en
    assert found.comparisons["status"].tolist() == ["fail", "pass"]
    figures = found.figures.loc["U1"]
    assert figures[["youngest_year_industrial", "too_young_share_industrial"]].tolist() == [
        2010,
        0.1,
    ]
    assert found.offences[["kind", "area_m2"]].to_numpy().tolist() == [["industrial", 200.0]]


def test_a_building_of_exactly_the_age_is_old_enough():
    assert age(("厂房", 2005, 1.0)).status == "pass"
    assert age(("厂房", 2006, 1.0)).status == "fail"


@pytest.mark.parametrize("year", [None, 1026, 3019, 2021, 1948])
def test_years_that_cannot_be_are_unknown(year):
    found = screened("building_age", buildings=buildings(("厂房", 1995, 1.0), ("厂房", year, 1.0)))
    one = drawn.finding(found, "building_age")
    assert (one.status, one.figure) == ("not_evaluable", 25.0)
    assert "the year of 1 of 2 buildings is not known" in one.text_en
    assert (len(found.notes) == 1) == (year is not None)


def test_an_unknown_year_beside_a_young_building_changes_nothing():
    assert age(("厂房", 2015, 1.0), ("厂房", None, 1.0)).status == "fail"


def test_a_building_without_a_use():
    assert age(("厂房", 1990, 1.0), (None, 1999, 1.0)).status == "pass"
    assert age(("厂房", 1990, 1.0), (None, 2004, 1.0)).status == "not_evaluable"


def test_only_other_uses_are_left_out():
    found = screened("building_age", buildings=buildings(("小学", 2015, 1.0)))
    assert found.findings.empty
    assert found.left_out["criterion"].tolist() == ["building_age"]
    assert found.units["verdict"].tolist() == ["not_evaluable"]


def test_own_words_for_uses():
    assert age(("3级", 2015, 1.0), use_words={"3级": "industrial"}).status == "fail"


def test_floor_area_missing_once_means_footprints():
    one = age(("厂房", 1995, None), ("厂房", 2010, 100.0))
    assert "50.0 % of the footprint" in one.text_en


def test_a_building_mostly_outside_does_not_count():
    beside = drawn.layer(
        (-11, 0, 9, 20), (20, 0, 40, 20), use=["厂房"] * 2, built_year=[2015, 1990]
    )
    assert (
        drawn.finding(screened("building_age", buildings=beside), "building_age").status == "pass"
    )


def test_parcels_with_years_stand_in_for_buildings():
    parcels = drawn.layer(
        (0, 0, 50, 120), (50, 0, 100, 120), land_use=["M1", "R2"], built_year=[2010, 1980]
    )
    one = drawn.finding(screened("building_age", parcels=parcels), "building_age")
    assert (one.status, one.figure) == ("fail", 10.0)


@pytest.mark.parametrize(
    ("width", "tenure", "verified", "status", "meets"),
    [(30, "国有出让", "read", "pass", True), (30, "国有出让", "remembered", "advisory", True), (40, "国有出让", "read", "fail", False),
     (30, "集体", "read", "fail", False), (30, None, "read", "not_evaluable", None), (30, None, "remembered", "fail", False)],
)  # fmt: skip
def test_younger_leased_parcels_may_be_taken_along(width, tenure, verified, status, meets):
    rules = drawn.with_rule(
        drawn.rules(), "unit.younger_land_share", 1 / 3, "1", "<=", verified=verified
    )
    parcels = drawn.layer((0, 0, width, 120), (width, 0, 100, 120), tenure=[tenure, "国有出让"])
    stock = drawn.layer((5, 5, 20, 20), (60, 5, 80, 20), use=["厂房"] * 2, built_year=[2012, 1990])
    found = screened("building_age", rules=rules, parcels=parcels, buildings=stock)
    one = drawn.finding(found, "building_age")
    assert (one.status, one.meets) == (status, meets)
    if meets:
        assert (one.rule_id, one.figure) == ("unit.younger_land_share", pytest.approx(0.3))


@pytest.mark.parametrize(
    ("year", "value", "status"),
    [(2006, dt.date(2007, 6, 30), "pass"), (2007, dt.date(2007, 6, 30), "not_evaluable"), (2008, "2007-06-30", "fail"),
     (2009, dt.date(2009, 12, 31), "pass"), (2009, 2009, "pass")],
)  # fmt: skip
def test_existed_before(year, value, status):
    rules = drawn.with_rule(
        drawn.rules(unit__building_age__industrial=5), "unit.existed_before", value, "date", "<="
    )
    found = screened("building_age", rules=rules, buildings=buildings(("厂房", year, 1.0)))
    told = found.comparisons.set_index("rule_id").loc["unit.existed_before"]
    assert (told.status, told.figure) == (status, year)


CORNER, PIT, TOOTH, STRIP, AWAY = (
    (0, 0, 20, 20),
    (40, 40, 60, 60),
    (85, 70, 100, 90),
    (30, 0, 80, 4),
    (0, 110, 20, 120),
)


def lots(*boxes, **columns):
    return drawn.layer(
        *boxes, index=[f"L{n}" for n in range(len(boxes))], index_name="odd_lot_id", **columns
    )


def test_odd_lots_by_shape():
    found = screened(
        "odd_lots",
        odd_lots=lots(CORNER, PIT, TOOTH, STRIP, kind=["边角地", "插花地", None, "edge"]),
    )
    figures = found.figures.loc["U1"]
    assert figures[
        ["odd_lots_edge", "odd_lots_enclosed", "odd_lots_interlocked", "odd_lots_apart"]
    ].tolist() == [2, 1, 1, 0]
    assert found.notes == (
        "1 odd lots are of another kind by their shape than declared: L1 (interlocked, by its shape enclosed)",
    )
    one = drawn.finding(found, "odd_lots")
    assert (one.status, one.figure) == ("fail", pytest.approx(1_300 / 12_000))


def test_odd_lots_at_and_above_their_limits():
    assert (
        drawn.finding(screened("odd_lots", odd_lots=lots((0, 0, 100, 12))), "odd_lots").status
        == "pass"
    )
    found = screened("odd_lots", odd_lots=lots((0, 0, 100, 12.1)))
    one = drawn.finding(found, "odd_lots")
    assert (one.status, one.rule_id, one.figure) == (
        "fail",
        "unit.odd_lot_max_share",
        pytest.approx(0.100833, abs=1e-6),
    )
    assert found.offences[["kind", "area_m2"]].to_numpy().tolist() == [
        ["edge", pytest.approx(1_210)]
    ]
    big = drawn.finding(
        screened("odd_lots", (0, 0, 300, 300), odd_lots=lots((0, 0, 50, 50), (60, 0, 100, 12))),
        "odd_lots",
    )
    assert (big.status, big.rule_id, big.figure) == ("fail", "unit.odd_lot_single_area", 2_500.0)


def test_two_lots_side_by_side_are_looked_at_as_one():
    found = screened("odd_lots", odd_lots=lots((40, 40, 50, 60), (50, 40, 60, 60)))
    assert found.figures.loc["U1", "odd_lots_enclosed"] == 2


def test_no_odd_lot_is_a_pass_and_a_lot_of_another_unit_does_not_count():
    found = screened(
        "odd_lots", SQUARE, (200, 0, 300, 100), odd_lots=lots((0, 0, 100, 20), unit_id=["U2"])
    )
    assert found.findings["status"].tolist() == ["pass", "pass"]


def test_remnants_of_state_land_are_a_guess():
    tenure = drawn.layer(
        (0, 0, 100, 100),
        CORNER,
        (0, 100, 100, 115),
        (50, 115, 90, 120),
        tenure=["国有出让", "国有未出让", "集体", "国有未出让"],
    )
    found = screened("odd_lots", tenure=tenure)
    one = drawn.finding(found, "odd_lots")
    assert (one.status, one.meets) == ("advisory", True)
    assert one.figure == pytest.approx(600 / 12_000)
    assert found.figures.loc["U1", "odd_lots_edge"] == 2


def test_an_odd_lot_may_hold_development_land_beyond_the_demolition_range():
    units = drawn.units((0, 0, 120, 120))
    demolition, development = (
        drawn.layer(SQUARE, index=["U1"]),
        drawn.layer((50, 0, 110, 60), index=["U1"]),
    )
    found = screen(
        units,
        rules=drawn.rules(),
        demolition=demolition,
        development=development,
        odd_lots=lots((100, 0, 110, 60)),
    )
    assert drawn.finding(found, "odd_lots").figure == 0.0
