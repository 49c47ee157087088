"""The search for zones: a valid bound first, then ever better zones, until proven good enough.

Barrier components couple only through the budget. A price on it splits the problem: at that price each
component is annealed by itself and tightened by its own linear programme; a set packing over all zones
harvested so far then spends the budget. Small districts are solved by listing every zone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from renewal_geo.foundation import progress
from renewal_geo.solvers.annealing import Landscape, harvest
from renewal_geo.solvers.packing import Demands, pack
from renewal_geo.solvers.relaxation import tighten
from renewal_geo.zones.problem import Problem, is_feasible, reduce, zone_value
from renewal_geo.zones.proof import (
    AREA_TOLERANCE_HA,
    all_zones,
    enumerated,
    reachable_area,
    relaxed,
    replay,
    touching_pairs,
)

OPTIMAL_GAP = 1e-6
SMALL_DISTRICT = 22  # parcels; beyond it the sets of a street grid outnumber what can be listed
PRICE_FACTORS = (1.0, 0.92, 1.08, 0.97, 1.04, 0.85, 1.15, 1.0)
PROPOSALS_PER_NODE = 9_000
FEWEST_PROPOSALS, MOST_PROPOSALS = 600_000, 16_000_000
MOST_ROUNDS = 32
CUT_ROUNDS = 24
CUT_SHARE_OF_TIME = 0.35
POOL_LIMIT = 2_500
PACK_SECONDS = 6.0
RESERVE_S = 0.3
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
    hectares that each component could gather under its shares.
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

    @property
    def gap(self) -> float | None:
        """Share of the objective still unproven."""
        if self.objective is None or self.bound is None:
            return None
        return gap_of(self.objective, self.bound)


def gap_of(objective: float, bound: float) -> float:
    """Return |bound - objective| / max(|objective|, 1e-9)."""
    return abs(bound - objective) / max(abs(objective), 1e-9)


def solve(
    problem: Problem, *, time_limit_s: float, gap: float, seed: int, workers: int = 2
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

    Returns
    -------
    Answer
        Feasible zones with a valid bound, or ``infeasible`` with the conflict.
    """
    return _Search(problem, time_limit_s, gap, seed, max(1, workers)).run()


@dataclass
class _Pool:
    """Zones harvested so far, with what they are worth."""

    problem: Problem
    zones: dict[bytes, Ints] = field(default_factory=dict)
    values: dict[bytes, float] = field(default_factory=dict)
    areas: dict[bytes, float] = field(default_factory=dict)

    def add(self, zone: Ints) -> None:
        key = zone.tobytes()
        if key not in self.zones and is_feasible(self.problem, zone, AREA_TOLERANCE_HA):
            self.zones[key] = zone
            self.values[key] = zone_value(self.problem, zone)
            self.areas[key] = float(self.problem.area[zone].sum())

    def rated(self, price: float) -> list[bytes]:
        """Return all keys, dearest at the price first."""
        return sorted(self.zones, key=lambda k: (-(self.values[k] - price * self.areas[k]), k))

    def best(self, price: float, kept: Sequence[Ints]) -> list[bytes]:
        """Return the keys worth packing: dearest at the price first, the kept ones always."""
        chosen = dict.fromkeys(zone.tobytes() for zone in kept)
        for key in self.rated(price):
            if len(chosen) >= POOL_LIMIT:
                break
            chosen.setdefault(key)
        return list(chosen)


class _Search:
    """One call of :func:`solve`: its clock, its bound, its incumbent."""

    def __init__(
        self, problem: Problem, time_limit_s: float, gap: float, seed: int, workers: int
    ) -> None:
        self.problem = problem
        self.reduced = reduce(problem)
        self.began = time.monotonic()
        self.deadline = self.began + time_limit_s
        self.time_limit_s = time_limit_s
        self.target_gap = gap
        self.seed = seed
        self.workers = workers
        self.pool = _Pool(problem)
        self.incumbent: tuple[Ints, ...] | None = None
        self.objective: float | None = None
        self.bound = np.inf
        self.proof: dict[str, Any] = {}
        self.price = 0.0
        self.wanted = np.zeros(self.reduced.size, dtype=bool)
        self.multipliers: tuple[Floats, Sequence[tuple[int, Ints, float]]] = (
            np.zeros_like(self.reduced.slack),
            (),
        )
        self.regions: dict[tuple[int, bytes], Ints] = {}
        sizes = np.bincount(self.reduced.component, self.reduced.area)
        self.reachable, self.claims = self._reach(sizes)  # type: ignore[arg-type]
        self.dead = np.flatnonzero(self.reachable < problem.min_area - AREA_TOLERANCE_HA)

    def run(self) -> Answer:
        conflict = self._conflict()
        if conflict:
            return self._infeasible(conflict)
        if self.problem.size <= SMALL_DISTRICT:
            answer = self._small()
            if answer is not None:
                return answer
        self._note_nothing()
        self._first_bound()
        stopped_by = self._improve()
        return self._answer(stopped_by)

    def _reach(self, sizes: Floats) -> tuple[Floats, list[dict[str, Any]]]:
        """Bound each component's area under its shares; claim those that cannot hold a zone."""
        reachable, claims = sizes.copy(), []
        for c in np.flatnonzero(sizes >= self.problem.min_area - AREA_TOLERANCE_HA):
            nodes = np.flatnonzero(self.reduced.component == c)
            slack = self.reduced.slack[:, nodes]
            if not len(slack) or (slack.sum(axis=1) >= 0).all():
                continue
            solved = linprog(
                -self.reduced.area[nodes], A_ub=-slack, b_ub=np.zeros(len(slack)), bounds=(0, 1)
            )
            multipliers = np.maximum(-solved.ineqlin.marginals, 0.0)
            reachable[c] = reachable_area(self.reduced, nodes, multipliers)
            if reachable[c] < self.problem.min_area - AREA_TOLERANCE_HA:
                parcel = int(np.flatnonzero(self.reduced.node_of == nodes[0])[0])
                claims.append({"parcel": parcel, "shares": [float(y) for y in multipliers]})
        return reachable, claims

    def _conflict(self) -> list[dict[str, Any]]:
        """Name limits that provably cannot be met together."""
        problem, reduced = self.problem, self.reduced
        found: list[dict[str, Any]] = []
        sizes = np.bincount(reduced.component, reduced.area)
        for node in np.flatnonzero(reduced.locked & np.isin(reduced.component, self.dead)):
            c = reduced.component[node]
            small = sizes[c] < problem.min_area - AREA_TOLERANCE_HA
            found.append(
                {
                    "limit": "lock_in",
                    "because": "min_area_ha" if small else "min_share",
                    "parcels": reduced.parcels(np.array([node])).tolist(),
                    "needed_ha": problem.min_area,
                    "available_ha": float(self.reachable[c]),
                    "short_ha": float(problem.min_area - self.reachable[c]),
                }
            )
        if found:
            return found
        if len(self.dead) == len(sizes):
            largest = float(sizes.max(initial=0.0))
            small = not len(sizes) or largest < problem.min_area - AREA_TOLERANCE_HA
            available = largest if small else float(self.reachable.max())
            return [
                {
                    "limit": "min_area_ha" if small else "min_share",
                    "because": "no component reaches the minimum area"
                    + ("" if small else " with its shares kept"),
                    "parcels": [],
                    "needed_ha": problem.min_area,
                    "available_ha": available,
                    "short_ha": float(problem.min_area - available),
                }
            ]
        locked = float(reduced.area[reduced.locked].sum())
        least = max(problem.min_zones or 0, 1 if reduced.locked.any() else 0) * problem.min_area
        needed = max(locked, least)
        if problem.budget is not None and needed > problem.budget + AREA_TOLERANCE_HA:
            found.append(
                {
                    "limit": "area_budget_ha",
                    "because": "lock_in" if locked >= least else "min_zones",
                    "parcels": np.flatnonzero(problem.locked).tolist() if locked >= least else [],
                    "needed_ha": needed,
                    "available_ha": problem.budget,
                    "short_ha": needed - problem.budget,
                }
            )
        return found

    def _small(self) -> Answer | None:
        """Solve a small district exactly, or tell that it is not small enough."""
        solved = enumerated(self.problem)
        if solved is None:
            return None
        value, zones = solved
        if zones is None or (not zones and not all_zones(self.problem)):
            return self._infeasible(
                [
                    {
                        "limit": "all",
                        "because": "no set of zones keeps all limits together"
                        if zones is None
                        else "no connected set of parcels keeps area and share limits together",
                        "parcels": np.flatnonzero(self.problem.locked).tolist(),
                        "needed_ha": self.problem.min_area,
                        "available_ha": float(self.problem.area.sum()),
                        "short_ha": None,
                    }
                ]
            )
        self._first_bound()  # its budget price tells why parcels are out
        self.incumbent = self._merged(zones)
        self.objective = self._worth(self.incumbent)
        self.bound = max(value, self.objective)
        self.proof = {**self.proof, "kind": "enumeration"}
        return self._answer(None)

    def _note_nothing(self) -> None:
        """Where nothing is locked and no zone is demanded, no zone at all is an answer."""
        if not self.problem.locked.any() and not self.problem.min_zones:
            self.incumbent, self.objective = (), 0.0

    # ---- the bound -------------------------------------------------------------------------

    def _first_bound(self) -> None:
        """Price the budget by bisection on the minimum cut; valid from the first step on."""
        alive = ~np.isin(self.reduced.component, self.dead)
        none = np.zeros_like(self.reduced.slack)
        self._price_budget(none, (), alive)

    def _price_budget(
        self, shares: Floats, separators: Sequence[tuple[int, Ints, float]], alive: Bools
    ) -> None:
        """Find the price at which the relaxation takes about the budget; keep the best bound."""
        budget = self.problem.budget

        def at(price: float) -> float:
            bound, chosen = relaxed(self.reduced, price, budget, shares, separators, alive)
            self._keep_bound(bound, price, shares, separators, chosen)
            return float(self.reduced.area[chosen].sum())

        if budget is None or at(0.0) <= budget:
            if budget is None:
                at(0.0)
            return
        low, high = 0.0, float((np.abs(self.reduced.worth) / self.reduced.area).max() + 1e-9)
        centre = self.price if low < self.price < high else None
        for _ in range(28):
            price = centre if centre is not None else (low + high) / 2
            centre = None
            if at(price) > budget:
                low = price
            else:
                high = price
            if high - low < 1e-6 * max(high, 1e-9) or time.monotonic() > self.deadline:
                break

    def _keep_bound(
        self,
        bound: float,
        price: float,
        shares: Floats,
        separators: Sequence[tuple[int, Ints, float]],
        chosen: Bools,
    ) -> None:
        if bound >= self.bound:
            return
        self.bound, self.price, self.wanted = bound, price, chosen
        self.multipliers = (shares, separators)
        self.proof = self._written_proof(price, shares, separators)

    def _written_proof(
        self, price: float, shares: Floats, separators: Sequence[tuple[int, Ints, float]]
    ) -> dict[str, Any]:
        first = {}  # type: ignore[var-annotated]
        for parcel, node in enumerate(self.reduced.node_of):
            first.setdefault(int(node), parcel)
        by_component = []
        for c in np.unique(self.reduced.component):
            node = int(np.flatnonzero(self.reduced.component == c)[0])
            if (shares[:, node] > 0).any():
                by_component.append(
                    {"parcel": first[node], "multipliers": [float(y) for y in shares[:, node]]}
                )
        return {
            "kind": "relaxation",
            "budget_price": float(price),
            "shares": by_component,
            "separators": [
                {
                    "parcel": first[node],
                    "region": [first[int(one)] for one in self.regions[node, around.tobytes()]],
                    "multiplier": float(y),
                }
                for node, around, y in separators
            ],
            "dead": self.claims,
        }

    def _cut_bound(self) -> None:
        """Tighten every living component at the present price, then price the budget anew."""
        deadline = min(
            self.deadline - RESERVE_S, self.began + CUT_SHARE_OF_TIME * self.time_limit_s
        )
        shares = np.zeros_like(self.reduced.slack)
        separators: list[tuple[int, Ints, float]] = []
        self.regions = {}
        components = self._living()
        price = self.price
        for number, nodes in enumerate(components):
            left = deadline - time.monotonic()
            if left <= 0:
                break
            land, pairs, cost = self._part(nodes, 0.0)
            found = tighten(
                land,
                self.reduced.worth[nodes] - price * self.reduced.area[nodes],
                pairs,
                cost,
                self.reduced.locked[nodes],
                rounds=CUT_ROUNDS,
                deadline=time.monotonic() + left * self._share_of_time(components, number),
            )
            if found is None:
                continue
            shares[:, nodes] = found.shares.reshape(-1, 1)
            for cut in found.separators:
                region = nodes[cut.region]
                around = self._around(region)
                node = int(nodes[cut.node])
                self.regions[node, around.tobytes()] = region
                separators.append((node, around, cut.multiplier))
        alive = ~np.isin(self.reduced.component, self.dead)
        self._price_budget(shares, separators, alive)

    def _share_of_time(self, components: list[Ints], number: int) -> float:
        rest = [len(nodes) ** 1.5 for nodes in components[number:]]
        return rest[0] / sum(rest)  # type: ignore[no-any-return]

    def _around(self, region: Ints) -> Ints:
        inside = np.zeros(self.reduced.size, dtype=bool)
        inside[region] = True
        ends = inside[self.reduced.pairs]
        around = np.unique(self.reduced.pairs[ends[:, 0] != ends[:, 1]])
        return np.asarray(around[~inside[around]], dtype=np.int64)

    # ---- the zones -------------------------------------------------------------------------

    def _living(self) -> list[Ints]:
        """Return the nodes of components that can hold a zone, the largest first."""
        order = np.argsort(self.reduced.component, kind="stable")
        labels = self.reduced.component[order]
        parts = np.split(order, np.flatnonzero(np.diff(labels)) + 1)
        dead = set(self.dead.tolist())
        alive = [p for p in parts if int(self.reduced.component[p[0]]) not in dead]
        return sorted(alive, key=lambda p: (-len(p), int(p[0])))

    def _part(
        self, nodes: Ints, price: float, largest: float = np.inf
    ) -> tuple[Landscape, Ints, Floats]:
        """Return one component as a landscape at a price, with its links and border costs."""
        number = np.full(self.reduced.size, -1)
        number[nodes] = np.arange(len(nodes))
        pairs = number[self.reduced.pairs]
        inner = (pairs >= 0).all(axis=1)
        pairs, cost = pairs[inner], self.reduced.cost[inner]
        open_cost = np.bincount(pairs.ravel(), np.repeat(cost, 2), minlength=len(nodes))
        weight = self.reduced.worth[nodes] - open_cost - price * self.reduced.area[nodes]
        locked = self.reduced.locked[nodes]
        if locked.any():
            weight = weight + np.where(locked, LOCK_WORTH * np.abs(weight).mean(), 0.0)
        limit = np.inf if self.problem.max_area is None else self.problem.max_area
        if self.problem.budget is not None:
            limit = min(limit, self.problem.budget)
        limit = min(limit, max(largest, self.problem.min_area))
        land = Landscape.of(
            self.reduced.area[nodes],
            weight,
            self.reduced.slack[:, nodes],
            pairs,
            2.0 * cost,
            (self.problem.min_area, limit),
        )
        return land, pairs, cost

    def _improve(self) -> str:
        """Search round after round; the rounds are fixed work, so only the clock may cut them."""
        components = self._living()
        with ThreadPoolExecutor(max(2, self.workers)) as threads:
            price = self.price  # read before the bound, beside it, moves it
            bounding = threads.submit(self._cut_bound)
            for number in range(MOST_ROUNDS):
                finished = self._round(components, number, price, threads)
                if number == 0:
                    bounding.result()
                    price = self.price
                self._pack()
                self._report(number)
                if self._good_enough():
                    return "gap"
                if not finished or time.monotonic() > self.deadline - RESERVE_S:
                    return "time"
        return "work"

    def _round(
        self, components: list[Ints], number: int, price: float, threads: ThreadPoolExecutor
    ) -> bool:
        """Anneal every component once; False where the clock forbade some of it."""
        price = price * PRICE_FACTORS[number % len(PRICE_FACTORS)]
        largest = self._largest(number)
        tasks: list[Callable[[], list[Ints]]] = []
        for c, nodes in enumerate(components):
            seed = self.seed + 7919 * number + 104_729 * c
            tasks.append(self._task(nodes, price, largest, seed))
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

    def _task(
        self, nodes: Ints, price: float, largest: float, seed: int
    ) -> Callable[[], list[Ints]]:
        def work() -> list[Ints]:
            land, _, _ = self._part(nodes, price, largest)
            proposals = int(
                np.clip(PROPOSALS_PER_NODE * len(nodes), FEWEST_PROPOSALS, MOST_PROPOSALS)
            )
            return [
                self.reduced.parcels(nodes[zone])
                for zone in harvest(land, seed=seed, proposals=proposals)
            ]

        return work

    def _pack(self) -> None:
        """Choose the best zones of the pool; keep the result if it beats the incumbent."""
        problem = self.problem
        keys = self.pool.best(self.price, self.incumbent or ())
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
        )
        if chosen is None:
            return
        found = self._merged([zones[c] for c in chosen])
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
        for key in dict.fromkeys([*kept, *self.pool.rated(self.price)]):
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

    def _report(self, number: int) -> None:
        progress.report(
            "zones.search",
            min(1.0, (number + 1) / MOST_ROUNDS),
            incumbent=self.objective or 0.0,
            bound=self.bound,
            gap=gap_of(self.objective, self.bound) if self.objective is not None else np.inf,
        )

    def _answer(self, stopped_by: str | None) -> Answer:
        if self.incumbent is None or self.objective is None:
            return self._unfound(stopped_by)
        if self.proof.get("kind") == "relaxation":
            self.bound = replay(self.problem, self.proof)
        bound = max(self.bound, self.objective)
        optimal = gap_of(self.objective, bound) <= OPTIMAL_GAP
        return Answer(
            self.incumbent,
            self.objective,
            bound,
            "optimal" if optimal else "feasible",
            None if optimal else stopped_by,
            self.proof,
            (),
            self.price,
            self.reduced.component[self.reduced.node_of],
            self.reachable,
            self.wanted[self.reduced.node_of],
            self._wanted_free()[self.reduced.node_of],
        )

    def _wanted_free(self) -> Bools:
        alive = ~np.isin(self.reduced.component, self.dead)
        return relaxed(self.reduced, 0.0, None, *self.multipliers, alive)[1]

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
