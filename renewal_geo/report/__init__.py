"""Workbooks that people open: text stays text, totals are formulas, rounded parts add up."""

from renewal_geo.report.books import area_title, class_name, dimension_title
from renewal_geo.report.change_sheets import change_title, change_workbook, plain_ids
from renewal_geo.report.ledger_sheets import books_workbook, ledger_workbook
from renewal_geo.report.quality_sheets import findings_workbook
from renewal_geo.report.workbooks import (
    frontier_workbook,
    score_workbook,
    zone_workbook,
)
from renewal_geo.report.zonal_sheets import zonal_title, zonal_workbook

__all__ = [
    "area_title",
    "books_workbook",
    "change_title",
    "change_workbook",
    "class_name",
    "dimension_title",
    "findings_workbook",
    "frontier_workbook",
    "ledger_workbook",
    "plain_ids",
    "score_workbook",
    "zonal_title",
    "zonal_workbook",
    "zone_workbook",
]
