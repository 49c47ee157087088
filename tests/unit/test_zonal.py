"""`ledger.zonal`: levels are averaged, amounts added, codes shared out; parts of cells count as parts."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import Polygon, box

from renewal_geo.foundation.crs import ellipsoidal_area
from renewal_geo.foundation.errors import CRSError, InputError
from renewal_geo.ledger import zonal
from renewal_geo.spatial.rasters import Raster

CRS = "EPSG:4547"
EAST, NORTH = 500_000.0, 2_500_000.0


def raster(values, cell=10.0, **more):
    values = np.asarray(values)
    top = NORTH + len(values) * cell
    return Raster(values, (cell, 0, EAST, 0, -cell, top), more.pop("crs", CRS), **more)


def zones(*boxes, crs=CRS):
    shapes = [
        one if one is None else box(one[0] + EAST, one[1] + NORTH, one[2] + EAST, one[3] + NORTH)
        for one in boxes
    ]
    ids = pd.Index([f"Z{n}" for n in range(1, len(boxes) + 1)], name="zone_id")
    return gpd.GeoDataFrame(geometry=shapes, index=ids, crs=crs)


@pytest.fixture
def slope():
    """Return two rows of three cells of 10 m.

    10  20  30
    40  50  60
    """
    return raster(
        [[10.0, 20.0, 30.0], [40.0, 50.0, 60.0]], name="slope", unit="degree", kind="density"
    )


def test_parts_of_cells_count_as_parts(slope):
    found = zonal(zones((0, 0, 15, 10), (5, 5, 15, 15)), slope, ["mean", "min", "max"])
    assert found.table["mean"].tolist() == pytest.approx([(40 + 25) / 1.5, 30])
    assert found.table["min"].tolist() == [40, 10]
    assert found.table["max"].tolist() == [50, 50]
    assert found.table["cells"].tolist() == [1.5, 1.0]
    assert found.table["covered_share"].tolist() == [1.0, 1.0]
    assert found.method == "exactextract, exact cell coverage"
    assert (
        str(found)
        == "mean, min, max of slope (degree) in 2 of 2 zones; exactextract, exact cell coverage"
    )


def test_a_sliver_within_one_cell_has_its_value(slope):
    assert zonal(zones((21, 1, 21.1, 9)), slope).table["mean"].tolist() == pytest.approx([60])


def test_amounts_are_added_by_share(slope):
    people = raster([[8, 4], [0, 100]], kind="count")
    found = zonal(zones((0, 10, 10, 20), (5, 0, 15, 20), (0, 0, 20, 20)), people)
    assert found.table["sum"].tolist() == pytest.approx([8, 56, 112])
    assert found.statistics == ("sum",)


@pytest.mark.parametrize(
    ("kind", "statistic", "code"),
    [
        ("density", "sum", "statistic_meaningless"),
        ("count", "mean", "statistic_meaningless"),
        ("category", "mean", "statistic_meaningless"),
        ("density", "share", "statistic_meaningless"),
        ("density", "average", "unknown_statistic"),
        ("density", "total", "unit_not_per_area"),
        ("heights", "mean", "unknown_kind"),
        (None, "sum", "kind_missing"),
        (None, (), "kind_missing"),
    ],
)
def test_meaningless_statistics_are_refused_with_the_way_out(kind, statistic, code):
    with pytest.raises(InputError) as fault:
        zonal(zones((0, 0, 10, 10)), raster([[1.0]], name="grid", unit="m"), statistic, kind)
    assert fault.value.code == code
    assert fault.value.fix


def test_levels_need_no_kind():
    assert zonal(zones((0, 0, 10, 10)), raster([[3.0]]), "mean").table["mean"].tolist() == [3.0]


@pytest.mark.parametrize(
    ("unit", "factor"), [("people/km2", 1e-6), ("people per ha", 1e-4), ("人/公顷", 1e-4)]
)
def test_a_total_is_the_density_times_the_ground(unit, factor):
    found = zonal(zones((0, 0, 15, 10)), raster([[2.0, 4.0]], unit=unit, kind="density"), "total")
    assert found.table["total"].tolist() == pytest.approx([(2 * 100 + 4 * 50) * factor])


def test_cells_without_value_are_left_out_and_said():
    holes = raster([[1.0, -9999.0], [np.nan, 3.0]], nodata=-9999.0, kind="density")
    found = zonal(zones((0, 0, 20, 20), (10, 10, 20, 20), (500, 0, 510, 10), None), holes)
    assert found.table["mean"].tolist()[0] == 2.0
    assert np.isnan(found.table["mean"].to_numpy()[1:]).all()
    assert found.table["covered_share"].tolist() == [0.5, 0, 0, 0]
    assert found.table["reason"].tolist() == ["", "no data there", "outside the raster", "no area"]
    assert any("down to 50.0%: Z1" in note for note in found.notes)


def test_outside_is_no_zero_for_amounts():
    found = zonal(zones((0, 0, 10, 10), (500, 0, 510, 10)), raster([[7]], kind="count"))
    assert found.table["sum"].tolist()[0] == 7
    assert np.isnan(found.table["sum"].tolist()[1])


def test_classes_have_share_and_area():
    cover = raster(np.array([[1, 1, 2], [3, 2, 2]], dtype=np.uint8), kind="category")
    found = zonal(zones((0, 0, 30, 20), (25, 0, 30, 20)), cover, ("share", "majority", "variety"))
    assert found.classes.to_dict("list") == {
        "zone_id": ["Z1", "Z1", "Z1", "Z2"],
        "class": ["1", "2", "3", "2"],
        "share": pytest.approx([1 / 3, 1 / 2, 1 / 6, 1]),
        "area_m2": pytest.approx([200, 300, 100, 100]),
    }
    assert found.table["majority"].tolist() == [2, 2]
    assert found.table["variety"].tolist() == [3, 1]


def test_in_degrees_classes_have_their_ground_on_the_ellipsoid():
    high = Raster(
        np.ones((40, 8), dtype=np.uint8), (0.5, 0, 100, 0, -0.5, 70), "EPSG:4326", kind="category"
    )
    zone = gpd.GeoDataFrame(geometry=[box(101, 55, 103, 65)], index=["Z"], crs="EPSG:4326")
    found = zonal(zone, high)
    along_parallels = zone.geometry.segmentize(0.001).to_numpy()  # geodesics are no parallels
    exact = ellipsoidal_area(along_parallels, zone.crs)[0]
    assert found.classes["area_m2"].sum() == pytest.approx(exact, rel=1e-7)


def test_weights_by_area_follow_the_cells_in_degrees():
    values = np.repeat(np.arange(40.0)[:, None], 4, axis=1)
    high = Raster(values, (1, 0, 100, 0, -1, 70), "EPSG:4326", kind="density", name="warmth")
    zone = gpd.GeoDataFrame(geometry=[box(100, 40, 104, 70)], index=["Z"], crs="EPSG:4326")
    plain, weighed = zonal(zone, high), zonal(zone, high, weights="area")
    assert plain.table["mean"].iloc[0] == pytest.approx(14.5)
    ground = ellipsoidal_area(
        np.array([box(100, 69 - k, 101, 70 - k).segmentize(0.001) for k in range(30)]), zone.crs
    )
    assert weighed.table["mean"].iloc[0] == pytest.approx(
        np.average(np.arange(30), weights=ground), rel=1e-7
    )
    assert any("differs by" in note and "weights" in note for note in plain.notes)
    with pytest.raises(InputError, match="median cannot be weighed"):
        zonal(zone, high, "median", weights="area")


def test_web_mercator_tells_means_but_no_ground():
    flat = raster([[1.0, 2.0]], crs="EPSG:3857", unit="people/ha", kind="density")
    zone = zones((0, 0, 20, 10), crs="EPSG:3857")
    assert zonal(zone, flat).table["mean"].tolist() == [1.5]
    with pytest.raises(CRSError, match="ground"):
        zonal(zone, flat, "total")
    cover = raster(np.array([[1, 2]]), crs="EPSG:3857", kind="category")
    assert zonal(zone, cover).classes["area_m2"].isna().all()


def test_south_up_grids_are_read_the_right_way_round():
    upright = raster([[1.0, 2.0], [3.0, 4.0]], kind="density")
    turned = Raster(
        np.array([[3.0, 4.0], [1.0, 2.0]]), (10, 0, EAST, 0, 10, NORTH), CRS, kind="density"
    )
    zone = zones((0, 10, 10, 20), (5, 0, 20, 15))
    pd.testing.assert_frame_equal(zonal(zone, upright).table, zonal(zone, turned).table)


def test_zones_are_brought_to_the_raster_with_their_edges_straight():
    """A long edge is bent in another CRS: corners alone would miss hectares."""
    ramp = np.add.outer(np.arange(220.0), np.zeros(230))
    grid = Raster(ramp, (0.02, 0, 111, 0, -0.02, 25), "EPSG:4490", kind="density", name="ramp")
    ring = [(470_000, 2_400_000), (700_000, 2_400_000), (700_000, 2_600_000), (470_000, 2_600_000)]
    coarse = gpd.GeoDataFrame(geometry=[Polygon(ring)], index=["Z"], crs=CRS)
    fine = coarse.set_geometry(coarse.segmentize(100))
    found, exact = zonal(coarse, grid), zonal(fine, grid)
    corners = zonal(coarse.to_crs("EPSG:4490"), grid)
    assert found.table["mean"].iloc[0] == pytest.approx(exact.table["mean"].iloc[0], abs=0.01)
    assert found.table["cells"].iloc[0] == pytest.approx(exact.table["cells"].iloc[0], rel=1e-4)
    assert abs(corners.table["mean"].iloc[0] - exact.table["mean"].iloc[0]) > 0.05
    assert any("brought from EPSG:4547 to EPSG:4490" in note for note in found.notes)


def test_a_raster_that_has_nothing_here_is_an_error():
    with pytest.raises(InputError) as fault:
        zonal(zones((500, 500, 510, 510)), raster([[1.0]]), "mean")
    assert fault.value.code == "raster_apart"
    with pytest.raises(InputError) as fault:
        zonal(zones((0, 0, 10, 10)), raster([[-1.0]], nodata=-1.0), "mean")
    assert fault.value.code == "raster_empty"


def test_no_zones_give_no_rows():
    assert len(zonal(zones(), raster([[1.0]]), "mean").table) == 0
    assert len(zonal(zones(), raster([[1]], kind="category")).classes) == 0


def test_zones_need_ids_and_a_crs():
    twice = zones((0, 0, 1, 1), (0, 0, 2, 2)).set_index(pd.Index(["A", "A"]))
    with pytest.raises(InputError, match="ids occur twice: A"):
        zonal(twice, raster([[1.0]]), "mean")
    with pytest.raises(CRSError, match="no coordinate reference system"):
        zonal(zones((0, 0, 1, 1), crs=None), raster([[1.0]]), "mean")


def test_order_of_zones_and_overlaps_change_nothing(slope):
    several = zones((0, 0, 15, 10), (5, 5, 15, 15), (0, 0, 30, 20), (3, 3, 28, 19))
    there, back = zonal(several, slope).table, zonal(several.iloc[::-1], slope).table
    pd.testing.assert_frame_equal(there, back.iloc[::-1])
