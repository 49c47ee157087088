"""How long it takes to compare two versions of 30,455 parcels: identical, three hundred redrawn, all redrawn.

``python benchmarks/changes.py`` prints one row per pair of versions, in processor seconds, the loops compiled
beforehand; ``--out docs`` renews the marked region of changes.md there. A redrawn parcel has every vertex moved by
a decimetre or so, its neighbours with it. That all parcels of the first pair are the same, and that every
square metre is traced, is checked.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
import pandas as pd
import shapely
from layers import parcels
from zones_bench import circumstances_of, renew

from renewal_geo.ledger import compare

MARKERS = ("<!-- speed begin -->", "<!-- speed end -->")
HEAD = (
    "| later version | processor seconds | wall | same | reshaped | worst feature closes to, m² |\n"
    "|--|--:|--:|--:|--:|--:|\n"
)
NOISE_M = 0.1


def redrawn(table, noise_m=NOISE_M, seed=3):
    """Return the polygons with every vertex moved, once for all that share it."""
    shapes = table.geometry.to_numpy()
    points, place = np.unique(shapely.get_coordinates(shapes), axis=0, return_inverse=True)
    moved = np.round(points + np.random.default_rng(seed).normal(0, noise_m, points.shape), 3)
    return table.set_geometry(pd.Series(shapely.set_coordinates(shapes.copy(), moved[place.ravel()]),
                                        index=table.index)).set_crs(table.crs, allow_override=True)  # fmt: skip


def some_redrawn(table, count=300):
    """Return the table with its first polygons redrawn and their neighbours as they were."""
    later = table.copy()
    later.iloc[:count, later.columns.get_loc("geometry")] = redrawn(table).geometry.iloc[:count]
    return later


def measured(name, before, after):
    began, spent = perf_counter(), process_time()
    found = compare(before, after)
    spent, wall = process_time() - spent, perf_counter() - began
    limit = np.maximum(1e-6, 1e-9 * found.flows["area_m2"])
    assert (found.flows["closing_m2"].abs() <= limit).all()
    kinds = found.table["kind"].value_counts()
    closing = found.totals["closing_m2"].max()
    same, reshaped = (kinds.get(kind, 0) for kind in ("same", "reshaped"))
    return (
        f"| {name} | {spent:.1f} | {wall:.1f} | {same:,} | {reshaped:,} | {closing:.1e} |\n",
        kinds,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parcels", type=int, default=30_455)
    parser.add_argument("--out", type=Path, help="folder of changes.md")
    options = parser.parse_args()
    small = parcels(500)
    compare(small, redrawn(small))  # compiles the loops
    before = parcels(options.parcels)
    text = f"{circumstances_of()}\n\n{HEAD}"
    for name, after in (
        ("identical", before),
        ("300 redrawn, their neighbours not", some_redrawn(before)),
        ("all redrawn, decimetres off", redrawn(before)),
    ):
        row, kinds = measured(name, before, after)
        assert name != "identical" or set(kinds.index) == {"same"}
        text += row
    print(text)
    if options.out:
        renew(options.out / "changes.md", MARKERS, text)


if __name__ == "__main__":
    main()
