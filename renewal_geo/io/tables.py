"""Tables without shapes: csv, xlsx, dbf; every cell as people see it."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import zipfile
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pandas as pd
import pyogrio
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from renewal_geo.foundation.errors import SourceError, some_ids
from renewal_geo.foundation.provenance import Evidence, Source, sha256_of
from renewal_geo.foundation.settings import nearest
from renewal_geo.io import archives, drivers, encodings, formats, paths
from renewal_geo.io.mended_tables import mending_of

DELIMITERS = ",;\t|"
LARGEST_EXACT = 2**53
# A damaged workbook fails anywhere in openpyxl, and with anything.
UNREADABLE_BOOKS = (
    *archives.DAMAGED, InvalidFileException, SyntaxError, LookupError, TypeError, AttributeError,
    AssertionError, RuntimeError, ArithmeticError,
)  # fmt: skip
NUMERAL = re.compile(
    r"[+-]?(\d{1,3}(,\d{3})+|0|[1-9]\d*|(?=\.\d))(\.\d*)?([eE][+-]?\d{1,3})?$", re.ASCII
)
WORKBOOK = Evidence("UTF-8", "format", "workbooks are always UTF-8")
SUFFIXES = (".csv", ".txt", ".tsv", ".xlsx", ".xlsm", ".dbf")


def read_table(
    path: str | Path,
    *,
    sheet: str = "",
    encoding: str = encodings.AUTO,
    role: str = "",
    folder: Path | None = None,
) -> tuple[pd.DataFrame, Source]:
    """Read a table from a csv, xlsx or dbf file.

    Parameters
    ----------
    path
        Local file; the first row that is not empty holds the names.
    sheet
        Sheet of a workbook; empty where it has only one, or for the first.
    encoding
        Encoding of a csv or dbf; ``auto`` looks for evidence.
    role, folder
        As for :func:`renewal_geo.io.read_layer`.

    Returns
    -------
    table : DataFrame
        All rows in the order of the file. Numbers where every filled cell is one and none begins
        with a superfluous 0; else texts. Empty cells are missing.
    source : Source
        Path, hash, rows, encoding, notes.

    Raises
    ------
    SourceError
        As for layers, and ``sheet_unknown``.
    """
    found = paths.local_file(path, folder)
    shown = paths.relative(found, folder)
    suffix = found.suffix.lower()
    notes: list[str] = []
    chosen: encodings.Encoding | None = None
    if suffix in {".csv", ".txt", ".tsv"}:
        table, chosen = _read_csv(found, encoding)
    elif suffix in {".xlsx", ".xlsm"}:
        table, sheet = _read_xlsx(found, sheet, notes)
    elif suffix == ".dbf":
        table, chosen = _read_dbf(found, encoding, notes)
    else:
        raise SourceError(
            f"{found.name} is not a csv, xlsx or dbf table",
            where=str(found),
            fix="save it as .xlsx or as .csv (UTF-8)",
            code="table_unknown",
        )
    if chosen is not None:
        notes += chosen.notes()
    if not len(table):
        raise SourceError(
            f"{found.name} has no rows", where=shown, fix="check the file", code="empty_table"
        )
    evidence = WORKBOOK if chosen is None else chosen.evidence
    source = Source(
        role=role,
        path=shown,
        layer=sheet,
        sha256=sha256_of([found]),
        rows=len(table),
        crs="",
        encoding=evidence.encoding,
        notes=tuple(notes),
        evidence=evidence,
    )
    return table, source


def as_key(cell: object) -> str:
    """Return a cell as a key for matching: ``3``, ``3.0`` and ``" 3 "`` are one; missing is empty.

    >>> as_key(3.0), as_key(" 3.0 "), as_key("007"), as_key(None)
    ('3', '3', '007', '')
    """
    if cell is None or cell is pd.NaT or (isinstance(cell, float) and cell != cell):  # noqa: PLR0124
        return ""
    text = str(cell).strip()
    whole, point, rest = text.partition(".")
    if point and rest and not rest.strip("0") and whole.lstrip("-").isdigit():
        return whole
    return "" if text in {"nan", "<NA>", "None", "NaT"} else text


def _read_csv(path: Path, encoding: str) -> tuple[pd.DataFrame, encodings.Encoding]:
    data = path.read_bytes()
    chosen = encodings.encoding_of_bytes(data, encoding, str(path))
    text = data.decode(chosen.codec).lstrip("\ufeff")
    if "\0" in text:
        raise SourceError(
            f"{path.name} is not a text table: it holds zero bytes",
            where=str(path),
            fix="save it as .csv (UTF-8) or .xlsx",
            code="table_unknown",
        )
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(DELIMITERS, key=first.count)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as fault:
        raise SourceError(
            f"{path.name} cannot be read as a table: {fault}",
            where=str(path),
            fix="save it as .csv (UTF-8) or .xlsx",
            code="table_unknown",
        ) from fault
    return _framed(rows, path), chosen


def _read_xlsx(path: Path, sheet: str, notes: list[str]) -> tuple[pd.DataFrame, str]:
    try:
        rows, sheet = _sheet_rows(path, sheet, notes)
    except SourceError:
        raise
    except UNREADABLE_BOOKS as fault:
        raise SourceError(
            f"{path.name} cannot be read as a workbook: {str(fault)[:200]}",
            where=str(path),
            fix="open it in Excel or WPS and save it as .xlsx, without a password",
            code="table_unknown",
        ) from fault
    return _framed(rows, path), sheet


def _sheet_rows(path: Path, sheet: str, notes: list[str]) -> tuple[list[list[Any]], str]:
    with zipfile.ZipFile(path) as packed:
        total = sum(member.file_size for member in packed.infolist())
    if total > archives.MAX_UNPACKED_BYTES:
        raise SourceError(
            f"{path.name} unpacks to {total:,} bytes, more than {archives.MAX_UNPACKED_BYTES:,}",
            where=str(path),
            fix="save the sheet as .csv (UTF-8)",
            code="unsafe_zip",
        )
    with drivers.remarks():
        book = load_workbook(path, read_only=True, data_only=True, keep_links=False)
    with closing(book), drivers.remarks():
        names = [one.title for one in book.worksheets]
        if not names or (sheet and sheet not in names):
            raise SourceError(
                f"{path.name} has no sheet {sheet!r}{nearest(sheet, names)}",
                where=str(path),
                fix=f"use one of: {some_ids(names, 12)}",
                code="sheet_unknown",
            )
        if not sheet and len(names) > 1:
            notes.append(f"{len(names)} sheets; the first, {names[0]!r}, was read")
        page = book[sheet or names[0]]
        page.reset_dimensions()
        rows = [list(row) for row in page.iter_rows(values_only=True)]
    return rows, sheet or names[0]


def _read_dbf(
    path: Path, encoding: str, notes: list[str]
) -> tuple[pd.DataFrame, encodings.Encoding]:
    parts = formats.side_cars(path)
    chosen = encodings.encoding_of_table(path, encoding, parts.get(".cpg"))
    mending = mending_of(path, chosen)
    notes += mending.notes
    try:
        with ExitStack() as stack:
            stack.enter_context(drivers.settled())
            stack.enter_context(drivers.remarks())
            table = pyogrio.read_dataframe(
                mending.copied(path, stack),
                encoding=encodings.gdal_name(chosen.codec),
                read_geometry=False,
                use_arrow=False,
            )
    except drivers.UNREADABLE as fault:
        raise SourceError(
            f"{path.name} cannot be read as a table: {fault}",
            where=str(path),
            fix="save it as .csv (UTF-8) or .xlsx",
            code="table_unknown",
        ) from fault
    return pd.DataFrame(table), chosen


def _framed(rows: list[list[Any]], path: Path) -> pd.DataFrame:
    filled = [row for row in rows if any(_is_filled(cell) for cell in row)]
    if not filled:
        raise SourceError(f"{path.name} is empty", where=str(path), fix="check the file",
                          code="empty_table")  # fmt: skip
    head = ["" if cell is None else str(cell).strip() for cell in filled[0]]
    while head and not head[-1]:
        head.pop()
    doubled = sorted({name for name in head if name and head.count(name) > 1})
    if doubled:
        raise SourceError(
            f"{path.name} has several columns called {some_ids(doubled)}",
            where=str(path),
            fix="rename them: a name must stand for one column",
            code="column_twice",
        )
    body = [(row + [None] * len(head))[: len(head)] for row in filled[1:]]
    columns = {
        name: _typed([row[place] for row in body]) for place, name in enumerate(head) if name
    }
    return pd.DataFrame(columns)


def _is_filled(cell: object) -> bool:
    return cell is not None and str(cell).strip() != ""


def _typed(cells: list[Any]) -> pd.Series:
    plain = [cell.strip() if isinstance(cell, str) else cell for cell in cells]
    plain = [None if cell == "" else cell for cell in plain]
    filled = [cell for cell in plain if cell is not None]
    if filled and all(isinstance(cell, dt.date) for cell in filled):
        return pd.Series(pd.to_datetime(pd.Series(plain, dtype=object)))
    if filled and all(isinstance(cell, bool) for cell in filled):
        return pd.Series(plain, dtype=object)
    numbers = [_number(cell) for cell in filled]
    if filled and all(number is not None for number in numbers):
        made = iter(numbers)
        return pd.Series([None if cell is None else next(made) for cell in plain], dtype=float)
    return pd.Series([_as_cell(cell) for cell in plain], dtype=object)


def _number(cell: object) -> float | None:
    """Return a cell as a number; None for codes with superfluous zeros and beyond 2**53."""
    if isinstance(cell, str) and NUMERAL.match(cell):
        number = float(cell.replace(",", ""))
    elif isinstance(cell, int | float) and not isinstance(cell, bool):
        number = float(cell)
    else:
        return None
    return number if abs(number) < LARGEST_EXACT else None


def _as_cell(cell: object) -> str | None:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return cell if cell is None or isinstance(cell, str) else str(cell)
