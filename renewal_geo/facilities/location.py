"""Where facilities should go: the sites chosen, whom each serves, and how good the choice provably is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import pandas as pd

from renewal_geo.foundation.provenance import Provenance


@dataclass(frozen=True, slots=True, eq=False)
class Location:
    """Sites chosen for a number of people.

    Attributes
    ----------
    model
        lscp | mclp | p_median | p_center.
    chosen
        Indexed by ``site_id``, in order of the sites: ``role`` (existing | required | new), ``weight``
        (assigned to it), ``only_here`` (weight that no other chosen site serves), ``loss`` (what the
        objective loses if the site falls through and nothing replaces it), ``next_best`` (the site that
        replaces it best), ``loss_after`` (what is lost even then); geometry where sites have one.
    assignment
        Indexed by demand id: ``site_id`` (empty where not served), ``cost``, ``weight``.
    uncoverable
        Demand rows that no site that may be used can serve; geometry where demand has one.
    status, stopped_by, objective, bound, gap
        DESIGN section 2; `objective` is the number of sites, the covered weight, the sum of weight x cost,
        or the largest cost. ``infeasible`` comes with `conflict`, and with `chosen` the least violating plan.
    radius_m, p, parameters, conflict, notes
        As asked; which limits contradict each other and by how much.
    """

    model: str
    chosen: pd.DataFrame | gpd.GeoDataFrame
    assignment: pd.DataFrame
    uncoverable: pd.DataFrame | gpd.GeoDataFrame
    status: str
    objective: float | None
    bound: float | None
    gap: float | None
    stopped_by: str = ""
    radius_m: float | None = None
    p: int | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    conflict: tuple[dict[str, object], ...] = ()
    notes: tuple[str, ...] = ()
    provenance: Provenance = field(default_factory=Provenance)

    def __str__(self) -> str:
        how = "proven optimal" if self.status == "optimal" else self.status
        gap = "" if self.gap is None or self.status == "optimal" else f", gap {self.gap:.2%}"
        figure = "none" if self.objective is None else f"{self.objective:,.2f}"
        there = int((self.chosen["role"] == "existing").sum())
        besides = f" besides {there} existing" if there else ""
        return f"{self.model}: {len(self.chosen) - there} sites{besides}, objective {figure}, {how}{gap}"
