"""The passes that measure: area books written as layer, workbook, map and record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from renewal_geo import io, ledger, maps, report
from renewal_geo.workflow.studies import (
    Given,
    listed,
    reading_notes,
    record_of,
    sources,
    with_options,
)


def tally(
    path: Path, out: Path, given: Given
) -> tuple[ledger.Ledger, tuple[str, ...], tuple[str, ...]]:
    """Tally the class layer of a study in its renewal units, or its parcels, into `out`."""
    study = with_options(io.open_study(path), given)
    asked = study.settings.get("ledger", {})
    layer = study.table(str(asked.get("layer", "land_use")))
    areas = study.get("units")
    areas = study.parcels if areas is None else areas
    book = ledger.tally(areas, layer, by=str(asked.get("by", "land_use")))
    area = book.totals["area_m2"].to_numpy().clip(min=1e-9)
    notes = (*reading_notes(study), *book.notes)
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
            source=sources(study),
            as_of=study.as_of,
            notes=study.provenance.notes,
        )
        page.save(str(stage.path("ledger.html")))
        stage.write_json("ledger.json", record_of("ledger", "tally", str(book), study, notes))
    return book, listed(stage), notes


def _uncovered(book: ledger.Ledger) -> Any:
    rows = book.table[book.table["kind"] == "uncovered"].set_index(book.id_column)["area_m2"]
    return rows.reindex(book.totals.index).to_numpy()
