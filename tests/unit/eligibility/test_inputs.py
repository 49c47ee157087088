"""Faults that stop a screening, notes that do not."""

import datetime as dt
import importlib.util
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from shapely import Polygon

from renewal_geo.eligibility import screen
from renewal_geo.foundation.errors import CRSError, InputError, RuleError, UsageError
from renewal_geo.rules import load

_spec = importlib.util.spec_from_file_location("drawn_units", Path(__file__).with_name("drawn.py"))
drawn = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(drawn)

SQUARE = (0, 0, 100, 100)


def fault(units=None, **layers):
    layers.setdefault("rules", drawn.rules())
    with pytest.raises(InputError) as caught:
        screen(drawn.units(SQUARE) if units is None else units, **layers)
    return caught.value


def ranges(*boxes, ids=None):
    return drawn.layer(
        *boxes, index=ids or [f"U{n}" for n in range(1, len(boxes) + 1)], index_name="unit_id"
    )


def test_no_units():
    assert fault(drawn.units(SQUARE).iloc[:0]).code == "no_units"


def test_degrees_and_web_mercator_cannot_measure():
    for crs, code in (("EPSG:4490", "crs_geographic"), ("EPSG:3857", "crs_web_mercator")):
        error = fault(drawn.units(SQUARE).to_crs(crs))
        assert isinstance(error, CRSError)
        assert error.code == code


def test_a_layer_in_another_crs():
    sites = drawn.layer(SQUARE).to_crs("EPSG:4549")
    assert fault(sites=sites).code == "crs_mismatch"
    assert fault(demolition=ranges(SQUARE).to_crs("EPSG:4549")).code == "crs_mismatch"


def test_contradicting_rows_of_one_unit():
    units = drawn.units(
        SQUARE, (100, 0, 200, 100), ids=["U1", "U1"], key_unit=[True, False], name=["甲", None]
    )
    error = fault(units)
    assert error.code == "contradiction"
    assert "key_unit: False, True" in error.what
    agreeing = screen(
        units.assign(key_unit=[True, None]),
        rules=drawn.rules(),
        demolition=ranges(SQUARE),
        criteria=["area"],
    )
    assert agreeing.units.loc["U1", "unit_range_m2"] == 20_000


def test_ids_that_are_missing_or_strange():
    assert fault(drawn.units(SQUARE, ids=[""])).code == "missing_id"
    error = fault(demolition=ranges(SQUARE, ids=["U9"]))
    assert (error.code, "U9" in error.what) == ("unknown_unit", True)
    assert fault(sites=drawn.layer(SQUARE, unit_id=["U7"])).code == "unknown_unit"
    holders = pd.DataFrame({"unit_id": ["U8"], "parcel_id": ["P"], "consents": [True]}, index=["H"])
    assert fault(holders=holders).code == "unknown_unit"


@pytest.mark.parametrize(("edge", "stops"), [(100.0, False), (100.01, False), (100.03, True)])
def test_a_demolition_range_may_leave_its_unit_by_the_technical_error(edge, stops):
    # 100.01 m: 1.0 m2 beyond; 100.03 m: 3 m2, more than 0.02 % (2 m2) and more than 1 m2
    layers = {"demolition": ranges((0, 0, edge, 100)), "rules": drawn.rules(), "criteria": ["area"]}
    if not stops:
        assert len(screen(drawn.units(SQUARE), **layers).findings) == 1
        return
    error = fault(**layers)
    assert error.code == "outside_unit"
    assert "3.0 m² of the demolition range lie outside of the unit range" in error.what
    assert "x 500100.0" in error.where


def test_larger_than_the_unit_and_development_outside_are_said_together():
    error = fault(demolition=ranges((0, 0, 200, 100)), development=ranges((150, 0, 300, 100)))
    for said in (
        "lie outside of the unit range",
        "is larger than the unit range",
        "development land lie outside of the demolition range",
    ):
        assert said in error.what
    assert error.what.startswith("3 faults")


def test_ranges_told_apart_by_their_kind():
    rows = drawn.units(
        (0, 0, 200, 100), (0, 0, 150, 100), (0, 0, 60, 100), ids=["U1"] * 3,
        range_kind=["更新单元范围", "拆除范围", "开发建设用地"], renewal_type=["拆除重建类", None, None],
    )  # fmt: skip
    found = screen(rows, rules=drawn.rules(), criteria=["area"])
    assert found.units.loc["U1", ["unit_range_m2", "demolition_m2", "development_m2"]].tolist() == [
        20_000,
        15_000,
        6_000,
    ]
    given = screen(
        rows, rules=drawn.rules(), demolition=ranges((0, 0, 140, 100)), criteria=["area"]
    )
    assert given.units.loc["U1", ["unit_range_m2", "demolition_m2"]].tolist() == [20_000, 14_000]
    assert fault(rows.assign(range_kind=["unit", "绿地", "development"])).code == "range_kind"


def test_shares():
    table = pd.DataFrame(
        {
            "unit_id": "U1",
            "parcel_id": "P",
            "ownership": "按份共有",
            "share": [0.7, 0.6],
            "consents": True,
        },
        index=["A", "B"],
    )
    error = fault(holders=table)
    assert (error.code, "1.3000" in error.what) == ("shares_above_1", True)
    assert fault(holders=table.assign(share=[70.0, 0.1])).code == "bad_share"
    flats = table.assign(ownership="区分所有")
    assert (
        len(
            screen(
                drawn.units(SQUARE), rules=drawn.rules(), holders=flats, criteria=["willingness"]
            ).findings
        )
        == 1
    )
    assert fault(parcels=drawn.layer(SQUARE, share_legal=[1.2])).code == "bad_share"
    assert fault(holders=table.drop(columns="parcel_id")).code == "unknown_column"


@pytest.mark.parametrize(
    ("day", "stops"),
    [
        (dt.date(1948, 12, 31), True),
        (dt.date(2020, 7, 1), True),
        (dt.date(2020, 6, 30), False),
        (None, False),
    ],
)
def test_days_of_announcement(day, stops):
    units = drawn.units(SQUARE, announced_on=[pd.Timestamp(day) if day else None])
    if stops:
        assert fault(units).code == "bad_date"
    else:
        assert len(screen(units, rules=drawn.rules(), criteria=["area"]).findings) == 1


def test_amounts_below_zero():
    assert fault(drawn.units(SQUARE, auxiliary_floor_area_m2=[-5.0])).code == "bad_amount"
    assert fault(buildings=drawn.layer(SQUARE, floor_area_m2=[-1.0])).code == "bad_amount"


def test_unknown_words_of_the_call():
    with pytest.raises(UsageError, match="not a criterion") as caught:
        screen(drawn.units(SQUARE), rules=drawn.rules(), criteria=["legal_lnd"])
    assert "legal_land" in caught.value.fix
    assert fault(blank_tenure="legal").code == "bad_setting"
    with pytest.raises(RuleError, match="not those of one day"):
        screen(drawn.units(SQUARE), rules=load("shenzhen"))
    for rule_id in (
        "unit.min_demolition_area",
        "willingness.joint",
        "unit.building_age.industrial",
        "control_line.blue_line",
    ):
        word = drawn.with_rule(drawn.rules(), rule_id, ["a lot"], "m2", ">")
        lines = drawn.layer(SQUARE, kind=["蓝线"])
        with pytest.raises(RuleError, match="compared with a number") as caught:
            screen(drawn.units(SQUARE), rules=word, demolition=ranges(SQUARE), control_lines=lines)
        assert rule_id in caught.value.where


def test_what_is_only_noted():
    bow_tie = Polygon(
        [(500_000, 2_500_000), (500_100, 2_500_100), (500_100, 2_500_000), (500_000, 2_500_100)]
    )
    units = drawn.units(
        SQUARE, (90, 0, 200, 100), (300, 0, 400, 100), renewal_type=["拆除重建类", "改造", None]
    )
    demolition = ranges(SQUARE, (90, 0, 200, 100))
    sites = gpd.GeoDataFrame({"unit_id": ["U1", "U1"]}, geometry=[bow_tie, None], crs=drawn.CRS)
    found = screen(units, rules=drawn.rules(), demolition=demolition, sites=sites)
    said = " | ".join(found.notes)
    for part in (
        "U2, U3",
        "U1 and U2 (1,000.0 m²)",
        "1 units have no range that could be screened: U3",
        "sites: 1 rows have no polygon",
    ):
        assert part in said
    assert drawn.finding(found, "area", "U3").status == "not_evaluable"


def test_an_invalid_range_is_made_valid_and_noted():
    bow_tie = Polygon(
        [(500_000, 2_500_000), (500_200, 2_500_200), (500_200, 2_500_000), (500_000, 2_500_200)]
    )
    units = gpd.GeoDataFrame(
        {"renewal_type": ["拆除重建类"]}, geometry=[bow_tie], index=["U1"], crs=drawn.CRS
    )
    found = screen(units, rules=drawn.rules(), demolition=units[["geometry"]], criteria=["area"])
    assert drawn.finding(found, "area").figure == pytest.approx(20_000)
    assert any("made valid" in note for note in found.notes)


def test_nothing_that_was_given_is_changed():
    units, sites = drawn.units(SQUARE, key_unit=[True]), drawn.layer(SQUARE, unit_id=["U1"])
    before = units.copy(), sites.copy()
    screen(units, rules=drawn.rules(), demolition=units[["geometry"]], sites=sites)
    assert units.equals(before[0])
    assert sites.equals(before[1])
