"""The drawings of an assessment: whose each polygon is, one shape per unit and range, faults collected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from renewal_geo.foundation.area_changes import AREA_TOLERANCE
from renewal_geo.foundation.crs import require_metric, require_same
from renewal_geo.foundation.errors import Faults, some_ids
from renewal_geo.foundation.schema import as_text
from renewal_geo.spatial.polygons import Floats, Ints, Shapes, flat_union, polygonal

UNIT_ID = "unit_id"
RANGE_KIND = "range_kind"
DEMOLITION, IMPROVEMENT = r"拆除|demol", r"综合整治|整治|improve"
NOBODY = -1
BELONGS_SHARE = 0.5  # a shape without a unit is that of the unit which holds more than this of it
LEAST_OUTSIDE_M2 = 1.0
AMOUNTS = (
    "planned_floor_area_m2",
    "demolished_floor_area_m2",
    "base_gfa_m2",
    "transfer_gfa_m2",
    "bonus_gfa_m2",
)


@dataclass(frozen=True, slots=True, eq=False)
class Drawings:
    """n units with their ranges, and what lies in them, by position.

    Attributes
    ----------
    ids, units
        n ids in the caller's order; n rows of their own columns, indexed by id.
    amounts
        n rows: floor areas as stated (m2), NaN where not.
    unit_range, demolition, development, odd_lots
        n polygons each, None where nothing is drawn.
    plots, lots, sites
        Rows of the layers, with ``unit`` (position, -1 for nobody's); None where the layer is not given.
    drawn
        Names of the layers that are given.
    crs, notes
        CRS of all of them; what was decided while reading.
    """

    ids: tuple[str, ...]
    units: pd.DataFrame
    amounts: pd.DataFrame
    unit_range: Shapes
    demolition: Shapes
    development: Shapes
    odd_lots: Shapes
    plots: gpd.GeoDataFrame | None
    sites: gpd.GeoDataFrame | None
    drawn: frozenset[str]
    reasons: dict[str, dict[str, str]]
    crs: Any
    notes: tuple[str, ...]

    def area(self, name: str) -> Floats:
        """Return n areas of a range (m2), NaN where none is drawn."""
        shapes: Shapes = getattr(self, name)
        area = np.asarray(shapely.area(shapes), dtype=float)
        return np.where(shapely.is_missing(shapes), np.nan, area)


@dataclass(slots=True)
class _Reading:
    faults: Faults = field(default_factory=Faults)
    notes: list[str] = field(default_factory=list)


def read_drawings(
    units: gpd.GeoDataFrame,
    demolition: gpd.GeoDataFrame | None,
    development: gpd.GeoDataFrame | None,
    odd_lots: gpd.GeoDataFrame | None,
    sites: gpd.GeoDataFrame | None,
    others: dict[str, gpd.GeoDataFrame | None],
) -> Drawings:
    """Bring the layers together; raise every fault of theirs at once.

    Raises
    ------
    CRSError
        Where a layer cannot be measured, or is in another CRS than the units.
    InputError
        ``duplicate_id, missing_id, unknown_unit, outside_unit, bad_area, no_development_land``.
    """
    layers = {
        "demolition ranges": demolition,
        "development land": development,
        "odd lots": odd_lots,
        "sites": sites,
        **others,
    }
    require_metric(units, "units")
    for name, layer in layers.items():
        if layer is not None:
            require_same(units, layer, ("units", name))
    reading = _Reading()
    own, demolition = ranges_apart(units, demolition)
    own = own.sort_index(
        key=lambda ids: ids.astype(str), kind="stable"
    )  # in any order the same tables
    ids = _ids(own, reading.faults)
    ground = _shapes(own, "units", reading)
    owned = {
        name: _owned(layer, ids, ground, name, reading)
        for name, layer in (
            ("demolition ranges", demolition),
            ("development land", development),
            ("odd lots", odd_lots),
            ("sites", sites),
        )
    }
    whole = {name: _together(layer, len(ids), name, reading) for name, layer in owned.items()}
    amounts = _amounts(own, ids, reading.faults)
    _require_inside(ids, ground, whole["demolition ranges"], reading)
    if development is not None:
        builds = _builds(own, whole["demolition ranges"])
        _require_land(ids, amounts, whole["development land"], builds, reading.faults)
    reading.faults.raise_if_any()
    bare = [one for one, shape in zip(ids, ground, strict=True) if shape is None]
    if bare:
        reading.notes.append(f"units without a unit range: {some_ids(bare)}")
    _note_beyond(ids, ground, whole["development land"], reading)
    plain = pd.DataFrame(own.drop(columns=own.geometry.name))
    plain.index = pd.Index(ids, name=UNIT_ID)
    given = {"demolition": demolition, "development": development, "odd_lots": odd_lots}
    return Drawings(
        tuple(ids), plain, amounts, ground, whole["demolition ranges"],
        whole["development land"], whole["odd lots"], owned["development land"], owned["sites"],
        frozenset(name for name, layer in {**given, "sites": sites}.items() if layer is not None),
        {
            "demolition": _reasons(owned["demolition ranges"], ids),
            "development": _reasons(owned["development land"], ids),
            "odd_lots": _reasons(owned["odd lots"], ids),
        },
        units.crs, tuple(reading.notes),
    )  # fmt: skip


def ranges_apart(
    units: gpd.GeoDataFrame, demolition: gpd.GeoDataFrame | None
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame | None]:
    """Tell unit ranges from demolition ranges, where one layer holds both."""
    if RANGE_KIND not in units.columns:
        return units, demolition
    kind = _says(units, RANGE_KIND, DEMOLITION)
    if not kind.any() or demolition is not None:
        return units[~kind], demolition
    return units[~kind], units[kind]


def _says(table: pd.DataFrame, column: str, words: str) -> NDArray[np.bool_]:
    """Return in which rows a text holds one of some words."""
    texts = as_text(table[column]).fillna("").astype(str)
    return texts.str.contains(words, case=False, regex=True).to_numpy(dtype=bool)


def own_ids(table: pd.DataFrame) -> pd.Series[str] | None:
    """Return the unit that each row names, empty where none; None where no column says it."""
    if UNIT_ID in table.columns:
        values = table[UNIT_ID]
    elif table.index.name == UNIT_ID:
        values = pd.Series(table.index, dtype=object)
    else:
        return None
    texts: pd.Series[str] = as_text(values).fillna("").reset_index(drop=True).astype(object)
    return texts


def _ids(units: gpd.GeoDataFrame, faults: Faults) -> list[str]:
    said = own_ids(units)
    texts = as_text(pd.Series(units.index)).fillna("") if said is None else said
    ids = [str(one) for one in texts]
    if not ids:
        faults.add(
            "there is no unit to assess",
            where="units",
            fix="draw at least one unit",
            code="missing_id",
        )
    blank = [row for row, one in enumerate(ids) if not one]
    if blank:
        faults.add(
            f"{len(blank)} units have no id",
            where=f"units, rows {some_ids(blank)}",
            fix="give every unit an id of its own",
            code="missing_id",
        )
    counts = pd.Series(ids, dtype=object).value_counts()
    doubled = sorted(str(one) for one in counts.index[counts > 1] if one)
    if doubled:
        faults.add(
            f"{len(doubled)} units stand in several rows: {some_ids(doubled)}",
            where=f"units {some_ids(doubled)}",
            fix="merge the parts of a unit into one multipolygon",
            code="duplicate_id",
        )
    return ids


def _shapes(table: gpd.GeoDataFrame, name: str, reading: _Reading) -> Shapes:
    """Return valid polygons, None for what is none; say what was mended."""
    raw = table.geometry.to_numpy()
    broken = ~shapely.is_valid(raw) & ~shapely.is_missing(raw)
    if broken.any():
        rows = some_ids(table.index[broken])
        reading.notes.append(f"{name}: invalid polygons were made valid for measuring: {rows}")
    return polygonal(raw)


def _owned(
    table: gpd.GeoDataFrame | None,
    ids: Sequence[str],
    ground: Shapes,
    name: str,
    reading: _Reading,
) -> gpd.GeoDataFrame | None:
    """Return a layer with the position of the unit to which each row belongs."""
    if table is None:
        return None
    said = own_ids(table)
    named = [""] * len(table) if said is None else [str(one) for one in said]
    place = {one: row for row, one in enumerate(ids)}
    unit = np.array([place.get(one, NOBODY) for one in named], dtype=np.int64)
    blank = np.array([not one for one in named], dtype=bool)
    strangers = [one for one, row in zip(named, unit, strict=True) if one and row == NOBODY]
    if strangers:
        reading.faults.add(
            f"{name} name {len(set(strangers))} units that there are not: "
            f"{some_ids(dict.fromkeys(strangers))}",
            where=f"{name} {some_ids(table.index[~blank & (unit == NOBODY)])}",
            fix="correct unit_id, or draw the unit",
            code="unknown_unit",
        )
    if blank.any():
        unit[blank] = _by_ground(table.geometry.to_numpy()[blank], ground)
        found = int((unit[blank] != NOBODY).sum())
        # a bank of sites may well hold land of no unit
        if found or name != "sites":
            reading.notes.append(
                f"{name}: {int(blank.sum())} rows name no unit; {found} belong to the unit that holds "
                "more than half of them"
            )
    made = table.copy()
    made["unit"] = unit
    return made


def _by_ground(shapes: NDArray[np.object_], ground: Shapes) -> Ints:
    """Return the unit that holds most of each shape, or the point; nobody's where none does."""
    tree = shapely.STRtree(ground)
    found = np.full(len(shapes), NOBODY, dtype=np.int64)
    best = np.zeros(len(shapes))
    rows, units = tree.query(shapes, predicate="intersects")
    for row, unit in zip(rows, units, strict=True):
        shape = polygonal(np.array([shapes[row]], dtype=object))[0]
        share = (
            1.0
            if shape is None
            else float(shapely.intersection(shape, ground[unit]).area / shape.area)
        )
        if share > max(best[row], BELONGS_SHARE):
            best[row], found[row] = share, unit
    return found


def _together(layer: gpd.GeoDataFrame | None, count: int, name: str, reading: _Reading) -> Shapes:
    """Return the union of each unit's polygons, however many parts it is drawn in."""
    whole = np.full(count, None, dtype=object)
    if layer is None:
        return whole
    shapes = _shapes(layer, name, reading)
    unit = layer["unit"].to_numpy()
    for one in np.unique(unit[unit != NOBODY]):
        parts = shapes[(unit == one) & ~shapely.is_missing(shapes)]
        if len(parts):
            whole[one] = parts[0] if len(parts) == 1 else flat_union(parts)
    return whole


def _amounts(units: pd.DataFrame, ids: Sequence[str], faults: Faults) -> pd.DataFrame:
    """Return the floor areas that the units state, m2; what is negative or no number is a fault."""
    made = pd.DataFrame(np.nan, index=pd.Index(ids, name=UNIT_ID), columns=list(AMOUNTS))
    wanted = [*AMOUNTS, *(str(c) for c in units.columns if str(c).startswith(TERM_PREFIXES))]
    for name in dict.fromkeys(wanted):
        if name not in units.columns:
            continue
        values = pd.to_numeric(units[name], errors="coerce").to_numpy(dtype=float)
        text = units[name].notna().to_numpy() & np.isnan(values)
        odd = text | (values < 0) | np.isinf(values)
        if odd.any():
            bad = [f"{ids[row]}: {units[name].iloc[row]}" for row in np.flatnonzero(odd).tolist()]
            faults.add(
                f"{name} is no area of 0 m2 or more in {int(odd.sum())} units: {some_ids(bad)}",
                where=f"units {some_ids([ids[row] for row in np.flatnonzero(odd).tolist()])}",
                fix="correct the figure, or leave the cell empty",
                code="bad_area",
            )
        made[name] = values
    return made


TERM_PREFIXES = ("transfer_term_", "bonus_term_")


def _require_inside(ids: Sequence[str], ground: Shapes, ranges: Shapes, reading: _Reading) -> None:
    """Refuse a demolition range that leaves its unit by more than technical error."""
    for row in np.flatnonzero(~shapely.is_missing(ground) & ~shapely.is_missing(ranges)).tolist():
        stray = shapely.difference(ranges[row], ground[row])
        area, whole = ranges[row].area, ground[row].area
        if stray.area <= max(LEAST_OUTSIDE_M2, AREA_TOLERANCE * area):
            continue
        spot = stray.representative_point()
        larger = " and is larger than it" if area > whole else ""
        reading.faults.add(
            f"the demolition range of {ids[row]} ({area:,.1f} m2) leaves its unit range "
            f"({whole:,.1f} m2) by {stray.area:,.1f} m2{larger}",
            where=f"unit {ids[row]}, at x {spot.x:,.1f} y {spot.y:,.1f}",
            fix="clip the demolition range to the unit range, or correct the unit range",
            code="outside_unit",
        )


def _builds(units: pd.DataFrame, ranges: Shapes) -> NDArray[np.bool_]:
    """Return which units build anew: all but improvements that demolish nothing."""
    if "renewal_type" not in units.columns:
        return np.ones(len(units), dtype=bool)
    return ~(_says(units, "renewal_type", IMPROVEMENT) & shapely.is_missing(ranges))


def _require_land(
    ids: Sequence[str],
    amounts: pd.DataFrame,
    land: Shapes,
    builds: NDArray[np.bool_],
    faults: Faults,
) -> None:
    planned = amounts["planned_floor_area_m2"].to_numpy()
    for row in np.flatnonzero((planned > 0) & builds & shapely.is_missing(land)).tolist():
        faults.add(
            f"{ids[row]} plans {planned[row]:,.1f} m2 of floor area, but has no development land",
            where=f"unit {ids[row]}",
            fix="draw its development land, or leave the planned floor area empty",
            code="no_development_land",
        )


def _note_beyond(ids: Sequence[str], ground: Shapes, land: Shapes, reading: _Reading) -> None:
    for row in np.flatnonzero(~shapely.is_missing(ground) & ~shapely.is_missing(land)).tolist():
        stray = shapely.difference(land[row], ground[row]).area
        if stray > max(LEAST_OUTSIDE_M2, AREA_TOLERANCE * land[row].area):
            reading.notes.append(
                f"{stray:,.1f} m2 of the development land of {ids[row]} lie outside its unit range"
            )


def _reasons(layer: gpd.GeoDataFrame | None, ids: Sequence[str]) -> dict[str, str]:
    """Return by unit why a range changed, as its rows say."""
    if layer is None or "reason" not in layer.columns:
        return {}
    said = [str(one).strip() for one in as_text(layer["reason"]).fillna("")]
    made: dict[str, set[str]] = {}
    for unit, text in zip(layer["unit"].tolist(), said, strict=True):
        if unit != NOBODY and text:
            made.setdefault(ids[unit], set()).add(text)
    return {unit: "; ".join(sorted(texts)) for unit, texts in made.items()}
