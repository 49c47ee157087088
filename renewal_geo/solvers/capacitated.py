"""Siting where a site serves only so many, and demand may be split: one sparse integer programme for all models.

Open a site or not, and give each row of demand in parts to open sites that reach it; a site's parts may not
weigh more than its capacity. For a given set of open sites the parts are a transport problem.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array, vstack

from renewal_geo.solvers.covering_programmes import Programme, solve
from renewal_geo.solvers.siting import Choice

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
WHOLE = 0.5
TIE = 1e-9  # relative: what is better by less is not better
EASIER, EASIER_GAP = 0.3, 0.002  # share of the time for the problem without capacities, and its gap
NOISE = 1e-7  # share of a row, or of all weight, that counts as none


@dataclass(frozen=True, slots=True, eq=False)
class Allotment(Choice):
    """A choice whose rows are served in parts: row, site and share (0..1] of each part.

    `unserved` is the weight of coverable rows that no part serves.
    """

    part_row: Ints = None  # type: ignore[assignment]
    part_site: Ints = None  # type: ignore[assignment]
    part_share: Floats = None  # type: ignore[assignment]
    unserved: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Who may serve whom: entries (row, site, cost) with weight and capacity, rows and sites numbered 0 on."""

    row: Ints
    site: Ints
    cost: Floats
    weight: Floats
    capacity: Floats

    @classmethod
    def of(cls, costs: Any, weight: Floats, capacity: Floats | None) -> Pairs:
        """Read dense costs (inf: no) or sparse ones (absent: no)."""
        if isinstance(costs, np.ndarray):
            row, site = np.nonzero(np.isfinite(costs))
            cost = costs[row, site]
        else:
            row = np.repeat(np.arange(costs.shape[0]), np.diff(costs.indptr))
            site, cost = costs.indices, costs.data
        full = np.full(costs.shape[1], np.inf) if capacity is None else capacity
        return cls(
            row.astype(np.int64), site.astype(np.int64), np.asarray(cost, float), weight, full
        )

    def within(self, keep: Flags) -> Pairs:
        """Return some of the entries."""
        return replace(self, row=self.row[keep], site=self.site[keep], cost=self.cost[keep])

    @property
    def reachable(self) -> Flags:
        """Length n: rows with an entry."""
        return np.bincount(self.row, minlength=len(self.weight)) > 0

    @property
    def total(self) -> float:
        """Weight of the rows with an entry."""
        return float(self.weight[self.reachable].sum())


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """What a plan must keep: fixed sites, at most p others (None: any number), groups, and the clock."""

    fixed: Ints
    p: int | None
    groups: Sequence[Sequence[int]]
    end: float
    gap: float
    seed: int

    @property
    def left(self) -> float:
        """Seconds until the end."""
        return max(0.05, self.end - time.monotonic())


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """Open sites, value and bound of one programme."""

    plan: Ints
    value: float
    bound: float
    closed: bool


def assign(
    model: str,
    costs: Any,
    weight: Floats,
    p: int | None,
    capacity: Floats | None,
    *,
    fixed: Sequence[int] | Ints = (),
    exclusive: Sequence[Sequence[int]] = (),
    time_limit_s: float = 60.0,
    gap: float = 0.0,
    seed: int = 0,
) -> Allotment:
    """Choose sites with capacities, or with exclusive groups that overlap.

    Parameters
    ----------
    model
        lscp, mclp, p_median or p_center.
    costs
        n x m: dense with inf, or sparse with explicit entries.
    weight
        Length n, >= 0; rows may be served in parts.
    p
        Sites to open besides the fixed ones, at most; None for lscp.
    capacity
        Length m, inf for any; None for all inf.
    fixed, exclusive, time_limit_s, gap, seed
        As in :mod:`renewal_geo.solvers.covering`; fixed sites may stand in one group.

    Notes
    -----
    A row of weight 0 asks for nothing; it is served where an open site reaches it.

    Returns
    -------
    Allotment
        `served` is the site of each row's largest part. Where not all coverable demand can be served (lscp,
        p_median, p_center), `feasible` is False and the plan serves as much as it can.
    """
    pairs = Pairs.of(costs, np.asarray(weight, float), capacity)
    terms = Terms(
        np.unique(np.asarray(fixed, dtype=np.int64)), p, exclusive, time.monotonic() + time_limit_s,
        gap, seed,
    )  # fmt: skip
    everyone = pairs
    pairs = pairs.within(pairs.weight[pairs.row] > 0)
    widest = _widest(pairs, terms)
    if model == "mclp":
        return _allotted(everyone, terms, widest, feasible=True)
    if widest.value < pairs.total * (1 - NOISE) - NOISE:
        return _allotted(everyone, terms, widest, feasible=False)
    if model == "lscp":
        return _allotted(everyone, terms, _least(pairs, terms, widest), feasible=True)
    if model == "p_median":
        return _allotted(everyone, terms, _cheapest(pairs, terms, widest), feasible=True)
    return _shortest(pairs, terms, widest)


def transport(pairs: Pairs, chosen: Ints) -> tuple[Ints, Ints, Floats]:
    """Serve as much as the chosen sites can, and that at the least cost; return row, site, share of the parts."""
    open_ = np.zeros(len(pairs.capacity), dtype=bool)
    open_[chosen] = True
    part = pairs.within(open_[pairs.site])
    count = len(part.row)
    if not count:
        return part.row, part.site, np.empty(0)
    load = np.maximum(part.weight[part.row], 0.0)
    # one more unit served may push others along every site: it must be worth all that
    top = float(part.cost.max(initial=0.0))
    prize = (len(chosen) + 1) * max(top, 1e-12)
    unit = max(float((load * prize).max()), 1e-300)
    value = np.where(load > 0, load * (part.cost - prize) / unit, part.cost / max(top, 1e-12) - 2.0)
    limited = np.flatnonzero(np.isfinite(pairs.capacity) & open_)
    rows = vstack([_sums(part.row, None, len(pairs.weight)), _loads(part, limited)], format="csr")
    high = np.concatenate([np.ones(len(pairs.weight)), pairs.capacity[limited] / _unit(pairs)])
    solved = solve(
        Programme(
            value, csr_array(rows), np.full(len(high), -np.inf), high, np.ones(count),
            np.zeros(count, dtype=bool),
        ),
        time_limit_s=60.0,
        relaxed=True,
    )  # fmt: skip
    share = np.zeros(count) if solved.x is None else np.clip(solved.x, 0.0, 1.0)
    kept = share > NOISE
    return part.row[kept], part.site[kept], share[kept]


def served_weight(pairs: Pairs, row: Ints, share: Floats) -> float:
    """Return the weight that parts serve; rows that are full but for rounding count as full."""
    of_row = np.minimum(np.bincount(row, share, minlength=len(pairs.weight)), 1.0)
    of_row[of_row > 1 - NOISE] = 1.0
    return float(pairs.weight @ of_row)


def _unit(pairs: Pairs) -> float:
    """Return a power of two near the largest weight: the solver's tolerances then fit."""
    top = float(pairs.weight.max(initial=0.0))
    return 2.0 ** math.ceil(math.log2(top)) if top > 0 else 1.0


def _sums(number: Ints, value: Floats | None, count: int) -> csr_array:
    """Return rows that add up the entries with one number."""
    entry = np.arange(len(number))
    data = np.ones(len(number)) if value is None else value
    return coo_array((data, (number, entry)), shape=(count, len(number))).tocsr()


def _loads(pairs: Pairs, sites: Ints) -> csr_array:
    """Return a row per site that weighs its parts."""
    place = np.full(len(pairs.capacity), -1, dtype=np.int64)
    place[sites] = np.arange(len(sites))
    inside = np.flatnonzero(place[pairs.site] >= 0)
    load = pairs.weight[pairs.row[inside]] / _unit(pairs)
    return coo_array(
        (load, (place[pairs.site[inside]], inside)), shape=(len(sites), len(pairs.row))
    ).tocsr()


def _programme(
    pairs: Pairs, terms: Terms, site_cost: float, part_cost: Floats, *, whole: bool
) -> tuple[Programme, Ints]:
    """Return the programme: columns are the free sites, then the parts; `whole`: each row in full."""
    m, e = len(pairs.capacity), len(pairs.row)
    free = np.setdiff1d(np.unique(pairs.site), terms.fixed)
    place = np.full(m, -1, dtype=np.int64)
    place[free] = np.arange(len(free))
    k = len(free)
    reachable = np.flatnonzero(pairs.reachable)
    number = np.full(len(pairs.weight), -1, dtype=np.int64)
    number[reachable] = np.arange(len(reachable))

    def beside(parts: csr_array, sites: csr_array | None = None) -> csr_array:
        left = csr_array((parts.shape[0], k)) if sites is None else sites
        return csr_array(coo_array(_joined(left, parts)))

    rows = [beside(_sums(number[pairs.row], None, len(reachable)))]
    low = [np.full(len(reachable), 1.0 if whole else -np.inf)]
    high = [np.ones(len(reachable))]
    limited = np.flatnonzero(np.isfinite(pairs.capacity))
    size = pairs.capacity[limited] / _unit(pairs)
    of_free = place[limited] >= 0
    opened = coo_array(
        (-size[of_free], (np.flatnonzero(of_free), place[limited[of_free]])),
        shape=(len(limited), k),
    ).tocsr()
    rows.append(beside(_loads(pairs, limited), opened))
    low.append(np.full(len(limited), -np.inf))
    high.append(np.where(of_free, 0.0, size))
    # a part needs its site open: one row per entry keeps the relaxation tight
    entry = np.flatnonzero(place[pairs.site] >= 0)
    links = len(entry)
    rows.append(
        coo_array(
            (
                np.concatenate([np.ones(links), -np.ones(links)]),
                (
                    np.tile(np.arange(links), 2),
                    np.concatenate([k + entry, place[pairs.site[entry]]]),
                ),
            ),
            shape=(links, k + e),
        ).tocsr()
    )
    low.append(np.full(links, -np.inf))
    high.append(np.zeros(links))
    limits, most = _site_rows(terms, place, k)
    rows.append(csr_array(coo_array(_joined(limits, csr_array((len(most), e))))))
    low.append(np.full(len(most), -np.inf))
    high.append(most)
    asked = Programme(
        np.concatenate([np.full(k, site_cost), part_cost]),
        csr_array(vstack(rows)),
        np.concatenate(low),
        np.concatenate(high),
        np.ones(k + e),
        np.arange(k + e) < k,
    )
    return asked, free


def _joined(left: csr_array, right: csr_array) -> Any:
    from scipy.sparse import hstack

    return hstack([left, right], format="csr")


def _site_rows(terms: Terms, place: Ints, k: int) -> tuple[csr_array, Floats]:
    """Return the rows on open sites: their number, and each exclusive group."""
    rows, most = [], []
    if terms.p is not None:
        rows.append(np.ones(k))
        most.append(float(terms.p))
    for group in terms.groups:
        members = np.asarray(group, dtype=np.int64)
        row = np.zeros(k)
        inside = place[members]
        row[inside[inside >= 0]] = 1.0
        rows.append(row)
        most.append(max(0.0, 1.0 - float(np.isin(members, terms.fixed).sum())))
    return csr_array(np.array(rows).reshape(len(rows), k)), np.array(most)


def _greedy(pairs: Pairs, terms: Terms) -> Ints:
    """Open the site that serves the most of what is left, again and again."""
    n, m = len(pairs.weight), len(pairs.capacity)
    left = np.where(pairs.reachable, pairs.weight, 0.0)
    by_site = np.argsort(pairs.site, kind="stable")
    ends = np.searchsorted(pairs.site[by_site], np.arange(m + 1))
    barred = np.zeros(m, dtype=bool)
    plan: list[int] = []

    def open_site(j: int) -> None:
        entry = by_site[ends[j] : ends[j + 1]]
        entry = entry[np.argsort(pairs.cost[entry], kind="stable")]
        load = left[pairs.row[entry]]
        before = np.cumsum(load) - load
        taken = np.clip(pairs.capacity[j] - before, 0.0, load)
        left[pairs.row[entry]] -= taken
        plan.append(j)
        barred[j] = True
        for group in terms.groups:
            if j in group:
                barred[list(group)] = True

    for j in terms.fixed.tolist():
        open_site(j)
    most = m if terms.p is None else terms.p
    for _ in range(most):
        hope = np.bincount(pairs.site, left[pairs.row], minlength=m)
        rated = np.where(barred, -1.0, np.minimum(hope, pairs.capacity))
        j = int(np.argmax(rated))
        if rated[j] <= NOISE * max(1.0, float(pairs.weight.sum())) or n == 0:
            break
        open_site(j)
    return np.array(sorted(plan), dtype=np.int64)


def _plan(x: Floats | None, free: Ints, fixed: Ints) -> Ints | None:
    if x is None:
        return None
    return np.sort(np.concatenate([fixed, free[x[: len(free)] > WHOLE]]))


def _widest(pairs: Pairs, terms: Terms) -> _Found:
    """Serve the greatest weight."""
    unit = _unit(pairs)
    plan = _greedy(pairs, terms)
    row, _, share = transport(pairs, plan)
    value = served_weight(pairs, row, share)
    total = pairs.total
    if value >= total * (1 - NOISE):
        return _Found(plan, total, total, closed=True)
    asked, free = _programme(pairs, terms, 0.0, -pairs.weight[pairs.row] / unit, whole=False)
    found = solve(
        asked, time_limit_s=terms.left, gap=terms.gap, seed=terms.seed,
        cutoff=-value / unit * (1 - 1e-9) + 1e-9,
    )  # fmt: skip
    other = _plan(found.x, free, terms.fixed)
    if other is not None:
        row, _, share = transport(pairs, other)
        better = served_weight(pairs, row, share)
        if better > value:
            plan, value = other, better
    bound = min(total, max(value, -found.bound * unit))
    if _counts(pairs):
        bound = max(value, math.floor(bound + 1e-5))
    closed = (found.closed and terms.gap <= 0) or bound <= value * (1 + 1e-9)
    return _Found(plan, value, value if closed else bound, closed=closed)


def _counts(pairs: Pairs) -> bool:
    """Return whether weights and capacities are whole: then so is the best weight served."""
    size = pairs.capacity[np.isfinite(pairs.capacity)]
    return bool((pairs.weight == np.round(pairs.weight)).all() and (size == np.round(size)).all())


def _least(pairs: Pairs, terms: Terms, known: _Found) -> _Found:
    """Serve all with the fewest sites."""
    asked, free = _programme(pairs, terms, 1.0, np.zeros(len(pairs.row)), whole=True)
    top = len(known.plan) - len(terms.fixed)
    found = solve(asked, time_limit_s=terms.left, gap=terms.gap, seed=terms.seed, cutoff=top - 0.5)
    plan = _plan(found.x, free, terms.fixed)
    plan = known.plan if plan is None else plan
    bound = min(len(plan), len(terms.fixed) + math.ceil(max(0.0, found.bound - 1e-6)))
    closed = bound == len(plan)
    return _Found(plan, float(len(plan)), float(bound), closed=closed)


def _cheapest(pairs: Pairs, terms: Terms, known: _Found) -> _Found:
    """Serve all at the least cost, which without capacities would be no more."""
    from renewal_geo.solvers.medians import nearest  # numba: only for this model

    free_of_limits = nearest(
        csr_array((pairs.cost, (pairs.row, pairs.site)), shape=(len(pairs.weight), len(pairs.capacity))),
        pairs.weight, terms.p or 0, fixed=terms.fixed, exclusive=terms.groups,
        time_limit_s=EASIER * terms.left, gap=max(terms.gap, EASIER_GAP), seed=terms.seed,
    )  # fmt: skip
    plan, value = known.plan, _cost(pairs, known.plan)
    row, _, share = transport(pairs, free_of_limits.chosen)
    if served_weight(pairs, row, share) >= pairs.total * (1 - NOISE):
        other = _cost(pairs, free_of_limits.chosen)
        plan, value = (free_of_limits.chosen, other) if other < value else (plan, value)
    floor = free_of_limits.bound if free_of_limits.feasible else 0.0
    if floor >= value * (1 - terms.gap) - TIE * value:
        return _Found(plan, value, min(value, floor), closed=floor >= value * (1 - TIE))
    worth = pairs.weight[pairs.row] * pairs.cost
    unit = max(float(worth.max(initial=0.0)) / 1e3, 1e-300)
    asked, free = _programme(pairs, terms, 0.0, worth / unit, whole=True)
    found = solve(
        asked, time_limit_s=terms.left, gap=terms.gap, seed=terms.seed,
        cutoff=value / unit * (1 - TIE) + TIE,
    )  # fmt: skip
    better = _plan(found.x, free, terms.fixed)
    if better is not None:
        cost = _cost(pairs, better)
        plan, value = (better, cost) if cost < value else (plan, value)
    bound = min(value, max(floor, found.bound * unit))
    closed = found.closed and terms.gap <= 0
    return _Found(plan, value, value if closed else bound, closed=closed)


def _cost(pairs: Pairs, plan: Ints) -> float:
    row, site, share = transport(pairs, plan)
    m = len(pairs.capacity)
    order = np.argsort(pairs.row * m + pairs.site)
    entry = order[np.searchsorted(pairs.row * m + pairs.site, row * m + site, sorter=order)]
    return float((pairs.weight[row] * share * pairs.cost[entry]).sum())


def _shortest(pairs: Pairs, terms: Terms, known: _Found) -> Allotment:
    """Serve all within the least largest cost: halve the costs between what fails and what works."""
    nearest = np.full(len(pairs.weight), -np.inf)
    held = pairs.reachable
    nearest[held] = np.inf
    np.minimum.at(nearest, pairs.row, pairs.cost)
    levels = np.unique(pairs.cost[pairs.cost >= nearest[held].max(initial=-np.inf)])
    low, high = 0, len(levels) - 1  # levels below `low` fail for certain, `high` works
    best, proven = known, True
    while low < high:
        middle = (low + high) // 2
        part = pairs.within(pairs.cost <= levels[middle])
        found = _widest(part, terms)
        if found.value >= pairs.total * (1 - NOISE):
            best, high = found, middle
        elif found.bound < pairs.total * (1 - NOISE):
            low = middle + 1
        else:  # the clock ended before it was known
            proven = False
            break
    part = pairs.within(pairs.cost <= levels[high]) if len(levels) else pairs
    made = _allotted(part, terms, best, feasible=True)
    top = float(levels[high]) if len(levels) else 0.0
    bottom = float(levels[low]) if len(levels) else 0.0
    return replace(
        made, objective=top, bound=bottom, closed=proven, stopped_by="" if proven else "time"
    )


def _filled(pairs: Pairs, terms: Terms, plan: Ints) -> Ints:
    """Add sites that are no worse open, lowest numbers first, until there are p."""
    chosen = plan.tolist()
    for j in range(len(pairs.capacity)):
        if terms.p is None or len(chosen) >= terms.p + len(terms.fixed):
            break
        if j not in chosen and not any(
            j in g and set(g) & set(chosen) for g in map(list, terms.groups)
        ):
            chosen.append(j)
    return np.array(sorted(chosen), dtype=np.int64)


def _allotted(pairs: Pairs, terms: Terms, found: _Found, *, feasible: bool) -> Allotment:
    """Share the demand out between the sites of a plan."""
    plan = _filled(pairs, terms, found.plan)
    row, site, share = transport(pairs, plan)
    served = np.full(len(pairs.weight), -1, dtype=np.int64)
    order = np.lexsort((-site, share, row))
    served[row[order]] = site[order]
    return Allotment(
        chosen=plan,
        served=served,
        objective=found.value,
        bound=found.bound,
        closed=found.closed,
        stopped_by="" if found.closed else "time" if time.monotonic() >= terms.end else "gap",
        feasible=feasible,
        part_row=row,
        part_site=site,
        part_share=share,
        unserved=pairs.total - served_weight(pairs, row, share),
    )
