"""Workbooks that people open: text stays text, totals are formulas, rounded parts add up."""

from renewal_geo.report.workbooks import (
    findings_workbook,
    frontier_workbook,
    ledger_workbook,
    score_workbook,
    zone_workbook,
)

__all__ = [
    "findings_workbook", "frontier_workbook", "ledger_workbook", "score_workbook", "zone_workbook",
]  # fmt: skip
