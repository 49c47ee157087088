"""Shapes on a coarse grid that still fit together: shared edges stay shared, no overlap, no new gap.

Rounding each shape alone tears neighbours apart. Here the outlines of all of them are noded and
rounded *together* (snap rounding after Hobby 1999, in GEOS), and each face of the rounded linework is
given back to the shape that it belongs to.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from renewal_geo.foundation.errors import InputError
from renewal_geo.spatial.area_tables import area_table
from renewal_geo.spatial.areas import Floats, Ints, Shapes, polygonal
from renewal_geo.spatial.polygons import flat_union

# Snap rounding moves no point of an outline further than half the diagonal of a grid cell (0.71):
# whoever stands further from an outline than this stays on the same side of it.
FAR = 0.9
# Where shapes share no ground, a disc of 0.19 cells around such a point lies whole in its face.
FAR_AREA = 0.1
HALF = 0.5
NOISE = 1e-9
POLYGON, MULTIPOLYGON = 3, 6


def gridded(shapes: Shapes, size: float, groups: Ints | None = None) -> tuple[Shapes, Ints]:
    """Return shapes with every coordinate on a grid, neighbours still sharing their edges.

    Parameters
    ----------
    shapes
        n geometries in one metric CRS. Polygons are rounded together, invalid ones made valid first;
        lines and points are rounded one by one. None stays None.
    size
        Width of the grid's cells, in the unit of the CRS.
    groups
        n numbers from 0 to m - 1: shapes of one number are joined before they are rounded, so that
        nothing narrow inside a group is lost. All of one kind, then. None: each is its own.

    Returns
    -------
    shapes, lost
        n (or m) geometries whose coordinates are whole multiples of `size`, and the ascending positions of
        those that were there and vanish on the grid (None in `shapes`).

    Raises
    ------
    InputError
        If `size` is not a positive number.

    Notes
    -----
    Polygons that share no ground share none afterwards, exactly; ground changes hands only
    within `size` of the old outlines; the order of rows does not matter. Polygons that do overlap,
    over more than the grid rounds away, overlap afterwards too: a face is given to all that cover
    most of it. Polygons that all lie on the grid already stay as they are.
    """
    if not np.isfinite(size) or size <= 0:
        raise InputError(f"a grid of {size:g} m is none", fix="a positive width", code="grid")
    shapes = np.asarray(shapes, dtype=object)
    groups = np.arange(len(shapes)) if groups is None else groups
    there = ~shapely.is_missing(shapes) & ~shapely.is_empty(shapes)
    areal = np.isin(shapely.get_type_id(shapes), (POLYGON, MULTIPOLYGON)) & there
    parts = np.full(len(shapes), None, dtype=object)
    parts[areal] = _in_cells(polygonal(shapes[areal]), size)
    made = _fitted(parts, groups)
    other = there & ~areal
    parts[other] = _in_cells(shapely.force_2d(shapes[other]), size)
    for group in np.unique(groups[other]):
        own = parts[other & (groups == group)]
        made[group] = shapely.set_precision(
            own[0] if len(own) == 1 else shapely.union_all(own), 1.0
        )
    made[shapely.is_empty(made)] = None
    # whole numbers times the size: the closest that there is to a multiple of it
    back = np.asarray(shapely.transform(made, lambda xy: np.rint(xy) * size), dtype=object)
    had = np.unique(groups[there])
    return back, had[shapely.is_missing(made[had])]


def _in_cells(shapes: Shapes, size: float) -> Shapes:
    """Return shapes in widths of a cell, whole where rounding is all that they lack."""

    def scale(xy: Floats) -> Floats:
        cells = xy / size
        whole = np.rint(cells)
        return np.where(
            np.abs(cells - whole) < NOISE * np.maximum(1.0, np.abs(cells)), whole, cells
        )

    return np.asarray(shapely.transform(shapes, scale), dtype=object)


def _fitted(parts: Shapes, groups: Ints) -> Shapes:
    """Return the joined parts on the grid of whole numbers, each made of the faces that it owns."""
    shapes = _joined(parts, groups)
    made = np.full(len(shapes), None, dtype=object)
    there, corners = shapes[~shapely.is_missing(shapes)], shapely.get_coordinates(shapes)
    if (corners == np.rint(corners)).all() and shapely.is_valid(there).all():
        return shapes  # rounding again could move them again
    linework = shapely.union_all(shapely.boundary(there), grid_size=1.0)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(linework)))
    if not len(faces):
        return made
    face, owner = _owners(faces, shapes, parts, groups)
    order = np.argsort(owner, kind="stable")
    face, owner = face[order], owner[order]
    ends = np.searchsorted(owner, np.arange(len(shapes) + 1))
    single = np.diff(ends) == 1
    made[single] = faces[face[ends[:-1][single]]]
    for row in np.flatnonzero(np.diff(ends) > 1):
        # cancels shared edges and moves nothing: rounding anew could
        made[row] = shapely.coverage_union_all(faces[face[ends[row] : ends[row + 1]]])
    return np.asarray(shapely.normalize(made), dtype=object)


def _joined(parts: Shapes, groups: Ints) -> Shapes:
    """Return one shape per group, None where it has no part."""
    there = np.flatnonzero(~shapely.is_missing(parts))
    order = there[np.argsort(groups[there], kind="stable")]
    count = int(groups.max()) + 1 if len(groups) else 0
    ends = np.searchsorted(groups[order], np.arange(count + 1))
    made = np.full(count, None, dtype=object)
    for group in np.flatnonzero(np.diff(ends)):
        own = parts[order[ends[group] : ends[group + 1]]]
        made[group] = own[0] if len(own) == 1 else flat_union(own)
    return made


def _owners(faces: Shapes, shapes: Shapes, parts: Shapes, groups: Ints) -> tuple[Ints, Ints]:
    """Return pairs of face and shape: who owns what."""
    face, shape, area = _covered(faces, parts, groups, len(shapes))
    whole = shapely.area(faces)
    area = np.minimum(area, whole[face])
    rest = whole[face] - area
    most = area > HALF * whole[face]
    inside = most.copy()
    # a face reaches far into a shape, or far out of it: then that decides, and not how much
    asked = np.flatnonzero(~most & (area > FAR_AREA))
    core = np.zeros(len(face), dtype=bool)
    core[asked] = _reaches_in(faces[face[asked]], shapes, shape[asked])
    asked = np.flatnonzero(most & (rest > FAR_AREA))
    inside[asked] = ~_reaches_out(faces[face[asked]], shapes, shape[asked])
    rank = np.where(core, 0, np.where(inside, 1, 2))
    return _settled(face, shape, area, whole, rank, _order_of(shapes))


def _covered(faces: Shapes, parts: Shapes, groups: Ints, count: int) -> tuple[Ints, Ints, Floats]:
    """Return face, group and how much of the face the parts of the group cover, added up.

    Small parts are measured quicker than what they are joined to.
    """
    table = area_table(faces, parts)
    pair, place = np.unique(table.zone * count + groups[table.source], return_inverse=True)
    area: Floats = np.bincount(place, table.area, minlength=len(pair)).astype(np.float64)
    return pair // count, pair % count, area


def _settled(
    face: Ints, shape: Ints, area: Floats, whole: Floats, rank: Ints, key: Ints
) -> tuple[Ints, Ints]:
    """Give each face to who is sure of it, else to who covers most, if it is mostly covered.

    A further owner must share ground with the first one in that face.
    """
    covered = np.bincount(face, area, minlength=len(whole))
    order = np.lexsort((key[shape], -np.round(area, 6), rank, face))
    first = np.ones(len(order), dtype=bool)
    first[1:] = face[order][1:] != face[order][:-1]
    lead = order[first]
    sure = rank[lead] < 2
    kept = lead[sure | (covered[face[lead]] > HALF * whole[face[lead]])]
    owned, leader = np.zeros(len(whole)), np.full(len(whole), -1)
    owned[face[kept]], leader[face[kept]] = area[kept], key[shape[kept]]
    more = order[~first]
    twin = key[shape[more]] == leader[face[more]]
    shared = area[more] + owned[face[more]] > whole[face[more]] * (1 + NOISE)
    more = more[twin | ((rank[more] < 2) & shared)]
    chosen = np.concatenate([kept, more])
    return face[chosen], shape[chosen]


def _reaches_in(faces: Shapes, shapes: Shapes, shape: Ints) -> NDArray[np.bool_]:
    """Return which faces hold ground of their shape that lies far from its outline."""
    rows, back = np.unique(shape, return_inverse=True)
    return np.asarray(shapely.intersects(faces, shapely.buffer(shapes[rows], -FAR)[back]))


def _reaches_out(faces: Shapes, shapes: Shapes, shape: Ints) -> NDArray[np.bool_]:
    """Return which faces hold ground that lies far outside their shape."""
    rows, back = np.unique(shape, return_inverse=True)
    return np.asarray(~shapely.covered_by(faces, shapely.buffer(shapes[rows], FAR)[back]))


def _order_of(shapes: Shapes) -> Ints:
    """Return the rank of each shape by its own coordinates, so that ties ask no row number."""
    coded = [one or b"" for one in shapely.to_wkb(shapely.normalize(shapes))]
    place = {one: rank for rank, one in enumerate(sorted(set(coded)))}
    return np.array([place[one] for one in coded], dtype=np.int64)
