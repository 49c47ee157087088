"""Rows that flow in columns beside or below the map, never over anything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from renewal_geo.maps import palettes
from renewal_geo.maps.sheet.frames import Rect
from renewal_geo.maps.sheet.pens import MUTED, Pen

HEADING, SMALL = 10.0, 6.5
AIR_MM = 3.4
COLUMN_MM, COLUMN_GAP_MM = 86.0, 6.0
WIDEST_PANEL = 0.56  # of the body
HEIGHTS = (0.16, 0.2, 0.24, 0.28, 0.32, 0.36, 0.4, 0.46, 0.52)  # of the body, for a panel below

Draw = Callable[[float, float, float], None]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a column: its height (mm) and how it is drawn at left, top and width.

    `stays` keeps it in the column of the row below it; `gap` rows are dropped at the top of a column.
    """

    high: float
    draw: Draw
    stays: bool = False
    gap: bool = False


def flowed(
    rows: Sequence[Row], room: Rect, columns: int, gap: float
) -> list[tuple[Row, Rect]] | None:
    """Place rows one below the other in equal columns of `room`; None where they do not fit."""
    wide = (room.wide - gap * (columns - 1)) / columns
    placed: list[tuple[Row, Rect]] = []
    column, y = 0, room.top
    place = 0
    while place < len(rows):
        end = place
        while rows[end].stays and end + 1 < len(rows):
            end += 1
        group = rows[place : end + 1]
        if y + sum(row.high for row in group) > room.bottom + 1e-6:
            column, y = column + 1, room.top
            if column == columns or sum(row.high for row in group) > room.high:
                return None
        place = end + 1
        if group[0].gap and y == room.top:
            group = group[1:]
        for row in group:
            placed.append((row, Rect(room.left + column * (wide + gap), y, wide, row.high)))
            y += row.high
    return placed


def heading(pen: Pen, text: str, aside: str = "") -> list[Row]:
    """Return the heading of a block: a little air, a rule, and the words."""

    def draw(x: float, y: float, wide: float) -> None:
        pen.box(x, y, wide, pen.mm(0.25), facecolor=palettes.TEXT)
        base = y + pen.mm(1.2) + pen.letters(HEADING)
        used = pen.width(aside, SMALL) if aside else 0.0
        shown = pen.fit(text, wide - used - pen.mm(2), HEADING, bold=True)
        pen.write(x, base, shown, HEADING, bold=True)
        if aside:
            pen.write(x + wide, base, aside, SMALL, ha="right", color=MUTED)

    return [_air(pen, AIR_MM), Row(pen.mm(2.4) + pen.line(HEADING), draw, stays=True)]


def whole(rows: list[Row]) -> list[Row]:
    """Return rows that stay in one column."""
    return [*(replace(row, stays=True) for row in rows[:-1]), *rows[-1:]]


def _air(pen: Pen, high: float) -> Row:
    return Row(pen.mm(high), lambda _x, _y, _w: None, stays=True, gap=True)


def panel_shapes(pen: Pen, body: Rect, orientation: str) -> list[tuple[Rect, int]]:
    """Return the rooms that a panel may take and their columns, the smallest first."""
    gap, column = pen.mm(COLUMN_GAP_MM), pen.mm(COLUMN_MM)
    if orientation == "landscape":
        widths = [(n, n * column + (n - 1) * gap) for n in range(1, 7)]
        return [
            (Rect(body.right - wide, body.top, wide, body.high), n)
            for n, wide in widths
            if wide <= WIDEST_PANEL * body.wide
        ]
    columns = max(1, int((body.wide + gap) / (column + gap)))
    return [
        (Rect(body.left, body.bottom - part * body.high, body.wide, part * body.high), columns)
        for part in HEIGHTS
    ]


def balanced(rows: list[Row], panel: Rect, columns: int, gap: float) -> list[tuple[Row, Rect]]:
    """Return rows in columns of about the same height."""
    low, high = 0.0, panel.high
    while columns > 1 and high - low > 1.0:
        middle = (low + high) / 2
        fits = flowed(rows, replace(panel, high=middle), columns, gap) is not None
        low, high = (low, middle) if fits else (middle, high)
    return flowed(rows, replace(panel, high=high), columns, gap) or []


def pinned(placed: list[tuple[Row, Rect]], count: int, bottom: float) -> list[tuple[Row, Rect]]:
    """Move the last rows down to the end of their column."""
    down = bottom - placed[-1][1].bottom
    moved = [(row, replace(at, top=at.top + down)) for row, at in placed[-count:]]
    return placed[:-count] + moved
