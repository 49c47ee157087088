"""The layers of a map of facilities: existing ones, their reach, people, candidate sites, needs, links."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from renewal_geo.foundation.facility_kinds import kind_code
from renewal_geo.maps import palettes
from renewal_geo.maps.classes import classed
from renewal_geo.maps.ready.facility_tables import kind_title, link_lines, within
from renewal_geo.maps.ready.publications import Look, owners_of
from renewal_geo.maps.ready.ready_tables import (
    areas_of,
    column,
    days_of,
    gaps_said,
    identified,
    own_columns,
    texts_of,
    values_of,
)
from renewal_geo.maps.spec import Kind, LayerSpec, MapClass, MapColumn, Scheme, Text, both, same

LINE = "#2b3640"
# Default-deny: only these ever leave the tables, and what the caller names in `columns` (of the sites).
FACILITY_COLUMNS = ("facility_id", "name", "kind", "capacity", "status", "sub_district")
SITE_COLUMNS = (
    "site_id", "name", "use", "status", "area_m2", "available_from", "due_on", "inside",
    "sub_district",
)  # fmt: skip
NEED_COLUMNS = (
    "need_id", "name", "kind", "priority", "need_by", "min_area_m2", "max_dist_m", "demand_persons",
    "sponsor", "sub_district", "answered", "answer",
)  # fmt: skip
PUBLIC_NEEDS = ("need_id", "kind", "need_by", "min_area_m2", "sub_district")
SHARED = ("name", "kind", "status", "use", "area_m2", "sub_district")
SITE_INK = palettes.Ink("#e8dcb5", "forward", "#7a5c1e", 1.4)
NEED_INKS = {
    "unanswered": palettes.Ink("#b0126b", "", "#ffffff", 1.6),
    "answered": palettes.Ink("#f0c9de", "dots", "#b0126b", 1.8),
}
LINK_INKS = {
    "within": palettes.Ink("", "", "#7a3b00", 2.0),
    "beyond": palettes.Ink("", "", "#d55e00", 2.0),
    "unlimited": palettes.Ink("", "", "#8d8578", 2.0),
}
PEOPLE = ("#f1ece1", "#e0d3c4", "#c9b39f", "#a98c78")


def existing_layer(table: gpd.GeoDataFrame, kinds: pd.Series) -> LayerSpec:
    """Return the existing facilities by kind; `kinds` are their n codes."""
    shown, table = _shown(table, FACILITY_COLUMNS, kinds)
    made = _kind_scheme(kinds)
    return LayerSpec(
        name="facilities",
        title=both("facility.facilities"),
        kind="point",
        geometry=table.geometry,
        classes=made.classes,
        class_of=made.class_of,
        columns=shown,
        values=values_of(table, shown),
        scheme=both("ready.kind"),
        search=_there(shown, "facility_id", "name"),
        filters=_there(shown, "kind", "status", "sub_district", "capacity"),
        public_columns=FACILITY_COLUMNS,
    )


def _kind_scheme(kinds: pd.Series) -> Scheme:
    """Return facilities by kind, the most frequent first, with a dark rim to be seen on any ground."""
    titles = {kind: kind_title(kind) for kind in set(kinds)}
    made = classed(kinds, np.ones(len(kinds)), title=both("ready.kind"), titles=titles)
    classes = tuple(replace(one, line=LINE, width=1.2, area_m2=None) for one in made.classes)
    return Scheme("kind", both("ready.kind"), classes, made.class_of)


def service_layer(areas: gpd.GeoDataFrame, existing: LayerSpec) -> LayerSpec:
    """Return what lies within the radius of each kind, in its colour; radii that nobody checked say so."""
    inks = {one.value: one.fill for one in existing.classes}
    classes = []
    for kind, radius, checked in zip(
        areas["kind"], areas["radius_m"], areas["verified"], strict=True
    ):
        key = "class_radius" if checked else "class_unverified"
        said = of_kind(key, kind, radius=f"{radius:g}")
        classes.append(MapClass(kind, said, "", inks.get(kind, LINE), 1.8))
    table = areas.rename(columns={"source": "radius_source"})
    flags = table["verified"].map({True: "is_verified", False: "not_verified"})
    table["verified"] = flags.map(lambda key: both(f"facility.{key}").zh)
    table["verified_en"] = flags.map(lambda key: both(f"facility.{key}").en)
    table["kind_en"] = table["kind"].map(lambda kind: kind_title(kind).en)
    table["kind"] = table["kind"].map(lambda kind: kind_title(kind).zh)
    shown = (
        MapColumn("kind", both("ready.kind"), english="kind_en"),
        MapColumn("radius_m", both("facility.radius_m"), "number"),
        MapColumn("facilities", both("facility.facility_count"), "number"),
        MapColumn("verified", both("facility.verified"), english="verified_en"),
        MapColumn("radius_source", both("facility.radius_source")),
    )
    return LayerSpec(
        name="service",
        title=both("facility.service"),
        kind="polygon",
        geometry=areas.geometry,
        classes=tuple(classes),
        class_of=np.arange(len(areas), dtype=np.int32),
        columns=shown,
        values=values_of(table, shown),
        popup=False,
        public_columns=tuple(one.name for one in shown),
    )


def steps_of(values: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Return the inner edges of steps that hold equal numbers of rows; equal values share a step."""
    if not len(values):
        return np.zeros(0)
    edges = np.unique(np.quantile(values, np.arange(1, count) / count))
    inner: NDArray[np.float64] = edges[edges < values.max()]
    return inner


def people_layer(
    demand: gpd.GeoDataFrame,
    areas: gpd.GeoDataFrame,
    covered: Mapping[str, pd.Series] | None = None,
    titles: Mapping[str, Text] | None = None,
) -> LayerSpec:
    """Return where people are, in four steps of equal numbers of rows, and within whose reach.

    `covered` says so row by row where it was measured, with a title each; else those in the areas are.
    """
    table = identified(demand, "demand", ["weight"])
    weight = pd.to_numeric(table["weight"], errors="coerce").to_numpy(dtype=float)
    table["weight"] = weight
    known = weight[np.isfinite(weight)]
    edges = steps_of(known, len(PEOPLE))
    class_of = np.where(np.isfinite(weight), np.searchsorted(edges, weight, side="left"), -1)
    bounds = [known.min(), *edges, known.max()] if len(known) else [0.0, 0.0]
    classes = tuple(
        MapClass(
            f"step{n}", same(f"{bounds[n]:,.0f} – {bounds[n + 1]:,.0f}"), PEOPLE[n], "#ffffff", 0.4,
            "", (), int((class_of == n).sum()),
        )
        for n in range(len(bounds) - 1)
    )  # fmt: skip
    shown = [MapColumn("weight", both("facility.weight"), "number")]
    if "sub_district" in table.columns:
        table["sub_district"] = texts_of(table, "sub_district")
        shown.append(MapColumn("sub_district", both("ready.sub_district")))
    reach = covered
    if reach is None:
        pairs = zip(areas["kind"], areas.geometry, strict=True)
        reach = {kind: pd.Series(within(table, area)) for kind, area in pairs}
    for kind, inside in reach.items():
        flags = _flagged(inside, "within", "beyond")
        table[f"reach_{kind}"], table[f"reach_{kind}_en"] = flags
        title = titles[kind] if titles else of_kind("reach", kind)
        shown.append(MapColumn(f"reach_{kind}", title, english=f"reach_{kind}_en"))
    return LayerSpec(
        name="demand",
        title=both("facility.demand"),
        kind=_kind_of(table),
        geometry=table.geometry,
        classes=classes,
        class_of=class_of.astype(np.int32),
        columns=tuple(shown),
        values=values_of(table, shown),
        filters=tuple(one.name for one in shown[1:]),
        visible=False,
        public="drop",  # points of people may be single houses
    )


def _kind_of(table: gpd.GeoDataFrame) -> Kind:
    """Return the kind of a table of points or of areas."""
    areal = table.geometry.geom_type.isin(["Polygon", "MultiPolygon"]).any()
    return "polygon" if areal else "point"


def of_kind(key: str, kind: str, **figures: object) -> Text:
    """Return a text about a kind of facility."""
    return both(f"facility.{key}", kind=kind_title(kind), **figures)


def site_layer(sites: gpd.GeoDataFrame, look: Look) -> tuple[LayerSpec, list[Text]]:
    """Return the candidate land, and what was decided about its areas and days."""
    what = both("facility.sites")
    table = identified(sites, "sites")
    area, notes = areas_of(table, what)
    table["area_m2"] = area
    for name in ("available_from", "due_on"):
        if name in table.columns:
            table[name], more = days_of(table, name, what)
            notes += more
    shown, table = _shown(table, SITE_COLUMNS)
    shown += own_columns(table, look.get("columns", ()), shown, "the sites")
    ink = SITE_INK
    one = MapClass(
        "site", what, ink.fill, ink.line, ink.width, ink.hatch, (), len(table),
        float(np.nan_to_num(area).sum()),
    )  # fmt: skip
    schemes: tuple[Scheme, ...] = ()
    if "use" in table.columns:
        made = classed(table["use"], area, title=both("ready.use"), palette=palettes.load())
        schemes = (Scheme("use", both("ready.use"), made.classes, made.class_of),)
        notes += [made.note] if made.note else []
    layer = LayerSpec(
        name="sites",
        title=what,
        kind="polygon",
        geometry=table.geometry,
        classes=(one,),
        class_of=np.zeros(len(table), dtype=np.int32),
        columns=shown,
        values=values_of(table, shown),
        scheme=both("facility.one_sign"),
        schemes=schemes,
        area="area_m2",
        search=_there(shown, "site_id", "name"),
        filters=_there(
            shown, "use", "status", "inside", "sub_district", "area_m2", "available_from"
        ),
        public_columns=SITE_COLUMNS,
        owners=owners_of(table, look),
    )
    return layer, [*notes, *gaps_said(table, what)]


def need_layers(
    needs: gpd.GeoDataFrame, sites: gpd.GeoDataFrame, links: pd.DataFrame | None
) -> tuple[LayerSpec, list[LayerSpec], list[Text]]:
    """Return the needs, the lines to the sites that answer them, and notes."""
    what = both("facility.needs")
    table = identified(needs, "needs", ["kind"])
    kinds = texts_of(table, "kind").map(kind_code)
    notes: list[Text] = []
    if "need_by" in table.columns:
        table["need_by"], notes = days_of(table, "need_by", what)
    for name in ("min_area_m2", "max_dist_m"):
        if name in table.columns:
            table[name] = pd.to_numeric(table[name], errors="coerce")
    if "demand" in table.columns:
        table["demand_persons"] = pd.to_numeric(table["demand"], errors="coerce")
    lines: list[LayerSpec] = []
    met = pd.Series(data=False, index=table.index)
    if links is not None:
        known = identified(sites, "sites")
        drawn, more = link_lines(links, table, known)
        notes += more
        answers = drawn.groupby("need_id")["site_id"].agg("、".join)
        table["answer"] = table["need_id"].map(answers).fillna("").astype(object)
        met = table["answer"] != ""
        table["answered"], table["answered_en"] = _flagged(met, "answered", "unanswered")
        if len(drawn):
            lines.append(_links(drawn))
    shown, table = _shown(table, NEED_COLUMNS, kinds)
    inks = list(NEED_INKS.items()) if links is not None else [("needs", NEED_INKS["unanswered"])]
    class_of = np.array(met.tolist(), dtype=np.int32)
    classes = tuple(
        MapClass(
            name, both(f"facility.{name}"), ink.fill, ink.line, ink.width, ink.hatch, (),
            int((class_of == place).sum()),
        )
        for place, (name, ink) in enumerate(inks)
    )  # fmt: skip
    layer = LayerSpec(
        name="needs",
        title=what,
        kind="point",
        geometry=table.geometry,
        classes=classes,
        class_of=class_of,
        columns=shown,
        values=values_of(table, shown),
        scheme=both("facility.by_answer" if links is not None else "facility.one_sign"),
        schemes=(_kind_scheme(kinds),),
        search=_there(shown, "need_id", "name", "kind"),
        filters=_there(shown, "kind", "priority", "sub_district", "sponsor", "answered", "need_by"),
        public_columns=PUBLIC_NEEDS,
    )
    return layer, lines, [*notes, *gaps_said(table, what, *_there(shown, "need_by"))]


def _links(drawn: gpd.GeoDataFrame) -> LayerSpec:
    order = list(LINK_INKS)
    classes = tuple(
        MapClass(
            name, both(f"facility.link_{name}"), "", ink.line, ink.width, "", (),
            int((drawn["state"] == name).sum()),
        )
        for name, ink in LINK_INKS.items()
    )  # fmt: skip
    shown = (
        MapColumn("need_id", both("facility.need_id")),
        MapColumn("site_id", both("facility.site_id")),
        MapColumn("distance_m", both("facility.distance_m"), "number"),
    )
    return LayerSpec(
        name="links",
        title=both("facility.links"),
        kind="line",
        geometry=drawn.geometry,
        classes=classes,
        class_of=np.array(drawn["state"].map(order.index), dtype=np.int32),
        columns=shown,
        values=values_of(drawn, shown),
        public="drop",
    )


def _shown(
    table: gpd.GeoDataFrame, names: Sequence[str], kinds: pd.Series | None = None
) -> tuple[tuple[MapColumn, ...], gpd.GeoDataFrame]:
    """Return the allowed columns that are there, texts as texts and kinds in both languages."""
    made = table.copy()
    if kinds is not None:
        made["kind"] = kinds.map(lambda kind: kind_title(kind).zh)
        made["kind_en"] = kinds.map(lambda kind: kind_title(kind).en)
    there = [name for name in names if name in made.columns]
    for name in there:
        plain = made[name]
        if name == "capacity":
            made[name] = pd.to_numeric(plain, errors="coerce")
        elif not (
            pd.api.types.is_numeric_dtype(plain) or pd.api.types.is_datetime64_any_dtype(plain)
        ):
            made[name] = texts_of(made, name)
    shown = tuple(
        column(
            made, name, both(f"{'ready' if name in SHARED else 'facility'}.{name}"),
            decimals=1 if name.endswith("_m2") else 0,
            english=f"{name}_en" if f"{name}_en" in made.columns else "",
        )
        for name in there
    )  # fmt: skip
    return shown, made


def _there(shown: Sequence[MapColumn], *names: str) -> tuple[str, ...]:
    have = {one.name for one in shown}
    return tuple(name for name in names if name in have)


def _flagged(flags: pd.Series, yes: str, no: str) -> tuple[pd.Series, pd.Series]:
    """Return flags as texts, in Chinese and in English."""
    texts = {True: both(f"facility.{yes}"), False: both(f"facility.{no}")}
    return flags.map(lambda one: texts[one].zh), flags.map(lambda one: texts[one].en)
