"""From a raw figure to 0..1: by breaks, a straight line, an S-shaped line, or a score per category."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd

from renewal_geo.potential.criterion import Criterion


def rated(values: pd.Series, criterion: Criterion) -> tuple[pd.Series, Criterion, tuple[str, ...]]:
    """Return ratings in 0..1, the criterion with its range filled in, and what was decided."""
    notes = []
    if criterion.transform == "breaks":
        place = np.searchsorted(np.asarray(criterion.breaks, dtype=float), values, side="right")
        found = pd.Series(np.asarray(criterion.scores, dtype=float)[place], index=values.index)
        return found.where(values.notna()), criterion, ()
    low = float(values.min()) if criterion.low is None else float(criterion.low)
    high = float(values.max()) if criterion.high is None else float(criterion.high)
    if criterion.low is None or criterion.high is None:
        notes.append(f"criterion {criterion.id}: range taken from the data, {low:g} to {high:g}")
    used = dataclasses.replace(criterion, low=low, high=high)
    width = high - low
    if not width > 0:
        notes.append(f"criterion {criterion.id} has one value only and tells nothing apart")
        width = 1.0
    line = ((values - low) / width).clip(0.0, 1.0)
    return (1.0 - line if criterion.direction == "cost" else line), used, tuple(notes)
