"""A layer in pieces of bounded size: what is too large for memory is read row by row.

Same files, same evidence, same columns as :func:`renewal_geo.io.read_layer`; what needs a look at all
rows at once (shapes from columns, cells with lists) is left to that function.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pyproj
import shapely

from renewal_geo.foundation.errors import SourceError
from renewal_geo.foundation.provenance import Source, sha256_of
from renewal_geo.foundation.settings import nearest
from renewal_geo.io import curves, drivers, encodings, formats, locations, paths
from renewal_geo.io.drivers import UNREADABLE
from renewal_geo.io.full_names import full_names
from renewal_geo.io.geodatabases import domain_notes
from renewal_geo.io.layers import assumption_of, chosen_layer, refuse_driver, unreadable
from renewal_geo.io.row_groups import CORNERS, Box, leaves_of, may_meet
from renewal_geo.io.sources import Opened, opened_source

ROWS = 65_536
STREAMED = ("shapefile", "gpkg", "gdb", "json", "parquet", "other")


@dataclass(frozen=True, slots=True)
class Batches:
    """A layer that is read in pieces: what it is, and its pieces, once, in the order of the file.

    `source.rows` counts the rows of the whole layer, also where a window or `columns` keeps fewer.
    """

    source: Source
    frames: Iterator[gpd.GeoDataFrame] = field(repr=False)

    def __iter__(self) -> Iterator[gpd.GeoDataFrame]:
        return self.frames


@contextmanager
def read_batches(
    path: str | Path,
    *,
    layer: str = "",
    encoding: str = encodings.AUTO,
    crs: str = "",
    crs_force: bool = False,
    window: Box | None = None,
    columns: Sequence[str] | None = None,
    rows: int = ROWS,
    role: str = "",
    folder: Path | None = None,
    hashed: bool = True,
) -> Iterator[Batches]:
    """Read a layer in pieces of at most `rows` rows.

    Parameters
    ----------
    path, layer, encoding, crs, crs_force, role, folder
        As for :func:`read_layer`; GeoPackage, Shapefile, GeoParquet, FlatGeobuf, file geodatabase and
        GeoJSON, also zipped.
    window
        xmin, ymin, xmax, ymax in the CRS of the file: only rows whose box meets it. GeoPackage,
        FlatGeobuf and GeoParquet with boxes per row skip the rest unread.
    columns
        Own columns to read; None for all.
    rows
        The most rows of a piece, at least 1.
    hashed
        Record the hash of the file, for which it is read once more from end to end.

    Yields
    ------
    Batches
        The source, and GeoDataFrames indexed by feature id (row number in a GeoParquet), planar,
        in the CRS of the file. Integers with missing cells are floats in a piece that has such.

    Raises
    ------
    SourceError, CRSError
        As for :func:`read_layer`; ``not_streamable`` for tables, databases and layers with curves;
        while iterating where a later part of the file is damaged.

    Examples
    --------
    >>> with read_batches("parcels.parquet", window=(5e5, 2.5e6, 5.1e5, 2.51e6)) as batches:
    ...     area = sum(frame.area.sum() for frame in batches)  # doctest: +SKIP
    """
    path, layer = paths.with_layer(path, layer)
    found = paths.local_file(path, folder)
    shown = paths.relative(found, folder)
    if rows < 1:
        raise SourceError(
            f"rows = {rows} is no size of a piece", fix="give 1 or more", code="input"
        )
    with ExitStack() as stack:
        stack.enter_context(drivers.settled())
        opened = stack.enter_context(opened_source(found, layer, encoding))
        if opened.kind not in STREAMED:
            raise _not_streamable(found, "it is a table", "read it with read_layer")
        name = chosen_layer(opened, layer, found)
        opening = (
            _parquet(opened, window, columns, rows)
            if opened.kind == "parquet"
            else stack.enter_context(_gdal(opened, name, window, columns, rows))
        )
        assumption = assumption_of(opened, known=opening.crs is not None)
        claim = locations.Claim(crs, crs_force, assumption, strict=True, where=shown)
        names, said, _ = (
            full_names(opened.beside, opening.names)
            if opened.kind == "shapefile"
            else ({}, [], None)
        )
        probe = _probe(opening, names)
        notes = [*opened.notes, *opening.notes, *said]
        settled = locations.located(probe, claim, notes)
        notes.append(locations.shift_suspected(settled, f"{found.name} {name}".strip(), crs))
        source = Source(
            role=role,
            path=shown,
            layer=name,
            sha256=sha256_of(opened.hashed) if hashed else "",
            rows=opening.rows,
            crs=locations.crs_text(settled.crs),
            encoding=opened.evidence.encoding,
            notes=tuple(dict.fromkeys(one for one in notes if one)),
            evidence=opened.evidence,
            restored=tuple(names.items()),
        )
        yield Batches(source, _located(opening, names, claim, found))


@dataclass(frozen=True, slots=True)
class _Opening:
    """An open file: its columns, what it says of itself, and Arrow tables with fid and WKB."""

    names: list[str]
    geometry: str
    crs: pyproj.CRS | None
    rows: int
    bounds: Box | None
    notes: list[str]
    tables: Iterator[tuple[np.ndarray, pa.Table]]
    window: Box | None


def _probe(opening: _Opening, names: dict[str, str]) -> gpd.GeoDataFrame:
    """Return a table of the same columns whose one shape is the extent, where the file states it."""
    shapes = [] if opening.bounds is None else [shapely.box(*opening.bounds)]
    cells = {names.get(one, one): [None] * len(shapes) for one in opening.names}
    return gpd.GeoDataFrame(cells, geometry=gpd.GeoSeries(shapes, crs=opening.crs))


def _located(
    opening: _Opening, names: dict[str, str], claim: locations.Claim, path: Path
) -> Iterator[gpd.GeoDataFrame]:
    tables = iter(opening.tables)
    while True:
        try:
            with drivers.remarks():
                fids, table = next(tables)
            shapes = _shapes(table.column(opening.geometry), path)
            values = table.drop_columns([opening.geometry]).to_pandas(ignore_metadata=True)
        except StopIteration:
            return
        except SourceError:
            raise
        except (*UNREADABLE, pa.ArrowException) as fault:
            raise unreadable(path, fault) from fault
        values = values.rename(columns={"geometry": "geometry_original"}).rename(columns=names)
        frame = gpd.GeoDataFrame(
            values.set_axis(pd.Index(fids, name="fid")),
            geometry=gpd.GeoSeries(shapes, index=fids, crs=opening.crs),
        )
        frame.index.name = "fid"
        if opening.window is not None:
            frame = frame[_meets(shapes, opening.window)]
        if len(frame):
            yield locations.located(frame, claim, [])


def _shapes(column: pa.ChunkedArray, path: Path) -> np.ndarray:
    try:
        made = shapely.from_wkb(column.to_numpy(zero_copy_only=False))
    except (NotImplementedError, shapely.errors.GEOSException) as fault:
        curved = isinstance(fault, NotImplementedError) or "Unknown WKB type" in str(fault)
        if not curved:
            raise unreadable(path, fault) from fault
        raise _not_streamable(path, "it has curves", "read it with read_layer") from fault
    return np.asarray(shapely.force_2d(made), dtype=object)


def _meets(shapes: np.ndarray, window: Box) -> np.ndarray:
    boxes = shapely.bounds(shapes)
    with np.errstate(invalid="ignore"):
        return (
            (boxes[:, 0] <= window[2])
            & (boxes[:, 2] >= window[0])
            & (boxes[:, 1] <= window[3])
            & (boxes[:, 3] >= window[1])
        )


@contextmanager
def _gdal(
    opened: Opened, name: str, window: Box | None, columns: Sequence[str] | None, rows: int
) -> Iterator[_Opening]:
    path = opened.path
    codec = encodings.gdal_name(opened.codec) if opened.codec else None
    declared = formats.gpkg_geometry(path, name)[0] if opened.kind == "gpkg" else ""
    if (
        opened.kind == "gpkg"
        and declared != "GEOMETRY"
        and curves.may_hold_curves("gpkg", declared)
    ):
        raise _not_streamable(
            path, f"it has curves ({declared.lower()})", "read it with read_layer"
        )
    with ExitStack() as stack:
        try:
            stack.enter_context(drivers.remarks())
            info = pyogrio.read_info(path, layer=name or None, encoding=codec)
            refuse_driver(path, str(info["driver"]), opened.kind)
            if not info["geometry_type"]:
                raise _not_streamable(path, "it has no shapes", "name a layer that has")
            kept = _kept([str(one) for one in info["fields"]], columns, path)
            meta, reader = stack.enter_context(
                pyogrio.raw.open_arrow(
                    path,
                    layer=name or None,
                    encoding=codec,
                    columns=kept,
                    bbox=window,
                    return_fids=True,
                    batch_size=rows,
                    use_pyarrow=True,
                )
            )
            bounds = info["total_bounds"]
            crs = pyproj.CRS.from_user_input(meta["crs"]) if meta["crs"] else None
        except UNREADABLE as fault:
            raise fault if isinstance(fault, SourceError) else unreadable(path, fault) from fault
        notes = domain_notes(path, name) if opened.kind == "gdb" else []
        high = any(one in f" {info['geometry_type']} " for one in (" Z ", " M ", " ZM ", "2.5D"))
        yield _Opening(
            names=kept,
            geometry=meta["geometry_name"] or "wkb_geometry",
            crs=crs,
            rows=int(info["features"]),
            bounds=None if bounds is None or not np.isfinite(bounds).all() else tuple(bounds),
            notes=[
                *notes,
                *(["Z or M values dropped: areas are measured in the plane"] if high else []),
            ],
            tables=_arrow_tables(reader, kept),
            window=window,
        )


def _arrow_tables(reader: Any, kept: list[str]) -> Iterator[tuple[np.ndarray, pa.Table]]:
    for batch in reader:
        table = pa.Table.from_batches([batch])
        fid = next(one for one in table.column_names if one not in kept)
        yield table.column(fid).to_numpy(), _coded(table.drop_columns([fid]))


def _coded(table: pa.Table) -> pa.Table:
    """Put codes in place of what a domain makes of them, as a layer that is read whole has them."""
    for place, field_ in enumerate(table.schema):
        if pa.types.is_dictionary(field_.type):
            codes = table.column(place).combine_chunks().indices
            table = table.set_column(place, field_.name, codes)
    return table


def _decoded(table: pa.Table) -> pa.Table:
    for place, field_ in enumerate(table.schema):
        if pa.types.is_dictionary(field_.type):
            values = table.column(place).combine_chunks().dictionary_decode()
            table = table.set_column(place, field_.name, values)
    return table


def _parquet(
    opened: Opened, window: Box | None, columns: Sequence[str] | None, rows: int
) -> _Opening:
    path = opened.path
    try:
        file = pq.ParquetFile(path)
        geo = json.loads((file.schema_arrow.metadata or {})[b"geo"])
        geometry = str(geo["primary_column"])
        described = geo["columns"][geometry]
        stated = described.get("crs", "OGC:CRS84")
        crs = pyproj.CRS.from_user_input(stated) if stated else None
        bounds = described.get("bbox")
        covering = described.get("covering", {}).get("bbox", {})
        others = {name for name, one in geo["columns"].items() if name != geometry}
        wkb = str(described["encoding"]).upper() == "WKB"
    except KeyError as fault:
        raise unreadable(path, ValueError("Missing geo metadata")) from fault
    except (*UNREADABLE, AttributeError, TypeError, pa.ArrowException) as fault:
        raise unreadable(path, fault) from fault
    if not wkb:
        raise _not_streamable(
            path, "its shapes are no well-known binary", "read it with read_layer"
        )
    boxes = [".".join(covering[one]) for one in CORNERS] if covering else []
    hidden = {one.split(".")[0] for one in boxes} | others | {geometry}
    names = [
        n for n in file.schema_arrow.names if n not in hidden and not n.startswith("__index_level_")
    ]
    kept = _kept(names, columns, path)
    half = len(bounds) // 2 if bounds else 0
    return _Opening(
        names=kept,
        geometry=geometry,
        crs=crs,
        rows=int(file.metadata.num_rows),
        bounds=(*bounds[:2], *bounds[half : half + 2]) if bounds else None,
        notes=[],
        tables=_groups(file, [*kept, geometry], boxes, window, rows),
        window=window,
    )


def _groups(
    file: pq.ParquetFile, names: list[str], boxes: list[str], window: Box | None, rows: int
) -> Iterator[tuple[np.ndarray, pa.Table]]:
    leaves = leaves_of(file)
    corners = [leaves[one] for one in boxes]
    first = 0
    for group in range(file.num_row_groups):
        held = file.metadata.row_group(group)
        if window is None or not boxes or may_meet(held, corners, window):
            at = first
            for batch in file.iter_batches(batch_size=rows, row_groups=[group], columns=names):
                yield np.arange(at, at + len(batch)), _decoded(pa.Table.from_batches([batch]))
                at += len(batch)
        first += held.num_rows


def _kept(names: list[str], columns: Sequence[str] | None, path: Path) -> list[str]:
    if columns is None:
        return names
    lacking = [one for one in columns if one not in names]
    if lacking:
        raise SourceError(
            f"{path.name} has no column {lacking[0]!r}{nearest(lacking[0], names)}",
            where=str(path),
            fix=f"there are: {', '.join(names)}",
            code="unknown_column",
        )
    return [one for one in names if one in set(columns)]


def _not_streamable(path: Path, why: str, fix: str) -> SourceError:
    return SourceError(
        f"{path.name} cannot be read in pieces: {why}",
        where=str(path),
        fix=fix,
        code="not_streamable",
    )
