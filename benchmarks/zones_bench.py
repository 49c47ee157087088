"""The optimiser on the zones_bench instances, beside our own greedy region growing.

``python benchmarks/zones_bench.py [SECONDS] [SIZE ...]`` prints a table. Both run on the same problem in the
same process; the greedy rival is judged by the same feasibility test and valued by the same function.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from renewal_geo.zones.problem import Problem, is_feasible, zone_value
from renewal_geo.zones.search import gap_of, solve

DATA = Path(os.environ.get("RENEWAL_GEO_DATA", Path(__file__).parents[2] / "shared" / "data"))
SIZES = (500, 2000, 4450, 10000)
SEEDS_PER_ZONE = 8


def problem_of(size):
    """Return the instance as a formal problem, links as given."""
    nodes = pd.read_parquet(DATA / "zones_bench" / f"nodes_{size}.parquet")
    links = pd.read_parquet(DATA / "zones_bench" / f"links_{size}.parquet")
    free = ~nodes["is_locked_out"].to_numpy()
    index = pd.Index(nodes["parcel_id"].astype(str))
    ends = np.stack(
        [index.get_indexer(links[c].astype(str)) for c in ("focal", "neighbour")], axis=1
    )
    length = links["frontage_m"].to_numpy()
    inner = free[ends].all(axis=1)
    own = nodes["own_boundary_m"].to_numpy().copy()
    np.add.at(own, ends[~inner].ravel(), np.repeat(length[~inner], 2))
    number = np.cumsum(free) - 1
    area = nodes["area_ha"].to_numpy()[free]
    slack = [
        area * (nodes["share_industrial"].to_numpy()[free] - 0.65),
        area * (nodes["share_legal"].to_numpy()[free] - 0.60),
    ]
    least, most = (10.0, 50.0) if size == 500 else (20.0, 100.0)
    none = np.zeros(len(area), dtype=bool)
    return Problem(
        area, nodes["value"].to_numpy()[free], own[free], number[ends[inner]], length[inner],
        np.array(slack), ("industrial", "legal"), 0.004,
        0.427 * float(nodes.loc[nodes["in_pool"], "area_ha"].sum()), least, most, none,
        none.astype(np.int64) - 1,
    )  # fmt: skip


def greedy(problem, seed=0):
    """Grow a zone from each of several seeds by the best value per hectare, keep the best, repeat."""
    rng = np.random.default_rng(seed)
    n = problem.size
    beside = [[] for _ in range(n)]
    for (u, v), metres in zip(problem.pairs.tolist(), problem.frontage, strict=True):
        beside[u].append((v, metres))
        beside[v].append((u, metres))
    around = np.array([sum(m for _, m in b) for b in beside])
    alone = problem.value - problem.boundary_weight * (problem.own + around)
    used = np.zeros(n, dtype=bool)
    left = problem.budget
    total, failures = 0.0, 0
    while left >= problem.min_area and failures < 12:
        free = np.flatnonzero(~used)
        if not len(free):
            break
        rate = problem.value[free] / problem.area[free]
        tops = free[np.argsort(-rate)[: max(20, len(free) // 4)]]
        best, best_rate = None, 0.0
        for start in rng.choice(tops, min(SEEDS_PER_ZONE, len(tops)), replace=False):
            zone = grow(problem, beside, alone, used, int(start), min(left, problem.max_area))
            if zone is None:
                continue
            worth = zone_value(problem, zone)
            if worth / problem.area[zone].sum() > best_rate:
                best, best_rate = zone, worth / problem.area[zone].sum()
        if best is None:
            failures += 1
            continue
        used[best] = True
        # a further zone may not touch this one unless their union is too large; leave a ring free
        for u in best:
            for v, _ in beside[u]:
                used[v] = True
        total += zone_value(problem, best)
        left -= problem.area[best].sum()
    return total


def grow(problem, beside, alone, used, start, limit):
    """Return the best feasible zone met while growing from `start`, or None."""
    members, inside = [start], {start}
    frontier = {v for v, _ in beside[start] if not used[v]}
    area, worth, slack = problem.area[start], alone[start], problem.slack[:, start].copy()
    best, best_rate = None, -np.inf
    while frontier:
        gains = {}
        for v in frontier:
            gain = alone[v] + 2 * problem.boundary_weight * sum(
                m for w, m in beside[v] if w in inside
            )
            help_share = sum(3.0 * problem.slack[k, v] for k in range(len(slack)) if slack[k] < 0)
            gains[v] = (gain + help_share) / problem.area[v]
        chosen = max(gains, key=gains.get)
        frontier.discard(chosen)
        if area + problem.area[chosen] > limit:
            continue
        if area >= problem.min_area and gains[chosen] < 0:
            break
        worth += alone[chosen] + 2 * problem.boundary_weight * sum(
            m for w, m in beside[chosen] if w in inside
        )
        members.append(chosen)
        inside.add(chosen)
        area += problem.area[chosen]
        slack += problem.slack[:, chosen]
        frontier |= {v for v, _ in beside[chosen] if not used[v] and v not in inside}
        if area >= problem.min_area and (slack >= 0).all() and worth / area > best_rate:
            zone = np.array(sorted(members))
            if is_feasible(problem, zone):
                best, best_rate = zone, worth / area
    return best


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    sizes = [int(one) for one in sys.argv[2:]] or SIZES
    print(
        "| parcels | value | bound | gap | seconds | zones | greedy value | greedy s | value / greedy |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    solve(problem_of(500), time_limit_s=15, gap=0.05, seed=0)  # compiles the loops
    for size in sizes:
        problem = problem_of(size)
        began = time.perf_counter()
        answer = solve(problem, time_limit_s=seconds, gap=0.001, seed=0)
        took = time.perf_counter() - began
        assert all(is_feasible(problem, zone) for zone in answer.zones)
        began = time.perf_counter()
        rival = greedy(problem)
        rival_took = time.perf_counter() - began
        print(
            f"| {size:,} | {answer.objective:,.2f} | {answer.bound:,.2f} | "
            f"{100 * gap_of(answer.objective, answer.bound):.2f} % | {took:.1f} | {len(answer.zones)} | "
            f"{rival:,.2f} | {rival_took:.1f} | {answer.objective / max(rival, 1e-9):.2f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
