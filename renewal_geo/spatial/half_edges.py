"""Compiled loops over the half-edges of a fabric: pairing, contacts, flooding, loops, spikes.

Half-edge k runs from corner k to corner k + 1 of its ring, the interior on its left. Whatever decides
about topology asks :func:`renewal_geo.spatial.predicates.side`, which is exact.
"""

from __future__ import annotations

import numpy as np

from renewal_geo.foundation.compiled import compiled
from renewal_geo.spatial.predicates import side

OPPOSITE = 0.995  # cosine: within 5.7 degrees
STRIDE_I, STRIDE_J = 73856093, 19349663  # primes that scatter the cells of a grid over a table


@compiled
def corners_of(start, count):
    """Return for every corner the one before it, and the first corner of the ring that it repeats."""
    before, same = np.empty(count, dtype=np.int32), np.empty(count, dtype=np.int32)
    for r in range(len(start) - 1):
        low, high = start[r], start[r + 1]
        for k in range(low, high):
            before[k], same[k] = k - 1, k
        before[low], same[high - 1] = high - 2, low
    return before, same


@compiled
def paired(x, y, owner, last, taken, slot, table_size):
    """Pair half-edges that run opposite ways between the same corners.

    Returns the twin of each half-edge (-1 for none); the pairs of owners whose half-edges run the same
    way between the same corners, once per such edge; and which half-edges do.
    """
    head = np.full(table_size, -1, dtype=np.int32)
    following = np.empty(len(x), dtype=np.int32)
    twin = np.full(len(x), -1, dtype=np.int32)
    stacked, piles = np.empty((64, 2), dtype=np.int64), 0
    piled = np.zeros(len(x), dtype=np.bool_)
    for e in range(len(x) - 1):
        if last[e] or not taken[owner[e]]:
            continue
        f = head[slot[e]]
        while f >= 0:
            if x[f] == x[e + 1] and y[f] == y[e + 1] and x[f + 1] == x[e] and y[f + 1] == y[e]:
                if twin[f] < 0 and twin[e] < 0 and owner[e] != owner[f]:
                    twin[e], twin[f] = f, e
            elif x[f] == x[e] and y[f] == y[e] and x[f + 1] == x[e + 1] and y[f + 1] == y[e + 1]:
                if piles == len(stacked):
                    more = np.empty((2 * piles, 2), dtype=np.int64)
                    more[:piles] = stacked
                    stacked = more
                stacked[piles, 0], stacked[piles, 1] = owner[f], owner[e]
                piled[e] = piled[f] = True
                piles += 1
            f = following[f]
        following[e] = head[slot[e]]
        head[slot[e]] = e
    return twin, stacked[:piles].copy(), piled


@compiled
def _grown(table, used):
    if used < len(table):
        return table
    more = np.empty((2 * len(table), table.shape[1]), dtype=table.dtype)
    more[: len(table)] = table
    return more


@compiled
def _reach(ax, ay, bx, by, low, high):
    """Return the least and the greatest x of a segment between two levels of y."""
    if ay > by:
        ax, ay, bx, by = bx, by, ax, ay
    left, right = ax, bx
    if ay < low:
        left = ax + (bx - ax) * (low - ay) / (by - ay)
    if by > high:
        right = ax + (bx - ax) * (high - ay) / (by - ay)
    return min(left, right), max(left, right)


@compiled
def contacts(
    x, y, owner, before, same, unpaired, paired_once, twin, frame, tolerance, reach, table_size
):
    """Find where unpaired half-edges meet others, on a grid of which only the used cells exist.

    Returns
    -------
    tuple
        Pairs of owners whose interiors overlap for certain; pairs (corner, half-edge): the corner lies
        within `tolerance` of the inside of another owner's unpaired half-edge; pairs of half-edges that
        run opposite ways and whose boxes are at most `reach` apart.
    """
    x0, y0, cell = frame[0], frame[1], frame[2]
    head = np.full(table_size, -1, dtype=np.int32)
    entries, used = np.empty((max(2 * len(unpaired), 64), 4), dtype=np.int32), 0
    pairs, found = np.empty((256, 2), dtype=np.int64), 0
    touches, touched = np.empty((256, 2), dtype=np.int64), 0
    across, crossed = np.empty((256, 2), dtype=np.int64), 0
    total = len(unpaired) + len(paired_once)
    for n in range(total):
        is_unpaired = n < len(unpaired)
        e = unpaired[n] if is_unpaired else paired_once[n - len(unpaired)]
        pad = reach if is_unpaired else 0.0
        ax, ay, bx, by = x[e], y[e], x[e + 1], y[e + 1]
        west, east = min(ax, bx) - pad, max(ax, bx) + pad
        south, north = min(ay, by) - pad, max(ay, by) + pad
        bottom, top = int(np.floor((south - y0) / cell)), int(np.floor((north - y0) / cell))
        for j in range(bottom, top + 1):
            left, right = west, east
            if top > bottom:
                low = y0 + j * cell - 2 * pad - 1e-6 * cell
                high = y0 + (j + 1) * cell + 2 * pad + 1e-6 * cell
                left, right = _reach(ax, ay, bx, by, low, high)
                left, right = max(west, left - 2 * pad), min(east, right + 2 * pad)
            first = int(np.floor((left - x0) / cell - 1e-9))
            for i in range(first, int(np.floor((right - x0) / cell + 1e-9)) + 1):
                slot = (i * STRIDE_I ^ j * STRIDE_J) & (table_size - 1)
                a = head[slot]
                while a >= 0:
                    if entries[a, 0] == i and entries[a, 1] == j:
                        f = entries[a, 2]
                        if (
                            min(x[f], x[f + 1]) <= east
                            and max(x[f], x[f + 1]) >= west
                            and min(y[f], y[f + 1]) <= north
                            and max(y[f], y[f + 1]) >= south
                        ):
                            pairs = _grown(pairs, found + 1)
                            if is_unpaired:
                                if owner[f] != owner[e]:
                                    if _opposite(x, y, e, f):
                                        across = _grown(across, crossed)
                                        across[crossed, 0], across[crossed, 1] = e, f
                                        crossed += 1
                                    if enters(x, y, before, same, e, f, True) or enters(
                                        x, y, before, same, f, e, False
                                    ):
                                        pairs[found, 0], pairs[found, 1] = owner[e], owner[f]
                                        found += 1
                                    for turn in range(4):
                                        v, g = e, f
                                        if turn >= 2:
                                            v, g = f, e
                                        v = same[v + (turn & 1)]
                                        if _inside_of(x, y, v, g, tolerance):
                                            touches = _grown(touches, touched)
                                            touches[touched, 0], touches[touched, 1] = v, g
                                            touched += 1
                            else:
                                t = twin[e]
                                crossing = enters(x, y, before, same, e, f, False)
                                for g in (e, t):
                                    if owner[g] != owner[f] and (
                                        crossing or enters(x, y, before, same, f, g, True)
                                    ):
                                        pairs[found, 0], pairs[found, 1] = owner[g], owner[f]
                                        found += 1
                    a = entries[a, 3]
                if is_unpaired:
                    entries = _grown(entries, used)
                    entries[used, 0], entries[used, 1], entries[used, 2] = i, j, e
                    entries[used, 3] = head[slot]
                    head[slot] = used
                    used += 1
    return pairs[:found].copy(), touches[:touched].copy(), across[:crossed].copy()


@compiled
def _opposite(x, y, e, f):
    """Say whether two half-edges without a common corner run opposite ways."""
    if (x[e] == x[f + 1] and y[e] == y[f + 1]) or (x[f] == x[e + 1] and y[f] == y[e + 1]):
        return False
    dx, dy = x[e + 1] - x[e], y[e + 1] - y[e]
    gx, gy = x[f + 1] - x[f], y[f + 1] - y[f]
    dot = dx * gx + dy * gy
    lengths = (dx * dx + dy * dy) * (gx * gx + gy * gy)
    return dot < 0.0 and dot * dot >= OPPOSITE * OPPOSITE * lengths


@compiled
def _inside_of(x, y, v, f, tolerance):
    """Say whether a corner lies by the inside of a half-edge, away from its ends."""
    dx, dy = x[f + 1] - x[f], y[f + 1] - y[f]
    px, py = x[v] - x[f], y[v] - y[f]
    long = np.sqrt(dx * dx + dy * dy)
    along = (px * dx + py * dy) / long
    if along <= 0.0 or along >= long or abs(px * dy - py * dx) > tolerance * long:
        return False
    clear = 4.0 * tolerance * tolerance
    qx, qy = x[v] - x[f + 1], y[v] - y[f + 1]
    return px * px + py * py > clear and qx * qx + qy * qy > clear


@compiled
def enters(x, y, before, same, e, f, along):
    """Say whether half-edge e runs into the interior of f's polygon where it meets f.

    Then ground on both sides of e belongs to f's polygon. With `along` also where the two run the
    same way on one line: then the ground on the left of both does.
    """
    ax, ay, bx, by = x[e], y[e], x[e + 1], y[e + 1]
    px, py, qx, qy = x[f], y[f], x[f + 1], y[f + 1]
    a, b = side(px, py, qx, qy, ax, ay), side(px, py, qx, qy, bx, by)
    if a * b > 0:
        return False
    p, q = side(ax, ay, bx, by, px, py), side(ax, ay, bx, by, qx, qy)
    if p * q > 0:
        return False
    if a * b < 0 and p * q < 0:
        return True
    if a == 0 and b == 0 and _runs_along(ax, ay, bx, by, px, py, qx, qy, 1.0):
        return along
    if a == 0 and p * q < 0:
        return b > 0
    if b == 0 and p * q < 0:
        return a > 0
    return _turns_in(x, y, before, same, f, ax, ay, bx, by)


@compiled
def _runs_along(ax, ay, bx, by, px, py, qx, qy, sign):
    """Say whether two segments of one line have a length in common: the same way for `sign` 1."""
    dx, dy = bx - ax, by - ay
    if sign * (dx * (qx - px) + dy * (qy - py)) <= 0:
        return False
    if abs(dx) >= abs(dy):
        return min(max(ax, bx), max(px, qx)) > max(min(ax, bx), min(px, qx))
    return min(max(ay, by), max(py, qy)) > max(min(ay, by), min(py, qy))


@compiled
def _turns_in(x, y, before, same, f, ax, ay, bx, by):
    """Say whether e runs from an end of f, or through it, into the interior there."""
    for turn in range(2):
        v = same[f + turn]
        vx, vy = x[v], y[v]
        at_a, at_b = ax == vx and ay == vy, bx == vx and by == vy
        if not (at_a or at_b):
            if side(ax, ay, bx, by, vx, vy) != 0:
                continue
            if not (min(ax, bx) <= vx <= max(ax, bx) and min(ay, by) <= vy <= max(ay, by)):
                continue
        u, n = before[v], v + 1
        if not at_a and _in_sector(x[u], y[u], vx, vy, x[n], y[n], ax, ay):
            return True
        if not at_b and _in_sector(x[u], y[u], vx, vy, x[n], y[n], bx, by):
            return True
    return False


@compiled
def _in_sector(ux, uy, vx, vy, nx, ny, tx, ty):
    """Say whether t lies strictly inside the interior angle at v between u before and n after it."""
    from_next = side(vx, vy, nx, ny, tx, ty) > 0
    from_last = side(ux, uy, vx, vy, tx, ty) > 0
    turn = side(ux, uy, vx, vy, nx, ny)
    if turn > 0:
        return from_next and from_last
    if turn < 0:
        return from_next or from_last
    return from_next


@compiled
def is_inside(x, y, low, high, start, px, py):
    """Say whether a point lies strictly inside the polygon of rings `low` to `high`; exact."""
    inside = False
    for r in range(low, high):
        for k in range(start[r], start[r + 1] - 1):
            ay, by = y[k], y[k + 1]
            if (ay > py) == (by > py):
                if ay == py and by == py and min(x[k], x[k + 1]) <= px <= max(x[k], x[k + 1]):
                    return False
                if (ay == py and x[k] == px) or (by == py and x[k + 1] == px):
                    return False
                continue
            where = side(x[k], ay, x[k + 1], by, px, py)
            if where == 0:
                return False
            if (where > 0) == (by > ay):
                inside = not inside
    return inside


@compiled
def boxed(px, py, order, box):
    """Return pairs: point and the row of a box that it lies in; `order` sorts the points by x."""
    found, count = np.empty((max(64, 2 * len(px)), 2), dtype=np.int64), 0
    sorted_x = px[order]
    for row in range(len(box)):
        n = np.searchsorted(sorted_x, box[row, 0])
        while n < len(order) and sorted_x[n] <= box[row, 2]:
            point = order[n]
            if box[row, 1] <= py[point] <= box[row, 3]:
                found = _grown(found, count)
                found[count, 0], found[count, 1] = point, row
                count += 1
            n += 1
    return found[:count].copy()


@compiled
def holders(x, y, start, ring_first, px, py, owner, row):
    """Say which points lie strictly inside which polygons; never in the points' own."""
    holds = np.zeros(len(row), dtype=np.bool_)
    for n in range(len(row)):
        if row[n] != owner[n]:
            low, high = ring_first[row[n]], ring_first[row[n] + 1]
            holds[n] = is_inside(x, y, low, high, start, px[n], py[n])
    return holds


@compiled
def flooded(x, y, owner, before, same, start, ring_first, twin, box, pairs, rows):
    """Follow overlaps from neighbour to neighbour; return the pairs with all that were reached.

    Where A and B overlap and a border of B with C runs through the inside of A, A and C overlap.
    """
    size = 64
    while size < 4 * len(pairs):
        size *= 2
    table, count = np.full(size, -1, dtype=np.int64), 0
    stack, top = np.empty((max(256, len(pairs)), 2), dtype=np.int64), 0
    for n in range(len(pairs)):
        key = min(pairs[n]) * rows + max(pairs[n])
        table, count, new = _noted(table, count, key)
        if new:
            stack[top] = pairs[n]
            top += 1
    done = 0
    while done < top:
        for turn in range(2):
            one, two = stack[done, turn], stack[done, 1 - turn]
            for k in range(start[ring_first[two]], start[ring_first[two + 1]]):
                third = owner[twin[k]] if twin[k] >= 0 else one
                if third == one or max(x[k], x[k + 1]) < box[one, 0]:
                    continue
                if min(x[k], x[k + 1]) > box[one, 2] or max(y[k], y[k + 1]) < box[one, 1]:
                    continue
                if min(y[k], y[k + 1]) > box[one, 3]:
                    continue
                key = min(one, third) * rows + max(one, third)
                if _is_noted(table, key):
                    continue
                if _runs_inside(x, y, before, same, start, ring_first, k, one):
                    table, count, new = _noted(table, count, key)
                    if new:
                        stack = _grown(stack, top)
                        stack[top, 0], stack[top, 1] = one, third
                        top += 1
        done += 1
    return stack[:top].copy()


@compiled
def _is_noted(table, key):
    at = key % (len(table) - 1)
    while table[at] >= 0:
        if table[at] == key:
            return True
        at = (at + 1) % len(table)
    return False


@compiled
def _noted(table, count, key):
    """Put a key into a table of keys; return the table, its count and whether the key is new."""
    if 2 * count >= len(table):
        more = np.full(2 * len(table), -1, dtype=np.int64)
        for old in table:
            if old >= 0:
                at = old % (len(more) - 1)
                while more[at] >= 0:
                    at = (at + 1) % len(more)
                more[at] = old
        table = more
    at = key % (len(table) - 1)
    while table[at] >= 0:
        if table[at] == key:
            return table, count, False
        at = (at + 1) % len(table)
    table[at] = key
    return table, count + 1, True


@compiled
def _runs_inside(x, y, before, same, start, ring_first, k, one):
    """Say whether a half-edge has a piece inside a polygon."""
    low, high = ring_first[one], ring_first[one + 1]
    on_border = False  # then the middle, rounded, may fall on either side
    west, east = min(x[k], x[k + 1]), max(x[k], x[k + 1])
    south, north = min(y[k], y[k + 1]), max(y[k], y[k + 1])
    for r in range(low, high):
        for f in range(start[r], start[r + 1] - 1):
            if (x[f] < west and x[f + 1] < west) or (x[f] > east and x[f + 1] > east):
                continue
            if (y[f] < south and y[f + 1] < south) or (y[f] > north and y[f + 1] > north):
                continue
            if enters(x, y, before, same, k, f, False):
                return True
            on_border = on_border or _on_one_line(x, y, k, f)
    if on_border:
        return False
    middle_x, middle_y = (x[k] + x[k + 1]) / 2, (y[k] + y[k + 1]) / 2
    return is_inside(x, y, low, high, start, middle_x, middle_y)


@compiled
def _on_one_line(x, y, e, f):
    """Say whether two half-edges have a length in common, whichever way they run."""
    ax, ay, bx, by = x[e], y[e], x[e + 1], y[e + 1]
    px, py, qx, qy = x[f], y[f], x[f + 1], y[f + 1]
    if side(ax, ay, bx, by, px, py) != 0 or side(ax, ay, bx, by, qx, qy) != 0:
        return False
    return _runs_along(ax, ay, bx, by, px, py, qx, qy, 1.0) or _runs_along(
        ax, ay, bx, by, px, py, qx, qy, -1.0
    )


@compiled
def walked(ax, ay, bx, by, tail_slot, tip_slot, table_size):
    """Join segments head to tail into loops, always by the sharpest turn to the right.

    Every corner must have as many segments that leave it as arrive; then all end up in loops. A walk that
    comes back to a corner of its own has closed a loop there, so no loop meets a corner twice, and
    the free side of a loop, on its right, is the one that a person sees.

    Returns
    -------
    tuple
        Segments in the order of walking; first of every loop, and the number of all at the end; for
        every segment in that order whether others leave its start too.
    """
    count = len(ax)
    head = np.full(table_size, -1, dtype=np.int32)
    following = np.empty(count, dtype=np.int32)
    corner = np.arange(count).astype(np.int32)  # of all segments from one place the same
    forked = np.zeros(count, dtype=np.bool_)
    for e in range(count - 1, -1, -1):
        f = head[tail_slot[e]]
        while f >= 0:
            if ax[f] == ax[e] and ay[f] == ay[e]:
                forked[e] = forked[f] = True
                corner[e] = corner[f]
            f = following[f]
        following[e] = head[tail_slot[e]]
        head[tail_slot[e]] = e
    used = np.zeros(count, dtype=np.bool_)
    place = np.full(count, -1, dtype=np.int32)  # of a corner on the way
    way, depth = np.empty(count, dtype=np.int32), 0
    order, at = np.empty(count, dtype=np.int32), 0
    first, loops = np.empty(count + 1, dtype=np.int32), 0
    for begin in range(count):
        if used[begin]:
            continue
        e = begin
        while True:
            used[e] = True
            place[corner[e]] = depth
            way[depth] = e
            depth += 1
            f = head[tip_slot[e]]
            while f >= 0 and (ax[f] != bx[e] or ay[f] != by[e]):
                f = following[f]
            here = place[corner[f]] if f >= 0 else -1
            if here >= 0:
                first[loops] = at
                loops += 1
                for k in range(here, depth):
                    place[corner[way[k]]] = -1
                    order[at] = way[k]
                    at += 1
                depth = here
            if depth == 0:
                break
            last = way[depth - 1]
            e = _next_right(last, head[tip_slot[last]], following, used, ax, ay, bx, by)
            if e < 0:  # cannot be where arrivals and departures balance
                depth = 0
                break
    first[loops] = at
    order = order[:at].copy()
    return order, first[: loops + 1].copy(), forked[order]


@compiled
def _next_right(e, f, following, used, ax, ay, bx, by):
    """Return the unused segment from the end of e that turns most sharply to the right."""
    best, smallest = -1, 10.0
    back = np.arctan2(ay[e] - by[e], ax[e] - bx[e])
    while f >= 0:
        if not used[f] and ax[f] == bx[e] and ay[f] == by[e]:
            angle = np.arctan2(by[f] - ay[f], bx[f] - ax[f]) - back
            if angle <= 0:
                angle += 2 * np.pi
            if angle < smallest:
                best, smallest = f, angle
        f = following[f]
    return best


@compiled
def facing(x, y, pairs, least, reach):
    """Return the ground between half-edges that run opposite ways, `least` to `reach` apart.

    Returns
    -------
    tuple
        Which of the pairs face each other; the corners of the ground between them, four points each;
        the length over which they do.
    """
    kept, found = np.empty(len(pairs), dtype=np.int64), 0
    ground = np.empty((len(pairs), 9))
    for n in range(len(pairs)):
        e, f = _shorter_first(x, y, pairs[n, 0], pairs[n, 1])
        if _faces(x, y, e, f, least, reach, ground[found]):
            kept[found] = n
            found += 1
    return kept[:found].copy(), ground[:found, :8].copy(), ground[:found, 8].copy()


@compiled
def _shorter_first(x, y, e, f):
    """Return two half-edges in an order that does not depend on that of the layer."""
    one = (x[e + 1] - x[e]) ** 2 + (y[e + 1] - y[e]) ** 2
    two = (x[f + 1] - x[f]) ** 2 + (y[f + 1] - y[f]) ** 2
    if one < two or (one == two and (x[e] < x[f] or (x[e] == x[f] and y[e] < y[f]))):
        return e, f
    return f, e


@compiled
def _faces(x, y, e, f, least, reach, ground):
    """Put the ground between two half-edges into `ground`; say whether there is some."""
    ax, ay = x[e], y[e]
    dx, dy = x[e + 1] - ax, y[e + 1] - ay
    long = np.sqrt(dx * dx + dy * dy)
    dx, dy = dx / long, dy / long
    # f in e's own frame: s along e, d to its right, where the outside is
    px, py, qx, qy = x[f] - ax, y[f] - ay, x[f + 1] - ax, y[f + 1] - ay
    s1, d1 = px * dx + py * dy, px * dy - py * dx
    s0, d0 = qx * dx + qy * dy, qx * dy - qy * dx
    low, high = max(0.0, s0), min(long, s1)
    if high - low <= reach:
        return False
    slope = (d1 - d0) / (s1 - s0)
    at_low, at_high = d0 + (low - s0) * slope, d0 + (high - s0) * slope
    if min(at_low, at_high) < 0.0 or not least < max(at_low, at_high) <= reach:
        return False
    ground[0], ground[1] = ax + low * dx, ay + low * dy
    ground[2], ground[3] = ax + high * dx, ay + high * dy
    ground[4], ground[5] = ground[2] + at_high * dy, ground[3] - at_high * dx
    ground[6], ground[7] = ground[0] + at_low * dy, ground[1] - at_low * dx
    ground[8] = high - low
    return True


@compiled
def measured(ax, ay, bx, by, order, first):
    """Return area (positive where the inside is on the left) and length of loops."""
    loops = len(first) - 1
    area, length = np.zeros(loops), np.zeros(loops)
    for n in range(loops):
        x0, y0 = ax[order[first[n]]], ay[order[first[n]]]
        for k in range(first[n], first[n + 1]):
            e = order[k]
            dx, dy = bx[e] - ax[e], by[e] - ay[e]
            area[n] += (ax[e] - x0) * dy - (ay[e] - y0) * dx
            length[n] += np.sqrt(dx * dx + dy * dy)
    return area / 2, length


@compiled
def spikes(x, y, start, before, slope, arm):
    """Return the corners at which a ring turns back on itself, with both arms longer than `arm`.

    `slope` is the tangent of the widest angle that is a spike.
    """
    found, count = np.empty((64, 1), dtype=np.int64), 0
    for r in range(len(start) - 1):
        for k in range(start[r], start[r + 1] - 1):
            ax, ay = x[before[k]] - x[k], y[before[k]] - y[k]
            bx, by = x[k + 1] - x[k], y[k + 1] - y[k]
            dot = ax * bx + ay * by
            if dot <= 0.0 or abs(ax * by - ay * bx) >= slope * dot:
                continue
            if min(ax * ax + ay * ay, bx * bx + by * by) > arm * arm:
                found = _grown(found, count)
                found[count, 0] = k
                count += 1
    return found[:count, 0].copy()
