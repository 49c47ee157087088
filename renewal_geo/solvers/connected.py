"""The best connected zone, proven: reductions, a dual ascent, cuts, and branches where they do not suffice.

The parts: :mod:`.connected_ground` reduces the graph, :mod:`.connected_cuts` finds cuts,
:mod:`.connected_programme` is the linear programme, :mod:`.connected_growth` finds zones and
:mod:`.connected_proof` replays what is proven. This module conducts them.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from renewal_geo.solvers.connected_cuts import Separator, ascend
from renewal_geo.solvers.connected_ground import (
    Bools,
    Floats,
    Ground,
    Ints,
    Limits,
    begin,
    reachable,
    reduced,
)
from renewal_geo.solvers.connected_growth import exchanged, grown, polished
from renewal_geo.solvers.connected_programme import Relaxation, borders, lacks, rounded
from renewal_geo.solvers.connected_proof import (
    Cut,
    Judgement,
    Multipliers,
    Ranking,
    advanced,
    branched,
    judge,
    lowest,
    mask_of,
    priced,
    replay_connected,
    row_of,
)

EXACT = 1e-9  # relative: closer than this nothing better is sought
COARSE_GAP = 1e-4
FIXED_SHARE = 0.05  # of the nodes: from so many fixings on the graph is built anew
FEWEST_FIXED = 3
STALL, STALLED_ROUNDS = 2e-4, 6
MOST_ROUNDS = 200
CANDIDATES, PROBE_STEPS = 8, 60
FRACTIONAL = 1e-5
FIRST_STARTS, STARTS = 24, 3
SHAKEN = 2  # growths along ways of slightly changed lengths beside each other one
DEEPEST = 250
RESERVE = 0.06  # of the time, for the replay at the end
PENALTY = 10.0  # for broken limits, in sums of all weights by least area


@dataclass(frozen=True, slots=True, eq=False)
class Connected:
    """The best zone found, and what no zone exceeds.

    ``nodes`` and ``value`` are None where no zone was found; ``bound`` is what the replay of ``proof``
    gives, minus infinity where it shows that there is none; ``closed`` whether value and bound meet.
    """

    nodes: Ints | None
    value: float | None
    bound: float
    proof: dict[str, Any]
    closed: bool


def best_connected(
    weight: Floats,
    pairs: Ints,
    cost: Floats,
    area: Floats,
    slack: Floats,
    *,
    min_area: float = 0.0,
    max_area: float = np.inf,
    forced: Bools | Ints,
    nonempty: bool,
    starts: Sequence[Ints] = (),
    seed: int = 0,
    deadline: float = np.inf,
    gap: float = 1e-6,
) -> Connected:
    """Find the connected set of nodes that is worth the most, with a proof.

    Parameters
    ----------
    weight
        Length n, any sign.
    pairs, cost
        (m, 2) and m: links, and what one costs, never negative, where just one of its ends is taken.
    area, slack
        n and (k, n): the area of the set must lie within `min_area` and `max_area`, the sum of every
        row of `slack` must not be negative. An empty set keeps all limits.
    min_area, max_area
        0 and infinity where there is no limit.
    forced
        Nodes that must be taken, a mask or numbers.
    nonempty
        Whether the empty set, worth 0, is no answer.
    starts
        Sets of nodes known before; those that break a limit are passed over.
    seed
        Of the random choices of the search.
    deadline
        By ``time.monotonic()``.
    gap
        Stop when value and bound are within this share of the value.

    Returns
    -------
    Connected
        The answer does not depend on the machine unless the deadline ends the search.

    Raises
    ------
    ValueError
        If the arrays do not fit together or a number is not finite.
    """
    mask = mask_of(forced, len(weight))
    whole = begin(weight, pairs, cost, area, slack, mask)
    search = _Search(
        whole, Limits(float(min_area), float(max_area), bool(nonempty)), seed, deadline, gap
    )
    search.run(starts)
    proof = search.proof()
    bound = replay_connected(
        weight,
        pairs,
        cost,
        area,
        slack,
        min_area=min_area,
        max_area=max_area,
        forced=mask,
        nonempty=nonempty,
        proof=proof,
    )
    value = search.value
    if value is None:
        return Connected(None, None, bound, proof, closed=bound == -np.inf)
    bound = max(bound, value)
    closed = bound - value <= max(gap, 2 * EXACT) * max(abs(value), 1e-9)
    return Connected(search.nodes, value, bound, proof, closed=closed)


@dataclass(frozen=True, slots=True, eq=False)
class _Stage:
    """Multipliers that fix nodes before the graph is reduced again."""

    ground: Ground
    target: float
    cuts: tuple[Cut, ...]
    multipliers: Multipliers
    judged: Judgement


@dataclass(slots=True, eq=False)
class _Node:
    """One part of the tree of cases, and what is proven of it."""

    ground: Ground | None
    target: float
    bound: float
    depth: int
    cuts: tuple[Cut, ...] = ()
    stages: list[_Stage] = field(default_factory=list)
    split: int | None = None
    at: float = -np.inf
    parts: tuple[_Node, ...] = ()  # with the node that is split on, and without it


class _Search:
    """One call of :func:`best_connected`."""

    def __init__(
        self, whole: Ground, limits: Limits, seed: int, deadline: float, gap: float
    ) -> None:
        self.whole, self.limits = whole, limits
        self.random = np.random.default_rng(seed)
        now = time.monotonic()
        self.deadline = (
            deadline - RESERVE * max(0.0, deadline - now) if deadline < np.inf else deadline
        )
        self.room = 0.5 * gap if gap >= COARSE_GAP else EXACT
        self.gap = gap
        self.nodes: Ints | None = None
        self.value: float | None = None
        self.target = lowest(whole) - 1.0
        least = float(whole.area[whole.area > 0].min(initial=np.inf))
        self.price = PENALTY * (1.0 + float(np.abs(whole.weight).sum() + whole.cost.sum()))
        self.price /= (
            min(least, 1.0) if limits.min_area > 0 or np.isfinite(limits.max_area) else 1.0
        )
        self.plain = not (
            len(whole.slack)
            or whole.cost.any()
            or limits.min_area > 0
            or np.isfinite(limits.max_area)
        )
        self.late = False
        self.root: _Node | None = None

    def run(self, starts: Sequence[Ints]) -> None:
        whole = self.whole
        if not self.limits.nonempty and not whole.forced.any():
            self.nodes, self.value, self.target = np.empty(0, dtype=np.int64), 0.0, 0.0
        for start in starts:
            mask = np.zeros(whole.size, dtype=bool)
            mask[np.asarray(start, dtype=np.int64)] = True
            self._offer(whole, mask)
        for node in np.argsort(-whole.weight, kind="stable")[:1]:
            mask = np.zeros(whole.size, dtype=bool)
            mask[node] = True
            self._offer(whole, mask)
        ground = reduced(whole, self.limits, self.target) if whole.size else None
        first = _Node(ground, self.target, np.inf, 0)
        self.root = first
        if ground is None or not ground.size:
            return
        self._explore(ground)
        self._begin(first)
        heap = [(-node.bound, count, node) for count, node in enumerate(self._open(first))]
        count = len(heap)
        while heap:
            worst = heapq.heappop(heap)[2]
            if worst.bound <= self.target:
                continue
            self._treat(worst)
            if self.late:
                return
            for part in worst.parts:
                count += 1
                heapq.heappush(heap, (-part.bound, count, part))

    def _open(self, node: _Node) -> Iterator[_Node]:
        if node.split is None:
            yield node
        for part in node.parts:
            yield from self._open(part)

    def _begin(self, first: _Node) -> None:
        """Split on the heaviest node of the best zone known: zones with it have a root that is known."""
        ground = first.ground
        if ground is None:
            return
        stage = self._stage(ground, self._ranking(ground), (), self._nothing(ground))
        first.stages.append(stage)
        first.bound = stage.judged.bound
        first.ground = after = advanced(ground, self.limits, stage.target, stage.judged)
        if after is None or after.forced.any() or self.nodes is None or not after.size:
            return
        taken = np.unique(after.place[self.nodes])
        taken = taken[taken >= 0]
        if len(taken):
            self._split(first, after, int(taken[np.argmax(after.weight[taken])]), ())

    def _split(self, node: _Node, ground: Ground, at: int, cuts: tuple[Cut, ...]) -> None:
        name = int(ground.first()[at])
        node.split, node.at = name, self.target
        node.parts = tuple(
            _Node(
                branched(ground, self.limits, self.target, name, inside=inside),
                self.target,
                node.bound,
                node.depth + 1,
                cuts,
            )
            for inside in (True, False)
        )
        for part in node.parts:
            if part.ground is None or not part.ground.size:
                part.bound = -np.inf

    def _treat(self, node: _Node) -> None:
        """Lower the bound of a part, by fixings and cuts; split it where they do not suffice."""
        ground = node.ground
        cuts = node.cuts
        while ground is not None and ground.size:
            if time.monotonic() > self.deadline:
                self.late = True
                return
            stage, cuts = self._ascended(ground, cuts)
            if self._decisive(node, stage):
                if node.bound <= self.target:
                    return
                ground = advanced(ground, self.limits, stage.target, stage.judged)
                continue
            best, relaxation = self._cut(ground, cuts)
            if best is None:
                self._note(node, stage)
                return
            decisive = self._decisive(node, best)
            if node.bound <= self.target:
                return
            if decisive:
                cuts = relaxation.tight()
                ground = advanced(ground, self.limits, best.target, best.judged)
                continue
            self._note(node, best)
            if node.depth >= DEEPEST or time.monotonic() > self.deadline:
                return
            name = int(relaxation.ground.first()[self._choose(relaxation)])
            ground = advanced(ground, self.limits, best.target, best.judged)
            # where the node was fixed on the way, what is left is another graph: bound it again
            if ground is not None and ground.size and ground.place[name] >= 0:
                self._split(node, ground, int(ground.place[name]), relaxation.tight())
                return
        node.bound = -np.inf

    def _note(self, node: _Node, stage: _Stage) -> None:
        node.stages.append(stage)
        node.bound = min(node.bound, stage.judged.bound)

    def _decisive(self, node: _Node, stage: _Stage) -> bool:
        """Keep a stage that closes its part or fixes enough nodes; return whether it did."""
        ground = stage.ground
        fixed = int(stage.judged.out.sum() + (stage.judged.taken & ~ground.forced).sum())
        if stage.judged.bound <= self.target or fixed >= max(
            FEWEST_FIXED, FIXED_SHARE * ground.size
        ):
            self._note(node, stage)
            return True
        return False

    def _ranking(self, ground: Ground) -> Ranking:
        return Ranking.of(ground, self.target)

    def _nothing(self, ground: Ground) -> Multipliers:
        return Multipliers(
            np.empty(0), np.zeros(len(ground.slack)), 0.0, 0.0, np.zeros(len(ground.pairs))
        )

    def _stage(
        self, ground: Ground, ranking: Ranking, cuts: Sequence[Cut], multipliers: Multipliers
    ) -> _Stage:
        """Judge multipliers as whoever replays them will."""
        rows, kept = [], []
        for c, cut in enumerate(cuts):
            row = row_of(ground, self.limits, self.target, ranking, cut)
            if row is not None:
                rows.append(row)
                kept.append(c)
        multipliers = replace(multipliers, cuts=multipliers.cuts[kept])
        judged = judge(ground, self.limits, self.target, ranking, rows, multipliers)
        return _Stage(ground, self.target, tuple(cuts[c] for c in kept), multipliers, judged)

    def _prices(self, ground: Ground, ranking: Ranking) -> Multipliers:
        """Return what limits and borders cost when connection is left aside."""
        if self.plain:
            return self._nothing(ground)
        calm = Relaxation(ground, self.limits, self.target, ranking, self.price)
        if not calm.solve(self.deadline - time.monotonic()):
            return self._nothing(ground)
        return calm.multipliers()[1]

    def _ascended(self, ground: Ground, cuts: tuple[Cut, ...]) -> tuple[_Stage, tuple[Cut, ...]]:
        """Do a dual ascent; return its stage, and the cuts known with its own."""
        ranking = self._ranking(ground)
        prices = self._prices(ground, ranking)
        if not ground.forced.any() and not len(ranking.order):
            return self._stage(ground, ranking, (), prices), cuts
        worth = priced(ground, self.limits, ranking, (), prices)[0]
        among = np.where(ground.forced, ground.weight, -np.inf)
        root = int(np.argmax(among)) if ground.forced.any() else int(ranking.order[0])
        found, factors, left = ascend(ground, worth, root)
        stage = self._stage(ground, ranking, found, replace(prices, cuts=rounded(factors)))
        toll = np.maximum(-left, 0.0) + 1e-6 * np.abs(worth)
        for start in self._starts(ground, np.maximum(worth, 0.0), STARTS):
            self._try(ground, worth, toll, start)
        return stage, (*cuts, *found)

    def _cut(self, ground: Ground, cuts: Sequence[Cut]) -> tuple[_Stage | None, Relaxation]:
        """Solve the programme and add cuts, as long as it helps; None where the clock forbade it."""
        ranking = self._ranking(ground)
        relaxation = Relaxation(ground, self.limits, self.target, ranking, self.price)
        relaxation.add(cuts)
        began = self.target
        passing = self.plain and (self.target >= 0 or bool(ground.forced.any()))
        separator = Separator(ground, ranking, passing=passing)
        best: _Stage | None = None
        stalled, last = 0, np.inf
        for _ in range(MOST_ROUNDS):
            if not relaxation.solve(self.deadline - time.monotonic()):
                break
            used, multipliers = relaxation.multipliers()
            # the rows stay what they are as long as the target keeps its sign
            target = self.target if (self.target >= 0) == (relaxation.target >= 0) else began
            rows = [relaxation.rows[c] for c in used]
            judged = judge(ground, self.limits, target, ranking, rows, multipliers)
            given = tuple(relaxation.cuts[c] for c in used)
            stage = _Stage(ground, target, given, multipliers, judged)
            if best is None or stage.judged.bound < best.judged.bound:
                best = stage
            self._lead(ground, relaxation, multipliers)
            if best.judged.bound <= self.target or self._fixes(best):
                break
            gained = (last - relaxation.value) / max(abs(relaxation.value), 1e-9)
            stalled = stalled + 1 if gained < STALL else 0
            last = min(last, relaxation.value)
            if stalled >= STALLED_ROUNDS:
                break
            relaxation.purge()
            if not relaxation.add(separator.broken(relaxation.x, relaxation.y)):
                break
        return best, relaxation

    def _fixes(self, stage: _Stage) -> bool:
        fixed = int(stage.judged.out.sum() + (stage.judged.taken & ~stage.ground.forced).sum())
        return fixed >= max(FEWEST_FIXED, 2 * FIXED_SHARE * stage.ground.size)

    def _choose(self, relaxation: Relaxation) -> int:
        """Return the node to split on."""
        ground, x = relaxation.ground, relaxation.x
        if len(relaxation.y):
            # zones with a known root are much easier to bound
            return int(relaxation.ranking.order[int(np.argmax(relaxation.y))])
        spread = np.minimum(x, 1 - x)
        spread[ground.forced] = -1.0
        open_nodes = np.flatnonzero(spread > FRACTIONAL)
        if not len(open_nodes):
            return int(np.argmax(np.where(ground.forced, -1.0, x)))
        rate = spread[open_nodes] * (np.abs(ground.weight[open_nodes]) + 1e-9)
        tried = open_nodes[np.argsort(-rate, kind="stable")[:CANDIDATES]]
        scores = [
            max(relaxation.value - taken, 1e-9) * max(relaxation.value - left, 1e-9)
            for taken, left in relaxation.probes(tried.tolist(), PROBE_STEPS)
        ]
        return int(tried[int(np.argmax(scores))])

    def _starts(self, ground: Ground, rate: Floats, most: int) -> list[int]:
        if ground.forced.any():
            return [int(np.argmax(np.where(ground.forced, ground.weight, -np.inf)))]
        order = np.argsort(-rate, kind="stable")[:most]
        return [int(node) for node in order if rate[node] > 0] or [int(order[0])]

    def _explore(self, ground: Ground) -> None:
        """Grow first zones from the nodes that are worth the most."""
        prices = self._prices(ground, self._ranking(ground))
        worth = priced(ground, self.limits, self._ranking(ground), (), prices)[0]
        toll = np.maximum(-worth, 0.0)
        for start in self._starts(ground, np.maximum(worth, 0.0), FIRST_STARTS):
            self._try(ground, worth, toll * self.random.uniform(0.5, 1.0, ground.size), start)

    def _lead(self, ground: Ground, relaxation: Relaxation, multipliers: Multipliers) -> None:
        """Grow zones where the programme leads."""
        x = relaxation.x
        worth = ground.weight
        if not self.plain:
            bare = replace(multipliers, cuts=np.empty(0))
            worth = priced(ground, self.limits, relaxation.ranking, (), bare)[0]
        toll = np.maximum(-worth, 0.0) * (1 - x) + 1e-9
        rate = x * np.maximum(worth, 0.0)
        if len(relaxation.y):
            rate[relaxation.ranking.order] += relaxation.y * (1.0 + rate.max(initial=0.0))
        for start in self._starts(ground, rate, STARTS):
            self._try(ground, worth, toll, start)
            for _ in range(SHAKEN):
                shaken = toll * self.random.uniform(0.3, 1.0, ground.size)
                self._try(ground, worth, shaken, start)

    def _try(self, ground: Ground, worth: Floats, toll: Floats, start: int) -> None:
        inside = grown(ground, worth, toll, np.array([start]))
        better = self._offer(ground, inside)
        if self.plain:
            if better:
                self._offer(ground, exchanged(ground, worth, inside, self.deadline))
            return
        for penalty in (self.price / PENALTY * 1e-2, self.price):
            inside = polished(ground, self.limits, inside, penalty)
            self._offer(ground, inside)

    def _offer(self, ground: Ground, inside: Bools) -> bool:
        """Keep a set if it is the best so far and keeps all limits; return whether it is."""
        nodes = ground.members(np.flatnonzero(inside))
        whole = self.whole
        mask = np.zeros(whole.size, dtype=bool)
        mask[nodes] = True
        if not len(nodes):
            return False
        value = float(whole.weight[nodes].sum()) - borders(whole, mask)
        if self.value is not None and value <= self.value:
            return False
        if (whole.forced & ~mask).any() or lacks(whole, self.limits, mask) > 0:
            return False
        if not reachable(whole, [int(nodes[0])], ~mask)[nodes].all():
            return False
        self.nodes, self.value = nodes, value
        self.target = max(self.target, value + self.room * max(abs(value), 1e-9))
        return True

    def proof(self) -> dict[str, Any]:
        """Return the proof as plain values, every cut once."""
        place: dict[int, int] = {}
        cuts: list[dict[str, Any]] = []

        def number(cut: Cut) -> int:
            if id(cut) not in place:
                place[id(cut)] = len(cuts)
                name = "wall" if cut.wall else "inside"
                cuts.append({"node": cut.node, name: cut.nodes.tolist()})
                if cut.twice:
                    cuts[-1]["times"] = 2
            return place[id(cut)]

        def told(node: _Node) -> dict[str, Any]:
            tree: dict[str, Any] = {"target": node.target, "stages": []}
            for stage in node.stages:
                given = stage.multipliers
                tree["stages"].append(
                    {
                        "target": stage.target,
                        "cuts": [number(cut) for cut in stage.cuts],
                        "multipliers": given.cuts.tolist(),
                        "shares": given.shares.tolist(),
                        "area": [given.over, given.under],
                        "flow": given.flow.tolist() if given.flow.any() else [],
                    }
                )
            if node.split is not None:
                tree |= {"split": node.split, "at": node.at}
                tree |= {"in": told(node.parts[0]), "out": told(node.parts[1])}
            return tree

        tree = told(self.root) if self.root is not None else {"target": self.target, "stages": []}
        return {"kind": "connected", "target": self.target, "cuts": cuts, "tree": tree}
