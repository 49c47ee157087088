"""How wide a piece of land is: the diameter of the largest circle that fits into it."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

TOLERANCE_M = 0.001


def inscribed_widths(shapes: Any) -> NDArray[np.float64]:
    """Return the diameter of the largest inscribed circle of each polygon.

    Of several parts the widest counts, for a facility stands on one of them. A rectangle is as wide as its
    shorter side; an L is wider than either leg.

    Parameters
    ----------
    shapes
        n valid geometries in a metric CRS; missing, empty and non-areal ones are allowed.

    Returns
    -------
    ndarray
        Length n, metres, at most 2 mm too small (GEOS, tolerance 1 mm on the radius); NaN without area.

    Examples
    --------
    >>> inscribed_widths([shapely.box(0, 0, 30, 50), shapely.Point(0, 0)]).round(2).tolist()
    [30.0, nan]
    """
    made = np.asarray(shapes, dtype=object)
    areal = (shapely.get_dimensions(made) == 2) & (shapely.area(made) > 0)
    width = np.full(len(made), np.nan)
    parts, owner = shapely.get_parts(made[areal], return_index=True)
    flat = (shapely.get_dimensions(parts) == 2) & (shapely.area(parts) > 0)
    circles = shapely.maximum_inscribed_circle(parts[flat], tolerance=TOLERANCE_M)
    widest = np.zeros(int(areal.sum()))
    np.maximum.at(widest, owner[flat], 2.0 * shapely.length(circles))
    width[areal] = widest
    return width
