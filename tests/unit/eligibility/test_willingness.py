"""Consent parcel by parcel and over the range, worked by hand."""

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from renewal_geo.eligibility import screen
from renewal_geo.eligibility.willingness import fewest

_spec = importlib.util.spec_from_file_location("drawn_units", Path(__file__).with_name("drawn.py"))
drawn = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(drawn)

SQUARE = (0, 0, 100, 100)


def holders(*rows):
    """Return holders of U1: (parcel, ownership, share, floor area, consents[, old residential])."""
    table = pd.DataFrame(
        [(*row, *([None] * (6 - len(row)))) for row in rows],
        columns=["parcel_id", "ownership", "share", "floor_area_m2", "consents", "old_residential"],
        index=pd.Index([f"H{n}" for n in range(len(rows))], name="holder_id"),
    )
    return table.assign(unit_id="U1")


def screened(table, *parcels, rules=None):
    units = drawn.units(SQUARE)
    layer = (
        drawn.layer(*parcels, index=[f"P{n}" for n in range(len(parcels))], index_name="parcel_id")
        if parcels
        else None
    )
    return screen(
        units, rules=rules or drawn.rules(), demolition=units[["geometry"]], holders=table, parcels=layer,
        criteria=["willingness"],
    )  # fmt: skip


def said(table, *parcels, **more):
    return drawn.finding(screened(table, *parcels, **more), "willingness")


@pytest.mark.parametrize(
    ("rows", "rule_id", "figure", "status", "further"),
    [
        ([("P0", "单独所有", None, None, True)], "willingness.joint", 1.0, "pass", 0),
        ([("P0", "单独所有", None, None, False)], "willingness.joint", 0.0, "fail", 1),
        ([("P0", "共同共有", None, None, True), ("P0", "共同共有", None, None, False)], "willingness.joint", 0.5, "fail", 1),
        ([("P0", "按份共有", 0.75, None, True), ("P0", "按份共有", 0.25, None, False)], "willingness.shares", 0.75, "pass", 0),
        ([("P0", "按份共有", 0.4, None, True), ("P0", "按份共有", 0.2, None, False), ("P0", "按份共有", 0.4, None, False)],
         "willingness.shares", 0.4, "fail", 1),
        ([("P0", "shares", 0.3, None, True), ("P0", "shares", 0.3, None, False)], "willingness.shares", 0.3, "fail", 1),
    ],
)  # fmt: skip
def test_one_parcel_by_its_form(rows, rule_id, figure, status, further):
    found = screened(holders(*rows))
    one = drawn.finding(found, "willingness")
    assert (one.rule_id, one.figure, one.status) == (rule_id, figure, status)
    told = found.parcels["further_signers"].iloc[0]
    assert told == further or (np.isnan(told) and figure == 0.3)


def test_shares_that_nobody_holds_may_consent():
    # 0.5 signed, 0.1 refused, 0.4 not listed: between 0.5 and 0.9
    one = said(holders(("P0", "按份共有", 0.5, None, True), ("P0", "按份共有", 0.1, None, False)))
    assert (one.status, one.figure) == ("not_evaluable", 0.5)


def test_strata_asks_area_and_owners():
    rows = [("P0", "区分所有", None, 100.0, True)] * 3 + [("P0", "区分所有", None, 500.0, False)]
    found = screened(holders(*rows))
    one = drawn.finding(found, "willingness")
    assert (one.status, one.rule_id, one.figure) == ("fail", "willingness.strata_area", 0.375)
    assert found.comparisons["status"].tolist() == ["fail", "pass"]
    assert found.parcels["further_signers"].tolist() == [1.0]
    assert "at least 1 more owners must sign" in one.text_en


def test_an_owner_of_two_flats_is_one_owner_and_signs_for_both():
    table = holders(
        *[("P0", "strata", None, 100.0, True)] * 3, ("P0", "strata", None, 100.0, False)
    )
    table.index = pd.Index(["A", "B", "C", "C"], name="holder_id")
    row = screened(table).parcels.iloc[0]
    assert (row.owners, row.consenting_owners, row.floor_area_share) == (3, 2, 0.75)


def test_old_residential_estates_ask_more():
    rows = [("P0", "区分所有", None, 100.0, n < 18, True) for n in range(20)]
    one = said(holders(*rows))
    assert (one.status, one.rule_id, one.figure) == (
        "fail",
        "willingness.old_residential_area",
        0.9,
    )
    assert said(holders(*[(*row[:4], n < 19, True) for n, row in enumerate(rows)])).status == "pass"


def test_before_2021_two_thirds_of_area_and_owners_whatever_the_form():
    old = drawn.rules(
        without=("willingness.joint", "willingness.shares", "willingness.old_residential_area", "willingness.old_residential_owners"),
        willingness__strata_area=2 / 3, willingness__strata_owners=2 / 3,
    )  # fmt: skip
    rows = [("P0", "共同共有", None, 100.0, True)] * 2 + [("P0", "共同共有", None, 100.0, False)]
    assert said(holders(*rows), rules=old).status == "pass"
    assert said(holders(*rows)).status == "fail"


def test_no_answer_is_no_consent_and_no_refusal():
    one = said(holders(("P0", "共同共有", None, None, True), ("P0", "共同共有", None, None, None)))
    assert (one.status, one.figure) == ("not_evaluable", 0.5)
    assert "1 owners have not answered" in one.text_en
    refused = said(
        holders(("P0", "共同共有", None, None, False), ("P0", "共同共有", None, None, None))
    )
    assert refused.status == "fail"


def test_an_unknown_form_is_told_only_by_the_consent_of_all():
    two = [("P0", None, None, None, True), ("P0", None, None, None, True)]
    assert said(holders(*two)).status == "pass"
    assert said(holders(two[0], ("P0", None, None, None, False))).status == "not_evaluable"


def test_unknown_floor_areas():
    rows = [("P0", "strata", None, None, True), ("P0", "strata", None, 50.0, True)]
    one = said(holders(*rows))
    assert one.status == "not_evaluable"
    assert "floor area of some owners is not known" in one.text_en


RANGE = [(0, 0, 80, 100), (80, 0, 100, 100)]


@pytest.mark.parametrize(
    ("first", "second", "figure", "status", "further"),
    [(True, False, 0.8, "pass", 0), (False, True, 0.2, "fail", 1), (None, True, 0.2, "not_evaluable", 1), (False, None, 0.0, "fail", 1)],
)  # fmt: skip
def test_several_parcels_are_asked_for_their_land(first, second, figure, status, further):
    table = holders(("P0", "sole", None, None, first), ("P1", "sole", None, None, second))
    found = screened(table, *RANGE)
    one = drawn.finding(found, "willingness")
    assert (one.rule_id, one.figure, one.status) == (
        "willingness.multi_parcel_land",
        pytest.approx(figure),
        status,
    )
    assert found.figures.loc["U1", "further_signers"] == further


def test_a_parcel_without_a_listed_holder_may_consent():
    table = holders(("P0", "sole", None, None, True))
    assert said(table, *RANGE).status == "pass"
    one = said(table, (0, 0, 70, 100), (70, 0, 100, 100))
    assert (one.status, one.figure) == ("not_evaluable", pytest.approx(0.7))
    assert "3,000.0 m² of parcels have no holder listed" in one.text_en


def test_limits_of_parcels_that_nobody_checked_decide_nothing():
    rules = drawn.with_rule(
        drawn.rules(), "willingness.joint", 1.0, "1", ">=", verified="secondary"
    )
    table = holders(("P0", "sole", None, None, True), ("P1", "sole", None, None, True))
    one = said(table, *RANGE, rules=rules)
    assert (one.status, one.meets, one.rests_on) == ("advisory", True, "willingness.joint")


def test_land_is_needed_only_where_parcels_differ():
    table = holders(("P0", "sole", None, None, True), ("P1", "sole", None, None, True))
    assert said(table)[["status", "figure"]].tolist() == ["pass", 1.0]
    mixed = holders(("P0", "sole", None, None, True), ("P1", "sole", None, None, False))
    assert said(mixed).status == "not_evaluable"
    strange = holders(("P0", "sole", None, None, True), ("PX", "sole", None, None, False))
    found = screened(strange, *RANGE)
    assert drawn.finding(found, "willingness").status == "not_evaluable"
    assert any("PX" in note for note in found.notes)


def test_the_fewest_signers_are_not_those_of_the_largest_parcel():
    assert fewest([5, 1, 1], [60.0, 30.0, 30.0], 60.0) == 2
    assert fewest([5, 1, 1], [60.0, 30.0, 30.0], 61.0) == 6
    assert np.isnan(fewest([1], [10.0], 20.0))
    assert fewest([], [], 0.0) == 0


def test_a_house_of_one_owner_is_never_drawn():
    alone = screened(
        holders(("P0", "sole", None, None, False), ("P1", "sole", None, None, True)), *RANGE
    )
    assert drawn.finding(alone, "willingness").status == "fail"
    assert alone.offences.empty
    assert alone.parcels["few_owners"].tolist() == [True, True]
    many = [("P0", "joint", None, None, False)] * 3 + [("P1", "sole", None, None, True)]
    found = screened(holders(*many), *RANGE)
    assert found.offences["area_m2"].tolist() == pytest.approx([8_000])


def test_no_holder_appears_in_any_table():
    table = holders(("P0", "sole", None, None, False), ("P1", "sole", None, None, True))
    table.index = pd.Index(["张三", "李四"], name="holder_id")
    found = screened(table, *RANGE)
    for part in (
        found.units,
        found.findings,
        found.offences,
        found.figures,
        found.parcels,
        found.comparisons,
    ):
        assert "张三" not in part.to_csv()
        assert "李四" not in part.to_csv()


def test_a_unit_without_holders():
    units = drawn.units(SQUARE, (200, 0, 300, 100))
    found = screen(
        units,
        rules=drawn.rules(),
        demolition=units[["geometry"]],
        holders=holders(("P0", "sole", None, None, True)),
        criteria=["willingness"],
    )
    assert found.findings["status"].tolist() == ["pass", "not_evaluable"]
