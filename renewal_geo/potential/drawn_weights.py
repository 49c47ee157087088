"""Weightings drawn by a law: around the planner's, all alike, or given."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from renewal_geo.foundation.errors import InputError, some_ids
from renewal_geo.potential.ranking import summed
from renewal_geo.spatial.polygons import Floats

ADDING = 1e-6  # how far a given weighting may be from adding to 1
ROUNDING = 1e-12  # beyond this it is scaled to 1


@dataclass(frozen=True, slots=True)
class Law:
    """How weightings are drawn: ``around | uniform | given``, how many, with what noise, from what seed."""

    name: str
    draws: int
    noise: float
    seed: int


def drawn(
    planned: pd.Series, law: Law, given: pd.DataFrame | None
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return draws x k weights, columns in the order of the planner's, and the law in words.

    Random numbers are handed out in the order of the criteria's ids, and rows are added in that order.

    Raises
    ------
    InputError
        ``bad_weights``.
    """
    names = [str(one) for one in planned.index]
    if given is not None:
        return _checked(given, names), (f"{len(given):,} weightings as given",)
    ordered = sorted(names)
    random = np.random.default_rng(law.seed)
    shape = (law.draws, len(ordered))
    if law.name == "uniform":
        # exponentials scaled to 1 are Dirichlet(1): every weighting is as likely as any other
        parts = random.standard_exponential(shape)
        said = f"{law.draws:,} weightings, all weightings alike (Dirichlet 1), seed {law.seed}"
    else:
        # of a lognormal factor with mean 1 and sd noise, the logarithm has this sd, and a mean that scaling takes out
        spread = math.sqrt(math.log1p(law.noise**2))
        factor = np.exp(spread * random.standard_normal(shape))
        parts = planned[ordered].to_numpy(dtype=float) * factor
        said = (
            f"{law.draws:,} weightings around the planner's: each weight times a lognormal factor of mean 1 and "
            f"standard deviation {law.noise:g}, scaled to 1, seed {law.seed}"
        )
    shares = parts / summed(parts, ordered)[:, None]
    return pd.DataFrame(shares, columns=ordered)[names].rename_axis("draw"), (said,)


def _checked(given: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    columns = [str(one) for one in given.columns]
    fault, at = "", pd.Index([])
    if not len(given) or sorted(columns) != sorted(names):
        fault = f"weights are for {', '.join(columns)}, and the weighted criteria are {', '.join(names)}"
    else:
        figures: Floats = given.set_axis(columns, axis=1)[names].to_numpy(dtype=float)
        wrong = ~(np.isfinite(figures) & (figures >= 0)).all(axis=1)
        wrong |= ~np.isclose(figures.sum(axis=1), 1.0, rtol=0.0, atol=ADDING)
        if wrong.any():
            at = given.index[wrong]
            fault = f"{wrong.sum():,} weightings are negative, no numbers, or do not add to 1"
    if fault:
        raise InputError(
            fault,
            where=f"weights, rows {some_ids(at)}" if len(at) else "weights",
            fix="one column for each weighted criterion, each row adding to 1",
            code="bad_weights",
        )
    total = summed(figures, names)
    total[np.abs(total - 1.0) <= ROUNDING] = 1.0
    return pd.DataFrame(figures / total[:, None], columns=names, index=given.index)
