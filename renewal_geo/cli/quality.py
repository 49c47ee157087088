"""Is the drawing sound?"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from renewal_geo import workflow
from renewal_geo.cli.options import JsonOption, OutOption, StudyArgument, settings_options
from renewal_geo.cli.render import Reply, say, visible_progress
from renewal_geo.foundation.errors import UsageError

FAULTS_EXIT = 3
SEVERITIES = ("error", "warning", "info")

app = typer.Typer(help="Faults of the drawing 图形质检.", no_args_is_help=True)


@app.command()
@settings_options("quality", without="repair")
def check(
    study: StudyArgument,
    *,
    out: OutOption,
    fail_on: Annotated[
        str,
        typer.Option("--fail-on", help="Exit with 3 from this severity up: error|warning|info."),
    ] = "",
    as_json: JsonOption = False,
    given: dict[str, dict[str, Any]],
) -> None:
    """Find and classify the faults of a parcel drawing, each with its place and measure.

    Also takes a bare layer instead of a study. Findings are a result: the exit code is 0.
    """
    if fail_on and fail_on not in SEVERITIES:
        raise UsageError(
            f"--fail-on {fail_on!r} is no severity", fix=f"one of {', '.join(SEVERITIES)}"
        )
    with visible_progress():
        findings, files, notes = workflow.check(study, out, given)
    failing = SEVERITIES[: SEVERITIES.index(fail_on) + 1] if fail_on else ()
    bad = bool(findings.table["severity"].isin(failing).any())
    say(
        Reply(
            question="quality",
            verb="check",
            status="faults" if len(findings.table) else "sound",
            summary=str(findings),
            counts={str(k): int(v) for k, v in findings.counts.items()},
            files=files,
            warnings=notes,
            exit_code=FAULTS_EXIT if bad else 0,
        ),
        as_json=as_json,
    )


@app.command()
@settings_options("quality")
def repair(
    study: StudyArgument,
    *,
    out: OutOption,
    as_json: JsonOption = False,
    given: dict[str, dict[str, Any]],
) -> None:
    """Mend the classes of faults that were asked for; log every vertex moved and every m2 given or taken.

    Prepares: runs `check` first. Without --repair only what is safe is mended. Writes the repaired
    layer; the study's own files stay as they are.
    """
    with visible_progress():
        repair_result, files, notes = workflow.repair(study, out, given)
    say(
        Reply(
            question="quality",
            verb="repair",
            status="done",
            summary=str(repair_result),
            counts={
                "changes": len(repair_result.log),
                "left": len(repair_result.left),
                "dropped": len(repair_result.dropped),
            },
            files=files,
            warnings=notes,
        ),
        as_json=as_json,
    )
