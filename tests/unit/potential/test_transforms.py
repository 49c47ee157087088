"""Ratings worked by hand: classes, straight and S-shaped lines, categories, and figures that tell nothing."""

import numpy as np
import pandas as pd
import pytest

from renewal_geo.foundation.errors import InputError
from renewal_geo.potential.criterion import Criterion
from renewal_geo.potential.transforms import rated, tells_nothing

NAN = float("nan")


def ratings(figures, **asked):
    return rated(pd.Series(figures), Criterion("one", **asked))[0].tolist()


def test_a_figure_equal_to_a_break_belongs_above_it():
    found = ratings(
        [4.9, 5.0, 9.9, 10.0, NAN], transform="breaks", breaks=(5.0, 10.0), scores=(0.1, 0.5, 0.9)
    )
    assert found[:4] == [0.1, 0.5, 0.5, 0.9]
    assert np.isnan(found[4])


def test_a_straight_line_is_level_beyond_its_ends_and_falls_for_a_cost():
    figures = [-5.0, 0.0, 5.0, 20.0, 25.0]
    assert ratings(figures, low=0.0, high=20.0) == [0, 0, 0.25, 1, 1]
    assert ratings(figures, low=0.0, high=20.0, direction="cost") == [1, 1, 0.75, 0, 0]


def test_an_s_shaped_line_gives_a_twentieth_a_half_and_nineteen_twentieths():
    found = ratings([100.0, 200.0, 300.0], transform="sigmoid", low=100.0, high=300.0)
    assert found == pytest.approx([0.05, 0.5, 0.95], abs=1e-15)
    turned = ratings(
        [100.0, 200.0, 300.0], transform="sigmoid", low=100.0, high=300.0, direction="cost"
    )
    assert turned == pytest.approx([0.95, 0.5, 0.05], abs=1e-15)


def test_an_s_shaped_line_is_the_formula_that_it_is_said_to_be():
    x, low, high = np.linspace(-50, 400, 91), 30.0, 170.0
    formula = 1 / (1 + 19 ** (-(2 * x - low - high) / (high - low)))
    assert ratings(x, transform="sigmoid", low=low, high=high) == pytest.approx(formula, abs=1e-14)


def test_an_s_shaped_line_far_beyond_its_ends_is_0_and_1():
    assert ratings([-1e300, 1e300], transform="sigmoid", low=0.0, high=1e-3) == [0.0, 1.0]


def test_a_range_is_taken_from_the_data_and_said():
    rating, used, notes = rated(pd.Series([2.0, NAN, 4.0, 6.0]), Criterion("far"))
    assert (used.low, used.high) == (2.0, 6.0)
    assert rating.tolist()[2] == 0.5
    assert notes == ("criterion far: range taken from the parcels, 2 to 6",)


def test_a_range_leaves_out_what_cannot_be_chosen():
    figures, is_open = pd.Series([2.0, 4.0, 60.0]), np.array([True, True, False])
    rating, used, notes = rated(figures, Criterion("far"), among=is_open)
    assert (used.low, used.high) == (2.0, 4.0)
    assert rating.tolist() == [0.0, 1.0, 1.0]
    assert "not vetoed" in notes[0]


def test_a_range_of_vetoed_parcels_only_is_taken_and_said():
    _, used, notes = rated(
        pd.Series([2.0, 4.0, NAN]), Criterion("far"), among=np.array([False, False, True])
    )
    assert (used.low, used.high) == (2.0, 4.0)
    assert "all parcels, as none without a veto has a figure" in notes[0]


def test_one_given_end_keeps_its_place():
    rating, used, _ = rated(pd.Series([0.0, 5.0, 20.0]), Criterion("far", low=10.0))
    assert (used.low, used.high) == (10.0, 20.0)
    assert rating.tolist() == [0.0, 0.0, 1.0]


@pytest.mark.parametrize("end", [{"low": 6.0}, {"low": 7.0}, {"high": 2.0}, {"high": -1.0}])
def test_a_given_end_that_no_figure_passes_is_refused(end):
    with pytest.raises(InputError) as caught:
        rated(pd.Series([2.0, 6.0]), Criterion("far", **end))
    assert caught.value.code == "empty_range"


@pytest.mark.parametrize("direction", ["benefit", "cost"])
@pytest.mark.parametrize("transform", ["linear", "sigmoid"])
@pytest.mark.parametrize(
    "figures", [[5.0, 5.0], [0.1 + 0.2, 0.3], [0.0, 0.0], [-7.0, -7.0 * (1 + 1e-15)]]
)
def test_one_value_adds_nothing_whatever_the_direction_and_is_said(figures, transform, direction):
    rating, used, notes = rated(
        pd.Series([*figures, NAN]), Criterion("far", transform=transform, direction=direction)
    )
    assert rating.tolist()[:2] == [0.0, 0.0]
    assert np.isnan(rating.iloc[2])
    assert tells_nothing(used)
    assert "one value only" in notes[0]


def test_one_value_in_a_stated_range_is_rated_as_any_other():
    rating, used, notes = rated(pd.Series([5.0, 5.0]), Criterion("far", low=0.0, high=10.0))
    assert rating.tolist() == [0.5, 0.5]
    assert not tells_nothing(used)
    assert notes == ()


def test_a_code_without_a_score_has_no_rating_and_is_counted():
    one = Criterion("use", transform="category", categories={"M1": 1.0, "3": 0.5})
    rating, _, notes = rated(pd.Series(["M1", "3", "R2", None, "R2", "E1"], dtype=object), one)
    assert rating.tolist()[:2] == [1.0, 0.5]
    assert rating.isna().tolist() == [False, False, True, True, True, True]
    assert notes == ("criterion use: codes without a score: E1 (1), R2 (2)",)


def test_categories_of_which_none_occurs_are_refused():
    one = Criterion("use", transform="category", categories={"M1": 1.0})
    with pytest.raises(InputError) as caught:
        rated(pd.Series(["R2", None], dtype=object), one)
    assert caught.value.code == "no_scores"
    assert "R2" in caught.value.where


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"low": 0.0, "high": 1.0},
        {"transform": "sigmoid", "low": 0.0, "high": 1.0},
        {"transform": "breaks", "breaks": (1.0,), "scores": (0.0, 1.0)},
    ],
)
def test_a_criterion_without_any_figure_is_refused(asked):
    with pytest.raises(InputError, match="criterion far has no figure for any parcel") as caught:
        rated(pd.Series([NAN, NAN]), Criterion("far", **asked))
    assert caught.value.code == "no_figures"
