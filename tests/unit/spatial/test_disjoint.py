"""A proof from edges: given for clean coverages, refused for everything else."""

import numpy as np
import pytest
import shapely
from shapely import MultiPolygon, Polygon, box

from renewal_geo.spatial.disjoint import proven_disjoint


def shapes(*given):
    found = np.empty(len(given), dtype=object)
    found[:] = given
    return found


def grid(n):
    return np.array([box(c, r, c + 1, r + 1) for r in range(n) for c in range(n)])


@pytest.mark.parametrize(
    ("layer", "proven"),
    [
        (shapes(), True),
        (shapes(None), True),
        (shapes(box(0, 0, 1, 1)), True),
        (grid(6), True),
        (np.delete(grid(6), [8, 14, 21]), True),  # with holes
        (shapes(box(0, 0, 1, 1), box(1, 1, 2, 2)), True),  # touch in a point
        (shapes(MultiPolygon([box(0, 0, 1, 1), box(5, 5, 6, 6)]), box(1, 0, 2, 1)), True),
        (shapes(box(0, 0, 9, 9).difference(box(3, 3, 6, 6)), box(3, 3, 6, 6)), True),
        (shapes(box(0, 0, 9, 9), box(3, 3, 6, 6)), False),  # an island on top
        (shapes(box(0, 0, 2, 2), box(1, 1, 3, 3)), False),
        (shapes(box(0, 0, 1, 1), box(0, 0, 1, 1)), False),
        (shapes(box(0, 0, 2, 1), box(0, 1, 1, 2), box(1, 1, 2, 2)), False),  # unmatched vertex
    ],
)  # fmt: skip
def test_cases(layer, proven):
    assert proven_disjoint(layer) is proven


def test_ring_direction_does_not_matter():
    layer = grid(5)
    layer[::2] = shapely.reverse(layer[::2])
    assert proven_disjoint(layer)


def test_two_overlaps_that_cancel_in_sum_are_not_proven():
    """Shifted copies: as many edges, as much area, but no coverage."""
    layer = grid(4)
    layer[5] = box(1.25, 1, 2.25, 2)
    assert not proven_disjoint(layer)


def test_a_tear_anywhere_is_seen():
    layer = grid(12)
    assert proven_disjoint(layer)
    layer[70] = Polygon([(10, 5), (11.2, 5), (11, 6), (10, 6)])
    assert not proven_disjoint(layer)
