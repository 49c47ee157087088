"""Findings as a table: one row per fault, with its code, place and measure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from renewal_geo.foundation.labels import label
from renewal_geo.foundation.provenance import Provenance, versions

if TYPE_CHECKING:
    from renewal_geo.quality.layer import Layer

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
STEP = {code: n for n, code in enumerate(CODES)}
DERIVED = ("finding_id", "severity", "x", "y")
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
    "area_m2",
    "width_m",
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
        code, severity`` (error | warning | info) ``, measure, unit, limit, area_m2, width_m, message``
        (zh), ``message_en, x, y`` (a point to zoom to), geometry: the place. ``area_m2`` is that of the
        fault itself (overlap, gap, spike, what lies outside), else the parcel's; ``width_m`` its mean width
        (2 A / P), for an unmatched vertex its distance from the edge; both empty without a metric CRS.
    counts
        Number of findings by code.
    skipped
        Tests that were not run, and why.
    rows
        Number of rows that were checked.
    parameters
        Limits that the tests used; a repair keeps to them.
    others
        By finding id the position of the other row in the layer, -1 for none.
    """

    table: gpd.GeoDataFrame
    counts: pd.Series
    skipped: tuple[tuple[str, str], ...]
    rows: int
    provenance: Provenance = field(default_factory=Provenance)
    parameters: Mapping[str, float] = field(default_factory=dict)
    others: pd.Series = field(default_factory=lambda: pd.Series(dtype=np.int64))

    def __str__(self) -> str:
        if not len(self.table):
            text = f"{self.rows:,} rows checked: no faults"
        else:
            listed = ", ".join(f"{code} {count:,}" for code, count in self.counts.items())
            text = f"{self.rows:,} rows checked: {len(self.table):,} findings ({listed})"
        return text + (f"; {len(self.skipped)} tests not run" if self.skipped else "")


class Notebook:
    """Collects findings while the tests run, by position in the layer."""

    def __init__(self, layer: Layer, name: str) -> None:
        self.layer = layer
        self.name = name
        self.parts: list[dict[str, Any]] = []

    def add(
        self,
        code: str,
        rows: Any,
        *,
        others: Any = None,
        measures: Any = np.nan,
        unit: str = "",
        limits: Any = np.nan,
        areas: Any = None,
        widths: Any = None,
        places: Any = None,
        details: Sequence[tuple[str, str]] | tuple[str, str] = ("", ""),
        of: tuple[str, Sequence[str]] | None = None,
    ) -> None:
        """Note one finding per row.

        Parameters
        ----------
        code
            One of :data:`CODES`.
        rows
            Positions in the layer; -1 for the layer as a whole.
        others
            Positions of the other parcels concerned, -1 for none.
        measures, unit, limits
            The figure of each, its unit, and the limit that it breaks.
        areas, widths
            m2 and m; the parcels' own where left out.
        places
            Geometries of the places; the parcels' own representative points where left out.
        details
            What to add to the code's label, zh and en: one pair for all, or one per finding.
        of
            Name and ids of another table, where the findings are of its rows; `rows` are then -1.
        """
        rows = np.atleast_1d(np.asarray(rows, dtype=np.int64))
        n = len(rows)
        if not n:
            return
        others = np.full(n, -1) if others is None else np.asarray(others, dtype=np.int64)
        places = self._own_points(rows) if places is None else places
        pairs = [details] * n if isinstance(details, tuple) else list(details)
        zh, en = label(f"fault.{code}", "zh"), label(f"fault.{code}", "en")
        self.parts.append(
            {
                "row_number": rows,
                "other_number": others,
                "table": np.full(n, of[0] if of else self.name, dtype=object),
                "row_id": np.array(of[1], dtype=object) if of else self._ids(rows),
                "other_id": self._ids(others),
                "code": np.full(n, code, dtype=object),
                "measure": _spread(measures, n),
                "unit": np.full(n, unit, dtype=object),
                "limit": _spread(limits, n),
                "area_m2": self._own(rows, areas, self._areas),
                "width_m": self._own(rows, widths, self._widths),
                "message": np.array([f"{zh}：{a}" if a else zh for a, _ in pairs], dtype=object),
                "message_en": np.array([f"{en}: {b}" if b else en for _, b in pairs], dtype=object),
                "geometry": np.asarray(places, dtype=object),
            }
        )

    def _ids(self, rows: Any) -> Any:
        ids = np.full(len(rows), "", dtype=object)
        ids[rows >= 0] = self.layer.ids[rows[rows >= 0]]
        return ids

    def _own_points(self, rows: Any) -> Any:
        places = np.full(len(rows), None, dtype=object)
        shapes = self.layer.shapes[np.maximum(rows, 0)]
        usable = (rows >= 0) & ~shapely.is_missing(shapes) & ~shapely.is_empty(shapes)
        places[usable] = shapely.point_on_surface(shapes[usable])
        return places

    def _own(self, rows: Any, given: Any, made: Callable[[Any], Any]) -> Any:
        if not self.layer.metric:
            return np.full(len(rows), np.nan)
        if given is not None:
            return _spread(given, len(rows))
        usable = rows >= 0
        usable[usable] = self.layer.areal[rows[usable]]
        values = np.full(len(rows), np.nan)
        values[usable] = made(rows[usable])
        return values

    def _areas(self, rows: Any) -> Any:
        return self.layer.area[rows]

    def _widths(self, rows: Any) -> Any:
        return 2 * self.layer.area[rows] / np.maximum(self.layer.length[rows], 1e-12)

    def findings(
        self,
        skipped: Sequence[tuple[str, str]],
        wanted: set[str],
        parameters: Mapping[str, float],
    ) -> Findings:
        """Return what was noted of the `wanted` codes, in an order that does not depend on that of rows."""
        names = [*(name for name in COLUMNS if name not in DERIVED), "other_number", "geometry"]
        parts = self.parts or [{name: np.empty(0, dtype=object) for name in names}]
        columns = {name: np.concatenate([part[name] for part in parts]) for name in names}
        kept = np.isin(columns["code"].astype(str), list(wanted))
        columns = {name: values[kept] for name, values in columns.items()}
        rows = columns["row_number"].astype(np.int64)
        others = columns["other_number"].astype(np.int64)
        known = np.unique(np.r_[rows, others])
        rank = np.full(len(self.layer.parcels) + 1, -1)  # the last entry answers for -1
        ordered = self.layer.ordered(known[known >= 0])
        rank[ordered] = np.arange(len(ordered))
        places = columns["geometry"]
        x, y = _points(places)
        step = np.array([STEP[code] for code in columns["code"]], dtype=np.int64)
        order = np.lexsort(
            (columns["message"].astype(str), columns["row_id"].astype(str), y, x,
             rank[others], rank[rows], step)
        )  # fmt: skip
        table = pd.DataFrame({name: values[order] for name, values in columns.items()})
        code = table["code"]
        number = code.groupby(code, sort=False).cumcount() + 1
        table["finding_id"] = code.astype(str) + "-" + number.astype(str).str.zfill(4)
        table["severity"] = code.map(SEVERITY)
        table["x"], table["y"] = x[order], y[order]
        table["row_number"] = rows[order]
        for name in ("measure", "limit", "area_m2", "width_m"):
            table[name] = table[name].astype(float)
        shapes = gpd.GeoSeries(places[order], crs=self.layer.parcels.crs)
        result = gpd.GeoDataFrame(table[COLUMNS].copy(), geometry=shapes.to_numpy(), crs=shapes.crs)
        counts = result["code"].value_counts(sort=False)
        return Findings(
            result,
            counts,
            tuple(skipped),
            len(self.layer.parcels),
            Provenance(versions=versions()),
            dict(parameters),
            pd.Series(others[order], index=table["finding_id"].to_numpy()),
        )


def _spread(values: Any, n: int) -> Any:
    return np.broadcast_to(np.asarray(values, dtype=float), n)


def _points(places: Any) -> tuple[Any, Any]:
    """Return a point of every place to zoom to; NaN where there is none."""
    missing = shapely.is_missing(places) | shapely.is_empty(places)
    points = np.full(len(places), None, dtype=object)
    points[~missing] = shapely.point_on_surface(places[~missing])
    return shapely.get_x(points), shapely.get_y(points)
