"""What a matching returns: which site answers which need, and why the others are not answered."""

from __future__ import annotations

from dataclasses import dataclass, field

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
        days_late`` (of the site after the need's day, 0 at the least), ``spare_m2, reason`` (empty
        where matched, else the first of area | shape | use | date | distance | taken), ``reason_zh, reason_en``,
        ``nearest_miss`` (the site that fails by least) and ``missed_by``; geometry.
    sites
        Indexed by ``site_id``: the caller's columns, and ``needs`` (ids joined by "; "), ``used_m2, left_m2,
        width_m`` (diameter of the largest inscribed circle); geometry.
    pairs
        Every need with every site: ``need_id, site_id, feasible, area_short_m2, width_short_m,
        days_late, distance_over_m, use_fits, distance_m, cost``.
    status, objective, bound, gap
        ``objective`` is the weight of the needs that are answered less the cost of the pairs; DESIGN section 2.
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

    def __str__(self) -> str:
        matched = int((self.needs["site_id"] != "").sum())
        used = int((self.sites["needs"] != "").sum())
        return f"{matched} of {len(self.needs)} needs answered by {used} sites, {self.status}"
