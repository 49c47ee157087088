"""Criteria as a table: every row checked, every fault named at once; and rows written back as plain keys."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from renewal_geo.foundation.errors import Faults, InputError
from renewal_geo.foundation.potential_settings import CRITERION
from renewal_geo.potential.criterion import Criterion, is_only_veto
from renewal_geo.potential.criterion_rules import (
    as_code,
    faults_of,
    inferred_transform,
    is_column_name,
    weights_of,
)
from renewal_geo.potential.weighting import require_method

WHERE = "[potential] criteria"
_DEFAULTS: Mapping[str, Any] = {
    one.name: {} if one.name == "categories" else one.default for one in fields(Criterion)
}


def checked(
    criteria: Sequence[Mapping[str, Any] | Criterion], *, weighting: str = "direct"
) -> tuple[Criterion, ...]:
    """Return criteria as checked, in their order.

    Parameters
    ----------
    criteria
        k tables with the keys of :data:`renewal_geo.foundation.potential_settings.CRITERION`, or
        criteria, which pass through the same checks. Keys whose value is None count as left out.
    weighting
        ``direct, swing``: a criterion needs a weight or a veto; ``ahp, entropy``: weights are found, so that
        only a criterion with weight 0 needs a veto. What is only a veto then gets the weight 0.

    Returns
    -------
    tuple of Criterion
        The id is the column (odd signs as ``_``), else the layer, where none is stated; the transform is
        inferred where left out (:func:`~renewal_geo.potential.criterion_rules.inferred_transform`).

    Raises
    ------
    InputError
        ``no_criteria``, ``bad_criterion``, ``bad_weighting`` (unknown word); all faults at once.

    Examples
    --------
    >>> one, = checked([{"column": "slope", "weight": 2, "direction": "cost", "high": 25, "veto": "> 30"}])
    >>> one.id, one.transform, one.weight, one.high
    ('slope', 'linear', (2.0,), 25.0)
    """
    if not len(criteria):
        raise InputError(
            "no criteria are given",
            where="[potential]",
            fix="add [[potential.criteria]] tables, or name a workbook: table = ...",
            code="no_criteria",
        )
    require_method(weighting)
    faults = Faults(InputError)
    rows = [_plain(one, number) for number, one in enumerate(criteria, 1)]
    names = [_name(row, number) for number, row in enumerate(rows, 1)]
    for row, name in zip(rows, names, strict=True):
        for what, fix in faults_of(row, weighting):
            _add(faults, f"criterion {name}: {what}", fix)
    _check_together(rows, names, weighting, faults)
    faults.raise_if_any()
    made = (_criterion(row, name) for row, name in zip(rows, names, strict=True))
    return tuple(_with_no_weight(one, weighting) for one in made)


def asked_of(criterion: Criterion) -> dict[str, Any]:
    """Return a criterion as the plain keys that ask for it: what is not by default, ready for TOML.

    >>> asked_of(Criterion("slope", column="坡度", weight=(2.0,), breaks=(8.0,), scores=(1.0, 0.0),
    ...                    transform="breaks"))
    {'id': 'slope', 'column': '坡度', 'breaks': [8.0], 'scores': [1.0, 0.0], 'weight': 2.0}
    """
    found: dict[str, Any] = {}
    for key in CRITERION:
        value = getattr(criterion, key)
        if key != "transform" and (value == _DEFAULTS[key] or value is None):
            continue
        if isinstance(value, tuple):
            value = list(value)
        found[key] = dict(value) if isinstance(value, Mapping) else value
    if len(criterion.weight) == 1:
        found["weight"] = criterion.weight[0]
    transform = found.pop("transform")
    is_default = transform == _DEFAULTS["transform"] and (criterion.breaks or criterion.categories)
    if transform != inferred_transform(found) and not is_default:
        found["transform"] = transform
    return found


def _plain(asked: Mapping[str, Any] | Criterion, number: int) -> dict[str, Any]:
    if isinstance(asked, Criterion):
        return asked_of(asked)
    if not isinstance(asked, Mapping):
        raise InputError(
            f"criterion {number} is {asked!r}, not a table of keys",
            where=WHERE,
            fix='write { column = "slope", weight = 2 }',
            code="bad_criterion",
        )
    return {str(key): value for key, value in asked.items() if value is not None}


def _name(asked: Mapping[str, Any], number: int) -> str:
    """Return the id that is stated, else the column's or the layer's name, else the number."""
    stated = asked.get("id")
    if isinstance(stated, str) and stated.strip():
        return stated
    for key in ("column", "layer"):
        text = asked.get(key)
        if isinstance(text, str) and text.strip():
            derived = re.sub(r"\W+", "_", text).strip("_")[:40]
            return text if is_column_name(text) else derived or str(number)
    return str(number)


def _check_together(
    rows: Sequence[Mapping[str, Any]], names: Sequence[str], weighting: str, faults: Faults
) -> None:
    """Check what no row can be asked alone: ids that are unique, as many weights everywhere."""
    # columns of a GeoPackage that differ in case alone are one column
    folded = [name.casefold() for name in names]
    for place, name in enumerate(names):
        if folded[place] in folded[:place]:
            _add(
                faults, f"criterion {name}: its id occurs twice", "give every criterion its own id"
            )
    counts = {
        name: len(weights_of(row))
        for name, row in zip(names, rows, strict=True)
        if len(weights_of(row)) and not (row.get("veto") and not any(weights_of(row)))
    }
    if len(set(counts.values())) > 1:
        told = ", ".join(f"{name} {count}" for name, count in counts.items())
        _add(
            faults,
            f"criteria have different numbers of weights, one per expert is needed: {told}",
            "weight: write as many numbers for every criterion as there are experts",
        )
    if not counts and weighting not in {"ahp", "entropy"} and not faults.found:
        _add(
            faults,
            "no criterion has a weight, so that there is no score",
            "weight: give at least one criterion a positive number",
        )


def _add(faults: Faults, what: str, fix: str) -> None:
    faults.add(what, where=WHERE, fix=fix, code="bad_criterion")


def _criterion(asked: Mapping[str, Any], name: str) -> Criterion:
    """Build one criterion of an asking without faults."""
    given: dict[str, Any] = {
        key: value for key, value in asked.items() if not (isinstance(value, str) and not value)
    }
    given |= {"id": name, "transform": inferred_transform(asked)}
    given["weight"] = tuple(float(one) for one in weights_of(asked))
    for key in ("breaks", "scores"):
        given[key] = tuple(float(one) for one in asked.get(key, ()))
    for key in ("low", "high", "missing", "within_m"):
        if key in given:
            given[key] = float(given[key])
    given["values"] = tuple(as_code(one) for one in asked.get("values", ()))
    given["categories"] = {
        as_code(code): float(rating) for code, rating in asked.get("categories", {}).items()
    }
    return Criterion(**given)


def _with_no_weight(criterion: Criterion, weighting: str) -> Criterion:
    """Write down, where weights are found, that what is only a veto has none."""
    is_open = weighting in {"ahp", "entropy"} and not criterion.weight
    return (
        replace(criterion, weight=(0.0,))
        if is_open and is_only_veto(criterion, weighting)
        else criterion
    )
