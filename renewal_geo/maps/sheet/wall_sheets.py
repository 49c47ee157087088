"""A map as a sheet for the wall: A0 to A3, PDF or PNG, from the same spec as the page."""

from __future__ import annotations

import datetime as dt
import io as memory
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.figure import Figure

from renewal_geo import io
from renewal_geo.foundation.errors import InputError, RenderError
from renewal_geo.maps import palettes
from renewal_geo.maps.sheet.captions import write_captions
from renewal_geo.maps.sheet.columns import (
    COLUMN_GAP_MM,
    Row,
    balanced,
    flowed,
    heading,
    panel_shapes,
    pinned,
)
from renewal_geo.maps.sheet.drawn_layers import Paper, draw_layer
from renewal_geo.maps.sheet.fonts import Face, face_in, faces, missing_signs
from renewal_geo.maps.sheet.frames import (
    DISTRICT,
    LARGEST_SCALE,
    SMALLEST_SCALE,
    Extent,
    Frame,
    Rect,
    fitted,
    map_extent,
    sheet_crs,
    sheet_layers,
)
from renewal_geo.maps.sheet.insets import add_axes, draw_inset, inset_extent
from renewal_geo.maps.sheet.margins import BAND_MM, STRIP_MM, draw_crosses, draw_frame, draw_strip
from renewal_geo.maps.sheet.panels import deadlines, funnel, key_figures, legend
from renewal_geo.maps.sheet.pens import MM_PER_INCH, MUTED, Pen
from renewal_geo.maps.sheet.titles import (
    FOOT_POINTS,
    GAP_MM,
    SUBTITLE_POINTS,
    write_foot,
    write_head,
    write_watermark,
)
from renewal_geo.maps.spec import MapSpec

Size = Literal["A0", "A1", "A2", "A3"]
Orientation = Literal["landscape", "portrait"]
Form = Literal["pdf", "png"]

PAPERS_MM: dict[str, tuple[int, int]] = {
    "A0": (841, 1189), "A1": (594, 841), "A2": (420, 594), "A3": (297, 420),
}  # fmt: skip
GROWTH = 0.8  # letters grow more slowly than the paper: who reads a large sheet still comes near
MARGIN_MM, INSET_MM = 12.0, 40.0
LOWEST_DPI, HIGHEST_DPI, MOST_PIXELS = 30, 600, 4 * 10**8


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """A sheet before it is exported: the figure, what wrote on it, and the frame of its map."""

    figure: Figure
    pen: Pen
    frame: Frame | None
    spec: MapSpec


def wall_sheet(
    spec: MapSpec,
    path: str | Path | None = None,
    *,
    size: Size = "A0",
    orientation: Orientation = "landscape",
    scale: int | None = None,
    extent: Extent | None = None,
    dpi: int = 150,
    font: str | Path | None = None,
    form: Form = "pdf",
) -> bytes:
    """Draw a map as a sheet for the wall.

    Parameters
    ----------
    spec
        What the map says, the same as for the page; the sheet speaks its `lang`. Of a comparison the
        later side is drawn.
    path
        Where to write it, ending in ``.pdf`` or ``.png``; whole or not at all.
    size, orientation
        Paper: A0, A1, A2, A3 (ISO 216), landscape or portrait.
    scale
        Denominator of the numeric scale; the smallest round one that shows everything where None.
    extent
        West, south, east, north (units of the working CRS) of the part to show; a small map then says
        where it lies. All that the map is about where None.
    dpi
        Dots per inch of a PNG.
    font
        A font file for all text. Otherwise the first font of this machine that has every character.
    form
        ``pdf`` or ``png`` where no `path` says so.

    Returns
    -------
    bytes
        The file. The same spec gives the same bytes with the same matplotlib and fonts.

    Raises
    ------
    InputError
        For a paper, a form, a resolution, a scale or an extent that there is not.
    RenderError
        ``missing_glyphs`` if no font can draw a character of the sheet, ``font_file`` if `font` is
        none, ``sheet_crs`` without a projected CRS, ``sheet_scale`` if the map does not fit at
        `scale`, ``sheet_full`` if the legend leaves no room.
    SourceError
        If `path` cannot be written.

    Notes
    -----
    The numeric scale holds in the grid of the working CRS; the projection's own factor (under half a
    per mille in a 3-degree zone) is not taken out.
    """
    form = _form(path, form)
    _require_paper(size, orientation, dpi)
    _require_part(scale, extent)
    tried = [face_in(font)] if font is not None else faces()
    sheet = composed(spec, tried, size=size, orientation=orientation, scale=scale, extent=extent)
    data = exported(sheet, form, dpi)
    if path is not None:
        io.write_bytes(path, data)
    return data


def composed(
    spec: MapSpec,
    tried: Sequence[Face],
    *,
    size: Size = "A0",
    orientation: Orientation = "landscape",
    scale: int | None = None,
    extent: Extent | None = None,
    boxes: bool = False,
) -> Sheet:
    """Return the sheet in the first of the `tried` faces that has every character.

    Raises
    ------
    RenderError
        See :func:`wall_sheet`. With `boxes` the first face is taken as it is, and draws a box for
        what it lacks.
    """
    least: list[str] | None = None
    for face in tried:
        sheet = _composed(spec, face, size, orientation, scale, extent)
        lost = list(sheet.pen.lost)
        if boxes or not lost:
            return sheet
        least = lost if least is None or len(lost) < len(least) else least
    raise missing_signs(least or [], [face.name for face in tried])


def exported(sheet: Sheet, form: Form, dpi: int) -> bytes:
    """Return a sheet as PDF or PNG, with the drawing of its layers."""
    spec, figure = sheet.spec, sheet.figure
    out = memory.BytesIO()
    title = sheet.pen.say(spec.title)
    if form == "png":
        wide, high = (round(float(one) * dpi) for one in figure.get_size_inches())
        # a thousandth of a dot more, or rounding may lose a whole one
        figure.set_size_inches((wide + 1e-3) / dpi, (high + 1e-3) / dpi)
        figure.set_dpi(dpi)
        with mpl.rc_context({"text.hinting": "none"}):  # or small letters are wider than measured
            canvas: Any = FigureCanvasAgg(figure)
            canvas.print_png(out, metadata={"Software": None, "Title": title})
        return out.getvalue()
    # TrueType outlines are embedded as such. A PDF viewer expects nothing else where matplotlib puts
    # them (FontFile2), so cubic outlines go in as drawings of their letters (Type 3); both can be
    # searched and copied. See matplotlib issue 20870.
    kind = 3 if sheet.pen.face.post_script else 42
    day = dt.datetime.combine(spec.as_of, dt.time(), dt.UTC) if spec.as_of else None
    known = {"Title": title, "Creator": "renewal-geo", "CreationDate": day}
    with mpl.rc_context({"pdf.fonttype": kind, "pdf.compression": 6}):
        book: Any = FigureCanvasPdf(figure)
        book.print_pdf(out, metadata=known)
    return out.getvalue()


def _form(path: str | Path | None, form: str) -> Form:
    asked = form if path is None else Path(path).suffix.removeprefix(".").lower()
    if asked == "pdf":
        return "pdf"
    if asked == "png":
        return "png"
    raise InputError(
        f"a wall sheet cannot be written as {asked or 'a file without an ending'!r}",
        where=str(path or ""),
        fix="end the path in .pdf or .png",
        code="sheet_form",
    )


def _require_paper(size: str, orientation: str, dpi: int) -> None:
    if size not in PAPERS_MM or orientation not in get_args(Orientation):
        raise InputError(
            f"there is no paper {size!r} in {orientation!r}",
            fix=f"one of {', '.join(PAPERS_MM)}, landscape or portrait",
            code="sheet_paper",
        )
    wide, high = (one / MM_PER_INCH * dpi for one in PAPERS_MM[size])
    if not LOWEST_DPI <= dpi <= HIGHEST_DPI or wide * high > MOST_PIXELS:
        raise InputError(
            f"{size} at {dpi} dpi is {wide:,.0f} × {high:,.0f} dots",
            fix=f"take {LOWEST_DPI} to {HIGHEST_DPI} dpi and at most {MOST_PIXELS // 10**6} million dots; "
            "a PDF has no dots",
            code="sheet_dpi",
        )


def _require_part(scale: int | None, extent: Extent | None) -> None:
    if scale is not None and not SMALLEST_SCALE <= scale <= LARGEST_SCALE:
        raise InputError(
            f"1:{scale} is no scale of a sheet",
            fix=f"give the denominator, from {SMALLEST_SCALE} to {LARGEST_SCALE:,}",
            code="sheet_scale",
        )
    if extent is not None and not (
        all(map(math.isfinite, extent)) and extent[0] < extent[2] and extent[1] < extent[3]
    ):
        raise InputError(
            f"{extent} is no extent",
            fix="give (west, south, east, north) in units of the working CRS",
            code="sheet_extent",
        )


def _composed(
    spec: MapSpec, face: Face, size: str, orientation: str, scale: int | None, extent: Extent | None
) -> Sheet:
    short, long = PAPERS_MM[size]
    wide, high = (long, short) if orientation == "landscape" else (short, long)
    figure = Figure(figsize=(wide / MM_PER_INCH, high / MM_PER_INCH), dpi=72, facecolor="white")
    pen = Pen(figure, spec.lang, face, (short / PAPERS_MM["A3"][0]) ** GROWTH)
    margin = pen.mm(MARGIN_MM)
    page = Rect(margin, margin, wide - 2 * margin, high - 2 * margin)
    top = write_head(pen, spec, page, size)
    foot = write_foot(pen, spec, page, part=extent is not None)
    body = Rect(page.left, top, page.wide, foot - top)
    shown = extent or map_extent(spec)
    whole = inset_extent(spec, extent) if shown else None
    panel = _panel(pen, spec, body, orientation, _levels(shown, whole))
    rows = [*panel.rows, *panel.last]
    placed = balanced(rows, panel.room, panel.columns, pen.mm(COLUMN_GAP_MM))
    room = _map_room(pen, body, panel.room, orientation)
    frame = None
    if shown is None:
        _draw_nothing(pen, room)
    else:
        frame = fitted(sheet_crs(spec), shown, room, scale, f"{size} {orientation}")
        _draw_map(pen, spec, frame)
        strip = Rect(
            room.left - pen.mm(BAND_MM),
            room.bottom + pen.mm(BAND_MM),
            room.wide + 2 * pen.mm(BAND_MM),
            pen.mm(STRIP_MM),
        )
        draw_strip(pen, frame, strip, size)
    if panel.last and orientation == "landscape":
        placed = pinned(placed, len(panel.last), panel.room.bottom)
    for row, at in placed:
        row.draw(at.left, at.top, at.wide)
    if frame is not None and whole is not None and panel.last:
        at = placed[-1][1]
        draw_inset(pen, spec, frame, whole, Rect(at.left, at.top, at.wide, at.high))
    return Sheet(figure, pen, frame, spec)


@dataclass(frozen=True, slots=True, eq=False)
class _Panel:
    """What stands beside the map: its rows, those at its end, its room and its columns."""

    rows: list[Row]
    last: list[Row]
    room: Rect
    columns: int


@dataclass(frozen=True, slots=True)
class _Level:
    """How much a panel holds: deadlines, and whether the funnel and the small map."""

    deadlines: int
    funnel: bool
    inset: bool


def _levels(shown: Extent | None, whole: Extent | None) -> list[_Level]:
    """Return what a panel holds, the fullest first; a small map that shows no more than the map goes."""
    if shown is None or whole is None:
        return [
            _Level(12, funnel=True, inset=False),
            _Level(6, funnel=True, inset=False),
            _Level(6, funnel=False, inset=False),
        ]
    full = [_Level(12, funnel=True, inset=True), _Level(6, funnel=True, inset=True)]
    low = shown[0] <= whole[0] and shown[1] <= whole[1]
    if low and shown[2] >= whole[2] and shown[3] >= whole[3]:
        return [*full, _Level(6, funnel=True, inset=False), _Level(6, funnel=False, inset=False)]
    return [*full, _Level(6, funnel=False, inset=True)]


def _panel(
    pen: Pen, spec: MapSpec, body: Rect, orientation: str, levels: list[_Level]
) -> _Panel:  # fmt: skip
    """Return the smallest panel beside the map, or the fullest below it.

    Where the largest holds not even the least of `levels`, the legend names the largest classes only.
    """
    classes = [len(one.classes) for one in sheet_layers(spec)]
    paper = Paper(1.0, pen.scale)

    def panel(kept: int, level: _Level, room: Rect, columns: int) -> _Panel | None:
        rows = key_figures(pen, spec) + legend(pen, spec, kept, paper)
        rows += deadlines(pen, spec, level.deadlines)
        rows += funnel(pen, spec) if level.funnel else []
        last = _inset_rows(pen, spec) if level.inset else []
        fits = flowed([*rows, *last], room, columns, pen.mm(COLUMN_GAP_MM)) is not None
        return _Panel(rows, last, room, columns) if fits else None

    most = max(classes, default=1)
    shapes = panel_shapes(pen, body, orientation)
    tries = [(level, shape) for shape in shapes for level in levels]
    if orientation == "portrait":
        tries.sort(key=lambda pair: levels.index(pair[0]))
    for level, (room, columns) in tries:
        if (made := panel(most, level, room, columns)) is not None:
            return made
    low, high, best = 0, most + 1, None
    while high - low > 1:  # so many classes per layer fit, and so many do not
        middle = (low + high) // 2
        made = panel(middle, levels[-1], *shapes[-1])
        low, high, best = (middle, high, made) if made is not None else (low, middle, best)
    if best is None:
        raise RenderError(
            f"the legend of {len(classes)} layers with {sum(classes):,} classes leaves no room on this sheet",
            fix="take a larger sheet, or hide layers",
            code="sheet_full",
        )
    return best


def _map_room(pen: Pen, body: Rect, panel: Rect, orientation: str) -> Rect:
    """Return the inner frame: what panel, strip and the band of coordinates leave of the body."""
    band, strip, gap = pen.mm(BAND_MM), pen.mm(STRIP_MM), pen.mm(GAP_MM)
    right = panel.left - gap - pen.mm(2) if orientation == "landscape" else body.right
    bottom = body.bottom if orientation == "landscape" else panel.top - gap
    return Rect(
        body.left + band,
        body.top + band,
        right - body.left - 2 * band,
        bottom - body.top - 2 * band - strip,
    )


def _inset_rows(pen: Pen, spec: MapSpec) -> list[Row]:
    district = any(one.name == DISTRICT for one in sheet_layers(spec))
    title = pen.word("sheet_map.inset_district" if district else "sheet_map.inset")
    return [*heading(pen, title), Row(pen.mm(INSET_MM), lambda _x, _y, _w: None)]


def _draw_map(pen: Pen, spec: MapSpec, frame: Frame) -> None:
    axes = add_axes(pen, frame.room)
    west, south, east, north = frame.extent
    axes.set_xlim(west, east)
    axes.set_ylim(south, north)
    paper = Paper(frame.unit_per_mm, pen.scale)
    for order, layer in enumerate(sheet_layers(spec)):
        draw_layer(axes, layer, paper, 2 + order * 0.01)
    draw_crosses(axes, pen, frame)
    write_captions(pen, spec, frame)
    if spec.edition == "public" and not spec.review_no:
        write_watermark(pen, frame.room)
    draw_frame(pen, frame)


def _draw_nothing(pen: Pen, room: Rect) -> None:
    pen.box(
        room.left,
        room.top,
        room.wide,
        room.high,
        edgecolor=palettes.TEXT,
        linewidth=0.8,
        facecolor=palettes.PAPER,
    )
    middle = room.top + room.high / 2
    said = pen.fit(pen.word("sheet_map.nothing"), room.wide * 0.9, SUBTITLE_POINTS)
    pen.write(room.left + room.wide / 2, middle, said, SUBTITLE_POINTS, ha="center", color=MUTED)
    below = room.bottom + pen.mm(BAND_MM + STRIP_MM / 2)
    pen.write(room.left, below, pen.word("sheet_map.no_scale"), FOOT_POINTS, color=MUTED)
