"""The raw figure of a criterion for every parcel: from columns, layers, rasters and ways."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd

from renewal_geo.foundation.errors import InputError
from renewal_geo.foundation.settings import nearest
from renewal_geo.potential.criterion import Criterion
from renewal_geo.potential.figures import codes_of, numbers_of
from renewal_geo.potential.layer_measures import covered_share, density
from renewal_geo.potential.layer_rows import measurable, place_of
from renewal_geo.potential.measure import NO_VALUE, Measured, as_measured
from renewal_geo.potential.way_measures import distance
from renewal_geo.spatial.networks import Network
from renewal_geo.spatial.rasters import Raster

__all__ = ["Measured", "measured"]


def measured(
    parcels: pd.DataFrame,
    criterion: Criterion,
    *,
    layers: Mapping[str, gpd.GeoDataFrame],
    rasters: Mapping[str, Raster],
    network: str | Network = "roads",
    max_snap_m: float = 200.0,
) -> Measured:
    """Return the raw figure of a criterion for every parcel.

    Parameters
    ----------
    parcels
        n parcels; a column needs no geometry, all other sources a projected CRS in metres.
    criterion
        Checked; its ``source`` says what is measured (see docs/potential_sources.md).
    layers, rasters
        By role. A layer in another CRS than the parcels is reprojected, and said so.
    network
        Role of the street centre-lines for ``by = "network"``, or the network made of them once by
        :func:`renewal_geo.potential.way_measures.streets_of` for several criteria.
    max_snap_m
        Places farther from every street have no way along them.

    Returns
    -------
    Measured
        Figures by position: ids that occur twice do no harm.

    Raises
    ------
    InputError
        ``layer_missing, not_a_number, no_numbers, no_features``, and those of its kind: ExpressionError
        for a column or `where` that cannot be evaluated, CRSError where metres cannot be measured,
        GeometryError ``no_shapes, not_areas, mixed_types, not_lines``.

    Examples
    --------
    >>> rows = pd.DataFrame({"built_year": [1990, None]}, index=["a", "b"])
    >>> found = measured(rows, Criterion("age", column="2020 - built_year"), layers={}, rasters={})
    >>> found.figures.tolist(), found.why_missing.tolist()
    ([30.0, nan], ['', 'no value'])
    """
    if criterion.source == "column":
        return _of_column(parcels, criterion)
    if criterion.source == "raster":
        return _of_raster(parcels, criterion, rasters)
    land = measurable(parcels, criterion)
    if criterion.source == "share":
        return covered_share(land, criterion, layers)
    if criterion.source == "density":
        return density(land, criterion, layers)
    return distance(land, criterion, layers, network=network, max_snap_m=max_snap_m)


def _of_column(parcels: pd.DataFrame, criterion: Criterion) -> Measured:
    """Return a column or an expression: numbers, or codes for ``category``."""
    where = place_of(criterion)
    if criterion.transform == "category":
        codes = codes_of(criterion.column, parcels, where)
        why = np.array([NO_VALUE if code is None else "" for code in codes], dtype=object)
        return Measured(
            pd.Series(codes, index=parcels.index, dtype=object),
            criterion.column,
            pd.Series(why, index=parcels.index, dtype=object),
        )
    numbers = numbers_of(criterion.column, parcels, where, f"criterion {criterion.id}")
    why = np.where(np.isfinite(numbers), "", NO_VALUE).astype(object)
    return as_measured(parcels.index, numbers, why, criterion.column)


def _of_raster(
    parcels: pd.DataFrame, criterion: Criterion, rasters: Mapping[str, Raster]
) -> Measured:
    if criterion.layer not in rasters:
        role = criterion.layer
        raise InputError(
            f"there is no raster with the role {role!r}{nearest(role, list(rasters))}",
            where=place_of(criterion),
            fix=f'add [layers.{role}] with path = "….tif" to study.toml (in Python: rasters={{"{role}": raster}})',
            code="layer_missing",
        )
    from renewal_geo.potential.raster_measures import raster_figures

    return raster_figures(parcels, criterion, rasters[criterion.layer])
