"""A criterion as a small picture: how a figure becomes a rating, over the figures that were found."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon
from numpy.typing import NDArray

from renewal_geo.foundation.errors import InputError
from renewal_geo.maps.ready.potential_tables import ToldCriterion
from renewal_geo.maps.sheet.frames import Rect
from renewal_geo.maps.sheet.pens import ALERT, MUTED, RULE, Pen
from renewal_geo.potential.transforms import rated

FOUND, CURVE = "#dcd7ca", "#0b4f8a"
TINY = 5.2
BINS, STEPS = 40, 241
TAIL = 0.005  # of the figures at either end may lie beyond the picture
MOST_CODES = 8
THRESHOLD = re.compile(r"^\s*(?:value)?\s*[<>≤≥]=?\s*(-?\d+(?:\.\d+)?)\s*$")
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Axis:
    """Figures from `low` to `high` across a room."""

    low: float
    high: float
    room: Rect

    def x(self, figure: float) -> float:
        share = (figure - self.low) / (self.high - self.low)
        return self.room.left + float(np.clip(share, 0.0, 1.0)) * self.room.wide

    def y(self, share: float) -> float:
        return self.room.bottom - share * self.room.high


def draw_curve(pen: Pen, one: ToldCriterion, room: Rect) -> None:
    """Draw one criterion into `room`, the names of its figures below the line."""
    plot = Rect(room.left, room.top + 0.6, room.wide, room.high - 0.6 - pen.line(TINY))
    for share in (0.0, 1.0):
        y = plot.bottom - share * plot.high
        pen.box(plot.left, y - 0.05, plot.wide, 0.1, facecolor=RULE)
        if one.weight > 0:
            ends = y + pen.letters(TINY) * (0.3 if share else 0.0)
            pen.write(plot.left - 0.7, ends, f"{share:g}", TINY, ha="right", color=MUTED)
    if one.form == "text":
        _draw_codes(pen, one, plot)
        return
    known = one.figures.to_numpy(dtype=float)
    known = known[np.isfinite(known)]
    if not len(known):
        return
    axis = _axis(one, known, plot)
    _draw_found(pen, known, axis)
    if one.weight > 0:
        _draw_rating(pen, one, axis)
    limit = threshold(one.asked.veto)
    if limit is not None:
        _line(
            pen, [axis.x(limit)] * 2, [plot.top, plot.bottom], ALERT, 0.9, linestyle=(0, (2.2, 1.4))
        )
    _name_figures(pen, one, axis, limit)  # fmt: skip


def threshold(veto: str) -> float | None:
    """Return the figure of a veto that is one comparison, else None.

    >>> threshold("> 25"), threshold("in ['G1']")
    (25.0, None)
    """
    found = THRESHOLD.match(veto)
    return float(found[1]) if found else None


def marks_of(one: ToldCriterion) -> list[float]:
    """Return the figures at which the rating turns: breaks, or low and high."""
    asked = one.asked
    if asked.transform == "breaks":
        return [float(figure) for figure in asked.breaks]
    ends = [one.low, one.high]
    return [float(end) for end in ends if end is not None]


def _axis(one: ToldCriterion, known: Floats, plot: Rect) -> _Axis:
    low, high = np.quantile(known, (TAIL, 1 - TAIL))
    limit = threshold(one.asked.veto)
    turns = [*(marks_of(one) if one.weight > 0 else []), *([] if limit is None else [limit])]
    low, high = min(low, *turns, low), max(high, *turns, high)
    pad = 0.03 * (high - low) or abs(high) * 0.1 or 1.0
    return _Axis(float(low - pad), float(high + pad), plot)


def _draw_found(pen: Pen, known: Floats, axis: _Axis) -> None:
    """Draw how many figures lie where; what lies beyond the picture stands in its last bin."""
    counts, edges = np.histogram(
        np.clip(known, axis.low, axis.high), bins=BINS, range=(axis.low, axis.high)
    )
    heights = counts / counts.max()
    corners = [(axis.x(edges[0]), axis.room.bottom)]
    for n, height in enumerate(heights):
        corners += [(axis.x(edges[n]), axis.y(height)), (axis.x(edges[n + 1]), axis.y(height))]
    corners.append((axis.x(edges[-1]), axis.room.bottom))
    _area(pen, corners, FOUND)


def _draw_rating(pen: Pen, one: ToldCriterion, axis: _Axis) -> None:
    figures = np.unique(np.concatenate([np.linspace(axis.low, axis.high, STEPS), *_beside(one)]))
    ratings = _ratings(one, pd.Series(figures))
    if ratings is None:
        return
    xs = [axis.x(figure) for figure in figures]
    ys = [axis.y(rating) for rating in ratings]
    _line(pen, xs, ys, CURVE, 1.3)


def _beside(one: ToldCriterion) -> list[Floats]:
    """Return the figures at which a rating jumps, and the ones just below."""
    marks = np.asarray(marks_of(one), dtype=float)
    return [np.nextafter(marks, -np.inf), marks]


def _ratings(one: ToldCriterion, figures: pd.Series) -> Floats | None:
    """Return the ratings of figures by the criterion's own rule; None where it has none."""
    try:
        found, _, _ = rated(figures, one.filled)
    except InputError:
        return None
    return found.to_numpy(dtype=float)


def _name_figures(pen: Pen, one: ToldCriterion, axis: _Axis, limit: float | None) -> None:
    """Write the figures at which something happens below the line, as many as there is room for."""
    base = axis.room.bottom + pen.letters(TINY) * 1.15
    asked = [(limit, ALERT)] if limit is not None else []
    asked += [(mark, CURVE) for mark in marks_of(one)] if one.weight > 0 else []
    if not asked:
        asked = [(float(one.figures.min()), MUTED), (float(one.figures.max()), MUTED)]
    taken: list[tuple[float, float]] = []
    for figure, ink in asked:
        text = one.marked(figure)
        half = pen.width(text, TINY) / 2
        x = float(np.clip(axis.x(figure), axis.room.left + half, axis.room.right - half))
        if any(x - half - 0.8 < right and left < x + half + 0.8 for left, right in taken):
            continue
        taken.append((x - half, x + half))
        pen.box(axis.x(figure) - 0.06, axis.room.bottom, 0.12, 0.7, facecolor=ink)
        pen.write(x, base + 0.3, text, TINY, ha="center", color=ink)


def _draw_codes(pen: Pen, one: ToldCriterion, plot: Rect) -> None:
    """Draw the commonest codes side by side: how often each was found, and its rating as a line."""
    counts = one.figures.dropna().astype(str).value_counts()
    counts = counts.sort_index(kind="stable").sort_values(ascending=False, kind="stable")[
        :MOST_CODES
    ]
    if not len(counts):
        return
    ratings = _ratings(one, pd.Series(counts.index, dtype=object)) if one.weight > 0 else None
    wide = plot.wide / len(counts)
    base = plot.bottom + pen.letters(TINY) * 1.15 + 0.3
    for n, (code, count) in enumerate(counts.items()):
        left, high = plot.left + n * wide, plot.high * count / counts.max()
        pen.box(left + 0.12 * wide, plot.bottom - high, 0.76 * wide, high, facecolor=FOUND)
        if ratings is not None and np.isfinite(ratings[n]):
            y = plot.bottom - ratings[n] * plot.high
            _line(pen, [left + 0.06 * wide, left + 0.94 * wide], [y, y], CURVE, 1.6)
        shown = pen.fit(str(code), wide - 0.6, TINY)
        pen.write(left + wide / 2, base, shown, TINY, ha="center", color=MUTED)


def _line(pen: Pen, xs: list[float], ys: list[float], ink: str, width: float, **style: Any) -> None:
    pen.place(
        Line2D(xs, ys, color=ink, linewidth=width * pen.scale, transform=pen.paper, solid_joinstyle="round", **style)
    )  # fmt: skip


def _area(pen: Pen, corners: list[tuple[float, float]], ink: str) -> None:
    pen.place(Polygon(corners, closed=True, facecolor=ink, edgecolor="none", transform=pen.paper))
