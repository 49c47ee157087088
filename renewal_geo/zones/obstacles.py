"""Obstacles: which component can never reach which limit, and by how many hectares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from renewal_geo.foundation.labels import label
from renewal_geo.zones.delineation import Delineation
from renewal_geo.zones.problem import Reduced, reduce
from renewal_geo.zones.repertoire import require_means

TOLERANCE_HA = 1e-9
AREA_LIMIT = "min_area_ha"
COLUMNS: dict[str, Any] = {
    "parcels": "int64",
    "area_ha": float,
    "reachable_ha": float,
    "limit": object,
    "short_ha": float,
    "sentence_zh": object,
    "sentence_en": object,
}
TEXTS = {
    "zh": {
        "": "组团{number}（{parcels:,} 宗，{area:,.2f} ha，含地块 {example}）够大，占比要求也不妨碍它容纳片区",
        "area": "组团{number}（{parcels:,} 宗，{area:,.2f} ha，含地块 {example}）比最小片区 {least:,.2f} ha 少 "
        "{short:,.2f} ha",
        "share": "组团{number}（{parcels:,} 宗，{area:,.2f} ha，含地块 {example}）满足{shares}占比要求的面积至多 "
        "{reachable:,.2f} ha，比最小片区 {least:,.2f} ha 少 {short:,.2f} ha",
        "none": "没有可划入的地块",
        "joined": "、",
    },
    "en": {
        "": "Component {number} ({parcels:,} parcel{s}, {area:,.2f} ha, with parcel {example}) is large enough, "
        "and the shares do not forbid a zone in it",
        "area": "Component {number} ({parcels:,} parcel{s}, {area:,.2f} ha, with parcel {example}) is "
        "{short:,.2f} ha short of the smallest zone of {least:,.2f} ha",
        "share": "Component {number} ({parcels:,} parcel{s}, {area:,.2f} ha, with parcel {example}) can gather at "
        "most {reachable:,.2f} ha that keep the share of {shares}, {short:,.2f} ha short of the smallest "
        "zone of {least:,.2f} ha",
        "none": "no parcel may be a member",
        "joined": " and ",
    },
}
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Obstacles:
    """What keeps each component of eligible parcels from holding a zone.

    Attributes
    ----------
    table
        By ``component``, 1 the largest: ``parcels, area_ha, reachable_ha`` (most that can be gathered under
        the shares), ``limit`` (empty, min_area_ha, or the names of the shares), ``short_ha``,
        ``sentence_zh, sentence_en``.
    notes
        What was assumed.
    """

    table: pd.DataFrame
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        held = self.table[self.table["limit"] != ""]
        if not len(held):
            return f"all {len(self.table):,} components can hold a zone"
        least = held["short_ha"].min()
        return (
            f"{len(held):,} of {len(self.table):,} components ({held['area_ha'].sum():,.2f} ha) can hold no "
            f"zone; the nearest is {least:,.2f} ha short"
        )


def obstacles(zones: Delineation, *, lang: str | None = None) -> Obstacles:
    """Tell which components can never hold a zone, because of which limit, and by how many hectares.

    Parameters
    ----------
    zones
        The study's answer; also one without any zones.
    lang
        zh or en, of the notes; the delineation's own by default.

    Returns
    -------
    Obstacles
        One row per component of eligible parcels, the largest first.

    Raises
    ------
    InputError
        For a language that there is not.

    Notes
    -----
    Under one share the most area is a fractional knapsack: all parcels at or above the share, then
    those below it by falling area per missing hectare (Dantzig 1957). Under several shares it is the
    bound of the linear programme that the search proves.
    """
    require_means("obstacles", lang=lang)
    problem = zones.found.problem
    if not problem.size:
        empty = pd.DataFrame(columns=list(COLUMNS), index=pd.Index([], name="component", dtype=int))
        return Obstacles(empty.astype(COLUMNS), (TEXTS[lang or zones.lang]["none"],))
    reduced = reduce(problem)
    ids = zones.found.table.index.to_numpy()[zones.found.order].astype(str)
    parcel_component = reduced.component[reduced.node_of]
    count = int(reduced.component.max()) + 1
    sizes = np.bincount(reduced.component, reduced.area, minlength=count)
    parcels = np.bincount(parcel_component, minlength=count)
    singles = np.array(
        [
            [_most_under(reduced, k, np.flatnonzero(reduced.component == c)) for c in range(count)]
            for k in range(len(reduced.slack))
        ]
    ).reshape(len(reduced.slack), count)
    reachable = np.minimum(sizes, singles.min(axis=0, initial=np.inf))
    known = zones.answer.reachable
    if len(known) == count:  # the search bounds all shares together
        reachable = np.minimum(reachable, known)
    _, example = np.unique(parcel_component, return_index=True)
    order = np.lexsort((example, -np.round(sizes, 6)))
    rows = []
    least = problem.min_area
    for number, c in enumerate(order, 1):
        limit, short = "", 0.0
        shares: tuple[str, ...] = ()
        if sizes[c] < least - TOLERANCE_HA:
            limit, short = AREA_LIMIT, least - sizes[c]
        elif reachable[c] < least - TOLERANCE_HA:
            alone = [k for k in range(len(singles)) if singles[k, c] < least - TOLERANCE_HA]
            shares = tuple(problem.share_names[k] for k in alone or range(len(singles)))
            limit = ", ".join(shares)
            short = least - reachable[c]
        figures = {
            "number": number,
            "parcels": int(parcels[c]),
            "s": "" if parcels[c] == 1 else "s",
            "area": float(sizes[c]),
            "reachable": float(reachable[c]),
            "least": float(least),
            "short": float(short),
            "example": ids[example[c]],
        }
        rows.append(
            {
                "parcels": int(parcels[c]),
                "area_ha": float(sizes[c]),
                "reachable_ha": float(reachable[c]),
                "limit": limit,
                "short_ha": float(short),
                "sentence_zh": _sentence(limit, shares, figures, "zh"),
                "sentence_en": _sentence(limit, shares, figures, "en"),
            }
        )
    index = pd.RangeIndex(1, count + 1, name="component")
    return Obstacles(pd.DataFrame(rows, index=index)[list(COLUMNS)].astype(COLUMNS))


def _most_under(reduced: Reduced, share: int, nodes: Ints) -> float:
    """Return the most area of `nodes` under one share row, parts of parcels allowed."""
    area, slack = reduced.area[nodes], reduced.slack[share, nodes]
    spare = float(slack[slack >= 0].sum())
    taken = float(area[slack >= 0].sum())
    short = slack < 0
    lacking, size = -slack[short], area[short]
    order = np.argsort(lacking / size, kind="stable")
    used = np.cumsum(lacking[order])
    whole = int(np.searchsorted(used, spare, side="right"))
    taken += float(size[order][:whole].sum())
    if whole < len(order):
        rest = spare - (used[whole - 1] if whole else 0.0)
        taken += float(size[order][whole] * rest / lacking[order][whole])
    return taken


def _sentence(
    limit: str, shares: Sequence[str], figures: Mapping[str, float | int | str], lang: str
) -> str:
    texts = TEXTS[lang]
    if not shares:
        return texts["area" if limit else ""].format(**figures)
    names = [label(f"share.{name}", lang) for name in shares]
    return texts["share"].format(shares=texts["joined"].join(names), **figures)
