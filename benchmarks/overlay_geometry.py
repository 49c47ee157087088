"""Full-geometry overlays beside geopandas.overlay, and zonal statistics beside other ways.

``python benchmarks/overlay_geometry.py`` draws the layers (benchmarks/layers.py, kept in ``--layers``), compares
the area of every pair with that of geopandas, and only then prints a row: processor seconds and seconds by the
clock, best of ``--runs`` alternating runs in one process, ours in ``--workers`` threads; and the peak memory of
a process of its own for each, which holds the same layers. *With books*: ours also says what of every parcel
is covered twice, uncovered, and how far that closes; theirs never does. ``--out docs`` renews the marked region of
overlay_and_zonal.md there. Wall clocks are worth something on a quiet machine only.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import platform
import resource
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from time import perf_counter, process_time

import geopandas as gpd
import layers
import numpy as np
import pandas as pd
import pyarrow as pa
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource
from zones_bench import circumstances_of, renew

from renewal_geo.ledger import overlay, zonal
from renewal_geo.spatial.rasters import Raster

MARKERS = ("<!-- overlay begin -->", "<!-- overlay end -->")
HEAD = (
    "| layers | how | rows, ours | rows, geopandas | largest difference of a pair | ours, CPU s | geopandas, CPU s "
    "| ours, s | geopandas, s | by the clock | peak, ours | peak, geopandas |\n"
    "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n"
)
DRAWN = {
    "p30": layers.parcels,
    "p150": lambda: layers.parcels(151_169),
    "land_use": layers.land_use,
    "near": lambda: layers.near_coincident(layers.parcels()),
    "control": layers.control_lines,
}
CASES = {
    "ordinary": ("p30", "land_use", "intersection"),
    "ordinary-books": ("p30", "land_use", "intersection, with books"),
    "ordinary-identity": ("p30", "land_use", "identity"),
    "large": ("p150", "land_use", "intersection"),
    "near-coincident": ("p30", "near", "intersection"),
    "huge": ("p30", "control", "intersection"),
}
SAME_M2, SAME_SHARE = 1e-4, 1e-6
DUST_M2 = 1e-5


def layer(name, folder):
    """Return a layer, drawn once and kept as GeoParquet."""
    file = folder / f"{name}.parquet"
    if not file.exists():
        DRAWN[name]().to_parquet(file)
    table = gpd.read_parquet(file)
    return table.rename(columns={table.columns[0]: "id"}).set_index("id")


def ours(left, right, how, workers):
    how, _, books = how.partition(", ")
    return overlay(left, right, how, books=bool(books), workers=workers).table


def theirs(left, right, how, workers):
    del workers  # there is one thread
    how = how.partition(",")[0]
    return gpd.overlay(left.reset_index(), right.reset_index(), how=how, keep_geom_type=True)


ENGINES = {"ours": ours, "geopandas": theirs}


def by_pair(table, left, right):
    ids = table[[left, right]].astype(object).fillna("")
    sums = table.geometry.area.groupby([ids[left], ids[right]]).sum()
    return sums[sums > DUST_M2]


def difference(mine, peer):
    """Return the largest difference of a pair's area, m2; stop where it is one of substance."""
    a = by_pair(mine, "left_id", "right_id")
    b = by_pair(peer, "id_1", "id_2")
    both = pd.DataFrame({"a": a, "b": b}).fillna(0.0)
    off = (both["a"] - both["b"]).abs()
    wrong = off > np.maximum(SAME_M2, SAME_SHARE * both["b"])
    if wrong.any():
        raise SystemExit(f"{int(wrong.sum())} pairs differ:\n{both[wrong].head(20)}")
    return float(off.max())


def peak_mb(engine, case, options):
    """Return the peak memory of a process that does this alone, MB."""
    command = [
        sys.executable, "-W", "ignore", __file__, "--child", engine, "--cases", case,
        "--layers", str(options.layers), "--workers", str(options.workers),
    ]  # fmt: skip
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def child(engine, case, options):
    left, right, how = CASES[case]
    both = layer(left, options.layers), layer(right, options.layers)
    pa.default_memory_pool().release_unused()  # what reading has left over would hide what we need
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).malloc_trim(0)
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins here
    ENGINES[engine](*both, how, options.workers)
    status = Path("/proc/self/status")  # ru_maxrss would begin with what the parent held
    if status.exists():
        peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        print(int(peak.split()[1]) // 1024)
    else:
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)


def measured(case, options):
    """Return the table row of one case."""
    left_name, right_name, how = CASES[case]
    left, right = layer(left_name, options.layers), layer(right_name, options.layers)
    wall = dict.fromkeys(ENGINES, float("inf"))
    busy = dict.fromkeys(ENGINES, float("inf"))
    found = {}
    for run in range(options.runs):
        for name, engine in ENGINES.items():
            if run and name == "geopandas" and busy[name] > options.patience:
                continue
            began, spent = perf_counter(), process_time()
            found[name] = engine(left, right, how, options.workers)
            wall[name] = min(wall[name], perf_counter() - began)
            busy[name] = min(busy[name], process_time() - spent)
        if not run:
            off = difference(found["ours"], found["geopandas"])
            rows = {name: len(table) for name, table in found.items()}
        found.clear()
    peak = {name: peak_mb(name, case, options) for name in ENGINES}
    return (
        f"| {left_name} x {right_name} | {how} | {rows['ours']:,} | {rows['geopandas']:,} | {off:.1e} m² "
        f"| {busy['ours']:.2f} | {busy['geopandas']:.2f} | {wall['ours']:.2f} | {wall['geopandas']:.2f} "
        f"| **{wall['geopandas'] / wall['ours']:.2f} ×** | {peak['ours']} MB | {peak['geopandas']} MB |\n"
    )


def zonal_rows(options):
    """Return seconds of exact means of a drawn relief in 30,455 parcels, one line per way."""
    zones = layer("p30", options.layers)
    left, bottom, right, top = zones.total_bounds
    cell, side = 12.5, 2_500
    y, x = np.mgrid[0:side, 0:side] / 40.0
    relief = (200 + 90 * np.sin(x) * np.cos(y / 1.7) + 30 * np.sin(3 * x + y)).astype("float32")
    middle = ((left + right) / 2, (bottom + top) / 2)
    west, north = middle[0] - side * cell / 2, middle[1] + side * cell / 2
    grid = Raster(relief, (cell, 0, west, 0, -cell, north), zones.crs, name="dem", kind="density")
    source = NumPyRasterSource(
        relief, west, north - side * cell, west + side * cell, north, srs_wkt=grid.crs.to_wkt()
    )
    plain = zones[["geometry"]].reset_index()
    ways = {
        "ledger.zonal": lambda: zonal(zones, grid, "mean").table["mean"],
        "exactextract, raster by raster block": lambda: peer(source, plain, "raster-sequential"),
        "exactextract, feature by feature (its default)": lambda: peer(
            source, plain, "feature-sequential"
        ),
    }
    found, text = {}, "\n| exact mean of a relief in 30,455 parcels | CPU s |\n|---|--:|\n"
    for name, way in ways.items():
        spent = process_time()
        found[name] = np.asarray(way())
        text += f"| {name} | {process_time() - spent:.2f} |\n"
    first, *others = found.values()
    for other in others:
        np.testing.assert_allclose(first, other, rtol=1e-9)
    return text


def peer(source, plain, strategy):
    return exact_extract(source, plain, ["mean"], strategy=strategy, output="pandas")["mean"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", nargs="+", default=list(CASES), choices=list(CASES))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--patience", type=float, default=30.0, help="CPU s of a run not repeated")
    parser.add_argument("--layers", type=Path, help="folder that keeps the drawn layers")
    parser.add_argument("--out", type=Path, help="folder of overlay_and_zonal.md")
    parser.add_argument("--child", choices=list(ENGINES), help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.layers = options.layers or Path(tempfile.gettempdir()) / "renewal-geo-layers"
    options.layers.mkdir(parents=True, exist_ok=True)
    if options.child:
        child(options.child, options.cases[0], options)
        return
    used = ", ".join(f"{name} {version(name)}" for name in ("geopandas", "shapely", "exactextract"))
    load = os.getloadavg()[0]
    text = f"{circumstances_of()} {used}. Load before the start {load:.1f}. Ours: {options.workers} threads.\n\n{HEAD}"
    print(text, end="", flush=True)
    for case in options.cases:
        row = measured(case, options)
        text += row
        print(row, end="", flush=True)
    rows = zonal_rows(options)
    print(rows, end="")
    if options.out:
        renew(options.out / "overlay_and_zonal.md", MARKERS, text + rows)


if __name__ == "__main__":
    main()
