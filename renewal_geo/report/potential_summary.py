"""What a change of the weights does: live lines, the first parcels by rank, weights now and before as a chart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from openpyxl.chart import BarChart, Reference, Series
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.worksheet.worksheet import Worksheet

from renewal_geo.foundation.labels import label
from renewal_geo.potential.ranking import DECIMALS
from renewal_geo.report.long_sheets import LongSheet, Writing
from renewal_geo.report.potential_columns import TICK, Case
from renewal_geo.report.sheets import FIRST_ROW, FONT, FORMATS, put_text

CUT = 1
"""Lines below the heading of the summary where the cut stands."""
FIRST_SHOWN = 12
BEST = {"rank": "E", "parcel": "F", "score": "G", "old": "H", "new": "I", "limiting": "J"}
PLACE = "M"  # hidden: which row of the scores it is
CHART_AT, CHART_CM = "K", (12.8, 8.6)
SHORT_NAMES = 16  # hidden column of the weights
BAR_CM = 0.75  # height of the bars of one criterion
NOW_INK, BEFORE_INK = "B8860B", "8A97A3"
LINE = Side(style="thin", color="D9D5CB")
HEAD = PatternFill("solid", fgColor="ECEAE3")
ROW_HEIGHT = 20.0
NOBODY = "—"
FAR = "1E7"  # beyond every row


@dataclass(frozen=True, slots=True, eq=False)
class Summary:
    """Where the summary stands: `first` is the row of its heading, `top` that of N, `ok` the cell of the check."""

    writing: Writing
    sheet: Worksheet
    case: Case
    scores: LongSheet
    ok: str
    top: int
    first: int

    def span(self, name: str) -> str:
        """Return a whole column of the sheet of scores."""
        return self.scores.span(name)

    def write(self, place: str, formula: str, value: float | str | None, form: str) -> Any:
        """Write a live figure with what it gives; return its cell."""
        cell: Any = self.sheet[place]
        cell.value = f"={formula}"
        cell.number_format = form
        cell.font = Font(name=FONT, size=10)
        if isinstance(value, float):
            self.writing.book.cached[self.sheet.title][place] = value
        else:
            self.writing.texts.setdefault(self.sheet.title, {})[place] = value or ""
        return cell


def add_summary(summary: Summary) -> None:
    """Write the lines, the list and the chart below the weights."""
    _add_lines(summary)
    _add_best(summary)
    _add_chart(summary)
    for row in range(summary.first, summary.first + FIRST_SHOWN + 2):
        summary.sheet.row_dimensions[row].height = ROW_HEIGHT


def label_line(sheet: Worksheet, row: int, text: str) -> None:
    """Write what a line below the weights is about."""
    cell = sheet.cell(row, 1)
    put_text(cell, text)
    cell.font = Font(name=FONT, size=10)
    cell.alignment = Alignment(horizontal="left", vertical="center", indent=1)
    for at in (1, 2, 3):
        sheet.cell(row, at).border = Border(bottom=LINE)


def _add_lines(summary: Summary) -> None:
    case, first = summary.case, summary.first
    ranks = case.potential.ranks.to_numpy(dtype=float, na_value=np.nan)
    is_in = ranks <= case.top
    count = float(is_in.sum())
    scores = np.round(case.potential.scores.to_numpy(dtype=float, na_value=np.nan), DECIMALS)
    cut = float(scores[is_in].min()) if count else None
    top = f"$C${summary.top}"
    n = f"INT({top})"
    at, old, ranked, loss = (summary.span(o) for o in ("in_top", "original_rank", "ranked", "loss"))
    parcel, rank = summary.span("parcel"), summary.span("rank")
    now, before, kept, most = (f"$C${first + line}" for line in (2, 3, 4, 9))
    lowest = f"LARGE({ranked},MIN({n},COUNT({ranked})))"
    good = f"AND({summary.ok}=1,ISNUMBER({top}),COUNT({ranked})>0)"
    both = f'SUMPRODUCT(({at}="{TICK}")*({old}<>"")*({old}<={n}))'
    lines: list[tuple[str, str, float | str | None, str]] = [
        ("cut", f'IF({good},IF({top}>=1,{lowest},""),"")', cut, "0.0000"),
        ("in_now", f'COUNTIF({at},"{TICK}")', count, "#,##0"),
        ("in_before", f'IFERROR(COUNTIF({old},"<="&{n}),"")', count, "#,##0"),
        ("in_both", f'IFERROR({both},"")', count, "#,##0"),
        ("in_both_share", f'IF(N({now})=0,"",{kept}/{now})', 1.0 if count else None, "0.0%"),
        ("newcomers", f'IFERROR({now}-{kept},"")', 0.0, "#,##0"),
        ("leavers", f'IFERROR({before}-{kept},"")', 0.0, "#,##0"),
        ("loser", f'IF(N({most})>0,INDEX({parcel},MATCH({most},{loss},0)),"{NOBODY}")', NOBODY, "@"),
        ("lost", f'IF(COUNT({loss})=0,"",MAX({loss}))', 0.0 if count else None, "#,##0"),
        ("now_at", f'IF(N({most})>0,INDEX({rank},MATCH({most},{loss},0)),"{NOBODY}")', NOBODY, "#,##0"),
    ]  # fmt: skip
    if case.areas_ha is not None:
        land, area = float(np.sort(case.areas_ha[is_in]).sum()), summary.span("area")
        lines += [
            ("area_now", f'SUMIF({at},"{TICK}",{area})', land, FORMATS["ha"]),
            ("area_before", f'IFERROR(SUMIF({old},"<="&{n},{area}),"")', land, FORMATS["ha"]),
        ]
    _put_head(summary, "A", "summary")
    for row, (name, formula, value, form) in enumerate(lines, first + CUT):
        label_line(summary.sheet, row, label(f"potential_sheet.{name}", case.lang))
        cell = summary.write(f"C{row}", formula, value, form)
        cell.font = Font(name=FONT, size=10, bold=True)
        cell.alignment = Alignment(horizontal="center", vertical="center")


def _add_best(summary: Summary) -> None:
    """List the first parcels by rank: position by the score, and of equal ones by their rows."""
    case, sheet, lang = summary.case, summary.sheet, summary.case.lang
    first, ranked = summary.first + 1, summary.span("ranked")
    begin, new = summary.scores.first, label("potential_sheet.best_new", lang)
    _put_head(summary, BEST["rank"], "best")
    for name, letter in BEST.items():
        cell = sheet[f"{letter}{first}"]
        put_text(
            cell, label(f"potential_sheet.{'in_top' if name == 'new' else 'best_' + name}", lang)
        )
        cell.font = Font(name=FONT, size=9, bold=True, color="5C6670")
        cell.fill = HEAD
        cell.alignment = Alignment(horizontal="center", vertical="center")
    known, top = _known(case), f"$C${summary.top}"
    old, limiting = summary.span("original_rank"), summary.span("limiting")
    for k in range(1, FIRST_SHOWN + 1):
        row = first + k
        rank, score, place = (f"${one}{row}" for one in (BEST["rank"], BEST["score"], PLACE))
        told = known[k - 1] if k <= len(known) else dict.fromkeys((*BEST, "place"))
        apart = f'((({ranked}<>{score})+({ranked}=""))>0)*{FAR}'
        nth = f"SUMPRODUCT(SMALL({apart}+ROW({ranked})-{begin - 1},{k}-{rank}+1))"
        before = f"INDEX({old},{place})"
        mark = f'IF(AND({before}<>"",{before}<=N({top})),"{TICK}","{new}")'
        formulas = {
            "rank": (f'IF({score}="","",COUNTIF({ranked},">"&{score})+1)', "#,##0"),
            "parcel": (f'IF({place}="","",INDEX({summary.span("parcel")},{place}))', "@"),
            "score": (f'IF(COUNT({ranked})>={k},LARGE({ranked},{k}),"")', "0.0000"),
            "old": (f'IF({place}="","",IF({before}="","",{before}))', "#,##0"),
            "new": (f'IF({place}="","",IF({rank}>N({top}),"",{mark}))', "@"),
            "limiting": (f'IF({place}="","",INDEX({limiting},{place}))', "@"),
        }  # fmt: skip
        for name, (formula, form) in formulas.items():
            cell = summary.write(f"{BEST[name]}{row}", formula, told[name], form)
            is_text = name == "limiting"
            cell.alignment = Alignment(
                horizontal="left" if is_text else "center", vertical="center", indent=int(is_text)
            )
            cell.border = Border(bottom=LINE)
        summary.write(f"{PLACE}{row}", f'IF({score}="","",{nth})', told["place"], "0")


def _known(case: Case) -> list[dict[str, Any]]:
    """Return what the list shows under the original weights."""
    limiting = case.potential.limiting["criterion"].to_numpy()[case.order]
    ranks, scores = case.sorted(case.potential.ranks), case.sorted(case.potential.scores)
    rows = []
    for at, rank in enumerate(ranks[:FIRST_SHOWN]):
        if rank is None:
            break
        rows.append({
            "rank": rank, "parcel": case.ids[at], "score": round(float(scores[at]), DECIMALS), "old": rank,
            "new": TICK if rank <= case.top else "", "limiting": case.named(limiting[at]), "place": float(at + 1),
        })  # fmt: skip
    return rows


def _put_head(summary: Summary, letter: str, name: str) -> None:
    cell = summary.sheet[f"{letter}{summary.first}"]
    put_text(cell, label(f"potential_sheet.{name}", summary.case.lang))
    cell.font = Font(name=FONT, size=11, bold=True, color="12304A")
    cell.alignment = Alignment(vertical="center")


def _add_chart(summary: Summary) -> None:
    """Draw the weights, now and before, one beside the other."""
    lang, last = summary.case.lang, FIRST_ROW + len(summary.case.rated) - 1
    _put_head(summary, CHART_AT, "chart")
    chart: Any = BarChart()
    chart.type, chart.style, chart.gapWidth, chart.roundedCorners = "bar", 2, 60, False
    names = Reference(summary.sheet, min_col=SHORT_NAMES, min_row=FIRST_ROW, max_row=last)
    for column, name, ink in ((5, "chart_before", BEFORE_INK), (4, "chart_now", NOW_INK)):
        figures = Reference(summary.sheet, min_col=column, min_row=FIRST_ROW, max_row=last)
        drawn: Any = Series(figures, title=label(f"potential_sheet.{name}", lang))
        drawn.graphicalProperties = GraphicalProperties(solidFill=ink)
        chart.series.append(drawn)
    chart.set_categories(names)
    chart.visible_cells_only = False  # the short names are hidden
    for axis in (chart.x_axis, chart.y_axis):
        axis.delete = False
    chart.x_axis.scaling.orientation = "maxMin"  # the first criterion above
    chart.y_axis.number_format = "0%"
    chart.y_axis.majorGridlines = None
    chart.legend.overlay = False
    chart.legend.position = "b"
    chart.width, chart.height = (
        CHART_CM[0],
        max(CHART_CM[1], 2.5 + BAR_CM * len(summary.case.rated)),
    )
    summary.sheet.add_chart(chart, f"{CHART_AT}{summary.first + 1}")
