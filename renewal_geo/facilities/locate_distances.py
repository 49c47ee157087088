"""Straight-line costs between demand and sites: sparse within a limit, dense without."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_array, issparse

from renewal_geo.foundation import crs as crs_rules
from renewal_geo.foundation.errors import GeometryError, InputError, SchemaError, some_ids

Floats = NDArray[np.float64]
NOISE_M = 1e-9  # two points at the radius are within it, whatever the last bit of the root says


def points_of(table: gpd.GeoDataFrame, name: str, *, on_surface: bool) -> Floats:
    """Return x, y of each row: a point itself, else its centroid or a point on its surface.

    Raises
    ------
    GeometryError
        For rows without geometry.
    """
    shapes = table.geometry.to_numpy()
    absent = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    if absent.any():
        raise GeometryError(
            f"{int(absent.sum())} rows of {name} have no geometry",
            where=f"{name}, ids {some_ids(table.index[absent])}",
            fix="draw them, or leave the rows out",
            code="null_geometry",
        )
    flat = shapely.get_type_id(shapes) != 0
    if flat.any():
        shapes = shapes.copy()
        shapes[flat] = (
            shapely.point_on_surface(shapes[flat]) if on_surface else shapely.centroid(shapes[flat])
        )
    return np.asarray(shapely.get_coordinates(shapes), dtype=float)


def straight_lines(
    demand: gpd.GeoDataFrame, sites: gpd.GeoDataFrame, limit_m: float | None
) -> Floats | csr_array:
    """Return distances (m) of n rows of demand to m sites, those within `limit_m` only where it is given.

    Raises
    ------
    CRSError
        For degrees, Web Mercator, or two different CRSs.
    """
    crs_rules.require_metric(demand, "demand")
    crs_rules.require_metric(sites, "sites")
    crs_rules.require_same(demand, sites, ("demand", "sites"))
    here = points_of(demand, "demand", on_surface=False)
    there = points_of(sites, "sites", on_surface=True)
    if limit_m is None:
        from scipy.spatial.distance import cdist

        return np.asarray(cdist(here, there))
    from scipy.spatial import cKDTree

    shape = (len(here), len(there))
    if not all(shape):
        return csr_array(shape)
    near = cKDTree(here).sparse_distance_matrix(
        cKDTree(there), limit_m * (1 + 1e-12) + NOISE_M, output_type="coo_matrix"
    )
    return csr_array((near.data, (near.row, near.col)), shape=shape)


def given_costs(costs: Any, shape: tuple[int, int], limit: float | None) -> Floats | csr_array:
    """Check a cost matrix (n x m) and leave out what is beyond `limit`.

    Raises
    ------
    SchemaError, InputError
        For another shape, negative or NaN costs.
    """
    sparse = issparse(costs)
    matrix: Any = csr_array(costs, dtype=float, copy=True) if sparse else _dense(costs)
    if matrix.shape != shape:
        raise SchemaError(
            f"costs have the shape {matrix.shape[0]} x {matrix.shape[1] if matrix.ndim > 1 else 1}, but there are "
            f"{shape[0]} rows of demand and {shape[1]} sites",
            where="costs",
            fix="give a row per row of demand and a column per site, in their order",
            code="cost_shape",
        )
    if sparse:
        matrix.sort_indices()
        if not matrix.has_canonical_format:
            raise InputError(
                "costs name a pair of demand and site twice", where="costs", fix="give each pair once",
                code="duplicate_cost",
            )  # fmt: skip
    values = matrix.data if sparse else matrix
    bad = np.isnan(values) | (values < 0)
    if bad.any():
        rows = (
            np.repeat(np.arange(shape[0]), np.diff(matrix.indptr))[bad]
            if sparse
            else np.nonzero(bad)[0]
        )
        raise InputError(
            f"{int(bad.sum())} costs are negative or no numbers",
            where=f"costs, rows {some_ids(np.unique(rows))}",
            fix="give costs of 0 or more; inf, or no entry in a sparse matrix, for what is out of reach",
            code="bad_cost",
        )
    keep = np.isfinite(values)
    if limit is not None:
        keep &= values <= limit * (1 + 1e-12) + NOISE_M
    if not sparse:
        return np.where(keep, matrix, np.inf)
    return _kept(matrix, keep)


def nearest_chosen(costs: Floats | csr_array, chosen: Any) -> tuple[Any, Floats]:
    """Return the chosen site nearest to each row (-1: none reaches it; ties: the lowest) and its cost."""
    n, m = costs.shape
    if isinstance(costs, np.ndarray):
        if not len(chosen):
            return np.full(n, -1), np.full(n, np.nan)
        part = costs[:, chosen]
        best = part.argmin(axis=1)
        cost = part[np.arange(n), best]
        found = np.isfinite(cost)
        return np.where(found, np.asarray(chosen)[best], -1), np.where(found, cost, np.nan)
    mark = np.zeros(m, dtype=bool)
    mark[chosen] = True
    entry = np.flatnonzero(mark[costs.indices])
    rows = np.repeat(np.arange(n), np.diff(costs.indptr))[entry]
    order = entry[np.lexsort((costs.indices[entry], costs.data[entry], rows))]
    rows = np.repeat(np.arange(n), np.diff(costs.indptr))[order]
    first = np.flatnonzero(np.diff(rows, prepend=-1) != 0)
    served, cost = np.full(n, -1, dtype=np.int64), np.full(n, np.nan)
    served[rows[first]] = costs.indices[order[first]]
    cost[rows[first]] = costs.data[order[first]]
    return served, cost


def costs_at(costs: Floats | csr_array, row: Any, site: Any) -> Floats:
    """Return the costs of pairs of row and site that are stored."""
    if not len(row):
        return np.empty(0)
    if isinstance(costs, np.ndarray):
        return np.asarray(costs[row, site], dtype=float)
    return np.asarray(costs.tocsr()[row, site], dtype=float).ravel()


def _kept(matrix: csr_array, keep: Any) -> csr_array:
    indptr = np.concatenate([[0], np.cumsum(keep)])[matrix.indptr]
    return csr_array((matrix.data[keep], matrix.indices[keep], indptr), shape=matrix.shape)


def _dense(costs: Any) -> Floats:
    values = costs.to_numpy() if isinstance(costs, pd.DataFrame) else np.asarray(costs)
    try:
        return np.asarray(values, dtype=float)
    except (TypeError, ValueError) as fault:
        raise InputError(
            "costs hold values that are no numbers", where="costs", fix="give a matrix of numbers",
            code="bad_cost",
        ) from fault  # fmt: skip
