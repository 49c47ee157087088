"""Weighted scores, worked by hand."""

import geopandas as gpd
import pandas as pd
import pytest
from shapely import box

from renewal_geo.foundation.errors import InputError
from renewal_geo.potential import score

CRS = "EPSG:4547"


def parcels(**columns):
    n = len(next(iter(columns.values())))
    index = pd.Index([f"p{i}" for i in range(n)], name="parcel_id")
    return gpd.GeoDataFrame(
        columns, geometry=[box(i, 0, i + 1, 1) for i in range(n)], index=index, crs=CRS
    )


def test_linear_benefit_and_cost():
    table = parcels(slope=[0.0, 10.0, 20.0], far=[1.0, 2.0, 3.0])
    found = score(
        table,
        [
            {"column": "far", "weight": 3.0, "direction": "benefit"},
            {"column": "slope", "weight": 1.0, "direction": "cost"},
        ],
    )
    assert found.scores.to_dict() == pytest.approx({"p0": 0.25, "p1": 0.5, "p2": 0.75})
    assert found.contributions["far"].tolist() == pytest.approx([0, 0.375, 0.75])
    assert found.contributions["slope"].tolist() == pytest.approx([0.25, 0.125, 0])
    assert found.scores.name == "score"


def test_contributions_add_up_to_the_score():
    table = parcels(a=[1.0, 4.0, 2.0], b=[5.0, 0.0, 1.0])
    found = score(
        table,
        [{"column": "a", "weight": 2}, {"column": "b", "weight": 5, "direction": "cost"}],
        name="ripe",
    )
    assert found.contributions.sum(axis=1).tolist() == pytest.approx(found.scores.tolist())
    assert found.scores.name == "ripe"
    assert found.scores.between(0, 1).all()


def test_breaks_with_scores():
    """Younger than 15 years 0.2, up to 30 years 0.6, older 1.0; the break itself belongs to one class only."""
    table = parcels(age=[5.0, 20.0, 40.0, 15.0])
    found = score(
        table, [{"column": "age", "weight": 1.0, "breaks": [15, 30], "scores": [0.2, 0.6, 1.0]}]
    )
    assert found.scores.iloc[:3].tolist() == pytest.approx([0.2, 0.6, 1.0])
    assert found.scores.iloc[3] in (0.2, 0.6)


def test_missing_figures_leave_the_score_missing_and_listed():
    found = score(parcels(a=[1.0, None, 3.0]), [{"column": "a", "weight": 1.0}])
    assert found.scores.isna().tolist() == [False, True, False]
    assert "p1" in set(
        found.missing["parcel_id"]
        if "parcel_id" in getattr(found.missing, "columns", [])
        else found.missing.index
    )


def test_a_column_of_one_value_is_no_number_gone_wrong():
    found = score(
        parcels(a=[2.0, 2.0], b=[0.0, 1.0]),
        [{"column": "a", "weight": 1}, {"column": "b", "weight": 1}],
    )
    assert found.scores.notna().all()
    assert found.scores.between(0, 1).all()
    assert found.scores["p1"] - found.scores["p0"] == pytest.approx(0.5)


@pytest.mark.parametrize(
    "criteria",
    [
        [],
        [{"column": "b", "weight": 1}],
        [{"column": "word", "weight": 1}],
        [{"column": "a", "weight": -1}],
        [{"column": "a", "weight": 0}],
        [{"column": "a", "weight": float("nan")}],
        [{"column": "a", "weight": 1, "direction": "up"}],
        [{"column": "a", "weight": 1, "breaks": [1, 2], "scores": [0, 1]}],
        [{"column": "a", "weight": 1, "breaks": [2, 1], "scores": [0, 0.5, 1]}],
        [{"column": "a", "weight": 1, "breaks": [1, 2]}],
        [{"column": "a", "weight": 1, "breaks": [1], "scores": [0, 7]}],
        [{"weight": 1}],
        [{"column": "a", "weight": 1, "wieght": 2}],
    ],
)
def test_meaningless_criteria_are_refused(criteria):
    with pytest.raises(InputError):
        score(parcels(a=[1.0, 2.0], word=["x", "y"]), criteria)


def test_the_callers_table_stays_as_it_is():
    table = parcels(a=[1.0, 2.0])
    before = table.copy()
    score(table, [{"column": "a", "weight": 1}])
    pd.testing.assert_frame_equal(table, before)
