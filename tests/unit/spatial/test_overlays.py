"""The kernel of overlays: pairs, tiles, what is left, and GEOS that gives up."""

import numpy as np
import pytest
import shapely
from shapely import MultiPolygon, Point, Polygon, affinity, box

from renewal_geo.foundation.errors import GeometryError
from renewal_geo.spatial import overlays
from renewal_geo.spatial.overlays import Own
from renewal_geo.spatial.threads import Inline, threads


def shapes(*given):
    found = np.empty(len(given), dtype=object)
    found[:] = given
    return found


def common(left, right, workers=1):
    with threads(workers) as pool:
        return overlays.common(left, right, pool)


def left_over(layer, pieces, **asked):
    return overlays.left_over(layer, pieces, Inline(), **asked)


def own(found, side="left"):
    return Own(getattr(found, side), found.geometry, found.area)


def wavy(vertices, x=0.0, y=0.0, radius=1000.0):
    angle = np.linspace(0, 2 * np.pi, vertices, endpoint=False)
    reach = radius * (1 + 0.1 * np.sin(37 * angle) + 0.02 * np.sin(1201 * angle))
    return Polygon(np.column_stack([x + reach * np.cos(angle), y + reach * np.sin(angle)]))


def cells(n, side, x=0.0, y=0.0):
    return np.array(
        [
            box(x + c * side, y + r * side, x + (c + 1) * side, y + (r + 1) * side)
            for r in range(n)
            for c in range(n)
        ]
    )


def test_a_covered_polygon_is_its_own_piece():
    small, large = box(2, 2, 3, 3), box(0, 0, 10, 10)
    for left, right in ((small, large), (large, small)):
        assert common(shapes(left), shapes(right)).geometry[0] is small


def test_touching_pairs_are_counted_and_no_pieces():
    found = common(
        shapes(box(0, 0, 1, 1)), shapes(box(1, 0, 2, 1), box(1, 1, 2, 2), box(5, 5, 6, 6))
    )
    assert len(found.left) == 0
    assert found.touching == 2


def test_lines_beside_a_piece_are_dropped():
    comb = Polygon([(0, 0), (4, 0), (4, 1), (3, 1), (3, 2), (0, 2)])
    found = common(shapes(comb), shapes(box(2, 1, 5, 3)))
    assert found.geometry[0].geom_type == "Polygon"
    assert found.area.tolist() == [1.0]


def test_missing_and_empty_rows_meet_nothing():
    found = common(shapes(None, Polygon(), box(0, 0, 1, 1)), shapes(box(0, 0, 2, 2), None))
    assert (found.left.tolist(), found.right.tolist()) == ([2], [0])
    assert len(common(shapes(), shapes()).left) == 0


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize("swap", [False, True])
def test_huge_polygons_are_cut_like_small_ones(workers, swap):
    small, huge = cells(12, 200.0, -1200, -1200), shapes(wavy(9000), wavy(5000, 700, 300))
    left, right = (huge, small) if swap else (small, huge)
    found = common(left, right, workers=workers)
    plain = shapely.area(shapely.intersection(left[:, None], right[None, :]))
    dense = np.zeros_like(plain)
    dense[found.left, found.right] = found.area
    np.testing.assert_allclose(dense, plain, rtol=1e-9, atol=1e-6)
    assert (np.diff(found.left * len(right) + found.right) > 0).all()


def test_huge_against_huge():
    one, other = shapes(wavy(9000)), shapes(wavy(8000, 500, 100))
    found = common(one, other)
    assert found.area[0] == pytest.approx(one[0].intersection(other[0]).area, rel=1e-9)
    assert shapely.is_valid(found.geometry[0])


def test_one_object_in_many_rows_and_on_both_sides():
    shape = wavy(300)
    many = np.array([shape] * 600)
    found = common(many, many[:3], workers=4)
    assert len(found.left) == 1800
    np.testing.assert_allclose(found.area, shape.area)


def test_prepared_geometries_are_given_back_as_they_were():
    left, right = cells(4, 10.0), cells(3, 13.0)
    shapely.prepare(right[:2])
    common(left, right)
    assert shapely.is_prepared(right).tolist() == [True, True] + [False] * 7
    assert not shapely.is_prepared(left).any()


def test_what_is_left_is_taken_from_the_union_of_the_pieces():
    left = shapes(box(0, 0, 10, 10), box(20, 0, 30, 10), box(40, 0, 50, 10))
    right = shapes(box(0, 0, 6, 10), box(4, 0, 8, 10), box(19, -1, 31, 11))
    found = common(left, right)
    rest = left_over(left, own(found))
    assert rest.uncovered.tolist() == [20.0, 0.0, 100.0]
    assert rest.twice.tolist() == [20.0, 0.0, 0.0]
    assert rest.geometry[0].equals(box(8, 0, 10, 10))
    assert rest.geometry[1] is None
    assert rest.geometry[2] is left[2]


def test_without_drawing_the_figures_are_the_same():
    rng = np.random.default_rng(3)
    corner = rng.uniform(0, 80, (40, 2))
    right = shapely.box(*corner.T, *(corner + rng.uniform(5, 40, (40, 2))).T)
    left = cells(10, 10.0)
    found = common(left, right)
    drawn, not_drawn = left_over(left, own(found)), left_over(left, own(found), drawn=False)
    np.testing.assert_allclose(drawn.uncovered, not_drawn.uncovered, atol=1e-6)
    np.testing.assert_allclose(drawn.twice, not_drawn.twice, atol=1e-6)
    assert shapely.is_missing(not_drawn.geometry).all()


def test_duplicates_that_hide_a_gap_are_seen():
    """Twice the same half adds up to the whole: the sum of the pieces proves nothing."""
    left = shapes(box(0, 0, 10, 10))
    found = common(left, shapes(box(0, 0, 5, 10), box(0, 0, 5, 10)))
    rest = left_over(left, own(found))
    assert (rest.uncovered[0], rest.twice[0]) == (50.0, 50.0)


def failing(real, times):
    """Return GEOS that gives up on every polygon with a corner at (0, 0), `times` with a grid."""

    def give_up(a, b, grid_size=None, **others):
        touched = shapely.intersects(np.atleast_1d(a), Point(0, 0))
        if touched.any() and (grid_size is None or times > 1):
            raise shapely.GEOSException("TopologyException: side location conflict")
        return real(a, b, grid_size=grid_size, **others)

    return give_up


def test_only_the_pair_that_fails_is_cut_on_a_grid(monkeypatch):
    left = shapes(box(0, 0, 2, 2), box(10, 0, 12, 2), box(20, 0, 22, 2))
    right = np.array([affinity.translate(one, 1.00004) for one in left])
    monkeypatch.setattr(overlays.shapely, "intersection", failing(shapely.intersection, 1))
    found = common(left, right)
    assert found.snapped.tolist() == [[0, 0]]
    assert found.area[0] == pytest.approx(2.0, abs=1e-9), "on the grid"
    assert found.area[1:] == pytest.approx(2 * (1 - 0.00004)), "not on the grid"


def test_a_pair_that_fails_even_on_the_grid_is_an_error(monkeypatch):
    left = shapes(box(0, 0, 2, 2))
    monkeypatch.setattr(overlays.shapely, "intersection", failing(shapely.intersection, 2))
    with pytest.raises(GeometryError, match="millimetre grid") as fault:
        common(left, shapes(box(1, 0, 3, 2)))
    assert fault.value.code == "overlay_failed"


def test_sound_says_what_was_mended():
    bow = Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])
    upright = Polygon([(0, 0, 5), (1, 0, 5), (1, 1, 5)])
    found, mended = overlays.sound(
        shapes(box(0, 0, 1, 1), None, bow, Point(0, 0), upright), Inline()
    )
    assert mended.tolist() == [2]
    assert shapely.is_missing(found).tolist() == [False, True, False, True, False]
    assert isinstance(found[2], MultiPolygon)
    assert not shapely.has_z(found[4])
