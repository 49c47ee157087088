"""What each repair does, what it writes down, and when it leaves the answer to a person."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely import LineString, Polygon, box

from renewal_geo.foundation.errors import InputError
from renewal_geo.quality import check, repair

CRS = "EPSG:4547"
X, Y = 500_000.0, 2_500_000.0


def rect(x0, y0, x1, y1):
    return box(X + x0, Y + y0, X + x1, Y + y1)


def ring(*points):
    return Polygon([(X + x, Y + y) for x, y in points])


def layer(shapes, ids=None, **columns):
    ids = [f"p{n}" for n in range(len(shapes))] if ids is None else ids
    return gpd.GeoDataFrame(columns, geometry=shapes, index=ids, crs=CRS)


def mended(parcels, *codes, **limits):
    return repair(parcels, check(parcels), codes=codes, **limits)


def areas(fixed):
    return fixed.table.geometry.area.to_dict()


def why(fixed, code):
    return fixed.left.loc[fixed.left["code"] == code, "why"].tolist()


THIN = [rect(0, 0, 50, 50), rect(49.8, 0, 150, 50)]


def test_nothing_moves_that_was_not_asked_for():
    fixed = mended(layer(THIN), "safe")
    assert fixed.table.geometry.geom_equals_exact(layer(THIN).geometry, 0.0).all()
    assert not len(fixed.log)
    assert why(fixed, "overlap") == ["not asked for"]


def test_the_larger_parcel_gives_a_thin_overlap_up():
    fixed = mended(layer(THIN), "overlap")
    assert areas(fixed) == pytest.approx({"p0": 2500, "p1": 5000})
    given = fixed.log[fixed.log["action"] == "overlap given up"].iloc[0]
    assert (given["row_id"], given["other_id"]) == ("p1", "p0")
    assert given["delta_m2"] == pytest.approx(-10)
    assert given["max_move_m"] == pytest.approx(0.2)
    assert given["vertices_moved"] == 4
    assert given["finding_id"] == "overlap-0001"
    assert not len(fixed.left)


def test_recorded_areas_decide_where_they_speak_clearly():
    fixed = mended(layer(THIN, recorded_area_m2=[2490.0, 5010.0]), "overlap")
    assert areas(fixed) == pytest.approx({"p0": 2490, "p1": 5010})
    vague = mended(layer(THIN, recorded_area_m2=[2490.0, 5000.0]), "overlap")
    assert areas(vague) == pytest.approx({"p0": 2500, "p1": 5000})


@pytest.mark.parametrize(
    ("shapes", "limits", "reason"),
    [
        (THIN, {"max_width_m": 0.1}, "wider than 0.1 m: a person must decide"),
        (THIN, {"max_m2": 9.0}, "larger than 9 m²: a person must decide"),
        (
            [rect(0, 0, 50, 50), rect(49.8, 0, 51, 50)],
            {},
            "more than a tenth of a parcel: a person must say whose it is",
        ),
        (
            [*THIN, rect(49.7, 0, 49.9, 10)],
            {},
            "three parcels claim the same ground",
        ),
        (
            [rect(0, 0, 50, 50), rect(24.9, -20, 25.1, 70)],
            {"max_width_m": 1.0},
            "more than a tenth of a parcel: a person must say whose it is",
        ),
    ],
    ids=["wide", "large", "most", "three", "across"],
)
def test_overlaps_that_are_a_persons(shapes, limits, reason):
    parcels = layer(shapes)
    fixed = mended(parcels, "overlap", **limits)
    assert reason in why(fixed, "overlap")
    assert fixed.table.geometry.geom_equals_exact(parcels.geometry, 0.0).iloc[0]


def test_a_new_corner_is_put_into_every_border_that_it_lies_on():
    """The border of p1 moves along p2's, which gets the corner: no vertex is left unmatched."""
    fixed = mended(layer([*THIN, rect(50, 50, 150, 90)]), "overlap")
    assert "unmatched_vertex" not in fixed.left["code"].tolist()
    assert check(fixed.table, tests=["overlap", "unmatched_vertex", "gap"]).table.empty


CRACKED = [
    rect(0, 0, 50, 50),
    ring((50, 0), (90, 0), (90, 50), (50, 50), (50.3, 40), (50.3, 10)),
]


def test_a_crack_goes_to_the_larger_neighbour():
    fixed = mended(layer(CRACKED), "gap")
    crack = 50 * 40 - CRACKED[1].area
    assert areas(fixed) == pytest.approx({"p0": 2500 + crack, "p1": 2000 - crack})
    assert fixed.log["delta_m2"].sum() == pytest.approx(crack)
    assert not len(fixed.left)
    to_other = mended(layer(CRACKED, recorded_area_m2=[2500.0, 2000.0]), "gap")
    assert areas(to_other) == pytest.approx({"p0": 2500, "p1": 2000})


def test_a_wide_gap_is_left():
    fixed = mended(layer(CRACKED), "gap", max_width_m=0.2)
    assert why(fixed, "gap") == ["wider than 0.2 m: a person must decide"]


THORN = ring((0, 0), (50, 0), (50, 24.99), (60, 25), (50, 25.01), (50, 50), (0, 50))


def test_a_thorn_loses_its_tip():
    fixed = mended(layer([THORN]), "spike")
    assert areas(fixed) == pytest.approx({"p0": 2500})
    move = fixed.moves.iloc[0]
    assert (move["kind"], move["x0"] - X, move["distance_m"]) == (
        "removed",
        60.0,
        pytest.approx(10.0),
    )
    assert isinstance(move.geometry, LineString)


def test_a_sharp_corner_that_a_neighbour_shares_stays():
    wedge = ring((0, 0), (100, 0), (0, 2))
    fixed = mended(layer([wedge, ring((0, 2), (100, 0), (100, 50), (0, 50))]), "spike")
    assert why(fixed, "spike") == ["a neighbour shares this corner: it may be meant"]


def test_an_unmatched_vertex_is_put_into_its_neighbours_edge():
    lower = rect(0, 0, 50, 30)
    upper = [rect(0, 30, 20, 50), ring((20, 30.003), (50, 30), (50, 50), (20, 50))]
    fixed = mended(layer([lower, *upper]), "unmatched_vertex")
    corners = shapely.get_coordinates(fixed.table.geometry["p0"]) - [X, Y]
    assert {(20.0, 30.0), (20.0, 30.003)} & set(map(tuple, corners.round(6).tolist()))
    assert fixed.log["max_move_m"].max() <= 0.003 + 1e-9
    assert check(fixed.table, tests=["unmatched_vertex"]).table.empty


def test_a_sliver_goes_to_a_neighbour_of_the_same_attributes_only():
    shapes = [rect(0, 0, 50, 50), rect(50, 0, 50.3, 50), rect(50.3, 0, 90, 50)]
    alike = mended(layer(shapes, use=["M1"] * 3), "sliver")
    assert areas(alike) == pytest.approx({"p0": 2515, "p2": 1985})
    assert alike.dropped["dropped_because"].tolist() == ["sliver given to p0"]
    assert alike.log["delta_m2"].sum() == pytest.approx(0)
    other = mended(layer(shapes, use=["M1", "G1", "R2"]), "sliver")
    assert why(other, "sliver") == ["its attributes differ from the parcel with the longest border"]


def test_faults_that_a_repair_lays_bare_are_mended_in_the_same_pass():
    bow = ring((0, 0), (50, 50), (50, 0), (0, 50))
    parcels = layer([bow, rect(49.8, -10, 150, 60)])
    assert "overlap" not in check(parcels).counts
    fixed = mended(parcels, "safe", "overlap")
    assert fixed.log["code"].unique().tolist() == ["invalid", "overlap"]
    assert check(fixed.table, tests=["overlap"]).table.empty


def test_a_fault_that_is_not_among_the_findings_is_not_ours():
    parcels = layer([*THIN, *(shapely.affinity.translate(s, 0, 500) for s in THIN)])
    found = check(parcels)
    one = found.table[found.table["finding_id"] != "overlap-0002"]
    listed = type(found)(
        one, found.counts, (), found.rows, found.provenance, found.parameters, found.others
    )
    fixed = repair(parcels, listed, codes=["overlap"])
    assert set(fixed.log["finding_id"]) == {"overlap-0001"}
    assert why(fixed, "overlap") == ["not among the findings"]


def test_before_and_after_hold_the_changed_parcels_only():
    fixed = mended(layer([*THIN, rect(300, 0, 340, 40)]), "overlap")
    assert fixed.before.index.tolist() == fixed.after.index.tolist() == ["p1"]
    assert fixed.before.geometry["p1"].equals(THIN[1])
    assert fixed.after.geometry["p1"].equals(fixed.table.geometry["p1"])
    assert fixed.moves.crs == fixed.before.crs == fixed.table.crs


@pytest.mark.parametrize(
    ("parcels", "codes", "limits", "code"),
    [
        (layer(THIN), ["multipart"], {}, "unsafe_repair"),
        (layer(THIN), ["overlap"], {"max_m2": -1.0}, "negative_limit"),
        (layer(THIN), ["overlap"], {"max_width_m": np.nan}, "negative_limit"),
        (layer(THIN).set_crs(None, allow_override=True), ["overlap"], {}, "needs_metres"),
    ],
)
def test_meaningless_repairs_are_refused(parcels, codes, limits, code):
    with pytest.raises(InputError) as caught:
        repair(parcels, check(parcels), codes=codes, **limits)
    assert caught.value.code == code
    assert caught.value.fix


def test_findings_of_another_layer_are_refused():
    with pytest.raises(InputError, match="another|rows"):
        repair(layer(THIN), check(layer(THIN[:1])))


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_a_corner_that_is_no_number_is_reported_and_left_to_a_person(broken):
    corners = np.array([[X, Y], [X + 10, Y], [X + 10, broken], [X, Y + 10], [X, Y]])
    with np.errstate(invalid="ignore"):
        parcels = layer([rect(10, 0, 20, 10), shapely.polygons(corners)])
    found = check(parcels)
    assert found.table["code"].tolist() == ["invalid"]
    fixed = repair(parcels, found)
    assert fixed.table.index.tolist() == ["p0", "p1"]
    assert why(fixed, "invalid") == ["needs a person's decision"]
