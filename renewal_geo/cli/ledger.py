"""How much of what lies in what?"""

from __future__ import annotations

from typing import Any

import typer

from renewal_geo import workflow
from renewal_geo.cli.options import JsonOption, OutOption, StudyArgument, settings_options
from renewal_geo.cli.render import Reply, say, visible_progress

app = typer.Typer(help="Area books that close 面积台账.", no_args_is_help=True)


@app.command()
@settings_options("ledger")
def tally(
    study: StudyArgument,
    *,
    out: OutOption,
    as_json: JsonOption = False,
    given: dict[str, dict[str, Any]],
) -> None:
    """Measure how much of each polygon lies in each class, so that the books close.

    Prepares: takes the units of the study where it has them, else its parcels, as the polygons.
    """
    with visible_progress():
        book, files, notes = workflow.tally(study, out, given)
    say(
        Reply(
            question="ledger",
            verb="tally",
            status="done",
            summary=str(book),
            counts={"rows": len(book.table)},
            files=files,
            warnings=notes,
        ),
        as_json=as_json,
    )
