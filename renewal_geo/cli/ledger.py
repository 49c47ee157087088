"""How much of what lies in what?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from renewal_geo import ledger, report, workflow
from renewal_geo.cli.options import JsonOption, OutOption, StudyArgument, settings_options
from renewal_geo.cli.render import Reply, say, visible_progress
from renewal_geo.foundation.labels import label

WIDE = 120
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

    Does so for every dimension of the study: the class layer, those that `dimensions` names, every
    kind of control line.

    Prepares: takes the units of the study where it has them, else its parcels, as the polygons
    (--areas whole: the district as one); shares out the floor area of buildings where there are any.
    """
    with visible_progress():
        made = workflow.tally(study, out, given)
    say(
        Reply(
            question="ledger",
            verb="tally",
            status="done",
            summary=str(made),
            counts={
                "polygons": len(next(iter(made.books.ledgers.values())).totals),
                "dimensions": len(made.books.ledgers),
                "rows": len(made.books.table),
            },
            files=made.files,
            warnings=made.notes,
        ),
        as_json=as_json,
    )
    if not as_json:
        _print_balance(made)


def _print_balance(made: workflow.Tallied) -> None:
    """Print the land balance as a table, as wide as its texts, whatever the terminal."""
    rows, lang = made.balance, made.lang
    by = str(rows.columns[0])
    table = Table(title=label("ledger.balance", lang), box=box.SIMPLE, show_footer=True)
    *parts, total = rows.itertuples(index=False, name=None)
    figures = f",.{made.decimals}f"
    unit = label(f"ledger.{made.unit}", lang)
    area_title = label("ledger.with_unit", lang, name=label("ledger.area", lang), unit=unit)
    table.add_column(report.dimension_title(by, lang), footer=label("sheet.total", lang))
    table.add_column(area_title, justify="right", footer=format(total[2], figures))
    table.add_column(label("ledger.share", lang), justify="right", footer=f"{total[3]:.2f}")
    for name, kind, area, share, _ in parts:
        shown = report.class_name(name, lang) if kind == "class" else label(f"kind.{kind}", lang)
        table.add_row(escape(shown), format(area, figures), f"{share:.2f}")
    Console(width=WIDE, highlight=False).print(table)


@app.command()
def compare(
    before: Annotated[
        Path, typer.Argument(metavar="BEFORE", help="Earlier version: a study, or a bare layer.")
    ],
    after: Annotated[
        Path, typer.Argument(metavar="AFTER", help="Later version: a study, or a bare layer.")
    ],
    *,
    out: OutOption,
    identity: Annotated[
        str,
        typer.Option("--id", help="Column of ids (default: the study's, or what looks like it)."),
    ] = "",
    layer: Annotated[
        str, typer.Option(help="Role of the layer to compare, of studies: parcels, units ...")
    ] = "parcels",
    columns: Annotated[
        list[str] | None, typer.Option("--column", help="Compare its values; may be repeated.")
    ] = None,
    tolerance: Annotated[
        float, typer.Option(help="Share of the area up to which a change is technical error.")
    ] = ledger.AREA_TOLERANCE,
    min_share: Annotated[
        float, typer.Option(help="Share of the smaller feature that makes two of one descent.")
    ] = ledger.MIN_SHARE,
    reason: Annotated[
        str, typer.Option(help="Column with the reasons that a person gave.")
    ] = "reason",
    as_json: JsonOption = False,
) -> None:
    """Compare two versions of a layer: what became of every feature and of every square metre.

    A change of area beyond the tolerance without a reason is listed, not refused: the exit code is 0.
    """
    with visible_progress():
        changes, files, notes = workflow.compare(
            before, after, out, layer=layer, identity=identity, columns=columns or (),
            tolerance=tolerance, min_share=min_share, reason=reason,
        )  # fmt: skip
    say(
        Reply(
            question="ledger",
            verb="compare",
            status="done",
            summary=str(changes),
            counts={str(k): int(n) for k, n in changes.table["kind"].value_counts().items()},
            files=files,
            warnings=notes,
        ),
        as_json=as_json,
    )


@app.command("tally-tiles")
def tally_tiles(
    zones: Annotated[
        Path, typer.Argument(metavar="PARCELS", help="GeoParquet with a bounding box per row.")
    ],
    layer: Annotated[
        Path, typer.Argument(metavar="LAYER", help="Class polygons, GeoParquet of the same kind.")
    ],
    *,
    out: OutOption,
    by: Annotated[str, typer.Option(help="Class column of LAYER.")] = "land_use",
    identity: Annotated[
        str | None, typer.Option("--id", help="Column of ids (default: the index of the file).")
    ] = None,
    tiles: Annotated[
        int | None, typer.Option(help="Tiles (default: one per 20,000 polygons).")
    ] = None,
    workers: Annotated[int, typer.Option(help="Processes of this machine.")] = 1,
    cluster: Annotated[
        str,
        typer.Option(help="Address of a Dask scheduler, tcp://host:8786, instead of --workers."),
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Measure tile by tile how much of each polygon lies in each class, on any number of machines.

    Takes files, not a study: each tile reads its own part, so that no machine holds the whole.
    """
    with visible_progress():
        book, files, notes = workflow.tally_tiles(
            zones, layer, out, by, identity=identity, tiles=tiles, workers=workers, cluster=cluster
        )
    say(
        Reply(
            question="ledger",
            verb="tally-tiles",
            status="done",
            summary=str(book),
            counts={"zones": book.zones, "tiles": len(book.tiles)},
            files=files,
            warnings=notes,
        ),
        as_json=as_json,
    )


@app.command()
def overlay(
    study: StudyArgument,
    *,
    out: OutOption,
    left: Annotated[str, typer.Option(help="Role of the layer that is cut.")] = "parcels",
    right: Annotated[str, typer.Option(help="Role of the layer that cuts it.")] = "land_use",
    how: Annotated[
        str,
        typer.Option(help="intersection, identity, union, difference or symmetric_difference."),
    ] = "identity",
    workers: Annotated[
        int | None, typer.Option(help="Threads (default: one per processor).", min=1)
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Lay two layers over each other and cut them into pieces, so that the books close.

    Where only areas are asked, ``tally`` has them sooner.
    """
    with visible_progress():
        found, files, notes = workflow.overlay(
            study, out, left=left, right=right, how=how, workers=workers
        )
    say(
        Reply(
            question="ledger",
            verb="overlay",
            status="done",
            summary=str(found),
            counts={"pieces": len(found.table), "touching": found.touching},
            files=files,
            warnings=notes,
        ),
        as_json=as_json,
    )


@app.command()
def zonal(
    study: StudyArgument,
    *,
    out: OutOption,
    raster: Annotated[
        str, typer.Option(help="Role of the raster: dem, population, or your own.")
    ] = "dem",
    zones: Annotated[
        str, typer.Option(help="Role of the zones (default: units where there are, else parcels).")
    ] = "",
    statistics: Annotated[
        str,
        typer.Option(help="By comma: mean,min,max,median,stdev,variance,total,sum,share,majority."),
    ] = "",
    kind: Annotated[
        str,
        typer.Option(help="What a cell holds: density, count or category (default: the study's)."),
    ] = "",
    weights: Annotated[
        str, typer.Option(help="coverage, or area: cells also count by the ground that they cover.")
    ] = "coverage",
    as_json: JsonOption = False,
) -> None:
    """Measure a raster in zones, by the exact share of every cell that a zone covers.

    Prepares: brings the zones to the raster's CRS where it is another, never the raster to theirs.
    """
    with visible_progress():
        found, files, notes = workflow.zonal(
            study, out, raster=raster, zones=zones, kind=kind, weights=weights,
            statistics=[one.strip() for one in statistics.split(",") if one.strip()],
        )  # fmt: skip
    say(
        Reply(
            question="ledger",
            verb="zonal",
            status="done",
            summary=str(found),
            counts={"zones": len(found.table), "without": int((found.table["reason"] != "").sum())},
            files=files,
            warnings=notes,
        ),
        as_json=as_json,
    )
