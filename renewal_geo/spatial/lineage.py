"""What became of each polygon between two versions of a layer: shared ground, descent, ground lost and gained.

A feature that is drawn identically in both versions is its own only successor. Else a pair of features is
*kin* when the ground they share, slivers aside, is a considerable share of the smaller of the two: a strip
that changes hands along a border moves the border, and neither splits the one nor merges the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from renewal_geo.spatial.area_tables import AreaTable, area_table
from renewal_geo.spatial.areas import Floats, Ints, Shapes, flat_union

SAME, RESHAPED, SPLIT, MERGED = "same", "reshaped", "split", "merged"
RECOMBINED, NEW, GONE = "split_and_merged", "new", "gone"
MULTIPOLYGON = 6
HALF = 0.5
NOTHING = b""  # the drawing of a feature without geometry
Bools = NDArray[np.bool_]
Texts = NDArray[np.str_]


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """One version seen from the other: n features.

    Attributes
    ----------
    area, apart, apart_sliver, twice
        Per feature (m2): its area; what no feature of the other version covers, and how much of that
        lies in slivers; what several of them cover, counted beyond once.
    moved, moved_sliver
        Ground that is not shared with kin: lost, gained, or shared with others (m2).
    twin
        Row of the feature that is drawn identically in the other version; -1 without.
    kind, group
        What became of it, and the number of its group of kin.
    """

    area: Floats
    apart: Floats
    apart_sliver: Floats
    twice: Floats
    moved: Floats
    moved_sliver: Floats
    twin: Ints
    kind: Texts
    group: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Lineage:
    """Which ground two versions share, pair by pair.

    `first` and `second` are rows of the earlier and of the later version, sorted; `shared` is the
    common area (m2), `sliver` how much of it lies in slivers, `kin` whether the pair is of one
    descent.
    """

    first: Ints
    second: Ints
    shared: Floats
    sliver: Floats
    kin: Bools
    before: Side
    after: Side


def twins(before: Shapes, after: Shapes, before_ids: Texts, after_ids: Texts) -> Ints:
    """Return for each earlier polygon the row of the later one that is drawn identically, or -1.

    Start vertex, direction of rings, order of parts and the wrapping of one part as several do not
    matter. Where several are identical, those of one id find each other first, then the rest in the
    order of their ids; each has one twin at most. Features without geometry find theirs by id alone.
    """
    old, new = _signed(before, before_ids), _signed(after, after_ids)
    named = old.merge(new, on=["drawing", "id"])
    twin = np.full(len(before), -1, dtype=np.int64)
    twin[named["row_x"]] = named["row_y"]
    rest = old[~old["row"].isin(named["row_x"])], new[~new["row"].isin(named["row_y"])]
    drawn = [part[part["drawing"] != NOTHING] for part in rest]
    ranked = [part.assign(rank=part.groupby("drawing").cumcount()) for part in drawn]
    paired = ranked[0].merge(ranked[1], on=["drawing", "rank"])
    twin[paired["row_x"]] = paired["row_y"]
    return twin


def trace(before: Shapes, after: Shapes, twin: Ints, tolerance: float, min_share: float) -> Lineage:
    """Follow n polygons into the m polygons of a later version.

    Parameters
    ----------
    before, after
        Valid polygons in one metric CRS; None allowed. Either may overlap itself.
    twin
        Of :func:`twins`.
    tolerance
        Share of its area within which a feature counts as unmoved.
    min_share
        Share of the smaller feature that a pair must have in common, slivers aside, to be kin.

    Returns
    -------
    Lineage
        On both sides: sum of shared - twice + apart = area, to max(1e-6 m2, 1e-9 of it).
    """
    forth, back = area_table(before, after), area_table(after, before)
    first, second, shared, sliver = _with_twins(forth, twin)
    sizes = tuple(np.nan_to_num(shapely.area(shapes)) for shapes in (before, after))
    of_first, of_second = sizes[0][first], sizes[1][second]
    firm = shared - sliver
    kin = firm > max(tolerance, min_share) * np.minimum(of_first, of_second)
    # thin features descend too: from those that are little else than they
    kin |= shared > HALF * np.maximum(of_first, of_second)
    settled = np.zeros(len(after), dtype=np.bool_)
    settled[twin[twin >= 0]] = True
    is_twin = twin[first] == second
    kin = (kin & (twin[first] < 0) & ~settled[second]) | is_twin
    back_twin = np.full(len(after), -1, dtype=np.int64)
    back_twin[twin[twin >= 0]] = np.flatnonzero(twin >= 0)
    others = ~kin
    moved = [
        _moved(row[others], shared[others], sliver[others], found.uncovered, found.uncovered_sliver)
        for row, found in ((first, forth), (second, back))
    ]  # fmt: skip
    kinds = _kinds(first[kin], second[kin], twin, sizes, moved, tolerance)
    groups = _groups(first[kin], second[kin], len(before), len(after))
    sides = [
        Side(
            area=sizes[k],
            apart=found.uncovered,
            apart_sliver=found.uncovered_sliver,
            twice=found.twice,
            moved=moved[k][0],
            moved_sliver=moved[k][1],
            twin=(twin, back_twin)[k],
            kind=kinds[k],
            group=groups[k],
        )
        for k, found in enumerate((forth, back))
    ]
    return Lineage(first, second, shared, sliver, kin, sides[0], sides[1])


def apart(shapes: Shapes, others: Shapes, rows: Ints) -> Shapes:
    """Return what of each polygon in `rows` no polygon of `others` covers."""
    tree = shapely.STRtree(others)
    at, near = tree.query(shapes[rows], predicate="intersects")
    order = np.argsort(at, kind="stable")
    at, near = at[order], near[order]
    ends = np.searchsorted(at, np.arange(len(rows) + 1))
    left = np.full(len(rows), None, dtype=object)
    for k, row in enumerate(rows):
        covers = others[near[ends[k] : ends[k + 1]]]
        left[k] = (
            shapely.difference(shapes[row], flat_union(covers)) if len(covers) else shapes[row]
        )
    return left


def _with_twins(forth: AreaTable, twin: Ints) -> tuple[Ints, Ints, Floats, Floats]:
    """Return the pairs with common ground, and twins that have none because they have no area."""
    met = np.zeros(len(twin), dtype=np.bool_)
    met[forth.zone[twin[forth.zone] == forth.source]] = True
    bare = np.flatnonzero((twin >= 0) & ~met)
    first = np.concatenate([forth.zone, bare])
    second = np.concatenate([forth.source, twin[bare]])
    nothing = np.zeros(len(bare))
    order = np.lexsort((second, first))
    shared, sliver = (np.concatenate([one, nothing])[order] for one in (forth.area, forth.sliver))
    return first[order], second[order], shared, sliver


def _signed(shapes: Shapes, ids: Texts) -> pd.DataFrame:
    """Return row, id and drawing of the polygons, in the order of their ids."""
    single = shapes.copy()
    wrapped = (shapely.get_type_id(single) == MULTIPOLYGON) & (
        shapely.get_num_geometries(single) == 1
    )
    single[wrapped] = shapely.get_geometry(single[wrapped], 0)
    drawing = shapely.to_wkb(shapely.normalize(single), output_dimension=2)
    drawing[shapely.is_missing(shapes)] = NOTHING
    table = pd.DataFrame({"row": np.arange(len(shapes)), "id": ids, "drawing": drawing})
    return table.sort_values("id", kind="stable", ignore_index=True)


def _moved(
    row: Ints, shared: Floats, sliver: Floats, alone: Floats, alone_sliver: Floats
) -> tuple[Floats, Floats]:
    count = len(alone)
    return (
        np.bincount(row, shared, minlength=count) + alone,
        np.bincount(row, sliver, minlength=count) + alone_sliver,
    )


def _kinds(
    first: Ints,
    second: Ints,
    twin: Ints,
    sizes: tuple[Floats, ...],
    moved: list[tuple[Floats, Floats]],
    tolerance: float,
) -> tuple[Texts, Texts]:
    """Return the kinds of both sides from the pairs that are kin."""
    heirs = np.bincount(first, minlength=len(sizes[0]))
    parents = np.bincount(second, minlength=len(sizes[1]))
    alone = (heirs[first] == 1) & (parents[second] == 1)
    one, other = first[alone], second[alone]
    firm = [whole - sliver for whole, sliver in moved]
    larger = np.maximum(sizes[0][one], sizes[1][other])
    change = np.abs(sizes[1][other] - sizes[0][one])
    unmoved = (firm[0][one] + firm[1][other] <= tolerance * larger) & (
        change <= tolerance * sizes[0][one]
    )
    pair = np.where(unmoved | (twin[one] == other), SAME, RESHAPED)
    old = _kinds_of(first, heirs, parents[second], (GONE, SPLIT, MERGED))
    new = _kinds_of(second, parents, heirs[first], (NEW, MERGED, SPLIT))
    old[one], new[other] = pair, pair
    return old, new


def _kinds_of(row: Ints, own: Ints, theirs: Ints, names: tuple[str, str, str]) -> Texts:
    """Name what became of each feature: no kin, several of its own alone, one that has several."""
    shared = np.zeros(len(own), dtype=np.bool_)
    shared[row[theirs > 1]] = True
    none, several, one = names
    return np.select(
        [own == 0, (own > 1) & shared, own > 1, shared],
        [none, RECOMBINED, several, one],
        default=SAME,
    )


def _groups(first: Ints, second: Ints, n: int, m: int) -> tuple[Ints, Ints]:
    links = coo_array((np.ones(len(first)), (first, n + second)), shape=(n + m, n + m))
    _, group = connected_components(links, directed=False)
    return group[:n].astype(np.int64), group[n:].astype(np.int64)
