"""`ledger.overlay`: columns, ids, books, notes, refusals."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import Point, Polygon, box

from renewal_geo.foundation.errors import CRSError, InputError
from renewal_geo.ledger import overlay, tally

CRS = "EPSG:4547"


def table(shapes, ids, name, **columns):
    return gpd.GeoDataFrame(columns, geometry=shapes, index=pd.Index(ids, name=name), crs=CRS)


@pytest.fixture
def parcels():
    return table(
        [box(0, 0, 10, 10), box(10, 0, 20, 10), box(50, 50, 60, 60)], ["P1", "P2", "P3"], "parcel_id",
        storeys=[3, 5, 7], legal=[True, False, True], area_m2=[1.0, 2.0, 3.0], owner=["a", "b", "c"],
    )  # fmt: skip


@pytest.fixture
def uses():
    return table(
        [box(0, 0, 15, 5), box(0, 5, 15, 10), box(19.7, -5, 30, 15)], ["U1", "U2", "U3"], "use_id",
        code=["M1", "R2", "G1"], owner=["x", "y", "z"],
    )  # fmt: skip


def rows(found, *columns):
    picked = found.table[["left_id", "right_id", *columns]].astype(object)
    return picked.where(picked.notna(), None).to_numpy().tolist()


def test_identity_lists_pieces_and_what_is_left(parcels, uses):
    found = overlay(parcels, uses, how="identity")
    assert [row[:2] for row in rows(found)] == [
        ["P1", "U1"], ["P1", "U2"], ["P2", "U1"], ["P2", "U2"], ["P2", "U3"], ["P2", None], ["P3", None],
    ]  # fmt: skip
    assert found.table["area_m2"].tolist() == pytest.approx([50, 50, 25, 25, 3, 47, 100])
    assert found.table["sliver"].tolist() == [False] * 4 + [True, False, False]
    assert found.right is None
    assert found.left.loc["P2"].to_dict() == pytest.approx(
        {
            "area_m2": 100,
            "pieces_m2": 53,
            "covered_twice_m2": 0,
            "uncovered_m2": 47,
            "closing_m2": 0,
        }
    )


@pytest.mark.parametrize(
    ("how", "pieces", "area"),
    [
        ("intersection", 5, 153),
        ("identity", 7, 300),
        ("union", 8, 300 + 203),
        ("difference", 2, 147),
        ("symmetric_difference", 3, 147 + 203),
    ],
)
def test_how(parcels, uses, how, pieces, area):
    found = overlay(parcels, uses, how)
    assert len(found.table) == pieces
    assert found.table["area_m2"].sum() == pytest.approx(area)
    assert found.left["uncovered_m2"].sum() == pytest.approx(147)
    assert f"{how}: {pieces} pieces" in str(found)


def test_an_intersection_without_books_has_the_same_pieces(parcels, uses):
    bare, full = overlay(parcels, uses, books=False), overlay(parcels, uses)
    assert bare.table.equals(full.table)
    assert bare.left["pieces_m2"].tolist() == full.left["pieces_m2"].tolist()
    assert bare.left["closing_m2"].isna().all()
    assert "no book was asked for" in str(bare)


def test_suffixes_only_where_two_columns_would_be_one(parcels, uses):
    found = overlay(parcels, uses, how="union")
    assert list(found.table.columns) == [
        "left_id", "right_id", "storeys", "legal", "area_m2_left", "owner_left", "code", "owner_right",
        "area_m2", "sliver_m2", "sliver", "geometry",
    ]  # fmt: skip
    assert rows(found, "owner_left", "owner_right")[0] == ["P1", "U1", "a", "x"]
    assert rows(found, "owner_left", "owner_right")[-1] == [None, "U3", None, "z"]


def test_a_suffixed_name_that_is_taken_gets_another(parcels, uses):
    found = overlay(parcels.assign(owner_left="k"), uses, how="intersection")
    assert {"owner_left", "owner_left_left", "owner_right"} <= set(found.table.columns)
    assert set(found.table["owner_left"]) == {"k"}


def test_whole_numbers_stay_whole_where_some_are_missing(parcels, uses):
    found = overlay(parcels, uses, how="union").table
    assert str(found["storeys"].dtype) == "Int64"
    assert str(found["legal"].dtype) == "boolean"
    assert found["storeys"].dropna().tolist() == [3, 3, 5, 5, 5, 5, 7]
    assert overlay(parcels, uses).table["storeys"].dtype == parcels["storeys"].dtype


def test_whole_number_ids_are_kept(parcels, uses):
    found = overlay(parcels.set_index(np.array([7, 8, 9])), uses, how="union").table
    assert found["left_id"].dropna().astype(int).tolist() == [7, 7, 8, 8, 8, 8, 9]


def test_the_same_ground_twice_is_said(parcels):
    twice = table([box(0, 0, 10, 10), box(5, 0, 20, 10)], ["A", "B"], "use_id")
    found = overlay(parcels, twice)
    assert found.left["covered_twice_m2"].tolist() == pytest.approx([50, 0, 0])
    assert any("right overlaps itself: 50.0 m² of 1 polygons" in note for note in found.notes)
    assert found.left["closing_m2"].abs().max() < 1e-6


def test_books_are_those_of_the_tally(parcels):
    rng = np.random.default_rng(8)
    corner = rng.uniform(0, 60, (30, 2))
    right = table(
        [box(*c, *(c + s)) for c, s in zip(corner, rng.uniform(2, 20, (30, 2)), strict=True)],
        [f"R{n}" for n in range(30)], "use_id", use=rng.choice(["a", "b"], 30),
    )  # fmt: skip
    found = overlay(parcels, right, how="identity").left
    book = tally(parcels, right, by="use").table.pivot_table(
        index="parcel_id", columns="kind", values="area_m2", aggfunc="sum"
    )
    np.testing.assert_allclose(found["uncovered_m2"], book["uncovered"], atol=1e-6)
    np.testing.assert_allclose(found["covered_twice_m2"], book["covered_twice"], atol=1e-6)


def test_what_is_mended_or_without_area_is_said(parcels, uses):
    bow = Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])
    odd = table([bow, Point(3, 3), None], ["A", "B", "C"], "use_id")
    found = overlay(parcels, odd, how="identity")
    assert found.left.loc["P1", "pieces_m2"] == pytest.approx(50)
    assert found.notes == (
        "right: 1 invalid geometries were made valid",
        "right: 2 rows have no area and count as nothing",
    )


def test_nothing_in_common_and_nothing_at_all(parcels, uses):
    apart = overlay(parcels, uses.set_geometry(uses.translate(1000)))
    assert len(apart.table) == 0
    assert apart.left["uncovered_m2"].tolist() == [100, 100, 100]
    none = overlay(parcels.iloc[:0], uses.iloc[:0], how="union")
    assert len(none.table) == 0
    assert none.table.crs == parcels.crs
    assert "0 pieces" in str(none)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda p, u: (p, u, "clip"), "unknown_how"),
        (lambda p, u: (p.set_index(pd.Index(["A", "A", "B"])), u, "union"), "duplicate_id"),
        (lambda p, u: (p, u.set_index(pd.Index(["A", "A", "B"])), "union"), "duplicate_id"),
    ],
)
def test_meaningless_questions_are_refused(parcels, uses, change, code):
    left, right, how = change(parcels, uses)
    with pytest.raises(InputError) as fault:
        overlay(left, right, how)
    assert fault.value.code == code


def test_degrees_and_two_crs_are_refused(parcels, uses):
    with pytest.raises(CRSError) as fault:
        overlay(parcels.set_crs("EPSG:4490", allow_override=True), uses)
    assert fault.value.code == "crs_geographic"
    with pytest.raises(CRSError) as fault:
        overlay(parcels, uses.set_crs("EPSG:4548", allow_override=True))
    assert fault.value.code == "crs_mismatch"
