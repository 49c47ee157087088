"""Which pieces first: a small integer programme for HiGHS that spreads pieces over nested phases."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
WHOLE = 0.5
SCALE = 1e3  # the dearest piece: the solver's absolute tolerances would swallow small values


def first_phases(
    values: Floats, sizes: Floats, limits: Floats, *, time_limit_s: float = 5.0
) -> tuple[Ints, bool]:
    """Give every piece its phase so that value comes as early as the limits allow.

    Parameters
    ----------
    values, sizes
        Length z: what each piece is worth, and what it takes of the limits.
    limits
        Length p, not falling: what may be taken up to and with each phase. The last phase takes all.
    time_limit_s
        For the solver.

    Returns
    -------
    tuple
        Phase number of each piece (0 is the first), and whether it is proven best.

    Notes
    -----
    With y[i, t] = 1 where piece i is taken by phase t: maximise the sum of value[i] y[i, t], subject to
    sum_i size[i] y[i, t] <= limit[t] and y[i, t] <= y[i, t + 1]: a knapsack nested over time (Faaland
    1981, *The multiperiod knapsack problem*).

    Examples
    --------
    >>> first_phases(np.array([3.0, 5.0]), np.array([1.0, 1.0]), np.array([1.0, 2.0]))[0].tolist()
    [1, 0]
    """
    count, phases = len(values), len(limits)
    early = phases - 1
    if not count or not early:
        return np.full(count, max(early, 0), dtype=np.int64), True
    number = np.arange(count * early).reshape(count, early)
    piece, phase = np.divmod(number.ravel(), early)
    rows = [coo_array((sizes[piece], (phase, number.ravel())), shape=(early, count * early))]
    low, high = [np.full(early, -np.inf)], [np.asarray(limits[:early], float) + 1e-9]
    if early > 1:
        before, after = number[:, :-1].ravel(), number[:, 1:].ravel()
        row = np.arange(len(before))
        ones = np.ones(len(before))
        rows.append(
            coo_array(
                (
                    np.concatenate([ones, -ones]),
                    (np.concatenate([row, row]), np.concatenate([before, after])),
                ),
                shape=(len(before), count * early),
            )
        )
        low.append(np.full(len(before), -np.inf))
        high.append(np.zeros(len(before)))
    worth = np.asarray(values, float)
    worth = worth * (SCALE / max(float(np.abs(worth).max()), 1e-300))
    solved = milp(
        -worth[piece],
        integrality=np.ones(count * early, dtype=np.int64),
        bounds=Bounds(0, 1),
        constraints=[
            LinearConstraint(one.tocsc(), a, b) for one, a, b in zip(rows, low, high, strict=True)
        ],
        options={"time_limit": max(0.05, time_limit_s), "mip_rel_gap": 0.0},
    )
    if solved.x is None:
        return _dearest_first(values, sizes, limits), False
    taken = solved.x.reshape(count, early) > WHOLE
    return np.asarray(early - taken.sum(axis=1), dtype=np.int64), solved.status == 0


def _dearest_first(values: Floats, sizes: Floats, limits: Floats) -> Ints:
    """Where the solver finds nothing in time: by falling value per size, each as early as it fits."""
    phase = np.full(len(values), len(limits) - 1, dtype=np.int64)
    left = np.asarray(limits, float).copy()
    for i in np.lexsort((np.arange(len(values)), -values / np.maximum(sizes, 1e-12))):
        fits = np.flatnonzero(np.minimum.accumulate(left[::-1])[::-1] >= sizes[i] - 1e-9)
        if len(fits) and values[i] > 0:
            phase[i] = fits[0]
            left[fits[0] :] -= sizes[i]
    return phase
