"""Two screenings side by side: the same units by the rules of two days, and what made the difference."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from renewal_geo.eligibility.screening import Screening
from renewal_geo.eligibility.verdicts import Text, day_words, joined, shown
from renewal_geo.eligibility.verdicts import words as text_of
from renewal_geo.rules import Rule

TOLD = ("status", "meets", "figure", "unit", "operator", "limit", "rule_id", "verified", "set_by")
SAME, LEFT_OUT = "same", "left_out"
KINDS = ("rule_began", "rule_ended", "rule_changed")
Key = tuple[str, str]
Found = dict[str, Any] | None


def side_by_side(first: Screening, second: Screening) -> pd.DataFrame:
    """Compare two screenings of the same units, finding by finding.

    Parameters
    ----------
    first, second
        Screenings, usually by the rules of an earlier and of a later day.

    Returns
    -------
    DataFrame
        One row per unit and criterion that either has: ``unit_id, criterion``, then ``status, meets, figure,
        unit, operator, limit, rule_id, verified, set_by`` of each with ``_a`` and ``_b``, ``changed``
        (whether the status or the bare comparison did), ``change`` (one word) and ``why_zh, why_en``.
        ``change`` is the first that applies: ``left_out`` (asked of the unit in one only), ``rule_began``
        and ``rule_ended`` (a value in force in one only), ``rule_changed`` (another value, operator or
        source mark), ``figure_changed`` (the land, the people or the age are not the same), ``same``.

    Examples
    --------
    >>> old, new = Rule("r", "q", 0.6667, unit="1", operator=">="), Rule("r", "q", 0.75, unit="1", operator=">=")
    >>> change_of_rule("r", old, new).en
    'r: ≥ 66.7 % → ≥ 75.0 %'
    """
    a, b = _by_key(first), _by_key(second)
    rows = [_row(key, a.get(key), b.get(key), first, second) for key in _ordered(first, second)]
    columns = [
        "unit_id",
        "criterion",
        *(f"{name}_{side}" for side in "ab" for name in TOLD),
        "changed",
        "change",
        "why_zh",
        "why_en",
    ]
    return pd.DataFrame(rows, columns=columns)


def change_of_rule(rule_id: str, old: Rule | None, new: Rule | None) -> Text:
    """Say how one rule differs between two days; empty where it does not."""
    if old is None and new is None:
        return Text("", "")
    if old is None or new is None:
        one = new if new is not None else old
        assert one is not None  # noqa: S101 - one of the two is
        key = "rule_began" if old is None else "rule_ended"
        day = day_words(one.since if old is None else one.until)
        return text_of(
            key, rule_id=rule_id, limit=_limit(one), day=day, document=one.document or "—"
        )
    if _essence(old) == _essence(new):
        return Text("", "")
    if (old.value, old.operator) == (new.value, new.operator):
        return text_of(
            "rule_mark", rule_id=rule_id, limit=_limit(new), before=_mark(old), after=_mark(new)
        )
    since = (
        text_of("rule_since", day=day_words(new.since), document=new.document or "—")
        if new.since
        else Text("", "")
    )
    return text_of(
        "rule_changed", rule_id=rule_id, before=_limit(old), after=_limit(new), since=since
    )


def _ordered(first: Screening, second: Screening) -> list[Key]:
    """Return the units and criteria of both, in the order of the first."""
    units = dict.fromkeys((*first.units.index, *second.units.index))
    criteria = dict.fromkeys((*first.findings["criterion"], *second.findings["criterion"]))
    held = {*_by_key(first), *_by_key(second)}
    return [
        (unit, criterion) for unit in units for criterion in criteria if (unit, criterion) in held
    ]


def _by_key(one: Screening) -> dict[Key, dict[str, Any]]:
    """Return the findings by unit and criterion, each with the rules that its comparisons asked."""
    asked: dict[Key, set[str]] = {}
    every = one.comparisons
    for unit, criterion, rule_id, rests_on in zip(
        every["unit_id"], every["criterion"], every["rule_id"], every["rests_on"], strict=True
    ):
        asked.setdefault((unit, criterion), set()).update({rule_id, *rests_on.split(", ")} - {""})
    rows = (
        {str(name): value for name, value in row.items()} for row in one.findings.to_dict("records")
    )
    return {
        key: {**row, "asked": asked.get(key, set())}
        for row in rows
        if (key := (row["unit_id"], row["criterion"]))
    }


def _row(key: Key, a: Found, b: Found, first: Screening, second: Screening) -> list[Any]:
    told = [None if side is None else side[name] for side in (a, b) for name in TOLD]
    if a is None or b is None:
        why = text_of("only_in", day=(first if b is None else second).as_of.isoformat())
        return [*key, *told, True, LEFT_OUT, why.zh, why.en]
    change, why = _change(a, b, _asked(a) | _asked(b), first, second)
    changed = a["status"] != b["status"] or a["meets"] is not b["meets"]
    return [*key, *told, changed, change, why.zh, why.en]


def _change(
    a: dict[str, Any], b: dict[str, Any], asked: set[str], first: Screening, second: Screening
) -> tuple[str, Text]:
    pairs = {one: (first.rules.get(one), second.rules.get(one)) for one in sorted(asked)}
    said = {one: change_of_rule(one, *pair) for one, pair in pairs.items()}
    kinds = {_kind(*pairs[one]) for one in said if said[one].en}
    if kinds:
        return next(one for one in KINDS if one in kinds), joined(said.values())
    if not _alike(a["figure"], b["figure"]):
        figures = [shown(x["figure"], x["unit"], y["figure"]) for x, y in ((a, b), (b, a))]
        return "figure_changed", text_of("figure_changed", before=figures[0], after=figures[1])
    return SAME, Text("", "")


def _asked(found: dict[str, Any]) -> set[str]:
    return {found["rule_id"], *found["asked"]}


def _kind(old: Rule | None, new: Rule | None) -> str:
    if old is None:
        return "rule_began"
    return "rule_changed" if new is not None else "rule_ended"


def _alike(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other))


def _essence(rule: Rule) -> tuple[Any, ...]:
    return (repr(rule.value), rule.operator, rule.verified, rule.set_by)


def _mark(rule: Rule) -> Text:
    return text_of("by_study") if rule.set_by else text_of(f"verified_{rule.verified}")


def _limit(rule: Rule) -> str:
    operator = {">=": "≥ ", "<=": "≤ ", "==": "= "}.get(
        rule.operator, f"{rule.operator} " if rule.operator else ""
    )
    if isinstance(rule.value, (int, float)):
        return operator + shown(float(rule.value), rule.unit)
    if isinstance(rule.value, (list, tuple)):
        return ", ".join(str(one) for one in rule.value)
    return "—" if rule.value is None else operator + str(rule.value)
