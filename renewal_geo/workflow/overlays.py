"""The passes that lay layers over each other, or zones over a raster, and write what they find."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from renewal_geo import io, ledger, report
from renewal_geo.foundation.labels import has_label, label, own_title
from renewal_geo.foundation.provenance import Source
from renewal_geo.foundation.study import Study
from renewal_geo.workflow.studies import listed, reading_notes, record_of, records_of


def overlay(
    path: Path,
    out: Path,
    *,
    left: str = "parcels",
    right: str = "land_use",
    how: str = "identity",
    workers: int | None = None,
) -> tuple[ledger.Overlay, tuple[str, ...], tuple[str, ...]]:
    """Lay two layers of a study over each other, and write pieces, books and record into `out`.

    Parameters
    ----------
    path
        Study.
    out
        Folder for the answer.
    left, right
        Roles of the layers.
    how, workers
        As for :func:`renewal_geo.ledger.overlay`.

    Returns
    -------
    tuple
        The overlay, the files written, the notes.
    """
    study = io.open_study(path)
    found = ledger.overlay(study.table(left), study.table(right), how, workers=workers)  # type: ignore[arg-type]
    notes = (*reading_notes(study), *found.notes)
    layers: dict[str, Any] = {"pieces": found.table, f"book_{left}": _named(found.left, "left_id")}
    if found.right is not None:
        layers[f"book_{right}"] = _named(found.right, "right_id")
    titles = {name: _titles(table, "overlay", study.lang) for name, table in layers.items()}
    with io.staged(out, record="overlay.json") as stage:
        io.write_layers(stage.path("overlay.gpkg"), layers, aliases=titles)
        record = record_of("ledger", "overlay", str(found), study, notes)
        record["settings"] = {"left": left, "right": right, "how": how}
        record["touching"] = found.touching
        record["totals"] = {
            side: {name: float(total) for name, total in book.sum().items()}
            for side, book in (("left", found.left), ("right", found.right))
            if book is not None
        }
        stage.write_json("overlay.json", record)
    return found, listed(stage), notes


def zonal(
    path: Path,
    out: Path,
    *,
    raster: str = "dem",
    zones: str = "",
    statistics: Sequence[str] = (),
    kind: str = "",
    weights: str = "coverage",
) -> tuple[ledger.Zonal, tuple[str, ...], tuple[str, ...]]:
    """Measure a raster of a study in its units or parcels, and write layer, workbook and record into `out`.

    Parameters
    ----------
    path
        Study.
    out
        Folder for the answer.
    raster
        Role of the raster.
    zones
        Role of the zones; empty: units where the study has them, else parcels.
    statistics, kind, weights
        As for :func:`renewal_geo.ledger.zonal`.

    Returns
    -------
    tuple
        The statistics, the files written, the notes.
    """
    study = io.open_study(path)
    role = zones or ("parcels" if study.get("units") is None else "units")
    areas = study.table(role)
    grid, source = io.study_raster(
        path, raster, bounds=areas.total_bounds.tolist(), bounds_crs=study.crs
    )
    found = ledger.zonal(areas, grid, statistics, kind or None, weights=weights)  # type: ignore[arg-type]
    notes = (
        *reading_notes(study),
        *(f"{source.path}: {note}" for note in source.notes),
        *found.notes,
    )
    layers: dict[str, Any] = {"zones": _drawn(areas, found.table)}
    if found.classes is not None:
        layers["classes"] = found.classes
    titles = {name: _titles(table, "zonal", study.lang) for name, table in layers.items()}
    with io.staged(out, record="zonal.json") as stage:
        io.write_layers(stage.path("zonal.gpkg"), layers, aliases=titles)
        stage.write_bytes(
            "zonal.xlsx", report.zonal_workbook(found, study_name=study.name, lang=study.lang)
        )
        stage.write_json("zonal.json", _record(study, found, source, role, notes))
    return found, listed(stage), notes


def _record(
    study: Study, found: ledger.Zonal, source: Source, role: str, notes: Sequence[str]
) -> dict[str, Any]:
    record = record_of("ledger", "zonal", str(found), study, notes)
    record["inputs"] = [*record["inputs"], dataclasses.asdict(source)]
    record["settings"] = {"raster": found.raster, "zones": role, **found.provenance.parameters}
    record |= {"method": found.method, "unit": found.unit, "zones": records_of(found.table)}
    if found.classes is not None:
        record["classes"] = found.classes.to_dict("records")
    return record


def _named(book: pd.DataFrame, name: str) -> pd.DataFrame:
    return book.rename_axis(name).reset_index()


def _drawn(areas: gpd.GeoDataFrame, table: pd.DataFrame) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(table, geometry=areas.geometry.to_numpy(), crs=areas.crs)


def _titles(table: pd.DataFrame, group: str, lang: str) -> Mapping[str, str]:
    names = [str(c) for c in (table.index.name, *table.columns) if c and c != "geometry"]
    return {
        name: label(f"{group}.{name}", lang)
        if has_label(f"{group}.{name}")
        else own_title(name, lang)
        for name in names
    }
