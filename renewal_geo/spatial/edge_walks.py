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
from typing import Any

import numpy as np
from numpy.typing import NDArray

from renewal_geo.foundation.compiled import compiled
from renewal_geo.spatial.edge_crossings import Crossings, relation
from renewal_geo.spatial.edge_grids import (
    NOBODY,
    Edges,
    Floats,
    Grid,
    Ints,
    Small,
    beyond,
    centre_events,
    centre_faces,
    column_of,
    row_of,
    toggled,
)

CODE_BITS = 31
CLOSED = -1  # instead of a crossing: the chain is a whole ring
OPEN = -2  # the chain begins or ends with a stretch of outline
FIRST_CHAINS = 4096
Faces = tuple[Small, Small]


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """A layer that can be walked through: edges, grid, and who holds the cells' centres."""

    edges: Edges
    grid: Grid
    faces: Faces


@dataclass(frozen=True, slots=True, eq=False)
class Chains:
    """Stretches of border inside a polygon.

    Attributes
    ----------
    ends
        (k, 3): which zone and polygon (see :func:`pair_code`), and the numbers of the crossings at both
        ends; -1 for a whole ring.
    sums
        (k, 2): half the sum of cross products about the zone's origin (m2), and length (m).
    """

    ends: Ints
    sums: Floats


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
    own: Edges, twin: Small, crossings: Crossings, other: Ground, origin: Floats, *, zones: bool
) -> tuple[Chains, Outer]:
    """Walk along every ring of `own` through the polygons of `other`.

    Parameters
    ----------
    own, twin
        Edges of the layer that is walked, and their twins (of its own grid).
    crossings
        Its crossings with the layer that is walked through.
    other
        That layer.
    origin
        (n, 2) a corner near every zone.
    zones
        Whether `own` are the zones (A of :mod:`renewal_geo.spatial.predicates`) or the layer (B).

    Returns
    -------
    tuple
        What lies inside polygons, and what of the zones' rings lies in none.
    """
    ends, sums, zone, outer = _walk(
        own.x, own.y, own.start, own.ring_owner, twin, crossings.first, crossings.other,
        crossings.number, crossings.places, origin, 1 if zones else -1, *_ground(other),
    )  # fmt: skip
    nothing = np.empty(0, dtype=np.int64)
    return Chains(ends, sums), Outer(zone, outer[:, :2], outer[:, 2:], nothing)


def walk_outline(
    layer: Edges, outline: Outline, crossings: Crossings, zones: Ground, origin: Floats
) -> Outer:
    """Walk along the outline of a layer through the zones.

    Every edge is walked as a whole, so that its crossings are those of :func:`walk`; only the
    stretches of the outline count.
    """
    zone, outer, tied = _walk_stretches(
        layer.x, layer.y, outline.edge, outline.reach, outline.places, outline.joined,
        outline.cracked, crossings.first, crossings.other, crossings.places, origin, *_ground(zones),
    )  # fmt: skip
    return Outer(zone, outer[:, :2], outer[:, 2:], tied)


def _ground(layer: Ground) -> tuple[Any, ...]:
    edges, grid = layer.edges, layer.grid
    columns, rows = grid.shape
    return (
        edges.x, edges.y, edges.owner, grid.twin, grid.first, grid.edges, grid.frame, columns, rows,
        *layer.faces,
    )  # fmt: skip


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
        if beyond(x[k], x[k + 1], west, east) or beyond(y[k], y[k + 1], south, north):
            continue
        if relation(cx, cy, ax, ay, x[k], y[k], x[k + 1], y[k + 1], sign) & 1:
            inside, size = toggled(inside, size, owner[k])
            if twin[k] >= 0:
                inside, size = toggled(inside, size, owner[twin[k]])
    return inside, size


@compiled
def _walk(
    ox, oy, start, ring_owner, own_twin, firsts, hit, number, spots, origin, sign, x, y, owner, twin,
    first, edges, frame, columns, rows, face, several,
):  # fmt: skip
    size = 2 * len(hit) + 2 * len(start) + 64
    ends, sums = np.empty((size, 3), np.int64), np.empty((size, 2))
    outer = (np.empty((FIRST_CHAINS, 1), np.int64), np.empty((FIRST_CHAINS, 6)))
    whom, run = np.empty((64, 2), np.int64), np.empty((64, 4))
    heads = (np.empty((64, 2), np.int64), np.empty((64, 4)))
    count = np.zeros(
        4, dtype=np.int64
    )  # of chains made, of those under way, of heads, of outer ones
    for r in range(len(start) - 1):
        mine = np.int64(ring_owner[r])
        low, high = start[r], start[r + 1] - 1
        inside, size = _located(
            ox[low], oy[low], x, y, owner, twin, first, edges, frame, columns, rows, face, several,
            sign,
        )  # fmt: skip
        count[1], count[2] = 0, 0
        whom, run = _roomy((whom, run), size + 1)
        heads = _roomy(heads, size + 1)
        for n in range(size):
            _begun(whom, run, count, inside[n], CLOSED, ox[low], oy[low])
        if size == 0 and sign > 0:
            _begun(whom, run, count, NOBODY, CLOSED, ox[low], oy[low])
        for k in range(low, high):
            mate = own_twin[k]
            own_edge = mate if 0 <= mate < k else k
            entry, past, stride = firsts[own_edge], firsts[own_edge + 1], 1
            if own_edge != k:
                entry, past, stride = past - 1, entry - 1, -1
            px, py, qx, qy = ox[k], oy[k], ox[k + 1], oy[k + 1]
            while True:
                if entry != past:
                    qx, qy = spots[entry, 0], spots[entry, 1]
                step = np.sqrt((qx - px) ** 2 + (qy - py) ** 2)
                for c in range(count[1]):
                    at = mine if sign > 0 else whom[c, 0]
                    zx, zy = origin[at, 0], origin[at, 1]
                    run[c, 0] += 0.5 * ((px - zx) * (qy - zy) - (qx - zx) * (py - zy))
                    run[c, 1] += step
                if entry == past:
                    break
                e, key = hit[entry], number[entry]
                px, py, qx, qy = qx, qy, ox[k + 1], oy[k + 1]
                entry += stride
                one, two = np.int64(owner[e]), np.int64(NOBODY)
                if twin[e] >= 0:
                    two = np.int64(owner[twin[e]])
                if count[0] + 4 > len(ends):
                    ends, sums = _roomy((ends, sums), 2 * len(ends))
                if count[1] == 1 and two >= 0 and whom[0, 1] != CLOSED:
                    was = whom[0, 0]
                    if was in (one, two):
                        # by far the most common: out of one polygon, into its neighbour
                        zone, source = (mine, was) if sign > 0 else (was, mine)
                        at = count[0]
                        ends[at, 0] = zone << CODE_BITS | source
                        ends[at, 1], ends[at, 2] = whom[0, 1], key
                        sums[at, 0], sums[at, 1] = run[0, 0], run[0, 1]
                        count[0] = at + 1
                        whom[0, 0], whom[0, 1] = two if was == one else one, key
                        run[0, 0], run[0, 1], run[0, 2], run[0, 3] = 0.0, 0.0, px, py
                        continue
                if count[3] + 4 > len(outer[0]):
                    outer = _roomy(outer, 2 * len(outer[0]))
                if count[1] + 4 > len(whom) or count[2] + 4 > len(heads[0]):
                    whom, run = _roomy((whom, run), 2 * len(whom))
                    heads = _roomy(heads, 2 * len(heads[0]))
                _switch(ends, sums, outer, whom, run, heads, count, one, key, px, py, mine, sign)
                if two >= 0:
                    _switch(
                        ends, sums, outer, whom, run, heads, count, two, key, px, py, mine, sign
                    )
                if sign > 0:
                    _look_outside(ends, sums, outer, whom, run, heads, count, key, px, py, mine)
        ends, sums = _roomy((ends, sums), count[0] + count[1])
        outer = _roomy(outer, count[3] + 2)
        _joined(ends, sums, outer, whom, run, heads, count, ox[high], oy[high], mine, sign)
    return (
        ends[: count[0]], sums[: count[0]],
        outer[0][: count[3], 0].copy(), outer[1][: count[3]].copy(),
    )  # fmt: skip


@compiled
def _walk_stretches(
    ox, oy, edge, reach, places, joined, cracked, firsts, hit, spots, origin, x, y, owner, twin, first,
    edges, frame, columns, rows, face, several,
):  # fmt: skip
    outer = (np.empty((FIRST_CHAINS, 1), np.int64), np.empty((FIRST_CHAINS, 6)))
    whom, run = np.empty((64, 2), np.int64), np.empty((64, 4))
    inside, size = np.empty(16, dtype=np.int32), 0
    count = np.zeros(4, dtype=np.int64)
    in_cracks = np.zeros(len(origin), dtype=np.bool_)
    for s in range(len(edge)):
        k = edge[s]
        ax, ay, bx, by = ox[k], oy[k], ox[k + 1], oy[k + 1]
        if not joined[s]:
            if s > 0:
                outer = _roomy(outer, count[3] + count[1])
                _all_kept(outer, whom, run, count, places[s - 1, 2], places[s - 1, 3])
            count[1] = 0
            inside, size = _located(
                ax, ay, x, y, owner, twin, first, edges, frame, columns, rows, face, several, -1
            )
        px, py, begun = places[s, 0], places[s, 1], joined[s]
        for entry in range(firsts[k], firsts[k + 1]):
            e, qx, qy = hit[entry], spots[entry, 0], spots[entry, 1]
            at = (qx - ax) * (bx - ax) + (qy - ay) * (by - ay)
            if at > reach[s, 1]:
                break
            if not begun and at >= reach[s, 0]:
                whom, run = _all_begun(whom, run, count, inside, size, px, py)
                begun = True
            if begun:
                _add(whom, run, count[1], px, py, qx, qy, origin)
                px, py = qx, qy
            for turn in range(2):
                if turn == 1 and twin[e] < 0:
                    break
                one = owner[e] if turn == 0 else owner[twin[e]]
                inside, size = toggled(inside, size, one)
                if begun:
                    outer = _roomy(outer, count[3] + 3)
                    whom, run = _roomy((whom, run), count[1] + 3)
                    _switch_outline(outer, whom, run, count, one, qx, qy)
        if not begun:
            whom, run = _all_begun(whom, run, count, inside, size, px, py)
        _add(whom, run, count[1], px, py, places[s, 2], places[s, 3], origin)
        for c in range(size):
            in_cracks[inside[c]] |= cracked[s]
    if len(edge):
        outer = _roomy(outer, count[3] + count[1])
        _all_kept(outer, whom, run, count, places[-1, 2], places[-1, 3])
    return outer[0][: count[3], 0].copy(), outer[1][: count[3]].copy(), np.flatnonzero(in_cracks)


@compiled
def _all_begun(whom, run, count, inside, size, x, y):
    whom, run = _roomy((whom, run), count[1] + size)
    for c in range(size):
        _begun(whom, run, count, inside[c], OPEN, x, y)
    return whom, run


@compiled
def _all_kept(outer, whom, run, count, x, y):
    for c in range(count[1]):
        _keep_outer(outer, count, whom[c, 0], run, c, x, y)


@compiled
def _switch_outline(outer, whom, run, count, one, x, y):
    """Begin the stretch of outline in a zone at a crossing, or end it."""
    for c in range(count[1]):
        if whom[c, 0] == one:
            _keep_outer(outer, count, one, run, c, x, y)
            count[1] -= 1
            _moved(whom, run, count[1], c)
            return
    _begun(whom, run, count, one, OPEN, x, y)


@compiled
def _add(whom, run, active, px, py, qx, qy, origin):
    """Add one stretch of outline in every zone that it runs through."""
    step = np.sqrt((qx - px) ** 2 + (qy - py) ** 2)
    for c in range(active):
        zx, zy = origin[whom[c, 0], 0], origin[whom[c, 0], 1]
        run[c, 0] += 0.5 * ((px - zx) * (qy - zy) - (qx - zx) * (py - zy))
        run[c, 1] += step


@compiled
def _moved(whom, run, n, c):
    whom[c, 0], whom[c, 1] = whom[n, 0], whom[n, 1]
    for i in range(4):
        run[c, i] = run[n, i]


@compiled
def _begun(whom, run, count, one, key, x, y):
    n = count[1]
    whom[n, 0], whom[n, 1] = one, key
    run[n, 0], run[n, 1], run[n, 2], run[n, 3] = 0.0, 0.0, x, y
    count[1] += 1


@compiled
def _switch(ends, sums, outer, whom, run, heads, count, one, key, x, y, mine, sign):
    """Begin the chain in a polygon at a crossing, or end it."""
    for c in range(count[1]):
        if whom[c, 0] == one:
            if whom[c, 1] == CLOSED:
                h = count[2]
                heads[0][h, 0], heads[0][h, 1] = one, key
                heads[1][h, 0], heads[1][h, 1] = run[c, 0], run[c, 1]
                heads[1][h, 2], heads[1][h, 3] = x, y
                count[2] += 1
            else:
                _keep(ends, sums, outer, whom, run, count, c, key, x, y, mine, sign)
            count[1] -= 1
            _moved(whom, run, count[1], c)
            return
    _begun(whom, run, count, one, key, x, y)


@compiled
def _look_outside(ends, sums, outer, whom, run, heads, count, key, x, y, mine):
    """Begin or end the chain that runs outside every polygon."""
    outside = False
    for c in range(count[1]):
        outside = outside or whom[c, 0] == NOBODY
    if (outside and count[1] > 1) or count[1] == 0:
        _switch(ends, sums, outer, whom, run, heads, count, NOBODY, key, x, y, mine, 1)


@compiled
def _keep(ends, sums, outer, whom, run, count, c, end, x, y, mine, sign):
    n, one = count[0], whom[c, 0]
    if one == NOBODY:
        _keep_outer(outer, count, mine, run, c, x, y)
        return
    zone, source = (mine, one) if sign > 0 else (one, mine)
    ends[n, 0], ends[n, 1], ends[n, 2] = zone << CODE_BITS | source, whom[c, 1], end
    sums[n, 0], sums[n, 1] = run[c, 0], run[c, 1]
    count[0] += 1


@compiled
def _keep_outer(outer, count, zone, run, c, x, y):
    n = count[3]
    outer[0][n, 0] = zone
    for i in range(4):
        outer[1][n, i] = run[c, i]
    outer[1][n, 4], outer[1][n, 5] = x, y
    count[3] += 1


@compiled
def _joined(ends, sums, outer, whom, run, heads, count, x, y, mine, sign):
    """End the ring: what is under way goes on in what was under way when it began."""
    for c in range(count[1]):
        end, ex, ey = np.int64(CLOSED), x, y
        for h in range(count[2]):
            if whom[c, 1] != CLOSED and heads[0][h, 0] == whom[c, 0]:
                end, ex, ey = heads[0][h, 1], heads[1][h, 2], heads[1][h, 3]
                run[c, 0] += heads[1][h, 0]
                run[c, 1] += heads[1][h, 1]
                break
        _keep(ends, sums, outer, whom, run, count, c, end, ex, ey, mine, sign)


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
