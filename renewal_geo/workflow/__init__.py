"""The passes: read, check, repair, score, connect, delineate, tally, publish.

Each function reads a study, calls the question, and writes its files whole or not at all.
"""

from renewal_geo.workflow.books import Tallied, tally
from renewal_geo.workflow.changes import compare
from renewal_geo.workflow.drawings import check, repair
from renewal_geo.workflow.eligibility import Screened, screen
from renewal_geo.workflow.exports import Exported, export
from renewal_geo.workflow.facilities import Served, cover, locate
from renewal_geo.workflow.handovers import HandedOver, assess
from renewal_geo.workflow.matching import Matched, match
from renewal_geo.workflow.overlays import overlay, zonal
from renewal_geo.workflow.preparation import Prepared, prepare
from renewal_geo.workflow.publications import Published, publish_map
from renewal_geo.workflow.rules import Confirmed, confirm
from renewal_geo.workflow.scores import Scored, score, write_criteria
from renewal_geo.workflow.screenings import day_of
from renewal_geo.workflow.studies import all_rules_of, records_of
from renewal_geo.workflow.tiles import tally_tiles
from renewal_geo.workflow.verification import verify
from renewal_geo.workflow.whole import run
from renewal_geo.workflow.zones import Passage, Traced, delineate, frontier

__all__ = [
    "Confirmed",
    "Exported",
    "HandedOver",
    "Matched",
    "Passage",
    "Prepared",
    "Published",
    "Scored",
    "Screened",
    "Served",
    "Tallied",
    "Traced",
    "all_rules_of",
    "assess",
    "check",
    "compare",
    "confirm",
    "cover",
    "day_of",
    "delineate",
    "export",
    "frontier",
    "locate",
    "match",
    "overlay",
    "prepare",
    "publish_map",
    "records_of",
    "repair",
    "run",
    "score",
    "screen",
    "tally",
    "tally_tiles",
    "verify",
    "write_criteria",
    "zonal",
]
