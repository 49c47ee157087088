"""The layers of a zone map: parcels by reason, published outlines, what lies around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from renewal_geo.foundation.labels import has_label, own_title
from renewal_geo.maps import palettes
from renewal_geo.maps.classes import Classed, classed
from renewal_geo.maps.ready.outlook_layers import parcel_extras, zone_extras
from renewal_geo.maps.spec import (
    NO_CLASS,
    LayerSpec,
    MapClass,
    MapColumn,
    Scheme,
    Side,
    Text,
    both,
    same,
)

if TYPE_CHECKING:
    from renewal_geo.zones import Delineation, Outlook

MOST_KINDS = 8
CHOSEN_FILLER = "chosen_filler"
LAND_USE, SUB_DISTRICT = "land_use", "sub_district"

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


def parcel_layer(
    delineation: Delineation,
    columns: Sequence[str] = (),
    outlook: Outlook | None = None,
    *,
    owners: str = "",
    side: Side = "",
    palette: palettes.Palette | None = None,
) -> LayerSpec:
    """Return the parcels coloured by reason, the chosen ones in the shade of their zone.

    They can be searched by id, filtered by reason, zone and the caller's own columns, and coloured
    by zone and, where the caller released it, by land use or sub-district. `owners` names the
    column that is counted, and never written, before anything is published.
    """
    parcels = delineation.parcels
    reason = _texts(parcels, "reason")
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
    shade_of = parcels["zone_id"].map(zone_shades(delineation)).fillna(NO_CLASS)
    table = parcels.drop(columns=parcels.geometry.name).assign(parcel_id=parcels.index.astype(str))
    own = [name for name in columns if name not in PARCEL_COLUMNS]
    made, extras = parcel_extras(outlook, parcels.index)
    table = table.assign(**{str(name): made[name].to_numpy() for name in made})
    shown = tuple(_column(table, name) for name in PARCEL_COLUMNS if name in table)
    said = 1 + max((n for n, c in enumerate(shown) if c.name == "reason_text"), default=-1)
    shown = (*shown[:said], *extras, *shown[said:])  # what would change it follows the reason
    shown += tuple(replace(_column(table, name), title=own_name(name)) for name in own)
    return LayerSpec(
        name="parcels",
        title=both("map.parcels"),
        kind="polygon",
        geometry=parcels.geometry,
        classes=classes,
        class_of=value.map({n: i for i, n in enumerate(order)}).to_numpy().astype(np.int32),
        shade_of=shade_of.to_numpy().astype(np.int32),
        columns=shown,
        values=_values(table, shown),
        group=both("zone_map.zones"),
        scheme=both("zone_map.by_reason"),
        schemes=tuple(scheme for scheme, _ in parcel_schemes(delineation, own, palette)),
        area="area_m2",
        search=("parcel_id",),
        filters=("reason", "zone_id", *own),
        side=side,
        public="merge",
        public_by=("zone_id",),
        owners=parcels[owners].to_numpy() if owners else None,
    )


def parcel_schemes(
    delineation: Delineation, own: Sequence[str], palette: palettes.Palette | None = None
) -> list[tuple[Scheme, Text | None]]:
    """Return the further colourings of the parcels, each with a note where classes were joined."""
    parcels = delineation.parcels
    area = parcels["area_m2"].fillna(0.0).to_numpy(dtype=float)
    made: list[tuple[Scheme, Text | None]] = []
    zones = parcels["zone_id"]
    if zones.notna().any():
        names = {zone: same(said) for zone, said in zip(*_named(delineation), strict=True)}
        title = both("zone_map.by_zone")
        by_zone = classed(zones, area, title=title, titles=names, missing=both("zone_map.outside"))
        made.append(_scheme("zone_id", title, by_zone))
    for name in (LAND_USE, SUB_DISTRICT):
        if name in own:
            title = both("zone_map.by_column", name=own_name(name))
            known = (palette or palettes.load()) if name == LAND_USE else None
            made.append(
                _scheme(name, title, classed(parcels[name], area, title=title, palette=known))
            )
    return made


def outline_layer(
    delineation: Delineation,
    outlook: Outlook | None = None,
    *,
    owners: str = "",
    side: Side = "",
) -> LayerSpec:
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
        group=both("zone_map.zones"),
        area="area_m2",
        search=tuple(name for name in ("zone_id", "zone_name") if name in table),
        side=side,
        public_columns=tuple(column.name for column in shown),
        owners=zone_owners(delineation, owners),
    )


def zone_owners(delineation: Delineation, owners: str = "") -> np.ndarray:
    """Return per outline the owners of its parcels; a parcel counts as one where none are named."""
    parcels = delineation.parcels
    named = parcels[owners].astype(object) if owners else pd.Series(parcels.index, parcels.index)
    found = named.groupby(parcels["zone_id"].astype(object).to_numpy()).agg(tuple)
    each = np.empty(len(delineation.envelopes), dtype=object)
    for place, zone in enumerate(delineation.envelopes.index):
        each[place] = found.get(zone, ())
    return each


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


def kind_layer(
    role: str, table: gpd.GeoDataFrame, cycle: tuple[str, ...], *, hatch: bool = False
) -> LayerSpec:
    """Return barriers or exclusions, coloured by kind."""
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
    return LayerSpec(
        name=role,
        title=both(f"map.{role}"),
        kind="polygon",
        geometry=table.geometry,
        classes=tuple(classes),
        class_of=value.map({n: i for i, n in enumerate(names)}).to_numpy().astype(np.int32),
        columns=(MapColumn("kind", both("column.kind")),),
        values=pd.DataFrame({"kind": kinds.to_numpy()}),
        popup=role == "exclusions",
        group=both("zone_map.context"),
        public_columns=("kind",),
    )


def boundary_layer(table: gpd.GeoDataFrame) -> LayerSpec:
    """Return the sub-districts as named outlines."""
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
        columns=(MapColumn("name", both("map.sub_districts")),),
        values=pd.DataFrame({"name": names.to_numpy()}),
        captions=tuple(names),
        popup=False,
        group=both("zone_map.context"),
        public_columns=("name",),
    )


def own_name(name: str) -> Text:
    """Return the title of a column that the caller named."""
    return Text(own_title(name, "zh"), own_title(name, "en"))


def _scheme(name: str, title: Text, made: Classed) -> tuple[Scheme, Text | None]:
    return Scheme(name, title, made.classes, made.class_of), made.note


def _class(
    key: str, value: str, ink: palettes.Ink, count: int, area: float | None,
    shades: tuple[str, ...] = (),
) -> MapClass:  # fmt: skip
    return MapClass(value, both(key), ink.fill, ink.line, ink.width, ink.hatch, shades, count, area)


def _named(delineation: Delineation) -> tuple[list[str], tuple[str, ...]]:
    table = pd.DataFrame(delineation.zones.drop(columns=delineation.zones.geometry.name))
    table["zone_id"] = delineation.zones.index.astype(str)
    return table["zone_id"].tolist(), _captions(table)


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
