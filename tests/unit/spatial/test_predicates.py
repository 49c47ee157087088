"""Sides of lines are those of exact arithmetic, and ties are broken the same way round."""

from fractions import Fraction

import numpy as np
import pytest

from renewal_geo.spatial.predicates import determinant, moved_side, side


def exact(p, q, r):
    (px, py), (qx, qy), (rx, ry) = ([Fraction(float(v)) for v in one] for one in (p, q, r))
    return (qx - px) * (ry - py) - (qy - py) * (rx - px)


@pytest.mark.parametrize("rounded", [True, False])
def test_points_near_a_line_lie_where_exact_arithmetic_puts_them(rounded):
    rng = np.random.default_rng(7)
    on_line = 0
    for _ in range(3000):
        p = np.round(rng.uniform(0, 50, 2) + np.array([500_000, 2_500_000]), 3)
        q = np.round(p + rng.uniform(-30, 30, 2), 3)
        r = p + (q - p) * rng.choice([0.0, 0.25, 0.3, 0.5, 1.0])
        r = np.round(r, 3) if rounded else r
        true = exact(p, q, r)
        assert side(*p, *q, *r) == (true > 0) - (true < 0)
        assert determinant(*p, *q, *r) == pytest.approx(float(true), rel=1e-7, abs=0)
        on_line += true == 0
    assert on_line > 500


def test_a_tie_is_what_a_small_shift_makes_of_it():
    # lines of B move right, and a hair up; a corner of A on them ends up left of a rising line
    assert moved_side(0.0, 0.0, 0.0, 1.0, 0.0, 0.5, 1) == 1
    assert moved_side(0.0, 0.0, 0.0, 1.0, 0.0, 0.5, -1) == -1
    assert moved_side(0.0, 0.0, 1.0, 0.0, 0.5, 0.0, 1) == -1
    small = 1e-9
    for q in [(3.0, 1.0), (-2.0, 1.0), (1.0, -4.0), (-1.0, 0.0)]:
        r = (q[0] / 2, q[1] / 2)
        moved = side(small, small**2, q[0] + small, q[1] + small**2, *r)
        assert moved_side(0.0, 0.0, *q, *r, 1) == moved
