"""What a reader can ask of a map: totals, bars, deadlines, a cut-off day, a comparison, a wall.

These say *which* columns answer, never the answer: the page reckons over the rows that its filters
leave, and :func:`total` reckons the same from the table, so that a test can compare the two.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from renewal_geo.maps.texts import Text

if TYPE_CHECKING:
    from renewal_geo.maps.spec import LayerSpec, MapSpec

NO_DAYS = 10**6


@dataclass(frozen=True, slots=True)
class Where:
    """Rows that count: `column` is one of `texts`, or its day lies in a window around the data day.

    A row with a missing value does not count; `missing` turns that around: exactly the rows without
    a value count. `first_day` and `last_day` are days after the spec's `as_of` (negative: before),
    both included; they need a ``date`` column and a spec with a day.
    """

    column: str
    texts: tuple[str, ...] = ()
    first_day: int = -NO_DAYS
    last_day: int = NO_DAYS
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Total:
    """One figure over the rows that the filters leave.

    Attributes
    ----------
    name, title, layer
        Stable code, heading, and the layer whose rows are added.
    column
        Number column that is summed; empty counts rows.
    where
        Conditions, all of which must hold.
    share_of
        Conditions of the rows that the sum is divided by, printed in per cent; None for no share.
    unit, factor, decimals
        What is printed behind the figure, what the sum is multiplied by (1e-4: m2 to hectares), and
        how many digits.
    """

    name: str
    title: Text
    layer: str
    column: str = ""
    where: tuple[Where, ...] = ()
    share_of: tuple[Where, ...] | None = None
    unit: Text | None = None
    factor: float = 1.0
    decimals: int = 0


@dataclass(frozen=True, slots=True)
class Bars:
    """Horizontal bars: the sum of `column` (or the count) by the text column `by`, split by class."""

    name: str
    title: Text
    layer: str
    by: str
    column: str = ""
    unit: Text | None = None
    factor: float = 1.0
    decimals: int = 0


@dataclass(frozen=True, slots=True)
class Deadlines:
    """A table of rows by due day, soonest first; rows where `done` holds are left out.

    `columns` are shown beside the due day and the days that are left (negative: overdue) on the
    data day.
    """

    title: Text
    layer: str
    due: str
    columns: tuple[str, ...]
    done: tuple[Where, ...] = ()


@dataclass(frozen=True, slots=True)
class Timeline:
    """Rows by month of a date column, split by class, with a slider: later rows are left out."""

    title: Text
    layer: str
    date: str


@dataclass(frozen=True, slots=True)
class Compare:
    """A swipe: layers with side ``before`` are drawn left of the handle, ``after`` right of it."""

    before: Text
    after: Text


@dataclass(frozen=True, slots=True)
class Gate:
    """One stage gate of a project: the date columns of when it is due and when it was passed."""

    title: Text
    due: str
    done: str


@dataclass(frozen=True, slots=True)
class Wall:
    """The wall mode: every feature of `layer` in turn, as a large card beside the map.

    `name` is the text column of the card's heading, `columns` its lines, `gates` the stage gates in
    their order; `seconds` is how long each stays.
    """

    layer: str
    name: str
    columns: tuple[str, ...] = ()
    gates: tuple[Gate, ...] = ()
    seconds: float = 8.0


def holds(
    layer: LayerSpec, conditions: tuple[Where, ...], as_of: dt.date | None
) -> NDArray[np.bool_]:
    """Return which rows of a layer fulfil all `conditions`."""
    kept = np.ones(len(layer.geometry), dtype=bool)
    for one in conditions:
        values = layer.values[one.column]  # noqa: PD011 - our own field
        known = values.notna().to_numpy()
        if one.missing:
            kept &= ~known
        elif one.texts:
            kept &= known & _named(values, one.texts)
        else:
            days = days_after(values, as_of)
            with np.errstate(invalid="ignore"):
                kept &= known & (days >= one.first_day) & (days <= one.last_day)
    return kept


def _named(values: pd.Series, texts: tuple[str, ...]) -> NDArray[np.bool_]:
    """Return where a value is one of `texts`, numbers as numbers and days as days, however written."""
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
        numbers = pd.to_numeric(pd.Series(texts), errors="coerce").dropna()
        return values.isin(numbers).to_numpy(dtype=bool)
    if pd.api.types.is_datetime64_any_dtype(values):
        values = values.dt.strftime("%Y-%m-%d")
        texts = tuple(text[:10] for text in texts)
    return values.astype(object).map(str).isin(texts).to_numpy(dtype=bool)


def days_after(values: pd.Series, as_of: dt.date | None) -> NDArray[np.float64]:
    """Return whole days from `as_of` to each day of `values`; NaN where either is missing."""
    days = pd.to_datetime(values, errors="coerce").dt.normalize()
    if as_of is None:
        return np.full(len(days), np.nan)
    since = (days - pd.Timestamp(as_of)) / pd.Timedelta(days=1)
    return np.asarray(since, dtype=np.float64)


def total(spec: MapSpec, asked: Total) -> float | None:
    """Return a figure over all rows of its layer, None for a share of nothing.

    The page reckons the same over the rows that its filters leave.
    """
    layer = next(one for one in spec.layers if one.name == asked.layer)
    weight = np.ones(len(layer.geometry))
    if asked.column:
        numbers = pd.to_numeric(layer.values[asked.column], errors="coerce")  # noqa: PD011 - our own field
        weight = numbers.fillna(0.0).to_numpy(dtype=float)
    counted = float(weight[holds(layer, asked.where, spec.as_of)].sum())
    if asked.share_of is None:
        return counted * asked.factor
    whole = float(weight[holds(layer, asked.share_of, spec.as_of)].sum())
    return 100.0 * counted / whole if whole > 0 else None
