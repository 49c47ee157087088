"""The pass that screens: units against the rules of a day, written as layers, workbook, map and record."""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from renewal_geo import eligibility, io, maps, report
from renewal_geo.eligibility.screening import Screening
from renewal_geo.foundation import progress
from renewal_geo.foundation.labels import label
from renewal_geo.foundation.study import Study
from renewal_geo.workflow.publications import look_of, settings_of, write_map
from renewal_geo.workflow.screenings import LAYERS, screened
from renewal_geo.workflow.studies import (
    Given,
    listed,
    reading_notes,
    record_of,
    records_of,
    with_options,
)

COLOURS = {
    "pass": "#009e73", "advisory": "#f0e442", "not_evaluable": "#d7d3c8", "fail": "#e69f00",
}  # fmt: skip
OFFENCE_COLOUR = "#b3261e"


@dataclass(frozen=True, slots=True, eq=False)
class Screened:
    """A screening, the same by the rules of another day where one was asked, and what was written.

    Attributes
    ----------
    screening, against
        By the rules of the first and of the other day.
    both
        What :func:`renewal_geo.eligibility.side_by_side` says of the two.
    """

    screening: Screening
    against: Screening | None
    both: pd.DataFrame | None
    lang: str
    files: tuple[str, ...]
    notes: tuple[str, ...]

    def __str__(self) -> str:
        if self.against is None or self.both is None:
            return str(self.screening)
        changed = int(self.both["changed"].sum())
        return (
            f"{self.screening}; by those of {self.against.as_of} {changed} of {len(self.both)} "
            "findings change"
        )

    @property
    def counts(self) -> dict[str, int]:
        """How many units there are, and findings of each status."""
        status = self.screening.findings["status"].value_counts(sort=False)
        return {
            "units": len(self.screening.units),
            **{str(name): int(n) for name, n in status.items()},
        }


def screen(
    path: Path,
    out: Path,
    given: Given,
    on: dt.date | None = None,
    against: dt.date | None = None,
) -> Screened:
    """Screen the units of a study into `out`: ``eligibility.gpkg, .xlsx, .html, .json``.

    Parameters
    ----------
    path, out, given
        The study, the folder for the answer, and options that win over the study.
    on
        The day whose rules apply; the study's by default.
    against
        Another day: the two screenings stand side by side.
    """
    return screen_study(with_options(io.open_study(path), given), out, on, against)


def screen_study(
    study: Study, out: Path, on: dt.date | None = None, against: dt.date | None = None
) -> Screened:
    """Screen the units of a study that is open already; everything else as :func:`screen`."""
    progress.report("eligibility.screen", 0.0)
    first = screened(study, on)
    second = None if against is None else screened(study, against)
    both = None if second is None else eligibility.side_by_side(first, second)
    notes = tuple(dict.fromkeys((*reading_notes(study), *first.notes)))
    made = Screened(first, second, both, study.lang, (), notes)
    progress.report("eligibility.write", 0.5)
    with io.staged(out, record="eligibility.json") as stage:
        layers = layers_of(made)
        io.write_layers(
            stage.path("eligibility.gpkg"),
            layers,
            styles={
                "units": io.layer_style("verdict", COLOURS),
                **(
                    {"offences": io.layer_style("", {"": OFFENCE_COLOUR})}
                    if "offences" in layers
                    else {}
                ),
            },
            aliases={name: _titles(one, study.lang) for name, one in layers.items()},
        )
        book = report.screening_workbook(
            first, second, both, study_name=study.name, lang=study.lang
        )
        stage.write_bytes("eligibility.xlsx", book)
        write_map(stage, "eligibility", drawn_map(made, study), settings_of(study))
        stage.write_json("eligibility.json", _record(made, study))
    return dataclasses.replace(made, files=listed(stage))


def layers_of(made: Screened) -> dict[str, Any]:
    """Return what is written: units, offences, findings, rules, two days. Holders are in none of them."""
    screening = made.screening
    more = screening.figures.drop(columns=screening.units.columns, errors="ignore")
    layers: dict[str, Any] = {"units": screening.units.join(more)}
    if len(screening.offences):
        layers["offences"] = screening.offences
    layers["findings"] = _plain(screening.findings)
    layers["rules"] = report.rule_rows(screening.rules, made.lang)
    if made.both is not None:
        layers["side_by_side"] = _plain(made.both)
    return layers


def drawn_map(made: Screened, study: Study) -> maps.MapSpec:
    """Return the map of a screening, with the ranges and public land of its study."""
    return maps.unit_spec(
        made.screening,
        study.table("units"),
        study.get("development_land"),
        study.get("sites"),
        both_days=made.both,
        other_day="" if made.against is None else made.against.as_of.isoformat(),
        **look_of(study, settings_of(study), "units", *LAYERS.values()) | {"as_of": study.as_of},
    )


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose true, false and unknown are texts, as no format has all three."""
    flags = [name for name in table.columns if str(name).startswith("meets")]
    return table.assign(
        **{
            name: ["" if pd.isna(one) else str(bool(one)).lower() for one in table[name]]
            for name in flags
        }
    )


def _titles(table: pd.DataFrame | gpd.GeoDataFrame, lang: str) -> dict[str, str]:
    names = [table.index.name, *table.columns]
    return {
        str(name): label(f"screening.{name}", lang) for name in names if name and name != "geometry"
    }


def _record(made: Screened, study: Study) -> dict[str, Any]:
    """Return what answers a script: verdicts, findings, rules, what another day changes."""
    first = made.screening
    record = record_of("eligibility", "screen", str(made), study, made.notes)
    record["as_of"] = first.as_of.isoformat()
    record["units"] = records_of(first.units)
    record["figures"] = records_of(first.figures)
    record["findings"] = records_of(first.findings.set_index("unit_id"))
    record["comparisons"] = records_of(first.comparisons.set_index("unit_id"))
    record["left_out"] = records_of(first.left_out.set_index("unit_id"))
    record["rules"] = list(first.provenance.rules)
    if made.against is not None and made.both is not None:
        record["against"] = made.against.as_of.isoformat()
        record["side_by_side"] = records_of(made.both.set_index("unit_id"))
    return record
