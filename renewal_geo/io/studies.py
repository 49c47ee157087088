"""Opening a study: every layer read, reprojected, given canonical columns, and accounted for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj

from renewal_geo.foundation import crs as crs_rules
from renewal_geo.foundation import expressions, progress, schema
from renewal_geo.foundation.crs_candidates import candidates, listed
from renewal_geo.foundation.errors import CRSError, ExpressionError, InputError
from renewal_geo.foundation.provenance import Provenance, Source, versions
from renewal_geo.foundation.study import Study
from renewal_geo.io.declarations import Declaration, Layer, declared
from renewal_geo.io.joins import join_rows
from renewal_geo.io.layers import read_layer
from renewal_geo.io.locations import in_degrees, same_crs
from renewal_geo.io.tables import read_table

NO_SHAPES = "none"


def open_study(
    path: str | Path, *, measured: bool = True, needs: Sequence[str] = ("parcels",)
) -> Study:
    """Open a study: check ``study.toml``, read every layer into one working CRS.

    Parameters
    ----------
    path
        Folder with ``study.toml``, or that file.
    measured
        Insist on a CRS that can measure: a metric working CRS, and a known one for every layer.
        Without it (``quality check``) layers without a CRS stay as they are and the working CRS,
        where ``study.toml`` has none, is the parcels' own.
    needs
        Roles without which the question means nothing.

    Returns
    -------
    Study
        Tables by role in the working CRS. Several layers of one role are one table; where their
        ids collide each gets the stem of its file before it. Null and invalid geometries and
        duplicate parcel ids stay: they are the business of ``quality``.

    Raises
    ------
    SourceError, SchemaError, ExpressionError
        As for ``study.toml``, layers, joins and columns; an expression `where` that selects
        nothing is one of them.
    CRSError
        ``crs_missing, crs_geographic, crs_web_mercator, crs_not_metric, crs_contradiction,
        crs_suspect``.

    Examples
    --------
    >>> study = open_study("data/shapefiles")  # doctest: +SKIP
    >>> study.parcels.crs.to_epsg()  # doctest: +SKIP
    4547
    """
    declaration = declared(path)
    missing = [role for role in needs if role not in {layer.role for layer in declaration.layers}]
    if missing:
        raise InputError(
            f"the study has no {' and no '.join(missing)}",
            where=str(declaration.folder),
            fix=f'add [layers.{missing[0]}] with path = "…" to study.toml',
            code="layer_missing",
        )
    working = _working_crs(declaration, measured)
    parts: dict[str, list[tuple[str, gpd.GeoDataFrame]]] = {}
    sources: list[Source] = []
    for number, layer in enumerate(declaration.layers):
        progress.report("io.read", number / len(declaration.layers))
        frame, read = _read(declaration, layer, measured)
        if working is None and layer.role == "parcels":
            working = frame.crs
        frame, note = _in_working_crs(frame, working, layer, measured)
        sources += [_with_notes(read[0], note), *read[1:]]
        parts.setdefault(layer.role, []).append((Path(layer.path).stem, frame))
    progress.report("io.read", 1.0)
    tables = {role: _united(frames) for role, frames in parts.items()}
    forced = tuple(
        f"{one.path}: {note}"
        for one in sources
        for note in one.notes
        if note.startswith("crs_forced")
    )
    return Study(
        name=declaration.name,
        crs=working,  # type: ignore[arg-type]  # None only where nothing is to be measured
        tables=tables,
        as_of=declaration.as_of,
        lang=declaration.lang,
        settings=declaration.settings,
        provenance=Provenance(
            inputs=tuple(sources), versions=versions(), notes=(*declaration.notes, *forced)
        ),
        folder=declaration.folder,
    )


def open_layer(
    path: str | Path, *, layer: str = "", encoding: str = "auto", crs: str = ""
) -> tuple[gpd.GeoDataFrame, Source]:
    """Open one layer as parcels, without a study: what ``quality check`` does with a bare layer.

    Parameters
    ----------
    path, layer, encoding, crs
        As for :func:`read_layer`.

    Returns
    -------
    parcels : GeoDataFrame
        All features in the file's own CRS, which may be geographic or missing; columns are
        recognised by their names where units leave no doubt; indexed by ``parcel_id`` (text).
    source : Source
        The record, with a note on every column that was recognised.

    Raises
    ------
    SourceError, CRSError
        As for :func:`read_layer`.
    """
    frame, source = read_layer(
        path, layer=layer, encoding=encoding, crs=crs, role="parcels", strict=False
    )
    guessed = schema.guess(_own_names(frame), "parcels")
    columns: dict[str, Any] = {}
    notes: list[str] = []
    for name, found in guessed.items():
        if found.unit is None:
            notes.append(f"{found.original!r} may be {name}, but its unit is unknown: left alone")
            continue
        if name == "parcel_id" and not _can_be_id(frame[found.original]):
            notes.append(f"{found.original!r} is the same in most rows and cannot be the parcel id")
            continue
        columns[name] = {"name": found.original, **({"unit": found.unit} if found.unit else {})}
        notes.append(f"{name}: {found.why}")
    try:
        conformed = schema.conform(frame, "parcels", columns, where=source.path)
    except InputError as fault:
        notes.append(f"columns were not recognised: {fault.what}")
        bare = frame.rename(columns={n: f"{n}_original" for n in _clashing(frame)})
        ids = {n: one for n, one in columns.items() if n == "parcel_id" and one["name"] in bare}
        conformed = schema.conform(bare, "parcels", ids, where=source.path)
    return conformed.frame, _with_notes(source, *notes, *conformed.notes)


def _clashing(frame: gpd.GeoDataFrame) -> list[str]:
    """Return own columns that bear a canonical name but need not hold what it promises."""
    return [name for name in _own_names(frame) if name in schema.table("parcels").columns]


def _can_be_id(values: pd.Series) -> bool:
    return values.nunique() > len(values) / 2


def _own_names(frame: gpd.GeoDataFrame) -> list[str]:
    return [str(c) for c in frame.columns if c != frame.geometry.name]


def _working_crs(declaration: Declaration, measured: bool) -> pyproj.CRS | None:
    if not declaration.crs.strip() and not measured:
        return None
    try:
        working = crs_rules.parse(declaration.crs)
        if measured:
            crs_rules.require_metric(working, "the working CRS of the study")
    except CRSError as fault:
        fault.where = str(declaration.folder / "study.toml") + ": crs"
        raise
    return working


def _read(
    declaration: Declaration, layer: Layer, measured: bool
) -> tuple[gpd.GeoDataFrame, list[Source]]:
    if schema.table(layer.role).geometry == NO_SHAPES:
        frame, source = _read_plain(declaration, layer)
    else:
        frame, source = read_layer(
            layer.path,
            layer=layer.layer,
            encoding=layer.encoding,
            crs=layer.crs,
            crs_force=layer.crs_force,
            role=layer.role,
            folder=declaration.folder,
            strict=measured,
            x=layer.x,
            y=layer.y,
            wkt=layer.wkt,
        )
        if frame.crs is None and measured:
            raise _without_crs(frame, layer)
        if measured and not layer.crs.strip():
            _ask_for_system(source, layer)
    sources: list[Source] = []
    full = dict(source.restored)
    columns = {name: _in_full(asked, full) for name, asked in layer.columns.items()}
    notes = _named_in_study(columns)
    for join in layer.joins:
        table, joined_source = read_table(
            join.path,
            sheet=join.sheet,
            encoding=join.encoding,
            role=f"{layer.role}.join",
            folder=declaration.folder,
        )
        joined = join_rows(
            frame,
            table,
            on={full.get(mine, mine): theirs for mine, theirs in join.on.items()},
            columns=join.columns,
            many=join.many,
            mapped=columns,
            role=layer.role,
            where=f"{layer.path} with {join.path}",
        )
        frame = gpd.GeoDataFrame(joined.frame)
        columns |= joined.columns
        sources.append(_with_notes(joined_source, *joined.notes))
    conformed = schema.conform(frame, layer.role, columns, where=layer.path)
    made = conformed.frame
    notes += conformed.notes
    if layer.where.strip():
        made = _selected(frame, made, layer, full, notes)
    return made, [_with_notes(source, *notes), *sources]


def _read_plain(declaration: Declaration, layer: Layer) -> tuple[gpd.GeoDataFrame, Source]:
    """Read a role that has no shapes, such as milestones: every row has a missing geometry."""
    table, source = read_table(
        layer.path,
        sheet=layer.layer,
        encoding=layer.encoding,
        role=layer.role,
        folder=declaration.folder,
    )
    return gpd.GeoDataFrame(table, geometry=np.full(len(table), None, dtype=object)), source


def _in_full(asked: Any, full: Mapping[str, str]) -> Any:
    """Let a study go on naming a field by its cut name where a side-car gives the full one."""
    if isinstance(asked, Mapping):
        return {**asked, "name": full.get(asked.get("name", ""), asked.get("name", ""))}
    return full.get(asked, asked) if isinstance(asked, str) else asked


def _named_in_study(columns: Mapping[str, Any]) -> list[str]:
    """Say which cut names the study itself gives in full."""
    pairs = [
        (one["name"] if isinstance(one, Mapping) else one, name) for name, one in columns.items()
    ]
    cut = [
        f"{field} is {name}"
        for field, name in pairs
        if isinstance(field, str) and name != field and name.startswith(field)
    ]
    return [f"field names in full by the study: {', '.join(cut)}"] if cut else []


def _selected(
    own: gpd.GeoDataFrame,
    frame: gpd.GeoDataFrame,
    layer: Layer,
    full: Mapping[str, str],
    notes: list[str],
) -> gpd.GeoDataFrame:
    """Keep the rows that ``where`` picks, by the file's own columns where it has them all."""
    asked = set(expressions.columns_of(layer.where))
    cut = {name: field for field, name in full.items()}
    tables = (own, own.rename(columns=cut), frame)
    table = next((one for one in tables if asked <= set(one.columns)), frame)
    chosen = expressions.select(layer.where, table, where=f"[{layer.place}] where")
    if not chosen.any():
        raise ExpressionError(
            f"where = {layer.where!r} selects none of {len(frame):,} rows",
            where=f"{layer.path} [{layer.place}]",
            fix="check the values of the column, or leave where empty",
            code="selects_nothing",
        )
    notes.append(f"where = {layer.where!r} keeps {int(chosen.sum()):,} of {len(frame):,} rows")
    return frame[chosen.to_numpy()]


def _in_working_crs(
    frame: gpd.GeoDataFrame, working: pyproj.CRS | None, layer: Layer, measured: bool
) -> tuple[gpd.GeoDataFrame, str]:
    own = frame.crs
    if own is None:
        if schema.table(layer.role).geometry == NO_SHAPES:
            return frame, ""
        return frame, "crs_missing: the layer names no CRS"
    odd = crs_rules.suspect(frame.total_bounds, own)
    if odd and measured and _impossible(frame, own):
        raise CRSError(
            odd,
            where=f"{layer.path} [{layer.place}]",
            fix="give the CRS that the coordinates are in: crs = and crs_force = true",
            code="crs_suspect",
        )
    note = f"crs_suspect: {odd}" if odd else ""
    if working is None or own.equals(working):
        return frame, note
    if same_crs(own, working):
        return frame.set_crs(working, allow_override=True), note
    moved = frame.to_crs(working)
    bounds = np.asarray(moved.total_bounds, dtype=float)
    if np.isinf(moved.geometry.bounds.to_numpy(dtype=float)).any() or np.isinf(bounds).any():
        raise CRSError(
            f"some coordinates cannot be brought from {crs_rules.name_of(own)} to "
            f"{crs_rules.name_of(working)}",
            where=f"{layer.path} [{layer.place}]",
            fix="check the CRS of the layer and the working CRS",
            code="crs_suspect",
        )
    said = f"reprojected from {crs_rules.name_of(own)} to {crs_rules.name_of(working)}"
    return moved, "; ".join(one for one in (said, note) if one)


def _impossible(frame: gpd.GeoDataFrame, own: pyproj.CRS) -> bool:
    """Degrees under a CRS in metres, or metres under one in degrees, cannot be meant."""
    degrees = in_degrees(frame)
    return degrees is not None and degrees != bool(own.is_geographic)


def _without_crs(frame: gpd.GeoDataFrame, layer: Layer) -> CRSError:
    found = candidates(frame.total_bounds)
    example = next((one.crs for one in found if one.crs), crs_rules.EXAMPLE)
    could = listed(frame.total_bounds)
    degrees = in_degrees(frame)
    looks = "; the coordinates look like degrees (longitude, latitude)" if degrees else ""
    return CRSError(
        f"{layer.path} names no CRS, and the study gives none{looks}",
        where=f"{layer.path} [{layer.place}]",
        fix=f'ask whoever made it, and write crs = "{example}" (or whatever it is) into '
        f"[layers.{layer.role}]"
        + (f"; by their range the coordinates could be {could}" if could else ""),
        code="crs_missing",
    )


def _ask_for_system(source: Source, layer: Layer) -> None:
    """Refuse to measure with degrees of which nobody said, and something speaks against, that they are WGS 84.

    The systems of Chinese web maps lie some 500 m away: more than the radius of a kindergarten.
    """
    assumed = next((note for note in source.notes if "are assumed" in note), "")
    doubt = next((note for note in source.notes if note.startswith("crs_suspect: ")), "")
    if not assumed or "not WGS 84" not in doubt:
        return
    why = doubt.removeprefix("crs_suspect: ").rpartition("; write crs")[0]
    system = "BD-09" if "probably BD-09" in why else "GCJ-02"
    raise CRSError(
        f"{Path(layer.path).name} states no CRS ({assumed.split(':')[0]}), and {why}",
        where=f"{layer.path} [{layer.place}]",
        fix=f'ask where it comes from, and say so in [{layer.place}]: crs = "{system}" brings it back to '
        'WGS 84; crs = "EPSG:4326" if it is WGS 84 already',
        code="crs_missing",
    )


def _united(frames: list[tuple[str, gpd.GeoDataFrame]]) -> gpd.GeoDataFrame:
    if len(frames) == 1:
        return frames[0][1]
    seen: set[str] = set()
    collide = False
    for _, frame in frames:
        collide = collide or not seen.isdisjoint(frame.index)
        seen.update(frame.index)
    if collide:
        stems = [stem for stem, _ in frames]
        labels = [
            stem if stems.count(stem) == 1 else f"{stem}{number}"
            for number, stem in enumerate(stems, 1)
        ]
        frames = [
            (label, frame.set_axis(_prefixed(frame.index, label)))
            for label, (_, frame) in zip(labels, frames, strict=True)
        ]
    tables = [frame for _, frame in frames]
    crs = next((one.crs for one in tables if one.crs is not None), None)
    united = pd.concat(
        [pd.DataFrame(one).dropna(axis="columns", how="all") for one in tables], sort=False
    )
    missing = [c for one in tables for c in one.columns if c not in united.columns]
    for column in dict.fromkeys(missing):
        united[column] = None
    ordered = [
        c for c in dict.fromkeys(c for one in tables for c in one.columns) if c != "geometry"
    ]
    made = gpd.GeoDataFrame(united[[*ordered, "geometry"]], geometry="geometry", crs=crs)
    made.index.name = tables[0].index.name
    return made


def _prefixed(index: pd.Index, label: str) -> pd.Index:
    return pd.Index([f"{label}:{one}" for one in index], name=index.name, dtype=object)


def _with_notes(source: Source, *notes: str) -> Source:
    kept = [note for note in notes if note]
    return replace(source, notes=tuple(dict.fromkeys([*source.notes, *kept])))
