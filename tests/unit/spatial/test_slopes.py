"""Slopes: planes exactly, gdaldem's numbers inside, nothing invented at edges, metres whatever the grid is in."""

import tomllib
from pathlib import Path

import numpy as np
import pyproj
import pytest

from renewal_geo.foundation.errors import CRSError, InputError
from renewal_geo.spatial.cell_sizes import US_FOOT_M, cell_sizes, height_unit
from renewal_geo.spatial.rasters import Raster
from renewal_geo.spatial.slopes import slope

CRS = "EPSG:4547"
ORACLE = tomllib.loads((Path(__file__).parent / "gdaldem_slopes.toml").read_text("utf-8"))
WHOLE = (slice(None), slice(None))


def grid(height_of, *, shape=(9, 11), cell=(10.0, -10.0), crs=CRS, unit="m", **more):
    """Return a raster of heights by a function of x and y from its first corner."""
    x = (np.arange(shape[1]) + 0.5) * cell[0]
    y = (np.arange(shape[0]) + 0.5) * cell[1]
    east, north = (500_000.0, 2_500_000.0) if crs == CRS else (0.0, 0.0)
    values = height_of(x[None, :], y[:, None]) + np.zeros(shape)
    return Raster(values, (cell[0], 0, east, 0, cell[1], north), crs, unit=unit, **more)


def degrees(raster):
    return slope(raster)[0].values[WHOLE]


def percent(raster):
    return slope(raster, "slope_percent")[0].values[WHOLE]


class Window:
    """Cells that are read and never held, as a file's are."""

    def __init__(self, values):
        self.values, self.shape, self.reads = values, values.shape, []

    def __getitem__(self, window):
        rows, columns = (
            one.indices(size)[:2] for one, size in zip(window, self.shape, strict=True)
        )
        assert 0 <= rows[0] <= rows[1] <= self.shape[0]
        self.reads.append((rows, columns))
        return self.values[window]


@pytest.mark.parametrize("cell", [(10.0, -10.0), (0.5, -2.0), (25.0, 10.0), (1000.0, -30.0)])
def test_a_plane_has_its_slope_everywhere_up_to_the_edges(cell):
    plane = grid(lambda x, y: 37 + 0.3 * x - 0.4 * y, cell=cell)
    np.testing.assert_allclose(percent(plane), 50, rtol=1e-9)
    np.testing.assert_allclose(degrees(plane), np.degrees(np.arctan(0.5)), rtol=1e-9)


def test_level_ground_has_no_slope():
    assert (degrees(grid(lambda x, y: 0 * x * y + 812.4)) == 0).all()


def test_a_plane_with_holes_is_still_a_plane():
    """No flat edge is invented beside nodata, NaN or a mask."""
    plane = grid(lambda x, y: 0.2 * x + 0.1 * y, shape=(12, 12)).values
    holed = plane.copy()
    holed[3, 4], holed[7:, 8:], holed[0, 0] = -9999, -9999, np.nan
    masked = np.ma.masked_array(holed, mask=np.eye(12, dtype=bool))
    found = percent(Raster(masked, (10, 0, 0, 0, -10, 0), CRS, nodata=-9999.0, unit="m"))
    lacking = (holed == -9999) | np.isnan(holed) | np.eye(12, dtype=bool)
    assert (np.isnan(found) == lacking).all()
    np.testing.assert_allclose(found[~lacking], 100 * np.hypot(0.2, 0.1), rtol=1e-9)


def test_a_cell_with_neighbours_on_one_line_only_has_no_slope():
    values = np.full((5, 5), np.nan)
    values[2, 1:4] = [1.0, 2.0, 3.0]
    values[0, 0] = 7.0
    assert np.isnan(degrees(Raster(values, (10, 0, 0, 0, -10, 0), CRS, unit="m"))).all()


def test_paraboloid_against_its_gradient():
    """Differences over two cells are exact for a quadratic; a one-sided one is off by half its bend per cell."""
    bowl = grid(lambda x, y: 1e-3 * (x - 50) ** 2 + 2e-3 * (y + 40) ** 2 + 1e-3 * x * y)
    x, y = (np.arange(11) + 0.5) * 10, -(np.arange(9) + 0.5)[:, None] * 10
    exact = 100 * np.hypot(2e-3 * (x - 50) + 1e-3 * y, 4e-3 * (y + 40) + 1e-3 * x)
    found = percent(bowl)
    np.testing.assert_allclose(found[1:-1, 1:-1], exact[1:-1, 1:-1], rtol=1e-9)
    off = np.abs(found - exact)
    assert 0.1 < off.max() < 100 * 10 * (1e-3 + 2e-3 + 1e-3)


@pytest.mark.parametrize("measure", ["degrees", "percent"])
def test_numbers_of_gdaldem(measure):
    theirs = np.array(ORACLE[measure])
    heights = Raster(
        np.array(ORACLE["heights"]), ORACLE["transform"], CRS, nodata=ORACLE["nodata"], unit="m"
    )
    ours = degrees(heights) if measure == "degrees" else percent(heights)
    there = theirs != ORACLE["nodata"]
    assert there.sum() == 17
    np.testing.assert_allclose(ours[there], theirs[there], rtol=2e-6)


def test_beside_nodata_gdaldem_flattens_and_we_do_not():
    """`-compute_edges` puts the middle cell for its missing neighbours: a plane is no plane beside them."""
    theirs, heights = np.array(ORACLE["edges"]), np.array(ORACLE["heights"])
    ours = degrees(Raster(heights, ORACLE["transform"], CRS, nodata=ORACLE["nodata"], unit="m"))
    beside = np.array([[1, 3], [3, 2], [4, 5], [4, 6], [4, 7], [6, 5], [6, 6]])
    inside = np.zeros(heights.shape, dtype=bool)
    inside[1:-1, 1:-1] = True
    inside[tuple(beside.T)] = False
    known = inside & (np.array(ORACLE["degrees"]) != ORACLE["nodata"])
    np.testing.assert_allclose(ours[known], theirs[known], rtol=2e-6)
    assert (np.abs(ours - theirs)[tuple(beside.T)] > 0.5).all()


def test_south_up_is_the_mirror_image():
    rng = np.random.default_rng(3)
    heights = rng.normal(0, 5, (7, 9))
    upright = Raster(heights, (10, 0, 0, 0, -20, 140), CRS, unit="m")
    turned = Raster(heights[::-1], (10, 0, 0, 0, 20, 0), CRS, unit="m")
    np.testing.assert_allclose(degrees(upright), degrees(turned)[::-1], rtol=1e-12)
    north = Raster(heights, (0.01, 0, 10, 0, -0.02, 70), "EPSG:4326", unit="m")
    flipped = Raster(heights[::-1], (0.01, 0, 10, 0, 0.02, 69.86), "EPSG:4326", unit="m")
    np.testing.assert_allclose(degrees(north), degrees(flipped)[::-1], rtol=1e-12)


def test_windows_read_one_cell_around_and_no_more():
    heights = np.random.default_rng(5).normal(0, 5, (40, 50))
    cells = Window(heights)
    made = slope(Raster(cells, (10, 0, 0, 0, -10, 400), CRS, unit="m"))[0]
    whole = made.values[WHOLE]
    cells.reads.clear()
    assert np.array_equal(made.values[10:13, 20:24], whole[10:13, 20:24])
    assert cells.reads == [((9, 14), (19, 25))]
    assert made.values[5:5, 0:10].shape == (0, 10)


def test_strips_join_without_a_seam(monkeypatch):
    heights = np.random.default_rng(6).normal(0, 5, (40, 50))
    heights[10:20, 20:30] = np.nan
    raster = Raster(heights, (10, 0, 0, 0, -10, 400), CRS, unit="m")
    whole = degrees(raster)
    monkeypatch.setattr("renewal_geo.spatial.slopes.CELLS_AT_ONCE", 170)
    np.testing.assert_array_equal(degrees(raster), whole)


@pytest.mark.parametrize(
    ("unit", "metres"),
    [("m", 1), ("", 1), ("ft", 0.3048), ("feet", 0.3048), ("us-ft", US_FOOT_M), ("US survey foot", US_FOOT_M),
     ("米", 1), ("cm", 0.01), ("[m]", 1)],
)  # fmt: skip
def test_units_of_height(unit, metres):
    plane = grid(lambda x, y: 0.5 * x + 0 * y, unit=unit)
    np.testing.assert_allclose(percent(plane), 50 * metres, rtol=1e-9)


def test_feet_on_the_ground():
    """EPSG:2249 is in US survey feet: a rise of one foot per foot is 45 degrees, of one metre per foot is steeper."""
    plane = grid(lambda x, y: x + 0 * y, crs="EPSG:2249", unit="us-ft")
    east = Raster(plane.values, (10, 0, 7.5e5, 0, -10, 2.96e6), "EPSG:2249", unit="us-ft")
    np.testing.assert_allclose(degrees(east), 45, rtol=1e-9)
    metres = Raster(plane.values, (10, 0, 7.5e5, 0, -10, 2.96e6), "EPSG:2249", unit="m")
    np.testing.assert_allclose(percent(metres), 100 / US_FOOT_M, rtol=1e-9)
    assert any("US survey foot of 0.3048006096 m" in note for note in slope(metres)[1])


def test_the_vertical_axis_tells_the_unit_where_the_file_does_not():
    plane = grid(lambda x, y: x + 0 * y, crs="EPSG:26986+6360", unit="")  # NAVD88 height (ftUS)
    placed = Raster(plane.values, (10, 0, 230_000, 0, -10, 900_000), plane.crs)
    np.testing.assert_allclose(percent(placed), 100 * US_FOOT_M, rtol=1e-9)
    assert "as its CRS says" in height_unit(placed)[1]


def test_what_is_no_height_has_no_slope():
    with pytest.raises(InputError) as fault:
        slope(grid(lambda x, y: x + y, unit="people/km2"))
    assert fault.value.code == "unknown_unit"
    with pytest.raises(InputError) as fault:
        slope(grid(lambda x, y: x + y, kind="category"))
    assert fault.value.code == "statistic_meaningless"
    with pytest.raises(InputError) as fault:
        slope(grid(lambda x, y: x + y, shape=(1, 9)))
    assert fault.value.code == "raster_shape"
    with pytest.raises(InputError) as fault:
        slope(grid(lambda x, y: x + y), "steepness")
    assert fault.value.code == "unknown_measure"


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:4490", "EPSG:4258"])
@pytest.mark.parametrize("latitude", [-70.0, -22.5, 0.05, 22.6, 37.8, 60.0, 85.0])
def test_cells_in_degrees_are_as_long_as_geodesics(crs, latitude):
    step = 1 / 3600
    sizes = cell_sizes(Raster(np.zeros((3, 3)), (step, 0, 114, 0, -step, latitude), crs))
    geod = pyproj.CRS(crs).get_geod()
    for row in range(3):
        middle = latitude - (row + 0.5) * step
        _, _, across = geod.inv(114, middle, 114 + step, middle)
        _, _, along = geod.inv(114, middle - step / 2, 114, middle + step / 2)
        assert sizes.width[row] == pytest.approx(across, rel=1e-8)
        assert sizes.height[row] == pytest.approx(along, rel=1e-8)


def test_a_pole_has_no_width_and_raises_nothing():
    heights = Raster(np.arange(20.0).reshape(5, 4), (1, 0, 0, 0, -1, 92.5), "EPSG:4326", unit="m")
    found = degrees(heights)
    assert np.isnan(found[:3]).all()
    assert np.isfinite(found[3:]).all()


def test_web_mercator_is_brought_back_to_the_ground():
    """At 22.6 degrees north a metre of the map is 0.924 m of ground: slopes are steeper than the map says."""
    latitude = 22.6
    y = pyproj.Transformer.from_crs(4326, 3857, always_xy=True).transform(114, latitude)[1]
    plane = np.add.outer(np.zeros(5), np.arange(5) * 3.0)
    raster = Raster(plane, (30, 0, 1.27e7, 0, -30, y + 75), "EPSG:3857", unit="m")
    made, notes = slope(raster, "slope_percent")
    geod = pyproj.Geod(ellps="WGS84")
    _, _, width = geod.inv(0, latitude, 30 / 111319.49079327358, latitude)
    assert made.values[2:3, 2:3][0, 0] == pytest.approx(300 / width, rel=1e-6)
    assert any(
        note.startswith("Web Mercator draws the ground") and "1.083 times" in note for note in notes
    )


def test_other_projections_that_stretch_are_measured_too():
    """World Mercator is in metres and off by as much; a transverse Mercator is not."""
    placed = {
        "EPSG:3395": (1.27e7, 2.56e6),
        "EPSG:4087": (1.27e7, 2.5e6),
        CRS: (5e5, 2.5e6),
        "EPSG:32650": (2e5, 2.5e6),
    }
    for crs, (x, y) in placed.items():
        raster = Raster(np.zeros((4, 4)), (30, 0, x, 0, -30, y), crs)
        sizes = cell_sizes(raster)
        lon, lat = pyproj.Transformer.from_crs(crs, 4326, always_xy=True).transform(
            [x + 60, x + 90], [y - 45, y - 45]
        )
        _, _, ground = pyproj.Geod(ellps="WGS84").inv(lon[0], lat[0], lon[1], lat[1])
        assert sizes.width[1] == pytest.approx(ground, rel=1e-3)
        assert bool(sizes.note) == (crs in {"EPSG:3395", "EPSG:4087"})


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("crs", ["EPSG:3035", "ESRI:54009", "EPSG:6933", "EPSG:3857"])
def test_axes_that_stand_askew_on_the_ground(crs, sign):
    """A plane in EPSG:4547 has its slope in Europe's equal-area grid too, which is 18 % and a few degrees off here."""
    to_local = pyproj.Transformer.from_crs(crs, CRS, always_xy=True)
    x, y = pyproj.Transformer.from_crs(CRS, crs, always_xy=True).transform(512_000.0, 2_510_000.0)
    columns, rows = np.meshgrid(x + 20 * (np.arange(9) - 4), y + sign * 20 * (np.arange(9) - 4))
    east, north = to_local.transform(columns, rows)
    plane = 0.05 * (east - 512_000) + 0.04 * (north - 2_510_000)
    raster = Raster(plane, (20, 0, x - 90, 0, sign * 20, y - sign * 90), crs, unit="m")
    np.testing.assert_allclose(percent(raster), 100 * np.hypot(0.05, 0.04), rtol=1e-4)


def test_a_grid_without_lengths_is_refused():
    with pytest.raises(CRSError) as fault:
        cell_sizes(Raster(np.zeros((3, 3)), (30, 0, 9e8, 0, -30, 9e8), "EPSG:3395"))
    assert fault.value.code == "crs_suspect"
