"""Faults against other layers: district, units and their ranges, barriers."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from renewal_geo.foundation.schema import as_text
from renewal_geo.quality.borders import mean_width
from renewal_geo.quality.layer import Layer, only
from renewal_geo.spatial.areas import flat_union, overlap_area, polygonal

OUTSIDE_SHARE, OUTSIDE_M2 = 0.01, 1.0
BARRIER_M2 = 1.0
RANGE_KIND = "range_kind"
DEMOLITION = ("demolition", "demolition_range", "拆除", "拆除范围", "拆除用地")


def note_outside_district(layer: Layer, district: gpd.GeoDataFrame) -> None:
    """Note parcels of which more than 1 m2 and 1 % lies outside the district."""
    solid = only(layer.shapes, layer.sound)
    drawn = np.where(layer.sound, layer.area, 0.0)
    outside = drawn - overlap_area(solid, polygonal(district.geometry.to_numpy()))
    bad = np.flatnonzero(outside > np.maximum(OUTSIDE_M2, OUTSIDE_SHARE * drawn))
    layer.notes.add(
        "outside_district",
        bad,
        measures=outside[bad],
        unit="m2",
        limits=OUTSIDE_M2,
        areas=outside[bad],
        widths=np.nan,
        details=[(f"{o:,.1f} m²", f"{o:,.1f} m²") for o in outside[bad]],
    )


def note_outside_unit(layer: Layer, units: gpd.GeoDataFrame) -> None:
    """Note parcels of which more than 1 m2 and 1 % lies outside the unit that they name."""
    wanted = as_text(layer.parcels["unit_id"]).fillna("").to_numpy(str)
    ranges = unit_ranges(units)
    place = pd.Series(np.arange(len(ranges)), index=ranges.index).reindex(wanted)
    rows = np.flatnonzero(place.notna().to_numpy() & layer.sound)
    shapes = ranges.to_numpy()[place.to_numpy()[rows].astype(int)]
    stray = _outside(layer.shapes[rows], shapes)
    outside = np.nan_to_num(shapely.area(stray))
    bad = outside > np.maximum(OUTSIDE_M2, OUTSIDE_SHARE * layer.area[rows])
    details = [
        (f"{wanted[r]}：{o:,.1f} m²", f"{wanted[r]}: {o:,.1f} m²")
        for r, o in zip(rows[bad], outside[bad], strict=True)
    ]
    _note_stray(layer, rows[bad], stray[bad], details)


def note_outside_range(layer: Layer, units: gpd.GeoDataFrame) -> None:
    """Note units whose demolition range leaves the range of the unit itself.

    Rows of `units` are told apart by their column ``range_kind`` (``demolition`` or 拆除范围; all else is
    the unit's own range), and belong together by ``unit_id``.
    """
    if RANGE_KIND not in units.columns:
        return
    ranges, cleared = unit_ranges(units), unit_ranges(units, demolition=True)
    known = [one for one in cleared.index if one in ranges.index]
    shapes = cleared.loc[known].to_numpy()
    stray = _outside(shapes, ranges.loc[known].to_numpy())
    outside = np.nan_to_num(shapely.area(stray))
    bad = outside > np.maximum(OUTSIDE_M2, OUTSIDE_SHARE * shapely.area(shapes))
    details = [
        (f"拆除范围超出更新单元范围 {o:,.1f} m²", f"{o:,.1f} m² of its demolition range")
        for o in outside[bad]
    ]
    names = [known[n] for n in np.flatnonzero(bad)]
    _note_stray(layer, np.full(bad.sum(), -1), stray[bad], details, of=("units", names))


def _note_stray(
    layer: Layer, rows: Any, stray: np.ndarray, details: list[tuple[str, str]], **more: Any
) -> None:
    area = shapely.area(stray)
    layer.notes.add(
        "outside_unit",
        rows,
        measures=area,
        unit="m2",
        limits=OUTSIDE_M2,
        areas=area,
        widths=mean_width(stray),
        places=stray,
        details=details,
        **more,
    )


def unit_ranges(units: gpd.GeoDataFrame, *, demolition: bool = False) -> pd.Series:
    """Return by unit id the union of its ranges of one kind."""
    shapes = polygonal(units.geometry.to_numpy())
    kind = pd.Series("", index=units.index)
    if RANGE_KIND in units.columns:
        kind = units[RANGE_KIND].astype(object).fillna("").astype(str).str.strip()
    kept = (kind.isin(DEMOLITION).to_numpy() == demolition) & ~shapely.is_missing(shapes)
    ids = units.index.to_numpy().astype(str)[kept]
    whole: dict[str, Any] = {}
    for one, rows in pd.Series(np.flatnonzero(kept)).groupby(ids):
        whole[str(one)] = shapes[rows.iloc[0]] if len(rows) == 1 else flat_union(shapes[rows])
    return pd.Series(whole, dtype=object)


def walls_of(barriers: gpd.GeoDataFrame, crs: Any) -> gpd.GeoDataFrame:
    """Return barriers as polygons: lines are widened to their ``width_m``, 1 m where there is none."""
    shapes = barriers.geometry.to_numpy()
    width = pd.to_numeric(
        barriers.get("width_m", pd.Series(1.0, index=barriers.index)), errors="coerce"
    )
    lines = np.isin(shapely.get_type_id(shapes), (1, 5))
    wide = shapely.buffer(shapes, width.fillna(1.0).to_numpy() / 2, cap_style="flat")
    kind = (
        barriers["kind"].astype(str)
        if "kind" in barriers
        else pd.Series("barrier", index=barriers.index)
    )
    shapes = polygonal(np.where(lines, wide, shapes))
    return gpd.GeoDataFrame({"kind": kind.to_numpy()}, geometry=shapes, crs=crs)


def note_crossed(layer: Layer, walls: gpd.GeoDataFrame) -> None:
    """Note barriers that take more than 1 m2 of a parcel."""
    rows = np.flatnonzero(layer.sound)
    shapes = walls.geometry.to_numpy()
    row, wall = shapely.STRtree(shapes).query(layer.shapes[rows], predicate="intersects")
    shared = polygonal(shapely.intersection(layer.shapes[rows[row]], shapes[wall]))
    area = np.nan_to_num(shapely.area(shared))
    real = area > BARRIER_M2
    kinds = walls["kind"].to_numpy()[wall[real]]
    layer.notes.add(
        "crossed_by_barrier",
        rows[row[real]],
        measures=area[real],
        unit="m2",
        limits=BARRIER_M2,
        areas=area[real],
        widths=mean_width(shared[real]),
        places=shared[real],
        details=[
            (f"{k} 占 {a:,.1f} m²", f"{k} takes {a:,.1f} m²")
            for k, a in zip(kinds, area[real], strict=True)
        ],
    )


def _outside(shapes: Any, ranges: Any) -> Any:
    return polygonal(shapely.difference(shapes, ranges))
