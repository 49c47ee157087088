"""All connected sets of a small graph, each once, and the best packing of them: exact answers without a solver."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

ROUNDING = 1e-12  # relative: what differs by less is the same value


def connected_sets(neighbours: Sequence[int], limit: int) -> Iterator[int]:
    """Yield every connected set of nodes as a bit mask.

    Parameters
    ----------
    neighbours
        Length n, bit mask of each node's neighbours.
    limit
        Stop after so many sets; the caller then knows by counting that some are missing.

    Notes
    -----
    Sets are grown from their smallest node; a node once refused in a branch stays refused below it,
    so no set comes twice (the reverse-search scheme of Avis and Fukuda, 1996).
    """
    yielded = 0
    for root in range(len(neighbours)):
        below = (1 << (root + 1)) - 1
        stack = [(1 << root, neighbours[root] & ~below, below)]
        while stack:
            chosen, frontier, refused = stack.pop()
            yield chosen
            yielded += 1
            if yielded >= limit:
                return
            while frontier:
                bit = frontier & -frontier
                frontier ^= bit
                node = bit.bit_length() - 1
                refused |= bit
                grown = chosen | bit
                stack.append((grown, frontier | (neighbours[node] & ~refused & ~grown), refused))


@dataclass(frozen=True, slots=True)
class Packing:
    """Which sets may be chosen together: bit masks of nodes, with what each is worth and its area.

    ``prices`` (one per node) and ``area_price`` bound what a choice can be worth; any non-negative numbers are
    valid. Every ``forced`` node must be covered, those of one mask of ``alike`` all or none. With ``fewest``
    above 0 two chosen sets may not touch (``neighbours``) where together they have at most ``joinable``.
    """

    masks: Sequence[int]
    values: Sequence[float]
    areas: Sequence[float]
    prices: Sequence[float]
    area_price: float
    budget: float | None
    forced: int
    alike: Sequence[int]
    fewest: int
    most: int
    neighbours: Sequence[int]
    joinable: float


def most_above(value: float, packing: Packing, most_steps: int) -> float | None:
    """Return `value`, or the worth of the best choice of disjoint sets where that is more.

    A depth-first search over the nodes: each is left out, or covered by a set that holds it. What is still
    open is worth at most the prices of the nodes left and of the area left.

    Returns
    -------
    float or None
        None where it takes more than `most_steps`.
    """
    search = _Choice(packing, value, most_steps)
    return search.best if search.extend(0, 0, 0.0, 0.0, []) else None


class _Choice:
    """The search of :func:`most_above`: sets by their lowest open node, cheapest above their value first."""

    def __init__(self, packing: Packing, value: float, steps: int) -> None:
        self.packing, self.best, self.steps = packing, value, steps
        n = len(packing.neighbours)
        price = [float(one) for one in packing.prices]
        # prices that fall short of a set are raised, so that none is worth more than its prices
        for mask, worth, area in zip(packing.masks, packing.values, packing.areas, strict=True):
            nodes = [i for i in range(n) if mask >> i & 1]
            short = worth - packing.area_price * area - sum(price[i] for i in nodes)
            if short > 0:
                for i in nodes:
                    price[i] += short / len(nodes)
        self.price = price
        self.holding: list[list[int]] = [[] for _ in range(n)]
        spare = []
        for k, mask in enumerate(packing.masks):
            spare.append(
                sum(price[i] for i in range(n) if mask >> i & 1)
                + packing.area_price * packing.areas[k]
                - packing.values[k]
            )
            for i in range(n):
                if mask >> i & 1:
                    self.holding[i].append(k)
        for sets in self.holding:
            sets.sort(key=lambda k: (spare[k], k))

    def extend(self, node: int, covered: int, worth: float, area: float, chosen: list[int]) -> bool:
        """Go on from `node`; False where the steps are used up."""
        packing = self.packing
        self.steps -= 1
        if self.steps < 0:
            return False
        n = len(packing.neighbours)
        most = worth + self._left(node, covered, area)
        if most <= self.best + ROUNDING * max(1.0, abs(self.best)):
            return True
        while node < n and covered >> node & 1:
            node += 1
        if node == n:
            self._take(covered, worth, chosen)
            return True
        before = (1 << node) - 1
        if len(chosen) < packing.most:
            for k in self.holding[node]:
                mask = packing.masks[k]
                # nodes before this one are decided: those not covered are left out
                if mask & covered or mask & before or not self._fits(k, area, chosen):
                    continue
                chosen.append(k)
                done = self.extend(
                    node + 1,
                    covered | mask,
                    worth + packing.values[k],
                    area + packing.areas[k],
                    chosen,
                )
                chosen.pop()
                if not done:
                    return False
        if packing.forced >> node & 1:
            return True
        return self.extend(node + 1, covered, worth, area, chosen)

    def _left(self, node: int, covered: int, area: float) -> float:
        """Return what the nodes and the area that are still open can be worth."""
        packing = self.packing
        open_nodes = (i for i in range(node, len(self.price)) if not covered >> i & 1)
        left = sum(self.price[i] for i in open_nodes)
        if packing.budget is None:
            return left
        return left + packing.area_price * (packing.budget - area)

    def _fits(self, k: int, area: float, chosen: Sequence[int]) -> bool:
        packing = self.packing
        if packing.budget is not None and area + packing.areas[k] > packing.budget:
            return False
        if not packing.fewest:
            return True
        around = 0
        for i, beside in enumerate(packing.neighbours):
            if packing.masks[k] >> i & 1:
                around |= beside
        return not any(
            packing.masks[other] & around
            and packing.areas[other] + packing.areas[k] <= packing.joinable
            for other in chosen
        )

    def _take(self, covered: int, worth: float, chosen: Sequence[int]) -> None:
        packing = self.packing
        whole = all(covered & group in (0, group) for group in packing.alike)
        if whole and len(chosen) >= packing.fewest and not packing.forced & ~covered:
            self.best = max(self.best, worth)
