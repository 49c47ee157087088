"""The walk along streets from every site, in one compiled loop."""

from __future__ import annotations

import heapq
from typing import Any

import numpy as np
from numpy.typing import NDArray

from renewal_geo.foundation.compiled import compiled

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@compiled
def reached(  # noqa: C901, PLR0912 - one loop, compiled
    graph: tuple[Any, Any, Floats],
    site_ends: tuple[Ints, Ints, Ints],
    site_legs: tuple[Floats, Floats, Floats],
    by_node: tuple[Ints, Ints, Floats],
    by_edge: tuple[Ints, Ints, Floats, Floats],
    limit: float,
) -> tuple[Ints, Ints, Floats]:  # pragma: no cover - compiled
    """Run Dijkstra's algorithm from every site up to the limit; touch nothing beyond.

    Returns
    -------
    tuple
        As the parts of a CSC matrix, places x sites: where the places of a site begin, places, ways.
    """
    pointer, neighbour, length = graph
    edge, tail, head = site_ends
    from_tail, from_head, off = site_legs
    first, place, leg = by_node
    edge_first, beside, place_from_tail, place_off = by_edge
    settled = np.full(len(pointer) - 1, -1, np.int64)  # the last site that settled a node
    heard = np.full(len(pointer) - 1, -1, np.int64)
    nearest = np.empty(len(pointer) - 1)
    seen = np.full(len(place_off), -1, np.int64)
    best = np.empty(len(place_off))
    begins = np.zeros(len(edge) + 1, np.int64)
    rows, costs, filled = np.empty(1024, np.int64), np.empty(1024), 0
    for site in range(len(edge)):
        begin = filled
        if edge[site] >= 0 and off[site] <= limit:
            if filled + len(seen) > len(rows):
                more = 2 * len(rows) + len(seen)
                rows = np.concatenate((rows, np.empty(more, np.int64)))
                costs = np.concatenate((costs, np.empty(more)))
            for k in range(edge_first[edge[site]], edge_first[edge[site] + 1]):
                one = beside[k]
                way = abs(from_tail[site] - place_from_tail[one]) + off[site] + place_off[one]
                if way <= limit:
                    seen[one], best[one], rows[filled] = site, way, one
                    filled += 1
            heap = [
                (from_tail[site] + off[site], tail[edge[site]]),
                (from_head[site] + off[site], head[edge[site]]),
            ]
            heapq.heapify(heap)
            while len(heap) > 0:
                distance, node = heapq.heappop(heap)
                if distance > limit:
                    break
                if settled[node] == site:
                    continue
                settled[node] = site
                for k in range(first[node], first[node + 1]):
                    one, way = place[k], distance + leg[k]
                    if way > limit:
                        continue
                    if seen[one] != site:
                        seen[one], best[one], rows[filled] = site, way, one
                        filled += 1
                    elif way < best[one]:
                        best[one] = way
                for k in range(pointer[node], pointer[node + 1]):
                    beyond, there = distance + length[k], neighbour[k]
                    if beyond <= limit and (heard[there] != site or beyond < nearest[there]):
                        heard[there], nearest[there] = site, beyond
                        heapq.heappush(heap, (beyond, np.int64(there)))
            for k in range(begin, filled):
                costs[k] = best[rows[k]]
        begins[site + 1] = filled
    return begins, rows[:filled].copy(), costs[:filled].copy()
