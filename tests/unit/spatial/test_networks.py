"""Streets as a network: where lines meet, where places stand, and ways against a plain search."""

import heapq
import itertools

import geopandas as gpd
import numpy as np
import pytest
import scipy.sparse as sp
import shapely
from shapely import LineString, MultiLineString, Point, box

from renewal_geo.foundation.errors import CRSError, GeometryError, InputError
from renewal_geo.spatial.catchments import (
    line_costs,
    nearest_by_line,
    nearest_sites,
    network_costs,
    reached_streets,
)
from renewal_geo.spatial.networks import network_of, snap

CRS = 4547


def series(*shapes):
    return gpd.GeoSeries(list(shapes), crs=CRS)


def streets(*lines):
    return series(*(LineString(line) for line in lines))


def points(*spots):
    return series(*(Point(spot) for spot in spots))


def dense(costs):
    """Absent is infinite; a stored zero is zero."""
    made = np.full(costs.shape, np.inf)
    stored = sp.coo_array(costs)
    made[stored.coords] = stored.data
    return made


def plain_search(network, sites, demand, limit_m=np.inf):
    """Cut every edge at every place that stands on it, then search from each site without a limit."""
    links = {}

    def link(a, b, length):
        links.setdefault(a, []).append((b, length))
        links.setdefault(b, []).append((a, length))

    stops = {edge: [] for edge in range(len(network.lines))}
    for kind, places in (("s", sites), ("d", demand)):
        for number, edge in enumerate(places.edge):
            if edge >= 0:
                stops[edge].append((places.from_tail_m[number], (kind, number, "street")))
                link((kind, number), (kind, number, "street"), places.off_m[number])
    for edge, own in stops.items():
        ends = [(0.0, int(network.tail[edge])), (network.length[edge], int(network.head[edge]))]
        row = [ends[0], *sorted(own, key=lambda one: one[0]), ends[1]]
        for (low, a), (high, b) in itertools.pairwise(row):
            link(a, b, high - low)
    found = np.full((len(demand.edge), len(sites.edge)), np.inf)
    for site in range(len(sites.edge)):
        best, heap = {}, [(0.0, 0, ("s", site))]
        count = itertools.count(1)
        while heap:
            way, _, here = heapq.heappop(heap)
            if here in best:
                continue
            best[here] = way
            for there, length in links.get(here, ()):
                if there not in best:
                    heapq.heappush(heap, (way + length, next(count), there))
        for place in range(len(demand.edge)):
            found[place, site] = best.get(("d", place), np.inf)
    found[found > limit_m] = np.inf
    return found


def test_crossing_streets_meet_where_asked():
    cross = streets([(0, 50), (100, 50)], [(50, 0), (50, 100)])
    met = network_of(cross)
    assert (len(met.nodes), len(met.lines), met.component.max()) == (5, 4, 0)
    assert met.length.tolist() == [50.0] * 4
    bridge = network_of(cross, noded=False)
    assert (len(bridge.nodes), len(bridge.lines), bridge.component.max()) == (4, 2, 1)


def test_streets_share_vertices_without_noding():
    # three share the vertex (50, 50); the bridge passes over it without one
    shared = streets(
        [(0, 50), (50, 50), (100, 50)],
        [(50, 0), (50, 50)],
        [(50, 100), (50, 50)],
        [(0, 0), (100, 100)],
    )
    network = network_of(shared, noded=False)
    assert network.component.tolist().count(0) == 5
    assert network.component.max() == 1
    assert len(network.lines) == 5


def test_ends_near_a_street_join_it():
    # the end of the side street lies 4 mm before the main street, and another 4 mm beside its end
    near = streets([(0, 0), (100, 0)], [(30, 80), (30, 0.004)], [(100.004, 0), (100, 50)])
    network = network_of(near)
    assert network.component.max() == 0
    assert len(network.lines) == 4
    apart = network_of(near, snap_m=0.001)
    assert apart.component.max() == 2


def test_loops_overlaps_and_self_crossings():
    eight = network_of(streets([(0, 0), (10, 10), (10, 0), (0, 10)]))
    assert (len(eight.nodes), len(eight.lines)) == (3, 3)
    loop = network_of(streets([(0, 0), (10, 0), (10, 10), (0, 0)], [(0, 0), (-10, 0)]))
    assert sorted(loop.length.round(6).tolist()) == [10.0, 34.142136]
    twice = network_of(streets([(0, 0), (60, 0)], [(40, 0), (100, 0)]))
    assert len(twice.nodes) == 4
    assert twice.matrix.nnz == 6  # three stretches, the doubled one once


def test_all_lines_are_kept_to_the_metre():
    rng = np.random.default_rng(3)
    lines = streets(*(rng.uniform(0, 1000, (4, 2)) for _ in range(30)))
    network = network_of(lines)
    assert network.length.sum() == pytest.approx(
        lines.length.sum(), abs=0.02
    )  # two nodes are merged
    ends = shapely.get_coordinates(shapely.get_point(network.lines, 0))
    assert np.array_equal(ends, network.nodes[network.tail])
    ends = shapely.get_coordinates(shapely.get_point(network.lines, -1))
    assert np.array_equal(ends, network.nodes[network.head])
    # nothing crosses any more but at nodes
    a, b = network.tree.query(network.lines, predicate="crosses")
    assert len(a) == 0
    assert len(b) == 0


def test_the_order_and_direction_of_lines_do_not_matter():
    rng = np.random.default_rng(4)
    lines = [LineString(rng.integers(0, 40, (3, 2)) * 10) for _ in range(40)]
    lines = [line for line in lines if line.length > 0]
    one = network_of(series(*lines))
    other = network_of(series(*(line.reverse() for line in lines[::-1])))
    assert np.array_equal(one.nodes, other.nodes)
    assert np.array_equal(one.tail, other.tail)
    assert np.array_equal(one.head, other.head)
    assert np.allclose(one.length, other.length, rtol=1e-12)


def test_a_place_stands_on_the_nearest_edge():
    network = network_of(streets([(0, 0), (100, 0)], [(100, 0), (100, 80)]))
    places = snap(points((30, 12), (97, 40), (300, 300), (50, 0)), network, 100.0)
    assert places.has_access.tolist() == [True, True, False, True]
    assert places.off_m[:2].tolist() == [12.0, 3.0]
    assert np.isinf(places.off_m[2])
    assert places.from_tail_m[0] + places.from_head_m[0] == 100.0
    assert {places.from_tail_m[0], places.from_head_m[0]} == {30.0, 70.0}
    assert places.off_m[3] == 0.0
    exact = snap(points((30, 12)), network, 12.0)
    assert exact.has_access.all()
    assert not snap(points((30, 12)), network, 11.99).has_access.any()


def test_areas_and_missing_places():
    network = network_of(streets([(0, 0), (100, 0)]))
    places = snap(series(box(20, 10, 40, 30), None, Point()), network, 50.0)
    assert places.has_access.tolist() == [True, False, False]
    assert places.off_m[0] == 20.0


def test_ways_on_one_edge_and_around():
    # a long bend: the two ends are 10 m apart by a short cut
    network = network_of(streets([(0, 0), (0, 100), (10, 100), (10, 0)], [(0, 0), (10, 0)]))
    site, demand = snap(points((0, 90)), network), snap(points((0, 10), (10, 30), (0, 90)), network)
    ways = dense(network_costs(network, site, demand, 500.0))[:, 0]
    assert ways.tolist() == [80.0, 90.0, 0.0]  # along, over the top, and the site's own place
    around = dense(network_costs(network, snap(points((0, 10)), network), demand, 500.0))[:, 0]
    assert around.tolist() == [0.0, 50.0, 80.0]  # by the short cut, not round the bend


def test_a_long_edge_is_walked_within_the_limit():
    network = network_of(streets([(0, 0), (5000, 0)]))
    site = snap(points((2500, 5)), network)
    demand = snap(points((2600, 5), (2400, 0), (3600, 0)), network)
    ways = dense(network_costs(network, site, demand, 300.0))[:, 0]
    assert ways.tolist() == [110.0, 105.0, np.inf]


def city(seed, streets_count=60, size=1000.0):
    rng = np.random.default_rng(seed)
    lines = [
        LineString(rng.uniform(0, size, (rng.integers(2, 5), 2))) for _ in range(streets_count // 4)
    ]
    at = np.linspace(0, size, 6)
    lines += [LineString([(x, 0), (x, size)]) for x in at]
    lines += [LineString([(0, y), (size, y)]) for y in at[: rng.integers(2, 6)]]
    spots = rng.uniform(-150, size + 150, (70, 2))
    return network_of(series(*lines)), points(*spots[:12]), points(*spots[12:])


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("limit_m", [150.0, 600.0, np.inf])
def test_ways_are_those_of_a_plain_search(seed, limit_m):
    network, site_points, demand_points = city(seed)
    sites, demand = snap(site_points, network, 100.0), snap(demand_points, network, 100.0)
    assert not sites.has_access.all() or not demand.has_access.all()
    ours, plain = (
        dense(network_costs(network, sites, demand, limit_m)),
        plain_search(network, sites, demand),
    )
    near = plain <= limit_m * (1 - 1e-9)
    assert near.any()
    np.testing.assert_allclose(ours[near], plain[near], rtol=1e-12, atol=1e-9)
    assert np.isinf(ours[plain > limit_m * (1 + 1e-9)]).all()
    nearest, way = nearest_sites(network, sites, demand, limit_m)
    least = np.where(plain.min(axis=1) <= limit_m, plain.min(axis=1), np.inf)
    np.testing.assert_allclose(way, least, rtol=1e-12, atol=1e-9)
    there = nearest >= 0
    assert np.array_equal(there, np.isfinite(least))
    np.testing.assert_allclose(plain[there, nearest[there]], least[there], rtol=1e-12, atol=1e-9)


def test_nothing_has_access():
    network = network_of(streets([(0, 0), (100, 0)]))
    far, near = snap(points((0, 900)), network, 10.0), snap(points((5, 5)), network, 10.0)
    assert network_costs(network, far, near, 1e6).nnz == 0
    assert network_costs(network, near, far, 1e6).nnz == 0
    assert nearest_sites(network, far, near)[0].tolist() == [-1]
    assert nearest_sites(network, near, far)[0].tolist() == [-1]


@pytest.mark.parametrize("detour", [1.0, 1.3])
def test_straight_ways(detour):
    rng = np.random.default_rng(5)
    sites, demand = rng.uniform(0, 1000, (9, 2)), rng.uniform(0, 1000, (50, 2))
    demand[3], demand[7] = sites[2], np.nan
    way = np.hypot(*(demand[:, None] - sites[None]).transpose(2, 0, 1)) * detour
    way = np.where(np.isfinite(way), way, np.inf)
    for limit in (200.0, np.inf):
        ours = dense(line_costs(sites, demand, limit, detour=detour))
        np.testing.assert_allclose(ours, np.where(way <= limit, way, np.inf), rtol=1e-12)
    nearest, least = nearest_by_line(sites, demand, detour=detour)
    assert nearest[7] == -1
    np.testing.assert_allclose(least, way.min(axis=1), rtol=1e-12)


def test_what_is_no_network_is_refused():
    with pytest.raises(InputError, match="empty") as none:
        network_of(series())
    assert none.value.code == "no_streets"
    with pytest.raises(InputError, match="empty"):
        network_of(series(None, LineString()))
    with pytest.raises(GeometryError, match="no line"):
        network_of(series(box(0, 0, 1, 1)))
    with pytest.raises(CRSError):
        network_of(gpd.GeoSeries([LineString([(114, 22), (114.1, 22)])], crs=4326))
    with pytest.raises(InputError, match="snap_m"):
        network_of(streets([(0, 0), (1, 1)]), snap_m=0.0)
    network = network_of(streets([(0, 0), (1, 1)]))
    with pytest.raises(CRSError):
        snap(gpd.GeoSeries([Point(0, 0)], crs=32650), network)
    with pytest.raises(InputError, match="max_snap_m"):
        snap(points((0, 0)), network, -1.0)
    with pytest.raises(InputError, match="longest way"):
        network_costs(network, snap(points((0, 0)), network), snap(points((1, 1)), network), np.nan)


def test_what_is_left_out_is_said():
    mixed = series(
        LineString([(0, 0), (10, 0)]), None, Point(3, 3), MultiLineString([[(0, 0), (0, 5)]])
    )
    network = network_of(mixed)
    assert len(network.lines) == 2
    assert "1 streets without a shape" in network.notes[0]
    assert "1 shapes are no lines" in network.notes[1]
    assert "2 edges" in str(network)


def test_streets_within_reach_end_at_the_limit():
    network = network_of(streets([(0, 0), (100, 0), (100, 300)], [(100, 0), (400, 0)]))
    site = snap(points((60, 10)), network)
    reached = reached_streets(network, site, 100.0)
    # 10 m to the street, 60 back to its end, 40 to the crossing and 50 beyond it on both streets
    assert shapely.length(reached).sum() == pytest.approx(60 + 40 + 50 + 50)
    assert shapely.union_all(reached).bounds == (0, 0, 150, 50)
    alone = reached_streets(network, site, 30.0)
    assert [line.bounds for line in alone] == [(40, 0, 80, 0)]
    assert not len(reached_streets(network, site, 5.0))


@pytest.mark.parametrize("seed", range(3))
def test_streets_within_reach_are_those_whose_places_are_reached(seed):
    network, site_points, _ = city(seed)
    sites = snap(site_points, network, 100.0)
    reached = shapely.union_all(reached_streets(network, sites, 250.0))
    along = np.random.default_rng(seed).uniform(0, 1, len(network.lines))
    spots = gpd.GeoSeries(
        shapely.line_interpolate_point(network.lines, along, normalized=True), crs=CRS
    )
    _, way = nearest_sites(network, sites, snap(spots, network, 1.0))
    sure = np.abs(way - 250.0) > 1e-6
    assert np.array_equal(
        (shapely.distance(reached, spots.to_numpy()) < 1e-6)[sure], (way <= 250.0)[sure]
    )
