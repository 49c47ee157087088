"""The whole pass on one page: read, check, repair, score, connect, delineate, tally, publish."""

from __future__ import annotations

from pathlib import Path

from renewal_geo import io
from renewal_geo.foundation import schema
from renewal_geo.workflow.drawings import checked, repaired, write_quality
from renewal_geo.workflow.publications import carried, write_study_maps
from renewal_geo.workflow.studies import (
    CERTIFICATE,
    REPAIRED,
    STUDY_FILE,
    Given,
    listed,
    own_study,
    reading_notes,
    with_options,
)
from renewal_geo.workflow.zones import Passage, delineated, overlap_notes, write_zones


def run(path: Path, out: Path, given: Given) -> Passage:
    """Check, repair, score, connect, delineate, tally and publish one study into `out`.

    Where the study has the layers for them, the maps of handover, facilities and tasks are drawn too.
    `out` becomes a study of its own: the repaired layers lie in it and are the inputs that the
    certificate names, so that it can be verified wherever it is carried.
    """
    study = with_options(io.open_study(path), given)
    findings = checked(study)
    mended = repaired(study, findings)
    notes = (*reading_notes(study), str(findings), str(mended))
    with io.staged(out, record=CERTIFICATE) as stage:
        write_quality(stage, study, findings, mended)
        drawn = {
            role: table
            for role, table in study.tables.items()
            if schema.table(role).geometry != "none"  # lists of people stay where they are
        }
        tables = {**drawn, "parcels": mended.table}
        io.write_layers(stage.path(REPAIRED), tables)
        stage.write_text(STUDY_FILE, own_study(carried(stage, study), tables))
        own = io.open_study(stage.hidden)
        made = delineated(own)
        notes = (*notes, *made.prepared.notes, *overlap_notes(made.delineation))
        write_zones(stage, own, made, "", notes)
        notes = (*notes, *write_study_maps(stage, own))
    return Passage(made.delineation, listed(stage), notes)
