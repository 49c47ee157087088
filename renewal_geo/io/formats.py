"""What a file is, told from its first and last bytes before GDAL may open it.

GDAL picks its driver from content as well as from names, so a text that describes a remote or an
indirect source would be followed whatever it is called. Only known kinds of local files pass.
"""

from __future__ import annotations

import re
import sqlite3
import struct
from contextlib import closing
from pathlib import Path

from renewal_geo.foundation.errors import SourceError
from renewal_geo.io import dbase

HEAD_BYTES = 1 << 16
SHP_MAGIC = b"\x00\x00\x27\x0a"
SHP_HEADER_BYTES = 100
SHX_RECORD_BYTES = 8
SQLITE_MAGIC = b"SQLite format 3\x00"
PARQUET_MAGIC = b"PAR1"
FLATGEOBUF_MAGIC = b"fgb"
ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
DRIVERS = frozenset({
    "ESRI Shapefile", "GPKG", "GeoJSON", "GeoJSONSeq", "TopoJSON", "ESRIJSON", "JSONFG",
    "FlatGeobuf", "KML", "LIBKML", "GML", "GPX", "MapInfo File", "DXF", "DGN", "OpenFileGDB",
})  # fmt: skip
XML_ROOTS = {"kml", "featurecollection", "gpx"}
INDIRECT_ROOTS = (
    "ogrvrt", "vrtdataset", "ogrwfs", "ogrcsw", "gdal_wms", "ogroapif", "wfs_capabilities",
    "wms_capabilities",
)  # fmt: skip
JSON_LINES = {".geojsonl", ".geojsons", ".ndjson"}
BY_NAME = {".tab", ".mif", ".dxf", ".dgn", *JSON_LINES}
TABLES = {".csv", ".xlsx", ".xlsm", ".dbf", ".txt", ".tsv"}
OTHER_TABLES = {".xls", ".ods", ".et"}
ARCHIVES = {
    "rar": (b"Rar!\x1a\x07",), "7z": (b"7z\xbc\xaf\x27\x1c",), "gzip": (b"\x1f\x8b",),
    "bzip2": (b"BZh",), "xz": (b"\xfd7zXZ\x00",),
}  # fmt: skip
GDB_SUFFIX = ".gdb"
GDB_CATALOGUE = "a00000001.gdbtable"
SIDE_CARS = {".shx", ".prj", ".cpg", ".sbn", ".sbx", ".qpj", ".qix"}
LAYER_SUFFIXES = (
    ".shp", ".gpkg", ".geojson", ".json", ".topojson", ".parquet", ".geoparquet", ".fgb", ".zip",
    ".kml", ".kmz", ".gml", ".tab", ".mif", ".dxf", ".geojsonl", ".geojsons", ".ndjson", ".gdb",
)  # fmt: skip
NAMES_SUFFIXES = (".names.json", ".names.csv")
PLACED_SUFFIXES = (".csv", ".tsv", ".xlsx")
EXPORT_FIX = "open it in QGIS or ArcGIS and save it as a GeoPackage or Shapefile"
AGAIN_FIX = "copy the file again from its origin"


def kind_of(path: Path) -> str:
    """Return ``shapefile, gpkg, gdb, json, parquet, zip, table`` or ``other`` for local data.

    Raises
    ------
    SourceError
        ``indirect_source`` for texts that point to other sources (VRT, WFS, WMS),
        ``not_spatial`` for what is no layer, ``truncated`` for a file that is too short.
    """
    if path.is_dir():
        _check_gdb(path)
        return "gdb"
    try:
        with path.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
    except OSError as fault:
        raise SourceError(
            f"{path.name} cannot be read: {fault.strerror or fault}",
            where=str(path),
            fix="close the program that holds the file, or ask for the right to read it",
        ) from fault
    suffix = path.suffix.lower()
    text = _text(head)
    _refuse_indirect(path, text)
    _refuse_by_name(path, suffix)
    if suffix in TABLES:
        return "table"
    _refuse_archive(path, head)
    if suffix == ".shp":
        _check_shp(path, head)
        return "shapefile"
    kind = _kind_by_content(head, text, suffix)
    if not kind:
        why = f"is not a spatial file ({_shown(text, head)})" if head else "is empty"
        raise _not_spatial(path, why, EXPORT_FIX if head else AGAIN_FIX)
    if kind == "gpkg":
        _check_sqlite(path, head)
    elif kind == "parquet":
        _check_parquet(path)
    elif kind == "json":
        _check_json(path, text)
    return kind


def _kind_by_content(head: bytes, text: str, suffix: str) -> str:
    kinds = {
        "zip": head.startswith(ZIP_MAGIC),
        "gpkg": head.startswith(SQLITE_MAGIC),
        "parquet": head.startswith(PARQUET_MAGIC),
        "other": head.startswith(FLATGEOBUF_MAGIC)
        or suffix in BY_NAME
        or (text.startswith("<") and _root(text) in XML_ROOTS),
        "json": text.startswith("{"),
    }
    return next((kind for kind, fits in kinds.items() if fits), "")


def _refuse_by_name(path: Path, suffix: str) -> None:
    if suffix in SIDE_CARS or (suffix == ".dbf" and ".shp" in side_cars(path)):
        raise _not_spatial(path, "goes with a Shapefile", "name the .shp file")
    if suffix in OTHER_TABLES:
        raise _not_spatial(
            path, "is an old or foreign workbook", "save it as .xlsx or .csv (UTF-8)"
        )


def _refuse_archive(path: Path, head: bytes) -> None:
    for name, marks in ARCHIVES.items():
        if head.startswith(marks):
            raise _not_spatial(
                path,
                f"is a {name} archive, and only zip is unpacked",
                "unpack it and name the layer",
            )


def _check_gdb(path: Path) -> None:
    """Refuse a folder that is no file geodatabase, or one whose tables are not whole."""
    here = {one.name.lower() for one in path.iterdir()}
    if GDB_CATALOGUE not in here:
        raise SourceError(
            f"{path.name} is a folder, not a layer",
            where=str(path),
            fix="name the file inside it, or a file geodatabase (.gdb)",
            code="is_directory",
        )
    lacking = sorted(
        name
        for name in here
        if name.endswith(".gdbtable") and name.removesuffix("table") + "tablx" not in here
    )
    empty = sorted(one.name for one in path.glob("*.gdbtabl[ex]") if not one.stat().st_size)
    if lacking or empty:
        raise SourceError(
            f"{path.name} is not whole: {(lacking or empty)[0]} "
            f"{'has no .gdbtablx beside it' if lacking else 'is empty'}",
            where=str(path),
            fix="copy the whole .gdb folder again",
            code="truncated",
        )


def keeps_names(path: Path) -> bool:
    """Say whether a file keeps the full field names of the Shapefile beside it."""
    stem = next((path.name.removesuffix(s) for s in NAMES_SUFFIXES if path.name.endswith(s)), "")
    return bool(stem) and path.with_name(f"{stem}.shp").exists()


def side_cars(path: Path) -> dict[str, Path]:
    """Return the files that share the stem of `path`, by suffix in small letters."""
    stem = path.stem.casefold()
    found: dict[str, Path] = {}
    for one in sorted(path.parent.iterdir(), key=lambda p: (p.stem != path.stem, p.name)):
        if one.stem.casefold() == stem and one.is_file():
            found.setdefault(one.suffix.lower(), one)
    return found


def check_shapefile(path: Path) -> list[str]:
    """Check that a Shapefile's parts are there, whole and of one length; return notes.

    Raises
    ------
    SourceError
        ``sidecar_missing`` for a missing .shx or .dbf, ``truncated`` for a part that is too short
        or has fewer rows than its index.
    """
    parts = side_cars(path)
    lacking = [suffix for suffix in (".shx", ".dbf") if suffix not in parts]
    if lacking:
        raise SourceError(
            f"{path.name} has no {' and no '.join(lacking)} beside it",
            where=str(path),
            fix=f"copy the whole set of files: {path.stem}.shp, .shx, .dbf, .prj and .cpg",
            code="sidecar_missing",
        )
    notes: list[str] = []
    for part in (path, parts[".shx"]):
        with part.open("rb") as stream:
            head = stream.read(SHP_HEADER_BYTES)
        promised, size = _check_shp(part, head), part.stat().st_size
        if size > promised:
            notes.append(
                f"{part.name} is {size - promised:,} bytes longer than its header says; the rest "
                "was not read"
            )
    shapes = (
        _check_shp(parts[".shx"], _head(parts[".shx"])) - SHP_HEADER_BYTES
    ) // SHX_RECORD_BYTES
    rows = dbase.head(parts[".dbf"]).rows
    if rows > shapes:
        notes.append(f"{rows - shapes:,} rows of the .dbf have no shape and were left out")
    if rows < shapes:
        raise SourceError(
            f"{path.stem}.dbf has {rows:,} rows but the .shx counts {shapes:,} shapes",
            where=str(path),
            fix="the parts do not belong together: copy the whole set of files again",
            code="truncated",
        )
    return notes


def gpkg_geometry(path: Path, layer: str) -> tuple[str, bool, bool]:
    """Return the declared type of a GeoPackage layer and whether it carries Z and M."""
    query = "SELECT geometry_type_name, z, m FROM gpkg_geometry_columns WHERE table_name = ?"
    try:
        with closing(_looked_into(path)) as base:
            row = base.execute(query, (layer,)).fetchone()
    except (sqlite3.Error, ValueError):
        return "", False, False
    return (str(row[0]).upper(), bool(row[1]), bool(row[2])) if row else ("", False, False)


def _head(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(SHP_HEADER_BYTES)


def _check_shp(path: Path, head: bytes) -> int:
    size = path.stat().st_size
    if not head.startswith(SHP_MAGIC):
        raise _not_spatial(path, f"is not a Shapefile ({_shown(_text(head), head)})", EXPORT_FIX)
    if size < SHP_HEADER_BYTES:
        raise _truncated(path, size, SHP_HEADER_BYTES)
    promised = 2 * int(struct.unpack(">I", head[24:28])[0])
    if size < promised:
        raise _truncated(path, size, promised)
    return promised


def _check_sqlite(path: Path, head: bytes) -> None:
    if len(head) < SHP_HEADER_BYTES:
        raise _truncated(path, len(head), SHP_HEADER_BYTES)  # the head of a database is as long
    page = struct.unpack(">H", head[16:18])[0]
    pages = struct.unpack(">I", head[28:32])[0]
    current = head[24:28] == head[92:96]
    needed = (1 << 16 if page == 1 else page) * pages
    if current and path.stat().st_size < needed:
        raise _truncated(path, path.stat().st_size, needed)
    query = "SELECT count(*) FROM sqlite_master WHERE name = 'gpkg_contents'"
    try:
        with closing(_looked_into(path)) as base:
            found = base.execute(query).fetchone()[0]
    except (sqlite3.Error, ValueError) as fault:
        raise _not_spatial(path, f"is damaged ({fault})", AGAIN_FIX) from fault
    if not found:
        raise _not_spatial(path, "is a database but no GeoPackage", EXPORT_FIX)


def _looked_into(path: Path) -> sqlite3.Connection:
    """Open a database for looking only; no lock or log file appears beside it."""
    waiting = path.with_name(path.name + "-wal").exists()
    mode = "mode=ro" if waiting else "mode=ro&immutable=1"
    return sqlite3.connect(f"{path.resolve().as_uri()}?{mode}", uri=True)


def _check_parquet(path: Path) -> None:
    with path.open("rb") as stream:
        stream.seek(-len(PARQUET_MAGIC), 2)
        if stream.read() != PARQUET_MAGIC:
            raise SourceError(
                f"{path.name} is truncated: it does not end as a Parquet file",
                where=str(path),
                fix=AGAIN_FIX,
                code="truncated",
            )


def _check_json(path: Path, text: str) -> None:
    if re.search(r'"type"\s*:\s*"gdal_streamed_alg"', text):
        raise _indirect(path, "a GDAL pipeline")
    tail = _tail(path)
    if re.search(r'"crs"\s*:\s*\{[^{}]*"type"\s*:\s*"(link|url)"', text + tail, re.IGNORECASE):
        raise SourceError(
            f"{path.name} gives its CRS as a link, and links are not followed",
            where=str(path),
            fix='replace the "crs" member by a name such as "urn:ogc:def:crs:EPSG::4547"',
            code="indirect_source",
        )
    if not tail.rstrip().rstrip("\0\x1a").endswith("}"):
        raise SourceError(
            f"{path.name} is truncated: its JSON does not end",
            where=str(path),
            fix=AGAIN_FIX,
            code="truncated",
        )


def states_crs(path: Path) -> bool:
    """Say whether a GeoJSON file has a ``crs`` member (GDAL takes WGS 84 where it has none)."""
    return bool(re.search(r'"(crs|coordRefSys|spatialReference)"\s*:', _ends(path)))


def stated_crs(path: Path) -> str:
    """Return the name in the ``crs`` member of a GeoJSON file; empty where it has none."""
    found = re.search(
        r'"crs"\s*:\s*\{[^{}]*"properties"\s*:\s*\{[^{}]*"name"\s*:\s*"([^"]*)"', _ends(path)
    )
    return found.group(1) if found else ""


def _ends(path: Path) -> str:
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    return _text(head) + _tail(path)


def _tail(path: Path) -> str:
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - HEAD_BYTES))
        return stream.read().decode("utf-8", "replace")


def _text(head: bytes) -> str:
    if head[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return head.decode("utf-16", "replace").lstrip("\ufeff \t\r\n")
    return head.decode("utf-8", "replace").lstrip("\ufeff \t\r\n\0")


def _root(text: str) -> str:
    bare = re.sub(r"<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*(\[.*?\])?\s*>", "", text, flags=re.DOTALL)
    found = re.match(r"\s*<([A-Za-z_][\w.\-]*:)?([A-Za-z_][\w.\-]*)", bare)
    return found.group(2).lower() if found else ""


def _refuse_indirect(path: Path, text: str) -> None:
    if text.startswith("<"):
        root = _root(text)
        if root.startswith(INDIRECT_ROOTS):
            raise _indirect(path, f"a <{root}> description")
    elif re.match(
        r"(WFS|WMS|WCS|WMTS|PG|MYSQL|OAPIF|CSW|HTTPS?|ELASTIC|ES|MSSQL|ODBC):", text, re.IGNORECASE
    ):
        raise _indirect(path, "a connection")


def _indirect(path: Path, what: str) -> SourceError:
    return SourceError(
        f"{path.name} is {what} of another source, not a layer; it is not followed",
        where=str(path),
        fix="save the layer that it points to as a local GeoPackage or Shapefile",
        code="indirect_source",
    )


def _not_spatial(path: Path, why: str, fix: str) -> SourceError:
    return SourceError(f"{path.name} {why}", where=str(path), fix=fix, code="not_spatial")


def _truncated(path: Path, size: int, needed: int) -> SourceError:
    return SourceError(
        f"{path.name} is truncated: its header promises {needed:,} bytes, the file has {size:,}",
        where=str(path),
        fix=AGAIN_FIX,
        code="truncated",
    )


def _shown(text: str, head: bytes) -> str:
    printable = text[:24].isprintable() and "\ufffd" not in text[:24]
    start = text.splitlines()[0][:24] if printable and text else head[:8].hex(" ")
    return f"it starts with {start!r}"
