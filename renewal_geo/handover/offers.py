"""The land that is offered: the public sites of each unit, their status, and what of them counts."""

from __future__ import annotations

import re
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from renewal_geo.foundation.errors import Faults, some_ids
from renewal_geo.foundation.schema import as_text
from renewal_geo.foundation.site_statuses import UNKNOWN, WORDS, site_statuses
from renewal_geo.handover.drawings import BELONGS_SHARE, NOBODY, Drawings
from renewal_geo.spatial.polygons import Floats, Shapes, flat_union, polygonal

SITE_ID = "site_id"
STATUS = "status"
STATUSES = (*WORDS, UNKNOWN)
INSIDE = re.compile(r"内|inside|intern", re.IGNORECASE)
OUTSIDE = re.compile(r"外|outside|extern", re.IGNORECASE)
KEPT = ("name", "use", "due_on", "available_from", "project_id", "sub_district")
SHOWN_M2 = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Offers:
    """What n units offer.

    Attributes
    ----------
    sites
        Indexed by ``site_id``: ``unit_id, status, area_m2, inside, offered_m2`` and the caller's name, use
        and days; geometry.
    land
        m polygons: what of each site counts; None where nothing does.
    unit
        m positions of units, -1 for nobody's.
    offered_m2, external_m2
        n areas: land inside the unit that counts, once where sites overlap; land outside that the unit
        hands over. NaN where no sites are given.
    by_status
        n rows: area inside the unit by status (m2).
    """

    sites: gpd.GeoDataFrame
    land: Shapes
    unit: NDArray[np.int64]
    offered_m2: Floats
    external_m2: Floats
    by_status: pd.DataFrame
    notes: tuple[str, ...] = ()


def read_offers(drawings: Drawings) -> Offers:
    """Measure what the sites of each unit offer.

    Land counts as offered where a site lies inside the unit, in its demolition range, and not in
    its development land, which is leased and not handed over. A site drawn as a point counts with the
    area that the table states.

    Raises
    ------
    InputError
        ``bad_area, duplicate_id``.
    """
    table, count = drawings.sites, len(drawings.ids)
    if table is None:
        return _nothing(drawings, count)
    shapes = polygonal(table.geometry.to_numpy())
    unit = table["unit"].to_numpy()
    ids = _site_ids(table)
    area = _areas(table, ids, shapes)
    inside, odd = _inside(table, drawings, shapes, unit)
    land, counted, notes = _counted(drawings, shapes, unit, area, inside, ids)
    offered = np.zeros(count)
    for one in np.unique(unit[unit != NOBODY]):
        rows = np.flatnonzero((unit == one) & inside)
        drawn = rows[~shapely.is_missing(land[rows])]
        points = rows[shapely.is_missing(shapes[rows])]
        offered[one] = counted[points].sum()
        if len(drawn):
            offered[one] += flat_union(land[drawn]).area
        overlap = counted[rows].sum() - offered[one]
        if overlap > SHOWN_M2:
            notes.append(
                f"sites of {drawings.ids[one]} overlap by {overlap:,.1f} m2, which are offered once"
            )
    if odd:
        notes.append(
            f"inside or outside is not said in words that we know; the drawing decides: {some_ids(odd)}"
        )
    status = site_statuses(table[STATUS]) if STATUS in table.columns else None
    said = np.full(len(table), UNKNOWN, dtype=object) if status is None else status.to_numpy()
    _note_unknown(table, said, notes)
    _note_without_area(area, ids, notes)
    at = np.where(unit == NOBODY, count, unit)
    outside = (unit != NOBODY) & ~inside
    external = np.zeros(count + 1)
    np.add.at(external, at[outside], np.nan_to_num(area[outside]))
    by_status = pd.DataFrame(
        {
            f"{one}_m2": np.bincount(
                at[inside & (said == one)], np.nan_to_num(area[inside & (said == one)]), minlength=count + 1
            )[:count]
            for one in STATUSES
        }
    )  # fmt: skip
    nobody = [ids[row] for row in np.flatnonzero(unit == NOBODY)]
    if nobody:
        notes.append(f"{len(nobody)} sites belong to no unit and count nowhere: {some_ids(nobody)}")
    names = np.array([*drawings.ids, ""], dtype=object)
    made = gpd.GeoDataFrame(
        {
            "unit_id": names[at],
            "status": said,
            "area_m2": area,
            "inside": inside,
            "offered_m2": np.where(inside, counted, 0.0),
            **{name: table[name].to_numpy() for name in KEPT if name in table.columns},
        },
        geometry=table.geometry.to_numpy(),
        index=pd.Index(ids, name=SITE_ID, dtype=object),
        crs=drawings.crs,
    )
    return Offers(made, land, unit, offered, external[:count], by_status, tuple(notes))


def _nothing(drawings: Drawings, count: int) -> Offers:
    empty = gpd.GeoDataFrame(
        {"unit_id": [], "status": [], "area_m2": [], "inside": [], "offered_m2": []},
        geometry=[],
        index=pd.Index([], name=SITE_ID, dtype=object),
        crs=drawings.crs,
    )
    unknown = np.full(count, np.nan)
    by_status = pd.DataFrame(np.nan, index=range(count), columns=[f"{one}_m2" for one in STATUSES])
    return Offers(
        empty, np.empty(0, dtype=object), np.empty(0, dtype=np.int64), unknown, unknown.copy(), by_status,
        ("no sites are given: what the units offer cannot be measured",),
    )  # fmt: skip


def _site_ids(table: pd.DataFrame) -> list[str]:
    values = table[SITE_ID] if SITE_ID in table.columns else pd.Series(table.index, dtype=object)
    ids = [str(one) for one in as_text(values).fillna("")]
    counts = pd.Series(ids, dtype=object).value_counts()
    doubled = sorted(str(one) for one in counts.index[counts > 1])
    faults = Faults()
    if doubled:
        faults.add(
            f"{len(doubled)} site ids stand in several rows: {some_ids(doubled)}",
            where=f"sites {some_ids(doubled)}",
            fix="give every site an id of its own",
            code="duplicate_id",
        )
    faults.raise_if_any()
    return ids


def _areas(table: pd.DataFrame, ids: list[str], shapes: Shapes) -> Floats:
    """Return the planar area of each site; the stated one where no polygon is drawn."""
    stated = np.full(len(table), np.nan)
    if "area_m2" in table.columns:
        stated = pd.to_numeric(table["area_m2"], errors="coerce").to_numpy(dtype=float)
    faults = Faults()
    bad = [ids[row] for row in np.flatnonzero((stated < 0) | np.isinf(stated))]
    if bad:
        faults.add(
            f"{len(bad)} sites have an area below 0 m2: {some_ids(bad)}",
            where=f"sites {some_ids(bad)}",
            fix="correct area_m2",
            code="bad_area",
        )
    faults.raise_if_any()
    return np.where(shapely.is_missing(shapes), stated, shapely.area(shapes))


def _note_without_area(area: Floats, ids: list[str], notes: list[str]) -> None:
    bare = [ids[row] for row in np.flatnonzero(np.isnan(area)).tolist()]
    if bare:
        notes.append(
            f"{len(bare)} sites have neither polygon nor area and count nothing: {some_ids(bare)}"
        )


def _inside(
    table: pd.DataFrame, drawings: Drawings, shapes: Shapes, unit: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], list[str]]:
    """Return which sites lie in their unit: as the table says, else as they are drawn."""
    words = [""] * len(table)
    if "inside" in table.columns:
        texts = as_text(table["inside"]).fillna("")
        words = [str(one).strip() for one in texts]
    drawn = np.zeros(len(table), dtype=bool)
    for row in np.flatnonzero(unit != NOBODY):
        ground = drawings.unit_range[unit[row]]
        shape = shapes[row]
        if shape is None:
            spot = table.geometry.iloc[row]
            drawn[row] = ground is not None and spot is not None and ground.intersects(spot)
        elif ground is not None:
            drawn[row] = shapely.intersection(shape, ground).area > BELONGS_SHARE * shape.area
    said_in, said_out = (
        np.array([bool(words_of.search(word)) for word in words], dtype=bool)
        for words_of in (INSIDE, OUTSIDE)
    )
    inside = np.where(said_in ^ said_out, said_in, drawn) & (unit != NOBODY)
    odd = sorted(
        {w for w, one, other in zip(words, said_in, said_out, strict=True) if w and one == other}
    )
    return inside, odd


def _counted(
    drawings: Drawings,
    shapes: Shapes,
    unit: NDArray[np.int64],
    area: Floats,
    inside: NDArray[np.bool_],
    ids: list[str],
) -> tuple[Shapes, Floats, list[str]]:
    """Return what of each site counts, how much that is, and what does not count and why."""
    land = np.full(len(shapes), None, dtype=object)
    counted = np.zeros(len(shapes))
    beyond, leased = {}, {}
    for row in np.flatnonzero(inside):
        if shapes[row] is None:
            counted[row] = np.nan_to_num(area[row])
            continue
        ground, plots = drawings.demolition[unit[row]], drawings.development[unit[row]]
        if ground is None:
            beyond[ids[row]] = shapes[row].area
            continue
        within = shapely.intersection(shapes[row], ground)
        free = within if plots is None else shapely.difference(within, plots)
        beyond[ids[row]] = shapes[row].area - within.area
        leased[ids[row]] = within.area - free.area
        land[row] = polygonal(np.array([free], dtype=object))[0]
        counted[row] = free.area
    notes = []
    for found, where in ((beyond, "outside the demolition range"), (leased, "in development land")):
        some = {one: m2 for one, m2 in found.items() if m2 > SHOWN_M2}
        if some:
            notes.append(
                f"{sum(some.values()):,.1f} m2 of {len(some)} sites lie {where} of their unit and are "
                f"not counted as offered: {some_ids(some)}"
            )
    return land, counted, notes


def _note_unknown(table: pd.DataFrame, said: NDArray[np.object_], notes: list[str]) -> None:
    if STATUS not in table.columns:
        notes.append("the sites have no column status: how far each is, is unknown")
        return
    texts = as_text(table[STATUS]).fillna("")
    odd = sorted({str(one).strip() for one in texts[said == UNKNOWN]} - {""})
    if odd:
        notes.append(f"statuses that are none of the four are unknown: {some_ids(odd)}")
