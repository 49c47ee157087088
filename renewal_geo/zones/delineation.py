"""Where can industry be reformed as one piece? The contiguous zones that are worth most within limits."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from renewal_geo.contiguity import Contiguity
from renewal_geo.foundation import progress
from renewal_geo.foundation.crs import ellipsoidal_area, require_same
from renewal_geo.foundation.provenance import Provenance, versions
from renewal_geo.foundation.quantities import M2_PER_HA, hectares
from renewal_geo.spatial.areas import flat_union, overlap_area, polygonal
from renewal_geo.zones import certificate as certificates
from renewal_geo.zones.envelopes import envelopes
from renewal_geo.zones.pool import Candidates, candidates, share_names, unreachable_locks
from renewal_geo.zones.reasons import explain, losses
from renewal_geo.zones.search import Answer, solve
from renewal_geo.zones.terms import Terms

TABLES_S_PER_PARCEL = 1e-4  # what is left of the time limit for reasons, outlines and tables


@dataclass(frozen=True, slots=True, eq=False)
class Delineation:
    """Contiguous reform zones, a reason for every parcel, and how good the zones are.

    Attributes
    ----------
    zones
        k zones by ``zone_id``: name, sub-districts, net and ellipsoidal and gross area, parcels, value, net
        value, outline, shares on net and gross area, perimeter and compactness of the envelope; geometry is
        the union of the members. Areas m2, lengths m.
    membership
        parcel_id -> zone_id, missing where in none; every input parcel.
    reasons
        By parcel_id: ``reason, figure, limit, reason_text``.
    parcels
        Every input parcel with its columns and ``in_pool, is_filler, area_m2, value`` (per ha)
        ``, value_total, zone_id, reason, reason_text``.
    links, blocked, barriers
        The contiguity used.
    envelopes
        Published outlines by zone_id: ``gross_area_m2, perimeter_m, compactness``.
    funnel
        Steps of the pool with counts and areas; losses close to 1 m2.
    status, stopped_by, objective, bound, gap
        How sure: no zones within the limits are worth more than `bound`.
    conflict
        Where infeasible: the limits, and by how many hectares.
    certificate
        All that :func:`verify` needs, as plain values.
    found, answer, terms
        The formal problem, the search's answer with the zones it met, and the limits: what further
        questions (frontier, phases, prices) begin with.
    """

    zones: gpd.GeoDataFrame
    membership: pd.Series
    reasons: pd.DataFrame
    parcels: gpd.GeoDataFrame
    links: pd.DataFrame
    blocked: pd.DataFrame
    barriers: gpd.GeoDataFrame
    envelopes: gpd.GeoDataFrame
    funnel: pd.DataFrame
    status: str
    stopped_by: str | None
    objective: float | None
    bound: float | None
    gap: float | None
    conflict: tuple[Mapping[str, Any], ...]
    certificate: Mapping[str, Any]
    provenance: Provenance
    found: Candidates
    answer: Answer
    terms: Terms
    lang: str = "zh"

    def __str__(self) -> str:
        if self.status == "infeasible":
            why = self.conflict[0] if self.conflict else {}
            short = why.get("short_ha")
            missing = "" if short is None else f", {short:,.2f} ha short"
            return (
                f"no zones can keep all limits: {why.get('limit')} ({why.get('because')}){missing}"
            )
        if not len(self.zones):
            text = "no zone is worth drawing: the best answer is none"
            return text if self.status == "optimal" else f"{text} found within {self._sureness()}"
        area = float(self.zones["area_m2"].sum())
        return (
            f"{len(self.zones)} contiguous zones of {hectares(area)}, net value "
            f"{self.objective:,.2f}, {self._sureness()}"
        )

    def _sureness(self) -> str:
        if self.status == "optimal":
            return "proven optimal"
        stopped = f", stopped by {self.stopped_by}" if self.stopped_by else ""
        return f"proven within {100 * (self.gap or 0):,.2f} % of the best possible{stopped}"


def delineate(
    parcels: gpd.GeoDataFrame,
    links: Contiguity,
    *,
    value: str | float = 1.0,
    pool: str | None = None,
    filler: str | None = None,
    area_budget_ha: float | None = None,
    min_area_ha: float = 30.0,
    max_area_ha: float | None = None,
    min_share: Mapping[str, float] | None = None,
    shares: Mapping[str, str] | None = None,
    boundary_weight: float = 0.0,
    lock_in: Sequence[str] = (),
    lock_out: Sequence[str] = (),
    keep_together: str | None = None,
    min_zones: int | None = None,
    max_zones: int | None = None,
    exclusions: gpd.GeoDataFrame | None = None,
    exclusion_mode: str = "drop",
    exclusion_tolerance: float = 0.01,
    sliver_min_m2: float = 100.0,
    lock_in_areas: gpd.GeoDataFrame | None = None,
    sub_districts: gpd.GeoDataFrame | None = None,
    control_lines: gpd.GeoDataFrame | None = None,
    time_limit_s: float = 60.0,
    gap: float = 0.01,
    seed: int = 0,
    workers: int | None = None,
    begin_with: Delineation | None = None,
    lang: str = "zh",
    provenance: Provenance | None = None,
) -> Delineation:
    """Choose the contiguous zones that are worth most within the limits.

    Parameters
    ----------
    parcels
        n polygons by ``parcel_id`` (unique text), projected, metres. Null, empty, invalid and non-areal
        geometries stay in the tables with the reason ``invalid``.
    links
        Their contiguity, of :func:`renewal_geo.contiguity.connect`.
    value
        Value per hectare: a number, a column or an expression.
    pool, filler
        Expressions or boolean columns: the candidates (column ``in_pool``, else all), and parcels outside
        the pool that may make a zone whole.
    area_budget_ha
        Most net area of all zones together, hectares; None: no budget.
    min_area_ha, max_area_ha
        Least and most net area of every zone, hectares.
    min_share, shares
        Least share of every zone by name, 0..1 on net area; and what each share is: an expression (0 or
        1) or a column in 0..1.
    boundary_weight
        Value lost per metre of a zone's outline.
    lock_in, lock_out
        Ids of parcels that must be in some zone, or in none.
    keep_together
        Column: parcels with one value of it are all in or all out.
    min_zones, max_zones
        Number of zones; None: no limit.
    exclusions
        Areas that no zone may take (column ``kind``); `exclusion_mode` drops or cuts the parcels that they
        clip by more than `exclusion_tolerance` of their area or 100 m2.
    sliver_min_m2
        Size up to which holes and strangers may lie inside an envelope, m2.
    lock_in_areas
        Areas that must be in zones: parcels with more than half of their area inside are locked in.
    sub_districts, control_lines
        For the names and the m2 per kind in the table of zones.
    time_limit_s, gap, seed, workers
        Of the search: wall-clock seconds of this call, the proven share at which it stops, random seed,
        threads.
    begin_with
        An answer for the same parcels, under other values or limits: this search begins with the zones that
        it chose or met, as far as they keep the limits.
    lang
        zh or en, of names and reasons.
    provenance
        Inputs as read; goes into the certificate.

    Returns
    -------
    Delineation
        Status ``optimal`` (proven), ``feasible`` (with `gap` and `stopped_by`) or ``infeasible`` (with
        `conflict`). The same for any order of rows and number of workers unless the clock ended it.

    Raises
    ------
    CRSError, InputError
        For layers that cannot be measured and for questions that make no sense; nothing is computed then.

    Notes
    -----
    A zone Z is worth ``sum(value_i * area_i) - boundary_weight * P(Z)`` with P(Z) = own boundary of its
    members + frontage of links that leave it. See docs/zones.md for the method.
    """
    began = time.monotonic()
    terms = Terms(
        value=value,
        pool=pool or None,
        filler=filler or None,
        area_budget_ha=area_budget_ha,
        min_area_ha=min_area_ha,
        max_area_ha=max_area_ha or None,
        min_share=dict(min_share or {}),
        shares=dict(shares or {}),
        boundary_weight=boundary_weight,
        lock_in=tuple(str(one) for one in lock_in),
        lock_out=tuple(str(one) for one in lock_out),
        keep_together=keep_together or None,
        min_zones=min_zones or None,
        max_zones=max_zones or None,
        exclusion_mode=exclusion_mode,  # type: ignore[arg-type]
        exclusion_tolerance=exclusion_tolerance,
        sliver_min_m2=sliver_min_m2,
        time_limit_s=time_limit_s,
        gap=gap,
        seed=seed,
    )
    progress.report("zones.candidates", 0.0)
    found = candidates(parcels, links, terms, exclusions=exclusions, pilots=lock_in_areas)
    answer = _searched(found, terms, began, workers or 2, _carried_over(begin_with, found))
    progress.report("zones.tables", 0.0)
    membership = _membership(found, answer)
    reasons = explain(found, answer, membership, terms, lang)
    table = _parcel_table(parcels, found, membership, reasons)
    outlines = _zone_shapes(found, membership)
    gap_max = float(found.links.parameters.get("gap_max_m", 40.0))
    shells = envelopes(
        outlines,
        _strangers(found, membership, terms.sliver_min_m2),
        found.links.barriers.geometry.to_numpy(),
        np.empty(0, object) if exclusions is None else polygonal(exclusions.geometry.to_numpy()),
        gap_max_m=gap_max,
        sliver_min_m2=terms.sliver_min_m2,
    )
    zones = _zone_table(outlines, shells, found, membership, answer, terms, lang)
    zones = _with_context(zones, parcels, membership, sub_districts, control_lines, lang)
    record = certificates.write(found, answer, membership, terms, provenance, began)
    return Delineation(
        zones=zones,
        membership=membership,
        reasons=reasons,
        parcels=table,
        links=found.links.links,
        blocked=found.links.blocked,
        barriers=found.links.barriers,
        envelopes=shells,
        funnel=losses(found, reasons, membership),
        status=answer.status,
        stopped_by=answer.stopped_by,
        objective=answer.objective,
        bound=answer.bound,
        gap=answer.gap,
        conflict=tuple(record["conflict"]),
        certificate=record,
        provenance=provenance or Provenance(versions=versions(), seed=seed),
        found=found,
        answer=answer,
        terms=terms,
        lang=lang,
    )


def _carried_over(earlier: Delineation | None, found: Candidates) -> list[np.ndarray]:
    """Return the zones that an earlier search met, as nodes of this problem; those with strangers are left out."""
    if earlier is None:
        return []
    ids = found.table.index[found.order]
    node = ids.get_indexer(earlier.found.table.index[earlier.found.order])
    zones = [node[zone] for zone in (*earlier.answer.zones, *earlier.answer.pool)]
    return [np.sort(zone) for zone in zones if (zone >= 0).all()]


def _searched(
    found: Candidates, terms: Terms, began: float, workers: int, warm: Sequence[np.ndarray]
) -> Answer:
    """Search, unless a lock on a parcel that may not be a member already forbids any answer."""
    locks = unreachable_locks(found)
    problem = found.problem
    conflict: tuple[dict[str, Any], ...] = ()
    if locks:
        conflict = (
            {
                "limit": "lock_in",
                "because": ", ".join(sorted(set(locks.values()))),
                "parcels": sorted(locks),
                "needed_ha": None,
                "available_ha": None,
                "short_ha": float(found.table.loc[list(locks), "area_m2"].sum() / M2_PER_HA),
            },
        )
    elif problem.size == 0:
        conflict = (
            {
                "limit": "pool",
                "because": "every parcel of the pool is excluded, ground or locked out",
                "parcels": [],
                "needed_ha": terms.min_area_ha,
                "available_ha": 0.0,
                "short_ha": terms.min_area_ha,
            },
        )
    if conflict:
        none = np.zeros(problem.size)
        no = none.astype(bool)
        return Answer(
            (),
            None,
            None,
            "infeasible",
            None,
            {},
            conflict,
            0.0,
            np.zeros(problem.size, dtype=np.int64),
            np.full(1, np.inf),
            no,
            no,
        )
    tables = TABLES_S_PER_PARCEL * len(found.table)
    left = max(0.5, terms.time_limit_s - tables - (time.monotonic() - began))
    return solve(
        problem, time_limit_s=left, gap=terms.gap, seed=terms.seed, workers=workers, warm=warm
    )


def _membership(found: Candidates, answer: Answer) -> pd.Series:
    """Number zones by decreasing net value, ties by position."""
    index = found.table.index
    zone_of = pd.Series(pd.NA, index=index, dtype=object, name="zone_id")
    values = certificates.net_values(found.problem, answer.zones)
    order = sorted(
        range(len(answer.zones)), key=lambda z: (-round(values[z], 9), int(answer.zones[z][0]))
    )
    digits = max(2, len(str(len(order))))
    for number, z in enumerate(order, 1):
        zone_of.iloc[found.order[answer.zones[z]]] = f"Z{number:0{digits}d}"
    return zone_of.where(zone_of.notna(), None)


def _parcel_table(
    parcels: gpd.GeoDataFrame, found: Candidates, membership: pd.Series, reasons: pd.DataFrame
) -> gpd.GeoDataFrame:
    made = found.table[["in_pool", "is_filler", "area_m2", "value", "value_total"]].copy()
    if (found.table["cut_m2"] > 0).any():
        made["cut_m2"] = found.table["cut_m2"]
    made["zone_id"] = membership
    made["reason"] = reasons["reason"]
    made["reason_text"] = reasons["reason_text"]
    geometry = parcels.geometry.name
    own = parcels.drop(columns=[geometry, *(c for c in made.columns if c in parcels.columns)])
    replaced = {
        c: f"{c}_given"
        for c in made.columns
        if c in parcels.columns and c not in {"in_pool", "is_filler", "value"}
    }
    kept = parcels[list(replaced)].rename(columns=replaced)
    body = pd.concat([made, pd.DataFrame(own), pd.DataFrame(kept)], axis=1)
    return gpd.GeoDataFrame(body, geometry=gpd.GeoSeries(found.parcels.geometry), crs=parcels.crs)


def _zone_shapes(found: Candidates, membership: pd.Series) -> gpd.GeoDataFrame:
    members = membership.dropna()
    shapes = found.parcels.geometry.loc[members.index]
    names = sorted(members.unique())
    unions = [
        shapely.force_2d(flat_union(shapes[(members == name).to_numpy()].to_numpy()))
        for name in names
    ]
    return gpd.GeoDataFrame(
        geometry=unions, index=pd.Index(names, name="zone_id", dtype=object), crs=found.parcels.crs
    )


def _strangers(found: Candidates, membership: pd.Series, sliver_min_m2: float) -> Any:
    table = found.table
    large = table["area_m2"] > sliver_min_m2
    rows = membership.isna() & table["is_valid"] & ~table["is_ground"] & large
    return shapely.force_2d(found.parcels.geometry[rows.to_numpy()].to_numpy())  # type: ignore[misc]


def _zone_table(
    outlines: gpd.GeoDataFrame,
    shells: gpd.GeoDataFrame,
    found: Candidates,
    membership: pd.Series,
    answer: Answer,
    terms: Terms,
    lang: str,
) -> gpd.GeoDataFrame:
    table = found.table.assign(zone_id=membership)
    grouped = table.dropna(subset=["zone_id"]).groupby("zone_id")
    zones = outlines.copy()
    net = certificates.zone_figures(found, answer, membership)
    names = [f"{'连片改造区' if lang == 'zh' else 'Zone'} {z}" for z in zones.index]
    zones["zone_name"] = pd.Series(names, index=zones.index, dtype=str)
    zones["sub_districts"] = ""
    zones["area_m2"] = grouped["area_m2"].sum().reindex(zones.index).to_numpy(dtype=float)
    zones["area_ellipsoidal_m2"] = ellipsoidal_area(zones.geometry.to_numpy(), zones.crs)  # type: ignore[arg-type]
    zones["gross_area_m2"] = shells["gross_area_m2"]
    zones["parcel_count"] = grouped.size().reindex(zones.index).to_numpy(dtype=np.int64)
    zones["value"] = grouped["value_total"].sum().reindex(zones.index).to_numpy(dtype=float)
    zones["net_value"] = net["net_value"].reindex(zones.index).to_numpy(dtype=float)
    zones["outline_m"] = net["outline_m"].reindex(zones.index).to_numpy(dtype=float)
    for name in share_names(terms):
        weighted = table["area_m2"] * table[f"share_{name}"]
        part = weighted.groupby(table["zone_id"]).sum().reindex(zones.index).to_numpy(dtype=float)
        zones[f"share_{name}"] = part / zones["area_m2"]
        zones[f"share_{name}_gross"] = part / zones["gross_area_m2"]
    zones["perimeter_m"] = shells["perimeter_m"]
    zones["compactness"] = shells["compactness"]
    return zones


def _with_context(
    zones: gpd.GeoDataFrame,
    parcels: gpd.GeoDataFrame,
    membership: pd.Series,
    sub_districts: gpd.GeoDataFrame | None,
    control_lines: gpd.GeoDataFrame | None,
    lang: str,
) -> gpd.GeoDataFrame:
    """Add what the study's other columns and layers allow."""
    zones = zones.copy()
    members = pd.DataFrame(parcels.drop(columns=parcels.geometry.name)).assign(zone=membership)
    members = members.dropna(subset=["zone"])
    if "floor_area_m2" in members:
        floors = members.groupby("zone")["floor_area_m2"].sum()
        zones["floor_area_m2"] = floors.reindex(zones.index)
    if "built_year" in members:
        zones["mean_built_year"] = members.groupby("zone")["built_year"].mean().reindex(zones.index)
    if "owner_kind" in members:
        kinds = members.groupby("zone")["owner_kind"].nunique()
        zones["owner_kinds"] = kinds.reindex(zones.index)
    streets = _named(zones, members, sub_districts)
    zones["sub_districts"] = pd.Series(streets, index=zones.index, dtype=str)
    titles = [
        _title(name, listed.split("；")[0], lang)
        for name, listed in zip(zones["zone_name"], streets, strict=True)
    ]
    zones["zone_name"] = pd.Series(titles, index=zones.index, dtype=str)
    if control_lines is not None and len(control_lines) and len(zones):
        require_same(zones, control_lines, ("zones", "control_lines"))
        lines = control_lines
        kinds = (
            lines["kind"].astype(str) if "kind" in lines else pd.Series("line", index=lines.index)  # type: ignore[assignment]
        )
        for kind in sorted(kinds.unique()):
            shapes = polygonal(lines.geometry[(kinds == kind).to_numpy()].to_numpy())
            zones[f"{kind}_m2"] = overlap_area(zones.geometry.to_numpy(), shapes)
    return zones


def _title(name: str, street: str, lang: str) -> str:
    if not street:
        return name
    return f"{name}（{street}）" if lang == "zh" else f"{name} ({street})"


def _named(
    zones: gpd.GeoDataFrame, members: pd.DataFrame, sub_districts: gpd.GeoDataFrame | None
) -> list[str]:
    """Return the sub-districts of each zone by falling area, from polygons, else from the column."""
    if sub_districts is not None and len(sub_districts) and "name" in sub_districts:
        require_same(zones, sub_districts, ("zones", "sub_districts"))
        shapes = polygonal(sub_districts.geometry.to_numpy())
        names = sub_districts["name"].astype(str).to_numpy()
        areas = np.array(
            [shapely.area(shapely.intersection(one, shapes)) for one in zones.geometry]
        ).reshape(len(zones), len(names))
        areas = np.nan_to_num(areas)
        return [
            "；".join(
                dict.fromkeys(names[c] for c in np.argsort(-row, kind="stable") if row[c] > 1.0)
            )
            for row in areas
        ]
    if "sub_district" in members:
        counts = members.groupby("zone")["sub_district"].agg(
            lambda s: "；".join(s.dropna().astype(str).value_counts(sort=True).index)
        )
        return list(counts.reindex(zones.index).fillna(""))
    return [""] * len(zones)
