"""The bound as it falls: minimum cuts first, then a programme per component, then branching.

Work is done in steps of known cost (simplex iterations and sizes, not seconds), so that search and bound can
take turns and the same seed gives the same answer on any machine, unless the clock ends it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from renewal_geo.solvers.bounding import Leaf, leaf_bound
from renewal_geo.solvers.branching import Tree
from renewal_geo.solvers.cuts import row_of
from renewal_geo.solvers.programme import Programme, Rounds
from renewal_geo.zones.parts import Part, joined, largest_total
from renewal_geo.zones.pricing import CALM, Priced, Tilted, empty_leaf
from renewal_geo.zones.problem import Problem, Reduced
from renewal_geo.zones.proof import written

FIRST_ROUNDS, FULL_ROUNDS = 10, 60
MOST_LEAVES = 160  # of one component: what a proof can carry
LARGEST_JOINT, MOST_JOINT_LEAVES = 1_500, 600
NOTHING = 1e-6  # relative: a bound so low is one of nothing but for rounding
PROVEN = 5e-7  # relative: closer than this the answer counts as optimal
LARGEST_PROGRAMME = 60_000  # nodes and links of a component beyond which cuts are not sought
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Bounds:
    """The best bound so far, its price of the budget, and the branches that prove it."""

    def __init__(
        self,
        problem: Problem,
        reduced: Reduced,
        living: Sequence[Part],
        dead: Sequence[Mapping[str, Any]],
        deadline: float,
    ) -> None:
        """Price the budget by minimum cuts: a first valid bound."""
        self.problem, self.reduced = problem, reduced
        self.living = list(living)
        self.dead = list(dead)
        self.deadline = deadline
        self.total = largest_total(problem)
        self.leaves: list[list[Leaf]] = [[] for _ in self.living]
        self.bound = np.inf
        self.price = 0.0
        self.values = np.zeros(len(self.living))
        self.taken = np.zeros(reduced.size, dtype=bool)
        self.late = False
        self.finished = False
        # what a component's best zones are worth at the price: told by the search, steers the branching
        self.reached = np.zeros(len(self.living))
        # all components as one part, with the branches that bound it best
        self.joint: tuple[Part, list[Leaf]] | None = None
        self.objective: float | None = None
        self._guides: dict[int, Floats] = {}
        self._reprice(self.leaves)

    def guide(self, part: Part) -> Floats | None:
        """Return a component's fractional solution (0..1 per node), None where no programme was solved yet."""
        return self._guides.get(int(part.nodes[0]))

    def work(self) -> Iterator[float]:
        """Do the work step by step; yields what each step cost, in about microseconds."""
        programmes: list[Programme | None] = [None] * len(self.living)
        for rounds in (FIRST_ROUNDS, FULL_ROUNDS):
            roots: list[list[Leaf]] = [list(one) for one in self.leaves]
            for k in self._by_size():
                part = self.living[k]
                if part.terrain.size + len(part.links) > LARGEST_PROGRAMME:
                    continue
                weight = part.weight(self.price)
                programme = programmes[k]
                if programme is None:
                    programme = Programme(part.terrain, weight, part.gain, part.locked)
                    programmes[k] = programme
                else:
                    programme.revalue(weight, part.gain)
                sought = Rounds(programme, rounds, self.deadline)
                yield from sought
                self.late |= sought.late
                if sought.leaf is not None:
                    roots[k] = [sought.leaf]
                    self._guides[int(part.nodes[0])] = programme.x.copy()
                if sought.late:
                    break
            self._reprice(roots)
            yield self._cost()
            if self.late:
                return
            if self.objective == 0.0 and self.bound <= NOTHING * self._scale():
                yield from self._settle_nothing(programmes)
        yield from self._branch(programmes)
        if not self.late:
            yield from self._branch_jointly()
        self.finished = not self.late

    def _settle_nothing(self, programmes: Sequence[Programme | None]) -> Iterator[float]:
        """Seek multipliers that show, with room for rounding, that no zone is worth anything."""
        roots: list[list[Leaf]] = [list(one) for one in self.leaves]
        for k, (part, programme) in enumerate(zip(self.living, programmes, strict=True)):
            if programme is None:
                continue
            programme.revalue(self._raised(part), part.gain)
            sought = Rounds(programme, FIRST_ROUNDS, self.deadline)
            yield from sought
            if sought.leaf is not None:
                roots[k] = [sought.leaf]
        self._reprice(roots)

    def _raised(self, part: Part) -> Floats:
        """Return weights that are a trifle too high: multipliers of a bound of nothing leave room then."""
        weight = part.weight(self.price)
        return np.asarray(weight + 3 * CALM * np.abs(weight).mean())

    def _scale(self) -> float:
        return float(sum(np.abs(part.weight(self.price)).sum() for part in self.living))

    def proof(self) -> dict[str, Any]:
        """Return the proof of the bound as plain values."""
        if self.joint is not None:
            whole, leaves = self.joint
            return written(self.reduced, 0.0, [(whole, leaves)], self.dead, joint=True)
        return written(
            self.reduced, self.price, list(zip(self.living, self.leaves, strict=True)), self.dead
        )

    def taken_free(self) -> Bools:
        """Return the nodes that the relaxation takes where the budget costs nothing."""
        return self._tilted(self.leaves).best(None, self.reduced.size).taken

    # ---- pricing -----------------------------------------------------------------------------

    def _tilted(self, leaves: Sequence[Sequence[Leaf]]) -> Tilted:
        return Tilted.of(
            self.living,
            [
                (one[0], [row_of(cut, part.terrain) for cut in one[0].cuts]) if one else None
                for part, one in zip(self.living, leaves, strict=True)
            ],
        )

    def _reprice(self, leaves: Sequence[Sequence[Leaf]]) -> None:
        """Seek the price again with these multipliers; keep what it gives where it is better."""
        found: Priced = self._tilted(leaves).best(
            self.total, self.reduced.size, start=self.price, deadline=self.deadline
        )
        if found.bound >= self.bound:
            return
        self.bound, self.price, self.taken = found.bound, found.price, found.taken
        self.leaves = [
            [
                Leaf((), one[0].shares, one[0].cuts, one[0].multipliers, flow)
                if one
                else empty_leaf(part.terrain, flow)
            ]
            for part, one, flow in zip(self.living, leaves, found.flows, strict=True)
        ]
        self.values = np.array(
            [
                leaf_bound(
                    part.terrain,
                    part.weight(self.price),
                    part.gain,
                    part.locked,
                    leaf,
                    [row_of(cut, part.terrain) for cut in leaf.cuts],
                )
                for part, (leaf,) in zip(self.living, self.leaves, strict=True)
            ]
        )

    def _by_size(self) -> list[int]:
        return sorted(range(len(self.living)), key=lambda k: (-self.living[k].terrain.size, k))

    def _cost(self) -> float:
        return 20.0 * sum(part.terrain.size + len(part.links) for part in self.living)

    # ---- branching ---------------------------------------------------------------------------

    def _branch(self, programmes: Sequence[Programme | None]) -> Iterator[float]:
        """Halve branches, each time in the component where it has paid best and there is a gap left."""
        trees: list[Tree | None] = []
        for part, programme in zip(self.living, programmes, strict=True):
            if programme is None:
                trees.append(None)
                continue
            nothing = self.objective == 0.0
            weight = self._raised(part) if nothing else part.weight(self.price)
            programme.revalue(weight, part.gain)
            sought = Rounds(programme, FULL_ROUNDS, self.deadline)
            yield from sought
            self.late |= sought.late
            if sought.leaf is None or sought.late:
                return
            trees.append(Tree(programme, sought.leaf))
        self._adopt(trees)
        rate = np.full(len(trees), np.inf)
        while not self.late:
            gap = self.values - self.reached
            able = [
                k
                for k, tree in enumerate(trees)
                if tree is not None
                and not tree.closed
                and len(tree.heap) < MOST_LEAVES
                and gap[k] > 1e-7 * max(1.0, abs(self.bound))
            ]
            if not able:
                return
            # a component never tried comes first, the widest gap before the others
            k = max(able, key=lambda one: (rate[one], gap[one], -one))
            tree = trees[k]
            before, cost = tree.value, 0.0  # type: ignore[union-attr]
            step = tree.step(self.deadline)  # type: ignore[union-attr]
            for part_cost in step:
                cost += part_cost
                yield part_cost
            if tree.late:  # type: ignore[union-attr]
                self.late = True
                return
            gained = (before - tree.value) / max(cost, 1.0)  # type: ignore[union-attr]
            rate[k] = gained if not np.isfinite(rate[k]) else 0.7 * rate[k] + 0.3 * gained
            self._adopt(trees)

    def _branch_jointly(self) -> Iterator[float]:
        """Close what the common price of the budget leaves open, in districts small enough for it."""
        size = sum(part.terrain.size for part in self.living)
        if self.total is None or self.price <= 0 or not 0 < size <= LARGEST_JOINT:
            return
        whole = joined(self.problem, self.reduced, self.living)
        programme = Programme(
            whole.terrain, whole.worth, whole.gain, whole.locked, budget=self.total
        )
        place = np.full(self.reduced.size, -1)
        place[whole.nodes] = np.arange(len(whole.nodes))
        for part, leaves in zip(self.living, self.leaves, strict=True):
            numbers = place[part.nodes]
            known = {id(cut): cut for leaf in leaves for cut in leaf.cuts}
            programme.add([cut.renumbered(numbers) for cut in known.values()])
        sought = Rounds(programme, FULL_ROUNDS, self.deadline)
        yield from sought
        self.late |= sought.late
        if sought.leaf is None or self.late:
            return
        tree = Tree(programme, sought.leaf)
        while not tree.closed and len(tree.heap) < MOST_JOINT_LEAVES:
            if tree.value < self.bound:
                self.bound, self.joint = tree.value, (whole, tree.leaves)
            if self.objective is not None and self.bound <= self.objective + PROVEN * abs(
                self.objective
            ):
                return
            yield from tree.step(self.deadline)
            if tree.late:
                self.late = True
                return

    def _adopt(self, trees: Sequence[Tree | None]) -> None:
        """Take the trees' branches as the proof where their bound is better."""
        for k, tree in enumerate(trees):
            if tree is not None and tree.value < self.values[k]:
                self.values[k] = tree.value
                self.leaves[k] = tree.leaves
        self.bound = min(self.bound, self.price * (self.total or 0.0) + float(self.values.sum()))
