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
from numpy.typing import NDArray

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

CODE_BITS = 31
CLOSED = -1  # instead of a crossing: the chain is a whole ring
OPEN = -2  # the chain begins or ends with a stretch of outline
FIRST_CHAINS = 4096
FEW = 32
Faces = tuple[Small, Small]


@dataclass(frozen=True, slots=True, eq=False)
class Chains:
    """Stretches of border inside a polygon.

    Attributes
    ----------
    ends
        (k, 3): which zone and polygon (see :func:`pair_code`), and the crossings at both ends, numbered
        by the two edges that cross; -1 for a whole ring.
    sums
        (k, 2): half the sum of cross products about the zone's origin (m2), and length (m).
    tied
        (j, 2) zone and polygon whose edges touch; only of walks of the zones.
    """

    ends: Ints
    sums: Floats
    tied: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Outer:
    """Stretches of border of what is left of the zones outside a layer.

    Attributes
    ----------
    zone
        Row of the zone.
    sums
        (k, 2) as those of chains.
    places
        (k, 4) x and y where each begins, x and y where it ends.
    tied
        Rows of zones in which the layer's outline is cracked.
    """

    zone: Ints
    sums: Floats
    places: Floats
    tied: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """Stretches of edges that make the outline of a layer, the layer on their left.

    Attributes
    ----------
    edge
        The edge of each stretch, in the order of rings.
    reach
        (k, 2) where it begins and ends, as the scalar product with the whole edge (m2).
    places
        (k, 4) x and y of its beginning and of its end.
    joined
        Whether it goes on from the one before, at a corner where nothing else meets.
    cracked
        Whether another polygon's edge runs along it, a hair's breadth off at most.
    """

    edge: Ints
    reach: Floats
    places: Floats
    joined: NDArray[np.bool_]
    cracked: NDArray[np.bool_]


def pair_code(zone: Ints, source: Ints) -> Ints:
    """Return one number for a zone and a polygon, in their order."""
    return np.asarray(zone, dtype=np.int64) << CODE_BITS | source


def walk(
    own: Edges, other: Edges, grid: Grid, faces: Faces, origin: Floats, *, zones: bool, twin: Small
) -> tuple[Chains, Outer]:
    """Walk along every ring of `own` through the polygons of `other`.

    Parameters
    ----------
    own, twin
        Edges of the layer that is walked, and their twins (of its own grid).
    other, grid, faces
        Edges, grid and :func:`faces_of` of the layer that is walked through.
    origin
        (n, 2) a corner near every zone.
    zones
        Whether `own` are the zones (A of :mod:`renewal_geo.spatial.predicates`) or the layer (B).

    Returns
    -------
    tuple
        What lies inside polygons, and what of the zones' rings lies in none.
    """
    sign = 1 if zones else -1
    columns, rows = grid.shape
    seen = np.full(len(other.x), -1, dtype=np.int32)
    ends, sums, tied, zone, outer = _walk(
        own.x, own.y, own.start, own.ring_owner, twin,
        other.x, other.y, other.owner, grid.twin, grid.first, grid.edges,
        grid.frame, columns, rows, *faces, sign, origin, seen,
    )  # fmt: skip
    nothing = np.empty(0, dtype=np.int64)
    return Chains(ends, sums, tied), Outer(zone, outer[:, :2], outer[:, 2:], nothing)


def walk_outline(
    layer: Edges, outline: Outline, zones: Edges, grid: Grid, faces: Faces, origin: Floats
) -> Outer:
    """Walk along the outline of a layer through the zones.

    Every edge is walked as a whole, so that its crossings are those of :func:`walk`; only the
    stretches of the outline count.
    """
    columns, rows = grid.shape
    seen = np.full(len(zones.x), -1, dtype=np.int32)
    zone, outer, tied = _walk_stretches(
        layer.x, layer.y, outline.edge, outline.reach, outline.places, outline.joined,
        outline.cracked,
        zones.x, zones.y, zones.owner, grid.twin, grid.first, grid.edges,
        grid.frame, columns, rows, *faces, origin, seen,
    )  # fmt: skip
    return Outer(zone, outer[:, :2], outer[:, 2:], tied[:, 0])


def faces_of(edges: Edges, grid: Grid, *, zones: bool) -> Faces:
    """Return which polygons hold every cell's centre, as :func:`centre_faces` codes it.

    `zones` says whether the zones will walk through this layer, or it is the zones' own.
    """
    sign = 1 if zones else -1
    columns, rows = grid.shape
    first, events = centre_events(
        edges.x, edges.y, edges.start, grid.twin, grid.frame, columns, rows, sign
    )
    face, several = centre_faces(first, events, edges.owner, grid.twin, columns, rows)
    return face, several


@compiled
def crossing(ax, ay, bx, by, px, py, qx, qy, sign):
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
        px, qx = x[e], x[e + 1]
        if (px > east and qx > east) or (px < west and qx < west):
            continue
        py, qy = y[e], y[e + 1]
        if (py > north and qy > north) or (py < south and qy < south):
            continue
        return False
    return True


@compiled
def _crossings(
    ax, ay, bx, by, k, x, y, first, edges, frame, columns, rows, sign, seen, hit, beside, found
):
    """List the edges of the other layer that an edge crosses, and those that it touches.

    `found` gets the number of both; the lists must be longer than that, or -1 asks for longer ones.
    """
    crossed, touched = 0, 0
    found[0], found[1] = 0, 0
    west, east, south, north = min(ax, bx), max(ax, bx), min(ay, by), max(ay, by)
    wide, high = frame[0] + columns * frame[2], frame[1] + rows * frame[2]
    if east < frame[0] or north < frame[1] or west > wide or south > high:
        return
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
                relation = _relation(ax, ay, bx, by, px, py, qx, qy, sign)
                if relation == 0 or seen[e] == k:
                    continue
                if crossed == len(hit) or touched == len(beside):
                    found[0] = -1
                    return
                seen[e] = k
                if relation & 2:
                    beside[touched] = e
                    touched += 1
                if relation & 1:
                    hit[crossed] = e
                    crossed += 1
    found[0], found[1] = crossed, touched


@compiled
def _ordered(hit, found, ax, ay, bx, by, x, y, sign, spots):
    """Put crossings in the order in which the edge from a to b meets them, with their places."""
    for n in range(found):
        e = hit[n]
        qx, qy = crossing(ax, ay, bx, by, x[e], y[e], x[e + 1], y[e + 1], sign)
        at = (qx - ax) * (bx - ax) + (qy - ay) * (by - ay)
        m = n
        while found <= FEW and m > 0 and spots[m - 1, 2] > at:
            hit[m] = hit[m - 1]
            for i in range(3):
                spots[m, i] = spots[m - 1, i]
            m -= 1
        hit[m] = e
        spots[m, 0], spots[m, 1], spots[m, 2] = qx, qy, at
    if found > FEW:
        order = np.argsort(spots[:found, 2], kind="mergesort")
        hit[:found], spots[:found] = hit[:found][order], spots[:found][order]


@compiled
def _walk(
    ox, oy, start, ring_owner, own_twin, x, y, owner, twin, first, edges, frame, columns, rows,
    face, several, sign, origin, seen,
):  # fmt: skip
    hit, beside, spots = np.zeros(64, np.int32), np.zeros(64, np.int32), np.empty((64, 3))
    found = np.zeros(2, dtype=np.int64)
    clear = np.zeros(len(ox), dtype=np.bool_)  # edges that meet nothing, nor do their twins
    # what an edge crosses is kept for its twin
    kept_at, kept_count = np.zeros(len(ox), dtype=np.int32), 0
    kept, kept_spots = np.empty(FIRST_CHAINS, np.int32), np.empty((FIRST_CHAINS, 2))
    made = (np.empty((FIRST_CHAINS, 3), np.int64), np.empty((FIRST_CHAINS, 2)))
    outer = (np.empty((FIRST_CHAINS, 1), np.int64), np.empty((FIRST_CHAINS, 6)))
    ties = (np.empty((64, 2), np.int64), np.empty((64, 1)))
    live = (np.empty((64, 2), np.int64), np.empty((64, 4)))
    heads = (np.empty((64, 2), np.int64), np.empty((64, 4)))
    count = np.zeros(5, dtype=np.int64)  # of made, live, heads, ties, outer
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
            _begun(live, count, inside[n], CLOSED, ox[low], oy[low])
        if size == 0 and sign > 0:
            _begun(live, count, NOBODY, CLOSED, ox[low], oy[low])
        for k in range(low, high):
            ax, ay, bx, by = ox[k], oy[k], ox[k + 1], oy[k + 1]
            mate = own_twin[k]
            own_edge = k if mate < 0 or mate > k else mate
            if own_edge == k:
                clear[k] = _alone(ax, ay, bx, by, x, y, first, edges, frame, columns, rows)
            if clear[own_edge]:
                if count[1]:
                    _add(live, count[1], ax, ay, bx, by, mine, origin, sign)
                continue
            if own_edge != k and kept_at[own_edge] > 0:
                found[0], found[1] = kept[kept_at[own_edge] - 1], 0
                for n in range(found[0]):
                    at = kept_at[own_edge] + found[0] - 1 - n
                    hit[n] = kept[at]
                    spots[n, 0], spots[n, 1] = kept_spots[at, 0], kept_spots[at, 1]
            else:
                _crossings(
                    ax, ay, bx, by, k, x, y, first, edges, frame, columns, rows, sign, seen, hit,
                    beside, found,
                )  # fmt: skip
                while found[0] < 0:
                    seen[hit] = seen[beside] = -1
                    size = 2 * len(hit)
                    hit, beside = np.zeros(size, np.int32), np.zeros(size, np.int32)
                    spots = np.empty((size, 3))
                    _crossings(
                        ax, ay, bx, by, k, x, y, first, edges, frame, columns, rows, sign, seen,
                        hit, beside, found,
                    )  # fmt: skip
                if found[0]:
                    _ordered(hit, found[0], ax, ay, bx, by, x, y, sign, spots)
                elif found[1] == 0:
                    clear[k] = own_edge == k
                if found[0] and mate > k and found[1] == 0:
                    while kept_count + found[0] + 1 > len(kept):
                        kept, kept_spots = _more_kept(kept, kept_spots)
                    kept[kept_count] = found[0]
                    kept_at[k] = kept_count + 1
                    for n in range(found[0]):
                        at = kept_count + 1 + n
                        kept[at] = hit[n]
                        kept_spots[at, 0], kept_spots[at, 1] = spots[n, 0], spots[n, 1]
                    kept_count += found[0] + 1
            if found[0] == 0:
                _add(live, count[1], ax, ay, bx, by, mine, origin, sign)
            else:
                room = 2 * found[0] + 4
                if count[0] + room > len(made[0]):
                    made = _roomy(made, count[0] + room)
                if count[4] + room > len(outer[0]):
                    outer = _roomy(outer, count[4] + room)
                if count[1] + room > len(live[0]) or count[2] + room > len(heads[0]):
                    live, heads = _roomy(live, count[1] + room), _roomy(heads, count[2] + room)
                _pass(
                    made, outer, live, heads, count, hit, spots, found[0], ax, ay, bx, by, own_edge, mine,
                    owner, twin, origin, sign,
                )  # fmt: skip
            if sign > 0 and found[1]:
                ties = _roomy(ties, count[3] + 2 * found[1])
                for n in range(found[1]):
                    _tie(ties, count, mine, owner[beside[n]])
                    if twin[beside[n]] >= 0:
                        _tie(ties, count, mine, owner[twin[beside[n]]])
        made, outer = _roomy(made, count[0] + count[1]), _roomy(outer, count[4] + 2)
        _joined(made, outer, live, heads, count, ox[high], oy[high], mine, sign)
    tied = ties[0][: count[3]].copy()
    return (
        made[0][: count[0]], made[1][: count[0]], tied,
        outer[0][: count[4], 0].copy(), outer[1][: count[4]],
    )  # fmt: skip


@compiled
def _more_kept(kept, spots):
    more, wider = np.empty(2 * len(kept), np.int32), np.empty((2 * len(kept), 2))
    more[: len(kept)], wider[: len(spots)] = kept, spots
    return more, wider


@compiled
def _walk_stretches(
    ox, oy, edge, reach, places, joined, cracked, x, y, owner, twin, first, edges, frame, columns, rows,
    face, several, origin, seen,
):  # fmt: skip
    hit, beside, spots = np.zeros(64, np.int32), np.zeros(64, np.int32), np.empty((64, 3))
    found = np.zeros(2, dtype=np.int64)
    outer = (np.empty((FIRST_CHAINS, 1), np.int64), np.empty((FIRST_CHAINS, 6)))
    live = (np.empty((64, 2), np.int64), np.empty((64, 4)))
    ties = (np.empty((64, 2), np.int64), np.empty((64, 1)))
    count = np.zeros(5, dtype=np.int64)
    for s in range(len(edge)):
        k = edge[s]
        ax, ay, bx, by = ox[k], oy[k], ox[k + 1], oy[k + 1]
        if not joined[s]:
            outer = _roomy(outer, count[4] + count[1])
            if s > 0:
                _all_kept(outer, live, count, places[s - 1, 2], places[s - 1, 3])
            count[1] = 0
            inside, size = _located(
                ax, ay, x, y, owner, twin, first, edges, frame, columns, rows, face, several, -1
            )
        _crossings(
            ax, ay, bx, by, s, x, y, first, edges, frame, columns, rows, -1, seen, hit, beside,
            found,
        )  # fmt: skip
        while found[0] < 0:
            seen[hit] = seen[beside] = -1
            room = 2 * len(hit)
            hit, beside = np.zeros(room, np.int32), np.zeros(room, np.int32)
            spots = np.empty((room, 3))
            _crossings(
                ax, ay, bx, by, s, x, y, first, edges, frame, columns, rows, -1, seen, hit, beside,
                found,
            )  # fmt: skip
        _ordered(hit, found[0], ax, ay, bx, by, x, y, -1, spots)
        px, py, begun = places[s, 0], places[s, 1], joined[s]
        for n in range(found[0]):
            e, qx, qy, at = hit[n], spots[n, 0], spots[n, 1], spots[n, 2]
            if at > reach[s, 1]:
                break
            if not begun and at >= reach[s, 0]:
                live, begun = _all_begun(live, count, inside, size, px, py), True
            if begun:
                _add(live, count[1], px, py, qx, qy, 0, origin, -1)
                px, py = qx, qy
            for turn in range(2):
                if turn == 1 and twin[e] < 0:
                    break
                one = owner[e] if turn == 0 else owner[twin[e]]
                inside, size = toggled(inside, size, one)
                if begun:
                    outer, live = _roomy(outer, count[4] + 3), _roomy(live, count[1] + 3)
                    _switch_outline(outer, live, count, one, qx, qy)
        if not begun:
            live = _all_begun(live, count, inside, size, px, py)
        _add(live, count[1], px, py, places[s, 2], places[s, 3], 0, origin, -1)
        if cracked[s]:
            ties = _roomy(ties, count[3] + size)
            for c in range(size):
                _tie(ties, count, inside[c], NOBODY)
    if len(edge):
        outer = _roomy(outer, count[4] + count[1])
        _all_kept(outer, live, count, places[-1, 2], places[-1, 3])
    tied = ties[0][: count[3]].copy()
    return outer[0][: count[4], 0].copy(), outer[1][: count[4]].copy(), tied


@compiled
def _all_begun(live, count, inside, size, x, y):
    live = _roomy(live, count[1] + size)
    for c in range(size):
        _begun(live, count, inside[c], OPEN, x, y)
    return live


@compiled
def _all_kept(outer, live, count, x, y):
    for c in range(count[1]):
        _keep_outer(outer, count, live[0][c, 0], live, c, x, y)


@compiled
def _switch_outline(outer, live, count, one, x, y):
    """Begin the stretch of outline in a zone at a crossing, or end it."""
    for c in range(count[1]):
        if live[0][c, 0] == one:
            _keep_outer(outer, count, one, live, c, x, y)
            count[1] -= 1
            _moved(live, count[1], c)
            return
    _begun(live, count, one, OPEN, x, y)


@compiled
def _tie(ties, count, zone, source):
    ties[0][count[3], 0], ties[0][count[3], 1] = zone, source
    count[3] += 1


@compiled
def _add(live, active, px, py, qx, qy, mine, origin, sign):
    """Add one stretch of border to every chain under way."""
    step = np.sqrt((qx - px) ** 2 + (qy - py) ** 2)
    for c in range(active):
        at = mine if sign > 0 else live[0][c, 0]
        zx, zy = origin[at, 0], origin[at, 1]
        live[1][c, 0] += 0.5 * ((px - zx) * (qy - zy) - (qx - zx) * (py - zy))
        live[1][c, 1] += step


@compiled
def _moved(live, n, c):
    live[0][c, 0], live[0][c, 1] = live[0][n, 0], live[0][n, 1]
    live[1][c, 0], live[1][c, 1] = live[1][n, 0], live[1][n, 1]
    live[1][c, 2], live[1][c, 3] = live[1][n, 2], live[1][n, 3]


@compiled
def _begun(live, count, one, key, x, y):
    n = count[1]
    live[0][n, 0], live[0][n, 1] = one, key
    live[1][n, 0], live[1][n, 1], live[1][n, 2], live[1][n, 3] = 0.0, 0.0, x, y
    count[1] += 1


@compiled
def _pass(
    made, outer, live, heads, count, hit, spots, found, ax, ay, bx, by, own_edge, mine, owner, twin,
    origin, sign,
):  # fmt: skip
    """Go along an edge from crossing to crossing."""
    ends, sums = made
    whom, run = live
    px, py = ax, ay
    for n in range(found + 1):
        qx, qy = bx, by
        if n < found:
            qx, qy = spots[n, 0], spots[n, 1]
        step = np.sqrt((qx - px) ** 2 + (qy - py) ** 2)
        for c in range(count[1]):
            at = mine if sign > 0 else whom[c, 0]
            zx, zy = origin[at, 0], origin[at, 1]
            run[c, 0] += 0.5 * ((px - zx) * (qy - zy) - (qx - zx) * (py - zy))
            run[c, 1] += step
        if n == found:
            return
        px, py, e = qx, qy, hit[n]
        key = (own_edge << 32) | e if sign > 0 else (np.int64(e) << 32) | own_edge
        one, two = np.int64(owner[e]), NOBODY
        if twin[e] >= 0:
            two = np.int64(owner[twin[e]])
        if count[1] == 1 and two >= 0 and whom[0, 1] != CLOSED and whom[0, 0] in (one, two):
            # by far the most common: out of one polygon, into its neighbour
            was = whom[0, 0]
            zone, source = (np.int64(mine), was) if sign > 0 else (was, np.int64(mine))
            at = count[0]
            ends[at, 0], ends[at, 1], ends[at, 2] = zone << CODE_BITS | source, whom[0, 1], key
            sums[at, 0], sums[at, 1] = run[0, 0], run[0, 1]
            count[0] = at + 1
            whom[0, 0], whom[0, 1] = two if was == one else one, key
            run[0, 0], run[0, 1], run[0, 2], run[0, 3] = 0.0, 0.0, qx, qy
            continue
        _switch(made, outer, live, heads, count, one, key, qx, qy, mine, sign)
        if two >= 0:
            _switch(made, outer, live, heads, count, two, key, qx, qy, mine, sign)
        if sign > 0:
            _look_outside(made, outer, live, heads, count, key, qx, qy, mine)


@compiled
def _switch(made, outer, live, heads, count, one, key, x, y, mine, sign):
    """Begin the chain in a polygon at a crossing, or end it."""
    for c in range(count[1]):
        if live[0][c, 0] == one:
            if live[0][c, 1] == CLOSED:
                h = count[2]
                heads[0][h, 0], heads[0][h, 1] = one, key
                heads[1][h, 0], heads[1][h, 1] = live[1][c, 0], live[1][c, 1]
                heads[1][h, 2], heads[1][h, 3] = x, y
                count[2] += 1
            else:
                _keep(made, outer, count, live, c, key, x, y, mine, sign)
            count[1] -= 1
            _moved(live, count[1], c)
            return
    _begun(live, count, one, key, x, y)


@compiled
def _look_outside(made, outer, live, heads, count, key, x, y, mine):
    """Begin or end the chain that runs outside every polygon."""
    outside = False
    for c in range(count[1]):
        outside = outside or live[0][c, 0] == NOBODY
    if (outside and count[1] > 1) or count[1] == 0:
        _switch(made, outer, live, heads, count, NOBODY, key, x, y, mine, 1)


@compiled
def _keep(made, outer, count, live, c, end, x, y, mine, sign):
    n, one = count[0], live[0][c, 0]
    if one == NOBODY:
        _keep_outer(outer, count, mine, live, c, x, y)
        return
    zone, source = (mine, one) if sign > 0 else (one, mine)
    made[0][n, 0] = np.int64(zone) << CODE_BITS | source
    made[0][n, 1], made[0][n, 2] = live[0][c, 1], end
    made[1][n, 0], made[1][n, 1] = live[1][c, 0], live[1][c, 1]
    count[0] += 1


@compiled
def _keep_outer(outer, count, zone, live, c, x, y):
    n = count[4]
    outer[0][n, 0] = zone
    for i in range(4):
        outer[1][n, i] = live[1][c, i]
    outer[1][n, 4], outer[1][n, 5] = x, y
    count[4] += 1


@compiled
def _joined(made, outer, live, heads, count, x, y, mine, sign):
    """End the ring: what is under way goes on in what was under way when it began."""
    for c in range(count[1]):
        end, ex, ey = CLOSED, x, y
        for h in range(count[2]):
            if live[0][c, 1] != CLOSED and heads[0][h, 0] == live[0][c, 0]:
                end, ex, ey = heads[0][h, 1], heads[1][h, 2], heads[1][h, 3]
                live[1][c, 0] += heads[1][h, 0]
                live[1][c, 1] += heads[1][h, 1]
                break
        _keep(made, outer, count, live, c, end, ex, ey, mine, sign)


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
