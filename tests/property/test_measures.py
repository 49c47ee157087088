"""Laws of what criteria measure, on small cities drawn by chance, against GEOS and against brute force."""

from itertools import pairwise

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Point, Polygon, box

from renewal_geo.potential.criterion import Criterion
from renewal_geo.potential.measures import measured
from renewal_geo.spatial.strands import small_pieces

CRS = 4547
FEW = settings(max_examples=40)
GRID = st.integers(0, 12)
SPOT = st.tuples(GRID, GRID).map(lambda one: (one[0] * 10.0, one[1] * 10.0))
MILLIMETRES = st.floats(0, 120).map(lambda one: round(one, 3))
FINE = st.tuples(MILLIMETRES, MILLIMETRES)
RECT = st.tuples(GRID, GRID, st.integers(1, 5), st.integers(1, 5)).map(
    lambda one: box(
        one[0] * 10.0, one[1] * 10.0, (one[0] + one[2]) * 10.0, (one[1] + one[3]) * 10.0
    )
)
HULL = (
    st.lists(FINE, min_size=3, max_size=7)
    .map(lambda spots: shapely.convex_hull(shapely.multipoints(spots)))
    .filter(lambda shape: shape.area > 1.0)
)
AREA = st.one_of(RECT, HULL)
LINE = st.lists(st.one_of(SPOT, FINE), min_size=2, max_size=5, unique=True).map(LineString)
POINT = st.one_of(SPOT, FINE).map(Point)
FEATURE = st.one_of(POINT, LINE, AREA)
TILES = [box(x, y, x + 40, y + 30) for x in range(0, 240, 40) for y in range(0, 240, 30)]


def table(shapes, start="f", **columns):
    index = [f"{start}{n}" for n in range(len(shapes))]
    return gpd.GeoDataFrame(columns, geometry=list(shapes), index=index, crs=CRS)


def figures(parcels, source, layer, roads=None, **asked):
    layers = {"g": layer} if roads is None else {"g": layer, "roads": roads}
    one = Criterion("c", source=source, layer="g", **asked)
    return measured(table(parcels, "p"), one, layers=layers, rasters={})


@FEW
@given(
    st.lists(AREA, min_size=1, max_size=6),
    st.lists(AREA, min_size=1, max_size=8),
    st.sampled_from([0.0, 25.0]),
)
def test_a_share_is_that_of_the_union(parcels, layer, within_m):
    got = figures(parcels, "share", table(layer), within_m=within_m).figures.to_numpy()
    ground = shapely.buffer(parcels, within_m, quad_segs=16) if within_m else np.array(parcels)
    union = shapely.union_all(layer)
    assert got == pytest.approx(
        shapely.area(shapely.intersection(ground, union)) / shapely.area(ground), abs=1e-9
    )
    assert ((got >= 0) & (got <= 1)).all()


@FEW
@given(st.lists(FEATURE, min_size=1, max_size=6), st.lists(FEATURE, min_size=1, max_size=8))
def test_a_straight_distance_is_the_least_of_all(parcels, layer):
    got = figures(parcels, "distance", table(layer))
    every = np.array([[one.distance(other) for other in layer] for one in parcels])
    assert got.figures.to_numpy() == pytest.approx(every.min(axis=1), abs=1e-9)
    nearest = [int(name[1:]) for name in got.nearest]
    assert every[np.arange(len(parcels)), nearest] == pytest.approx(every.min(axis=1), abs=1e-9)


@FEW
@given(
    st.lists(AREA, min_size=1, max_size=6),
    st.lists(FEATURE, min_size=2, max_size=8),
    st.lists(LINE, min_size=1, max_size=6),
    st.sampled_from(["line", "network"]),
)
def test_more_features_are_never_farther(parcels, layer, streets, by):
    roads = table(streets)
    few = figures(parcels, "distance", table(layer[:-1]), roads, by=by).figures.fillna(np.inf)
    more = figures(parcels, "distance", table(layer), roads, by=by).figures.fillna(np.inf)
    assert (more <= few + 1e-9).all()


@FEW
@given(
    st.lists(AREA, min_size=1, max_size=6),
    st.lists(FEATURE, min_size=1, max_size=6),
    st.lists(LINE, min_size=1, max_size=6),
)
def test_a_way_along_streets_is_never_shorter_than_the_straight_line(parcels, layer, streets):
    got = figures(parcels, "distance", table(layer), table(streets), by="network")
    for shape, way, why, name in zip(
        parcels, got.figures, got.why_missing, got.nearest, strict=True
    ):
        assert (why == "") == np.isfinite(way) == (name is not None)
        if why == "":
            straight = shape.point_on_surface().distance(layer[int(name[1:])])
            assert way >= straight - 1e-9
            assert way >= shape.distance(shapely.union_all(layer)) - 1e-9


@FEW
@given(
    st.lists(st.tuples(FEATURE, st.floats(0, 1e4)), min_size=1, max_size=10),
    st.booleans(),
)
def test_parcels_that_tile_the_ground_share_out_an_amount(drawn, fine):
    """What lies inside the tiles is there once, on whatever border it lies."""
    shapes = [shapely.affinity.translate(shape, 7.0, 5.0) if fine else shape for shape, _ in drawn]
    amounts = [amount for _, amount in drawn]
    got = figures(TILES, "density", table(shapes, people=amounts), column="people").figures
    hectares = shapely.area(TILES) / 1e4
    ground = box(0, 0, 240, 240)
    inside = [one for one, shape in zip(amounts, shapes, strict=True) if on_no_edge(shape, ground)]
    if len(inside) == len(amounts):
        assert (got * hectares).sum() == pytest.approx(sum(amounts), rel=1e-9, abs=1e-9)
    assert (got >= 0).all()


def on_no_edge(shape, ground):
    """Of a line along the outer border half lies outside."""
    return shape.length == 0 or shape.area > 0 or shape.intersection(ground.boundary).length == 0


@FEW
@given(st.lists(LINE, min_size=1, max_size=8), st.lists(POINT, min_size=1, max_size=12))
def test_metres_and_numbers_are_shared_out(lines, points):
    hectares = shapely.area(TILES) / 1e4
    number = figures(TILES, "density", table(points)).figures * hectares
    assert number.sum() == pytest.approx(len(points))
    metres = figures(TILES, "density", table(lines)).figures * hectares
    steps = [LineString(pair) for line in lines for pair in pairwise(line.coords)]
    outer = sum(step.intersection(box(0, 0, 240, 240).boundary).length for step in steps)
    assert metres.sum() == pytest.approx(sum(line.length for line in lines) - outer / 2)


@FEW
@given(
    st.lists(AREA, min_size=2, max_size=6),
    st.lists(st.tuples(AREA, st.integers(0, 9)), min_size=2, max_size=8),
    st.lists(LINE, min_size=1, max_size=6),
    st.sampled_from([("share", {}), ("density", {"column": "n"}), ("density", {"within_m": 30.0}),
                     ("distance", {}), ("distance", {"by": "network"})]),
    st.randoms(),
)  # fmt: skip
def test_rows_in_any_order_give_the_same_figures(parcels, layer, streets, asked, chance):
    source, more = asked
    g = table([shape for shape, _ in layer], n=[float(n) for _, n in layer])
    first = figures(parcels, source, g, table(streets), **more)
    order, rows = list(range(len(parcels))), list(g.index)
    chance.shuffle(order)
    chance.shuffle(rows)
    chance.shuffle(streets)
    again = figures([parcels[n] for n in order], source, g.loc[rows], table(streets), **more)
    assert again.figures.to_numpy() == pytest.approx(
        first.figures.to_numpy()[order], abs=1e-9, nan_ok=True
    )
    assert again.why_missing.tolist() == [first.why_missing.iloc[n] for n in order]
    if source == "distance":
        assert again.nearest.tolist() == [first.nearest.iloc[n] for n in order]


@FEW
@given(st.lists(st.lists(FINE, min_size=2, max_size=300), min_size=1, max_size=4))
def test_small_pieces_are_the_whole(drawn):
    lines = [LineString(spots) for spots in drawn]
    pieces, row = small_pieces(np.array(lines, dtype=object))
    assert shapely.get_num_coordinates(pieces).max() <= 65
    length = np.bincount(row, shapely.length(pieces), minlength=len(lines))
    assert length == pytest.approx(shapely.length(lines))
    rings = [Polygon(spots) for spots in drawn if len(spots) > 3]
    valid = shapely.make_valid(np.array(rings, dtype=object))
    pieces, row = small_pieces(valid)
    assert np.bincount(row, shapely.area(pieces), minlength=len(valid)) == pytest.approx(
        shapely.area(valid)
    )
