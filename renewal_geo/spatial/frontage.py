"""Who faces whom: rays from every boundary along its outward normal, in compiled loops.

Every boundary segment is cut into equal pieces of at most :data:`SAMPLE_M`; from the middle of each a
ray goes out along the normal. Midpoints never fall on a vertex, so corners need no special case, and
the result does not depend on where a ring starts or which way it was drawn.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from renewal_geo.foundation.compiled import compiled

SAMPLE_M = 0.5
SELF_CLEARANCE_M = 1e-7  # a ray leaves its own segment before it can meet its parcel again
BARRIER_CLEARANCE_M = 1e-3  # a cut edge and the barrier that cut it differ by rounding only
CLOSED_M = 1e-6  # distances equal to a limit are within it
MOST_NEIGHBOURS = 8  # parcels within the edge tolerance of one point
BARRIER = -1
CELL_TARGET_M = 20.0
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Facing:
    """Lengths by ordered pair: `source` faces `target` over `length`, of which `edge` at distance 0."""

    source: Ints
    target: Ints
    length: Floats
    edge: Floats


@dataclass(frozen=True, slots=True)
class Segments:
    """Directed segments with the interior on their left; `owner` is a parcel or BARRIER."""

    start: Floats
    end: Floats
    owner: Ints


def segments_of(polygons: Any, owners: Ints) -> Segments:
    """Return the boundary segments of polygons, exteriors counter-clockwise, holes clockwise.

    Parameters
    ----------
    polygons
        n valid Polygons or MultiPolygons, in metres; None and empty give none.
    owners
        Length n, the number that each polygon's segments bear.
    """
    parts, part_of = shapely.get_parts(np.asarray(polygons, dtype=object), return_index=True)
    parts = shapely.orient_polygons(parts) if len(parts) else parts
    rings, ring_part = shapely.get_rings(parts, return_index=True)
    points, ring_of = shapely.get_coordinates(rings, return_index=True)
    if not len(points):
        empty = np.empty((0, 2))
        return Segments(empty, empty, np.empty(0, dtype=np.int64))
    same = ring_of[1:] == ring_of[:-1]
    moved = (points[1:] != points[:-1]).any(axis=1)
    kept = same & moved
    owner = np.asarray(owners, dtype=np.int64)[part_of[ring_part[ring_of[:-1][kept]]]]
    return Segments(points[:-1][kept], points[1:][kept], owner)


@dataclass(frozen=True, slots=True)
class Covers:
    """Polygons that overlap parcels widely: parcel `owner[k]` lies under `polygons[cover[k]]`."""

    owner: Ints
    cover: Ints
    polygons: NDArray[np.object_]


def facing(
    sources: Segments,
    targets: Segments,
    *,
    gap_max_m: float,
    edge_tolerance_m: float,
    covers: Covers | None = None,
    workers: int = 2,
) -> Facing:
    """Measure over which lengths every source parcel faces every target parcel.

    Parameters
    ----------
    sources
        Segments of parcels, grouped by owner.
    targets
        Segments of parcels and barriers that rays may meet; a parcel in both bears one number.
    gap_max_m
        Reach of a ray, metres.
    edge_tolerance_m
        A target boundary this close to a point, on either side, is at distance 0.
    covers
        Wide overlaps; a point deeper than the edge tolerance inside one faces nothing.
    workers
        Threads; the result does not depend on their number.

    Returns
    -------
    Facing
        Lengths in metres, sorted by source and target.
    """
    if not len(sources.owner) or not len(targets.owner):
        none = np.empty(0, dtype=np.int64)
        return Facing(none, none, np.empty(0), np.empty(0))
    reach = max(gap_max_m, edge_tolerance_m)
    # rays begin behind their point: all of them must begin inside the grid
    origin = np.minimum(sources.start.min(axis=0), targets.start.min(axis=0)) - reach - 1.0
    a, b = targets.start - origin, targets.end - origin
    corner = np.maximum((sources.start - origin).max(axis=0), b.max(axis=0)) + reach + 1.0
    cell = max(CELL_TARGET_M, float(np.sqrt(corner[0] * corner[1] / 4e6)))
    columns, rows = int(corner[0] / cell) + 2, int(corner[1] / cell) + 2
    counts = _fill(a, b, cell, columns, rows, np.zeros(0, np.int64), np.zeros(0, np.int64), 0)
    first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    members = np.empty(int(first[-1]), dtype=np.int64)
    _fill(a, b, cell, columns, rows, first[:-1].copy(), members, 1)
    order = np.argsort(sources.owner, kind="stable")
    start, end = (sources.start - origin)[order], (sources.end - origin)[order]
    owner = sources.owner[order]
    lid, under = _covered(
        Segments(sources.start[order], sources.end[order], owner), covers, edge_tolerance_m
    )
    edges = np.linspace(0, len(owner), max(1, workers) * 4 + 1).astype(int)
    spans = [(int(p), int(q)) for p, q in pairwise(edges) if q > p]

    def one(span: tuple[int, int]) -> Any:
        p, q = span
        return _cast(
            start[p:q],
            end[p:q],
            owner[p:q],
            lid[p:q],
            under,
            a,
            b,
            targets.owner,
            first,
            members,
            cell,
            columns,
            rows,
            float(gap_max_m),
            float(edge_tolerance_m),
        )

    with ThreadPoolExecutor(max(1, workers)) as pool:
        found = list(pool.map(one, spans))
    return _summed([np.concatenate(column) for column in zip(*found, strict=True)])


def _covered(
    segments: Segments, covers: Covers | None, tolerance: float
) -> tuple[Ints, NDArray[np.bool_]]:
    """Tell of every piece whether it lies under a cover: from `lid[segment]` on, -1 where none can."""
    lid = np.full(len(segments.owner), -1, dtype=np.int64)
    if covers is None or not len(covers.owner):
        return lid, np.zeros(0, dtype=bool)
    rows = np.flatnonzero(np.isin(segments.owner, covers.owner))
    start, along = segments.start[rows], (segments.end - segments.start)[rows]
    pieces = np.maximum(1, np.ceil(np.hypot(*along.T) / SAMPLE_M - 1e-9)).astype(np.int64)
    first = np.concatenate([[0], np.cumsum(pieces)])
    lid[rows] = first[:-1]
    of = np.repeat(np.arange(len(rows)), pieces)
    share = (np.arange(first[-1]) - first[of] + 0.5) / pieces[of]
    points = shapely.points(start[of] + along[of] * share[:, None])
    inner = shapely.buffer(covers.polygons, -tolerance, join_style="mitre")
    cover, point = shapely.STRtree(points).query(inner, predicate="contains")
    n = len(covers.polygons)
    named = np.isin(segments.owner[rows[of[point]]] * n + cover, covers.owner * n + covers.cover)
    under = np.zeros(len(points), dtype=bool)
    under[point[named]] = True
    return lid, under


def _summed(columns: list[Any]) -> Facing:
    source, target, length, edge = columns
    pairs, place = np.unique(np.stack([source, target], axis=1), axis=0, return_inverse=True)
    place = place.ravel()
    total = np.bincount(place, length, minlength=len(pairs))
    zero = np.bincount(place, edge, minlength=len(pairs))
    return Facing(pairs[:, 0], pairs[:, 1], total, zero)  # type: ignore[arg-type]


@compiled
def _fill(a, b, cell, columns, rows, cursor, members, store):
    """Count the segments of every grid cell, or store them where `store` is 1."""
    counts = np.zeros(columns * rows, dtype=np.int64)
    for s in range(a.shape[0]):
        x0, y0, x1, y1 = a[s, 0], a[s, 1], b[s, 0], b[s, 1]
        if x0 > x1:
            x0, y0, x1, y1 = x1, y1, x0, y0
        low = max(0, int((x0 - 1e-6) / cell))
        high = min(columns - 1, int((x1 + 1e-6) / cell))
        for column in range(low, high + 1):
            left = max(x0, column * cell)
            right = min(x1, (column + 1) * cell)
            if x1 - x0 < 1e-9:
                ya, yb = y0, y1
            else:
                ya = y0 + (y1 - y0) * (left - x0) / (x1 - x0)
                yb = y0 + (y1 - y0) * (right - x0) / (x1 - x0)
            bottom = max(0, int((min(ya, yb) - 1e-6) / cell))
            top = min(rows - 1, int((max(ya, yb) + 1e-6) / cell))
            for row in range(bottom, top + 1):
                place = row * columns + column
                if store == 1:
                    members[cursor[place]] = s
                    cursor[place] += 1
                counts[place] += 1
    return counts


@compiled
def _cast(
    start, end, owner, lid, under, a, b, target, first, members, cell, columns, rows, gap, tol
):
    """Cast the rays of consecutive segments; return rows (source, target, length, edge)."""
    capacity = 1024
    out_source = np.empty(capacity, dtype=np.int64)
    out_target = np.empty(capacity, dtype=np.int64)
    out_length = np.empty(capacity)
    out_edge = np.empty(capacity)
    used = 0
    near = np.empty(MOST_NEIGHBOURS, dtype=np.int64)
    near_t = np.empty(MOST_NEIGHBOURS)
    reach = max(gap, tol)
    begun = 0  # first output row of the current source parcel
    for s in range(start.shape[0]):
        if s == 0 or owner[s] != owner[s - 1]:
            begun = used
        i = owner[s]
        dx, dy = end[s, 0] - start[s, 0], end[s, 1] - start[s, 1]
        long = np.sqrt(dx * dx + dy * dy)
        pieces = max(1, int(np.ceil(long / SAMPLE_M - 1e-9)))
        nx, ny = dy / long, -dx / long  # interior lies to the left, so outward is right
        piece = long / pieces
        for k in range(pieces):
            if lid[s] >= 0 and under[lid[s] + k]:
                continue
            share = (k + 0.5) / pieces
            px, py = start[s, 0] + dx * share, start[s, 1] + dy * share
            best, best_t, best_entering = -2, reach + CLOSED_M, True
            nears = 0
            barrier_ahead, barrier_behind = 1e18, -1e18
            ox, oy = px - nx * tol, py - ny * tol  # the walk begins inside, for overlaps
            column, row = int(ox / cell), int(oy / cell)
            step_x = 1 if nx > 0 else -1
            step_y = 1 if ny > 0 else -1
            next_x = ((column + (1 if nx > 0 else 0)) * cell - ox) / nx if nx != 0 else 1e18
            next_y = ((row + (1 if ny > 0 else 0)) * cell - oy) / ny if ny != 0 else 1e18
            delta_x = abs(cell / nx) if nx != 0 else 1e18
            delta_y = abs(cell / ny) if ny != 0 else 1e18
            while True:
                if 0 <= column < columns and 0 <= row < rows:
                    place = row * columns + column
                    for m in range(first[place], first[place + 1]):
                        q = members[m]
                        ex, ey = b[q, 0] - a[q, 0], b[q, 1] - a[q, 1]
                        cross = nx * ey - ny * ex
                        if cross == 0.0:
                            continue
                        wx, wy = a[q, 0] - px, a[q, 1] - py
                        u = (wx * ny - wy * nx) / cross
                        if u < -1e-9 or u > 1.0 + 1e-9:
                            continue
                        t = (wx * ey - wy * ex) / cross
                        if t < -tol - CLOSED_M or t > reach + CLOSED_M:
                            continue
                        j = target[q]
                        if j == BARRIER:
                            if t >= -BARRIER_CLEARANCE_M:
                                barrier_ahead = min(barrier_ahead, t)
                            else:
                                barrier_behind = max(barrier_behind, t)
                            continue
                        if j == i:
                            if t > SELF_CLEARANCE_M and t < best_t:
                                best, best_t, best_entering = i, t, True
                            continue
                        # cross < 0: the ray runs against the target's outward normal, into it
                        if cross > 0 and t <= tol + CLOSED_M:
                            continue
                        if abs(t) <= tol + CLOSED_M:
                            seen = False
                            for z in range(nears):
                                if near[z] == j:
                                    seen = True
                                    if abs(t) < abs(near_t[z]):
                                        near_t[z] = t
                            if not seen and nears < MOST_NEIGHBOURS:
                                near[nears] = j
                                near_t[nears] = t
                                nears += 1
                        if t > -CLOSED_M and (t < best_t or (t == best_t and j < best)):
                            best, best_t, best_entering = j, t, cross < 0
                done = min(next_x, next_y) - tol
                if done > reach + CLOSED_M or (done > tol and best_t + 0.01 <= done):
                    break
                if next_x < next_y:
                    column += step_x
                    next_x += delta_x
                else:
                    row += step_y
                    next_y += delta_y
            faced_near = False
            for z in range(nears):
                t = near_t[z]
                if t >= 0 and barrier_ahead <= t + BARRIER_CLEARANCE_M:
                    continue
                if t < 0 and barrier_behind >= t - BARRIER_CLEARANCE_M:
                    continue
                faced_near = True
                used, out_source, out_target, out_length, out_edge = _add(
                    i,
                    near[z],
                    piece,
                    piece,
                    begun,
                    used,
                    out_source,
                    out_target,
                    out_length,
                    out_edge,
                )
            if faced_near or best < 0 or best == i:
                continue
            if barrier_ahead <= best_t + BARRIER_CLEARANCE_M:
                continue
            # a ray that leaves the target began inside it: an overlap, which faces nothing
            if best_entering and best_t <= gap + CLOSED_M:
                used, out_source, out_target, out_length, out_edge = _add(
                    i,
                    best,
                    piece,
                    0.0,
                    begun,
                    used,
                    out_source,
                    out_target,
                    out_length,
                    out_edge,
                )
    return out_source[:used], out_target[:used], out_length[:used], out_edge[:used]


@compiled
def _add(i, j, length, edge, begun, used, sources, targets, lengths, edges):
    """Add a length to the row of (i, j), made where it is missing; grow the rows where full."""
    for r in range(begun, used):
        if targets[r] == j:
            lengths[r] += length
            edges[r] += edge
            return used, sources, targets, lengths, edges
    if used == sources.shape[0]:
        sources = np.concatenate((sources, np.empty_like(sources)))
        targets = np.concatenate((targets, np.empty_like(targets)))
        lengths = np.concatenate((lengths, np.empty_like(lengths)))
        edges = np.concatenate((edges, np.empty_like(edges)))
    sources[used], targets[used] = i, j
    lengths[used], edges[used] = length, edge
    return used + 1, sources, targets, lengths, edges
