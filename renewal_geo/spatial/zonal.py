"""Statistics of a raster in polygons, by the exact share of every cell that a polygon covers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyproj
import shapely
from exactextract import exact_extract
from exactextract.feature import Feature, FeatureSource
from exactextract.raster import RasterSource

from renewal_geo.foundation.crs import name_of
from renewal_geo.foundation.errors import CRSError
from renewal_geo.spatial.polygons import Floats, Ints, Shapes
from renewal_geo.spatial.rasters import Cells, Raster, numbers_of, window_of

STRAIGHT_CELLS = 0.01  # how far a reprojected edge may stray from its true course, in cells
CELLS_AT_ONCE = 8_000_000
ROW = "row"


def extracted(
    shapes: Shapes, raster: Raster, operations: Sequence[str], *, weights: Floats | None = None
) -> pd.DataFrame:
    """Run operations of exactextract, block by block.

    Parameters
    ----------
    shapes
        n polygons in the raster's CRS; None allowed.
    raster
        The cells.
    operations
        As exactextract names them: ``mean``, ``weighted_sum``, ``frac``.
    weights
        One per row of the raster, from the top, for the weighted operations.

    Returns
    -------
    DataFrame
        n rows in the order of `shapes`, one column per operation; NaN for rows without a polygon.
    """
    real = np.flatnonzero(~shapely.is_missing(shapes))
    if not len(real):
        return pd.DataFrame(np.nan, index=np.arange(len(shapes)), columns=list(operations))
    found: pd.DataFrame = exact_extract(
        _Source(raster),
        _Polygons(shapes[real], real, raster.crs),
        list(operations),
        weights=None if weights is None else _Source(raster, weights),
        include_cols=[ROW],
        strategy="raster-sequential",
        max_cells_in_memory=CELLS_AT_ONCE,
        output="pandas",
    )
    found = found.set_index(ROW).reindex(np.arange(len(shapes)))
    return found[list(operations)]


def presence(raster: Raster) -> Raster:
    """Return a raster that is 1 where the given one has a value."""
    return Raster(_Presence(raster), raster.transform, raster.crs, name=raster.name)


def brought_to(shapes: Shapes, crs: pyproj.CRS, raster: Raster) -> tuple[Shapes, tuple[str, ...]]:
    """Bring polygons into the CRS of a raster, so that straight edges keep their course.

    An edge that is straight in one CRS is bent in another: edges get vertices until none strays by
    more than a hundredth of a cell.

    Returns
    -------
    tuple
        The polygons, and what was done.

    Raises
    ------
    CRSError
        ``crs_suspect`` where some coordinates have no place in the CRS of the raster.
    """
    if crs.equals(raster.crs, ignore_axis_order=True):
        return shapes, ()
    transformer = pyproj.Transformer.from_crs(crs, raster.crs, always_xy=True)

    def project(points: Floats) -> Floats:
        return np.stack(transformer.transform(points[:, 0], points[:, 1]), axis=1)

    dense, given = shapes, int(shapely.get_num_coordinates(shapes).sum())
    start, end = _edges(dense)
    longest = float(np.hypot(*(end - start).T).max(initial=0.0))
    while longest > 0 and (stray := _stray(start, end, project, raster)) > STRAIGHT_CELLS:
        longest *= min(0.5, 0.9 * (STRAIGHT_CELLS / stray) ** 0.5)
        dense = shapely.segmentize(dense, longest)
        start, end = _edges(dense)
    moved = shapely.transform(dense, project)
    if not np.isfinite(shapely.get_coordinates(moved)).all():
        raise CRSError(
            f"some polygons cannot be brought from {name_of(crs)} to {name_of(raster.crs)}",
            where=raster.name,
            fix="check the CRS of the polygons and of the raster",
            code="crs_suspect",
        )
    added = int(shapely.get_num_coordinates(dense).sum()) - given
    kept = f"{added:,} vertices keep their edges" if added else "their edges stay"
    said = (
        f"the polygons were brought from {name_of(crs)} to {name_of(raster.crs)}, the CRS of "
        f"{raster.name}; {kept} straight to {STRAIGHT_CELLS:.0%} of a cell"
    )
    return moved, (said,)


def _edges(shapes: Shapes) -> tuple[Floats, Floats]:
    rings = shapely.get_rings(shapely.get_parts(shapes))
    points, ring = shapely.get_coordinates(rings, return_index=True)
    same = ring[1:] == ring[:-1]
    return points[:-1][same], points[1:][same]


def _stray(start: Floats, end: Floats, project: Any, raster: Raster) -> float:
    """Return how far the middle of an edge lies from the middle of the projected edge, in cells."""
    off = project((start + end) / 2) - (project(start) + project(end)) / 2
    cells = np.abs(off / np.array(raster.cell))
    return float(np.max(cells[np.isfinite(cells)], initial=0.0))


class _Polygons(FeatureSource):  # type: ignore[misc]
    """Polygons as exactextract reads them: bytes, which take it half the time that GeoJSON texts do."""

    def __init__(self, shapes: Shapes, rows: Ints, crs: pyproj.CRS) -> None:
        super().__init__()
        self.shapes = shapely.to_wkb(shapes)
        self.rows = rows.tolist()
        self.crs = crs

    def count(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[_Polygon]:
        return map(_Polygon, self.rows, self.shapes)

    def srs_wkt(self) -> str:
        return self.crs.to_wkt()


class _Polygon(Feature):  # type: ignore[misc]
    def __init__(self, row: int, shape: bytes) -> None:
        super().__init__()
        self.row = row
        self.shape = shape

    def get(self, name: str) -> int:
        del name
        return self.row

    def geometry(self) -> bytes:
        return self.shape

    def fields(self) -> list[str]:
        return [ROW]


class _Presence:
    """Cells that are 1 where another raster has a value, NaN elsewhere."""

    def __init__(self, raster: Raster) -> None:
        self.raster = raster
        self.cells: Cells = raster.values  # noqa: PD011
        self.shape = self.cells.shape

    def __getitem__(self, window: tuple[slice, slice], /) -> Any:
        cells = numbers_of(self.raster, self.cells[window])
        return np.where(np.isnan(cells), np.nan, 1.0)


class _Source(RasterSource):  # type: ignore[misc]
    """A raster as exactextract reads it: its own cells, or a weight per row in their place."""

    def __init__(self, raster: Raster, weights: Floats | None = None) -> None:
        super().__init__()
        self.raster = raster
        self.weights = weights

    def res(self) -> tuple[float, float]:
        return self.raster.cell

    def extent(self) -> tuple[float, float, float, float]:
        return self.raster.bounds

    def nodata_value(self) -> None:
        return (
            None  # they come as NaN: masks, and nodata of whole numbers, get lost in exactextract
        )

    def srs_wkt(self) -> str:
        return self.raster.crs.to_wkt()

    def read_window(self, x0: int, y0: int, nx: int, ny: int) -> Any:
        if self.weights is not None:
            return np.repeat(self.weights[y0 : y0 + ny, None], nx, axis=1)
        return np.ascontiguousarray(numbers_of(self.raster, window_of(self.raster, y0, x0, ny, nx)))
