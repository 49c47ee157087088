"""Branch and bound over sites: a site is open or shut in each half, bounded by prices of the rows."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from renewal_geo.solvers.medians_dual import (
    FREE,
    OPEN,
    SHUT,
    STEP_FIRST,
    STEP_LAST,
    bound_node,
    plan_cost,
)
from renewal_geo.solvers.medians_rows import Rows
from renewal_geo.solvers.siting import Floats

ROOT_ROUNDS, ROOT_CHUNK, ROOT_PATIENCE = 6000, 200, 30
NODE_ROUNDS, NODE_PATIENCE, NODE_STEP = 120, 10, 0.1
DECIDED = 0.99  # a site picked this often is taken for granted by the bound
NEAR = 0.5  # of the open gap: a plan this little worse than the best is polished
BEYOND = 0.02  # of the cost: steps aim so much higher
SHAKE_EVERY, SHAKES = 50, 20  # nodes between kicks of the best plan
ROOM = 200_000_000  # bytes of waiting nodes; beyond it the tree is searched depth first
Bools = NDArray[np.bool_]


@dataclass(order=True, slots=True)
class Node:
    """A part of all plans: the sites that are open or shut in it, and the prices that bound it."""

    bound: float
    number: int
    state: NDArray[np.int8] = field(compare=False)
    price: NDArray[np.float32] = field(compare=False)
    site: int = field(compare=False)


class Tree:
    """The plans of at most `p` sites that may still be better than the best known.

    Parameters
    ----------
    rows
        The demand, every cap finite.
    p
        Most sites.
    best, cost
        A plan (bool by site) and what it costs.
    step
        What a better plan must save at least: 1 where all costs are whole, else rounding.
    gap
        Share of the cost by which the bound may stay below it.
    goal
        Only plans cheaper than this are wanted.
    polish
        Improves a plan in place after so many kicks, and returns its cost.
    """

    def __init__(
        self,
        rows: Rows,
        p: int,
        best: Bools,
        cost: float,
        *,
        step: float,
        gap: float = 0.0,
        goal: float = np.inf,
        polish: Callable[[Bools, int], float] | None = None,
    ) -> None:
        """Begin with no node; `search` makes the first."""
        self.rows, self.p, self.step, self.gap, self.goal = rows, p, step, gap, goal
        self.polish = polish
        self.best, self.cost = best.copy(), cost
        self.waiting: list[Node] = []
        self.pruned = np.inf  # least bound of what was given up
        self.count = self.steps = 0
        self.late = False
        self._space = (
            np.empty_like(rows.rptr),
            np.empty_like(rows.rsite),
            np.empty_like(rows.rcost),
        )
        self._picked = np.zeros(len(rows.site), dtype=bool)
        self._mean = np.zeros(len(rows.site))

    @property
    def wanted(self) -> float:
        """What a plan must cost less than."""
        return min(self.cost - self.step, self.goal)

    @property
    def target(self) -> float:
        """The bound that is enough."""
        return min(self.wanted, self.cost - self.gap * abs(self.cost))

    @property
    def bound(self) -> float:
        """What no plan costs less than, better plans than the best included."""
        waiting = self.waiting[0].bound if self.waiting else np.inf
        return min(self.cost, waiting, self.pruned)

    @property
    def closed(self) -> bool:
        """Whether nothing better than the best is left."""
        return not self.waiting and self.pruned >= self.wanted

    def root(self, price: Floats, deadline: float, rounds: int = ROOT_ROUNDS) -> None:
        """Bound all plans, from `price` of the rows."""
        state = np.zeros(len(self.rows.site), dtype=np.int8)
        price = price.copy()
        bound = -np.inf
        step = np.array([STEP_FIRST])
        for _ in range(0, rounds, ROOT_CHUNK):
            before = step[0]
            risen = max(bound, self._bounded(state, price, ROOT_CHUNK, ROOT_PATIENCE, step))
            still = step[0] == before and risen - bound <= 1e-7 * abs(risen)
            bound = risen
            done = bound >= self.target or step[0] < STEP_LAST or not (state == FREE).any()
            if done or still or time.monotonic() > deadline:
                break
        self._keep(bound, state, price)

    def search(self, deadline: float) -> None:
        """Halve the node of the least bound until none is left below the target."""
        while self.waiting:
            if self.waiting[0].bound >= self.target:
                self.pruned = min(self.pruned, self.waiting[0].bound)
                self.waiting = []
                return
            if time.monotonic() > deadline:
                self.late = True
                return
            self._shake()
            node = self._next()
            for half in (OPEN, SHUT):
                state = node.state.copy()
                state[node.site] = half
                price = node.price.astype(np.float64)
                bound = self._bounded(
                    state, price, NODE_ROUNDS, NODE_PATIENCE, np.array([NODE_STEP])
                )
                self._keep(max(bound, node.bound), state, price)

    def _shake(self) -> None:
        """Look for a better plan now and then: a tree that grows may do so for want of one."""
        self.steps += 1
        if self.polish is None or self.steps % SHAKE_EVERY:
            return
        plan = self.best.copy()
        cost = self.polish(plan, SHAKES)
        if cost < self.cost:
            self.best, self.cost = plan, cost

    def _next(self) -> Node:
        size = self.waiting[0].price.nbytes + self.waiting[0].state.nbytes
        if len(self.waiting) * size < ROOM:
            return heapq.heappop(self.waiting)
        place = max(range(len(self.waiting)), key=self.waiting.__getitem__)
        self.waiting[place], self.waiting[-1] = self.waiting[-1], self.waiting[place]
        node = self.waiting.pop()
        heapq.heapify(self.waiting)
        return node

    def _bounded(
        self, state: NDArray[np.int8], price: Floats, rounds: int, patience: int, step: Floats
    ) -> float:
        """Raise the bound of a node, and take the plan that it suggests where it is better."""
        rows = self.rows
        ground = (rows.rptr, rows.rsite, rows.rcost, rows.cap)
        bound: float = bound_node(
            *ground, rows.group, rows.groups, rows.xptr, rows.xsite, self.p, state, price,
            self.target, self.wanted, self._aim(), rounds, patience, step,
            *self._space, self._picked, self._mean,
        )  # fmt: skip
        if np.isfinite(bound):
            self._take(self._picked.copy(), bound)
        return bound

    def _aim(self) -> float:
        """Return the value that steps are measured against: a little beyond what is wanted."""
        if np.isfinite(self.goal):
            return 1.0
        return self.cost + BEYOND * abs(self.cost)

    def _take(self, plan: Bools, bound: float = np.inf) -> float:
        """Keep a plan that is better than the best, polished where it comes near; returns its cost."""
        rows = self.rows
        sites = np.flatnonzero(plan)
        clash = any(plan[rows.xsite[rows.xptr[j] : rows.xptr[j + 1]]].any() for j in sites)
        if clash or len(sites) > self.p:
            return np.inf
        cost: float = plan_cost(rows.rptr, rows.rsite, rows.rcost, rows.cap, plan)
        if self.polish is not None and cost < self.cost + NEAR * (self.cost - bound):
            cost = self.polish(plan, 0)
        if cost < self.cost:
            self.best, self.cost = plan, cost
        return cost

    def _keep(self, bound: float, state: NDArray[np.int8], price: Floats) -> None:
        """Put a node among the waiting, unless nothing better can be in it."""
        free = np.flatnonzero(state == FREE)
        if bound < self.target and not len(free):
            bound = max(bound, min(self._take(state == OPEN), self.wanted))
        if bound >= self.target or not len(free):
            self.pruned = min(self.pruned, bound)
            return
        often = self._mean[free]
        site = int(free[np.argmax(np.where(often < DECIDED, often, often - 1.0))])
        self.count += 1
        heapq.heappush(
            self.waiting, Node(bound, self.count, state.copy(), price.astype(np.float32), site)
        )
