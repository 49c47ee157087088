"""GDAL kept at home: no network, no surprises, and the caller's settings left as they were."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pyogrio
import pyproj
import shapely
from pyogrio.errors import (
    CRSError,
    DataLayerError,
    DataSourceError,
    FeatureError,
    FieldError,
    GeometryError,
)

# What the libraries raise over files that they cannot read; NameError is pyogrio's own slip over a
# CRS that GDAL does not understand.
UNREADABLE = (
    DataSourceError, DataLayerError, FeatureError, FieldError, GeometryError, CRSError, ValueError,
    OSError, RuntimeError, OverflowError, MemoryError, LookupError, NameError,
    shapely.errors.GEOSException, pyproj.exceptions.ProjError,
)  # fmt: skip
# Nothing listens at the discard port of this machine, so that whatever GDAL is led to ask for over
# HTTP fails at once and never leaves.
NOWHERE = "127.0.0.1:9"
READING: dict[str, Any] = {
    "GDAL_HTTP_PROXY": NOWHERE,
    "GDAL_HTTPS_PROXY": NOWHERE,
    "GDAL_HTTP_TIMEOUT": "1",
    "GDAL_HTTP_CONNECTTIMEOUT": "1",
    "GDAL_HTTP_MAX_RETRY": "0",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".nothing",
    "GML_DOWNLOAD_SCHEMA": "NO",
    "GML_SKIP_RESOLVE_ELEMS": "ALL",
    "SHAPE_RESTORE_SHX": "NO",
    "OGR_GEOJSON_MAX_OBJ_SIZE": "0",
    "SHAPE_ENCODING": None,
    "OGR_ARC_STEPSIZE": "0.25",
}


@contextmanager
def settled(**more: str | None) -> Iterator[None]:
    """Apply the settings that this package needs of GDAL and put the caller's back afterwards."""
    wanted = {**READING, **more}
    before = {name: pyogrio.get_gdal_config_option(name) for name in wanted}
    pyogrio.set_gdal_config_options(wanted)
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options(before)


@contextmanager
def remarks() -> Iterator[list[str]]:
    """Collect what libraries warn about inside the block as sentences, once each."""
    said: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield said
    said.extend(dict.fromkeys(_sentence(str(one.message)) for one in caught))


def _sentence(text: str) -> str:
    return " ".join(text.split()).rstrip(".")
