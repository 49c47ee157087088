"""From one number per polygon to a map: scores of parcels, what a ledger leaves uncovered."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from itertools import pairwise

import geopandas as gpd
import numpy as np
import pandas as pd

from renewal_geo.foundation.labels import has_label
from renewal_geo.foundation.quantities import M2_PER_HA
from renewal_geo.maps.controls import Total
from renewal_geo.maps.page.folium_page import Page
from renewal_geo.maps.public.editions import public_spec
from renewal_geo.maps.spec import (
    Edition,
    Fact,
    Hatch,
    LayerSpec,
    MapClass,
    MapColumn,
    MapSpec,
    Text,
    both,
    crs_name,
    require_columns,
    require_edition,
    same,
)

# viridis, five steps from light to dark: readable without telling red from green
STEPS = ("#fde725", "#5ec962", "#21918c", "#3b528b", "#440154")
NO_VALUE = "#d9d9d9"
AREA = "area_m2"
LOSSES: dict[str, tuple[str, Hatch]] = {
    "uncovered": ("#d55e00", "forward"), "covered_twice": ("#cc79a7", "cross"),
}  # fmt: skip


def value_map(
    table: gpd.GeoDataFrame,
    column: str,
    *,
    columns: Sequence[str] = (),
    titles: Mapping[str, str] | None = None,
    lang: str = "zh",
    edition: Edition = "internal",
    title: str = "",
    source: str = "",
    as_of: dt.date | None = None,
    review_no: str = "",
    notes: Sequence[str] = (),
    owners: str = "",
    losses: Mapping[str, gpd.GeoDataFrame] | None = None,
) -> Page:
    """Draw polygons coloured by a number, as a page that is one file and asks no host for anything.

    Parameters
    ----------
    table
        n polygons by their id, in a known CRS.
    column
        Number that colours them, in five steps of equal width; missing values are grey.
    columns
        Other columns that popups and filters may show; the id and `column` always are. Where the
        table has ``area_m2``, that is the area, else the planar one of the polygons.
    titles
        Names of columns for people, where the labels have none.
    lang, edition, title, source, as_of, review_no, notes, owners
        As for :func:`zone_map`. The public edition merges the polygons of one step.
    losses
        ``uncovered`` and ``covered_twice`` ground with ``area_m2`` per polygon, drawn on top.

    Returns
    -------
    Page
        A ``folium.Map`` with ``.save()`` and ``.html()``.

    Raises
    ------
    RenderError
        For a column that is not there, or a layer without CRS.
    """
    return Page(
        value_spec(
            table, column, columns=columns, titles=titles, lang=lang, edition=edition, title=title,
            source=source, as_of=as_of, review_no=review_no, notes=notes, owners=owners,
            losses=losses,
        )
    )  # fmt: skip


def value_spec(
    table: gpd.GeoDataFrame,
    column: str,
    *,
    columns: Sequence[str] = (),
    titles: Mapping[str, str] | None = None,
    lang: str = "zh",
    edition: Edition = "internal",
    title: str = "",
    source: str = "",
    as_of: dt.date | None = None,
    review_no: str = "",
    notes: Sequence[str] = (),
    owners: str = "",
    losses: Mapping[str, gpd.GeoDataFrame] | None = None,
) -> MapSpec:
    """Return what the map says; parameters as in :func:`value_map`."""
    require_edition(edition, lang)
    require_columns((column, *columns, *([owners] if owners else [])), table, "table")
    index = str(table.index.name or "id")
    numbers = pd.to_numeric(table[column], errors="coerce").to_numpy(dtype=float)
    given = table.get(AREA, table.geometry.area)
    area = np.nan_to_num(pd.to_numeric(given, errors="coerce").to_numpy(dtype=float))
    classes, class_of = _steps(numbers, area)
    values = pd.DataFrame({index: table.index.astype(str)})
    shown = [MapColumn(index, _title(index, titles))]
    for name in dict.fromkeys((column, *columns)):
        values[name] = table[name].to_numpy()
        numeric = pd.api.types.is_numeric_dtype(table[name])
        shown.append(MapColumn(name, _title(name, titles), "number" if numeric else "text", 3))
    if AREA not in values:
        values[AREA] = area
        shown.append(MapColumn(AREA, both("column.area_m2"), "number", 0))
    known = numbers[np.isfinite(numbers)]
    facts = [Fact(_title(column, titles), same(f"{len(known):,}"), strong=True)]
    if len(known):
        facts += [
            Fact(same(name), same(f"{figure:,.3f}"))
            for name, figure in (("min", known.min()), ("mean", known.mean()), ("max", known.max()))
        ]
    layer = LayerSpec(
        name="values",
        title=_title(column, titles),
        kind="polygon",
        geometry=table.geometry,
        classes=classes,
        class_of=class_of,
        columns=tuple(shown),
        values=values,
        area=AREA,
        search=(index,),
        filters=tuple(dict.fromkeys((column, *columns))),
        public="merge",
        owners=table[owners].to_numpy() if owners else None,
    )
    digest = hashlib.sha256(values.to_csv(index=False).encode()).hexdigest()
    spec = MapSpec(
        title=same(title) if title else _title(column, titles),
        subtitle=same(""),
        lang=lang,
        edition=edition,
        as_of=as_of,
        crs=crs_name(table.crs),
        source=source,
        review_no=review_no,
        notes=tuple(same(note) for note in notes),
        layers=(layer, *_loss_layers(losses or {}, index)),
        facts=tuple(facts),
        fingerprint=digest,
        totals=(
            Total("count", both("zone_map.value_count"), "values"),
            Total("area", both("zone_map.value_area"), "values", AREA, unit=both("map.ha"),
                  factor=1.0 / M2_PER_HA, decimals=2),
        ),
    )  # fmt: skip
    return public_spec(spec) if edition == "public" else spec


def _loss_layers(losses: Mapping[str, gpd.GeoDataFrame], index: str) -> tuple[LayerSpec, ...]:
    """Return a layer for each kind of loss, outlined so that even a hair's breadth is seen."""
    layers = []
    for kind, table in losses.items():
        if not len(table):
            continue
        fill, hatch = LOSSES[kind]
        entry = MapClass(kind, both(f"kind.{kind}"), fill, fill, 1.5, hatch, (), len(table),
                         float(table["area_m2"].sum()))  # fmt: skip
        values = pd.DataFrame(
            {index: table.index.astype(str), "loss_m2": table["area_m2"].to_numpy()}
        )
        layers.append(
            LayerSpec(
                name=kind,
                title=both(f"kind.{kind}"),
                kind="polygon",
                geometry=table.geometry,
                classes=(entry,),
                class_of=np.zeros(len(table), dtype=np.int32),
                columns=(
                    MapColumn(index, _title(index, None)),
                    MapColumn("loss_m2", both("column.loss_m2"), "number", 2),
                ),
                values=values,
                public="drop",
            )
        )
    return tuple(layers)


def _title(name: str, titles: Mapping[str, str] | None) -> Text:
    if titles and name in titles:
        return same(titles[name])
    return both(f"column.{name}") if has_label(f"column.{name}") else same(name)


def _steps(numbers: np.ndarray, area: np.ndarray) -> tuple[tuple[MapClass, ...], np.ndarray]:
    known = np.isfinite(numbers)
    low, high = (numbers[known].min(), numbers[known].max()) if known.any() else (0.0, 1.0)
    edges = np.linspace(low, high, len(STEPS) + 1)
    place = np.clip(np.searchsorted(edges, numbers, side="right") - 1, 0, len(STEPS) - 1)
    place = np.where(known, place, len(STEPS))
    names = [f"{a:,.3g} – {b:,.3g}" for a, b in pairwise(edges)]
    classes = tuple(
        MapClass(
            f"step{n}", same(name), fill, "", 0.0, "", (), int((place == n).sum()),
            float(area[place == n].sum()),
        )
        for n, (name, fill) in enumerate(zip([*names, "–"], [*STEPS, NO_VALUE], strict=True))
    )  # fmt: skip
    return classes, place.astype(np.int32)
