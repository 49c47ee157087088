"""Which land is ripe: the score of every parcel, what it is made of, and how sure the answer is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Unpack

import geopandas as gpd
import numpy as np

from renewal_geo.maps.controls import Bars, Total, Wall, Where
from renewal_geo.maps.page.folium_page import Page
from renewal_geo.maps.public.editions import MIN_OWNERS
from renewal_geo.maps.ready.potential_layers import PARCELS, Scored, parcel_layer
from renewal_geo.maps.ready.potential_marks import FIRST, first_layer, top_layer, zone_outlines
from renewal_geo.maps.ready.potential_panel import potential_panel
from renewal_geo.maps.ready.potential_tables import (
    cut_score,
    drawn_said,
    require_own,
    told_criteria,
    top_of,
    weights_said,
)
from renewal_geo.maps.ready.publications import (
    Look,
    counted,
    hectare_bars,
    hectares,
    in_crs,
    published,
    require_look,
)
from renewal_geo.maps.ready.ready_tables import areas_of, gaps_said
from renewal_geo.maps.spec import Fact, LayerSpec, MapSpec, Text, both, same

if TYPE_CHECKING:
    from renewal_geo.potential import Acceptability, Potential, Stability

YES = ("True",)


def potential_map(
    parcels: gpd.GeoDataFrame,
    potential: Potential,
    *,
    acceptability: Acceptability | None = None,
    stability: Stability | None = None,
    zones: gpd.GeoDataFrame | None = None,
    **look: Unpack[Look],
) -> Page:
    """Draw a score: parcels by score, stability, probability and limiting criterion, as a page in one file.

    Parameters
    ----------
    parcels
        n polygons in a known CRS, those that were scored, in their order. Where there is ``area_m2``, that
        is the area, else the planar one.
    potential
        What :func:`renewal_geo.potential.score` found.
    acceptability, stability
        What the ranking is worth; without them the page colours by score and limiting criterion alone, and
        the top is a tenth of the ranked parcels.
    zones
        Zones whose outlines are drawn, with ``zone_name`` where there is one.
    **look
        As in :class:`renewal_geo.maps.ready.publications.Look`. The public edition merges the parcels of one band
        of the score and one class of stability: no id, no raw figure, no contribution leaves.

    Returns
    -------
    Page
        A :class:`folium.Map` with ``.save(path)`` and ``.html()``; shows itself in a notebook.

    Raises
    ------
    InputError
        ``other_parcels``, ``two_cuts``; for columns that are not there.
    CRSError
        Where areas are not recorded and the CRS cannot measure.
    """
    return Page(
        potential_spec(
            parcels, potential, acceptability=acceptability, stability=stability, zones=zones, **look
        )
    )  # fmt: skip


def potential_spec(
    parcels: gpd.GeoDataFrame,
    potential: Potential,
    *,
    acceptability: Acceptability | None = None,
    stability: Stability | None = None,
    zones: gpd.GeoDataFrame | None = None,
    **look: Unpack[Look],
) -> MapSpec:
    """Return what a map of a score says; parameters as in :func:`potential_map`."""
    require_look(look)
    require_own(potential, parcels.index, "the parcels")
    for part, name in ((acceptability, "the acceptability"), (stability, "the stability")):
        if part is not None:
            require_own(potential, part.table.index, name)
    what = both("potential_map.parcels")
    areas, notes = areas_of(parcels, what)
    found = Scored(
        parcels, potential, acceptability, stability, told_criteria(potential),
        top_of(potential, acceptability, stability), areas,
    )  # fmt: skip
    drawn_parcels = parcel_layer(found, look)
    first = first_layer(found, drawn_parcels)
    layers = [
        drawn_parcels,
        zone_outlines(in_crs(zones, parcels.crs)) if zones is not None and len(zones) else None,
        top_layer(found, look, look.get("min_owners", MIN_OWNERS)),
        first,
    ]
    drawn = [one for one in layers if one is not None]
    return published(
        both("potential_map.title"),
        drawn,
        look,
        parcels.crs,
        notes=[*notes, *gaps_said(parcels, what), *_notes(found, look)],
        facts=_facts(found),
        totals=_totals(found),
        bars=_bars(found),
        panel=potential_panel(found),
        wall=_wall(first) if first is not None else None,
        list_layer=FIRST if first is not None else "",
    )


def _notes(found: Scored, look: Look) -> list[Text]:
    said = []
    if look.get("edition", "internal") == "public":  # which has no drawer
        said.append(both("potential_map.note_weights", weights=weights_said(found.criteria)))
    if found.acceptability is not None:
        drawn = drawn_said(found.acceptability)
        said.append(both("potential_map.note_draws", top=f"{found.top:,}", said=drawn))
    if found.is_vetoed.any():
        said.append(both("potential_map.note_veto"))
    return said


def _facts(found: Scored) -> tuple[Fact, ...]:
    scored = np.isfinite(found.scores)
    cut = cut_score(found.potential, found.top)
    figures: dict[str, Text] = {
        "scored": same(f"{int(scored.sum()):,}"),
        "vetoed": same(f"{int(found.is_vetoed.sum()):,}"),
        "unscored": same(f"{int((~scored).sum()):,}"),
        "top": same(f"{found.top:,}"),
        "cut": same(f"{cut:.3f}" if math.isfinite(cut) else "—"),
    }
    accepted = found.acceptability
    if accepted is not None:
        always = int((accepted.table["class"] == "always").sum())
        figures["always"] = same(f"{always:,}")
        figures["ever"] = same(f"{int((accepted.table['top_share'] > 0).sum()):,}")
        figures["draws"] = drawn_said(accepted)
    return tuple(Fact(both(f"potential_map.fact_{name}"), text) for name, text in figures.items())


def _totals(found: Scored) -> tuple[Total, ...]:
    top = f"{found.top:,}"
    totals = [
        counted("parcels", both("potential_map.parcel_count"), PARCELS, both("potential_map.unit")),
        hectares("area", both("potential_map.area"), PARCELS),
        hectares(
            "top_area",
            both("potential_map.top_area", top=top),
            PARCELS,
            where=(Where("in_top", YES),),
        ),
    ]
    if found.acceptability is not None:
        always = (Where("class", (both("potential_map.always").zh,)),)
        title = both("potential_map.always_area")
        totals.append(hectares("always_area", title, PARCELS, where=always))
    return tuple(totals)  # fmt: skip


def _bars(found: Scored) -> tuple[Bars, ...]:
    bars = [hectare_bars("band", both("potential_map.bars_band"), PARCELS, "band")]
    if found.acceptability is not None:
        bars.append(hectare_bars("class", both("potential_map.bars_class"), PARCELS, "class"))
    title = both("potential_map.bars_limiting")
    return (*bars, Bars("limiting", title, PARCELS, "limiting", unit=both("potential_map.unit")))


def _wall(first: LayerSpec) -> Wall:
    """Return the wall: the first parcels by rank, one after the other."""
    return Wall(FIRST, "name", tuple(one.name for one in first.columns[1:]))
