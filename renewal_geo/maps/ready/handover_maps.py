"""Which land the city receives, how far each site is, and what is due: 公共用地移交."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Unpack

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from renewal_geo.foundation.site_statuses import WORDS
from renewal_geo.maps import palettes
from renewal_geo.maps.classes import classed
from renewal_geo.maps.controls import Bars, Compare, Deadlines, Timeline, Total, Where, days_after
from renewal_geo.maps.page.folium_page import Page
from renewal_geo.maps.ready.publications import (
    Look,
    counted,
    hectare_bars,
    hectares,
    owners_of,
    published,
    require_look,
    share,
)
from renewal_geo.maps.ready.ready_tables import (
    Code,
    Coded,
    areas_of,
    by_kind,
    coded,
    column,
    days_of,
    gaps_said,
    identified,
    own_columns,
    texts_map,
    texts_of,
    values_of,
)
from renewal_geo.maps.spec import LayerSpec, MapClass, MapColumn, MapSpec, Scheme, Text, both, same

RESERVE = "in_reserve"
LINE = "#2b3640"
STATUS_INKS = {
    "committed": palettes.Ink("#c9c4ba", "forward", LINE, 0.4),
    "cleared": palettes.Ink("#f0e442", "horizontal", LINE, 0.4),
    "filed": palettes.Ink("#56b4e9", "dots", LINE, 0.4),
    RESERVE: palettes.Ink("#0072b2", "", LINE, 0.4),
}
STATUSES = tuple(
    Code(name, both(f"handover.{name}"), STATUS_INKS[name], words) for name, words in WORDS.items()
)
DUE_INKS = {
    "done": palettes.Ink("#0072b2", "", LINE, 0.4),
    "overdue": palettes.Ink("#d55e00", "cross", LINE, 0.4),
    "due_soon": palettes.Ink("#f0e442", "horizontal", LINE, 0.4),
    "later": palettes.Ink("#a9d5ef", "dots", LINE, 0.4),
    "no_due": palettes.Ink("#f4f2ec", "backward", LINE, 0.4),
}
# Default-deny: only these ever leave the tables, and what the caller names in `columns`.
SITE_COLUMNS = (
    "site_id", "name", "status", "use", "due_on", "area_m2", "sub_district", "inside",
    "available_from", "project",
)  # fmt: skip
PUBLIC_COLUMNS = ("site_id", "name", "status", "use", "due_on", "area_m2", "sub_district", "inside")
PROJECT_COLUMNS = ("project_id", "name", "unit_type", "category", "sub_district")
PROJECT_LINE = "#b3261e"
OWN_TITLES = ("site_id", "due_on", "available_from", "inside")
OPTIONAL_TEXTS = ("name", "use", "sub_district", "inside")


def handover_map(
    sites: gpd.GeoDataFrame,
    projects: gpd.GeoDataFrame | None = None,
    *,
    before: gpd.GeoDataFrame | None = None,
    before_as_of: dt.date | None = None,
    warn_days: int = 30,
    **look: Unpack[Look],
) -> Page:
    """Draw the land that is to be handed over to the city: how far each site is, and what is due.

    Parameters
    ----------
    sites
        n areas or points by ``site_id``: ``status`` (committed 承诺, cleared 已清, filed 备案, in_reserve
        入库; other texts are a class of their own); optional ``name, use, area_m2, due_on, sub_district,
        inside, available_from, project_id``. Panels whose column is not there are absent.
    projects
        Outlines to which the sites belong, by ``project_id``; optional ``name, unit_type, category``.
    before, before_as_of
        The sites as they were on an earlier day: the page then has a swipe.
    warn_days
        So many days after the data day a deadline counts as near.
    **look
        As in :class:`renewal_geo.maps.ready.publications.Look`.

    Returns
    -------
    Page
        A :class:`folium.Map` with ``.save(path)`` and ``.html()``; shows itself in a notebook.

    Raises
    ------
    InputError
        Naming a column that is needed or asked for and not there, and how to map it.
    CRSError
        Where no areas are recorded and the CRS cannot measure.
    """
    return Page(
        handover_spec(
            sites, projects, before=before, before_as_of=before_as_of, warn_days=warn_days, **look
        )
    )


def handover_spec(
    sites: gpd.GeoDataFrame,
    projects: gpd.GeoDataFrame | None = None,
    *,
    before: gpd.GeoDataFrame | None = None,
    before_as_of: dt.date | None = None,
    warn_days: int = 30,
    **look: Unpack[Look],
) -> MapSpec:
    """Return what a map of `sites` says; parameters as in :func:`handover_map`."""
    require_look(look)
    layer, notes = _sites(sites, projects, look, warn_days)
    layers = [] if projects is None or not len(projects) else by_kind(_outlines(projects))
    compare = None
    if before is not None:
        earlier, more = _sites(before, projects, look, warn_days)
        notes += more
        gone = replace(
            earlier, name="sites_before", title=both("handover.sites_before"), side="before",
            search=(), filters=(), public="drop",
        )  # fmt: skip
        layers += by_kind(gone)
        layer = replace(layer, side="after")
        compare = Compare(_day_or("before", before_as_of), _day_or("after", look.get("as_of")))
    names = {one.name for one in layer.columns}
    dated = "due_on" in names and look.get("as_of") is not None
    pending = Where("status", texts=_pending(layer))
    columns = ["name" if "name" in names else "site_id", "status"]
    return published(
        both("handover.title"),
        [*layers, *by_kind(layer)],
        look,
        sites.crs,
        notes=notes,
        totals=_totals(pending, warn_days, dated=dated),
        bars=tuple(_bars(names)),
        deadlines=Deadlines(
            both("handover.deadlines"), "sites", "due_on", tuple(columns),
            done=(Where("status", texts=(both("handover.in_reserve").zh,)),),
        )
        if dated
        else None,
        timeline=Timeline(both("handover.timeline"), "sites", "due_on") if "due_on" in names else None,
        compare=compare,
    )  # fmt: skip


def _sites(
    sites: gpd.GeoDataFrame, projects: gpd.GeoDataFrame | None, look: Look, warn_days: int
) -> tuple[LayerSpec, list[Text]]:
    what = both("handover.sites")
    table = identified(sites, "sites", ["status"])
    area, notes = areas_of(table, what)
    table["area_m2"] = area
    for name in OPTIONAL_TEXTS:
        if name in table.columns:
            table[name] = texts_of(table, name)
    for name in ("due_on", "available_from"):
        if name in table.columns:
            table[name], unread = days_of(table, name, what)
            notes += unread
    notes += gaps_said(table, what, *(["due_on"] if "due_on" in table.columns else []))
    status = coded(table["status"], STATUSES, area)
    table["status"], table["status_en"] = status.zh, status.en
    if "project_id" in table.columns and projects is not None and "name" in projects.columns:
        known = texts_map(identified(projects, "projects"), "project_id", "name")
        table["project"] = texts_of(table, "project_id").map(known).fillna("")
    shown = tuple(_column(table, name) for name in SITE_COLUMNS if name in table.columns)
    asked = [name for name in look.get("columns", ()) if name in sites.columns or name not in table]
    shown += own_columns(table, asked, shown, "the sites")
    names = {one.name for one in shown}
    schemes, more = _schemes(table, status, area, look.get("as_of"), warn_days)
    filters = ("sub_district", "use", "inside", "status", "due_on", "area_m2")
    layer = LayerSpec(
        name="sites",
        title=what,
        kind="polygon",
        geometry=table.geometry,
        classes=status.classes,
        class_of=status.class_of,
        columns=shown,
        values=values_of(table, shown),
        captions=tuple(table["site_id"]),
        marks=("",) * len(table),
        scheme=both("ready.status"),
        schemes=schemes,
        area="area_m2",
        search=tuple(name for name in ("site_id", "name", "project") if name in names),
        filters=tuple(name for name in filters if name in names),
        public_columns=PUBLIC_COLUMNS,
        owners=owners_of(table, look),
    )
    return layer, [*notes, *more]


def _column(table: pd.DataFrame, name: str) -> MapColumn:
    group = "handover" if name in OWN_TITLES else "ready"
    english = f"{name}_en" if f"{name}_en" in table.columns else ""
    return column(table, name, both(f"{group}.{name}"), decimals=1, english=english)


def _schemes(
    table: pd.DataFrame,
    status: Coded,
    area: NDArray[np.float64],
    as_of: dt.date | None,
    warn_days: int,
) -> tuple[tuple[Scheme, ...], list[Text]]:
    schemes, notes = [], []
    if "due_on" in table.columns and as_of is not None:
        done = status.zh == both("handover.in_reserve").zh
        schemes.append(_due_scheme(table["due_on"], done, area, as_of, warn_days))
    if "use" in table.columns:
        made = classed(table["use"], area, title=both("ready.use"), palette=palettes.load())
        schemes.append(Scheme("use", both("ready.use"), made.classes, made.class_of))
        notes += [made.note] if made.note else []
    return tuple(schemes), notes


def _due_scheme(
    due: pd.Series, done: pd.Series, area: NDArray[np.float64], as_of: dt.date, warn_days: int
) -> Scheme:
    left = days_after(due, as_of)
    with np.errstate(invalid="ignore"):
        tests = [done.to_numpy(), left < 0, left <= warn_days, left > warn_days]
    class_of = np.select(tests, range(4), 4).astype(np.int32)
    known = np.nan_to_num(area)
    classes = tuple(
        MapClass(
            name, both(f"handover.{name}", days=warn_days), ink.fill, ink.line, ink.width, ink.hatch,
            (), int((class_of == place).sum()), float(known[class_of == place].sum()),
        )
        for place, (name, ink) in enumerate(DUE_INKS.items())
    )  # fmt: skip
    return Scheme("due_on", both("handover.by_due"), classes, class_of)


def _outlines(projects: gpd.GeoDataFrame) -> LayerSpec:
    """Return the projects as red outlines, as planning drawings have them."""
    table = identified(projects, "projects")
    names = [name for name in PROJECT_COLUMNS if name in table.columns]
    for name in names:
        table[name] = texts_of(table, name)
    shown = tuple(column(table, name, both(f"ready.{name}")) for name in names)
    one = MapClass(
        "project", both("ready.projects"), line=PROJECT_LINE, width=1.3, count=len(table)
    )
    return LayerSpec(
        name="projects",
        title=both("ready.projects"),
        kind="polygon",
        geometry=table.geometry,
        classes=(one,),
        class_of=np.zeros(len(table), dtype=np.int32),
        columns=shown,
        values=values_of(table, shown),
        captions=tuple(table["name"]) if "name" in names else None,
        marks=("",) * len(table),  # a name is written where its land has room for it
        search=tuple(name for name in ("project_id", "name") if name in names),
        public_columns=("name", "unit_type", "sub_district"),
    )


def _pending(layer: LayerSpec) -> tuple[str, ...]:
    """Return the texts of every status but that of land in reserve, in the table or not."""
    reserve = both("handover.in_reserve").zh
    known = [one.title.zh for one in STATUSES]
    found = layer.values["status"].map(str)  # noqa: PD011 - our own field
    return tuple(one for one in dict.fromkeys([*known, *found]) if one != reserve)


def _totals(pending: Where, warn_days: int, *, dated: bool) -> tuple[Total, ...]:
    reserve = (Where("status", texts=(both("handover.in_reserve").zh,)),)
    unit = both("handover.parcels_unit")
    made = [
        counted("sites", both("handover.count"), "sites", unit),
        hectares("area", both("handover.area"), "sites"),
        hectares("reserve_area", both("handover.reserve_area"), "sites", where=reserve),
        share("reserve_share", both("handover.reserve_share"), "sites", "area_m2", reserve),
    ]
    if dated:
        near = (pending, Where("due_on", first_day=0, last_day=warn_days))
        late = (pending, Where("due_on", last_day=-1))
        made += [
            counted("due", both("handover.due_count", days=warn_days), "sites", unit, near),
            counted("overdue", both("handover.overdue_count"), "sites", unit, late),
        ]
    return tuple(made)


def _bars(names: set[str]) -> list[Bars]:
    by = {"sub_district": "bars_street", "use": "bars_use"}
    return [
        hectare_bars(name, both(f"handover.{title}"), "sites", name)
        for name, title in by.items()
        if name in names
    ]


def _day_or(key: str, day: dt.date | None) -> Text:
    return same(day.isoformat()) if day else both(f"handover.{key}")
