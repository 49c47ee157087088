"""How a score was made, on sheets: criteria in full, weights by expert, draws, what was decided."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pandas as pd
from openpyxl.styles import Alignment, Border, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from renewal_geo.foundation.criterion_words import word_of
from renewal_geo.foundation.labels import has_label, label
from renewal_geo.potential.criterion import Criterion
from renewal_geo.report.long_sheets import PAPER_A3, wide_text
from renewal_geo.report.potential_columns import Case
from renewal_geo.report.sheets import (
    FIRST_ROW,
    FONT,
    HEAD_FILL,
    THIN,
    Book,
    Heading,
    add_sheet,
    put_text,
)

if TYPE_CHECKING:
    from renewal_geo.potential import Acceptability

ROW_HEIGHT, LINE_HEIGHT, MOST_LINES = 20.0, 16.0, 5
FIGURE_WIDTH = 16.0
LINE_SIGNS = 220  # that the merged cells of a sentence hold
WIDTHS = {
    "name": 24, "id": 12, "source": 34, "unit": 7, "curve": 44, "veto": 18, "reference": 34,
}  # fmt: skip
HEADS = (
    ("name", "text"), ("id", "text"), ("source", "text"), ("unit", "text"), ("least", "number"), ("median", "number"),
    ("greatest", "number"), ("without", "count"), ("transform", "text"), ("direction", "text"), ("curve", "text"),
    ("stands_in", "score"), ("veto", "text"), ("original", "fine_share"), ("reference", "text"),
)  # fmt: skip


def add_method(
    book: Book,
    case: Case,
    acceptability: Acceptability | None,
    *,
    study_name: str,
    notes: Sequence[str],
) -> None:
    """Write the criteria in full, and below them in sentences how the score was made."""
    lang, score = case.lang, case.potential
    rows = pd.DataFrame([_criterion_row(case, one) for one in (*case.rated, *case.others)])
    heads = [Heading(name, label(f"potential_sheet.{name}", lang), form) for name, form in HEADS]
    sheet = add_sheet(
        book, label("potential_sheet.method", lang), rows, heads, note=label("potential_sheet.method_note", lang)
    )  # fmt: skip
    for at, (name, _) in enumerate(HEADS, 1):
        sheet.column_dimensions[get_column_letter(at)].width = WIDTHS.get(name, 11.0)
    for row in range(FIRST_ROW, FIRST_ROW + len(rows)):
        set_row(sheet, row, [(form, WIDTHS.get(name, 11.0)) for name, form in HEADS])
    sheet.auto_filter.ref = None
    sheet.page_setup.paperSize = PAPER_A3
    weighting = score.weighting
    said: list[tuple[str, str]] = [
        ("study", study_name),
        ("result", str(score)),
        ("formula", label("potential_sheet.formula_text", lang)),
        ("weighting", label(f"potential_sheet.{weighting.method}", lang)),
        ("because", weighting.because),
        ("draws", _drawn(acceptability, lang)),
        ("result", "" if acceptability is None else str(acceptability)),
    ]
    said += [("note", one) for one in dict.fromkeys((*score.notes, *notes))]
    versions = score.provenance.versions
    said.append(("version", ", ".join(f"{name} {one}" for name, one in sorted(versions.items()))))
    _put_lines(sheet, FIRST_ROW + len(rows) + 1, [one for one in said if one[1]], lang)


def add_experts(book: Book, case: Case) -> None:
    """Write every expert's weights and how consistent they are; nothing for plain weights of one."""
    lang, weighting = case.lang, case.potential.weighting
    if weighting.method == "direct" and len(weighting.experts.columns) < 2:
        return
    rated = [one.id for one in case.rated]
    names = [f"e{at}" for at in range(len(weighting.experts.columns))]
    rows = weighting.experts.reindex(rated).set_axis(names, axis=1)
    rows.insert(0, "name", [case.named(one) for one in rated])
    rows["combined"] = weighting.weights.reindex(rated)
    said = [label("potential_sheet.expert", lang, name=one) for one in weighting.experts.columns]
    heads = [Heading("name", label("potential_sheet.name", lang))]
    titles = (*said, label("potential_sheet.combined", lang))
    heads += [
        Heading(
            name, text, "fine_share", total=f"SUM({{{name}}}{{first}}:{{{name}}}{{last}})",
            total_value=float(rows[name].sum()),
        )
        for name, text in zip((*names, "combined"), titles, strict=True)
    ]  # fmt: skip
    sheet = add_sheet(
        book, label("potential_sheet.experts", lang), rows, heads, note=label("potential_sheet.experts_note", lang)
    )  # fmt: skip
    sheet.column_dimensions["A"].width = 30
    for at in range(2, max(len(heads), 1 + len(weighting.consistency.columns)) + 1):
        sheet.column_dimensions[get_column_letter(at)].width = FIGURE_WIDTH
    for row in range(FIRST_ROW, FIRST_ROW + len(rows) + 1):
        set_row(sheet, row, [(one.form, FIGURE_WIDTH) for one in heads])
    sheet.auto_filter.ref = None
    if len(weighting.consistency):
        _put_consistency(sheet, case, FIRST_ROW + len(rows) + 4)


def source_words(case: Case, criterion_id: str) -> str:
    """Return what was measured, in words."""
    facts, column = case.potential.facts, "source_zh" if case.lang == "zh" else "source"
    return str(facts.loc[criterion_id, column]) if criterion_id in facts.index else ""


def curve_words(criterion: Criterion, lang: str) -> str:
    """Return in words how a figure becomes a rating.

    >>> curve_words(Criterion("a", transform="breaks", breaks=(8.0, 15.0), scores=(1.0, 0.6, 0.0)), "en")
    'below 8: 1; 8–15: 0.6; from 15: 0'
    >>> curve_words(Criterion("a", direction="cost", low=5.0, high=25.0), "en")
    'line: 5 → 1, 25 → 0, level beyond'
    >>> curve_words(Criterion("a", transform="category", categories={"M1": 1.0, "W1": 0.8}), "en")
    'M1: 1; W1: 0.8'
    """
    if criterion.transform == "category":
        return "; ".join(f"{code}: {one:g}" for code, one in criterion.categories.items())
    if criterion.transform == "breaks":
        breaks, scores = criterion.breaks, criterion.scores
        if not breaks:
            return "; ".join(f"{one:g}" for one in scores)
        spans = [label("potential_sheet.below", lang, value=f"{breaks[0]:g}")]
        spans += [f"{low:g}–{high:g}" for low, high in pairwise(breaks)]
        spans.append(label("potential_sheet.from", lang, value=f"{breaks[-1]:g}"))
        return "; ".join(f"{span}: {one:g}" for span, one in zip(spans, scores, strict=True))
    if criterion.low is None or criterion.high is None or criterion.low == criterion.high:
        return label("potential_sheet.one_value", lang) if criterion.low is not None else ""
    is_s = criterion.transform == "sigmoid"
    ends = (0.05, 0.95) if is_s else (0.0, 1.0)
    first, second = reversed(ends) if criterion.direction == "cost" else ends
    return label(
        "potential_sheet.curve_s" if is_s else "potential_sheet.line", lang,
        low=f"{criterion.low:g}", high=f"{criterion.high:g}", middle=f"{(criterion.low + criterion.high) / 2:g}",
        at_low=f"{first:g}", at_high=f"{second:g}",
    )  # fmt: skip


def set_row(sheet: Worksheet, row: int, columns: Sequence[tuple[str, float]]) -> None:
    """Set the cells of a row in its middle, texts from the left, and make it as high as its texts need.

    `columns` are forms and widths from the first column on.
    """
    most = 1
    for at, (form, width) in enumerate(columns, 1):
        cell = sheet.cell(row, at)
        is_text = form == "text"
        cell.alignment = Alignment(
            horizontal="left" if is_text else "center", vertical="center", indent=1 if is_text else 0, wrap_text=is_text
        )  # fmt: skip
        if is_text:
            lines = str(cell.value or "").splitlines()
            most = max(most, sum(math.ceil(max(wide_text(one), 1) / (width - 2)) for one in lines))
    sheet.row_dimensions[row].height = max(ROW_HEIGHT, LINE_HEIGHT * min(most, MOST_LINES))


def _criterion_row(case: Case, one: Criterion) -> dict[str, Any]:
    facts, is_rated = case.potential.facts, one.id in case.potential.ratings.columns
    found = facts.loc[one.id] if one.id in facts.index else pd.Series(dtype=object)
    turned = is_rated and one.transform in {"linear", "sigmoid"}
    return {
        "name": one.named(case.lang), "id": one.id, "source": source_words(case, one.id), "unit": one.unit,
        **{key: found.get(key) for key in ("least", "median", "greatest")},
        "without": found.get("missing"),
        "transform": word_of("transform", one.transform, case.lang) if is_rated else "",
        "direction": word_of("direction", one.direction, case.lang) if turned else "",
        "curve": curve_words(one, case.lang) if is_rated else "",
        "stands_in": one.missing, "veto": one.veto,
        "original": float(case.potential.weighting.weights.get(one.id, 0.0)), "reference": one.reference,
    }  # fmt: skip


def _drawn(acceptability: Acceptability | None, lang: str) -> str:
    if acceptability is None:
        return ""
    return label(
        "potential_sheet.draws_text", lang, draws=f"{acceptability.draws:,}",
        law=label(f"potential_sheet.law_{acceptability.law}", lang), noise=f"{acceptability.noise:g}",
        seed=acceptability.seed,
    )  # fmt: skip


def _put_lines(sheet: Worksheet, row: int, said: Sequence[tuple[str, str]], lang: str) -> None:
    """Write items and sentences, the sentence across the columns to the right."""
    for at, (name, text) in enumerate(said, row):
        item, content = sheet.cell(at, 1), sheet.cell(at, 2)
        put_text(item, label(f"potential_sheet.{name}", lang))
        item.font = Font(name=FONT, size=10, bold=True, color="12304A")
        item.alignment = Alignment(vertical="top")
        put_text(content, text)
        content.font = Font(name=FONT, size=10)
        content.alignment = Alignment(vertical="top", wrap_text=True)
        sheet.merge_cells(start_row=at, end_row=at, start_column=2, end_column=len(HEADS))
        lines = 1 + wide_text(text) // LINE_SIGNS + text.count("\n")
        sheet.row_dimensions[at].height = LINE_HEIGHT * min(lines, 20)


def _put_consistency(sheet: Worksheet, case: Case, row: int) -> None:
    """Write the consistency figures below the weights."""
    lang, table = case.lang, case.potential.weighting.consistency
    head = sheet.cell(row, 1)
    put_text(head, label("potential_sheet.consistency", lang))
    head.font = Font(name=FONT, size=11, bold=True, color="12304A")
    put_text(sheet.cell(row + 1, 1), label("potential_sheet.ratio_note", lang))
    sheet.cell(row + 1, 1).font = Font(name=FONT, size=9, color="5C6670")
    names = [str(one) for one in table.columns]
    for at, name in enumerate(("who", *names), 1):
        cell = sheet.cell(row + 2, at)
        key = f"potential_sheet.{name}"
        put_text(cell, label(key, lang) if has_label(key) else name)
        cell.font = Font(name=FONT, size=10, bold=True, color="FFFFFF")
        cell.fill = HEAD_FILL
        cell.alignment = Alignment(wrap_text=True, horizontal="center", vertical="center")
    sheet.row_dimensions[row + 2].height = 32
    for down, (expert, figures) in enumerate(table.iterrows(), row + 3):
        put_text(
            sheet.cell(down, 1),
            label("potential_sheet.group", lang) if expert == "group" else expert,
        )
        sheet.cell(down, 1).font = Font(name=FONT, size=10)
        for at, name in enumerate(names, 2):
            _put_figure(sheet.cell(down, at), name, figures[name], case)
        texts = {"worst_row", "worst_column"}
        shown = [("text", 30.0), *(("text" if one in texts else "", FIGURE_WIDTH) for one in names)]
        set_row(sheet, down, shown)
        for at in range(1, len(shown) + 1):
            sheet.cell(down, at).border = Border(bottom=THIN)
    because = case.potential.weighting.because
    if because:
        last = row + 4 + len(table)
        put_text(sheet.cell(last, 1), label("potential_sheet.because", lang))
        put_text(sheet.cell(last, 2), because)


def _put_figure(cell: Any, name: str, value: Any, case: Case) -> None:
    cell.font = Font(name=FONT, size=10)
    if name in {"worst_row", "worst_column"}:
        put_text(cell, case.named(value))
    elif value == value and value is not None and not isinstance(value, str):  # noqa: PLR0124 - NaN
        cell.value = float(value)
        cell.number_format = "0.0000"
    else:
        put_text(cell, "" if value is None or value != value else value)  # noqa: PLR0124 - NaN
