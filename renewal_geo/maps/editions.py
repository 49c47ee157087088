"""What may leave the house: merged parcels, no rows, coordinates on a coarse grid."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from renewal_geo.maps.spec import NO_CLASS, LayerSpec, both

if TYPE_CHECKING:
    from renewal_geo.zones import Delineation

PUBLIC_GRID_M = 10.0


def public_layer(layer: LayerSpec, delineation: Delineation) -> LayerSpec:
    """Return a layer without rows of parcels and with coordinates on the public grid."""
    if layer.name != "parcels":
        return replace(layer, geometry=_snapped(layer.geometry))
    zone = delineation.parcels["zone_id"].astype(object)
    groups = pd.DataFrame(
        {"class": layer.class_of, "zone": zone.where(zone.notna(), "").to_numpy()}
    )
    usable = ~(layer.geometry.isna() | layer.geometry.is_empty).to_numpy()
    groups = groups[usable & layer.geometry.is_valid.to_numpy()]
    shapes, class_of, shade_of = [], [], []
    geometry = layer.geometry.to_numpy()
    shades = layer.shade_of if layer.shade_of is not None else np.full(len(geometry), NO_CLASS)
    for _, rows in groups.groupby(["class", "zone"], sort=True):
        position = rows.index.to_numpy(dtype=int)
        merged = shapely.union_all(geometry[position], grid_size=PUBLIC_GRID_M)
        # a union of one geometry comes back as it was
        shapes.append(shapely.set_precision(merged, PUBLIC_GRID_M))
        class_of.append(layer.class_of[position[0]])
        shade_of.append(shades[position[0]])
    return LayerSpec(
        name="parcels",
        title=both("map.parcels_dissolved"),
        kind="polygon",
        geometry=gpd.GeoSeries(shapes, crs=layer.geometry.crs),
        classes=layer.classes,
        class_of=np.asarray(class_of, dtype=np.int32),
        shade_of=np.asarray(shade_of, dtype=np.int32),
        columns=(),
        values=pd.DataFrame(index=range(len(shapes))),
        popup=False,
    )


def _snapped(geometry: gpd.GeoSeries) -> gpd.GeoSeries:
    sound = shapely.make_valid(geometry.to_numpy())
    snapped = shapely.set_precision(sound, PUBLIC_GRID_M)
    return gpd.GeoSeries(snapped, index=geometry.index, crs=geometry.crs)
