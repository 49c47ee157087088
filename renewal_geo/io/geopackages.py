"""Writing GeoPackages: layers, Chinese field names, QGIS styles; the same bytes each time."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pyproj
import shapely
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError

from renewal_geo.io import drivers
from renewal_geo.io.cells import Column, columns_of, shapes_of
from renewal_geo.io.files import staged, unwritable_layer
from renewal_geo.io.locations import same_crs
from renewal_geo.io.losses import Loss, Written
from renewal_geo.io.styles import with_aliases

FAULTS = (DataSourceError, DataLayerError, FeatureError, FieldError, GeometryError)
UTC = 100  # GDAL counts zones in quarters of an hour from here

WRITTEN_AT = "2000-01-01T00:00:00.000Z"
TAKEN_NAMES = {"fid", "geom", "geometry", "rowid", "oid", "_rowid_"}
GEOMETRY_COLUMN = "geom"
GPKG_VERSION = "1.2"  # what every QGIS since 3.4 reads without a warning
POINT, LINE, RING, POLYGON, MULTIPOINT, MULTILINE, MULTIPOLYGON = range(7)
PROMOTED = (
    ({POLYGON, MULTIPOLYGON}, "MultiPolygon"),
    ({LINE, RING, MULTILINE}, "MultiLineString"),
    ({POINT}, "Point"),
    ({POINT, MULTIPOINT}, "MultiPoint"),
)
SCHEMA_EXTENSION = "http://www.geopackage.org/spec121/#extension_schema"
TABLES = """
CREATE TABLE IF NOT EXISTS gpkg_extensions (table_name TEXT, column_name TEXT,
  extension_name TEXT NOT NULL, definition TEXT NOT NULL, scope TEXT NOT NULL,
  CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name));
CREATE TABLE gpkg_data_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT,
  title TEXT, description TEXT, mime_type TEXT, constraint_name TEXT,
  CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name),
  CONSTRAINT gdc_tn UNIQUE (table_name, name));
CREATE TABLE gpkg_data_column_constraints (constraint_name TEXT NOT NULL,
  constraint_type TEXT NOT NULL, value TEXT, min NUMERIC, min_is_inclusive BOOLEAN, max NUMERIC,
  max_is_inclusive BOOLEAN, description TEXT,
  CONSTRAINT gdcc_ntv UNIQUE (constraint_name, constraint_type, value));
CREATE TABLE layer_styles (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  f_table_catalog TEXT(256), f_table_schema TEXT(256), f_table_name TEXT(256),
  f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT,
  useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30), update_time DATETIME);
"""


def write_layers(
    path: str | Path,
    layers: Mapping[str, gpd.GeoDataFrame | pd.DataFrame],
    *,
    styles: Mapping[str, str] | None = None,
    aliases: Mapping[str, Mapping[str, str]] | None = None,
) -> dict[str, Written]:
    """Write tables as the layers of one GeoPackage, whole or not at all.

    The same tables give the same bytes: no clock, no order but that of the rows.

    Parameters
    ----------
    path
        The ``.gpkg``; an earlier one is replaced.
    layers
        Layer name -> table, in the order of writing. A named index becomes the first column;
        polygons are written as multipolygons, lines as multilines; a table without geometry
        becomes a table of attributes; missing texts and NaN become null.
    styles
        Layer name -> QML, which QGIS applies by itself.
    aliases
        Layer name -> column -> name that people read. It stands in the GeoPackage's own table of
        columns and, for QGIS of any age, in the style; a layer without style gets one that only
        has names.

    Returns
    -------
    dict
        Layer name -> the names of its columns, which change where they clash with another in all
        but case or are GeoPackage's own (``fid, geom``), and what the format could not hold.

    Raises
    ------
    SourceError
        ``output_unwritable``.
    """
    target = Path(path)
    written: dict[str, Written] = {}
    with staged(target.parent, alone=False) as stage:
        made = stage.path(target.name)
        with drivers.settled(OGR_CURRENT_DATE=WRITTEN_AT), drivers.remarks():
            for name, table in layers.items():
                written[name] = replace(
                    _append(made, name, table), path=target, files=(target.name,)
                )
        titled = _renamed_aliases(aliases or {}, written)
        _dress(made, layers, dict(styles or {}), titled)
    return written


def _append(path: Path, name: str, table: pd.DataFrame) -> Written:
    columns, losses = columns_of(table)
    names = _names([one.name for one in columns])
    shapes: np.ndarray | None = None
    options: dict[str, Any] = {}
    if isinstance(table, gpd.GeoDataFrame):
        shapes, lost = shapes_of(table.geometry)
        losses += lost
        kind, several = _geometry_type(shapes)
        shapes[shapely.is_empty(shapes)] = _emptied(shapes[shapely.is_empty(shapes)], several)
        options = {
            "geometry_type": kind,
            "promote_to_multi": several,
            "crs": None if table.crs is None else table.crs.to_wkt(),
            "layer_options": {"GEOMETRY_NAME": GEOMETRY_COLUMN},
        }
    columns = [_settled(one) for one in columns]
    try:
        pyogrio.raw.write(
            path,
            None if shapes is None else shapely.to_wkb(shapes),
            [one.cells for one in columns],
            [free for _, free in names],
            field_mask=[None if one.kind == "text" else one.missing for one in columns],
            gdal_tz_offsets={
                free: np.full(len(table), UTC)
                for (_, free), one in zip(names, columns, strict=True)
                if one.zone is not None
            },
            layer=name,
            driver="GPKG",
            append=path.exists(),
            dataset_options={"VERSION": GPKG_VERSION},
            **options,
        )
    except FAULTS as fault:
        raise unwritable_layer(path, name, fault) from fault
    losses += [loss for one in columns for loss in one.losses]
    if isinstance(table, gpd.GeoDataFrame) and not _kept_crs(path, name, table):
        losses.append(Loss("crs_changed"))
    return Written(path, name, len(table), dict(names), tuple(losses))


def _settled(one: Column) -> Column:
    """Return a column with times as GeoPackage has them: milliseconds, in UTC where zoned."""
    if one.kind != "time":
        return one
    times = one.cells.astype("datetime64[ms]")
    cut = int(((times != one.cells) & ~one.missing).sum())
    lost = [Loss("time_cut", one.name, cut)] if cut else []
    zoned = int((~one.missing).sum()) if one.zone is not None and str(one.zone) != "UTC" else 0
    if zoned:
        lost.append(Loss("zone_as_utc", one.name, zoned))
    return replace(one, cells=times, losses=(*one.losses, *lost))


def _geometry_type(shapes: np.ndarray) -> tuple[str, bool]:
    """Return the type of a layer and whether single shapes are made multiple ones for it."""
    kinds = set(shapely.get_type_id(shapes).tolist()) - {-1}
    high = shapely.has_z(shapes[(shapely.get_type_id(shapes) >= 0) & ~shapely.is_empty(shapes)])
    if high.any() and not high.all():
        return "Unknown", False
    for known, name in PROMOTED:
        if kinds and kinds <= known:
            return name + (" Z" if high.any() else ""), name != "Point"
    return "Unknown", False


def _emptied(shapes: np.ndarray, several: bool) -> np.ndarray:
    """Return empty shapes as empty multiple ones: GDAL would make them multiples of one empty."""
    if not several:
        return shapes
    kinds = [f"MULTI{one.geom_type.upper().removeprefix('MULTI')} EMPTY" for one in shapes]
    return np.asarray(shapely.from_wkt(kinds), dtype=object)


def _kept_crs(path: Path, layer: str, table: gpd.GeoDataFrame) -> bool:
    said = pyogrio.read_info(path, layer=layer)["crs"]
    if table.crs is None:
        return said is None or "undefined" in said.lower()
    return said is not None and same_crs(pyproj.CRS(said), table.crs)


def _names(wanted: list[str]) -> list[tuple[str, str]]:
    used = set(TAKEN_NAMES)
    names: list[tuple[str, str]] = []
    for name in wanted:
        free = _free(name, used)
        used.add(free.casefold())
        names.append((name, free))
    return names


def _free(name: str, used: set[str]) -> str:
    wanted = name.replace("\0", "") or "column"
    if wanted.casefold() not in used:
        return wanted
    candidate = f"{wanted}_original"
    number = 2
    while candidate.casefold() in used:
        candidate = f"{wanted}_{number}"
        number += 1
    return candidate


def _renamed_aliases(
    aliases: Mapping[str, Mapping[str, str]], written: Mapping[str, Written]
) -> dict[str, dict[str, str]]:
    return {
        layer: {
            written[layer].names[name]: title
            for name, title in names.items()
            if name in written[layer].names
        }
        for layer, names in aliases.items()
        if layer in written
    }


def _dress(
    path: Path,
    layers: Mapping[str, pd.DataFrame],
    styles: Mapping[str, str],
    aliases: Mapping[str, Mapping[str, str]],
) -> None:
    """Add field names and styles, and check that everything arrived on the disk."""
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as base:
            base.execute("BEGIN")
            for statement in TABLES.split(";\n"):
                if statement.strip():
                    base.execute(statement)
            for name in ("gpkg_data_columns", "gpkg_data_column_constraints"):
                base.execute(
                    "INSERT INTO gpkg_extensions VALUES (?, NULL, 'gpkg_schema', ?, 'read-write')",
                    (name, SCHEMA_EXTENSION),
                )
            base.execute(
                "INSERT INTO gpkg_contents (table_name, data_type, identifier, last_change) "
                "VALUES ('layer_styles', 'attributes', 'layer_styles', ?)",
                (WRITTEN_AT,),
            )
            for layer in layers:
                _name_columns(base, layer, aliases.get(layer, {}))
            for layer, table in layers.items():
                _add_style(
                    base, layer, table, with_aliases(styles.get(layer, ""), aliases.get(layer, {}))
                )
            base.execute("COMMIT")
            base.execute("VACUUM")
            sound = base.execute("PRAGMA quick_check").fetchone()[0]
            rows = {name: _count(base, name) for name in layers}
    except sqlite3.Error as fault:
        raise unwritable_layer(path, "layer_styles", fault) from fault
    for name, table in layers.items():
        if sound != "ok" or rows[name] != len(table):
            few = OSError(f"{rows[name]} of {len(table)} rows arrived")
            raise unwritable_layer(path, name, few)


def _add_style(base: sqlite3.Connection, layer: str, table: pd.DataFrame, style: str) -> None:
    if not style:
        return
    column = GEOMETRY_COLUMN if isinstance(table, gpd.GeoDataFrame) else ""
    base.execute(
        "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, "
        "f_geometry_column, styleName, styleQML, styleSLD, useAsDefault, description, owner, "
        "update_time) VALUES ('', '', ?, ?, ?, ?, '', 1, '', '', ?)",
        (layer, column, layer[:30], style, WRITTEN_AT),
    )


def _count(base: sqlite3.Connection, layer: str) -> int:
    # A table's name cannot be a parameter of SQL; its quotes are doubled.
    query = f'SELECT count(*) FROM "{_quoted(layer)}"'  # noqa: S608
    return int(base.execute(query).fetchone()[0])


def _name_columns(base: sqlite3.Connection, layer: str, names: Mapping[str, str]) -> None:
    there = [row[1] for row in base.execute(f'PRAGMA table_info("{_quoted(layer)}")')]
    base.executemany(
        "INSERT INTO gpkg_data_columns (table_name, column_name, title) VALUES (?, ?, ?)",
        [(layer, column, names[column]) for column in there if column in names],
    )


def _quoted(name: str) -> str:
    return name.replace('"', '""')
