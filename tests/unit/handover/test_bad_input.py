"""What is wrong with the drawings is said all at once, with place and figure; nothing is mended silently."""

import importlib.util
from pathlib import Path

import pytest
from shapely import Polygon

from renewal_geo.foundation.errors import CRSError, InputError

_spec = importlib.util.spec_from_file_location("drawn", Path(__file__).with_name("drawn.py"))
drawn = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(drawn)
assess, at, frame, layers = drawn.assess, drawn.at, drawn.frame, drawn.layers


def fault_of(**changed):
    with pytest.raises(InputError) as fault:
        assess(**changed)
    return fault.value


def test_a_demolition_range_that_leaves_its_unit_is_named_with_area_and_place():
    fault = fault_of(demolition=frame(["unit_id"], ("U1", at(0, 0, 210, 150))))
    assert fault.code == "outside_unit"
    assert "1,500.0 m2" in fault.what
    assert "x 520,205.0 y 2,510,075.0" in fault.where
    assert "clip" in fault.fix


def test_a_demolition_range_larger_than_its_unit_says_so():
    fault = fault_of(demolition=frame(["unit_id"], ("U1", at(-10, -10, 210, 210))))
    assert "larger" in fault.what
    assert "48,400.0 m2" in fault.what


def test_technical_error_is_no_fault():
    made = assess(demolition=frame(["unit_id"], ("U1", at(0, 0, 200.03, 150))))
    assert made.units.loc["U1", "demolition_m2"] == pytest.approx(30_004.5)


def test_faults_are_collected():
    units = frame(
        ["unit_id", "planned_floor_area_m2", "demolished_floor_area_m2"],
        ("U1", -5.0, 1.0, at(0, 0, 200, 200)),
        ("U2", 1_000.0, 1.0, at(300, 0, 400, 100)),
    )
    fault = fault_of(
        units=units,
        demolition=frame(["unit_id"], ("U1", at(0, 0, 210, 150)), ("U7", at(0, 0, 10, 10))),
    )
    for word in ("U7", "planned_floor_area_m2", "leaves its unit range", "no development land"):
        assert word in fault.what
    assert fault.what.startswith("4 faults")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"sites": frame(["site_id", "unit_id"], ("S1", "U9", at(0, 0, 9, 9)))}, "unknown_unit"),
        ({"odd_lots": frame(["unit_id"], ("U9", at(0, 0, 9, 9)))}, "unknown_unit"),
        ({"development": frame(["unit_id"])}, "no_development_land"),
        ({"sites": frame(["site_id", "area_m2"], ("S1", -1.0, at(0, 0, 9, 9)))}, "bad_area"),
        (
            {"sites": frame(["site_id"], ("S1", at(0, 0, 9, 9)), ("S1", at(9, 0, 19, 9)))},
            "duplicate_id",
        ),
        ({"tenure": frame(["owner"], ("x", at(0, 0, 9, 9)))}, "unknown_column"),
        ({"land_use": frame(["use"], ("x", at(0, 0, 9, 9)))}, "unknown_column"),
        ({"units": frame(["unit_id"], ("U1", at(0, 0, 9, 9)), ("U1", at(9, 0, 19, 9)))}, "duplicate_id"),
        ({"units": frame(["unit_id"])}, "missing_id"),
        ({"units": frame(["unit_id"], ("", at(0, 0, 200, 200)))}, "missing_id"),
    ],
)  # fmt: skip
def test_codes(changed, code):
    if "units" in changed:
        changed = {"demolition": None, "development": None, "sites": None, **changed}
    assert fault_of(**changed).code == code


@pytest.mark.parametrize("text", ["many", float("inf"), -1])
def test_floor_area_that_is_none(text):
    units = layers()["units"].astype({"base_gfa_m2": object}).assign(base_gfa_m2=[text])
    assert fault_of(units=units).code == "bad_area"


def test_degrees_are_refused_for_every_layer():
    for name in ("units", "demolition", "sites", "tenure"):
        with pytest.raises(CRSError):
            assess(**{name: layers()[name].to_crs("EPSG:4490")})


def test_an_invalid_polygon_is_measured_and_said():
    bow = Polygon(
        [(p[0] + drawn.X, p[1] + drawn.Y) for p in ((0, 0), (100, 100), (100, 0), (0, 100))]
    )
    made = assess(demolition=frame(["unit_id"], ("U1", bow)))
    assert made.units.loc["U1", "demolition_m2"] == pytest.approx(5_000)
    assert any("made valid" in note for note in made.notes)


def test_no_day_no_rules():
    class Undated(drawn.Rules):
        day = None

    units = layers()["units"]
    with pytest.raises(InputError) as fault:
        drawn.handover.assess(units, rules=Undated())
    assert fault.value.code == "missing_day"
    made = drawn.handover.assess(units, rules=Undated(), as_of=drawn.Rules.day)
    assert made.as_of == drawn.Rules.day
