"""Laws of contiguity on districts drawn at random."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString
from shapely.affinity import rotate, translate

from renewal_geo.contiguity import connect

CRS = "EPSG:4547"


@st.composite
def districts(draw):
    """A Voronoi town of 6-14 parcels, apart by nothing, a hair or a road."""
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    seeds = shapely.MultiPoint(rng.uniform(0, 300, (draw(st.integers(6, 14)), 2)))
    cells = shapely.get_parts(
        shapely.voronoi_polygons(seeds, extend_to=shapely.box(0, 0, 300, 300))
    )
    cells = shapely.intersection(cells, shapely.box(0, 0, 300, 300))
    cells = shapely.buffer(cells, -draw(st.sampled_from([0.0, 0.05, 6.0])), join_style="mitre")
    cells = cells[(shapely.get_type_id(cells) == 3) & (shapely.area(cells) > 100)]
    ids = [f"p{i}" for i in rng.permutation(len(cells))]
    wall = LineString(rng.uniform(-50, 350, (2, 2)))
    return (
        gpd.GeoDataFrame(geometry=cells, index=ids, crs=CRS),
        gpd.GeoDataFrame({"kind": ["rail"]}, geometry=[wall], crs=CRS),
    )


def moved(table, change):
    return table.set_geometry([change(g) for g in table.geometry], crs=CRS)


@settings(max_examples=20)
@given(districts(), st.randoms(use_true_random=False))
def test_rows_in_any_order_give_the_same_tables(district, random):
    parcels, walls = district
    order = random.sample(range(len(parcels)), len(parcels))
    one, two = connect(parcels, walls), connect(parcels.iloc[order], walls)
    pd.testing.assert_frame_equal(one.links, two.links, check_exact=True)
    pd.testing.assert_frame_equal(one.blocked, two.blocked, check_exact=True)
    pd.testing.assert_series_equal(one.components, two.components.reindex(parcels.index))


@settings(max_examples=20)
@given(districts(), st.floats(0, 360))
def test_turning_and_shifting_keep_frontages(district, angle):
    """Away from the thresholds: a pair may only be lost or won within a sample of a limit."""
    parcels, walls = district

    def turn(g):
        return translate(rotate(g, angle, origin=(150, 150)), 504_000, 2_500_000)

    one = connect(parcels, walls).links.set_index(["focal", "neighbour"])
    two = connect(moved(parcels, turn), moved(walls, turn)).links.set_index(["focal", "neighbour"])
    both = one.join(two, how="outer", rsuffix="_turned")
    lone = both[both[["frontage_m", "frontage_m_turned"]].isna().any(axis=1)]
    lengths = lone["frontage_m"].fillna(lone["frontage_m_turned"])
    gaps = lone["gap_m"].fillna(lone["gap_m_turned"])
    assert (np.minimum((lengths - 10).abs(), (lengths - gaps / 2).abs()) < 1.0).all()
    shared = both.drop(lone.index)
    np.testing.assert_allclose(shared["frontage_m"], shared["frontage_m_turned"], atol=2.0)
    np.testing.assert_allclose(shared["gap_m"], shared["gap_m_turned"], atol=1e-6)


@settings(max_examples=20)
@given(districts())
def test_books_of_the_boundary(district):
    parcels, walls = district
    found = connect(parcels, walls)
    links = found.links
    assert (links["focal"] < links["neighbour"]).all()
    assert not links.duplicated(["focal", "neighbour"]).any()
    assert (links["frontage_m"] >= 10 - 1e-6).all()
    bridges = links[links["kind"] == "bridge"]
    assert (bridges["frontage_m"] >= bridges["gap_m"] / 2 - 1e-6).all()
    assert (links["gap_m"] <= 40 + 1e-3).all()
    shared = pd.concat([links.set_index(end)["frontage_m"] for end in ("focal", "neighbour")])
    shared = shared.groupby(level=0).sum().reindex(parcels.index, fill_value=0.0)
    assert (shared <= found.perimeter_m + 1e-6).all()
    np.testing.assert_allclose(shared + found.own_boundary_m, found.perimeter_m)
    free = {tuple(p) for p in connect(parcels).links[["focal", "neighbour"]].to_numpy()}
    apart = {tuple(p) for p in found.blocked[["focal", "neighbour"]].to_numpy()}
    kept = {tuple(p) for p in links[["focal", "neighbour"]].to_numpy()}
    assert apart == free - kept


@settings(max_examples=20)
@given(districts())
def test_no_link_crosses_the_line(district):
    """A wall across the whole town leaves no link between its two sides."""
    parcels, walls = district
    (x0, y0), (x1, y1) = walls.geometry.iloc[0].coords
    way = np.array([x1 - x0, y1 - y0]) / max(1e-9, np.hypot(x1 - x0, y1 - y0)) * 2000
    line = LineString([np.array([x0, y0]) - way, np.array([x0, y0]) + way])
    found = connect(parcels, walls.set_geometry([line], crs=CRS))
    left = shapely.buffer(line, 2000, single_sided=True)
    parts = {i: max(shapely.get_parts(g.difference(line.buffer(0.5))), key=lambda p: p.area)
             for i, g in parcels.geometry.items()}  # fmt: skip
    side = {i: left.contains(g.representative_point()) for i, g in parts.items()}
    assert all(side[f] == side[n] for f, n in found.links[["focal", "neighbour"]].to_numpy())
