"""One run at a time in a folder: locks that the operating system takes back when their holder dies.

A lock is a small file that says who holds it, and a byte of it locked by the system. The byte
decides, the text only tells: a killed run leaves the text behind, never the lock.
"""

from __future__ import annotations

import datetime as dt
import errno
import json
import os
import platform
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from renewal_geo.foundation.errors import SourceError

FOLDER_LOCK = ".renewal-geo.lock"
PATIENCE_S = 10.0
STEP_S = 0.05
HELD = {errno.EACCES, errno.EAGAIN, errno.EDEADLK}
LOCKLESS = {errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL}
# Windows locks bytes against reading too: one far beyond the text leaves the text readable.
FAR = 1 << 30

if sys.platform == "win32":
    import msvcrt

    def _take(handle: int) -> None:
        os.lseek(handle, FAR, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _take(handle: int) -> None:
        # of the process, not of the open file: workers forked meanwhile do not inherit it
        fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock, or held it when it was killed."""

    pid: int
    host: str
    since: str

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}, since {self.since}"


# The system does not keep threads of one process apart; this does: lock file -> thread.
_own: dict[str, int] = {}
_guard = threading.Lock()


@contextmanager
def reserved(directory: Path, *, patience_s: float = PATIENCE_S) -> Iterator[bool]:
    """Keep other runs out of a folder while the block runs.

    A thread that holds the folder may reserve it again.

    Parameters
    ----------
    directory
        Folder that exists.
    patience_s
        How long to wait for another run before giving up.

    Yields
    ------
    bool
        Whether others are surely kept out: not where the file system has no locks.

    Raises
    ------
    SourceError
        ``output_busy`` where another run holds the folder.
    """
    file = directory / FOLDER_LOCK
    if _own.get(_key(file)) == threading.get_ident():
        yield False
        return
    deadline = time.monotonic() + patience_s
    while (lock := Lock.on(file)) is None:
        if time.monotonic() >= deadline:
            raise _busy(directory, file)
        time.sleep(STEP_S)
    try:
        yield lock.sure
    finally:
        lock.release(gone=True)


@dataclass(slots=True)
class Lock:
    """A lock that is held, and who held it before without giving it back.

    `sure` is False on a file system without locks: runs are not kept apart there, none is blocked.
    """

    file: Path
    handle: int
    before: Holder | None
    sure: bool

    @classmethod
    def on(cls, file: Path) -> Lock | None:
        """Take the lock of `file`; None where it is held.

        Raises
        ------
        OSError
            Where the file cannot be made.
        """
        with _guard:
            if _key(file) in _own:
                return None
            opened = _opened(file)
            if opened is None:
                return None
            _own[_key(file)] = threading.get_ident()
        lock = cls(file, opened[0], holder_of(file, opened[0]), opened[1])
        lock.write()
        return lock

    def write(self) -> None:
        """Say in the file who holds it; a full disk is met by what is to be written, not here."""
        now = dt.datetime.now(tz=dt.UTC).isoformat(timespec="seconds")
        text = json.dumps({"pid": os.getpid(), "host": platform.node(), "since": now})
        with suppress(OSError):
            os.ftruncate(self.handle, 0)
            os.lseek(self.handle, 0, os.SEEK_SET)
            os.write(self.handle, text.encode())

    def release(self, *, gone: bool = False) -> None:
        """Give the lock back, emptied; `gone` removes the file as well."""
        with suppress(OSError):
            if gone and os.name != "nt":
                self.file.unlink()
            os.ftruncate(self.handle, 0)
        with _guard:
            os.close(self.handle)
            _own.pop(_key(self.file), None)
        if gone and os.name == "nt":  # an open file cannot be removed there
            with suppress(OSError):
                self.file.unlink()


def holder_of(file: Path, handle: int | None = None) -> Holder | None:
    """Return who wrote a lock file last; None where it is empty, gone or unreadable.

    Where this process holds the file, only its own `handle` may be read: closing another one would
    give the lock back.
    """
    try:
        if handle is None:
            data = file.read_bytes()
        else:
            os.lseek(handle, 0, os.SEEK_SET)
            data = os.read(handle, 1 << 12)
        said = json.loads(data)
        return Holder(int(said["pid"]), str(said["host"]), str(said["since"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _opened(file: Path) -> tuple[int, bool] | None:
    """Open and lock a file, and say whether it is sure; None where another process has it."""
    handle = os.open(file, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
    try:
        _take(handle)
        there = file.stat()
        if os.path.samestat(there, os.fstat(handle)):
            return handle, True
    except FileNotFoundError:
        pass  # its holder has just removed it
    except OSError as fault:
        if fault.errno in LOCKLESS:
            return handle, False
        if fault.errno not in HELD:
            os.close(handle)
            raise
    os.close(handle)
    return None


def _busy(directory: Path, file: Path) -> SourceError:
    holder = None if _key(file) in _own else holder_of(file)
    who = f" ({holder})" if holder else ""
    return SourceError(
        f"another run is writing into {directory.name or directory}{who}",
        where=str(directory),
        fix="wait until it has ended, or choose another folder with --out",
        code="output_busy",
    )


def _key(file: Path) -> str:
    return str(file.absolute())
