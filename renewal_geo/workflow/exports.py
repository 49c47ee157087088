"""The pass that hands a layer on: read it, write it in another format, say what that cannot hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd

from renewal_geo import io
from renewal_geo.foundation.errors import InputError, UsageError
from renewal_geo.foundation.labels import label
from renewal_geo.foundation.provenance import Source
from renewal_geo.foundation.study import Study
from renewal_geo.workflow.studies import STUDY_FILE

FORMATS = (".gpkg", ".shp", ".parquet", ".geoparquet")


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written, the paths of all files, what was decided while reading."""

    written: tuple[io.Written, ...]
    files: tuple[str, ...]
    notes: tuple[str, ...]

    def __str__(self) -> str:
        return "; ".join(str(one) for one in self.written)


def export(
    path: Path,
    to: Path,
    *,
    layers: Sequence[str] = (),
    encoding: str = "GBK",
    hilbert: bool = False,
    overwrite: bool = False,
) -> Exported:
    """Write layers of a study, or one bare layer, as GeoPackage, Shapefile or GeoParquet.

    Parameters
    ----------
    path
        Study, or a layer as it is.
    to
        File to write; its suffix names the format.
    layers
        Roles of the study (parcels where none is named), or the name of a layer in a file with
        several. Only a GeoPackage takes more than one.
    encoding
        Of a Shapefile.
    hilbert
        Order the rows of a GeoParquet along a curve.
    overwrite
        Replace a file that is there.

    Raises
    ------
    UsageError
        For an unknown suffix, or several layers into one Shapefile or GeoParquet.
    InputError
        ``output_exists`` where the file is there or is an input; as for reading and writing.
    """
    suffix = to.suffix.lower()
    if suffix not in FORMATS:
        raise UsageError(
            f"no format is known for {to.name}", fix=f"end the name in one of {', '.join(FORMATS)}"
        )
    if len(layers) > 1 and suffix != ".gpkg":
        raise UsageError(
            f"{to.name} takes one layer, {len(layers)} are named", fix="write a .gpkg instead"
        )
    tables, notes, inputs, lang = _tables(path, layers)
    _require_free(to, inputs, overwrite=overwrite)
    first = next(iter(tables.values()))
    if suffix == ".gpkg":
        titles = {name: _titles(table, lang) for name, table in tables.items()}
        written = tuple(io.write_layers(to, tables, aliases=titles).values())
    elif suffix == ".shp":
        written = (io.write_shapefile(to, first, encoding=encoding),)
    else:
        written = (io.write_parquet(to, first, hilbert=hilbert),)
    files = dict.fromkeys(str(to.parent / name) for one in written for name in one.files)
    return Exported(written, tuple(files), notes)


def _tables(
    path: Path, layers: Sequence[str]
) -> tuple[dict[str, gpd.GeoDataFrame], tuple[str, ...], list[Path], str]:
    """Return tables by name, what was decided while reading, the input files, the language."""
    if path.is_dir() or path.name == STUDY_FILE or path.suffix == ".toml":
        study: Study = io.open_study(path, measured=False)
        tables = {role: study.table(role) for role in layers or ("parcels",)}
        folder = study.folder or Path()
        sources = study.provenance.inputs
        own = [one for one in sources if one.role.partition(".")[0] in tables]
        return tables, _notes(own), [folder / one.path for one in sources], study.lang
    tables = {}
    read: list[Source] = []
    for layer in layers or ("",):
        table, source = io.read_layer(path, layer=layer, strict=False)
        tables[source.layer or path.stem] = table.reset_index(drop=True)
        read.append(source)
    return tables, _notes(read), [path], "zh"


def _notes(sources: Sequence[Source]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(f"{one.path}: {note}" for one in sources for note in one.notes))


def _titles(table: gpd.GeoDataFrame, lang: str) -> dict[str, str]:
    names = [str(name) for name in (table.index.name, *table.columns) if name]
    titles = {name: label(f"column.{name}", lang) for name in names if name != table.geometry.name}
    return {name: title for name, title in titles.items() if title != name}


def _require_free(to: Path, inputs: Sequence[Path], *, overwrite: bool) -> None:
    if not to.exists():
        return
    if any(one.exists() and one.samefile(to) for one in inputs):
        raise InputError(
            f"{to.name} is itself read for this export",
            where=str(to),
            fix="choose another name",
            code="output_exists",
        )
    if not overwrite:
        raise InputError(
            f"{to.name} is there already",
            where=str(to),
            fix="choose another name, or add --overwrite to replace it",
            code="output_exists",
        )
