"""The pass that gets values confirmed: a sheet goes out, comes back filled, and becomes a rule file."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from renewal_geo import io, report
from renewal_geo.foundation.days import parsed_days
from renewal_geo.foundation.errors import Faults, InputError
from renewal_geo.foundation.study import Study
from renewal_geo.report.rule_sheets import CONFIRM_COLUMNS
from renewal_geo.rules import Rule, RuleSet
from renewal_geo.workflow.studies import listed, rules_of

SHEET, FILE = "rules.xlsx", "rules_confirmed.toml"
# which layer makes a study ask a question
ASKED_BY = {
    "eligibility": "units",
    "handover": "units",
    "facilities": "facilities",
    "zones": "parcels",
    "programme": "projects",
    "cleanup": "units",
}


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What was written: values to confirm, values that were confirmed, the files."""

    open: int
    confirmed: int
    files: tuple[str, ...]

    def __str__(self) -> str:
        if self.confirmed:
            return f"{self.confirmed} values confirmed; name {FILE} in [rules] files of study.toml"
        return f"{self.open} values to confirm: fill in {SHEET} and read it with --read"


def confirm(path: Path, out: Path, filled: Path | None = None) -> Confirmed:
    """Write the sheet of the values that a study needs and nobody read, or read a filled one back.

    Parameters
    ----------
    path, out
        The study, the folder for the answer.
    filled
        A sheet that came back: ``rules_confirmed.toml`` is written from it.

    Raises
    ------
    InputError
        For a filled sheet: every row whose value, reason or day means nothing, raised once.
    RuleError
        For a rule that there is not, or that had no value on the study's day.
    """
    study = io.open_study(path)
    rules = rules_of(study)
    if filled is None:
        rows = undecided(study, rules)
        with io.staged(out, record=SHEET) as stage:
            stage.write_bytes(SHEET, report.rules_workbook(rows, study.lang))
        return Confirmed(len(rows), 0, listed(stage))
    table, _ = io.read_table(filled)
    entries = confirmed_rows(table, rules, filled.name)
    for rule_id, entry in entries.items():
        rules = rules.override(rule_id, entry["value"], because=entry["because"])
    dated = {name: {**entry, "in_force_on": study.as_of} for name, entry in entries.items()}
    with io.staged(out, record=FILE) as stage:
        stage.write_text(FILE, io.as_toml({"rules": dated}))
    return Confirmed(0, len(entries), listed(stage))


def undecided(study: Study, rules: RuleSet) -> list[Rule]:
    """Return the values in force that a study's questions ask and that do not decide, by question."""
    asked = [question for question, role in ASKED_BY.items() if study.get(role) is not None]
    rows = [rule for rule in rules if not rule.decides and rule.question in asked]
    return sorted(rows, key=lambda rule: asked.index(rule.question))


def confirmed_rows(table: pd.DataFrame, rules: RuleSet, where: str) -> dict[str, dict[str, Any]]:
    """Return rule id -> value, because and on of the rows that somebody filled in."""
    names = {title: name for name, (title, _) in CONFIRM_COLUMNS.items()}
    rows = table.rename(columns=names)
    lacking = [
        CONFIRM_COLUMNS[one][0] for one in ("rule_id", "confirmed", "because") if one not in rows
    ]
    if lacking:
        raise InputError(
            f"{where} has no column {lacking[0]!r}",
            where=where,
            fix="fill in the sheet that `renewal-geo rules confirm` wrote",
            code="unknown_column",
        )
    faults, found = Faults(InputError), {}
    for place, row in enumerate(rows.to_dict("records"), 2):
        if not _text(row["confirmed"]):
            continue
        rule_id = _text(row["rule_id"])
        entry = _entry(
            {str(k): v for k, v in row.items()},
            rules.find(rule_id),
            f"{where}, row {place}: {rule_id}",
            faults,
        )
        if entry:
            found[rule_id] = entry
    if not found and not faults.found:
        faults.add(
            "nothing is filled in", where=where, fix=f"write values into {CONFIRM_COLUMNS['confirmed'][0]}",
            code="nothing_confirmed",
        )  # fmt: skip
    faults.raise_if_any()
    return found


def _entry(
    row: Mapping[str, Any], rule: Rule | None, where: str, faults: Faults
) -> dict[str, Any] | None:
    def fault(what: str, fix: str) -> None:
        faults.add(what, where=where, fix=fix, code="bad_confirmation")

    if rule is None:
        fault("has no value in force on the study's day", "leave the row empty")
        return None
    because = _text(row["because"])
    if not because:
        fault("has a value without a reason", "say who compared it with which clause of which text")
    value = _value(_text(row["confirmed"]))
    if rule.operator and (isinstance(value, bool) or not isinstance(value, int | float)):
        fault(f"{row['confirmed']!r} is not a number", "write a number; a share as 0.15, not 15 %")
    elif rule.operator and rule.unit == "1" and not 0 <= value <= 1 and "share" in rule.rule_id:
        fault(f"{value:g} is no share", "write a share as 0.15")
    return {"value": value, "because": because, "on": _day(row.get("on"), fault)}


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _text(cell: Any) -> str:
    return str(cell).strip() if pd.notna(cell) else ""


def _day(cell: object, fault: Any) -> dt.date | None:
    if not _text(cell):
        return None
    days, unread = parsed_days(pd.Series([cell]))
    if unread:
        fault(f"{cell!r} is not a day", "write 2020-06-01")
        return None
    return pd.Timestamp(days.iloc[0]).date()
