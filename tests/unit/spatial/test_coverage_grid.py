"""Planted cases of the coarse grid: what vanishes, what overlaps, what is no polygon."""

import numpy as np
import pytest
import shapely
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box

from renewal_geo.foundation.errors import InputError
from renewal_geo.spatial.coverage_grid import gridded


def of(*shapes):
    return np.array(shapes, dtype=object)


def test_neighbours_keep_one_edge_and_fill_the_ground_between_them():
    west, east = box(0, 0, 53.3, 100), box(53.3, 0, 104, 100)
    made, lost = gridded(of(west, east), 10.0)
    assert made[0].equals(box(0, 0, 50, 100))
    assert made[1].equals(box(50, 0, 100, 100))
    assert not len(lost)


def test_a_corner_on_the_neighbour_s_edge_becomes_a_corner_of_both():
    south = box(0, 0, 101, 44)
    north = [box(0, 44, 38, 90), box(38, 44, 101, 90)]
    made, _ = gridded(of(south, *north), 10.0)
    assert (40.0, 40.0) in made[0].exterior.coords
    assert shapely.coverage_is_valid(made)


def test_what_is_narrower_than_the_grid_vanishes_and_is_told():
    wide, hair = box(0, 0, 50, 50), box(50, 0, 52, 50)
    made, lost = gridded(of(hair, wide, None, Polygon()), 10.0)
    assert lost.tolist() == [0]
    assert made[0] is None
    assert made[2] is None
    assert made[3] is None
    assert made[1].equals(wide)


def test_a_road_wider_than_the_grid_stays_nobody_s():
    made, _ = gridded(of(box(0, 0, 50.2, 50), box(68, 0, 100, 50)), 10.0)
    assert made[0].equals(box(0, 0, 50, 50))
    assert made[1].equals(box(70, 0, 100, 50))


def test_holes_parts_and_islands_stay():
    ring = Polygon(box(1, 1, 99, 99).exterior.coords, [box(30.4, 30.4, 70.4, 70.4).exterior.coords])
    island, parts = (
        box(30.4, 30.4, 70.4, 70.4),
        MultiPolygon([box(120, 0, 151, 30), box(160, 0, 190, 31)]),
    )
    made, _ = gridded(of(ring, island, parts), 10.0)
    assert len(made[0].interiors) == 1
    assert made[1].equals(box(30, 30, 70, 70))
    assert len(made[2].geoms) == 2
    assert shapely.coverage_is_valid(made)


def test_shapes_that_overlap_still_do():
    made, _ = gridded(of(box(0, 0, 61, 60), box(31, 0, 90, 60)), 10.0)
    assert made[0].equals(box(0, 0, 60, 60))
    assert made[1].equals(box(30, 0, 90, 60))
    twin, _ = gridded(of(box(0, 0, 61, 60), box(0, 0, 61, 60)), 10.0)
    assert twin[0].equals(twin[1])


def test_an_overlap_of_a_hair_s_breadth_goes_away():
    made, _ = gridded(of(box(0, 0, 50.4, 60), box(50, 0, 100, 60)), 10.0)
    assert shapely.area(made).sum() == shapely.union_all(made).area == 6000


def test_a_bowtie_is_made_valid_first():
    made, _ = gridded(of(Polygon([(1, 1), (99, 99), (99, 1), (1, 99)])), 10.0)
    assert made[0].is_valid
    assert made[0].area == pytest.approx(5000)


def test_lines_and_points_are_rounded_too():
    made, lost = gridded(
        of(LineString([(1, 2), (44, 58)]), Point(17, 3), LineString([(1, 1), (2, 2)])), 10
    )
    assert made[0].wkt == "LINESTRING (0 0, 40 60)"
    assert made[1].wkt == "POINT (20 0)"
    assert lost.tolist() == [2]


def test_heights_are_dropped():
    made, _ = gridded(of(Polygon([(0, 0, 5), (41, 0, 5), (41, 41, 5)])), 10.0)
    assert not made[0].has_z


@pytest.mark.parametrize("size", [0.0, -1.0, np.nan, np.inf])
def test_a_grid_without_width_is_refused(size):
    with pytest.raises(InputError, match="grid"):
        gridded(of(box(0, 0, 1, 1)), size)


def test_nothing_gives_nothing():
    made, lost = gridded(np.empty(0, dtype=object), 10.0)
    assert len(made) == len(lost) == 0
