"""The polynomials of the working CRS against PROJ, evaluated in another way than they were fitted."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from numpy.polynomial import chebyshev
from shapely.geometry import Point, box

from renewal_geo.maps.page.working_crs import MERCATOR_HALF_M, working_crs
from renewal_geo.maps.spec import LayerSpec, MapClass, MapSpec, same

LONGGANG, BOSTON = (114.0, 22.55, 114.4, 22.85), (-71.2, 42.3, -71.0, 42.4)
DISTRICTS = [
    ("EPSG:4547", LONGGANG, "m", 1.0),
    ("EPSG:4526", LONGGANG, "m", 1.0),
    ("EPSG:26986", BOSTON, "m", 1.0),
    ("EPSG:2249", BOSTON, "ftUS", 1200 / 3937),
]


def spec_of(geometry, crs):
    layer = LayerSpec(
        "one", same("one"), "polygon", gpd.GeoSeries(geometry, crs=crs), (MapClass("c", same("c")),),
        np.zeros(len(geometry), dtype=np.int32), (), pd.DataFrame(index=range(len(geometry))),
    )  # fmt: skip
    return MapSpec(same("t"), same(""), "zh", "internal", None, str(crs), "", "", (), (layer,))


def degrees(bounds, crs):
    return gpd.GeoSeries([box(*bounds)], crs=4326).to_crs(crs).tolist()


def evaluated(working, lng, lat):
    """Return x and y in the working CRS by the rule that the docstring states."""
    east, north = pyproj.Transformer.from_crs(4326, 3857, always_xy=True).transform(lng, lat)
    across, down = 0.5 + east / (2 * MERCATOR_HALF_M), 0.5 - north / (2 * MERCATOR_HALF_M)
    x0, y0, x1, y1 = working["box"]
    u, v = 2 * (across - x0) / (x1 - x0) - 1, 2 * (down - y0) / (y1 - y0) - 1
    assert (np.abs(u) <= 1).all()
    assert (np.abs(v) <= 1).all()
    degree = working["degree"]
    sides = []
    for axis in ("x", "y"):
        table, listed = np.zeros((degree + 1, degree + 1)), iter(working[axis])
        for i in range(degree + 1):
            for j in range(degree + 1 - i):
                table[i, j] = next(listed)
        assert next(listed, None) is None
        sides.append(chebyshev.chebval2d(u, v, table))
    return np.column_stack(sides)


def error_m(working, crs, bounds, margin=0.45):
    """Return the worst distance to PROJ at random places, also beyond the layers' extent."""
    rng = np.random.default_rng(7)
    west, south, east, north = bounds
    wide, high = margin * (east - west), margin * (north - south)
    lng = rng.uniform(west - wide, east + wide, 4000)
    lat = rng.uniform(south - high, north + high, 4000)
    x, y = pyproj.Transformer.from_crs(4326, crs, always_xy=True).transform(lng, lat)
    gap = evaluated(working, lng, lat) - np.column_stack([x, y])
    return np.hypot(*gap.T).max() * working["factor"]


@pytest.mark.parametrize(("crs", "bounds", "unit", "factor"), DISTRICTS)
def test_a_district_is_within_a_millimetre_of_proj(crs, bounds, unit, factor):
    working = working_crs(spec_of(degrees(bounds, crs), crs))
    assert working["unit"] == unit
    assert working["factor"] == pytest.approx(factor, rel=1e-12)
    assert working["axes"] == ["E", "N"]
    assert working["name"] == crs
    assert not working["approximate"]
    assert working["residual_m"] < 0.001
    assert error_m(working, crs, bounds) < 0.001


def test_planar_figures_are_those_of_the_working_crs_and_not_of_mercator():
    x, y = 512_345.0, 2_512_345.0
    square = box(x, y, x + 100, y + 100)
    working = working_crs(spec_of([square], "EPSG:4547"))
    lng, lat = gpd.GeoSeries([square], crs=4547).to_crs(4326)[0].exterior.xy
    ring = shapely.Polygon(evaluated(working, np.asarray(lng), np.asarray(lat)))
    assert ring.area == pytest.approx(10_000.0, abs=0.01)
    assert ring.length == pytest.approx(400.0, abs=0.001)


def test_a_country_states_its_residual_and_keeps_it():
    china = (75.0, 18.0, 134.0, 53.0)
    shapes = gpd.GeoSeries([Point(75, 18), Point(134, 53), Point(75, 53), Point(134, 18)], crs=4326)
    working = working_crs(spec_of(shapes.to_crs(4547).tolist(), "EPSG:4547"))
    found = error_m(working, "EPSG:4547", china, margin=0.0)
    assert found <= max(working["residual_m"], 0.001) * 1.2
    assert working["approximate"] == (working["residual_m"] > 0.05)


def test_what_no_polynomial_follows_is_called_approximate():
    # the Mollweide world has a cusp at its edge
    whole = gpd.GeoSeries([Point(-179, -84), Point(179, 84)], crs=4326).to_crs("ESRI:54009")
    working = working_crs(spec_of(whole.tolist(), "ESRI:54009"))
    assert working["approximate"]


@pytest.mark.parametrize("crs", ["EPSG:4490", "EPSG:4326", "EPSG:3857", None])
def test_what_cannot_measure_is_not_offered(crs):
    assert working_crs(spec_of([box(114.0, 22.0, 114.1, 22.1)], crs)) is None


def test_nothing_to_place_is_not_offered():
    assert working_crs(spec_of([], "EPSG:4547")) is None
    assert working_crs(spec_of([None, shapely.Polygon()], "EPSG:4547")) is None
    nowhere = box(1e12, 1e12, 1e12 + 1, 1e12 + 1)
    assert working_crs(spec_of([nowhere], "EPSG:4547")) is None


def test_a_broken_coordinate_does_not_widen_the_extent():
    sound = degrees(LONGGANG, 4547)
    broken = [*sound, box(1e12, 1e12, 1e12 + 1, 1e12 + 1), Point(np.nan, np.nan), None]
    assert working_crs(spec_of(broken, "EPSG:4547")) == working_crs(spec_of(sound, "EPSG:4547"))


def test_a_lone_point_can_be_measured_around():
    working = working_crs(spec_of([Point(500_000, 2_510_000)], "EPSG:4547"))
    assert working["residual_m"] < 0.001
    at = gpd.GeoSeries([Point(500_400, 2_509_700)], crs=4547).to_crs(4326)[0]
    there = evaluated(working, np.array([at.x]), np.array([at.y]))
    assert there[0] == pytest.approx([500_400, 2_509_700], abs=0.001)


def test_axes_that_point_elsewhere_are_not_called_east_and_north():
    spot = gpd.GeoSeries([Point(28.0, -26.0)], crs=4148).to_crs(2053)
    assert working_crs(spec_of(spot.tolist(), "EPSG:2053"))["axes"] == ["x", "y"]
