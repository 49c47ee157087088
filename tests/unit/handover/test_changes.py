"""The ranges of a unit in two versions, and floor area that goes with lost development land."""

import importlib.util
import math
from pathlib import Path

import pandas as pd
import pytest

from renewal_geo import handover
from renewal_geo.foundation.errors import InputError

_spec = importlib.util.spec_from_file_location("drawn", Path(__file__).with_name("drawn.py"))
drawn = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(drawn)
assess, at, frame = drawn.assess, drawn.at, drawn.frame


def smaller(reason=None):
    """Development land of 90 instead of 100 m."""
    return frame(["unit_id", "use", "reason"], ("U1", "R2", reason, at(0, 0, 90, 150)))


def test_all_ranges_are_compared_with_an_earlier_assessment():
    made = assess(before=assess(), development=smaller("土地清退/腾挪"))
    table = made.changes["U1"].table
    assert list(table.index) == ["unit_range", "demolition", "development"]
    assert table.loc["demolition", "cause"] == "unchanged"
    assert table.loc["development", "change_m2"] == pytest.approx(-1_500)
    assert table.loc["development", "reason"] == "clearance"
    assert table.loc["development", "ratio_after"] == pytest.approx(13_500 / 30_000)


@pytest.mark.parametrize(
    ("reason", "lost"),
    [
        (None, 1_500),
        ("更新意愿", 1_500),
        ("技术误差；更新意愿", 1_500),
        ("技术误差", 0),
        ("落实公共利益", 0),
        ("公共利益、误差缝隙", 0),
    ],
)
def test_lost_land_costs_floor_area_unless_for_the_public_or_by_error(reason, lost):
    unit = assess(before=assess(), development=smaller(reason)).units.loc["U1"]
    assert unit["lost_development_m2"] == pytest.approx(lost)
    assert unit["deducted_gfa_m2"] == pytest.approx(lost * 4.0)  # the earlier FAR
    assert ("核减" in unit["sentence_zh"]) == (lost > 0)


def test_the_unit_s_reason_serves_every_range_that_has_none_of_its_own():
    units = drawn.layers()["units"].assign(reason="技术误差")
    made = assess(units=units, before=assess(), development=smaller("更新意愿"))
    reasons = made.changes["U1"].table["reason"]
    assert reasons.to_dict() == {
        "unit_range": "technical_error", "demolition": "technical_error", "development": "willingness",
    }  # fmt: skip


def test_land_gained_or_within_the_tolerance_costs_nothing():
    grown = frame(["unit_id", "use"], ("U1", "R2", at(0, 0, 100.01, 150)))
    assert assess(before=assess(), development=grown).units.loc["U1", "deducted_gfa_m2"] == 0.0
    slip = frame(["unit_id", "use"], ("U1", "R2", at(0, 0, 99.99, 150)))
    made = assess(before=assess(), development=slip)
    assert made.changes["U1"].table.loc["development", "within_tolerance"]
    assert made.units.loc["U1", "deducted_gfa_m2"] == 0.0


def test_a_drawn_earlier_range_is_a_unit_range():
    before = frame(["unit_id"], ("U1", at(0, 0, 200, 190)), ("U9", at(500, 0, 600, 100)))
    made = assess(before=before)
    table = made.changes["U1"].table
    assert list(table.index) == ["unit_range"]
    assert table.loc["unit_range", "change_m2"] == pytest.approx(2_000)
    assert any("U9" in note for note in made.notes)
    assert math.isnan(made.units.loc["U1", "deducted_gfa_m2"])


def test_the_rule_s_tolerance_is_used():
    rule = drawn.remembered("area.tolerance", 0.2)
    made = assess(rule, before=assess(), development=smaller())
    assert made.changes["U1"].table.loc["development", "within_tolerance"]


def test_without_an_earlier_version_nothing_is_compared():
    made = assess()
    assert made.changes == {}
    assert len(handover.change_table(made.changes)) == 0


def test_an_earlier_unit_in_two_rows_is_refused():
    before = pd.DataFrame({"unit_id": ["U1", "U1"], "demolition_m2": [1.0, 2.0]})
    with pytest.raises(InputError) as fault:
        assess(before=before)
    assert fault.value.code == "duplicate_id"


def test_earlier_ranges_in_one_layer_are_told_apart():
    before = frame(
        ["unit_id", "range_kind"],
        ("U1", "unit", at(0, 0, 200, 200)),
        ("U1", "demolition", at(0, 0, 200, 140)),
    )
    table = assess(before=before).changes["U1"].table
    assert table["change_m2"].to_dict() == pytest.approx({"unit_range": 0, "demolition": 2_000})


@pytest.mark.parametrize(
    "before",
    [
        pd.DataFrame({"unit_id": ["U1"]}),
        frame(["unit_id"], ("U1", at(0, 0, 200, 190))).to_crs("EPSG:4490"),
        pd.DataFrame({"unit_id": ["U1"], "demolition_m2": [-5.0]}),
    ],
)
def test_an_earlier_version_that_cannot_be_measured_is_refused(before):
    with pytest.raises(InputError):
        assess(before=before)
