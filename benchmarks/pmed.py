"""p-median and p-center on the public OR-Library graphs, the San Francisco stores and invented towns.

``python benchmarks/pmed.py [known] [family] [towns] [--seconds 60] [--write FOLDER]``: ``known`` (the default) solves
every listed instance and asserts its published optimum; ``family`` solves invented graphs of all 40 sizes of
the OR-Library family; ``towns`` solves invented towns of 5,000 x 200 (dense) and 30,000 x 1,000 (only pairs within
3 km). One line each: optimum, what was found, bound, whether it is proven, wall seconds. ``--write`` also keeps
the lines as ``pmed_<name>.csv``.
"""

from __future__ import annotations

import argparse
import csv
import os
import resource
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import shortest_path
from scipy.spatial import KDTree

from renewal_geo.solvers import centers, medians
from renewal_geo.solvers.siting import Choice

DATA = Path(os.environ.get("RENEWAL_GEO_DATA", Path(__file__).parents[2] / "shared" / "data"))
FOLDER = "facility_location"
DISTANCES = "SF_network_distance_candidateStore_16_censusTract_205_new.csv"
MODELS = {"p-median": "p_median", "p-center (vertex)": "p_center", "p-center": "p_center"}
FIELDS = (
    "instance", "model", "rows", "sites", "p", "optimum", "found", "bound", "gap", "proven", "seconds",
)  # fmt: skip
REACH_M = 3000.0
MOST_P = {700: 4, 800: 3, 900: 3}


def read_pmed(path: Path) -> tuple[np.ndarray, int]:
    """Return all shortest distances of a graph, and p. Of edges that repeat, the last one counts."""
    numbers = np.array(path.read_text(encoding="ascii").split(), dtype=np.int64)
    n, edges, p = numbers[:3]
    lengths = {
        (min(a, b) - 1, max(a, b) - 1): length
        for a, b, length in numbers[3 : 3 + 3 * edges].reshape(-1, 3)
    }
    return distances(n, lengths), int(p)


def distances(n: int, lengths: dict[tuple[int, int], int]) -> np.ndarray:
    """Return the shortest distance between all pairs of n nodes along undirected edges."""
    ends = np.array(list(lengths), dtype=np.int64)
    each = np.array(list(lengths.values()), dtype=float)
    graph = csr_array((each, (ends[:, 0], ends[:, 1])), shape=(n, n))
    return shortest_path(graph, directed=False)


def read_stores(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return distances from census tracts to stores, and the tracts' demand."""
    with (folder / "spopt_sf" / DISTANCES).open(encoding="utf-8") as table:
        listed = list(csv.DictReader(table))
    stores = list(dict.fromkeys(row["name"] for row in listed))
    tracts = list(dict.fromkeys(row["DestinationName"] for row in listed))
    place = {name: k for k, name in enumerate(tracts)} | {s: k for k, s in enumerate(stores)}
    costs = np.full((len(tracts), len(stores)), np.inf)
    demand = np.zeros(len(tracts))
    for row in listed:
        costs[place[row["DestinationName"]], place[row["name"]]] = float(row["distance"])
        demand[place[row["DestinationName"]]] = float(row["demand"])
    return costs, demand


def invented_graph(n: int, seed: int) -> np.ndarray:
    """Return distances on a graph like the OR-Library's: a path and random edges, n^2 / 50 in all, lengths 1 to 100."""
    rng = np.random.default_rng(seed)
    lengths = {(node, node + 1): int(rng.integers(1, 101)) for node in range(n - 1)}
    while len(lengths) < n * n // 50:
        a, b = sorted(rng.integers(0, n, 2).tolist())
        if a != b:
            lengths[a, b] = int(rng.integers(1, 101))
    return distances(n, lengths)


def family() -> Iterator[tuple[str, np.ndarray, np.ndarray, int]]:
    """Yield a graph for every size of the 40."""
    number = 0
    for n in range(100, 1000, 100):
        # the largest graphs come without the largest p
        for p in (5, 10, n // 10, n // 5, n // 3)[: MOST_P.get(n, 5)]:
            number += 1
            costs = invented_graph(n, number)
            yield f"invented{number}", costs, np.ones(n), p


def towns() -> Iterator[tuple[str, np.ndarray | csr_array, np.ndarray, int]]:
    """Yield two invented towns of 20 x 20 km: clustered demand, most sites among it."""
    demand, sites, weight = invented_town(5_000, 200, 1)
    yield "town 5,000 x 200", np.hypot(*(demand[:, None] - sites).transpose(2, 0, 1)), weight, 12
    demand, sites, weight = invented_town(30_000, 1_000, 2)
    near = KDTree(demand).sparse_distance_matrix(KDTree(sites), REACH_M, output_type="coo_matrix")
    costs = csr_array(near.tocsr())
    reached = np.diff(costs.indptr) > 0
    yield "town 30,000 x 1,000", costs[reached], weight[reached], 40


def invented_town(n: int, m: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return places of demand and of sites in metres, and people."""
    rng = np.random.default_rng(seed)
    centres, spread = rng.uniform(0, 20_000, (40, 2)), rng.uniform(300, 1500, 40)
    near = rng.integers(0, 40, n)
    demand = np.clip(centres[near] + rng.normal(size=(n, 2)) * spread[near, None], 0, 20_000)
    scattered = rng.random(n) < 0.2
    demand[scattered] = rng.uniform(0, 20_000, (int(scattered.sum()), 2))
    sites = rng.uniform(0, 20_000, (m, 2))
    among = rng.integers(0, n, m * 3 // 4)
    sites[: len(among)] = demand[among] + rng.normal(size=(len(among), 2)) * 200
    return demand, sites, rng.integers(1, 400, n).astype(float)


def known(folder: Path) -> Iterator[tuple[str, str, np.ndarray, np.ndarray, int, float]]:
    """Yield name, model, costs, weight, p and optimum of all listed instances."""
    with (folder / "KNOWN_OPTIMA.csv").open(encoding="utf-8") as table:
        listed = [row for row in csv.DictReader(table) if row["model"] in MODELS]
    for row in listed:
        p = int(row["p"].removeprefix("p="))
        if row["instance"] == "spopt_sf":
            costs, weight = read_stores(folder)
        else:
            costs, own = read_pmed(folder / "orlib_pmed" / row["instance"])
            assert own == p, row
            weight = np.ones(len(costs))
        yield row["instance"], MODELS[row["model"]], costs, weight, p, float(row["optimum"])


def solve(model: str, costs: object, weight: np.ndarray, p: int, seconds: float) -> Choice:
    """Ask for the best sites."""
    if model == "p_median":
        return medians.nearest(costs, weight, p, time_limit_s=seconds)
    return centers.smallest(costs, p, time_limit_s=seconds)


def recomputed(model: str, costs: object, weight: np.ndarray, chosen: np.ndarray) -> float:
    """Return the objective of the chosen sites from the costs alone."""
    columns = costs[:, chosen]  # type: ignore[index]
    if not isinstance(columns, np.ndarray):
        dense = columns.toarray()
        columns = np.where(dense == 0.0, np.inf, dense)  # no demand lies on a site here
    least = columns.min(axis=1)
    return float(weight @ least) if model == "p_median" else float(least.max())


def line(
    name: str,
    model: str,
    costs: object,
    weight: np.ndarray,
    p: int,
    optimum: float | None,
    seconds: float,
) -> dict[str, object]:
    """Solve one instance, check the answer, and return its line."""
    began = time.perf_counter()
    found = solve(model, costs, weight, p, seconds)
    took = time.perf_counter() - began
    assert found.feasible, name
    assert len(found.chosen) == p, name
    assert np.isclose(recomputed(model, costs, weight, found.chosen), found.objective, rtol=1e-12)
    assert found.bound <= found.objective, name
    if optimum is not None:
        assert found.bound <= optimum * (1 + 1e-12), name
        assert np.isclose(found.objective, optimum, rtol=1e-11), (name, found.objective, optimum)
    rows, sites = costs.shape  # type: ignore[attr-defined]
    gap = (found.objective - found.bound) / max(abs(found.objective), 1e-9)
    values = (
        name, model, rows, sites, p, "" if optimum is None else optimum, found.objective, found.bound,
        f"{gap:.2e}", found.closed, round(took, 2),
    )  # fmt: skip
    return dict(zip(FIELDS, values, strict=True))


def lines(what: str, seconds: float) -> Iterator[dict[str, object]]:
    """Yield the lines of one part."""
    if what == "known":
        for name, model, costs, weight, p, optimum in known(DATA / FOLDER):
            yield line(name, model, costs, weight, p, optimum, seconds)
        return
    for name, costs, weight, p in family() if what == "family" else towns():
        for model in ("p_median", "p_center"):
            yield line(name, model, costs, weight, p, None, seconds)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="*", default=["known"], help="known, family, towns")
    parser.add_argument("--seconds", type=float, default=60.0, help="limit of one instance")
    parser.add_argument("--write", type=Path, help="folder for the lines as CSV")
    given = parser.parse_args()
    # what is compiled on first use is no property of an instance
    warm = invented_graph(100, 0)
    medians.nearest(warm, np.ones(100), 5)
    centers.smallest(warm, 5)
    for what in given.what:
        kept = []
        print(" ".join(f"{name:>12}" for name in FIELDS))
        for one in lines(what, given.seconds):
            kept.append(one)
            print(" ".join(f"{one[name]!s:>12}" for name in FIELDS), flush=True)
        spent = np.array([float(str(one["seconds"])) for one in kept])
        proven = sum(bool(one["proven"]) for one in kept)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{what}: {proven} of {len(kept)} proven, {spent.sum():.1f} s in all, worst {spent.max():.1f} s,"
            f" peak memory {peak:.0f} MB"
        )
        if given.write:
            with (given.write / f"pmed_{what}.csv").open("w", encoding="utf-8", newline="") as file:
                table = csv.DictWriter(file, FIELDS, lineterminator="\n")
                table.writeheader()
                table.writerows(kept)


if __name__ == "__main__":
    main()
