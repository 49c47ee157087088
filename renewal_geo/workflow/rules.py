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
from renewal_geo.rules import Rule, RuleSet, unfit
from renewal_geo.workflow.studies import listed, rules_of

SHEET, FILE = "rules.xlsx", "rules_confirmed.toml"
NEEDED = ("rule_id", "since", "confirmed", "because")  # columns of a sheet that comes back
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
    dated = {name: [{**entry, "in_force_on": study.as_of}] for name, entry in entries.items()}
    kept = _confirmed_before(study, dated)
    told = {name: each[0] if len(each) == 1 else each for name, each in kept.items()}
    with io.staged(out, record=FILE) as stage:
        stage.write_text(FILE, io.as_toml({"rules": told}))
    return Confirmed(0, len(entries), listed(stage))


def _confirmed_before(
    study: Study, now: Mapping[str, list[dict[str, Any]]]
) -> dict[str, list[dict[str, Any]]]:
    """Put what is confirmed now over what the study's file of confirmed values has, which is kept."""
    asked = study.settings.get("rules", {})
    kept: dict[str, list[dict[str, Any]]] = {}
    for rule_id, path in asked.get("set_in", {}).items():
        if Path(path).name == FILE:
            kept[rule_id] = [{"in_force_on": study.as_of, **one} for one in asked["set"][rule_id]]
    for rule_id, entries in now.items():
        others = [one for one in kept.get(rule_id, ()) if one["in_force_on"] != study.as_of]
        kept[rule_id] = [*others, *entries]
    return kept


def undecided(study: Study, rules: RuleSet) -> list[Rule]:
    """Return the values in force that a study's questions ask and that do not decide, by question."""
    asked = [question for question, role in ASKED_BY.items() if study.get(role) is not None]
    rows = [rule for rule in rules if not rule.decides and rule.question in asked]
    return sorted(rows, key=lambda rule: asked.index(rule.question))


def confirmed_rows(table: pd.DataFrame, rules: RuleSet, where: str) -> dict[str, dict[str, Any]]:
    """Return rule id -> value, because and on of the rows that somebody filled in."""
    names = {title: name for name, (title, _) in CONFIRM_COLUMNS.items()}
    rows = table.rename(columns=names)
    lacking = [CONFIRM_COLUMNS[one][0] for one in NEEDED if one not in rows]
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
        if rule_id in found:
            faults.add(
                f"{rule_id} is filled in twice", where=f"{where}, row {place}", fix="keep one row",
                code="bad_confirmation",
            )  # fmt: skip
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
    since = _day(row["since"], fault)
    if since != rule.since:
        fault(
            f"was confirmed for the value in force from {since or 'the beginning'}; on the study's day"
            f" another one is, from {rule.since or 'the beginning'}",
            "write a new sheet with `renewal-geo rules confirm`, and compare with the text of that day",
        )
    because = _text(row["because"])
    if not because:
        fault("has a value without a reason", "say who compared it with which clause of which text")
    dated = rule.unit == "date"
    value = str(_day(row["confirmed"], fault)) if dated else _value(_text(row["confirmed"]))
    if why := unfit(rule, value):
        fault(why, 'write a number (a share as 0.15), a list as ["...", "..."]')
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
