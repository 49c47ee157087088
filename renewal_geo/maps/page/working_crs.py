"""The working CRS as polynomials, so that a page can measure in it without a projection library."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyproj
import shapely
from numpy.polynomial import chebyshev
from numpy.typing import NDArray
from pyproj.enums import TransformDirection

from renewal_geo.foundation import crs as systems
from renewal_geo.maps.spec import MapSpec

MERCATOR_HALF_M = math.pi * 6_378_137.0
AIM_M = 0.001
APPROXIMATE_M = 0.05
MARGINS = (
    0.5,
    0.1,
    0.0,
)  # of the extent on each side; a smaller one where a wider one reaches too far
DEGREES = (3, 4, 5, 6, 8, 10, 12, 14, 17, 20)
CHECKED = 61  # points along each side of the grid that tests a fit
DECIMALS = 7
SMALLEST = 2.5e-5  # of the world, about 1 km: what is added at least, around a lone point too
UNITS = {"metre": "m", "kilometre": "km", "foot": "ft", "US survey foot": "ftUS"}

Extent = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Fit:
    """Polynomials of one degree for x and y, and the worst error on the grid that tests them."""

    extent: Extent
    degree: int
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    residual: float


def working_crs(spec: MapSpec) -> dict[str, Any] | None:
    """Return the working CRS of a map as plain numbers, over the extent of its layers.

    With u and v in -1 ... 1 across `box`, x = sum of c[k] T_i(u) T_j(v), T being Chebyshev's
    polynomials of the first kind and k counting i = 0 ... degree, j = 0 ... degree - i in turn; y
    alike. The degree rises until the error stays below 1 mm on a dense grid that the fit never saw.

    Parameters
    ----------
    spec
        What the map says; its first layer with a CRS gives the working CRS.

    Returns
    -------
    dict or None
        `name` and `unit` of the CRS, `factor` (metres per unit), `axes` (``E``, ``N``, or ``x``,
        ``y`` where they point elsewhere), `box` (west, north, east, south as shares of the world in
        Web Mercator, y downwards), `degree`, `x`, `y`, `residual_m` (the worst error found) and
        `approximate` (whether it is above 5 cm). None without a projected CRS, for Web Mercator,
        which measures nothing, and where no layer can be placed.
    """
    crs = next((one.geometry.crs for one in spec.layers if one.geometry.crs is not None), None)
    if crs is None or not crs.is_projected or systems.is_web_mercator(crs):
        return None
    step = pyproj.Transformer.from_crs(crs, 3857, always_xy=True)
    extent = _extent(spec, crs, step)
    if extent is None:
        return None
    factor = float(crs.axis_info[0].unit_conversion_factor)
    fit = _best(step, extent, AIM_M / factor)
    if fit is None:
        return None
    residual = fit.residual * factor
    directions = {axis.direction for axis in crs.axis_info[:2]}
    unit = crs.axis_info[0].unit_name
    return {
        "name": systems.name_of(crs),
        "unit": UNITS.get(unit, unit),
        "factor": factor,
        "axes": ["E", "N"] if directions == {"east", "north"} else ["x", "y"],
        "box": list(fit.extent),
        "degree": fit.degree,
        "x": fit.x.tolist(),
        "y": fit.y.tolist(),
        "residual_m": float(f"{residual:.2g}"),
        "approximate": residual > APPROXIMATE_M,
    }


def _extent(spec: MapSpec, crs: pyproj.CRS, step: pyproj.Transformer) -> Extent | None:
    """Return what the layers cover, as shares of the world; what lies off the world is left out."""
    boxes = [
        shapely.bounds(one.geometry.to_numpy()) for one in spec.layers if one.geometry.crs == crs
    ]
    bounds = np.concatenate(boxes) if boxes else np.empty((0, 4))
    bounds = bounds[np.isfinite(bounds).all(axis=1)]
    if not len(bounds):
        return None
    whole = np.append(bounds[:, :2].min(axis=0), bounds[:, 2:].max(axis=0))
    placed = _corners(whole[None, :], step)
    if not _on_world(placed).all():
        placed = _corners(bounds, step)
        placed = placed[_on_world(placed)]
    if not len(placed):
        return None
    west, north = placed[:, :2].min(axis=0)
    east, south = placed[:, 2:].max(axis=0)
    return float(west), float(north), float(east), float(south)


def _corners(bounds: NDArray[np.float64], step: pyproj.Transformer) -> NDArray[np.float64]:
    """Return the boxes of `bounds` (n × 4) in shares of the world."""
    x, y = bounds[:, [0, 2, 0, 2]], bounds[:, [1, 1, 3, 3]]
    east, north = step.transform(x.ravel(), y.ravel())
    across = (0.5 + np.reshape(east, x.shape) / (2 * MERCATOR_HALF_M)).T
    down = (0.5 - np.reshape(north, y.shape) / (2 * MERCATOR_HALF_M)).T
    return np.column_stack(
        [across.min(axis=0), down.min(axis=0), across.max(axis=0), down.max(axis=0)]
    )


def _on_world(boxes: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.asarray(((boxes >= 0) & (boxes <= 1)).all(axis=1))


def _best(step: pyproj.Transformer, extent: Extent, aim: float) -> Fit | None:
    """Return the first fit that keeps below `aim`, else the one with the smallest error."""
    best: Fit | None = None
    for margin in MARGINS:
        wide = _widened(extent, margin)
        for degree in DEGREES:
            fit = _fit(step, wide, degree)
            if fit is None:
                break
            if best is None or fit.residual < best.residual:
                best = fit
            if fit.residual < aim:
                return fit
    return best


def _widened(extent: Extent, margin: float) -> Extent:
    west, north, east, south = extent
    across = max((east - west) * margin, SMALLEST)
    down = max((south - north) * margin, SMALLEST)
    return (
        max(west - across, 0.0),
        max(north - down, 0.0),
        min(east + across, 1.0),
        min(south + down, 1.0),
    )


def _fit(step: pyproj.Transformer, extent: Extent, degree: int) -> Fit | None:
    """Return the polynomials of one degree, None where PROJ has no answer."""
    count = degree + 4
    nodes = np.cos(np.pi * (np.arange(count) + 0.5) / count)
    u, v = (side.ravel() for side in np.meshgrid(nodes, nodes))
    seen = _projected(step, extent, u, v)
    tried = np.linspace(-1.0, 1.0, CHECKED)
    other_u, other_v = (side.ravel() for side in np.meshgrid(tried, tried))
    unseen = _projected(step, extent, other_u, other_v)
    if not (np.isfinite(seen).all() and np.isfinite(unseen).all()):
        return None
    fitted = np.linalg.lstsq(_terms(u, v, degree), seen, rcond=None)[0].round(DECIMALS)
    found = np.asarray(fitted, dtype=np.float64)
    error = np.hypot(*(_terms(other_u, other_v, degree) @ found - unseen).T)
    return Fit(extent, degree, found[:, 0], found[:, 1], float(error.max()))


def _terms(u: NDArray[np.float64], v: NDArray[np.float64], degree: int) -> NDArray[np.float64]:
    across, down = chebyshev.chebvander(u, degree), chebyshev.chebvander(v, degree)
    pairs = [(i, j) for i in range(degree + 1) for j in range(degree + 1 - i)]
    return np.column_stack([across[:, i] * down[:, j] for i, j in pairs])


def _projected(
    step: pyproj.Transformer, extent: Extent, u: NDArray[np.float64], v: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return x and y in the working CRS: the very inverse of how the layers were placed."""
    west, north, east, south = extent
    across = (west + east) / 2 + u * (east - west) / 2
    down = (north + south) / 2 + v * (south - north) / 2
    x, y = step.transform(
        (across - 0.5) * 2 * MERCATOR_HALF_M,
        (0.5 - down) * 2 * MERCATOR_HALF_M,
        direction=TransformDirection.INVERSE,
    )
    return np.column_stack([x, y])
