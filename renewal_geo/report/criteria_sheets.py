"""The table of criteria as a workbook that a planner fills in, and that is read back."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from openpyxl.cell import Cell, MergedCell
from openpyxl.formatting.rule import CellIsRule
from openpyxl.styles import Alignment, Border, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from renewal_geo.foundation.comparisons import comparison
from renewal_geo.foundation.criterion_words import VALUES, word_of, words
from renewal_geo.foundation.errors import InputError
from renewal_geo.foundation.labels import label
from renewal_geo.foundation.potential_settings import CRITERION
from renewal_geo.potential.criteria import asked_of
from renewal_geo.potential.criterion import Criterion, is_only_veto
from renewal_geo.potential.pairwise import LIMIT, RANDOM_INDEX
from renewal_geo.report.packing import pack
from renewal_geo.report.sheets import (
    FONT,
    HEAD_FILL,
    THIN,
    Book,
    Heading,
    add_sheet,
    new_book,
    put_text,
    sheet_title,
)

FILL = PatternFill("solid", fgColor="FFF6D6")
OWN_FILL = PatternFill("solid", fgColor="ECEAE3")
WARNING = PatternFill("solid", bgColor="F4B6A6")
HEAD_FILLS = {  # what it is; where its figure comes from; how it becomes 0..1; what it weighs, and why
    "id": HEAD_FILL,
    "source": PatternFill("solid", fgColor="2F5D62"),
    "direction": PatternFill("solid", fgColor="5B4B7A"),
    "veto": PatternFill("solid", fgColor="7A3B2E"),
}
WIDTHS = {
    "id": 12, "title": 20, "title_en": 20, "source": 9, "column": 18, "layer": 14, "where": 26,
    "statistic": 10, "derive": 11, "values": 14, "by": 10, "within_m": 10, "unit": 8, "direction": 9,
    "transform": 10, "breaks": 20, "scores": 20, "low": 9, "high": 9, "categories": 24, "veto": 18,
    "weight": 9, "missing": 8, "reference": 36,
}  # fmt: skip
SPARE_ROWS = 20
LISTED_ROWS = 200
CODES = '";=；＝,，、:：\n'
NOTHING = {"-", "—", "–", "/", "无", "n/a", "none"}
CORNER = (3, 2)
"""Row and column of the corner of a square of comparisons: ids stand right of it and below it."""


def criteria_workbook(
    criteria: Sequence[Criterion],
    *,
    matrices: Sequence[Sequence[Sequence[float | str]]] = (),
    lang: str = "zh",
    study_name: str = "",
) -> bytes:
    """Return criteria as a workbook: the table, what every column means, and sheets of comparisons.

    Parameters
    ----------
    criteria
        k criteria as checked; none for an empty form.
    matrices
        Comparisons of the weighted criteria in their order, one matrix per expert. Where there are none and at
        least two criteria are weighted, one sheet of ones is made.
    lang
        Language of headings and words; both are read back.
    study_name
        Title in the workbook's properties.

    Returns
    -------
    bytes
        XLSX; :func:`renewal_geo.io.read_criteria` gives the same criteria, and the same comparisons to nine digits.

    Raises
    ------
    InputError
        ``bad_comparisons`` where a matrix is not one of the weighted criteria.
    """
    book = new_book(
        lang, " ".join(filter(None, (study_name, label("criteria_table.caption", lang))))
    )
    _add_table(book, criteria)
    _add_explanations(book)
    weighted = [one for one in criteria if not is_only_veto(one, "ahp")]
    if len(weighted) > 1:
        ones = [[1.0] * len(weighted)] * len(weighted)
        for number, matrix in enumerate(matrices or [ones], 1):
            _add_matrix(book, weighted, matrix, number)
    return pack(book)


def _add_table(book: Book, criteria: Sequence[Criterion]) -> None:
    lang = book.lang
    sheet = book.workbook.create_sheet(sheet_title(book, label("criteria_table.sheet", lang)))
    experts = max([1, *(len(one.weight) for one in criteria)])
    keys = [key for key in CRITERION for _ in range(experts if key == "weight" else 1)]
    fill, expert = HEAD_FILL, 0
    for at, key in enumerate(keys, 1):
        fill, title = HEAD_FILLS.get(key, fill), label(f"criteria_table.{key}", lang)
        if key == "weight" and experts > 1:
            expert += 1
            title = f"{title}{expert}" if lang == "zh" else f"{title} {expert}"
        _put_heading(sheet.cell(1, at), title, fill)
        letter = get_column_letter(at)
        sheet.column_dimensions[letter].width = WIDTHS[key]
        if key in VALUES:
            _add_list(sheet, key, f"{letter}2:{letter}{LISTED_ROWS}", lang)
    for number, one in enumerate(criteria, 2):
        asked, weights = asked_of(one), list(one.weight)
        for at, key in enumerate(keys, 1):
            value = (weights.pop(0) if weights else None) if key == "weight" else asked.get(key)
            if value is None and key in _spoken_of(one):
                value = getattr(one, key)
            _put_value(sheet.cell(number, at), key, value, lang)
    for row in range(2, len(criteria) + 2 + SPARE_ROWS):
        lines = 1
        for at, key in enumerate(keys, 1):
            _dress(sheet.cell(row, at), FILL)
            lines = max(lines, math.ceil(_wide(sheet.cell(row, at).value) / (WIDTHS[key] - 1)))
        sheet.row_dimensions[row].height = 15.0 * lines
    sheet.row_dimensions[1].height = 28
    sheet.freeze_panes = "C2"
    _set_up_page(sheet)


def _spoken_of(criterion: Criterion) -> set[str]:
    """Return the words that are written although they are what a criterion is by default."""
    spoken = {"source", "transform"}
    spoken |= {"raster": {"statistic"}, "distance": {"by"}}.get(criterion.source, set())
    return spoken | ({"direction"} if criterion.transform in {"linear", "sigmoid"} else set())


def _put_heading(cell: Cell | MergedCell, title: str, fill: PatternFill) -> None:
    put_text(cell, title)
    cell.font = Font(name=FONT, size=10, bold=True, color="FFFFFF")
    cell.fill = fill
    cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)


def _dress(cell: Cell | MergedCell, fill: PatternFill) -> None:
    cell.font = Font(name=FONT, size=10)
    cell.fill = fill
    cell.border = Border(bottom=THIN, right=THIN)
    cell.alignment = Alignment(vertical="top", wrap_text=True)


def _wide(value: object) -> int:
    """Return how wide a cell's text is, in Latin signs."""
    return sum(2 if ord(sign) > 0x2E7F else 1 for sign in str(value)) if value is not None else 0


def _add_list(sheet: Worksheet, key: str, cells: str, lang: str) -> None:
    listed = ",".join(words(key, lang))
    choice = DataValidation(type="list", formula1=f'"{listed}"', allow_blank=True)
    # other words that are read too (benefit for 正向) are let through with a warning
    choice.errorStyle = "warning"
    choice.promptTitle = label(f"criteria_table.{key}", lang)[:32]
    choice.prompt = label(f"criteria_table.{key}_help", lang)[:255]
    sheet.add_data_validation(choice)
    choice.add(cells)


def _put_value(cell: Any, key: str, value: Any, lang: str) -> None:
    if value is None:
        if CRITERION[key] in {"text", "list", "mapping"}:
            cell.number_format = "@"
        return
    if CRITERION[key] in {"number", "numbers"}:
        cell.value = value
        return
    # text format, so that Excel does not make a date or a number of what is typed over it
    cell.number_format = "@"
    if isinstance(value, Mapping):
        put_text(cell, "; ".join(f"{_code(code)}={_plain(one)}" for code, one in value.items()))
    elif isinstance(value, list):
        is_codes = key == "values"
        put_text(cell, _listed([_code(v) if is_codes else _plain(v) for v in value]))
    else:
        put_text(cell, word_of(key, value, lang) if key in VALUES and value else value)


def _listed(parts: Sequence[str]) -> str:
    return "; ".join(parts)


def _plain(number: float) -> str:
    """Return a number as text that reads back the same.

    >>> _plain(2005.0), _plain(0.35)
    ('2005', '0.35')
    """
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)


def _code(code: str) -> str:
    """Return a code as it stands in a list, in double quotes where it could be misread.

    >>> _code("M1"), _code("a;b"), _code("无")
    ('M1', '"a;b"', '"无"')
    """
    is_clear = (
        not set(code) & set(CODES) and code == code.strip() and code.casefold() not in NOTHING
    )
    return code if is_clear and code else '"' + code.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _add_explanations(book: Book) -> None:
    lang = book.lang
    rows = pd.DataFrame(
        [
            {
                "column": label(f"criteria_table.{key}", lang),
                "key": key,
                "help": label(f"criteria_table.{key}_help", lang),
                "words": ", ".join(words(key, lang)) if key in VALUES else "",
            }
            for key in CRITERION
        ]
    )
    names = [
        label(f"criteria_table.head_{name}", lang) for name in ("column", "key", "help", "words")
    ]
    sheet = add_sheet(
        book,
        label("criteria_table.how", lang),
        rows,
        [Heading(str(name), title) for name, title in zip(rows.columns, names, strict=True)],
        note=label("criteria_table.how_read", lang),
    )
    sheet.column_dimensions["C"].width = 84
    last = 4 + len(rows)
    put_text(sheet.cell(last + 1, 1), label("criteria_table.how_weights", lang))
    sheet.cell(last + 1, 1).font = Font(name=FONT, size=9, color="5C6670")


def _add_matrix(
    book: Book, weighted: Sequence[Criterion], matrix: Sequence[Sequence[float | str]], number: int
) -> None:
    lang, n = book.lang, len(weighted)
    numbers = [[comparison(one) for one in row] for row in matrix]
    if [len(row) for row in numbers] != [n] * n or any(
        one is None for row in numbers for one in row
    ):
        raise InputError(
            f"matrix {number} does not compare the {n} weighted criteria by positive numbers",
            where="[potential] ahp",
            fix="write one row and one column per weighted criterion",
            code="bad_comparisons",
        )
    base = label("criteria_table.matrix", lang)
    sheet = book.workbook.create_sheet(
        sheet_title(book, base if number == 1 else f"{base} {number}")
    )
    cached = book.cached.setdefault(sheet.title, {})
    top, left = CORNER
    put_text(sheet.cell(1, 1), label("criteria_table.matrix_help", lang))
    sheet.cell(1, 1).font = Font(name=FONT, size=9, color="5C6670")
    for i, one in enumerate(weighted, 1):
        _put_heading(sheet.cell(top - 1, left + i), one.named(lang), HEAD_FILL)
        _put_heading(sheet.cell(top, left + i), one.id, HEAD_FILLS["source"])
        _put_heading(sheet.cell(top + i, left - 1), one.named(lang), HEAD_FILL)
        _put_heading(sheet.cell(top + i, left), one.id, HEAD_FILLS["source"])
        sheet.column_dimensions[get_column_letter(left + i)].width = 14
        sheet.row_dimensions[top + i].height = 24
    for i in range(n):
        for j in range(n):
            cell: Any = sheet.cell(top + 1 + i, left + 1 + j)
            _dress(cell, FILL if i < j else OWN_FILL)
            cell.alignment = Alignment(horizontal="center", vertical="center")
            cell.number_format = "# ??/??"
            if i > j:
                other = f"{get_column_letter(left + 1 + i)}{top + 1 + j}"
                cell.value = f'=IF({other}="","",1/{other})'
                cached[cell.coordinate] = 1.0 / float(numbers[j][i] or 1.0)
            else:
                cell.value = numbers[i][j] if i < j else 1
    if 2 < n <= len(RANDOM_INDEX):
        upper = np.array([[float(one or 1.0) for one in row] for row in numbers])
        _add_consistency(sheet, np.triu(upper) + np.triu(1.0 / upper, 1).T, cached, lang)
    positive = DataValidation(
        type="decimal", operator="greaterThan", formula1="0", allow_blank=True
    )
    sheet.add_data_validation(positive)
    positive.add(f"{get_column_letter(left + 1)}{top + 1}:{get_column_letter(left + n)}{top + n}")
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 24, 14
    sheet.row_dimensions[top - 1].height = 32
    sheet.freeze_panes = sheet.cell(top + 1, left + 1).coordinate
    _set_up_page(sheet)


def _add_consistency(
    sheet: Worksheet, matrix: np.ndarray, cached: dict[str, float], lang: str
) -> None:
    """Write weights and consistency ratio as live formulas, by row geometric means.

    With w adding to 1, lambda is the sum of (column sum x w), exactly so for the eigenvector; geometric means
    are near it where judgements are nearly consistent, so that the sheet says "about".
    """
    n, (top, left) = len(matrix), CORNER
    first, last = get_column_letter(left + 1), get_column_letter(left + n)
    means = np.exp(np.log(matrix).mean(axis=1))
    weights, sums = means / means.sum(), matrix.sum(axis=0)
    row = top + n + 2
    lines = {
        "mean": ("=GEOMEAN({first}{own}:{last}{own})", means),
        "sum": ("=SUM({column}{begin}:{column}{end})", sums),
        "weight": ("={column}{row}/SUM({first}{row}:{last}{row})", weights),
    }
    for down, (name, (formula, values)) in enumerate(lines.items()):
        put_text(sheet.cell(row + down, 1), label(f"criteria_table.check_{name}", lang))
        for j in range(n):
            cell: Any = sheet.cell(row + down, left + 1 + j)
            cell.value = formula.format(
                first=first, last=last, own=top + 1 + j, column=get_column_letter(left + 1 + j),
                begin=top + 1, end=top + n, row=row,
            )  # fmt: skip
            cell.number_format = "0.0%" if name == "weight" else "0.00"
            cached[cell.coordinate] = float(values[j])
    ratio = (float(sums @ weights) - n) / (n - 1) / RANDOM_INDEX[n - 1]
    put_text(sheet.cell(row + 3, 1), label("criteria_table.check_ratio", lang))
    cell = sheet.cell(row + 3, left + 1)
    sums_and_weights = f"{first}{row + 1}:{last}{row + 1},{first}{row + 2}:{last}{row + 2}"
    cell.value = f"=(SUMPRODUCT({sums_and_weights})-{n})/{n - 1}/{RANDOM_INDEX[n - 1]}"
    cell.number_format = "0.000"
    cached[cell.coordinate] = ratio
    too_much = CellIsRule(  # type: ignore[no-untyped-call]
        operator="greaterThan", formula=[str(LIMIT)], fill=WARNING, font=Font(bold=True)
    )
    sheet.conditional_formatting.add(cell.coordinate, too_much)
    for down in range(4):
        for at in (1, *range(left + 1, left + n + 1)):
            sheet.cell(row + down, at).font = Font(name=FONT, size=9, color="5C6670")
            sheet.cell(row + down, at).alignment = Alignment(
                horizontal="center" if at > 1 else "right"
            )


def _set_up_page(sheet: Worksheet) -> None:
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = 8  # A3
    sheet.page_setup.fitToWidth = 1
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.sheet_view.showGridLines = False
