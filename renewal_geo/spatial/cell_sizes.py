"""How large the cells of a raster are on the ground, and what its heights are measured in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyproj

from renewal_geo.foundation.crs import is_web_mercator, name_of
from renewal_geo.foundation.errors import CRSError, InputError
from renewal_geo.spatial.polygons import Floats
from renewal_geo.spatial.rasters import Raster

FOOT_M = 0.3048
US_FOOT_M = 1200 / 3937
HEIGHT_UNITS = {
    "m": 1.0, "metre": 1.0, "metres": 1.0, "meter": 1.0, "meters": 1.0, "米": 1.0,
    "dm": 0.1, "cm": 0.01, "centimetre": 0.01, "centimetres": 0.01, "centimeter": 0.01,
    "centimeters": 0.01, "mm": 0.001, "km": 1000.0,
    "ft": FOOT_M, "foot": FOOT_M, "feet": FOOT_M, "international foot": FOOT_M, "英尺": FOOT_M,
    "us-ft": US_FOOT_M, "us_ft": US_FOOT_M, "ftus": US_FOOT_M, "us ft": US_FOOT_M, "us foot": US_FOOT_M,
    "us feet": US_FOOT_M, "us survey foot": US_FOOT_M, "us survey feet": US_FOOT_M, "foot_us": US_FOOT_M,
    "survey foot": US_FOOT_M,
}  # fmt: skip
STRETCH = 0.01  # a grid in metres that is off by more than this is measured on the ellipsoid
STEP_M = 100.0  # over which a stretch is measured: long against rounding, short against the curve


@dataclass(frozen=True, slots=True, eq=False)
class CellSizes:
    """Width and height of cells on the ground.

    Attributes
    ----------
    width, height
        Metres, one per row in the order in which the rows are stored; NaN at a pole.
    skew
        Cosine of the angle on the ground between the two ways, of columns rightward and of rows upward, by row;
        0 where they stand square, None: everywhere.
    note
        How they were found; empty where the grid itself is in metres.
    """

    width: Floats
    height: Floats
    skew: Floats | None = None
    note: str = ""

    @property
    def middle(self) -> tuple[float, float]:
        """Width and height in the middle row."""
        row = len(self.width) // 2
        return float(self.width[row]), float(self.height[row])


def cell_sizes(raster: Raster) -> CellSizes:
    """Measure the cells of a raster on the ground.

    Projected: as the CRS measures, feet turned into metres. Degrees: row by row by the radii of
    curvature of the ellipsoid at the row's latitude, N cos(latitude) eastward and M northward. A projection that
    stretches lengths by more than 1 % somewhere in the raster, as Web Mercator does away from the equator, or sets
    its axes askew on the ground, is measured row by row by geodesics along its middle column.

    Raises
    ------
    CRSError
        ``crs_not_metric`` where the CRS has no length; ``crs_suspect`` where the grid lies outside its world.

    Notes
    -----
    Snyder, Map Projections (USGS 1395, 1987), 4-18 to 4-20; Karney, Algorithms for geodesics (2013).
    """
    axes, rows = raster.crs.axis_info, raster.values.shape[0]
    if not axes or not (raster.crs.is_projected or raster.crs.is_geographic or len(axes) >= 2):
        raise CRSError(
            f"{raster.name} is in {name_of(raster.crs)}, which does not say how long its units are",
            where=raster.name,
            fix="warp it to a projected CRS in metres",
            code="crs_not_metric",
        )
    if raster.crs.is_geographic:
        return _of_degrees(raster)
    unit = axes[0].unit_conversion_factor
    width, height = (np.full(rows, one * unit) for one in raster.cell)
    across, along, skew = _stretch(raster, unit)
    off = [np.nanmax(np.abs(one)) for one in (across - 1, along - 1, skew)]
    if max(off) > STRETCH:
        width, height = width * across, height * along
        return CellSizes(width, height, skew, _stretch_note(raster, width, height, unit))
    if unit == 1.0:
        return CellSizes(width, height)
    said = f"cells of {raster.name} are in {axes[0].unit_name} of {unit:.10g} m"
    return CellSizes(width, height, note=said)


def height_unit(raster: Raster) -> tuple[float, str]:
    """Return how many metres one unit of height has, and what was taken for granted.

    The raster's own unit, else that of the vertical axis of its CRS, else metres, and said.

    Raises
    ------
    InputError
        ``unknown_unit`` for a unit that is no length.
    """
    given = raster.unit.strip()
    if given:
        factor = HEIGHT_UNITS.get(given.lower().strip("[]()"))
        if factor is None:
            raise InputError(
                f"{raster.name} is in {given!r}, which is no unit of height known here: no slope can be told",
                where=raster.name,
                fix='say what heights are in: unit = "m", "ft" or "us-ft" for this raster',
                code="unknown_unit",
            )
        return factor, ""
    upright = [axis for axis in raster.crs.axis_info if axis.direction in {"up", "down"}]
    if upright:
        factor = float(upright[0].unit_conversion_factor)
        return factor, f"heights of {raster.name} are in {upright[0].unit_name}, as its CRS says"
    return 1.0, (
        f'{raster.name} does not say what its heights are in; metres are assumed (unit = "ft" or "us-ft" otherwise)'
    )


def _of_degrees(raster: Raster) -> CellSizes:
    degree = raster.crs.axis_info[0].unit_conversion_factor
    ellipsoid = raster.crs.ellipsoid
    major, minor = ellipsoid.semi_major_metre, ellipsoid.semi_minor_metre  # type: ignore[union-attr]
    squared = 1 - (minor / major) ** 2
    latitude = _rows(raster) * degree
    curved = np.sqrt(1 - squared * np.sin(latitude) ** 2)
    across = major / curved * np.cos(latitude)  # radius of the parallel
    along = major * (1 - squared) / curved**3  # radius of curvature of the meridian
    beyond = np.abs(latitude) >= np.pi / 2
    width, height = raster.cell
    made = CellSizes(np.where(beyond, np.nan, across * width * degree), along * height * degree)
    east, north = made.middle
    note = (
        f"cells of {raster.name} are in degrees and were measured on the ellipsoid row by row: "
        f"{metres_text(east)} x {metres_text(north)} m in the middle"
    )
    return CellSizes(made.width, made.height, note=note)


def _rows(raster: Raster) -> Floats:
    """Return y of the middle of every row, as stored."""
    rows = raster.values.shape[0]
    return np.asarray(raster.transform[5] + raster.transform[4] * (np.arange(rows) + 0.5))


def _stretch(raster: Raster, unit: float) -> tuple[Floats, Floats, Floats]:
    """Return metres on the ellipsoid per metre of the grid, across and along, and the skew, by row."""
    geodetic, geod = raster.crs.geodetic_crs, raster.crs.get_geod()
    rows = raster.values.shape[0]
    if geodetic is None or geod is None:
        return np.ones(rows), np.ones(rows), np.zeros(rows)
    to_degrees = pyproj.Transformer.from_crs(raster.crs, geodetic, always_xy=True)
    y = _rows(raster)
    x = np.full(rows, raster.transform[2] + raster.cell[0] * raster.values.shape[1] / 2)
    half = STEP_M / 2 / unit

    def measured(east: float, north: float) -> tuple[Floats, Floats]:
        ends = (
            *to_degrees.transform(x - east, y - north),
            *to_degrees.transform(x + east, y + north),
        )
        on_earth = np.isfinite(ends).all(axis=0)
        first_x, first_y, last_x, last_y = (np.where(on_earth, one, 0.0) for one in ends)
        azimuth, _, length = geod.inv(first_x, first_y, last_x, last_y)
        length = np.where(on_earth & (length > 0), length, np.nan)
        return length / STEP_M, np.radians(azimuth)

    across, rightward = measured(half, 0.0)
    along, upward = measured(0.0, half)
    if np.isnan(across + along).all():
        raise CRSError(
            f"cells of {raster.name} lie where {name_of(raster.crs)} has no place on the earth",
            where=raster.name,
            fix="check the CRS of the raster",
            code="crs_suspect",
        )
    return across, along, np.asarray(np.cos(rightward - upward))


def _stretch_note(raster: Raster, width: Floats, height: Floats, unit: float) -> str:
    drawn_east, drawn_north = raster.cell
    east, north = CellSizes(width, height).middle
    which = "Web Mercator" if is_web_mercator(raster.crs) else name_of(raster.crs)
    return (
        f"{which} draws the ground of {raster.name} {drawn_east * unit / east:.3f} times too wide and "
        f"{drawn_north * unit / north:.3f} times too high: cells were measured on the ellipsoid row by row, "
        f"{metres_text(east)} x {metres_text(north)} m in the middle"
    )


def metres_text(length: float) -> str:
    """Return a length in metres with four figures.

    >>> metres_text(30.922), metres_text(54963.2)
    ('30.92', '54,963')
    """
    return f"{length:,.4g}" if length < 1000 else f"{length:,.0f}"
