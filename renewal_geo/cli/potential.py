"""Which land is ripe?"""

from __future__ import annotations

from typing import Any

import typer

from renewal_geo import workflow
from renewal_geo.cli.options import JsonOption, OutOption, StudyArgument, settings_options
from renewal_geo.cli.render import Reply, say, visible_progress

app = typer.Typer(help="Scores that show what they are made of 潜力评价.", no_args_is_help=True)


@app.command()
@settings_options("potential")
def score(
    study: StudyArgument,
    *,
    out: OutOption,
    as_json: JsonOption = False,
    given: dict[str, dict[str, Any]],
) -> None:
    """Score parcels by weighted criteria and keep what each criterion contributes."""
    with visible_progress():
        potential, files, notes = workflow.score(study, out, given)
    say(
        Reply(
            question="potential",
            verb="score",
            status="done",
            summary=str(potential),
            counts={"parcels": len(potential.scores)},
            files=files,
            warnings=notes,
        ),
        as_json=as_json,
    )
