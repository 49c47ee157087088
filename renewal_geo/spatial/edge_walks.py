"""Walks along the rings of one layer through the polygons of another: areas without geometry.

The border of what a zone and a polygon share is made of *chains*: stretches of the zone's rings inside
the polygon, and of the polygon's rings inside the zone. By Green's theorem the area is the sum over
the chains of (p x q) / 2, with the zone's own corner as origin; no piece is ever built. (Idea: Franklin,
"Calculating map overlay polygons' areas without explicitly calculating the polygons", 1990.) Which
polygons a walk is in changes only where it crosses an edge, and crossings are decided exactly, so
that layers may overlap themselves, coincide, or touch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from renewal_geo.foundation.compiled import compiled
from renewal_geo.spatial.edge_grids import (
    NOBODY,
    Edges,
    Floats,
    Grid,
    Ints,
    Small,
    centre_events,
    centre_faces,
    column_of,
    row_of,
    span,
    toggled,
)
from renewal_geo.spatial.predicates import determinant, side, tie

CLOSED = -1  # instead of a crossing: the chain is a whole ring
FIRST_CHAINS = 4096


@dataclass(frozen=True, slots=True, eq=False)
class Chains:
    """Stretches of border; -1 for `source` where a zone's ring runs outside the layer.

    Attributes
    ----------
    zone, source
        Rows of the zone and of the layer's polygon.
    begin, end
        The crossings at both ends, numbered by the two edges that cross; -1 for a whole ring.
    area, length
        Half the sum of cross products about the zone's origin (m2), and length (m).
    """

    zone: Ints
    source: Ints
    begin: Ints
    end: Ints
    area: Floats
    length: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Walked:
    """Chains of one walk, what bare edges take from the ground outside the layer, ties met.

    Attributes
    ----------
    chains
        Of the walk.
    bare
        Per zone half the cross products of the layer's edges without twin inside it (m2).
    tied
        (k, 2) zone and polygon whose edges touch; only of walks of the zones.
    """

    chains: Chains
    bare: Floats
    tied: Ints


def walk(
    own: Edges,
    own_twin: Small,
    other: Edges,
    grid: Grid,
    faces: tuple[Small, Small],
    origin: Floats,
    *,
    zones: bool,
) -> Walked:
    """Walk along every ring of `own` through the polygons of `other`.

    Parameters
    ----------
    own, own_twin
        Edges of the layer that is walked, and their twins (of its own grid).
    other, grid, faces
        Edges, grid and :func:`faces_of` of the layer that is walked through.
    origin
        (n, 2) a corner near every zone.
    zones
        Whether `own` are the zones (A of :mod:`renewal_geo.spatial.predicates`) or the layer (B).
    """
    sign = 1 if zones else -1
    columns, rows = grid.shape
    seen = np.full(len(other.x), -1, dtype=np.int32)
    ints, floats, bare, tied = _walk(
        own.x, own.y, own.start, own.ring_owner, own_twin,
        other.x, other.y, other.owner, grid.twin, grid.first, grid.edges,
        grid.frame, columns, rows, *faces, sign, origin, seen,
    )  # fmt: skip
    chains = Chains(*ints.T.copy(), *floats.T.copy())
    return Walked(chains, bare, tied)


def faces_of(edges: Edges, grid: Grid, *, zones: bool) -> tuple[Small, Small]:
    """Return which polygons hold every cell's centre, as :func:`centre_faces` codes it.

    `zones` says whether the zones will walk through this layer, or it is the zones' own.
    """
    sign = 1 if zones else -1
    columns, rows = grid.shape
    seen = np.zeros(len(edges.x), dtype=np.int32)
    first, events = centre_events(
        edges.x, edges.y, grid.edges, grid.frame, columns, rows, sign, seen
    )
    face, several = centre_faces(first, events, edges.owner, grid.twin, columns, rows)
    return face, several


def edges_are_covered(edges: Edges, grid: Grid, faces: tuple[Small, Small]) -> bool:
    """Say whether an edge without twin runs inside another polygon of its layer.

    Where no edge meets another but in common corners (``grid.rough``), a layer overlaps itself
    exactly if this is so.
    """
    columns, rows = grid.shape
    return bool(
        _any_covered(
            edges.x, edges.y, edges.start, edges.owner, grid.twin, grid.first, grid.edges,
            grid.frame, columns, rows, *faces,
        )
    )  # fmt: skip


@compiled
def _any_covered(x, y, start, owner, twin, first, edges, frame, columns, rows, face, several):
    for r in range(len(start) - 1):
        for k in range(start[r], start[r + 1] - 1):
            if twin[k] >= 0:
                continue
            mx, my = (x[k] + x[k + 1]) / 2, (y[k] + y[k + 1]) / 2
            inside, size = _located(
                mx, my, x, y, owner, twin, first, edges, frame, columns, rows, face, several, 1
            )
            for n in range(size):
                if inside[n] != owner[k]:
                    return True
    return False


@compiled
def _crossing(ax, ay, bx, by, px, py, qx, qy, sign):
    """Return where two edges cross, the same to the last bit from either layer, either way."""
    if sign < 0:
        ax, ay, bx, by, px, py, qx, qy = px, py, qx, qy, ax, ay, bx, by
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
def _relation(ax, ay, bx, by, px, py, qx, qy, sign):
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
def _located(ax, ay, x, y, owner, twin, first, edges, frame, columns, rows, face, several, sign):
    """Return the polygons that hold a corner of the walked layer."""
    inside, size = np.empty(16, dtype=np.int32), 0
    wide, high = frame[0] + columns * frame[2], frame[1] + rows * frame[2]
    if ax < frame[0] or ay < frame[1] or ax > wide or ay > high:
        return inside, size
    column, row = column_of(ax, frame, columns), row_of(ay, frame, rows)
    cell = row * columns + column
    if face[cell] >= 0:
        inside[0], size = face[cell], 1
    elif face[cell] < NOBODY:
        at = -2 - face[cell]
        for n in range(several[at]):
            inside, size = toggled(inside, size, several[at + 1 + n])
    cx, cy = frame[0] + (column + 0.5) * frame[2], frame[1] + (row + 0.5) * frame[2]
    if cx == ax and cy == ay:
        return inside, size
    west, east, south, north = min(ax, cx), max(ax, cx), min(ay, cy), max(ay, cy)
    for n in range(first[cell], first[cell + 1]):
        k = edges[n]
        if (x[k] > east and x[k + 1] > east) or (x[k] < west and x[k + 1] < west):
            continue
        if (y[k] > north and y[k + 1] > north) or (y[k] < south and y[k + 1] < south):
            continue
        if _relation(cx, cy, ax, ay, x[k], y[k], x[k + 1], y[k + 1], sign) & 1:
            inside, size = toggled(inside, size, owner[k])
            if twin[k] >= 0:
                inside, size = toggled(inside, size, owner[twin[k]])
    return inside, size


@compiled
def _meets(ax, ay, bx, by, x, y, first, edges, frame, columns, rows, sign):
    """Say whether an edge crosses one of the other layer, or touches one."""
    west, east, south, north = min(ax, bx), max(ax, bx), min(ay, by), max(ay, by)
    wide, high = frame[0] + columns * frame[2], frame[1] + rows * frame[2]
    if east < frame[0] or north < frame[1] or west > wide or south > high:
        return False
    i, j = column_of(ax, frame, columns), row_of(ay, frame, rows)
    m, n = column_of(bx, frame, columns), row_of(by, frame, rows)
    for row in range(min(j, n), max(j, n) + 1):
        low, last = i, i
        if i != m or j != n:
            low, last = span(ax, ay, bx, by, row, frame, columns)
        for cell in range(row * columns + low, row * columns + last + 1):
            for at in range(first[cell], first[cell + 1]):
                e = edges[at]
                px, qx = x[e], x[e + 1]
                if (px > east and qx > east) or (px < west and qx < west):
                    continue
                py, qy = y[e], y[e + 1]
                if (py > north and qy > north) or (py < south and qy < south):
                    continue
                if _relation(ax, ay, bx, by, px, py, qx, qy, sign):
                    return True
    return False


@compiled
def _crossings(
    ax, ay, bx, by, k, x, y, first, edges, frame, columns, rows, sign, seen, hit, beside
):
    """List the edges of the other layer that an edge crosses, and those that it touches."""
    found, level = 0, 0
    west, east, south, north = min(ax, bx), max(ax, bx), min(ay, by), max(ay, by)
    wide, high = frame[0] + columns * frame[2], frame[1] + rows * frame[2]
    if east < frame[0] or north < frame[1] or west > wide or south > high:
        return hit, found, beside, level
    i, j = column_of(ax, frame, columns), row_of(ay, frame, rows)
    m, n = column_of(bx, frame, columns), row_of(by, frame, rows)
    one = i == m and j == n
    for row in range(min(j, n), max(j, n) + 1):
        low, last = (i, i) if one else span(ax, ay, bx, by, row, frame, columns)
        for cell in range(row * columns + low, row * columns + last + 1):
            for at in range(first[cell], first[cell + 1]):
                e = edges[at]
                px, py, qx, qy = x[e], y[e], x[e + 1], y[e + 1]
                if (px > east and qx > east) or (px < west and qx < west):
                    continue
                if (py > north and qy > north) or (py < south and qy < south):
                    continue
                if seen[e] == k:
                    continue
                relation = _relation(ax, ay, bx, by, px, py, qx, qy, sign)
                if relation == 0:
                    continue
                seen[e] = k
                if relation & 2:
                    beside = _longer(beside, level)
                    beside[level] = e
                    level += 1
                if relation & 1:
                    hit = _longer(hit, found)
                    hit[found] = e
                    found += 1
    return hit, found, beside, level


@compiled
def _longer(listed, needed):
    if needed < len(listed):
        return listed
    more = np.empty(2 * needed + 2, dtype=np.int32)
    more[: len(listed)] = listed
    return more


@compiled
def _walk(
    ox, oy, start, ring_owner, own_twin, x, y, owner, twin, first, edges, frame, columns, rows,
    face, several, sign, origin, seen,
):  # fmt: skip
    bare = np.zeros(len(origin))
    hit, beside = np.empty(64, dtype=np.int32), np.empty(64, dtype=np.int32)
    clear = np.zeros(len(ox), dtype=np.bool_)  # edges that meet nothing, nor do their twins
    made = (np.empty((FIRST_CHAINS, 4), np.int64), np.empty((FIRST_CHAINS, 2)))
    ties = (np.empty((64, 2), np.int64), np.empty((64, 1)))
    live = (np.empty((64, 2), np.int64), np.empty((64, 2)))
    heads = (np.empty((64, 2), np.int64), np.empty((64, 2)))
    count = np.zeros(4, dtype=np.int64)  # of made, live, heads, ties
    for r in range(len(start) - 1):
        mine = ring_owner[r]
        low, high = start[r], start[r + 1] - 1
        inside, size = _located(
            ox[low], oy[low], x, y, owner, twin, first, edges, frame, columns, rows, face, several,
            sign,
        )  # fmt: skip
        count[1], count[2] = 0, 0
        for n in range(size):
            live = _roomy(live, count[1])
            _begun(live, count, inside[n], CLOSED)
        if size == 0 and sign > 0:
            _begun(live, count, NOBODY, CLOSED)
        for k in range(low, high):
            ax, ay, bx, by = ox[k], oy[k], ox[k + 1], oy[k + 1]
            mate = own_twin[k]
            own_edge = k if mate < 0 or mate > k else mate
            if own_edge == k:
                clear[k] = not _meets(
                    ax, ay, bx, by, x, y, first, edges, frame, columns, rows, sign
                )
            if clear[own_edge]:
                if count[1]:
                    _add(live, count[1], ax, ay, bx, by, mine, origin, sign, mate, bare)
                continue
            hit, found, beside, level = _crossings(
                ax, ay, bx, by, k, x, y, first, edges, frame, columns, rows, sign, seen, hit, beside
            )
            if found > 1:
                _sort(hit, found, ax, ay, bx, by, x, y, sign)
            px, py = ax, ay
            for n in range(found + 1):
                qx, qy = bx, by
                if n < found:
                    e = hit[n]
                    qx, qy = _crossing(ax, ay, bx, by, x[e], y[e], x[e + 1], y[e + 1], sign)
                _add(live, count[1], px, py, qx, qy, mine, origin, sign, mate, bare)
                if n == found:
                    break
                key = (own_edge << 32) | hit[n] if sign > 0 else (hit[n] << 32) | own_edge
                made = _roomy(made, count[0] + 3)
                live, heads = _roomy(live, count[1] + 3), _roomy(heads, count[2] + 3)
                _switch(made, live, heads, count, owner[hit[n]], key, mine, sign)
                if twin[hit[n]] >= 0:
                    _switch(made, live, heads, count, owner[twin[hit[n]]], key, mine, sign)
                if sign > 0:
                    _look_outside(made, live, heads, count, key, mine)
                px, py = qx, qy
            if sign > 0:
                for n in range(level):
                    ties = _roomy(ties, count[3] + 2)
                    _tie(ties, count, mine, owner[beside[n]])
                    if twin[beside[n]] >= 0:
                        _tie(ties, count, mine, owner[twin[beside[n]]])
        made = _roomy(made, count[0] + count[1])
        _joined(made, live, heads, count, mine, sign)
    tied = ties[0][: count[3]].copy()
    return made[0][: count[0]].copy(), made[1][: count[0]].copy(), bare, tied


@compiled
def _tie(ties, count, zone, source):
    ties[0][count[3], 0], ties[0][count[3], 1] = zone, source
    count[3] += 1


@compiled
def _add(live, active, px, py, qx, qy, mine, origin, sign, mate, bare):
    """Add one stretch of border to every chain under way."""
    step = np.sqrt((qx - px) ** 2 + (qy - py) ** 2)
    for c in range(active):
        at = mine if sign > 0 else live[0][c, 0]
        zx, zy = origin[at, 0], origin[at, 1]
        half = 0.5 * ((px - zx) * (qy - zy) - (qx - zx) * (py - zy))
        live[1][c, 0] += half
        live[1][c, 1] += step
        if sign < 0 and mate < 0:
            bare[at] += half


@compiled
def _begun(live, count, one, key):
    live[0][count[1], 0], live[0][count[1], 1] = one, key
    live[1][count[1], 0], live[1][count[1], 1] = 0.0, 0.0
    count[1] += 1


@compiled
def _switch(made, live, heads, count, one, key, mine, sign):
    """Begin the chain in a polygon at a crossing, or end it."""
    for c in range(count[1]):
        if live[0][c, 0] == one:
            if live[0][c, 1] == CLOSED:
                heads[0][count[2], 0], heads[0][count[2], 1] = one, key
                heads[1][count[2]] = live[1][c]
                count[2] += 1
            else:
                _keep(made, count, one, live[0][c, 1], key, live[1][c], mine, sign)
            count[1] -= 1
            live[0][c], live[1][c] = live[0][count[1]], live[1][count[1]]
            return
    _begun(live, count, one, key)


@compiled
def _look_outside(made, live, heads, count, key, mine):
    """Begin or end the chain that runs outside every polygon."""
    outside = False
    for c in range(count[1]):
        outside = outside or live[0][c, 0] == NOBODY
    if (outside and count[1] > 1) or count[1] == 0:
        _switch(made, live, heads, count, NOBODY, key, mine, 1)


@compiled
def _keep(made, count, one, begin, end, sums, mine, sign):
    n = count[0]
    made[0][n, 0] = mine if sign > 0 else one
    made[0][n, 1] = one if sign > 0 else mine
    made[0][n, 2], made[0][n, 3] = begin, end
    made[1][n] = sums
    count[0] += 1


@compiled
def _joined(made, live, heads, count, mine, sign):
    """End the ring: what is under way goes on in what was under way when it began."""
    for c in range(count[1]):
        end = CLOSED
        for h in range(count[2]):
            if live[0][c, 1] != CLOSED and heads[0][h, 0] == live[0][c, 0]:
                end = heads[0][h, 1]
                live[1][c, 0] += heads[1][h, 0]
                live[1][c, 1] += heads[1][h, 1]
                break
        _keep(made, count, live[0][c, 0], live[0][c, 1], end, live[1][c], mine, sign)


@compiled
def _roomy(pair, needed):
    """Return a pair of tables with room for one row more than needed."""
    ints, floats = pair
    if needed < len(ints):
        return pair
    size = 2 * needed + 2
    more, wider = np.empty((size, ints.shape[1]), np.int64), np.empty((size, floats.shape[1]))
    more[: len(ints)], wider[: len(floats)] = ints, floats
    return more, wider


@compiled
def _sort(hit, found, ax, ay, bx, by, x, y, sign):
    """Put crossings in the order in which the edge from a to b meets them."""
    along = np.empty(found)
    for n in range(found):
        e = hit[n]
        qx, qy = _crossing(ax, ay, bx, by, x[e], y[e], x[e + 1], y[e + 1], sign)
        along[n] = (qx - ax) * (bx - ax) + (qy - ay) * (by - ay)
    order = np.argsort(along, kind="mergesort")
    hit[:found] = hit[:found][order]
