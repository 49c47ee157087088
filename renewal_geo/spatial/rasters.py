"""A grid of cells on the ground: one band, its place, and what its numbers are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, get_args

import numpy as np
import pyproj

from renewal_geo.foundation.crs import fault_of, is_web_mercator
from renewal_geo.foundation.errors import InputError
from renewal_geo.spatial.polygons import Floats

Kind = Literal["density", "count", "category"]
UNIT_M2 = {
    "m2": 1.0, "m²": 1.0, "ha": 1e4, "公顷": 1e4, "km2": 1e6, "km²": 1e6, "mu": 1e4 / 15, "亩": 1e4 / 15,
}  # fmt: skip
PER_AREA = re.compile(rf"(?:/|\bper\b|每)\s*({'|'.join(UNIT_M2)})\s*$", re.IGNORECASE)


class Cells(Protocol):
    """Cells by row and column: an array, or a file that is read block by block."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows and columns."""
        ...

    def __getitem__(self, window: tuple[slice, slice], /) -> Any:
        """Return the cells of a window as an array, masked or NaN where there is no value."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Raster:
    """One band of a raster.

    Attributes
    ----------
    values
        Rows x columns: an array, or anything that gives one for two slices.
    transform
        a, b, c, d, e, f as GDAL and ``affine`` have them: x = a column + b row + c, y = d column + e row +
        f at the outer corner of a cell. Grids that are turned are refused.
    crs
        Where the grid lies.
    nodata
        The number that stands for no value, besides NaN and masks.
    name, unit
        For tables and sentences. A unit per area (``people/km2``) makes totals possible.
    kind
        What a cell holds: ``density`` (a level: height, slope, people per km2), ``count`` (an amount per
        cell: people), ``category`` (a code); None: not said.

    Raises
    ------
    InputError
        ``raster_shape, raster_rotated, unknown_kind``.
    """

    values: Cells
    transform: Sequence[float]
    crs: pyproj.CRS
    nodata: float | None = None
    name: str = "raster"
    unit: str = ""
    kind: Kind | None = None

    def __post_init__(self) -> None:
        """Bring transform and CRS into one form, and refuse what cannot be measured."""
        object.__setattr__(self, "transform", tuple(float(one) for one in self.transform)[:6])
        object.__setattr__(self, "crs", pyproj.CRS.from_user_input(self.crs))
        if len(self.values.shape) != 2 or 0 in self.values.shape:
            raise InputError(
                f"a raster has rows and columns; this one has the shape {self.values.shape}",
                where=self.name,
                fix="give one band: values[0]",
                code="raster_shape",
            )
        a, b, _, d, e, _ = self.transform
        if b != 0 or d != 0 or a <= 0 or e == 0:
            raise InputError(
                "the grid is turned or mirrored against its CRS",
                where=f"{self.name}, transform {self.transform}",
                fix="warp it to an upright grid first (gdalwarp does so)",
                code="raster_rotated",
            )
        kept = _as_nodata(self.nodata, np.asarray(self.values[0:1, 0:1]).dtype)
        object.__setattr__(self, "nodata", kept)
        if self.kind is not None and self.kind not in get_args(Kind):
            raise InputError(
                f"{self.kind!r} is no kind of raster",
                where=self.name,
                fix=f"one of: {', '.join(get_args(Kind))}",
                code="unknown_kind",
            )

    @property
    def cell(self) -> tuple[float, float]:
        """Width and height of a cell, in units of the CRS."""
        return self.transform[0], abs(self.transform[4])

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Left, bottom, right, top."""
        rows, columns = self.values.shape
        width, height = self.cell
        left, first = self.transform[2], self.transform[5]
        top = first if self.transform[4] < 0 else first + rows * height
        return left, top - rows * height, left + columns * width, top


def _as_nodata(value: float | None, cells: np.dtype[Any]) -> float | None:
    """Return the number that stands for no value, None where no cell of this type can hold it."""
    if value is None or np.isnan(value):
        return None
    if not np.issubdtype(cells, np.integer):
        return value
    limits = np.iinfo(cells)
    return value if float(value).is_integer() and limits.min <= value <= limits.max else None


def window_of(raster: Raster, first_row: int, column: int, rows: int, columns: int) -> Any:
    """Return cells counted from the top left, whichever way the rows are stored."""
    across = slice(column, column + columns)
    if raster.transform[4] < 0:
        return raster.values[first_row : first_row + rows, across]
    last = raster.values.shape[0] - first_row
    return raster.values[last - rows : last, across][::-1]


def numbers_of(raster: Raster, cells: Any) -> Floats:
    """Return cells of a raster as numbers, NaN where there is no value."""
    lacking = np.ma.getmaskarray(cells)
    data = np.ma.getdata(cells)
    if raster.nodata is not None:
        lacking = lacking | (data == data.dtype.type(raster.nodata))
    made = data.astype(float)
    made[lacking | ~np.isfinite(made)] = np.nan
    return np.asarray(made)


def row_areas(raster: Raster) -> Floats | None:
    """Return the ground that a cell covers, row by row from the top, m2; None where it cannot be said.

    Planar in a projected CRS in metres, on the ellipsoid in degrees (the area of the cell between its
    meridians and parallels). Web Mercator and other units have no answer.
    """
    rows = raster.values.shape[0]
    width, height = raster.cell
    if fault_of(raster.crs) is None:
        return np.full(rows, width * height)
    ellipsoid = raster.crs.ellipsoid
    if not raster.crs.is_geographic or is_web_mercator(raster.crs) or ellipsoid is None:
        return None
    degree = raster.crs.axis_info[0].unit_conversion_factor
    major, minor = ellipsoid.semi_major_metre, ellipsoid.semi_minor_metre
    latitude = (raster.bounds[3] - height * np.arange(rows + 1)) * degree
    sine = np.sin(np.clip(latitude, -np.pi / 2, np.pi / 2))
    eccentric = np.sqrt(max(0.0, 1 - (minor / major) ** 2))
    bulge = np.arctanh(eccentric * sine) / eccentric if eccentric else sine
    # area from the equator per radian of longitude; Snyder, Map Projections (1987), 3-12
    zone = minor**2 / 2 * (sine / (1 - (eccentric * sine) ** 2) + bulge)
    return np.asarray(-np.diff(zone) * width * degree)


def unit_area(unit: str) -> float | None:
    """Return the square metres to which a unit per area refers; None where it is none.

    >>> unit_area("people/km2"), unit_area("m"), unit_area("persons per ha")
    (1000000.0, None, 10000.0)
    """
    found = PER_AREA.search(unit)
    return UNIT_M2[found.group(1).lower()] if found else None
