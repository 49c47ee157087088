"""What the passes over public facilities write: layers, workbook, map and record."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

from renewal_geo import io, maps, report
from renewal_geo.foundation import progress
from renewal_geo.foundation.labels import LANGUAGES
from renewal_geo.foundation.study import Study
from renewal_geo.rules import Rule
from renewal_geo.workflow.publications import look_of, settings_of, write_map
from renewal_geo.workflow.studies import listed, record_of, records_of

if TYPE_CHECKING:
    from renewal_geo.workflow.facilities import Served

COLOURS = {
    "uncovered": "#b0126b", "uncovered_after": "#b0126b", "chosen": "#7a3b00", "assignment": "#8d8578",
    "facilities": "#0072b2", "uncoverable": "#000000", "streets": "#009e73",
}  # fmt: skip


def write_answer(verb: str, made: Served, study: Study, out: Path) -> Served:
    """Write ``facilities.gpkg, .xlsx, .html, .json`` into `out`; ``locate`` has all that ``cover`` has, and more."""
    progress.report("facilities.write", 0.6)
    with io.staged(out, record="facilities.json") as stage:
        layers = layers_of(made)
        titles = {
            name: {
                str(column): report.facility_title(str(column), study.lang)
                for column in (table.index.name, *table.columns)
                if column and column != "geometry"
            }
            for name, table in layers.items()
        }
        styles = {
            name: io.layer_style("", {"": colour}, titles[name])
            for name, colour in COLOURS.items()
            if name in layers and len(layers[name])
        }
        io.write_layers(stage.path("facilities.gpkg"), layers, styles=styles, aliases=titles)
        stage.write_bytes(
            "facilities.xlsx",
            report.facility_workbook(
                made.coverage, kind=made.kind, location=made.location, after=made.after,
                sites=made.sites, study_name=study.name, lang=study.lang, notes=made.notes,
            ),
        )  # fmt: skip
        asked = settings_of(study)
        write_map(stage, "facilities", facility_page(made, study, asked), asked)
        stage.write_json("facilities.json", _record(verb, made, study))
    return dataclasses.replace(made, files=listed(stage))


def facility_page(made: Served, study: Study, asked: dict[str, Any]) -> maps.MapSpec:
    """Return the map of a coverage, and of the sites chosen where they were sought."""
    look = look_of(study, asked, "facilities", demand_role(study), "sites", "roads")
    why = {}
    if made.location is not None:
        for site, row in made.location.chosen.iterrows():
            texts = (report.why_sentence(row, made.location.model, lang) for lang in LANGUAGES)
            why[str(site)] = maps.Text(*texts)
        look["notes"] = (
            *look["notes"],
            *(
                report.location_sentence(made.location, made.kind, made.coverage, made.after, lang)
                for lang in (look["lang"],)
            ),
        )
    return maps.coverage_spec(
        made.coverage, sites=made.sites, location=made.location, kind=made.kind, after=made.after,
        streets=made.streets, why=why, **look,
    )  # fmt: skip


def demand_role(study: Study) -> str:
    """Return the role of the layer of people: as the study says, else demand, else parcels."""
    named = str(study.settings.get("facilities", {}).get("demand", ""))
    return named or ("demand" if study.get("demand") is not None else "parcels")


def layers_of(made: Served) -> dict[str, gpd.GeoDataFrame | pd.DataFrame]:
    """Return the layers by name: those of the coverage, then those of the sites chosen."""
    coverage = made.coverage
    layers: dict[str, gpd.GeoDataFrame | pd.DataFrame] = {
        "summary": coverage.table,
        "demand": coverage.demand.rename_axis("demand_id"),
        "facilities": coverage.facilities.rename_axis("facility_id"),
        "uncovered": coverage.uncovered,
    }
    if made.streets is not None and len(made.streets):
        layers["streets"] = made.streets
    location = made.location
    if location is None:
        return layers
    layers["chosen"] = gpd.GeoDataFrame(location.chosen)
    layers["assignment"] = assignment_lines(made)
    if len(location.uncoverable):
        layers["uncoverable"] = location.uncoverable
    if made.after is not None:
        layers["uncovered_after"] = made.after.uncovered
    return layers


def assignment_lines(made: Served) -> gpd.GeoDataFrame:
    """Return a straight line from each row of demand with people to the site that serves it."""
    location, demand = made.location, made.coverage.demand
    if location is None:
        raise TypeError("nothing was located")
    served = location.assignment
    served = served[served["site_id"].notna() & (served["weight"] > 0)]
    return maps.service_lines(served, demand, gpd.GeoDataFrame(location.chosen))


def _rule(one: Rule) -> dict[str, Any]:
    days = {"since": one.since, "until": one.until, "confirmed_on": one.confirmed_on}
    return {
        **dataclasses.asdict(one),
        **{key: day.isoformat() if day else None for key, day in days.items()},
        "decides": one.decides,
    }


def _record(verb: str, made: Served, study: Study) -> dict[str, Any]:
    coverage, location = made.coverage, made.location
    record = {
        **record_of("facilities", verb, str(made), study, made.notes),
        "by": coverage.by,
        "coverage": records_of(coverage.table),
        "rules": [_rule(one) for one in coverage.rules.values()],
    }
    if location is None:
        return record
    return {
        **record,
        "kind": made.kind,
        "model": location.model,
        "status": location.status,
        "stopped_by": location.stopped_by,
        "objective": location.objective,
        "bound": location.bound,
        "gap": location.gap,
        "proved": location.status == "optimal",
        "parameters": dict(location.parameters),
        "conflict": [dict(one) for one in location.conflict],
        "chosen": records_of(location.chosen),
        "uncoverable": records_of(location.uncoverable),
        "coverage_after": [] if made.after is None else records_of(made.after.table),
    }
