"""The linear programme of one component, tightened by cuts, and branched where cuts do not suffice.

Maximise ``sum weight_i x_i + sum gain_e z_e`` over ``0 <= x <= 1``, ``z_e <= x_u, x_v``, every share row
and the cuts of :mod:`renewal_geo.solvers.cuts`. What leaves this module are *multipliers*: from them
:mod:`renewal_geo.solvers.bounding` recomputes a bound with numpy, so no tolerance of the solver enters it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence

import highspy
import numpy as np
from numpy.typing import NDArray

from renewal_geo.solvers.bounding import Leaf
from renewal_geo.solvers.cuts import Cut, Row, Terrain, row_of
from renewal_geo.solvers.separation import nested_share_cuts, overflows, separators, share_cuts

DUAL_TOLERANCE = 1e-9
STEP_COST, SEARCH_COST = 0.01, 5.0  # microseconds, measured: only their proportion matters
PURGE_EVERY = 4
STALL = 1e-4  # relative gain of a round below which cutting has stalled
STALLED_ROUNDS = 3
WHOLE = 1e-4
BUDGET_ROOM = 1e-9  # hectares
HALF = 0.5
NESTED_HOPS = (0, 1, 2, 3, 5, 8, 30)
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Programme:
    """One component's programme, kept warm between rounds and branches."""

    def __init__(
        self,
        terrain: Terrain,
        weight: Floats,
        gain: Floats,
        forced: Bools,
        budget: float | None = None,
    ) -> None:
        """Set up the programme.

        `weight` (n) and `gain` (m) are at a price of the budget, links open; with `budget` (ha) the programme
        keeps it as a row, finds the price itself, and the weights bear none.
        """
        self.terrain = terrain
        self.n, self.m = terrain.size, len(terrain.pairs)
        self.forced = forced
        self.cuts: list[Cut] = []
        self.rows: list[Row] = []
        self.known: set[bytes] = set()
        self.value = np.inf
        self.infeasible = False
        self.iterations = 0
        self.x = np.zeros(self.n)
        self.z = np.zeros(self.m)
        self.dual = np.empty(0)
        self.budget = budget
        self.fixed = 2 * self.m + len(terrain.slack) + (budget is not None)
        self.highs = highspy.Highs()  # type: ignore[no-untyped-call]
        options = {"output_flag": False, "threads": 1, "random_seed": 0}
        for option, value in options.items():
            self.highs.setOptionValue(option, value)
        lower = np.zeros(self.n + self.m)
        upper = np.concatenate([np.ones(self.n), np.full(self.m, highspy.kHighsInf)])
        lower[: self.n][forced] = 1.0
        price = -np.concatenate([weight, gain])
        none = np.empty(0, dtype=np.int32)
        self.highs.addCols(self.n + self.m, price, lower, upper, 0, none, none, np.empty(0))
        self._add_fixed_rows()

    def _add_fixed_rows(self) -> None:
        m, n = self.m, self.n
        if m:
            link = n + np.arange(m)
            index = np.stack([self.terrain.pairs.T.ravel(), np.tile(link, 2)], axis=1).ravel()
            self._append(2 * np.arange(2 * m), index, np.tile([1.0, -1.0], 2 * m), 2 * m)
        for row in self.terrain.slack:
            used = np.flatnonzero(row != 0)
            self._append(np.zeros(1), used, row[used], 1)
        if self.budget is not None:
            every = np.arange(n)
            self._append(np.zeros(1), every, -self.terrain.area, 1, -self.budget - BUDGET_ROOM)

    def _append(
        self, start: Ints | Floats, index: Ints, value: Floats, count: int, least: float = 0.0
    ) -> None:
        self.highs.addRows(
            count,
            np.full(count, least),
            np.full(count, highspy.kHighsInf),
            len(index),
            np.asarray(start, dtype=np.int32),
            np.asarray(index, dtype=np.int32),
            np.asarray(value, dtype=np.float64),
        )

    def solve(self, limit_s: float) -> bool:
        """Solve from the last basis; False where the limit came first."""
        self.highs.setOptionValue("time_limit", self.highs.getRunTime() + max(0.05, limit_s))
        self.highs.run()
        status = self.highs.getModelStatus()
        self.infeasible = status == highspy.HighsModelStatus.kInfeasible
        if status != highspy.HighsModelStatus.kOptimal:
            return False
        self.iterations = int(self.highs.getInfo().simplex_iteration_count)
        solution = self.highs.getSolution()
        values = np.asarray(solution.col_value)
        self.x = np.clip(values[: self.n], 0.0, 1.0)
        self.z = np.clip(values[self.n :], 0.0, 1.0)
        # the programme minimises, so its duals of >= rows are the multipliers
        self.dual = np.maximum(np.asarray(solution.row_dual), 0.0)
        self.value = -float(self.highs.getObjectiveValue())
        return True

    def revalue(self, weight: Floats, gain: Floats) -> None:
        """Change the objective, at another price; cuts and basis stay."""
        columns = np.arange(self.n + self.m, dtype=np.int32)
        self.highs.changeColsCost(self.n + self.m, columns, -np.concatenate([weight, gain]))

    def cost(self) -> float:
        """Return what the last solution cost, in about microseconds: steps times size, and the search for cuts."""
        size = self.n + 3 * self.m + sum(len(row.nodes) + len(row.links) for row in self.rows)
        return self.iterations * size * STEP_COST + (self.n + self.m) * SEARCH_COST

    def fix(self, fixings: Mapping[int, bool]) -> None:
        """Set the branch: given nodes in or out, all others free."""
        lower, upper = np.zeros(self.n), np.ones(self.n)
        lower[self.forced] = 1.0
        for node, taken in fixings.items():
            lower[node], upper[node] = (1.0, 1.0) if taken else (0.0, 0.0)
        columns = np.arange(self.n, dtype=np.int32)
        self.highs.changeColsBounds(self.n, columns, lower, upper)

    def basis(self) -> highspy.HighsBasis:
        """Return the present basis, to begin from it again."""
        return self.highs.getBasis()

    def probe(self, basis: highspy.HighsBasis, iterations: int) -> float:
        """Return what the bound falls to within a few steps of the dual simplex from a basis."""
        self.highs.setBasis(basis)
        self.highs.setOptionValue("simplex_iteration_limit", iterations)
        self.highs.run()
        self.highs.setOptionValue("simplex_iteration_limit", 2**31 - 1)
        if self.highs.getModelStatus() == highspy.HighsModelStatus.kInfeasible:
            return -np.inf
        return -float(self.highs.getInfo().objective_function_value)

    def leaf(self, fixings: Mapping[int, bool]) -> Leaf:
        """Return the multipliers of the present solution."""
        m, shares = self.m, len(self.terrain.slack)
        forth, back = self.dual[:m], self.dual[m : 2 * m]
        # one number a link: half the difference says how its gain is shared between its ends
        flow = (back - forth) / 2
        used = np.flatnonzero(self.dual[self.fixed :] > DUAL_TOLERANCE)
        return Leaf(
            tuple(sorted(fixings.items())),
            self.dual[2 * m : 2 * m + shares].copy(),
            tuple(self.cuts[c] for c in used),
            self.dual[self.fixed :][used].copy(),
            flow,
            0.0 if self.budget is None else float(self.dual[2 * m + shares]),
        )

    def add(self, cuts: Sequence[Cut]) -> int:
        """Add the rows of cuts not known yet; return how many there were."""
        fresh = []
        for cut in cuts:
            key = cut.kind.encode() + cut.nodes.tobytes() + bytes(str(cut.node), "ascii")
            key += cut.aside.tobytes()
            if key not in self.known:
                self.known.add(key)
                fresh.append(cut)
        if not fresh:
            return 0
        rows = [row_of(cut, self.terrain) for cut in fresh]
        index = [np.concatenate([row.nodes, self.n + row.links]) for row in rows]
        value = [np.concatenate([row.coefficient, row.weight]) for row in rows]
        start = np.concatenate([[0], np.cumsum([len(one) for one in index])[:-1]])
        self._append(start, np.concatenate(index), np.concatenate(value), len(rows))
        self.cuts.extend(fresh)
        self.rows.extend(rows)
        return len(fresh)

    def purge(self) -> None:
        """Drop cuts whose multiplier is zero: dense idle rows are what makes the programme slow."""
        idle = np.flatnonzero(self.dual[self.fixed :] <= DUAL_TOLERANCE)
        if not len(idle):
            return
        self.highs.deleteRows(len(idle), (self.fixed + idle).astype(np.int32))
        dropped = set(idle.tolist())
        kept = [c for c in range(len(self.cuts)) if c not in dropped]
        self.cuts = [self.cuts[c] for c in kept]
        self.rows = [self.rows[c] for c in kept]
        self.known = {
            cut.kind.encode()
            + cut.nodes.tobytes()
            + bytes(str(cut.node), "ascii")
            + cut.aside.tobytes()
            for cut in self.cuts
        }

    def broken(self) -> list[Cut]:
        """Return cuts that the present solution breaks."""
        found = separators(self.terrain, self.x)
        found += share_cuts(self.terrain, self.x, self.z)
        found += overflows(self.terrain, self.x, self.z)
        whole = np.abs(self.x - self.x.round()).max(initial=0.0) < WHOLE
        if not found and whole and len(self.terrain.slack):
            found = nested_share_cuts(self.terrain, self.x > HALF, NESTED_HOPS)
        return found


class Rounds:
    """Solve, add what the solution breaks, and again; iterating yields what each round cost.

    ``leaf`` holds the multipliers of the last programme solved (None if not even the first was in time),
    ``late`` whether the clock cut the rounds short.
    """

    def __init__(
        self,
        programme: Programme,
        most: int,
        deadline: float,
        fixings: Mapping[int, bool] | None = None,
    ) -> None:
        self.programme = programme
        self.most = most
        self.deadline = deadline
        self.fixings = dict(fixings or {})
        self.leaf: Leaf | None = None
        self.late = False

    def __iter__(self) -> Iterator[float]:
        """Do the rounds; yields their cost in about microseconds."""
        programme = self.programme
        best, stalled = np.inf, 0
        for number in range(self.most):
            left = self.deadline - time.monotonic()
            if left <= 0 or not programme.solve(left):
                self.late = not programme.infeasible
                return
            self.leaf = programme.leaf(self.fixings)
            gained = (best - programme.value) / max(abs(programme.value), 1e-9)
            stalled = stalled + 1 if gained < STALL else 0
            best = min(best, programme.value)
            yield programme.cost()
            if stalled >= STALLED_ROUNDS or number == self.most - 1:
                return
            if number % PURGE_EVERY == PURGE_EVERY - 1:
                programme.purge()
            if not programme.add(programme.broken()):
                return
