"""Where can industry be reformed as one piece?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from renewal_geo import workflow
from renewal_geo.cli.options import JsonOption, OutOption, StudyArgument, settings_options
from renewal_geo.cli.render import Reply, say, visible_progress
from renewal_geo.zones import Delineation

PROOF_EXIT = 5

app = typer.Typer(help="Contiguous reform zones 连片改造区.", no_args_is_help=True)


def delineation_reply(
    zones: Delineation, files: Sequence[str], notes: Sequence[str], *, verb: str
) -> Reply:
    """Return what a delineation has to say."""
    return Reply(
        question="zones",
        verb=verb,
        status=zones.status,
        summary=str(zones),
        objective=zones.objective,
        bound=zones.bound,
        gap=zones.gap,
        counts={
            "zones": len(zones.zones),
            "parcels": len(zones.parcels),
            "chosen": int(zones.membership.notna().sum()),
            **{f"reason_{k}": int(v) for k, v in zones.reasons["reason"].value_counts().items()},
        },
        files=files,
        warnings=notes,
    )


@app.command()
@settings_options("zones", "potential", "ledger")
def delineate(
    study: StudyArgument,
    *,
    out: OutOption,
    as_json: JsonOption = False,
    given: dict[str, dict[str, Any]],
) -> None:
    """Choose the contiguous zones that are worth most within the limits.

    Prepares: scores the parcels where the value is the potential's score, cuts exclusions where
    the mode is cut, and connects parcels across local roads. Does not repair: see `run`.
    """
    with visible_progress():
        passage = workflow.delineate(study, out, given)
    say(
        delineation_reply(passage.delineation, passage.files, passage.notes, verb="delineate"),
        as_json=as_json,
    )


@app.command()
def verify(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder that delineate, run or demo wrote.")
    ],
    *,
    study: Annotated[
        Path | None,
        typer.Option("--study", metavar="STUDY", help="The study, where it has moved."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Re-derive every promise of a published delineation from its files and inputs alone.

    Exits with 5 and names the first broken promise, where one is broken.
    """
    with visible_progress():
        found = workflow.verify(directory, study)
    say(
        Reply(
            question="zones",
            verb="verify",
            status="verified" if found.ok else "broken",
            summary=str(found),
            counts={"broken": len(found.broken)},
            exit_code=0 if found.ok else PROOF_EXIT,
        ),
        as_json=as_json,
    )
