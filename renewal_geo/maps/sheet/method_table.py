"""The table of criteria of a method sheet: what is measured, the curve, the weight, veto and reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from renewal_geo.maps import palettes
from renewal_geo.maps.ready.potential_tables import ToldCriterion, seen
from renewal_geo.maps.sheet.frames import Rect
from renewal_geo.maps.sheet.method_curves import CURVE, draw_curve
from renewal_geo.maps.sheet.pens import ALERT, MUTED, RULE, Pen

NAMES, SMALL, PERCENT, HEAD = (8.0, 7.2, 6.4), 6.0, 8.5, 6.2
NAME = NAMES[0]
HEAD_MM = 6.2
TALLEST_MM, LOWEST_MM = 19.0, 7.6
# left edges of the columns and the right edge of the last, as shares of the width
CRITERION, PICTURE, WEIGHT, TEXT = 0.028, 0.34, 0.64, 0.79
BAR_MM = 1.9


@dataclass(frozen=True, slots=True)
class Shown:
    """The criteria that there is room for with their numbers, how high a row is (mm), and the others."""

    criteria: Sequence[tuple[int, ToldCriterion]]
    row_mm: float
    left_out: Sequence[ToldCriterion]

    @property
    def high(self) -> float:
        """Return the height of the table (mm)."""
        last = 4.0 if self.left_out else 0.0
        return HEAD_MM + self.row_mm * len(self.criteria) + last


def chosen(criteria: Sequence[ToldCriterion], room_mm: float) -> Shown:
    """Return how many criteria fit into `room_mm`; where not all do, the heaviest and those with a veto."""
    most = int((room_mm - HEAD_MM - 4.0) // LOWEST_MM)
    numbered = list(enumerate(criteria, 1))
    if len(criteria) <= most:
        return Shown(numbered, min(TALLEST_MM, (room_mm - HEAD_MM) / max(len(criteria), 1)), ())
    order = sorted(numbered, key=lambda pair: (-pair[1].weight, not pair[1].asked.veto, pair[0]))
    inside = sorted(order[:most], key=lambda pair: pair[0])
    return Shown(inside, LOWEST_MM, [one for _, one in order[most:]])


def draw_table(pen: Pen, shown: Shown, vetoes: pd.DataFrame, room: Rect) -> None:
    """Draw the table from the top of `room` downwards."""
    struck = vetoes["criterion"].value_counts().to_dict()
    heads = (
        (CRITERION, "criterion"), (PICTURE, "curve"), (WEIGHT, "weight"), (TEXT, "reference"),
    )  # fmt: skip
    pen.box(room.left, room.top, room.wide, 0.35, facecolor=palettes.TEXT)
    for at, name in heads:
        text = pen.fit(pen.word(f"method.head_{name}"), 0.31 * room.wide, HEAD)
        pen.write(room.left + at * room.wide, room.top + 4.2, text, HEAD, color=MUTED)
    most = max((one.weight for _, one in shown.criteria), default=1.0) or 1.0
    for n, (number, one) in enumerate(shown.criteria):
        row = Rect(room.left, room.top + HEAD_MM + n * shown.row_mm, room.wide, shown.row_mm)
        pen.box(row.left, row.top - 0.06, row.wide, 0.12, facecolor=RULE)
        _draw_row(pen, one, number, row, most, int(struck.get(one.asked.id, 0)))
    if shown.left_out:
        weight = f"{sum(one.weight for one in shown.left_out):.1%}"
        said = pen.word("method.more", count=len(shown.left_out), weight=weight)
        pen.write(
            room.left + CRITERION * room.wide, room.top + shown.high - 1.0, said, SMALL, color=ALERT
        )
    pen.box(room.left, room.top + shown.high, room.wide, 0.2, facecolor=palettes.TEXT)  # fmt: skip


def _draw_row(
    pen: Pen, one: ToldCriterion, number: int, row: Rect, most: float, struck: int
) -> None:
    def cell(start: float, end: float, gap: float = 0.0) -> Rect:
        return Rect(row.left + start * row.wide, row.top, (end - start) * row.wide - gap, row.high)

    base = row.top + 1.0 + pen.letters(NAME)
    pen.write(row.left, base, str(number), NAME, color=MUTED)
    _draw_name(pen, one, cell(CRITERION, PICTURE, 4.0), base)
    picture = cell(PICTURE, WEIGHT, 5.0)
    draw_curve(pen, one, replace(picture, top=row.top + 0.5, high=row.high - 1.0))
    _draw_weight(pen, one, cell(WEIGHT, TEXT, 5.0), base, most)
    _draw_reference(pen, one, cell(TEXT, 1.0), base, struck)


def _draw_name(pen: Pen, one: ToldCriterion, room: Rect, base: float) -> None:
    """Write the name, what is measured, and the range found, as many lines as the row holds."""
    step = pen.line(SMALL)
    free = int((room.bottom - base - 0.4) / step)
    title = pen.say(one.title)
    points = next(
        (one for one in NAMES if pen.width(title, one, bold=True) <= room.wide), NAMES[-1]
    )
    pen.write(room.left, base, pen.fit(title, room.wide, points, bold=True), points, bold=True)
    found = _found(pen, one)
    told = pen.say(one.source)
    source = pen.lines(told, room.wide, SMALL, max(free - 1, 1))
    if free < 2:
        source, found = [], pen.fit(f"{told} · {found}", room.wide, SMALL)
    lines = [(line, palettes.TEXT) for line in source] + [(pen.fit(found, room.wide, SMALL), MUTED)]
    for n, (line, ink) in enumerate(lines, 1):
        pen.write(room.left, base + n * step, line, SMALL, color=ink)  # fmt: skip


def _found(pen: Pen, one: ToldCriterion) -> str:
    known = one.figures.dropna()
    said = []
    if one.form == "text":
        said.append(pen.word("method.codes", count=known.nunique()))
    elif len(known):
        figures = {
            "least": one.brief(float(known.min())),
            "greatest": one.with_unit(one.brief(float(known.max()))),
            "median": one.brief(float(np.median(known))),
        }
        said.append(pen.word("method.range", **figures))
    count = int(one.figures.isna().sum())
    if count and one.asked.missing is not None and one.weight > 0:
        said.append(
            pen.word("method.missing_as", count=f"{count:,}", rating=f"{one.asked.missing:g}")
        )
    elif count:
        said.append(pen.word("method.missing", count=f"{count:,}"))
    return " · ".join(said)


def _draw_weight(pen: Pen, one: ToldCriterion, room: Rect, base: float, most: float) -> None:
    if not one.weight > 0:
        pen.write(room.left, base, pen.word("method.only_veto"), SMALL, color=MUTED)
        return
    pen.write(room.left, base, f"{one.weight:.1%}", PERCENT, bold=True)
    top = base + 1.3
    pen.box(room.left, top, room.wide, BAR_MM, facecolor="#efece4")
    pen.box(room.left, top, room.wide * one.weight / most, BAR_MM, facecolor=CURVE)
    below = top + BAR_MM + pen.letters(SMALL) * 1.35
    if below < room.bottom - 0.6:
        pen.write(
            room.left, below, pen.fit(_shape(pen, one), room.wide + 3.0, SMALL), SMALL, color=MUTED
        )


def _shape(pen: Pen, one: ToldCriterion) -> str:
    """Return in words how a figure becomes a rating."""
    shape = pen.word(f"method.shape_{one.asked.transform}")
    if one.asked.transform not in {"linear", "sigmoid"}:
        return shape
    return f"{shape} · {pen.word(f'method.direction_{one.asked.direction}')}"


def _draw_reference(pen: Pen, one: ToldCriterion, room: Rect, base: float, struck: int) -> None:
    step = pen.line(SMALL)
    free = max(1, int((room.bottom - base - 0.4) / step) + 1)
    lines: list[tuple[str, str, bool]] = []
    if one.asked.veto:
        said = pen.word("method.veto", veto=seen(one.asked.veto), count=f"{struck:,}")
        cut = pen.lines(said, room.wide, SMALL, max(1, free - 1), bold=True)
        lines += [(line, ALERT, True) for line in cut]
    reference = seen(one.asked.reference) or pen.word("method.no_reference")
    rest = free - len(lines)
    if rest > 0:
        ink = palettes.TEXT if one.asked.reference else MUTED
        lines += [(line, ink, False) for line in pen.lines(reference, room.wide, SMALL, rest)]
    for n, (line, ink, bold) in enumerate(lines):
        pen.write(room.left, base + n * step, line, SMALL, color=ink, bold=bold)
