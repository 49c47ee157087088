"""What a matching returns: which site answers which need, and why the others are not answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import pandas as pd

from renewal_geo.foundation.provenance import Provenance


@dataclass(frozen=True, slots=True, eq=False)
class Matching:
    """Off-site land matched with needs.

    Attributes
    ----------
    needs
        Indexed by ``need_id``: the caller's columns, and ``site_id`` (empty where unmatched), ``distance_m,
        days_late`` (of the site after the need's day, 0 at the least), ``spare_m2`` (what the site has beyond
        the need), ``reason`` (empty where matched, else the first of area | shape | use | date | distance that
        the nearest miss fails, ``taken`` where a site meets them all, ``no_site`` where the bank is empty),
        ``reason_zh, reason_en``, ``nearest_miss`` (the site that fails by least), ``missed_by``
        (``area_short_m2=120.0; distance_over_m=35.0``), ``missed_by_zh, missed_by_en``;
        geometry.
    sites
        Indexed by ``site_id``: the caller's columns, and ``needs`` (ids joined by "; "), ``used_m2, left_m2,
        width_m`` (diameter of the largest inscribed circle; of sites in the bank), ``bank_area_m2`` (that
        counted), ``kept_out`` (empty for the bank, else inside | not_stated | forbidden); geometry.
    pairs
        Every need with every site of the bank: ``need_id, site_id, feasible, matched, area_short_m2,
        width_short_m, days_late, distance_over_m, use_fits, distance_m, cost``.
    status, objective, bound, gap
        ``objective`` is the weight of the needs that are answered less the cost of the pairs; DESIGN section 2.
        ``infeasible`` where required sites contradict each other or the needs: the plan then uses as many of
        them as can be.
    ranks
        One row per priority, the first first: ``priority, needs, answered, bound, weight``. A need of one
        priority weighs more than all later ones and all costs together.
    cost, least_cost
        Of the pairs (metres), and a bound on it for every plan that answers as many needs of each priority.
    conflict
        Which required sites contradict: ``limit, because, sites, needs, short, text_zh, text_en``.
    parameters
        As asked.
    """

    needs: gpd.GeoDataFrame
    sites: gpd.GeoDataFrame
    pairs: pd.DataFrame
    status: str
    objective: float | None
    bound: float | None
    gap: float | None
    stopped_by: str = ""
    conflict: tuple[dict[str, object], ...] = ()
    notes: tuple[str, ...] = ()
    provenance: Provenance = field(default_factory=Provenance)
    ranks: pd.DataFrame = field(default_factory=pd.DataFrame)
    cost: float = 0.0
    least_cost: float = 0.0
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        matched = int((self.needs["site_id"] != "").sum())
        used = int((self.sites["needs"] != "").sum())
        how = {"optimal": "proven optimal", "infeasible": "required sites contradict"}
        said = how.get(self.status, self.status)
        return f"{matched} of {len(self.needs)} needs answered by {used} sites, {said}"
