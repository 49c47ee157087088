"""The frame of a map sheet: a round scale that fits, the grid along it, corners, and the two norths."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from renewal_geo.foundation import crs as systems
from renewal_geo.foundation.errors import RenderError
from renewal_geo.maps.sheet.drawn_layers import present
from renewal_geo.maps.spec import LayerSpec, MapSpec, both

SCALE_STEPS = (1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.5, 8.0)
GRID_STEPS = (1, 2, 5, 10)
SMALLEST_SCALE, LARGEST_SCALE = 100, 10**8
AIR = 1.04  # the map's extent on the paper is this much wider than what it shows
SMALLEST_EXTENT_M = 20.0
DISTRICT = "sub_districts"
WHOLE_DISTRICT = 1.35  # so much wider or higher the map may become to show the whole district

Extent = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle on the paper in millimetres, y downwards from the upper edge."""

    left: float
    top: float
    wide: float
    high: float

    @property
    def right(self) -> float:
        """Return the right edge."""
        return self.left + self.wide

    @property
    def bottom(self) -> float:
        """Return the lower edge."""
        return self.top + self.high


@dataclass(frozen=True, slots=True)
class Frame:
    """What part of the world lies where on the paper.

    Attributes
    ----------
    room
        The inner frame on the paper.
    extent
        West, south, east, north of the inner frame in units of `crs`.
    scale
        Denominator: one millimetre on the paper is so many on the ground, in the grid of `crs`.
    crs
        Of the coordinates.
    """

    room: Rect
    extent: Extent
    scale: int
    crs: pyproj.CRS

    @property
    def metres_per_unit(self) -> float:
        """Return metres per unit of the CRS."""
        return float(self.crs.axis_info[0].unit_conversion_factor)

    @property
    def unit_per_mm(self) -> float:
        """Return units of the CRS per millimetre of paper."""
        return self.scale / 1000 / self.metres_per_unit

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Return where a point of the world lies on the paper."""
        west, _, _, north = self.extent
        per_mm = self.unit_per_mm
        return self.room.left + (x - west) / per_mm, self.room.top + (north - y) / per_mm


def sheet_layers(spec: MapSpec) -> list[LayerSpec]:
    """Return the layers that a sheet draws, bottom first: visible, and of a comparison the later side."""
    return [one for one in spec.layers if one.visible and one.side != "before"]


def map_extent(spec: MapSpec) -> Extent | None:
    """Return what a sheet shows where nobody says: the layers that are no context, else all.

    Where the sub-districts reach only a little further, the whole district is shown.
    """
    drawn = sheet_layers(spec)
    around = (both("zone_map.context"), both("ready.base"))
    shown = _extent(one for one in drawn if one.group not in around)
    district = _extent(one for one in drawn if one.name == DISTRICT)
    if shown is None or district is None:
        return shown or _extent(drawn)
    (w, s, e, n), (west, south, east, north) = shown, district
    both_in = min(w, west), min(s, south), max(e, east), max(n, north)
    grown = max(
        (both_in[2] - both_in[0]) / max(e - w, 1e-9), (both_in[3] - both_in[1]) / max(n - s, 1e-9)
    )
    return both_in if grown <= WHOLE_DISTRICT else shown


def whole_extent(spec: MapSpec) -> Extent | None:
    """Return the extent of everything that the sheet draws, and of the sub-districts."""
    return _extent(sheet_layers(spec))


def _extent(layers: Iterable[LayerSpec]) -> Extent | None:
    boxes = [np.empty((0, 4))]
    for layer in layers:
        geometry = layer.geometry.to_numpy()
        boxes.append(shapely.bounds(geometry[present(geometry) & (layer.class_of >= 0)]))
    every = np.vstack(boxes)
    if not len(every):
        return None
    west, south = every[:, :2].min(axis=0).tolist()
    east, north = every[:, 2:].max(axis=0).tolist()
    return west, south, east, north


def sheet_crs(spec: MapSpec) -> pyproj.CRS:
    """Return the working CRS of a map.

    Raises
    ------
    RenderError
        Where it is missing, geographic, or Web Mercator: no scale could be true then.
    """
    crs = next((one.geometry.crs for one in spec.layers if one.geometry.crs is not None), None)
    if crs is None or not crs.is_projected or systems.is_web_mercator(crs):
        said = "none" if crs is None else str(crs.name)
        raise RenderError(
            f"a wall sheet needs a projected CRS to have a scale, and the map's is {said}",
            fix="bring the layers into the working CRS (for example EPSG:4547) first",
            code="sheet_crs",
        )
    return crs


def fitted(crs: pyproj.CRS, extent: Extent, room: Rect, scale: int | None, size: str) -> Frame:
    """Return the frame that shows `extent` in the middle of `room` at a round scale.

    Parameters
    ----------
    crs
        Of `extent` and of what will be drawn.
    extent
        West, south, east, north.
    room
        The inner frame on the paper (mm).
    scale
        Denominator; None takes the smallest round one that shows everything with a little air.
    size
        Name of the paper, for the message.

    Raises
    ------
    RenderError
        If `extent` does not fit at `scale`, naming one that would.
    """
    factor = float(crs.axis_info[0].unit_conversion_factor)
    west, south, east, north = extent
    wide = max((east - west) * factor, SMALLEST_EXTENT_M)
    high = max((north - south) * factor, SMALLEST_EXTENT_M)
    least = max(wide / room.wide, high / room.high) * 1000
    fitting = round_scale(least * AIR)
    taken = fitting if scale is None else int(scale)
    if taken < least * (1 - 1e-9):
        raise RenderError(
            f"at 1:{taken:,} the map would be {wide / taken * 1000:,.0f} × {high / taken * 1000:,.0f} mm, and "
            f"{size} leaves {room.wide:,.0f} × {room.high:,.0f} mm for it",
            fix=f"take 1:{fitting:,}, a larger sheet, or show a part with extent=(west, south, east, north)",
            code="sheet_scale",
        )
    per_mm = taken / 1000 / factor
    middle_x, middle_y = (west + east) / 2, (south + north) / 2
    half_x, half_y = room.wide * per_mm / 2, room.high * per_mm / 2
    shown = (middle_x - half_x, middle_y - half_y, middle_x + half_x, middle_y + half_y)
    return Frame(room, shown, taken, crs)


def round_scale(least: float) -> int:
    """Return the smallest round denominator that is not below `least`.

    >>> round_scale(4_200), round_scale(5_001), round_scale(130)
    (5000, 6000, 150)
    """
    power = 10 ** math.floor(math.log10(max(least, SMALLEST_SCALE)))
    steps = [step * power for step in (*SCALE_STEPS, 10.0)]
    found = int(next(step for step in steps if step >= max(least, SMALLEST_SCALE) * (1 - 1e-9)))
    if found > LARGEST_SCALE:
        raise RenderError(
            f"the map would need a scale of 1:{found:,}",
            fix="look for coordinates that lie far off (quality check), or give extent=",
            code="sheet_scale",
        )
    return found


def grid_step(frame: Frame, spacing_mm: float) -> float:
    """Return the smallest round step (1, 2, 5 × 10ⁿ units) that is at least `spacing_mm` on paper."""
    return round_step(spacing_mm * frame.unit_per_mm)


def round_step(least: float) -> float:
    """Return the smallest of 1, 2, 5 × 10ⁿ that is not below `least`.

    >>> round_step(300), round_step(0.4)
    (500.0, 0.5)
    """
    power = 10.0 ** math.floor(math.log10(least))
    return float(next(step * power for step in GRID_STEPS if step * power >= least * (1 - 1e-9)))


def grid_values(low: float, high: float, step: float) -> NDArray[np.float64]:
    """Return the multiples of `step` from `low` to `high`."""
    places = np.arange(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)
    return np.asarray(places * step, dtype=np.float64)


def corner_degrees(frame: Frame) -> list[tuple[float, float]]:
    """Return longitude and latitude of the corners: south-west, south-east, north-east, north-west.

    They lie on the datum of the CRS itself.
    """
    west, south, east, north = frame.extent
    step = pyproj.Transformer.from_crs(frame.crs, frame.crs.geodetic_crs, always_xy=True)
    x, y = step.transform([west, east, east, west], [south, south, north, north])
    return list(zip(x, y, strict=True))


def true_north(frame: Frame) -> float:
    """Return by how many degrees true north points east of grid north at the middle of the frame.

    This is minus the meridian convergence; reckoned from a step of one second along the meridian, so
    that it holds for every projection.
    """
    west, south, east, north = frame.extent
    away = pyproj.Transformer.from_crs(frame.crs, frame.crs.geodetic_crs, always_xy=True)
    lon, lat = away.transform((west + east) / 2, (south + north) / 2)
    step = 1 / 3600
    x, y = away.transform([lon, lon], [lat - step, lat + step], direction="INVERSE")
    return math.degrees(math.atan2(x[1] - x[0], y[1] - y[0]))


def degrees_minutes_seconds(value: float, signs: str, decimals: int) -> str:
    """Return an angle as degrees, minutes and seconds; `signs` are the letters for plus and minus.

    >>> degrees_minutes_seconds(114.0558333, "EW", 0), degrees_minutes_seconds(-0.99999999, "NS", 1)
    ('114°03′21″E', '1°00′00.0″S')
    """
    unit = 10**decimals
    total = round(abs(value) * 3600 * unit)
    minutes, seconds = divmod(total, 60 * unit)
    degrees, minutes = divmod(minutes, 60)
    width = 3 + decimals if decimals else 2
    letter = signs[0 if value >= 0 else 1] if signs else ""
    return f"{degrees}°{minutes:02d}′{seconds / unit:0{width}.{decimals}f}″{letter}"


def seconds_decimals(scale: int) -> int:
    """Return how many digits of a second one tenth of a millimetre or so needs at a scale."""
    return next((digits for limit, digits in ((25_000, 0), (2_500, 1)) if scale >= limit), 2)
