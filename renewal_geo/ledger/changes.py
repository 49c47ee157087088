"""Change between two versions of a layer: what became of every feature, and of every square metre."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from renewal_geo.foundation.area_changes import AREA_TOLERANCE, require_share
from renewal_geo.foundation.crs import require_metric, require_same
from renewal_geo.foundation.errors import Faults, some_ids
from renewal_geo.foundation.provenance import Provenance, versions
from renewal_geo.foundation.quantities import hectares
from renewal_geo.ledger.change_tables import (
    AFTER,
    BEFORE,
    Compared,
    Names,
    changed_values,
    feature_tables,
    flows,
    links,
)
from renewal_geo.spatial.areas import Shapes, polygonal
from renewal_geo.spatial.lineage import (
    GONE,
    MERGED,
    NEW,
    RECOMBINED,
    RESHAPED,
    SAME,
    SPLIT,
    Side,
    apart,
    trace,
    twins,
)

KINDS = (SAME, RESHAPED, SPLIT, MERGED, RECOMBINED, NEW, GONE)
MIN_SHARE = 0.05
SHOWN_APART_M2 = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class Changes:
    """What became of n features and of their ground in a later version of m.

    Attributes
    ----------
    table
        One row per later feature and per earlier one that is gone: ``version`` (after | before),
        ``id``, ``kind`` (same | reshaped | split | merged | split_and_merged | new | gone), ``cause``
        (what the drawings tell), ``predecessors`` and ``successors`` (tuples of ids), ``renamed``,
        ``area_m2``; of the group of kin that it belongs to: ``group, group_before_m2,
        group_after_m2, change_m2, change_share`` (of before), ``within_tolerance``, ``reason`` (given
        by a person), ``needs_reason``; and ``moved_m2`` with ``moved_sliver_m2`` (ground that is not
        shared with kin, and how much of that lies in slivers), ``changed_values`` (as text).
    fates
        One row per earlier feature: ``id, kind, predecessors, successors, group, area_m2, moved_m2,
        moved_sliver_m2``.
    links
        One row per pair that shares ground: ``before_id, after_id, shared_m2, sliver_m2,
        share_of_before, share_of_after, kin``.
    flows
        Where every m2 went, one row per feature of either version: ``version, id, area_m2,
        shared_m2, twice_m2, apart_m2`` (lost or gained), ``closing_m2``; area = shared - twice + apart.
    attributes
        One row per changed value: ``before_id, after_id, column, from, to``.
    lost, gained
        Polygons that only one version covers, by the id of their feature, with ``area_m2``.
    totals
        Indexed by version: ``count`` and the sums of `flows`; ``closing_m2`` is the worst.
    tolerance, min_share
        As asked.
    notes
        What was decided, and what needs a look.
    """

    table: pd.DataFrame
    fates: pd.DataFrame
    links: pd.DataFrame
    flows: pd.DataFrame
    attributes: pd.DataFrame
    lost: gpd.GeoDataFrame
    gained: gpd.GeoDataFrame
    totals: pd.DataFrame
    tolerance: float
    min_share: float
    notes: tuple[str, ...] = ()
    provenance: Provenance = field(default_factory=Provenance)

    def __str__(self) -> str:
        counts = self.table["kind"].value_counts()
        named = ", ".join(f"{counts[kind]} {kind}" for kind in KINDS if kind in counts)
        old, new = (self.totals.loc[version].to_dict() for version in (BEFORE, AFTER))
        return (
            f"{old['count']:.0f} → {new['count']:.0f} features: {named or 'none'}; "
            f"{hectares(old['area_m2'])} → {hectares(new['area_m2'])}, {old['apart_m2']:,.1f} m² lost, "
            f"{new['apart_m2']:,.1f} m² gained; "
            f"{int(self.table['needs_reason'].sum())} changes beyond {self.tolerance:.2%} without a "
            f"reason; closes to {self.totals['closing_m2'].abs().max():.1e} m²"
        )


def compare(
    before: gpd.GeoDataFrame,
    after: gpd.GeoDataFrame,
    *,
    columns: Sequence[str] = (),
    reason: str = "reason",
    tolerance: float = AREA_TOLERANCE,
    min_share: float = MIN_SHARE,
) -> Changes:
    """Compare two versions of a layer: what became of every feature and of every square metre.

    Parameters
    ----------
    before, after
        n and m polygons indexed by their ids, in one projected CRS measured in metres. Either may
        overlap itself; invalid ones are made valid for measuring and the notes say how many.
    columns
        Columns of both whose values are compared where one feature became one.
    reason
        Column of `after`, and of `before` for what is gone, with the reasons that a person gives;
        it may be missing.
    tolerance
        Share of the earlier area up to which a change counts as technical error.
    min_share
        Share of the smaller of two features that they must have in common, slivers aside, to be of
        one descent. Smaller exchanges move a border, they neither split nor merge; they are listed
        in ``links`` with ``kin`` false and counted in ``flows`` like any other ground.

    Returns
    -------
    Changes
        On both sides, for every feature: shared - twice + apart = area, to max(1e-6 m2, 1e-9 of it).

    Raises
    ------
    CRSError
        If the versions are not in one projected CRS measured in metres.
    InputError
        ``duplicate_id, missing_id, unknown_column, bad_tolerance, bad_min_share``.

    Notes
    -----
    Slivers are parts thinner than 0.5 m (2 area / outline) or smaller than 1 m2. A feature is the
    same when it is drawn identically, or when all its moved ground lies in slivers and its area stays
    within the tolerance.

    Examples
    --------
    >>> from shapely import box
    >>> old = gpd.GeoDataFrame(geometry=[box(0, 0, 100, 100)], index=["A"], crs="EPSG:4547")
    >>> halves = [box(0, 0, 60, 100), box(60, 0, 100, 100)]
    >>> new = gpd.GeoDataFrame(geometry=halves, index=["A1", "A2"], crs="EPSG:4547")
    >>> print(compare(old, new))
    1 → 2 features: 2 split; 1.00 ha → 1.00 ha, 0.0 m² lost, 0.0 m² gained; 0 changes beyond 0.02% without a reason; closes to 0.0e+00 m²
    """  # noqa: E501 - the sentence is one
    _require(before, after, columns, tolerance, min_share)
    shapes = polygonal(before.geometry.to_numpy()), polygonal(after.geometry.to_numpy())
    ids = before.index.astype(str), after.index.astype(str)
    same = twins(*shapes, *(one.to_numpy(dtype=str) for one in ids))
    found = trace(*shapes, same, tolerance, min_share)
    compared = Compared(found, *(one.to_numpy(dtype=object) for one in ids))
    attributes = changed_values(before, after, compared, columns)
    remarks = _remarks(before, reason), _remarks(after, reason)
    table, fates, strange = feature_tables(compared, attributes, remarks, tolerance)
    flow = flows(compared)
    sums = flow.groupby("version")[["area_m2", "shared_m2", "twice_m2", "apart_m2"]].sum()
    worst = flow["closing_m2"].abs().groupby(flow["version"]).max()
    totals = sums.assign(closing_m2=worst).reindex([BEFORE, AFTER]).fillna(0.0)
    totals.insert(0, "count", [len(before), len(after)])
    lost, gained = (
        _apart(shapes[k], shapes[1 - k], side, version)
        for k, (side, version) in enumerate(((found.before, before), (found.after, after)))
    )
    notes = (*_notes((before, after), shapes, compared), *strange)
    parameters = {"tolerance": tolerance, "min_share": min_share, "columns": list(columns)}
    return Changes(
        table, fates, links(compared), flow, attributes, lost, gained, totals,
        tolerance, min_share, notes, Provenance(parameters=parameters, versions=versions()),
    )  # fmt: skip


def _require(
    before: gpd.GeoDataFrame,
    after: gpd.GeoDataFrame,
    columns: Sequence[str],
    tolerance: float,
    min_share: float,
) -> None:
    require_metric(before, BEFORE)
    require_same(before, after, (BEFORE, AFTER))
    require_share(tolerance, "tolerance")
    require_share(min_share, "min_share")
    faults = Faults()
    for name, version in ((BEFORE, before), (AFTER, after)):
        ids = version.index.astype(str)
        if ids.has_duplicates:
            faults.add(
                f"ids of the version {name} occur twice",
                where=some_ids(ids[ids.duplicated()].unique()),
                fix="give each feature its own id, or name another column of ids",
                code="duplicate_id",
            )
        if version.index.hasnans:
            faults.add(
                f"{int(np.sum(version.index.isna()))} features of the version {name} have no id",
                where=name,
                fix="give each feature an id, or name another column of ids",
                code="missing_id",
            )
        faults_of = [column for column in columns if column not in version.columns]
        if faults_of:
            known = [str(c) for c in version.columns if c != version.geometry.name]
            faults.add(
                f"the version {name} has no column {', '.join(map(repr, faults_of))}",
                where=name,
                fix=f"one of: {', '.join(known)}",
                code="unknown_column",
            )
    faults.raise_if_any()


def _remarks(version: gpd.GeoDataFrame, reason: str) -> Names:
    if reason in version:
        return version[reason].to_numpy(dtype=object)
    return np.full(len(version), None, dtype=object)


def _apart(
    shapes: Shapes, others: Shapes, side: Side, version: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    rows = np.flatnonzero(side.apart > SHOWN_APART_M2)
    left = polygonal(apart(shapes, others, rows))
    area = np.nan_to_num(shapely.area(left))
    index = pd.Index(version.index[rows].astype(str), name="id")
    table = gpd.GeoDataFrame({"area_m2": area}, geometry=left, index=index, crs=version.crs)
    return table[area > 0]


def _notes(
    versions_given: tuple[gpd.GeoDataFrame, ...], shapes: tuple[Shapes, ...], compared: Compared
) -> tuple[str, ...]:
    notes = []
    found = compared.lineage
    # what lies twice on the other version is overlap of this one
    for name, version, valid, other in zip(
        (BEFORE, AFTER), versions_given, shapes, (found.after, found.before), strict=True
    ):
        raw = version.geometry.to_numpy()
        if broken := int((~shapely.is_valid(raw) & ~shapely.is_missing(raw)).sum()):
            notes.append(f"{name}: {broken} invalid geometries were made valid for measuring")
        if without := int(shapely.is_missing(valid).sum()):
            notes.append(f"{name}: {without} rows have no area and share no ground")
        if (twice := float(other.twice.sum())) > SHOWN_APART_M2:
            notes.append(
                f"{name} overlaps itself: {twice:,.2f} m² of the other version lie under several"
            )
    return (*notes, *_notes_on_kin(compared))


def _notes_on_kin(compared: Compared) -> list[str]:
    notes = []
    found = compared.lineage
    if (loose := ~found.kin).any():
        notes.append(
            f"{int(loose.sum())} pairs share too little to be of one descent: "
            f"{found.shared[loose].sum():,.1f} m² changed hands along borders, "
            f"{found.sliver[loose].sum():,.1f} m² of it in slivers"
        )
    first, second = compared.kin
    akin = second[compared.old[first] == compared.new[second]]
    elsewhere = np.isin(compared.new.astype(str), compared.old.astype(str))
    elsewhere[akin] = False
    if elsewhere.any():
        named = some_ids(sorted(compared.new[elsewhere]))
        notes.append(f"{int(elsewhere.sum())} ids name other ground in the later version: {named}")
    return notes
