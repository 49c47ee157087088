"""Needs on off-site land: how long 400 needs and 300 sites take, and how far the answer is proven.

    python -m benchmarks.sitebank

Prints one line per district: feasible pairs, answer, bounds, wall and processor seconds.
"""

import datetime as dt
import time

import geopandas as gpd
import numpy as np
import shapely

from renewal_geo import sitebank

CRS = "EPSG:4547"
TODAY = dt.date(2020, 6, 30)
USES = ("教育设施用地", "社康用地", "公园绿地", "文体设施用地")
KINDS = {
    "幼儿园": (3_600.0, "教育设施用地"),
    "小学": (9_000.0, "教育设施用地"),
    "社康中心": (1_600.0, "社康用地、文体设施用地"),
    "社区体育场地": (1_000.0, "文体设施用地、公园绿地"),
}
SITES, NEEDS = 300, 400


def district(extent_m, seed=1):
    """Return rectangles of land and points of need, spread evenly."""
    rng = np.random.default_rng(seed)

    def spots(count):
        return 520_000 + rng.random(count) * extent_m, 2_505_000 + rng.random(
            count
        ) * extent_m * 0.6

    east, north = spots(SITES)
    wide, high = rng.uniform(25, 120, (2, SITES))
    days = [TODAY + dt.timedelta(int(d)) for d in rng.integers(-100, 700, SITES)]
    sites = gpd.GeoDataFrame(
        {
            "site_id": [f"S{n:03d}" for n in range(SITES)],
            "use": rng.choice(USES, SITES),
            "available_from": days,
        },
        geometry=shapely.box(east, north, east + wide, north + high),
        crs=CRS,
    )
    kinds = rng.choice(list(KINDS), NEEDS)
    days = [TODAY + dt.timedelta(int(d)) for d in rng.integers(0, 800, NEEDS)]
    needs = gpd.GeoDataFrame(
        {
            "need_id": [f"N{n:03d}" for n in range(NEEDS)],
            "min_area_m2": [KINDS[kind][0] for kind in kinds],
            "uses": [KINDS[kind][1] for kind in kinds],
            "min_width_m": rng.choice([20.0, 35.0, 50.0], NEEDS),
            "max_dist_m": rng.choice([1_000.0, 2_000.0, 4_000.0], NEEDS),
            "need_by": days,
            "priority": rng.choice(["高", "中", "低"], NEEDS),
        },
        geometry=shapely.points(*spots(NEEDS)),
        crs=CRS,
    )
    return sites, needs


def measure(name, sites, needs, **asked):
    """Match once and print what came of it."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = sitebank.match(sites, needs, as_of=TODAY, include_inside=True, **asked)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    counts = found.ranks[["answered", "bound"]].to_numpy().tolist()
    print(
        f"{name:30} {int(found.pairs['feasible'].sum()):>7,} pairs | {found} | {counts} | "
        f"cost {found.cost:,.0f} >= {found.least_cost:,.0f} | {wall:.1f} s wall, {cpu:.1f} s CPU"
    )


def main():
    """Run all districts."""
    measure("warm-up", *district(20_000))
    measure("20 x 12 km", *district(20_000))
    sites, needs = district(9_000)
    measure("9 x 5 km", sites, needs)
    measure("9 x 5 km, one need per site", sites, needs, share_site=False)
    sites, needs = district(20_000)
    free = needs.drop(columns=["max_dist_m", "uses", "min_width_m"])
    free["min_area_m2"] = free["min_area_m2"].clip(upper=5_000.0)
    measure("no limit but area and date", sites, free)


if __name__ == "__main__":
    main()
