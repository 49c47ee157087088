"""Laws of slopes: planes, windows, mirrors, scale; and zonal figures between the least and the greatest cell."""

import geopandas as gpd
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from shapely import box

from renewal_geo.potential import Criterion
from renewal_geo.potential.raster_measures import raster_figures
from renewal_geo.spatial.rasters import Raster
from renewal_geo.spatial.slopes import slope

CRS = "EPSG:4547"
SIDE = st.integers(2, 9)
CELL = st.floats(0.25, 2000)
RISE = st.floats(-2, 2)
WHOLE = st.integers(-500, 9000).map(float)
HEIGHT = WHOLE | st.just(np.nan)


def raster(values, width, height):
    return Raster(values, (width, 0, 500_000, 0, height, 2_500_000), CRS, unit="m", name="dem")


def percent(values, width, height):
    made = slope(raster(values, width, height), "slope_percent")[0]
    return made.values[0 : values.shape[0], 0 : values.shape[1]]


def heights(least=2, most=9, elements=HEIGHT):
    return st.tuples(st.integers(least, most), st.integers(least, most)).flatmap(
        lambda shape: arrays.arrays(float, shape, elements=elements)
    )


@given(SIDE, SIDE, CELL, CELL, st.booleans(), RISE, RISE, st.data())
def test_planes_with_holes_keep_their_slope(rows, columns, width, height, is_up, east, north, data):
    sign = 1 if is_up else -1
    y, x = np.mgrid[0:rows, 0:columns] + 0.5
    plane = 812.0 + east * x * width + north * y * height * sign
    holed = plane.copy()
    holes = data.draw(arrays.arrays(bool, plane.shape, elements=st.booleans()))
    holed[holes] = np.nan
    found = percent(holed, width, sign * height)
    assert np.isnan(found[holes]).all()
    there = ~np.isnan(found)
    np.testing.assert_allclose(found[there], 100 * np.hypot(east, north), rtol=1e-9, atol=1e-6)
    if not holes.any():
        assert there.all()


@given(heights(), CELL, CELL, st.data())
def test_any_window_is_that_part_of_the_whole(values, width, height, data):
    rows, columns = values.shape
    top, left = data.draw(st.integers(0, rows - 1)), data.draw(st.integers(0, columns - 1))
    bottom, right = data.draw(st.integers(top, rows)), data.draw(st.integers(left, columns))
    made = slope(raster(values, width, -height))[0].values
    np.testing.assert_array_equal(
        made[top:bottom, left:right], made[0:rows, 0:columns][top:bottom, left:right]
    )


@given(heights(), CELL, CELL)
def test_a_surface_seen_from_another_side_is_as_steep(values, width, height):
    found = percent(values, width, -height)
    kept = {"rtol": 1e-9, "atol": 1e-7}
    np.testing.assert_allclose(percent(values.T, height, -width).T, found, **kept)
    np.testing.assert_allclose(percent(values[::-1], width, height)[::-1], found, **kept)
    np.testing.assert_allclose(percent(values[:, ::-1], width, -height)[:, ::-1], found, **kept)


@given(heights(), CELL, CELL, st.floats(0.01, 100), st.integers(-9000, 9000))
def test_steeper_heights_are_steeper_and_higher_ones_are_not(values, width, height, times, more):
    found = percent(values, width, -height)
    raised = percent(values + more, width, -height)
    np.testing.assert_allclose(raised, found, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(
        percent(values * times, width, -height), found * times, rtol=1e-9, atol=1e-9
    )


@settings(max_examples=60)
@given(
    heights(3, 9, WHOLE),
    st.sampled_from(["mean", "median"]),
    st.sampled_from(["", "slope_deg"]),
    st.data(),
)
def test_figures_of_parcels_lie_between_their_cells(values, statistic, derive, data):
    rows, columns = values.shape
    wide = data.draw(st.floats(0.5, columns)), data.draw(st.floats(0.5, rows))
    left, up = data.draw(st.floats(0, columns - wide[0])), data.draw(st.floats(0, rows - wide[1]))
    top = 2_500_000 - 10 * up
    place = box(500_000 + 10 * left, top - 10 * wide[1], 500_000 + 10 * (left + wide[0]), top)
    grid = raster(values, 10, -10)
    cells = slope(grid)[0].values[0:rows, 0:columns] if derive else values
    touched = cells[int(up) : int(np.ceil(up + wide[1])), int(left) : int(np.ceil(left + wide[0]))]
    asked = Criterion("h", source="raster", layer="dem", statistic=statistic, derive=derive)
    parcels = gpd.GeoDataFrame(geometry=[place], index=["p"], crs=CRS)
    found = raster_figures(parcels, asked, grid)
    slack = 1e-9 * max(1.0, np.abs(touched).max())
    assert touched.min() - slack <= found.figures["p"] <= touched.max() + slack
