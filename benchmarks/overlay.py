"""Area tables beside geopandas.overlay: the same layers, the same process, both answers compared first.

    python benchmarks/overlay.py [--quick] [--peers] [--out docs/overlay.csv]

Processor seconds of one process; the least of three runs of ours (the loops are compiled before), one of
geopandas.overlay. The area of every pair must agree, and every parcel must close, before a ratio is printed.
``--peers`` adds DuckDB spatial where ``duckdb`` 1.5.5 and ``duckdb-extension-spatial`` are installed, and PostGIS
where RENEWAL_GEO_POSTGIS names a database. Peak memory is that of a fresh process that reads the layers and
does nothing else.
"""

from __future__ import annotations

import argparse
import os
import pickle
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import geopandas as gpd
import layers
import numpy as np
import pandas as pd
import shapely

from renewal_geo.spatial.area_tables import area_table

RUNS = 3


def cases(*, quick):
    some = layers.parcels(3_000 if quick else 30_455)
    use = layers.land_use(520 if quick else 5_206)
    yield "parcels x land use", some, use
    yield "near-coincident layers", some, layers.near_coincident(some)
    if not quick:
        yield "150,000 parcels x land use", layers.parcels(151_169), use
        yield "parcels x control lines", some, layers.control_lines()


def processor_seconds(call):
    begun = time.process_time()
    result = call()
    return time.process_time() - begun, result


def ours(zones, layer):
    return area_table(zones.geometry.to_numpy(), layer.geometry.to_numpy())


def theirs(zones, layer):
    left = gpd.GeoDataFrame(
        {"zone": np.arange(len(zones))}, geometry=zones.geometry.to_numpy(), crs=zones.crs
    )
    right = gpd.GeoDataFrame(
        {"source": np.arange(len(layer))}, geometry=layer.geometry.to_numpy(), crs=layer.crs
    )
    made = gpd.overlay(left, right, how="intersection", keep_geom_type=True)
    return made.assign(area=made.area)


def compared(table, made):
    """Return the largest difference between the areas of a pair, and the largest beyond tolerance.

    Tolerance is 1e-6 m2 or 1e-9 of the area: GEOS rounds in world coordinates, and where a pair
    differs by more than 1e-6, GEOS itself gives our figure once both shapes are moved to the origin.
    """
    names = ["zone", "source"]
    one = pd.Series(
        table.area, index=pd.MultiIndex.from_arrays([table.zone, table.source], names=names)
    )
    two = made.groupby(names)["area"].sum()
    off = one.sub(two, fill_value=0.0).abs()
    slack = np.maximum(1e-6, 1e-9 * two.reindex(off.index).fillna(0.0))
    return float(off.max()), float((off - slack).max())


def duckdb_seconds(zones, layer):
    try:
        import duckdb
        import duckdb_extension_spatial as spatial

        base = duckdb.connect(config={"threads": 1})
        folder = Path(spatial.__file__).parent / "extensions" / f"v{duckdb.__version__}"
        base.execute(f"LOAD '{folder / 'spatial.duckdb_extension'}'")
    except Exception as fault:  # noqa: BLE001  any reason will do to leave a peer out
        return None, f"DuckDB spatial not here ({type(fault).__name__})"
    for name, table in (("zones", zones), ("layer", layer)):
        frame = pd.DataFrame(
            {"n": np.arange(len(table)), "wkb": shapely.to_wkb(table.geometry.to_numpy())}
        )
        base.register("frame", frame)
        base.execute(f"CREATE TABLE {name} AS SELECT n, ST_GeomFromWKB(wkb) AS g FROM frame")  # noqa: S608
        base.unregister("frame")
    query = (
        "SELECT sum(ST_Area(ST_Intersection(a.g, b.g))), count(*) FROM zones a "
        "JOIN layer b ON ST_Intersects(a.g, b.g)"
    )
    seconds, rows = processor_seconds(lambda: base.execute(query).fetchone())
    return seconds, f"sum {rows[0]:,.3f} m2"


def postgis_seconds(zones, layer):
    url = os.environ.get("RENEWAL_GEO_POSTGIS")
    if not url:
        return None, "PostGIS not named"
    import psycopg

    with psycopg.connect(url) as base, base.cursor() as cursor:
        for name, table in (("zones", zones), ("layer", layer)):
            cursor.execute(f"CREATE TEMP TABLE {name} (n int, g geometry)")
            with cursor.copy(f"COPY {name} FROM STDIN") as copy:
                for n, wkb in enumerate(shapely.to_wkb(table.geometry.to_numpy(), hex=True)):
                    copy.write_row((n, wkb))
            cursor.execute(f"CREATE INDEX ON {name} USING gist (g)")
            cursor.execute(f"ANALYZE {name}")
        cursor.execute("SET max_parallel_workers_per_gather = 0")
        begun = time.perf_counter()
        cursor.execute(
            "SELECT sum(ST_Area(ST_Intersection(a.g, b.g))) FROM zones a JOIN layer b ON ST_Intersects(a.g, b.g)"
        )
        total = cursor.fetchone()[0]
    return time.perf_counter() - begun, f"sum {total:,.3f} m2 (wall)"


def peak_mb(which, zones, layer):
    """Return the peak memory of a process that does nothing but read the layers and one overlay."""
    with tempfile.NamedTemporaryFile(suffix=".pickle", delete=False) as file:
        pickle.dump((zones, layer), file)
    try:
        command = [sys.executable, __file__, "--child", which, file.name]
        return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    finally:
        Path(file.name).unlink()


def child(which, path):
    zones, layer = pickle.loads(Path(path).read_bytes())  # noqa: S301  written by this very run
    {"ours": ours, "theirs": theirs}[which](zones, layer)
    # not ru_maxrss: a process inherits that of the one that started it
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    print(int(status["VmHWM"].split()[0]) / 1024)


def main():
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ask.add_argument("--quick", action="store_true", help="a tenth of the layers, for a first look")
    ask.add_argument("--peers", action="store_true", help="DuckDB and PostGIS too, where they are")
    ask.add_argument("--out", type=Path, help="also write the table as CSV")
    ask.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    given = ask.parse_args()
    if given.child:
        child(*given.child)
        return
    rows = []
    warm = layers.parcels(200)
    ours(warm, warm)
    for name, zones, layer in cases(quick=given.quick):
        runs = [processor_seconds(lambda: ours(zones, layer)) for _ in range(RUNS)]  # noqa: B023
        mine, table = min(seconds for seconds, _ in runs), runs[0][1]
        other, made = processor_seconds(lambda: theirs(zones, layer))  # noqa: B023
        worst, beyond = compared(table, made)
        area = zones.geometry.area.to_numpy()
        sums = np.bincount(table.zone, table.area, minlength=len(zones))
        closing = float(np.abs(sums - table.twice + table.uncovered - area).max())
        assert beyond <= 0, f"{name}: a pair differs by {worst} m2"
        assert closing <= 1e-6, f"{name}: a parcel does not close by {closing} m2"
        row = {
            "case": name,
            "pairs": len(table.area),
            "ours_cpu_s": round(mine, 2),
            "geopandas_cpu_s": round(other, 2),
            "ratio": round(other / mine, 1),
            "ours_peak_mb": round(peak_mb("ours", zones, layer)),
            "geopandas_peak_mb": round(peak_mb("theirs", zones, layer)),
            "worst_pair_m2": worst,
            "worst_closing_m2": closing,
            "uncovered_m2": round(float(table.uncovered.sum()), 3),
            "covered_twice_m2": round(float(table.twice.sum()), 3),
            "sliver_m2": round(float(table.sliver.sum()), 3),
        }
        rows.append(row)
        print("\n".join(f"{key:>18}: {value}" for key, value in row.items()), flush=True)
        if given.peers:
            for peer, seconds in (("duckdb", duckdb_seconds), ("postgis", postgis_seconds)):
                print(f"{peer:>18}:", *seconds(zones, layer), flush=True)
    if given.out:
        pd.DataFrame(rows).to_csv(given.out, index=False)


if __name__ == "__main__":
    main()
