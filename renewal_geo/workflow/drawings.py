"""The passes over a drawing: check it, mend it, write findings, log and mended layer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

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

REPAIR = "repair"


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
    mended = repaired(study, findings)
    with io.staged(out, record="quality.json") as stage:
        write_quality(stage, study, findings, mended)
    return mended, listed(stage), reading_notes(study)


def checked(study: Study) -> quality.Findings:
    """Return the findings of a study's parcels, with its district, barriers and units."""
    asked = {key: value for key, value in _asked(study).items() if not key.startswith(REPAIR)}
    role = asked.pop("district_layer", "") or "sub_districts"
    return quality.check(
        study.parcels,
        district=study.get(role),
        barriers=study.barriers,
        units=study.get("units"),
        **asked,
    )


def repaired(study: Study, findings: quality.Findings) -> quality.Repair:
    """Mend what the study asks for; what is safe where it asks for nothing."""
    names = {"repair": "codes", "repair_max_width_m": "max_width_m", "repair_max_m2": "max_m2"}
    asked = {names[key]: value for key, value in _asked(study).items() if key in names}
    return quality.repair(study.parcels, findings, **asked)


def _asked(study: Study) -> dict[str, Any]:
    settings = study.settings.get("quality", {})
    return {key: value for key, value in settings.items() if value is not None}


def write_quality(
    stage: io.Stage, study: Study, findings: quality.Findings, repair: quality.Repair | None
) -> None:
    """Write findings, and the mended layer where there is one, with workbook, map and record."""
    layers: dict[str, Any] = {"findings": findings.table}
    if repair is not None:
        layers |= {
            "parcels": repair.table,
            "before": repair.before,
            "moves": repair.moves,
            "dropped": repair.dropped,
            "log": repair.log,
        }
    io.write_layers(stage.path("quality.gpkg"), layers)
    stage.write_bytes("quality.xlsx", report.findings_workbook(findings, repair, lang=study.lang))
    if study.parcels.crs is not None and len(findings.table):
        page = maps.quality_map(
            findings,
            study.parcels,
            repair=repair,
            lang=study.lang,
            subtitle=study.name,
            notes=study.provenance.notes,
        )
        page.save(str(stage.path("quality.html")))
    summary = str(findings) if repair is None else str(repair)
    verb = "check" if repair is None else "repair"
    record = record_of("quality", verb, summary, study, reading_notes(study))
    record["counts"] = {str(code): int(n) for code, n in findings.counts.items()}
    record["skipped"] = [list(one) for one in findings.skipped]
    if repair is not None:
        record["repair"] = repair_record(repair)
    stage.write_json("quality.json", record)


def repair_record(repair: quality.Repair) -> dict[str, Any]:
    """Return what was mended and what was left, counted, with the areas given and taken."""
    log = repair.log
    codes = log["code"].astype(str)
    delta = log["delta_m2"].astype(float)
    return {
        "changes": {code: int(n) for code, n in codes.value_counts(sort=False).items()},
        "left": {str(c): int(n) for c, n in repair.left["code"].value_counts(sort=False).items()},
        "dropped": len(repair.dropped),
        "vertices_moved": len(repair.moves),
        "area_before_m2": repair.area_before_m2,
        "area_after_m2": repair.area_after_m2,
        "taken_m2": _summed(delta.clip(lower=0), codes),
        "given_m2": _summed(-delta.clip(upper=0), codes),
    }


def _summed(areas: pd.Series, codes: pd.Series) -> dict[str, float]:
    return {
        str(code): float(area) + 0.0
        for code, area in areas.groupby(codes, sort=False).sum().items()
    }
