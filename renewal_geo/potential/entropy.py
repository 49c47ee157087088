"""Entropy weights: what tells parcels apart weighs more, whatever it means.

With p_i = r_i / sum r of a criterion's ratings over m parcels, E = -sum p_i ln p_i / ln m lies in 0..1 and the weight
is (1 - E) over the sum of all (1 - E) (C. E. Shannon 1948; C. L. Hwang, K. Yoon, Multiple Attribute Decision Making,
1981).
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from renewal_geo.foundation.errors import InputError

NOISE = 1e-12
CAUTION = (
    "entropy weights tell which criteria distinguish the parcels, not which matter: another set of parcels gives "
    "other weights"
)


def entropy_weights(ratings: pd.DataFrame) -> tuple[pd.Series, tuple[str, ...]]:
    """Return weights from the data, adding to 1, and what was decided.

    Parameters
    ----------
    ratings
        n parcels x k criteria, 0..1; NaN is left out, criterion by criterion.

    Raises
    ------
    InputError
        ``nothing_distinguishes`` where every criterion has one value only.
    """
    spread = {str(name): _divergence(ratings[name].to_numpy(dtype=float)) for name in ratings}
    total = math.fsum(spread.values())
    if not total > 0:
        raise InputError(
            "every criterion has one value only, so that nothing distinguishes the parcels",
            where="[potential] weighting",
            fix="give weights yourself, or use criteria that differ between parcels",
            code="nothing_distinguishes",
        )
    weights = pd.Series(spread, dtype=float) / total
    weights.index.name = "id"
    idle = [name for name, one in spread.items() if one == 0]
    notes = [f"{', '.join(idle)}: one value only, weight 0"] if idle else []
    lacking = ratings.columns[ratings.isna().any()].astype(str).tolist()
    if lacking:
        notes.append(f"{', '.join(lacking)}: parcels without a rating were left out of the entropy")
    return weights, (CAUTION, *notes)


def _divergence(ratings: NDArray[np.float64]) -> float:
    """Return 1 - E; 0 for fewer than two ratings and for one value."""
    known = ratings[np.isfinite(ratings)]
    if len(known) < 2 or known.min() == known.max():
        return 0.0
    shares = known / math.fsum(known)
    shares = shares[shares > 0]
    entropy = -math.fsum(shares * np.log(shares)) / math.log(len(known))
    # below that, ratings differ by less than a millionth and 1 - E is rounding
    return 1.0 - entropy if 1.0 - entropy > NOISE else 0.0
