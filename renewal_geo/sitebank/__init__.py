"""Which off-site land answers which need."""

from renewal_geo.sitebank.assignment import match
from renewal_geo.sitebank.matching import Matching
from renewal_geo.sitebank.words import PRIORITIES

__all__ = ["PRIORITIES", "Matching", "match"]
