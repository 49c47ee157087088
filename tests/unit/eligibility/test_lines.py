"""Control lines and industrial block lines, worked by hand."""

import importlib.util
from pathlib import Path

import pytest

from renewal_geo.eligibility import screen

_spec = importlib.util.spec_from_file_location("drawn_units", Path(__file__).with_name("drawn.py"))
drawn = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(drawn)

SQUARE = (0, 0, 100, 120)  # 12,000 m2


def screened(criterion, *boxes, rules=None, kind="拆除重建类", **layers):
    boxes = boxes or (SQUARE,)
    units = drawn.units(*boxes, renewal_type=[kind] * len(boxes))
    demolition = layers.pop("demolition", units[["geometry"]])
    return screen(
        units, rules=rules or drawn.rules(), demolition=demolition, criteria=[criterion], **layers
    )


def test_every_kind_is_measured_once():
    lines = drawn.layer((-50, -50, 10, 200), (-50, -50, 10, 100), (90, 100, 300, 300), (500, 0, 600, 90),
                        kind=["基本生态控制线", "eco_control_line", "蓝线", "蓝线"])  # fmt: skip
    found = screened("control_lines", control_lines=lines)
    one = drawn.finding(found, "control_lines")
    assert (one.status, one.rule_id, one.figure) == (
        "fail",
        "control_line.eco_control_line",
        1_200.0,
    )
    assert found.figures.loc["U1", ["eco_control_line_m2", "blue_line_m2"]].tolist() == [
        1_200.0,
        200.0,
    ]
    told = dict(zip(found.offences["kind"], found.offences["area_m2"], strict=True))
    assert told == {"eco_control_line": pytest.approx(1_200), "blue_line": pytest.approx(200)}
    assert "200.0 m²" in one.text_zh


def test_a_line_that_only_touches_takes_nothing():
    found = screened("control_lines", control_lines=drawn.layer((100, 0, 200, 120), kind=["蓝线"]))
    assert drawn.finding(found, "control_lines").status == "pass"
    assert found.offences.empty
    assert any("eco_control_line" in note and "not tested" in note for note in found.notes)


def test_a_kind_without_a_rule_leaves_the_question_open():
    lines = drawn.layer((0, 0, 10, 120), (200, 0, 300, 9), kind=["黄线", "龙脉线"])
    found = screened("control_lines", control_lines=lines)
    one = drawn.finding(found, "control_lines")
    assert (one.status, one.rule_id, one.figure, one.unit) == (
        "not_evaluable",
        "control_line.yellow_line",
        1_200.0,
        "m2",
    )
    assert found.offences["area_m2"].tolist() == pytest.approx([1_200])


def test_a_kind_that_is_missing_is_unknown():
    found = screened("control_lines", control_lines=drawn.layer((0, 0, 10, 120), kind=[None]))
    assert drawn.finding(found, "control_lines").rule_id == "control_line.unknown"


def test_ground_must_lie_within_the_development_boundary():
    found = screened(
        "control_lines", control_lines=drawn.layer((-100, 0, 90, 120), kind=["城镇开发边界"])
    )
    one = drawn.finding(found, "control_lines")
    assert (one.status, one.figure) == ("fail", pytest.approx(1_200))
    assert found.offences["area_m2"].tolist() == pytest.approx([1_200])


def test_slivers_are_said():
    found = screened("control_lines", control_lines=drawn.layer((99.9, 0, 200, 120), kind=["蓝线"]))
    one = drawn.finding(found, "control_lines")
    assert (one.status, one.figure) == ("fail", pytest.approx(12))
    assert "slivers" in one.text_en


def test_an_improvement_unit_is_screened_over_its_range():
    lines = drawn.layer((0, 0, 10, 120), kind=["蓝线"])
    found = screened(
        "control_lines",
        kind="综合整治类",
        demolition=drawn.layer(SQUARE, index=["U1"]).iloc[:0],
        control_lines=lines,
    )
    assert drawn.finding(found, "control_lines").figure == pytest.approx(1_200)


def test_block_lines_among_the_control_lines_are_found():
    lines = drawn.layer((0, 0, 100, 200), kind=["工业区块线"])
    assert screened("control_lines", control_lines=lines).findings.empty
    parcels = drawn.layer((0, 0, 100, 150), land_use=["M1"])
    found = screened("block_lines", control_lines=lines, parcels=parcels)
    assert drawn.finding(found, "block_lines").figure == 0.75


def block(level="二级"):
    return drawn.layer((0, 0, 100, 240), index=["B1"], level=[level])


def test_a_unit_in_no_block_line_is_left_out():
    found = screened(
        "block_lines",
        (500, 0, 600, 120),
        block_lines=block(),
        parcels=drawn.layer(SQUARE, land_use=["M1"]),
    )
    assert found.findings.empty
    assert found.left_out["why_en"].tolist() == ["it lies in no block line"]


def test_the_share_of_the_block_line_is_that_after_the_unit():
    parcels = drawn.layer(
        (0, 0, 100, 120), (0, 120, 100, 200), (0, 200, 100, 240), land_use=["M1", "W1", "R2"]
    )
    development = drawn.layer(
        (0, 0, 40, 120), (40, 0, 80, 120), index=["U1", "U1"], use=["M0", "住宅"]
    )
    found = screened("block_lines", block_lines=block(), parcels=parcels, development=development)
    one = drawn.finding(found, "block_lines")  # 8,000 outside + 4,800 planned of 24,000
    assert (one.status, one.figure) == ("fail", pytest.approx(12_800 / 24_000))
    assert "83.3 % as it is" in one.text_en
    before = drawn.finding(
        screened("block_lines", block_lines=block(), parcels=parcels), "block_lines"
    )
    assert (before.status, before.figure) == ("pass", pytest.approx(20_000 / 24_000))


def test_land_of_unknown_use_leaves_the_share_open():
    parcels = drawn.layer((0, 0, 100, 120), (0, 120, 100, 240), land_use=["M1", None])
    assert (
        drawn.finding(
            screened("block_lines", block_lines=block(), parcels=parcels), "block_lines"
        ).status
        == "not_evaluable"
    )


def test_level_1_uses():
    parcels = drawn.layer((0, 0, 100, 240), land_use=["M1"])
    development = drawn.layer(
        (0, 0, 80, 120), (80, 0, 100, 120), index=["U1", "U1"], use=["M0", "商业"]
    )
    found = screened(
        "block_lines", block_lines=block("一级"), parcels=parcels, development=development
    )
    one = drawn.finding(found, "block_lines")
    assert (one.status, one.rule_id, one.figure, one.limit) == (
        "fail",
        "block_line.level_1_uses",
        2_400.0,
        0.0,
    )
    assert found.offences[["kind", "area_m2"]].to_numpy().tolist() == [
        ["level_1_use", pytest.approx(2_400)]
    ]
    road = development.assign(use=["M0", "道路"])
    assert (
        drawn.finding(
            screened("block_lines", block_lines=block("一级"), parcels=parcels, development=road),
            "block_lines",
        ).status
        == "pass"
    )
    none = drawn.finding(
        screened("block_lines", block_lines=block("一级"), parcels=parcels), "block_lines"
    )
    assert none.status == "not_evaluable"


def test_without_parcels_the_share_is_open():
    one = drawn.finding(screened("block_lines", block_lines=block()), "block_lines")
    assert (one.status, "no layer parcels" in one.text_en) == ("not_evaluable", True)


def test_conditional_kinds_are_for_each_case_to_decide():
    rules = drawn.with_rule(
        drawn.rules(), "control_line.yellow_line", "conditional", "m2", "", document="黄线管理规定"
    )
    lines = drawn.layer((0, 0, 10, 120), (200, 0, 210, 120), kind=["黄线", "黄线"])
    found = screened("control_lines", SQUARE, (220, 0, 300, 120), rules=rules, control_lines=lines)
    one = drawn.finding(found, "control_lines")
    assert (one.status, one.meets, one.figure) == ("advisory", None, 1_200.0)
    assert "case by case (黄线管理规定)" in one.text_en
    assert found.offences["kind"].tolist() == ["yellow_line"]
    assert found.left_out["unit_id"].tolist() == ["U2"]
    hard = drawn.with_rule(
        drawn.rules(), "control_line.yellow_line", 0, "m2", "", set_by="study", because="区里要求"
    )
    assert (
        drawn.finding(
            screened("control_lines", rules=hard, control_lines=lines), "control_lines"
        ).status
        == "fail"
    )
