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
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from renewal_geo.foundation.errors import Faults, RuleError
from renewal_geo.rules.rule import Operator, Rule, Verified
from renewal_geo.rules.rule_sets import NamedSet, RuleSet

SHARED = ("title", "title_zh", "unit", "operator", "of")
OWN = (
    "value", "since", "until", "document", "clause", "quotation", "source", "verified", "confidence", "note",
)  # fmt: skip
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
    for place, content in (tables or {}).items():
        versions |= read_rules(content, place, faults)
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
    versions: dict[str, tuple[Rule, ...]] = {}
    named: tuple[NamedSet, ...] = ()
    for file in sorted(folder.iterdir(), key=lambda one: one.name):
        content = tomllib.loads(file.read_text(encoding="utf-8"))
        if file.name == SETS:
            named = tuple(NamedSet(**one) for one in content["sets"])
        else:
            versions |= read_rules(content, file.name, faults)
    faults.raise_if_any()
    return versions, named


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
    if not isinstance(values, list) or not values:
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
    if rule.verified == "read" and not (
        rule.document and (rule.clause or rule.quotation or rule.source)
    ):
        fault(
            "was read, but it does not say where", "give document, and clause, quotation or source"
        )
    if rule.operator and rule.value is not None and not _is_number(rule.value):
        fault(f"operator {rule.operator} needs a number, not {rule.value!r}", "give a number")
    if not all(isinstance(one, dt.date | None) for one in (rule.since, rule.until)):
        fault("since and until are days", "write since = 2020-06-30 without quotes")
    elif rule.since and rule.until and rule.since > rule.until:
        fault(f"begins on {rule.since}, after its end on {rule.until}", "exchange since and until")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _check_periods(rules: Sequence[Rule], where: str, faults: Faults) -> None:
    for one, following in itertools.pairwise(rules):
        if (one.until or dt.date.max) >= (following.since or dt.date.min):
            faults.add(
                f"the values from {one.since or 'the beginning'} and from {following.since} are both in force",
                where=where,
                fix="end the first on the day before the second begins",
                code="bad_rules",
            )
