"""Units made ready: one row per unit, its three ranges as one shape each, and what is wrong with them.

Faults that stop a screening (collected, raised once): no unit at all, an id that is missing, one id with two
values of one attribute, a kind of range that is unknown, a demolition range or development land of a unit
that is not there, a demolition range that leaves its unit or is larger, development land that leaves the
demolition range and the odd lots, areas below zero, a plan announced before 1949 or after the day of the
screening. What only leaves a question open is a note: a unit without a range, a geometry that had to be made
valid, a kind of renewal that no word tells, units that overlap.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from renewal_geo.eligibility import words
from renewal_geo.foundation.crs import require_metric, require_same
from renewal_geo.foundation.errors import Faults, InputError, some_ids
from renewal_geo.foundation.schema import table as schema_table
from renewal_geo.spatial.polygons import Shapes, flat_union, polygonal

TOLERANCE, TOLERANCE_M2 = 0.0002, 1.0  # notices call up to 0.02 % of a range a technical error
FIRST_YEAR = 1949
NOT_OF_THE_UNIT = {"unit_id", "area_m2", "range_kind"}
_DIGITS = re.compile(r"([0-9]+)")
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """n units, sorted by id.

    Attributes
    ----------
    ids, table
        Their ids, and their attributes indexed by them (every canonical column, missing where not given).
    unit_range, demolition, development
        Dissolved shapes, None where a unit has none.
    ground
        What is screened: the demolition range, the unit range where nothing is demolished.
    rebuilds, improves
        Which units are of the demolition and of the improvement type; both where the type says both.
    lots
        Rows of development land as given: ``unit_id, use``, geometry.
    crs, notes
        Of all shapes; what was decided on the way.
    """

    ids: tuple[str, ...]
    table: pd.DataFrame
    unit_range: Shapes
    demolition: Shapes
    development: Shapes
    ground: Shapes
    rebuilds: Mask
    improves: Mask
    lots: gpd.GeoDataFrame
    crs: pyproj.CRS
    notes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.ids)

    def named(self, row: int) -> str:
        """Return the name of a unit, its id where it has none."""
        name = self.table["name"].iloc[row]
        return self.ids[row] if pd.isna(name) or not str(name).strip() else str(name)


def units_of(
    units: gpd.GeoDataFrame,
    demolition: gpd.GeoDataFrame | None,
    development: gpd.GeoDataFrame | None,
    odd_lots: gpd.GeoDataFrame | None,
    as_of: dt.date,
    faults: Faults,
) -> Units:
    """Dissolve the ranges of every unit and note what is wrong with them.

    Raises
    ------
    CRSError
        Where areas cannot be measured, or layers do not match.
    InputError
        ``no_units``; whatever else is wrong is added to `faults`.
    """
    if not len(units):
        raise InputError(
            "there are no units to screen",
            where="units",
            fix="give at least one row",
            code="no_units",
        )
    require_metric(units, "units")
    for layer, name in (
        (demolition, "demolition"),
        (development, "development"),
        (odd_lots, "odd_lots"),
    ):
        if layer is not None:
            require_same(units, layer, ("units", name))
    notes: list[str] = []
    rows = _keyed(units, "units", faults)
    told = _told_apart(rows, faults)
    for name, layer in ((words.DEMOLITION, demolition), (words.DEVELOPMENT, development)):
        if layer is not None:
            told[name] = _keyed(layer, name, faults)
    ids = tuple(sorted(set(rows["unit_id"]) - {""}, key=natural))
    for name in (words.DEMOLITION, words.DEVELOPMENT):
        require_known(told[name]["unit_id"], ids, name, faults)
    table = _attributes(rows, ids, as_of, faults)
    shapes = {name: dissolved(part, ids, name, notes) for name, part in told.items()}
    _check_ranges(ids, shapes, _odd_ground(odd_lots), faults)
    rebuilds, improves = _types(table, notes)
    bare = shapely.is_missing(shapes[words.DEMOLITION]) & ~rebuilds
    ground = np.where(bare, shapes[words.UNIT], shapes[words.DEMOLITION])
    _note_ground(ids, ground, notes)
    return Units(
        ids, table, shapes[words.UNIT], shapes[words.DEMOLITION], shapes[words.DEVELOPMENT], ground,
        rebuilds, improves, told[words.DEVELOPMENT], pyproj.CRS(units.crs), tuple(notes),
    )  # fmt: skip


def natural(text: str) -> list[tuple[int, int, str]]:
    """Return a key that puts U2 before U10."""
    return [
        (0, int(part), part) if _DIGITS.fullmatch(part) else (1, 0, part)
        for part in _DIGITS.split(text)
        if part
    ]


def ids_in(table: pd.DataFrame, column: str) -> pd.Series:
    """Return ids as text, from the column or else the index; empty where missing."""
    values = table[column] if column in table.columns else table.index.to_series()
    plain = values.astype(object).where(values.notna().to_numpy(), "")
    return pd.Series([str(one).strip() for one in plain], index=table.index, dtype=object)


def require_known(found: Iterable[str], ids: Sequence[str], name: str, faults: Faults) -> None:
    """Note ids of units that are not there."""
    strange = sorted(set(found) - set(ids) - {""}, key=natural)
    if strange:
        faults.add(
            f"{name} names units that are not there ({len(strange)}): {some_ids(strange)}",
            where=name,
            fix="correct unit_id, or add the unit to units",
            code="unknown_unit",
        )


def dissolved(rows: gpd.GeoDataFrame, ids: Sequence[str], name: str, notes: list[str]) -> Shapes:
    """Return one shape per id, None where there is none; what had to be made valid is noted."""
    raw = rows.geometry.to_numpy()
    broken = ~shapely.is_valid(raw) & ~shapely.is_missing(raw)
    if broken.any():
        notes.append(
            f"{name}: {broken.sum()} invalid shapes were made valid for measuring: "
            f"{some_ids(rows['unit_id'][broken])}"
        )
    shapes = polygonal(raw)
    held = ~shapely.is_missing(shapes)
    by_id = rows["unit_id"].to_numpy()
    out = np.full(len(ids), None, dtype=object)
    place = {one: n for n, one in enumerate(ids)}
    numbers = pd.DataFrame({"id": by_id[held], "at": np.flatnonzero(held)})
    for one, at in numbers.groupby("id")["at"]:
        if (row := place.get(str(one), -1)) >= 0:
            own = shapes[at.to_numpy()]
            out[row] = own[0] if len(own) == 1 else flat_union(own)
    return out


def spot(shape: Any) -> str:
    """Return a coordinate inside the largest part of a shape."""
    parts = shapely.get_parts(shape)
    point = shapely.point_on_surface(parts[np.argmax(shapely.area(parts))])
    return f"x {point.x:.2f}, y {point.y:.2f}"


def _keyed(layer: gpd.GeoDataFrame, name: str, faults: Faults) -> gpd.GeoDataFrame:
    """Return a layer with its unit ids as a column, on a plain index."""
    ids = ids_in(layer, "unit_id").to_numpy()
    blank = int((ids == "").sum())
    if blank:
        faults.add(
            f"{name}: {blank} row{'s have' if blank > 1 else ' has'} no unit_id",
            where=name,
            fix="give every range the id of its unit",
            code="missing_id",
        )
    plain = layer.reset_index(drop=True)
    return plain.assign(unit_id=ids)


def _told_apart(rows: gpd.GeoDataFrame, faults: Faults) -> dict[str, gpd.GeoDataFrame]:
    """Tell the rows of one layer apart by their kind of range; without the column all are unit ranges."""
    names = (words.UNIT, words.DEMOLITION, words.DEVELOPMENT)
    if "range_kind" not in rows.columns:
        return {name: rows if name == words.UNIT else rows.iloc[:0] for name in names}
    kinds = words.classed(rows["range_kind"], words.RANGE_WORDS)
    kinds = np.where(words.blank(kinds), words.UNIT, kinds)
    odd = kinds == words.OTHER
    if odd.any():
        faults.add(
            f"units: range_kind {some_ids(sorted(set(rows['range_kind'][odd].astype(str))))} is no kind of range",
            where=f"units {some_ids(rows['unit_id'][odd])}",
            fix="write unit, demolition or development (更新单元范围, 拆除范围, 开发建设用地)",
            code="range_kind",
        )
    return {name: rows[kinds == name] for name in names}


def _attributes(
    rows: gpd.GeoDataFrame, ids: Sequence[str], as_of: dt.date, faults: Faults
) -> pd.DataFrame:
    """Return one row of attributes per unit; rows of one unit that contradict each other are a fault."""
    columns = schema_table("units").columns
    found: dict[str, pd.Series] = {}
    for name in (one for one in columns if one not in NOT_OF_THE_UNIT):
        if name not in rows.columns:
            found[name] = pd.Series(None, index=list(ids), dtype=object)
            continue
        values = pd.DataFrame({"id": rows["unit_id"], "value": rows[name].astype(object)})
        values = values[values["value"].notna() & (values["value"].astype(str).str.strip() != "")]
        values = values.drop_duplicates()
        _note_contradictions(values, name, faults)
        found[name] = values.drop_duplicates("id").set_index("id")["value"].reindex(list(ids))
        if columns[name].dtype == "float":
            found[name] = _amounts(found[name], name, faults)
    table = pd.DataFrame(found, index=pd.Index(ids, name="unit_id"))
    _check_days(table["announced_on"], as_of, faults)
    return table


def _note_contradictions(values: pd.DataFrame, name: str, faults: Faults) -> None:
    several = values[values["id"].duplicated(keep=False)]
    for one, own in several.groupby("id"):
        faults.add(
            f"unit {one} has {len(own)} values of {name}: {', '.join(sorted(map(str, own['value'])))}",
            where=f"units, unit {one}",
            fix="one id, one unit: correct the rows that differ, or give them ids of their own",
            code="contradiction",
        )


def _amounts(values: pd.Series, name: str, faults: Faults) -> pd.Series:
    numbers = pd.to_numeric(values, errors="coerce")
    bad = (numbers < 0) | (numbers.isna() & values.notna())
    if bad.any():
        faults.add(
            f"units: {name} is {values[bad].iloc[0]} and no amount of at least 0 at {some_ids(values.index[bad])}",
            where=f"units, column {name}",
            fix="correct it, or leave it empty where it is not known",
            code="bad_amount",
        )
    return numbers


def _check_days(days: pd.Series, as_of: dt.date, faults: Faults) -> None:
    told = pd.to_datetime(days, errors="coerce")
    early, late = told.dt.year < FIRST_YEAR, told > pd.Timestamp(as_of)
    for bad, what in (
        (early, f"before {FIRST_YEAR}"),
        (late, f"after {as_of}, the day of the screening"),
    ):
        for one in days.index[bad]:
            faults.add(
                f"unit {one} was announced on {told[one].date()}, {what}",
                where=f"units, unit {one}",
                fix="correct announced_on, or screen by the rules of a later day"
                if bad is late
                else "correct announced_on",
                code="bad_date",
            )


def _check_ranges(ids: Sequence[str], shapes: dict[str, Shapes], odd: Any, faults: Faults) -> None:
    whole, cleared = shapes[words.UNIT], shapes[words.DEMOLITION]
    for row, out in _strays(cleared, whole, None):
        _note_stray(ids[row], out, "demolition range", "unit range", faults)
    both = ~shapely.is_missing(cleared) & ~shapely.is_missing(whole)
    own, most = shapely.area(cleared), shapely.area(whole)
    for place in np.flatnonzero(both & (own > most + _slack(own))):
        one = ids[int(place)]
        faults.add(
            f"unit {one}: the demolition range ({own[place]:,.1f} m²) is larger than the unit range "
            f"({most[place]:,.1f} m²)",
            where=f"unit {one}",
            fix="check whether the two ranges were exchanged",
            code="larger_than_unit",
        )
    allowed = np.where(shapely.is_missing(cleared), whole, cleared)
    outer = "demolition range" if odd is None else "demolition range and of the odd lots"
    for row, out in _strays(shapes[words.DEVELOPMENT], allowed, odd):
        _note_stray(ids[row], out, "development land", outer, faults)


def _strays(inner: Shapes, outer: Shapes, besides: Any) -> Iterator[tuple[int, Any]]:
    """Return what leaves the range that it belongs to by more than 0.02 % and 1 m2."""
    both = np.flatnonzero(~shapely.is_missing(inner) & ~shapely.is_missing(outer))
    stray = shapely.difference(inner[both], outer[both])
    slack = _slack(shapely.area(inner[both]))
    for row, out, most in zip(both, stray, slack, strict=True):
        left = out if besides is None or out.area <= most else shapely.difference(out, besides)
        if left.area > most:
            yield int(row), left


def _slack(area: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.maximum(TOLERANCE * area, TOLERANCE_M2)


def _note_stray(one: str, out: Any, inner: str, outer: str, faults: Faults) -> None:
    faults.add(
        f"unit {one}: {out.area:,.1f} m² of the {inner} lie outside of the {outer}",
        where=f"unit {one}, {spot(out)}",
        fix=f"draw the {inner} inside of the {outer}",
        code="outside_unit",
    )


def _odd_ground(odd_lots: gpd.GeoDataFrame | None) -> Any:
    return (
        None
        if odd_lots is None or not len(odd_lots)
        else flat_union(polygonal(odd_lots.geometry.to_numpy()))
    )


def _types(table: pd.DataFrame, notes: list[str]) -> tuple[Mask, Mask]:
    rebuilds, improves = (
        np.array(
            [words.is_of(one, words.TYPE_WORDS[kind]) for one in table["renewal_type"]], dtype=bool
        )
        for kind in (words.DEMOLITION, words.IMPROVEMENT)
    )
    untold = ~rebuilds & ~improves
    if untold.any():
        notes.append(
            f"{untold.sum()} units do not say in words known here whether they demolish or improve, and are "
            f"screened as demolition: {some_ids(table.index[untold])}"
        )
    return rebuilds | untold, improves


def _note_ground(ids: Sequence[str], ground: Shapes, notes: list[str]) -> None:
    """Say which units have no range to measure, and which overlap each other."""
    bare = [one for one, shape in zip(ids, ground, strict=True) if shape is None]
    if bare:
        notes.append(f"{len(bare)} units have no range that could be screened: {some_ids(bare)}")
    first, second = shapely.STRtree(ground).query(ground, predicate="intersects")
    once = first < second
    first, second = first[once], second[once]
    shared = shapely.area(shapely.intersection(ground[first], ground[second]))
    wide = np.flatnonzero(shared > TOLERANCE_M2)
    if len(wide):
        named = [
            f"{ids[int(first[k])]} and {ids[int(second[k])]} ({shared[k]:,.1f} m²)" for k in wide
        ]
        notes.append(f"{len(wide)} pairs of ranges overlap: {some_ids(named)}")
