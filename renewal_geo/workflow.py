"""The whole pass on one page: read, check, repair, score, connect, delineate, tally, publish.

Each function reads a study, calls the question, and writes its files whole or not at all.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from renewal_geo import contiguity, io, ledger, maps, potential, quality, report, zones
from renewal_geo.contiguity import Contiguity
from renewal_geo.foundation import progress
from renewal_geo.foundation.compiled import COMPILED
from renewal_geo.foundation.errors import Faults, InputError
from renewal_geo.foundation.labels import label
from renewal_geo.foundation.provenance import Provenance, Source, sha256_of
from renewal_geo.foundation.settings import SETTINGS
from renewal_geo.foundation.study import Study
from renewal_geo.zones.reasons import REASONS
from renewal_geo.zones.verification import Broken

CERTIFICATE = "certificate.json"
STUDY_FILE = "study.toml"
REPAIRED = "repaired.gpkg"
OVERLAP_NOTE_M2 = 1.0
Given = Mapping[str, Mapping[str, Any]]
REASON_COLOURS = {
    "chosen": "#0072b2", "budget": "#e69f00", "low_value": "#f0e442", "undecided": "#cc79a7",
    "isolated": "#999999", "cut_off": "#d55e00", "share": "#56b4e9", "excluded": "#009e73",
    "locked_out": "#7a5c3e", "not_in_pool": "#eeeeea", "ground": "#d9d9d9", "invalid": "#000000",
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Passage:
    """What one command did: the delineation, the files that it wrote, what was decided on the way."""

    delineation: zones.Delineation
    files: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Traced:
    """A frontier, the files that hold it, what was decided on the way."""

    frontier: zones.Frontier
    files: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """Parcels with their score, and their contiguity, as the zones need them."""

    parcels: gpd.GeoDataFrame
    links: Contiguity
    notes: tuple[str, ...]


def run(path: Path, out: Path, given: Given) -> Passage:
    """Check, repair, score, connect, delineate, tally and publish one study into `out`.

    `out` becomes a study of its own: the repaired layers lie in it and are the inputs that the
    certificate names, so that it can be verified wherever it is carried.
    """
    study = _with_options(io.open_study(path), given)
    findings = _checked(study)
    repaired = quality.repair(study.parcels, findings)
    notes = (*_reading_notes(study), str(findings), str(repaired))
    with io.staged(out, record=CERTIFICATE) as stage:
        _write_quality(stage, study, findings, repaired)
        tables = {**study.tables, "parcels": repaired.table}
        io.write_layers(stage.path(REPAIRED), tables)
        stage.write_text(STUDY_FILE, _own_study(study, tables))
        own = io.open_study(stage.hidden)
        made = _delineated(own)
        notes = (*notes, *made.prepared.notes, *_overlap_notes(made.delineation))
        _write_zones(stage, own, made, "", notes)
    return Passage(made.delineation, _listed(stage), notes)


def delineate(path: Path, out: Path, given: Given) -> Passage:
    """Score, connect, delineate and publish the zones of one study into `out`."""
    study = _with_options(io.open_study(path), given)
    made = _delineated(study)
    notes = (*_reading_notes(study), *made.prepared.notes, *_overlap_notes(made.delineation))
    with io.staged(out, record=CERTIFICATE) as stage:
        _write_zones(stage, study, made, os.path.relpath(_folder(path), out), notes)
    return Passage(made.delineation, _listed(stage), notes)


def frontier(path: Path, out: Path, given: Given) -> Traced:
    """Trace what other budgets and outlines would be worth, and write picture and tables into `out`."""
    study = _with_options(io.open_study(path), given)
    asked = _zone_settings(study)
    _require_outlook(asked)
    prepared = prepare(study)
    traced = zones.frontier(
        prepared.parcels,
        prepared.links,
        points=max(1, asked["frontier_points"]),
        **_zone_terms(study, prepared),
    )
    notes = (*_reading_notes(study), *prepared.notes, *traced.notes)
    with io.staged(out, record="zones_frontier.json") as stage:
        stage.write_bytes(
            "zones_frontier.xlsx",
            report.frontier_workbook(traced, study_name=study.name, lang=study.lang),
        )
        stage.write_bytes(
            "zones_frontier.png", maps.frontier_picture(traced, study.lang, title=study.name)
        )
        record = _record("zones", "frontier", str(traced), study, notes)
        stage.write_json("zones_frontier.json", {**record, "points": records_of(traced.table)})
    return Traced(traced, _listed(stage), notes)


def verify(directory: Path, path: Path | None) -> zones.Verification:
    """Re-derive a published delineation from the files in `directory` and its study alone."""
    record = io.read_certificate(directory)
    study_path = path or directory / str(record.get("study", ""))
    named = {entry["role"]: entry for entry in record.get("inputs", [])}
    broken = _changed_inputs(record, study_path)
    if broken:
        return zones.Verification(tuple(broken), len(named), {})
    study = io.open_study(study_path)
    study = dataclasses.replace(study, settings={**study.settings, **_recorded_settings(record)})
    prepared = prepare(study)
    published = _published(directory)
    progress.report("zones.verify", 0.5)
    return zones.verify(
        record,
        prepared.parcels,
        prepared.links,
        exclusions=study.exclusions,
        lock_in_areas=_pilots(study),
        published=published,
    )


def check(
    path: Path, out: Path, given: Given
) -> tuple[quality.Findings, tuple[str, ...], tuple[str, ...]]:
    """Check a study, or a bare layer, and write the findings into `out`."""
    study = _with_options(_study_or_layer(path), given)
    findings = _checked(study)
    with io.staged(out, record="quality.json") as stage:
        _write_quality(stage, study, findings, None)
    return findings, _listed(stage), _reading_notes(study)


def repair(
    path: Path, out: Path, given: Given
) -> tuple[quality.Repair, tuple[str, ...], tuple[str, ...]]:
    """Check and repair a study, or a bare layer, and write the mended layer and the log into `out`."""
    study = _with_options(_study_or_layer(path), given)
    findings = _checked(study)
    repaired = quality.repair(study.parcels, findings)
    with io.staged(out, record="quality.json") as stage:
        _write_quality(stage, study, findings, repaired)
    return repaired, _listed(stage), _reading_notes(study)


def score(
    path: Path, out: Path, given: Given
) -> tuple[potential.Potential, tuple[str, ...], tuple[str, ...]]:
    """Score the parcels of a study and write scores and contributions into `out`."""
    study = _with_options(io.open_study(path), given)
    asked = study.settings.get("potential", {})
    name = str(asked.get("name", "score"))
    made = potential.score(study.parcels, asked.get("criteria", ()), name=name)
    # by position, not by id: ids may still repeat, and a join would multiply their rows
    parts = {f"{name}_{c}": made.contributions[c].to_numpy() for c in made.contributions.columns}
    table = study.parcels.assign(**{name: made.scores.to_numpy(), **parts})
    notes = (*_reading_notes(study), *made.notes)
    with io.staged(out, record="potential.json") as stage:
        io.write_layers(
            stage.path("potential.gpkg"), {"parcels": table}, aliases=_aliases(study, table)
        )
        stage.write_bytes(
            "potential.xlsx",
            report.score_workbook(made, study_name=study.name, lang=study.lang),
        )
        page = maps.value_map(
            table,
            name,
            columns=tuple(f"{name}_{one}" for one in made.contributions.columns),
            titles={f"{name}_{one}": str(t) for one, t in made.criteria["title"].items()},
            lang=study.lang,
            title=study.name,
            source=_sources(study),
            as_of=study.as_of,
            notes=study.provenance.notes,
        )
        page.save(str(stage.path("potential.html")))
        stage.write_json("potential.json", _record("potential", "score", str(made), study, notes))
    return made, _listed(stage), notes


def tally(
    path: Path, out: Path, given: Given
) -> tuple[ledger.Ledger, tuple[str, ...], tuple[str, ...]]:
    """Tally the class layer of a study in its renewal units, or its parcels, into `out`."""
    study = _with_options(io.open_study(path), given)
    asked = study.settings.get("ledger", {})
    layer = study.table(str(asked.get("layer", "land_use")))
    areas = study.get("units")
    areas = study.parcels if areas is None else areas
    book = ledger.tally(areas, layer, by=str(asked.get("by", "land_use")))
    area = book.totals["area_m2"].to_numpy().clip(min=1e-9)
    notes = (*_reading_notes(study), *book.notes)
    with io.staged(out, record="ledger.json") as stage:
        io.write_layers(stage.path("ledger.gpkg"), {"polygons": areas, "ledger": book.table})
        stage.write_bytes(
            "ledger.xlsx", report.ledger_workbook(book, study_name=study.name, lang=study.lang)
        )
        covered = areas.assign(
            uncovered_m2=_uncovered(book), uncovered_share=_uncovered(book) / area
        )
        page = maps.value_map(
            covered,
            "uncovered_share",
            columns=("uncovered_m2",),
            lang=study.lang,
            title=study.name,
            source=_sources(study),
            as_of=study.as_of,
            notes=study.provenance.notes,
        )
        page.save(str(stage.path("ledger.html")))
        stage.write_json("ledger.json", _record("ledger", "tally", str(book), study, notes))
    return book, _listed(stage), notes


def prepare(study: Study) -> Prepared:
    """Score the parcels where the value asks for it, and connect them."""
    parcels, notes = study.parcels, []
    criteria = study.settings.get("potential", {}).get("criteria", ())
    name = str(study.settings.get("potential", {}).get("name", "score"))
    if criteria and name not in parcels.columns:
        made = potential.score(parcels, criteria, name=name)
        parcels = parcels.assign(**{name: made.scores})
        notes += [f"potential: {made}", *(f"potential: {note}" for note in made.notes)]
    asked = _zone_settings(study)
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


@dataclass(frozen=True, slots=True, eq=False)
class _Made:
    """A delineation with what it was made from."""

    delineation: zones.Delineation
    outlook: zones.Outlook | None
    prepared: Prepared
    books: tuple[ledger.Ledger, ...]


def _delineated(study: Study) -> _Made:
    asked = _zone_settings(study)
    _require_outlook(asked)
    prepared = prepare(study)
    if not COMPILED:
        note = "numba is not installed: the search runs uncompiled, some sixty times slower"
        prepared = dataclasses.replace(prepared, notes=(*prepared.notes, note))
    drawn = zones.delineate(prepared.parcels, prepared.links, **_zone_terms(study, prepared))
    foreseen = None
    if asked["outlook_time_s"] > 0:
        foreseen = zones.outlook(
            drawn,
            points=asked["frontier_points"],
            phase_count=asked["phases"],
            phase_budgets_ha=asked["phase_budgets_ha"],
            noise=asked["noise"],
            # who gives the search five seconds does not wait twenty for what comes next
            time_limit_s=min(asked["outlook_time_s"], asked["time_limit_s"]),
            workers=asked["workers"] or os.cpu_count() or 1,
        )
    if asked["filler"] and not drawn.parcels["is_filler"].any():
        note = f"[zones] filler = {asked['filler']!r} selects no parcel"
        prepared = dataclasses.replace(prepared, notes=(*prepared.notes, note))
    books = []
    by = study.settings.get("ledger", {}).get("by", "land_use")
    layer = study.get(str(study.settings.get("ledger", {}).get("layer", "land_use")))
    if layer is not None and by in layer.columns and len(drawn.zones):
        books.append(ledger.tally(drawn.zones, layer, by=by))
    return _Made(drawn, foreseen, prepared, tuple(books))


def _uncovered(book: ledger.Ledger) -> Any:
    rows = book.table[book.table["kind"] == "uncovered"].set_index(book.id_column)["area_m2"]
    return rows.reindex(book.totals.index).to_numpy()


def _overlap_notes(drawn: zones.Delineation) -> tuple[str, ...]:
    """Say where members overlap: their areas then add to more than their zone covers."""
    twice = drawn.zones["area_m2"] - drawn.zones.geometry.area if len(drawn.zones) else pd.Series()
    return tuple(
        f"{zone}: its parcels overlap each other by {area:,.1f} m², counted in its net area; "
        "see quality check"
        for zone, area in twice.items()
        if area > OVERLAP_NOTE_M2
    )


_PASSED = (
    "pool", "filler", "area_budget_ha", "min_area_ha", "max_area_ha", "min_share", "shares",
    "boundary_weight", "lock_in", "lock_out", "keep_together", "min_zones", "max_zones",
    "exclusion_mode", "exclusion_tolerance", "sliver_min_m2", "time_limit_s", "gap", "seed", "workers",
)  # fmt: skip


def _require_outlook(asked: Mapping[str, Any]) -> None:
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


def _zone_terms(study: Study, prepared: Prepared) -> dict[str, Any]:
    asked = _zone_settings(study)
    return {
        "value": _value(asked, prepared.parcels),
        **{name: asked[name] for name in _PASSED},
        "exclusions": study.exclusions,
        "lock_in_areas": _pilots(study),
        "sub_districts": study.sub_districts,
        "control_lines": study.get("control_lines"),
        "lang": study.lang,
        "provenance": study.provenance,
    }


def _zone_settings(study: Study) -> dict[str, Any]:
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


def _pilots(study: Study) -> gpd.GeoDataFrame | None:
    role = _zone_settings(study)["lock_in_layer"]
    return study.table(role) if role else None


def _with_options(study: Study, given: Given) -> Study:
    """Put the options of the command line over the study's settings."""
    settings = {name: dict(table) for name, table in study.settings.items()}
    for question, values in given.items():
        settings.setdefault(question, {}).update(values)
    return dataclasses.replace(study, settings=settings)


def _study_or_layer(path: Path) -> Study:
    if path.is_dir() or path.name == STUDY_FILE or path.suffix == ".toml":
        return io.open_study(path, measured=False)
    parcels, source = io.open_layer(path)
    return Study(
        name=path.stem,
        crs=parcels.crs,  # type: ignore[arg-type]
        tables={"parcels": parcels},
        as_of=dt.datetime.now(tz=dt.UTC).date(),  # a bare layer names no day of its own
        settings={},
        provenance=Provenance(inputs=(source,)),
    )


def _checked(study: Study) -> quality.Findings:
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


def _write_quality(
    stage: io.Stage, study: Study, findings: quality.Findings, repaired: quality.Repair | None
) -> None:
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
    record = _record("quality", verb, summary, study, _reading_notes(study))
    record["counts"] = {str(code): int(n) for code, n in findings.counts.items()}
    record["skipped"] = [list(one) for one in findings.skipped]
    stage.write_json("quality.json", record)


def _write_zones(
    stage: io.Stage, study: Study, made: _Made, study_path: str, notes: Sequence[str]
) -> None:
    drawn = made.delineation
    progress.report("zones.write", 0.0)
    foreseen = _foreseen_columns(made)
    io.write_layers(
        stage.path("zones.gpkg"),
        {
            "zones": drawn.zones.assign(**foreseen["zones"]),
            "envelopes": drawn.envelopes,
            "parcels": drawn.parcels.assign(**foreseen["parcels"]),
            "links": drawn.links,
            "blocked": drawn.blocked,
            "barriers": drawn.barriers,
            **_crossings(made),
        },
        styles=_styles(drawn),
        aliases=_aliases(study, drawn.zones, drawn.parcels),
    )
    stage.write_bytes(
        "zones.xlsx",
        report.zone_workbook(
            drawn, ledgers=made.books, study_name=study.name, lang=study.lang, notes=tuple(notes),
            outlook=made.outlook,
        ),
    )  # fmt: skip
    look: dict[str, Any] = {
        "lang": study.lang,
        "title": study.name,
        "source": _sources(study),
        "as_of": study.as_of,
        "exclusions": study.exclusions,
        "sub_districts": study.sub_districts,
        "notes": study.provenance.notes,
    }
    maps.zone_map(drawn, **look, outlook=made.outlook).save(str(stage.path("zones.html")))
    stage.write_bytes("zones.png", maps.zone_picture(drawn, **look))
    if made.outlook is not None:
        _write_outlook(stage, study, made.outlook)
    record = {**drawn.certificate, "study": study_path.replace(os.sep, "/")}
    record["settings"] = {
        name: dict(study.settings[name])
        for name in ("zones", "potential")
        if name in study.settings
    }
    record["inputs"] = [*record["inputs"], _study_source(study)]
    stage.write_json(CERTIFICATE, record)


def _foreseen_columns(made: _Made) -> dict[str, dict[str, pd.Series]]:
    """Return what the outlook adds to the published zones and parcels: phase, and how firmly chosen."""
    added: dict[str, dict[str, pd.Series]] = {"zones": {}, "parcels": {}}
    foreseen = made.outlook
    if foreseen is None or not len(made.delineation.zones):
        return added
    firm = foreseen.robustness
    if len(firm.table):
        added["zones"]["chosen_frequency"] = firm.zones["mean_frequency"]
        added["parcels"]["chosen_frequency"] = firm.table["frequency"]
    if foreseen.phases is not None:
        added["zones"]["phase"] = foreseen.phases.zones
        added["parcels"]["phase"] = foreseen.phases.membership
    return added


def _crossings(made: _Made) -> dict[str, gpd.GeoDataFrame]:
    crossings = None if made.outlook is None else made.outlook.prices.barriers
    return {} if crossings is None or not len(crossings) else {"crossings": crossings}


def _write_outlook(stage: io.Stage, study: Study, foreseen: zones.Outlook) -> None:
    """Write what comes next as a picture and as one record for other tools."""
    parts = {
        "frontier": None if foreseen.frontier is None else foreseen.frontier.table,
        "phases": None if foreseen.phases is None else foreseen.phases.table,
        "prices": foreseen.prices.table,
        "robustness": foreseen.robustness.zones,
        "components": foreseen.obstacles.table,
    }
    if foreseen.frontier is not None and len(foreseen.frontier.table):
        stage.write_bytes(
            "zones_frontier.png",
            maps.frontier_picture(foreseen.frontier, study.lang, title=study.name),
        )
    record = _record("zones", "outlook", str(foreseen), study, foreseen.notes)
    tables = {name: records_of(table) for name, table in parts.items() if table is not None}
    stage.write_json("zones_outlook.json", {**record, **tables})


def records_of(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows as plain values for JSON: the index as the first, nothing for what is missing."""
    plain = pd.DataFrame(table.drop(columns="geometry", errors="ignore")).reset_index()
    rows = plain.astype(object).where(plain.notna() & ~plain.isin([float("inf")]), None)
    return [
        {str(k): v.item() if hasattr(v, "item") else v for k, v in row.items()}
        for row in rows.to_dict("records")
    ]


def _study_source(study: Study) -> dict[str, Any]:
    file = (study.folder or Path()) / STUDY_FILE
    return dataclasses.asdict(
        Source("study", STUDY_FILE, "", sha256_of([file]) if file.exists() else "", 1, "")
    )


def _styles(drawn: zones.Delineation) -> dict[str, str]:
    labels = {reason: label(f"reason.{reason}", drawn.lang) for reason in REASONS}
    return {
        "parcels": io.layer_style("reason", REASON_COLOURS, labels=labels),
        "zones": io.layer_style("", {"": "#0072b2"}),
        "envelopes": io.layer_style("", {"": "#c1121f"}, filled=False),
        "barriers": io.layer_style("", {"": "#333333"}),
    }


def _aliases(study: Study, *tables: pd.DataFrame) -> dict[str, dict[str, str]]:
    names = ("zones", "parcels") if len(tables) == 2 else ("parcels",)
    return {
        name: {
            str(column): label(f"column.{column}", study.lang)
            for column in [table.index.name, *table.columns]
            if column and column != "geometry"
        }
        for name, table in zip(names, tables, strict=True)
    }


def _sources(study: Study) -> str:
    return "、".join(dict.fromkeys(source.path for source in study.provenance.inputs))


def _own_study(study: Study, tables: Mapping[str, gpd.GeoDataFrame]) -> str:
    """Return the study.toml that makes a folder of repaired layers a study of its own."""
    content = {
        "name": study.name,
        "crs": study.crs.to_string(),
        "as_of": study.as_of,
        "lang": study.lang,
        "notes": list(study.provenance.notes),
        "layers": {role: {"path": REPAIRED, "layer": role} for role in tables},
        **{q: dict(study.settings[q]) for q in SETTINGS if study.settings.get(q)},
    }
    return "# repaired layers of a run; the log of the repairs is in quality.gpkg\n" + io.as_toml(
        content
    )


def _reading_notes(study: Study) -> tuple[str, ...]:
    return tuple(
        f"{source.path}: {note}" for source in study.provenance.inputs for note in source.notes
    )


def _record(
    question: str, verb: str, summary: str, study: Study, notes: Sequence[str]
) -> dict[str, Any]:
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


def _listed(stage: io.Stage) -> tuple[str, ...]:
    return tuple(str(stage.directory / name) for name in stage.names)


def _folder(path: Path) -> Path:
    return path if path.is_dir() else path.parent


def _changed_inputs(record: Mapping[str, Any], study_path: Path) -> list[Broken]:
    """Compare every input with the hash that the certificate names."""
    folder = _folder(study_path)
    if not (folder / STUDY_FILE).exists() and not study_path.is_file():
        raise InputError(
            "the study of this delineation is not where it was",
            where=str(folder),
            fix="say where it is: renewal-geo zones verify DIR --study STUDY",
            code="study_missing",
        )
    broken = []
    for entry in record.get("inputs", []):
        file = folder / entry["path"]
        if not file.exists():
            broken.append(Broken("input_missing", f"the input {entry['path']} is gone", str(file)))
        elif entry["sha256"] != io.hash_of(file):
            broken.append(
                Broken("input_changed", f"the input {entry['path']} has changed", str(file))
            )
    return broken


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
