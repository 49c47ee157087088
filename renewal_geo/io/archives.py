"""Zip archives, unpacked by ourselves into a temporary folder and never trusted."""

from __future__ import annotations

import lzma
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from renewal_geo.foundation.errors import SourceError

MAX_UNPACKED_BYTES = 2 << 30
MAX_MEMBERS = 10_000
MAX_RATIO = 200
SMALL_BYTES = 16 << 20
CHUNK_BYTES = 1 << 20
UTF8_FLAG = 0x800
ENCRYPTED_FLAG = 0x1
DAMAGED = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, NotImplementedError,
    OSError, ValueError, OverflowError,
)  # fmt: skip
SKIPPED = ("__MACOSX", ".DS_Store", "Thumbs.db")


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """Unpack a zip into a temporary folder that is gone after the block.

    Names without the UTF-8 flag, as Windows in Chinese writes them, are read as UTF-8 and then as
    GBK. Links, absolute paths, ``..``, archives in archives, passwords, more than 2 GB unpacked
    and members that shrink more than 200-fold are refused; sizes are counted while unpacking, for
    the headers may lie.

    Parameters
    ----------
    path
        The zip.

    Yields
    ------
    Path
        Folder with the members; folders inside the zip are kept.

    Raises
    ------
    SourceError
        ``unsafe_zip`` where a member is refused, ``not_spatial`` where the file is no zip.
    """
    with tempfile.TemporaryDirectory(prefix="renewal-geo-") as folder:
        _unpack(path, Path(folder))
        yield Path(folder)


def _unpack(path: Path, folder: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if not _is_skipped(m.filename)]
            _refuse_headers(path, members)
            left = MAX_UNPACKED_BYTES
            for member in members:
                name = _safe_name(path, member)
                if not member.is_dir():
                    left -= _extract(path, archive, member, folder / name, left)
    except SourceError:
        raise
    except DAMAGED as fault:
        raise SourceError(
            f"{path.name} cannot be unpacked: {fault}",
            where=str(path),
            fix="make the zip again, with the ordinary zip method",
            code="not_spatial",
        ) from fault


def _refuse_headers(path: Path, members: list[zipfile.ZipInfo]) -> None:
    if len(members) > MAX_MEMBERS:
        raise _unsafe(path, f"holds {len(members):,} members, more than {MAX_MEMBERS:,}")
    total = sum(member.file_size for member in members)
    if total > MAX_UNPACKED_BYTES:
        raise _unsafe(path, f"unpacks to {total:,} bytes, more than {MAX_UNPACKED_BYTES:,}")
    for member in members:
        if not member.filename:
            raise _unsafe(path, "holds a member without a name")
        if member.flag_bits & ENCRYPTED_FLAG:
            raise _unsafe(path, f"asks for a password ({member.filename})")
        kind = stat.S_IFMT(member.external_attr >> 16)
        if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
            raise _unsafe(path, f"holds a link or a special file ({member.filename})")
        if member.filename.lower().endswith((".zip", ".7z", ".rar", ".gz", ".tar")):
            raise _unsafe(path, f"holds another archive ({member.filename})")


def _extract(
    path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, left: int
) -> int:
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        raise _unsafe(path, f"holds {target.name} twice")
    most = max(SMALL_BYTES, member.compress_size * MAX_RATIO)
    written = 0
    with archive.open(member) as packed, target.open("xb") as plain:
        while chunk := packed.read(CHUNK_BYTES):
            written += len(chunk)
            if written > left:
                raise _unsafe(path, f"unpacks to more than {MAX_UNPACKED_BYTES:,} bytes")
            if written > most:
                raise _unsafe(path, f"holds {member.filename}, which unpacks over {MAX_RATIO}-fold")
            plain.write(chunk)
    return written


def _safe_name(path: Path, member: zipfile.ZipInfo) -> Path:
    name = _decoded(member).replace("\\", "/")
    pure = PurePosixPath(name)
    if pure.is_absolute() or ".." in pure.parts or ":" in name or "\0" in name:
        raise _unsafe(path, f"holds a path that leaves its folder ({name})")
    return Path(*pure.parts)


def _decoded(member: zipfile.ZipInfo) -> str:
    if member.flag_bits & UTF8_FLAG:
        return member.filename
    try:
        raw = member.orig_filename.encode("cp437")
    except UnicodeEncodeError:
        return member.filename
    for codec in ("utf-8", "gb18030"):
        try:
            return raw.decode(codec)
        except UnicodeDecodeError:
            continue
    return member.filename


def _is_skipped(name: str) -> bool:
    return any(part in SKIPPED for part in PurePosixPath(name).parts)


def _unsafe(path: Path, why: str) -> SourceError:
    return SourceError(
        f"{path.name} {why}",
        where=str(path),
        fix="unpack it yourself where you trust it, and name the layer inside",
        code="unsafe_zip",
    )
