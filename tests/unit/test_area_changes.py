"""Areas of a unit in two versions, against figures that the bureau has published."""

import tomllib
from pathlib import Path

import pytest

from renewal_geo.foundation.area_changes import reason_codes
from renewal_geo.foundation.errors import InputError
from renewal_geo.ledger import compare_areas, reason_list

UNITS = tomllib.loads((Path(__file__).parent / "published_units.toml").read_text(encoding="utf-8"))
OF = {
    "development_land": "demolition_range",
    "odd_lots": "demolition_range",
    "planned_floor_area": "development_land",
}


def as_printed(value, printed):
    """Write a figure with the digits, sign and unit of the printed one."""
    bare = printed.removesuffix(" %")
    decimals = len(bare.partition(".")[2])
    sign = "+" if bare[0] in "+-" else ""
    scale = 100 if printed.endswith("%") else 1
    return f"{value * scale:{sign}.{decimals}f}" + (" %" if scale == 100 else "")


@pytest.mark.parametrize("unit", UNITS)
def test_published_units_to_the_printed_digit(unit):
    given = UNITS[unit]
    # the first version prints the demolition range only
    before = {**given["after"], **given["before"]}
    of = {item: base for item, base in OF.items() if item in before}
    reasons = {"demolition_range": given["cause"]}
    found = compare_areas(before, given["after"], of=of, reasons=reasons).table
    printed = given["printed"]
    assert (
        as_printed(found.loc["demolition_range", "change_share"], printed["change"])
        == printed["change"]
    )
    ratio = found["ratio_after"]
    assert as_printed(ratio["planned_floor_area"], printed["far"]) == printed["far"]
    share = printed["development_share"]
    assert as_printed(ratio["development_land"], share) == share
    if "odd_lot_share" in printed:
        assert as_printed(ratio["odd_lots"], printed["odd_lot_share"]) == printed["odd_lot_share"]
    assert found.loc["demolition_range", "reason"]
    assert not found["needs_reason"].any()


def test_the_bureau_calls_technical_error_what_the_tolerance_calls_so():
    changes = {}
    for unit, given in UNITS.items():
        found = compare_areas(
            given["before"], {"demolition_range": given["after"]["demolition_range"]}
        )
        changes[unit] = found.table.loc["demolition_range"]
    assert not changes["shilongkeng"]["within_tolerance"]
    assert changes["shilongkeng"]["needs_reason"]
    assert changes["shilongkeng"]["cause"] == ""
    for unit in ("xintangkeng", "dafen_south"):
        assert changes[unit]["cause"] == "within_tolerance"
        assert not changes[unit]["needs_reason"]


def test_items_that_one_version_lacks_were_added_or_removed():
    found = compare_areas({"a": 10.0, "b": 5.0}, {"a": 10.0, "c": 7.0})
    assert found.table["cause"].to_dict() == {"a": "unchanged", "b": "removed", "c": "added"}
    assert found.table["change_m2"].to_dict() == {"a": 0.0, "b": -5.0, "c": 7.0}
    assert list(found.table.index[found.table["needs_reason"]]) == ["b", "c"]
    assert str(found) == ("2 of 3 areas changed, 2 by more than 0.02%; no reason for b, c")


def test_the_tolerance_counts_to_its_end():
    found = compare_areas({"a": 10_000.0, "b": 10_000.0}, {"a": 10_002.0, "b": 10_002.1}).table
    assert found["within_tolerance"].tolist() == [True, False]


@pytest.mark.parametrize("code", reason_list().index)
def test_reasons_are_known_in_both_languages(code):
    row = reason_list().loc[code]
    for text in (code, row["zh"], row["en"]):
        assert reason_codes(text) == ((code,), ())
    assert row["source"]


def test_remarks_of_several_reasons_keep_what_is_not_listed():
    assert reason_codes("技术误差、 误差缝隙;something else") == (
        ("technical_error", "gap_sliver"),
        ("something else",),
    )
    assert reason_codes(None) == reason_codes(float("nan")) == ((), ())
    found = compare_areas({"a": 1.0}, {"a": 2.0}, reasons={"a": "something else"})
    assert not found.table.loc["a", "needs_reason"]
    assert "something else" in found.notes[0]


@pytest.mark.parametrize(
    ("before", "after", "more", "code"),
    [
        ({"a": -1.0}, {"a": 1.0}, {}, "bad_area"),
        ({"a": 1.0}, {"a": float("nan")}, {}, "bad_area"),
        ({}, {}, {}, "bad_area"),
        ({"a": 1.0}, {"a": 1.0}, {"reasons": {"b": "x"}}, "unknown_item"),
        ({"a": 1.0}, {"a": 1.0}, {"of": {"a": "b"}}, "unknown_item"),
        ({"a": 1.0}, {"a": 1.0}, {"tolerance": -0.1}, "bad_tolerance"),
    ],
)
def test_what_cannot_be_compared_is_refused(before, after, more, code):
    with pytest.raises(InputError) as fault:
        compare_areas(before, after, **more)
    assert fault.value.code == code
