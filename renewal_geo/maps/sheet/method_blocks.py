"""The blocks below the table of a method sheet: weights, scores and the cut, how sure, notes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from renewal_geo.maps import palettes
from renewal_geo.maps.ready.potential_layers import CLASS_INKS
from renewal_geo.maps.ready.potential_marks import TOP_LINE
from renewal_geo.maps.ready.potential_tables import cut_score, is_in_top, seen
from renewal_geo.maps.ready.value_maps import STEPS
from renewal_geo.maps.sheet.frames import Rect
from renewal_geo.maps.sheet.pens import MUTED, RULE, Pen

if TYPE_CHECKING:
    from renewal_geo.potential import Acceptability, Potential, Stability

HEADING, BODY, SMALL, TINY, NOTE = 9.0, 6.8, 6.0, 5.4, 5.6
BINS = 50
NEAR = 0.05  # of all weight
MOST_EXPERTS = 8
BULLET, INDENT_MM = "• ", 1.7
NOTE_COLUMNS, NOTE_GAP_MM, NOTE_LINES = 2, 6.0, 4


@dataclass(frozen=True, slots=True, eq=False)
class Worth:
    """A score, N, and what the ranking is worth where that is known."""

    potential: Potential
    top: int
    acceptability: Acceptability | None
    stability: Stability | None


def heading(pen: Pen, text: str, room: Rect) -> float:
    """Write the heading of a block; return where it goes on."""
    pen.box(room.left, room.top, room.wide, 0.2, facecolor=palettes.TEXT)
    base = room.top + 1.4 + pen.letters(HEADING)
    pen.write(room.left, base, pen.fit(text, room.wide, HEADING, bold=True), HEADING, bold=True)
    return base + 1.4


def paragraphs(
    pen: Pen, texts: Sequence[str], room: Rect, y: float, points: float, ink: str = palettes.TEXT
) -> float:
    """Write texts one below the other until `room` is full; return where that ends."""
    step = pen.line(points)
    for text in texts:
        free = int((room.bottom - y + 0.3) / step)
        if free < 1:
            return y
        for line in pen.lines(text, room.wide, points, free):
            y += step
            pen.write(room.left, y, line, points, color=ink)
        y += 0.35 * step
    return y


def draw_weights(pen: Pen, worth: Worth, room: Rect) -> float:
    """Say how the weights were found, and by whom; return where that ends."""
    y = heading(pen, pen.word("method.weights"), room)
    weighting = worth.potential.weighting
    said = [pen.word("method.score_is"), pen.word(f"method.how_{weighting.method}")]
    count = weighting.experts.shape[1]
    if count > 1:
        said.append(pen.word("method.experts", count=count))
    said += _consistency(pen, worth)
    if weighting.because:
        said.append(pen.word("method.because", because=seen(weighting.because)))
    y = paragraphs(pen, said, room, y, BODY)
    return paragraphs(pen, [seen(note) for note in weighting.notes], room, y, SMALL, MUTED)


def _consistency(pen: Pen, worth: Worth) -> list[str]:
    table = worth.potential.weighting.consistency
    if not len(table) or "ratio" not in table:
        return []
    each = [
        pen.word("method.expert", name=seen(name), ratio=f"{ratio:.3f}")
        for name, ratio in table["ratio"].iloc[:MOST_EXPERTS].items()
    ]
    more = "…" if len(table) > MOST_EXPERTS else ""
    said = ("、" if pen.lang == "zh" else ", ").join(each) + more
    return [pen.word("method.consistency", said=said)]


def draw_distribution(pen: Pen, worth: Worth, room: Rect) -> None:
    """Draw the scores of the ranked parcels from 0 to 1, in the colours of the map, and the cut."""
    y = heading(pen, pen.word("method.distribution"), room)
    scores = worth.potential.scores[worth.potential.ranks.notna()].to_numpy(dtype=float)
    if not len(scores):
        pen.write(room.left, y + 4, pen.word("method.nothing"), BODY, color=MUTED)
        return
    plot = Rect(room.left, y + 4.4, room.wide, room.bottom - y - 4.4 - 3.4)
    counts, edges = np.histogram(scores, bins=BINS, range=(0.0, 1.0))
    steps = np.linspace(scores.min(), scores.max(), len(STEPS) + 1)
    for n, count in enumerate(counts):
        high = plot.high * count / counts.max()
        middle = float(np.clip((edges[n] + edges[n + 1]) / 2, steps[0], steps[-1]))
        place = int(np.clip(np.searchsorted(steps, middle, side="right") - 1, 0, len(STEPS) - 1))
        pen.box(
            plot.left + edges[n] * plot.wide, plot.bottom - high, plot.wide / BINS - 0.15, high,
            facecolor=STEPS[place],
        )  # fmt: skip
    pen.box(plot.left, plot.bottom, plot.wide, 0.2, facecolor=palettes.TEXT)
    for tick in range(0, 11, 2):
        text, x = f"{tick / 10:g}", plot.left + tick / 10 * plot.wide
        side = "left" if tick == 0 else "right" if tick == 10 else "center"
        pen.write(x, plot.bottom + 2.6, text, TINY, ha=side, color=MUTED)
    _draw_cut(pen, worth, plot)


def _draw_cut(pen: Pen, worth: Worth, plot: Rect) -> None:
    cut = cut_score(worth.potential, worth.top)
    if not math.isfinite(cut):
        return
    x = plot.left + cut * plot.wide
    pen.box(x - 0.2, plot.top - 1.2, 0.4, plot.high + 1.2, facecolor=TOP_LINE)
    said = pen.word("method.cut_said", top=f"{worth.top:,}", cut=f"{cut:.3f}")
    on_left = x + pen.width(said, SMALL) > plot.right
    side = "right" if on_left else "left"
    pen.write(x + (-0.8 if on_left else 0.8), plot.top - 0.2, said, SMALL, ha=side, color=TOP_LINE)


def draw_stability(pen: Pen, worth: Worth, room: Rect) -> None:
    """Draw how many parcels are always, likely, possibly and never in, and say how near a change is."""
    y = heading(pen, pen.word("method.stability"), room)
    accepted = worth.acceptability
    if accepted is None:
        paragraphs(pen, [pen.word("method.no_draws"), *_near(pen, worth)], room, y, BODY)
        return
    y = _draw_classes(pen, accepted, Rect(room.left, y + 1.0, room.wide, 3.6))
    kinds, shares = accepted.table["class"], accepted.table["top_share"]
    ever = pen.word(
        "method.ever", top=f"{accepted.top:,}", always=f"{int((kinds == 'always').sum()):,}",
        ever=f"{int((shares > 0).sum()):,}",
    )  # fmt: skip
    law = pen.word(
        f"method.law_{accepted.law}", draws=f"{accepted.draws:,}", noise=f"{accepted.noise:g}",
        seed=accepted.seed,
    )  # fmt: skip
    said = [ever, *_near(pen, worth), law, pen.word("method.classes")]
    paragraphs(pen, said, room, y, BODY)


def _draw_classes(pen: Pen, accepted: Acceptability, room: Rect) -> float:
    """Draw one bar of all ranked parcels by class, named below; return where it ends."""
    counts = accepted.table["class"].value_counts()
    named = [(name, int(counts.get(name, 0))) for name in CLASS_INKS]
    whole = sum(count for _, count in named) or 1
    x, at = room.left, room.left
    for name, count in named:
        wide = room.wide * count / whole
        pen.box(x, room.top, wide, room.high, facecolor=CLASS_INKS[name].fill)
        x += wide
        said = f"{pen.word(f'method.{name}')} {count:,}"
        pen.box(
            at,
            room.bottom + 1.4,
            2.2,
            2.2,
            facecolor=CLASS_INKS[name].fill,
            edgecolor=RULE,
            linewidth=0.3,
        )
        pen.write(at + 2.9, room.bottom + 3.3, said, SMALL)
        at += 2.9 + pen.width(said, SMALL) + 3.2
    return room.bottom + 5.0  # fmt: skip


def _near(pen: Pen, worth: Worth) -> list[str]:
    if worth.stability is None:
        return []
    shift = worth.stability.table["shift"].to_numpy(dtype=float)
    inside = is_in_top(worth.potential, worth.top)
    near = np.isfinite(shift) & (shift <= NEAR)
    figures = {
        "out": f"{int((inside & near).sum()):,}",
        "into": f"{int((~inside & near).sum()):,}",
        "fast": f"{int((inside & ~np.isfinite(shift)).sum()):,}",
    }
    return [pen.word("method.near", **figures)]


def notes_mm(pen: Pen, notes: Sequence[str], wide: float) -> float:
    """Return how high all notes are, with their heading (mm)."""
    column = (wide - (NOTE_COLUMNS - 1) * NOTE_GAP_MM) / NOTE_COLUMNS
    lines, _ = _flowed(pen, notes, column, len(notes) * NOTE_LINES)
    return (
        2.8 + pen.letters(HEADING) + pen.line(NOTE) * (math.ceil(len(lines) / NOTE_COLUMNS) + 0.5)
    )


def draw_notes(pen: Pen, notes: Sequence[str], room: Rect) -> None:
    """Write notes in columns; how many find no room is said in the last line."""
    y = heading(pen, pen.word("method.notes"), room)
    wide = (room.wide - (NOTE_COLUMNS - 1) * NOTE_GAP_MM) / NOTE_COLUMNS
    step = pen.line(NOTE)
    most = int((room.bottom - y + 0.3) / step)
    kept, cut = _flowed(pen, notes, wide, NOTE_COLUMNS * most)
    if cut:
        kept, cut = _flowed(pen, notes, wide, NOTE_COLUMNS * most - 1)
        kept.append(pen.word("method.notes_more", count=cut))
    high = math.ceil(len(kept) / NOTE_COLUMNS)
    for n, line in enumerate(kept):
        column, row = divmod(n, high)
        x = (
            room.left
            + column * (wide + NOTE_GAP_MM)
            + (0.0 if line.startswith(BULLET) else INDENT_MM)
        )
        pen.write(x, y + (row + 1) * step, line, NOTE, color=palettes.TEXT)


def _flowed(pen: Pen, notes: Sequence[str], wide: float, most: int) -> tuple[list[str], int]:
    """Return whole notes as lines as long as they fit, and how many do not."""
    made: list[str] = []
    for n, note in enumerate(notes):
        lines = pen.lines(BULLET + note, wide - INDENT_MM, NOTE, NOTE_LINES)
        if len(made) + len(lines) > most:
            return made, len(notes) - n
        made += lines
    return made, 0
