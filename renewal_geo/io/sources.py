"""A file made ready for GDAL: out of its zip, its encoding known, its cut texts mended."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from renewal_geo.foundation.errors import SourceError, some_ids
from renewal_geo.foundation.provenance import Evidence
from renewal_geo.foundation.settings import nearest
from renewal_geo.io import archives, encodings, formats
from renewal_geo.io.mended_tables import mend_projection, mending_of

IN_FORMAT = Evidence("UTF-8", "format", "the format has one encoding")
HASHED_SIDE_CARS = (".shx", ".dbf", ".prj", ".cpg")


@dataclass(slots=True)
class Opened:
    """A file that GDAL may open: where it lies now, what it is, which codec its texts need.

    `path` may be a mended copy of `beside`, the file that was given or unpacked.
    """

    path: Path
    kind: str
    hashed: list[Path]
    beside: Path
    codec: str | None = None
    evidence: Evidence = IN_FORMAT
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
    found = sorted(folder.rglob("*"))
    bases = [p for p in found if p.is_dir() and p.suffix.lower() == formats.GDB_SUFFIX]
    files = [
        p
        for p in found
        if p.is_file()
        and p.suffix.lower() in formats.LAYER_SUFFIXES
        and not formats.keeps_names(p)
        and not any(base in p.parents for base in bases)
    ]
    return [*bases, *files]


def parts_of(path: Path) -> list[Path]:
    """Return the files whose bytes make up a layer: of a geodatabase all but locks."""
    if path.is_dir():
        return [p for p in path.iterdir() if p.is_file() and p.suffix.lower() != ".lock"]
    if path.suffix.lower() == ".shp":
        parts = formats.side_cars(path)
        return [path, *(parts[s] for s in HASHED_SIDE_CARS if s in parts)]
    return [path]


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
    raise which_layer(path.name, layer, _labels(members, folder), str(path))


def _labels(members: list[Path], folder: Path) -> list[str]:
    """Return the stems of members, with folder and suffix where stems alone are not enough."""
    stems = [m.stem for m in members]
    if len(set(stems)) == len(stems):
        return stems
    return [m.relative_to(folder).as_posix() for m in members]


@contextmanager
def _decided(path: Path, kind: str, encoding: str) -> Iterator[Opened]:
    """Decide the encoding; where texts have to be mended, yield a temporary copy."""
    opened = Opened(path, kind, [path], path)
    with ExitStack() as stack:
        if kind == "shapefile":
            opened.notes += formats.check_shapefile(path)
            parts = formats.side_cars(path)
            opened.hashed = parts_of(path)
            chosen = encodings.encoding_of_table(parts[".dbf"], encoding, parts.get(".cpg"))
            _note_encoding(opened, chosen)
            mending = mending_of(parts[".dbf"], chosen)
            if ".prj" in parts:
                mend_projection(parts[".prj"], mending)
            opened.notes += mending.notes
            beside = [parts[s] for s in (".shp", ".shx", ".prj") if s in parts]
            table = mending.copied(parts[".dbf"], stack, beside)
            opened.path = path if table == parts[".dbf"] else table.with_suffix(".shp")
        elif kind == "json":
            chosen = encodings.encoding_of_bytes(path.read_bytes(), encoding, str(path))
            if chosen.codec not in {"utf-8", "utf-8-sig"}:
                _note_encoding(opened, chosen)
                copy = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="renewal-geo-")))
                opened.path = copy / path.name
                text = path.read_bytes().decode(chosen.codec)
                opened.path.write_text(text, encoding="utf-8")
            opened.codec = None
        elif kind == "gdb":
            opened.hashed = parts_of(path)
        elif kind != "table" and encoding and encoding.lower() != encodings.AUTO:
            opened.notes.append(
                f"{path.suffix[1:]} files state their own encoding; {encoding} unused"
            )
        yield opened


def _note_encoding(opened: Opened, chosen: encodings.Encoding) -> None:
    opened.codec = chosen.codec
    opened.evidence = chosen.evidence
    opened.notes += chosen.notes()


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
        fix=f"add layer = with one of: {listed} (or write {file}|layername={names[0]})",
        code="layer_ambiguous",
    )
