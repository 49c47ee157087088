"""How right slopes are: rules for missing neighbours, grids in degrees, feet and projections, and what they cost.

    python benchmarks/slopes.py [--out docs]

Drawn surfaces whose gradient is known, the same on every machine; nothing is read. Seconds are those of the processor.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyproj
import shapely
from zones_bench import circumstances_of, renew

from renewal_geo.potential import Criterion
from renewal_geo.potential.raster_measures import raster_figures
from renewal_geo.spatial.rasters import Raster
from renewal_geo.spatial.slopes import COLUMN, ROW, WEIGHT, slope

MARKERS = ("<!-- slopes begin -->", "<!-- slopes end -->")
LOCAL = "EPSG:4547"
EAST, NORTH, SIDE_M = 510_000.0, 2_510_000.0, 4_000.0
DRAWS = 20_000
MIDDLE = 4  # of nine cells


def drawn_windows(random):
    """Return 3 x 3 heights of quadratics (slopes of about 17 degrees, bends of 5 % per cell), and their slopes."""
    rise, bend = random.normal(0, 0.3, (DRAWS, 2)), random.normal(0, 0.05, (DRAWS, 3))
    x, y = COLUMN.ravel(), ROW.ravel()
    heights = rise @ np.stack([x, y]) + bend @ np.stack([x * x, x * y, y * y])
    return heights, degrees_of(rise)


def degrees_of(gradient):
    return np.degrees(np.arctan(np.hypot(*gradient.T)))


def by_fit(heights, there):
    """Return the slopes that we give, with a row and a column of nothing between the windows."""
    cells = np.full((DRAWS, 4, 4), np.nan)
    cells[:, :3, :3] = np.where(there, heights, np.nan).reshape(-1, 3, 3)
    raster = Raster(cells.reshape(-1, 4), (1, 0, EAST, 0, -1, NORTH), LOCAL, unit="m")
    return slope(raster)[0].values[0 : 4 * DRAWS, 1:2][1::4, 0]


def by_flat(heights, there):
    """Put the middle cell for its missing neighbours, as gdaldem -compute_edges does beside nodata."""
    return horn(np.where(there, heights, heights[:, [MIDDLE]]))


def by_mirror(heights, there):
    """Put the neighbour on the other side, mirrored at the middle cell; the middle cell where both are missing."""
    middle, other = heights[:, [MIDDLE]], heights[:, ::-1]
    return horn(np.where(there, heights, np.where(there[:, ::-1], 2 * middle - other, middle)))


def horn(heights):
    sides = np.stack([WEIGHT.ravel() * COLUMN.ravel(), WEIGHT.ravel() * ROW.ravel()])
    return degrees_of(heights @ sides.T / 8)


def edge_table(random):
    """Return the table of rules beside missing neighbours."""
    x, y = COLUMN.ravel(), ROW.ravel()
    cases = {
        "nothing missing": np.ones((DRAWS, 9), dtype=bool),
        "a whole side, as at an edge": np.tile(x >= 0, (DRAWS, 1)),
        "two sides, as at a corner": np.tile((x >= 0) & (y >= 0), (DRAWS, 1)),
        "one neighbour of eight": np.ones((DRAWS, 9), dtype=bool),
        "three in ten neighbours": random.random((DRAWS, 9)) > 0.3,
    }
    lost = random.choice(np.delete(np.arange(9), MIDDLE), DRAWS)
    cases["one neighbour of eight"][np.arange(DRAWS), lost] = False
    heights, exact = drawn_windows(random)
    text = "| missing | plane by least squares (ours) | gdaldem beside nodata | mirrored |\n| --- | --: | --: | --: |\n"
    for name, there in cases.items():
        there[:, MIDDLE] = True
        told = [
            found - exact
            for found in (rule(heights, there) for rule in (by_fit, by_flat, by_mirror))
        ]
        cells = (f"{np.sqrt(np.nanmean(one**2)):.2f} ({np.nanmean(one):+.2f})" for one in told)
        text += f"| {name} | {' | '.join(cells)} |\n"
    return text


def height(x, y):
    """Return hills of 60 m, 2 to 3 km apart, on ground that rises eastward."""
    return 120 + 60 * np.sin((x - EAST) / 350) * np.cos((y - NORTH) / 450) + 0.03 * (x - EAST)


def steepness(x, y):
    east = 60 / 350 * np.cos((x - EAST) / 350) * np.cos((y - NORTH) / 450) + 0.03
    north = -60 / 450 * np.sin((x - EAST) / 350) * np.sin((y - NORTH) / 450)
    return np.degrees(np.arctan(np.hypot(east, north)))


def plots(random, count=60):
    """Return turned parcels of 120 m x 80 m, and their mean slopes by 14,000 points each."""
    corners = random.uniform(300, SIDE_M - 300, (count, 2)) + np.array([EAST, NORTH])
    shapes = [
        shapely.affinity.rotate(shapely.box(x - 60, y - 40, x + 60, y + 40), turn)
        for (x, y), turn in zip(corners, random.uniform(0, 90, count), strict=True)
    ]
    means = []
    for one in shapes:
        left, bottom, right, top = one.bounds
        x, y = np.meshgrid(np.linspace(left, right, 120), np.linspace(bottom, top, 120))
        inside = shapely.contains_xy(one, x, y)
        means.append(steepness(x[inside], y[inside]).mean())
    return gpd.GeoDataFrame(geometry=shapes, crs=LOCAL), np.array(means)


def surface(crs, cell, unit=("m", 1.0)):
    """Return the hills on a grid of a CRS, exact at the middle of every cell."""
    there = pyproj.Transformer.from_crs(LOCAL, crs, always_xy=True)
    back = pyproj.Transformer.from_crs(crs, LOCAL, always_xy=True)
    left, bottom, right, top = there.transform_bounds(EAST, NORTH, EAST + SIDE_M, NORTH + SIDE_M)
    columns, rows = int((right - left) / cell) + 1, int((top - bottom) / cell) + 1
    x, y = np.meshgrid(
        left + (np.arange(columns) + 0.5) * cell, top - (np.arange(rows) + 0.5) * cell
    )
    heights = height(*back.transform(x, y)) / unit[1]
    return Raster(heights, (cell, 0, left, 0, -cell, top), crs, unit=unit[0], name="dem")


def grid_table(random):
    """Return the table of grids: how far mean slopes of parcels are off."""
    parcels, exact = plots(random)
    asked = Criterion("slope", source="raster", layer="dem", derive="slope_deg")
    second = 1 / 3600
    grids = [
        ("EPSG:4547, 10 m", surface(LOCAL, 10), 1.0),
        ("EPSG:4547, 30 m", surface(LOCAL, 30), 1.0),
        ("EPSG:4547, 10 m, heights in feet", surface(LOCAL, 10, ("ft", 0.3048)), 1.0),
        ("EPSG:32650, 10 m", surface("EPSG:32650", 10), 1.0),
        ("EPSG:4326, 1/3 second", surface("EPSG:4326", second / 3), 111_120.0),
        ("EPSG:4490, 1 second", surface("EPSG:4490", second), 111_120.0),
        ("EPSG:3857, 10 m", surface("EPSG:3857", 10), 1.0),
        ("EPSG:3035, 10 m (Europe's grid, far outside Europe)", surface("EPSG:3035", 10), 1.0),
    ]
    text = (
        "| grid | largest error | mean error | mean error with the cell size of the grid |\n"
        "| --- | --: | --: | --: |\n"
    )
    for name, raster, metres in grids:
        off = raster_figures(parcels, asked, raster).figures.to_numpy() - exact
        a, _, _, _, e, _ = raster.transform
        factor = 0.3048 if raster.unit == "ft" else 1.0
        flat = Raster(
            raster.values * factor, (a * metres, 0, EAST, 0, e * metres, NORTH), LOCAL, unit="m"
        )
        made, _ = slope(flat)
        cells = Raster(
            made.values[0 : flat.values.shape[0], 0 : flat.values.shape[1]],
            raster.transform,
            raster.crs,
        )
        level = Criterion("level", source="raster", layer="dem")
        naive = raster_figures(parcels, level, cells).figures.to_numpy() - exact
        text += (
            f"| {name} | {np.abs(off).max():.3f}° | {off.mean():+.3f}° | {naive.mean():+.3f}° |\n"
        )
    least, greatest = exact.min(), exact.max()
    return (
        f"{text}\nMean slope of the {len(parcels)} parcels: {exact.mean():.2f}° ({least:.1f}° to {greatest:.1f}°). "
        f"With the cell size of the grid: map metres as they are, degrees as 111,120 m (`gdaldem -s 111120`).\n"
    )


def cost_table(random):
    """Return the table of costs on 9 million cells and 20,000 parcels."""
    side, count = 3_000, 20_000
    heights = random.random((side, side), dtype="float32")
    left, top = EAST, NORTH + side * 10.0
    dem = Raster(heights, (10, 0, left, 0, -10, top), LOCAL, unit="m")
    codes = Raster((heights * 5).astype("uint8"), dem.transform, LOCAL)
    whole = shapely.box(*dem.bounds)
    points = shapely.multipoints(random.random((count, 2)) * side * 10 + [left, NORTH])
    shapes = shapely.intersection(shapely.get_parts(shapely.voronoi_polygons(points)), whole)
    parcels = gpd.GeoDataFrame(geometry=shapes, crs=LOCAL)
    cases = {
        "mean": (dem, {}),
        "median": (dem, {"statistic": "median"}),
        "mean slope": (dem, {"derive": "slope_deg"}),
        "share of codes": (codes, {"statistic": "share", "values": ("1", "2")}),
        "mean within 300 m": (dem, {"within_m": 300.0}),
    }
    text = "| figure | CPU s |\n| --- | --: |\n"
    for name, (raster, more) in cases.items():
        start = time.process_time()
        raster_figures(parcels, Criterion("c", source="raster", layer="dem", **more), raster)
        text += f"| {name} | {time.process_time() - start:.1f} |\n"
    return text


def main():
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ask.add_argument("--out", type=Path, help="folder of potential_rasters.md")
    given = ask.parse_args()
    random = np.random.default_rng(0)
    text = (
        f"Missing neighbours, root mean square error (mean error) in degrees of {DRAWS:,} drawn quadratics:\n\n"
        f"{edge_table(random)}\nGrids, mean slope of parcels of 120 m x 80 m on drawn hills:\n\n{grid_table(random)}\n"
        f"9 million cells, 20,000 parcels, {circumstances_of()}\n\n{cost_table(random)}"
    )
    print(text)
    if given.out:
        renew(given.out / "potential_rasters.md", MARKERS, text)


if __name__ == "__main__":
    main()
