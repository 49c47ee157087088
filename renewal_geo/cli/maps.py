"""Who may see it, and where does it hang?"""

from __future__ import annotations

from typing import Any

import typer

from renewal_geo import workflow
from renewal_geo.cli.options import JsonOption, OutOption, StudyArgument, settings_options
from renewal_geo.cli.render import Reply, say, visible_progress

app = typer.Typer(help="Published maps in one file each 公开出图.", no_args_is_help=True)


def map_reply(made: workflow.Published) -> Reply:
    """Return what a published map has to say."""
    return Reply(
        question="maps",
        verb=made.kind,
        status=made.page.edition,
        summary=str(made),
        counts={"bytes": made.page.bytes, **made.page.features},
        files=made.files,
        warnings=made.notes,
    )


def _publish(
    kind: str, study: Any, out: Any, given: dict[str, dict[str, Any]], *, as_json: bool
) -> None:
    with visible_progress():
        made = workflow.publish_map(kind, study, out, given)
    say(map_reply(made), as_json=as_json)


@app.command()
@settings_options("maps", "zones", "potential")
def zones(
    study: StudyArgument,
    *,
    out: OutOption,
    as_json: JsonOption = False,
    given: dict[str, dict[str, Any]],
) -> None:
    """Draw a delineation as a page that is one file and asks no host for anything.

    Prepares and delineates as `zones delineate` does. Writes zones.html and zones_map.json.
    """
    _publish("zones", study, out, given, as_json=as_json)


@app.command()
@settings_options("maps")
def handover(
    study: StudyArgument,
    *,
    out: OutOption,
    as_json: JsonOption = False,
    given: dict[str, dict[str, Any]],
) -> None:
    """Draw the land that is to be handed over to the city: how far each site is, and what is due.

    Needs the layer sites, and draws projects where there are any. Writes handover.html and
    handover_map.json.
    """
    _publish("handover", study, out, given, as_json=as_json)


@app.command()
@settings_options("maps")
def facilities(
    study: StudyArgument,
    *,
    out: OutOption,
    as_json: JsonOption = False,
    given: dict[str, dict[str, Any]],
) -> None:
    """Draw public facilities and their service areas, candidate sites, and what is lacking where.

    Needs the layers facilities and sites, and draws needs and demand where there are any. Service
    radii are those of the study or of --radii, and marked unless it says that they were checked.
    Writes facilities.html and facilities_map.json.
    """
    _publish("facilities", study, out, given, as_json=as_json)


@app.command()
@settings_options("maps", "quality", without="repair")
def quality(
    study: StudyArgument,
    *,
    out: OutOption,
    as_json: JsonOption = False,
    given: dict[str, dict[str, Any]],
) -> None:
    """Draw the faults of a drawing: a dot for every fault that has a place, and its shape where it is one.

    Prepares: runs `quality check` first, and like it takes a bare layer too. Writes quality.html and
    quality_map.json.
    """
    _publish("quality", study, out, given, as_json=as_json)


@app.command()
@settings_options("maps", "eligibility")
def units(
    study: StudyArgument,
    *,
    out: OutOption,
    as_json: JsonOption = False,
    given: dict[str, dict[str, Any]],
) -> None:
    """Draw which units may be listed: each by its verdict, with every finding in its popup.

    Screens the units by the rules of the study's day, as `eligibility screen` does; draws unit ranges,
    development land and public land where there are any. Writes units.html and units_map.json.
    """
    _publish("units", study, out, given, as_json=as_json)


@app.command()
@settings_options("maps")
def tasks(
    study: StudyArgument,
    *,
    out: OutOption,
    as_json: JsonOption = False,
    given: dict[str, dict[str, Any]],
) -> None:
    """Draw the year's projects for the wall: the state of each on the data day, its gates, land and money.

    Needs the layer projects; milestones, supply and investment are tables that [maps] names. Writes
    tasks.html and tasks_map.json.
    """
    _publish("tasks", study, out, given, as_json=as_json)
