"""Where can industry be reformed as one piece?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
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


def frontier_reply(traced: workflow.Traced) -> Reply:
    """Return what a frontier has to say: the figures are those of the study's own point."""
    table = traced.frontier.table
    own = table[table["is_study"].astype(bool) & (table["kind"] == "budget")]
    figures = {name: _figure(own[name]) for name in ("net_value", "bound", "gap")}
    return Reply(
        question="zones",
        verb="frontier",
        status=str(own["status"].iloc[0]) if len(own) else "infeasible",
        summary=str(traced.frontier),
        objective=figures["net_value"],
        bound=figures["bound"],
        gap=figures["gap"],
        counts={
            "points": len(table),
            "budgets": int((table["kind"] == "budget").sum()),
            "outlines": int((table["kind"] == "boundary").sum()),
            "optimal": int((table["status"] == "optimal").sum()),
            "infeasible": int((table["status"] == "infeasible").sum()),
        },
        files=traced.files,
        warnings=traced.notes,
    )


def _figure(column: pd.Series[float]) -> float | None:
    """Return the one figure of a column, None where it has none or a missing one."""
    return float(column.iloc[0]) if len(column) and pd.notna(column.iloc[0]) else None


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
@settings_options("zones", "potential")
def frontier(
    study: StudyArgument,
    *,
    out: OutOption,
    as_json: JsonOption = False,
    given: dict[str, dict[str, Any]],
) -> None:
    """Show what other budgets and outlines would be worth, each with a proven bound.

    Prepares as delineate does. Writes zones_frontier.xlsx (points, charts and the zones of every
    point), zones_frontier.png and zones_frontier.json. Objective, bound and gap of the reply are
    those of the study's own budget.
    """
    with visible_progress():
        traced = workflow.frontier(study, out, given)
    say(frontier_reply(traced), as_json=as_json)


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
