"""Workbooks that people open: text stays text, totals are formulas, rounded parts add up."""

from renewal_geo.report.books import area_title, class_name, dimension_title
from renewal_geo.report.change_sheets import change_title, change_workbook, plain_ids
from renewal_geo.report.criteria_sheets import criteria_workbook
from renewal_geo.report.eligibility_sheets import (
    SIGNS,
    criterion_title,
    matrix_of,
    rule_rows,
    screening_workbook,
)
from renewal_geo.report.facility_sheets import (
    coverage_note,
    facility_title,
    facility_workbook,
    location_sentence,
    why_sentence,
)
from renewal_geo.report.handover_sheets import (
    handover_status,
    handover_title,
    handover_workbook,
)
from renewal_geo.report.ledger_sheets import books_workbook, ledger_workbook
from renewal_geo.report.potential_sheets import potential_workbook
from renewal_geo.report.quality_sheets import findings_workbook
from renewal_geo.report.rule_sheets import rules_workbook
from renewal_geo.report.sitebank_sheets import sitebank_workbook
from renewal_geo.report.workbooks import (
    frontier_workbook,
    zone_workbook,
)
from renewal_geo.report.zonal_sheets import zonal_title, zonal_workbook

__all__ = [
    "SIGNS",
    "area_title",
    "books_workbook",
    "change_title",
    "change_workbook",
    "class_name",
    "coverage_note",
    "criteria_workbook",
    "criterion_title",
    "dimension_title",
    "facility_title",
    "facility_workbook",
    "findings_workbook",
    "frontier_workbook",
    "handover_status",
    "handover_title",
    "handover_workbook",
    "ledger_workbook",
    "location_sentence",
    "matrix_of",
    "plain_ids",
    "potential_workbook",
    "rule_rows",
    "rules_workbook",
    "screening_workbook",
    "sitebank_workbook",
    "why_sentence",
    "zonal_title",
    "zonal_workbook",
    "zone_workbook",
]
