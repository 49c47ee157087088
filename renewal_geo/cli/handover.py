"""What land does the city receive?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from renewal_geo import workflow
from renewal_geo.cli.options import JsonOption, OutOption, StudyArgument, settings_options
from renewal_geo.cli.render import Reply, say, visible_progress

app = typer.Typer(
    help="Land handover and floor area of renewal units 土地移交与容积。", no_args_is_help=True
)


@app.callback()
def _group() -> None:
    """Keep the verb in the command, though there is only one."""


@app.command()
@settings_options("handover")
def assess(
    study: StudyArgument,
    *,
    out: OutOption,
    before: Annotated[
        Path | None,
        typer.Option(
            metavar="STUDY2", help="Study of an earlier version: adds the changes of area."
        ),
    ] = None,
    as_json: JsonOption = False,
    given: dict[str, dict[str, Any]],
) -> None:
    """Reckon what land each unit hands over, what every rule asks, and what floor area follows.

    Takes the roles units, demolition_ranges, development_land, sites, tenure, odd_lots and land_use; what is
    missing makes what depends on it not evaluable. Writes handover.gpkg, .xlsx, .html and .json.
    A unit that falls short is a result: the exit code is 0.
    """
    with visible_progress():
        made = workflow.assess(study, out, given, before)
    say(
        Reply(
            question="handover",
            verb="assess",
            status="done",
            summary=str(made),
            counts=made.counts,
            files=made.files,
            warnings=made.notes,
        ),
        as_json=as_json,
    )
    if not as_json:
        for sentence in made.sentences:
            typer.echo(sentence)
