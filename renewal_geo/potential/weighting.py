"""Weights of criteria: given, by pairwise comparison, by swing, or from the data; experts by geometric mean.

Whatever the method, criteria are reckoned in the order of their ids and summed exactly, so that the order in which
they stand in the table changes no digit of any weight.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from renewal_geo.foundation.comparisons import as_ratio
from renewal_geo.foundation.errors import Faults, InputError
from renewal_geo.foundation.settings import nearest
from renewal_geo.potential import entropy, pairwise, points
from renewal_geo.potential.criterion import Criterion, is_only_veto
from renewal_geo.potential.criterion_rules import is_list

Comparisons = Sequence[Sequence[Sequence[float | str]]]
"""One square matrix per expert."""

METHODS = ("direct", "ahp", "swing", "entropy")
CONSISTENCY = (
    "eigenvalue", "index", "ratio", "worst_row", "worst_column", "worst_given", "worst_fitting",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Weighting:
    """Weights of k criteria and how they were found.

    Attributes
    ----------
    method
        ``direct | ahp | swing | entropy``.
    weights
        Indexed by criterion id, adding to 1; 0 for what is only a veto.
    experts
        k x e: the weights of every expert, each adding to 1 (one column where there is one).
    consistency
        By expert (and ``group`` where there are several), for AHP, else empty: ``eigenvalue, index, ratio,
        worst_row, worst_column, worst_given, worst_fitting`` (the comparison that fits the others least, and
        what they imply for it).
    because
        Why an inconsistency above the limit is accepted; empty where there is none.
    notes
        What was decided: scaling, criteria without weight.
    """

    method: str
    weights: pd.Series
    experts: pd.DataFrame
    consistency: pd.DataFrame = field(default_factory=pd.DataFrame)
    because: str = ""
    notes: tuple[str, ...] = ()


def weigh(
    criteria: Sequence[Criterion],
    *,
    method: str = "direct",
    weights_are: str = "auto",
    ahp: Comparisons = (),
    because: str = "",
    ratings: pd.DataFrame | None = None,
) -> Weighting:
    """Return the weights of criteria, adding to 1.

    Parameters
    ----------
    criteria
        k criteria as checked, those that are only a veto among them.
    method
        ``direct``: the weights as given, scaled; ``swing``: points 0..100 for moving a criterion from its worst to
        its best, the greatest swing 100, over their sum (D. von Winterfeldt, W. Edwards 1986); ``ahp``:
        :mod:`renewal_geo.potential.pairwise`; ``entropy``: :mod:`renewal_geo.potential.entropy`.
    weights_are
        Of ``direct``: ``shares`` add to 1, ``percent`` to 100, ``points`` are scaled; ``auto`` tells by their look
        (:func:`renewal_geo.potential.points.kind_of`).
    ahp
        One matrix per expert over the weighted criteria in their order; a single matrix may stand without
        the list around it.
    because
        Reason for accepting a consistency ratio above 0.10.
    ratings
        Of ``entropy``: n scored parcels x the weighted criteria, 0..1, NaN where missing.

    Returns
    -------
    Weighting
        Experts' weights are put together by their geometric mean, scaled to 1; their comparisons comparison
        by comparison.

    Raises
    ------
    InputError
        ``bad_weighting`` (unknown method, no criterion to weigh, no matrices, no ratings), ``bad_weights``,
        ``weights_do_not_add``, ``bad_comparisons``, ``inconsistent_comparisons``, ``nothing_distinguishes``.

    Examples
    --------
    >>> asked = (Criterion("a", weight=(3.0,)), Criterion("b", weight=(1.0,)))
    >>> weigh(asked).weights.to_dict()
    {'a': 0.75, 'b': 0.25}
    """
    require_method(method)
    _require_word("weights_are", weights_are, points.KINDS)
    names = [one.id for one in criteria]
    weighted = sorted(
        (one for one in criteria if not is_only_veto(one, method)), key=lambda one: one.id
    )
    if not weighted:
        raise _unusable("no criterion has a weight, so that there is no score",
                        "give at least one criterion a weight")  # fmt: skip
    if method == "ahp":
        order = [one.id for one in criteria if not is_only_veto(one, method)]
        found = _compared(order, ahp, because)
    elif method == "entropy":
        found = _by_entropy([one.id for one in weighted], ratings)
    else:
        found = _given(weighted, method, weights_are)
    return Weighting(
        method=method,
        weights=found.weights.reindex(names, fill_value=0.0).rename("weight"),
        experts=found.experts.reindex(names, fill_value=0.0),
        consistency=found.consistency,
        because=found.because,
        notes=(*_unused(criteria, method, ahp), *found.notes),
    )


def require_method(method: str) -> None:
    """Raise for a word that is no way of finding weights.

    Raises
    ------
    InputError
        ``bad_weighting``.
    """
    _require_word("weighting", method, METHODS)


def _require_word(key: str, word: str, known: Sequence[str]) -> None:
    if word not in known:
        raise _unusable(
            f"{key} is {word!r}, not {' or '.join(known)}{nearest(str(word), list(known))}",
            f"set {key} to one of: {', '.join(known)}",
            where=f"[potential] {key}",
        )


def _unusable(what: str, fix: str, where: str = "[potential] weighting") -> InputError:
    return InputError(what, where=where, fix=fix, code="bad_weighting")


def _unused(criteria: Sequence[Criterion], method: str, ahp: Comparisons) -> tuple[str, ...]:
    """Say what stands in the study and plays no part."""
    notes = []
    idle = [one.id for one in criteria if any(one.weight)]
    if method in {"ahp", "entropy"} and idle:
        notes.append(f"weighting is {method}: the weights given to {', '.join(idle)} are not used")
    if method != "ahp" and len(ahp):
        notes.append(f"weighting is {method}: the pairwise comparisons are not used")
    return tuple(notes)


def _given(weighted: Sequence[Criterion], method: str, weights_are: str) -> Weighting:
    """Return weights by figures that every expert gives to every criterion."""
    names = [one.id for one in weighted]
    given, notes = points.matrix_of(weighted), []
    faults = Faults(InputError)
    columns = []
    for number, column in enumerate(given.T, 1):
        who = f"expert {number}: " if given.shape[1] > 1 else ""
        read: Callable[..., str] = points.check_swing if method == "swing" else points.check_sum
        said = read(column, names, who, weights_are, faults)
        notes += [said] if said else []
        columns.append(points.scaled(column))
    faults.raise_if_any()
    experts = _table(columns, names)
    weights, zeroed = points.geometric_mean(experts)
    if zeroed:
        notes.append(
            f"{', '.join(zeroed)}: one expert gives 0, so that the geometric mean and the weight are 0"
        )
    return Weighting(method, weights, experts, notes=tuple(notes))


def _table(columns: Sequence[np.ndarray], names: Sequence[str]) -> pd.DataFrame:
    experts = {str(number): column for number, column in enumerate(columns, 1)}
    return pd.DataFrame(experts, index=pd.Index(names, name="id"))


def _compared(order: Sequence[str], ahp: Comparisons, because: str) -> Weighting:
    """Return weights by pairwise comparison; `order` is that of the rows and columns."""
    if not len(ahp):
        raise _unusable(
            "weighting is ahp and there are no pairwise comparisons",
            "add ahp = [[1, 3], [\"1/3\", 1]], or name the workbook's sheets: ahp_sheets = [...]",
        )  # fmt: skip
    if len(order) > len(pairwise.RANDOM_INDEX):
        raise pairwise.too_many(len(order))
    faults, notes = Faults(InputError), list[str]()
    matrices = []
    given = _matrices(ahp)
    for number, one in enumerate(given, 1):
        judge = f"matrix {number}" if len(given) > 1 else "the matrix"
        matrix, said = pairwise.comparisons(one, order, judge, faults)
        notes += said
        matrices += [] if matrix is None else [matrix]
    faults.raise_if_any()
    names = sorted(order)
    places = [order.index(name) for name in names]
    sorted_matrices = [matrix[np.ix_(places, places)] for matrix in matrices]
    judges = {str(number): pairwise.judged(m) for number, m in enumerate(sorted_matrices, 1)}
    experts = _table([one.weights for one in judges.values()], names)
    if len(judges) > 1:
        judges["group"] = pairwise.judged(pairwise.joined(sorted_matrices))
    consistency = pd.DataFrame(
        [_consistency_row(one, names, order) for one in judges.values()],
        index=pd.Index(judges, name="expert"),
        columns=list(CONSISTENCY),
    )
    accepted = _check_consistency(consistency, because)
    weights = pd.Series(list(judges.values())[-1].weights, index=experts.index)
    reason = because.strip() if accepted else ""
    return Weighting("ahp", weights, experts, consistency, reason, (*notes, *accepted))


def _matrices(ahp: Comparisons) -> list[Any]:
    """Return one matrix per expert; a single one may stand without the list around it."""
    first = ahp[0]
    is_nested = is_list(first) and len(first) > 0 and is_list(first[0])
    return list(ahp) if is_nested else [ahp]


def _consistency_row(
    one: pairwise.Judgement, names: Sequence[str], order: Sequence[str]
) -> tuple[float | str, ...]:
    """Name the worst comparison as it stands above the diagonal of the matrix as given."""
    if not one.ratio > pairwise.EXACT:
        return one.eigenvalue, one.index, one.ratio, "", "", math.nan, math.nan
    first, second = (names[place] for place in one.worst)
    given, fitting = one.given, one.fitting
    if order.index(first) > order.index(second):
        first, second, given, fitting = second, first, 1 / given, 1 / fitting
    return one.eigenvalue, one.index, one.ratio, first, second, given, fitting


def _check_consistency(consistency: pd.DataFrame, because: str) -> tuple[str, ...]:
    """Refuse ratios above the limit, or return the sentences that say why they are accepted."""
    faults, notes = Faults(InputError), []
    for expert, row in consistency.to_dict("index").items():
        if row["ratio"] <= pairwise.LIMIT:
            continue
        who = "the group" if expert == "group" else f"expert {expert}"
        pair = f"{row['worst_row']} to {row['worst_column']}"
        what = (
            f"{who if len(consistency) > 1 else 'the matrix'}: consistency ratio {row['ratio']:.3f} is above "
            f"{pairwise.LIMIT:.2f}; {pair} = {as_ratio(row['worst_given'])} fits the others least, "
            f"{as_ratio(row['worst_fitting'])} would fit"
        )
        if because.strip():
            notes.append(f"{what}; accepted because: {because.strip()}")
            continue
        faults.add(
            what,
            where="[potential] ahp",
            fix=f"judge {pair} again (on Saaty's scale {pairwise.nearest_on_scale(row['worst_fitting'])}), or "
            "state why it is accepted: because = ...",
            code="inconsistent_comparisons",
        )
    faults.raise_if_any()
    return tuple(notes)


def _by_entropy(names: Sequence[str], ratings: pd.DataFrame | None) -> Weighting:
    if ratings is None or not set(names) <= set(ratings.columns):
        raise _unusable(
            "weighting is entropy and the ratings of the criteria are not given",
            "pass ratings: scored parcels x weighted criteria",
        )
    weights, notes = entropy.entropy_weights(ratings[list(names)])
    return Weighting("entropy", weights, weights.to_frame("1"), notes=notes)
