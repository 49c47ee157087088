"""Ways along streets within a limit, beside igraph, which has no limit: same distances, same run.

    python -m benchmarks.networks --peers-python peers/bin/python

The street network is that of a district of 18 km x 18 km: a grid of 80 m blocks, jittered, with 18 % of its
streets taken away; 200 sources, 1 km. Ours reads the lines, puts sources and all nodes on edges, and returns a
sparse matrix; igraph gets nodes, edges and lengths ready made. Seconds are those of the processor, best of
three; igraph runs in a process of its own (``requirements-peers.txt``).
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

SIDE, BLOCK_M, JITTER_M, REMOVED = 224, 80.0, 15.0, 0.18
SOURCES, LIMIT_M, SEED, TIMES = 200, 1000.0, 0, 3


def city(side=SIDE, seed=SEED):
    """Return nodes and pairs of them that a street joins."""
    rng = np.random.default_rng(seed)
    i, j = np.meshgrid(np.arange(side), np.arange(side), indexing="ij")
    nodes = np.stack([i, j], axis=-1).reshape(-1, 2) * BLOCK_M
    nodes = nodes + rng.uniform(-JITTER_M, JITTER_M, nodes.shape)
    number = np.arange(side * side).reshape(side, side)
    across = np.stack([number[:-1].ravel(), number[1:].ravel()], axis=1)
    along = np.stack([number[:, :-1].ravel(), number[:, 1:].ravel()], axis=1)
    pairs = np.concatenate([across, along])
    return nodes, pairs[rng.random(len(pairs)) > REMOVED]


def best(work):
    """Return the least processor seconds of some runs, and what the last returned."""
    seconds = []
    for _ in range(TIMES):
        start = time.process_time()
        made = work()
        seconds.append(time.process_time() - start)
    return min(seconds), made


def ours(nodes, pairs):
    """Return our seconds by step, and the distances between sources and nodes."""
    import geopandas as gpd
    import shapely

    from renewal_geo.spatial.catchments import nearest_sites, network_costs
    from renewal_geo.spatial.networks import network_of, snap

    lines = gpd.GeoSeries(shapely.linestrings(nodes[pairs]), crs="EPSG:4547")
    start = time.process_time()
    network = network_of(lines)
    seconds = {"build": time.process_time() - start}
    spots = gpd.GeoSeries(shapely.points(network.nodes), crs=lines.crs)
    seconds["snap all nodes"], demand = best(lambda: snap(spots, network))
    rng = np.random.default_rng(SEED + 1)
    chosen = np.sort(rng.choice(len(network.nodes), SOURCES, replace=False))
    sites = snap(spots.iloc[chosen], network)
    network_costs(network, sites, demand, LIMIT_M)  # compiled once
    seconds["costs within 1 km"], costs = best(
        lambda: network_costs(network, sites, demand, LIMIT_M)
    )
    seconds["nearest of 200"], _ = best(lambda: nearest_sites(network, sites, demand))
    return network, chosen, seconds, costs


def theirs(case):
    """Run igraph on a case (the child): seconds, and the distances within the limit."""
    import igraph

    data = np.load(case)
    start = time.process_time()
    graph = igraph.Graph(n=int(data["count"]), edges=data["pairs"].tolist())
    graph.es["length"] = data["length"].tolist()
    build = time.process_time() - start
    sources = data["sources"].tolist()
    seconds, found = best(lambda: graph.distances(source=sources, weights="length"))
    table = np.array(found)
    np.savez(Path(case).with_suffix(".out.npz"), table=np.where(table <= LIMIT_M, table, np.inf))
    print(json.dumps({"version": igraph.__version__, "build": build, "distances": seconds}))


def main():
    """Print one line per step, then the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peers-python", default=sys.executable)
    parser.add_argument("--side", type=int, default=SIDE)
    asked = parser.parse_args()
    nodes, pairs = city(asked.side)
    network, chosen, seconds, costs = ours(nodes, pairs)
    print(network)
    for step, used in seconds.items():
        print(f"  ours    {step:24} {used:9.4f} CPU s")
    with tempfile.TemporaryDirectory() as folder:
        case = Path(folder) / "case.npz"
        pairs = np.column_stack([network.tail, network.head])
        np.savez(case, count=len(network.nodes), pairs=pairs, length=network.length, sources=chosen)
        done = subprocess.run(
            [asked.peers_python, __file__, "--child", str(case)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            print(f"  igraph is not there: {done.stderr.strip().splitlines()[-1]}")
            return
        said = json.loads(done.stdout)
        table = np.load(case.with_suffix(".out.npz"))["table"]
    for step in ("build", "distances"):
        print(f"  igraph {said['version']} {step:19} {said[step]:9.4f} CPU s")
    there = np.isfinite(table)
    ours_table = np.full(table.shape, np.inf)
    stored = costs.T.tocoo()
    ours_table[stored.coords] = stored.data
    same = np.array_equal(np.isfinite(ours_table), there)
    worst = np.abs(ours_table[there] - table[there]).max()
    print(
        f"  {there.sum():,} ways within {LIMIT_M:g} m, the same in both: {same}, farthest apart {worst:.1e} m"
    )
    print(f"  ratio {said['distances'] / seconds['costs within 1 km']:,.0f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        theirs(sys.argv[2])
    else:
        main()
