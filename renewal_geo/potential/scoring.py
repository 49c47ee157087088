"""Which land is ripe: a score by weighted criteria that shows what it is made of."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from renewal_geo.foundation.errors import Faults, InputError
from renewal_geo.foundation.provenance import Provenance, versions
from renewal_geo.potential.criteria import checked
from renewal_geo.potential.criterion import Criterion, is_only_veto
from renewal_geo.potential.layer_rows import measurable
from renewal_geo.potential.measures import Measured, measured
from renewal_geo.potential.phrases import told_in_chinese
from renewal_geo.potential.ranking import DECIMALS, Bools, ranks_of, summed
from renewal_geo.potential.ripeness import Potential
from renewal_geo.potential.transforms import (
    codes_without_score,
    is_one_value,
    rated,
    tells_nothing,
)
from renewal_geo.potential.vetoes import Vetoes, struck
from renewal_geo.potential.way_measures import streets_of
from renewal_geo.potential.weighting import weigh
from renewal_geo.spatial.networks import Network
from renewal_geo.spatial.rasters import Raster

UNJUDGED = "veto cannot be judged: "


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
    noded: bool = True,
    max_snap_m: float = 200.0,
    name: str = "score",
) -> Potential:
    """Score parcels by weighted criteria and keep what each criterion contributes.

    The score of a parcel is the sum over the weighted criteria of rating times weight, with weights that add
    to 1: 0 to 1, and 1 is the ripest (simple additive weighting; Malczewski, GIS and Multicriteria
    Decision Analysis, 1999, ch. 6). Vetoes stand apart: a vetoed parcel keeps its score, but has no rank.

    Where a criterion does not say where its line begins or ends, the range is that of the parcels which no
    veto strikes, and so are entropy weights: a weight says what the way from the worst to the best of
    the land at choice is worth, and land that cannot be chosen must not stretch that way. Vetoed parcels beyond
    the range rate as its nearer end.

    Parameters
    ----------
    parcels
        n rows, indexed by parcel_id; columns named by criteria, and a geometry where a criterion measures
        layers, rasters or ways. Rows go by position: an id that occurs twice stays two parcels.
    criteria
        Tables (keys of ``[[potential.criteria]]``) or checked criteria.
    layers, rasters
        By role, in the CRS of the parcels (layers) or their own (rasters).
    weighting
        ``direct | ahp | swing | entropy``; see :func:`renewal_geo.potential.weighting.weigh`.
    weights_are
        What direct weights are: ``auto | shares | percent | points``.
    ahp
        Pairwise comparisons, one matrix per expert.
    because
        Why an inconsistent comparison is accepted.
    network
        Role of the street centre-lines.
    noded
        Whether streets meet wherever they cross; else only at vertices that they share, as where bridges are
        drawn.
    max_snap_m
        Farther from every street there is no access to it, m.
    name
        Of the score.

    Returns
    -------
    Potential
        Scores, ranks, contributions, the limiting criterion, vetoes, what is missing. Neither the order of the rows
        nor that of the criteria changes any figure of it.

    Raises
    ------
    InputError
        ``no_parcels``; ``no_criteria, bad_criterion`` and those of weights (see
        :func:`renewal_geo.potential.criteria.checked`, :func:`renewal_geo.potential.weighting.weigh`); those of
        figures (see :func:`renewal_geo.potential.measures.measured`) and of ratings: ``no_figures, no_scores,
        empty_range`` (see :func:`renewal_geo.potential.transforms.rated`). The faults of all criteria at once.
    ExpressionError
        ``expression`` where a column or a veto is outside the grammar.

    Examples
    --------
    >>> rows = pd.DataFrame({"metro_m": [100.0, 900.0], "age": [30.0, 10.0]}, index=["a", "b"])
    >>> asked = [{"column": "metro_m", "weight": 3, "direction": "cost", "low": 0, "high": 1000},
    ...          {"column": "age", "weight": 1, "breaks": [15], "scores": [0, 1]}]
    >>> score(rows, asked).scores.round(3).to_dict()
    {'a': 0.925, 'b': 0.075}
    """
    asked = checked(criteria, weighting=weighting)
    if not len(parcels):
        raise InputError(
            "there are no parcels to score",
            where="parcels",
            fix="give a table with at least one row",
            code="no_parcels",
        )
    ways: dict[str, Any] = {"network": network, "noded": noded, "max_snap_m": max_snap_m}
    found, measuring = _figures(parcels, asked, layers or {}, rasters or {}, **ways)
    vetoes = struck(asked, found, parcels.index)
    ratings, used, said = _ratings(asked, found, ~vetoes.is_vetoed, weighting)
    weighed = weigh(
        used,
        method=weighting,
        weights_are=weights_are,
        ahp=ahp,
        because=because,
        ratings=_in_any_order(ratings[~vetoes.is_vetoed]),
    )
    weights = weighed.weights.reindex([one.id for one in used]).fillna(0.0)
    kept = [one for one in used if weights[one.id] > 0]
    names = [one.id for one in kept]
    rates = ratings[names].set_axis(parcels.index)
    contributions = rates * weights[names]
    total = np.minimum(summed(contributions.to_numpy(), names), 1.0)
    return Potential(
        scores=pd.Series(total, index=parcels.index, name=name),
        contributions=contributions,
        missing=_missing(used, found, vetoes, parcels.index),
        criteria=_criteria_table(used, weights),
        values=pd.DataFrame({one.id: found[one.id].figures.array for one in used}, index=parcels.index),
        ratings=rates,
        weighting=weighed,
        vetoes=vetoes.table,
        is_vetoed=pd.Series(vetoes.is_vetoed, index=parcels.index, name="is_vetoed"),
        ranks=pd.Series(ranks_of(total, ~vetoes.is_vetoed & ~np.isnan(total)), index=parcels.index, name="rank"),
        limiting=_limiting(rates, kept, weights),
        asked=tuple(used),
        facts=_facts(used, found),
        notes=tuple(dict.fromkeys((*measuring, *said, *vetoes.notes, *weighed.notes))),
        provenance=Provenance(
            parameters={"weighting": weighting, **ways}, versions=versions()
        ),
    )  # fmt: skip


def _figures(
    parcels: pd.DataFrame,
    asked: Sequence[Criterion],
    layers: Mapping[str, gpd.GeoDataFrame],
    rasters: Mapping[str, Raster],
    *,
    network: str,
    noded: bool,
    max_snap_m: float,
) -> tuple[dict[str, Measured], list[str]]:
    """Return the raw figures of every criterion, and what was decided; the faults of all are raised at once."""
    faults = Faults(InputError)
    found: dict[str, Measured] = {}
    notes: list[str] = []
    streets: str | Network = network
    for one in asked:
        try:
            if one.source == "distance" and one.by == "network" and isinstance(streets, str):
                streets, said = streets_of(layers, streets, measurable(parcels, one), noded)
                notes += said
            found[one.id] = measured(
                parcels, one, layers=layers, rasters=rasters, network=streets, max_snap_m=max_snap_m
            )
            notes += found[one.id].notes
        except InputError as fault:
            faults.found.append(fault)
    faults.raise_if_any()
    return found, notes


def _ratings(
    asked: Sequence[Criterion], found: Mapping[str, Measured], is_open: Bools, weighting: str
) -> tuple[pd.DataFrame, list[Criterion], list[str]]:
    """Return the ratings of what may weigh, by position, all criteria with ranges filled in, what was decided."""
    faults = Faults(InputError)
    columns: dict[str, Any] = {}
    used: list[Criterion] = []
    notes: list[str] = []
    for one in asked:
        if is_only_veto(one, weighting):
            used.append(one)
            continue
        try:
            rating, filled, said = rated(found[one.id].figures, one, among=is_open)
        except InputError as fault:
            faults.found.append(fault)
            continue
        stand_in = 0.0 if tells_nothing(filled) else one.missing
        columns[one.id] = rating.array if one.missing is None else rating.fillna(stand_in).array
        used.append(filled)
        notes += said
    faults.raise_if_any()
    return pd.DataFrame(columns, index=pd.RangeIndex(len(is_open))), used, notes


def _in_any_order(ratings: pd.DataFrame) -> pd.DataFrame:
    """Sort rows by their figures, so that sums over them do not depend on the order that they came in."""
    by = sorted(ratings.columns, key=str)
    return ratings.sort_values(by, ignore_index=True) if by else ratings


def _missing(
    used: Sequence[Criterion], found: Mapping[str, Measured], vetoes: Vetoes, ids: pd.Index
) -> pd.DataFrame:
    rows: list[tuple[object, str, str]] = []
    for one in used:
        figures, why = found[one.id].figures, found[one.id].why_missing
        prefix = UNJUDGED if one.id in vetoes.unjudged else ""
        lacking = figures.isna().to_numpy()
        unknown = codes_without_score(figures, one)
        for at in np.flatnonzero(lacking | unknown).tolist():
            said = f"no score for {figures.iloc[at]!r}" if unknown[at] else ""
            rows.append((ids[at], one.id, said or f"{prefix}{why.iloc[at] or 'no value'}"))
    return pd.DataFrame(rows, columns=["parcel_id", "criterion", "why"])


def _criteria_table(used: Sequence[Criterion], weights: pd.Series) -> pd.DataFrame:
    """Return the criteria as used, one row each: their own fields, with the final weight."""
    fields = [one.name for one in dataclasses.fields(Criterion) if one.name not in {"id", "weight"}]
    columns: dict[str, Any] = {name: [getattr(one, name) for one in used] for name in fields}
    columns["weight"] = weights.to_numpy()
    table = pd.DataFrame(columns, index=pd.Index([one.id for one in used], name="id"))
    return table.astype(dict.fromkeys(("low", "high", "missing", "within_m"), float))


def _limiting(ratings: pd.DataFrame, kept: Sequence[Criterion], weights: pd.Series) -> pd.DataFrame:
    """Return the lowest rating of every parcel; of equal ones that of the heavier criterion, then by id.

    Criteria with one figure only limit nobody; a missing figure is no rating. Empty and NaN where none is left.
    """
    names = sorted(
        (one.id for one in kept if not tells_nothing(one)),
        key=lambda one: (-round(float(weights[one]), DECIMALS), one),
    )
    if not names:
        return pd.DataFrame({"criterion": "", "rating": np.nan}, index=ratings.index)
    figures = ratings[names].to_numpy(dtype=float)
    rounded = np.where(np.isnan(figures), np.inf, np.round(figures, DECIMALS))
    known = np.isfinite(rounded).any(axis=1)
    at = rounded.argmin(axis=1)
    return pd.DataFrame(
        {
            "criterion": np.where(known, np.array(names, dtype=object)[at], ""),
            "rating": np.where(known, figures[np.arange(len(at)), at], np.nan),
        },
        index=ratings.index,
    )


def _facts(used: Sequence[Criterion], found: Mapping[str, Measured]) -> pd.DataFrame:
    rows = []
    for one in used:
        figures = found[one.id].figures
        known = figures[figures.notna()]
        row: dict[str, Any] = {
            "criterion": one.id, "source": found[one.id].said, "source_zh": told_in_chinese(one),
            "unit": one.unit, "least": np.nan, "median": np.nan,
            "greatest": np.nan, "missing": int(figures.isna().sum()), "distinct": int(known.nunique()),
        }  # fmt: skip
        if len(known) and pd.api.types.is_numeric_dtype(known):
            low, high = float(known.min()), float(known.max())
            row |= {"least": low, "median": float(known.median()), "greatest": high}
            if is_one_value(low, high):
                row["distinct"] = 1
        rows.append(row)
    return pd.DataFrame(rows).set_index("criterion")
