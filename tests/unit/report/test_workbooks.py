"""Workbooks: text stays text, our totals are formulas, and they come out right."""

import io
import re
import zipfile
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
from openpyxl.utils import range_boundaries

from renewal_geo import quality
from renewal_geo.foundation.errors import InputError
from renewal_geo.ledger import tally
from renewal_geo.report import findings_workbook, ledger_workbook, zone_workbook


def opened(content, **options):
    return openpyxl.load_workbook(io.BytesIO(content), **options)


def reckon(sheet, cell):
    """Evaluate the few forms of formula that we write, from the cells of the sheet."""
    value = sheet[cell].value
    if not isinstance(value, str) or not value.startswith("="):
        return value or 0.0
    text = value[1:]

    def numbers(area):
        left, top, right, bottom = range_boundaries(area)
        return [
            reckon(sheet, sheet.cell(r, c).coordinate)
            for r in range(top, bottom + 1)
            for c in range(left, right + 1)
        ]

    text = re.sub(
        r"SUMPRODUCT\((\w+:\w+),(\w+:\w+)\)",
        lambda m: repr(float(np.dot(numbers(m[1]), numbers(m[2])))), text,
    )  # fmt: skip
    text = re.sub(
        r"(?:SUM|SUBTOTAL)\((?:109,)?(\w+:\w+)\)", lambda m: repr(float(sum(numbers(m[1])))), text
    )
    text = re.sub(r"IF\((\w+)=0,0,(.*)\)", r"(0 if \1==0 else \2)", text)
    text = re.sub(r"ROUND\((.*),2\)", r"round(\1,2)", text)
    text = re.sub(
        r"(?<![\w.])([A-Z]{1,2}\d+)(?![\w(])", lambda m: repr(float(reckon(sheet, m[1]))), text
    )
    return eval(text, {"round": round})  # noqa: S307 - our own formulas, in a test


def formulas(book):
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    yield sheet, cell


def column(sheet, title):
    """Return the figures of a column by its heading, without the totals."""
    head = [c.value for c in sheet[3]]
    index = head.index(title)
    found = []
    for row in sheet.iter_rows(min_row=4, values_only=True):
        if row[0] in {"合计", "Total"}:
            break
        found.append(row[index])
    return found


def ledger(areas, *, uncovered=0.0, twice=0.0, zones=("Z01",)):
    rows = []
    for zone in zones:
        rows += [(zone, name, "class", area) for name, area in areas.items()]
        rows += [(zone, "", "uncovered", uncovered), (zone, "", "covered_twice", twice)]
    table = pd.DataFrame(rows, columns=["zone_id", "land_use", "kind", "area_m2"])
    table["sliver_m2"] = 0.0
    total = sum(areas.values()) + uncovered - twice
    totals = pd.DataFrame({"area_m2": total, "closing_m2": 0.0},
                          index=pd.Index(zones, name="zone_id"))  # fmt: skip
    return SimpleNamespace(table=table, totals=totals, by="land_use", id_column="zone_id")


def test_sheets_and_headings_in_both_languages(drawn):
    d = drawn.delineation()
    zh = opened(zone_workbook(d, ledgers=[ledger({"M1": 1.0})]))
    assert zh.sheetnames == [
        "概要",
        "片区",
        "分街道",
        "宗地与结论",
        "逐步筛选",
        "台账 现状用途",
    ]
    en = opened(zone_workbook(d, lang="en"))
    assert en.sheetnames == ["Summary", "Zones", "By sub-district", "Parcels", "Funnel"]
    assert "Net area (ha)" in [c.value for c in en["Zones"][3]]


def test_every_formula_gives_what_its_stored_value_says(drawn):
    content = zone_workbook(drawn.delineation(), ledgers=[ledger({"M1": 60.333, "W1": 39.667})])
    book, stored = opened(content), opened(content, data_only=True)
    seen = 0
    for sheet, cell in formulas(book):
        if "!" in cell.value:
            name, area = re.match(r"=SUM\('(.+)'!(.+)\)", cell.value).groups()
            rows = book[name][area]
            expected = sum(one[0].value for one in rows)
        else:
            expected = reckon(sheet, cell.coordinate)
        assert stored[sheet.title][cell.coordinate].value == pytest.approx(expected, abs=1e-8)
        seen += 1
    assert seen > 30


def test_areas_add_up_from_parcel_to_zone_to_total(drawn):
    d = drawn.delineation()
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, len(d.parcels))
    d.parcels = d.parcels.assign(area_m2=d.parcels["area_m2"] + noise)
    book = opened(zone_workbook(d))
    parcels, zones, streets = book["宗地与结论"], book["片区"], book["分街道"]
    area = pd.Series(column(parcels, "净面积（m²）"))
    zone = pd.Series(column(parcels, "片区编号"))
    for name, expected in zip(
        column(zones, "片区编号"), column(zones, "净面积（m²）"), strict=True
    ):
        assert area[zone == name].sum() == pytest.approx(expected, abs=1e-6)
        assert round(expected, 2) == pytest.approx(expected, abs=1e-9)
    assert area.sum() == pytest.approx(round(d.parcels["area_m2"].sum(), 2), abs=1e-6)
    chosen = sum(reckon(streets, f"J{r}") for r in (4, 5))
    assert chosen == pytest.approx(area[zone.notna()].sum(), abs=1e-6)
    hectares = column(zones, "净面积（公顷）")
    assert sum(hectares) == pytest.approx(round(sum(column(zones, "净面积（m²）")) / 1e4, 2))


def test_text_never_becomes_a_formula_or_a_link(drawn):
    d = drawn.delineation(hostile=True, names=("=1+1", "@SUM(A1)"))
    d.parcels = d.parcels.assign(note=[["=2+3", "+1", "-1", "@x", "https://example.org"][n % 5]
                                       for n in range(30)])  # fmt: skip
    content = zone_workbook(d, columns=["note"], study_name="=cmd()", notes=["=1"])
    book = opened(content)
    ours = re.compile(r"^=(SUM|SUBTOTAL|SUMPRODUCT|IF|ROUND|[A-Z]\d+[-+])")
    for _, cell in formulas(book):
        assert ours.match(cell.value), cell.value
    assert "=2+3" in column(book["宗地与结论"], "note")
    assert all(cell.hyperlink is None for sheet in book for row in sheet for cell in row)
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        assert not any("hyperlink" in packed.read(name).decode() for name in packed.namelist())


def test_control_signs_and_endless_texts_fit_into_cells(drawn):
    d = drawn.delineation()
    d.parcels = d.parcels.assign(reason_text=["\x00\x0b" + "长" * 40_000] + ["x"] * 29)
    texts = column(opened(zone_workbook(d))["宗地与结论"], "说明")
    assert texts[0].startswith("\ufffd\ufffd")
    assert len(texts[0]) < 32_767


def test_own_columns_only_where_named(drawn):
    d = drawn.delineation()
    content = zone_workbook(d)
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        assert not any(drawn.HIDDEN in packed.read(n).decode() for n in packed.namelist())
    assert "owner" in [
        c.value for c in opened(zone_workbook(d, columns=["owner"]))["宗地与结论"][3]
    ]
    with pytest.raises(InputError, match="ownr"):
        zone_workbook(d, columns=["ownr"])


def test_the_same_delineation_gives_the_same_bytes_in_any_order(drawn):
    d, e = drawn.delineation(), drawn.delineation()
    e.parcels, e.membership = e.parcels.iloc[::-1], e.membership.iloc[::-1]
    first = zone_workbook(d)
    assert first == zone_workbook(drawn.delineation())
    assert first == zone_workbook(e)
    with zipfile.ZipFile(io.BytesIO(first)) as packed:
        assert {entry.date_time for entry in packed.infolist()} == {(2020, 1, 1, 0, 0, 0)}


def test_print_set_up_and_frozen_headers(drawn):
    for sheet in opened(zone_workbook(drawn.delineation())):
        assert sheet.freeze_panes == "B4"
        assert sheet.page_setup.orientation == "landscape"
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert sheet.print_title_rows == "$3:$3"
        assert "&P" in sheet.oddFooter.center.text
    assert opened(zone_workbook(drawn.delineation()))["宗地与结论"].auto_filter.ref == "A3:K33"


def test_funnel_losses_are_differences(drawn):
    sheet = opened(zone_workbook(drawn.delineation()))["逐步筛选"]
    assert [sheet[f"E{r}"].value for r in range(4, 11)] == [
        None, "=B4-B5", "=B5-B6", "=B6-B7", "=B7-B8", "=B8-B9", None,
    ]  # fmt: skip
    assert sum(reckon(sheet, f"F{r}") for r in range(5, 10)) == 100_000


def test_a_district_without_an_answer_has_a_workbook(drawn):
    book = opened(zone_workbook(drawn.without_answer(), lang="en"))
    contents = [c.value for c in book["Summary"]["B"]]
    assert "No feasible answer" in contents
    assert any("3.50" in str(one) for one in contents)


def test_a_ledger_closes_on_paper():
    one = ledger({"M1": 33.333, "W1": 33.333, "": 33.333}, uncovered=10.004, twice=0.003,
                 zones=("Z01", "Z02"))  # fmt: skip
    content = ledger_workbook(one)
    sheet = opened(content).worksheets[0]
    head = [c.value for c in sheet[3]]
    assert "未标明（m²）" in head
    for row in (4, 5):
        values = [reckon(sheet, sheet.cell(row, c).coordinate) for c in range(2, len(head) + 1)]
        *parts, total, area, check = values
        assert parts == [
            pytest.approx(p, abs=0.0101) for p in (33.333, 33.333, 33.333, 0.003, 10.004)
        ]
        assert total == pytest.approx(110.0, abs=1e-9)
        assert (area, check) == (110.0, 0.0)


def test_a_ledger_of_many_classes_goes_downwards():
    one = ledger({f"class {n}": 1.005 for n in range(40)}, uncovered=0.0)
    sheet = opened(ledger_workbook(one)).worksheets[0]
    assert sheet.max_column == 6
    assert reckon(sheet, "E46") == pytest.approx(40.2)
    assert sheet["A46"].value == "合计"


def test_a_ledger_that_does_not_close_says_so():
    broken = ledger({"M1": 50.0})
    broken.totals["area_m2"] = 60.0
    sheet = opened(ledger_workbook(broken)).worksheets[0]
    assert reckon(sheet, sheet.cell(4, sheet.max_column).coordinate) == pytest.approx(-10.0)


def test_findings_are_counted_listed_and_followed_by_the_repairs(drawn):
    parcels = drawn.delineation().parcels[["land_use", "geometry"]]
    parcels = pd.concat([parcels, parcels.iloc[:2]])
    found = quality.check(parcels)
    fixed = quality.repair(parcels, found)
    book = opened(findings_workbook(found, fixed))
    assert book.sheetnames[:2] == ["问题汇总", "问题"]
    assert "修复日志" in book.sheetnames
    counted = book["问题汇总"]
    assert reckon(counted, f"D{3 + len(found.counts) + 1}") == len(found.table)
    assert column(book["问题"], "要素编号") == found.table["row_id"].astype(str).tolist()
    assert "编号重复" in column(book["问题"], "问题")
    english = opened(findings_workbook(found, lang="en"))
    shown = [one for one in column(english["Findings"], "Message") if one]
    assert shown == found.table["message_en"].tolist()


def test_a_real_ledger_closes_on_paper_in_every_row(drawn):
    zones = drawn.delineation().zones
    use = drawn.delineation().parcels[["land_use", "geometry"]].dropna(subset=["geometry"])
    use = use.assign(land_use=[f"M{n % 3}" for n in range(len(use))])
    book = pd.concat([use.iloc[:20], use.iloc[:2].translate(3.3, 1.7).to_frame("geometry").assign(
        land_use="W1")])  # fmt: skip
    found = tally(zones, gpd.GeoDataFrame(book, geometry="geometry", crs=drawn.CRS), by="land_use")
    sheet = opened(ledger_workbook(found)).worksheets[0]
    last = sheet.max_column
    for row in (4, 5):
        area = found.totals["area_m2"].iloc[row - 4]
        assert reckon(sheet, sheet.cell(row, last - 2).coordinate) == pytest.approx(area, abs=0.006)
        assert reckon(sheet, sheet.cell(row, last).coordinate) == 0.0
