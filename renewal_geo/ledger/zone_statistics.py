"""Statistics of a raster in zones: levels are averaged, amounts added, codes shared out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from renewal_geo.foundation.crs import name_of
from renewal_geo.foundation.errors import CRSError, InputError, some_ids
from renewal_geo.foundation.provenance import Provenance, versions
from renewal_geo.foundation.settings import nearest
from renewal_geo.spatial.overlays import sound
from renewal_geo.spatial.polygons import Floats, Ints, Shapes
from renewal_geo.spatial.rasters import Kind, Raster, row_areas, unit_area
from renewal_geo.spatial.threads import Inline
from renewal_geo.spatial.zonal import brought_to, extracted, presence
from renewal_geo.spatial.zonal_cover import (
    COVERED,
    EMPTY,
    NEARLY_ALL,
    OUTSIDE,
    SHAPELESS,
    code_text,
    covered_share,
    reasons,
)

Weighing = Literal["coverage", "area"]
METHOD = "exactextract, exact cell coverage"
LEVELS = ("mean", "min", "max", "median", "stdev", "variance")
STATISTICS = {
    "density": (*LEVELS, "total"),
    "count": ("sum", "min", "max"),
    "category": ("share", "majority", "minority", "variety"),
}
DEFAULT = {"density": "mean", "count": "sum", "category": "share"}
WEIGHED = {"mean", "stdev", "variance"}
UNWEIGHED = {"median"}


@dataclass(frozen=True, slots=True, eq=False)
class Zonal:
    """Statistics of one raster in n zones.

    Attributes
    ----------
    table
        Indexed by the zones' ids: a column per statistic, ``cells`` (cells with a value, parts counted
        as parts), ``covered_share`` (of the zone, by cells with a value) and ``reason``, which is empty
        unless the statistics are missing.
    classes
        For categories, else None: the id, ``class`` (code as text), ``share`` of the cells with a value,
        ``area_m2`` (missing where the raster's CRS cannot measure).
    statistics, kind, unit, raster
        What was computed of which raster, and what its cells hold.
    method
        How: the share of every cell that the zone covers, exactly.
    notes
        What was decided: reprojection, weights, zones only covered in part.
    """

    table: pd.DataFrame
    classes: pd.DataFrame | None
    statistics: tuple[str, ...]
    kind: str
    unit: str
    raster: str
    method: str = METHOD
    notes: tuple[str, ...] = ()
    provenance: Provenance = field(default_factory=Provenance)

    def __str__(self) -> str:
        known = self.table["reason"] == COVERED
        unit = f" ({self.unit})" if self.unit else ""
        return (
            f"{', '.join(self.statistics)} of {self.raster}{unit} in {int(known.sum()):,} of "
            f"{len(self.table):,} zones; {self.method}"
        )


def zonal(
    zones: gpd.GeoDataFrame,
    raster: Raster,
    statistics: Sequence[str] | str = (),
    kind: Kind | None = None,
    *,
    weights: Weighing = "coverage",
) -> Zonal:
    """Measure a raster in zones, by the exact share of every cell that a zone covers.

    Parameters
    ----------
    zones
        n polygons indexed by their ids, in any CRS; they may overlap. In another CRS than the raster they
        are brought to it, never the raster to them.
    raster
        One band; :func:`renewal_geo.io.read_raster` reads it.
    statistics
        density: ``mean, min, max, median, stdev, variance``, ``total`` (needs a unit per area); count:
        ``sum, min, max``; category: ``share`` (and area per class), ``majority, minority, variety``.
        Default: mean, sum or share.
    kind
        What a cell holds, where the raster does not say it: ``density | count | category``.
    weights
        ``coverage``: every cell counts by the share of it that is covered; ``area``: also by the ground it
        covers, which differs from cell to cell in degrees. For mean, stdev, variance and share.

    Returns
    -------
    Zonal

    Raises
    ------
    InputError
        ``kind_missing, unknown_kind, unknown_statistic, statistic_meaningless, unit_not_per_area, raster_apart,
        raster_empty, duplicate_id``.
    CRSError
        ``crs_missing, crs_suspect``; ``crs_not_metric`` where ground is asked of a raster that cannot tell.

    Notes
    -----
    Amounts are spread evenly over their cell: a zone takes of a cell's count the share of the cell that it
    covers. exactextract 0.2 or later, raster-sequential; block size changes no result beyond rounding.

    Examples
    --------
    >>> from shapely import box
    >>> people = Raster(np.array([[8.0, 4.0]]), (100, 0, 0, 0, -100, 100), "EPSG:4547", kind="count")
    >>> zones = gpd.GeoDataFrame(geometry=[box(50, 0, 200, 100)], index=["Z01"], crs="EPSG:4547")
    >>> float(zonal(zones, people).table.loc["Z01", "sum"])
    8.0
    """
    held, asked = _asked(raster, statistics, kind, weights)
    crs = _crs_of(zones)
    if zones.index.has_duplicates:
        raise InputError(
            f"ids occur twice: {some_ids(zones.index[zones.index.duplicated()].unique())}",
            where="zones",
            fix="give each zone its own id",
            code="duplicate_id",
        )
    shapes, notes = brought_to(zones.geometry.to_numpy(), crs, raster)
    shapes, mended = sound(shapes, Inline())
    if len(mended):
        notes = (*notes, f"{len(mended)} invalid zones were made valid")
    area = _ground(raster, asked, weights)
    found = _measured(shapes, raster, asked, held, area, weights)
    table = _table(zones.index, shapes, raster, found, asked)
    classes = _classes(zones.index, shapes, raster, found, weights) if "share" in asked else None
    notes = (*notes, *_weight_notes(raster, shapes, weights, held), *_cover_notes(table))
    return Zonal(
        table, classes, asked, held, raster.unit, raster.name, METHOD, notes,
        Provenance(parameters={"statistics": list(asked), "kind": held, "weights": weights}, versions=versions()),
    )  # fmt: skip


def _asked(
    raster: Raster, statistics: Sequence[str] | str, kind: Kind | None, weights: str
) -> tuple[str, tuple[str, ...]]:
    names = (statistics,) if isinstance(statistics, str) else tuple(dict.fromkeys(statistics))
    known: str | None = kind or raster.kind
    if known is None and names and set(names) <= set(LEVELS):
        known = "density"  # a level is what these describe, whatever the cells are
    if known is None:
        raise InputError(
            "nobody has said what the cells hold",
            where=raster.name,
            fix="give kind = density (heights, people per km2), count (people) or category (codes)",
            code="kind_missing",
        )
    if known not in STATISTICS or weights not in get_args(Weighing):
        raise InputError(
            f"{known if known not in STATISTICS else weights!r} is no kind of raster or of weights",
            where=raster.name,
            fix=f"kind: {', '.join(STATISTICS)}; weights: {', '.join(get_args(Weighing))}",
            code="unknown_kind",
        )
    names = names or (DEFAULT[known],)
    for name in names:
        _require_meaning(name, known, raster)
    if weights == "area" and (lost := sorted(UNWEIGHED & set(names))):
        raise InputError(
            f"{', '.join(lost)} cannot be weighed by area",
            where=raster.name,
            fix='leave it out, or weights = "coverage"',
            code="statistic_meaningless",
        )
    return known, names


def _require_meaning(name: str, kind: str, raster: Raster) -> None:
    every = list(dict.fromkeys(one for names in STATISTICS.values() for one in names))
    if name not in every:
        raise InputError(
            f"there is no statistic {name!r}{nearest(name, every)}",
            where=raster.name,
            fix=f"of a {kind}: {', '.join(STATISTICS[kind])}",
            code="unknown_statistic",
        )
    if name not in STATISTICS[kind]:
        why = {
            (
                "density",
                "sum",
            ): "adding up levels, cell by cell, gives a number that hangs on the cell size",
            ("count", "mean"): "the mean of counts per cell hangs on the cell size",
        }.get((kind, name), f"{name} has no meaning for a {kind}")
        fix = {
            (
                "density",
                "sum",
            ): "ask for the mean, or for total where the unit is per area; or kind = count",
            ("count", "mean"): "ask for the sum; or kind = density",
        }.get((kind, name), f"of a {kind}: {', '.join(STATISTICS[kind])}")
        raise InputError(why, where=raster.name, fix=fix, code="statistic_meaningless")
    if name == "total" and unit_area(raster.unit) is None:
        raise InputError(
            f"a total needs a unit per area; {raster.unit!r} is none",
            where=raster.name,
            fix='say what a cell holds, as in unit = "people/km2", or ask for the mean',
            code="unit_not_per_area",
        )


def _crs_of(zones: gpd.GeoDataFrame) -> pyproj.CRS:
    if zones.crs is None:
        raise CRSError(
            "the zones have no coordinate reference system",
            where="zones",
            fix="say which it is: .set_crs(...), or crs = in study.toml",
            code="crs_missing",
        )
    return zones.crs


def _ground(raster: Raster, asked: tuple[str, ...], weights: str) -> Floats | None:
    area = row_areas(raster)
    if area is None and ("total" in asked or weights == "area"):
        raise CRSError(
            f"{raster.name} is in {name_of(raster.crs)}: the ground that its cells cover is not known",
            where=raster.name,
            fix="warp it to a projected CRS in metres, or ask for the mean by coverage",
            code="crs_not_metric",
        )
    return area


def _measured(
    shapes: Shapes,
    raster: Raster,
    asked: tuple[str, ...],
    kind: str,
    area: Floats | None,
    weights: str,
) -> pd.DataFrame:
    """Return the statistics and ``count``; where classes are asked ``unique``, ``frac`` and ``ground``."""
    operation = {name: name for name in asked if name not in {"total", "share"}}
    if weights == "area":
        operation |= {name: f"weighted_{name}" for name in asked if name in WEIGHED}
    if "total" in asked:
        operation["total"] = "weighted_sum"
    share = "weighted_frac" if weights == "area" else "frac"
    if "share" in asked:
        operation |= {"unique": "unique", "frac": share}
    operation["count"] = "count"
    needed = list(dict.fromkeys(operation.values()))
    weigh = area if any(one.startswith("weighted") for one in needed) else None
    values = extracted(shapes, raster, needed, weights=weigh)
    found = pd.DataFrame({name: values[one] for name, one in operation.items()})
    if "total" in asked:
        found["total"] /= unit_area(raster.unit) or 1.0
    if "share" in asked:
        found["ground"] = np.nan
        if area is not None:
            ones = extracted(shapes, presence(raster), ["weighted_sum"], weights=area)
            found["ground"] = ones["weighted_sum"]
    _require_data(shapes, raster, found, kind)
    return found


def _require_data(shapes: Shapes, raster: Raster, found: pd.DataFrame, kind: str) -> None:
    if not len(shapes) or found["count"].fillna(0).gt(0).any():
        return
    left, bottom, right, top = raster.bounds
    seen = shapely.intersects(shapes, shapely.box(left, bottom, right, top))
    raise InputError(
        f"{raster.name} has no value in any zone: all cells there are empty"
        if seen.any()
        else f"{raster.name} lies apart from all zones",
        where=f"{raster.name}, {name_of(raster.crs)}, x {left:,.6g} to {right:,.6g}, y {bottom:,.6g} to {top:,.6g}",
        fix=f"check the nodata value ({raster.nodata}) and the {kind} band"
        if seen.any()
        else "check the CRS of both, or take the raster of this place",
        code="raster_empty" if seen.any() else "raster_apart",
    )


def _table(
    index: pd.Index,
    shapes: Shapes,
    raster: Raster,
    found: pd.DataFrame,
    asked: tuple[str, ...],
) -> pd.DataFrame:
    cells = found["count"].fillna(0.0).to_numpy(dtype=float)
    share, reason = covered_share(shapes, raster, cells), reasons(shapes, raster, cells)
    columns = {name: found[name].where(cells > 0).to_numpy() for name in asked if name != "share"}
    return pd.DataFrame(
        {**columns, "cells": cells, "covered_share": share, "reason": reason}, index=index
    )


def _classes(
    index: pd.Index, shapes: Shapes, raster: Raster, found: pd.DataFrame, weights: str
) -> pd.DataFrame:
    known = np.flatnonzero(found["count"].fillna(0).to_numpy() > 0)
    row = np.repeat(known, [len(found["unique"].iloc[at]) for at in known])
    code, share = _joined(found["unique"], known), _joined(found["frac"], known)
    ground = found["ground"].to_numpy(dtype=float)[row]
    if weights == "coverage" and raster.crs.is_geographic and row_areas(raster) is not None:
        exact = extracted(shapes, raster, ["unique", "weighted_frac"], weights=row_areas(raster))
        area = _joined(exact["weighted_frac"], known) * ground
    else:
        area = share * ground
    name = str(index.name or "id")
    table = pd.DataFrame(
        {
            name: index.to_numpy()[row],
            "class": [code_text(one) for one in code],
            "share": share,
            "area_m2": area,
        }
    )
    return table.iloc[np.lexsort((code, row))].reset_index(drop=True)


def _joined(lists: pd.Series, rows: Ints) -> Floats:
    """Return the numbers of the lists in some rows, one after another."""
    return np.concatenate([np.empty(0), *(np.asarray(lists.iloc[at], dtype=float) for at in rows)])


def _weight_notes(raster: Raster, shapes: Shapes, weights: str, kind: str) -> list[str]:
    if not raster.crs.is_geographic or kind == "count":
        return []
    if weights == "area":
        return [
            f"cells of {raster.name} are weighed by the ground that they cover on the ellipsoid"
        ]
    area = row_areas(raster)
    bounds = shapely.bounds(shapes)
    top, height = raster.bounds[3], raster.cell[1]
    if area is None or not np.isfinite(bounds).any():
        return []
    first = int(np.clip((top - np.nanmax(bounds[:, 3])) // height, 0, len(area) - 1))
    last = int(np.clip((top - np.nanmin(bounds[:, 1])) // height, first, len(area) - 1))
    spread = area[first : last + 1].max() / area[first : last + 1].min() - 1
    said = (
        f"cells of {raster.name} are in degrees and count alike, though the ground that they cover differs "
        f'by {spread:.2%} from the north to the south of the zones; weights = "area" weighs them by it'
    )
    return [said]


def _cover_notes(table: pd.DataFrame) -> list[str]:
    notes = []
    partly = table[(table["reason"] == COVERED) & (table["covered_share"] < NEARLY_ALL)]
    if len(partly):
        notes.append(
            f"{len(partly)} zones have values on part of their area only, down to "
            f"{partly['covered_share'].min():.1%}: {some_ids(partly.index)}"
        )
    for reason in (OUTSIDE, EMPTY, SHAPELESS):
        without = table.index[table["reason"] == reason]
        if len(without):
            notes.append(f"{len(without)} zones without a value, {reason}: {some_ids(without)}")
    return notes
