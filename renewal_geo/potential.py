"""Which land is ripe: a score by weighted criteria that shows what it is made of.

The simplest honest form: every criterion is a column or an expression, turned into 0..1 by breaks or by a
straight line between two declared values, and weighted; the sum of the contributions is the score.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from renewal_geo.foundation.errors import Faults, InputError, some_ids
from renewal_geo.foundation.expressions import evaluate
from renewal_geo.foundation.provenance import Provenance, versions

KEYS = {
    "id",
    "column",
    "weight",
    "direction",
    "breaks",
    "scores",
    "low",
    "high",
    "missing",
    "title",
}
BENEFIT, COST = "benefit", "cost"


@dataclass(frozen=True, slots=True, eq=False)
class Potential:
    """Scores of n parcels in 0..1 (1 is ripest).

    ``scores`` and ``contributions`` (n x criteria, weights applied) share the parcels' index; each row
    of contributions adds to its score. ``missing`` lists the parcels without a score and the criterion
    that has no value. ``criteria`` are as used: weights add to 1, ranges filled in.
    """

    scores: pd.Series
    contributions: pd.DataFrame
    missing: pd.DataFrame
    criteria: pd.DataFrame
    notes: tuple[str, ...] = ()
    provenance: Provenance = field(default_factory=Provenance)

    def __str__(self) -> str:
        known = self.scores.dropna()
        mean = float(known.mean()) if len(known) else 0.0
        return (
            f"{len(known):,} of {len(self.scores):,} parcels scored by {len(self.criteria)} criteria, "
            f"mean {mean:.3f} on 0 to 1"
        )


def score(
    parcels: pd.DataFrame, criteria: Sequence[Mapping[str, Any]], *, name: str = "score"
) -> Potential:
    """Score parcels by weighted criteria and keep what each criterion contributes.

    Parameters
    ----------
    parcels
        n rows indexed by ``parcel_id``.
    criteria
        Each a mapping: ``column`` (a column or an expression), ``weight`` (> 0), ``direction`` (benefit,
        the default, or cost), and either ``breaks`` (rising) with ``scores`` (one more than breaks, in
        0..1, from below the first break upward) or a straight line from ``low`` to ``high`` (the least
        and greatest value found where not declared); the direction turns straight lines only. Besides:
        ``id``, ``title``, and ``missing``, the 0..1 value that stands for a missing one.
    name
        Name of the scores.

    Returns
    -------
    Potential
        A parcel with a missing value and no ``missing`` rule has no score.

    Raises
    ------
    InputError
        For unknown keys, weights that are not positive, breaks that do not rise, scores outside 0..1, a
        criterion that is no number; all faults at once.

    Examples
    --------
    >>> rows = pd.DataFrame({"metro_m": [100.0, 900.0], "age": [30.0, 10.0]}, index=["a", "b"])
    >>> asked = [{"column": "metro_m", "weight": 3, "direction": "cost", "low": 0, "high": 1000},
    ...          {"column": "age", "weight": 1, "breaks": [15], "scores": [0, 1]}]
    >>> score(rows, asked).scores.round(3).to_dict()
    {'a': 0.925, 'b': 0.075}
    """
    used = _checked(criteria)
    total = sum(one["weight"] for one in used)
    notes = [] if math.isclose(total, 1.0) else [f"weights add to {total:g} and were scaled to 1"]
    faults = Faults(InputError)
    columns: dict[str, pd.Series] = {}
    for one in used:
        raw = _numbers(parcels, one, faults)
        if raw is None:
            continue
        rated = _rated(raw, one, notes)
        if one["missing"] is not None:
            rated = rated.fillna(one["missing"])
        columns[one["id"]] = rated * (one["weight"] / total)
    faults.raise_if_any()
    contributions = pd.DataFrame(columns, index=parcels.index)
    scores = contributions.sum(axis=1, skipna=False).rename(name)
    row, column = np.nonzero(contributions.isna().to_numpy())
    missing = pd.DataFrame(
        {"parcel_id": parcels.index[row], "criterion": contributions.columns[column]}
    )
    table = pd.DataFrame(used).assign(weight=lambda t: t["weight"] / total).set_index("id")
    return Potential(
        scores, contributions, missing, table, tuple(notes), Provenance(versions=versions())
    )


def _checked(criteria: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    faults = Faults(InputError)
    used: list[dict[str, Any]] = []
    if not criteria:
        raise InputError(
            "no criteria are given",
            where="[potential]",
            fix="add [[potential.criteria]] tables",
            code="no_criteria",
        )
    for number, asked in enumerate(criteria, 1):
        one = {
            "id": str(asked.get("id", asked.get("column", number))),
            "title": str(asked.get("title", asked.get("id", asked.get("column", number)))),
            "column": asked.get("column"),
            "weight": asked.get("weight"),
            "direction": asked.get("direction", BENEFIT),
            "breaks": asked.get("breaks"),
            "scores": asked.get("scores"),
            "low": asked.get("low"),
            "high": asked.get("high"),
            "missing": asked.get("missing"),
        }
        for what in _criterion_faults(asked, one, {u["id"] for u in used}):
            faults.add(
                f"criterion {one['id']}: {what}",
                where="[potential] criteria",
                fix='as in { column = "坡度", weight = 2, direction = "cost", low = 0, high = 25 }',
                code="bad_criterion",
            )
        used.append(one)
    faults.raise_if_any()
    return used


def _criterion_faults(  # noqa: C901 - one line per thing that can be wrong
    asked: Mapping[str, Any], one: Mapping[str, Any], taken: set[str]
) -> list[str]:
    found = [f"unknown key {key!r}" for key in asked if key not in KEYS]
    if one["id"] in taken:
        found.append("its id occurs twice")
    if not isinstance(one["column"], str) or not one["column"].strip():
        found.append("it names no column")
    if not _is_number(one["weight"]) or one["weight"] <= 0:
        found.append(f"its weight is {one['weight']!r}, not a positive number")
    if one["direction"] not in {BENEFIT, COST}:
        found.append(f"its direction is {one['direction']!r}, not benefit or cost")
    if one["missing"] is not None and not _is_share(one["missing"]):
        found.append("its value for missing is outside 0..1")
    breaks, scores = one["breaks"], one["scores"]
    if (breaks is None) != (scores is None):
        found.append("breaks and scores belong together")
    elif breaks is not None:
        if not all(_is_number(b) for b in breaks) or sorted(set(breaks)) != list(breaks):
            found.append("its breaks do not rise")
        if len(scores) != len(breaks) + 1 or not all(_is_share(s) for s in scores):
            found.append("it needs one score in 0..1 more than breaks")
    low, high = one["low"], one["high"]
    if not all(end is None or _is_number(end) for end in (low, high)):
        found.append("low and high must be numbers")
    if _is_number(low) and _is_number(high) and not low < high:
        found.append("low is not below high")
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _is_share(value: Any) -> bool:
    return _is_number(value) and 0 <= value <= 1


def _numbers(parcels: pd.DataFrame, one: Mapping[str, Any], faults: Faults) -> pd.Series | None:
    where = f"[potential] criterion {one['id']}"
    named = one["column"] in parcels.columns
    values = parcels[one["column"]] if named else evaluate(one["column"], parcels, where=where)
    if pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
        numbers = values.astype(float)
    else:
        numbers = pd.to_numeric(values.astype(object), errors="coerce").astype(float)
        bad = numbers.isna() & values.notna()
        if bad.any():
            faults.add(
                f"criterion {one['id']} holds texts that are no numbers",
                where=f"{where}, parcels {some_ids(parcels.index[bad.to_numpy()])}",
                fix="name a numeric column or an expression",
                code="not_a_number",
            )
            return None
    return numbers.where(np.isfinite(numbers))


def _rated(raw: pd.Series, one: dict[str, Any], notes: list[str]) -> pd.Series:
    if one["breaks"] is not None:
        place = np.searchsorted(np.asarray(one["breaks"], dtype=float), raw, side="right")
        rated = pd.Series(np.asarray(one["scores"], dtype=float)[place], index=raw.index)
        rated = rated.where(raw.notna())
    else:
        low = float(raw.min()) if one["low"] is None else float(one["low"])
        high = float(raw.max()) if one["high"] is None else float(one["high"])
        if one["low"] is None or one["high"] is None:
            notes.append(f"criterion {one['id']}: range taken from the data, {low:g} to {high:g}")
        one["low"], one["high"] = low, high
        width = high - low
        if not width > 0:
            notes.append(f"criterion {one['id']} has one value only and tells nothing apart")
            width = 1.0
        rated = ((raw - low) / width).clip(0.0, 1.0)
    return 1.0 - rated if one["direction"] == COST and one["breaks"] is None else rated
