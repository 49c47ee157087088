"""Two layers laid over each other, with geometry; every square metre of both accounted for.

Where only areas are asked, :func:`renewal_geo.ledger.tally` has them without building a piece.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from renewal_geo.foundation.crs import require_metric, require_same
from renewal_geo.foundation.errors import InputError, some_ids
from renewal_geo.foundation.provenance import Provenance, versions
from renewal_geo.foundation.quantities import hectares
from renewal_geo.spatial.areas import thin_area
from renewal_geo.spatial.disjoint import proven_disjoint
from renewal_geo.spatial.overlays import Common, Own, Rest, common, left_over, sound
from renewal_geo.spatial.polygons import Floats, Ints, Shapes
from renewal_geo.spatial.threads import threads

How = Literal["intersection", "identity", "union", "difference", "symmetric_difference"]
PIECES = {"intersection", "identity", "union"}
LEFT_REST = {"identity", "union", "difference", "symmetric_difference"}
RIGHT_REST = {"union", "symmetric_difference"}
RESERVED = ("left_id", "right_id", "area_m2", "sliver_m2", "sliver", "geometry")
CLOSES_M2, CLOSES_RELATIVE = 1e-6, 1e-9
NONE = -1


@dataclass(frozen=True, slots=True, eq=False)
class Overlay:
    """Two layers laid over each other.

    Attributes
    ----------
    table
        One row per piece, sorted by left row, then right row; what is left of a left polygon follows
        its pieces, what is left of the right ones stands last. ``left_id, right_id`` (missing where a
        piece lies in one layer only), the columns of both layers, ``area_m2``, ``sliver_m2`` (of which
        in slivers), ``sliver`` (all of it), ``geometry``.
    left, right
        The book of each layer by id: ``area_m2, pieces_m2, covered_twice_m2, uncovered_m2,
        closing_m2`` = area - pieces + covered twice - uncovered; the last three are missing for an
        intersection without books. `right` is None unless what is left of it is part of the answer.
    how
        Which pieces were asked for.
    touching
        Pairs that meet in points and lines only, or in less than 1e-7 m2; they have no piece.
    notes
        What was decided: polygons made valid, pairs cut on a grid, layers that overlap themselves.
    """

    table: gpd.GeoDataFrame
    left: pd.DataFrame
    right: pd.DataFrame | None
    how: str
    touching: int
    notes: tuple[str, ...] = ()
    provenance: Provenance = field(default_factory=Provenance)

    def __str__(self) -> str:
        book = self.left
        said = (
            f"{self.how}: {len(self.table):,} pieces, {hectares(float(self.table['area_m2'].sum()))}; of "
            f"{hectares(float(book['area_m2'].sum()))} on the left "
        )
        if book["closing_m2"].isna().any():
            return f"{said}{hectares(float(book['pieces_m2'].sum()))} are in pieces; no book was asked for"
        worst = float(book["closing_m2"].abs().max()) if len(book) else 0.0
        return (
            f"{said}{book['uncovered_m2'].sum():,.1f} m² uncovered, "
            f"{book['covered_twice_m2'].sum():,.1f} m² covered twice; closes to {worst:.1e} m²"
        )


def overlay(
    left: gpd.GeoDataFrame,
    right: gpd.GeoDataFrame,
    how: How = "intersection",
    *,
    suffixes: tuple[str, str] = ("_left", "_right"),
    books: bool = True,
    workers: int | None = None,
) -> Overlay:
    """Lay two layers over each other and cut them into pieces, so that the books close.

    Parameters
    ----------
    left, right
        n and m polygons indexed by their ids, in one projected CRS in metres. Either may have gaps,
        overlap itself and be invalid; invalid polygons are made valid and the notes say how many.
    how
        ``intersection``: what a pair shares; ``identity``: that and what is left of `left`; ``union``: that
        and what is left of `right`; ``difference``: what is left of `left`; ``symmetric_difference``: what
        is left of both.
    suffixes
        Put to columns that both layers have, or that would hide one of ours; to no other.
    books
        Whether an intersection comes with the book of `left`; the other overlays always do. Without it the
        pieces are there sooner, and nothing is said of what is missing or doubled.
    workers
        Threads; None: one per processor. The answer is the same for any number.

    Returns
    -------
    Overlay
        Pieces are per pair: where a layer overlaps itself, the ground shared with it occurs in several
        pieces, and ``covered_twice_m2`` says how much. Pieces smaller than 1e-7 m2 are rounding and left
        out, likewise what is left of a polygon up to max(1e-6 m2, 1e-9 of it).

    Raises
    ------
    CRSError
        If the layers are not in one projected CRS measured in metres.
    InputError
        If `how` is unknown (``unknown_how``) or an id occurs twice (``duplicate_id``).
    GeometryError
        ``overlay_failed``: GEOS cannot cut a pair, not even on a millimetre grid.

    Notes
    -----
    Polygons of more than 3,000 vertices are cut into tiles and their pieces joined again; where a seam
    met a border a vertex may remain on it, which moves nothing.

    Examples
    --------
    >>> from shapely import box
    >>> parcels = gpd.GeoDataFrame(geometry=[box(0, 0, 100, 100)], index=["P1"], crs="EPSG:4547")
    >>> use = gpd.GeoDataFrame({"use": ["M1"]}, geometry=[box(0, 0, 60, 100)], index=["U1"], crs="EPSG:4547")
    >>> overlay(parcels, use, how="identity").table[["left_id", "area_m2"]].values.tolist()
    [['P1', 6000.0], ['P1', 4000.0]]
    """
    if how not in get_args(How):
        raise InputError(
            f"there is no overlay {how!r}",
            where="overlay",
            fix=f"one of: {', '.join(get_args(How))}",
            code="unknown_how",
        )
    require_metric(left, "left")
    require_same(left, right, ("left", "right"))
    for table, name in ((left, "left"), (right, "right")):
        _require_own_ids(table, name)
    with threads(workers) as pool:
        (ours, mended), (theirs, also) = (sound(t.geometry.to_numpy(), pool) for t in (left, right))
        asked = (theirs if books or how in LEFT_REST else None, ours if how in RIGHT_REST else None)
        proofs = [None if one is None else pool.submit(proven_disjoint, one) for one in asked]
        found = common(ours, theirs, pool)
        sides = (
            Own(found.left, found.geometry, found.area),
            Own(found.right, found.geometry, found.area),
        )
        rest, other = (
            None
            if proof is None
            else left_over(shapes, own, pool, disjoint=proof.result(), drawn=how != "intersection")
            for shapes, own, proof in zip((ours, theirs), sides, proofs, strict=True)
        )
    table = _table(left, right, _rows(how, found, rest, other), suffixes)
    book = _book(left.index, ours, sides[0], rest)
    right_book = None if other is None else _book(right.index, theirs, sides[1], other)
    notes = (
        *_mended("left", ours, mended),
        *_mended("right", theirs, also),
        *_grid_notes(left.index, right.index, found, rest, other),
        *_book_notes(book, "left", "right"),
        *(() if right_book is None else _book_notes(right_book, "right", "left")),
    )
    return Overlay(
        table, book, right_book, how, found.touching, notes,
        Provenance(parameters={"how": how}, versions=versions()),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """Rows of the answer: of the left layer, of the right one (-1: none), shapes and areas."""

    left: Ints
    right: Ints
    geometry: Shapes
    area: Floats


def _require_own_ids(table: gpd.GeoDataFrame, name: str) -> None:
    if table.index.has_duplicates:
        twice = table.index[table.index.duplicated()].unique()
        raise InputError(
            f"ids occur twice: {some_ids(twice)}",
            where=name,
            fix="run quality repair, or give each polygon its own id",
            code="duplicate_id",
        )


def _rows(how: str, found: Common, rest: Rest | None, other: Rest | None) -> _Rows:
    parts = []
    if how in PIECES:
        parts.append(_Rows(found.left, found.right, found.geometry, found.area))
    if how in LEFT_REST and rest is not None:
        kept = np.flatnonzero(~shapely.is_missing(rest.geometry))
        parts.append(_alone(kept, np.full(len(kept), NONE), rest.geometry[kept]))
    rows = _stacked(parts)
    order = np.lexsort((rows.right, rows.right == NONE, rows.left))
    rows = _Rows(rows.left[order], rows.right[order], rows.geometry[order], rows.area[order])
    if other is None:
        return rows
    kept = np.flatnonzero(~shapely.is_missing(other.geometry))
    return _stacked([rows, _alone(np.full(len(kept), NONE), kept, other.geometry[kept])])


def _alone(left: Ints, right: Ints, geometry: Shapes) -> _Rows:
    return _Rows(left, right, geometry, shapely.area(geometry))


def _stacked(parts: Sequence[_Rows]) -> _Rows:
    names = ("left", "right", "geometry", "area")
    return _Rows(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def _table(
    left: gpd.GeoDataFrame, right: gpd.GeoDataFrame, rows: _Rows, suffixes: tuple[str, str]
) -> gpd.GeoDataFrame:
    area, thin = rows.area, thin_area(rows.geometry, rows.area)
    sides = [_plain(side) for side in (left, right)]
    names = _names(list(sides[0].columns), list(sides[1].columns), suffixes)
    columns: dict[Any, Any] = {
        "left_id": _taken(left.index.to_series(), rows.left),
        "right_id": _taken(right.index.to_series(), rows.right),
    }
    for side, own, row in zip(sides, names, (rows.left, rows.right), strict=True):
        columns |= {own[name]: _taken(side[name], row) for name in side.columns}
    columns |= {"area_m2": area, "sliver_m2": thin, "sliver": thin >= area * (1 - CLOSES_RELATIVE)}
    return gpd.GeoDataFrame(columns, geometry=rows.geometry, crs=left.crs)


def _plain(table: gpd.GeoDataFrame) -> pd.DataFrame:
    return pd.DataFrame(table.drop(columns=table.geometry.name))


def _taken(values: pd.Series, rows: Ints) -> Any:
    """Take values by row; -1 is missing, and whole numbers stay whole for all that."""
    if len(rows) and rows.min() == NONE:
        if pd.api.types.is_bool_dtype(values.dtype):
            values = values.astype("boolean")
        elif pd.api.types.is_integer_dtype(values.dtype):
            values = values.astype("Int64")
    taken = values.array.take(rows, allow_fill=True)
    if pd.api.types.is_object_dtype(taken.dtype) or isinstance(taken.dtype, pd.StringDtype):
        plain = np.array(taken, dtype=object)
        plain[rows == NONE] = None
        return plain
    return taken


def _names(
    ours: Sequence[Any], theirs: Sequence[Any], suffixes: tuple[str, str]
) -> list[dict[Any, Any]]:
    """Name the columns of both sides: their own names, a suffix only where two would be one."""
    clash = (set(ours) & set(theirs)) | set(RESERVED)
    taken = {name for name in (*ours, *theirs) if name not in clash} | set(RESERVED)
    named = []
    for side, suffix in zip((ours, theirs), suffixes, strict=True):
        own = {}
        for name in side:
            new = name
            while new in clash or (new != name and new in taken):
                new = f"{new}{suffix}"
            taken.add(new)
            own[name] = new
        named.append(own)
    return named


def _book(index: pd.Index, shapes: Shapes, own: Own, rest: Rest | None) -> pd.DataFrame:
    whole = np.nan_to_num(shapely.area(shapes))
    pieces = np.bincount(own.row, own.area, minlength=len(whole))
    unasked = np.full(len(whole), np.nan)
    twice = unasked if rest is None else rest.twice
    uncovered = unasked if rest is None else rest.uncovered
    return pd.DataFrame(
        {
            "area_m2": whole,
            "pieces_m2": pieces,
            "covered_twice_m2": twice,
            "uncovered_m2": uncovered,
            "closing_m2": whole - pieces + twice - uncovered,
        },
        index=index,
    )


def _mended(name: str, shapes: Shapes, mended: Ints) -> list[str]:
    without = int(shapely.is_missing(shapes).sum())
    notes = [f"{name}: {len(mended)} invalid geometries were made valid"] if len(mended) else []
    if without:
        notes.append(f"{name}: {without} rows have no area and count as nothing")
    return notes


def _grid_notes(
    left: pd.Index, right: pd.Index, found: Common, rest: Rest | None, other: Rest | None
) -> list[str]:
    pairs = [f"{left[a]} x {right[b]}" for a, b in found.snapped]
    cut = [
        one
        for index, kept in ((left, rest), (right, other))
        if kept is not None
        for one in index[kept.snapped]
    ]
    notes = []
    if pairs:
        notes.append(f"cut only on a millimetre grid: {some_ids(pairs)}")
    if cut:
        notes.append(f"what is left was taken on a millimetre grid: {some_ids(cut)}")
    return notes


def _book_notes(book: pd.DataFrame, name: str, other: str) -> list[str]:
    notes = []
    twice = book["covered_twice_m2"]
    if (twice > 0).any():
        notes.append(
            f"{other} overlaps itself: {twice.sum():,.1f} m² of {int((twice > 0).sum())} polygons of {name} "
            "are in several pieces"
        )
    slack = np.maximum(CLOSES_M2, CLOSES_RELATIVE * book["area_m2"])
    open_ = book.index[book["closing_m2"].abs() > slack]
    if len(open_):
        notes.append(
            f"{name}: {len(open_)} polygons close only to {book['closing_m2'].abs().max():.1e} m²: "
            f"{some_ids(open_)}"
        )
    return notes
