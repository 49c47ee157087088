"""One value of one rule, with the day it began, where it stands, and whether anybody read it there."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import Any, Literal

Verified = Literal["read", "secondary", "derived", "remembered", "not_found"]
Status = Literal["pass", "fail", "advisory", "not_evaluable"]
Operator = Literal["", ">", ">=", "<", "<=", "=="]
STUDY = "study"
WORST_FIRST: tuple[Status, ...] = ("fail", "not_evaluable", "advisory", "pass")


@dataclass(frozen=True, slots=True)
class Rule:
    """A value in force from `since` until the day `until`, both inclusive; None is open.

    Attributes
    ----------
    rule_id, question
        ``unit.public_land_min_area``; the question that asks for it.
    value
        A number, text, list of either, or None where no source was found.
    unit, operator, of
        Of the value (``m2, 1, year, m, ...``); how a figure is compared with it, the figure on the left
        (empty: not a limit); what a share is a share of.
    title, title_zh
        What people read.
    since, until
        First and last day on which the value is in force.
    document, clause, quotation, source
        Where it stands, in whose words, and what we have actually seen of it.
    verified
        ``read`` (in the text of the rule itself), ``secondary``, ``derived``, ``remembered``, ``not_found``.
    confidence
        H | M | L | none: how sure we are of what was not read.
    note
        One sentence.
    set_by, because, confirmed_on
        ``study`` where a planner set the value, with his reason and day; else empty.
    """

    rule_id: str
    question: str
    value: Any
    unit: str = ""
    operator: Operator = ""
    of: str = ""
    title: str = ""
    title_zh: str = ""
    since: dt.date | None = None
    until: dt.date | None = None
    document: str = ""
    clause: str = ""
    quotation: str = ""
    source: str = ""
    verified: Verified = "not_found"
    confidence: str = "none"
    note: str = ""
    set_by: str = ""
    because: str = ""
    confirmed_on: dt.date | None = None

    @property
    def decides(self) -> bool:
        """Whether the value may decide pass or fail: read in its source, or set by the study."""
        return self.value is not None and (self.verified == "read" or self.set_by == STUDY)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule says of a figure.

    `meets` is the bare comparison (None where there is nothing to compare); `status` is what may be
    said of it: a value that does not decide gives ``advisory`` whichever way the comparison went.
    """

    status: Status
    meets: bool | None


def judge(rule: Rule | None, figure: float | None) -> Verdict:
    """Compare a figure with a rule.

    Parameters
    ----------
    rule
        The value in force; None where none is.
    figure
        In the rule's unit; None or NaN where it could not be measured.

    Returns
    -------
    Verdict
        ``not_evaluable`` without a rule, a value, or a figure; ``advisory`` where the value does not decide.

    Examples
    --------
    >>> read = Rule("a", "q", 0.6, operator=">=", verified="read")
    >>> judge(read, 0.7).status, judge(read, 0.5).status
    ('pass', 'fail')
    >>> judge(Rule("a", "q", 0.6, operator=">=", verified="remembered"), 0.5)
    Verdict(status='advisory', meets=False)
    """
    if rule is None or rule.value is None or figure is None or math.isnan(figure):
        return Verdict("not_evaluable", None)
    meets = _compared(figure, rule.operator, float(rule.value))
    if not rule.decides:
        return Verdict("advisory", meets)
    return Verdict("pass" if meets else "fail", meets)


def unfit(rule: Rule, value: Any) -> str:
    """Return what keeps a value from taking the place of a rule's own, empty where nothing does.

    A limit takes a finite number, a share one between 0 and 1, a list a list of texts.

    >>> unfit(Rule("a", "q", 0.6, unit="1", operator=">="), 60)
    '60 is no share between 0 and 1: write 60 % as 0.6'
    >>> unfit(Rule("a", "q", ["x"]), "x")
    "'x' is no list of texts, such as ['x']"
    """
    if isinstance(rule.value, list):
        fits = isinstance(value, list) and value and all(isinstance(one, str) for one in value)
        return "" if fits else f"{value!r} is no list of texts, such as {rule.value[:2]}"
    if not rule.operator and not is_number(rule.value):
        return ""
    if not is_number(value) or not math.isfinite(value):
        return f"{value!r} is not a number"
    if _is_share(rule) and not 0 <= value <= 1:
        percent = f": write {value:g} % as {value / 100:g}" if 1 < value <= 100 else ""
        return f"{value:g} is no share between 0 and 1{percent}"
    return ""


def is_number(value: object) -> bool:
    """Return whether a value is a number; True and False are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_share(rule: Rule) -> bool:
    return (
        rule.unit == "1"
        and bool(rule.operator or rule.of)
        and (rule.value is None or (is_number(rule.value) and rule.value <= 1))
    )


def _compared(figure: float, operator: Operator, limit: float) -> bool:
    match operator:
        case ">":
            return figure > limit
        case ">=":
            return figure >= limit
        case "<":
            return figure < limit
        case "<=":
            return figure <= limit
        case "==":
            return figure == limit
        case _:
            raise ValueError(f"{operator!r} compares nothing")
