"""One printed table on one sheet: headings, formats, totals, print set-up."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from openpyxl import Workbook
from openpyxl.cell import Cell, MergedCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from renewal_geo.foundation.labels import label
from renewal_geo.foundation.quantities import level

LONGEST_TEXT = 32_000
WIDEST = 46.0
NARROWEST = 9.0
SAMPLED_ROWS = 400
FIRST_ROW = 4  # title, note, heading, then the data
STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_BAD_TITLE = re.compile(r"[\[\]:*?/\\']")

FORMATS = {
    "count": "#,##0", "m2": "#,##0.00", "ha": "#,##0.00", "score": "0.000", "m": "#,##0.0",
    "value": "#,##0.00",
    "number": "#,##0.00##", "share": "0.0%", "fine_share": "0.00%", "year": "0", "text": "@",
}  # fmt: skip
FONT = "Microsoft YaHei"
HEAD_FILL = PatternFill("solid", fgColor="12304A")
TOTAL_FILL = PatternFill("solid", fgColor="ECEAE3")
THIN = Side(style="thin", color="D9D5CB")


@dataclass(frozen=True, slots=True)
class Heading:
    """A column of a sheet: where it comes from, what it is called, how it is printed and totalled.

    `total` is empty (none), ``sum``, or a formula with ``{n}`` for its own row, ``{first}`` and
    ``{last}`` for the rows of the data and ``{<name>}`` for the letter of another column.
    `formula` fills every row in the same notation; the column's own values are then what we reckon
    it to give. `levelled` rounds so that parts add to the rounded total. `total_value` is what a
    total that is no sum gives.
    """

    name: str
    title: str
    form: str = "text"
    total: str = ""
    formula: str = ""
    levelled: bool = False
    total_value: float | None = None


@dataclass(slots=True)
class Book:
    """A workbook under construction, and the values of its formulas as we reckon them."""

    workbook: Workbook
    lang: str
    cached: dict[str, dict[str, float]] = field(default_factory=dict)
    titles: list[str] = field(default_factory=list)


def new_book(lang: str, title: str) -> Book:
    """Return an empty workbook with fixed properties."""
    workbook = Workbook()
    first = workbook.active
    if first is not None:
        workbook.remove(first)
    properties = workbook.properties
    properties.title = clean(title)
    properties.creator = "renewal-geo"
    properties.created = dt.datetime(2020, 1, 1)  # noqa: DTZ001 - the file format has no zone
    properties.modified = properties.created
    workbook.calculation.fullCalcOnLoad = True
    return Book(workbook, lang)


def clean(text: object) -> str:
    """Return a text that a cell can hold: no control signs, not endless."""
    plain = str(text)
    if len(plain) > LONGEST_TEXT:
        plain = plain[:LONGEST_TEXT] + "…"
    return str(ILLEGAL_CHARACTERS_RE.sub("\ufffd", plain))


def add_sheet(
    book: Book,
    title: str,
    rows: pd.DataFrame,
    headings: Sequence[Heading],
    *,
    note: str = "",
    caption: str = "",
) -> Worksheet:
    """Write one table.

    Parameters
    ----------
    book
        Where to.
    title
        Name of the sheet and its heading.
    rows
        n rows with the columns that `headings` name.
    headings
        Columns from left to right.
    note
        A sentence below the heading.
    caption
        Heading where it is longer than the name of the sheet.

    Returns
    -------
    Worksheet
        Heading in row 1, note in row 2, column heads in row 3, data from row 4, total below.
    """
    sheet: Worksheet = book.workbook.create_sheet(sheet_title(book, title))
    letters = {h.name: get_column_letter(i) for i, h in enumerate(headings, 1)}
    put_text(sheet.cell(1, 1), caption or title)
    sheet.cell(1, 1).font = Font(name=FONT, size=14, bold=True, color="12304A")
    if note:
        put_text(sheet.cell(2, 1), note)
        sheet.cell(2, 1).font = Font(name=FONT, size=9, color="5C6670")
    _write_heads(sheet, headings)
    columns = [_column_values(rows, heading) for heading in headings]
    last = FIRST_ROW + len(rows) - 1
    cached = book.cached.setdefault(sheet.title, {})
    for position, (heading, values) in enumerate(zip(headings, columns, strict=True), 1):
        _write_column(sheet, position, heading, values, letters, cached)
    if any(h.total for h in headings) and len(rows):
        _write_total(sheet, headings, columns, letters, last, book.lang, cached)
    _set_up(sheet, headings, columns, last, book.lang)
    return sheet


def sheet_title(book: Book, title: str) -> str:
    """Return a name that Excel accepts and that no other sheet has."""
    base = _BAD_TITLE.sub(" ", clean(title)).strip()[:28] or "-"
    name, number = base, 2
    while name.casefold() in book.titles:
        name, number = f"{base} {number}", number + 1
    book.titles.append(name.casefold())
    return name


def put_text(cell: Cell | MergedCell, text: object) -> None:
    """Write text that stays text, whatever it begins with."""
    plain = clean(text)
    cell.value = plain
    cell.data_type = "s"
    if plain.startswith(STARTS_FORMULA):
        cell.quotePrefix = True


def _write_heads(sheet: Worksheet, headings: Sequence[Heading]) -> None:
    for position, heading in enumerate(headings, 1):
        cell = sheet.cell(FIRST_ROW - 1, position)
        put_text(cell, heading.title)
        cell.font = Font(name=FONT, size=10, bold=True, color="FFFFFF")
        cell.fill = HEAD_FILL
        cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
    sheet.row_dimensions[FIRST_ROW - 1].height = 32


def _column_values(rows: pd.DataFrame, heading: Heading) -> list[Any]:
    if heading.name not in rows:
        return [None] * len(rows)
    values = rows[heading.name]
    if heading.form == "text":
        plain = values.astype(object)
        return [None if v is None or v is pd.NA or v != v else v for v in plain]  # noqa: PLR0124
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    if heading.levelled and np.isfinite(numbers).all():
        numbers = level(numbers, 2)
    return [float(v) if math.isfinite(v) else None for v in numbers]


def _write_column(
    sheet: Worksheet,
    position: int,
    heading: Heading,
    values: Sequence[Any],
    letters: Mapping[str, str],
    cached: dict[str, float],
) -> None:
    style = None
    for row, value in enumerate(values, FIRST_ROW):
        cell: Any = sheet.cell(row, position)
        if style is None:
            cell.font = Font(name=FONT, size=10)
            cell.border = Border(bottom=THIN)
            cell.number_format = FORMATS[heading.form]
            cell.alignment = Alignment(vertical="top", wrap_text=heading.form == "text")
            style = copy(cell._style)  # noqa: SLF001 - assigning styles one by one takes seconds
        else:
            cell._style = copy(style)  # noqa: SLF001
        if heading.formula:
            cell.value = "=" + heading.formula.format(n=row, **letters)
            if value is not None:
                cached[cell.coordinate] = value
        elif heading.form == "text":
            if value is not None:
                put_text(cell, _word(value))
        else:
            cell.value = value


def _word(value: object) -> str:
    if isinstance(value, (bool, np.bool_)):
        return "✓" if value else ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _write_total(
    sheet: Worksheet,
    headings: Sequence[Heading],
    columns: Sequence[Sequence[Any]],
    letters: Mapping[str, str],
    last: int,
    lang: str,
    cached: dict[str, float],
) -> None:
    row = last + 1
    for position, (heading, values) in enumerate(zip(headings, columns, strict=True), 1):
        cell = sheet.cell(row, position)
        cell.font = Font(name=FONT, size=10, bold=True)
        cell.fill = TOTAL_FILL
        cell.border = Border(top=Side(style="medium", color="12304A"))
        if position == 1:
            put_text(cell, label("sheet.total", lang))
        if not heading.total:
            continue
        cell.number_format = FORMATS[heading.form]
        letter = letters[heading.name]
        if heading.total == "sum":
            cell.value = f"=SUM({letter}{FIRST_ROW}:{letter}{last})"
            cached[cell.coordinate] = math.fsum(v for v in values if v is not None)
        else:
            cell.value = "=" + heading.total.format(n=row, first=FIRST_ROW, last=last, **letters)
            if heading.total_value is not None:
                cached[cell.coordinate] = heading.total_value
    shown = [h for h in headings if h.total == "sum"]
    if len(columns[0]) > 1 and shown:
        _write_subtotal(sheet, headings, columns, letters, last, lang, cached)


def _write_subtotal(
    sheet: Worksheet,
    headings: Sequence[Heading],
    columns: Sequence[Sequence[Any]],
    letters: Mapping[str, str],
    last: int,
    lang: str,
    cached: dict[str, float],
) -> None:
    """Write the total of the rows that a filter leaves, two rows below the total."""
    row = last + 2
    put_text(sheet.cell(row, 1), label("sheet.subtotal", lang))
    sheet.cell(row, 1).font = Font(name=FONT, size=9, italic=True, color="5C6670")
    for position, (heading, values) in enumerate(zip(headings, columns, strict=True), 1):
        if heading.total != "sum":
            continue
        letter = letters[heading.name]
        cell = sheet.cell(row, position)
        cell.value = f"=SUBTOTAL(109,{letter}{FIRST_ROW}:{letter}{last})"
        cell.number_format = FORMATS[heading.form]
        cell.font = Font(name=FONT, size=9, italic=True, color="5C6670")
        cached[cell.coordinate] = math.fsum(v for v in values if v is not None)


def _set_up(
    sheet: Worksheet,
    headings: Sequence[Heading],
    columns: Sequence[Sequence[Any]],
    last: int,
    lang: str,
) -> None:
    for position, (heading, values) in enumerate(zip(headings, columns, strict=True), 1):
        sample = [_wide(v, heading) for v in values[:SAMPLED_ROWS] if v is not None]
        head = max(_wide_text(part) for part in heading.title.split("（"))
        width = max([head + 2.0, NARROWEST, *(w + 2.0 for w in sample)])
        sheet.column_dimensions[get_column_letter(position)].width = min(width, WIDEST)
    right = get_column_letter(max(len(headings), 1))
    sheet.freeze_panes = f"B{FIRST_ROW}"
    if last >= FIRST_ROW:
        sheet.auto_filter.ref = f"A{FIRST_ROW - 1}:{right}{last}"
    sheet.print_title_rows = f"{FIRST_ROW - 1}:{FIRST_ROW - 1}"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = 9  # A4
    sheet.page_setup.fitToWidth = 1
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    footer: Any = sheet.oddFooter
    footer.center.text = label("sheet.page_of", lang)
    footer.left.text = "&A"
    sheet.print_options.horizontalCentered = True
    sheet.page_margins.left = sheet.page_margins.right = 0.4
    sheet.sheet_view.showGridLines = False


def _wide(value: object, heading: Heading) -> float:
    if heading.form == "text":
        return _wide_text(_word(value))
    return len(f"{float(str(value)):,.2f}") if heading.form != "year" else 4.0


def _wide_text(text: str) -> float:
    return float(sum(2 if ord(sign) > 0x2E7F else 1 for sign in text[:80]))
