"""Workbooks of the questions: zones, scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from renewal_geo.foundation.labels import label
from renewal_geo.foundation.sentences import proof_sentence
from renewal_geo.report.books import add_ledger
from renewal_geo.report.outlook_sheets import (
    add_frontier,
    add_memberships,
    add_outlook,
    parcel_columns,
    phase_of_zones,
)
from renewal_geo.report.packing import pack
from renewal_geo.report.sheets import Heading, add_sheet, new_book
from renewal_geo.report.zone_sheets import (
    add_funnel,
    add_parcels,
    add_sub_districts,
    add_summary,
    add_zones,
    fill_total,
    published_parcels,
)

if TYPE_CHECKING:
    from renewal_geo.ledger import Ledger
    from renewal_geo.potential import Potential
    from renewal_geo.zones import Delineation, Frontier, Outlook


def zone_workbook(
    delineation: Delineation,
    *,
    ledgers: Sequence[Ledger] = (),
    study_name: str = "",
    lang: str = "zh",
    columns: Sequence[str] = (),
    notes: Sequence[str] = (),
    outlook: Outlook | None = None,
) -> bytes:
    """Return the workbook of a delineation.

    Parameters
    ----------
    delineation
        What :func:`renewal_geo.zones.delineate` returned.
    ledgers
        Area books of the zones; one sheet each.
    study_name
        For the heading.
    lang
        Language of sheets and headings.
    columns
        Own columns of the parcels to list besides ours; none by default.
    notes
        Sentences for the summary.
    outlook
        What a planner asks next: adds the sheets frontier, phases, prices, crossings, robustness
        and components, the phase of every zone, and what would have to change for every parcel.

    Returns
    -------
    bytes
        XLSX with the sheets summary, zones, by sub-district, parcels with reasons, funnel and one
        per ledger. Totals are formulas; texts never are. The same delineation gives the same bytes.
    """
    book = new_book(lang, study_name or label("map.zones_title", lang))
    parcels = published_parcels(delineation)
    said = tuple(notes)
    if outlook is not None:
        d = delineation
        how_good = proof_sentence(d.status, d.objective, d.bound, d.gap, lang)
        said = (how_good, *said, *outlook.notes)
    net_area = add_summary(book, delineation, study_name, said)
    fill_total(book, net_area, add_zones(book, delineation, parcels, phase_of_zones(outlook)))
    add_sub_districts(book, parcels)
    made = parcel_columns(outlook, parcels["parcel_id"], lang)
    add_parcels(book, parcels, columns, made)
    add_funnel(book, delineation.funnel, parcels)
    if outlook is not None:
        add_outlook(book, delineation, outlook)
    for ledger in ledgers:
        add_ledger(book, ledger)
    return pack(book)


def frontier_workbook(frontier: Frontier, *, study_name: str = "", lang: str = "zh") -> bytes:
    """Return the frontier as a workbook: its points with charts, and the zones of every point."""
    book = new_book(lang, study_name or label("outlook.frontier_title", lang))
    add_frontier(book, frontier)
    add_memberships(book, frontier)
    return pack(book)


def score_workbook(potential: Potential, *, study_name: str = "", lang: str = "zh") -> bytes:
    """Return scores and what each criterion contributes as a workbook; the score is a formula."""
    book = new_book(lang, study_name or label("sheet.scores", lang))
    parts = potential.contributions
    names = [f"c{i}" for i in range(len(parts.columns))]
    rows = pd.DataFrame(parts.to_numpy(), columns=names)
    rows.insert(0, "parcel_id", parts.index.astype(str))
    rows["score"] = potential.scores.to_numpy()
    heads = [Heading("parcel_id", label("column.parcel_id", lang))]
    heads += [Heading(n, str(c), "score") for n, c in zip(names, parts.columns, strict=True)]
    formula = f"SUM({{{names[0]}}}{{n}}:{{{names[-1]}}}{{n}})" if names else ""
    heads.append(Heading("score", label("column.score", lang), "score", formula=formula))
    complete = rows.dropna(subset=names)
    add_sheet(book, label("sheet.scores", lang), complete, heads, note=str(potential))
    criteria = potential.criteria.reset_index()
    add_sheet(book, label("sheet.criteria", lang), criteria, _headings(criteria, lang))
    if len(potential.missing):
        missing = potential.missing
        add_sheet(book, label("sheet.missing", lang), missing, _headings(missing, lang))
    return pack(book)


def _headings(
    table: pd.DataFrame, lang: str, known: dict[str, tuple[str, str]] | None = None
) -> list[Heading]:
    heads = []
    for name in table.columns:
        numeric = pd.api.types.is_numeric_dtype(table[name]) and not pd.api.types.is_bool_dtype(
            table[name]
        )
        form, total = (known or {}).get(str(name), ("number" if numeric else "text", ""))
        heads.append(Heading(str(name), label(f"column.{name}", lang), form, total))
    return heads
