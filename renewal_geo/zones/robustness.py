"""Robustness 稳健性: which parcels and zones stay chosen when the values are a little wrong."""

from __future__ import annotations

import dataclasses
import math
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from renewal_geo.foundation import progress
from renewal_geo.foundation.errors import Faults, InputError
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
        "zones": "每次从 {zones:,} 个已知片区中选出；其中 {new:,} 个是按 {searched} 次抽样的价值另行搜索得到的",
        "late": "时间内完成 {done} 次抽样，计划 {draws} 次",
        "unsought": "时间用完：{draws} 次抽样中有 {left} 次没有按其价值搜索完",
    },
    "en": {
        "none": "there are no zones to try",
        "law": "each draw multiplies every parcel's value by a lognormal factor of mean 1 and standard deviation "
        "{noise:.0%}, independently of its neighbours",
        "zones": "each draw chose from {zones:,} known zones; {new:,} of them were sought with the values of "
        "{searched} draws",
        "late": "{done} of {draws} draws were done in time",
        "unsought": "time is out: for {left} of {draws} draws the search for zones was cut short",
    },
}
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Robustness:
    """How often each parcel and zone is chosen when values are drawn with noise.

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
        How many were done, and the standard deviation of the factor.
    notes
        The law of the noise, how many zones the draws chose from, what was not reached in time.
    late
        Whether the clock ended it: fewer draws than asked for, or fewer zones sought.
    """

    table: pd.DataFrame
    zones: pd.DataFrame
    draws: int
    noise: float
    notes: tuple[str, ...]
    late: bool = False

    def __str__(self) -> str:
        if not len(self.zones):
            return "no zones to try"
        if not self.draws:
            return "no draw was done in time"
        chosen = self.table[self.table["is_chosen"]]
        core = int((chosen["class"] == "core").sum())
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
) -> Robustness:
    """Draw the values again and again and tell how often each parcel and zone is still chosen.

    Parameters
    ----------
    zones
        The study's answer.
    draws
        How many.
    noise
        Standard deviation of the factor on every parcel's value; its mean is 1.
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

    Returns
    -------
    Robustness
        Empty, with a note, where there are no zones.

    Raises
    ------
    InputError
        For a noise, number of draws, time or language that makes no sense.

    Notes
    -----
    For the first draws new zones are sought at the drawn values; then all draws choose from all zones
    known, the study's own among them. A frequency says what happens among these zones.
    """
    began = time.monotonic()
    _require(draws, noise)
    require_means("robustness", time_limit_s=time_limit_s, workers=workers, lang=lang)
    says = TEXTS[lang or zones.lang]
    if zones.status == "infeasible" or not len(zones.zones):
        return _empty(noise, says["none"])
    problem, answer = zones.found.problem, zones.answer
    own = weighed(problem, answer.zones)
    chosen = own.labels(problem.size) >= 0
    if noise == 0:  # without noise each draw is the study itself
        return _written(zones, chosen, chosen.astype(float), draws, noise, ())
    known = Repertoire(problem) if known is None else known
    known.add([*answer.zones, *answer.pool])
    factors = _factors(problem.size, draws, noise, seed)
    before = len(known)
    searched = 0
    until = began + SEARCH_SHARE * time_limit_s
    for k in range(min(SEARCHED_DRAWS, draws)):
        drawn = dataclasses.replace(problem, value=problem.value * factors[k])
        effort = Effort(PROPOSALS, seed + 7919 * k, until, workers)
        start = own if k % 2 else None
        met, whole = explore(drawn, price=answer.price, effort=effort, start=start)
        known.add(met)
        searched += whole
    count = np.zeros(problem.size)
    done = 0
    for k in range(draws):
        left = time_limit_s - (time.monotonic() - began)
        if left <= 0:
            break
        drawn = dataclasses.replace(problem, value=problem.value * factors[k])
        best = _best(drawn, known, own, answer.price, max(0.2, left / (draws - k)))
        if best is not None:
            count += best.labels(problem.size) >= 0
            done += 1
        progress.report("zones.robustness", done / draws)
    notes = [
        says["law"].format(noise=noise),
        says["zones"].format(zones=len(known), new=len(known) - before, searched=searched),
    ]
    if done < draws:
        notes.append(says["late"].format(done=done, draws=draws))
    unsought = min(SEARCHED_DRAWS, draws) - searched
    if unsought:
        notes.append(says["unsought"].format(left=unsought, draws=min(SEARCHED_DRAWS, draws)))
    late = done < draws or unsought > 0
    frequency = count / done if done else np.full(problem.size, np.nan)
    return _written(zones, chosen, frequency, done, noise, tuple(notes), late=late)


def _factors(size: int, draws: int, noise: float, seed: int) -> Floats:
    """Return (draws, size) factors; parcels come in the order of their position."""
    spread = math.sqrt(math.log1p(noise**2))
    normal = np.random.default_rng(seed).standard_normal((draws, size))
    return np.asarray(np.exp(spread * normal - spread**2 / 2), dtype=float)


def _best(
    drawn: Problem, known: Repertoire, own: Selection, price: float, seconds: float
) -> Selection | None:
    """Return the best zones of a draw; None where the clock left it open whether the study's are."""
    study = weighed(drawn, own.zones)
    best, closed = known.best(
        drawn, price=price, kept=own.zones, seconds=seconds, beat=study.net_value
    )
    if best is not None and keeps(drawn, best):
        return best
    return study if closed else None


def _written(
    zones: Delineation,
    chosen: NDArray[np.bool_],
    frequency: Floats,
    draws: int,
    noise: float,
    notes: tuple[str, ...],
    *,
    late: bool = False,
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
    return Robustness(table.astype(COLUMNS), by_zone, draws, noise, notes, late)


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


def _empty(noise: float, note: str) -> Robustness:
    table = pd.DataFrame(columns=list(COLUMNS), index=pd.Index([], name="parcel_id"))
    by_zone = pd.DataFrame(columns=list(ZONE_COLUMNS), index=pd.Index([], name="zone_id"))
    return Robustness(table.astype(COLUMNS), by_zone.astype(ZONE_COLUMNS), 0, noise, (note,))
