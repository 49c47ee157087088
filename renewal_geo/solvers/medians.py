"""The p-median: the sites that keep the sum of weight x cost to the nearest one least, with a proof.

A plan comes from fast interchange with kicks (`medians_swap`), a bound from prices of the rows
(`medians_dual`), and the rest is settled by branch and bound over sites (`medians_tree`): Beasley (1985),
"A note on solving large p-median problems", has the scheme and the public instances.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from renewal_geo.solvers.centers_cover import judged
from renewal_geo.solvers.medians_dual import plan_cost, two_nearest
from renewal_geo.solvers.medians_rows import Rows, assigned, listed, ranked
from renewal_geo.solvers.medians_swap import improve
from renewal_geo.solvers.medians_tree import Bools, Tree
from renewal_geo.solvers.siting import Choice, Floats, Ints

KICKS = 20  # shakes per call
IDLE_KICKS, MOST_KICKS = 60, 1000  # shakes in vain before the search ends: few where rows are long
KICK_WORK = 20_000_000  # entries of rows that so many shakes may amount to
SEARCH_SHARE = 0.25  # of the time that the search of a plan may take
ROUNDING = 1e-9  # of a cost: savings below it are none
EXACT = 2.0**52  # sums of whole numbers below it carry no rounding
WHOLE_ROUNDING = 1e-6  # of a whole cost: a bound so little above one does not yet mean the next
FINER = 1e3  # parts of the least weight that weights are told apart by, where they are not whole


def nearest(
    costs: Any,
    weight: Floats,
    p: int,
    *,
    fixed: Sequence[int] | Ints = (),
    exclusive: Iterable[Sequence[int] | Ints] = (),
    time_limit_s: float = 60.0,
    gap: float = 0.0,
    seed: int = 0,
) -> Choice:
    """Choose `p` sites besides `fixed` that minimise the sum of weight x cost to the nearest site.

    Parameters
    ----------
    costs
        (n, m) array >= 0, `inf` where a site does not reach a row; or a sparse matrix (CSR) whose explicit
        entries are the reachable pairs.
    weight
        Length n, >= 0. A row of weight 0 asks for nothing, not even to be reachable.
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
        `chosen` holds the fixed sites too. Where no plan serves every row of weight, `feasible` is False and
        the plan serves the most weight, at the least cost for that; objective and bound are then the cost
        of the rows that are served, and `closed` says that the contradiction is proven.
    """
    begun = time.monotonic()
    deadline = begun + time_limit_s
    matrix = listed(costs)
    weight = np.asarray(weight, dtype=np.float64)
    standing = np.unique(np.asarray(fixed, dtype=np.int64))
    rows = ranked(matrix, weight, standing, [np.asarray(group, np.int64) for group in exclusive])
    search = Search(rows, weight[rows.row], min(p, len(rows.site)), gap=gap, seed=seed)
    search.run(begun + SEARCH_SHARE * time_limit_s, deadline)
    chosen = np.sort(np.concatenate([standing, rows.site[search.plan]]))
    served, cost = assigned(matrix, chosen)
    reached = served >= 0
    objective = float(weight[reached] @ cost[reached])
    if search.unserved:
        return Choice(
            chosen=chosen,
            served=served,
            objective=objective,
            bound=objective if search.closed else 0.0,
            closed=search.closed,
            stopped_by="" if search.closed else "time",
            feasible=False,
        )
    return Choice(
        chosen=chosen,
        served=served,
        objective=objective,
        bound=min(search.bound, objective),
        closed=search.closed,
        stopped_by=search.stopped_by,
    )


class Search:
    """A p-median under way: the best plan so far and what bounds it."""

    def __init__(self, rows: Rows, weight: Floats, p: int, *, gap: float, seed: int) -> None:
        """Begin with no site open; `weight` of the rows."""
        self.rows, self.weight, self.p, self.gap = rows, weight, p, gap
        self.plan: Bools = np.zeros(len(rows.site), dtype=bool)
        self.state = np.array([seed * 2654435761 + 88172645463325252], dtype=np.uint64)
        self.loose = np.isinf(rows.cap)  # rows that may be left unserved
        finite = np.concatenate([rows.rcost, rows.cap[~self.loose]])
        self.whole = bool((finite == np.rint(finite)).all()) and float(finite.sum()) < EXACT
        self.bound = 0.0
        self.closed = False
        self.stopped_by = "time"

    @property
    def unserved(self) -> bool:
        """Whether the plan leaves out a row that no fixed site reaches."""
        rows = self.rows
        reached = np.zeros(len(rows.cap), dtype=bool)
        taken = self.plan[rows.rsite]
        reached[np.repeat(np.arange(len(reached)), np.diff(rows.rptr))[taken]] = True
        return bool((self.loose & ~reached).any())

    def run(self, search_until: float, deadline: float) -> None:
        """Find a plan, then prove it or better it until the deadline."""
        rows, unit = self._penalised()
        self._shake(rows, search_until, ROUNDING * unit)
        if self.unserved:
            self._serve(rows, ROUNDING * unit, deadline)
            if self.unserved:
                return
        # a row left unserved costs more than the plan, so no better plan leaves one
        cost = plan_cost(rows.rptr, rows.rsite, rows.rcost, rows.cap, self.plan)
        rows = self.rows.capped(np.where(self.loose, 2.0 * cost + 1.0, self.rows.cap))
        step = 1.0 - WHOLE_ROUNDING if self.whole else ROUNDING * max(abs(cost), ROUNDING)
        tree = self._prove(rows, cost, step, self.gap, deadline)
        self.plan = tree.best
        self.closed = tree.closed
        self.stopped_by = "" if tree.closed else "time" if tree.late else "gap"
        self.bound = tree.bound
        if self.whole:
            self.bound = float(np.ceil(self.bound - WHOLE_ROUNDING / 2))

    def _penalised(self) -> tuple[Rows, float]:
        """Return the rows with a cap where there was none, and the most that a served plan can cost.

        What is unserved costs so much that serving the most weight comes first, as far as floats can tell.
        """
        rows, loose = self.rows, self.loose
        worst = np.where(loose, 0.0, rows.cap)
        held = np.flatnonzero(loose & (np.diff(rows.rptr) > 0))
        worst[held] = rows.rcost[rows.rptr[held + 1] - 1]
        most = float(worst.sum())
        if not loose.any():
            return rows, most
        least = float(self.weight[loose].min())
        grain = 1.0 if (self.weight == np.rint(self.weight)).all() else least / FINER
        rate = (2.0 * most + 1.0) / min(least, grain)
        return rows.capped(np.where(loose, self.weight * rate, rows.cap)), most

    def _shake(self, rows: Rows, until: float, noise: float) -> None:
        """Search plans until many kicks in a row were in vain."""
        best, idle = np.inf, 0
        patience = max(IDLE_KICKS, min(MOST_KICKS, KICK_WORK // max(len(rows.rsite), 1)))
        while idle < patience:
            cost = self._improve(rows, self.plan, KICKS if np.isfinite(best) else 0, noise)
            idle = 0 if cost < best - noise else idle + KICKS
            best = min(best, cost)
            if time.monotonic() > until:
                return

    def _improve(self, rows: Rows, plan: Bools, kicks: int, noise: float) -> float:
        cost: float = improve(
            rows.rptr, rows.rsite, rows.rcost, rows.cptr, rows.crow, rows.ccost, rows.cap, rows.xptr,
            rows.xsite, self.p, plan, kicks, noise, self.state,
        )  # fmt: skip
        return cost

    def _serve(self, rows: Rows, noise: float, deadline: float) -> None:
        """Look for a plan that serves every row; `closed` where there is provably none.

        Without one, the plan is bettered to serve the most weight.
        """
        cover = self.rows.within(np.finfo(float).max)
        now = time.monotonic()
        half = now + (deadline - now) / 2
        verdict = judged(cover, self.p, self.plan, self.state, deadline=half)
        plan = verdict.plan
        if plan is not None:
            self._improve(rows, plan, 0, noise)
            self.plan = plan
            return
        cost = plan_cost(rows.rptr, rows.rsite, rows.rcost, rows.cap, self.plan)
        self.plan = self._prove(rows, cost, max(noise, ROUNDING), 0.0, deadline).best
        self.closed = verdict.sure

    def _prove(self, rows: Rows, cost: float, step: float, gap: float, deadline: float) -> Tree:
        """Branch and bound from the plan; prices begin between a row's nearest and second nearest site."""
        tree = Tree(
            rows, self.p, self.plan, cost, step=step, gap=gap,
            polish=lambda plan, kicks: self._improve(rows, plan, kicks, step),
        )  # fmt: skip
        tree.root(two_nearest(rows.rptr, rows.rsite, rows.rcost, rows.cap, self.plan), deadline)
        tree.search(deadline)
        return tree
