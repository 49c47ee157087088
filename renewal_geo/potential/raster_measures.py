"""The figures that parcels read off a raster: levels averaged, people counted, codes shared out, slopes."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from renewal_geo.foundation.crs import name_of
from renewal_geo.foundation.errors import CRSError, InputError, some_ids
from renewal_geo.potential.criterion import Criterion
from renewal_geo.potential.layer_rows import CORNER, measurable, outlines_of, place_of
from renewal_geo.potential.measure import NO_SHAPE, Measured, as_measured
from renewal_geo.potential.raster_questions import Question, question_of
from renewal_geo.spatial.cell_sizes import cell_sizes, metres_text
from renewal_geo.spatial.overlays import sound
from renewal_geo.spatial.polygons import Floats, Shapes
from renewal_geo.spatial.rasters import Raster
from renewal_geo.spatial.threads import Inline
from renewal_geo.spatial.zonal import brought_to, extracted
from renewal_geo.spatial.zonal_cover import (
    COVERED,
    NEARLY_ALL,
    OUTSIDE,
    code_text,
    covered_share,
    reasons,
)

LEAST_SHARE = 0.5  # a figure from less of the parcel is not the parcel's
TOO_LITTLE = "less than half of it has data"
SENTINELS = (-9999.0, -32768.0, -32767.0, -99999.0)
FAR_BELOW = -1e30  # what float rasters have where they have nothing
STEEPEST = {"slope_deg": 80.0, "slope_percent": 567.0}  # no ground that anyone builds on
ROUNDING = 1e-6  # exactextract keeps shares of cells in 32 bits
HA = 1e4


def raster_figures(parcels: pd.DataFrame, criterion: Criterion, raster: Raster) -> Measured:
    """Return the figure of a raster for every parcel, by the exact share of every cell that it covers.

    Parameters
    ----------
    parcels
        n polygons with a CRS; in another than the raster's they are brought to it. A projected CRS in
        metres is needed for ``within_m`` and for amounts per hectare.
    criterion
        Of source ``raster``, checked. ``within_m`` above 0 measures the parcel and all within so many metres.
    raster
        In any CRS and with any cell size; its ``kind`` and ``unit`` say what a cell holds. Where no kind is
        given the statistic tells it: a level for mean, min, max, median, stdev; amounts for sum and per_ha;
        codes for share and majority.

    Returns
    -------
    Measured
        Figures: level in the raster's unit; ``sum`` in amounts; ``per_ha`` in amounts per hectare of the
        parcel's ground that has data; ``share`` 0..1 of the parcel's cells with data; ``majority`` as text;
        slopes in degrees or per cent. Missing where the parcel has no shape, lies outside the raster, has no
        data, or less than half of it has.

    Raises
    ------
    InputError
        ``no_geometry, statistic_meaningless, unit_not_per_area, unknown_unit, bad_code, raster_shape``;
        ``raster_apart`` where no parcel meets the raster, ``raster_empty`` where none has data.
    CRSError
        ``crs_missing``; ``crs_geographic, crs_web_mercator, crs_not_metric`` where metres are needed; ``crs_suspect``.

    Examples
    --------
    >>> heights = Raster(np.array([[8.0, 4.0]]), (10, 0, 0, 0, -10, 10), "EPSG:4547", unit="m", name="dem")
    >>> rows = gpd.GeoDataFrame(geometry=[shapely.box(5, 0, 20, 10)], index=["a"], crs="EPSG:4547")
    >>> found = raster_figures(rows, Criterion("height", source="raster", layer="dem"), heights)
    >>> found.said, found.figures.round(3).to_dict()
    ('mean of dem (m)', {'a': 5.333})
    """
    try:
        return _figures(parcels, criterion, raster)
    except InputError as fault:
        place = place_of(criterion)
        if place in fault.where:
            raise
        raise type(fault)(
            f"criterion {criterion.id}: {fault.what}",
            where=f"{place}, {fault.where}",
            fix=fault.fix,
            code=fault.code,
        ) from fault


def _figures(parcels: pd.DataFrame, criterion: Criterion, raster: Raster) -> Measured:
    question = question_of(criterion, raster)
    placed = _placed(parcels, criterion, question)
    own, has, notes = outlines_of(placed)
    if criterion.within_m > 0:
        own[has] = shapely.buffer(own[has], criterion.within_m, quad_segs=CORNER)
    crs: pyproj.CRS = placed.crs  # type: ignore[assignment]
    moved, brought = brought_to(own, crs, raster)
    shapes, _ = sound(moved, Inline())
    found = extracted(shapes, question.cells, question.operations)
    cells = found["count"].fillna(0.0).to_numpy(dtype=float)
    why = reasons(shapes, question.cells, cells).astype(object)
    why[~has] = NO_SHAPE
    _require_data(shapes, crs, why, cells, criterion, question.cells)
    share = covered_share(shapes, question.cells, cells)
    why[(why == COVERED) & (share < LEAST_SHARE)] = TOO_LITTLE
    told = (
        *notes,
        *brought,
        *question.notes,
        *_cell_notes(criterion, raster, shapes, cells[why == COVERED]),
        *_cover_notes(criterion, placed.index, why, share),
        *_oddities(criterion, question, raster, found),
    )
    if question.statistic == "majority":
        return _as_codes(placed.index, found, why, question.said, told)
    figures = found[question.statistic].to_numpy(dtype=float) * question.factor
    if question.per_ground:
        ground = np.nan_to_num(shapely.area(own)) * np.where(share > 1 - ROUNDING, 1.0, share) / HA
        figures = figures / np.where(ground > 0, ground, np.nan)
    return as_measured(placed.index, figures, why, question.said, told)


def _placed(parcels: pd.DataFrame, criterion: Criterion, question: Question) -> gpd.GeoDataFrame:
    """Return the parcels; in a CRS in metres where metres are asked of them."""
    if criterion.within_m > 0 or question.per_ground:
        return measurable(parcels, criterion)
    if not isinstance(parcels, gpd.GeoDataFrame) or parcels.active_geometry_name is None:
        return measurable(pd.DataFrame(parcels), criterion)  # refuses, saying why
    if parcels.crs is None:
        raise CRSError(
            "the parcels have no coordinate reference system, and cannot be laid over a raster",
            where=place_of(criterion),
            fix='say which it is: crs = "…" in study.toml, or .set_crs(...)',
            code="crs_missing",
        )
    return parcels


def _as_codes(
    index: pd.Index, found: pd.DataFrame, why: NDArray[Any], said: str, notes: tuple[str, ...]
) -> Measured:
    known = found["majority"].to_numpy(dtype=float)
    codes = [
        code_text(one) if reason == COVERED else None
        for one, reason in zip(known, why, strict=True)
    ]
    return Measured(
        pd.Series(codes, index=index, dtype=object),
        said,
        pd.Series(why, index=index, dtype=object),
        notes,
    )


def _require_data(
    shapes: Shapes,
    crs: pyproj.CRS,
    why: NDArray[Any],
    cells: Floats,
    criterion: Criterion,
    raster: Raster,
) -> None:
    if (cells > 0).any() or shapely.is_missing(shapes).all():
        return
    apart = (why[~shapely.is_missing(shapes)] == OUTSIDE).all()
    bounds = shapely.total_bounds(shapes)
    where = (
        f"{place_of(criterion)}, {name_of(raster.crs)}: raster {_extent(raster.bounds)}; "
        f"parcels {_extent(bounds)}"
    )
    if apart:
        raise InputError(
            f"criterion {criterion.id}: no parcel meets {raster.name}",
            where=where,
            fix=f"check the CRS of the parcels ({name_of(crs)}) and of the raster, or take the raster of this place",
            code="raster_apart",
        )
    raise InputError(
        f"criterion {criterion.id}: {raster.name} has no value in any parcel, all its cells there are nodata",
        where=where,
        fix="check the nodata value of the file and the band, or take a raster that has data here",
        code="raster_empty",
    )


def _extent(bounds: Any) -> str:
    left, bottom, right, top = bounds
    return f"x {left:,.8g} to {right:,.8g}, y {bottom:,.8g} to {top:,.8g}"


def _cell_notes(
    criterion: Criterion, raster: Raster, shapes: Shapes, cells: Floats
) -> tuple[str, ...]:
    """Say how large cells are against parcels, and how many parcels see less than one."""
    if not len(cells):
        return ()
    what = "surroundings" if criterion.within_m > 0 else "parcel"
    said = (
        f"criterion {criterion.id}: cells of {raster.name} are {_ground(raster, shapes)}; "
        f"the median {what} has {_count(float(np.median(cells)))} of them"
    )
    small = int((cells < 1 - ROUNDING).sum())
    if not small:
        return (said,)
    coarse = (
        f"criterion {criterion.id}: {small:,} of {len(cells):,} parcels see less than one cell of {raster.name}: "
        f"the figure is the cell's, not the parcel's"
    )
    return said, coarse


def _count(cells: float) -> str:
    return f"{cells:,.0f}" if cells >= 100 else f"{cells:.3g}"


def _ground(raster: Raster, shapes: Shapes) -> str:
    """Return the size of a cell in the middle of the parcels."""
    width, height = raster.cell
    try:
        sizes = cell_sizes(raster)
    except CRSError:
        return f"{width:.6g} x {height:.6g} in units of {name_of(raster.crs)}"
    _, bottom, _, top = shapely.total_bounds(shapes)
    row = int(((bottom + top) / 2 - raster.transform[5]) / raster.transform[4])
    row = min(max(row, 0), len(sizes.width) - 1)
    east, north = metres_text(float(sizes.width[row])), metres_text(float(sizes.height[row]))
    return f"{east} x {north} m on the ground"


def _cover_notes(
    criterion: Criterion, index: pd.Index, why: NDArray[Any], share: Floats
) -> tuple[str, ...]:
    notes, ids = [], index
    partly = (why == COVERED) & (share < NEARLY_ALL)
    if partly.any():
        notes.append(
            f"criterion {criterion.id}: {int(partly.sum()):,} parcels have data on part of their area only, down to "
            f"{share[partly].min():.1%}, and are measured there: {some_ids(ids[partly])}"
        )
    for reason in dict.fromkeys(one for one in why if one):
        without = why == reason
        notes.append(
            f"criterion {criterion.id}: {int(without.sum()):,} parcels without a figure, {reason}: "
            f"{some_ids(ids[without])}"
        )
    return tuple(notes)


def _oddities(
    criterion: Criterion, question: Question, raster: Raster, found: pd.DataFrame
) -> tuple[str, ...]:
    """Say what looks wrong: a number that stands for nothing and was not declared, a code that never occurs."""
    if question.codes:
        if (found["mean"] > 0).any():
            return ()
        codes = ", ".join(question.codes)
        return (f"criterion {criterion.id}: none of the codes {codes} occurs in any parcel",)
    declared = f"(nodata: {raster.nodata})"
    if criterion.derive:
        steepest = float(found["max"].max())
        if steepest <= STEEPEST[criterion.derive]:
            return ()
        said = (
            f"criterion {criterion.id}: the steepest cell has {steepest:,.4g} {question.cells.unit}: check what the "
            f"heights of {raster.name} are in, and whether a number stands for no value there {declared}"
        )
        return (said,)
    least = float(found["min"].min()) if "min" in found else 0.0
    if least not in SENTINELS and least > FAR_BELOW:
        return ()
    said = (
        f"criterion {criterion.id}: the least value of {raster.name} is {least:g}, which looks like a number that "
        f"stands for no value and was not declared {declared}"
    )
    return (said,)
