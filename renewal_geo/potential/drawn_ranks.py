"""Scores and ranks of many parcels under many weightings, in little memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from renewal_geo.potential.rank_loops import Ranks, keys_of, ranks_from
from renewal_geo.potential.ranking import DECIMALS, Bools
from renewal_geo.spatial.polygons import Floats

RANKS_AT_ONCE = 2_000_000  # of parcels x draws, where that is draws enough
SCORES_AT_ONCE = 32_000  # of parcels x draws: they stay in the cache of a core
SCALE = 10.0**DECIMALS
NO_RANK = np.int32(np.iinfo(np.int32).max)


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """What the draws came to: for m ranked parcels their ranks and top_share, for all n the scores."""

    rank_best: Ranks
    rank_worst: Ranks
    rank_p05: Ranks
    rank_p95: Ranks
    top_share: Floats
    mean: Floats
    sd: Floats
    robust: Floats


def ranked_under(
    ratings: Floats, weights: Floats, names: list[str], *, is_ranked: Bools, top: int
) -> Ranked:
    """Rank parcels under every weighting.

    Parameters
    ----------
    ratings
        n x k in 0..1, NaN allowed where not ranked.
    weights
        d x k, rows adding to 1.
    names
        Of the k criteria: products are added in their order.
    is_ranked
        n, of which m are true.
    top
        N.
    """
    draws = len(weights)
    best, worst, hits, p05, p95 = _rank_statistics(ratings[is_ranked], weights, names, top)
    mean, sd, robust = _score_statistics(ratings, weights, names)
    return Ranked(best, worst, p05, p95, hits / draws, mean, sd, robust)


def scores_under(ratings: Floats, weights: Floats, names: list[str]) -> Floats:
    """Return n x d scores: the products of ratings and weights, added in the order of the criteria's names.

    A matrix product would add in an order of its own, which changes the last bits with the shape of the matrix:
    parcels that rate alike must score alike, bit by bit.
    """
    ordered = sorted(range(len(names)), key=names.__getitem__)
    total = np.zeros((len(ratings), len(weights)))
    step = max(1, SCORES_AT_ONCE // max(len(weights), 1))
    part = np.empty((step, len(weights)))
    for first in range(0, len(ratings), step):
        here = total[first : first + step]
        for at in ordered:
            rows = ratings[first : first + step, at, None]
            here += np.multiply(rows, weights[:, at], out=part[: len(rows)])
        np.minimum(here, 1.0, out=here)
    return total


def _rank_statistics(
    ratings: Floats, weights: Floats, names: list[str], top: int
) -> tuple[Ranks, Ranks, NDArray[np.int64], Ranks, Ranks]:
    """Return best and worst rank, how many draws lie at the top, and the ranks of one draw in twenty at either end.

    Only the ends of every parcel's ranks are kept while draws go by.
    """
    count, draws = len(ratings), len(weights)
    kept = -(-draws // 20)  # p05 is the greatest of so many smallest ranks
    kept_high = draws - -(-19 * draws // 20) + 1  # and p95 the smallest of so many greatest
    step = min(draws, max(2 * kept, RANKS_AT_ONCE // max(count, 1)))
    low = np.full((count, kept + step), NO_RANK)
    high = np.full((count, kept_high + step), NO_RANK)
    hits = np.zeros(count, dtype=np.int64)
    for first in range(0, draws, step):
        block = _ranks(ratings, weights[first : first + step], names)
        hits += np.count_nonzero(block <= top, axis=0)
        _keep_least(low, kept, block)
        _keep_least(high, kept_high, np.negative(block, out=block))
    low, high = low[:, :kept], -high[:, :kept_high]
    return low.min(axis=1), high.max(axis=1), hits, low.max(axis=1), high.min(axis=1)


def _keep_least(ends: Ranks, kept: int, block: Ranks) -> None:
    """Put another block of draws behind the least of every row, and bring the least to the front again."""
    ends[:, kept : kept + len(block)] = block.T
    ends.partition(kept - 1, axis=1)


def _ranks(ratings: Floats, weights: Floats, names: list[str]) -> Ranks:
    """Return d x n ranks: 1 + the number of strictly higher scores after rounding."""
    order = sorted(range(len(names)), key=names.__getitem__)
    columns = np.ascontiguousarray(ratings.T[order])
    ranks = np.empty((len(weights), len(ratings)), dtype=np.int32)
    keys = np.empty(len(ratings), dtype=np.int64)
    shift = len(
        ratings
    ).bit_length()  # besides 40 bits of score there is room for eight million parcels
    for row, ranked in zip(weights[:, order], ranks, strict=True):
        keys_of(columns, row, SCALE, shift, keys)
        keys.sort()
        ranks_from(keys, shift, ranked)
    return ranks


def _score_statistics(
    ratings: Floats, weights: Floats, names: list[str]
) -> tuple[Floats, Floats, Floats]:
    """Return mean, standard deviation, and the greatest score that at least nine of ten draws reach."""
    draws = len(weights)
    place = draws - -(-9 * draws // 10)  # so many scores may lie below
    found = np.empty((3, len(ratings)))
    step = max(1, SCORES_AT_ONCE // draws)
    for first in range(0, len(ratings), step):
        scores = scores_under(ratings[first : first + step], weights, names)
        here = slice(first, first + len(scores))
        found[0, here] = scores.mean(axis=1)
        found[1, here] = scores.std(axis=1)
        scores.partition(place, axis=1)
        found[2, here] = scores[:, place]
    return found[0], found[1], found[2]
