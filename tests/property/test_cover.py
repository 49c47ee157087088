"""Laws of ways and of coverage, on cities drawn by chance."""

import math

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Point

from renewal_geo.facilities import cover
from renewal_geo.spatial.catchments import line_costs, nearest_sites, network_costs
from renewal_geo.spatial.networks import network_of, snap

CRS = 4547
SPOT = st.tuples(st.integers(0, 60), st.integers(0, 60)).map(
    lambda one: (one[0] * 10.0, one[1] * 10.0)
)
LINE = st.lists(SPOT, min_size=2, max_size=4, unique=True).map(LineString)
STREETS = st.lists(LINE, min_size=1, max_size=8)
CITY = st.tuples(
    STREETS, st.lists(SPOT, min_size=1, max_size=12), st.lists(SPOT, min_size=1, max_size=6)
)
FEW = settings(max_examples=40, deadline=None)


def points(spots):
    return gpd.GeoSeries([Point(one) for one in spots], crs=CRS)


def dense(costs):
    made = np.full(costs.shape, np.inf)
    stored = sp.coo_array(costs)
    made[stored.coords] = stored.data
    return made


def tables(spots, sites, seed):
    rng = np.random.default_rng(seed)
    demand = gpd.GeoDataFrame(
        {"weight": rng.integers(0, 30, len(spots)).astype(float)},
        geometry=points(spots),
        index=[f"d{n}" for n in range(len(spots))],
    )
    facilities = gpd.GeoDataFrame(
        {"kind": "primary", "capacity": rng.integers(1, 90, len(sites)).astype(float)},
        geometry=points(sites),
        index=[f"f{n}" for n in range(len(sites))],
    )
    return demand, facilities


@FEW
@given(CITY)
def test_a_way_is_never_shorter_than_the_line_and_the_same_both_ways(city):
    streets, spots, sites = city
    network = network_of(gpd.GeoSeries(streets, crs=CRS))
    there, here = snap(points(spots), network, np.inf), snap(points(sites), network, np.inf)
    ways = dense(network_costs(network, here, there, np.inf))
    straight = dense(line_costs(np.array(sites), np.array(spots), np.inf))
    assert (ways >= straight - 1e-9).all()
    back = dense(network_costs(network, there, here, np.inf)).T
    np.testing.assert_allclose(ways, back, rtol=1e-9, atol=1e-9)
    nearest, way = nearest_sites(network, here, there)
    np.testing.assert_allclose(way, ways.min(axis=1), rtol=1e-9, atol=1e-9)
    assert (ways[np.arange(len(ways)), nearest] <= way + 1e-9).all()


@FEW
@given(CITY, st.sampled_from(["line", "network"]), st.integers(0, 9))
def test_coverage_grows_with_facilities_and_with_the_radius(city, by, seed):
    streets, spots, sites = city
    demand, facilities = tables(spots, sites, seed)
    more = {
        "by": by,
        "network": gpd.GeoSeries(streets, crs=CRS) if by == "network" else None,
        "max_snap_m": 150.0,
    }
    rows = [
        cover(demand, facilities.iloc[:count], standards={"primary": radius}, **more).table.loc[
            "primary"
        ]
        for count in (0, len(sites) // 2, len(sites))
        for radius in (50, 200, 900)
    ]
    covered = np.array([row["covered"] for row in rows]).reshape(3, 3)
    assert (np.diff(covered, axis=0) >= 0).all()
    assert (np.diff(covered, axis=1) >= 0).all()
    assert all(row["covered"] + row["uncovered"] == row["people"] for row in rows)


@FEW
@given(
    CITY,
    st.sampled_from(["line", "network"]),
    st.sampled_from(["none", "gaussian"]),
    st.integers(0, 9),
)
def test_seats_are_conserved(city, by, decay, seed):
    streets, spots, sites = city
    demand, facilities = tables(spots, sites, seed)
    found = cover(
        demand, facilities, standards={"primary": 300.0}, by=by, decay=decay,
        network=gpd.GeoSeries(streets, crs=CRS) if by == "network" else None,
    )  # fmt: skip
    used = found.facilities["people"] > 0
    given_out = math.fsum(found.demand["access_primary"] * found.demand["weight"])
    assert given_out == pytest.approx(
        math.fsum(found.facilities["capacity"][used]), rel=1e-9, abs=1e-9
    )


@FEW
@given(CITY, st.sampled_from(["line", "network"]), st.integers(0, 99))
def test_the_order_of_rows_does_not_matter(city, by, seed):
    streets, spots, sites = city
    rng = np.random.default_rng(seed)
    streets = list(streets)
    demand, facilities = tables(spots, sites, 1)
    made = []
    for _ in range(2):
        found = cover(
            demand, facilities, standards={"primary": 300.0}, by=by,
            network=gpd.GeoSeries(streets, crs=CRS) if by == "network" else None,
        )  # fmt: skip
        made.append(found)
        rng.shuffle(streets)
        demand = demand.iloc[rng.permutation(len(demand))]
        facilities = facilities.iloc[rng.permutation(len(facilities))]
    pd.testing.assert_frame_equal(made[0].table, made[1].table, check_exact=True)
    assert made[0].demand.sort_index().equals(made[1].demand.sort_index())
    assert made[0].facilities.sort_index().equals(made[1].facilities.sort_index())
    assert made[0].notes == made[1].notes
