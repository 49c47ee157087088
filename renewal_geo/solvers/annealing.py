"""Local search for zones: soft-penalty annealing over labelled nodes, in a compiled loop.

A label is a zone. Proposals move one node to the zone of a neighbour or out, grow a zone, delete,
merge or split zones; a zone always stays connected, its areas and shares are steered by penalties that
harden while the temperature falls. The loop does a fixed number of proposals with a random generator of
its own, so the same seed gives the same zones on any number of threads.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from renewal_geo.foundation.compiled import compiled

STAGES = 24  # the schedule's steps; zones are harvested after each of the last HARVESTED
HARVESTED = 9
PENALTY_FIRST, PENALTY_LAST = 1.0, 250.0
HEAT_FIRST, HEAT_LAST = 1.3, 0.03
STRUCTURE_EVERY = 2_500  # proposals between attempts to grow, delete, merge or split
DROP_SHARE = 0.02
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Landscape:
    """What the search walks over: n nodes of one or more components.

    `weight` is what a node is worth alone (all its borders open), `gain` of an adjacency what is
    saved when both ends lie in one zone; `slack` has one row per share. Areas in hectares.
    """

    area: Floats
    weight: Floats
    slack: Floats
    indptr: Ints
    indices: Ints
    gain: Floats
    min_area: float
    max_area: float

    @classmethod
    def of(
        cls,
        area: Floats,
        weight: Floats,
        slack: Floats,
        pairs: Ints,
        gain: Floats,
        limits: tuple[float, float],
    ) -> Landscape:
        """Build the adjacency lists from unordered `pairs` (m, 2) and their `gain` (m)."""
        n = len(area)
        both = np.concatenate([pairs, pairs[:, ::-1]]) if len(pairs) else np.empty((0, 2), np.int64)
        order = np.lexsort((both[:, 1], both[:, 0]))
        doubled = np.concatenate([gain, gain])[order]
        counts = np.bincount(both[:, 0], minlength=n)
        indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return cls(
            np.ascontiguousarray(area, dtype=float),
            np.ascontiguousarray(weight, dtype=float),
            np.ascontiguousarray(slack, dtype=float).reshape(-1, n),
            indptr,
            np.ascontiguousarray(both[order][:, 1], dtype=np.int64),
            np.ascontiguousarray(doubled, dtype=float),
            float(limits[0]),
            float(limits[1]),
        )

    def adjacency(self) -> csr_array:
        """Return the graph as a sparse matrix of ones."""
        n = len(self.area)
        return csr_array((np.ones(len(self.indices)), self.indices, self.indptr), shape=(n, n))


def harvest(
    landscape: Landscape,
    *,
    seed: int,
    proposals: int,
    start: Ints | None = None,
    heat: tuple[float, float] = (HEAT_FIRST, HEAT_LAST),
    penalty: tuple[float, float] = (PENALTY_FIRST, PENALTY_LAST),
) -> list[Ints]:
    """Anneal once and return every different zone that met its limits near the end.

    Parameters
    ----------
    landscape
        The nodes; a price of the budget is already in their weights.
    seed
        Of the loop's own generator.
    proposals
        Work: the number of proposals in all.
    start
        Length n, labels to begin with (-1 out); none chosen by default.
    heat
        First and last temperature, in units of the mean positive weight.
    penalty
        First and last penalty, in units of half the mean positive worth per hectare.

    Returns
    -------
    list of ndarray
        Sorted node numbers of each zone, in a fixed order.
    """
    n = len(landscape.area)
    positive = landscape.weight + _reachable_gain(landscape)
    good = positive > 0
    if not good.any():
        return []
    unit = float(positive[good].mean())
    rate = 0.5 * float(positive[good].sum() / landscape.area[good].sum())
    labels = np.full(n, -1, dtype=np.int64) if start is None else start.astype(np.int64).copy()
    room = (
        int(landscape.area.sum() / max(landscape.min_area, 1e-9)) if landscape.min_area > 0 else n
    )
    zones = max(4, min(n, room + 4), int(labels.max()) + 2)
    state = np.array([seed * 2654435761 + 88172645463325252], dtype=np.uint64)
    found: dict[bytes, Ints] = {}
    ratio = np.arange(STAGES) / max(STAGES - 1, 1)
    for stage in range(STAGES):
        _anneal(
            landscape.area,
            landscape.weight,
            landscape.slack,
            landscape.indptr,
            landscape.indices,
            landscape.gain,
            landscape.min_area,
            landscape.max_area,
            labels,
            zones,
            state,
            proposals // STAGES,
            unit * heat[0] * (heat[1] / heat[0]) ** ratio[stage],
            rate * penalty[0] * (penalty[1] / penalty[0]) ** ratio[stage],
        )
        if stage >= STAGES - HARVESTED:
            for zone in feasible_zones(landscape, labels):
                found.setdefault(zone.tobytes(), zone)
    return list(found.values())


def feasible_zones(landscape: Landscape, labels: Ints) -> list[Ints]:
    """Return the zones of `labels` that keep area and share limits, by smallest member."""
    found = []
    order = np.argsort(labels, kind="stable")
    marks = labels[order]
    for members in np.split(order, np.flatnonzero(np.diff(marks)) + 1):
        if not len(members) or labels[members[0]] < 0:
            continue
        area = float(landscape.area[members].sum())
        if area < landscape.min_area - 1e-9 or area > landscape.max_area + 1e-9:
            continue
        if (landscape.slack[:, members].sum(axis=1) >= -1e-12).all():
            found.append(np.sort(members))
    return sorted(found, key=lambda zone: int(zone[0]))


def _reachable_gain(landscape: Landscape) -> Floats:
    counts = np.diff(landscape.indptr)
    owner = np.repeat(np.arange(len(counts)), counts)
    return np.bincount(owner, landscape.gain, minlength=len(counts)) / 2


@compiled
def _random(state):
    """Return a float in [0, 1) and advance the xorshift state."""
    x = state[0]
    x ^= x << np.uint64(13)
    x ^= x >> np.uint64(7)
    x ^= x << np.uint64(17)
    state[0] = x
    return (x >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@compiled
def _penalty(area, slack, z, min_area, max_area):
    """Return the breach of zone `z` in weighted hectares; an empty zone breaks nothing."""
    size = area[z]
    if size <= 1e-12:
        return 0.0
    breach = 0.0
    if size < min_area:
        breach += 2.0 * (min_area - size)
    if size > max_area:
        breach += 1.2 * (size - max_area)
    for k in range(slack.shape[0]):
        if slack[k, z] < 0:
            breach -= 1.5 * slack[k, z]
    return breach


@compiled
def _stays_connected(i, label, labels, indptr, indices, stamp, mark, queue):
    """Return whether zone `label` stays connected without node `i`."""
    wanted = 0
    begin = -1
    for e in range(indptr[i], indptr[i + 1]):
        j = indices[e]
        if labels[j] == label and stamp[j] != mark:
            stamp[j] = mark
            wanted += 1
            begin = j
    if wanted <= 1:
        return True
    # wanted neighbours bear `mark`; the walk stamps with mark + 1
    queue[0] = begin
    stamp[begin] = mark + 1
    found = 1
    head, tail = 0, 1
    while head < tail:
        u = queue[head]
        head += 1
        for e in range(indptr[u], indptr[u + 1]):
            j = indices[e]
            if j == i or labels[j] != label or stamp[j] == mark + 1:
                continue
            if stamp[j] == mark:
                found += 1
                if found == wanted:
                    return True
            stamp[j] = mark + 1
            queue[tail] = j
            tail += 1
    return found == wanted


@compiled
def _anneal(
    area,
    weight,
    slack,
    indptr,
    indices,
    gain,
    min_area,
    max_area,
    labels,
    zones,
    state,
    proposals,
    heat,
    mu,
):
    """Run one stage of the schedule at fixed heat and penalty; `labels` and `state` change in place."""
    n = area.shape[0]
    shares = slack.shape[0]
    size = np.zeros(zones)
    count = np.zeros(zones, dtype=np.int64)
    spare = np.zeros((shares, zones))
    for i in range(n):
        z = labels[i]
        if z >= 0:
            size[z] += area[i]
            count[z] += 1
            for k in range(shares):
                spare[k, z] += slack[k, i]
    stamp = np.zeros(n, dtype=np.int64)
    mark = 2
    queue = np.empty(n, dtype=np.int64)
    frontier = np.empty(n, dtype=np.int64)
    members = np.empty(n, dtype=np.int64)
    for step in range(proposals):
        if step % STRUCTURE_EVERY == 0:
            draw = _random(state)
            if draw < 0.4:
                # grow a new zone among the nodes that are out
                z = -1
                for c in range(zones):
                    if count[c] == 0:
                        z = c
                        break
                i = int(_random(state) * n)
                if z < 0 or labels[i] >= 0:
                    continue
                goal = min_area * (1.0 + 0.8 * _random(state))
                if max_area < goal:
                    goal = min_area + (max_area - min_area) * _random(state)
                mark += 2
                used, edge_count = 1, 0
                members[0] = i
                stamp[i] = mark
                worth = weight[i]
                size[z] = area[i]
                for k in range(shares):
                    spare[k, z] = slack[k, i]
                labels[i] = z
                last = i
                while size[z] < goal:
                    for e in range(indptr[last], indptr[last + 1]):
                        j = indices[e]
                        if labels[j] < 0 and stamp[j] != mark:
                            stamp[j] = mark
                            frontier[edge_count] = j
                            edge_count += 1
                    if edge_count == 0:
                        break
                    best, best_worth, best_gain = -1, -1e300, 0.0
                    for f in range(edge_count):
                        j = frontier[f]
                        joined = weight[j]
                        for e in range(indptr[j], indptr[j + 1]):
                            if labels[indices[e]] == z:
                                joined += gain[e]
                        rated = joined / area[j] + heat * _random(state) / area[j]
                        for k in range(shares):
                            if spare[k, z] < 0:
                                rated += mu * slack[k, j] / area[j] * 0.02
                        if rated > best_worth:
                            best, best_worth, best_gain = f, rated, joined
                    last = frontier[best]
                    edge_count -= 1
                    frontier[best] = frontier[edge_count]
                    labels[last] = z
                    members[used] = last
                    used += 1
                    worth += best_gain
                    size[z] += area[last]
                    for k in range(shares):
                        spare[k, z] += slack[k, last]
                count[z] = used
                delta = worth - mu * _penalty(size, spare, z, min_area, max_area)
                if delta < 0 and _random(state) >= np.exp(max(-700.0, delta / (heat * 5.0))):
                    for f in range(used):
                        labels[members[f]] = -1
                    count[z] = 0
                    size[z] = 0.0
                    for k in range(shares):
                        spare[k, z] = 0.0
                continue
            z = int(_random(state) * zones)
            if count[z] == 0:
                continue
            used = 0
            for i in range(n):
                if labels[i] == z:
                    members[used] = i
                    used += 1
            if draw < 0.6:
                # delete
                worth = -mu * _penalty(size, spare, z, min_area, max_area)
                for f in range(used):
                    i = members[f]
                    worth += weight[i]
                    for e in range(indptr[i], indptr[i + 1]):
                        if labels[indices[e]] == z:
                            worth += gain[e] / 2
                if -worth > 0 or _random(state) < np.exp(max(-700.0, -worth / (heat * 5.0))):
                    for f in range(used):
                        labels[members[f]] = -1
                    count[z] = 0
                    size[z] = 0.0
                    for k in range(shares):
                        spare[k, z] = 0.0
            elif draw < 0.85:
                # merge with a neighbouring zone
                other = -1
                for f in range(used):
                    i = members[f]
                    for e in range(indptr[i], indptr[i + 1]):
                        y = labels[indices[e]]
                        if y >= 0 and y != z and (other < 0 or _random(state) < 0.3):
                            other = y
                if other < 0:
                    continue
                delta = 0.0
                for f in range(used):
                    i = members[f]
                    for e in range(indptr[i], indptr[i + 1]):
                        if labels[indices[e]] == other:
                            delta += gain[e]
                before = _penalty(size, spare, z, min_area, max_area) + _penalty(
                    size, spare, other, min_area, max_area
                )
                old = size[other]
                size[other] += size[z]
                for k in range(shares):
                    spare[k, other] += spare[k, z]
                delta += mu * (before - _penalty(size, spare, other, min_area, max_area))
                if delta >= 0 or _random(state) < np.exp(max(-700.0, delta / heat)):
                    for f in range(used):
                        labels[members[f]] = other
                    count[other] += used
                    count[z] = 0
                    size[z] = 0.0
                    for k in range(shares):
                        spare[k, z] = 0.0
                else:
                    size[other] = old
                    for k in range(shares):
                        spare[k, other] -= spare[k, z]
            else:
                # split from two seeds, growing both in turn
                fresh = -1
                for c in range(zones):
                    if count[c] == 0:
                        fresh = c
                        break
                if fresh < 0 or used < 4:
                    continue
                first = members[int(_random(state) * used)]
                second = members[int(_random(state) * used)]
                if first == second:
                    continue
                mark += 2
                stamp[first] = mark
                stamp[second] = mark + 1
                queue[0], queue[1] = first, second
                head, tail = 0, 2
                while head < tail:
                    u = queue[head]
                    head += 1
                    for e in range(indptr[u], indptr[u + 1]):
                        j = indices[e]
                        if labels[j] == z and stamp[j] < mark:
                            stamp[j] = stamp[u]
                            queue[tail] = j
                            tail += 1
                delta = 0.0
                moved = 0.0
                moved_count = 0
                for k in range(shares):
                    spare[k, fresh] = 0.0
                for f in range(used):
                    i = members[f]
                    if stamp[i] != mark + 1:
                        continue
                    moved += area[i]
                    moved_count += 1
                    for k in range(shares):
                        spare[k, fresh] += slack[k, i]
                    for e in range(indptr[i], indptr[i + 1]):
                        j = indices[e]
                        if labels[j] == z and stamp[j] == mark:
                            delta -= gain[e]
                before = _penalty(size, spare, z, min_area, max_area)
                size[fresh] = moved
                size[z] -= moved
                for k in range(shares):
                    spare[k, z] -= spare[k, fresh]
                delta += mu * (
                    before
                    - _penalty(size, spare, z, min_area, max_area)
                    - _penalty(size, spare, fresh, min_area, max_area)
                )
                if delta >= 0 or _random(state) < np.exp(max(-700.0, delta / heat)):
                    for f in range(used):
                        i = members[f]
                        if stamp[i] == mark + 1:
                            labels[i] = fresh
                    count[fresh] = moved_count
                    count[z] -= moved_count
                else:
                    size[z] += moved
                    size[fresh] = 0.0
                    for k in range(shares):
                        spare[k, z] += spare[k, fresh]
                        spare[k, fresh] = 0.0
                mark += 2
            continue
        i = int(_random(state) * n)
        degree = indptr[i + 1] - indptr[i]
        if degree == 0:
            continue
        j = indices[indptr[i] + int(_random(state) * degree)]
        here, there = labels[i], labels[j]
        if here == there:
            if here < 0 or _random(state) >= DROP_SHARE:
                continue
            there = -1
        delta = 0.0
        if there >= 0:
            delta += weight[i]
        if here >= 0:
            delta -= weight[i]
        for e in range(indptr[i], indptr[i + 1]):
            y = labels[indices[e]]
            if y >= 0:
                if y == there:
                    delta += gain[e]
                elif y == here:
                    delta -= gain[e]
        if here >= 0:
            before = _penalty(size, spare, here, min_area, max_area)
            size[here] -= area[i]
            for k in range(shares):
                spare[k, here] -= slack[k, i]
            if count[here] == 1:
                delta += mu * before
            else:
                delta += mu * (before - _penalty(size, spare, here, min_area, max_area))
        if there >= 0:
            before = _penalty(size, spare, there, min_area, max_area)
            size[there] += area[i]
            for k in range(shares):
                spare[k, there] += slack[k, i]
            delta += mu * (before - _penalty(size, spare, there, min_area, max_area))
        accepted = delta >= 0 or _random(state) < np.exp(max(-700.0, delta / heat))
        if accepted and here >= 0 and count[here] > 1:
            mark += 2
            accepted = _stays_connected(i, here, labels, indptr, indices, stamp, mark, queue)
        if accepted:
            labels[i] = there
            if here >= 0:
                count[here] -= 1
                if count[here] == 0:
                    size[here] = 0.0
                    for k in range(shares):
                        spare[k, here] = 0.0
            if there >= 0:
                count[there] += 1
        else:
            if here >= 0:
                size[here] += area[i]
                for k in range(shares):
                    spare[k, here] += slack[k, i]
            if there >= 0:
                size[there] -= area[i]
                for k in range(shares):
                    spare[k, there] -= slack[k, i]
