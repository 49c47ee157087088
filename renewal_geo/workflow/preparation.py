"""Parcels scored and connected, as the zones need them, and the terms of a study."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd

from renewal_geo import contiguity
from renewal_geo.contiguity import Contiguity
from renewal_geo.foundation.errors import Faults, InputError
from renewal_geo.foundation.provenance import Provenance
from renewal_geo.foundation.settings import SETTINGS
from renewal_geo.foundation.study import Study
from renewal_geo.workflow.ripeness import (
    Rated,
    is_asked,
    potential_settings,
    rated,
    require_no_locked_in_veto,
)

_PASSED = (
    "pool", "filler", "area_budget_ha", "min_area_ha", "max_area_ha", "min_share", "shares",
    "boundary_weight", "lock_in", "lock_out", "keep_together", "min_zones", "max_zones",
    "exclusion_mode", "exclusion_tolerance", "sliver_min_m2", "time_limit_s", "gap", "seed", "workers",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """Parcels with their score, and their contiguity, as the zones need them.

    ``rated`` is the score with all that it is made of, None where the study has no criteria or its table
    has the score already.
    """

    parcels: gpd.GeoDataFrame
    links: Contiguity
    notes: tuple[str, ...]
    rated: Rated | None = None

    @property
    def vetoed(self) -> tuple[str, ...]:
        """The parcels that a criterion rules out."""
        if self.rated is None:
            return ()
        struck = self.rated.potential.is_vetoed
        return tuple(dict.fromkeys(struck.index[struck].astype(str)))


def prepare(study: Study) -> Prepared:
    """Score the parcels where the study has criteria, and connect them."""
    parcels, notes, rating = study.parcels, [], None
    name = potential_settings(study)["name"] if is_asked(study) else ""
    if name in parcels.columns:
        notes.append(
            f"potential: the parcels have a column {name} already, and it is used as it stands"
        )
    elif name:
        rating = rated(study)
        parcels = parcels.assign(**rating.columns())
        notes += [f"potential: {rating.potential}", *(f"potential: {one}" for one in rating.notes)]
        notes += [f"potential: {rating.acceptability}"] if rating.acceptability else []
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
    made = Prepared(parcels, links, (*notes, f"contiguity: {links}"), rating)
    if rating is not None and made.vetoed:
        require_no_locked_in_veto(rating, asked["lock_in"])
        said = f"potential: {len(made.vetoed):,} vetoed parcels are locked out of the zones"
        made = dataclasses.replace(made, notes=(*made.notes, said))
    return made


def zone_terms(study: Study, prepared: Prepared) -> dict[str, Any]:
    """Return what a study says of its zones as arguments of the question."""
    asked = zone_settings(study)
    return {
        "value": _value(asked, prepared.parcels),
        **{name: asked[name] for name in _PASSED},
        "lock_out": (*asked["lock_out"], *prepared.vetoed),
        "exclusions": study.exclusions,
        "lock_in_areas": pilots(study),
        "sub_districts": study.sub_districts,
        "control_lines": study.get("control_lines"),
        "lang": study.lang,
        "provenance": _provenance(study, prepared),
    }


def _provenance(study: Study, prepared: Prepared) -> Provenance:
    """Return what the answer rests on: the layers, and the rasters and tables that the score was read from."""
    more = () if prepared.rated is None else prepared.rated.sources
    return dataclasses.replace(study.provenance, inputs=(*study.provenance.inputs, *more))


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
