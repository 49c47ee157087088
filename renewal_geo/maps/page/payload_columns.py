"""Columns of a layer as dictionaries, scaled integers and day numbers."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from renewal_geo.maps.spec import LayerSpec, MapColumn
from renewal_geo.maps.texts import Text

MOST_TEXT = 2_000
_HALVES = re.compile("[\ud800-\udfff]")  # of surrogate pairs: no file in UTF-8 can hold them
_ODD = re.compile("[\0\ud800-\udfff]")
CUT = "…"
EXACT = 2**51  # whole numbers up to here, and twice their differences, are doubles without loss
MOST_DIGITS = 15
NUMBERS = {"number", "share", "year"}
SHARE_DIGITS = 2  # a share is printed in per cent

Ints = NDArray[np.int64]


def column(table: pd.DataFrame, asked: MapColumn, layer: LayerSpec) -> dict[str, Any]:
    """Return what the page reads of one column.

    Numbers are multiples of their last printed digit (10^-`digits`), days count from 1970-01-01; both
    are sent as steps of `unit` from `low` on, counted from 1, and a missing value as 0. Texts are
    codes into `words`, the empty word is a missing one; `english` holds the same words in English,
    `titles` what codes of the legend are called.
    """
    values = table[asked.name]
    head = {
        "name": asked.name,
        "title": pair(asked.title),
        "form": asked.form,
        "decimals": asked.decimals,
    }
    if asked.form in NUMBERS:
        return {**head, **_numbers(values, asked)}
    if asked.form == "date":
        return {**head, **_sparse("days", *day_numbers(values))}
    if asked.english:
        return {**head, **_pairs(words(values), words(table[asked.english]))}
    if asked.name == "reason":
        return {**head, **_titled(words(values), layer)}
    return {**head, **dictionary(words(values))}


def classes_by(class_of: NDArray[Any], columns: list[dict[str, Any]]) -> Any:
    """Return positions in classes, or the text column whose words decide on them and how.

    Classes mostly say what a column says; the second time that costs nothing.
    """
    for sent in columns:
        codes = sent.get("codes")
        if codes is None or not len(codes):
            continue
        class_of_code = np.zeros(int(codes.max()) + 1, dtype=np.int64)
        class_of_code[codes] = class_of
        if 2 * len(class_of_code) < len(codes) and np.array_equal(class_of_code[codes], class_of):
            return {"column": sent["name"], "class_of_code": class_of_code}
    return np.asarray(class_of)


def pair(text: Text) -> dict[str, str]:
    """Return a text as the page has it."""
    return {"zh": text.zh, "en": text.en}


def words(values: pd.Series[Any]) -> NDArray[Any]:
    """Return values as they are printed, missing ones empty; a text too long ends in "…"."""
    kind = pd.api.types.infer_dtype(values, skipna=True)
    if kind == "categorical" or (kind == "string" and _told_apart(values)):
        codes, unique = pd.factorize(values)
        said = np.array([_printed(one) for one in unique] + [""], dtype=object)
        return np.asarray(said[codes])
    known = values.notna().to_numpy()
    said = np.full(len(values), "", dtype=object)
    said[known] = [_printed(one) for one in values.array[known]]
    return said


def _told_apart(values: pd.Series[Any]) -> bool:
    """Return whether pandas tells all texts apart: as objects it reads them up to a NUL only."""
    if values.dtype != object:
        return True
    return not _ODD.search("".join(one for one in values.array if isinstance(one, str)))


def dictionary(said: NDArray[Any]) -> dict[str, Any]:
    """Return the distinct words in order of appearance, and the code of each row.

    Where all words but the empty one are made alike, such as ``440307001GB00001``, `pattern` says
    the letters and the digits of each number in turn, and `numbers` the numbers.
    """
    codes, unique = pd.factorize(said)
    listed = [str(word) for word in unique]
    return {"codes": codes, **(_pattern(listed) or {"words": listed})}


def day_numbers(values: pd.Series[Any]) -> tuple[Ints, NDArray[np.bool_]]:
    """Return days since 1970-01-01 and which are known."""
    days = pd.to_datetime(values, errors="coerce")
    if days.dt.tz is not None:
        days = days.dt.tz_localize(None)
    known = days.notna().to_numpy()
    whole = days.to_numpy().astype("datetime64[D]").astype(np.int64)
    return whole, known


def _printed(value: object) -> str:
    text = _HALVES.sub("?", str(value)).replace("\0", "")
    return text if len(text) <= MOST_TEXT else text[: MOST_TEXT - 1] + CUT


def _numbers(values: pd.Series[Any], asked: MapColumn) -> dict[str, Any]:
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    digits = asked.decimals + (SHARE_DIGITS if asked.form == "share" else 0)
    known = np.isfinite(numbers)
    scaled = np.rint(np.where(known, numbers, 0.0) * 10.0**digits)
    if (np.abs(scaled) >= EXACT).any():
        return {"floats": np.where(known, numbers, np.nan)}
    return {"digits": digits, **_sparse("numbers", scaled.astype(np.int64), known)}


def _sparse(name: str, values: Ints, known: NDArray[np.bool_]) -> dict[str, Any]:
    """Return values as 1, 2, ... steps of `unit` from `low` on, and 0 for a missing one."""
    low = int(values[known].min(initial=EXACT)) if known.any() else 0
    unit = int(np.gcd.reduce(values[known] - low)) or 1
    return {name: np.where(known, (values - low) // unit + 1, 0), "low": low, "unit": unit}


def _pairs(chinese: NDArray[Any], english: NDArray[Any]) -> dict[str, Any]:
    (zh, zh_words), (en, en_words) = pd.factorize(chinese), pd.factorize(english)
    codes, unique = pd.factorize(zh * max(1, len(en_words)) + en)
    return {
        "codes": codes,
        "words": [str(zh_words[one // len(en_words)]) for one in unique.tolist()],
        "english": [str(en_words[one % len(en_words)]) for one in unique.tolist()],
    }


def _titled(said: NDArray[Any], layer: LayerSpec) -> dict[str, Any]:
    """Return codes of the legend, with what the legend calls them."""
    codes, unique = pd.factorize(said)
    titles = {one.value: pair(one.title) for one in layer.classes}
    listed = [str(word) for word in unique]
    return {"codes": codes, "words": listed, "titles": [titles.get(word) for word in listed]}


def _pattern(listed: list[str]) -> dict[str, Any] | None:
    """Return how words of equal length are made of the same letters and changing numbers."""
    filled = [word for word in listed if word]
    if len(filled) < 2 or len(set(map(len, filled))) > 1:
        return None
    # one row per word, one column per sign, each the number of the sign
    signs = np.array(filled).view(np.uint32).reshape(len(filled), -1)
    digit = np.asarray(((signs >= ord("0")) & (signs <= ord("9"))).all(axis=0))
    if not ((signs == signs[0]).all(axis=0) | digit).all():
        return None
    parts: list[str | int] = []
    numbers = []
    edges = np.flatnonzero(digit[1:] != digit[:-1]) + 1
    for piece in np.split(np.arange(signs.shape[1]), edges):
        if not digit[piece[0]]:
            parts.append(filled[0][piece[0] : piece[-1] + 1])
            continue
        if len(piece) > MOST_DIGITS:
            return None
        value = np.zeros(len(filled), dtype=np.int64)
        for place in piece:
            value = 10 * value + (signs[:, place].astype(np.int64) - ord("0"))
        parts.append(len(piece))
        numbers.append(value)
    blank = listed.index("") if "" in listed else -1
    return {"pattern": parts, "numbers": numbers, "blank": blank}
