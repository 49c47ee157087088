"""Hand a layer on in the format that others need."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from renewal_geo import workflow
from renewal_geo.cli.options import JsonOption
from renewal_geo.cli.render import Reply, say, visible_progress


def export(
    study: Annotated[
        Path, typer.Argument(metavar="STUDY", help="Folder with study.toml, or a bare layer.")
    ],
    *,
    to: Annotated[
        Path, typer.Option("--to", metavar="FILE", help="File to write: .gpkg, .shp or .parquet.")
    ],
    layer: Annotated[
        list[str] | None,
        typer.Option(
            "--layer",
            help="Role in the study (default: parcels), or layer of the file; may be repeated "
            "for a .gpkg",
            show_default=False,
        ),
    ] = None,
    encoding: Annotated[
        str, typer.Option("--encoding", help="Encoding of a Shapefile: GBK or UTF-8.")
    ] = "GBK",
    hilbert: Annotated[
        bool,
        typer.Option(
            "--hilbert", help="Order the rows of a GeoParquet by place, for reading parts."
        ),
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace FILE where it is there already.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Write layers of a study, or one bare layer, as GeoPackage, Shapefile or GeoParquet.

    Says what the format cannot hold. Nothing is repaired, and nothing is half written.
    """
    with visible_progress():
        made = workflow.export(
            study,
            to,
            layers=layer or (),
            encoding=encoding,
            hilbert=hilbert,
            overwrite=overwrite,
        )
    lost = [f"{to.name}: {note}" for one in made.written for note in one.notes]
    say(
        Reply(
            question="study",
            verb="export",
            status="done",
            summary=str(made),
            counts={
                "rows": sum(one.rows for one in made.written),
                "losses": sum(len(one.losses) for one in made.written),
            },
            files=made.files,
            warnings=(*made.notes, *lost),
        ),
        as_json=as_json,
    )
