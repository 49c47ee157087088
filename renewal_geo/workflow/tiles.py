"""The pass that tallies files too large for one table: tile by tile, on this machine or on a cluster."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyproj

from renewal_geo import io, ledger
from renewal_geo.foundation.crs import name_of
from renewal_geo.foundation.errors import SourceError, UsageError
from renewal_geo.foundation.provenance import Source, sha256_of
from renewal_geo.io import parquet_tiles

ROWS, RECORD, PARTS = "ledger_rows.parquet", "tiles.json", "parts"
ANSWER_S = 10.0  # that a scheduler has to answer


def tally_tiles(
    zones: Path,
    layer: Path,
    out: Path,
    by: str,
    *,
    identity: str | None = None,
    tiles: int | None = None,
    workers: int = 1,
    cluster: str = "",
) -> tuple[ledger.TiledLedger, tuple[str, ...], tuple[str, ...]]:
    """Tally two GeoParquet files tile by tile, and write rows, sums and record into `out`.

    Parameters
    ----------
    zones, layer
        GeoParquet with a bounding box per row. A tile reads what it needs of them, nothing else.
    out
        Folder for the answer. The rows of each tile are written into it by the worker, so that with a
        cluster every worker must reach it, and both files, under the same paths.
    by
        Class column of `layer`.
    identity
        Column of ids of `zones`; None: the index that was written with it, else the row number.
    tiles, workers, cluster
        Tiles; processes of this machine; or the address of a Dask scheduler, ``tcp://host:8786``.

    Returns
    -------
    tuple
        The book without its rows, the files written, the notes.

    Raises
    ------
    SourceError
        As :func:`parquet_stream`.
    UsageError
        ``cluster_missing, cluster_silent``.
    """
    streams = (
        parquet_tiles.parquet_stream(zones, identity=identity),
        parquet_tiles.parquet_stream(layer, identity="", columns=[by]),
    )
    with io.staged(out, record=RECORD) as stage, _executor(workers, cluster) as executor:
        parts = (stage.hidden / PARTS).resolve()
        parts.mkdir()
        keep = functools.partial(_kept, str(parts))
        found = ledger.tally_tiles(*streams, by, tiles=tiles, executor=executor, keep=keep)
        rows = parquet_tiles.join_parts(parts, stage.path(ROWS))
        parts.rmdir()
        inputs = [
            _source(role, path, stream)
            for role, path, stream in zip(("zones", "layer"), (zones, layer), streams, strict=True)
        ]
        stage.write_json(RECORD, _record(found, inputs, rows))
        files = tuple(str(stage.directory / name) for name in stage.names)
    return found, files, found.notes


def _kept(folder: str, number: int, book: ledger.Ledger) -> None:
    """Write the rows of a tile where all are gathered; runs in the worker."""
    if not Path(folder).is_dir():
        raise SourceError(
            f"a worker does not reach {folder}",
            fix="name an --out folder that all workers of the cluster share",
            code="output_unwritable",
        )
    parquet_tiles.write_part(folder, number, book.table)


@contextmanager
def _executor(workers: int, cluster: str) -> Iterator[ledger.Executor]:
    if not cluster:
        yield ledger.in_processes(workers) if workers > 1 else ledger.serial
        return
    try:
        from distributed import Client
    except ImportError as fault:
        raise UsageError(
            "a Dask cluster needs the package distributed",
            fix="pip install 'renewal-geo[cluster]'",
            code="cluster_missing",
        ) from fault
    try:
        client = Client(cluster, timeout=ANSWER_S)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as fault:
        raise UsageError(
            f"no Dask scheduler answers at {cluster}",
            fix="start one with `dask scheduler`, or leave --cluster out and give --workers",
            code="cluster_silent",
        ) from fault
    with client:
        yield ledger.on_cluster(client)


def _source(role: str, path: Path, stream: parquet_tiles.ParquetStream) -> dict[str, Any]:
    crs = name_of(pyproj.CRS.from_json(stream.crs) if stream.crs else None)
    return asdict(Source(role, path.as_posix(), path.stem, sha256_of([path]), stream.count, crs))


def _record(found: ledger.TiledLedger, inputs: list[dict[str, Any]], rows: int) -> dict[str, Any]:
    return {
        "question": "ledger",
        "verb": "tally_tiles",
        "summary": str(found),
        "inputs": inputs,
        "by": found.by,
        "zones": found.zones,
        "rows": rows,
        "area_m2": found.area_m2,
        "closing_m2": found.closing_m2,
        "sums": found.sums.to_dict("records"),
        "tiles": found.tiles.reset_index().to_dict("records"),
        "run": found.run.reset_index().to_dict("records"),
        "notes": list(found.notes),
        "versions": found.provenance.versions,
    }
