"""Why each site is in the plan, and what is lost if it falls through, even with the best substitute."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from renewal_geo.facilities.locate_distances import nearest_chosen

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
CELLS_AT_ONCE = 4_000_000
NOISE = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Reasons:
    """Length k, of the chosen sites; `next_best` is -1 where no substitute helps."""

    only_here: Floats
    loss: Floats
    next_best: Ints
    loss_after: Floats


def reasons_of(
    model: str,
    costs: Floats | csr_array,
    weight: Floats,
    chosen: Ints,
    spare: Ints,
    groups: list[Ints],
) -> Reasons:
    """Value the fall of each chosen site, alone and with the best substitute.

    Parameters
    ----------
    model
        lscp and mclp lose weight that nothing reaches any more, p_median cost, p_center the largest cost.
    costs, weight
        n x m reach and length n.
    chosen, spare
        The k sites of the plan, and those that could replace one.
    groups
        A substitute may not meet another member of its exclusive group.
    """
    if not len(chosen):
        none = np.empty(0)
        return Reasons(none, none, np.empty(0, dtype=np.int64), none)
    served, first = nearest_chosen(costs, chosen)
    slot = np.full(costs.shape[1], -1, dtype=np.int64)
    slot[chosen] = np.arange(len(chosen))
    owner = np.where(served >= 0, slot[served], -1)
    second = _second(costs, chosen, owner)
    alone = (owner >= 0) & np.isinf(second)
    only_here: Floats = np.bincount(owner[alone], weight[alone], minlength=len(chosen)).astype(
        float
    )
    if model in {"lscp", "mclp"}:
        loss = only_here
        saved = _regained(costs, weight, spare, np.where(alone, owner, -1), owner < 0, len(chosen))
        after = loss[:, None] - saved
    else:
        after, loss = _costlier(model, costs, weight, spare, owner, first, second, len(chosen))
    after[_clash(chosen, spare, groups)] = np.inf
    if not len(spare):
        return Reasons(only_here, loss, np.full(len(chosen), -1, dtype=np.int64), loss.copy())
    best = after.argmin(axis=1)
    least = after[np.arange(len(chosen)), best]
    helps = least < loss - NOISE * np.maximum(1.0, np.where(np.isfinite(loss), np.abs(loss), 1.0))
    return Reasons(
        only_here,
        loss,
        np.where(helps, spare[best], -1),
        np.where(helps, np.maximum(least, 0.0), loss),
    )


def _second(costs: Floats | csr_array, chosen: Ints, owner: Ints) -> Floats:
    """Return the cost of each row to the nearest chosen site but its own; inf: none."""
    n, m = costs.shape
    if isinstance(costs, np.ndarray):
        part = costs[:, chosen].copy()
        held = np.flatnonzero(owner >= 0)
        part[held, owner[held]] = np.inf
        return np.asarray(part.min(axis=1, initial=np.inf))
    slot = np.full(m, -1, dtype=np.int64)
    slot[chosen] = np.arange(len(chosen))
    rows = np.repeat(np.arange(n), np.diff(costs.indptr))
    entry = slot[costs.indices]
    other = (entry >= 0) & (entry != owner[rows])
    second = np.full(n, np.inf)
    np.minimum.at(second, rows[other], costs.data[other])
    return second


def _regained(
    costs: Floats | csr_array, weight: Floats, spare: Ints, alone: Ints, missed: Flags, k: int
) -> Floats:
    """Return, per chosen site and spare one, the weight that the spare one reaches when the other is gone."""
    reach = csr_array(np.isfinite(costs)) if isinstance(costs, np.ndarray) else costs
    n, m = reach.shape
    rows = np.repeat(np.arange(n), np.diff(reach.indptr))
    held = alone[rows] >= 0
    shared = np.bincount(
        alone[rows[held]] * m + reach.indices[held], weight[rows[held]], minlength=k * m
    ).reshape(k, m)
    lost = missed[rows]
    gain = np.bincount(reach.indices[lost], weight[rows[lost]], minlength=m)
    result: Floats = (shared + gain[None, :])[:, spare].astype(float)
    return result


def _costlier(
    model: str,
    costs: Floats | csr_array,
    weight: Floats,
    spare: Ints,
    owner: Ints,
    first: Floats,
    second: Floats,
    k: int,
) -> tuple[Floats, Floats]:
    """Return what p_median or p_center loses per chosen and spare site, and without a substitute.

    Rows of a fallen site go to the spare one or to their second; all others to the spare one where it is
    nearer: two sums per pair of sites, found in one pass over the costs.
    """
    rows = (
        np.flatnonzero((owner >= 0) & (weight > 0))
        if model == "p_median"
        else np.flatnonzero(owner >= 0)
    )
    rows = rows[np.argsort(owner[rows], kind="stable")]
    own, near, far, load = owner[rows], first[rows], second[rows], weight[rows]
    total = model == "p_median"
    now = float(load @ near) if total else float(near.max(initial=0.0))
    starts = np.flatnonzero(np.diff(own, prepend=-1) != 0)
    held = own[starts]
    fallen, stay = np.zeros((k, len(spare))), np.zeros((k, len(spare)))
    bare = np.zeros(k)
    gather = np.add if total else np.maximum
    factor = load if total else np.ones(len(rows))
    block = max(1, CELLS_AT_ONCE // max(1, len(rows)))
    for begin in range(0, len(spare), block):
        part = spare[begin : begin + block]
        cost = costs[rows][:, part] if isinstance(costs, np.ndarray) else _dense(costs, rows, part)
        if len(starts):
            moved = factor[:, None] * np.minimum(cost, far[:, None])
            kept = factor[:, None] * np.minimum(cost, near[:, None])
            fallen[held, begin : begin + block] = gather.reduceat(moved, starts, axis=0)
            stay[held, begin : begin + block] = gather.reduceat(kept, starts, axis=0)
    if len(starts):
        bare[held] = gather.reduceat(factor * far, starts)
    still = np.zeros(k)
    if len(starts):
        still[held] = gather.reduceat(factor * near, starts)
    if total:
        return stay.sum(axis=0)[None, :] - stay + fallen - now, bare - still
    return np.maximum(fallen, _others(stay)) - now, np.maximum(
        bare, _others(still[:, None])[:, 0]
    ) - now


def _others(values: Floats) -> Floats:
    """Return for each row the largest value of the other rows, by column; 0 where there is none."""
    if len(values) == 1:
        return np.zeros_like(values)
    order = np.sort(values, axis=0)
    top, next_ = order[-1], order[-2]
    place = values.argmax(axis=0)
    result = np.broadcast_to(top, values.shape).copy()
    result[place, np.arange(values.shape[1])] = next_
    return result


def _dense(costs: csr_array, rows: Ints, sites: Ints) -> Floats:
    """Return a block of sparse costs with inf where nothing is stored."""
    part = costs[rows][:, sites].tocsr()
    made = np.full(part.shape, np.inf)
    made[np.repeat(np.arange(part.shape[0]), np.diff(part.indptr)), part.indices] = part.data
    return made


def _clash(chosen: Ints, spare: Ints, groups: list[Ints]) -> Flags:
    """Return which spare sites may not replace which chosen ones, because another of their group is open."""
    barred = np.zeros((len(chosen), len(spare)), dtype=bool)
    for group in groups:
        inside = np.isin(chosen, group)
        others = inside.sum() - inside > 0
        barred |= others[:, None] & np.isin(spare, group)[None, :]
    return barred
