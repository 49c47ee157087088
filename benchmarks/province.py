"""A province in tiles: ten million parcels, measured on a part, simulated as a whole.

``python benchmarks/province.py`` draws cities of 151,320 parcels and their land use, writes them as two GeoParquet
files, tallies the one by the other tile by tile with one process, two processes and a Dask cluster of two
workers, checks that the three give one book and that a city's book is that of a single tally, and simulates
66 such cities on more workers from the seconds of the measured tiles. ``--whole 66`` draws and tallies all
ten million with two processes. ``--out docs`` renews the marked regions of province.md there.

The province is drawn, not read: a jittered lattice of blocks whose land use was digitised a second time with
decimetre noise. City k is the same for everybody and stands k places along a lattice of eleven columns.
"""

from __future__ import annotations

import argparse
import functools
import heapq
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext
from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import shapely
from zones_bench import circumstances_of, renew

from renewal_geo import ledger
from renewal_geo.io import parquet_tiles, write_parquet
from renewal_geo.ledger.tiles import tile_tasks

CRS = "EPSG:4547"
MARKERS = ("<!-- province begin -->", "<!-- province end -->")
WHOLE_MARKERS = ("<!-- whole begin -->", "<!-- whole end -->")
SIDE_X, SIDE_Y = 390, 388  # cells of a city
CELL_M = 50.64
PITCH_M = 20_000.0
COLUMNS = 11
PROVINCE = 66  # cities: 9,987,120 parcels
BLOCK_X, BLOCK_Y = 5, 4  # cells of a land-use polygon, which divide no city evenly on purpose
BENDS = 3  # vertices between the corners of a parcel
DENSE = 32  # vertices of a land-use border along one side of a cell
ZONES_PER_TILE = 20_000
ROW_GROUP = {"parcels": 2_048, "land_use": 64}
CLASSES = ("R2", "M1", "M0", "C1", "GIC", "G1", "S2", "W1", "U", "E")
WORKERS = (1, 2, 4, 8, 16, 32, 64)
START_S = 3.0  # of a worker: imports and loading of compiled loops
MB = 2**20


def rings(corners, along_x, along_y, shape):
    """Return one ring per cell of a lattice from its corners and what lies between them."""
    nx, ny = shape
    south, north = along_x[:nx, :ny], along_x[:nx, 1 : ny + 1, ::-1]
    east, west = along_y[1 : nx + 1, :ny], along_y[:nx, :ny, ::-1]
    parts = [
        corners[:nx, :ny, None], south, corners[1:, :ny, None], east,
        corners[1:, 1:, None], north, corners[:nx, 1:, None], west,
    ]  # fmt: skip
    ring = np.concatenate(parts, axis=2).reshape(nx * ny, -1, 2)
    return shapely.polygons(np.round(ring, 3))


def between(start, end, count, noise, chance):
    """Return `count` points on the way from start to end, off the line by some noise."""
    share = (np.arange(1, count + 1) / (count + 1))[None, None, :, None]
    way = start[:, :, None] + (end - start)[:, :, None] * share
    return way + chance.normal(0, noise, way.shape)


def city(number, side=(SIDE_X, SIDE_Y)):
    """Return the parcels and the land use of city `number`."""
    chance = np.random.default_rng(number)
    nx, ny = side
    corner = (
        np.stack(np.meshgrid(np.arange(nx + 1), np.arange(ny + 1), indexing="ij"), axis=-1) * CELL_M
    )
    corner = corner + chance.normal(0, 5.0, corner.shape)
    corner += np.array(
        [400_000 + number % COLUMNS * PITCH_M, 2_450_000 + number // COLUMNS * PITCH_M]
    )
    along_x = between(corner[:-1], corner[1:], BENDS, 0.3, chance)
    along_y = between(corner[:, :-1], corner[:, 1:], BENDS, 0.3, chance)
    names = [f"{number:02d}-{n:06d}" for n in range(nx * ny)]
    parcels = gpd.GeoDataFrame(
        geometry=rings(corner, along_x, along_y, side),
        index=pd.Index(names, name="parcel_id"),
        crs=CRS,
    )
    return parcels, land_use(corner, chance, side)


def land_use(corner, chance, side):
    """Return blocks of cells, their borders digitised anew: straight between corners, decimetres off."""
    cut_x = np.append(np.arange(0, side[0], BLOCK_X), side[0])
    cut_y = np.append(np.arange(0, side[1], BLOCK_Y), side[1])
    node = corner + chance.normal(0, 0.1, corner.shape)
    east = between(node[:-1][:, cut_y], node[1:][:, cut_y], DENSE, 0.1, chance)
    north = between(node[cut_x][:, :-1], node[cut_x][:, 1:], DENSE, 0.1, chance)
    shapes = []
    for i, (x0, x1) in enumerate(pairwise(cut_x)):
        for j, (y0, y1) in enumerate(pairwise(cut_y)):
            lower = side_of(node[x0:x1, y0], east[x0:x1, j])
            upper = side_of(node[x0 + 1 : x1 + 1, y1][::-1], east[x0:x1, j + 1][::-1, ::-1])
            right = side_of(node[x1, y0:y1], north[i + 1, y0:y1])
            left = side_of(node[x0, y0 + 1 : y1 + 1][::-1], north[i, y0:y1][::-1, ::-1])
            shapes.append(shapely.Polygon(np.round(np.concatenate([lower, right, upper, left]), 3)))
    use = [CLASSES[n] for n in chance.integers(0, len(CLASSES), len(shapes))]
    return gpd.GeoDataFrame({"land_use": use}, geometry=shapes, crs=CRS)


def side_of(nodes, dense):
    """Return nodes, each followed by the dense points of the stretch that it begins."""
    return np.concatenate([nodes[:, None], dense], axis=1).reshape(-1, 2)


def drawn(folder, cities, side=(SIDE_X, SIDE_Y)):
    """Write the cities into two files, city by city: no more than one is in memory."""
    parts = {"parcels": [], "land_use": []}
    for number in range(cities):
        for name, layer in zip(parts, city(number, side), strict=True):
            part = folder / f"{name}-{number:02d}.parquet"
            write_parquet(part, layer, hilbert=True, row_group_rows=ROW_GROUP[name])
            parts[name].append(part)
    return [joined(folder / f"{name}.parquet", files) for name, files in parts.items()]


def joined(target, parts):
    """Join GeoParquet files, row group by row group, under the box of them all."""
    schemas = [pq.read_schema(part) for part in parts]
    described = [json.loads(schema.metadata[b"geo"]) for schema in schemas]
    geo = described[0]
    column = geo["columns"][geo["primary_column"]]
    boxes = np.array([one["columns"][geo["primary_column"]]["bbox"] for one in described])
    column["bbox"] = [*boxes[:, :2].min(axis=0), *boxes[:, 2:].max(axis=0)]
    schema = schemas[0].with_metadata({**schemas[0].metadata, b"geo": json.dumps(geo).encode()})
    with pq.ParquetWriter(target, schema, compression="zstd") as writer:
        for part in parts:
            with pq.ParquetFile(part) as file:
                for group in range(file.num_row_groups):
                    writer.write_table(file.read_row_group(group).cast(schema))
            part.unlink()
    return target


def kept(folder, number, book):
    """Write the rows of a tile and the peak memory of the worker that made them."""
    parquet_tiles.write_part(folder, number, book.table)
    peak = peak_mb()
    Path(folder, f"peak-{number:06d}.json").write_text(json.dumps({"pid": os.getpid(), "mb": peak}))


def peak_mb():
    """Return the most memory that this process has held; getrusage would count its parent's too."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(one for one in status.read_text().splitlines() if one.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def streams(files):
    return (
        parquet_tiles.parquet_stream(files[0], identity="parcel_id"),
        parquet_tiles.parquet_stream(files[1], identity="", columns=["land_use"]),
    )


def tallied(files, folder, executor, tiles):
    """Return the book of a run, its seconds, those of joining the rows, and the peak MB of each worker."""
    keep = functools.partial(kept, str(folder))
    began = time.perf_counter()
    found = ledger.tally_tiles(
        *streams(files), "land_use", tiles=tiles, executor=executor, keep=keep
    )
    tallied_at = time.perf_counter()
    parquet_tiles.join_parts(folder, folder / "rows.parquet")
    wall, join = time.perf_counter() - began, time.perf_counter() - tallied_at
    peaks = [json.loads(file.read_text()) for file in folder.glob("peak-*.json")]
    return found, wall, join, pd.DataFrame(peaks).groupby("pid")["mb"].max()


def executor_of(name):
    """Return a context that gives the executor."""
    if name == "1 process":
        return nullcontext(ledger.serial)
    if name == "2 processes":
        return nullcontext(ledger.in_processes(2))
    return clustered()


class clustered:  # noqa: N801 - used like a function
    """A Dask cluster of two workers on this machine, closed when done with."""

    def __enter__(self):
        from distributed import Client, LocalCluster

        self.cluster = LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            dashboard_address=None,
            host="127.0.0.1",
        )
        self.client = Client(self.cluster)
        return ledger.on_cluster(self.client)

    def __exit__(self, *_):
        self.client.close()
        self.cluster.close()


RUNS = ("1 process", "2 processes", "Dask, 2 workers")


def measure(name, files, tiles):
    """Run in a process of its own, so that peaks are its own, and return what it measured."""
    command = [
        sys.executable,
        __file__,
        "--run",
        name,
        "--files",
        *map(str, files),
        "--tiles",
        str(tiles),
    ]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def run_once(name, files, tiles):
    with tempfile.TemporaryDirectory(dir=files[0].parent) as folder, executor_of(name) as executor:
        found, wall, join, peaks = tallied(files, Path(folder), executor, tiles)
    return {
        "wall": wall,
        "join": join,
        "cpu": found.run["cpu_s"].tolist(),
        "bytes": found.run["bytes_read"].tolist(),
        "zones": found.tiles["zones"].tolist(),
        "layer_rows": found.tiles["layer_rows"].tolist(),
        "peak_worker": float(peaks.max()),
        "peak_driver": peak_mb(),
        "closing": float(found.tiles["closing_m2"].max()),
        "total_closing": found.closing_m2,
        "sums": {
            f"{r['land_use']}|{r['kind']}": r["area_m2"] for r in found.sums.to_dict("records")
        },
    }


def planned(files, tiles):
    """Return the seconds that reading the boxes and planning takes."""
    began = time.perf_counter()
    tasks = tile_tasks(*streams(files), "land_use", tiles)
    return time.perf_counter() - began, len(tasks)


def schedule(seconds, workers):
    """Return the end of a list schedule, longest tile first, and the busy seconds of each worker.

    Graham (1969): at most 4/3 - 1/(3 workers) of the best schedule.
    """
    ends = [0.0] * workers
    for one in sorted(seconds, reverse=True):
        heapq.heapreplace(ends, ends[0] + one)
    return max(ends), ends


def simulated(seconds, cities, factor, plan_s, join_s):
    """Return (workers, minutes, share busy) for a whole province, from the tiles that were measured."""
    copies = -(-PROVINCE // cities)
    province = (list(seconds) * copies)[: round(len(seconds) * PROVINCE / cities)]
    rows = []
    for workers in WORKERS:
        slow = factor if workers > 1 else 1.0  # cores that share memory slow each other down
        end, busy = schedule([slow * one for one in province], workers)
        rows.append((workers, (START_S + plan_s + end + join_s) / 60, sum(busy) / (workers * end)))
    return len(province), rows


def checked(runs, cities):
    """Fail unless all runs gave one book, and, of one city, that of a single tally."""
    first = runs[RUNS[0]]["sums"]
    for run in runs.values():
        assert run["sums"].keys() == first.keys()
        assert all(abs(run["sums"][k] - first[k]) <= max(1e-6, 1e-9 * first[k]) for k in first)
    if cities == 1:
        parcels, use = city(0)
        whole = ledger.tally(parcels, use, by="land_use").table
        sums = whole.groupby(["land_use", "kind"])["area_m2"].sum()
        assert all(
            abs(area - first["|".join(key)]) <= max(1e-6, 1e-9 * area) for key, area in sums.items()
        )


def report(files, runs, cities, plan_s, tiles):
    """Return the text of the marked region."""
    one = runs[RUNS[0]]
    zones = sum(one["zones"])
    size = sum(file.stat().st_size for file in files)
    used = (
        f"{circumstances_of()}\n\n`python benchmarks/province.py --cities {cities} --out docs`: cities: {cities}; "
        f"{zones:,} parcels, {sum(one['layer_rows']):,} land-use polygons read, {tiles} tiles; "
        f"files of {size / MB:,.0f} MB.\n\n"
        "| | wall, s | CPU of the tiles, s | slowest tile, s | peak memory of a worker, MB | of the driver, MB "
        "| read, MB | worst polygon closes to, m² | all together, m² |\n|--|--:|--:|--:|--:|--:|--:|--:|--:|\n"
    )
    for name, run in runs.items():
        used += (
            f"| {name} | {run['wall']:.1f} | {sum(run['cpu']):.1f} | {max(run['cpu']):.1f} "
            f"| {run['peak_worker']:,.0f} | {run['peak_driver']:,.0f} | {sum(run['bytes']) / MB:,.0f} "
            f"| {run['closing']:.1e} | {abs(run['total_closing']):.1e} |\n"
        )
    factor = max(1.0, sum(runs[RUNS[1]]["cpu"]) / sum(one["cpu"]))
    scale = PROVINCE / cities
    count, rows = simulated(one["cpu"], cities, factor, plan_s * scale, one["join"] * scale)
    used += (
        f"\nReading the boxes and planning took {plan_s:.1f} s, joining the rows {one['join']:.1f} s. "
        "Two processes made each other slower by a factor of "
        f"{factor:.2f}, which the simulation grants to any number above one.\n\n"
        f"Simulated: {PROVINCE} cities, {round(zones * scale):,} parcels, {count} tiles, "
        f"{sum(one['bytes']) * scale / 2**30:.1f} GB read, files of {size * scale / 2**30:.1f} GB.\n\n"
        "| workers | minutes | workers busy | memory of all workers, GB |\n|--:|--:|--:|--:|\n"
    )
    for workers, minutes, busy in rows:
        memory = workers * one["peak_worker"] / 1024
        used += f"| {workers} | {minutes:.1f} | {busy:.1%} | {memory:.1f} |\n"
    return used


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cities", type=int, default=2)
    parser.add_argument(
        "--folder", type=Path, help="where the files are drawn (default: a temporary one)"
    )
    parser.add_argument("--out", type=Path, help="folder of province.md")
    parser.add_argument(
        "--whole", type=int, metavar="CITIES", help="run so many with two processes, no more"
    )
    parser.add_argument("--run", choices=RUNS, help=argparse.SUPPRESS)
    parser.add_argument("--files", type=Path, nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--tiles", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        print(json.dumps(run_once(options.run, options.files, options.tiles)))
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        if options.whole:
            print(whole(Path(folder), options.whole, options.out))
            return
        files = drawn(Path(folder), options.cities)
        count = parquet_tiles.parquet_stream(files[0]).count
        tiles = -(-count // ZONES_PER_TILE)
        # compiles the loops once, so that no run pays for it
        run_once(RUNS[0], drawn_small(Path(folder)), 2)
        plan_s, tiles = planned(files, tiles)
        runs = {name: measure(name, files, tiles) for name in RUNS}
        checked(runs, options.cities)
        text = report(files, runs, options.cities, plan_s, tiles)
    print(text)
    if options.out:
        renew(options.out / "province.md", MARKERS, text)


def whole(folder, cities, out):
    """Draw all cities, tally them with two processes, and return a paragraph with what it took."""
    began = time.perf_counter()
    files = drawn(folder, cities)
    drawing = time.perf_counter() - began
    count = parquet_tiles.parquet_stream(files[0]).count
    run_once(RUNS[0], drawn_small(folder), 2)
    run = measure(RUNS[1], files, -(-count // ZONES_PER_TILE))
    area = sum(sign * run["sums"].get(key, 0.0) for key, sign in signed(run["sums"]))
    text = (
        f"{circumstances_of()}\n\n`python benchmarks/province.py --whole {cities} --out docs`: {count:,} parcels "
        f"({area / 1e6:,.1f} km²) in {len(run['cpu'])} tiles by two processes: **{run['wall'] / 60:.1f} minutes** "
        f"({sum(run['cpu']) / 60:.1f} of processor time), {run['peak_worker']:,.0f} MB per worker, "
        f"{run['peak_driver']:,.0f} MB in the driver; files of {sum(f.stat().st_size for f in files) / 2**30:.1f} GB, "
        f"{sum(run['bytes']) / 2**30:.1f} GB read. Every parcel closes to {run['closing']:.1e} m², all together "
        f"to {abs(run['total_closing']):.1e} m². Drawing and writing took {drawing / 60:.1f} minutes before.\n"
    )
    if out:
        renew(out / "province.md", WHOLE_MARKERS, text)
    return text


def signed(sums):
    return [(key, -1.0 if key.endswith("covered_twice") else 1.0) for key in sums]


def drawn_small(folder):
    small = folder / "small"
    small.mkdir()
    return drawn(small, 1, (20, 20))


if __name__ == "__main__":
    main()
