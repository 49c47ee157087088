"""Laws of the score and of its ranks under many weightings; equalities are exact unless a tolerance is named."""

import numpy as np
import pandas as pd
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from renewal_geo.foundation.errors import InputError
from renewal_geo.potential import acceptability, score

figures = st.one_of(st.floats(-1e6, 1e6, allow_nan=False), st.integers(-20, 20).map(float))
codes = st.sampled_from(["M1", "R2", "3"])
NAMES = ("a", "b", "c", "d", "use")
STEPS = ((-5.0, 0.0, 7.5), (0.0, 0.2, 0.6, 1.0))


@st.composite
def criteria(draw, *, ranged=None):
    """Five criteria, one of every transform; the ranges of the lines stated or taken from the data."""
    stated = draw(st.booleans()) if ranged is None else ranged
    low = draw(st.floats(-100, 0))
    ends = {"low": low, "high": low + draw(st.floats(1, 200))} if stated else {}
    side = draw(st.sampled_from(["benefit", "cost"]))
    asked = [
        {"column": "a", "direction": side, **ends},
        {"column": "b", "transform": "sigmoid", **ends},
        {"column": "c", "breaks": list(STEPS[0]), "scores": list(STEPS[1])},
        {"column": "d", "missing": 0.25, **ends},
        {"column": "use", "categories": {"M1": 1.0, "R2": 0.3, "3": 0.0}},
    ]
    weights = draw(st.lists(st.floats(0.05, 10), min_size=5, max_size=5))
    for one, weight in zip(asked, weights, strict=True):
        one["weight"] = weight
    if draw(st.booleans()):
        asked[2]["veto"] = draw(st.sampled_from(["> 7.5", "< 0", "== 0"]))
    return asked


@st.composite
def tables(draw, least=2):
    n = draw(st.integers(least, 9))
    columns = {name: draw(st.lists(figures, min_size=n, max_size=n)) for name in ("a", "b", "c")}
    columns["d"] = draw(st.lists(st.one_of(st.none(), figures), min_size=n, max_size=n))
    columns["use"] = draw(st.lists(codes, min_size=n, max_size=n))
    index = pd.Index([f"p{i}" for i in range(n)], name="parcel_id")
    table = pd.DataFrame(columns, index=index).astype({"d": float})
    assume(table["d"].notna().any())
    return table


def made(table, asked, **more):
    return score(table, asked, **({"weights_are": "points"} | more))


def same(one, other, order):
    """Every figure of two scores is the same to the bit, in the order of rows of the first."""
    at = np.argsort(order)
    for name in ("scores", "contributions", "ratings", "is_vetoed", "ranks", "limiting", "values"):
        mine, theirs = getattr(one, name), getattr(other, name).iloc[at]
        if isinstance(mine, pd.DataFrame):
            pd.testing.assert_frame_equal(mine, theirs[mine.columns], check_exact=True)
        else:
            pd.testing.assert_series_equal(mine, theirs, check_exact=True)
    pd.testing.assert_series_equal(
        one.weighting.weights.sort_index(), other.weighting.weights.sort_index(), check_exact=True
    )
    ends = ["low", "high", "weight"]
    pd.testing.assert_frame_equal(
        one.criteria[ends].sort_index(), other.criteria[ends].sort_index(), check_exact=True
    )


@settings(max_examples=25, deadline=None)
@given(tables(), criteria(), st.randoms(), st.sampled_from(["direct", "entropy"]))
def test_the_order_of_rows_and_of_criteria_changes_no_bit(table, asked, chance, weighting):
    if weighting == "entropy":
        for one in asked:
            del one["weight"]
    assume(not _all_vetoed(table, asked))
    whole = _made_or_none(table, asked, weighting)
    assume(whole is not None)
    order = chance.sample(range(len(table)), len(table))
    turned = chance.sample(asked, len(asked))
    other = made(table.iloc[order], turned, weighting=weighting)
    same(whole, other, order)
    first = acceptability(whole, draws=40, seed=2)
    second = acceptability(other, draws=40, seed=2)
    pd.testing.assert_frame_equal(
        first.table, second.table.iloc[np.argsort(order)], check_exact=True
    )
    pd.testing.assert_frame_equal(
        first.weights, second.weights[first.weights.columns], check_exact=True
    )
    pd.testing.assert_frame_equal(first.classes, second.classes, check_exact=True)


def _all_vetoed(table, asked):
    return bool(score(table, [{**asked[2], "weight": 1}]).is_vetoed.all())


def _made_or_none(table, asked, weighting):
    """Entropy has nothing to tell where all figures are alike."""
    try:
        return made(table, asked, weighting=weighting)
    except InputError as fault:
        if fault.code != "nothing_distinguishes":
            raise
        return None


@settings(max_examples=25, deadline=None)
@given(tables(), criteria())
def test_contributions_add_to_a_score_in_0_to_1(table, asked):
    found = made(table, asked)
    known = found.scores.dropna()
    assert len(known) == len(table)
    assert known.between(0, 1).all()
    assert ((found.ratings >= 0) & (found.ratings <= 1)).all(axis=None)
    assert (found.contributions.sum(axis=1) - found.scores).abs().max() <= 1e-15 * 5
    assert abs(found.weighting.weights.sum() - 1) <= 1e-15 * 5
    expected = found.ratings * found.weighting.weights
    pd.testing.assert_frame_equal(found.contributions, expected[found.contributions.columns])


@settings(max_examples=25, deadline=None)
@given(tables(), criteria(ranged=True), st.data())
def test_raising_a_benefit_never_lowers_a_score_and_raising_a_cost_never_lifts_it(
    table, asked, data
):
    for one in asked:
        one.pop("veto", None)
    name = data.draw(st.sampled_from(["a", "b", "c", "d"]))
    at = data.draw(st.integers(0, len(table) - 1))
    assume(pd.notna(table[name].iloc[at]))
    raised = table.copy()
    raised.iloc[at, table.columns.get_loc(name)] += data.draw(st.floats(0, 1e6))
    before, after = made(table, asked), made(raised, asked)
    change = after.scores.iloc[at] - before.scores.iloc[at]
    is_cost = name == "a" and asked[0]["direction"] == "cost"
    assert change <= 1e-15 if is_cost else change >= -1e-15
    others = [i for i in range(len(table)) if i != at]
    pd.testing.assert_series_equal(
        before.scores.iloc[others], after.scores.iloc[others], check_exact=True
    )
    better = before.ranks.iloc[at] - after.ranks.iloc[at]
    assert better <= 0 if is_cost else better >= 0


@settings(max_examples=25, deadline=None)
@given(tables(), criteria(), st.sampled_from([0.0015, 1e-4, 0.3048, 10.0, 666.667, 1e6]))
def test_units_change_nothing(table, asked, factor):
    """Figures, ends, breaks and vetoes in another unit: mu for m2, feet for metres."""
    spread = (table[["a", "b", "c", "d"]].max() - table[["a", "b", "c", "d"]].min()).dropna()
    largest = table[["a", "b", "c", "d"]].abs().max()
    assume(
        ((spread == 0) | (spread > 1e-3 * largest)).all()
    )  # beyond that, rounding of the unit itself shows
    asked[2].pop("veto", None)
    changed = table.assign(**{name: table[name] * factor for name in "abcd"})
    scaled = [
        {
            key: _times(value, factor) if key in {"low", "high", "breaks"} else value
            for key, value in one.items()
        }
        for one in asked
    ]
    before, after = made(table, asked), made(changed, scaled)
    assert (before.ratings - after.ratings).abs().max(axis=None) <= 1e-12
    assert (before.scores - after.scores).abs().max() <= 1e-12


def _times(value, factor):
    return [one * factor for one in value] if isinstance(value, list) else value * factor


@settings(max_examples=25, deadline=None)
@given(tables(), criteria(), st.floats(0.01, 100))
def test_the_scale_of_points_changes_nothing(table, asked, factor):
    scaled = [{**one, "weight": one["weight"] * factor} for one in asked]
    before, after = made(table, asked), made(table, scaled)
    assert (before.scores - after.scores).abs().max() <= 1e-12


@settings(max_examples=25, deadline=None)
@given(
    tables(),
    criteria(),
    st.integers(1, 9),
    st.sampled_from(["around", "uniform"]),
    st.integers(0, 99),
)
def test_laws_of_ranks_under_weightings(table, asked, top, law, seed):
    potential = made(table, asked)
    ranked = potential.ranks.notna()
    assume(ranked.any())
    top = min(top, int(ranked.sum()))
    found = acceptability(potential, top=top, law=law, draws=30, seed=seed)
    rows = found.table
    assert rows["top_share"].between(0, 1).all()
    assert rows["top_share"].sum() >= top - 1e-9
    assert (rows.loc[potential.is_vetoed, "top_share"] == 0).all()
    assert (rows.loc[potential.is_vetoed, "class"] == "vetoed").all()
    kept = rows[ranked]
    chain = ["rank_best", "rank_p05", "rank_p95", "rank_worst"]
    assert (kept[chain].diff(axis=1).iloc[:, 1:] >= 0).all(axis=None)
    assert (kept["top_share"].eq(1) == kept["rank_worst"].le(top)).all()
    assert (kept["top_share"].gt(0) == kept["rank_best"].le(top)).all()
    scores = found.scores()
    rounded = scores[ranked.to_numpy()].round(12)
    for draw in scores.columns[:5]:
        ranks = rounded[draw].rank(ascending=False, method="min")
        assert (kept["rank_best"] <= ranks).all()
        assert (ranks <= kept["rank_worst"]).all()
    assert (rows["score_robust"] >= scores.min(axis=1)).all()
    assert (rows["score_robust"] <= scores.max(axis=1)).all()
    distinct = rounded.apply(lambda one: one.nunique() == len(one)).all()
    assert not distinct or abs(rows["top_share"].sum() - top) < 1e-9


@settings(max_examples=25, deadline=None)
@given(tables(), criteria(), st.integers(1, 9))
def test_the_planners_own_weights_give_yes_or_no(table, asked, top):
    potential = made(table, asked)
    ranked = potential.ranks.notna()
    assume(ranked.any())
    top = min(top, int(ranked.sum()))
    planned = potential.weighting.weights.to_frame().T.reset_index(drop=True)
    found = acceptability(potential, weights=planned, top=top)
    assert (found.table["top_share"].eq(1) == potential.ranks.le(top)).all()
    assert found.table["rank_best"].equals(potential.ranks.rename("rank_best"))
    np.testing.assert_array_equal(found.scores(0), potential.scores)
    np.testing.assert_array_equal(found.table["score_robust"], potential.scores)
