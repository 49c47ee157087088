"""From findings to a map: where the drawing has faults, and which."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Unpack

import geopandas as gpd
import numpy as np
import pandas as pd

from renewal_geo.foundation.labels import has_label
from renewal_geo.maps import palettes
from renewal_geo.maps.controls import Bars, Total, Where
from renewal_geo.maps.page.folium_page import Page
from renewal_geo.maps.ready.publications import Look, published, require_look
from renewal_geo.maps.ready.ready_tables import column, own_columns, values_of
from renewal_geo.maps.spec import (
    Fact,
    Kind,
    LayerSpec,
    MapClass,
    MapColumn,
    MapSpec,
    Text,
    both,
    same,
)

if TYPE_CHECKING:
    from renewal_geo.quality import Findings, Repair

FINDING_COLUMNS = (
    "finding_id", "table", "row_id", "other_id", "fault", "code", "severity", "measure", "unit",
    "limit", "area_m2", "width_m", "message",
)  # fmt: skip
SEVERITIES = ("error", "warning", "info")
TITLES = {"area_m2": "fault_area_m2", "width_m": "fault_width_m"}
SEEN_M = 1e-3  # shorter moves are vertices put into a line, with nothing to see
BEFORE = palettes.Ink("", line="#b3261e", width=2.2)
AFTER = palettes.Ink("", line="#1f5fa8", width=1.4)
MOVES = palettes.Ink("", line="#6a3d9a", width=2.0)


def quality_map(
    findings: Findings,
    parcels: gpd.GeoDataFrame | None = None,
    *,
    repair: Repair | None = None,
    **look: Unpack[Look],
) -> Page:
    """Draw the faults of a drawing: a dot for every fault that has a place, and its shape where it is one.

    Parameters
    ----------
    findings
        What :func:`renewal_geo.quality.check` returned; its table has a CRS.
    parcels
        Drawn below, without a popup.
    repair
        What :func:`renewal_geo.quality.repair` made of it: the changed parcels are outlined as they
        were (red) and as they are (blue), each a layer that can be turned off.
    **look
        As in :class:`renewal_geo.maps.ready.publications.Look`; `columns` are those of the findings. Faults
        are for the house: the public edition has their codes and severities, no ids and no sentences.

    Returns
    -------
    Page
        As for :func:`renewal_geo.maps.handover_map`.

    Raises
    ------
    InputError
        For columns that are not there.
    RenderError
        When the page is made, if the findings have no CRS: they cannot be placed.
    """
    return Page(quality_spec(findings, parcels, repair=repair, **look))


def quality_spec(
    findings: Findings,
    parcels: gpd.GeoDataFrame | None = None,
    *,
    repair: Repair | None = None,
    **look: Unpack[Look],
) -> MapSpec:
    """Return what a map of `findings` says; parameters as in :func:`quality_map`."""
    require_look(look)
    table = findings.table
    layers = []
    if parcels is not None and len(parcels):
        layers.append(_ground(parcels))
    if len(table):
        layers.append(_shapes(table))
    if repair is not None:
        layers += _repaired(repair)
    if len(table):
        layers.append(_dots(table, look))
    counted = table["severity"].value_counts()
    # totals follow the filters; facts say that there is nothing to filter
    facts = [
        Fact(both(f"severity.{one}"), same(f"{int(counted.get(one, 0)):,}"), strong=True)
        for one in SEVERITIES
        if not len(table)
    ]
    if repair is not None:
        facts += _repair_facts(repair)
    ids = "|".join(table.get("finding_id", pd.Series(table.index)).astype(str))
    digest = hashlib.sha256((ids + _said(repair)).encode()).hexdigest()
    named = look.get("fingerprint", "")
    look["fingerprint"] = named or digest
    return published(
        both("map.quality_title"),
        layers,
        look,
        table.crs,
        facts=tuple(facts),
        totals=_totals() if len(table) else (),
        bars=(Bars("codes", both("column.fault"), "findings", "fault"),) if len(table) else (),
    )


# the names that these functions had before


def _totals() -> tuple[Total, ...]:
    """Return how many findings there are, and of each severity."""
    severities = [
        Total(
            one, both(f"severity.{one}"), "findings",
            where=(Where("severity", texts=(both(f"severity.{one}").zh,)),),
        )
        for one in SEVERITIES
    ]  # fmt: skip
    return (Total("findings", both("map.findings"), "findings"), *severities)


def _ground(parcels: gpd.GeoDataFrame) -> LayerSpec:
    ink = palettes.REASONS["not_in_pool"]
    one = MapClass("parcel", both("map.all_parcels"), ink.fill, count=len(parcels))
    return _wordless("parcels", parcels.geometry, one)


def _shapes(table: gpd.GeoDataFrame) -> LayerSpec:
    """Return the places of findings that are areas, outlined; the dots above carry the words."""
    one = MapClass("shape", both("map.finding_shapes"), line="#b3261e", width=1.6)
    return _wordless("shapes", table.geometry, one)


def _wordless(name: str, geometry: gpd.GeoSeries, one: MapClass) -> LayerSpec:
    """Return areas of one class that no click asks about."""
    return LayerSpec(
        name=name,
        title=one.title,
        kind="polygon",
        geometry=geometry,
        classes=(one,),
        class_of=np.zeros(len(geometry), dtype=np.int32),
        columns=(),
        values=pd.DataFrame(index=range(len(geometry))),
        popup=False,
    )


def _repaired(repair: Repair) -> list[LayerSpec]:
    """Return the changed parcels before and after, and the moves of their vertices."""
    log = repair.log
    delta = log.groupby("row_id")["delta_m2"].sum()
    action = log.groupby("row_id")["action"].agg(lambda one: "; ".join(dict.fromkeys(one)))
    layers = []
    for name, table, ink in (("before", repair.before, BEFORE), ("after", repair.after, AFTER)):
        ids = table.index.astype(str)
        values = pd.DataFrame(
            {
                "row_id": ids,
                "action": action.reindex(ids).fillna("").to_numpy(),
                "delta_m2": delta.reindex(ids).fillna(0.0).to_numpy(),
            }
        )
        columns = (
            MapColumn("row_id", both("column.row_id")),
            MapColumn("action", both("column.action")),
            MapColumn("delta_m2", both("column.delta_m2"), "number", 3),
        )
        title = both(f"map.repaired_{name}")
        layers.append(_outlined(name, title, "polygon", table.geometry, ink, columns, values))
    moved = repair.moves[repair.moves["distance_m"].astype(float) > SEEN_M].reset_index(drop=True)
    shown = (
        MapColumn("row_id", both("column.row_id")),
        MapColumn("distance_m", both("column.distance_m"), "number", 3),
    )
    values = pd.DataFrame(moved[["row_id", "distance_m"]])
    title = both("map.moved_vertices")
    layers.append(_outlined("moves", title, "line", moved.geometry, MOVES, shown, values))
    return [layer for layer in layers if len(layer.geometry)]


def _outlined(
    name: str,
    title: Text,
    kind: Kind,
    geometry: gpd.GeoSeries,
    ink: palettes.Ink,
    columns: tuple[MapColumn, ...],
    values: pd.DataFrame,
) -> LayerSpec:
    one = MapClass(name, title, line=ink.line, width=ink.width, count=len(geometry))
    return LayerSpec(
        name=name,
        title=title,
        kind=kind,
        geometry=geometry,
        classes=(one,),
        class_of=np.zeros(len(geometry), dtype=np.int32),
        columns=columns,
        values=values,
        dots=kind == "line",
        public="drop",
    )


def _repair_facts(repair: Repair) -> list[Fact]:
    delta = repair.area_after_m2 - repair.area_before_m2
    return [
        Fact(both("map.repair_changes"), same(f"{len(repair.log):,}")),
        Fact(both("map.repair_delta"), same(f"{delta:+,.2f}")),
        Fact(both("map.repair_left"), same(f"{len(repair.left):,}")),
    ]


def _said(repair: Repair | None) -> str:
    return "" if repair is None else str(repair)


def _dots(table: gpd.GeoDataFrame, look: Look) -> LayerSpec:
    code = table["code"].astype(str)
    severity = table["severity"].astype(str)
    worst = severity.groupby(code).agg(lambda s: min(s, key=_rank))
    order = sorted(worst.index, key=lambda c: (_rank(worst[c]), c))
    titles = {
        name: both(f"fault.{name}") if has_label(f"fault.{name}") else same(name) for name in order
    }
    classes = []
    for name in order:
        ink = palettes.SEVERITIES.get(worst[name], palettes.SEVERITIES["info"])
        classes.append(
            MapClass(
                name, titles[name], ink.fill, ink.line, ink.width, ink.hatch, (),
                int((code == name).sum()),
            )
        )  # fmt: skip
    frame = pd.DataFrame(table.drop(columns=table.geometry.name))
    if "finding_id" not in frame:
        frame["finding_id"] = table.index.astype(str)
    frame["fault"] = code.map(lambda one: titles[one].zh)
    frame["fault_en"] = code.map(lambda one: titles[one].en)
    frame["severity"] = severity.map(lambda one: both(f"severity.{one}").zh)
    frame["severity_en"] = severity.map(lambda one: both(f"severity.{one}").en)
    shown = tuple(
        column(
            frame, name, both(f"column.{TITLES.get(name, name)}"), decimals=3,
            english=f"{name}_en" if f"{name}_en" in frame else "",
        )
        for name in FINDING_COLUMNS
        if name in frame
    )  # fmt: skip
    shown += own_columns(frame, look.get("columns", ()), shown, "the findings")
    names = {one.name for one in shown}
    return LayerSpec(
        name="findings",
        title=both("map.findings"),
        kind="point",
        geometry=table.geometry.representative_point(),
        classes=tuple(classes),
        class_of=code.map({n: i for i, n in enumerate(order)}).to_numpy().astype(np.int32),
        columns=shown,
        values=values_of(frame, shown),
        search=tuple(n for n in ("finding_id", "row_id", "other_id") if n in names),
        filters=tuple(n for n in ("severity", "fault", "table", "measure") if n in names),
        public_columns=("code", "fault", "severity"),
    )


def _rank(severity: str) -> int:
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)
