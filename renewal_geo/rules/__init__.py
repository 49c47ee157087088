"""Dated rules as data: which value was in force on which day, where it stands, and who read it there."""

from renewal_geo.rules.rule import STUDY, WORST_FIRST, Rule, Status, Verdict, judge, unfit
from renewal_geo.rules.rule_files import cities, load
from renewal_geo.rules.rule_sets import NamedSet, RuleSet

__all__ = [
    "STUDY",
    "WORST_FIRST",
    "NamedSet",
    "Rule",
    "RuleSet",
    "Status",
    "Verdict",
    "cities",
    "judge",
    "load",
    "unfit",
]
