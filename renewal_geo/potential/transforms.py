"""From a raw figure to 0..1: by breaks, a straight line, an S-shaped line, or a score per category."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from renewal_geo.foundation.errors import InputError
from renewal_geo.potential.criterion import Criterion
from renewal_geo.spatial.polygons import Floats

Bools = NDArray[np.bool_]
ODDS = 19.0  # 0.95 against 0.05: what an S-shaped line gives at its ends
ONE_VALUE = 1e-9  # figures closer than this share of the greatest are one: sums in another order differ by less


def rated(
    values: pd.Series, criterion: Criterion, *, among: Bools | None = None
) -> tuple[pd.Series, Criterion, tuple[str, ...]]:
    """Rate the figures of one criterion.

    Parameters
    ----------
    values
        n figures in the unit of the criterion, NaN where missing; for ``category`` codes as text, None where missing.
    criterion
        How figures become ratings: ``breaks`` gives the score of the class, and a figure equal to a break
        belongs above it; ``linear`` rises from 0 at `low` to 1 at `high` and is level beyond; ``sigmoid``
        is the logistic curve 1 / (1 + 19^(-(2 x - low - high) / (high - low))), 0.05 at `low`, 0.5 half-way and
        0.95 at `high`; ``category`` looks the code up. Where less is riper (`direction` cost) straight and
        S-shaped lines are turned around: 1 minus that.
    among
        n booleans: the parcels whose figures make up the range where `low` or `high` is not given; None: all.

    Returns
    -------
    tuple
        n ratings in 0..1, NaN where the figure is missing or its code has no score; the criterion with `low` and
        `high` filled in (equal where there is one figure only, which then rates 0: it tells nothing
        apart and adds nothing); and what was decided.

    Raises
    ------
    InputError
        ``no_figures`` where no parcel has one; ``no_scores`` where no code has a score; ``empty_range`` where one end
        is given and no figure lies beyond it.

    Examples
    --------
    >>> slope = Criterion("slope", direction="cost", low=5.0, high=25.0)
    >>> rated(pd.Series([0.0, 10.0, 25.0, None]), slope)[0].tolist()
    [1.0, 0.75, 0.0, nan]
    """
    known = values.notna().to_numpy()
    if not known.any():
        raise InputError(
            f"criterion {criterion.id} has no figure for any parcel",
            where=_where(criterion),
            fix="check its column, layer or raster, or leave it out",
            code="no_figures",
        )
    if criterion.transform == "category":
        return _by_category(values, criterion)
    figures = values.to_numpy(dtype=float, na_value=np.nan)
    if criterion.transform == "breaks":
        place = np.searchsorted(np.asarray(criterion.breaks, dtype=float), figures, side="right")
        found = np.asarray(criterion.scores, dtype=float)[place]
        return pd.Series(np.where(known, found, np.nan), index=values.index), criterion, ()
    low, high, notes = _range(figures, criterion, among)
    used = dataclasses.replace(criterion, low=low, high=high)
    found = np.zeros(len(figures)) if tells_nothing(used) else _on_line(figures, used)
    return pd.Series(np.where(known, found, np.nan), index=values.index), used, notes


def tells_nothing(criterion: Criterion) -> bool:
    """Return whether a rated criterion has one figure only, so that it sets no parcel apart."""
    return criterion.low is not None and criterion.low == criterion.high


def is_one_value(low: float, high: float) -> bool:
    """Return whether least and greatest figure are one but for rounding."""
    return high - low <= ONE_VALUE * max(abs(low), abs(high))


def codes_without_score(values: pd.Series, criterion: Criterion) -> Bools:
    """Return which of n codes are there but have no score; none where codes are not scored at all."""
    if criterion.transform != "category" or not criterion.categories:
        return np.zeros(len(values), dtype=bool)
    found: Bools = (values.notna() & ~values.isin(list(criterion.categories))).to_numpy()
    return found


def _by_category(
    values: pd.Series, criterion: Criterion
) -> tuple[pd.Series, Criterion, tuple[str, ...]]:
    scores = {code: float(one) for code, one in criterion.categories.items()}
    found = values.astype(object).map(scores).astype(float)
    unknown = codes_without_score(values, criterion)
    if found.isna().all():
        raise InputError(
            f"criterion {criterion.id}: no code that occurs has a score",
            where=f"{_where(criterion)}, codes {', '.join(sorted(set(values[unknown]))[:5])}",
            fix="give the codes of the data as the keys of categories",
            code="no_scores",
        )
    lacking = values[unknown].value_counts().sort_index()
    said = ", ".join(f"{code} ({count:,})" for code, count in lacking.items())
    notes = (f"criterion {criterion.id}: codes without a score: {said}",) if said else ()
    return found, criterion, notes


def _range(
    figures: Floats, criterion: Criterion, among: Bools | None
) -> tuple[float, float, tuple[str, ...]]:
    """Return the ends of a line, from the data where they are not given, and how they were found."""
    if criterion.low is not None and criterion.high is not None:
        return float(criterion.low), float(criterion.high), ()
    known = figures[np.isfinite(figures)]
    chosen = known if among is None else figures[among & np.isfinite(figures)]
    whose = "parcels" if among is None or among.all() else "parcels that are not vetoed"
    if not len(chosen):
        chosen, whose = known, "all parcels, as none without a veto has a figure"
    low = float(chosen.min()) if criterion.low is None else float(criterion.low)
    high = float(chosen.max()) if criterion.high is None else float(criterion.high)
    if not is_one_value(low, high):
        said = f"criterion {criterion.id}: range taken from the {whose}, {low:g} to {high:g}"
        return low, high, (said,)
    if criterion.low is None and criterion.high is None:
        said = (
            f"criterion {criterion.id} has one value only, {low:g}, and tells nothing apart: it rates 0 "
            f"everywhere and adds nothing to any score"
        )
        return low, low, (said,)
    given, other = ("low", "high") if criterion.high is None else ("high", "low")
    end = low if given == "low" else high
    raise InputError(
        f"criterion {criterion.id}: its {given} is {end:g}, and no figure of the {whose} lies "
        f"{'above' if given == 'low' else 'below'} it",
        where=_where(criterion),
        fix=f"give {other} too, or leave both out",
        code="empty_range",
    )


def _on_line(figures: Floats, criterion: Criterion) -> Floats:
    """Return the height of a straight or S-shaped line at the figures; NaN stays."""
    low, high = float(criterion.low or 0.0), float(criterion.high or 0.0)
    falls = criterion.direction == "cost"
    if criterion.transform == "sigmoid":
        place = ((figures - low) + (figures - high)) / (high - low)
        turned: Floats = expit(math.log(ODDS) * (-place if falls else place))
        return turned
    line: Floats = ((figures - low) / (high - low)).clip(0.0, 1.0)
    return 1.0 - line if falls else line


def _where(criterion: Criterion) -> str:
    return f"[potential] criterion {criterion.id}"
