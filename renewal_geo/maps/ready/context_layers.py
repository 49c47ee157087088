"""What lies below a map: the user's own roads, rivers and boundaries as light vectors, no tiles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from renewal_geo.foundation.errors import InputError
from renewal_geo.foundation.settings import nearest
from renewal_geo.maps import palettes
from renewal_geo.maps.ready.ready_tables import texts_of
from renewal_geo.maps.ready.zone_layers import boundary_layer, kind_layer
from renewal_geo.maps.spec import LayerSpec, MapClass, both

ROLES = ("rivers", "barriers", "roads", "sub_districts")
# names of classes, colour, width in pixels; bottom first
ROADS: dict[str, tuple[tuple[str, ...], str, float]] = {
    "local": ((), "#d9d3c7", 0.7),
    "middle": (("secondary", "collector", "tertiary", "次干道", "次干路"), "#d3cbbb", 1.4),
    "main": (("arterial", "primary", "主干道", "主干路"), "#cdbd9f", 2.0),
    "fast": (("motorway", "expressway", "trunk", "高速公路", "高快速路", "快速路"), "#c4a97c", 2.8),
}
ROAD_KINDS = {name for names, _, _ in ROADS.values() for name in names}


def context_layers(
    context: Mapping[str, gpd.GeoDataFrame | None] | None, crs: pyproj.CRS | None
) -> tuple[LayerSpec, ...]:
    """Return the layers below a map, bottom first, in the group of base layers.

    Parameters
    ----------
    context
        Role to table: ``rivers`` and ``barriers`` (areas or lines, column ``kind``), ``roads``
        (lines, column ``class``), ``sub_districts`` (areas, column ``name``). Empty ones are left out.
    crs
        Of the map; the tables are brought into it.

    Raises
    ------
    InputError
        For a role that is none of these.
    """
    given = dict(context or {})
    for role in given:
        if role not in ROLES:
            raise InputError(
                f"{role!r} is no base layer{nearest(role, ROLES)}",
                fix=f"one of: {', '.join(ROLES)}",
                code="unknown_role",
            )
    made = []
    for role in ROLES:
        table = given.get(role)
        if table is not None and role == "barriers" and given.get("roads") is not None:
            table = table[~texts_of(table, "kind").isin(ROAD_KINDS)]  # the roads are drawn as roads
        if table is None or not len(table):
            continue
        if crs is not None and table.crs is not None and table.crs != crs:
            table = table.to_crs(crs)
        made.append(_layer(role, table))
    return tuple(replace(layer, group=both("ready.base"), popup=False) for layer in made)


def _layer(role: str, table: gpd.GeoDataFrame) -> LayerSpec:
    if role == "sub_districts":
        return boundary_layer(table)
    if role == "roads":
        return _roads(table)
    layer = kind_layer(role, table, palettes.BARRIER_CYCLE)
    dimension = shapely.get_dimensions(table.geometry.to_numpy())
    layer = replace(layer, title=both(f"ready.{role}"))
    if (dimension == 2).any() or not (dimension == 1).any():
        return layer
    inks = tuple(replace(one, line=one.fill, fill="", width=2.0) for one in layer.classes)
    return replace(layer, kind="line", classes=inks)


def _roads(table: gpd.GeoDataFrame) -> LayerSpec:
    """Return the roads in four widths; a class that nobody knows is a local road."""
    order = list(ROADS)
    place = {name: i for i, one in enumerate(order) for name in ROADS[one][0]}
    class_of = np.array(texts_of(table, "class").map(place).fillna(0), dtype=np.int32)
    top = np.argsort(class_of, kind="stable")  # wide roads are drawn over narrow ones
    classes = tuple(
        MapClass(one, both(f"ready.road_{one}"), line=ROADS[one][1], width=ROADS[one][2])
        for one in order
    )
    return LayerSpec(
        name="roads",
        title=both("ready.roads"),
        kind="line",
        geometry=gpd.GeoSeries(table.geometry.iloc[top]),
        classes=classes,
        class_of=class_of[top],
        columns=(),
        values=pd.DataFrame(index=range(len(table))),
        popup=False,
    )
