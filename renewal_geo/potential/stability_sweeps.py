"""First crossings of the top N while weights move along a line, for all parcels at once, in compiled loops.

Along a line of weights every score is a straight line ``a + b t``. A parcel is in the top N as long as its
score is not below the N-th largest: the N-level of the n lines. Halving the interval leaves, in every piece, only
the lines that can meet the level there; among those few the level is followed from vertex to vertex. Nothing
is sampled: a parcel that crosses and comes back at once is found. Scores within `TIE` are equal.
"""

from __future__ import annotations

import numpy as np

from renewal_geo.foundation.compiled import compiled
from renewal_geo.spatial.polygons import Floats

TIE = 1e-12
LEAF = 48  # so few lines are followed as they stand
WARM = 6  # halvings before a piece that loses no lines is followed as it stands
DEPTH = 26  # halvings; what is still together then meets in a point


@compiled
def first_crossings(a: Floats, b: Floats, end: float, top: int) -> Floats:
    """Return, for n lines ``a + b t``, the first t in [0, end] past which a line has changed sides; inf for none.

    A line is in while fewer than `top` are higher by more than `TIE`. One that is out changes where it draws level
    with the `top`-th largest; one that is in changes where it begins to fall behind, so that touching is not enough.
    """
    n = len(a)
    first = np.full(n, np.inf)
    if not end > 0.0 or top >= n or top < 1:
        return first
    is_in = a >= np.partition(a, n - top)[n - top] - TIE
    room = np.empty(4 * n + 64, dtype=np.int64)
    room[:n] = np.arange(n)
    low, high = np.empty(n), np.empty(n)
    begins, ends = np.empty(DEPTH + 2), np.empty(DEPTH + 2)
    nodes = np.empty((DEPTH + 2, 4), dtype=np.int64)  # from, to in `room`; lines to count; depth
    begins[0], ends[0] = 0.0, end
    nodes[0] = np.array([0, n, top, 0])
    count = 1
    while count:
        count -= 1
        t0, t1 = begins[count], ends[count]
        start, stop, wanted, depth = nodes[count]
        size = stop - start
        for q in range(size):
            i = room[start + q]
            x, y = a[i] + b[i] * t0, a[i] + b[i] * t1
            low[q], high[q] = min(x, y), max(x, y)
        floor = np.partition(low[:size], size - wanted)[size - wanted] - 4 * TIE
        ceiling = np.partition(high[:size], size - wanted)[size - wanted] + 4 * TIE
        if stop + size > len(room):
            room = np.concatenate((room, np.empty(len(room), dtype=np.int64)))
        kept, above = stop, 0
        for q in range(size):
            if low[q] > ceiling:
                above += 1
            elif high[q] >= floor:
                room[kept] = room[start + q]
                kept += 1
        wanted -= above
        if kept - stop <= 1:
            continue
        is_stuck = (
            depth >= WARM and kept - stop > 0.9 * size
        )  # lines that coincide are never parted
        if kept - stop <= LEAF or depth >= DEPTH or is_stuck:
            _follow(a, b, t0, t1, end, room[stop:kept], wanted, is_in, first)
            continue
        middle = 0.5 * (t0 + t1)
        begins[count], ends[count] = middle, t1
        begins[count + 1], ends[count + 1] = t0, middle
        for child in range(count, count + 2):
            nodes[child, 0], nodes[child, 1] = stop, kept
            nodes[child, 2], nodes[child, 3] = wanted, depth + 1
        count += 2
    return first


@compiled
def _follow(a, b, t0, t1, end, lines, wanted, is_in, first):
    """Follow the `wanted`-th largest of `lines` from `t0` to `t1` and note in `first` who changes sides where.

    Lines that meet the level in one point are turned over together: all of them are level there, and past it they stand
    in the order of their slopes.
    """
    size = len(lines)
    value = np.empty(size)
    for q in range(size):
        value[q] = a[lines[q]] + b[lines[q]] * t0
    level = np.partition(value, size - wanted)[size - wanted]
    is_above = value > level + TIE
    group = np.empty(size, dtype=np.int64)
    t = t0
    while True:
        members, over = 0, 0
        for q in range(size):
            if abs(value[q] - level) <= TIE:
                group[members] = q
                members += 1
            elif is_above[q]:
                over += 1
        chosen = group[:members]
        order = np.argsort(-b[lines[chosen]], kind="mergesort")
        at = wanted - over - 1
        at = min(max(at, 0), members - 1)
        leader = chosen[order[at]]
        slope = b[lines[leader]]
        for place in range(members):
            q = chosen[order[place]]
            i = lines[q]
            is_above[q] = place < at
            falls_behind = b[i] < slope - TIE and (slope - b[i]) * (end - t) > TIE
            if falls_behind or not is_in[i]:
                first[i] = min(first[i], t)
        start, rate = a[lines[leader]], slope
        soonest = np.inf
        for q in range(size):
            i = lines[q]
            if q != leader and (b[i] < rate) == is_above[q] and b[i] != rate:
                soonest = min(soonest, max(t, (a[i] - start) / (rate - b[i])))
        if not soonest <= t1:
            return
        t = soonest
        level = start + rate * t
        for q in range(size):
            value[q] = a[lines[q]] + b[lines[q]] * t
        value[leader] = level
