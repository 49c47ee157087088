"""A small district to be scored: 6 x 5 blocks, heights and people in degrees, stations, plants, streets."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import rasterio
from rasterio.transform import from_origin
from shapely import LineString, Point, box

CRS = "EPSG:4547"
EAST, NORTH, BLOCK, STREET = 520_000.0, 2_508_000.0, 80.0, 20.0
COLUMNS, ROWS = 6, 5

STUDY = """
name = "hand-drawn"
crs = "EPSG:4547"
as_of = 2020-06-30
lang = "en"
notes = ["Hand-drawn for a test: nothing here is real."]

[layers.parcels]
path = "parcels.gpkg"
[layers.roads]
path = "roads.gpkg"
[layers.stations]
path = "stations.gpkg"
[layers.control_lines]
path = "control_lines.gpkg"
[layers.dem]
path = "dem.tif"
kind = "density"
unit = "m"
[layers.population]
path = "population.tif"
kind = "count"
unit = "people"

[potential]
draws = 200
top = 8
{potential}

{criteria}

[zones]
pool = "land_use == 'M1'"
value = "score"
area_budget_ha = 6.0
min_area_ha = 1.5
gap_max_m = 25.0
time_limit_s = 4
outlook_time_s = 2
"""

CRITERIA = """
[[potential.criteria]]
id = "age"
title = "建成年代"
title_en = "Year built"
column = "built_year"
breaks = [1990, 2000, 2010]
scores = [1.0, 0.7, 0.3, 0.0]
weight = 40
[[potential.criteria]]
id = "slope"
title = "坡度"
source = "raster"
layer = "dem"
derive = "slope_deg"
direction = "cost"
low = 0
high = 20
veto = "> 12"
weight = 20
[[potential.criteria]]
id = "metro"
title = "距地铁"
source = "distance"
layer = "stations"
by = "network"
direction = "cost"
low = 0
high = 800
weight = 25
[[potential.criteria]]
id = "people"
title = "人口"
source = "raster"
layer = "population"
statistic = "per_ha"
within_m = 150
weight = 15
[[potential.criteria]]
id = "eco"
source = "share"
layer = "control_lines"
where = "kind == 'eco_control_line'"
veto = "> 0.5"
"""


def parcels():
    rng = np.random.default_rng(7)
    rows = []
    for column in range(COLUMNS):
        for row in range(ROWS):
            x, y = EAST + column * (BLOCK + STREET), NORTH + row * (BLOCK + STREET)
            rows.append((
                f"P{column}{row}", "R2" if (column + 2 * row) % 7 == 3 else "M1",
                int(rng.integers(1982, 2018)), box(x, y, x + BLOCK, y + BLOCK),
            ))  # fmt: skip
    return gpd.GeoDataFrame(
        {"parcel_id": [r[0] for r in rows], "land_use": [r[1] for r in rows], "built_year": [r[2] for r in rows]},
        geometry=[r[3] for r in rows],
        crs=CRS,
    )  # fmt: skip


def streets():
    width, height = COLUMNS * (BLOCK + STREET), ROWS * (BLOCK + STREET)
    lines = [LineString([(EAST - 10 + i * 100, NORTH - 10), (EAST - 10 + i * 100, NORTH - 10 + height)]) for i in range(COLUMNS + 1)]  # fmt: skip
    lines += [LineString([(EAST - 10, NORTH - 10 + j * 100), (EAST - 10 + width, NORTH - 10 + j * 100)]) for j in range(ROWS + 1)]  # fmt: skip
    return gpd.GeoDataFrame({"class": ["local"] * len(lines)}, geometry=lines, crs=CRS)


def raster(path, height, *, crs="EPSG:4326", step=1 / 3600, nodata=-9999.0, margin=400.0, dtype="float32"):  # fmt: skip
    """Write a function of the ground (east, north in CGCS2000, m) as a GeoTIFF in another CRS."""
    away = pyproj.Transformer.from_crs(CRS, crs, always_xy=True)
    left, bottom, right, top = away.transform_bounds(
        EAST - margin, NORTH - margin, EAST + 600 + margin, NORTH + 500 + margin
    )
    columns, rows = int(np.ceil((right - left) / step)), int(np.ceil((top - bottom) / step))
    x, y = np.meshgrid(left + (np.arange(columns) + 0.5) * step, top - (np.arange(rows) + 0.5) * step)  # fmt: skip
    back = pyproj.Transformer.from_crs(crs, CRS, always_xy=True)
    east, north = back.transform(x, y)
    cells = np.asarray(height(east, north), dtype=float)
    cells = np.where(np.isnan(cells), nodata, cells).astype(dtype)
    with rasterio.open(
        path, "w", driver="GTiff", width=columns, height=rows, count=1, dtype=dtype, crs=crs,
        transform=from_origin(left, top, step, step), nodata=nodata,
    ) as file:  # fmt: skip
        file.write(cells, 1)


def hill(east, north):
    """A plane that rises by a tenth to the east, and steeply in the last two columns."""
    x = east - EAST
    return 30 + 0.1 * x + np.where(x > 390, 0.2 * (x - 390), 0.0)


def crowd(east, north):
    return 9.0 * np.exp(-(((east - EAST - 150) / 250) ** 2) - ((north - NORTH - 200) / 250) ** 2)


def draw(folder, *, criteria=CRITERIA, potential="", **changes):
    """Write the study; `changes` replace a layer by role, or leave it out where None."""
    layers = {
        "parcels": parcels(),
        "roads": streets(),
        "stations": gpd.GeoDataFrame({"name": ["A", "B"]}, geometry=[Point(EAST - 5, NORTH - 5), Point(EAST + 595, NORTH + 495)], crs=CRS),
        "control_lines": gpd.GeoDataFrame({"kind": ["eco_control_line"]}, geometry=[box(EAST, NORTH + 380, EAST + 160, NORTH + 500)], crs=CRS),
    }  # fmt: skip
    layers |= {role: table for role, table in changes.items() if role in layers}
    for role, table in layers.items():
        table.to_file(folder / f"{role}.gpkg", layer=role)
    raster(folder / "dem.tif", changes.get("height", hill), **changes.get("dem", {}))
    raster(folder / "population.tif", crowd, step=3 / 3600)
    text = STUDY.replace("{potential}", potential).replace("{criteria}", criteria)
    (folder / "study.toml").write_text(text, encoding="utf-8")
    return folder


def with_ids(table):
    return table.set_index(pd.Index(table.pop("parcel_id"), name="parcel_id"))
