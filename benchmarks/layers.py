"""Layers for the overlay benchmarks: a drawn district of 388 km2, the same on every machine.

Coordinates are EPSG:4547 (500 km east, 2,500 km north), rounded to the millimetre; the district is a
rectangle turned by seven degrees, so that two layers with the same outline differ along it by rounding alone.
Every function returns a GeoDataFrame with an id, a class column and valid polygons, in seconds:

=================  ======================================================================  ===========
layer              what it is like                                                         class column
=================  ======================================================================  ===========
parcels            clean coverage, 16 vertices per polygon                                 tenure
land_use           clean coverage, 669 vertices per polygon, borders of its own            land_use
near_coincident    dissolved parcels drawn anew, decimetres off; loses ground outside      land_use
control_lines      three kinds that overlap one another, up to 88,805 vertices             kind
buildings          rotated rectangles that do not touch one another                        storeys
=================  ======================================================================  ===========

``python benchmarks/layers.py`` prints what was drawn and checks it.
"""

from __future__ import annotations

from time import perf_counter

import geopandas as gpd
import numpy as np
import shapely

CRS = "EPSG:4547"
WIDTH_M, HEIGHT_M = 24_250.0, 16_000.0
CENTRE = (512_000.0, 2_511_000.0)
TURN = np.radians(7.0)
STEEPEST = 0.3  # of a border against the straight line; two at a corner stay apart below 0.5
TENURES = ("state", "collective", "mixed", "unknown")
LAND_USES = ("M1", "M0", "W1", "R2", "R4", "C1", "GIC", "G1", "S1", "E1")
KINDS = {  # kind: area in km2, polygons, share of the district around the largest, its vertices
    "ecological": (198.0, 99, 0.85, 88_805),
    "farmland": (44.0, 75, 0.4, 24_207),
    "industrial": (74.0, 75, 0.4, 21_467),
}


def parcels(count=30_455, seed=1):
    """Return a clean coverage of small polygons (also for 151,169 of them)."""
    random = np.random.default_rng(seed)
    shapes, row, column = _lattice(count, (2, 4), 0.0, random)
    return _table(
        "parcel_id",
        shapes,
        tenure=random.choice(TENURES, count, p=(0.5, 0.3, 0.15, 0.05)),
        row=row,
        column=column,
    )


def land_use(count=5_206, seed=2):
    """Return a clean coverage of long-winded polygons with the outline of the parcels."""
    random = np.random.default_rng(seed)
    shapes, _, _ = _lattice(count, (105, 228), 0.02, random)
    return _table("use_id", shapes, land_use=random.choice(LAND_USES, count))


def near_coincident(parcels, step_m=2.5, noise_m=0.15, seed=3):
    """Return blocks of about six parcels, their borders drawn anew some decimetres off."""
    random = np.random.default_rng(seed)
    strip = parcels["row"].to_numpy() // 2
    columns = int(parcels["column"].max()) + 1
    starts = random.random((strip.max() + 1, columns)) < 1 / 3
    block = np.cumsum(starts.ravel()).reshape(starts.shape)[strip, parcels["column"]]
    block = np.unique(block * (strip.max() + 1) + strip, return_inverse=True)[1]
    order = np.argsort(block, kind="stable")
    groups = np.split(parcels.geometry.to_numpy()[order], np.flatnonzero(np.diff(block[order])) + 1)
    blocks = np.array([shapely.coverage_union_all(group) for group in groups])
    shapes = _redrawn(blocks, step_m, noise_m)
    return _table("use_id", shapes, land_use=random.choice(LAND_USES, len(shapes)))


def control_lines(seed=4):
    """Return 249 fractal polygons in three kinds; those of one kind are disjoint."""
    random = np.random.default_rng(seed)
    shapes, kinds = [], []
    for kind, (area_km2, count, share, largest) in KINDS.items():
        cells = _cells(count, share, random)
        vertices = np.maximum(200, 6_000 / np.arange(1, count + 1) ** 0.8).astype(int)
        vertices[0] = largest
        local = [_star(cell, n, random) for cell, n in zip(cells, vertices, strict=True)]
        drawn = sum(shapely.Polygon(centre + rays).area for centre, rays in local)
        scale = np.sqrt(area_km2 * 1e6 / drawn)
        shapes += [shapely.Polygon(_placed(centre + scale * rays)) for centre, rays in local]
        kinds += [kind] * count
    return _table("control_id", np.array(shapes), kind=np.array(kinds))


def buildings(count=200_000, seed=5):
    """Return small rectangles, each turned its own way."""
    random = np.random.default_rng(seed)
    side = np.sqrt(WIDTH_M * HEIGHT_M / count)
    across = int(np.ceil(WIDTH_M / side))
    down = int(np.ceil(count / across))
    at = np.arange(count)
    cell = np.stack([at % across, at // across], axis=1) + 0.5
    middle = (
        cell * (WIDTH_M / across, HEIGHT_M / down) + random.uniform(-0.08, 0.08, (count, 2)) * side
    )
    half = random.uniform(0.1, 0.29, (count, 2)) * side
    angle = random.uniform(0, np.pi, count)
    along = np.stack([np.cos(angle), np.sin(angle)], axis=1) * half[:, :1]
    aside = np.stack([-np.sin(angle), np.cos(angle)], axis=1) * half[:, 1:]
    corners = [middle - along - aside, middle + along - aside, middle + along + aside]
    rings = np.stack([*corners, middle - along + aside, corners[0]], axis=1)
    shapes = shapely.polygons(_placed(rings - (WIDTH_M / 2, HEIGHT_M / 2)))
    return _table("building_id", shapes, storeys=random.integers(1, 31, count))


def _table(name, shapes, **columns):
    ids = [f"{name[0].upper()}{at:06d}" for at in range(1, len(shapes) + 1)]
    return gpd.GeoDataFrame({name: ids, **columns}, geometry=shapes, crs=CRS)


def _placed(points):
    """Turn and move points of the upright district about the origin; round to millimetres."""
    x, y = points[..., 0], points[..., 1]
    turned = np.stack(
        [x * np.cos(TURN) - y * np.sin(TURN), x * np.sin(TURN) + y * np.cos(TURN)], axis=-1
    )
    return np.round(turned + CENTRE, 3)


def _lattice(count, between, fine_m, random):
    """Return `count` cells of a shaken lattice whose edges bear `between` inner vertices each."""
    across = int(np.ceil(np.sqrt(count * WIDTH_M / HEIGHT_M)))
    down = int(np.ceil(count / across))
    node = np.stack(np.meshgrid(np.arange(across + 1.0), np.arange(down + 1.0)), axis=-1)
    shake = random.uniform(-0.22, 0.22, node.shape)
    shake[:, [0, -1], 0] = 0.0
    shake[[0, -1], :, 1] = 0.0
    node = (node + shake) * (WIDTH_M / across, HEIGHT_M / down) - (WIDTH_M / 2, HEIGHT_M / 2)
    lying = _edges(node[:, :-1], node[:, 1:], between, fine_m, random, straight=[0, -1])
    upright = _edges(
        node[:-1].swapaxes(0, 1), node[1:].swapaxes(0, 1), between, fine_m, random, straight=[0, -1]
    )
    row, column = np.divmod(np.arange(across * down), across)
    pairs = np.flatnonzero((column % 2 == 0) & (column < across - 1))
    doubled = random.choice(pairs, across * down - count, replace=False)  # with its right neighbour
    wide = np.isin(np.arange(across * down), doubled)
    kept = ~np.isin(np.arange(across * down), doubled + 1)
    row, column, wide = row[kept], column[kept], wide[kept]
    last = column + wide
    points, there = zip(
        _side(lying, row, column, forward=True),
        _side(lying, row, last, forward=True, only=wide),
        _side(upright, last + 1, row, forward=True),
        _side(lying, row + 1, last, forward=False),
        _side(lying, row + 1, column, forward=False, only=wide),
        _side(upright, column, row, forward=False),
        strict=True,
    )
    points, there = np.concatenate(points, axis=1), np.concatenate(there, axis=1)
    owner = np.repeat(np.arange(count), there.sum(axis=1))
    return shapely.polygons(shapely.linearrings(points[there], indices=owner)), row, column


def _edges(start, end, between, fine_m, random, straight):
    """Return padded points of edges, and which are real: once for both owners of an edge."""
    inner = random.integers(between[0], between[1], start.shape[:2], endpoint=True)
    place = np.arange(between[1] + 2.0)
    t = np.minimum(place / (inner[..., None] + 1), 1.0)
    wave = sum(
        random.uniform(-1, 1, (*inner.shape, 1))
        * np.sin(np.pi * (k * t + random.uniform(0, 2, (*inner.shape, 1))))
        / k
        for k in (1, 2, 3, 5, 8)
    ) / (1 + 1 / 2 + 1 / 3 + 1 / 5 + 1 / 8)
    wave *= STEEPEST * np.minimum(t, 1 - t)
    along = (end - start)[..., None, :]
    length = np.hypot(along[..., 0], along[..., 1])
    wave += random.uniform(-fine_m, fine_m, t.shape) / length * ((t > 0) & (t < 1))
    wave[straight] = 0.0
    aside = np.stack([-along[..., 1], along[..., 0]], axis=-1)
    points = start[..., None, :] + t[..., None] * along + wave[..., None] * aside
    last = place == inner[..., None] + 1
    points[last] = end.reshape(-1, 2)
    return _placed(points), place <= inner[..., None] + 1


def _side(edges, first, second, *, forward, only=None):
    """Return one side of every cell without its last point."""
    points, real = edges[0][first, second], edges[1][first, second].copy()
    if forward:
        real[np.arange(len(real)), real.sum(axis=1) - 1] = False
    else:
        real[:, 0] = False
        points, real = points[:, ::-1], real[:, ::-1]
    if only is not None:
        real &= only[:, None]
    return points, real


def _redrawn(shapes, step_m, noise_m):
    """Return polygons with a vertex every `step_m`, each moved by noise that hangs on its place alone."""
    rings, polygon = shapely.get_parts(shapes, return_index=True)
    rings = shapely.get_exterior_ring(rings)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    same = np.flatnonzero(ring[1:] == ring[:-1])
    start, end = xy[same], xy[same + 1]
    swap = (start[:, 0] > end[:, 0]) | ((start[:, 0] == end[:, 0]) & (start[:, 1] > end[:, 1]))
    low, high = np.where(swap[:, None], end, start), np.where(swap[:, None], start, end)
    parts = np.maximum(1, np.ceil(np.hypot(*(high - low).T) / step_m)).astype(int)
    segment = np.repeat(np.arange(len(parts)), parts)
    place = np.arange(len(segment)) - np.repeat(np.cumsum(parts) - parts, parts)
    t = np.where(swap[segment], parts[segment] - place, place) / parts[segment]
    points = np.round(low[segment] * (1 - t)[:, None] + high[segment] * t[:, None], 3)
    moved = np.round(points + noise_m * (2 * _hashed(points) - 1), 3)
    drawn = shapely.polygons(shapely.linearrings(moved, indices=ring[same][segment]))
    return drawn if len(drawn) == len(shapes) else shapely.multipolygons(drawn, indices=polygon)


def _hashed(points):
    """Return two numbers in 0..1 for each point, the same for the same millimetres (splitmix64)."""
    grid = np.round(points * 1000).astype(np.int64).astype(np.uint64)
    seed = grid[:, 0] * np.uint64(0x9E3779B97F4A7C15) ^ grid[:, 1] * np.uint64(0xC2B2AE3D27D4EB4F)
    both = np.stack([seed, seed + np.uint64(0x9E3779B97F4A7C15)], axis=1)
    both = (both ^ (both >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    both = (both ^ (both >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (both ^ (both >> np.uint64(31))).astype(np.float64) / 2.0**64


def _cells(count, share, random):
    """Cut the district into rectangles of very different sizes, largest first: it has `share` of all."""
    border = (share - 0.5) * WIDTH_M
    cells = [(border, -HEIGHT_M / 2, WIDTH_M / 2, HEIGHT_M / 2)]
    while len(cells) < count - 1:
        weights = np.array([(x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in cells]) ** 0.6
        x0, y0, x1, y1 = cells.pop(random.choice(len(cells), p=weights / weights.sum()))
        share = random.uniform(0.3, 0.7)
        if x1 - x0 >= y1 - y0:
            middle = x0 + share * (x1 - x0)
            cells += [(x0, y0, middle, y1), (middle, y0, x1, y1)]
        else:
            middle = y0 + share * (y1 - y0)
            cells += [(x0, y0, x1, middle), (x0, middle, x1, y1)]
    cells.sort(key=lambda cell: -(cell[2] - cell[0]) * (cell[3] - cell[1]))
    return [(-WIDTH_M / 2, -HEIGHT_M / 2, border, HEIGHT_M / 2), *cells]


def _star(cell, vertices, random):
    """Return a centre and the rays of a fractal outline that stays within its cell."""
    x0, y0, x1, y1 = cell
    angle = 2 * np.pi * (np.arange(vertices) + random.uniform(-0.2, 0.2, vertices)) / vertices
    wave = np.zeros(vertices // 2 + 1, dtype=complex)
    k = np.arange(2, len(wave))
    wave[2:] = k**-1.2 * np.exp(2j * np.pi * random.random(len(k)))
    noise = np.fft.irfft(wave, vertices)
    reach = 0.86 + 0.13 * noise / np.abs(noise).max()  # of the way to the cell's border
    way = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    border = np.minimum(
        (x1 - x0) / 2 / np.maximum(np.abs(way[:, 0]), 1e-12),
        (y1 - y0) / 2 / np.maximum(np.abs(way[:, 1]), 1e-12),
    )
    return np.array([(x0 + x1) / 2, (y0 + y1) / 2]), way * (border * reach)[:, None]


def main():
    for name, draw in {
        "parcels": parcels,
        "parcels 150k": lambda: parcels(151_169),
        "land_use": land_use,
        "near_coincident": lambda: near_coincident(parcels()),
        "control_lines": control_lines,
        "buildings": buildings,
    }.items():
        began = perf_counter()
        layer = draw()
        seconds = perf_counter() - began
        count = layer.count_coordinates() - 1
        print(
            f"{name}: {len(layer):,} polygons, {count.sum():,} vertices (mean {count.mean():.1f}, largest "
            f"{count.nlargest(3).tolist()}), {layer.area.sum() / 1e6:.6f} km2, {seconds:.1f} s, "
            f"valid {layer.is_valid.all()}, coverage {layer.is_valid_coverage()}",
            flush=True,
        )


if __name__ == "__main__":
    main()
