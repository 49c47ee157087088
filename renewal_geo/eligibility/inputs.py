"""What is wrong with the layers beside the units, and what is only worth a note.

Faults (collected, raised once): a site, an odd lot or a holder of a unit that is not there; holders without a
unit; a share below 0 or above 1; shares of one parcel that add up to more than 1; a floor area below 0.
Notes: rows without a polygon; building years before 1949 or after the day, which count as unknown
(:mod:`renewal_geo.eligibility.stock`); parcels of holders that are not drawn.
"""

from __future__ import annotations

from collections.abc import Iterator

import geopandas as gpd
import pandas as pd
import shapely

from renewal_geo.eligibility import words
from renewal_geo.eligibility.cases import Case
from renewal_geo.eligibility.units import ids_in, require_known
from renewal_geo.foundation.crs import require_same
from renewal_geo.foundation.errors import Faults, some_ids

LAYERS = ("sites", "tenure", "buildings", "parcels", "odd_lots", "control_lines", "block_lines")
NAMING_UNITS = ("sites", "odd_lots", "holders")
SHARES = {"holders": ("share",), "parcels": ("share_legal", "share_industrial")}
AREAS = {"holders": ("floor_area_m2",), "buildings": ("floor_area_m2",)}
ROUNDING = 1e-9
AREAL = (3, 6, 7)  # polygons, and collections that may hold some


def check_layers(case: Case, faults: Faults) -> tuple[str, ...]:
    """Note the faults of every layer, and return what is only worth a note.

    Raises
    ------
    CRSError
        Where a layer is not in the CRS of the units.
    """
    placed = gpd.GeoSeries([], crs=case.units.crs)
    for role in LAYERS:
        if getattr(case, role) is not None:
            require_same(placed, getattr(case, role), ("units", role))
    for role in NAMING_UNITS:
        layer = getattr(case, role)
        if layer is not None and "unit_id" in layer.columns:
            require_known(ids_in(layer, "unit_id"), case.units.ids, role, faults)
    for role, columns in SHARES.items():
        for column in columns:
            _check_range(getattr(case, role), role, column, faults, most=1.0)
    for role, columns in AREAS.items():
        for column in columns:
            _check_range(getattr(case, role), role, column, faults, most=float("inf"))
    if case.holders is not None:
        _check_holders(case.holders, faults)
    return tuple(_notes(case))


def _check_range(
    layer: pd.DataFrame | None, role: str, column: str, faults: Faults, *, most: float
) -> None:
    if layer is None or column not in layer.columns:
        return
    values = pd.to_numeric(layer[column], errors="coerce")
    bad = (values < 0) | (values > most + ROUNDING)
    if bad.any():
        limits = f"between 0 and {most:g}" if most < float("inf") else "at least 0"
        faults.add(
            f"{role}: {column} is {values[bad].iloc[0]:g} and not {limits} in {int(bad.sum())} rows",
            where=f"{role} {some_ids(layer.index[bad])}",
            fix=f"correct {column}; a percentage is divided by 100"
            if most == 1
            else f"correct {column}",
            code="bad_share" if most == 1 else "bad_amount",
        )


def _check_holders(holders: pd.DataFrame, faults: Faults) -> None:
    for column in ("unit_id", "parcel_id"):
        if column not in holders.columns:
            faults.add(
                f"holders has no column {column}",
                where="holders",
                fix=f"map {column} in [layers.holders.columns]",
                code="unknown_column",
            )
            return
    units, parcels = ids_in(holders, "unit_id"), ids_in(holders, "parcel_id")
    if (units == "").any():
        faults.add(
            f"holders: {int((units == '').sum())} rows name no unit",
            where=f"holders {some_ids(holders.index[units == ''])}",
            fix="give every rights holder the unit_id of his unit",
            code="missing_id",
        )
    if "share" not in holders.columns:
        return
    told = pd.DataFrame(
        {
            "unit": units,
            "parcel": parcels,
            "share": pd.to_numeric(holders["share"], errors="coerce"),
        }
    )
    if (
        "ownership" in holders.columns
    ):  # the owners of one flat may share it; the flats of a house do not add
        told = told[words.classed(holders["ownership"], words.OWNERSHIP_WORDS) != words.STRATA]
    sums = told.groupby(["unit", "parcel"])["share"].sum().reset_index()
    over = sums[sums["share"] > 1.0 + ROUNDING]
    for unit, parcel, total in zip(over["unit"], over["parcel"], over["share"], strict=True):
        faults.add(
            f"the shares of parcel {parcel or '(no id)'} of unit {unit} add up to {total:.4f}, more than 1",
            where=f"holders of parcel {parcel}, unit {unit}",
            fix="correct the shares, or give the parcels ids of their own",
            code="shares_above_1",
        )


def _notes(case: Case) -> Iterator[str]:
    for role in LAYERS:
        layer = getattr(case, role)
        if layer is None:
            continue
        shapes = layer.geometry.to_numpy()
        kinds = shapely.get_type_id(shapes)
        bare = ~pd.Series(kinds).isin(AREAL).to_numpy() | shapely.is_empty(shapes)
        if bare.any():
            yield f"{role}: {int(bare.sum())} rows have no polygon and were not measured: {some_ids(layer.index[bare])}"
