"""What it costs to check a proof: seconds of the replay beside those of the solve.

``python benchmarks/replay.py [--seconds 60] [--sizes 500 2000]`` solves the zones_bench instances, writes each
proof as JSON, reads it again and replays it with numpy.
"""

from __future__ import annotations

import argparse
import json
import time

from zones_bench import SIZES, problem_of

from renewal_geo.zones.proof import replay
from renewal_geo.zones.search import solve


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--sizes", type=int, nargs="+", choices=SIZES, default=list(SIZES))
    given = parser.parse_args()
    solve(problem_of(500), time_limit_s=15, gap=0.05, seed=0)  # compiles the loops
    print("| parcels | solve s | replay s | share | proof MB | bound |")
    print("|--:|--:|--:|--:|--:|--:|")
    for size in given.sizes:
        problem = problem_of(size)
        began = time.perf_counter()
        answer = solve(problem, time_limit_s=given.seconds, gap=0.001, seed=0)
        solved = time.perf_counter() - began
        told = json.dumps(answer.proof)
        began = time.perf_counter()
        bound = replay(problem, json.loads(told))
        took = time.perf_counter() - began
        assert abs(bound - answer.bound) <= 1e-9 * bound
        print(
            f"| {size:,} | {solved:.1f} | {took:.2f} | {100 * took / solved:.1f} % | {len(told) / 1e6:.2f} "
            f"| {bound:,.2f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
