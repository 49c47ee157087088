"""Floor area of a plan, term by term: base + transfer + bonus, and what no term explains.

Source: 深规划资源规〔2019〕1号, article 3 (planned volume = base + transfer + bonus; FAR = volume /
development land; base FAR = base volume / development land). Articles 5 and 6, on what makes a transfer and a
bonus, were not seen: what follows from them alone is told as "would be" and enters no sum.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from renewal_geo.foundation.labels import label
from renewal_geo.handover.requirements import Dated, number_of, worth_of
from renewal_geo.handover.sentences import area_text, title_of
from renewal_geo.rules import Rule, judge

BASE, TRANSFER, BONUS, UNEXPLAINED = "base", "transfer", "bonus", "unexplained"
EXCESS = "excess_handover"
TRANSFER_TERMS = (EXCESS, "external_handover", "preserved")
BONUS_TERMS = ("housing", "innovation", "facilities", "passage", "preserved")
OTHER = "not_split"
SUM_RULE = "far.components"
EXCESS_RULE, CAP_RULE = "far.transfer_excess_handover", "far.bonus_cap"
NATIONAL_RULE = "build_ratio.national_max"
NOISE_M2 = 1e-7
COLUMNS = (
    "unit_id", "component", "term", "floor_area_m2", "rule_id", "standing", "would_be_m2", "limit_m2",
    "how_zh", "how_en",
)  # fmt: skip
CHECK_COLUMNS = (
    "unit_id", "rule_id", "status", "meets", "figure", "operator", "limit", "verified", "set_by",
    "text_zh", "text_en",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plan:
    """What a unit's plan states, m2; NaN where it does not. `terms` are its own parts of transfer and bonus."""

    unit_id: str
    planned: float
    demolished: float
    base: float
    transfer: float
    bonus: float
    development_m2: float
    excess_m2: float  # land handed over beyond what is required
    excess_decides: bool  # whether the requirement may decide
    external_m2: float
    terms: Mapping[str, float] = field(default_factory=dict)

    @property
    def stated(self) -> float:
        """Base, transfer and bonus as far as they are stated; NaN without a base."""
        parts = (self.base, self.transfer, self.bonus)
        return math.nan if math.isnan(self.base) else math.fsum(one for one in parts if one == one)  # noqa: PLR0124 - NaN

    @property
    def volume(self) -> float:
        """The plan's total; where it is not stated, the sum of its components."""
        return self.stated if math.isnan(self.planned) else self.planned

    @property
    def far(self) -> float:
        """Volume over development land."""
        return _ratio(self.volume, self.development_m2)

    @property
    def base_far(self) -> float:
        """Base volume over development land."""
        return _ratio(self.base, self.development_m2)

    @property
    def build_ratio(self) -> float:
        """拆建比: planned over demolished floor area."""
        return _ratio(self.volume, self.demolished)


def terms_of(plan: Plan, rules: Dated) -> list[dict[str, Any]]:
    """Return the terms of a plan's floor area; they add to its total."""
    rows = []
    if not math.isnan(plan.base):
        rows.append(_term(plan, BASE, "plan", plan.base, how="stated"))
    rows += _transfers(plan, rules.find(EXCESS_RULE))
    rows += _bonuses(plan, rules.find(CAP_RULE))
    explained = math.fsum(row["floor_area_m2"] for row in rows)
    if not math.isnan(plan.planned):
        rest = plan.planned - explained
        rest = 0.0 if abs(rest) < NOISE_M2 and rows else rest
        how = "rest" if rest >= 0 else "beyond"
        rows.append(_term(plan, UNEXPLAINED, UNEXPLAINED, rest, how=how))
    sums = rules.find(SUM_RULE)
    own = "" if sums is None else SUM_RULE
    return [{**row, "rule_id": row["rule_id"] or own} for row in rows]


def _transfers(plan: Plan, rule: Rule | None) -> list[dict[str, Any]]:
    own = {term: plan.terms.get(f"transfer_term_{term}_m2", math.nan) for term in TRANSFER_TERMS}
    stated = math.fsum(one for one in own.values() if not math.isnan(one))
    rows = []
    would_be, coefficient = _would_be(plan, rule)
    decides = rule is not None and rule.decides and plan.excess_decides
    for term in TRANSFER_TERMS:
        amount, how = own[term], "stated"
        more: dict[str, Any] = {}
        if term == EXCESS and rule is not None:
            more = {"rule": rule, "would_be": would_be}
            if math.isnan(amount) and decides and not math.isnan(would_be):
                amount, how = min(would_be, _room(plan, stated)), "reckoned"
            elif math.isnan(amount):
                amount, how = 0.0, "would_be" if not math.isnan(would_be) else "would_be_unknown"
        elif term == "external_handover" and math.isnan(amount) and plan.external_m2 > 0:
            amount, how = 0.0, "external_unknown"
        if math.isnan(amount):
            continue
        rows.append(_term(plan, TRANSFER, term, amount, how=how, coefficient=coefficient, **more))
    return rows + _rest(plan, TRANSFER, plan.transfer, rows)


def _bonuses(plan: Plan, cap: Rule | None) -> list[dict[str, Any]]:
    rows = []
    for term in BONUS_TERMS:
        amount = plan.terms.get(f"bonus_term_{term}_m2", math.nan)
        if not math.isnan(amount):
            rows.append(_term(plan, BONUS, term, amount, how="stated"))
    rows += _rest(plan, BONUS, plan.bonus, rows)
    if cap is None or not rows:
        return rows
    limit = math.nan if cap.value is None else number_of(cap, cap.value) * plan.base
    return [{**row, "limit_m2": limit, "rule_id": CAP_RULE} for row in rows]


def _rest(
    plan: Plan, component: str, stated: float, rows: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return what the plan states of a component and no term of it explains."""
    if math.isnan(stated):
        return []
    rest = stated - math.fsum(row["floor_area_m2"] for row in rows)
    if rows and abs(rest) < NOISE_M2:
        return []
    return [_term(plan, component, OTHER, rest, how="stated" if rest >= 0 else "beyond")]


def _would_be(plan: Plan, rule: Rule | None) -> tuple[float, float]:
    """Return the floor area that handover beyond the requirement would earn, and the coefficient."""
    if rule is None or rule.value is None:
        return math.nan, math.nan
    number = isinstance(rule.value, (int, float)) and not isinstance(rule.value, bool)
    coefficient = float(rule.value) if number else 1.0
    return plan.excess_m2 * plan.base_far * coefficient, coefficient


def _room(plan: Plan, stated: float) -> float:
    """Return how much transfer the plan leaves for handover beyond the requirement."""
    if not math.isnan(plan.transfer):
        return max(0.0, plan.transfer - stated)
    rest = plan.volume - math.fsum(one for one in (plan.base, plan.bonus, stated) if one == one)  # noqa: PLR0124 - NaN
    return max(0.0, rest) if not math.isnan(rest) else math.inf


def checks_of(plan: Plan, rules: Dated) -> list[dict[str, Any]]:
    """Return what the rules say of the bonus and of the build ratio."""
    bonus = _component(plan, BONUS, plan.bonus)
    figures = {CAP_RULE: _ratio(bonus, plan.base), NATIONAL_RULE: plan.build_ratio}
    return [
        _check(plan, rule, figure)
        for rule_id, figure in figures.items()
        if (rule := rules.find(rule_id)) is not None
    ]


def _component(plan: Plan, component: str, stated: float) -> float:
    if not math.isnan(stated):
        return stated
    own = [v for name, v in plan.terms.items() if name.startswith(f"{component}_term_") and v == v]  # noqa: PLR0124 - NaN
    return math.fsum(own) if own else math.nan


def _check(plan: Plan, rule: Rule, figure: float) -> dict[str, Any]:
    limited = _limit(rule)
    limit = math.nan if rule.value is None else number_of(rule, rule.value)
    verdict = judge(limited, round(figure, 9))
    texts = {}
    for lang in ("zh", "en"):
        title = title_of(rule, lang)
        known = verdict.meets is not None
        key = f"assessment.check_{'meets' if verdict.meets else 'over'}"
        figures = {"figure": _shown(rule, figure), "limit": _shown(rule, limit)}
        texts[f"text_{lang}"] = (
            label("assessment.asks", lang, title=title, found=label(key, lang, **figures))
            + worth_of(rule, lang)
            if known
            else label(
                "assessment.not_evaluable",
                lang,
                title=title,
                why=label("assessment.why_no_figure", lang),
            )
        )
    return {
        "unit_id": plan.unit_id, "rule_id": rule.rule_id, "status": verdict.status, "meets": verdict.meets,
        "figure": figure, "operator": limited.operator,
        "limit": limit,
        "verified": rule.verified, "set_by": rule.set_by, **texts,
    }  # fmt: skip


def _limit(rule: Rule) -> Rule:
    return rule if rule.operator in {"<", "<="} else dataclasses.replace(rule, operator="<=")


def _shown(rule: Rule, value: float) -> str:
    if math.isnan(value):
        return "—"
    return f"1:{value:,.2f}" if rule.rule_id == NATIONAL_RULE else f"{value:.1%}"


def _term(
    plan: Plan,
    component: str,
    term: str,
    amount: float,
    *,
    how: str,
    rule: Rule | None = None,
    would_be: float = math.nan,
    coefficient: float = math.nan,
) -> dict[str, Any]:
    figures = {
        "excess": area_text(plan.excess_m2),
        "external": area_text(plan.external_m2),
        "base_far": f"{plan.base_far:,.2f}",
        "coefficient": f"{coefficient:g}",
        "would_be": area_text(would_be),
    }
    texts = {
        f"how_{lang}": label(f"assessment.how_{how}", lang, **figures)
        + (worth_of(rule, lang) if rule is not None else "")
        for lang in ("zh", "en")
    }
    return {
        "unit_id": plan.unit_id, "component": component, "term": term, "floor_area_m2": amount,
        "rule_id": "" if rule is None else rule.rule_id, "standing": how, "would_be_m2": would_be,
        "limit_m2": math.nan, **texts,
    }  # fmt: skip


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else math.nan
