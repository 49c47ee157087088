"""Tables of people and of facilities, checked before anybody is counted."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from renewal_geo.foundation import crs as crs_rules
from renewal_geo.foundation.errors import Faults, InputError, SchemaError, some_ids
from renewal_geo.foundation.facility_kinds import kind_code
from renewal_geo.foundation.settings import nearest

Floats = NDArray[np.float64]


def checked_demand(demand: gpd.GeoDataFrame, weight: str, notes: list[str]) -> Floats:
    """Return the people of every row.

    Parameters
    ----------
    demand
        k points or areas in a metric CRS, with unique ids in the index.
    weight
        Column of people; empty: every row counts once.
    notes
        What was decided is added here.

    Raises
    ------
    CRSError
        If the CRS cannot measure.
    SchemaError
        ``empty_layer``, ``duplicate_id``, ``unknown_column``, ``no_numbers``.
    InputError
        ``negative_weight``; all faults at once.
    """
    require_rows(demand, "demand")
    areas = demand.geometry.geom_type.isin(["Polygon", "MultiPolygon"])
    if areas.any():
        notes.append(f"{int(areas.sum()):,} areas of demand stand at a point inside each")
    if not weight:
        return np.ones(len(demand))
    values = _numbers(demand, weight, "demand")
    _require_people(demand, values, weight)
    missing = np.isnan(values)
    if missing.any():
        notes.append(f"{int(missing.sum()):,} rows of demand have no {weight} and count as nobody")
    return np.nan_to_num(values)


def checked_capacity(facilities: gpd.GeoDataFrame, capacity: str) -> Floats:
    """Return the places of every facility, NaN where it names none.

    Raises
    ------
    SchemaError, InputError
        As for :func:`checked_demand`.
    """
    if not capacity or capacity not in facilities.columns:
        return np.full(len(facilities), np.nan)
    values = _numbers(facilities, capacity, "facilities")
    bad = (values < 0) | np.isinf(values)
    if bad.any():
        raise InputError(
            f"{int(bad.sum()):,} facilities have a negative or endless {capacity}",
            where=f"facilities: {some_ids(facilities.index[bad])}",
            fix="correct the figures, or leave them empty where they are not known",
            code="negative_capacity",
        )
    return values


def kinds_of(facilities: gpd.GeoDataFrame, notes: list[str]) -> pd.Series:
    """Return the code of the kind of every facility; those without one are counted and left out.

    Raises
    ------
    SchemaError
        ``unknown_column`` where there is no column ``kind``.
    """
    if "kind" not in facilities.columns:
        raise SchemaError(
            "the facilities have no column kind",
            where="facilities",
            fix='map it, columns = { kind = "类别" }, or say it: [facilities] '
            "kinds = { kindergarten = \"use == 'A33'\" }",
            code="unknown_column",
        )
    texts = facilities["kind"].astype(object).where(facilities["kind"].notna(), "")
    kinds = texts.map(kind_code).astype(object)
    bare = kinds == ""
    if bare.any():
        notes.append(
            f"{int(bare.sum()):,} facilities name no kind and are left out: "
            f"{some_ids(sorted(facilities.index[bare].astype(str)))}"
        )
    return kinds


def require_rows(table: gpd.GeoDataFrame, name: str, *, may_be_empty: bool = False) -> None:
    """Refuse a table without rows, in a CRS that cannot measure, or with ids that are not unique.

    Raises
    ------
    CRSError, SchemaError
        See :func:`checked_demand`.
    """
    if not len(table) and not may_be_empty:
        raise SchemaError(
            f"the layer {name} has no rows",
            where=name,
            fix="check the file, and where = in study.toml",
            code="empty_layer",
        )
    crs_rules.require_metric(table, name) if len(table) else crs_rules.require_metric(
        table.crs, name
    )
    twice = table.index.duplicated(keep=False)
    if twice.any():
        raise SchemaError(
            f"{int(twice.sum()):,} rows of {name} share their id with another",
            where=f"{name}: {some_ids(table.index[twice].unique())}",
            fix=f"give every row of {name} an id of its own",
            code="duplicate_id",
        )


def in_order(table: gpd.GeoDataFrame) -> NDArray[np.int64]:
    """Return the rows in an order that depends on places and ids, not on the order of the table."""
    points = table.geometry.representative_point()
    ids = pd.Index(table.index.astype(str)).argsort(kind="stable")
    rank = np.empty(len(table), dtype=np.int64)
    rank[ids] = np.arange(len(table))
    return np.lexsort((rank, points.y.to_numpy(), points.x.to_numpy()))


def asked_for(demand: gpd.GeoDataFrame, kinds: list[str]) -> Mapping[str, NDArray[np.bool_]]:
    """Return which rows of demand count for each kind: all, or those that ask for it by name."""
    named = np.full(len(demand), "", dtype=object)
    if "facility_kind" in demand.columns:
        texts = demand["facility_kind"]
        named = texts.astype(object).where(texts.notna(), "").map(kind_code).to_numpy(dtype=object)
    return {kind: (named == "") | (named == kind) for kind in kinds}


def _numbers(table: gpd.GeoDataFrame, column: str, name: str) -> Floats:
    if column not in table.columns:
        own = [str(c) for c in table.columns if c != table.geometry.name]
        raise SchemaError(
            f"{name} has no column {column!r}{nearest(column, own)}",
            where=name,
            fix=f"there are: {', '.join(own) or 'none'}"
            + ('; weight = "" counts every row once' if name == "demand" else ""),
            code="unknown_column",
        )
    values = pd.to_numeric(table[column], errors="coerce")
    odd = values.isna() & table[column].notna()
    if odd.any():
        raise SchemaError(
            f"{int(odd.sum()):,} cells of {column} are no numbers: {table[column][odd].iloc[0]!r}",
            where=f"{name}: {some_ids(table.index[odd])}",
            fix="correct them, or leave them empty",
            code="no_numbers",
        )
    return values.to_numpy(dtype=float, na_value=np.nan)


def _require_people(demand: gpd.GeoDataFrame, values: Floats, weight: str) -> None:
    faults = Faults(InputError)
    for bad, word in ((values < 0, "negative"), (np.isinf(values), "endless")):
        if bad.any():
            faults.add(
                f"{int(bad.sum()):,} rows of demand have a {word} {weight}",
                where=f"demand: {some_ids(demand.index[bad])}",
                fix="correct the figures, or leave them empty where they are not known",
                code="negative_weight",
            )
    faults.raise_if_any()
