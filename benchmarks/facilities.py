"""Siting beside its peers: each measured in a process of its own, answers compared before seconds.

``python benchmarks/facilities.py [PART ...] [--peers-python peers/bin/python] [--out docs] [--small]`` prints one
line per question and engine, and with ``--out`` writes them into ``facilities_benchmark.md``. CPU seconds are of the
work (distances, model, solver, its own processes too), imports apart; memory is the peak of the whole process,
and what of it the imports had not taken. A peer that calls an answer optimal which is not: the table says so.

Instances are drawn from a seed: clustered demand on 20 x 20 km, half of the sites in clusters too. Peers need no
package of ours: an environment of their own (requirements-peers.txt), this file as the child.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
SIDE = 20_000.0
CLUSTERS = 25
LIMIT_S = 400.0
SETTLE_S = 0.5
PEER_GAP = (
    1e-4  # at which HiGHS calls an answer proven when it is not told otherwise, as beside spopt
)
PARTS = {}  # name of a part -> function(options) that yields Lines; other benchmarks add theirs


@dataclass(frozen=True)
class Line:
    """One engine on one question; `note` says why there is no answer."""

    question: str
    engine: str
    objective: float | None = None
    bound: float | None = None
    proven: bool | None = None
    cpu_s: float | None = None
    import_s: float | None = None
    peak_mb: float | None = None
    own_mb: float | None = None
    note: str = ""


def town(n, m, seed=1):
    """Return demand (n x 2), sites (m x 2), metres, and people per row of demand."""
    chance = np.random.default_rng(seed)
    centre, spread = chance.uniform(0, SIDE, (CLUSTERS, 2)), chance.uniform(500, 2000, CLUSTERS)

    def around(count, clustered):
        pick = chance.integers(0, CLUSTERS, count)
        near = centre[pick] + chance.normal(size=(count, 2)) * spread[pick, None]
        anywhere = chance.uniform(0, SIDE, (count, 2))
        return np.clip(np.where(chance.random((count, 1)) < clustered, near, anywhere), 0, SIDE)

    return around(n, 0.8), around(m, 0.5), chance.integers(1, 400, n)


def part(name):
    """Register a part under its name."""

    def enter(function):
        PARTS[name] = function
        return function

    return enter


@part("covering")
def covering(options):
    """LSCP and MCLP beside spopt, and at sizes that spopt does not reach."""
    small = options.small
    asked = [
        ("lscp", 5000, 200, 1500.0, None, 0.0, True),
        ("mclp", 5000, 200, 1500.0, 25, 0.0, True),
        ("lscp", 5000, 200, 3000.0, None, 0.0, not small),
        ("mclp", 5000, 200, 3000.0, 12, 0.0, not small),
        ("lscp", 30_000, 1000, 600.0, None, 0.015, False),
        ("mclp", 30_000, 1000, 600.0, 150, 0.015, False),
        ("lscp", 30_000, 1000, 1000.0, None, 0.015, False),
        ("mclp", 30_000, 1000, 1000.0, 60, 0.015, False),
    ]
    if small:
        asked = [
            (k, n // 10, m // 5, r * 2, p and p // 5, g, peer)
            for k, n, m, r, p, g, peer in asked[:2]
        ]
    for model, n, m, radius, p, gap, with_peer in asked:
        demand, sites, weight = town(n, m, options.seed)
        named = f"{model.upper()} {n:,} × {m:,}, {radius:,.0f} m" + (f", p {p}" if p else "")
        if gap:
            named += f", gap {gap:.1%} asked"
        case = {
            "demand": demand, "sites": sites, "weight": weight, "radius": radius, "p": p or 0,
            "model": model, "gap": gap, "limit": options.seconds,
        }  # fmt: skip
        engines = ["renewal-geo engine", "renewal-geo locate"]
        if with_peer and options.peers_python:
            engines += ["spopt CBC", "spopt HiGHS"]
        lines = [measure(named, one, case, options.peers_python) for one in engines]
        agree(lines, sense=1 if model == "mclp" else -1)
        yield from lines


def agree(lines, sense):
    """Stop where two proven answers differ, or any answer is better than a proven bound of ours."""
    answers = [one for one in lines if one.objective is not None]
    for one in answers:
        if one.bound is None:
            continue
        for other in answers:
            worst = sense * (other.objective - one.bound)
            assert worst <= 1e-6 * max(1.0, abs(one.bound)), (one, other)
    proven = [one.objective for one in answers if one.proven]
    if proven:
        assert max(proven) - min(proven) <= PEER_GAP * max(map(abs, proven)), answers


def measure(question, engine, case, peers_python):
    """Run one engine in a process of its own."""
    python = peers_python if engine.startswith("spopt") else sys.executable
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "case.npz"
        np.savez(path, **case)
        command = [python, __file__, "--child", engine, str(path)]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=LIMIT_S, check=False
            )
        except subprocess.TimeoutExpired:
            return Line(question, engine, note=f"stopped after {LIMIT_S:.0f} s")
    said = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if not said:
        return Line(question, engine, note=" ".join(done.stderr.split())[-120:] or "no answer")
    return Line(question, engine, **json.loads(said[-1]))


# ---- the child: one engine, one question ----------------------------------------------------------


def used_s():
    """CPU seconds of this process and of those that it waited for."""
    own, theirs = (
        resource.getrusage(resource.RUSAGE_SELF),
        resource.getrusage(resource.RUSAGE_CHILDREN),
    )
    return own.ru_utime + own.ru_stime + theirs.ru_utime + theirs.ru_stime


def peak_mb():
    """Peak memory so far (MB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def by_engine():
    """KD-tree and the covering engine on arrays, without tables."""
    sys.path.insert(0, str(ROOT))
    from scipy.sparse import csr_array
    from scipy.spatial import cKDTree

    from renewal_geo.solvers.covering import fewest, most

    ready = yield
    near = cKDTree(ready["demand"]).sparse_distance_matrix(
        cKDTree(ready["sites"]), float(ready["radius"]), output_type="coo_matrix"
    )
    shape = (len(ready["demand"]), len(ready["sites"]))
    reach = csr_array((np.ones(len(near.data), dtype=bool), (near.row, near.col)), shape=shape)
    terms = {"gap": float(ready["gap"]), "time_limit_s": float(ready["limit"])}
    if str(ready["model"]) == "lscp":
        found = fewest(reach, **terms)
    else:
        found = most(reach, ready["weight"], int(ready["p"]), **terms)
    yield {"objective": found.objective, "bound": found.bound, "proven": bool(found.closed)}


def by_locate():
    """The whole question, from GeoDataFrames to tables of reasons."""
    sys.path.insert(0, str(ROOT))
    import geopandas as gpd

    from renewal_geo.facilities import locate

    ready = yield
    demand, sites = (
        gpd.GeoDataFrame(geometry=gpd.points_from_xy(*ready[name].T), crs="EPSG:4547")
        for name in ("demand", "sites")
    )
    found = locate(
        demand, sites, model=str(ready["model"]), radius_m=float(ready["radius"]), weight=ready["weight"],
        p=int(ready["p"]) or None, gap=float(ready["gap"]), time_limit_s=float(ready["limit"]),
    )  # fmt: skip
    yield {"objective": found.objective, "bound": found.bound, "proven": found.status == "optimal"}


def by_spopt(solver):
    """spopt.locate from a matrix of distances, rows that no site reaches left out of LSCP."""

    def run():
        import pulp
        from scipy.spatial.distance import cdist
        from spopt.locate import LSCP, MCLP

        ready = yield
        limit = float(ready["limit"])
        made = (
            pulp.PULP_CBC_CMD(msg=False, timeLimit=limit)
            if solver == "CBC"
            else pulp.HiGHS(msg=False, timeLimit=limit, threads=1)
        )
        distance, radius = cdist(ready["demand"], ready["sites"]), float(ready["radius"])
        if str(ready["model"]) == "lscp":
            model = LSCP.from_cost_matrix(distance[(distance <= radius).any(axis=1)], radius)
        else:
            model = MCLP.from_cost_matrix(
                distance, ready["weight"], radius, p_facilities=int(ready["p"])
            )
        if not made.available():
            yield {"note": f"{solver} is not installed beside spopt"}
            return
        model = model.solve(made)
        # its status says "Optimal" for an incumbent at the time limit as well; sol_status tells them apart
        proven = model.problem.sol_status == pulp.LpSolutionOptimal
        note = "" if proven else f"not proven, called {pulp.LpStatus[model.problem.status]!r}"
        yield {
            "objective": round(float(pulp.value(model.problem.objective)), 6),
            "proven": proven,
            "note": note,
        }

    return run


ENGINES = {
    "renewal-geo engine": by_engine,
    "renewal-geo locate": by_locate,
    "spopt CBC": by_spopt("CBC"),
    "spopt HiGHS": by_spopt("HiGHS"),
}


def child(engine, path):
    """Import, measure, answer: one JSON object on stdout."""
    work = ENGINES[engine]()
    next(work)
    case = dict(np.load(path))
    time.sleep(SETTLE_S)  # threads that imports woke spin for a while: no work of the question
    began, taken = used_s(), peak_mb()
    answer = work.send(case)
    print(
        json.dumps(
            {
                **answer,
                "cpu_s": used_s() - began,
                "import_s": began,
                "peak_mb": peak_mb(),
                "own_mb": peak_mb() - taken,
            }
        )
    )


# ---- the table ------------------------------------------------------------------------------------


def shown(lines):
    """Return a Markdown table; ratios are of the first peer of a question to each of our lines."""
    rows = [
        (
            "| question | engine | objective | bound | proven | CPU s | peer ÷ ours | imports s | peak MB | "
            "peer ÷ ours | above imports MB | note |"
        ),
        "| --- | --- | ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for one in lines:
        peer = next(
            (p for p in lines if p.question == one.question and "spopt" in p.engine and p.cpu_s),
            None,
        )
        ours = "spopt" not in one.engine and peer is not None and one.cpu_s
        rows.append(
            f"| {one.question} | {one.engine} | {figure(one.objective, ',.0f')} | {figure(one.bound, ',.0f')} | "
            f"{'yes' if one.proven else 'no' if one.proven is not None else ''} | {figure(one.cpu_s, '.3f')} | "
            f"{f'{peer.cpu_s / one.cpu_s:,.0f}×' if ours else ''} | {figure(one.import_s, '.2f')} | "
            f"{figure(one.peak_mb, '.0f')} | {f'{peer.peak_mb / one.peak_mb:.1f}×' if ours else ''} | "
            f"{figure(one.own_mb, '.0f')} | {one.note} |"
        )
    return "\n".join(rows)


def figure(value, form):
    """Return a number, or nothing for none."""
    return "" if value is None else format(value, form)


def written(folder, name, table):
    """Replace what stands between the marks of a part in facilities_benchmark.md."""
    page = Path(folder) / "facilities_benchmark.md"
    text = page.read_text(encoding="utf-8")
    first, last = f"<!-- {name} begin -->", f"<!-- {name} end -->"
    assert first in text, f"{page} has no place for {name}"
    head, rest = text.split(first)
    page.write_text(f"{head}{first}\n{table}\n{last}{rest.split(last)[1]}", encoding="utf-8")


def main():
    """Measure the parts that are asked for."""
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ask.add_argument("parts", nargs="*", choices=[[], *PARTS], default=[])
    ask.add_argument(
        "--peers-python", help="interpreter that has the peers; without it they are left out"
    )
    ask.add_argument("--seconds", type=float, default=60.0, help="time limit of every engine")
    ask.add_argument("--seed", type=int, default=1)
    ask.add_argument(
        "--small", action="store_true", help="a tenth of the size, to try the machinery"
    )
    ask.add_argument("--out", help="folder of facilities_benchmark.md")
    options = ask.parse_args()
    for name in options.parts or PARTS:
        lines = list(PARTS[name](options))
        table = shown(lines)
        print(table, flush=True)
        if options.out:
            written(options.out, name, table)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(*sys.argv[2:4])
    else:
        main()
