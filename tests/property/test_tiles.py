"""Tiles add up to the whole for any layers and any number of tiles."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Polygon, box

from renewal_geo.ledger import tally, tally_tiles
from renewal_geo.spatial.tiles import anchors, owned, plan_tiles

CRS = "EPSG:4547"
places = st.integers(0, 40)


@st.composite
def shapes(draw):
    if draw(st.booleans()):
        x, y = draw(places), draw(places)
        return box(x, y, x + draw(st.integers(1, 25)), y + draw(st.integers(1, 25)))
    return Polygon(draw(st.lists(st.tuples(places, places), min_size=3, max_size=6, unique=True)))


@settings(max_examples=25)
@given(
    st.lists(st.one_of(shapes(), st.none()), max_size=12),
    st.lists(st.tuples(st.sampled_from(["M1", "R2", None]), shapes()), max_size=8),
    st.integers(1, 15),
    st.sampled_from([(0.0, 0.0), (520_000.123, 2_510_000.456)]),
)
def test_tiles_add_up_to_the_whole(parcels, classes, tiles, origin):
    move = np.asarray(origin)
    moved = [None if p is None else shapely.transform(p, lambda xy: xy + move) for p in parcels]
    index = pd.Index([f"P{n}" for n in range(len(parcels))], name="parcel_id")
    zones = gpd.GeoDataFrame(geometry=moved, index=index, crs=CRS)
    layer = gpd.GeoDataFrame(
        {"use": pd.Series([use for use, _ in classes], dtype=object)},
        geometry=[shapely.transform(shape, lambda xy: xy + move) for _, shape in classes],
        crs=CRS,
    )
    whole, tiled = tally(zones, layer, by="use"), tally_tiles(zones, layer, "use", tiles=tiles)
    keys = ["parcel_id", "use", "kind"]
    assert tiled.book.table[keys].to_numpy().tolist() == whole.table[keys].to_numpy().tolist()
    assert np.allclose(tiled.book.table["area_m2"], whole.table["area_m2"], rtol=0, atol=1e-6)
    assert np.allclose(tiled.book.table["sliver_m2"], whole.table["sliver_m2"], rtol=0, atol=1e-6)
    assert tiled.tiles["zones"].sum() == len(zones)
    assert abs(tiled.closing_m2) < 1e-6 * max(1, len(zones))


@given(
    st.lists(st.tuples(places, places, places, places), max_size=30),
    st.integers(1, 12),
    st.randoms(),
)
def test_the_plan_parts_the_plane_and_does_not_depend_on_order(boxes, count, chance):
    bounds = np.array([(x, y, x + w, y + h) for x, y, w, h in boxes], dtype=float).reshape(-1, 4)
    points = anchors(bounds)
    plan = plan_tiles(points, np.ones(len(points)), count)
    assert len(plan) <= count
    anywhere = np.random.default_rng(0).uniform(-1e6, 1e6, (200, 2))
    for tested in (points, anywhere):
        assert (sum(owned(tested, tile).astype(int) for tile in plan) == 1).all()
    chance.shuffle(boxes)
    shuffled = np.array([(x, y, x + w, y + h) for x, y, w, h in boxes], dtype=float).reshape(-1, 4)
    assert plan_tiles(anchors(shuffled), np.ones(len(points)), count) == plan
