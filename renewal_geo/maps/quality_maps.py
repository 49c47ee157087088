"""From findings to a map: where the drawing has faults, and which."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from renewal_geo.foundation.labels import has_label
from renewal_geo.maps import palettes
from renewal_geo.maps.folium_page import Page
from renewal_geo.maps.spec import (
    Fact,
    LayerSpec,
    MapClass,
    MapColumn,
    MapSpec,
    both,
    crs_name,
    require_edition,
    same,
)

if TYPE_CHECKING:
    from renewal_geo.quality import Findings

FINDING_COLUMNS = (
    "finding_id", "table", "row_id", "other_id", "code", "severity", "measure", "unit", "limit",
    "message",
)  # fmt: skip
SEVERITIES = ("error", "warning", "info")


def findings_map(
    findings: Findings,
    parcels: gpd.GeoDataFrame | None = None,
    *,
    lang: str = "zh",
    title: str | None = None,
    source: str = "",
    as_of: dt.date | None = None,
    review_no: str = "",
    notes: Sequence[str] = (),
) -> Page:
    """Draw the faults of a drawing as a page that is one file and asks no host for anything.

    Parameters
    ----------
    findings
        What :func:`renewal_geo.quality.check` returned; its table has a CRS.
    parcels
        Drawn below, without a popup.
    lang, title, source, as_of, review_no, notes
        As in :func:`renewal_geo.maps.zone_map`.

    Returns
    -------
    Page
        A dot for every fault that has a place, and its shape where it is one.

    Raises
    ------
    RenderError
        When the page is made, if the findings have no CRS: they cannot be placed.
    """
    return Page(
        findings_spec(
            findings, parcels, lang=lang, title=title, source=source, as_of=as_of,
            review_no=review_no, notes=notes,
        )
    )  # fmt: skip


def findings_spec(
    findings: Findings,
    parcels: gpd.GeoDataFrame | None = None,
    *,
    lang: str = "zh",
    title: str | None = None,
    source: str = "",
    as_of: dt.date | None = None,
    review_no: str = "",
    notes: Sequence[str] = (),
) -> MapSpec:
    """Return what a map of `findings` says; parameters as in :func:`findings_map`."""
    require_edition("internal", lang)
    table = findings.table
    layers = []
    if parcels is not None and len(parcels):
        layers.append(_ground(parcels))
    dots = _dots(table, lang)
    if len(table):
        layers.append(_shapes(table))
        layers.append(dots)
    counted = table["severity"].value_counts()
    facts = [
        Fact(both(f"severity.{one}"), same(f"{int(counted.get(one, 0)):,}"), strong=True)
        for one in SEVERITIES
    ]
    ids = "|".join(table.get("finding_id", pd.Series(table.index)).astype(str))
    return MapSpec(
        title=same(title) if title else both("map.quality_title"),
        subtitle=same(""),
        lang=lang,
        edition="internal",
        as_of=as_of,
        crs=crs_name(table.crs),
        source=source,
        review_no=review_no,
        notes=tuple(same(note) for note in notes),
        layers=tuple(layers),
        facts=tuple(facts),
        fingerprint=hashlib.sha256(ids.encode()).hexdigest(),
    )


def _ground(parcels: gpd.GeoDataFrame) -> LayerSpec:
    ink = palettes.REASONS["not_in_pool"]
    one = MapClass("parcel", both("map.all_parcels"), ink.fill, count=len(parcels))
    return LayerSpec(
        name="parcels",
        title=both("map.all_parcels"),
        kind="polygon",
        geometry=parcels.geometry,
        classes=(one,),
        class_of=np.zeros(len(parcels), dtype=np.int32),
        columns=(),
        values=pd.DataFrame(index=range(len(parcels))),
        popup=False,
    )


def _shapes(table: gpd.GeoDataFrame) -> LayerSpec:
    """Return the places of findings that are areas, outlined; the dots above carry the words."""
    one = MapClass("shape", both("map.finding_shapes"), line="#b3261e", width=1.6)
    return LayerSpec(
        name="shapes",
        title=both("map.finding_shapes"),
        kind="polygon",
        geometry=table.geometry,
        classes=(one,),
        class_of=np.zeros(len(table), dtype=np.int32),
        columns=(),
        values=pd.DataFrame(index=range(len(table))),
        popup=False,
    )


def _dots(table: gpd.GeoDataFrame, lang: str) -> LayerSpec:
    code = table["code"].astype(str)
    severity = table["severity"].astype(str)
    worst = severity.groupby(code).agg(lambda s: min(s, key=_rank))
    order = sorted(worst.index, key=lambda c: (_rank(worst[c]), c))
    classes = []
    for name in order:
        ink = palettes.SEVERITIES.get(worst[name], palettes.SEVERITIES["info"])
        title = both(f"fault.{name}") if has_label(f"fault.{name}") else same(name)
        classes.append(
            MapClass(
                name, title, ink.fill, ink.line, ink.width, ink.hatch, (), int((code == name).sum())
            )
        )
    frame = pd.DataFrame(table.drop(columns=table.geometry.name))
    if "finding_id" not in frame:
        frame["finding_id"] = table.index.astype(str)
    if lang != "zh" and "message_en" in frame:
        frame["message"] = frame["message_en"]
    shown = tuple(
        MapColumn(name, both(f"column.{name}"), "number", 3)
        if pd.api.types.is_numeric_dtype(frame[name])
        else MapColumn(name, both(f"column.{name}"))
        for name in FINDING_COLUMNS
        if name in frame
    )
    return LayerSpec(
        name="findings",
        title=both("map.findings"),
        kind="point",
        geometry=table.geometry.representative_point(),
        classes=tuple(classes),
        class_of=code.map({n: i for i, n in enumerate(order)}).to_numpy().astype(np.int32),
        columns=shown,
        values=pd.DataFrame(frame[[c.name for c in shown]]).reset_index(drop=True),
    )


def _rank(severity: str) -> int:
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)
