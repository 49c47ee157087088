"""Chains of border joined to the loops that they make: areas, and what lies in slivers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from renewal_geo.foundation.compiled import compiled
from renewal_geo.spatial.edge_grids import Floats, Ints
from renewal_geo.spatial.edge_walks import CLOSED, CODE_BITS, Chains, Outer, pair_code

NOISE_M2 = 1e-7
NEAR_M = 1e-6  # crossings that are computed twice differ by less, drawn corners by more


@dataclass(frozen=True, slots=True, eq=False)
class Shares:
    """What zones and polygons share, sorted by zone, then polygon.

    Attributes
    ----------
    zone, source, area
        Rows of zone and polygon, and the area that they share (m2), more than rounding.
    sliver
        How much of it lies in parts that are thin or tiny (m2).
    unclear
        Whether loops alone cannot tell: several parts and a hole, or borders that touch.
    """

    zone: Ints
    source: Ints
    area: Floats
    sliver: Floats
    unclear: NDArray[np.bool_]


def shares_of(through: Chains, across: Chains, tied: Ints, thin_m: float, tiny_m2: float) -> Shares:
    """Join the chains of both walks to loops, and sum them up.

    Parameters
    ----------
    through, across
        Walks of the zones through the layer and of the layer through the zones.
    tied
        (k, 2) zone and polygon whose edges touch.
    thin_m, tiny_m2
        A part is a sliver where 2 A / P or A is less.
    """
    ends = np.concatenate([through.ends, across.ends])
    order = np.argsort(ends[:, 0], kind="stable")
    ends = ends[order]
    sums = np.concatenate([through.sums, across.sums])[order]
    starts = np.flatnonzero(np.diff(ends[:, 0], prepend=-1))
    code = ends[starts, 0]
    zone, source = code >> CODE_BITS, code & (1 << CODE_BITS) - 1
    touched = np.isin(code, pair_code(tied[:, 0], tied[:, 1]))
    starts = np.append(starts, len(order))
    area, sliver, unclear = _looped(starts, ends, sums, touched, thin_m, tiny_m2)
    real = area > NOISE_M2
    return Shares(zone[real], source[real], area[real], sliver[real], unclear[real])


@dataclass(frozen=True, slots=True, eq=False)
class Open:
    """What of every zone lies outside a layer: area, of which in slivers, whether that is unclear."""

    area: Floats
    sliver: Floats
    unclear: NDArray[np.bool_]


def open_ground(
    rings: Outer, outline: Outer, tied: Ints, count: int, thin_m: float, tiny_m2: float
) -> Open:
    """Join the zones' rings outside a layer and its outline inside the zones to loops.

    Parameters
    ----------
    rings
        What of the zones' rings lies outside the layer.
    outline
        Walk of the layer's outline through the zones.
    tied
        Zones whose edges touch the layer's.
    count
        Number of zones.
    thin_m, tiny_m2
        As in :func:`shares_of`.
    """
    zone = np.concatenate([rings.zone, outline.zone])
    order = np.argsort(zone, kind="stable")
    sums = np.concatenate([rings.sums, outline.sums * np.array([-1.0, 1.0])])[order]
    places = np.concatenate([rings.places, outline.places])[order]
    starts = np.searchsorted(zone[order], np.arange(count + 1))
    area, sliver, unclear = _enclosed(starts, places, sums, thin_m, tiny_m2)
    touched = np.zeros(count, dtype=bool)
    touched[tied] = touched[outline.tied] = True
    return Open(area, sliver, unclear | (touched & (area >= tiny_m2)))


@compiled
def _enclosed(starts, places, sums, thin_m, tiny_m2):
    count = len(starts) - 1
    area, sliver = np.zeros(count), np.zeros(count)
    unclear = np.zeros(count, dtype=np.bool_)
    for zone in range(count):
        low, size = starts[zone], starts[zone + 1] - starts[zone]
        if size == 0:
            continue
        head = np.arange(size)
        fits = _link_places(places[low : low + size], head)
        loops = np.zeros((size, 2))
        for n in range(size):
            area[zone] += sums[low + n, 0]
            root = _root(head, n)
            loops[root, 0] += sums[low + n, 0]
            loops[root, 1] += sums[low + n, 1]
        parts, holes, sliver[zone] = _parted(loops, thin_m, tiny_m2)
        unclear[zone] = area[zone] > NOISE_M2 and (not fits or (parts > 1 and holes > 0))
    return area, sliver, unclear


@compiled
def _link_places(places, head):
    """Join chains that end where others begin; say whether all ends fit, two by two."""
    size = len(places)
    x, y, chain = np.empty(2 * size), np.empty(2 * size), np.empty(2 * size, np.int64)
    used = 0
    for n in range(size):
        gap = abs(places[n, 0] - places[n, 2]) + abs(places[n, 1] - places[n, 3])
        if gap > NEAR_M:
            for end in range(2):
                x[used], y[used] = places[n, 2 * end], places[n, 2 * end + 1]
                chain[used] = n
                used += 1
    order = np.argsort(x[:used])
    met = np.zeros(used, dtype=np.int64)
    for a in range(used):
        one = order[a]
        for b in range(a + 1, used):
            two = order[b]
            if x[two] - x[one] > NEAR_M:
                break
            if abs(y[two] - y[one]) <= NEAR_M:
                met[one] += 1
                met[two] += 1
                first, second = _root(head, chain[one]), _root(head, chain[two])
                head[max(first, second)] = min(first, second)
    return met.min() == 1 and met.max() == 1 if used else True


@compiled
def _parted(loops, thin_m, tiny_m2):
    """Return the number of parts, of holes, and the area in slivers; one part has all the holes."""
    parts, holes, solid, border, sliver = 0, 0, 0.0, 0.0, 0.0
    for n in range(len(loops)):
        if abs(loops[n, 0]) <= NOISE_M2:
            continue
        solid += loops[n, 0]
        border += loops[n, 1]
        if loops[n, 0] > 0:
            parts += 1
            sliver += _if_sliver(loops[n, 0], loops[n, 1], thin_m, tiny_m2)
        else:
            holes += 1
    if parts == 1:
        sliver = _if_sliver(solid, border, thin_m, tiny_m2)
    return parts, holes, sliver


@compiled
def _looped(starts, ends, sums, tied, thin_m, tiny_m2):
    count = len(starts) - 1
    area, sliver = np.zeros(count), np.zeros(count)
    unclear = np.zeros(count, dtype=np.bool_)
    for pair in range(count):
        low, high = starts[pair], starts[pair + 1]
        size = high - low
        crossed = (
            size == 2 and ends[low, 1] == ends[low + 1, 2] and ends[low, 2] == ends[low + 1, 1]
        )
        if size == 1 or (crossed and ends[low, 1] != CLOSED):
            # by far the most common: one loop
            solid, border = sums[low, 0], sums[low, 1]
            if size == 2:
                solid, border = solid + sums[low + 1, 0], border + sums[low + 1, 1]
            area[pair], sliver[pair] = solid, _if_sliver(solid, border, thin_m, tiny_m2)
            unclear[pair] = tied[pair] and solid >= tiny_m2
            continue
        head = np.arange(size)
        keys, chain = np.empty(2 * size, np.int64), np.empty(2 * size, np.int64)
        used = 0
        for n in range(size):
            area[pair] += sums[low + n, 0]
            for side in range(2):
                if ends[low + n, 1 + side] != CLOSED:
                    keys[used], chain[used] = ends[low + n, 1 + side], n
                    used += 1
        _link(keys[:used], chain[:used], head)
        loops = np.zeros((size, 2))
        for n in range(size):
            root = _root(head, n)
            loops[root, 0] += sums[low + n, 0]
            loops[root, 1] += sums[low + n, 1]
        parts, holes, sliver[pair] = _parted(loops, thin_m, tiny_m2)
        # where borders touch, the shift may join parts by ground as thin as itself
        unclear[pair] = (parts > 1 and holes > 0) or (tied[pair] and area[pair] >= tiny_m2)
    return area, sliver, unclear


@compiled
def _if_sliver(area, length, thin_m, tiny_m2):
    return area if area < tiny_m2 or 2 * area < thin_m * length else 0.0


@compiled
def _link(keys, chain, head):
    """Join the chains that end in the same crossing."""
    order = np.argsort(keys)
    for n in range(1, len(order)):
        if keys[order[n]] == keys[order[n - 1]]:
            one, two = _root(head, chain[order[n]]), _root(head, chain[order[n - 1]])
            head[max(one, two)] = min(one, two)


@compiled
def _root(head, n):
    while head[n] != n:
        head[n] = head[head[n]]
        n = head[n]
    return n
