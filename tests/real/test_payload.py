"""Real shapes survive the way into a page: holes, parts, long edges, shared and unshared borders."""

import importlib.util
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely

from renewal_geo.io import open_layer
from renewal_geo.maps.page.payload import encode, payload
from renewal_geo.maps.page.payload_geometry import CLOSE_M, MERCATOR_HALF_M
from renewal_geo.maps.spec import LayerSpec, MapClass, MapSpec, same

LAYERS = [
    ("cambridge_ma/ASSESSING_ParcelsFY2014.topojson", 4326, "polygon", 13_116),
    ("taiwan_zoning/H0102_nankan.geojson", None, "polygon", 946),
    ("taiwan_zoning/F0116_tucheng_dingpu.geojson", None, "polygon", 424),
    ("wuxi_xinwu/xinwu_land_use.gpkg", None, "polygon", 2033),
    ("wuxi_xinwu/xinwu_water_osm.gpkg", None, "polygon", 87),
    ("wuxi_xinwu/xinwu_road_centerlines.gpkg", None, "line", 5835),
    ("wuxi_xinwu/xinwu_subway_stations.gpkg", None, "point", 13),
]


def unpacked():
    here = Path(__file__).resolve().parents[1] / "unit" / "maps" / "unpacked.py"
    spec = importlib.util.spec_from_file_location("unpacked", here)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.unpacked


def rings_of(shapes, kind):
    """Return coordinates of every ring and line as shapely has them, and whose they are."""
    parts, owner = shapely.get_parts(shapes, return_index=True)
    if kind == "polygon":
        parts, deeper = shapely.get_rings(parts, return_index=True)
        owner = owner[deeper]
    xy, part = shapely.get_coordinates(parts, return_index=True)
    pieces = np.split(xy, np.flatnonzero(np.diff(part)) + 1)
    return [one[:-1] if kind == "polygon" else one for one in pieces], owner


@pytest.mark.parametrize(("path", "own", "kind", "count"), LAYERS)
def test_real_layers_come_back_within_five_centimetres(real_data, path, own, kind, count):
    table, _ = open_layer(real_data / path)
    geometry = gpd.GeoSeries(table.geometry.to_numpy(), crs=own or table.crs)
    assert len(geometry) == count
    layer = LayerSpec(
        "one", same("one"), kind, geometry, (MapClass("c", same("c")),), np.zeros(count, dtype=np.int32), (),
        pd.DataFrame(index=range(count)),
    )  # fmt: skip
    spec = MapSpec(same("t"), same(""), "zh", "internal", None, "", "", "", (), (layer,))
    data = unpacked()(encode(payload(spec)))
    assert data["unplaced"] == 0
    found = data["layers"][0]["rings"]
    wanted, owner = rings_of(geometry.to_numpy(), kind)
    assert [len(rings) for rings in found] == np.bincount(owner, minlength=count).tolist()
    sizes = [len(ring) for rings in found for ring in rings]
    assert sizes == [len(ring) for ring in wanted]
    metres = 2 * MERCATOR_HALF_M / (256 * 2 ** data["zoom"])
    xy = np.array([at for rings in found for ring in rings for at in ring], dtype=float) * metres
    back = pyproj.Transformer.from_crs(3857, 4326, always_xy=True)
    ours = np.column_stack(back.transform(xy[:, 0] - MERCATOR_HALF_M, MERCATOR_HALF_M - xy[:, 1]))
    degrees = pyproj.Transformer.from_crs(geometry.crs, 4326, always_xy=True)
    theirs = np.column_stack(degrees.transform(*np.vstack(wanted).T))
    if kind == "polygon":  # a ring may run the other way, from another point
        theirs = turned(theirs, ours, sizes)
    far = pyproj.Geod(ellps="WGS84").inv(*ours.T, *theirs.T)[2]
    assert far.max() <= CLOSE_M


def turned(theirs, ours, sizes):
    """Return rings in the direction and from the point in which ours run."""
    starts = np.cumsum(sizes) - sizes
    out = theirs.copy()
    for start, size in zip(starts, sizes, strict=True):
        ring, mine = theirs[start : start + size], ours[start : start + size]
        runs = [ring]
        for way in (ring, ring[::-1]):
            near = np.flatnonzero(np.abs(way - mine[0]).max(axis=1) < 2 * CLOSE_M / 80_000)
            runs += [np.roll(way, -first, axis=0) for first in near]
        out[start : start + size] = min(runs, key=lambda run: np.abs(run - mine).max())
    return out
