"""Parcels scored and connected, as the zones need them, and the terms of a study."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd

from renewal_geo import contiguity, potential
from renewal_geo.contiguity import Contiguity
from renewal_geo.foundation.errors import Faults, InputError
from renewal_geo.foundation.settings import SETTINGS
from renewal_geo.foundation.study import Study

_PASSED = (
    "pool", "filler", "area_budget_ha", "min_area_ha", "max_area_ha", "min_share", "shares",
    "boundary_weight", "lock_in", "lock_out", "keep_together", "min_zones", "max_zones",
    "exclusion_mode", "exclusion_tolerance", "sliver_min_m2", "time_limit_s", "gap", "seed", "workers",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """Parcels with their score, and their contiguity, as the zones need them."""

    parcels: gpd.GeoDataFrame
    links: Contiguity
    notes: tuple[str, ...]


def prepare(study: Study) -> Prepared:
    """Score the parcels where the value asks for it, and connect them."""
    parcels, notes = study.parcels, []
    criteria = study.settings.get("potential", {}).get("criteria", ())
    name = str(study.settings.get("potential", {}).get("name", "score"))
    if criteria and name not in parcels.columns:
        made = potential.score(parcels, criteria, name=name)
        parcels = parcels.assign(**{name: made.scores})
        notes += [f"potential: {made}", *(f"potential: {note}" for note in made.notes)]
    asked = zone_settings(study)
    links = contiguity.connect(
        parcels,
        study.barriers,
        asked["ground"] or None,
        gap_max_m=asked["gap_max_m"],
        min_frontage_m=asked["min_frontage_m"],
        edge_tolerance_m=asked["edge_tolerance_m"],
    )
    if links.wide_overlaps:
        notes.append(
            f"contiguity: {links.wide_overlaps} pairs of parcels overlap by more than "
            f"{asked['edge_tolerance_m']:g} m and make no link; see quality check"
        )
    if asked["ground"] and not links.is_ground.any():
        notes.append(f"[zones] ground = {asked['ground']!r} selects no parcel")
    return Prepared(parcels, links, (*notes, f"contiguity: {links}"))


def zone_terms(study: Study, prepared: Prepared) -> dict[str, Any]:
    """Return what a study says of its zones as arguments of the question."""
    asked = zone_settings(study)
    return {
        "value": _value(asked, prepared.parcels),
        **{name: asked[name] for name in _PASSED},
        "exclusions": study.exclusions,
        "lock_in_areas": pilots(study),
        "sub_districts": study.sub_districts,
        "control_lines": study.get("control_lines"),
        "lang": study.lang,
        "provenance": study.provenance,
    }


def zone_settings(study: Study) -> dict[str, Any]:
    """Return the study's settings of the zones over their defaults."""
    defaults = {key: setting.default for key, setting in SETTINGS["zones"].items()}
    return {**defaults, **study.settings.get("zones", {})}


def _value(asked: Mapping[str, Any], parcels: gpd.GeoDataFrame) -> str | float:
    """A value that is not stated is 1 per hectare: area itself counts."""
    text = asked.get("value")
    if text in {None, ""}:
        return 1.0
    if isinstance(text, str) and text not in parcels.columns:
        try:
            return float(text)
        except ValueError:
            return text
    return text  # type: ignore[no-any-return]


def pilots(study: Study) -> gpd.GeoDataFrame | None:
    """Return the layer that locks parcels in by area, where the study names one."""
    role = zone_settings(study)["lock_in_layer"]
    return study.table(role) if role else None


def require_outlook(asked: Mapping[str, Any]) -> None:
    """Refuse what the questions after the zones cannot mean, before the zones are sought."""
    faults = Faults(InputError)
    for name in ("outlook_time_s", "frontier_points", "phases", "noise"):
        if not (math.isfinite(asked[name]) and asked[name] >= 0):
            faults.add(
                f"{name} is {asked[name]}",
                where="[zones]",
                fix="give zero or more",
                code="bad_limit",
            )
    for budget in asked["phase_budgets_ha"]:
        if not (math.isfinite(budget) and budget >= 0):
            faults.add(
                f"phase_budgets_ha holds {budget}",
                where="[zones]",
                fix="give hectares, zero or more",
                code="bad_limit",
            )
    faults.raise_if_any()
