"""Area books that close: how much of what lies in what.

For every zone: sum of class areas - covered twice + uncovered = area of the zone, for any input. What is
missing and what is counted twice are rows of their own; slivers are an *of which*, never a row.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from renewal_geo.foundation.crs import require_metric, require_same
from renewal_geo.foundation.errors import InputError
from renewal_geo.foundation.provenance import Provenance, versions
from renewal_geo.foundation.quantities import AREA_UNITS, hectares, level
from renewal_geo.foundation.schema import as_text
from renewal_geo.spatial.area_tables import AreaTable, area_table
from renewal_geo.spatial.areas import polygonal

CLASS, UNCOVERED, TWICE = "class", "uncovered", "covered_twice"
CLOSES_M2, CLOSES_RELATIVE = 1e-6, 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Ledger:
    """The area book of n zones.

    Attributes
    ----------
    table
        Long: the zones' id column, the class column `by` (text, empty unless kind is class), ``kind``
        (class | uncovered | covered_twice), ``area_m2``, ``sliver_m2`` (of which in slivers).
    totals
        One row per zone: ``area_m2`` of its polygon and ``closing_m2``, what is left when the book
        is added up.
    by, id_column
        Names of the class column and of the id column.
    notes
        What was decided: geometries made valid, rows without area.
    """

    table: pd.DataFrame
    totals: pd.DataFrame
    by: str
    id_column: str
    notes: tuple[str, ...] = ()
    provenance: Provenance = field(default_factory=Provenance)

    def __str__(self) -> str:
        sums = self.table.groupby("kind")["area_m2"].sum()
        worst = float(self.totals["closing_m2"].abs().max()) if len(self.totals) else 0.0
        return (
            f"{hectares(float(self.totals['area_m2'].sum()))} in {len(self.totals)} polygons: "
            f"{hectares(float(sums.get(CLASS, 0.0)))} by {self.by}, "
            f"{sums.get(UNCOVERED, 0.0):,.1f} m² uncovered, "
            f"{sums.get(TWICE, 0.0):,.1f} m² counted twice; closes to {worst:.1e} m²"
        )


def tally(zones: gpd.GeoDataFrame, layer: gpd.GeoDataFrame, by: str) -> Ledger:
    """Measure how much of each polygon lies in each class, so that the books close.

    Parameters
    ----------
    zones
        n polygons indexed by their id, projected, metres. They may overlap each other: each has its
        own book.
    layer
        m polygons in the CRS of `zones`. It may have gaps, overlap itself, and be invalid; polygons
        are made valid for measuring and the notes say how many.
    by
        Class column of `layer`; values become text, missing ones the empty text.

    Returns
    -------
    Ledger
        Sum of classes - covered_twice + uncovered = area of the zone, to max(1e-6 m2, 1e-9 of it).

    Raises
    ------
    CRSError
        If the layers are not in one projected CRS measured in metres.
    InputError
        If `by` is no column of `layer`, or an id occurs twice.

    Notes
    -----
    ``covered_twice`` is the sum of class areas less the area of their union; ``uncovered`` is measured
    as the part of the zone outside that union, not obtained by subtraction.

    Examples
    --------
    >>> from shapely import box
    >>> zones = gpd.GeoDataFrame(geometry=[box(0, 0, 100, 100)], index=["Z01"], crs="EPSG:4547")
    >>> use = gpd.GeoDataFrame({"use": ["M1"]}, geometry=[box(0, 0, 60, 100)], crs="EPSG:4547")
    >>> print(tally(zones, use, by="use"))
    1.00 ha in 1 polygons: 0.60 ha by use, 4,000.0 m² uncovered, 0.0 m² counted twice; closes to 0.0e+00 m²
    """
    require_metric(zones, "zones")
    require_same(zones, layer, ("zones", "layer"))
    if by not in layer.columns:
        raise InputError(
            f"the layer has no column {by!r}",
            where="ledger",
            fix=f"one of: {', '.join(str(c) for c in layer.columns if c != layer.geometry.name)}",
            code="unknown_column",
        )
    if zones.index.has_duplicates:
        raise InputError(
            "ids of the polygons occur twice",
            where="zones",
            fix="give each its own id",
            code="duplicate_id",
        )
    outlines, notes = _sound(zones, "zones")
    shapes, more = _sound(layer, "layer")
    classes = as_text(layer[by]).map(lambda one: "" if one is None else one, na_action=None)
    classes = classes.fillna("").to_numpy(dtype=str)  # type: ignore[assignment]
    found = area_table(outlines, shapes)
    id_column = str(zones.index.name or "id")
    table = _long_table(zones.index, np.asarray(classes), found, by, id_column)
    totals = _totals(zones.index, outlines, table, id_column)
    return Ledger(table, totals, by, id_column, (*notes, *more), Provenance(versions=versions()))


def published(book: Ledger, unit: str = "ha", decimals: int = 2) -> pd.DataFrame:
    """Return the book as a table for print: zones by class, levelled so that parts add up.

    Parameters
    ----------
    book
        Of :func:`tally`.
    unit
        m2, ha, km2 or mu.
    decimals
        Digits after the point.

    Returns
    -------
    DataFrame
        One row per zone: a column per class, ``uncovered``, ``covered_twice`` (negative) and
        ``total``; every row adds to its rounded total (largest remainder).
    """
    signed = book.table.assign(
        area=np.where(book.table["kind"] == TWICE, -1.0, 1.0) * book.table["area_m2"],
        column=np.where(book.table["kind"] == CLASS, book.table[book.by], book.table["kind"]),
    )
    wide = signed.pivot_table(
        index=book.id_column, columns="column", values="area", aggfunc="sum", fill_value=0.0
    ).reindex(book.totals.index, fill_value=0.0)
    rounded = np.array([level(row, decimals) for row in wide.to_numpy() / AREA_UNITS[unit]])
    table = pd.DataFrame(
        rounded.reshape(wide.shape), index=wide.index, columns=[str(c) for c in wide.columns]
    )
    return table.assign(total=table.sum(axis=1).round(decimals))


def _sound(table: gpd.GeoDataFrame, name: str) -> tuple[np.ndarray, tuple[str, ...]]:
    raw = table.geometry.to_numpy()
    broken = int((~shapely.is_valid(raw) & ~shapely.is_missing(raw)).sum())
    shapes = polygonal(raw)
    without = int(shapely.is_missing(shapes).sum())
    notes = []
    if broken:
        notes.append(f"{name}: {broken} invalid geometries were made valid for measuring")
    if without:
        notes.append(f"{name}: {without} rows have no area and count as nothing")
    return shapes, tuple(notes)


def _long_table(
    index: pd.Index, classes: np.ndarray, found: AreaTable, by: str, id_column: str
) -> pd.DataFrame:
    entries = pd.DataFrame(
        {
            "zone": found.zone,
            by: classes[found.source],
            "kind": CLASS,
            "area_m2": found.area,
            "sliver_m2": found.sliver,
        }
    )
    entries = entries.groupby(["zone", by, "kind"], as_index=False)[["area_m2", "sliver_m2"]].sum()
    rest = pd.DataFrame(
        {
            "zone": np.repeat(np.arange(len(index)), 2),
            by: "",
            "kind": np.tile([UNCOVERED, TWICE], len(index)),
            "area_m2": np.stack([found.uncovered, found.twice], axis=1).ravel(),
            "sliver_m2": np.stack([found.uncovered_sliver, np.zeros(len(index))], axis=1).ravel(),
        }
    )
    table = pd.concat([entries, rest], ignore_index=True) if len(entries) else rest
    rank = table["kind"].map({CLASS: 0, UNCOVERED: 1, TWICE: 2})
    table = table.assign(rank=rank).sort_values(["zone", "rank", by], ignore_index=True)
    table.insert(0, id_column, index.to_numpy()[table["zone"]])
    return table.drop(columns=["zone", "rank"])


def _totals(
    index: pd.Index, outlines: np.ndarray, table: pd.DataFrame, id_column: str
) -> pd.DataFrame:
    area = np.nan_to_num(shapely.area(outlines))
    signed = table["area_m2"] * np.where(table["kind"] == TWICE, -1.0, 1.0)
    booked = signed.groupby(table[id_column]).sum().reindex(index, fill_value=0.0)
    totals = pd.DataFrame({"area_m2": area, "closing_m2": area - booked.to_numpy()}, index=index)
    totals.index.name = id_column
    return totals
