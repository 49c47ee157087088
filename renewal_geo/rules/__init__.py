"""Dated rules as data: which value was in force on which day, where it stands, and who read it there."""

from renewal_geo.rules.rule import STUDY, WORST_FIRST, Rule, Status, Verdict, judge

__all__ = ["STUDY", "WORST_FIRST", "Rule", "Status", "Verdict", "judge"]
