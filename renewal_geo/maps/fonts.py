"""Which letters a picture can have: a Chinese font by name, and what it cannot draw."""

from __future__ import annotations

import functools
import unicodedata
from pathlib import Path

from matplotlib import font_manager

FAMILIES = (
    "Noto Sans CJK SC", "Source Han Sans SC", "Source Han Sans CN", "Noto Sans SC",
    "Microsoft YaHei", "SimHei", "PingFang SC", "Hiragino Sans GB", "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei", "Noto Sans CJK JP", "Droid Sans Fallback", "Arial Unicode MS",
)  # fmt: skip
LATIN_FAMILY = "DejaVu Sans"
MISSING = "□"


@functools.cache
def chinese_family() -> str | None:
    """Return the first family of the list that this machine has, or None."""
    known = {entry.name for entry in font_manager.fontManager.ttflist}
    return next((name for name in FAMILIES if name in known), None)


@functools.cache
def font_file(family: str, *, bold: bool = False) -> Path:
    """Return the file of `family`."""
    wanted = font_manager.FontProperties(family=family, weight="bold" if bold else "normal")
    return Path(font_manager.findfont(wanted))


@functools.cache
def _drawable(family: str) -> frozenset[int]:
    return frozenset(font_manager.get_font(str(font_file(family))).get_charmap())


def drawable(text: str, family: str) -> str:
    """Return `text` on one line, with a box for every sign that `family` cannot draw."""
    known = _drawable(family)
    plain = " ".join(str(text).split())
    return "".join(
        sign
        if ord(sign) in known
        else ""
        if unicodedata.category(sign) in {"Cf", "Mn"}
        else MISSING
        for sign in plain
    )
