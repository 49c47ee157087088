"""Zones known so far: valued under changed terms, packed, and varied by short annealing.

A further question (less budget, other values, one more link) changes what zones are worth and which
fit, seldom which zones are good. So the zones that a search met are kept, valued anew and packed
again; what the change makes possible is sought beside them, beginning from the zones chosen before.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from renewal_geo.foundation.compiled import PACE
from renewal_geo.foundation.errors import Faults, InputError
from renewal_geo.foundation.labels import LANGUAGES
from renewal_geo.solvers.annealing import Landscape, harvest
from renewal_geo.solvers.packing import Demands, pack
from renewal_geo.zones.listing import touching_pairs
from renewal_geo.zones.problem import Problem, Reduced, reduce

AREA_TOLERANCE_HA = 1e-9
OUT = -1
PACKED_ZONES = 900  # of these a selection is made, the dearest at the price
APART_ZONES = 300  # fewer where touching pairs must be listed
WARM_HEAT = (0.5, 0.03)  # cooler than a search from nothing: the start is good already
LOCK_WORTH = 30.0  # makes a locked node worth its place, in mean weights
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """Disjoint zones and what they come to: hectares, value, metres of outline, net value."""

    zones: tuple[Ints, ...]
    area: float
    value: float
    outline: float
    net_value: float

    def labels(self, size: int) -> Ints:
        """Return the zone's number for each of `size` parcels, -1 where in none."""
        label = np.full(size, -1, dtype=np.int64)
        for number, zone in enumerate(self.zones):
            label[zone] = number
        return label


class Repertoire:
    """Connected zones of one district, each once, with the sums that any change of terms needs."""

    def __init__(self, problem: Problem, zones: Iterable[Ints] = ()) -> None:
        self.problem = problem
        self.zones: list[Ints] = []
        self._keys: set[bytes] = set()
        self._sums: tuple[csr_array, Floats, Floats] | None = None
        self.add(zones)

    def __len__(self) -> int:
        return len(self.zones)

    def add(self, zones: Iterable[Ints]) -> int:
        """Take in zones (sorted parcel numbers, connected) that are not known; return how many."""
        before = len(self.zones)
        for zone in zones:
            key = zone.tobytes()
            if key not in self._keys:
                self._keys.add(key)
                self.zones.append(zone)
        if len(self.zones) > before:
            self._sums = None
        return len(self.zones) - before

    def sums(self) -> tuple[csr_array, Floats, Floats]:
        """Return the zones as a matrix (zones, parcels), their areas (ha) and outlines (m)."""
        if self._sums is None:
            matrix = _matrix(self.zones, self.problem.size)
            self._sums = matrix, matrix @ self.problem.area, _outlines(self.problem, matrix)
        return self._sums

    def best(
        self,
        problem: Problem,
        *,
        price: float = 0.0,
        kept: Sequence[Ints] = (),
        seconds: float = 2.0,
        beat: float | None = None,
    ) -> tuple[Selection | None, bool]:
        """Choose among the zones under changed terms.

        Parameters
        ----------
        problem
            The same parcels and links; values, limits and the price of the outline may differ.
        price
            What a hectare of budget is worth: orders the zones of which the best are packed.
        kept
            Zones that must be among those packed, if they keep the limits.
        seconds
            For the solver.
        beat
            Only a selection worth more is wanted.

        Returns
        -------
        tuple
            The selection (None where none keeps the limits, none beats `beat`, or none was found in time),
            and whether the choice among these zones is settled.
        """
        matrix, areas, outlines = self.sums()
        fits = areas >= problem.min_area - AREA_TOLERANCE_HA
        largest = np.inf if problem.max_area is None else problem.max_area
        if problem.budget is not None:
            largest = min(largest, problem.budget)
        fits &= areas <= largest + AREA_TOLERANCE_HA
        for row in problem.slack:
            fits &= matrix @ row >= -AREA_TOLERANCE_HA
        values = matrix @ problem.value - problem.boundary_weight * outlines
        wanted = {zone.tobytes() for zone in kept}
        is_kept = np.array([zone.tobytes() in wanted for zone in self.zones], dtype=bool)
        rank = _rank_within(self._places(), np.where(fits, values - price * areas, -np.inf))
        order = np.lexsort((price * areas - values, rank, ~is_kept))
        limit = APART_ZONES if problem.min_zones else PACKED_ZONES
        order = order[fits[order]][:limit]
        order = order[_whole_groups(matrix[order], problem)]
        picked = [self.zones[z] for z in order]
        rows = _alike(matrix[order], problem)
        if rows is None:
            return None, True
        chosen, closed = pack(
            [np.unique(rows[zone]) for zone in picked],
            values[order],
            areas[order],
            int(rows.max(initial=-1)) + 1,
            _demands(problem, picked, rows),
            time_limit_s=seconds,
            beat=beat,
        )
        if chosen is None:
            return None, closed
        return weighed(problem, merged(problem, [picked[c] for c in chosen])), closed

    def _places(self) -> Ints:
        """Return the component of each zone: every component gets its share of what is packed."""
        reduced = reduce(self.problem)
        of_parcel = reduced.component[reduced.node_of]
        return np.array([of_parcel[zone[0]] for zone in self.zones], dtype=np.int64)


def _rank_within(groups: Ints, rated: Floats) -> Ints:
    """Number the members of each group by falling rating."""
    order = np.lexsort((-rated, groups))
    begins = np.flatnonzero(np.diff(groups[order], prepend=-1))
    lengths = np.diff(np.append(begins, len(groups)))
    rank = np.empty(len(groups), dtype=np.int64)
    rank[order] = np.arange(len(groups)) - np.repeat(begins, lengths)
    return rank


def _whole_groups(matrix: csr_array, problem: Problem) -> Ints:
    """Return the zones that do not hold part of a group of which another part is in none of them."""
    kept = np.arange(matrix.shape[0])
    if not (problem.group >= 0).any():
        return kept
    while True:
        covered = np.asarray(matrix[kept].sum(axis=0)).ravel() > 0
        broken = np.unique(problem.group[(problem.group >= 0) & ~covered])
        bad = matrix[kept] @ np.isin(problem.group, broken).astype(float) > 0
        if not bad.any():
            return kept
        kept = kept[~bad]


def _alike(matrix: csr_array, problem: Problem) -> Ints | None:
    """Number the parcels so that those in just the same zones share one number; -1 where in none.

    None where a locked parcel is in no zone. A few hundred zones cut a district into far fewer pieces
    than it has parcels, and the packing needs one row per piece only.
    """
    # two parcels in different zones have the same sum of 53 random bits with probability 2**-53
    bits = np.random.default_rng(0).random(matrix.shape[0])
    sums = matrix.T @ bits
    inside = sums > 0
    if (problem.locked & ~inside).any():
        return None
    rows = np.full(problem.size, OUT, dtype=np.int64)
    rows[inside] = np.unique(sums[inside], return_inverse=True)[1]
    return rows


def _demands(problem: Problem, zones: Sequence[Ints], rows: Ints) -> Demands:
    """Return what a selection of `zones` must keep besides being disjoint, in numbers of pieces."""
    groups = []
    for group in np.unique(problem.group[problem.group >= 0]):
        pieces = np.unique(rows[problem.group == group])
        groups.append(pieces)
    return Demands(
        problem.budget,
        np.unique(rows[problem.locked]),
        [pieces for pieces in groups if len(pieces) > 1],
        problem.min_zones,
        problem.max_zones,
        touching_pairs(problem, zones) if problem.min_zones else None,
    )


def weighed(problem: Problem, zones: Sequence[Ints]) -> Selection:
    """Return what zones come to."""
    ordered = tuple(sorted(zones, key=lambda zone: int(zone[0])))
    matrix = _matrix(ordered, problem.size)
    outline = float(_outlines(problem, matrix).sum())
    value = float((matrix @ problem.value).sum())
    area = float((matrix @ problem.area).sum())
    return Selection(ordered, area, value, outline, value - problem.boundary_weight * outline)


def keeps(problem: Problem, selection: Selection) -> bool:
    """Return whether zones (connected, disjoint) keep every limit of `problem`."""
    matrix = _matrix(selection.zones, problem.size)
    areas = matrix @ problem.area
    covered = np.asarray(matrix.sum(axis=0)).ravel() > 0
    count = len(selection.zones)
    largest = np.inf if problem.max_area is None else problem.max_area
    whole = all(
        covered[problem.group == g].all() or not covered[problem.group == g].any()
        for g in np.unique(problem.group)
        if g >= 0
    )
    label = selection.labels(problem.size)
    return bool(
        (areas >= problem.min_area - AREA_TOLERANCE_HA).all()
        and (areas <= largest + AREA_TOLERANCE_HA).all()
        and all((matrix @ row >= -AREA_TOLERANCE_HA).all() for row in problem.slack)
        and (problem.budget is None or areas.sum() <= problem.budget + AREA_TOLERANCE_HA)
        and covered[problem.locked].all()
        and (problem.min_zones or 0) <= count <= (problem.max_zones or count)
        and whole
        and not len(_mergeable(problem, label, areas))
    )


def _mergeable(problem: Problem, label: Ints, areas: Floats) -> Ints:
    """Return pairs of zones that touch although one zone could hold both."""
    ends = label[problem.pairs]
    cross = (ends >= 0).all(axis=1) & (ends[:, 0] != ends[:, 1])
    pairs = np.unique(np.sort(ends[cross], axis=1), axis=0)
    limit = np.inf if problem.max_area is None else problem.max_area
    fits = areas[pairs].sum(axis=1) <= limit + AREA_TOLERANCE_HA
    return np.asarray(pairs[fits], dtype=np.int64)


def merged(problem: Problem, zones: Sequence[Ints]) -> list[Ints]:
    """Join zones that touch and fit into one: their union is never worth less."""
    left = sorted(zones, key=lambda zone: int(zone[0]))
    if problem.min_zones:
        return left
    label = np.full(problem.size, OUT, dtype=np.int64)
    for z, zone in enumerate(left):
        label[zone] = z
    areas = np.array([problem.area[zone].sum() for zone in left])
    while len(pairs := _mergeable(problem, label, areas)):
        u, v = pairs[0]
        label[label == v] = u
        areas[u] += areas[v]
    return [np.flatnonzero(label == z) for z in np.unique(label[label >= 0])]


def require_means(
    where: str, *, time_limit_s: float = 1.0, workers: int = 1, lang: str | None = None
) -> None:
    """Refuse a time, a number of threads or a language that makes no sense.

    Raises
    ------
    InputError
        ``bad_limit``, naming all at fault.
    """
    faults = Faults(InputError)

    def refuse(what: str, fix: str) -> None:
        faults.add(what, where=where, fix=fix, code="bad_limit")

    if not (math.isfinite(time_limit_s) and time_limit_s > 0):
        refuse(f"time_limit_s is {time_limit_s!r}", "give a positive number of seconds")
    if workers < 1:
        refuse(f"workers is {workers!r}", "give at least 1")
    if lang is not None and lang not in LANGUAGES:
        refuse(f"lang is {lang!r}", f"one of: {', '.join(LANGUAGES)}")
    faults.raise_if_any()


@dataclass(frozen=True, slots=True)
class Effort:
    """What a short search may spend: proposals per node, a seed, threads, a moment to stop at."""

    proposals: int
    seed: int
    deadline: float
    workers: int = 2
    fewest: int = 60_000
    most: int = 4_000_000


def explore(
    problem: Problem,
    *,
    price: float,
    effort: Effort,
    start: Selection | None = None,
    components: Ints | None = None,
) -> tuple[list[Ints], bool]:
    """Anneal each component once at a price of the budget, beginning from given zones.

    Parameters
    ----------
    problem
        The problem.
    price
        Value per hectare of budget.
    effort
        What may be spent.
    start
        Zones to begin from; from nothing by default.
    components
        Numbers of the components to search (of :func:`reduce`); all by default.

    Returns
    -------
    tuple
        Zones that met their limits, as sorted parcel numbers, and whether the clock left every
        component its turn.
    """
    reduced = reduce(problem, together=True)
    labels = None if start is None else start.labels(problem.size)
    tasks = [
        _task(problem, reduced, nodes, price, labels, effort)
        for nodes in _living(problem, reduced)
        if components is None or reduced.component[nodes[0]] in components
    ]

    def guarded(task: Callable[[], list[Ints]]) -> list[Ints] | None:
        return task() if time.monotonic() < effort.deadline else None

    with ThreadPoolExecutor(max(1, effort.workers)) as threads:
        found = list(threads.map(guarded, tasks))
    return [zone for part in found if part for zone in part], all(p is not None for p in found)


def _living(problem: Problem, reduced: Reduced) -> list[Ints]:
    """Return the nodes of components large enough for a zone, the largest first."""
    order = np.argsort(reduced.component, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(reduced.component[order])) + 1)
    alive = [
        part for part in parts if reduced.area[part].sum() >= problem.min_area - AREA_TOLERANCE_HA
    ]
    return sorted(alive, key=lambda part: (-len(part), int(part[0])))


def _task(
    problem: Problem,
    reduced: Reduced,
    nodes: Ints,
    price: float,
    labels: Ints | None,
    effort: Effort,
) -> Callable[[], list[Ints]]:
    def work() -> list[Ints]:
        first = None
        if labels is not None:
            parcel = np.zeros(reduced.size, dtype=np.int64)
            parcel[reduced.node_of] = np.arange(problem.size)
            own = labels[parcel[nodes]]
            _, first = np.unique(own, return_inverse=True)
            first = first.ravel() - int((own < 0).any())
        found = harvest(
            _landscape(problem, reduced, nodes, price),
            seed=effort.seed + 104_729 * int(nodes[0]),
            proposals=int(
                PACE * np.clip(effort.proposals * len(nodes), effort.fewest, effort.most)
            ),
            start=first,
            **({} if first is None or (first < 0).all() else {"heat": WARM_HEAT}),
        )
        return [reduced.parcels(nodes[zone]) for zone in found]

    return work


def _landscape(problem: Problem, reduced: Reduced, nodes: Ints, price: float) -> Landscape:
    """Return one component as a landscape at a price: links inside zones save twice their cost."""
    number = np.full(reduced.size, -1)
    number[nodes] = np.arange(len(nodes))
    pairs = number[reduced.pairs]
    inner = (pairs >= 0).all(axis=1)
    pairs, cost = pairs[inner], reduced.cost[inner]
    open_cost = np.bincount(pairs.ravel(), np.repeat(cost, 2), minlength=len(nodes))
    weight = reduced.worth[nodes] - open_cost - price * reduced.area[nodes]
    locked = reduced.locked[nodes]
    if locked.any():
        weight = weight + np.where(locked, LOCK_WORTH * np.abs(weight).mean(), 0.0)
    limit = np.inf if problem.max_area is None else problem.max_area
    if problem.budget is not None:
        limit = min(limit, problem.budget)
    return Landscape.of(
        reduced.area[nodes],
        weight,
        reduced.slack[:, nodes],
        pairs,
        2.0 * cost,
        (problem.min_area, max(limit, problem.min_area)),
    )


def _matrix(zones: Sequence[Ints], size: int) -> csr_array:
    if not len(zones):
        return csr_array((0, size))
    ends = np.cumsum([0, *(len(zone) for zone in zones)])
    return csr_array((np.ones(ends[-1]), np.concatenate(zones), ends), shape=(len(zones), size))


def _outlines(problem: Problem, matrix: csr_array) -> Floats:
    """Return metres of outline: own boundary and all frontage, less twice what lies inside."""
    n, (u, v) = problem.size, problem.pairs.T
    around = problem.own + np.bincount(u, problem.frontage, minlength=n)
    around = around + np.bincount(v, problem.frontage, minlength=n)
    dense = matrix.tocsc()
    inside = dense[:, u].multiply(dense[:, v]) @ problem.frontage if len(u) else 0.0
    return np.asarray(matrix @ around - 2.0 * inside, dtype=float)
