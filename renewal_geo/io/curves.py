"""Arcs made of short straight lines, and what that costs in area, measured on the layer itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyogrio
import pyproj
import shapely

from renewal_geo.foundation import crs as crs_rules
from renewal_geo.io import drivers

STEP_DEGREES = 0.25
COARSER = 4
WORDS = ("CURVE", "SURFACE", "COMPOUND", "CIRCULAR", "GEOMETRY")
STRAIGHT = ("MULTIPOLYGON", "MULTILINESTRING", "MULTIPOINT", "GEOMETRYCOLLECTION")


def may_hold_curves(kind: str, declared: str) -> bool:
    """Say whether a layer may hold arcs: file geodatabases never tell, GeoPackages declare it."""
    return kind == "gdb" or (declared not in STRAIGHT and any(one in declared for one in WORDS))


def curve_note(path: Path, layer: str, shapes: np.ndarray, crs: pyproj.CRS | None) -> str:
    """Say how many shapes have arcs, and how far lines in their place change areas or lengths.

    Parameters
    ----------
    path, layer
        The layer, which is read a second time with coarser lines.
    shapes
        n shapes as read with lines of :data:`STEP_DEGREES`.
    crs
        Their CRS, for the unit.

    Returns
    -------
    str
        Empty where there are no arcs.

    Notes
    -----
    The area between an arc and its chords falls with the square of the step: between steps s and k s
    the difference is (k² - 1) times what is still missing at s.
    """
    with drivers.settled(OGR_ARC_STEPSIZE=str(STEP_DEGREES * COARSER)), drivers.remarks():
        read = pyogrio.raw.read(path, layer=layer or None, columns=[])[2]
    coarse = shapely.from_wkb(read, on_invalid="ignore")
    if len(coarse) != len(shapes):
        return ""
    curved = shapely.get_num_coordinates(coarse) != shapely.get_num_coordinates(shapes)
    if not curved.any():
        return ""
    areal = curved & (shapely.get_dimensions(shapes) == 2)
    measure, unit = (shapely.area, "area") if areal.any() else (shapely.length, "length")
    chosen = areal if areal.any() else curved
    fine, rough = measure(shapes[chosen]), measure(coarse[chosen])
    missing = np.abs(fine - rough) / (COARSER**2 - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        worst = float(np.nanmax(np.where(fine > 0, missing / fine, 0.0), initial=0.0))
    power = "m²" if unit == "area" else "m"
    total = f"{missing.sum():,.3g} {power} in all and " if crs_rules.fault_of(crs) is None else ""
    return (
        f"curves in {int(curved.sum()):,} shapes made of straight lines, one for every "
        f"{STEP_DEGREES} degree of arc: {unit} off by some {total}{worst:.2g} of a shape at most"
    )
