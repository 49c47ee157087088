"""What would have to change: the value per hectare at which each parcel would join or leave a zone."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from renewal_geo.foundation.labels import label
from renewal_geo.zones.delineation import Delineation
from renewal_geo.zones.problem import Problem, Reduced, reduce
from renewal_geo.zones.repertoire import require_means

TOLERANCE_HA = 1e-9
OUT = -1
COLUMNS: dict[str, Any] = {
    "would": object,
    "beside": object,
    "value_now": float,
    "value_needed": float,
    "change_per_ha": float,
    "exact": bool,
    "limit": object,
    "sentence_zh": object,
    "sentence_en": object,
}
TEXTS = {
    "zh": {
        "join": "地块 {id}：每公顷价值由 {now:,.2f} 提高到 {needed:,.2f} 即可并入 {zone}",
        "join_now": "地块 {id}：按现价值 {now:,.2f}/ha 已够并入 {zone}（只需 {needed:,.2f}），总面积指标或搜索时间未及",
        "leave": "地块 {id}：每公顷价值由 {now:,.2f} 降到 {needed:,.2f} 以下就会退出 {zone}",
        "leave_now": "地块 {id}：每公顷价值 {now:,.2f}，退出 {zone} 反而更好（须达 {needed:,.2f} 才值得留下）",
        "max_area": "地块 {id}：价值再高也不能并入 {zone}，会超过单个片区面积上限",
        "share": "地块 {id}：价值再高也不能并入 {zone}，{share}占比会低于要求",
        "barrier": "地块 {id}：与 {zone} 之间有障碍（{barrier}），跨越之前价值再高也不能并入",
        "group": "地块 {id}：属于须同进同出的一组，不能单独变动",
        "min_area": "地块 {id}：{zone} 少了它就不足最小面积，不能单独退出",
        "hold_share": "地块 {id}：{zone} 少了它{share}占比就不达标，不能单独退出",
        "connection": "地块 {id}：{zone} 少了它就不连片，不能单独退出",
        "min_zones": "地块 {id}：单独变动会使片区数少于要求",
        "lock_in": "地块 {id}：按要求必须划入",
        "-": "地块 {id}：不与任何片区相邻",
        "none": "没有片区，无从比较",
        "price": "面积指标按每公顷 {price:,.2f} 计价（证明上限处的边际价值）；逐宗单独考虑，其余地块不变",
        "priceless": "逐宗单独考虑，其余地块不变",
    },
    "en": {
        "join": "Parcel {id} would join {zone} if its value rose from {now:,.2f} to {needed:,.2f} per ha",
        "join_now": "Parcel {id} is worth its place in {zone} already ({now:,.2f} per ha, {needed:,.2f} needed): "
        "the budget had no room for it, or the search did not get to it",
        "leave": "Parcel {id} would leave {zone} if its value fell from {now:,.2f} to below {needed:,.2f} per ha",
        "leave_now": "Parcel {id} ({now:,.2f} per ha) would better leave {zone}: it is worth its place only from "
        "{needed:,.2f} per ha",
        "max_area": "Parcel {id} cannot join {zone} whatever its value: the zone would be too large",
        "share": "Parcel {id} cannot join {zone} whatever its value: the share of {share} would be too low",
        "barrier": "Parcel {id} is kept from {zone} by a barrier ({barrier}), whatever its value",
        "group": "Parcel {id} belongs to a group that is all in or all out, so it cannot move alone",
        "min_area": "Parcel {id} cannot leave {zone} by itself: without it the zone is too small",
        "hold_share": "Parcel {id} cannot leave {zone} by itself: without it the share of {share} is too low",
        "connection": "Parcel {id} cannot leave {zone} by itself: without it the zone falls apart",
        "min_zones": "Parcel {id} cannot move by itself: there would be too few zones",
        "lock_in": "Parcel {id} is locked in",
        "-": "Parcel {id} lies beside no zone",
        "none": "there are no zones to compare with",
        "price": "a hectare of budget is priced at {price:,.2f} (its marginal value at the bound); each parcel is "
        "judged by itself, all others as they are",
        "priceless": "each parcel is judged by itself, all others as they are",
    },
}
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Changes:
    """The value per hectare at which each eligible parcel would change sides.

    Attributes
    ----------
    table
        By parcel_id, every eligible parcel: ``would`` (join | leave | -), ``beside`` (the zone that it would
        join, or is in), ``value_now, value_needed, change_per_ha`` (value per hectare; missing where no
        value would do), ``exact`` (all limits were checked for just this move), ``limit`` (what holds
        it whatever its value: max_area, share, barrier, group, min_area, min_zones, connection, lock_in),
        ``sentence_zh, sentence_en``.
    notes
        What was assumed.
    """

    table: pd.DataFrame
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        joining = self.table[self.table["would"] == "join"]
        leaving = self.table[self.table["would"] == "leave"]
        rise = (
            ""
            if not len(joining)
            else f", by {joining['change_per_ha'].min():,.2f} per ha at least"
        )
        return (
            f"{len(joining):,} parcels would join a zone at a higher value{rise}; {len(leaving):,} would "
            "leave at a lower one"
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Moves:
    """Per node: whether a move is possible, its gain now, the zone, and what forbids it."""

    possible: Bools
    gain: Floats
    zone: Ints
    limit: np.ndarray
    share: Ints

    @classmethod
    def none(cls, nodes: int) -> _Moves:
        return cls(
            np.zeros(nodes, dtype=bool),
            np.full(nodes, -np.inf),
            np.full(nodes, OUT),
            np.full(nodes, "", dtype=object),
            np.zeros(nodes, dtype=np.int64),
        )


def changes(zones: Delineation, *, lang: str | None = None) -> Changes:
    """Tell at which value per hectare each parcel would join a zone, or leave it.

    Parameters
    ----------
    zones
        The study's answer.
    lang
        zh or en, of the notes; the delineation's own by default.

    Returns
    -------
    Changes
        Empty, with a note, where there are no zones.

    Raises
    ------
    InputError
        For a language that there is not.

    Notes
    -----
    Adding parcel i to zone Z changes the total, the budget paid at its price a, by ``value_i - a area_i
    - weight (own_i + frontage to others - frontage to Z)``, so the least value per hectare is
    ``a + weight dP / area_i``; where Z would then touch a zone that it must be one with, their common
    frontage is saved too. Leaving is the same with the sign turned; where the zone is then so small that it
    must be one with a zone it touches, their common frontage is saved as well.
    """
    require_means("changes", lang=lang)
    says = TEXTS[lang or zones.lang]
    if zones.status == "infeasible" or not len(zones.zones):
        empty = pd.DataFrame(columns=list(COLUMNS), index=pd.Index([], name="parcel_id"))
        return Changes(empty.astype(COLUMNS), (says["none"],))
    problem = zones.found.problem
    price = float(zones.answer.price) if problem.budget is not None else 0.0
    names = list(zones.zones.index)
    place = {name: number for number, name in enumerate(names)}
    members = zones.membership.iloc[zones.found.order]
    label_of = np.array([place.get(one, OUT) for one in members], dtype=np.int64)
    reduced, apart = _nodes(problem, label_of)
    label = np.full(reduced.size, OUT)
    label[reduced.node_of] = label_of
    joins = _joins(problem, reduced, label, price, apart)
    leaves = _leaves(problem, reduced, label, price, apart)
    barred = _barred(zones, label_of)
    table = _table(zones, reduced, label, (joins, leaves), barred, names)
    note = says["price"].format(price=price) if price > 0 else says["priceless"]
    return Changes(table, (note,))


def _nodes(problem: Problem, label: Ints) -> tuple[Reduced, Bools]:
    """Return the nodes that move as one, and which of them belong to a group that has others elsewhere."""
    u, v = problem.pairs.T
    split = (
        (problem.group[u] == problem.group[v]) & (problem.group[u] >= 0) & (label[u] != label[v])
    )
    # neighbours of one group may lie in two zones, where these are too large to be one
    torn = np.isin(problem.group, problem.group[u[split]])
    whole = dataclasses.replace(problem, group=np.where(torn, OUT, problem.group))
    reduced = reduce(whole, together=True)
    apart = np.zeros(reduced.size, dtype=bool)
    apart[reduced.node_of[torn]] = True
    for nodes in reduced.alike:
        apart[nodes] = True
    return reduced, apart


def _facing(reduced: Reduced, label: Ints, count: int) -> csr_array:
    """Return what the border of each node (rows) with each zone (columns) costs when open."""
    u, v = reduced.pairs.T
    near, far = np.concatenate([u, v]), np.concatenate([v, u])
    cost = np.concatenate([reduced.cost, reduced.cost])
    inside = label[far] >= 0
    # links count even where the outline is free, so their number is kept beside
    return csr_array(
        (cost[inside], (near[inside], label[far][inside])), shape=(reduced.size, count)
    )


def _joins(problem: Problem, reduced: Reduced, label: Ints, price: float, apart: Bools) -> _Moves:
    found = _Moves.none(reduced.size)
    count = int(label.max()) + 1
    facing = _facing(reduced, label, count)
    open_cost = np.bincount(
        reduced.pairs.ravel(), np.repeat(reduced.cost, 2), minlength=reduced.size
    )
    alone = reduced.worth - price * reduced.area - open_cost
    inside = label >= 0
    areas = np.bincount(label[inside], reduced.area[inside], minlength=count).astype(float)
    slacks = np.array(
        [np.bincount(label[inside], row[inside], minlength=count) for row in reduced.slack]
    ).reshape(len(reduced.slack), count)
    largest = np.inf if problem.max_area is None else problem.max_area + TOLERANCE_HA
    beside = facing[np.flatnonzero(~inside)]
    for row, node in enumerate(np.flatnonzero(~inside)):
        span = slice(beside.indptr[row], beside.indptr[row + 1])
        near = beside.indices[span].astype(np.int64)
        saved = 2.0 * beside.data[span]
        if not len(near):
            continue
        if apart[node]:
            found.limit[node], found.zone[node] = "group", near[0]
            continue
        own = (reduced.area[node], reduced.slack[:, node])
        for z, worth, limit, share in _options(problem, near, saved, own, areas, slacks, largest):
            gain = alone[node] + worth
            if limit:
                if not found.possible[node] and gain > found.gain[node]:
                    found.gain[node], found.zone[node] = gain, z
                    found.limit[node], found.share[node] = limit, share
            elif not found.possible[node] or gain > found.gain[node]:
                found.possible[node] = True
                found.gain[node], found.zone[node], found.limit[node] = gain, z, ""
    return found


def _options(
    problem: Problem,
    near: Ints,
    saved: Floats,
    own: tuple[float, Floats],
    areas: Floats,
    slacks: Floats,
    largest: float,
) -> Iterator[tuple[int, float, str, int]]:
    """Yield each zone that a node may join, alone or with the neighbours that it must then be one with."""
    area, slack = own
    for k in np.argsort(near, kind="stable"):
        z = int(near[k])
        joined, size, left, worth = [z], areas[z] + area, slacks[:, z] + slack, saved[k]
        if size > largest:
            yield z, worth, "max_area", 0
            continue
        for other in np.argsort(near, kind="stable"):
            if other != k and size + areas[near[other]] <= largest:
                joined.append(int(near[other]))
                size += areas[near[other]]
                left = left + slacks[:, near[other]]
                worth += saved[other]
        if len(areas) - len(joined) + 1 < (problem.min_zones or 0):
            yield z, worth, "min_zones", 0
            continue
        short = np.flatnonzero(left < -TOLERANCE_HA)
        if len(short):
            yield z, worth, "share", int(short[0])
        else:
            yield z, worth, "", 0


def _leaves(problem: Problem, reduced: Reduced, label: Ints, price: float, apart: Bools) -> _Moves:
    found = _Moves.none(reduced.size)
    count = int(label.max()) + 1
    inside = np.flatnonzero(label >= 0)
    u, v = reduced.pairs.T
    same = (label[u] == label[v]) & (label[u] >= 0)
    open_cost = np.bincount(reduced.pairs.ravel(), np.repeat(reduced.cost, 2), minlength=len(label))
    within = np.bincount(
        reduced.pairs[same].ravel(), np.repeat(reduced.cost[same], 2), minlength=len(label)
    )
    # what goes with the node: its worth and open borders; what comes: the borders that it closed
    found.gain[inside] = -(reduced.worth - price * reduced.area - open_cost + 2.0 * within)[inside]
    found.zone[inside] = label[inside]
    areas = np.bincount(label[inside], reduced.area[inside], minlength=count).astype(float)
    left_area = areas[label[inside]] - reduced.area[inside]
    gone = left_area <= TOLERANCE_HA  # the zone was this node alone
    for k, row in reversed(list(enumerate(reduced.slack))):
        sums = np.bincount(label[inside], row[inside], minlength=count)
        short = ~gone & (sums[label[inside]] - row[inside] < -TOLERANCE_HA)
        found.limit[inside[short]], found.share[inside[short]] = "hold_share", k
    small = ~gone & (left_area < problem.min_area - TOLERANCE_HA)
    found.limit[inside[small]] = "min_area"
    cut = _cut_nodes(reduced.pairs[same], reduced.size)
    found.limit[inside[cut[inside]]] = "connection"
    fewer = np.zeros(reduced.size, dtype=np.int64)
    fewer[inside[gone]] = 1
    for node, (saved, joined) in _unions(problem, reduced, label, areas).items():
        found.gain[node] += saved
        fewer[node] += joined
    found.limit[inside[count - fewer[inside] < (problem.min_zones or 0)]] = "min_zones"
    found.limit[apart & (label >= 0)] = "group"
    found.limit[inside[reduced.locked[inside]]] = "lock_in"
    found.possible[inside] = found.limit[inside] == ""
    return found


def _unions(
    problem: Problem, reduced: Reduced, label: Ints, areas: Floats
) -> dict[int, tuple[float, int]]:
    """Return nodes without which their zone must be one with zones that it touches: what is saved, how many."""
    if problem.max_area is None:
        return {}
    largest = problem.max_area + TOLERANCE_HA
    ends = label[reduced.pairs]
    cross = np.flatnonzero((ends >= 0).all(axis=1) & (ends[:, 0] != ends[:, 1]))
    size: dict[int, float] = {}
    found: dict[int, tuple[float, int]] = {}
    both = np.concatenate([ends[cross], ends[cross, ::-1]])
    for z, other in np.unique(both, axis=0):
        links = cross[np.isin(ends[cross], (z, other)).all(axis=1)]
        own = reduced.pairs[links][ends[links] == z]
        cost = np.bincount(own, reduced.cost[links], minlength=reduced.size)
        count = np.bincount(own, minlength=reduced.size)
        # links of the node itself go with it
        for node in np.flatnonzero((label == z) & (count < len(links))):
            left = size.setdefault(int(node), float(areas[z] - reduced.area[node]))
            if left + areas[other] <= largest:
                size[int(node)] = left + float(areas[other])
                saved, joined = found.get(int(node), (0.0, 0))
                more = 2.0 * float(reduced.cost[links].sum() - cost[node])
                found[int(node)] = saved + more, joined + 1
    return found


def _cut_nodes(pairs: Ints, size: int) -> Bools:
    """Return the nodes without which their zone falls apart (Hopcroft and Tarjan 1973), without recursion."""
    graph = csr_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(size, size))
    both = (graph + graph.T).tocsr()
    ends, around = both.indptr.tolist(), both.indices.tolist()
    seen, low = [-1] * size, [0] * size
    cut = np.zeros(size, dtype=bool)
    clock = 0
    for root in range(size):
        if seen[root] >= 0 or ends[root] == ends[root + 1]:
            continue
        seen[root] = low[root] = clock
        clock += 1
        stack = [(root, -1, ends[root])]
        children = 0
        while stack:
            node, parent, at = stack.pop()
            if at < ends[node + 1]:
                stack.append((node, parent, at + 1))
                other = around[at]
                if seen[other] < 0:
                    seen[other] = low[other] = clock
                    clock += 1
                    children += node == root
                    stack.append((other, node, ends[other]))
                elif other != parent:
                    low[node] = min(low[node], seen[other])
            elif parent >= 0:
                low[parent] = min(low[parent], low[node])
                if parent != root and low[node] >= seen[parent]:
                    cut[parent] = True
        cut[root] = children > 1
    return cut


def _barred(zones: Delineation, label: Ints) -> Mapping[int, tuple[int, str]]:
    """Return for parcels (by their number) that only a barrier keeps from a zone: the zone, and the barrier."""
    blocked = zones.blocked
    number = pd.Series(
        np.arange(len(label)), index=zones.found.table.index[zones.found.order].astype(str)
    )
    found: dict[int, tuple[int, str]] = {}
    both = blocked[blocked["focal"].isin(number.index) & blocked["neighbour"].isin(number.index)]
    # the widest face to a zone names the barrier
    both = both.sort_values("frontage_m", ascending=False, kind="stable")
    for near, far in (("focal", "neighbour"), ("neighbour", "focal")):
        ends = zip(number[both[near]], number[both[far]], both["barrier"], strict=True)
        for i, j, barrier in ends:
            if label[i] == OUT and label[j] != OUT:
                found.setdefault(int(i), (int(label[j]), str(barrier)))
    return found


def _table(
    zones: Delineation,
    reduced: Reduced,
    label_of_node: Ints,
    moves: tuple[_Moves, _Moves],
    barred: Mapping[int, tuple[int, str]],
    names: list[str],
) -> pd.DataFrame:
    joins, leaves = moves
    problem = zones.found.problem
    ids = zones.found.table.index[zones.found.order]
    now = problem.value / problem.area
    shares = {
        lang: [label(f"share.{name}", lang) for name in problem.share_names] for lang in TEXTS
    }
    barriers: dict[str, dict[str, str]] = {lang: {} for lang in TEXTS}
    rows = []
    for parcel, (name, node) in enumerate(zip(ids, reduced.node_of, strict=True)):
        inside = label_of_node[node] >= 0
        move = leaves if inside else joins
        would, needed, limit = "-", np.nan, str(move.limit[node])
        zone, barrier = int(move.zone[node]), ""
        if move.possible[node]:
            would = "leave" if inside else "join"
            # the whole node's gain is made up by this one parcel's value
            change = move.gain[node] / problem.area[parcel]
            needed = now[parcel] + change if inside else now[parcel] - change
        elif not inside and zone == OUT and parcel in barred:
            (zone, barrier), limit = barred[parcel], "barrier"
        key = would if would != "-" else (limit or "-")
        if would != "-" and (needed <= now[parcel]) != inside:
            key = f"{would}_now"
        row = {
            "would": would,
            "beside": names[zone] if zone != OUT else None,
            "value_now": now[parcel],
            "value_needed": needed,
            "change_per_ha": needed - now[parcel],
            "exact": would != "-",
            "limit": "share" if limit == "hold_share" else limit,
        }
        for lang, texts in TEXTS.items():
            if barrier and barrier not in barriers[lang]:
                barriers[lang][barrier] = label(f"kind.{barrier}", lang)
            row[f"sentence_{lang}"] = texts[key].format(
                id=name,
                zone=row["beside"],
                now=now[parcel],
                needed=needed,
                share=shares[lang][move.share[node]] if shares[lang] else "",
                barrier=barriers[lang].get(barrier, ""),
            )
        rows.append(row)
    return pd.DataFrame(rows, index=ids, columns=list(COLUMNS)).astype(COLUMNS)
