"""How far the weights must move before enough pairs of parcels change places: a lower bound, in compiled loops.

A parcel that is in leaves the top N only when m parcels that do not beat it come to beat it; one that is out
enters only when all but N - 1 of those that beat it cease to. Each of them needs a mass of weight of its own:
the m-th smallest of these is no more than what all m need together.
"""

from __future__ import annotations

import numpy as np

from renewal_geo.foundation.compiled import compiled
from renewal_geo.potential.stability_sweeps import TIE
from renewal_geo.spatial.polygons import Floats

PRICES = np.array(
    [0.75, 0.5]
)  # shares of the best gain per mass that stand for what a mass is worth
AHEAD = 2  # times N: so many of the best are enough to bound how soon a parcel far below comes in


@compiled
def mass_at_least(slopes, weights, gain, steepest, spread):
    """Return a lower bound on the mass of weight to move so that ``slopes @ weights`` grows by `gain`.

    A unit of mass out of criterion c is worth ``steepest - slopes[c]`` at best, and no more than ``weights[c]`` is
    there. With a price p per unit, the gain is at most p times the mass plus what the criteria are worth above p
    (linear duality): exact at the price `spread` as long as the flattest criterion lasts.
    """
    mass = gain / spread
    for share in PRICES:
        price = share * spread
        given = 0.0
        for c in range(len(slopes)):
            given += weights[c] * max(steepest - slopes[c] - price, 0.0)
        mass = max(mass, (gain - given) / price)
    return mass


@compiled
def pairwise_masses(
    ratings: Floats, scores: Floats, weights: Floats, top: int, caps: Floats
) -> Floats:
    """Return n lower bounds on the mass of weight that moves each parcel across rank `top`.

    Parameters
    ----------
    ratings, scores
        n x k and n, best score first; equal scores are equal to the last bit.
    weights
        k.
    top
        N.
    caps
        n: a mass that is known to be enough, or inf; no bound above it is looked for.

    Returns
    -------
    ndarray
        At most the cap; inf where too few parcels can ever change places with it.
    """
    n, k = ratings.shape
    found = np.full(n, np.inf)
    lowest, highest = np.empty(k), np.empty(k)
    for c in range(k):
        lowest[c], highest[c] = ratings[:, c].min(), ratings[:, c].max()
    masses, slopes = np.empty(n), np.empty(k)
    first = 0  # of those with the same score
    for i in range(n):
        if scores[i] < scores[first]:
            first = i
        is_in = first < top
        sign = 1.0 if is_in else -1.0
        least = (
            TIE if is_in else 0.0
        )  # who is in gives way to what beats it, not to what draws level
        reach = (highest - ratings[i]).max() + (ratings[i] - lowest).max()
        begin, end = (first, n) if is_in else (0, min(first, AHEAD * top))
        needed = top - first if is_in else end - (top - 1)
        count = 0
        for j in range(begin, end):
            gap = abs(scores[i] - scores[j])
            if gap > caps[i] * reach:
                if is_in:
                    break
                continue
            up, down = -np.inf, np.inf
            for c in range(k):
                slopes[c] = sign * (ratings[j, c] - ratings[i, c])
                up, down = max(up, slopes[c]), min(down, slopes[c])
            if up < least:
                continue
            if not up > down:
                masses[count] = 0.0 if gap <= 0.0 else np.inf
            else:
                masses[count] = mass_at_least(slopes, weights, gap, up, up - down)
            count += masses[count] < caps[i]
        found[i] = caps[i]
        if count >= needed:
            found[i] = np.partition(masses[:count], needed - 1)[needed - 1]
    return found
