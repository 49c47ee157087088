"""The pass that scores parcels."""

from __future__ import annotations

from pathlib import Path

from renewal_geo import io, maps, potential, report
from renewal_geo.workflow.studies import (
    Given,
    aliases,
    listed,
    reading_notes,
    record_of,
    sources,
    with_options,
)


def score(
    path: Path, out: Path, given: Given
) -> tuple[potential.Potential, tuple[str, ...], tuple[str, ...]]:
    """Score the parcels of a study and write scores and contributions into `out`."""
    study = with_options(io.open_study(path), given)
    asked = study.settings.get("potential", {})
    name = str(asked.get("name", "score"))
    made = potential.score(study.parcels, asked.get("criteria", ()), name=name)
    # by position, not by id: ids may still repeat, and a join would multiply their rows
    parts = {f"{name}_{c}": made.contributions[c].to_numpy() for c in made.contributions.columns}
    table = study.parcels.assign(**{name: made.scores.to_numpy(), **parts})
    notes = (*reading_notes(study), *made.notes)
    with io.staged(out, record="potential.json") as stage:
        io.write_layers(
            stage.path("potential.gpkg"), {"parcels": table}, aliases=aliases(study, table)
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
            source=sources(study),
            as_of=study.as_of,
            notes=study.provenance.notes,
        )
        page.save(str(stage.path("potential.html")))
        stage.write_json("potential.json", record_of("potential", "score", str(made), study, notes))
    return made, listed(stage), notes
