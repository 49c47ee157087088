"""Rasters that go with a study into another folder, so that it can be verified wherever it is carried."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from renewal_geo.io.declarations import RasterLayer, declared
from renewal_geo.io.files import Stage
from renewal_geo.io.paths import local_file

LARGEST_BYTES = 200 * 2**20
SIDE_CARS = (".tfw", ".tifw", ".tif.aux.xml", ".tif.msk")


def carry_rasters(
    path: str | Path, stage: Stage
) -> tuple[dict[str, dict[str, Any]], tuple[str, ...]]:
    """Copy the rasters of a study into a stage; those above 200 MB stay where they are and are named there.

    Parameters
    ----------
    path
        Folder with ``study.toml``, or that file.
    stage
        Where the copies go, named by their role, with their side-car files.

    Returns
    -------
    entries : dict
        Role -> its table for ``[layers]`` of the other folder.
    notes : tuple of str
        Which were left where they are.

    Raises
    ------
    SourceError
        ``network_path, file_missing`` for a raster that cannot be had.
    """
    declaration = declared(path)
    entries, notes = {}, []
    for one in declaration.rasters:
        file = local_file(one.path, declaration.folder)
        if file.stat().st_size > LARGEST_BYTES:
            place = os.path.relpath(file, stage.directory).replace(os.sep, "/")
            notes.append(f"{file.name} is large and was not copied; the study names it at {place}")
        else:
            place = f"{one.role}.tif"
            shutil.copyfile(file, stage.path(place))
            _copy_side_cars(file, place, stage)
        entries[one.role] = _entry(one, place)
    return entries, tuple(notes)


def _copy_side_cars(file: Path, place: str, stage: Stage) -> None:
    stem = file.with_suffix("")
    for ending in SIDE_CARS:
        beside = stem.with_name(stem.name + ending)
        if beside.is_file():
            shutil.copyfile(beside, stage.path(place.removesuffix(".tif") + ending))


def _entry(one: RasterLayer, place: str) -> dict[str, Any]:
    told = {"kind": one.kind, "unit": one.unit, "crs": one.crs}
    kept = {key: value for key, value in told.items() if value}
    return {"path": place, **({"band": one.band} if one.band != 1 else {}), **kept}
