"""Covering all rows with p sites by weighted local search, in a compiled loop.

Rows that stay uncovered grow heavier, so that the search is driven out of plans that leave the same rows again
and again (Gao, Weise and Li 2015, weighting for set covering; Zhang, Lü, Su, Li and Fu 2020 for the p-center).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from renewal_geo.foundation.compiled import compiled
from renewal_geo.solvers.medians_swap import _random
from renewal_geo.solvers.siting import Ints

Places = NDArray[np.int32]
Bools = NDArray[np.bool_]


@compiled
def _open(j, rptr, rsite, cptr, crow, weight, count, holder, score, is_open, bare, place, left):
    """Open site `j`; `holder` sums the open sites of a row, so it names the only one. Returns rows left."""
    is_open[j] = True
    score[j] = 0.0
    for k in range(cptr[j], cptr[j + 1]):
        i = crow[k]
        count[i] += 1
        if count[i] == 1:
            for e in range(rptr[i], rptr[i + 1]):
                score[rsite[e]] -= weight[i] * (not is_open[rsite[e]])
            score[j] += weight[i]
            left -= 1
            last = bare[left]
            bare[place[i]] = last
            place[last] = place[i]
        elif count[i] == 2:
            score[holder[i]] -= weight[i]
        holder[i] += j
    return left


@compiled
def _shut(j, rptr, rsite, cptr, crow, weight, count, holder, score, is_open, bare, place, left):
    """Shut site `j`; returns how many rows are left uncovered."""
    is_open[j] = False
    score[j] = 0.0
    for k in range(cptr[j], cptr[j + 1]):
        i = crow[k]
        count[i] -= 1
        holder[i] -= j
        if count[i] == 0:
            for e in range(rptr[i], rptr[i + 1]):
                if rsite[e] != j:
                    score[rsite[e]] += weight[i]
            score[j] += weight[i]
            bare[left] = i
            place[i] = left
            left += 1
        elif count[i] == 1:
            score[holder[i]] += weight[i]
    return left


@compiled
def cover(
    rptr: Ints,
    rsite: Places,
    cptr: Ints,
    crow: Places,
    xptr: Ints,
    xsite: Ints,
    p: int,
    is_open: Bools,
    steps: int,
    state: NDArray[np.uint64],
) -> int:
    """Search a plan of at most `p` sites that covers every row.

    Parameters
    ----------
    rptr, rsite
        The sites that cover each row.
    cptr, crow
        The rows that each site covers.
    xptr, xsite
        Sites that exclude each site.
    p
        Most sites.
    is_open
        Length m: a plan to begin with, of at most `p` sites; the best one on return.
    steps
        Most exchanges.
    state
        One uint64, of the random generator.

    Returns
    -------
    int
        Rows that the best plan leaves uncovered.
    """
    n = len(rptr) - 1
    m = len(cptr) - 1
    weight = np.ones(n)
    count = np.zeros(n, np.int64)
    holder = np.zeros(n, np.int64)
    score = np.zeros(m)
    age = np.zeros(m, np.int64)
    bare = np.arange(n)
    place = np.arange(n)
    left = n
    begin = is_open.copy()
    is_open[:] = False
    for j in range(m):
        score[j] = cptr[j + 1] - cptr[j]
    size = 0
    for j in range(m):
        if begin[j]:
            left = _open(
                j, rptr, rsite, cptr, crow, weight, count, holder, score, is_open, bare, place, left
            )
            size += 1
    best = left
    kept = is_open.copy()
    last_in = -1
    for step in range(1, steps + 1):
        if best == 0 or p == 0:
            break
        out = -1
        if size >= p:
            for j in range(m):
                if not is_open[j] or (j == last_in and size > 1):
                    continue
                if (
                    out < 0
                    or score[j] < score[out]
                    or (score[j] == score[out] and age[j] < age[out])
                ):
                    out = j
            left = _shut(
                out,
                rptr,
                rsite,
                cptr,
                crow,
                weight,
                count,
                holder,
                score,
                is_open,
                bare,
                place,
                left,
            )
            age[out] = step
            size -= 1
        if left > 0:
            i = bare[int(_random(state) * left)]
            into = -1
            most = -np.inf
            for e in range(rptr[i], rptr[i + 1]):
                j = rsite[e]
                if j == out and rptr[i + 1] - rptr[i] > 1:
                    continue
                worth = score[j]
                for x in range(xptr[j], xptr[j + 1]):
                    if is_open[xsite[x]]:
                        worth -= score[xsite[x]]
                if into < 0 or worth > most or (worth == most and age[j] < age[into]):
                    into = j
                    most = worth
            if into >= 0:
                for x in range(xptr[into], xptr[into + 1]):
                    rival = xsite[x]
                    if is_open[rival]:
                        left = _shut(
                            rival, rptr, rsite, cptr, crow, weight, count, holder, score, is_open,
                            bare, place, left,
                        )  # fmt: skip
                        age[rival] = step
                        size -= 1
                left = _open(
                    into, rptr, rsite, cptr, crow, weight, count, holder, score, is_open, bare, place,
                    left,
                )  # fmt: skip
                age[into] = step
                size += 1
                last_in = into
        if left < best:
            best = left
            kept[:] = is_open
        for t in range(left):
            i = bare[t]
            weight[i] += 1.0
            for e in range(rptr[i], rptr[i + 1]):
                score[rsite[e]] += 1.0
    is_open[:] = kept
    return best
