"""Areas of one unit in two versions: what changed, whether technical error explains it, and the reason given."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from renewal_geo.foundation.errors import Faults, InputError
from renewal_geo.foundation.labels import LANGUAGES, texts
from renewal_geo.foundation.provenance import Provenance, versions

# what notices of 2022 and 2023 call technical error goes up to 0.0105 %; larger changes state a cause
AREA_TOLERANCE = 0.0002
GROUP = "change."
BETWEEN_REASONS = re.compile(r"[;；、,，\n]+")
UNCHANGED, WITHIN, ADDED, REMOVED = "unchanged", "within_tolerance", "added", "removed"


@dataclass(frozen=True, slots=True, eq=False)
class AreaChanges:
    """Areas of a unit's items before and after.

    Attributes
    ----------
    table
        Indexed by ``item``: ``before_m2, after_m2, change_m2, change_share`` (of before; NaN where
        before is nothing), ``within_tolerance``, ``cause`` (what the figures tell: unchanged |
        within_tolerance | added | removed, else empty), ``reason`` (codes given by a person, joined
        by "; "), ``needs_reason``; and for items that are measured against another item
        ``of``, ``ratio_before``, ``ratio_after``.
    tolerance
        Share of before up to which a change counts as technical error.
    notes
        Reasons that are not on the list.
    """

    table: pd.DataFrame
    tolerance: float
    notes: tuple[str, ...] = ()
    provenance: Provenance = field(default_factory=Provenance)

    def __str__(self) -> str:
        open_items = self.table.index[self.table["needs_reason"]]
        tail = (
            f"no reason for {', '.join(open_items)}" if len(open_items) else "none lacks a reason"
        )
        changed = int((self.table["change_m2"] != 0).sum())
        return (
            f"{changed} of {len(self.table)} areas changed, "
            f"{int((~self.table['within_tolerance']).sum())} by more than {self.tolerance:.2%}; {tail}"
        )


def reason_list() -> pd.DataFrame:
    """Return the reasons that a person may give: ``code``, ``zh``, ``en``, ``source``."""
    rows = [
        {"code": key.removeprefix(GROUP), **{k: entry.get(k, "") for k in (*LANGUAGES, "source")}}
        for key, entry in texts().items()
        if key.startswith(GROUP) and entry.get("told_by") == "person"
    ]
    return pd.DataFrame(rows).set_index("code")


def reason_codes(text: object) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the codes in a planner's remark, and what of it is on no list.

    A remark holds codes or their Chinese or English texts, parted by semicolons, commas or 、.

    >>> reason_codes("2000坐标转换；国有未出让空地; rain")
    (('cgcs2000_conversion', 'state_unleased_land'), ('rain',))
    """
    if text is None or (isinstance(text, float) and math.isnan(text)) or text is pd.NA:
        return (), ()
    known: dict[str, str] = {}
    for code, row in reason_list().iterrows():
        known |= dict.fromkeys((str(code), str(row["zh"]), str(row["en"])), str(code))
    said = [part.strip() for part in BETWEEN_REASONS.split(str(text)) if part.strip()]
    codes = [known[part] for part in said if part in known]
    return tuple(dict.fromkeys(codes)), tuple(part for part in said if part not in known)


def joined_reasons(remarks: Sequence[object]) -> tuple[list[str], tuple[str, ...]]:
    """Return every remark as codes and other words joined by "; ", and a note on those other words."""
    read = {remark: reason_codes(remark) for remark in {one for one in remarks if one == one}}  # noqa: PLR0124 - NaN
    nothing: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    joined = ["; ".join(sum(read.get(one, nothing), ())) for one in remarks]
    other = sorted({word for _, words in read.values() for word in words})
    note = f"reasons that are not on the list are kept as they stand: {', '.join(other)}"
    return joined, (note,) if other else ()


def compare_areas(
    before: Mapping[str, float],
    after: Mapping[str, float],
    *,
    reasons: Mapping[str, str] | None = None,
    of: Mapping[str, str] | None = None,
    tolerance: float = AREA_TOLERANCE,
) -> AreaChanges:
    """Compare the component areas of one unit between two versions.

    Parameters
    ----------
    before, after
        Item -> m2, such as ``unit_range, demolition_range, development_land, handover_land``; an
        item that one version lacks was added or removed.
    reasons
        Item -> why it changed, as codes or texts of :func:`reason_list`.
    of
        Item -> the item that it is measured against: ``{"development_land": "demolition_range"}``.
    tolerance
        Share of the earlier area up to which a change counts as technical error.

    Returns
    -------
    AreaChanges
        One row per item, in the order of `before`, then of `after`.

    Raises
    ------
    InputError
        ``bad_area`` for an area that is no number of m2, ``unknown_item`` for an item that is in
        neither version, ``bad_tolerance``.

    Examples
    --------
    >>> found = compare_areas({"demolition_range": 184_577.2}, {"demolition_range": 184_596.6})
    >>> f"{found.table.loc['demolition_range', 'change_share']:+.4%}"
    '+0.0105%'
    >>> print(found)
    1 of 1 areas changed, 0 by more than 0.02%; none lacks a reason
    """
    require_share(tolerance, "tolerance")
    reasons, of = dict(reasons or {}), dict(of or {})
    items = list(dict.fromkeys([*before, *after]))
    _require_items(before, after, items, {*reasons, *of, *of.values()})
    said, notes = joined_reasons([reasons.get(item) for item in items])
    rows = []
    for item, reason in zip(items, said, strict=True):
        old, new = float(before.get(item, 0.0)), float(after.get(item, 0.0))
        within = abs(new - old) <= tolerance * old if item in before and item in after else False
        row = {
            "item": item,
            "before_m2": old,
            "after_m2": new,
            "change_m2": new - old,
            "change_share": (new - old) / old if old else math.nan,
            "within_tolerance": within,
            "cause": _cause(item, before, after, within=within),
            "reason": reason,
            "needs_reason": not within and not reason,
        }
        if of:
            base = of.get(item, "")
            row |= {
                "of": base,
                "ratio_before": _ratio(old, before.get(base)),
                "ratio_after": _ratio(new, after.get(base)),
            }
        rows.append(row)
    table = pd.DataFrame(rows).set_index("item")
    parameters = {"tolerance": tolerance}
    return AreaChanges(
        table, tolerance, notes, Provenance(parameters=parameters, versions=versions())
    )


def require_share(value: float, name: str) -> None:
    """Raise InputError unless a parameter is a share from 0 to 1."""
    if not 0 <= value <= 1:
        raise InputError(
            f"{name} {value} is no share",
            where="comparison",
            fix=f"give a {name} from 0 to 1, such as {AREA_TOLERANCE} for 0.02 %",
            code=f"bad_{name}",
        )


def _require_items(
    before: Mapping[str, float], after: Mapping[str, float], items: list[str], named: set[str]
) -> None:
    faults = Faults()
    for item in sorted(named - set(items)):
        faults.add(
            f"no version has the item {item!r}",
            where="comparison",
            fix=f"one of: {', '.join(items)}",
            code="unknown_item",
        )
    for version, areas in (("before", before), ("after", after)):
        for item, area in areas.items():
            if not (math.isfinite(area) and area >= 0):
                faults.add(
                    f"{item} has the area {area}",
                    where=version,
                    fix="give an area in m2, 0 or more",
                    code="bad_area",
                )
    if not items:
        faults.add("there is no area to compare", fix="give at least one item", code="bad_area")
    faults.raise_if_any()


def _cause(
    item: str, before: Mapping[str, float], after: Mapping[str, float], *, within: bool
) -> str:
    if item not in before:
        return ADDED
    if item not in after:
        return REMOVED
    if before[item] == after[item]:
        return UNCHANGED
    return WITHIN if within else ""


def _ratio(part: float, whole: float | None) -> float:
    return part / whole if whole else math.nan
