"""Numbers and codes out of a column or an expression."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from renewal_geo.foundation.errors import InputError, some_ids
from renewal_geo.foundation.expressions import evaluate
from renewal_geo.foundation.schema import as_text


def values_of(column: str, table: pd.DataFrame, where: str) -> pd.Series:
    """Return a column, the leftmost of that name, else the outcome of an expression on the columns."""
    places = np.flatnonzero(table.columns == column)
    if len(places) and column != getattr(table, "_geometry_column_name", None):
        return table.iloc[:, int(places[0])]
    return evaluate(column, table, where=where)


def numbers_of(column: str, table: pd.DataFrame, where: str, who: str) -> NDArray[np.float64]:
    """Return a column or an expression as finite numbers; NaN where there is none.

    Raises
    ------
    InputError
        ``not_a_number`` where texts or dates are no numbers, with the ids of their rows.
    """
    values = values_of(column, table, where)
    if pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
        numbers = values.to_numpy(dtype=float, na_value=np.nan)
    else:
        bare = values.astype(object)
        blank = bare.isna() | bare.map(lambda one: isinstance(one, str) and not one.strip())
        numbers = pd.to_numeric(bare.where(~blank), errors="coerce").to_numpy(dtype=float)
        bad = np.isnan(numbers) & ~blank.to_numpy(dtype=bool)
        if bad.any():
            raise InputError(
                f"{who} holds texts that are no numbers",
                where=f"{where}, ids {some_ids(table.index[bad])}",
                fix="name a numeric column or an expression",
                code="not_a_number",
            )
    return np.where(np.isfinite(numbers), numbers, np.nan)


def codes_of(column: str, table: pd.DataFrame, where: str) -> NDArray[np.object_]:
    """Return a column or an expression as codes: text (``3``, not ``3.0``), None where there is none."""
    values = values_of(column, table, where)
    codes = as_text(values).to_numpy(dtype=object)
    lacking = values.isna().to_numpy(dtype=bool)
    if pd.api.types.is_float_dtype(values):
        lacking = ~np.isfinite(values.to_numpy(dtype=float, na_value=np.nan))
    return np.array(
        [None if gone or not code else code for code, gone in zip(codes, lacking, strict=True)],
        dtype=object,
    )
