"""What the ranking is worth: ranks and the probability of the top N over many weightings."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True, slots=True, eq=False)
class Acceptability:
    """Ranks of n parcels over many draws of the weights.

    Attributes
    ----------
    table
        By parcel_id: ``rank`` (planner's weights), ``rank_best, rank_worst`` (over all draws), ``rank_p05,
        rank_p95``, ``top_share`` (share of the draws in which it is among the top N), ``score_mean``,
        ``score_sd``, ``score_robust`` (the score that it reaches in nine of ten draws), ``class``: always (in the top N
        in every draw) | likely (from 0.5) | possible (above 0) | never | vetoed | unscored. Ranks are NaN for
        vetoed and unscored parcels, whose top_share is 0.
    top
        N; a parcel is in while fewer than N of the parcels that are not vetoed score higher.
    draws, law, noise, seed
        How many weightings, and how they were drawn: ``around`` the planner's (each weight times a lognormal factor
        of mean 1 and standard deviation `noise`, scaled to 1), ``uniform`` (all weightings alike: Dirichlet(1)), or
        ``given``.
    weights
        draws x k.
    scores
        n x draws, float64: the scores of every draw, in the parcels' order.
    notes
        The law in words.
    """

    table: pd.DataFrame
    top: int
    draws: int
    law: str
    noise: float
    seed: int
    weights: pd.DataFrame
    scores: pd.DataFrame
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        kinds = self.table["class"].value_counts()
        ever = int((self.table["top_share"] > 0).sum())
        return (
            f"top {self.top:,}: {int(kinds.get('always', 0)):,} parcels stay there under all {self.draws:,} "
            f"weightings, {ever:,} are there at least once"
        )
