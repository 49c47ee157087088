"""What a zone map lets its reader ask, and what its printed figures add up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from renewal_geo.foundation.quantities import M2_PER_HA
from renewal_geo.maps.controls import Bars, Total, Where
from renewal_geo.maps.public.layers import Told
from renewal_geo.maps.ready.summaries import told_facts
from renewal_geo.maps.ready.zone_layers import SUB_DISTRICT
from renewal_geo.maps.spec import both

if TYPE_CHECKING:
    from renewal_geo.zones import Delineation

CHOSEN = (Where("reason", ("chosen",)),)
# sound land that no rule takes out: what was in question, whatever became of it
CONSIDERED = (
    Where(
        "reason",
        ("chosen", "budget", "low_value", "undecided", "share", "cut_off", "isolated"),
    ),
)
TO_HA = 1.0 / M2_PER_HA


def zone_totals() -> tuple[Total, ...]:
    """Return the figures beside a zone map: hectares chosen, in question, their share, parcels."""
    ha, unit = both("map.ha"), both("map.parcels_unit")
    return (
        Total("chosen_ha", both("zone_map.chosen_ha"), "parcels", "area_m2", CHOSEN, None, ha,
              TO_HA, 2),
        Total("considered_ha", both("zone_map.considered_ha"), "parcels", "area_m2", CONSIDERED,
              None, ha, TO_HA, 2),
        Total("chosen_share", both("zone_map.chosen_share"), "parcels", "area_m2", CHOSEN,
              CONSIDERED, decimals=1),
        Total("chosen", both("zone_map.chosen"), "parcels", where=CHOSEN, unit=unit),
        Total("parcels", both("zone_map.parcels"), "parcels", unit=unit),
    )  # fmt: skip


def zone_bars(columns: Sequence[str]) -> tuple[Bars, ...]:
    """Return hectares by reason, per sub-district where the caller released that, else per zone."""
    by = SUB_DISTRICT if SUB_DISTRICT in columns else "zone_id"
    named = "zone_map.zones" if by == "zone_id" else f"column.{by}"
    title, ha = both("zone_map.area_by", name=both(named)), both("map.ha")
    return (Bars(f"area_by_{by}", title, "parcels", by, "area_m2", ha, TO_HA, 1),)


def told_by(delineation: Delineation) -> list[Told]:
    """Return what the facts, the outlines and the funnel of a zone map add up, in parcels."""
    zone = delineation.parcels["zone_id"].astype(object).to_numpy()
    told = [
        Told("facts", place, "parcels", rows)
        for place, (_, rows) in enumerate(told_facts(delineation))
    ]
    told += [
        Told("zones", place, "parcels", zone == one)
        for place, one in enumerate(delineation.envelopes.index)
    ]
    steps = funnel_rows(delineation)
    return told + [Told("funnel", place, "parcels", rows) for place, rows in enumerate(steps)]


def funnel_rows(delineation: Delineation) -> list[NDArray[np.bool_]]:
    """Return the parcels behind each step of the funnel; nothing where they cannot be told exactly."""
    parcels, funnel = delineation.parcels, delineation.funnel
    reason = parcels["reason"].astype(object).where(parcels["reason"].notna(), "")
    pool = _yes(parcels, "in_pool") & (reason != "invalid")
    eligible = pool & ~reason.isin(["ground", "locked_out", "excluded"])
    alone = reason.isin(["isolated", "cut_off"])
    inside = set(parcels.index[~reason.isin(["invalid", "ground", "locked_out", "excluded"])])
    links = delineation.links
    both_in = links[links["focal"].isin(inside) & links["neighbour"].isin(inside)]
    linked = parcels.index.isin(pd.concat([both_in["focal"], both_in["neighbour"]]))
    chosen = parcels["zone_id"].notna()
    rows = {
        "gross": pool,
        "excluded": eligible,
        "contiguous": eligible & (linked | ~alone),
        "sized": eligible & ~alone,
        "shares": eligible & ~alone & (reason != "share"),
        "chosen": pool & chosen,
        "filler": ~_yes(parcels, "in_pool") & chosen,
    }
    steps = [str(step) for step in funnel.get("step", funnel.index)]
    counts = funnel["count"].tolist()
    known = all(
        step in rows and int(rows[step].sum()) == count
        for step, count in zip(steps, counts, strict=True)
    )
    return [rows[step].to_numpy(dtype=bool) for step in steps] if known else []


def _yes(table: pd.DataFrame, name: str) -> pd.Series[bool]:
    if name not in table:
        return pd.Series(data=True, index=table.index)
    return table[name].astype(object).map(lambda v: v is not None and v == True)  # noqa: E712
