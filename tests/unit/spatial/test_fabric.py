"""The edge table of a fabric, compiled and uncompiled, against plain overlay."""

import os
import subprocess
import sys

import numpy as np
import pytest
import shapely
from shapely import MultiPolygon, Polygon, box

from renewal_geo.spatial.fabric import (
    contacts_of,
    equal_pairs,
    fabric_of,
    loops_of,
    overlapping,
    spike_corners,
)

TOLERANCE_M = 0.005


def shapes_of(*shapes):
    return np.array([*shapes, None], dtype=object)[:-1]


def overlaps(shapes, sound=None):
    fabric = fabric_of(shapes, sound)
    return set(map(tuple, overlapping(fabric, contacts_of(fabric, TOLERANCE_M)).tolist()))


def by_overlay(shapes):
    pairs = [(i, j) for i in range(len(shapes)) for j in range(i + 1, len(shapes))]
    return {(i, j) for i, j in pairs if shapely.intersection(shapes[i], shapes[j]).area > 1e-9}


def test_neighbours_are_twins_and_the_outline_is_left():
    fabric = fabric_of(shapes_of(box(0, 0, 1, 1), None, box(1, 0, 2, 1), Polygon()))
    assert fabric.sizes.tolist() == [4, 0, 4, 0]
    assert len(fabric.unpaired) == 6
    e = fabric.edges
    paired = np.flatnonzero(fabric.twin >= 0)
    assert set(e.x[paired]) == set(e.x[paired + 1]) == {1.0}


@pytest.mark.parametrize(
    ("shapes", "expected"),
    [
        ([box(0, 0, 2, 2), box(2, 0, 4, 2)], set()),
        ([box(0, 0, 2, 2), box(2, 1, 4, 3)], set()),
        ([box(0, 0, 2, 2), box(2, 2, 4, 4)], set()),
        ([box(0, 0, 2, 2), box(1, 1, 3, 3)], {(0, 1)}),
        ([box(0, 0, 2, 2), box(1, 0, 3, 2)], {(0, 1)}),
        ([box(0, 0, 4, 4), box(1, 1, 2, 2)], {(0, 1)}),
        ([box(0, 0, 4, 4), box(0, 0, 2, 2)], {(0, 1)}),
        ([box(0, 0, 4, 4), Polygon([(0, 0), (4, 0), (2, 2)])], {(0, 1)}),
        ([box(0, 0, 4, 4).difference(box(1, 1, 3, 3)), box(1, 1, 3, 3)], set()),
        ([box(0, 0, 4, 4).difference(box(1, 1, 3, 3)), box(0.5, 0.5, 3.5, 3.5)], {(0, 1)}),
        ([Polygon([(0, 0), (4, 0), (2, 3)]), Polygon([(0, 3), (2, 0), (4, 3)])], {(0, 1)}),
        ([box(0, 0, 1, 1), box(0, 0, 1, 1), box(1, 0, 2, 1)], {(0, 1)}),
        ([MultiPolygon([box(0, 0, 1, 1), box(5, 5, 6, 6)]), box(5.2, 5.2, 5.4, 5.4)], {(0, 1)}),
    ],
    ids=[
        "side", "t_junction", "corner", "crossing", "strip", "inside", "in_a_corner", "on_a_border",
        "plug", "over_a_hole", "star", "twice", "second_part",
    ],
)  # fmt: skip
def test_overlaps_are_those_of_an_overlay(shapes, expected):
    assert overlaps(shapes_of(*shapes)) == by_overlay(shapes) == expected


def test_a_polygon_over_many_overlaps_each_of_them_also_in_the_middle():
    """The middle cell's borders are all paired: it is reached across its neighbours."""
    cells = [box(i, j, i + 1, j + 1) for i in range(5) for j in range(5)]
    for cover in (box(0, 0, 5, 5), box(-1, -1, 6, 6), box(0.5, 0.5, 4.5, 4.5)):
        assert overlaps(shapes_of(*cells, cover)) == {(n, 25) for n in range(25)}


def random_shapes(random):
    kind = random.integers(3)
    if kind == 0:
        corners = random.integers(0, 6, (random.integers(2, 8), 2))
        return [box(x, y, x + random.integers(1, 4), y + random.integers(1, 4)) for x, y in corners]
    if kind == 1:
        drawn = [Polygon(random.integers(0, 7, (random.integers(3, 7), 2))) for _ in range(6)]
        return [one for one in drawn if one.is_valid and one.area > 0]
    discs = []
    for _ in range(random.integers(2, 6)):
        disc = shapely.Point(*random.uniform(0, 5, 2)).buffer(
            random.uniform(0.3, 3), random.integers(1, 4)
        )
        hole = shapely.affinity.scale(disc, 0.5, 0.5)
        discs.append(disc.difference(hole) if random.random() < 0.4 else disc)
    return discs


def test_overlaps_of_random_shapes_are_those_of_an_overlay():
    random = np.random.default_rng(7)
    for _ in range(300):
        shapes = random_shapes(random)
        assert overlaps(shapes_of(*shapes)) == by_overlay(shapes), [s.wkt for s in shapes]


def test_equal_polygons_are_told_wherever_their_rings_start():
    square = [(0, 0), (3, 0), (3, 3), (0, 3)]
    other = Polygon([*square[2:], *square[:2]][::-1])
    fabric = fabric_of(shapes_of(Polygon(square), box(3, 0, 6, 3), other, box(0, 0, 3, 2)))
    assert equal_pairs(fabric).tolist() == [[0, 2]]


def test_loops_keep_the_books_and_holes_run_clockwise():
    ring = box(0, 0, 9, 9).difference(box(3, 3, 6, 6))
    fabric = fabric_of(shapes_of(ring, box(4, 4, 5, 5)))
    loops = loops_of(fabric, contacts_of(fabric, TOLERANCE_M))
    assert sorted(loops.area) == [-9.0, 1.0, 81.0]
    assert loops.area.sum() == pytest.approx(ring.area + 1.0)
    hole = int(np.argmin(loops.area))
    assert Polygon(loops.ring(hole)).equals(box(3, 3, 6, 6))
    assert loops.owners(hole).tolist() == [0]


def test_a_vertex_by_an_edge_is_matched_before_loops_are_told():
    upper = [box(0, 10, 10, 20), box(10, 10, 20, 20)]
    fabric = fabric_of(shapes_of(box(0, 0, 20, 10), *upper))
    contacts = contacts_of(fabric, TOLERANCE_M)
    assert len(contacts.touches) == 2  # the corner of either upper square
    assert loops_of(fabric, contacts).area.tolist() == [400.0]


def test_unsound_polygons_are_left_out():
    bow = Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    assert overlaps(shapes_of(bow, box(0, 0, 2, 2)), np.array([False, True])) == set()


def test_spikes_are_sharp_and_long():
    spiked = Polygon([(0, 0), (10, 0), (10, 4.99), (13, 5), (10, 5.01), (10, 10), (0, 10)])
    fabric = fabric_of(shapes_of(box(20, 0, 30, 10), spiked))
    at = spike_corners(fabric, 3.0, 0.5)
    assert fabric.edges.x[at].tolist() == [13.0]
    assert not len(spike_corners(fabric, 3.0, 3.5))


def test_uncompiled_loops_give_the_same():
    """In a process of its own, because compilation is decided once."""
    program = (
        "import numpy as np, shapely\n"
        "from renewal_geo.spatial import fabric as f\n"
        "cells = [shapely.box(i, j, i + 1, j + 1) for i in range(3) for j in range(3)]\n"
        "shapes = np.array([*cells, shapely.box(0.2, 0.2, 2.7, 2.7), shapely.box(3, 0.5, 4, 2)])\n"
        "t = f.fabric_of(shapes); c = f.contacts_of(t, 0.005); l = f.loops_of(t, c)\n"
        "print(f.overlapping(t, c).tolist(), c.touches.tolist(), l.area.round(6).tolist(),"
        " f.equal_pairs(t).tolist(), f.spike_corners(t, 3.0, 0.5).tolist())\n"
    )
    said = [
        subprocess.run(
            [sys.executable, "-W", "error", "-c", program],
            env={**os.environ, "NUMBA_DISABLE_JIT": flag},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for flag in ("0", "1")
    ]
    assert said[0] == said[1]
    assert "[0, 9]" in said[0]
