"""Bounds that anyone can replay with numpy and scipy alone: no optimiser, no compiled code.

A *relaxation* proof holds a price of the budget and multipliers of share rows and area separators.
Whatever non-negative multipliers it holds, the maximum closure that remains is an upper bound on the
value of all feasible answers. An *enumeration* proof of a small district says: list every zone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from renewal_geo.foundation.errors import ProofError
from renewal_geo.solvers.enumeration import connected_sets
from renewal_geo.solvers.mincut import closure
from renewal_geo.solvers.packing import Demands, pack
from renewal_geo.zones.problem import Problem, Reduced, is_feasible, reduce, zone_value

ENUMERATED_SETS = 60_000
ENUMERATED_ZONES_APART = 1_500
AREA_TOLERANCE_HA = 1e-9
EXACT_SECONDS = 120.0
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def replay(problem: Problem, proof: Mapping[str, Any]) -> float:
    """Recompute the upper bound that a proof yields.

    Parameters
    ----------
    problem
        The problem, as re-derived from the inputs.
    proof
        ``{"kind": "relaxation", "budget_price", "shares", "separators", "dead"}`` or ``{"kind":
        "enumeration"}``, parcels by their number in `problem`.

    Returns
    -------
    float
        No feasible answer is worth more.

    Raises
    ------
    ProofError
        If a multiplier is negative, a separator is no separator, or a component that is called
        dead could hold a zone.
    """
    if proof.get("kind") == "enumeration":
        value = enumerated(problem)
        if value is None:
            raise ProofError("the district is too large to enumerate", code="bad_proof")
        return value[0]
    if proof.get("kind") != "relaxation":
        raise ProofError(f"unknown kind of proof {proof.get('kind')!r}", code="bad_proof")
    reduced = reduce(problem)
    price = _multiplier(proof.get("budget_price", 0.0), "budget_price")
    if problem.budget is None and price:
        raise ProofError("the proof prices a budget that there is not", code="bad_proof")
    shares = _share_multipliers(reduced, proof.get("shares", ()))
    separators = [_separator(problem, reduced, one) for one in proof.get("separators", ())]
    alive = ~np.isin(reduced.component, _dead(reduced, problem.min_area, proof.get("dead", ())))
    return relaxed(reduced, price, problem.budget, shares, separators, alive)[0]


def relaxed(
    reduced: Reduced,
    price: float,
    budget: float | None,
    shares: Floats,
    separators: Sequence[tuple[int, Ints, float]],
    alive: Bools,
) -> tuple[float, Bools]:
    """Evaluate the relaxation at given multipliers.

    Parameters
    ----------
    reduced
        The nodes.
    price, budget
        Of a hectare, and hectares.
    shares
        (k, n) multipliers of the share rows, spread over the nodes of each component.
    separators
        (node, ring, multiplier): x[node] <= sum of x over the ring.
    alive
        Length n, nodes whose component can hold a zone.

    Returns
    -------
    tuple
        The bound, and the nodes that the relaxation chooses.
    """
    weight = reduced.worth - price * reduced.area + (shares * reduced.slack).sum(axis=0)
    for node, around, multiplier in separators:
        weight[node] -= multiplier
        weight[around] += multiplier
    inner = alive[reduced.pairs].all(axis=1)
    number = np.cumsum(alive) - 1
    border = ~inner & alive[reduced.pairs].any(axis=1)
    if border.any():  # never between components; kept so that the function stands by itself
        ends = reduced.pairs[border]
        np.subtract.at(weight, ends[:, 0], reduced.cost[border])
        np.subtract.at(weight, ends[:, 1], reduced.cost[border])
    bound, chosen = closure(
        weight[alive], number[reduced.pairs[inner]], reduced.cost[inner], reduced.locked[alive]
    )
    nodes = np.zeros(reduced.size, dtype=bool)
    nodes[np.flatnonzero(alive)[chosen]] = True
    return bound + price * (budget or 0.0), nodes


def enumerated(problem: Problem) -> tuple[float, list[Ints] | None] | None:
    """Solve a small district by listing every zone.

    Returns
    -------
    tuple or None
        Value and zones of the best answer (zones None and value -inf where none is feasible); None
        where the district is too large.
    """
    zones = all_zones(problem)
    if zones is None:
        return None
    apart = None
    if problem.min_zones:
        if len(zones) > ENUMERATED_ZONES_APART:
            return None
        apart = touching_pairs(problem, zones)
    values = np.array([zone_value(problem, zone) for zone in zones])
    areas = np.array([float(problem.area[zone].sum()) for zone in zones])
    groups = [np.flatnonzero(problem.group == g) for g in np.unique(problem.group) if g >= 0]
    chosen, closed = pack(
        zones,
        values,
        areas,
        problem.size,
        Demands(
            problem.budget,
            np.flatnonzero(problem.locked),
            [g for g in groups if len(g) > 1],
            problem.min_zones,
            problem.max_zones,
            apart,
        ),
        time_limit_s=EXACT_SECONDS,
        exact=True,
    )
    if not closed:
        return None
    if chosen is None:
        return -np.inf, None
    return float(values[chosen].sum()), [zones[c] for c in chosen]


def all_zones(problem: Problem) -> list[Ints] | None:
    """List every feasible zone of a small district; None where there are too many sets."""
    n = problem.size
    masks = [0] * n
    for u, v in problem.pairs.tolist():
        masks[u] |= 1 << v
        masks[v] |= 1 << u
    zones: list[Ints] = []
    seen = 0
    for mask in connected_sets(masks, ENUMERATED_SETS):
        seen += 1
        zone = np.array([i for i in range(n) if mask >> i & 1], dtype=np.int64)
        if is_feasible(problem, zone, AREA_TOLERANCE_HA):
            zones.append(zone)
    return zones if seen < ENUMERATED_SETS else None


def touching_pairs(problem: Problem, zones: Sequence[Ints]) -> Ints:
    """Return pairs of disjoint zones that touch although one zone could hold both."""
    n, found = problem.size, []  # type: ignore[var-annotated]
    inside = np.zeros((len(zones), n), dtype=bool)
    for z, zone in enumerate(zones):
        inside[z, zone] = True
    beside = np.zeros_like(inside)
    for u, v in problem.pairs:
        beside[:, v] |= inside[:, u]
        beside[:, u] |= inside[:, v]
    areas = inside @ problem.area
    limit = np.inf if problem.max_area is None else problem.max_area + AREA_TOLERANCE_HA
    for z in range(len(zones) - 1):
        others = np.arange(z + 1, len(zones))
        touch = (beside[z] & inside[others]).any(axis=1) & ~(inside[z] & inside[others]).any(axis=1)
        found.extend((z, int(y)) for y in others[touch & (areas[z] + areas[others] <= limit)])
    return np.array(found, dtype=np.int64).reshape(-1, 2)


def reachable_area(reduced: Reduced, nodes: Ints, multipliers: Floats) -> float:
    """Bound the area that part of `nodes` can have with its shares kept, by given multipliers."""
    gained = reduced.area[nodes] + multipliers @ reduced.slack[:, nodes]
    return float(np.maximum(gained, 0.0).sum())


def _dead(reduced: Reduced, min_area: float, claims: Sequence[Mapping[str, Any]]) -> Ints:
    """Return components too small for a zone, and those whose shares are shown to forbid one."""
    sizes = np.bincount(reduced.component, reduced.area)
    dead = set(np.flatnonzero(sizes < min_area - AREA_TOLERANCE_HA).tolist())
    for claim in claims:
        component = int(reduced.component[reduced.node_of[_number(reduced, claim["parcel"])]])
        multipliers = np.array([_multiplier(one, "dead") for one in claim["shares"]])
        nodes = np.flatnonzero(reduced.component == component)
        if reachable_area(reduced, nodes, multipliers) >= min_area - AREA_TOLERANCE_HA:
            raise ProofError(
                "a component that the proof calls dead may hold a zone", code="bad_proof"
            )
        dead.add(component)
    return np.array(sorted(dead), dtype=np.int64)


def _share_multipliers(reduced: Reduced, claims: Sequence[Mapping[str, Any]]) -> Floats:
    spread = np.zeros_like(reduced.slack)
    for claim in claims:
        component = reduced.component[reduced.node_of[_number(reduced, claim["parcel"])]]
        values = [_multiplier(one, "shares") for one in claim["multipliers"]]
        if len(values) != len(reduced.slack):
            raise ProofError("the proof has another number of shares", code="bad_proof")
        spread[:, reduced.component == component] = np.array(values).reshape(-1, 1)
    return spread


def _separator(
    problem: Problem, reduced: Reduced, claim: Mapping[str, Any]
) -> tuple[int, Ints, float]:
    region = np.unique(reduced.node_of[[_number(reduced, one) for one in claim["region"]]])
    node = int(reduced.node_of[_number(reduced, claim["parcel"])])
    area = float(reduced.area[region].sum())
    inside = np.zeros(reduced.size, dtype=bool)
    inside[region] = True
    ends = inside[reduced.pairs]
    around = np.unique(reduced.pairs[ends[:, 0] != ends[:, 1]])
    around = around[~inside[around]]
    if not inside[node] or area >= problem.min_area - AREA_TOLERANCE_HA:
        raise ProofError("a separator of the proof does not separate", code="bad_proof")
    return node, around, _multiplier(claim["multiplier"], "separator")


def _number(reduced: Reduced, parcel: Any) -> int:
    if not 0 <= int(parcel) < len(reduced.node_of):
        raise ProofError(f"the proof names an unknown parcel {parcel!r}", code="bad_proof")
    return int(parcel)


def _multiplier(value: Any, name: str) -> float:
    number = float(value)
    if not np.isfinite(number) or number < 0:
        raise ProofError(f"the multiplier {name} of the proof is {value!r}", code="bad_proof")
    return number
