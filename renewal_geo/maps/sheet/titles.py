"""The words round a sheet: title block, sources, approval block, and the mark of what lacks it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from renewal_geo.maps import palettes
from renewal_geo.maps.ready.summaries import caption
from renewal_geo.maps.sheet.frames import Rect
from renewal_geo.maps.sheet.pens import ALERT, MUTED, Pen
from renewal_geo.maps.spec import MapSpec, both

GAP_MM = 4.0
TITLE_POINTS, SUBTITLE_POINTS, ASIDE_POINTS, FOOT_POINTS = (26.0, 20.0, 16.0), 11.0, 9.0, 6.5
REVIEW_POINTS, REVIEW_MM = 9.5, 74.0
MOST_NOTE_LINES, MOST_FOOT_LINES = 6, 8
LONGEST_NOTE = 2.0  # lines


def write_head(pen: Pen, spec: MapSpec, page: Rect, size: str) -> float:
    """Write the title block; return where the body begins."""
    aside = [
        (
            f"{pen.word('map.' + spec.edition)} · {pen.word('sheet_map.paper', size=size)}",
            MUTED,
            False,
        )
    ]
    if spec.as_of:
        day = f"{pen.word('map.as_of')} {spec.as_of.isoformat()}"
        aside.insert(0, (day, palettes.TEXT, True))
    if _invented(spec):
        aside.append((pen.word("map.synthetic"), ALERT, True))
    used = max(pen.width(text, ASIDE_POINTS, bold=bold) for text, _, bold in aside) + pen.mm(8)
    room = page.wide - used
    title = pen.say(spec.title)
    points = next(
        (one for one in TITLE_POINTS if pen.width(title, one, bold=True) <= room),
        TITLE_POINTS[-1],
    )
    y = page.top
    for line in pen.lines(title, room, points, 2, bold=True):
        y += pen.letters(points) * (1.05 if y == page.top else 1.25)
        pen.write(page.left, y, line, points, bold=True, gid="title")
    for line in pen.lines(pen.say(spec.subtitle), room, SUBTITLE_POINTS, 2):
        y += pen.line(SUBTITLE_POINTS) * (1.1 if y < page.top + pen.letters(60) else 1.0)
        pen.write(page.left, y, line, SUBTITLE_POINTS, color=MUTED, gid="subtitle")
    below = page.top
    for text, colour, bold in aside:
        below += pen.line(ASIDE_POINTS)
        pen.write(page.right, below, text, ASIDE_POINTS, ha="right", color=colour, bold=bold)
    return max(y, below) + pen.mm(5.5)


def _invented(spec: MapSpec) -> bool:
    told = both("map.synthetic")
    return any({note.zh, note.en} & {told.zh, told.en} for note in spec.notes)


def write_foot(pen: Pen, spec: MapSpec, page: Rect, *, part: bool) -> float:
    """Write approval block and sources from the lower edge upwards; return where the body ends."""
    block = pen.mm(REVIEW_MM)
    left = page.left + block + pen.mm(6)
    room = page.right - left
    notes = [pen.say(note) for note in spec.notes]
    notes += [pen.word("sheet_map.part")] if part else []
    above = _joined(pen, notes, room, MOST_NOTE_LINES)
    lines = [*above, *_joined(pen, _sources(pen, spec), room, MOST_FOOT_LINES)]
    step = pen.line(FOOT_POINTS)
    high = max(len(lines) * step + pen.mm(1.5), pen.mm(12.5))
    top = page.bottom - high
    pen.box(page.left, top, page.wide, pen.mm(0.25), facecolor=palettes.TEXT)
    for number, line in enumerate(lines):
        base = top + pen.mm(1.8) + pen.letters(FOOT_POINTS) + number * step
        ink = palettes.TEXT if number < len(above) else MUTED
        pen.write(left, base, line, FOOT_POINTS, color=ink, gid="foot")
    _write_review(pen, spec, Rect(page.left, top + pen.mm(2.2), block, pen.mm(10.3)))
    return top - pen.mm(GAP_MM)


def _joined(pen: Pen, texts: Sequence[str], room: float, most: int) -> list[str]:
    """Return texts one behind the other on lines; a very long one is cut so that the others are seen."""
    cut = [pen.fit(text, LONGEST_NOTE * room, FOOT_POINTS) for text in texts if text]
    return pen.lines("  ·  ".join(cut), room, FOOT_POINTS, most)


def _sources(pen: Pen, spec: MapSpec) -> list[str]:
    said = caption(replace(spec, notes=()), pen.lang)
    if spec.rules:
        said.append(f"{pen.word('map.rules')}: {pen.say(spec.rules)}")
    if spec.compare:
        said.append(pen.word("sheet_map.after_only", side=pen.say(spec.compare.after)))
    said.append(pen.word("map.areas_note"))
    if spec.fingerprint:
        said.append(f"{pen.word('map.hash')}: {spec.fingerprint[:16]}")
    return said


def _write_review(pen: Pen, spec: MapSpec, room: Rect) -> None:
    """Write the approval number in a box, or that there is none."""
    colour = palettes.TEXT if spec.review_no else ALERT
    pen.box(room.left, room.top, room.wide, room.high, edgecolor=colour, linewidth=0.8)
    inner = room.wide - pen.mm(5)
    head = (
        pen.word("map.review_no")
        if spec.review_no
        else f"{pen.word('map.review_no')}: {pen.word('sheet_map.no_number')}"
    )
    said = spec.review_no or pen.word("map.unreviewed")
    x = room.left + pen.mm(2.5)
    pen.write(
        x,
        room.top + pen.mm(3.7),
        pen.fit(head, inner, FOOT_POINTS),
        FOOT_POINTS,
        color=MUTED,
        gid="review",
    )
    pen.write(
        x, room.top + pen.mm(8.4), pen.fit(said, inner, REVIEW_POINTS, bold=True), REVIEW_POINTS,
        bold=True, color=colour, gid="review",
    )  # fmt: skip


def write_watermark(pen: Pen, room: Rect) -> None:
    """Write across the map that nobody has approved it for the public."""
    text = pen.word("sheet_map.watermark")
    turned = 30.0
    points = 0.72 * min(room.wide, room.high * 1.6) / pen.width(text, 1.0, bold=True)
    pen.write(
        room.left + room.wide / 2, room.top + room.high / 2, text, points, bold=True, rotation=turned,
        ha="center", va="center", color=ALERT, alpha=0.38, zorder=65, gid="watermark",
    )  # fmt: skip
