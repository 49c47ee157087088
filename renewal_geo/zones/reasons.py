"""One reason per parcel, the first that applies, with the figure that decided it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from renewal_geo.foundation.quantities import M2_PER_HA
from renewal_geo.zones.pool import BROKEN_GROUP, Candidates
from renewal_geo.zones.search import Answer
from renewal_geo.zones.terms import Terms

REASONS = (
    "invalid",
    "ground",
    "locked_out",
    "excluded",
    "chosen",
    "not_in_pool",
    "isolated",
    "cut_off",
    "share",
    "budget",
    "low_value",
    "undecided",
)
TOLERANCE_HA = 1e-9
TEXTS = {
    "zh": {
        "invalid": "图形无效、为空或不是面，面积按 0 计",
        "ground": "可跨越的地面（道路等），不作为成员",
        "locked_out": "按要求不得划入",
        "excluded": "被{kind}压占 {figure:,.1f} m²（容许 {limit:,.1f} m²）",
        "broken_group": "同组地块不能全部划入，按“同进同出”整组不划入",
        "chosen": "划入 {zone}",
        "not_in_pool": "不在候选池内",
        "isolated": "所在连片仅 {figure:,.2f} ha，达不到最小规模 {limit:,.2f} ha",
        "cut_off": "被障碍隔断：所在连片 {figure:,.2f} ha，若无障碍可达 {free:,.2f} ha（下限 {limit:,.2f} ha）",
        "share": "所在连片满足占比要求的面积至多 {figure:,.2f} ha，小于下限 {limit:,.2f} ha",
        "share_parcel": "任何包含本宗地的片区都达不到占比要求（差 {figure:,.2f} ha）",
        "budget": "每公顷净值 {figure:,.3f}，低于面积指标的边际价值 {limit:,.3f}",
        "low_value": "每公顷净值 {figure:,.3f}，并入片区不增加总价值",
        "undecided": "尚未判定：每公顷净值 {figure:,.3f}，高于边际价值 {limit:,.3f}，但未证明应划入",
    },
    "en": {
        "invalid": "geometry is invalid, empty or no polygon; its area counts as 0",
        "ground": "bridgeable ground (roads and the like), never a member",
        "locked_out": "locked out by request",
        "excluded": "{kind} takes {figure:,.1f} m² of it ({limit:,.1f} m² allowed)",
        "broken_group": "its group cannot be in whole, so all of it stays out",
        "chosen": "member of {zone}",
        "not_in_pool": "not in the pool",
        "isolated": "its component has {figure:,.2f} ha, below the minimum of {limit:,.2f} ha",
        "cut_off": "cut off by a barrier: its component has {figure:,.2f} ha, {free:,.2f} ha without "
        "barriers (minimum {limit:,.2f} ha)",
        "share": "its component can gather {figure:,.2f} ha under the share limits, below the minimum of "
        "{limit:,.2f} ha",
        "share_parcel": "no zone that holds it can meet the share limits ({figure:,.2f} ha short)",
        "budget": "net value {figure:,.3f} per ha, below the budget's price of {limit:,.3f} per ha",
        "low_value": "net value {figure:,.3f} per ha: joining a zone would not raise the total",
        "undecided": "undecided: net value {figure:,.3f} per ha, above the price of {limit:,.3f} per ha, "
        "but not proven to belong in",
    },
}


def explain(
    found: Candidates, answer: Answer, membership: pd.Series, terms: Terms, lang: str
) -> pd.DataFrame:
    """Return one reason for every input parcel.

    Parameters
    ----------
    found
        The candidates.
    answer
        Of the search.
    membership
        parcel_id -> zone_id, missing if in none.
    terms
        The limits.
    lang
        zh or en, of ``reason_text``.

    Returns
    -------
    DataFrame
        By parcel_id, in the order of the input: ``reason`` (of :data:`REASONS`), ``figure`` and ``limit``
        (hectares, m2 or value per hectare, as the text says; missing where nothing was measured),
        ``reason_text``.

    Notes
    -----
    *budget* and *low_value* are judged by the relaxation that also gives the bound: with the multipliers of
    the proof, a parcel that it takes when the budget costs nothing but not at the budget's price was
    left out by the budget; one that it takes at neither has too little value. The figure is the parcel's
    value less its own boundary, per hectare.
    """
    table = found.table
    n = len(table)
    reason = np.full(n, "", dtype=object)
    key = np.full(n, "", dtype=object)
    figure, limit, free = (np.full(n, np.nan) for _ in range(3))

    def give(rows: np.ndarray, name: str, text: str = "") -> np.ndarray:
        fresh = rows & (reason == "")
        reason[fresh] = name
        key[fresh] = text or name
        return fresh  # type: ignore[no-any-return]

    give(~table["is_valid"].to_numpy(), "invalid")
    give(table["is_ground"].to_numpy(), "ground")
    give(table["locked_out"].to_numpy(), "locked_out")
    broken = (table["excluded_kind"] == BROKEN_GROUP).to_numpy()
    out = table["excluded"].to_numpy()
    rows = give(out & ~broken, "excluded")
    figure[rows] = table["excluded_m2"].to_numpy()[rows]
    limit[rows] = np.minimum(terms.exclusion_tolerance * table["area_m2"].to_numpy()[rows], 100.0)
    give(out & broken, "excluded", "broken_group")
    give(membership.notna().to_numpy(), "chosen")
    give(~(table["in_pool"] | table["locked_in"]).to_numpy(), "not_in_pool")
    _small_components(found, answer, terms, give, (figure, limit, free))
    _by_price(found, answer, give, (figure, limit))
    give(np.ones(n, dtype=bool), "undecided")
    zone = membership.astype(object).where(membership.notna(), "").to_numpy()
    kinds = table["excluded_kind"].to_numpy()
    texts = [
        TEXTS[lang][k].format(figure=f, limit=m, free=e, zone=z, kind=kind)
        for k, f, m, e, z, kind in zip(key, figure, limit, free, zone, kinds, strict=True)
    ]
    return pd.DataFrame(
        {"reason": reason, "figure": figure, "limit": limit, "reason_text": texts},
        index=table.index,
    )


def settled(found: Candidates, chosen: np.ndarray, terms: Terms) -> np.ndarray:
    """Return the reasons that follow from the inputs and the zones alone.

    Parameters
    ----------
    found
        The candidates.
    chosen
        Which parcels are in some zone, in the order of the candidates.
    terms
        The limits.

    Returns
    -------
    ndarray
        One reason per parcel, empty where only the search can tell (share, budget, low_value, undecided).
    """
    table, problem = found.table, found.problem
    ends = (problem.pairs[:, 0], problem.pairs[:, 1])
    graph = coo_array((np.ones(len(problem.pairs)), ends), shape=(problem.size, problem.size))
    _, labels = connected_components(graph, directed=False)
    size = np.full(len(table), np.inf)
    size[found.order] = np.bincount(labels, problem.area)[labels] if problem.size else []
    least = terms.min_area_ha - TOLERANCE_HA
    reason = np.full(len(table), "", dtype=object)
    for name, rows in (
        ("invalid", ~table["is_valid"].to_numpy()),
        ("ground", table["is_ground"].to_numpy()),
        ("locked_out", table["locked_out"].to_numpy()),
        ("excluded", table["excluded"].to_numpy()),
        ("chosen", chosen),
        ("not_in_pool", ~(table["in_pool"] | table["locked_in"]).to_numpy()),
        ("isolated", (size < least) & (_sizes_without_barriers(found) < least)),
        ("cut_off", size < least),
    ):
        reason[rows & (reason == "")] = name
    return reason


def _small_components(found, answer, terms, give, figures) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    """Give isolated, cut_off and share: parcels whose component can never hold a zone."""
    figure, limit, free = figures
    order, problem = found.order, found.problem
    sizes = np.bincount(answer.component, problem.area)
    own_size = np.full(len(found.table), np.nan)
    own_size[order] = sizes[answer.component] if len(order) else []
    free_size = _sizes_without_barriers(found)
    small = np.nan_to_num(own_size, nan=np.inf) < terms.min_area_ha - TOLERANCE_HA
    for name, rows in (
        ("isolated", small & (free_size < terms.min_area_ha - TOLERANCE_HA)),
        ("cut_off", small),
    ):
        given = give(rows, name)
        figure[given] = own_size[given]
        limit[given] = terms.min_area_ha
        free[given] = free_size[given]
    reachable = np.full(len(found.table), np.inf)
    reachable[order] = answer.reachable[answer.component] if len(order) else []
    given = give(reachable < terms.min_area_ha - TOLERANCE_HA, "share")
    figure[given], limit[given] = reachable[given], terms.min_area_ha
    # even all the surplus of its component cannot make up for the parcel's own deficit
    short = np.zeros(len(found.table))
    for row in problem.slack:
        surplus = np.bincount(answer.component, np.maximum(row, 0.0), minlength=len(sizes))
        lacking = -(row + surplus[answer.component] - np.maximum(row, 0.0))
        short[order] = np.maximum(short[order], lacking)
    given = give(short > TOLERANCE_HA, "share", "share_parcel")
    figure[given] = short[given]


def _sizes_without_barriers(found: Candidates) -> np.ndarray:
    """Return hectares of the component that each eligible parcel would have without barriers."""
    table, links = found.table, found.links
    ends = pd.concat([links.links[["focal", "neighbour"]], links.blocked[["focal", "neighbour"]]])
    focal = table.index.get_indexer(ends["focal"])  # type: ignore[arg-type]
    neighbour = table.index.get_indexer(ends["neighbour"])  # type: ignore[arg-type]
    eligible = table["eligible"].to_numpy()
    both = eligible[focal] & eligible[neighbour] if len(focal) else np.zeros(0, dtype=bool)
    n = len(table)
    graph = coo_array((np.ones(int(both.sum())), (focal[both], neighbour[both])), shape=(n, n))
    _, labels = connected_components(graph, directed=False)
    area = np.where(eligible, table["area_m2"].to_numpy(), 0.0) / M2_PER_HA
    return np.bincount(labels, area)[labels]


def _by_price(found, answer, give, figures) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    """Give budget and low_value, judged by the relaxation at the budget's price and without it."""
    figure, limit = figures
    problem, order = found.problem, found.order
    n = len(found.table)
    rate = np.full(n, np.nan)
    if len(order):
        net = problem.value - problem.boundary_weight * problem.own
        rate[order] = net / problem.area
    wanted, wanted_free = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
    wanted[order], wanted_free[order] = answer.wanted, answer.wanted_free
    is_open = np.zeros(n, dtype=bool)
    is_open[order] = True
    closed = answer.status != "feasible"
    budget = is_open & wanted_free & ~wanted & (answer.price > 0)
    for name, rows in (
        ("budget", budget | (is_open & wanted & closed & (answer.price > 0))),
        ("low_value", is_open & (~wanted | closed)),
    ):
        given = give(rows, name)
        figure[given], limit[given] = rate[given], answer.price
    rest = give(is_open, "undecided")
    figure[rest], limit[rest] = rate[rest], answer.price


def losses(found: Candidates, reasons: pd.DataFrame, membership: pd.Series) -> pd.DataFrame:
    """Return the funnel of the pool: gross, excluded, contiguous, sized, shares, chosen.

    Parameters
    ----------
    found, reasons, membership
        As above.

    Returns
    -------
    DataFrame
        One row per step: ``step, count, area_m2`` of what is left, ``lost_count, lost_area_m2`` at the
        step; losses close to the square metre. A last row ``filler`` is what was absorbed from outside
        the pool. Parcels cut by an exclusion lose the cut part at ``excluded``.
    """
    table = found.table
    pool = table["in_pool"] & table["is_valid"]
    gross = table["area_m2"] + table["cut_m2"]
    reason = reasons["reason"]
    linked = found.links.links
    ids = table.index[table["eligible"]]
    inner = linked[linked["focal"].isin(ids) & linked["neighbour"].isin(ids)]
    with_neighbour = table.index.isin(pd.concat([inner["focal"], inner["neighbour"]]))
    eligible = table["eligible"]
    alone = reason.isin(["isolated", "cut_off"])
    left = {
        "gross": pool,
        "excluded": pool & eligible,
        "contiguous": pool & eligible & (with_neighbour | ~alone),
        "sized": pool & eligible & ~alone,
        "shares": pool & eligible & ~alone & (reason != "share"),
        "chosen": pool & membership.notna(),
    }
    rows = []
    before_count, before_area = None, None
    for step, kept in left.items():
        area = float((gross if step == "gross" else table["area_m2"])[kept].sum())
        count = int(kept.sum())
        rows.append(
            {
                "step": step,
                "count": count,
                "area_m2": area,
                "lost_count": 0 if before_count is None else before_count - count,
                "lost_area_m2": 0.0 if before_area is None else before_area - area,
            }
        )
        before_count, before_area = count, area
    absorbed = membership.notna() & ~table["in_pool"]
    rows.append(
        {
            "step": "filler",
            "count": int(absorbed.sum()),
            "area_m2": float(table.loc[absorbed, "area_m2"].sum()),
            "lost_count": 0,
            "lost_area_m2": 0.0,
        }
    )
    return pd.DataFrame(rows)
