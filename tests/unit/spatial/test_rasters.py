"""A raster says where its cells lie and refuses what cannot be measured."""

import numpy as np
import pytest
from shapely import box

from renewal_geo.foundation.crs import ellipsoidal_area
from renewal_geo.foundation.errors import InputError
from renewal_geo.spatial.rasters import Raster, row_areas, unit_area, window_of

UP = (10, 0, 500_000, 0, -10, 2_500_020)


def test_bounds_and_cells():
    raster = Raster(np.zeros((2, 3)), UP, "EPSG:4547")
    assert raster.bounds == (500_000, 2_500_000, 500_030, 2_500_020)
    assert raster.cell == (10, 10)


@pytest.mark.parametrize(
    ("values", "transform", "kind", "code"),
    [
        (np.zeros((2, 3)), (10, 1, 0, 1, -10, 0), None, "raster_rotated"),
        (np.zeros((2, 3)), (-10, 0, 0, 0, -10, 0), None, "raster_rotated"),
        (np.zeros((1, 2, 3)), UP, None, "raster_shape"),
        (np.zeros((0, 3)), UP, None, "raster_shape"),
        (np.zeros((2, 3)), UP, "height", "unknown_kind"),
    ],
)
def test_what_cannot_be_measured_is_refused(values, transform, kind, code):
    with pytest.raises(InputError) as fault:
        Raster(values, transform, "EPSG:4547", kind=kind)
    assert fault.value.code == code


@pytest.mark.parametrize(
    ("dtype", "nodata", "kept"),
    [
        ("uint8", 255, 255),
        ("uint8", -9999, None),
        ("int16", 0.5, None),
        ("float32", -9999, -9999),
        ("float32", np.nan, None),
    ],
)
def test_nodata_that_no_cell_can_hold_is_none(dtype, nodata, kept):
    assert Raster(np.zeros((2, 2), dtype), UP, "EPSG:4547", nodata=nodata).nodata == kept


def test_windows_count_from_the_top():
    cells = np.arange(12).reshape(4, 3)
    down = Raster(cells, UP, "EPSG:4547")
    up = Raster(cells[::-1], (10, 0, 500_000, 0, 10, 2_499_980), "EPSG:4547")
    for raster in (down, up):
        assert window_of(raster, 1, 1, 2, 2).tolist() == [[4, 5], [7, 8]]


def test_ground_of_cells():
    assert row_areas(Raster(np.zeros((2, 3)), UP, "EPSG:4547")).tolist() == [100, 100]
    assert row_areas(Raster(np.zeros((2, 3)), UP, "EPSG:3857")) is None
    assert row_areas(Raster(np.zeros((2, 3)), UP, "EPSG:2271")) is None
    degrees = Raster(np.zeros((60, 1)), (2, 0, 10, 0, -3, 90), "EPSG:4326")
    shapes = np.array(
        [box(10, 90 - 3 * k - 3, 12, 90 - 3 * k).segmentize(0.001) for k in range(60)]
    )
    np.testing.assert_allclose(row_areas(degrees), ellipsoidal_area(shapes, degrees.crs), rtol=2e-7)
    globe = Raster(np.zeros((180, 1)), (360, 0, -180, 0, -1, 90), "EPSG:4326")
    assert row_areas(globe).sum() == pytest.approx(510_065_621_724_088, rel=1e-12)  # WGS 84


def test_units_per_area():
    assert unit_area("people/km²") == unit_area("人/km2") == 1e6
    assert unit_area("persons per mu") == pytest.approx(666.6666667)
    assert unit_area("m") is None
    assert unit_area("") is None
