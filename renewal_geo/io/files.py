"""Writing whole or not at all: temporary names first, renamed together, the record last."""

from __future__ import annotations

import datetime as dt
import errno
import json
import math
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from renewal_geo.foundation.errors import SourceError
from renewal_geo.io import leftovers
from renewal_geo.io.locks import FOLDER_LOCK, Lock, reserved

SPACE = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the quota on this disk is used up",
    errno.EFBIG: "a file would be larger than this disk or this account allows",
}
PROBE_BYTES = 1 << 20
LONGEST_REASON = 300
REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS}
PLACE = {errno.ENOTDIR, errno.EEXIST, errno.ENOENT, errno.EISDIR, errno.ENAMETOOLONG, errno.EINVAL}


@dataclass(slots=True)
class Stage:
    """Files in the making: where each is written now, in the order in which it will be renamed."""

    directory: Path
    hidden: Path
    names: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)

    def path(self, name: str) -> Path:
        """Return the temporary path at which to write the file that will be called `name`."""
        if Path(name).name != name or name in {"", ".", ".."}:
            raise ValueError(f"{name!r} is not a plain file name")
        if name not in self.names:
            self.names.append(name)
        return self.hidden / name

    def drop(self, name: str) -> None:
        """Remove an earlier file that the new ones make wrong, when they appear."""
        if name not in self.dropped:
            self.dropped.append(name)

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
def staged(directory: str | Path, *, record: str = "", alone: bool = True) -> Iterator[Stage]:
    """Write several files into a folder so that all of them appear, or none.

    Inside the block everything is written under temporary names in the same folder. When it ends
    well the files are flushed to disk and renamed in the order in which they were named, `record`
    last, so that a record never speaks of files that are not there. When anything fails, files of
    an earlier run are as they were, and a folder made by us is gone. What a killed run left in the
    folder is removed first, its unfinished renaming undone, and a warning says so.

    Parameters
    ----------
    directory
        Folder; made with its parents where absent.
    record
        Name of the file that is renamed last.
    alone
        Keep other runs out of the folder meanwhile, so that two sets of files never mix. A single
        file is whole without that.

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
    try:
        made = _make(target)
        with ExitStack() as stack:
            if not target.name.startswith(leftovers.PREFIX):  # else part of a stage that is held
                if alone:
                    leftovers.sweep(target, sure=stack.enter_context(reserved(target)))
                else:
                    leftovers.sweep_if_free(target)
            prefix = leftovers.SET if alone else leftovers.PREFIX
            stage = Stage(target, stack.enter_context(_hidden_folder(target, prefix)))
            yield stage
            names = [name for name in stage.names if name != record]
            if record in stage.names:
                names.append(record)
            _publish(stage, names)
    except BaseException as fault:
        if made is not None:
            _unmake(target, made)
        if isinstance(fault, OSError) and _is_ours(fault, target):
            raise unwritable(target, fault) from fault
        raise


@contextmanager
def _hidden_folder(target: Path, prefix: str) -> Iterator[Path]:
    """Make a folder that is gone after the block, with a mark by which others see us alive."""
    hidden = Path(tempfile.mkdtemp(prefix=prefix, dir=target))
    lock: Lock | None = None
    try:
        lock = Lock.on(hidden / leftovers.MARKER)
        yield hidden
    finally:
        with suppress(OSError):
            leftovers.clear(hidden, lock)


def write_bytes(path: str | Path, data: bytes) -> None:
    """Write one file whole or not at all.

    Raises
    ------
    SourceError
        ``output_unwritable``.
    """
    with staged(Path(path).parent, alone=False) as stage:
        stage.write_bytes(Path(path).name, data)


def write_text(path: str | Path, text: str) -> None:
    """Write one UTF-8 text file whole or not at all; raises as :func:`write_bytes`."""
    with staged(Path(path).parent, alone=False) as stage:
        stage.write_text(Path(path).name, text)


def write_json(path: str | Path, content: object) -> None:
    """Write one JSON file whole or not at all; raises as :func:`write_bytes`."""
    with staged(Path(path).parent, alone=False) as stage:
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
    target = _place(target)
    name = Path(str(fault.filename2 or fault.filename or target)).name
    if name.startswith((leftovers.PREFIX, FOLDER_LOCK)):
        name = target.name
    if fault.errno in SPACE:
        why, fix = SPACE[fault.errno], "free some space, or choose another folder with --out"
    elif _has_no_temporary_folder(fault):
        why, fix = (
            "no folder for temporary files can be written",
            "free some space in /tmp or TMPDIR",
        )
    elif fault.errno == errno.EROFS:
        why, fix = "the disk is read-only", "choose another folder with --out"
    elif fault.errno in REFUSED:
        why = f"{name} may not be written"
        fix = "close the program that holds it (Excel, WPS, QGIS), or choose another folder"
    else:
        why, fix = str(fault.strerror or fault), "choose another folder with --out"
    return _not_written("the answer", why, target, fix)


def unwritable_layer(path: Path, layer: str, fault: Exception) -> SourceError:
    """Return the error for a layer that a driver could not write to `path`, which may be staged."""
    cause = fault if isinstance(fault, OSError) and fault.errno in SPACE else _met_by_bytes(path)
    if cause is not None and cause.errno in SPACE:
        why, fix = SPACE[cause.errno], "free some space, or choose another folder with --out"
    else:
        why = re.sub(r"sqlite3_exec\(.*\) failed: ", "", " ".join(str(fault).split()))
        why = why.replace(f"{path.parent}{os.sep}", "")[:LONGEST_REASON]
        fix = "choose another folder with --out, or report the sentence"
    return _not_written(
        f"layer {layer} of {path.name}" if layer else path.name, why, path.parent, fix
    )


def _met_by_bytes(path: Path) -> OSError | None:
    """Return what stops bytes where a driver failed, for drivers do not tell; `path` is lost anyway."""
    try:
        with path.open("ab") as stream:
            stream.write(bytes(PROBE_BYTES))
    except OSError as fault:
        return fault
    return None


def _not_written(what: str, why: str, where: Path, fix: str) -> SourceError:
    return SourceError(
        f"{what} could not be written: {why}; earlier files are unchanged",
        where=str(_place(where)),
        fix=fix,
        code="output_unwritable",
    )


def _place(folder: Path) -> Path:
    """Return the folder that people know for one in which a stage is written."""
    while folder.name.startswith(leftovers.PREFIX):
        folder = folder.parent
    return folder


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


def _publish(stage: Stage, names: list[str]) -> None:
    target, hidden = stage.directory, stage.hidden
    dropped = [name for name in stage.dropped if name not in names]
    for name in names:
        _flush(hidden / name)
    (hidden / leftovers.OLD).mkdir()
    for name in [*names, *dropped]:
        _keep(target / name, hidden / leftovers.OLD / name)
    # from here on a run that is killed can be undone by the next one
    leftovers.write_journal(hidden, names, dropped)
    _flush(hidden / leftovers.JOURNAL)
    _flush(hidden)
    try:
        for name in dropped:
            (target / name).unlink(missing_ok=True)
        for name in names:
            (hidden / name).replace(target / name)
    except BaseException:
        with suppress(OSError):
            leftovers.undo(target, hidden)
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
    """Bring a file to the disk; a folder too, where the system can."""
    if path.is_dir():
        with suppress(OSError):
            _sync(path, os.O_RDONLY)
    else:
        _sync(path, os.O_RDWR)


def _sync(path: Path, mode: int) -> None:
    handle = os.open(path, mode)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _has_no_temporary_folder(fault: OSError) -> bool:
    """Say whether Python found no folder for temporary files, for which it has no error of its own."""
    return isinstance(fault, FileNotFoundError) and "temporary directory" in str(fault.strerror)


def _is_ours(fault: OSError, target: Path) -> bool:
    if fault.errno in SPACE or _has_no_temporary_folder(fault):
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
