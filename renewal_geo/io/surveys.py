"""A look at a folder of layers: what is there, which role each may play, which tables fit."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from renewal_geo.foundation import schema
from renewal_geo.foundation.errors import RenewalError
from renewal_geo.foundation.provenance import Source
from renewal_geo.io import formats
from renewal_geo.io.layers import layers_in, read_layer
from renewal_geo.io.tables import SUFFIXES, as_key, read_table

POINT, LINE, POLYGON = {0, 4}, {1, 2, 5}, {3, 6}
KEY_MATCH = 0.5
SEVERAL = {"barriers", "exclusions", "control_lines"}


@dataclass(slots=True)
class Seen:
    """One layer as it was found."""

    path: str
    layer: str
    frame: gpd.GeoDataFrame
    source: Source
    role: str | None = None
    why: str = ""
    columns: dict[str, schema.Guess] = field(default_factory=dict)


def look(root: Path, notes: list[str]) -> list[Seen]:
    """Return every layer of a folder that can be read; notes name the others."""
    seen: list[Seen] = []
    for path in _files(root, formats.LAYER_SUFFIXES):
        shown = path.relative_to(root).as_posix()
        try:
            names = [name for name, _ in layers_in(path)]
        except RenewalError as fault:
            notes.append(f"{shown} was left out: {fault.what}")
            continue
        for name in names:
            asked = name if len(names) > 1 else ""
            try:
                frame, source = read_layer(path, layer=asked, folder=root, strict=False)
            except RenewalError as fault:
                notes.append(f"{shown} {asked} was left out: {fault.what}".replace("  ", " "))
                continue
            seen.append(Seen(shown, asked, frame, source))
    return [*seen, *_placed_tables(root)]


def _placed_tables(root: Path) -> list[Seen]:
    """Return the tables whose columns hold coordinates; what else they hold may be joined."""
    found: list[Seen] = []
    for path in _files(root, formats.PLACED_SUFFIXES):
        try:
            frame, source = read_layer(path, folder=root, strict=False)
        except RenewalError:
            continue  # an ordinary table, which fitting_tables looks at
        found.append(Seen(path.relative_to(root).as_posix(), "", frame, source))
    return found


def _files(root: Path, suffixes: Sequence[str]) -> list[Path]:
    beside = [p for p in sorted(root.iterdir()) if not p.name.startswith(".")]
    folders = [p for p in beside if p.is_dir() and p.suffix.lower() != formats.GDB_SUFFIX]
    below = [q for p in folders for q in sorted(p.iterdir()) if not q.name.startswith(".")]
    return [p for p in [*beside, *below] if p.suffix.lower() in suffixes and _is_data(p)]


def _is_data(path: Path) -> bool:
    is_base = path.suffix.lower() == formats.GDB_SUFFIX
    return path.is_file() != is_base and not formats.keeps_names(path)


def cast(seen: list[Seen], notes: list[str]) -> None:
    """Give roles; where several layers want one that takes one, the largest gets it."""
    for one in seen:
        own = [str(c) for c in one.frame.columns if c != "geometry"]
        stem = one.layer or Path(one.path).stem
        one.role, one.why = schema.guess_role(stem, own, geometry_kind(one.frame))
        if one.role is None:
            notes.append(
                f"the role of {one.path} {one.layer} is unknown: {one.why}".replace("  ", " ")
            )
    if not any(one.role == "parcels" for one in seen):
        polygons = [
            one
            for one in seen
            if one.role in {None, "land_use"} and geometry_kind(one.frame) == "polygon"
        ]
        if polygons:
            largest = max(polygons, key=lambda one: len(one.frame))
            largest.role = "parcels"
            largest.why = "no other layer looks like parcels, and it has the most polygons"
            notes.append(f"{largest.path} was taken as parcels: {largest.why}")
        else:
            notes.append("no layer looks like parcels: give one the role yourself")
    for role in {one.role for one in seen if one.role} - SEVERAL:
        rivals = [one for one in seen if one.role == role]
        for one in sorted(rivals, key=lambda one: -len(one.frame))[1:]:
            one.role = None
            notes.append(f"{one.path} may be {role} too; the largest such layer was taken")
    for one in seen:
        if one.role:
            own = [str(c) for c in one.frame.columns if c != "geometry"]
            one.columns = schema.guess(own, one.role)


def geometry_kind(frame: gpd.GeoDataFrame) -> str:
    """Return polygon, line or point where all shapes are of that kind, else any."""
    types = shapely.get_type_id(frame.geometry.to_numpy())
    types = types[types >= 0]
    for kind, known in (("polygon", POLYGON), ("line", LINE), ("point", POINT)):
        if len(types) and np.isin(types, list(known)).all():
            return kind
    return "any"


@dataclass(frozen=True, slots=True)
class Fit:
    """A table whose keys match a column of the parcels."""

    path: str
    mine: str
    theirs: str
    columns: tuple[str, ...]
    several: bool


def fitting_tables(
    root: Path, parcels: Seen | None, placed: Collection[str], notes: list[str]
) -> list[Fit]:
    """Return the tables of a folder whose keys match the parcels; notes name the others.

    `placed` are the paths of tables that are layers by their own coordinates.
    """
    shapes = {p.with_suffix("").as_posix().casefold() for p in _files(root, (".shp",))}
    fits: list[Fit] = []
    for path in _files(root, SUFFIXES):
        shown = path.relative_to(root).as_posix()
        if path.suffix.lower() == ".dbf" and path.with_suffix("").as_posix().casefold() in shapes:
            continue
        try:
            table, _ = read_table(path)
        except RenewalError as fault:
            notes.append(f"{shown} was left out: {fault.what}")
            continue
        found = _shared_key(parcels.frame, table) if parcels is not None else None
        if found is None:
            if shown not in placed:
                notes.append(f"{shown} is a table whose keys match no column of the parcels")
            continue
        mine, theirs = found
        rest = tuple(str(c) for c in table.columns if c != theirs)
        fits.append(
            Fit(shown, mine, theirs, rest, bool(table[theirs].map(as_key).duplicated().any()))
        )
        notes.append(f"{shown} can be joined on {mine!r} = {theirs!r}: see the comment")
    return fits


def _shared_key(frame: gpd.GeoDataFrame, table: pd.DataFrame) -> tuple[str, str] | None:
    best: tuple[float, str, str] | None = None
    theirs = {str(c): set(table[c].map(as_key)) - {""} for c in table.columns}
    for mine in (str(c) for c in frame.columns if c != "geometry"):
        keys = set(frame[mine].map(as_key)) - {""}
        if len(keys) < max(2, len(frame) / 2):
            continue
        for name, known in theirs.items():
            share = len(keys & known) / len(keys)
            if share >= KEY_MATCH and (best is None or share > best[0]):
                best = (share, mine, name)
    return None if best is None else (best[1], best[2])
