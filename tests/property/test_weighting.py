"""Laws of weights: they add to 1, follow their criteria in any order, and know no scale."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renewal_geo.foundation.errors import InputError
from renewal_geo.potential.criterion import Criterion
from renewal_geo.potential.weighting import weigh

positive = st.floats(0.01, 1000, allow_nan=False)
lists = st.lists(positive, min_size=1, max_size=9)


def criteria(rows):
    return [Criterion(f"c{n}", column=f"c{n}", weight=tuple(row)) for n, row in enumerate(rows)]


@st.composite
def experts(draw):
    k, e = draw(st.integers(2, 7)), draw(st.integers(1, 4))
    return [[draw(positive) for _ in range(e)] for _ in range(k)]


@st.composite
def judgements(draw, least=2, most=7):
    """Positive reciprocal matrices, consistent or not."""
    n = draw(st.integers(least, most))
    matrix = np.ones((n, n))
    for i in range(n):
        for j in range(i + 1, n):
            matrix[i, j] = draw(st.sampled_from([1, 2, 3, 5, 7, 9, 1 / 2, 1 / 3, 1 / 5, 1 / 9]))
            matrix[j, i] = 1 / matrix[i, j]
    return matrix


@settings(max_examples=40)
@given(experts(), st.randoms())
def test_positive_weights_add_to_one_and_follow_their_criteria(rows, chance):
    asked = criteria(rows)
    found = weigh(asked, weights_are="points")
    assert math.fsum(found.weights) == pytest.approx(1.0, abs=1e-12)
    assert (found.weights > 0).all()
    assert found.experts.sum().to_numpy() == pytest.approx(1.0, abs=1e-12)
    shuffled = chance.sample(asked, len(asked))
    other = weigh(shuffled, weights_are="points")
    assert other.weights.index.tolist() == [one.id for one in shuffled]
    # not a digit differs
    assert other.weights.reindex(found.weights.index).tolist() == found.weights.tolist()
    assert other.experts.reindex(found.experts.index).equals(found.experts)


@settings(max_examples=40)
@given(lists, st.floats(0.01, 1000))
def test_scaling_points_changes_nothing(weights, factor):
    found = weigh(criteria([[w] for w in weights]), weights_are="points").weights
    scaled = weigh(criteria([[w * factor] for w in weights]), weights_are="points").weights
    assert scaled.to_numpy() == pytest.approx(found.to_numpy(), rel=1e-12)


@settings(max_examples=40)
@given(lists, st.integers(1, 5))
def test_the_mean_of_equal_experts_is_the_expert(weights, count):
    alone = weigh(criteria([[w] for w in weights]), weights_are="points").weights
    many = weigh(criteria([[w] * count for w in weights]), weights_are="points").weights
    assert many.to_numpy() == pytest.approx(alone.to_numpy(), rel=1e-12)


@settings(max_examples=40)
@given(st.lists(st.floats(0.1, 10), min_size=1, max_size=15))
def test_a_consistent_matrix_gives_its_weights_back(weights):
    parts = np.array(weights) / math.fsum(weights)
    matrix = (parts[:, None] / parts[None, :]).tolist()
    found = weigh(criteria([[]] * len(weights)), method="ahp", ahp=[matrix])
    assert found.weights.to_numpy() == pytest.approx(parts, rel=1e-9)
    assert found.consistency.loc["1", "ratio"] == pytest.approx(0.0, abs=1e-9)
    assert found.consistency.loc["1", "eigenvalue"] == pytest.approx(len(weights))


@settings(max_examples=40)
@given(judgements(), st.randoms())
def test_judgements_follow_their_criteria(matrix, chance):
    n = len(matrix)
    asked = criteria([[]] * n)
    found = weigh(asked, method="ahp", ahp=[matrix.tolist()], because="random")
    weights = found.weights.to_numpy()
    eigenvalue = found.consistency.loc["1", "eigenvalue"]
    assert math.fsum(weights) == pytest.approx(1.0, abs=1e-12)
    assert (weights > 0).all()
    assert matrix @ weights == pytest.approx(eigenvalue * weights, rel=1e-9)
    assert eigenvalue >= n
    order = chance.sample(range(n), n)
    turned = matrix[np.ix_(order, order)].tolist()
    other = weigh([asked[at] for at in order], method="ahp", ahp=[turned], because="random")
    assert other.weights.reindex(found.weights.index).tolist() == found.weights.tolist()
    assert other.consistency["ratio"].tolist() == found.consistency["ratio"].tolist()


@settings(max_examples=25)
@given(judgements(least=3), st.integers(2, 4))
def test_equal_judges_agree_with_one(matrix, count):
    asked = criteria([[]] * len(matrix))
    alone = weigh(asked, method="ahp", ahp=[matrix.tolist()], because="random")
    many = weigh(asked, method="ahp", ahp=[matrix.tolist()] * count, because="random")
    assert many.weights.to_numpy() == pytest.approx(alone.weights.to_numpy(), rel=1e-9)


@settings(max_examples=40)
@given(judgements(), st.data())
def test_a_matrix_that_is_not_reciprocal_is_refused(matrix, data):
    n = len(matrix)
    i = data.draw(st.integers(0, n - 2))
    j = data.draw(st.integers(i + 1, n - 1))
    factor = data.draw(st.sampled_from([0.5, 0.98, 1.02, 3.0]))
    spoilt = matrix.copy()
    spoilt[j, i] *= factor
    with pytest.raises(InputError, match=f"c{i} to c{j}") as refused:
        weigh(criteria([[]] * n), method="ahp", ahp=[spoilt.tolist()], because="random")
    assert refused.value.code == "bad_comparisons"


grades = st.integers(0, 20).map(lambda n: n / 20)
ratings = st.lists(st.lists(grades, min_size=3, max_size=3), min_size=2, max_size=12)


@settings(max_examples=40)
@given(ratings, st.randoms(), st.floats(0.1, 1))
def test_entropy_knows_neither_order_nor_scale(rows, chance, factor):
    table = pd.DataFrame(rows, columns=["c0", "c1", "c2"])
    asked = criteria([[]] * 3)
    if (table.nunique() == 1).all():
        with pytest.raises(InputError, match="nothing distinguishes"):
            weigh(asked, method="entropy", ratings=table)
        return
    found = weigh(asked, method="entropy", ratings=table)
    assert math.fsum(found.weights) == pytest.approx(1.0, abs=1e-12)
    assert (found.weights >= 0).all()
    shuffled = chance.sample(asked, 3)
    turned = table.sample(frac=1.0, random_state=chance.randrange(1000))
    other = weigh(shuffled, method="entropy", ratings=turned[[one.id for one in shuffled]])
    assert other.weights.reindex(found.weights.index).tolist() == found.weights.tolist()
    scaled = weigh(asked, method="entropy", ratings=table * factor).weights
    assert scaled.to_numpy() == pytest.approx(found.weights.to_numpy(), abs=1e-9)
