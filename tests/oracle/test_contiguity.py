"""Frontages against a second implementation: every ray by shapely, point by point, sharing no code."""

from itertools import pairwise

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely import LineString, Point, box
from shapely.affinity import rotate, translate

from renewal_geo.contiguity import connect

STEP = 0.5


def sampled(shapes, walls, gap_max, tolerance):
    """Return {(i, j): metres of i that face j} by the definition, for polygons without wide overlaps."""
    barrier = shapely.union_all(walls) if walls else shapely.Polygon()
    faced = {}
    for i, own in enumerate(shapes):
        others = [j for j in range(len(shapes)) if j != i and shapes[j] is not None]
        rings = [own.exterior, *own.interiors]
        for ring in rings:
            for p, q in pairwise(np.array(ring.coords)):
                long = np.hypot(*(q - p))
                if long == 0:
                    continue
                normal = np.array([q[1] - p[1], p[0] - q[0]]) / long
                middle = Point((p + q) / 2 + normal * 1e-5)
                if own.contains(middle):
                    normal = -normal
                n = max(1, int(np.ceil(long / STEP - 1e-9)))
                for k in range(n):
                    at = p + (q - p) * (k + 0.5) / n
                    for j in met(at, normal, i, own, others, shapes, barrier, gap_max, tolerance):
                        faced[i, j] = faced.get((i, j), 0.0) + long / n
    return faced


def met(at, normal, i, own, others, shapes, barrier, gap_max, tolerance):
    probe = LineString([at - normal * tolerance, at + normal * tolerance])
    near = []
    for j in others:
        touch = shapely.intersection(probe, shapes[j].exterior)
        if touch.is_empty:
            continue
        way = LineString([at, shapely.ops.nearest_points(Point(at), touch)[1]])
        if way.distance(barrier) > 1e-6 or barrier.is_empty:
            near.append(j)
    if near:
        return near
    ray = LineString([at + normal * 1e-6, at + normal * gap_max])
    stops = [(hit(ray, shapes[j]), j) for j in [*others, i]]
    distance, first = min(stops)
    wall = hit(ray, barrier)
    return [first] if first != i and distance < np.inf and distance < wall else []


def hit(ray, shape):
    meeting = shapely.intersection(ray, shape)
    return np.inf if meeting.is_empty else Point(ray.coords[0]).distance(meeting)


def scattered(seed):
    """Turned rectangles and L-shapes that do not overlap, with streets of any width between."""
    rng = np.random.default_rng(seed)
    shapes = []
    while len(shapes) < 9:
        w, h = rng.uniform(15, 50, 2)
        shape = box(0, 0, w, h)
        if rng.random() < 0.4:
            shape = shape.difference(box(w * 0.4, h * 0.5, w, h))
        shape = translate(rotate(shape, rng.uniform(0, 90)), *rng.uniform(0, 130, 2))
        if all(shape.distance(other) > 1.0 for other in shapes):
            shapes.append(shape)
    line = LineString(rng.uniform(-20, 180, (2, 2))).buffer(3, cap_style="flat")
    return shapes, line


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("with_wall", [False, True])
def test_frontages_agree_with_the_definition(seed, with_wall):
    shapes, line = scattered(seed)
    walls = [line] if with_wall else []
    parcels = gpd.GeoDataFrame(geometry=shapes, index=[f"p{i}" for i in range(9)], crs="EPSG:4547")
    barriers = gpd.GeoDataFrame({"kind": ["rail"] * len(walls)}, geometry=walls, crs="EPSG:4547")
    found = connect(parcels, barriers if with_wall else None, gap_max_m=30, min_frontage_m=4)

    cut = [max(shapely.get_parts(s.difference(line)), key=lambda g: g.area) if with_wall else s
           for s in shapes]  # fmt: skip
    faced = sampled(cut, walls, 30.0, 0.5)
    mean = {(i, j): (faced.get((i, j), 0) + faced.get((j, i), 0)) / 2
            for i in range(9) for j in range(i + 1, 9)}  # fmt: skip
    sums = [sum(f for pair, f in mean.items() if i in pair) for i in range(9)]
    scale = [min(1.0, s.length / total) if total else 1.0
             for s, total in zip(shapes, sums, strict=True)]  # fmt: skip
    got = {(int(f[1:]), int(n[1:])): length
           for f, n, length in found.links[["focal", "neighbour", "frontage_m"]].to_numpy()}  # fmt: skip
    for (i, j), unscaled in mean.items():
        length = unscaled * min(scale[i], scale[j])
        gap = cut[i].distance(cut[j])
        slack = min(abs(length - 4), abs(length - gap / 2))
        if (i, j) in got:
            assert got[i, j] == pytest.approx(length, abs=1.0)
        elif slack > 1.0:
            assert length < 4 or length < gap / 2
