"""Every criterion in one table: what it is called, whom it concerns, which rules it asks, who answers.

A new criterion is one entry here, its texts in ``labels/eligibility.toml``, and a function of a
:class:`~renewal_geo.eligibility.cases.Case` and of the units that it concerns.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from renewal_geo.eligibility import ages, improvement, land, lines, odd_lots, willingness
from renewal_geo.eligibility.cases import Case
from renewal_geo.eligibility.units import Mask
from renewal_geo.eligibility.verdicts import Answer

Concerns = Literal["rebuilds", "improves", "all"]


@dataclass(frozen=True, slots=True)
class Criterion:
    """One question: the ids of the rules that it asks and the units it concerns."""

    name: str
    concerns: Concerns
    rules: tuple[str, ...]
    ask: Callable[[Case, Mask], Answer]


CRITERIA: dict[str, Criterion] = {
    one.name: one
    for one in (
        Criterion("area", "rebuilds", (land.AREA_RULE, land.SMALL_LOT_RULE), land.area),
        Criterion(
            "public_land", "rebuilds", (land.PUBLIC_AREA_RULE, land.PUBLIC_SHARE_RULE), land.public_land
        ),
        Criterion(
            "legal_land", "rebuilds",
            (land.LEGAL_RULE, land.LEGAL_PINGSHAN_RULE, land.LEGAL_KEY_RULE, "unit.legal_land_kinds"),
            land.legal_land,
        ),
        Criterion(
            "building_age", "rebuilds", (*ages.AGE_RULES, ages.YOUNGER_RULE, ages.BEFORE_RULE), ages.building_age
        ),
        Criterion(
            "odd_lots", "rebuilds", (odd_lots.SHARE_RULE, odd_lots.TOTAL_RULE, odd_lots.SINGLE_RULE), odd_lots.odd_lots
        ),
        Criterion("control_lines", "all", lines.LINE_RULES, lines.control_lines),
        Criterion("block_lines", "all", (lines.SHARE_RULE, lines.LEVEL_RULE), lines.block_lines),
        Criterion("willingness", "rebuilds", willingness.RULES, willingness.willingness),
        Criterion("key_unit", "rebuilds", (land.LEGAL_RULE, land.LEGAL_KEY_RULE), land.key_unit),
        Criterion(
            "improvement", "improves",
            (improvement.AUXILIARY_RULE, improvement.BUSINESS_RULE, improvement.AGE_RULE), improvement.improvement,
        ),
    )
}  # fmt: skip
