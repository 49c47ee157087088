"""A search of our own for needs on sites: place, make room, exchange; whatever a solver finds is compared with it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
NONE = -1
ROUNDS = 60
WORK = 1_500_000  # looks at a pair, per plan: about a second
ROUNDING_M2 = 1e-6
LEAST_SHARE = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Who fits where: n needs, m sites, p pairs that may be matched.

    Attributes
    ----------
    need, site, cost
        Length p: numbers of need and site, cost (>= 0) of answering the one by the other.
    size, rank
        Length n: area that a need takes, its rank (0 first).
    room, group, required
        Length m: area of a site, number of its exclusive group (-1 none: of a group one site at most is
        used), whether some need must be on it.
    shared
        Whether a site may take several needs.
    ranks
        Number of ranks.
    """

    need: Ints
    site: Ints
    cost: Floats
    size: Floats
    rank: Ints
    room: Floats
    group: Ints
    required: Bools
    shared: bool
    ranks: int

    def keeps(self, site_of: Ints) -> bool:
        """Return whether a plan keeps every limit: room, one need each, groups, required sites."""
        there = np.flatnonzero(site_of >= 0)
        load = np.bincount(site_of[there], self.size[there], minlength=len(self.room))
        count = np.bincount(site_of[there], minlength=len(self.room))
        used = self.group[(count > 0) & (self.group >= 0)]
        return bool(
            (load <= self.room + ROUNDING_M2).all()
            and (self.shared or (count <= 1).all())
            and len(np.unique(used)) == len(used)
            and (count[self.required] > 0).all()
        )


def served_by_rank(pairs: Pairs, site_of: Ints) -> Ints:
    """Return how many needs of each rank are answered."""
    counts: Ints = np.bincount(pairs.rank[site_of >= 0], minlength=pairs.ranks).astype(np.int64)
    return counts


def cost_of(pairs: Pairs, site_of: Ints) -> float:
    """Return the cost of the pairs that a plan uses."""
    return float(pairs.cost[site_of[pairs.need] == pairs.site].sum())


def searched(pairs: Pairs, ends: float) -> Ints:
    """Return the best of a few greedy plans, each made better by moves and exchanges while they help.

    After the clock has reached `ends` no further plan is begun.

    Returns
    -------
    ndarray
        Length n, the site of each need or -1. Keeps every limit; no chance in it.
    """
    options = np.bincount(pairs.need, minlength=len(pairs.size))
    orders = (
        np.lexsort((pairs.size, options, pairs.rank)),
        np.lexsort((pairs.size, pairs.rank)),
        np.lexsort((-pairs.size, pairs.rank)),
    )
    plans: list[Ints] = []
    for order in orders:
        for tight in (False, True):
            if plans and time.monotonic() > ends:
                break
            plan = _Plan.of(pairs)
            plan.seat_required()
            plan.place(order.tolist(), tight=tight)
            plan.improve(order.tolist())
            plans.append(plan.array())
    return min(plans, key=lambda one: (*(-served_by_rank(pairs, one)), cost_of(pairs, one)))


def rounded(pairs: Pairs, share: Floats) -> Ints:
    """Return a plan that follows a relaxed one, and is made better by moves and exchanges.

    `share` says how much of each of the p pairs the relaxed plan uses.
    """
    plan = _Plan.of(pairs)
    plan.seat_required()
    for pair in np.lexsort((pairs.cost, -share)).tolist():
        need, site = int(pairs.need[pair]), int(pairs.site[pair])
        if share[pair] <= LEAST_SHARE:
            break
        if plan.site_of[need] == NONE and plan.fits(need, site):
            plan.put(need, site)
    order = np.lexsort((-pairs.size, pairs.rank)).tolist()
    plan.place(order, tight=False)
    plan.improve(order)
    return plan.array()


@dataclass(slots=True, eq=False)
class _Plan:
    pairs: Pairs
    choices: list[list[tuple[float, int]]]  # per need: cost and site, cheapest first
    cost: list[dict[int, float]]
    site_of: list[int]
    left: list[float]
    on: list[set[int]]
    holder: dict[int, int] = field(default_factory=dict)  # exclusive group -> the site that it uses
    looks: int = 0

    @classmethod
    def of(cls, pairs: Pairs) -> _Plan:
        cost: list[dict[int, float]] = [{} for _ in pairs.size]
        for need, site, price in zip(
            pairs.need.tolist(), pairs.site.tolist(), pairs.cost.tolist(), strict=True
        ):
            cost[need][site] = price
        choices = [sorted((price, site) for site, price in one.items()) for one in cost]
        return cls(
            pairs, choices, cost, [NONE] * len(pairs.size), pairs.room.tolist(),
            [set() for _ in pairs.room],
        )  # fmt: skip

    def array(self) -> Ints:
        return np.array(self.site_of, dtype=np.int64)

    def free(self, site: int) -> bool:
        """Return whether the site's exclusive group leaves it open."""
        group = int(self.pairs.group[site])
        return group < 0 or self.holder.get(group, site) == site

    def fits(self, need: int, site: int, spare: float = 0.0, gone: int = 0) -> bool:
        """Return whether a need has room on a site once `spare` is given back by `gone` needs."""
        self.looks += 1
        if not self.free(site):
            return False
        if not self.pairs.shared and len(self.on[site]) > gone:
            return False
        return float(self.pairs.size[need]) <= self.left[site] + spare + ROUNDING_M2

    def put(self, need: int, site: int) -> None:
        self.site_of[need] = site
        self.on[site].add(need)
        self.left[site] -= float(self.pairs.size[need])
        group = int(self.pairs.group[site])
        if group >= 0:
            self.holder[group] = site

    def take(self, need: int) -> None:
        site = self.site_of[need]
        self.site_of[need] = NONE
        self.on[site].discard(need)
        self.left[site] += float(self.pairs.size[need])
        group = int(self.pairs.group[site])
        if group >= 0 and not self.on[site]:
            del self.holder[group]

    def movable(self, need: int) -> bool:
        """Return whether a need may leave its site: a required one keeps its last need."""
        site = self.site_of[need]
        return not self.pairs.required[site] or len(self.on[site]) > 1

    def seat_required(self) -> None:
        """Give each required site one need, rarer needs first by alternating paths."""
        wanted = np.flatnonzero(self.pairs.required).tolist()
        holder: dict[int, int] = {}  # need -> site

        def seat(site: int, seen: set[int]) -> bool:
            for need in fitting[site]:
                if need in seen:
                    continue
                seen.add(need)
                if need not in holder or seat(holder[need], seen):
                    holder[need] = site
                    return True
            return False

        fitting = {
            site: [need for need in self._by_rank() if site in self.cost[need]] for site in wanted
        }
        for site in wanted:
            seat(site, set())
        for need, site in holder.items():
            self.put(need, site)

    def _by_rank(self) -> list[int]:
        return [int(one) for one in np.argsort(self.pairs.rank, kind="stable")]

    def place(self, order: list[int], *, tight: bool) -> None:
        """Put each need on its cheapest site with room, or on the tightest one."""
        for need in order:
            if self.site_of[need] != NONE:
                continue
            open_ = [site for _, site in self.choices[need] if self.fits(need, site)]
            if open_:
                self.put(need, min(open_, key=lambda j: self.left[j]) if tight else open_[0])

    def improve(self, order: list[int]) -> None:
        for _ in range(ROUNDS):
            moved = self._make_room(order)
            moved |= self._cheaper(order)
            if not moved:
                return

    def _make_room(self, order: list[int]) -> bool:
        """Answer a need by moving another on, or by taking a later rank off."""
        moved = False
        for need in order:
            if self.site_of[need] == NONE and self.looks < WORK:
                moved |= self._squeezed(need)
        return moved

    def _squeezed(self, need: int) -> bool:
        for _, site in self.choices[need]:
            if self.fits(need, site):
                self.put(need, site)
                return True
        for other, site in self._occupants(need):
            away = (s for _, s in self.choices[other] if s != site and self.fits(other, s))
            place = next(away, NONE)
            if place != NONE or self.pairs.rank[other] > self.pairs.rank[need]:
                self.take(other)
                self.put(need, site)
                if place != NONE:
                    self.put(other, place)
                return True
        return False

    def _occupants(self, need: int) -> Iterator[tuple[int, int]]:
        """Yield whose leaving would make room for a need, and where."""
        for _, site in self.choices[need]:
            for other in sorted(self.on[site]):
                if self.fits(need, site, float(self.pairs.size[other]), 1):
                    yield other, site

    def _cheaper(self, order: list[int]) -> bool:
        """Move a need to a cheaper site, or exchange two, where that saves."""
        moved = False
        for need in order:
            here = self.site_of[need]
            if here != NONE and self.movable(need) and self.looks < WORK:
                moved |= self._moved(need, here) or self._exchanged(need, here)
        return moved

    def _moved(self, need: int, here: int) -> bool:
        for price, site in self.choices[need]:
            if price >= self.cost[need][here] - ROUNDING_M2:
                return False
            if self.fits(need, site):
                self.take(need)
                self.put(need, site)
                return True
        return False

    def _exchanged(self, need: int, here: int) -> bool:
        size = self.pairs.size
        for price, site in self.choices[need]:
            if price >= self.cost[need][here] - ROUNDING_M2:
                return False
            for other in sorted(self.on[site]):
                if here not in self.cost[other]:
                    continue
                saved = (
                    self.cost[need][here] + self.cost[other][site] - price - self.cost[other][here]
                )
                if (
                    saved > ROUNDING_M2
                    and self.fits(need, site, float(size[other]), 1)
                    and self.fits(other, here, float(size[need]), 1)
                ):
                    self.take(need)
                    self.take(other)
                    self.put(need, site)
                    self.put(other, here)
                    return True
        return False
