"""The frontier, on districts small enough to see the answer."""

import dataclasses
import sys

import numpy as np
import pandas as pd
import pytest

from renewal_geo.contiguity import connect
from renewal_geo.foundation.errors import InputError
from renewal_geo.zones import frontier, frontier_of
from renewal_geo.zones.frontier import _Point, _settle
from renewal_geo.zones.repertoire import Selection, require_means

SCORES = [5.0, 4.0, 3.0, 2.0, 1.0]
STRIP = {"value": "score", "area_budget_ha": 3.0}


@pytest.fixture(scope="module")
def strip(lattice, chosen_by):
    return chosen_by(lattice("MMMMM", score=SCORES), **STRIP)


def test_every_budget_of_a_strip(strip):
    """5 4 3 2 1: the first k hectares are the best k."""
    line = frontier_of(strip, budgets_ha=[1.0, 2.0, 4.0, 5.0], workers=1)
    budgets = line.table[line.table["kind"] == "budget"]
    assert budgets["area_budget_ha"].tolist() == [1, 2, 3, 4, 5]
    assert budgets["net_value"].tolist() == pytest.approx([5, 9, 12, 14, 15])
    assert (budgets["bound"] >= budgets["net_value"]).all()
    assert budgets["is_study"].tolist() == [False, False, True, False, False]
    assert line.membership["P02"].dropna().index.tolist() == ["r0c0", "r0c1"]
    assert "5 budgets" in str(line)


def test_a_dearer_outline_is_never_worth_more(lattice, chosen_by):
    zones = chosen_by(lattice("MM", "MM"), boundary_weight=0.001)
    line = frontier_of(zones, boundary_weights=[0.0, 0.002, 0.02], workers=1)
    part = line.table[line.table["kind"] == "boundary"]
    assert part["boundary_weight"].tolist() == [0, 0.001, 0.002, 0.02]
    assert part["net_value"].tolist() == pytest.approx([4, 3.2, 2.4, 0])
    assert part["zone_count"].tolist() == [1, 1, 1, 0]
    assert np.isnan(part["gap"].iloc[-1]) or part["gap"].iloc[-1] == 0


def test_the_whole_question_in_one_call(lattice):
    parcels = lattice("MMMMM", score=SCORES)
    line = frontier(
        parcels, connect(parcels), **STRIP, min_area_ha=1.0, points=3, workers=1, time_limit_s=20.0
    )
    assert line.table["is_study"].sum() == 2
    assert line.table.loc[line.table["is_study"], "net_value"].tolist() == pytest.approx([12, 12])


@pytest.mark.parametrize(
    "given",
    [
        {"budgets_ha": [np.nan]},
        {"budgets_ha": [-1.0]},
        {"budgets_ha": [0.0]},
        {"budgets_ha": [0.5]},  # below the smallest zone
        {"budgets_ha": np.array([2.0, np.inf])},
        {"boundary_weights": [-0.1]},
        {"boundary_weights": [np.nan]},
        {"points": 0},
        {"time_limit_s": 0.0},
        {"time_limit_s": np.nan},
        {"workers": 0},
        {"lang": "fr"},
    ],
)
def test_meaningless_questions_are_errors(strip, given):
    with pytest.raises(InputError) as caught:
        frontier_of(strip, **given)
    assert caught.value.what
    assert caught.value.fix
    assert caught.value.where == "frontier"


def test_meaningless_budgets_are_refused_before_any_work(lattice):
    parcels = lattice("MMM")
    with pytest.raises(InputError, match="budgets_ha holds 10"):
        frontier(parcels, connect(parcels), budgets_ha=[10.0])  # zones of 30 ha by default


def test_several_faults_are_told_together():
    with pytest.raises(InputError, match=r"workers.*lang"):
        require_means("x", workers=0, lang="fr")


def test_budgets_of_an_array_and_twice_the_same(strip):
    line = frontier_of(strip, budgets_ha=np.array([2.0, 2.0, 3.0 + 1e-9]), workers=1)
    budgets = line.table[line.table["kind"] == "budget"]
    assert budgets["area_budget_ha"].tolist() == [2, 3]


def test_without_a_budget_parts_of_what_is_taken(lattice, chosen_by):
    """Parts smaller than the smallest zone (and some play) are not tried."""
    zones = chosen_by(lattice("MMMMMMMM"), min_area_ha=3.0)
    line = frontier_of(zones, points=8, workers=1)
    budgets = line.table.loc[line.table["kind"] == "budget", "area_budget_ha"]
    assert budgets.tolist()[:-1] == [3.75, 4, 5, 6, 7]
    assert np.isnan(budgets.iloc[-1])


def test_a_budget_without_room_for_the_locks(lattice, chosen_by):
    zones = chosen_by(
        lattice("MMMM", score=SCORES[:4]),
        value="score",
        area_budget_ha=3.0,
        lock_in=["r0c2", "r0c3"],
    )
    line = frontier_of(zones, budgets_ha=[1.0], workers=1, lang="en")
    row = line.table.iloc[0]
    assert row["status"] == "infeasible"
    assert row[["net_value", "bound", "gap"]].isna().all()
    assert any("no room for what is locked in" in note for note in line.notes)


def test_what_is_not_proven_impossible_is_not_said_to_be(lattice, chosen_by):
    """Locks at both ends of a strip: three hectares cannot join them, but that is not shown by areas."""
    zones = chosen_by(
        lattice("MMMM"), area_budget_ha=4.0, min_area_ha=2.5, lock_in=["r0c0", "r0c3"]
    )
    line = frontier_of(zones, budgets_ha=[3.0], workers=1, lang="en")
    assert line.table.iloc[0]["status"] == "infeasible"
    assert any("not proven" in note for note in line.notes)


@pytest.mark.parametrize(("lang", "said"), [("zh", "没有片区"), ("en", "no zones")])
def test_no_zones_no_frontier(lattice, chosen_by, lang, said):
    zones = chosen_by(lattice("MM"), min_area_ha=9.0)
    line = frontier_of(zones, lang=lang)
    assert len(line.table) == 0
    assert said in line.notes[0]
    assert list(line.membership.index) == list(zones.membership.index)
    assert "no frontier" in str(line)


def test_rows_and_workers_change_nothing(lattice, chosen_by):
    parcels = lattice("MMMM", "MMMM", score=[3.0, 1.0, -1.0, 2.0, 0.5, -2.0, 1.5, 1.0])
    limits = {"value": "score", "area_budget_ha": 4.0, "min_area_ha": 2.0, "boundary_weight": 0.001}
    one = frontier_of(chosen_by(parcels, **limits), workers=1)
    other = frontier_of(chosen_by(parcels.iloc[::-1], **limits), workers=2)
    assert not one.late
    pd.testing.assert_frame_equal(one.table, other.table)
    pd.testing.assert_frame_equal(one.membership.sort_index(), other.membership.sort_index())


def test_out_of_time_is_said_and_stays_valid(strip):
    line = frontier_of(strip, time_limit_s=1e-6, workers=1, lang="en")
    assert line.late
    assert any("time is out" in note for note in line.notes)
    assert (line.table["bound"] >= line.table["net_value"]).all()
    budgets = line.table[line.table["kind"] == "budget"]
    assert budgets["net_value"].is_monotonic_increasing
    assert budgets["bound"].is_monotonic_increasing


def test_a_search_cut_short_is_said(strip, monkeypatch):
    # the package has the verb under the module's name
    monkeypatch.setattr(sys.modules[frontier_of.__module__], "EXPLORE_SHARE", 0.0)
    line = frontier_of(strip, workers=1, lang="en")
    assert line.late
    assert any("did not get all" in note for note in line.notes)


def test_what_one_line_learns_of_the_study_the_other_hears(strip):
    """The outline line bounds the study at 10 and finds 8; both budgets beside it must agree."""
    problem = dataclasses.replace(strip.found.problem, boundary_weight=0.5)
    none = Selection((), 0.0, 0.0, 0.0, 0.0)
    tried = []
    for kind, changed, own, bound in (
        ("budget", {"budget": 2.0}, False, 11.0),
        ("budget", {}, True, 12.0),
        ("budget", {"budget": 4.0}, False, 14.0),
        ("boundary", {"boundary_weight": 0.2}, False, 10.0),
        ("boundary", {}, True, 12.0),
    ):
        tried.append(_Point(kind, dataclasses.replace(problem, **changed), own, none, bound))
    _settle(tried)
    assert [point.bound for point in tried] == [10, 10, 14, 10, 10]
