"""What is drawn round the map: neat lines, grid figures, corner degrees, scale bar and north arrow."""

from __future__ import annotations

import math
from typing import Any

from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.patches import Polygon

from renewal_geo.maps import palettes
from renewal_geo.maps.sheet.frames import (
    Frame,
    Rect,
    corner_degrees,
    degrees_minutes_seconds,
    grid_step,
    grid_values,
    seconds_decimals,
    true_north,
)
from renewal_geo.maps.sheet.pens import MUTED, Pen

BAND_MM = 5.6  # between the inner and the outer frame
TICK_MM, CROSS_MM = 1.3, 1.6
SPACING_MM = 42.0
TICK_POINTS, SCALE_POINTS, NOTE_POINTS = 6.0, 13.0, 6.5
BAR_MM = 62.0
BAR_PARTS = 4
STRIP_MM = 13.0
CROSS_INK = (0.35, 0.38, 0.42, 0.55)


def draw_frame(pen: Pen, frame: Frame) -> None:
    """Draw both neat lines, ticks with grid coordinates, and the degrees of the corners."""
    room, band = frame.room, pen.mm(BAND_MM)
    pen.box(
        room.left, room.top, room.wide, room.high, edgecolor=palettes.TEXT, linewidth=0.5, zorder=70
    )
    pen.box(
        room.left - band, room.top - band, room.wide + 2 * band, room.high + 2 * band,
        edgecolor=palettes.TEXT, linewidth=1.5,
    )  # fmt: skip
    kept = _draw_corners(pen, frame)
    step = grid_step(frame, pen.mm(SPACING_MM))
    west, south, east, north = frame.extent
    for x in grid_values(west, east, step).tolist():
        at = frame.place(x, north)[0]
        for edge, outwards in ((room.top, -1), (room.bottom, 1)):
            _tick(
                pen,
                at,
                edge,
                outwards,
                f"{x:,.10g}",
                kept[0],
                (room.left, room.right),
                upright=False,
            )
    for y in grid_values(south, north, step).tolist():
        at = frame.place(west, y)[1]
        for edge, outwards in ((room.left, -1), (room.right, 1)):
            _tick(
                pen,
                at,
                edge,
                outwards,
                f"{y:,.10g}",
                kept[1],
                (room.top, room.bottom),
                upright=True,
            )


def _draw_corners(pen: Pen, frame: Frame) -> tuple[float, float]:
    """Write longitude and latitude at each corner; return what their texts take of the sides."""
    room, outer = frame.room, pen.mm(BAND_MM + TICK_MM) / 2
    digits = seconds_decimals(frame.scale)
    places = (
        (room.left, room.bottom),
        (room.right, room.bottom),
        (room.right, room.top),
        (room.left, room.top),
    )
    wide = high = 0.0
    for (lon, lat), (x, y) in zip(corner_degrees(frame), places, strict=True):
        left, top = x == room.left, y == room.top
        across = degrees_minutes_seconds(lon, "EW", digits)
        upright = degrees_minutes_seconds(lat, "NS", digits)
        style: dict[str, Any] = {"gid": "corner", "color": palettes.TEXT}
        pen.write(
            x, y + (-outer if top else outer), across, TICK_POINTS, ha="left" if left else "right",
            va="center", **style,
        )  # fmt: skip
        pen.write(
            x + (-outer if left else outer), y, upright, TICK_POINTS, rotation=90, ha="center",
            va="top" if top else "bottom", **style,
        )  # fmt: skip
        wide = max(wide, pen.width(across, TICK_POINTS))
        high = max(high, pen.width(upright, TICK_POINTS))
    return wide, high


def _tick(
    pen: Pen, at: float, edge: float, outwards: int, text: str, kept: float,
    side: tuple[float, float], *, upright: bool,
) -> None:  # fmt: skip
    """Draw one tick, and its figure unless that would reach into the text of a corner."""
    long, thin = outwards * pen.mm(TICK_MM), pen.mm(0.15)
    if upright:
        pen.box(min(edge, edge + long), at - thin / 2, abs(long), thin, facecolor=palettes.TEXT)
    else:
        pen.box(at - thin / 2, min(edge, edge + long), thin, abs(long), facecolor=palettes.TEXT)
    half = pen.width(text, TICK_POINTS) / 2 + pen.mm(2)
    if at - half < side[0] + kept or at + half > side[1] - kept:
        return
    middle = edge + outwards * pen.mm(BAND_MM + TICK_MM) / 2
    style: dict[str, Any] = {"gid": "tick", "color": MUTED, "ha": "center", "va": "center"}
    if upright:
        pen.write(middle, at, text, TICK_POINTS, rotation=90, **style)
    else:
        pen.write(at, middle, text, TICK_POINTS, **style)


def draw_crosses(axes: Axes, pen: Pen, frame: Frame) -> None:
    """Draw a small cross wherever two lines of the grid meet."""
    step = grid_step(frame, pen.mm(SPACING_MM))
    west, south, east, north = frame.extent
    arm = pen.mm(CROSS_MM) * frame.unit_per_mm
    lines = [
        line
        for x in grid_values(west, east, step).tolist()
        for y in grid_values(south, north, step).tolist()
        for line in (((x - arm, y), (x + arm, y)), ((x, y - arm), (x, y + arm)))
    ]
    made = LineCollection(lines, colors=[CROSS_INK], linewidths=0.4 * pen.scale, zorder=50)
    axes.add_collection(made, autolim=False)


def draw_strip(pen: Pen, frame: Frame, room: Rect, size: str) -> None:
    """Draw what lies below the map: north arrow, notes on grid and corners, numeric scale, scale bar."""
    _draw_arrow(pen, room)
    bar = bar_length(pen, frame)
    bar_mm = bar / frame.metres_per_unit / frame.unit_per_mm
    bar_left = room.right - bar_mm - pen.mm(7)
    _draw_bar(pen, bar, bar_mm, bar_left, room)
    text = f"1:{frame.scale:,}"
    scale_right = bar_left - pen.mm(9)
    base = room.top + pen.mm(6.2)
    pen.write(scale_right, base, text, SCALE_POINTS, bold=True, ha="right", gid="scale")
    under = pen.word("sheet_map.printed", size=size)
    pen.write(scale_right, base + pen.mm(4), under, NOTE_POINTS, ha="right", color=MUTED)
    taken = max(pen.width(text, SCALE_POINTS, bold=True), pen.width(under, NOTE_POINTS))
    _write_notes(pen, frame, room, scale_right - taken - pen.mm(6))


def bar_length(pen: Pen, frame: Frame) -> float:
    """Return the metres on the ground of the scale bar: 1, 2 or 5 × 10ⁿ, no longer than its place."""
    longest = pen.mm(BAR_MM) * frame.scale / 1000
    power = 10.0 ** math.floor(math.log10(longest))
    return max(step * power for step in (1, 2, 5) if step * power <= longest)


def _draw_bar(pen: Pen, bar: float, bar_mm: float, left: float, room: Rect) -> None:
    top, high = room.top + pen.mm(5.0), pen.mm(1.7)
    part = bar_mm / BAR_PARTS
    for number in range(BAR_PARTS):
        pen.box(
            left + number * part, top, part, high, edgecolor=palettes.TEXT, linewidth=0.4,
            facecolor=palettes.TEXT if number % 2 == 0 else "white", gid="bar",
        )  # fmt: skip
    unit, factor = ("km", 1000.0) if bar >= 1000 else ("m", 1.0)
    for number, suffix in ((0, ""), (BAR_PARTS // 2, ""), (BAR_PARTS, f" {unit}")):
        text = f"{bar / factor * number / BAR_PARTS:g}"
        at = left + number * part
        centred = at - pen.width(text, NOTE_POINTS) / 2
        pen.write(centred, top - pen.mm(1.2), text + suffix, NOTE_POINTS, gid="bar")


def _draw_arrow(pen: Pen, room: Rect) -> None:
    x, top, foot = room.left + pen.mm(3.2), room.top + pen.mm(4.6), room.top + pen.mm(13.0)
    half, notch = pen.mm(2.1), pen.mm(1.9)
    for sign, face in ((-1, palettes.TEXT), (1, "white")):
        points = [(x, top), (x + sign * half, foot), (x, foot - notch)]
        pen.place(Polygon(
            points, closed=True, facecolor=face, edgecolor=palettes.TEXT, linewidth=0.6 * pen.scale,
            joinstyle="miter", transform=pen.paper,
        ))  # fmt: skip
    pen.write(x, top - pen.mm(0.8), "N", 8, bold=True, ha="center")


def _write_notes(pen: Pen, frame: Frame, room: Rect, right: float) -> None:
    angle = true_north(frame)
    size = degrees_minutes_seconds(abs(angle), "", 0)
    key = (
        "true_same"
        if size == degrees_minutes_seconds(0.0, "", 0)
        else "true_east"
        if angle > 0
        else "true_west"
    )
    step = grid_step(frame, pen.mm(SPACING_MM))
    unit = (
        pen.word("sheet_map.metre")
        if frame.metres_per_unit == 1
        else str(frame.crs.axis_info[0].unit_name)
    )
    system = str(frame.crs.geodetic_crs.name) if frame.crs.geodetic_crs else ""
    comma = "，" if pen.lang == "zh" else "; "
    lines = [
        pen.word("sheet_map.grid_north") + comma + pen.word(f"sheet_map.{key}", angle=size),
        pen.word("sheet_map.grid", step=f"{step:,.10g}", unit=unit, crs=frame.crs.name),
        pen.word("sheet_map.corners", system=system),
    ]
    left = room.left + pen.mm(9)
    for number, line in enumerate(lines):
        base = room.top + pen.mm(4.4) + number * pen.line(NOTE_POINTS)
        pen.write(left, base, pen.fit(line, right - left, NOTE_POINTS), NOTE_POINTS, color=MUTED)
