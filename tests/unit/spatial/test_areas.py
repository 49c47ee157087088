"""The kernel: pieces, tiles, slivers."""

import numpy as np
import pytest
import shapely
from shapely import GeometryCollection, LineString, MultiPolygon, Point, Polygon, box

from renewal_geo.spatial.areas import overlap_area, pieces, polygonal, sliver_area, tiled


def shapes(*given):
    found = np.empty(len(given), dtype=object)
    found[:] = given
    return found


def disc(vertices=6000, radius=1000.0):
    angle = np.linspace(0, 2 * np.pi, vertices, endpoint=False)
    return Polygon(np.column_stack([radius * np.cos(angle), radius * np.sin(angle)]))


def test_polygonal_part_of_anything():
    bow = Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])
    mixed = GeometryCollection([box(0, 0, 1, 1), LineString([(0, 0), (5, 5)])])
    upright = Polygon([(0, 0, 5), (1, 0, 5), (1, 1, 5)])
    given = shapes(
        box(0, 0, 1, 1),
        None,
        Polygon(),
        Point(0, 0),
        LineString([(0, 0), (1, 1)]),
        bow,
        mixed,
        upright,
    )
    found = polygonal(given)
    assert [shape is None for shape in found] == [
        False,
        True,
        True,
        True,
        True,
        False,
        False,
        False,
    ]
    assert shapely.area(found[5:7]).tolist() == pytest.approx([50, 1])
    assert not shapely.has_z(found[7])
    assert shapely.is_valid(found[[0, 5, 6, 7]]).all()
    assert given[7].has_z, "the caller's array has changed"


def test_nested_collections_lose_nothing():
    nested = GeometryCollection(
        [GeometryCollection([box(0, 0, 1, 1), Point(0, 0)]), box(2, 0, 3, 1)]
    )
    assert polygonal(shapes(nested))[0].area == pytest.approx(2)


def test_pieces_are_one_per_pair_and_sorted():
    zones = shapes(box(0, 0, 10, 10), None, box(10, 0, 20, 10))
    layer = shapes(box(15, 0, 25, 10), box(-5, -5, 30, 30), None, box(10, 0, 10.5, 10))
    found = pieces(zones, layer)
    got = list(
        zip(found.zone.tolist(), found.source.tolist(), found.area.round(6).tolist(), strict=True)
    )
    assert got == [(0, 1, 100.0), (2, 0, 50.0), (2, 1, 100.0), (2, 3, 5.0)]


def test_nothing_against_nothing():
    none = shapes()
    assert len(pieces(none, none).zone) == 0
    assert len(pieces(shapes(box(0, 0, 1, 1)), none).zone) == 0
    assert len(pieces(shapes(None), shapes(None)).zone) == 0


def test_tiles_add_up_and_do_not_overlap():
    layer = shapes(box(0, 0, 1, 1), disc(), None, MultiPolygon([box(5, 5, 6, 6), disc().buffer(1)]))
    parts, rows = tiled(layer)
    whole = np.nan_to_num(shapely.area(layer))
    real = ~shapely.is_missing(parts)
    np.testing.assert_allclose(
        np.bincount(np.asarray(rows)[real], shapely.area(parts[real]), minlength=4),
        whole,
        rtol=1e-12,
    )
    tiles = parts[np.asarray(rows) == 1]
    assert shapely.get_num_coordinates(tiles).max() <= 1100
    assert shapely.union_all(tiles).area == pytest.approx(whole[1], rel=1e-12)


def test_overlap_counts_common_ground_once():
    zones = shapes(box(0, 0, 10, 10), box(100, 0, 110, 10))
    layer = shapes(box(0, 0, 5, 10), box(3, 0, 6, 10), box(0, 0, 5, 10))
    assert overlap_area(zones, layer).tolist() == pytest.approx([60, 0])


def test_slivers_by_width_and_by_size():
    zone = shapes(box(0, 0, 100, 100))
    layer = shapes(
        box(0, 0, 0.4, 100), box(10, 0, 11, 100), box(50, 50, 50.9, 50.9),
        MultiPolygon([box(60, 0, 80, 20), box(90, 0, 90.1, 20)]),
    )  # fmt: skip
    assert sliver_area(pieces(zone, layer)).tolist() == pytest.approx([40, 0, 0.81, 2])
