"""The pass that matches: off-site land with needs, written as layers, workbook, map and record."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from renewal_geo import io, maps, report, sitebank
from renewal_geo.foundation import progress
from renewal_geo.foundation.errors import InputError, some_ids
from renewal_geo.foundation.labels import has_label, label
from renewal_geo.foundation.schema import as_text
from renewal_geo.foundation.settings import SETTINGS
from renewal_geo.foundation.study import Study
from renewal_geo.workflow.publications import look_of, settings_of, write_map
from renewal_geo.workflow.studies import (
    Given,
    listed,
    reading_notes,
    record_of,
    records_of,
    with_options,
)

DISTANCE_COLUMNS = {
    "need_id": ("need_id", "需求编号"),
    "site_id": ("site_id", "用地编号"),
    "distance_m": ("distance_m", "距离", "距离m"),
}
NEED_COLOURS = {
    "": "#1b7837", "area": "#b0126b", "shape": "#7b3294", "use": "#d55e00", "date": "#0072b2",
    "distance": "#8c510a", "taken": "#444444", "no_site": "#999999",
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Matched:
    """A matching of a study, the files that were written, what was decided."""

    matching: sitebank.Matching
    files: tuple[str, ...]
    notes: tuple[str, ...]
    lang: str


def match(path: Path, out: Path, given: Given) -> Matched:
    """Match the sites of a study with its needs, into `out`."""
    return match_study(with_options(io.open_study(path, needs=("sites", "needs")), given), out)


def match_study(study: Study, out: Path) -> Matched:
    """Match the sites of a study that is open already; everything else as :func:`match`."""
    asked = {key: setting.default for key, setting in SETTINGS["sitebank"].items()}
    asked |= study.settings.get("sitebank", {})
    study, distances = _distances(study, asked.pop("distances"))
    asked["priorities"] = asked["priorities"] or sitebank.PRIORITIES
    progress.report("sitebank.match", 0.1)
    found = sitebank.match(
        study.table("sites"), study.table("needs"), as_of=study.as_of, distances=distances, **asked
    )
    notes = tuple(dict.fromkeys((*reading_notes(study), *found.notes)))
    progress.report("sitebank.write", 0.6)
    with io.staged(out, record="sitebank.json") as stage:
        _write_layers(stage, found, study)
        book = report.sitebank_workbook(
            found, study_name=study.name, as_of=study.as_of.isoformat(), lang=study.lang,
            sources=study.provenance.inputs, notes=(*study.provenance.notes, *notes),
        )  # fmt: skip
        stage.write_bytes("sitebank.xlsx", book)
        shown = settings_of(study)
        spec = maps.sitebank_spec(found, **look_of(study, shown, "sites", "needs"))
        write_map(stage, "sitebank", spec, shown)
        stage.write_json("sitebank.json", _record(found, study, notes))
    return Matched(found, listed(stage), notes, study.lang)


def link_layer(found: sitebank.Matching) -> gpd.GeoDataFrame:
    """Return a line from each answered need to its site, with its distance (m) and the days it waits."""
    needs = found.needs[found.needs["site_id"] != ""]
    starts = shapely.point_on_surface(needs.geometry.to_numpy())
    rows = found.sites.index.get_indexer(pd.Index(needs["site_id"]))
    ends = shapely.point_on_surface(found.sites.geometry.to_numpy()[rows])
    drawn = np.array(
        [shapely.LineString([a, b]) if a else None for a, b in zip(starts, ends, strict=True)]
    )
    columns = ["site_id", "distance_m", "days_late", "spare_m2"]
    table = pd.DataFrame(needs[columns]).rename_axis("need_id").reset_index()
    return gpd.GeoDataFrame(table, geometry=drawn, crs=found.sites.crs)


def _write_layers(stage: io.Stage, found: sitebank.Matching, study: Study) -> None:
    lang = study.lang
    layers: dict[str, Any] = {
        "needs": found.needs, "sites": found.sites, "links": link_layer(found), "pairs": found.pairs,
    }  # fmt: skip
    titles = {
        name: {str(column): _title(str(column), name, lang) for column in _columns(table)}
        for name, table in layers.items()
    }
    said = {one: label(f"sitebank.is_{one or 'matched'}", lang) for one in NEED_COLOURS}
    styles = {
        "needs": io.layer_style("reason", NEED_COLOURS, kind="marker", labels=said),
        "sites": io.layer_style("", {"": "#c8b273"}),
        "links": io.layer_style("", {"": "#1b7837"}, kind="line"),
    }
    styles = {name: one for name, one in styles.items() if len(layers[name])}
    io.write_layers(stage.path("sitebank.gpkg"), layers, styles=styles, aliases=titles)


def _columns(table: pd.DataFrame) -> list[Any]:
    return [one for one in (table.index.name, *table.columns) if one and one != "geometry"]


def _title(column: str, layer: str, lang: str) -> str:
    name = "held" if (layer, column) == ("sites", "needs") else column
    own = f"sitebank.{name}"
    return label(own, lang) if has_label(own) else label(f"column.{column}", lang)


def _distances(study: Study, file: str) -> tuple[Study, pd.DataFrame | None]:
    """Return the distances that the study names as a table of needs by sites, its file among the inputs."""
    if not file:
        return study, None
    table, source = io.read_table(file, role="distances", folder=study.folder)
    found = {name: _column_of(table, words, file) for name, words in DISTANCE_COLUMNS.items()}
    long = pd.DataFrame(
        {
            "need_id": as_text(table[found["need_id"]]),
            "site_id": as_text(table[found["site_id"]]),
            "distance_m": pd.to_numeric(table[found["distance_m"]], errors="coerce"),
        }
    )
    twice = long[long.duplicated(["need_id", "site_id"])]
    if len(twice):
        pairs = [f"{a}–{b}" for a, b in zip(twice["need_id"], twice["site_id"], strict=True)]
        raise InputError(
            f"{len(twice)} pairs have more than one distance",
            where=f"{file}: {some_ids(pairs)}",
            fix="keep one row per need and site",
            code="duplicate_pair",
        )
    wide = long.pivot_table(index="need_id", columns="site_id", values="distance_m")
    made = wide.reindex(study.table("needs").index, columns=study.table("sites").index)
    provenance = dataclasses.replace(study.provenance, inputs=(*study.provenance.inputs, source))
    return dataclasses.replace(study, provenance=provenance), made


def _column_of(table: pd.DataFrame, words: tuple[str, ...], file: str) -> str:
    for word in words:
        if word in table.columns:
            return word
    raise InputError(
        f"the table of distances has no column {words[0]}",
        where=f"{file}; it has: {some_ids(table.columns, 12)}",
        fix=f"call it {' or '.join(words)}",
        code="unknown_column",
    )


def _record(found: sitebank.Matching, study: Study, notes: tuple[str, ...]) -> Mapping[str, Any]:
    needs = found.needs
    columns = [
        "site_id", "distance_m", "days_late", "spare_m2", "reason", "reason_zh", "reason_en", "nearest_miss",
        "missed_by",
    ]  # fmt: skip
    bank = found.sites[found.sites["kept_out"] == ""]
    return {
        **record_of("sitebank", "match", str(found), study, notes),
        "status": found.status,
        "stopped_by": found.stopped_by,
        "objective": found.objective,
        "bound": found.bound,
        "gap": found.gap,
        "cost": found.cost,
        "least_cost": found.least_cost,
        "conflict": list(found.conflict),
        "parameters": dict(found.parameters),
        "ranks": records_of(found.ranks.set_index("priority")),
        "needs": records_of(needs[columns].rename_axis("need_id")),
        "sites": records_of(
            bank[["needs", "used_m2", "left_m2", "width_m"]].rename_axis("site_id")
        ),
    }
