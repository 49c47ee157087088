"""Multipliers for a tight bound: a linear programme with area-separator cuts, one component at a time.

For a connected set R of less than the minimum area and a node i in it, every zone that takes i must
leave R: ``x_i <= sum of x over the neighbours of R``. The programme's duals on these cuts and on the
share rows are multipliers; the bound itself is recomputed from them by a minimum cut
(:mod:`renewal_geo.solvers.mincut`), so no tolerance of the solver enters it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import highspy
import numpy as np
from numpy.typing import NDArray

from renewal_geo.foundation.compiled import compiled
from renewal_geo.solvers.annealing import Landscape

CUTS_PER_ROUND = 250
LEAST_VIOLATION = 0.02
PURGE_EVERY = 4
DUAL_TOLERANCE = 1e-9
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Separator:
    """The cut x[node] <= sum of x over the neighbours of `region`, which holds `node`."""

    node: int
    region: Ints
    multiplier: float


@dataclass(frozen=True, slots=True, eq=False)
class Multipliers:
    """Duals of one component's programme: one per share, and the separators with theirs."""

    shares: Floats
    separators: tuple[Separator, ...]
    value: float
    rounds: int


def tighten(
    landscape: Landscape,
    objective: Floats,
    pairs: Ints,
    cost: Floats,
    forced: Bools,
    *,
    rounds: int,
    deadline: float,
) -> Multipliers | None:
    """Solve the programme, add violated separators, and return the duals.

    Parameters
    ----------
    landscape
        Areas, share slacks, adjacency and the minimum area of n connected nodes.
    objective
        Length n, what a node is worth at the budget price, own boundary paid.
    pairs, cost
        (m, 2) and m: what a border between a chosen and an unchosen node costs.
    forced
        Length n, nodes that must be chosen.
    rounds
        Most rounds of cuts: the work, independent of the clock.
    deadline
        ``time.monotonic()`` after which no round begins.

    Returns
    -------
    Multipliers or None
        None if not even the first programme was solved in time.
    """
    programme = _Programme(landscape, objective, pairs, cost, forced)
    best: Multipliers | None = None
    for number in range(rounds):
        left = deadline - time.monotonic()
        if left <= 0 or not programme.solve(left):
            break
        best = programme.multipliers(number + 1)
        cuts = programme.violated()
        if not cuts:
            break
        if number % PURGE_EVERY == PURGE_EVERY - 1:
            programme.purge()
        programme.add(cuts)
    return best


class _Programme:
    """The linear programme of one component, kept warm between rounds."""

    def __init__(
        self, landscape: Landscape, objective: Floats, pairs: Ints, cost: Floats, forced: Bools
    ) -> None:
        self.landscape = landscape
        self.n, self.m = len(objective), len(pairs)
        self.x = np.zeros(self.n)
        self.cuts: list[tuple[int, Ints, Ints]] = []
        costly = cost > 0
        pairs, cost = pairs[costly], cost[costly]
        self.m = len(pairs)
        self.fixed = 2 * self.m + landscape.slack.shape[0]
        self.highs = highspy.Highs()
        for option, value in (("output_flag", False), ("threads", 1), ("random_seed", 0)):
            self.highs.setOptionValue(option, value)
        columns = self.n + self.m
        lower = np.zeros(columns)
        upper = np.concatenate([np.ones(self.n), np.full(self.m, highspy.kHighsInf)])
        lower[: self.n][forced] = 1.0
        price = np.concatenate([-objective, cost])
        none = np.empty(0, dtype=np.int32)
        self.highs.addCols(
            columns, price, lower, upper, 0, none, none, np.empty(0, dtype=np.float64)
        )
        self._add_fixed_rows(pairs)

    def _add_fixed_rows(self, pairs: Ints) -> None:
        m, n = self.m, self.n
        border = n + np.arange(m)
        if m:
            index = np.concatenate(
                [
                    np.stack([border, pairs[:, 0], pairs[:, 1]], axis=1).ravel(),
                    np.stack([border, pairs[:, 1], pairs[:, 0]], axis=1).ravel(),
                ]
            )
            value = np.tile([1.0, -1.0, 1.0], 2 * m)
            start = 3 * np.arange(2 * m)
            self._rows(start, index, value, 2 * m)
        for row in self.landscape.slack:
            used = np.flatnonzero(row != 0)
            self._rows(np.zeros(1), used, row[used], 1)

    def _rows(self, start: Ints | Floats, index: Ints, value: Floats, count: int) -> None:
        self.highs.addRows(
            count,
            np.zeros(count),
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
        if self.highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return False
        solution = self.highs.getSolution()
        self.x = np.asarray(solution.col_value)[: self.n]
        self.dual = np.asarray(solution.row_dual)
        return True

    def multipliers(self, rounds: int) -> Multipliers:
        """Return the duals of shares and cuts, those that are zero left out."""
        shares = np.maximum(self.dual[2 * self.m : self.fixed], 0.0)
        separators = tuple(
            Separator(node, region, float(y))
            for (node, region, _), y in zip(self.cuts, self.dual[self.fixed :], strict=True)
            if y > DUAL_TOLERANCE
        )
        value = -float(self.highs.getObjectiveValue())
        return Multipliers(shares, separators, value, rounds)

    def violated(self) -> list[tuple[int, Ints, Ints]]:
        """Return the most violated separators of the present solution."""
        land = self.landscape
        if land.min_area <= 0:
            return []
        node, region, ends, gap = _separate(
            self.x, land.area, land.indptr, land.indices, land.min_area
        )
        order = np.argsort(-gap, kind="stable")
        chosen: list[tuple[int, Ints, Ints]] = []
        seen: set[bytes] = set()
        for c in order:
            if gap[c] < LEAST_VIOLATION or len(chosen) == CUTS_PER_ROUND:
                break
            members = np.sort(region[ends[c] : ends[c + 1]])
            key = members.tobytes()
            if key in seen:
                continue
            seen.add(key)
            chosen.append((int(node[c]), members, ring(members, land.indptr, land.indices)))
        return chosen

    def add(self, cuts: list[tuple[int, Ints, Ints]]) -> None:
        """Add rows x(ring) - x(node) >= 0."""
        index = [np.concatenate([around, [node]]) for node, _, around in cuts]
        value = [np.concatenate([np.ones(len(around)), [-1.0]]) for _, _, around in cuts]
        start = np.concatenate([[0], np.cumsum([len(one) for one in index])[:-1]])
        self._rows(start, np.concatenate(index), np.concatenate(value), len(cuts))
        self.cuts.extend(cuts)

    def purge(self) -> None:
        """Drop cuts whose dual is zero: dense idle rows are what makes the programme slow."""
        idle = np.flatnonzero(self.dual[self.fixed :] <= DUAL_TOLERANCE)
        if not len(idle):
            return
        self.highs.deleteRows(len(idle), (self.fixed + idle).astype(np.int32))
        dropped = set(idle.tolist())
        self.cuts = [cut for c, cut in enumerate(self.cuts) if c not in dropped]


def ring(region: Ints, indptr: Ints, indices: Ints) -> Ints:
    """Return the neighbours of `region` outside it, sorted."""
    around = np.concatenate([indices[indptr[i] : indptr[i + 1]] for i in region])
    return np.setdiff1d(around, region)


@compiled
def _separate(x, area, indptr, indices, min_area):
    """Grow a region from every node by its neighbour of the highest value; keep the worst cut."""
    n = x.shape[0]
    stamp = np.zeros(n, dtype=np.int64)
    grown = np.empty(n, dtype=np.int64)
    frontier = np.empty(n, dtype=np.int64)
    node = np.empty(n, dtype=np.int64)
    gaps = np.empty(n)
    ends = np.zeros(n + 1, dtype=np.int64)
    regions = np.empty(4 * n + 16, dtype=np.int64)
    found, used = 0, 0
    for i in range(n):
        if x[i] < 0.02:
            continue
        mark = i + 1
        grown[0] = i
        stamp[i] = mark
        size, length, waiting, around = area[i], 1, 0, 0.0
        last = i
        best_gap, best_length = -1.0, 0
        top = x[i]
        while size < min_area * (1 - 1e-9):
            for e in range(indptr[last], indptr[last + 1]):
                j = indices[e]
                if stamp[j] != mark:
                    stamp[j] = mark
                    frontier[waiting] = j
                    waiting += 1
                    around += x[j]
            if x[i] - around > best_gap:
                best_gap, best_length = x[i] - around, length
            if waiting == 0:
                break
            best = 0
            for f in range(1, waiting):
                if x[frontier[f]] > x[frontier[best]]:
                    best = f
            if x[frontier[best]] > top + 0.3:
                break
            last = frontier[best]
            waiting -= 1
            frontier[best] = frontier[waiting]
            around -= x[last]
            grown[length] = last
            length += 1
            size += area[last]
        if best_gap < 0.02:
            continue
        if used + best_length > regions.shape[0]:
            regions = np.concatenate((regions, np.empty(regions.shape[0] + best_length, np.int64)))
        node[found] = i
        gaps[found] = best_gap
        for f in range(best_length):
            regions[used + f] = grown[f]
        used += best_length
        found += 1
        ends[found] = used
    return node[:found], regions[:used], ends[: found + 1], gaps[:found]
