"""A file made ready for GDAL: out of its zip, its encoding known, its cut texts mended."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from renewal_geo.foundation.errors import SourceError, some_ids
from renewal_geo.foundation.settings import nearest
from renewal_geo.io import archives, dbase, encodings, formats

HASHED_SIDE_CARS = (".shx", ".dbf", ".prj", ".cpg")


@dataclass(slots=True)
class Opened:
    """A file that GDAL may open: where it lies now, what it is, which codec its texts need."""

    path: Path
    kind: str
    hashed: list[Path]
    codec: str | None = None
    encoding: str = "UTF-8"
    notes: list[str] = field(default_factory=list)


@contextmanager
def opened_source(path: Path, layer: str, encoding: str) -> Iterator[Opened]:
    """Yield the file as GDAL may open it; temporary copies are gone after the block.

    Parameters
    ----------
    path
        Local file that exists.
    layer
        Name of the layer, which picks one of several in a zip.
    encoding
        As the study gives it, or ``auto``.

    Raises
    ------
    SourceError
        For what is no layer, is unsafe, incomplete, or in another encoding than given.
    """
    kind = formats.kind_of(path)
    if kind != "zip":
        with _decided(path, kind, encoding) as opened:
            yield opened
        return
    with archives.unpacked(path) as folder:
        member = _member(path, folder, layer)
        with _decided(member, formats.kind_of(member), encoding) as opened:
            opened.hashed = [path]
            opened.notes.insert(0, f"read from {member.relative_to(folder).as_posix()} in the zip")
            yield opened


def members_of(folder: Path) -> list[Path]:
    """Return the files in an unpacked zip that are layers by their names."""
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return [p for p in files if p.suffix.lower() in formats.LAYER_SUFFIXES]


def _member(path: Path, folder: Path, layer: str) -> Path:
    members = members_of(folder)
    if not members:
        raise SourceError(
            f"{path.name} holds no layer",
            where=str(path),
            fix="put a Shapefile with its side-cars, a GeoPackage or a GeoJSON into it",
            code="not_spatial",
        )
    if len(members) == 1:
        return members[0]
    named = [
        m for m in members if layer and layer in {m.stem, m.name, m.relative_to(folder).as_posix()}
    ]
    if len(named) == 1:
        return named[0]
    stems = [m.stem for m in members]
    raise which_layer(path.name, layer, stems, str(path))


@contextmanager
def _decided(path: Path, kind: str, encoding: str) -> Iterator[Opened]:
    """Decide the encoding; where texts have to be mended, yield a temporary copy."""
    opened = Opened(path, kind, [path])
    with ExitStack() as stack:
        if kind == "shapefile":
            opened.notes += formats.check_shapefile(path)
            parts = formats.side_cars(path)
            opened.hashed = [path, *(parts[s] for s in HASHED_SIDE_CARS if s in parts)]
            chosen = encodings.encoding_of_table(parts[".dbf"], encoding, parts.get(".cpg"))
            _note_encoding(opened, chosen)
            if chosen.cut:
                opened.notes.append(
                    "some texts end inside a character; the broken end was left out"
                )
                copy = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="renewal-geo-")))
                opened.path = _mended(parts, chosen.codec, copy)
        elif kind == "json":
            chosen = encodings.encoding_of_bytes(path.read_bytes(), encoding, str(path))
            if chosen.codec not in {"utf-8", "utf-8-sig"}:
                _note_encoding(opened, chosen)
                copy = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="renewal-geo-")))
                opened.path = copy / path.name
                text = path.read_bytes().decode(chosen.codec)
                opened.path.write_text(text, encoding="utf-8")
            opened.codec = None
        elif encoding and encoding.lower() != encodings.AUTO:
            opened.notes.append(
                f"{path.suffix[1:]} files state their own encoding; {encoding} unused"
            )
        yield opened


def _note_encoding(opened: Opened, chosen: encodings.Encoding) -> None:
    opened.codec = chosen.codec
    opened.encoding = encodings.titled(chosen.codec)
    opened.notes += chosen.notes
    opened.notes.append(f"texts read as {opened.encoding}: {chosen.evidence}")
    if chosen.doubt:
        opened.notes.append(
            f"encoding_doubt: {opened.encoding} is a guess; compare a few names with the original, "
            "and write encoding into study.toml"
        )


def _mended(parts: dict[str, Path], codec: str, folder: Path) -> Path:
    """Copy a Shapefile with blanks in place of characters that a narrow field has cut."""
    for suffix, part in parts.items():
        if suffix in {".shp", ".shx", ".dbf", ".prj"}:
            shutil.copyfile(part, folder / f"mended{suffix}")
    table = folder / "mended.dbf"
    header = dbase.head(table)
    with table.open("r+b") as stream:
        for number, column in enumerate(header.fields):
            whole = _whole(column.name, codec)
            stream.seek(dbase.HEADER_BYTES + number * dbase.FIELD_BYTES)
            stream.write(whole.ljust(dbase.NAME_BYTES, b"\0"))
        for column, values, rows in dbase.text_columns(table, header):
            for at in np.flatnonzero((values >= dbase.BEYOND_ASCII).any(axis=1)):
                raw = values[at].tobytes()
                whole = _whole(raw, codec)
                if whole != raw:
                    stream.seek(
                        header.header_bytes + int(rows[at]) * header.record_bytes + column.start
                    )
                    stream.write(whole.ljust(column.width, b" "))
    return folder / "mended.shp"


def _whole(raw: bytes, codec: str) -> bytes:
    return raw.decode(codec, "ignore").encode(codec)


def which_layer(file: str, layer: str, names: list[str], where: str) -> SourceError:
    """Return the error for a layer that is not there, or not named where there are several."""
    listed = some_ids(names, 12)
    if layer:
        return SourceError(
            f"{file} has no layer {layer!r}{nearest(layer, names)}",
            where=where,
            fix=f"use one of: {listed}",
            code="layer_unknown",
        )
    return SourceError(
        f"{file} has {len(names)} layers and none is named",
        where=where,
        fix=f"add layer = with one of: {listed}",
        code="layer_ambiguous",
    )
