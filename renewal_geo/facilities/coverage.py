"""Who is within reach of what: coverage by standard, and the people whom nothing reaches."""

from __future__ import annotations

from dataclasses import dataclass, field

import geopandas as gpd
import pandas as pd

from renewal_geo.foundation.provenance import Provenance
from renewal_geo.rules import Rule


@dataclass(frozen=True, slots=True, eq=False)
class Coverage:
    """People within reach of public facilities.

    Attributes
    ----------
    table
        Indexed by ``kind``: ``radius_m, facilities, capacity, people, covered, share, uncovered, seats_needed,
        seats_short, rule_id, verified, set_by, status, seats_rule_id, seats_verified, text_zh, text_en``. The
        radius is a rule; shares that rest on a radius nobody read are advisory, and a kind without a radius
        is not_evaluable.
    demand
        Indexed by ``demand_id``: weight, and per kind ``nearest_<kind>`` (facility id), ``distance_<kind>_m``,
        and where it has a radius ``covered_<kind>``, ``access_<kind>`` (two-step floating catchment: seats
        per person, NaN where no facility names its seats); geometry.
    facilities
        Indexed by ``facility_id``: ``kind, capacity, people`` (within the radius), ``ratio`` (seats per
        person in the catchment), ``snap_m`` (to the network); geometry.
    uncovered
        Demand that no facility of a kind reaches: ``demand_id, kind, weight, distance_m``; geometry.
    by
        ``line`` or ``network``.
    detour
        By how much a straight line was lengthened, for ``line``.
    """

    table: pd.DataFrame
    demand: gpd.GeoDataFrame
    facilities: gpd.GeoDataFrame
    uncovered: gpd.GeoDataFrame
    by: str
    rules: dict[str, Rule]
    notes: tuple[str, ...] = ()
    provenance: Provenance = field(default_factory=Provenance)
    detour: float = 1.0

    def __str__(self) -> str:
        return f"by {self.by}: " + "; ".join(self.table["text_en"])
