"""Limits that provably cannot be met together, before anything is searched."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from renewal_geo.zones.listing import AREA_TOLERANCE_HA
from renewal_geo.zones.problem import Problem, Reduced
from renewal_geo.zones.proof import reachable_area

Floats = NDArray[np.float64]


def reach(problem: Problem, reduced: Reduced) -> tuple[Floats, list[dict[str, Any]]]:
    """Bound each component's area under its shares; claim those that cannot hold a zone."""
    sizes = np.bincount(reduced.component, reduced.area)
    reachable, claims = np.asarray(sizes, dtype=float), []
    for c in np.flatnonzero(sizes >= problem.min_area - AREA_TOLERANCE_HA):
        nodes = np.flatnonzero(reduced.component == c)
        slack = reduced.slack[:, nodes]
        if not len(slack) or (slack.sum(axis=1) >= 0).all():
            continue
        solved = linprog(
            -reduced.area[nodes], A_ub=-slack, b_ub=np.zeros(len(slack)), bounds=(0, 1)
        )
        multipliers = np.maximum(-solved.ineqlin.marginals, 0.0)
        reachable[c] = reachable_area(reduced, nodes, multipliers)
        if reachable[c] < problem.min_area - AREA_TOLERANCE_HA:
            parcel = int(np.flatnonzero(reduced.node_of == nodes[0])[0])
            claims.append({"parcel": parcel, "shares": [float(y) for y in multipliers]})
    return reachable, claims


def conflicts(problem: Problem, reduced: Reduced, reachable: Floats) -> list[dict[str, Any]]:
    """Name limits that provably cannot be met together."""
    found: list[dict[str, Any]] = []
    sizes = np.bincount(reduced.component, reduced.area)
    dead = np.flatnonzero(reachable < problem.min_area - AREA_TOLERANCE_HA)
    for node in np.flatnonzero(reduced.locked & np.isin(reduced.component, dead)):
        c = reduced.component[node]
        small = sizes[c] < problem.min_area - AREA_TOLERANCE_HA
        found.append(
            {
                "limit": "lock_in",
                "because": "min_area_ha" if small else "min_share",
                "parcels": reduced.parcels(np.array([node])).tolist(),
                "needed_ha": problem.min_area,
                "available_ha": float(reachable[c]),
                "short_ha": float(problem.min_area - reachable[c]),
            }
        )
    if found:
        return found
    if len(dead) == len(sizes):
        largest = float(sizes.max(initial=0.0))
        small = not len(sizes) or largest < problem.min_area - AREA_TOLERANCE_HA
        available = largest if small else float(reachable.max())
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
