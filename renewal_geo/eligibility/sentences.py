"""One sentence per unit that a planner can paste into a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from renewal_geo.eligibility.cases import Case
from renewal_geo.eligibility.verdicts import Text, number
from renewal_geo.eligibility.verdicts import words as text_of
from renewal_geo.rules import WORST_FIRST


def unit_sentence(case: Case, row: int, findings: Sequence[Mapping[str, Any]]) -> Text:
    """Say what a unit is, by which day's rules it was screened, and what came of it.

    Failed criteria are said with their figure, open ones with what is missing, the rest is counted.
    """
    area = case.demolition_m2[row] if not np.isnan(case.demolition_m2[row]) else case.ground_m2[row]
    key = "unit_demolition" if not np.isnan(case.demolition_m2[row]) else "unit_range"
    size = text_of("unit_no_range") if np.isnan(area) else text_of(key, area=number(area))
    said = [
        text_of(f"unit_{status}", count=len(own), list=_listed(status, own))
        for status in WORST_FIRST
        if (own := [one for one in findings if one["status"] == status])
    ]
    body = Text("；".join(one.zh for one in said), "; ".join(one.en for one in said))
    return text_of(
        "unit_sentence", name=case.units.named(row), unit_id=case.units.ids[row], size=size,
        day=case.day.isoformat(), count=len(findings), body=body,
    )  # fmt: skip


def _listed(status: str, findings: Sequence[Mapping[str, Any]]) -> Text:
    named = [_item(status, one) for one in findings]
    return Text("、".join(one.zh for one in named), ", ".join(one.en for one in named))


def _item(status: str, finding: Mapping[str, Any]) -> Text:
    """Return the name of a criterion, with its first clause where it failed or is open, or that it was missed."""
    name = text_of(f"criterion_{finding['criterion']}")
    if status in ("fail", "not_evaluable"):
        clause = Text(finding["text_zh"].split("；")[0], finding["text_en"].split("; ")[0])
        return text_of("unit_item", name=name, text=clause)
    return text_of("unit_missed", name=name) if finding["meets"] is False else name
