"""Stability radius: the smallest change of weights that moves a parcel across the cut."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True, slots=True, eq=False)
class Stability:
    """How much the weights must change before a parcel changes sides.

    Changes are L1: the sum of the absolute changes of all weights (each weighting adds to 1), so that moving 0.05
    from one criterion to another is a change of 0.10. NaN where no weighting at all moves the parcel, and
    for vetoed and unscored parcels.

    Attributes
    ----------
    table
        By parcel_id: ``is_in`` (of the top N), ``radius`` (smallest change that brings its score to the cut, the
        cut held at `cut`; exact), ``radius_low`` and ``radius_high`` (bounds on the smallest change that moves
        it across rank N when all scores move with it: no smaller change than the first does, some change
        of the second does), ``is_exact`` (they meet), ``from_criterion``, ``to_criterion``, ``shift`` (smallest weight
        moved from one criterion to another that carries it across rank N; exact; the change is twice that).
    witnesses
        By parcel_id, k columns: weights at which `radius` brings the score to the cut.
    top, cut
        N, and the score of the last parcel that is in under the planner's weights.
    notes
        What was decided.
    """

    table: pd.DataFrame
    witnesses: pd.DataFrame
    top: int
    cut: float
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        near = self.table["radius_high"].median()
        return (
            f"top {self.top:,}: half of the parcels change sides when weights change by {near:.1%} in all"
            if near == near  # noqa: PLR0124 - NaN where none can
            else f"top {self.top:,}: no weighting moves a parcel across the cut"
        )
