"""One layer for the public: released columns, merged rows, a coarse grid, no figure of a few owners."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from renewal_geo.maps.public.suppression import owner_sets, publishable
from renewal_geo.maps.spec import NO_CLASS, LayerSpec, MapClass, MapColumn, Scheme, both
from renewal_geo.spatial.areas import polygonal

COUNT = "merged_count"
SEPARATORS = re.compile(r"[\s·,，、;；:：()（）/-]*")


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """A figure printed somewhere that adds up rows of a layer: it could give away what is withheld.

    Attributes
    ----------
    place, position
        ``funnel`` or ``facts`` and the place in it, or the name of another layer and its row.
    layer
        The layer whose rows it adds up.
    rows
        n flags: which rows. None: the text speaks of no row, and may always be told.
    """

    place: str
    position: int
    layer: str = ""
    rows: NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Released:
    """A layer as the public may have it, and what became of the rest.

    Attributes
    ----------
    layer
        What is published.
    merged
        Whether its rows were merged.
    withheld, lost
        How many figures are not told, and how many shapes the grid swallowed.
    guessed
        Whether rows had to stand for owners.
    partial
        Whether sums over its rows miss what is withheld.
    refused
        Which of the told figures must not be told.
    """

    layer: LayerSpec
    merged: bool
    withheld: int
    lost: int
    guessed: bool
    partial: bool
    refused: tuple[Told, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Row:
    """A published row: its class, the values that it was merged by, the rows that it stands for."""

    class_: int
    key: tuple[str, ...]
    rows: NDArray[np.int64]


def released(
    layer: LayerSpec,
    *,
    grid_m: float,
    min_owners: int,
    told: Sequence[Told] = (),
    sums: Collection[str] = (),
) -> Released:
    """Return a layer as the public may have it.

    Parameters
    ----------
    layer
        With `public` ``merge`` or ``keep``.
    grid_m, min_owners
        Width of the grid (m), and the fewest owners behind a figure.
    told
        Figures about rows of this layer that are printed elsewhere.
    sums
        Number columns that add up when rows are merged, besides areas.
    """
    merged = layer.public == "merge"
    rows = _merged_rows(layer) if merged else _own_rows(layer)
    classes, cells, refused = _guarded(layer, rows, told, min_owners, merged=merged)
    columns, values = _table(layer, rows, cells, sums, merged=merged)
    geometry, lost = _shapes(layer, rows, grid_m, merged=merged)
    names = {column.name for column in columns}
    hidden = [row for row, shown in zip(rows, cells, strict=True) if not shown]
    captions = None if merged else _captions(layer.captions, columns, values)
    published = LayerSpec(
        name=layer.name,
        title=both("edition.merged", title=layer.title) if merged else layer.title,
        kind=layer.kind,
        geometry=geometry,
        classes=tuple(
            _figures(one, place, layer, shown=bool(shown))
            for place, (one, shown) in enumerate(zip(layer.classes, classes, strict=True))
        ),
        class_of=np.array([row.class_ for row in rows], dtype=np.int32),
        shade_of=_first(layer.shade_of, rows),
        columns=columns,
        values=values,
        captions=captions,
        marks=None if captions is None else _captions(layer.marks, columns, values),
        visible=layer.visible,
        popup=layer.popup and bool(columns),
        dots=layer.dots,
        group=layer.group,
        scheme=layer.scheme,
        schemes=tuple(_schemes(layer, rows, names)),
        # over merged rows the page would count shapes: the legend keeps the table's figures
        area="" if merged or layer.area not in names else layer.area,
        search=tuple(name for name in layer.search if name in names),
        filters=tuple(name for name in layer.filters if name in names),
        side=layer.side,
        public_columns=tuple(names),
    )
    tells = _tells_of_land(layer)
    return Released(
        layer=published,
        merged=merged,
        withheld=int((~classes).sum()) + len(hidden) + len(refused),
        lost=lost,
        guessed=tells and layer.owners is None,
        partial=bool(hidden),
        refused=refused,
    )


def _tells_of_land(layer: LayerSpec) -> bool:
    """Return whether a layer has figures of somebody's land; rivers and boundaries have none."""
    areas = layer.area or any(one.area_m2 is not None for one in layer.classes)
    return layer.owners is not None or layer.public == "merge" or bool(areas)


def _merged_rows(layer: LayerSpec) -> list[_Row]:
    """Return the rows of one class and one of `public_by` together, in an order of their own."""
    keys = pd.DataFrame({"class": layer.class_of})
    for place, name in enumerate(layer.public_by):
        keys[place] = _texts(layer.values[name])  # noqa: PD011 - our own field
    keys = keys[keys["class"] != NO_CLASS]
    if not len(keys):
        return []
    found = keys.groupby(list(keys.columns), sort=True).indices
    places = keys.index.to_numpy(dtype=np.int64)
    rows = []
    for key, inside in found.items():
        parts = key if isinstance(key, tuple) else (key,)
        rows.append(_Row(int(parts[0]), tuple(map(str, parts[1:])), np.sort(places[inside])))
    return rows


def _own_rows(layer: LayerSpec) -> list[_Row]:
    each = enumerate(layer.class_of.tolist())
    return [_Row(one, (), np.array([row], dtype=np.int64)) for row, one in each]


def _texts(values: pd.Series) -> NDArray[np.object_]:
    plain = values.astype(object)
    return plain.where(plain.notna(), "").map(str).to_numpy(dtype=object)


def _guarded(
    layer: LayerSpec, rows: list[_Row], told: Sequence[Told], least: int, *, merged: bool
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], tuple[Told, ...]]:
    """Return which classes and which rows may have figures, and which told figures may not stay.

    Most wanted first: what is told elsewhere, then totals of classes, then rows, large before small,
    so that what goes with a small figure is the next smallest.
    """
    classes, cells = np.ones(len(layer.classes), dtype=bool), np.ones(len(rows), dtype=bool)
    spoken = [one for one in told if one.rows is not None]
    if not _tells_of_land(layer):
        return classes, cells, ()
    if layer.side == "before":
        # the difference of two states would show who changed: the earlier one has no figures
        return ~classes, ~cells, tuple(spoken)
    by_class = [np.flatnonzero(layer.class_of == place) for place in range(len(classes))]
    cell_rows = [row.rows for row in rows] if merged or layer.owners is not None else []
    first = sorted(range(len(by_class)), key=lambda place: -len(by_class[place]))
    later = sorted(range(len(cell_rows)), key=lambda place: -len(cell_rows[place]))
    figures = [np.flatnonzero(np.asarray(one.rows)) for one in spoken]
    figures += [by_class[place] for place in first] + [cell_rows[place] for place in later]
    shown = publishable(figures, owner_sets(layer.owners, len(layer.class_of)), least)
    classes[first] = shown[len(spoken) : len(spoken) + len(first)]
    cells[later] = shown[len(spoken) + len(first) :]
    refused = tuple(one for one, may in zip(spoken, shown, strict=False) if not may)
    return classes, cells, refused


def _table(
    layer: LayerSpec,
    rows: list[_Row],
    shown: NDArray[np.bool_],
    sums: Collection[str],
    *,
    merged: bool,
) -> tuple[tuple[MapColumn, ...], pd.DataFrame]:
    """Return the released columns; numbers of rows that are withheld are missing."""
    columns: list[MapColumn] = []
    made: dict[str, pd.Series] = {}
    first = np.array([row.rows[0] for row in rows], dtype=np.int64)
    for column in layer.columns:
        if column.name not in layer.public_columns:
            continue
        values = layer.values[column.name].reset_index(drop=True)  # noqa: PD011 - our own field
        if column.name in layer.public_by or not merged or _same_within(values, rows):
            kept = values.iloc[first].reset_index(drop=True)
        elif column.form == "number" and _adds_up(column.name, layer, sums):
            kept = pd.Series([float(values.iloc[row.rows].sum()) for row in rows], dtype=float)
        else:
            continue
        numeric = column.form in {"number", "share", "year"}
        made[column.name] = kept.where(shown) if numeric else kept
        columns.append(column)
        if column.english:
            english = layer.values[column.english]  # noqa: PD011 - our own field
            made[column.english] = english.iloc[first].reset_index(drop=True)
    if merged and columns:
        counts = pd.Series([len(row.rows) for row in rows], dtype=float)
        made[COUNT] = counts.where(shown)
        columns.append(MapColumn(COUNT, both("edition.merged_count"), "number"))
    return tuple(columns), pd.DataFrame(made, index=range(len(rows)))


def _adds_up(name: str, layer: LayerSpec, sums: Collection[str]) -> bool:
    return name == layer.area or name in sums or name.endswith("_m2")


def _same_within(values: pd.Series, rows: list[_Row]) -> bool:
    """Return whether a column says one thing within each merged row, as a class's own column does."""
    texts = _texts(values)
    return all((texts[row.rows] == texts[row.rows[0]]).all() for row in rows)


def _shapes(
    layer: LayerSpec, rows: list[_Row], grid_m: float, *, merged: bool
) -> tuple[gpd.GeoSeries, int]:
    shapes = layer.geometry.to_numpy()
    if layer.kind == "polygon":
        shapes = polygonal(shapes)
    groups = None
    if merged:
        groups = np.repeat(np.arange(len(rows)), [len(row.rows) for row in rows])
        shapes = shapes[np.array([one for row in rows for one in row.rows], dtype=np.int64)]
    from renewal_geo.spatial.coverage_grid import gridded  # compiles: only a public edition waits

    made, lost = gridded(shapes, grid_m, groups)
    return gpd.GeoSeries(made, crs=layer.geometry.crs), len(lost)


def _first(values: NDArray[np.int32] | None, rows: list[_Row]) -> NDArray[np.int32] | None:
    if values is None:
        return None
    return np.array([values[row.rows[0]] for row in rows], dtype=np.int32)


def _schemes(layer: LayerSpec, rows: list[_Row], names: Collection[str]) -> list[Scheme]:
    """Return the further colourings by released columns that say one thing in each row."""
    kept = []
    for one in layer.schemes:
        plain = pd.Series(one.class_of)
        if one.name in names and _same_within(plain, rows):
            # their figures would be further sums over the same rows: the released columns have them
            bare = tuple(replace(entry, count=None, area_m2=None) for entry in one.classes)
            first = np.array([one.class_of[row.rows[0]] for row in rows], dtype=np.int32)
            kept.append(replace(one, classes=bare, class_of=first))
    return kept


def _figures(one: MapClass, place: int, layer: LayerSpec, *, shown: bool) -> MapClass:
    if not shown:
        return replace(one, count=None, area_m2=None)
    if layer.public != "merge":
        return one
    mine = np.flatnonzero(layer.class_of == place)
    area = one.area_m2
    if area is None and layer.area:
        area = float(layer.values[layer.area].iloc[mine].sum())  # noqa: PD011 - our own field
    return replace(one, count=len(mine) if one.count is None else one.count, area_m2=area)


def _captions(
    said: tuple[str, ...] | None, columns: Sequence[MapColumn], values: pd.DataFrame
) -> tuple[str, ...] | None:
    """Return captions that say nothing but released values, or the number of their row."""
    if said is None:
        return None
    texts = [_texts(values[column.name]) for column in columns]
    kept = tuple(
        caption if _is_released(caption, row, [some[row] for some in texts]) else ""
        for row, caption in enumerate(said)
    )
    return kept if any(kept) else None


def _is_released(caption: str, row: int, values: list[str]) -> bool:
    if caption == str(row + 1):
        return True
    rest = caption
    for value in sorted((one for one in values if one), key=len, reverse=True):
        rest = rest.replace(value, "")
    return SEPARATORS.fullmatch(rest) is not None
