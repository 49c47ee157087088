"""The rival of the benchmark answers the same question, and the bracket is of the drawn parcels."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

FILE = Path(__file__).resolve().parents[2] / "benchmarks" / "stability.py"


@pytest.fixture(scope="module")
def bench():
    spec = importlib.util.spec_from_file_location("stability_bench", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_linear_programs_agree(bench):
    ours, rival, apart = bench.beside_linprog(400, 8, 25)
    assert apart <= bench.AGREE
    assert ours >= 0
    assert rival > 0


def test_a_disagreement_would_be_seen(bench, monkeypatch):
    monkeypatch.setattr(bench, "by_linear_program", lambda *_: 0.123)
    assert bench.beside_linprog(400, 8, 25)[2] > bench.AGREE


@pytest.mark.parametrize("kind", ["random", "correlated", "classes"])
def test_ratings_are_what_their_name_says(bench, kind):
    ratings, weights = bench.ratings_of(3_000, 4, kind)
    assert weights.sum() == pytest.approx(1)
    assert (ratings >= 0).all()
    assert (ratings <= 1).all()
    apart = np.corrcoef(ratings.T)[np.triu_indices(4, 1)]
    assert apart.mean() == pytest.approx(0.5 if kind == "correlated" else 0.0, abs=0.05)
    assert (len(np.unique(ratings)) == 5) == (kind == "classes")


def test_the_bracket_is_measured(bench):
    row = bench.bracket(200, 3, "random")
    assert row["parcels"] == 200
    assert float(row["ratio there"]) >= 1
    assert float(row["2 shift / radius"]) >= 1 - 1e-6
