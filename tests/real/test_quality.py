"""What is known of real layers is found in them, and repairs keep their books there too.

The figures are those measured beforehand with plain overlay: an overlap is the sum of areas less the area of the
union, all made valid. Findings count pairs, so ground that three claim counts three times, and pairs below
0.01 m2 not at all.
"""

import pytest
import shapely

from renewal_geo.io import open_layer
from renewal_geo.quality import SAFE_CODES, check, repair
from renewal_geo.quality.border_repairs import BORDER_CODES

EVERYTHING = (*SAFE_CODES, *BORDER_CODES)


def opened(path, crs=None, own=None):
    parcels, _ = open_layer(path)
    if own:
        parcels = parcels.set_crs(own)
    return parcels if crs is None else parcels.to_crs(crs)


def overlap(found):
    return found.table.loc[found.table["code"] == "overlap", "area_m2"].sum()


@pytest.mark.parametrize(
    ("path", "crs", "counts", "overlap_m2", "tolerance"),
    [
        ("philadelphia/parcels.shp", 32618, {"duplicate_geometry": 19}, 0.0, 0.0),
        ("taiwan_zoning/H0102_nankan.geojson", None, {"overlap": 129}, 1535.0, 0.1),
        ("taiwan_zoning/F0116_tucheng_dingpu.geojson", None, {"overlap": 2}, 0.08, 0.01),
        (
            "wuxi_xinwu/xinwu_water_osm.gpkg",
            None,
            {"duplicate_geometry": 1, "overlap": 3},
            12.6,
            0.1,
        ),
        ("wuxi_xinwu/xinwu_land_use.gpkg", None, {"overlap": 0}, 0.0, 0.0),
        ("seoul_gangnam/Parcels.shp", None, {"overlap": 211}, 10.9, 0.5),
        ("shenzhen/SZ_TAZ_3857.shp", 32650, {"overlap": 517}, 531_407.0, 25.0),
        ("dirty/topology/ex1_yemen.json", 32638, {"overlap": 1}, 2470.0, 2.0),
        ("dirty/topology/ex5_three_precincts.json", 32611, {"overlap": 2}, 751.0, 2.0),
    ],
)
def test_known_faults_are_found(real_data, path, crs, counts, overlap_m2, tolerance):
    found = check(opened(real_data / path, crs))
    assert {code: int(found.counts.get(code, 0)) for code in counts} == counts
    assert overlap(found) == pytest.approx(overlap_m2, abs=tolerance)


def test_overlaps_are_those_of_a_plain_overlay(real_data):
    parcels = opened(real_data / "taiwan_zoning/H0102_nankan.geojson")
    shapes = parcels.geometry.to_numpy()
    assert overlap(check(parcels)) == pytest.approx(
        shapely.area(shapes).sum() - shapely.union_all(shapes).area, abs=0.06
    )


def test_of_a_layer_with_copies_each_copy_is_told_and_its_ground_is_no_overlap(real_data):
    parcels = opened(real_data / "philadelphia/parcels.shp", 32618)
    found = check(parcels).table
    copies = found[found["code"] == "duplicate_geometry"]
    shapes = parcels.geometry.to_numpy()
    twice = shapely.area(shapes).sum() - shapely.union_all(shapes).area
    assert copies["area_m2"].sum() == pytest.approx(twice, abs=1e-3)
    assert twice == pytest.approx(6257, abs=1)


@pytest.mark.parametrize("path", ["philadelphia/parcels.shp", "shenzhen/SZ_TAZ_3857.shp"])
def test_areas_are_not_measured_in_feet_or_web_mercator(real_data, path):
    found = check(opened(real_data / path))
    assert {"overlap", "gap", "sliver"} <= set(dict(found.skipped))
    assert found.table["area_m2"].isna().all()


def test_cambridge(real_data):
    path = real_data / "cambridge_ma/ASSESSING_ParcelsFY2014.topojson"
    bare = check(opened(path))
    assert bare.counts["invalid"] + bare.counts["self_touch"] == 37
    assert bare.counts["null_geometry"] == 1
    parcels = opened(path, 32619, own=4326)
    fixed = repair(parcels, check(parcels))
    assert fixed.table.geometry.is_valid.all()
    assert overlap(check(fixed.table)) == pytest.approx(
        6872, abs=3
    )  # the file's faults hid most of it


@pytest.mark.parametrize(
    ("path", "crs", "own"),
    [
        ("cambridge_ma/ASSESSING_ParcelsFY2014.topojson", 32619, 4326),
        ("taiwan_zoning/F0116_tucheng_dingpu.geojson", None, None),
        ("seoul_gangnam/Parcels.shp", None, None),
        ("philadelphia/parcels.shp", 32618, None),
    ],
)
def test_repairs_close_their_books_and_come_to_rest(real_data, path, crs, own):
    parcels = opened(real_data / path, crs, own)
    fixed = repair(parcels, check(parcels), codes=EVERYTHING)
    change = fixed.area_after_m2 - fixed.area_before_m2
    assert fixed.log["delta_m2"].sum() == pytest.approx(change, abs=1e-6)
    assert fixed.table.geometry.is_valid.all()
    assert (fixed.left["why"] != "").all()
    again = repair(fixed.table, check(fixed.table), codes=EVERYTHING)
    assert len(again.log) == 0
