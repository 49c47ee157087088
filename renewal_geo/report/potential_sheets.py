"""The workbook of a score: a reviewer changes a weight, and scores, ranks, the top and the limiting criterion move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from openpyxl.formatting import rule as rules
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import column_index_from_string, get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from renewal_geo.foundation.criterion_words import word_of
from renewal_geo.foundation.labels import label
from renewal_geo.report.long_sheets import (
    PAPER_A3,
    LongSheet,
    Writing,
    add_long_sheet,
    finished,
)
from renewal_geo.report.method_sheets import add_experts, add_method, set_row, source_words
from renewal_geo.report.potential_columns import (
    HEADING_ROW,
    LIVE_RANKS,
    PRECEDENCE_ROW,
    TICK,
    WEIGHT_ROW,
    Case,
    WeightCells,
    brief,
    case_of,
    record_columns,
    score_columns,
    stability_columns,
)
from renewal_geo.report.potential_summary import CUT, FIRST_SHOWN, Summary, add_summary, label_line
from renewal_geo.report.sheets import (
    FIRST_ROW,
    FONT,
    FORMATS,
    TOTAL_FILL,
    Heading,
    add_sheet,
    new_book,
    put_text,
)

if TYPE_CHECKING:
    from renewal_geo.potential import Acceptability, Potential, Stability

INPUT_FILL = PatternFill("solid", fgColor="FFF2A8")
IN_FILL = PatternFill("solid", bgColor="DDEBD3")
OUT_FONT, OK_FONT = Font(color="B3261E", bold=True), Font(color="2F6B3A", bold=True)
INPUT_LINE = Side(style="medium", color="B8860B")
BAR = "8FB4D9"
GREY = "5C6670"
SOURCE_WIDTH = 34.0
WEIGHT_HEADS = (
    ("name", "text", 32), ("id", "text", 14), ("weight", "score", 13), ("scaled", "fine_share", 11),
    ("original", "fine_share", 11), ("difference", "share", 14), ("limits", "count", 12),
    ("direction", "text", 11), ("transform", "text", 11), ("veto", "text", 22),
    ("source", "text", SOURCE_WIDTH), ("reference", "text", SOURCE_WIDTH),
    ("order", "count", 9), ("precedence", "count", 9), ("tells", "count", 9),
    ("brief", "text", 14),
)  # fmt: skip
HIDDEN = ("order", "precedence", "tells", "brief")
# their stubs leave them without types
FORMULA_RULE: Any = rules.FormulaRule
DATA_BAR: Any = rules.DataBarRule
AT = {name: get_column_letter(n) for n, (name, _, _) in enumerate(WEIGHT_HEADS, 1)}


def potential_workbook(
    potential: Potential,
    *,
    acceptability: Acceptability | None = None,
    stability: Stability | None = None,
    areas: pd.Series | None = None,
    study_name: str = "",
    lang: str = "zh",
    notes: Sequence[str] = (),
) -> bytes:
    """Return a score as a workbook whose weights may be changed.

    Parameters
    ----------
    potential
        A score of n parcels by k weighted criteria.
    acceptability, stability
        What the score is worth; they also say how many parcels are at the top (else a tenth of the ranked).
    areas
        n areas in the parcels' order, m2.
    study_name, lang
        For the heading, and the language of all labels.
    notes
        Sentences on what was decided, besides those of the score.

    Returns
    -------
    bytes
        XLSX: weights (input cells; what the change does), weights by expert where there are several or they were
        found, scores (score, rank, top and limiting criterion as formulas with their values beside them), stability,
        vetoes, missing figures, method. Ranks are all live up to
        :data:`~renewal_geo.report.potential_columns.LIVE_RANKS` parcels, beyond for those that are or were in the
        top. Formulas use what Excel 2010, WPS and LibreOffice share, and refer to cells, never to names. The
        same score gives the same bytes, in whatever order the parcels stand.

    Raises
    ------
    InputError
        ``bad_areas``.
    """
    case = case_of(
        potential, acceptability=acceptability, stability=stability, areas=areas, lang=lang
    )
    writing = Writing(new_book(lang, " ".join(filter(None, (study_name, _said("title", lang))))))
    layout = _layout(case)
    scores = _add_scores(writing, case, layout.cells)
    _add_weights(writing, case, layout, scores, study_name)
    _put_first(writing, layout.cells.sheet)
    add_experts(writing.book, case)
    if acceptability is not None or stability is not None:
        _add_stability(writing, case, acceptability, stability)
    for name, table, columns in (
        ("vetoes", potential.vetoes, ("parcel_id", "criterion", "value", "unit", "veto")),
        ("missing", potential.missing, ("parcel_id", "criterion", "why")),
    ):
        if len(table):
            made = record_columns(case, table, columns)
            note = _said(f"{name}_note", lang)
            add_long_sheet(writing, _said(name, lang), made, note=note, heading_row=3)
    add_method(
        writing.book, case, acceptability, study_name=study_name,
        notes=(*notes, *(acceptability.notes if acceptability is not None else ()),
               *(stability.notes if stability is not None else ())),
    )  # fmt: skip
    return finished(writing)


@dataclass(frozen=True, slots=True)
class _Layout:
    """Rows of the sheet of weights."""

    cells: WeightCells
    total: int
    check: int
    top: int
    summary: int


def _layout(case: Case) -> _Layout:
    title = _said("weights", case.lang)
    total = FIRST_ROW + len(case.rated) + len(case.others)
    top, check, summary = total + 2, total + 3, total + 5
    cells = WeightCells(
        sheet=title, first=FIRST_ROW, last=FIRST_ROW + len(case.rated) - 1,
        ok=f"'{title}'!${AT['precedence']}${check}", top=f"'{title}'!$C${top}",
        cut=f"'{title}'!$C${summary + CUT}",
    )  # fmt: skip
    return _Layout(cells, total, check, top, summary)


def _add_scores(writing: Writing, case: Case, cells: WeightCells) -> LongSheet:
    lang = case.lang
    note = _said("scores_note", lang)
    if not case.is_live:
        note += " " + label("potential_sheet.ranks_cut", lang, most=f"{LIVE_RANKS:,}")
    columns = score_columns(case, cells)
    long = add_long_sheet(
        writing, _said("scores", lang), columns, note=note, heading_row=HEADING_ROW
    )
    sheet, cached = long.sheet, writing.book.cached.setdefault(long.sheet.title, {})
    put_text(sheet.cell(WEIGHT_ROW, 1), "")
    sheet.cell(WEIGHT_ROW, 1).value = f"={cells.at('C', _layout(case).check)}"
    sheet.cell(WEIGHT_ROW, 1).font = Font(name=FONT, size=9, bold=True, color=GREY)
    writing.texts.setdefault(long.sheet.title, {})[f"A{WEIGHT_ROW}"] = _said("check_ok", lang)
    weights, precedence = _weights(case), _precedence(case)
    for at in range(len(case.rated)):
        for kind in ("p", "r"):
            cell = sheet[f"{long.letter(f'{kind}{at}')}{WEIGHT_ROW}"]
            cell.value = f"={cells.at(AT['scaled'], cells.first + at)}"
            cell.number_format = '"× "0.0%'
            cell.font = Font(name=FONT, size=9, color=GREY)
            cell.alignment = Alignment(horizontal="right")
            cached[cell.coordinate] = weights[at]
        cell = sheet[f"{long.letter(f'r{at}')}{PRECEDENCE_ROW}"]
        cell.value = f"={cells.at(AT['precedence'], cells.first + at)}"
        cached[cell.coordinate] = precedence[at]
    sheet.row_dimensions[PRECEDENCE_ROW].hidden = True
    # ratings stay on the screen: with them a printed page could not be read
    sheet.print_area = f"A1:{long.letter(f'p{len(case.rated) - 1}')}{long.last}"
    if long.rows:
        _colour(long)
    return long


def _colour(long: LongSheet) -> None:
    """Draw a bar for the score, and colour the rows at the top."""
    sheet, first, last = long.sheet, long.first, long.last
    score, right = long.letter("score"), long.letter("state")
    at = column_index_from_string(score)
    before, after = get_column_letter(at - 1), get_column_letter(at + 1)
    is_in = f'${long.letter("in_top")}{first}="{TICK}"'
    sheet.conditional_formatting.add(
        f"A{first}:{before}{last} {after}{first}:{right}{last}",
        FORMULA_RULE(formula=[is_in], fill=IN_FILL),
    )
    sheet.conditional_formatting.add(
        f"{score}{first}:{score}{last}",
        DATA_BAR("num", 0, "num", 1, color=BAR, showValue=True),
    )


def _weights(case: Case) -> list[float]:
    weights = case.potential.weighting.weights
    found = np.array([float(weights[one.id]) for one in case.rated])
    return [float(one) for one in found / found.sum()]


def _precedence(case: Case) -> list[float]:
    """Return how early a criterion is named where ratings are equal: 1 the last, 0 never."""
    weights = case.potential.weighting.weights
    names = [one.id for one in case.rated if one.id not in case.one_value]
    order = sorted(names, key=lambda one: (-round(float(weights[one]), 12), one))
    return [
        float(len(order) - order.index(one.id)) if one.id in order else 0.0 for one in case.rated
    ]


def _add_weights(
    writing: Writing, case: Case, layout: _Layout, scores: LongSheet, study_name: str
) -> None:
    lang, cells = case.lang, layout.cells
    found = _weight_rows(case)
    heads = [
        Heading(name, _said(name, lang), form, formula=_weight_formula(name, layout, scores))
        for name, form, _ in WEIGHT_HEADS
    ]
    note = _said("how", lang)
    if _is_found(case):
        method = _said(case.potential.weighting.method, lang)
        where = _said("experts", lang)
        note = label("potential_sheet.how_found", lang, sheet=where, method=method) + " " + note
    caption = " · ".join(filter(None, (study_name, _said("caption_weights", lang))))
    sheet = add_sheet(writing.book, cells.sheet, found, heads, note=note, caption=caption)
    # LibreOffice prints the edges of centred figures of hidden columns
    shown = [(form, width) for name, form, width in WEIGHT_HEADS if name not in HIDDEN]
    for row in range(FIRST_ROW, layout.summary):
        set_row(sheet, row, shown)
    for name, _, width in WEIGHT_HEADS:
        dimension = sheet.column_dimensions[AT[name]]
        dimension.width, dimension.hidden = width, name in HIDDEN
    sheet.auto_filter.ref = None
    sheet.freeze_panes = f"C{FIRST_ROW}"
    sheet.page_setup.paperSize = PAPER_A3
    sheet.print_title_rows = None
    sheet.print_area = f"A1:{AT['reference']}{layout.summary + FIRST_SHOWN + 2}"
    _mend_rows(writing, sheet, case, layout)
    _add_total(writing, sheet, case, layout)
    _add_checks(writing, sheet, case, layout, scores)
    add_summary(
        Summary(writing, sheet, case, scores, ok=cells.ok, top=layout.top, first=layout.summary)
    )


def _weight_rows(case: Case) -> pd.DataFrame:
    weights, scaled = case.potential.weighting.weights, _weights(case)
    order = sorted(one.id for one in case.rated)
    limits = _limit_counts(case)
    precedence = _precedence(case)
    rows = []
    for at, one in enumerate((*case.rated, *case.others)):
        is_rated = at < len(case.rated)
        rows.append({
            "name": one.named(case.lang), "id": one.id,
            "weight": float(weights[one.id]) if is_rated else None,
            "scaled": scaled[at] if is_rated else None,
            "original": scaled[at] if is_rated else None,
            "difference": 0.0 if is_rated else None,
            "limits": limits.get(one.id, 0) if is_rated else None,
            "direction": word_of("direction", one.direction, case.lang)
            if is_rated and one.transform in {"linear", "sigmoid"} else "",
            "transform": word_of("transform", one.transform, case.lang) if is_rated else "",
            "veto": one.veto, "source": source_words(case, one.id), "reference": one.reference,
            "order": order.index(one.id) + 1 if is_rated else None,
            "precedence": precedence[at] if is_rated else None,
            "tells": float(one.id not in case.one_value) if is_rated else None,
            "brief": brief(one.named(case.lang)),
        })  # fmt: skip
    return pd.DataFrame(rows)


def _limit_counts(case: Case) -> dict[str, int]:
    score = case.potential
    named = score.limiting["criterion"].to_numpy()[score.ranks.notna().to_numpy()]
    names, counts = np.unique(named.astype(str), return_counts=True)
    return dict(zip(names.tolist(), counts.tolist(), strict=True))


def _weight_formula(name: str, layout: _Layout, scores: LongSheet) -> str:
    cells = layout.cells

    def span(column: str) -> str:
        return f"${AT[column]}${cells.first}:${AT[column]}${cells.last}"

    own = "ROUND({scaled}{n},12)"
    heavier = f"(ROUND({span('scaled')},12)<{own})+(ROUND({span('scaled')},12)={own})*({span('order')}>{{order}}{{n}})"
    active = f"{span('tells')}*({span('scaled')}>0)"
    formulas = {
        "scaled": f"IF({cells.ok}=1,{{weight}}{{n}}/SUM({span('weight')}),0)",
        "difference": "{scaled}{n}-{original}{n}",
        "limits": f'COUNTIFS({scores.span("place")},{{n}}-{cells.first - 1},{scores.span("ranked")},">=0")',
        "precedence": f"IF({{tells}}{{n}}*{{scaled}}{{n}}>0,1+SUMPRODUCT({active}*({heavier})),0)",
    }
    return formulas.get(name, "")


def _mend_rows(writing: Writing, sheet: Worksheet, case: Case, layout: _Layout) -> None:
    """Colour what may be changed, and write plainly where nothing is weighed."""
    cells = layout.cells
    for row in range(cells.first, cells.last + 1):
        _style_input(sheet.cell(row, 3), "0.0###")
        if case.rated[row - cells.first].id in case.one_value:
            put_text(sheet.cell(row, 7), "—")
            text = _said("one_value", case.lang)
            put_text(
                sheet[f"{AT['source']}{row}"],
                f"{sheet[AT['source'] + str(row)].value or ''} ({text})",
            )
            writing.book.cached[sheet.title].pop(f"G{row}", None)
    for row in range(cells.last + 1, layout.total):
        for name in ("scaled", "difference", "limits", "precedence"):
            sheet[f"{AT[name]}{row}"].value = None
        one = case.others[row - cells.last - 1]
        said = "only_veto" if one.veto else "no_weight"
        cell = sheet.cell(row, 3)
        put_text(cell, _said(said, case.lang))
        cell.font = Font(name=FONT, size=9, italic=True, color=GREY)
        cell.alignment = Alignment(horizontal="center", vertical="center")
    checked = DataValidation(
        type="decimal", operator="greaterThanOrEqual", formula1="0", allow_blank=False,
        showErrorMessage=True, showInputMessage=True,
    )  # fmt: skip
    checked.error = checked.prompt = _said("bad_weight", case.lang)
    checked.errorTitle = checked.promptTitle = _said("input", case.lang)
    checked.add(f"C{cells.first}:C{cells.last}")
    sheet.add_data_validation(checked)


def _style_input(cell: Any, form: str) -> None:
    cell.fill = INPUT_FILL
    cell.border = Border(left=INPUT_LINE, right=INPUT_LINE, top=INPUT_LINE, bottom=INPUT_LINE)
    cell.font = Font(name=FONT, size=11, bold=True)
    cell.number_format = form
    cell.alignment = Alignment(horizontal="center", vertical="center")


def _add_total(writing: Writing, sheet: Worksheet, case: Case, layout: _Layout) -> None:
    cached, cells = writing.book.cached[sheet.title], layout.cells
    for at in range(1, 8):
        cell = sheet.cell(layout.total, at)
        cell.font = Font(name=FONT, size=10, bold=True)
        cell.fill = TOTAL_FILL
        cell.border = Border(top=Side(style="medium", color="12304A"))
    put_text(sheet.cell(layout.total, 1), label("sheet.total", case.lang))
    total = float(np.sum([case.potential.weighting.weights[one.id] for one in case.rated]))
    for name, value in (("weight", total), ("scaled", 1.0), ("original", 1.0)):
        cell = sheet[f"{AT[name]}{layout.total}"]
        cell.value = f"=SUM({AT[name]}{cells.first}:{AT[name]}{cells.last})"
        cell.number_format = "0.0###" if name == "weight" else FORMATS["fine_share"]
        cell.alignment = Alignment(horizontal="center", vertical="center")
        cached[cell.coordinate] = value


def _add_checks(
    writing: Writing, sheet: Worksheet, case: Case, layout: _Layout, scores: LongSheet
) -> None:
    """Write N, whether the weights can be used, and in words why not."""
    cells, cached = layout.cells, writing.book.cached[sheet.title]
    ranked = int(case.potential.ranks.notna().sum())
    label_line(sheet, layout.top, _said("top", case.lang))
    top = sheet.cell(layout.top, 3)
    top.value = case.top
    _style_input(top, "#,##0")
    checked = DataValidation(
        type="whole", operator="between", formula1="1", formula2=str(max(ranked, 1)), allow_blank=False,
        showErrorMessage=True,
    )  # fmt: skip
    checked.error = label("potential_sheet.bad_top", case.lang, most=f"{max(ranked, 1):,}")
    checked.errorTitle = _said("input", case.lang)
    checked.add(top.coordinate)
    sheet.add_data_validation(checked)
    span, n = f"$C${cells.first}:$C${cells.last}", f"$C${layout.top}"
    is_number = f"COUNT({span})+COUNTBLANK({span})={len(case.rated)}"
    ok = sheet[f"{AT['precedence']}{layout.check}"]
    ok.value = f"=IF(AND({is_number},MIN({span})>=0,SUM({span})>0),1,0)"
    cached[ok.coordinate] = 1.0
    label_line(sheet, layout.check, _said("check", case.lang))
    said = sheet.cell(layout.check, 3)
    texts = {
        one: _quoted(_said(f"check_{one}", case.lang))
        for one in ("text", "negative", "zero", "top", "ok")
    }
    good_top = f"IF(ISNUMBER({n}),IF({n}>=1,1,0),0)=1"
    said.value = (
        f"=IF(NOT({is_number}),{texts['text']},IF(MIN({span})<0,{texts['negative']},"
        f"IF(SUM({span})<=0,{texts['zero']},IF({good_top},{texts['ok']},{texts['top']}))))"
    )
    said.font = Font(name=FONT, size=10, bold=True)
    told = _said("check_ok" if case.top >= 1 else "check_top", case.lang)
    writing.texts.setdefault(sheet.title, {})[said.coordinate] = told
    at = said.coordinate
    for sign, font in (("✗", OUT_FONT), ("✓", OK_FONT)):
        rule = FORMULA_RULE(formula=[f'LEFT({at},1)="{sign}"'], font=font)
        sheet.conditional_formatting.add(at, rule)
    warning = FORMULA_RULE(formula=[f'LEFT($A${WEIGHT_ROW},1)="✗"'], font=OUT_FONT)
    scores.sheet.conditional_formatting.add(f"A{WEIGHT_ROW}", warning)


def _quoted(text: str) -> str:
    doubled = text.replace('"', '""')
    return f'"{doubled}"'


def _put_first(writing: Writing, title: str) -> None:
    workbook = writing.book.workbook
    sheet = workbook[title]
    workbook.move_sheet(sheet, -workbook.index(sheet))
    workbook.active = 0
    for one in workbook.worksheets:
        one.sheet_view.tabSelected = one.title == title


def _is_found(case: Case) -> bool:
    """Return whether the weights come from several experts or were reckoned, and are told on a sheet."""
    weighting = case.potential.weighting
    return weighting.method != "direct" or len(weighting.experts.columns) > 1


def _add_stability(
    writing: Writing, case: Case, acceptability: Acceptability | None, stability: Stability | None
) -> None:
    columns = stability_columns(case, acceptability, stability)
    note = label("potential_sheet.stability_note", case.lang, top=f"{case.top:,}")
    add_long_sheet(writing, _said("stability", case.lang), columns, note=note)


def _said(name: str, lang: str) -> str:
    return label(f"potential_sheet.{name}", lang)
