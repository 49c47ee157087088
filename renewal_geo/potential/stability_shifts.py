"""Least masses of weight that bring a score to the cut, and ways of changing weights that all parcels share.

Arrays are of the ranked parcels only: n x k ratings and n scores, k weights that add to 1, N at the top.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from renewal_geo.potential.stability_sweeps import TIE, first_crossings
from renewal_geo.spatial.polygons import Floats

Ints = NDArray[np.int64]


def held_cut(ratings: Floats, scores: Floats, weights: Floats, cut: float) -> tuple[Floats, Floats]:
    """Return the least mass of weight whose move brings each score to `cut`, and the weights there.

    That is half of ``min |w' - w|_1`` over the simplex with ``r @ w' = cut``. Any change moves masses from criteria b
    to criteria a and gains ``r_a - r_b`` each: sent to the best-rated criterion instead, the same mass gains no less.
    What is left is a fractional knapsack: take from the worst-rated first. Downwards the same with signs turned.

    Parameters
    ----------
    ratings, scores
        n x k and n.
    weights
        k, adding to 1.
    cut
        The score to reach.

    Returns
    -------
    tuple of ndarray
        n masses (NaN where no weighting reaches the cut) and n x k weights (NaN likewise).

    Examples
    --------
    >>> mass, there = held_cut(np.array([[1.0, 0.0]]), np.array([0.5]), np.array([0.5, 0.5]), 0.6)
    >>> mass.round(3).tolist(), there.round(3).tolist()
    ([0.1], [[0.6, 0.4]])
    """
    n, k = ratings.shape
    gap = cut - scores
    turned = ratings * np.where(gap < 0, -1.0, 1.0)[:, None]
    order = np.argsort(turned, axis=1, kind="stable")
    ascending = np.take_along_axis(turned, order, axis=1)
    worth = ascending[:, -1:] - ascending  # per unit of mass, falling to 0
    held = weights[order]
    gained = np.cumsum(held * worth, axis=1)
    missing = np.abs(gap)[:, None] - (gained - held * worth)
    part = np.divide(missing, worth, out=np.zeros((n, k)), where=worth > 0)
    taken = np.clip(part, 0.0, held)
    mass = taken.sum(axis=1)
    moved = np.empty((n, k))
    np.put_along_axis(moved, order, held - taken, axis=1)
    moved[np.arange(n), order[:, -1]] += mass
    is_reached = gained[:, -1] >= np.abs(gap) - TIE
    mass[~is_reached], moved[~is_reached] = np.nan, np.nan
    return mass, moved


def single_shifts(
    ratings: Floats, scores: Floats, weights: Floats, top: int
) -> tuple[Floats, Ints]:
    """Return the least mass moved from one criterion to another that carries each parcel across rank `top`.

    Returns
    -------
    tuple of ndarray
        n masses, inf for none, and n x 2: out of which criterion and into which.
    """
    n, k = ratings.shape
    best, pair = np.full(n, np.inf), np.zeros((n, 2), dtype=np.int64)
    for source, target in itertools.permutations(range(k), 2):
        slopes = ratings[:, target] - ratings[:, source]
        first = first_crossings(scores, slopes, float(weights[source]), top)
        better = first < best
        best[better] = first[better]
        pair[better] = source, target
    return best, pair


def shared_rays(
    ratings: Floats, scores: Floats, weights: Floats, top: int, best: Floats, ways: Floats
) -> None:
    """Look along the straight ways to one criterion alone and to two alike; lower `best` and write `ways` in place."""
    k = len(weights)
    for size in (1, 2):
        for chosen in itertools.combinations(range(k), size):
            toward = -weights
            toward[list(chosen)] += 1.0 / size
            mass = np.abs(toward).sum() / 2.0
            if mass <= TIE:
                continue
            found = first_crossings(scores, ratings @ toward, 1.0, top) * mass
            better = found < best
            best[better] = found[better]
            ways[better] = toward / mass


def ranges_of_weights(
    ratings: Floats, scores: Floats, weights: Floats, top: int
) -> tuple[Floats, Floats]:
    """Return how low and how high each weight can go, the others in proportion, while a parcel keeps its side.

    Returns
    -------
    tuple of ndarray
        n x k each; 0 and 1 where nothing stops it.
    """
    n, k = ratings.shape
    low, high = np.zeros((n, k)), np.ones((n, k))
    for c in range(k):
        rest = 1.0 - weights[c]
        if rest <= TIE:
            low[:, c] = 1.0  # the others have no proportion
            continue
        rise = (ratings[:, c] - scores) / rest  # of the score per unit of weight
        up = first_crossings(scores, rise, float(rest), top)
        down = first_crossings(scores, -rise, float(weights[c]), top)
        high[:, c] = np.minimum(weights[c] + up, 1.0)
        low[:, c] = np.maximum(weights[c] - down, 0.0)
    return low, high
