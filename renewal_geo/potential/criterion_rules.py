"""What every criterion must meet, per key, source, transform, veto and weight: faults as sentences with their fix."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from renewal_geo.foundation.errors import ExpressionError
from renewal_geo.foundation.expressions import columns_of, select
from renewal_geo.foundation.potential_settings import CRITERION
from renewal_geo.foundation.settings import nearest
from renewal_geo.potential.criterion import veto_expression

Fault = tuple[str, str]
"""What is wrong, and the fix."""

KEYS_OF: Mapping[str, tuple[str, ...]] = {
    "column": ("column",),
    "share": ("layer", "where", "within_m"),
    "raster": ("layer", "statistic", "derive", "values", "within_m"),
    "distance": ("layer", "where", "by"),
    "density": ("layer", "where", "column", "within_m"),
}
LEVELS = ("mean", "min", "max", "median", "stdev")
STATISTICS = (*LEVELS, "sum", "per_ha", "share", "majority")
FIGURES_OF: Mapping[str, tuple[str, ...]] = {
    "breaks": ("breaks", "scores"),
    "linear": ("low", "high"),
    "sigmoid": ("low", "high"),
    "category": ("categories",),
}
WORDS: Mapping[str, tuple[str, ...]] = {
    "source": tuple(KEYS_OF),
    "statistic": STATISTICS,
    "derive": ("slope_deg", "slope_percent"),
    "by": ("line", "network"),
    "direction": ("benefit", "cost"),
    "transform": tuple(FIGURES_OF),
}
DEFAULTS: Mapping[str, Any] = {"statistic": "mean", "derive": "", "by": "line", "within_m": 0}
LONGEST_ID = 60
RESERVED = ("robust", "mean", "sd")
"""Ids whose columns, such as ``score_robust``, are made of all criteria together."""


def faults_of(asked: Mapping[str, Any], weighting: str = "direct") -> Iterator[Fault]:
    """Yield every fault of one criterion as it was asked for, keys of None left out.

    Whatever is of the wrong kind is named once, and not judged any further.
    """
    bad: set[str] = set()
    for key, value in asked.items():
        fault = _kind_fault(str(key), value)
        if fault:
            bad.add(str(key))
            yield fault
    good = {key: value for key, value in asked.items() if key not in bad}
    for rules in (_id_faults, _source_faults, _transform_faults, _veto_faults, _missing_faults):
        yield from rules(good, bad)
    yield from _weight_faults(good, bad, weighting)


def inferred_transform(asked: Mapping[str, Any]) -> str:
    """Return the transform that a criterion means: its own word, else by what it states.

    Breaks mean ``breaks``; categories mean ``category``, and so do the most frequent code of a raster and a
    criterion without figures whose veto compares texts; anything else is ``linear``.
    """
    if asked.get("transform"):
        return str(asked["transform"])
    if "breaks" in asked or "scores" in asked:
        return "breaks"
    if asked.get("categories"):
        return "category"
    if "low" in asked or "high" in asked:
        return "linear"
    is_code = asked.get("source") == "raster" and asked.get("statistic") == "majority"
    veto = asked.get("veto")
    if not is_code and isinstance(veto, str) and veto.strip() and not _weighs(asked):
        is_code = bool(_veto_fault(veto, [0.0, 1.0])) and not _veto_fault(veto, ["1", "2"])
    return "category" if is_code else "linear"


def as_code(value: Any) -> str:
    """Return a code as text: ``3``, ``3.0`` and ``" 3 "`` are one."""
    if is_number(value) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()


def is_number(value: Any) -> bool:
    """Return whether a value is a finite number, and no yes or no."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Real):
        return False
    try:
        return math.isfinite(float(value))
    except OverflowError:  # whole numbers know no end
        return False


def is_list(value: Any) -> bool:
    """Return whether a value is a list of any make."""
    return isinstance(value, (list, tuple, np.ndarray))


def weights_of(asked: Mapping[str, Any]) -> list[Any]:
    """Return the weights of a criterion, one per expert; none where none is stated."""
    weight = asked.get("weight", ())
    return list(weight) if is_list(weight) else [weight]


def _weighs(asked: Mapping[str, Any]) -> bool:
    return any(not is_number(one) or one > 0 for one in weights_of(asked))


def _is_share(value: Any) -> bool:
    return is_number(value) and 0 <= value <= 1


def _is_code(value: Any) -> bool:
    return is_number(value) or (isinstance(value, str) and bool(value.strip()))


def _kind_fault(key: str, value: Any) -> Fault | None:
    if key not in CRITERION:
        known = list(CRITERION)
        return f"unknown key {key!r}{nearest(key, known)}", f"use one of: {', '.join(known)}"
    test, words, fix = _KINDS[CRITERION[key]]
    if not test(value):
        return f"{key} = {value!r} is {words}", f"{key}: {fix}"
    if key in WORDS and value and value not in WORDS[key]:
        known_words = WORDS[key]
        what = f"{key} is {value!r}, not {' or '.join(known_words)}{nearest(value, known_words)}"
        return what, f"{key}: use {', '.join(known_words)}"
    return None


_KINDS: Mapping[str, tuple[Callable[[Any], bool], str, str]] = {
    "text": (lambda v: isinstance(v, str), "not a text", "write a text in quotes"),
    "number": (is_number, "not a finite number", "write a number without quotes, such as 25"),
    "numbers": (
        lambda v: is_list(v) or isinstance(v, Real),
        "neither a number nor a list of numbers",
        "write one number, or a list with one number per expert",
    ),
    "list": (is_list, "not a list", "write a list in square brackets, such as [10, 25]"),
    "mapping": (
        lambda v: isinstance(v, Mapping),
        "not a table of codes",
        "write codes with scores, such as { M1 = 1.0, M0 = 0.6 }",
    ),
}  # fmt: skip


def _id_faults(asked: Mapping[str, Any], bad: set[str]) -> Iterator[Fault]:
    if "id" not in asked or "id" in bad:
        return
    name = asked["id"]
    fix = 'id: write a short name, such as id = "slope"; it becomes the column score_slope'
    if not name.strip():
        yield "its id is empty", fix
    elif not is_column_name(name):
        yield f"its id {name!r} cannot be the name of a column", fix
    elif name.lower() in RESERVED:
        yield f"its id {name!r} is the name of a column of the score itself", fix


def is_column_name(name: str) -> bool:
    """Return whether an id can be part of a column's name everywhere: in files, expressions, formulas."""
    clear = name.isprintable() and not set(name) & set("`\"'{}[];")
    return clear and name == name.strip() and 0 < len(name) <= LONGEST_ID


def _source_faults(asked: Mapping[str, Any], bad: set[str]) -> Iterator[Fault]:
    if "source" in bad:
        return
    source = asked.get("source") or "column"
    if not asked.get("source") and asked.get("layer"):
        yield (
            f"it names the layer {asked['layer']!r} and no source",
            "add source = share, raster, distance or density",
        )
        return
    used = KEYS_OF[source]
    need = "column" if source == "column" else "layer"
    if need not in bad and not str(asked.get(need, "")).strip():
        if need == "column":
            yield "it names no column", "add column = the name of a column, or an expression"
        else:
            yield f"its source is {source} and it names no layer", "add layer = the role of a layer"
    foreign = [
        key
        for key in ("column", "layer", "where", "statistic", "derive", "values", "by", "within_m")
        if key not in used and key in asked and _is_stated(key, asked[key])
    ]
    for key in foreign:
        fitting = [one for one, keys in KEYS_OF.items() if key in keys]
        yield (
            f"{key} = {asked[key]!r} means nothing for source {source}",
            f"take {key} out, or set source = {' or '.join(fitting)}",
        )
    if "where" in used and asked.get("where"):
        yield from _where_faults(asked["where"])
    if "within_m" in used and asked.get("within_m", 0) < 0:
        yield f"within_m is {asked['within_m']:g}, below 0", "within_m: write metres, 0 or more"
    if source == "raster":
        yield from _raster_faults(asked, bad)


def _is_stated(key: str, value: Any) -> bool:
    """Tell an entry from its default and from an empty one."""
    if is_list(value) or isinstance(value, Mapping):
        return bool(len(value))
    return value not in {DEFAULTS.get(key, ""), ""}


def _where_faults(where: str) -> Iterator[Fault]:
    try:
        columns_of(where)
    except ExpressionError as fault:
        yield f"where: {fault.what}", f"where: {fault.fix}"


def _raster_faults(asked: Mapping[str, Any], bad: set[str]) -> Iterator[Fault]:
    statistic = asked.get("statistic") or "mean"
    if "statistic" in bad or "values" in bad:
        return
    values = list(asked.get("values", ()))
    if statistic == "share" and not values:
        yield "its statistic is share and it names no values", "add values = [codes of the raster]"
    if statistic != "share" and values:
        yield (
            f"values = {values!r} means nothing for statistic {statistic}",
            'set statistic = "share", or take values out',
        )
    odd = [one for one in values if not _is_code(one)]
    if odd:
        yield f"{odd[0]!r} among its values is not a code", "values: write numbers or texts"
    derive = asked.get("derive", "")
    if derive and "derive" not in bad and statistic not in LEVELS:
        yield (
            f"the {statistic} of {derive} means nothing",
            f"set statistic to one of: {', '.join(LEVELS)}",
        )


def _transform_faults(asked: Mapping[str, Any], bad: set[str]) -> Iterator[Fault]:
    if bad & {"transform", "breaks", "scores", "low", "high", "categories"}:
        return
    transform = inferred_transform(asked)
    foreign = [
        key
        for keys in FIGURES_OF.values()
        for key in keys
        if key in asked and key not in FIGURES_OF[transform] and _is_stated(key, asked[key])
    ]
    if foreign:
        named = " and ".join(dict.fromkeys(foreign))
        fitting = [one for one, keys in FIGURES_OF.items() if foreign[0] in keys]
        yield (
            f"it states {named}, and its transform is {transform}",
            f"take {named} out, or set transform = {' or '.join(fitting)}",
        )
    if transform == "breaks":
        yield from _break_faults(asked)
    elif transform == "category":
        yield from _category_faults(asked)
    elif "low" in asked and "high" in asked and not asked["low"] < asked["high"]:
        yield (
            f"low {asked['low']:g} is not below high {asked['high']:g}",
            'write the smaller figure as low; direction = "cost" turns the line round',
        )


def _break_faults(asked: Mapping[str, Any]) -> Iterator[Fault]:
    breaks, scores = list(asked.get("breaks", ())), list(asked.get("scores", ()))
    if not breaks or not scores:
        lacking = "breaks" if not breaks else "scores"
        yield (
            f"breaks and scores belong together, and it has no {lacking}",
            f"add {lacking}: there is one score in 0..1 more than breaks",
        )
        return
    if not all(map(is_number, breaks)):
        yield "its breaks are not all finite numbers", "breaks: write numbers, such as [10, 25]"
    elif any(second <= first for first, second in pairwise(breaks)):
        yield "its breaks do not rise", "breaks: write each figure once, from small to large"
    if len(scores) != len(breaks) + 1:
        yield (
            f"it has {len(scores)} scores for {len(breaks)} breaks",
            f"scores: {len(breaks)} breaks make {len(breaks) + 1} classes, so write {len(breaks) + 1} scores",
        )
    odd = [one for one in scores if not _is_share(one)]
    if odd:
        yield f"its score {odd[0]!r} is outside 0..1", "scores: write numbers from 0 to 1"


def _category_faults(asked: Mapping[str, Any]) -> Iterator[Fault]:
    categories = asked.get("categories", {})
    fix = "categories: write codes with scores, such as { M1 = 1.0, M0 = 0.6 }"
    if not categories and (_weighs(asked) or not asked.get("veto")):
        yield "its transform is category and it names no categories", fix
    codes = [as_code(code) for code in categories]
    doubled = sorted({code for code in codes if codes.count(code) > 1})
    if doubled:
        yield f"its category {doubled[0]!r} occurs twice", fix
    if "" in codes:
        yield "one of its categories has no code", fix
    for code, rating in categories.items():
        if not _is_share(rating):
            yield f"its category {code!r} has the score {rating!r}, outside 0..1", fix


def _veto_faults(asked: Mapping[str, Any], bad: set[str]) -> Iterator[Fault]:
    veto = asked.get("veto", "")
    if "veto" in bad or not veto:
        return
    codes: list[Any] = [0.0, 1.0]
    if inferred_transform(asked) == "category":
        codes = [as_code(code) for code in asked.get("categories", {})] or ["1", "2"]
    fault = _veto_fault(veto, codes)
    if fault:
        yield (
            f"its veto {veto!r} cannot be used: {fault}",
            'veto: compare the figure, as in "> 25", "in [\'G1\', \'E2\']" or "between(10, 20)"',
        )


def _veto_fault(veto: str, figures: list[Any]) -> str:
    """Return why a veto cannot be asked of such figures; empty where it can."""
    text = veto_expression(veto)
    trial = pd.DataFrame({"value": figures})
    try:
        if "value" not in columns_of(text):
            return "it does not ask about the figure"
        select(text, trial)
    except ExpressionError as fault:
        return fault.what
    return ""


def _missing_faults(asked: Mapping[str, Any], bad: set[str]) -> Iterator[Fault]:
    if "missing" in asked and "missing" not in bad and not _is_share(asked["missing"]):
        yield (
            f"its rating for missing figures is {asked['missing']!r}, outside 0..1",
            "missing: write a number from 0 to 1, or leave it out: such parcels then have no score",
        )


def _weight_faults(asked: Mapping[str, Any], bad: set[str], weighting: str) -> Iterator[Fault]:
    if "weight" in bad:
        return
    weights, has_veto = weights_of(asked), bool(asked.get("veto")) or "veto" in bad
    fix = "weight: write a positive number, or one per expert in a list"
    odd = [one for one in weights if not is_number(one)]
    if odd:
        yield f"its weight {odd[0]!r} is not a finite number", fix
        return
    negative = [one for one in weights if one < 0]
    if negative:
        yield (
            f"its weight is {negative[0]:g}, below 0",
            'weight: write a positive number; direction = "cost" makes more count for less',
        )
    elif not has_veto and weights and not any(weights):
        yield "its weight is 0 and it has no veto, so it does nothing", f"{fix}, or add a veto"
    elif not has_veto and not weights and weighting not in {"ahp", "entropy"}:
        yield "it has neither a weight nor a veto", f"{fix}, or add a veto"
