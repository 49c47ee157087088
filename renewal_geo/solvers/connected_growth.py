"""Good connected sets, grown from what a bound leaves cheap, trimmed and polished."""

from __future__ import annotations

import heapq
import time

import numpy as np

from renewal_geo.foundation.compiled import compiled
from renewal_geo.solvers.connected_ground import Bools, Floats, Ground, Ints, Limits

REGROWN = 20  # times a set is grown on and trimmed at most
PASSES = 30


def grown(ground: Ground, worth: Floats, toll: Floats, start: Ints) -> Bools:
    """Return a connected set grown from a connected one along cheap paths, then trimmed.

    Parameters
    ----------
    ground
        The graph.
    worth
        What the nodes are worth by themselves; the costs of borders are left to :func:`polished`.
    toll
        What it seems to cost to pass through a node: small where a bound or a programme leads.
    start
        Nodes to begin with.
    """
    inside = np.zeros(ground.size, dtype=bool)
    inside[start] = True
    inside = _grow(inside, worth, toll, ground.forced, ground.indptr, ground.indices)
    inside = _trim(inside, worth, ground.forced, ground.indptr, ground.indices)
    true = np.maximum(-worth, 0.0)
    value = worth[inside].sum()
    for _ in range(REGROWN):
        more = _grow(inside.copy(), worth, true, ground.forced, ground.indptr, ground.indices)
        more = _trim(more, worth, ground.forced, ground.indptr, ground.indices)
        gained = worth[more].sum() - value
        if gained <= 1e-12 * abs(value):
            break
        inside, value = more, value + gained
    return inside


def exchanged(ground: Ground, worth: Floats, inside: Bools, deadline: float) -> Bools:
    """Return a set bettered by doing without one of its nodes that cost something at a time.

    Without the node the set falls apart; its best part is grown again along other ways.
    """
    value = worth[inside].sum()
    true = np.maximum(-worth, 0.0)
    again = True
    while again:
        again = False
        for v in np.flatnonzero(inside & (worth <= 0) & ~ground.forced).tolist():
            if time.monotonic() > deadline:
                return inside
            rest = inside.copy()
            rest[v] = False
            barred = worth.copy()
            barred[v] = -np.inf
            toll = true.copy()
            toll[v] = np.inf
            kept = _trim(rest, barred, ground.forced, ground.indptr, ground.indices)
            if not kept.any():
                continue
            found = grown(ground, barred, toll, np.flatnonzero(kept))
            gained = worth[found].sum() - value
            if gained > 1e-12 * abs(value):
                inside, value, again = found, value + gained, True
                break
    return inside


def polished(ground: Ground, limits: Limits, inside: Bools, penalty: float) -> Bools:
    """Return a set bettered node by node, what it lacks of its limits charged with a penalty."""
    if not inside.any():
        return inside
    m = len(ground.pairs)
    tail = np.concatenate([ground.pairs[:, 0], ground.pairs[:, 1]])
    head = np.concatenate([ground.pairs[:, 1], ground.pairs[:, 0]])
    border = (
        np.concatenate([ground.cost, ground.cost])[np.lexsort((head, tail))] if m else np.empty(0)
    )
    return _polish(
        inside.copy(),
        ground.weight,
        border,
        ground.area,
        ground.slack,
        ground.forced,
        ground.indptr,
        ground.indices,
        limits.min_area,
        limits.max_area,
        penalty,
        PASSES,
    )


@compiled
def _grow(  # noqa: C901, PLR0912
    inside: Bools, worth: Floats, toll: Floats, forced: Bools, indptr: Ints, indices: Ints
) -> Bools:
    """Add the nearest nodes that are worth their way; ways may collect worth as they go."""
    n = len(worth)
    loss = np.full(n, np.inf)
    via = np.full(n, -1, dtype=np.int64)
    heap = [(0.0, np.int64(0))]
    heap.pop()
    for i in range(n):
        if inside[i]:
            loss[i] = 0.0
            heapq.heappush(heap, (0.0, np.int64(i)))
    while len(heap) > 0:
        d, u = heapq.heappop(heap)
        if d > loss[u]:
            continue
        if not inside[u] and (d <= 0.0 or forced[u]):
            if worth[u] < 0.0 and not forced[u]:
                continue
            v = u
            while not inside[v]:
                inside[v] = True
                loss[v] = 0.0
                heapq.heappush(heap, (0.0, np.int64(v)))
                v = via[v]
            continue
        for e in range(indptr[u], indptr[u + 1]):
            v = indices[e]
            if inside[v]:
                continue
            reached = loss[u]
            reached = reached + toll[v] if worth[v] <= 0.0 else reached - worth[v]
            if worth[v] > 0.0 or forced[v]:
                reached = max(reached, 0.0)
            elif reached <= 0.0:
                reached = 1e-12
            if reached < loss[v]:
                # the way back must not come round to v itself
                w = u
                while not inside[w] and w != v:
                    w = via[w]
                if w == v:
                    continue
                loss[v] = reached
                via[v] = u
                heapq.heappush(heap, (reached, np.int64(v)))
    return inside


@compiled
def _trim(inside: Bools, worth: Floats, forced: Bools, indptr: Ints, indices: Ints) -> Bools:  # noqa: C901, PLR0912
    """Return the best part of a tree that spans a set, with all its forced nodes."""
    n = len(worth)
    start = -1
    for i in range(n):
        if inside[i] and (
            start < 0
            or (forced[i] and not forced[start])
            or (forced[i] == forced[start] and worth[i] > worth[start])
        ):
            start = i
    kept = np.zeros(n, dtype=np.bool_)
    if start < 0:
        return kept
    order = np.empty(n, dtype=np.int64)
    via = np.full(n, -1, dtype=np.int64)
    done = np.zeros(n, dtype=np.bool_)
    heap = [(-worth[start], np.int64(start), np.int64(-1))]
    count = 0
    while len(heap) > 0:
        _, u, up = heapq.heappop(heap)
        if done[u]:
            continue
        done[u] = True
        via[u] = up
        order[count] = u
        count += 1
        for e in range(indptr[u], indptr[u + 1]):
            v = indices[e]
            if inside[v] and not done[v]:
                heapq.heappush(heap, (-min(worth[v], 0.0), np.int64(v), np.int64(u)))
    gain = np.zeros(n)
    must = np.zeros(n, dtype=np.bool_)
    for k in range(count - 1, -1, -1):
        u = order[k]
        gain[u] += worth[u]
        must[u] |= forced[u]
        up = via[u]
        if up >= 0 and (must[u] or gain[u] > 0.0):
            gain[up] += gain[u]
            must[up] |= must[u]
    top = start
    if not must[start]:
        for k in range(count):
            if gain[order[k]] > gain[top]:
                top = order[k]
    for k in range(count):
        u = order[k]
        if u == top or (via[u] >= 0 and kept[via[u]] and (must[u] or gain[u] > 0.0)):
            kept[u] = True
    return kept


@compiled
def _polish(  # noqa: C901, PLR0912, PLR0915
    inside: Bools,
    weight: Floats,
    border: Floats,
    area: Floats,
    slack: Floats,
    forced: Bools,
    indptr: Ints,
    indices: Ints,
    min_area: float,
    max_area: float,
    penalty: float,
    passes: int,
) -> Bools:
    n = len(weight)
    shares = slack.shape[0]
    size = 0.0
    count = 0
    spare = np.zeros(shares)
    for i in range(n):
        if inside[i]:
            count += 1
            size += area[i]
            for k in range(shares):
                spare[k] += slack[k, i]
    stamp = np.zeros(n, dtype=np.int64)
    queue = np.empty(n, dtype=np.int64)
    mark = 0
    for _ in range(passes):
        changed = False
        for v in range(n):
            sign = -1.0 if inside[v] else 1.0
            if inside[v] and (forced[v] or count == 1):
                continue
            beside = 0
            gain = weight[v]
            for e in range(indptr[v], indptr[v + 1]):
                if inside[indices[e]]:
                    beside += 1
                    gain += border[e]
                else:
                    gain -= border[e]
            if beside == 0:
                continue
            after = size + sign * area[v]
            fault = max(0.0, min_area - after) + max(0.0, after - max_area)
            fault -= max(0.0, min_area - size) + max(0.0, size - max_area)
            for k in range(shares):
                fault += max(0.0, -spare[k] - sign * slack[k, v]) - max(0.0, -spare[k])
            if sign * gain - penalty * fault <= 1e-12 * (1.0 + abs(gain)):
                continue
            if sign < 0.0 and beside > 1:
                mark += 1
                stamp[v] = mark
                seen = 0
                for e in range(indptr[v], indptr[v + 1]):
                    if inside[indices[e]]:
                        queue[0] = indices[e]
                        stamp[indices[e]] = mark
                        seen = 1
                        break
                done = 0
                while done < seen:
                    u = queue[done]
                    done += 1
                    for e in range(indptr[u], indptr[u + 1]):
                        w = indices[e]
                        if inside[w] and stamp[w] != mark:
                            stamp[w] = mark
                            queue[seen] = w
                            seen += 1
                if seen < count - 1:
                    continue
            inside[v] = not inside[v]
            count += 1 if sign > 0.0 else -1
            size = after
            for k in range(shares):
                spare[k] += sign * slack[k, v]
            changed = True
        if not changed:
            break
    return inside
