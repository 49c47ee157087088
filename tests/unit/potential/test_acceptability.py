"""Ranks over many weightings: against a plain count, and cases that can be worked by hand."""

import numpy as np
import pandas as pd
import pytest

from renewal_geo.foundation.errors import InputError
from renewal_geo.potential import acceptability, cut_of, drawn_ranks, score

K = ("a", "b", "c")


def made(rows, weights=(1, 1, 1), **more):
    """Ratings are the figures themselves: every range is 0 to 1."""
    table = pd.DataFrame(rows, columns=list(K[: len(rows[0])]))
    table.index = pd.Index([f"p{i}" for i in range(len(rows))], name="parcel_id")
    asked = [
        {"column": name, "weight": weight, "low": 0.0, "high": 1.0, **more.get(name, {})}
        for name, weight in zip(table.columns, weights, strict=True)
    ]
    return score(table, asked, weights_are="points")


def crowd(n=60, seed=1, **more):
    """Figures in twentieths, so that many scores are equal; some missing."""
    random = np.random.default_rng(seed)
    rows = random.integers(0, 21, (n, 3)) / 20
    rows[random.random(n) < 0.1, 1] = np.nan
    return made(rows, (2, 1, 3), **more)


def counted(potential, weights, top):
    """The definitions, one parcel and one draw at a time."""
    rates, names = potential.ratings, sorted(potential.ratings.columns)
    open_ = potential.ranks.notna().to_numpy()
    draws = []
    for _, row in weights.iterrows():
        total = np.zeros(len(rates))
        for name in names:
            total = total + rates[name].to_numpy() * row[name]
        draws.append(total)
    draws = np.array(draws)
    rounded = np.round(draws, 12)
    ranks = np.full(draws.shape, np.nan)
    for d in range(len(draws)):
        for i in np.flatnonzero(open_):
            ranks[d, i] = 1 + sum(rounded[d, j] > rounded[d, i] for j in np.flatnonzero(open_))
    return draws, ranks, (ranks <= top).mean(axis=0)


@pytest.mark.parametrize("law", ["around", "uniform"])
@pytest.mark.parametrize("draws", [1, 7, 20, 101])
def test_every_figure_is_what_a_plain_count_gives(law, draws):
    potential = crowd(a={"veto": "> 0.95"})
    found = acceptability(potential, top=9, law=law, draws=draws, seed=3)
    scores, ranks, share = counted(potential, found.weights, 9)
    table, open_ = found.table, potential.ranks.notna().to_numpy()
    assert 0 < potential.is_vetoed.sum() < 20
    assert potential.scores.isna().any()
    assert table["rank"].equals(potential.ranks)
    for name, expected in (
        ("rank_best", ranks.min(axis=0)),
        ("rank_worst", ranks.max(axis=0)),
        ("rank_p05", np.quantile(ranks, 0.05, axis=0, method="inverted_cdf")),
        ("rank_p95", np.quantile(ranks, 0.95, axis=0, method="inverted_cdf")),
        ("top_share", share),
    ):
        assert table[name].to_numpy()[open_].tolist() == expected[open_].tolist(), name
    assert (
        table.loc[~open_, ["rank", "rank_best", "rank_worst", "rank_p05", "rank_p95"]]
        .isna()
        .all(axis=None)
    )
    assert (table.loc[~open_, "top_share"] == 0).all()
    np.testing.assert_allclose(table["score_mean"], scores.mean(axis=0), rtol=0, atol=1e-14)
    np.testing.assert_allclose(table["score_sd"], scores.std(axis=0), rtol=0, atol=1e-14)
    np.testing.assert_array_equal(found.scores().to_numpy(), np.minimum(scores.T, 1))


def test_the_robust_score_is_reached_in_nine_of_ten_draws_and_no_greater_one_is():
    potential = crowd()
    for draws in (1, 9, 10, 11, 100):
        found = acceptability(potential, draws=draws)
        scores = found.scores()
        known = found.table["score_robust"].dropna()
        reached = (scores.loc[known.index].ge(known, axis=0)).mean(axis=1)
        assert (reached >= 0.9).all()
        for name, robust in known.items():
            above = scores.loc[name][scores.loc[name] > robust]
            assert above.empty or (scores.loc[name] >= above.min()).mean() < 0.9


def test_blocks_change_nothing(monkeypatch):
    potential = crowd()
    whole = acceptability(potential, draws=150, top=5)
    monkeypatch.setattr(drawn_ranks, "RANKS_AT_ONCE", 1)
    monkeypatch.setattr(drawn_ranks, "SCORES_AT_ONCE", 1)
    pd.testing.assert_frame_equal(
        acceptability(potential, draws=150, top=5).table, whole.table, check_exact=True
    )


def test_a_law_of_two_weights_that_can_be_worked_out():
    """a scores w, b scores 1 - w, c one half; uniform w: a leads in half the draws, b in the other, c never."""
    potential = made([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]], (1, 1))
    found = acceptability(potential, top=1, law="uniform", draws=20_000)
    assert found.table["top_share"].tolist() == pytest.approx([0.5, 0.5, 0.0], abs=0.015)
    assert found.table["score_mean"].tolist() == pytest.approx([0.5, 0.5, 0.5], abs=0.01)
    assert found.table["score_sd"].tolist() == pytest.approx([12**-0.5, 12**-0.5, 0.0], abs=0.005)
    assert found.table["score_robust"].tolist() == pytest.approx([0.1, 0.1, 0.5], abs=0.01)
    assert found.table["rank_p05"].tolist() == [1, 1, 2]
    assert found.table["rank_p95"].tolist() == [3, 3, 2]
    assert found.table["class"].tolist() == [
        "likely" if one >= 0.5 else "possible" for one in found.table["top_share"][:2]
    ] + ["never"]


def test_weights_around_the_planners_have_the_mean_and_spread_that_is_said():
    """Before scaling, the ratio of two weights is the planner's times a lognormal of log-variance 2 ln(1 + sd2)."""
    found = acceptability(made([[0.1, 0.2, 0.3]], (1, 2, 5)), draws=40_000, noise=0.3)
    logs = np.log(found.weights["c"] / found.weights["a"])
    assert logs.mean() == pytest.approx(np.log(5), abs=0.01)
    assert logs.var() == pytest.approx(2 * np.log1p(0.09), rel=0.03)
    assert found.weights.sum(axis=1).to_numpy() == pytest.approx(1.0, abs=1e-15)
    assert "mean 1 and standard deviation 0.3" in found.notes[0]


def test_uniform_weightings_are_dirichlet():
    weights = acceptability(made([[0.1, 0.2, 0.3]]), draws=40_000, law="uniform").weights
    assert weights.mean().tolist() == pytest.approx([1 / 3] * 3, abs=0.005)
    assert weights.var().tolist() == pytest.approx([1 / 18] * 3, rel=0.03)


def test_no_noise_is_the_planners_ranking():
    potential = crowd()
    found = acceptability(potential, noise=0.0, draws=20, top=7)
    for name in ("rank_best", "rank_worst", "rank_p05", "rank_p95"):
        assert found.table[name].equals(potential.ranks.rename(name))
    assert set(found.table["top_share"]) == {0.0, 1.0}
    assert set(found.table["class"]) == {"always", "never", "unscored"}


def test_given_weights_are_taken_by_name_in_any_order_of_columns():
    potential = crowd()
    one = pd.DataFrame(
        {"c": [0.5, 0.2], "a": [0.25, 0.3], "b": [0.25, 0.5]}, index=["mayor", "owners"]
    )
    found = acceptability(potential, weights=one, top=7)
    again = acceptability(potential, weights=one[["a", "b", "c"]], top=7)
    pd.testing.assert_frame_equal(found.table, again.table, check_exact=True)
    assert (found.law, found.draws) == ("given", 2)
    assert found.scores(0).name == "mayor"
    p = potential.ratings.loc["p0"]
    assert found.scores(1)["p0"] == pytest.approx(0.2 * p["c"] + 0.3 * p["a"] + 0.5 * p["b"])


@pytest.mark.parametrize(
    "weights",
    [
        {"a": [0.5], "b": [0.5]},
        {"a": [0.5], "b": [0.5], "d": [0.0]},
        {"a": [0.5], "b": [0.6], "c": [-0.1]},
        {"a": [0.5], "b": [0.5], "c": [0.5]},
        {"a": [0.5], "b": [float("nan")], "c": [0.5]},
        {"a": [], "b": [], "c": []},
    ],
)
def test_given_weights_that_mean_nothing_are_refused(weights):
    with pytest.raises(InputError) as caught:
        acceptability(crowd(), weights=pd.DataFrame(weights))
    assert caught.value.code == "bad_weights"


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"draws": 0}, "bad_draws"),
        ({"draws": 2.5}, "bad_draws"),
        ({"noise": -0.1}, "bad_draws"),
        ({"noise": float("nan")}, "bad_draws"),
        ({"noise": float("inf")}, "bad_draws"),
        ({"noise": 1e200}, "bad_draws"),
        ({"draws": float("inf")}, "bad_draws"),
        ({"seed": -1}, "bad_draws"),
        ({"law": "normal"}, "unknown_law"),
        ({"law": "given"}, "unknown_law"),
        ({"top": -1}, "bad_top"),
        ({"top": 1000}, "bad_top"),
        ({"top": 2.5}, "bad_top"),
        ({"top_ha": float("nan")}, "bad_top"),
        ({"top_ha": 1.0}, "bad_areas"),
    ],
)
def test_questions_that_mean_nothing_are_refused(asked, code):
    with pytest.raises(InputError) as caught:
        acceptability(crowd(), **asked)
    assert caught.value.code == code


def test_half_of_the_draws_is_likely():
    potential = made([[1.0, 0.0], [0.0, 1.0], [0.4, 0.4]], (1, 1))
    found = acceptability(
        potential, weights=pd.DataFrame({"a": [0.6, 0.4], "b": [0.4, 0.6]}), top=1
    )
    assert found.table["top_share"].tolist() == [0.5, 0.5, 0.0]
    assert found.table["class"].tolist() == ["likely", "likely", "never"]


def test_given_weights_that_nearly_add_to_1_are_scaled():
    nearly = pd.DataFrame({"a": [0.4999996], "b": [0.25], "c": [0.25]})
    found = acceptability(made([[1.0, 1.0, 1.0], [1.0, 1.0, 0.5]]), weights=nearly, top=1)
    assert found.scores(0).tolist() == pytest.approx([1.0, 1 - 0.125 / 0.9999996], abs=1e-15)
    assert found.table["top_share"].tolist() == [1.0, 0.0]


def test_the_same_seed_repeats_itself_and_another_does_not():
    potential = crowd()
    first, again, other = (acceptability(potential, seed=s, draws=50).table for s in (4, 4, 5))
    pd.testing.assert_frame_equal(first, again, check_exact=True)
    assert not first.equals(other)


def test_classes_are_counted_with_their_land_and_said():
    potential = made(
        [[0.9, 0.9], [0.8, 0.1], [0.1, 0.8], [0.1, 0.1], [0.95, 0.95]], (1, 1), a={"veto": "> 0.92"}
    )
    areas = pd.Series([1e4, 2e4, 3e4, 4e4, 5e4], index=potential.scores.index)
    found = acceptability(potential, top=2, areas=areas, law="uniform", draws=400)
    assert found.table["class"].tolist()[0] == "always"
    assert set(found.table["class"].tolist()[1:3]) == {"likely", "possible"}
    assert found.table["class"].tolist()[3:] == ["never", "vetoed"]
    assert found.classes["parcels"].sum() == 5
    assert found.classes["area_ha"].to_dict() == pytest.approx(
        {"always": 1, "never": 4, "vetoed": 5, "unscored": 0}
        | {kind: 2 + i for i, kind in enumerate(found.table["class"].iloc[1:3])}
    )
    assert str(found) == (
        "top 2: 1 parcels (1.0 ha) stay there under all 400 weightings, 3 (6.0 ha) are there at least once"
    )
    bare = acceptability(potential, top=2, law="uniform", draws=400)
    assert bare.classes["area_ha"].isna().all()
    assert " ha" not in str(bare)


def test_where_every_parcel_is_vetoed_the_answer_is_empty_and_no_error():
    potential = made([[0.9, 0.9], [0.8, 0.1]], (1, 1), a={"veto": "> 0"})
    found = acceptability(potential, draws=10)
    assert found.top == 0
    assert found.table["class"].tolist() == ["vetoed", "vetoed"]
    assert str(found).startswith("top 0: 0 parcels")


class TestCut:
    def test_a_tenth_is_rounded_up(self):
        assert cut_of(made([[i / 40, 0.5] for i in range(31)], (1, 1))) == 4
        assert cut_of(made([[0.5, 0.5]], (1, 1))) == 1

    def test_a_number_is_taken_as_it_stands_and_goes_before_land(self):
        assert cut_of(made([[i / 40, 0.5] for i in range(31)], (1, 1)), 7, 2.0) == 7

    def test_land_is_filled_by_rank_and_the_parcel_that_reaches_it_is_the_last(self):
        potential = made([[0.9, 0], [0.7, 0], [0.8, 0], [0.6, 0]], (1, 1))
        areas = pd.Series([1e4, 2e4, 3e4, 4e4], index=potential.scores.index)
        assert [cut_of(potential, 0, ha, areas) for ha in (0.5, 1.0, 1.1, 4.0, 4.1, 6.0, 10.0)] == [
            1,
            1,
            2,
            2,
            3,
            3,
            4,
        ]
        with pytest.raises(
            InputError, match=r"10\.1 ha are asked for at the top, but the ranked parcels hold 10"
        ):
            cut_of(potential, 0, 10.1, areas)

    def test_vetoed_land_does_not_count(self):
        potential = made([[0.9, 0], [0.7, 0], [0.8, 0]], (1, 1), a={"veto": "> 0.85"})
        areas = pd.Series([1e4, 2e4, 3e4], index=potential.scores.index)
        assert cut_of(potential, 0, 3.5, areas) == 2

    def test_equal_ranks_are_taken_larger_first_in_any_order_of_rows(self):
        rows, land = [[0.5, 0.5]] * 3, [1e4, 3e4, 2e4]
        for order in ([0, 1, 2], [2, 1, 0], [1, 0, 2]):
            potential = made([rows[i] for i in order], (1, 1))
            areas = pd.Series([land[i] for i in order], index=potential.scores.index)
            assert cut_of(potential, 0, 3.5, areas) == 2

    @pytest.mark.parametrize("areas", [[1e4, -1.0], [1e4, float("nan")]])
    def test_areas_that_mean_nothing_are_refused(self, areas):
        potential = made([[0.9, 0], [0.7, 0]], (1, 1))
        with pytest.raises(InputError) as caught:
            cut_of(potential, 0, 1.0, pd.Series(areas, index=potential.scores.index))
        assert caught.value.code == "bad_areas"

    def test_areas_of_other_parcels_are_refused(self):
        potential = made([[0.9, 0], [0.7, 0]], (1, 1))
        with pytest.raises(InputError) as caught:
            cut_of(potential, 0, 1.0, pd.Series([1e4, 1e4], index=["p1", "p0"]))
        assert caught.value.code == "bad_areas"
