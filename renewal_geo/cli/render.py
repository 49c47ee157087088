"""How the command line speaks: one answer or one error, progress beside it on stderr."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from renewal_geo.foundation import progress
from renewal_geo.foundation.errors import RenewalError

logger = logging.getLogger(__name__)
UNEXPECTED_EXIT = 1


@dataclass(frozen=True, slots=True)
class Reply:
    """What a command has to say: the object of ``--json``, and the lines that people read."""

    question: str
    verb: str
    status: str
    summary: str
    objective: float | None = None
    bound: float | None = None
    gap: float | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    files: Sequence[str] = ()
    warnings: Sequence[str] = ()
    exit_code: int = 0

    def as_record(self) -> dict[str, Any]:
        """Return the keys of ``--json`` in their fixed order."""
        return {
            "question": self.question,
            "verb": self.verb,
            "status": self.status,
            "summary": self.summary,
            "objective": self.objective,
            "bound": self.bound,
            "gap": self.gap,
            "counts": dict(self.counts),
            "files": list(self.files),
            "warnings": list(self.warnings),
        }


def say(reply: Reply, *, as_json: bool) -> None:
    """Print `reply` on stdout (one JSON object and nothing else, or sentences)."""
    if as_json:
        typer.echo(json.dumps(reply.as_record(), ensure_ascii=False, allow_nan=False))
    else:
        for warning in reply.warnings:
            typer.echo(f"note: {warning}", err=True)
        typer.echo(reply.summary)
        for file in reply.files:
            typer.echo(f"  {file}")
    if reply.exit_code:
        raise typer.Exit(reply.exit_code)


def say_error(error: Exception, *, as_json: bool) -> int:
    """Print `error` (JSON on stdout, sentences on stderr) and return the exit code."""
    if isinstance(error, RenewalError):
        record, exit_code = error.as_record(), error.exit_code
    else:
        logger.debug("unexpected", exc_info=error)
        record = {
            "code": "unexpected",
            "what": f"{type(error).__name__}: {error}",
            "where": "",
            "fix": "please report this with the command and --debug",
        }
        exit_code = UNEXPECTED_EXIT
    if as_json:
        typer.echo(json.dumps({"error": record}, ensure_ascii=False))
    else:
        typer.echo(f"error: {record['what']}", err=True)
        if record["where"]:
            typer.echo(f"  at: {record['where']}", err=True)
        if record["fix"]:
            typer.echo(f"  fix: {record['fix']}", err=True)
    return exit_code


@contextmanager
def visible_progress() -> Iterator[None]:
    """Show stages, the incumbent and the bound on stderr while the block runs.

    On a terminal a bar; elsewhere one line per stage, so that logs stay readable.
    """
    console = Console(file=sys.stderr, force_jupyter=False)
    if not console.is_terminal:
        with progress.shown(_Lines(console)):
            yield
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[figures]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bars:
        task = bars.add_task("", total=None, figures="")

        def show(step: progress.Step) -> None:
            share = None if step.share is None else 100 * step.share
            bars.update(
                task,
                description=step.stage,
                total=None if share is None else 100,
                completed=share or 0,
                figures=_figures(step),
            )

        with progress.shown(show):
            yield


class _Lines:
    """Prints a line when the stage changes."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.stage = ""

    def __call__(self, step: progress.Step) -> None:
        if step.stage != self.stage:
            self.stage = step.stage
            self.console.print(f"{step.stage} {_figures(step)}".rstrip(), highlight=False)


def _figures(step: progress.Step) -> str:
    return "  ".join(f"{name} {value:,.2f}" for name, value in step.figures.items())
