"""Fast interchange for siting: the best swaps of one site in for one out, in compiled loops.

Every row knows its nearest and second nearest open site, so a candidate is judged against all sites that
could leave in one walk over the rows that it would bring nearer (Whitaker 1983; Resende and Werneck 2007).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from renewal_geo.foundation.compiled import compiled
from renewal_geo.solvers.siting import Floats, Ints

Places = NDArray[np.int32]
Bools = NDArray[np.bool_]


@compiled
def _random(state):
    """Return a float in [0, 1) and advance the xorshift state."""
    x = state[0]
    x ^= x << np.uint64(13)
    x ^= x >> np.uint64(7)
    x ^= x << np.uint64(17)
    state[0] = x
    return (x >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@compiled
def _rescan(i, rptr, rsite, rcost, cap, is_open, near, second, d1, d2):
    """Find the two nearest open sites of row `i` anew."""
    near[i] = -1
    second[i] = -1
    d1[i] = cap[i]
    d2[i] = cap[i]
    for k in range(rptr[i], rptr[i + 1]):
        if rcost[k] >= cap[i]:
            break
        if is_open[rsite[k]]:
            if near[i] < 0:
                near[i] = rsite[k]
                d1[i] = rcost[k]
            else:
                second[i] = rsite[k]
                d2[i] = rcost[k]
                break


@compiled
def _take_in(j, cptr, crow, ccost, is_open, near, second, d1, d2, loss):
    """Open site `j`; returns by how much the sum falls."""
    is_open[j] = True
    gain = 0.0
    for k in range(cptr[j], cptr[j + 1]):
        i = crow[k]
        c = ccost[k]
        if c >= d2[i]:
            continue
        if near[i] >= 0:
            loss[near[i]] -= d2[i] - d1[i]
        if c < d1[i]:
            gain += d1[i] - c
            second[i] = near[i]
            d2[i] = d1[i]
            near[i] = j
            d1[i] = c
        else:
            second[i] = j
            d2[i] = c
        loss[near[i]] += d2[i] - d1[i]
    return gain


@compiled
def _take_out(j, rptr, rsite, rcost, cptr, crow, cap, is_open, near, second, d1, d2, loss):
    """Close site `j`; returns by how much the sum rises."""
    is_open[j] = False
    rise = 0.0
    for k in range(cptr[j], cptr[j + 1]):
        i = crow[k]
        if near[i] != j and second[i] != j:
            continue
        rise -= d1[i]
        loss[near[i]] -= d2[i] - d1[i]
        _rescan(i, rptr, rsite, rcost, cap, is_open, near, second, d1, d2)
        rise += d1[i]
        if near[i] >= 0:
            loss[near[i]] += d2[i] - d1[i]
    loss[j] = 0.0
    return rise


@compiled
def _conflicts(j, xptr, xsite, is_open):
    """Return how many open sites exclude `j`, and one of them."""
    count = 0
    which = -1
    for k in range(xptr[j], xptr[j + 1]):
        if is_open[xsite[k]]:
            count += 1
            which = xsite[k]
    return count, which


@compiled
def _descend(rptr, rsite, rcost, cptr, crow, ccost, cap, xptr, xsite, p, noise, is_open, near, second,
             d1, d2, loss, order, corr, chosen, state):  # fmt: skip
    """Swap while a swap pays; the first that pays is taken. Returns by how much the sum fell."""
    m = len(cptr) - 1
    fell = 0.0
    count = 0
    farthest = 0.0
    for i in range(len(d2)):
        farthest = max(farthest, d2[i])
    for j in range(m):
        if is_open[j]:
            chosen[count] = j
            count += 1
    # a random rotation of a random order: cheap, and no candidate is favoured
    turn = int(_random(state) * m)
    idle = 0
    step = 0
    while idle < m:
        j = order[(turn + step) % m]
        step += 1
        idle += 1
        if is_open[j]:
            continue
        clashes, rival = _conflicts(j, xptr, xsite, is_open)
        if clashes > 1:
            continue
        gain = 0.0
        for k in range(cptr[j], cptr[j + 1]):
            c = ccost[k]
            if c >= farthest:
                break
            i = crow[k]
            if c < d2[i]:
                if c < d1[i]:
                    gain += d1[i] - c
                    if near[i] >= 0:
                        corr[near[i]] -= d2[i] - d1[i]
                else:
                    corr[near[i]] -= d2[i] - c
        out = -1
        least = np.inf
        if clashes == 0 and count < p:
            least = 0.0
        for t in range(count):
            s = chosen[t]
            if loss[s] + corr[s] < least and (clashes == 0 or s == rival):
                least = loss[s] + corr[s]
                out = t
            corr[s] = 0.0
        if gain - least <= noise:
            continue
        fell += gain - least
        if out >= 0:
            _take_out(
                chosen[out],
                rptr,
                rsite,
                rcost,
                cptr,
                crow,
                cap,
                is_open,
                near,
                second,
                d1,
                d2,
                loss,
            )
            chosen[out] = j
        else:
            chosen[count] = j
            count += 1
        _take_in(j, cptr, crow, ccost, is_open, near, second, d1, d2, loss)
        farthest = 0.0
        for i in range(len(d2)):
            farthest = max(farthest, d2[i])
        idle = 0
    return fell


@compiled
def _greedy(cptr, crow, ccost, xptr, xsite, p, is_open, near, second, d1, d2, loss, banned):
    """Open the site that helps most, until `p` are open or none may be."""
    m = len(cptr) - 1
    count = 0
    for j in range(m):
        count += is_open[j]
    while count < p:
        best = -1
        most = -1.0
        for j in range(m):
            if is_open[j] or banned[j]:
                continue
            if _conflicts(j, xptr, xsite, is_open)[0] > 0:
                continue
            gain = 0.0
            for k in range(cptr[j], cptr[j + 1]):
                if ccost[k] < d1[crow[k]]:
                    gain += d1[crow[k]] - ccost[k]
            if gain > most:
                most = gain
                best = j
        if best < 0:
            return
        _take_in(best, cptr, crow, ccost, is_open, near, second, d1, d2, loss)
        count += 1


@compiled
def improve(
    rptr: Ints,
    rsite: Places,
    rcost: Floats,
    cptr: Ints,
    crow: Places,
    ccost: Floats,
    cap: Floats,
    xptr: Ints,
    xsite: Ints,
    p: int,
    is_open: Bools,
    kicks: int,
    noise: float,
    state: NDArray[np.uint64],
) -> float:
    """Search from `is_open` and keep the best there; returns its sum.

    Parameters
    ----------
    rptr, rsite, rcost
        Rows, each with its sites by rising cost.
    cptr, crow, ccost
        Sites, each with its rows by rising cost.
    cap
        What a row costs where no open site is nearer.
    xptr, xsite
        Sites that exclude each site.
    p
        Most sites that may be open.
    is_open
        Length m, changed in place. Sites are added greedily until there are `p`.
    kicks
        How often the best is shaken and searched again.
    noise
        Falls below it are rounding.
    state
        One uint64, of the random generator.
    """
    n = len(rptr) - 1
    m = len(cptr) - 1
    near = np.empty(n, np.int32)
    second = np.empty(n, np.int32)
    d1 = np.empty(n)
    d2 = np.empty(n)
    loss = np.zeros(m)
    corr = np.zeros(m)
    chosen = np.empty(max(p, 1) + 1, np.int64)
    banned = np.zeros(m, np.bool_)
    order = np.arange(m)
    for j in range(m - 1, 0, -1):
        k = int(_random(state) * (j + 1))
        order[j], order[k] = order[k], order[j]
    total = 0.0
    for i in range(n):
        _rescan(i, rptr, rsite, rcost, cap, is_open, near, second, d1, d2)
        total += d1[i]
        if near[i] >= 0:
            loss[near[i]] += d2[i] - d1[i]
    _greedy(cptr, crow, ccost, xptr, xsite, p, is_open, near, second, d1, d2, loss, banned)
    _descend(rptr, rsite, rcost, cptr, crow, ccost, cap, xptr, xsite, p, noise, is_open, near, second,
             d1, d2, loss, order, corr, chosen, state)  # fmt: skip
    best: float = d1.sum()
    kept = is_open.copy()
    size = 0
    for j in range(m):
        size += is_open[j]
    if size * (m - size) == 0:
        return best
    for _kick in range(kicks):
        shaken = 1 + int(_random(state) * max(1.0, min(size / 3.0, 12.0)))
        for _ in range(shaken):
            t = int(_random(state) * m)
            while not is_open[t]:
                t = (t + 1) % m
            _take_out(t, rptr, rsite, rcost, cptr, crow, cap, is_open, near, second, d1, d2, loss)
            banned[t] = True
            for _try in range(8):
                j = int(_random(state) * m)
                if not is_open[j] and not banned[j] and _conflicts(j, xptr, xsite, is_open)[0] == 0:
                    _take_in(j, cptr, crow, ccost, is_open, near, second, d1, d2, loss)
                    break
            banned[t] = False
            size = 0
            for j in range(m):
                size += is_open[j]
            if size == 0:
                break
        _greedy(cptr, crow, ccost, xptr, xsite, p, is_open, near, second, d1, d2, loss, banned)
        _descend(rptr, rsite, rcost, cptr, crow, ccost, cap, xptr, xsite, p, noise, is_open, near,
                 second, d1, d2, loss, order, corr, chosen, state)  # fmt: skip
        now = d1.sum()
        if now < best - noise:
            best = now
        if now <= best + noise:
            kept[:] = is_open
        else:
            for j in range(m):
                if is_open[j] and not kept[j]:
                    _take_out(
                        j, rptr, rsite, rcost, cptr, crow, cap, is_open, near, second, d1, d2, loss
                    )
            for j in range(m):
                if kept[j] and not is_open[j]:
                    _take_in(j, cptr, crow, ccost, is_open, near, second, d1, d2, loss)
        size = 0
        for j in range(m):
            size += is_open[j]
    is_open[:] = kept
    return best
