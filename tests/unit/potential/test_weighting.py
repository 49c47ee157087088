"""Weights by four methods: worked examples of the literature, and what is refused."""

import math

import numpy as np
import pandas as pd
import pytest

from renewal_geo.foundation.errors import InputError
from renewal_geo.potential.criterion import Criterion
from renewal_geo.potential.pairwise import RANDOM_INDEX, joined, judged
from renewal_geo.potential.weighting import weigh

# T. L. Saaty, "Decision making with the analytic hierarchy process", Int. J. Services Sciences 1 (2008) 83-98:
# which drink is consumed more in the U.S.; printed priorities .177 .019 .042 .116 .190 .129 .327, CR .022
DRINKS = ("coffee", "wine", "tea", "beer", "soda", "milk", "water")
DRINK_JUDGEMENTS = [
    [1, 9, 5, 2, 1, 1, "1/2"],
    ["1/9", 1, "1/3", "1/9", "1/9", "1/9", "1/9"],
    ["1/5", 3, 1, "1/3", "1/4", "1/3", "1/9"],
    ["1/2", 9, 3, 1, "1/2", 1, "1/3"],
    [1, 9, 4, 2, 1, 2, "1/2"],
    [1, 9, 3, 1, "1/2", 1, "1/3"],
    [2, 9, 9, 3, 2, 3, 1],
]
DRINK_PRIORITIES = [0.177, 0.019, 0.042, 0.116, 0.190, 0.129, 0.327]
# T. L. Saaty, The Analytic Hierarchy Process (1980): wealth of seven nations; printed eigenvector .427 .230 .021 .052
# .052 .123 .094, lambda_max 7.61
NATIONS = ("us", "ussr", "china", "france", "uk", "japan", "frg")
NATION_JUDGEMENTS = [
    [1, 4, 9, 6, 6, 5, 5],
    ["1/4", 1, 7, 5, 5, 3, 4],
    ["1/9", "1/7", 1, "1/5", "1/5", "1/7", "1/5"],
    ["1/6", "1/5", 5, 1, 1, "1/3", "1/3"],
    ["1/6", "1/5", 5, 1, 1, "1/3", "1/3"],
    ["1/5", "1/3", 7, 3, 3, 1, 2],
    ["1/5", "1/4", 5, 3, 3, "1/2", 1],
]
NATION_PRIORITIES = [0.427, 0.230, 0.021, 0.052, 0.052, 0.123, 0.094]


def given(*weights, veto=""):
    """One criterion per weight, named a, b, c …; a weight may be a tuple, one per expert."""
    names = "abcdefghijklmnopqrstuvwxyz"
    rows = [w if isinstance(w, tuple) else (w,) for w in weights]
    return [Criterion(names[at], column=names[at], weight=row) for at, row in enumerate(rows)]


def named(names):
    return [Criterion(name, column=name) for name in names]


def test_points_are_scaled_and_it_is_said():
    found = weigh(given(3, 2, 1, 3, 1))
    assert found.weights.tolist() == pytest.approx([0.3, 0.2, 0.1, 0.3, 0.1])
    assert found.notes == ("weights add to 10 and were scaled to 1",)
    assert found.experts.columns.tolist() == ["1"]
    assert found.experts["1"].tolist() == found.weights.tolist()
    assert found.consistency.empty
    assert found.because == ""


@pytest.mark.parametrize(
    ("weights", "kind"),
    [
        ([0.5, 0.3, 0.2], "auto"), ([0.1] * 10, "auto"), ([60, 30, 10], "auto"), ([33.3, 33.3, 33.4], "auto"),
        ([1.0], "auto"), ([100], "auto"), ([0.5, 0.5], "shares"), ([0, 100.0], "percent"), ([1, 0], "shares"),
        ([1], "points"),
    ],
)  # fmt: skip
def test_what_adds_up_is_taken_without_a_note(weights, kind):
    found = weigh(given(*weights), weights_are=kind)
    assert found.weights.tolist() == pytest.approx(np.array(weights) / sum(weights))
    assert found.notes == ()


@pytest.mark.parametrize(
    ("weights", "kind", "said"),
    [
        ([0.5, 0.3], "auto", r"look like shares and add to 0\.8, not 1: a 0\.5, b 0\.3"),
        ([1, 0.5], "auto", r"look like shares and add to 1\.5, not 1"),
        ([0.5], "auto", r"add to 0\.5, not 1"),
        ([50, 40], "auto", r"look like percent and add to 90, not 100"),
        ([60, 50], "auto", r"look like percent and add to 110, not 100"),
        ([33.3, 33.3, 33.3], "auto", r"add to 99\.9, not 100"),
        ([3, 2], "shares", r"add to 5, not 1"),
        ([0.5, 0.5], "percent", r"add to 1, not 100"),
        ([0.5, 0.5 + 3e-6], "shares", r"add to 1\.000003, not 1"),
    ],
)
def test_sums_that_do_not_add_are_refused_with_both_fixes(weights, kind, said):
    with pytest.raises(InputError, match=said) as refused:
        weigh(given(*weights), weights_are=kind)
    assert refused.value.code == "weights_do_not_add"
    assert "make them add to 1" in refused.value.fix
    assert 'weights_are = "points"' in refused.value.fix
    assert weigh(given(*weights), weights_are="points").weights.sum() == pytest.approx(1.0)


def test_small_points_that_add_near_a_hundred_stay_points():
    assert weigh(given(*[9] * 11)).notes == ("weights add to 99 and were scaled to 1",)
    assert weigh(given(50, 39)).weights.iloc[0] == pytest.approx(50 / 89)


@pytest.mark.parametrize("weights", [[-1, 2], [float("nan"), 1], [float("inf"), 1], [(1, 2), 3]])
def test_weights_that_are_none_are_refused(weights):
    with pytest.raises(InputError) as refused:
        weigh(given(*weights))
    assert refused.value.code == "bad_weights"


def test_what_is_only_a_veto_weighs_nothing():
    veto = Criterion("z", column="z", veto="> 25")
    zero = Criterion("y", column="y", veto="> 25", weight=(0.0,))
    found = weigh([veto, *given(0.75, 0.25), zero])
    assert found.weights.to_dict() == {"z": 0.0, "a": 0.75, "b": 0.25, "y": 0.0}
    assert found.experts.loc["z", "1"] == 0.0
    with pytest.raises(InputError, match="no criterion has a weight"):
        weigh([veto, zero])


def test_every_experts_column_is_checked():
    with pytest.raises(InputError, match=r"expert 2: weights look like shares and add to 0\.9"):
        weigh(given((0.5, 0.5), (0.5, 0.4)))
    with pytest.raises(InputError, match="expert 2: all weights are 0"):
        weigh(given((1, 0), (2, 0)))


def test_experts_are_put_together_by_the_geometric_mean():
    found = weigh(given((60, 20), (40, 80)))
    roots = [math.sqrt(0.6 * 0.2), math.sqrt(0.4 * 0.8)]
    assert found.weights.tolist() == pytest.approx([one / sum(roots) for one in roots])
    assert found.experts.to_dict("list") == {"1": [0.6, 0.4], "2": [0.2, 0.8]}


def test_a_zero_of_one_expert_makes_the_weight_zero_and_is_said():
    found = weigh(given((50, 0), (50, 100)))
    assert found.weights.tolist() == [0.0, 1.0]
    assert "a: one expert gives 0" in found.notes[-1]
    with pytest.raises(InputError, match="every criterion has a weight of 0 by some expert"):
        weigh(given((100, 0), (0, 100)))


def test_swing():
    found = weigh(given(100, 60, 40, 0.0), method="swing")
    assert found.weights.tolist() == [0.5, 0.3, 0.2, 0.0]
    two = weigh(given((100, 50), (50, 100)), method="swing")
    assert two.weights.tolist() == pytest.approx([0.5, 0.5])


@pytest.mark.parametrize(
    ("weights", "said"), [([90, 40], "greatest swing is a with 90"), ([40, 120], "b with 120")]
)
def test_the_greatest_swing_is_a_hundred(weights, said):
    with pytest.raises(InputError, match=said) as refused:
        weigh(given(*weights), method="swing")
    assert "give 100 points" in refused.value.fix


@pytest.mark.parametrize(
    ("names", "matrix", "printed", "eigenvalue", "ratio"),
    [
        (DRINKS, DRINK_JUDGEMENTS, DRINK_PRIORITIES, 7.177, 0.022),
        (NATIONS, NATION_JUDGEMENTS, NATION_PRIORITIES, 7.61, 0.077),
    ],
)
def test_examples_of_the_literature(names, matrix, printed, eigenvalue, ratio):
    found = weigh(named(names), method="ahp", ahp=[matrix])
    assert found.weights.tolist() == pytest.approx(printed, abs=0.0006)
    row = found.consistency.loc["1"]
    assert row["eigenvalue"] == pytest.approx(eigenvalue, abs=0.005)
    assert row["ratio"] == pytest.approx(ratio, abs=0.0005)
    assert row["index"] == pytest.approx((row["eigenvalue"] - 7) / 6)
    assert row["worst_row"] in names
    # one matrix may stand without the list around it
    assert weigh(named(names), method="ahp", ahp=matrix).weights.equals(found.weights)


def test_three_criteria_in_closed_form():
    """Of three criteria the eigenvector is the row geometric mean, and lambda = 1 + t + 1/t, t = (a13 / a12 a23)^(1/3)."""
    first, second, third = 3.0, 5.0, 0.5
    matrix = [[1, first, third], [1 / first, 1, second], [1 / third, 1 / second, 1]]
    found = weigh(named("abc"), method="ahp", ahp=[matrix], because="a test")
    means = np.prod(matrix, axis=1) ** (1 / 3)
    assert found.weights.tolist() == pytest.approx(means / means.sum(), abs=1e-12)
    t = (third / (first * second)) ** (1 / 3)
    assert found.consistency.loc["1", "eigenvalue"] == pytest.approx(1 + t + 1 / t)


def test_against_power_iteration():
    generator = np.random.default_rng(4)
    for n in (3, 5, 8, 12, 15):
        upper = np.triu(np.exp(generator.normal(0, 0.7, (n, n))), 1)
        matrix = upper + np.eye(n) + np.tril(1 / np.where(upper.T > 0, upper.T, 1), -1)
        vector = np.full(n, 1.0 / n)
        for _ in range(400):
            vector = matrix @ vector
            vector /= vector.sum()
        found = judged(matrix)
        assert found.weights == pytest.approx(vector, abs=1e-12)
        assert found.eigenvalue == pytest.approx((matrix @ vector / vector).mean())


def test_two_criteria_are_always_consistent():
    found = weigh(named("ab"), method="ahp", ahp=[[[1, "1/4"], [4, 1]]])
    assert found.weights.tolist() == pytest.approx([0.2, 0.8])
    assert found.consistency.loc["1", ["ratio", "index"]].tolist() == [0.0, 0.0]
    assert found.consistency.loc["1", "worst_row"] == ""
    one = weigh(named("a"), method="ahp", ahp=[[[1]]])
    assert one.weights.tolist() == [1.0]


INCONSISTENT = [[1, 5, "1/5"], ["1/5", 1, 5], [5, "1/5", 1]]


def test_an_inconsistent_matrix_is_refused_with_what_would_fit():
    matrix = [[1, 2, 4, 8], ["1/2", 1, 2, 4], ["1/4", "1/2", 1, "1/7"], ["1/8", "1/4", 7, 1]]
    with pytest.raises(InputError) as refused:
        weigh(named("abcd"), method="ahp", ahp=[matrix])
    assert refused.value.code == "inconsistent_comparisons"
    assert "the matrix: consistency ratio 0.361" in refused.value.what
    assert "c to d = 1/7 fits the others least" in refused.value.what
    assert "2 would fit" in refused.value.what
    assert "again (on Saaty's scale 2)" in refused.value.fix
    assert "because" in refused.value.fix
    found = weigh(named("abcd"), method="ahp", ahp=[matrix], because="the minister said so")
    assert found.because == "the minister said so"
    row = found.consistency.loc["1"]
    assert (row["worst_row"], row["worst_column"]) == ("c", "d")
    assert row["worst_given"] == pytest.approx(1 / 7)
    assert row["worst_fitting"] == pytest.approx(2.0)  # by way of a and of b
    assert "accepted because: the minister said so" in found.notes[-1]
    # what would fit mends it
    matrix[2][3], matrix[3][2] = 2, 0.5
    mended = weigh(named("abcd"), method="ahp", ahp=[matrix])
    assert mended.consistency.loc["1", "ratio"] == pytest.approx(0.0, abs=1e-9)


def test_a_reason_that_is_not_needed_is_not_used():
    found = weigh(named("ab"), method="ahp", ahp=[[[1, 2], [0.5, 1]]], because="who knows")
    assert found.because == ""
    assert found.notes == ()


def test_experts_judgements_are_put_together_comparison_by_comparison():
    first = [[1, 2, 8], ["1/2", 1, 4], ["1/8", "1/4", 1]]
    second = [[1, 8, 2], ["1/8", 1, "1/4"], ["1/2", 4, 1]]
    found = weigh(named("abc"), method="ahp", ahp=[first, second])
    # geometric means 4, 4, 1: a is four times b and four times c
    assert found.weights.tolist() == pytest.approx([2 / 3, 1 / 6, 1 / 6])
    assert found.experts["1"].tolist() == pytest.approx([8 / 13, 4 / 13, 1 / 13])
    assert found.consistency.index.tolist() == ["1", "2", "group"]
    assert found.consistency["ratio"].tolist() == pytest.approx([0, 0, 0], abs=1e-9)


def test_every_expert_and_the_group_are_judged():
    sound = [[1, 1, 1], [1, 1, 1], [1, 1, 1]]
    with pytest.raises(InputError, match="expert 2: consistency ratio") as refused:
        weigh(named("abc"), method="ahp", ahp=[sound, INCONSISTENT])
    assert "the group" in refused.value.what


@pytest.mark.parametrize(
    ("matrix", "what", "fix"),
    [
        ([[1, 3], ["1/2", 1]], r"not reciprocal: a to b \(row 1, column 2\) is 3, but b to a \(row 2, column 1\) is 1/2", "write 1/3 in row 2, column 1, or 2 in row 1, column 2"),
        ([[1, 3], [3, 1]], "not reciprocal", "write 1/3 in row 2"),
        ([[2, 3], ["1/3", 1]], "a to itself is 2, not 1", "diagonal"),
        ([[1, 0], [0, 1]], "a to b is 0, not a positive number", "above 0"),
        ([[1, -3], [-3, 1]], "a to b is -3, not a positive number", "above 0"),
        ([[1, "3/0"], [1, 1]], "a to b is '3/0', not a positive number", "1/3"),
        ([[1, "x"], [1, 1]], "a to b is 'x', not a positive number", "1/3"),
        ([[1, float("nan")], [1, 1]], "a to b is nan", "above 0"),
        ([[1, float("inf")], [0, 1]], "a to b is inf", "above 0"),
        ([[1, None], [1, 1]], "a to b is None", "above 0"),
        ([[1, True], [1, 1]], "a to b is True", "above 0"),
        ([[1, 3, 2], ["1/3", 1, 1], [0.5, 1, 1]], "has 3 rows of 3 cells, and 2 criteria are weighted: a, b", "one row"),
        ([[1, 3]], "has 1 rows of 2 cells", "one row"),
        ([[], []], "has 2 rows of 0 cells", "one row"),
        ([[1, 3], "x"], "has 2 rows of 2 and no cells", "one row"),
        ([[1, 3], [1]], "has 2 rows of 1 and 2 cells", "one row"),
    ],
)  # fmt: skip
def test_matrices_that_are_none(matrix, what, fix):
    with pytest.raises(InputError, match=what) as refused:
        weigh(named("ab"), method="ahp", ahp=[matrix, matrix])
    assert refused.value.code == "bad_comparisons"
    assert fix in refused.value.fix


def test_all_faults_of_all_matrices_at_once():
    bad = [[1, 3, 2], [3, 1, "x"], [1, 1, 1]]
    off = [[1, 3, 2], [3, 1, 1], [1, 1, 1]]
    with pytest.raises(InputError) as refused:
        weigh(named("abc"), method="ahp", ahp=[bad, off])
    for said in ("matrix 1: b to c is 'x'", "matrix 2 is not reciprocal: a to b", "a to c"):
        assert said in refused.value.what


def test_rounded_reciprocals_are_made_exact_and_said():
    found = weigh(named("ab"), method="ahp", ahp=[[[1, 3], [0.333, 1]]])
    assert found.weights["a"] / found.weights["b"] == pytest.approx(math.sqrt(3 / 0.333))
    assert "made exactly reciprocal" in found.notes[0]
    assert weigh(
        named("ab"), method="ahp", ahp=[[[1, 3], [0.33, 1]]]
    ).notes  # one per cent is allowed
    with pytest.raises(InputError, match="not reciprocal"):
        weigh(named("ab"), method="ahp", ahp=[[[1, 3], [0.32, 1]]])


def test_comparisons_beyond_the_scale_are_said():
    assert (
        "beyond Saaty's scale"
        in weigh(named("ab"), method="ahp", ahp=[[[1, 20], [0.05, 1]]]).notes[0]
    )


def test_a_veto_is_not_compared():
    veto = Criterion("v", column="v", veto="> 2", weight=(0.0,))
    found = weigh([veto, *named("ab")], method="ahp", ahp=[[[1, 3], ["1/3", 1]]])
    assert found.weights.to_dict() == pytest.approx({"v": 0.0, "a": 0.75, "b": 0.25})


def test_too_many_criteria_and_no_matrix():
    many = named([f"c{n}" for n in range(len(RANDOM_INDEX) + 1)])
    with pytest.raises(InputError, match="16 criteria are compared in pairs, more than 15"):
        weigh(many, method="ahp", ahp=[[[1] * 16] * 16])
    with pytest.raises(InputError, match="there are no pairwise comparisons"):
        weigh(named("ab"), method="ahp")


def test_what_plays_no_part_is_said():
    matrix = [[[1, 3], ["1/3", 1]]]
    assert (
        "weights given to a, b are not used"
        in weigh(given(3, 1), method="ahp", ahp=matrix).notes[0]
    )
    assert "pairwise comparisons are not used" in weigh(given(3, 1), ahp=matrix).notes[0]


@pytest.mark.parametrize(
    ("word", "key"), [({"method": "ahpp"}, "ahp"), ({"weights_are": "percents"}, "percent")]
)
def test_unknown_words(word, key):
    with pytest.raises(InputError, match=f"did you mean '{key}'") as refused:
        weigh(given(1, 2), **word)
    assert refused.value.code == "bad_weighting"


def test_the_group_matrix_is_reciprocal():
    matrices = [np.array([[1.0, 3.0], [1 / 3, 1.0]]), np.array([[1.0, 7.0], [1 / 7, 1.0]])]
    made = joined(matrices)
    assert made[0, 1] == pytest.approx(math.sqrt(21))
    assert made[0, 1] * made[1, 0] == pytest.approx(1.0, abs=1e-15)


def entropy(**columns):
    table = pd.DataFrame(columns)
    return weigh(named(columns), method="entropy", ratings=table)


def test_entropy_by_hand():
    """Of two parcels: shares (0.25, 0.75) have E = 0.811278, shares (0.5, 0.5) have E = 1, shares (0, 1) E = 0."""
    found = entropy(a=[0.2, 0.6], b=[0.0, 1.0])
    divergence = 1 - 0.8112781244591328
    assert found.weights.tolist() == pytest.approx(
        [divergence / (divergence + 1), 1 / (divergence + 1)]
    )
    assert "not which matter" in found.notes[0]
    assert found.experts["1"].tolist() == found.weights.tolist()


def test_entropy_gives_nothing_to_a_criterion_with_one_value():
    found = entropy(a=[0.2, 0.6, 0.1], b=[0.3, 0.3, 0.3], c=[0.0, 0.0, 0.0])
    assert found.weights.tolist() == [1.0, 0.0, 0.0]
    assert found.notes[1] == "b, c: one value only, weight 0"


def test_entropy_leaves_missing_ratings_out():
    found = entropy(a=[0.2, 0.6, math.nan], b=[0.0, math.nan, 1.0], c=[math.nan, math.nan, 0.4])
    full = entropy(a=[0.2, 0.6], b=[0.0, 1.0])
    assert found.weights[["a", "b"]].tolist() == pytest.approx(full.weights.tolist())
    assert found.weights["c"] == 0.0
    assert "without a rating were left out" in found.notes[-1]


def test_entropy_of_parcels_that_nothing_distinguishes():
    with pytest.raises(InputError, match="one value only") as refused:
        entropy(a=[0.5, 0.5], b=[1.0, 1.0])
    assert refused.value.code == "nothing_distinguishes"
    with pytest.raises(InputError, match="ratings of the criteria are not given"):
        weigh(named("ab"), method="entropy")
