"""Which units may be listed: every criterion with its figure, its limit and its source."""

from renewal_geo.eligibility.comparison import side_by_side
from renewal_geo.eligibility.criteria import CRITERIA, Criterion
from renewal_geo.eligibility.screening import Screening
from renewal_geo.eligibility.screens import screen

__all__ = ["CRITERIA", "Criterion", "Screening", "screen", "side_by_side"]
