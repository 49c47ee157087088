"""The linear programme of one connected zone: nodes, roots, borders and limits; cuts are added as rows."""

from __future__ import annotations

from collections.abc import Sequence

import highspy
import numpy as np

from renewal_geo.solvers.connected_ground import AREA_TOLERANCE, Bools, Floats, Ground, Ints, Limits
from renewal_geo.solvers.connected_proof import Cut, Multipliers, Ranking, Row, row_of

DUAL_TOLERANCE = 1e-9
DIGITS = 10  # significant, of a multiplier: a rounded one is one as well
PURGE_FROM = 400  # rows, before idle ones are dropped
IDLE = 1e-7
SPILL = 1e-8  # of a limit, as good as kept
DEARER, DEAREST = 100.0, 1e12  # steps of the price of breaking a limit


class Relaxation:
    """Maximise ``weight x - cost |x_u - x_v|`` over the cuts found so far, kept warm between rounds.

    Limits of area and shares may be broken at a price above anything that is at stake, so there is always a
    solution and always multipliers.
    """

    def __init__(
        self, ground: Ground, limits: Limits, target: float, ranking: Ranking, price: float
    ) -> None:
        self.ground, self.limits, self.ranking = ground, limits, ranking
        self.target = target
        self.cuts: list[Cut] = []
        self.rows: list[Row] = []
        self.known: set[tuple[int, bytes]] = set()
        self.value = np.inf
        self.x = np.zeros(ground.size)
        self.y = np.zeros(len(ranking.order))
        self.row_dual = np.empty(0)
        self.price = price
        self.costly = np.flatnonzero(ground.cost > 0)
        self.highs = highspy.Highs()  # type: ignore[no-untyped-call]
        for option, setting in {"output_flag": False, "threads": 1, "random_seed": 0}.items():
            self.highs.setOptionValue(option, setting)
        self._columns()
        self._rows()
        self.fixed = self.highs.getNumRow()

    def _columns(self) -> None:
        ground = self.ground
        n, roots = ground.size, len(self.ranking.order)
        limits = [*(["share"] * len(ground.slack))]
        limits += ["over"] * bool(np.isfinite(self.limits.max_area))
        limits += ["under"] * (self.limits.min_area > 0)
        self.limit_rows = limits
        counts = [n, len(self.costly), roots, roots, len(limits)]
        self.x_at, self.z_at, self.y_at, self.sum_at, self.spill_at, total = np.concatenate(
            [[0], np.cumsum(counts)]
        ).tolist()
        cost = np.zeros(total)
        cost[:n] = -ground.weight
        cost[n : self.y_at] = ground.cost[self.costly]
        cost[self.spill_at :] = self.price
        lower, upper = np.zeros(total), np.full(total, highspy.kHighsInf)
        upper[:n] = 1.0
        lower[:n][ground.forced] = 1.0
        none = np.empty(0, dtype=np.int32)
        self.highs.addCols(total, cost, lower, upper, 0, none, none, np.empty(0))

    def _rows(self) -> None:
        ground, order = self.ground, self.ranking.order
        u, v = ground.pairs[self.costly].T
        z = self.z_at + np.arange(len(self.costly))
        for a, b in ((u, v), (v, u)):
            self._add([[k, i, j] for k, i, j in zip(z, a, b, strict=True)], [1.0, -1.0, 1.0])
        spill = self.spill_at
        every = np.arange(ground.size)
        for row in ground.slack:
            self._add([[*every, spill]], [*row, 1.0])
            spill += 1
        if np.isfinite(self.limits.max_area):
            self._add([[*every, spill]], [*(-ground.area), 1.0], -self.limits.max_area)
            spill += 1
        if self.limits.min_area > 0:
            self._add([[*every, spill]], [*ground.area, 1.0], self.limits.min_area)
        if not len(order):
            return
        y, upto = self.y_at + np.arange(len(order)), self.sum_at + np.arange(len(order))
        # upto_k = y_0 + ... + y_k: a node is taken only if the root ranks no later
        self._add([[upto[0], y[0]]], [1.0, -1.0], 0.0, 0.0)
        self._add(
            [[a, b, c] for a, b, c in zip(upto[1:], upto[:-1], y[1:], strict=True)],
            [1.0, -1.0, -1.0],
            0.0,
            0.0,
        )
        self._add([[upto[-1]]], [1.0], 1.0, 1.0)
        self._add([[a, b] for a, b in zip(upto, order, strict=True)], [1.0, -1.0])
        self._add([[a, b] for a, b in zip(order, y, strict=True)], [1.0, -1.0])

    def _add(
        self,
        index: Sequence[Sequence[int]] | Sequence[Ints],
        value: Sequence[float],
        least: float = 0.0,
        most: float = highspy.kHighsInf,
    ) -> None:
        """Add rows that share their coefficients."""
        count = len(index)
        if count:
            width = len(value)
            self._send(
                np.arange(count) * width,
                np.asarray(index, dtype=np.int64).ravel(),
                np.tile(np.asarray(value, dtype=float), count),
                np.full(count, least),
                np.full(count, most),
            )

    def _send(self, start: Ints, index: Ints, value: Floats, least: Floats, most: Floats) -> None:
        self.highs.addRows(
            len(start),
            least,
            most,
            len(index),
            start.astype(np.int32),
            index.astype(np.int32),
            value,
        )

    def add(self, cuts: Sequence[Cut]) -> int:
        """Add the rows of cuts that say something here and are new; return how many."""
        index, value, count = [], [], []
        for cut in cuts:
            row = row_of(self.ground, self.limits, self.target, self.ranking, cut)
            if row is None:
                continue
            key = _key(row)
            if key in self.known:
                continue
            self.known.add(key)
            self.cuts.append(cut)
            self.rows.append(row)
            index.append(np.concatenate([[row.node], row.around, self.y_at + row.roots]))
            value.append(np.ones(len(index[-1])))
            value[-1][0] = -row.times
            count.append(len(index[-1]))
        if count:
            self._send(
                np.concatenate([[0], np.cumsum(count)[:-1]]),
                np.concatenate(index),
                np.concatenate(value),
                np.zeros(len(count)),
                np.full(len(count), highspy.kHighsInf),
            )
        return len(count)

    def solve(self, limit_s: float) -> bool:
        """Solve from the last basis; False where the limit came first."""
        while True:
            self.highs.setOptionValue("time_limit", self.highs.getRunTime() + max(0.02, limit_s))
            self.highs.run()
            if self.highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
                return False
            spilled = np.asarray(self.highs.getSolution().col_value)[self.spill_at :]
            if spilled.max(initial=0.0) < SPILL or self.price > DEAREST:
                break
            # no solution keeps the limits, or the price was too low: a dearer one tells
            self.price *= DEARER
            for column in range(self.spill_at, self.spill_at + len(spilled)):
                self.highs.changeColCost(column, self.price)
        solution = self.highs.getSolution()
        values = np.asarray(solution.col_value)
        self.x = np.clip(values[: self.ground.size], 0.0, 1.0)
        self.y = np.clip(values[self.y_at : self.sum_at], 0.0, 1.0)
        self.row_dual = np.asarray(solution.row_dual, dtype=float)
        self.value = -float(self.highs.getObjectiveValue())
        return True

    def multipliers(self) -> tuple[list[int], Multipliers]:
        """Return which cuts bear a multiplier, and the multipliers, rounded to some digits."""
        duals = self.row_dual[self.fixed :]
        used = np.flatnonzero(duals > DUAL_TOLERANCE)
        m = len(self.costly)
        flow = np.zeros(len(self.ground.pairs))
        # row 1 says z >= x_u - x_v, row 2 the opposite
        flow[self.costly] = self.row_dual[:m] - self.row_dual[m : 2 * m]
        limits = rounded(np.maximum(self.row_dual[2 * m : 2 * m + len(self.limit_rows)], 0.0))
        shares = limits[: len(self.ground.slack)]
        of = dict(zip(self.limit_rows, limits.tolist(), strict=True))
        return used.tolist(), Multipliers(
            rounded(duals[used]),
            shares,
            of.get("over", 0.0),
            of.get("under", 0.0),
            rounded(flow),
        )

    def purge(self) -> None:
        """Drop cuts that are far from holding with equality, once there are many."""
        if len(self.cuts) < PURGE_FROM:
            return
        loose = self._loose()
        if not loose:
            return
        self.highs.deleteRows(len(loose), (self.fixed + np.array(loose)).astype(np.int32))
        dropped = set(loose)
        kept = [c for c in range(len(self.cuts)) if c not in dropped]
        self.cuts = [self.cuts[c] for c in kept]
        self.rows = [self.rows[c] for c in kept]
        self.known = {_key(row) for row in self.rows}

    def tight(self) -> tuple[Cut, ...]:
        """Return the cuts that hold with equality, and those that bear a multiplier."""
        loose = set(self._loose())
        return tuple(cut for c, cut in enumerate(self.cuts) if c not in loose)

    def _loose(self) -> list[int]:
        duals = self.row_dual[self.fixed : self.fixed + len(self.cuts)]
        known = len(duals)  # cuts added since the last solution are kept
        loose = []
        for c in np.flatnonzero(duals <= DUAL_TOLERANCE).tolist():
            row = self.rows[c]
            spare = self.x[row.around].sum() + self.y[row.roots].sum()
            if c < known and spare - row.times * self.x[row.node] > IDLE:
                loose.append(c)
        return loose

    def probes(self, nodes: Sequence[int], steps: int) -> list[tuple[float, float]]:
        """Return for each node what the value falls to within some steps if it is taken, if it is not."""
        basis = self.highs.getBasis()
        self.highs.setOptionValue("simplex_iteration_limit", steps)
        found = []
        for node in nodes:
            pair = []
            for bound in (1.0, 0.0):
                self.highs.changeColBounds(int(node), bound, bound)
                self.highs.setBasis(basis)
                self.highs.run()
                infeasible = self.highs.getModelStatus() == highspy.HighsModelStatus.kInfeasible
                pair.append(
                    -np.inf if infeasible else -float(self.highs.getInfo().objective_function_value)
                )
            self.highs.changeColBounds(int(node), 0.0, 1.0)
            found.append((pair[0], pair[1]))
        self.highs.setOptionValue("simplex_iteration_limit", 2**31 - 1)
        self.highs.setBasis(basis)
        return found


def _key(row: Row) -> tuple[int, bytes]:
    kind = b"||" if row.times > 1 else b"|"
    return row.node, row.around.tobytes() + kind + row.roots.tobytes()


def rounded(values: Floats) -> Floats:
    """Return numbers rounded to :data:`DIGITS` significant digits, as a proof tells them."""
    return np.array([float(f"{value:.{DIGITS}g}") for value in values.tolist()])


def borders(ground: Ground, inside: Bools) -> float:
    """Return what the borders of a set cost."""
    ends = inside[ground.pairs]
    return float(ground.cost[ends[:, 0] != ends[:, 1]].sum())


def lacks(ground: Ground, limits: Limits, inside: Bools) -> float:
    """Return by how much a set breaks its limits, 0 if it keeps them."""
    size = float(ground.area[inside].sum())
    short = max(0.0, limits.min_area - AREA_TOLERANCE - size)
    long = max(0.0, size - limits.max_area - AREA_TOLERANCE)
    owed = np.maximum(-ground.slack[:, inside].sum(axis=1) - AREA_TOLERANCE, 0.0)
    return short + long + float(owed.sum())
