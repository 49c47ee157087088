"""Who touches whom, across which roads: the contiguity 连片 of parcels.

A boundary point of a parcel *faces* another parcel when the ray along the outward normal reaches it
within ``gap_max_m`` before it meets the parcel itself, a third parcel that is not ground, or a
barrier; a boundary within ``edge_tolerance_m`` is faced at distance 0. Two parcels are contiguous when
they face each other over enough metres: an *edge* where they touch, a *bridge* across a local road.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from renewal_geo.foundation import progress
from renewal_geo.foundation.crs import require_metric, require_same
from renewal_geo.foundation.errors import Faults, InputError, some_ids
from renewal_geo.foundation.expressions import select
from renewal_geo.spatial.frontage import BARRIER, Covers, Facing, facing, segments_of

if TYPE_CHECKING:
    from libpysal.graph import Graph

DEFAULT_WIDTH_M = 1.0
FRONTAGE_TOLERANCE_M = 1e-6
AREAL = ("Polygon", "MultiPolygon")
LINK_COLUMNS = ["focal", "neighbour", "kind", "frontage_m", "gap_m"]
GROUND_COMPONENT = -1
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Contiguity:
    """The contiguity graph of n parcels.

    Attributes
    ----------
    links
        One row per unordered pair, focal < neighbour as text: ``focal, neighbour, kind`` (edge or
        bridge), ``frontage_m, gap_m``; sorted by both ids.
    blocked
        Pairs that would be contiguous but for a barrier: ``focal, neighbour, frontage_m, gap_m,
        barrier`` (kind of what lies between).
    components
        parcel_id -> number of the component, 0 for the one with most parcels; ground is -1.
    perimeter_m, own_boundary_m
        parcel_id -> metres; own boundary = max(0, perimeter - frontage of all its links).
    barriers
        Barrier polygons (lines widened to their width), column ``kind``, in the parcels' CRS.
    is_ground
        parcel_id -> whether the parcel is bridgeable ground, no obstacle and never a member.
    parameters
        ``gap_max_m, min_frontage_m, edge_tolerance_m``.
    wide_overlaps
        Number of pairs that overlap by more than the edge tolerance; such an overlap makes no link.
    derived
        False where the links were given by others.
    """

    links: pd.DataFrame
    blocked: pd.DataFrame
    components: pd.Series
    perimeter_m: pd.Series
    own_boundary_m: pd.Series
    barriers: gpd.GeoDataFrame
    is_ground: pd.Series
    parameters: Mapping[str, float]
    wide_overlaps: int = 0
    derived: bool = True

    def __str__(self) -> str:
        kinds = self.links["kind"].value_counts()
        count = int(self.components.max() + 1) if len(self.components) else 0
        return (
            f"{len(self.components):,} parcels in {count:,} components: "
            f"{kinds.get('edge', 0):,} edges, {kinds.get('bridge', 0):,} bridges, "
            f"{len(self.blocked):,} pairs kept apart by barriers"
            + ("" if self.derived else " (links given, not derived)")
        )

    @classmethod
    def from_links(cls, table: pd.DataFrame, parcels: gpd.GeoDataFrame) -> Self:
        """Take a contiguity table given by others, with its frontages and gaps as they are.

        Parameters
        ----------
        table
            m rows ``focal, neighbour`` and, where known, ``kind`` (edge | bridge; edge where gap_m
            is 0), ``frontage_m`` (0), ``gap_m`` (0), metres; each unordered pair once.
        parcels
            n polygons indexed by ``parcel_id``, projected, metres.

        Returns
        -------
        Contiguity
            ``derived = False``: nothing is known of barriers.

        Raises
        ------
        InputError
            For unknown ids, a parcel linked with itself, a pair given twice, kinds other than edge
            and bridge, and lengths that are negative or missing.
        """
        require_metric(parcels, "parcels")
        _require_unique(parcels)
        links = _given_links(table, parcels)
        perimeter = _perimeters(parcels)
        return cls(
            links=links,
            blocked=_no_blocked(),
            components=_components(links, parcels, np.zeros(len(parcels), dtype=bool)),
            perimeter_m=perimeter,
            own_boundary_m=_own_boundary(perimeter, links),
            barriers=gpd.GeoDataFrame({"kind": []}, geometry=[], crs=parcels.crs),
            is_ground=pd.Series(data=False, index=parcels.index, dtype=bool),
            parameters={},
            derived=False,
        )


def connect(
    parcels: gpd.GeoDataFrame,
    barriers: gpd.GeoDataFrame | None = None,
    ground: str | pd.Series | NDArray[np.bool_] | None = None,
    gap_max_m: float = 40.0,
    min_frontage_m: float = 10.0,
    edge_tolerance_m: float = 0.5,
) -> Contiguity:
    """Find which parcels are contiguous, directly or across local roads, and what keeps others apart.

    Parameters
    ----------
    parcels
        n polygons indexed by ``parcel_id`` (unique text), projected, metres. Null, empty, invalid and
        non-areal geometries take part in nothing.
    barriers
        Lines (widened to column ``width_m``, 1 m where missing) and polygons that contiguity may not
        cross, in the CRS of `parcels`; column ``kind`` names them.
    ground
        Parcels that are bridgeable ground, not parcels: an expression on the columns of `parcels`, or
        one boolean per row.
    gap_max_m
        Parcels this close across a local road count as contiguous.
    min_frontage_m
        Facing length below which two parcels only touch.
    edge_tolerance_m
        Digitising gap or overlap that still counts as touching.

    Returns
    -------
    Contiguity
        Independent of the order of rows.

    Raises
    ------
    CRSError
        If a layer cannot be measured in metres, or the two are in different CRSs.
    InputError
        For duplicate ids, limits that are negative or no numbers, and a `ground` of another length.

    Notes
    -----
    For contiguity a parcel is the largest part of (parcel - barriers). ``frontage_m`` is the mean of
    the lengths over which each faces the other, sampled at most 0.5 m apart; where a parcel's
    frontages exceed its perimeter they are scaled down. Contiguous means ``frontage_m >=
    min_frontage_m`` and, for a bridge, also ``frontage_m >= gap_m / 2``: no diagonal over a junction.

    Examples
    --------
    >>> from shapely import box
    >>> plots = [box(0, 0, 50, 50), box(50, 0, 100, 50), box(0, 70, 50, 120)]
    >>> parcels = gpd.GeoDataFrame(geometry=plots, index=["a", "b", "c"], crs="EPSG:4547")
    >>> connect(parcels).links[["focal", "neighbour", "kind", "frontage_m"]].values.tolist()
    [['a', 'b', 'edge', 50.0], ['a', 'c', 'bridge', 50.0]]
    """
    require_metric(parcels, "parcels")
    _require_unique(parcels)
    _require_limits(gap_max_m, min_frontage_m, edge_tolerance_m)
    is_ground = _ground_rows(parcels, ground)
    walls = widen(barriers, parcels)
    order = position_order(parcels)
    geometries = parcels.geometry.to_numpy()[order]
    taking_part = _areal(geometries) & ~is_ground[order]
    solid = np.where(taking_part, geometries, None)  # type: ignore[call-overload]
    progress.report("contiguity.connect", 0.0)
    cut, touched = _cut(solid, walls.geometry.to_numpy(), gap_max_m)
    limits = (gap_max_m, min_frontage_m, edge_tolerance_m)
    perimeter = np.where(taking_part, shapely.length(solid), 0.0)
    overlaps = _wide_overlaps(cut, edge_tolerance_m)
    pairs = _contiguous(cut, walls.geometry.to_numpy(), perimeter, limits, overlaps)
    progress.report("contiguity.connect", 0.7)
    ids = parcels.index.to_numpy()[order].astype(str)
    blocked = _blocked(solid, touched, pairs, perimeter, limits, walls, ids)
    links = _links(pairs, ids)
    all_perimeters = _perimeters(parcels)
    progress.report("contiguity.connect", 1.0, links=len(links))
    return Contiguity(
        links=links,
        blocked=blocked,
        components=_components(links, parcels, is_ground),
        perimeter_m=all_perimeters,
        own_boundary_m=_own_boundary(all_perimeters, links),
        barriers=walls,
        is_ground=pd.Series(is_ground, index=parcels.index),
        parameters={
            "gap_max_m": float(gap_max_m),
            "min_frontage_m": float(min_frontage_m),
            "edge_tolerance_m": float(edge_tolerance_m),
        },
        wide_overlaps=len(overlaps.owner) // 2,
    )


def widen(barriers: gpd.GeoDataFrame | None, parcels: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Make polygons of barriers: lines are widened to ``width_m``, polygons stay.

    Parameters
    ----------
    barriers
        Lines and polygons with optional columns ``width_m`` (full width, metres) and ``kind``.
    parcels
        The layer whose CRS they must share.

    Returns
    -------
    GeoDataFrame
        Valid polygons with the column ``kind``; empty where there are none.

    Raises
    ------
    CRSError
        If the two layers are in different CRSs.
    InputError
        For a width that is not positive.
    """
    if barriers is None or not len(barriers):
        return gpd.GeoDataFrame({"kind": []}, geometry=[], crs=parcels.crs)
    require_same(parcels, barriers, ("parcels", "barriers"))
    shapes = shapely.force_2d(barriers.geometry.to_numpy())
    width = np.full(len(barriers), DEFAULT_WIDTH_M)
    if "width_m" in barriers.columns:
        given = pd.to_numeric(barriers["width_m"], errors="coerce").to_numpy(dtype=float)
        width = np.where(np.isnan(given), DEFAULT_WIDTH_M, given)
    is_polygon = np.isin(shapely.get_type_id(shapes), (3, 6))
    bad = ~is_polygon & ~(width > 0)
    if bad.any():
        raise InputError(
            f"{int(bad.sum())} barriers have a width that is not positive",
            where=f"barriers {some_ids(barriers.index[bad])}",
            fix="correct width_m, or leave it empty for 1 m",
            code="barrier_width",
        )
    shapes = np.where(is_polygon, shapes, shapely.buffer(shapes, width / 2, cap_style="flat"))
    broken = ~shapely.is_valid(shapes) & ~shapely.is_missing(shapes)
    shapes = np.where(broken, shapely.buffer(shapely.make_valid(shapes), 0), shapes)
    kind = (
        barriers["kind"].astype(object).where(barriers["kind"].notna(), "barrier").astype(str)
        if "kind" in barriers.columns
        else pd.Series("barrier", index=barriers.index)
    )
    walls = gpd.GeoDataFrame({"kind": kind.to_numpy()}, geometry=shapes, crs=parcels.crs)
    walls = walls[~(walls.geometry.isna() | walls.geometry.is_empty)]
    order = np.lexsort(
        [*walls.geometry.bounds.to_numpy().T[::-1], walls["kind"].to_numpy(str)][::-1]
    )
    return walls.iloc[order].reset_index(drop=True)


def position_order(parcels: gpd.GeoDataFrame) -> Ints:
    """Return the rows in the order of their position (bounds, south-west first), then of their ids.

    Everything that must not depend on the order of rows works in this order.
    """
    bounds = np.nan_to_num(parcels.geometry.bounds.to_numpy(), nan=np.inf).round(3)
    ids = parcels.index.to_numpy().astype(str)
    return np.lexsort((ids, *bounds.T[::-1])).astype(np.int64)


def to_graph(links: Contiguity) -> Graph:
    """Return the contiguity as a ``libpysal.graph.Graph`` weighted by frontage; needs libpysal."""
    from libpysal.graph import Graph

    table = links.links
    both = pd.DataFrame(
        {
            "focal": np.concatenate([table["focal"], table["neighbour"]]),
            "neighbor": np.concatenate([table["neighbour"], table["focal"]]),
            "weight": np.concatenate([table["frontage_m"], table["frontage_m"]]),
        }
    )
    ids = links.components.index.astype(str)
    lonely = ids.difference(pd.Index(both["focal"]))
    alone = pd.DataFrame({"focal": lonely, "neighbor": lonely, "weight": 0.0})
    both = pd.concat([both, alone]) if len(lonely) else both
    return Graph.from_adjacency(both)


def _require_unique(parcels: gpd.GeoDataFrame) -> None:
    ids = _text_ids(parcels)
    twice = ids[ids.duplicated()]
    if len(twice):
        raise InputError(
            f"{len(twice.unique())} parcel ids occur more than once",
            where=f"parcels {some_ids(dict.fromkeys(twice))}",
            fix="quality.repair parcels first (renewal-geo quality repair, or renewal-geo run)",
            code="duplicate_id",
        )


def _text_ids(parcels: gpd.GeoDataFrame) -> pd.Index:
    """Links name parcels by text, whatever the index holds."""
    ids: pd.Index = pd.Index(parcels.index.astype(str), dtype=object)
    return ids


def _require_limits(gap_max_m: float, min_frontage_m: float, edge_tolerance_m: float) -> None:
    faults = Faults(InputError)
    named = {
        "gap_max_m": gap_max_m,
        "min_frontage_m": min_frontage_m,
        "edge_tolerance_m": edge_tolerance_m,
    }
    for name, value in named.items():
        if not np.isfinite(value) or value < 0:
            faults.add(
                f"{name} is {value}", where=name, fix="give metres, zero or more", code="bad_limit"
            )
    faults.raise_if_any()


def _ground_rows(parcels: gpd.GeoDataFrame, ground: Any) -> Bools:
    if ground is None or (isinstance(ground, str) and not ground.strip()):
        return np.zeros(len(parcels), dtype=bool)
    if isinstance(ground, str):
        return select(ground, parcels, where="ground").to_numpy(dtype=bool)
    if isinstance(ground, pd.Series) and ground.index.equals(parcels.index):
        return ground.to_numpy(dtype=bool)
    if isinstance(ground, pd.Series) and set(ground.index) == set(parcels.index):
        return ground.reindex(parcels.index).to_numpy(dtype=bool)
    rows = np.asarray(ground, dtype=bool)
    if rows.shape != (len(parcels),):
        raise InputError(
            f"ground has {rows.size} values for {len(parcels)} parcels",
            where="ground",
            fix="give an expression, or one boolean per parcel",
            code="bad_ground",
        )
    return rows


def _areal(geometries: NDArray[np.object_]) -> Bools:
    polygonal = np.isin(shapely.get_type_id(geometries), (3, 6)) & ~shapely.is_empty(geometries)
    valid = np.zeros(len(geometries), dtype=bool)
    valid[polygonal] = shapely.is_valid(geometries[polygonal])
    return valid


def _cut(
    solid: NDArray[np.object_], walls: NDArray[np.object_], gap_max_m: float
) -> tuple[NDArray[np.object_], Bools]:
    """Return the largest part of each parcel outside the barriers, and which lie near one."""
    cut = shapely.force_2d(solid)
    touched = np.zeros(len(cut), dtype=bool)
    if len(walls):
        tree = shapely.STRtree(walls)
        near, _ = tree.query(cut, predicate="dwithin", distance=gap_max_m + 1.0)
        touched[near] = True
        row, wall = tree.query(cut, predicate="intersects")
        rows, met = np.unique(row, return_inverse=True)
        between = np.empty(len(rows), dtype=object)
        between[met] = walls[wall]
        for r in np.flatnonzero(np.bincount(met, minlength=len(rows)) > 1):
            between[r] = shapely.union_all(walls[wall[met == r]])
        cut[rows] = shapely.difference(cut[rows], between)
    several = np.isin(shapely.get_type_id(cut), (6, 7))
    for r in np.flatnonzero(several):
        parts = shapely.get_parts(cut[r])
        cut[r] = parts[int(np.argmax(shapely.area(parts)))] if len(parts) else None
    areal = np.isin(shapely.get_type_id(cut), (3,)) & ~shapely.is_empty(cut)
    return np.where(areal, cut, None), touched  # type: ignore[call-overload]


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Contiguous pairs by row number, first < second, with their measures."""

    first: Ints
    second: Ints
    frontage: Floats
    is_edge: Bools
    gap: Floats


def _contiguous(
    shapes: NDArray[np.object_],
    walls: NDArray[np.object_],
    perimeter: Floats,
    limits: tuple[float, float, float],
    overlaps: Covers,
    sources: Bools | None = None,
) -> _Pairs:
    gap_max, min_frontage, tolerance = limits
    numbers = np.arange(len(shapes))
    wanted = np.ones(len(shapes), dtype=bool) if sources is None else sources
    source = segments_of(np.where(wanted, shapes, None), numbers)  # type: ignore[call-overload]
    both = np.concatenate([shapes, walls])
    owners = np.concatenate([numbers, np.full(len(walls), BARRIER)])
    faced = facing(
        source,
        segments_of(both, owners),
        gap_max_m=gap_max,
        edge_tolerance_m=tolerance,
        covers=overlaps,
    )
    return _judged(faced, shapes, perimeter, gap_max, min_frontage)


def _judged(
    faced: Facing,
    shapes: NDArray[np.object_],
    perimeter: Floats,
    gap_max: float,
    min_frontage: float,
) -> _Pairs:
    n = len(shapes)
    low, high = np.minimum(faced.source, faced.target), np.maximum(faced.source, faced.target)
    keys, place = np.unique(low * n + high, return_inverse=True)
    frontage = np.bincount(place.ravel(), faced.length, minlength=len(keys)) / 2
    touching = np.bincount(place.ravel(), faced.edge, minlength=len(keys)) / 2
    first, second = keys // max(n, 1), keys % max(n, 1)
    sums = np.bincount(first, frontage, minlength=n) + np.bincount(second, frontage, minlength=n)
    scale = np.minimum(1.0, np.divide(perimeter, sums, out=np.ones(n), where=sums > 0))
    factor = np.minimum(scale[first], scale[second])
    frontage, touching = frontage * factor, touching * factor
    kept = frontage >= min_frontage - FRONTAGE_TOLERANCE_M
    first, second, frontage, touching = (v[kept] for v in (first, second, frontage, touching))
    gap = shapely.distance(shapes[first], shapes[second]) if len(first) else np.empty(0)
    is_edge = touching >= min_frontage - FRONTAGE_TOLERANCE_M
    # facing lengths may reach where the shapes' own distance is larger only by rounding
    sound = is_edge | (frontage >= gap / 2 - FRONTAGE_TOLERANCE_M)
    sound &= gap <= gap_max + 1e-3
    return _Pairs(first[sound], second[sound], frontage[sound], is_edge[sound], gap[sound])


def _blocked(
    solid: NDArray[np.object_],
    touched: Bools,
    pairs: _Pairs,
    perimeter: Floats,
    limits: tuple[float, float, float],
    walls: gpd.GeoDataFrame,
    ids: NDArray[np.str_],
) -> pd.DataFrame:
    if not touched.any():
        return _no_blocked()
    whole, _ = _cut(solid, np.empty(0, dtype=object), 0.0)
    none = np.empty(0, dtype=object)
    sources = _with_neighbours(whole, touched, limits)
    free = _contiguous(whole, none, perimeter, limits, _wide_overlaps(whole, limits[2]), sources)
    n = len(solid)
    linked = pairs.first * n + pairs.second
    near = touched[free.first] | touched[free.second]
    apart = near & ~np.isin(free.first * n + free.second, linked)
    first, second = free.first[apart], free.second[apart]
    if not len(first):
        return _no_blocked()
    between = shapely.shortest_line(whole[first], whole[second])
    tree = shapely.STRtree(walls.geometry.to_numpy())
    line, wall = tree.query(between, predicate="intersects")
    nearest = tree.nearest(between)
    barrier = nearest.astype(np.int64)
    if len(line):
        rows, begin = np.unique(line, return_index=True)
        barrier[rows] = np.minimum.reduceat(wall, begin)
    table = _oriented(ids[first], ids[second])
    table["frontage_m"] = free.frontage[apart]
    table["gap_m"] = free.gap[apart]
    table["barrier"] = walls["kind"].to_numpy()[barrier]
    return table.sort_values(["focal", "neighbour"], ignore_index=True)


def _with_neighbours(
    shapes: NDArray[np.object_], touched: Bools, limits: tuple[float, float, float]
) -> Bools:
    """Both sides of a pair must cast rays, so the neighbours of the touched are needed too."""
    tree = shapely.STRtree(shapes)
    rows = np.flatnonzero(touched)
    _, other = tree.query(shapes[rows], predicate="dwithin", distance=limits[0] + 1.0)
    wanted = touched.copy()
    wanted[other] = True
    return wanted


def _oriented(first: NDArray[np.str_], second: NDArray[np.str_]) -> pd.DataFrame:
    swap = first > second
    return pd.DataFrame(
        {
            "focal": np.where(swap, second, first).astype(object),
            "neighbour": np.where(swap, first, second).astype(object),
        }
    )


def _links(pairs: _Pairs, ids: NDArray[np.str_]) -> pd.DataFrame:
    table = _oriented(ids[pairs.first], ids[pairs.second])
    table["kind"] = np.where(pairs.is_edge, "edge", "bridge")
    table["frontage_m"] = pairs.frontage
    table["gap_m"] = pairs.gap
    return table.sort_values(["focal", "neighbour"], ignore_index=True)


def _wide_overlaps(shapes: NDArray[np.object_], tolerance: float) -> Covers:
    """Return the pairs that overlap by more than the tolerance, each from both sides."""
    row, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    row, other = row[row < other], other[row < other]
    crossing = ~shapely.touches(shapes[row], shapes[other])
    row, other = row[crossing], other[crossing]
    shared = shapely.intersection(shapes[row], shapes[other])
    wide = ~shapely.is_empty(shapely.buffer(shared, -tolerance / 2))
    owner = np.concatenate([row[wide], other[wide]])
    named, cover = np.unique(np.concatenate([other[wide], row[wide]]), return_inverse=True)
    return Covers(owner.astype(np.int64), cover.astype(np.int64), shapes[named])


def _no_blocked() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "focal": pd.Series(dtype=object),
            "neighbour": pd.Series(dtype=object),
            "frontage_m": pd.Series(dtype=float),
            "gap_m": pd.Series(dtype=float),
            "barrier": pd.Series(dtype=object),
        }
    )


def _perimeters(parcels: gpd.GeoDataFrame) -> pd.Series:
    shapes = parcels.geometry.to_numpy()
    areal = _areal(shapes)
    return pd.Series(
        np.where(areal, np.nan_to_num(shapely.length(shapes)), 0.0),
        index=parcels.index,
        name="perimeter_m",
    )


def _own_boundary(perimeter: pd.Series, links: pd.DataFrame) -> pd.Series:
    shared = pd.concat(
        [
            links.groupby("focal")["frontage_m"].sum(),
            links.groupby("neighbour")["frontage_m"].sum(),
        ]
    )
    shared = shared.groupby(level=0).sum().reindex(perimeter.index.astype(str), fill_value=0.0)
    return (perimeter - shared.to_numpy()).clip(lower=0.0).rename("own_boundary_m")  # type: ignore[no-any-return]


def _components(links: pd.DataFrame, parcels: gpd.GeoDataFrame, is_ground: Bools) -> pd.Series:
    n = len(parcels)
    ids = _text_ids(parcels)
    rows = ids.get_indexer(links["focal"])  # type: ignore[arg-type]
    columns = ids.get_indexer(links["neighbour"])  # type: ignore[arg-type]
    graph = coo_array((np.ones(len(rows)), (rows, columns)), shape=(n, n))
    _, labels = connected_components(graph, directed=False)
    labels = np.asarray(labels)
    rank = np.empty(n, dtype=np.int64)
    rank[position_order(parcels)] = np.arange(n)
    members = pd.DataFrame({"label": labels, "rank": rank})[~is_ground].groupby("label")["rank"]
    size = members.agg(["size", "min"]).sort_values(["size", "min"], ascending=[False, True])
    number = pd.Series(np.arange(len(size)), index=size.index)
    found = np.where(
        is_ground, GROUND_COMPONENT, number.reindex(labels, fill_value=GROUND_COMPONENT)
    )
    return pd.Series(found.astype(np.int64), index=parcels.index, name="component")


def _given_links(table: pd.DataFrame, parcels: gpd.GeoDataFrame) -> pd.DataFrame:
    faults = Faults(InputError)
    missing = [name for name in ("focal", "neighbour") if name not in table.columns]
    if missing:
        raise InputError(
            f"the links have no column {' and no column '.join(missing)}",
            where="links",
            fix=f"name the columns {', '.join(LINK_COLUMNS)}",
            code="unknown_column",
        )
    ends = table[["focal", "neighbour"]].astype(str)
    links = _oriented(ends["focal"].to_numpy(dtype=str), ends["neighbour"].to_numpy(dtype=str))
    for name in ("frontage_m", "gap_m"):
        values = pd.to_numeric(table[name], errors="coerce") if name in table else 0.0
        links[name] = np.asarray(values, dtype=float) if name in table else 0.0
        bad = ~(links[name] >= 0) | ~np.isfinite(links[name])
        if bad.any():
            faults.add(
                f"{int(bad.sum())} links have a {name} that is negative or missing",
                where=_places(links[bad]),
                fix=f"give {name} in metres",
                code="bad_link",
            )
    default = np.where(links["gap_m"] > 0, "bridge", "edge")
    links["kind"] = table["kind"].to_numpy() if "kind" in table else default
    known = _text_ids(parcels)
    tests = {
        "kinds other than edge and bridge": ~links["kind"].isin(["edge", "bridge"]),
        "parcels linked with themselves": links["focal"] == links["neighbour"],
        "pairs given twice": links.duplicated(["focal", "neighbour"]),
        "unknown parcel ids": ~(links["focal"].isin(known) & links["neighbour"].isin(known)),
    }
    for what, bad in tests.items():
        if bad.any():
            faults.add(
                f"the links hold {int(bad.sum())} {what}",
                where=_places(links[bad]),
                fix="correct the table of links",
                code="bad_link",
            )
    faults.raise_if_any()
    return links[LINK_COLUMNS].sort_values(["focal", "neighbour"], ignore_index=True)


def _places(links: pd.DataFrame) -> str:
    return "links " + some_ids(links["focal"] + " – " + links["neighbour"])
