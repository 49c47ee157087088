"""A study's units screened: its layers, its settings, the rules of one day."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from renewal_geo import eligibility
from renewal_geo.eligibility.screening import Screening
from renewal_geo.foundation.errors import UsageError
from renewal_geo.foundation.settings import SETTINGS
from renewal_geo.foundation.study import Study
from renewal_geo.workflow.studies import rules_of

LAYERS = {
    "demolition": "demolition_ranges",
    "development": "development_land",
    "sites": "sites",
    "tenure": "tenure",
    "buildings": "buildings",
    "parcels": "parcels",
    "odd_lots": "odd_lots",
    "control_lines": "control_lines",
    "block_lines": "block_lines",
    "holders": "holders",
}


def screened(study: Study, day: dt.date | None = None) -> Screening:
    """Screen the units of a study by the rules of its day, or of another one; ages stay those of the study's day.

    Raises
    ------
    InputError, CRSError, UsageError
        As :func:`renewal_geo.eligibility.screen`; where the study has no units.
    """
    given: dict[str, Any] = {name: study.get(role) for name, role in LAYERS.items()}
    made = eligibility.screen(
        study.table("units"),
        rules=rules_of(study, day),
        as_of=study.as_of,
        **given,
        **_terms(study),
    )
    provenance = dataclasses.replace(made.provenance, inputs=study.provenance.inputs)
    return dataclasses.replace(made, provenance=provenance)


def day_of(text: str, option: str) -> dt.date | None:
    """Return a day given as ``2021-03-01``; None for an empty text.

    Raises
    ------
    UsageError
        ``bad_day`` for anything else.
    """
    if not text:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError as fault:
        raise UsageError(
            f"{option} {text!r} is no day", fix="write it as 2021-03-01", code="bad_day"
        ) from fault


def _terms(study: Study) -> dict[str, Any]:
    """Return what ``[eligibility]`` says as arguments of the question; what is empty is left to its default."""
    asked = {key: one.default for key, one in SETTINGS["eligibility"].items()}
    asked |= study.settings.get("eligibility", {})
    return {key: value for key, value in asked.items() if value not in ("", [], {}, None)}
