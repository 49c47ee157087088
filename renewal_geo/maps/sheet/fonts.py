"""Which letters a picture can have: fonts by name or by file, and what they cannot draw."""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
from fontTools.ttLib import (  # type: ignore[import-untyped]
    TTCollection,
    TTFont,
    TTLibError,
)
from matplotlib import font_manager

from renewal_geo.foundation.errors import RenderError

FAMILIES = (
    "Noto Sans CJK SC", "Source Han Sans SC", "Source Han Sans CN", "Noto Sans SC",
    "Microsoft YaHei", "SimHei", "PingFang SC", "Hiragino Sans GB", "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei", "Noto Sans CJK JP", "Droid Sans Fallback", "Arial Unicode MS",
)  # fmt: skip
LATIN_FAMILY = "DejaVu Sans"
MISSING = "□"
INVISIBLE = {"Cc", "Cf"}
CHINESE_FACES = ("SC", "CN", "GB", "Hans")
MEASURED_PT = 100


@dataclass(frozen=True, slots=True)
class Face:
    """A typeface: the font of its normal letters and of its bold ones (the same where it has none).

    A font is what :mod:`matplotlib` calls one: a path, which in a collection also knows its place.
    """

    name: str
    regular: str
    bold: str

    def font(self, *, bold: bool = False) -> str:
        """Return the font of normal or bold letters."""
        return self.bold if bold else self.regular

    def properties(self, size: float, *, bold: bool = False) -> font_manager.FontProperties:
        """Return what matplotlib wants for a text of `size` points."""
        return font_manager.FontProperties(fname=self.font(bold=bold), size=size)

    def lacks(self, text: str, *, bold: bool = False) -> list[str]:
        """Return the signs of `text` that this face cannot draw, each once."""
        known = _drawable(self.font(bold=bold))
        return [sign for sign in dict.fromkeys(text) if ord(sign) not in known]

    @property
    def post_script(self) -> bool:
        """Whether its outlines are cubic (CFF), as in most OpenType fonts for Chinese."""
        return _outlines(self.regular) == "CFF"


@functools.cache
def chinese_family() -> str | None:
    """Return the first family of the list that this machine has, or None."""
    return next(iter(_families()), None)


def _families() -> list[str]:
    known = {entry.name for entry in font_manager.fontManager.ttflist}
    return [name for name in FAMILIES if name in known]


def faces() -> list[Face]:
    """Return the faces that a sheet may take, best first: Chinese ones, then the one always here."""
    return [face_of(name) for name in (*_families(), LATIN_FAMILY)]


@functools.cache
def face_of(family: str) -> Face:
    """Return a family of this machine as a face."""
    normal, bold = (
        font_manager.findfont(font_manager.FontProperties(family=family, weight=weight))
        for weight in ("normal", "bold")
    )
    return Face(family, normal, bold)


def face_in(file: str | Path) -> Face:
    """Return the font of a file as a face; of a collection the one for simplified Chinese.

    Raises
    ------
    RenderError
        If the file is no font.
    """
    path = Path(file)
    try:
        place, name = _place_in(path)
        font = str(path) if place == 0 else _member(path, place)
        font_manager.get_font(font)
    except (OSError, TTLibError, RuntimeError, AttributeError, KeyError) as fault:
        raise RenderError(
            f"{path.name} cannot be used as a font: {fault}",
            where=str(path),
            fix="name a font file (.ttf, .otf, .ttc) that this machine can read",
            code="font_file",
        ) from fault
    return Face(name, font, font)


def _member(path: Path, place: int) -> str:
    if not hasattr(font_manager, "FontPath"):
        raise RenderError(
            f"matplotlib {mpl.__version__} takes only the first font of {path.name}, which is not Chinese",
            where=str(path),
            fix="update matplotlib to 3.11, or name a file with one font (.otf, .ttf)",
            code="font_file",
        )
    member: str = font_manager.FontPath(str(path), place)
    return member


def _place_in(path: Path) -> tuple[int, str]:
    with path.open("rb") as file:
        collection = file.read(4) == b"ttcf"
        file.seek(0)
        fonts = list(TTCollection(file, lazy=True)) if collection else [TTFont(file, lazy=True)]
        names = [str(font["name"].getDebugName(1)) for font in fonts]
    chinese = [n for n, name in enumerate(names) if name.split()[-1] in CHINESE_FACES]
    place = chinese[0] if chinese else 0
    return place, names[place]


@functools.cache
def _outlines(font: str) -> str:
    with TTFont(str(font), fontNumber=getattr(font, "face_index", 0), lazy=True) as opened:
        return "CFF" if {"CFF ", "CFF2"} & set(opened.keys()) else "TrueType"


@functools.cache
def _drawable(font: str) -> frozenset[int]:
    return frozenset(font_manager.get_font(font).get_charmap())


@functools.cache
def advance(sign: str, font: str) -> float:
    """Return how far `sign` moves the pen, as a share of the letter size; one where it is not there."""
    if ord(sign) not in _drawable(font):
        return 1.0
    opened = font_manager.get_font(font)
    opened.set_size(MEASURED_PT, 72)
    glyph = opened.load_char(ord(sign))
    return float(glyph.linearHoriAdvance) / 65536 / MEASURED_PT


def plain(text: object) -> str:
    """Return `text` on one line, without signs that are not seen."""
    line = " ".join(str(text).split())
    return "".join(sign for sign in line if unicodedata.category(sign) not in INVISIBLE)


def drawable(text: str, family: str) -> str:
    """Return `text` on one line, with a box for every sign that `family` cannot draw."""
    return boxed(text, face_of(family))


def boxed(text: object, face: Face, *, bold: bool = False) -> str:
    """Return `text` on one line, with a box for every sign that `face` cannot draw.

    A mark that would stand over the sign before it is left out instead.
    """
    line = plain(text)
    lost = set(face.lacks(line, bold=bold))
    if not lost:
        return line
    return "".join(
        sign if sign not in lost else "" if unicodedata.category(sign) == "Mn" else MISSING
        for sign in line
    )


def missing_signs(lost: Sequence[str], tried: Sequence[str]) -> RenderError:
    """Return the error for signs that no font here can draw: which, and what would help."""
    shown = ", ".join(
        f"{sign if sign.isprintable() else '?'} (U+{ord(sign):04X})" for sign in lost[:20]
    )
    more = f" and {len(lost) - 20} more" if len(lost) > 20 else ""
    return RenderError(
        f"no font here can draw {len(lost)} of the sheet's characters: {shown}{more}",
        where=f"tried: {', '.join(tried)}",
        fix="install a Chinese font (Debian: apt install fonts-noto-cjk), or give one with font=FILE, "
        "or take the characters out of the texts",
        code="missing_glyphs",
    )
