"""What a killed run leaves in a folder: found, undone, removed and said."""

from __future__ import annotations

import json
import shutil
import time
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

from renewal_geo.foundation.errors import RenewalWarning, some_ids
from renewal_geo.io.locks import FOLDER_LOCK, Holder, Lock, reserved

PREFIX = ".renewal-geo-"
SET = f"{PREFIX}set-"  # made only by who holds the folder
MARKER = "alive.lock"
JOURNAL = "renaming.json"
OLD = "old"
# Another stage that has not yet said who it is may be a second old; after an hour nobody is coming.
NAMELESS_S = 3600.0


def sweep(directory: Path, *, sure: bool) -> None:
    """Remove what killed runs left in a folder, put back what they were renaming, and say so.

    The caller holds the folder (:func:`renewal_geo.io.locks.reserved`), `sure` that others are kept
    out. Stages of runs that are alive are left alone.
    """
    for hidden in sorted(directory.glob(f"{PREFIX}*")):
        if not hidden.is_dir() or not (left := _left_behind(hidden, sure=sure)):
            continue
        back, changed = undo(directory, hidden)
        clear(hidden, left[1])
        said = f"a run that was killed ({left[0]}) left temporary files in {directory}; "
        said += "they could not be removed" if hidden.exists() else "they were removed"
        if back:
            said += f"; it was renaming its files: {some_ids(back)} are again as before it"
        if changed:
            said += f"; {some_ids(changed)} changed after it and were left alone"
        warnings.warn(said, RenewalWarning, stacklevel=4)


def clear(hidden: Path, lock: Lock | None = None) -> None:
    """Remove a hidden folder: first what could be undone, last the mark by which it is known."""
    (hidden / JOURNAL).unlink(missing_ok=True)
    for one in hidden.iterdir():
        if one.is_dir():
            shutil.rmtree(one, ignore_errors=True)
        elif one.name != MARKER:
            with suppress(OSError):
                one.unlink()
    if lock is not None:
        lock.release(gone=True)
    shutil.rmtree(hidden, ignore_errors=True)


def sweep_if_free(directory: Path) -> None:
    """Sweep a folder where there is something to sweep and nobody holds it."""
    if not any(directory.glob(f"{PREFIX}*")) and not (directory / FOLDER_LOCK).exists():
        return
    with suppress(OSError, ValueError), reserved(directory, patience_s=0.0) as sure:
        sweep(directory, sure=sure)


def write_journal(hidden: Path, names: list[str], dropped: list[str]) -> None:
    """Note which files are about to be renamed or dropped, and whether they replace others."""
    noted = [
        {"name": name, "new": _print_of(hidden / name), "old": (hidden / OLD / name).exists()}
        for name in names
    ]
    gone = [{"name": name, "new": None, "old": True} for name in dropped]
    (hidden / JOURNAL).write_text(json.dumps([*gone, *noted]), encoding="utf-8")


def undo(directory: Path, hidden: Path) -> tuple[list[str], list[str]]:
    """Put back the files of an earlier run where a stage was stopped while renaming its own.

    Returns
    -------
    back, changed
        Names that are again as before, and names that somebody else has changed since.
    """
    try:
        noted: list[dict[str, Any]] = json.loads((hidden / JOURNAL).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return [], []  # it had not begun to rename
    if not any((hidden / one["name"]).exists() for one in noted):
        return [], []  # it had ended
    back: list[str] = []
    changed: list[str] = []
    for one in reversed(noted):
        name, old = one["name"], hidden / OLD / one["name"]
        there = _print_of(directory / name) if (directory / name).exists() else None
        if (hidden / name).exists() or (not old.exists() if one["old"] else there is None):
            continue  # not renamed yet, or put back already
        if there != one["new"]:
            if one["new"] is not None:  # what was to be dropped may not have been reached
                changed.append(name)
        elif one["old"]:
            old.replace(directory / name)
            back.append(name)
        else:
            (directory / name).unlink()
            back.append(name)
    return back, changed


def _left_behind(hidden: Path, *, sure: bool) -> tuple[Holder | str, Lock | None] | None:
    """Return who left a hidden folder behind, and its lock; None where its stage may be alive."""
    marker = hidden / MARKER
    unknown = "process unknown"
    try:
        if not marker.exists() or not marker.stat().st_size:
            mine = sure and hidden.name.startswith(SET)
            old = time.time() - hidden.stat().st_mtime > NAMELESS_S
            return (unknown, None) if mine or old else None
        lock = Lock.on(marker)
    except OSError:
        return None
    if lock is not None and not lock.sure:
        lock.release()
        lock = None
    return None if lock is None else (lock.before or unknown, lock)


def _print_of(file: Path) -> list[int]:
    there = file.stat()
    return [there.st_size, there.st_mtime_ns]
