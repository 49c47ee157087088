"""What every pass needs of a study: its settings, its notes, the record of an answer."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from renewal_geo import io, rules
from renewal_geo.foundation.errors import Faults, RuleError
from renewal_geo.foundation.labels import label
from renewal_geo.foundation.provenance import Provenance, Source, sha256_of
from renewal_geo.foundation.settings import SETTINGS
from renewal_geo.foundation.study import Study

CERTIFICATE = "certificate.json"
STUDY_FILE = "study.toml"
REPAIRED = "repaired.gpkg"
DEFAULT_CITY = "shenzhen"
Given = Mapping[str, Mapping[str, Any]]


def with_options(study: Study, given: Given) -> Study:
    """Put the options of the command line over the study's settings."""
    settings = {name: dict(table) for name, table in study.settings.items()}
    for question, values in given.items():
        settings.setdefault(question, {}).update(values)
    return dataclasses.replace(study, settings=settings)


def study_or_layer(path: Path) -> Study:
    """Open a study, or a bare layer as the parcels of a study without settings."""
    folder = (
        path.is_dir() and path.suffix.lower() != ".gdb"
    )  # a geodatabase is a folder, and a layer
    if folder or path.name == STUDY_FILE or path.suffix == ".toml":
        return io.open_study(path, measured=False)
    parcels, source = io.open_layer(path)
    return Study(
        name=path.stem,
        crs=parcels.crs,  # type: ignore[arg-type]
        tables={"parcels": parcels},
        as_of=dt.datetime.now(tz=dt.UTC).date(),  # it names no day of its own: see `data_day`
        settings={},
        provenance=Provenance(inputs=(source,)),
    )


def data_day(study: Study) -> dt.date | None:
    """Return the day of a study's data; a bare layer, which has no folder, names none."""
    return study.as_of if study.folder is not None else None


def records_of(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows as plain values for JSON: the index as the first, nothing for what is missing."""
    plain = pd.DataFrame(table.drop(columns="geometry", errors="ignore")).reset_index()
    rows = plain.astype(object).where(plain.notna() & ~plain.isin([float("inf")]), None)
    return [
        {str(k): v.item() if hasattr(v, "item") else v for k, v in row.items()}
        for row in rows.to_dict("records")
    ]


def study_source(study: Study) -> dict[str, Any]:
    """Return the record of study.toml itself, with its hash."""
    file = (study.folder or Path()) / STUDY_FILE
    return dataclasses.asdict(
        Source("study", STUDY_FILE, "", sha256_of([file]) if file.exists() else "", 1, "")
    )


def aliases(study: Study, *tables: pd.DataFrame) -> dict[str, dict[str, str]]:
    """Return the names that people read for the columns of the published layers."""
    names = ("zones", "parcels") if len(tables) == 2 else ("parcels",)
    return {
        name: {
            str(column): label(f"column.{column}", study.lang)
            for column in [table.index.name, *table.columns]
            if column and column != "geometry"
        }
        for name, table in zip(names, tables, strict=True)
    }


def sources(study: Study, *roles: str) -> str:
    """Return the names of a study's files, or of some roles', as one text; where they lie is nobody's business."""
    inputs = study.provenance.inputs
    used = [one for one in inputs if not roles or one.role.split(".")[0] in roles]
    return "、".join(dict.fromkeys(Path(one.path).name for one in used))


def own_study(
    study: Study,
    tables: Mapping[str, gpd.GeoDataFrame],
    rasters: Mapping[str, Mapping[str, Any]] | None = None,
) -> str:
    """Return the study.toml that makes a folder of repaired layers, and of rasters, a study of its own."""
    content = {
        "name": study.name,
        "crs": study.crs.to_string(),
        "as_of": study.as_of,
        "lang": study.lang,
        "notes": list(study.provenance.notes),
        "layers": {
            **{role: {"path": REPAIRED, "layer": role} for role in tables},
            **(rasters or {}),
        },
        **{q: dict(study.settings[q]) for q in SETTINGS if study.settings.get(q)},
        **_own_rules(study),
    }
    return "# repaired layers of a run; the log of the repairs is in quality.gpkg\n" + io.as_toml(
        content
    )


def rules_of(study: Study, day: dt.date | None = None) -> rules.RuleSet:
    """Return the rules of a study on its day, or on another one, its own values put over them.

    A value that the study sets stands for the one in force on the study's own day (or on the entry's
    ``in_force_on``) and for no other: rules of 2021 do not take a value that was confirmed for 2020.

    Raises
    ------
    RuleError
        For an unknown city, faults in the study's own rule files, a value that no rule has.
    """
    return all_rules_of(study).on(day or study.as_of)


def all_rules_of(study: Study) -> rules.RuleSet:
    """Return the rules of a study on all days, its own values put over them."""
    asked = study.settings.get("rules", {})
    found = rules.load(asked.get("city", DEFAULT_CITY), asked.get("tables"))
    faults = Faults(RuleError)
    for rule_id, entries in asked.get("set", {}).items():
        for one in entries:
            try:
                found = found.override(
                    rule_id,
                    one["value"],
                    because=one["because"],
                    on=one.get("on"),
                    in_force_on=one.get("in_force_on", study.as_of),
                )
            except RuleError as fault:
                place = f'study.toml: [rules."{rule_id}"]'
                faults.add(fault.what, where=place, fix=fault.fix, code=fault.code)
    faults.raise_if_any()
    return found


def rule_files(study: Study) -> dict[str, str]:
    """Return the study's own rule files as texts, by the names that :func:`own_study` gives them."""
    tables = study.settings.get("rules", {}).get("tables", {})
    return {f"rules_{n}.toml": io.as_toml(one) for n, one in enumerate(tables.values(), 1)}


def _own_rules(study: Study) -> dict[str, Any]:
    asked = study.settings.get("rules", {})
    entries = {
        rule_id: values[0] if len(values) == 1 else values
        for rule_id, values in asked.get("set", {}).items()
    }
    if not (entries or asked.get("tables") or asked.get("city", DEFAULT_CITY) != DEFAULT_CITY):
        return {}
    files = {"files": list(rule_files(study))} if asked.get("tables") else {}
    return {"rules": {"city": asked.get("city", DEFAULT_CITY), **files, **entries}}


def reading_notes(study: Study) -> tuple[str, ...]:
    """Return what was decided while reading, each with its file."""
    return tuple(
        f"{source.path}: {note}" for source in study.provenance.inputs for note in source.notes
    )


def record_of(
    question: str, verb: str, summary: str, study: Study, notes: Sequence[str]
) -> dict[str, Any]:
    """Return what every answer's JSON says of question, inputs, settings and notes."""
    return {
        "question": question,
        "verb": verb,
        "summary": summary,
        "study": study.name,
        "inputs": study.provenance.as_record()["inputs"],
        "settings": dict(study.settings.get(question, {})),
        "notes": list(notes),
        "versions": study.provenance.versions,
    }


def listed(stage: io.Stage) -> tuple[str, ...]:
    """Return the paths of the staged files."""
    return tuple(str(stage.directory / name) for name in stage.names)


def folder_of(path: Path) -> Path:
    """Return the folder of a study that is named by folder or by file."""
    return path if path.is_dir() else path.parent
