"""The tables of a comparison: features and their kin, pairs, flows of ground, changed values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from renewal_geo.foundation.area_changes import joined_reasons
from renewal_geo.spatial.areas import Floats, Ints
from renewal_geo.spatial.lineage import GONE, NEW, RESHAPED, SAME, Lineage, Side

BEFORE, AFTER = "before", "after"
CAUSE_OF = {NEW: "added", GONE: "removed"}
ATTRIBUTES = ("before_id", "after_id", "column", "from", "to")
COLUMNS = (
    "version", "id", "kind", "cause", "predecessors", "successors", "renamed", "area_m2", "group",
    "group_before_m2", "group_after_m2", "change_m2", "change_share", "within_tolerance", "reason",
    "needs_reason", "moved_m2", "moved_sliver_m2", "changed_values",
)  # fmt: skip
Names = NDArray[np.object_]
Kin = list[tuple[str, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """A lineage with the ids of its n earlier and m later features."""

    lineage: Lineage
    old: Names
    new: Names

    @property
    def kin(self) -> tuple[Ints, Ints]:
        """Rows of the pairs of one descent."""
        return self.lineage.first[self.lineage.kin], self.lineage.second[self.lineage.kin]

    @property
    def continued(self) -> tuple[Ints, Ints]:
        """Rows of the features that became one feature."""
        first, second = self.kin
        one = np.isin(self.lineage.before.kind[first], (SAME, RESHAPED))
        return first[one], second[one]


def changed_values(
    before: gpd.GeoDataFrame,
    after: gpd.GeoDataFrame,
    compared: Compared,
    columns: Sequence[str],
) -> pd.DataFrame:
    """Return one row per value that changed where one feature became one."""
    first, second = compared.continued
    parts = [pd.DataFrame(columns=list(ATTRIBUTES), dtype=object)]
    for column in columns:
        old = before[column].iloc[first].astype(object).reset_index(drop=True)
        new = after[column].iloc[second].astype(object).reset_index(drop=True)
        equal = (old == new).fillna(value=False).astype(bool) | (old.isna() & new.isna())
        rows = np.flatnonzero(~equal)
        values: tuple[Any, ...] = (
            compared.old[first[rows]], compared.new[second[rows]], column, old[rows].to_numpy(),
            new[rows].to_numpy(),
        )  # fmt: skip
        changed = dict(zip(ATTRIBUTES, values, strict=True))
        if len(rows):
            parts.append(pd.DataFrame(changed, dtype=object))
    return pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]


def feature_tables(
    compared: Compared, values: pd.DataFrame, remarks: tuple[Names, Names], tolerance: float
) -> tuple[pd.DataFrame, pd.DataFrame, tuple[str, ...]]:
    """Return the later features with what is gone, the earlier features, and a note on reasons.

    `values` are the changed values, `remarks` what each version's reason column holds.
    """
    found = compared.lineage
    first, second = compared.kin
    heirs = _named(first, compared.new[second], len(compared.old))
    parents = _named(second, compared.old[first], len(compared.new))
    fates, later = _features(found.before, compared.old), _features(found.after, compared.new)
    fates["predecessors"] = _families(compared.old, heirs, compared.new, parents)
    fates["successors"] = pd.Series(heirs, dtype=object)
    later["predecessors"] = pd.Series(parents, dtype=object)
    later["successors"] = _families(compared.new, parents, compared.old, heirs)
    gone = (fates["kind"] == GONE).to_numpy()
    said = pd.Series([*remarks[1], *remarks[0][gone]], dtype=object)
    reasons, notes = joined_reasons(said.where(said.notna(), None).tolist())
    table = pd.concat(
        [later.assign(version=AFTER), fates[gone].assign(version=BEFORE)], ignore_index=True
    )
    kept, continued = compared.continued
    renamed = np.zeros(len(table), dtype=np.bool_)
    renamed[continued] = compared.old[kept] != compared.new[continued]
    table = _with_groups(table.assign(renamed=renamed), found, reasons, tolerance)
    altered = _altered(values)
    own = [altered.get(name, "") for name in compared.new]
    table["changed_values"] = own + [""] * int(gone.sum())
    table["cause"] = _causes(table, compared, tolerance)
    number = dict(zip(table["kin_group"], table["group"], strict=True))
    fates["group"] = fates["kin_group"].map(number)
    return (
        table[list(COLUMNS)],
        fates[[name for name in COLUMNS if name in fates]],
        notes,
    )


def links(compared: Compared) -> pd.DataFrame:
    """Return one row per pair that shares ground."""
    found = compared.lineage
    shares = [
        np.divide(found.shared, area, out=np.zeros(len(area)), where=area > 0)
        for area in (found.before.area[found.first], found.after.area[found.second])
    ]
    return pd.DataFrame(
        {
            "before_id": compared.old[found.first],
            "after_id": compared.new[found.second],
            "shared_m2": found.shared,
            "sliver_m2": found.sliver,
            "share_of_before": shares[0],
            "share_of_after": shares[1],
            "kin": found.kin,
        }
    )


def flows(compared: Compared) -> pd.DataFrame:
    """Return where the ground of every feature of either version went or came from."""
    found = compared.lineage
    parts = []
    for version, side, row, ids in (
        (BEFORE, found.before, found.first, compared.old),
        (AFTER, found.after, found.second, compared.new),
    ):
        shared = np.bincount(row, found.shared, minlength=len(ids))
        parts.append(
            pd.DataFrame(
                {
                    "version": version,
                    "id": ids,
                    "area_m2": side.area,
                    "shared_m2": shared,
                    "twice_m2": side.twice,
                    "apart_m2": side.apart,
                    "apart_sliver_m2": side.apart_sliver,
                    "closing_m2": side.area - (shared - side.twice + side.apart),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _features(side: Side, ids: Names) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": ids,
            "kind": side.kind.astype(object),
            "area_m2": side.area,
            "kin_group": side.group,
            "moved_m2": side.moved,
            "moved_sliver_m2": side.moved_sliver,
        }
    )


def _named(row: Ints, names: Names, count: int) -> Kin:
    """Return the names of each row's kin, in the order of the names."""
    order = np.lexsort((names.astype(str), row))
    ends = np.searchsorted(row[order], np.arange(count + 1))
    listed = names[order].tolist()
    return [tuple(listed[a:b]) for a, b in pairwise(ends)]


def _families(ids: Names, kin: Kin, others: Names, back: Kin) -> pd.Series:
    """Return for each feature those of its own version that share a relative with it."""
    place = {name: row for row, name in enumerate(others)}
    return pd.Series(
        [
            tuple(sorted({one for relative in own for one in back[place[relative]]} or {name}))
            for name, own in zip(ids, kin, strict=True)
        ],
        dtype=object,
    )


def _with_groups(
    table: pd.DataFrame, found: Lineage, reasons: list[str], tolerance: float
) -> pd.DataFrame:
    """Add the areas of each row's group of kin, and the reasons given anywhere in the group."""
    count = int(max(found.before.group.max(initial=-1), found.after.group.max(initial=-1))) + 1
    (before, had), (after, has) = (
        (
            np.bincount(side.group, side.area, minlength=count),
            np.bincount(side.group, minlength=count) > 0,
        )
        for side in (found.before, found.after)
    )
    change = after - before
    share = np.divide(change, before, out=np.full(count, np.nan), where=before > 0)
    within = had & has & (np.abs(change) <= tolerance * before)
    group = table["kin_group"].to_numpy()
    given: list[set[str]] = [set() for _ in range(count)]
    for own, reason in zip(group, reasons, strict=True):
        given[own].update(part for part in reason.split("; ") if part)
    stated = np.array(["; ".join(sorted(one)) for one in given], dtype=object)
    return table.assign(
        group=_numbered(table),
        group_before_m2=before[group],
        group_after_m2=after[group],
        change_m2=change[group],
        change_share=share[group],
        within_tolerance=within[group],
        reason=stated[group],
        needs_reason=~within[group] & (stated[group] == ""),
    )


def _numbered(table: pd.DataFrame) -> Ints:
    """Number the groups by their first id, which no order of rows changes."""
    first = table.sort_values(["version", "id"]).drop_duplicates("kin_group")["kin_group"]
    number = pd.Series(np.arange(1, len(first) + 1), index=first.to_numpy())
    numbered: Ints = number.reindex(table["kin_group"]).to_numpy(dtype=np.int64)
    return numbered


def _altered(values: pd.DataFrame) -> dict[str, str]:
    """Return for each later feature its changed values as one text."""
    said: dict[str, str] = {}
    for row in values.itertuples(index=False):
        one = f"{row[2]}: {_shown(row[3])} → {_shown(row[4])}"
        said[row[1]] = f"{said[row[1]]}; {one}" if row[1] in said else one
    return said


def _shown(value: object) -> str:
    return "–" if pd.isna(value) else str(value)  # type: ignore[call-overload]


def _causes(table: pd.DataFrame, compared: Compared, tolerance: float) -> Names:
    """Return what the drawings tell: of one that became one, how; else the kind itself."""
    found = compared.lineage
    kept, continued = compared.continued
    twin = np.zeros(len(table), dtype=np.bool_)
    twin[: len(compared.new)] = found.after.twin >= 0
    changed = (table["changed_values"] != "").to_numpy()
    firm: Floats = np.zeros(len(table))
    for side, row in ((found.before, kept), (found.after, continued)):
        firm[continued] += (side.moved - side.moved_sliver)[row]
    drawn = np.select(
        [
            twin & changed,
            twin & table["renamed"].to_numpy(),
            twin,
            firm <= tolerance * table["group_before_m2"].to_numpy(),
        ],
        ["attribute_only", "renamed", "unchanged", "redrawn_same_border"],
        default="boundary_moved",
    )
    kinds = table["kind"].to_numpy(dtype=object)
    one = np.array([kind in (SAME, RESHAPED) for kind in kinds], dtype=np.bool_)
    return np.where(one, drawn, [CAUSE_OF.get(kind, kind) for kind in kinds]).astype(object)
