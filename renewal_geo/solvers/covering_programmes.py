"""Integer programmes of siting for HiGHS, with a cutoff: only what is better than a known plan is sought."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, eye_array, hstack, vstack

from renewal_geo.solvers.covering_rows import Cover

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
NOISE = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Programme:
    """Minimise cost·x + constant subject to low <= rows x <= high, 0 <= x <= most, some x whole."""

    cost: Floats
    rows: csr_array
    low: Floats
    high: Floats
    most: Floats
    whole: Flags
    constant: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Solved:
    """What HiGHS says: the best x below the cutoff (None: none found), a lower bound, and whether it closed.

    `bound` is min(the solver's bound, cutoff): nothing below it exists.
    """

    x: Floats | None
    bound: float
    closed: bool
    by_time: bool = False


def solve(
    asked: Programme,
    *,
    time_limit_s: float,
    cutoff: float = np.inf,
    gap: float = 0.0,
    seed: int = 0,
    start: Floats | None = None,
    relaxed: bool = False,
    nodes: int | None = None,
) -> Solved:
    """Solve a programme for values below `cutoff`.

    Parameters
    ----------
    asked
        The programme.
    time_limit_s
        Wall-clock seconds.
    cutoff
        Only plans cheaper than this are wanted; reaching it without one closes the search.
    gap
        Relative gap at which HiGHS may stop.
    seed
        Of HiGHS.
    start
        A plan to begin with.
    relaxed
        Solve the linear relaxation only; `x` then is its solution.
    nodes
        Most nodes of the search: work that does not depend on the clock.
    """
    solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]
    solver.silent()
    options = {
        "time_limit": max(0.01, time_limit_s),
        "threads": 1,
        "random_seed": int(seed) % 2**31,
        "mip_rel_gap": max(gap, 0.0),
        "mip_abs_gap": NOISE,
        "presolve": "off",  # equal and dominated rows and sites are gone already
        "mip_allow_restart": False,
    }
    if nodes is not None:
        options["mip_max_nodes"] = nodes
    for name, value in options.items():
        solver.setOptionValue(name, value)
    # a row of our own: HiGHS's objective_bound was seen to cut off better plans (1.16)
    solver.passModel(_model(_below(asked, cutoff), relaxed=relaxed))
    if start is not None:
        plan = highspy.HighsSolution()
        plan.col_value = [float(one) for one in start]
        solver.setSolution(plan)
    solver.run()
    status = solver.getModelStatus()
    kinds = highspy.HighsModelStatus
    if status == kinds.kInfeasible:
        return Solved(None, cutoff, closed=True)
    info = solver.getInfo()
    found = info.primal_solution_status == 2
    x = np.asarray(solver.getSolution().col_value) if found else None
    closed = status in {kinds.kOptimal, kinds.kModelEmpty}
    if relaxed:
        return Solved(x, float(info.objective_function_value) if closed else -np.inf, closed)
    bound = float(info.mip_dual_bound)
    if closed and gap <= 0 and found:
        bound = max(bound, float(info.objective_function_value) - NOISE)
    return Solved(x, min(bound, cutoff), closed, by_time=status == kinds.kTimeLimit)


def _below(asked: Programme, cutoff: float) -> Programme:
    if not np.isfinite(cutoff):
        return asked
    return Programme(
        asked.cost,
        csr_array(vstack([asked.rows, csr_array(asked.cost[None, :])])),
        np.append(asked.low, -np.inf),
        np.append(asked.high, cutoff - asked.constant),
        asked.most,
        asked.whole,
        asked.constant,
    )


def _model(asked: Programme, *, relaxed: bool) -> highspy.HighsLp:
    rows = asked.rows.tocsr()
    model = highspy.HighsLp()
    model.num_col_ = len(asked.cost)
    model.num_row_ = rows.shape[0]
    model.col_cost_ = asked.cost
    model.offset_ = asked.constant
    model.col_lower_ = np.zeros(len(asked.cost))
    model.col_upper_ = asked.most
    model.row_lower_ = np.where(np.isfinite(asked.low), asked.low, -highspy.kHighsInf)
    model.row_upper_ = np.where(np.isfinite(asked.high), asked.high, highspy.kHighsInf)
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_ = rows.indptr
    model.a_matrix_.index_ = rows.indices
    model.a_matrix_.value_ = rows.data
    if not relaxed:
        kinds = highspy.HighsVarType
        model.integrality_ = [kinds.kInteger if one else kinds.kContinuous for one in asked.whole]
    return model


def set_cover(cover: Cover, sites: Ints, group: Ints) -> Programme:
    """Return the programme of the fewest of `sites` that reach every row, at most one per group."""
    reach = _columns(cover, sites)
    most_of = _groups(sites, group, 0)
    k = len(sites)
    return Programme(
        np.ones(k),
        csr_array(vstack([reach, most_of])),
        np.concatenate([np.ones(cover.n), np.full(most_of.shape[0], -np.inf)]),
        np.concatenate([np.full(cover.n, np.inf), np.ones(most_of.shape[0])]),
        np.ones(k),
        np.ones(k, dtype=bool),
    )


def most_cover(cover: Cover, sites: Ints, p: int, group: Ints) -> Programme:
    """Return the programme of the p of `sites` that miss the least weight.

    Columns: the sites, then of each row with several of them whether it is missed (0..1).
    """
    # a row with one site is missed exactly when the site is shut: it is a cost of that site
    lone = cover.degree == 1
    alone = np.bincount(cover.sites[cover.indptr[:-1][lone]], cover.weight[lone], minlength=cover.m)
    shared = cover.reduced(~lone, np.ones(cover.m, dtype=bool))
    k, n = len(sites), shared.n
    reach = hstack([_columns(shared, sites), eye_array(n)])
    count = csr_array(np.concatenate([np.ones(k), np.zeros(n)])[None, :])
    most_of = _groups(sites, group, n)
    groups = most_of.shape[0]
    return Programme(
        np.concatenate([-alone[sites], shared.weight]),
        csr_array(vstack([reach, count, most_of])),
        np.concatenate([np.ones(n), np.full(1 + groups, -np.inf)]),
        np.concatenate([np.full(n, np.inf), [float(p)], np.ones(groups)]),
        np.ones(k + n),
        np.arange(k + n) < k,
        float(alone.sum()),
    )


def _columns(cover: Cover, sites: Ints) -> csr_array:
    number = np.full(cover.m, -1, dtype=np.int64)
    number[sites] = np.arange(len(sites))
    entry = number[cover.sites] >= 0
    degree = np.bincount(cover.rows[entry], minlength=cover.n)
    return csr_array(
        (
            np.ones(entry.sum()),
            number[cover.sites[entry]],
            np.concatenate([[0], np.cumsum(degree)]),
        ),
        shape=(cover.n, len(sites)),
    )


def _groups(sites: Ints, group: Ints, more: int) -> csr_array:
    """Return a row per group with two or more of `sites`, followed by `more` columns of zeros."""
    named, row = np.unique(group[sites], return_inverse=True)
    count = np.bincount(row)
    told = np.flatnonzero((named >= 0) & (count > 1))
    place = np.full(len(named), -1, dtype=np.int64)
    place[told] = np.arange(len(told))
    inside = np.flatnonzero(place[row] >= 0)
    return csr_array(
        (np.ones(len(inside)), (place[row[inside]], inside)), shape=(len(told), len(sites) + more)
    )
