"""Geometry of a layer as whole pixels with shared vertices: holes, parts, lines and points alike."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from renewal_geo.foundation.errors import RenderError
from renewal_geo.maps.page.payload_arrays import SAMPLE, sampled_size

MERCATOR_HALF_M = math.pi * 6_378_137.0
CLOSE_M = 0.05  # no coordinate is further from where it was put
FINEST = 22  # world pixels of this zoom still fit 32 bits with sign
ELLIPSOID = 1.0034  # ground metres per metre of Web Mercator exceed cos(latitude) by this at most
NEW, BACK, ASIDE, JUMP = range(4)  # how a point follows the one before it

_KINDS = {"polygon": (3,), "line": (1, 2), "point": (0,)}
_COLLECTIONS = 4  # type ids from here on have parts

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """A layer in metres of Web Mercator.

    Attributes
    ----------
    rings_of
        Rings (or lines, or points) of each of the n features, 0 where nothing is drawn.
    points_of
        Points of each ring; a polygon's ring does not repeat its first.
    vertex_of
        Position in `vertices` of each point.
    vertices
        Distinct places in metres of Web Mercator, x and y.
    present, lost
        Features with a geometry of any kind, and those of them that lie off the world.
    """

    rings_of: Ints
    points_of: Ints
    vertex_of: Ints
    vertices: Floats
    present: NDArray[np.bool_]
    lost: NDArray[np.bool_]


def placed(geometry: gpd.GeoSeries, kind: str) -> Placed:
    """Return a layer's parts of `kind` in Web Mercator; every distinct place is projected once.

    Parameters
    ----------
    geometry
        n geometries with a CRS; missing and empty ones draw nothing.
    kind
        ``polygon``, ``line`` or ``point``: parts of other kinds are left out.

    Raises
    ------
    RenderError
        If there is no CRS.
    """
    if geometry.crs is None:
        raise RenderError(
            "the layer has no CRS and cannot be placed on a map", fix="set the CRS of the table"
        )
    shapes = geometry.to_numpy()
    present = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    singles, feature = _singles(shapes)
    wanted = np.isin(shapely.get_type_id(singles), _KINDS[kind])
    step = pyproj.Transformer.from_crs(geometry.crs, 3857, always_xy=True)
    lost = np.zeros(len(shapes), dtype=bool)
    lost[feature[~wanted][_off_world(singles[~wanted], step)]] = True
    singles, feature = singles[wanted], feature[wanted]
    if kind == "polygon":
        singles, deeper = shapely.get_rings(shapely.orient_polygons(singles), return_index=True)
        feature = feature[deeper]
    xy, ring = shapely.get_coordinates(singles, return_index=True)
    if kind == "polygon" and len(ring):
        open_ended = np.diff(ring, append=-1) == 0
        xy, ring = xy[open_ended], ring[open_ended]
    vertex_of, distinct = _distinct(xy)
    vertices = _projected(distinct, step)
    off = ~_on_world(vertices)
    if off.any():
        lost[feature[ring[off[vertex_of]]]] = True
    if lost.any():
        kept = ~lost[feature]
        used, vertex_of = np.unique(vertex_of[kept[ring]], return_inverse=True)
        vertices = vertices[used]
        ring = (np.cumsum(kept) - 1)[ring[kept[ring]]]
        feature = feature[kept]
    return Placed(
        np.bincount(feature, minlength=len(shapes)),
        np.bincount(ring, minlength=len(feature)),
        vertex_of,
        vertices,
        present,
        lost,
    )


def zoom_for(layers: list[Placed]) -> int:
    """Return the smallest zoom whose pixels keep every vertex within 5 cm of where it was.

    A rounded vertex moves by half the diagonal of a pixel at most, and a pixel is largest on the
    ground where the map comes nearest to the equator.
    """
    least = math.inf
    for one in layers:
        if len(one.vertices):
            low, high = float(one.vertices[:, 1].min()), float(one.vertices[:, 1].max())
            least = min(least, 0.0 if low < 0 < high else min(abs(low), abs(high)))
    if least == math.inf:
        least = 0.0
    # the cosine of the latitude of a Web Mercator ordinate y is 1 / cosh(y / R)
    ground = ELLIPSOID / math.cosh(least * math.pi / MERCATOR_HALF_M)
    for zoom in range(FINEST):
        pixel = 2 * MERCATOR_HALF_M / (256 * 2**zoom)
        if ground * pixel / math.sqrt(2) < CLOSE_M:
            return zoom
    return FINEST


def world_pixels(metres: Floats, zoom: int) -> Ints:
    """Return x and y in whole pixels of the world at `zoom`, y downwards."""
    scale = 256 * 2**zoom / (2 * MERCATOR_HALF_M)
    x, y = metres[:, 0] + MERCATOR_HALF_M, MERCATOR_HALF_M - metres[:, 1]
    return np.asarray(np.rint(np.column_stack([x, y]) * scale), dtype=np.int64)


def traced(layer: Placed, zoom: int, *, closed: bool) -> dict[str, Any]:
    """Return a layer's geometry as arrays: each place once, in the order in which points reach it.

    Parameters
    ----------
    layer
        What is drawn.
    zoom
        Of the pixels.
    closed
        Whether rings are closed: each then starts where it meets the rings before it.

    Notes
    -----
    A point is a new vertex (0), or one that was there before. Along a border that was traced from
    its other side, that is the point before the last vertex's previous visit (1); where several
    rings meet, the point before its visit before that (2). Otherwise (3) `jumps` says how far back
    from the next new vertex it is. `run` holds the differences of new vertices to the point before,
    x and y as two arrays or in turn in one, whichever is smaller; those of a ring's first point
    stand apart, as differences to the first point of the ring before: they are of another size.
    """
    pixels = world_pixels(layer.vertices, zoom)
    # pixels of any zoom up to FINEST have 30 bits
    code = pd.factorize((pixels[:, 0] << 31) + pixels[:, 1])[0][layer.vertex_of]
    order = _turned(code, layer.points_of) if closed else np.arange(len(code))
    code = pd.factorize(code[order])[0].astype(np.int64)
    whole = pixels[layer.vertex_of[order]]
    firsts = np.cumsum(layer.points_of) - layer.points_of
    first = np.zeros(len(code), dtype=bool)
    first[firsts] = True
    upcoming = _upcoming(code)
    follows = _followed(code, upcoming, _before(layer.points_of, closed=closed), first)
    new = follows == NEW
    delta = np.diff(whole, axis=0, prepend=np.zeros((1, 2), dtype=np.int64))
    lead = np.diff(whole[firsts], axis=0, prepend=whole[:1])[new[firsts]]
    run = delta[new & ~first]
    return {
        "closed": closed,
        "rings_of": layer.rings_of,
        "points_of": layer.points_of,
        "start": whole[0].tolist() if len(whole) else [0, 0],
        "follows": follows,
        "jumps": (upcoming - code)[follows == JUMP],
        "lead_x": lead[:, 0],
        "lead_y": lead[:, 1],
        "run": _smaller(run),
    }


def _smaller(steps: Ints) -> list[Ints]:
    """Return x and y as two arrays, or in turn as one where that deflates better."""
    half = SAMPLE // 2
    apart, turns = [steps[:, 0], steps[:, 1]], steps.ravel()
    alone = sampled_size(*(one[:half] for one in apart))
    return apart if alone <= sampled_size(turns[: 2 * half]) else [turns]


def _upcoming(code: Ints) -> Ints:
    """Return which number a new vertex would have at each point, numbers being given in order."""
    return np.append(0, np.maximum.accumulate(code) + 1)[:-1] if len(code) else code


def _before(points_of: Ints, *, closed: bool) -> Ints:
    """Return the point before each one; before a ring's first its last, before a line's first none."""
    before = np.arange(int(points_of.sum())) - 1
    firsts = np.cumsum(points_of) - points_of
    before[firsts] = firsts + points_of - 1 if closed else -1
    return before


def _turned(code: Ints, points_of: Ints) -> Ints:
    """Return the order of points in which each ring starts where it first meets an earlier ring.

    All it shares with them then comes in runs, and its new vertices after them.
    """
    ring = np.repeat(np.arange(len(points_of)), points_of)
    firsts = np.cumsum(points_of) - points_of
    place = np.arange(len(code)) - firsts[ring]
    earlier = ring[code == _upcoming(code)][code] < ring
    meets = np.flatnonzero(earlier & ~earlier[_before(points_of, closed=True)])
    turn = np.zeros(len(points_of), dtype=np.int64)
    turn[ring[meets][::-1]] = place[meets][::-1]
    return firsts[ring] + (place + turn[ring]) % points_of[ring]


def _followed(code: Ints, upcoming: Ints, before: Ints, first: NDArray[np.bool_]) -> Ints:
    """Return how each point follows the one before it."""
    order = np.argsort(code, kind="stable")
    again = np.flatnonzero(np.diff(code[order]) == 0)
    visit = np.full(len(code) + 1, -1)  # the previous visit to the same vertex; none of none
    visit[order[again + 1]] = order[again]
    here = np.arange(len(code))
    seen = visit[here - 1]
    guesses = []
    for _ in range(2):
        known = (seen >= 0) & ~first
        known &= (before[seen] >= 0) & (before[seen] < here)
        guesses.append(known & (code[before[seen]] == code))
        seen = visit[seen]
    return np.select([code == upcoming, *guesses], [NEW, BACK, ASIDE], JUMP)


def label_spots(geometry: gpd.GeoSeries, layer: Placed, zoom: int) -> Ints:
    """Return where captions stand, in world pixels: the middle of the widest place of a polygon.

    Lines and points take their middle. Rows without a place get (-1, -1).
    """
    there = layer.present & ~layer.lost
    shapes = shapely.make_valid(shapely.force_2d(geometry.to_numpy()[there]))
    points = shapely.centroid(shapes)
    areal = shapely.area(shapes) > 0
    points[areal] = shapely.get_point(shapely.maximum_inscribed_circle(shapes[areal]), 0)
    step = pyproj.Transformer.from_crs(geometry.crs, 3857, always_xy=True)
    spots = np.full((len(geometry), 2), -1, dtype=np.int64)
    spots[there] = world_pixels(_projected(shapely.get_coordinates(points), step), zoom)
    return spots


def _singles(shapes: NDArray[Any]) -> tuple[NDArray[Any], Ints]:
    """Return all parts that have no parts themselves, and whose they are; empty ones left out."""
    parts, feature = shapely.get_parts(shapes, return_index=True)
    while (shapely.get_type_id(parts) >= _COLLECTIONS).any():
        parts, deeper = shapely.get_parts(parts, return_index=True)
        feature = feature[deeper]
    there = ~shapely.is_empty(parts)
    return parts[there], feature[there]


def _off_world(shapes: NDArray[Any], step: pyproj.Transformer) -> NDArray[np.bool_]:
    """Return which shapes have a coordinate off the world of Web Mercator."""
    xy, shape = shapely.get_coordinates(shapes, return_index=True)
    off = ~_on_world(_projected(xy, step))
    return np.asarray(np.bincount(shape[off], minlength=len(shapes)) > 0)


def _on_world(metres: Floats) -> NDArray[np.bool_]:
    return np.asarray((np.abs(metres) <= MERCATOR_HALF_M).all(axis=1))  # false for nan too


def _distinct(xy: Floats) -> tuple[Ints, Floats]:
    """Return for each coordinate its position among the distinct ones, and those.

    Equality is found by a hash of the bits. Should two different places ever share one, all are kept.
    """
    bits = np.ascontiguousarray(xy).view(np.uint64).reshape(-1, 2)
    mixed = bits[:, 0] * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(29)
    code, _ = pd.factorize(mixed + bits[:, 1] * np.uint64(0xBF58476D1CE4E5B9))
    first = np.empty(code.max(initial=-1) + 1, dtype=np.int64)
    first[code[::-1]] = np.arange(len(code))[::-1]
    distinct = xy[first]
    if not np.array_equal(distinct[code], xy, equal_nan=True):
        return np.arange(len(xy)), xy
    return code, distinct


def _projected(xy: Floats, step: pyproj.Transformer) -> Floats:
    x, y = step.transform(xy[:, 0], xy[:, 1])
    return np.column_stack([x, y]).astype(np.float64, copy=False)
