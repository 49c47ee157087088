"""Phases 实施时序: which of the zones first, so that value comes as early as the budget allows."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from renewal_geo.foundation.errors import InputError
from renewal_geo.foundation.quantities import M2_PER_HA
from renewal_geo.solvers.phasing import first_phases
from renewal_geo.zones.ceilings import Ceilings
from renewal_geo.zones.delineation import Delineation
from renewal_geo.zones.repertoire import require_means
from renewal_geo.zones.search import gap_of

TOLERANCE_HA = 1e-6
COLUMNS: dict[str, Any] = {
    "budget_ha": float,
    "zone_count": "int64",
    "area_ha": float,
    "cumulative_area_ha": float,
    "net_value": float,
    "cumulative_net_value": float,
    "bound": float,
    "gap": float,
}
TEXTS = {
    "zh": {
        "none": "没有片区，无法分期",
        "even": "未给各期预算：把 {total:,.2f} ha 平均分为 {count} 期",
        "raised": "各期预算合计 {given:,.2f} ha，小于全部片区的 {needed:,.2f} ha；末期加到 {last:,.2f} ha",
        "idle": "第 {phases} 期放不下任何一个完整片区，余额转入下一期",
        "open": "时限内未证明这是最早见效的分期",
    },
    "en": {
        "none": "there are no zones to phase",
        "even": "no budgets were given: {total:,.2f} ha are spread evenly over {count} phases",
        "raised": "the budgets add to {given:,.2f} ha, less than the {needed:,.2f} ha of all zones; the last "
        "one is raised to {last:,.2f} ha",
        "idle": "phase {phases} has no room for a whole zone; what it leaves goes to the next",
        "open": "not proven in time that value cannot come earlier",
    },
}


@dataclass(frozen=True, slots=True, eq=False)
class Phases:
    """The zones in the order in which to begin them; what a phase takes stays in all later ones.

    Attributes
    ----------
    table
        By ``phase``, 1 first: ``budget_ha`` (of this phase alone; what it leaves goes to the next),
        ``zone_count, area_ha, net_value`` (of this phase), ``cumulative_area_ha,
        cumulative_net_value``, ``bound`` (no zones that keep the study's limits are worth more within the
        budgets so far; what is locked in and how many zones there must be counts at the end only),
        ``gap`` of the cumulated value to it (missing where that is nothing).
    zones
        zone_id -> phase.
    membership
        parcel_id -> phase, missing where in no zone.
    notes
        What was assumed.
    """

    table: pd.DataFrame
    zones: pd.Series
    membership: pd.Series
    notes: tuple[str, ...]

    def __str__(self) -> str:
        if not len(self.table):
            return "no phases: there are no zones"
        steps = ", ".join(
            f"{row.zone_count} zones of {row.area_ha:,.2f} ha" for row in self.table.itertuples()
        )
        first = self.table.iloc[0]
        total = self.table["cumulative_net_value"].iloc[-1]
        part = first["net_value"] / total if total else 0.0
        return f"{len(self.table)} phases: {steps}; the first brings {100 * part:,.1f} % of the net value"


def phases(
    zones: Delineation,
    budgets_ha: Sequence[float] | None = None,
    *,
    count: int = 3,
    lang: str | None = None,
) -> Phases:
    """Order the zones into nested phases, so that their net value comes as early as possible.

    Parameters
    ----------
    zones
        The study's answer; its whole zones are the units.
    budgets_ha
        Hectares of each phase alone; by default the study's budget (else the zones' area) in `count` even
        parts. What a phase leaves goes to the next. The last phase takes all that is left.
    count
        Number of phases where no budgets are given.
    lang
        zh or en, of the notes; the delineation's own by default.

    Returns
    -------
    Phases
        Chosen jointly: the sum over the phases of the value so far is the largest possible.

    Raises
    ------
    InputError
        For budgets that are no sizes, and a language that there is not.
    """
    require_means("phases", lang=lang)
    says = TEXTS[lang or zones.lang]
    given = None if budgets_ha is None else [float(one) for one in budgets_ha]
    if count < 1 or (given is not None and (not given or not all(_is_size(b) for b in given))):
        raise InputError(
            f"the budgets of the phases are {given}" if given is not None else f"count is {count}",
            where="phases",
            fix="give at least one phase, each with hectares, zero or more",
            code="bad_limit",
        )
    if zones.status == "infeasible" or not len(zones.zones):
        return _empty(zones, says["none"])
    areas = zones.zones["area_m2"].to_numpy(dtype=float) / M2_PER_HA
    values = zones.zones["net_value"].to_numpy(dtype=float)
    budgets, notes = _budgets(zones, float(areas.sum()), given, count, says)
    limits = np.cumsum(budgets)
    number, closed = first_phases(values, areas, limits)
    if not closed:
        notes.append(says["open"])
    idle = [str(t + 1) for t in range(len(budgets)) if not (number == t).any()]
    if idle:
        notes.append(says["idle"].format(phases=("、" if says is TEXTS["zh"] else ", ").join(idle)))
    by_phase = pd.DataFrame({"zone_count": 1, "area_ha": areas, "net_value": values}).groupby(
        number
    )
    table = by_phase.sum().reindex(range(len(budgets)), fill_value=0).reset_index(drop=True)
    table["budget_ha"] = budgets
    table["cumulative_area_ha"] = table["area_ha"].cumsum()
    table["cumulative_net_value"] = table["net_value"].cumsum()
    reached = table["cumulative_net_value"].to_numpy()
    table["bound"] = _bounds(zones, limits, reached)
    table["gap"] = [
        np.nan if value == 0 < bound else gap_of(value, bound)
        for value, bound in zip(reached, table["bound"], strict=True)
    ]
    table.index = pd.RangeIndex(1, len(budgets) + 1, name="phase")
    of_zone = pd.Series(number + 1, index=zones.zones.index, name="phase", dtype="Int64")
    membership = zones.membership.map(of_zone).astype("Int64").rename("phase")
    return Phases(table[list(COLUMNS)].astype(COLUMNS), of_zone, membership, tuple(notes))


def _is_size(budget: float) -> bool:
    return bool(np.isfinite(budget) and budget >= 0)


def _budgets(
    zones: Delineation, needed: float, given: list[float] | None, count: int, says: dict[str, str]
) -> tuple[np.ndarray, list[str]]:
    if given is None:
        total = max(zones.terms.area_budget_ha or 0.0, needed)
        return np.full(count, total / count), [says["even"].format(total=total, count=count)]
    budgets, notes = np.array(given), []
    short = needed - budgets.sum()
    if short > TOLERANCE_HA:
        budgets[-1] += short
        notes.append(
            says["raised"].format(given=needed - short, needed=needed, last=float(budgets[-1]))
        )
    return budgets, notes


def _bounds(zones: Delineation, limits: np.ndarray, reached: np.ndarray) -> np.ndarray:
    """Bound what any zones could be worth within each cumulated budget; locks need not come first."""
    problem = zones.found.problem
    free = dataclasses.replace(problem, locked=np.zeros_like(problem.locked), min_zones=None)
    # with locks the best zones may be worth less than without, so the study's own bound says nothing then
    own = zones.bound if not problem.locked.any() and not problem.min_zones else None
    most = np.inf if problem.budget is None else problem.budget + TOLERANCE_HA
    ceilings = Ceilings(zones.answer)
    found = np.empty(len(limits))
    price = None
    for t in range(len(limits) - 1, -1, -1):
        changed = dataclasses.replace(free, budget=float(limits[t]) + TOLERANCE_HA)
        found[t], price = ceilings.of(changed, price=price)
        if own is not None and limits[t] <= most:
            found[t] = min(found[t], own)
        if t + 1 < len(limits):
            found[t] = min(found[t], found[t + 1])
    return np.asarray(np.maximum(found, reached), dtype=float)


def _empty(zones: Delineation, note: str) -> Phases:
    table = pd.DataFrame(columns=list(COLUMNS), index=pd.RangeIndex(1, 1, name="phase"))
    of_zone = pd.Series(index=zones.zones.index, name="phase", dtype="Int64")
    membership = pd.Series(pd.NA, index=zones.membership.index, name="phase", dtype="Int64")
    return Phases(table.astype(COLUMNS), of_zone, membership, (note,))
