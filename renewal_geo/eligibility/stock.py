"""The buildings that stand in each range: their use, their year, their floor area, and what is unknown."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from renewal_geo.eligibility.cases import Case, uses_of
from renewal_geo.eligibility.units import FIRST_YEAR
from renewal_geo.foundation.errors import some_ids
from renewal_geo.spatial.areas import pieces
from renewal_geo.spatial.polygons import Shapes, polygonal

MOSTLY = 0.5  # a building belongs to the range in which at least half of its footprint stands
BUILDINGS, PARCELS = "buildings", "parcels"
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Stock:
    """Buildings by the unit in whose range they stand.

    Attributes
    ----------
    row, source
        Number of the unit, and of the building in its layer; sorted by unit.
    use, year, weight
        Class of use (None unknown), year built (NaN where missing, before 1949 or after the day), floor area
        (footprint in a unit where a building lacks its floor area), m2.
    inside, footprint
        The part inside the range, and the whole footprint.
    by_floor
        Whether the weight is a floor area.
    role, notes
        The layer that was asked; what is odd about it.
    """

    row: Ints
    source: Ints
    use: NDArray[np.object_]
    year: Floats
    weight: Floats
    inside: Shapes
    footprint: Shapes
    by_floor: NDArray[np.bool_]
    role: str
    notes: tuple[str, ...]

    def of(self, row: int) -> NDArray[np.bool_]:
        """Return which buildings stand in the range of unit number `row`."""
        mask: NDArray[np.bool_] = self.row == row
        return mask


def stock_of(case: Case, zones: Shapes) -> Stock | None:
    """Return the buildings in each zone; parcels with a year stand in where there is no layer of buildings.

    Years before 1949 or after the day of the case are unknown: old houses there are, but a year of that kind
    is more often a slip of the pen, and it must not decide. They are noted.
    """
    layer, role = _layer(case)
    if layer is None:
        return None
    shapes = polygonal(layer.geometry.to_numpy())
    found = pieces(zones, shapes)
    kept = found.area >= MOSTLY * shapely.area(shapes[found.source])
    row, source = found.zone[kept], found.source[kept]
    year, notes = _years(layer, role, source, case.as_of.year)
    floor, by_floor = _floor_area(layer, shapes, row, source)
    use = uses_of(case, layer, "use" if role == BUILDINGS else "land_use")
    return Stock(
        row, source, use[source], year, floor, found.geometry[kept], shapes[source], by_floor, role, notes
    )  # fmt: skip


def _layer(case: Case) -> tuple[gpd.GeoDataFrame | None, str]:
    if case.buildings is not None:
        return case.buildings, BUILDINGS
    if case.parcels is not None and "built_year" in case.parcels.columns:
        return case.parcels, PARCELS
    return None, ""


def _years(
    layer: gpd.GeoDataFrame, role: str, source: Ints, last: int
) -> tuple[Floats, tuple[str, ...]]:
    if "built_year" not in layer.columns:
        return np.full(len(source), np.nan), (f"{role} has no column built_year: no age is known",)
    told = pd.to_numeric(layer["built_year"], errors="coerce").to_numpy(dtype=float)[source]
    odd = (told < FIRST_YEAR) | (told > last)
    if not odd.any():
        return told, ()
    ids = [f"{layer.index[at]} ({told[k]:.0f})" for k, at in enumerate(source) if odd[k]]
    note = f"{role}: {len(ids)} years before {FIRST_YEAR} or after {last} count as unknown: {some_ids(sorted(ids))}"
    return np.where(odd, np.nan, told), (note,)


def _floor_area(
    layer: gpd.GeoDataFrame, shapes: Shapes, row: Ints, source: Ints
) -> tuple[Floats, NDArray[np.bool_]]:
    """Return floor areas; footprints in a unit where one building has none, for the two do not add."""
    footprint = shapely.area(shapes[source])
    if "floor_area_m2" not in layer.columns:
        return footprint, np.zeros(len(row), dtype=bool)
    told = pd.to_numeric(layer["floor_area_m2"], errors="coerce").to_numpy(dtype=float)[source]
    whole = ~np.isin(row, row[~(told > 0)])
    return np.where(whole, told, footprint), whole
