"""How figures become findings: one comparison per rule that is asked, one finding per criterion.

Only a value that decides (:attr:`renewal_geo.rules.Rule.decides`) gives ``pass`` or ``fail``, and a figure
that itself rests on other values decides only if all of them do.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from renewal_geo.foundation.errors import RuleError
from renewal_geo.foundation.labels import label
from renewal_geo.rules import STUDY, WORST_FIRST, Rule, Verdict, judge

AREA_DECIMALS, SHARE_DECIMALS = (
    6,
    9,
)  # what lies below is rounding of coordinates and decides nothing
MOST_DECIMALS = 6
CLAUSE_MARKS = ("；", "; ")  # Chinese, English
NAN = math.nan


class Text(NamedTuple):
    """One sentence or phrase in Chinese and in English."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Part:
    """One comparison: what was measured on unit number `row`, with what, and what came of it."""

    row: int
    rule_id: str
    rule: Rule | None
    name: Text
    figure: float
    verdict: Verdict
    text: Text
    limit: float | None = None
    quiet: bool = False
    unit: str = ""
    rests_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Offence:
    """Where unit number `row` does not meet a criterion."""

    row: int
    kind: str
    geometry: Any


@dataclass(frozen=True, slots=True)
class Answer:
    """What a criterion says: comparisons, offences, figures by name (one per unit), units left out and why.

    `parcels` is the willingness of every parcel, where that is what was asked.
    """

    parts: list[Part] = field(default_factory=list)
    offences: list[Offence] = field(default_factory=list)
    figures: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    left_out: list[tuple[int, Text]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    parcels: pd.DataFrame | None = None


def words(key: str, **figures: object) -> Text:
    """Return ``eligibility.<key>`` in both languages; figures that are texts speak the same language."""
    return Text(
        *(
            label(f"eligibility.{key}", lang, **{name: spoken(one, lang) for name, one in figures.items()})
            for lang in Text._fields
        )
    )  # fmt: skip


def spoken(one: object, lang: str) -> object:
    """Return a text in `lang`; anything else as it is."""
    return getattr(one, lang) if isinstance(one, Text) else one


def joined(texts: Iterable[Text]) -> Text:
    """Return several clauses as one sentence, each said once."""
    kept = [one for one in texts if one.zh]
    clauses = [
        dict.fromkeys(clause for one in kept for clause in one[k].split(mark))
        for k, mark in enumerate(CLAUSE_MARKS)
    ]
    return Text(*(mark.join(said) for said, mark in zip(clauses, CLAUSE_MARKS, strict=True)))


def weigh(
    row: int,
    rule_id: str,
    rule: Rule | None,
    name: Text,
    figure: float,
    *,
    low: float | None = None,
    high: float | None = None,
    unit: str = "",
    told: str = "",
    why: Text | None = None,
    also: Mapping[str, Rule | None] = MappingProxyType({}),
    note: Text | None = None,
    quiet: bool = False,
) -> Part:
    """Compare a figure with a rule and say it in a sentence.

    Parameters
    ----------
    row, name
        The unit's number; what was measured.
    figure
        In the rule's unit; NaN where it could not be measured.
    low, high
        What the figure is at least and at most, where something about it is unknown: where the two are
        judged differently nothing can be said.
    unit
        Of the figure; that of the rule where one is in force.
    told
        How the limit is written, where not as a number.
    why
        What is missing, for ``not_evaluable``.
    also
        Other rules on which the figure rests, by id.
    note
        A clause to add.
    quiet
        Whether to leave the comparison out of the finding's sentence when another one binds.
    """
    if not math.isnan(figure):
        require_number(rule)
    unit = rule.unit if rule is not None else unit
    figure, low, high = (_rounded(one, unit) for one in (figure, low, high))
    verdict = _bounded(rule, figure, low, high)
    if verdict.status in ("pass", "fail") and not all(
        one is not None and one.decides for one in also.values()
    ):
        verdict = Verdict("advisory", verdict.meets)
    number = float(rule.value) if rule is not None and is_number(rule.value) else None
    text = _sentence(rule, rule_id, name, figure, verdict, number, unit, told, why)
    if note is not None and not (note is why and verdict.meets is None):
        text = joined([text, note])
    return Part(
        row,
        rule_id,
        rule,
        name,
        figure,
        verdict,
        text,
        number,
        quiet,
        unit,
        tuple(sorted(one for one in also if one)),
    )


def unknown(row: int, rule_id: str, rule: Rule | None, name: Text, why: Text) -> Part:
    """Return the comparison that cannot be made, and why."""
    return weigh(row, rule_id, rule, name, NAN, why=why)


def unless(main: Part, exception: Part | None) -> Part:
    """Let an exception excuse what the main rule refuses.

    A confirmed exception that is met turns the refusal into a pass; one that nobody has confirmed takes the
    edge off a fail (``advisory``); one that is not met, and an unconfirmed one that cannot be measured,
    change nothing; a confirmed one that cannot be measured leaves the question open.
    """
    if main.verdict.meets is not False or exception is None or exception.rule is None:
        return main
    text = joined([main.text, exception.text])
    excused = exception.verdict
    if excused.meets:
        return dataclasses.replace(exception, text=text)
    if excused.meets is None and exception.rule.decides:
        return dataclasses.replace(main, verdict=Verdict("not_evaluable", None), text=text)
    return dataclasses.replace(main, text=text)


def binding(parts: Sequence[Part]) -> Part:
    """Return the comparison that decides a criterion: the worst status, then the one that is missed most."""
    return min(parts, key=_severity)


def whole(parts: Sequence[Part]) -> Verdict:
    """Return what several comparisons say together: all must be met."""
    status = binding(parts).verdict.status
    met = [one.verdict.meets for one in parts]
    return Verdict(status, False if False in met else None if None in met else True)


def shown(value: float | None, unit: str, beside: float | None = None) -> str:
    """Return a figure as planners write it, with as many decimals as tell it from the limit.

    >>> shown(110851.0, "m2"), shown(0.6, "1"), shown(0.59996, "1", 0.6), shown(18.0, "year")
    ('110,851.0 m²', '60.0 %', '59.996 %', '18')
    """
    if value is None or math.isnan(value):
        return "—"
    scale, suffix, decimals = {"m2": (1.0, " m²", 1), "1": (100.0, " %", 1)}.get(unit, (1.0, "", 0))
    told = [f"{value * scale:,.{n}f}" for n in range(decimals, MOST_DECIMALS + 1)]
    if unit not in ("m2", "1"):
        return f"{value:g}{suffix}"
    if beside is None or value == beside:
        return told[0] + suffix
    other = [f"{beside * scale:,.{n}f}" for n in range(decimals, MOST_DECIMALS + 1)]
    return next((a for a, b in zip(told, other, strict=True) if a != b), told[-1]) + suffix


def number(value: float, decimals: int = 1) -> str:
    """Return a number with thousands separated."""
    return f"{value:,.{decimals}f}"


def day_words(day: dt.date | None) -> str:
    """Return a day as text, a dash where there is none."""
    return "—" if day is None else day.isoformat()


def _rounded(value: float | None, unit: str) -> Any:
    if value is None or math.isnan(value):
        return value
    return round(float(value), AREA_DECIMALS if unit in ("m2", "m") else SHARE_DECIMALS)


def is_number(value: object) -> bool:
    """Return whether a rule's value is a number that a figure can be compared with."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def require_number(rule: Rule | None) -> None:
    """Refuse a limit that is no number.

    Raises
    ------
    RuleError
        ``bad_value``.
    """
    if rule is not None and rule.value is not None and not is_number(rule.value):
        raise RuleError(
            f"{rule.rule_id} is {rule.value!r}, but a figure is compared with a number",
            where=f'[rules."{rule.rule_id}"]',
            fix="set a number",
            code="bad_value",
        )


def _bounded(rule: Rule | None, figure: float, low: float | None, high: float | None) -> Verdict:
    ends = [figure if end is None else end for end in (low, high)]
    first, second = (judge(rule, end) for end in ends)
    if math.isnan(figure) or first.meets is not second.meets:
        return Verdict("not_evaluable", None)
    return first


def _severity(part: Part) -> tuple[int, int, float]:
    met = {False: 0, None: 1, True: 2}[part.verdict.meets]
    return (WORST_FIRST.index(part.verdict.status), met, _margin(part))


def _margin(part: Part) -> float:
    """Return by how much a figure is on the good side of its limit, relative to it."""
    if part.limit is None or part.rule is None or math.isnan(part.figure):
        return 0.0
    if part.unit == "date" and part.verdict.meets:
        return math.inf  # a year is no amount: its distance from a day says little
    gap = (part.figure - part.limit) / max(abs(part.limit), 1.0 if part.limit == 0 else 1e-12)
    return -gap if part.rule.operator.startswith("<") else gap


def _sentence(
    rule: Rule | None,
    rule_id: str,
    name: Text,
    figure: float,
    verdict: Verdict,
    limit: float | None,
    unit: str,
    limit_told: str,
    why: Text | None,
) -> Text:
    if rule is None and math.isnan(figure):
        return words("said_open", name=name, why=why if why is not None else words("why_no_figure"))
    if rule is None:
        return words("said_no_rule", name=name, rule_id=rule_id, figure=shown(figure, unit))
    told = shown(figure, unit, limit)
    if verdict.meets is None:
        reason = (
            why
            if why is not None and rule.value is not None
            else words("why_no_value", title=_title(rule))
        )
        if math.isnan(figure):
            return words("said_open", name=name, why=reason)
        return words("said_open_figure", name=name, figure=told, why=reason)
    key = "said_met" if verdict.meets else "said_missed"
    short = shown(abs(figure - (limit or 0.0)), unit)
    return words(
        key, name=name, figure=told, operator=_operator(rule.operator), limit=limit_told or shown(limit, unit),
        short=short, mark=_mark(rule, verdict),
    )  # fmt: skip


def _operator(operator: str) -> str:
    return {">=": "≥", "<=": "≤", "==": "="}.get(operator, operator)


def _title(rule: Rule) -> Text:
    return Text(rule.title_zh or rule.rule_id, rule.title or rule.rule_id)


def _mark(rule: Rule, verdict: Verdict) -> Text:
    if rule.set_by == STUDY:
        return words("mark_study", because=rule.because)
    document = " ".join(one for one in (rule.document, rule.clause) if one) or rule.rule_id
    if rule.decides and verdict.status == "advisory":
        return words("mark_rests", document=document)
    return words("mark_read" if rule.decides else f"mark_{rule.verified}", document=document)
