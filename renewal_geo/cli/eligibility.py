"""Which units may be listed?"""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from renewal_geo import report, workflow
from renewal_geo.cli.options import JsonOption, OutOption, StudyArgument, settings_options
from renewal_geo.cli.render import Reply, say, visible_progress
from renewal_geo.foundation.labels import label

WIDE = 140
app = typer.Typer(help="Which renewal units may be listed 更新单元准入核查.", no_args_is_help=True)


@app.callback()
def _only() -> None:
    """Keep `screen` a command of its own."""


@app.command()
@settings_options("eligibility")
def screen(
    study: StudyArgument,
    *,
    out: OutOption,
    on: Annotated[
        str, typer.Option(help="Day whose rules apply, 2020-06-30 (default: the study's).")
    ] = "",
    against: Annotated[
        str, typer.Option(help="Another day: screen by its rules too, side by side.")
    ] = "",
    as_json: JsonOption = False,
    given: dict[str, dict[str, Any]],
) -> None:
    """Screen renewal units by the rules of one day.

    Puts every unit every question that concerns it. Only values that were read in their text, or
    that the study sets with a reason, give pass or fail; all others advise. A question whose layer
    the study lacks is not evaluable. Writes eligibility.gpkg, eligibility.xlsx, eligibility.html
    and eligibility.json; holders are in none.
    """
    days = (workflow.day_of(on, "--on"), workflow.day_of(against, "--against"))
    with visible_progress():
        made = workflow.screen(study, out, given, *days)
    say(
        Reply(
            question="eligibility",
            verb="screen",
            status="done",
            summary=str(made),
            counts=made.counts,
            files=made.files,
            warnings=made.notes,
        ),
        as_json=as_json,
    )
    if not as_json:
        _print_matrix(made)


def _print_matrix(made: workflow.Screened) -> None:
    """Print unit by criterion as signs, with their legend."""
    lang = made.lang
    keys = report.matrix_of(made.screening)
    table = Table(box=box.SIMPLE, caption=label("screening.matrix_note", lang))
    table.add_column(label("screening.unit_id", lang))
    for name in keys.columns:
        table.add_column(report.criterion_title(str(name), lang), justify="center")
    for unit, row in keys.iterrows():
        table.add_row(escape(str(unit)), *(report.SIGNS[one] for one in row))
    Console(width=WIDE, highlight=False).print(table)
