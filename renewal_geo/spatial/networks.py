"""Street networks: centre-lines as a sparse graph, and places on its edges.

A place stands on the nearest *edge*, not at the nearest node: with blocks of 80 m the node errs by up to
40 m of a radius of 300.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pyproj
import scipy.sparse as sp
import shapely
from numpy.typing import NDArray
from scipy.sparse import csgraph
from scipy.spatial import cKDTree

from renewal_geo.foundation import crs as crs_rules
from renewal_geo.foundation.errors import GeometryError, InputError

ROUNDING_M = 1e-6
NONE = -1
LINES = (1, 2, 5)  # geometry types: LineString, LinearRing, MultiLineString
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Shapes = NDArray[np.object_]


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """Streets as n nodes and m edges, in an order that does not depend on that of the lines.

    Attributes
    ----------
    nodes
        (n, 2): x, y in `crs`.
    tail, head, length
        Of every edge: its two nodes, tail <= head, and metres along its line.
    lines
        m LineStrings from tail to head.
    matrix
        (n, n), symmetric: the shortest edge between two nodes.
    component
        Length n: number of the connected part that a node belongs to, the part with most nodes first.
    tree
        Of `lines`, for the nearest edge.
    notes
        What was left out or joined, one sentence each.
    """

    nodes: Floats
    tail: Ints
    head: Ints
    length: Floats
    lines: Shapes
    matrix: sp.csr_array
    component: Ints
    tree: shapely.STRtree
    crs: pyproj.CRS | None
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        parts = int(self.component.max()) + 1
        km = self.length.sum() / 1000.0
        return (
            f"{len(self.nodes):,} nodes, {len(self.length):,} edges, {km:,.1f} km of streets in "
            f"{parts:,} connected part{'s' if parts > 1 else ''}"
        )


@dataclass(frozen=True, slots=True, eq=False)
class Snapped:
    """Places on the edges of a network, one row per point.

    Attributes
    ----------
    edge
        Number of the edge, -1 where no street is near enough.
    from_tail_m, from_head_m
        Metres along the edge to its two ends.
    off_m
        Straight metres between the point and its street; inf where there is none.
    """

    edge: Ints
    from_tail_m: Floats
    from_head_m: Floats
    off_m: Floats

    @property
    def has_access(self) -> NDArray[np.bool_]:
        """Whether a street is near enough."""
        return self.edge >= 0


def network_of(
    lines: gpd.GeoDataFrame | gpd.GeoSeries, *, snap_m: float = 0.01, noded: bool = True
) -> Network:
    """Make a network of street centre-lines.

    Parameters
    ----------
    lines
        LineStrings or MultiLineStrings in a metric CRS, in any order.
    snap_m
        Ends this close to each other, or to another line, meet.
    noded
        True: lines also meet where they cross or touch. False: only at vertices that they share (within
        `snap_m`), so that a bridge does not meet the street below it.

    Returns
    -------
    Network
        Edges run between junctions and ends; what is shorter than `snap_m` is gone.

    Raises
    ------
    CRSError
        If the CRS cannot measure metres.
    InputError
        ``no_streets`` where there is no line, ``bad_limit`` for a `snap_m` that is no length.
    GeometryError
        ``not_lines`` where all shapes are of another kind, as road areas are.
    """
    crs_rules.require_metric(lines.crs, "the street network")
    if not 0 < snap_m < np.inf:
        raise InputError(
            f"snap_m is {snap_m}",
            where="the street network",
            fix="give metres, more than zero",
            code="bad_limit",
        )
    parts, notes = _parts(lines.geometry.to_numpy())
    if noded:
        parts = _unkinked(parts)
    base = np.concatenate([[0.0], np.cumsum(shapely.length(parts) + 1.0)])
    of_line, along, spots = (_crossings if noded else _shared_vertices)(parts, snap_m)
    node, nodes = _merged(spots, snap_m)
    made, tail, head = _pieces(parts, base, base[of_line] + along, node, nodes, snap_m)
    return _network(made, tail, head, nodes, lines.crs, notes)


def snap(
    points: gpd.GeoDataFrame | gpd.GeoSeries, network: Network, max_m: float = 200.0
) -> Snapped:
    """Put places on the nearest edge of a network.

    Parameters
    ----------
    points
        k shapes in the CRS of the network; of a line or an area a point inside it counts.
    max_m
        Places farther from every street have no access.

    Raises
    ------
    CRSError
        If the CRSs differ.
    InputError
        ``bad_limit`` for a negative `max_m` or one that is no number.
    """
    if network.crs is not None:
        crs_rules.require_same(points, network, ("the places", "the street network"))
    if not max_m >= 0:
        raise InputError(
            f"max_snap_m is {max_m}", fix="give metres, zero or more", code="bad_limit"
        )
    spots = points.geometry.representative_point().to_numpy()
    edge = np.full(len(spots), NONE, dtype=np.int64)
    reach = None if np.isinf(max_m) else max_m + ROUNDING_M
    row, found = network.tree.query_nearest(spots, max_distance=reach)
    order = np.lexsort((found, row))  # as near to several: the first, whatever the tree says
    row, first = np.unique(row[order], return_index=True)
    edge[row] = found[order][first]
    off = np.full(len(spots), np.inf)
    off[row] = shapely.distance(spots[row], network.lines[edge[row]])
    edge[off > max_m], off[off > max_m] = NONE, np.inf
    there = edge >= 0
    from_tail, from_head = np.zeros(len(spots)), np.zeros(len(spots))
    length = network.length[edge[there]]
    located = shapely.line_locate_point(network.lines[edge[there]], spots[there])
    from_tail[there] = np.clip(located, 0.0, length)
    from_head[there] = length - from_tail[there]
    return Snapped(edge, from_tail, from_head, off)


# ---- from lines to edges --------------------------------------------------------------------------


def _parts(shapes: Shapes) -> tuple[Shapes, tuple[str, ...]]:
    """Return flat LineStrings of some length, and what was left out."""
    kinds = shapely.get_type_id(shapes)
    empty = (kinds < 0) | shapely.is_empty(shapes)
    linear = np.isin(kinds, LINES) & ~empty
    if len(shapes) and not linear.any() and not empty.all():
        raise GeometryError(
            "the street network has no line: its shapes are points or areas",
            fix="give the centre-lines of the streets (role roads)",
            code="not_lines",
        )
    parts = shapely.get_parts(shapely.force_2d(shapes[linear]))
    parts = shapely.remove_repeated_points(parts)
    parts = parts[shapely.length(parts) > 0]
    if not len(parts):
        raise InputError(
            "the street network is empty",
            fix="give the centre-lines of the streets (role roads)",
            code="no_streets",
        )
    other = int((~linear & ~empty).sum())
    notes = [f"{int(empty.sum()):,} streets without a shape are left out"] if empty.any() else []
    notes += [f"{other:,} shapes are no lines and are left out"] if other else []
    return parts, tuple(notes)


def _unkinked(parts: Shapes) -> Shapes:
    """Split lines that cross themselves."""
    kinked = ~shapely.is_simple(parts)
    if not kinked.any():
        return parts
    return np.concatenate([parts[~kinked], shapely.get_parts(shapely.node(parts[kinked]))])


def _ends(parts: Shapes) -> tuple[Ints, Floats, Floats]:
    """Return the two ends of every line: its number, metres along it, and x, y."""
    of_line = np.tile(np.arange(len(parts)), 2)
    along = np.concatenate([np.zeros(len(parts)), shapely.length(parts)])
    spots = np.concatenate(
        [shapely.get_coordinates(shapely.get_point(parts, place)) for place in (0, -1)]
    )
    return of_line, along, spots


def _crossings(parts: Shapes, snap_m: float) -> tuple[Ints, Floats, Floats]:
    """Return ends, and where lines cross, touch or overlap: line, metres along it, x and y."""
    of_line, along, spots = _ends(parts)
    tree = shapely.STRtree(parts)
    end, line = tree.query(shapely.points(spots), predicate="dwithin", distance=snap_m)
    first, second = tree.query(parts, predicate="intersects")
    first, second = first[first < second], second[first < second]
    met, pair = shapely.get_parts(
        shapely.intersection(parts[first], parts[second]), return_index=True
    )
    # an overlap counts by its two ends
    cut, of_met = shapely.get_coordinates(met, return_index=True)
    pair = pair[of_met]
    lines = np.concatenate([line, first[pair], second[pair]])
    places = np.concatenate([spots[end], cut, cut])
    measure = shapely.line_locate_point(parts[lines], shapely.points(places))
    return (
        np.concatenate([of_line, lines]),
        np.concatenate([along, measure]),
        np.concatenate([spots, places]),
    )


def _shared_vertices(parts: Shapes, snap_m: float) -> tuple[Ints, Floats, Floats]:
    """Return ends, and vertices that several lines have: line, metres along it, x and y."""
    of_line, along, spots = _ends(parts)
    vertex, line = shapely.get_coordinates(parts, return_index=True)
    measure = _measures(vertex, line)
    group, _ = _merged(vertex, snap_m)
    shared = np.bincount(group)[group] > 1
    inner = shared & (measure > 0) & (measure < shapely.length(parts)[line])
    return (
        np.concatenate([of_line, line[inner]]),
        np.concatenate([along, measure[inner]]),
        np.concatenate([spots, vertex[inner]]),
    )


def _measures(vertex: Floats, line: Ints) -> Floats:
    """Return the metres along its line of every vertex."""
    step = np.hypot(*np.diff(vertex, axis=0).T) * (np.diff(line) == 0)
    total = np.concatenate([[0.0], np.cumsum(step)])
    begin = np.searchsorted(line, line)
    made: Floats = total - total[begin]
    return made


def _merged(spots: Floats, snap_m: float) -> tuple[Ints, Floats]:
    """Return the node of every spot, and the nodes in order of x, then y: spots this close are one."""
    once, number = np.unique(spots, axis=0, return_inverse=True)
    pairs = cKDTree(once).query_pairs(snap_m, output_type="ndarray")
    linked = sp.coo_array(
        (np.ones(len(pairs), dtype=bool), (pairs[:, 0], pairs[:, 1])), shape=(len(once), len(once))
    )
    _, group = csgraph.connected_components(linked, directed=False)
    # unique sorted by x and y: the first of a group stands for it
    _, first, node = np.unique(group, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return rank[node][number.reshape(-1)], once[first[order]]


def _pieces(
    parts: Shapes, base: Floats, cut: Floats, node: Ints, nodes: Floats, snap_m: float
) -> tuple[Shapes, Ints, Ints]:
    """Cut the lines, laid end to end along one axis from `base`, at the nodes; return pieces and ends."""
    order = np.lexsort((node, cut))
    cut, node = cut[order], node[order]
    line = np.searchsorted(base, cut + ROUNDING_M / 2, side="right") - 1
    one_line = line[1:] == line[:-1]
    tail, head = node[:-1], node[1:]
    span = np.diff(cut)
    # back at the same node after next to nothing is no street, after more a loop
    real = one_line & (span > ROUNDING_M) & ((tail != head) | (span > 4 * snap_m))
    vertex, of_line = shapely.get_coordinates(parts, return_index=True)
    at = base[of_line] + _measures(vertex, of_line)
    before = np.clip(np.searchsorted(cut, at, side="right") - 1, 0, len(span) - 1)
    inner = real[before] & (at > cut[before] + ROUNDING_M) & (at < cut[before + 1] - ROUNDING_M)
    number = np.cumsum(real) - 1
    count = int(real.sum())
    owner = np.concatenate([np.arange(count), number[before[inner]], np.arange(count)])
    place = np.concatenate([cut[:-1][real], at[inner], cut[1:][real]])
    spots = np.concatenate([nodes[tail[real]], vertex[inner], nodes[head[real]]])
    order = np.lexsort((place, owner))
    made: Any = shapely.linestrings(spots[order], indices=owner[order])
    return made, tail[real], head[real]


def _network(
    lines: Shapes,
    tail: Ints,
    head: Ints,
    nodes: Floats,
    crs: pyproj.CRS | None,
    notes: tuple[str, ...],
) -> Network:
    turned = tail > head
    lines = lines.copy()
    lines[turned] = shapely.reverse(lines[turned])
    tail, head = np.minimum(tail, head), np.maximum(tail, head)
    length, middle = shapely.length(lines), shapely.get_coordinates(shapely.centroid(lines))
    order = np.lexsort((middle[:, 1], middle[:, 0], length, head, tail))
    lines, tail, head, length = lines[order], tail[order], head[order], length[order]
    there = length > 0
    lines, tail, head, length = lines[there], tail[there], head[there], length[there]
    matrix = _shortest(tail, head, length, len(nodes))
    component = _by_size(csgraph.connected_components(matrix, directed=False)[1])
    return Network(
        nodes, tail, head, length, lines, matrix, component, shapely.STRtree(lines), crs, notes
    )


def _shortest(tail: Ints, head: Ints, length: Floats, count: int) -> sp.csr_array:
    """Return the symmetric matrix of the shortest edge between two nodes."""
    between = tail != head
    tail, head, length = tail[between], head[between], length[between]
    first = np.ones(len(tail), dtype=bool)  # edges are sorted by nodes, then length
    first[1:] = (tail[1:] != tail[:-1]) | (head[1:] != head[:-1])
    tail, head, length = tail[first], head[first], length[first]
    both = (np.concatenate([tail, head]), np.concatenate([head, tail]))
    return sp.csr_array(sp.coo_array((np.tile(length, 2), both), shape=(count, count)))


def _by_size(group: NDArray[Any]) -> Ints:
    """Number groups by falling size, then by their first member."""
    _, first, number, size = np.unique(
        group, return_index=True, return_inverse=True, return_counts=True
    )
    rank = np.empty(len(size), dtype=np.int64)
    rank[np.lexsort((first, -size))] = np.arange(len(size))
    return rank[number]
