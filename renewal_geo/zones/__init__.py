"""Contiguous reform zones 连片改造区: delineated, explained, certified, verified, and what comes next."""

from renewal_geo.zones.changes import Changes, changes
from renewal_geo.zones.contrast import Contrast, contrast
from renewal_geo.zones.delineation import Delineation, delineate
from renewal_geo.zones.frontier import Frontier, frontier, frontier_of
from renewal_geo.zones.obstacles import Obstacles, obstacles
from renewal_geo.zones.outlook import Outlook, outlook
from renewal_geo.zones.phases import Phases, phases
from renewal_geo.zones.prices import Prices, prices
from renewal_geo.zones.robustness import Robustness, robustness
from renewal_geo.zones.verification import Verification, verify

__all__ = [
    "Changes",
    "Contrast",
    "Delineation",
    "Frontier",
    "Obstacles",
    "Outlook",
    "Phases",
    "Prices",
    "Robustness",
    "Verification",
    "changes",
    "contrast",
    "delineate",
    "frontier",
    "frontier_of",
    "obstacles",
    "outlook",
    "phases",
    "prices",
    "robustness",
    "verify",
]
