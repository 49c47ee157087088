"""The pass that scores parcels: figures, ranking, what it is worth, as layers, workbook, map and method sheet."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from renewal_geo import io, maps, potential, report
from renewal_geo.foundation import progress
from renewal_geo.foundation.labels import has_label, label
from renewal_geo.foundation.settings import SETTINGS
from renewal_geo.foundation.study import Study
from renewal_geo.workflow.publications import look_of, settings_of, write_map
from renewal_geo.workflow.ripeness import (
    Rated,
    areas_of,
    rated,
    with_inline_criteria,
    with_radius,
)
from renewal_geo.workflow.studies import (
    Given,
    listed,
    reading_notes,
    record_of,
    records_of,
    with_options,
)

SHADES = (  # of the score, from low to high
    "#fde725", "#5ec962", "#21918c", "#3b528b", "#440154",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """A score of a study, the files that were written, what was decided."""

    rated: Rated
    files: tuple[str, ...]
    notes: tuple[str, ...]
    lang: str

    @property
    def potential(self) -> potential.Potential:
        """The score itself."""
        return self.rated.potential


def score(path: Path, out: Path, given: Given) -> Scored:
    """Score the parcels of a study into `out`."""
    study = with_options(io.open_study(path), given)
    return score_study(study, rated(study), out)


def score_study(study: Study, rating: Rated, out: Path) -> Scored:
    """Write a score as layers, workbook, map and record, and the method sheet ``potential_method.pdf``."""
    whole = with_radius(rating, study)
    notes = tuple(dict.fromkeys((*reading_notes(study), *whole.notes)))
    if whole.name in study.parcels.columns:
        notes = (
            *notes,
            f"the parcels have a column {whole.name}: potential.gpkg has the new one in its place",
        )
    progress.report("potential.write", 0.7)
    made: dict[str, Any] = {
        "acceptability": whole.acceptability,
        "stability": whole.stability,
    }
    told = {**made, "areas": areas_of(study.parcels), "study_name": study.name, "lang": study.lang}
    with io.staged(out, record="potential.json") as stage:
        write_score_layers(stage, study, whole)
        stage.write_bytes(
            "potential.xlsx", report.potential_workbook(whole.potential, **told, notes=notes)
        )
        stage.write_bytes(
            "potential_method.pdf",
            maps.method_sheet(
                whole.potential, **made, study_name=study.name, lang=study.lang, as_of=study.as_of,
                notes=(*study.provenance.notes, *whole.notes),
            ),
        )  # fmt: skip
        shown = settings_of(study)
        look = look_of(study, shown, "parcels")
        if not shown["source"]:
            look["source"] = "、".join([look["source"], *_names(whole)])
        spec = maps.potential_spec(study.parcels, whole.potential, **made, **look)
        write_map(stage, "potential", spec, shown)
        stage.write_json("potential.json", _record(study, whole, notes))
    return Scored(whole, listed(stage), notes, study.lang)


def _names(rating: Rated) -> list[str]:
    """Return the names of the rasters and tables that a score was read from."""
    return list(dict.fromkeys(Path(one.path).name for one in rating.sources))


def write_score_layers(stage: io.Stage, study: Study, rating: Rated) -> None:
    """Write the parcels with score, ranks, contributions and raw figures, and the tables beside them."""
    parcels = score_layer(study, rating)
    made = rating.potential
    tables: dict[str, Any] = {"parcels": parcels, "criteria": _plain(made.criteria.reset_index())}
    if len(made.vetoes):
        tables["vetoes"] = made.vetoes.astype({"value": str})
    if len(made.missing):
        tables["missing"] = made.missing
    titles = {name: _titles(table, rating, study.lang) for name, table in tables.items()}
    steps = [(n / 5, (n + 1) / 5, colour) for n, colour in enumerate(SHADES)]
    io.write_layers(
        stage.path("potential.gpkg"),
        tables,
        styles={"parcels": io.graduated_style(rating.name, steps)},
        aliases=titles,
    )


def score_layer(study: Study, rating: Rated) -> gpd.GeoDataFrame:
    """Return the study's parcels with everything that was found of each.

    Columns are joined by position, not by id: ids may still repeat, and a join would multiply their rows.
    """
    made, name = rating.potential, rating.name
    found: dict[str, Any] = {name: made.scores, "rank": made.ranks, "is_vetoed": made.is_vetoed}
    found["limiting"] = made.limiting["criterion"]
    for part in (rating.acceptability, rating.stability):
        if part is not None:
            table = part.table.drop(columns=[c for c in ("rank",) if c in part.table])
            found |= {("stability" if c == "class" else str(c)): table[c] for c in table.columns}
    for criterion in made.contributions.columns:
        found[f"{name}_{criterion}"] = made.contributions[criterion]
    for criterion in made.values.columns:  # noqa: PD011 - a field of the result, not of pandas
        found[f"raw_{criterion}"] = made.values[criterion]  # noqa: PD011
    columns = {key: getattr(value, "array", value) for key, value in found.items()}
    return study.parcels.assign(**columns)


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose lists and mappings are texts, as layers can hold them."""
    return table.astype(object).map(_said).infer_objects()


def _said(value: object) -> object:
    if isinstance(value, Mapping):
        return "; ".join(f"{key}={figure:g}" for key, figure in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "; ".join(f"{one:g}" if isinstance(one, float) else str(one) for one in value)
    return value


def _titles(table: pd.DataFrame, rating: Rated, lang: str) -> dict[str, str]:
    """Return the names that people read for the columns of a layer."""
    named = {one.id: one.named(lang) for one in rating.potential.asked}
    titles = {}
    own_columns = {f"{rating.name}_{one}": ("part", name) for one, name in named.items()}
    own_columns |= {f"raw_{one}": ("raw", name) for one, name in named.items()}
    for column in map(str, [table.index.name or "", *table.columns]):
        if column in own_columns:
            kind, name = own_columns[column]
            titles[column] = label(f"potential.{kind}", lang, name=name)
        elif column not in {"", "geometry"}:
            own = f"potential.{column}"
            titles[column] = label(own if has_label(own) else f"column.{column}", lang)
    return titles


def _record(study: Study, rating: Rated, notes: Sequence[str]) -> dict[str, Any]:
    made = rating.potential
    record = record_of("potential", "score", str(made), study, notes)
    record["inputs"] = [*record["inputs"], *(dataclasses.asdict(one) for one in rating.sources)]
    record["criteria"] = records_of(_plain(made.criteria))
    record["weighting"] = {
        "method": made.weighting.method,
        "because": made.weighting.because,
        "consistency": records_of(made.weighting.consistency),
    }
    if rating.acceptability is not None:
        found = rating.acceptability
        kinds = found.table["class"].value_counts()
        record["acceptability"] = {
            "summary": str(found), "top": found.top, "draws": found.draws, "law": found.law,
            "noise": found.noise, "seed": found.seed, "classes": {str(k): int(n) for k, n in kinds.items()},
        }  # fmt: skip
    if rating.stability is not None:
        record["stability"] = {"summary": str(rating.stability), "cut": rating.stability.cut}
    return record


def write_criteria(path: Path, out: Path) -> int:
    """Write the criteria of a study as a workbook that a planner can fill in; return how many there are."""
    study = io.open_study(path)
    asked = with_inline_criteria(study).settings.get("potential", {})
    given = asked.get("criteria", ())
    method = asked.get("weighting", SETTINGS["potential"]["weighting"].default)
    criteria = potential.checked(given, weighting=method) if given else ()
    book = report.criteria_workbook(
        criteria, matrices=asked.get("ahp", ()), lang=study.lang, study_name=study.name
    )
    io.write_bytes(out, book)
    return len(criteria)
