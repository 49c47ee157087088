"""Good plans for maximal covering: greedy, then the best exchange of one site, again and again.

All exchanges of a plan are valued in one pass over the entries, so a step costs little more than reading
the model.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from renewal_geo.solvers.covering_rows import Cover

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
NOISE = 1e-9


def covered(cover: Cover, chosen: Ints) -> float:
    """Return the weight that the chosen sites reach."""
    return float(cover.weight[cover.counts(chosen) > 0].sum())


def grow(cover: Cover, start: Ints, p: int, group: Ints, use: Flags) -> Ints:
    """Add the site of the greatest gain until there are p or no site adds anything."""
    chosen = list(map(int, start))
    blocked = ~use
    blocked[start] = True
    for j in chosen:
        blocked |= (group == group[j]) & (group >= 0)
    left = np.where(cover.counts(start) == 0, cover.weight, 0.0)
    gain = cover.transposed @ left
    by_site = cover.transposed
    while len(chosen) < p:
        rated = np.where(blocked, -1.0, gain)
        j = int(np.argmax(rated))
        if rated[j] <= NOISE:
            break
        chosen.append(j)
        blocked[j] = True
        if group[j] >= 0:
            blocked |= group == group[j]
        fresh: Ints = by_site.indices[by_site.indptr[j] : by_site.indptr[j + 1]]
        fresh = fresh[left[fresh] > 0]
        gain = gain - _of_rows(cover, fresh, left[fresh])
        left[fresh] = 0.0
    return np.sort(np.array(chosen, dtype=np.int64))


def _of_rows(cover: Cover, rows: Ints, value: Floats) -> Floats:
    """Return the sum by site of a value on a few rows."""
    degree = cover.degree[rows]
    within = np.arange(degree.sum()) - np.repeat(np.cumsum(degree) - degree, degree)
    sites = cover.sites[np.repeat(cover.indptr[rows], degree) + within]
    made: Floats = np.bincount(sites, np.repeat(value, degree), minlength=cover.m).astype(float)
    return made


def exchange(cover: Cover, chosen: Ints, group: Ints, use: Flags) -> tuple[Ints, float]:
    """Make the best exchange of one chosen site for another until none gains."""
    chosen = chosen.copy()
    count = cover.counts(chosen)
    value = float(cover.weight[count > 0].sum())
    if not len(chosen):
        return chosen, value
    number = np.arange(cover.m, dtype=float)
    slot = np.zeros(cover.m, dtype=np.int64)
    floor = NOISE * max(1.0, float(cover.weight.sum()))
    while True:
        mark = np.zeros(cover.m)
        mark[chosen] = 1.0
        slot[chosen] = np.arange(len(chosen))
        single = count == 1
        owner = slot[np.asarray(cover.matrix @ (mark * number), dtype=np.int64)[single]]
        gain = cover.transposed @ np.where(count == 0, cover.weight, 0.0)
        rows = np.flatnonzero(single)
        degree = cover.degree[rows]
        within = np.arange(degree.sum()) - np.repeat(np.cumsum(degree) - degree, degree)
        sites = cover.sites[np.repeat(cover.indptr[rows], degree) + within]
        shared = np.bincount(
            np.repeat(owner, degree) * cover.m + sites,
            np.repeat(cover.weight[rows], degree),
            minlength=len(chosen) * cover.m,
        ).reshape(len(chosen), cover.m)
        loss = np.bincount(owner, cover.weight[rows], minlength=len(chosen))
        net: Floats = gain[None, :] + shared - loss[:, None]
        net[:, ~use] = -np.inf
        net[:, chosen] = -np.inf
        _keep_groups(net, chosen, group)
        out, j = divmod(int(np.argmax(net)), cover.m)
        if not net[out, j] > floor:
            return np.sort(chosen), value
        chosen[out] = j
        count = cover.counts(chosen)
        value = float(cover.weight[count > 0].sum())


def _keep_groups(net: Floats, chosen: Ints, group: Ints) -> None:
    """Rule out exchanges that would put two sites of a group into the plan."""
    for k in np.flatnonzero(group[chosen] >= 0):
        barred = group == group[chosen[k]]
        others = np.arange(len(chosen)) != k
        net[np.ix_(others, barred)] = -np.inf


def shake(
    cover: Cover,
    chosen: Ints,
    p: int,
    group: Ints,
    use: Flags,
    *,
    rounds: int,
    seed: int,
    over: Callable[[], bool],
) -> tuple[Ints, float]:
    """Drop a few sites at random, put others in, exchange again; keep what is no worse."""
    rng = np.random.default_rng(seed)
    best, best_value = chosen, covered(cover, chosen)
    now, now_value = best, best_value
    for turn in range(rounds):
        if not len(now) or over():
            break
        few = 1 + int(rng.integers(max(1, min(len(now), 1 + p // 6))))
        stay = np.delete(now, rng.choice(len(now), few, replace=False))
        barred = use.copy()
        barred[np.setdiff1d(now, stay)] = False
        barred[rng.random(cover.m) < 0.3] = False
        plan = grow(cover, stay, p, group, barred)
        if len(plan) < p:
            plan = grow(cover, plan, p, group, use)
        plan, value = exchange(cover, plan, group, use)
        if value > best_value + NOISE * max(1.0, best_value):
            best, best_value = plan, value
        if value >= now_value or turn % 10 == 9:
            now, now_value = (plan, value) if value >= now_value else (best, best_value)
    return best, best_value
