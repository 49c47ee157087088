"""Scores of parcels with all that they are made of."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from renewal_geo.foundation.provenance import Provenance
from renewal_geo.potential.criterion import Criterion
from renewal_geo.potential.weighting import Weighting


@dataclass(frozen=True, slots=True, eq=False)
class Potential:
    """Scores of n parcels in 0..1 (1 is ripest) by k weighted criteria.

    Attributes
    ----------
    scores
        n, named as the score; NaN where a figure is missing. A vetoed parcel keeps its score: the veto
        stands apart from it.
    contributions
        n x k weighted criteria: rating times weight; each row adds to its score.
    missing
        ``parcel_id, criterion, why``: the figures that are not there, one row for each, also where a stated rating
        stands for them. Of a criterion with a veto the reason begins with ``veto cannot be judged:``; a code
        that is there but has no score says ``no score for 'X'``.
    criteria
        Indexed by id, as used, all fields of :class:`~renewal_geo.potential.criterion.Criterion`: ``weight`` (adding
        to 1; 0 for what is only a veto), ``low`` and ``high`` filled in (equal where there is one figure only).
    values
        n x all criteria: the raw figures (numbers, or codes for categories).
    ratings
        n x k: 0..1, before weights.
    weighting
        How the weights were found.
    vetoes
        ``parcel_id, criterion, value, veto``: one row for each veto that strikes.
    is_vetoed
        n booleans.
    ranks
        n: 1 + the number of ranked parcels with a strictly higher score after rounding to 12 digits; NaN for
        vetoed parcels and those without a score.
    limiting
        n rows ``criterion, rating``: the weighted criterion with the lowest rating (Liebig's law of the
        minimum); of equal ones the heavier, then the one whose id comes first. Criteria with one figure only
        limit nobody; empty and NaN where none is left.
    asked
        The criteria as checked.
    facts
        Indexed by criterion: ``source`` and ``source_zh`` (what was measured, in words), ``unit``, ``least``,
        ``median``, ``greatest`` (NaN for codes), ``missing`` (how many), ``distinct`` (1: it tells nothing apart).
    notes
        What was decided on the way.
    """

    scores: pd.Series
    contributions: pd.DataFrame
    missing: pd.DataFrame
    criteria: pd.DataFrame
    values: pd.DataFrame
    ratings: pd.DataFrame
    weighting: Weighting
    vetoes: pd.DataFrame
    is_vetoed: pd.Series
    ranks: pd.Series
    limiting: pd.DataFrame
    asked: tuple[Criterion, ...] = ()
    facts: pd.DataFrame = field(default_factory=pd.DataFrame)
    notes: tuple[str, ...] = ()
    provenance: Provenance = field(default_factory=Provenance)

    def __str__(self) -> str:
        known = self.scores.dropna()
        mean = float(known.mean()) if len(known) else 0.0
        vetoed = int(self.is_vetoed.sum())
        said = f", {vetoed:,} vetoed" if vetoed else ""
        return (
            f"{len(known):,} of {len(self.scores):,} parcels scored by {len(self.contributions.columns)} criteria, "
            f"mean {mean:.3f} on 0 to 1{said}"
        )
