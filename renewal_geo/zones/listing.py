"""Small districts: every zone is listed, the best selection among them is exact, and so is its proof.

The proof names the answer's value and a price for every parcel and for a hectare of budget. A selection is
worth no more than all prices together less what its zones cost above their value, so whoever replays it need
only try selections of zones that cost next to nothing more: no solver enters it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from renewal_geo.foundation.errors import ProofError
from renewal_geo.solvers.enumeration import Packing, connected_sets, most_above
from renewal_geo.solvers.packing import Demands, cover_prices, pack
from renewal_geo.zones.problem import Problem

ENUMERATED_SETS = 60_000
ENUMERATED_ZONES_APART = 1_500
AREA_TOLERANCE_HA = 1e-9
MOST_STEPS = 2_000_000  # of a replay
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def selected(
    problem: Problem, zones: Sequence[Ints], *, seconds: float, beat: float | None = None
) -> tuple[list[Ints] | None, bool]:
    """Choose the best selection among all zones of a small district.

    Parameters
    ----------
    problem, zones
        The district, and what :func:`all_zones` lists of it.
    seconds
        For the solver.
    beat
        Only selections worth more are wanted.

    Returns
    -------
    tuple
        The zones chosen (None where there is no selection, or none better), and whether that is settled.
    """
    apart = None
    if problem.min_zones:
        if len(zones) > ENUMERATED_ZONES_APART:
            return None, False
        apart = touching_pairs(problem, zones)
    groups = [np.flatnonzero(problem.group == g) for g in np.unique(problem.group) if g >= 0]
    chosen, closed = pack(
        zones,
        net_values(problem, zones),
        np.array([float(problem.area[zone].sum()) for zone in zones]),
        problem.size,
        Demands(
            problem.budget,
            np.flatnonzero(problem.locked),
            [g for g in groups if len(g) > 1],
            problem.min_zones,
            problem.max_zones,
            apart,
        ),
        time_limit_s=seconds,
        exact=True,
        beat=beat,
    )
    return None if chosen is None else [zones[c] for c in chosen], closed


def all_zones(problem: Problem) -> list[Ints] | None:
    """List every feasible zone of a small district; None where there are too many sets."""
    masks = list(connected_sets(neighbour_masks(problem), ENUMERATED_SETS))
    if len(masks) >= ENUMERATED_SETS:
        return None
    inside = _inside(masks, problem.size)
    areas = inside @ problem.area
    kept = areas >= problem.min_area - AREA_TOLERANCE_HA
    if problem.max_area is not None:
        kept &= areas <= problem.max_area + AREA_TOLERANCE_HA
    for row in problem.slack:
        kept &= inside @ row >= -AREA_TOLERANCE_HA
    return [np.flatnonzero(row) for row in inside[kept]]


def net_values(problem: Problem, zones: Sequence[Ints]) -> Floats:
    """Return what each zone is worth, its outline paid."""
    inside = np.zeros((len(zones), problem.size), dtype=bool)
    for z, zone in enumerate(zones):
        inside[z, zone] = True
    u, v = problem.pairs.T
    outline = inside @ problem.own + (inside[:, u] != inside[:, v]) @ problem.frontage
    return np.asarray(inside @ problem.value - problem.boundary_weight * outline, dtype=float)


def _inside(masks: Sequence[int], n: int) -> NDArray[np.bool_]:
    """Return bit masks as a table of sets by nodes."""
    bits = np.array(masks, dtype=np.int64).reshape(-1, 1) >> np.arange(n)
    return np.asarray(bits & 1, dtype=bool)


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


def listed_proof(problem: Problem, value: float) -> dict[str, Any]:
    """Return the proof that no selection of zones is worth more than `value`."""
    zones = all_zones(problem) or []
    values = net_values(problem, zones)
    areas = np.array([float(problem.area[zone].sum()) for zone in zones])
    prices, budget_price = cover_prices(zones, values, areas, problem.size, problem.budget)
    return {
        "kind": "enumeration",
        "value": value,
        "prices": [[int(p), float(prices[p])] for p in np.flatnonzero(prices > 0)],
        "budget_price": budget_price,
    }


def listed_bound(problem: Problem, proof: Mapping[str, Any], most_steps: int = MOST_STEPS) -> float:
    """Recompute the bound of a small district: the claimed value, or more where a selection has more.

    Raises
    ------
    ProofError
        If the district is too large to be listed, the prices are none, or they leave too much to be tried.
    """
    zones = all_zones(problem)
    if zones is None:
        raise ProofError("the district is too large to enumerate", code="bad_proof")
    prices = np.zeros(problem.size)
    try:
        for parcel, price in proof.get("prices", ()):
            if not 0 <= int(parcel) < problem.size:
                raise ProofError(f"the proof names an unknown parcel {parcel!r}", code="bad_proof")
            prices[int(parcel)] = price
        budget_price, claimed = float(proof.get("budget_price", 0.0)), float(proof["value"])
    except (KeyError, TypeError, ValueError) as fault:
        raise ProofError(f"the proof cannot be read: {fault!r}", code="bad_proof") from fault
    sound = np.isfinite(prices).all() and np.isfinite([budget_price, claimed]).all()
    if not sound or (prices < 0).any() or budget_price < 0:
        raise ProofError("a price of the proof is negative or no number", code="bad_proof")
    found = most_above(
        claimed,
        Packing(
            [sum(1 << int(i) for i in zone) for zone in zones],
            net_values(problem, zones).tolist(),
            [float(problem.area[zone].sum()) for zone in zones],
            prices.tolist(),
            budget_price if problem.budget is not None else 0.0,
            budget=None if problem.budget is None else problem.budget + AREA_TOLERANCE_HA,
            forced=sum(1 << int(i) for i in np.flatnonzero(problem.locked)),
            alike=tuple(
                sum(1 << int(i) for i in np.flatnonzero(problem.group == g))
                for g in np.unique(problem.group)
                if g >= 0
            ),
            fewest=problem.min_zones or 0,
            most=problem.max_zones or len(zones),
            neighbours=neighbour_masks(problem),
            joinable=np.inf if problem.max_area is None else problem.max_area + AREA_TOLERANCE_HA,
        ),
        most_steps,
    )
    if found is None:
        raise ProofError("the prices of the proof leave too much to be tried", code="bad_proof")
    return found


def neighbour_masks(problem: Problem) -> list[int]:
    """Return the neighbours of each parcel as a bit mask."""
    masks = [0] * problem.size
    for u, v in problem.pairs.tolist():
        masks[u] |= 1 << v
        masks[v] |= 1 << u
    return masks
