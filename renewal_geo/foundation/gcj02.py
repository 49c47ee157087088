"""GCJ-02 and BD-09, the shifted coordinates of Chinese web maps: conversion, size, suspicion.

The shift has never been published; the series below was recovered from map software and has been
public since 2013 ("eviltransform", "coordtransform"), and its values agree with the maps to about a
metre. It is defined for WGS 84 degrees on the Krassovsky 1940 ellipsoid. Outside China nothing is
shifted. Longitude comes first, always.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

AXIS_M = 6378245.0  # Krassovsky 1940
ECCENTRICITY_2 = 0.00669342162296594323
BD_TURN = np.pi * 3000.0 / 180.0
BD_EAST, BD_NORTH = 0.0065, 0.006
WEST, SOUTH, EAST, NORTH = 72.004, 0.8293, 137.8347, 55.8271  # the published series' own limits
SAME_DEGREES = 1e-12
MOST_ROUNDS = 60
EARTH_M = 6371008.8
DATAV = {"adcode", "childrennum", "acroutes", "subfeatureindex"}
AMAP_POI = {"pname", "adname"}
NAMED = re.compile(
    r"gcj.?0?2|火星坐标|火星坐標|mars.?coord|bd.?09|百度坐标|高德坐标", re.IGNORECASE
)
BAIDU = re.compile(r"bd.?09|百度", re.IGNORECASE)
Floats = NDArray[np.float64]
Pair = tuple[Floats, Floats]


def shifted(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Return the GCJ-02 degrees of WGS 84 degrees; n of each, outside China as they are.

    >>> [round(float(one), 6) for one in shifted(116.404, 39.915)]
    [116.410244, 39.916404]
    """
    x, y = np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)
    inside = (x >= WEST) & (x <= EAST) & (y >= SOUTH) & (y <= NORTH)
    east, north = _series(x - 105.0, y - 35.0)
    phi = np.radians(y)
    root = 1.0 - ECCENTRICITY_2 * np.sin(phi) ** 2
    north = np.degrees(north / (AXIS_M * (1.0 - ECCENTRICITY_2) / root**1.5))
    east = np.degrees(east / (AXIS_M / np.sqrt(root) * np.cos(phi)))
    return x + np.where(inside, east, 0.0), y + np.where(inside, north, 0.0)


def unshifted(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Return the WGS 84 degrees of GCJ-02 degrees, by fixed-point iteration to 1e-12 degree.

    The shift changes by less than 1 % over its own length, so that every round gains two digits.
    """
    x, y = np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)
    found_x, found_y = x.copy(), y.copy()
    for _ in range(MOST_ROUNDS):
        there_x, there_y = shifted(found_x, found_y)
        off_x, off_y = there_x - x, there_y - y
        found_x, found_y = found_x - off_x, found_y - off_y
        worst = np.nanmax(np.abs([off_x, off_y]), initial=0.0)
        if worst < SAME_DEGREES:
            break
    return found_x, found_y


def to_bd09(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Return the BD-09 degrees (Baidu) of GCJ-02 degrees.

    >>> [round(float(one), 6) for one in to_bd09(116.404, 39.915)]
    [116.410369, 39.921337]
    """
    x, y = np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)
    far = np.hypot(x, y) + 0.00002 * np.sin(y * BD_TURN)
    turn = np.arctan2(y, x) + 0.000003 * np.cos(x * BD_TURN)
    return far * np.cos(turn) + BD_EAST, far * np.sin(turn) + BD_NORTH


def from_bd09(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Return the GCJ-02 degrees of BD-09 degrees, by the published inverse (to some 1e-6 degree)."""
    x = np.asarray(lon, dtype=float) - BD_EAST
    y = np.asarray(lat, dtype=float) - BD_NORTH
    far = np.hypot(x, y) - 0.00002 * np.sin(y * BD_TURN)
    turn = np.arctan2(y, x) - 0.000003 * np.cos(x * BD_TURN)
    return far * np.cos(turn), far * np.sin(turn)


def to_wgs84(lon: ArrayLike, lat: ArrayLike, system: str) -> Pair:
    """Return the WGS 84 degrees of ``GCJ-02`` or ``BD-09`` degrees."""
    return unshifted(*(from_bd09(lon, lat) if system == "BD-09" else (lon, lat)))


def system_named(text: str) -> str:
    """Return ``GCJ-02`` or ``BD-09`` for a planner's name of them, else nothing.

    >>> system_named("gcj02"), system_named("BD-09"), system_named("EPSG:4490")
    ('GCJ-02', 'BD-09', '')
    """
    plain = re.sub(r"[\s\-_:]", "", text).upper()
    return {"GCJ02": "GCJ-02", "BD09": "BD-09", "BD09LL": "BD-09"}.get(plain, "")


def shift_m(lon: float, lat: float, system: str = "GCJ-02") -> float:
    """Return how far GCJ-02 or BD-09 degrees lie from the place they mean, in metres."""
    x, y = to_wgs84(lon, lat, system)
    east = np.radians(lon - x) * np.cos(np.radians(lat))
    return float(EARTH_M * np.hypot(east, np.radians(lat - y)))


def suspicion(names: Iterable[str], label: str, lon: float, lat: float) -> tuple[str, str]:
    """Say whether a layer's origin speaks for shifted coordinates: the system, and a sentence.

    Coordinates alone never tell. What does: the columns of the DataV atlas of Aliyun (``adcode``,
    ``childrenNum``, ``acroutes``) or of AMap's places (``pname``, ``adname``), which are in GCJ-02,
    and names that say so themselves.

    Parameters
    ----------
    names
        Columns of the layer.
    label
        Name of file and layer.
    lon, lat
        A place in the middle of it, degrees.

    Returns
    -------
    tuple
        Both empty where nothing speaks for it, or where the place is outside China.
    """
    if not (WEST <= lon <= EAST and SOUTH <= lat <= NORTH):
        return "", ""
    listed = [str(name) for name in names]
    plain = {name.casefold() for name in listed}
    telling = next((one for one in [label, *listed] if NAMED.search(one)), "")
    if telling:
        system, why = "BD-09" if BAIDU.search(telling) else "GCJ-02", f"{telling!r} says so"
    elif len(DATAV & plain) >= 2:
        shown = ", ".join(one for one in listed if one.casefold() in DATAV)
        system, why = (
            "GCJ-02",
            f"its columns ({shown}) are those of the DataV atlas, which is in it",
        )
    elif plain >= AMAP_POI:
        system, why = (
            "GCJ-02",
            "its columns (pname, adname) are those of AMap's places, which are in it",
        )
    else:
        return "", ""
    return system, (
        f"the coordinates are probably {system}, not WGS 84: {why}; here it lies "
        f"{shift_m(lon, lat, system):,.0f} m away from the true place"
    )


def _series(x: Floats, y: Floats) -> Pair:
    root = np.sqrt(np.abs(x))
    both = 20.0 * np.sin(6.0 * x * np.pi) + 20.0 * np.sin(2.0 * x * np.pi)
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north += (both + 20.0 * np.sin(y * np.pi) + 40.0 * np.sin(y / 3.0 * np.pi)) * 2.0 / 3.0
    north += (160.0 * np.sin(y / 12.0 * np.pi) + 320.0 * np.sin(y * np.pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east += (both + 20.0 * np.sin(x * np.pi) + 40.0 * np.sin(x / 3.0 * np.pi)) * 2.0 / 3.0
    east += (150.0 * np.sin(x / 12.0 * np.pi) + 300.0 * np.sin(x / 30.0 * np.pi)) * 2.0 / 3.0
    return east, north
