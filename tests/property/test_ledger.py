"""The books close for any input."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Polygon, box

from renewal_geo.ledger import tally

CRS = "EPSG:4547"
places = st.integers(0, 40)


@st.composite
def shapes(draw):
    """Boxes on a coarse lattice (so that edges coincide) and rings of any order (so that they cross)."""
    if draw(st.booleans()):
        x, y = draw(places), draw(places)
        return box(x, y, x + draw(st.integers(1, 20)), y + draw(st.integers(1, 20)))
    ring = draw(st.lists(st.tuples(places, places), min_size=3, max_size=7, unique=True))
    return Polygon(ring)


def sound(shape):
    return shapely.buffer(shapely.make_valid(shape), 0)


@settings(max_examples=40)
@given(
    st.lists(shapes(), min_size=1, max_size=4),
    st.lists(st.tuples(st.sampled_from(["M1", "R2", "", None]), shapes()), max_size=8),
    st.sampled_from([(0.0, 0.0), (520_000.123, 2_510_000.456)]),
)
def test_books_close(zone_shapes, class_shapes, origin):
    move = np.asarray(origin)
    zone_shapes = [shapely.transform(sound(z), lambda xy: xy + move) for z in zone_shapes]
    zone_shapes = [z for z in zone_shapes if z.area > 0]
    cover = [shapely.transform(c, lambda xy: xy + move) for _, c in class_shapes]
    layer = gpd.GeoDataFrame(
        geometry=zone_shapes,
        index=pd.Index([f"Z{n}" for n in range(len(zone_shapes))], name="zone_id"),
        crs=CRS,
    )
    classes = gpd.GeoDataFrame(
        {"use": pd.Series([u for u, _ in class_shapes], dtype=object)}, geometry=cover, crs=CRS
    )
    table = tally(layer, classes, by="use").table
    assert not table["area_m2"].isna().any()
    assert (table["area_m2"] >= 0).all()
    assert (table["sliver_m2"] >= 0).all()
    assert (table["sliver_m2"] <= table["area_m2"] + 1e-9).all()
    for zone_id, zone in layer.geometry.items():
        own = table[table["zone_id"] == zone_id].groupby("kind")["area_m2"].sum()
        closed = own.get("class", 0.0) - own.get("covered_twice", 0.0) + own.get("uncovered", 0.0)
        assert abs(closed - zone.area) <= max(1e-6, 1e-9 * zone.area)


@settings(max_examples=30)
@given(
    st.lists(st.tuples(st.sampled_from(["M1", "R2"]), shapes()), min_size=1, max_size=6),
    st.randoms(),
)
def test_figures_are_those_of_plain_geometry(pairs, chance):
    zone = box(5, 5, 35, 35)
    layer = gpd.GeoDataFrame(geometry=[zone], index=pd.Index(["Z"], name="zone_id"), crs=CRS)
    chance.shuffle(pairs)
    classes = gpd.GeoDataFrame(
        {"use": [u for u, _ in pairs]}, geometry=[s for _, s in pairs], crs=CRS
    )
    table = tally(layer, classes, by="use").table
    pieces = [(u, sound(s).intersection(zone)) for u, s in pairs]
    for use in ("M1", "R2"):
        want = sum(p.area for u, p in pieces if u == use)
        assert abs(table.loc[table["use"] == use, "area_m2"].sum() - want) < 1e-6
    covered = shapely.union_all([p for _, p in pieces]).area
    found = table.groupby("kind")["area_m2"].sum()
    assert abs(found.get("uncovered", 0.0) - (zone.area - covered)) < 1e-6
    assert abs(found.get("covered_twice", 0.0) - (sum(p.area for _, p in pieces) - covered)) < 1e-6
