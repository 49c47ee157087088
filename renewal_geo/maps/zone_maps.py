"""From a delineation to a map: which layers, which classes, which columns, for whom."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from renewal_geo.foundation.labels import has_label, own_title
from renewal_geo.maps import palettes
from renewal_geo.maps.editions import PUBLIC_GRID_M, public_layer
from renewal_geo.maps.folium_page import Page
from renewal_geo.maps.outlook_layers import (
    crossing_layer,
    parcel_extras,
    phase_layer,
    zone_extras,
)
from renewal_geo.maps.outlook_panel import outlook_panel
from renewal_geo.maps.spec import (
    NO_CLASS,
    Edition,
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
from renewal_geo.maps.summaries import facts, fingerprint_of, funnel_bars

if TYPE_CHECKING:
    from renewal_geo.zones import Delineation, Outlook

MOST_KINDS = 8
CHOSEN_FILLER = "chosen_filler"

# Default-deny: only these ever leave the table, and what the caller names in `columns`.
PARCEL_COLUMNS = (
    "parcel_id", "reason", "reason_text", "zone_id", "area_m2", "value", "value_total",
    "share_legal", "share_industrial",
)  # fmt: skip
ZONE_COLUMNS = (
    "zone_id", "zone_name", "sub_districts", "area_m2", "gross_area_m2", "parcel_count", "value",
    "net_value", "outline_m", "perimeter_m", "compactness", "floor_area_m2", "mean_built_year",
)  # fmt: skip
DECIMALS = {"parcel_count": 0, "compactness": 3, "value": 3, "value_total": 2, "net_value": 2}


def zone_map(
    delineation: Delineation,
    *,
    lang: str = "zh",
    edition: Edition = "internal",
    title: str | None = None,
    subtitle: str = "",
    source: str = "",
    as_of: dt.date | None = None,
    review_no: str = "",
    columns: Sequence[str] = (),
    notes: Sequence[str] = (),
    exclusions: gpd.GeoDataFrame | None = None,
    sub_districts: gpd.GeoDataFrame | None = None,
    fingerprint: str = "",
    outlook: Outlook | None = None,
) -> Page:
    """Draw a delineation as a page that is one file and asks no host for anything.

    Parameters
    ----------
    delineation
        What :func:`renewal_geo.zones.delineate` returned.
    lang
        Language shown first, ``zh`` or ``en``; the page has a switch.
    edition
        ``internal`` lists every parcel. ``public`` merges parcels by reason, gives no parcel id and
        no row of the parcel table, and snaps every coordinate to a grid of 10 m.
    title, subtitle
        Heading; a plain one where None.
    source, as_of, review_no
        For the footer. Without `review_no` the page is marked as not reviewed.
    columns
        Own columns of the parcels that popups may show besides the allowed ones; none by default,
        and none ever in the public edition.
    notes
        Sentences for the footer, for example that the data is invented.
    exclusions, sub_districts
        Drawn as context, in the CRS of the delineation.
    fingerprint
        Hash printed in the footer; that of the delineation's own record where empty.
    outlook
        What a planner asks next: adds a drawer with frontier, phases, prices and robustness, the
        layers phases and crossings, and to every parcel what would have to change. The public
        edition has no sentence about a parcel.

    Returns
    -------
    Page
        A :class:`folium.Map` with ``.save(path)`` and ``.html()``; shows itself in a notebook.

    Raises
    ------
    InputError
        If `columns` names a column that is not there, or edition or language are unknown.
    """
    return Page(
        zone_spec(
            delineation, lang=lang, edition=edition, title=title, subtitle=subtitle, source=source,
            as_of=as_of, review_no=review_no, columns=columns, notes=notes, exclusions=exclusions,
            sub_districts=sub_districts, fingerprint=fingerprint, outlook=outlook,
        )
    )  # fmt: skip


def zone_spec(
    delineation: Delineation,
    *,
    lang: str = "zh",
    edition: Edition = "internal",
    title: str | None = None,
    subtitle: str = "",
    source: str = "",
    as_of: dt.date | None = None,
    review_no: str = "",
    columns: Sequence[str] = (),
    notes: Sequence[str] = (),
    exclusions: gpd.GeoDataFrame | None = None,
    sub_districts: gpd.GeoDataFrame | None = None,
    fingerprint: str = "",
    outlook: Outlook | None = None,
) -> MapSpec:
    """Return what a map of `delineation` says; parameters as in :func:`zone_map`."""
    require_edition(edition, lang)
    require_columns(columns, delineation.parcels, "the parcels")
    layers = [parcel_layer(delineation, columns, outlook)]
    phased = phase_layer(delineation, outlook)
    if phased is not None:
        layers.append(phased)
    if exclusions is not None and len(exclusions):
        layers.append(_kind_layer("exclusions", exclusions, palettes.EXCLUSION_CYCLE, hatch=True))
    if len(delineation.barriers):
        layers.append(_kind_layer("barriers", delineation.barriers, palettes.BARRIER_CYCLE))
    if sub_districts is not None and len(sub_districts):
        layers.append(_boundary_layer(sub_districts))
    crossings = crossing_layer(outlook, edition)
    if crossings is not None:
        layers.append(crossings)
    layers.append(outline_layer(delineation, outlook))
    said = [same(note) for note in notes]
    if edition == "public":
        layers = [public_layer(layer, delineation) for layer in layers]
        said.append(both("map.public_note", grid=f"{PUBLIC_GRID_M:g}"))
    return MapSpec(
        title=same(title) if title else both("map.zones_title"),
        subtitle=same(subtitle),
        lang=lang,
        edition=edition,
        as_of=as_of,
        crs=crs_name(delineation.parcels.crs),
        source=source,
        review_no=review_no,
        notes=tuple(said),
        layers=tuple(layers),
        facts=facts(delineation),
        funnel=funnel_bars(delineation.funnel),
        list_layer="zones",
        fingerprint=fingerprint or fingerprint_of(delineation),
        panel=outlook_panel(delineation, outlook, edition) if outlook is not None else None,
    )


def parcel_layer(
    delineation: Delineation, columns: Sequence[str] = (), outlook: Outlook | None = None
) -> LayerSpec:
    """Return the parcels coloured by reason, the chosen ones in the shade of their zone."""
    parcels = delineation.parcels
    reason = parcels["reason"].astype(object).where(parcels["reason"].notna(), "").astype(str)
    filler = _flags(parcels, "is_filler")
    value = reason.where(~((reason == "chosen") & filler), CHOSEN_FILLER)
    order = [name for name in palettes.REASONS if (value == name).any()]
    order += sorted(set(value) - set(order))
    area = parcels["area_m2"].fillna(0.0).groupby(value.to_numpy()).sum()
    counts = value.value_counts()
    classes = tuple(
        _class(
            f"reason.{name}", name, palettes.REASONS.get(name, palettes.OTHER),
            int(counts[name]), float(area[name]),
            palettes.ZONE_SHADES if name.startswith("chosen") else (),
        )
        for name in order
    )  # fmt: skip
    shades = zone_shades(delineation)
    zone = parcels["zone_id"]
    shade_of = zone.map(shades).fillna(NO_CLASS).to_numpy().astype(np.int32)
    table = parcels.drop(columns=parcels.geometry.name).assign(parcel_id=parcels.index.astype(str))
    own = [name for name in columns if name not in PARCEL_COLUMNS]
    made, extras = parcel_extras(outlook, parcels.index)
    table = table.assign(**{str(name): made[name].to_numpy() for name in made})
    shown = tuple(_column(table, name) for name in PARCEL_COLUMNS if name in table)
    said = 1 + max((n for n, c in enumerate(shown) if c.name == "reason_text"), default=-1)
    shown = (*shown[:said], *extras, *shown[said:])  # what would change it follows the reason
    shown += tuple(
        replace(_column(table, name), title=Text(own_title(name, "zh"), own_title(name, "en")))
        for name in own
    )
    return LayerSpec(
        name="parcels",
        title=both("map.parcels"),
        kind="polygon",
        geometry=parcels.geometry,
        classes=classes,
        class_of=value.map({n: i for i, n in enumerate(order)}).to_numpy().astype(np.int32),
        shade_of=shade_of,
        columns=shown,
        values=_values(table, shown),
    )


def outline_layer(delineation: Delineation, outlook: Outlook | None = None) -> LayerSpec:
    """Return the published outlines with their captions; figures are those of the zones."""
    envelopes = delineation.envelopes
    zones = delineation.zones.reindex(envelopes.index)
    table = pd.DataFrame(zones.drop(columns=delineation.zones.geometry.name))
    table["zone_id"] = envelopes.index.astype(str)
    for name in ("gross_area_m2", "perimeter_m", "compactness"):
        if name in envelopes and name not in table:
            table[name] = envelopes[name]
    shares = sorted(name for name in table.columns if str(name).startswith("share_"))
    names = [n for n in ZONE_COLUMNS if n in table] + shares
    titles = {"value": "column.value_total"}
    made, extras = zone_extras(outlook, envelopes.index)
    table = table.assign(**{str(name): made[name].to_numpy() for name in made})
    shown = tuple(_column(table, name, titles.get(name, "")) for name in names) + extras
    area = float(table["area_m2"].sum()) if len(table) else 0.0
    one = MapClass(
        "zone",
        both("map.zones"),
        line=palettes.ZONE_LINE,
        width=2.2,
        count=len(table),
        area_m2=area,
    )
    return LayerSpec(
        name="zones",
        title=both("map.zones"),
        kind="polygon",
        geometry=envelopes.geometry,
        classes=(one,),
        class_of=np.zeros(len(envelopes), dtype=np.int32),
        columns=shown,
        values=_values(table, shown),
        captions=_captions(table),
        marks=tuple(table["zone_id"]),
    )


def zone_shades(delineation: Delineation) -> dict[str, int]:
    """Return zone_id -> shade, so that zones near one another differ where shades suffice."""
    outlines = delineation.envelopes.geometry
    count = len(palettes.ZONE_SHADES)
    chosen: dict[str, int] = {}
    if not len(outlines):
        return chosen
    reach = np.sqrt(np.nanmax(outlines.area.to_numpy())) if len(outlines) else 0.0
    near = outlines.buffer(reach / 2).sindex.query(outlines.to_numpy(), predicate="intersects")
    beside: dict[int, set[int]] = {}
    for i, j in near.T.tolist():
        beside.setdefault(i, set()).add(j)
    shades: dict[int, int] = {}
    for i, zone in enumerate(outlines.index):
        taken = {shades[j] for j in beside.get(i, ()) if j in shades}
        free = [s for s in range(count) if s not in taken]
        shades[i] = free[0] if free else i % count
        chosen[str(zone)] = shades[i]
    return chosen


def _class(
    key: str, value: str, ink: palettes.Ink, count: int, area: float | None,
    shades: tuple[str, ...] = (),
) -> MapClass:  # fmt: skip
    return MapClass(value, both(key), ink.fill, ink.line, ink.width, ink.hatch, shades, count, area)


def _kind_layer(
    role: str, table: gpd.GeoDataFrame, cycle: tuple[str, ...], *, hatch: bool = False
) -> LayerSpec:
    kinds = _texts(table, "kind")
    common = kinds.value_counts(sort=False)
    order = sorted(common.index, key=lambda k: (-int(common[k]), k))
    kept = order if len(order) <= MOST_KINDS else order[: MOST_KINDS - 1]
    value = kinds.where(kinds.isin(kept), "other")
    names = [*kept, *(["other"] if len(kept) < len(order) else [])]
    classes = []
    for i, name in enumerate(names):
        known = palettes.BARRIERS.get(name)
        ink = known or palettes.Ink(cycle[i % len(cycle)])
        if hatch:
            ink = palettes.Ink("", "forward" if i % 2 == 0 else "backward", ink.fill, 1.0)
        title = _kind_title(role, name)
        number = int((value == name).sum())
        classes.append(MapClass(name, title, ink.fill, ink.line, ink.width, ink.hatch, (), number))
    shown = (MapColumn("kind", both("column.kind")),)
    return LayerSpec(
        name=role,
        title=both(f"map.{role}"),
        kind="polygon",
        geometry=table.geometry,
        classes=tuple(classes),
        class_of=value.map({n: i for i, n in enumerate(names)}).to_numpy().astype(np.int32),
        columns=shown,
        values=pd.DataFrame({"kind": kinds.to_numpy()}),
        popup=role == "exclusions",
    )


def _boundary_layer(table: gpd.GeoDataFrame) -> LayerSpec:
    names = _texts(table, "name")
    one = MapClass(
        "boundary", both("map.sub_districts"), line="#8a8378", width=1.4, count=len(table)
    )
    return LayerSpec(
        name="sub_districts",
        title=both("map.sub_districts"),
        kind="polygon",
        geometry=table.geometry,
        classes=(one,),
        class_of=np.zeros(len(table), dtype=np.int32),
        columns=(),
        values=pd.DataFrame(index=range(len(table))),
        captions=tuple(names),
        popup=False,
    )


def _column(table: pd.DataFrame, name: str, title_key: str = "") -> MapColumn:
    title = both(title_key or f"column.{name}")
    values = table[name]
    if name.startswith("share_"):
        return MapColumn(name, title, "share", 1)
    if pd.api.types.is_bool_dtype(values):
        return MapColumn(name, title, "yes_no")
    if name.endswith("_year"):
        return MapColumn(name, title, "year")
    if pd.api.types.is_numeric_dtype(values):
        whole = pd.api.types.is_integer_dtype(values)
        fallback = 0 if whole or name.endswith(("_m", "_m2")) else 3
        return MapColumn(name, title, "number", DECIMALS.get(name, fallback))
    return MapColumn(name, title)


def _values(table: pd.DataFrame, shown: Sequence[MapColumn]) -> pd.DataFrame:
    names = [name for column in shown for name in (column.name, column.english) if name]
    return pd.DataFrame(table[names]).reset_index(drop=True)


def _captions(zones: pd.DataFrame) -> tuple[str, ...]:
    if "zone_name" not in zones:
        return tuple(zones["zone_id"])
    names = _texts(zones, "zone_name")
    return tuple(
        zone if not name or name == zone else f"{zone} {name}" if zone not in name else name
        for zone, name in zip(zones["zone_id"], names, strict=True)
    )


def _texts(table: pd.DataFrame, name: str) -> pd.Series[str]:
    if name not in table:
        return pd.Series("", index=table.index, dtype=object)
    values = table[name].astype(object)
    texts: pd.Series[str] = values.where(values.notna(), "").map(str)
    return texts


def _flags(table: pd.DataFrame, name: str) -> pd.Series[bool]:
    if name not in table:
        return pd.Series(data=False, index=table.index)
    return table[name].astype(object).map(lambda v: v is not None and v == True)  # noqa: E712


def _kind_title(role: str, name: str) -> Text:
    if name == "other":
        return both("map.other")
    if not name:
        return both(f"map.{role}")
    return both(f"kind.{name}") if has_label(f"kind.{name}") else same(name)
