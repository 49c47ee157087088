"""One layer from one local file, with everything that was decided while reading."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyogrio
import pyproj
import shapely

from renewal_geo.foundation.errors import RenewalError, SourceError, some_ids
from renewal_geo.foundation.provenance import Source, sha256_of
from renewal_geo.io import archives, curves, drivers, encodings, formats, locations, paths, postgis
from renewal_geo.io.coordinate_tables import Asked, placed
from renewal_geo.io.drivers import UNREADABLE
from renewal_geo.io.full_names import full_names
from renewal_geo.io.geodatabases import domain_notes
from renewal_geo.io.sources import Opened, members_of, opened_source, which_layer
from renewal_geo.io.tables import read_table

FID = "fid"
RFC = "WGS 84 by RFC 7946"
BY_RFC = f"GeoJSON without a crs member: {RFC}"


def read_layer(
    path: str | Path,
    *,
    layer: str = "",
    encoding: str = encodings.AUTO,
    crs: str = "",
    crs_force: bool = False,
    role: str = "",
    folder: Path | None = None,
    strict: bool = True,
    x: str = "",
    y: str = "",
    wkt: str = "",
) -> tuple[gpd.GeoDataFrame, Source]:
    """Read one vector layer and say what was decided on the way.

    Parameters
    ----------
    path
        Local file: Shapefile, GeoPackage, file geodatabase (``.gdb``), GeoJSON, TopoJSON,
        GeoParquet, a table with coordinates (csv, xlsx, dbf), one of these in a zip, or another
        local vector file that GDAL reads; ``postgis:schema.table`` for a table of the database that
        the environment names. Nothing is ever fetched from elsewhere.
    layer
        Name of the layer, for files and zips with several; ``file.gpkg|layername=name`` says the same.
    encoding
        Encoding of a Shapefile's texts; ``auto`` looks for evidence.
    crs
        CRS of a file that names none. One that contradicts the file's own is an error. ``GCJ-02``
        and ``BD-09`` say that degrees are those of a Chinese web map; they are brought back to
        WGS 84.
    crs_force
        Take `crs` even against the file's own; the notes say so.
    role
        Role in the study, for the source record.
    folder
        Folder of the study: `path` is relative to it, and is recorded so.
    strict
        Refuse a GeoJSON that must be WGS 84 but has no degrees; else a note says so.
    x, y, wkt
        Columns of a table that hold its coordinates, or its shapes as texts; empty to guess them
        from their names.

    Returns
    -------
    table : GeoDataFrame
        All features, in the order of the file, indexed by the driver's feature id (``fid``); own
        columns and ``geometry``, planar (Z and M dropped, curves made of short lines), in the
        CRS of the file; the CRS is None where neither file nor caller names one.
    source : Source
        Path, hash of the file and its side-cars, rows, CRS, encoding, notes.

    Raises
    ------
    SourceError
        ``file_missing, is_directory, network_path, indirect_source, not_spatial, truncated,
        sidecar_missing, empty_layer, layer_ambiguous, layer_unknown, wrong_encoding,
        encoding_unknown, unsafe_zip, unknown_column, bad_shape, no_coordinates, names_unreadable,
        column_twice``; of a database ``postgis_missing, postgis_url, postgis_unreachable,
        layer_unknown``.
    CRSError
        ``crs_contradiction, crs_unknown`` or ``crs_suspect``.
    """
    path, layer = paths.with_layer(path, layer)
    if postgis.is_address(path):
        return postgis.read_table_of(
            str(path), claim=_claim(crs, crs_force, strict, str(path)), role=role
        )
    found = paths.local_file(path, folder)
    shown = paths.relative(found, folder)
    with ExitStack() as stack:
        stack.enter_context(drivers.settled())
        opened = stack.enter_context(opened_source(found, layer, encoding))
        name = chosen_layer(opened, layer, found)
        frame, assumption = _features(opened, name, Asked(x, y, wkt), encoding)
        notes = opened.notes
        frame = _flat(_named_geometry(frame), opened, name, notes)
        if not len(frame):
            raise empty_layer(found.name, _place(shown, name))
        frame, restored = named_in_full(frame, opened)
        _refuse_doubles(frame, _place(shown, name))
        claim = _claim(crs, crs_force, strict, _place(shown, name), assumption)
        frame = locations.located(frame, claim, notes)
        notes.append(locations.shift_suspected(frame, f"{found.name} {name}".strip(), crs))
        digest = sha256_of(opened.hashed)
    frame = _plain_cells(frame)
    source = Source(
        role=role,
        path=shown,
        layer=name,
        sha256=digest,
        rows=len(frame),
        crs=locations.crs_text(frame.crs),
        encoding=opened.evidence.encoding,
        notes=tuple(dict.fromkeys(note for note in notes if note)),
        evidence=opened.evidence,
        restored=restored,
    )
    return frame, source


def _claim(
    given: str, force: bool, strict: bool, where: str, assumption: str = ""
) -> locations.Claim:
    return locations.Claim(given, force, assumption, strict, where)


def layers_in(path: str | Path) -> list[tuple[str, str]]:
    """Return name and geometry type of every layer with shapes in a local file or zip."""
    found = paths.local_file(path)
    kind = formats.kind_of(found)
    if kind == "json":
        with drivers.settled(), opened_source(found, "", encodings.AUTO) as opened:
            return _layers(opened.path, kind)
    if kind != "zip":
        with drivers.settled():
            return _layers(found, kind)
    with archives.unpacked(found) as folder:
        listed = [_layers(one, formats.kind_of(one)) for one in members_of(folder)]
    return [pair for pairs in listed for pair in pairs]


def _layers(path: Path, kind: str) -> list[tuple[str, str]]:
    if kind == "parquet":
        return [(path.stem, "Unknown")]
    if kind == "table":
        table, _ = read_table(path)
        return [
            (path.stem, str(placed(table, Asked(), path.name, str(path)).frame.geom_type.iloc[0]))
        ]
    try:
        with drivers.remarks():
            listed = pyogrio.list_layers(path)
    except UNREADABLE as fault:
        raise unreadable(path, fault) from fault
    return [(str(name), str(shape)) for name, shape in listed if shape is not None]


def chosen_layer(opened: Opened, layer: str, origin: Path) -> str:
    """Return the layer that is meant; empty for formats that hold one.

    Raises
    ------
    SourceError
        ``layer_ambiguous, layer_unknown, not_spatial``.
    """
    if opened.kind in {"shapefile", "parquet", "table"}:
        stem = _stem(opened, origin)
        if layer and opened.hashed != [origin] and layer not in {stem, origin.stem, origin.name}:
            raise which_layer(origin.name, layer, [stem], str(origin))
        return ""
    names = [name for name, _ in _layers(opened.path, opened.kind)]
    if not names:
        raise SourceError(
            f"{origin.name} has no layer with shapes",
            where=str(origin),
            fix="name a file that has; a table without shapes can be joined to a layer",
            code="not_spatial",
        )
    if layer in names:
        return layer
    if len(names) == 1 and (
        not layer or layer in {origin.stem, opened.path.stem, opened.path.name}
    ):
        return names[0]
    raise which_layer(origin.name, layer, names, str(origin))


def _stem(opened: Opened, origin: Path) -> str:
    return opened.path.stem if opened.hashed == [origin] else origin.stem


def _features(
    opened: Opened, name: str, asked: Asked, encoding: str
) -> tuple[gpd.GeoDataFrame, str]:
    """Return the rows of a layer, and why its CRS is taken for WGS 84 where the file is silent."""
    if opened.kind == "parquet":
        return _read_parquet(opened), ""
    if opened.kind == "table":
        table, source = read_table(opened.path, encoding=encoding)
        opened.evidence = source.evidence or opened.evidence
        made = placed(table, asked, opened.path.name, str(opened.path))
        opened.notes += [*source.notes, *made.notes]
        return made.frame, made.assumption
    frame = _read(opened, name)
    return frame, assumption_of(opened, known=frame.crs is not None)


def assumption_of(opened: Opened, *, known: bool) -> str:
    """Return why a GeoJSON is taken to be in WGS 84 where it does not say so itself, else nothing."""
    in_lines = opened.path.suffix.lower() in formats.JSON_LINES
    if not known or (opened.kind != "json" and not in_lines):
        return ""
    if in_lines or not formats.states_crs(opened.path):
        return BY_RFC
    named = formats.stated_crs(opened.path)
    return (
        ""
        if not named or _is_known(named)
        else f"GeoJSON whose crs member {named!r} is unknown: {RFC}"
    )


def _is_known(name: str) -> bool:
    try:
        pyproj.CRS.from_user_input(name)
    except pyproj.exceptions.CRSError:
        return False
    return True


def _read(opened: Opened, name: str) -> gpd.GeoDataFrame:
    path = opened.path
    try:
        with drivers.remarks() as said:
            codec = encodings.gdal_name(opened.codec) if opened.codec else None
            info = pyogrio.read_info(path, layer=name or None, encoding=codec)
            refuse_driver(path, str(info["driver"]), opened.kind)
            frame = pyogrio.read_dataframe(
                path,
                layer=name or None,
                encoding=codec,
                fid_as_index=True,
                use_arrow=False,
                on_invalid="warn",
            )
    except UnicodeDecodeError as fault:
        raise SourceError(
            f"{path.name}: a text is not in {opened.evidence.encoding} ({fault.object[:24]!r})",
            where=str(path),
            fix="write encoding = with the right name for this layer in study.toml",
            code="wrong_encoding",
        ) from fault
    except RenewalError:
        raise
    except UNREADABLE as fault:
        raise unreadable(path, fault) from fault
    opened.notes += [one for one in said if not one.startswith("Measured (M)")]
    if opened.kind == "gdb":
        opened.notes += domain_notes(path, name)
    if not isinstance(frame, gpd.GeoDataFrame):
        raise SourceError(
            f"{path.name} has no shapes",
            where=str(path),
            fix="name a layer that has; a table can be joined to a layer",
            code="not_spatial",
        )
    return frame


def refuse_driver(path: Path, driver: str, kind: str) -> None:
    """Refuse a file that GDAL would read with a driver that may follow it elsewhere."""
    if driver in formats.DRIVERS and (driver == "OpenFileGDB") == (kind == "gdb"):
        return
    raise SourceError(
        f"{path.name} is read by GDAL's {driver} driver, which is not allowed",
        where=str(path),
        fix=formats.EXPORT_FIX,
        code="indirect_source",
    )


def _read_parquet(opened: Opened) -> gpd.GeoDataFrame:
    path = opened.path
    try:
        with drivers.remarks() as said:
            frame = gpd.read_parquet(path)
    except (*UNREADABLE, AttributeError, TypeError, pa.ArrowException) as fault:
        raise unreadable(path, fault) from fault
    opened.notes += said
    named = [one for one in frame.index.names if one is not None and one not in frame.columns]
    frame = frame.reset_index(drop=not named)
    frame.index.name = FID
    return frame


def unreadable(path: Path, fault: Exception) -> SourceError:
    """Return the error for a file that a library cannot read, with its reason in one sentence."""
    if "geo metadata" in str(fault):
        return SourceError(
            f"{path.name} is a table without shapes",
            where=str(path),
            fix="name a GeoParquet file, or join the table to a layer as CSV",
            code="not_spatial",
        )
    reason = " ".join(str(fault).replace(str(path), path.name).split()).split("; It might help")[0]
    return SourceError(
        f"{path.name} cannot be read as a layer: {reason[:300]}",
        where=str(path),
        fix=formats.EXPORT_FIX,
        code="not_spatial",
    )


def _named_geometry(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    active = frame.geometry.name
    others = [c for c in frame.columns if c != active and isinstance(frame[c], gpd.GeoSeries)]
    frame = frame.drop(columns=others)
    if active == "geometry":
        return frame
    if "geometry" in frame.columns:
        frame = frame.rename(columns={"geometry": "geometry_original"})
    return frame.rename_geometry("geometry")


def _flat(frame: gpd.GeoDataFrame, opened: Opened, name: str, notes: list[str]) -> gpd.GeoDataFrame:
    shapes = frame.geometry.to_numpy()
    declared, _, measured = (
        formats.gpkg_geometry(opened.path, name) if opened.kind == "gpkg" else ("", False, False)
    )
    has_z = bool(shapely.has_z(shapes).any())
    has_m = measured or bool(shapely.has_m(shapes).any())
    if has_z or has_m:
        dropped = " and ".join(x for x, there in (("Z", has_z), ("M", has_m)) if there)
        notes.append(f"{dropped} values dropped: areas are measured in the plane")
        frame = frame.set_geometry(
            gpd.GeoSeries(shapely.force_2d(shapes), index=frame.index, crs=frame.crs)
        )
    if curves.may_hold_curves(opened.kind, declared):
        said = curves.curve_note(opened.path, name, frame.geometry.to_numpy(), frame.crs)
        straight = declared and declared != "GEOMETRY"
        notes.append(
            said or (f"declared as curves ({declared.lower()}), all straight" if straight else "")
        )
    return frame


def named_in_full(
    frame: gpd.GeoDataFrame, opened: Opened
) -> tuple[gpd.GeoDataFrame, tuple[tuple[str, str], ...]]:
    """Give the columns of a Shapefile the full names that a side-car keeps for them."""
    if opened.kind != "shapefile":
        return frame, ()
    fields = [str(c) for c in frame.columns if c != frame.geometry.name]
    names, said, _ = full_names(opened.beside, fields)
    names = {field: name for field, name in names.items() if name != frame.geometry.name}
    opened.notes += said
    return frame.rename(columns=names), tuple(names.items())


def empty_layer(name: str, where: str) -> SourceError:
    """Return the error for a layer without rows."""
    return SourceError(
        f"{name} has no features",
        where=where,
        fix="check that the right layer was exported, without a selection or filter",
        code="empty_layer",
    )


def _refuse_doubles(frame: gpd.GeoDataFrame, where: str) -> None:
    doubled = sorted({str(c) for c in frame.columns[frame.columns.duplicated()]})
    if doubled:
        raise SourceError(
            f"several columns are called {some_ids(doubled)}",
            where=where,
            fix="rename them: a name must stand for one column",
            code="column_twice",
        )


def _plain_cells(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Turn lists and dicts in cells into JSON text, so that every cell can be compared."""
    for column in frame.columns:
        if column == frame.geometry.name or frame[column].dtype != object:
            continue
        nested = frame[column].map(lambda cell: isinstance(cell, list | dict | tuple | np.ndarray))
        if nested.any():
            frame[column] = frame[column].map(_as_text, na_action="ignore")
    return frame


def _as_text(cell: object) -> object:
    if isinstance(cell, np.ndarray):
        cell = cell.tolist()
    if isinstance(cell, list | dict | tuple):
        return json.dumps(cell, ensure_ascii=False, default=str)
    return cell


def _place(shown: str, layer: str) -> str:
    return f"{shown}, layer {layer}" if layer else shown
