"""The frontier as a picture: what was found, what is proven, and where the study stands."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties

from renewal_geo.foundation.labels import label
from renewal_geo.maps import palettes
from renewal_geo.maps.ready.outlook_panel import boundary_curve, budget_curve
from renewal_geo.maps.sheet.fonts import LATIN_FAMILY, chinese_family, drawable, face_of
from renewal_geo.maps.spec import Curve, Text

if TYPE_CHECKING:
    from renewal_geo.zones import Frontier

FOUND_INK, BOUND_INK, STUDY_INK = palettes.ZONE_SHADES[0], "#77736b", "#d55e00"
HEIGHT_IN, WIDTH_OF_ONE_IN = 4.6, 7.2


class _Pen:
    """Writes text in one language and font; nothing in a text is ever read as mathematics."""

    def __init__(self, lang: str) -> None:
        family = chinese_family()
        self.lang = lang if family or lang == "en" else "en"
        self.family = family or LATIN_FAMILY

    def text(self, text: Text) -> str:
        return drawable(text.zh if self.lang == "zh" else text.en, self.family)

    def word(self, key: str) -> str:
        return drawable(label(key, self.lang), self.family)

    def font(self, size: float, *, bold: bool = False) -> FontProperties:
        return face_of(self.family).properties(size, bold=bold)


def frontier_picture(
    frontier: Frontier, lang: str = "zh", *, title: str = "", dpi: int = 120
) -> bytes:
    """Draw a frontier: net value over the budget with its bound, and value over the outline.

    Parameters
    ----------
    frontier
        What :func:`renewal_geo.zones.frontier` returned.
    lang
        ``zh`` or ``en``; English where the machine has no Chinese font.
    title
        Heading; a plain one where empty.
    dpi
        Dots per inch.

    Returns
    -------
    bytes
        PNG: one chart per kind of point that has at least two, side by side. The best possible lies
        in the band between what was found and what is proven.
    """
    found = (budget_curve(frontier.table), boundary_curve(frontier.table))
    curves = [one for one in found if one is not None]
    pen = _Pen(lang)
    count = max(1, len(curves))
    figure = Figure(figsize=(WIDTH_OF_ONE_IN * count, HEIGHT_IN), dpi=dpi, facecolor="white")
    canvas: Any = FigureCanvasAgg(figure)
    heading = title if title.isascii() or pen.family != LATIN_FAMILY else ""
    figure.text(
        0.5, 0.965, drawable(heading, pen.family) or pen.word("outlook.frontier_title"),
        fontproperties=pen.font(14, bold=True), color=palettes.TEXT, ha="center", va="top", parse_math=False,
    )  # fmt: skip
    if curves:
        figure.subplots_adjust(
            left=0.62 / WIDTH_OF_ONE_IN / count * 1.5,
            right=0.98,
            top=0.86,
            bottom=0.15,
            wspace=0.22,
        )
        axes = figure.subplots(1, count, squeeze=False)[0]
        for one, curve in zip(axes, curves, strict=True):
            _draw(one, curve, pen)
    else:
        figure.text(
            0.5, 0.5, _nothing(frontier.notes, pen), fontproperties=pen.font(11), ha="center",
            color=palettes.TEXT, wrap=True, parse_math=False,
        )  # fmt: skip
    out = io.BytesIO()
    canvas.print_png(out, metadata={"Software": None, "Title": "Frontier"})
    return out.getvalue()


def _nothing(notes: Sequence[str], pen: _Pen) -> str:
    plain = pen.family != LATIN_FAMILY
    said = [drawable(note, pen.family) for note in notes if plain or note.isascii()]
    return "  ".join(said) or pen.word("outlook.none_found")


def _draw(axes: Axes, curve: Curve, pen: _Pen) -> None:
    x = [p.x for p in curve.points]
    found = [p.found for p in curve.points]
    bounded = [(p.x, p.found, p.bound) for p in curve.points if p.bound is not None]
    if bounded:
        at, low, high = (list(side) for side in zip(*bounded, strict=True))
        axes.fill_between(
            at, low, high, color=FOUND_INK, alpha=0.16, linewidth=0, label=pen.word("outlook.band")
        )
        axes.plot(at, high, "--", color=BOUND_INK, linewidth=1.6, label=pen.word("outlook.bound"))
    axes.plot(
        x, found, "-o", color=FOUND_INK, linewidth=2, markerfacecolor="white", markersize=5.5,
        label=pen.word("outlook.found"),
    )  # fmt: skip
    own = [(p.x, p.found) for p in curve.points if p.own]
    if own:
        axes.plot(
            *zip(*own, strict=True), "D", color=STUDY_INK, markeredgecolor="white", markersize=10,
            linestyle="none", label=pen.word("outlook.study_point"), zorder=5,
        )  # fmt: skip
    axes.set_xlabel(pen.text(curve.x_title), fontproperties=pen.font(10.5), parse_math=False)
    axes.set_ylabel(pen.text(curve.y_title), fontproperties=pen.font(10.5), parse_math=False)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.grid(axis="y", color="#eceae3", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=9, colors="#5c6670")
    axes.ticklabel_format(style="plain", useOffset=False)
    axes.legend(prop=pen.font(9.5), frameon=False, loc="lower right")
