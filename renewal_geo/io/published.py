"""Reading back what we published, and the hash that says whether an input is still the same."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio

from renewal_geo.foundation.errors import ProofError, SourceError
from renewal_geo.foundation.provenance import sha256_of
from renewal_geo.io.sources import parts_of

CERTIFICATE = "certificate.json"


def read_published(path: Path, layer: str) -> gpd.GeoDataFrame | pd.DataFrame:
    """Read one layer of a GeoPackage that we wrote; it may be empty.

    Raises
    ------
    ProofError
        ``unreadable`` where the layer is missing or the file is broken.
    """
    try:
        table: gpd.GeoDataFrame | pd.DataFrame = pyogrio.read_dataframe(path, layer=layer)
        with closing(sqlite3.connect(f"file:{path.as_posix()}?mode=ro", uri=True)) as base:
            # GDAL trusts a stored count; rows written behind its back would go unread
            stored = base.execute(f'SELECT COUNT(*) FROM "{layer}"').fetchone()[0]  # noqa: S608
    except (
        pyogrio.errors.DataSourceError,
        pyogrio.errors.DataLayerError,
        sqlite3.Error,
    ) as fault:
        raise ProofError(
            f"the layer {layer} of {path.name} cannot be read: {fault}",
            where=str(path),
            code="unreadable",
        ) from fault
    if stored != len(table):
        raise ProofError(
            f"the layer {layer} of {path.name} states {len(table)} rows and holds {stored}",
            where=str(path),
            code="rows_invented",
        )
    return table


def read_certificate(directory: Path) -> dict[str, Any]:
    """Read the certificate of a published delineation.

    Raises
    ------
    SourceError
        ``no_certificate`` where there is none.
    ProofError
        ``unreadable`` where it is no JSON object with parameters.
    """
    file = directory / CERTIFICATE
    if not file.is_file():
        raise SourceError(
            f"there is no {CERTIFICATE} in {directory}",
            where=str(directory),
            fix="name the folder that zones delineate, run or demo wrote",
            code="no_certificate",
        )
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as fault:
        raise ProofError(
            f"{CERTIFICATE} is no JSON: {fault}", where=str(file), code="unreadable"
        ) from fault
    if not isinstance(record, dict) or not isinstance(record.get("parameters"), dict):
        raise ProofError(
            f"{CERTIFICATE} is no certificate of zones", where=str(file), code="unreadable"
        )
    return record


def hash_of(path: Path) -> str:
    """Return the hash that :func:`read_layer` gives a file: for a Shapefile with its side-cars."""
    return sha256_of(parts_of(path))
