"""No smaller change of weights moves a parcel, the one that is given does, and neither order nor scale matters."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from renewal_geo.potential import score, stability

TRIES = 2_000


@st.composite
def rated(draw):
    """Ratings (on a coarse grid, or anything), weights, and how many are at the top."""
    n, k = draw(st.integers(3, 30)), draw(st.integers(2, 5))
    chance = np.random.default_rng(draw(st.integers(0, 2**31)))
    ratings = chance.random((n, k))
    if draw(st.booleans()):
        ratings = np.round(ratings * 4) / 4
    weights = chance.integers(1, 9, k) / 1.0
    return ratings, weights / weights.sum(), draw(st.integers(1, n - 1)), chance


def scored(ratings, weights, columns=None):
    names = [f"c{c}" for c in range(len(weights))]
    table = pd.DataFrame(ratings, columns=names, index=[f"p{i}" for i in range(len(ratings))])
    asked = [{"column": one, "weight": float(weights[c]), "low": 0, "high": 1} for c, one in enumerate(names)]  # fmt: skip
    return score(table, [asked[c] for c in columns] if columns else asked)


def is_in(ratings, weights, top):
    """Count; scores that agree to 12 decimals are equal."""
    scores = ratings @ weights
    return (scores[None, :] > scores[:, None] + 5e-13).sum(axis=1) < top


@settings(max_examples=60, deadline=None)
@given(rated())
def test_bounds_hold(case):
    ratings, weights, top, chance = case
    k = len(weights)
    found = stability(scored(ratings, weights), top=top)
    table, before = found.table, is_in(ratings, weights, top)
    low, high = table["radius_low"].to_numpy(), table["radius_high"].to_numpy()
    assert (table["is_in"].to_numpy() == before).all()
    assert (2 * table["shift"].dropna() >= table["radius_low"][table["shift"].notna()] - 1e-9).all()
    assert (
        2 * table["shift"].dropna() >= table["radius_high"][table["shift"].notna()] - 1e-9
    ).all()
    assert not (low > high).any()
    for i in np.flatnonzero(~np.isnan(high)):
        there = found.rank_witnesses.iloc[i].to_numpy()
        assert abs(np.abs(there - weights).sum() - high[i]) < 1e-7
        assert is_in(ratings, there, top)[i] != before[i]
        if high[i] > 1e-4:  # a step before it, not yet
            back = weights + (there - weights) * (1 - 2e-5 / high[i])
            assert is_in(ratings, back, top)[i] == before[i]
    reach = np.where(np.isnan(low), 2.0, low)
    for _ in range(TRIES // 20):  # anywhere, then drawn in to just inside the bound of some parcel
        anywhere = chance.dirichlet(np.full(k, chance.choice([0.3, 1.0])))
        far = np.abs(anywhere - weights).sum()
        for share in (1.0, *np.minimum(chance.choice(reach, 19) * (1 - 1e-7) / far, 1.0)):
            there = weights + (anywhere - weights) * share
            moved = is_in(ratings, there, top) != before
            assert not (moved & (share * far < reach - 1e-8)).any()


@settings(max_examples=25, deadline=None)
@given(rated())
def test_order_and_scale_change_nothing(case):
    ratings, weights, top, chance = case
    rows, columns = chance.permutation(len(ratings)), chance.permutation(len(weights)).tolist()
    found = stability(scored(ratings, weights), top=top)
    table = pd.DataFrame(ratings, columns=[f"c{c}" for c in range(len(weights))],
                         index=[f"p{i}" for i in range(len(ratings))]).iloc[rows]  # fmt: skip
    asked = [{"column": f"c{c}", "weight": 7.0 * float(weights[c]), "low": 0, "high": 1} for c in columns]  # fmt: skip
    turned = stability(score(table, asked, weights_are="points"), top=top)
    again = turned.table.loc[found.table.index]
    for name in ("radius", "radius_low", "radius_high", "shift"):
        np.testing.assert_allclose(again[name], found.table[name], atol=1e-9)
    assert (again["is_in"] == found.table["is_in"]).all()
    pd.testing.assert_frame_equal(
        turned.witnesses.loc[found.witnesses.index, found.witnesses.columns],
        found.witnesses,
        atol=1e-9,
    )


@settings(max_examples=25, deadline=None)
@given(rated(), st.integers(1, 3))
def test_more_effort_only_closes_in(case, times):
    ratings, weights, top, _ = case
    made = scored(ratings, weights)
    less, more = (stability(made, top=top, effort=effort).table for effort in (0.0, float(times)))
    assert not (more["radius_low"] < less["radius_low"] - 1e-12).any()
    assert not (more["radius_high"] > less["radius_high"] + 1e-12).any()
    assert (more["shift"].isna() == less["shift"].isna()).all()
