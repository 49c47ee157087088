"""Which off-site land answers which need, and why the other needs are open: 外部移交用地匹配."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from renewal_geo.foundation.days import parsed_days
from renewal_geo.foundation.facility_kinds import kind_code
from renewal_geo.maps import palettes
from renewal_geo.maps.controls import Bars, Deadlines, Total, Where
from renewal_geo.maps.page.folium_page import Page
from renewal_geo.maps.ready.facility_tables import kind_title
from renewal_geo.maps.ready.publications import (
    Look,
    counted,
    hectares,
    owners_of,
    published,
    require_look,
)
from renewal_geo.maps.ready.ready_tables import (
    by_kind,
    column,
    own_columns,
    texts_of,
    values_of,
)
from renewal_geo.maps.spec import LayerSpec, MapClass, MapColumn, MapSpec, Text, both, same

if TYPE_CHECKING:
    from renewal_geo.sitebank import Matching

LINE = "#2b3640"
NEARLY_FULL = 0.1
NEED_INKS = {
    "matched": palettes.Ink("#1b7837", "", "#ffffff", 1.6),
    "area": palettes.Ink("#b0126b", "", "#ffffff", 1.6),
    "shape": palettes.Ink("#7b3294", "cross", "#ffffff", 1.6),
    "use": palettes.Ink("#e69f00", "forward", LINE, 1.2),
    "date": palettes.Ink("#56b4e9", "horizontal", LINE, 1.2),
    "distance": palettes.Ink("#d55e00", "", "#ffffff", 1.6),
    "taken": palettes.Ink("#4d4d4d", "dots", "#ffffff", 1.6),
    "no_site": palettes.Ink("#bdb7ab", "", LINE, 1.2),
}
SITE_INKS = {
    "full": palettes.Ink("#1b7837", "", LINE, 1.0),
    "partly": palettes.Ink("#a6d49f", "forward", LINE, 1.0),
    "unused": palettes.Ink("#e8dcb5", "dots", "#7a5c1e", 1.2),
}
FORBIDDEN_INK = palettes.Ink("#c9c4ba", "cross", LINE, 0.8)
DAYS = ("need_by", "available_from", "due_on")
# Default-deny: only these ever leave the tables, and what the caller names in `columns` (of the sites).
NEED_COLUMNS = (
    "need_id", "name", "kind", "priority", "state", "site_id", "distance_m", "days_late", "reason_text",
    "min_area_m2", "min_width_m", "uses", "need_by", "max_dist_m", "sub_district", "sponsor",
)  # fmt: skip
SITE_COLUMNS = (
    "site_id", "name", "use", "state", "held", "bank_area_m2", "used_m2", "left_m2", "width_m", "status",
    "available_from", "due_on", "sub_district",
)  # fmt: skip
PUBLIC_NEEDS = ("need_id", "kind", "sub_district", "min_area_m2", "need_by", "state")
PUBLIC_SITES = ("site_id", "name", "use", "status", "sub_district", "state", "bank_area_m2")
READY = ("name", "use", "status", "sub_district")


def sitebank_map(matching: Matching, **look: Unpack[Look]) -> Page:
    """Draw off-site land, the needs that it answers, and why the other needs are open.

    Parameters
    ----------
    matching
        Of :func:`renewal_geo.sitebank.match`.
    **look
        As in :class:`renewal_geo.maps.ready.publications.Look`; `columns` are those of the sites.

    Returns
    -------
    Page
        As for :func:`renewal_geo.maps.handover_map`.

    Raises
    ------
    InputError
        Naming a column that is asked for and not there.
    """
    return Page(sitebank_spec(matching, **look))


def sitebank_spec(matching: Matching, **look: Unpack[Look]) -> MapSpec:
    """Return what a map of a matching says; parameters as in :func:`sitebank_map`."""
    require_look(look)
    needs, sites = _need_layer(matching.needs), _site_layer(matching.sites, look)
    links, misses = _lines(matching, "links"), _lines(matching, "misses")
    closed = _forbidden(matching.sites)
    layers: list[LayerSpec] = [*closed, *by_kind(sites), *misses, *links, *by_kind(needs)]
    names = {one.name for one in needs.columns}
    dated = "need_by" in names and look.get("as_of") is not None
    open_ = both("sitebank.is_matched").zh
    return published(
        both("sitebank.title"),
        layers,
        look,
        matching.sites.crs,
        notes=(_proof(matching), both("sitebank.straight"))
        if matching.parameters.get("distances") == "straight"
        else (_proof(matching),),
        totals=_totals(),
        bars=tuple(
            Bars(name, both(f"sitebank.bars_{key}"), "needs", name)
            for name, key in (("kind", "kind"), ("sub_district", "reason"))
            if name in names
        ),
        deadlines=Deadlines(
            both("sitebank.deadlines"), "needs", "need_by",
            tuple(n for n in ("kind", "state") if n in names), (Where("state", texts=(open_,)),),
        )
        if dated
        else None,
    )  # fmt: skip


def _proof(found: Matching) -> Text:
    return both(f"sitebank.status_{found.status}")


def _totals() -> tuple[Total, ...]:
    place = both("sitebank.place")
    met = (Where("state", texts=(both("sitebank.is_matched").zh,)),)
    return (
        counted("needs", both("sitebank.need_count"), "needs", place),
        counted("answered", both("sitebank.answered_count"), "needs", place, met),
        Total(
            "share",
            both("sitebank.answered_share"),
            "needs",
            where=met,
            share_of=(),
            unit=same("%"),
            decimals=1,
        ),
        counted("sites", both("sitebank.site_count"), "sites", place),
        hectares("site_area", both("sitebank.site_area"), "sites", "bank_area_m2"),
        hectares("used_area", both("sitebank.used_area"), "sites", "used_m2"),
        hectares("left_area", both("sitebank.left_area"), "sites", "left_m2"),
    )


def _need_layer(needs: gpd.GeoDataFrame) -> LayerSpec:
    table = needs.rename_axis("need_id").reset_index()
    state = texts_of(table, "reason").where(texts_of(table, "reason") != "", "matched")
    table["state"], table["state_en"] = _both_of(state)
    table["reason_text"], table["reason_text_en"] = table["reason_zh"], table["reason_en"]
    if "kind" in table.columns:
        kinds = texts_of(table, "kind").map(kind_code)
        table["kind"] = kinds.map(lambda one: kind_title(one).zh)
        table["kind_en"] = kinds.map(lambda one: kind_title(one).en)
    shown = _shown(table, NEED_COLUMNS)
    classes, class_of = _classes(state, NEED_INKS, pd.Series(0.0, index=table.index))
    return LayerSpec(
        name="needs",
        title=both("sitebank.needs"),
        kind="point",
        geometry=table.geometry,
        classes=classes,
        class_of=class_of,
        columns=shown,
        values=values_of(table, shown),
        scheme=both("sitebank.by_state"),
        search=_there(shown, "need_id", "name", "kind"),
        filters=_there(shown, "state", "kind", "priority", "sub_district", "need_by"),
        public_columns=PUBLIC_NEEDS,
    )


def _site_layer(sites: gpd.GeoDataFrame, look: Look) -> LayerSpec:
    """Return the bank: how far each of its sites is used."""
    kept = sites[sites["kept_out"] == ""]
    table = kept.rename_axis("site_id").reset_index().rename(columns={"needs": "held"})
    left = table["left_m2"] / table["bank_area_m2"]
    state = pd.Series(
        np.select(
            [table["held"] == "", left < NEARLY_FULL],
            ["unused", "full"],
            "partly",
        ),
        index=table.index,
    )
    table["state"], table["state_en"] = _both_of(state)
    shown = _shown(table, SITE_COLUMNS)
    shown += own_columns(table, look.get("columns", ()), shown, "the sites")
    area = table["bank_area_m2"].fillna(0.0)
    classes, class_of = _classes(state, SITE_INKS, area)
    return LayerSpec(
        name="sites",
        title=both("sitebank.sites"),
        kind="polygon",
        geometry=table.geometry,
        classes=classes,
        class_of=class_of,
        columns=shown,
        values=values_of(table, shown),
        scheme=both("sitebank.by_state"),
        area="bank_area_m2",
        search=_there(shown, "site_id", "name"),
        filters=_there(shown, "state", "use", "status", "sub_district", "left_m2"),
        public_columns=PUBLIC_SITES,
        owners=owners_of(table, look),
    )


def _forbidden(sites: gpd.GeoDataFrame) -> list[LayerSpec]:
    """Return the sites that may not be chosen, where there are any; those inside units are not drawn."""
    table = sites[sites["kept_out"] == "forbidden"].rename_axis("site_id").reset_index()
    if not len(table):
        return []
    shown, ink = _shown(table, ("site_id", "name", "use", "status")), FORBIDDEN_INK
    one = MapClass(
        "forbidden", both("sitebank.is_forbidden"), ink.fill, ink.line, ink.width, ink.hatch, (), len(table)
    )  # fmt: skip
    layer = LayerSpec(
        name="forbidden",
        title=both("sitebank.is_forbidden"),
        kind="polygon",
        geometry=table.geometry,
        classes=(one,),
        class_of=np.zeros(len(table), dtype=np.int32),
        columns=shown,
        values=values_of(table, shown),
        public="drop",
    )
    return by_kind(layer)


def _lines(found: Matching, name: str) -> list[LayerSpec]:
    """Return lines from needs to their sites, or from open needs to the site that misses them by least."""
    end = "site_id" if name == "links" else "nearest_miss"
    needs = found.needs[(found.needs[end] != "") & ~found.needs.geometry.isna()]
    if not len(needs):
        return []
    starts = shapely.point_on_surface(needs.geometry.to_numpy())
    rows = found.sites.index.get_indexer(pd.Index(needs[end]))
    ends = shapely.point_on_surface(found.sites.geometry.to_numpy()[rows])
    drawn = [shapely.LineString([a, b]) for a, b in zip(starts, ends, strict=True)]
    table = pd.DataFrame(
        {
            "need_id": needs.index.astype(str),
            "site_id": needs[end].to_numpy(),
            "distance_m": shapely.distance(starts, ends)
            if name == "misses"
            else needs["distance_m"].to_numpy(),
            "missed_by": needs["missed_by_zh"].to_numpy(),
            "missed_by_en": needs["missed_by_en"].to_numpy(),
        }
    )
    columns = [
        MapColumn("need_id", both("sitebank.need_id")),
        MapColumn("site_id", both("sitebank.site_id" if name == "links" else "sitebank.nearest_miss")),
        MapColumn("distance_m", both("sitebank.distance_m"), "number"),
    ]  # fmt: skip
    if name == "misses":
        columns.append(MapColumn("missed_by", both("sitebank.missed_by"), english="missed_by_en"))
    ink = palettes.Ink(
        "", "", "#1b7837" if name == "links" else "#8d8578", 1.8 if name == "links" else 1.2
    )
    one = MapClass(name, both(f"sitebank.{name}"), "", ink.line, ink.width, "", (), len(table))
    return [
        LayerSpec(
            name=name,
            title=both(f"sitebank.{name}"),
            kind="line",
            geometry=gpd.GeoSeries(drawn, crs=found.sites.crs),
            classes=(one,),
            class_of=np.zeros(len(table), dtype=np.int32),
            columns=tuple(columns),
            values=values_of(table, columns),
            visible=name == "links",
            public="drop",
        )
    ]


def _classes(
    state: pd.Series, inks: dict[str, palettes.Ink], area: pd.Series
) -> tuple[tuple[MapClass, ...], np.ndarray]:
    """Return a legend entry for each state that there is, with its count."""
    names = [name for name in inks if (state == name).any()] or list(inks)[:1]
    classes = tuple(
        MapClass(
            name, both(f"sitebank.is_{name}"), inks[name].fill, inks[name].line, inks[name].width,
            inks[name].hatch, (), int((state == name).sum()),
            float(area[state == name].sum()) if area.any() else None,
        )
        for name in names
    )  # fmt: skip
    places = {name: place for place, name in enumerate(names)}
    return classes, np.array([places[one] for one in state], dtype=np.int32)


def _both_of(state: pd.Series) -> tuple[pd.Series, pd.Series]:
    texts = {one: both(f"sitebank.is_{one}") for one in state.unique()}
    return state.map(lambda one: texts[one].zh), state.map(lambda one: texts[one].en)


def _shown(table: pd.DataFrame, names: tuple[str, ...]) -> tuple[MapColumn, ...]:
    there = [name for name in names if name in table.columns]
    for name in there:
        if name in DAYS:
            table[name] = parsed_days(table[name])[0]
        numeric = pd.api.types.is_numeric_dtype(table[name])
        if not (numeric or pd.api.types.is_datetime64_any_dtype(table[name])):
            table[name] = texts_of(table, name)
    return tuple(
        column(
            table, name, both(f"{'ready' if name in READY else 'sitebank'}.{name}"),
            decimals=1 if name.endswith(("_m2", "width_m")) else 0,
            english=f"{name}_en" if f"{name}_en" in table.columns else "",
        )
        for name in there
    )  # fmt: skip


def _there(shown: tuple[MapColumn, ...], *names: str) -> tuple[str, ...]:
    have = {one.name for one in shown}
    return tuple(name for name in names if name in have)
