"""Workbooks of the zones: a delineation, and a frontier of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from renewal_geo.foundation.labels import label
from renewal_geo.foundation.sentences import proof_sentence
from renewal_geo.report.books import add_ledger
from renewal_geo.report.contrast_sheets import add_contrast
from renewal_geo.report.outlook_sheets import (
    add_frontier,
    add_memberships,
    add_outlook,
    parcel_columns,
    phase_of_zones,
)
from renewal_geo.report.packing import pack
from renewal_geo.report.sheets import new_book
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
    from renewal_geo.zones import Contrast, Delineation, Frontier, Outlook


def zone_workbook(
    delineation: Delineation,
    *,
    ledgers: Sequence[Ledger] = (),
    study_name: str = "",
    lang: str = "zh",
    columns: Sequence[str] = (),
    notes: Sequence[str] = (),
    outlook: Outlook | None = None,
    contrast: Contrast | None = None,
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
    contrast
        What changes between these zones and the robust ones: adds three sheets, of totals in both
        currencies, of zones, and of the parcels that change sides.

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
    if contrast is not None:
        add_contrast(book, contrast, parcels)
    for ledger in ledgers:
        add_ledger(book, ledger)
    return pack(book)


def frontier_workbook(frontier: Frontier, *, study_name: str = "", lang: str = "zh") -> bytes:
    """Return the frontier as a workbook: its points with charts, and the zones of every point."""
    book = new_book(lang, study_name or label("outlook.frontier_title", lang))
    add_frontier(book, frontier)
    add_memberships(book, frontier)
    return pack(book)
