"""What stands beside the map on a sheet: figures, legend, deadlines, funnel, as rows that flow in columns."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from renewal_geo.foundation.quantities import M2_PER_HA
from renewal_geo.maps import palettes
from renewal_geo.maps.controls import Deadlines, Total, days_after, holds, total
from renewal_geo.maps.sheet.columns import SMALL, Draw, Row, heading, whole
from renewal_geo.maps.sheet.drawn_layers import (
    LINE_SCALE,
    Paper,
    hatch_ink,
    strengthen,
)
from renewal_geo.maps.sheet.frames import Rect, sheet_layers
from renewal_geo.maps.sheet.pens import ALERT, MUTED, RULE, Pen
from renewal_geo.maps.spec import LayerSpec, MapClass, MapColumn, MapSpec

BODY, STRONG = 7.5, 14.0
ROW_MM = 4.05
SWATCH_MM = (7.0, 2.8)
MOST_FACTS, MOST_LINES = 18, 3
SHORT_LAYER = 9  # rows of a legend that stay in one column


def legend(pen: Pen, spec: MapSpec, most: int, paper: Paper) -> list[Row]:
    """Return the legend, layers top first, each with at most `most` classes and the rest summed.

    Hectares and counts are those of the classes, which are the table's.
    """
    layers = [one for one in reversed(sheet_layers(spec)) if one.classes]
    if not layers:
        return []
    every = [one for layer in layers for one in layer.classes]
    counts = max((pen.width(_count(one.count), SMALL) for one in every), default=0.0)
    counts = max(counts, pen.width(pen.word("sheet_map.count"), SMALL))
    rows = heading(pen, pen.word("map.legend"))
    for layer in layers:
        kept, rest = _largest(layer.classes, most)
        rows += _layer_rows(pen, layer, kept, rest, counts, paper)
    return rows


def _largest(classes: tuple[MapClass, ...], most: int) -> tuple[list[MapClass], list[MapClass]]:
    """Return the largest classes in the order of the legend, and the rest."""
    if len(classes) <= most:
        return list(classes), []
    size = [(-(one.area_m2 or 0.0), -(one.count or 0), n) for n, one in enumerate(classes)]
    kept = {n for _, _, n in sorted(size)[:most]}
    return (
        [one for n, one in enumerate(classes) if n in kept],
        [one for n, one in enumerate(classes) if n not in kept],
    )


def _layer_rows(
    pen: Pen,
    layer: LayerSpec,
    kept: list[MapClass],
    rest: list[MapClass],
    counts: float,
    paper: Paper,
) -> list[Row]:
    has_area = any(one.area_m2 is not None for one in layer.classes)
    has_count = any(one.count is not None for one in layer.classes)

    def head(x: float, y: float, wide: float) -> None:
        base = y + pen.mm(ROW_MM) * 0.75
        names = (
            ("sheet_map.count", x + wide, has_count),
            ("sheet_map.hectares", x + wide - counts - pen.mm(3), has_area),
        )
        used = 0.0
        for key, right, there in names:
            if there:
                pen.write(right, base, pen.word(key), SMALL, ha="right", color=MUTED)
                used = x + wide - right + pen.width(pen.word(key), SMALL)
        pen.write(
            x,
            base,
            pen.fit(pen.say(layer.title), wide - used - pen.mm(2), SMALL),
            SMALL,
            color=MUTED,
        )

    rows = [Row(pen.mm(ROW_MM), head, stays=True)]
    rows += [
        Row(pen.mm(ROW_MM), _class_row(pen, layer, one, pen.say(one.title), counts, paper))
        for one in kept
    ]
    if rest:
        area = sum(one.area_m2 or 0.0 for one in rest) if has_area else None
        count = sum(one.count or 0 for one in rest) if has_count else None
        said = pen.word("sheet_map.others", count=len(rest))
        one = MapClass("", rest[0].title, count=count, area_m2=area)
        rows.append(Row(pen.mm(ROW_MM), _class_row(pen, None, one, said, counts, paper)))
    end = Row(pen.mm(1.2), lambda _x, _y, _w: None)
    return [*(whole(rows) if len(rows) <= SHORT_LAYER else rows), end]


def _class_row(
    pen: Pen, layer: LayerSpec | None, one: MapClass, title: str, counts: float, paper: Paper
) -> Draw:
    def draw(x: float, y: float, wide: float) -> None:
        base = y + pen.mm(ROW_MM) * 0.74
        right = x + wide
        if one.count is not None:
            pen.write(right, base, _count(one.count), SMALL, ha="right", color=MUTED, gid="legend")
        used = counts + pen.mm(3)
        if one.area_m2 is not None:
            area = f"{one.area_m2 / M2_PER_HA:,.2f}"
            pen.write(right - used, base, area, SMALL, ha="right", gid="legend")
            used += pen.width(area, SMALL) + pen.mm(2)
        if layer is not None:
            draw_swatch(
                pen,
                layer,
                one,
                Rect(x, y + pen.mm(0.6), pen.mm(SWATCH_MM[0]), pen.mm(SWATCH_MM[1])),
                paper,
            )
        left = pen.mm(SWATCH_MM[0] + 2)
        pen.write(x + left, base, pen.fit(title, wide - left - used, BODY), BODY, gid="legend")

    return draw


def _count(count: int | None) -> str:
    return "" if count is None else f"{count:,}"


def draw_swatch(pen: Pen, layer: LayerSpec, one: MapClass, at: Rect, paper: Paper) -> None:
    """Draw how a class looks on the map."""
    middle = at.top + at.high / 2
    if layer.kind == "point":
        pen.place(Line2D(
            [at.left + at.wide / 2], [middle], marker="o", markersize=5 * pen.scale, linestyle="none",
            color=one.fill or one.line, markeredgecolor=one.line or "white",
            markeredgewidth=0.5 * pen.scale, transform=pen.paper,
        ))  # fmt: skip
    elif layer.kind == "line":
        pen.place(Line2D(
            [at.left, at.right], [middle, middle], color=one.line or one.fill, solid_capstyle="butt",
            linewidth=paper.width(one) or LINE_SCALE * pen.scale, transform=pen.paper,
        ))  # fmt: skip
    else:
        _area_swatch(pen, one, at, paper)


def _area_swatch(pen: Pen, one: MapClass, at: Rect, paper: Paper) -> None:
    fills = one.shades[:4] or (one.fill,)
    part = at.wide / len(fills)
    for number, fill in enumerate(fills):
        if fill:
            pen.box(at.left + number * part, at.top, part, at.high, facecolor=fill)
    if one.hatch:
        hatched = Rectangle(
            (at.left, at.top), at.wide, at.high, facecolor="none", linewidth=0.0, transform=pen.paper,
            edgecolor=one.line or hatch_ink(one.fill), hatch=paper.hatch(one),
        )  # fmt: skip
        strengthen(hatched, paper)
        pen.place(hatched)
    width = min(paper.width(one), 1.6 * pen.scale) / pen.scale if one.line else 0.35
    pen.box(at.left, at.top, at.wide, at.high, edgecolor=one.line or "#8a8378", linewidth=width)


def key_figures(pen: Pen, spec: MapSpec) -> list[Row]:
    """Return the facts, strong ones large, and the totals as :func:`controls.total` reckons them."""
    strong = [(pen.say(one.title), pen.say(one.content)) for one in spec.facts if one.strong]
    others = [(pen.say(one.title), pen.say(one.content)) for one in spec.facts if not one.strong]
    large = {title for title, _ in strong}
    sums = [(pen.say(one.title), _total(pen, spec, one)) for one in spec.totals]
    others = [pair for pair in sums if pair[0] not in large] + others
    if not strong and not others:
        return []
    rows = heading(pen, pen.word("sheet_map.figures"))
    rows += [_large(pen, strong[n : n + 3]) for n in range(0, len(strong), 3)]
    return whole(rows + [_pair(pen, *pair) for pair in others[:MOST_FACTS]])


def _total(pen: Pen, spec: MapSpec, asked: Total) -> str:
    figure = total(spec, asked)
    if figure is None:
        return "—"
    unit = "%" if asked.share_of is not None else pen.say(asked.unit) if asked.unit else ""
    return f"{figure:,.{asked.decimals}f} {unit}".rstrip()


def _large(pen: Pen, figures: list[tuple[str, str]]) -> Row:
    def draw(x: float, y: float, wide: float) -> None:
        part = wide / max(len(figures), 2)
        for place, (title, content) in enumerate(figures):
            left = x + place * part
            shown = pen.fit(content, part - pen.mm(2), STRONG, bold=True)
            pen.write(left, y + pen.letters(STRONG) * 1.05, shown, STRONG, bold=True, gid="fact")
            under = pen.fit(title, part - pen.mm(2), SMALL)
            pen.write(
                left, y + pen.letters(STRONG) * 1.05 + pen.line(SMALL), under, SMALL, color=MUTED
            )

    return Row(pen.letters(STRONG) * 1.05 + pen.line(SMALL) + pen.mm(2.4), draw)


def _pair(pen: Pen, title: str, content: str) -> Row:
    """Return a row of a title and what belongs to it, in up to three lines where it is long."""
    narrow = pen.mm(52)
    lines = pen.lines(content, narrow, BODY, MOST_LINES)
    high = max(pen.mm(ROW_MM), len(lines) * pen.line(BODY))

    def draw(x: float, y: float, wide: float) -> None:
        base = y + pen.mm(ROW_MM) * 0.74
        longest = max((pen.width(line, BODY) for line in lines), default=0.0)
        room = wide - longest - pen.mm(3)
        pen.write(x, base, pen.fit(title, room, BODY), BODY, color=MUTED)
        for number, line in enumerate(lines):
            shown = pen.fit(line, wide * 0.8, BODY)
            pen.write(x + wide, base + number * pen.line(BODY), shown, BODY, ha="right", gid="fact")

    return Row(high, draw)


def funnel(pen: Pen, spec: MapSpec) -> list[Row]:
    """Return the steps of the funnel as bars."""
    if not spec.funnel:
        return []
    most = max(bar.area_m2 for bar in spec.funnel) or 1.0
    rows = heading(pen, pen.word("map.funnel"), pen.word("map.funnel_hint"))
    for bar in spec.funnel:
        figures = f"{bar.area_m2 / M2_PER_HA:,.2f} ({bar.count:,})"
        rows.append(
            _bar(pen, pen.say(bar.title), figures, min(1.0, bar.area_m2 / most), aside=bar.aside)
        )
    return whole(rows)


def _bar(pen: Pen, title: str, figures: str, share: float, *, aside: bool) -> Row:
    def draw(x: float, y: float, wide: float) -> None:
        base = y + pen.letters(BODY) * 1.1
        pen.write(x + wide, base, figures, SMALL, ha="right", color=MUTED, gid="funnel")
        room = wide - pen.width(figures, SMALL) - pen.mm(2)
        pen.write(x, base, pen.fit(title, room, BODY), BODY)
        top = base + pen.mm(1.1)
        pen.box(x, top, wide, pen.mm(1.1), facecolor="#eceae3")
        pen.box(
            x, top, wide * share, pen.mm(1.1), facecolor=palettes.ZONE_SHADES[1 if aside else 0]
        )

    return Row(pen.letters(BODY) * 1.1 + pen.mm(3.2), draw)


def deadlines(pen: Pen, spec: MapSpec, most: int) -> list[Row]:
    """Return the next deadlines, soonest first, those that are done left out."""
    asked = spec.deadlines
    if asked is None:
        return []
    layer = next(one for one in spec.layers if one.name == asked.layer)
    rows, days = _next(layer, asked, spec)
    shown = rows[:most]
    key = "sheet_map.all_due" if len(shown) == len(rows) else "sheet_map.next_due"
    made = heading(
        pen, pen.say(asked.title), pen.word(key, shown=len(shown), count=f"{len(rows):,}")
    )
    columns = [one for name in asked.columns for one in layer.columns if one.name == name]
    made.append(_due_heads(pen, [pen.say(one.title) for one in columns]))
    due = pd.to_datetime(layer.values[asked.due], errors="coerce")  # noqa: PD011 - our own field
    for row in shown.tolist():
        texts = [printed(pen, layer, column, row) for column in columns]
        made.append(_due(pen, due.iloc[row].date().isoformat(), days[row], " · ".join(texts)))
    return whole(made)


def _due_heads(pen: Pen, titles: list[str]) -> Row:
    def draw(x: float, y: float, wide: float) -> None:
        base = y + pen.mm(ROW_MM) * 0.74
        left = _after_day(pen, x)
        pen.write(x, base, pen.word("sheet_map.due"), SMALL, color=MUTED)
        pen.write(
            left, base, pen.fit(" · ".join(titles), x + wide - left, SMALL), SMALL, color=MUTED
        )

    return Row(pen.mm(ROW_MM), draw, stays=True)


def _after_day(pen: Pen, x: float) -> float:
    return x + pen.width("0000-00-00", BODY) + pen.mm(2.5)


def _next(
    layer: LayerSpec, asked: Deadlines, spec: MapSpec
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    due = pd.to_datetime(layer.values[asked.due], errors="coerce")  # noqa: PD011 - our own field
    done = holds(layer, asked.done, spec.as_of) if asked.done else np.zeros(len(due), dtype=bool)
    rows = np.flatnonzero(due.notna().to_numpy() & ~done)
    order = np.lexsort((rows, due.to_numpy()[rows]))
    return rows[order], days_after(layer.values[asked.due], spec.as_of)  # noqa: PD011 - our own field


def _due(pen: Pen, day: str, days: float, said: str) -> Row:
    def draw(x: float, y: float, wide: float) -> None:
        base = y + pen.mm(ROW_MM) * 0.74
        left = _after_day(pen, x)
        pen.write(x, base, day, BODY, gid="due")
        text = _days(pen, days)
        colour = ALERT if days < 0 else MUTED
        pen.write(x + wide, base, text, SMALL, ha="right", color=colour, bold=days < 0, gid="due")
        room = x + wide - left - pen.width(text, SMALL, bold=days < 0) - pen.mm(2)
        pen.write(left, base, pen.fit(said, room, BODY), BODY, gid="due")
        pen.box(x, y + pen.mm(ROW_MM) - pen.mm(0.1), wide, pen.mm(0.1), facecolor=RULE)

    return Row(pen.mm(ROW_MM), draw)


def _days(pen: Pen, days: float) -> str:
    if np.isnan(days):
        return ""
    if days == 0:
        return pen.word("sheet_map.due_today")
    key = "sheet_map.days_left" if days > 0 else "sheet_map.days_over"
    return pen.word(key, days=f"{abs(int(days)):,}")


def printed(pen: Pen, layer: LayerSpec, column: MapColumn, row: int) -> str:
    """Return a cell as the page prints it."""
    name = column.english if pen.lang == "en" and column.english else column.name
    value = layer.values[name].iloc[row]  # noqa: PD011 - our own field
    if pd.isna(value) or value == "":
        return "—"
    if column.form in {"number", "year", "share"}:
        return _number(float(value), column)
    if column.form == "date":
        return str(pd.Timestamp(value).date().isoformat())
    if column.form == "yes_no":
        return pen.word("map.yes" if str(value) == "True" else "map.no")
    titles = {one.value: pen.say(one.title) for one in layer.classes}
    return titles.get(str(value), str(value))


def _number(value: float, column: MapColumn) -> str:
    if column.form == "year":
        return f"{value:.0f}"
    if column.form == "share":
        return f"{value * 100:,.{column.decimals}f} %"
    return f"{value:,.{column.decimals}f}"
