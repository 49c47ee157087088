"""Inner loops of ranking: scores of one weighting as sortable whole numbers, and ranks out of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from renewal_geo.foundation.compiled import compiled
from renewal_geo.spatial.polygons import Floats

Keys = NDArray[np.int64]
Ranks = NDArray[np.int32]


@compiled
def keys_of(ratings: Floats, weights: Floats, scale: float, shift: int, keys: Keys) -> None:
    """Fill n keys with the scores of one weighting, rounded, times 2^shift, plus the place of the parcel.

    Ratings are k x n; products are added in the order of the k. A key sorts by score and remembers whose it is,
    in half the time of sorting places by scores.
    """
    total = np.zeros(len(keys))
    for j in range(len(weights)):
        for i in range(len(keys)):
            total[i] += ratings[j, i] * weights[j]
    for i in range(len(keys)):
        keys[i] = (np.int64(np.rint(min(total[i], 1.0) * scale)) << shift) | i


@compiled
def ranks_from(keys: Keys, shift: int, ranks: Ranks) -> None:
    """Fill n ranks from keys that rise: 1 + the number of strictly higher scores."""
    count = len(keys)
    rank, last = 0, np.int64(-1)
    for i in range(count - 1, -1, -1):
        rounded = keys[i] >> shift
        if rounded != last:
            rank, last = count - i, rounded
        ranks[keys[i] - (rounded << shift)] = rank
