"""The best selection among given zones: a set-packing programme for HiGHS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import coo_array, csr_array, vstack

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
WHOLE = 0.5
NOISE = 1e-9


@dataclass(frozen=True, slots=True)
class Demands:
    """What a selection must keep besides disjointness."""

    budget: float | None = None
    must_cover: Ints | None = None
    same_cover: Sequence[Ints] = ()
    min_zones: int | None = None
    max_zones: int | None = None
    apart: Ints | None = None  # (p, 2) zone numbers that may not both be chosen


def pack(
    zones: Sequence[Ints],
    values: Floats,
    areas: Floats,
    nodes: int,
    demands: Demands,
    *,
    time_limit_s: float,
    exact: bool = False,
    beat: float | None = None,
) -> tuple[Ints | None, bool]:
    """Choose disjoint zones of the greatest total value.

    Parameters
    ----------
    zones
        z arrays of node numbers.
    values, areas
        Length z: what each is worth, hectares.
    nodes
        Number of nodes.
    demands
        Budget, nodes to cover, groups to cover alike, counts, pairs to keep apart.
    time_limit_s
        For the solver.
    exact
        Close the search completely instead of stopping at a relative gap of 1e-6.
    beat
        Only selections worth more are wanted: zones whose reduced cost shows that none has them are
        left out before the search.

    Returns
    -------
    tuple
        Numbers of the chosen zones (None where there is no selection, none better than `beat`, or none was
        found in time), and whether the search closed.
    """
    if not len(zones):
        needs = demands.must_cover is not None and len(demands.must_cover) > 0
        return (None if needs or (demands.min_zones or 0) > 0 else np.empty(0, np.int64)), True
    matrix, floor, most = _rows(zones, areas, nodes, demands)
    count = len(zones)
    price = -np.asarray(values, float)
    kept = np.arange(count)
    if beat is not None:
        kept = _promising(price, matrix, floor, most, -beat)
        if not len(kept):
            return None, True
    solved = milp(
        price[kept],
        integrality=np.ones(len(kept)),  # type: ignore[arg-type]
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(matrix[:, kept].tocsc(), floor, most),
        options={
            "time_limit": max(0.05, time_limit_s),
            "mip_rel_gap": 0.0 if exact else 1e-6,
            "presolve": True,
        },
    )
    closed = solved.status in {0, 2}
    if solved.x is None:
        return None, closed
    return kept[solved.x > WHOLE], closed


def cover_prices(
    zones: Sequence[Ints], values: Floats, areas: Floats, nodes: int, budget: float | None
) -> tuple[Floats, float]:
    """Return prices of nodes and of a hectare of budget that bound every selection (the linear dual)."""
    if not len(zones):
        return np.zeros(nodes), 0.0
    matrix: Any
    matrix, _, most = _rows(zones, areas, nodes, Demands(budget))
    kinds = _different(_cover(zones, nodes), np.zeros(nodes))
    price = -np.asarray(values, float)
    solved = linprog(price, A_ub=matrix, b_ub=most, bounds=(0, 1), method="highs")
    prices = np.zeros(nodes)
    if solved.status != 0:
        return prices, 0.0
    duals = np.maximum(-solved.ineqlin.marginals, 0.0)
    prices[kinds] = duals[: len(kinds)]
    return prices, float(duals[-1]) if budget is not None else 0.0


def _rows(
    zones: Sequence[Ints], areas: Floats, nodes: int, demands: Demands
) -> tuple[csr_array, Floats, Floats]:
    """Return the rows that every selection keeps, with their least and greatest values."""
    count = len(zones)
    cover = _cover(zones, nodes)
    least = np.zeros(nodes)
    if demands.must_cover is not None:
        least[demands.must_cover] = 1.0
    told = _different(cover, least)
    rows, low, high = [cover[told]], [least[told]], [np.ones(len(told))]

    def add(row: Floats, least: float, most: float) -> None:
        rows.append(coo_array(row.reshape(1, -1)).tocsr())
        low.append(np.array([least]))
        high.append(np.array([most]))

    if demands.budget is not None:
        add(np.asarray(areas, float), -np.inf, demands.budget + 1e-9)
    if demands.min_zones or demands.max_zones:
        add(np.ones(count), float(demands.min_zones or 0), float(demands.max_zones or count))
    for group in demands.same_cover:
        for other in group[1:]:
            difference = cover[[int(group[0])]] - cover[[int(other)]]
            rows.append(difference.tocsr())
            low.append(np.zeros(1))
            high.append(np.zeros(1))
    if demands.apart is not None and len(demands.apart):
        p = len(demands.apart)
        both = coo_array(
            (np.ones(2 * p), (np.repeat(np.arange(p), 2), demands.apart.ravel())), shape=(p, count)
        )
        rows.append(both.tocsr())
        low.append(np.full(p, -np.inf))
        high.append(np.ones(p))
    return vstack(rows, format="csr"), np.concatenate(low), np.concatenate(high)


def _cover(zones: Sequence[Ints], nodes: int) -> csr_array:
    column = np.repeat(np.arange(len(zones)), [len(zone) for zone in zones])
    node = np.concatenate(zones)
    return coo_array((np.ones(len(node)), (node, column)), shape=(nodes, len(zones))).tocsr()


def _different(cover: csr_array, least: Floats) -> Ints:
    """Return one node of each kind: nodes in the same zones, with the same demand, say the same."""
    seen: dict[tuple[bytes, float], int] = {}
    for node in np.flatnonzero((np.diff(cover.indptr) > 1) | (least > 0)):
        held = np.sort(cover.indices[cover.indptr[node] : cover.indptr[node + 1]])
        seen.setdefault((held.tobytes(), float(least[node])), int(node))
    return np.array(list(seen.values()), dtype=np.int64)


def _promising(price: Floats, matrix: csr_array, low: Floats, high: Floats, limit: float) -> Ints:
    """Return the zones that some selection cheaper than `limit` may hold, by their reduced costs."""
    above = np.isfinite(high)
    # a sum of zones cannot be negative: only rows with both signs, or a demand, need their lower side
    below = np.isfinite(low) & ((low > 0) | (matrix.min(axis=1).toarray().ravel() < 0))
    rows = vstack([matrix[above], -matrix[below]], format="csr")
    solved = linprog(
        price,
        A_ub=rows,
        b_ub=np.concatenate([high[above], -low[below]]),
        bounds=(0, 1),
        method="highs",
    )
    if solved.status != 0:
        return np.arange(len(price))
    at_least = solved.fun + np.maximum(solved.lower.marginals, 0.0)
    return np.flatnonzero(at_least < limit - NOISE * max(1.0, abs(limit)))
