"""One edge table of a layer of polygons: who borders on whom, and where the fabric is torn.

Half-edges are paired by their exact coordinates. What has a twin is sound; everything that can be
wrong with a fabric (overlaps, gaps, unmatched vertices) leaves half-edges without one, and only these
are looked at more closely:

* Every double-covered piece of ground has an unpaired half-edge on its outline. Its polygons are found
  where unpaired half-edges cross others or run into their interior, where half-edges of two owners run
  the same way, or, where a whole loop meets nothing, by a point of it; from there the overlap is followed
  across paired borders.
* As many unpaired half-edges leave a corner as arrive at it, so they join into loops. Loops that run
  clockwise are holes of the fabric.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from renewal_geo.spatial import half_edges
from renewal_geo.spatial.edge_grids import Edges, edges_of

EDGES_WIDE = 3.0  # of a cell, in mean edges; measured: quickest between two and four
SCATTER = np.uint64(0x9E3779B97F4A7C15)
SPREAD = np.uint64(0xC2B2AE3D27D4EB4F)
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Small = NDArray[np.int32]
Bools = NDArray[np.bool_]
Shapes = NDArray[np.object_]


@dataclass(frozen=True, slots=True, eq=False)
class Fabric:
    """The half-edges of n polygons, paired.

    Attributes
    ----------
    sound
        Which of the polygons are valid; only these are paired and compared.
    edges
        Corners and rings; half-edge k runs from corner k to corner k + 1.
    before, same
        The corner before every corner, and the first corner of the ring that it repeats.
    ring_first
        First ring of every polygon, and the number of rings at the end.
    sizes
        Half-edges of every polygon.
    twin
        Per half-edge the one of another polygon that runs the other way between the same corners, or -1.
    unpaired
        Half-edges of sound polygons without a twin.
    suspect
        Unpaired half-edges, and those that run the same way as another between the same corners: which
        of these has the twin is chance.
    stacked
        Pairs of polygons, the smaller row first, with half-edges that run the same way between the same
        corners, and the number of these: the two overlap.
    """

    sound: Bools
    edges: Edges
    before: Small
    same: Small
    ring_first: Ints
    sizes: Ints
    twin: Small
    unpaired: Small
    suspect: Small
    stacked: Ints
    stacked_edges: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Contacts:
    """Where unpaired half-edges meet other edges.

    `pairs`: rows of polygons whose interiors overlap for certain, the smaller row first. `touches`: corner
    and the half-edge of another polygon by whose inside the corner lies, within the tolerance.
    `opposite`: half-edges of two polygons that run opposite ways within reach of each other.
    """

    pairs: Ints
    touches: Ints
    opposite: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Loops:
    """Loops of unpaired segments, the polygons on their left.

    Attributes
    ----------
    x, y, owner
        Start of every segment in the order of walking, and the row of its polygon.
    forked
        Whether other segments leave the same start.
    first
        First segment of every loop, and the number of all at the end.
    area, length
        m2, negative for holes of the fabric; m.
    """

    x: Floats
    y: Floats
    owner: Small
    forked: Bools
    first: Small
    area: Floats
    length: Floats

    def ring(self, loop: int) -> Floats:
        """Return the closed ring of a loop, k x 2."""
        at = np.arange(self.first[loop], self.first[loop + 1])
        at = np.append(at, at[0])
        return np.column_stack([self.x[at], self.y[at]])

    def owners(self, loop: int) -> Small:
        """Return the rows of the polygons along a loop, ascending."""
        return np.unique(self.owner[self.first[loop] : self.first[loop + 1]])


def fabric_of(shapes: Shapes, sound: Bools | None = None) -> Fabric:
    """Return the edge table of a layer.

    Parameters
    ----------
    shapes
        n polygons or multipolygons; None and empty ones have no edges.
    sound
        Which of them are valid; only their half-edges are paired. All where left out.
    """
    edges = edges_of(shapes)
    taken = np.ones(edges.rows, dtype=np.bool_) if sound is None else np.asarray(sound)
    before, same = half_edges.corners_of(edges.start, len(edges.x))
    last = same != np.arange(len(same), dtype=np.int32)
    spot = _scattered(edges.x, edges.y)
    size = _table_size(len(spot))
    slot = _slots(spot[:-1] + spot[1:], size)
    twin, stacked, piled = half_edges.paired(edges.x, edges.y, edges.owner, last, taken, slot, size)
    lone = (twin < 0) & ~last & taken[edges.owner]
    unpaired = np.flatnonzero(lone).astype(np.int32)
    suspect = np.flatnonzero(lone | piled).astype(np.int32)
    ring_first = np.searchsorted(edges.ring_owner, np.arange(edges.rows + 1))
    corners = edges.start[ring_first]
    sizes = np.diff(corners) - np.diff(ring_first)
    pairs, counts = _counted(stacked, edges.rows)
    return Fabric(
        taken, edges, before, same, ring_first, sizes, twin, unpaired, suspect, pairs, counts
    )


def equal_pairs(fabric: Fabric) -> Ints:
    """Return pairs of polygons with the same half-edges, wherever their rings start."""
    one, two = fabric.stacked.T
    equal = (fabric.stacked_edges == fabric.sizes[one]) & (fabric.sizes[one] == fabric.sizes[two])
    found: Ints = fabric.stacked[equal]
    return found


def contacts_of(fabric: Fabric, tolerance: float, reach: float = 0.0) -> Contacts:
    """Return where unpaired half-edges meet others.

    Parameters
    ----------
    fabric
        n polygons.
    tolerance
        How far a corner may lie from an edge that it touches, m.
    reach
        Within which half-edges that run opposite ways are noted, m.
    """
    reach = max(reach, tolerance)
    e, open_edges = fabric.edges, fabric.suspect
    if not len(open_edges):
        none = np.empty((0, 2), dtype=np.int64)
        return Contacts(fabric.stacked, none, none)
    along = np.hypot(e.x[open_edges + 1] - e.x[open_edges], e.y[open_edges + 1] - e.y[open_edges])
    cell = max(EDGES_WIDE * float(along.mean()), 4 * reach, 1e-9)
    frame = np.array([e.x.min(), e.y.min(), cell])
    once = np.flatnonzero(fabric.twin > np.arange(len(fabric.twin))).astype(np.int32)
    pairs, touches, opposite = half_edges.contacts(
        e.x,
        e.y,
        e.owner,
        fabric.before,
        fabric.same,
        open_edges,
        once,
        fabric.twin,
        frame,
        float(tolerance),
        float(reach),
        _table_size(2 * len(open_edges)),
    )
    found, _ = _counted(pairs, e.rows)
    touches = np.unique(touches, axis=0) if len(touches) else touches
    opposite = np.unique(opposite, axis=0) if len(opposite) else opposite
    return Contacts(_pairs_of(np.concatenate([found, fabric.stacked]), e.rows), touches, opposite)


def overlapping(fabric: Fabric, contacts: Contacts) -> Ints:
    """Return all pairs of polygons whose interiors overlap, the smaller row first, ascending."""
    e = fabric.edges
    box = _boxes(fabric)
    seeds = np.concatenate([contacts.pairs, _holding(fabric, box)])
    if not len(seeds):
        return seeds
    found = half_edges.flooded(
        e.x,
        e.y,
        e.owner,
        fabric.before,
        fabric.same,
        e.start,
        fabric.ring_first,
        fabric.twin,
        box,
        seeds,
        e.rows,
    )
    return _pairs_of(found, e.rows)


def loops_of(fabric: Fabric, contacts: Contacts) -> Loops:
    """Join the unpaired half-edges into loops, as if every unmatched vertex were in its neighbour's edge."""
    if len(contacts.touches):
        return _joined(*_matched(fabric, contacts.touches))
    return _joined(*_segments(fabric))


def _segments(fabric: Fabric) -> tuple[Floats, Floats, Floats, Floats, Small]:
    e, at = fabric.edges, fabric.unpaired
    return e.x[at], e.y[at], e.x[at + 1], e.y[at + 1], e.owner[at]


def _joined(ax: Floats, ay: Floats, bx: Floats, by: Floats, owner: Small) -> Loops:
    size = _table_size(len(ax))
    tails, tips = _slots(_scattered(ax, ay), size), _slots(_scattered(bx, by), size)
    order, first, forked = half_edges.walked(ax, ay, bx, by, tails, tips, size)
    area, length = half_edges.measured(ax, ay, bx, by, order, first)
    return Loops(ax[order], ay[order], owner[order], forked, first, area, length)


def facing_edges(
    fabric: Fabric, contacts: Contacts, least: float, reach: float
) -> tuple[Ints, Floats, Floats]:
    """Return where unpaired half-edges of two polygons face each other across a crack.

    Parameters
    ----------
    contacts
        Of the fabric, with a reach of at least `reach`.
    least, reach
        How far apart (m) the two may be at the wider end of where they face.

    Returns
    -------
    tuple
        k x 2 rows of polygons; k x 4 x 2 corners of the ground between; k lengths over which they face, m.
    """
    e = fabric.edges
    kept, ground, length = half_edges.facing(e.x, e.y, contacts.opposite, least, reach)
    return e.owner[contacts.opposite[kept]].astype(np.int64), ground.reshape(-1, 4, 2), length


def spike_corners(fabric: Fabric, degrees: float, arm: float) -> Ints:
    """Return the corners where a ring turns back by less than `degrees`, both arms longer than `arm`."""
    e = fabric.edges
    slope = np.tan(np.radians(degrees))
    found: Ints = half_edges.spikes(e.x, e.y, e.start, fabric.before, slope, arm)
    return found


def _holding(fabric: Fabric, box: Floats) -> Ints:
    """Return pairs: a polygon with a loop of unpaired half-edges, and one that holds a corner of it.

    Along a loop that meets nothing, what holds one corner holds all. Where loops touch in a corner, each
    has its own say.
    """
    e = fabric.edges
    if not len(fabric.unpaired):
        return np.empty((0, 2), dtype=np.int64)
    loops = _joined(*_segments(fabric))
    at = np.union1d(loops.first[:-1], np.flatnonzero(loops.forked))
    px, py, owner = loops.x[at], loops.y[at], loops.owner[at]
    point, row = half_edges.boxed(px, py, np.argsort(px), box).T
    holds = half_edges.holders(
        e.x, e.y, e.start, fabric.ring_first, px[point], py[point], owner[point], row
    )
    pairs: Ints = np.column_stack([owner[point], row]).astype(np.int64)[holds]
    return pairs


def _boxes(fabric: Fabric) -> Floats:
    """Return the bounding box of every sound polygon; NaN where there is none."""
    e = fabric.edges
    box = np.full((e.rows, 4), np.nan)
    some = np.flatnonzero(fabric.sizes > 0)
    begin = e.start[fabric.ring_first[some]]
    if len(some):
        box[some] = np.column_stack(
            [
                np.minimum.reduceat(e.x, begin),
                np.minimum.reduceat(e.y, begin),
                np.maximum.reduceat(e.x, begin),
                np.maximum.reduceat(e.y, begin),
            ]
        )
    box[~fabric.sound] = np.nan
    return box


def _matched(fabric: Fabric, touches: Ints) -> tuple[Floats, Floats, Floats, Floats, Small]:
    """Return the unpaired segments, split at the vertices that lie by them, without new twins."""
    e = fabric.edges
    corner, edge = touches[np.isin(touches[:, 1], fabric.unpaired)].T
    dx, dy = e.x[edge + 1] - e.x[edge], e.y[edge + 1] - e.y[edge]
    along = (e.x[corner] - e.x[edge]) * dx + (e.y[corner] - e.y[edge]) * dy
    edges = np.concatenate([fabric.unpaired, edge])
    x = np.concatenate([e.x[fabric.unpaired], e.x[corner]])
    y = np.concatenate([e.y[fabric.unpaired], e.y[corner]])
    order = np.lexsort((np.concatenate([np.full(len(fabric.unpaired), -1.0), along]), edges))
    edges, x, y = edges[order], x[order], y[order]
    again = np.flatnonzero((edges[1:] == edges[:-1]) & (x[1:] == x[:-1]) & (y[1:] == y[:-1]))
    edges, x, y = (np.delete(values, again + 1) for values in (edges, x, y))
    ends = np.append(edges[1:] != edges[:-1], True)
    bx = np.where(ends, e.x[edges + 1], np.append(x[1:], 0.0))
    by = np.where(ends, e.y[edges + 1], np.append(y[1:], 0.0))
    owner = e.owner[edges]
    # the pairing works on chains of corners: every segment is one of two, its end a corner of its own
    chain_x, chain_y = np.column_stack([x, bx]).ravel(), np.column_stack([y, by]).ravel()
    spot = _scattered(chain_x, chain_y)
    size = _table_size(len(x))
    last = np.arange(len(chain_x)) % 2 == 1
    twin, _, _ = half_edges.paired(
        chain_x,
        chain_y,
        np.repeat(owner, 2),
        last,
        np.ones(e.rows, dtype=np.bool_),
        _slots(spot[:-1] + spot[1:], size),
        size,
    )
    kept = twin[::2] < 0
    return x[kept], y[kept], bx[kept], by[kept], owner[kept]


def _counted(pairs: Ints, rows: int) -> tuple[Ints, Ints]:
    """Return each pair once, the smaller row first, and how often it occurs."""
    if not len(pairs):
        return np.empty((0, 2), dtype=np.int64), np.empty(0, dtype=np.int64)
    keys, counts = np.unique(
        pairs.min(axis=1) * np.int64(rows) + pairs.max(axis=1), return_counts=True
    )
    apart = keys // rows != keys % rows
    return np.column_stack([keys // rows, keys % rows])[apart], counts[apart]


def _pairs_of(pairs: Ints, rows: int) -> Ints:
    return _counted(pairs, rows)[0]


def _scattered(x: Floats, y: Floats) -> NDArray[np.uint64]:
    """Return a number per point that is the same for the same coordinates only, but for accidents."""
    low = (x + 0.0).view(np.uint64) * SCATTER  # + 0.0 makes one zero of the two
    high = (y + 0.0).view(np.uint64) * SPREAD
    mixed = low ^ (high << np.uint64(31)) ^ (high >> np.uint64(33))
    mixed ^= mixed >> np.uint64(29)
    spots: NDArray[np.uint64] = mixed * SCATTER
    return spots


def _slots(spots: NDArray[np.uint64], table_size: int) -> Small:
    shift = np.uint64(64 - int(table_size).bit_length() + 1)
    return ((spots * SPREAD) >> shift).astype(np.int32)


def _table_size(count: int) -> int:
    """Return a power of two with room for `count` entries."""
    return 1 << max(6, (2 * count).bit_length())
