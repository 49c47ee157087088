"""Writing on paper in millimetres: measured before it is written, so that nothing runs over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text as Written
from matplotlib.transforms import Affine2D, Transform

from renewal_geo.foundation.labels import label
from renewal_geo.maps import palettes
from renewal_geo.maps.sheet.fonts import Face, advance, boxed, plain
from renewal_geo.maps.texts import Text

MM_PER_INCH = 25.4
MM_PER_POINT = MM_PER_INCH / 72
LINE = 1.42  # from one base line to the next, in letter sizes
ABOVE, BELOW = 1.0, 0.3  # what a line takes above and below its base line, in letter sizes
MUTED, RULE, ALERT = "#5c6670", "#c9c4b8", "#a33b00"
MORE = "…"
LONGEST = 2000  # no line of a sheet holds more signs
# a piece that stays on one line: Latin letters up to a blank or hyphen, else one Chinese sign with
# the marks that may not begin a line
PIECE = re.compile(
    r"[ -\u2e7f]*?[ \-/,;](?=.)|[ -\u2e7f]+|[^ -\u2e7f][，。、；：！？）》」”’…·％%]*", re.DOTALL
)


@dataclass(slots=True)
class Pen:
    """Writes in one language and one face; nothing in a text is ever read as mathematics.

    Attributes
    ----------
    figure
        What it writes on. Places are millimetres from the upper left corner, y downwards.
    lang, face
        Language and letters.
    scale
        What sizes and widths given for A3 are multiplied by.
    lost
        Signs that the face cannot draw, in the order in which they were asked for.
    """

    figure: Figure
    lang: str
    face: Face
    scale: float
    lost: dict[str, None] = field(default_factory=dict)

    @property
    def paper(self) -> Transform:
        """Return the transform from millimetres of the paper."""
        high = self.figure.get_figheight()
        turned = Affine2D().scale(1 / MM_PER_INCH, -1 / MM_PER_INCH).translate(0, high)
        return turned + self.figure.dpi_scale_trans

    def say(self, text: Text) -> str:
        """Return a text in the language of the sheet."""
        return text.said(self.lang)

    def word(self, key: str, **figures: object) -> str:
        """Return a text of the house in the language of the sheet."""
        return label(key, self.lang, **figures)

    def mm(self, length: float) -> float:
        """Return a length that was given for A3, in millimetres on this paper."""
        return length * self.scale

    def letters(self, points: float) -> float:
        """Return the letter size of `points` on A3, in millimetres on this paper."""
        return points * MM_PER_POINT * self.scale

    def line(self, points: float) -> float:
        """Return the distance of two base lines in millimetres."""
        return self.letters(points) * LINE

    def width(self, text: str, points: float, *, bold: bool = False) -> float:
        """Return how wide a text is in millimetres."""
        return self._units(plain(text), bold=bold) * self.letters(points)

    def fit(self, text: str, wide: float, points: float, *, bold: bool = False) -> str:
        """Return `text`, cut with an ellipsis where it is wider than `wide` millimetres."""
        room = wide / self.letters(points)
        shown = plain(text)
        return (
            shown
            if self._units(shown[:LONGEST], bold=bold) <= room
            else self._cut(shown, room, bold)
        )

    def lines(
        self, text: str, wide: float, points: float, most: int, *, bold: bool = False
    ) -> list[str]:
        """Break a text into lines of at most `wide` millimetres, between words where it can.

        What `most` lines do not hold is cut, and the last one then ends in an ellipsis.
        """
        room = wide / self.letters(points)
        made: list[str] = []
        here = ""
        for part in self._parts(plain(text), room, bold):
            if here and self._units((here + part).rstrip(), bold=bold) > room:
                if len(made) == most - 1:
                    return [*made, self._cut(here + part, room, bold)]
                made.append(here.rstrip())
                here = ""
            here += part
        return [*made, here.rstrip()] if here.strip() else made

    def _parts(self, text: str, room: float, bold: bool) -> Iterator[str]:
        """Yield pieces that stay on one line; one that is wider than a line comes sign by sign."""
        for piece in PIECE.findall(text):
            yield from [piece] if self._units(piece[:LONGEST], bold=bold) <= room else piece

    def _cut(self, line: str, room: float, bold: bool) -> str:
        font = self.face.font(bold=bold)
        left = room - advance(MORE, font)
        kept = 0
        while kept < len(line) and (left := left - advance(line[kept], font)) >= 0:
            kept += 1
        return line[:kept].rstrip() + MORE

    def _units(self, text: str, *, bold: bool) -> float:
        font = self.face.font(bold=bold)
        return sum(advance(sign, font) for sign in text)

    def write(
        self, x: float, y: float, text: str, points: float, *, bold: bool = False, **style: Any
    ) -> Written:
        """Write one line; `y` is its base line."""
        look: dict[str, Any] = {"color": palettes.TEXT, "va": "baseline", "ha": "left", **style}
        made: Written = self.figure.text(
            x, y, self._clean(text, bold=bold), parse_math=False, transform=self.paper,
            fontproperties=self.face.properties(points * self.scale, bold=bold), **look,
        )  # fmt: skip
        return made

    def box(self, x: float, y: float, wide: float, high: float, **look: Any) -> None:
        """Draw a rectangle whose upper left corner is given."""
        style = {"facecolor": "none", "edgecolor": "none", "linewidth": 0.0, **look}
        style["linewidth"] = style["linewidth"] * self.scale
        self.place(Rectangle((x, y), wide, high, transform=self.paper, snap=False, **style))

    def place(self, artist: Artist) -> None:
        """Put a shape on the paper."""
        self.figure.add_artist(artist)

    def _clean(self, text: str, *, bold: bool) -> str:
        self.lost.update(dict.fromkeys(self.face.lacks(plain(text), bold=bold)))
        return boxed(text, self.face, bold=bold)
