"""What one criterion found: a figure for every parcel, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

NO_VALUE = "no value"
NO_SHAPE = "no shape"
NO_AREA = "no area"


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """The figures of one criterion.

    Attributes
    ----------
    figures
        n in the parcels' order and index: finite floats or NaN, for ``category`` codes as text or None.
    said
        What was measured, in one phrase: ``mean of slope (deg) of dem.tif``.
    why_missing
        n texts, empty where there is a figure: ``outside the raster``, ``no data there``, ``no value``, …
    notes
        What was decided: CRS, cells, coverage.
    nearest
        Of ``distance``: n ids (text) of the feature that is nearest, of equals the one whose id comes
        first; None where there is no figure. None for other sources.
    """

    figures: pd.Series
    said: str
    why_missing: pd.Series
    notes: tuple[str, ...] = ()
    nearest: pd.Series | None = None


def as_measured(
    index: pd.Index,
    figures: NDArray[np.float64],
    why: NDArray[Any],
    said: str,
    notes: tuple[str, ...] = (),
    nearest: NDArray[np.object_] | None = None,
) -> Measured:
    """Return figures by position as a table by parcel; a parcel with a reason has no figure.

    Parameters
    ----------
    index
        Of n parcels; ids may occur twice.
    figures, why, nearest
        n each: figures, reasons (empty where the figure counts), ids of the nearest feature.
    """
    lacking = why.astype(str) != ""
    known = np.where(lacking, np.nan, figures)
    ids = None
    if nearest is not None:
        kept = np.where(lacking, None, nearest)  # type: ignore[call-overload]
        ids = pd.Series(kept, index=index, dtype="object")
    return Measured(
        pd.Series(known, index=index, dtype=float),
        said,
        pd.Series(why.astype(object), index=index, dtype=object),
        notes,
        ids,
    )
