"""What a screening returns: every unit, every criterion, the figure, the limit, and where it offends."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import geopandas as gpd
import pandas as pd

from renewal_geo.foundation.provenance import Provenance
from renewal_geo.rules import Rule


@dataclass(frozen=True, slots=True, eq=False)
class Screening:
    """Units screened by the rules of one day.

    Attributes
    ----------
    units
        Indexed by ``unit_id``: ``name, sub_district, renewal_type, unit_range_m2, demolition_m2,
        development_m2, verdict`` (the worst status among its findings: fail | not_evaluable | advisory |
        pass), ``passed, failed, advisory, not_evaluable`` (counts), ``sentence_zh, sentence_en``; geometry
        is the demolition range (the unit range where a unit demolishes nothing).
    findings
        One row per unit and criterion, in the order of the units and of the criteria: ``unit_id,
        criterion, status, meets`` (True | False | None), ``figure, unit, operator, limit, rule_id,
        verified, set_by, text_zh, text_en`` (one sentence with the figure, the limit and why), ``rests_on`` (ids of
        other rules that the figure rests on).
    offences
        Where a criterion is not met on the ground: ``unit_id, criterion, kind, area_m2``, geometry.
    figures
        Indexed by ``unit_id``: every figure that was measured, named with its unit.
    rules
        The values that were asked, by rule id.
    as_of
        The day whose rules apply.
    notes, provenance
        What was decided on the way; inputs and versions.
    comparisons
        Every single comparison with a rule, in the columns of `findings`: a criterion may ask several, and
        its finding is the one that binds.
    left_out
        ``unit_id, criterion, why_zh, why_en``: criteria that do not concern a unit.
    parcels
        Willingness parcel by parcel, without a name: ``unit_id, parcel_id, form, owners, consenting_owners,
        unanswered_owners, owner_share, floor_area_share, meets, further_signers, few_owners, area_m2``. Where
        ``few_owners`` is true a row speaks of fewer than three people: never publish it.
    """

    units: gpd.GeoDataFrame
    findings: pd.DataFrame
    offences: gpd.GeoDataFrame
    figures: pd.DataFrame
    rules: dict[str, Rule]
    as_of: dt.date
    notes: tuple[str, ...] = ()
    provenance: Provenance = field(default_factory=Provenance)
    comparisons: pd.DataFrame = field(default_factory=pd.DataFrame)
    left_out: pd.DataFrame = field(default_factory=pd.DataFrame)
    parcels: pd.DataFrame = field(default_factory=pd.DataFrame)

    def __str__(self) -> str:
        counts = self.units["verdict"].value_counts()
        said = ", ".join(f"{counts[one]} {one}" for one in counts.index)
        return f"{len(self.units)} units screened by the rules of {self.as_of}: {said}"
