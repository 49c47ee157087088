"""Figures off rasters: what is measured, in which unit, where it is missing and why, and what means nothing."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import rasterio
from shapely import Point, Polygon, box
from shapely.affinity import translate

from renewal_geo.foundation.errors import CRSError, InputError
from renewal_geo.io import read_raster
from renewal_geo.potential import Criterion
from renewal_geo.potential.raster_measures import raster_figures
from renewal_geo.spatial.rasters import Raster

CRS = "EPSG:4547"
EAST, NORTH = 500_000.0, 2_500_000.0


def raster(values, cell=10.0, **more):
    values = np.asarray(values)
    top = NORTH + len(values) * cell
    return Raster(
        values, (cell, 0, EAST, 0, -cell, top), more.pop("crs", CRS), **{"name": "grid", **more}
    )


def parcels(*boxes, crs=CRS):
    shapes = [
        one if not isinstance(one, tuple) else translate(box(*one), EAST, NORTH) for one in boxes
    ]
    return gpd.GeoDataFrame(
        geometry=shapes, index=[f"P{n}" for n in range(1, len(boxes) + 1)], crs=crs
    )


def asked(**more):
    return Criterion("c", **{"source": "raster", "layer": "grid", **more})


def figures(table, grid, **more):
    return raster_figures(table, asked(**more), grid)


@pytest.fixture
def heights():
    """Return two rows of three cells of 10 m.

    10  20  30
    40  50  60
    """
    return raster([[10.0, 20.0, 30.0], [40.0, 50.0, 60.0]], unit="m", kind="density")


@pytest.mark.parametrize(
    ("statistic", "figure"),
    [
        ("mean", (40 + 25) / 1.5),
        ("min", 40),
        ("max", 50),
        ("stdev", np.sqrt(200 / 9)),
        ("median", 45),
    ],
)
def test_levels_by_the_share_of_cells(heights, statistic, figure):
    found = figures(parcels((0, 0, 15, 10)), heights, statistic=statistic)
    assert found.figures["P1"] == pytest.approx(figure)
    assert found.said == f"{statistic} of grid (m)"
    assert found.why_missing["P1"] == ""


def test_amounts_are_added_and_put_on_ground():
    people = raster([[8.0, 4.0], [0.0, 100.0]], kind="count", unit="people")
    table = parcels((0, 10, 10, 20), (5, 0, 15, 20))
    assert figures(table, people, statistic="sum").figures.tolist() == pytest.approx([8, 56])
    dense = figures(table, people, statistic="per_ha")
    assert dense.figures.tolist() == pytest.approx([8 / 0.01, 56 / 0.02])


@pytest.mark.parametrize(
    ("unit", "factor"), [("people/km2", 0.01), ("people/ha", 1), ("人/亩", 15)]
)
def test_a_density_becomes_people_per_hectare(unit, factor):
    found = figures(
        parcels((0, 0, 15, 10)), raster([[2.0, 5.0]], kind="density", unit=unit), statistic="per_ha"
    )
    assert found.figures["P1"] == pytest.approx(3 * factor)


def test_count_and_density_of_the_same_people_agree():
    rng = np.random.default_rng(2)
    people = rng.integers(0, 90, (20, 20)).astype(float)
    table = parcels((3, 4, 77, 93), (111, 20, 133, 41), (0, 0, 200, 200))
    count = figures(table, raster(people, kind="count"), statistic="per_ha")
    level = figures(
        table, raster(people * 1e6 / 100, kind="density", unit="people/km2"), statistic="per_ha"
    )
    np.testing.assert_allclose(count.figures, level.figures, rtol=1e-7)


def test_codes_are_shared_out_and_the_most_frequent_is_text():
    cover = raster(np.array([[1, 1, 2], [3, 2, 2]], dtype=np.uint8), kind="category")
    table = parcels((0, 0, 30, 20), (25, 0, 30, 20), (500, 500, 510, 510))
    found = figures(table, cover, statistic="share", values=("1", "3"))
    assert found.figures.tolist()[:2] == pytest.approx([0.5, 0])
    assert np.isnan(found.figures["P3"])
    assert found.said == "share of codes 1, 3 of grid"
    most = figures(table, cover, statistic="majority")
    assert most.figures.tolist() == ["2", "2", None]
    assert most.why_missing.tolist() == ["", "", "outside the raster"]


def test_codes_that_never_occur_are_said_and_texts_refused():
    cover = raster([[1.0, 2.0]], kind="category")
    found = figures(parcels((0, 0, 20, 10)), cover, statistic="share", values=("7",))
    assert found.figures["P1"] == 0
    assert any("none of the codes 7 occurs" in note for note in found.notes)
    with pytest.raises(InputError) as fault:
        figures(parcels((0, 0, 20, 10)), cover, statistic="share", values=("forest",))
    assert fault.value.code == "bad_code"


@pytest.mark.parametrize(
    ("kind", "more", "code"),
    [
        ("density", {"statistic": "sum"}, "statistic_meaningless"),
        ("density", {"statistic": "share", "values": ("1",)}, "statistic_meaningless"),
        ("density", {"statistic": "majority"}, "statistic_meaningless"),
        ("density", {"statistic": "per_ha"}, "unit_not_per_area"),
        ("count", {"statistic": "mean"}, "statistic_meaningless"),
        ("count", {"statistic": "median"}, "statistic_meaningless"),
        ("count", {"derive": "slope_deg"}, "statistic_meaningless"),
        ("category", {"statistic": "mean"}, "statistic_meaningless"),
        ("category", {"statistic": "sum"}, "statistic_meaningless"),
        ("category", {"derive": "slope_percent"}, "statistic_meaningless"),
        (None, {"statistic": "sum"}, "statistic_meaningless"),  # metres are no amount
        (None, {"statistic": "mean", "transform": "category"}, "statistic_meaningless"),
        (None, {"statistic": "sum", "derive": "slope_deg"}, "statistic_meaningless"),
    ],
)
def test_meaningless_questions_are_refused_with_the_way_out(kind, more, code):
    grid = raster([[1.0, 2.0], [3.0, 4.0]], unit="m", kind=kind)
    with pytest.raises(InputError) as fault:
        figures(parcels((0, 0, 10, 10)), grid, **more)
    assert fault.value.code == code
    assert fault.value.fix
    assert "criterion c" in fault.value.where


def test_the_statistic_tells_the_kind_where_nobody_does():
    grid = raster([[1.0, 2.0]])
    table = parcels((0, 0, 20, 10))
    assert figures(table, grid).figures["P1"] == 1.5
    people = figures(table, grid, statistic="sum")
    assert people.figures["P1"] == 3
    assert any("takes them as amounts per cell" in note for note in people.notes)


def test_slope_first_then_the_mean():
    """A ridge has no slope on average heights: the mean of the slope is 45 degrees."""
    ridge = raster(10.0 * np.array([[0, 1, 2, 3, 2, 1, 0]] * 5), unit="m")
    found = figures(parcels((10, 10, 30, 40), (40, 10, 60, 40)), ridge, derive="slope_deg")
    assert found.figures.tolist() == pytest.approx([45, 45])
    assert found.said == "mean of slope of grid (°)"
    steep = figures(parcels((10, 10, 30, 40)), ridge, derive="slope_percent", statistic="max")
    assert steep.figures["P1"] == pytest.approx(100)


def test_surroundings_are_measured_in_metres(heights):
    grid = raster(np.add.outer(np.zeros(30), np.arange(30.0)), unit="m")
    table = parcels((140, 140, 150, 150))
    found = figures(table, grid, within_m=50)
    assert found.said == "mean of grid (m), within 50 m"
    assert found.figures["P1"] == pytest.approx(14)
    people = raster(np.ones((30, 30)), kind="count")
    ring = table.buffer(50, quad_segs=16).area.iloc[0]
    assert figures(table, people, statistic="sum", within_m=50).figures["P1"] == pytest.approx(
        ring / 100
    )
    assert figures(table, people, statistic="per_ha", within_m=50).figures["P1"] == pytest.approx(
        100
    )


@pytest.mark.parametrize(
    "more", [{"within_m": 50.0}, {"statistic": "per_ha"}], ids=["surroundings", "per hectare"]
)
@pytest.mark.parametrize(
    ("crs", "code"),
    [
        ("EPSG:4326", "crs_geographic"),
        ("EPSG:3857", "crs_web_mercator"),
        ("EPSG:2249", "crs_not_metric"),
    ],
)
def test_metres_are_not_measured_in_degrees(more, crs, code):
    grid = raster([[1.0, 2.0]], kind="count" if more.get("statistic") else None)
    with pytest.raises(CRSError) as fault:
        figures(parcels((0, 0, 20, 10)).to_crs(crs), grid, **more)
    assert fault.value.code == code
    assert "to_crs" in fault.value.fix


def test_what_lacks_a_figure_says_why():
    holes = raster([[1.0, -9999.0, 5.0], [np.nan, 3.0, 5.0]], nodata=-9999.0, kind="density")
    table = parcels(
        (0, 0, 20, 20), (10, 10, 20, 20), (500, 0, 510, 10), None, (0, 12, 14, 20), (8, 12, 20, 20), (20, 0, 40, 20)
    )  # fmt: skip
    found = figures(table, holes)
    assert found.figures.tolist()[0] == 2
    assert found.figures.isna().tolist() == [False, True, True, True, False, True, False]
    few = "less than half of it has data"
    assert found.why_missing.tolist() == [
        "",
        "no data there",
        "outside the raster",
        "no shape",
        "",
        few,
        "",
    ]
    assert any(
        "3 parcels have data on part of their area only, down to 50.0%" in note
        for note in found.notes
    )
    assert any(f"1 parcels without a figure, {few}: P6" in note for note in found.notes)


def test_people_per_hectare_stand_on_the_ground_that_has_data():
    people = raster([[50.0, np.nan]], kind="count")
    found = figures(parcels((0, 0, 15, 10)), people, statistic="per_ha")
    assert found.figures["P1"] == pytest.approx(50 / 0.01)


def test_nothing_in_common_is_an_error_with_both_extents():
    grid = raster([[1.0, 2.0]])
    with pytest.raises(InputError) as fault:
        figures(parcels((500, 500, 510, 510)), grid)
    assert fault.value.code == "raster_apart"
    assert "raster x 500,000 to 500,020" in fault.value.where
    assert "parcels x 500,500 to 500,510" in fault.value.where
    with pytest.raises(InputError) as fault:
        figures(parcels((0, 0, 10, 10), (500, 500, 510, 510)), raster([[-1.0]], nodata=-1.0))
    assert fault.value.code == "raster_empty"
    with pytest.raises(InputError) as fault:
        figures(parcels((0, 0, 10, 10)), raster([[np.nan] * 3] * 3, unit="m"), derive="slope_deg")
    assert fault.value.code == "raster_empty"


def test_parcels_smaller_than_a_cell_are_counted(heights):
    found = figures(parcels((1, 1, 3, 3), (11, 1, 13, 3), (0, 0, 30, 20)), heights)
    assert found.figures.tolist() == pytest.approx([40, 50, 35])
    assert any("2 of 3 parcels see less than one cell of grid" in note for note in found.notes)
    assert any(
        "cells of grid are 10 x 10 m on the ground; the median parcel has 0.04" in n
        for n in found.notes
    )


def test_cells_in_degrees_are_as_large_as_where_the_parcels_lie():
    """The middle row of a raster of the world is on the equator; the parcels are not."""
    world = Raster(np.zeros((180, 360)), (1, 0, -180, 0, -1, 90), "EPSG:4326", name="world")
    table = gpd.GeoDataFrame(geometry=[box(10, 60, 12, 61)], index=["a"], crs="EPSG:4326")
    geod = pyproj.Geod(ellps="WGS84")
    width = 1000 * geod.inv(10, 60.5, 10.001, 60.5)[2]
    height = geod.inv(10, 60, 10, 61)[2]
    said = f"cells of world are {width:,.0f} x {height:,.0f} m on the ground"
    assert any(said in note for note in figures(table, world).notes)


def test_every_raster_is_measured_on_its_own_grid():
    """A plane of heights gives one mean on cells of 0.5 m, 3 m and 40 m."""
    table = parcels((40, 40, 80, 80), (120, 120, 160, 160))
    means = []
    for cell in (0.5, 4.0, 40.0):
        x = (np.arange(int(240 / cell)) + 0.5) * cell
        means.append(
            figures(table, raster(np.add.outer(0 * x, x), cell, unit="m")).figures.tolist()
        )
    assert means == [pytest.approx([60, 140])] * 3


def test_parcels_in_any_crs_are_brought_to_the_raster(heights):
    table = parcels((2, 3, 17, 16), (8, 1, 28, 19))
    expected = figures(table, heights).figures
    for crs in ("EPSG:4326", "EPSG:32650", "EPSG:3857", "EPSG:4490"):
        found = figures(table.to_crs(crs), heights)
        np.testing.assert_allclose(found.figures, expected, rtol=1e-4)
        assert any(f"brought from {crs} to EPSG:4547" in note for note in found.notes)


def test_numbers_that_stand_for_nothing_undeclared_are_pointed_at():
    table = parcels((0, 0, 30, 30))
    sunk = np.full((3, 3), 12.0)
    sunk[1, 1] = -32768
    assert any(
        "looks like a number that stands for no value" in n
        for n in figures(table, raster(sunk)).notes
    )
    steep = figures(table, raster(sunk, unit="m"), derive="slope_deg")
    assert any("the steepest cell has 89.97 °" in note for note in steep.notes)


def test_odd_shapes_are_measured_or_say_why(heights):
    bowtie = Polygon([(0, 0), (20, 20), (20, 0), (0, 20)])
    table = parcels(
        (0, 0, 10, 10), translate(bowtie, EAST, NORTH), Point(EAST + 5, NORTH + 5), Polygon()
    )
    found = figures(table, heights)
    assert found.figures.isna().tolist() == [False, False, True, True]
    assert found.why_missing.tolist()[2] == "no area"
    assert found.why_missing.tolist()[3] in {"no shape", "no area"}
    assert any("made valid" in note for note in found.notes)


def test_parcels_need_shapes_and_a_crs(heights):
    with pytest.raises(InputError) as fault:
        figures(pd.DataFrame({"a": [1]}), heights)
    assert fault.value.code == "no_geometry"
    with pytest.raises(CRSError) as fault:
        figures(parcels((0, 0, 10, 10), crs=None), heights)
    assert fault.value.code == "crs_missing"


def test_no_parcels_have_no_figures(heights):
    assert len(figures(parcels(), heights).figures) == 0
    assert figures(parcels(None), heights).why_missing.tolist() == ["no shape"]


def test_order_and_doubled_ids_do_no_harm(heights):
    table = parcels((0, 0, 10, 10), (10, 0, 30, 20), (0, 10, 20, 20))
    table.index = ["A", "A", "B"]
    found, back = figures(table, heights), figures(table.iloc[::-1], heights)
    assert found.figures.tolist() == back.figures.tolist()[::-1]
    assert found.figures.index.tolist() == ["A", "A", "B"]


# Files, as read: types, nodata, masks, tiles, bands.


def written(path, values, *, nodata=None, crs=CRS, transform=None, **more):
    values = np.asarray(values)
    bands = values if values.ndim == 3 else values[None]
    transform = transform or rasterio.Affine(10, 0, EAST, 0, -10, NORTH + 10 * bands.shape[1])
    with rasterio.open(
        path, "w", driver="GTiff", count=len(bands), height=bands.shape[1], width=bands.shape[2],
        dtype=bands.dtype, crs=crs, transform=transform, nodata=nodata, **more,
    ) as data:  # fmt: skip
        data.write(bands)
    return path


@pytest.mark.parametrize(
    ("dtype", "nodata"),
    [("uint8", 0), ("int16", -32768), ("float32", float("nan")), ("float32", -3.4028234663852886e38), ("float64", -9999.9),
     ("float32", -9999.9), ("int32", -2147483648), ("uint16", 65535)],
)  # fmt: skip
def test_nodata_of_any_type_is_no_figure(tmp_path, dtype, nodata):
    values = np.array([[10, 20], [30, 0]], dtype=dtype)
    values[1, 1] = nodata
    grid = read_raster(written(tmp_path / "g.tif", values, nodata=nodata), kind="density")[0]
    found = figures(parcels((0, 0, 20, 20), (10, 0, 20, 10)), grid)
    assert found.figures["P1"] == pytest.approx(20)
    assert found.why_missing["P2"] == "no data there"
    sloping = figures(parcels((0, 0, 20, 20)), grid, derive="slope_percent")
    assert sloping.figures["P1"] == pytest.approx(100 * np.hypot(1, 2))


def test_scaled_tiled_packed_bands_are_read(tmp_path):
    values = np.random.default_rng(1).integers(0, 999, (2, 300, 400)).astype("int16")
    path = written(
        tmp_path / "g.tif",
        values,
        nodata=-1,
        tiled=True,
        blockxsize=64,
        blockysize=64,
        compress="deflate",
    )
    with rasterio.open(path, "r+") as data:
        data.scales, data.offsets = (1.0, 0.1), (0.0, 50.0)
    grid = read_raster(path, band=2)[0]
    table = parcels((100, 100, 200, 200))
    expected = values[1, 280:290, 10:20].mean() * 0.1 + 50
    assert figures(table, grid).figures["P1"] == pytest.approx(expected)


def test_a_mask_of_the_file_is_kept(tmp_path):
    values = np.array([[10.0, 20.0], [30.0, 1000.0]], dtype="float32")
    path = written(tmp_path / "g.tif", values)
    with rasterio.open(path, "r+") as data:
        data.write_mask(np.array([[255, 255], [255, 0]], dtype="uint8"))
    grid = read_raster(path)[0]
    assert figures(parcels((0, 0, 20, 20)), grid).figures["P1"] == pytest.approx(20)
    sloping = figures(parcels((0, 0, 20, 20)), grid, derive="slope_percent")
    assert sloping.figures["P1"] == pytest.approx(100 * np.hypot(1, 2))


def test_a_window_and_blocks_give_the_slopes_of_the_whole(tmp_path, monkeypatch):
    rng = np.random.default_rng(9)
    heights = rng.normal(0, 3, (60, 80)).cumsum(0).cumsum(1).astype("float32")
    path = written(tmp_path / "dem.tif", heights)
    table = parcels((200, 200, 330, 310), (400, 120, 410, 130), (755, 55, 800, 100))
    asking = {"derive": "slope_deg", "statistic": "max"}
    whole = figures(table, read_raster(path)[0], **asking).figures
    near = read_raster(path, bounds=table.total_bounds, bounds_crs=table.crs)[0]
    assert near.values.size < heights.size
    pd.testing.assert_series_equal(figures(table, near, **asking).figures, whole)
    monkeypatch.setattr("renewal_geo.io.rasters.IN_MEMORY_CELLS", 100)
    monkeypatch.setattr("renewal_geo.spatial.zonal.CELLS_AT_ONCE", 500)
    blocks = read_raster(path)[0]
    assert not isinstance(blocks.values, np.ndarray)
    pd.testing.assert_series_equal(figures(table, blocks, **asking).figures, whole)
