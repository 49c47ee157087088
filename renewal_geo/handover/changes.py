"""A unit in two versions: the areas of its ranges, why they changed, and floor area that goes with lost land."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import geopandas as gpd
import pandas as pd

from renewal_geo.foundation.area_changes import BETWEEN_REASONS, AreaChanges, compare_areas
from renewal_geo.foundation.crs import require_metric
from renewal_geo.foundation.errors import InputError, some_ids
from renewal_geo.foundation.schema import as_text
from renewal_geo.handover.drawings import own_ids, ranges_apart

ITEMS = {
    "unit_range": "unit_range_m2",
    "demolition": "demolition_m2",
    "development": "development_m2",
    "odd_lots": "odd_lots_m2",
}
OF = {"development": "demolition", "odd_lots": "demolition"}
TECHNICAL = frozenset({"cgcs2000_conversion", "technical_error", "gap_sliver"})
# no notice that we read gives this reason a wording of its own; these are what people write
PUBLIC_INTEREST = frozenset(
    {"公共利益", "落实公共利益", "落实公共利益用地", "public_interest", "public interest"}
)
CHANGE_COLUMNS = (
    "unit_id", "item", "before_m2", "after_m2", "change_m2", "change_share", "within_tolerance", "cause",
    "reason", "needs_reason", "of", "ratio_before", "ratio_after",
)  # fmt: skip


def changes_of(
    before: pd.DataFrame,
    after: pd.DataFrame,
    reasons: Mapping[str, Mapping[str, str]],
    tolerance: float,
) -> tuple[dict[str, AreaChanges], list[str]]:
    """Compare the ranges of every unit that both versions have.

    Parameters
    ----------
    before
        Units of the earlier version by ``unit_id``, with any of ``unit_range_m2, demolition_m2,
        development_m2, odd_lots_m2``; without any, its polygons are unit ranges, and demolition ranges
        where ``range_kind`` says so.
    after
        Units of the later one, with all of them.
    reasons
        Item -> unit -> why it changed.
    tolerance
        Share of the earlier area up to which a change is technical error.

    Raises
    ------
    CRSError
        Where polygons cannot be measured.
    InputError
        ``duplicate_id, unknown_column, bad_area``.
    """
    earlier = _areas_before(before)
    found: dict[str, AreaChanges] = {}
    for unit in after.index:
        if unit not in earlier.index:
            continue
        old = _known(earlier.loc[unit])
        # an area that the earlier version does not state was not added: it is not compared
        new = {item: m2 for item, m2 in _known(after.loc[unit]).items() if item in old}
        if not old:
            continue
        why = {item: reasons.get(item, {}).get(str(unit), "") for item in {**old, **new}}
        of = {item: base for item, base in OF.items() if {item, base} <= {*old, *new}}
        found[str(unit)] = compare_areas(
            old, new, reasons={k: v for k, v in why.items() if v}, of=of, tolerance=tolerance
        )
    notes = []
    new_units = [one for one in after.index if one not in earlier.index]
    gone = [one for one in earlier.index if one not in after.index]
    if new_units:
        notes.append(f"units that the earlier version has not: {some_ids(new_units)}")
    if gone:
        notes.append(f"units of the earlier version that are no more: {some_ids(gone)}")
    notes += dict.fromkeys(note for one in found.values() for note in one.notes)
    return found, notes


def change_table(changes: Mapping[str, AreaChanges]) -> pd.DataFrame:
    """Return the changes of all units as one table, a row per unit and item."""
    if not changes:
        return pd.DataFrame(columns=list(CHANGE_COLUMNS))
    parts = [one.table.reset_index().assign(unit_id=unit) for unit, one in changes.items()]
    made = pd.concat(parts, ignore_index=True)
    return made.reindex(columns=list(CHANGE_COLUMNS))


def lost_land(changes: AreaChanges | None) -> float:
    """Return the development land lost beyond the tolerance, for neither public interest nor technical error, m2.

    NaN where the versions cannot be compared. A loss with several reasons counts as soon as one of them
    is another, and without any reason too: nobody has said that it was not.
    """
    if changes is None or "development" not in changes.table.index:
        return math.nan
    reason, lost, within = (
        changes.table[name]["development"] for name in ("reason", "change_m2", "within_tolerance")
    )
    said = {one.strip() for one in BETWEEN_REASONS.split(str(reason)) if one.strip()}
    excused = bool(said) and said <= TECHNICAL | PUBLIC_INTEREST
    return -float(lost) if lost < 0 and not within and not excused else 0.0


def _areas_before(before: pd.DataFrame) -> pd.DataFrame:
    """Return the areas of the earlier version by unit: as it states them, else as its ranges are drawn."""
    if not any(column in before.columns for column in ITEMS.values()):
        return _drawn(before)
    table = pd.DataFrame(index=_index(before))
    for item, column in ITEMS.items():
        if column in before.columns:
            table[item] = pd.to_numeric(before[column], errors="coerce").to_numpy(dtype=float)
    return table


def _drawn(before: pd.DataFrame) -> pd.DataFrame:
    if not isinstance(before, gpd.GeoDataFrame):
        raise InputError(
            "the earlier version has neither areas nor polygons",
            where="before",
            fix=f"give one of the columns {', '.join(ITEMS.values())}, or the unit ranges",
            code="unknown_column",
        )
    require_metric(before, "the earlier units")
    units, ranges = ranges_apart(before, None)
    table = pd.DataFrame(index=_index(units))
    for item, layer in (("unit_range", units), ("demolition", ranges)):
        if layer is not None:
            area = layer.geometry.area.where(layer.geometry.notna()).to_numpy(dtype=float)
            table[item] = pd.Series(area, index=_index(layer)).reindex(table.index)
    return table


def _index(table: pd.DataFrame) -> pd.Index:
    said = own_ids(table)
    ids = as_text(pd.Series(table.index)).fillna("") if said is None else said
    made = pd.Index([str(one) for one in ids], name="unit_id", dtype=object)
    doubled = sorted(set(made[made.duplicated()]))
    if doubled:
        raise InputError(
            f"{len(doubled)} units of the earlier version stand in several rows: {some_ids(doubled)}",
            where=f"before, units {some_ids(doubled)}",
            fix="merge the parts of a unit into one multipolygon",
            code="duplicate_id",
        )
    return made


def _known(row: pd.Series) -> dict[str, float]:
    """Return the areas that a row states, by item, under its name here or in the table of units."""
    names = [*ITEMS, *ITEMS.values()]
    areas = pd.to_numeric(row.reindex(names), errors="coerce").to_numpy(dtype=float).tolist()
    return {
        item: m2 for item, m2 in zip([*ITEMS, *ITEMS], areas, strict=True) if not math.isnan(m2)
    }


def reasons_by_item(
    units: pd.DataFrame,
    by_range: Mapping[str, Mapping[str, str]],
    items: Sequence[str] = tuple(ITEMS),
) -> dict[str, dict[str, str]]:
    """Return why each range changed: as its own rows say, else as the unit does."""
    own: dict[str, str] = {}
    if "reason" in units.columns:
        texts = as_text(units["reason"]).fillna("")
        own = {str(unit): str(text).strip() for unit, text in texts.items() if str(text).strip()}
    return {item: {**own, **by_range.get(item, {})} for item in items}
