"""Pairwise comparison (AHP): matrices checked cell by cell, the principal eigenvector, and how consistent it is.

T. L. Saaty, The Analytic Hierarchy Process, McGraw-Hill 1980: of a positive reciprocal matrix A the weights w are
the eigenvector of the greatest eigenvalue, A w = lambda_max w. Consistency index CI = (lambda_max - n) / (n - 1),
ratio CR = CI / RI(n), accepted up to 0.10. Several judges are put together comparison by comparison, by the
geometric mean, the only mean that keeps matrices reciprocal (J. Aczel, T. L. Saaty, Journal of Mathematical
Psychology 27, 1983).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from renewal_geo.foundation.comparisons import as_ratio, comparison, is_reciprocal
from renewal_geo.foundation.errors import Faults, InputError
from renewal_geo.potential.criterion_rules import is_list

Matrix = NDArray[np.float64]

# Saaty 1980, for n = 1 .. 15: the table that planning manuals print. Alonso and Lamata (2006) drew larger
# samples and give 0.5245, 0.8815, 1.1086, 1.2479, 1.3417 for n = 3 .. 7.
RANDOM_INDEX = (
    0.0, 0.0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49, 1.51, 1.48, 1.56, 1.57, 1.59,
)  # fmt: skip
LIMIT = 0.10
EXACT = 1e-9
ROUNDED = 1e-6
SCALE = 9.0


@dataclass(frozen=True, slots=True)
class Judgement:
    """Weights by pairwise comparison, and how consistent it is.

    Attributes
    ----------
    weights
        n, adding to 1.
    eigenvalue, index, ratio
        lambda_max, CI, CR; the ratio is 0 for n of 1 and 2.
    worst
        Row and column of the comparison that fits the others least.
    given, fitting
        That comparison as given, and what the others imply for it.
    """

    weights: Matrix
    eigenvalue: float
    index: float
    ratio: float
    worst: tuple[int, int]
    given: float
    fitting: float


def comparisons(
    matrix: Sequence[Sequence[float | str]], names: Sequence[str], judge: str, faults: Faults
) -> tuple[Matrix | None, tuple[str, ...]]:
    """Return one judge's comparisons as a positive, exactly reciprocal matrix, and what was decided.

    Parameters
    ----------
    matrix
        n x n numbers, or texts such as ``"1/3"``.
    names
        n ids of the criteria, in the order of rows and columns.
    judge
        What the matrix is called in a fault.
    faults
        Where faults go (code ``bad_comparisons``); None is returned where there is one.
    """
    known = len(faults.found)
    n = len(names)
    rows = list(matrix) if is_list(matrix) else []
    if len(rows) != n or any(not is_list(row) or len(row) != n for row in rows):
        shape = " and ".join(sorted({str(len(row)) if is_list(row) else "no" for row in rows}))
        _add(
            faults,
            f"{judge} has {len(rows)} rows of {shape or 'no'} cells, and {n} criteria are weighted: "
            f"{', '.join(names)}",
            "write one row and one column per weighted criterion, in their order; what is only a veto has none",
        )
        return None, ()
    found = np.ones((n, n))
    for i in range(n):
        for j in range(n):
            number = comparison(rows[i][j])
            if number is None:
                _add(
                    faults,
                    f"{judge}: {names[i]} to {names[j]} is {rows[i][j]!r}, not a positive number",
                    "write a number above 0, or a fraction such as 1/3",
                )
            else:
                found[i, j] = number
    if len(faults.found) == known:
        _check_reciprocal(found, names, judge, faults)
    if len(faults.found) > known:
        return None, ()
    return _exactly_reciprocal(found), _remarks(found, judge)


def judged(matrix: Matrix) -> Judgement:
    """Return weights and consistency of a positive reciprocal matrix.

    By Perron and Frobenius its greatest eigenvalue is real, simple and at least n, and its eigenvector positive.

    >>> found = judged(np.array([[1.0, 2.0], [0.5, 1.0]]))
    >>> found.weights.round(4).tolist(), found.ratio
    ([0.6667, 0.3333], 0.0)
    """
    n = len(matrix)
    values, vectors = np.linalg.eig(matrix)
    greatest = int(np.argmax(values.real))
    vector = np.abs(vectors[:, greatest].real)
    weights = vector / math.fsum(vector)
    eigenvalue = max(float(values[greatest].real), float(n))
    index = (eigenvalue - n) / (n - 1) if n > 2 else 0.0
    ratio = index / RANDOM_INDEX[n - 1] if n > 2 else 0.0
    worst, fitting = _worst(matrix) if n > 2 else ((0, n - 1), float(matrix[0, n - 1]))
    return Judgement(weights, eigenvalue, index, ratio, worst, float(matrix[worst]), fitting)


def _worst(matrix: Matrix) -> tuple[tuple[int, int], float]:
    """Return the comparison that is farthest from what the others imply, and what they imply.

    By way of any third criterion k, i is a_ik a_kj times j; the geometric mean over k speaks for all of them.
    """
    n = len(matrix)
    logs = np.log(matrix)
    implied = {
        (i, j): math.fsum(logs[i, k] + logs[k, j] for k in range(n) if k not in {i, j}) / (n - 2)
        for i in range(n)
        for j in range(i + 1, n)
    }
    worst = max(implied, key=lambda pair: abs(implied[pair] - logs[pair]))
    return worst, math.exp(implied[worst])


def joined(matrices: Sequence[Matrix]) -> Matrix:
    """Return the judgements of several experts as one: geometric mean of every comparison."""
    logs = np.log(np.stack(list(matrices)))
    n = logs.shape[1]
    means = [
        [math.exp(math.fsum(logs[:, i, j]) / len(matrices)) for j in range(n)] for i in range(n)
    ]
    return _exactly_reciprocal(np.array(means))


def nearest_on_scale(number: float) -> str:
    """Return the comparison of Saaty's scale (1/9 to 9) that is nearest, on a scale of ratios.

    >>> nearest_on_scale(2.2), nearest_on_scale(0.3), nearest_on_scale(30.0)
    ('2', '1/3', '9')
    """
    steps = [Fraction(n) for n in range(1, 10)] + [Fraction(1, n) for n in range(2, 10)]
    return str(min(steps, key=lambda step: abs(math.log(number / float(step)))))


def _check_reciprocal(found: Matrix, names: Sequence[str], judge: str, faults: Faults) -> None:
    n = len(names)
    for i in range(n):
        if abs(found[i, i] - 1.0) > EXACT:
            _add(
                faults,
                f"{judge}: {names[i]} to itself is {found[i, i]:g}, not 1",
                "write 1 in every cell of the diagonal",
            )
        for j in range(i + 1, n):
            if not is_reciprocal(found[i, j], found[j, i]):
                _add(
                    faults,
                    f"{judge} is not reciprocal: {names[i]} to {names[j]} (row {i + 1}, column {j + 1}) is "
                    f"{as_ratio(found[i, j])}, but {names[j]} to {names[i]} (row {j + 1}, column {i + 1}) is "
                    f"{as_ratio(found[j, i])}",
                    f"write {as_ratio(1 / found[i, j])} in row {j + 1}, column {i + 1}, or "
                    f"{as_ratio(1 / found[j, i])} in row {i + 1}, column {j + 1}",
                )


def _remarks(found: Matrix, judge: str) -> tuple[str, ...]:
    notes = []
    if (np.abs(found * found.T - 1.0) > ROUNDED).any():
        notes.append(
            f"{judge}: comparisons that were rounded, such as 0.33 for 1/3, were made exactly reciprocal"
        )
    if found.max() > SCALE * (1 + EXACT):
        notes.append(f"{judge}: {found.max():g} lies beyond Saaty's scale of 1/9 to 9")
    return tuple(notes)


def _exactly_reciprocal(found: Matrix) -> Matrix:
    """Share the rounding of a comparison and its reciprocal out between both."""
    made = np.ones_like(found)
    for i, j in zip(*np.triu_indices(len(found), 1), strict=True):
        # the same figure whichever of the two criteria comes first
        first, second = float(found[i, j]), float(found[j, i])
        ratio = math.sqrt(max(first, second) / min(first, second))
        made[i, j], made[j, i] = (ratio, 1 / ratio) if first >= second else (1 / ratio, ratio)
    return made


def _add(faults: Faults, what: str, fix: str) -> None:
    faults.add(what, where="[potential] ahp", fix=fix, code="bad_comparisons")


def too_many(count: int) -> InputError:
    """Return the error for more criteria than the random index is known for."""
    return InputError(
        f"{count} criteria are compared in pairs, more than {len(RANDOM_INDEX)}",
        where="[potential] ahp",
        fix="group the criteria, or use swing weights: nobody judges that many pairs consistently",
        code="bad_comparisons",
    )
