"""Which land is ripe?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from renewal_geo import workflow
from renewal_geo.cli.options import JsonOption, OutOption, StudyArgument, settings_options
from renewal_geo.cli.render import Reply, say, visible_progress
from renewal_geo.foundation.labels import label

WIDE = 140
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
    """Score parcels by weighted criteria and keep what each criterion contributes.

    Says also what the ranking is worth. Criteria stand in study.toml ([potential] criteria) or in a workbook
    ([potential] table). Figures come from columns, layers, rasters and ways. Writes potential.gpkg,
    potential.xlsx (change a weight and ranks move), potential.html, potential_method.pdf and potential.json.
    """
    with visible_progress():
        made = workflow.score(study, out, given)
    found = made.potential
    counts = {
        "parcels": len(found.scores),
        "scored": int(found.scores.notna().sum()),
        "vetoed": int(found.is_vetoed.sum()),
    }
    accepted = made.rated.acceptability
    if accepted is not None:
        counts["top"] = accepted.top
        counts |= {str(k): int(n) for k, n in accepted.table["class"].value_counts().items()}
    parts = (found, accepted, made.rated.stability)
    say(
        Reply(
            question="potential",
            verb="score",
            status="done",
            summary="; ".join(str(part) for part in parts if part is not None),
            counts=counts,
            files=made.files,
            warnings=made.notes,
        ),
        as_json=as_json,
    )
    if not as_json:
        _print_criteria(made)


@app.command()
def table(
    study: StudyArgument,
    *,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE.xlsx", help="Workbook to write.")
    ],
    as_json: JsonOption = False,
) -> None:
    """Write the criteria of a study as a workbook that a planner can fill in; a study without any gets an empty one.

    [potential] table = "FILE.xlsx" in study.toml then takes the place of criteria.
    """
    with visible_progress():
        count = workflow.write_criteria(study, out)
    say(
        Reply(
            question="potential",
            verb="table",
            status="done",
            summary=f"wrote {count} criteria to {out}; name it in study.toml: [potential] table",
            counts={"criteria": count},
            files=[str(out)],
        ),
        as_json=as_json,
    )


def _print_criteria(made: workflow.Scored) -> None:
    """Print every criterion with its weight, the figures found and how often it holds a parcel back."""
    lang, found = made.lang, made.potential
    table = Table(title=label("sheet.criteria", lang), box=box.SIMPLE)
    heads = ("criterion", "weight", "source", "least", "median", "greatest", "missing", "veto")
    for name in heads:
        right = name in {"weight", "least", "median", "greatest", "missing"}
        table.add_column(label(f"potential.{name}", lang), justify="right" if right else "left")
    struck = found.vetoes["criterion"].value_counts()
    source = "source_zh" if lang == "zh" else "source"
    for one in found.asked:
        facts = found.facts.loc[one.id].to_dict()
        figures = (_brief(facts[name]) for name in ("least", "median", "greatest"))
        weight = found.weighting.weights.get(one.id, 0.0)
        veto = f"{one.veto}: {int(struck.get(one.id, 0)):,}" if one.veto else ""
        said = (
            one.named(lang), f"{weight:.1%}", f"{facts[source]}", *figures, f"{int(facts['missing']):,}", veto,
        )  # fmt: skip
        table.add_row(*(escape(text) for text in said))
    Console(width=WIDE, highlight=False).print(table)


def _brief(figure: float) -> str:
    """Return a figure in four digits, nothing where there is none."""
    return "" if figure != figure else f"{figure:,.4g}"  # noqa: PLR0124 - NaN
