"""Which land is ripe: a score by weighted criteria that shows what it is made of and what it is worth."""

from renewal_geo.potential.acceptability import Acceptability, acceptability
from renewal_geo.potential.criteria import asked_of, checked
from renewal_geo.potential.criterion import Criterion
from renewal_geo.potential.ranking import cut_of
from renewal_geo.potential.ripeness import Potential
from renewal_geo.potential.scoring import score
from renewal_geo.potential.stability import Stability, stability, weight_ranges
from renewal_geo.potential.weighting import Weighting, weigh

__all__ = [
    "Acceptability",
    "Criterion",
    "Potential",
    "Stability",
    "Weighting",
    "acceptability",
    "asked_of",
    "checked",
    "cut_of",
    "score",
    "stability",
    "weigh",
    "weight_ranges",
]
