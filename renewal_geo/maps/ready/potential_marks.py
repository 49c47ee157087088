"""What is drawn over the parcels of a map of potential: the top, the first by rank, zones."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from renewal_geo.maps import palettes
from renewal_geo.maps.ready.potential_layers import Scored
from renewal_geo.maps.ready.potential_tables import is_in_top
from renewal_geo.maps.ready.publications import Look, owners_of
from renewal_geo.maps.ready.ready_tables import values_of
from renewal_geo.maps.spec import LayerSpec, MapClass, MapColumn, both
from renewal_geo.spatial.polygons import flat_union, polygonal

if TYPE_CHECKING:
    from renewal_geo.potential import Potential

TOP, FIRST = "top", "first"
TOP_LINE, TOP_WIDTH = "#d6006c", 1.5
FIRST_LINE, FIRST_WIDTH = "#1c1200", 1.6
MOST_FIRST = 30
ON_THE_WALL = {"score", "interval", "top_share", "class", "limiting", "area_m2"}


def top_layer(found: Scored, look: Look, least: int) -> LayerSpec | None:
    """Return the outline of the top N, its parcels as one; None where nobody is there.

    In public it goes where fewer than `least` owners hold it.
    """
    inside = is_in_top(found.potential, found.top)
    if not inside.any():
        return None
    owners = owners_of(found.parcels, look)
    holders = int(inside.sum()) if owners is None else len(set(map(str, owners[inside])))
    shape = flat_union(polygonal(found.parcels.geometry.to_numpy()[inside]))
    title = both("potential_map.top", top=f"{found.top:,}")
    return LayerSpec(
        name=TOP,
        title=title,
        kind="polygon",
        geometry=gpd.GeoSeries([shape], crs=found.parcels.crs),
        classes=(MapClass(TOP, title, line=TOP_LINE, width=TOP_WIDTH),),
        class_of=np.zeros(1, dtype=np.int32),
        columns=(),
        values=pd.DataFrame(index=range(1)),
        popup=False,
        public="keep" if holders >= least else "drop",
    )


def first_layer(found: Scored, parcels: LayerSpec) -> LayerSpec | None:
    """Return the first parcels by rank, named by rank and id, for the list and the wall; never public.

    `parcels` is the layer of all of them; the contribution of a criterion goes by its name here.
    """
    rows = first_rows(found.potential, min(MOST_FIRST, found.top))
    if not len(rows):
        return None
    table = parcels.values.iloc[rows].reset_index(drop=True)  # noqa: PD011 - our own field
    places = [f"{rank:.0f}" for rank in table["rank"]]
    names = [f"{place} · {one}" for place, one in zip(places, table["parcel_id"], strict=True)]
    titles = {f"part_{n}": one.title for n, one in enumerate(found.criteria)}
    shown = [
        replace(one, title=titles.get(one.name, one.title))
        for one in parcels.columns
        if one.name in titles or one.name in ON_THE_WALL
    ]
    shown.insert(0, MapColumn("name", both("potential_map.parcel_id")))
    title = both("potential_map.first", count=len(rows))
    return LayerSpec(
        name=FIRST,
        title=title,
        kind="polygon",
        geometry=gpd.GeoSeries(found.parcels.geometry.iloc[rows].reset_index(drop=True)),
        classes=(MapClass(FIRST, title, line=FIRST_LINE, width=FIRST_WIDTH, count=len(rows)),),
        class_of=np.zeros(len(rows), dtype=np.int32),
        columns=tuple(shown),
        values=values_of(table.assign(name=names), shown),
        captions=tuple(names),
        marks=tuple(places),
        popup=False,
        public="drop",
    )


def first_rows(potential: Potential, count: int) -> NDArray[np.int64]:
    """Return the positions of the first `count` parcels by rank, of equal ones in their order."""
    ranks = potential.ranks.to_numpy(dtype=float)
    order = np.argsort(np.where(np.isfinite(ranks), ranks, np.inf), kind="stable")
    return order[: min(count, int(np.isfinite(ranks).sum()))]


def zone_outlines(zones: gpd.GeoDataFrame) -> LayerSpec:
    """Return the outlines of zones with their names."""
    table = pd.DataFrame({"zone_id": zones.index.astype(str)})
    names = zones["zone_name"] if "zone_name" in zones.columns else zones.index
    table["zone_name"] = pd.Series(names).astype(str).to_numpy()
    shown = tuple(MapColumn(name, both(f"potential_map.{name}")) for name in table.columns)
    title = both("potential_map.zones")
    entry = MapClass("zones", title, line=palettes.ZONE_LINE, width=2.6, count=len(table))
    return LayerSpec(
        name="zones",
        title=title,
        kind="polygon",
        geometry=gpd.GeoSeries(zones.geometry.reset_index(drop=True)),
        classes=(entry,),
        class_of=np.zeros(len(table), dtype=np.int32),
        columns=shown,
        values=values_of(table, shown),
        captions=tuple(table["zone_name"]),
        popup=False,
        public_columns=tuple(one.name for one in shown),
    )
