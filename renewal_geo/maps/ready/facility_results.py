"""Who is within reach of public facilities, whom nothing reaches, and the sites chosen for the next ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Unpack

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from renewal_geo.maps.controls import Bars, Total, Where
from renewal_geo.maps.page.folium_page import Page
from renewal_geo.maps.ready.facility_layers import (
    existing_layer,
    of_kind,
    people_layer,
    service_layer,
    site_layer,
    steps_of,
)
from renewal_geo.maps.ready.facility_tables import Standard, kind_title, service_areas
from renewal_geo.maps.ready.publications import (
    Look,
    counted,
    in_crs,
    published,
    require_look,
    share,
)
from renewal_geo.maps.ready.ready_tables import gaps_said, identified, texts_of, values_of
from renewal_geo.maps.spec import (
    LayerSpec,
    MapClass,
    MapColumn,
    MapSpec,
    Text,
    both,
    same,
)

if TYPE_CHECKING:
    from renewal_geo.facilities import Coverage, Location

AFTER = "after"
UNCOVERED_SHADES = (
    ("#eec3da", "#d4679f", "#9c0f5e"), ("#f6cfa9", "#e58a3c", "#9a4a05"),
    ("#cfc8ea", "#8f7fcb", "#4a3594"), ("#bfe0dc", "#57a9a1", "#0f655d"),
    ("#c9d9ee", "#6d9bd0", "#1f4f8c"), ("#e0dcb8", "#aaa24e", "#5f5a10"),
)  # fmt: skip
CHOSEN_INKS = {"new": "#ffd400", "required": "#ff9f1c"}
STREET_INK = "#009e73"
LINE_INK = "#6b6257"
RIM = "#1c1200"


def coverage_map(
    coverage: Coverage,
    *,
    sites: gpd.GeoDataFrame | None = None,
    location: Location | None = None,
    kind: str = "",
    after: Coverage | None = None,
    streets: gpd.GeoDataFrame | None = None,
    why: Mapping[str, Text] | None = None,
    **look: Unpack[Look],
) -> Page:
    """Draw a coverage: facilities and their reach, the people beyond it, and the sites chosen.

    Parameters
    ----------
    coverage
        What :func:`renewal_geo.facilities.cover` found.
    sites
        Candidate land.
    location, kind, after
        The sites chosen for one kind, and the coverage of it once they are open: the people beyond reach
        are then those that remain.
    streets
        Streets within reach by ``kind``, for ways along streets.
    why
        Site id to the reason that it is chosen.
    **look
        As in :class:`renewal_geo.maps.ready.publications.Look`.

    Returns
    -------
    Page
        As for :func:`renewal_geo.maps.facility_map`.
    """
    return Page(
        coverage_spec(
            coverage, sites=sites, location=location, kind=kind, after=after, streets=streets, why=why,
            **look,
        )
    )  # fmt: skip


def coverage_spec(
    coverage: Coverage,
    *,
    sites: gpd.GeoDataFrame | None = None,
    location: Location | None = None,
    kind: str = "",
    after: Coverage | None = None,
    streets: gpd.GeoDataFrame | None = None,
    why: Mapping[str, Text] | None = None,
    **look: Unpack[Look],
) -> MapSpec:
    """Return what a map of coverage says; parameters as in :func:`coverage_map`."""
    require_look(look)
    crs = coverage.facilities.crs
    of = coverage.facilities["kind"].to_numpy(dtype=object)
    drawn = coverage.facilities[of == kind] if location is not None else coverage.facilities
    there = identified(drawn, "facilities", ["kind"])
    kinds = texts_of(there, "kind")
    standards = _standards(coverage, kind if location is not None else "")
    areas, _ = service_areas(there, kinds.tolist(), standards)
    layers: list[LayerSpec] = [_people(coverage, after, list(standards))]
    existing = existing_layer(there, kinds)
    notes = [_how_measured(coverage), *_said(coverage, list(standards))]
    if coverage.by == "line" and len(areas):
        layers.append(service_layer(areas, existing))
    if coverage.by == "network" and streets is not None and len(streets):
        own = streets[streets["kind"].isin(list(standards))]
        layers.append(_street_layer(own, existing, standards))
    if sites is not None and len(sites):
        ground, more = site_layer(in_crs(sites, crs), look)
        layers.append(ground)
        notes += more
    if location is not None:
        layers += _served_lines(location, coverage)
    for number, one in enumerate(standards):
        left = coverage if after is None else after
        layers.append(_uncovered_layer(left, one, number))
    layers.append(existing)
    if location is not None:
        layers += _chosen_layer(location, why or {})
    notes += gaps_said(there, both("facility.facilities"))
    title = both("coverage.title")
    if location is not None:
        title = both("coverage.chosen_caption", kind=kind_title(kind))
    return published(
        title,
        layers,
        look,
        crs,
        notes=notes,
        totals=_totals(standards, location, sites, after),
        bars=_bars(layers),
    )


def _people(coverage: Coverage, after: Coverage | None, kinds: list[str]) -> LayerSpec:
    """Return the people, with whom they are in reach of: now, and with the chosen sites."""
    reach, titles = {}, {}
    for kind in kinds:
        reach[kind] = pd.Series(coverage.demand[f"covered_{kind}"].to_numpy(dtype=bool))
        titles[kind] = of_kind("reach", kind)
        if after is not None and kind in after.table.index:
            reach[AFTER] = pd.Series(after.demand[f"covered_{kind}"].to_numpy(dtype=bool))
            titles[AFTER] = both("coverage.map_after")
    return people_layer(coverage.demand, coverage.facilities.iloc[:0], reach, titles)


def _how_measured(coverage: Coverage) -> Text:
    if coverage.by == "network":
        return both("coverage.map_streets")
    if coverage.detour != 1.0:
        return both("coverage.map_detour", detour=f"{coverage.detour:g}")
    return both("coverage.map_lines")


def _said(coverage: Coverage, kinds: list[str]) -> list[Text]:
    rows = coverage.table.loc[kinds]
    return [Text(str(zh), str(en)) for zh, en in zip(rows["text_zh"], rows["text_en"], strict=True)]


def _standards(coverage: Coverage, only: str) -> dict[str, Standard]:
    """Return the radii that were looked at; lengthened lines reach less far."""
    made = {}
    for kind, row in coverage.table.iterrows():
        if not np.isfinite(row["radius_m"]) or (only and kind != only):
            continue
        rule = coverage.rules.get(row["rule_id"])
        source = rule.document if rule is not None else ""
        checked = rule is not None and rule.decides
        made[str(kind)] = Standard(float(row["radius_m"]) / coverage.detour, source, checked)
    return made


def _street_layer(
    streets: gpd.GeoDataFrame, existing: LayerSpec, standards: Mapping[str, Standard]
) -> LayerSpec:
    """Return the streets within reach of each kind, in its colour; radii that nobody checked say so."""
    kinds = list(streets["kind"])
    table = streets.reset_index(drop=True)
    table["kind_en"] = [kind_title(one).en for one in kinds]
    table["kind"] = [kind_title(one).zh for one in kinds]
    inks = {one.value: one.fill for one in existing.classes}
    classes = tuple(
        MapClass(
            kind,
            of_kind(
                "class_radius" if standards[kind].verified else "class_unverified", kind, radius=f"{radius:g}"
            ),
            "", inks.get(kind, STREET_INK), 2.6,
        )
        for kind, radius in zip(kinds, streets["radius_m"], strict=True)
    )  # fmt: skip
    shown = (
        MapColumn("kind", both("ready.kind"), english="kind_en"),
        MapColumn("radius_m", both("facility.radius_m"), "number"),
        MapColumn("length_m", both("coverage.column_length_m"), "number"),
    )
    return LayerSpec(
        name="streets",
        title=both("coverage.map_reached"),
        kind="line",
        geometry=table.geometry,
        classes=classes,
        class_of=np.arange(len(table), dtype=np.int32),
        columns=shown,
        values=values_of(table, shown),
        popup=False,
        public_columns=tuple(one.name for one in shown),
    )


def _uncovered_layer(coverage: Coverage, kind: str, number: int) -> LayerSpec:
    """Return the people whom no facility of a kind reaches, in three steps of as many rows each."""
    rows = coverage.uncovered[coverage.uncovered["kind"] == kind].reset_index(drop=True)
    rows = gpd.GeoDataFrame(rows).set_geometry(rows.geometry.representative_point())
    if "sub_district" in coverage.demand.columns:
        own = coverage.demand["sub_district"]
        rows["sub_district"] = rows["demand_id"].map(own.set_axis(own.index.astype(str)))
        rows["sub_district"] = texts_of(rows, "sub_district")
    shades = UNCOVERED_SHADES[number % len(UNCOVERED_SHADES)]
    weight = rows["weight"].to_numpy(dtype=float)
    edges = steps_of(weight, 3)
    class_of = np.searchsorted(edges, weight, side="left")
    bounds = [weight.min(), *edges, weight.max()] if len(weight) else [0.0, 0.0]
    classes = tuple(
        MapClass(
            f"step{n}", same(f"{bounds[n]:,.0f} – {bounds[n + 1]:,.0f}"), shades[n], "#ffffff", 0.6, "", (),
            int((class_of == n).sum()),
        )
        for n in range(len(bounds) - 1)
    )  # fmt: skip
    shown = [
        MapColumn("demand_id", both("coverage.column_demand_id")),
        MapColumn("weight", both("facility.weight"), "number"),
        MapColumn("distance_m", both("coverage.column_distance_m"), "number"),
    ]
    if "sub_district" in rows:
        shown.append(MapColumn("sub_district", both("ready.sub_district")))
    return LayerSpec(
        name=f"uncovered_{kind}",
        title=of_kind_beyond(kind, coverage),
        kind="point",
        geometry=rows.geometry,
        classes=classes,
        class_of=class_of.astype(np.int32),
        columns=tuple(shown),
        values=values_of(rows, shown),
        filters=tuple(c.name for c in shown[1:]),
        visible=number == 0,  # one kind at a time: they lie on the same points
        group=both("coverage.map_uncovered"),
        public="drop",  # points of people may be single houses
    )


def of_kind_beyond(kind: str, coverage: Coverage) -> Text:
    """Return what the people beyond the reach of a kind are called."""
    radius = float(coverage.table["radius_m"].loc[kind])
    return both("coverage.map_beyond", kind=kind_title(kind), radius=f"{radius:g}")


def _served_lines(location: Location, coverage: Coverage) -> list[LayerSpec]:
    """Return a line from each place to the chosen site that serves it."""
    served = location.assignment
    served = served[served["site_id"].notna() & (served["weight"] > 0)]
    new = set(location.chosen.index[location.chosen["role"] != "existing"])
    served = served[served["site_id"].isin(new)]
    if not len(served):
        return []
    lines = service_lines(served, coverage.demand, gpd.GeoDataFrame(location.chosen))
    shown = (
        MapColumn("demand_id", both("coverage.column_demand_id")),
        MapColumn("site_id", both("coverage.column_site_id")),
        MapColumn("weight", both("facility.weight"), "number"),
        MapColumn("cost", both("coverage.column_cost"), "number"),
    )
    one = MapClass("served", both("coverage.assignment"), "", LINE_INK, 0.8, "", (), len(lines))
    return [
        LayerSpec(
            name="assignment",
            title=both("coverage.assignment"),
            kind="line",
            geometry=lines.geometry,
            classes=(one,),
            class_of=np.zeros(len(lines), dtype=np.int32),
            columns=shown,
            values=values_of(lines, shown),
            popup=False,
            public="drop",
        )
    ]


def service_lines(
    served: pd.DataFrame, demand: gpd.GeoDataFrame, chosen: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """Return a straight line from each row of demand to the site that serves it.

    Parameters
    ----------
    served
        Rows by demand id with ``site_id``.
    demand, chosen
        Points or areas by their ids.
    """
    of_demand = demand.index.get_indexer(served.index)
    of_site = chosen.index.get_indexer(pd.Index(served["site_id"]))
    starts = shapely.point_on_surface(demand.geometry.to_numpy()[of_demand])
    ends = shapely.point_on_surface(chosen.geometry.to_numpy()[of_site])
    spots = [shapely.get_coordinates(one) for one in (starts, ends)]
    lines = shapely.linestrings(np.stack(spots, axis=1))
    return gpd.GeoDataFrame(
        served.rename_axis("demand_id").reset_index(),
        geometry=lines,
        crs=demand.crs,
    )


def _chosen_layer(location: Location, why: Mapping[str, Text]) -> list[LayerSpec]:
    """Return the sites that are chosen besides what exists, each with its reason."""
    rows = gpd.GeoDataFrame(location.chosen[location.chosen["role"] != "existing"])
    table = rows.set_geometry(rows.geometry.representative_point()).reset_index(names="site_id")
    table["site_id"] = texts_of(table, "site_id")
    texts = [why.get(one, same("")) for one in table["site_id"]]
    table["why"], table["why_en"] = [one.zh for one in texts], [one.en for one in texts]
    table["next_best"] = texts_of(table, "next_best")
    order = [one for one in CHOSEN_INKS if (table["role"] == one).any()]
    classes = tuple(
        MapClass(
            one, both(f"coverage.map_{one}"), CHOSEN_INKS[one], RIM, 3.0, "", (),
            int((table["role"] == one).sum()),
        )
        for one in order
    )  # fmt: skip
    shown = (
        MapColumn("site_id", both("coverage.column_site_id")),
        MapColumn("weight", both("coverage.column_weight"), "number"),
        MapColumn("only_here", both("coverage.column_only_here"), "number"),
        MapColumn("loss", both("coverage.column_loss"), "number"),
        MapColumn("next_best", both("coverage.column_next_best")),
        MapColumn("loss_after", both("coverage.column_loss_after"), "number"),
        MapColumn("why", both("coverage.column_why"), english="why_en"),
    )
    return [
        LayerSpec(
            name="chosen",
            title=both("coverage.chosen"),
            kind="point",
            geometry=table.geometry,
            classes=classes,
            class_of=np.array([order.index(one) for one in table["role"]], dtype=np.int32),
            columns=shown,
            values=values_of(table, shown),
            search=("site_id",),
            public_columns=tuple(one.name for one in shown),
        )
    ]


def _totals(
    standards: Mapping[str, Standard],
    location: Location | None,
    sites: gpd.GeoDataFrame | None,
    after: Coverage | None,
) -> tuple[Total, ...]:
    unit = both("facility.unit")
    made = [counted("facilities", both("facility.facility_count"), "facilities", unit)]
    if sites is not None and len(sites):
        made.append(counted("sites", both("facility.site_count"), "sites", unit))
    if location is not None:
        made.append(counted("chosen", both("coverage.chosen"), "chosen", unit))
    inside = both("facility.within").zh
    for kind, one in standards.items():
        key = "reach_share" if one.verified else "reach_unverified"
        title = of_kind(key, kind, radius=f"{one.radius_m:g}")
        where = (Where(f"reach_{kind}", texts=(inside,)),)
        made.append(share(f"reach_{kind}", title, "demand", "weight", where))
    if after is not None and standards:
        where = (Where(f"reach_{AFTER}", texts=(inside,)),)
        made.append(share("after", both("coverage.map_after"), "demand", "weight", where))
    return tuple(made)


def _bars(layers: list[LayerSpec]) -> tuple[Bars, ...]:
    made: list[Any] = []
    for layer in layers:
        named = {column.name for column in layer.columns}
        if layer.name.startswith("uncovered_") and layer.visible and "sub_district" in named:
            made.append(
                Bars("street", both("coverage.map_bars"), layer.name, "sub_district", "weight")
            )
    return (*made, Bars("kind", both("facility.bars_kind"), "facilities", "kind"))
