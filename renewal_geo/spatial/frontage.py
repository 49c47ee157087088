"""Who faces whom: the exact lengths over which boundaries see each other, in compiled loops.

Every boundary segment looks out along its normal. The segments in front of it are taken into its own
frame (x along it, y outward), where each throws a shadow on an interval of x. A sweep over the ends of
these intervals keeps the few that lie over one another; between two ends they are straight lines, so
all that can change there is their order and on which side of a limit they run. Those places are
computed, and between them one ray through the middle answers for all. The result therefore does not
depend on where a ring starts, which way it was drawn or how densely, and has no sampling error.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from renewal_geo.foundation.compiled import compiled
from renewal_geo.spatial.boundaries import Segments
from renewal_geo.spatial.overlap import Covers, hidden

SELF_CLEARANCE_M = 1e-7  # a ray leaves its own segment before it can meet its parcel again
BARRIER_CLEARANCE_M = 1e-3  # a cut edge and the barrier that cut it differ by rounding only
CLOSED_M = 1e-6  # distances equal to a limit are within it
SHORTEST_M = 1e-9  # shadows shorter than this are rounding
CHUNK_M = 64.0  # longer segments look out chunk by chunk, so that few others are in view
BARRIER = -1
CELL_TARGET_M = 20.0
MOST_CELLS = 4e6
SPAN = 2048  # segments per task: fixed, so that sums do not depend on the number of workers
WORKERS = 2
OWN, WALL, ENTERED, LEFT = 0, 1, 2, 3
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Facing:
    """Lengths by ordered pair: `source` faces `target` over `length`, of which `edge` at distance 0.

    Rows are sorted by source and target; metres. `walled` are the sources, ascending, with a barrier
    in view: the barriers have no say in the rows of any other.
    """

    source: Ints
    target: Ints
    length: Floats
    edge: Floats
    walled: Ints


def facing(
    sources: Segments,
    targets: Segments,
    *,
    gap_max_m: float,
    edge_tolerance_m: float,
    covers: Covers | None = None,
    workers: int = WORKERS,
) -> Facing:
    """Measure over which lengths every source parcel faces every target parcel.

    Parameters
    ----------
    sources
        Segments of parcels.
    targets
        Segments of parcels and barriers that may lie in front; a parcel in both bears one number.
    gap_max_m
        How far a source sees, metres.
    edge_tolerance_m
        A target boundary this close to a point, on either side, is at distance 0.
    covers
        Wide overlaps; a point deeper than the edge tolerance inside one faces nothing.
    workers
        Threads; the result does not depend on their number.

    Returns
    -------
    Facing
        Exact lengths in metres, sorted by source and target.
    """
    if not len(sources.owner) or not len(targets.owner):
        none = np.empty(0, dtype=np.int64)
        return Facing(none, none, np.empty(0), np.empty(0), none)
    order = np.argsort(sources.owner, kind="stable")
    owner = sources.owner[order]
    ordered = Segments(sources.start[order], sources.end[order], owner)
    # all of a view must lie inside the grid
    margin = max(gap_max_m, edge_tolerance_m) + 1.0
    corners = (ordered.start, ordered.end, targets.start, targets.end)
    # column by column: numpy is slow along the long axis of a narrow array
    origin = np.array([min(corner[:, k].min() for corner in corners) for k in (0, 1)]) - margin
    farthest = np.array([max(corner[:, k].max() for corner in corners) for k in (0, 1)])
    extent = farthest - origin + margin
    start, end = ordered.start - origin, ordered.end - origin
    a, b = targets.start - origin, targets.end - origin
    cell = max(CELL_TARGET_M, float(np.sqrt(extent[0] * extent[1] / MOST_CELLS)))
    columns, rows = int(extent[0] / cell) + 2, int(extent[1] / cell) + 2
    none = np.zeros(0, np.int64)
    counts = _fill(a, b, cell, columns, rows, none, none, 0)
    first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    members = np.empty(int(first[-1]), dtype=np.int64)
    _fill(a, b, cell, columns, rows, first[:-1].copy(), members, 1)
    under = hidden(ordered, covers, edge_tolerance_m)
    walled = np.zeros(int(owner[-1]) + 1, dtype=np.bool_)

    def one(span: tuple[int, int]) -> Any:
        return _face(
            *span,
            start,
            end,
            owner,
            under.first,
            under.low,
            under.high,
            a,
            b,
            targets.owner,
            first,
            members,
            cell,
            columns,
            float(gap_max_m),
            float(edge_tolerance_m),
            walled,
        )

    with ThreadPoolExecutor(max(1, workers)) as pool:
        found = list(pool.map(one, _spans(owner)))
    source, target, length, edge = (np.concatenate(column) for column in zip(*found, strict=True))
    rank = np.lexsort((target, source))
    return Facing(
        source[rank],
        target[rank],
        length[rank],
        edge[rank],
        np.flatnonzero(walled).astype(np.int64),
    )


def replaced(old: Facing, sources: NDArray[np.bool_], new: Facing) -> Facing:
    """Return `old` with all rows of the parcels at which `sources` is True taken from `new`."""
    stands = ~sources[old.source]
    return Facing(
        np.concatenate([old.source[stands], new.source]),
        np.concatenate([old.target[stands], new.target]),
        np.concatenate([old.length[stands], new.length]),
        np.concatenate([old.edge[stands], new.edge]),
        new.walled,
    )


def _spans(owner: Ints) -> list[tuple[int, int]]:
    """Cut the segments into spans that never part the segments of one parcel."""
    heads = np.flatnonzero(np.diff(owner, prepend=owner[0] - 1))
    wanted = np.arange(0, len(owner), SPAN)
    edges = np.unique(heads[np.searchsorted(heads, wanted, side="right") - 1])
    return list(zip(edges.tolist(), [*edges[1:].tolist(), len(owner)], strict=True))


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
def _face(
    begin,
    stop,
    start,
    end,
    owner,
    under_first,
    under_low,
    under_high,
    a,
    b,
    target,
    first,
    members,
    cell,
    columns,
    gap,
    tol,
    walled,
):
    """Let the segments from `begin` to `stop` look out; return rows (source, target, length, edge)."""
    sources, targets = np.empty(256, dtype=np.int64), np.empty(256, dtype=np.int64)
    lengths, edges = np.empty(256), np.empty(256)
    used = 0
    own = 0  # first output row of the current source parcel
    reach = max(gap, tol)
    close = min(tol + 2 * BARRIER_CLEARANCE_M, reach)
    levels = np.array(
        [
            -tol - CLOSED_M,
            -BARRIER_CLEARANCE_M,
            -CLOSED_M,
            0.0,
            SELF_CLEARANCE_M,
            tol + CLOSED_M,
            gap + CLOSED_M,
            reach + CLOSED_M,
        ]
    )
    stamp = np.full(target.shape[0], -1, dtype=np.int32)
    view = 0  # number of the chunk that looks out
    room = 64
    shape, who, kind = np.empty((room, 4)), np.empty(room, np.int64), np.empty(room, np.int64)
    order, active = np.empty(room, np.int64), np.empty(room, np.int64)
    y, parts = np.empty((room, 2)), np.empty(room)
    met, met_kind, near = (
        np.empty(room, np.int64),
        np.empty(room, np.int64),
        np.empty(room, np.int64),
    )
    cuts = np.empty(room)
    for s in range(begin, stop):
        i = owner[s]
        if s == begin or i != owner[s - 1]:
            own = used
        dx, dy = end[s, 0] - start[s, 0], end[s, 1] - start[s, 1]
        long = np.sqrt(dx * dx + dy * dy)
        dx, dy = dx / long, dy / long
        chunks = max(1, int(np.ceil(long / CHUNK_M - 1e-9)))
        size = long / chunks
        for c in range(chunks):
            px, py = start[s, 0] + dx * size * c, start[s, 1] + dy * size * c
            count = 0
            # most boundaries touch a neighbour all along: then nothing farther has a say
            for sight in (close, reach):
                # the interior lies to the left of (dx, dy), so the outward normal is (dy, -dx)
                x0 = min(px, px + dx * size) + min(-dy * tol, dy * sight) - 1e-5
                x1 = max(px, px + dx * size) + max(-dy * tol, dy * sight) + 1e-5
                y0 = min(py, py + dy * size) + min(dx * tol, -dx * sight) - 1e-5
                y1 = max(py, py + dy * size) + max(dx * tol, -dx * sight) + 1e-5
                left, right = int(x0 / cell), int(x1 / cell)
                bottom, top = int(y0 / cell), int(y1 / cell)
                most = 0
                for row in range(bottom, top + 1):
                    place = row * columns
                    most += first[place + right + 1] - first[place + left]
                if most > room:
                    room = 2 * most
                    shape, who = np.empty((room, 4)), np.empty(room, np.int64)
                    kind, near = np.empty(room, np.int64), np.empty(room, np.int64)
                    order, active = np.empty(room, np.int64), np.empty(room, np.int64)
                    met, met_kind = np.empty(room, np.int64), np.empty(room, np.int64)
                    y = np.empty((room, 2))
                count = 0
                for row in range(bottom, top + 1):
                    place = row * columns
                    for m in range(first[place + left], first[place + right + 1]):
                        q = members[m]
                        if stamp[q] == view:
                            continue
                        stamp[q] = view
                        k = _seen(
                            q, i, px, py, dx, dy, size, a, b, target, sight, tol, shape, count
                        )
                        if k >= 0:
                            who[count], kind[count] = target[q], k
                            count += 1
                view += 1
                if _touched_all_along(shape, kind, count, size, tol):
                    break
            if count == 0:
                continue
            for m in range(count):
                if kind[m] == WALL:
                    walled[i] = True
            _order(order, shape, count)
            cuts, ends = _cuts(
                cuts, shape, count, size, s, c * size, under_first, under_low, under_high
            )
            following, actives = 0, 0
            for e in range(ends - 1):
                low, high = cuts[e], cuts[e + 1]
                if high - low <= SHORTEST_M:
                    continue
                middle = (low + high) / 2
                while following < count and shape[order[following], 0] < middle:
                    active[actives] = order[following]
                    actives += 1
                    following += 1
                left_over = 0
                for m in range(actives):
                    if shape[active[m], 2] > middle:
                        active[left_over] = active[m]
                        left_over += 1
                actives = left_over
                if actives == 0 or _is_hidden(
                    s, c * size + middle, under_first, under_low, under_high
                ):
                    continue
                for m in range(actives):
                    r = active[m]
                    slope = (shape[r, 3] - shape[r, 1]) / (shape[r, 2] - shape[r, 0])
                    y[m, 0] = shape[r, 1] + (low - shape[r, 0]) * slope
                    y[m, 1] = shape[r, 1] + (high - shape[r, 0]) * slope
                    met[m], met_kind[m] = who[r], kind[r]
                stacked = _foremost(y, met, met_kind, actives, tol)
                parts, turns = _turns(parts, y, met_kind, stacked, levels)
                for f in range(turns - 1):
                    share = parts[f + 1] - parts[f]
                    if share <= 0.0:
                        continue
                    at = (parts[f] + parts[f + 1]) / 2
                    nears, far = _ray(at, y, met, met_kind, stacked, gap, tol, near)
                    piece = (high - low) * share
                    for z in range(nears):
                        used, sources, targets, lengths, edges = _add(
                            i, near[z], piece, piece, own, used, sources, targets, lengths, edges
                        )
                    if nears == 0 and far >= 0:
                        used, sources, targets, lengths, edges = _add(
                            i, far, piece, 0.0, own, used, sources, targets, lengths, edges
                        )
    return sources[:used], targets[:used], lengths[:used], edges[:used]


@compiled
def _touched_all_along(shape, kind, count, size, tol):
    """Tell whether one neighbour within the tolerance spans the whole chunk, and no barrier is by."""
    touched = False
    for m in range(count):
        if kind[m] == WALL:
            return False
        if (
            kind[m] == ENTERED
            and shape[m, 0] <= SHORTEST_M
            and shape[m, 2] >= size - SHORTEST_M
            and max(abs(shape[m, 1]), abs(shape[m, 3])) <= tol
        ):
            touched = True
    return touched


@compiled
def _sort(values, count):
    """Sort the first `count` values, in place and without a copy where they are few."""
    if count > 64:
        values[:count].sort()
        return
    for m in range(1, count):
        value = values[m]
        z = m
        while z > 0 and values[z - 1] > value:
            values[z] = values[z - 1]
            z -= 1
        values[z] = value


@compiled
def _seen(q, i, px, py, dx, dy, size, a, b, target, reach, tol, shape, count):
    """Put segment q into the frame of the chunk; return its kind, or -1 where no ray can meet it.

    Stored are x and y of its left end, then of its right end.
    """
    wx, wy, vx, vy = a[q, 0] - px, a[q, 1] - py, b[q, 0] - px, b[q, 1] - py
    xa, xb = wx * dx + wy * dy, vx * dx + vy * dy
    if max(xa, xb) <= SHORTEST_M or min(xa, xb) >= size - SHORTEST_M:
        return -1
    if abs(xb - xa) <= SHORTEST_M:
        return -1
    ya, yb = wx * dy - wy * dx, vx * dy - vy * dx
    above, below = max(ya, yb), min(ya, yb)
    if above < -tol - CLOSED_M or below > reach + CLOSED_M:
        return -1
    j = target[q]
    # with the interior on its left, a segment that runs against us is entered, one with us is left
    kind = ENTERED if xb < xa else LEFT
    if j == BARRIER:
        kind = WALL
    elif j == i:
        kind = OWN
        if above <= SELF_CLEARANCE_M:
            return -1
    elif kind == LEFT and above <= tol + CLOSED_M:
        return -1
    if xa < xb:
        shape[count, 0], shape[count, 1], shape[count, 2], shape[count, 3] = xa, ya, xb, yb
    else:
        shape[count, 0], shape[count, 1], shape[count, 2], shape[count, 3] = xb, yb, xa, ya
    return kind


@compiled
def _order(order, shape, count):
    """Fill `order` with the shadows by where they begin, as :func:`_sort` would."""
    if count > 64:
        order[:count] = np.argsort(shape[:count, 0], kind="mergesort")
        return
    for m in range(count):
        z = m
        while z > 0 and shape[order[z - 1], 0] > shape[m, 0]:
            order[z] = order[z - 1]
            z -= 1
        order[z] = m


@compiled
def _cuts(cuts, shape, count, size, s, base, under_first, under_low, under_high):
    """Fill `cuts` with where on the chunk a shadow or a hidden stretch begins or ends, sorted."""
    p, q = under_first[s], under_first[s + 1]
    if 2 * (count + q - p) + 2 > cuts.shape[0]:
        cuts = np.empty(4 * (count + q - p) + 2)
    cuts[0], cuts[1] = 0.0, size
    used = 2
    for r in range(count):
        for place in (shape[r, 0], shape[r, 2]):
            if SHORTEST_M < place < size - SHORTEST_M:
                cuts[used] = place
                used += 1
    for r in range(p, q):
        for place in (under_low[r] - base, under_high[r] - base):
            if SHORTEST_M < place < size - SHORTEST_M:
                cuts[used] = place
                used += 1
    _sort(cuts, used)
    return cuts, used


@compiled
def _is_hidden(s, x, under_first, under_low, under_high):
    """Tell whether the point at `x` of segment s lies under a cover."""
    found = False
    for r in range(under_first[s], under_first[s + 1]):
        found = found or under_low[r] < x < under_high[r]
    return found


@compiled
def _foremost(y, met, kind, count, tol):
    """Drop what lies whole behind a parcel that fills the interval; return how many stay."""
    ceiling = 1e18
    for m in range(count):
        lowest, highest = min(y[m, 0], y[m, 1]), max(y[m, 0], y[m, 1])
        if kind[m] == OWN:
            stops = lowest > SELF_CLEARANCE_M
        elif kind[m] == ENTERED:
            stops = lowest > -CLOSED_M
        else:
            stops = kind[m] == LEFT and lowest > tol + CLOSED_M
        if stops and highest < ceiling:
            ceiling = highest
    ceiling = max(ceiling + 2 * BARRIER_CLEARANCE_M, tol + 2 * BARRIER_CLEARANCE_M)
    stay = 0
    for m in range(count):
        if min(y[m, 0], y[m, 1]) <= ceiling:
            y[stay, 0], y[stay, 1] = y[m, 0], y[m, 1]
            met[stay], kind[stay] = met[m], kind[m]
            stay += 1
    return stay


@compiled
def _turns(parts, y, kind, count, levels):
    """Fill `parts` with where lines cross a limit or one another, with both ends, sorted in 0..1."""
    most = 2 + levels.shape[0] * count + count * count
    if most > parts.shape[0]:
        parts = np.empty(2 * most)
    parts[0], parts[1] = 0.0, 1.0
    used = 2
    for m in range(count):
        p, q = y[m, 0], y[m, 1]
        for level in levels:
            if (p - level) * (q - level) < 0:
                parts[used] = (level - p) / (q - p)
                used += 1
        for n in range(m):
            d0, d1 = p - y[n, 0], q - y[n, 1]
            if kind[m] == WALL or kind[n] == WALL:
                # a barrier has its say up to the clearance behind a boundary and before it
                for offset in (-BARRIER_CLEARANCE_M, BARRIER_CLEARANCE_M):
                    if (d0 - offset) * (d1 - offset) < 0:
                        parts[used] = (offset - d0) / (d1 - d0)
                        used += 1
            elif d0 * d1 < 0:
                parts[used] = -d0 / (d1 - d0)
                used += 1
    _sort(parts, used)
    return parts, used


@compiled
def _ray(at, y, met, kind, count, gap, tol, near):
    """Follow one ray: fill `near` with the parcels at distance 0; return their number and the far one.

    The far one is the parcel first met, or -1 where the ray meets none, its own, or a barrier first.
    """
    reach = max(gap, tol)
    nears = 0
    best, best_t, entered = -1, reach + CLOSED_M, False
    for m in range(count):
        t = y[m, 0] + (y[m, 1] - y[m, 0]) * at
        if kind[m] == WALL:
            continue
        if kind[m] == OWN:
            if t > SELF_CLEARANCE_M and t <= best_t:
                best, best_t, entered = -1, t, False
            continue
        if t < -tol - CLOSED_M or (kind[m] == LEFT and t <= tol + CLOSED_M):
            continue
        j = met[m]
        if t <= tol + CLOSED_M and not _barred(t, at, y, kind, count):
            seen = False
            for z in range(nears):
                seen = seen or near[z] == j
            if not seen:
                near[nears] = j
                nears += 1
        if t > -CLOSED_M and (t < best_t or (t == best_t and j < best)):
            best, best_t, entered = j, t, kind[m] == ENTERED
    # a ray that leaves the target began inside it: an overlap, which faces nothing
    if best >= 0 and (
        not entered or best_t > gap + CLOSED_M or _barred(best_t, at, y, kind, count)
    ):
        best = -1
    return nears, best


@compiled
def _barred(t, at, y, kind, count):
    """Tell whether a barrier lies between the point and the distance `t`."""
    for m in range(count):
        if kind[m] == WALL:
            wall = y[m, 0] + (y[m, 1] - y[m, 0]) * at
            if t >= 0 and -BARRIER_CLEARANCE_M <= wall <= t + BARRIER_CLEARANCE_M:
                return True
            if t < 0 and t - BARRIER_CLEARANCE_M <= wall < -BARRIER_CLEARANCE_M:
                return True
    return False


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
