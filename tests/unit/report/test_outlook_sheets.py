"""What a planner asks next, on sheets: figures as they were given, formulas that come out right."""

import io
import re
import zipfile

import numpy as np
import openpyxl
import pytest

from renewal_geo.report import frontier_workbook, zone_workbook

PARCEL_ID = "Parcel id"
NEW_SHEETS = ["前沿", "实施时序", "影子价格", "桥", "稳健性", "组团"]
SUM = re.compile(r"=(?:SUM|SUBTOTAL)\((?:109,)?([A-Z]+)\$?(\d+):\1(\d+)\)")


def opened(content, **options):
    return openpyxl.load_workbook(io.BytesIO(content), **options)


def column(sheet, title):
    """Return the cells of a column below its heading, down to the total."""
    head = [c.value for c in sheet[3]]
    found = []
    for row in sheet.iter_rows(min_row=4, values_only=True):
        if row[0] in {"合计", "Total", None}:
            break
        found.append(row[head.index(title)])
    return found


def formulas(book):
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    yield sheet, cell


def test_every_answer_has_its_sheet_in_both_languages(drawn, foreseen):
    d = drawn.delineation()
    assert opened(zone_workbook(d, outlook=foreseen.outlook(d))).sheetnames[5:] == NEW_SHEETS
    assert opened(zone_workbook(d, outlook=foreseen.outlook(d), lang="en")).sheetnames[5:] == [
        "Frontier", "Phases", "Prices", "Crossings", "Robustness", "Components",
    ]  # fmt: skip


def test_without_an_outlook_the_workbook_is_what_it_was(drawn):
    d = drawn.delineation()
    assert zone_workbook(d) == zone_workbook(d, outlook=None)
    assert not set(opened(zone_workbook(d)).sheetnames) & set(NEW_SHEETS)


def test_the_frontier_has_its_figures_and_two_native_charts(drawn, foreseen):
    d = drawn.delineation()
    content = zone_workbook(d, outlook=foreseen.outlook(d), lang="en")
    sheet = opened(content)["Frontier"]
    table = foreseen.outlook(d).frontier.table
    for title, name in (("Net value", "net_value"), ("Proven bound", "bound"), ("Gap", "gap")):
        assert column(sheet, title) == pytest.approx(table[name].tolist())
    assert [one == "✓" for one in column(sheet, "This study")] == table["is_study"].tolist()
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        charts = sorted(n for n in packed.namelist() if re.match(r"xl/charts/chart\d+\.xml", n))
        assert len(charts) == 2
        first = packed.read(charts[0]).decode()
    assert "scatterChart" in first
    assert set(re.findall(r"<(?:c:)?f>([^<]+)<", first)) == {
        "'Frontier'!$D$4:$D$7", "'Frontier'!$H$4:$H$7", "'Frontier'!$G$4:$G$7",
        "'Frontier'!$D$6", "'Frontier'!$G$6",
    }  # fmt: skip


def test_a_study_without_a_budget_is_charted_over_its_area(drawn, foreseen):
    d = drawn.delineation()
    seen = foreseen.outlook(d)
    seen.frontier.table.loc["P03", "area_budget_ha"] = np.nan
    content = zone_workbook(d, outlook=seen)
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        assert "$J$4:$J$7" in packed.read("xl/charts/chart1.xml").decode()


def test_cumulated_columns_and_totals_are_formulas_that_come_out_right(drawn, foreseen):
    d = drawn.delineation()
    content = zone_workbook(d, outlook=foreseen.outlook(d))
    book, stored = opened(content), opened(content, data_only=True)
    seen = 0
    for name in NEW_SHEETS:
        for sheet, cell in formulas(book):
            if sheet.title != name:
                continue
            letter, first, last = SUM.fullmatch(cell.value).groups()
            expected = sum(
                stored[name][f"{letter}{row}"].value for row in range(int(first), int(last) + 1)
            )
            assert stored[name][cell.coordinate].value == pytest.approx(expected)
            seen += 1
    assert seen >= 10
    assert column(stored["实施时序"], "累计净价值") == pytest.approx([9.65, 14.5])


def test_zones_have_their_phase_and_parcels_what_would_change_them(drawn, foreseen):
    d = drawn.delineation()
    book = opened(zone_workbook(d, outlook=foreseen.outlook(d), lang="en"))
    assert column(book["Zones"], "Phase") == [1, 2]
    parcels = book["Parcels"]
    said = dict(zip(column(parcels, PARCEL_ID), column(parcels, "What would have to change"),
                    strict=True))  # fmt: skip
    assert said["440307-00"] == "440307-00 would need 1.5 per ha"
    assert said["440307-54"] is None
    often = dict(
        zip(column(parcels, PARCEL_ID), column(parcels, "Chosen in (share of draws)"), strict=True)
    )
    assert (often["440307-00"], often["440307-30"], often["440307-54"]) == (0.95, 0.6, None)


def test_a_user_s_column_cannot_pass_for_one_of_ours(drawn, foreseen):
    d = drawn.delineation()
    d.parcels = d.parcels.assign(frequency=drawn.HIDDEN, phase=drawn.HIDDEN, would=drawn.HIDDEN)
    content = zone_workbook(d, outlook=foreseen.outlook(d))
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        assert not any(drawn.HIDDEN in packed.read(n).decode() for n in packed.namelist())


def test_a_smaller_budget_is_a_negative_gain(drawn, foreseen):
    d = drawn.delineation()
    seen = foreseen.outlook(d)
    seen.prices.table.loc["budget_up", ["step", "gain_found", "gain_at_most"]] = [-0.13, 0.05, 0.09]
    sheet = opened(zone_workbook(d, outlook=seen, lang="en"))["Prices"]
    assert column(sheet, "Gain found")[0] == pytest.approx(-0.09)
    assert column(sheet, "Gain at most (proven)")[0] == pytest.approx(-0.05)
    assert column(sheet, "Gain found")[1] is None
    assert column(sheet, "By how much")[:2] == ["-0.13 ha", "-1 percentage points"]


def test_crossings_are_listed_with_place_and_sentence(drawn, foreseen):
    d = drawn.delineation()
    sheet = opened(zone_workbook(d, outlook=foreseen.outlook(d)))["桥"]
    assert column(sheet, "阻隔") == ["河流", "河流"]
    assert column(sheet, "找到的增值") == [1.5, 0]
    assert column(sheet, "X") == [drawn.EAST + 310] * 2
    assert column(sheet, "一句话")[0].startswith("跨河连接")
    assert not any("440307-21" in str(one) for one in column(opened(
        zone_workbook(d, outlook=foreseen.outlook(d)))["影子价格"], "一句话"))  # fmt: skip


def test_components_name_the_limit_that_they_miss(drawn, foreseen):
    d = drawn.delineation()
    sheet = opened(zone_workbook(d, outlook=foreseen.outlook(d)))["组团"]
    assert column(sheet, "达不到的限制") == ["都能达到", "片区最小面积、合法用地比例"]


def test_the_summary_says_what_bound_and_gap_mean(drawn, foreseen):
    d = drawn.delineation()
    book = opened(zone_workbook(d, outlook=foreseen.outlook(d), lang="en"))
    said = [str(c.value) for c in book["Summary"]["B"]]
    assert any("no choice of zones can be worth more than 14.60" in one for one in said)
    assert "给时间再长些可以更准" in said


@pytest.mark.parametrize("case", ["empty", "unreached"])
def test_no_answer_and_no_time_still_make_a_workbook(drawn, foreseen, case):
    d = drawn.without_answer()
    outlook = foreseen.empty(d) if case == "empty" else foreseen.unreached()
    book = opened(zone_workbook(d, outlook=outlook))
    if case == "unreached":
        assert book.sheetnames[-1] == "逐步筛选"
        assert "没有时间了" in [c.value for c in book["概要"]["B"]]
    else:
        assert book.sheetnames[5:] == NEW_SHEETS
        assert "没有片区可供分析" in book["前沿"]["A2"].value
        assert column(book["组团"], "相差（公顷）") == [0, 3.5]


def test_text_never_becomes_a_formula_or_a_link(drawn, foreseen):
    for payload in drawn.PAYLOADS:
        d = drawn.delineation(hostile=True)
        d.parcels.index = drawn.delineation().parcels.index
        seen = foreseen.outlook(d, text=payload)
        seen.prices.table.loc[:, "sentence_zh"] = payload
        content = zone_workbook(d, outlook=seen)
        book = opened(content)
        for _, cell in formulas(book):
            assert re.match(r"^=(SUM|SUBTOTAL|SUMPRODUCT|IF|ROUND|[A-Z]\d+[-+])", cell.value)
        assert payload in column(book["影子价格"], "一句话")
        assert all(cell.hyperlink is None for sheet in book for row in sheet for cell in row)


def test_the_same_outlook_gives_the_same_bytes(drawn, foreseen):
    d = drawn.delineation()
    first = zone_workbook(d, outlook=foreseen.outlook(d))
    assert first == zone_workbook(drawn.delineation(), outlook=foreseen.outlook(d))


def test_the_frontier_has_a_workbook_of_its_own(drawn, foreseen):
    d = drawn.delineation()
    book = opened(frontier_workbook(foreseen.frontier(d.parcels.index), study_name="研究"))
    assert book.sheetnames == ["前沿", "前沿各点归属"]
    rows = book["前沿各点归属"]
    assert [c.value for c in rows[3]][:3] == ["宗地编号", "P01", "P02"]
    assert rows.max_row == 3 + 10  # every third of thirty parcels is ever chosen
    assert frontier_workbook(foreseen.empty(d).frontier, lang="en")
