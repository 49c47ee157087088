"""Where cuts come from: a dual ascent before any programme is solved, minimum cuts of its solutions after."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from renewal_geo.foundation.compiled import compiled
from renewal_geo.solvers.connected_ground import Bools, Floats, Ground, Ints
from renewal_geo.solvers.connected_proof import Cut, Ranking

LEAST_VIOLATION = 1e-3
EPSILON = 1e-5  # capacity of a node that the solution leaves out: few of them are better than many
FORCED_WORTH = 1e3  # of a forced node, in sums of all weights
NESTED = 4  # cuts taken behind one another for one node
MOST_CUTS = 300  # of one round


def ascend(ground: Ground, worth: Floats, root: int) -> tuple[list[Cut], Floats, Floats]:
    """Return cuts of a dual ascent towards a root, their multipliers, and what the nodes are worth then.

    Every node worth something pays, as long as it has anything left, for the nodes that stand between it
    and the root; each payment is a multiplier on the cut around what it has reached.
    """
    worth = worth.copy()
    lift = FORCED_WORTH * (1.0 + float(np.abs(worth).sum()))
    worth[ground.forced] += lift
    node, ends, members, factor, left = _ascend(worth, ground.indptr, ground.indices, root)
    first = ground.first()
    cuts = []
    for c in range(len(node)):
        inside = members[ends[c] : ends[c + 1]]
        cuts.append(compact(ground, first, int(node[c]), inside))
    left[ground.forced] -= lift
    return cuts, factor, left


def compact(ground: Ground, first: Ints, node: int, inside: Ints, *, twice: bool = False) -> Cut:
    """Return the cut of a set that is connected around a node, told the shorter way."""
    mask = np.zeros(ground.size, dtype=bool)
    mask[inside] = True
    around = np.concatenate([ground.neighbours(int(u)) for u in inside])
    around = np.unique(around[~mask[around]])
    wall = len(around) < len(inside)
    return Cut(int(first[node]), np.sort(first[around if wall else inside]), wall, twice)


class Separator:
    """Finds cuts that a solution breaks, by minimum cuts through nodes.

    The network is laid out once, only its room changes: node j is entered at j and left at n + j, the
    source is 2 n. Links have endless room, a node that of its value, the source enters at the roots.
    """

    def __init__(self, ground: Ground, ranking: Ranking, *, passing: bool) -> None:
        """Lay the network out; `passing` tells that only weight and connection count."""
        n = ground.size
        self.passing = passing
        self.ground, self.ranking = ground, ranking
        self.first = ground.first()
        self.root = -1
        if ground.forced.any():
            self.root = int(np.argmax(np.where(ground.forced, ground.weight, -np.inf)))
        # ways may also begin at whatever is worth something: a node worth nothing must lie between two
        self.ends = np.flatnonzero((ground.weight > 0) | ground.forced)
        roots = ranking.order if self.root < 0 else np.array([self.root])
        here = np.arange(n)
        u, v = ground.pairs.T
        count = len(roots) + len(self.ends)
        tail = np.concatenate([here, np.full(count, 2 * n), n + u, n + v])
        head = np.concatenate([n + here, roots, self.ends, v, u])
        count = len(tail)
        tails, heads = np.concatenate([tail, head]), np.concatenate([head, tail])
        order = np.argsort(tails, kind="stable")
        place = np.empty(2 * count, dtype=np.int64)
        place[order] = np.arange(2 * count)
        self.start = np.searchsorted(tails[order], np.arange(2 * n + 2)).astype(np.int64)
        self.head = heads[order].astype(np.int64)
        self.twin = place[(order + count) % (2 * count)]
        self.own, self.entry, self.ending, self.links = np.split(
            place[:count], np.cumsum([n, len(roots), len(self.ends)])
        )

    def broken(self, x: Floats, y: Floats) -> list[Cut]:
        """Return cuts that ``x`` (n) and the roots ``y`` (by rank) break."""
        ground = self.ground
        aimed = np.flatnonzero((x > LEAST_VIOLATION) | ground.forced)
        aimed = aimed[np.lexsort((aimed, -x[aimed], ground.weight[aimed] <= 0))]
        found: list[Cut] = []
        for i in aimed.tolist():
            if len(found) >= MOST_CUTS or (found and ground.weight[i] <= 0):
                break  # cuts for nodes worth something mostly do for what connects them
            if i != self.root:
                found.extend(
                    compact(ground, self.first, i, inside) for inside in self._around(i, x, y)
                )
        if self.passing:
            found.extend(self._passed(aimed, x))
        return found

    def _passed(self, aimed: Ints, x: Floats) -> Iterator[Cut]:
        """Yield broken cuts that say that a zone passes through nodes that are worth nothing."""
        ground, n = self.ground, self.ground.size
        endless = 2.0 + 2.0 * float(x.sum())
        room = np.zeros(len(self.head))
        room[self.links] = endless
        room[self.own] = x + EPSILON
        room[self.ending] = endless
        covered = np.zeros(n, dtype=bool)
        for i in aimed.tolist():
            if ground.weight[i] > 0 or ground.forced[i] or covered[i]:
                continue
            enough = 2 * float(x[i]) - LEAST_VIOLATION
            if x[ground.neighbours(i)].sum() < enough:
                yield compact(ground, self.first, i, np.array([i]), twice=True)
                continue
            flow, near, _ = least_cut(self.start, self.head, self.twin, room, 2 * n, i, enough)
            if flow < enough:
                inside = part(i, near[:n], ground.indptr, ground.indices)
                covered[inside] = True
                yield compact(ground, self.first, i, inside, twice=True)

    def _around(self, i: int, x: Floats, y: Floats) -> Iterator[Ints]:
        """Yield sets around a node that the solution does not reach, nearest and farthest in turn."""
        ground, n = self.ground, self.ground.size
        endless = 2.0 + float(x.sum())
        room = np.zeros(len(self.head))
        room[self.links] = endless
        room[self.own] = x + EPSILON
        if self.root < 0:
            room[self.entry] = np.where(np.arange(len(y)) <= self.ranking.rank[i], y, 0.0)
        else:
            room[self.entry] = room[self.own[self.root]] = endless
        enough = float(x[i]) - LEAST_VIOLATION
        for _ in range(NESTED):
            flow, near, far = least_cut(self.start, self.head, self.twin, room, 2 * n, i, enough)
            if flow >= enough:
                return
            inside = part(i, near[:n], ground.indptr, ground.indices)
            yield inside
            beyond = part(i, ~far[:n], ground.indptr, ground.indices)
            if len(beyond) != len(inside):
                yield beyond
            mask = np.zeros(n, dtype=bool)
            mask[inside] = True
            around = np.concatenate([ground.neighbours(int(u)) for u in inside])
            around = around[~mask[around]]
            if not len(around):
                return
            # the next cut has to lie behind this one
            room[self.own[around]] = endless


@compiled
def part(start: int, among: Bools, indptr: Ints, indices: Ints) -> Ints:
    """Return the nodes that `start` reaches within a set, itself included."""
    seen = np.zeros(len(among), dtype=np.bool_)
    queue = np.empty(len(among), dtype=np.int64)
    queue[0] = start
    seen[start] = True
    done, count = 0, 1
    while done < count:
        u = queue[done]
        done += 1
        for e in range(indptr[u], indptr[u + 1]):
            v = indices[e]
            if among[v] and not seen[v]:
                seen[v] = True
                queue[count] = v
                count += 1
    return np.sort(queue[:count])


@compiled
def least_cut(  # noqa: C901, PLR0912, PLR0915
    start: Ints, head: Ints, twin: Ints, room: Floats, source: int, sink: int, enough: float
) -> tuple[float, Bools, Bools]:
    """Return a largest flow (Dinic), who reaches the sink beside it, and whom the source reaches.

    Ends early, with the sets unfinished, once the flow is enough.
    """
    count = len(start) - 1
    room = room.copy()
    level = np.empty(count, dtype=np.int64)
    queue = np.empty(count, dtype=np.int64)
    at = np.empty(count, dtype=np.int64)
    path = np.empty(count, dtype=np.int64)
    near = np.zeros(count, dtype=np.bool_)
    far = np.zeros(count, dtype=np.bool_)
    flow = 0.0
    least = 1e-12
    while True:
        level[:] = -1
        level[sink] = 0
        queue[0] = sink
        done, waiting = 0, 1
        while done < waiting and level[source] < 0:
            v = queue[done]
            done += 1
            for e in range(start[v], start[v + 1]):
                u = head[e]
                if level[u] < 0 and room[twin[e]] > least:
                    level[u] = level[v] + 1
                    queue[waiting] = u
                    waiting += 1
        if level[source] < 0:
            break
        at[:] = start[:count]
        u = source
        length = 0
        while True:
            if u == sink:
                step = room[path[0]]
                for k in range(length):
                    step = min(step, room[path[k]])
                back = 0
                for k in range(length - 1, -1, -1):
                    room[path[k]] -= step
                    room[twin[path[k]]] += step
                    if room[path[k]] <= least:
                        back = k
                flow += step
                if flow >= enough:
                    return flow, near, far
                length = back
                u = source if length == 0 else head[path[length - 1]]
                continue
            moved = False
            while at[u] < start[u + 1]:
                e = at[u]
                v = head[e]
                if room[e] > least and level[v] >= 0 and level[v] == level[u] - 1:
                    path[length] = e
                    length += 1
                    u = v
                    moved = True
                    break
                at[u] += 1
            if moved:
                continue
            if length == 0:
                break
            level[u] = -1
            length -= 1
            u = source if length == 0 else head[path[length - 1]]
            at[u] += 1
    for v in range(count):
        near[v] = level[v] >= 0
    far[source] = True
    queue[0] = source
    done, waiting = 0, 1
    while done < waiting:
        u = queue[done]
        done += 1
        for e in range(start[u], start[u + 1]):
            v = head[e]
            if not far[v] and room[e] > least:
                far[v] = True
                queue[waiting] = v
                waiting += 1
    return flow, near, far


@compiled
def _ascend(  # noqa: C901, PLR0912, PLR0915
    worth: Floats, indptr: Ints, indices: Ints, root: int
) -> tuple[Ints, Ints, Ints, Floats, Floats]:
    """Raise multipliers until whatever is worth something is spent or joined to the root."""
    n = len(worth)
    left = worth.copy()
    tiny = 1e-12 * (1.0 + np.abs(worth).sum())
    active = np.zeros(n, dtype=np.bool_)
    size = np.zeros(n, dtype=np.int64)
    for i in range(n):
        active[i] = left[i] > tiny and i != root
        size[i] = indptr[i + 1] - indptr[i]
    stamp = np.zeros(n, dtype=np.int64)
    queue = np.empty(n, dtype=np.int64)
    around = np.empty(n, dtype=np.int64)
    node = np.empty(1024, dtype=np.int64)
    factor = np.empty(1024)
    ends = np.zeros(1025, dtype=np.int64)
    members = np.empty(1 << 14, dtype=np.int64)
    cuts, used, mark = 0, 0, 0
    while True:
        i = -1
        for k in range(n):
            if active[k] and (i < 0 or size[k] < size[i]):
                i = k
        if i < 0:
            break
        mark += 1
        queue[0] = i
        stamp[i] = mark
        done, count, border = 0, 1, 0
        joined = False
        while done < count:
            u = queue[done]
            done += 1
            if u == root:
                joined = True
                break
            for e in range(indptr[u], indptr[u + 1]):
                v = indices[e]
                if stamp[v] == mark:
                    continue
                stamp[v] = mark
                if left[v] >= -tiny or v == root:
                    queue[count] = v
                    count += 1
                else:
                    around[border] = v
                    border += 1
        if joined:
            active[i] = False
            continue
        purse, step = 0.0, np.inf
        for k in range(count):
            u = queue[k]
            if left[u] > tiny:
                purse += left[u]
            if u != i:
                active[u] = False  # one acts for all that it has reached
        if purse <= tiny:
            active[i] = False
            continue
        if border > size[i]:
            # others may have become smaller meanwhile: come back to it in its turn
            size[i] = border
            best = True
            for k in range(n):
                if active[k] and size[k] < border:
                    best = False
                    break
            if not best:
                continue
        for k in range(border):
            step = min(step, -left[around[k]])
        step = min(step, purse)
        for k in range(border):
            left[around[k]] += step
        rest = step
        while rest > tiny:
            payer = -1
            for k in range(count):
                u = queue[k]
                if left[u] > tiny and (payer < 0 or left[u] > left[payer]):
                    payer = u
            if payer < 0:
                break
            paid = min(rest, left[payer])
            left[payer] -= paid
            rest -= paid
            if cuts == len(node):
                node = np.concatenate((node, np.empty_like(node)))
                factor = np.concatenate((factor, np.empty_like(factor)))
                ends = np.concatenate((ends, np.zeros_like(ends)))
            while used + count > len(members):
                members = np.concatenate((members, np.empty_like(members)))
            node[cuts] = payer
            factor[cuts] = paid
            members[used : used + count] = queue[:count]
            used += count
            cuts += 1
            ends[cuts] = used
    return node[:cuts], ends[: cuts + 1], members[:used], factor[:cuts], left
