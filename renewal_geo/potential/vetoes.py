"""Hard vetoes 一票否决: what rules a parcel out, whatever its score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from renewal_geo.foundation.errors import InputError
from renewal_geo.foundation.expressions import select
from renewal_geo.potential.criterion import Criterion, veto_expression
from renewal_geo.potential.measures import Measured

Bools = NDArray[np.bool_]
COLUMNS = ["parcel_id", "criterion", "value", "veto"]


@dataclass(frozen=True, slots=True, eq=False)
class Vetoes:
    """Vetoes that strike.

    Attributes
    ----------
    table
        ``parcel_id, criterion, value, veto``, one row for each, by criterion and then in the parcels' order.
    is_vetoed
        n booleans.
    unjudged
        By criterion with a veto: which of n parcels it cannot judge, for want of a figure.
    notes
        How many each criterion strikes, and how many it cannot judge.
    """

    table: pd.DataFrame
    is_vetoed: Bools
    unjudged: Mapping[str, Bools]
    notes: tuple[str, ...]


def struck(criteria: Sequence[Criterion], found: Mapping[str, Measured], ids: pd.Index) -> Vetoes:
    """Apply the vetoes of criteria to the raw figures of n parcels.

    A missing figure does not strike, whatever the comparison: what is not known rules nothing out, and is
    listed instead.

    Raises
    ------
    InputError
        ``no_figures`` where a veto can judge no parcel at all.
    ExpressionError
        Where a veto is outside the grammar of expressions, or compares text with numbers.
    """
    rows: list[tuple[object, str, object, str]] = []
    is_vetoed = np.zeros(len(ids), dtype=bool)
    unjudged: dict[str, Bools] = {}
    notes = []
    for one in criteria:
        if not one.veto:
            continue
        figures = found[one.id].figures.reset_index(drop=True)
        known = figures.notna().to_numpy()
        where = f"[potential] criterion {one.id}, veto"
        if not known.any():
            raise InputError(
                f"criterion {one.id} has no figure for any parcel, so that its veto ({one.veto}) judges none",
                where=where,
                fix="check its column, layer or raster, or take the veto out",
                code="no_figures",
            )
        hit = select(veto_expression(one.veto), figures.to_frame("value"), where=where).to_numpy()
        hit = hit & known
        rows += [
            (ids[at], one.id, figures.iloc[at], one.veto) for at in np.flatnonzero(hit).tolist()
        ]
        is_vetoed |= hit
        unjudged[one.id] = ~known
        if hit.any():
            notes.append(f"criterion {one.id}: {hit.sum():,} parcels are vetoed ({one.veto})")
        if not known.all():
            notes.append(
                f"criterion {one.id}: its veto cannot be judged for {(~known).sum():,} parcels without a figure; "
                f"they are not struck, and listed as missing"
            )
    table = pd.DataFrame(rows, columns=COLUMNS)
    return Vetoes(table, is_vetoed, unjudged, tuple(notes))
