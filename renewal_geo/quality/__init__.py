"""Is the drawing sound? Faults found and classified; what was asked for mended, and every change logged."""

from renewal_geo.quality.checks import check
from renewal_geo.quality.findings import CODES, Findings
from renewal_geo.quality.repairs import REPAIRABLE, SAFE_CODES, Repair, repair

__all__ = ["CODES", "REPAIRABLE", "SAFE_CODES", "Findings", "Repair", "check", "repair"]
