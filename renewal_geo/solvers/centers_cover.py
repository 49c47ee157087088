"""Whether p sites can cover all rows: local search for yes, prices and branch and bound for no."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import csr_array

from renewal_geo.solvers import covering_rows
from renewal_geo.solvers.centers_swap import cover
from renewal_geo.solvers.medians_dual import plan_cost
from renewal_geo.solvers.medians_rows import Rows
from renewal_geo.solvers.medians_tree import ROOT_ROUNDS, Bools, Tree
from renewal_geo.solvers.siting import Floats

NONE_LEFT = 1e-6  # of a row: a bound above it says that a row stays uncovered
STEPS = 4_000  # exchanges between looks at the clock
CALLS = 12  # of so many exchanges, on the reduced rows
QUICK_ROUNDS = 200  # steps that are tried before anything is reduced
REDUCTIONS = 6  # passes over rows and sites
PAIRS = 200_000_000  # of rows that share a site, above which none is compared
SMALL = 1_000_000  # entries up to which a quick bound comes before the reductions


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """A plan that covers all rows, or None; `sure` where there is provably none."""

    plan: Bools | None
    sure: bool


def _searched(
    rows: Rows, p: int, start: Bools, state: NDArray[np.uint64], calls: int, deadline: float
) -> Bools | None:
    """Look for a plan of at most `p` sites that covers all `rows` (costs 0), from `start`."""
    plan = start.copy()
    for _ in range(calls):
        if (
            cover(
                rows.rptr,
                rows.rsite,
                rows.cptr,
                rows.crow,
                rows.xptr,
                rows.xsite,
                p,
                plan,
                STEPS,
                state,
            )
            == 0
        ):
            return plan
        if time.monotonic() > deadline:
            return None
    return None


def reduced(rows: Rows) -> Rows:
    """Leave out rows that are covered whenever another one is, and sites that another one can stand for."""
    m = len(rows.site)
    reach = csr_array((np.ones(len(rows.rsite)), rows.rsite, rows.rptr), shape=(len(rows.cap), m))
    cover, _ = covering_rows.merge(covering_rows.Cover.of(reach, np.ones(len(rows.cap))))
    bound_by = np.where(np.diff(rows.xptr) > 0, np.arange(m), -1)
    use = np.ones(m, dtype=bool)
    for _ in range(REDUCTIONS):
        before = cover.n, int(use.sum())
        if float(np.diff(cover.transposed.indptr).max(initial=0)) * cover.n > PAIRS:
            break
        use &= ~covering_rows.dominated_sites(cover, use, bound_by)
        cover = cover.reduced(np.ones(cover.n, dtype=bool), use)
        cover, _ = covering_rows.merge(cover)
        cover, _ = covering_rows.merge(cover.reduced(~covering_rows.implied_rows(cover), use))
        if before == (cover.n, int(use.sum())):
            break
    return replace(
        rows,
        rptr=cover.indptr,
        rsite=cover.sites.astype(np.int32),
        rcost=np.zeros(len(cover.sites)),
        cptr=cover.transposed.indptr.astype(np.int64),
        crow=cover.transposed.indices.astype(np.int32),
        ccost=np.zeros(len(cover.sites)),
        cap=np.ones(cover.n),
        row=np.arange(cover.n),
    )


def least_left(rows: Rows, p: int, plan: Bools, *, deadline: float) -> Bools:
    """Return a plan that leaves as few `rows` (costs 0, caps 1) uncovered as is found, from `plan`."""
    left = plan_cost(rows.rptr, rows.rsite, rows.rcost, rows.cap, plan)
    tree = Tree(rows, p, plan, left, step=1.0 - NONE_LEFT)
    tree.root(np.full(len(rows.cap), 0.5), deadline)
    tree.search(deadline)
    return tree.best


def judged(
    rows: Rows, p: int, start: Bools, state: NDArray[np.uint64], *, deadline: float
) -> Verdict:
    """Find at most `p` sites that cover all `rows` (costs 0, caps 1), or prove that there are none.

    Cheap attempts come first: a short search from the plan `start`, a short bound; then both again at length,
    on fewer rows and sites, and branch and bound. `state` is of the random generator.
    """
    if (np.diff(rows.rptr) == 0).any() or (len(rows.cap) and p == 0):
        return Verdict(None, sure=True)
    plan = _searched(rows, p, start, state, 1, deadline)
    if plan is not None:
        return Verdict(plan, sure=False)
    if len(rows.rsite) <= SMALL:
        tree = _rooted(rows, p, np.full(len(rows.cap), 0.5), QUICK_ROUNDS, deadline)
        if tree.cost < NONE_LEFT or not tree.waiting:
            return _verdict(tree)
    if time.monotonic() > deadline:
        return Verdict(None, sure=False)
    rows = reduced(rows)
    plan = _searched(rows, p, start, state, CALLS, deadline)
    if plan is not None or time.monotonic() > deadline:
        return Verdict(plan, sure=False)
    # the programme's prices prove at once where they can; even ones lead to the smaller tree
    tree = _rooted(rows, p, _prices(rows, deadline), QUICK_ROUNDS, deadline)
    if tree.waiting:
        tree = _rooted(rows, p, np.full(len(rows.cap), 0.5), ROOT_ROUNDS, deadline)
        tree.search(deadline)
    return _verdict(tree)


def _rooted(rows: Rows, p: int, price: Floats, rounds: int, deadline: float) -> Tree:
    """Return the search for plans that leave no row, after its first bound."""
    n, m = len(rows.cap), len(rows.site)
    tree = Tree(rows, p, np.zeros(m, dtype=bool), float(n), step=1.0 - NONE_LEFT, goal=NONE_LEFT)
    tree.root(price, deadline, rounds)
    return tree


def _verdict(tree: Tree) -> Verdict:
    if tree.cost < NONE_LEFT:
        return Verdict(tree.best, sure=False)
    return Verdict(None, sure=not tree.waiting)


def _prices(rows: Rows, deadline: float) -> Floats:
    """Return prices of the rows that make all sites together worth the most: the dual of the fewest sites.

    They are a place to begin: whatever the solver returns, the bound is computed from the rows.
    """
    n, m = len(rows.cap), len(rows.site)
    reach: Any = csr_array((np.ones(len(rows.rsite)), rows.rsite, rows.rptr), shape=(n, m))
    left = deadline - time.monotonic()
    price = np.full(n, 0.5)
    if left > 0:
        solved = linprog(
            np.ones(m),
            A_ub=-reach,
            b_ub=-np.ones(n),
            bounds=(0, None),
            method="highs-ipm",
            options={"time_limit": left},
        )
        if solved.status == 0:
            price = np.clip(-solved.ineqlin.marginals, 0.0, 1.0)
    return price
