"""Writing GeoParquet 1.1: well-known binary, a box per row, row groups that a reader can skip."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from renewal_geo.io.cells import Column, columns_of, shapes_of
from renewal_geo.io.files import staged, unwritable_layer
from renewal_geo.io.losses import Loss, Written

VERSION = "1.1.0"
ROW_GROUP_ROWS = 32_768
SIDES = ("xmin", "ymin", "xmax", "ymax")


def write_parquet(
    path: str | Path,
    table: gpd.GeoDataFrame,
    *,
    hilbert: bool = False,
    row_group_rows: int = ROW_GROUP_ROWS,
) -> Written:
    """Write a table as GeoParquet 1.1, whole or not at all.

    Shapes are well-known binary; a column of boxes (``covering``) lets readers skip the row groups
    outside a bounding box. The same table gives the same bytes.

    Parameters
    ----------
    path
        The ``.parquet``; an earlier one is replaced.
    table
        Rows; a named index becomes the first column. A second geometry column is kept as one.
    hilbert
        Order the rows along a Hilbert curve, so that a row group holds neighbours and reading by
        bounding box touches few of them. The rows then come back in another order.
    row_group_rows
        Most rows of a row group, which is what a reader holds at once.

    Returns
    -------
    Written
        The names of the columns, and what the format could not hold.

    Raises
    ------
    SourceError
        ``output_unwritable``.
    """
    target = Path(path)
    losses: list[Loss] = []
    if hilbert and len(table):
        order = np.argsort(_along_curve(table.geometry), kind="stable")
        if not (np.diff(order) == 1).all():
            losses.append(Loss("rows_reordered", "", len(table)))
            counted = table.index.equals(pd.RangeIndex(len(table)))
            table = table.iloc[order].reset_index(drop=True) if counted else table.iloc[order]
    geometries = _geometries(table, losses)
    columns, lost = columns_of(pd.DataFrame(table).drop(columns=list(geometries)))
    losses += [*lost, *(loss for one in columns for loss in one.losses)]
    schema, body = _schema(table, columns, geometries)
    with staged(target.parent, alone=False) as stage:
        made = stage.path(target.name)
        try:
            with pq.ParquetWriter(made, schema, compression="zstd", version="2.6") as writer:
                for start in range(0, max(1, len(table)), row_group_rows):
                    part = body.slice(start, row_group_rows)
                    shapes = {
                        name: one.to_numpy()[start : start + row_group_rows]
                        for name, one in geometries.items()
                    }
                    arrays = [*part.columns, *(_binary(one) for one in shapes.values())]
                    arrays.append(_boxes(shapes[str(table.geometry.name)]))
                    writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
            rows = pq.read_metadata(made).num_rows
        except (OSError, pa.ArrowException) as fault:
            raise unwritable_layer(made, "", fault) from fault
        if rows != len(table):
            raise unwritable_layer(made, "", OSError(f"{rows} of {len(table)} rows arrived"))
    names = {one.name: one.name for one in columns}
    return Written(target, "", len(table), names, tuple(losses), (target.name,))


def _geometries(table: gpd.GeoDataFrame, losses: list[Loss]) -> dict[str, gpd.GeoSeries]:
    found: dict[str, gpd.GeoSeries] = {}
    for name in table.columns:
        if isinstance(table[name].dtype, gpd.array.GeometryDtype):
            series = gpd.GeoSeries(table[name])
            shapes, lost = shapes_of(series)
            found[str(name)] = gpd.GeoSeries(shapes, crs=series.crs)
            losses += lost
    return found


def _schema(
    table: gpd.GeoDataFrame, columns: list[Column], geometries: dict[str, gpd.GeoSeries]
) -> tuple[pa.Schema, pa.Table]:
    plain = pd.DataFrame({one.name: one.as_series() for one in columns}, index=range(len(table)))
    body = _typed(pa.Table.from_pandas(plain, preserve_index=False))
    cover = "bbox"
    while cover in {*plain.columns, *geometries}:
        cover += "_"
    box = pa.struct([(side, pa.float64()) for side in SIDES])
    fields = [*body.schema, *((name, pa.binary()) for name in geometries), (cover, box)]
    geo = {
        "version": VERSION,
        "primary_column": str(table.geometry.name),
        "columns": {
            name: _described(one, cover if name == table.geometry.name else "")
            for name, one in geometries.items()
        },
    }
    said = {**(body.schema.metadata or {}), b"geo": json.dumps(geo, ensure_ascii=False).encode()}
    return pa.schema(fields, metadata=said), body


def _typed(body: pa.Table) -> pa.Table:
    """Columns without any value are texts: a column of nothing has no reader."""
    for at, one in enumerate(body.schema):
        if pa.types.is_null(one.type):
            body = body.set_column(
                at, one.with_type(pa.string()), body.column(at).cast(pa.string())
            )
    return body


def _described(shapes: gpd.GeoSeries, cover: str) -> dict[str, Any]:
    here = shapes.to_numpy()[shapely.get_type_id(shapes.to_numpy()) >= 0]
    said: dict[str, Any] = {
        "encoding": "WKB",
        "geometry_types": sorted(
            {
                one.geom_type.replace("LinearRing", "LineString") + (" Z" if one.has_z else "")
                for one in _one_of_each(here)
            }
        ),
        "crs": None if shapes.crs is None else shapes.crs.to_json_dict(),
    }
    drawn = here[~shapely.is_empty(here)]
    if len(drawn):
        said["bbox"] = shapely.total_bounds(drawn).tolist()
    if cover:
        said["covering"] = {"bbox": {side: [cover, side] for side in SIDES}}
    return said


def _one_of_each(shapes: np.ndarray) -> np.ndarray:
    """Return one shape of every type and dimension."""
    kinds = shapely.get_type_id(shapes) * 2 + shapely.has_z(shapes)
    return np.asarray(shapes[np.unique(kinds, return_index=True)[1]])


def _binary(shapes: np.ndarray) -> pa.Array:
    return pa.array(shapely.to_wkb(shapes, flavor="iso"), type=pa.binary())


def _boxes(shapes: np.ndarray) -> pa.Array:
    """Return a box per shape; null where there is none or it is empty."""
    bounds = shapely.bounds(shapes)
    nothing = np.isnan(bounds).any(axis=1)
    sides = [pa.array(bounds[:, at], type=pa.float64()) for at in range(len(SIDES))]
    return pa.StructArray.from_arrays(sides, names=list(SIDES), mask=pa.array(nothing))


def _along_curve(shapes: gpd.GeoSeries) -> np.ndarray:
    """Return the place of every shape along the curve; shapes without a place come last."""
    here = np.isfinite(shapely.bounds(shapes.to_numpy())).all(axis=1)
    places = np.full(len(shapes), np.iinfo(np.int64).max, dtype=np.int64)
    if here.any():
        places[here] = gpd.GeoSeries(shapes.to_numpy()[here]).hilbert_distance().to_numpy()
    return places
