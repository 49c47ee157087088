"""Branch and bound over one component: each step halves the branch with the worst bound.

The leaves are kept with their multipliers, so the bound can be replayed without a solver: it is that of the
worst leaf, and the leaves cover every case.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from renewal_geo.solvers.bounding import Leaf
from renewal_geo.solvers.programme import Programme, Rounds

CANDIDATES = 8  # nodes tried before one is branched on
CHILD_ROUNDS = 12
PROBE_ITERATIONS = 60
FRACTIONAL = 1e-5
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Branch:
    """A leaf with the programme's value and the solution that suggests where to branch."""

    leaf: Leaf
    value: float
    x: Floats
    closed: bool


class Tree:
    """The branches of one component, worst bound first."""

    def __init__(self, programme: Programme, root: Leaf) -> None:
        """Begin with the programme's present solution as the only branch."""
        self.programme = programme
        self.steps = 0
        self.late = False
        first = Branch(root, programme.value, programme.x.copy(), closed=False)
        self.heap: list[tuple[float, int, Branch]] = [(-first.value, 0, first)]

    @property
    def value(self) -> float:
        """The programme's bound of the worst branch."""
        return -self.heap[0][0]

    @property
    def leaves(self) -> list[Leaf]:
        """All branches' multipliers, the worst first."""
        return [branch.leaf for _, _, branch in sorted(self.heap, key=lambda one: one[:2])]

    @property
    def closed(self) -> bool:
        """Whether the worst branch cannot be halved: its solution is whole."""
        return self.heap[0][2].closed

    def step(self, deadline: float) -> Iterator[float]:
        """Halve the worst branch; yields what its parts cost. ``late`` tells that the clock forbade it."""
        worst = self.heap[0][2]
        fixings = dict(worst.leaf.fixings)
        node = self._choose(worst, fixings, deadline)
        yield self.programme.cost() * 2
        if node is None:
            self.heap[0] = (*self.heap[0][:2], replace(worst, closed=True))
            return
        children = []
        for inside in (True, False):
            case = {**fixings, node: inside}
            # cuts that bind in the parent are put back where they were purged since
            self.programme.fix(case)
            self.programme.add(worst.leaf.cuts)
            sought = Rounds(self.programme, CHILD_ROUNDS, deadline, case)
            yield from sought
            self.late |= sought.late
            if self.late:
                return
            children.append(self._child(sought, worst, case))
        heapq.heappop(self.heap)
        for child in children:
            self.steps += 1
            heapq.heappush(self.heap, (-child.value, self.steps, child))

    def _child(self, sought: Rounds, parent: Branch, case: Mapping[int, bool]) -> Branch:
        if sought.leaf is None or sought.programme.value > parent.value:
            # infeasible, or no better: the parent's multipliers bound the child as well
            old = parent.leaf
            leaf = replace(old, fixings=tuple(sorted(case.items())))
            if sought.programme.infeasible:
                return Branch(leaf, parent.value, parent.x, closed=True)
            return Branch(leaf, parent.value, sought.programme.x.copy(), closed=False)
        return Branch(sought.leaf, sought.programme.value, sought.programme.x.copy(), closed=False)

    def _choose(self, branch: Branch, fixings: Mapping[int, bool], deadline: float) -> int | None:
        """Return the node whose two cases lower the bound the most, of the likeliest few."""
        programme = self.programme
        x = branch.x
        spread = np.minimum(x, 1 - x)
        spread[list(fixings)] = 0.0
        open_nodes = np.flatnonzero(spread > FRACTIONAL)
        if not len(open_nodes):
            return None
        weight = spread[open_nodes] * programme.terrain.area[open_nodes]
        tried = open_nodes[np.argsort(-weight, kind="stable")[:CANDIDATES]]
        if len(tried) == 1:
            return int(tried[0])
        programme.fix(fixings)
        programme.add(branch.leaf.cuts)
        if not programme.solve(max(0.1, deadline - time.monotonic())):
            return int(tried[0])
        base = programme.value
        basis = programme.basis()
        scores = []
        for node in tried:
            drops = []
            for inside in (True, False):
                programme.fix({**fixings, int(node): inside})
                drops.append(base - programme.probe(basis, PROBE_ITERATIONS))
            scores.append(max(drops[0], 1e-6) * max(drops[1], 1e-6))
        return int(tried[int(np.argmax(scores))])
