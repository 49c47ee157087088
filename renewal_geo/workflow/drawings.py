"""The passes over a drawing: check it, mend it, write findings, log and mended layer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from renewal_geo import io, maps, quality, report
from renewal_geo.foundation.study import Study
from renewal_geo.workflow.studies import (
    Given,
    listed,
    reading_notes,
    record_of,
    study_or_layer,
    with_options,
)


def check(
    path: Path, out: Path, given: Given
) -> tuple[quality.Findings, tuple[str, ...], tuple[str, ...]]:
    """Check a study, or a bare layer, and write the findings into `out`."""
    study = with_options(study_or_layer(path), given)
    findings = checked(study)
    with io.staged(out, record="quality.json") as stage:
        write_quality(stage, study, findings, None)
    return findings, listed(stage), reading_notes(study)


def repair(
    path: Path, out: Path, given: Given
) -> tuple[quality.Repair, tuple[str, ...], tuple[str, ...]]:
    """Check and repair a study, or a bare layer, and write the mended layer and the log into `out`."""
    study = with_options(study_or_layer(path), given)
    findings = checked(study)
    repaired = quality.repair(study.parcels, findings)
    with io.staged(out, record="quality.json") as stage:
        write_quality(stage, study, findings, repaired)
    return repaired, listed(stage), reading_notes(study)


def checked(study: Study) -> quality.Findings:
    """Return the findings of a study's parcels, with its district, barriers and units."""
    asked = {
        key: value for key, value in study.settings.get("quality", {}).items() if value is not None
    }
    role = asked.pop("district_layer", "") or "sub_districts"
    return quality.check(
        study.parcels,
        district=study.get(role),
        barriers=study.barriers,
        units=study.get("units"),
        **asked,
    )


def write_quality(
    stage: io.Stage, study: Study, findings: quality.Findings, repaired: quality.Repair | None
) -> None:
    """Write findings, and the mended layer where there is one, with workbook, map and record."""
    layers: dict[str, Any] = {"findings": findings.table}
    if repaired is not None:
        layers |= {"parcels": repaired.table, "dropped": repaired.dropped, "log": repaired.log}
    io.write_layers(stage.path("quality.gpkg"), layers)
    stage.write_bytes("quality.xlsx", report.findings_workbook(findings, repaired, lang=study.lang))
    if study.parcels.crs is not None and len(findings.table):
        page = maps.findings_map(
            findings, study.parcels, lang=study.lang, title=study.name, notes=study.provenance.notes
        )
        page.save(str(stage.path("quality.html")))
    summary = str(findings) if repaired is None else str(repaired)
    verb = "check" if repaired is None else "repair"
    record = record_of("quality", verb, summary, study, reading_notes(study))
    record["counts"] = {str(code): int(n) for code, n in findings.counts.items()}
    record["skipped"] = [list(one) for one in findings.skipped]
    stage.write_json("quality.json", record)
