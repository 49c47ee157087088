"""The search for the sites that reach the most: exchanges from below, prices from above, HiGHS between."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from renewal_geo.foundation import progress
from renewal_geo.solvers import covering_programmes as programmes
from renewal_geo.solvers.covering_bounds import price
from renewal_geo.solvers.covering_rows import Cover, dominated_sites, merge
from renewal_geo.solvers.covering_swaps import covered, exchange, grow, shake
from renewal_geo.solvers.covering_tree import Node, branch

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
NONE = np.empty(0, dtype=np.int64)
STEPS = 300  # of the prices, each round
ROUNDS = 6  # of pricing and settling, as long as a round leaves no more than WORTH of the sites
WORTH = 0.7
NEAR = 0.004  # relative gap above which plans are shaken first
CLOSE = 0.008  # relative gap below which a tree is tried before HiGHS
NODES, NODE_ENTRIES = 60, 4_000_000  # least work of the tree: nodes, and nodes times entries
SHAKES, KICKS = 6, 25  # rounds of shaking, kicks of each
WHOLE = 0.5
TIE = 1e-9  # relative: weights that are no whole numbers are compared to this


class Clock:
    """Wall-clock seconds that are left."""

    def __init__(self, limit_s: float) -> None:
        self.end = time.monotonic() + limit_s
        self.limit_s = limit_s

    @property
    def left(self) -> float:
        """Seconds until the end; negative after it."""
        return self.end - time.monotonic()

    @property
    def over(self) -> bool:
        """Whether there is no time to begin anything."""
        return self.left <= 0.01 * self.limit_s


@dataclass(eq=False)
class Search:
    """Maximal covering on merged rows: `plan` grows better and `bound` lower until they meet."""

    cover: Cover
    use: Flags
    group: Ints
    p: int
    base: float
    unit: float
    clock: Clock
    gap: float
    seed: int
    plan: Ints = field(default_factory=lambda: NONE)
    value: float = 0.0
    bound: float = np.inf
    closed: bool = False
    settled: bool = False
    taken: Ints = field(default_factory=lambda: NONE)
    prices: Floats | None = None
    whole: Cover = field(init=False)
    most: int = field(init=False)

    def run(self) -> None:
        """Search until plan and bound meet, the gap is small enough, or the time is over."""
        self.whole = self.cover
        self.most = self.p
        self.value = self.base
        self.bound = self.base + float(self.cover.weight.sum())
        if self.p <= 0 or not self.cover.n:
            self.bound, self.closed = self.value, True
            return
        self._shrink()
        self.whole = self.cover
        self._offer(grow(self.cover, NONE, self.p, self.group, self.use))
        if self._priced():
            return
        if self.bound - self.value > NEAR * self.value:
            for turn in range(SHAKES):
                before = self.value
                self._shake(turn)
                if (self.value > before and self._priced()) or self._done():
                    return
        self._branch()
        if not self._done():
            self._integers()

    def _priced(self) -> bool:
        """Price and settle as long as that settles much; return whether the search is done."""
        for _ in range(ROUNDS):
            before = int(self.use.sum())
            self._price()
            if self._done():
                return True
            if int(self.use.sum()) > WORTH * before:
                break
        return False

    def _shake(self, turn: int) -> None:
        plan = np.setdiff1d(self.plan, self.taken)
        plan = plan[self.use[plan]][: self.p]  # what is settled may have left the best plan
        plan, _ = shake(
            self.cover, plan, self.p, self.group, self.use,
            rounds=KICKS, seed=self.seed * SHAKES + turn, over=lambda: self.clock.over,
        )  # fmt: skip
        self._keep(np.concatenate([self.taken, plan]))

    def _branch(self) -> None:
        """Try a small tree: where the gap is small it closes sooner than an integer programme is built."""
        if self.bound - self.value > CLOSE * self.value or not self.use.any() or self.p <= 0:
            return
        prices = self.cover.weight / self.cover.degree if self.prices is None else self.prices
        target = self.value - self._held()
        root = Node(self.cover, self.use, self.p, prices, target, NONE, self.bound - self.value)
        plan, gained, above = branch(
            root,
            self.group,
            self._step,
            nodes=max(NODES, NODE_ENTRIES // len(self.cover.sites)),
            over=lambda: self.clock.over,
        )
        value = self.value
        if plan is not None:
            self._keep(np.concatenate([self.taken, plan]))
        self.bound = max(self.value, min(self.bound, value + above))
        self.closed = above <= gained

    def _offer(self, plan: Ints) -> None:
        """Improve a plan for what is not settled by exchanges, and keep it if it is the best."""
        plan, _ = exchange(self.cover, plan, self.group, self.use)
        full = np.concatenate([self.taken, plan])
        self._keep(full)

    def _keep(self, full: Ints) -> None:
        assert len(full) <= self.most, "a plan of too many sites"  # noqa: S101 - must not pass as good
        value = self.base + covered(self.whole, full)
        if value > self.value + TIE * self.value:
            self.value, self.plan = value, np.sort(full)

    @property
    def _step(self) -> float:
        """Return by how much a better plan is better at least."""
        return max(self.unit * (1 - 1e-6), TIE * max(self.value, 1.0))

    def _done(self) -> bool:
        self.closed = self.closed or self.bound < self.value + self._step
        near = self.bound - self.value <= self.gap * max(abs(self.value), 1e-9)
        return self.closed or near or self.clock.over

    def _price(self) -> None:
        settled = (
            self.value - self._held()
        )  # what the sites that are not settled reach in the best plan
        found = price(
            self.cover, self.p, self.group, settled, steps=STEPS, prices=self.prices,
            enough=settled + self._step,
        )  # fmt: skip
        priced = self._held() + found.bound
        # once sites are settled, prices bound only the plans that are better than the best one
        assert self.settled or priced >= self.value * (1 - TIE), "a plan above its bound"  # noqa: S101
        self.bound = min(self.bound, max(priced, self.value))
        for one in found.plans[:4]:
            self._offer(one[self.use[one]])
        progress.report("facilities.covering", None, objective=self.value, bound=self.bound)
        self._settle(found.most, found.without, found.prices)

    def _held(self) -> float:
        return self.base + (covered(self.whole, self.taken) if len(self.taken) else 0.0)

    def _settle(self, most: Floats, without: Floats, prices: Floats) -> None:
        """Shut the sites that no better plan uses, open those that every better plan uses."""
        enough = self.value - self._held() + self._step
        into = np.flatnonzero(self.use & (without < enough))
        out = self.use & (most < enough)
        if not len(into) and not out.any():
            self.prices = prices
            return
        if len(into) > self.p:  # every better plan needs more sites than there may be
            self.bound, self.closed = self.value, True
            return
        self.settled = True
        held = self.group[into]
        self.taken = np.sort(np.concatenate([self.taken, into]))
        self.p -= len(into)
        self.use = self.use & ~out & ~(np.isin(self.group, held[held >= 0]) & (self.group >= 0))
        self.use[into] = False
        missed = self.cover.counts(into) == 0
        prices = prices[missed]
        self.cover = self.cover.reduced(missed, self.use)
        self._shrink(prices)

    def _shrink(self, prices: Floats | None = None) -> None:
        self.use = self.use & ~dominated_sites(self.cover, self.use, self.group)
        lean = self.cover.reduced(np.ones(self.cover.n, dtype=bool), self.use)
        self.cover, label = merge(lean)
        self.prices = None
        if prices is not None:
            kept = label >= 0
            self.prices = np.bincount(label[kept], prices[kept], self.cover.n).astype(float)

    def _integers(self) -> None:
        """Give HiGHS what is left."""
        held = self._held()
        sites = np.flatnonzero(self.use)
        total = float(self.cover.weight.sum())
        if not len(sites) or self.p <= 0:
            self.bound, self.closed = self.value, True
            return
        asked = programmes.most_cover(self.cover, sites, self.p, self.group)
        missed = held + total - self.value  # what the best plan misses of what is left
        found = programmes.solve(
            asked,
            time_limit_s=self.clock.left,
            cutoff=missed - 0.5 * self._step,
            gap=0.0,
            seed=self.seed,
        )
        if found.x is not None:
            self._keep(np.concatenate([self.taken, sites[found.x[: len(sites)] > WHOLE]]))
        self.closed = found.closed
        self.bound = (
            self.value
            if found.closed
            else max(self.value, min(self.bound, held + total - found.bound))
        )
