"""Which land is ripe: a score by weighted criteria that shows what it is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from renewal_geo.foundation.errors import Faults, InputError
from renewal_geo.foundation.provenance import Provenance, versions
from renewal_geo.potential.criteria import checked
from renewal_geo.potential.criterion import Criterion
from renewal_geo.potential.measures import measured
from renewal_geo.potential.ripeness import Potential
from renewal_geo.potential.transforms import rated
from renewal_geo.potential.weighting import weigh
from renewal_geo.spatial.rasters import Raster


def score(
    parcels: pd.DataFrame,
    criteria: Sequence[Mapping[str, Any] | Criterion],
    *,
    layers: Mapping[str, gpd.GeoDataFrame] | None = None,
    rasters: Mapping[str, Raster] | None = None,
    weighting: str = "direct",
    weights_are: str = "auto",
    ahp: Sequence[Sequence[Sequence[float | str]]] = (),
    because: str = "",
    network: str = "roads",
    max_snap_m: float = 200.0,
    name: str = "score",
) -> Potential:
    """Score parcels by weighted criteria and keep what each criterion contributes.

    Examples
    --------
    >>> rows = pd.DataFrame({"metro_m": [100.0, 900.0], "age": [30.0, 10.0]}, index=["a", "b"])
    >>> asked = [{"column": "metro_m", "weight": 3, "direction": "cost", "low": 0, "high": 1000},
    ...          {"column": "age", "weight": 1, "breaks": [15], "scores": [0, 1]}]
    >>> score(rows, asked).scores.round(3).to_dict()
    {'a': 0.925, 'b': 0.075}
    """
    asked = checked(criteria)
    faults = Faults(InputError)
    notes: list[str] = []
    values, ratings, used, missing = {}, {}, [], []
    for one in asked:
        try:
            found = measured(
                parcels, one, layers=layers or {}, rasters=rasters or {}, network=network, max_snap_m=max_snap_m
            )  # fmt: skip
        except InputError as fault:
            faults.add(fault.what, where=fault.where, fix=fault.fix, code=fault.code)
            continue
        values[one.id] = found.figures
        rating, filled, said = rated(found.figures, one)
        notes += [*found.notes, *said]
        lacking = np.flatnonzero(rating.isna()).tolist()
        missing += [(parcels.index[at], one.id, found.why_missing.iloc[at]) for at in lacking]
        ratings[one.id] = rating if one.missing is None else rating.fillna(one.missing)
        used.append(filled)
    faults.raise_if_any()
    rates = pd.DataFrame(ratings, index=parcels.index)
    weighed = weigh(
        used, method=weighting, weights_are=weights_are, ahp=ahp, because=because, ratings=rates
    )
    contributions = rates * weighed.weights
    scores = contributions.sum(axis=1, skipna=False).rename(name)
    none = pd.Series(data=False, index=parcels.index)
    table = pd.DataFrame(
        {"title": [c.named("zh") for c in used], "weight": weighed.weights.to_numpy()},
        index=pd.Index([c.id for c in used], name="id"),
    )
    return Potential(
        scores=scores,
        contributions=contributions,
        missing=pd.DataFrame(missing, columns=["parcel_id", "criterion", "why"]),
        criteria=table,
        values=pd.DataFrame(values, index=parcels.index),
        ratings=rates,
        weighting=weighed,
        vetoes=pd.DataFrame(columns=["parcel_id", "criterion", "value", "veto"]),
        is_vetoed=none,
        ranks=scores.rank(ascending=False, method="min"),
        limiting=pd.DataFrame({"criterion": rates.fillna(2).idxmin(axis=1), "rating": rates.min(axis=1)}),
        asked=tuple(used),
        notes=(*notes, *weighed.notes),
        provenance=Provenance(versions=versions()),
    )  # fmt: skip
