"""The frontier 前沿: what other budgets and other prices of the outline would be worth, each with a bound."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from renewal_geo.contiguity import Contiguity
from renewal_geo.foundation import progress
from renewal_geo.foundation.errors import Faults, InputError
from renewal_geo.foundation.provenance import Provenance
from renewal_geo.zones.ceilings import Ceilings
from renewal_geo.zones.delineation import Delineation, delineate
from renewal_geo.zones.problem import Problem
from renewal_geo.zones.repertoire import (
    AREA_TOLERANCE_HA,
    Effort,
    Repertoire,
    Selection,
    explore,
    keeps,
    require_means,
    weighed,
)
from renewal_geo.zones.search import OPTIMAL_GAP, gap_of
from renewal_geo.zones.terms import Terms

REACH = 1.25  # the largest budget tried, in budgets of the study
WEIGHTS = (0.0, 0.5, 1.0, 2.0)  # times the study's own price of the outline
PAYS = (0.05, 0.10)  # what a compact zone pays for its outline where the study prices none
COMPACT_HA = 50.0
SAME_HA = 1e-6  # budgets closer than this are one
ROOM = 1.25  # the least budget tried, in smallest zones
BOUND_SHARE = 0.35  # of the time limit
EXPLORE_SHARE = 0.4  # of the time left when a cycle begins
PROPOSALS = 500  # per node and round
CYCLES, ROUNDS = 3, 2  # rounds of one cycle are followed by a packing
PRICES = (1.0, 0.85, 1.1, 0.7, 0.95, 1.2)  # of the bound's price, one per round
COLUMNS: dict[str, Any] = {
    "kind": object,
    "area_budget_ha": float,
    "boundary_weight": float,
    "status": object,
    "area_ha": float,
    "value": float,
    "outline_m": float,
    "net_value": float,
    "bound": float,
    "gap": float,
    "zone_count": "int64",
    "marginal_value": float,
    "is_study": bool,
}
TEXTS = {
    "zh": {
        "none": "没有片区，无前沿可言",
        "weights": "本研究未给外轮廓定价；所试的权重使一个 50 ha 的紧凑片区约付出其价值的 {pays}",
        "better": "在研究自身的条件下另找到净价值 {found:,.2f} 的划法，比已公布的 {was:,.2f} 高；延长时间重新划定可得",
        "loose": "时间用完：证明上限没有做到最紧，延长时间可再降低",
        "late": "时间用完：{points} 个点中有 {left} 个没有做完全部 {rounds} 轮搜索，净价值可能还能提高",
        "unmet": "预算 {budget:,.2f} ha 容不下锁定地块或要求的片区数，该点无解",
        "unfound": "预算 {budget:,.2f} ha 下没有找到满足全部限制的片区；未证明一定没有",
    },
    "en": {
        "none": "there are no zones, so there is no frontier to draw",
        "weights": "the study puts no price on the outline; the weights tried let a compact zone of 50 ha pay "
        "about {pays} of its value",
        "better": "under the study's own terms zones worth {found:,.2f} were met, above the {was:,.2f} that were "
        "published; delineate again with more time",
        "loose": "time is out: the bounds are valid, but could be lower with more time",
        "late": "time is out: {left} of {points} points did not get all {rounds} rounds of search, so their "
        "net value may still rise",
        "unmet": "a budget of {budget:,.2f} ha has no room for what is locked in or for the zones demanded",
        "unfound": "no zones that keep all limits were found within a budget of {budget:,.2f} ha; that there are "
        "none is not proven",
    },
}


@dataclass(frozen=True, slots=True, eq=False)
class Frontier:
    """What zones are worth under other budgets and other prices of the outline.

    Attributes
    ----------
    table
        By ``point``: ``kind`` (budget | boundary), ``area_budget_ha`` (missing: no budget),
        ``boundary_weight`` (value per metre), ``status``, ``area_ha``, ``value`` (outline not paid),
        ``outline_m``, ``net_value`` (of the best zones found), ``bound`` (no zones are worth more),
        ``gap`` (missing where nothing found is worth anything), ``zone_count``, ``marginal_value`` (what a
        hectare of budget is worth at the bound), ``is_study``.
    membership
        parcel_id x point -> number of the zone, the dearest first, missing where in none.
    notes
        What was assumed and what was not reached in time.
    late
        Whether the clock ended it.
    """

    table: pd.DataFrame
    membership: pd.DataFrame
    notes: tuple[str, ...]
    provenance: Provenance
    late: bool = False

    def __str__(self) -> str:
        if not len(self.table):
            return "no frontier: there are no zones"
        budgets = self.table[self.table["kind"] == "budget"]
        return (
            f"{len(budgets)} budgets and {len(self.table) - len(budgets)} prices of the outline: "
            f"{budgets['area_ha'].min():,.2f} to {budgets['area_ha'].max():,.2f} ha are worth "
            f"{budgets['net_value'].min():,.2f} to {budgets['net_value'].max():,.2f}{self._sureness()}"
        )

    def _sureness(self) -> str:
        gaps = 100 * self.table["gap"].dropna()
        return f", proven within {gaps.min():,.2f} to {gaps.max():,.2f} %" if len(gaps) else ""


@dataclass(slots=True, eq=False)
class _Point:
    kind: str
    problem: Problem
    is_study: bool
    found: Selection | None = None
    bound: float = np.inf
    price: float = 0.0
    settled: int = 0  # cycles of search that ended by themselves

    def offer(self, selection: Selection) -> None:
        """Take the zones if they keep this point's limits and are worth more than the best so far."""
        here = dataclasses.replace(
            selection,
            net_value=selection.value - self.problem.boundary_weight * selection.outline,
        )
        if (self.found is None or here.net_value > self.found.net_value) and keeps(
            self.problem, here
        ):
            self.found = here


def frontier(
    parcels: gpd.GeoDataFrame,
    links: Contiguity,
    *,
    budgets_ha: Sequence[float] | None = None,
    boundary_weights: Sequence[float] | None = None,
    points: int = 6,
    time_limit_s: float = 60.0,
    **terms: Any,
) -> Frontier:
    """Show what other budgets and outlines would be worth, each with a proven bound.

    Parameters
    ----------
    parcels, links
        As of :func:`renewal_geo.zones.delineate`.
    budgets_ha
        Budgets to try, hectares; the study's own is always among them. By default `points` of them, nested,
        from the smallest zone to 1.25 times the study's budget (at most all eligible land); where the study
        has none, even parts of what it takes.
    boundary_weights
        Prices of the outline to try, value per metre; by default 0, 1/2, 1 and 2 times the study's own.
    points
        Number of budgets where none are given.
    time_limit_s
        Wall-clock seconds of this call; half of it goes to the study's own zones.
    **terms
        Every other parameter of :func:`renewal_geo.zones.delineate`.

    Returns
    -------
    Frontier
        Net value and bound rise with the budget and fall with the price of the outline.

    Raises
    ------
    CRSError, InputError
        As :func:`renewal_geo.zones.delineate`, for budgets or prices that are no sizes, and for budgets
        below the smallest zone.
    """
    began = time.monotonic()
    least = terms.get("min_area_ha", Terms().min_area_ha)
    _require_sizes(budgets_ha, boundary_weights, points, least)
    require_means("frontier", time_limit_s=time_limit_s, workers=terms.get("workers") or 2)
    zones = delineate(parcels, links, time_limit_s=time_limit_s / 2, **terms)
    left = max(0.5, time_limit_s - (time.monotonic() - began))
    return frontier_of(
        zones,
        budgets_ha=budgets_ha,
        boundary_weights=boundary_weights,
        points=points,
        time_limit_s=left,
        workers=terms.get("workers") or 2,
    )


def frontier_of(
    zones: Delineation,
    *,
    budgets_ha: Sequence[float] | None = None,
    boundary_weights: Sequence[float] | None = None,
    points: int = 6,
    time_limit_s: float = 20.0,
    workers: int = 2,
    lang: str | None = None,
    known: Repertoire | None = None,
) -> Frontier:
    """Trace the frontier from a delineation: its zones are packed anew and varied, its proof replayed.

    Parameters
    ----------
    zones
        The study's answer.
    budgets_ha, boundary_weights, points, time_limit_s
        As of :func:`frontier`.
    workers
        Threads.
    lang
        zh or en, of the notes; the delineation's own by default.
    known
        Zones met by other questions; those met here are added.

    Returns
    -------
    Frontier
        Empty, with a note, where there are no zones.

    Raises
    ------
    InputError
        For budgets, prices, times or a language that make no sense.
    """
    began = time.monotonic()
    _require_sizes(budgets_ha, boundary_weights, points, zones.terms.min_area_ha)
    require_means("frontier", time_limit_s=time_limit_s, workers=workers, lang=lang)
    says = TEXTS[lang or zones.lang]
    if zones.status == "infeasible" or not len(zones.zones):
        return _empty(zones, says["none"])
    problem, answer = zones.found.problem, zones.answer
    notes: list[str] = []
    own = weighed(problem, answer.zones)
    weights = _weights(problem, own, boundary_weights, says, notes)
    tried = _points(problem, _budgets(problem, own, budgets_ha, points), weights)
    known = Repertoire(problem) if known is None else known
    known.add([*answer.zones, *answer.pool])
    late = _bound(tried, zones, began + BOUND_SHARE * time_limit_s)
    for point in tried:
        point.offer(own)
        if not problem.locked.any() and not problem.min_zones:
            point.offer(Selection((), 0.0, 0.0, 0.0, 0.0))
    _search(tried, known, zones.terms.seed, began + time_limit_s, workers)
    _settle(tried)
    notes += _notes(tried, zones, says)
    if late:
        notes.append(says["loose"])
    return _written(tried, zones, notes, late=late or _unsettled(tried) > 0)


def _points(
    problem: Problem, budgets: Sequence[float | None], weights: Sequence[float]
) -> list[_Point]:
    own = problem.boundary_weight
    return [
        *(
            _Point("budget", dataclasses.replace(problem, budget=b), b == problem.budget)
            for b in budgets
        ),
        *(
            _Point("boundary", dataclasses.replace(problem, boundary_weight=w), w == own)
            for w in weights
        ),
    ]


def _budgets(
    problem: Problem, own: Selection, given: Sequence[float] | None, points: int
) -> list[float | None]:
    """Return the budgets in rising order, the study's own among them; None (no budget) is the largest."""
    study = problem.budget
    if given is not None:
        chosen = {float(one) for one in given}
    else:
        # a budget of just one smallest zone fits hardly any: it needs some play above
        low = ROOM * least_total(problem)
        if study is None:
            even = [round(max(own.area * k / points, low), 6) for k in range(1, points)]
            chosen = {one for one in even if one < own.area}
        else:
            low, high = min(low, study), max(min(REACH * study, float(problem.area.sum())), study)
            # round figures, as a planner would name them
            unit = 10.0 ** (math.floor(math.log10(high)) - 1)
            even = [round(high * k / points / unit) * unit for k in range(1, points + 1)]
            chosen = {round(min(max(one, low), high), 6) for one in even}
            chosen.discard(min(chosen, key=lambda one: (abs(one - study), one)))
    if study is None:
        return [*_apart(chosen, None), None]
    ordered: list[float | None] = [*sorted([*_apart(chosen, study), study])]
    return ordered


def _apart(budgets: Iterable[float], study: float | None) -> list[float]:
    """Return budgets in rising order, each once, without nothing and without the study's own."""
    kept: list[float] = []
    for one in sorted(budgets):
        beside = [*kept[-1:], *([] if study is None else [study])]
        if one > SAME_HA and all(abs(one - other) > SAME_HA for other in beside):
            kept.append(one)
    return kept


def least_total(problem: Problem) -> float:
    """Return the least area (ha) that zones have together, if there are any."""
    return max(
        problem.min_area * max(problem.min_zones or 0, 1),
        float(problem.area[problem.locked].sum()),
    )


def _weights(
    problem: Problem,
    own: Selection,
    given: Sequence[float] | None,
    says: dict[str, str],
    notes: list[str],
) -> list[float]:
    study = problem.boundary_weight
    if given is not None:
        return sorted({*(float(one) for one in given), study})
    if study > 0:
        return [study * factor for factor in WEIGHTS]
    # a square of 50 ha has 4 sqrt(500,000) = 2,828 m of outline
    rate = max(own.value, 0.0) / max(own.area, 1e-9) * COMPACT_HA
    chosen = [float(f"{rate * part / (4 * math.sqrt(COMPACT_HA * 1e4)):.2g}") for part in PAYS]
    notes.append(says["weights"].format(pays=" / ".join(f"{100 * part:.0f} %" for part in PAYS)))
    return sorted({0.0, *chosen})


def _bound(tried: Sequence[_Point], zones: Delineation, deadline: float) -> bool:
    """Bound every point, the price found at one is where the next begins; tell whether the clock was out."""
    ceilings = Ceilings(zones.answer)
    price = None
    # from the study's own outwards, so that each price is near the one before
    order = sorted(
        range(len(tried)),
        key=lambda k: (tried[k].kind != "budget", abs(_size(tried[k]) - _own(tried))),
    )
    for k in order:
        point = tried[k]
        if point.is_study and zones.bound is not None:
            point.bound, point.price = zones.bound, zones.answer.price
            continue
        point.bound, point.price = ceilings.of(point.problem, price=price, deadline=deadline)
        price = point.price
    return ceilings.late


def _size(point: _Point) -> float:
    return np.inf if point.problem.budget is None else point.problem.budget


def _own(tried: Sequence[_Point]) -> float:
    size = next(_size(p) for p in tried if p.is_study)
    return size if np.isfinite(size) else 1e12


def _search(
    tried: Sequence[_Point],
    known: Repertoire,
    seed: int,
    deadline: float,
    workers: int,
) -> None:
    """Vary the zones known at every point, then pack them; again while time and rounds are left."""
    took = 0.0
    for cycle in range(CYCLES):
        began = time.monotonic()
        if began + took > deadline:
            return
        last = began + EXPLORE_SHARE * (deadline - began)
        whole = [True] * len(tried)
        for number in range(ROUNDS * cycle, ROUNDS * (cycle + 1)):
            for k, point in enumerate(tried):
                effort = Effort(PROPOSALS, seed + 7919 * number, last, workers)
                # every other round begins from nothing, lest all points stay near the study's zones
                start = point.found if number % 2 else None
                price = point.price * PRICES[number % len(PRICES)]
                met, done = explore(point.problem, price=price, effort=effort, start=start)
                known.add(met)
                whole[k] &= done
        for number, point in enumerate(tried):
            room = (deadline - time.monotonic()) / (len(tried) - number)
            if room > 0:
                closed = _pack(point, tried, known, room)
                point.settled += closed and whole[number] and point.settled == cycle
        progress.report("zones.frontier", (cycle + 1) / CYCLES)
        took = time.monotonic() - began


def _pack(point: _Point, tried: Sequence[_Point], known: Repertoire, seconds: float) -> bool:
    """Choose the best of the known zones at a point, good elsewhere too perhaps; tell whether that is settled."""
    found = point.found
    best, closed = known.best(
        point.problem,
        price=point.price,
        kept=found.zones if found else (),
        seconds=seconds,
        beat=found.net_value if found else None,
    )
    if best is not None:
        for other in tried:
            other.offer(best)
    return closed


def _settle(tried: Sequence[_Point]) -> None:
    """Let neither value nor bound contradict a neighbour: each limit only widens what is allowed."""
    budgets = [p for p in tried if p.kind == "budget"]
    weights = [p for p in tried if p.kind == "boundary"][
        ::-1
    ]  # a dearer outline allows nothing more
    studies = [p for p in tried if p.is_study]
    # what one line gives to the study's own point, the other line must hear of
    for line in (budgets, weights, studies, studies[::-1], budgets, weights):
        for narrow, wide in pairwise(line):
            if narrow.found is not None:
                wide.offer(narrow.found)
        for narrow, wide in zip(line[-2::-1], line[:0:-1], strict=True):
            narrow.bound = min(narrow.bound, wide.bound)
    for point in tried:
        if point.found is not None:
            point.bound = max(point.bound, point.found.net_value)


def _notes(tried: Sequence[_Point], zones: Delineation, says: dict[str, str]) -> list[str]:
    notes = []
    study = next(p for p in tried if p.is_study)
    was = zones.objective or 0.0
    if study.found is not None and study.found.net_value > was + OPTIMAL_GAP * max(abs(was), 1.0):
        notes.append(says["better"].format(found=study.found.net_value, was=was))
    left = _unsettled(tried)
    if left:
        notes.append(says["late"].format(left=left, points=len(tried), rounds=CYCLES))
    for point in tried:
        if point.found is None:
            short = _size(point) < least_total(point.problem) - AREA_TOLERANCE_HA
            notes.append(says["unmet" if short else "unfound"].format(budget=_size(point)))
    return notes


def _unsettled(tried: Sequence[_Point]) -> int:
    return sum(point.settled < CYCLES for point in tried)


def _written(
    tried: Sequence[_Point], zones: Delineation, notes: Sequence[str], *, late: bool
) -> Frontier:
    names = [f"P{number:02d}" for number in range(1, len(tried) + 1)]
    rows = []
    members = {}
    index = zones.found.table.index
    for name, point in zip(names, tried, strict=True):
        found = point.found
        gap = np.nan if found is None else _gap(found.net_value, point.bound)
        rows.append(
            {
                "kind": point.kind,
                "area_budget_ha": np.nan if point.problem.budget is None else point.problem.budget,
                "boundary_weight": point.problem.boundary_weight,
                "status": "infeasible"
                if found is None
                else ("optimal" if gap <= OPTIMAL_GAP else "feasible"),
                "area_ha": np.nan if found is None else found.area,
                "value": np.nan if found is None else found.value,
                "outline_m": np.nan if found is None else found.outline,
                "net_value": np.nan if found is None else found.net_value,
                "bound": np.nan if found is None else point.bound,
                "gap": gap,
                "zone_count": 0 if found is None else len(found.zones),
                "marginal_value": point.price,
                "is_study": point.is_study,
            }
        )
        number = np.full(len(index), -1, dtype=np.int64)
        if found is not None:
            worth = [weighed(point.problem, [zone]).net_value for zone in found.zones]
            for rank, z in enumerate(sorted(range(len(worth)), key=lambda z: (-worth[z], z)), 1):
                number[zones.found.order[found.zones[z]]] = rank
        members[name] = pd.Series(number, index=index, dtype="Int64").where(number > 0)
    table = pd.DataFrame(rows, index=pd.Index(names, name="point", dtype=object))
    membership = pd.DataFrame(members, index=index)
    return Frontier(table.astype(COLUMNS), membership, tuple(notes), zones.provenance, late)


def _gap(value: float, bound: float) -> float:
    """Return the gap; missing where nothing was found and something may be there."""
    return np.nan if value == 0.0 and bound > OPTIMAL_GAP else gap_of(value, bound)


def _empty(zones: Delineation, note: str) -> Frontier:
    table = pd.DataFrame(columns=list(COLUMNS), index=pd.Index([], name="point", dtype=object))
    membership = pd.DataFrame(index=zones.found.table.index)
    return Frontier(table.astype(COLUMNS), membership, (note,), zones.provenance)


def _require_sizes(
    budgets: Sequence[float] | None, weights: Sequence[float] | None, points: int, min_area: float
) -> None:
    faults = Faults(InputError)
    for name, given, least in (
        ("budgets_ha", budgets, max(min_area, SAME_HA)),
        ("boundary_weights", weights, 0.0),
    ):
        bad = [float(one) for one in (() if given is None else given)]
        bad = [one for one in bad if not (math.isfinite(one) and one >= least)]
        if bad:
            faults.add(
                f"{name} holds {bad[0]:g}",
                where="frontier",
                fix=f"give numbers from {least:g}",
                code="bad_limit",
            )
    if points < 1:
        faults.add(f"points is {points}", where="frontier", fix="give at least 1", code="bad_limit")
    faults.raise_if_any()
