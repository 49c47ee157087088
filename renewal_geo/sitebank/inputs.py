"""Sites and needs as a matching takes them; every fault is found before anything is matched."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from renewal_geo.foundation import crs as crs_rules
from renewal_geo.foundation import schema
from renewal_geo.foundation.days import parsed_days
from renewal_geo.foundation.errors import Faults, some_ids
from renewal_geo.foundation.settings import nearest
from renewal_geo.foundation.site_statuses import site_statuses
from renewal_geo.sitebank import words
from renewal_geo.spatial.inscribed import inscribed_widths

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
EARLIEST = pd.Timestamp(1949, 10, 1)
RESERVE = "in_reserve"
AREA_DOUBT = 0.02
IN_BANK, UNSAID = "", "not_stated"


@dataclass(frozen=True, slots=True, eq=False)
class Sites:
    """The bank: sites that may be matched, in an order that does not depend on that of the rows.

    Attributes
    ----------
    table
        Every site of the caller by ``site_id``, with ``kept_out`` (empty | inside | not_stated | forbidden).
    at
        Rows of `table` that are in the bank.
    area_m2, width_m, spot
        Length m: area, inscribed width (NaN for points), a point inside.
    ready
        Day from which a site can be had, NaT where nobody said; `at_once` where it is in reserve.
    uses, group, required
        What it may be used for; number of its exclusive group, -1 none; whether it must be used.
    """

    table: gpd.GeoDataFrame
    at: NDArray[np.int64]
    area_m2: Floats
    width_m: Floats
    spot: NDArray[np.object_]
    ready: NDArray[np.datetime64]
    at_once: Bools
    uses: tuple[tuple[str, ...], ...]
    group: NDArray[np.int64]
    required: Bools
    notes: tuple[str, ...]

    @property
    def ids(self) -> NDArray[np.object_]:
        """Ids of the bank."""
        return self.table.index.to_numpy()[self.at]


@dataclass(frozen=True, slots=True, eq=False)
class Needs:
    """Needs in an order that does not depend on that of the rows; NaN and NaT mean no limit."""

    table: gpd.GeoDataFrame
    at: NDArray[np.int64]
    area_m2: Floats
    width_m: Floats
    farthest_m: Floats
    spot: NDArray[np.object_]
    due: NDArray[np.datetime64]
    uses: tuple[tuple[str, ...], ...]
    rank: NDArray[np.int64]
    rank_names: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def ids(self) -> NDArray[np.object_]:
        """Ids of the needs."""
        return self.table.index.to_numpy()[self.at]


def read_sites(
    sites: gpd.GeoDataFrame,
    faults: Faults,
    *,
    as_of: dt.date | None,
    include_inside: bool,
    obey_required: bool,
) -> Sites:
    """Return the bank; what is wrong is added to `faults`."""
    table = whole = _identified(sites, "sites", faults)
    if not obey_required:
        table = table.drop(columns="required", errors="ignore")
    kept_out, notes = _kept_out(table, faults, include_inside=include_inside)
    inside = np.flatnonzero(kept_out == IN_BANK)
    bank = table.iloc[inside]
    _require_shapes(bank, "sites", faults)
    area, more = _areas(bank, faults)
    ready, at_once, late = _ready(bank, as_of, faults)
    order = _order(bank)
    group = bank["exclusive_group"] if "exclusive_group" in bank.columns else None
    codes = np.full(len(bank), -1)
    if group is not None:
        texts = words.plain(group)
        codes = pd.factorize(texts.where(texts != ""), sort=True)[0].astype(np.int64)
    return Sites(
        table=whole.assign(kept_out=kept_out),
        at=inside[order],
        area_m2=area[order],
        width_m=inscribed_widths(bank.geometry.to_numpy())[order] if not faults.found else area,
        spot=_spots(bank)[order],
        ready=ready[order],
        at_once=at_once[order],
        uses=tuple(words.uses(one) for one in _texts(bank, "use").to_numpy()[order]),
        group=codes[order].astype(np.int64),
        required=_flags(bank, "required")[order],
        notes=(*notes, *more, *late),
    )


def read_needs(
    needs: gpd.GeoDataFrame, faults: Faults, *, priorities: Sequence[str], placed: bool
) -> Needs:
    """Return the needs; what is wrong is added to `faults`. `placed`: they need a shape."""
    table = _identified(needs, "needs", faults)
    if not len(table):
        faults.add(
            "there are no needs", where="needs", fix="add rows to the layer needs", code="empty"
        )
    if placed:
        _require_shapes(table, "needs", faults)
    area = _numbers(table, "min_area_m2", "needs", faults)
    bare = ~(area > 0)
    if bare.any():
        faults.add(
            f"{int(bare.sum())} needs have no least area (min_area_m2) above zero",
            where=f"needs: {some_ids(table.index[bare])}",
            fix="give each need the land that it takes, or leave out needs that take none",
            code="no_area",
        )
    _numbers(table, "demand", "needs", faults)
    rank, names, notes = _ranks(table, priorities, faults)
    order = _order(table)
    return Needs(
        table=table,
        at=order,
        area_m2=area[order],
        width_m=_numbers(table, "min_width_m", "needs", faults)[order],
        farthest_m=_numbers(table, "max_dist_m", "needs", faults)[order],
        spot=_spots(table)[order],
        due=_days(table, "need_by", "needs", faults)[order],
        uses=tuple(words.uses(one) for one in _texts(table, "uses").to_numpy()[order]),
        rank=rank[order],
        rank_names=names,
        notes=notes,
    )


def _identified(table: gpd.GeoDataFrame, role: str, faults: Faults) -> gpd.GeoDataFrame:
    """Return the table with its ids as texts in the index."""
    crs_rules.require_metric(table, role)
    name = schema.table(role).id_column or ""
    ids = table[name] if name in table.columns else pd.Series(table.index)
    texts = schema.as_text(ids).fillna("").map(str).to_numpy(dtype=object)
    made = table.drop(columns=name, errors="ignore").set_axis(pd.Index(texts, name=name), axis=0)
    empty = int((texts == "").sum())
    if empty:
        faults.add(f"{empty} {role} have no id", where=role, fix=f"fill {name}", code="missing_id")
    twice = made.index[made.index.duplicated() & (texts != "")]
    if len(twice):
        faults.add(
            f"{len(twice)} rows of {role} have an id that an earlier row has",
            where=f"{role}: {some_ids(twice.unique())}",
            fix="give every row an id of its own: renewal-geo quality repair",
            code="duplicate_id",
        )
    return gpd.GeoDataFrame(made)


def _kept_out(
    table: gpd.GeoDataFrame, faults: Faults, *, include_inside: bool
) -> tuple[NDArray[np.object_], tuple[str, ...]]:
    """Return why each site is not in the bank, empty where it is."""
    why = np.full(len(table), IN_BANK, dtype=object)
    notes: list[str] = []
    if "inside" in table.columns:
        place, odd = words.places(table["inside"])
        if odd:
            faults.add(
                f"{some_ids(odd)}: neither inside nor outside the unit",
                where="sites, column inside",
                fix=f"write {words.PLACES[words.OUTSIDE][0]} or {words.PLACES[words.INSIDE][0]}",
                code="bad_word",
            )
        unsaid = (place == "").to_numpy()
        if not include_inside:
            why[(place == words.INSIDE).to_numpy()] = "inside"
            why[unsaid] = UNSAID
        if unsaid.any() and not include_inside:
            ids = some_ids(table.index[unsaid])
            notes.append(f"{int(unsaid.sum())} sites do not say whether they lie outside: {ids}")
    elif not include_inside:
        notes.append("the sites have no column inside: all of them count as outside the unit")
    forbidden, required = _flags(table, "forbidden"), _flags(table, "required")
    both = forbidden & required & (why == IN_BANK)
    if both.any():
        faults.add(
            f"{int(both.sum())} sites are both required and forbidden",
            where=f"sites: {some_ids(table.index[both])}",
            fix="leave one of the two empty",
            code="required_and_forbidden",
        )
    why[forbidden & (why == IN_BANK)] = "forbidden"
    return why, tuple(notes)


def _require_shapes(table: gpd.GeoDataFrame, role: str, faults: Faults) -> None:
    shapes = table.geometry
    bare = (shapes.isna() | shapes.is_empty).to_numpy()
    broken = ~shapely.is_valid(shapes.to_numpy()) & ~bare
    for rows, what, code in (
        (bare, "have no geometry", "null_geometry"),
        (broken, "have an invalid geometry", "invalid"),
    ):
        if rows.any():
            faults.add(
                f"{int(rows.sum())} {role} {what}",
                where=f"{role}: {some_ids(table.index[rows])}",
                fix="draw them, or leave the rows out"
                if code == "null_geometry"
                else "renewal-geo quality repair",
                code=code,
            )


def _areas(bank: gpd.GeoDataFrame, faults: Faults) -> tuple[Floats, list[str]]:
    """Return recorded areas, planar ones where none is recorded."""
    drawn = shapely.area(bank.geometry.to_numpy())
    flat = np.nan_to_num(drawn) > 0
    recorded = _numbers(bank, "area_m2", "sites", faults)
    area = np.where(np.isnan(recorded) & flat, drawn, recorded)
    lost = ~(area > 0)
    if lost.any():
        faults.add(
            f"{int(lost.sum())} sites have no area above zero",
            where=f"sites: {some_ids(bank.index[lost])}",
            fix="give area_m2, or draw them as polygons",
            code="no_area",
        )
    notes = []
    if "area_m2" not in bank.columns:
        notes.append("areas of sites are measured on the drawing (planar)")
    far = flat & (np.abs(recorded - drawn) > AREA_DOUBT * drawn)
    if far.any():
        notes.append(
            f"{int(far.sum())} sites are recorded with an area more than {AREA_DOUBT:.0%} off the drawn "
            f"one; the recorded one counts: {some_ids(bank.index[far])}"
        )
    points = ~flat & ~lost
    if points.any():
        notes.append(f"{int(points.sum())} sites are points: how wide they are is not known")
    return area, notes


def _ready(
    bank: gpd.GeoDataFrame, as_of: dt.date | None, faults: Faults
) -> tuple[NDArray[np.datetime64], Bools, list[str]]:
    """Return from when each site can be had.

    ``available_from``, else ``due_on``; a promise (``due_on``) whose day has passed while the site is not in
    reserve counts as the day `as_of`; a site in reserve can be had at once.
    """
    stated = _days(bank, "available_from", "sites", faults)
    due = _days(bank, "due_on", "sites", faults)
    at_once = (
        (site_statuses(bank["status"]) == RESERVE).to_numpy(dtype=bool)
        if "status" in bank.columns
        else np.zeros(len(bank), bool)
    )
    promised = np.isnat(stated) & ~np.isnat(due)
    ready = np.where(promised, due, stated)
    notes = []
    if as_of is not None:
        today = np.datetime64(as_of, "D")
        passed = promised & ~at_once & (ready < today)
        ready = np.where(passed, today, ready)
        if passed.any():
            notes.append(
                f"{int(passed.sum())} sites were due before {as_of} and are not in reserve; they count as "
                f"available from that day: {some_ids(bank.index[passed])}"
            )
    undated = np.isnat(ready) & ~at_once
    if undated.any():
        notes.append(
            f"{int(undated.sum())} sites have no day; they answer no need that has one: "
            f"{some_ids(bank.index[undated])}"
        )
    return ready, at_once, notes


def _days(table: pd.DataFrame, name: str, role: str, faults: Faults) -> NDArray[np.datetime64]:
    if name not in table.columns:
        return np.full(len(table), np.datetime64("NaT", "D"))
    days, unread = parsed_days(table[name])
    if unread:
        faults.add(
            f"{some_ids(dict.fromkeys(unread))}: no days",
            where=f"{role}, column {name}",
            fix="write days as 2020-06-30, or leave the cells empty",
            code="not_a_day",
        )
    early = (days < EARLIEST).to_numpy()
    if early.any():
        faults.add(
            f"{int(early.sum())} days of {name} lie before 1949",
            where=f"{role}: {some_ids(table.index[early])}",
            fix="correct them, or leave the cells empty",
            code="day_too_early",
        )
    return days.to_numpy().astype("datetime64[D]")


def _numbers(table: pd.DataFrame, name: str, role: str, faults: Faults) -> Floats:
    """Return a column of figures that are not negative; NaN where empty or no such column."""
    if name not in table.columns:
        return np.full(len(table), np.nan)
    figures = pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=float)
    odd = np.isnan(figures) & table[name].notna().to_numpy()
    bad = odd | (figures < 0) | np.isinf(figures)
    if bad.any():
        faults.add(
            f"{int(bad.sum())} values of {name} are negative or no numbers",
            where=f"{role}: {some_ids(table.index[bad])}",
            fix="correct them, or leave the cells empty",
            code="bad_figure",
        )
    return figures


def _flags(table: pd.DataFrame, name: str) -> Bools:
    if name not in table.columns:
        return np.zeros(len(table), bool)
    return words.plain(table[name]).isin(schema.TRUE_WORDS).to_numpy(dtype=bool)


def _ranks(
    table: pd.DataFrame, priorities: Sequence[str], faults: Faults
) -> tuple[NDArray[np.int64], tuple[str, ...], tuple[str, ...]]:
    """Return ranks without gaps, what people call them, and notes."""
    if "priority" not in table.columns:
        return np.zeros(len(table), np.int64), ("",), ()
    rank, odd = words.ranks(table["priority"], priorities)
    if odd:
        known = [word for one in priorities for word in one.split("|")]
        faults.add(
            f"{some_ids(odd)}: unknown priority{nearest(odd[0], known)}",
            where=f"needs: {some_ids(table.index[words.plain(table['priority']).isin(odd)])}",
            fix=f"write one of {', '.join(one.split('|')[0] for one in priorities)}, or give priorities",
            code="unknown_priority",
        )
    unsaid = (rank < 0).to_numpy()
    notes = ()
    if unsaid.any() and not odd:
        ids = some_ids(table.index[unsaid])
        notes = (f"{int(unsaid.sum())} needs have no priority and come last: {ids}",)  # type: ignore[assignment]
    place = np.where(unsaid, len(priorities), rank.to_numpy())
    found, codes = np.unique(place, return_inverse=True)
    texts = _texts(table, "priority").to_numpy()
    names = tuple(min(texts[place == one], default="") for one in found)
    return codes.astype(np.int64), names or ("",), notes


def _texts(table: pd.DataFrame, name: str) -> pd.Series[str]:
    if name not in table.columns:
        return pd.Series("", index=table.index, dtype=object)
    texts: pd.Series[str] = schema.as_text(table[name]).fillna("").map(str).str.strip()
    return texts.astype(object)


def _spots(table: gpd.GeoDataFrame) -> NDArray[np.object_]:
    return np.asarray(shapely.point_on_surface(table.geometry.to_numpy()), dtype=object)


def _order(table: gpd.GeoDataFrame) -> NDArray[np.int64]:
    """Return the rows from west to east; ids only break ties."""
    spots = _spots(table)
    east, north = shapely.get_x(spots).round(3), shapely.get_y(spots).round(3)
    order: NDArray[np.int64] = np.lexsort((table.index.to_numpy().astype(str), north, east))
    return order
