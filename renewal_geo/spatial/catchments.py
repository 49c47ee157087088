"""The way between places: along streets or straight, as a sparse matrix of demand x sites, and the nearest.

Along streets the way from a site to a place is the straight walk from the site to its street, along the
streets, and the straight walk from the street to the place; so it is never shorter than the straight line.
Shortest ways by Dijkstra's algorithm from the sites, stopped at the limit: it touches only what it reaches.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse import csgraph
from scipy.spatial import cKDTree
from shapely.ops import substring

from renewal_geo.foundation.errors import InputError
from renewal_geo.spatial.networks import NONE, Network, Snapped

ROUNDING = 1e-12
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Shapes = NDArray[np.object_]


def network_costs(
    network: Network, sites: Snapped, demand: Snapped, limit_m: float
) -> sp.csr_array:
    """Return the way (m) from every place of demand to every site within a limit.

    Parameters
    ----------
    network
        The streets.
    sites, demand
        s and k places on it; those without access reach nothing.
    limit_m
        Longest way; inf for none.

    Returns
    -------
    csr_array
        (k, s), absent beyond the limit; a way of 0 m is there as a stored zero.
    """
    from renewal_geo.spatial.catchment_walks import reached  # numba: only where streets are walked

    _require_limit(limit_m)
    shape = (len(demand.edge), len(sites.edge))
    at_node, place, leg = _legs_by_node(network, demand)
    on_edge, beside = _by_group(demand.edge, len(network.lines))
    first, rows, costs = reached(
        (network.matrix.indptr, network.matrix.indices, network.matrix.data),
        (sites.edge, network.tail, network.head),
        (sites.from_tail_m, sites.from_head_m, sites.off_m),
        (at_node, place, leg),
        (on_edge, beside, demand.from_tail_m, demand.off_m),
        float(limit_m),
    )
    return sp.csr_array(sp.csc_array((costs, rows, first), shape=shape))


def nearest_sites(
    network: Network, sites: Snapped, demand: Snapped, limit_m: float = np.inf
) -> tuple[Ints, Floats]:
    """Return the nearest site of every place, -1 where none is within the limit, and the way (m) to it."""
    count = len(demand.edge)
    nearest, way = np.full(count, NONE, dtype=np.int64), np.full(count, np.inf)
    usable = np.flatnonzero(sites.has_access & (sites.off_m <= limit_m))
    if not len(usable) or not demand.has_access.any():
        return nearest, way
    distance, before, source = csgraph.dijkstra(
        _with_sites(network, sites, usable),
        indices=np.arange(len(usable)) + len(network.nodes),
        limit=limit_m * (1 + ROUNDING),
        min_only=True,
        return_predecessors=True,
    )
    del before
    there = demand.has_access
    edge = demand.edge[there]
    for end, along in ((network.tail, demand.from_tail_m), (network.head, demand.from_head_m)):
        cost = np.full(count, np.inf)
        cost[there] = distance[end[edge]] + along[there] + demand.off_m[there]
        which = np.full(count, NONE, dtype=np.int64)
        which[there] = source[end[edge]] - len(network.nodes)
        _take_shorter(nearest, way, np.flatnonzero(cost < np.inf), cost, usable, which)
    site, place = _same_edge(sites.edge[usable], demand.edge)
    direct = _along_edge(sites, demand, usable[site], place)
    order = np.lexsort((usable[site], direct, place))
    place, first = np.unique(place[order], return_index=True)
    better = direct[order][first] < way[place]
    nearest[place[better]] = usable[site[order][first][better]]
    way[place[better]] = direct[order][first][better]
    nearest[way > limit_m], way[way > limit_m] = NONE, np.inf
    return nearest, way


def _take_shorter(
    nearest: Ints, way: Floats, rows: Ints, cost: Floats, usable: Ints, which: Ints
) -> None:
    better = rows[cost[rows] < way[rows]]
    way[better] = cost[better]
    nearest[better] = usable[which[better]]


def reached_streets(network: Network, sites: Snapped, limit_m: float) -> Shapes:
    """Return the stretches of street that some site reaches within a limit, as LineStrings.

    Parameters
    ----------
    network, sites, limit_m
        As for :func:`network_costs`.
    """
    _require_limit(limit_m)
    usable = np.flatnonzero(sites.has_access & (sites.off_m <= limit_m))
    if not len(usable):
        return np.zeros(0, dtype=object)
    left = limit_m - csgraph.dijkstra(
        _with_sites(network, sites, usable),
        indices=np.arange(len(usable)) + len(network.nodes),
        limit=limit_m,
        min_only=True,
    )
    length = network.length
    from_tail = np.clip(left[network.tail], 0.0, length)
    from_head = np.clip(left[network.head], 0.0, length)
    edge, slack = sites.edge[usable], limit_m - sites.off_m[usable]
    low = np.clip(sites.from_tail_m[usable] - slack, 0.0, length[edge])
    high = np.clip(sites.from_tail_m[usable] + slack, 0.0, length[edge])
    number = np.arange(len(length))
    spans = pd.DataFrame({
        "edge": np.concatenate([number, number, edge]),
        "low": np.concatenate([np.zeros(len(length)), length - from_head, low]),
        "high": np.concatenate([from_tail, length, high]),
    })  # fmt: skip
    spans = _joined(spans[spans["high"] > spans["low"]])
    lines = network.lines[spans["edge"]]
    whole = (spans["low"] <= 0) & (spans["high"] >= length[spans["edge"]])
    for row in np.flatnonzero(~whole.to_numpy()):
        lines[row] = substring(lines[row], spans["low"].iloc[row], spans["high"].iloc[row])
    return lines


def _joined(spans: pd.DataFrame) -> pd.DataFrame:
    """Join stretches of one edge that meet."""
    ordered = spans.sort_values(["edge", "low", "high"], ignore_index=True)
    before = ordered.groupby("edge")["high"].cummax().groupby(ordered["edge"]).shift()
    begins = ~(ordered["low"] <= before)
    run = begins.cumsum()
    return ordered.groupby(run).agg({"edge": "first", "low": "min", "high": "max"})


def line_costs(
    sites: Floats, demand: Floats, limit_m: float, *, detour: float = 1.0
) -> sp.csr_array:
    """Return the straight way (m), times `detour`, from every place of demand to every site within a limit.

    Parameters
    ----------
    sites, demand
        (s, 2) and (k, 2): x, y in metres; rows that are not finite reach nothing.
    limit_m
        Longest way, `detour` included.
    detour
        By how much a way is longer than the straight line, at least 1.

    Returns
    -------
    csr_array
        (k, s), absent beyond the limit; a way of 0 m is there as a stored zero.
    """
    _require_limit(limit_m)
    rows, columns = _finite(demand), _finite(sites)
    shape = (len(demand), len(sites))
    if not len(rows) or not len(columns):
        return sp.csr_array(shape)
    radius = limit_m / detour
    if np.isinf(radius):
        radius = float(np.hypot(*np.ptp(np.vstack([demand[rows], sites[columns]]), axis=0))) + 1.0
    found = cKDTree(demand[rows]).sparse_distance_matrix(
        cKDTree(sites[columns]), radius * (1 + ROUNDING), output_type="ndarray"
    )
    way = found["v"] * detour
    kept = way <= limit_m
    made = sp.csr_array(
        sp.coo_array((way[kept], (rows[found["i"][kept]], columns[found["j"][kept]])), shape=shape)
    )
    made.sort_indices()
    return made


def nearest_by_line(sites: Floats, demand: Floats, *, detour: float = 1.0) -> tuple[Ints, Floats]:
    """Return the nearest site of every place, -1 where there is none, and the way (m) to it."""
    nearest, way = np.full(len(demand), NONE, dtype=np.int64), np.full(len(demand), np.inf)
    rows, columns = _finite(demand), _finite(sites)
    if len(rows) and len(columns):
        straight, found = cKDTree(sites[columns]).query(demand[rows])
        nearest[rows], way[rows] = columns[found], straight * detour
    return nearest, way


def _finite(spots: Floats) -> Ints:
    return np.flatnonzero(np.isfinite(spots).all(axis=1)) if len(spots) else np.zeros(0, np.int64)


def _require_limit(limit_m: float) -> None:
    if not limit_m >= 0:
        raise InputError(
            f"the longest way is {limit_m}", fix="give metres, zero or more", code="bad_limit"
        )


def _legs_by_node(network: Network, demand: Snapped) -> tuple[Ints, Ints, Floats]:
    """Return per node the places on its edges and the way (m) from it: where a node's begin, places, ways."""
    there = np.flatnonzero(demand.has_access)
    edge = demand.edge[there]
    node = np.concatenate([network.tail[edge], network.head[edge]])
    leg = np.concatenate([demand.from_tail_m[there], demand.from_head_m[there]])
    leg += np.tile(demand.off_m[there], 2)
    first, order = _by_group(node, len(network.nodes))
    return first, np.tile(there, 2)[order], leg[order]


def _by_group(group: Ints, count: int) -> tuple[Ints, Ints]:
    """Return where the members of each group begin, and the members; a negative group is none."""
    order = np.argsort(group, kind="stable")
    first = np.searchsorted(group[order], np.arange(count + 1)).astype(np.int64)
    return first, order.astype(np.int64)


def _with_sites(network: Network, sites: Snapped, block: Ints) -> sp.csr_array:
    """Return the matrix with one more node per site, from which its edge's two ends are reached."""
    edge, matrix, count = sites.edge[block], network.matrix, len(network.nodes)
    ends = np.column_stack([network.tail[edge], network.head[edge]]).reshape(-1)
    along = np.column_stack([sites.from_tail_m[block], sites.from_head_m[block]])
    legs = (along + sites.off_m[block, None]).reshape(-1)
    pointer = np.concatenate([matrix.indptr, matrix.indptr[-1] + 2 * np.arange(1, len(block) + 1)])
    return sp.csr_array(
        (np.concatenate([matrix.data, legs]), np.concatenate([matrix.indices, ends]), pointer),
        shape=(count + len(block), count + len(block)),
    )


def _same_edge(edge: Ints, demand_edge: Ints) -> tuple[Ints, Ints]:
    """Return the pairs of sites and places that stand on one edge."""
    order = np.argsort(demand_edge, kind="stable")
    low = np.searchsorted(demand_edge[order], edge, side="left")
    high = np.searchsorted(demand_edge[order], edge, side="right")
    count = np.where(edge >= 0, high - low, 0)
    site = np.repeat(np.arange(len(edge)), count)
    run = np.arange(len(site)) - np.repeat(np.cumsum(count) - count, count)
    return site, order[np.repeat(low, count) + run]


def _along_edge(sites: Snapped, demand: Snapped, site: Ints, place: Ints) -> Floats:
    along = np.abs(sites.from_tail_m[site] - demand.from_tail_m[place])
    made: Floats = along + sites.off_m[site] + demand.off_m[place]
    return made
