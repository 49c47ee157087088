"""One layer from one local file, with everything that was decided while reading."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyogrio
import shapely
from pyogrio.errors import DataSourceError

from renewal_geo.foundation.errors import RenewalError, SourceError
from renewal_geo.foundation.provenance import Source, sha256_of
from renewal_geo.io import archives, drivers, encodings, formats, locations, paths
from renewal_geo.io.sources import Opened, members_of, opened_source, which_layer

FID = "fid"
CURVED = ("CURVE", "SURFACE", "COMPOUND", "CIRCULAR")


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
) -> tuple[gpd.GeoDataFrame, Source]:
    """Read one vector layer and say what was decided on the way.

    Parameters
    ----------
    path
        Local file: Shapefile, GeoPackage, GeoJSON, TopoJSON, GeoParquet, one of these in a zip, or
        another local vector file that GDAL reads. Nothing is ever fetched from elsewhere.
    layer
        Name of the layer, for files and zips with several.
    encoding
        Encoding of a Shapefile's texts; ``auto`` looks for evidence.
    crs
        CRS of a file that names none. One that contradicts the file's own is an error.
    crs_force
        Take `crs` even against the file's own; the notes say so.
    role
        Role in the study, for the source record.
    folder
        Folder of the study: `path` is relative to it, and is recorded so.
    strict
        Refuse a GeoJSON that must be WGS 84 but has no degrees; else a note says so.

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
        encoding_unknown, unsafe_zip``.
    CRSError
        ``crs_contradiction, crs_unknown`` or ``crs_suspect``.
    """
    found = paths.local_file(path, folder)
    shown = paths.relative(found, folder)
    with ExitStack() as stack:
        stack.enter_context(drivers.settled())
        opened = stack.enter_context(opened_source(found, layer, encoding))
        name = _chosen_layer(opened, layer, found)
        frame = _read_parquet(opened) if opened.kind == "parquet" else _read(opened, name)
        notes = opened.notes
        frame = _flat(_named_geometry(frame), opened, name, notes)
        if not len(frame):
            raise SourceError(
                f"{found.name} has no features",
                where=_place(shown, name),
                fix="check that the right layer was exported, without a selection or filter",
                code="empty_layer",
            )
        stated = opened.kind != "json" or formats.states_crs(opened.path)
        claim = locations.Claim(crs, crs_force, stated, strict, _place(shown, name))
        frame = locations.located(frame, claim, notes)
        digest = sha256_of(opened.hashed)
    frame = _plain_cells(frame)
    source = Source(
        role=role,
        path=shown,
        layer=name,
        sha256=digest,
        rows=len(frame),
        crs=locations.crs_text(frame.crs),
        encoding=opened.encoding,
        notes=tuple(dict.fromkeys(notes)),
    )
    return frame, source


def layers_in(path: str | Path) -> list[tuple[str, str]]:
    """Return name and geometry type of every layer with shapes in a local file or zip."""
    found = paths.local_file(path)
    if formats.kind_of(found) != "zip":
        with drivers.settled():
            return _layers(found, formats.kind_of(found))
    with archives.unpacked(found) as folder:
        listed = [_layers(one, formats.kind_of(one)) for one in members_of(folder)]
    return [pair for pairs in listed for pair in pairs]


def _layers(path: Path, kind: str) -> list[tuple[str, str]]:
    if kind == "parquet":
        return [(path.stem, "Unknown")]
    try:
        with drivers.remarks():
            listed = pyogrio.list_layers(path)
    except DataSourceError as fault:
        raise _unreadable(path, fault) from fault
    return [(str(name), str(shape)) for name, shape in listed if shape is not None]


def _chosen_layer(opened: Opened, layer: str, origin: Path) -> str:
    if opened.kind in {"shapefile", "parquet"}:
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


def _read(opened: Opened, name: str) -> gpd.GeoDataFrame:
    path = opened.path
    try:
        with drivers.remarks() as said:
            codec = encodings.gdal_name(opened.codec) if opened.codec else None
            info = pyogrio.read_info(path, layer=name or None, encoding=codec)
            if info["driver"] not in formats.DRIVERS:
                raise SourceError(
                    f"{path.name} is read by GDAL's {info['driver']} driver, which is not allowed",
                    where=str(path),
                    fix=formats.EXPORT_FIX,
                    code="indirect_source",
                )
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
            f"{path.name}: a text is not in {opened.encoding} ({fault.object[:24]!r})",
            where=str(path),
            fix="write encoding = with the right name for this layer in study.toml",
            code="wrong_encoding",
        ) from fault
    except RenewalError:
        raise
    except (
        DataSourceError,
        ValueError,
        OSError,
        RuntimeError,
        shapely.errors.GEOSException,
    ) as fault:
        raise _unreadable(path, fault) from fault
    opened.notes += [one for one in said if not one.startswith("Measured (M)")]
    if not isinstance(frame, gpd.GeoDataFrame):
        raise SourceError(
            f"{path.name} has no shapes",
            where=str(path),
            fix="name a layer that has; a table can be joined to a layer",
            code="not_spatial",
        )
    return frame


def _read_parquet(opened: Opened) -> gpd.GeoDataFrame:
    path = opened.path
    try:
        with drivers.remarks() as said:
            frame = gpd.read_parquet(path)
    except (ValueError, OSError, KeyError, pa.ArrowException) as fault:
        raise _unreadable(path, fault) from fault
    opened.notes += said
    named = [one for one in frame.index.names if one is not None and one not in frame.columns]
    frame = frame.reset_index(drop=not named)
    frame.index.name = FID
    return frame


def _unreadable(path: Path, fault: Exception) -> SourceError:
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
    if any(word in declared for word in CURVED) and declared != "MULTIPOLYGON":
        notes.append(f"curves ({declared.lower()}) made of short straight lines")
    return frame


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
