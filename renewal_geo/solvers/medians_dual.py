"""The Lagrangian bound of the p-median, site fixing by reduced costs, in compiled loops.

Dropping "every row is served once" at a price lam_i per row leaves a choice of the p best sites, where site j
is worth sum_i max(0, lam_i - c_ij): the bound is sum(lam) less the worth of those p. A row's price never needs
to exceed what it costs at an open site, or unserved, so these enter as its cap.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from renewal_geo.foundation.compiled import compiled
from renewal_geo.solvers.siting import Floats, Ints

Places = NDArray[np.int32]
Bools = NDArray[np.bool_]
FREE, OPEN, SHUT = 0, 1, -1
MEMORY = 0.9  # of the running mean that shows which sites the bound likes
KEEP = 0.7  # of the last direction that the next one keeps
STEP_FIRST, STEP_LAST = 1.0, 1e-4
SHORTER = 0.75
RENEW = 0.05  # rows are cut down when more than this share of their sites has been fixed


@compiled
def _cut_down(rptr, rsite, rcost, cap, state, lptr, lsite, lcost, lcap):
    """Write the rows that free sites leave, up to the cost of the nearest open one."""
    n = len(rptr) - 1
    at = 0
    begin = rptr[0]
    for i in range(n):
        end = rptr[i + 1]
        most = cap[i]
        first = at
        for k in range(begin, end):
            c = rcost[k]
            if c >= most:
                break
            s = state[rsite[k]]
            if s == OPEN:
                most = c
                break
            if s == FREE:
                lsite[at] = rsite[k]
                lcost[at] = c
                at += 1
        begin = end
        lptr[i] = first
        lcap[i] = most
    lptr[n] = at


@compiled
def _leaders(worth, group, best_of, free, count, p, picked):
    """Pick the `p` free sites of least `worth`, one of a group; returns the last one in and first one out.

    `worth` is negative where a site helps. best_of: work space, one place for every group.
    """
    best_of[:] = -1
    runners = np.empty(count)
    used = 0
    for t in range(count):
        j = free[t]
        picked[j] = False
        g = group[j]
        if g >= 0 and (best_of[g] < 0 or worth[j] < worth[best_of[g]]):
            best_of[g] = j
    for t in range(count):
        j = free[t]
        if group[j] < 0 or best_of[group[j]] == j:
            runners[used] = worth[j]
            used += 1
    if used <= p:
        for t in range(count):
            j = free[t]
            picked[j] = group[j] < 0 or best_of[group[j]] == j
        return 0.0, 0.0
    split = np.partition(runners[:used], p)
    first_out = split[p]
    last_in = split[:p].max()
    taken = 0
    for t in range(count):
        j = free[t]
        if worth[j] < first_out and (group[j] < 0 or best_of[group[j]] == j):
            picked[j] = True
            taken += 1
    for t in range(count):
        j = free[t]
        if taken < p and worth[j] == first_out and (group[j] < 0 or best_of[group[j]] == j):
            picked[j] = True
            taken += 1
    return last_in, first_out


@compiled
def _fix(bound, wanted, worth, group, best_of, free, count, last_in, first_out, picked, state):
    """Shut or open the sites with or without which no plan below `wanted` is left; returns how many."""
    fixed = 0
    for t in range(count):
        j = free[t]
        if state[j] != FREE:
            continue
        g = group[j]
        if not picked[j]:
            rival = last_in
            if g >= 0 and best_of[g] != j and picked[best_of[g]]:
                rival = worth[best_of[g]]
            if bound + worth[j] - rival >= wanted:
                state[j] = SHUT
                fixed += 1
            continue
        other = min(first_out, 0.0)
        if g >= 0:
            for q in range(count):
                k = free[q]
                if k != j and group[k] == g and worth[k] < other:
                    other = worth[k]
        if bound - worth[j] + other >= wanted:
            state[j] = OPEN
            fixed += 1
    return fixed


@compiled
def bound_node(
    rptr: Ints,
    rsite: Places,
    rcost: Floats,
    cap: Floats,
    group: Ints,
    groups: int,
    xptr: Ints,
    xsite: Ints,
    p: int,
    state: NDArray[np.int8],
    lam: Floats,
    target: float,
    wanted: float,
    aim: float,
    rounds: int,
    patience: int,
    step: Floats,
    lptr: Ints,
    lsite: Places,
    lcost: Floats,
    picked: Bools,
    mean: Floats,
) -> float:
    """Raise the bound of one node by subgradients and fix sites as it rises.

    Parameters
    ----------
    rptr, rsite, rcost, cap
        Rows with their sites by rising cost, and what a row costs without.
    group, groups
        A group number of each site (-1 none), of which one may be chosen; their number.
    xptr, xsite
        Sites that exclude each site.
    p
        Most sites that may be open, those open in `state` included.
    state
        Length m: FREE, OPEN, SHUT; changed in place.
    lam
        Length n, prices to begin with; the best ones on return.
    target
        The bound that is enough.
    wanted
        What a plan must cost less than to be wanted: sites are fixed where it could not.
    aim
        The value that the steps are measured against: about the best plan's.
    rounds
        Most steps.
    patience
        Rounds without a better bound before steps become shorter.
    step
        One float: the share of the way to `aim` that a step goes; changed in place.
    lptr, lsite, lcost
        Work space as large as the rows.
    picked
        Length m, bool: on return the sites of the best bound, open ones included.
    mean
        Length m: on return how often a site was picked of late.

    Returns
    -------
    float
        The bound of the plans below `wanted`; `inf` where the open sites exclude each other or number more
        than `p`.
    """
    n = len(rptr) - 1
    m = len(state)
    lcap = np.empty(n)
    worth = np.zeros(m)
    free = np.empty(m, np.int64)
    best_of = np.empty(max(groups, 1), np.int64)
    pull = np.zeros(n)
    trial = lam.copy()
    now = np.zeros(m, np.bool_)
    best = -np.inf
    idle = 0
    fresh = True
    cut = False
    count = 0
    left = 0
    picked[:] = False
    mean[:] = 0.0
    for _round in range(rounds + 1):
        if fresh:
            # what an open site excludes is shut
            opened = 0
            for j in range(m):
                if state[j] == OPEN:
                    opened += 1
                    for k in range(xptr[j], xptr[j + 1]):
                        if state[xsite[k]] == OPEN:
                            return np.inf
                        state[xsite[k]] = SHUT
            left = p - opened
            if left < 0:
                return np.inf
            count = 0
            for j in range(m):
                now[j] = False
                if state[j] == FREE:
                    free[count] = j
                    count += 1
            if cut:
                _cut_down(lptr, lsite, lcost, lcap, state, lptr, lsite, lcost, lcap)
            else:
                _cut_down(rptr, rsite, rcost, cap, state, lptr, lsite, lcost, lcap)
            fixed = 0
            cut = True
            fresh = False
            if left == 0 or count == 0:
                for j in range(m):
                    picked[j] = state[j] == OPEN
                total = 0.0
                for i in range(n):
                    total += lcap[i]
                    lam[i] = lcap[i]
                return max(best, total)
            for i in range(n):
                least = lcap[i]
                if lptr[i] < lptr[i + 1]:
                    least = lcost[lptr[i]]
                trial[i] = min(lcap[i], max(trial[i], least))
        # the bound at `trial`
        for t in range(count):
            worth[free[t]] = 0.0
        bound = 0.0
        for i in range(n):
            price = trial[i]
            bound += price
            for k in range(lptr[i], lptr[i + 1]):
                if lcost[k] >= price:
                    break
                worth[lsite[k]] += lcost[k] - price
        last_in, first_out = _leaders(worth, group, best_of, free, count, left, now)
        for t in range(count):
            j = free[t]
            if now[j]:
                bound += worth[j]
                mean[j] = MEMORY * mean[j] + (1.0 - MEMORY)
            else:
                mean[j] *= MEMORY
        if bound > best:
            if bound > best + 1e-5 * abs(bound):
                idle = 0
            best = bound
            lam[:] = trial
            for j in range(m):
                picked[j] = now[j] or state[j] == OPEN
            if best >= target:
                return best
        else:
            idle += 1
        if idle >= patience:
            idle = 0
            step[0] *= SHORTER
            trial[:] = lam
            pull[:] = 0.0
            if step[0] < STEP_LAST:
                return best
        fixed += _fix(
            bound, wanted, worth, group, best_of, free, count, last_in, first_out, now, state
        )
        fresh = fixed > RENEW * count
        # a step along what is served too often or not at all
        length = 0.0
        for i in range(n):
            served = 0
            for k in range(lptr[i], lptr[i + 1]):
                if lcost[k] >= trial[i]:
                    break
                served += now[lsite[k]]
            g = 1.0 - served
            if trial[i] >= lcap[i] and g > 0:
                g = 0.0
            pull[i] = g + KEEP * pull[i]
            length += pull[i] * pull[i]
        if length <= 1e-12:
            return best
        size = step[0] * (aim - bound) / length
        for i in range(n):
            price = trial[i] + size * pull[i]
            least = lcap[i]
            if lptr[i] < lptr[i + 1]:
                least = lcost[lptr[i]]
            trial[i] = min(lcap[i], max(price, least))
    return best


@compiled
def plan_cost(rptr: Ints, rsite: Places, rcost: Floats, cap: Floats, is_open: Bools) -> float:
    """Return the sum of every row's cost at its nearest open site, or its cap."""
    total = 0.0
    for i in range(len(cap)):
        cost = cap[i]
        for k in range(rptr[i], rptr[i + 1]):
            if rcost[k] >= cost:
                break
            if is_open[rsite[k]]:
                cost = rcost[k]
                break
        total += cost
    return total


@compiled
def two_nearest(rptr: Ints, rsite: Places, rcost: Floats, cap: Floats, is_open: Bools) -> Floats:
    """Return for every row the middle between its costs at the nearest and second nearest open site.

    Its farthest site stands for the second where none is open.
    """
    middle = np.empty(len(cap))
    for i in range(len(cap)):
        first = cap[i]
        second = cap[i]
        if rptr[i] < rptr[i + 1]:
            second = min(second, rcost[rptr[i + 1] - 1])
        for k in range(rptr[i], rptr[i + 1]):
            if rcost[k] >= cap[i]:
                break
            if is_open[rsite[k]]:
                if first < cap[i]:
                    second = rcost[k]
                    break
                first = rcost[k]
        middle[i] = (first + second) / 2.0
    return middle
