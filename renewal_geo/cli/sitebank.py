"""Which off-site land answers which need?"""

from __future__ import annotations

from typing import Any

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
COLUMNS = ("site_id", "distance_m", "reason", "nearest_miss")
app = typer.Typer(help="Off-site land and needs 外部移交用地匹配.", no_args_is_help=True)


@app.command()
@settings_options("sitebank")
def match(
    study: StudyArgument,
    *,
    out: OutOption,
    as_json: JsonOption = False,
    given: dict[str, dict[str, Any]],
) -> None:
    """Match off-site handover land with the needs of facilities, as many as can be, with a bound.

    Needs the layers sites and needs. Takes the sites whose column inside says 外部; --include-inside takes all.
    Writes sitebank.gpkg, sitebank.xlsx, sitebank.html and sitebank.json. Nothing matched is an answer.
    """
    with visible_progress():
        made = workflow.match(study, out, given)
    found = made.matching
    needs, sites = found.needs, found.sites
    said = [str(one[f"text_{made.lang}"]) for one in found.conflict]
    say(
        Reply(
            question="sitebank",
            verb="match",
            status=found.status,
            summary=str(found),
            objective=found.objective,
            bound=found.bound,
            gap=found.gap,
            counts={
                "needs": len(needs),
                "answered": int((needs["site_id"] != "").sum()),
                "sites": int((sites["kept_out"] == "").sum()),
                "used": int((sites["needs"] != "").sum()),
                **{str(k): int(n) for k, n in needs["reason"].value_counts().items() if k},
            },
            files=made.files,
            warnings=(*said, *made.notes),
        ),
        as_json=as_json,
    )
    if not as_json:
        _print_needs(made)


def _print_needs(made: workflow.Matched) -> None:
    """Print every need with its site, or the reason and what is missing."""
    lang, needs = made.lang, made.matching.needs
    table = Table(title=label("sitebank.needs", lang), box=box.SIMPLE)
    for name in ("need_id", "site_id", "distance_m", "reason", "nearest_miss", "missed_by"):
        table.add_column(
            label(f"sitebank.{name}", lang), justify="right" if name == "distance_m" else "left"
        )
    for row in needs.sort_index().reset_index().to_dict("records"):
        far = f"{row['distance_m']:,.0f}" if row["site_id"] else ""
        reason = label(f"sitebank.is_{row['reason']}", lang) if row["reason"] else ""
        by = row[f"missed_by_{lang}"]
        texts = (row["need_id"], row["site_id"], far, reason, row["nearest_miss"], by)
        table.add_row(*(escape(str(one)) for one in texts))
    Console(width=WIDE, highlight=False).print(table)
