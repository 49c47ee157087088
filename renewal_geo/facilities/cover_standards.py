"""The radius and the number of places that each kind of facility is held to, and where they stand."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from renewal_geo.foundation.errors import InputError
from renewal_geo.foundation.facility_kinds import kind_code
from renewal_geo.rules import Rule

if TYPE_CHECKING:
    from renewal_geo.rules import RuleSet

RADIUS = "service.radius"
SEATS = "facility.seats_per_1000"
PER_THOUSAND = 1000.0
Standards = Mapping[str, "float | Rule"]


def radius_rules(
    kinds: Iterable[str], standards: Standards | None, rules: RuleSet | None
) -> dict[str, Rule]:
    """Return the radius (m) of each kind that has one: as given with the question, else as the rules say.

    A bare number is a radius that nobody checked: what rests on it is advisory.

    Raises
    ------
    InputError
        ``bad_limit`` for a radius that is no positive number.
    """
    given = {kind_code(kind): one for kind, one in (standards or {}).items()}
    found: dict[str, Rule] = {}
    for kind in kinds:
        rule = _ruled(f"{RADIUS}.{kind}", given.get(kind), rules)
        if rule is None or rule.value is None:
            continue
        require_positive(rule.value, f"the radius of {kind}", "metres")
        found[kind] = rule
    return found


def seat_rules(kinds: Iterable[str], rules: RuleSet | None) -> dict[str, Rule]:
    """Return the places per 1,000 people of each kind that has a number of them.

    Raises
    ------
    InputError
        ``bad_limit`` for a number that is not positive, or above 1,000: more places than people.
    """
    found = {}
    for kind in kinds:
        rule = _ruled(f"{SEATS}.{kind}", None, rules)
        if rule is None or rule.value is None:
            continue
        require_positive(rule.value, f"places per 1,000 people of {kind}", "places")
        if float(rule.value) > PER_THOUSAND:
            raise InputError(
                f"places per 1,000 people of {kind} are {rule.value}: more places than people",
                where=rule.rule_id,
                fix="give at most 1000",
                code="bad_limit",
            )
        found[kind] = rule
    return found


def require_positive(value: object, what: str, unit: str) -> None:
    """Refuse what is no positive, finite number."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (number and math.isfinite(float(str(value))) and float(str(value)) > 0):
        raise InputError(f"{what} is {value}", fix=f"give {unit}, more than zero", code="bad_limit")


def _ruled(rule_id: str, given: float | Rule | None, rules: RuleSet | None) -> Rule | None:
    if isinstance(given, Rule):
        return given
    if given is not None:
        return Rule(
            rule_id, "facilities", given, unit="m", operator="<=", note="given with the question"
        )
    # a set refuses to look for an id that no rule ever had; a kind of our own has none
    return rules.find(rule_id) if rules is not None and rule_id in rules else None
