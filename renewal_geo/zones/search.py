"""The search for zones: a valid bound first, then ever better zones, until proven good enough.

Barrier components couple only through the budget. A price on it splits the problem: at that price each
component is annealed by itself and tightened by its own linear programme; a set packing over all zones
harvested so far then spends the budget. Small districts are solved by listing every zone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from renewal_geo.foundation import progress
from renewal_geo.foundation.compiled import PACE
from renewal_geo.foundation.errors import ProofError
from renewal_geo.solvers.annealing import PENALTY_LAST, Landscape, harvest
from renewal_geo.solvers.packing import Demands, pack
from renewal_geo.zones.bounds import Bounds
from renewal_geo.zones.conflicts import conflicts, reach
from renewal_geo.zones.harvests import POOL_LIMIT, Harvest
from renewal_geo.zones.listing import (
    AREA_TOLERANCE_HA,
    all_zones,
    listed_bound,
    listed_proof,
    selected,
    touching_pairs,
)
from renewal_geo.zones.locks import meet
from renewal_geo.zones.parts import Part, parts
from renewal_geo.zones.problem import Problem, reduce, zone_value
from renewal_geo.zones.proof import replay
from renewal_geo.zones.single import best_zone, is_plain, is_single

OPTIMAL_GAP = 1e-6
SMALL_SHARE = 0.4  # of the time, before a small district is treated like any other
REPLAYED_STEPS = 200_000  # a tenth of what a verifier allows itself
MANY_ZONES = 3_000  # listed ones, beyond which an answer to beat is sought first
SMALL_DISTRICT = 22  # parcels; beyond it the sets of a street grid outnumber what can be listed
# a lower price grows zones that are too large together, of which the packing takes what fits
PRICE_FACTORS = (1.0, 0.92, 1.08, 0.75, 0.97, 1.04, 0.85, 1.15, 0.6)
# kinds of a round: plain, or led by the programme's solution - lifting what it takes, or beginning with it
KINDS = ("plain", "lift", "plain", "begin", "lift_more")
LIFTS = {"lift": 0.5, "lift_more": 1.0}
LEVELS = (0.3, 0.5, 0.7)  # from where on a node of the programme's solution counts as taken
BEGIN_HEAT, BEGIN_PENALTY = (0.4, 0.03), (5.0, 250.0)
# where a round's penalty begins: soft finds some arrangements of zones, firm others; seven turns beside the
# nine of the prices and the five kinds, so that every combination comes
FIRST_PENALTIES = (1.0, 6.0, 1.0, 10.0, 2.5, 4.0, 1.0)
PROPOSALS_PER_NODE = 9_000
FEWEST_PROPOSALS, MOST_PROPOSALS = 600_000, 16_000_000
PROPOSALS_PER_SECOND = 30e6  # of one core: sets how much bounding is done beside a round
MOST_ROUNDS = 1_000
SINGLE_ROUNDS = 3  # before the best single zone is proven as such
IDLE_ROUNDS = 60  # without a better answer, once the bound cannot fall further
PACK_SECONDS = 6.0
RESERVE_S = 0.3
UNMET_ROUNDS, MEET_SHARE = (
    1,
    0.4,
)  # then zones for the locks are sought exactly, for this share of the time
LOCK_WORTH = 30.0
ROOM_ABOVE_LEAST = 1.15  # a zone needs some play above the least area
APART_ZONES = 800  # zones packed where touching pairs must be listed
APART_COPIES = 25  # of these, about so many over any one parcel
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Status = Literal["optimal", "feasible", "infeasible"]


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """Zones as parcel numbers, how sure we are of them, and what the reasons need.

    `price` is what a hectare of budget is worth at the bound; `conflict` names the limits that
    cannot be met together. `component` numbers the parcels' components, `reachable` bounds the
    hectares that each component could gather under its shares; `pool` are the feasible zones met, the
    dearest at the price first: further questions (less budget, other values) begin with them.
    """

    zones: tuple[Ints, ...]
    objective: float | None
    bound: float | None
    status: Status
    stopped_by: str | None
    proof: dict[str, Any]
    conflict: tuple[dict[str, Any], ...]
    price: float
    component: Ints
    reachable: Floats
    wanted: Bools
    wanted_free: Bools
    pool: tuple[Ints, ...] = ()

    @property
    def gap(self) -> float | None:
        """Share of the objective still unproven."""
        if self.objective is None or self.bound is None:
            return None
        return gap_of(self.objective, self.bound)


def _spend(work: Iterator[float], quota: float) -> None:
    """Take steps of the bounding until they have cost the quota, or none is left."""
    spent = 0.0
    while spent < quota:
        cost = next(work, None)
        if cost is None:
            return
        spent += cost


def gap_of(objective: float, bound: float) -> float:
    """Return |bound - objective| / max(|objective|, 1e-9)."""
    return abs(bound - objective) / max(abs(objective), 1e-9)


def solve(
    problem: Problem,
    *,
    time_limit_s: float,
    gap: float,
    seed: int,
    workers: int = 2,
    warm: Sequence[Ints] = (),
) -> Answer:
    """Find zones and prove how good they are.

    Parameters
    ----------
    problem
        The formal problem; its limits make sense by themselves (checked by the caller).
    time_limit_s
        Wall-clock seconds of this call.
    gap
        Stop when the best answer is proven within this share.
    seed
        Of all random choices.
    workers
        Threads; the answer does not depend on their number unless the clock ends the run.
    warm
        Zones known before, as parcel numbers; those that are not feasible are passed over.

    Returns
    -------
    Answer
        Feasible zones with a valid bound, or ``infeasible`` with the conflict.
    """
    search = _Search(problem, time_limit_s, gap, seed, max(1, workers))
    for zone in warm:
        search.pool.add(np.sort(np.asarray(zone, dtype=np.int64)))
    return search.run()


class _Search:
    """One call of :func:`solve`: its clock, its bound, its incumbent."""

    def __init__(
        self, problem: Problem, time_limit_s: float, gap: float, seed: int, workers: int
    ) -> None:
        self.problem = problem
        self.reduced = reduce(problem)
        # groups as one node each: what is annealed, though a bound may not assume it
        self.drawn = reduce(problem, together=True)
        # parcels tied to others elsewhere: every other round does without them
        self.tied = np.isin(np.arange(self.drawn.size), np.concatenate([[-1], *self.drawn.alike]))
        self.began = time.monotonic()
        self.deadline = self.began + time_limit_s
        self.time_limit_s = time_limit_s
        self.target_gap = gap
        self.seed = seed
        self.workers = workers
        self.pool = Harvest(problem)
        self.incumbent: tuple[Ints, ...] | None = None
        self.objective: float | None = None
        self.bounds: Bounds | None = None
        self.proof: dict[str, Any] = {}
        self.conflict: list[dict[str, Any]] = []
        self.bound = np.inf
        self.reachable, self.claims = reach(problem, self.reduced)
        self.dead = np.flatnonzero(self.reachable < problem.min_area - AREA_TOLERANCE_HA)

    def run(self) -> Answer:
        conflict = conflicts(self.problem, self.reduced, self.reachable)
        if conflict:
            return self._infeasible(conflict)
        if self.problem.size <= SMALL_DISTRICT:
            answer = self._small()
            if answer is not None:
                return answer
        self._note_nothing()
        if is_single(self.problem, self.reduced):
            return self._single()
        stopped_by = self._improve(MOST_ROUNDS)
        return self._infeasible(self.conflict) if self.conflict else self._answer(stopped_by)

    def _small(self) -> Answer | None:
        """Solve a small district exactly, or tell that it is not small enough."""
        zones = all_zones(self.problem)
        if zones is None:
            return None
        if not zones:
            return self._infeasible(
                [self._no_set("no connected set of parcels keeps area and share limits together")]
            )
        if len(zones) > MANY_ZONES:
            # with an answer to beat, few of them are left to choose among
            self._note_nothing()
            self._improve(1)
        else:
            self._first_bound()  # its budget price tells why parcels are out
        left = self.deadline - time.monotonic()
        chosen, settled = selected(
            self.problem, zones, seconds=max(0.1, SMALL_SHARE * left), beat=self.objective
        )
        if chosen is not None:
            self._take(self._merged(chosen))
        if not settled:
            return None
        if self.objective is None:
            return self._infeasible([self._no_set("no set of zones keeps all limits together")])
        proof = listed_proof(self.problem, self.objective)
        try:
            # the solver has its tolerances; what is published is what the replay yields
            self.bound = listed_bound(self.problem, proof, REPLAYED_STEPS)
        except (
            ProofError
        ):  # right, but nobody could check it in time: bound it as any other district
            return None
        self.proof = proof
        return self._answer(None)

    def _no_set(self, because: str) -> dict[str, Any]:
        return {
            "limit": "all",
            "because": because,
            "parcels": np.flatnonzero(self.problem.locked).tolist(),
            "needed_ha": self.problem.min_area,
            "available_ha": float(self.problem.area.sum()),
            "short_ha": None,
        }

    def _single(self) -> Answer:
        """Where just one zone may be drawn, begin as ever, then prove the best connected set.

        Where only weight and connection count there is nothing that annealing would find first.
        """
        stopped_by = self._improve(0 if is_plain(self.problem, self.reduced) else SINGLE_ROUNDS)
        if stopped_by == "work":
            found = best_zone(
                self.problem,
                self.reduced,
                starts=self.incumbent or (),
                seed=self.seed,
                deadline=self.deadline - RESERVE_S,
                gap=self.target_gap,
            )
            if found.bound == -np.inf:
                return self._infeasible(
                    [self._no_set("no connected set of parcels keeps all limits")]
                )
            if found.nodes is not None:
                self._take([self.reduced.parcels(found.nodes)] if len(found.nodes) else [])
            if found.bound < self.bound:
                self.bound, self.proof = found.bound, found.proof
            stopped_by = "gap" if self._good_enough() else "time"
        return self._answer(stopped_by)

    def _note_nothing(self) -> None:
        """Where nothing is locked and no zone is demanded, no zone at all is an answer."""
        free = not self.problem.locked.any() and not self.problem.min_zones
        if free and self.incumbent is None:
            self.incumbent, self.objective = (), 0.0

    # ---- the bound -------------------------------------------------------------------------

    def _first_bound(self) -> Bounds:
        """Price the budget on the minimum cut: a valid bound before anything else."""
        dead = set(self.dead.tolist())
        every = parts(self.problem, self.reduced)
        self.living = [part for number, part in enumerate(every) if number not in dead]
        self.bounds = Bounds(
            self.problem, self.reduced, self.living, self.claims, self.deadline - RESERVE_S
        )
        self.bound = self.bounds.bound
        self.living.sort(key=lambda part: (-len(part.nodes), int(part.nodes[0])))
        drawn = {int(self.drawn.component[p.nodes[0]]): p for p in parts(self.problem, self.drawn)}
        # components are numbered by their first parcel, so both ways have the same numbers
        self.sought = [drawn[int(self.reduced.component[part.nodes[0]])] for part in self.living]
        return self.bounds

    def _reached(self) -> Floats:
        """Return what the incumbent's zones are worth in each component at the price of the budget."""
        bounds = self.bounds
        assert bounds is not None  # noqa: S101 - set before any round
        number = {int(self.reduced.component[p.nodes[0]]): k for k, p in enumerate(bounds.living)}
        reached = np.zeros(len(bounds.living))
        for zone in self.incumbent or ():
            k = number[int(self.reduced.component[self.reduced.node_of[zone[0]]])]
            area = float(self.problem.area[zone].sum())
            reached[k] += zone_value(self.problem, zone) - bounds.price * area
        return reached

    # ---- the zones -------------------------------------------------------------------------

    def _landscape(
        self,
        part: Part,
        price: float,
        largest: float,
        lift: Floats | None = None,
        barred: Bools | None = None,
    ) -> Landscape:
        """Return one component as the local search sees it, at a price of the budget."""
        weight = part.weight(price)
        if part.locked.any():
            weight = weight + np.where(part.locked, LOCK_WORTH * np.abs(weight).mean(), 0.0)
        if lift is not None:
            weight = weight + lift * np.abs(weight).mean()
        if barred is not None:
            weight = np.where(barred & ~part.locked, -LOCK_WORTH * np.abs(weight).mean(), weight)
        limit = min(part.terrain.max_area, max(largest, self.problem.min_area))
        return Landscape.of(
            part.terrain.area,
            weight,
            part.terrain.slack,
            part.terrain.pairs,
            part.gain,
            (self.problem.min_area, limit),
        )

    def _improve(self, most: int) -> str:
        """Search and bound in at most so many turns of fixed work: only the clock can change what comes out."""
        bounds = self._first_bound()
        bounds.objective = self.objective
        if self._good_enough():
            return "gap"
        work = bounds.work()
        proposals = sum(self._proposals(part) for part in self.sought)
        quota = 1e6 * proposals / (PACE * PROPOSALS_PER_SECOND)
        idle = 0
        with ThreadPoolExecutor(max(2, self.workers)) as threads:
            for number in range(most):
                # the bounding changes price and guides: what a round needs of them is taken before
                tasks = self._tasks(number)
                bounding = threads.submit(_spend, work, quota)
                searched = self._round(tasks, threads)
                bounding.result()
                self.bound = bounds.bound
                before = self.objective
                self._pack()
                if self.incumbent is None and number == UNMET_ROUNDS:
                    self._meet_locks()
                    if self.conflict:
                        return "gap"
                bounds.reached, bounds.objective = self._reached(), self.objective
                self._report()
                if self._good_enough():
                    return "gap"
                if not searched or time.monotonic() > self.deadline - RESERVE_S:
                    return "time"
                idle = idle + 1 if self.objective == before else 0
                if idle >= IDLE_ROUNDS and bounds.finished:
                    break
        return "work"

    def _meet_locks(self) -> None:
        """Where annealing has met no answer, seek zones for the locks exactly; note those that have none."""
        if not self.problem.locked.any():
            return
        now = time.monotonic()
        until = now + MEET_SHARE * max(0.0, self.deadline - RESERVE_S - now)
        met = meet(self.reduced, self.living, seed=self.seed, deadline=until)
        for zone in met.zones:
            self.pool.add(self.reduced.parcels(zone))
        for node in met.impossible:
            parcels = self.reduced.parcels(np.array([node]))
            because = "no connected set with it keeps area and share limits"
            self.conflict.append(
                {**self._no_set(because), "limit": "lock_in", "parcels": parcels.tolist()}
            )
        self._pack()

    def _tasks(self, number: int) -> list[Callable[[], list[Ints]]]:
        """Return the annealing of every component in one round."""
        bounds = self.bounds
        assert bounds is not None  # noqa: S101 - set before any round
        price = bounds.price * PRICE_FACTORS[number % len(PRICE_FACTORS)]
        largest = self._largest(number)
        tasks: list[Callable[[], list[Ints]]] = []
        for c, (part, bounded) in enumerate(zip(self.sought, self.living, strict=True)):
            seed = self.seed + 7919 * number + 104_729 * c
            guide = self._guide(part, bounded, bounds.guide(bounded))
            tasks.append(self._task(part, price, largest, seed, number, guide))
        return tasks

    def _round(
        self, tasks: Sequence[Callable[[], list[Ints]]], threads: ThreadPoolExecutor
    ) -> bool:
        """Anneal every component once; False where the clock forbade some of it."""
        late = False

        def guarded(task: Callable[[], list[Ints]]) -> list[Ints] | None:
            return task() if time.monotonic() < self.deadline - RESERVE_S else None

        for found in list(threads.map(guarded, tasks)):
            if found is None:
                late = True
                continue
            for zone in found:
                self.pool.add(zone)
        return not late

    def _guide(self, part: Part, bounded: Part, guide: Floats | None) -> Floats | None:
        """Return a fractional solution by the nodes that are annealed: the mean over each group."""
        if guide is None or len(part.nodes) == len(bounded.nodes):
            return guide
        of_node = np.zeros(self.reduced.size)
        of_node[bounded.nodes] = guide
        share = self.problem.area * of_node[self.reduced.node_of]
        taken = np.bincount(self.drawn.node_of, share, minlength=self.drawn.size)
        return np.asarray(taken[part.nodes] / self.drawn.area[part.nodes])

    def _largest(self, number: int) -> float:
        """Where many zones are asked for, seek smaller ones in every other round, from the first."""
        if not self.problem.min_zones or number % 2:
            return np.inf
        room = float(self.problem.area.sum())
        if self.problem.budget is not None:
            room = min(room, self.problem.budget)
        steps = (1.0, 0.75, 0.5)
        return max(
            room / self.problem.min_zones * steps[number // 2 % len(steps)],
            ROOM_ABOVE_LEAST * self.problem.min_area,
        )

    def _proposals(self, part: Part) -> int:
        wanted = np.clip(PROPOSALS_PER_NODE * len(part.nodes), FEWEST_PROPOSALS, MOST_PROPOSALS)
        return int(PACE * wanted)

    def _task(
        self,
        part: Part,
        price: float,
        largest: float,
        seed: int,
        number: int,
        guide: Floats | None,
    ) -> Callable[[], list[Ints]]:
        kind = KINDS[number % len(KINDS)] if guide is not None else "plain"

        def work() -> list[Ints]:
            lift = start = None
            first = FIRST_PENALTIES[number % len(FIRST_PENALTIES)]
            schedule: dict[str, Any] = {"penalty": (first, PENALTY_LAST)}
            if guide is not None and kind in LIFTS:
                lift = LIFTS[kind] * (2 * guide - 1)
            elif guide is not None and kind == "begin":
                start = part.terrain.labels(guide > LEVELS[number % len(LEVELS)])
                schedule = {"heat": BEGIN_HEAT, "penalty": BEGIN_PENALTY}
            barred = self.tied[part.nodes] if number % 2 and self.tied.any() else None
            land = self._landscape(part, price, largest, lift, barred)
            found = harvest(
                land, seed=seed, proposals=self._proposals(part), start=start, **schedule
            )
            return [self.drawn.parcels(part.nodes[zone]) for zone in found]

        return work

    def _pack(self) -> None:
        """Choose the best zones of the pool; keep the result if it beats the incumbent."""
        problem = self.problem
        keys = self.pool.best(self._price(), self.incumbent or ())
        zones = [self.pool.zones[k] for k in keys if k in self.pool.zones]
        if not zones:
            return
        groups = [np.flatnonzero(problem.group == g) for g in np.unique(problem.group) if g >= 0]
        apart = None
        if problem.min_zones:
            zones = self._spread()
            apart = touching_pairs(problem, zones)
        chosen, _ = pack(
            zones,
            np.array([self.pool.values[z.tobytes()] for z in zones]),
            np.array([self.pool.areas[z.tobytes()] for z in zones]),
            problem.size,
            Demands(
                problem.budget,
                np.flatnonzero(problem.locked),
                [g for g in groups if len(g) > 1],
                problem.min_zones,
                problem.max_zones,
                apart,
            ),
            time_limit_s=min(PACK_SECONDS, max(0.2, self.deadline - time.monotonic())),
            beat=self.objective,
        )
        if chosen is None:
            return
        self._take(self._merged([zones[c] for c in chosen]))

    def _take(self, zones: Sequence[Ints]) -> None:
        """Keep feasible zones as the incumbent if they are worth more."""
        found = tuple(zones)
        for zone in found:
            self.pool.add(zone)
        value = self._worth(found)
        if self.objective is None or value > self.objective:
            self.incumbent, self.objective = found, value

    def _spread(self) -> list[Ints]:
        """Return zones of the pool over all of the district, for pairs to be kept apart."""
        kept = [zone.tobytes() for zone in self.incumbent or ()]
        over = np.zeros(self.problem.size, dtype=np.int64)
        chosen: list[Ints] = []
        for key in dict.fromkeys([*kept, *self.pool.rated(self._price())]):
            zone = self.pool.zones[key]
            if len(chosen) >= APART_ZONES:
                break
            if key in kept or over[zone].min() < APART_COPIES:
                over[zone] += 1
                chosen.append(zone)
        return chosen

    def _merged(self, zones: Sequence[Ints]) -> tuple[Ints, ...]:
        """Join zones that touch and fit into one: their union is never worth less."""
        limit = np.inf if self.problem.max_area is None else self.problem.max_area
        left = sorted(zones, key=lambda zone: int(zone[0]))
        if self.problem.min_zones:
            return tuple(left)
        label = np.full(self.problem.size, -1)
        for z, zone in enumerate(left):
            label[zone] = z
        merging = True
        while merging:
            merging = False
            ends = label[self.problem.pairs]
            cross = (ends >= 0).all(axis=1) & (ends[:, 0] != ends[:, 1])
            for u, v in np.unique(np.sort(ends[cross], axis=1), axis=0):
                union = self.problem.area[(label == u) | (label == v)].sum()
                if union <= limit + AREA_TOLERANCE_HA:
                    label[label == v] = u
                    merging = True
                    break
        found = [np.flatnonzero(label == z) for z in np.unique(label[label >= 0])]
        return tuple(sorted(found, key=lambda zone: int(zone[0])))

    def _worth(self, zones: Sequence[Ints]) -> float:
        return float(sum(zone_value(self.problem, zone) for zone in zones))

    # ---- ending ----------------------------------------------------------------------------

    def _good_enough(self) -> bool:
        return (
            self.objective is not None
            and gap_of(self.objective, max(self.bound, self.objective)) <= self.target_gap
        )

    def _report(self) -> None:
        progress.report(
            "zones.search",
            min(1.0, (time.monotonic() - self.began) / self.time_limit_s),
            incumbent=self.objective or 0.0,
            bound=self.bound,
            gap=gap_of(self.objective, self.bound) if self.objective is not None else np.inf,
        )

    def _answer(self, stopped_by: str | None) -> Answer:
        if self.incumbent is None or self.objective is None:
            return self._unfound(stopped_by)
        bounds = self.bounds
        assert bounds is not None  # noqa: S101 - every way here has bounded
        if not self.proof:
            self.proof = bounds.proof()
            self.bound = replay(self.problem, self.proof)
        bound = max(self.bound, self.objective)
        gap = gap_of(self.objective, bound)
        optimal = gap <= OPTIMAL_GAP
        if stopped_by == "gap" and gap > self.target_gap:
            stopped_by = "work"  # a bound of nothing, but for rounding: nothing is left to be done
        return Answer(
            self.incumbent,
            self.objective,
            bound,
            "optimal" if optimal else "feasible",
            None if optimal else stopped_by,
            self.proof,
            (),
            bounds.price,
            self.reduced.component[self.reduced.node_of],
            self.reachable,
            bounds.taken[self.reduced.node_of],
            bounds.taken_free()[self.reduced.node_of],
            tuple(self.pool.zones[key] for key in self.pool.rated(self._price())[:POOL_LIMIT]),
        )

    def _price(self) -> float:
        return 0.0 if self.bounds is None else self.bounds.price

    def _unfound(self, stopped_by: str | None) -> Answer:
        """No feasible answer was found, and none was proven impossible: say so as a conflict."""
        conflict = [
            {
                "limit": "not found",
                "because": f"no zones that keep all limits were found ({stopped_by}); "
                "it is not proven that there are none",
                "parcels": np.flatnonzero(self.problem.locked).tolist(),
                "needed_ha": None,
                "available_ha": None,
                "short_ha": None,
            }
        ]
        return self._infeasible(conflict, stopped_by)

    def _infeasible(
        self, conflict: Sequence[dict[str, Any]], stopped_by: str | None = None
    ) -> Answer:
        return Answer(
            (),
            None,
            None,
            "infeasible",
            stopped_by,
            {},
            tuple(conflict),
            0.0,
            self.reduced.component[self.reduced.node_of],
            self.reachable,
            np.zeros(self.problem.size, dtype=bool),
            np.zeros(self.problem.size, dtype=bool),
        )
