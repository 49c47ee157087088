"""Each finding says how large, how wide, between whom and where; ranges of units lie in units."""

import geopandas as gpd
import numpy as np
import pytest
from shapely import MultiPolygon, Polygon, box

from renewal_geo.quality import CODES, check

CRS = "EPSG:4547"


def layer(shapes, ids=None, **columns):
    ids = [f"p{n}" for n in range(len(shapes))] if ids is None else ids
    return gpd.GeoDataFrame(columns, geometry=shapes, index=ids, crs=CRS)


def only(found, code):
    rows = found.table[found.table["code"] == code]
    assert len(rows) == 1
    return rows.iloc[0]


def test_an_overlap_has_area_width_and_a_point_inside():
    row = only(check(layer([box(0, 0, 50, 50), box(49, 0, 99, 50)])), "overlap")
    assert row["area_m2"] == row["measure"] == pytest.approx(50)
    assert row["width_m"] == pytest.approx(2 * 50 / 102)
    assert 49 < row["x"] < 50
    assert 0 < row["y"] < 50
    assert {row["row_id"], row["other_id"]} == {"p0", "p1"}


def test_a_gap_names_the_two_parcels_that_border_most_on_it():
    shapes = [
        box(0, 0, 100, 50),
        box(0, 50.4, 100, 90),
        box(-20, 0, 0, 90),
        box(100, 0, 120, 90),
    ]
    row = only(check(layer(shapes)), "gap")
    assert {row["row_id"], row["other_id"]} == {"p0", "p1"}
    assert row["area_m2"] == pytest.approx(40)
    assert row["width_m"] == pytest.approx(2 * 40 / 200.8)


def test_a_parcel_drawn_too_small_leaves_a_gap_all_around():
    """The hole is wide; what lies between its border and the parcel in it is narrow."""
    frame = box(0, 0, 90, 90).difference(box(30, 30, 60, 60))
    row = only(check(layer([frame, box(30.2, 30.2, 59.8, 59.8)])), "gap")
    assert row["area_m2"] == pytest.approx(900 - 29.6**2)


def test_a_parcel_shifted_leaves_overlaps_and_gaps():
    cells = [box(30 * i, 30 * j, 30 * i + 30, 30 * j + 30) for i in range(3) for j in range(3)]
    cells[4] = box(30.2, 30.3, 60.2, 60.3)
    counts = check(layer(cells), tests=["overlap", "gap"]).counts
    assert counts.to_dict() == {"overlap": 3, "gap": 1}


def test_a_spike_is_measured_by_the_ground_that_it_takes():
    thorn = Polygon([(0, 0), (50, 0), (50, 24.99), (60, 25), (50, 25.01), (50, 50), (0, 50)])
    row = only(check(layer([thorn])), "spike")
    assert row["area_m2"] == pytest.approx(0.1)
    assert (row["x"], row["y"]) == (60, 25)


def test_an_unmatched_vertex_says_how_far_it_lies_from_the_edge():
    upper = Polygon([(0, 50), (20, 50.003), (50, 50), (50, 90), (0, 90)])
    row = only(check(layer([box(0, 0, 50, 50), upper])), "unmatched_vertex")
    assert (row["row_id"], row["other_id"]) == ("p1", "p0")
    assert row["width_m"] == pytest.approx(0.003)


def test_an_invalid_ring_has_its_reason_in_both_languages_and_its_place():
    row = only(check(layer([Polygon([(0, 0), (50, 50), (50, 0), (0, 50)])])), "invalid")
    assert (row["message"], row["message_en"]) == (
        "图形无效：自相交",
        "Invalid ring: Self-intersection",
    )
    assert (row["x"], row["y"]) == (25, 25)


def test_what_concerns_one_parcel_has_the_parcels_own_area():
    row = only(check(layer([MultiPolygon([box(0, 0, 9, 9), box(20, 0, 29, 9)])])), "multipart")
    assert row["area_m2"] == pytest.approx(162)
    assert row["width_m"] == pytest.approx(4.5)


def test_without_metres_there_are_no_areas():
    found = check(layer([box(0, 0, 1, 1), box(0, 0, 1, 1)]).set_crs(4326, allow_override=True))
    row = only(found, "duplicate_geometry")
    assert np.isnan([row["area_m2"], row["width_m"]]).all()


@pytest.mark.parametrize("kind", ["demolition", "拆除范围"])
def test_a_demolition_range_must_lie_in_its_unit(kind):
    parcels = layer([box(0, 0, 50, 50)], unit_id=["U1"])
    units = layer(
        [box(0, 0, 60, 60), box(10, 10, 70, 50), box(100, 0, 150, 50), box(110, 10, 120, 20)],
        ids=["U1", "U1", "U2", "U2"],
        range_kind=["unit", kind, None, kind],
    )
    row = only(check(parcels, units=units), "outside_unit")
    assert (row["table"], row["row_id"], row["row_number"]) == ("units", "U1", -1)
    assert row["area_m2"] == pytest.approx(400)
    assert row.geometry.equals(box(60, 10, 70, 50))


def test_a_parcel_is_held_against_its_units_own_range():
    parcels = layer([box(0, 0, 50, 50), box(0, 50, 50, 90)], unit_id=["U1", "U1"])
    units = layer(
        [box(0, 0, 50, 60), box(0, 0, 50, 40)], ids=["U1", "U1"], range_kind=["", "demolition"]
    )
    row = only(check(parcels, units=units), "outside_unit")
    assert (row["row_id"], row["area_m2"]) == ("p1", pytest.approx(1500))


def test_three_copies_are_two_duplicates_of_one():
    found = check(layer([box(0, 0, 9, 9)] * 3, ids=["c", "a", "b"])).table
    rows = found[found["code"] == "duplicate_geometry"]
    assert list(zip(rows["row_id"], rows["other_id"], strict=True)) == [("b", "a"), ("c", "a")]
    assert "overlap" not in set(found["code"])


def test_every_code_has_a_severity_and_a_place_in_the_order():
    assert len(set(CODES)) == len(CODES) == 23
