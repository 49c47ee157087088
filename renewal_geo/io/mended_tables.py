"""A dBASE table made readable: cut characters, names that stand twice, numbers with commas.

GDAL reads ``68,500`` as 68 and gives two columns one name, without a word. Here a temporary copy is
mended, and every mending is a sentence; the file itself is never changed.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyproj

from renewal_geo.foundation.errors import some_ids
from renewal_geo.io import dbase, drivers, encodings

LARGEST_PRJ = 1 << 20
NUMERALS = np.zeros(256, dtype=bool)
NUMERALS[list(b" 0123456789+-.eEdD*\0")] = True  # stars stand for a number that was too wide
DECIMAL_COMMA = re.compile(rb"[+-]?\d*,(\d+)")
THOUSANDS = re.compile(rb"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")
NUMERAL = re.compile(rb"[+-]?(\d+\.?\d*|\.\d+)([eEdD][+-]?\d+)?|[+-]?\*+|")


@dataclass(slots=True)
class Mending:
    """New bytes by their place in the table, what else goes with it, and what to say of them.

    `parts` are side-cars by suffix whose content is another; None for one that is left out.
    """

    patches: dict[int, bytes] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    parts: dict[str, bytes | None] = field(default_factory=dict)

    def copied(self, path: Path, stack: ExitStack, beside: Iterable[Path] = ()) -> Path:
        """Return a mended copy that lives as long as `stack`; `path` itself where nothing changes.

        Parameters
        ----------
        path
            The table.
        stack
            Removes the copy when it closes.
        beside
            Parts that go with the table; they are linked to, or copied where links are not to be had.
        """
        if not self.patches and not self.parts:
            return path
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="renewal-geo-")))
        copy = folder / "mended.dbf"
        shutil.copyfile(path, copy)
        copy.chmod(0o600)
        for part in beside:
            suffix = part.suffix.lower()
            if suffix not in self.parts:
                _linked(part, folder / f"mended{suffix}")
        for suffix, content in self.parts.items():
            if content is not None:
                (folder / f"mended{suffix}").write_bytes(content)
        with copy.open("r+b") as stream:
            for place, data in self.patches.items():
                stream.seek(place)
                stream.write(data)
        return copy


def mending_of(path: Path, chosen: encodings.Encoding) -> Mending:
    """Return what has to be changed in a copy of a dBASE table before GDAL reads it.

    Parameters
    ----------
    path
        The ``.dbf``, of which nothing is changed.
    chosen
        Its encoding.

    Returns
    -------
    Mending
        Without patches where GDAL reads the table as it stands.
    """
    header = dbase.head(path)
    mending = Mending()
    if chosen.cut:
        _mend_texts(path, header, chosen.codec, mending)
        mending.notes.append("some texts end inside a character; the broken end was left out")
    _mend_names(header, chosen.codec, mending)
    for column, texts in dbase.odd_numbers(path, header, NUMERALS):
        _mend_numbers(header, column, texts, mending)
    return mending


def mend_projection(path: Path, mending: Mending) -> None:
    """Make a ``.prj`` readable that is in GBK, and leave out one that means nothing, and say so."""
    data = path.read_bytes()[:LARGEST_PRJ]
    if not data.strip(b" \0\r\n\t\xef\xbb\xbf"):
        mending.parts[".prj"] = None
        mending.notes.append(f"{path.name} is empty: the file names no CRS")
        return
    chosen = encodings.encoding_of_bytes(data, encodings.AUTO, str(path))
    text = data.decode(chosen.codec, "replace").lstrip("\ufeff").strip("\0 \r\n\t")
    try:
        with drivers.remarks():
            crs = pyproj.CRS.from_wkt(text)
    except pyproj.exceptions.CRSError:
        mending.parts[".prj"] = None
        mending.notes.append(
            f"{path.name} names no CRS that can be understood ({text[:40]!r}); it was left aside"
        )
        return
    if chosen.codec != "utf-8":
        mending.parts[".prj"] = text.encode()
        mending.notes.append(f"{path.name} is in {chosen.evidence.encoding}: {crs.name}")


def _mend_texts(path: Path, header: dbase.Header, codec: str, mending: Mending) -> None:
    for column, values, rows in dbase.text_columns(path, header):
        for at in np.flatnonzero((values >= dbase.BEYOND_ASCII).any(axis=1)):
            raw = values[at].tobytes()
            whole = _whole(raw, codec)
            if whole != raw:
                mending.patches[_place(header, column, int(rows[at]))] = whole.ljust(
                    column.width, b" "
                )


def _mend_names(header: dbase.Header, codec: str, mending: Mending) -> None:
    taken: set[bytes] = {one.name for one in header.fields}
    seen: set[bytes] = set()
    for number, column in enumerate(header.fields):
        name = _whole(column.name, codec)
        if not name or name in seen:
            new = _free_name(name or b"field", number, taken, codec)
            what = f"is called {_shown(name, codec)} as another is" if name else "has no name"
            mending.notes.append(f"column {number + 1} {what}; it is read as {_shown(new, codec)}")
            name = new
        seen.add(name)
        taken.add(name)
        if name != column.name:
            place = dbase.HEADER_BYTES + number * dbase.FIELD_BYTES
            mending.patches[place] = name.ljust(dbase.NAME_BYTES, b"\0")


def _free_name(name: bytes, number: int, taken: set[bytes], codec: str) -> bytes:
    count = 2 if name != b"field" else number + 1
    while True:
        tail = f"_{count}".encode()
        new = _whole(name[: dbase.NAME_BYTES - 1 - len(tail)], codec) + tail
        if new not in taken:
            return new
        count += 1


def _mend_numbers(
    header: dbase.Header, column: dbase.Field, texts: dict[int, bytes], mending: Mending
) -> None:
    commas = {at: _without_comma(text, column.decimals) for at, text in texts.items()}
    lost = [at for at, made in commas.items() if made is None and not NUMERAL.fullmatch(texts[at])]
    for at, made in commas.items():
        if made is not None or at in lost:
            new = (made or b"").rjust(column.width)
            mending.patches[_place(header, column, at)] = new
    name = column.name.decode("ascii", "replace")
    read = {at: made for at, made in commas.items() if made is not None}
    if read:
        at, made = next(iter(read.items()))
        mending.notes.append(
            f"{len(read):,} numbers of {name!r} are written with commas; "
            f"{texts[at].decode('ascii', 'replace')} was read as {made.decode()}"
        )
    if lost:
        shown = some_ids([repr(texts[at].decode("ascii", "replace")) for at in lost], 3)
        mending.notes.append(
            f"{len(lost):,} cells of {name!r} are no numbers and were left empty: {shown} "
            f"(row {some_ids(lost, 3)})"
        )


def _without_comma(text: bytes, decimals: int) -> bytes | None:
    """Return a numeral with its comma read as the field's decimals say; None if it has none.

    >>> _without_comma(b"68,500", 3), _without_comma(b"68,500", 0), _without_comma(b"1,234.5", 1)
    (b'68.500', b'68500', b'1234.5')
    """
    found = DECIMAL_COMMA.fullmatch(text)
    if found and decimals and (len(found.group(1)) == decimals or not THOUSANDS.fullmatch(text)):
        return text.replace(b",", b".")
    return text.replace(b",", b"") if THOUSANDS.fullmatch(text) else None


def _linked(part: Path, target: Path) -> None:
    try:
        target.symlink_to(part.resolve())
    except (OSError, NotImplementedError):
        shutil.copyfile(part, target)


def _place(header: dbase.Header, column: dbase.Field, row: int) -> int:
    return header.header_bytes + row * header.record_bytes + column.start


def _whole(raw: bytes, codec: str) -> bytes:
    return raw.decode(codec, "ignore").encode(codec, "ignore")


def _shown(name: bytes, codec: str) -> str:
    return repr(name.decode(codec, "replace"))
