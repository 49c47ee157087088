"""Areas from edges alone, on drawings where borders coincide, touch, overlap and fold."""

import numpy as np
import pytest
import shapely
from shapely import MultiPolygon, Polygon, box

from renewal_geo.spatial import area_tables
from renewal_geo.spatial.area_tables import area_table, overlaid


def array(*shapes):
    out = np.empty(len(shapes), dtype=object)
    out[:] = shapes
    return out


def assert_same(zones, layer):
    fast, slow = area_table(zones, layer), overlaid(zones, layer)
    assert fast.zone.tolist() == slow.zone[slow.area > 1e-7].tolist()
    assert fast.source.tolist() == slow.source[slow.area > 1e-7].tolist()
    np.testing.assert_allclose(fast.area, slow.area[slow.area > 1e-7], atol=1e-8)
    np.testing.assert_allclose(fast.sliver, slow.sliver[slow.area > 1e-7], atol=1e-6)
    for name in ("uncovered", "uncovered_sliver", "twice", "zone_area"):
        np.testing.assert_allclose(getattr(fast, name), getattr(slow, name), atol=1e-6)
    return fast


SQUARE = box(0, 0, 10, 10)
CASES = {
    "same": (array(SQUARE), array(SQUARE)),
    "side by side": (array(SQUARE), array(box(10, 0, 20, 10))),
    "corner to corner": (array(SQUARE), array(box(10, 10, 20, 20))),
    "within, along a side": (array(SQUARE), array(box(2, 0, 8, 5))),
    "T-junction": (array(SQUARE, box(10, 0, 20, 10)), array(box(0, 0, 20, 4), box(0, 4, 20, 10))),
    "hole": (array(SQUARE.difference(box(2, 2, 8, 8))), array(box(1, 1, 5, 5), box(3, 3, 7, 7))),
    "in the hole": (array(SQUARE.difference(box(2, 2, 8, 8))), array(box(3, 3, 7, 7))),
    "around": (array(box(3, 3, 4, 4)), array(SQUARE)),
    "island in a lake": (array(box(-5, -5, 15, 15)), array(SQUARE.difference(box(2, 2, 8, 8)), box(4, 4, 5, 5))),
    "parts": (array(MultiPolygon([box(0, 0, 1, 1), box(3, 0, 4, 1)])), array(box(0.5, 0.5, 3.5, 0.9))),
    "sliver": (array(SQUARE), array(box(9.8, -5, 20, 15), box(-5, 0, 9.8, 10))),
    "covered twice": (array(SQUARE), array(box(0, 0, 6, 10), box(4, 0, 10, 10))),
    "covered three times": (array(SQUARE), array(SQUARE, box(0, 0, 6, 10), box(4, 0, 10, 10))),
    "inside another": (array(SQUARE), array(SQUARE, box(4, 4, 5, 5))),
    "overlapping zones": (array(SQUARE, box(5, 5, 15, 15), SQUARE), array(box(4, 4, 8, 8))),
    "bow-tie": (array(SQUARE), array(Polygon([(1, 1), (9, 9), (9, 1), (1, 9)]))),
    "bow-tie as zone": (array(Polygon([(1, 1), (9, 9), (9, 1), (1, 9)])), array(SQUARE)),
    "figure of eight by a corner": (
        array(SQUARE),
        array(Polygon([(0, 0), (5, 5), (10, 10), (10, 0), (5, 5), (0, 10)])),
    ),
    "nothing": (array(SQUARE, None), array(None, Polygon())),
    "lines": (array(SQUARE), array(shapely.LineString([(0, 0), (5, 5)]), box(1, 1, 2, 2))),
    "far off": (array(SQUARE), array(box(1e6, 1e6, 1e6 + 1, 1e6 + 1))),
    "repeated corners": (array(SQUARE), array(Polygon([(1, 1), (5, 1), (5, 1), (5, 5), (1, 5), (1, 1)]))),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_edges_and_pieces_agree(name):
    assert_same(*CASES[name])


@pytest.mark.parametrize("name", CASES)
def test_edges_and_pieces_agree_far_from_the_origin_and_turned_round(name):
    zones, layer = (
        shapely.reverse(
            shapely.transform(one, lambda xy: xy + np.array([520_000.123, 2_510_000.456]))
        )
        for one in CASES[name]
    )
    assert_same(zones, layer)


def test_the_figures_of_a_plain_case():
    zones = array(SQUARE)
    table = area_table(zones, array(box(0, 0, 6, 10), box(4, 0, 9.8, 10)))
    assert table.area.tolist() == pytest.approx([60.0, 58.0])
    assert table.twice.tolist() == pytest.approx([20.0])
    assert table.uncovered.tolist() == pytest.approx([2.0])
    assert table.uncovered_sliver.tolist() == pytest.approx([2.0])


def test_mended_rows_are_named():
    bow = Polygon([(1, 1), (9, 9), (9, 1), (1, 9)])
    table = area_table(array(SQUARE, bow), array(SQUARE))
    assert table.mended_zones.tolist() == [1]
    assert table.mended_layer.tolist() == []


def test_a_drawing_of_many_corners_and_edges_is_followed_through_many_cells():
    rng = np.random.default_rng(3)
    angle = np.sort(rng.uniform(0, 2 * np.pi, 4000))
    radius = 50 + 20 * np.sin(9 * angle) + rng.uniform(-1, 1, 4000)
    star = Polygon(np.c_[radius * np.cos(angle), radius * np.sin(angle)])
    grid = array(*(box(x, y, x + 7, y + 7) for x in range(-84, 84, 7) for y in range(-84, 84, 7)))
    table = assert_same(grid, array(star, box(-100, -1, 100, 1)))
    assert table.area[table.source == 0].sum() == pytest.approx(star.area)


def test_long_edges_across_all_cells():
    bars = array(*(box(-1000, y, 1000, y + 0.3) for y in range(40)))
    posts = array(*(box(x, -1000, x + 0.7, 1000) for x in range(40)))
    table = assert_same(bars, posts)
    assert len(table.area) == 1600
    np.testing.assert_allclose(table.area, 0.21)


def test_where_the_walks_do_not_add_up_geos_decides(monkeypatch):
    zones, layer = CASES["T-junction"]
    true = area_table(zones, layer)
    real = area_tables.shares_of

    def lossy(*given):
        shares = real(*given)
        shares.area[0] /= 2
        return shares

    monkeypatch.setattr(area_tables, "shares_of", lossy)
    np.testing.assert_allclose(area_table(zones, layer).area, true.area)
