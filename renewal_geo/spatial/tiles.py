"""The tile-owner plan: the plane in rectangles of about equal load, each polygon owned by exactly one.

A polygon belongs to the rectangle that holds its anchor, the centre of its bounding box. Rectangles
are closed below and open above, so that no anchor lies in two, and the outer ones are endless, so
that none lies in no one. The anchor needs no vertices: a file that carries bounding boxes can be planned,
and read tile by tile, without decoding a shape.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from renewal_geo.spatial.areas import Floats, Ints, Shapes

Bounds = tuple[float, float, float, float]
ENDLESS: Bounds = (-np.inf, -np.inf, np.inf, np.inf)
HUGE_VERTICES = 20_000
CLIP_MARGIN_M = 1.0  # a clip runs outside all that is measured
GRID_CELLS = 1024


def anchors(bounds: Floats) -> Floats:
    """Return the centres of n bounding boxes (n × 4: x0, y0, x1, y1); NaN where there is none."""
    return (bounds[:, :2] + bounds[:, 2:]) / 2


def plan_tiles(points: Floats, load: Floats, count: int) -> list[Bounds]:
    """Cut the plane into rectangles of about equal load.

    Parameters
    ----------
    points
        n × 2 anchors; rows with NaN count for nothing.
    load
        What each costs: 1, or its number of vertices.
    count
        Rectangles wanted.

    Returns
    -------
    list of tuple
        x0, y0, x1, y1 of at most `count` rectangles, closed below and open above; together they are
        the plane. Fewer where anchors that coincide cannot be parted. They depend on the set of
        anchors, not on its order.
    """
    known = np.isfinite(points).all(axis=1)
    return list(_halved(points[known], load[known], count, ENDLESS))


def owner_of(points: Floats, tiles: Sequence[Bounds]) -> Ints:
    """Return for each anchor the row of the rectangle that holds it; 0 for one with NaN."""
    owner = np.zeros(len(points), dtype=np.int64)
    for number, tile in enumerate(tiles):
        owner[owned(points, tile)] = number
    return owner


def owned(points: Floats, tile: Bounds) -> NDArray[np.bool_]:
    """Tell which anchors lie in a rectangle; none with NaN does."""
    x0, y0, x1, y1 = tile
    x, y = points[:, 0], points[:, 1]
    return (x0 <= x) & (x < x1) & (y0 <= y) & (y < y1)


def meeting(bounds: Floats, window: Bounds) -> NDArray[np.bool_]:
    """Tell which of n bounding boxes meet a window; none with NaN does."""
    x0, y0, x1, y1 = window
    return (bounds[:, 0] <= x1) & (bounds[:, 2] >= x0) & (bounds[:, 1] <= y1) & (bounds[:, 3] >= y0)


def union_of(bounds: Floats) -> Bounds | None:
    """Return the bounding box of bounding boxes; None where there is none."""
    known = bounds[np.isfinite(bounds).all(axis=1)]
    if not len(known):
        return None
    (x0, y0), (x1, y1) = known[:, :2].min(axis=0), known[:, 2:].max(axis=0)
    return float(x0), float(y0), float(x1), float(y1)


def clipped(shapes: Shapes, window: Bounds, huge: int = HUGE_VERTICES) -> Shapes:
    """Cut polygons of very many vertices down to a window; others, and invalid ones, stay whole.

    The cut runs a metre outside the window, so that inside it no edge is touched.
    """
    count = np.where(shapely.is_missing(shapes), 0, shapely.get_num_coordinates(shapes))
    large = np.flatnonzero(count > huge)
    large = large[shapely.is_valid(shapes[large])]
    if not len(large):
        return shapes
    x0, y0, x1, y1 = window
    frame = shapely.box(
        x0 - CLIP_MARGIN_M, y0 - CLIP_MARGIN_M, x1 + CLIP_MARGIN_M, y1 + CLIP_MARGIN_M
    )
    cut = shapes.copy()
    cut[large] = shapely.intersection(shapes[large], frame)
    return cut


class Density:
    """How anchors lie in a region, counted on a lattice: memory does not grow with their number."""

    def __init__(self, region: Bounds, cells: int = GRID_CELLS) -> None:
        self.origin = np.array(region[:2])
        self.step = np.maximum((np.array(region[2:]) - self.origin) / cells, 1e-9)
        self.cells = cells
        self.load = np.zeros((cells, cells))

    def add(self, points: Floats) -> None:
        """Count more anchors; those outside the region count at its rim, NaN for nothing."""
        known = points[np.isfinite(points).all(axis=1)]
        at = np.clip(((known - self.origin) / self.step).astype(np.int64), 0, self.cells - 1)
        np.add.at(self.load, (at[:, 0], at[:, 1]), 1.0)

    def points(self) -> tuple[Floats, Floats]:
        """Return lower corners of the cells that hold anchors, and how many each holds."""
        filled = np.argwhere(self.load > 0)
        return self.origin + filled * self.step, self.load[filled[:, 0], filled[:, 1]]


def density(boxes: Iterable[Floats], region: Bounds) -> Density:
    """Count the anchors of bounding boxes that come batch by batch."""
    found = Density(region)
    for batch in boxes:
        found.add(anchors(batch))
    return found


def _halved(points: Floats, load: Floats, count: int, tile: Bounds) -> Iterator[Bounds]:
    cut = _cut(points, load, (count // 2) / count) if count > 1 else None
    if cut is None:
        yield tile
        return
    axis, value = cut
    low = points[:, axis] < value
    below, above = list(tile), list(tile)
    below[2 + axis] = above[axis] = value
    for side, share, half in ((low, count // 2, below), (~low, count - count // 2, above)):
        x0, y0, x1, y1 = half
        yield from _halved(points[side], load[side], share, (x0, y0, x1, y1))


def _cut(points: Floats, load: Floats, share: float) -> tuple[int, float] | None:
    """Return axis and place of the cut that leaves about `share` of the load below it."""
    if not len(points):
        return None
    extent = np.ptp(points, axis=0)
    for axis in np.argsort(-extent, kind="stable"):
        if extent[axis] == 0:
            continue
        values, place = np.unique(points[:, axis], return_inverse=True)
        below = np.cumsum(np.bincount(place, load))[:-1]  # with a cut just above each value
        best = int(np.argmin(np.abs(below - share * load.sum())))
        return int(axis), float(values[best + 1])
    return None
