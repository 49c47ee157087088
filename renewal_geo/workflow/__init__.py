"""The passes: read, check, repair, score, connect, delineate, tally, publish.

Each function reads a study, calls the question, and writes its files whole or not at all.
"""

from renewal_geo.workflow.books import tally
from renewal_geo.workflow.drawings import check, repair
from renewal_geo.workflow.preparation import Prepared, prepare
from renewal_geo.workflow.scores import score
from renewal_geo.workflow.studies import records_of
from renewal_geo.workflow.verification import verify
from renewal_geo.workflow.whole import run
from renewal_geo.workflow.zones import Passage, Traced, delineate, frontier

__all__ = [
    "Passage",
    "Prepared",
    "Traced",
    "check",
    "delineate",
    "frontier",
    "prepare",
    "records_of",
    "repair",
    "run",
    "score",
    "tally",
    "verify",
]
