"""What a hectare of budget is worth: the relaxation evaluated by minimum cuts, its price sought by tangents.

With a price on the budget the components no longer touch one another, and without connectivity each is a
maximum closure. The bound is convex and piecewise linear in the price; its slope is the budget less the
area that the relaxation takes, so where two tangents meet is the next price to try.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from renewal_geo.solvers.bounding import Leaf, priced
from renewal_geo.solvers.cuts import Row, Terrain
from renewal_geo.solvers.mincut import ROUNDS, closure
from renewal_geo.zones.parts import Part

MOST_PRICES = 24
SAME_PRICE = 1e-7
CALM = 1e-6  # of the mean weight: far more than rounding, far less than anybody would notice
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Priced:
    """A valid bound, the price that gives it, the nodes it takes, and the flow over each part's links."""

    bound: float
    price: float
    taken: Bools
    flows: tuple[Floats, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Tilted:
    """Parts with multipliers put in: all of them as one graph for the minimum cut."""

    parts: Sequence[Part]
    worth: Floats
    area: Floats
    pairs: Ints
    half_gain: Floats
    locked: Bools
    nodes: Ints

    @classmethod
    def of(
        cls, parts: Sequence[Part], leaves: Sequence[tuple[Leaf, Sequence[Row]] | None]
    ) -> Tilted:
        """Put the multipliers of one leaf into each part; None for a part without."""
        worth, gain, pairs, before = [], [], [], 0
        for part, given in zip(parts, leaves, strict=True):
            weight, link = part.worth, part.gain
            if given is not None:
                weight, link = priced(part.terrain, weight, link, *given)
            half = np.maximum(link, 0.0) / 2
            # gain z = gain (x_u + x_v) / 2 - gain / 2 |x_u - x_v|
            ends = part.terrain.pairs
            weight = weight + np.bincount(ends.ravel(), np.repeat(half, 2), minlength=len(weight))
            worth.append(weight)
            gain.append(half)
            pairs.append(ends + before)
            before += len(weight)
        return cls(
            parts,
            np.concatenate([*worth, np.empty(0)]),
            np.concatenate([*(part.terrain.area for part in parts), np.empty(0)]),
            np.concatenate([*pairs, np.empty((0, 2), np.int64)]),
            np.concatenate([*gain, np.empty(0)]),
            np.concatenate([*(part.locked for part in parts), np.empty(0, bool)]),
            np.concatenate([*(part.nodes for part in parts), np.empty(0, np.int64)]),
        )

    def at(
        self, price: float, budget: float | None, rounds: int = 1
    ) -> tuple[float, Bools, Floats]:
        """Return bound, nodes taken and flow at one price."""
        bound, taken, flow = closure(
            self.worth - price * self.area, self.pairs, self.half_gain, self.locked, rounds
        )
        return bound + price * (budget or 0.0), taken, flow

    def best(
        self,
        budget: float | None,
        size: int,
        *,
        start: float = 0.0,
        deadline: float = np.inf,
        most: int = MOST_PRICES,
    ) -> Priced:
        """Seek the price with the lowest bound; every price tried gives a valid one."""
        price = 0.0 if budget is None else self._price(budget, start, deadline, most)
        bound, taken, flow = self.at(price, budget, ROUNDS)
        if not taken.any():
            flow = self._calm(price, flow)
        chosen = np.zeros(size, dtype=bool)
        chosen[self.nodes[taken]] = True
        ends = np.cumsum([0, *(len(part.links) for part in self.parts)])
        flows = tuple(flow[ends[k] : ends[k + 1]] for k in range(len(self.parts)))
        return Priced(bound, price, chosen, flows)

    def _calm(self, price: float, flow: Floats) -> Floats:
        """Return a flow that leaves every node short of worth, where one shows that nothing is worth taking.

        The flow of the minimum cut makes them worth nothing but for rounding, and a bound of next to nothing
        is infinitely far from an answer of nothing.
        """
        weight = self.worth - price * self.area
        raised = weight + CALM * np.abs(weight).mean()
        _, taken, calm = closure(raised, self.pairs, self.half_gain, self.locked, ROUNDS)
        return flow if taken.any() else calm

    def _price(self, budget: float, start: float, deadline: float, most: int) -> float:
        # (price, bound, slope) of the steepest falling and rising tangents known
        falling: tuple[float, float, float] | None = None
        rising: tuple[float, float, float] | None = None
        price = start
        for number in range(most):
            bound, taken, _ = self.at(price, budget)
            slope = budget - float(self.area[taken].sum())
            if slope >= 0:
                rising = (price, bound, slope)
                if price == 0.0:
                    return 0.0
            else:
                falling = (price, bound, slope)
            if time.monotonic() > deadline and number:
                break
            price = self._next(falling, rising)
            known = [one for one in (falling, rising) if one is not None]
            if (
                falling
                and rising
                and min(abs(price - one[0]) for one in known) <= SAME_PRICE * max(price, SAME_PRICE)
            ):
                break
        return min(
            (one for one in (falling, rising) if one is not None), key=lambda one: (one[1], one[0])
        )[0]

    def _next(
        self,
        falling: tuple[float, float, float] | None,
        rising: tuple[float, float, float] | None,
    ) -> float:
        if falling is None:
            return 0.0 if rising is None else rising[0] * 0.8 if rising[0] > SAME_PRICE else 0.0
        if rising is None:
            if falling[0] > 0:
                return falling[0] * 1.3
            with np.errstate(divide="ignore", invalid="ignore"):
                rates = np.where(self.area > 0, self.worth / self.area, 0.0)
            return float(max(rates.max(initial=0.0), SAME_PRICE))
        (p, f, a), (q, g, b) = falling, rising
        meet = (g - f + a * p - b * q) / (a - b)
        # where tangents of a rounded flow fail to meet between, halve
        return meet if p < meet < q else (p + q) / 2


def empty_leaf(terrain: Terrain, flow: Floats) -> Leaf:
    """Return the leaf without cuts: only the flow of the minimum cut."""
    none = np.empty(0)
    return Leaf((), np.zeros(len(terrain.slack)), (), none, flow)
