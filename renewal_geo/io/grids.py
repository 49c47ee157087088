"""A sheet of a workbook, or a CSV, cell by cell: every cell knows its address and whether it is a percentage."""

from __future__ import annotations

import csv
import datetime as dt
import io
import zipfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils import get_column_letter

from renewal_geo.foundation.errors import SourceError, some_ids
from renewal_geo.foundation.provenance import Source, sha256_of
from renewal_geo.foundation.settings import nearest
from renewal_geo.io import archives, drivers, encodings, paths
from renewal_geo.io.tables import DELIMITERS, UNREADABLE_BOOKS, WORKBOOK

TEXTS = {".csv", ".txt", ".tsv"}
BOOKS = {".xlsx", ".xlsm"}
Moment = (dt.date, dt.time, dt.timedelta)
MOST_CELLS = 2_000_000


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: its value as stored, where it stands, whether a workbook shows it as a percentage."""

    value: Any
    place: str
    is_percent: bool = False

    @property
    def is_filled(self) -> bool:
        """Whether anything but blanks stands in it."""
        return self.value is not None and str(self.value).strip() != ""

    @property
    def is_moment(self) -> bool:
        """Whether it holds a date or a time of day."""
        return isinstance(self.value, Moment)

    @property
    def text(self) -> str:
        """Return what a person reads: whole numbers without a point, dates as 2020-06-30."""
        if not self.is_filled:
            return ""
        if isinstance(self.value, float) and self.value.is_integer():
            return str(int(self.value))
        if isinstance(self.value, dt.datetime) and self.value.time() == dt.time():
            return self.value.date().isoformat()
        return str(self.value).strip()


@dataclass(frozen=True, slots=True)
class Grid:
    """The cells of one sheet, row by row, and its record."""

    rows: tuple[tuple[Cell, ...], ...]
    sheet: str
    source: Source

    def place(self, cell: Cell) -> str:
        """Return where a cell is, for a fault: file, sheet, address."""
        sheet = f", sheet {self.sheet}" if self.sheet else ""
        return f"{self.source.path}{sheet}, {cell.place}"


def read_grids(
    path: str | Path, sheets: Sequence[str], *, role: str = "", folder: Path | None = None
) -> list[Grid]:
    """Read sheets of a workbook, or a CSV, without taking the first row for headings.

    Parameters
    ----------
    path
        Local .xlsx, .xlsm, .csv, .tsv or .txt file.
    sheets
        Names; an empty one means the first sheet. A CSV has one, without a name.
    role, folder
        As for :func:`renewal_geo.io.read_layer`.

    Raises
    ------
    SourceError
        ``table_unknown, sheet_unknown, unsafe_zip, empty_table``.
    """
    found = paths.local_file(path, folder)
    suffix = found.suffix.lower()
    shown = paths.relative(found, folder)
    sha256 = sha256_of([found]) if suffix in TEXTS | BOOKS else ""

    def record(rows: Sequence[Sequence[Cell]], sheet: str, **told: Any) -> Source:
        return Source(role, shown, sheet, sha256, len(rows), crs="", **told)

    if suffix in TEXTS and not any(sheets):
        rows, chosen = _text_rows(found)
        told = {"encoding": chosen.evidence.encoding, "evidence": chosen.evidence}
        source = record(rows, "", notes=tuple(chosen.notes()), **told)
        return [Grid(rows, "", source) for _ in sheets]
    if suffix in BOOKS:
        pages = _book_rows(found, sheets)
        return [
            Grid(rows, name, record(rows, name, encoding="UTF-8", evidence=WORKBOOK))
            for name, rows in pages
        ]
    if suffix in TEXTS:
        raise SourceError(
            f"{found.name} is a text file and has no sheet {next(filter(None, sheets))!r}",
            where=str(found),
            fix="save it as a workbook (.xlsx) with that sheet, or leave the sheet out",
            code="sheet_unknown",
        )
    raise SourceError(
        f"{found.name} is neither a workbook nor a CSV",
        where=str(found),
        fix="save it as .xlsx or as .csv (UTF-8)",
        code="table_unknown",
    )


def _text_rows(path: Path) -> tuple[tuple[tuple[Cell, ...], ...], encodings.Encoding]:
    data = path.read_bytes()
    chosen = encodings.encoding_of_bytes(data, encodings.AUTO, str(path))
    text = data.decode(chosen.codec).lstrip("\ufeff")
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(DELIMITERS, key=first.count)
    try:
        rows = (
            []
            if "\0" in text
            else list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
        )
    except csv.Error as fault:
        raise _unreadable(path, str(fault)) from fault
    if not any(cell.strip() for row in rows for cell in row):
        raise SourceError(f"{path.name} is empty, or no text", where=str(path),
                          fix="save it as .csv (UTF-8) or .xlsx", code="empty_table")  # fmt: skip
    cells = tuple(
        tuple(Cell(value or None, _address(x, y)) for x, value in enumerate(row, 1))
        for y, row in enumerate(rows, 1)
    )
    return cells, chosen


def _book_rows(path: Path, sheets: Sequence[str]) -> list[tuple[str, tuple[tuple[Cell, ...], ...]]]:
    try:
        _require_small(path)
        with drivers.remarks():
            book = load_workbook(path, read_only=True, data_only=True, keep_links=False)
        with closing(book), drivers.remarks():
            named = _sheet_names([one.title for one in book.worksheets], sheets, path)
            return [(name, _page_rows(book[name], path)) for name in named]
    except SourceError:
        raise
    except UNREADABLE_BOOKS as fault:
        raise _unreadable(path, str(fault)[:200]) from fault


def _require_small(path: Path) -> None:
    with zipfile.ZipFile(path) as packed:
        total = sum(member.file_size for member in packed.infolist())
    if total > archives.MAX_UNPACKED_BYTES:
        raise SourceError(
            f"{path.name} unpacks to {total:,} bytes, more than {archives.MAX_UNPACKED_BYTES:,}",
            where=str(path),
            fix="save the sheet as .csv (UTF-8)",
            code="unsafe_zip",
        )


def _sheet_names(there: Sequence[str], sheets: Sequence[str], path: Path) -> list[str]:
    """Return the sheets that are asked for; an empty name is the first."""
    named = [one or (there[0] if there else "") for one in sheets]
    unknown = next((one for one in named if one not in there), None)
    if unknown is not None:
        raise SourceError(
            f"{path.name} has no sheet {unknown!r}{nearest(unknown, list(there))}",
            where=str(path),
            fix=f"use one of: {some_ids(there, 12)}",
            code="sheet_unknown",
        )
    return named


def _page_rows(page: Any, path: Path) -> tuple[tuple[Cell, ...], ...]:
    page.reset_dimensions()
    rows: list[tuple[Cell, ...]] = []
    count = 0
    for y, row in enumerate(page.iter_rows(), 1):
        count += len(row)
        if count > MOST_CELLS:
            raise _unreadable(path, f"sheet {page.title} has more than {MOST_CELLS:,} cells")
        cells = [_cell(one, _address(x, y)) for x, one in enumerate(row, 1)]
        while cells and not cells[-1].is_filled:
            cells.pop()
        rows.append(tuple(cells))
    while rows and not rows[-1]:
        rows.pop()
    return tuple(rows)


def _cell(one: Any, place: str) -> Cell:
    value = one.value
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return Cell(value, place, is_number and "%" in str(one.number_format))


def _address(x: int, y: int) -> str:
    return f"{get_column_letter(x)}{y}"


def _unreadable(path: Path, why: str) -> SourceError:
    return SourceError(
        f"{path.name} cannot be read as a table: {why}",
        where=str(path),
        fix="open it in Excel or WPS and save it as .xlsx, without a password",
        code="table_unknown",
    )
