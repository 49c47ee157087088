"""Slope of a surface of heights, cell by cell, read and computed only where it is asked for."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np

from renewal_geo.foundation.errors import InputError
from renewal_geo.spatial.cell_sizes import CellSizes, cell_sizes, height_unit
from renewal_geo.spatial.polygons import Floats
from renewal_geo.spatial.rasters import Raster, numbers_of

Measure = Literal["slope_deg", "slope_percent"]
UNITS = {"slope_deg": "°", "slope_percent": "%"}
CELLS_AT_ONCE = 1_000_000  # bounds what is held besides the heights and the slopes

ROW, COLUMN = np.indices((3, 3)) - 1
WEIGHT = (2.0 - np.abs(ROW)) * (2.0 - np.abs(COLUMN))  # 1 2 1, 2 4 2, 1 2 1


def slope(raster: Raster, measure: Measure = "slope_deg") -> tuple[Raster, tuple[str, ...]]:
    """Return the slope of a raster of heights, as a raster on the same grid.

    Parameters
    ----------
    raster
        Heights; ``unit`` says what they are in (metres where it is empty and the CRS does not say).
    measure
        ``slope_deg``: degrees from level; ``slope_percent``: rise over run times 100.

    Returns
    -------
    tuple
        A raster whose cells are computed when they are read, NaN where there is none, and what was decided: cell
        sizes, unit of height.

    Raises
    ------
    InputError
        ``unknown_measure``; ``statistic_meaningless`` for amounts and codes; ``unknown_unit``; ``raster_shape`` for
        a single row or column.
    CRSError
        As :func:`renewal_geo.spatial.cell_sizes.cell_sizes`.

    Notes
    -----
    Horn, Hill shading and the reflectance map (1981): differences over two cells, the middle ones
    counted twice, as gdaldem, ArcGIS and QGIS have it. That is the slope of the plane through the 3 x 3 cells by
    least squares with weights 1 2 1, 2 4 2, 1 2 1. At the edge of the raster and beside cells without
    value the same plane is laid through the cells that are there; nothing is invented for the others.
    A cell without value has no slope, nor has one whose neighbours with values all lie on one line through it.
    See docs/potential_rasters.md for what other rules at edges cost.

    Examples
    --------
    >>> heights = np.add.outer(np.zeros(3), [0.0, 10.0, 20.0])
    >>> made, _ = slope(Raster(heights, (10, 0, 500000, 0, -10, 2500000), "EPSG:4547", unit="m"))
    >>> np.round(made.values[0:3, 0:3], 9).tolist()
    [[45.0, 45.0, 45.0], [45.0, 45.0, 45.0], [45.0, 45.0, 45.0]]
    """
    _require_heights(raster, measure)
    factor, assumed = height_unit(raster)
    sizes = cell_sizes(raster)
    cells = _Slope(raster, sizes, factor, measure)
    made = Raster(
        cells,
        raster.transform,
        raster.crs,
        name=f"slope of {raster.name}",
        unit=UNITS[measure],
        kind="density",
    )
    return made, tuple(note for note in (sizes.note, assumed) if note)


def _require_heights(raster: Raster, measure: str) -> None:
    if measure not in get_args(Measure):
        raise InputError(
            f"{measure!r} is no way to measure a slope",
            where=raster.name,
            fix=f"one of: {', '.join(get_args(Measure))}",
            code="unknown_measure",
        )
    if raster.kind in {"count", "category"}:
        raise InputError(
            f"{raster.name} holds {'amounts' if raster.kind == 'count' else 'codes'}: only heights have a slope",
            where=raster.name,
            fix='name a raster of heights, or correct its kind to "density"',
            code="statistic_meaningless",
        )
    if min(raster.values.shape) < 2:
        rows, columns = raster.values.shape
        raise InputError(
            f"a slope needs two rows and two columns of heights; there are {rows} x {columns}",
            where=raster.name,
            fix="give a raster of the whole place, or a finer one",
            code="raster_shape",
        )


class _Slope:
    """Slopes of the cells of a raster, by windows with one cell around."""

    def __init__(self, raster: Raster, sizes: CellSizes, factor: float, measure: Measure) -> None:
        self.raster, self.measure = raster, measure
        self.shape = raster.values.shape
        self.width = sizes.width / factor
        self.height = np.sign(raster.transform[4]) * sizes.height / factor  # northward, row by row
        self.skew = sizes.skew

    def __getitem__(self, window: tuple[slice, slice], /) -> Any:
        (top, bottom, _), (left, right, _) = (
            one.indices(size) for one, size in zip(window, self.shape, strict=True)
        )
        found = np.empty((max(bottom - top, 0), max(right - left, 0)))
        if not found.size:
            return found
        rows, columns = self.shape
        first, start = max(top - 1, 0), max(left - 1, 0)
        cells = self.raster.values[first : min(bottom + 1, rows), start : min(right + 1, columns)]
        step = max(1, CELLS_AT_ONCE // (right - left))
        for row in range(top, bottom, step):
            after = min(row + step, bottom)
            inner = slice(max(row - 1, 0) - first, min(after + 1, rows) - first)
            heights = np.pad(
                numbers_of(self.raster, cells[inner]),
                (
                    (int(row == 0), int(after == rows)),
                    (int(left == 0), int(right == columns)),
                ),
                constant_values=np.nan,
            )
            east, north = _gradient(heights)
            east /= self.width[row:after, None]
            north /= self.height[row:after, None]
            found[row - top : after - top] = (
                np.hypot(east, north)
                if self.skew is None
                else _steepest(east, north, self.skew[row:after, None])
            )
        return np.degrees(np.arctan(found)) if self.measure == "slope_deg" else 100 * found


def _steepest(east: Floats, north: Floats, skew: Floats) -> Floats:
    """Return the steepest rise, of the rises along two ways whose angle has a cosine."""
    square = east**2 + north**2 - 2 * skew * east * north
    return np.asarray(np.sqrt(np.maximum(square, 0.0) / (1 - skew**2)))


def _gradient(heights: Floats) -> tuple[Floats, Floats]:
    """Return by how much heights change per column and per row, for all cells but the outermost."""
    weighed = heights[:, :-2] + 2 * heights[:, 1:-1] + heights[:, 2:]
    down = (weighed[2:] - weighed[:-2]) / 8
    weighed = heights[:-2] + 2 * heights[1:-1] + heights[2:]
    across = (weighed[:, 2:] - weighed[:, :-2]) / 8
    empty = np.isnan(heights[1:-1, 1:-1])
    across[empty] = np.nan
    row, column = np.nonzero(~empty & (np.isnan(across) | np.isnan(down)))
    if len(row):
        across[row, column], down[row, column] = _fitted(heights, row + 1, column + 1)
    return across, down


def _fitted(heights: Floats, row: Any, column: Any) -> tuple[Floats, Floats]:
    """Return the gradient of the plane by least squares through the cells that are there; of cells with a value."""
    around = heights[row[:, None] + ROW.ravel(), column[:, None] + COLUMN.ravel()]
    weight = np.where(np.isnan(around), 0.0, WEIGHT.ravel())
    rise = np.nan_to_num(around - heights[row, column][:, None])
    terms = np.stack([np.ones(9), COLUMN.ravel(), ROW.ravel()])
    normal = np.einsum("nk,ik,jk->nij", weight, terms, terms)
    right = np.einsum("nk,ik,nk->ni", weight, terms, rise)
    solvable = np.linalg.det(normal) > 0.5  # whole numbers: 0 where all lie on one line
    plane = np.full((len(row), 3), np.nan)
    plane[solvable] = np.linalg.solve(normal[solvable], right[solvable][:, :, None])[:, :, 0]
    return plane[:, 1], plane[:, 2]
