"""Which public facilities there are, whom they reach, what is lacking, and where it could stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Unpack

import geopandas as gpd
import pandas as pd

from renewal_geo.foundation.facility_kinds import kind_code
from renewal_geo.maps.controls import Bars, Deadlines, Timeline, Total, Where
from renewal_geo.maps.page.folium_page import Page
from renewal_geo.maps.ready.facility_layers import (
    existing_layer,
    need_layers,
    of_kind,
    people_layer,
    service_layer,
    site_layer,
)
from renewal_geo.maps.ready.facility_tables import (
    Standard,
    checked_standards,
    service_areas,
)
from renewal_geo.maps.ready.publications import (
    Look,
    counted,
    hectares,
    in_crs,
    published,
    require_look,
    share,
)
from renewal_geo.maps.ready.ready_tables import by_kind, gaps_said, identified, texts_of
from renewal_geo.maps.spec import LayerSpec, MapSpec, both


def facility_map(
    sites: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    needs: gpd.GeoDataFrame | None = None,
    demand: gpd.GeoDataFrame | None = None,
    standards: Mapping[str, float | Standard] | None = None,
    *,
    links: pd.DataFrame | None = None,
    warn_days: int = 180,
    **look: Unpack[Look],
) -> Page:
    """Draw public facilities and their service areas, candidate sites, and what is lacking where.

    Parameters
    ----------
    sites
        Candidate land by ``site_id``; optional ``name, use, status, area_m2, available_from, due_on,
        inside, sub_district``.
    facilities
        Existing ones, points or areas by ``facility_id``: ``kind``; optional ``name, capacity, status,
        sub_district``.
    needs
        What is lacking, by ``need_id``: ``kind``; optional ``name, min_area_m2, need_by, max_dist_m,
        demand, priority, sponsor, sub_district``.
    demand
        Where people are, points or areas by ``demand_id`` with ``weight``.
    standards
        Kind to service radius (m), or a :class:`renewal_geo.maps.Standard` with its source and
        whether it was checked. There are no defaults; what nobody checked is marked on the map.
    links
        Rows ``need_id, site_id``: which site answers which need. Not reckoned here.
    warn_days
        Needs within so many days after the data day are counted apart.
    **look
        As in :class:`renewal_geo.maps.ready.publications.Look`; `columns` are those of the sites.

    Returns
    -------
    Page
        As for :func:`renewal_geo.maps.handover_map`.

    Raises
    ------
    InputError
        Naming a column that is needed or asked for and not there, or a radius that is none.
    CRSError
        Where distances or areas are needed and the CRS cannot measure.
    """
    return Page(
        facility_spec(
            sites, facilities, needs, demand, standards, links=links, warn_days=warn_days, **look
        )
    )


def facility_spec(
    sites: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    needs: gpd.GeoDataFrame | None = None,
    demand: gpd.GeoDataFrame | None = None,
    standards: Mapping[str, float | Standard] | None = None,
    *,
    links: pd.DataFrame | None = None,
    warn_days: int = 180,
    **look: Unpack[Look],
) -> MapSpec:
    """Return what a map of facilities says; parameters as in :func:`facility_map`."""
    require_look(look)
    crs = facilities.crs if facilities.crs is not None else sites.crs
    asked = checked_standards(standards)
    there = identified(facilities, "facilities", ["kind"])
    kinds = texts_of(there, "kind").map(kind_code)
    areas, notes = service_areas(there, kinds.tolist(), asked)
    ground, more = site_layer(in_crs(sites, crs), look)
    notes += more
    layers: list[LayerSpec] = []
    reach: list[tuple[str, Standard]] = []
    if demand is not None:
        layers.append(people_layer(in_crs(demand, crs), areas))
        reach = [(kind, asked[kind]) for kind in areas["kind"]]
    existing = existing_layer(there, kinds)
    if len(areas):
        layers.append(service_layer(areas, existing))
    layers += by_kind(ground)
    lacking: LayerSpec | None = None
    if needs is not None:
        lacking, drawn, more = need_layers(in_crs(needs, crs), in_crs(sites, crs), links)
        notes += more
        layers += drawn
    layers += by_kind(existing)
    layers += by_kind(lacking) if lacking is not None else []
    notes += gaps_said(there, both("facility.facilities"))
    tables = {one.name: {column.name for column in one.columns} for one in layers}
    dated = "need_by" in tables.get("needs", set()) and look.get("as_of") is not None
    return published(
        both("facility.title"),
        layers,
        look,
        crs,
        notes=notes,
        totals=_totals(tables, reach, warn_days, dated=dated),
        bars=_bars(tables),
        deadlines=_deadlines(tables["needs"]) if dated else None,
        timeline=Timeline(both("facility.timeline"), "needs", "need_by")
        if "need_by" in tables.get("needs", set())
        else None,
    )


def _totals(
    tables: Mapping[str, set[str]],
    reach: Sequence[tuple[str, Standard]],
    warn_days: int,
    *,
    dated: bool,
) -> tuple[Total, ...]:
    unit = both("facility.unit")
    made = [
        counted("facilities", both("facility.facility_count"), "facilities", unit),
        counted("sites", both("facility.site_count"), "sites", unit),
        hectares("site_area", both("facility.site_area"), "sites"),
    ]
    if "needs" in tables:
        made.append(counted("needs", both("facility.need_count"), "needs", unit))
        if "answered" in tables["needs"]:
            met = (Where("answered", texts=(both("facility.answered").zh,)),)
            made.append(counted("answered", both("facility.answered_count"), "needs", unit, met))
        if dated:
            soon = (Where("need_by", last_day=warn_days),)
            made.append(
                counted("late", both("facility.late_count", days=warn_days), "needs", unit, soon)
            )
    inside = both("facility.within").zh
    made += [
        share(
            f"reach_{kind}",
            of_kind(
                "reach_share" if one.verified else "reach_unverified",
                kind,
                radius=f"{one.radius_m:g}",
            ),
            "demand",
            "weight",
            (Where(f"reach_{kind}", texts=(inside,)),),
        )
        for kind, one in reach
    ]
    return tuple(made)


def _bars(tables: Mapping[str, set[str]]) -> tuple[Bars, ...]:
    made = []
    if "sub_district" in tables["facilities"]:
        made.append(Bars("street", both("facility.bars_street"), "facilities", "sub_district"))
    if "sub_district" in tables.get("needs", set()):
        made.append(Bars("needs", both("facility.bars_needs"), "needs", "sub_district"))
    return (*made, Bars("kind", both("facility.bars_kind"), "facilities", "kind"))


def _deadlines(names: set[str]) -> Deadlines:
    wanted = ("kind", "sub_district")
    return Deadlines(
        both("facility.deadlines"), "needs", "need_by", tuple(n for n in wanted if n in names)
    )
