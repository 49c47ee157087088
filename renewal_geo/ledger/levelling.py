"""Controlled rounding: tables whose rounded figures add up along every row and down every column.

A table with its margins is one matrix whose rows and columns all add to nothing. It can always be
rounded so that they still do, every figure up or down to one of its two neighbours (a flow with whole
capacities has a whole solution; Bacharach 1966, Cox 1987). Rows are levelled first (largest remainder); then
units wander from columns that are too large to columns that are too small, within rows.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from renewal_geo.foundation.errors import InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
WHOLE = 1e-7  # of one unit of the last digit: nearer to a whole number than this is whole
KEPT = 4.0  # a total leaves its nearest figure less gladly than a part


@dataclass(frozen=True, slots=True, eq=False)
class Levelled:
    """A rounded table of n rows and m columns with its totals.

    Attributes
    ----------
    parts
        n x m rounded figures.
    rows, columns
        Length n and m: the sums of the rounded parts, along and down.
    total
        The sum of both, and the rounded sum of all figures.
    """

    parts: Floats
    rows: Floats
    columns: Floats
    total: float


def level_table(values: Floats, decimals: int = 2) -> Levelled:
    """Round a table so that parts add to their totals along rows and down columns.

    Parameters
    ----------
    values
        n x m finite figures of one unit, any sign.
    decimals
        Digits kept after the point.

    Returns
    -------
    Levelled
        Guaranteed: every rounded row adds to its printed total, every column to its own, the totals of
        rows and those of columns both to the printed grand total; the grand total is the true
        one rounded; every part and every total is one of the two neighbours of its true figure, so
        it is off by less than one unit of the last digit; what is whole stays as it is. Not guaranteed:
        that a total of a row or column is the nearer of its two neighbours; it mostly is.

    Raises
    ------
    InputError
        ``bad_number`` for figures that are not finite.

    Examples
    --------
    >>> made = level_table(np.array([[0.4, 0.4], [0.4, 0.4]]), 0)
    >>> made.parts.tolist(), made.rows.tolist(), made.columns.tolist(), made.total
    ([[0.0, 1.0], [1.0, 0.0]], [1.0, 1.0], [1.0, 1.0], 2.0)
    """
    values = np.asarray(values, dtype=float)
    if not np.isfinite(values).all():
        raise InputError(
            "a figure to be rounded is not finite",
            where="levelling",
            fix="leave out what has no value",
            code="bad_number",
        )
    scale = 10.0**decimals
    closed = _closed(values * scale)
    floors, part = _split(closed)
    up = _rows_levelled(floors, part)
    _columns_levelled(floors, part, up)
    made = (floors + up) / scale
    return Levelled(made[:-1, :-1], -made[:-1, -1] + 0.0, -made[-1, :-1] + 0.0, float(made[-1, -1]))


def _closed(scaled: Floats) -> Floats:
    """Return the table with its totals as a column and a row of their own, so that all add to nothing."""
    n, m = scaled.shape
    closed = np.zeros((n + 1, m + 1))
    closed[:n, :m] = scaled
    closed[:n, m] = -scaled.sum(axis=1)
    closed[n, :m] = -scaled.sum(axis=0)
    closed[n, m] = np.rint(scaled.sum())
    return closed


def _split(closed: Floats) -> tuple[Floats, Floats]:
    """Return whole parts and remainders; remainders within rounding of 0 or 1 are none."""
    near = np.rint(closed)
    whole = np.abs(closed - near) <= np.maximum(WHOLE, 1e-13 * np.abs(closed))
    floors = np.where(whole, near, np.floor(closed))
    return floors, np.where(whole, 0.0, closed - floors)


def _rows_levelled(floors: Floats, part: Floats) -> NDArray[np.bool_]:
    """Round up in each row what has the largest remainders, the row's total to its nearest figure."""
    need = -np.rint(floors.sum(axis=1)).astype(np.int64)
    rank = part.copy()
    # the last row is that of the totals of columns, the last column that of the totals of rows
    rank[:, -1] = np.where(part[:, -1] > 0, np.where(part[:, -1] >= 0.5, 2.0, 1e-9), 0.0)
    order = np.argsort(-rank, axis=1, kind="stable")
    place = np.empty_like(order)
    np.put_along_axis(place, order, np.arange(part.shape[1])[None, :], axis=1)
    up: NDArray[np.bool_] = place < need[:, None]
    return up


def _columns_levelled(floors: Floats, part: Floats, up: NDArray[np.bool_]) -> None:
    """Move single units within rows, along shortest chains of columns, until every column adds to nothing."""
    excess = np.rint((floors + up).sum(axis=0)).astype(np.int64)
    free = part > 0
    weight = np.ones(part.shape)
    weight[:, -1] = weight[-1, :] = KEPT
    # what it costs to round up rather than down: below 0 where up is nearer
    cost = (1.0 - 2.0 * part) * weight
    lower = np.where(free & up, -cost, np.inf)
    higher = np.where(free & ~up, cost, np.inf)
    while (excess > 0).any():
        chain = _chain(lower, higher, excess)
        if not chain:  # the theorem forbids it; rounding of astronomic figures might not
            return
        for source, target in itertools.pairwise(chain):
            row = int(np.argmin(lower[:, source] + higher[:, target]))
            up[row, source], up[row, target] = False, True
            lower[row, source], higher[row, source] = np.inf, cost[row, source]
            lower[row, target], higher[row, target] = -cost[row, target], np.inf
        excess[chain[0]] -= 1
        excess[chain[-1]] += 1


def _chain(lower: Floats, higher: Floats, excess: Ints) -> list[int]:
    """Return the shortest chain of columns from one that is too large to one that is too small."""
    came = {int(column): -1 for column in np.flatnonzero(excess > 0)}
    front = list(came)
    while front:
        ahead: list[int] = []
        for column in front:
            open_ = np.isfinite(lower[:, column])
            best = higher[open_].min(axis=0, initial=np.inf)
            for target in np.flatnonzero(np.isfinite(best)):
                if int(target) in came:
                    continue
                came[int(target)] = column
                if excess[target] < 0:
                    return _back(came, int(target))
                ahead.append(int(target))
        front = ahead
    return []


def _back(came: dict[int, int], last: int) -> list[int]:
    chain = [last]
    while came[chain[-1]] >= 0:
        chain.append(came[chain[-1]])
    return chain[::-1]
