"""Is the drawing sound? Faults found and classified; what is safe to mend, mended and logged."""

from renewal_geo.quality.checks import check
from renewal_geo.quality.findings import CODES, Findings
from renewal_geo.quality.repairs import Repair, repair

__all__ = ["CODES", "Findings", "Repair", "check", "repair"]
