"""How much of each polygon a raster has values for, and why there is none."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from renewal_geo.spatial.polygons import Floats, Shapes
from renewal_geo.spatial.rasters import Raster

COVERED, OUTSIDE, EMPTY, SHAPELESS = "", "outside the raster", "no data there", "no area"
NEARLY_ALL = 0.999


def covered_share(shapes: Shapes, raster: Raster, cells: Floats) -> Floats:
    """Return the share of n polygons that cells with a value cover, 0..1; 0 where there is no area.

    Parameters
    ----------
    shapes
        n valid polygons in the raster's CRS; None allowed.
    cells
        n counts of cells with a value, parts counted as parts (the operation ``count``).
    """
    width, height = raster.cell
    area = np.nan_to_num(shapely.area(shapes))
    return np.asarray(np.minimum(cells * width * height / np.where(area > 0, area, np.inf), 1.0))


def reasons(shapes: Shapes, raster: Raster, cells: Floats) -> NDArray[Any]:
    """Return why n polygons have no value, :data:`COVERED` where they have; as for :func:`covered_share`."""
    area = np.nan_to_num(shapely.area(shapes))
    inside = shapely.intersects(shapes, shapely.box(*raster.bounds))
    return np.select([area <= 0, cells > 0, ~inside], [SHAPELESS, COVERED, OUTSIDE], default=EMPTY)


def code_text(value: float) -> str:
    """Return a code as text.

    >>> code_text(3.0), code_text(2.5)
    ('3', '2.5')
    """
    return str(int(value)) if float(value).is_integer() else str(value)
