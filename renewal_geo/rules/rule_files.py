"""Rules as they are written: one TOML file per question, every value with its days and its source.

A rule is a table named by its id, with what all its values share (``title, title_zh, unit, operator,
of``) and one or more ``values``, each with ``value, since, until, document, clause, quotation, source,
verified, confidence, note``. The folder of a city may hold ``sets.toml``: the periods that practice knows.
"""

from __future__ import annotations

import datetime as dt
import functools
import importlib.resources
import itertools
import math
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from renewal_geo.foundation.errors import Faults, RuleError
from renewal_geo.rules.rule import Operator, Rule, Verified, is_number
from renewal_geo.rules.rule_sets import NamedSet, RuleSet

SHARED = ("title", "title_zh", "unit", "operator", "of")
OWN = (
    "value", "since", "until", "document", "clause", "quotation", "source", "verified", "confidence", "note",
)  # fmt: skip
TEXTS = ("title", "title_zh", "unit", "of", "document", "clause", "quotation", "source", "note")
SETS = "sets.toml"
DECLARED = "not_found"
CONFIDENCES = ("H", "M", "L", "none")


def load(city: str = "shenzhen", tables: Mapping[str, Mapping[str, Any]] | None = None) -> RuleSet:
    """Return all rules of a city.

    Parameters
    ----------
    city
        A folder of the package data; empty for none but the caller's own.
    tables
        The caller's own rule files, parsed: name for messages -> content. A rule in them takes the place
        of one of the same id.

    Raises
    ------
    RuleError
        ``unknown_city``; ``bad_rules`` with every fault of every file.

    Examples
    --------
    >>> rules = load()
    >>> rules.on(dt.date(2020, 6, 30)).find("unit.min_demolition_area").value
    10000
    """
    faults = Faults(RuleError)
    versions: dict[str, tuple[Rule, ...]] = {}
    named: tuple[NamedSet, ...] = ()
    if city:
        shipped, named = _shipped(city)
        versions |= shipped
    versions |= _joined(tables or {}, faults)
    faults.raise_if_any()
    return RuleSet(city or "own", versions, named)


def cities() -> tuple[str, ...]:
    """Return the cities whose rules are shipped."""
    folder = importlib.resources.files("renewal_geo.rules") / "data"
    return tuple(sorted(one.name for one in folder.iterdir() if one.is_dir()))


@functools.cache
def _shipped(city: str) -> tuple[Mapping[str, tuple[Rule, ...]], tuple[NamedSet, ...]]:
    if city not in cities():
        raise RuleError(
            f"no rules of {city!r} are shipped",
            where="[rules] city",
            fix=f'one of: {", ".join(cities())}; or city = "" with files of your own',
            code="unknown_city",
        )
    folder = importlib.resources.files("renewal_geo.rules") / "data" / city
    faults = Faults(RuleError)
    files = sorted(folder.iterdir(), key=lambda one: one.name)
    tables = {one.name: tomllib.loads(one.read_text(encoding="utf-8")) for one in files}
    periods = tables.pop(SETS, {}).get("sets", ())
    versions = _joined(tables, faults)
    faults.raise_if_any()
    return versions, tuple(NamedSet(**one) for one in periods)


def _joined(tables: Mapping[str, Mapping[str, Any]], faults: Faults) -> dict[str, tuple[Rule, ...]]:
    """Return the rules of several files; an id that stands in two of them is a fault."""
    found: dict[str, tuple[Rule, ...]] = {}
    stands_in: dict[str, str] = {}
    for place, content in tables.items():
        for rule_id, rules in read_rules(content, place, faults).items():
            if rule_id in found:
                faults.add(
                    f"the rule stands in {stands_in[rule_id]} too", where=f"{place}: {rule_id}",
                    fix="keep all values of one rule in one file", code="bad_rules",
                )  # fmt: skip
            found[rule_id], stands_in[rule_id] = rules, place
    return found


def read_rules(
    content: Mapping[str, Any], place: str, faults: Faults
) -> dict[str, tuple[Rule, ...]]:
    """Return the rules of one parsed file; what is wrong with it goes to `faults`."""
    question = content.get("question")
    if not isinstance(question, str):
        faults.add(
            "the file names no question", where=place, fix='begin with question = "eligibility"', code="bad_rules"
        )  # fmt: skip
        return {}
    found = {}
    for rule_id, entry in content.items():
        if rule_id == "question":
            continue
        rules = _versions(rule_id, question, entry, f"{place}: {rule_id}", faults)
        if rules:
            found[rule_id] = rules
    return found


def _versions(
    rule_id: str, question: str, entry: Any, where: str, faults: Faults
) -> tuple[Rule, ...]:
    values = entry.get("values") if isinstance(entry, Mapping) else None
    if not isinstance(values, list) or not values or not all(isinstance(v, dict) for v in values):
        faults.add(
            "has no values", where=where, fix=f'add [["{rule_id}".values]]', code="bad_rules"
        )
        return ()
    _known(entry, (*SHARED, "values"), where, faults)
    shared = {key: entry[key] for key in SHARED if key in entry}
    if shared.get("operator", "") not in get_args(Operator):
        faults.add(
            f"operator {shared['operator']!r} compares nothing", where=where, fix="one of > >= < <= ==",
            code="bad_rules",
        )  # fmt: skip
        return ()
    rules = []
    for one in values:
        _known(one, OWN, where, faults)
        own = {key: one[key] for key in OWN if key in one and key != "value"}
        rule = Rule(rule_id, question, one.get("value"), **shared, **own)
        _check(rule, where, faults)
        rules.append(rule)
    if all(_is_day(day) for rule in rules for day in (rule.since, rule.until)):
        rules.sort(key=lambda one: one.since or dt.date.min)
        _check_periods(rules, where, faults)
    return tuple(rules)


def _known(entry: Mapping[str, Any], keys: Sequence[str], where: str, faults: Faults) -> None:
    for key in entry:
        if key not in keys:
            faults.add(
                f"has no key {key!r}", where=where, fix=f"use: {', '.join(keys)}", code="bad_rules"
            )


def _check(rule: Rule, where: str, faults: Faults) -> None:
    def fault(what: str, fix: str) -> None:
        faults.add(what, where=where, fix=fix, code="bad_rules")

    if rule.verified not in get_args(Verified):
        fault(f"verified = {rule.verified!r}", f"one of: {', '.join(get_args(Verified))}")
    if rule.confidence not in CONFIDENCES:
        fault(f"confidence = {rule.confidence!r}", f"one of: {', '.join(CONFIDENCES)}")
    if (rule.value is None) != (rule.verified == DECLARED):
        fault("a value that was not found has none, and any other has one", "give or drop value")
    for name in TEXTS:
        if not isinstance(getattr(rule, name), str):
            fault(f"{name} = {getattr(rule, name)!r} is no text", "put it in quotes")
    if rule.verified == "read" and not (rule.document and (rule.clause or rule.quotation)):
        fault("was read, but it does not say where", "give document, and clause or quotation")
    if rule.operator and rule.value is not None and not _is_limit(rule.value):
        fault(f"operator {rule.operator} needs a number, not {rule.value!r}", "give a number")
    if why := _unfit_days(rule):
        fault(*why)


def _unfit_days(rule: Rule) -> tuple[str, str] | None:
    """Return what is wrong with the days of a value, and what to do."""
    if not _is_day(rule.since) or not _is_day(rule.until):
        return "since and until are days", "write since = 2020-06-30 without quotes"
    if rule.since and rule.until and rule.since > rule.until:
        return (
            f"begins on {rule.since}, after its end on {rule.until}",
            "exchange since and until",
        )
    return None


def _is_limit(value: Any) -> bool:
    return is_number(value) and math.isfinite(value)


def _is_day(value: object) -> bool:
    """Return whether a value is a day or none; a time of a day is not compared with one."""
    return value is None or type(value) is dt.date


def _check_periods(rules: Sequence[Rule], where: str, faults: Faults) -> None:
    for one, following in itertools.pairwise(rules):
        if (one.until or dt.date.max) >= (following.since or dt.date.min):
            faults.add(
                f"the values from {one.since or 'the beginning'} and from {following.since} are both in force",
                where=where,
                fix="end the first on the day before the second begins",
                code="bad_rules",
            )
