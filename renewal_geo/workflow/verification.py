"""A published delineation, re-derived from its files and its study alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from renewal_geo import io, zones
from renewal_geo.foundation import progress
from renewal_geo.foundation.errors import InputError, some_ids
from renewal_geo.foundation.study import Study
from renewal_geo.io.postgis import PREFIX as DATABASE
from renewal_geo.workflow.preparation import Prepared, pilots, prepare
from renewal_geo.workflow.studies import STUDY_FILE, folder_of
from renewal_geo.zones.verification import Broken


def verify(directory: Path, path: Path | None) -> zones.Verification:
    """Re-derive a published delineation from the files in `directory` and its study alone."""
    record = io.read_certificate(directory)
    study_path = path or directory / str(record.get("study", ""))
    named = {entry["role"]: entry for entry in record.get("inputs", [])}
    broken = _changed_inputs(record, study_path)
    if broken:
        return zones.Verification(tuple(broken), len(named), {})
    study = io.open_study(study_path)
    broken = _changed_tables(record, study)
    if broken:
        return zones.Verification(tuple(broken), len(named), {})
    study = dataclasses.replace(study, settings={**study.settings, **_recorded_settings(record)})
    prepared = prepare(study)
    published = _published(directory)
    progress.report("zones.verify", 0.5)
    checked = zones.verify(
        record,
        prepared.parcels,
        prepared.links,
        exclusions=study.exclusions,
        lock_in_areas=pilots(study),
        published=published,
    )
    return _with_vetoes(checked, record, prepared)


def _with_vetoes(
    checked: zones.Verification, record: Mapping[str, Any], prepared: Prepared
) -> zones.Verification:
    """Add that every parcel which a criterion rules out is among those that the certificate locks out."""
    if not prepared.vetoed:
        return checked
    locked = {str(one) for one in record["parameters"].get("lock_out", ())}
    let_in = [one for one in prepared.vetoed if one not in locked]
    broken = checked.broken
    if let_in:
        what = f"{len(let_in):,} parcels that a criterion vetoes are not locked out"
        broken = (*broken, Broken("vetoed", what, some_ids(let_in)))
    return dataclasses.replace(checked, broken=broken, checks=checked.checks + 1)


def _changed_inputs(record: Mapping[str, Any], study_path: Path) -> list[Broken]:
    """Compare every input with the hash that the certificate names."""
    folder = folder_of(study_path)
    if not (folder / STUDY_FILE).exists() and not study_path.is_file():
        raise InputError(
            "the study of this delineation is not where it was",
            where=str(folder),
            fix="say where it is: renewal-geo zones verify DIR --study STUDY",
            code="study_missing",
        )
    broken = []
    for entry in record.get("inputs", []):
        if entry["path"].startswith(DATABASE):
            continue  # known to have changed only when it is read
        file = folder / entry["path"]
        if not file.exists():
            broken.append(Broken("input_missing", f"the input {entry['path']} is gone", str(file)))
        elif entry["sha256"] != io.hash_of(file):
            broken.append(
                Broken("input_changed", f"the input {entry['path']} has changed", str(file))
            )
    return broken


def _changed_tables(record: Mapping[str, Any], study: Study) -> list[Broken]:
    """Compare the tables of a database with the hashes that the certificate names."""
    now = {source.path: source.sha256 for source in study.provenance.inputs}
    return [
        Broken("input_changed", f"the input {entry['path']} has changed", entry["path"])
        for entry in record.get("inputs", [])
        if entry["path"].startswith(DATABASE) and now.get(entry["path"]) != entry["sha256"]
    ]


def _recorded_settings(record: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: dict(table) for name, table in record.get("settings", {}).items()}


def _published(directory: Path) -> dict[str, Any]:
    """Read the published layers back."""
    file = directory / "zones.gpkg"
    found: dict[str, Any] = {}
    keys = {"zones": "zone_id", "envelopes": "zone_id", "parcels": "parcel_id", "links": ""}
    for name, index in keys.items():
        table = io.read_published(file, name)
        if index:
            table.index = pd.Index(table[index].astype(str), name=index, dtype=object)
            table = table.drop(columns=index)
        found[name] = table
    return found
