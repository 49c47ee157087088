"""Floor area by zone: every building shared out by where its footprint lies, so that nothing is lost.

The area table is asked the other way round: the buildings are the zones. Each building's footprint
then closes by itself: parts in zones - parts that several zones share + part outside = footprint.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from renewal_geo.foundation.errors import InputError
from renewal_geo.foundation.provenance import Provenance, versions
from renewal_geo.ledger.books import TWICE, require_askable, sound
from renewal_geo.spatial.area_tables import AreaTable, area_table
from renewal_geo.spatial.areas import Floats

OUTSIDE, UNPLACED, TOTAL = "outside", "unplaced", "total"
YEAR = "built_year"


@dataclass(frozen=True, slots=True, eq=False)
class FloorArea:
    """What stands in n zones.

    Attributes
    ----------
    table
        By zone: ``buildings`` (that have their largest part in it), ``footprint_m2``, the columns asked
        for, shared out by footprint, and ``mean_built_year`` (by footprint) where the years are known.
    rest
        By kind: ``outside`` all zones, ``covered_twice`` (in several overlapping zones), ``unplaced``
        (buildings without footprint), ``total``. Zones - covered_twice + outside + unplaced = total.
    listed
        Buildings that need a look, by id: ``reason`` (unplaced | mended | missing) and the columns.
    columns
        What was shared out.
    notes
        How many values are missing, negative, unplaced, mended.
    """

    table: pd.DataFrame
    rest: pd.DataFrame
    listed: pd.DataFrame
    columns: tuple[str, ...]
    notes: tuple[str, ...] = ()
    provenance: Provenance = field(default_factory=Provenance)

    def __str__(self) -> str:
        rest = self.rest.astype(float)
        parts = []
        for name in self.columns:
            twice = rest[name][TWICE]
            said = f", {twice:,.1f} of it in several zones at once" if twice else ""
            parts.append(
                f"{name} {self.table[name].sum():,.1f} in {len(self.table)} polygons{said}, "
                f"{rest[name][OUTSIDE]:,.1f} outside, "
                f"{rest[name][UNPLACED]:,.1f} without footprint, {rest[name][TOTAL]:,.1f} in all"
            )
        return f"{rest['buildings'][TOTAL]:,.0f} buildings: {'; '.join(parts)}"


def apportion(
    zones: gpd.GeoDataFrame,
    buildings: gpd.GeoDataFrame,
    columns: Sequence[str] = ("floor_area_m2",),
) -> FloorArea:
    """Share out what buildings have among the zones in which their footprints lie.

    Parameters
    ----------
    zones
        As for :func:`tally`; they may overlap.
    buildings
        m footprints in the CRS of `zones`, with numbers in `columns` and perhaps ``built_year``.
    columns
        Columns to share out in proportion to footprint; missing values count as nothing and are
        counted.

    Returns
    -------
    FloorArea
        For every column: sum over zones - covered_twice + outside + unplaced = sum of the column.

    Raises
    ------
    CRSError, InputError
        As :func:`tally`; ``unknown_column`` and ``bad_number`` for the columns.

    Examples
    --------
    >>> from shapely import box
    >>> zones = gpd.GeoDataFrame(geometry=[box(0, 0, 100, 100)], index=["Z01"], crs="EPSG:4547")
    >>> built = gpd.GeoDataFrame(
    ...     {"floor_area_m2": [4000.0]}, geometry=[box(90, 0, 130, 10)], crs="EPSG:4547"
    ... )
    >>> print(apportion(zones, built))
    1 buildings: floor_area_m2 1,000.0 in 1 polygons, 3,000.0 outside, 0.0 without footprint, 4,000.0 in all
    """
    for name in columns:
        require_askable(zones, buildings, name, "buildings")
    outlines, notes = sound(zones, "zones")
    shapes, more = sound(buildings, "buildings")
    found = area_table(shapes, outlines)
    footprint = found.zone_area
    values = {name: _numbers(buildings, name) for name in columns}
    known = {"footprint_m2": footprint, **{n: np.nan_to_num(v) for n, v in values.items()}}
    home, best = _homes(found, len(buildings), len(zones))
    table = pd.DataFrame({"buildings": home[1:]}, index=zones.index)
    unplaced = int((footprint <= 0).sum())
    rest = pd.DataFrame(
        {"buildings": [0, int(home[0]) - unplaced, unplaced, len(buildings)]},
        index=pd.Index([TWICE, OUTSIDE, UNPLACED, TOTAL], name="kind"),
    )
    for name, amount in known.items():
        table[name], rest[name] = _shared(found, amount, footprint, len(zones))
    if YEAR in buildings:
        table["mean_built_year"] = _mean_year(found, buildings, len(zones))
    listed = _listed(buildings, values, footprint)
    said = _notes(values, rest, best)
    return FloorArea(
        table, rest, listed, tuple(columns), (*notes, *more, *said), Provenance(versions=versions())
    )


def _numbers(buildings: gpd.GeoDataFrame, name: str) -> Floats:
    numbers = pd.to_numeric(buildings[name], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    bad = (np.isnan(numbers) & buildings[name].notna().to_numpy()) | np.isinf(numbers)
    if bad.any():
        first = buildings[name].to_numpy()[bad][0]
        raise InputError(
            f"{name} holds {first!r}, which is no number",
            where=f"buildings: {buildings.index[bad][0]}",
            fix="correct it or leave it empty",
            code="bad_number",
        )
    return numbers


def _homes(found: AreaTable, buildings: int, zones: int) -> tuple[np.ndarray, int]:
    """Count buildings by the zone of their largest part (first of all: in none), and those in several."""
    order = np.lexsort((found.source, -found.area, found.zone))
    first = np.unique(found.zone[order], return_index=True)[1]
    home = np.zeros(buildings, dtype=np.int64)
    home[found.zone[order][first]] = found.source[order][first] + 1
    several = int((np.bincount(found.zone, minlength=buildings) > 1).sum())
    return np.bincount(home, minlength=zones + 1), several


def _shared(
    found: AreaTable, amount: Floats, footprint: Floats, zones: int
) -> tuple[Floats, list[float]]:
    """Return an amount by zone, and what is counted twice, outside, unplaced and in all."""
    placed = footprint > 0
    density = np.divide(amount, footprint, out=np.zeros_like(amount), where=placed)
    by_zone: Floats = np.bincount(
        found.source, found.area * density[found.zone], minlength=zones
    ).astype(float)
    twice = float((found.twice * density).sum())
    outside = float((found.uncovered * density).sum())
    return by_zone, [twice, outside, float(amount[~placed].sum()), float(amount.sum())]


def _mean_year(found: AreaTable, buildings: gpd.GeoDataFrame, zones: int) -> Floats:
    year = _numbers(buildings, YEAR)[found.zone]
    weight = np.where(np.isnan(year), 0.0, found.area)
    total = np.bincount(found.source, weight, minlength=zones)
    sums = np.bincount(found.source, weight * np.nan_to_num(year), minlength=zones)
    mean: Floats = np.divide(sums, total, out=np.full(zones, np.nan), where=total > 0)
    return mean


def _listed(
    buildings: gpd.GeoDataFrame, values: dict[str, Floats], footprint: Floats
) -> pd.DataFrame:
    raw = buildings.geometry.to_numpy()
    unplaced = footprint <= 0
    mended = ~unplaced & ~shapely.is_valid(raw)
    missing = np.zeros(len(buildings), dtype=bool)
    for numbers in values.values():
        missing |= np.isnan(numbers)
    reason = np.where(
        unplaced, UNPLACED, np.where(mended, "mended", np.where(missing, "missing", ""))
    )
    table = pd.DataFrame({"reason": reason, **values}, index=buildings.index)
    listed: pd.DataFrame = table.loc[reason != ""]
    return listed


def _notes(values: dict[str, Floats], rest: pd.DataFrame, several: int) -> list[str]:
    notes = []
    for name, numbers in values.items():
        if missing := int(np.isnan(numbers).sum()):
            notes.append(f"buildings: {missing} have no {name} and count as nothing")
        if negative := int((numbers < 0).sum()):
            notes.append(f"buildings: {negative} have a {name} below zero, counted as it stands")
        if twice := float(rest[name].to_numpy()[0]):
            notes.append(f"zones overlap: {twice:,.1f} of {name} is in several of them")
    if several:
        notes.append(f"buildings: {several} lie in several polygons and are shared by footprint")
    return notes
