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
from renewal_geo.foundation.crs import require_metric
from renewal_geo.foundation.errors import Faults, InputError, some_ids
from renewal_geo.foundation.expressions import select
from renewal_geo.spatial.barriers import between, widen
from renewal_geo.spatial.views import View, look, without_barriers

if TYPE_CHECKING:
    from libpysal.graph import Graph

__all__ = ["Contiguity", "connect", "position_order", "to_graph", "widen"]

FRONTAGE_TOLERANCE_M = 1e-6
LINK_COLUMNS = ["focal", "neighbour", "kind", "frontage_m", "gap_m"]
GROUND_COMPONENT = -1
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Shapes = NDArray[np.object_]


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
        _require_ids(parcels)
        links = _given_links(table, parcels)
        ids = _text_ids(parcels)
        first = np.asarray(ids.get_indexer(links["focal"]))  # type: ignore[arg-type]
        second = np.asarray(ids.get_indexer(links["neighbour"]))  # type: ignore[arg-type]
        shapes = parcels.geometry.to_numpy()
        perimeter = np.where(_areal(shapes), np.nan_to_num(shapely.length(shapes)), 0.0)
        frontage = links["frontage_m"].to_numpy(dtype=float)
        no_ground = np.zeros(len(parcels), dtype=bool)
        order = position_order(parcels)
        return cls(
            links=links,
            blocked=_no_blocked(),
            components=_components(first, second, order, no_ground, parcels.index),
            perimeter_m=pd.Series(perimeter, parcels.index, name="perimeter_m"),
            own_boundary_m=_own_boundary(perimeter, first, second, frontage, parcels.index),
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
    the lengths over which each faces the other, exact; where a parcel's frontages exceed its
    perimeter they are scaled down. Contiguous means ``frontage_m >=
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
    _require_ids(parcels)
    limits = _Limits(float(gap_max_m), float(min_frontage_m), float(edge_tolerance_m))
    limits.require_sound()
    is_ground = _ground_rows(parcels, ground)
    walls = widen(barriers, parcels)
    progress.report("contiguity.connect", 0.0)
    # from here on a parcel is its row in the order of position
    order = position_order(parcels)
    shapes = parcels.geometry.to_numpy()[order]
    areal = _areal(shapes)
    perimeter = np.where(areal, np.nan_to_num(shapely.length(shapes)), 0.0)
    taking_part = areal & ~is_ground[order]
    solid = np.where(taking_part, shapes, None)  # type: ignore[call-overload]
    view = look(solid, walls.geometry.to_numpy(), limits.gap_max, limits.tolerance)
    scope = np.where(taking_part, perimeter, 0.0)
    pairs = _judged(view, scope, limits)
    progress.report("contiguity.connect", 0.7)
    ids = _text_ids(parcels).to_numpy()[order]
    blocked = _no_blocked()
    if len(walls):
        free = without_barriers(solid, view, limits.gap_max, limits.tolerance)
        blocked = _blocked(pairs, free, scope, limits, walls, ids)
    progress.report("contiguity.connect", 1.0, links=len(pairs.first))
    first, second = order[pairs.first], order[pairs.second]
    perimeters = np.empty(len(parcels))
    perimeters[order] = perimeter
    return Contiguity(
        links=_links(pairs, ids),
        blocked=blocked,
        components=_components(first, second, order, is_ground, parcels.index),
        perimeter_m=pd.Series(perimeters, parcels.index, name="perimeter_m"),
        own_boundary_m=_own_boundary(perimeters, first, second, pairs.frontage, parcels.index),
        barriers=walls,
        is_ground=pd.Series(is_ground, index=parcels.index),
        parameters={
            "gap_max_m": limits.gap_max,
            "min_frontage_m": limits.min_frontage,
            "edge_tolerance_m": limits.tolerance,
        },
        wide_overlaps=len(view.overlaps[0]),
    )


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


def _require_ids(parcels: gpd.GeoDataFrame) -> None:
    faults = Faults(InputError)
    values = parcels.index.to_numpy(dtype=object)
    missing = pd.isna(values) | (values == "")
    if missing.any():
        faults.add(
            f"{int(missing.sum())} parcels have no id",
            where=f"parcels in rows {some_ids(np.flatnonzero(missing))}",
            fix="quality.repair parcels first (renewal-geo quality repair, or renewal-geo run)",
            code="missing_id",
        )
    ids = _text_ids(parcels)[~missing]
    twice = ids[ids.duplicated()]
    if len(twice):
        faults.add(
            f"{len(twice.unique())} parcel ids occur more than once",
            where=f"parcels {some_ids(dict.fromkeys(twice))}",
            fix="quality.repair parcels first (renewal-geo quality repair, or renewal-geo run)",
            code="duplicate_id",
        )
    faults.raise_if_any()


def _text_ids(parcels: gpd.GeoDataFrame) -> pd.Index:
    """Links name parcels by text, whatever the index holds."""
    ids: pd.Index = pd.Index(parcels.index.astype(str), dtype=object)
    return ids


@dataclass(frozen=True, slots=True)
class _Limits:
    gap_max: float
    min_frontage: float
    tolerance: float

    def require_sound(self) -> None:
        faults = Faults(InputError)
        named = {
            "gap_max_m": self.gap_max,
            "min_frontage_m": self.min_frontage,
            "edge_tolerance_m": self.tolerance,
        }
        for name, value in named.items():
            if not np.isfinite(value) or value < 0:
                faults.add(
                    f"{name} is {value}",
                    where=name,
                    fix="give metres, zero or more",
                    code="bad_limit",
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


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Contiguous pairs by row number, first < second, with their measures."""

    first: Ints
    second: Ints
    frontage: Floats
    is_edge: Bools
    gap: Floats


def _judged(view: View, perimeter: Floats, limits: _Limits, known: _Pairs | None = None) -> _Pairs:
    """Judge which pairs are contiguous, leaving out those already `known`."""
    faced, shapes = view.faced, view.shapes
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
    kept = frontage >= limits.min_frontage - FRONTAGE_TOLERANCE_M
    if known is not None:
        kept &= ~np.isin(keys, known.first * n + known.second)
    first, second, frontage, touching = (v[kept] for v in (first, second, frontage, touching))
    gap = shapely.distance(shapes[first], shapes[second]) if len(first) else np.empty(0)
    is_edge = touching >= limits.min_frontage - FRONTAGE_TOLERANCE_M
    # facing lengths may reach where the shapes' own distance is larger only by rounding
    sound = is_edge | (frontage >= gap / 2 - FRONTAGE_TOLERANCE_M)
    sound &= gap <= limits.gap_max + 1e-3
    return _Pairs(first[sound], second[sound], frontage[sound], is_edge[sound], gap[sound])


def _blocked(
    pairs: _Pairs,
    free: View,
    perimeter: Floats,
    limits: _Limits,
    walls: gpd.GeoDataFrame,
    ids: NDArray[np.object_],
) -> pd.DataFrame:
    """List the pairs that are contiguous in the free view only."""
    apart = _judged(free, perimeter, limits, known=pairs)
    if not len(apart.first):
        return _no_blocked()
    table, order = _oriented(apart, ids)
    barrier = between(free.shapes[apart.first], free.shapes[apart.second], walls)
    table["barrier"] = barrier[order]
    return table


def _oriented(pairs: _Pairs, ids: NDArray[np.object_]) -> tuple[pd.DataFrame, Ints]:
    """Return the pairs as text, focal < neighbour, sorted; and the row of `pairs` behind each."""
    rank = np.empty(len(ids), dtype=np.int64)
    rank[np.argsort(ids.astype(str), kind="stable")] = np.arange(len(ids))
    swap = rank[pairs.first] > rank[pairs.second]
    focal = np.where(swap, pairs.second, pairs.first)
    neighbour = np.where(swap, pairs.first, pairs.second)
    order = np.lexsort((rank[neighbour], rank[focal]))
    table = pd.DataFrame(
        {
            "focal": pd.Series(ids[focal[order]], dtype=object),
            "neighbour": pd.Series(ids[neighbour[order]], dtype=object),
            "frontage_m": pairs.frontage[order],
            "gap_m": pairs.gap[order],
        }
    )
    return table, order


def _links(pairs: _Pairs, ids: NDArray[np.object_]) -> pd.DataFrame:
    table, order = _oriented(pairs, ids)
    table["kind"] = np.where(pairs.is_edge[order], "edge", "bridge")
    return table[LINK_COLUMNS]


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


def _own_boundary(
    perimeter: Floats, first: Ints, second: Ints, frontage: Floats, ids: pd.Index
) -> pd.Series:
    n = len(perimeter)
    shared = np.bincount(first, frontage, minlength=n) + np.bincount(second, frontage, minlength=n)
    return pd.Series(np.maximum(perimeter - shared, 0.0), ids, name="own_boundary_m")


def _components(
    first: Ints, second: Ints, order: Ints, is_ground: Bools, ids: pd.Index
) -> pd.Series:
    """Number the components by how many parcels they have, then by their first in `order`."""
    n = len(ids)
    graph = coo_array((np.ones(len(first)), (first, second)), shape=(n, n))
    count, labels = connected_components(graph, directed=False)
    members = order[~is_ground[order]]
    present, begin, sizes = np.unique(labels[members], return_index=True, return_counts=True)
    number = np.full(count, GROUND_COMPONENT, dtype=np.int64)
    number[present[np.lexsort((begin, -sizes))]] = np.arange(len(present))
    found = np.where(is_ground, GROUND_COMPONENT, number[labels])
    return pd.Series(found, index=ids, name="component")


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
    one, other = ends["focal"].to_numpy(dtype=object), ends["neighbour"].to_numpy(dtype=object)
    links = pd.DataFrame(
        {
            "focal": np.where(one > other, other, one),
            "neighbour": np.where(one > other, one, other),
        },
        dtype=object,
    )
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
