"""The proof that no connected zone is worth more: replayed with numpy and plain Python alone.

For any node i of any set C of nodes a connected zone with i either lies in C or leaves it through a
neighbour of C: ``x_i <= [zone in C] + x(N(C))``. Whoever puts non-negative multipliers on such cuts and on the
limits, and adds up the positive parts of what the nodes are then worth, has a bound; nodes that could not be
taken (or left out) by an answer of more than a *target* are fixed, the graph is reduced again, and so on. Where
that does not suffice, a node is split on: zones with it, zones without it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from renewal_geo.solvers.connected_ground import (
    AREA_TOLERANCE,
    Bools,
    Floats,
    Ground,
    Ints,
    Limits,
    begin,
    is_plain,
    reachable,
    reduced,
    require,
    without,
)

SAFETY = 1e-12  # relative, for the sums of the bound itself


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """A node i and a set C around it, in numbers of the graph first given.

    `nodes` are those of C, or with ``wall`` those that shut C in: C is then what i reaches without them.
    Any set gives a valid cut, so one that loses nodes by a reduction stays one. With ``twice`` it says
    ``2 x_i <= x(N(C))``: nodes of C alone are worth nothing, so a best zone passes through C or keeps out
    of it; this holds where only weight and connection count.
    """

    node: int
    nodes: Ints
    wall: bool
    twice: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """``times * x[node] <= sum of x[around] + sum of y[roots]``, roots by their rank."""

    node: int
    around: Ints
    roots: Ints
    times: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """Which nodes may be the root of a zone: its first node in this order.

    Empty where nodes are forced, for then one of them is the root. ``rank`` is past the end for nodes that
    are no candidates.
    """

    order: Ints
    rank: Ints

    @classmethod
    def of(cls, ground: Ground, target: float) -> Ranking:
        """Rank the candidates by weight; an answer above a target >= 0 has a node of positive weight."""
        able = np.full(ground.size, not ground.forced.any())
        if target >= 0:
            able &= ground.weight > 0
        order = np.flatnonzero(able)
        order = order[np.argsort(-ground.weight[order], kind="stable")]
        rank = np.full(ground.size, len(order), dtype=np.int64)
        rank[order] = np.arange(len(order))
        return cls(order, rank)


@dataclass(frozen=True, slots=True, eq=False)
class Multipliers:
    """What is put on cuts, on shares, on the largest and least area, and the flow over each link."""

    cuts: Floats
    shares: Floats
    over: float
    under: float
    flow: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """The bound that multipliers give, and the nodes it fixes for answers above the target."""

    bound: float
    out: Bools
    taken: Bools


def row_of(ground: Ground, limits: Limits, target: float, ranking: Ranking, cut: Cut) -> Row | None:
    """Return the row of a cut, None where it says nothing in this graph."""
    node = int(ground.place[cut.node])
    if node < 0:
        return None
    named = ground.place[cut.nodes]
    inside = np.zeros(ground.size, dtype=bool)
    inside[named[named >= 0]] = True
    if cut.wall:
        if inside[node]:
            return None
        inside = reachable(ground, [node], inside)
    inside[node] = True
    members = np.flatnonzero(inside)
    around = np.unique(
        np.concatenate([ground.indices[ground.indptr[u] : ground.indptr[u + 1]] for u in members])
    )
    around = around[~inside[around]]
    roots = np.empty(0, dtype=np.int64)
    if cut.twice:
        # the best zone that cannot do without any of its nodes worth nothing touches C at two nodes, for
        # behind a single one it could be cut off; it has a node outside C that is worth something
        idle = (ground.weight[members] <= 0).all() and not ground.forced[members].any()
        ruled = is_plain(ground, limits) and (target >= 0 or ground.forced.any())
        return Row(node, around, roots, 2.0) if idle and ruled else None
    # a zone cannot lie in C if C is too small, or if a forced node is elsewhere
    small = ground.area[members].sum() < limits.min_area - 2 * AREA_TOLERANCE
    if not small and not (ground.forced & ~inside).any():
        if ground.forced.any():
            return None
        roots = ranking.rank[members]
        roots = np.sort(roots[(roots < len(ranking.order)) & (roots <= ranking.rank[node])])
    return Row(node, around, roots)


def priced(
    ground: Ground,
    limits: Limits,
    ranking: Ranking,
    rows: Sequence[Row],
    multipliers: Multipliers,
) -> tuple[Floats, Floats, float, float]:
    """Return what nodes and roots are worth at multipliers, a constant, and the size of what was summed."""
    worth = ground.weight.copy()
    root = np.zeros(len(ranking.order))
    for row, factor in zip(rows, multipliers.cuts, strict=True):
        worth[row.node] -= row.times * factor
        worth[row.around] += factor
        root[row.roots] += factor
    noise = float(
        np.abs(ground.weight).sum() + np.abs(worth).sum() + 2 * multipliers.cuts.sum() + root.sum()
    )
    constant = float(multipliers.shares.sum()) * AREA_TOLERANCE
    if len(multipliers.shares):
        worth += multipliers.shares @ ground.slack
        noise += float(multipliers.shares @ np.abs(ground.slack).sum(axis=1))
    if multipliers.over:
        worth -= multipliers.over * ground.area
        constant += multipliers.over * (limits.max_area + AREA_TOLERANCE)
    if multipliers.under:
        worth += multipliers.under * ground.area
        constant -= multipliers.under * (limits.min_area - AREA_TOLERANCE)
    noise += (multipliers.over + multipliers.under) * float(ground.area.sum()) + abs(constant)
    if len(ground.pairs):
        flow = np.clip(multipliers.flow, -ground.cost, ground.cost)
        np.subtract.at(worth, ground.pairs[:, 0], flow)
        np.add.at(worth, ground.pairs[:, 1], flow)
        noise += 2 * float(np.abs(flow).sum())
    return worth, root, constant, noise


def judge(
    ground: Ground,
    limits: Limits,
    target: float,
    ranking: Ranking,
    rows: Sequence[Row],
    multipliers: Multipliers,
) -> Judgement:
    """Return the bound of multipliers, and what it fixes.

    Parameters
    ----------
    ground, limits
        Where the zone is sought.
    target
        Answers of more are asked for.
    ranking
        The candidates for the root, as of this target.
    rows, multipliers
        The rows of the cuts, and one number for each; all non-negative (checked by the caller).
    """
    worth, root, constant, noise = priced(ground, limits, ranking, rows, multipliers)
    noise *= SAFETY
    gain = np.maximum(worth, 0.0)
    loss = np.minimum(worth, 0.0)
    base = constant + float(gain.sum() + loss[ground.forced].sum()) + noise
    if ground.forced.any():
        out, taken = base + loss <= target, base - gain <= target
        return Judgement(base, out & ~ground.forced & (worth <= 0), taken | ground.forced)
    order = ranking.order
    if not len(order):
        return Judgement(-np.inf, np.zeros(ground.size, bool), np.zeros(ground.size, bool))
    # with root r: r is taken, and none that ranks before it
    own, lost = gain[order], loss[order]
    value = base + root + lost - (np.cumsum(own) - own)
    low = np.array([-np.inf])
    before = np.maximum.accumulate(np.concatenate([low, value]))[:-1]
    after = np.maximum.accumulate(np.concatenate([low, value[::-1]]))[:-1][::-1]
    most = float(value.max())
    with_it, without_it = most + loss, most - gain
    with_it[order] = np.maximum(value, before + lost)
    without_it[order] = np.maximum(before - own, after)
    return Judgement(most, with_it <= target, without_it <= target)


def advanced(ground: Ground, limits: Limits, target: float, found: Judgement) -> Ground | None:
    """Return the graph with its fixings made and reduced again; None where no answer is left."""
    if (found.out & (found.taken | ground.forced)).any():
        return None
    if found.taken.any():
        ground = require(ground, found.taken)
    if found.out.any():
        ground = without(ground, found.out)
    return reduced(ground, limits, target) if ground.size else None


def branched(
    ground: Ground, limits: Limits, target: float, node: int, *, inside: bool
) -> Ground | None:
    """Return the graph of the answers with (or without) a node, named as first given."""
    at = int(ground.place[node])
    fixed = np.zeros(ground.size, dtype=bool)
    if at < 0:
        return None if inside else ground
    fixed[at] = True
    if inside:
        return reduced(require(ground, fixed), limits, target)
    if ground.forced[at] or ground.size == 1:
        return None
    return reduced(without(ground, fixed), limits, target)


def replay_connected(
    weight: Floats,
    pairs: Ints,
    cost: Floats,
    area: Floats,
    slack: Floats,
    *,
    min_area: float,
    max_area: float,
    forced: Bools | Ints,
    nonempty: bool,
    proof: Mapping[str, Any],
) -> float:
    """Recompute the upper bound that a proof yields.

    Parameters
    ----------
    weight, pairs, cost, area, slack, min_area, max_area, forced, nonempty
        The question, as :func:`renewal_geo.solvers.connected.best_connected` was asked.
    proof
        Its proof.

    Returns
    -------
    float
        No connected zone within the limits is worth more; minus infinity where there is none.

    Raises
    ------
    ValueError
        If the proof is not one: a multiplier is negative, a number is missing, a target is too high.
    """
    ground = begin(weight, pairs, cost, area, slack, mask_of(forced, len(weight)))
    limits = Limits(float(min_area), float(max_area), bool(nonempty))
    try:
        if proof.get("kind") != "connected":
            raise ValueError(f"unknown kind of proof {proof.get('kind')!r}")
        final = _target(proof.get("target"))
        pool = [_cut(one, len(weight)) for one in proof["cuts"]]
        bound = max(final, _replayed(ground, limits, final, pool, proof["tree"], first=True))
    except (
        KeyError,
        TypeError,
        IndexError,
        AttributeError,
        RecursionError,
        OverflowError,
    ) as fault:
        raise ValueError(f"the proof cannot be read: {fault!r}") from fault
    if not nonempty and not ground.forced.any():
        return max(bound, 0.0)
    return -np.inf if bound < lowest(ground) else bound


def lowest(ground: Ground) -> float:
    """Return less than any set of nodes is worth: a bound below it says that there is no answer."""
    return -1.0 - float(np.abs(ground.weight).sum() + ground.cost.sum())


def mask_of(forced: Bools | Ints, n: int) -> Bools:
    """Return forced nodes, given as a mask or by number, as a mask."""
    given = np.asarray(forced)
    mask = np.zeros(n, dtype=bool)
    mask[given if given.dtype == bool else given.astype(np.int64)] = True
    return mask


def _replayed(
    ground: Ground,
    limits: Limits,
    final: float,
    pool: Sequence[Cut],
    tree: Mapping[str, Any],
    *,
    first: bool = False,
) -> float:
    """Return a bound of all answers of this part of the tree, or the final target if that is more."""
    now: Ground | None = ground
    if first:
        now = reduced(ground, limits, _allowed(tree["target"], final)) if ground.size else None
    bound = np.inf
    for stage in tree["stages"]:
        if now is None or not now.size:
            return final
        target = _allowed(stage["target"], final)
        ranking = Ranking.of(now, target)
        rows, kept = _rows(stage, pool, now, limits, target, ranking)
        found = judge(now, limits, target, ranking, rows, kept)
        bound = min(bound, max(found.bound, final))
        if bound <= final:
            return final
        now = advanced(now, limits, target, found)
    if now is None or not now.size:
        return final
    if tree.get("split") is not None:
        node, target = _number(tree["split"], len(now.place)), _allowed(tree["at"], final)
        worst = final
        for name, inside in (("in", True), ("out", False)):
            part = branched(now, limits, target, node, inside=inside)
            if part is not None:
                worst = max(worst, _replayed(part, limits, final, pool, tree[name]))
        bound = min(bound, worst)
    return bound


def _rows(
    stage: Mapping[str, Any],
    pool: Sequence[Cut],
    ground: Ground,
    limits: Limits,
    target: float,
    ranking: Ranking,
) -> tuple[list[Row], Multipliers]:
    """Return the rows of a stage that say something in this graph, with their multipliers."""
    cuts, multipliers = _multipliers(stage, pool, ground, limits)
    rows = [row_of(ground, limits, target, ranking, cut) for cut in cuts]
    told = np.array([row is not None for row in rows], dtype=bool)
    kept = replace(multipliers, cuts=multipliers.cuts[told])
    return [row for row in rows if row is not None], kept


def _multipliers(
    stage: Mapping[str, Any], pool: Sequence[Cut], ground: Ground, limits: Limits
) -> tuple[list[Cut], Multipliers]:
    cuts = [pool[_number(one, len(pool))] for one in stage["cuts"]]
    factors = np.array([_factor(one) for one in stage["multipliers"]])
    shares = np.array([_factor(one) for one in stage["shares"]])
    over, under = (_factor(one) for one in stage["area"])
    flow = np.array([float(one) for one in stage["flow"]] or np.zeros(len(ground.pairs)))
    if len(factors) != len(cuts):
        raise ValueError("the proof has another number of multipliers than of cuts")
    if len(shares) not in (0, len(ground.slack)):
        raise ValueError("the proof has another number of shares")
    if len(flow) != len(ground.pairs) or not np.isfinite(flow).all():
        raise ValueError("the proof has another number of links")
    if over and np.isinf(limits.max_area):
        raise ValueError("the proof prices a largest area that there is not")
    return cuts, Multipliers(factors, shares, over, under, flow)


def _cut(claim: Mapping[str, Any], n: int) -> Cut:
    wall, twice = "wall" in claim, claim.get("times", 1) == 2
    nodes = [_number(one, n) for one in claim["wall" if wall else "inside"]]
    return Cut(_number(claim["node"], n), np.array(nodes, dtype=np.int64), wall, twice)


def _number(value: Any, n: int) -> int:
    number = int(value)
    if number != value or not 0 <= number < n:
        raise ValueError(f"the proof names an unknown number {value!r}")
    return number


def _factor(value: Any) -> float:
    number = float(value)
    if not np.isfinite(number) or number < 0:
        raise ValueError(f"a multiplier of the proof is {value!r}")
    return number


def _target(value: Any) -> float:
    number = -np.inf if value is None else float(value)
    if np.isnan(number):
        raise ValueError("a target of the proof is no number")
    return number


def _allowed(value: Any, final: float) -> float:
    number = _target(value)
    if number > final:
        raise ValueError("a target within the proof is more than the whole proves")
    return number
