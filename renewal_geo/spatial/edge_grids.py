"""Edges of polygons as arrays, and a grid that knows which edges and which polygons lie where."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from renewal_geo.foundation.compiled import compiled
from renewal_geo.spatial.predicates import moved_side, side

SAMPLED = 10_000
STEPS_PER_CELL = 12.0
MOST_CELLS = 1 << 23
PAD = 4e-16  # of a coordinate's size: more than the rounding of a cell's border
NEAR_LEVEL = 1e-6  # of a cell's size: an edge this close to a row of centres is looked at closely
NOBODY = -1
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Small = NDArray[np.int32]
Shapes = NDArray[np.object_]


@dataclass(frozen=True, slots=True, eq=False)
class Edges:
    """The rings of n polygons, one after the other, interior on the left.

    Attributes
    ----------
    x, y
        Corners; every ring ends in its first corner, no corner is repeated. Edge k runs from corner k
        to corner k + 1 of the same ring.
    start
        First corner of every ring, and the number of corners at the end.
    ring_owner, owner
        Row of the polygon of every ring, and of every corner.
    rows
        n.
    flat
        Rows of polygons with a ring whose signed area is zero, which is left out: perhaps a bow-tie.
    """

    x: Floats
    y: Floats
    start: Ints
    ring_owner: Small
    owner: Small
    rows: int
    flat: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Square cells over a layer's edges.

    Attributes
    ----------
    frame
        x0, y0, the size of a cell (m), and one over that size.
    shape
        Number of columns and of rows.
    first, edges
        Edges of cell c: ``edges[first[c]:first[c + 1]]``; of two edges that run the same way between
        the same corners in opposite directions only the earlier one.
    twin
        Per edge the one that runs the other way between the same corners, or -1.
    stacked
        Pairs of polygons with an edge that runs between the same corners in the same direction.
    rough
        Whether an edge meets that of another polygon elsewhere than in common corners.
    doubtful
        Rows of polygons whose own edges do so, or whose ring returns to a corner: perhaps invalid.
    """

    frame: Floats
    shape: tuple[int, int]
    first: Ints
    edges: Small
    twin: Small
    stacked: Ints
    rough: bool
    doubtful: Ints


def edges_of(shapes: Shapes) -> Edges:
    """Return the edges of valid polygons; what is None, empty or without area has none."""
    shapes = np.asarray(shapes, dtype=object)
    kind = shapely.get_type_id(shapes)
    plain = (kind == 3) & (shapely.get_num_interior_rings(shapes) == 0)
    if plain.all():
        rings, owner, hole = shapes, np.arange(len(shapes)), np.zeros(len(shapes), dtype=bool)
    else:
        parts, part_row = shapely.get_parts(shapes, return_index=True)
        areal = shapely.get_type_id(parts) == 3
        parts, part_row = parts[areal], part_row[areal]
        rings, ring_part = shapely.get_rings(parts, return_index=True)
        owner = part_row[ring_part]
        hole = np.r_[False, ring_part[1:] == ring_part[:-1]] if len(rings) else np.zeros(0, bool)
    count = shapely.get_num_coordinates(rings)
    xy = shapely.get_coordinates(rings)
    ends = np.r_[0, np.cumsum(count)].astype(np.int64)
    x, y, start, ring_owner, owned, flat = _oriented(xy, ends, hole, owner.astype(np.int32))
    return Edges(x, y, start, ring_owner, owned, len(shapes), np.flatnonzero(flat))


def grid_of(edges: Edges) -> Grid:
    """Return the grid over the edges of a layer, with twins paired."""
    frame, columns, rows = _frame(edges)
    first, listed = _cells(edges.x, edges.y, edges.start, frame, columns, rows)
    ring_end = np.zeros(len(edges.x) + 1, dtype=np.int8)
    ring_end[edges.start[:-1]], ring_end[edges.start[1:] - 1] = 1, 2
    twin, stacked, rough, doubtful = _paired(
        edges.x, edges.y, edges.owner, ring_end, first, listed, edges.rows
    )
    first, listed = _halved(first, listed, twin)
    return Grid(frame, (columns, rows), first, listed, twin, stacked, rough, doubtful)


def _frame(edges: Edges) -> tuple[Floats, int, int]:
    if not len(edges.x):
        return np.array([0.0, 0.0, 1.0, 1.0]), 1, 1
    x0, y0 = float(edges.x.min()), float(edges.y.min())
    wide, high = float(edges.x.max()) - x0, float(edges.y.max()) - y0
    some = np.arange(0, len(edges.x) - 1, max(1, len(edges.x) // SAMPLED))
    steps = np.hypot(edges.x[some + 1] - edges.x[some], edges.y[some + 1] - edges.y[some])
    step = max(float(np.median(steps)), 1e-9)
    # some edges to a cell where borders are drawn finely, but no more cells than a few to an edge
    least, most = np.sqrt(wide * high * np.array([0.25, 6.0]) / len(edges.x))
    size = max(min(max(STEPS_PER_CELL * step, least), most), step, 1e-9)
    size = max(size, np.sqrt(wide * high / MOST_CELLS), wide / 1e6, high / 1e6)
    return np.array([x0, y0, size, 1 / size]), int(wide / size) + 1, int(high / size) + 1


@compiled
def _oriented(xy, ends, hole, owner):
    """Copy rings without repeated corners, turned so that the interior lies on the left."""
    x, y = np.empty(len(xy)), np.empty(len(xy))
    rings = len(ends) - 1
    start, ring_owner = np.empty(rings + 1, dtype=np.int64), np.empty(rings, dtype=np.int32)
    owned = np.empty(len(xy), dtype=np.int32)
    flat = np.zeros(owner.max() + 1 if len(owner) else 1, dtype=np.bool_)
    at = made = 0
    for r in range(rings):
        low, high = ends[r], ends[r + 1]
        twice = 0.0
        for k in range(low, high - 1):
            twice += (xy[k, 0] - xy[low, 0]) * (xy[k + 1, 1] - xy[low, 1])
            twice -= (xy[k + 1, 0] - xy[low, 0]) * (xy[k, 1] - xy[low, 1])
        begin = at
        backwards = (twice < 0) != hole[r]
        for n in range(high - low):
            k = high - 1 - n if backwards else low + n
            if at > begin and xy[k, 0] == x[at - 1] and xy[k, 1] == y[at - 1]:
                continue
            x[at], y[at], owned[at] = xy[k, 0], xy[k, 1], owner[r]
            at += 1
        if at - begin < 4 or twice == 0.0:
            flat[owner[r]] = True
            at = begin
            continue
        start[made], ring_owner[made] = begin, owner[r]
        made += 1
    start[made] = at
    return x[:at], y[:at], start[: made + 1], ring_owner[:made], owned[:at], flat


@compiled
def beyond(p, q, low, high):
    """Say whether two values both lie above a range, or both below."""
    return (p > high and q > high) or (p < low and q < low)


@compiled
def column_of(x, frame, columns):
    """Return the column of an abscissa, within the grid."""
    return min(max(int((x - frame[0]) * frame[3]), 0), columns - 1)


@compiled
def row_of(y, frame, rows):
    """Return the row of an ordinate, within the grid."""
    return min(max(int((y - frame[1]) * frame[3]), 0), rows - 1)


@compiled
def span(ax, ay, bx, by, row, frame, columns):
    """Return first and last column of the cells that a segment meets in one row of cells.

    Generous by more than the rounding, and the same for both directions of the segment.
    """
    if by < ay or (by == ay and bx < ax):
        ax, ay, bx, by = bx, by, ax, ay
    low, high = ax, bx
    if by > ay:  # what lies outside the row of cells is cut off
        pad = PAD * (abs(ay) + abs(by)) + 1e-12 * frame[2]
        bottom = frame[1] + row * frame[2] - pad
        top = bottom + frame[2] + 2 * pad
        low = ax + (bx - ax) * min(max((bottom - ay) / (by - ay), 0.0), 1.0)
        high = ax + (bx - ax) * min(max((top - ay) / (by - ay), 0.0), 1.0)
    if high < low:
        low, high = high, low
    pad = PAD * (abs(ax) + abs(bx)) + 1e-9 * abs(bx - ax)
    first = int(np.floor((low - pad - frame[0]) * frame[3]))
    last = int(np.floor((high + pad - frame[0]) * frame[3]))
    return min(max(first, 0), columns - 1), min(max(last, 0), columns - 1)


@compiled
def _cells(x, y, start, frame, columns, rows):
    """List the edges of every cell (twice over: count, then fill)."""
    first = np.zeros(columns * rows + 2, dtype=np.int64)
    listed = np.empty(0, dtype=np.int32)
    for turn in range(2):
        for r in range(len(start) - 1):
            for k in range(start[r], start[r + 1] - 1):
                i, j = column_of(x[k], frame, columns), row_of(y[k], frame, rows)
                m, n = column_of(x[k + 1], frame, columns), row_of(y[k + 1], frame, rows)
                if i == m and j == n:
                    cell = j * columns + i
                    if turn == 0:
                        first[cell + 2] += 1
                    else:
                        listed[first[cell + 1]] = k
                        first[cell + 1] += 1
                    continue
                for row in range(min(j, n), max(j, n) + 1):
                    low, high = span(x[k], y[k], x[k + 1], y[k + 1], row, frame, columns)
                    for column in range(low, high + 1):
                        cell = row * columns + column
                        if turn == 0:
                            first[cell + 2] += 1
                        else:
                            listed[first[cell + 1]] = k
                            first[cell + 1] += 1
        if turn == 0:
            first = np.cumsum(first)
            listed = np.empty(first[-1], dtype=np.int32)
    return first[:-1], listed


@compiled
def _paired(x, y, owner, ring_end, first, listed, polygons):
    """Pair edges that run opposite ways between the same corners; note what else they do.

    `ring_end` is 1 at the first corner of a ring and 2 at the last.
    """
    twin = np.full(len(x), -1, dtype=np.int32)
    stacked, piles = np.empty((64, 2), dtype=np.int64), 0
    rough, doubtful = False, np.zeros(polygons, dtype=np.bool_)
    ends = np.empty((64, 4))
    for cell in range(len(first) - 1):
        begin, size = first[cell], first[cell + 1] - first[cell]
        if size < 2:
            continue
        if size > len(ends):
            ends = np.empty((2 * size, 4))
        for a in range(size):
            e = listed[begin + a]
            ends[a, 0], ends[a, 1], ends[a, 2], ends[a, 3] = x[e], y[e], x[e + 1], y[e + 1]
        for a in range(size - 1):
            ex, ey, fx, fy = ends[a, 0], ends[a, 1], ends[a, 2], ends[a, 3]
            west, east = min(ex, fx), max(ex, fx)
            south, north = min(ey, fy), max(ey, fy)
            for b in range(a + 1, size):
                gx, gy, hx, hy = ends[b, 0], ends[b, 1], ends[b, 2], ends[b, 3]
                if beyond(gx, hx, west, east) or beyond(gy, hy, south, north):
                    continue
                e, f = listed[begin + a], listed[begin + b]
                if gx == fx and gy == fy and hx == ex and hy == ey:
                    free = (twin[e] < 0 or twin[e] == f) and (twin[f] < 0 or twin[f] == e)
                    if owner[e] == owner[f]:
                        doubtful[owner[e]] = True
                    elif not free:
                        rough = True
                    else:
                        twin[e], twin[f] = f, e
                elif gx == ex and gy == ey and hx == fx and hy == fy:
                    if piles == len(stacked):
                        more = np.empty((2 * piles, 2), dtype=np.int64)
                        more[:piles] = stacked
                        stacked = more
                    stacked[piles, 0], stacked[piles, 1] = owner[e], owner[f]
                    piles += 1
                elif owner[e] != owner[f]:
                    rough = rough or _meet_roughly(ex, ey, fx, fy, gx, gy, hx, hy)
                elif _returns(e, f, ex, ey, fx, fy, gx, gy, hx, hy, ring_end):
                    doubtful[owner[e]] = True
    return twin, stacked[:piles].copy(), rough, np.flatnonzero(doubtful)


@compiled
def _returns(e, f, ex, ey, fx, fy, gx, gy, hx, hy, ring_end):
    """Say whether two edges of one polygon meet, other than one after the other in a ring."""
    if f < e:
        e, f = f, e
        ex, ey, fx, fy, gx, gy, hx, hy = gx, gy, hx, hy, ex, ey, fx, fy
    follows = f == e + 1 and ring_end[f] == 0
    closes = ring_end[e] == 1 and ring_end[f + 1] == 2 and hx == ex and hy == ey
    if follows or closes:
        return _meet_roughly(ex, ey, fx, fy, gx, gy, hx, hy)
    common = (ex == gx and ey == gy) or (ex == hx and ey == hy)
    common = common or (fx == gx and fy == gy) or (fx == hx and fy == hy)
    return common or _meet_roughly(ex, ey, fx, fy, gx, gy, hx, hy)


@compiled
def _meet_roughly(ex, ey, fx, fy, gx, gy, hx, hy):
    """Say whether two edges have more in common than a corner of both."""
    if ex == gx and ey == gy:
        return (
            side(ex, ey, fx, fy, hx, hy) == 0 and (fx - ex) * (hx - gx) + (fy - ey) * (hy - gy) > 0
        )
    if fx == hx and fy == hy:
        return (
            side(ex, ey, fx, fy, gx, gy) == 0 and (fx - ex) * (hx - gx) + (fy - ey) * (hy - gy) > 0
        )
    if fx == gx and fy == gy:
        return (
            side(ex, ey, fx, fy, hx, hy) == 0 and (fx - ex) * (hx - gx) + (fy - ey) * (hy - gy) < 0
        )
    if ex == hx and ey == hy:
        return (
            side(ex, ey, fx, fy, gx, gy) == 0 and (fx - ex) * (hx - gx) + (fy - ey) * (hy - gy) < 0
        )
    g, h = side(ex, ey, fx, fy, gx, gy), side(ex, ey, fx, fy, hx, hy)
    if g == h and g != 0:
        return False
    e, f = side(gx, gy, hx, hy, ex, ey), side(gx, gy, hx, hy, fx, fy)
    return e != f or e == 0


@compiled
def _halved(first, listed, twin):
    """Keep one of two twins in every cell."""
    ends, kept, at = np.empty_like(first), np.empty_like(listed), 0
    for cell in range(len(first) - 1):
        ends[cell] = at
        for n in range(first[cell], first[cell + 1]):
            e = listed[n]
            if twin[e] < 0 or twin[e] > e:
                kept[at] = e
                at += 1
    ends[-1] = at
    return ends, kept[:at]


@compiled
def centre_events(x, y, start, twin, frame, columns, rows, sign):
    """Return for every cell the edges between its centre and the centre to its left, as a list.

    A centre counts as a corner of the other layer, `sign` as in :func:`moved_side` for lines of
    this layer.
    """
    cells, found = np.empty(4096, dtype=np.int64), np.empty(4096, dtype=np.int32)
    count = 0
    for r in range(len(start) - 1):
        for k in range(start[r], start[r + 1] - 1):
            if 0 <= twin[k] < k:
                continue
            low, high = k, k + 1
            if y[high] < y[low]:
                low, high = high, low
            at = (y[low] - frame[1]) * frame[3] + 0.5
            if int(at - NEAR_LEVEL) == int((y[high] - frame[1]) * frame[3] + 0.5 + NEAR_LEVEL):
                continue
            for row in range(max(int(at) - 2, 0), rows):
                level = frame[1] + (row + 0.5) * frame[2]
                if not _above(y[high], level, sign):
                    break
                if _above(y[low], level, sign):
                    continue
                column = _column_right_of(x, y, low, high, level, frame, columns, sign)
                if column == columns:
                    continue
                if count == len(cells):
                    more, longer = np.empty(2 * count, np.int64), np.empty(2 * count, np.int32)
                    more[:count], longer[:count] = cells, found
                    cells, found = more, longer
                cells[count], found[count] = row * columns + column, k
                count += 1
    first = np.zeros(columns * rows + 2, dtype=np.int64)
    for n in range(count):
        first[cells[n] + 2] += 1
    first = np.cumsum(first)
    listed = np.empty(count, dtype=np.int32)
    for n in range(count):
        listed[first[cells[n] + 1]] = found[n]
        first[cells[n] + 1] += 1
    return first[:-1], listed


@compiled
def _above(y, level, sign):
    return y >= level if sign > 0 else y > level


@compiled
def _column_right_of(x, y, low, high, level, frame, columns, sign):
    """Return the first column whose centre lies right of a rising edge at a level."""
    share = (level - y[low]) / (y[high] - y[low]) if y[high] > y[low] else 0.0
    at = x[low] + (x[high] - x[low]) * min(max(share, 0.0), 1.0)
    column = min(max(int((at - frame[0]) * frame[3] + 0.5), 0), columns)
    while column > 0 and _right(x, y, low, high, column - 1, level, frame, sign):
        column -= 1
    while column < columns and not _right(x, y, low, high, column, level, frame, sign):
        column += 1
    return column


@compiled
def _right(x, y, low, high, column, level, frame, sign):
    centre = frame[0] + (column + 0.5) * frame[2]
    return moved_side(x[low], y[low], x[high], y[high], centre, level, sign) < 0


@compiled
def centre_faces(events_first, events, owner, twin, columns, rows):
    """Return which polygons hold every cell's centre: one, none (-1), or -2 - n for a list.

    A list at n of `several` is a count and as many rows of polygons.
    """
    face = np.full(columns * rows, NOBODY, dtype=np.int32)
    several, used = np.empty(64, dtype=np.int32), 0
    inside, size = np.empty(16, dtype=np.int32), 0
    for row in range(rows):
        size = 0
        for column in range(columns):
            cell = row * columns + column
            for n in range(events_first[cell], events_first[cell + 1]):
                k = events[n]
                inside, size = toggled(inside, size, owner[k])
                if twin[k] >= 0:
                    inside, size = toggled(inside, size, owner[twin[k]])
            if size == 1:
                face[cell] = inside[0]
            elif size > 1:
                while used + size + 1 > len(several):
                    more = np.empty(2 * len(several), dtype=np.int32)
                    more[:used] = several[:used]
                    several = more
                face[cell] = -2 - used
                several[used] = size
                several[used + 1 : used + 1 + size] = inside[:size]
                used += size + 1
    return face, several[:used].copy()


@compiled
def toggled(inside, size, one):
    """Put a polygon into a list, or take it out; return the list and its size."""
    for n in range(size):
        if inside[n] == one:
            inside[n] = inside[size - 1]
            return inside, size - 1
    if size == len(inside):
        more = np.empty(2 * size, dtype=np.int32)
        more[:size] = inside[:size]
        inside = more
    inside[size] = one
    return inside, size + 1
