"""Robustness 稳健性: which parcels and zones stay chosen when values err, or criteria weigh otherwise."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from renewal_geo.foundation import progress
from renewal_geo.foundation.errors import Faults, InputError, some_ids
from renewal_geo.zones.delineation import Delineation
from renewal_geo.zones.problem import Problem
from renewal_geo.zones.repertoire import (
    Effort,
    Repertoire,
    Selection,
    explore,
    keeps,
    require_means,
    weighed,
)

CORE, LIKELY = 0.9, 0.5
SEARCHED_DRAWS = 12  # draws for which new zones are sought before any is decided
SEARCH_SHARE = 0.4  # of the time limit
PROPOSALS = 400  # per node
LOWER_PRICE = 0.9  # at which zones are sought for a weighting: larger ones, of which the choice takes what fits
NOISE, WEIGHTINGS = "noise", "weightings"
COLUMNS: dict[str, Any] = {"frequency": float, "is_chosen": bool, "class": object}
ZONE_COLUMNS: dict[str, Any] = {
    "mean_frequency": float,
    "least_frequency": float,
    "core_share": float,
}
TEXTS = {
    "zh": {
        "none": "没有片区，无从检验",
        "law": "每次抽样把各地块的价值乘以均值 1、标准差 {noise:.0%} 的对数正态随机数，地块之间相互独立（无空间相关）",
        "weightings": "共 {draws} 组评价因子权重，每次抽样取一组，各地块的价值都按该组权重计算",
        "zones": "每次从 {zones:,} 个已知片区中选出；其中 {new:,} 个是按 {searched} 次抽样的价值另行搜索得到的",
        "late": "时间内完成 {done} 次抽样，计划 {draws} 次",
        "unsought": "时间用完：{draws} 次抽样中有 {left} 次没有按其价值搜索完",
    },
    "en": {
        "none": "there are no zones to try",
        "law": "each draw multiplies every parcel's value by a lognormal factor of mean 1 and standard deviation "
        "{noise:.0%}, independently of its neighbours",
        "weightings": "under {draws} weightings of the criteria: each draw takes every parcel's value under one of "
        "them, the same for all parcels",
        "zones": "each draw chose from {zones:,} known zones; {new:,} of them were sought with the values of "
        "{searched} draws",
        "late": "{done} of {draws} draws were done in time",
        "unsought": "time is out: for {left} of {draws} draws the search for zones was cut short",
    },
}
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Robustness:
    """How often each parcel and zone is chosen when values are drawn.

    Attributes
    ----------
    table
        By parcel_id, eligible parcels: ``frequency`` (share of the draws in which it is chosen),
        ``is_chosen`` (in the study's answer), ``class``: core (from 0.9) | likely (from 0.5) | possible
        (above 0) | never.
    zones
        By zone_id: ``mean_frequency`` (weighted by area) and ``least_frequency`` of its members,
        ``core_share`` (share of its area that is core).
    draws, noise
        How many were done, and the standard deviation of the factor (0 for weightings).
    notes
        The law of the draws, how many zones the draws chose from, what was not reached in time.
    late
        Whether the clock ended it: fewer draws than asked for, or fewer zones sought.
    law
        ``noise``: every parcel's value errs by itself; ``weightings``: each draw is one weighting of the
        criteria, for all parcels.
    """

    table: pd.DataFrame
    zones: pd.DataFrame
    draws: int
    noise: float
    notes: tuple[str, ...]
    late: bool = False
    law: str = NOISE

    def __str__(self) -> str:
        if not len(self.zones):
            return "no zones to try"
        if not self.draws:
            return "no draw was done in time"
        chosen = self.table[self.table["is_chosen"]]
        core = int((chosen["class"] == "core").sum())
        if self.law == WEIGHTINGS:
            return (
                f"under {self.draws} weightings of the criteria, {core:,} of {len(chosen):,} chosen parcels stay "
                "chosen in at least 9 of 10"
            )
        return (
            f"with values {100 * self.noise:.0f} % uncertain, {core:,} of {len(chosen):,} chosen parcels stay "
            f"chosen in at least 9 of 10 of {self.draws} draws"
        )


def robustness(
    zones: Delineation,
    *,
    draws: int = 30,
    noise: float = 0.10,
    seed: int = 0,
    time_limit_s: float = 20.0,
    workers: int = 2,
    lang: str | None = None,
    known: Repertoire | None = None,
    values: pd.DataFrame | None = None,
) -> Robustness:
    """Draw the values again and again and tell how often each parcel and zone is still chosen.

    Parameters
    ----------
    zones
        The study's answer.
    draws
        How many; with `values` every column is one, and this does not count.
    noise
        Standard deviation of the factor on every parcel's value; its mean is 1. Not used with `values`.
    seed
        Of the draws.
    time_limit_s
        Wall-clock seconds; what is done by then counts.
    workers
        Threads.
    lang
        zh or en, of the notes; the delineation's own by default.
    known
        Zones met by other questions; those met here are added.
    values
        By parcel_id, one column per weighting of the criteria: the value per hectare of every parcel under
        it. Candidates need finite numbers; others, and parcels of no delineation, are not looked at.

    Returns
    -------
    Robustness
        Empty, with a note, where there are no zones.

    Raises
    ------
    InputError
        For a noise, number of draws, time or language that makes no sense; for `values` that repeat or lack
        parcels or hold no finite number (``duplicate_id, other_parcels, missing_value, not_a_number,
        bad_limit``).

    Notes
    -----
    For the first draws new zones are sought at the drawn values; then all draws choose from all zones
    known, the study's own among them. A frequency says what happens among these zones. Which parcels are
    candidates does not change, whatever a draw says they are worth.
    """
    began = time.monotonic()
    _require(draws, noise)
    require_means("robustness", time_limit_s=time_limit_s, workers=workers, lang=lang)
    given = None if values is None else value_draws(zones, values)
    law, noise = (NOISE, noise) if given is None else (WEIGHTINGS, 0.0)
    says = TEXTS[lang or zones.lang]
    if zones.status == "infeasible" or not len(zones.zones):
        return _empty(noise, says["none"], law)
    problem, answer = zones.found.problem, zones.answer
    own = weighed(problem, answer.zones)
    chosen = own.labels(problem.size) >= 0
    if given is None and noise == 0:  # without noise each draw is the study itself
        return _written(zones, chosen, chosen.astype(float), draws, noise, ())
    known = Repertoire(problem) if known is None else known
    known.add([*answer.zones, *answer.pool])
    if given is None:
        given = problem.value * _factors(problem.size, draws, noise, seed)
    draws = len(given)
    drawn = [dataclasses.replace(problem, value=row) for row in given]
    prices = [answer.price if law == NOISE else _price(problem, one, answer.price) for one in drawn]
    before = len(known)
    lower = 1.0 if law == NOISE else LOWER_PRICE
    effort = Effort(PROPOSALS, seed, began + SEARCH_SHARE * time_limit_s, workers)
    searched = _seek(known, own, drawn, [lower * price for price in prices], effort)
    best = _choose(known, own, drawn, prices, began + time_limit_s)
    count = sum((one.labels(problem.size) >= 0 for one in best), np.zeros(problem.size))
    done = len(best)
    notes = [
        says["law" if law == NOISE else law].format(noise=noise, draws=draws),
        says["zones"].format(zones=len(known), new=len(known) - before, searched=searched),
    ]
    if done < draws:
        notes.append(says["late"].format(done=done, draws=draws))
    unsought = min(SEARCHED_DRAWS, draws) - searched
    if unsought:
        notes.append(says["unsought"].format(left=unsought, draws=min(SEARCHED_DRAWS, draws)))
    late = done < draws or unsought > 0
    frequency = count / done if done else np.full(problem.size, np.nan)
    return _written(zones, chosen, frequency, done, noise, tuple(notes), late=late, law=law)


def _seek(
    known: Repertoire,
    own: Selection,
    drawn: Sequence[Problem],
    prices: Sequence[float],
    effort: Effort,
) -> int:
    """Take in zones that the first draws want; return for how many draws the search was whole."""
    searched = 0
    for k in range(min(SEARCHED_DRAWS, len(drawn))):
        each = dataclasses.replace(effort, seed=effort.seed + 7919 * k)
        met, whole = explore(drawn[k], price=prices[k], effort=each, start=own if k % 2 else None)
        known.add(met)
        searched += whole
    return searched


def _choose(
    known: Repertoire,
    own: Selection,
    drawn: Sequence[Problem],
    prices: Sequence[float],
    deadline: float,
) -> list[Selection]:
    """Return the best zones of every draw that was settled in time."""
    # what other draws chose is to be beaten, and often the answer; so is no zone at all, where that is allowed
    none = weighed(drawn[0], ())
    rivals = {_key(one): one for one in (own, none) if one is own or keeps(drawn[0], one)}
    chosen = []
    for k, (problem, price) in enumerate(zip(drawn, prices, strict=True)):
        left = deadline - time.monotonic()
        if left <= 0:
            break
        best = _best(problem, known, [*rivals.values()], price, max(0.2, left / (len(drawn) - k)))
        if best is not None:
            rivals.setdefault(_key(best), best)
            chosen.append(best)
        progress.report("zones.robustness", (k + 1) / len(drawn))
    return chosen


def value_draws(zones: Delineation, values: pd.DataFrame) -> Floats:
    """Return (draws, size) values of whole parcels, in the problem's order."""
    where = "robustness values"
    if not values.shape[1]:
        raise InputError(
            "there is no draw", where=where, fix="give a column per weighting", code="bad_limit"
        )
    twice = values.index[values.index.duplicated()].unique()
    if len(twice):
        raise InputError(
            f"{len(twice)} parcel ids occur more than once",
            where=f"{where}, parcels {some_ids(twice)}",
            fix="give one row per parcel",
            code="duplicate_id",
        )
    lacking = zones.parcels.index.difference(values.index, sort=False)
    if len(lacking):
        raise InputError(
            f"{len(lacking)} parcels of the delineation are not in the values",
            where=f"{where}, parcels {some_ids(lacking)}",
            fix="give the values of all parcels, by parcel_id",
            code="other_parcels",
        )
    texts = [str(n) for n, kind in values.dtypes.items() if not pd.api.types.is_numeric_dtype(kind)]
    if texts:
        raise InputError(
            f"{len(texts)} draws hold texts, not numbers",
            where=f"{where}, columns {some_ids(texts)}",
            fix="give numbers per hectare",
            code="not_a_number",
        )
    found = zones.found
    rows = values.reindex(found.table.index[found.order])
    numbers = rows.to_numpy(dtype=float, na_value=np.nan)
    bad = ~np.isfinite(numbers).all(axis=1)
    if bad.any():
        raise InputError(
            f"{int(bad.sum())} candidate parcels have no value in some draw",
            where=f"{where}, parcels {some_ids(rows.index[bad])}",
            fix="give every candidate a finite number in every draw",
            code="missing_value",
        )
    return np.asarray(numbers.T * found.problem.area, dtype=float)


def _price(study: Problem, drawn: Problem, price: float) -> float:
    """Return what a hectare of budget is worth in a draw, which may lift or lower all values at once.

    The price of the study moves by as much as the value of the last hectare, when parcels are taken by
    falling value until the budget is spent.
    """
    if study.budget is None or price <= 0:
        return price
    last = []
    for one in (study, drawn):
        each = one.value / one.area
        falling = np.argsort(-each, kind="stable")
        at = np.searchsorted(np.cumsum(one.area[falling]), study.budget)
        last.append(float(each[falling[min(int(at), one.size - 1)]]))
    return max(0.0, price + last[1] - last[0])


def _factors(size: int, draws: int, noise: float, seed: int) -> Floats:
    """Return (draws, size) factors; parcels come in the order of their position."""
    spread = math.sqrt(math.log1p(noise**2))
    normal = np.random.default_rng(seed).standard_normal((draws, size))
    return np.asarray(np.exp(spread * normal - spread**2 / 2), dtype=float)


def _key(selection: Selection) -> tuple[bytes, ...]:
    return tuple(zone.tobytes() for zone in selection.zones)


def _best(
    drawn: Problem, known: Repertoire, met: Sequence[Selection], price: float, seconds: float
) -> Selection | None:
    """Return the best zones of a draw; None where the clock left it open whether those met before are."""
    held = max((weighed(drawn, one.zones) for one in met), key=lambda one: one.net_value)
    best, closed = known.best(
        drawn, price=price, kept=met[0].zones, seconds=seconds, beat=held.net_value
    )
    # a search that the clock cut short may return less than it was to beat
    if best is not None and best.net_value > held.net_value and keeps(drawn, best):
        return best
    return held if closed else None


def _written(
    zones: Delineation,
    chosen: NDArray[np.bool_],
    frequency: Floats,
    draws: int,
    noise: float,
    notes: tuple[str, ...],
    *,
    late: bool = False,
    law: str = NOISE,
) -> Robustness:
    found = zones.found
    ids = found.table.index[found.order]
    table = pd.DataFrame({"frequency": frequency, "is_chosen": chosen}, index=ids)
    table["class"] = np.select(
        [frequency >= CORE - 1e-12, frequency >= LIKELY - 1e-12, frequency > 0, frequency == 0],
        ["core", "likely", "possible", "never"],
        "",
    )
    area = found.problem.area
    rows = {}
    of_zone = zones.membership.iloc[found.order].to_numpy()
    for name in zones.zones.index:
        inside = of_zone == name
        weight = area[inside] / area[inside].sum()
        rows[name] = (
            float(weight @ frequency[inside]),
            float(frequency[inside].min()),
            float(weight[frequency[inside] >= CORE - 1e-12].sum()),
        )
    by_zone = pd.DataFrame.from_dict(rows, orient="index", columns=list(ZONE_COLUMNS))
    by_zone = by_zone.rename_axis("zone_id").astype(ZONE_COLUMNS)
    return Robustness(table.astype(COLUMNS), by_zone, draws, noise, notes, late, law)


def _require(draws: int, noise: float) -> None:
    faults = Faults(InputError)
    if not (draws >= 1 and float(draws).is_integer()):
        faults.add(
            f"draws is {draws}",
            where="robustness",
            fix="give a whole number from 1",
            code="bad_limit",
        )
    if not (math.isfinite(noise) and noise >= 0):
        faults.add(
            f"noise is {noise}", where="robustness", fix="give zero or more", code="bad_limit"
        )
    faults.raise_if_any()


def _empty(noise: float, note: str, law: str) -> Robustness:
    table = pd.DataFrame(columns=list(COLUMNS), index=pd.Index([], name="parcel_id"))
    by_zone = pd.DataFrame(columns=list(ZONE_COLUMNS), index=pd.Index([], name="zone_id"))
    return Robustness(
        table.astype(COLUMNS), by_zone.astype(ZONE_COLUMNS), 0, noise, (note,), law=law
    )
