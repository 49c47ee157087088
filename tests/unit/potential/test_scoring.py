"""Weighted scores, worked by hand."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import LineString, box

from renewal_geo.foundation.errors import ExpressionError, InputError
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


RANGE = {"low": 0.0, "high": 1.0}


def test_equal_scores_share_the_smaller_rank():
    found = score(parcels(a=[0.5, 0.9, 0.5, 0.1]), [{"column": "a", "weight": 1, **RANGE}])
    assert found.ranks.to_dict() == {"p0": 2, "p1": 1, "p2": 2, "p3": 4}


def test_scores_that_differ_by_rounding_only_are_equal():
    table = parcels(a=[0.1 + 0.2, 0.3], b=[0.3, 0.1 + 0.2])
    found = score(
        table, [{"column": "a", "weight": 1, **RANGE}, {"column": "b", "weight": 2, **RANGE}]
    )
    assert found.ranks.tolist() == [1, 1]


def test_a_vetoed_parcel_keeps_its_score_and_has_no_rank():
    table = parcels(a=[0.9, 0.5, 0.1], slope=[30.0, 25.0, None])
    found = score(
        table,
        [{"column": "a", "weight": 1, **RANGE}, {"column": "slope", "veto": "> 25"}],
    )
    assert found.scores.tolist() == [0.9, 0.5, 0.1]
    assert found.is_vetoed.tolist() == [True, False, False]
    assert found.ranks.fillna(0).tolist() == [0, 1, 2]
    assert found.vetoes.to_dict("records") == [
        {"parcel_id": "p0", "criterion": "slope", "value": 30.0, "veto": "> 25"}
    ]
    assert "criterion slope: 1 parcels are vetoed (> 25)" in found.notes


def test_what_is_only_a_veto_has_no_rating_and_no_contribution():
    table = parcels(a=[0.9, 0.5], slope=[30.0, 10.0])
    found = score(
        table,
        [{"column": "slope", "veto": "> 25"}, {"column": "a", "weight": 1, **RANGE}],
    )
    assert list(found.contributions.columns) == list(found.ratings.columns) == ["a"]
    assert list(found.values.columns) == ["slope", "a"]
    assert found.criteria["weight"].to_dict() == {"slope": 0.0, "a": 1.0}
    assert list(found.facts.index) == ["slope", "a"]


@pytest.mark.parametrize(
    "veto", ["> 25", "not (value < 25)", "!= 3", "not in [3]", "value != 3 or value > 9"]
)
def test_a_missing_figure_does_not_strike_and_is_listed(veto):
    table = parcels(a=[0.9, 0.5], slope=[None, 30.0])
    found = score(table, [{"column": "a", "weight": 1, **RANGE}, {"column": "slope", "veto": veto}])
    assert found.is_vetoed.tolist() == [False, True]
    assert found.missing.to_dict("records") == [
        {"parcel_id": "p0", "criterion": "slope", "why": "veto cannot be judged: no value"}
    ]
    assert any("its veto cannot be judged for 1 parcels" in note for note in found.notes)


def test_a_veto_that_can_judge_no_parcel_is_refused():
    table = parcels(a=[0.9, 0.5], slope=[None, None])
    with pytest.raises(InputError) as caught:
        score(table, [{"column": "a", "weight": 1, **RANGE}, {"column": "slope", "veto": "> 25"}])
    assert caught.value.code == "no_figures"


def test_a_veto_on_codes():
    table = parcels(a=[0.9, 0.5, 0.2], land_use=["G1", "M1", None])
    found = score(
        table,
        [{"column": "a", "weight": 1, **RANGE}, {"column": "land_use", "veto": "in ['G1', 'E1']"}],
    )
    assert found.is_vetoed.tolist() == [True, False, False]
    assert found.vetoes["value"].tolist() == ["G1"]
    assert found.missing["why"].tolist() == ["veto cannot be judged: no value"]


def test_any_of_several_vetoes_strikes_and_each_has_its_row():
    table = parcels(a=[0.9, 0.5, 0.2], slope=[30.0, 1.0, 40.0], flood=[1.0, 0.0, 0.0])
    found = score(
        table,
        [
            {"column": "a", "weight": 1, **RANGE},
            {"column": "slope", "veto": "> 25"},
            {"column": "flood", "veto": "== 1"},
        ],
    )
    assert found.is_vetoed.tolist() == [True, False, True]
    struck = list(zip(found.vetoes["parcel_id"], found.vetoes["criterion"], strict=True))
    assert struck == [("p0", "slope"), ("p2", "slope"), ("p0", "flood")]


def test_a_criterion_may_weigh_and_veto():
    table = parcels(a=[0.9, 0.5], slope=[30.0, 10.0])
    found = score(
        table,
        [
            {"column": "a", "weight": 1, **RANGE},
            {
                "column": "slope",
                "weight": 1,
                "direction": "cost",
                "low": 0,
                "high": 40,
                "veto": ">= 30",
            },
        ],
    )
    assert found.scores.tolist() == pytest.approx([(0.9 + 0.25) / 2, (0.5 + 0.75) / 2])
    assert found.is_vetoed.tolist() == [True, False]


def test_a_veto_outside_the_grammar_is_refused():
    with pytest.raises((ExpressionError, InputError)):
        score(
            parcels(a=[0.9]), [{"column": "a", "weight": 1, **RANGE, "veto": "> __import__('os')"}]
        )


def test_vetoed_land_does_not_stretch_the_range():
    """Of slopes 0, 10 and 80 the last is vetoed: 10 is the worst of the land at choice."""
    table = parcels(slope=[0.0, 10.0, 80.0])
    found = score(table, [{"column": "slope", "weight": 1, "direction": "cost", "veto": "> 25"}])
    assert found.scores.tolist() == [1.0, 0.0, 0.0]
    assert found.criteria.loc["slope", ["low", "high"]].tolist() == [0.0, 10.0]


def test_entropy_weights_do_not_see_vetoed_parcels():
    table = parcels(a=[0.2, 0.4, 0.6, 0.0], b=[0.5, 0.5, 0.4, 1.0], gone=[0.0, 0.0, 0.0, 1.0])
    criteria = [
        {"column": "a", **RANGE},
        {"column": "b", **RANGE},
        {"column": "gone", "veto": "== 1", "weight": 0},
    ]
    whole = score(table, criteria, weighting="entropy").weighting.weights
    open_only = score(table.iloc[:3], criteria, weighting="entropy").weighting.weights
    pd.testing.assert_series_equal(whole, open_only, check_exact=True)


def test_codes_without_a_score_are_missing_and_say_which():
    table = parcels(use=["M1", "R2", None])
    found = score(table, [{"column": "use", "weight": 1, "categories": {"M1": 1.0}}])
    assert found.scores.fillna(-1).tolist() == [1, -1, -1]
    assert found.missing["why"].tolist() == ["no score for 'R2'", "no value"]
    stand_in = score(
        table, [{"column": "use", "weight": 1, "categories": {"M1": 1.0}, "missing": 0.25}]
    )
    assert stand_in.scores.tolist() == [1.0, 0.25, 0.25]
    assert len(stand_in.missing) == 2


def test_codes_are_text_without_a_point():
    found = score(
        parcels(use=[3.0, 4.0]),
        [{"column": "use", "weight": 1, "categories": {"3": 1.0, "4": 0.0}}],
    )
    assert found.scores.tolist() == [1.0, 0.0]
    assert found.values["use"].tolist() == ["3", "4"]


def test_the_limiting_criterion_is_the_lowest_rating_then_the_heavier_then_by_id():
    table = parcels(a=[0.1, 0.5, 0.5, None], b=[0.9, 0.5, 0.6, 0.7], c=[0.9, 0.5, 0.5, 0.9])
    found = score(
        table,
        [{"column": n, "weight": w, **RANGE} for n, w in (("c", 1), ("a", 1), ("b", 2))],
    )
    assert found.limiting["criterion"].tolist() == ["a", "b", "a", "b"]
    assert found.limiting["rating"].tolist() == [0.1, 0.5, 0.5, 0.7]


def test_a_criterion_of_one_value_limits_nobody_adds_nothing_and_is_said():
    table = parcels(a=[2.0, 2.0, None], b=[0.4, 0.9, 0.5])
    for direction in ("benefit", "cost"):
        found = score(
            table,
            [
                {"column": "a", "weight": 1, "direction": direction, "missing": 0.7},
                {"column": "b", "weight": 1, **RANGE},
            ],
        )
        assert found.contributions["a"].tolist() == [0.0, 0.0, 0.0]
        assert found.limiting["criterion"].tolist() == ["b", "b", "b"]
        assert found.facts.loc["a", "distinct"] == 1
        assert any("a has one value only" in note for note in found.notes)


def test_figures_that_differ_by_rounding_are_one_value():
    """Means of a level raster differ in the last bit; that bit must not become 0 and 1."""
    found = score(
        parcels(a=[0.1 + 0.2, 0.3], b=[0.4, 0.9]),
        [{"column": "a", "weight": 1}, {"column": "b", "weight": 1, **RANGE}],
    )
    assert found.facts.loc["a", "distinct"] == 1
    assert found.scores.tolist() == [0.2, 0.45]


def test_where_no_criterion_tells_anything_nothing_limits():
    found = score(parcels(a=[2.0, 2.0]), [{"column": "a", "weight": 1}])
    assert found.scores.tolist() == [0.0, 0.0]
    assert found.limiting["criterion"].tolist() == ["", ""]
    assert found.limiting["rating"].isna().all()


def test_facts_say_what_was_measured():
    found = score(
        parcels(a=[1.0, 3.0, 8.0, None], use=["x", "y", "y", None]),
        [
            {"column": "a", "weight": 1, "unit": "m"},
            {"column": "use", "weight": 1, "categories": {"x": 0, "y": 1}},
        ],
    )
    a = found.facts.loc["a"]
    assert a[["source", "unit", "missing", "distinct"]].tolist() == ["a", "m", 1, 3]
    assert a[["least", "median", "greatest"]].tolist() == [1.0, 3.0, 8.0]
    use = found.facts.loc["use"]
    assert use[["missing", "distinct"]].tolist() == [1, 2]
    assert use[["least", "median", "greatest"]].isna().all()


def test_the_table_of_criteria_holds_what_was_used():
    found = score(
        parcels(a=[1.0, 3.0]),
        [{"id": "far", "title": "距离", "title_en": "distance", "column": "a", "weight": 4, "unit": "m",
          "direction": "cost", "reference": "survey of 2020"}],
    )  # fmt: skip
    row = found.criteria.loc["far"]
    named = ["title", "title_en", "source", "unit", "direction", "transform", "veto", "reference"]
    assert row[named].tolist() == [
        "距离",
        "distance",
        "column",
        "m",
        "cost",
        "linear",
        "",
        "survey of 2020",
    ]
    assert row[["low", "high", "weight"]].tolist() == [1.0, 3.0, 1.0]
    assert np.isnan(row["missing"])
    assert row["breaks"] == ()
    assert found.asked[0].high == 3.0


def test_ids_that_occur_twice_stay_two_parcels():
    table = parcels(a=[0.1, 0.9, None], slope=[1.0, 99.0, 1.0])
    table.index = pd.Index(["x", "x", "x"], name="parcel_id")
    found = score(
        table, [{"column": "a", "weight": 1, **RANGE}, {"column": "slope", "veto": "> 25"}]
    )
    assert found.scores.tolist()[:2] == [0.1, 0.9]
    assert [len(one) for one in (found.scores, found.ratings, found.limiting, found.values)] == [
        3
    ] * 4
    assert found.is_vetoed.tolist() == [False, True, False]
    assert len(found.missing) == len(found.vetoes) == 1


def test_the_faults_of_all_criteria_come_at_once():
    with pytest.raises(InputError) as caught:
        score(
            parcels(a=[1.0], b=["x"]),
            [
                {"column": "b", "weight": 1},
                {"column": "nowhere", "weight": 1},
                {"column": "a", "weight": 1},
            ],
        )
    assert "2 faults" in caught.value.what
    assert "nowhere" in str(caught.value)


def test_a_criterion_without_any_figure_is_refused():
    with pytest.raises(InputError) as caught:
        score(parcels(a=[None, None], b=[1.0, 2.0]), [{"column": n, "weight": 1} for n in "ab"])
    assert caught.value.code == "no_figures"
    assert "criterion a has no figure for any parcel" in caught.value.what


def test_no_parcels_are_refused():
    with pytest.raises(InputError) as caught:
        score(parcels(a=[1.0]).iloc[:0], [{"column": "a", "weight": 1}])
    assert caught.value.code == "no_parcels"


def test_streets_are_made_into_a_network_once(monkeypatch):
    from renewal_geo.potential import scoring

    made = []
    streets = gpd.GeoDataFrame(geometry=[LineString([(0, -1), (50, -1)])], crs=CRS)
    stops = gpd.GeoDataFrame(geometry=[box(40, 0, 41, 1)], crs=CRS)
    plain = scoring.streets_of
    monkeypatch.setattr(scoring, "streets_of", lambda *given: made.append(1) or plain(*given))
    asked = [
        {
            "id": name,
            "source": "distance",
            "layer": layer,
            "by": "network",
            "weight": 1,
            "direction": "cost",
        }
        for name, layer in (("metro", "stops"), ("plant", "plants"))
    ]
    found = score(
        parcels(a=[1.0, 2.0]), asked, layers={"roads": streets, "stops": stops, "plants": stops}
    )
    assert made == [1]
    assert found.values["metro"].tolist() == found.values["plant"].tolist()
    assert found.scores.tolist() == [0.0, 1.0]
