"""Contiguity beside geopandas' plain distance join, in one process.

Run: python benchmarks/contiguity.py DATA
"""

from __future__ import annotations

import sys
from pathlib import Path
from time import perf_counter

import geopandas as gpd

from renewal_geo.contiguity import connect

SIZES = (500, 2000, 4450, 10000)
GAP_M = 30.0


def measure(folder: Path, size: int) -> str:
    """Return one line: seconds of both and their ratio."""
    parcels = gpd.read_parquet(folder / f"nodes_{size}.parquet").set_index("parcel_id")
    walls = gpd.read_parquet(folder / f"barriers_{size}.parquet").rename(
        columns={"width": "width_m"}
    )
    seconds = []
    for run in (
        lambda: connect(parcels, walls, gap_max_m=GAP_M, min_frontage_m=5.0),
        lambda: gpd.sjoin(
            parcels[["geometry"]], parcels[["geometry"]], predicate="dwithin", distance=GAP_M
        ),
    ):
        run()
        begun = perf_counter()
        run()
        seconds.append(perf_counter() - begun)
    ours, theirs = seconds
    return f"{size:>6} parcels: ours {ours:.2f} s, sjoin {theirs:.2f} s, ratio {ours / theirs:.1f}"


if __name__ == "__main__":
    for number in SIZES:
        print(measure(Path(sys.argv[1]) / "zones_bench", number))
