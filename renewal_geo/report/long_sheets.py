"""Tables of many rows on a sheet: cells written straight into the file, live formulas with the values they give."""

from __future__ import annotations

import html
import io
import math
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from openpyxl.styles import Alignment, Border, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from renewal_geo.foundation.labels import label
from renewal_geo.report.packing import pack
from renewal_geo.report.sheets import (
    FONT,
    FORMATS,
    HEAD_FILL,
    THIN,
    Book,
    clean,
    put_text,
    sheet_title,
)

ROWS_AT_ONCE = 5_000
PAPER_A3 = 8
ROW_HEIGHT = 17.0
_DIMENSION = re.compile(rb'<dimension ref="[^"]*"\s*/>')


@dataclass(frozen=True, slots=True, eq=False)
class LongColumn:
    """One column of a long sheet.

    Attributes
    ----------
    name, title
        Key in formulas, and heading.
    values
        n figures or texts, None for nothing; of a formula what it gives (None: the empty text).
    form
        Key of the printed formats, or a format itself.
    formula
        For every row, or one per row (empty: none, the value is written alone), in the notation of
        :class:`~renewal_geo.report.sheets.Heading`.
    help
        One line above the heading.
    width
        Of the column, in signs.
    is_hidden
        A figure on the way that people need not see.
    is_centred
        In the middle of its column: marks and ranks.
    """

    name: str
    title: str
    values: Sequence[Any]
    form: str = "text"
    formula: str | Sequence[str] = ""
    help: str = ""
    width: float = 11.0
    is_hidden: bool = False
    is_centred: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class LongSheet:
    """A sheet of n rows whose cells are written when the book is finished."""

    sheet: Worksheet
    columns: Sequence[LongColumn]
    heading_row: int

    @property
    def rows(self) -> int:
        """Return n."""
        return len(self.columns[0].values)

    @property
    def first(self) -> int:
        """Return the first row of the data."""
        return self.heading_row + 1

    @property
    def last(self) -> int:
        """Return the last row of the data; the first one where there is none."""
        return self.heading_row + max(self.rows, 1)

    def letter(self, name: str) -> str:
        """Return the letter of a column."""
        names = [one.name for one in self.columns]
        return get_column_letter(names.index(name) + 1)

    def span(self, name: str) -> str:
        """Return a whole column as a reference from any sheet."""
        letter = self.letter(name)
        return f"'{self.sheet.title}'!${letter}${self.first}:${letter}${self.last}"


@dataclass(slots=True)
class Writing:
    """A book under construction with its long sheets, and the texts that formulas of the others give."""

    book: Book
    sheets: list[LongSheet] = field(default_factory=list)
    texts: dict[str, dict[str, str]] = field(default_factory=dict)


def add_long_sheet(
    writing: Writing,
    title: str,
    columns: Sequence[LongColumn],
    *,
    caption: str = "",
    note: str = "",
    heading_row: int = 4,
) -> LongSheet:
    """Add a sheet: heading in row 1, note in row 2, helps above the column heads, data below them.

    Parameters
    ----------
    writing
        Where to.
    title
        Name of the sheet.
    columns
        From left to right, all of n rows.
    caption, note
        Heading and the sentence below it.
    heading_row
        Row of the column heads.

    Returns
    -------
    LongSheet
        With styles, print set-up (A3 landscape, heads repeated), filter and frozen heads; the first two columns
        stay in view.
    """
    sheet: Worksheet = writing.book.workbook.create_sheet(sheet_title(writing.book, title))
    long = LongSheet(sheet, columns, heading_row)
    put_text(sheet.cell(1, 1), caption or title)
    sheet.cell(1, 1).font = Font(name=FONT, size=14, bold=True, color="12304A")
    put_text(sheet.cell(2, 1), note)
    sheet.cell(2, 1).font = Font(name=FONT, size=9, color="5C6670")
    for at, column in enumerate(columns, 1):
        _add_head(sheet, heading_row, at, column)
        body = sheet.cell(heading_row + 1, at)
        body.font = Font(name=FONT, size=10)
        body.border = Border(bottom=THIN)
        body.number_format = FORMATS.get(column.form, column.form)
        is_text = column.form == "text"
        body.alignment = Alignment(
            horizontal="center" if column.is_centred else "left" if is_text else None,
            vertical="center", indent=1 if is_text and not column.is_centred else 0,
        )  # fmt: skip
        width = sheet.column_dimensions[get_column_letter(at)]
        width.width, width.hidden = column.width, column.is_hidden
    if any(one.help for one in columns):
        lines = max(math.ceil(1.15 * wide_text(one.help) / one.width) for one in columns)
        sheet.row_dimensions[heading_row - 1].height = 12.0 * min(lines, 12)
    is_tall = any("\n" in one.title for one in columns)
    sheet.row_dimensions[heading_row].height = 46 if is_tall else 30
    sheet.sheet_format.defaultRowHeight, sheet.sheet_format.customHeight = ROW_HEIGHT, True
    _set_up(long, writing.book.lang)
    writing.sheets.append(long)
    return long


def finished(writing: Writing) -> bytes:
    """Return the book as bytes that depend on its content alone, with its long sheets filled in."""
    numbers = {one.title: at for at, one in enumerate(writing.book.workbook.worksheets, 1)}
    longs = {f"xl/worksheets/sheet{numbers[one.sheet.title]}.xml": one for one in writing.sheets}
    texts = {
        f"xl/worksheets/sheet{numbers[title]}.xml": told for title, told in writing.texts.items()
    }
    packed, made = io.BytesIO(pack(writing.book)), io.BytesIO()
    with zipfile.ZipFile(packed) as old, zipfile.ZipFile(made, "w") as new:
        for entry in old.infolist():
            body = old.read(entry.filename)
            for cell, text in texts.get(entry.filename, {}).items():
                body = _with_text(body, cell, text)
            if entry.filename not in longs:
                new.writestr(entry, body, compresslevel=6)
                continue
            with new.open(entry, "w") as out:
                for part in _filled(body, longs[entry.filename]):
                    out.write(part)
    return made.getvalue()


def wide_text(text: str) -> int:
    """Return how wide a text is, in Latin signs; Chinese ones count twice."""
    return sum(2 if ord(sign) > 0x2E7F else 1 for sign in text)


def _add_head(sheet: Worksheet, row: int, at: int, column: LongColumn) -> None:
    head = sheet.cell(row, at)
    put_text(head, column.title)
    head.font = Font(name=FONT, size=10, bold=True, color="FFFFFF")
    head.fill = HEAD_FILL
    head.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
    if column.help:
        told = sheet.cell(row - 1, at)
        put_text(told, column.help)
        told.font = Font(name=FONT, size=8, color="5C6670")
        told.alignment = Alignment(vertical="bottom", wrap_text=True)


def _set_up(long: LongSheet, lang: str) -> None:
    sheet = long.sheet
    sheet.freeze_panes = f"C{long.first}"
    right = get_column_letter(len(long.columns))
    if long.rows:
        sheet.auto_filter.ref = f"A{long.heading_row}:{right}{long.last}"
    sheet.print_title_rows = f"{long.heading_row}:{long.heading_row}"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = PAPER_A3
    sheet.page_setup.fitToWidth = 1
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    footer: Any = sheet.oddFooter
    footer.center.text = label("sheet.page_of", lang)
    footer.left.text = "&A"
    sheet.print_options.horizontalCentered = True
    sheet.page_margins.left = sheet.page_margins.right = 0.4
    sheet.sheet_view.showGridLines = False


def _with_text(body: bytes, cell: str, text: str) -> bytes:
    """Write what a formula gives beside it, where that is a text."""
    form = re.compile(
        rb'<c r="%s"([^>]*)><f>(.*?)</f><v\s*/?>(?:</v>)?</c>' % cell.encode(), re.DOTALL
    )
    told = html.escape(clean(text), quote=False).encode()

    def fill(found: re.Match[bytes]) -> bytes:
        return b'<c r="%s"%s t="str"><f>%s</f><v>%s</v></c>' % (
            cell.encode(), found[1], found[2], told,
        )  # fmt: skip

    return form.sub(fill, body, count=1)


def _filled(body: bytes, long: LongSheet) -> Iterator[bytes]:
    """Yield a sheet with its one row of styles replaced by the rows."""
    row = re.compile(rb'<row r="%d"[^>]*>(.*?)</row>' % long.first, re.DOTALL)
    found = row.search(body)
    if found is None:  # pragma: no cover - the row of styles is always there
        raise AssertionError(f"no row of styles on {long.sheet.title}")
    right = get_column_letter(len(long.columns)).encode()
    head = _DIMENSION.sub(
        b'<dimension ref="A1:%s%d"/>' % (right, long.last), body[: found.start()], count=1
    )
    yield head
    styles = [one.decode() for one in re.findall(rb's="(\d+)"', found[1])]
    for start in range(0, long.rows, ROWS_AT_ONCE):
        stop = min(start + ROWS_AT_ONCE, long.rows)
        cells = [
            _cells(column, long, at, styles[at], range(start, stop))
            for at, column in enumerate(long.columns)
        ]
        lines = (
            f'<row r="{long.first + start + n}">{"".join(parts)}</row>'
            for n, parts in enumerate(zip(*cells, strict=True))
        )
        yield "".join(lines).encode()
    yield body[found.end() :]


def _cells(column: LongColumn, long: LongSheet, at: int, style: str, rows: range) -> list[str]:
    """Return the cells of a part of one column as XML."""
    letters = {one.name: get_column_letter(n) for n, one in enumerate(long.columns, 1)}
    letter, split = get_column_letter(at + 1), {"": [""]}
    made = []
    for n in rows:
        row = long.first + n
        asked = column.formula if isinstance(column.formula, str) else column.formula[n]
        parts = split.get(asked)
        if parts is None:
            text = html.escape(asked.format(n="\0", **letters), quote=False)
            parts = split[asked] = text.split("\0")
        place = f'<c r="{letter}{row}" s="{style}"'
        value = column.values[n]
        made.append(_live(place, str(row).join(parts), value) if asked else _plain(place, value))
    return made


def _live(place: str, formula: str, value: Any) -> str:
    if value is None or isinstance(value, str):
        text = html.escape(clean(value or ""), quote=False)
        return f'{place} t="str"><f>{formula}</f><v>{text}</v></c>'
    return f"{place}><f>{formula}</f><v>{_number(value)}</v></c>"


def _plain(place: str, value: Any) -> str:
    if value is None or value == "":
        return f"{place}/>"
    if isinstance(value, str):
        text = html.escape(clean(value), quote=False)
        return f'{place} t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
    return f"{place}><v>{_number(value)}</v></c>"


def _number(value: float) -> str:
    plain = float(value)
    return str(int(plain)) if plain.is_integer() else repr(plain)
