"""The tables of the map benchmark: a drawn coverage of parcels, the same on every machine, and real layers.

:func:`parcels` draws any number of parcels of about 50 m in blocks of eight by six with roads of 20 m between them:
shared, noisy edges of one to three inner vertices (12 per parcel on average), EPSG:4547 near Longgang, eleven
attributes of the kinds that a land register has, Chinese texts, dates with gaps, and numbers. :func:`real` reads
what lies in RENEWAL_GEO_DATA.

Every case is a GeoDataFrame whose columns say all: ``ID`` names a parcel, ``CLASS`` colours it, ``AREA`` is summed.

``python benchmarks/map_layers.py`` prints what is drawn and checks it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from layers import CRS, _edges, _side

PARCEL_M, ROAD_M = 50.0, 20.0
ACROSS, DOWN = 8, 6  # parcels of a block
STATUSES = ("已入库", "已移交", "办理中", "未启动", "不涉及")
COLOURS = ("#0072b2", "#56b4e9", "#f0e442", "#d55e00", "#999999")
STREETS = ("平湖街道", "坂田街道", "布吉街道", "吉华街道", "南湾街道", "横岗街道", "园山街道", "龙城街道",
           "宝龙街道", "龙岗街道", "坪地街道")  # fmt: skip
USES = ("一类工业用地", "二类居住用地", "商业服务业用地", "教育用地", "公园绿地", "城镇道路用地")
OWNERS = ("国有", "集体", "混合", "待核实")
AREAS = ("area_m2", "SHAPE_AREA", "area")


@dataclass(frozen=True, slots=True)
class Case:
    """One table: its name, the rows, the columns that name, colour and measure, and the colours."""

    name: str
    table: gpd.GeoDataFrame
    identity: str
    colour_by: str
    area: str
    colours: dict

    @property
    def columns(self):
        return [name for name in self.table.columns if name != self.table.geometry.name]

    @property
    def dates(self):
        return [n for n in self.columns if pd.api.types.is_datetime64_any_dtype(self.table[n])]

    @property
    def numbers(self):
        return [n for n in self.columns if pd.api.types.is_numeric_dtype(self.table[n])]


def drawn(count):
    """Return the drawn case of `count` parcels."""
    colours = dict(zip(STATUSES, COLOURS, strict=True))
    return Case(str(count), parcels(count), "parcel_id", "status", "area_m2", colours)


def parcels(count, seed=11):
    """Return `count` parcels with eleven attributes; the figures of `area_m2` are planar areas."""
    random = np.random.default_rng(seed)
    shapes = coverage(count, random)
    day = pd.Timestamp("2018-01-01")
    registered = day + pd.to_timedelta(random.integers(0, 900, count), unit="D")
    due = pd.Series(registered + pd.to_timedelta(random.integers(30, 900, count), unit="D"))
    due[random.random(count) < 0.2] = pd.NaT
    project = random.integers(1, max(2, count // 150), count)
    return gpd.GeoDataFrame(
        {
            "parcel_id": _register_numbers(count, random),
            "street": random.choice(STREETS, count),
            "project": [f"第{n}号城市更新项目" for n in project],
            "status": random.choice(STATUSES, count, p=(0.3, 0.2, 0.25, 0.15, 0.1)),
            "land_use": random.choice(USES, count),
            "tenure": random.choice(OWNERS, count, p=(0.5, 0.3, 0.15, 0.05)),
            "area_m2": np.round(shapely.area(shapes), 2),
            "floor_ratio": np.round(random.gamma(4.0, 0.6, count), 2),
            "built": random.integers(1982, 2021, count),
            "registered": registered,
            "due": due.to_numpy(),
        },
        geometry=shapes,
        crs=CRS,
    )


def _register_numbers(count, random):
    """Return parcel numbers as registers give them: in sections of a thousand, in no order within."""
    number = np.concatenate([random.permutation(1000) for _ in range(-(-count // 1000))])[:count]
    return [f"440307{at // 1000 + 1:03d}GB{n + 1:05d}" for at, n in enumerate(number.tolist())]


def coverage(count, random):
    """Return `count` polygons in blocks: within a block a valid coverage, roads between blocks."""
    blocks = -(-count // (ACROSS * DOWN))
    width, height = ACROSS * PARCEL_M + ROAD_M, DOWN * PARCEL_M + ROAD_M
    wide = int(np.ceil(np.sqrt(1.3 * blocks * height / width)))
    row, column = np.divmod(np.arange(blocks), wide)
    corner = np.stack([column * width, row * height], axis=1).astype(float)
    corner -= (wide * width / 2, (row.max() + 1) * height / 2)
    node = np.stack(np.meshgrid(np.arange(ACROSS + 1.0), np.arange(DOWN + 1.0)), axis=-1)
    shake = random.uniform(-0.15, 0.15, (blocks, *node.shape))
    shake[:, [0, -1]] = shake[:, :, [0, -1]] = 0.0
    node = ((node + shake) * PARCEL_M + corner[:, None, None]).swapaxes(0, 1)
    node = node.reshape(DOWN + 1, blocks, ACROSS + 1, 2)
    # lattice lines of all blocks beside one another: (line, block and place along it, xy)
    lying = _edges(
        node[:, :, :-1].reshape(DOWN + 1, -1, 2), node[:, :, 1:].reshape(DOWN + 1, -1, 2),
        (1, 3), 0.5, random, straight=[0, -1],
    )  # fmt: skip
    up = node.transpose(2, 1, 0, 3)
    upright = _edges(
        up[:, :, :-1].reshape(ACROSS + 1, -1, 2), up[:, :, 1:].reshape(ACROSS + 1, -1, 2),
        (1, 3), 0.5, random, straight=[0, -1],
    )  # fmt: skip
    block, cell = np.divmod(np.arange(count), ACROSS * DOWN)
    line, place = np.divmod(cell, ACROSS)
    along, aside = block * ACROSS + place, block * DOWN + line
    points, there = zip(
        _side(lying, line, along, forward=True),
        _side(upright, place + 1, aside, forward=True),
        _side(lying, line + 1, along, forward=False),
        _side(upright, place, aside, forward=False),
        strict=True,
    )
    points, there = np.concatenate(points, axis=1), np.concatenate(there, axis=1)
    owner = np.repeat(np.arange(count), there.sum(axis=1))
    return shapely.polygons(shapely.linearrings(points[there], indices=owner))


REAL = {
    "cambridge": ("cambridge_ma/ASSESSING_ParcelsFY2014.topojson", "EPSG:26986", "POLY_TYPE"),
    "taiwan": ("taiwan_zoning/H0102_nankan.geojson", "EPSG:3826", "分區類"),
    "wuxi": ("wuxi_xinwu/xinwu_land_use.gpkg", "EPSG:32650", "Class"),
}


def real(name):
    """Return a real case, or None where its data is not here.

    Rows without a shape are left out (explore draws none either); everything else stays as it came, holes,
    multiparts and invalid rings too. The id is the row's number, since the registers' own repeat.
    """
    path, crs, colour_by = REAL[name]
    here = Path(__file__).resolve().parents[2] / "shared" / "data"
    file = Path(os.environ.get("RENEWAL_GEO_DATA", here)) / path
    if not file.exists():
        return None
    table = gpd.read_file(file)
    table = (table if table.crs else table.set_crs("EPSG:4326")).to_crs(crs)
    table = table[~(table.geometry.isna() | table.geometry.is_empty)].reset_index(drop=True)
    table[colour_by] = table[colour_by].astype(object).where(table[colour_by].notna(), "").map(str)
    table = table.drop(columns=[n for n in ("row", "planar_m2") if n in table.columns])
    table.insert(0, "row", [f"r{at:06d}" for at in range(len(table))])
    table.insert(1, "planar_m2", np.round(table.geometry.area, 2))
    words = [n for n in table.columns if table[n].dtype == object or str(table[n].dtype) == "str"]
    for column in words:
        table[column] = table[column].astype(object).where(table[column].notna(), "").map(str)
    used = sorted(table[colour_by].unique())
    colours = {value: COLOURS[at % len(COLOURS)] for at, value in enumerate(used)}
    return Case(name, table, "row", colour_by, "planar_m2", colours)


def case(name):
    """Return the case of a name or a number of parcels."""
    return real(name) if name in REAL else drawn(int(name))


def main():
    for name in ("1000", "10000", *REAL):
        one = case(name)
        if one is None:
            print(f"{name}: no data here")
            continue
        table, vertices = one.table, one.table.count_coordinates() - 1
        holes = int(shapely.get_num_interior_rings(shapely.get_parts(table.geometry.values)).sum())
        print(
            f"{name}: {len(table):,} rows, {len(one.columns)} attributes, {vertices.sum():,} vertices (mean "
            f"{vertices.mean():.1f}, most {vertices.max()}), {(table.geom_type == 'MultiPolygon').sum()} multipolygons"
            f", {holes} holes, {len(one.colours)} classes, {table.area.sum() / 1e6:.3f} km2, invalid "
            f"{(~table.is_valid).sum()}, coverage {table.is_valid_coverage()}"
        )


if __name__ == "__main__":
    main()
