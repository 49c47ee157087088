"""Where the losses of a book lie: ground without a class, and ground under several polygons."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from renewal_geo.ledger.books import TWICE, UNCOVERED, Ledger, sound
from renewal_geo.ledger.dimensions import Dimension
from renewal_geo.spatial.areas import Pieces, Shapes, flat_union, pieces, polygonal

MOST_DRAWN = 5_000
SMALLEST_M2 = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class Losses:
    """What a book does not cover and what it counts twice, as polygons.

    Attributes
    ----------
    uncovered, covered_twice
        One row per zone that has any, largest first: id, ``area_m2``, geometry. ``covered_twice`` is the
        ground itself: what lies under three polygons is drawn once, and counts twice in the book.
    left_out
        Zones that have losses but are not drawn, and their m2: (zones, m2) for each of the two.
    """

    uncovered: gpd.GeoDataFrame
    covered_twice: gpd.GeoDataFrame
    left_out: tuple[tuple[int, float], tuple[int, float]]


def draw_losses(
    zones: gpd.GeoDataFrame,
    dimension: Dimension,
    book: Ledger,
    *,
    smallest_m2: float = SMALLEST_M2,
    most: int = MOST_DRAWN,
) -> Losses:
    """Return the losses of a book as polygons.

    Parameters
    ----------
    zones, dimension
        What `book` was tallied from.
    book
        Of :func:`tally` or :func:`tally_all`.
    smallest_m2
        Zones that lose less are not drawn (the book still has them).
    most
        At most so many zones are drawn for each of the two, those that lose most.

    Returns
    -------
    Losses
    """
    outlines, _ = sound(zones, "zones")
    layer, _ = sound(dimension.layer, "layer")
    rows, left = {}, []
    for kind in (UNCOVERED, TWICE):
        lost = book.table.loc[book.table["kind"] == kind].set_index(book.id_column)["area_m2"]
        amount = lost.reindex(zones.index).to_numpy()
        found = np.flatnonzero(amount >= smallest_m2)
        found = found[np.argsort(-amount[found], kind="stable")]
        rows[kind] = found[:most]
        small = np.flatnonzero((amount > 0) & (amount < smallest_m2))
        rest = np.concatenate([found[most:], small])
        left.append((len(rest), float(amount[rest].sum())))
    wanted = np.unique(np.concatenate(list(rows.values())))
    own = pieces(outlines[wanted], layer)
    drawn = {
        UNCOVERED: _drawn(zones, outlines, rows[UNCOVERED], wanted, own, _uncovered),
        TWICE: _drawn(zones, outlines, rows[TWICE], wanted, own, _twice),
    }
    return Losses(drawn[UNCOVERED], drawn[TWICE], (left[0], left[1]))


def _drawn(
    zones: gpd.GeoDataFrame,
    outlines: Shapes,
    rows: np.ndarray,
    wanted: np.ndarray,
    own: Pieces,
    cut: Callable[[Any, Shapes], Any],
) -> gpd.GeoDataFrame:
    place = np.searchsorted(wanted, rows)
    starts, ends = np.searchsorted(own.zone, place), np.searchsorted(own.zone, place, side="right")
    shapes = np.empty(len(rows), dtype=object)
    for n, (row, first, last) in enumerate(zip(rows, starts, ends, strict=True)):
        shapes[n] = cut(outlines[row], own.geometry[first:last])
    shapes = polygonal(shapes)
    there = ~shapely.is_missing(shapes)
    ids = zones.index[rows[there]]
    return gpd.GeoDataFrame(
        {"area_m2": shapely.area(shapes[there])},
        geometry=shapes[there],
        index=pd.Index(ids, name=zones.index.name or "id"),
        crs=zones.crs,
    )


def _uncovered(outline: Any, own: Shapes) -> Any:
    return shapely.difference(outline, flat_union(own)) if len(own) else outline


def _twice(_outline: Any, own: Shapes) -> Any:
    """Return the ground under at least two of the pieces."""
    one, two = shapely.STRtree(own).query(own, predicate="intersects")
    pairs = one < two
    shared = polygonal(shapely.intersection(own[one[pairs]], own[two[pairs]]))
    return flat_union(shared[~shapely.is_missing(shared)])
