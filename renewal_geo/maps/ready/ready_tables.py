"""Users' tables as the ready maps take them: ids, required columns, days, areas, texts, classes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from renewal_geo.foundation import crs as crs_rules
from renewal_geo.foundation import schema
from renewal_geo.foundation.days import parsed_days
from renewal_geo.foundation.errors import InputError, some_ids
from renewal_geo.foundation.labels import own_title
from renewal_geo.maps.palettes import OTHER, Ink
from renewal_geo.maps.spec import LayerSpec, MapClass, MapColumn, Text, both, require_columns

MISSING = Ink("#f4f2ec", "dots")
SHOWN_TEXTS = 3


@dataclass(frozen=True, slots=True)
class Code:
    """One value that a status can have: its code, title and sign, and what people write for it."""

    value: str
    title: Text
    ink: Ink
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """A column of statuses: legend entries, n positions in them, and n texts in both languages."""

    classes: tuple[MapClass, ...]
    class_of: NDArray[np.int32]
    zh: pd.Series
    en: pd.Series


def identified(table: pd.DataFrame, role: str, needed: Sequence[str] = ()) -> Any:
    """Return a copy with the id of `role` as a text column and rows numbered from 0.

    The id is the column of that name, else the index.

    Raises
    ------
    InputError
        ``unknown_column``, naming every needed column that is not there and how to map it.
    """
    id_column = schema.table(role).id_column
    _require(table, role, [name for name in needed if name != id_column])
    if id_column in table.columns:
        ids = schema.as_text(table[id_column]).fillna("")
        made = table.reset_index(drop=True)
    else:
        ids = pd.Series(table.index.astype(str))
        made = table.reset_index(drop=True)
    return made.assign(**{id_column: ids.to_numpy(dtype=object)})


def _require(table: pd.DataFrame, role: str, needed: Sequence[str]) -> None:
    missing = [name for name in needed if name not in table.columns]
    if not missing:
        return
    own = [str(name) for name in table.columns if name != "geometry"]
    guesses = schema.guess(own, role)
    maps = ", ".join(
        f'{name} = "{guesses[name].original if name in guesses else "…"}"' for name in missing
    )
    raise InputError(
        f"the table {role} has no column {', '.join(missing)}",
        where=f"[layers.{role}]; it has: {some_ids(own, 12)}",
        fix=f"name your column in study.toml: columns = {{ {maps} }}; in Python rename it",
        code="unknown_column",
    )


def texts_of(table: pd.DataFrame, name: str) -> pd.Series[str]:
    """Return a column as texts without blanks around them, empty where missing or no such column."""
    if name not in table.columns:
        return pd.Series("", index=table.index, dtype=object)
    values = schema.as_text(table[name])
    texts: pd.Series[str] = values.where(values.notna(), "").map(str).astype(object)
    return texts


def days_of(table: pd.DataFrame, name: str, what: Text) -> tuple[pd.Series, list[Text]]:
    """Return a column as days, and a note where a text is no day: it then counts as missing.

    Reads dates, ``2020-06-30``, ``2020/6/30``, ``2020.6.30``, ``2020年6月30日`` and ``20200630``.
    """
    days, unread = parsed_days(table[name])
    return days, [said("ready.days_unread", what, unread)] if unread else []


def areas_of(table: gpd.GeoDataFrame, what: Text) -> tuple[NDArray[np.float64], list[Text]]:
    """Return n areas (m2), those of the column ``area_m2`` or else planar ones, and notes.

    Every page says that areas come from the table; the notes say where they do not.

    Raises
    ------
    CRSError
        Where nothing is recorded and the CRS cannot measure.
    """
    drawn = _drawn(table)
    if "area_m2" not in table.columns:
        if np.isfinite(drawn).any():
            crs_rules.require_metric(table.crs, what.en)
            return drawn, [said("ready.area_drawn", what), *_lacking(drawn, what)]
        return drawn, _lacking(drawn, what)
    recorded = pd.to_numeric(table["area_m2"], errors="coerce").to_numpy(dtype=float)
    gaps = ~np.isfinite(recorded)
    metric = table.crs is not None and table.crs.is_projected
    filled = np.where(gaps & metric, drawn, recorded)
    mended = int((gaps & np.isfinite(filled)).sum())
    notes = [said("ready.area_mixed", what, count=mended)] if mended else []
    return filled, [*notes, *_lacking(filled, what)]


def _drawn(table: gpd.GeoDataFrame) -> NDArray[np.float64]:
    shapes = table.geometry.to_numpy()
    flat = shapely.get_dimensions(shapes) == 2
    return np.where(flat, shapely.area(shapes), np.nan)


def _lacking(areas: NDArray[np.float64], what: Text) -> list[Text]:
    count = int((~np.isfinite(areas)).sum())
    return [said("ready.area_lacking", what, count=count)] if count else []


def gaps_said(table: gpd.GeoDataFrame, what: Text, *day_columns: str) -> list[Text]:
    """Say how many rows have no shape, and how many no day."""
    notes = []
    bare = int((table.geometry.isna() | table.geometry.is_empty).sum())
    if bare:
        notes.append(said("ready.shapes_missing", what, count=bare))
    for name in day_columns:
        undated = int(table[name].isna().sum())
        if undated:
            notes.append(said("ready.days_missing", what, count=undated))
    return notes


def strangers_said(ids: Iterable[str], what: Text) -> list[Text]:
    """Say which rows belong to no project, where there are any."""
    odd = list(ids)
    return [said("ready.strangers", what, odd)] if odd else []


def said(key: str, what: Text, texts: Sequence[str] = (), **figures: object) -> Text:
    """Return a note about a table, with some of the user's own words."""
    figures.setdefault("count", len(texts))
    shown = some_ids([text[:40] for text in dict.fromkeys(texts)], SHOWN_TEXTS)
    return both(key, what=what, texts=shown, **figures)


def coded(
    values: pd.Series,
    codes: Sequence[Code],
    area_m2: NDArray[np.float64] | None = None,
    *,
    empty: bool = True,
) -> Coded:
    """Return a column of statuses as legend entries in the order of `codes`.

    A text that no code knows stays as it is, in the class ``other``; a missing one is ``none``.
    Codes without a row keep their entry if `empty`.
    """
    place = {name: i for i, one in enumerate(codes) for name in _names(one)}
    texts = values.astype(object).where(values.notna(), "").map(lambda one: str(one).strip())
    found = texts.map(lambda one: place.get(one.casefold(), len(codes) if one else len(codes) + 1))
    entries = [(one.value, one.title, one.ink) for one in codes]
    entries.append(("other", both("ready.other_values"), OTHER))
    entries.append(("none", both("ready.not_stated"), MISSING))
    kept = [i for i in range(len(entries)) if (empty and i < len(codes)) or (found == i).any()]
    area = None if area_m2 is None else np.nan_to_num(area_m2)
    classes = tuple(
        MapClass(
            entries[i][0], entries[i][1], entries[i][2].fill, entries[i][2].line, entries[i][2].width,
            entries[i][2].hatch, (), int((found == i).sum()),
            None if area is None else float(area[(found == i).to_numpy()].sum()),
        )
        for i in kept
    )  # fmt: skip
    where = {i: position for position, i in enumerate(kept)}
    own = found == len(codes)
    titles = {i: title for i, (_, title, _) in enumerate(entries)}
    return Coded(
        classes,
        np.array(found.map(where), dtype=np.int32),
        found.map(lambda i: titles[i].zh).where(~own, texts).astype(object),
        found.map(lambda i: titles[i].en).where(~own, texts).astype(object),
    )


def _names(one: Code) -> set[str]:
    said = (one.value, one.title.zh, one.title.en, *one.names)
    return {name.casefold() for name in said}


def column(
    frame: pd.DataFrame, name: str, title: Text, *, decimals: int = 0, english: str = ""
) -> MapColumn:
    """Return a column of a popup; its form follows from what the table holds."""
    values = frame[name]
    if pd.api.types.is_datetime64_any_dtype(values):
        return MapColumn(name, title, "date")
    if pd.api.types.is_bool_dtype(values):
        return MapColumn(name, title, "yes_no")
    if pd.api.types.is_numeric_dtype(values):
        return MapColumn(name, title, "number", decimals)
    return MapColumn(name, title, english=english)


def own_columns(
    frame: pd.DataFrame, names: Sequence[str], shown: Sequence[MapColumn], what: str
) -> tuple[MapColumn, ...]:
    """Return the columns that the caller released besides the allowed ones.

    Raises
    ------
    InputError
        For one that is not there.
    """
    require_columns(names, frame, what)
    taken = {one.name for one in shown}
    return tuple(
        column(frame, name, Text(own_title(name, "zh"), own_title(name, "en")), decimals=2)
        for name in dict.fromkeys(names)
        if name not in taken
    )


def values_of(frame: pd.DataFrame, shown: Sequence[MapColumn]) -> pd.DataFrame:
    """Return what a layer carries: the shown columns with their English sides, and nothing else."""
    names = [name for one in shown for name in (one.name, one.english) if name]
    return pd.DataFrame(frame[names]).reset_index(drop=True)


def by_kind(layer: LayerSpec) -> list[LayerSpec]:
    """Return a layer as the kind that its shapes are; points among polygons are a layer of their own.

    All rows stay in the first layer, so that its figures are those of the table.
    """
    dimension = shapely.get_dimensions(layer.geometry.to_numpy())
    if not (dimension == 2).any():
        kind: Any = (
            "line" if (dimension == 1).any() else "point" if (dimension == 0).any() else "polygon"
        )
        return [replace(layer, kind=kind)]
    rest = np.flatnonzero(dimension == 0)
    if not len(rest):
        return [replace(layer, kind="polygon")]

    def some(texts: tuple[str, ...] | None) -> tuple[str, ...] | None:
        return None if texts is None else tuple(texts[row] for row in rest)

    bare = tuple(replace(one, count=None, area_m2=None) for one in layer.classes)
    points = replace(
        layer, name=f"{layer.name}_points", kind="point", classes=bare, schemes=(), area="",
        title=both("ready.points_of", title=layer.title),
        geometry=gpd.GeoSeries(layer.geometry.iloc[rest].reset_index(drop=True)), class_of=layer.class_of[rest],
        values=layer.values.iloc[rest].reset_index(drop=True),  # noqa: PD011 - our own field
        captions=some(layer.captions), marks=some(layer.marks), search=(), filters=(),
        owners=None if layer.owners is None else layer.owners[rest],
    )  # fmt: skip
    return [replace(layer, kind="polygon"), points]


def texts_map(table: pd.DataFrame, ids: str, name: str) -> Mapping[str, str]:
    """Return id -> text of a column, the first where an id stands twice."""
    once = table.drop_duplicates(ids)
    return dict(zip(once[ids], texts_of(once, name), strict=True))
