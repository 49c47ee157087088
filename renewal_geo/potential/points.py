"""Weights as people write them down: shares, percent, points, swings; several experts by geometric mean."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from renewal_geo.foundation.errors import Faults, InputError
from renewal_geo.potential.criterion import Criterion

Weights = NDArray[np.float64]

KINDS = ("auto", "shares", "percent", "points")
TOLERANCE = 1e-6
DOUBTFUL = (90.0, 110.0)
LARGE = 10.0
LARGEST_SWING = 100.0
_WHOLE = {"shares": 1.0, "percent": 100.0}


def matrix_of(criteria: Sequence[Criterion]) -> Weights:
    """Return weights as given, k criteria x e experts.

    Raises
    ------
    InputError
        ``bad_weights``: negative or not finite, or not as many for every criterion.
    """
    counts = {len(one.weight) for one in criteria}
    rows = [one.weight for one in criteria]
    sound = all(math.isfinite(w) and w >= 0 for row in rows for w in row)
    if len(counts) != 1 or counts == {0} or not sound:
        raise InputError(
            "weights are missing, negative, no numbers, or not as many for every criterion",
            where="[potential] criteria",
            fix="give every criterion one positive weight per expert",
            code="bad_weights",
        )
    return np.array(rows, dtype=float)


def kind_of(weights: Sequence[float] | Weights) -> str:
    """Return what weights look like: shares, percent, points, or unclear.

    Shares are all at most 1 and not all whole; percent add to 100; a sum of 90 to 110 with a weight of at least 10
    looks like percent that do not add: unclear; anything else is points.

    >>> kind_of([0.5, 0.2]), kind_of([60, 40]), kind_of([60, 38]), kind_of([3, 2, 1]), kind_of([1, 1])
    ('shares', 'percent', 'unclear', 'points', 'points')
    """
    total = math.fsum(weights)
    if all(one <= 1 for one in weights) and any(one != int(one) for one in weights):
        return "shares"
    if math.isclose(total, 100.0, rel_tol=TOLERANCE):
        return "percent"
    if DOUBTFUL[0] <= total <= DOUBTFUL[1] and max(weights) >= LARGE:
        return "unclear"
    return "points"


def check_sum(
    weights: Weights, names: Sequence[str], who: str, weights_are: str, faults: Faults
) -> str:
    """Check what direct weights of one expert add to; return what was decided, where anything was."""
    total = math.fsum(weights)
    if not total > 0:
        _add(faults, f"{who}all weights are 0", "give at least one criterion a positive weight",
             "bad_weights")  # fmt: skip
        return ""
    kind = kind_of(weights) if weights_are == "auto" else weights_are
    if kind == "points":
        is_whole = math.isclose(total, 1.0, rel_tol=TOLERANCE)
        return "" if is_whole else f"{who}weights add to {total:.10g} and were scaled to 1"
    whole = _WHOLE.get(kind, 100.0)
    if not math.isclose(total, whole, rel_tol=TOLERANCE):
        told = ", ".join(f"{name} {one:g}" for name, one in zip(names, weights, strict=True))
        seen = "" if weights_are != "auto" else "look like shares and "
        seen = "look like percent and " if kind == "unclear" else seen
        _add(
            faults,
            f"{who}weights {seen}add to {total:.10g}, not {whole:g}: {told}",
            f'make them add to {whole:g}, or set weights_are = "points" to have them scaled',
            "weights_do_not_add",
        )
    return ""


def check_swing(
    weights: Weights, names: Sequence[str], who: str, weights_are: str, faults: Faults
) -> str:
    """Check the swings of one expert: 0 to 100, the greatest 100."""
    del weights_are
    greatest = int(np.argmax(weights))
    if weights[greatest] != LARGEST_SWING:
        _add(
            faults,
            f"{who}the greatest swing is {names[greatest]} with {weights[greatest]:g} points, not 100",
            f"give 100 points to the criterion that matters most, {names[greatest]}, and the others their "
            "share of that",
            "bad_weights",
        )
    return ""


def scaled(weights: Weights) -> Weights:
    """Return weights that add to 1, in the same proportions; as they are where all are 0."""
    total = math.fsum(weights)
    return weights / total if total > 0 else weights


def geometric_mean(experts: pd.DataFrame) -> tuple[pd.Series, list[str]]:
    """Return the geometric mean of experts' weights scaled to 1, and which weights one expert's 0 makes 0.

    Parameters
    ----------
    experts
        k criteria x e experts, each column adding to 1.

    Raises
    ------
    InputError
        ``bad_weights`` where every criterion has a 0 of some expert.
    """
    if experts.shape[1] == 1:
        return experts.iloc[:, 0].rename(None), []
    means = [
        math.exp(math.fsum(math.log(one) for one in row) / len(row)) if min(row) > 0 else 0.0
        for row in experts.to_numpy()
    ]
    zeroed = [
        str(name)
        for name, mean, most in zip(experts.index, means, experts.max(axis=1), strict=True)
        if mean == 0 and most > 0
    ]
    if not any(means):
        raise InputError(
            "every criterion has a weight of 0 by some expert, so that no geometric mean is above 0",
            where="[potential] criteria",
            fix="give small weights instead of 0",
            code="bad_weights",
        )
    return pd.Series(scaled(np.array(means)), index=experts.index), zeroed


def _add(faults: Faults, what: str, fix: str, code: str) -> None:
    faults.add(what, where="[potential] criteria", fix=fix, code=code)
