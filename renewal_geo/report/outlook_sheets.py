"""The sheets of what a planner asks next: how good, in which order, at what price, how firm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from openpyxl.chart import Reference, ScatterChart, Series
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from renewal_geo.foundation.labels import has_label, label
from renewal_geo.foundation.sentences import (
    MOST_SHARE,
    gains,
    limit_priced,
    limits_named,
    step_taken,
)
from renewal_geo.report.sheets import FIRST_ROW, Book, Heading, add_sheet

if TYPE_CHECKING:
    from renewal_geo.zones import (
        Delineation,
        Frontier,
        Obstacles,
        Outlook,
        Phases,
        Prices,
        Robustness,
    )

SENTENCE_WIDTH = 84.0
CHART_CM = (22.0, 9.5)
CHART_ROWS = 20  # what a chart of that height covers, for the next one below it
FOUND_INK, BOUND_INK, STUDY_INK = "0072B2", "8A8378", "D55E00"
SCORES = ("mean_frequency", "least_frequency", "core_share")


def add_outlook(book: Book, delineation: Delineation, outlook: Outlook) -> None:
    """Write one sheet per question that was answered; an empty answer says why in its note."""
    if outlook.frontier is not None:
        add_frontier(book, outlook.frontier)
    if outlook.phases is not None:
        _add_phases(book, outlook.phases, delineation)
    if outlook.prices is not None:
        _add_prices(book, outlook.prices)
        _add_crossings(book, outlook.prices)
    if outlook.robustness is not None:
        _add_robustness(book, outlook.robustness, delineation)
    if outlook.obstacles is not None:
        _add_components(book, outlook.obstacles)


def phase_of_zones(outlook: Outlook | None) -> pd.Series[Any] | None:
    """Return zone_id -> phase, or None where nothing was phased."""
    found = outlook.phases if outlook is not None else None
    return found.zones if found is not None and len(found.zones) else None


def parcel_columns(
    outlook: Outlook | None, parcel_ids: pd.Series[str], lang: str
) -> tuple[pd.DataFrame, list[Heading]]:
    """Return what the outlook says of each parcel, in the order of `parcel_ids`.

    The columns' names begin with ``outlook_``, so that no column of the user can pass for one.
    """
    made = pd.DataFrame(index=parcel_ids.index)
    heads: list[Heading] = []
    if outlook is None:
        return made, heads
    if outlook.robustness is not None and len(outlook.robustness.table):
        table = _by_id(outlook.robustness.table, parcel_ids)
        made["outlook_frequency"] = table["frequency"].to_numpy(dtype=float, na_value=float("nan"))
        made["outlook_firmness"] = [_word(one, lang) for one in table["class"]]
        heads += [
            Heading(
                "outlook_frequency",
                label(drawn_key(outlook.robustness, "frequency"), lang),
                "share",
            ),
            Heading("outlook_firmness", label("column.firmness", lang)),
        ]
    if outlook.changes is not None and len(outlook.changes.table):
        said = _by_id(outlook.changes.table, parcel_ids)[sentence_column(lang)].astype(object)
        made["outlook_change"] = said.where(said.notna(), None).to_numpy()
        heads.append(Heading("outlook_change", label("column.would_change", lang)))
    return made, heads


def sentence_column(lang: str) -> str:
    """Return the name of the column that holds sentences in `lang`."""
    return f"sentence_{'zh' if lang == 'zh' else 'en'}"


def drawn_key(robustness: Robustness, name: str, group: str = "column") -> str:
    """Return the key of a text that depends on what was drawn: errors of values, or weightings.

    >>> from types import SimpleNamespace
    >>> drawn_key(SimpleNamespace(law="weightings"), "frequency")
    'contrast.frequency'
    """
    key = f"contrast.{name}"
    return key if robustness.law == "weightings" and has_label(key) else f"{group}.{name}"


def add_frontier(book: Book, frontier: Frontier) -> None:
    """Write the frontier: its points, and two charts that a spreadsheet draws itself."""
    lang = book.lang
    table = frontier.table.reset_index(names="point")
    rows = table.assign(
        kind=[label(f"outlook.kind_{one}", lang) for one in table["kind"]],
        status=[label(f"status.{one}", lang) for one in table["status"]],
        gap=table["gap"].where(table["gap"] <= MOST_SHARE),
    )
    heads = [
        _head("point", lang), _head("kind", lang), _head("is_study", lang),
        _head("area_budget_ha", lang, "ha"), _head("boundary_weight", lang, "number"),
        _head("status", lang), _head("net_value", lang, "value"), _head("bound", lang, "value"),
        _head("gap", lang, "fine_share"), _head("area_ha", lang, "ha"),
        _head("zone_count", lang, "count"), _head("value", lang, "value"),
        _head("outline_m", lang, "m"), _head("marginal_value", lang, "number"),
    ]  # fmt: skip
    sheet = add_sheet(
        book, label("sheet.frontier", lang), rows, heads, caption=label("outlook.frontier_title", lang),
        note=_note(label("outlook.frontier_hint", lang), frontier.notes),
    )  # fmt: skip
    column = {head.name: number for number, head in enumerate(heads, 1)}
    own = table["is_study"].astype(bool).to_numpy()
    below = FIRST_ROW + len(rows) + 2
    for kind, chart in (("budget", _budget_chart), ("boundary", _boundary_chart)):
        at = [FIRST_ROW + n for n, one in enumerate(table["kind"]) if one == kind]
        if len(at) < 2 or at != list(range(at[0], at[-1] + 1)):
            continue  # one point is no curve, and a chart needs its rows side by side
        study = next((row for row in at if own[row - FIRST_ROW]), None)
        sheet.add_chart(chart(sheet, column, (at[0], at[-1]), study, lang), f"A{below}")
        below += CHART_ROWS + 1


def add_memberships(book: Book, frontier: Frontier) -> None:
    """Write which zone each parcel belongs to at each point, for parcels that are ever chosen."""
    chosen = frontier.membership[frontier.membership.notna().any(axis=1)]
    points = [str(one) for one in chosen.columns]
    rows = pd.DataFrame(
        {f"p{n}": chosen.iloc[:, n].to_numpy() for n in range(len(points))}, index=chosen.index
    )
    rows = rows.astype("Float64").sort_index()
    rows.insert(0, "parcel_id", rows.index.astype(str))
    heads = [Heading("parcel_id", label("column.parcel_id", book.lang))]
    heads += [Heading(f"p{n}", one, "count") for n, one in enumerate(points)]
    add_sheet(book, label("sheet.frontier_zones", book.lang), rows, heads)


def _budget_chart(
    sheet: Worksheet, column: dict[str, int], rows: tuple[int, int], study: int | None, lang: str
) -> ScatterChart:
    budgets = column["area_budget_ha"]
    given = all(sheet.cell(row, budgets).value is not None for row in range(rows[0], rows[1] + 1))
    # a study without a budget stands where its area is: one empty cell would number all points 1, 2, 3
    across = budgets if given else column["area_ha"]
    chart = _chart("chart_budget", "axis_budget" if given else "area_ha", "axis_net", lang)
    x = Reference(sheet, min_col=across, min_row=rows[0], max_row=rows[1])
    for name, ink, dashed in (("bound", BOUND_INK, True), ("net_value", FOUND_INK, False)):
        y = Reference(sheet, min_col=column[name], min_row=rows[0], max_row=rows[1])
        title = label("outlook.bound" if dashed else "outlook.found", lang)
        chart.series.append(_series(y, x, title, ink, dashed=dashed))
    _mark_study(chart, sheet, (across, column["net_value"]), study, lang)
    return chart


def _boundary_chart(
    sheet: Worksheet, column: dict[str, int], rows: tuple[int, int], study: int | None, lang: str
) -> ScatterChart:
    chart = _chart("chart_boundary", "axis_outline_m", "axis_value", lang)
    x = Reference(sheet, min_col=column["outline_m"], min_row=rows[0], max_row=rows[1])
    y = Reference(sheet, min_col=column["value"], min_row=rows[0], max_row=rows[1])
    chart.series.append(_series(y, x, label("outlook.found", lang), FOUND_INK, dashed=False))
    _mark_study(chart, sheet, (column["outline_m"], column["value"]), study, lang)
    return chart


def _chart(title: str, x_title: str, y_title: str, lang: str) -> ScatterChart:
    chart: Any = ScatterChart()
    chart.style = 2
    chart.scatterStyle = "lineMarker"
    chart.title = label(f"outlook.{title}", lang)
    chart.x_axis.title = label(f"outlook.{x_title}", lang)
    chart.y_axis.title = label(f"outlook.{y_title}", lang)
    for axis in (chart.x_axis, chart.y_axis):
        axis.delete = False  # without this word Excel shows no figures along the axis
        axis.number_format = "General"
        axis.title.overlay = False  # nor without this one any room for titles
    chart.x_axis.axPos, chart.x_axis.majorGridlines = "b", None
    chart.title.overlay = chart.legend.overlay = False
    chart.width, chart.height = CHART_CM
    chart.legend.position = "b"
    chart.display_blanks = "gap"
    return chart  # type: ignore[no-any-return]


def _series(y: Reference, x: Reference, title: str, ink: str, *, dashed: bool) -> Any:
    made: Any = Series(y, x, title=title)
    made.smooth = False
    made.graphicalProperties = GraphicalProperties()
    made.graphicalProperties.line.solidFill = ink
    made.graphicalProperties.line.width = 22_000  # EMU, about 1.7 points
    made.graphicalProperties.line.dashStyle = "dash" if dashed else "solid"
    made.marker.symbol = "none" if dashed else "circle"
    if not dashed:
        made.marker.size = 7
        _paint_marker(made, ink)
    return made


def _mark_study(
    chart: ScatterChart, sheet: Worksheet, columns: tuple[int, int], study: int | None, lang: str
) -> None:
    """Put the study's own point over the curve, as a larger mark without a line."""
    if study is None:
        return
    x, y = (Reference(sheet, min_col=one, min_row=study, max_row=study) for one in columns)
    made = _series(y, x, label("outlook.study_point", lang), STUDY_INK, dashed=False)
    made.graphicalProperties.line.noFill = True
    made.graphicalProperties.line.solidFill = None
    made.marker.symbol, made.marker.size = "diamond", 12
    chart.series.append(made)


def _paint_marker(series: Any, ink: str) -> None:
    series.marker.graphicalProperties = GraphicalProperties(solidFill=ink)
    series.marker.graphicalProperties.line.solidFill = ink


def _add_phases(book: Book, phases: Phases, delineation: Delineation) -> None:
    lang = book.lang
    table = phases.table.reset_index(names="phase")
    members: dict[object, list[str]] = {}
    for zone, phase in phases.zones.dropna().items():
        members.setdefault(int(phase), []).append(_zone_name(delineation, str(zone)))
    joint = "；" if lang == "zh" else "; "
    rows = table.assign(names=[joint.join(sorted(members.get(int(n), ()))) for n in table["phase"]])
    first = f"${FIRST_ROW}"
    heads = [
        _head("phase", lang, "count"), Heading("names", label("outlook.phase_zones", lang)),
        _head("zone_count", lang, "count", "sum"), _head("budget_ha", lang, "ha"),
        _head("area_ha", lang, "ha", "sum"),
        _head("cumulative_area_ha", lang, "ha", formula=f"SUM({{area_ha}}{first}:{{area_ha}}{{n}})"),
        _head("net_value", lang, "value", "sum"),
        _head("cumulative_net_value", lang, "value", formula=f"SUM({{net_value}}{first}:{{net_value}}{{n}})"),
        _head("bound", lang, "value"), _head("gap", lang, "fine_share"),
    ]  # fmt: skip
    add_sheet(
        book, label("sheet.phases", lang), rows, heads, caption=label("outlook.phases", lang),
        note=_note(label("outlook.phases_hint", lang), phases.notes),
    )  # fmt: skip


def _add_prices(book: Book, prices: Prices) -> None:
    lang = book.lang
    table = prices.table[prices.table["kind"] != "barrier"]
    priced = table[["kind", "name", "step", "unit", "gain_found", "gain_at_most"]]
    each = list(priced.itertuples(index=False, name=None))
    signed = [gains(kind, step, found, most) for kind, _, step, _, found, most in each]
    rows = table.assign(
        limit=[_capital(limit_priced(kind, name, lang)) for kind, name, *_ in each],
        change=[step_taken(step, unit, lang) for _, _, step, unit, *_ in each],
        sentence=table[sentence_column(lang)],
        gain_found=np.array([found for found, _ in signed], dtype=float),
        gain_at_most=np.array([most for _, most in signed], dtype=float),
    )
    heads = [
        Heading("limit", label("outlook.price_kind", lang)), _head("change", lang),
        _head("gain_found", lang, "value"), _head("gain_at_most", lang, "value"),
        _head("sentence", lang),
    ]  # fmt: skip
    sheet = add_sheet(
        book, label("sheet.prices", lang), rows, heads, caption=label("outlook.prices", lang),
        note=_note(label("outlook.prices_hint", lang), prices.notes),
    )  # fmt: skip
    _widen(sheet, heads)


def _add_crossings(book: Book, prices: Prices) -> None:
    lang = book.lang
    table = pd.DataFrame(prices.barriers.drop(columns=prices.barriers.geometry.name))
    middle = prices.barriers.geometry.centroid
    sentences = prices.table[sentence_column(lang)].reindex(prices.barriers.index)
    rows = table.assign(
        number=range(1, len(table) + 1),
        barrier=[label(f"kind.{one}", lang) for one in table["kind"]],
        sentence=sentences.to_numpy(),
        x=middle.x.round(1).to_numpy(),
        y=middle.y.round(1).to_numpy(),
    )
    heads = [
        Heading("number", label("column.id", lang), "count"), _head("barrier", lang),
        _head("focal", lang), _head("neighbour", lang), _head("frontage_m", lang, "m"),
        _head("gap_m", lang, "m"), _head("gain_found", lang, "value"),
        _head("gain_at_most", lang, "value"), Heading("x", "X", "m"), Heading("y", "Y", "m"),
        _head("sentence", lang),
    ]  # fmt: skip
    sheet = add_sheet(
        book, label("sheet.crossings", lang), rows, heads, caption=label("outlook.crossings", lang),
        note=label("outlook.prices_hint", lang),
    )  # fmt: skip
    _widen(sheet, heads)


def _add_robustness(book: Book, robustness: Robustness, delineation: Delineation) -> None:
    lang = book.lang
    table = robustness.zones.reset_index(names="zone_id")
    rows = table.assign(zone_name=[_zone_name(delineation, str(one)) for one in table["zone_id"]])
    heads = [_head("zone_id", lang), _head("zone_name", lang)]
    heads += [Heading(name, label(drawn_key(robustness, name), lang), "share") for name in SCORES]
    hint = label(
        drawn_key(robustness, "robustness_hint", "outlook"),
        lang,
        draws=robustness.draws,
        noise=f"{robustness.noise:.0%}",
    )
    add_sheet(
        book, label("sheet.robustness", lang), rows, heads,
        caption=label(drawn_key(robustness, "robustness", "outlook"), lang), note=_note(hint, robustness.notes),
    )  # fmt: skip


def _add_components(book: Book, obstacles: Obstacles) -> None:
    lang = book.lang
    table = obstacles.table.reset_index(names="component")
    rows = table.assign(
        limit=[limits_named(one, lang) for one in table["limit"]],
        sentence=table[sentence_column(lang)],
    )
    heads = [
        _head("component", lang, "count"), _head("parcels", lang, "count", "sum"),
        _head("area_ha", lang, "ha", "sum"), _head("reachable_ha", lang, "ha", "sum"),
        _head("limit", lang), _head("short_ha", lang, "ha"), _head("sentence", lang),
    ]  # fmt: skip
    sheet = add_sheet(
        book, label("sheet.components", lang), rows, heads,
        caption=label("outlook.components", lang), note=_note("", obstacles.notes),
    )  # fmt: skip
    _widen(sheet, heads)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _zone_name(delineation: Delineation, zone: str) -> str:
    zones = delineation.zones
    if "zone_name" not in zones or zone not in zones.index:
        return zone
    name = str(zones["zone_name"].loc[zone])
    return name if zone in name else f"{zone} {name}"


def _head(
    name: str, lang: str, form: str = "text", total: str = "", *, formula: str = ""
) -> Heading:
    """Return a heading; what a word means among these questions goes before what it means elsewhere."""
    group = "outlook" if has_label(f"outlook.{name}") and name not in _PLAIN else "column"
    return Heading(name, label(f"{group}.{name}", lang), form, total, formula)


# columns whose title is the same everywhere, though the panel has a phrase of that name too
_PLAIN = {"phase", "barrier", "bound"}


def _by_id(table: pd.DataFrame, parcel_ids: pd.Series[str]) -> pd.DataFrame:
    plain = table.set_axis(table.index.astype(str), axis=0)
    return plain.reindex(parcel_ids)


def _word(one: object, lang: str) -> str | None:
    return label(f"outlook.{one}", lang) if isinstance(one, str) and one else None


def _note(first: str, notes: Sequence[str]) -> str:
    return "  ".join(part for part in (first, *notes) if part)


def _widen(sheet: Worksheet, heads: Sequence[Heading]) -> None:
    """Give the sentences room: they are what is read first."""
    letter = get_column_letter([head.name for head in heads].index("sentence") + 1)
    sheet.column_dimensions[letter].width = SENTENCE_WIDTH
