"""The largest inscribed circle of land whose width anybody can reckon."""

import numpy as np
import pytest
import shapely

from renewal_geo.spatial.inscribed import inscribed_widths

STRIP = shapely.box(0, 0, 500, 12)
SQUARE = shapely.box(1_000, 0, 1_040, 40)
# an L of two legs 20 m wide: the circle in its corner touches both outer sides and the inner corner
ANGLE = shapely.Polygon([(0, 0), (200, 0), (200, 20), (20, 20), (20, 200), (0, 200)])
RING = shapely.box(0, 0, 100, 100).difference(shapely.box(20, 20, 80, 80))


@pytest.mark.parametrize(
    ("shape", "width"),
    [
        (STRIP, 12.0),
        (SQUARE, 40.0),
        (shapely.union_all([STRIP, SQUARE]), 40.0),
        (ANGLE, 40.0 / (1 + 0.5**0.5)),
        (RING, 40.0 / (1 + 0.5**0.5)),
        (shapely.Point(0, 0).buffer(30, quad_segs=64), 60.0),
        (shapely.force_3d(SQUARE, 7.0), 40.0),
    ],
)
def test_widths_that_can_be_reckoned(shape, width):
    assert inscribed_widths([shape])[0] == pytest.approx(width, abs=0.02)


def test_what_has_no_area_has_no_width():
    shapes = [None, shapely.Point(0, 0), shapely.Polygon(), shapely.LineString([(0, 0), (9, 9)])]
    assert np.isnan(inscribed_widths(shapes)).all()
    mixed = shapely.GeometryCollection([shapely.Point(0, 0), SQUARE])
    assert inscribed_widths([mixed])[0] == pytest.approx(40.0, abs=0.01)
    assert inscribed_widths([]).shape == (0,)
