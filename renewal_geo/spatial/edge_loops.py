"""Chains of border joined to the loops that they make: areas, and what lies in slivers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from renewal_geo.foundation.compiled import compiled
from renewal_geo.spatial.edge_grids import Floats, Ints
from renewal_geo.spatial.edge_walks import CLOSED, Walked

NOISE_M2 = 1e-7


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


def shares_of(through: Walked, across: Walked, thin_m: float, tiny_m2: float) -> Shares:
    """Join the chains of both walks to loops, and sum them up.

    Parameters
    ----------
    through, across
        Walks of the zones through the layer and of the layer through the zones.
    thin_m, tiny_m2
        A part is a sliver where 2 A / P or A is less.
    """
    a, b = through.chains, across.chains
    within = a.source >= 0
    zone = np.concatenate([a.zone[within], b.zone])
    source = np.concatenate([a.source[within], b.source])
    wide = int(source.max()) + 1 if len(source) else 1
    code = zone * wide + source
    order = np.argsort(code, kind="stable")
    code = code[order]
    starts = np.flatnonzero(np.diff(code, prepend=-1))
    ends = np.stack(
        [np.concatenate([a.begin[within], b.begin]), np.concatenate([a.end[within], b.end])], axis=1
    )[order]
    sums = np.stack(
        [np.concatenate([a.area[within], b.area]), np.concatenate([a.length[within], b.length])],
        axis=1,
    )[order]
    code = code[starts]
    zone, source = code // wide, code % wide
    tied = np.isin(code, through.tied[:, 0] * wide + through.tied[:, 1])
    area, sliver, unclear = _looped(
        np.append(starts, len(order)), ends, sums, tied, thin_m, tiny_m2
    )
    real = area > NOISE_M2
    return Shares(zone[real], source[real], area[real], sliver[real], unclear[real])


@compiled
def _looped(starts, ends, sums, tied, thin_m, tiny_m2):
    count = len(starts) - 1
    area, sliver = np.zeros(count), np.zeros(count)
    unclear = np.zeros(count, dtype=np.bool_)
    for pair in range(count):
        low, high = starts[pair], starts[pair + 1]
        size = high - low
        head = np.arange(size)
        keys, chain = np.empty(2 * size, np.int64), np.empty(2 * size, np.int64)
        used = 0
        for n in range(size):
            area[pair] += sums[low + n, 0]
            for side in range(2):
                if ends[low + n, side] != CLOSED:
                    keys[used], chain[used] = ends[low + n, side], n
                    used += 1
        _link(keys[:used], chain[:used], head)
        loops, parts, holes = np.zeros((size, 2)), 0, 0
        for n in range(size):
            loops[_root(head, n)] += sums[low + n]
        solid, border = 0.0, 0.0
        for n in range(size):
            if loops[n, 0] > NOISE_M2:
                parts += 1
            elif loops[n, 0] < -NOISE_M2:
                holes += 1
            else:
                continue
            solid += loops[n, 0]
            border += loops[n, 1]
        if parts == 1:
            sliver[pair] = _if_sliver(solid, border, thin_m, tiny_m2)
        else:
            for n in range(size):
                if loops[n, 0] > NOISE_M2:
                    sliver[pair] += _if_sliver(loops[n, 0], loops[n, 1], thin_m, tiny_m2)
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
