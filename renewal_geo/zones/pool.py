"""Which parcels may be members, what they are worth, and the formal problem that follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from renewal_geo.contiguity import Contiguity, connect, position_order
from renewal_geo.foundation.crs import require_metric
from renewal_geo.foundation.errors import Faults, InputError, some_ids
from renewal_geo.foundation.expressions import evaluate, select
from renewal_geo.foundation.quantities import M2_PER_HA
from renewal_geo.zones.exclusion import Exclusion, exclude
from renewal_geo.zones.problem import Problem
from renewal_geo.zones.terms import Terms

HALF = 0.5
BROKEN_GROUP = "keep_together"


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """The parcels as the terms see them. Everything but `problem` has one row per input parcel.

    ``table`` holds ``area_m2, in_pool, is_filler, is_valid, is_ground, locked_in, locked_out, excluded,
    excluded_kind, excluded_m2, cut_m2, eligible, value`` (per hectare) ``, value_total`` and
    ``share_<name>``. ``order`` gives the rows of the eligible parcels in the problem's order.
    """

    parcels: gpd.GeoDataFrame
    links: Contiguity
    table: pd.DataFrame
    problem: Problem
    order: np.ndarray
    exclusion: Exclusion


def candidates(
    parcels: gpd.GeoDataFrame,
    links: Contiguity,
    terms: Terms,
    *,
    exclusions: gpd.GeoDataFrame | None = None,
    pilots: gpd.GeoDataFrame | None = None,
) -> Candidates:
    """Judge every parcel by the terms and state the formal problem.

    Parameters
    ----------
    parcels
        n polygons by ``parcel_id`` (unique text), projected, metres.
    links
        Their contiguity. Where exclusions cut parcels it is derived anew from what is left.
    terms
        The limits.
    exclusions
        Areas that no zone may take.
    pilots
        Areas that must be in zones: parcels with more than half of their area inside are locked in.

    Returns
    -------
    Candidates
        Independent of the order of rows.

    Raises
    ------
    CRSError, InputError
        For duplicate ids, contiguity of other parcels, unknown lock ids, an empty pool, values and shares
        that are missing, and shares outside 0..1; all faults of one kind at once.
    """
    require_metric(parcels, "parcels")
    if parcels.index.has_duplicates:
        twice = parcels.index[parcels.index.duplicated()]
        raise InputError(
            f"{len(twice.unique())} parcel ids occur more than once",
            where=f"parcels {some_ids(dict.fromkeys(twice))}",
            fix="quality.repair parcels first (renewal-geo quality repair, or renewal-geo run)",
            code="duplicate_id",
        )
    if set(links.components.index) != set(parcels.index):
        raise InputError(
            "the contiguity was made for other parcels",
            fix="contiguity.connect(parcels, ...) with the same table",
            code="other_parcels",
        )
    removed = exclude(
        parcels,
        exclusions,
        mode=terms.exclusion_mode,
        tolerance=terms.exclusion_tolerance,
        sliver_min_m2=terms.sliver_min_m2,
    )
    if float(removed.lost_m2.sum()) > 0 and links.derived:
        walls = links.barriers if len(links.barriers) else None
        ground = links.is_ground.reindex(parcels.index)
        links = connect(removed.parcels, walls, ground, **links.parameters)
    table = _masks(removed.parcels, links, terms, removed, pilots)
    _add_values(table, parcels, terms)
    _add_shares(table, parcels, terms)
    problem, order = _problem(table, removed.parcels, links, terms, parcels)
    return Candidates(removed.parcels, links, table, problem, order, removed)


def share_names(terms: Terms) -> tuple[str, ...]:
    """Return the names of all shares: limited ones first, then those only reported."""
    return tuple(dict.fromkeys([*terms.min_share, *terms.shares]))


def _masks(
    parcels: gpd.GeoDataFrame,
    links: Contiguity,
    terms: Terms,
    removed: Exclusion,
    pilots: gpd.GeoDataFrame | None,
) -> pd.DataFrame:
    shapes = parcels.geometry.to_numpy()
    areal = np.isin(shapely.get_type_id(shapes), (3, 6)) & ~shapely.is_empty(shapes)
    valid = areal & shapely.is_valid(shapes)
    table = pd.DataFrame(index=parcels.index)
    table["area_m2"] = np.where(valid, np.nan_to_num(shapely.area(shapes)), 0.0)
    table["is_valid"] = valid & (table["area_m2"].to_numpy() > 0)
    table["is_ground"] = links.is_ground.reindex(parcels.index).to_numpy(dtype=bool)
    table["in_pool"] = _pool(parcels, terms)
    filler = _chosen(terms.filler, parcels, "[zones] filler")
    table["is_filler"] = filler & ~table["in_pool"].to_numpy()
    table["excluded"] = removed.is_out.to_numpy()
    table["excluded_kind"] = removed.kind.to_numpy()
    table["excluded_m2"] = removed.clipped_m2.to_numpy()
    table["cut_m2"] = removed.lost_m2.to_numpy()
    faults = Faults(InputError)
    for name, listed in (("lock_in", terms.lock_in), ("lock_out", terms.lock_out)):
        unknown = [one for one in map(str, listed) if one not in parcels.index]
        if unknown:
            faults.add(
                f"{name} names {len(unknown)} unknown parcels",
                where=f"[zones] {name}: {some_ids(unknown)}",
                fix="correct the ids",
                code="unknown_id",
            )
    faults.raise_if_any()
    table["locked_in"] = parcels.index.isin([str(one) for one in terms.lock_in])
    table["locked_out"] = parcels.index.isin([str(one) for one in terms.lock_out])
    if pilots is not None and len(pilots):
        inside = exclude(parcels, pilots, tolerance=0.0).clipped_m2.to_numpy()
        table["locked_in"] |= table["is_valid"] & (inside > HALF * table["area_m2"])
        both = table.index[table["locked_in"] & table["locked_out"]]
        if len(both):
            raise InputError(
                f"{len(both)} parcels are locked in by a pilot area and locked out by name",
                where=some_ids(both),
                fix="take them off lock_out",
                code="bad_limit",
            )
    table["eligible"] = (
        (table["in_pool"] | table["is_filler"] | table["locked_in"])
        & table["is_valid"]
        & ~table["is_ground"]
        & ~table["excluded"]
        & ~table["locked_out"]
    )
    _break_groups(table, parcels, terms)
    if not (table["in_pool"] & table["is_valid"]).any():
        raise InputError(
            "the pool is empty: no parcel with an area is in it",
            where=f"[zones] pool = {terms.pool!r}",
            fix="correct the expression; see the values of the columns it names",
            code="empty_pool",
        )
    return table


def _break_groups(table: pd.DataFrame, parcels: gpd.GeoDataFrame, terms: Terms) -> None:
    """A group that cannot be in whole is out whole; strangers to pool and filler do not count."""
    codes = _groups(parcels, np.arange(len(parcels)), terms.keep_together)
    eligible = table["eligible"].to_numpy()
    asked = (table["in_pool"] | table["is_filler"] | table["locked_in"]).to_numpy()
    broken = np.unique(codes[(codes >= 0) & asked & ~eligible])
    hit = np.isin(codes, broken) & eligible
    table.loc[hit, "excluded_kind"] = BROKEN_GROUP
    table["excluded"] |= hit
    table["eligible"] &= ~hit


def _pool(parcels: gpd.GeoDataFrame, terms: Terms) -> np.ndarray:
    if terms.pool:
        return _chosen(terms.pool, parcels, "[zones] pool")
    if "in_pool" in parcels.columns:
        return _chosen("in_pool", parcels, "[zones] pool")
    return np.ones(len(parcels), dtype=bool)


def _chosen(text: str | None, parcels: gpd.GeoDataFrame, where: str) -> np.ndarray:
    if not text:
        return np.zeros(len(parcels), dtype=bool)
    asked = f"`{text}`" if text in parcels.columns else text
    return select(asked, parcels, where=where).to_numpy(dtype=bool)


def _numeric(text: str | float, parcels: gpd.GeoDataFrame, where: str) -> np.ndarray:
    if not isinstance(text, str):
        return np.full(len(parcels), float(text))
    asked = f"`{text}`" if text in parcels.columns else text
    values = evaluate(asked, parcels, where=where)
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=float)
    if (np.isnan(numbers) & values.notna().to_numpy()).any():
        raise InputError(
            f"{text!r} gives texts, not numbers",
            where=where,
            fix="name a numeric column",
            code="not_a_number",
        )
    return numbers


def _add_values(table: pd.DataFrame, parcels: gpd.GeoDataFrame, terms: Terms) -> None:
    value = _numeric(terms.value, parcels, "[zones] value")
    eligible = table["eligible"].to_numpy()
    bad = eligible & ~np.isfinite(value)
    if bad.any():
        raise InputError(
            f"{int(bad.sum())} candidate parcels have no value",
            where=f"[zones] value = {terms.value!r}, parcels {some_ids(table.index[bad])}",
            fix="fill the column, or leave these parcels out of the pool",
            code="missing_value",
        )
    table["value"] = value
    table["value_total"] = value * table["area_m2"].to_numpy() / M2_PER_HA


def _add_shares(table: pd.DataFrame, parcels: gpd.GeoDataFrame, terms: Terms) -> None:
    faults = Faults(InputError)
    eligible = table["eligible"].to_numpy()
    for name in share_names(terms):
        source = terms.shares.get(name) or _share_column(name, parcels)
        if source is None:
            faults.add(
                f"min_share limits {name!r}, but no share of that name is defined",
                where="[zones] shares",
                fix=f'add shares = {{ {name} = "expression or column" }}',
                code="unknown_share",
            )
            continue
        share = _share(source, parcels, name)
        for what, bad in (
            ("no value", eligible & np.isnan(share)),
            ("a value outside 0..1", eligible & ((share < 0) | (share > 1))),
        ):
            if bad.any():
                faults.add(
                    f"share {name!r} has {what} in {int(bad.sum())} candidate parcels",
                    where=f"[zones] shares, parcels {some_ids(table.index[bad])}",
                    fix="shares are parts of a parcel's area, 0..1",
                    code="bad_share",
                )
        table[f"share_{name}"] = share
    faults.raise_if_any()


def _share_column(name: str, parcels: gpd.GeoDataFrame) -> str | None:
    return next((c for c in (f"share_{name}", name) if c in parcels.columns), None)


def _share(source: str, parcels: gpd.GeoDataFrame, name: str) -> np.ndarray:
    where = f"[zones] shares {name}"
    asked = f"`{source}`" if source in parcels.columns else source
    values = evaluate(asked, parcels, where=where)
    if pd.api.types.is_bool_dtype(values):
        return values.to_numpy(dtype=float)
    return _numeric(source, parcels, where)


def _problem(
    table: pd.DataFrame,
    shaped: gpd.GeoDataFrame,
    links: Contiguity,
    terms: Terms,
    parcels: gpd.GeoDataFrame,
) -> tuple[Problem, np.ndarray]:
    by_position = position_order(shaped)
    order = by_position[table["eligible"].to_numpy()[by_position]]
    number = np.full(len(table), -1)
    number[order] = np.arange(len(order))
    focal = number[table.index.get_indexer(links.links["focal"])]  # type: ignore[arg-type]
    neighbour = number[table.index.get_indexer(links.links["neighbour"])]  # type: ignore[arg-type]
    length = links.links["frontage_m"].to_numpy(dtype=float)
    inner = (focal >= 0) & (neighbour >= 0)
    own = links.own_boundary_m.reindex(table.index).to_numpy(dtype=float)[order].copy()
    for near, far in ((focal, neighbour), (neighbour, focal)):
        outward = (near >= 0) & (far < 0)
        np.add.at(own, near[outward], length[outward])
    pairs = np.stack([focal[inner], neighbour[inner]], axis=1)
    turn = np.lexsort((pairs.max(axis=1), pairs.min(axis=1))) if len(pairs) else np.empty(0, int)
    area = table["area_m2"].to_numpy()[order] / M2_PER_HA
    rows = [
        area * (table[f"share_{name}"].to_numpy()[order] - least)
        for name, least in terms.min_share.items()
    ]
    problem = Problem(
        area=area,
        value=table["value_total"].to_numpy()[order],
        own=own,
        pairs=np.sort(pairs, axis=1)[turn].astype(np.int64).reshape(-1, 2),
        frontage=length[inner][turn],
        slack=np.array(rows).reshape(len(rows), len(order)),
        share_names=tuple(terms.min_share),
        boundary_weight=float(terms.boundary_weight),
        budget=terms.area_budget_ha,
        min_area=float(terms.min_area_ha),
        max_area=terms.max_area_ha,
        locked=table["locked_in"].to_numpy()[order],
        group=_groups(parcels, order, terms.keep_together),
        min_zones=terms.min_zones or None,
        max_zones=terms.max_zones or None,
    )
    return problem, order


def _groups(parcels: gpd.GeoDataFrame, order: np.ndarray, column: str | None) -> np.ndarray:
    if not column:
        return np.full(len(order), -1, dtype=np.int64)
    if column not in parcels.columns:
        raise InputError(
            f"keep_together names no column: {column!r}",
            where="[zones] keep_together",
            fix=f"one of: {', '.join(str(c) for c in parcels.columns[:20])}",
            code="unknown_column",
        )
    values = parcels[column].iloc[order]
    text = values.astype(object).where(values.notna(), "").astype(str)
    codes, _ = pd.factorize(text.to_numpy(), sort=True)
    return np.where(text.to_numpy() == "", -1, codes).astype(np.int64)


def unreachable_locks(found: Candidates) -> Mapping[str, str]:
    """Return parcels that are locked in but may not be members, and why."""
    table = found.table
    why: dict[str, str] = {}
    for parcel, row in table[table["locked_in"] & ~table["eligible"]].iterrows():
        if not row["is_valid"]:
            why[str(parcel)] = "invalid"
        elif row["is_ground"]:
            why[str(parcel)] = "ground"
        elif row["excluded"]:
            why[str(parcel)] = "excluded"
        else:
            why[str(parcel)] = "locked_out"
    return why
