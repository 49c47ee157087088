"""The raw figure of a criterion for every parcel: from columns, layers, rasters and ways."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from renewal_geo.foundation.errors import InputError, some_ids
from renewal_geo.foundation.expressions import evaluate
from renewal_geo.potential.criterion import Criterion
from renewal_geo.spatial.rasters import Raster


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """The figures of one criterion.

    Attributes
    ----------
    figures
        n in the parcels' order and index: finite floats or NaN, for ``category`` codes as text or None.
    said
        What was measured, in one phrase: ``mean of slope (deg) of dem.tif``.
    why_missing
        n texts, empty where there is a figure: ``outside the raster``, ``no data there``, ``no value``, …
    notes
        What was decided: CRS, cells, coverage.
    """

    figures: pd.Series
    said: str
    why_missing: pd.Series
    notes: tuple[str, ...] = ()


def measured(
    parcels: pd.DataFrame,
    criterion: Criterion,
    *,
    layers: Mapping[str, gpd.GeoDataFrame],
    rasters: Mapping[str, Raster],
    network: str = "roads",
    max_snap_m: float = 200.0,
) -> Measured:
    """Return the raw figure of a criterion for every parcel."""
    del layers, rasters, network, max_snap_m
    where = f"[potential] criterion {criterion.id}"
    named = criterion.column in parcels.columns
    values = (
        parcels[criterion.column] if named else evaluate(criterion.column, parcels, where=where)
    )
    if pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
        numbers = values.astype(float)
    else:
        numbers = pd.to_numeric(values.astype(object), errors="coerce").astype(float)
        bad = numbers.isna() & values.notna()
        if bad.any():
            raise InputError(
                f"criterion {criterion.id} holds texts that are no numbers",
                where=f"{where}, parcels {some_ids(parcels.index[bad.to_numpy()])}",
                fix="name a numeric column or an expression",
                code="not_a_number",
            )
    known = numbers.where(np.isfinite(numbers))
    why = pd.Series(np.where(known.isna(), "no value", ""), index=parcels.index)
    return Measured(known, criterion.column, why)
