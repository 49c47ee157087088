"""Ground divided by layers: pieces that are disjoint within a zone, cut without loss.

GEOS can be wrong by square metres where earlier cuts left hairs; every cut is checked by its areas.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import shapely

from renewal_geo.foundation.errors import GeometryError
from renewal_geo.spatial.area_tables import AreaTable
from renewal_geo.spatial.areas import Ints, Shapes, flat_union, pieces, polygonal

BETWEEN = " + "
NOTHING = 0
ROUNDING_M2 = 1e-7
ROUNDING_SHARE = 1e-10
FEW_PIECES, MOST_VERTICES = 6, 1_000
Cell: TypeAlias = tuple[Any, tuple[int, ...]]
GRIDS_M = (None, 1e-9, 1e-7, 1e-6, 1e-5, 1e-4)


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """Pieces of ground, disjoint within a zone: zone, shape, and the class of each dimension so far."""

    zone: Ints
    geometry: Shapes
    classes: Ints  # pieces x dimensions

    def rows(self, at: Ints) -> Ground:
        """Return some of the pieces, in that order."""
        return Ground(self.zone[at], self.geometry[at], self.classes[at])


@dataclass(slots=True, eq=False)
class Side:
    """A dimension made ready: polygons that have a class, their codes, and the names of codes.

    Code 0 is no class; `plain` codes are single classes, later ones combinations met on the way.
    """

    shapes: Shapes
    codes: Ints
    names: list[str]
    plain: int

    def combined(self, codes: tuple[int, ...]) -> int:
        """Return the code of several classes together, a new one where they were not met before."""
        if len(codes) < 2:
            return codes[0] if codes else NOTHING
        name = BETWEEN.join(sorted(self.names[code] for code in codes))
        for code in range(self.plain, len(self.names)):
            if self.names[code] == name:
                return code
        self.names.append(name)
        return len(self.names) - 1


def handy(ground: Ground) -> Ground:
    """Halve ground of very many vertices until it has fewer: what is cut then is near what cuts it."""
    large = shapely.get_num_coordinates(ground.geometry) > MOST_VERTICES
    if not large.any():
        return ground
    rows = [np.flatnonzero(~large)]
    shapes = [ground.geometry[~large]]
    for row in np.flatnonzero(large):
        parts, waiting = [], [ground.geometry[row]]
        while waiting:
            one = waiting.pop()
            if shapely.get_num_coordinates(one) <= MOST_VERTICES:
                parts.append(one)
                continue
            x0, y0, x1, y1 = one.bounds
            wide = x1 - x0 >= y1 - y0
            half = (x0, y0, (x0 + x1) / 2, y1) if wide else (x0, y0, x1, (y0 + y1) / 2)
            halves = [side for side in _parted(one, shapely.box(*half)) if side is not None]
            waiting += shapely.get_parts(halves).tolist()
        rows.append(np.full(len(parts), row))
        shapes.append(_areal(parts))
    at = np.concatenate(rows)
    return Ground(ground.zone[at], np.concatenate(shapes), ground.classes[at])


def cut(ground: Ground, side: Side, dimension: int, table: AreaTable, at: Ints) -> Ground:
    """Cut pieces of ground that hold several things; `at` are their rows in `table`."""
    found = pieces(ground.geometry, side.shapes)
    codes = side.codes[found.source]
    ends = np.searchsorted(found.zone, np.arange(len(ground.zone) + 1))
    overlaps = table.twice[at] > 0
    plain = ~overlaps[found.zone]
    parts = [_relabelled(ground, found.zone[plain], found.geometry[plain], codes[plain], dimension)]
    open_ = np.flatnonzero(~overlaps & (table.uncovered[at] > ROUNDING_M2))
    rest = [
        _parted(ground.geometry[row], flat_union(found.geometry[ends[row] : ends[row + 1]]))[1]
        for row in open_
    ]
    parts.append(_relabelled(ground, open_, _areal(rest), np.zeros_like(open_), dimension))
    for row in np.flatnonzero(overlaps):
        own = slice(ends[row], ends[row + 1])
        cells = _apart(
            ground.geometry[row], found.geometry[own], codes[own], table.uncovered[at[row]]
        )
        made = np.array([side.combined(names) for _, names in cells], dtype=np.int64)
        shapes = _areal([shape for shape, _ in cells])
        parts.append(_relabelled(ground, np.full(len(cells), row), shapes, made, dimension))
    return joined(parts)


def _apart(shape: Any, own: Shapes, codes: Ints, uncovered: float) -> list[Cell]:
    """Divide a piece of ground by pieces that overlap: what one has alone, what several share, the rest."""
    if len(own) <= FEW_PIECES:
        return _arrangement(shape, own, codes)
    one, two = shapely.STRtree(own).query(own, predicate="intersects")
    one, two = one[one < two], two[one < two]
    shared = _common(own[one], own[two])
    real = np.nan_to_num(shapely.area(shared)) > ROUNDING_M2
    one, two, shared = one[real], two[real], shared[real]
    cells: list[Cell] = []
    for row, piece in enumerate(own):
        with_others = shared[(one == row) | (two == row)]
        alone = _parted(piece, flat_union(with_others))[1] if len(with_others) else piece
        if alone is not None:
            cells.append((alone, (int(codes[row]),)))
    cells += _knots(own, codes, one, two, shared)
    if uncovered > ROUNDING_M2:
        rest = _parted(shape, flat_union(own))[1]
        if rest is not None:
            cells.append((rest, ()))
    return cells


def _common(one: Shapes, two: Shapes) -> Shapes:
    """Intersect pairs; where areas tell that GEOS was misled, again with care."""
    try:
        found = shapely.intersection(one, two)
        gap = shapely.area(found) + shapely.area(shapely.difference(one, two)) - shapely.area(one)
    except shapely.GEOSException:
        found, gap = np.full(len(one), None, dtype=object), np.full(len(one), np.inf)
    for row in np.flatnonzero(np.abs(gap) > ROUNDING_M2):
        found[row] = _parted(one[row], two[row])[0]
    return polygonal(found)


def _knots(own: Shapes, codes: Ints, one: Ints, two: Ints, shared: Shapes) -> list[Cell]:
    """Divide the ground under several pieces; most of it lies under two alone and needs no cut."""
    if not len(shared):
        return []
    knots = shapely.get_parts(flat_union(shared))
    parts, pair = shapely.get_parts(shared, return_index=True)
    at, part = shapely.STRtree(parts).query(knots, predicate="intersects")
    starts = np.searchsorted(at, np.arange(len(knots) + 1))
    cells: list[Cell] = []
    for row, knot in enumerate(knots):
        pairs = np.unique(pair[part[starts[row] : starts[row + 1]]])
        near = np.unique(np.concatenate([one[pairs], two[pairs]]))
        if len(pairs) == 1:
            cells.append((knot, tuple(int(code) for code in np.unique(codes[near]))))
        else:
            cells += _arrangement(knot, own[near], codes[near])
    return cells


def _arrangement(shape: Any, own: Shapes, codes: Ints) -> list[Cell]:
    """Divide a piece of ground so that each part has one set of classes all over."""
    cells: list[Cell] = [(shape, ())]
    for code in np.unique(codes):
        union = flat_union(own[codes == code])
        ahead: list[Cell] = []
        for cell, names in cells:
            inside, outside = _parted(cell, union)
            if inside is None or inside.area <= ROUNDING_M2:
                ahead.append((cell, names))
                continue
            ahead.append((inside, (*names, int(code))))
            if outside is not None and outside.area > ROUNDING_M2:
                ahead.append((outside, names))
        cells = ahead
    return cells


def _areal(shapes: Sequence[Any]) -> Shapes:
    made = np.empty(len(shapes), dtype=object)
    made[:] = shapes
    return polygonal(made)


def _relabelled(ground: Ground, row: Ints, geometry: Shapes, codes: Ints, dimension: int) -> Ground:
    """Return parts of pieces of ground, single polygons, each with its class in one more dimension."""
    geometry, part = shapely.get_parts(geometry, return_index=True)
    row, codes = row[part], codes[part]
    real = np.nan_to_num(shapely.area(geometry)) > ROUNDING_M2
    row, classes = row[real], ground.classes[row[real]].copy()
    classes[:, dimension] = codes[real]
    return Ground(ground.zone[row], geometry[real], classes)


def joined(parts: Sequence[Ground]) -> Ground:
    """Return all pieces of several lots."""
    return Ground(
        np.concatenate([one.zone for one in parts]),
        np.concatenate([one.geometry for one in parts]),
        np.concatenate([one.classes for one in parts]),
    )


def _parted(shape: Any, union: Any) -> tuple[Any, Any]:
    """Return what of a polygon lies in a union and what outside, so that both add to it.

    Hairs that earlier cuts left can mislead GEOS into answers that are wrong by square metres. Areas
    tell; then it is asked again on ever coarser grids, none coarser than a tenth of a millimetre.
    """
    whole = shapely.area(shape)
    slack = max(ROUNDING_M2, ROUNDING_SHARE * whole)
    tried: list[tuple[float, int, Any, Any]] = []
    for grid in GRIDS_M:
        try:
            inside, outside = _areal(
                [
                    shapely.intersection(shape, union, grid_size=grid),
                    shapely.difference(shape, union, grid_size=grid),
                ]
            )
        except shapely.GEOSException:
            continue
        gap = abs(np.nan_to_num(shapely.area([inside, outside])).sum() - whole)
        tried.append((gap, len(tried), inside, outside))
        if gap <= slack:
            break
    if not tried:
        raise GeometryError(
            "two polygons cannot be overlaid, not even on a grid of a tenth of a millimetre",
            where="cross table",
            fix="check both layers and repair what is invalid, then try again",
            code="overlay_failed",
        )
    _, _, inside, outside = min(tried, key=lambda one: one[:2])
    return inside, outside
