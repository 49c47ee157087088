"""The workbook of a matching, read as a planner reads it."""

import io

import openpyxl
import pytest

from renewal_geo.report import sitebank_workbook
from renewal_geo.sitebank import match


@pytest.fixture(scope="module")
def found(drawn):
    sites = drawn.table(
        drawn.site("=1+1", 0, 8_000.0, use="教育设施用地"), drawn.site("b", 900, use="公园绿地")
    )
    needs = drawn.table(
        drawn.need("n", 0, uses="教育设施用地", need_by=None),
        drawn.need("o", 5, uses="教育设施用地"),
        drawn.need("far", 4_000, max_dist_m=100.0),
    )
    return match(sites, needs)


def sheets(found, lang):
    book = openpyxl.load_workbook(io.BytesIO(sitebank_workbook(found, study_name="s", lang=lang)))
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book}


def test_every_heading_says_what_its_column_is(found):
    rows = sheets(found, "zh")["外部移交用地"]
    assert rows[2][:3] == ("用地编号", "用途", "是否在库")
    rows = sheets(found, "en")["Off-site land"]
    assert rows[2][1] == "Use"
    for name, one in sheets(found, "en").items():
        assert not any(
            str(cell).isascii() is False for cell in one[2] if cell and "²" not in cell
        ), name


def test_the_open_need_stands_with_its_reason_and_the_nearest_miss(found):
    row = sheets(found, "en")["Not answered"][3]
    assert row[0] == "far"
    assert "Too far" in row
    assert "b" in row
    assert any("3,000.0 m too far" in str(cell) for cell in row)


def test_texts_are_no_formulas_and_what_is_left_is_one(found):
    book = openpyxl.load_workbook(io.BytesIO(sitebank_workbook(found)))
    sheet = book["外部移交用地"]
    heads = [cell.value for cell in sheet[3]]
    left = sheet.cell(4, heads.index("剩余（m²）") + 1)
    assert (sheet["A4"].value, sheet["A4"].data_type) == ("=1+1", "s")
    assert left.data_type == "f"
    seen = openpyxl.load_workbook(io.BytesIO(sitebank_workbook(found)), data_only=True)
    assert seen["外部移交用地"].cell(4, left.column).value == pytest.approx(800.0)


def test_the_same_matching_gives_the_same_bytes(found):
    assert sitebank_workbook(found) == sitebank_workbook(found)
