"""The passes over zones: delineate, trace the frontier, publish."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from renewal_geo import io, ledger, maps, report, zones
from renewal_geo.foundation import progress
from renewal_geo.foundation.compiled import COMPILED
from renewal_geo.foundation.errors import InputError
from renewal_geo.foundation.expressions import evaluate
from renewal_geo.foundation.labels import label
from renewal_geo.foundation.study import Study
from renewal_geo.workflow.preparation import (
    Prepared,
    prepare,
    require_outlook,
    zone_settings,
    zone_terms,
)
from renewal_geo.workflow.ripeness import potential_settings, score_draws
from renewal_geo.workflow.studies import (
    CERTIFICATE,
    Given,
    aliases,
    folder_of,
    listed,
    reading_notes,
    record_of,
    records_of,
    sources,
    study_source,
    with_options,
)
from renewal_geo.zones.reasons import REASONS

OVERLAP_NOTE_M2 = 1.0
PUBLISHED_COLUMNS = (
    "land_use",
    "sub_district",
)  # of the parcels, in the internal map besides its own
WEIGHTINGS = 30  # that the outlook draws zones for
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


def delineate(path: Path, out: Path, given: Given) -> Passage:
    """Score, connect, delineate and publish the zones of one study into `out`."""
    study = with_options(io.open_study(path), given)
    made = delineated(study)
    notes = (*reading_notes(study), *made.prepared.notes, *overlap_notes(made.delineation))
    with io.staged(out, record=CERTIFICATE) as stage:
        write_zones(stage, study, made, os.path.relpath(folder_of(path), out), notes)
    return Passage(made.delineation, listed(stage), notes)


def frontier(path: Path, out: Path, given: Given) -> Traced:
    """Trace what other budgets and outlines would be worth, and write picture and tables into `out`."""
    study = with_options(io.open_study(path), given)
    asked = zone_settings(study)
    require_outlook(asked)
    prepared = prepare(study)
    traced = zones.frontier(
        prepared.parcels,
        prepared.links,
        points=max(1, asked["frontier_points"]),
        **zone_terms(study, prepared),
    )
    notes = (*reading_notes(study), *prepared.notes, *traced.notes)
    with io.staged(out, record="zones_frontier.json") as stage:
        stage.write_bytes(
            "zones_frontier.xlsx",
            report.frontier_workbook(traced, study_name=study.name, lang=study.lang),
        )
        stage.write_bytes(
            "zones_frontier.png", maps.frontier_picture(traced, study.lang, title=study.name)
        )
        record = record_of("zones", "frontier", str(traced), study, notes)
        stage.write_json("zones_frontier.json", {**record, "points": records_of(traced.table)})
    return Traced(traced, listed(stage), notes)


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """A delineation with what it was made from."""

    delineation: zones.Delineation
    outlook: zones.Outlook | None
    prepared: Prepared
    books: tuple[ledger.Ledger, ...]
    robust: zones.Delineation | None = None
    contrast: zones.Contrast | None = None


def delineated(study: Study, *, with_robust: bool = False) -> Made:
    """Prepare, delineate, look ahead and tally one study; draw its zones by the robust score too where asked."""
    asked = zone_settings(study)
    require_outlook(asked)
    prepared = prepare(study)
    if not COMPILED:
        note = "numba is not installed: the search runs uncompiled, some sixty times slower"
        prepared = dataclasses.replace(prepared, notes=(*prepared.notes, note))
    drawn = _drawn(study, prepared)
    values = weighted_values(study, prepared)
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
            values=values,
        )
    if asked["filler"] and not drawn.parcels["is_filler"].any():
        note = f"[zones] filler = {asked['filler']!r} selects no parcel"
        prepared = dataclasses.replace(prepared, notes=(*prepared.notes, note))
    books = []
    by = study.settings.get("ledger", {}).get("by", "land_use")
    layer = study.get(str(study.settings.get("ledger", {}).get("layer", "land_use")))
    if layer is not None and by in layer.columns and len(drawn.zones):
        books.append(ledger.tally(drawn.zones, layer, by=by))
    made = Made(drawn, foreseen, prepared, tuple(books))
    return _with_robust(made, study, values) if with_robust else made


def _drawn(study: Study, prepared: Prepared) -> zones.Delineation:
    """Delineate; where candidates lack a score, say which criterion has no figure for them."""
    try:
        return zones.delineate(prepared.parcels, prepared.links, **zone_terms(study, prepared))
    except InputError as fault:
        if fault.code != "missing_value" or prepared.rated is None:
            raise
        found = prepared.rated.potential
        open_ = [one.id for one in found.asked if one.missing is None and one.id in found.ratings]
        lacking = found.missing[found.missing["criterion"].isin(open_)]
        counts = lacking.groupby("criterion").size()
        said = ", ".join(f"{name} ({count:,})" for name, count in counts.items())
        if not said:
            raise
        raise InputError(
            fault.what,
            where=fault.where,
            fix=f"parcels without a figure, by criterion: {said}; give the criterion missing = 0..1, fill the source, "
            "or leave these parcels out of the pool",
            code=fault.code,
        ) from fault


def weighted_values(study: Study, prepared: Prepared) -> pd.DataFrame | None:
    """Return what a hectare of every parcel is worth under other weightings of the criteria, parcels x draws.

    None where the zones are not drawn by a score, or no weightings were drawn: the outlook then tries noise.
    """
    rating, value = prepared.rated, zone_terms(study, prepared)["value"]
    if rating is None or rating.acceptability is None or not _names(value, rating.name):
        return None
    scores = score_draws(rating, WEIGHTINGS)
    parcels = prepared.parcels
    worth = {
        str(draw): evaluate(value, parcels.assign(**{rating.name: scores[:, draw]}))
        for draw in range(scores.shape[1])
    }
    return pd.DataFrame(worth, index=parcels.index)


def _names(value: str | float, name: str) -> bool:
    """Return whether a value is an expression that names a column."""
    return (
        isinstance(value, str) and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", value) is not None
    )


def _with_robust(made: Made, study: Study, values: pd.DataFrame | None) -> Made:
    """Draw the zones again by the score that holds in nine of ten weightings, and compare.

    The second drawing has half the time of the first: it only has to show what changes.
    """
    prepared, rating = made.prepared, made.prepared.rated
    terms = zone_terms(study, prepared)
    if (
        rating is None
        or rating.acceptability is None
        or not potential_settings(study)["robust"]
        or not _names(terms["value"], rating.name)
    ):
        return made
    sure = prepared.parcels.assign(**{rating.name: prepared.parcels["score_robust"]})
    terms["time_limit_s"] = terms["time_limit_s"] / 2
    robust = zones.delineate(sure, prepared.links, begin_with=made.delineation, **terms)
    compared = zones.contrast(
        made.delineation,
        robust,
        values=values,
        columns=(rating.name, "score_robust", "top_share"),
    )
    return dataclasses.replace(made, robust=robust, contrast=compared)


def overlap_notes(drawn: zones.Delineation) -> tuple[str, ...]:
    """Say where members overlap: their areas then add to more than their zone covers."""
    twice = drawn.zones["area_m2"] - drawn.zones.geometry.area if len(drawn.zones) else pd.Series()
    return tuple(
        f"{zone}: its parcels overlap each other by {area:,.1f} m², counted in its net area; "
        "see quality check"
        for zone, area in twice.items()
        if area > OVERLAP_NOTE_M2
    )


def write_zones(
    stage: io.Stage, study: Study, made: Made, study_path: str, notes: Sequence[str]
) -> None:
    """Write layers, workbook, map, picture and certificate of a delineation."""
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
            **_robust_layer(made),
        },
        styles=_styles(drawn),
        aliases=_aliases(study, made),
    )
    stage.write_bytes(
        "zones.xlsx",
        report.zone_workbook(
            drawn, ledgers=made.books, study_name=study.name, lang=study.lang, notes=tuple(notes),
            outlook=made.outlook, contrast=made.contrast,
        ),
    )  # fmt: skip
    look: dict[str, Any] = {
        "lang": study.lang,
        "title": study.name,
        "source": sources(study),
        "as_of": study.as_of,
        "exclusions": study.exclusions,
        "sub_districts": study.sub_districts,
        "notes": study.provenance.notes,
    }
    shown = [name for name in PUBLISHED_COLUMNS if name in drawn.parcels]
    robust = None
    if made.robust is not None and len(made.robust.zones):
        robust = made.robust.envelopes.assign(area_m2=made.robust.zones["area_m2"])
    maps.zone_map(drawn, **look, columns=shown, outlook=made.outlook, robust=robust).save(
        str(stage.path("zones.html"))
    )
    stage.write_bytes("zones.png", maps.zone_picture(drawn, **look))
    if made.outlook is not None:
        _write_outlook(stage, study, made.outlook)
    record = {**drawn.certificate, "study": study_path.replace(os.sep, "/")}
    record["settings"] = {
        name: dict(study.settings[name])
        for name in ("zones", "potential")
        if name in study.settings
    }
    record["inputs"] = [*record["inputs"], study_source(study)]
    stage.write_json(CERTIFICATE, record)


def _foreseen_columns(made: Made) -> dict[str, dict[str, pd.Series]]:
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


def _crossings(made: Made) -> dict[str, gpd.GeoDataFrame]:
    crossings = None if made.outlook is None else made.outlook.prices.barriers
    return {} if crossings is None or not len(crossings) else {"crossings": crossings}


def _aliases(study: Study, made: Made) -> dict[str, dict[str, str]]:
    """Return the names of columns; a frequency is called by what was drawn, noise or weightings."""
    drawn = made.delineation
    titles = aliases(study, drawn.zones, drawn.parcels)
    if made.outlook is not None and made.outlook.robustness.law == "weightings":
        for table in titles.values():
            table["chosen_frequency"] = label("contrast.frequency", study.lang)
    return titles


def _robust_layer(made: Made) -> dict[str, gpd.GeoDataFrame]:
    return {} if made.robust is None or not len(made.robust.zones) else {"zones_robust": made.robust.zones}  # fmt: skip


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
    record = record_of("zones", "outlook", str(foreseen), study, foreseen.notes)
    tables = {name: records_of(table) for name, table in parts.items() if table is not None}
    stage.write_json("zones_outlook.json", {**record, **tables})


def _styles(drawn: zones.Delineation) -> dict[str, str]:
    labels = {reason: label(f"reason.{reason}", drawn.lang) for reason in REASONS}
    return {
        "parcels": io.layer_style("reason", REASON_COLOURS, labels=labels),
        "zones": io.layer_style("", {"": "#0072b2"}),
        "envelopes": io.layer_style("", {"": "#c1121f"}, filled=False),
        "barriers": io.layer_style("", {"": "#333333"}),
    }
