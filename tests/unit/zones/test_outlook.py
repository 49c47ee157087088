"""The outlook: all that a planner asks next, in one pass."""

import sys

import pandas as pd
import pytest

from renewal_geo.foundation.errors import InputError
from renewal_geo.zones import outlook


@pytest.fixture(scope="module")
def district(lattice):
    scores = [3.0, 1.0, -1.0, 2.0, 0.5, -2.0, 1.5, 1.0]
    return lattice("MMMM", "MMMM", score=scores)


LIMITS = {"value": "score", "area_budget_ha": 4.0, "min_area_ha": 2.0, "boundary_weight": 0.001}


@pytest.fixture(scope="module")
def whole(district, chosen_by):
    return outlook(chosen_by(district, **LIMITS), workers=1)


def test_every_part_is_there(whole):
    assert len(whole.frontier.table) > 3
    assert whole.phases.table["cumulative_net_value"].iloc[-1] > 0
    assert {"budget", "min_area"} <= set(whole.prices.table["kind"])
    assert whole.robustness.draws == 30
    assert len(whole.changes.table) == 8
    assert len(whole.obstacles.table) == 1
    assert whole.notes == ()
    assert "limits priced" in str(whole)


def test_rows_and_workers_change_nothing(district, whole, chosen_by):
    other = outlook(chosen_by(district.iloc[::-1], **LIMITS), workers=2)
    for name in ("frontier", "phases", "prices", "robustness", "changes", "obstacles"):
        one, two = getattr(whole, name), getattr(other, name)
        pd.testing.assert_frame_equal(one.table, two.table)
        assert one.notes == two.notes


@pytest.mark.parametrize(("lang", "said"), [("zh", "没有片区"), ("en", "there are no zones")])
def test_an_infeasible_study_is_still_explained(lattice, chosen_by, lang, said):
    zones = chosen_by(lattice("MMM.MM"), min_area_ha=4.0)
    assert zones.status == "infeasible"
    found = outlook(zones, lang=lang)
    for part in (found.frontier, found.phases, found.prices, found.robustness, found.changes):
        assert len(part.table) == 0
        assert len(part.notes) == 1
    assert said in found.notes[0]
    assert found.obstacles.table["short_ha"].tolist() == pytest.approx([1, 2])
    assert "no outlook" in str(found)


def test_no_zone_worth_drawing(lattice, chosen_by):
    zones = chosen_by(lattice("MM", score=[-1.0, -1.0]), value="score")
    found = outlook(zones)
    assert len(found.frontier.table) == 0
    assert found.obstacles.table["limit"].tolist() == [""]


@pytest.mark.parametrize(("lang", "said"), [("zh", "时间用完"), ("en", "the time is out")])
def test_what_the_clock_cut_short_is_named(district, chosen_by, monkeypatch, lang, said):
    for name in ("FRONTIER_SHARE", "PRICES_SHARE"):
        monkeypatch.setattr(sys.modules[outlook.__module__], name, 1e-9)
    found = outlook(chosen_by(district, **LIMITS), time_limit_s=1.0, workers=1, lang=lang)
    assert found.frontier.late
    assert found.prices.late
    assert said in found.notes[-1]


@pytest.mark.parametrize("given", [{"time_limit_s": 0.0}, {"workers": 0}, {"lang": "fr"}])
def test_meaningless_questions_are_errors(district, chosen_by, given):
    with pytest.raises(InputError):
        outlook(chosen_by(district, **LIMITS), **given)


def test_weightings_reach_the_robustness(district, chosen_by):
    zones = chosen_by(district, **LIMITS)
    values = pd.DataFrame(dict.fromkeys(range(3), district["score"]))
    found = outlook(zones, points=0, phase_count=0, values=values, workers=1)
    assert (found.robustness.law, found.robustness.draws) == ("weightings", 3)
    assert found.robustness.table["frequency"].eq(found.robustness.table["is_chosen"]).all()
    assert "under 3 weightings of the criteria" in str(found)
