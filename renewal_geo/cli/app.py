"""The ``renewal-geo`` command: one group per question, and the whole pass."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from renewal_geo import io, workflow
from renewal_geo.cli import (
    eligibility,
    export,
    facilities,
    handover,
    ledger,
    maps,
    potential,
    quality,
    rules,
    sitebank,
    zones,
)
from renewal_geo.cli.options import JsonOption, OutOption, StudyArgument, settings_options
from renewal_geo.cli.render import Reply, say, say_error, visible_progress
from renewal_geo.foundation.errors import RenewalWarning, UsageError
from renewal_geo.foundation.provenance import versions

USAGE_EXIT = 2

app = typer.Typer(
    name="renewal-geo",
    help="From a folder of parcels to published reform zones. 从宗地到连片改造区。",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(quality.app, name="quality")
app.add_typer(potential.app, name="potential")
app.add_typer(zones.app, name="zones")
app.add_typer(ledger.app, name="ledger")
app.add_typer(eligibility.app, name="eligibility")
app.add_typer(handover.app, name="handover")
app.add_typer(sitebank.app, name="sitebank")
app.add_typer(facilities.app, name="facilities")
app.add_typer(rules.app, name="rules")
app.add_typer(maps.app, name="maps")
app.command("export")(export.export)


def _show_version(value: bool) -> None:
    if value:
        typer.echo("  ".join(f"{name} {version}" for name, version in versions().items()))
        raise typer.Exit


@app.callback()
def _options(
    *,
    debug: Annotated[bool, typer.Option("--debug", help="Log what happens, to stderr.")] = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show versions and exit."
        ),
    ] = False,
) -> None:
    del version
    logging.basicConfig(
        level=logging.DEBUG if debug else logging.ERROR, stream=sys.stderr, force=True
    )
    for noisy in ("matplotlib", "numba", "fiona", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder with your layers.")],
    *,
    as_json: JsonOption = False,
) -> None:
    """Look at the layers of FOLDER and write a commented study.toml beside them."""
    with visible_progress():
        proposal = io.propose(folder)
        file = io.write_proposal(folder, proposal)
    say(
        Reply(
            question="study",
            verb="init",
            status="done",
            summary=f"wrote {file}; read it, then: renewal-geo run {folder} --out zones",
            files=[str(file)],
            warnings=proposal.notes,
        ),
        as_json=as_json,
    )


@app.command()
@settings_options("zones", "quality", "potential", "ledger")
def run(
    study: StudyArgument,
    *,
    out: OutOption,
    as_json: JsonOption = False,
    given: dict[str, dict[str, Any]],
) -> None:
    """Run the whole pass: check, repair, score, connect, delineate, tally, publish."""
    with visible_progress():
        passage = workflow.run(study, out, given)
    say(workflow_reply("run", passage), as_json=as_json)


@app.command()
@settings_options("zones", "quality", "potential", "ledger")
def demo(
    *,
    out: OutOption = Path("out/demo"),
    as_json: JsonOption = False,
    given: dict[str, dict[str, Any]],
) -> None:
    """Run the whole pass on the invented sample district."""
    with visible_progress():
        passage = workflow.run(io.sample_study(), out, given)
    say(workflow_reply("demo", passage), as_json=as_json)


def workflow_reply(verb: str, passage: workflow.Passage) -> Reply:
    """Return what the whole pass has to say: the zones' answer, with all files."""
    return zones.delineation_reply(passage.delineation, passage.files, passage.notes, verb=verb)


@contextmanager
def spoken_warnings() -> Iterator[None]:
    """Let our own warnings be read as notes, on stderr."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", RenewalWarning)
        shown = warnings.showwarning

        def speak(
            message: Warning | str, category: type[Warning], *place: Any, **more: Any
        ) -> None:
            if issubclass(category, RenewalWarning):
                typer.echo(f"note: {message}", err=True)
            else:
                shown(message, category, *place, **more)

        warnings.showwarning = speak
        yield


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; no exception leaves it."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in words
    command = typer.main.get_command(app)
    try:
        with spoken_warnings():
            code = command.main(args=words, prog_name="renewal-geo", standalone_mode=False)
    except typer.Abort:
        typer.echo("stopped", err=True)
        return 1
    except Exception as error:
        if hasattr(error, "format_message") and hasattr(error, "exit_code"):
            usage = UsageError(error.format_message(), fix="renewal-geo --help")
            return say_error(usage, as_json=as_json)
        if "--debug" in words:
            logging.getLogger(__name__).exception("unexpected")
        return say_error(error, as_json=as_json)
    return code if isinstance(code, int) else 0


def script() -> None:
    """Entry point of the installed command."""
    # a solver's C code may print for itself: only our answers may reach the standard output
    answers = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = os.fdopen(answers, "w", encoding=sys.stdout.encoding, errors="replace")
    code = main()
    sys.stdout.flush()
    sys.exit(code)


if __name__ == "__main__":
    script()
