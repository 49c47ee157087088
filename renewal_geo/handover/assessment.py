"""What an assessment returns: what each unit hands over, what every rule asks, and the floor area."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import geopandas as gpd
import pandas as pd

from renewal_geo.foundation.provenance import Provenance
from renewal_geo.rules import Rule


@dataclass(frozen=True, slots=True, eq=False)
class Assessment:
    """Land that the city receives, unit by unit.

    Attributes
    ----------
    units
        Indexed by ``unit_id``: ``name, sub_district, unit_range_m2, demolition_m2, development_m2,
        legal_m2, unregistered_m2, state_unleased_m2, historic_land_m2, to_government_m2, offered_m2``
        (sites inside the unit), ``handover_rate`` (of the demolition range), ``required_m2`` (the most
        that a deciding rule asks; NaN where none decides), ``planned_floor_area_m2,
        demolished_floor_area_m2, build_demolish_ratio`` 拆建比, ``base_gfa_m2, transfer_gfa_m2,
        bonus_gfa_m2, far, base_far, sentence_zh, sentence_en``; geometry is the demolition range.
    requirements
        One row per unit and rule in force: ``unit_id, rule_id, status, meets, required_m2,
        required_share, offered_m2, offered_share, short_m2, verified, set_by, text_zh, text_en``.
    terms
        One row per unit and term of the planned floor area: ``unit_id, component`` (base | transfer |
        bonus), ``term, floor_area_m2, rule_id, how_zh, how_en``; the terms add to the plan's total, what
        no term explains stands as the component ``unexplained``.
    sites
        Indexed by ``site_id``: ``unit_id, status`` (committed | cleared | filed | in_reserve | unknown),
        ``area_m2, inside``; geometry.
    balance
        Land balance 用地平衡表, long: ``unit_id, class, area_m2, share``; closes to the demolition range.
    rules, as_of, notes, provenance
        As for :class:`renewal_geo.eligibility.screening.Screening`.
    """

    units: gpd.GeoDataFrame
    requirements: pd.DataFrame
    terms: pd.DataFrame
    sites: gpd.GeoDataFrame
    balance: pd.DataFrame
    rules: dict[str, Rule]
    as_of: dt.date
    notes: tuple[str, ...] = ()
    provenance: Provenance = field(default_factory=Provenance)

    def __str__(self) -> str:
        offered, base = self.units["offered_m2"].sum(), self.units["demolition_m2"].sum()
        share = offered / base if base else 0.0
        return (
            f"{len(self.units)} units offer {offered / 10_000:,.2f} ha of land, {share:.1%} of "
            f"{base / 10_000:,.2f} ha to be demolished"
        )
