"""Where a result comes from: inputs with their hashes, rules, versions, seed."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import platform
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

PACKAGES = (
    "renewal-geo",
    "geopandas",
    "shapely",
    "pyproj",
    "pyogrio",
    "numpy",
    "pandas",
    "scipy",
    "highspy",
    "numba",
    "rasterio",
    "exactextract",
)
CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why the texts of a file were read in the encoding that they were.

    Attributes
    ----------
    encoding
        Name that people use: ``GBK (GB18030)``, ``UTF-8``, ``Big5``.
    by
        What decided: ``given`` (the study), ``cpg`` (the file of that name), ``language_id`` (of the
        dBASE header), ``mark`` (a byte-order mark), ``ascii`` (there is nothing to decide),
        ``trial`` (strict decoding of names and texts), ``format`` (the format has one encoding).
    why
        One sentence.
    tried
        Encodings that were tried in their order, each with what came of it.
    disbelieved
        Statements that the bytes contradict, one sentence each.
    doubt
        The evidence is thin: someone should compare a few names with the original.
    """

    encoding: str
    by: str
    why: str
    tried: tuple[tuple[str, str], ...] = ()
    disbelieved: tuple[str, ...] = ()
    doubt: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """One input as it was read.

    `path` is relative to the study's folder, with forward slashes; `sha256` covers the main file
    and, for a Shapefile, its side-car files, in the order of their names. `rows` is the number of
    features read, `crs` the authority code (or WKT) before any reprojection. `notes` says what
    was decided while reading, one sentence each: encoding and its evidence, reprojection, ids.
    `evidence` is why the encoding is what it is; `restored` pairs the field names of a Shapefile,
    cut to ten bytes, with the full names that were given back to them.
    """

    role: str
    path: str
    layer: str
    sha256: str
    rows: int
    crs: str
    encoding: str = ""
    notes: tuple[str, ...] = ()
    evidence: Evidence | None = None
    restored: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a result rests on. Nothing in it depends on the clock or the machine's speed."""

    inputs: tuple[Source, ...] = ()
    rules: tuple[dict[str, Any], ...] = ()
    parameters: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    seed: int | None = None
    notes: tuple[str, ...] = ()

    def as_record(self) -> dict[str, Any]:
        """Return plain dicts and lists, ready for JSON."""
        return asdict(self)


def sha256_of(paths: list[Path]) -> str:
    """Return the hex SHA-256 of the files' names and bytes, in the order of their names."""
    digest = hashlib.sha256()
    for path in sorted(paths, key=lambda p: p.name):
        digest.update(path.name.encode())
        with path.open("rb") as stream:
            while chunk := stream.read(CHUNK_BYTES):
                digest.update(chunk)
    return digest.hexdigest()


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that shape an answer."""
    return dict(_installed())


@functools.cache
def _installed() -> dict[str, str]:
    """Look the versions up once: that takes longer than many an answer."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        loaded = getattr(
            sys.modules.get(name), "__version__", None
        )  # metadata takes a millisecond each
        try:
            found[name] = loaded or importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
