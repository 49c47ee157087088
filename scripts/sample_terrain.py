"""Draw what lies under and around the parcels: heights, people, metro stations, municipal plants. All invented.

The two rasters come as planners have them: in degrees (CGCS2000), not in the grid of the parcels, with
cells of one and of three seconds of arc, and holes without data.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyproj
import rasterio
import shapely
from rasterio.transform import from_origin
from shapely import Point

SEED = 20200704
DEGREES = "EPSG:4490"
SECOND = 1 / 3600
DEM_NODATA, PEOPLE_NODATA = -9999.0, -99999.0
MARGIN_M = 900.0
PEAK_M = 210.0
LINES = ("虚构3号线", "虚构10号线", "虚构14号线")
PLANTS = {  # kind: (how many, capacity, unit of it)
    "污水处理厂": (3, 60_000.0),
    "自来水厂": (2, 100_000.0),
    "变电站": (6, 220.0),
    "垃圾转运站": (5, 180.0),
}


def heights(
    parcels: gpd.GeoDataFrame, hills: list[Any], onto_ground: Any, path: Path, lake: Any
) -> None:
    """Write a DEM of one second of arc: gentle ground, steep hills at the edges, a reservoir without data."""
    rng = np.random.default_rng(SEED)
    transform, shape, east, north = _grid(parcels, SECOND)
    ground = 34.0 + 0.0011 * (north - north.min()) + 7.0 * _waves(rng, east, north, 2_600.0)
    ground += 2.2 * _waves(rng, east, north, 700.0)
    for hill in hills:
        outline = shapely.transform(hill.segmentize(60.0), onto_ground)
        middle = outline.centroid
        reach = np.sqrt(outline.area / np.pi)
        away = np.hypot(east - middle.x, north - middle.y) / reach
        ridge = 1.0 + 0.18 * _waves(rng, east, north, 900.0)
        ground += PEAK_M * np.clip(1.12 - away, 0.0, None) ** 1.25 * ridge
    cells = np.round(np.clip(ground, 4.0, None), 1).astype(np.float32).reshape(shape)
    wet = shapely.contains_xy(lake.buffer(25.0), east, north).reshape(shape)
    cells[wet] = DEM_NODATA
    _write(path, cells, transform, DEM_NODATA, unit="m")


def people(parcels: gpd.GeoDataFrame, homes: gpd.GeoDataFrame, path: Path) -> None:
    """Write people per cell of three seconds of arc, by the floor area of the parcels where they live.

    They add up to the people of the layer `demand`.
    """
    transform, shape, _, _ = _grid(parcels, 3 * SECOND)
    lived = parcels[parcels["现状用途"].isin(["R2", "R4"])]
    floor = lived["建筑面积"].clip(lower=0).to_numpy(dtype=float)
    share = floor / floor.sum() * float(homes["人口"].sum())
    middle = lived.geometry.representative_point().to_crs(DEGREES)
    column = ((middle.x - transform.c) / transform.a).astype(int).to_numpy()
    row = ((middle.y - transform.f) / transform.e).astype(int).to_numpy()
    cells = np.bincount(row * shape[1] + column, weights=share, minlength=shape[0] * shape[1])
    cells = cells.reshape(shape).astype(np.float32)
    cells[:2] = PEOPLE_NODATA  # the survey ends short of the northern edge, beyond every parcel
    _write(path, cells, transform, PEOPLE_NODATA, unit="people")


def stations(places: list[Point], crs: Any) -> gpd.GeoDataFrame:
    """Return the invented metro stations, two of them still being built."""
    return gpd.GeoDataFrame(
        {
            "编号": [f"DT{n:02d}" for n in range(1, len(places) + 1)],
            "站名": [f"虚构站{n}" for n in range(1, len(places) + 1)],
            "线路": [LINES[n % len(LINES)] for n in range(len(places))],
            "状态": ["在建" if n in {1, 4} else "运营" for n in range(len(places))],
        },
        geometry=places,
        crs=crs,
    )


def plants(parcels: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return invented municipal plants on parcels for municipal use, one kind after the other, spread out."""
    rng = np.random.default_rng(SEED + 1)
    land = parcels[parcels["现状用途"] == "U1"]
    points = np.stack([land.geometry.centroid.x, land.geometry.centroid.y], axis=1)
    taken: list[int] = [int(rng.integers(len(land)))]
    count = sum(number for number, _ in PLANTS.values())
    while len(taken) < count:
        away = np.hypot(*(points[:, None] - points[taken][None]).transpose(2, 0, 1)).min(axis=1)
        taken.append(int(np.argmax(away * rng.uniform(0.6, 1.0, len(land)))))
    order = rng.permutation(taken)
    rows, place = [], 0
    for kind, (number, capacity) in PLANTS.items():
        for n in range(1, number + 1):
            rows.append((kind, f"虚构{kind}{n}", round(capacity * rng.uniform(0.5, 1.5), -1)))
            place += 1
    return gpd.GeoDataFrame(
        {
            "编号": [f"CZ{n:02d}" for n in range(1, place + 1)],
            "类别": [row[0] for row in rows],
            "名称": [row[1] for row in rows],
            "规模": [row[2] for row in rows],
            "状态": "现状",
        },
        geometry=land.geometry.to_numpy()[order],
        crs=parcels.crs,
    )


def _grid(parcels: gpd.GeoDataFrame, step: float) -> tuple[Any, tuple[int, int], Any, Any]:
    """Return transform, rows and columns of a grid in degrees, and where its cells' middles lie in metres."""
    left, bottom, right, top = shapely.bounds(
        gpd.GeoSeries([shapely.box(*parcels.total_bounds).buffer(MARGIN_M)], crs=parcels.crs)
        .to_crs(DEGREES)
        .iloc[0]
    )
    left, top = np.floor(left / step) * step, np.ceil(top / step) * step
    columns, rows = int(np.ceil((right - left) / step)), int(np.ceil((top - bottom) / step))
    x, y = np.meshgrid(
        left + (np.arange(columns) + 0.5) * step, top - (np.arange(rows) + 0.5) * step
    )
    back = pyproj.Transformer.from_crs(DEGREES, parcels.crs, always_xy=True)
    east, north = back.transform(x.ravel(), y.ravel())
    return from_origin(left, top, step, step), (rows, columns), east, north


def _waves(rng: np.random.Generator, x: Any, y: Any, length: float) -> Any:
    """Return a smooth random function of place, mean 0, deviation about 1."""
    total = np.zeros(len(x))
    for _ in range(9):
        angle, phase = rng.uniform(0, 2 * np.pi, 2)
        wave = 2 * np.pi / (length * rng.uniform(0.6, 1.7))
        total += np.sin(wave * (np.cos(angle) * x + np.sin(angle) * y) + phase)
    return total * np.sqrt(2 / 9)


def _write(path: Path, cells: Any, transform: Any, nodata: float, *, unit: str) -> None:
    with rasterio.open(
        path, "w", driver="GTiff", width=cells.shape[1], height=cells.shape[0], count=1,
        dtype="float32", crs=DEGREES, transform=transform, nodata=nodata,
        compress="deflate", predictor=3, tiled=True, blockxsize=256, blockysize=256,
    ) as file:  # fmt: skip
        file.write(cells, 1)
        file.set_band_unit(1, unit)
        file.update_tags(SYNTHETIC="invented sample district: nothing here is real")
