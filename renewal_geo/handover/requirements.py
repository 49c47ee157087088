"""What every rule asks of a unit's land: required, offered, short by how much, and whether it decides."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from renewal_geo.foundation.errors import RuleError
from renewal_geo.foundation.labels import label
from renewal_geo.handover.sentences import PRACTICE, area_text, title_of
from renewal_geo.rules import Rule, judge

FLOORS = (
    "unit.public_land_min_share",
    "unit.public_land_min_area",
    "unit.small_lot_public_area",
    "handover.by_build_ratio",
    "handover.practice_low",
    "handover.practice_high",
)
SMALL_LOT, LEAST_RANGE = "unit.small_lot_public_area", "unit.min_demolition_area"
SUCCESSOR, KEY_UNIT = "historic_land.successor_share", "historic_land.key_unit"
DISPOSAL = (SUCCESSOR, KEY_UNIT)
BY_BUILD_RATIO = "handover.by_build_ratio"
STEP, LINEAR = "step", "linear"
# coordinates of millions of metres blur the last digits: a limit that is met to these is met
SHARE_DIGITS, AREA_DIGITS = 9, 4
COLUMNS = (
    "unit_id", "rule_id", "status", "meets", "required_m2", "required_share", "offered_m2",
    "offered_share", "short_m2", "verified", "set_by", "text_zh", "text_en",
)  # fmt: skip


class Dated(Protocol):
    """Rules of one day: a :class:`renewal_geo.rules.RuleSet`, or what answers like one."""

    def __contains__(self, rule_id: object) -> bool:
        """Return whether a value of `rule_id` is in force."""

    def find(self, rule_id: str) -> Rule | None:
        """Return the value in force, None where none is."""


@dataclass(frozen=True, slots=True)
class Measured:
    """The figures of one unit that rules are compared with; NaN where unknown."""

    unit_id: str
    demolition_m2: float
    offered_m2: float
    historic_m2: float
    legal_share: float
    build_ratio: float
    key_unit: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """What one rule asks of one unit: a limit on its share or on its area, or why there is none."""

    rule: Rule
    share: float = math.nan
    area_m2: float = math.nan
    why: str = ""
    figures: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def requirements_of(unit: Measured, rules: Dated) -> list[dict[str, Any]]:
    """Return one row per rule in force that asks for land."""
    asked = [
        _asked(rule, unit)
        for one in FLOORS
        if (rule := rules.find(one)) is not None and (one != SMALL_LOT or _small(unit, rules))
    ]
    disposal = disposal_rule(unit, rules)
    if disposal is not None:
        asked.append(_disposal(disposal, unit))
    return [_row(one, unit) for one in asked]


def _small(unit: Measured, rules: Dated) -> bool:
    """Return whether a unit is so small that it is listed by the exception for small lots alone."""
    least = rules.find(LEAST_RANGE)
    if least is None or least.value is None:
        return False
    return unit.demolition_m2 <= number_of(least, least.value)


def disposal_rule(unit: Measured, rules: Dated) -> Rule | None:
    """Return the rule that says how historic land is shared: that of key units for a key unit."""
    own = rules.find(KEY_UNIT) if unit.key_unit else None
    return rules.find(SUCCESSOR) if own is None else own


def successor_share(rule: Rule | None, legal_share: float) -> float:
    """Return the share of historic land that stays with the successor unit, NaN where no rule says it.

    A rule of key units is a table ``legal_share_lower`` and ``successor``: the step with the largest
    lower end that the unit's legal share reaches.

    Raises
    ------
    RuleError
        ``bad_rule`` where the value is no share from 0 to 1, or no such table.

    Examples
    --------
    >>> steps = {"legal_share_lower": [0.6, 0.5, 0.4, 0.3], "successor": [0.8, 0.75, 0.65, 0.55]}
    >>> successor_share(Rule("historic_land.key_unit", "handover", steps), 0.45)
    0.65
    """
    if rule is None or rule.value is None:
        return math.nan
    if not isinstance(rule.value, Mapping):
        share = number_of(rule, rule.value)
        _require(rule, 0 <= share <= 1, "a share from 0 to 1")
        return share
    lower, kept = (_numbers(rule, name) for name in ("legal_share_lower", "successor"))
    _require(
        rule,
        0 < len(lower) == len(kept) and all(0 <= one <= 1 for one in (*lower, *kept)),
        "legal_share_lower and successor, shares of one length",
    )
    reached = [(low, share) for low, share in zip(lower, kept, strict=True) if legal_share >= low]
    return max(reached)[1] if reached else math.nan


def rate_by_ratio(rule: Rule, ratio: float) -> tuple[float, str]:
    """Return the handover rate that a study's own table asks at a build ratio, else why it says nothing.

    The value is a table ``ratios`` (rising), ``rates`` and ``between``: ``step`` (from this ratio on this
    rate) or ``linear`` (straight between the points; beyond them the table says nothing).

    Raises
    ------
    RuleError
        ``bad_rule`` where the value is no such table.

    Examples
    --------
    >>> table = {"ratios": [1, 2, 3], "rates": [0.2, 0.3, 0.4], "between": "linear"}
    >>> rule = Rule("handover.by_build_ratio", "handover", table, set_by="study")
    >>> rate_by_ratio(rule, 2.5)
    (0.35, '')
    >>> rate_by_ratio(rule, 3.5)
    (nan, 'ratio_outside')
    """
    if rule.value is None:
        return math.nan, "no_table"
    ratios, rates, between = _table(rule)
    if math.isnan(ratio):
        return math.nan, "no_build_ratio"
    if ratio < ratios[0] or (between == LINEAR and ratio > ratios[-1]):
        return math.nan, "ratio_outside"
    if between == STEP:
        return rates[int(np.searchsorted(ratios, ratio, side="right")) - 1], ""
    return float(np.interp(ratio, ratios, rates)), ""


def _table(rule: Rule) -> tuple[list[float], list[float], str]:
    form = '{ ratios = [..], rates = [..], between = "step" or "linear" }'
    _require(rule, isinstance(rule.value, Mapping), form)
    ratios, rates = (_numbers(rule, name) for name in ("ratios", "rates"))
    between = str(rule.value.get("between", STEP))
    rising = all(low < high for low, high in itertools.pairwise(ratios))
    _require(
        rule,
        0 < len(ratios) == len(rates) and rising and all(0 <= one <= 1 for one in rates),
        f"{form}: as many ratios, rising, as rates from 0 to 1",
    )
    _require(rule, between in {STEP, LINEAR}, form)
    return ratios, rates, between


def number_of(rule: Rule, value: Any) -> float:
    """Return a number of a rule's value; RuleError ``bad_rule`` for anything else."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    _require(rule, number and math.isfinite(value), "numbers")
    return float(value)


def _numbers(rule: Rule, name: str) -> list[float]:
    """Return a list of numbers in a rule's table."""
    found = rule.value.get(name, ())
    _require(rule, isinstance(found, (list, tuple)), f"{name} as a list of numbers")
    return [number_of(rule, one) for one in found]


def _require(rule: Rule, holds: bool, form: str) -> None:
    if not holds:
        raise RuleError(
            f"the value of {rule.rule_id} is {rule.value!r}",
            where=f'[rules."{rule.rule_id}"]',
            fix=f"give {form}",
            code="bad_rule",
        )


def _asked(rule: Rule, unit: Measured) -> Asked:
    if rule.rule_id == BY_BUILD_RATIO:
        rate, why = rate_by_ratio(rule, unit.build_ratio)
        known = "" if math.isnan(unit.build_ratio) else f"1:{unit.build_ratio:,.2f}"
        return Asked(rule, share=rate, why=why, figures={"ratio": known})
    if rule.value is None:
        return Asked(rule, why="no_value")
    value = number_of(rule, rule.value)
    if rule.unit == "m2":
        return Asked(rule, area_m2=value)
    _require(rule, 0 <= value <= 1, "a share from 0 to 1")
    return Asked(rule, share=value)


def _disposal(rule: Rule, unit: Measured) -> Asked:
    kept = successor_share(rule, unit.legal_share)
    if math.isnan(unit.historic_m2):
        return Asked(rule, why="no_tenure")
    if math.isnan(kept):
        return Asked(rule, why="no_step" if rule.value is not None else "no_value")
    figures = {"historic": area_text(unit.historic_m2), "government": f"{1 - kept:.1%}"}
    return Asked(rule, area_m2=unit.historic_m2 * (1 - kept), figures=figures)


def _row(asked: Asked, unit: Measured) -> dict[str, Any]:
    rule, base, offered = asked.rule, unit.demolition_m2, unit.offered_m2
    by_share = not math.isnan(asked.share)
    required = asked.share * base if by_share else asked.area_m2
    share = asked.share if by_share else _ratio(required, base)
    offered_share = _ratio(offered, base)
    figure = round(offered_share, SHARE_DIGITS) if by_share else round(offered, AREA_DIGITS)
    limit = asked.share if by_share else asked.area_m2
    operator = rule.operator if rule.operator in {">", ">="} else ">="
    limited = dataclasses.replace(
        rule, operator=operator, value=None if math.isnan(limit) else round(limit, SHARE_DIGITS)
    )
    verdict = judge(limited, figure)
    status = verdict.status
    if status == "pass" and rule.rule_id in DISPOSAL:
        # whether disposal comes on top of the floor is only remembered: too little is too little either way, but
        # enough for the one may not be enough for both
        status = "advisory"
    why = asked.why or _unknown(unit)
    short = max(0.0, required - offered) if not math.isnan(required + offered) else math.nan
    if verdict.meets:
        short = 0.0
    figures = {
        **asked.figures,
        "required": area_text(required),
        "required_share": _percent(share),
        "offered": area_text(offered),
        "offered_share": _percent(offered_share),
        "short": area_text(short),
        "operator": {">": "＞", ">=": "≥"}[operator],
    }
    made = {
        "unit_id": unit.unit_id,
        "rule_id": rule.rule_id,
        "status": status,
        "meets": verdict.meets,
        "required_m2": required,
        "required_share": share,
        "offered_m2": offered,
        "offered_share": offered_share,
        "short_m2": short,
        "verified": rule.verified,
        "set_by": rule.set_by,
    }
    made |= {
        f"text_{lang}": _text(rule, verdict.meets, why, figures, lang) for lang in ("zh", "en")
    }
    return made


def _unknown(unit: Measured) -> str:
    if math.isnan(unit.demolition_m2):
        return "no_demolition"
    return "no_sites" if math.isnan(unit.offered_m2) else ""


def _text(rule: Rule, meets: bool | None, why: str, figures: Mapping[str, Any], lang: str) -> str:
    """Return one sentence: the rule, the figures, whether they meet, and what the value is worth."""
    title = title_of(rule, lang)
    if meets is None:
        reason = label(
            f"assessment.why_{why}" if why else "assessment.why_unknown", lang, **figures
        )
        return label("assessment.not_evaluable", lang, title=title, why=reason)
    if rule.rule_id in DISPOSAL:
        title = label("assessment.disposal", lang, title=title, **figures)
    kind = "practice_" if rule.rule_id.startswith(PRACTICE) else ""
    found = label(f"assessment.{kind}{'meets' if meets else 'short'}", lang, **figures)
    asks = label("assessment.asks", lang, title=title, found=found, **figures)
    netting = label("assessment.netting", lang) if rule.rule_id in DISPOSAL else ""
    return asks + worth_of(rule, lang) + netting


def worth_of(rule: Rule, lang: str) -> str:
    """Return what a value is worth, as the end of a sentence: set by the study, read, or only remembered."""
    if rule.set_by:
        return label("assessment.worth_set", lang, because=rule.because)
    return label("assessment.worth", lang, how=label(f"assessment.verified_{rule.verified}", lang))


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else math.nan


def _percent(share: float) -> str:
    return "—" if math.isnan(share) else f"{share:.2%}"
