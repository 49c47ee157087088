"""Published areas: rounded parts that add to rounded totals, from district to parcel."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from renewal_geo.foundation.quantities import level

DECIMALS = 2


def level_within(
    areas: pd.Series[float], groups: pd.Series[str], decimals: int = DECIMALS
) -> pd.Series[float]:
    """Round areas so that each group adds to its published total, and the groups to the whole.

    Parameters
    ----------
    areas
        n areas, any unit; a missing one counts as nothing.
    groups
        n names of groups, aligned with `areas` by position.
    decimals
        Digits kept.

    Returns
    -------
    Series
        n rounded areas, indexed like `areas`; each within one unit of the last digit per level.

    Examples
    --------
    >>> level_within(pd.Series([0.4, 0.4, 0.4, 0.4]), pd.Series(list("aabb")), 0).tolist()
    [1.0, 0.0, 1.0, 0.0]
    """
    values: NDArray[np.float64] = np.asarray(areas.fillna(0.0), dtype=np.float64)
    codes, names = pd.factorize(groups.to_numpy(), sort=True)
    sums = np.bincount(codes, weights=values, minlength=len(names)).astype(np.float64)
    totals = level(sums, decimals)
    published = np.zeros(len(values))
    for code, total in enumerate(totals):
        rows = np.flatnonzero(codes == code)
        published[rows] = level_to(values[rows], float(total), decimals)
    return pd.Series(published, index=areas.index)


def level_to(
    parts: NDArray[np.float64], total: float, decimals: int = DECIMALS
) -> NDArray[np.float64]:
    """Round `parts` so that they add to `total` of `decimals` digits (largest remainder)."""
    scale = 10.0**decimals
    scaled = parts * scale
    whole: NDArray[np.float64] = np.floor(scaled + 1e-9)
    missing = round(total * scale - whole.sum())
    if len(parts) and missing:
        each, rest = divmod(missing, len(parts))
        whole += each
        order = np.argsort(-(scaled - whole), kind="stable")
        whole[order[:rest]] += 1
    return np.asarray(whole / scale, dtype=np.float64)
