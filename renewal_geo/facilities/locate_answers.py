"""Which engine answers which question, and which limits contradict each other."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from renewal_geo.facilities.locate_distances import costs_at
from renewal_geo.facilities.locate_question import COVERING, Question
from renewal_geo.facilities.locate_sites import overlapping
from renewal_geo.foundation.errors import some_ids
from renewal_geo.solvers import covering
from renewal_geo.solvers.capacitated import Allotment, Pairs, assign, served_weight, transport
from renewal_geo.solvers.siting import Choice

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Conflict = dict[str, object]


def contradictions(question: Question) -> list[Conflict]:
    """Return the limits that contradict each other before anything is chosen."""
    roles, found = question.roles, list[Conflict]()
    required = np.flatnonzero(roles.required)
    if question.p is not None and len(required) > question.p:
        found.append(
            {
                "limit": "p",
                "because": f"{len(required)} sites are required, p is {question.p}",
                "sites": _ids(question, required),
                "needed": float(len(required)),
                "available": float(question.p),
                "short": float(len(required) - question.p),
            }
        )
    for group in roles.groups:
        held = group[roles.required[group] | roles.existing[group]]
        if len(held) > 1 and roles.required[held].any():
            found.append(
                {
                    "limit": "exclusive",
                    "because": f"one exclusive group holds {len(held)} sites that must be open: "
                    f"{some_ids(question.site_ids[held])}",
                    "sites": _ids(question, held),
                    "needed": float(len(held)),
                    "available": 1.0,
                    "short": float(len(held) - 1),
                }
            )
    for site, area in roles.small.items():
        found.append(
            {
                "limit": "min_area_m2",
                "because": f"required site {site} has {area:,.0f} m2",
                "sites": [site],
                "needed": None,
                "available": area,
                "short": None,
            }
        )
    return found


def unserved(question: Question, choice: Choice) -> list[Conflict]:
    """Return how much demand the least violating plan leaves without a site, and which limits are to blame."""
    if choice.feasible:
        return []
    reached = question.coverable
    total = float(question.weight[reached].sum())
    left = reached & (choice.served < 0)
    short = choice.unserved if isinstance(choice, Allotment) else float(question.weight[left].sum())
    roles = question.roles
    blamed = []
    if roles.capacity is not None:
        blamed.append("capacity")
    if question.p is not None:
        blamed.append("p")
    if roles.groups:
        blamed.append("exclusive")
    if question.limit is not None and question.p is not None:
        blamed.append("max_dist_m")
    return [
        {
            "limit": " and ".join(blamed) or "p",
            "because": f"{short:,.1f} of {total:,.1f} that some site could reach are left without one, with the plan "
            "that serves the most",
            "demand": question.demand_ids[left].tolist(),
            "needed": total,
            "available": total - short,
            "short": short,
        }
    ]


def answer(question: Question, *, time_limit_s: float, gap: float, seed: int) -> Choice:
    """Let the engine of the model choose; sites are numbered as in the question."""
    roles = question.roles
    allowed = np.flatnonzero(~roles.forbidden)
    place = np.full(len(roles.forbidden), -1, dtype=np.int64)
    place[allowed] = np.arange(len(allowed))
    rows = np.flatnonzero(question.coverable)
    costs: Any = question.costs
    if len(allowed) < len(place):
        costs = costs[:, allowed]
    groups = [place[one][place[one] >= 0] for one in roles.groups]
    options: dict[str, Any] = {
        "fixed": place[question.standing],
        "exclusive": [one.tolist() for one in groups if len(one) > 1],
        "time_limit_s": time_limit_s,
        "gap": gap,
        "seed": seed,
    }
    fresh = None if question.p is None else max(0, question.p - int(roles.required.sum()))
    capacity = None if roles.capacity is None else roles.capacity[allowed]
    if capacity is not None or overlapping(groups):
        weight = question.weight
        if capacity is None and question.model in {"lscp", "p_center"}:
            weight = np.ones(len(weight))  # these models count rows, not people
        shared = assign(question.model, costs, weight, fresh, capacity, **options)
        found: Choice = replace(shared, part_site=allowed[shared.part_site])
    elif not len(rows):
        found = _nobody(question, len(allowed), fresh or 0, options["fixed"])
    else:
        found = _engine(question.model)(costs[rows], question.weight[rows], fresh, options)
        served = np.full(len(question.weight), -1, dtype=np.int64)
        served[rows] = found.served
        found = replace(found, served=served)
    offset = float(roles.existing.sum()) if question.model == "lscp" else 0.0
    return replace(
        found,
        chosen=allowed[found.chosen],
        served=np.where(found.served >= 0, allowed[found.served], -1),
        objective=found.objective - offset,
        bound=found.bound - offset,
    )


def _engine(model: str) -> Callable[[Any, Floats, Any, dict[str, Any]], Choice]:
    if model in COVERING:
        return _lscp if model == "lscp" else _mclp
    return _p_median if model == "p_median" else _p_center


def _lscp(costs: Any, _: Floats, __: Any, options: dict[str, Any]) -> Choice:
    return covering.fewest(_reach(costs), **options)


def _mclp(costs: Any, weight: Floats, p: int, options: dict[str, Any]) -> Choice:
    return covering.most(_reach(costs), weight, p, **options)


def _p_median(costs: Any, weight: Floats, p: int, options: dict[str, Any]) -> Choice:
    from renewal_geo.solvers import medians

    return medians.nearest(costs, weight, p, **options)


def _p_center(costs: Any, _: Floats, p: int, options: dict[str, Any]) -> Choice:
    from renewal_geo.solvers import centers

    return centers.smallest(costs, p, **options)


def _reach(costs: Any) -> csr_array:
    if isinstance(costs, np.ndarray):
        return csr_array(np.isfinite(costs))
    return csr_array(
        (np.ones(len(costs.data), dtype=bool), costs.indices, costs.indptr), shape=costs.shape
    )


def _nobody(question: Question, m: int, p: int, fixed: Ints) -> Choice:
    """Choose where no site reaches anyone: the fixed sites, which lscp counts, and the first p others."""
    others = np.setdiff1d(np.arange(m), fixed)[:p]
    plan = np.union1d(fixed, others).astype(np.int64)
    count = float(len(plan)) if question.model == "lscp" else 0.0
    served = np.full(len(question.weight), -1, dtype=np.int64)
    return Choice(plan, served, count, count, closed=True)


def _ids(question: Question, sites: Ints) -> list[Any]:
    return list(question.site_ids[sites].tolist())


def losses(
    question: Question, choice: Allotment, substitutes: Ints, end: float
) -> tuple[Floats, Floats]:
    """Return what the fall of each site costs where capacities bind, alone and with its substitute (-1: none).

    Weight that is no longer served; of p_median the cost, inf where not all can be served any more; NaN where the
    clock (`end`, monotonic seconds) was over before it was known.
    """
    pairs = Pairs.of(question.costs, question.weight, question.roles.capacity)

    def value(plan: Ints) -> tuple[float, float]:
        row, site, share = transport(pairs, plan)
        cost = share * question.weight[row] * costs_at(question.costs, row, site)
        return served_weight(pairs, row, share), float(cost.sum())

    served, cost = value(choice.chosen)
    alone, after = np.full((2, len(choice.chosen)), np.nan)
    for k, fallen in enumerate(choice.chosen):
        if time.monotonic() > end:
            break
        rest = choice.chosen[choice.chosen != fallen]
        plans = [rest] if substitutes[k] < 0 else [rest, np.append(rest, substitutes[k])]
        found = []
        for plan in plans:
            now, spent = value(plan)
            less = max(0.0, served - now)
            if question.model == "p_median":
                less = np.inf if less > 1e-6 * max(served, 1.0) else max(0.0, spent - cost)
            found.append(less)
        alone[k], after[k] = found[0], found[-1]
    return alone, np.minimum(alone, after)
