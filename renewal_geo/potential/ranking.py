"""Ranks of scores: what counts as equal, who is ranked, where the cut lies."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from renewal_geo.foundation.errors import InputError
from renewal_geo.potential.ripeness import Potential
from renewal_geo.spatial.polygons import Floats

DECIMALS = 12  # scores that agree to this digit are equal: rounding must not decide who is ripe
TENTH = 10
M2_PER_HA = 1e4
Bools = NDArray[np.bool_]


def ranks_of(scores: Floats, is_ranked: Bools) -> Floats:
    """Return 1 + the number of ranked parcels with a strictly higher score; NaN where not ranked.

    >>> ranks_of(np.array([0.5, 0.9, 0.5, 0.7]), np.array([True, True, True, False])).tolist()
    [2.0, 1.0, 2.0, nan]
    """
    ranks = np.full(len(scores), np.nan)
    rounded = np.round(scores[is_ranked], DECIMALS)
    above = len(rounded) - np.searchsorted(np.sort(rounded), rounded, side="right")
    ranks[is_ranked] = above + 1.0
    return ranks


def summed(parts: Floats, names: list[str]) -> Floats:
    """Add the columns of n x k parts in the order of their names, so that their order changes no bit of the sum."""
    total = np.zeros(len(parts))
    for at in sorted(range(len(names)), key=names.__getitem__):
        total += parts[:, at]
    return total


def cut_of(
    potential: Potential, top: int = 0, top_ha: float = 0.0, areas: pd.Series | None = None
) -> int:
    """Return N, the number of parcels at the top.

    Parameters
    ----------
    potential
        The ranking by the planner's weights.
    top
        N itself; 0: by land.
    top_ha
        How much land, ha: parcels are taken by rank until they hold it, and the one that reaches it is the
        last (of equal ranks the larger first). 0: a tenth of the ranked parcels, rounded up.
    areas
        n areas in the parcels' order, m2; needed for `top_ha`.

    Returns
    -------
    int
        1 to the number of ranked parcels; 0 where none is ranked.

    Raises
    ------
    InputError
        ``bad_top`` where `top` or `top_ha` is negative, no (whole) number, or more than is ranked; ``bad_areas``
        where areas are missing, negative, or not those of the parcels.
    """
    if not (top >= 0 and top == top // 1 and 0 <= top_ha < np.inf):
        raise InputError(
            f"the top is {top} parcels or {top_ha:g} ha, which is no amount of land",
            where="[potential] top, top_ha",
            fix="give a whole number of parcels, or hectares; 0: a tenth of the parcels",
            code="bad_top",
        )
    ranked = potential.ranks.notna().to_numpy()
    count = int(ranked.sum())
    if not count:
        return 0
    if top > 0:
        if top > count:
            raise _too_much(f"{top:,} parcels are", f"{count:,} have a rank")
        return int(top)
    if top_ha > 0:
        return _by_land(
            potential.ranks.to_numpy()[ranked], checked_areas(areas, potential)[ranked], top_ha
        )
    return -(-count // TENTH)


def checked_areas(areas: pd.Series | None, potential: Potential) -> Floats:
    """Return areas in the parcels' order, m2.

    Raises
    ------
    InputError
        ``bad_areas``.
    """
    fault = ""
    if areas is None:
        fault = "the areas of the parcels are not given"
    elif not areas.index.equals(potential.scores.index):
        fault = "the areas are not those of the scored parcels, in their order"
    elif not (np.isfinite(areas.to_numpy(dtype=float)) & (areas.to_numpy(dtype=float) >= 0)).all():
        fault = "some areas are missing or negative"
    if fault or areas is None:
        raise InputError(
            fault,
            where="areas",
            fix="give the area of every parcel in m2, as parcels.area",
            code="bad_areas",
        )
    return areas.to_numpy(dtype=float)


def _by_land(ranks: Floats, areas: Floats, top_ha: float) -> int:
    """Return how many parcels, best first, it takes to hold so many hectares."""
    reached = np.cumsum(areas[np.lexsort((-areas, ranks))]) / M2_PER_HA
    wanted = top_ha * (1 - 1e-12)  # the sum of all may fall short of itself by rounding
    if reached[-1] < wanted:
        raise _too_much(f"{top_ha:g} ha are", f"the ranked parcels hold {reached[-1]:.4f} ha")
    return int(np.searchsorted(reached, wanted)) + 1


def _too_much(asked: str, there: str) -> InputError:
    return InputError(
        f"{asked} asked for at the top, but {there}",
        where="[potential] top, top_ha",
        fix="ask for less, or for 0: a tenth of the parcels",
        code="bad_top",
    )
