"""What is said of one unit, in Chinese and in English: one sentence with the figures that matter."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from renewal_geo.foundation.labels import LANGUAGES, label
from renewal_geo.rules import Rule

PRACTICE = "handover.practice"  # what notices ask, not rules


def sentences_of(
    unit: Mapping[str, Any], requirements: Sequence[Mapping[str, Any]], rules: Mapping[str, Rule]
) -> dict[str, str]:
    """Return ``sentence_zh`` and ``sentence_en`` of one unit.

    Parameters
    ----------
    unit
        Its row of the table of units.
    requirements
        Its rows of the table of requirements.
    rules
        The values that were asked, for their titles.
    """
    return {f"sentence_{lang}": _sentence(unit, requirements, rules, lang) for lang in LANGUAGES}


def _sentence(
    unit: Mapping[str, Any],
    requirements: Sequence[Mapping[str, Any]],
    rules: Mapping[str, Rule],
    lang: str,
) -> str:
    key = "sentence"
    if math.isnan(unit["demolition_m2"]):
        key = "sentence_no_range"
    elif math.isnan(unit["offered_m2"]):
        key = "sentence_no_sites"
    return label(
        f"assessment.{key}",
        lang,
        name=unit["name"] or unit["unit_id"],
        demolition=area_text(unit["demolition_m2"]),
        offered=area_text(unit["offered_m2"]),
        rate=f"{unit['handover_rate']:.2%}",
        verdict=_verdict(requirements, rules, lang),
        floor=_floor(unit, lang),
        tenure=_tenure(unit, lang) + _deducted(unit, lang),
    )


def _verdict(
    requirements: Sequence[Mapping[str, Any]], rules: Mapping[str, Rule], lang: str
) -> str:
    requirements = [row for row in requirements if not row["rule_id"].startswith(PRACTICE)]
    failed = [row for row in requirements if row["status"] == "fail"]
    passed = [row for row in requirements if row["status"] == "pass"]
    advisory = [row for row in requirements if row["status"] == "advisory"]
    missed = sum(row["meets"] is False for row in advisory)
    if failed:
        comma = "、" if lang == "zh" else ", "
        titles = comma.join(title_of(rules[row["rule_id"]], lang) for row in failed)
        short = area_text(max(row["short_m2"] for row in failed))
        said = label("assessment.verdict_fail", lang, short=short, titles=titles)
    elif passed:
        said = label("assessment.verdict_pass", lang, passed=len(passed))
    else:
        unknown = len(requirements) - len(advisory)
        said = label("assessment.verdict_none", lang, advisory=len(advisory), unknown=unknown)
    return said + (label("assessment.verdict_advisory", lang, missed=missed) if missed else "")


def _floor(unit: Mapping[str, Any], lang: str) -> str:
    if math.isnan(unit["far"]) and not unit["build_ratio_text"]:
        return ""
    far = "—" if math.isnan(unit["far"]) else f"{unit['far']:.2f}"
    return label("assessment.floor", lang, far=far, ratio=unit["build_ratio_text"] or "—")


def _tenure(unit: Mapping[str, Any], lang: str) -> str:
    if math.isnan(unit["historic_land_m2"]):
        return ""
    known = not math.isnan(unit["to_government_m2"])
    return label(
        "assessment.tenure" if known else "assessment.tenure_only",
        lang,
        legal=f"{unit['legal_share']:.2%}",
        historic=area_text(unit["historic_land_m2"]),
        government=area_text(unit["to_government_m2"]),
    )


def _deducted(unit: Mapping[str, Any], lang: str) -> str:
    if not unit["deducted_gfa_m2"] > 0:
        return ""
    lost, gfa = area_text(unit["lost_development_m2"]), area_text(unit["deducted_gfa_m2"])
    return label("assessment.deducted", lang, lost=lost, gfa=gfa)


def title_of(rule: Rule, lang: str) -> str:
    """Return what a rule is called."""
    return (rule.title_zh if lang == "zh" else rule.title) or rule.rule_id


def area_text(area: float) -> str:
    """Return an area to the tenth of a square metre, as notices of unit plans print it."""
    return "—" if math.isnan(area) else f"{area:,.1f} m²"
