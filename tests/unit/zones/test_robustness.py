"""Robustness: how often parcels stay chosen when values are a little wrong."""

import dataclasses
import sys

import numpy as np
import pandas as pd
import pytest

from renewal_geo.foundation.errors import InputError
from renewal_geo.zones import robustness
from renewal_geo.zones.repertoire import Repertoire, weighed
from renewal_geo.zones.robustness import _factors, _price


@pytest.fixture(scope="module")
def clear(lattice, chosen_by):
    """Nine against one: no noise of a tenth turns that."""
    parcels = lattice("MMMM", score=[9.0, 9.0, 1.0, 1.0])
    return chosen_by(parcels, value="score", area_budget_ha=2.0, min_area_ha=2.0)


@pytest.fixture(scope="module")
def close(lattice, chosen_by):
    """Two equal pairs, apart: a toss-up."""
    parcels = lattice("MM.MM", score=[2.0, 2.0, 2.0, 2.01])
    return chosen_by(parcels, value="score", area_budget_ha=2.0, min_area_ha=2.0)


def test_a_clear_answer_is_always_chosen(clear):
    drawn = robustness(clear, draws=20, workers=1)
    assert drawn.table["frequency"].tolist() == [1, 1, 0, 0]
    assert drawn.table["class"].tolist() == ["core", "core", "never", "never"]
    assert drawn.table["is_chosen"].tolist() == [True, True, False, False]
    assert drawn.zones.loc["Z01"].tolist() == [1, 1, 1]
    assert "2 of 2 chosen parcels" in str(drawn)


def test_a_toss_up_is_one(close):
    """The left pair is chosen where the mean of its factors, about 2, is above that of the right."""
    drawn = robustness(close, draws=40, noise=0.2, workers=1)
    score = close.found.problem.value
    factor = _factors(4, 40, 0.2, 0)
    left = (factor[:, :2] @ score[:2] > factor[:, 2:] @ score[2:]).mean()
    assert 0.2 < left < 0.8
    assert drawn.table["frequency"].tolist() == pytest.approx([left, left, 1 - left, 1 - left])
    assert set(drawn.table["class"]) <= {"likely", "possible"}
    assert drawn.zones["mean_frequency"].iloc[0] == pytest.approx(1 - left)


def test_no_noise_is_the_answer_itself(close):
    drawn = robustness(close, noise=0.0, draws=7)
    assert drawn.table["frequency"].tolist() == drawn.table["is_chosen"].astype(float).tolist()
    assert drawn.draws == 7
    assert not drawn.late


def test_the_noise_has_mean_one_and_its_spread():
    factors = _factors(50, 4000, 0.3, 1)
    assert factors.mean() == pytest.approx(1, abs=0.005)
    assert factors.std() == pytest.approx(0.3, abs=0.005)
    assert (factors > 0).all()


def test_seed_rows_and_workers(lattice, chosen_by):
    parcels = lattice("MMM", "MMM", score=[1.0, 1.1, 0.9, 1.0, 1.05, 0.95])
    limits = {"value": "score", "area_budget_ha": 3.0, "min_area_ha": 2.0}
    one = robustness(chosen_by(parcels, **limits), draws=10, seed=3, workers=1)
    other = robustness(chosen_by(parcels.iloc[::-1], **limits), draws=10, seed=3, workers=2)
    assert not one.late
    pd.testing.assert_frame_equal(one.table, other.table)
    pd.testing.assert_frame_equal(one.zones, other.zones)
    third = robustness(chosen_by(parcels, **limits), draws=10, seed=4, workers=1)
    assert not one.table["frequency"].equals(third.table["frequency"])


def test_out_of_time_is_said(close):
    drawn = robustness(close, time_limit_s=1e-6, workers=1, lang="en")
    assert drawn.late
    assert drawn.draws == 0
    assert drawn.table["frequency"].isna().all()
    assert drawn.table["class"].eq("").all()
    assert any("0 of 30 draws" in note for note in drawn.notes)
    assert str(drawn) == "no draw was done in time"


def test_a_search_cut_short_is_said(close, monkeypatch):
    """All draws may be done, yet from fewer zones than with more time: the clock had its say."""
    # the package has the verb under the module's name
    monkeypatch.setattr(sys.modules[robustness.__module__], "SEARCH_SHARE", 0.0)
    drawn = robustness(close, draws=3, workers=1, lang="en")
    assert drawn.draws == 3
    assert drawn.late
    assert any("for 3 of 3 draws the search" in note for note in drawn.notes)


@pytest.mark.parametrize(
    "given",
    [
        {"draws": 0}, {"draws": 2.5}, {"draws": np.nan}, {"noise": -0.1}, {"noise": np.nan},
        {"noise": np.inf}, {"time_limit_s": 0.0}, {"workers": 0}, {"lang": "fr"},
    ],
)  # fmt: skip
def test_meaningless_questions_are_errors(clear, given):
    with pytest.raises(InputError) as caught:
        robustness(clear, **given)
    assert caught.value.where == "robustness"
    assert caught.value.fix


@pytest.mark.parametrize(("lang", "said"), [("zh", "没有片区"), ("en", "no zones")])
def test_no_zones_nothing_to_try(lattice, chosen_by, lang, said):
    drawn = robustness(chosen_by(lattice("MM"), min_area_ha=9.0), lang=lang)
    assert len(drawn.table) == len(drawn.zones) == 0
    assert said in drawn.notes[0]
    assert str(drawn) == "no zones to try"


def test_hostile_ids_and_both_languages(lattice, chosen_by):
    parcels = lattice("MM").rename(index={"r0c0": "{x}", "r0c1": "%s"})
    zones = chosen_by(parcels)
    for lang, said in (("zh", "对数正态"), ("en", "lognormal")):
        drawn = robustness(zones, draws=2, workers=1, lang=lang)
        assert said in drawn.notes[0]
        assert list(drawn.table.index) == ["{x}", "%s"]


def test_weightings_are_the_draws(close):
    """Three weightings for the left pair, one for the right: nothing else is drawn."""
    left, right = [2.0, 2.0, 1.0, 1.0], [1.0, 1.0, 2.0, 2.0]
    ids = close.parcels.index
    values = pd.DataFrame({"a": left, "b": right, "c": left, "d": left}, index=ids)
    drawn = robustness(close, values=values, noise=0.0, draws=99, workers=1, lang="en")
    assert drawn.table["frequency"].tolist() == [0.75, 0.75, 0.25, 0.25]
    assert (drawn.draws, drawn.noise, drawn.law) == (4, 0.0, "weightings")
    assert "under 4 weightings of the criteria" in drawn.notes[0]
    assert str(drawn) == (
        "under 4 weightings of the criteria, 0 of 2 chosen parcels stay chosen in at least 9 of 10"
    )
    assert "4 组评价因子权重" in robustness(close, values=values, workers=1, lang="zh").notes[0]
    assert robustness(close, draws=2, workers=1).law == "noise"
    more = pd.concat([values, values.iloc[:1].rename(index={ids[0]: "stranger"})])
    other = robustness(close, values=more.iloc[::-1], workers=2)
    pd.testing.assert_frame_equal(drawn.table, other.table)
    pd.testing.assert_frame_equal(drawn.zones, other.zones)


def test_a_weighting_may_turn_signs_and_strangers_have_no_value(lattice, chosen_by):
    """The filler pays its way in one weighting only; what is no candidate needs no value."""
    parcels = lattice("MFMR", score=[3.0, -1.0, 3.0, np.nan])
    limits = {"pool": "land_use == 'M'", "filler": "land_use == 'F'", "min_area_ha": 3.0}
    zones = chosen_by(parcels, value="score", **limits)
    values = pd.DataFrame(
        {"a": [3, -1, 3, np.nan], "b": [1, 2, 1, np.nan], "c": [1, -4, 1, np.nan]},
        index=parcels.index,
    )
    drawn = robustness(zones, values=values, workers=1)
    assert drawn.table.index.tolist() == ["r0c0", "r0c1", "r0c2"]
    assert drawn.table["frequency"].tolist() == pytest.approx([2 / 3] * 3)


def test_zones_that_only_a_weighting_wants_are_sought(lattice, chosen_by):
    """The best zone of the draw is none that the study's own search kept."""
    parcels = lattice("MMMM.MMMM", score=[9.0] * 4 + [-5.0] * 4)
    zones = chosen_by(parcels, value="score", area_budget_ha=4.0, min_area_ha=2.0)
    values = pd.DataFrame({0: [-5.0] * 4 + [9.0] * 4}, index=parcels.index)
    drawn = robustness(zones, values=values, workers=1)
    assert drawn.table["frequency"].tolist() == [0.0] * 4 + [1.0] * 4


def test_the_price_of_the_budget_follows_the_draw(clear):
    problem = dataclasses.replace(clear.found.problem, budget=2.0)
    lifted = dataclasses.replace(problem, value=problem.value + 3.0 * problem.area)
    assert _price(problem, lifted, 2.0) == pytest.approx(5.0)
    sunk = dataclasses.replace(problem, value=problem.value - 3.0 * problem.area)
    assert _price(problem, sunk, 2.0) == 0
    assert _price(problem, lifted, 0.0) == 0
    assert _price(dataclasses.replace(problem, budget=None), lifted, 2.0) == 2.0
    assert _price(dataclasses.replace(problem, budget=9.0), lifted, 2.0) == pytest.approx(5.0)


GOOD = [2.0, 2.0, 2.0, 2.0]
IDS = ["r0c0", "r0c1", "r0c3", "r0c4"]


@pytest.mark.parametrize(
    ("values", "code", "said"),
    [
        (pd.DataFrame({0: GOOD[:3]}, index=IDS[:3]), "other_parcels", "r0c4"),
        (pd.DataFrame({0: [*GOOD, 1.0]}, index=[*IDS, "r0c0"]), "duplicate_id", "r0c0"),
        (pd.DataFrame({0: GOOD, 1: [1, 2, np.nan, np.inf]}, index=IDS), "missing_value", "r0c3, r0c4"),
        (pd.DataFrame({0: GOOD, "w": ["1"] * 4}, index=IDS), "not_a_number", "columns w"),
        (pd.DataFrame(index=IDS), "bad_limit", "robustness values"),
    ],
)  # fmt: skip
def test_values_that_make_no_sense_are_refused(close, values, code, said):
    with pytest.raises(InputError) as caught:
        robustness(close, values=values)
    assert caught.value.code == code
    assert said in caught.value.where
    assert caught.value.fix


def test_no_zones_under_weightings(lattice, chosen_by):
    zones = chosen_by(lattice("MM"), min_area_ha=9.0)
    drawn = robustness(zones, values=pd.DataFrame({0: [1.0, 1.0]}, index=zones.parcels.index))
    assert (drawn.law, str(drawn)) == ("weightings", "no zones to try")


def test_a_poor_answer_of_a_search_cut_short_is_none(close, monkeypatch):
    """The clock may leave zones that are worth less than the study's own: they count as nothing found."""
    problem = close.found.problem
    left = weighed(problem, [np.array([0, 1])])  # the study's own are worth more in this draw
    values = pd.DataFrame({0: [1.0, 1.0, 3.0, 3.0]}, index=close.parcels.index)
    for closed, draws in ((False, 0), (True, 1)):
        monkeypatch.setattr(Repertoire, "best", lambda *_, c=closed, **__: (left, c))
        drawn = robustness(close, values=values, workers=1)
        assert (drawn.draws, drawn.late) == (draws, not closed)
    assert drawn.table["frequency"].tolist() == [0, 0, 1, 1]


def test_no_zone_at_all_may_be_the_best_of_a_draw(clear):
    values = pd.DataFrame({0: [-1.0] * 4, 1: [5.0] * 4}, index=clear.parcels.index)
    drawn = robustness(clear, values=values, workers=1)
    assert drawn.table["frequency"].max() == 0.5
