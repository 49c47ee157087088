"""Which paths may be opened: local files, nothing that points elsewhere."""

from __future__ import annotations

import os
import re
from difflib import get_close_matches
from pathlib import Path

from renewal_geo.foundation.errors import SourceError

SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.\-]{1,}:")
LAYER_MARK = "|layername="
EXPORT = "save the layer as a local GeoPackage or Shapefile and name that file"


def local_file(path: str | Path, folder: Path | None = None) -> Path:
    """Return the local file that `path` names, relative to `folder`.

    Raises
    ------
    SourceError
        ``network_path`` for URLs, ``/vsi…`` paths and driver connection strings; ``file_missing``
        or ``is_directory`` where there is no such file.
    """
    text = str(path)
    if text.strip() == "":
        raise SourceError("a layer has an empty path", fix="name the file", code="file_missing")
    # Path() folds "//", so that "http://x" may arrive as "http:/x".
    flat = text.replace("\\", "/").lower()
    if "/vsi" in flat and re.search(r"(^|/)vsi[a-z0-9_]+(/|\{)", flat):
        raise _elsewhere(text, "a virtual file system path of GDAL")
    if flat.startswith("//"):
        raise _elsewhere(text, "a network share; copy the file to this machine first")
    if SCHEME.match(text):
        raise _elsewhere(text, "an address or a driver's connection, not a file")
    if "\0" in text:
        raise _elsewhere(text.replace("\0", "?"), "no file name")
    found = Path(text) if folder is None else folder / Path(text.replace("\\", "/"))
    try:
        if found.is_dir() and found.suffix.lower() == ".gdb":
            return found
        if found.is_dir():
            raise SourceError(
                f"{found.name or found} is a folder, not a layer",
                where=str(found),
                fix="name the file inside it, or a file geodatabase (.gdb)",
                code="is_directory",
            )
        if not found.is_file():
            raise missing(found)
    except OSError as fault:
        raise SourceError(
            f"{text!r} cannot be opened: {fault.strerror}", where=text, code="file_missing"
        ) from fault
    return found


def with_layer(path: str | Path, layer: str) -> tuple[str | Path, str]:
    """Take a layer's name out of a path as QGIS writes it; one that is given beside it goes first.

    >>> with_layer("a.gpkg|layername=parcels", "")
    ('a.gpkg', 'parcels')
    >>> with_layer("a.gpkg", "roads")
    ('a.gpkg', 'roads')
    """
    bare, mark, named = str(path).partition(LAYER_MARK)
    return (bare, layer or named) if mark and bare else (path, layer)


def missing(path: Path) -> SourceError:
    """Return the error for a file that is not there, with names in the folder that are alike."""
    beside = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
    close = get_close_matches(path.name, beside, n=3, cutoff=0.5)
    fix = f"did you mean {' or '.join(close)}?" if close else "correct the path, or put it there"
    return SourceError(
        f"there is no file {path.name}", where=str(path), fix=fix, code="file_missing"
    )


def relative(path: Path, folder: Path | None) -> str:
    """Return `path` relative to `folder` with forward slashes, or as it is where it cannot be."""
    if folder is None:
        return path.as_posix()
    try:
        return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()
    except ValueError:  # another drive on Windows
        return path.resolve().as_posix()


def _elsewhere(text: str, why: str) -> SourceError:
    return SourceError(
        f"{_without_secrets(text)!r} is {why}; only local files are read",
        fix=EXPORT,
        code="network_path",
    )


def _without_secrets(text: str) -> str:
    """Passwords in addresses and connection strings never reach a message."""
    text = re.sub(r"(?i)(password|passwd|pwd|token|key)=([^\s&;,']+|'[^']*')", r"\1=***", text)
    return re.sub(r"://[^/@\s]+@", "://***@", text)
