"""The workbook: rounded parts add up, totals and rates are formulas, both languages, the same bytes."""

import importlib.util
import io
from pathlib import Path

import numpy as np
import openpyxl
import pytest

from renewal_geo import handover, report
from renewal_geo.foundation.labels import texts

_spec = importlib.util.spec_from_file_location("drawn", Path(__file__).with_name("drawn.py"))
drawn = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(drawn)
at, frame = drawn.at, drawn.frame
FIRST = 4
RULES = (
    drawn.read("unit.public_land_min_share", 0.15, **drawn.SHARE),
    drawn.by_study("handover.by_build_ratio", {"ratios": [1], "rates": [0.4]}),
    drawn.remembered("far.bonus_cap", 0.3, operator="<="),
    drawn.remembered("historic_land.successor_share", 0.8),
)


def thirds():
    """Three units whose areas are thirds of a square metre, so that rounding has work to do."""
    third = 100 / 3
    units, ranges, plots, sites, tenure = [], [], [], [], []
    for n in range(3):
        x = 300 * n
        units.append(
            (
                f"U{n}",
                "=1+1" if n == 0 else f"单元{n}",
                1e5 / 3,
                5e4 / 3,
                1e4 / 3,
                at(x, 0, x + 100, 100),
            )
        )
        ranges.append((f"U{n}", at(x, 0, x + 100, third)))
        plots.append((f"U{n}", "R2", at(x, 0, x + third, third)))
        sites.append((f"S{n}", f"U{n}", "入库", "道路用地", at(x + third, 0, x + 2 * third, third)))
        tenure += [("国有", at(x, 0, x + third, third)), ("集体", at(x + third, 0, x + 100, third))]
    amounts = ["planned_floor_area_m2", "demolished_floor_area_m2", "base_gfa_m2"]
    return {
        "units": frame(["unit_id", "name", *amounts], *units),
        "demolition": frame(["unit_id"], *ranges),
        "development": frame(["unit_id", "use"], *plots),
        "sites": frame(["site_id", "unit_id", "status", "use"], *sites),
        "tenure": frame(["tenure"], *tenure),
        "land_use": frame(["land_use"], ("M1", at(-10, -10, 450, 110))),
    }


@pytest.fixture(scope="module")
def made():
    before = drawn.assess(*RULES, **thirds())
    development = thirds()["development"].assign(reason="更新意愿")
    development.geometry = development.geometry.scale(0.9, 0.9, origin=(drawn.X, drawn.Y))
    return drawn.assess(*RULES, **{**thirds(), "development": development}, before=before)


def book(assessment, lang="zh", *, values=True, **more):
    raw = report.handover_workbook(
        assessment, changes=handover.change_table(assessment.changes), lang=lang, **more
    )
    return openpyxl.load_workbook(io.BytesIO(raw), data_only=values)


def rows(sheet):
    heads = [cell.value for cell in sheet[FIRST - 1]]
    found = []
    for row in sheet.iter_rows(min_row=FIRST, values_only=True):
        if row[0] == "合计":
            return found, dict(zip(heads, row, strict=True))
        found.append(dict(zip(heads, row, strict=True)))
    return found, None


def test_sheets_in_both_languages(made):
    assert book(made).sheetnames == [
        "技术经济指标表", "用地平衡表", "用地平衡表（分单元）", "移交要求", "容积构成", "权属与历史用地",
        "移交用地状态（分单元）", "移交用地", "其他规则", "范围面积变化", "说明与来源",
    ]  # fmt: skip
    english = book(made, "en")
    assert english.sheetnames[:2] == ["Key indicators", "Land balance"]
    for sheet in english:
        for cell in sheet[FIRST - 1]:
            assert cell.value
            ours = str(cell.value).replace("道路用地", "")  # the study's own word stays
            assert not any(ord(sign) > 0x2E7F for sign in ours), cell.value


@pytest.mark.parametrize("unit", ["m2", "ha", "mu"])
@pytest.mark.parametrize("decimals", [0, 1, 2])
def test_the_land_balance_adds_up_in_any_unit(made, unit, decimals):
    found = book(made, unit=unit, decimals=decimals)
    factor = {"m2": 1.0, "ha": 1e4, "mu": 1e4 / 15}[unit]
    parts, total = rows(found["用地平衡表"])
    whole = made.units["demolition_m2"].sum() / factor
    for side in ("现状", "规划"):
        area = next(name for name in total if name.startswith(f"{side}面积"))
        assert sum(one[area] for one in parts) == pytest.approx(total[area])
        assert total[area] == pytest.approx(np.round(whole, decimals))
        assert sum(one[f"{side}占比（%）"] for one in parts) == pytest.approx(100)
    parts, total = rows(found["用地平衡表（分单元）"])
    for one in [*parts, total]:
        assert one["核对差"] == 0
        *_, last = (name for name in one if name.startswith("拆除范围"))
        summed = sum(
            v
            for k, v in one.items()
            if isinstance(v, (int, float)) and k.startswith(("开发", "移交", "未安排"))
        )
        assert summed == pytest.approx(one[last])


def test_floor_area_adds_up_and_rates_are_formulas_of_what_is_printed(made):
    parts, total = rows(book(made)["技术经济指标表"])
    assert len(parts) == 3
    for one in [*parts, total]:
        terms = [
            one[f"{name}（m²）"] or 0.0 for name in ("基础容积", "转移容积", "奖励容积", "未说明")
        ]
        assert sum(terms) == pytest.approx(one["规划建筑面积（m²）"])
        assert one["容积率"] == pytest.approx(one["规划建筑面积（m²）"] / one["开发建设用地（m²）"])
        assert one["土地移交率"] == pytest.approx(one["移交用地（m²）"] / one["拆除范围（m²）"])
        assert one["拆建比（1:x）"] == pytest.approx(
            one["规划建筑面积（m²）"] / one["拆除建筑面积（m²）"]
        )
    formulas, total = rows(book(made, values=False)["技术经济指标表"])
    for name in ("规划建筑面积（m²）", "容积率", "土地移交率", "拆建比（1:x）"):
        assert str(formulas[0][name]).startswith("=")
        assert str(total[name]).startswith("=")


def test_tenure_adds_up(made):
    parts, total = rows(book(made)["权属与历史用地"])
    for one in [*parts, total]:
        split = sum(one[f"{name}（m²）"] for name in ("合法用地", "未完善用地", "国有未出让"))
        assert split == pytest.approx(one["拆除范围（m²）"])
    assert total["拆除范围（m²）"] == pytest.approx(made.units["demolition_m2"].sum().round(1))


def test_texts_never_become_formulas(made):
    for sheet in book(made, values=False):
        for row in sheet.iter_rows():
            for cell in row:
                if cell.value == "=1+1":
                    assert cell.data_type == "s"
    assert book(made, values=False)["技术经济指标表"]["B4"].value == "=1+1"


def test_verdicts_and_changes_are_in_words(made):
    found = book(made)
    parts, _ = rows(found["移交要求"])
    assert {one["状态"] for one in parts} == {"满足", "不满足", "供参考"}
    assert all(one["说明"] for one in parts)
    parts, _ = rows(found["范围面积变化"])
    changed = [one for one in parts if one["范围"] == "开发建设用地"]
    assert {one["变化率"] for one in changed} == {"-19.0000%"}
    assert {one["变化原因（人工填写）"] for one in changed} == {"更新意愿"}


def test_the_same_assessment_gives_the_same_bytes(made):
    first, second = (report.handover_workbook(made) for _ in range(2))
    assert first == second


def test_a_bare_assessment_has_a_workbook_too():
    bare = handover.assess(drawn.layers()["units"], rules=drawn.Rules())
    names = book(bare).sheetnames
    assert "技术经济指标表" in names
    assert "权属与历史用地" not in names


def test_every_text_has_both_languages():
    own = {key: one for key, one in texts().items() if key.startswith("assessment.")}
    assert len(own) > 100
    for key, one in own.items():
        assert one["zh"], key
        assert one["en"], key
        assert sorted(_places(one["zh"])) == sorted(_places(one["en"])), key


def _places(text):
    return [part.split("}")[0] for part in text.split("{")[1:]]
