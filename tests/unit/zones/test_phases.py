"""Phases: which zones first."""

import itertools

import numpy as np
import pandas as pd
import pytest

from renewal_geo.foundation.errors import InputError
from renewal_geo.solvers.phasing import _dearest_first, first_phases
from renewal_geo.zones import phases


@pytest.fixture(scope="module")
def three(lattice, chosen_by):
    """Three zones of 2, 1 and 3 ha, worth 8, 5 and 6."""
    return chosen_by(lattice("MM.M.MMM", score=[4.0, 4.0, 5.0, 2.0, 2.0, 2.0]), value="score")


def test_dear_zones_first(three):
    plan = phases(three, [1.0, 2.0, 3.0])
    assert plan.zones.to_dict() == {"Z01": 2, "Z02": 3, "Z03": 1}
    assert plan.table["net_value"].tolist() == pytest.approx([5, 8, 6])
    assert plan.table["cumulative_net_value"].tolist() == pytest.approx([5, 13, 19])
    assert plan.table["bound"].tolist() == pytest.approx([5, 13, 19], abs=1e-4)
    assert plan.membership["r0c3"] == 1
    assert "3 phases" in str(plan)


def test_a_phase_without_room_leaves_its_budget_to_the_next(three):
    plan = phases(three, [0.5, 0.5, 5.0], lang="en")
    assert plan.table["zone_count"].tolist() == [0, 1, 2]
    assert np.isnan(plan.table["gap"].iloc[0])
    assert any("phase 1 has no room" in note for note in plan.notes)


def test_the_last_phase_takes_what_is_left(three):
    plan = phases(three, [2.0, 1.0], lang="en")
    assert plan.table["budget_ha"].tolist() == pytest.approx([2, 4])
    assert any("raised" in note for note in plan.notes)
    assert phases(three, count=1).zones.eq(1).all()


def test_a_lock_that_costs_does_not_lower_earlier_bounds(lattice, chosen_by):
    """Two hectares worth 1 each are dear enough; the locked one, worth -5, comes last and bounds nothing."""
    zones = chosen_by(
        lattice("MM.M.M", score=[1.0, 1.0, -5.0, 3.0]),
        value="score",
        lock_in=["r0c3"],
        area_budget_ha=4.0,
    )
    assert zones.objective == pytest.approx(0)
    plan = phases(zones, [3.0, 1.0])
    assert plan.table["bound"].iloc[0] >= 5 - 1e-9
    assert plan.table["bound"].iloc[1] >= 5 - 1e-9  # without the lock, 5 is the best


def test_without_a_budget_the_study_s_bound_holds(three):
    plan = phases(three, [6.0])
    assert plan.table["bound"].iloc[-1] == pytest.approx(three.bound)


@pytest.mark.parametrize("budgets", [[], [-1.0], [np.nan], [np.inf]])
def test_budgets_that_are_no_sizes(three, budgets):
    with pytest.raises(InputError, match="budgets") as caught:
        phases(three, budgets)
    assert caught.value.fix
    assert caught.value.where == "phases"


def test_no_phase_and_no_language(three):
    with pytest.raises(InputError, match="count"):
        phases(three, count=0)
    with pytest.raises(InputError, match="lang"):
        phases(three, lang="fr")


@pytest.mark.parametrize(("lang", "said"), [("zh", "没有片区"), ("en", "no zones")])
def test_no_zones_no_phases(lattice, chosen_by, lang, said):
    plan = phases(chosen_by(lattice("MM"), min_area_ha=9.0), lang=lang)
    assert len(plan.table) == 0
    assert plan.membership.isna().all()
    assert said in plan.notes[0]
    assert "no phases" in str(plan)


def test_both_languages(three):
    assert phases(three, lang="zh").notes[0].startswith("未给各期预算")
    assert phases(three, lang="en").notes[0].startswith("no budgets were given")


def earliest(values, sizes, limits):
    """The most that the sum of values so far can be, over all ways to spread pieces over phases."""
    early = len(limits) - 1
    return max(
        sum(values[np.array(way) <= t].sum() for t in range(early))
        for way in itertools.product(range(early + 1), repeat=len(values))
        if all(sizes[np.array(way) <= t].sum() <= limits[t] + 1e-9 for t in range(early))
    )


@pytest.mark.parametrize("unit", [1.0, 1e-9, 1e9])
def test_first_phases_whatever_the_unit_of_value(unit):
    rng = np.random.default_rng(4)
    for _ in range(25):
        values = rng.normal(2, 2, 5)
        sizes = rng.uniform(1, 4, 5)
        limits = np.cumsum(rng.uniform(1, 5, 3))
        number, closed = first_phases(unit * values, sizes, limits)
        assert closed
        reached = sum(values[number <= t].sum() for t in range(2))
        assert reached == pytest.approx(earliest(values, sizes, limits), rel=1e-9)
        for t in range(2):
            assert sizes[number <= t].sum() <= limits[t] + 1e-6
        rough = _dearest_first(values, sizes, limits)
        assert all(sizes[rough <= t].sum() <= limits[t] + 1e-6 for t in range(2))


def test_row_order_changes_nothing(lattice, chosen_by):
    parcels = lattice("MM.M.MMM", score=[4.0, 4.0, 5.0, 2.0, 2.0, 2.0])
    one = phases(chosen_by(parcels, value="score"), [1.0, 3.0, 2.0])
    other = phases(chosen_by(parcels.iloc[::-1], value="score"), [1.0, 3.0, 2.0])
    pd.testing.assert_frame_equal(one.table, other.table)
    pd.testing.assert_series_equal(one.membership.sort_index(), other.membership.sort_index())
