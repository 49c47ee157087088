"""Which rule was in force on which day, and who read it where?"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer

from renewal_geo import io, rules, workflow
from renewal_geo.cli.options import JsonOption, OutOption, StudyArgument
from renewal_geo.cli.render import Reply, say, visible_progress
from renewal_geo.foundation.errors import UsageError
from renewal_geo.foundation.labels import label
from renewal_geo.report.rule_sheets import value_text
from renewal_geo.rules import Rule, RuleSet

app = typer.Typer(help="Dated rules, each with its source 规则及其依据。", no_args_is_help=True)
CityOption = Annotated[str, typer.Option(help="Whose rules, where no study is given.")]
StudyOption = Annotated[
    Path | None,
    typer.Option("--study", help="Take city, rule files, values and day of this study."),
]


@app.command("list")
def list_rules(
    *,
    on: Annotated[str, typer.Option(help="Day, 2020-06-30 (default: the study's, or today).")] = "",
    question: Annotated[str, typer.Option(help="Only rules of this question.")] = "",
    city: CityOption = "shenzhen",
    study: StudyOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the values in force on a day, each with whether it decides and who read it."""
    dated = _dated(city, study, on)
    rows = [rule for rule in dated if not question or rule.question == question]
    if question and not rows:
        known = sorted({rule.question for rule in dated})
        raise UsageError(f"there is no rule of {question!r}", fix=f"one of: {', '.join(known)}")
    decide = sum(rule.decides for rule in rows)
    name = dated.name_on(dated.day) if dated.day else ""
    summary = (
        f"{len(rows)} values in force on {dated.day}{f' ({name})' if name else ''}; {decide} decide"
    )
    _say("list", summary, rows, [_line(rule) for rule in rows], as_json=as_json)


@app.command()
def show(
    rule_id: Annotated[str, typer.Argument(metavar="RULE", help="Id, as `rules list` prints it.")],
    *,
    city: CityOption = "shenzhen",
    study: StudyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show every value that a rule has had: days, document, clause, quotation, who read it."""
    known = _all(city, study)
    known.require(rule_id)
    rows = list(known.versions[rule_id])
    lines = [text for rule in rows for text in _page(rule)]
    _say(
        "show",
        f"{rule_id}: {rows[0].title_zh} {rows[0].title}, {len(rows)} values",
        rows,
        lines,
        as_json=as_json,
    )


@app.command()
def diff(
    before: Annotated[str, typer.Argument(metavar="DAY", help="2020-06-30, or sz_2019_2020.")],
    after: Annotated[str, typer.Argument(metavar="DAY", help="2021-03-01, or sz_2021.")],
    *,
    city: CityOption = "shenzhen",
    study: StudyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say which values in force differ between two days."""
    table = _all(city, study).diff(_day(before), _day(after))
    lines = [
        f"{rule_id}: {row['change']}, {_shown(row['before'])} → {_shown(row['after'])}"
        + (f" ({row['differs']})" if row["differs"] else "")
        + f"  {row['document_after'] or row['document_before']}"
        for rule_id, row in table.astype(object).iterrows()
    ]
    record = workflow.records_of(table.astype(object))
    summary = f"{len(table)} rules differ between {before} and {after}"
    _say("diff", summary, record, lines, as_json=as_json)


@app.command()
def confirm(
    study: StudyArgument,
    *,
    out: OutOption,
    read: Annotated[
        Path | None, typer.Option("--read", metavar="XLSX", help="A sheet that came back filled.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write a sheet of the values that a study needs and nobody read; read the filled one back.

    Writes rules.xlsx, or with --read rules_confirmed.toml, which study.toml names in [rules] files.
    """
    with visible_progress():
        made = workflow.confirm(study, out, read)
    say(
        Reply(
            question="rules",
            verb="confirm",
            status="done",
            summary=str(made),
            counts={"open": made.open, "confirmed": made.confirmed},
            files=made.files,
        ),
        as_json=as_json,
    )


def _all(city: str, study: Path | None) -> RuleSet:
    return rules.load(city) if study is None else workflow.all_rules_of(io.open_study(study))


def _dated(city: str, study: Path | None, on: str) -> RuleSet:
    day = _day(on) if on else None
    if study is None:
        return rules.load(city).on(day or dt.datetime.now(tz=dt.UTC).date())
    opened = io.open_study(study)
    return workflow.all_rules_of(opened).on(day or opened.as_of)


def _day(text: str) -> dt.date | str:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return text


def _line(rule: Rule) -> str:
    mark = "●" if rule.decides else "○"
    who = "set by the study" if rule.set_by else label(f"rule.{rule.verified}", "en")
    return f"{mark} {rule.rule_id}  {_limit(rule)}  [{who}] {rule.title_zh}"


def _page(rule: Rule) -> list[str]:
    told = [
        f"{rule.since or '…'} – {rule.until or '…'}: {_limit(rule)}",
        f"  {label(f'rule.{rule.verified}', 'zh')} {label(f'rule.{rule.verified}', 'en')}",
        f"  {rule.document} {rule.clause}".rstrip(),
    ]
    for text in (rule.quotation, rule.source, rule.note, rule.because):
        told += [f"  {text}"] if text else []
    return told


def _limit(rule: Rule) -> str:
    unit = "" if rule.unit == "1" else rule.unit
    return f"{rule.operator} {_shown(rule.value)} {unit}".strip()


def _shown(value: Any) -> str:
    return value_text(value) if isinstance(value, list | dict) or pd.notna(value) else "—"


def _say(verb: str, summary: str, rows: list[Any], lines: list[str], *, as_json: bool) -> None:
    if not as_json:
        say(Reply("rules", verb, "done", summary), as_json=False)
        for line in lines:
            typer.echo(f"  {line}")
        return
    told = [dataclasses.asdict(one) if isinstance(one, Rule) else one for one in rows]
    record = Reply("rules", verb, "done", summary, counts={"rows": len(told)}).as_record()
    typer.echo(json.dumps({**record, "rows": told}, ensure_ascii=False, default=str))
