"""The linear programme of needs on sites: what every plan keeps, stage by stage, asked of HiGHS."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import coo_array, csr_array, hstack, vstack

from renewal_geo.solvers.matching_search import (
    NONE,
    ROUNDING_M2,
    Pairs,
    cost_of,
    rounded,
    served_by_rank,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
WHOLE = 0.5
NOISE = 1e-7  # relative to a cost: what a linear programme may be off
COUNT_NOISE = 1e-5
SHORTEST_S = 0.05
CLOSED, NO_PLAN = 0, 2  # of scipy
LARGEST_MIP = 20_000  # pairs; above, HiGHS does not even look at the clock for minutes


@dataclass(frozen=True, slots=True, eq=False)
class Programme:
    """The rows that every plan of a piece keeps: x per pair, then y per site of an exclusive group."""

    part: Pairs
    rows: csr_array
    low: Floats
    high: Floats
    doubt: int

    @classmethod
    def of(cls, part: Pairs) -> Programme:
        """Return the programme of a piece."""
        n, m, p = len(part.size), len(part.room), len(part.need)
        number = np.arange(p)
        ones = np.ones(p)
        at_need = coo_array((ones, (part.need, number)), shape=(n, p)).tocsr()
        at_site = coo_array((ones, (part.site, number)), shape=(m, p)).tocsr()
        load = coo_array((part.size[part.need], (part.site, number)), shape=(m, p)).tocsr()
        least = np.where(part.required, 1.0, 0.0)
        blocks = [at_need, at_site]
        low, high = [np.zeros(n), least], [np.ones(n), _most_on(part)]
        if part.shared:
            blocks.append(load)
            low.append(np.zeros(m))
            high.append(part.room)
        rows = vstack(blocks, format="csr")
        grouped = np.flatnonzero(part.group >= 0)
        if len(grouped):
            rows = _with_groups(part, rows, grouped)
            more = rows.shape[0] - sum(len(one) for one in low)
            one_each = np.arange(more) < len(np.unique(part.group[grouped]))
            low.append(np.full(more, -np.inf))
            high.append(one_each.astype(float))
        return cls(part, rows, np.concatenate(low), np.concatenate(high), len(grouped))

    def with_floor(self, rank: int, held: int) -> Programme:
        """Return the programme in which at least `held` needs of a rank are answered."""
        row = csr_array(self.counts(rank).reshape(1, -1))
        return replace(
            self,
            rows=vstack([self.rows, row], format="csr"),
            low=np.r_[self.low, float(held)],
            high=np.r_[self.high, np.inf],
        )

    def counts(self, rank: int) -> Floats:
        """Return 1 for every pair of a rank."""
        one = (self.part.rank[self.part.need] == rank).astype(float)
        made: Floats = np.r_[one, np.zeros(self.doubt)]
        return made

    def stage(self, rank: int, best: Ints, ends: float, gap: float) -> tuple[int, Ints | None, str]:
        """Return a bound on the needs of a rank, a plan with more of them or None, and what stopped it."""
        held = int(served_by_rank(self.part, best)[rank])
        price = -self.counts(rank)
        relaxed = self.solve(price, ends, whole=False)
        if relaxed.status != CLOSED:
            return len(self.part.size), None, "time"
        bound = int(np.floor(-relaxed.fun + COUNT_NOISE))
        if bound <= held or bound - held <= gap * bound:
            return bound, None, "gap"
        if len(price) > LARGEST_MIP:
            return bound, None, "work"
        more = self.with_floor(rank, held + 1)
        solved = more.solve(price, ends, whole=True, gap=gap)
        if solved.status == NO_PLAN:
            return held, None, ""
        if solved.mip_dual_bound is not None and np.isfinite(solved.mip_dual_bound):
            bound = min(bound, int(np.floor(-solved.mip_dual_bound + COUNT_NOISE)))
        return bound, self._plan(solved), _why(solved, gap)

    def cheapest(self, best: Ints, ends: float, gap: float) -> tuple[float, Ints | None, str]:
        """Return a bound on the cost, a cheaper plan or None, and what stopped the search."""
        held = cost_of(self.part, best)
        price = np.r_[self.part.cost, np.zeros(self.doubt)]
        relaxed = self.solve(price, ends, whole=False)
        if relaxed.status != CLOSED:
            return 0.0, None, "time"
        noise = NOISE * max(1.0, abs(held))
        bound = max(0.0, float(relaxed.fun) - noise)
        if held - bound <= 2 * noise or held - bound <= gap * held:
            return bound if held - bound > 2 * noise else held, None, "gap"
        better = self._cheaper(best, rounded(self.part, relaxed.x[: len(self.part.need)]))
        held = held if better is None else cost_of(self.part, better)
        shut = relaxed.lower.marginals > held - bound + noise
        if (~shut).sum() > LARGEST_MIP or ends - time.monotonic() < SHORTEST_S:
            return bound, better, "work"
        solved = self.solve(price, ends, whole=True, gap=gap, shut=shut)
        if solved.status == NO_PLAN:
            return held, better, ""
        if solved.mip_dual_bound is not None and np.isfinite(solved.mip_dual_bound):
            bound = max(bound, min(float(solved.mip_dual_bound), held))
        plan = self._plan(solved)
        better = plan if plan is not None and cost_of(self.part, plan) < held else better
        if solved.status == CLOSED and gap == 0 and plan is not None:
            return min(held, cost_of(self.part, plan)), better, ""
        return bound, better, _why(solved, gap)

    def solve(
        self,
        price: Floats,
        ends: float,
        *,
        whole: bool,
        gap: float = 0.0,
        shut: Bools | None = None,
    ) -> Any:
        """Ask HiGHS; variables that are shut stay 0."""
        most = np.ones(len(price)) if shut is None else np.where(shut, 0.0, 1.0)
        options: Any = {"time_limit": max(SHORTEST_S, ends - time.monotonic()), "presolve": True}
        if whole:
            return milp(
                price,
                integrality=np.ones(len(price)),  # type: ignore[arg-type]
                bounds=Bounds(0, most),
                constraints=LinearConstraint(self.rows.tocsc(), self.low, self.high),
                options=options | {"mip_rel_gap": gap},
            )
        above, below = np.isfinite(self.high), self.low > 0
        rows = vstack([self.rows[above], -self.rows[below]], format="csr")
        limits = np.r_[self.high[above], -self.low[below]]
        counting = bool((price < 0).any())  # many ties, in which the simplex method is lost
        method: Any = "highs-ipm" if counting else "highs-ds"
        return linprog(price, rows, limits, bounds=(0, 1), method=method, options=options)

    def _cheaper(self, best: Ints, plan: Ints) -> Ints | None:
        """Return a plan if it answers as many needs of every rank for less, else None."""
        part = self.part
        kept = part.keeps(plan) and (served_by_rank(part, plan) >= served_by_rank(part, best)).all()
        return plan if kept and cost_of(part, plan) < cost_of(part, best) else None

    def _plan(self, solved: Any) -> Ints | None:
        """Return the plan that HiGHS found, None where there is none or it does not keep the limits."""
        if solved.x is None:
            return None
        part = self.part
        chosen = np.flatnonzero(solved.x[: len(part.need)] > WHOLE)
        site_of = np.full(len(part.size), NONE)
        site_of[part.need[chosen]] = part.site[chosen]
        return site_of if part.keeps(site_of) else None


def _why(solved: Any, gap: float) -> str:
    """Return what stopped HiGHS; a plan of its that breaks a limit by rounding is no proof, and counts as work."""
    return "time" if solved.status != CLOSED else "gap" if gap > 0 else "work"


def _most_on(part: Pairs) -> Floats:
    """Return how many needs each site can take at most: the smallest ones that fit it, one where none shares."""
    order = np.lexsort((part.size[part.need], part.site))
    site, size = part.site[order], part.size[part.need][order]
    ends = np.searchsorted(site, np.arange(len(part.room) + 1))
    most = np.ones(len(part.room))
    if part.shared:
        for at, (first, last) in enumerate(itertools.pairwise(ends)):
            loads = np.cumsum(size[first:last])
            most[at] = np.searchsorted(loads, part.room[at] + ROUNDING_M2, side="right")
    return most


def _with_groups(part: Pairs, rows: csr_array, grouped: Ints) -> csr_array:
    """Return the rows with one more variable per site of a group: used or not, one of a group at most."""
    count = len(grouped)
    column = np.full(len(part.room), NONE)
    column[grouped] = np.arange(count)
    number, group = np.unique(part.group[grouped], return_inverse=True)
    one_each = coo_array((np.ones(count), (group, np.arange(count))), shape=(len(number), count))
    held = np.flatnonzero(column[part.site] >= 0)
    at = np.arange(len(held))
    uses = coo_array((np.ones(len(held)), (at, held)), shape=(len(held), len(part.need)))
    opens = coo_array(
        (-np.ones(len(held)), (at, column[part.site[held]])), shape=(len(held), count)
    )
    plain = coo_array((rows.shape[0], count))
    none = coo_array((len(number), len(part.need)))
    made: csr_array = vstack(
        [hstack([rows, plain]), hstack([none, one_each]), hstack([uses, opens])], format="csr"
    )
    return made
