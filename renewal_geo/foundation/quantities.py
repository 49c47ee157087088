"""Units of area, length and money, and how figures are levelled and printed.

1 亩 (mu) = 10,000/15 m2 = 666.6667 m2 (15 mu make a hectare, statutory since 1959).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

M2_PER_HA = 10_000.0
M2_PER_KM2 = 1_000_000.0
M2_PER_MU = 10_000.0 / 15.0
M2_PER_FT2 = 0.3048**2
M2_PER_ACRE = 43_560 * M2_PER_FT2

AREA_UNITS = {
    "m2": 1.0,
    "ha": M2_PER_HA,
    "km2": M2_PER_KM2,
    "mu": M2_PER_MU,
    "ft2": M2_PER_FT2,
    "acre": M2_PER_ACRE,
}
MONEY_UNITS = {"yuan": 1.0, "wan": 1e4, "yi": 1e8}
UNITS = {**AREA_UNITS, **MONEY_UNITS}


def level(parts: Sequence[float] | NDArray[np.float64], decimals: int = 0) -> NDArray[np.float64]:
    """Round `parts` so that they add up to the rounded total (largest remainder).

    Chinese area tables call this 强制调平: the published rows must add to the published total.

    Parameters
    ----------
    parts
        Figures of one unit, any sign.
    decimals
        Digits kept after the point.

    Returns
    -------
    ndarray
        Rounded parts; their sum equals the rounded sum of `parts`. Each differs from its part by
        less than one unit of the last digit. Ties go to the earlier part.

    Examples
    --------
    >>> level([1.4, 1.4, 1.4]).tolist()
    [2.0, 1.0, 1.0]
    """
    values = np.asarray(parts, dtype=float)
    scale = 10.0**decimals
    scaled = values * scale
    floors = np.floor(scaled + 1e-9)
    missing = round(float(np.round(scaled.sum()) - floors.sum()))
    order = np.argsort(-(scaled - floors), kind="stable")
    floors[order[: max(missing, 0)]] += 1
    return floors / scale


def hectares(area_m2: float) -> str:
    """Return an area as hectares with two decimals and thousands separators.

    >>> hectares(7_900_000)
    '790.00 ha'
    """
    return f"{area_m2 / M2_PER_HA:,.2f} ha"
