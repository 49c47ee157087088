"""Where the edges of one layer cross those of another, found once and read from both sides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from renewal_geo.foundation.compiled import compiled
from renewal_geo.spatial.edge_grids import (
    Edges,
    Floats,
    Grid,
    Ints,
    Small,
    beyond,
    column_of,
    row_of,
    span,
)
from renewal_geo.spatial.predicates import determinant, side, tie

FEW = 32
FIRST_CROSSINGS = 4096


@dataclass(frozen=True, slots=True, eq=False)
class Crossings:
    """Crossings of the edges of one layer, in the order in which each edge meets them.

    Of two edges that run between the same corners only the earlier one has crossings.

    Attributes
    ----------
    first
        Crossings of edge k: ``first[k]`` to ``first[k + 1]``.
    other
        The edge of the other layer.
    number
        One number for each crossing, the same from both layers.
    places
        (n, 2) x and y.
    """

    first: Ints
    other: Small
    number: Ints
    places: Floats


def crossings_of(
    zones: Edges, twin: Small, layer: Edges, grid: Grid
) -> tuple[Crossings, Crossings, Ints]:
    """Find every crossing of zones (A of :mod:`renewal_geo.spatial.predicates`) and a layer (B).

    Parameters
    ----------
    zones, twin
        Edges of the zones and their twins.
    layer, grid
        Edges and grid of the layer.

    Returns
    -------
    tuple
        Crossings by the zones' edges, by the layer's edges, and (k, 2) zone and polygon of edges that
        touch.
    """
    columns, rows = grid.shape
    seen = np.full(len(layer.x), -1, dtype=np.int32)
    first, one, two, places, tied = _found(
        zones.x, zones.y, zones.start, zones.owner, twin, layer.x, layer.y, layer.owner, grid.twin,
        grid.first, grid.edges, grid.frame, columns, rows, seen,
    )  # fmt: skip
    back_first, number = _transposed(
        two, places, layer.x, layer.y, np.zeros(len(layer.x) + 1, dtype=np.int64)
    )
    return (
        Crossings(first, two, np.arange(len(two)), places),
        Crossings(back_first, one[number], number, places[number]),
        tied,
    )


@compiled
def crossing(ax, ay, bx, by, px, py, qx, qy):
    """Return where two edges cross, the same to the last bit whichever way they run."""
    if bx < ax or (bx == ax and by < ay):
        ax, ay, bx, by = bx, by, ax, ay
    if qx < px or (qx == px and qy < py):
        px, py, qx, qy = qx, qy, px, py
    a = determinant(px, py, qx, qy, ax, ay)
    b = determinant(px, py, qx, qy, bx, by)
    share = a / (a - b) if a != b else 0.5
    share = min(max(share, 0.0), 1.0)
    return ax + (bx - ax) * share, ay + (by - ay) * share


@compiled
def relation(ax, ay, bx, by, px, py, qx, qy, sign):
    """Return 1 where an edge ab of the walked layer crosses pq of the other, 2 more for a tie.

    A tie is a corner that lies on the line of the other edge, before the layer is moved.
    """
    one, two = side(px, py, qx, qy, ax, ay), side(px, py, qx, qy, bx, by)
    if one == two:
        return 0 if one else 2
    three, four = side(ax, ay, bx, by, px, py), side(ax, ay, bx, by, qx, qy)
    if three == four:
        return 0 if three else 2
    met = 0 if one and two and three and four else 2
    one = one or tie(px, py, qx, qy, sign)
    two = two or tie(px, py, qx, qy, sign)
    three = three or tie(ax, ay, bx, by, -sign)
    four = four or tie(ax, ay, bx, by, -sign)
    return met + 1 if one != two and three != four else met


@compiled
def _alone(ax, ay, bx, by, x, y, first, edges, frame, columns, rows):
    """Say whether no edge of the other layer is near an edge."""
    west, east, south, north = min(ax, bx), max(ax, bx), min(ay, by), max(ay, by)
    i, j = column_of(ax, frame, columns), row_of(ay, frame, rows)
    m, n = column_of(bx, frame, columns), row_of(by, frame, rows)
    if i != m or j != n:
        return False
    cell = j * columns + i
    for at in range(first[cell], first[cell + 1]):
        e = edges[at]
        if not beyond(x[e], x[e + 1], west, east) and not beyond(y[e], y[e + 1], south, north):
            return False
    return True


@compiled
def _found(
    ox, oy, start, ox_owner, own_twin, x, y, owner, twin, first, edges, frame, columns, rows, seen
):  # fmt: skip
    firsts = np.zeros(len(ox) + 1, dtype=np.int64)
    one, two = np.empty(FIRST_CROSSINGS, np.int32), np.empty(FIRST_CROSSINGS, np.int32)
    places, along = np.empty((FIRST_CROSSINGS, 2)), np.empty(FIRST_CROSSINGS)
    tied, ties, count = np.empty((64, 2), np.int64), 0, 0
    wide, high = frame[0] + columns * frame[2], frame[1] + rows * frame[2]
    for r in range(len(start) - 1):
        for k in range(start[r], start[r + 1]):
            firsts[k] = count
            if k == start[r + 1] - 1 or 0 <= own_twin[k] < k:
                continue
            ax, ay, bx, by = ox[k], oy[k], ox[k + 1], oy[k + 1]
            if _alone(ax, ay, bx, by, x, y, first, edges, frame, columns, rows):
                continue
            west, east, south, north = min(ax, bx), max(ax, bx), min(ay, by), max(ay, by)
            if east < frame[0] or north < frame[1] or west > wide or south > high:
                continue
            i, j = column_of(ax, frame, columns), row_of(ay, frame, rows)
            m, n = column_of(bx, frame, columns), row_of(by, frame, rows)
            begun = count
            for row in range(min(j, n), max(j, n) + 1):
                low, last = i, i
                if i != m or j != n:
                    low, last = span(ax, ay, bx, by, row, frame, columns)
                for cell in range(row * columns + low, row * columns + last + 1):
                    for at in range(first[cell], first[cell + 1]):
                        e = edges[at]
                        px, py, qx, qy = x[e], y[e], x[e + 1], y[e + 1]
                        if beyond(px, qx, west, east) or beyond(py, qy, south, north):
                            continue
                        met = relation(ax, ay, bx, by, px, py, qx, qy, 1)
                        if met == 0 or seen[e] == k:
                            continue
                        seen[e] = k
                        if met & 2:
                            if ties + 4 > len(tied):
                                tied = _longer(tied)
                            ties = _tie(tied, ties, ox_owner, own_twin, k, owner, twin, e)
                        if met & 1:
                            if count == len(one):
                                one, two, places, along = _roomier(one, two, places, along)
                            qx, qy = crossing(ax, ay, bx, by, px, py, qx, qy)
                            one[count], two[count] = k, e
                            places[count, 0], places[count, 1] = qx, qy
                            along[count] = (qx - ax) * (bx - ax) + (qy - ay) * (by - ay)
                            count += 1
            if count > begun + 1:
                order = np.argsort(along[begun:count], kind="mergesort")
                two[begun:count] = two[begun:count][order]
                places[begun:count] = places[begun:count][order]
    firsts[-1] = count
    return firsts, one[:count].copy(), two[:count].copy(), places[:count].copy(), tied[:ties].copy()


@compiled
def _tie(tied, ties, own_owner, own_twin, k, owner, twin, e):
    """Note that the polygons on both sides of an edge touch those on both sides of another."""
    for mine in (np.int64(k), np.int64(own_twin[k])):
        for other in (np.int64(e), np.int64(twin[e])):
            if mine >= 0 and other >= 0:
                tied[ties, 0], tied[ties, 1] = own_owner[mine], owner[other]
                ties += 1
    return ties


@compiled
def _transposed(two, places, x, y, first):
    """Return the crossings of every edge of the other layer, in the order along it."""
    for n in range(len(two)):
        first[two[n] + 1] += 1
    first = np.cumsum(first)
    at, number = first.copy(), np.empty(len(two), dtype=np.int64)
    along = np.empty(len(two))
    for n in range(len(two)):
        e = two[n]
        spot = at[e]
        number[spot] = n
        at[e] += 1
        dx, dy = x[e + 1] - x[e], y[e + 1] - y[e]
        along[spot] = (places[n, 0] - x[e]) * dx + (places[n, 1] - y[e]) * dy
    for e in range(len(x)):
        low, high = first[e], first[e + 1]
        if high > low + FEW:
            order = np.argsort(along[low:high], kind="mergesort")
            number[low:high] = number[low:high][order]
            continue
        for n in range(low + 1, high):
            value, one_number, m = along[n], number[n], n
            while m > low and along[m - 1] > value:
                along[m], number[m] = along[m - 1], number[m - 1]
                m -= 1
            along[m], number[m] = value, one_number
    return first, number


@compiled
def _longer(tied):
    more = np.empty((2 * len(tied), 2), np.int64)
    more[: len(tied)] = tied
    return more


@compiled
def _roomier(one, two, places, along):
    size = 2 * len(one)
    more_one, more_two = np.empty(size, np.int32), np.empty(size, np.int32)
    more_places, more_along = np.empty((size, 2)), np.empty(size)
    more_one[: len(one)], more_two[: len(two)] = one, two
    more_places[: len(places)], more_along[: len(along)] = places, along
    return more_one, more_two, more_places, more_along
