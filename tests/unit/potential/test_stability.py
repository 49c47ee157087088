"""Radii, shifts and ranges, worked by hand, by linear programming, and by trying every crossing."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

from renewal_geo.foundation.errors import InputError
from renewal_geo.potential import score, stability
from renewal_geo.potential.stability import weight_ranges
from renewal_geo.potential.stability_pairs import mass_at_least
from renewal_geo.potential.stability_shifts import held_cut
from renewal_geo.potential.stability_sweeps import first_crossings


def scored(ratings, weights, *, veto=()):
    """Score rows of ratings as they stand; `veto` names rows that are ruled out."""
    n, k = np.shape(ratings)
    table = pd.DataFrame(ratings, columns=[f"c{c}" for c in range(k)], index=[f"p{i}" for i in range(n)])  # fmt: skip
    table["out"] = [float(i in veto) for i in range(n)]
    asked = [{"column": f"c{c}", "weight": float(weights[c]), "low": 0, "high": 1} for c in range(k)]  # fmt: skip
    return score(table, [*asked, {"column": "out", "veto": "> 0.5"}])


def sides(ratings, weights, top):
    scores = np.round(ratings @ weights, 12)
    return (scores[None, :] > scores[:, None]).sum(axis=1) < top


def by_linear_program(rating, weights, cut):
    """Half of the least L1 change, or NaN: variables are what each weight gains and what it loses."""
    k = len(weights)
    both = np.vstack([np.r_[rating, -rating], np.r_[np.ones(k), -np.ones(k)]])
    limits = [(0, None)] * k + [(0, w) for w in weights]
    found = linprog(
        np.full(2 * k, 0.5), A_eq=both, b_eq=[cut - rating @ weights, 0.0], bounds=limits
    )
    return found.fun if found.status == 0 else np.nan


def by_all_crossings(start, rates, end, top):
    """First changes of side along lines, by looking at every crossing of two and between them."""
    gaps, speeds = start[:, None] - start, rates - rates[:, None]
    times = np.divide(gaps, speeds, out=np.full(gaps.shape, -1.0), where=speeds != 0)
    times = np.unique(np.round(np.r_[0.0, end, times[(times >= 0) & (times <= end)]], 11))

    def is_in(t):
        at = np.round(start + rates * t, 9)
        return (at[None, :] > at[:, None]).sum(axis=1) < top

    first, before = np.full(len(start), np.inf), is_in(0.0)
    for t, after in zip(times, [*times[1:], None], strict=True):
        for moment in [t] if after is None else [t, 0.5 * (t + after)]:
            changed = (is_in(moment) != before) & np.isinf(first)
            first[changed] = t
    return first


def test_two_criteria_by_hand():
    # a scores .62 and b .60; along old they differ by .4, along near by .3
    found = stability(scored([[0.9, 0.2], [0.6, 0.6], [0.1, 0.8]], [0.6, 0.4]), top=1)
    a, b, c = (found.table.loc[row] for row in ("p0", "p1", "p2"))
    assert (found.top, found.cut) == (1, pytest.approx(0.62))
    assert found.table["is_in"].tolist() == [True, False, False]
    assert a["shift"] == pytest.approx(0.02 / 0.7)
    assert (a["from_criterion"], a["to_criterion"]) == ("c0", "c1")
    assert b["shift"] == pytest.approx(0.02 / 0.7)
    assert np.isnan(b["radius"])  # all its ratings are .6: held at .62 the cut is out of its reach
    assert c["shift"] == pytest.approx(0.22 / 0.7)  # past the first place of b, not of a
    assert c["radius"] == pytest.approx(2 * 0.24 / 0.7)
    assert found.table["is_exact"].all()
    assert (found.table["radius_low"] <= found.table["radius_high"]).all()
    said = "top 1: 2 parcels change sides under some change of the weights by 10% in all"
    assert str(found) == said


def test_a_tie_is_at_zero_only_where_it_falls_behind():
    twins = stability(scored([[0.8, 0.2], [0.8, 0.2], [0.1, 0.1]], [0.5, 0.5]), top=1)
    assert twins.table["is_in"].tolist() == [True, True, False]
    assert twins.table["shift"].isna().all()
    assert twins.table["radius_high"].isna().all()
    crossing = stability(scored([[0.8, 0.2], [0.2, 0.8], [0.1, 0.1]], [0.5, 0.5]), top=1)
    assert crossing.table["shift"].tolist()[:2] == [0.0, 0.0]
    assert crossing.table["is_exact"].tolist() == [True, True, False]


def test_where_nothing_moves_there_is_no_radius():
    found = stability(scored([[0.9, 0.9], [0.5, 0.4], [0.1, 0.2]], [0.5, 0.5]), top=1)
    for name in ("shift", "radius_low", "radius_high"):
        assert found.table[name].isna().all()
    assert found.rank_witnesses.isna().all(axis=None)
    assert any("no weighting at all moves 3" in note for note in found.notes)
    everybody = stability(scored([[0.9, 0.2], [0.5, 0.4]], [0.5, 0.5]), top=2)
    assert everybody.table["radius_high"].isna().all()
    assert "no weighting moves" in str(everybody)


def test_vetoed_parcels_never_count():
    rows = [[0.99, 0.99], [0.9, 0.2], [0.6, 0.6], [0.1, 0.8]]
    found = stability(scored(rows, [0.6, 0.4], veto=(0,)), top=1).table
    alone = stability(scored(rows[1:], [0.6, 0.4]), top=1).table
    assert (
        found.loc["p0"].drop(["is_in", "is_exact", "from_criterion", "to_criterion"]).isna().all()
    )
    assert not found.loc["p0", "is_in"]
    pd.testing.assert_frame_equal(found.iloc[1:].reset_index(drop=True), alone.reset_index(drop=True))  # fmt: skip


def test_the_cut_is_asked_for_as_everywhere():
    made = scored(np.random.default_rng(1).random((25, 3)), [0.2, 0.3, 0.5])
    assert stability(made).top == 3
    areas = pd.Series(1e4, index=made.scores.index)
    assert stability(made, top_ha=5.0, areas=areas).top == 5
    with pytest.raises(InputError, match="asked for at the top"):
        stability(made, top=26)


@pytest.mark.parametrize("grid", [0, 4])
def test_held_cut_is_the_linear_program(grid):
    chance = np.random.default_rng(grid)
    for _ in range(150):
        k = int(chance.integers(2, 9))
        ratings = chance.random((5, k)) if not grid else chance.integers(0, grid + 1, (5, k)) / grid
        weights = chance.dirichlet(np.ones(k)) * (chance.random(k) < 0.8)
        weights = weights / weights.sum() if weights.sum() else np.full(k, 1 / k)
        cut = float(chance.random())
        mass, there = held_cut(ratings, ratings @ weights, weights, cut)
        for i in range(5):
            expected = by_linear_program(ratings[i], weights, cut)
            assert mass[i] == pytest.approx(expected, abs=1e-9, nan_ok=True)
            if mass[i] == mass[i]:
                assert there[i].min() >= -1e-15
                assert there[i].sum() == pytest.approx(1)
                assert there[i] @ ratings[i] == pytest.approx(cut, abs=1e-12)
                assert np.abs(there[i] - weights).sum() == pytest.approx(2 * mass[i], abs=1e-12)


@pytest.mark.parametrize("grid", [0, 8])
def test_first_crossings_are_those_of_all_pairs(grid):
    chance = np.random.default_rng(grid)
    for n in [*range(2, 26)] * 4 + [130, 131]:
        top, end = int(chance.integers(1, n + 1)), float(chance.choice([0.3, 1.0]))
        if grid:  # many lines through one point, and lines that coincide
            start, rates = chance.integers(0, grid + 1, n) / grid, chance.integers(-4, 5, n) / 4
        else:
            start, rates = chance.random(n), chance.normal(size=n)
        expected = by_all_crossings(start, rates, end, top)
        np.testing.assert_allclose(first_crossings(start, rates, end, top), expected, atol=1e-9)


def test_a_parcel_that_crosses_and_comes_back_is_found():
    # out until 0.50, in to 0.52, out again: lines 0 and 1 fall and rise past line 2, which is level
    start, rates = np.array([1.0, -1.04, 0.0]), np.array([-2.0, 2.0, 0.0])
    assert first_crossings(start, rates, 1.0, 1).tolist() == pytest.approx([0.5, 0.52, 0.5])


def test_many_that_are_alike_cross_as_one():
    chance = np.random.default_rng(4)
    start, rates = chance.integers(0, 5, 40) / 4, chance.integers(-4, 5, 40) / 4
    once = first_crossings(start, rates, 1.0, 7)
    often = first_crossings(np.repeat(start, 150), np.repeat(rates, 150), 1.0, 7 * 150)
    np.testing.assert_allclose(often, np.repeat(once, 150), atol=1e-12)
    assert np.isfinite(once).any()


def test_a_pair_needs_no_less_than_the_bound():
    chance = np.random.default_rng(3)
    for _ in range(300):
        k = int(chance.integers(2, 9))
        slopes, weights = chance.normal(size=k), chance.dirichlet(np.ones(k))
        gain = float(chance.random()) * (slopes.max() - slopes @ weights)
        bound = mass_at_least(slopes, weights, gain, slopes.max(), np.ptp(slopes))
        exact = held_cut(slopes[None], slopes[None] @ weights, weights, float(slopes @ weights) + gain)[0][0]  # fmt: skip
        assert bound <= exact + 1e-12
        flattest = weights[slopes.argmin()]
        if exact <= flattest:  # one criterion is enough to take from
            assert bound == pytest.approx(exact)


def test_weight_ranges_end_where_the_side_changes():
    ratings, weights = np.random.default_rng(5).random((40, 4)), np.array([0.1, 0.2, 0.3, 0.4])
    table = weight_ranges(scored(ratings, weights), top=8)
    assert table.columns.tolist() == ["parcel_id", "criterion", "weight", "low", "high"]
    assert len(table) == 160
    planned = sides(ratings, weights, 8)

    def at(c, weight):
        others = np.delete(np.arange(4), c)
        made = np.empty(4)
        made[c], made[others] = weight, weights[others] / weights[others].sum() * (1 - weight)
        return sides(ratings, made, 8)

    moved = 0
    for row in table.itertuples():
        i, c = int(row.parcel_id[1:]), int(row.criterion[1:])
        for t in np.linspace(row.low + 1e-9, row.high - 1e-9, 7):
            assert at(c, t)[i] == planned[i]
        for end, beyond in ((row.low, row.low - 1e-7), (row.high, row.high + 1e-7)):
            if 0 < end < 1:
                assert at(c, beyond)[i] != planned[i]
                moved += 1
    assert moved > 50
