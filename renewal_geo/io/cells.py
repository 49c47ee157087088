"""Tables as the formats take them: columns of six kinds, and what no format holds said at once."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, replace
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from renewal_geo.io.losses import Loss

Kind = Literal["yes_no", "whole", "number", "day", "time", "text"]
NARROW = (np.int8, np.int16, np.int32, np.int64)
LARGEST_EXACT = 2**53
NESTED = (list, dict, tuple, set, frozenset, np.ndarray)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table, of a kind that every format knows.

    `cells` has one entry per row: bool, signed integers, floats, ``datetime64[D]``, ``datetime64``
    with a unit of a second or less (in UTC where there is a `zone`) or texts; where `missing`, it
    means nothing (texts are None there). `name` is the caller's.
    """

    name: str
    kind: Kind
    cells: np.ndarray
    missing: np.ndarray
    losses: tuple[Loss, ...] = ()
    zone: Any = None

    def as_series(self) -> pd.Series:
        """Return the column with nulls and, for times, their zone."""
        if self.kind == "text":
            return pd.Series(list(self.cells), dtype="object")
        if self.kind == "day":
            days = self.cells.astype(object)
            days[self.missing] = None
            return pd.Series(list(days), dtype="object")
        if self.kind == "time":
            times = pd.Series(self.cells).mask(self.missing)
            return (
                times if self.zone is None else times.dt.tz_localize("UTC").dt.tz_convert(self.zone)
            )
        if not self.missing.any():
            return pd.Series(self.cells)
        if self.kind == "number":
            return pd.Series(self.cells).mask(self.missing)
        kind = "boolean" if self.kind == "yes_no" else f"I{str(self.cells.dtype)[1:]}"
        return pd.Series(self.cells, dtype=kind).mask(self.missing)


def columns_of(table: gpd.GeoDataFrame | pd.DataFrame) -> tuple[list[Column], list[Loss]]:
    """Return the columns of a table but its geometry, and what is lost of its row labels.

    Named levels of the index come first, but for one that only repeats a column of its name.
    """
    shapes = table.geometry.name if isinstance(table, gpd.GeoDataFrame) else None
    own = [
        (str(name), table.iloc[:, at].reset_index(drop=True))
        for at, name in enumerate(table.columns)
        if name != shapes
    ]
    known = dict(own)
    named: list[tuple[str, pd.Series]] = []
    for level, name in enumerate(table.index.names):
        values = pd.Series(table.index.get_level_values(level)).reset_index(drop=True)
        if name is not None and not (str(name) in known and values.equals(known[str(name)])):
            named.append((str(name), values))
    nameless = len(table) and all(name is None for name in table.index.names)
    counted = table.index.equals(pd.RangeIndex(len(table)))
    lost = [Loss("index_dropped", "", len(table))] if nameless and not counted else []
    used: set[str] = set()
    columns: list[Column] = []
    for name, values in [*named, *own]:
        free, number = name, 1
        while free in used:
            number += 1
            free = f"{name}_{number}"
        used.add(free)
        lost += [Loss("name_twice", name)] if free != name else []
        columns.append(column(values, free))
    return columns, lost


def column(values: pd.Series, name: str) -> Column:
    """Return one column as the formats take it."""
    values = values.reset_index(drop=True)
    if isinstance(values.dtype, pd.SparseDtype | pd.CategoricalDtype):
        values = pd.Series(values.to_numpy(), name=name).infer_objects()
    missing = values.isna().to_numpy(dtype=bool)
    if isinstance(values.dtype, gpd.array.GeometryDtype):
        texts = shapely.to_wkt(values.to_numpy(), rounding_precision=-1)
        return _text(name, pd.Series(texts, dtype=object), missing, "shapes_as_text")
    kind = _kind(values)
    makers = {"yes_no": _yes_no, "whole": _whole, "number": _number, "day": _day, "time": _time}
    if kind in makers:
        made = makers[kind](name, values, missing)
        if made is not None:
            return made
        kind = "mixed_as_text"
    return _text(name, values, missing, "" if kind == "text" else kind)


def _kind(values: pd.Series) -> str:
    dtype = values.dtype
    types = pd.api.types
    if types.is_bool_dtype(dtype):
        return "yes_no"
    if types.is_integer_dtype(dtype):
        return "whole"
    if types.is_float_dtype(dtype):
        return "number"
    if types.is_datetime64_any_dtype(dtype):
        return "time"
    if dtype.kind != "O" or types.is_extension_array_dtype(dtype):
        return "text" if types.is_string_dtype(dtype) else "other_as_text"
    inferred = types.infer_dtype(values, skipna=True)
    if inferred.startswith("mixed") and inferred != "mixed-integer-float":
        nested = any(isinstance(cell, NESTED) for cell in values)
        return "nested_as_text" if nested else "mixed_as_text"
    return {
        "boolean": "yes_no", "integer": "whole", "floating": "number",
        "mixed-integer-float": "number", "date": "day", "datetime": "time", "datetime64": "time",
        "string": "text", "empty": "text",
    }.get(inferred, "other_as_text")  # fmt: skip


def _yes_no(name: str, values: pd.Series, missing: np.ndarray) -> Column:
    filled = values.astype(object).where(~missing, other=False)
    return Column(name, "yes_no", filled.to_numpy(dtype=bool), missing)


def _whole(name: str, values: pd.Series, missing: np.ndarray) -> Column:
    filled = values.astype(object).where(~missing, other=0)
    low, high = (min(filled), max(filled)) if len(filled) else (0, 0)
    if low < -(2**63) or high >= 2**63:
        texts = values.astype(object).map(int, na_action="ignore")
        return _text(name, texts, missing, "integer_as_text")
    known = np.dtype(str(values.dtype).lower()) if values.dtype != object else np.dtype(np.int64)
    fits = [one for one in NARROW if np.can_cast(known, one)]
    return Column(name, "whole", filled.to_numpy(dtype=fits[0] if fits else np.int64), missing)


def _number(name: str, values: pd.Series, missing: np.ndarray) -> Column | None:
    if values.dtype == object:
        whole = [one for one in values[~missing] if isinstance(one, int | np.integer)]
        if any(abs(int(one)) > LARGEST_EXACT for one in whole):
            return None
    numbers = values.to_numpy(dtype=float, na_value=np.nan)
    single = str(values.dtype).lower() in {"float16", "float32"}
    return Column(name, "number", numbers.astype(np.float32) if single else numbers, missing)


def _day(name: str, values: pd.Series, missing: np.ndarray) -> Column:
    days = values.where(~missing, other=dt.date(1970, 1, 1)).to_numpy(dtype="datetime64[D]")
    return Column(name, "day", days, missing)


def _time(name: str, values: pd.Series, missing: np.ndarray) -> Column | None:
    try:
        times = values if values.dtype.kind != "O" else pd.to_datetime(values)
    except (ValueError, TypeError, OverflowError):
        return None  # zones are mixed
    zone = times.dt.tz
    bare = times if zone is None else times.dt.tz_convert("UTC").dt.tz_localize(None)
    made = bare.where(~missing, other=pd.Timestamp(0)).to_numpy()
    return Column(name, "time", made, missing, zone=zone)


def _text(name: str, values: pd.Series, missing: np.ndarray, loss: str) -> Column:
    if loss:  # cells of several types: 1, 1.0 and True are one to a table of distinct values
        places, distinct = np.arange(len(values)), list(values)
    else:
        places, found = pd.factorize(values)
        distinct = list(found)
    given = [_as_text(cell) for cell in distinct]
    texts = [text.replace("\0", "") for text in given]
    sound = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
    made = np.empty(len(values), dtype=object)
    made[~missing] = np.array([*sound, None], dtype=object)[places[~missing]]
    times = np.bincount(places[~missing], minlength=len(distinct))
    counts = {
        loss: int((~missing).sum()),
        "zero_signs_dropped": _changes(given, texts, times),
        "signs_replaced": _changes(texts, sound, times),
    }
    if loss == "nested_as_text":
        counts[loss] = sum(isinstance(cell, NESTED) for cell in values)
    losses = tuple(Loss(code, name, count) for code, count in counts.items() if code and count)
    return Column(name, "text", made, missing, losses)


def _changes(before: list[str], after: list[str], times: np.ndarray) -> int:
    changed = [one != other for one, other in zip(before, after, strict=True)]
    return int(times[np.array(changed, dtype=bool)].sum())


def _as_text(cell: Any) -> str:
    if isinstance(cell, np.ndarray):
        cell = cell.tolist()
    if isinstance(cell, set | frozenset):
        cell = sorted(cell, key=str)
    if isinstance(cell, list | dict | tuple):
        return json.dumps(cell, ensure_ascii=False, default=str)
    if isinstance(cell, dt.date | dt.time):
        return cell.isoformat()
    return cell if isinstance(cell, str) else str(cell)


def as_text(one: Column, texts: list[str | None], code: str) -> Column:
    """Return a column written as `texts`, with the loss `code`."""
    made = np.empty(len(texts), dtype=object)
    made[:] = texts
    count = int((~one.missing).sum())
    lost = (*one.losses, Loss(code, one.name, count)) if count else one.losses
    return replace(one, kind="text", cells=made, losses=lost, zone=None)


def shapes_of(series: gpd.GeoSeries) -> tuple[np.ndarray, list[Loss]]:
    """Return shapes without M values, and what is lost by that.

    GeoParquet has none; GeoPackages and Shapefiles could hold them, GDAL's binding writes none.
    """
    shapes = series.to_numpy()
    measured = shapely.has_m(shapes)
    if not measured.any():
        return np.asarray(shapes, dtype=object), []
    made = np.array(shapes, dtype=object)
    high = measured & shapely.has_z(shapes)
    made[high] = shapely.from_wkb(shapely.to_wkb(made[high], output_dimension=3))
    flat = measured & ~high
    made[flat] = shapely.force_2d(made[flat])
    return made, [Loss("measures_dropped", "", int(measured.sum()))]
