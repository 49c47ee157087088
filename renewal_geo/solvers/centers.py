"""The p-center: the sites that keep the largest cost to the nearest one least, with a proof.

The answer is one of the costs. For a cost r, p sites that cover every row within r are sought by weighted
local search (`centers_swap`); that there are none is shown by prices of the rows, where need be with branch and
bound (`centers_cover`). A binary search over the costs meets in the middle (Minieka 1970).
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from renewal_geo.solvers.centers_cover import judged, least_left
from renewal_geo.solvers.medians_rows import Rows, assigned, listed, ranked
from renewal_geo.solvers.medians_swap import improve
from renewal_geo.solvers.medians_tree import Bools
from renewal_geo.solvers.siting import Choice, Floats, Ints

TRY_SHARE = 0.15  # of the time left that one cost may take before the next is tried
FIRST_SHARE = 0.6  # of the time left for the question whether there is a plan at all
RAISE_SHARE = 0.4  # of the time left for raising the bound; the rest is for the cost below the best
NEAR = 1e-3  # of the best: no finer steps are taken while costs below stay open
ROUNDING = 1e-9  # of a cost


def smallest(
    costs: Any,
    p: int,
    *,
    fixed: Sequence[int] | Ints = (),
    exclusive: Iterable[Sequence[int] | Ints] = (),
    time_limit_s: float = 60.0,
    gap: float = 0.0,
    seed: int = 0,
) -> Choice:
    """Choose `p` sites besides `fixed` that minimise the largest cost to the nearest site.

    Of the plans with that largest cost the one returned has a small sum of costs.

    Parameters
    ----------
    costs
        (n, m) array >= 0, `inf` where a site does not reach a row; or a sparse matrix (CSR) whose explicit
        entries are the reachable pairs.
    p
        Number of new sites, in addition to `fixed`. Fewer are chosen only where `exclusive` or m leaves no
        more.
    fixed
        Sites that are open anyway and count nothing.
    exclusive
        Lists of sites of which at most one may be open.
    time_limit_s
        Wall time of the call; what is compiled or begun is finished first.
    gap
        Share of the objective by which the bound may stay below it.
    seed
        Of the search for plans.

    Returns
    -------
    Choice
        `chosen` holds the fixed sites too. Where no plan serves every row, `feasible` is False and the plan
        serves as many rows as possible (as was found possible, where the time ran out); the objective is
        then the largest cost of a row that is served, and `closed` says that the contradiction is proven.
    """
    deadline = time.monotonic() + time_limit_s
    matrix = listed(costs)
    standing = np.unique(np.asarray(fixed, dtype=np.int64))
    ones = np.ones(matrix.shape[0])
    rows = ranked(matrix, ones, standing, [np.asarray(group, np.int64) for group in exclusive])
    search = Search(rows, min(p, len(rows.site)), seed)
    search.run(gap, deadline)
    chosen = np.sort(np.concatenate([standing, rows.site[search.plan]]))
    served, cost = assigned(matrix, chosen)
    objective = float(cost[served >= 0].max(initial=0.0))
    closed = search.closed
    return Choice(
        chosen=chosen,
        served=served,
        objective=objective,
        bound=objective if closed and search.feasible else min(search.bound, objective),
        closed=closed,
        stopped_by="" if closed else search.stopped_by,
        feasible=search.feasible,
    )


class Search:
    """A p-center under way: the best plan so far, and the least cost not yet ruled out."""

    def __init__(self, rows: Rows, p: int, seed: int) -> None:
        """Begin with no site open."""
        self.rows, self.p = rows, p
        self.plan: Bools = np.zeros(len(rows.site), dtype=bool)
        self.state = np.array([seed * 2654435761 + 88172645463325252], dtype=np.uint64)
        self.levels: Floats = np.zeros(1)
        self.low = self.high = 0  # the optimum lies between these levels
        self.feasible = True
        self.closed = False
        self.stopped_by = "time"

    @property
    def bound(self) -> float:
        """What no plan costs less than."""
        return float(self.levels[self.low])

    def run(self, gap: float, deadline: float) -> None:
        """Find a plan, then narrow the costs between the best plan and the bound."""
        rows = self.rows
        self._polish(np.inf)
        cost = self._cost(self.plan)
        if np.isinf(cost):
            cost = self._first(deadline)
            if not self.feasible:
                return
        each = np.minimum(_first_costs(rows), rows.cap)
        values = np.concatenate([rows.rcost, rows.cap])
        floor = each.max(initial=0.0)
        self.levels = np.unique(values[(values >= floor) & (values <= cost)])
        if not len(self.levels):  # no row asks for anything
            self.levels = np.zeros(1)
        self.high = len(self.levels) - 1
        self._narrow(gap, deadline)
        self._settle(gap, deadline)
        self._polish(float(self.levels[self.high]))
        self.closed = self.low >= self.high
        self.stopped_by = "gap" if self._within(gap) else "time"

    def _first(self, deadline: float) -> float:
        """Look for a plan that serves every row at all; returns its cost."""
        rows = self.rows.within(np.finfo(float).max)
        now = time.monotonic()
        until = now + FIRST_SHARE * (deadline - now)
        verdict = judged(rows, self.p, self.plan, self.state, deadline=until)
        plan, self.closed = verdict.plan, verdict.sure
        if plan is None:
            self.feasible = False
            self.plan = least_left(rows, self.p, self.plan, deadline=deadline)
            return np.inf
        self.plan = plan
        return self._cost(plan)

    def _narrow(self, gap: float, deadline: float) -> None:
        """Halve the span of costs; what stays open in its share of the time is passed over."""
        hoped = 0
        while hoped < self.high and not self._within(gap):
            now = time.monotonic()
            near = float(self.levels[self.high] - self.levels[hoped])
            if now > deadline or (self.low < hoped and near < NEAR * self.levels[self.high]):
                return
            middle = (hoped + self.high) // 2
            if self._try(middle, now + TRY_SHARE * (deadline - now)) is None:
                hoped = middle + 1
            else:
                hoped = max(hoped, self.low)

    def _settle(self, gap: float, deadline: float) -> None:
        """Give what stayed open more time: first those above the bound, then the cost below the best."""
        now = time.monotonic()
        until = now + RAISE_SHARE * (deadline - now)
        hard = self.high - 1  # stayed open
        while self.low < min(hard, self.high) and not self._within(gap):
            now = time.monotonic()
            if now > until:
                break
            middle = (self.low + min(hard, self.high)) // 2
            if self._try(middle, now + TRY_SHARE * (until - now)) is None:
                hard = middle
        while self.low < self.high and not self._within(gap) and time.monotonic() < deadline:
            if self._try(self.high - 1, deadline) is None:
                break

    def _within(self, gap: float) -> bool:
        best = float(self.levels[self.high])
        return best - self.bound <= gap * best

    def _try(self, level: int, deadline: float) -> bool | None:
        """Decide whether `p` sites cover all rows at a level; None where the time is over before."""
        rows = self.rows.within(float(self.levels[level]))
        verdict = judged(rows, self.p, self.plan, self.state, deadline=deadline)
        if verdict.sure:
            self.low = max(self.low, level + 1)
            return False
        plan = verdict.plan
        if plan is None:
            return None
        self.plan = plan
        cost = self._cost(plan)
        self.high = min(level, int(np.searchsorted(self.levels, cost)))
        return True

    def _cost(self, plan: Bools) -> float:
        rows = self.rows
        least = rows.cap.copy()
        taken = plan[rows.rsite]
        owner = np.repeat(np.arange(len(least)), np.diff(rows.rptr))[taken]
        np.minimum.at(least, owner, rows.rcost[taken])
        return float(least.max(initial=0.0))

    def _polish(self, radius: float) -> None:
        """Lower the sum of costs by exchanges that leave no row beyond `radius`, adding sites up to `p`."""
        rows = self.rows
        beyond = 2.0 * float(rows.rcost[rows.rcost <= radius].sum()) + 1.0
        kept = replace(
            rows,
            rcost=np.where(rows.rcost <= radius, rows.rcost, np.inf),
            ccost=np.where(rows.ccost <= radius, rows.ccost, np.inf),
            cap=np.where(rows.cap <= min(radius, np.finfo(float).max), rows.cap, beyond),
        )
        noise = ROUNDING * max(1.0, beyond)
        improve(
            kept.rptr, kept.rsite, kept.rcost, kept.cptr, kept.crow, kept.ccost, kept.cap, kept.xptr,
            kept.xsite, self.p, self.plan, 0, noise, self.state,
        )  # fmt: skip


def _first_costs(rows: Rows) -> Floats:
    """Return the least cost of each row, `inf` where no site reaches it."""
    first = np.full(len(rows.cap), np.inf)
    held = np.diff(rows.rptr) > 0
    first[held] = rows.rcost[rows.rptr[:-1][held]]
    return first
