"""Contiguity beside the plain distance join of geopandas and the fuzzy contiguity of libpysal.

``python benchmarks/contiguity.py`` prints one row per number of parcels: seconds of the three, best of
``--runs`` alternating runs in one process, loops compiled beforehand, and how many times the plain join ours
takes: by the clock, where our loops use two cores and the join one, and in processor time. All get the
parcels of zones_bench; beyond 10,000, copies of the largest instance stand side by side. The plain join and
libpysal know neither barriers nor facing lengths: *differ* counts the pairs that only one of libpysal and us
calls contiguous. ``--out docs`` renews the marked region of benchmarks.md there.
"""

from __future__ import annotations

import argparse
from importlib.metadata import version
from pathlib import Path
from time import perf_counter, process_time

import geopandas as gpd
import pandas as pd
from libpysal.graph import Graph
from zones_bench import DATA, circumstances_of, renew

from renewal_geo.contiguity import connect

MARKERS = ("<!-- contiguity begin -->", "<!-- contiguity end -->")
HEAD = (
    "| parcels | our links | ours, s | pairs within the gap | plain join, s | ours / join "
    "| in processor time | fuzzy pairs | fuzzy, s | differ |\n"
    "|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n"
)
SIZES = (2000, 4450, 10000, 30000)
LARGEST = 10000
GAP_M, FRONTAGE_M = 30.0, 5.0  # as in the instances' own links
APART_M = 1000.0  # between two copies: more than anybody sees


def district(size):
    """Return the parcels and barriers of an instance, or copies of the largest side by side."""
    known = min(size, LARGEST)
    copies, rest = divmod(size, known)
    if rest:
        raise SystemExit(f"{size} is no multiple of {LARGEST}")
    folder = DATA / "zones_bench"
    parcels = gpd.read_parquet(folder / f"nodes_{known}.parquet").set_index("parcel_id")
    walls = gpd.read_parquet(folder / f"barriers_{known}.parquet").rename(
        columns={"width": "width_m"}
    )
    if copies == 1:
        return parcels, walls
    bounds = pd.concat([parcels.bounds, walls.bounds])
    step = bounds["maxx"].max() - bounds["minx"].min() + APART_M
    return (
        pd.concat(
            [
                parcels.set_geometry(parcels.translate(k * step)).rename(
                    lambda name, k=k: f"{k}-{name}"
                )
                for k in range(copies)
            ]
        ),
        pd.concat(
            [walls.set_geometry(walls.translate(k * step)) for k in range(copies)],
            ignore_index=True,
        ),
    )


def differing(links, graph):
    """Return how many unordered pairs only one of the two holds."""
    table = graph.adjacency.reset_index()
    theirs = {(f, n) for f, n in zip(table["focal"], table["neighbor"], strict=True) if f < n}
    return len(theirs ^ set(zip(links["focal"], links["neighbour"], strict=True)))


def measured(size, runs):
    """Return the table row of one number of parcels."""
    parcels, walls = district(size)
    bare = parcels[["geometry"]]
    rivals = {
        "ours": lambda: connect(parcels, walls, gap_max_m=GAP_M, min_frontage_m=FRONTAGE_M),
        "join": lambda: gpd.sjoin(bare, bare, predicate="dwithin", distance=GAP_M),
        # each parcel is widened by half the gap, so that two see each other across the whole of it
        "fuzzy": lambda: Graph.build_fuzzy_contiguity(bare, buffer=GAP_M / 2),
    }
    best = dict.fromkeys(rivals, float("inf"))
    busy = dict.fromkeys(rivals, float("inf"))
    found = {}
    for _ in range(runs):
        for name, run in rivals.items():
            began, spent = perf_counter(), process_time()
            found[name] = run()
            best[name] = min(best[name], perf_counter() - began)
            busy[name] = min(busy[name], process_time() - spent)
    links = found["ours"].links
    pairs = (len(found["join"]) - len(parcels)) // 2
    return (
        f"| {size:,} | {len(links):,} | {best['ours']:.2f} | {pairs:,} | {best['join']:.2f} "
        f"| {best['ours'] / best['join']:.2f} | {busy['ours'] / busy['join']:.2f} "
        f"| {found['fuzzy'].n_edges // 2:,} | {best['fuzzy']:.2f} "
        f"| {differing(links, found['fuzzy']):,} |"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--out", type=Path, help="folder of benchmarks.md")
    options = parser.parse_args()
    parcels, walls = district(500)
    connect(parcels, walls, gap_max_m=GAP_M, min_frontage_m=FRONTAGE_M)  # compiles the loops
    used = ", ".join(f"{name} {version(name)}" for name in ("geopandas", "shapely", "libpysal"))
    text = f"{circumstances_of()} {used}. Best of {options.runs} alternating runs.\n\n{HEAD}"
    print(text, end="", flush=True)
    for size in options.sizes:
        row = measured(size, options.runs) + "\n"
        text += row
        print(row, end="", flush=True)
    if options.out:
        renew(options.out / "benchmarks.md", MARKERS, text)


if __name__ == "__main__":
    main()
