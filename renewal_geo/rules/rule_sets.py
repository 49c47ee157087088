"""Sets of rules: every version of every value, the values of one day, what changed between two days."""

from __future__ import annotations

import dataclasses
import datetime as dt
import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from renewal_geo.foundation.errors import RuleError
from renewal_geo.rules.rule import STUDY, Rule, unfit

COMPARED = ("value", "operator", "unit", "of", "document", "clause", "verified", "set_by")


@dataclass(frozen=True, slots=True)
class NamedSet:
    """A period that practice knows by one basis: ``sz_2019_2020``; None is open."""

    name: str
    since: dt.date | None = None
    until: dt.date | None = None
    basis: str = ""
    verified: str = "remembered"
    note: str = ""


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Rules of one city.

    Attributes
    ----------
    city
        Whose rules they are.
    versions
        Rule id -> its values, oldest first; no two of them are in force on one day.
    sets
        The named periods, oldest first.
    day
        The day of which the set is; None for all days. Only a set of one day can be asked for a value.
    """

    city: str
    versions: Mapping[str, tuple[Rule, ...]]
    sets: tuple[NamedSet, ...] = ()
    day: dt.date | None = None
    known: frozenset[str] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        if not self.known:
            object.__setattr__(self, "known", frozenset(self.versions))

    def __len__(self) -> int:
        return sum(len(one) for one in self.versions.values())

    def __iter__(self) -> Iterator[Rule]:
        for one in self.versions.values():
            yield from one

    def __contains__(self, rule_id: object) -> bool:
        return rule_id in self.versions

    def __str__(self) -> str:
        when = "all days" if self.day is None else f"{self.day}"
        decide = sum(rule.decides for rule in self)
        return f"{self.city}, {when}: {len(self)} values, {decide} of them decide"

    def on(self, day: dt.date | str) -> RuleSet:
        """Return the values in force on `day` (a day, or the name of a set: its last, the first of one that lasts).

        Raises
        ------
        RuleError
            ``unknown_set`` for a name that no set has.
        """
        when = self._day_of(day)
        kept = {
            name: tuple(rule for rule in rules if in_force(rule, when))
            for name, rules in self.versions.items()
        }
        return dataclasses.replace(
            self, versions={name: rules for name, rules in kept.items() if rules}, day=when
        )

    def find(self, rule_id: str) -> Rule | None:
        """Return the value of a set of one day, None where none is in force.

        Raises
        ------
        RuleError
            ``undated_rules`` for a set of all days, ``unknown_rule`` for an id that never existed.
        """
        if self.day is None:
            raise RuleError(
                f"which value of {rule_id} depends on the day",
                fix="ask rules.on(day)",
                code="undated_rules",
            )
        self.require(rule_id)
        found = self.versions.get(rule_id)
        return found[0] if found else None

    def __getitem__(self, rule_id: str) -> Rule:
        found = self.find(rule_id)
        if found is None:
            raise RuleError(
                f"no value of {rule_id} is in force on {self.day}",
                fix="ask another day, or rules.find(id) where none is an answer",
                code="not_in_force",
            )
        return found

    def require(self, rule_id: str) -> None:
        """Refuse an id that no rule has ever had.

        Raises
        ------
        RuleError
            ``unknown_rule``, with the nearest names.
        """
        if rule_id not in self.known:
            near = difflib.get_close_matches(rule_id, sorted(self.known), n=3, cutoff=0.4)
            raise RuleError(
                f"there is no rule {rule_id!r}",
                fix=f"nearest: {', '.join(near)}" if near else "see `renewal-geo rules list`",
                code="unknown_rule",
            )

    def override(
        self,
        rule_id: str,
        value: Any,
        *,
        because: str,
        on: dt.date | None = None,
        in_force_on: dt.date | None = None,
    ) -> RuleSet:
        """Return the set with one value set by the study.

        Parameters
        ----------
        rule_id, value
            Which, and to what.
        because
            Why: who compared it with which text.
        on
            The day on which he did.
        in_force_on
            For a set of all days: the value in force on this day is meant, and no other version.

        Raises
        ------
        RuleError
            ``unknown_rule``, ``no_reason``, ``not_in_force`` (no value on that day), ``bad_value`` (not what
            the rule can be: see :func:`renewal_geo.rules.rule.unfit`).
        """
        self.require(rule_id)
        if not because.strip():
            raise RuleError(
                f"{rule_id} is set without a reason",
                fix='say because = "compared with …"',
                code="no_reason",
            )
        when = in_force_on or self.day
        versions = self.versions.get(rule_id, ())
        meant = [rule for rule in versions if when is None or in_force(rule, when)]
        if len(meant) != 1:
            raise RuleError(
                f"{rule_id} has {len(meant)} values in force"
                + ("" if when is None else f" on {when}"),
                fix="; ".join(_period(rule) for rule in versions) or "leave it out",
                code="not_in_force",
            )
        if fault := unfit(meant[0], value):
            raise RuleError(
                f"{rule_id}: {fault}",
                fix=f"give a value of the same kind as {meant[0].value!r}, unit {meant[0].unit or 'none'}",
                code="bad_value",
            )
        changed = dataclasses.replace(
            meant[0], value=value, set_by=STUDY, because=because, confirmed_on=on
        )
        own = tuple(changed if rule is meant[0] else rule for rule in versions)
        return dataclasses.replace(self, versions={**self.versions, rule_id: own})

    def diff(self, before: dt.date | str, after: dt.date | str) -> pd.DataFrame:
        """Return the rules whose value in force differs between two days (or named sets).

        Returns
        -------
        DataFrame
            Indexed by ``rule_id``: ``change`` (began | ended | changed), ``before, after`` (values),
            ``differs`` (names of what changed), ``document_before, document_after, since``.
        """
        old, new = self.on(before), self.on(after)
        rows = []
        for rule_id in sorted({*old.versions, *new.versions}):
            a, b = old.find(rule_id), new.find(rule_id)
            differs = [n for n in COMPARED if getattr(a, n, None) != getattr(b, n, None)]
            if not differs:
                continue
            change = "began" if a is None else "ended" if b is None else "changed"
            rows.append(
                (
                    rule_id, change, a and a.value, b and b.value, ", ".join(differs) if a and b else "",
                    a.document if a else "", b.document if b else "",
                    b.since if b else a.until if a else None,
                )
            )  # fmt: skip
        columns = (
            "rule_id", "change", "before", "after", "differs", "document_before", "document_after", "since",
        )  # fmt: skip
        return pd.DataFrame(rows, columns=list(columns)).set_index("rule_id")

    def name_on(self, day: dt.date) -> str:
        """Return the name of the set that a day lies in, empty where none."""
        for one in self.sets:
            if (one.since is None or one.since <= day) and (one.until is None or day <= one.until):
                return one.name
        return ""

    def _day_of(self, day: dt.date | str) -> dt.date:
        if isinstance(day, dt.date):
            return day
        for one in self.sets:
            end = one.until or one.since
            if one.name == day and end is not None:
                return end
        near = difflib.get_close_matches(str(day), [one.name for one in self.sets], n=2, cutoff=0.3)
        raise RuleError(
            f"there is no set {day!r}",
            fix=f"nearest: {', '.join(near)}" if near else "give a day, such as 2020-06-30",
            code="unknown_set",
        )


def in_force(rule: Rule, day: dt.date) -> bool:
    """Return whether a value is in force on `day`; the first and the last day are inclusive."""
    return (rule.since is None or rule.since <= day) and (rule.until is None or day <= rule.until)


def _period(rule: Rule) -> str:
    return f"{rule.since or '…'} to {rule.until or '…'}: {rule.value}"
