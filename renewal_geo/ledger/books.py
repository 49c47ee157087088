"""Area books that close: how much of what lies in what.

For every zone: sum of class areas - covered twice + uncovered = area of the zone, for any input. What is
missing and what is counted twice are rows of their own; slivers are an *of which*, never a row.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from renewal_geo.foundation.crs import require_metric, require_same
from renewal_geo.foundation.errors import InputError
from renewal_geo.foundation.provenance import Provenance, versions
from renewal_geo.foundation.quantities import hectares
from renewal_geo.foundation.schema import as_text
from renewal_geo.spatial.area_tables import AreaTable, area_table
from renewal_geo.spatial.areas import polygonal

CLASS, UNCOVERED, TWICE = "class", "uncovered", "covered_twice"
TAKEN, OTHERWISE = ("kind", "area_m2", "sliver_m2"), "class"
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

    @property
    def class_totals(self) -> pd.DataFrame:
        """Sums over all zones: `by`, ``kind``, ``area_m2``, ``sliver_m2``, ``share`` of all zones' area.

        Classes in natural order (2 before 10), then uncovered and covered twice. Ground that several
        zones share counts once for each of them.
        """
        sums = self.table.groupby(["kind", self.by], as_index=False)[["area_m2", "sliver_m2"]].sum()
        rank = sums["kind"].map({CLASS: 0, UNCOVERED: 1, TWICE: 2})
        place = [natural(str(one)) for one in sums[self.by]]
        order = sorted(range(len(sums)), key=lambda row: (rank.iloc[row], place[row]))
        sums = sums.iloc[order].reset_index(drop=True)
        whole = max(float(self.totals["area_m2"].sum()), 1e-12)
        return sums[[self.by, "kind", "area_m2", "sliver_m2"]].assign(share=sums["area_m2"] / whole)

    def __str__(self) -> str:
        sums = self.table.groupby("kind")["area_m2"].sum()
        worst = float(self.totals["closing_m2"].abs().max()) if len(self.totals) else 0.0
        return (
            f"{hectares(float(self.totals['area_m2'].sum()))} in {len(self.totals)} polygons: "
            f"{hectares(float(sums.get(CLASS, 0.0)))} by {self.by}, "
            f"{sums.get(UNCOVERED, 0.0):,.1f} m² uncovered, "
            f"{sums.get(TWICE, 0.0):,.1f} m² counted twice; closes to {worst:.1e} m²"
        )


def natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """Return a key that puts 2 before 10, and M1 before M10.

    >>> sorted(["10", "2", "M10", "M9", ""], key=natural)
    ['', '2', '10', 'M9', 'M10']
    """
    parts = re.findall(r"[0-9]+|[^0-9]+", name)
    return tuple((0, int(p), p) if p.isascii() and p.isdigit() else (1, 0, p) for p in parts)


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
        Class column of `layer`; values become text, missing ones the empty text. Where the book has a
        column of that name already (``kind``), its class column is called ``class``.

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
    require_askable(zones, layer, by)
    outlines, notes = sound(zones, "zones")
    shapes, more = sound(layer, "layer")
    classes = class_texts(layer[by])
    found = area_table(outlines, shapes)
    id_column = str(zones.index.name or "id")
    by = by if by not in {*TAKEN, id_column} else OTHERWISE
    table = _long_table(zones.index, classes, found, by, id_column)
    totals = _totals(zones.index, outlines, table, id_column)
    return Ledger(table, totals, by, id_column, (*notes, *more), Provenance(versions=versions()))


def require_askable(
    zones: gpd.GeoDataFrame, layer: gpd.GeoDataFrame, by: str, where: str = "ledger"
) -> None:
    """Raise where zones and layer cannot be compared, `by` is no column, or an id occurs twice."""
    require_metric(zones, "zones")
    require_same(zones, layer, ("zones", "layer"))
    if by not in layer.columns:
        raise InputError(
            f"the layer has no column {by!r}",
            where=where,
            fix=f"one of: {', '.join(str(c) for c in layer.columns if c != layer.geometry.name)}",
            code="unknown_column",
        )
    if zones.index.has_duplicates:
        raise InputError(
            "ids of the polygons occur twice",
            where="zones",
            fix="give each its own id; renewal-geo quality repair does it for parcels",
            code="duplicate_id",
        )


def class_texts(values: pd.Series) -> NDArray[np.str_]:
    """Return classes as text, missing ones as the empty text."""
    texts = as_text(values).map(lambda one: "" if one is None else one, na_action=None)
    return np.asarray(texts.fillna("").to_numpy(dtype=str))


def sound(table: gpd.GeoDataFrame, name: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the polygons made valid for measuring, None where there are none, and notes on both."""
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
