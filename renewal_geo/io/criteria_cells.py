"""One cell of a table of criteria as the value that it means: words, lists, percentages, full-width signs."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

from renewal_geo.foundation.criterion_words import VALUES, value_of, words
from renewal_geo.foundation.settings import nearest
from renewal_geo.io.grids import Cell

NOTHING = {"", "-", "—", "–", "/", "无", "n/a", "none"}
KEPT_TEXTS = {"id", "title", "title_en", "unit", "reference"}
RATINGS = {"scores", "missing", "categories"}
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?")
_PART = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^;；\n"]*))\s*(?:[;；\n]|$)')
_QUOTED = re.compile(r"('(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"|`[^`]*`)")
_CURLY = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"'})
_ESCAPED = re.compile(r"\\(.)")


class NotUnderstoodError(Exception):
    """A cell is not made of what its column needs: what is wrong, and the fix."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(what)
        self.fix = fix


def cell_value(key: str, cell: Cell, row: Mapping[str, str]) -> Any:
    """Return what a cell of the column of a key means; None where it means nothing.

    Parameters
    ----------
    key
        A key of a criterion.
    cell
        As stored.
    row
        The texts of its row, by key: what a percentage means depends on the source.

    Raises
    ------
    NotUnderstoodError
        With the fix.
    """
    if key not in KEPT_TEXTS and cell.text.casefold() in NOTHING:
        return None
    if not cell.is_filled:
        return None
    if isinstance(cell.value, bool):
        raise NotUnderstoodError(f"is {cell.text}, yes or no", "write a text or a number")
    return _READERS.get(key, _text)(key, cell, row)


def _text(key: str, cell: Cell, row: Mapping[str, str]) -> str:
    del key, row
    return cell.text


def _expression(key: str, cell: Cell, row: Mapping[str, str]) -> str:
    """Signs of a Chinese keyboard become those of the grammar; quoted texts and column names stay."""
    del row
    if key == "veto" and cell.is_moment:
        raise _dated(cell)
    parts = _QUOTED.split(cell.text.translate(_CURLY))
    folded = (p if at % 2 else unicodedata.normalize("NFKC", p) for at, p in enumerate(parts))
    return "".join(folded).strip()


def _word(key: str, cell: Cell, row: Mapping[str, str]) -> str:
    del row
    found = value_of(key, cell.text)
    if not found:
        known = [*words(key, "zh"), *VALUES[key]]
        raise NotUnderstoodError(
            f"is {cell.text!r}, none of the known words{nearest(cell.text, known)}",
            f"write one of: {', '.join(words(key, 'zh'))} ({', '.join(VALUES[key])})",
        )
    return found


def _figure(key: str, cell: Cell, row: Mapping[str, str]) -> float:
    if cell.is_moment:
        raise _dated(cell)
    if not isinstance(cell.value, str):
        value = _finite(cell.value, cell)
        # 0.07 shown as 7 % is 7.000000000000001 otherwise
        return _scaled(key, round(value * 100.0, 10), row) if cell.is_percent else value
    return _number(key, cell.text, row, cell)


def _number(key: str, text: str, row: Mapping[str, str], cell: Cell) -> float:
    plain = unicodedata.normalize("NFKC", text).replace(" ", "").replace("−", "-")
    is_percent = plain.endswith("%")
    plain = plain.removesuffix("%")
    if _THOUSANDS.fullmatch(plain):
        plain = plain.replace(",", "")
    if not _NUMBER.fullmatch(plain):
        raise NotUnderstoodError(f"is {text!r}, not a number", "write a number, such as 25")
    value = _finite(float(plain), cell)
    return _scaled(key, value, row) if is_percent else value


def _finite(value: Any, cell: Cell) -> float:
    try:
        number = float(value)
    except (OverflowError, TypeError, ValueError):
        number = math.inf
    if not math.isfinite(number):
        raise NotUnderstoodError(f"is {cell.text[:40]!r}, not a finite number", "write a number")
    return number


def _scaled(key: str, percent: float, row: Mapping[str, str]) -> float:
    """A percentage is percent as a weight, a share as a rating; as a figure the source tells."""
    if key == "weight":
        return percent
    is_slope = value_of("derive", row.get("derive", "")) == "slope_percent"
    if is_slope or row.get("unit", "").strip() in {"%", "％"}:
        return percent if key not in RATINGS else percent / 100.0
    source, statistic = row.get("source", ""), row.get("statistic", "")
    is_share = value_of("source", source) == "share" or value_of("statistic", statistic) == "share"
    if key in RATINGS or is_share:
        return percent / 100.0
    raise NotUnderstoodError(
        f"is the percentage {percent:g} %, and nothing says whether its figure is in percent",
        f"write {percent:g} or {percent / 100:g}, whichever the figure is, as a plain number",
    )


def _figures(key: str, cell: Cell, row: Mapping[str, str]) -> list[float]:
    if cell.is_moment or not isinstance(cell.value, str):
        return [_figure(key, cell, row)]
    plain = unicodedata.normalize("NFKC", cell.text).replace("、", ",")
    separator = r"[;\n]" if re.search(r"[;\n]", plain) else ","
    parts = [one for one in re.split(separator, plain) if one.strip()]
    return [_number(key, one.strip(), row, cell) for one in parts]


def _codes(key: str, cell: Cell, row: Mapping[str, str]) -> list[str]:
    del key, row
    if cell.is_moment:
        raise _dated(cell)
    return [code for code, is_quoted in _parts(cell.text) if code or is_quoted]


def _categories(key: str, cell: Cell, row: Mapping[str, str]) -> dict[str, float]:
    found: dict[str, float] = {}
    for code, rating in _pairs(cell):
        if code in found:
            raise NotUnderstoodError(f"names the category {code!r} twice", "write every code once")
        found[code] = _number(key, rating, row, cell)
    return found


def _parts(text: str) -> list[tuple[str, bool]]:
    """Split a list at ; or, where there is none, at commas; what stands in double quotes stays whole."""
    if not re.search(r"[;；\n\"]", text):
        return [(one.strip(), False) for one in re.split(r"[,，、]", text)]
    found, at = [], 0
    while at < len(text):
        part = _PART.match(text, at)
        if part is None or part.end() == at:
            raise NotUnderstoodError(
                f"is {text!r}, not a list", 'separate codes by ;, and put odd ones in quotes: "a;b"'
            )
        quoted = part[1] is not None
        found.append((_ESCAPED.sub(r"\1", part[1]) if quoted else part[2].strip(), quoted))
        at = part.end()
    return found


_PAIR = re.compile(
    r'\s*(?:"((?:[^"\\]|\\.)*)"|([^=＝:："]+?))\s*[=＝:：]\s*([^;；,，、\n]*?)\s*(?:[;；,，、\n]\s*|$)'
)


def _pairs(cell: Cell) -> list[tuple[str, str]]:
    fix = "write codes with scores, separated by ;, as in M1=1; M0=0.6"
    text, found, at = cell.text, [], 0
    if cell.is_moment:
        raise _dated(cell)
    while at < len(text):
        pair = _PAIR.match(text, at)
        if pair is None:
            raise NotUnderstoodError(f"has {text[at:].strip()!r}, not a code with its score", fix)
        code = pair[2].strip() if pair[1] is None else _ESCAPED.sub(r"\1", pair[1])
        found.append((code, pair[3]))
        at = pair.end()
    return found


def _dated(cell: Cell) -> NotUnderstoodError:
    return NotUnderstoodError(
        f"is the date or time {cell.text}, which Excel makes of entries such as 1/3 or 10-25",
        "format the cell as text, then type the entry again",
    )


_READERS: Mapping[str, Callable[[str, Cell, Mapping[str, str]], Any]] = {
    **dict.fromkeys(VALUES, _word),
    **dict.fromkeys(("low", "high", "within_m", "missing", "weight"), _figure),
    **dict.fromkeys(("breaks", "scores"), _figures),
    **dict.fromkeys(("where", "veto"), _expression),
    "values": _codes,
    "categories": _categories,
}
