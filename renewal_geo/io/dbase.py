"""Raw dBASE tables: header, text columns as bytes, truncation.

Only what deciding an encoding needs; values are read by GDAL.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from renewal_geo.foundation.errors import SourceError

HEADER_BYTES = 32
FIELD_BYTES = 32
NAME_BYTES = 11
FIELD_END = 0x0D
TEXT_KIND = b"C"
NUMBER_KINDS = (b"N", b"F")
BEYOND_ASCII = 0x80
PIECE_ROWS = 1 << 18
SAMPLE_BYTES = 128 << 20


@dataclass(frozen=True, slots=True)
class Field:
    """One column: raw name, one-letter kind, first byte in the record, width and decimals."""

    name: bytes
    kind: bytes
    start: int
    width: int
    decimals: int = 0


@dataclass(frozen=True, slots=True)
class Header:
    """What the head of a dBASE file says: rows, bytes, language id (byte 29), columns."""

    rows: int
    header_bytes: int
    record_bytes: int
    language_id: int
    fields: tuple[Field, ...]


def head(path: Path) -> Header:
    """Return the header of a dBASE file.

    Raises
    ------
    SourceError
        If the file is shorter than its header promises, or is no dBASE table.
    """
    size = path.stat().st_size
    with path.open("rb") as stream:
        start = stream.read(HEADER_BYTES)
        if len(start) < HEADER_BYTES:
            raise _truncated(path, size, HEADER_BYTES)
        rows, header_bytes, record_bytes = struct.unpack("<IHH", start[4:12])
        if header_bytes < HEADER_BYTES + 1 or record_bytes < 1:
            raise SourceError(
                f"{path.name} is not a dBASE table: its header makes no sense",
                where=str(path),
                fix="export the layer again, or copy the whole set of files again",
                code="not_spatial",
            )
        block = stream.read(header_bytes - HEADER_BYTES)
    fields: list[Field] = []
    place = 1
    for at in range(0, len(block) - FIELD_BYTES + 1, FIELD_BYTES):
        raw = block[at : at + FIELD_BYTES]
        if raw[0] == FIELD_END:
            break
        width = raw[16]
        name = raw[:NAME_BYTES].split(b"\0")[0]
        fields.append(Field(name, raw[11:12], place, width, raw[17]))
        place += width
    if place > record_bytes:
        raise SourceError(
            f"{path.name} is not a dBASE table: its fields need {place} bytes a row, a row has "
            f"{record_bytes}",
            where=str(path),
            fix="export the layer again, or copy the whole set of files again",
            code="not_spatial",
        )
    needed = header_bytes + rows * record_bytes
    if size < needed:
        raise _truncated(path, size, needed)
    return Header(rows, header_bytes, record_bytes, start[29], tuple(fields))


def text_columns(path: Path, header: Header) -> Iterator[tuple[Field, np.ndarray, np.ndarray]]:
    """Yield every text column as a byte array of shape (rows read, width), with the row numbers.

    Tables above 128 MB are sampled evenly; smaller ones are read whole.
    """
    if not header.rows:
        return
    records = _records(path, header)
    step = 1 + header.rows * header.record_bytes // SAMPLE_BYTES
    rows = np.arange(0, header.rows, step)
    for field in header.fields:
        if field.kind == TEXT_KIND and field.width:
            yield field, np.asarray(records[::step, field.start : field.start + field.width]), rows


def odd_numbers(
    path: Path, header: Header, allowed: np.ndarray
) -> Iterator[tuple[Field, dict[int, bytes]]]:
    """Yield every column of numbers that has cells with other bytes than `allowed`, and these cells.

    Parameters
    ----------
    path, header
        The table; it is looked at piece by piece.
    allowed
        256 truth values, one per byte.
    """
    for field in header.fields:
        if field.kind not in NUMBER_KINDS or not field.width or not header.rows:
            continue
        records = _records(path, header)
        found: dict[int, bytes] = {}
        for first in range(0, header.rows, PIECE_ROWS):
            piece = records[first : first + PIECE_ROWS, field.start : field.start + field.width]
            values = np.asarray(piece)
            odd = np.flatnonzero(~allowed[values].all(axis=1))
            found |= {first + int(at): values[at].tobytes().strip(b" \0") for at in odd}
        if found:
            yield field, found


def _records(path: Path, header: Header) -> np.ndarray:
    return np.memmap(
        path,
        dtype=np.uint8,
        mode="r",
        offset=header.header_bytes,
        shape=(header.rows, header.record_bytes),
    )


def _truncated(path: Path, size: int, needed: int) -> SourceError:
    return SourceError(
        f"{path.name} is truncated: its header promises {needed:,} bytes, the file has {size:,}",
        where=str(path),
        fix="copy the file again from its origin",
        code="truncated",
    )
