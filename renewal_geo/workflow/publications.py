"""The passes that publish: one ready map of a study as a page, a wall sheet and a record."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from renewal_geo import io, maps
from renewal_geo.facilities.cover_standards import radius_rules
from renewal_geo.foundation import progress, schema
from renewal_geo.foundation.errors import InputError, SchemaError
from renewal_geo.foundation.facility_kinds import kind_code
from renewal_geo.foundation.settings import SETTINGS, nearest
from renewal_geo.foundation.study import Study
from renewal_geo.maps.ready.task_tables import GATES
from renewal_geo.maps.sheet.wall_sheets import wall_sheet
from renewal_geo.workflow.drawings import checked
from renewal_geo.workflow.screenings import LAYERS as SCREENED
from renewal_geo.workflow.screenings import screened
from renewal_geo.workflow.studies import (
    Given,
    data_day,
    listed,
    reading_notes,
    record_of,
    rules_of,
    sources,
    study_or_layer,
    with_options,
)
from renewal_geo.workflow.zones import delineated

SHEETS = ("A0", "A1", "A2", "A3")
CONTEXT = ("rivers", "barriers", "roads", "sub_districts")
FORMS: tuple[Literal["pdf", "png"], ...] = ("pdf", "png")
PLAIN_TABLES = ("milestones", "supply", "investment")
STUDY_MAPS = {
    "handover": ("sites",),
    "facilities": ("sites", "facilities"),
    "tasks": ("projects",),
}
NO_CONTEXT = ["none"]


@dataclass(frozen=True, slots=True, eq=False)
class Published:
    """One published map: what it says, what stands in the page, the files, what was decided."""

    kind: str
    spec: maps.MapSpec
    page: maps.PageReport
    files: tuple[str, ...]
    notes: tuple[str, ...]

    def __str__(self) -> str:
        rows = ", ".join(f"{n:,} {name}" for name, n in self.page.features.items())
        return f"{self.kind}: {self.page.edition} edition, {rows}; {self.page}"


def publish_map(kind: str, path: Path, out: Path, given: Given) -> Published:
    """Publish one ready map of a study into `out`: ``<kind>.html``, its sheet, ``<kind>_map.json``.

    Parameters
    ----------
    kind
        A key of :data:`MAKERS`.
    path, out, given
        The study, the folder for the answer, and options that win over the study.

    Raises
    ------
    InputError
        If the study lacks a layer or column that the map needs, or a setting means nothing.
    RenderError
        If the page is larger than ``max_mb``, or could not keep what it promises.
    """
    study = with_options(study_or_layer(path) if kind == "quality" else io.open_study(path), given)
    asked = settings_of(study)
    study, plain = with_tables(study, asked)
    progress.report("maps.spec", 0.0)
    spec = MAKERS[kind](study, asked, plain)
    with io.staged(out, record=f"{kind}_map.json") as stage:
        page = write_map(stage, kind, spec, asked)
        notes = (*reading_notes(study), *(note.said(spec.lang) for note in spec.notes))
        made = Published(kind, spec, page, (), notes)
        stage.write_json(f"{kind}_map.json", _record(made, study))
    return dataclasses.replace(made, files=listed(stage))


def settings_of(study: Study) -> dict[str, Any]:
    """Return the settings of the maps, defaults filled in.

    Raises
    ------
    InputError
        For a sheet or a grid that there is not.
    """
    asked = {key: one.default for key, one in SETTINGS["maps"].items()}
    asked |= study.settings.get("maps", {})
    sheet = str(asked["sheet"]).upper()
    if sheet and sheet not in SHEETS:
        raise InputError(
            f"there is no sheet {asked['sheet']!r}{nearest(sheet, SHEETS)}",
            where="[maps] sheet",
            fix=f"one of: {', '.join(SHEETS)}",
            code="bad_sheet",
        )
    for key, least in (("grid_m", 0.0), ("min_owners", 0), ("max_mb", 0.0), ("warn_days", -1)):
        value = asked[key]
        if value is not None and not value > least:
            raise InputError(
                f"{key} = {value}", where=f"[maps] {key}", fix="give more", code="bad_limit"
            )
    return {**asked, "sheet": sheet}


def write_map(
    stage: io.Stage, kind: str, spec: maps.MapSpec, asked: Mapping[str, Any]
) -> maps.PageReport:
    """Write the page of a map, and its wall sheet where one is asked for."""
    progress.report("maps.page", 0.4)
    page = maps.interactive(spec, asked["max_mb"])
    file = stage.path(f"{kind}.html")
    report = dataclasses.replace(page.save(file), path=Path(file.name))
    if asked["sheet"]:
        progress.report("maps.sheet", 0.7)
        for form in FORMS:
            drawn = wall_sheet(spec, size=asked["sheet"], form=form)
            stage.write_bytes(f"{kind}_{asked['sheet']}.{form}", drawn)
    progress.report("maps.page", 1.0)
    return report


def write_study_maps(
    stage: io.Stage, study: Study, without: Collection[str] = ()
) -> tuple[str, ...]:
    """Write the ready maps that a study has the layers for, but those of zones and findings, and `without`.

    Returns
    -------
    tuple
        Which map was not drawn and why, where the layers lack what it needs.
    """
    asked = settings_of(study)
    read, plain = with_tables(study, asked)
    notes = []
    for kind, roles in STUDY_MAPS.items():
        if kind in without or any(study.get(role) is None for role in roles):
            continue
        try:
            spec = MAKERS[kind](read, asked, plain)
        except InputError as fault:
            notes.append(f"{kind}.html is not drawn: {fault.what}")
            continue
        page = write_map(stage, kind, spec, asked)
        stage.write_json(f"{kind}_map.json", _record(Published(kind, spec, page, (), ()), read))
    return tuple(notes)


def carried(stage: io.Stage, study: Study) -> Study:
    """Write the tables without shapes beside the repaired layers; the study returned names them there."""
    given = dict(study.settings.get("maps", {}))
    for role, table in with_tables(study, settings_of(study))[1].items():
        stage.write_text(f"{role}.csv", table.to_csv(lineterminator="\n"))
        given[role] = f"{role}.csv"
    if given.get("before"):
        earlier = (study.folder or Path()) / given["before"]
        given["before"] = os.path.relpath(earlier, stage.directory).replace(os.sep, "/")
    return dataclasses.replace(study, settings={**study.settings, "maps": given})


def look_of(study: Study, asked: Mapping[str, Any], *roles_drawn: str) -> dict[str, Any]:
    """Return what every map is told: heading, footer, edition, base layers; the first role is the main one."""
    name = asked["basemap"]
    wanted = asked["context"] or [
        role for role in CONTEXT if role != "rivers" or study.get(role) is not None
    ]
    roles = [] if wanted == NO_CONTEXT else wanted
    context = {role: study.get(role) for role in roles}
    if asked["context"] and roles:
        context = {role: study.table(role) for role in roles}
    if asked["owners"]:
        _require_own(study.table(roles_drawn[0]), asked["owners"], roles_drawn[0])
    drawn = {*roles_drawn, *(role for role in roles if study.get(role) is not None)}
    return {
        "lang": asked["lang"] or study.lang,
        "edition": asked["edition"],
        "title": asked["title"] or None,
        "subtitle": asked["subtitle"] or study.name,
        "source": asked["source"] or sources(study, *drawn),
        "as_of": data_day(study),
        "review_no": asked["review_no"],
        "columns": tuple(asked["columns"]),
        "owners": asked["owners"],
        "notes": study.provenance.notes,
        "basemap": maps.basemap(name) if name else None,
        "context": context,
        "grid_m": asked["grid_m"],
        "min_owners": asked["min_owners"],
    }


def _require_own(table: pd.DataFrame, name: str, role: str) -> None:
    if name not in table.columns:
        raise InputError(
            f"the table {role} has no column {name!r}{nearest(name, [str(c) for c in table.columns])}",
            where="[maps] owners",
            fix="name the column of the owners",
            code="unknown_column",
        )


def _handover(
    study: Study, asked: Mapping[str, Any], _: Mapping[str, pd.DataFrame]
) -> maps.MapSpec:
    before, before_as_of = None, None
    if asked["before"]:
        folder = (study.folder or Path()) / asked["before"]
        earlier = io.open_study(folder)
        before, before_as_of = earlier.table("sites"), earlier.as_of
    return maps.handover_spec(
        study.table("sites"),
        study.get("projects"),
        before=before,
        before_as_of=before_as_of,
        warn_days=asked["warn_days"],
        **look_of(study, asked, "sites", "projects"),
    )


def _facilities(
    study: Study, asked: Mapping[str, Any], _: Mapping[str, pd.DataFrame]
) -> maps.MapSpec:
    checked_kinds = set(asked["radii_verified"])
    standards = {
        kind: maps.Standard(radius, asked["radii_source"], kind in checked_kinds)
        for kind, radius in asked["radii"].items()
    } or _ruled_radii(study)
    return maps.facility_spec(
        study.table("sites"),
        study.table("facilities"),
        study.get("needs"),
        study.get("demand"),
        standards,
        **look_of(study, asked, "sites", "facilities", "needs", "demand"),
    )


def _ruled_radii(study: Study) -> dict[str, maps.Standard]:
    """Return the radii of the rules in force for the kinds that there are, where the maps state none."""
    table = study.table("facilities")
    if "kind" not in table.columns:
        return {}
    kinds = dict.fromkeys(table["kind"].dropna().map(kind_code))
    found = radius_rules(kinds, None, rules_of(study))
    return {
        kind: maps.Standard(float(one.value), one.document, one.decides)
        for kind, one in found.items()
    }


def _tasks(
    study: Study, asked: Mapping[str, Any], plain: Mapping[str, pd.DataFrame]
) -> maps.MapSpec:
    return maps.task_spec(
        study.table("projects"),
        milestones=plain.get("milestones"),
        supply=plain.get("supply"),
        investment=plain.get("investment"),
        gates=tuple(asked["gates"]) or GATES,
        warn_days=asked["warn_days"],
        **look_of(study, asked, "projects", *PLAIN_TABLES),
    )


def _quality(study: Study, asked: Mapping[str, Any], _: Mapping[str, pd.DataFrame]) -> maps.MapSpec:
    look = look_of(study, asked, "parcels")
    look["context"] = {}
    look["owners"] = ""
    return maps.quality_spec(checked(study), study.parcels, **look)


def _zones(study: Study, asked: Mapping[str, Any], _: Mapping[str, pd.DataFrame]) -> maps.MapSpec:
    look = look_of(study, asked, "parcels", "exclusions", "land_use")
    made = delineated(study)
    # barriers, exclusions and boundaries are layers of a map of zones by themselves
    look["context"] = {k: v for k, v in look["context"].items() if k in {"rivers", "roads"}}
    return maps.zone_spec(
        made.delineation,
        exclusions=study.exclusions,
        sub_districts=study.sub_districts,
        outlook=made.outlook,
        **look,
    )


def _units(study: Study, asked: Mapping[str, Any], _: Mapping[str, pd.DataFrame]) -> maps.MapSpec:
    return maps.unit_spec(
        screened(study),
        study.table("units"),
        study.get("development_land"),
        study.get("sites"),
        **look_of(study, asked, "units", *SCREENED.values()),
    )


Maker = Callable[[Study, Mapping[str, Any], Mapping[str, pd.DataFrame]], maps.MapSpec]
MAKERS: dict[str, Maker] = {
    "zones": _zones,
    "handover": _handover,
    "facilities": _facilities,
    "quality": _quality,
    "tasks": _tasks,
    "units": _units,
}


def with_tables(study: Study, asked: Mapping[str, Any]) -> tuple[Study, dict[str, pd.DataFrame]]:
    """Read the tables without shapes; their files stand among the inputs of the study that is returned."""
    found: dict[str, pd.DataFrame] = {}
    read = []
    for role in PLAIN_TABLES:
        own = study.get(role)
        if own is not None:
            found[role] = pd.DataFrame(own.drop(columns=own.geometry.name))
        elif asked[role]:
            table, source = io.read_table(asked[role], role=role, folder=study.folder)
            found[role] = _canonical(table, role, source.path)
            read.append(source)
    inputs = (*study.provenance.inputs, *read)
    provenance = dataclasses.replace(study.provenance, inputs=inputs)
    return dataclasses.replace(study, provenance=provenance), found


def _canonical(table: pd.DataFrame, role: str, where: str) -> pd.DataFrame:
    """Give a table the canonical columns of its role, recognised by their names; days stay as they are."""
    known = schema.table(role).columns
    guesses = schema.guess([str(name) for name in table.columns], role)
    for name, guess in guesses.items():
        if guess.unit is None:
            examples = [one.name for one in known[name].aliases if one.unit]
            raise SchemaError(
                f"the unit of the column {guess.original!r} is unknown",
                where=where,
                fix=f"call it {' or '.join(examples[:3])}",
                code="unknown_unit",
            )
    days = [name for name in guesses if known[name].dtype == "date"]
    originals = {name: guesses[name].original for name in days}
    columns = {
        name: {"name": one.original, **({"unit": one.unit} if one.unit else {})}
        for name, one in guesses.items()
        if name not in days
    }
    plain = table.drop(columns=list(originals.values()))
    made = pd.DataFrame(schema.conform(plain, role, columns, where=where).frame)
    return made.assign(**{name: table[old].to_numpy() for name, old in originals.items()})


def _record(made: Published, study: Study) -> dict[str, Any]:
    """Return what the page is, for who gets only the file: hash, size, columns, edition, inputs."""
    page, spec = made.page, made.spec
    record = record_of("maps", made.kind, str(made).split(";")[0], study, made.notes)
    return {
        **record,
        "page": {
            "file": f"{made.kind}.html",
            "bytes": page.bytes,
            "sha256": page.sha256,
            "edition": page.edition,
            "review_no": spec.review_no,
            "columns": {name: list(columns) for name, columns in page.columns.items()},
            "features": dict(page.features),
            "hosts": list(page.hosts),
            "fingerprint": spec.fingerprint,
        },
    }
