"""The whole pass on one page: read, check, repair, score, connect, delineate, tally, publish."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

from renewal_geo import io
from renewal_geo.foundation import schema
from renewal_geo.foundation.errors import RenewalError
from renewal_geo.foundation.study import Study
from renewal_geo.workflow.drawings import checked, repaired, write_quality
from renewal_geo.workflow.eligibility import screen_study
from renewal_geo.workflow.facilities import cover_study
from renewal_geo.workflow.handovers import assess_study
from renewal_geo.workflow.matching import match_study
from renewal_geo.workflow.publications import carried, write_study_maps
from renewal_geo.workflow.ripeness import with_inline_criteria
from renewal_geo.workflow.scores import score_study
from renewal_geo.workflow.studies import (
    CERTIFICATE,
    REPAIRED,
    STUDY_FILE,
    Given,
    listed,
    own_study,
    reading_notes,
    rule_files,
    with_options,
)
from renewal_geo.workflow.zones import Passage, delineated, overlap_notes, write_zones

RANGES = ("units", "demolition_ranges")
# what else a study with these layers is asked, once its zones are drawn
QUESTIONS: dict[str, tuple[tuple[str, ...], Callable[[Study, Path], Any]]] = {
    "eligibility": (RANGES, screen_study),
    "handover": (RANGES, assess_study),
    "sitebank": (("sites", "needs"), match_study),
    "facilities": (("facilities", "demand"), cover_study),
}


def run(path: Path, out: Path, given: Given) -> Passage:
    """Check, repair, score, connect, delineate, tally and publish one study into `out`.

    Where the study has the layers for them, its units are screened, handover is assessed, off-site land matched
    and coverage counted, each with its own files, and the task map is drawn.
    `out` becomes a study of its own: the repaired layers lie in it and are the inputs that the
    certificate names, so that it can be verified wherever it is carried.
    """
    study = with_options(io.open_study(path), given)
    findings = checked(study)
    mended = repaired(study, findings)
    notes = (*reading_notes(study), str(findings), str(mended))
    with io.staged(out, record=CERTIFICATE) as stage:
        write_quality(stage, study, findings, mended)
        drawn = {role: one for role, one in study.tables.items() if not _is_list(role)}
        tables = {**drawn, "parcels": mended.table}
        io.write_layers(stage.path(REPAIRED), tables)
        rasters, left = io.carry_rasters(path, stage)
        told = carried(stage, with_inline_criteria(study))
        stage.write_text(STUDY_FILE, own_study(told, tables, rasters))
        for name, text in rule_files(study).items():
            stage.write_text(name, text)
        own = io.open_study(stage.hidden)
        made = delineated(own, with_robust=True)
        notes = (*notes, *left, *made.prepared.notes, *overlap_notes(made.delineation))
        notes = (
            notes if made.contrast is None else (*notes, f"zones by other weights: {made.contrast}")
        )
        write_zones(stage, own, made, "", notes)
        asked = [name for name, (roles, _) in QUESTIONS.items() if _has(own, roles)]
        notes = (*notes, *write_study_maps(stage, own, without=asked))
    files, more = _asked(asked, own, study, out)
    rating = made.prepared.rated
    if rating is not None:
        files += score_study(dataclasses.replace(own, folder=out), rating, out).files
    return Passage(made.delineation, (*listed(stage), *files), (*notes, *more))


def _asked(
    questions: list[str], own: Study, study: Study, out: Path
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Ask the other questions of the repaired study; return their files, and which could not be answered.

    Lists of people are not copied into `out`: they are asked from where they lie.
    """
    lists = {role: one for role, one in study.tables.items() if _is_list(role)}
    whole = dataclasses.replace(own, folder=out, tables={**lists, **own.tables})
    files: list[str] = []
    notes = []
    for name in questions:
        try:
            files += QUESTIONS[name][1](whole, out).files
        except RenewalError as fault:
            notes.append(f"{name} is not answered: {fault.what}")
    return tuple(files), tuple(notes)


def _is_list(role: str) -> bool:
    """Return whether a role has no shapes: a list of people or of payments, not a layer."""
    return schema.table(role).geometry == "none"


def _has(study: Study, roles: tuple[str, ...]) -> bool:
    return all(study.get(role) is not None for role in roles)
