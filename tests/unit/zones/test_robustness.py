"""Robustness: how often parcels stay chosen when values are a little wrong."""

import sys

import numpy as np
import pandas as pd
import pytest

from renewal_geo.foundation.errors import InputError
from renewal_geo.zones import robustness
from renewal_geo.zones.robustness import _factors


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
