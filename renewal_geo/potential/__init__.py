"""Which land is ripe: a score by weighted criteria that shows what it is made of and what it is worth."""

from renewal_geo.potential.acceptability import Acceptability
from renewal_geo.potential.criterion import Criterion
from renewal_geo.potential.ripeness import Potential
from renewal_geo.potential.scoring import score
from renewal_geo.potential.stability import Stability
from renewal_geo.potential.weighting import Weighting

__all__ = [
    "Acceptability",
    "Criterion",
    "Potential",
    "Stability",
    "Weighting",
    "score",
]
