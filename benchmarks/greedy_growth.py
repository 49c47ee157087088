"""Greedy region growing, written as well as we can: the honest rival of the zones optimiser.

Like parameterised region growing (ArcGIS Locate Regions) and Patchmax (ForSys) it grows a zone from each
of many seeds, takes the best, and repeats on what is left. It goes beyond them where a good engineer
would: the budget and the shares are priced first (a few minimum cuts), zones are compared by value less
the price of their area, a seed is grown anew only when its zone is overtaken, several prices are swept,
and what remains of the budget is spent at the borders. There is no annealing and no integer programme.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from renewal_geo.solvers.mincut import closure
from renewal_geo.zones.problem import is_feasible, zone_value

TOLERANCE_HA = 1e-9
DUAL_STEPS = 20
# the relaxed price is too high for zones, which pay for filler too; nothing is right for small budgets
PRICE_FACTORS = (0.0, 0.5, 0.7, 0.85, 1.0)
SHARE_FACTORS = (0.0, 1.0, 2.0)
PUSH = 4.0  # value per hectare of slack, while the zone's share is not met: growth turns to better parcels
PLAY = 0.02  # of the zone's area: slack below it still counts as not met
FEWEST_SEEDS, PARCELS_PER_SEED = 40, 8
POLISHED_RUNS = 3
TRIM_FACTORS = (0.0, 0.5, 0.8)


@dataclass(frozen=True, slots=True)
class Growth:
    """The order in which a zone grew, and its feasible stages as (parcels, hectares, value)."""

    order: list[int]
    stages: list[tuple[int, float, float]]

    def best(self, price):
        """Return (value less priced area, hectares, parcels) of the best stage, or None."""
        if not self.stages:
            return None
        count, area, worth = max(self.stages, key=lambda s: s[2] - price * s[1])
        return worth - price * area, area, self.order[:count]


class Ground:
    """The problem as plain lists, which pure Python reads faster than arrays."""

    def __init__(self, problem):
        assert not problem.locked.any(), "it knows no locks"
        assert (problem.group < 0).all(), "it knows no groups"
        n, weight = problem.size, problem.boundary_weight
        self.problem = problem
        self.budget = np.inf if problem.budget is None else problem.budget
        self.max_area = np.inf if problem.max_area is None else problem.max_area
        self.beside = [[] for _ in range(n)]
        # joining a neighbour saves the shared frontage on both sides
        for (u, v), saved in zip(
            problem.pairs.tolist(), (2 * weight * problem.frontage).tolist(), strict=True
        ):
            self.beside[u].append((v, saved))
            self.beside[v].append((u, saved))
        around = np.bincount(problem.pairs.ravel(), np.repeat(problem.frontage, 2), minlength=n)
        self.alone = (problem.value - weight * (problem.own + around)).tolist()
        self.area = problem.area.tolist()
        self.slack = list(zip(*problem.slack.tolist(), strict=True)) or [()] * n
        graph = coo_array(
            (np.ones(len(problem.pairs)), (problem.pairs[:, 0], problem.pairs[:, 1])), shape=(n, n)
        )
        self.component = connected_components(graph, directed=False)[1]

    def gain(self, parcel, zone):
        """Return what `parcel` adds to the set `zone` (or takes along when it leaves)."""
        return self.alone[parcel] + sum(s for v, s in self.beside[parcel] if v in zone)

    def fits(self, area, slack):
        """Return whether area and shares of a zone keep their limits."""
        return (
            self.problem.min_area - TOLERANCE_HA <= area <= self.max_area + TOLERANCE_HA
            and min(slack, default=0.0) >= 0.0
        )


def prices(ground):
    """Return the budget's price and the shares' prices per component, by subgradient steps."""
    problem, component = ground.problem, ground.component
    size = np.bincount(component, problem.area)
    worth = problem.value - problem.boundary_weight * problem.own
    cost = problem.boundary_weight * problem.frontage
    shares = np.zeros((len(problem.slack), len(size)))
    budget = min(ground.budget, float(problem.area.sum()))
    price = float(np.median(problem.value / problem.area)) if np.isfinite(ground.budget) else 0.0
    best, kept = np.inf, (price, shares)
    for step in range(DUAL_STEPS):
        weight = worth + (shares[:, component] * problem.slack).sum(axis=0) - price * problem.area
        bound, chosen = closure(weight, problem.pairs, cost)[:2]
        if bound + price * budget < best:
            best, kept = bound + price * budget, (price, shares.copy())
        length = 0.5 / (1 + step) ** 0.7
        if np.isfinite(ground.budget):
            over = problem.area[chosen].sum() / budget - 1.0
            price = max(0.0, price + 2.0 * length * over)
        kept_slack = [
            np.bincount(component[chosen], row[chosen], minlength=len(size))
            for row in problem.slack
        ]
        if kept_slack:
            shares = np.maximum(0.0, shares - 28.0 * length * np.array(kept_slack) / size)
    return kept


def steering(ground, shares):
    """Return, for every set of shares that are not met, what each parcel's slack counts."""
    problem = ground.problem
    base = shares[:, ground.component]
    return {
        unmet: ((base + PUSH * np.array(unmet).reshape(-1, 1)) * problem.slack).sum(axis=0).tolist()
        for unmet in product((False, True), repeat=len(problem.slack))
    }


def grow(ground, steer, used, start, limit):
    """Grow from `start` to at most `limit` hectares, always by the best value per hectare."""
    areas, alone, slacks, beside = ground.area, ground.alone, ground.slack, ground.beside
    area, worth, slack = areas[start], alone[start], list(slacks[start])
    order, inside = [start], {start}
    gains = {v: alone[v] + saved for v, saved in beside[start] if not used[v]}
    stages = []
    if ground.fits(area, slack) and area <= limit:
        stages.append((1, area, worth))
    while gains:
        wanted = steer[tuple([s < PLAY * area for s in slack])]
        top, chosen, room, late = -np.inf, -1, limit - area, []
        for v, gain in gains.items():
            hectares = areas[v]
            if hectares > room:
                late.append(v)
                continue
            rate = (gain + wanted[v]) / hectares
            if rate > top:
                top, chosen = rate, v
        for v in late:
            del gains[v]
        if chosen < 0:
            break
        worth += gains.pop(chosen)
        area += areas[chosen]
        slack = [s + t for s, t in zip(slack, slacks[chosen], strict=True)]
        order.append(chosen)
        inside.add(chosen)
        for v, saved in beside[chosen]:
            if v in gains:
                gains[v] += saved
            elif not used[v] and v not in inside:
                gains[v] = ground.gain(v, inside)
        if ground.fits(area, slack):
            stages.append((len(order), area, worth))
    return Growth(order, stages)


def select(ground, steer, first, rated):
    """Take the best zone, regrow the seeds whose zones it overtook, repeat; return the zones.

    `first` holds every seed's growth on free ground; `rated` tells a growth's merit (none or a merit
    of nothing ends it). Merits only fall as ground is taken, so a seed at the top of the heap is
    the best as soon as its zone is still free.
    """
    used, left, zones = [False] * ground.problem.size, ground.budget, []
    heap = []
    for seed, growth in first.items():
        rate = rated(growth)
        if rate:
            heap.append((-rate[0], seed, rate[1], rate[2]))
    heapq.heapify(heap)
    while heap and left >= ground.problem.min_area:
        merit, seed, area, zone = heapq.heappop(heap)
        if used[seed]:
            continue
        if merit >= 0:
            break
        if area > left + TOLERANCE_HA or any(used[v] for v in zone):
            rate = rated(grow(ground, steer, used, seed, min(left, ground.max_area)))
            if rate:
                heapq.heappush(heap, (-rate[0], seed, rate[1], rate[2]))
            continue
        zones.append(set(zone))
        left -= area
        for v in zone:
            used[v] = True
    return zones


def seeds_of(ground, rng):
    """Return half the seeds by value per hectare, half at random: diversity matters."""
    problem = ground.problem
    count = min(problem.size, FEWEST_SEEDS + problem.size // PARCELS_PER_SEED)
    tops = np.argsort(-problem.value / problem.area, kind="stable")[: max(count, problem.size // 4)]
    chosen = rng.choice(tops, min(count // 2, len(tops)), replace=False).tolist()
    chosen += rng.choice(problem.size, count - len(chosen), replace=False).tolist()
    return list(dict.fromkeys(chosen))


def merged(ground, zones):
    """Join zones that touch and fit together: the shared border is no longer paid."""
    label = {v: number for number, zone in enumerate(zones) for v in zone}
    areas = [sum(ground.area[v] for v in zone) for zone in zones]
    for u, v in ground.problem.pairs.tolist():
        a, b = label.get(u), label.get(v)
        if a is None or b is None or a == b:
            continue
        if areas[a] + areas[b] <= ground.max_area:
            for w in zones[b]:
                label[w] = a
            zones[a] |= zones[b]
            areas[a] += areas[b]
            zones[b] = set()
    return [zone for zone in zones if zone]


def trim(ground, zone, least_rate):
    """Drop border parcels that bring less than `least_rate` per hectare, the worst first."""
    area = sum(ground.area[v] for v in zone)
    slack = [sum(ground.slack[v][k] for v in zone) for k in range(len(ground.problem.slack))]
    rest = set(zone)
    rates = {v: ground.gain(v, rest) / ground.area[v] for v in rest}
    heap = [(rate, v) for v, rate in rates.items() if rate < least_rate]
    heapq.heapify(heap)
    while heap:
        rate, parcel = heapq.heappop(heap)
        if parcel not in rest or rate > rates[parcel]:
            continue
        less = [s - t for s, t in zip(slack, ground.slack[parcel], strict=True)]
        if not ground.fits(area - ground.area[parcel], less) or not whole(ground, rest, parcel):
            continue
        rest.discard(parcel)
        area, slack = area - ground.area[parcel], less
        for v, _ in ground.beside[parcel]:
            if v in rest:
                rates[v] = ground.gain(v, rest) / ground.area[v]
                if rates[v] < least_rate:
                    heapq.heappush(heap, (rates[v], v))
    return rest


def whole(ground, zone, without):
    """Return whether `zone` stays connected without one parcel."""
    around = [v for v, _ in ground.beside[without] if v in zone]
    if len(around) <= 1:
        return bool(around)
    reached, stack = {around[0], without}, [around[0]]
    missing = set(around[1:])
    while stack and missing:
        for v, _ in ground.beside[stack.pop()]:
            if v in zone and v not in reached:
                reached.add(v)
                missing.discard(v)
                stack.append(v)
    return not missing


def fill(ground, zones):
    """Spend what is left of the budget on the best parcels beside the zones."""
    zones = [set(zone) for zone in zones]
    used = set().union(*zones)
    areas = [sum(ground.area[v] for v in zone) for zone in zones]
    shares = range(len(ground.problem.slack))
    slacks = [[sum(ground.slack[v][k] for v in zone) for k in shares] for zone in zones]
    left = ground.budget - sum(areas)

    def offers(z):
        for v in {w for u in zones[z] for w, _ in ground.beside[u] if w not in used}:
            gain = ground.gain(v, zones[z])
            if gain > 0:
                yield -gain / ground.area[v], v, z

    heap = [offer for z in range(len(zones)) for offer in offers(z)]
    heapq.heapify(heap)
    while heap:
        _, parcel, z = heapq.heappop(heap)
        hectares = ground.area[parcel]
        more = [s + t for s, t in zip(slacks[z], ground.slack[parcel], strict=True)]
        if parcel in used or hectares > left or not ground.fits(areas[z] + hectares, more):
            continue
        zones[z].add(parcel)
        used.add(parcel)
        areas[z], slacks[z], left = areas[z] + hectares, more, left - hectares
        # offers that were made before stay in the heap: they only understate
        for v, _ in ground.beside[parcel]:
            if v not in used:
                gain = ground.gain(v, zones[z])
                if gain > 0:
                    heapq.heappush(heap, (-gain / ground.area[v], v, z))
    return merged(ground, zones)


def worth_of(ground, zones):
    """Return the value of all zones, by the package's own measure."""
    return sum(zone_value(ground.problem, np.array(sorted(zone))) for zone in zones)


def greedy(problem, seed=0):
    """Return (value, zones) of the best greedy run over several prices."""
    ground = Ground(problem)
    price, shares = prices(ground)
    seeds = seeds_of(ground, np.random.default_rng(seed))
    most = min(ground.budget, ground.max_area)
    runs = []
    for factor in SHARE_FACTORS:
        steer = steering(ground, factor * shares)
        free = [False] * problem.size
        first = {s: grow(ground, steer, free, s, most) for s in seeds}
        for cut in PRICE_FACTORS:
            zones = select(ground, steer, first, lambda g, c=cut: g.best(c * price))
            zones = merged(ground, zones)
            runs.append((worth_of(ground, zones), len(runs), zones))
    best, chosen = 0.0, []
    for value, _, zones in sorted(runs, key=lambda r: (-r[0], r[1]))[:POLISHED_RUNS]:
        if value > best:
            best, chosen = value, zones
        for factor in TRIM_FACTORS:
            tried = fill(ground, [trim(ground, zone, factor * price) for zone in zones])
            if worth_of(ground, tried) > best:
                best, chosen = worth_of(ground, tried), tried
    return judged(problem, chosen)


def plain_greedy(problem, seed=0):
    """Return (value, zones) of growing as published tools do: no prices, the most valuable zone first."""
    ground = Ground(problem)
    steer = steering(ground, np.zeros((len(problem.slack), int(ground.component.max()) + 1)))
    free = [False] * problem.size
    most = min(ground.budget, ground.max_area)
    seeds = seeds_of(ground, np.random.default_rng(seed))
    first = {s: grow(ground, steer, free, s, most) for s in seeds}
    zones = select(ground, steer, first, lambda growth: growth.best(0.0))
    return judged(problem, merged(ground, zones))


def judged(problem, zones):
    """Return (value, zones), every promise asserted."""
    arrays = [np.array(sorted(zone)) for zone in zones]
    assert all(is_feasible(problem, zone) for zone in arrays)
    members = np.concatenate(arrays) if arrays else np.empty(0, dtype=np.int64)
    assert len(np.unique(members)) == len(members)
    if problem.budget is not None:
        assert problem.area[members].sum() <= problem.budget + 1e-6
    return float(sum(zone_value(problem, zone) for zone in arrays)), arrays
