"""A delineation as one picture: for the wall, a slide or a report."""

from __future__ import annotations

import datetime as dt
import io
import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely
from matplotlib import colors
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Polygon, Rectangle
from matplotlib.path import Path
from matplotlib.patheffects import withStroke

from renewal_geo.foundation.labels import label
from renewal_geo.foundation.quantities import M2_PER_HA
from renewal_geo.maps import palettes
from renewal_geo.maps.fonts import LATIN_FAMILY, chinese_family, drawable, font_file
from renewal_geo.maps.spec import Edition, LayerSpec, MapClass, MapSpec, Text
from renewal_geo.maps.summaries import caption
from renewal_geo.maps.zone_maps import zone_spec

if TYPE_CHECKING:
    from renewal_geo.zones import Delineation

HATCHES = {
    "": "", "forward": "////", "backward": "\\\\\\\\", "cross": "xxxx", "dots": "....",
    "horizontal": "----",
}  # fmt: skip
HATCH_INK = (0.08, 0.12, 0.16, 0.4)
WIDTH_IN, HEIGHT_IN = 16.54, 11.69  # A3 landscape
MAP_FRAME = (0.03, 0.09, 0.70, 0.82)
SIDE_LEFT = 0.75
SCALE_STEPS = (1, 2, 5)
FINE_POINTS = 3.0
LINE_SCALE = 0.6  # widths are meant for a screen; a sheet has finer lines


@dataclass(frozen=True, slots=True)
class _Pen:
    """Writes text in one language and font; nothing in a text is ever read as mathematics."""

    figure: Figure
    lang: str
    family: str

    def say(self, text: Text) -> str:
        return text.zh if self.lang == "zh" else text.en

    def font(self, size: float, *, bold: bool = False) -> FontProperties:
        return FontProperties(fname=str(font_file(self.family, bold=bold)), size=size)

    def write(
        self, x: float, y: float, text: str, size: float, *, bold: bool = False, **style: str
    ) -> None:
        look: dict[str, Any] = {"color": palettes.TEXT, "va": "top", "ha": "left", **style}
        self.figure.text(
            x, y, drawable(text, self.family), fontproperties=self.font(size, bold=bold),
            parse_math=False, **look,
        )  # fmt: skip


def zone_picture(
    delineation: Delineation,
    *,
    lang: str = "zh",
    edition: Edition = "internal",
    title: str | None = None,
    subtitle: str = "",
    source: str = "",
    as_of: dt.date | None = None,
    review_no: str = "",
    notes: Sequence[str] = (),
    exclusions: gpd.GeoDataFrame | None = None,
    sub_districts: gpd.GeoDataFrame | None = None,
    dpi: int = 120,
) -> bytes:
    """Draw a delineation as a PNG of A3 landscape.

    Parameters are those of :func:`renewal_geo.maps.zone_map`; `dpi` is dots per inch.

    Returns
    -------
    bytes
        PNG. The same delineation gives the same bytes with the same matplotlib and fonts.

    Notes
    -----
    Where the machine has no Chinese font the labels are in English and the picture says so;
    signs that no font here can draw become boxes.
    """
    spec = zone_spec(
        delineation, lang=lang, edition=edition, title=title, subtitle=subtitle, source=source,
        as_of=as_of, review_no=review_no, notes=notes, exclusions=exclusions,
        sub_districts=sub_districts,
    )  # fmt: skip
    return picture(spec, dpi=dpi)


def picture(spec: MapSpec, *, dpi: int = 120) -> bytes:
    """Draw any spec as a PNG of A3 landscape."""
    figure = Figure(figsize=(WIDTH_IN, HEIGHT_IN), dpi=dpi, facecolor="white")
    canvas: Any = FigureCanvasAgg(figure)
    family = chinese_family()
    lang = spec.lang if family or spec.lang == "en" else "en"
    pen = _Pen(figure, lang, family or LATIN_FAMILY)
    _draw_map(pen, spec)
    _draw_head(pen, spec)
    bottom = _draw_legend(pen, spec)
    _draw_facts(pen, spec, bottom)
    _draw_foot(pen, spec, lost_language=lang != spec.lang)
    out = io.BytesIO()
    canvas.print_png(out, metadata={"Software": None, "Title": spec.title.en})
    return out.getvalue()


def _draw_map(pen: _Pen, spec: MapSpec) -> None:
    axes = pen.figure.add_axes(MAP_FRAME, facecolor=palettes.PAPER)
    axes.set_xticks([])
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set_color("#8a8378")
        side.set_linewidth(0.8)
    _frame(axes, spec)
    metres_per_point = (axes.get_xlim()[1] - axes.get_xlim()[0]) / (MAP_FRAME[2] * WIDTH_IN * 72)
    for layer in spec.layers:
        if layer.visible:
            _draw_layer(axes, layer, metres_per_point)
    for layer in spec.layers:
        if layer.visible and layer.captions is not None:
            _draw_captions(axes, pen, layer)
    _draw_scale(axes, pen)
    _draw_north(axes, pen)


def _frame(axes: Axes, spec: MapSpec) -> None:
    main = next((one for one in spec.layers if one.name == "parcels"), None)
    boxes = [one.geometry.total_bounds for one in ((main,) if main else spec.layers)]
    stacked = np.vstack([*boxes, np.full((1, 4), np.nan)])
    if np.isnan(stacked).all():
        stacked = np.array([[0.0, 0.0, 1000.0, 1000.0]])
    x0, y0 = np.nanmin(stacked[:, :2], axis=0)
    x1, y1 = np.nanmax(stacked[:, 2:], axis=0)
    wide = MAP_FRAME[2] * WIDTH_IN / (MAP_FRAME[3] * HEIGHT_IN)
    height = max(y1 - y0, (x1 - x0) / wide, 1.0) * 1.06
    middle_x, middle_y = (x0 + x1) / 2, (y0 + y1) / 2
    axes.set_xlim(middle_x - height * wide / 2, middle_x + height * wide / 2)
    axes.set_ylim(middle_y - height / 2, middle_y + height / 2)


def _draw_layer(axes: Axes, layer: LayerSpec, metres_per_point: float) -> None:
    geometry = layer.geometry.to_numpy()
    class_of = layer.class_of
    present = ~(shapely.is_missing(geometry) | shapely.is_empty(geometry))
    sizes = np.sqrt(shapely.area(geometry[present])) if present.any() else np.zeros(1)
    fine = float(np.median(sizes)) > FINE_POINTS * metres_per_point
    for number, one in enumerate(layer.classes):
        rows = np.flatnonzero(present & (class_of == number))
        if not len(rows):
            continue
        if layer.kind == "point":
            xy = shapely.get_coordinates(geometry[rows])
            axes.plot(
                xy[:, 0], xy[:, 1], "o", color=one.fill, markeredgecolor=one.line or "white",
                markersize=5, linestyle="none",
            )  # fmt: skip
            continue
        if one.hatch:
            merged = [_path(shapely.union_all(shapely.make_valid(geometry[rows]), grid_size=0.01))]
            axes.add_collection(_collection(merged, one, _fill(one, None), fine=False, hatch=True))
        if one.hatch and not one.shades:
            continue
        shades = layer.shade_of[rows] if layer.shade_of is not None else np.full(len(rows), -1)
        for shade in np.unique(shades):
            paths = [_path(shape) for shape in geometry[rows[shades == shade]]]
            shown = _fill(one, int(shade))
            axes.add_collection(_collection(paths, one, shown, fine=fine, hatch=False))
        if one.hatch:
            axes.add_collection(_collection(merged, one, "", fine=False, hatch=True))


def _fill(one: MapClass, shade: int | None) -> str:
    if shade is not None and 0 <= shade < len(one.shades):
        return one.shades[shade]
    return one.fill


def _collection(
    paths: list[Path], one: MapClass, fill: str, *, fine: bool, hatch: bool
) -> PathCollection:
    edge: Any = "none"
    width = 0.0
    if one.line:
        edge, width = one.line, one.width * LINE_SCALE
    elif fine:
        edge, width = (1, 1, 1, 0.75), 0.3
    face: Any = fill or "none"
    made = PathCollection(paths, facecolors=face, edgecolors=edge, linewidths=width)
    if hatch:
        made.set_hatch(HATCHES[one.hatch])
        made.set_edgecolor(colors.to_rgba(one.line) if one.line else HATCH_INK)
        made.set_linewidth(width or 0.0)
    return made


def _path(shape: shapely.Geometry) -> Path:
    """Return a compound path; holes turn the other way, so the non-zero rule leaves them open."""
    parts = shapely.get_parts(shapely.get_parts(shape))
    polygonal = parts[np.isin(shapely.get_type_id(parts), (3,))]
    if len(polygonal):
        parts = shapely.get_rings(shapely.orient_polygons(polygonal))
    parts = parts[np.isin(shapely.get_type_id(parts), (1, 2))]
    xy, ring = shapely.get_coordinates(parts, return_index=True)
    if not len(xy):
        return Path(np.zeros((0, 2)))
    codes = np.full(len(xy), Path.LINETO, dtype=np.uint8)
    codes[np.flatnonzero(np.diff(ring, prepend=-1) != 0)] = Path.MOVETO
    return Path(xy, codes)


def _draw_captions(axes: Axes, pen: _Pen, layer: LayerSpec) -> None:
    texts = layer.marks or layer.captions or ()
    for text, shape in zip(texts, layer.geometry.to_numpy(), strict=True):
        if not text or shape is None or shape.is_empty:
            continue
        spot = shape.representative_point()
        axes.text(
            spot.x, spot.y, textwrap.shorten(drawable(text, pen.family), 40, placeholder="…"),
            fontproperties=pen.font(10 if layer.popup else 8.5, bold=layer.popup),
            color=palettes.ZONE_LINE if layer.popup else "#6b6458",
            ha="center", va="center", clip_on=True, parse_math=False,
            path_effects=[withStroke(linewidth=2.6, foreground="white")],
        )  # fmt: skip


def _draw_scale(axes: Axes, pen: _Pen) -> None:
    """Draw the scale bar under the right end of the map frame, so that it hides no parcel."""
    left, right = axes.get_xlim()
    wanted = (right - left) / 6
    power = 10 ** math.floor(math.log10(wanted))
    length = max(step * power for step in SCALE_STEPS if step * power <= wanted)
    wide = length / (right - left) * MAP_FRAME[2]
    x, y = MAP_FRAME[0] + MAP_FRAME[2] - wide - 0.012, 0.058
    for part in range(4):
        pen.figure.add_artist(
            Rectangle(
                (x + part * wide / 4, y), wide / 4, 0.006, linewidth=0.6, edgecolor=palettes.TEXT,
                facecolor=palettes.TEXT if part % 2 == 0 else "white",
                transform=pen.figure.transFigure,
            )
        )  # fmt: skip
    kilo = 1000
    text = f"{length / kilo:g} km" if length >= kilo else f"{length:g} m"
    pen.write(x, y + 0.008, "0", 9, ha="center", va="bottom")
    pen.write(x + wide, y + 0.008, text, 9, ha="center", va="bottom")


def _draw_north(axes: Axes, pen: _Pen) -> None:
    points = np.array([(0.965, 0.955), (0.957, 0.905), (0.965, 0.915), (0.973, 0.905)])
    axes.add_patch(
        Polygon(points, closed=True, transform=axes.transAxes, color=palettes.TEXT, zorder=5)
    )
    axes.text(
        0.965, 0.958, "N", transform=axes.transAxes, fontproperties=pen.font(11, bold=True),
        color=palettes.TEXT, ha="center", va="bottom", parse_math=False, zorder=5,
    )  # fmt: skip


def _draw_head(pen: _Pen, spec: MapSpec) -> None:
    title = pen.say(spec.title)
    if pen.family == LATIN_FAMILY and not title.isascii():
        title = label("map.zones_title", "en")
    pen.write(MAP_FRAME[0], 0.968, textwrap.shorten(title, 60, placeholder="…"), 22, bold=True)
    under = [pen.say(spec.subtitle)]
    if spec.as_of:
        under.append(f"{label('map.as_of', pen.lang)} {spec.as_of.isoformat()}")
    pen.write(
        MAP_FRAME[0] + MAP_FRAME[2], 0.955, "  ".join(filter(None, under)), 11, ha="right",
        color="#5c6670",
    )  # fmt: skip


def _draw_legend(pen: _Pen, spec: MapSpec) -> float:
    y = MAP_FRAME[1] + MAP_FRAME[3]
    pen.write(SIDE_LEFT, y, label("map.legend", pen.lang), 12, bold=True)
    y -= 0.028
    for layer in reversed(spec.layers):
        for one in layer.classes:
            _swatch(pen, y, one)
            figures = []
            if one.area_m2 is not None:
                figures.append(f"{one.area_m2 / M2_PER_HA:,.2f} {label('map.ha', pen.lang)}")
            if one.count is not None:
                figures.append(f"{one.count:,}")
            name = textwrap.shorten(pen.say(one.title), 44, placeholder="…")
            pen.write(SIDE_LEFT + 0.028, y, name, 9.5)
            pen.write(0.975, y, " · ".join(figures), 9, ha="right", color="#5c6670")
            y -= 0.0215
        y -= 0.006
    return y


def _swatch(pen: _Pen, y: float, one: MapClass) -> None:
    fills = one.shades[:4] or (one.fill,)
    for number, fill in enumerate(fills):
        pen.figure.add_artist(
            Rectangle(
                (SIDE_LEFT + number * 0.02 / len(fills), y - 0.0135), 0.02 / len(fills), 0.0125,
                facecolor=fill or "none", edgecolor="none", transform=pen.figure.transFigure,
            )
        )  # fmt: skip
    ink = one.line or (HATCH_INK if one.hatch else "#8a8378")
    pen.figure.add_artist(
        Rectangle(
            (SIDE_LEFT, y - 0.0135), 0.02, 0.0125, facecolor="none", edgecolor=ink,
            hatch=HATCHES[one.hatch], linewidth=max(0.6, min(one.width, 2.0)),
            transform=pen.figure.transFigure,
        )
    )  # fmt: skip


def _draw_facts(pen: _Pen, spec: MapSpec, y: float) -> None:
    if not spec.facts:
        return
    y -= 0.01
    pen.write(SIDE_LEFT, y, label("map.summary", pen.lang), 12, bold=True)
    y -= 0.028
    for fact in spec.facts:
        lines = textwrap.wrap(pen.say(fact.content), 28) or [""]
        pen.write(SIDE_LEFT, y, pen.say(fact.title), 9.5, color="#5c6670")
        for line in lines[:4]:
            pen.write(0.975, y, line, 9.5, ha="right", bold=fact.strong)
            y -= 0.02
    if spec.funnel:
        _draw_funnel(pen, spec, y - 0.012)


def _draw_funnel(pen: _Pen, spec: MapSpec, y: float) -> None:
    most = max((bar.area_m2 for bar in spec.funnel), default=0.0) or 1.0
    head = f"{label('map.funnel', pen.lang)}  {label('map.funnel_hint', pen.lang)}"
    pen.write(SIDE_LEFT, y, head, 12, bold=True)
    y -= 0.028
    step = min(0.031, (y - MAP_FRAME[1] + 0.03) / len(spec.funnel))
    for bar in spec.funnel:
        pen.write(SIDE_LEFT, y, pen.say(bar.title), 9.5)
        figures = f"{bar.area_m2 / M2_PER_HA:,.2f} ({bar.count:,})"
        pen.write(0.975, y, figures, 9, ha="right", color="#5c6670")
        for share, colour in ((1.0, "#eceae3"), (bar.area_m2 / most, palettes.ZONE_SHADES[0])):
            pen.figure.add_artist(
                Rectangle(
                    (SIDE_LEFT, y - 0.0225), (0.975 - SIDE_LEFT) * share, 0.0055,
                    facecolor=colour, edgecolor="none", transform=pen.figure.transFigure,
                )
            )  # fmt: skip
        y -= step


def _draw_foot(pen: _Pen, spec: MapSpec, *, lost_language: bool) -> None:
    review = (
        f"{label('map.review_no', pen.lang)}: {spec.review_no}"
        if spec.review_no
        else label("map.unreviewed", pen.lang)
    )
    colour = palettes.TEXT if spec.review_no else "#a33b00"
    pen.write(MAP_FRAME[0], 0.075, review, 10, bold=True, color=colour)
    lines = [*caption(spec, pen.lang), label("map.areas_note", pen.lang)]
    if spec.fingerprint:
        lines.append(f"{label('map.hash', pen.lang)}: {spec.fingerprint[:16]}")
    if lost_language:
        lines.append(label("map.font_note", "en"))
    y = 0.053
    for line in textwrap.wrap("  ·  ".join(lines), 130)[:3]:
        pen.write(MAP_FRAME[0], y, line, 8.5, color="#5c6670")
        y -= 0.016
