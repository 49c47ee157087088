"""Coordinate reference systems: what may measure, what looks wrong, and areas on the ellipsoid.

Areas in this package are planar in the working CRS, which must be projected and in metres. Web
Mercator is refused: it inflates Longgang by 18 %. Axis order is always x = easting, y = northing.
No parameters of any local secret grid ship with this package.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import geopandas as gpd
import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from pyproj.enums import TransformDirection

from renewal_geo.foundation.errors import CRSError

EXAMPLE = "EPSG:4547"
CHINA_3_DEGREE_CM = (75, 135)
CHINA_3_DEGREE_FIRST = 4534  # CGCS2000 / 3-degree Gauss-Kruger CM 75E; one code per 3 degrees
MERCATOR_CODES = {3857, 900913, 3785, 102100, 102113}
LOCAL_SUSPECTS = {2435: "Beijing 1954 CM 114E", 2383: "Xian 1980 CM 114E"}
DEGREE_LIMIT = 180.0
LOCAL_RANGE_M = (1.0e4, 2.0e5)
ZONE_PREFIX_FROM_M = 2.4e7  # CGCS2000 3-degree zones 25 to 45 are prefixed to the easting
ZONE_PREFIX_TO_M = 4.6e7
METRE_TOLERANCE = 1e-9
Bounds = Sequence[float] | NDArray[np.float64]


def parse(text: str) -> pyproj.CRS:
    """Read a CRS from ``EPSG:4547``, WKT or PROJ text.

    Raises
    ------
    CRSError
        If the text is empty or names no known CRS.
    """
    if not str(text).strip():
        raise CRSError(
            "no coordinate reference system is given",
            fix=f'write crs = "{EXAMPLE}" (or your own) into study.toml',
            code="crs_missing",
        )
    try:
        return pyproj.CRS.from_user_input(text)
    except pyproj.exceptions.CRSError as fault:
        raise CRSError(
            f"{text!r} is no coordinate reference system that PROJ knows",
            fix=f'write an EPSG code, as in crs = "{EXAMPLE}"',
            code="crs_unknown",
        ) from fault


def name_of(crs: pyproj.CRS | None) -> str:
    """Return the authority code of `crs`, else its name, else ``none``."""
    if crs is None:
        return "none"
    authority = crs.to_authority(min_confidence=70)
    return ":".join(authority) if authority else str(crs.name)


def is_web_mercator(crs: pyproj.CRS) -> bool:
    """Return whether `crs` is Web Mercator under any of its names."""
    if crs.to_epsg(min_confidence=70) in MERCATOR_CODES:
        return True
    operation = crs.coordinate_operation
    method = operation.method_name if operation is not None else ""
    return "Pseudo Mercator" in method or "Auxiliary_Sphere" in f"{method} {crs.name}"


def fault_of(crs: pyproj.CRS | None) -> str | None:
    """Return the code of what keeps `crs` from measuring areas, or None if it can.

    Codes: ``crs_missing``, ``crs_geographic``, ``crs_web_mercator``, ``crs_not_metric``.
    """
    if crs is None:
        return "crs_missing"
    if crs.is_geographic:
        return "crs_geographic"
    if not crs.is_projected:
        return "crs_not_metric"
    if is_web_mercator(crs):
        return "crs_web_mercator"
    horizontal = crs.axis_info[:2]
    if any(abs(axis.unit_conversion_factor - 1.0) > METRE_TOLERANCE for axis in horizontal):
        return "crs_not_metric"
    return None


def require_metric(
    measured: pyproj.CRS | gpd.GeoDataFrame | gpd.GeoSeries | None, name: str
) -> None:
    """Refuse a CRS, or a table in a CRS, that cannot measure square metres.

    Parameters
    ----------
    measured
        The CRS, or a table whose CRS is meant; with a table the fix names a fitting CRS.
    name
        What it is, for the error: ``the working CRS``, ``parcels``.

    Raises
    ------
    CRSError
        ``crs_missing``, ``crs_geographic``, ``crs_web_mercator`` or ``crs_not_metric``.
    """
    table = measured if isinstance(measured, (gpd.GeoDataFrame, gpd.GeoSeries)) else None
    crs: pyproj.CRS | None = table.crs if table is not None else measured  # type: ignore[assignment]
    code = fault_of(crs)
    if code is None:
        return
    what = {
        "crs_missing": f"{name} has no coordinate reference system",
        "crs_geographic": f"{name} is in {name_of(crs)}, whose unit is degree, not metre",
        "crs_web_mercator": f"{name} is in Web Mercator ({name_of(crs)}), which inflates areas "
        "(Longgang by 18 %)",
        "crs_not_metric": f"{name} is in {name_of(crs)}, which is not measured in metres",
    }[code]
    better = EXAMPLE if table is None else metric_choice(table)
    raise CRSError(
        what,
        where=name,
        fix=f'choose a projected CRS in metres: crs = "{better}", or .to_crs("{better}")'
        if code != "crs_missing"
        else f'say which it is: crs = "{better}" in study.toml, or .set_crs(...)',
        code=code,
    )


def metric_choice(table: gpd.GeoDataFrame | gpd.GeoSeries) -> str:
    """Return a projected CRS in metres that fits `table`: CGCS2000 3-degree in China, else UTM.

    A guess for messages and for ``init``; nothing is ever reprojected by it silently.
    """
    if table.crs is None or not len(table):
        return EXAMPLE
    west, south, east, north = _degrees(table)
    if not np.isfinite([west, south, east, north]).all():
        return EXAMPLE
    lon, lat = (west + east) / 2, (south + north) / 2
    low, high = CHINA_3_DEGREE_CM
    if low - 1.5 <= lon <= high + 1.5 and 18 <= lat <= 53.5 and _in_china(lon, lat):
        meridian = int(np.clip(3 * round(lon / 3), low, high))
        return f"EPSG:{CHINA_3_DEGREE_FIRST + (meridian - low) // 3}"
    zone = int((lon + 180) // 6) + 1
    return f"EPSG:{(32600 if lat >= 0 else 32700) + zone}"


def suspect(bounds: Bounds, crs: pyproj.CRS | None) -> str | None:
    """Say what is odd about coordinates, in one sentence; None if nothing is.

    Parameters
    ----------
    bounds
        xmin, ymin, xmax, ymax as stored.
    crs
        The CRS that the layer claims, or None.

    Notes
    -----
    Ranges from national practice: 3-degree Gauss-Kruger eastings of Longgang are 504,624 to 536,112
    m under EPSG:4547, and bear the prefix 38 under EPSG:4526; local independent grids of cities
    have coordinates of some 10 to 200 km. Only a hint: nothing is transformed.
    """
    xmin, ymin, xmax, ymax = (float(one) for one in bounds)
    if not np.isfinite([xmin, ymin, xmax, ymax]).all():
        return None
    degrees = (
        max(abs(xmin), abs(xmax)) <= DEGREE_LIMIT and max(abs(ymin), abs(ymax)) <= DEGREE_LIMIT
    )
    tagged = LOCAL_SUSPECTS.get(crs.to_epsg() or 0) if crs is not None else None
    if tagged:
        return (
            f"the layer is tagged {name_of(crs)} ({tagged}); files so tagged in Shenzhen are often in "
            "the city's independent grid: ask the surveyor"
        )
    if crs is not None and crs.is_geographic:
        if not degrees:
            return (
                f"{name_of(crs)} is in degrees, but the coordinates reach {xmax:,.0f}, {ymax:,.0f}"
            )
        if max(abs(ymin), abs(ymax)) > 90:
            return "latitudes beyond 90 degrees: longitude and latitude look swapped"
        return None
    if degrees and (crs is not None or (xmax - xmin) < DEGREE_LIMIT):
        claimed = f"{name_of(crs)} is in metres, but the" if crs is not None else "the"
        return f"{claimed} coordinates look like degrees (longitude, latitude)"
    return _suspect_metres(xmin, ymin, xmax, ymax, crs)


def _suspect_metres(
    xmin: float, ymin: float, xmax: float, ymax: float, crs: pyproj.CRS | None
) -> str | None:
    if crs is None:
        if ZONE_PREFIX_FROM_M < xmin < ZONE_PREFIX_TO_M:
            zone = int(xmin // 1e6)
            return (
                f"eastings begin with {zone}: this looks like a 3-degree zone-prefixed "
                f"Gauss-Kruger grid (EPSG:{CHINA_3_DEGREE_FIRST - 46 + zone} for CGCS2000)"
            )
        if _within(xmin, xmax, *LOCAL_RANGE_M) and _within(ymin, ymax, *LOCAL_RANGE_M):
            return "the coordinates look like a city's independent grid: ask for its parameters"
        if _within(xmin, xmax, 3e5, 7e5) and _within(ymin, ymax, 2e6, 6e6):
            return "the coordinates look like a 3-degree Gauss-Kruger or UTM grid without its name"
        return None
    area = crs.area_of_use
    if area is None:
        return None
    try:
        transformer = pyproj.Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True)
        lon, lat = transformer.transform((xmin + xmax) / 2, (ymin + ymax) / 2)
        swapped = transformer.transform((ymin + ymax) / 2, (xmin + xmax) / 2)
    except pyproj.exceptions.ProjError:
        return None
    if _near(lon, lat, area):
        return None
    if _near(*swapped, area):
        return f"x and y look swapped: exchanged, they fall inside the area of {name_of(crs)}"
    if ZONE_PREFIX_FROM_M < xmin < ZONE_PREFIX_TO_M:
        return f"eastings bear a zone prefix ({int(xmin // 1e6)}) that {name_of(crs)} has not"
    return f"the coordinates lie far outside the area of use of {name_of(crs)} ({area.name})"


def require_same(first: Any, second: Any, names: tuple[str, str]) -> None:
    """Refuse two tables in different CRSs.

    Raises
    ------
    CRSError
        ``crs_mismatch``; the fix names both.
    """
    if (
        first.crs is not None
        and second.crs is not None
        and first.crs.equals(second.crs, ignore_axis_order=True)
    ):
        return
    raise CRSError(
        f"{names[0]} is in {name_of(first.crs)}, {names[1]} in {name_of(second.crs)}",
        where=" and ".join(names),
        fix=f"{names[1]}.to_crs({names[0]}.crs)",
        code="crs_mismatch",
    )


def ellipsoidal_area(geometries: Any, crs: pyproj.CRS) -> NDArray[np.float64]:
    """Measure polygons on the ellipsoid of `crs`, as land surveys do.

    Parameters
    ----------
    geometries
        n polygons or multipolygons with planar coordinates in `crs`; None and empty count as 0.
    crs
        Their projected or geographic CRS.

    Returns
    -------
    ndarray
        Length n, m2. Edges are geodesics between the vertices; for parcels this differs from the
        trapezoid series of 国土调查办发〔2008〕32号 by far less than 1 mm2.
    """
    shapes = np.asarray(geometries, dtype=object)
    geod = crs.get_geod()
    if geod is None:
        raise CRSError(f"{name_of(crs)} has no ellipsoid", fix="choose an earth-bound CRS")
    polygons, owner = shapely.get_parts(shapes, return_index=True)
    rings, polygon_of = shapely.get_rings(polygons, return_index=True)
    result = np.zeros(len(shapes))
    if not len(rings):
        return result
    first = np.r_[True, polygon_of[1:] != polygon_of[:-1]]
    points, ring_of = shapely.get_coordinates(rings, return_index=True)
    if not crs.is_geographic:
        transformer = pyproj.Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True)
        lon, lat = transformer.transform(points[:, 0], points[:, 1])
    else:
        lon, lat = points[:, 0], points[:, 1]
    ends = np.searchsorted(ring_of, np.arange(len(rings) + 1))
    areas = np.array(
        [abs(geod.polygon_area_perimeter(lon[a:b], lat[a:b])[0]) for a, b in pairwise(ends)]
    )
    np.add.at(result, owner[polygon_of], np.where(first, areas, -areas))
    return result


def transform_bounds(bounds: Bounds, source: pyproj.CRS, target: pyproj.CRS) -> tuple[float, ...]:
    """Return `bounds` in another CRS, with curved edges taken into account."""
    transformer = pyproj.Transformer.from_crs(source, target, always_xy=True)
    left, bottom, right, top = (float(one) for one in bounds)
    return tuple(
        transformer.transform_bounds(left, bottom, right, top, direction=TransformDirection.FORWARD)
    )


def _degrees(table: gpd.GeoDataFrame | gpd.GeoSeries) -> tuple[float, ...]:
    crs = pyproj.CRS(table.crs)
    if crs.geodetic_crs is None or crs.is_geographic:
        return tuple(float(one) for one in table.total_bounds)
    return transform_bounds(table.total_bounds, crs, crs.geodetic_crs)


def _in_china(lon: float, lat: float) -> bool:
    return not (lon > 119.3 and lat < 26.5) and not (lon > 123.5 and lat < 39.5) and lon < 135


def _within(low: float, high: float, least: float, most: float) -> bool:
    return least <= low and high <= most


def _near(lon: float, lat: float, area: Any, margin: float = 3.0) -> bool:
    return bool(
        np.isfinite(lon)
        and np.isfinite(lat)
        and area.west - margin <= lon <= area.east + margin
        and area.south - margin <= lat <= area.north + margin
    )
