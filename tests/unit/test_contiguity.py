"""The planted cases that decide what contiguity means. Drawings are not to scale."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely import LineString, MultiPolygon, Polygon, box
from shapely.affinity import rotate, translate

from renewal_geo.contiguity import Contiguity, connect, to_graph
from renewal_geo.foundation.errors import CRSError, InputError

CRS = "EPSG:4547"


def district(**shapes):
    return gpd.GeoDataFrame(geometry=list(shapes.values()), index=list(shapes), crs=CRS)


def walls(*shapes, width=None, kind="river"):
    return gpd.GeoDataFrame(
        {"kind": [kind] * len(shapes), "width_m": [width] * len(shapes)},
        geometry=list(shapes),
        crs=CRS,
    )


def pairs(found):
    return {f"{f}-{n}:{k}" for f, n, k in found.links[["focal", "neighbour", "kind"]].to_numpy()}


def test_shared_edge_and_local_road():
    """ab / 20 m road / c."""
    found = connect(district(a=box(0, 0, 50, 50), b=box(50, 0, 100, 50), c=box(0, 70, 50, 120)))
    assert pairs(found) == {"a-b:edge", "a-c:bridge"}
    assert found.links["frontage_m"].tolist() == pytest.approx([50, 50])
    assert found.links["gap_m"].tolist() == pytest.approx([0, 20])
    assert found.own_boundary_m["a"] == pytest.approx(100)


def crossing(chamfer=0.0):
    """Four blocks at a crossing of two 20 m roads, corners cut by `chamfer`."""
    corner = box(0, 0, 80, 80)
    if chamfer:
        corner = Polygon([(0, 0), (80, 0), (80, 80 - chamfer), (80 - chamfer, 80), (0, 80)])
    around = [corner, *(rotate(corner, angle, origin=(90, 90)) for angle in (90, 180, 270))]
    return district(sw=around[0], se=around[1], ne=around[2], nw=around[3])


@pytest.mark.parametrize("chamfer", [0.0, 5.0, 10.0])
def test_no_diagonal_across_a_junction(chamfer):
    found = connect(crossing(chamfer))
    linked = {tuple(sorted(p)) for p in found.links[["focal", "neighbour"]].to_numpy()}
    assert linked == {("se", "sw"), ("ne", "se"), ("ne", "nw"), ("nw", "sw")}


def test_t_junction_links_both_sides_with_the_bar_and_with_each_other():
    found = connect(
        district(left=box(0, 0, 80, 80), right=box(100, 0, 180, 80), bar=box(0, 100, 180, 180))
    )
    assert pairs(found) == {"left-right:bridge", "bar-left:bridge", "bar-right:bridge"}


def test_road_at_45_degrees():
    straight = [box(0, 0, 60, 60), box(0, 80, 60, 140)]
    turned = [rotate(shape, 45, origin=(0, 0)) for shape in straight]
    found = connect(district(a=turned[0], b=turned[1]))
    assert pairs(found) == {"a-b:bridge"}
    assert found.links["frontage_m"].iloc[0] == pytest.approx(60, abs=0.5)
    assert found.links["gap_m"].iloc[0] == pytest.approx(20)


def test_river_keeps_apart_and_its_end_does_not():
    """a | river | b, the river ends half-way up: they face each other over the rest."""
    parcels = district(a=box(0, 0, 50, 100), b=box(70, 0, 120, 100))
    whole = connect(parcels, walls(box(55, -10, 65, 110)))
    assert pairs(whole) == set()
    assert whole.blocked[["focal", "neighbour", "barrier"]].values.tolist() == [["a", "b", "river"]]
    half = connect(parcels, walls(box(55, -10, 65, 60)))
    assert pairs(half) == {"a-b:bridge"}
    assert half.links["frontage_m"].iloc[0] == pytest.approx(40)
    assert len(half.blocked) == 0


@pytest.mark.parametrize("width", [None, 0.4, 6.0])
def test_barrier_drawn_along_the_shared_edge(width):
    found = connect(
        district(a=box(0, 0, 50, 50), b=box(50, 0, 100, 50)),
        walls(LineString([(50, -20), (50, 70)]), width=width),
    )
    assert pairs(found) == set()
    assert len(found.blocked) == 1


def test_third_parcel_between():
    found = connect(district(a=box(0, 0, 50, 50), b=box(55, 0, 65, 50), c=box(70, 0, 120, 50)))
    assert pairs(found) == {"a-b:bridge", "b-c:bridge"}


def test_concave_parcel_meets_itself_first():
    """A U whose arms face each other; the parcel beyond one arm is met by the outside only."""
    u_shape = Polygon([(0, 0), (60, 0), (60, 60), (40, 60), (40, 20), (20, 20), (20, 60), (0, 60)])
    found = connect(district(u=u_shape, b=box(70, 0, 120, 60)))
    assert pairs(found) == {"b-u:bridge"}
    assert found.links["frontage_m"].iloc[0] == pytest.approx(60)


def test_parcel_in_the_bay_of_a_concave_one():
    u_shape = Polygon([(0, 0), (60, 0), (60, 60), (40, 60), (40, 20), (20, 20), (20, 60), (0, 60)])
    found = connect(district(u=u_shape, b=box(22, 25, 38, 60)))
    assert pairs(found) == {"b-u:bridge"}
    assert found.links["frontage_m"].iloc[0] == pytest.approx(35 + 16 + 35)


@pytest.mark.parametrize("shift", [0.05, -0.05, 0.4, -0.4])
def test_small_gap_or_overlap_is_an_edge(shift):
    found = connect(district(a=box(0, 0, 50, 50), b=box(50 + shift, 0, 100, 50)))
    assert pairs(found) == {"a-b:edge"}
    assert found.links["frontage_m"].iloc[0] == pytest.approx(50, abs=1.0)


def test_wide_overlap_gives_no_edge_and_is_counted():
    found = connect(district(a=box(0, 0, 50, 50), b=box(48, 0, 100, 50)))
    assert pairs(found) == set()
    assert found.wide_overlaps == 1


def test_roads_drawn_as_one_huge_polygon_are_ground():
    blocks = [box(x, y, x + 80, y + 80) for x in (0, 100) for y in (0, 100)]
    roads = box(-20, -20, 200, 200).difference(MultiPolygon(blocks))
    parcels = district(a=blocks[0], b=blocks[1], c=blocks[2], d=blocks[3], road=roads)
    parcels["use"] = ["M1"] * 4 + ["S2"]
    assert pairs(connect(parcels)) == {f"{i}-road:edge" for i in "abcd"}
    found = connect(parcels, ground="use == 'S2'")
    assert pairs(found) == {"a-b:bridge", "a-c:bridge", "b-d:bridge", "c-d:bridge"}
    assert found.components.to_dict() == {"a": 0, "b": 0, "c": 0, "d": 0, "road": -1}


def test_parcel_inside_a_hole_and_across_a_ring_road():
    host = box(0, 0, 100, 100).difference(box(30, 30, 70, 70))
    snug = connect(district(host=host, inner=box(30, 30, 70, 70)))
    assert pairs(snug) == {"host-inner:edge"}
    assert snug.links["frontage_m"].iloc[0] == pytest.approx(160)
    ring = connect(district(host=host, inner=box(40, 40, 60, 60)))
    assert pairs(ring) == {"host-inner:bridge"}


def test_parcel_split_by_a_barrier_counts_by_its_largest_part():
    """The river cuts a: its small western part may not carry it to b."""
    parcels = district(b=box(-60, 0, 0, 40), a=box(0, 0, 100, 40))
    found = connect(parcels, walls(box(20, -5, 30, 45)))
    assert pairs(found) == set()
    assert found.perimeter_m["a"] == pytest.approx(280)


def test_multipart_parcel_is_its_largest_part():
    two = MultiPolygon([box(0, 0, 40, 40), box(200, 0, 300, 40)])
    found = connect(district(m=two, near=box(40, 0, 80, 40), far=box(300, 0, 340, 40)))
    assert pairs(found) == {"far-m:edge"}


def test_doubled_and_unmatched_vertices_change_nothing():
    plain = Polygon([(0, 0), (50, 0), (50, 50), (0, 50)])
    dense = Polygon([(50, 0), (100, 0), (100, 50), (50, 50), (50, 33), (50, 33), (50, 7)])
    found = connect(district(a=plain, b=dense))
    assert found.links["frontage_m"].tolist() == pytest.approx([50])


@pytest.mark.parametrize(("gap", "linked"), [(40.0, True), (40.01, False)])
def test_gap_equal_to_the_limit_is_within_it(gap, linked):
    found = connect(district(a=box(0, 0, 90, 90), b=box(90 + gap, 0, 200, 90)))
    assert bool(len(found.links)) is linked


def test_bridge_must_face_over_half_its_gap():
    """A frontage of 12 m passes the minimum but not half of 30 m."""
    found = connect(district(a=box(0, 0, 50, 50), b=box(80, 38, 130, 88)))
    assert pairs(found) == set()
    assert pairs(connect(district(a=box(0, 0, 50, 50), b=box(70, 38, 130, 88)))) == {"a-b:bridge"}


def test_edge_needs_its_frontage_at_distance_zero():
    """They touch over 6 m and face each other over 44 m more: a bridge."""
    stepped = Polygon([(50, 0), (100, 0), (100, 50), (60, 50), (60, 6), (50, 6)])
    found = connect(district(a=box(0, 0, 50, 50), b=stepped))
    assert pairs(found) == {"a-b:bridge"}
    assert found.links["frontage_m"].iloc[0] == pytest.approx(50, abs=1)


def test_nothing_but_sound_polygons_takes_part():
    parcels = district(
        a=box(0, 0, 50, 50),
        bow=Polygon([(50, 0), (100, 50), (100, 0), (50, 50)]),
        none=None,
        line=LineString([(0, 0), (1, 1)]),
        empty=Polygon(),
    )
    found = connect(parcels)
    assert len(found.links) == 0
    assert found.components.nunique() == 5


def test_barrier_without_width_and_of_bad_width():
    parcels = district(a=box(0, 0, 50, 50), b=box(60, 0, 100, 50))
    found = connect(parcels, walls(LineString([(55, -9), (55, 59)])))
    assert found.barriers.geometry.area.sum() == pytest.approx(68)
    with pytest.raises(InputError, match="not positive"):
        connect(parcels, walls(LineString([(55, -9), (55, 59)]), width=-3.0))


def test_bad_input_is_refused():
    parcels = district(a=box(0, 0, 50, 50), b=box(50, 0, 100, 50))
    with pytest.raises(InputError, match="more than once") as fault:
        connect(pd.concat([parcels, parcels]))
    assert fault.value.code == "duplicate_id"
    with pytest.raises(InputError, match="gap_max_m"):
        connect(parcels, gap_max_m=-1)
    with pytest.raises(InputError, match="min_frontage_m"):
        connect(parcels, min_frontage_m=float("nan"))
    with pytest.raises(CRSError):
        connect(parcels.to_crs(4326))
    with pytest.raises(CRSError):
        connect(parcels, walls(box(0, 0, 1, 1)).to_crs(4326))
    with pytest.raises(InputError, match="ground"):
        connect(parcels, ground=[True])


def test_links_given_by_others():
    parcels = district(a=box(0, 0, 50, 50), b=box(50, 0, 100, 50), c=box(200, 0, 250, 50))
    table = pd.DataFrame({"focal": ["b"], "neighbour": ["a"], "frontage_m": [50.0], "gap_m": [0.0]})
    found = Contiguity.from_links(table, parcels)
    assert not found.derived
    assert found.links.to_numpy().tolist() == [["a", "b", "edge", 50.0, 0.0]]
    assert found.own_boundary_m.to_dict() == {"a": 150.0, "b": 150.0, "c": 200.0}
    for wrong in (
        {"focal": ["a"], "neighbour": ["a"]},
        {"focal": ["a"], "neighbour": ["x"]},
        {"focal": ["a", "b"], "neighbour": ["b", "a"]},
        {"focal": ["a"], "neighbour": ["b"], "frontage_m": [-1]},
        {"focal": ["a"], "neighbour": ["b"], "kind": ["corner"]},
        {"focal": ["a"]},
    ):
        with pytest.raises(InputError):
            Contiguity.from_links(pd.DataFrame(wrong), parcels)


def test_order_of_rows_and_ids_do_not_matter():
    parcels = crossing(5.0)
    moved = connect(parcels.sample(frac=1, random_state=3))
    pd.testing.assert_frame_equal(moved.links, connect(parcels).links)
    renamed = parcels.rename(index={"sw": "9", "se": "1", "ne": "5", "nw": "zz"})
    lengths = connect(renamed).links["frontage_m"]
    assert sorted(lengths) == sorted(connect(parcels).links["frontage_m"])


def test_translation_does_not_matter():
    parcels = crossing(5.0)
    far = gpd.GeoDataFrame(
        geometry=[translate(g, 504_000, 2_500_000) for g in parcels.geometry],
        index=parcels.index,
        crs=CRS,
    )
    here, there = connect(parcels).links, connect(far).links
    assert here[["focal", "neighbour", "kind"]].equals(there[["focal", "neighbour", "kind"]])
    np.testing.assert_allclose(here["frontage_m"], there["frontage_m"], atol=1e-6)


def test_export_to_libpysal():
    graph = to_graph(
        connect(district(a=box(0, 0, 50, 50), b=box(50, 0, 100, 50), c=box(500, 0, 550, 50)))
    )
    assert graph.n == 3
    assert list(graph.isolates) == ["c"]
    assert graph["a"].to_dict() == {"b": 50.0}


def test_own_boundary_is_the_outline_of_the_whole():
    """Perimeters less both sides of every shared edge give the outline of the union."""
    blocks = {
        f"p{x}{y}": box(20 * x, 20 * y, 20 * x + 20, 20 * y + 20)
        for x in range(4)
        for y in range(3)
    }
    found = connect(district(**blocks))
    outline = shapely.union_all(list(blocks.values())).length
    assert found.own_boundary_m.sum() == pytest.approx(outline)


@pytest.mark.parametrize("depth", [2, 6, 30])
def test_wide_overlap_along_one_street_line_gives_no_edge(depth):
    """Two plots in a row overlap; their tops and feet coincide over the overlap, facing nothing."""
    found = connect(district(a=box(0, 0, 50, 50), b=box(50 - depth, 0, 100, 50)), min_frontage_m=1)
    assert pairs(found) == set()
    assert found.wide_overlaps == 1


def test_twins_and_a_plot_drawn_inside_another_give_no_edge():
    found = connect(district(a=box(0, 0, 50, 50), b=box(0, 0, 50, 50), c=box(20, 0, 50, 50)))
    assert pairs(found) == set()
    assert found.wide_overlaps == 3


def test_nothing_is_faced_through_a_wide_overlap():
    """Roads drawn over the blocks, without holes: a and b lie under them."""
    blocks = {"a": box(0, 0, 50, 50), "b": box(0, 70, 50, 120)}
    over = district(**blocks, over=box(-20, -20, 80, 140))
    assert pairs(connect(over)) == set()
    assert pairs(connect(over, ground=over.index == "over")) == {"a-b:bridge"}


def test_wide_edge_tolerance_and_no_gap_at_all():
    parcels = district(a=box(0, 0, 50, 50), b=box(53, 0, 100, 50), c=box(100, 0, 150, 50))
    assert pairs(connect(parcels, edge_tolerance_m=5)) == {"a-b:edge", "b-c:edge"}
    assert pairs(connect(parcels, gap_max_m=0, edge_tolerance_m=0)) == {"b-c:edge"}


def test_ids_that_are_numbers_are_named_as_text():
    parcels = district(a=box(0, 0, 50, 50), b=box(50, 0, 100, 50)).reset_index(drop=True)
    found = connect(parcels)
    assert pairs(found) == {"0-1:edge"}
    assert found.own_boundary_m.tolist() == pytest.approx([150, 150])
    assert found.components.tolist() == [0, 0]
    assert len(Contiguity.from_links(found.links, parcels).links) == 1
