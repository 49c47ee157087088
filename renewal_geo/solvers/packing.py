"""The best selection among given zones: a set-packing programme for HiGHS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array, vstack

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
WHOLE = 0.5


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

    Returns
    -------
    tuple
        Numbers of the chosen zones (None where there is no selection, or none was found in time),
        and whether the search closed.
    """
    if not len(zones):
        needs = demands.must_cover is not None and len(demands.must_cover) > 0
        return (None if needs or (demands.min_zones or 0) > 0 else np.empty(0, np.int64)), True
    count = len(zones)
    lengths = [len(zone) for zone in zones]
    column = np.repeat(np.arange(count), lengths)
    node = np.concatenate(zones)
    cover = coo_array((np.ones(len(node)), (node, column)), shape=(nodes, count)).tocsr()
    rows, low, high = [cover], [np.zeros(nodes)], [np.ones(nodes)]
    if demands.must_cover is not None:
        low[0][demands.must_cover] = 1.0

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
    matrix = vstack(rows, format="csc")
    solved = milp(
        -np.asarray(values, float),
        integrality=np.ones(count),  # type: ignore[arg-type]
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(matrix, np.concatenate(low), np.concatenate(high)),
        options={
            "time_limit": max(0.05, time_limit_s),
            "mip_rel_gap": 0.0 if exact else 1e-6,
            "presolve": True,
        },
    )
    closed = solved.status in {0, 2}
    if solved.x is None:
        return None, closed
    return np.flatnonzero(solved.x > WHOLE), closed
