"""What the ranking is worth: ranks and the probability of the top N over many weightings."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from renewal_geo.foundation.errors import Faults, InputError
from renewal_geo.potential.drawn_ranks import Ranked, ranked_under, scores_under
from renewal_geo.potential.drawn_weights import Law, drawn
from renewal_geo.potential.ranking import M2_PER_HA, Bools, checked_areas, cut_of
from renewal_geo.potential.ripeness import Potential
from renewal_geo.spatial.polygons import Floats

CLASSES = ("always", "likely", "possible", "never", "vetoed", "unscored")
HALF = 0.5
MOST_NOISE = (
    100.0  # weights a hundred times as large as the planner's: beyond, nothing of his is left
)


@dataclass(frozen=True, slots=True, eq=False)
class Acceptability:
    """Ranks of n parcels over many draws of the weights.

    After the stochastic multicriteria acceptability analysis of Lahdelma, Hokkanen and Salminen (European Journal of
    Operational Research 106, 1998, 137-143).

    Attributes
    ----------
    table
        By parcel_id: ``rank`` (planner's weights), ``rank_best, rank_worst`` (over all draws), ``rank_p05`` and
        ``rank_p95`` (this rank or a better one in at least 5 %, 95 % of the draws), ``top_share`` (share of the
        draws in which it is among the top N), ``score_mean``, ``score_sd`` (of the draws, divisor d), ``score_robust``
        (the greatest score that it reaches in at least nine of ten draws), ``class``: always (in the top N in
        every draw) | likely (from 0.5) | possible (above 0) | never | vetoed | unscored. Ranks are NaN for
        vetoed and unscored parcels, whose top_share is 0; a vetoed parcel keeps its scores.
    top
        N; a parcel is in while fewer than N of the parcels that are not vetoed score higher.
    draws, law, noise, seed
        How many weightings, and how they were drawn: ``around`` the planner's (each weight times a lognormal factor
        of mean 1 and standard deviation `noise`, scaled to 1), ``uniform`` (all weightings alike: Dirichlet(1)), or
        ``given``.
    weights
        draws x k, each row adding to 1.
    ratings
        n x k, as scored: the scores of a draw are ratings times weights, see :meth:`scores`.
    classes
        By class: ``parcels``, ``area_ha`` (NaN where no areas were given).
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
    ratings: pd.DataFrame
    classes: pd.DataFrame = field(default_factory=pd.DataFrame)
    notes: tuple[str, ...] = ()

    def scores(self, draw: int | None = None) -> pd.DataFrame | pd.Series:
        """Return the scores under one draw (n), or under all (n x draws, float64), in the parcels' order.

        They are worked out when asked for: 150,000 parcels under 1,000 weightings take 1.2 GB.
        """
        names = [str(one) for one in self.weights.columns]
        chosen = self.weights.to_numpy() if draw is None else self.weights.to_numpy()[[draw]]
        made = scores_under(self.ratings.to_numpy(dtype=float), chosen, names)
        if draw is None:
            return pd.DataFrame(made, index=self.ratings.index, columns=self.weights.index)
        return pd.Series(made[:, 0], index=self.ratings.index, name=self.weights.index[draw])

    def __str__(self) -> str:
        counts = self.table["class"].value_counts()
        always = int(counts.get("always", 0))
        ever = int((self.table["top_share"] > 0).sum())
        land = ["", ""]
        if len(self.classes) and self.classes["area_ha"].notna().all():
            area = self.classes["area_ha"]
            land = [
                f" ({area['always']:,.1f} ha)",
                f" ({area[['always', 'likely', 'possible']].sum():,.1f} ha)",
            ]
        return (
            f"top {self.top:,}: {always:,} parcels{land[0]} stay there under all {self.draws:,} "
            f"weightings, {ever:,}{land[1]} are there at least once"
        )


def acceptability(
    potential: Potential,
    *,
    top: int = 0,
    top_ha: float = 0.0,
    areas: pd.Series | None = None,
    draws: int = 1000,
    law: str = "around",
    noise: float = 0.5,
    seed: int = 0,
    weights: pd.DataFrame | None = None,
) -> Acceptability:
    """Rank the parcels of a score under many weightings.

    Ratings are made once and weighed again for every draw. The same seed gives the same weights to the
    same criteria in whatever order they stand, and no figure depends on the order of the rows.

    Parameters
    ----------
    potential
        A score of n parcels by k weighted criteria.
    top, top_ha, areas
        The cut, see :func:`renewal_geo.potential.cut_of`; areas in m2, which are also added up by class.
    draws
        How many weightings.
    law
        ``around | uniform | given``; see :class:`Acceptability`.
    noise
        Standard deviation of the factor on every weight, for ``around``.
    seed
        Of the draws.
    weights
        draws x k weightings of one's own, columns named by the criteria, rows adding to 1; the law is then ``given``,
        and `draws`, `noise` and `seed` are not used.

    Returns
    -------
    Acceptability
        Rank intervals, the share of draws at the top, the score that holds in nine of ten.

    Raises
    ------
    InputError
        ``bad_draws`` where draws, noise or seed mean nothing; ``unknown_law``; ``bad_weights`` where given weights
        are not those of the criteria, negative, no numbers, or do not add to 1; ``bad_top``, ``bad_areas``.

    Examples
    --------
    >>> from renewal_geo.potential import score
    >>> rows = pd.DataFrame({"near": [0.9, 0.6, 0.1], "old": [0.2, 0.6, 0.8]}, index=["a", "b", "c"])
    >>> made = score(rows, [{"column": "near", "weight": 2, "low": 0, "high": 1},
    ...                     {"column": "old", "weight": 1, "low": 0, "high": 1}])
    >>> str(acceptability(made, top=1, law="uniform"))
    'top 1: 0 parcels stay there under all 1,000 weightings, 3 are there at least once'
    """
    how = _law(draws, law, noise, seed, given=weights)
    cut = cut_of(potential, top, top_ha, areas)
    drawn_weights, notes = drawn(
        potential.weighting.weights[potential.ratings.columns], how, weights
    )
    is_ranked = potential.ranks.notna().to_numpy()
    found = ranked_under(
        potential.ratings.to_numpy(dtype=float),
        drawn_weights.to_numpy(),
        [str(one) for one in potential.ratings.columns],
        is_ranked=is_ranked,
        top=cut,
    )
    table = _table(potential, found, is_ranked)
    land = None if areas is None else checked_areas(areas, potential)
    return Acceptability(
        table=table,
        top=cut,
        draws=len(drawn_weights),
        law=how.name,
        noise=how.noise,
        seed=how.seed,
        weights=drawn_weights,
        ratings=potential.ratings,
        classes=_classes(table["class"], land),
        notes=notes,
    )


def _law(draws: int, law: str, noise: float, seed: int, *, given: pd.DataFrame | None) -> Law:
    if given is not None:
        return Law("given", len(given), 0.0, 0)
    faults = Faults(InputError)
    if law not in {"around", "uniform"}:
        faults.add(
            f"{law!r} is no law of weights" if law != "given" else "the weights are not given",
            where="[potential] law",
            fix="around or uniform; or give weights",
            code="unknown_law",
        )
    for key, value, least, most in (
        ("draws", draws, 1, np.inf),
        ("noise", noise, 0, MOST_NOISE),
        ("seed", seed, 0, np.inf),
    ):
        is_whole = key == "noise" or (np.isfinite(value) and value == int(value))
        if not least <= value <= most or not is_whole:
            faults.add(
                f"{key} is {value!r}",
                where=f"[potential] {key}",
                fix=f"give a number from 0 to {MOST_NOISE:g}"
                if key == "noise"
                else f"give a whole number from {least}",
                code="bad_draws",
            )
    faults.raise_if_any()
    return Law(law, int(draws), float(noise), int(seed))


def _table(potential: Potential, found: Ranked, is_ranked: Bools) -> pd.DataFrame:
    columns = {"rank": potential.ranks.to_numpy()}
    for name in ("rank_best", "rank_worst", "rank_p05", "rank_p95"):
        column = np.full(len(is_ranked), np.nan)
        column[is_ranked] = getattr(found, name)
        columns[name] = column
    share = np.zeros(len(is_ranked))
    share[is_ranked] = found.top_share
    columns |= {
        "top_share": share,
        "score_mean": found.mean,
        "score_sd": found.sd,
        "score_robust": found.robust,
    }
    table = pd.DataFrame(columns, index=potential.scores.index)
    is_unscored = potential.scores.isna().to_numpy()
    table["class"] = np.select(
        [potential.is_vetoed.to_numpy(), is_unscored, share == 1, share >= HALF, share > 0],
        ["vetoed", "unscored", "always", "likely", "possible"],
        default="never",
    ).astype(object)
    return table


def _classes(kinds: pd.Series, land: Floats | None) -> pd.DataFrame:
    """Return how many parcels each class holds, and how much land."""
    counts = kinds.value_counts().reindex(CLASSES, fill_value=0)
    table = pd.DataFrame({"parcels": counts, "area_ha": np.nan}).rename_axis("class")
    if land is not None:
        for one in CLASSES:
            chosen = np.sort(land[(kinds == one).to_numpy()])  # summed alike in any order of rows
            table.loc[one, "area_ha"] = chosen.sum() / M2_PER_HA
    return table
