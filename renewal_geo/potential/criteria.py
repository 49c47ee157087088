"""Criteria as a table: every row checked, every fault named at once."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from renewal_geo.foundation.errors import Faults, InputError
from renewal_geo.foundation.potential_settings import CRITERION
from renewal_geo.foundation.settings import nearest
from renewal_geo.potential.criterion import Criterion


def checked(criteria: Sequence[Mapping[str, Any] | Criterion]) -> tuple[Criterion, ...]:
    """Return criteria as checked.

    Raises
    ------
    InputError
        ``no_criteria, bad_criterion``; all faults at once.
    """
    if not criteria:
        raise InputError(
            "no criteria are given",
            where="[potential]",
            fix="add [[potential.criteria]] tables",
            code="no_criteria",
        )
    faults = Faults(InputError)
    used: list[Criterion] = []
    for number, asked in enumerate(criteria, 1):
        if isinstance(asked, Criterion):
            used.append(asked)
            continue
        name = str(asked.get("id", asked.get("column", number)))
        for what in _faults(asked, name, {one.id for one in used}):
            faults.add(
                f"criterion {name}: {what}",
                where="[potential] criteria",
                fix='as in { column = "坡度", weight = 2, direction = "cost", low = 0, high = 25 }',
                code="bad_criterion",
            )
        used.append(_criterion(asked, name))
    faults.raise_if_any()
    return tuple(used)


def _criterion(asked: Mapping[str, Any], name: str) -> Criterion:
    given = {key: value for key, value in asked.items() if key in CRITERION}
    weight = given.pop("weight", ())
    given["weight"] = tuple(weight) if isinstance(weight, (list, tuple)) else (weight,)
    for key in ("breaks", "scores", "values"):
        if key in given:
            given[key] = tuple(given[key])
    if "breaks" in given and "transform" not in given:
        given["transform"] = "breaks"
    return Criterion(**{"title": name, **given, "id": name})


def _faults(asked: Mapping[str, Any], name: str, taken: set[str]) -> list[str]:  # noqa: C901
    found = [
        f"unknown key {key!r}{nearest(key, list(CRITERION))}"
        for key in asked
        if key not in CRITERION
    ]
    weight = asked.get("weight")
    direction, missing = asked.get("direction", "benefit"), asked.get("missing")
    breaks, scores = asked.get("breaks"), asked.get("scores")
    low, high = asked.get("low"), asked.get("high")
    if name in taken:
        found.append("its id occurs twice")
    if not isinstance(asked.get("column"), str):
        found.append("it names no column")
    if not _is_number(weight) or weight <= 0:  # type: ignore[operator]
        found.append(f"its weight is {weight!r}, not a positive number")
    if direction not in {"benefit", "cost"}:
        found.append(f"its direction is {direction!r}, not benefit or cost")
    if missing is not None and not _is_share(missing):
        found.append("its value for missing is outside 0..1")
    if (breaks is None) != (scores is None):
        found.append("breaks and scores belong together")
    elif breaks is not None and scores is not None:
        if not all(_is_number(b) for b in breaks) or sorted(set(breaks)) != list(breaks):
            found.append("its breaks do not rise")
        if len(scores) != len(breaks) + 1 or not all(_is_share(s) for s in scores):
            found.append("it needs one score in 0..1 more than breaks")
    if not all(end is None or _is_number(end) for end in (low, high)):
        found.append("low and high must be numbers")
    elif low is not None and high is not None and not low < high:
        found.append("low is not below high")
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _is_share(value: Any) -> bool:
    return _is_number(value) and 0 <= value <= 1
