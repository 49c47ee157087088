"""Needs on sites with room: as many as can be by rank, then as cheaply as can be, with a bound for each.

Stages, each a constraint of the next: the needs of rank 0, those of rank 1 ..., the cost. The problem falls
into the connected pieces of who fits where. A piece whose sites take one need each is an assignment; the rest
goes to HiGHS after a search of our own, which leaves to the solver what a linear bound does not close.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components, maximum_bipartite_matching

from renewal_geo.solvers.matching_programme import NOISE, Programme
from renewal_geo.solvers.matching_search import NONE, Pairs, cost_of, searched, served_by_rank

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
LARGE_PAIRS = 12_000  # above, a plan is first sought on the likely pairs
CORE_CHEAP, CORE_TIGHT = 10, 4
CORE_TIME, CORE_GAP = 0.4, 1e-4
STAGE_TIME = 0.3  # share of what is left that one rank may take: the cost must have its turn


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """Which site answers each need, and what is proven.

    Attributes
    ----------
    site_of
        Length n, -1 where none does.
    served, most
        Per rank: needs that are answered, and a bound on them where those of earlier ranks are as many as `most`.
    cost, least_cost
        Of the pairs, and a bound on it for every plan that answers at least as many of each rank.
    closed
        Every stage is proven.
    stopped_by
        time | work | gap, empty where closed.
    """

    site_of: Ints
    served: Ints
    most: Ints
    cost: float
    least_cost: float
    closed: bool
    stopped_by: str


@dataclass(frozen=True, slots=True, eq=False)
class Clash:
    """Required sites that cannot all be used: they have only these needs between them."""

    sites: Ints
    needs: Ints


def assign(pairs: Pairs, *, time_limit_s: float, gap: float = 0.0) -> Answer:
    """Answer as many needs as possible by rank, then at the least cost.

    Parameters
    ----------
    pairs
        Who fits where; its required sites can all be used (see :func:`require`).
    time_limit_s
        Wall clock of the call. At least the search of our own runs.
    gap
        A stage stops where it is proven within this share of its own figure.

    Returns
    -------
    Answer
        Deterministic unless stopped by time.
    """
    ends = time.monotonic() + time_limit_s
    ranks = pairs.ranks
    site_of = np.full(len(pairs.size), NONE)
    most = np.zeros(ranks, np.int64)
    least, closed, stopped = 0.0, True, ""
    parts = sorted(_pieces(pairs), key=lambda one: len(one[0].need))
    waiting = sum(len(one.need) for one, _, _ in parts)
    for part, needs, sites in parts:
        share = len(part.need) / waiting
        waiting -= len(part.need)
        left = (ends - time.monotonic()) * share
        found = _single(part) if _takes_one_each(part) else _staged(part, left, gap)
        there = found.site_of >= 0
        site_of[needs[there]] = sites[found.site_of[there]]
        most += found.most
        least += found.least_cost
        closed &= found.closed
        stopped = "time" if "time" in (stopped, found.stopped_by) else stopped or found.stopped_by
    cost = cost_of(pairs, site_of)
    least = cost if closed else min(least, cost)
    return Answer(site_of, served_by_rank(pairs, site_of), most, cost, least, closed, stopped)


def require(pairs: Pairs) -> tuple[Pairs, list[Clash], Ints]:
    """Return the pairs with as many required sites as can be used at once, why the others cannot, and these.

    One need on each is enough, so this is a matching of required sites (or of exclusive groups that have
    one) with needs: exact, and where it fails the sites reached from one left over by alternating paths
    have one need fewer than they are (Hall's condition).
    """
    wanted = np.flatnonzero(pairs.required)
    if not len(wanted):
        return pairs, [], wanted
    kept = _first_of_group(pairs, wanted)
    fits = _fits(pairs)[:, kept].T.tocsr()
    match = np.asarray(maximum_bipartite_matching(fits, perm_type="column"), dtype=np.int64)
    lost = kept[match < 0]
    clashes = [_clash(fits, match, kept, at) for at in np.flatnonzero(match < 0).tolist()]
    for site in np.setdiff1d(wanted, kept):
        rivals = wanted[pairs.group[wanted] == pairs.group[site]]
        clashes.append(Clash(rivals, np.empty(0, np.int64)))
    used = np.setdiff1d(kept, lost)
    required = np.zeros(len(pairs.room), bool)
    required[used] = True
    taken = np.isin(pairs.group, pairs.group[used]) & (pairs.group >= 0) & ~required
    open_ = ~taken[pairs.site]
    return (
        replace(
            pairs,
            need=pairs.need[open_],
            site=pairs.site[open_],
            cost=pairs.cost[open_],
            required=required,
        ),
        clashes,
        np.setdiff1d(wanted, used),
    )


def _first_of_group(pairs: Pairs, wanted: Ints) -> Ints:
    """Return the required sites with one of each exclusive group: that which most needs fit."""
    options = np.bincount(pairs.site, minlength=len(pairs.room))
    best: dict[int, int] = {}
    for site in wanted.tolist():
        key = int(pairs.group[site]) if pairs.group[site] >= 0 else -site - 1
        if key not in best or options[site] > options[best[key]]:
            best[key] = site
    return np.sort(np.array(list(best.values()), dtype=np.int64))


def _clash(fits: csr_array, match: Ints, kept: Ints, start: int) -> Clash:
    holder = {int(need): at for at, need in enumerate(match) if need >= 0}
    reached, needs, open_ = {int(start)}, set(), [int(start)]
    while open_:
        at = open_.pop()
        for need in fits.indices[fits.indptr[at] : fits.indptr[at + 1]].tolist():
            needs.add(need)
            if holder[need] not in reached:
                reached.add(holder[need])
                open_.append(holder[need])
    return Clash(kept[sorted(reached)], np.array(sorted(needs), dtype=np.int64))


def _fits(pairs: Pairs) -> csr_array:
    shape = (len(pairs.size), len(pairs.room))
    return coo_array((np.ones(len(pairs.need)), (pairs.need, pairs.site)), shape=shape).tocsr()


def _pieces(pairs: Pairs) -> Iterator[tuple[Pairs, Ints, Ints]]:
    """Yield the connected pieces with the numbers of their needs and sites; nothing joins two pieces."""
    n, m = len(pairs.size), len(pairs.room)
    grouped = np.flatnonzero(pairs.group >= 0)
    first = {int(g): int(s) for s, g in zip(grouped[::-1], pairs.group[grouped][::-1], strict=True)}
    hub = np.array([first[int(g)] for g in pairs.group[grouped]], dtype=np.int64)
    heads = np.concatenate([pairs.need, n + grouped])
    tails = np.concatenate([n + pairs.site, n + hub])
    joins = coo_array((np.ones(len(heads)), (heads, tails)), shape=(n + m, n + m))
    count, piece = connected_components(joins, directed=False)
    order = np.argsort(piece[pairs.need], kind="stable")
    edges = np.searchsorted(piece[pairs.need][order], np.arange(count + 1))
    place = np.full(n + m, NONE)
    for number in range(count):
        rows = order[edges[number] : edges[number + 1]]
        if not len(rows):
            continue
        needs, sites = np.unique(pairs.need[rows]), np.unique(pairs.site[rows])
        place[needs], place[n + sites] = np.arange(len(needs)), np.arange(len(sites))
        part = replace(
            pairs,
            need=place[pairs.need[rows]],
            site=place[n + pairs.site[rows]],
            cost=pairs.cost[rows],
            size=pairs.size[needs],
            rank=pairs.rank[needs],
            room=pairs.room[sites],
            group=pairs.group[sites],
            required=pairs.required[sites],
        )
        yield part, needs, sites


def _takes_one_each(part: Pairs) -> bool:
    """Return whether no site can take two of its needs, and no two sites exclude each other."""
    groups = part.group[part.group >= 0]
    if len(np.unique(groups)) < len(groups):
        return False
    if not part.shared:
        return True
    order = np.lexsort((part.size[part.need], part.site))
    site, size = part.site[order], part.size[part.need][order]
    second = np.flatnonzero((site[1:] == site[:-1]) & np.r_[True, site[1:-1] != site[:-2]]) + 1
    return bool((size[second] + size[second - 1] > part.room[site[second]]).all())


def _single(part: Pairs) -> Answer:
    """Solve a piece whose sites take one need each, exactly, as one assignment.

    The sets of needs that can be answered at once are the independent sets of a transversal matroid. In a
    matroid any weights that fall with the rank have the same heaviest bases, and these hold as many needs of
    each rank as possible in their order. So weights of 1, 2, 3 ... times more than all costs together keep
    the order, and required sites cost no need (Mendelsohn and Dulmage 1958).
    """
    worst = np.zeros(len(part.size))
    np.maximum.at(worst, part.need, part.cost)
    step = 2.0 * float(worst.sum()) + 1.0
    gain = (part.ranks - part.rank[part.need]) * step - part.cost
    bonus = step * (part.ranks * len(part.size) + 1)
    worth = np.zeros((len(part.size), len(part.room)))
    worth[part.need, part.site] = gain + bonus * part.required[part.site]
    needs, sites = linear_sum_assignment(worth, maximize=True)
    real = worth[needs, sites] > 0
    site_of = np.full(len(part.size), NONE)
    site_of[needs[real]] = sites[real]
    served, cost = served_by_rank(part, site_of), cost_of(part, site_of)
    return Answer(site_of, served, served, cost, cost, closed=True, stopped_by="")


def _staged(part: Pairs, time_limit_s: float, gap: float, start: Ints | None = None) -> Answer:
    """Solve a piece stage by stage: the needs of each rank in their order, then the cost."""
    ends = time.monotonic() + time_limit_s
    best = _started(part, ends) if start is None else start
    options = np.unique(part.need)
    most = np.bincount(part.rank[options], minlength=part.ranks)
    programme = Programme.of(part)
    stopped = ""
    for rank in range(part.ranks):
        held = int(served_by_rank(part, best)[rank])
        if most[rank] > held:
            now = time.monotonic()
            bound, better, why = programme.stage(rank, best, now + STAGE_TIME * (ends - now), gap)
            best = best if better is None else better
            held = int(served_by_rank(part, best)[rank])
            most[rank] = max(held, min(most[rank], bound))
            stopped = stopped or (why if most[rank] > held else "")
        programme = programme.with_floor(rank, held)
    least, better, why = programme.cheapest(best, ends, gap)
    best = best if better is None else better
    served, cost = served_by_rank(part, best), cost_of(part, best)
    proven = cost - least <= NOISE * max(1.0, cost)
    stopped = stopped or ("" if proven else why)
    least = cost if proven else least
    return Answer(best, served, most, cost, least, closed=not stopped, stopped_by=stopped)


def _started(part: Pairs, ends: float) -> Ints:
    """Return a plan to start from: searched, and in a large piece made better on the pairs most likely used."""
    best = searched(part, ends)
    if len(part.need) <= LARGE_PAIRS:
        return best
    core = np.union1d(_likely(part), np.flatnonzero(best[part.need] == part.site))
    small = replace(part, need=part.need[core], site=part.site[core], cost=part.cost[core])
    left = max(0.0, ends - time.monotonic())
    found = _staged(small, CORE_TIME * left, CORE_GAP, best).site_of
    return min(best, found, key=lambda one: (*(-served_by_rank(part, one)), cost_of(part, one)))


def _likely(part: Pairs) -> Ints:
    """Return each need's cheapest pairs, and those with the smallest rooms."""
    cheap = np.lexsort((part.cost, part.need))
    tight = np.lexsort((part.room[part.site], part.need))
    starts = np.searchsorted(part.need[cheap], np.arange(len(part.size)))
    place = np.arange(len(cheap)) - starts[part.need[cheap]]
    return np.union1d(cheap[place < CORE_CHEAP], tight[place < CORE_TIGHT])
