"""Tables of a PostGIS database: ``postgis:schema.table``, the address of the database never shown.

The address comes from the environment variable ``RENEWAL_GEO_POSTGIS`` and from nowhere else, so that
it cannot be written into a study by mistake. What the database's library says of a failed connection
may quote it, and is therefore never repeated.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from renewal_geo.foundation.errors import SourceError, some_ids
from renewal_geo.foundation.provenance import Evidence, Source
from renewal_geo.foundation.settings import nearest
from renewal_geo.io import locations

PREFIX = "postgis:"
VARIABLE = "RENEWAL_GEO_POSTGIS"
EXTRA = 'pip install "renewal-geo[postgis]"'
CONNECT_S = 10
BATCH_ROWS = 10_000
ARC_SEGMENTS = 360  # of a quarter circle: a quarter of a degree each, as for files
IN_DATABASE = Evidence("UTF-8", "format", "the database sends texts as UTF-8")
NAME = re.compile(r'\s*(?:"((?:[^"]|"")+)"|([^".]+?))\s*(?:\.|$)')
AS_THEY_ARE = {"bool", "int2", "int4", "int8", "float4", "float8", "text", "varchar", "bpchar"}
TIMES = {"date", "timestamp", "timestamptz"}
SPATIAL = {"geometry", "geography", "raster", "topogeometry"}
REASONS = (
    (
        ("password authentication failed", "no password supplied"),
        "it refuses the user or the password",
    ),
    (("does not exist",), "there is no such database or role"),
    (("could not translate host name", "name or service"), "its host is unknown"),
    (("refused", "timeout", "timed out", "no such file", "unreachable"), "nothing answers there"),
    (("no pg_hba.conf entry",), "it does not admit this machine or user"),
)


@dataclass(frozen=True, slots=True)
class Found:
    """A table with shapes, as the catalogue of the database describes it."""

    schema: str
    table: str
    geometry: str
    srid: int
    kind: str
    home: str
    columns: tuple[tuple[str, str], ...]
    key: tuple[str, ...]


def is_address(path: str | Path) -> bool:
    """Say whether a path names a table of the database.

    >>> is_address("postgis:planning.parcels"), is_address("parcels.shp")
    (True, False)
    """
    return str(path).lower().startswith(PREFIX)


def read_table_of(
    path: str, *, claim: locations.Claim, role: str = ""
) -> tuple[gpd.GeoDataFrame, Source]:
    """Read a table of the database in a read-only transaction, in the order of its key.

    Parameters
    ----------
    path
        ``postgis:table``, ``postgis:schema.table`` or ``postgis:schema.table.column``; names with
        points or capitals in double quotes.
    claim
        What the study says of the CRS.
    role
        Role in the study.

    Returns
    -------
    table : GeoDataFrame
        All rows, indexed by a key of one whole number, else by their place in the order. Without a
        key the order is that of the rows as text.
    source : Source
        `sha256` is that of the rows as read.

    Raises
    ------
    SourceError
        ``postgis_missing, postgis_url, postgis_unreachable, postgis_refused, layer_unknown,
        layer_ambiguous, empty_layer, bad_shape``.
    """
    names = _names(path)
    with _connection() as base:
        found = _find(base, names, path)
        frame, digest, notes = _rows(base, found, path)
        crs = _crs(base, found)
    shown = PREFIX + ".".join(_quoted(one) for one in (found.schema, found.table))
    if not len(frame):
        raise SourceError(
            f"{shown} has no rows", where=shown, fix="name another table", code="empty_layer"
        )
    made = frame if crs is None else frame.set_crs(crs)
    made = locations.located(made, claim, notes)
    notes.append(locations.shift_suspected(made, found.table, claim.given))
    source = Source(
        role=role,
        path=shown,
        layer=found.geometry,
        sha256=digest,
        rows=len(made),
        crs=locations.crs_text(made.crs),
        encoding=IN_DATABASE.encoding,
        notes=tuple(dict.fromkeys(one for one in notes if one)),
        evidence=IN_DATABASE,
    )
    return made, source


def _names(path: str) -> list[str]:
    text = path[len(PREFIX) :].lstrip("/")
    parts: list[str] = []
    at = 0
    while at < len(text):
        found = NAME.match(text, at)
        if not found:
            break
        quoted, plain = found.groups()
        parts.append(quoted.replace('""', '"') if quoted else plain)
        at = found.end()
    if not 1 <= len(parts) <= 3 or at < len(text) or "://" in text or "=" in text:
        raise SourceError(
            "an address of a database table is postgis:schema.table",
            fix=f'write path = "postgis:schema.table", and put the connection into {VARIABLE}',
            code="layer_unknown",
        )
    return parts


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"\w+", name) else '"' + name.replace('"', '""') + '"'


@contextmanager
def _connection() -> Iterator[Any]:
    try:
        import psycopg
    except ImportError:
        raise SourceError(
            "reading PostGIS needs the package psycopg, which is not installed",
            fix=EXTRA,
            code="postgis_missing",
        ) from None
    address = os.environ.get(VARIABLE, "").strip()
    if not address:
        raise SourceError(
            f"the environment variable {VARIABLE} does not say where the database is",
            fix=f"export {VARIABLE}=postgresql://user:password@host/database",
            code="postgis_url",
        )
    try:
        base = psycopg.connect(
            address,
            connect_timeout=CONNECT_S,
            client_encoding="utf8",
            application_name="renewal-geo",
        )
    except (psycopg.Error, ValueError, UnicodeError) as fault:
        raise _unreachable(fault) from None
    try:
        base.read_only = True
        base.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        yield base
        base.rollback()
    except psycopg.Error as fault:
        raise _refused(fault) from None
    finally:
        base.close()


def _unreachable(fault: Exception) -> SourceError:
    """Name the cause in our own words: the library's may quote the address and its password."""
    said = str(fault).lower()
    reason = next((why for words, why in REASONS if any(w in said for w in words)), "")
    return SourceError(
        f"the database of {VARIABLE} cannot be opened" + (f": {reason}" if reason else ""),
        fix=f"check {VARIABLE}, and that the database runs and admits you",
        code="postgis_unreachable",
    )


def _refused(fault: Any) -> SourceError:
    said = " ".join(
        str(getattr(fault.diag, "message_primary", "") or "it closed the connection").split()
    )
    return SourceError(
        f"the database refuses to read: {said[:200]}",
        fix="ask its administrator for the right to SELECT, or check the table",
        code="postgis_refused",
    )


def _find(base: Any, names: list[str], path: str) -> Found:
    from psycopg import sql

    home = base.execute(
        "SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace "
        "WHERE e.extname = 'postgis'"
    ).fetchone()
    if home is None:
        raise SourceError(
            f"the database of {VARIABLE} has no PostGIS",
            fix="CREATE EXTENSION postgis, or name the right database",
            code="postgis_refused",
        )
    query = sql.SQL(
        "SELECT f_table_schema, f_table_name, f_geometry_column, srid, type FROM {0}.geometry_columns "
        "UNION ALL SELECT f_table_schema, f_table_name, f_geography_column, srid, type "
        "FROM {0}.geography_columns ORDER BY 1, 2, 3"
    ).format(sql.Identifier(home[0]))
    listed = base.execute(query).fetchall()
    schema, table, column = _split(names, listed)
    fitting = [
        one
        for one in listed
        if one[1] == table and (not schema or one[0] == schema) and (not column or one[2] == column)
    ]
    if len(fitting) != 1:
        raise _which_table(path, fitting, listed, table)
    schema, table, geometry, srid, kind = fitting[0]
    return Found(
        schema, table, geometry, int(srid or 0), str(kind), str(home[0]),
        _columns(base, schema, table), _key(base, schema, table),
    )  # fmt: skip


def _split(names: list[str], listed: list[tuple[Any, ...]]) -> tuple[str, str, str]:
    if len(names) == 1:
        return "", names[0], ""
    if len(names) == 3:
        return names[0], names[1], names[2]
    whole = any((one[0], one[1]) == tuple(names) for one in listed)
    by_column = any((one[1], one[2]) == tuple(names) for one in listed)
    return ("", names[0], names[1]) if by_column and not whole else (names[0], names[1], "")


def _which_table(
    path: str, fitting: list[tuple[Any, ...]], listed: list[tuple[Any, ...]], table: str
) -> SourceError:
    shown = PREFIX + path[len(PREFIX) :].strip()
    all_of_them = [".".join(map(_quoted, map(str, one[:3]))) for one in (fitting or listed)]
    if fitting:
        return SourceError(
            f"{shown} may be any of {len(fitting)} columns of shapes",
            where=shown,
            fix=f"name one: {some_ids([PREFIX + one for one in all_of_them], 8)}",
            code="layer_ambiguous",
        )
    near = nearest(table, [str(one[1]) for one in listed])
    return SourceError(
        f"the database has no table {shown.removeprefix(PREFIX)} with shapes that you may see{near}",
        where=shown,
        fix=f"there are: {some_ids(all_of_them, 8)}"
        if all_of_them
        else "check the database and the user",
        code="layer_unknown",
    )


def _columns(base: Any, schema: str, table: str) -> tuple[tuple[str, str], ...]:
    rows = base.execute(
        "SELECT a.attname, t.typname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
        "JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_type t ON t.oid = a.atttypid "
        "WHERE n.nspname = %s AND c.relname = %s AND a.attnum > 0 AND NOT a.attisdropped "
        "ORDER BY a.attnum",
        (schema, table),
    ).fetchall()
    return tuple((str(name), str(kind)) for name, kind in rows)


def _key(base: Any, schema: str, table: str) -> tuple[str, ...]:
    rows = base.execute(
        "SELECT a.attname FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid "
        "JOIN pg_namespace n ON n.oid = c.relnamespace "
        "JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k(attnum, place) ON true "
        "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum "
        "WHERE i.indisprimary AND n.nspname = %s AND c.relname = %s ORDER BY k.place",
        (schema, table),
    ).fetchall()
    return tuple(str(one[0]) for one in rows)


def _rows(base: Any, found: Found, path: str) -> tuple[gpd.GeoDataFrame, str, list[str]]:
    kinds = dict(found.columns)
    left_out = [name for name, kind in found.columns
                if name != found.geometry and (kind in SPATIAL or kind == "bytea")]  # fmt: skip
    names = [n for n, _ in found.columns if n != found.geometry and n not in left_out]
    digest = hashlib.sha256("\0".join([*names, found.geometry]).encode())
    rows: list[tuple[Any, ...]] = []
    with base.cursor(name="renewal_geo") as cursor:
        cursor.itersize = BATCH_ROWS
        cursor.execute(_query(found, names, kinds))
        for row in cursor:
            digest.update(repr(row).encode())
            rows.append(row)
    shapes, arcs, flags = ([row[n] for row in rows] for n in (-3, -2, -1))
    table = pd.DataFrame([row[:-3] for row in rows], columns=pd.Index(names, dtype=object))
    for name in names:
        if kinds[name] in TIMES:
            table[name] = pd.to_datetime(table[name], errors="coerce")
    notes = [f"read from the PostGIS database that {VARIABLE} names, {_order(found)}"]
    if left_out:
        notes.append(f"columns left out, for they are no values: {', '.join(left_out)}")
    if any(arcs):
        notes.append(
            f"curves in {sum(map(bool, arcs)):,} shapes made of lines of a quarter degree of arc"
        )
    if any(flags):
        notes.append("Z or M values dropped: areas are measured in the plane")
    return _placed(table, shapes, found, path), digest.hexdigest(), notes


def _placed(table: pd.DataFrame, shapes: list[Any], found: Found, path: str) -> gpd.GeoDataFrame:
    try:
        made = shapely.from_wkb(np.array(shapes, dtype=object))
    except shapely.errors.GEOSException as fault:
        raise SourceError(
            f"{path} holds shapes that are neither points, lines nor areas",
            where=path,
            fix="name a table of plain geometries (no TIN or polyhedral surfaces)",
            code="bad_shape",
        ) from fault
    table = table.rename(columns={"geometry": "geometry_original"})
    frame = gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(made, index=table.index))
    index = pd.RangeIndex(1, len(frame) + 1)
    if len(found.key) == 1 and dict(found.columns)[found.key[0]] in {"int2", "int4", "int8"}:
        index = pd.Index(table[found.key[0]].to_numpy())
    frame.index = index.rename("fid")
    return frame


def _query(found: Found, names: list[str], kinds: dict[str, str]) -> Any:
    """Build the query from quoted identifiers only; nothing of a user's text is pasted in."""
    from psycopg import sql

    def value(name: str) -> Any:
        column = sql.SQL("t.{}").format(sql.Identifier(name))
        if kinds[name] in AS_THEY_ARE | TIMES:
            return column
        kind = "float8" if kinds[name] == "numeric" else "text"
        return sql.SQL("{}::" + kind).format(column)

    def ordered(name: str) -> Any:
        column = sql.SQL("t.{}").format(sql.Identifier(name))
        whole = kinds[name] in {"int2", "int4", "int8", "float4", "float8", "numeric", *TIMES}
        return column if whole else sql.SQL('{}::text COLLATE "C"').format(column)

    shape = sql.SQL("t.{}::{}.geometry").format(
        sql.Identifier(found.geometry), sql.Identifier(found.home)
    )
    home = sql.Identifier(found.home)
    drawn = sql.SQL(
        "{h}.ST_AsBinary({h}.ST_Force2D(CASE WHEN {h}.ST_HasArc({g}) "
        "THEN {h}.ST_CurveToLine({g}, {n}) ELSE {g} END)), {h}.ST_HasArc({g}), {h}.ST_Zmflag({g})"
    ).format(h=home, g=shape, n=sql.Literal(ARC_SEGMENTS))
    by = [ordered(name) for name in found.key] or [sql.SQL('(t.*)::text COLLATE "C"')]
    return sql.SQL("SELECT {} FROM {} AS t ORDER BY {}").format(
        sql.SQL(", ").join([*map(value, names), drawn]),
        sql.Identifier(found.schema, found.table),
        sql.SQL(", ").join(by),
    )


def _order(found: Found) -> str:
    return (
        f"in the order of {', '.join(found.key)}"
        if found.key
        else "in the order of its rows as text"
    )


def _crs(base: Any, found: Found) -> pyproj.CRS | None:
    from psycopg import sql

    if not found.srid:
        return None
    query = sql.SQL("SELECT auth_name, auth_srid, srtext FROM {}.spatial_ref_sys WHERE srid = %s")
    row = base.execute(query.format(sql.Identifier(found.home)), (found.srid,)).fetchone()
    if row is None:
        return None
    name, code, text = row
    try:
        return pyproj.CRS.from_authority(name, code) if name else pyproj.CRS.from_wkt(text)
    except pyproj.exceptions.CRSError:
        return pyproj.CRS.from_wkt(text) if text else None
