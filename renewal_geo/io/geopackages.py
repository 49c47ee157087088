"""Writing GeoPackages: layers, Chinese field names, QGIS styles; the same bytes each time."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError

from renewal_geo.foundation.errors import SourceError
from renewal_geo.io import drivers
from renewal_geo.io.files import staged

WRITTEN_AT = "2000-01-01T00:00:00.000Z"
TAKEN_NAMES = {"fid", "geom", "geometry", "rowid", "oid", "_rowid_"}
GEOMETRY_COLUMN = "geom"
POLYGON, MULTIPOLYGON, LINE, MULTILINE, POINT, MULTIPOINT = 3, 6, 1, 5, 0, 4
PROMOTED = (
    ({POLYGON, MULTIPOLYGON}, "MultiPolygon"),
    ({LINE, MULTILINE}, "MultiLineString"),
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
) -> dict[str, dict[str, str]]:
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
        Layer name -> column -> name that people read.

    Returns
    -------
    dict
        Layer name -> column -> the name under which it was written, for those that had to change
        because they clash with another in all but case, or are GeoPackage's own (``fid, geom``).

    Raises
    ------
    SourceError
        ``output_unwritable``.
    """
    target = Path(path)
    renamed: dict[str, dict[str, str]] = {}
    with staged(target.parent) as stage:
        made = stage.path(target.name)
        with drivers.settled(OGR_CURRENT_DATE=WRITTEN_AT), drivers.remarks():
            for name, table in layers.items():
                ready, changed = _ready(table)
                if changed:
                    renamed[name] = changed
                _append(made, name, ready)
        _dress(made, layers, dict(styles or {}), _renamed_aliases(aliases or {}, renamed))
    return renamed


def _append(path: Path, name: str, table: pd.DataFrame) -> None:
    options: dict[str, Any] = {}
    if isinstance(table, gpd.GeoDataFrame):
        options = {
            "geometry_type": _geometry_type(table),
            "promote_to_multi": True,
            "layer_options": {"GEOMETRY_NAME": GEOMETRY_COLUMN},
        }
        if options["geometry_type"] in {"Unknown", "Point"}:
            options["promote_to_multi"] = False
    try:
        pyogrio.write_dataframe(table, path, layer=name, driver="GPKG", use_arrow=False, **options)
    except (DataSourceError, DataLayerError, FeatureError, FieldError, GeometryError) as fault:
        raise _failed(path, name, fault) from fault


def _failed(path: Path, name: str, fault: Exception) -> SourceError:
    return SourceError(
        f"layer {name} could not be written to {path.name}: {fault}; earlier files are unchanged",
        where=str(path.name),
        fix="make sure that the disk is not full and the folder may be written",
        code="output_unwritable",
    )


def _geometry_type(table: gpd.GeoDataFrame) -> str:
    kinds = set(shapely.get_type_id(table.geometry.to_numpy()).tolist()) - {-1}
    for known, name in PROMOTED:
        if kinds and kinds <= known:
            return name
    return "Unknown"


def _ready(
    table: gpd.GeoDataFrame | pd.DataFrame,
) -> tuple[gpd.GeoDataFrame | pd.DataFrame, dict[str, str]]:
    geometry = table.geometry.name if isinstance(table, gpd.GeoDataFrame) else None
    columns: dict[str, pd.Series] = {}
    changed: dict[str, str] = {}
    used = set(TAKEN_NAMES)
    indexes = [
        (str(name), table.index.get_level_values(level).to_series().reset_index(drop=True))
        for level, name in enumerate(table.index.names)
        if name is not None
    ]
    own = [
        (str(name), table.iloc[:, at].reset_index(drop=True))
        for at, name in enumerate(table.columns)
        if name != geometry
    ]
    for name, values in [*indexes, *own]:
        free = _free(name, used)
        used.add(free.casefold())
        if free != name:
            changed[name] = free
        columns[free] = _cells(values)
    body = pd.DataFrame(columns, index=pd.RangeIndex(len(table)))
    if geometry is None:
        return body, changed
    shapes = gpd.GeoSeries(table.geometry.to_numpy(), crs=table.crs)
    return gpd.GeoDataFrame(body, geometry=shapes, crs=table.crs), changed


def _free(name: str, used: set[str]) -> str:
    wanted = name or "column"
    if wanted.casefold() not in used:
        return wanted
    candidate = f"{wanted}_original"
    number = 2
    while candidate.casefold() in used:
        candidate = f"{wanted}_{number}"
        number += 1
    return candidate


def _cells(values: pd.Series) -> pd.Series:
    """Return cells that GDAL can write: whole numbers, floats, yes/no, days and texts."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(object)
    if values.dtype != object:
        return values if not pd.api.types.is_string_dtype(values) else _texts(values.astype(object))
    kind = pd.api.types.infer_dtype(values, skipna=True)
    if kind == "boolean":
        return values.astype(bool) if values.notna().all() else values.astype("boolean")
    if kind in {"integer", "floating", "mixed-integer-float"}:
        numbers = pd.to_numeric(values.where(values.notna(), None))
        return numbers.astype("Int64") if kind == "integer" else numbers.astype(float)
    if kind in {"date", "datetime", "datetime64"}:
        return pd.to_datetime(values)
    return _texts(values)


def _texts(values: pd.Series) -> pd.Series:
    return values.map(_text, na_action="ignore").astype(object).where(values.notna(), None)


def _text(cell: object) -> str:
    if isinstance(cell, list | dict | tuple):
        cell = json.dumps(cell, ensure_ascii=False, default=str)
    elif isinstance(cell, dt.date):
        cell = cell.isoformat()
    return str(cell).replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def _renamed_aliases(
    aliases: Mapping[str, Mapping[str, str]], renamed: Mapping[str, Mapping[str, str]]
) -> dict[str, dict[str, str]]:
    return {
        layer: {renamed.get(layer, {}).get(name, name): title for name, title in names.items()}
        for layer, names in aliases.items()
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
            for number, layer in enumerate(n for n in layers if n in styles):
                base.execute(
                    "INSERT INTO layer_styles "
                    "VALUES (?, '', '', ?, ?, ?, ?, '', 1, '', '', NULL, ?)",
                    (number + 1, layer, GEOMETRY_COLUMN, layer[:30], styles[layer], WRITTEN_AT),
                )
            base.execute("COMMIT")
            base.execute("VACUUM")
            sound = base.execute("PRAGMA quick_check").fetchone()[0]
            rows = {name: _count(base, name) for name in layers}
    except sqlite3.Error as fault:
        raise _failed(path, "styles", fault) from fault
    for name, table in layers.items():
        if sound != "ok" or rows[name] != len(table):
            raise _failed(path, name, OSError(f"{rows[name]} of {len(table)} rows arrived"))


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
