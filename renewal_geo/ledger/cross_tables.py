"""The cross table: tenure by land use by control line, so that every square metre stands in one row.

Ground is divided by one dimension after the other. Most ground is not divided at all: the area table says
which pieces one class fills or none touches, and only the others are cut. The last dimension needs no
geometry but where its classes overlap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from renewal_geo.foundation import progress
from renewal_geo.foundation.provenance import Provenance, versions
from renewal_geo.foundation.quantities import hectares
from renewal_geo.ledger.books import (
    CLASS,
    CLOSES_M2,
    CLOSES_RELATIVE,
    TWICE,
    UNCOVERED,
    class_texts,
    sound,
)
from renewal_geo.ledger.cross_ground import NOTHING, ROUNDING_M2, Ground, Side, cut, handy, joined
from renewal_geo.ledger.dimensions import Dimension, require_dimensions
from renewal_geo.spatial.area_tables import AreaTable, area_table
from renewal_geo.spatial.areas import (
    Floats,
    Ints,
    Pieces,
    Shapes,
    sliver_area,
)

SAID_M2 = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Cross:
    """Areas by every combination of classes that occurs.

    Attributes
    ----------
    table
        Long: the zones' id column, a column per dimension (text; empty where it has no class; classes
        joined by " + " where several cover the ground), ``kind``, ``area_m2``, ``sliver_m2`` (of the
        pieces as cut). No ground is in two rows. ``kind`` is covered_twice where classes of one dimension
        overlap, uncovered where no dimension has a class, else class.
    totals
        One row per zone: ``area_m2``, and ``closing_m2``, what is left when its rows are added up.
    dimensions
        Names of the dimensions, in the order of their columns.
    id_column
        Name of the id column.
    notes
        What was decided.
    """

    table: pd.DataFrame
    totals: pd.DataFrame
    dimensions: tuple[str, ...]
    id_column: str
    notes: tuple[str, ...] = ()
    provenance: Provenance = field(default_factory=Provenance)

    def __str__(self) -> str:
        worst = float(self.totals["closing_m2"].abs().max()) if len(self.totals) else 0.0
        groups = self.table[list(self.dimensions)].drop_duplicates()
        twice = float(self.table.loc[self.table["kind"] == TWICE, "area_m2"].sum())
        return (
            f"{' × '.join(self.dimensions)}: {len(groups)} combinations on "
            f"{hectares(float(self.totals['area_m2'].sum()))}, {twice:,.1f} m² of it under several "
            f"classes of one dimension; closes to {worst:.1e} m²"
        )


def cross(zones: gpd.GeoDataFrame, dimensions: Sequence[Dimension]) -> Cross:
    """Measure every combination of classes that occurs in each zone.

    Parameters
    ----------
    zones
        As for :func:`tally`.
    dimensions
        At least one; polygons without a class count as no class.

    Returns
    -------
    Cross
        For every zone the rows add to its area, to max(1e-6 m2, 1e-9 of it), for any input. Summed
        over the other dimensions the rows give the single book wherever its layer does not overlap
        itself (:func:`margin`).

    Raises
    ------
    CRSError, InputError
        As :func:`tally_all`.

    Examples
    --------
    >>> from shapely import box
    >>> zones = gpd.GeoDataFrame(geometry=[box(0, 0, 100, 100)], index=["Z01"], crs="EPSG:4547")
    >>> use = gpd.GeoDataFrame({"use": ["M1"]}, geometry=[box(0, 0, 60, 100)], crs="EPSG:4547")
    >>> own = gpd.GeoDataFrame({"own": ["state"]}, geometry=[box(0, 0, 100, 50)], crs="EPSG:4547")
    >>> made = cross(zones, [Dimension("use", use, "use"), Dimension("own", own, "own")])
    >>> made.table[["use", "own", "kind", "area_m2"]].values.tolist()
    [['', 'state', 'class', 2000.0], ['M1', '', 'class', 3000.0], ['M1', 'state', 'class', 3000.0], \
['', '', 'uncovered', 2000.0]]
    """
    require_dimensions(zones, dimensions)
    outlines, notes = sound(zones, "zones")
    sides, more = _sides(dimensions)
    there = np.flatnonzero(~shapely.is_missing(outlines))
    ground = Ground(there, outlines[there], np.zeros((len(there), len(dimensions)), dtype=np.int64))
    # small layers first: what they leave whole is not cut; the last one is not cut by at all
    order = sorted(range(len(sides)), key=lambda d: (len(sides[d].shapes), dimensions[d].name))
    for step, d in enumerate(order[:-1]):
        progress.report("ledger.cross", step / len(order))
        ground = _divided(handy(ground), sides[d], d)
    entries = _measured(handy(ground), sides[order[-1]], order[-1])
    table, totals, said = _table(zones.index, outlines, entries, sides, dimensions)
    return Cross(
        table,
        totals,
        tuple(one.name for one in dimensions),
        str(zones.index.name or "id"),
        tuple(dict.fromkeys((*notes, *more, *said))),
        Provenance(versions=versions()),
    )


def margin(made: Cross, dimension: str) -> pd.DataFrame:
    """Return the cross table summed over all dimensions but one: id, that dimension, area, slivers."""
    return made.table.groupby([made.id_column, dimension], as_index=False, sort=False)[
        ["area_m2", "sliver_m2"]
    ].sum()


def _sides(dimensions: Sequence[Dimension]) -> tuple[list[Side], tuple[str, ...]]:
    sides, notes = [], []
    for one in dimensions:
        shapes, said = sound(one.layer, "layer")
        texts = class_texts(one.layer[one.by])
        kept = np.flatnonzero((texts != "") & ~shapely.is_missing(shapes))
        names, codes = np.unique(texts[kept], return_inverse=True)
        sides.append(Side(shapes[kept], codes + 1, ["", *(str(n) for n in names)], len(names) + 1))
        notes += [f"{one.name}: {note}" for note in said]
    return sides, tuple(notes)


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """What a layer has on each piece of ground.

    `code` is the class of a piece that is one thing all over, -1 of the others; `single` is the one class
    of a piece that has no second (0 for none).
    """

    table: AreaTable
    code: Ints
    single: Ints


def _found(ground: Ground, side: Side) -> _Found:
    table = area_table(ground.geometry, side.shapes)
    count = len(ground.zone)
    low = np.full(count, len(side.names), dtype=np.int64)
    high = np.zeros(count, dtype=np.int64)
    np.minimum.at(low, table.zone, side.codes[table.source])
    np.maximum.at(high, table.zone, side.codes[table.source])
    single = np.where(low >= high, high, -1)
    code = np.where(high == NOTHING, NOTHING, -1)
    code = np.where((single > NOTHING) & (table.uncovered <= ROUNDING_M2), single, code)
    return _Found(table, code, single)


def _divided(ground: Ground, side: Side, dimension: int) -> Ground:
    """Cut ground by the classes of a layer; what is one thing all over stays as it is."""
    found = _found(ground, side)
    pure, mixed = np.flatnonzero(found.code >= 0), np.flatnonzero(found.code < 0)
    whole = ground.rows(pure)
    whole.classes[:, dimension] = found.code[pure]
    if not len(mixed):
        return whole
    return joined([whole, cut(ground.rows(mixed), side, dimension, found.table, mixed)])


@dataclass(frozen=True, slots=True, eq=False)
class _Entries:
    zone: Ints
    classes: Ints
    area: Floats
    sliver: Floats


def _measured(ground: Ground, side: Side, dimension: int) -> _Entries:
    """Measure ground by the last dimension; only where its classes overlap is it cut."""
    found = _found(ground, side)
    table = found.table
    several = (found.single < 0) & (table.twice > 0)
    # one class all over, or overlapping itself: what is not uncovered is of that class
    alone = (found.single > NOTHING) & (table.twice > 0)
    sliver = np.bincount(table.zone, table.sliver, minlength=len(ground.zone))
    covered = table.zone_area - table.uncovered
    at = np.flatnonzero(alone)
    parts = [
        _entries(
            ground, at, found.single[at], covered[at], np.minimum(sliver, covered)[at], dimension
        )
    ]
    plain = ~(several | alone)[table.zone]
    parts.append(
        _entries(ground, table.zone[plain], side.codes[table.source[plain]], table.area[plain],
                 table.sliver[plain], dimension)
    )  # fmt: skip
    at = np.flatnonzero(~several & (table.uncovered > 0))
    parts.append(
        _entries(ground, at, np.zeros(len(at), dtype=np.int64), table.uncovered[at],
                 table.uncovered_sliver[at], dimension)
    )  # fmt: skip
    rows = np.flatnonzero(several)
    if len(rows):
        made = cut(ground.rows(rows), side, dimension, table, rows)
        area = shapely.area(made.geometry)
        thin = sliver_area(Pieces(made.zone, made.zone, made.geometry, area))
        parts.append(_Entries(made.zone, made.classes, area, thin))
    return _Entries(
        np.concatenate([one.zone for one in parts]),
        np.concatenate([one.classes for one in parts]),
        np.concatenate([one.area for one in parts]),
        np.concatenate([one.sliver for one in parts]),
    )


def _entries(
    ground: Ground, row: Ints, codes: Ints, area: Floats, sliver: Floats, dimension: int
) -> _Entries:
    classes = ground.classes[row].copy()
    classes[:, dimension] = codes
    return _Entries(ground.zone[row], classes, area, np.minimum(sliver, area))


def _table(
    index: pd.Index,
    outlines: Shapes,
    found: _Entries,
    sides: Sequence[Side],
    dimensions: Sequence[Dimension],
) -> tuple[pd.DataFrame, pd.DataFrame, tuple[str, ...]]:
    names = [one.name for one in dimensions]
    columns = {
        name: np.array(side.names, dtype=object)[found.classes[:, d]]
        for d, (name, side) in enumerate(zip(names, sides, strict=True))
    }
    combined = np.any(found.classes >= np.array([side.plain for side in sides]), axis=1)
    empty = (found.classes == NOTHING).all(axis=1)
    kind = np.where(combined, TWICE, np.where(empty, UNCOVERED, CLASS))
    table = pd.DataFrame(
        {
            "zone": found.zone,
            **columns,
            "kind": kind,
            "area_m2": found.area,
            "sliver_m2": found.sliver,
        }
    )
    table = table.groupby(["zone", *names, "kind"], as_index=False)[["area_m2", "sliver_m2"]].sum()
    table = table[table["area_m2"] > 0]
    table = table.assign(rank=table["kind"].map({CLASS: 0, TWICE: 1, UNCOVERED: 2}))
    table = table.sort_values(["zone", "rank", *names], ignore_index=True)
    whole = np.nan_to_num(shapely.area(outlines))
    put = _put_rounding(table, whole)
    said = tuple(
        f"{index[zone]}: {put[zone]:.4f} m² of rounding put to its largest row"
        for zone in np.flatnonzero(np.abs(put) > SAID_M2).tolist()
    )
    id_column = str(index.name or "id")
    booked = np.bincount(table["zone"], table["area_m2"], minlength=len(index))
    totals = pd.DataFrame({"area_m2": whole, "closing_m2": whole - booked}, index=index)
    totals.index.name = id_column
    table.insert(0, id_column, index.to_numpy()[table["zone"]])
    return table.drop(columns=["zone", "rank"]), totals, said


def _put_rounding(table: pd.DataFrame, whole: Floats) -> Floats:
    """Give the largest row of a zone what rounding of coordinates left open, and return how much."""
    booked = np.bincount(table["zone"], table["area_m2"], minlength=len(whole))
    open_m2 = whole - booked
    open_m2[np.abs(open_m2) <= np.maximum(CLOSES_M2, CLOSES_RELATIVE * whole) / 2] = 0.0
    largest = table.groupby("zone")["area_m2"].idxmax()
    missing: Floats = open_m2[largest.index.to_numpy()]
    table.loc[largest.to_numpy(), "area_m2"] += missing
    return open_m2
