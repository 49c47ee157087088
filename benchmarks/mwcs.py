"""The best connected zone on the public instances of the maximum-weight connected subgraph (DIMACS 11).

``python benchmarks/mwcs.py [--seconds 60] [--gap 1e-6] [NAME ...]`` prints one line per file: its size, the
optimum known, and the value, bound, gap and seconds of `best_connected`.
"""

from __future__ import annotations

import argparse
import csv
import os
import time
from pathlib import Path

import numpy as np

from renewal_geo.solvers.connected import Connected, best_connected

DATA = Path(os.environ.get("RENEWAL_GEO_DATA", Path(__file__).parents[2] / "shared" / "data"))
FOLDER = "mwcs_dimacs11"


def read_stp(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the weights of the nodes and the pairs of linked ones, nodes from 0."""
    pairs: list[tuple[int, int]] = []
    weights: dict[int, float] = {}
    count = 0
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        words = line.split()
        if len(words) < 2:
            continue
        if words[0] == "Nodes":
            count = int(words[1])
        elif words[0] in {"E", "A"}:
            pairs.append((int(words[1]) - 1, int(words[2]) - 1))
        elif words[0] == "T" and len(words) == 3:
            weights[int(words[1]) - 1] = float(words[2])
    weight = np.zeros(count)
    weight[list(weights)] = list(weights.values())
    return weight, np.array(pairs, dtype=np.int64).reshape(-1, 2)


def known_optima(folder: Path) -> dict[str, float]:
    """Return the optimum of every file."""
    with (folder / "KNOWN_OPTIMA.csv").open(encoding="utf-8") as table:
        return {row["instance"]: float(row["maximum_weight"]) for row in csv.DictReader(table)}


def solve(weight: np.ndarray, pairs: np.ndarray, seconds: float, gap: float) -> Connected:
    """Ask for the best connected set of an instance."""
    n = len(weight)
    return best_connected(
        weight,
        pairs,
        np.zeros(len(pairs)),
        np.ones(n),
        np.zeros((0, n)),
        forced=np.zeros(n, dtype=bool),
        nonempty=False,
        deadline=time.monotonic() + seconds,
        gap=gap,
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="parts of the names of files, all by default")
    parser.add_argument("--seconds", type=float, default=60.0, help="limit of one file")
    parser.add_argument("--gap", type=float, default=1e-6)
    given = parser.parse_args()
    folder = DATA / FOLDER
    print(
        f"{'file':42} {'n':>5} {'m':>6} {'known':>13} {'value':>13} {'bound':>13} {'gap':>8} {'s':>6}"
    )
    spent = []
    for name, known in sorted(known_optima(folder).items()):
        if given.names and not any(one in name for one in given.names):
            continue
        weight, pairs = read_stp(folder / name)
        began = time.monotonic()
        found = solve(weight, pairs, given.seconds, given.gap)
        spent.append(time.monotonic() - began)
        gap = (found.bound - found.value) / max(abs(found.value), 1e-9)
        print(
            f"{name:42} {len(weight):5} {len(pairs):6} {known:13.6f} {found.value:13.6f}"
            f" {found.bound:13.6f} {gap:8.1e} {spent[-1]:6.2f}",
            flush=True,
        )
    print(f"{len(spent)} files, {sum(spent):.1f} s, median {np.median(spent):.2f} s")


if __name__ == "__main__":
    main()
