"""What of a layer's edges is the outline of its union, whether or not its polygons overlap.

An edge belongs to the outline where no other polygon lies on its outer side. Each edge without twin is
walked through its own layer twice, moved aside by less than every distance: once outward, to see
who lies there, once inward, to see whose edge runs along the same line the same way (of these the
first polygon's counts).
"""

from __future__ import annotations

import numpy as np

from renewal_geo.foundation.compiled import compiled
from renewal_geo.spatial.edge_crossings import crossing
from renewal_geo.spatial.edge_grids import (
    NOBODY,
    beyond,
    column_of,
    row_of,
    span,
    toggled,
)
from renewal_geo.spatial.edge_walks import Ground, Outline
from renewal_geo.spatial.predicates import determinant, moved_side, side

FIRST_STRETCHES = 1024
HAIR_M = 1e-6


def outline_of(layer: Ground) -> Outline:
    """Return the outline of the union of a layer, as the zones see it (``faces_of(..., zones=True)``)."""
    edges, grid = layer.edges, layer.grid
    columns, rows = grid.shape
    seen = np.full(len(edges.x), -1, dtype=np.int64)
    edge, cracked, reach, places = _outline(
        edges.x, edges.y, edges.start, edges.owner, grid.twin, grid.first, grid.edges, grid.frame,
        columns, rows, *layer.faces, seen,
    )  # fmt: skip
    ends = places.reshape(-1, 2).copy().view(np.complex128).ravel()
    _, which, met = np.unique(ends, return_inverse=True, return_counts=True)
    which = which.reshape(-1, 2)
    joined = np.zeros(len(edge), dtype=bool)
    joined[1:] = (
        (edge[1:] == edge[:-1] + 1) & (which[1:, 0] == which[:-1, 1]) & (met[which[1:, 0]] == 2)
    )
    return Outline(edge, reach, places, joined, cracked)


@compiled
def _outline(
    x, y, start, owner, twin, first, edges, frame, columns, rows, face, several, seen
):  # fmt: skip
    edge, cracked = np.empty(FIRST_STRETCHES, np.int64), np.empty(FIRST_STRETCHES, np.bool_)
    reach, places = np.empty((FIRST_STRETCHES, 2)), np.empty((FIRST_STRETCHES, 4))
    made, alone = 0, -1
    outer, outer_size = np.empty(16, np.int32), 0
    inner, inner_size = np.empty(16, np.int32), 0
    hits, sides, along = np.empty(64, np.int32), np.empty(64, np.int8), np.empty(64)
    for r in range(len(start) - 1):
        for k in range(start[r], start[r + 1] - 1):
            if twin[k] >= 0:
                continue
            ax, ay, bx, by = x[k], y[k], x[k + 1], y[k + 1]
            hits, sides, along, found, near, crack = _events(
                k, x, y, owner, twin, first, edges, frame, columns, rows, seen, hits, sides, along
            )
            if near or alone != k:  # where nothing is near, nothing changes at the corner
                outer, outer_size = _beside(
                    k, 1, x, y, owner, twin, first, edges, frame, columns, rows, face, several
                )
                inner, inner_size = _beside(
                    k, -1, x, y, owner, twin, first, edges, frame, columns, rows, face, several
                )
            alone = -1 if near else k + 1
            order = np.argsort(along[:found], kind="mergesort")
            if made + found + 2 >= len(edge):
                edge, cracked, reach, places = _grown(
                    edge, cracked, reach, places, 2 * (made + found + 2)
                )
            free = _free(owner[k], outer_size, inner, inner_size)
            if free:
                reach[made, 0], places[made, 0], places[made, 1] = -np.inf, ax, ay
            for n in range(found):
                e = hits[order[n]]
                for turn in range(2):
                    if turn == 1 and twin[e] < 0:
                        break
                    one = owner[e] if turn == 0 else owner[twin[e]]
                    if one == owner[k]:
                        continue
                    if sides[order[n]] & 1:
                        outer, outer_size = toggled(outer, outer_size, one)
                    if sides[order[n]] & 2:
                        inner, inner_size = toggled(inner, inner_size, one)
                now = _free(owner[k], outer_size, inner, inner_size)
                if now == free:
                    continue
                cx, cy = crossing(ax, ay, bx, by, x[e], y[e], x[e + 1], y[e + 1])
                if now:
                    reach[made, 0], places[made, 0], places[made, 1] = along[order[n]], cx, cy
                else:
                    reach[made, 1], places[made, 2], places[made, 3] = along[order[n]], cx, cy
                    edge[made], cracked[made] = k, crack
                    made += 1
                free = now
            if free:
                reach[made, 1], places[made, 2], places[made, 3] = np.inf, bx, by
                edge[made], cracked[made] = k, crack
                made += 1
    return edge[:made].copy(), cracked[:made].copy(), reach[:made].copy(), places[:made].copy()


@compiled
def _grown(edge, cracked, reach, places, room):
    more, mark = np.empty(room, np.int64), np.empty(room, np.bool_)
    wider, longer = np.empty((room, 2)), np.empty((room, 4))
    more[: len(edge)], mark[: len(edge)] = edge, cracked
    wider[: len(edge)], longer[: len(edge)] = reach, places
    return more, mark, wider, longer


@compiled
def _free(own, outer_size, inner, inner_size):
    """Say whether nobody lies outside, and no earlier polygon has the same edge."""
    if outer_size:
        return False
    first = own
    for n in range(inner_size):
        first = min(first, inner[n])
    return first == own


@compiled
def _cross(ux, uy, vx, vy):
    value = ux * vy - uy * vx
    return 1 if value > 0 else (-1 if value < 0 else 0)


@compiled
def _aside(px, py, qx, qy, rx, ry, ax, ay, bx, by, hand):
    """Return the side of r, a point of the edge from a to b moved aside, of a line from p to q.

    `hand` is 1 for a move to the right of the edge, -1 to the left; and less, forward.
    """
    exact = side(px, py, qx, qy, rx, ry)
    if exact != 0:
        return exact
    dx, dy = bx - ax, by - ay
    turned = _cross(qx - px, qy - py, hand * dy, -hand * dx)
    return turned if turned != 0 else _cross(qx - px, qy - py, dx, dy)


@compiled
def _past(px, py, ax, ay, bx, by, hand):
    """Return the side of a point p of the edge from a to b moved aside."""
    exact = side(ax, ay, bx, by, px, py)
    return exact if exact != 0 else hand


@compiled
def _beside(k, hand, x, y, owner, twin, first, edges, frame, columns, rows, face, several):
    """Return which other polygons hold the beginning of an edge that is moved aside."""
    inside, size = np.empty(16, dtype=np.int32), 0
    ax, ay, bx, by = x[k], y[k], x[k + 1], y[k + 1]
    column, row = column_of(ax, frame, columns), row_of(ay, frame, rows)
    cell = row * columns + column
    if face[cell] >= 0:
        inside, size = toggled(inside, size, face[cell])
    elif face[cell] < NOBODY:
        at = -2 - face[cell]
        for n in range(several[at]):
            inside, size = toggled(inside, size, several[at + 1 + n])
    cx, cy = frame[0] + (column + 0.5) * frame[2], frame[1] + (row + 0.5) * frame[2]
    for n in range(first[cell], first[cell + 1]):
        e = edges[n]
        px, py, qx, qy = x[e], y[e], x[e + 1], y[e + 1]
        one = moved_side(px, py, qx, qy, cx, cy, 1)
        if one == _aside(px, py, qx, qy, ax, ay, ax, ay, bx, by, hand):
            continue
        one = _ray(cx, cy, ax, ay, bx, by, hand, px, py)
        if one != _ray(cx, cy, ax, ay, bx, by, hand, qx, qy):
            inside, size = toggled(inside, size, owner[e])
            if twin[e] >= 0:
                inside, size = toggled(inside, size, owner[twin[e]])
    for n in range(size):
        if inside[n] == owner[k]:
            inside, size = toggled(inside, size, owner[k])
            break
    return inside, size


@compiled
def _ray(cx, cy, ax, ay, bx, by, hand, px, py):
    """Return the side of p of the line from a cell's centre c to the beginning a of an edge moved aside.

    The centre itself is moved by (-e, -e^2), less than the edge.
    """
    exact = side(cx, cy, ax, ay, px, py)
    if exact != 0:
        return exact
    dx, dy = bx - ax, by - ay
    turned = _cross(hand * dy, -hand * dx, px - cx, py - cy)
    turned = turned or _cross(dx, dy, px - cx, py - cy)
    turned = turned or _cross(-1.0, 0.0, ax - px, ay - py)
    turned = turned or _cross(0.0, -1.0, ax - px, ay - py)
    # all three in one place
    turned = turned or _cross(-1.0, 0.0, hand * dy, -hand * dx)
    return turned or _cross(-1.0, 0.0, dx, dy)


@compiled
def _events(k, x, y, owner, twin, first, edges, frame, columns, rows, seen, hits, sides, along):
    """List the edges of other polygons that an edge crosses, moved outward (1), inward (2) or both (3).

    Also returned are how many edges of others are near, and whether one of them runs along.
    """
    ax, ay, bx, by = x[k], y[k], x[k + 1], y[k + 1]
    west, east, south, north = min(ax, bx), max(ax, bx), min(ay, by), max(ay, by)
    found, near, crack = 0, 0, False
    slack = HAIR_M * np.hypot(bx - ax, by - ay)
    j, n = row_of(ay, frame, rows), row_of(by, frame, rows)
    for row in range(min(j, n), max(j, n) + 1):
        low, last = span(ax, ay, bx, by, row, frame, columns)
        for cell in range(row * columns + low, row * columns + last + 1):
            for at in range(first[cell], first[cell + 1]):
                e = edges[at]
                px, py, qx, qy = x[e], y[e], x[e + 1], y[e + 1]
                if beyond(px, qx, west, east) or beyond(py, qy, south, north):
                    continue
                if seen[e] == k or (owner[e] == owner[k] and twin[e] < 0):
                    continue
                seen[e] = k
                near += 1
                if abs(determinant(ax, ay, bx, by, px, py)) <= slack:
                    crack = crack or abs(determinant(ax, ay, bx, by, qx, qy)) <= slack
                met = 0
                for turn in range(2):
                    hand = 1 - 2 * turn
                    one = _aside(px, py, qx, qy, ax, ay, ax, ay, bx, by, hand)
                    if one == _aside(px, py, qx, qy, bx, by, ax, ay, bx, by, hand):
                        continue
                    one = _past(px, py, ax, ay, bx, by, hand)
                    if one != _past(qx, qy, ax, ay, bx, by, hand):
                        met += 1 + turn
                if met == 0:
                    continue
                if found == len(hits):
                    hits, sides, along = _more(hits, sides, along)
                cx, cy = crossing(ax, ay, bx, by, px, py, qx, qy)
                hits[found], sides[found] = e, met
                along[found] = (cx - ax) * (bx - ax) + (cy - ay) * (by - ay)
                found += 1
    return hits, sides, along, found, near, crack


@compiled
def _more(hits, sides, along):
    size = 2 * len(hits)
    wider, more, longer = np.empty(size, np.int32), np.empty(size, np.int8), np.empty(size)
    wider[: len(hits)], more[: len(sides)], longer[: len(along)] = hits, sides, along
    return wider, more, longer
