"""Findings as a table: one row per fault, with its code, place and measure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from renewal_geo.foundation.labels import label
from renewal_geo.foundation.provenance import Provenance, versions

SEVERITY = {
    "crs_missing": "error",
    "crs_geographic": "error",
    "crs_web_mercator": "error",
    "crs_suspect": "warning",
    "encoding_doubt": "warning",
    "missing_id": "error",
    "duplicate_id": "error",
    "null_geometry": "error",
    "wrong_type": "error",
    "invalid": "error",
    "self_touch": "error",
    "duplicate_geometry": "error",
    "overlap": "error",
    "gap": "warning",
    "sliver": "warning",
    "spike": "warning",
    "multipart": "info",
    "unmatched_vertex": "info",
    "area_mismatch": "warning",
    "outside_district": "warning",
    "outside_unit": "warning",
    "crossed_by_barrier": "warning",
    "suspicious_value": "warning",
}
CODES = tuple(SEVERITY)
COLUMNS = [
    "finding_id",
    "table",
    "row_id",
    "row_number",
    "other_id",
    "code",
    "severity",
    "measure",
    "unit",
    "limit",
    "message",
    "message_en",
    "x",
    "y",
]


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """All faults of one layer.

    Attributes
    ----------
    table
        GeoDataFrame: ``finding_id`` (code and number, stable for the same layer), ``table, row_id``
        (parcel id), ``row_number`` (position in the layer, -1 for the layer as a whole), ``other_id,
        code, severity`` (error | warning | info) ``, measure, unit, limit, message`` (zh), ``message_en,
        x, y``, geometry: the place.
    counts
        Number of findings by code.
    skipped
        Tests that were not run, and why.
    rows
        Number of rows that were checked.
    """

    table: gpd.GeoDataFrame
    counts: pd.Series
    skipped: tuple[tuple[str, str], ...]
    rows: int
    provenance: Provenance = field(default_factory=Provenance)

    def __str__(self) -> str:
        if not len(self.table):
            text = f"{self.rows:,} rows checked: no faults"
        else:
            listed = ", ".join(f"{code} {count:,}" for code, count in self.counts.items())
            text = f"{self.rows:,} rows checked: {len(self.table):,} findings ({listed})"
        return text + (f"; {len(self.skipped)} tests not run" if self.skipped else "")


class Notebook:
    """Collects findings while the tests run, by position in the layer."""

    def __init__(self, parcels: gpd.GeoDataFrame, name: str, order: np.ndarray) -> None:
        self.parcels = parcels
        self.name = name
        self.rank = np.empty(len(parcels), dtype=np.int64)
        self.rank[order] = np.arange(len(parcels))
        self.ids = parcels.index.to_numpy().astype(str)
        self.parts: list[pd.DataFrame] = []

    def add(
        self,
        code: str,
        rows: Any,
        *,
        others: Any = None,
        measures: Any = np.nan,
        unit: str = "",
        limits: Any = np.nan,
        places: Any = None,
        details: Sequence[tuple[str, str]] | tuple[str, str] = ("", ""),
    ) -> None:
        """Note findings of one code.

        Parameters
        ----------
        code
            One of CODES.
        rows, others
            Positions in the layer; -1 for none.
        measures, unit, limits
            The figure of each, its unit, and the limit that it breaks.
        places
            Geometries of the places; the parcels' own representative points where left out.
        details
            What to add to the code's label, zh and en: one pair for all, or one per finding.
        """
        rows = np.atleast_1d(np.asarray(rows, dtype=np.int64))
        n = len(rows)
        if not n:
            return
        others = np.full(n, -1) if others is None else np.asarray(others, dtype=np.int64)
        if places is None:
            shapes = self.parcels.geometry.to_numpy()[np.maximum(rows, 0)]
            shapes = np.where(rows >= 0, shapes, None)
            usable = ~shapely.is_missing(shapes) & ~shapely.is_empty(shapes)
            places = np.full(n, None, dtype=object)
            places[usable] = shapely.point_on_surface(shapes[usable])
        pairs = [details] * n if isinstance(details, tuple) else list(details)
        zh, en = label(f"fault.{code}", "zh"), label(f"fault.{code}", "en")
        self.parts.append(
            pd.DataFrame(
                {
                    "row_number": rows,
                    "row_id": np.where(rows >= 0, self.ids[np.maximum(rows, 0)], ""),
                    "other_id": np.where(others >= 0, self.ids[np.maximum(others, 0)], ""),
                    "code": code,
                    "severity": SEVERITY[code],
                    "measure": np.broadcast_to(np.asarray(measures, dtype=float), n),
                    "unit": unit,
                    "limit": np.broadcast_to(np.asarray(limits, dtype=float), n),
                    "message": [f"{zh}：{a}" if a else zh for a, _ in pairs],
                    "message_en": [f"{en}: {b}" if b else en for _, b in pairs],
                    "geometry": np.asarray(places, dtype=object),
                    "rank": np.where(rows >= 0, self.rank[np.maximum(rows, 0)], -1),
                    "other_rank": np.where(others >= 0, self.rank[np.maximum(others, 0)], -1),
                }
            )
        )

    def findings(self, skipped: Sequence[tuple[str, str]]) -> Findings:
        """Return everything noted, in an order that does not depend on the order of rows."""
        crs = self.parcels.crs
        if self.parts:
            table = pd.concat(self.parts, ignore_index=True)
            table["step"] = table["code"].map({code: n for n, code in enumerate(CODES)})
            table = table.sort_values(
                ["step", "rank", "other_rank", "message"], ignore_index=True, kind="stable"
            )
        else:
            table = pd.DataFrame(columns=[*COLUMNS, "geometry", "step"])
        number = table.groupby("code").cumcount() + 1
        table["finding_id"] = table["code"].astype(str) + "-" + number.astype(str).str.zfill(4)
        table["table"] = self.name
        shapes = (
            gpd.GeoSeries(list(table["geometry"]), crs=crs)
            if len(table)
            else gpd.GeoSeries([], crs=crs)
        )
        points = shapes.representative_point() if len(table) else shapes
        table["x"], table["y"] = (
            (points.x.to_numpy(), points.y.to_numpy()) if len(table) else (np.empty(0), np.empty(0))
        )
        result = gpd.GeoDataFrame(table[COLUMNS].copy(), geometry=shapes.to_numpy(), crs=crs)
        counts = result["code"].value_counts(sort=False)
        return Findings(
            result, counts, tuple(skipped), len(self.parcels), Provenance(versions=versions())
        )
