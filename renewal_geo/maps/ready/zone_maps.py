"""From a delineation to a map: which layers, which classes, which columns, for whom."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import geopandas as gpd

from renewal_geo.maps import palettes
from renewal_geo.maps.controls import Compare
from renewal_geo.maps.page.folium_page import Page
from renewal_geo.maps.public.editions import MIN_OWNERS, PUBLIC_GRID_M, public_spec
from renewal_geo.maps.ready.context_layers import context_layers
from renewal_geo.maps.ready.outlook_layers import crossing_layer, phase_layer, robust_layer
from renewal_geo.maps.ready.outlook_panel import outlook_panel
from renewal_geo.maps.ready.summaries import facts, fingerprint_of, funnel_bars
from renewal_geo.maps.ready.zone_figures import told_by, zone_bars, zone_totals
from renewal_geo.maps.ready.zone_layers import (
    boundary_layer,
    kind_layer,
    outline_layer,
    parcel_layer,
    parcel_schemes,
    zone_owners,
)
from renewal_geo.maps.spec import (
    Basemap,
    Edition,
    LayerSpec,
    MapSpec,
    Side,
    both,
    crs_name,
    require_columns,
    require_edition,
    same,
)

if TYPE_CHECKING:
    from renewal_geo.zones import Delineation, Outlook


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
    owners: str = "",
    notes: Sequence[str] = (),
    rules: str = "",
    exclusions: gpd.GeoDataFrame | None = None,
    sub_districts: gpd.GeoDataFrame | None = None,
    context: Mapping[str, gpd.GeoDataFrame | None] | None = None,
    palette: palettes.Palette | None = None,
    basemap: Basemap | None = None,
    before: Delineation | None = None,
    grid_m: float = PUBLIC_GRID_M,
    min_owners: int = MIN_OWNERS,
    fingerprint: str = "",
    outlook: Outlook | None = None,
    robust: gpd.GeoDataFrame | None = None,
) -> Page:
    """Draw a delineation as a page that is one file and asks no host for anything.

    Parameters
    ----------
    delineation
        What :func:`renewal_geo.zones.delineate` returned.
    lang
        Language shown first, ``zh`` or ``en``; the page has a switch.
    edition
        ``internal`` lists every parcel. ``public`` merges parcels by reason and zone, gives no parcel
        id and no row of the parcel table, rounds every coordinate to a grid on which neighbours still
        fit, and withholds figures of a few owners: see :func:`renewal_geo.maps.public_spec`.
    title, subtitle
        Heading; a plain one where None.
    source, as_of, review_no, rules
        For the footer. Without `review_no` the page is marked as not reviewed.
    columns
        Own columns of the parcels that popups, filters and bars may show besides the allowed ones;
        none by default, and none ever in the public edition. ``land_use`` and ``sub_district`` also
        become ways of colouring, and ``sub_district`` splits the bars.
    owners
        Column of the parcels that names the owner, to count them for the public edition; it is never
        written. Empty: each parcel counts as one owner.
    notes
        Sentences for the footer, for example that the data is invented.
    exclusions, sub_districts
        Drawn as context, in the CRS of the delineation.
    context
        The user's own base layers by role (``rivers, barriers, roads, sub_districts``), drawn below.
    palette
        Colours of land use, from :func:`renewal_geo.maps.palettes.load`; those of the house where None.
    basemap
        An online basemap; the page then asks its host for pictures.
    before
        An earlier delineation: the map gets a handle, left of which it is drawn.
    grid_m, min_owners
        Of the public edition.
    fingerprint
        Hash printed in the footer; that of the delineation's own record where empty.
    outlook
        What a planner asks next: adds a drawer with frontier, phases, prices and robustness, the
        layers phases and crossings, and to every parcel what would have to change. The public
        edition has no sentence about a parcel.
    robust
        Outlines of the zones that hold under most weightings, in the CRS of the delineation: a layer of dashed
        lines that starts off. The public edition leaves it out.

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
            as_of=as_of, review_no=review_no, columns=columns, owners=owners, notes=notes,
            rules=rules, exclusions=exclusions, sub_districts=sub_districts, context=context, palette=palette,
            basemap=basemap, before=before, grid_m=grid_m, min_owners=min_owners,
            fingerprint=fingerprint, outlook=outlook, robust=robust,
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
    owners: str = "",
    notes: Sequence[str] = (),
    rules: str = "",
    exclusions: gpd.GeoDataFrame | None = None,
    sub_districts: gpd.GeoDataFrame | None = None,
    context: Mapping[str, gpd.GeoDataFrame | None] | None = None,
    palette: palettes.Palette | None = None,
    basemap: Basemap | None = None,
    before: Delineation | None = None,
    grid_m: float = PUBLIC_GRID_M,
    min_owners: int = MIN_OWNERS,
    fingerprint: str = "",
    outlook: Outlook | None = None,
    robust: gpd.GeoDataFrame | None = None,
) -> MapSpec:
    """Return what a map of `delineation` says; parameters as in :func:`zone_map`."""
    require_edition(edition, lang)
    require_columns([*columns, *([owners] if owners else [])], delineation.parcels, "the parcels")
    public = edition == "public"
    layers = _layers(
        delineation, columns, owners, outlook, before, _around(delineation, exclusions, sub_districts),
        palette, public=public,
    )  # fmt: skip
    held = robust_layer(delineation, robust)
    if held is not None:
        layers.append(replace(held, side="" if before is None else "after"))
    joined = [note for _, note in parcel_schemes(delineation, columns, palette) if note is not None]
    spec = MapSpec(
        title=same(title) if title else both("map.zones_title"),
        subtitle=same(subtitle),
        lang=lang,
        edition=edition,
        as_of=as_of,
        crs=crs_name(delineation.parcels.crs),
        source=source,
        review_no=review_no,
        notes=(*(same(note) for note in notes), *([] if public else joined)),
        layers=(*context_layers(context, delineation.parcels.crs), *layers),
        facts=facts(delineation, ids=not public),
        funnel=funnel_bars(delineation.funnel),
        list_layer="zones",
        fingerprint=fingerprint or fingerprint_of(delineation),
        panel=outlook_panel(delineation, outlook, edition) if outlook is not None else None,
        totals=zone_totals(),
        bars=zone_bars(columns),
        compare=None
        if before is None
        else Compare(both("zone_map.before"), both("zone_map.after")),
        basemap=basemap,
        rules=same(rules) if rules else None,
    )
    return _public(spec, delineation, grid_m, min_owners) if public else spec


def _public(spec: MapSpec, delineation: Delineation, grid_m: float, min_owners: int) -> MapSpec:
    """Return the public edition; its panel was made without a sentence about a parcel."""
    told = told_by(delineation)
    made = public_spec(spec, grid_m=grid_m, min_owners=min_owners, told=told, panel=spec.panel)
    zones = next(one for one in made.layers if one.name == "zones")
    if made.panel is not None and zones.values["area_m2"].isna().any():
        # sums over zones would give away the zone whose figures are withheld
        kept = tuple(one for one in made.panel.sections if one.name != "phases")
        made = replace(made, panel=replace(made.panel, sections=kept))
    if made.compare is not None:
        made = replace(made, notes=(*made.notes, both("zone_map.before_note")))
    return made


def _around(
    delineation: Delineation,
    exclusions: gpd.GeoDataFrame | None,
    sub_districts: gpd.GeoDataFrame | None,
) -> list[LayerSpec]:
    layers = []
    if exclusions is not None and len(exclusions):
        layers.append(kind_layer("exclusions", exclusions, palettes.EXCLUSION_CYCLE, hatch=True))
    if len(delineation.barriers):
        layers.append(kind_layer("barriers", delineation.barriers, palettes.BARRIER_CYCLE))
    if sub_districts is not None and len(sub_districts):
        layers.append(boundary_layer(sub_districts))
    return layers


def _layers(
    delineation: Delineation,
    columns: Sequence[str],
    owners: str,
    outlook: Outlook | None,
    before: Delineation | None,
    around: list[LayerSpec],
    palette: palettes.Palette | None,
    *,
    public: bool,
) -> list[LayerSpec]:
    """Return the layers bottom first: parcels, phases, what lies around, crossings, outlines."""
    side: Side = "" if before is None else "after"
    layers = [
        parcel_layer(delineation, columns, outlook, owners=owners, side=side, palette=palette)
    ]
    lines = [outline_layer(delineation, outlook, owners=owners, side=side)]
    if before is not None:
        had = [name for name in columns if name in before.parcels]
        counted = owners if owners in before.parcels else ""
        layers.insert(
            0, _earlier(parcel_layer(before, had, owners=counted, side="before", palette=palette))
        )
        lines.insert(0, _earlier(outline_layer(before, owners=counted, side="before")))
    phased = phase_layer(delineation, outlook)
    if phased is not None:
        layers.append(_phases(phased, delineation, owners, side=side, public=public))
    crossings = crossing_layer(outlook, "public" if public else "internal")
    if crossings is not None:
        shown = tuple(column.name for column in crossings.columns)
        lines.insert(
            0, replace(crossings, public_columns=shown, group=both("zone_map.zones"), side=side)
        )
    return [*layers, *around, *lines]


def _phases(
    layer: LayerSpec, delineation: Delineation, owners: str, *, side: Side, public: bool
) -> LayerSpec:
    classes = layer.classes
    if public:  # a phase of one zone has the area of that zone, which may be withheld
        classes = tuple(replace(one, area_m2=None) for one in classes)
    return replace(
        layer,
        classes=classes,
        group=both("zone_map.zones"),
        side=side,
        owners=zone_owners(delineation, owners),
    )


def _earlier(layer: LayerSpec) -> LayerSpec:
    """Return a layer as the one of the earlier state, under names of its own."""
    title = both("zone_map.side", title=layer.title, side=both("zone_map.before"))
    return replace(layer, name=f"{layer.name}_before", title=title)
