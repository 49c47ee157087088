"""What every ready map shares: how it is titled, for whom it is, what lies below it, its fingerprint."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import geopandas as gpd
import pandas as pd
import pyproj
import shapely

from renewal_geo.foundation.quantities import M2_PER_HA
from renewal_geo.maps.controls import Bars, Total, Where
from renewal_geo.maps.public.editions import MIN_OWNERS, PUBLIC_GRID_M, public_spec
from renewal_geo.maps.ready.context_layers import context_layers
from renewal_geo.maps.spec import (
    Basemap,
    Edition,
    LayerSpec,
    MapSpec,
    Text,
    both,
    crs_name,
    require_edition,
    same,
)


class Look(TypedDict, total=False):
    """What can be said of any ready map, by keyword; everything has a default.

    Attributes
    ----------
    lang
        Language shown first, ``zh`` or ``en``; the page has a switch.
    edition
        ``internal``, or ``public``: see :func:`renewal_geo.maps.public.editions.public_spec`.
    title, subtitle
        Heading; a plain one where left out.
    source, as_of, review_no, rules
        For the footer. `as_of` is the data day: days left, overdue and due soon are reckoned from it,
        and left out without it. Without `review_no` the page is marked as not reviewed.
    columns
        Columns of the main table that popups may show besides the allowed ones.
    notes
        Sentences for the footer.
    basemap
        An online basemap of :func:`renewal_geo.maps.page.basemaps.basemap`; None asks no host for anything.
    context
        The user's own base layers: ``roads, rivers, barriers, sub_districts``.
    owners
        Column of the main table that is counted, and never written, before anything is published.
    grid_m, min_owners
        Of the public edition: width of the grid (m), fewest owners behind a figure.
    fingerprint
        Hash for the footer; that of the drawn tables where left out.
    """

    lang: str
    edition: Edition
    title: str | None
    subtitle: str
    source: str
    as_of: dt.date | None
    review_no: str
    rules: str
    columns: Sequence[str]
    notes: Sequence[str]
    basemap: Basemap | None
    context: Mapping[str, gpd.GeoDataFrame | None] | None
    owners: str
    grid_m: float
    min_owners: int
    fingerprint: str


def require_look(look: Look) -> None:
    """Refuse a keyword that no ready map has, an edition or a language that the house has not.

    Raises
    ------
    TypeError, InputError
    """
    for name in look:
        if name not in Look.__annotations__:
            raise TypeError(
                f"a map has no keyword {name!r}, only {', '.join(Look.__annotations__)}"
            )
    require_edition(look.get("edition", "internal"), look.get("lang", "zh"))


def published(
    title: Text,
    layers: Sequence[LayerSpec],
    look: Look,
    crs: pyproj.CRS | None,
    *,
    notes: Sequence[Text] = (),
    **controls: Any,
) -> MapSpec:
    """Return the map: base layers below, notes and footer, and the edition that is asked for.

    Parameters
    ----------
    title
        Where the caller gives none.
    layers
        Bottom first, without base layers.
    look
        As the caller gave it.
    crs
        Of the main table.
    notes
        What was decided on the way.
    **controls
        Further fields of :class:`renewal_geo.maps.spec.MapSpec`.
    """
    given = look.get("title")
    every = (*context_layers(look.get("context"), crs), *layers)
    edition = look.get("edition", "internal")
    spec = MapSpec(
        title=same(given) if given else title,
        subtitle=same(look.get("subtitle", "")),
        lang=look.get("lang", "zh"),
        edition=edition,
        as_of=look.get("as_of"),
        crs=crs_name(crs),
        source=look.get("source", ""),
        review_no=look.get("review_no", ""),
        notes=(*(same(note) for note in look.get("notes", ())), *dict.fromkeys(notes)),
        layers=every,
        fingerprint=look.get("fingerprint", "") or fingerprint_of(layers),
        basemap=look.get("basemap"),
        rules=same(look["rules"]) if look.get("rules") else None,
        **controls,
    )
    if edition != "public":
        return spec
    return public_spec(
        spec,
        grid_m=look.get("grid_m", PUBLIC_GRID_M),
        min_owners=look.get("min_owners", MIN_OWNERS),
    )


def fingerprint_of(layers: Sequence[LayerSpec]) -> str:
    """Return a hash of the shapes and values of layers: the same data gives the same."""
    digest = hashlib.sha256()
    for layer in layers:
        digest.update(layer.name.encode())
        for shape in shapely.to_wkb(layer.geometry.to_numpy()):
            digest.update(shape or b"-")
        values = pd.DataFrame(layer.values)
        digest.update(values.to_csv(index=False, lineterminator="\n").encode())
    return digest.hexdigest()


def owners_of(table: pd.DataFrame, look: Look) -> Any:
    """Return the owners of n rows, to be counted, or None where nobody named their column."""
    name = look.get("owners", "")
    return table[name].to_numpy() if name else None


def counted(
    name: str, title: Text, layer: str, unit: Text | None = None, where: tuple[Where, ...] = ()
) -> Total:
    """Return how many rows of a layer there are."""
    return Total(name, title, layer, where=where, unit=unit)


def hectares(
    name: str, title: Text, layer: str, column: str = "area_m2", where: tuple[Where, ...] = ()
) -> Total:
    """Return the sum of a column of m2, in hectares."""
    return Total(
        name, title, layer, column, where, unit=both("ready.ha"), factor=1 / M2_PER_HA, decimals=2
    )


def share(name: str, title: Text, layer: str, column: str, where: tuple[Where, ...]) -> Total:
    """Return what share of the sum of a column some rows have."""
    return Total(name, title, layer, column, where, share_of=(), unit=same("%"), decimals=1)


def hectare_bars(name: str, title: Text, layer: str, by: str, column: str = "area_m2") -> Bars:
    """Return the sum of a column of m2 by a text column, in hectares."""
    return Bars(name, title, layer, by, column, both("ready.ha"), 1 / M2_PER_HA, 2)


def in_crs(table: gpd.GeoDataFrame, crs: pyproj.CRS | None) -> gpd.GeoDataFrame:
    """Return a table in the CRS of the map; one without a CRS stays as it is."""
    if crs is None or table.crs is None or table.crs == crs:
        return table
    return table.to_crs(crs)
