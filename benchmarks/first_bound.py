"""The first valid bound at 30,000 parcels, beside a bare distance join of the same parcels.

``python benchmarks/first_bound.py`` lays three copies of the 10,000 instance side by side, with values that
differ by up to a tenth, and prints the seconds of ``geopandas.sjoin(predicate="dwithin")`` and those from the
formal problem to the first bound, in turns, best of three.
"""

from __future__ import annotations

import argparse
import dataclasses
import time

import geopandas as gpd
import numpy as np
import pandas as pd
from zones_bench import DATA, problem_of

from renewal_geo.zones.problem import Problem
from renewal_geo.zones.search import solve

GAP_M = 30.0
TURNS = 3
APART_M = 30_000.0


def tiled(problem, copies):
    """Return copies of a problem side by side, their budgets together, values a little different."""
    rng = np.random.default_rng(0)
    n = problem.size

    def row(values):
        return np.concatenate([values] * copies)

    return Problem(
        row(problem.area), row(problem.value) * rng.uniform(0.9, 1.1, n * copies), row(problem.own),
        np.concatenate([problem.pairs + n * k for k in range(copies)]), row(problem.frontage),
        np.concatenate([problem.slack] * copies, axis=1), problem.share_names,
        problem.boundary_weight, problem.budget * copies, problem.min_area, problem.max_area,
        row(problem.locked), row(problem.group),
    )  # fmt: skip


def fabric(copies):
    """Return the parcels of the copies, far enough apart not to meet."""
    nodes = gpd.read_parquet(DATA / "zones_bench" / "nodes_10000.parquet")[
        ["parcel_id", "geometry"]
    ]
    moved = [nodes.assign(geometry=nodes.translate(APART_M * k)) for k in range(copies)]
    return gpd.GeoDataFrame(pd.concat(moved, ignore_index=True), crs=nodes.crs)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--copies", type=int, default=3)
    copies = parser.parse_args().copies
    parcels, problem = fabric(copies), tiled(problem_of(10000), copies)
    joins, bounds = [], []
    for _ in range(TURNS):
        began = time.perf_counter()
        pairs = gpd.sjoin(parcels, parcels, predicate="dwithin", distance=GAP_M)
        joins.append(time.perf_counter() - began)
        began = time.perf_counter()
        # any answer is good enough, so the first bound ends the call
        answer = solve(dataclasses.replace(problem), time_limit_s=600.0, gap=float("inf"), seed=0)
        bounds.append(time.perf_counter() - began)
    print(f"{problem.size:,} parcels, {len(pairs):,} pairs within {GAP_M:g} m")
    print(f"bare sjoin(dwithin)     {min(joins):6.2f} s")
    print(f"first valid bound       {min(bounds):6.2f} s   bound {answer.bound:,.2f}")
    print(f"ratio                   {min(bounds) / min(joins):6.2f}   (asked: at most 3)")


if __name__ == "__main__":
    main()
