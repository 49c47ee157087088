"""Contrast 对比: what changes between the planner's zones and the robust ones."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from renewal_geo.foundation.errors import InputError, some_ids
from renewal_geo.foundation.quantities import M2_PER_HA, hectares
from renewal_geo.zones.delineation import Delineation
from renewal_geo.zones.repertoire import require_means
from renewal_geo.zones.robustness import value_draws

SAME_M2 = 0.01  # what an area may differ by and be the same parcel's
ROUNDING = 1e-6  # of a value, that sums may differ by
OFTEN = 0.10  # the value that nine of ten weightings reach
SIDES = ("both", "planned_only", "robust_only")
PARCEL_COLUMNS: dict[str, Any] = {
    "zone_planned": object,
    "zone_robust": object,
    "side": object,
    "area_m2": float,
    "value_planned": float,
    "value_robust": float,
}
ZONE_COLUMNS: dict[str, Any] = {
    "zone_planned": object,
    "zone_robust": object,
    "area_planned_m2": float,
    "area_robust_m2": float,
    "kept_m2": float,
    "moved_m2": float,
    "lost_m2": float,
    "gained_m2": float,
    "share_kept": float,
}
TEXTS = {
    "zh": {
        "unproven": "按{which}价值衡量，另一方的片区反而更高：按它划分的搜索时间不足，请延长时间",
        "open": "按{which}价值，两者相差 {margin:,.2f}，小于证明尚未排除的 {left:,.2f}：延长时间，划出的片区可能不同",
        "unvalued": "{count} 宗地没有{which}价值，含有它们的合计也没有",
        "planned": "规划",
        "robust": "稳健",
    },
    "en": {
        "unproven": "by the {which} value the other zones are worth more than those drawn by it: the search was cut "
        "short; give it more time",
        "open": "by the {which} value the two differ by {margin:,.2f}, less than the {left:,.2f} that the proof leaves "
        "open: with more time other zones may be drawn",
        "unvalued": "{count} parcels have no {which} value, nor has any sum that holds them",
        "planned": "planner's",
        "robust": "robust",
    },
}


@dataclass(frozen=True, slots=True, eq=False)
class Contrast:
    """What changes between two delineations of the same parcels. Areas are net, m2.

    Attributes
    ----------
    parcels
        By parcel_id, those in a zone of either, by zone: ``zone_planned, zone_robust`` (None where in none),
        ``side`` (both | planned_only | robust_only), ``area_m2``, ``value_planned, value_robust`` (per
        hectare), and the columns asked for.
    zones
        One row per planned zone: ``zone_robust`` that shares most ground with it, ``area_planned_m2,
        area_robust_m2`` of the two; ``kept_m2`` of it that lies in any robust zone, ``moved_m2`` the part of that
        which lies in another than ``zone_robust``; ``lost_m2``; ``gained_m2`` (what robust zones add, counted
        at the planned zone that they share most ground with); ``share_kept``. Then a row for every robust
        zone that overlaps none. Everywhere kept + lost = area_planned; over all rows kept + gained is the
        robust area.
    totals
        Rows ``planned, robust, common`` (the parcels in both): ``zone_count, parcel_count, area_m2, outline_m``;
        ``value_planned, value_robust`` of the selection in either currency, ``net_value_planned,
        net_value_robust`` with its outline paid; with draws ``net_value_mean``, ``net_value_often``
        (reached in nine of ten weightings) and ``better_share`` (share of the weightings under which it is
        worth more than the other); ``status, objective, bound, gap`` as its delineation proved them.
    share_in_common
        Common area over the area of either (Jaccard); NaN where there is no zone at all.
    draws
        How many weightings were looked at.
    notes
        What a reader must know.
    """

    parcels: pd.DataFrame
    zones: pd.DataFrame
    totals: pd.DataFrame
    share_in_common: float
    draws: int = 0
    notes: tuple[str, ...] = ()

    @property
    def sentence_en(self) -> str:
        """What changes, in one sentence."""
        area = self.totals["area_m2"]
        if not area["planned"] and not area["robust"]:
            return "there are no zones, neither by the planner's weighting nor robust ones"
        lost, gained = (self._area_of(side) for side in SIDES[1:])
        text = (
            f"the robust zones keep {hectares(area['common'])} of the planner's {hectares(area['planned'])}, "
            f"give up {hectares(lost)} and take in {hectares(gained)}"
        )
        if (worths := self._worths()) is not None:
            (a, b), (c, d) = worths
            text += (
                f"; they are worth {c:,.2f} instead of {a:,.2f} by the planner's value, and {d:,.2f} instead of "
                f"{b:,.2f} by the robust one"
            )
        if self.draws:
            better = self.totals.loc["robust", "better_share"]
            text += f", and more than the planner's under {better:.0%} of {self.draws:,} weightings"
        return text

    @property
    def sentence_zh(self) -> str:
        """What changes, in one Chinese sentence."""
        area = self.totals["area_m2"] / M2_PER_HA
        if not area["planned"] and not area["robust"]:
            return "规划权重与稳健得分下都没有片区"
        lost, gained = (self._area_of(side) / M2_PER_HA for side in SIDES[1:])
        text = (
            f"稳健片区保留规划片区 {area['planned']:,.2f} 公顷中的 {area['common']:,.2f} 公顷，"
            f"调出 {lost:,.2f} 公顷，调入 {gained:,.2f} 公顷"
        )
        if (worths := self._worths()) is not None:
            (a, b), (c, d) = worths
            text += f"；净价值按规划权重为 {c:,.2f}（规划片区 {a:,.2f}），按稳健得分为 {d:,.2f}（规划片区 {b:,.2f}）"
        if self.draws:
            better = self.totals.loc["robust", "better_share"]
            text += f"；在 {self.draws:,} 组权重中有 {better:.0%} 高于规划片区"
        return text

    def __str__(self) -> str:
        return self.sentence_en

    def _area_of(self, side: str) -> float:
        return math.fsum(self.parcels["area_m2"][self.parcels["side"] == side])

    def _worths(self) -> list[list[float]] | None:
        """Return the net values of the two selections in either currency, None where one is unknown."""
        names = ["net_value_planned", "net_value_robust"]
        worth = self.totals.loc[["planned", "robust"], names].to_numpy(dtype=float)
        return worth.tolist() if np.isfinite(worth).all() else None


def contrast(
    planned: Delineation,
    robust: Delineation,
    *,
    values: pd.DataFrame | None = None,
    columns: Sequence[str] = (),
    lang: str | None = None,
) -> Contrast:
    """Tell what changes between the zones by the planner's weighting and the robust ones.

    Parameters
    ----------
    planned, robust
        Two delineations of the same parcels, each by a value of its own.
    values
        By parcel_id, one column per weighting of the criteria: value per hectare, as for
        :func:`renewal_geo.zones.robustness`; tells what both selections are worth under each of them.
    columns
        Columns of the parcels to pass through, such as ``score, score_robust, top_share``; of `planned`, or of
        `robust` where only that has them.
    lang
        zh or en, of the notes; that of `planned` by default.

    Returns
    -------
    Contrast
        Also where either has no zones or no answer.

    Raises
    ------
    InputError
        ``other_parcels`` where the two are not of the same parcels with the same net areas,
        ``unknown_column``, an unknown language; for `values` as :func:`renewal_geo.zones.robustness`.
    """
    require_means("contrast", lang=lang)
    _require_same(planned, robust)
    says = TEXTS[lang or planned.lang]
    table = _table(planned, robust)
    shown = _passed(planned, robust, columns)
    parcels = table[table["side"] != ""]
    zoned = parcels[["zone_planned", "zone_robust"]].assign(parcel_id=parcels.index.astype(str))
    order = zoned.reset_index(drop=True).sort_values(list(zoned.columns), kind="stable").index
    parcels = parcels.iloc[order]
    notes = [
        says["unvalued"].format(count=missing, which=says[which])
        for which in ("planned", "robust")
        if (missing := int(parcels[f"value_{which}"].isna().sum()))
    ]
    totals = _totals(planned, robust, table)
    if values is not None:
        totals = _add_draws(totals, planned, robust, values)
    notes += _doubts(totals, says)
    area = totals["area_m2"]
    either = area["planned"] + area["robust"] - area["common"]
    return Contrast(
        parcels=parcels[list(PARCEL_COLUMNS)].join(shown),
        zones=_zones(table),
        totals=totals,
        share_in_common=float(area["common"] / either) if either > 0 else math.nan,
        draws=0 if values is None else values.shape[1],
        notes=tuple(notes),
    )


def _doubts(totals: pd.DataFrame, says: Mapping[str, str]) -> list[str]:
    """Say where the search, and not the value, may be why the zones differ."""
    notes = []
    for own, other in (("planned", "robust"), ("robust", "planned")):
        worth = totals[f"net_value_{own}"]
        margin, left = worth[own] - worth[other], totals["bound"][own] - worth[own]
        noise = ROUNDING * max(1.0, abs(worth[own]))
        which = says[own]
        if margin < -noise:
            notes.append(says["unproven"].format(which=which))
        elif left > margin + noise:
            notes.append(says["open"].format(which=which, margin=margin, left=left))
    return notes


def _require_same(planned: Delineation, robust: Delineation) -> None:
    ours, theirs = planned.found.table["area_m2"], robust.found.table["area_m2"]
    strange = ours.index.symmetric_difference(theirs.index, sort=False)
    if len(strange):
        raise InputError(
            f"the two delineations are not of the same parcels: {len(strange)} are in one only",
            where=f"contrast, parcels {some_ids(strange)}",
            fix="delineate twice from one table",
            code="other_parcels",
        )
    other = (theirs.reindex(ours.index) - ours).abs() > SAME_M2
    if other.any():
        raise InputError(
            f"{int(other.sum())} parcels have another net area in the other delineation",
            where=f"contrast, parcels {some_ids(ours.index[other])}",
            fix="delineate twice from one table with the same exclusions",
            code="other_parcels",
        )


def _table(planned: Delineation, robust: Delineation) -> pd.DataFrame:
    """Return every parcel: in which zones it is, its area, its value per hectare in both currencies."""
    base = planned.found.table
    made = pd.DataFrame({"area_m2": base["area_m2"]})
    for name, one in (("planned", planned), ("robust", robust)):
        zone = one.membership.reindex(base.index).astype(object)
        made[f"zone_{name}"] = zone.where(zone.notna(), None)
        made[f"value_{name}"] = one.found.table["value"].reindex(base.index).astype(float)
    ours, theirs = made["zone_planned"].notna(), made["zone_robust"].notna()
    made["side"] = np.select([ours & theirs, ours, theirs], SIDES, "")
    return made.rename_axis("parcel_id").astype(PARCEL_COLUMNS)


def _passed(planned: Delineation, robust: Delineation, columns: Sequence[str]) -> pd.DataFrame:
    taken = [name for name in columns if name in PARCEL_COLUMNS]
    unknown = [
        name for name in columns if name not in planned.parcels and name not in robust.parcels
    ]
    if unknown or taken:
        raise InputError(
            f"the parcels have no column {some_ids(unknown)} to pass on"
            if unknown
            else f"the contrast has columns {some_ids(taken)} of its own",
            where="contrast columns",
            fix="name columns of the parcels",
            code="unknown_column",
        )
    index = planned.parcels.index
    return pd.DataFrame(
        {
            name: (planned.parcels if name in planned.parcels else robust.parcels)[name].reindex(
                index
            )
            for name in columns
        },
        index=index,
    )


def _totals(planned: Delineation, robust: Delineation, table: pd.DataFrame) -> pd.DataFrame:
    ha = table["area_m2"] / M2_PER_HA
    rows = {}
    inside = {
        "planned": table["zone_planned"].notna(),
        "robust": table["zone_robust"].notna(),
        "common": table["side"] == "both",
    }
    for name, one in (("planned", planned), ("robust", robust), ("common", None)):
        held = inside[name]
        row: dict[str, Any] = {
            "zone_count": 0 if one is None else len(one.zones),
            "parcel_count": int(held.sum()),
            "outline_m": math.nan if one is None else math.fsum(one.zones["outline_m"]),
        }
        for which, priced in (("planned", planned), ("robust", robust)):
            worth = math.fsum((table[f"value_{which}"] * ha)[held])
            row[f"value_{which}"] = worth
            weight = priced.terms.boundary_weight
            row[f"net_value_{which}"] = worth - weight * row["outline_m"]
        row["status"] = "" if one is None else one.status
        for figure in ("objective", "bound", "gap"):
            proven = None if one is None else getattr(one, figure)
            row[figure] = math.nan if proven is None else float(proven)
        rows[name] = row
    made = pd.DataFrame.from_dict(rows, orient="index")
    side = {name: math.fsum(table["area_m2"][table["side"] == name]) for name in SIDES}
    common = side["both"]
    # as sums of the parts, so that they close to the last digit
    area = [common + side["planned_only"], common + side["robust_only"], common]
    made.insert(2, "area_m2", area)
    # the common land is no set of zones
    made["zone_count"] = made["zone_count"].astype("Int64").where(made.index != "common")
    return made


def _add_draws(
    totals: pd.DataFrame, planned: Delineation, robust: Delineation, values: pd.DataFrame
) -> pd.DataFrame:
    """Add what both selections are worth under every weighting, their outlines paid."""
    worth = {}
    for name, one in (("planned", planned), ("robust", robust)):
        drawn = value_draws(one, values)
        inside = one.membership.iloc[one.found.order].notna().to_numpy()
        paid = one.terms.boundary_weight * math.fsum(one.zones["outline_m"])
        worth[name] = drawn[:, inside].sum(axis=1) - paid
    made = totals.copy()
    for name, other in (("planned", "robust"), ("robust", "planned")):
        made.loc[name, "net_value_mean"] = worth[name].mean()
        made.loc[name, "net_value_often"] = np.quantile(worth[name], OFTEN)
        made.loc[name, "better_share"] = np.mean(worth[name] > worth[other])
    return made


def _zones(table: pd.DataFrame) -> pd.DataFrame:
    ground = table.fillna({"zone_planned": "", "zone_robust": ""})
    areas = ground.groupby(["zone_planned", "zone_robust"])["area_m2"].agg(math.fsum)
    shared: dict[tuple[str, str], float] = areas.to_dict()  # type: ignore[assignment]
    ours, theirs = (sorted({pair[end] for pair in shared} - {""}) for end in (0, 1))
    of_ours = {a: {b: shared[a, b] for b in theirs if (a, b) in shared} for a in ours}
    of_theirs = {b: {a: shared[a, b] for a in ours if (a, b) in shared} for b in theirs}
    new = {b: shared.get(("", b), 0.0) for b in theirs}
    home = {b: _most(of_theirs[b]) for b in theirs}
    rows: list[tuple[Any, ...]] = []
    for zone, parts in of_ours.items():
        partner = _most(parts)
        kept, lost = math.fsum(parts.values()), shared.get((zone, ""), 0.0)
        gained = math.fsum(new[b] for b in theirs if home[b] == zone)
        whole = math.fsum([*of_theirs[partner].values(), new[partner]]) if partner else math.nan
        moved = math.fsum(area for b, area in parts.items() if b != partner)
        area = kept + lost
        rows.append((zone, partner, area, whole, kept, moved, lost, gained, kept / area))
    rows += [
        (None, b, math.nan, new[b], 0.0, 0.0, 0.0, new[b], math.nan)
        for b in theirs
        if home[b] is None
    ]
    return pd.DataFrame(rows, columns=list(ZONE_COLUMNS), dtype=object).astype(ZONE_COLUMNS)


def _most(shared: Mapping[str, float]) -> str | None:
    """Return the zone that shares most ground, the first of equals, None where none shares any."""
    return max(shared, key=lambda name: shared[name]) if shared else None
