"""Covers with one site fewer, and again: a walk that weighs the rows it keeps missing.

A compiled loop, imported only for parts that are too large to close at once: it needs numba, the rest of the
covering engines does not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from renewal_geo.foundation.compiled import compiled
from renewal_geo.solvers.covering_rows import Cover

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


def shrink(cover: Cover, chosen: Ints, use: Flags, *, steps: int, seed: int) -> Ints:
    """Look for a cover of fewer of the sites `use` than the cover `chosen`.

    Notes
    -----
    Row-weighting local search of Gao, Weise and Li (2015), "An efficient local search heuristic with row
    weighting for the unicost set covering problem": drop the site of least weighted loss, reach a random
    missed row by the site of most weighted gain, add one to the weight of what is missed.
    """
    held = np.zeros(cover.m, dtype=np.bool_)
    held[chosen] = True
    state = np.array([seed * 2654435761 + 88172645463325252], dtype=np.uint64)
    by_site = cover.transposed
    best = _walk(
        cover.indptr,
        cover.sites,
        by_site.indptr.astype(np.int64),
        by_site.indices.astype(np.int64),
        held,
        use,
        steps,
        state,
    )
    return np.flatnonzero(best)


@compiled
def _walk(  # noqa: C901, PLR0912, PLR0915 - one loop: numba inlines nothing that we could name better
    row_ptr: Ints,
    row_sites: Ints,
    site_ptr: Ints,
    site_rows: Ints,
    held: Flags,
    use: Flags,
    steps: int,
    state: NDArray[np.uint64],
) -> Flags:
    """Return the smallest cover met in `steps` exchanges."""
    n, m = row_ptr.shape[0] - 1, held.shape[0]
    weight = np.ones(n, dtype=np.int64)
    count = np.zeros(n, dtype=np.int64)
    score = np.zeros(m, dtype=np.int64)  # loss of a held site, gain of another
    moved = np.zeros(m, dtype=np.int64)  # step of the last move
    barred = np.zeros(m, dtype=np.bool_)  # dropped, and no neighbour has moved since
    missed = np.empty(n, dtype=np.int64)
    place = np.full(n, -1, dtype=np.int64)
    plan = np.empty(m, dtype=np.int64)
    size, short = 0, 0
    for j in range(m):
        if held[j]:
            plan[size] = j
            size += 1
            for e in range(site_ptr[j], site_ptr[j + 1]):
                count[site_rows[e]] += 1
    for i in range(n):
        if count[i] == 1:
            for e in range(row_ptr[i], row_ptr[i + 1]):
                if held[row_sites[e]]:
                    score[row_sites[e]] += 1
    best = held.copy()
    last = -1
    for step in range(1, steps + 1):
        rounds = 1
        if short == 0:
            best[:] = held
            rounds = 2  # one site fewer from here on
        for _ in range(rounds):
            if size == 0:
                return best
            worst = -1
            for k in range(size):
                j = plan[k]
                if j == last and size > 1:
                    continue
                if (
                    worst < 0
                    or score[j] < score[plan[worst]]
                    or (score[j] == score[plan[worst]] and moved[j] < moved[plan[worst]])
                ):
                    worst = k
            j = plan[worst]
            size -= 1
            plan[worst] = plan[size]
            held[j] = False
            moved[j] = step
            barred[j] = True
            gain = 0
            for e in range(site_ptr[j], site_ptr[j + 1]):
                i = site_rows[e]
                count[i] -= 1
                if count[i] == 0:
                    place[i] = short
                    missed[short] = i
                    short += 1
                    gain += weight[i]
                for f in range(row_ptr[i], row_ptr[i + 1]):
                    other = row_sites[f]
                    if other == j:
                        continue
                    barred[other] = False
                    if count[i] == 0 or (count[i] == 1 and held[other]):
                        score[other] += weight[i]
            score[j] = gain
        if short == 0:
            continue
        x = state[0]
        x ^= x << np.uint64(13)
        x ^= x >> np.uint64(7)
        x ^= x << np.uint64(17)
        state[0] = x
        i = missed[int((x >> np.uint64(11)) % np.uint64(short))]
        pick = -1
        for e in range(row_ptr[i], row_ptr[i + 1]):
            j = row_sites[e]
            if not use[j] or barred[j]:
                continue
            if (
                pick < 0
                or score[j] > score[pick]
                or (score[j] == score[pick] and moved[j] < moved[pick])
            ):
                pick = j
        if pick >= 0:
            j = pick
            plan[size] = j
            size += 1
            held[j] = True
            moved[j] = step
            last = j
            loss = 0
            for e in range(site_ptr[j], site_ptr[j + 1]):
                i = site_rows[e]
                count[i] += 1
                if count[i] == 1:
                    loss += weight[i]
                    short -= 1
                    back = missed[short]
                    missed[place[i]] = back
                    place[back] = place[i]
                for f in range(row_ptr[i], row_ptr[i + 1]):
                    other = row_sites[f]
                    if other == j:
                        continue
                    barred[other] = False
                    if count[i] == 1 or (count[i] == 2 and held[other]):
                        score[other] -= weight[i]
            score[j] = loss
        for k in range(short):
            i = missed[k]
            weight[i] += 1
            for e in range(row_ptr[i], row_ptr[i + 1]):
                score[row_sites[e]] += 1
    if short == 0:
        best[:] = held
    return best
