"""Coordinates survive the way into the page and back: holes, parts, lines and points alike."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import affinity
from shapely.geometry import (
    GeometryCollection,
    LinearRing,
    LineString,
    MultiLineString,
    MultiPoint,
    MultiPolygon,
    Point,
    Polygon,
    box,
)

from renewal_geo.foundation.errors import RenderError
from renewal_geo.maps.page.payload import encode, payload
from renewal_geo.maps.page.payload_geometry import CLOSE_M, MERCATOR_HALF_M, placed, zoom_for
from renewal_geo.maps.spec import LayerSpec, MapClass, MapSpec, same

CRS = "EPSG:4547"
X, Y = 512_345.678, 2_512_345.678


@pytest.fixture(autouse=True, scope="module")
def _no_polynomials():
    """Leave the working CRS out: its fit is tested elsewhere and takes its time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("renewal_geo.maps.page.payload.working_crs", lambda _: None)
        yield


def spec_of(geometry, kind="polygon", crs=CRS, **more):
    count = len(geometry)
    layer = LayerSpec(
        "one", same("one"), kind, gpd.GeoSeries(geometry, crs=crs), (MapClass("c", same("c")),),
        np.zeros(count, dtype=np.int32), (), pd.DataFrame(index=range(count)), **more,
    )  # fmt: skip
    return MapSpec(same("t"), same(""), "zh", "internal", None, "", "", "", (), (layer,))


def sent(unpacked, geometry, kind="polygon", crs=CRS):
    """Return the page's data, and the rings of every feature in `crs`."""
    data = unpacked.unpacked(encode(payload(spec_of(geometry, kind, crs))))
    scale = 2 * MERCATOR_HALF_M / (256 * 2 ** data["zoom"])
    back = pyproj.Transformer.from_crs(3857, crs, always_xy=True)

    def placed_back(ring):
        xy = np.asarray(ring, dtype=float)
        x, y = back.transform(
            xy[:, 0] * scale - MERCATOR_HALF_M, MERCATOR_HALF_M - xy[:, 1] * scale
        )
        return np.column_stack([x, y])

    return data, [[placed_back(ring) for ring in rings] for rings in data["layers"][0]["rings"]]


def expected(geometry, kind):
    """Return the rings that shapely names: outer and inner ones of every part, not closed."""
    wanted = {"polygon": ("Polygon",), "line": ("LineString", "LinearRing"), "point": ("Point",)}[
        kind
    ]

    def singles(shape):
        if shape is None or shape.is_empty:
            return []
        if hasattr(shape, "geoms"):
            return [one for part in shape.geoms for one in singles(part)]
        return [shape] if shape.geom_type in wanted else []

    rings = []
    for one in singles(geometry):
        if kind == "polygon":
            rings += [np.asarray(r.coords)[:-1, :2] for r in (one.exterior, *one.interiors)]
        else:
            rings.append(np.asarray(one.coords)[:, :2])
    return rings


def same_ring(found, wanted, kind):
    """Whether a ring is another within 5 cm; polygons' rings may start elsewhere and run back."""
    if found.shape != wanted.shape:
        return False
    runs = [wanted]
    if kind == "polygon":
        for way in (wanted, wanted[::-1]):
            near = np.flatnonzero(np.hypot(*(way - found[0]).T) <= 2 * CLOSE_M)
            runs += [np.roll(way, -first, axis=0) for first in near]
    return any(np.hypot(*(run - found).T).max() <= CLOSE_M for run in runs)


def assert_same(features, geometry, kind):
    assert len(features) == len(geometry)
    for rings, shape in zip(features, geometry, strict=True):
        wanted = expected(shape, kind)
        assert len(rings) == len(wanted)
        assert all(same_ring(found, ring, kind) for found, ring in zip(rings, wanted, strict=True))


def holed(x, y):
    inner = [box(x + 10, y + 10, x + 30, y + 30), box(x + 40, y + 10, x + 60, y + 25)]
    return Polygon(box(x, y, x + 100, y + 80).exterior, [one.exterior for one in inner])


LINE = LineString([(X, Y), (X + 100, Y), (X + 100, Y + 50)])
SHAPES = {
    "polygon": [
        holed(X, Y),
        MultiPolygon([box(X + 200, Y, X + 250, Y + 50), holed(X + 300, Y)]),
        None,
        Polygon(),
        box(X + 100, Y, X + 150, Y + 80),
        GeometryCollection([box(X, Y + 200, X + 9, Y + 209), LINE, GeometryCollection([box(X, Y, X + 1, Y + 1)])]),
        LINE,
        affinity.translate(box(0, 0, 30_000, 1), X, Y),
        Polygon([(X, Y, 5.0), (X + 9, Y, 6.0), (X, Y + 9, 7.0)]),
    ],
    "line": [LINE, MultiLineString([LINE, LINE.reverse()]), None, Point(X, Y), LinearRing([(X, Y), (X + 9, Y), (X, Y + 9)])],
    "point": [Point(X, Y), MultiPoint([(X, Y), (X + 3, Y + 4)]), LINE, Point(), None, Point(X, Y)],
}  # fmt: skip


@pytest.mark.parametrize("kind", SHAPES)
def test_every_ring_comes_back_within_five_centimetres(unpacked, kind):
    data, features = sent(unpacked, SHAPES[kind], kind)
    assert_same(features, SHAPES[kind], kind)
    assert data["unplaced"] == 0


@pytest.mark.parametrize(
    ("crs", "at"),
    [("EPSG:4547", (512_345.678, 2_512_345.678)), ("EPSG:4326", (114.1, 22.7)), ("EPSG:4326", (0.00001, -0.00001)),
     ("EPSG:4326", (-180, 0)), ("EPSG:4326", (25.0, 79.9)), ("EPSG:3857", (12_700_000.5, 2_600_000.25)), ("EPSG:32748", (300_000, 9_300_000)),
     ("EPSG:3826", (250_000, 2_700_000))],
)  # fmt: skip
def test_no_vertex_moves_more_than_five_centimetres_anywhere(unpacked, crs, at):
    unit = 1e-5 if crs == "EPSG:4326" else 1.0
    xy = np.random.default_rng(2).uniform(0, 1500 * unit, (400, 2)) + at
    data, features = sent(unpacked, list(shapely.points(xy)), "point", crs)
    found = np.vstack([rings[0] for rings in features])
    geod, degrees = (
        pyproj.Geod(ellps="WGS84"),
        pyproj.Transformer.from_crs(crs, 4326, always_xy=True),
    )
    far = geod.inv(*degrees.transform(*xy.T), *degrees.transform(*found.T))[2]
    assert far.max() <= CLOSE_M
    assert (
        far.max() > CLOSE_M / 4
    )  # a zoom deeper than it has to be would only make the file larger
    assert data["zoom"] <= 22


def corners(count):
    whole = st.integers(-40_000, 40_000)
    return st.lists(st.tuples(whole, whole), min_size=3, max_size=count, unique=True)


@st.composite
def polygons(draw):
    """Valid polygons and multipolygons, some with holes, in the coordinates of the CRS."""
    shape = Polygon(draw(corners(9))).buffer(0)
    if draw(st.booleans()):
        shape = shape.difference(Polygon(draw(corners(5))).buffer(0))
    if draw(st.booleans()):
        shape = affinity.translate(shape, draw(st.integers(-9, 9)), 0)
    return affinity.translate(shape, X, Y)


def lines():
    return corners(6).map(lambda xy: affinity.translate(LineString(xy), X, Y))


def several():
    return st.lists(st.one_of(polygons(), lines()), max_size=3).map(GeometryCollection)


def points():
    return corners(4).map(lambda xy: affinity.translate(MultiPoint(xy), X, Y))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.one_of(st.none(), st.just(Polygon()), polygons(), lines(), points(), several()),
        max_size=5,
    ),
    st.sampled_from(sorted(SHAPES)),
)
def test_random_shapes_come_back(unpacked, geometry, kind):
    _, features = sent(unpacked, geometry, kind)
    assert_same(features, geometry, kind)


def test_neighbours_share_their_vertices():
    grid = [
        box(X + 10 * a, Y + 10 * b, X + 10 * a + 10, Y + 10 * b + 10)
        for a in range(20)
        for b in range(20)
    ]
    shapes = payload(spec_of(grid))["layers"][0]["shapes"]
    assert len(shapes["follows"]) == 1600
    assert len(shapes["lead_x"]) + sum(map(len, shapes["run"])) / 2 == 21 * 21


def test_what_cannot_be_placed_is_left_out_and_counted(unpacked):
    near, nowhere = box(X, Y, X + 10, Y + 10), box(1e12, 1e12, 1e12 + 1, 1e12 + 1)
    both = MultiPolygon([near, nowhere])
    data, features = sent(unpacked, [near, nowhere, Point(np.nan, np.nan), None, both, LINE])
    assert [len(rings) for rings in features] == [1, 0, 0, 0, 0, 0]
    assert data["unplaced"] == 3


def test_a_layer_is_projected_once(monkeypatch):
    seen = []
    real = pyproj.Transformer.transform
    monkeypatch.setattr(
        pyproj.Transformer,
        "transform",
        lambda self, x, *rest, **more: (seen.append(np.size(x)), real(self, x, *rest, **more))[1],
    )
    payload(spec_of([box(X + k, Y, X + k + 1, Y + 1) for k in range(50)]))
    assert sum(seen) == 2 * 51


def test_the_zoom_is_the_smallest_that_is_close_enough():
    for latitude, zoom in ((0.0, 22), (22.7, 21), (62.0, 20), (80.0, 19)):
        points = gpd.GeoSeries([Point(114, latitude)], crs=4326)
        assert zoom_for([placed(points, "point")]) == zoom
    assert zoom_for([]) == 22


def test_spots_lie_inside(unpacked):
    crescent = Point(X, Y).buffer(100).difference(Point(X + 40, Y).buffer(90))
    bow = Polygon([(X, Y), (X + 10, Y + 10), (X + 10, Y), (X, Y + 10)])
    shapes = [crescent, bow, None, LINE]
    data = unpacked.unpacked(encode(payload(spec_of(shapes, captions=("a", "b", "c", "d")))))
    scale = 2 * MERCATOR_HALF_M / (256 * 2 ** data["zoom"])
    xy = np.asarray(data["layers"][0]["spots"], dtype=float).T
    assert xy[2].tolist() == [-1, -1]
    back = pyproj.Transformer.from_crs(3857, CRS, always_xy=True)
    x, y = back.transform(xy[:, 0] * scale - MERCATOR_HALF_M, MERCATOR_HALF_M - xy[:, 1] * scale)
    assert crescent.contains(Point(x[0], y[0]))
    assert shapely.make_valid(bow).buffer(0.1).contains(Point(x[1], y[1]))


def test_no_crs_is_an_error():
    with pytest.raises(RenderError, match="CRS"):
        payload(spec_of([box(0, 0, 1, 1)], crs=None))
