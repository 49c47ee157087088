"""Faults of the table and of its coordinate system: CRS, encoding, ids, values, recorded areas."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from renewal_geo.foundation.crs import fault_of, metric_choice, name_of, suspect
from renewal_geo.foundation.schema import table as described
from renewal_geo.quality.layer import Layer

AREA_SLACK_M2 = 0.5
_MOJIBAKE = re.compile(r"[\u00c0-\u00ff\u00a1-\u00bf]{2,}|\ufffd|锟斤拷|烫烫")
_CJK = re.compile(r"[\u4e00-\u9fff]")


def note_crs(layer: Layer) -> None:
    """Note a CRS that is missing, or in which nothing can be measured, or that the coordinates belie."""
    crs = layer.parcels.crs
    code = fault_of(crs)
    bounds = layer.parcels.total_bounds
    nowhere = np.array([None], dtype=object)
    if code in {"crs_missing", "crs_geographic", "crs_web_mercator"}:
        better = metric_choice(layer.parcels)
        layer.notes.add(
            code,
            -1,
            places=nowhere,
            details=(
                f"{name_of(crs)}，面积须在投影坐标系（米）中量算，如 {better}",
                f"{name_of(crs)}; areas need a projected CRS in metres, such as {better}",
            ),
        )
    odd = suspect(bounds, crs) if len(layer.parcels) else None
    if odd:
        layer.notes.add("crs_suspect", -1, places=nowhere, details=(odd, odd))


def note_encoding(layer: Layer) -> None:
    """Note columns whose names or values look as if they had been read in the wrong encoding."""
    body = layer.parcels.drop(columns=layer.parcels.geometry.name)
    for at, column in enumerate(body.columns):
        values = body.iloc[:, at]
        if _MOJIBAKE.search(str(column)):
            layer.notes.add(
                "encoding_doubt",
                -1,
                places=np.array([None], dtype=object),
                details=(f"字段名 {column!r}", f"field name {column!r}"),
            )
        if pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
            continue
        numbers, texts = pd.factorize(values.astype(object))
        garbled = np.array([_is_garbled(str(one)) for one in texts] + [False])  # -1 is missing
        rows = np.flatnonzero(garbled[numbers])
        if len(rows):
            first = layer.ordered(rows)[:1]
            example = str(values.iloc[first[0]])[:20]
            layer.notes.add(
                "encoding_doubt",
                first,
                measures=len(rows),
                unit="rows",
                details=(
                    f"{column} 有 {len(rows)} 行像乱码，如 {example!r}",
                    f"{column}: {len(rows)} rows look garbled, such as {example!r}",
                ),
            )


def _is_garbled(text: str) -> bool:
    return bool(_MOJIBAKE.search(text)) and not _CJK.search(text)


def note_ids(layer: Layer) -> None:
    """Note rows without an id, and rows whose id an earlier row has."""
    missing = layer.ids == ""
    layer.notes.add("missing_id", np.flatnonzero(missing))
    repeated = pd.Series(layer.ids).duplicated(keep=False).to_numpy() & ~missing
    ordered = layer.ordered(np.flatnonzero(repeated))
    ids = pd.Series(layer.ids[ordered], index=ordered)
    first = ids.drop_duplicates()
    first_row = pd.Series(first.index, index=first.to_numpy())
    later = ids[ids.duplicated()]
    layer.notes.add(
        "duplicate_id",
        later.index.to_numpy(),
        others=first_row.reindex(later.to_numpy()).to_numpy(),
        details=[(f"编号 {one} 已被占用", f"the id {one} is taken") for one in later],
    )


def note_values(layer: Layer) -> None:
    """Note values outside the range that the schema gives their column."""
    for column in described("parcels").columns.values():
        if column.name not in layer.parcels.columns or column.name == "recorded_area_m2":
            continue
        if column.minimum is None and column.maximum is None:
            continue
        values = pd.to_numeric(layer.parcels[column.name], errors="coerce").to_numpy(dtype=float)
        for limit, bad in (
            (column.minimum, values < (column.minimum if column.minimum is not None else -np.inf)),
            (column.maximum, values > (column.maximum if column.maximum is not None else np.inf)),
        ):
            rows = np.flatnonzero(bad)
            layer.notes.add(
                "suspicious_value",
                rows,
                measures=values[rows],
                limits=limit,
                unit=column.unit,
                details=[
                    (f"{column.title_zh} = {v:g}", f"{column.title} = {v:g}") for v in values[rows]
                ],
            )


def note_recorded_areas(layer: Layer, tolerance: float) -> None:
    """Note parcels whose recorded area differs from the drawn one by more than the tolerance."""
    recorded = pd.to_numeric(layer.parcels["recorded_area_m2"], errors="coerce").to_numpy(
        dtype=float
    )
    drawn = np.where(layer.sound, layer.area, np.nan)
    off = np.abs(recorded - drawn)
    bad = np.flatnonzero((off > tolerance * drawn) & (off > AREA_SLACK_M2))
    share = recorded[bad] / drawn[bad] - 1
    layer.notes.add(
        "area_mismatch",
        bad,
        measures=share,
        unit="1",
        limits=tolerance,
        details=[
            (
                f"登记 {r:,.1f} m²，图形 {d:,.1f} m²（{100 * s:+.1f}%）",
                f"recorded {r:,.1f} m², drawn {d:,.1f} m² ({100 * s:+.1f} %)",
            )
            for r, d, s in zip(recorded[bad], drawn[bad], share, strict=True)
        ],
    )
