"""Stability radius: the smallest change of weights that moves a parcel across the cut."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from renewal_geo.potential.ranking import DECIMALS, cut_of
from renewal_geo.potential.ripeness import Potential
from renewal_geo.potential.stability_pairs import pairwise_masses
from renewal_geo.potential.stability_search import search
from renewal_geo.potential.stability_shifts import (
    held_cut,
    ranges_of_weights,
    shared_rays,
    single_shifts,
)
from renewal_geo.spatial.polygons import Floats

MEET = 1e-6  # of weight: bounds that agree so far are one figure
BEYOND = 1e-8  # of weight: so far past the crossing lies a witness, for a tie is not yet a change of sides
BLOCK = 512  # parcels are counted at a time
TOLD = 0.1  # the change that the sentence speaks of: five points from one criterion to another
CELLS = 400  # of the search, for one parcel at most
LOOKS = (30_000, 12_000_000)  # at lines, for one parcel and in all: some seconds


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
        of the second does), ``is_exact`` (they agree within a millionth), ``from_criterion``, ``to_criterion``,
        ``shift`` (smallest weight moved from one criterion to another that carries it across rank N; exact;
        the change is twice that).
        Distances are infima: a parcel that ties with the cut is at 0 only if the least change makes it fall behind.
        `radius_high` alone is NaN where no weighting was found that moves it, but none is ruled out.
    witnesses
        By parcel_id, k columns: weights at which `radius` brings the score to the cut.
    top, cut
        N, and the score of the last parcel that is in under the planner's weights.
    notes
        What was decided.
    rank_witnesses
        By parcel_id, k columns: weights at `radius_high` or just past it, where the parcel has changed sides.
    """

    table: pd.DataFrame
    witnesses: pd.DataFrame
    top: int
    cut: float
    notes: tuple[str, ...] = ()
    rank_witnesses: pd.DataFrame = field(default_factory=pd.DataFrame)

    def __str__(self) -> str:
        known = int((self.table["radius_high"] <= TOLD).sum())
        open_ = int((self.table["radius_low"] <= TOLD).sum())
        if not self.table["radius_low"].notna().any():
            return f"top {self.top:,}: no weighting moves a parcel across the cut"
        most = f", {open_:,} at the most" if open_ > known else ""
        return (
            f"top {self.top:,}: {known:,} parcels change sides under some change of the weights by {TOLD:.0%} in "
            f"all{most}"
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Ranked:
    """The ranked parcels, best first, in an order that does not depend on the order of rows and columns."""

    index: pd.Index
    names: list[str]
    columns: list[str]
    place: NDArray[np.int64]
    ratings: Floats
    scores: Floats
    weights: Floats
    given: Floats

    def spread(self, values: Floats) -> Floats:
        """Return figures of the ranked parcels for all of them, NaN for the others."""
        full = np.full((len(self.index), *values.shape[1:]), np.nan)
        full[self.place] = values
        return full

    def table(self, values: Floats) -> pd.DataFrame:
        """Return n x k figures in the planner's order of parcels and criteria."""
        made = pd.DataFrame(self.spread(values), index=self.index, columns=self.names)
        return made[self.columns]


def stability(
    potential: Potential,
    *,
    top: int = 0,
    top_ha: float = 0.0,
    areas: pd.Series | None = None,
    effort: float = 1.0,
) -> Stability:
    """Return how much the weights must change before each parcel changes sides.

    A parcel is in while fewer than N ranked parcels score higher; scores that agree to 12 decimals are equal.

    Parameters
    ----------
    potential
        A score of n parcels by k weighted criteria.
    top, top_ha, areas
        The cut, see :func:`renewal_geo.potential.cut_of`; areas in m2.
    effort
        How long bounds are brought together, parcels that are nearest to the cut first; 1 is some seconds for
        20,000 parcels, 0 leaves them apart. Counted in steps and not by the clock.

    Returns
    -------
    Stability
        Radii, the least shift between two criteria, witnesses.

    Raises
    ------
    InputError
        ``bad_top, bad_areas``, see :func:`renewal_geo.potential.cut_of`.

    Examples
    --------
    >>> from renewal_geo.potential import score
    >>> rows = pd.DataFrame({"near": [0.9, 0.6, 0.1], "old": [0.2, 0.6, 0.8]}, index=["a", "b", "c"])
    >>> made = score(rows, [{"column": "near", "weight": 3, "low": 0, "high": 1},
    ...                     {"column": "old", "weight": 2, "low": 0, "high": 1}])
    >>> found = stability(made, top=1).table
    >>> found[["is_in", "shift", "from_criterion", "to_criterion"]].round(4).to_numpy().tolist()
    [[True, 0.0286, 'near', 'old'], [False, 0.0286, 'near', 'old'], [False, 0.3143, 'near', 'old']]
    """
    wanted = cut_of(potential, top, top_ha, areas)
    ranked = _ranked(potential)
    rates, scores, weights = ranked.ratings, ranked.scores, ranked.weights
    cut = float(scores[wanted - 1]) if wanted else np.nan
    held, at_cut = held_cut(rates, scores, ranked.given, cut)
    shift, pair = single_shifts(rates, scores, weights, wanted)
    high, ways = shift.copy(), np.zeros(rates.shape)
    found = np.flatnonzero(np.isfinite(shift))
    ways[found, pair[found, 0]], ways[found, pair[found, 1]] = -1.0, 1.0
    shared_rays(rates, scores, weights, wanted, high, ways)
    low = pairwise_masses(rates, scores, weights, wanted, high)
    nearest = np.argsort(high, kind="stable")
    nearest = nearest[np.isfinite(high[nearest])]
    work = np.array([max(1.0, effort * looks) for looks in LOOKS], dtype=np.int64)
    cells = int(np.ceil(CELLS * effort))
    seen = (
        search(rates, scores, weights, wanted, low, high, ways, nearest, cells, work)
        if effort > 0
        else 0
    )
    table = pd.DataFrame(
        {
            "is_in": ranked.spread((scores >= cut).astype(float)) == 1.0,
            "radius": ranked.spread(2.0 * held),
            "radius_low": ranked.spread(2.0 * _known(np.minimum(low, high))),
            "radius_high": ranked.spread(2.0 * _known(high)),
        },
        index=ranked.index,
    )
    table["is_exact"] = table["radius_high"] - table["radius_low"] <= MEET
    ends = np.full((len(table), 2), None, dtype=object)
    ends[ranked.place[found]] = np.array(ranked.names, dtype=object)[pair[found]]
    table["from_criterion"], table["to_criterion"] = ends[:, 0], ends[:, 1]
    table["shift"] = ranked.spread(_known(shift))
    return Stability(
        table=table,
        witnesses=ranked.table(at_cut),
        top=wanted,
        cut=cut,
        notes=_notes(
            table, np.isfinite(low) & ~np.isfinite(high), np.isinf(low), seen, len(nearest)
        ),
        rank_witnesses=ranked.table(_crossed(ranked, wanted, high, ways)),
    )


def weight_ranges(
    potential: Potential,
    *,
    top: int = 0,
    top_ha: float = 0.0,
    areas: pd.Series | None = None,
) -> pd.DataFrame:
    """Return the interval of every weight, the others kept in proportion, in which a parcel keeps its side.

    Parameters
    ----------
    potential, top, top_ha, areas
        As for :func:`stability`.

    Returns
    -------
    DataFrame
        n x k rows ``parcel_id, criterion, weight, low, high``, by parcel and then criterion; `low` and `high` are
        NaN for vetoed and unscored parcels, and 0 and 1 where nothing stops the weight.

    Raises
    ------
    InputError
        ``bad_top, bad_areas``, see :func:`renewal_geo.potential.cut_of`.
    """
    wanted = cut_of(potential, top, top_ha, areas)
    ranked = _ranked(potential)
    low, high = ranges_of_weights(ranked.ratings, ranked.scores, ranked.weights, wanted)
    n, names = len(ranked.index), ranked.columns
    return pd.DataFrame(
        {
            "parcel_id": np.repeat(ranked.index.to_numpy(), len(names)),
            "criterion": np.tile(np.array(names, dtype=object), n),
            "weight": np.tile(potential.weighting.weights[names].to_numpy(dtype=float), n),
            "low": ranked.table(low).to_numpy().ravel(),
            "high": ranked.table(high).to_numpy().ravel(),
        }
    )


def _ranked(potential: Potential) -> _Ranked:
    """Sort what has a rank by score and ratings, and criteria by name."""
    columns = list(potential.ratings.columns)
    names = sorted(columns, key=str)
    ratings = np.round(potential.ratings[names].to_numpy(dtype=float), DECIMALS)
    told = np.round(potential.scores.to_numpy(dtype=float), DECIMALS)
    given = potential.weighting.weights[names].to_numpy(dtype=float)
    at = np.flatnonzero(potential.ranks.notna().to_numpy())
    place = at[np.lexsort((*ratings[at].T, -told[at]))]
    # to the last bit, so that ties elsewhere are found; what ties here is one figure
    exact = np.minimum.accumulate(ratings[place] @ given)
    group = np.searchsorted(-told[place], -told[place])
    return _Ranked(
        index=potential.scores.index,
        names=names,
        columns=columns,
        place=place,
        ratings=np.ascontiguousarray(ratings[place]),
        scores=exact[group],
        weights=np.round(given, 14),  # so that their scale changes no bit
        given=given,
    )


def _known(masses: Floats) -> Floats:
    return np.where(np.isfinite(masses), masses, np.nan)


def _crossed(ranked: _Ranked, top: int, masses: Floats, ways: Floats) -> Floats:
    """Return weights where each parcel has changed sides, by count; NaN where there are none.

    Just past the crossing, where a tie has become a lead; on it, where a parcel comes in by a tie alone.
    """
    made = np.full(ways.shape, np.nan)
    is_in = ranked.scores >= ranked.scores[top - 1] if top else np.zeros(len(masses), dtype=bool)
    for step in (0.0, 0.01 * BEYOND, BEYOND):
        there = np.maximum(ranked.given + ways * (_known(masses) + step)[:, None], 0.0)
        there /= there.sum(axis=1, keepdims=True)
        for begin in range(0, len(masses), BLOCK):
            block = slice(begin, begin + BLOCK)
            every = ranked.ratings @ there[block].T
            own = (ranked.ratings[block] * there[block]).sum(axis=1)
            above = (every > own + 0.5 * 10.0**-DECIMALS).sum(axis=0)
            moved = ((above < top) != is_in[block]) | np.isnan(made[block, 0])
            made[block][moved] = there[block][moved]
    return made


def _notes(
    table: pd.DataFrame,
    is_open: NDArray[np.bool_],
    is_fixed: NDArray[np.bool_],
    seen: int,
    near: int,
) -> tuple[str, ...]:
    """Say how many bounds meet, and for how many parcels none was found."""
    met = int(table["is_exact"].sum())
    notes = [
        f"bounds on the change across the rank meet for {met:,} parcels; {seen:,} of {near:,} searched, nearest first"
    ]
    if is_fixed.any():
        notes.append(f"no weighting at all moves {int(is_fixed.sum()):,} parcels across the rank")
    if is_open.any():
        notes.append(
            f"for {int(is_open.sum()):,} parcels no weighting that moves them was found, and none is ruled out"
        )
    return tuple(notes)
