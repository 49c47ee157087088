"""The pass over handover: what each unit gives the city, as layers, workbook, map and record."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from renewal_geo import handover, io, maps, report
from renewal_geo.foundation import progress
from renewal_geo.foundation.errors import InputError
from renewal_geo.foundation.labels import label
from renewal_geo.foundation.settings import SETTINGS
from renewal_geo.foundation.site_statuses import UNKNOWN
from renewal_geo.foundation.study import Study
from renewal_geo.maps.spec import LayerSpec, MapColumn, MapSpec, both
from renewal_geo.workflow import studies
from renewal_geo.workflow.publications import look_of, settings_of, write_map
from renewal_geo.workflow.studies import (
    Given,
    listed,
    reading_notes,
    record_of,
    records_of,
    with_options,
)

LAYERS = {
    "demolition": "demolition_ranges",
    "development": "development_land",
    "sites": "sites",
    "tenure": "tenure",
    "odd_lots": "odd_lots",
    "land_use": "land_use",
}
UNITS = ("m2", "ha", "mu")
MOST_DECIMALS = 4
RANGE_COLOUR, DEVELOPMENT_COLOUR = "#b3261e", "#d99a3c"
STATUS_COLOURS = {
    "committed": "#c9c4ba", "cleared": "#f0e442", "filed": "#56b4e9", "in_reserve": "#0072b2",
    UNKNOWN: "#f4f2ec",
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class HandedOver:
    """An assessment, the files that were written, what was decided."""

    assessment: handover.Assessment
    lang: str
    files: tuple[str, ...]
    notes: tuple[str, ...]

    def __str__(self) -> str:
        return str(self.assessment)

    @property
    def sentences(self) -> tuple[str, ...]:
        """One sentence per unit, in the language of the study."""
        return tuple(self.assessment.units[f"sentence_{self.lang}"])

    @property
    def counts(self) -> dict[str, int]:
        """How many units, sites and verdicts of each kind there are."""
        status = self.assessment.requirements["status"].value_counts(sort=False)
        return {
            "units": len(self.assessment.units),
            "sites": len(self.assessment.sites),
            **{str(name): int(count) for name, count in status.items()},
        }


def assess(path: Path, out: Path, given: Given, before: Path | None = None) -> HandedOver:
    """Assess the units of a study, against an earlier version where there is one, into `out`."""
    study = with_options(io.open_study(path, needs=("units",)), given)
    earlier = (
        None if before is None else with_options(io.open_study(before, needs=("units",)), given)
    )
    return assess_study(study, out, earlier)


def assess_study(study: Study, out: Path, earlier: Study | None = None) -> HandedOver:
    """Assess the units of a study that is open already; everything else as :func:`assess`."""
    asked = _asked(study)
    progress.report("handover.assess", 0.0)
    # of the earlier version its areas and sites are used, no verdict: the rules need not be those of its day
    old = None if earlier is None else (assessed(earlier, by=study), earlier)
    made = assessed(study, None if old is None else old[0])
    progress.report("handover.write", 0.6)
    read = (
        reading_notes(study)
        if earlier is None
        else (*reading_notes(study), *reading_notes(earlier))
    )
    notes = tuple(dict.fromkeys((*read, *made.notes)))
    changes = handover.change_table(made.changes)
    with io.staged(out, record="handover.json") as stage:
        layers = _layers(made, study, changes)
        io.write_layers(
            stage.path("handover.gpkg"),
            layers,
            styles=_styles(layers, study.lang),
            aliases={name: _titles(one, study.lang) for name, one in layers.items()},
        )
        book = report.handover_workbook(
            made, changes=changes, unit=asked["unit"], decimals=asked["decimals"], study_name=study.name,
            lang=study.lang, sources=study.provenance.inputs,
            notes=(*study.provenance.notes, *read),
        )  # fmt: skip
        stage.write_bytes("handover.xlsx", book)
        if len(made.sites):
            write_map(stage, "handover", handover_page(made, study, old), settings_of(study))
        stage.write_json("handover.json", _record(made, study, notes, changes))
    return HandedOver(made, study.lang, listed(stage), notes)


def assessed(
    study: Study, before: handover.Assessment | None = None, *, by: Study | None = None
) -> handover.Assessment:
    """Return the assessment of a study, by the rules of its day and its own, or by those of another."""
    asked = _asked(study)
    made = handover.assess(
        study.table("units"),
        rules=studies.rules_of(by or study),
        **{name: study.get(role) for name, role in LAYERS.items()},
        before=before,
        legal_kinds=asked["legal"] or None,
        state_unleased_kinds=asked["state_unleased"] or None,
        as_of=study.as_of,
    )
    provenance = dataclasses.replace(made.provenance, inputs=study.provenance.inputs)
    return dataclasses.replace(made, provenance=provenance)


def handover_page(
    made: handover.Assessment,
    study: Study,
    before: tuple[handover.Assessment, Study] | None = None,
) -> MapSpec:
    """Return the map of the sites of an assessment, each demolition range outlined."""
    asked = settings_of(study)
    lang = asked["lang"] or study.lang
    ranges = made.units.rename_axis("project_id")
    spec = maps.handover_spec(
        _sites_drawn(made, study),
        ranges[~ranges.geometry.isna()][["name", "sub_district", "geometry"]],
        before=None if before is None else _sites_drawn(*before),
        before_as_of=None if before is None else before[0].as_of,
        warn_days=asked["warn_days"],
        rules=label("assessment.rules_of", lang, day=made.as_of),
        **look_of(study, asked, "sites", "units", *LAYERS.values()),
    )
    told = made.units[~made.units.geometry.isna()] if asked["edition"] == "internal" else None
    return dataclasses.replace(spec, layers=tuple(_retitled(one, told) for one in spec.layers))


def _retitled(layer: LayerSpec, units: pd.DataFrame | None) -> LayerSpec:
    """Call the outlines demolition ranges, let each say its sentence, and call their owners units."""
    titles = {"project": both("assessment.unit"), "project_id": both("assessment.col_unit_id")}
    columns = tuple(
        dataclasses.replace(one, title=titles.get(one.name, one.title)) for one in layer.columns
    )
    if layer.name != "projects":
        return dataclasses.replace(layer, columns=columns)
    title = both("assessment.demolition")
    classes = tuple(dataclasses.replace(one, title=title) for one in layer.classes)
    made = dataclasses.replace(layer, title=title, classes=classes, columns=columns)
    if units is None:
        return made
    said = MapColumn("sentence_zh", both("assessment.col_text"), english="sentence_en")
    texts = {one: units[one].to_numpy() for one in ("sentence_zh", "sentence_en")}
    values = made.values.assign(**texts)  # noqa: PD011 - our own field
    return dataclasses.replace(made, columns=(*columns, said), values=values)


def _sites_drawn(made: handover.Assessment, study: Study) -> gpd.GeoDataFrame:
    """Return the study's own sites, with unit, status, side and area as they were assessed."""
    found = made.sites
    side = [both(f"assessment.{'inside' if one else 'outside'}").zh for one in found["inside"]]
    return study.table("sites").assign(
        project_id=found["unit_id"].to_numpy(),
        inside=side,
        status=found["status"].where(found["status"] != UNKNOWN, "").to_numpy(),
        area_m2=found["area_m2"].to_numpy(),
    )


def _asked(study: Study) -> dict[str, Any]:
    """Return the settings of handover, defaults filled in.

    Raises
    ------
    InputError
        For a unit or a number of decimals that cannot be printed.
    """
    asked = {key: one.default for key, one in SETTINGS["handover"].items()}
    asked |= study.settings.get("handover", {})
    if asked["unit"] not in UNITS:
        raise InputError(
            f"{asked['unit']!r} is no unit of a printed land balance",
            where="[handover] unit",
            fix=f"one of: {', '.join(UNITS)}",
            code="unknown_unit",
        )
    if not 0 <= asked["decimals"] <= MOST_DECIMALS:
        raise InputError(
            f"decimals = {asked['decimals']} cannot be printed",
            where="[handover] decimals",
            fix=f"give 0 to {MOST_DECIMALS}",
            code="bad_limit",
        )
    return asked


def _layers(
    made: handover.Assessment, study: Study, changes: pd.DataFrame
) -> dict[str, gpd.GeoDataFrame | pd.DataFrame]:
    layers: dict[str, gpd.GeoDataFrame | pd.DataFrame] = {"units": made.units}
    development = study.get("development_land")
    if development is not None:
        layers["development_land"] = development
    layers["sites"] = made.sites
    tables = {
        "requirements": made.requirements,
        "terms": made.terms,
        "balance": made.balance,
        "existing": made.existing,
        "checks": made.checks,
        "changes": changes,
    }
    return layers | {name: one for name, one in tables.items() if len(one)}


def _styles(layers: dict[str, Any], lang: str) -> dict[str, str]:
    labels = {one: report.handover_status(one, lang) for one in STATUS_COLOURS}
    styles = {
        "units": io.layer_style("", {"": RANGE_COLOUR}, filled=False),
        "development_land": io.layer_style("", {"": DEVELOPMENT_COLOUR}),
        "sites": io.layer_style("status", STATUS_COLOURS, labels=labels),
    }
    return {name: one for name, one in styles.items() if name in layers}


def _titles(table: pd.DataFrame, lang: str) -> dict[str, str]:
    names = [str(one) for one in (table.index.name, *table.columns) if one and one != "geometry"]
    titles = {name: report.handover_title(name, lang) for name in names}
    return {name: title for name, title in titles.items() if not title.startswith("col_")}


def _record(
    made: handover.Assessment, study: Study, notes: tuple[str, ...], changes: pd.DataFrame
) -> dict[str, Any]:
    record = record_of("handover", "assess", str(made), study, notes)
    record["as_of"] = made.as_of.isoformat()
    record["rules"] = list(made.provenance.rules)
    record["units"] = records_of(made.units)
    record["requirements"] = records_of(made.requirements)
    record["terms"] = records_of(made.terms)
    record["checks"] = records_of(made.checks)
    record["balance"] = records_of(made.balance)
    record["changes"] = records_of(changes)
    return record
