"""Change between two versions: worked by hand, one kind of change at a time."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import MultiPolygon, Polygon, box

from renewal_geo.foundation.errors import CRSError, InputError
from renewal_geo.ledger import compare

CRS = "EPSG:4547"
A, B, C = box(0, 0, 100, 100), box(100, 0, 200, 100), box(200, 0, 300, 100)


def layer(shapes, **columns):
    index = pd.Index(list(shapes), name="parcel_id")
    return gpd.GeoDataFrame(columns, geometry=list(shapes.values()), index=index, crs=CRS)


def kinds(found):
    """(version, id) -> (kind, cause)."""
    rows = found.table.to_dict("records")
    return {(row["version"], row["id"]): (row["kind"], row["cause"]) for row in rows}


def row(found, name, version="after"):
    table = found.table
    return table[(table["id"] == name) & (table["version"] == version)].iloc[0]


def test_a_version_compared_with_itself_is_the_same_throughout():
    fabric = layer({"a": A, "b": B, "c": C})
    found = compare(fabric, fabric)
    assert set(found.table["kind"]) == {"same"}
    assert set(found.table["cause"]) == {"unchanged"}
    assert not found.table["needs_reason"].any()
    assert (found.flows["closing_m2"].abs() < 1e-6).all()
    assert len(found.lost) == len(found.gained) == 0


def test_start_vertex_direction_and_wrapping_are_no_change():
    turned = Polygon([(100, 100), (100, 0), (0, 0), (0, 100)])
    found = compare(layer({"a": A}), layer({"a": MultiPolygon([turned])}))
    assert kinds(found) == {("after", "a"): ("same", "unchanged")}


def test_a_vertex_on_the_old_border_is_redrawing():
    found = compare(
        layer({"a": A}), layer({"a": Polygon([(0, 0), (50, 0), (100, 0), (100, 100), (0, 100)])})
    )
    assert kinds(found) == {("after", "a"): ("same", "redrawn_same_border")}


def test_split_and_merge_name_parents_and_children():
    found = compare(
        layer({"a": A, "b": B, "c": C}),
        layer({"a1": box(0, 0, 60, 100), "a2": box(60, 0, 100, 100), "bc": box(100, 0, 300, 100)}),
    )
    assert kinds(found) == {
        ("after", "a1"): ("split", "split"),
        ("after", "a2"): ("split", "split"),
        ("after", "bc"): ("merged", "merged"),
    }
    assert row(found, "a1")["predecessors"] == ("a",)
    assert row(found, "a1")["successors"] == ("a1", "a2")
    assert row(found, "bc")["predecessors"] == ("b", "c")
    fates = found.fates.set_index("id")
    assert fates["kind"].to_dict() == {"a": "split", "b": "merged", "c": "merged"}
    assert fates.loc["b", "predecessors"] == ("b", "c")
    assert fates.loc["b", "successors"] == ("bc",)
    split = row(found, "a1")
    assert (split["group_before_m2"], split["group_after_m2"]) == (10_000, 10_000)
    assert split["within_tolerance"]
    assert not split["needs_reason"]
    links = found.links[found.links["kin"]].set_index(["before_id", "after_id"])
    assert links.loc[("a", "a1"), "shared_m2"] == pytest.approx(6000)
    assert links.loc[("a", "a1"), "share_of_before"] == pytest.approx(0.6)
    assert links.loc[("a", "a1"), "share_of_after"] == pytest.approx(1.0)


def test_two_that_became_two_others_are_recombined():
    found = compare(
        layer({"a": A, "b": B}), layer({"n": box(0, 50, 200, 100), "s": box(0, 0, 200, 50)})
    )
    assert set(found.table["kind"]) == {"split_and_merged"}
    assert row(found, "n")["predecessors"] == ("a", "b")
    assert found.table["group"].nunique() == 1


def test_what_is_new_and_what_is_gone_needs_a_reason():
    found = compare(layer({"a": A, "b": B}), layer({"a": A, "c": C}))
    assert kinds(found) == {
        ("after", "a"): ("same", "unchanged"),
        ("after", "c"): ("new", "added"),
        ("before", "b"): ("gone", "removed"),
    }
    assert found.table.set_index("id")["needs_reason"].to_dict() == {
        "a": False, "b": True, "c": True,
    }  # fmt: skip
    assert found.lost["area_m2"].to_dict() == {"b": pytest.approx(10_000)}
    assert found.gained["area_m2"].to_dict() == {"c": pytest.approx(10_000)}
    assert found.totals.loc["before", "apart_m2"] == pytest.approx(10_000)


def test_a_strip_that_changes_hands_moves_the_border_and_splits_nothing():
    """3 m of 100 m go from b to a: 3 % of either, below min_share."""
    found = compare(
        layer({"a": A, "b": B}), layer({"a": box(0, 0, 103, 100), "b": box(103, 0, 200, 100)})
    )
    assert kinds(found) == {
        ("after", "a"): ("reshaped", "boundary_moved"),
        ("after", "b"): ("reshaped", "boundary_moved"),
    }
    assert row(found, "a")["change_m2"] == pytest.approx(300)
    assert row(found, "a")["change_share"] == pytest.approx(0.03)
    assert row(found, "a")["needs_reason"]
    assert "300.0 m² changed hands" in " ".join(found.notes)
    # the same strip under a smaller threshold is descent
    strict = compare(
        layer({"a": A, "b": B}),
        layer({"a": box(0, 0, 103, 100), "b": box(103, 0, 200, 100)}),
        min_share=0.01,
    )
    assert row(strict, "a")["predecessors"] == ("a", "b")


def test_a_feature_that_shrinks_has_moved_its_border():
    """All that moved is on the side of the earlier version."""
    found = compare(layer({"a": A}), layer({"a": box(0, 0, 98, 100)}))
    assert kinds(found) == {("after", "a"): ("reshaped", "boundary_moved")}
    assert row(found, "a")["moved_m2"] == pytest.approx(0)
    assert found.fates.loc[0, "moved_m2"] == pytest.approx(200)


def test_slivers_of_redigitising_are_an_of_which():
    """0.1 m of 100 m: 0.1 % of the area, all in a sliver, and no split."""
    found = compare(
        layer({"a": A, "b": B}), layer({"a": box(0, 0, 100.1, 100), "b": box(100.1, 0, 200, 100)})
    )
    assert kinds(found)[("after", "a")] == ("reshaped", "redrawn_same_border")
    assert row(found, "a")["moved_sliver_m2"] == pytest.approx(10)
    assert not row(found, "a")["within_tolerance"]
    wide = compare(
        layer({"a": A, "b": B}),
        layer({"a": box(0, 0, 100.01, 100), "b": box(100.01, 0, 200, 100)}),
    )
    assert kinds(wide)[("after", "a")] == ("same", "redrawn_same_border")
    assert row(wide, "a")["within_tolerance"]


def test_tiny_features_descend_from_themselves():
    """A kiosk of 0.8 m2 and a wall of 0.3 m are all sliver, and still the same."""
    old = layer({"kiosk": box(0, 0, 0.8, 1), "wall": box(10, 0, 10.3, 50)})
    new = layer({"kiosk": box(0, 0, 0.81, 1), "wall": box(10, 0, 10.3, 50)})
    assert set(compare(old, new).table["kind"]) <= {"same", "reshaped"}


def test_ids_that_change_and_ids_that_wander():
    found = compare(layer({"a": A, "b": B}), layer({"x": A, "a": C}))
    assert kinds(found) == {
        ("after", "x"): ("same", "renamed"),
        ("after", "a"): ("new", "added"),
        ("before", "b"): ("gone", "removed"),
    }
    assert row(found, "x")["renamed"]
    assert any("1 ids name other ground" in note and "a" in note for note in found.notes)


def test_values_are_compared_on_request():
    old = layer({"a": A, "b": B, "c": C}, use=["M1", None, "R2"], far=[1.5, 2.0, np.nan])
    new = layer({"a": A, "b": B, "c": C}, use=["M0", None, "R2"], far=[1.5, 2.5, np.nan])
    found = compare(old, new, columns=["use", "far"])
    assert found.attributes.to_dict("records") == [
        {"before_id": "a", "after_id": "a", "column": "use", "from": "M1", "to": "M0"},
        {"before_id": "b", "after_id": "b", "column": "far", "from": 2.0, "to": 2.5},
    ]
    assert kinds(found)[("after", "a")] == ("same", "attribute_only")
    assert kinds(found)[("after", "c")] == ("same", "unchanged")
    assert not len(compare(old, new).attributes)


def test_reasons_of_a_person_close_the_question():
    old = layer({"a": A, "b": B}, reason=[None, "土地清退/腾挪"])
    new = layer({"a": box(0, 0, 90, 100)}, reason=["国有未出让空地；雨"])
    found = compare(old, new)
    assert row(found, "a")["reason"] == "state_unleased_land; 雨"
    assert row(found, "b", "before")["reason"] == "clearance"
    assert not found.table["needs_reason"].any()
    assert any("雨" in note for note in found.notes)


def test_duplicates_find_one_twin_each():
    """Two identical before, one after: one stays, the surplus one is gone."""
    found = compare(layer({"a": A, "a2": A}), layer({"a2": A}))
    assert kinds(found) == {
        ("after", "a2"): ("same", "unchanged"),
        ("before", "a"): ("gone", "removed"),
    }
    assert any("before overlaps itself" in note for note in found.notes)
    assert (found.flows["closing_m2"].abs() < 1e-6).all()


def test_overlapping_versions_that_are_identical_are_the_same():
    fabric = layer({"a": A, "b": box(50, 0, 150, 100), "c": box(20, 20, 80, 80)})
    found = compare(fabric, fabric)
    assert set(found.table["kind"]) == {"same"}
    assert (found.flows["closing_m2"].abs() < 1e-6).all()


def test_features_without_ground_are_said():
    found = compare(layer({"a": A, "n": None}), layer({"a": A, "n": None, "m": None}))
    assert kinds(found)[("after", "n")] == ("same", "unchanged")
    assert kinds(found)[("after", "m")] == ("new", "added")
    assert "before: 1 rows have no area and share no ground" in found.notes


def test_versions_without_features():
    nothing = layer({})
    assert set(compare(nothing, layer({"a": A})).table["kind"]) == {"new"}
    assert set(compare(layer({"a": A}), nothing).table["kind"]) == {"gone"}
    assert len(compare(nothing, nothing).table) == 0


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"tolerance": 2.0}, "bad_tolerance"),
        ({"min_share": -1.0}, "bad_min_share"),
        ({"columns": ["nothing"]}, "unknown_column"),
    ],
)
def test_what_cannot_be_asked_is_refused(change, code):
    with pytest.raises(InputError) as fault:
        compare(layer({"a": A}), layer({"a": A}), **change)
    assert fault.value.code == code


def test_ids_must_name_one_feature():
    twice = gpd.GeoDataFrame(geometry=[A, B], index=["a", "a"], crs=CRS)
    with pytest.raises(InputError) as fault:
        compare(twice, layer({"a": A}))
    assert fault.value.code == "duplicate_id"
    assert "a" in fault.value.where


def test_versions_in_two_systems_are_refused():
    with pytest.raises(CRSError):
        compare(layer({"a": A}), layer({"a": A}).to_crs("EPSG:4526"))
