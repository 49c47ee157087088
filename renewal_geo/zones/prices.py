"""Shadow prices 影子价格: what it would buy if one limit gave way a little, or a barrier were crossed."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from renewal_geo.foundation import progress
from renewal_geo.foundation.errors import InputError
from renewal_geo.foundation.quantities import M2_PER_HA
from renewal_geo.zones.ceilings import Ceilings
from renewal_geo.zones.crossings import Crossing, crossings_of, with_links
from renewal_geo.zones.delineation import Delineation
from renewal_geo.zones.price_texts import NOTES, notes_of, sentence
from renewal_geo.zones.problem import Problem, reduce
from renewal_geo.zones.repertoire import (
    Effort,
    Repertoire,
    Selection,
    explore,
    keeps,
    merged,
    require_means,
    weighed,
)

STEP = 0.01  # of the budget
POINT = 0.01  # of a share
AREA_STEP = 0.10  # of the smallest and the largest zone
MOST_LOCKS = 24  # priced; the others are counted in the notes
PROPOSALS = 800  # per node and round
ROUNDS = 2
NOISE = 1e-12  # relative
BOUND_SHARE, PACK_SHARE = 0.45, 0.3  # of the time limit
COLUMNS: dict[str, Any] = {
    "kind": object,
    "name": object,
    "change": object,
    "step": float,
    "unit": object,
    "gain_found": float,
    "gain_at_most": float,
    "sentence_zh": object,
    "sentence_en": object,
}
BARRIER_COLUMNS: dict[str, Any] = {
    "kind": object,
    "focal": object,
    "neighbour": object,
    "frontage_m": float,
    "gap_m": float,
    "gain_found": float,
    "gain_at_most": float,
}


@dataclass(frozen=True, slots=True, eq=False)
class Prices:
    """What it would buy if a limit gave way, in the units of the study's value.

    Attributes
    ----------
    table
        By ``key``: ``kind`` (budget | share | max_area | min_area | lock_in | lock_out | barrier),
        ``name`` (of the share, the parcel, or the barrier and the pair), ``change, step, unit`` (ha | pp |
        parcel | link), ``gain_found`` (what zones really found are worth more; missing where none were
        sought), ``gain_at_most`` (proven; missing where unknown), ``sentence_zh, sentence_en``. No gain is
        below zero: what gave way may be left unused. Where the budget shrinks (step < 0) the two hold the
        loss: proven at least, and at most by the zones found.
    barriers
        The crossings among them by the same ``key``, dearest first: ``kind`` of the barrier, ``focal,
        neighbour``, ``frontage_m, gap_m``, the two gains; geometry is the line between the two parcels.
    notes
        What the figures start from, and what was not reached in time.
    late
        Whether the clock ended it.
    """

    table: pd.DataFrame
    barriers: gpd.GeoDataFrame
    notes: tuple[str, ...]
    late: bool = False

    def __str__(self) -> str:
        if not len(self.table):
            return "no prices: there are no zones, or no limits that could give way"
        gains = self.table[self.table["step"].ge(0) | self.table["kind"].ne("budget")]
        known = gains[gains["gain_found"].notna()].sort_values(
            "gain_found", ascending=False, kind="stable"
        )
        if not len(known):
            return f"{len(self.table)} limits bounded, none sought in time"
        return f"{len(self.table)} limits priced; the dearest found: {known['sentence_en'].iloc[0]}"


@dataclass(slots=True, eq=False)
class _Case:
    """One limit that gives way: the changed problem, and what is known of its value."""

    key: str
    kind: str
    name: str
    change: str
    step: float
    unit: str
    problem: Problem | None
    crossing: Crossing | None = None
    known: Repertoire | None = None
    bound: float = np.nan
    price: float = 0.0
    found: float = np.nan
    whole: bool = True  # neither the search for zones nor the choice among them was cut short


def prices(
    zones: Delineation,
    *,
    time_limit_s: float = 20.0,
    crossings: int = 12,
    workers: int = 2,
    lang: str | None = None,
    known: Repertoire | None = None,
) -> Prices:
    """Tell what it would buy if a limit gave way: found at least, and proven at most.

    Parameters
    ----------
    zones
        The study's answer.
    time_limit_s
        Wall-clock seconds.
    crossings
        How many places to bridge a barrier are tried: those with the highest quick bound.
    workers
        Threads.
    lang
        zh or en, of the notes; the delineation's own by default.
    known
        Zones met by other questions; those met here are added.

    Returns
    -------
    Prices
        Empty, with a note, where there are no zones.

    Raises
    ------
    InputError
        For a time, a number of crossings or a language that makes no sense.

    Notes
    -----
    Each changed problem is bounded by replaying the proof on it, then sought by packing the known zones
    anew and varying them. What the same search gains without any change is taken off `gain_found`.
    """
    began = time.monotonic()
    require_means("prices", time_limit_s=time_limit_s, workers=workers, lang=lang)
    if crossings < 0:
        raise InputError(
            f"crossings is {crossings}", where="prices", fix="give zero or more", code="bad_limit"
        )
    if zones.status == "infeasible" or not len(zones.zones):
        return _empty(zones, lang)
    problem, answer = zones.found.problem, zones.answer
    objective = float(zones.objective or 0.0)
    own = weighed(problem, answer.zones)
    known = Repertoire(problem) if known is None else known
    known.add([*answer.zones, *answer.pool])
    ceilings = Ceilings(answer)
    until = began + BOUND_SHARE * time_limit_s
    cases = [*_limits(problem, zones.terms.min_share), *_locks(zones)]
    for case in cases:
        if case.problem is not None:
            case.bound, case.price = ceilings.of(case.problem, deadline=until)
    _settle(cases, zones.bound)
    places = crossings_of(zones)
    tried, unsifted = _crossing_cases(zones, places, ceilings, crossings, until)
    cases += tried
    _seek(cases, own, known, zones, (began, time_limit_s), workers)
    room = max(0.1, began + time_limit_s - time.monotonic())
    base, closed = known.best(
        problem, price=answer.price, kept=own.zones, seconds=room, beat=objective
    )
    plain = objective
    if base is not None and keeps(problem, base):
        plain = max(plain, base.net_value)
    rows = {case.key: _row(case, objective, plain, zones.bound) for case in cases}
    table = pd.DataFrame.from_dict(rows, orient="index", columns=list(COLUMNS))
    table = table.rename_axis("key").astype(COLUMNS)
    barriers = _barriers(cases, table, zones)
    late = unsifted > 0 or ceilings.late or not closed or not all(case.whole for case in cases)
    locks = (len(set(zones.terms.lock_out)) + int(problem.locked.sum()), MOST_LOCKS)
    notes = notes_of(
        lang or zones.lang,
        objective=objective,
        plain=plain,
        bound=zones.bound,
        price=answer.price if problem.budget is not None else None,
        untried=sum(not case.whole and np.isnan(case.found) for case in cases),
        places=(len(places), len(tried), unsifted) if zones.found.links.derived else None,
        locks=locks,
        late=late,
    )
    return Prices(table, barriers, notes, late)


# ---- what may give way -------------------------------------------------------------------------


def _limits(problem: Problem, shares: Mapping[str, float]) -> Iterator[_Case]:
    if problem.budget is not None:
        step = STEP * problem.budget
        for key, sign in (("budget_up", 1.0), ("budget_down", -1.0)):
            changed = dataclasses.replace(problem, budget=problem.budget + sign * step)
            yield _Case(key, "budget", "", f"{sign * step:+.2f} ha", sign * step, "ha", changed)
    for k, name in enumerate(problem.share_names):
        point = min(POINT, shares[name])
        if point <= 0:
            continue
        slack = problem.slack.copy()
        slack[k] += point * problem.area
        changed = dataclasses.replace(problem, slack=slack)
        yield _Case(
            f"share_{name}", "share", name, f"{-100 * point:g} pp", -100 * point, "pp", changed
        )
    if problem.max_area is not None:
        step = AREA_STEP * problem.max_area
        changed = dataclasses.replace(problem, max_area=problem.max_area + step)
        yield _Case("max_area", "max_area", "", f"+{step:.2f} ha", step, "ha", changed)
    if problem.min_area > 0:
        step = AREA_STEP * problem.min_area
        changed = dataclasses.replace(problem, min_area=problem.min_area - step)
        yield _Case("min_area", "min_area", "", f"-{step:.2f} ha", -step, "ha", changed)


def _locks(zones: Delineation) -> Iterator[_Case]:
    problem, table = zones.found.problem, zones.found.table
    ids = table.index[zones.found.order].astype(str)
    inside = np.flatnonzero(problem.locked)[:MOST_LOCKS]
    for parcel in inside:
        locked = problem.locked.copy()
        locked[parcel] = False
        changed = dataclasses.replace(problem, locked=locked)
        key = f"lock_in_{ids[parcel]}"
        yield _Case(key, "lock_in", str(ids[parcel]), "unlock", 1.0, "parcel", changed)
    for name in sorted(set(zones.terms.lock_out))[: MOST_LOCKS - len(inside)]:
        key = f"lock_out_{name}"
        let_in = _with_parcel(zones, name)
        case = _Case(key, "lock_out", name, "unlock", 1.0, "parcel", let_in)
        row = _judged(zones, name)
        if let_in is None and not _could_be_member(row):
            case.found = 0.0  # something else keeps it out anyway
        yield case


def _judged(zones: Delineation, name: str) -> dict[str, Any]:
    """Return what is known of one parcel."""
    return dict(zones.found.table.loc[[name]].iloc[0])


def _could_be_member(row: Mapping[str, Any]) -> bool:
    """Return whether nothing but a lock keeps a parcel out."""
    return bool(
        (row["in_pool"] or row["is_filler"])
        and row["is_valid"]
        and not row["is_ground"]
        and not row["excluded"]
    )


def _settle(cases: Sequence[_Case], bound: float | None) -> None:
    """Less budget allows nothing that the study does not: its bound holds there too."""
    for case in cases:
        if bound is not None and case.kind == "budget" and case.step < 0:
            case.bound = min(case.bound, bound)


def _with_parcel(zones: Delineation, name: str) -> Problem | None:
    """Return the problem with a locked-out parcel let in; None where something else keeps it out."""
    found = zones.found
    table, problem = found.table, found.problem
    row = _judged(zones, name)
    shares = [float(row.get(f"share_{k}", np.nan)) for k in problem.share_names]
    least = [zones.terms.min_share[k] for k in problem.share_names]
    known = math.isfinite(row["value"]) and all(0 <= share <= 1 for share in shares)
    if not _could_be_member(row) or zones.terms.keep_together or not known:
        return None
    number = pd.Series(np.arange(problem.size), index=table.index[found.order].astype(str))
    linked = found.links.links
    linked = linked[(linked["focal"] == name) | (linked["neighbour"] == name)]
    other = linked["focal"].where(linked["focal"] != name, linked["neighbour"])
    near = other.isin(number.index)
    beside = number[other[near]].to_numpy()
    frontage = linked.loc[near, "frontage_m"].to_numpy(dtype=float)
    area = float(row["area_m2"]) / M2_PER_HA
    own = problem.own.copy()
    np.subtract.at(own, beside, frontage)  # it was a border with a stranger
    alone = found.links.own_boundary_m.loc[[name]].to_numpy(dtype=float)[0]
    border = float(alone + linked["frontage_m"].to_numpy(dtype=float)[~near.to_numpy()].sum())
    slack = np.array([[area * (s - t)] for s, t in zip(shares, least, strict=True)])
    pairs = np.stack([beside, np.full(len(beside), problem.size)], axis=1).astype(np.int64)
    ends = np.concatenate([problem.pairs, pairs.reshape(-1, 2)])
    turn = np.lexsort((ends[:, 1], ends[:, 0]))
    return dataclasses.replace(
        problem,
        area=np.append(problem.area, area),
        value=np.append(problem.value, float(row["value_total"])),
        own=np.append(np.maximum(own, 0.0), border),
        pairs=ends[turn],
        frontage=np.concatenate([problem.frontage, frontage])[turn],
        slack=np.concatenate([problem.slack, slack.reshape(len(shares), 1)], axis=1),
        locked=np.append(problem.locked, False),
        group=np.append(problem.group, -1),
    )


def _crossing_cases(
    zones: Delineation,
    places: Sequence[Crossing],
    ceilings: Ceilings,
    most: int,
    until: float,
) -> tuple[list[_Case], int]:
    """Sift the places by a quick bound; return cases of the best, and how many were not sifted in time."""
    problem = zones.found.problem
    ids = zones.found.table.index[zones.found.order]
    free = zones.found.links.own_boundary_m.reindex(ids).to_numpy(dtype=float)
    sifted: list[tuple[float, int, float, Problem]] = []
    if not most:
        return [], 0
    # the widest faces first, should the clock not leave time for all
    order = sorted(range(len(places)), key=lambda k: -float(places[k].frontage.sum()))
    for k in order:
        if time.monotonic() > until and sifted:
            break
        changed = with_links(problem, places[k].pairs, places[k].frontage, free)
        bound, price = ceilings.of(changed, deadline=until, quick=True)
        sifted.append((bound, k, price, changed))
    sifted.sort(key=lambda one: (-one[0], one[1]))
    cases = []
    for number, (bound, k, price, changed) in enumerate(sifted[:most], 1):
        place = places[k]
        case = _Case(
            f"barrier_{number:02d}",
            "barrier",
            f"{place.barrier}: {place.focal} - {place.neighbour}",
            f"+{len(place.pairs)} links",
            float(len(place.pairs)),
            "link",
            changed,
            place,
        )
        case.bound, case.price = bound, price
        cases.append(case)
    return cases, len(places) - len(sifted)


# ---- what it buys --------------------------------------------------------------------------------


def _seek(
    cases: Sequence[_Case],
    own: Selection,
    known: Repertoire,
    zones: Delineation,
    clock: tuple[float, float],
    workers: int,
) -> None:
    """Look for zones that use what gave way: vary the study's, then pack all that is known."""
    began, limit = clock
    deadline = began + limit
    last = deadline - PACK_SHARE * limit
    seed = zones.terms.seed
    able = [(case, case.problem) for case in cases if case.problem is not None]
    for number in range(ROUNDS):
        for case, problem in able:
            around = _around(case, problem)
            effort = Effort(PROPOSALS, seed + 7919 * number, last, workers)
            start = own if number % 2 == 0 else None
            met, done = explore(
                problem, price=case.price, effort=effort, start=start, components=around
            )
            case.whole &= done
            if around is None:
                known.add(met)
            else:
                case.known = case.known or Repertoire(problem)
                case.known.add(met)
                known.add(zone for zone in met if _stands(zone, case, known.problem))
        progress.report("zones.prices", (number + 1) / ROUNDS)
    for number, (case, problem) in enumerate(able):
        room = (deadline - time.monotonic()) / (len(able) - number)
        if room > 0:
            _decide(case, problem, own, known, room)
        else:
            case.whole = False


def _around(case: _Case, problem: Problem) -> np.ndarray | None:
    """Return the components that a change concerns: a crossing joins two, a lock sits in one."""
    reduced = reduce(problem)
    if case.crossing is not None:
        return np.unique(reduced.component[reduced.node_of[case.crossing.pairs.ravel()]])
    if case.kind == "lock_out":
        return reduced.component[reduced.node_of[[problem.size - 1]]]
    return None


def _stands(zone: np.ndarray, case: _Case, problem: Problem) -> bool:
    """Return whether a zone is one without what was added: no new parcel, no new link inside."""
    if zone[-1] >= problem.size:
        return False
    return case.crossing is None or not np.isin(case.crossing.pairs, zone).all(axis=1).any()


def _decide(
    case: _Case, problem: Problem, own: Selection, known: Repertoire, seconds: float
) -> None:
    repertoire = known
    if case.kind in {"barrier", "lock_out"}:  # other links or parcels, so other outlines
        repertoire = Repertoire(problem, known.zones)
        repertoire.add(case.known.zones if case.known else ())
    # a larger limit may ask zones that touch to be one
    study = weighed(problem, merged(problem, own.zones))
    beat = study.net_value if keeps(problem, study) else None
    best, closed = repertoire.best(
        problem, price=case.price, kept=own.zones, seconds=seconds, beat=beat
    )
    if best is not None and keeps(problem, best):
        case.found = best.net_value
    elif beat is not None and closed:
        case.found = beat
    case.whole &= closed


def _gain(found: float, plain: float) -> float:
    """Return what zones are worth more; the same zones summed in another order are no gain."""
    gain = found - plain
    return gain if gain > NOISE * max(abs(plain), 1.0) else 0.0


def _row(case: _Case, objective: float, plain: float, bound: float | None) -> dict[str, object]:
    """Return one row; where the budget shrinks the two figures are the loss, at least and at most."""
    if case.kind == "budget" and case.step < 0:
        least = max(0.0, objective - case.bound)
        most = np.nan if np.isnan(case.found) else max(objective - case.found, least)
    elif case.problem is None:
        least = most = case.found  # nothing to gain, or not known
    else:
        most = max(case.bound - objective, 0.0)
        least = np.nan if np.isnan(case.found) else min(_gain(case.found, plain), most)
        if case.whole and np.isnan(case.found):
            least = 0.0  # nothing keeps the limits that are new, so they are left unused
    already = max((objective if bound is None else bound) - objective, 0.0)
    names = {"name": case.name}
    if case.crossing is not None:
        place = case.crossing
        names = {"barrier": place.barrier, "focal": place.focal, "neighbour": place.neighbour}
    said = {
        f"sentence_{lang}": sentence(lang, case.kind, case.step, least, most, already, **names)
        for lang in ("zh", "en")
    }
    return {
        "kind": case.kind,
        "name": case.name,
        "change": case.change,
        "step": case.step,
        "unit": case.unit,
        "gain_found": least,
        "gain_at_most": most,
        **said,
    }


def _barriers(cases: Sequence[_Case], table: pd.DataFrame, zones: Delineation) -> gpd.GeoDataFrame:
    rows, lines, keys = [], [], []
    for case in cases:
        if case.crossing is None:
            continue
        place = case.crossing
        rows.append(
            {
                "kind": place.barrier,
                "focal": place.focal,
                "neighbour": place.neighbour,
                "frontage_m": float(place.frontage.sum()),
                "gap_m": place.gap_m,
                "gain_found": table.loc[case.key, "gain_found"],
                "gain_at_most": table.loc[case.key, "gain_at_most"],
            }
        )
        lines.append(place.line)
        keys.append(case.key)
    body = pd.DataFrame(
        rows, columns=list(BARRIER_COLUMNS), index=pd.Index(keys, name="key", dtype=object)
    )
    made = gpd.GeoDataFrame(
        body.astype(BARRIER_COLUMNS), geometry=lines, crs=zones.found.parcels.crs
    )
    return made.sort_values(["gain_found", "gain_at_most"], ascending=False, kind="stable")


def _empty(zones: Delineation, lang: str | None) -> Prices:
    table = pd.DataFrame(columns=list(COLUMNS), index=pd.Index([], name="key", dtype=object))
    barriers = _barriers([], table, zones)
    return Prices(table.astype(COLUMNS), barriers, (NOTES[lang or zones.lang]["none"],))
