"""The outlook: what a planner asks next, all of it in one pass within a time limit."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from renewal_geo.foundation import progress
from renewal_geo.zones.changes import Changes, changes
from renewal_geo.zones.delineation import Delineation
from renewal_geo.zones.frontier import Frontier, frontier_of
from renewal_geo.zones.obstacles import Obstacles, obstacles
from renewal_geo.zones.phases import Phases, phases
from renewal_geo.zones.prices import Prices, prices
from renewal_geo.zones.repertoire import Repertoire, require_means
from renewal_geo.zones.robustness import Robustness, robustness

FRONTIER_SHARE, PRICES_SHARE = 0.40, 0.55  # of the time left when each begins
TEXTS = {
    "zh": {
        "none": "没有片区：前沿、时序、影子价格和稳健性无从谈起",
        "late": "时间用完（{limit:,.0f} s），以下几项只做到部分：{parts}；见各项说明",
        "frontier": "前沿",
        "prices": "影子价格",
        "robustness": "稳健性",
        "joined": "、",
    },
    "en": {
        "none": "there are no zones: no frontier, phases, prices or robustness",
        "late": "the time is out ({limit:,.0f} s), so these are partial: {parts}; see their notes",
        "frontier": "frontier",
        "prices": "prices",
        "robustness": "robustness",
        "joined": ", ",
    },
}


@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """Frontier, phases, prices, robustness, changes and obstacles of one delineation.

    ``frontier`` and ``phases`` are None where they were not asked for.
    """

    frontier: Frontier | None
    phases: Phases | None
    prices: Prices
    robustness: Robustness
    changes: Changes
    obstacles: Obstacles
    notes: tuple[str, ...]

    def __str__(self) -> str:
        if not len(self.prices.table):
            return f"no outlook: there are no zones; {self.obstacles}"
        parts = (
            self.frontier,
            self.phases,
            f"{len(self.prices.table)} limits priced",
            self.robustness,
        )
        return "; ".join(str(part) for part in parts if part is not None)


def outlook(
    zones: Delineation,
    *,
    points: int = 6,
    phase_count: int = 3,
    phase_budgets_ha: Sequence[float] | None = None,
    noise: float = 0.10,
    time_limit_s: float = 20.0,
    workers: int = 2,
    lang: str | None = None,
    values: pd.DataFrame | None = None,
) -> Outlook:
    """Answer what a planner asks next: more budget, what first, what a limit costs, what if values err.

    Parameters
    ----------
    zones
        The study's answer.
    points
        Budgets that the frontier tries; 0: no frontier.
    phase_count, phase_budgets_ha
        As ``count`` and ``budgets_ha`` of :func:`renewal_geo.zones.phases`; 0 and no budgets: no phases.
    noise
        Standard deviation of the error on every value, for the robustness.
    time_limit_s
        Wall-clock seconds for all of it. Zones met by one question are known to the next.
    workers
        Threads.
    lang
        zh or en, of the notes; the delineation's own by default.
    values
        By parcel_id, one column per weighting of the criteria: value per hectare. The robustness then says
        what is chosen under these, instead of under noise.

    Returns
    -------
    Outlook
        Each part says in its notes what it did not reach; empty parts where there are no zones.

    Raises
    ------
    InputError
        For a time, a number of threads, a language or values that make no sense.
    """
    began = time.monotonic()
    require_means("outlook", time_limit_s=time_limit_s, workers=workers, lang=lang)
    language = lang or zones.lang
    says = TEXTS[language]

    def left() -> float:
        return max(0.5, time_limit_s - (time.monotonic() - began))

    known = Repertoire(zones.found.problem)
    progress.report("zones.outlook", 0.0)
    held = obstacles(zones, lang=language)
    moves = changes(zones, lang=language)
    order = line = None
    if phase_count or phase_budgets_ha:
        order = phases(zones, phase_budgets_ha or None, count=phase_count or 1, lang=language)
    if points:
        line = frontier_of(
            zones,
            points=points,
            time_limit_s=FRONTIER_SHARE * left(),
            workers=workers,
            lang=language,
            known=known,
        )
    progress.report("zones.outlook", 0.5)
    priced = prices(
        zones, time_limit_s=PRICES_SHARE * left(), workers=workers, lang=language, known=known
    )
    progress.report("zones.outlook", 0.8)
    drawn = robustness(
        zones,
        noise=noise,
        seed=zones.terms.seed,
        time_limit_s=left(),
        workers=workers,
        lang=language,
        known=known,
        values=values,
    )
    progress.report("zones.outlook", 1.0)
    notes = []
    if not len(priced.table):
        notes.append(says["none"])
    parts = [
        says[name]
        for name, part in (("frontier", line), ("prices", priced), ("robustness", drawn))
        if part is not None and part.late
    ]
    if parts:
        notes.append(says["late"].format(limit=time_limit_s, parts=says["joined"].join(parts)))
    return Outlook(line, order, priced, drawn, moves, held, tuple(notes))
