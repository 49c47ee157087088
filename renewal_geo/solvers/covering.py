"""The fewest sites that reach everyone, and the sites that reach the most: exact, with a bound throughout.

Rows with the same sites are merged and what another row or site makes needless is dropped; a plan grows
greedily and is improved by exchanges; prices of the rows bound every plan and settle most sites; HiGHS
gets what is left and searches only for plans that beat the known one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from renewal_geo.solvers import covering_programmes as programmes
from renewal_geo.solvers.covering_bounds import price_set
from renewal_geo.solvers.covering_rows import (
    Cover,
    components,
    dominated_sites,
    implied_rows,
    merge,
)
from renewal_geo.solvers.covering_search import Clock, Search
from renewal_geo.solvers.covering_swaps import grow
from renewal_geo.solvers.siting import Choice

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Groups = Sequence[Sequence[int]]
NONE = np.empty(0, dtype=np.int64)
STEPS = 400  # of the prices
WHOLE = 0.5
WALK = 200_000  # exchanges
BATCH = 250  # sites of small parts that go to HiGHS together
TRIES, MANY = (
    4,
    20,
)  # covers that the prices preferred and that are mended: few where HiGHS is quick


def fewest(
    reach: csr_array,
    *,
    fixed: Sequence[int] | Ints = (),
    exclusive: Groups = (),
    time_limit_s: float = 60.0,
    gap: float = 0.0,
    seed: int = 0,
) -> Choice:
    """Find the fewest sites that reach every row that any site reaches (set covering, LSCP).

    Parameters
    ----------
    reach
        n rows by m sites, sparse; what is stored and not zero is reach.
    fixed
        Sites that are open in any case; they count in the objective.
    exclusive
        Groups of sites of which at most one may be open; a site is in one group at most.
    time_limit_s, gap, seed
        Wall-clock seconds of the call; relative gap at which to stop; of the searches.

    Returns
    -------
    Choice
        `objective` and `bound` count sites. Where the groups leave a row unserved that a site could reach,
        `feasible` is False and the plan serves as many rows as it can.
    """
    clock = Clock(time_limit_s)
    whole = Cover.of(reach, np.ones(reach.shape[0]))
    fixed = _sorted(fixed)
    group = group_numbers(whole.m, exclusive)
    use = _usable(whole.m, fixed, group)
    rest = whole.reduced((whole.counts(fixed) == 0) & (whole.degree > 0), use)
    if (rest.degree == 0).any():
        return _least_violating(whole, fixed, exclusive, clock, seed)
    rest, _ = merge(rest)
    taken, rest, use = _small(rest, use, group)
    if taken is None:
        return _least_violating(whole, fixed, exclusive, clock, seed)
    chosen, bound, closed, by_time = [*fixed.tolist(), *taken], len(fixed) + len(taken), True, False
    for part in _parts(rest, use, group):
        found = _cover_part(*part, group, clock, gap, seed)
        if found is None:
            return _least_violating(whole, fixed, exclusive, clock, seed)
        chosen += found.chosen.tolist()
        bound += math.ceil(found.bound - 1e-6)
        closed, by_time = closed and found.closed, by_time or found.by_time
    plan = np.array(sorted(chosen), dtype=np.int64)
    assert bound <= len(plan), "a bound above a plan"  # noqa: S101 - a wrong reduction must not pass
    closed = bound == len(plan)
    stopped = "" if closed else "time" if by_time else "gap"
    return Choice(plan, _first_of(whole, plan), float(len(plan)), float(bound), closed, stopped)


def most(
    reach: csr_array,
    weight: Floats,
    p: int,
    *,
    fixed: Sequence[int] | Ints = (),
    exclusive: Groups = (),
    time_limit_s: float = 60.0,
    gap: float = 0.0,
    seed: int = 0,
) -> Choice:
    """Find the p sites that reach, with the fixed ones, the greatest weight (maximal covering, MCLP).

    Parameters
    ----------
    reach
        n rows by m sites, sparse; what is stored and not zero is reach.
    weight
        Length n, none negative. Where all are whole numbers the bound is rounded down to one.
    p
        Number of sites to open besides the fixed ones. Fewer are open only where the groups leave no more.
    fixed
        Sites that are open in any case.
    exclusive
        Groups of sites of which at most one may be open; a site is in one group at most.
    time_limit_s, gap, seed
        Wall-clock seconds of the call; relative gap at which to stop; of the searches.
    """
    clock = Clock(time_limit_s)
    weight = np.asarray(weight, dtype=float)
    fixed = _sorted(fixed)
    whole = Cover.of(reach, weight)
    group = group_numbers(whole.m, exclusive)
    use = _usable(whole.m, fixed, group)
    # a power of two: exact, and the solver's absolute tolerances mean the same in every unit
    top = float(weight.max(initial=0.0))
    scale = 2.0 ** (10 - math.ceil(math.log2(top))) if top > 0 else 1.0
    unit = scale if bool((weight == np.round(weight)).all()) and weight.sum() < 2**52 else 0.0
    open_rows = (whole.counts(fixed) == 0) & (weight > 0)
    base = float(weight[(whole.counts(fixed) > 0)].sum()) * scale
    rest = whole.reduced(open_rows, use)
    rest = Cover(rest.indptr, rest.sites, rest.weight * scale, rest.m)
    search = Search(rest, use, group, p, base, unit, clock, gap, seed)
    search.run()
    plan = _filled(np.sort(np.concatenate([fixed, search.plan])), p + len(fixed), use, group)
    objective = float(weight[whole.counts(plan) > 0].sum())
    bound = search.bound / scale
    bound = math.floor(bound + 1e-6) if unit else bound
    bound = max(float(bound), objective) if search.closed else float(bound)
    assert objective <= bound * (1 + 1e-9) + 1e-9, "a plan above its bound"  # noqa: S101 - see fewest
    bound = max(bound, objective)
    closed = search.closed or bound == objective
    stopped = "" if closed else "time" if clock.over else "gap"
    return Choice(plan, _first_of(whole, plan), objective, bound, closed, stopped)


def group_numbers(m: int, exclusive: Groups) -> Ints:
    """Return for each site the number of its exclusive group, -1 without one; a site is in one at most."""
    group = np.full(m, -1, dtype=np.int64)
    for number, members in enumerate(exclusive):
        group[np.asarray(members, dtype=np.int64)] = number
    return group


def _sorted(sites: Sequence[int] | Ints) -> Ints:
    return np.unique(np.asarray(sites, dtype=np.int64))


def _usable(m: int, fixed: Ints, group: Ints) -> Flags:
    """Return the sites still to decide: neither fixed nor in the group of a fixed one."""
    use = np.ones(m, dtype=bool)
    use[fixed] = False
    held = group[fixed]
    return use & ~(np.isin(group, held[held >= 0]) & (group >= 0))


def _filled(plan: Ints, p: int, use: Flags, group: Ints) -> Ints:
    """Add sites that change nothing, lowest numbers first, until there are p."""
    chosen = plan.tolist()
    taken = set(group[plan][group[plan] >= 0].tolist())
    for j in np.setdiff1d(np.flatnonzero(use), plan).tolist():
        if len(chosen) >= p:
            break
        if group[j] < 0 or int(group[j]) not in taken:
            chosen.append(j)
            taken.add(int(group[j]))
    return np.array(sorted(chosen), dtype=np.int64)


def _first_of(cover: Cover, chosen: Ints) -> Ints:
    """Return the lowest chosen site that reaches each row, -1 where none does."""
    served = np.full(cover.n, -1, dtype=np.int64)
    mark = np.zeros(cover.m, dtype=bool)
    mark[chosen] = True
    entry = np.flatnonzero(mark[cover.sites])[::-1]
    served[cover.rows[entry]] = cover.sites[entry]
    return served


def _small(cover: Cover, use: Flags, group: Ints) -> tuple[list[int] | None, Cover, Flags]:
    """Open the sites that are some row's only one, drop implied rows and dominated sites, until neither is left.

    The first of the result is None where a row has no site that its groups leave it.
    """
    taken: list[int] = []
    while True:
        if (cover.degree == 0).any():
            return None, cover, use
        alone = np.unique(cover.sites[cover.indptr[:-1][cover.degree == 1]])
        held = group[alone][group[alone] >= 0]
        if len(np.unique(held)) < len(held):
            return None, cover, use
        taken += alone.tolist()
        use = use & ~(np.isin(group, held) & (group >= 0))
        use[alone] = False
        keep = cover.counts(alone) == 0
        before = (cover.n, int(use.sum()))
        # a row that a shut site leaves without any must be seen, so rows are merged only after that
        rest = cover.reduced(keep, use)
        if (rest.degree == 0).any():
            return None, rest, use
        rest, _ = merge(rest)
        rest = rest.reduced(~implied_rows(rest), use)
        use = use & ~dominated_sites(rest, use, group)
        cover, _ = merge(rest.reduced(np.ones(rest.n, dtype=bool), use))
        if not len(alone) and (cover.n, int(use.sum())) == before:
            return taken, cover, use


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """Sites that reach the rows of a part, and how many are needed at least."""

    chosen: Ints
    bound: float
    closed: bool
    by_time: bool


def _parts(cover: Cover, use: Flags, group: Ints) -> list[tuple[Cover, Flags]]:
    """Return the parts that can be solved one by one; small ones together."""
    if not cover.n:
        return []
    if (group[use] >= 0).any():
        return [(cover, use)]
    made: list[tuple[Flags, Flags]] = []
    size = 0
    for rows, sites in components(cover):
        count = int((sites & use).sum())
        if made and size + count <= BATCH:
            made[-1] = (made[-1][0] | rows, made[-1][1] | sites)
            size += count
        else:
            made.append((rows, sites))
            size = count
    return [(cover.reduced(rows, sites & use), sites & use) for rows, sites in made]


def _cover_part(
    cover: Cover, use: Flags, group: Ints, clock: Clock, gap: float, seed: int
) -> _Part | None:
    """Solve one part; None where its groups leave a row without a site."""
    first = _pruned(cover, grow(cover, NONE, cover.m, group, use))
    plan = None if (cover.counts(first) == 0).any() else first
    top = len(plan) if plan is not None else int(use.sum()) + 1
    raised, cost, preferred = price_set(cover, use, top, steps=STEPS)
    bound = math.ceil(raised - 1e-6)
    for one in preferred[: TRIES if int(use.sum()) <= BATCH else MANY]:
        if top <= bound:
            break
        other = _pruned(cover, grow(cover, one[_apart(group[one])], cover.m, group, use))
        if len(other) < top and not (cover.counts(other) == 0).any():
            plan, top = other, len(other)
    if plan is not None and bound < top and int(use.sum()) > BATCH and (group < 0).all():
        from renewal_geo.solvers.covering_walk import shrink  # numba: only where it pays

        plan = shrink(cover, plan, use, steps=WALK, seed=seed)
        top = len(plan)
    if plan is not None and top - bound <= gap * top:
        return _Part(plan, float(bound), bound >= top, by_time=False)
    # asked is only what the gap leaves open: is there a cover of fewer than `wanted`?
    wanted = top if plan is None else max(bound + 1, math.ceil(top * (1 - gap) - 1e-9))
    # a cover of fewer than that uses no site of a greater reduced cost
    keep = use & (cost <= wanted - 1 - raised + 1e-6) if plan is not None else use
    sites = np.flatnonzero(keep)
    asked = programmes.set_cover(cover, sites, group)
    found = programmes.solve(
        asked, time_limit_s=clock.left, cutoff=wanted - 0.5, gap=gap, seed=seed
    )
    if found.x is not None:
        plan = sites[found.x > WHOLE]
    if plan is None:
        return None
    proven = wanted if found.x is None else len(plan) if gap <= 0 else found.bound
    low = min(len(plan), max(bound, proven if found.closed else min(found.bound, wanted)))
    return _Part(plan, float(low), found.closed and low >= len(plan), found.by_time)


def _apart(group: Ints) -> Flags:
    """Return which of some sites stay when only the first of each group does."""
    stays = group < 0
    _, first = np.unique(group, return_index=True)
    stays[first] = True
    return stays


def _pruned(cover: Cover, chosen: Ints) -> Ints:
    """Drop sites whose rows others reach, those with the fewest rows first."""
    count = cover.counts(chosen)
    by_site = cover.transposed
    size = np.diff(by_site.indptr)[chosen]
    stays = []
    for j in chosen[np.argsort(size, kind="stable")].tolist():
        rows = by_site.indices[by_site.indptr[j] : by_site.indptr[j + 1]]
        if (count[rows] > 1).all():
            count[rows] -= 1
        else:
            stays.append(j)
    return np.array(sorted(stays), dtype=np.int64)


def _least_violating(
    whole: Cover, fixed: Ints, exclusive: Groups, clock: Clock, seed: int
) -> Choice:
    """Return the plan that reaches the most rows that the exclusive groups leave reachable."""
    found = most(
        whole.matrix, np.ones(whole.n), whole.m, fixed=fixed, exclusive=exclusive,
        time_limit_s=max(clock.left, 0.1), seed=seed,
    )  # fmt: skip
    plan = np.union1d(_pruned(whole, found.chosen), fixed)
    return Choice(
        plan,
        _first_of(whole, plan),
        float(len(plan)),
        float(len(fixed)),
        closed=False,
        feasible=False,
    )
