"""Who is within reach of public facilities, and where the next ones should go."""

from __future__ import annotations

from typing import Any

import typer

from renewal_geo import workflow
from renewal_geo.cli.options import JsonOption, OutOption, StudyArgument, settings_options
from renewal_geo.cli.render import Reply, say, visible_progress

app = typer.Typer(
    help="Public facilities 公共配套设施: who is within reach, and where next.",
    no_args_is_help=True,
)


@app.command()
@settings_options("facilities")
def cover(
    study: StudyArgument,
    *,
    out: OutOption,
    as_json: JsonOption = False,
    given: dict[str, dict[str, Any]],
) -> None:
    """Count the people within reach of public facilities, kind by kind.

    Prepares: takes the layer demand of the study, else its parcels; radii from [facilities] radius, else
    from the rules in force. A radius that nobody checked gives advisory shares; a kind without one is not
    evaluable.
    """
    with visible_progress():
        made = workflow.cover(study, out, given)
    say(reply("cover", made), as_json=as_json)


@app.command()
@settings_options("facilities")
def locate(
    study: StudyArgument,
    *,
    out: OutOption,
    as_json: JsonOption = False,
    given: dict[str, dict[str, Any]],
) -> None:
    """Choose sites for public facilities, with a bound on how much better any other choice could be.

    Prepares: candidates are the layer sites; facilities of the kind that exist go on serving; everything
    that `cover` writes is written too.
    """
    with visible_progress():
        made = workflow.locate(study, out, given)
    say(reply("locate", made), as_json=as_json)


def reply(verb: str, made: workflow.Served) -> Reply:
    """Return what a pass over facilities has to say."""
    coverage, location = made.coverage, made.location
    counts = {
        "kinds": len(coverage.table),
        "demand": len(coverage.demand),
        "facilities": len(coverage.facilities),
        "uncovered": len(coverage.uncovered),
        **{str(k): int(n) for k, n in coverage.table["status"].value_counts(sort=False).items()},
    }
    if location is None:
        return Reply(
            question="facilities", verb=verb, status="done", summary=str(made), counts=counts,
            files=made.files, warnings=made.notes,
        )  # fmt: skip
    counts["chosen"] = int((location.chosen["role"] != "existing").sum())
    counts["uncoverable"] = len(location.uncoverable)
    return Reply(
        question="facilities", verb=verb, status=location.status, summary=str(made),
        objective=location.objective, bound=location.bound, gap=location.gap, counts=counts,
        files=made.files, warnings=made.notes,
    )  # fmt: skip
