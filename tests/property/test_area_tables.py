"""Areas from edges equal those of GEOS pair by pair, and the books close, for any two layers."""

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Polygon, box

from renewal_geo.spatial.area_tables import area_table, overlaid

places = st.integers(0, 12)  # a coarse lattice: corners and borders coincide all the time


@st.composite
def outlines(draw):
    kind = draw(st.integers(0, 3))
    x, y = draw(places), draw(places)
    w, h = draw(st.integers(2, 8)), draw(st.integers(2, 8))
    if kind == 0:
        return box(x, y, x + w, y + h)
    if kind == 1:
        return box(x, y, x + w + 2, y + h + 2).difference(box(x + 1, y + 1, x + w, y + h))
    if kind == 2:
        return shapely.MultiPolygon([box(x, y, x + 1, y + h), box(x + 2, y, x + w + 1, y + 1)])
    ring = draw(st.lists(st.tuples(places, places), min_size=3, max_size=8, unique=True))
    return Polygon(ring)


@st.composite
def layers(draw):
    shapes = draw(st.lists(outlines(), min_size=1, max_size=6))
    if draw(st.booleans()):  # a drawing without overlaps
        rest, covered = [], Polygon()
        for shape in map(shapely.make_valid, shapes):
            rest.append(shape.difference(covered))
            covered = covered.union(shape)
        shapes = rest
    out = np.empty(len(shapes), dtype=object)
    out[:] = shapes
    return out


def dense(table, values, shape):
    out = np.zeros(shape)
    out[table.zone, table.source] = values
    return out


moves = st.sampled_from([(0.0, 0.0), (520_000.123, 2_510_000.456)])


def moved(shapes, by, factor):
    return shapely.transform(shapes, lambda xy: xy * factor + np.asarray(by))


@settings(max_examples=150, deadline=None)
@given(layers(), layers(), moves, st.sampled_from([1.0, 0.37]))
def test_edges_agree_with_geos(zones, layer, by, factor):
    zones, layer = moved(zones, by, factor), moved(layer, by, factor)
    fast, slow = area_table(zones, layer), overlaid(zones, layer)
    shape = len(zones), len(layer)
    np.testing.assert_allclose(
        dense(fast, fast.area, shape), dense(slow, slow.area, shape), atol=1e-6
    )
    np.testing.assert_allclose(fast.uncovered, slow.uncovered, atol=1e-6)
    np.testing.assert_allclose(fast.twice, slow.twice, atol=1e-6)
    sums = np.bincount(fast.zone, fast.area, minlength=len(zones))
    np.testing.assert_allclose(sums - fast.twice + fast.uncovered, fast.zone_area, atol=1e-6)


@settings(max_examples=60, deadline=None)
@given(layers(), layers(), st.randoms(use_true_random=False), st.booleans())
def test_order_direction_and_place_do_not_matter(zones, layer, chance, turned):
    table = area_table(zones, layer)
    order = np.array(chance.sample(range(len(layer)), len(layer)))
    other = shapely.reverse(layer[order]) if turned else layer[order]
    by = (520_000.0, 2_510_000.0)  # whole metres: corners stay exact
    again = area_table(moved(zones, by, 1.0), moved(other, by, 1.0))
    shape = len(zones), len(layer)
    there = dense(again, again.area, shape)
    np.testing.assert_allclose(dense(table, table.area, shape)[:, order], there, atol=1e-6)
    np.testing.assert_allclose(table.uncovered, again.uncovered, atol=1e-6)
    np.testing.assert_allclose(table.twice, again.twice, atol=1e-6)


@settings(max_examples=60, deadline=None)
@given(layers(), layers())
def test_what_a_shares_with_b_b_shares_with_a(one, two):
    there, back = area_table(one, two), area_table(two, one)
    shape = len(one), len(two)
    np.testing.assert_allclose(
        dense(there, there.area, shape), dense(back, back.area, shape[::-1]).T, atol=1e-6
    )
