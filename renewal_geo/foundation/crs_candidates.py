"""Which CRSs coordinates could be in, judged by their ranges alone: a ranked list, never a choice.

Ranges come from national practice (zone prefixes of Gauss-Krueger grids, independent city grids) and
from the areas of use in PROJ's database. Nothing is applied: only whoever made the file knows.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyproj

from renewal_geo.foundation.crs import Bounds

SHOWN = 4
CHINA = (73.0, 3.0, 135.5, 54.0)
GK_3_DEGREE = {
    "CGCS2000": 4534,
    "Xian 1980": 2370,
    "Beijing 1954": 2422,
}  # CM 75E, then every 3 degrees
GK_3_PREFIXED = {"CGCS2000": 4513, "Xian 1980": 2349, "Beijing 1954": 2401}  # zone 25
GK_6_PREFIXED = {"CGCS2000": 4491, "Xian 1980": 2327, "Beijing 1954": 21413}  # zone 13
LONGGANG = (5.04e5, 2.49e6, 5.37e5, 2.54e6)  # in EPSG:4547
CITY_GRID_M = (1.0e4, 2.0e5)
GRID_X_M, GRID_Y_M = (1.5e5, 8.5e5), (1.9e6, 6.0e6)
FEET = (2.0e5, -1.0e6, 1.0e7, 2.5e6)
MARGIN_M = 2.0e4
NATIONAL_GRIDS = (3826, 3825, 2326, 5186, 5179, 27700, 2056)
MERCATOR = 3857


@dataclass(frozen=True, slots=True)
class Candidate:
    """A CRS that coordinates could be in; `crs` is empty where it has no public code."""

    crs: str
    why: str

    def __str__(self) -> str:
        return f"{self.crs}: {self.why}" if self.crs else self.why


def candidates(bounds: Bounds, *, near: float | None = None) -> tuple[Candidate, ...]:
    """Return what coordinates could be in, the likeliest first.

    Parameters
    ----------
    bounds
        xmin, ymin, xmax, ymax as stored.
    near
        Longitude of the district where other layers tell it: it picks the central meridian.

    Returns
    -------
    tuple of Candidate
        Empty where there are no coordinates, or where nothing is known that fits.
    """
    box = tuple(float(one) for one in bounds)
    if len(box) != 4 or not np.isfinite(box).all():
        return ()
    if max(abs(box[0]), abs(box[2])) <= 180.0 and max(abs(box[1]), abs(box[3])) <= 180.0:
        return tuple(_degrees(box))
    found = [*_prefixed(box), *_mercator(box), *_plane(box, near)]
    return tuple({one.crs or one.why: one for one in found}.values())


def listed(bounds: Bounds, *, near: float | None = None) -> str:
    """Return the candidates as one text for a message; empty without any."""
    found = candidates(bounds, near=near)
    texts = [f"({n}) {one}" for n, one in enumerate(found[:SHOWN], 1)]
    more = len(found) - SHOWN
    return "; ".join(texts) + (f" and {more} more" if more > 0 else "")


def _degrees(box: tuple[float, ...]) -> Iterator[Candidate]:
    if max(abs(box[1]), abs(box[3])) > 90.0:
        yield Candidate("", "latitudes beyond 90: longitude and latitude look swapped")
    elif _inside(box, CHINA):
        yield Candidate(
            "EPSG:4490", "degrees in China: CGCS2000, in which surveys are kept since 2018"
        )
        yield Candidate("EPSG:4326", "degrees: WGS 84, in which receivers and web data are")
        yield Candidate("GCJ-02", "degrees from AMap, Tencent or DataV, shifted by some 500 m")
        yield Candidate("BD-09", "degrees from Baidu, shifted by some 1,200 m")
    elif _inside((box[1], box[0], box[3], box[2]), CHINA):
        yield Candidate("", "longitude and latitude look swapped: exchanged, they fall into China")
    else:
        yield Candidate("EPSG:4326", "the coordinates look like degrees (longitude, latitude)")


def _prefixed(box: tuple[float, ...]) -> Iterator[Candidate]:
    zone = int(box[0] // 1e6)
    if int(box[2] // 1e6) != zone or not GRID_Y_M[0] <= box[1] <= box[3] <= GRID_Y_M[1]:
        return
    easting = (box[0] - zone * 1e6, box[2] - zone * 1e6)
    if not GRID_X_M[0] <= easting[0] <= easting[1] <= GRID_X_M[1]:
        return
    degree, first, codes = (3, 25, GK_3_PREFIXED) if 25 <= zone <= 45 else (6, 13, GK_6_PREFIXED)
    if not first <= zone <= (45 if degree == 3 else 23):
        return
    meridian = 3 * zone if degree == 3 else 6 * zone - 3
    for datum, code in codes.items():
        yield Candidate(
            f"EPSG:{code + zone - first}",
            f"eastings begin with {zone}: {degree}-degree zone-prefixed Gauss-Kruger, meridian "
            f"{meridian}E, {datum}",
        )


def _mercator(box: tuple[float, ...]) -> Iterator[Candidate]:
    if _inside(box, _range(MERCATOR, CHINA)):
        yield Candidate(
            f"EPSG:{MERCATOR}", "Web Mercator in China; it can show, but not measure areas"
        )


def _plane(box: tuple[float, ...], near: float | None) -> Iterator[Candidate]:
    if _inside(box, (CITY_GRID_M[0], CITY_GRID_M[0], CITY_GRID_M[1], CITY_GRID_M[1])):
        yield Candidate(
            "",
            "a city's independent grid, as Shenzhen's: it has no public code, ask for its parameters",
        )
    if _inside(box, LONGGANG):
        yield Candidate(
            "EPSG:4547", "the ranges of Longgang in the 3-degree Gauss-Kruger grid of 114E"
        )
    gauss = list(_gauss_kruger(box, near))
    national = [code for code in NATIONAL_GRIDS if _inside(box, _range(code))]
    if near is not None:
        yield from gauss
    yield from (
        Candidate(f"EPSG:{code}", f"inside the range of {_name(code)}") for code in national
    )
    if near is None:
        yield from gauss
    if not gauss and _inside(box, FEET):
        yield Candidate("", "a state plane of the United States in feet: ask which, as EPSG:2271")
    if not gauss and not national and _inside(box, _range(MERCATOR)) and abs(box[0]) > 1e6:
        yield Candidate(f"EPSG:{MERCATOR}", "Web Mercator; it can show, but not measure areas")


def _gauss_kruger(box: tuple[float, ...], near: float | None) -> Iterator[Candidate]:
    """Yield the 3-degree grids whose strip and latitudes hold the box, the nearest meridian first."""
    if not (GRID_X_M[0] <= box[0] <= box[2] <= GRID_X_M[1]):
        return
    if not (GRID_Y_M[0] <= box[1] <= box[3] <= GRID_Y_M[1]):
        return
    first = GK_3_DEGREE["CGCS2000"]
    meridians = [m for m in range(75, 136, 3) if _inside(box, _range(first + (m - 75) // 3))]
    if near is not None:
        meridians = [m for m in meridians if abs(m - near) <= 3.0]
        meridians.sort(key=lambda m: abs(m - near))
        for meridian in meridians:
            yield Candidate(
                f"EPSG:{first + (meridian - 75) // 3}",
                f"3-degree Gauss-Kruger grid of {meridian}E, CGCS2000, where the other layers lie",
            )
    elif meridians:
        low, high = meridians[0], meridians[-1]
        codes = f"EPSG:{first + (low - 75) // 3} for {low}E to EPSG:{first + (high - 75) // 3} for {high}E"
        yield Candidate(
            "",
            "a 3-degree Gauss-Kruger or UTM grid without its name: only the meridian of the place "
            f"tells which ({codes} for CGCS2000)",
        )
    else:
        yield Candidate(
            "", "a 6-degree Gauss-Kruger or UTM grid without its name: ask for its meridian"
        )


@functools.cache
def _range(code: int, degrees: tuple[float, ...] | None = None) -> tuple[float, ...]:
    """Return the coordinates that the area of use (or a box in degrees) takes in a CRS."""
    crs = pyproj.CRS.from_epsg(code)
    west, south, east, north = degrees or crs.area_of_use.bounds  # type: ignore[union-attr]
    to_plane = pyproj.Transformer.from_crs(crs.geodetic_crs, crs, always_xy=True)
    left, bottom, right, top = to_plane.transform_bounds(west, south, east, north)
    return left - MARGIN_M, bottom - MARGIN_M, right + MARGIN_M, top + MARGIN_M


@functools.cache
def _name(code: int) -> str:
    return str(pyproj.CRS.from_epsg(code).name)


def _inside(box: tuple[float, ...], limits: tuple[float, ...]) -> bool:
    return bool(
        limits[0] <= box[0] and limits[1] <= box[1] and box[2] <= limits[2] and box[3] <= limits[3]
    )
