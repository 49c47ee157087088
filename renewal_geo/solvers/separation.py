"""Which cuts a fractional solution breaks: area separators, share cuts, overflow cuts.

All searches are heuristic in what they find and exact in what they return: the row of a cut is computed
from its definition (:mod:`renewal_geo.solvers.cuts`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, maximum_flow

from renewal_geo.foundation.compiled import compiled
from renewal_geo.solvers.cuts import Cut, Terrain, lacking

LEAST_VIOLATION = 0.02
SEPARATORS, SHARE_CUTS, OVERFLOWS = 250, 60, 40  # most per round
CHARGES = (0.5, 1.5, 4.0, 8.0, 14.0)  # small ones find small cores, whose own factor is small
FLOW_UNITS = 2**28
PREFIXES = np.array([1.05, 1.2, 1.5, 2.0, 3.0, 4.5, 6.0])  # sizes of trees tried, in largest areas
LEAST_X = 0.02
AREA_NOISE = 1e-9
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def separators(terrain: Terrain, x: Floats) -> list[Cut]:
    """Return the most broken area separators of a solution, one grown around every node."""
    if terrain.min_area <= 0:
        return []
    node, region, ends, gap = _grow(
        x, terrain.area, terrain.indptr, terrain.indices, terrain.min_area
    )
    found: list[Cut] = []
    seen: set[bytes] = set()
    for c in np.argsort(-gap, kind="stable"):
        if gap[c] < LEAST_VIOLATION or len(found) == SEPARATORS:
            break
        members = np.sort(region[ends[c] : ends[c + 1]])
        key = members.tobytes()
        if key not in seen:
            seen.add(key)
            found.append(Cut("separator", members, int(node[c])))
    return found


def share_cuts(terrain: Terrain, x: Floats, z: Floats) -> list[Cut]:
    """Return broken share cuts: what a set lacks, against what can flow into it from outside.

    For each share and each charge U a maximum flow sends surplus to deficit through nodes of capacity U
    x_i and links of capacity U z_e; where it falls short, both extreme minimum cuts give sets.
    """
    found: list[tuple[float, Cut]] = []
    seen: set[bytes] = set()
    for k, slack in enumerate(terrain.slack):
        if not (slack < 0).any():
            continue
        for charge in CHARGES:
            for inside in _short_sets(terrain, slack, x, z, charge):
                for part in _parts(terrain, inside):
                    key = part.tobytes() + bytes([k])
                    if key in seen:
                        continue
                    seen.add(key)
                    cut, violation = share_cut(terrain, k, part, x, z)
                    if violation > LEAST_VIOLATION:
                        found.append((violation, cut))
    found.sort(key=lambda one: (-one[0], len(one[1].nodes), int(one[1].nodes[0])))
    return [cut for _, cut in found[:SHARE_CUTS]]


def share_cut(terrain: Terrain, k: int, part: Ints, x: Floats, z: Floats) -> tuple[Cut, float]:
    """Return the share cut of a set, its neighbours charged the cheaper way, and by how much it is broken."""
    slack = terrain.slack[k]
    inside = np.zeros(terrain.size, dtype=bool)
    inside[part] = True
    links, outer = terrain.border(inside)
    through = np.bincount(outer, z[links], minlength=terrain.size)
    around = np.unique(outer)
    by_link = around[through[around] < x[around]]
    bracket = np.minimum(through[around], x[around]).sum()
    missing = -float(slack[part] @ x[part])
    if missing <= LEAST_VIOLATION:
        return Cut("share", part, k, by_link), -1.0
    return Cut("share", part, k, by_link), missing - lacking(terrain, slack, inside) * bracket


def nested_share_cuts(
    terrain: Terrain, taken: NDArray[np.bool_], hops: tuple[int, ...]
) -> list[Cut]:
    """Return broken share cuts of a whole-number solution: each zone that lacks a share, and rings around it.

    A zone alone would be mended by one useless neighbour; with the free nodes around it, it is not.
    """
    x = taken.astype(float)
    z = x[terrain.pairs].min(axis=1) if len(terrain.pairs) else np.empty(0)
    found = []
    for zone in _parts(terrain, taken):
        sums = terrain.slack[:, zone].sum(axis=1)
        others = taken.copy()
        others[zone] = False
        barred = others.copy()
        barred[terrain.border(others)[1]] = True
        for k in np.flatnonzero(sums < -AREA_NOISE):
            grown = np.zeros(terrain.size, dtype=bool)
            grown[zone] = True
            reached = 0
            for hop in hops:
                while reached < hop:
                    edge = terrain.border(grown)[1]
                    edge = edge[~barred[edge]]
                    if not len(edge):
                        break
                    grown[edge] = True
                    reached += 1
                cut, violation = share_cut(terrain, int(k), np.flatnonzero(grown), x, z)
                if violation > LEAST_VIOLATION:
                    found.append(cut)
    return found


def overflows(terrain: Terrain, x: Floats, z: Floats) -> list[Cut]:
    """Return broken overflow cuts: trees of shortest paths that are larger than a zone may be."""
    if not np.isfinite(terrain.max_area) or terrain.area.sum() <= terrain.max_area:
        return []
    roots = np.argsort(-x, kind="stable")
    roots = roots[x[roots] > LEAST_X]
    size, nodes, parent = _trees(
        roots,
        x,
        z,
        terrain.area,
        terrain.indptr,
        terrain.indices,
        terrain.link_of,
        terrain.max_area,
        PREFIXES,
        OVERFLOWS,
        LEAST_VIOLATION,
    )
    ends = np.concatenate([[0], np.cumsum(size)])
    return [
        Cut("overflow", nodes[ends[c] : ends[c + 1]], -1, parent[ends[c] : ends[c + 1]])
        for c in range(len(size))
    ]


def _short_sets(
    terrain: Terrain, slack: Floats, x: Floats, z: Floats, charge: float
) -> list[NDArray[np.bool_]]:
    """Return the smallest and the largest set that lacks more than can flow in at this charge."""
    n = terrain.size
    demand = np.maximum(-slack, 0.0) * x
    supply = np.maximum(slack, 0.0) * x
    total = float(demand.sum())
    if total <= LEAST_VIOLATION:
        return []
    source, sink = 2 * n, 2 * n + 1
    here = np.arange(n)
    u, v = terrain.pairs.T
    tail = np.concatenate([np.full(n, source), here, here, n + u, n + v])
    head = np.concatenate([here, np.full(n, sink), n + here, v, u])
    room = np.concatenate([supply, demand, charge * x, charge * z, charge * z])
    kept = room > 0
    scale = FLOW_UNITS / max(total, float(room.max()), 1e-9)
    units = np.floor(room[kept] * scale).astype(np.int32)
    graph = csr_array((units, (tail[kept], head[kept])), shape=(2 * n + 2, 2 * n + 2))
    found = maximum_flow(graph, source, sink)
    if found.flow_value >= (total - LEAST_VIOLATION) * scale:
        return []
    rest = csr_array(graph - csr_array(found.flow))
    rest.data = (rest.data > 0).astype(np.int8)
    rest.eliminate_zeros()
    largest = np.ones(n, dtype=bool)
    reached = breadth_first_order(rest, source, return_predecessors=False)
    largest[reached[reached < n]] = False
    smallest = np.zeros(n, dtype=bool)
    back = breadth_first_order(csr_array(rest.T), sink, return_predecessors=False)
    smallest[back[back < n]] = True
    active = x > 0
    return [smallest & active, largest & active]


def _parts(terrain: Terrain, inside: NDArray[np.bool_]) -> list[Ints]:
    """Split a set into its connected parts."""
    labels = terrain.labels(inside)
    order = np.argsort(labels, kind="stable")
    order = order[labels[order] >= 0]
    if not len(order):
        return []
    return np.split(order, np.flatnonzero(np.diff(labels[order])) + 1)


@compiled
def _grow(x, area, indptr, indices, min_area):
    """Grow a region from every node by its neighbour of the highest value; keep the worst cut."""
    n = x.shape[0]
    stamp = np.zeros(n, dtype=np.int64)
    grown = np.empty(n, dtype=np.int64)
    frontier = np.empty(n, dtype=np.int64)
    node = np.empty(n, dtype=np.int64)
    gaps = np.empty(n)
    ends = np.zeros(n + 1, dtype=np.int64)
    regions = np.empty(4 * n + 16, dtype=np.int64)
    found, used = 0, 0
    for i in range(n):
        if x[i] < 0.02:
            continue
        mark = i + 1
        grown[0] = i
        stamp[i] = mark
        size, length, waiting, around = area[i], 1, 0, 0.0
        last = i
        best_gap, best_length = -1.0, 0
        top = x[i]
        while size < min_area * (1 - 1e-9):
            for e in range(indptr[last], indptr[last + 1]):
                j = indices[e]
                if stamp[j] != mark:
                    stamp[j] = mark
                    frontier[waiting] = j
                    waiting += 1
                    around += x[j]
            if x[i] - around > best_gap:
                best_gap, best_length = x[i] - around, length
            if waiting == 0:
                break
            best = 0
            for f in range(1, waiting):
                if x[frontier[f]] > x[frontier[best]]:
                    best = f
            if x[frontier[best]] > top + 0.3:
                break
            last = frontier[best]
            waiting -= 1
            frontier[best] = frontier[waiting]
            around -= x[last]
            grown[length] = last
            length += 1
            size += area[last]
        if best_gap < 0.02:
            continue
        if used + best_length > regions.shape[0]:
            regions = np.concatenate((regions, np.empty(regions.shape[0] + best_length, np.int64)))
        node[found] = i
        gaps[found] = best_gap
        for f in range(best_length):
            regions[used + f] = grown[f]
        used += best_length
        found += 1
        ends[found] = used
    return node[:found], regions[:used], ends[: found + 1], gaps[:found]


@compiled
def _trees(roots, x, z, area, indptr, indices, link_of, max_area, prefixes, most, least_violation):
    """Grow the tree of shortest paths from each root; keep the prefix whose cut is broken the most.

    Lengths are x_u - z_uv, so a short path is one that the solution seems to keep in one zone. Roots in the
    inner part of a tree that gave a cut are passed over.
    """
    n = x.shape[0]
    covered = np.zeros(n, dtype=np.int64)
    far = np.empty(n)
    done = np.zeros(n, dtype=np.int64)
    up = np.empty(n, dtype=np.int64)  # the parent's place in `order`
    through = np.empty(n)  # length of the link to the parent
    order = np.empty(n, dtype=np.int64)
    heap_far = np.empty(4 * indices.shape[0] + 16)
    heap_node = np.empty(4 * indices.shape[0] + 16, dtype=np.int64)
    heap_up = np.empty(4 * indices.shape[0] + 16, dtype=np.int64)
    heap_through = np.empty(4 * indices.shape[0] + 16)
    below = np.empty(n)
    out_size = np.empty(most, dtype=np.int64)
    out_nodes = np.empty(1024, dtype=np.int64)
    out_up = np.empty(1024, dtype=np.int64)
    used, found = 0, 0
    largest = prefixes[-1] * max_area
    for r in range(roots.shape[0]):
        root = roots[r]
        if found == most:
            break
        if covered[root] > 0:
            continue
        mark = r + 1
        heap_far[0], heap_node[0], heap_up[0], heap_through[0] = 0.0, root, -1, 0.0
        waiting = 1
        count, size = 0, 0.0
        while waiting > 0 and size < largest:
            distance, u, parent, step = heap_far[0], heap_node[0], heap_up[0], heap_through[0]
            waiting -= 1
            # sift the last entry down from the top
            hole = 0
            last_far, last_node = heap_far[waiting], heap_node[waiting]
            last_up, last_through = heap_up[waiting], heap_through[waiting]
            while True:
                child = 2 * hole + 1
                if child >= waiting:
                    break
                if child + 1 < waiting and heap_far[child + 1] < heap_far[child]:
                    child += 1
                if heap_far[child] >= last_far:
                    break
                heap_far[hole], heap_node[hole] = heap_far[child], heap_node[child]
                heap_up[hole], heap_through[hole] = heap_up[child], heap_through[child]
                hole = child
            heap_far[hole], heap_node[hole] = last_far, last_node
            heap_up[hole], heap_through[hole] = last_up, last_through
            if done[u] == mark:
                continue
            if distance >= x[root]:
                break
            done[u] = mark
            far[u] = distance
            order[count] = u
            up[count] = parent
            through[count] = step
            here = count
            count += 1
            size += area[u]
            for e in range(indptr[u], indptr[u + 1]):
                v = indices[e]
                if done[v] == mark:
                    continue
                length = max(0.0, x[u] - z[link_of[e]])
                if waiting + 1 >= heap_far.shape[0]:
                    continue
                hole = waiting
                waiting += 1
                reach = distance + length
                while hole > 0 and heap_far[(hole - 1) // 2] > reach:
                    above = (hole - 1) // 2
                    heap_far[hole], heap_node[hole] = heap_far[above], heap_node[above]
                    heap_up[hole], heap_through[hole] = heap_up[above], heap_through[above]
                    hole = above
                heap_far[hole], heap_node[hole] = reach, v
                heap_up[hole], heap_through[hole] = here, length
        if size <= max_area:
            continue
        best_violation, best_count = least_violation, 0
        for p in range(prefixes.shape[0]):
            total, length_of = 0.0, 0
            while length_of < count and total < prefixes[p] * max_area:
                total += area[order[length_of]]
                length_of += 1
            excess = total - max_area
            if excess <= 1e-6:
                continue
            for j in range(length_of):
                below[j] = area[order[j]]
            right = 0.0
            for j in range(length_of - 1, 0, -1):
                right += min(1.0, below[j] / excess) * through[j]
                below[up[j]] += below[j]
            if x[root] - right > best_violation:
                best_violation, best_count = x[root] - right, length_of
            if length_of == count:
                break
        if best_count == 0:
            continue
        while used + best_count > out_nodes.shape[0]:
            out_nodes = np.concatenate((out_nodes, np.empty_like(out_nodes)))
            out_up = np.concatenate((out_up, np.empty_like(out_up)))
        inner = max(1, best_count // 12)
        for j in range(best_count):
            out_nodes[used + j] = order[j]
            out_up[used + j] = up[j]
            if j < inner:
                covered[order[j]] = 1
        used += best_count
        out_size[found] = best_count
        found += 1
    return out_size[:found], out_nodes[:used], out_up[:used]
