"""Cells without value stay out of every statistic: masks, NaN, nodata of whole numbers and of fractions."""

import numpy as np
import pytest
from shapely import box

from renewal_geo.spatial.rasters import Raster, numbers_of
from renewal_geo.spatial.zonal import extracted, presence
from renewal_geo.spatial.zonal_cover import code_text, covered_share, reasons

PLACE = (10, 0, 0, 0, -10, 20)
WHOLE = np.array([box(0, 0, 20, 20)])


def grid(values, **more):
    return Raster(values, PLACE, "EPSG:4547", **more)


@pytest.mark.parametrize(
    ("values", "nodata"),
    [
        (np.array([[1, 2], [3, -32768]], dtype="int16"), -32768),
        (np.array([[1, 2], [3, 0]], dtype="uint8"), 0),
        (np.array([[1, 2], [3, -9999.9]], dtype="float32"), -9999.9),
        (np.array([[1, 2], [3, np.nan]]), None),
        (np.array([[1, 2], [3, np.inf]]), None),
        (np.ma.masked_greater(np.array([[1.0, 2], [3, 99]]), 50), None),
        (np.ma.masked_greater(np.array([[1, 2], [3, 99]], dtype="int32"), 50), None),
    ],
)
@pytest.mark.parametrize("is_up", [False, True])
def test_no_value_is_no_number(values, nodata, is_up):
    raster = grid(values, nodata=nodata)
    if is_up:
        raster = Raster(values[::-1], (10, 0, 0, 0, 10, 0), "EPSG:4547", nodata=nodata)
    found = extracted(WHOLE, raster, ["count", "sum", "max", "mean"])
    assert found.iloc[0].tolist() == pytest.approx([3, 6, 3, 2])
    assert extracted(WHOLE, presence(raster), ["sum"])["sum"].tolist() == [3]
    assert np.isnan(numbers_of(raster, raster.values[0:2, 0:2])).sum() == 1


def test_a_nodata_number_that_the_type_cannot_hold_stands_for_nothing():
    raster = grid(np.array([[1, 2], [3, 4]], dtype="uint8"), nodata=-9999)
    assert extracted(WHOLE, raster, ["count", "sum"]).iloc[0].tolist() == [4, 10]


def test_share_and_reason():
    shapes = np.array(
        [box(0, 0, 20, 20), box(0, 0, 40, 20), box(90, 0, 99, 9), box(5, 5, 6, 6), None]
    )
    cells = np.array([4.0, 4.0, 0.0, 0.0, 0.0])
    assert covered_share(shapes, grid(np.ones((2, 2))), cells).tolist() == [1, 0.5, 0, 0, 0]
    told = reasons(shapes, grid(np.ones((2, 2))), cells)
    assert told.tolist() == ["", "", "outside the raster", "no data there", "no area"]


def test_codes_are_text():
    assert [code_text(one) for one in (3.0, 211, 2.5, -1.0)] == ["3", "211", "2.5", "-1"]
