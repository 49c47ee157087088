"""Whose land it is: legal, unregistered and unleased state land of each demolition range, closing to it."""

from __future__ import annotations

import re
from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from renewal_geo.foundation.errors import InputError, some_ids
from renewal_geo.foundation.schema import as_text
from renewal_geo.rules import Rule
from renewal_geo.spatial.area_tables import area_table
from renewal_geo.spatial.polygons import Floats, Shapes

TENURE = "tenure"
UNLEASED = re.compile(r"未出让|unleased", re.IGNORECASE)
SHOWN_M2 = 0.05
SPLIT = ("legal_m2", "unregistered_m2", "state_unleased_m2", "tenure_missing_m2")
LEGAL_RULE = "unit.legal_land_kinds"


def split_tenure(
    ranges: Shapes,
    tenure: gpd.GeoDataFrame | None,
    legal_kinds: Sequence[str],
    state_kinds: Sequence[str] | None,
) -> tuple[pd.DataFrame, list[str]]:
    """Split each demolition range into legal, unregistered and unleased state land.

    Parameters
    ----------
    ranges
        n polygons, None where nothing is demolished.
    tenure
        Polygons with a column ``tenure``; None where there is no survey.
    legal_kinds, state_kinds
        Texts of that column that mean legal land, and state land without a lease (None: those with
        未出让 or ``unleased`` in them). Without any legal kind nothing can be said of legal land.

    Returns
    -------
    tuple
        n rows of ``legal_m2, unregistered_m2, state_unleased_m2`` that add to the range, and
        ``tenure_missing_m2``, an of-which of unregistered land: ground that the survey leaves out. NaN
        where nothing can be said. Then notes. Land counts as legal, or as the state's, where no polygon
        of another kind claims it too: what is claimed twice is unregistered until somebody settles it.

    Raises
    ------
    InputError
        ``unknown_column``, ``kind_in_both``.
    """
    nothing = pd.DataFrame(np.nan, index=range(len(ranges)), columns=list(SPLIT))
    if tenure is None:
        return nothing, [
            "no tenure layer is given: legal land and historic land cannot be measured"
        ]
    if TENURE not in tenure.columns:
        raise InputError(
            "the tenure layer has no column tenure",
            where="tenure",
            fix='name your column in study.toml: columns = { tenure = "权属" }; in Python rename it',
            code="unknown_column",
        )
    kind = as_text(tenure[TENURE]).fillna("").map(lambda one: str(one).strip()).to_numpy()
    if state_kinds is None:
        state_kinds = sorted({str(one) for one in kind if UNLEASED.search(one)})
    _require_apart(legal_kinds, state_kinds)
    if not legal_kinds:
        return nothing, ["no kind of tenure is said to be legal: legal land cannot be measured"]
    legal, state = np.isin(kind, list(legal_kinds)), np.isin(kind, list(state_kinds))
    shapes = tenure.geometry.to_numpy()
    whole = area_table(ranges, shapes)
    # open ground once a kind is taken away is what this kind alone had covered
    only_legal = _open(ranges, shapes[~legal]) - whole.uncovered
    only_state = _open(ranges, shapes[~state]) - whole.uncovered
    area = np.where(shapely.is_missing(ranges), np.nan, whole.zone_area)
    made = pd.DataFrame(
        {
            "legal_m2": np.clip(only_legal, 0.0, None),
            "unregistered_m2": 0.0,
            "state_unleased_m2": np.clip(only_state, 0.0, None),
            "tenure_missing_m2": whole.uncovered,
        }
    )
    rest = area - made["legal_m2"] - made["state_unleased_m2"]
    made["unregistered_m2"] = np.clip(rest, 0.0, None)
    made.loc[np.isnan(area)] = np.nan
    notes = _doubts(ranges, shapes, (legal, state, ~(legal | state)), whole.uncovered)
    if not legal.any():
        notes.append(
            f"no polygon of the tenure layer is of a legal kind ({some_ids(legal_kinds)}); it has: "
            f"{some_ids(sorted(set(kind)))}"
        )
    return made, notes


def kinds_of(rule: Rule | None) -> tuple[str, ...]:
    """Return the kinds of tenure that the rule in force calls legal."""
    if rule is None or not isinstance(rule.value, (list, tuple)):
        return ()
    return tuple(str(one) for one in rule.value)


def _require_apart(legal_kinds: Sequence[str], state_kinds: Sequence[str]) -> None:
    both = sorted(set(legal_kinds) & set(state_kinds))
    if both:
        raise InputError(
            f"{some_ids(both)} is said to be legal land and unleased state land",
            where="legal_kinds and state_unleased_kinds",
            fix="name every kind of tenure in one of them",
            code="kind_in_both",
        )


def _open(ranges: Shapes, shapes: Shapes) -> Floats:
    """Return how much of each range no shape covers."""
    return area_table(ranges, shapes).uncovered


def _doubts(
    ranges: Shapes, shapes: Shapes, kinds: Sequence[np.ndarray], uncovered: Floats
) -> list[str]:
    """Say how much land several kinds claim, and how much the survey leaves out."""
    area = np.nan_to_num(shapely.area(ranges))
    claimed = sum(area - _open(ranges, shapes[rows]) for rows in kinds)
    twice = float(np.clip(claimed - (area - uncovered), 0.0, None).sum())
    missing = float(uncovered.sum())
    notes = []
    if twice > SHOWN_M2:
        notes.append(
            f"{twice:,.1f} m2 of demolition ranges are claimed by several kinds of tenure: they count as "
            "unregistered"
        )
    if missing > SHOWN_M2:
        notes.append(
            f"{missing:,.1f} m2 of demolition ranges lie in no polygon of tenure: they count as unregistered"
        )
    return notes
