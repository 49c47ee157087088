"""Coordinates survive the way into the page and back."""

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from shapely.geometry import GeometryCollection, MultiPolygon, Point, Polygon, box

from renewal_geo.foundation.errors import RenderError
from renewal_geo.maps.payload import MERCATOR_HALF_M, WORLD_PIXELS, encode, payload
from renewal_geo.maps.spec import LayerSpec, MapClass, MapColumn, MapSpec, same

CRS = "EPSG:4547"


def spec_of(geometry, kind="polygon", **values):
    table = pd.DataFrame(values, index=range(len(geometry)))
    columns = tuple(MapColumn(n, same(n), "number", 1) for n in values)
    layer = LayerSpec(
        "one",
        same("one"),
        kind,
        gpd.GeoSeries(geometry, crs=CRS),
        (MapClass("c", same("c")),),
        np.zeros(len(geometry), dtype=np.int32),
        columns,
        table,
    )
    return MapSpec(same("t"), same(""), "zh", "internal", None, CRS, "", "", (), (layer,))


def decoded(layer):
    """Read a layer as the page does; return a list of rings per feature, in EPSG:4547."""
    xy = np.cumsum(np.asarray(layer["xy"], dtype=np.int64).reshape(-1, 2), axis=0)
    scale = 2 * MERCATOR_HALF_M / WORLD_PIXELS
    back = pyproj.Transformer.from_crs(3857, CRS, always_xy=True)
    x, y = back.transform(xy[:, 0] * scale - MERCATOR_HALF_M, MERCATOR_HALF_M - xy[:, 1] * scale)
    points = np.column_stack([x, y])
    rings = np.split(points, np.cumsum(layer["points_of"])[:-1])
    features, at = [], 0
    for count in layer["rings_of"]:
        features.append(rings[at : at + count])
        at += count
    return features


def test_holes_and_parts_come_back_within_two_centimetres():
    x, y = 512_345.678, 2_512_345.678
    holed = Polygon(
        box(x, y, x + 100, y + 80).exterior, [box(x + 10, y + 10, x + 30, y + 30).exterior]
    )
    many = MultiPolygon([box(x + 200, y, x + 250, y + 50), box(x + 300, y, x + 350, y + 50)])
    layer = payload(spec_of([holed, many, None, Polygon()]))["layers"][0]
    assert layer["rings_of"] == [2, 2, 0, 0]
    features = decoded(layer)
    outer, inner = features[0]
    assert Polygon(outer, [inner]).symmetric_difference(holed).area < 360 * 0.02
    for ring, part in zip(features[1], many.geoms, strict=True):
        assert shapely.hausdorff_distance(Polygon(ring), part) < 0.02


def test_points_lines_and_odd_parts():
    point = Point(500_000, 2_510_000)
    line = shapely.LineString([(500_000, 2_510_000), (500_100, 2_510_000)])
    mixed = GeometryCollection([box(500_000, 2_510_000, 500_010, 2_510_010), line])
    assert payload(spec_of([point], "point"))["layers"][0]["points_of"] == [1]
    assert payload(spec_of([line], "line"))["layers"][0]["points_of"] == [2]
    assert payload(spec_of([mixed]))["layers"][0]["points_of"] == [4]


def test_missing_numbers_are_null_and_not_nan():
    shapes = [box(500_000, 2_510_000, 500_010, 2_510_010)] * 3
    column = payload(spec_of(shapes, v=[1.25, np.nan, np.inf]))["layers"][0]["columns"][0]
    assert column["numbers"] == [1.2, None, None]


def test_data_cannot_leave_its_block():
    text = encode({"a": "</script><!-- & \u2028"})
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == {"a": "</script><!-- & \u2028"}


def test_what_cannot_be_placed_is_left_out_and_counted():
    near, nowhere = box(500_000, 2_510_000, 500_010, 2_510_010), box(1e12, 1e12, 1e12 + 1, 1e12 + 1)
    data = payload(spec_of([near, nowhere, Point(np.nan, np.nan), None]))
    assert data["layers"][0]["rings_of"] == [1, 0, 0, 0]
    assert data["unplaced"] == 2


def test_no_crs_is_an_error():
    one = box(0, 0, 1, 1)
    bare = LayerSpec(
        "b",
        same("b"),
        "polygon",
        gpd.GeoSeries([one]),
        (),
        np.zeros(1, dtype=np.int32),
        (),
        pd.DataFrame(index=[0]),
    )
    with pytest.raises(RenderError, match="CRS"):
        payload(MapSpec(same(""), same(""), "zh", "internal", None, "", "", "", (), (bare,)))
