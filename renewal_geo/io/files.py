"""Writing whole or not at all: temporary names first, renamed together, the record last."""

from __future__ import annotations

import datetime as dt
import errno
import json
import math
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from renewal_geo.foundation.errors import SourceError

PREFIX = ".renewal-geo-"
SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS}
PLACE = {errno.ENOTDIR, errno.EEXIST, errno.ENOENT, errno.EISDIR, errno.ENAMETOOLONG, errno.EINVAL}


@dataclass(slots=True)
class Stage:
    """Files in the making: where each is written now, in the order in which it will be renamed."""

    directory: Path
    hidden: Path
    names: list[str] = field(default_factory=list)

    def path(self, name: str) -> Path:
        """Return the temporary path at which to write the file that will be called `name`."""
        if Path(name).name != name or name in {"", ".", ".."}:
            raise ValueError(f"{name!r} is not a plain file name")
        if name not in self.names:
            self.names.append(name)
        return self.hidden / name

    def write_bytes(self, name: str, data: bytes) -> None:
        """Write `data` as the file `name`."""
        self.path(name).write_bytes(data)

    def write_text(self, name: str, text: str) -> None:
        """Write `text` in UTF-8, lines ending in LF, as the file `name`."""
        self.path(name).write_bytes(text.encode("utf-8"))

    def write_json(self, name: str, content: object) -> None:
        """Write `content` as JSON, as :func:`as_json` forms it, as the file `name`."""
        self.write_text(name, as_json(content))


@contextmanager
def staged(directory: str | Path, *, record: str = "") -> Iterator[Stage]:
    """Write several files into a folder so that all of them appear, or none.

    Inside the block everything is written under temporary names in the same folder. When it ends
    well the files are flushed to disk and renamed in the order in which they were named, `record`
    last, so that a record never speaks of files that are not there. When anything fails, files of
    an earlier run are as they were, and a folder made by us is gone.

    Parameters
    ----------
    directory
        Folder; made with its parents where absent.
    record
        Name of the file that is renamed last.

    Yields
    ------
    Stage
        Gives temporary paths, and writes bytes, text and JSON.

    Raises
    ------
    SourceError
        ``output_unwritable``: disk full, no right to write, or a file held by another program.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with staged(folder, record="b.json") as stage:
    ...         stage.write_json("b.json", {"x": 1})
    ...         stage.write_text("a.txt", "text")
    ...     sorted(os.listdir(folder))
    ['a.txt', 'b.json']
    """
    target = Path(directory)
    made: Path | None = None
    hidden: Path | None = None
    try:
        made = _make(target)
        hidden = Path(tempfile.mkdtemp(prefix=PREFIX, dir=target))
        stage = Stage(target, hidden)
        yield stage
        names = [name for name in stage.names if name != record]
        if record in stage.names:
            names.append(record)
        _publish(target, hidden, names)
    except BaseException as fault:
        if hidden is not None:
            shutil.rmtree(hidden, ignore_errors=True)
        if made is not None:
            _unmake(target, made)
        if isinstance(fault, OSError) and _is_ours(fault, target):
            raise unwritable(target, fault) from fault
        raise
    shutil.rmtree(hidden, ignore_errors=True)


def write_bytes(path: str | Path, data: bytes) -> None:
    """Write one file whole or not at all.

    Raises
    ------
    SourceError
        ``output_unwritable``.
    """
    with staged(Path(path).parent) as stage:
        stage.write_bytes(Path(path).name, data)


def write_text(path: str | Path, text: str) -> None:
    """Write one UTF-8 text file whole or not at all; raises as :func:`write_bytes`."""
    with staged(Path(path).parent) as stage:
        stage.write_text(Path(path).name, text)


def write_json(path: str | Path, content: object) -> None:
    """Write one JSON file whole or not at all; raises as :func:`write_bytes`."""
    with staged(Path(path).parent) as stage:
        stage.write_json(Path(path).name, content)


def as_json(content: object) -> str:
    """Return JSON with sorted keys, two blanks of indent and a last line end.

    NumPy and pandas scalars become plain ones, days and times ISO texts, paths texts with forward
    slashes; what is not finite becomes null.

    >>> print(as_json({"b": float("nan"), "a": [1, dt.date(2020, 6, 30)]}), end="")
    {
      "a": [
        1,
        "2020-06-30"
      ],
      "b": null
    }
    """
    plain = _plain(content)
    return json.dumps(plain, ensure_ascii=False, indent=2, sort_keys=True, allow_nan=False) + "\n"


def unwritable(target: Path, fault: OSError) -> SourceError:
    """Return the error for a folder or file that cannot be written."""
    name = Path(str(fault.filename2 or fault.filename or target)).name
    if fault.errno in SPACE:
        why, fix = "the disk is full", "free some space, or choose another folder with --out"
    elif fault.errno in REFUSED:
        why = f"{name} may not be written"
        fix = "close the program that holds it (Excel, WPS, QGIS), or choose another folder"
    else:
        why, fix = str(fault.strerror or fault), "choose another folder with --out"
    return SourceError(
        f"the answer could not be written: {why}; earlier files are unchanged",
        where=str(target),
        fix=fix,
        code="output_unwritable",
    )


def _make(target: Path) -> Path | None:
    """Make a folder; return the topmost folder that was not there before."""
    first: Path | None = None
    for one in (target, *target.parents):
        if one.exists():
            break
        first = one
    target.mkdir(parents=True, exist_ok=True)
    return first


def _unmake(target: Path, made: Path) -> None:
    for one in (target, *target.parents):
        with suppress(OSError):
            one.rmdir()
        if one == made:
            return


def _publish(target: Path, hidden: Path, names: list[str]) -> None:
    for name in names:
        _flush(hidden / name)
    old = hidden / "old"
    old.mkdir()
    done: list[str] = []
    try:
        for name in names:
            _keep(target / name, old / name)
            (hidden / name).replace(target / name)
            done.append(name)
    except BaseException:
        for name in reversed(done):
            with suppress(OSError):
                if (old / name).exists():
                    (old / name).replace(target / name)
                else:
                    (target / name).unlink()
        raise
    _flush(target)


def _keep(file: Path, backup: Path) -> None:
    if not file.exists():
        return
    if file.is_dir():
        raise IsADirectoryError(errno.EISDIR, "is a folder", str(file))
    try:
        os.link(file, backup)
    except OSError:
        shutil.copy2(file, backup)


def _flush(path: Path) -> None:
    if path.is_dir() and os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _is_ours(fault: OSError, target: Path) -> bool:
    if fault.errno in SPACE:
        return True
    if fault.errno not in REFUSED | PLACE:
        return False
    if fault.filename is None:
        return fault.errno in REFUSED
    place = Path(str(fault.filename)).absolute()
    ours = target.absolute()
    return place == ours or ours in place.parents or place in ours.parents


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, set | frozenset):
        return [_plain(one) for one in sorted(value)]
    if isinstance(value, list | tuple | pd.Index | pd.Series):
        return [_plain(one) for one in value]
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    return _plain_scalar(value)


def _plain_scalar(value: object) -> object:
    if value is pd.NaT or value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if isinstance(value, dt.date):
        return value.isoformat()
    return value.as_posix() if isinstance(value, Path) else value
