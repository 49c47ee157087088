"""GeoParquet read by bounding box: only the row groups that a window meets, only the columns asked for.

A file can be streamed when it carries a bounding box per row (GeoParquet 1.1, *covering*). The statistics
of its row groups then tell which of them to read at all.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyproj
import shapely
from numpy.typing import NDArray

from renewal_geo.foundation.errors import SourceError
from renewal_geo.io import paths
from renewal_geo.io.row_groups import CORNERS, Box, leaves_of, may_meet

WITH_BOXES = "write it with renewal_geo.io.write_parquet(path, table, hilbert=True)"
PARCEL_ID = "parcel_id"
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ParquetStream:
    """A GeoParquet layer that is read window by window; holds no data, and may be pickled.

    Attributes
    ----------
    path, geometry, identity, columns
        The file; its geometry column; the column of ids; what else is read.
    corners
        Names of the leaf columns xmin, ymin, xmax, ymax.
    count, region, crs
        Number of rows, their bounding box, CRS as PROJ JSON (empty for none).
    """

    path: str
    geometry: str
    identity: str
    columns: tuple[str, ...]
    corners: tuple[str, str, str, str]
    count: int
    region: Box
    crs: str

    def boxes(self) -> Iterator[Floats]:
        """Yield the bounding boxes of all rows, n × 4, one batch per row group."""
        with pq.ParquetFile(self.path) as file:
            for group in range(file.num_row_groups):
                yield _boxes(file.read_row_group(group, columns=list(self.corners)), self.corners)

    def read(self, window: Box, *, unplaced: bool = False) -> gpd.GeoDataFrame:
        """Return the rows whose box meets a window.

        Parameters
        ----------
        window
            x0, y0, x1, y1 in the units of the file; may be infinite.
        unplaced
            Return rows without a box too.

        Returns
        -------
        GeoDataFrame
            Indexed by the ids as text, or by row number in the file where there are none;
            ``attrs["bytes_read"]`` is what was read of the file, compressed.
        """
        wanted = [
            *self.columns,
            self.geometry,
            *self.corners,
            *([self.identity] if self.identity else []),
        ]
        found, rows, size = [], [], 0
        with pq.ParquetFile(self.path) as file:
            leaves = leaves_of(file)
            boxed = [leaves[corner] for corner in self.corners]
            first = np.cumsum(
                [0, *(file.metadata.row_group(g).num_rows for g in range(file.num_row_groups))]
            )
            for group in range(file.num_row_groups):
                kept = file.metadata.row_group(group)
                if not may_meet(kept, boxed, window) and not (
                    unplaced and self._lacks_boxes(file, group)
                ):
                    continue
                table = file.read_row_group(group, columns=wanted)
                size += sum(
                    kept.column(n).total_compressed_size
                    for leaf, n in leaves.items()
                    if leaf in wanted or leaf.split(".")[0] in wanted
                )
                near = np.flatnonzero(
                    _meets(_boxes(table, self.corners), window, unplaced=unplaced)
                )
                if len(near):
                    found.append(table.take(pa.array(near)))
                    rows.append(first[group] + near)
            schema = file.schema_arrow
        table = pa.concat_tables(found) if found else _nothing(schema, wanted)
        frame = self._frame(table, np.concatenate(rows) if rows else np.empty(0, dtype=np.int64))
        frame.attrs["bytes_read"] = size
        return frame

    def _lacks_boxes(self, file: pq.ParquetFile, group: int) -> bool:
        table = file.read_row_group(group, columns=list(self.corners))
        return not np.isfinite(_boxes(table, self.corners)).all()

    def _frame(self, table: pa.Table, rows: NDArray[np.int64]) -> gpd.GeoDataFrame:
        shapes = shapely.from_wkb(table.column(self.geometry).to_numpy(zero_copy_only=False))
        values = table.select([c for c in self.columns if c != self.identity]).to_pandas()
        index = (
            pd.Index(table.column(self.identity).cast(pa.string()).to_pandas(), name=self.identity)
            if self.identity
            else pd.Index(rows, name="row")
        )
        crs = pyproj.CRS.from_json(self.crs) if self.crs else None
        return gpd.GeoDataFrame(
            values.set_axis(index), geometry=np.asarray(shapes, dtype=object), crs=crs
        )


def parquet_stream(
    path: str | Path, *, identity: str | None = None, columns: Sequence[str] = ()
) -> ParquetStream:
    """Open a GeoParquet file for reading window by window.

    Parameters
    ----------
    path
        Local file with a bounding box per row.
    identity
        Column of ids; None: the index that was written with it, else ``parcel_id`` if there is such
        a column; empty: none.
    columns
        Other columns to read.

    Raises
    ------
    SourceError
        ``file_missing, not_spatial``; ``no_boxes`` for a file without boxes per row;
        ``unknown_column``; ``geometry_encoding`` for shapes that are not WKB.
    """
    found = paths.local_file(path)
    try:
        file = pq.ParquetFile(found)
    except (pa.ArrowException, OSError) as fault:
        raise SourceError(
            f"{found.name} is no Parquet file: {str(fault).splitlines()[0][:200]}",
            where=str(found),
            fix="save the layer as GeoParquet",
            code="not_spatial",
        ) from fault
    with file:
        known = dict(file.schema_arrow.metadata or {})
        names = list(file.schema_arrow.names)
        if b"geo" not in known:
            raise SourceError(
                f"{found.name} is a table without shapes",
                where=str(found),
                fix="name a GeoParquet file",
                code="not_spatial",
            )
        geo = json.loads(known[b"geo"])
        geometry = str(geo["primary_column"])
        column = geo["columns"][geometry]
        identity = _written_index(known, names) if identity is None else identity
        _require(found, column, names, [*columns, *([identity] if identity else [])])
        covering = column["covering"]["bbox"]
        corners = tuple(".".join(covering[corner]) for corner in CORNERS)
        leaves = leaves_of(file)
        region = column.get("bbox") or _region(file.metadata, leaves, corners)
        return ParquetStream(
            path=str(found),
            geometry=geometry,
            identity=identity,
            columns=tuple(columns),
            corners=corners,  # type: ignore[arg-type]
            count=file.metadata.num_rows,
            region=(*region[:2], *region[-2:]) if len(region) == 4 else (*region[:2], *region[3:5]),
            crs=_crs(column),
        )


def write_part(folder: str | Path, number: int, table: pd.DataFrame) -> Path:
    """Write one tile's rows as a Parquet file of its own into a folder that is there."""
    path = Path(folder) / f"part-{number:06d}.parquet"
    pq.write_table(pa.Table.from_pandas(table, preserve_index=False), path, compression="zstd")
    return path


def join_parts(folder: str | Path, target: str | Path) -> int:
    """Join the parts of a folder into one file, a row group each, and remove them; return the rows."""
    parts = sorted(Path(folder).glob("part-*.parquet"))
    rows = 0
    schema = pa.unify_schemas(
        [pq.read_schema(part) for part in parts], promote_options="permissive"
    )
    with pq.ParquetWriter(target, schema, compression="zstd") as writer:
        for part in parts:
            table = pq.read_table(part)
            rows += len(table)
            writer.write_table(table.cast(schema))
            part.unlink()
    return rows


def _require(path: Path, column: dict[str, Any], names: list[str], asked: list[str]) -> None:
    for one in asked:
        if one not in names:
            raise SourceError(
                f"{path.name} has no column {one!r}",
                where=str(path),
                fix=f"one of: {', '.join(names)}",
                code="unknown_column",
            )
    if str(column.get("encoding", "")).upper() != "WKB":
        raise SourceError(
            f"the shapes of {path.name} are stored as {column.get('encoding')}",
            where=str(path),
            fix="write them as WKB, the default of GeoDataFrame.to_parquet",
            code="geometry_encoding",
        )
    if "bbox" not in column.get("covering", {}):
        raise SourceError(
            f"{path.name} has no bounding box per row, so that it cannot be read by place",
            where=str(path),
            fix=WITH_BOXES,
            code="no_boxes",
        )


def _written_index(known: dict[bytes, bytes], names: list[str]) -> str:
    """Return the column that pandas wrote the index into, or that of parcel ids; empty without."""
    indexes = json.loads(known.get(b"pandas", b"{}")).get("index_columns", [])
    named = [one for one in indexes if isinstance(one, str) and one in names]
    if len(named) == 1:
        return named[0]
    return PARCEL_ID if PARCEL_ID in names else ""


def _crs(column: dict[str, Any]) -> str:
    """Return the CRS as PROJ JSON; GeoParquet takes an absent one for longitude and latitude."""
    if "crs" not in column:
        return pyproj.CRS("OGC:CRS84").to_json()
    return json.dumps(column["crs"]) if column["crs"] else ""


def _boxes(table: pa.Table, corners: Sequence[str]) -> Floats:
    """Return the boxes of a table's rows, n × 4; NaN where there is none."""
    found = np.full((len(table), 4), np.nan)
    for side, corner in enumerate(corners):
        outer, *inner = corner.split(".")
        values = table.column(outer).combine_chunks()
        for name in inner:
            values = pc.struct_field(values, name)
        found[:, side] = pc.cast(values, pa.float64()).to_numpy(zero_copy_only=False)
    return found


def _meets(boxes: Floats, window: Box, *, unplaced: bool) -> NDArray[np.bool_]:
    x0, y0, x1, y1 = window
    near = (boxes[:, 0] <= x1) & (boxes[:, 2] >= x0) & (boxes[:, 1] <= y1) & (boxes[:, 3] >= y0)
    return near | ~np.isfinite(boxes).all(axis=1) if unplaced else near


def _region(metadata: Any, leaves: dict[str, int], corners: Sequence[str]) -> Box:
    groups = [metadata.row_group(n) for n in range(metadata.num_row_groups)]
    stated = [[g.column(leaves[c]).statistics for c in corners] for g in groups]
    known = [row for row in stated if all(one is not None and one.has_min_max for one in row)]
    if not known:
        return 0.0, 0.0, 0.0, 0.0
    low = [min(row[side].min for row in known) for side in (0, 1)]
    high = [max(row[side].max for row in known) for side in (2, 3)]
    return low[0], low[1], high[0], high[1]


def _nothing(schema: pa.Schema, wanted: list[str]) -> pa.Table:
    outer = list(dict.fromkeys(name.split(".")[0] for name in wanted))
    return pa.schema([schema.field(name) for name in outer]).empty_table()
