"""Parcels scored by the criteria of a study: figures, score, what the ranking is worth."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from renewal_geo import io, potential
from renewal_geo.foundation import progress
from renewal_geo.foundation.errors import InputError, some_ids
from renewal_geo.foundation.provenance import Source
from renewal_geo.foundation.settings import SETTINGS
from renewal_geo.foundation.study import Study
from renewal_geo.potential import Acceptability, Potential, Stability
from renewal_geo.spatial.rasters import Raster

VETOED = "is_vetoed"
RESERVED = frozenset({  # columns of the answer
    "geometry", "parcel_id", "score_robust", "score_mean", "score_sd", "top_share", "stability", VETOED, "rank",
    "rank_best", "rank_worst", "rank_p05", "rank_p95", "limiting", "is_in", "radius", "radius_low", "radius_high",
    "is_exact", "from_criterion", "to_criterion", "shift",
})  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Rated:
    """A score, what it is worth, the files that it was read from, what was decided.

    ``acceptability`` and ``stability`` are None where no weightings were asked for, or one criterion weighs.
    """

    potential: Potential
    acceptability: Acceptability | None
    stability: Stability | None
    name: str
    sources: tuple[Source, ...] = ()
    notes: tuple[str, ...] = ()

    def columns(self) -> dict[str, pd.Series]:
        """Return what a value of zones may name besides the score: robust score, share of weightings, vetoes."""
        made = {self.name: self.potential.scores, VETOED: self.potential.is_vetoed}
        if self.acceptability is not None:
            table = self.acceptability.table
            made |= {"score_robust": table["score_robust"], "top_share": table["top_share"]}
            made["stability"] = table["class"]
        return made


def potential_settings(study: Study) -> dict[str, Any]:
    """Return the study's settings of the score over their defaults; refuse a name or criteria that clash."""
    asked = {key: setting.default for key, setting in SETTINGS["potential"].items()}
    asked |= study.settings.get("potential", {})
    if asked["name"] in RESERVED or not asked["name"].strip():
        raise InputError(
            f"the score cannot be called {asked['name']!r}: another column of the answer has that name",
            where="[potential] name",
            fix='choose another, such as name = "score"',
            code="name_taken",
        )
    if asked["table"] and asked["criteria"]:
        raise InputError(
            "the criteria are given twice: as a table of their own and in study.toml",
            where="[potential] table, criteria",
            fix="keep one of them",
            code="criteria_twice",
        )
    return asked


def is_asked(study: Study) -> bool:
    """Return whether a study has criteria, in study.toml or as a table of their own."""
    asked = study.settings.get("potential", {})
    return bool(asked.get("criteria") or asked.get("table"))


def rated(study: Study) -> Rated:
    """Score the parcels of a study and rank them under many weightings; the stability radius is left out.

    Raises
    ------
    InputError
        For criteria, weights, layers or rasters that mean nothing; see :func:`renewal_geo.potential.score`.
    """
    progress.report("potential.score", 0.0)
    asked, sources, said = _with_table(potential_settings(study), study)
    parcels = study.parcels
    rasters, read = _rasters(study, asked["criteria"])
    made = potential.score(
        parcels,
        asked["criteria"],
        layers=study.tables,
        rasters=rasters,
        weighting=asked["weighting"],
        weights_are=asked["weights_are"],
        ahp=asked["ahp"],
        because=asked["because"],
        network=asked["network"],
        noded=asked["noded"],
        max_snap_m=asked["max_snap_m"],
        name=asked["name"],
    )
    accepted = None
    if asked["draws"] and is_weighed(made):
        progress.report("potential.acceptability", 0.4)
        accepted = potential.acceptability(
            made,
            **_cut(asked, parcels),
            draws=asked["draws"],
            law=asked["law"],
            noise=asked["noise"],
            seed=asked["seed"],
        )
    notes = [*said, *(f"{one.path}: {note}" for one in read for note in one.notes)]
    return Rated(made, accepted, None, asked["name"], (*sources, *read), (*notes, *made.notes))


def with_radius(rating: Rated, study: Study) -> Rated:
    """Return a score with the stability radius of every parcel."""
    if rating.stability is not None or not is_weighed(rating.potential):
        return rating
    progress.report("potential.stability", 0.6)
    cut = _cut(potential_settings(study), study.parcels)
    return dataclasses.replace(rating, stability=potential.stability(rating.potential, **cut))


def is_weighed(made: Potential) -> bool:
    """Return whether there is something to weigh: two criteria, and parcels with a rank."""
    return len(made.contributions.columns) > 1 and bool(made.ranks.notna().any())


def _cut(asked: Mapping[str, Any], parcels: gpd.GeoDataFrame) -> dict[str, Any]:
    return {"top": asked["top"], "top_ha": asked["top_ha"], "areas": areas_of(parcels)}


def with_inline_criteria(study: Study) -> Study:
    """Return the study with a criteria table of its own put into its settings, as a folder of its own needs it."""
    if not study.settings.get("potential", {}).get("table"):
        return study
    asked, _, _ = _with_table(potential_settings(study), study)
    kept = {**study.settings["potential"], "criteria": asked["criteria"], "ahp": asked["ahp"]}
    for key in ("table", "sheet", "ahp_sheets"):
        kept.pop(key, None)
    kept = {key: value for key, value in kept.items() if value != []}
    return dataclasses.replace(study, settings={**study.settings, "potential": kept})


def areas_of(parcels: gpd.GeoDataFrame) -> pd.Series:
    """Return the area of every parcel, m2: the column ``area_m2`` of the table, else that of its shape; 0 without."""
    given = parcels.get("area_m2", parcels.geometry.area)
    return pd.Series(pd.to_numeric(given, errors="coerce"), index=parcels.index).fillna(0.0)


def score_draws(rating: Rated, count: int) -> np.ndarray:
    """Return the scores under the first `count` weightings, parcels x draws.

    Raises
    ------
    ValueError
        Where no weightings were drawn.
    """
    if rating.acceptability is None:
        message = "no weightings were drawn"
        raise ValueError(message)
    found = rating.acceptability
    return np.column_stack([found.scores(draw) for draw in range(min(count, found.draws))])


def require_no_locked_in_veto(rating: Rated, lock_in: Sequence[str]) -> None:
    """Refuse parcels that a planner locks in and a criterion vetoes.

    Raises
    ------
    InputError
        ``locked_in_vetoed``.
    """
    struck = set(rating.potential.is_vetoed.index[rating.potential.is_vetoed].astype(str))
    both = [str(one) for one in lock_in if str(one) in struck]
    if both:
        raise InputError(
            f"{len(both)} parcels are locked in, and a criterion vetoes them: {some_ids(both)}",
            where="[zones] lock_in, [potential] veto",
            fix="take them off lock_in, or change the veto",
            code="locked_in_vetoed",
        )


def _with_table(
    asked: dict[str, Any], study: Study
) -> tuple[dict[str, Any], tuple[Source, ...], tuple[str, ...]]:
    """Return the settings with the criteria of a workbook or CSV in them, its record, what was decided."""
    if not asked["table"]:
        return asked, (), ()
    read = io.read_criteria(
        asked["table"],
        sheet=asked["sheet"],
        matrix_sheets=asked["ahp_sheets"],
        folder=study.folder,
    )
    told = {**asked, "criteria": read.criteria, "ahp": read.matrices or asked["ahp"]}
    return told, read.sources, read.notes


def _rasters(
    study: Study, criteria: Sequence[Mapping[str, Any]]
) -> tuple[dict[str, Raster], tuple[Source, ...]]:
    """Read every raster that a criterion names, where the parcels and their surroundings lie."""
    around: dict[str, float] = {}
    for one in criteria:
        if one.get("source") == "raster" and one.get("layer"):
            role = str(one["layer"])
            reach = one.get("within_m", 0.0)
            reach = float(reach) if isinstance(reach, (int, float)) and reach > 0 else 0.0
            around[role] = max(around.get(role, 0.0), reach)
    if not around:
        return {}, ()
    left, bottom, right, top = study.parcels.total_bounds.tolist()
    found, sources = {}, []
    for role, reach in around.items():
        found[role], source = io.study_raster(
            study.folder or "",
            role,
            bounds=(left - reach, bottom - reach, right + reach, top + reach),
            bounds_crs=study.crs,
        )
        sources.append(source)
    return found, tuple(sources)
