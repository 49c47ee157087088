"""Reading GeoTIFF: one band, in the window that is needed, with its place and its evidence."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import rasterio
from rasterio.enums import MaskFlags
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.windows import Window

from renewal_geo.foundation import crs as crs_rules
from renewal_geo.foundation.errors import CRSError, InputError, SourceError
from renewal_geo.foundation.provenance import Source, sha256_of
from renewal_geo.io.declarations import declared, is_raster
from renewal_geo.io.locations import crs_text, same_crs
from renewal_geo.io.paths import local_file, relative
from renewal_geo.spatial.rasters import Kind, Raster

IN_MEMORY_CELLS = 2**25
MARGIN_CELLS = 2


@dataclass(frozen=True, slots=True)
class RasterFile:
    """Cells of one band of a file, read block by block when they are asked for."""

    path: str
    band: int
    row: int
    column: int
    shape: tuple[int, int]

    def __getitem__(self, window: tuple[slice, slice], /) -> Any:
        """Return the cells of a window, scaled, NaN or masked where there is no value."""
        rows, columns = (one.indices(size) for one, size in zip(window, self.shape, strict=True))
        with _opened(Path(self.path)) as data:
            return _cells(
                data,
                self.band,
                Window(
                    self.column + columns[0],
                    self.row + rows[0],
                    columns[1] - columns[0],
                    rows[1] - rows[0],
                ),
            )


def read_raster(
    path: str | Path,
    *,
    band: int = 1,
    bounds: Sequence[float] | None = None,
    bounds_crs: pyproj.CRS | None = None,
    crs: str = "",
    kind: Kind | None = None,
    unit: str = "",
    role: str = "",
    folder: Path | None = None,
) -> tuple[Raster, Source]:
    """Read one band of a local GeoTIFF.

    Parameters
    ----------
    path
        Local ``.tif`` or ``.tiff``, relative to `folder` where given. URLs, ``/vsi…`` and VRT are refused.
    band
        From 1.
    bounds, bounds_crs
        Only cells that these touch, and two around them, are read: left, bottom, right, top, in
        `bounds_crs` (default: the raster's).
    crs
        Where the file names none.
    kind, unit
        What a cell holds: ``density | count | category``, and its unit; default: the unit that the file
        states.
    role, folder
        For names and messages.

    Returns
    -------
    raster : Raster
        Up to 33 million cells in memory; more are read block by block when they are needed.
    source : Source
        The record, with the hash of the whole file, and notes on CRS, cells and nodata.

    Raises
    ------
    SourceError
        ``network_path, file_missing, wrong_format, unreadable``.
    InputError
        ``band_missing, raster_unplaced, raster_rotated, raster_apart``.
    CRSError
        ``crs_missing, crs_unknown, crs_contradiction``.
    """
    file = local_file(path, folder)
    if not is_raster(file):
        raise SourceError(
            f"{file.name} is no GeoTIFF",
            where=str(file),
            fix="export it as a local GeoTIFF (.tif)",
            code="wrong_format",
        )
    with _opened(file) as data:
        _require_band(data, band, file)
        located, notes = _located(data, crs, file)
        a, _, c, _, e, f = tuple(data.transform)[:6]
        window = _window(data, bounds, bounds_crs, located, file)
        values: Any = RasterFile(
            str(file), band, window.row_off, window.col_off, (window.height, window.width)
        )
        if window.height * window.width <= IN_MEMORY_CELLS:
            values = _cells(data, band, window)
        nodata = None if _is_filled(data, band) else data.nodatavals[band - 1]
        raster = Raster(
            values,
            (a, 0.0, c + a * window.col_off, 0.0, e, f + e * window.row_off),
            located,
            nodata=nodata,
            name=role or file.stem,
            unit=unit or data.units[band - 1] or "",
            kind=kind,
        )
        notes = (*notes, *_notes(data, band, window, raster))
    source = Source(
        role or "raster",
        relative(file, folder),
        f"band {band}",
        sha256_of([file]),
        data.height,
        crs_text(located),
        notes=notes,
    )
    return raster, source


def study_raster(
    path: str | Path, role: str, *, bounds: Sequence[float], bounds_crs: pyproj.CRS
) -> tuple[Raster, Source]:
    """Read the raster that a study has in a role, where the bounds touch it.

    Parameters
    ----------
    path
        Folder with ``study.toml``, or that file.
    role
        ``dem``, ``population``, or any ``[layers.<role>]`` whose path is a GeoTIFF.
    bounds, bounds_crs
        As for :func:`read_raster`.

    Raises
    ------
    InputError
        ``layer_missing``, and as :func:`read_raster`.
    SourceError, CRSError
        As :func:`read_raster`.
    """
    declaration = declared(path)
    found = next((one for one in declaration.rasters if one.role == role), None)
    if found is None:
        known = ", ".join(one.role for one in declaration.rasters)
        raise InputError(
            f"the study has no raster with the role {role!r}",
            where=str(declaration.folder),
            fix=f"one of: {known}"
            if known
            else f'add [layers.{role}] with path = "….tif" to study.toml',
            code="layer_missing",
        )
    return read_raster(
        found.path,
        band=found.band,
        bounds=bounds,
        bounds_crs=bounds_crs,
        crs=found.crs,
        kind=found.kind or None,  # type: ignore[arg-type]  # Raster refuses what it does not know
        unit=found.unit,
        role=role,
        folder=declaration.folder,
    )


def _opened(file: Path) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)  # said as an error of our own
            return rasterio.open(file, driver="GTiff")
    except (RasterioError, OSError) as fault:
        raise SourceError(
            f"{file.name} cannot be read as GeoTIFF: {fault}",
            where=str(file),
            fix="open it in a GIS and export it again as GeoTIFF",
            code="unreadable",
        ) from fault


def _require_band(data: Any, band: int, file: Path) -> None:
    if not 1 <= band <= data.count:
        raise InputError(
            f"{file.name} has no band {band}",
            where=str(file),
            fix=f"bands 1 to {data.count}" if data.count > 1 else "it has one: band = 1",
            code="band_missing",
        )


def _located(data: Any, given: str, file: Path) -> tuple[pyproj.CRS, tuple[str, ...]]:
    a, b, _, d, e, _ = tuple(data.transform)[:6]
    if data.transform.is_identity:
        raise InputError(
            f"{file.name} does not say where its cells lie",
            where=str(file),
            fix="georeference it, or put its world file (.tfw) beside it",
            code="raster_unplaced",
        )
    if b != 0 or d != 0 or a <= 0 or e == 0:
        raise InputError(
            "the grid is turned or mirrored against its CRS",
            where=str(file),
            fix="warp it to an upright grid first (gdalwarp does so)",
            code="raster_rotated",
        )
    own = pyproj.CRS.from_wkt(data.crs.to_wkt()) if data.crs else None
    wanted = crs_rules.parse(given) if given.strip() else None
    if own is None and wanted is None:
        raise CRSError(
            f"{file.name} names no CRS",
            where=str(file),
            fix=f'say which it is: crs = "{crs_rules.EXAMPLE}" (or your own) for this raster',
            code="crs_missing",
        )
    if own is None:
        return wanted, (f"the file names no CRS; {crs_rules.name_of(wanted)} is given",)  # type: ignore[return-value]
    if wanted is not None and not same_crs(own, wanted):
        raise CRSError(
            f"{crs_rules.name_of(wanted)} is given, but {file.name} says {crs_rules.name_of(own)}",
            where=str(file),
            fix="drop crs for this raster; the polygons are brought to it",
            code="crs_contradiction",
        )
    return own, ()


def _window(
    data: Any,
    bounds: Sequence[float] | None,
    bounds_crs: pyproj.CRS | None,
    located: pyproj.CRS,
    file: Path,
) -> Window:
    if bounds is None:
        return Window(0, 0, data.width, data.height)
    if bounds_crs is not None and not same_crs(bounds_crs, located):
        bounds = crs_rules.transform_bounds(bounds, bounds_crs, located)
    a, _, c, _, e, f = tuple(data.transform)[:6]
    columns = [(x - c) / a for x in (bounds[0], bounds[2])]
    rows = [(y - f) / e for y in (bounds[1], bounds[3])]
    low = np.floor([min(rows), min(columns)]) - MARGIN_CELLS
    high = np.ceil([max(rows), max(columns)]) + MARGIN_CELLS
    size = np.array([data.height, data.width])
    first, last = np.clip(low, 0, size).astype(int), np.clip(high, 0, size).astype(int)
    if not np.isfinite(bounds).all() or (last <= first).any():
        left, right = c, c + a * data.width
        bottom, top = sorted((f, f + e * data.height))
        asked = [f"{one:,.8g}" for one in bounds]
        raise InputError(
            f"{file.name} lies apart from all zones",
            where=f"{file}, {crs_rules.name_of(located)}, x {left:,.8g} to {right:,.8g}, "
            f"y {bottom:,.8g} to {top:,.8g}; zones x {asked[0]} to {asked[2]}, y {asked[1]} to {asked[3]}",
            fix="check the CRS of both, or take the raster of this place",
            code="raster_apart",
        )
    return Window(int(first[1]), int(first[0]), int(last[1] - first[1]), int(last[0] - first[0]))


def _is_filled(data: Any, band: int) -> bool:
    """Return whether cells without value come as NaN or masked, so that no number stands for them."""
    return (
        data.nodatavals[band - 1] is None
        or data.scales[band - 1] != 1
        or data.offsets[band - 1] != 0
        or MaskFlags.nodata not in data.mask_flag_enums[band - 1]
    )


def _cells(data: Any, band: int, window: Window) -> Any:
    flags = data.mask_flag_enums[band - 1]
    filled = _is_filled(data, band)
    scale, offset = data.scales[band - 1], data.offsets[band - 1]
    cells = data.read(band, window=window, masked=filled and MaskFlags.all_valid not in flags)
    if scale != 1 or offset != 0:
        cells = cells * float(scale) + float(offset)
    return cells


def _notes(data: Any, band: int, window: Window, raster: Raster) -> tuple[str, ...]:
    width, height = raster.cell
    notes = [f"cells of {width:.10g} x {height:.10g} in units of {crs_rules.name_of(raster.crs)}"]
    notes.append(
        f"nodata is {data.nodatavals[band - 1]}"
        if data.nodatavals[band - 1] is not None
        else "no value stands for no data"
    )
    if data.scales[band - 1] != 1 or data.offsets[band - 1] != 0:
        notes.append(
            f"values x {data.scales[band - 1]} + {data.offsets[band - 1]}, as the file says"
        )
    if (window.height, window.width) != (data.height, data.width):
        notes.append(
            f"{window.height} x {window.width} of {data.height} x {data.width} cells are read"
        )
    if isinstance(raster.values, RasterFile):
        notes.append("the cells are read block by block")
    return tuple(notes)
