"""Each test of a drawing, on a drawing made for it."""

import geopandas as gpd
import numpy as np
import pytest
from shapely import LineString, MultiPolygon, Point, Polygon, box

from renewal_geo.foundation.errors import InputError
from renewal_geo.quality import check, repair

CRS = "EPSG:4547"


def layer(shapes, ids=None, crs=CRS, **columns):
    ids = [f"p{n}" for n in range(len(shapes))] if ids is None else ids
    return gpd.GeoDataFrame(columns, geometry=shapes, index=ids, crs=crs)


def codes(found):
    """Counts by code; that hand-drawn coordinates lie far from China is no news here."""
    return found.table.loc[found.table["code"] != "crs_suspect", "code"].value_counts().to_dict()


BOW_TIE = Polygon([(0, 0), (50, 50), (50, 0), (0, 50)])
PINCHED = Polygon([(0, 0), (50, 0), (50, 50), (0, 50), (0, 0), (12, 10), (10, 12)])


@pytest.mark.parametrize(
    ("shapes", "expected"),
    [
        ([box(0, 0, 50, 50), box(50, 0, 100, 50)], {}),
        ([BOW_TIE], {"invalid": 1}),
        ([PINCHED], {"self_touch": 1}),
        ([None, Polygon()], {"null_geometry": 2}),
        ([Point(1, 1), LineString([(0, 0), (9, 9)])], {"wrong_type": 2}),
        ([MultiPolygon([box(0, 0, 9, 9), box(20, 0, 29, 9)])], {"multipart": 1}),
        ([box(0, 0, 50, 50), box(0, 0, 50, 50)], {"duplicate_geometry": 1}),
        ([box(0, 0, 50, 50), box(49, 0, 99, 50)], {"overlap": 1, "unmatched_vertex": 2}),
        ([box(0, 0, 50, 50), box(50, 0, 50.3, 50)], {"sliver": 1}),
        (
            [Polygon([(0, 0), (50, 0), (50, 24.99), (60, 25), (50, 25.01), (50, 50), (0, 50)])],
            {"spike": 1},
        ),
        ([box(0, 0, 50, 50), box(50, 10, 100, 40)], {"unmatched_vertex": 1}),
    ],
    ids=[
        "sound",
        "bow_tie",
        "pinched",
        "null",
        "wrong",
        "multi",
        "twin",
        "overlap",
        "sliver",
        "spike",
        "vertex",
    ],
)
def test_one_fault_one_finding(shapes, expected):
    assert codes(check(layer(shapes))) == expected


def test_an_enclosed_crack_is_a_gap_and_a_courtyard_is_not():
    ring = box(0, 0, 100, 100).difference(box(40, 40, 40.4, 60))
    court = box(200, 0, 300, 100).difference(box(240, 40, 260, 60))
    found = check(layer([ring, court]))
    assert codes(found) == {"gap": 1}
    gap = found.table[found.table["code"] == "gap"].iloc[0]
    assert gap["measure"] == pytest.approx(8.0)


def test_overlap_says_how_much_and_with_whom():
    found = check(layer([box(0, 0, 50, 50), box(48, 0, 98, 50)], ids=["a", "b"]))
    row = found.table[found.table["code"] == "overlap"].iloc[0]
    assert {row["row_id"], row["other_id"]} == {"a", "b"}
    assert row["measure"] == pytest.approx(100)
    assert row.geometry.area == pytest.approx(100)


def test_ids_areas_and_values():
    shapes = [box(60 * n, 0, 60 * n + 50, 50) for n in range(4)]
    found = check(
        layer(
            shapes,
            ids=["a", "a", "", "d"],
            recorded_area_m2=[2500, 2600, 2500, np.nan],
            built_year=[1990, 1026, 2001, np.nan],
        )
    )
    assert codes(found) == {
        "duplicate_id": 1,
        "missing_id": 1,
        "area_mismatch": 1,
        "suspicious_value": 1,
    }


def test_district_barriers_and_units():
    parcels = layer([box(0, 0, 50, 50), box(500, 0, 550, 50)], unit_id=["U1", None])
    district = layer([box(-10, -10, 100, 100)])
    barriers = layer([LineString([(25, -5), (25, 55)])], kind=["railway"], width_m=[10.0])
    units = layer([box(0, 0, 50, 30)], ids=["U1"])
    found = check(parcels, district=district, barriers=barriers, units=units)
    assert codes(found) == {"outside_district": 1, "crossed_by_barrier": 1, "outside_unit": 1}
    assert not found.skipped or all(code not in codes(found) for code, _ in found.skipped)


@pytest.mark.parametrize(
    ("crs", "code"), [(None, "crs_missing"), (4326, "crs_geographic"), (3857, "crs_web_mercator")]
)
def test_without_a_metric_crs_the_rest_is_still_tested(crs, code):
    found = check(layer([Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]), None], crs=crs))
    assert {code, "invalid", "null_geometry"} <= set(codes(found))
    assert "overlap" in dict(found.skipped)


def test_mojibake_is_suspected():
    found = check(layer([box(0, 0, 50, 50)], tenure=["¹úÓÐ"]))
    assert codes(found) == {"encoding_doubt": 1}


def test_order_of_rows_does_not_matter():
    parcels = layer(
        [box(0, 0, 50, 50), box(49, 0, 99, 50), BOW_TIE, None, box(0, 0, 50, 50)], ids=list("abcde")
    )
    one = check(parcels).table.drop(columns=["geometry", "row_number"])
    two = check(parcels.iloc[::-1]).table.drop(columns=["geometry", "row_number"])
    assert one.equals(two)


def test_unknown_tests_are_refused():
    with pytest.raises(InputError, match="unknown tests"):
        check(layer([box(0, 0, 1, 1)]), tests=["overlaps"])


def test_repair_mends_what_is_safe_and_leaves_the_rest():
    parcels = layer(
        [
            box(100, 0, 150, 50),
            box(100, 0, 150, 50),
            BOW_TIE,
            None,
            box(200, 0, 250, 50),
            box(249, 0, 299, 50),
        ],
        ids=["a", "a", "bow", "none", "", "e"],
    )
    mended = repair(parcels, check(parcels))
    assert sorted(mended.table.index) == ["a", "auto-1", "bow", "e"]
    assert sorted(mended.dropped.index) == ["a", "none"]
    assert mended.table.geometry.is_valid.all()
    assert mended.table.geometry["bow"].area == pytest.approx(1250)
    assert set(mended.left["code"]) == {"crs_suspect", "overlap", "unmatched_vertex"}
    assert len(parcels) == 6


def test_rows_that_differ_in_an_attribute_are_left_for_a_person():
    parcels = layer([box(0, 0, 50, 50)] * 2, ids=["a", "b"], tenure=["国有", "集体"])
    mended = repair(parcels, check(parcels))
    assert len(mended.table) == 2
    assert [c for c in mended.left["code"] if c != "crs_suspect"] == ["duplicate_geometry"]


def test_unsafe_repairs_are_refused():
    parcels = layer([box(0, 0, 50, 50), box(49, 0, 99, 50)])
    with pytest.raises(InputError, match="cannot be mended"):
        repair(parcels, check(parcels), codes=["multipart"])
