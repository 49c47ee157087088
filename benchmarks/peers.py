"""Open regionalisers on the zones problem: pygeoda (SKATER, REDCAP, AZP, max-p) and spopt.

They partition where we select, so each is helped as far as it goes: candidates only (parcels of positive
value), every barrier component by itself, the least area given to those that know one, several numbers
of regions and both sets of attributes tried and the best kept (its seconds are given). Of what comes out,
regions that break a limit are dropped and the rest is taken greedily by value per hectare within the
budget. Each peer runs in a process of its own, so that one which crashes or hangs is a line in the table.

Peers are not dependencies of this package (pygeoda is GPL): ``pip install -r requirements-peers.txt`` into an
environment of their own and name its interpreter. As a script, ``peers.py NAME CASE.npz`` is the child.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
import warnings
from collections import deque
from dataclasses import dataclass
from pathlib import Path

import numpy as np

LIMIT_S = 60.0
NAMES = (
    "pygeoda SKATER", "pygeoda REDCAP", "pygeoda AZP", "pygeoda max-p",
    "spopt Ward", "spopt SKATER", "spopt AZP", "spopt MaxP",
)  # fmt: skip
# attributes: value per hectare alone or with the shares; aimed area per middle of the area limits
SETTINGS = tuple((shares, part) for part in (1.0, 0.75, 0.5, 1.25) for shares in (True, False))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a peer yields: value of its feasible zones, seconds, or why there is none."""

    name: str
    value: float | None
    seconds: float | None
    zones: int = 0
    regions: int = 0
    note: str = ""


def measure(name, problem, *, python=sys.executable, seed=0, limit_s=LIMIT_S):
    """Run one peer in a process of its own and judge its regions by our own measure."""
    with tempfile.TemporaryDirectory() as folder:
        case = Path(folder) / "case.npz"
        np.savez(
            case, area=problem.area, value=problem.value, pairs=problem.pairs, seed=seed,
            slack=problem.slack, limits=[problem.min_area, problem.max_area or np.inf],
        )  # fmt: skip
        command, said = [python, __file__, name, str(case)], Path(folder) / "said.txt"
        note = ""
        with said.open("w") as stream:
            try:
                done = subprocess.run(
                    command, stdout=stream, stderr=subprocess.DEVNULL, timeout=limit_s, check=False
                )
                note = f"crashed (exit {done.returncode})" if done.returncode else ""
            except subprocess.TimeoutExpired:
                note = f"stopped after {limit_s:.0f} s"
        answers = [json.loads(line) for line in said.read_text().splitlines() if line[-1:] == "}"]
    note = next((one["note"] for one in answers if "note" in one), note)
    tries = [one for one in answers if "regions" in one]
    if note and tries:
        note += f", {len(tries)} of {len(SETTINGS)} settings done"
    best = Outcome(name, None, None, note=note)
    for one in tries:
        zones = picked(problem, [np.array(r) for r in one["regions"]])
        value = valued(problem, zones)
        if best.value is None or value > best.value:
            best = Outcome(name, value, one["seconds"], len(zones), len(one["regions"]), note)
    return best


def picked(problem, regions):
    """Return the feasible regions that a greedy pick by value per hectare takes."""
    from renewal_geo.zones.problem import is_feasible, zone_value

    rated = []
    for number, region in enumerate(regions):
        worth = zone_value(problem, region)
        if worth > 0 and is_feasible(problem, region):
            area = float(problem.area[region].sum())
            rated.append((-worth / area, number, area))
    left = np.inf if problem.budget is None else problem.budget
    taken = []
    for _, number, area in sorted(rated):
        if area <= left:
            left -= area
            taken.append(np.sort(regions[number]))
    return taken


def valued(problem, zones):
    """Return what disjoint feasible zones are worth together."""
    from renewal_geo.zones.problem import is_feasible, zone_value

    members = np.concatenate(zones) if zones else np.empty(0, dtype=np.int64)
    assert len(np.unique(members)) == len(members)
    assert all(is_feasible(problem, zone) for zone in zones)
    return float(sum(zone_value(problem, zone) for zone in zones))


# ---- the child: numpy and the peer, nothing of ours ---------------------------------------------


def components(case):
    """Yield the candidates of every barrier component that can hold a zone, with their links."""
    candidate = case["value"] > 0
    beside = {int(v): [] for v in np.flatnonzero(candidate)}
    for u, v in case["pairs"].tolist():
        if candidate[u] and candidate[v]:
            beside[u].append(v)
            beside[v].append(u)
    seen = set()
    for start in beside:
        if start in seen:
            continue
        seen.add(start)
        members, queue = [], deque([start])
        while queue:
            one = queue.popleft()
            members.append(one)
            fresh = [v for v in beside[one] if v not in seen]
            seen.update(fresh)
            queue.extend(fresh)
        if case["area"][members].sum() >= case["limits"][0]:
            number = {v: i for i, v in enumerate(members)}
            yield (
                np.array(members),
                {number[v]: sorted({number[w] for w in beside[v]}) for v in members},
            )


def by_pygeoda(method, beside, data, area, least, count, seed):
    """Return pygeoda's labels (0 where it leaves a parcel out)."""
    import pygeoda
    from pygeoda.weights.weight import read_gal

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "links.gal"
        rows = [
            f"{v + 1} {len(near)}\n{' '.join(str(w + 1) for w in near)}"
            for v, near in beside.items()
        ]
        path.write_text(f"0 {len(beside)} case id\n" + "\n".join(rows) + "\n")
        weights = read_gal(str(path), [str(v + 1) for v in beside])
    columns = data.T.tolist()
    bound = {"bound_variable": area.tolist(), "min_bound": least}
    common = {"random_seed": seed + 1, "cpu_threads": 1}
    began = time.perf_counter()
    if method == "SKATER":
        found = pygeoda.skater(count, weights, columns, **bound, **common)
    elif method == "REDCAP":
        found = pygeoda.redcap(count, weights, columns, "fullorder-wardlinkage", **bound, **common)
    elif method == "AZP":
        found = pygeoda.azp_greedy(count, weights, columns, **bound, random_seed=seed + 1)
    else:
        found = pygeoda.maxp_greedy(weights, columns, area.tolist(), least, iterations=99, **common)
    return np.array(found["Clusters"]), time.perf_counter() - began


def by_spopt(method, beside, data, area, least, count, seed):
    """Return spopt's labels."""
    import pandas as pd
    from libpysal.weights import W
    from spopt import region

    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - spopt draws from the global generator
    names = [f"x{k}" for k in range(data.shape[1])]
    table = pd.DataFrame((data - data.mean(0)) / np.maximum(data.std(0), 1e-12), columns=names)
    table["area"] = area
    weights = W(beside, silence_warnings=True)
    if method == "Ward":
        model = region.WardSpatial(table, weights, names, n_clusters=count)
    elif method == "SKATER":
        # its floor counts parcels, not hectares
        floor = max(2, int(least / area.mean()))
        model = region.Skater(
            table, weights, names, n_clusters=count, floor=floor, islands="ignore"
        )
    elif method == "AZP":
        model = region.AZP(table, weights, names, n_clusters=count, random_state=seed)
    else:
        model = region.MaxPHeuristic(table, weights, names, "area", least)
    began = time.perf_counter()
    model.solve()
    return np.asarray(model.labels_), time.perf_counter() - began


def child(name, path):
    """Run peer `name` on a case; yield the regions of every setting, or a note why there are none."""
    case = dict(np.load(path))
    package, method = name.split(" ", 1)
    try:
        __import__(package)
    except ImportError:
        yield {"note": f"{package} is not installed"}
        return
    run = by_pygeoda if package == "pygeoda" else by_spopt
    area, seed = case["area"], int(case["seed"])
    least, most = (float(one) for one in case["limits"])
    middle = (least + most) / 2 if np.isfinite(most) else 3 * least
    try:
        for with_shares, part in SETTINGS:
            columns = [case["value"] / area, *(case["slack"] / area if with_shares else ())]
            data, aim = np.stack(columns, axis=1), max(least, part * middle)
            regions, seconds = [], 0.0
            for members, beside in components(case):
                count = max(1, round(float(area[members].sum()) / aim))
                if count == 1:
                    regions.append(members.tolist())
                    continue
                # max-p chooses the number of regions by itself: its threshold is what can be set
                floor = aim / 2 if "max" in method.lower() else least
                labels, took = run(
                    method, beside, data[members], area[members], max(least, floor), count, seed
                )
                seconds += took
                regions += [members[labels == k].tolist() for k in np.unique(labels[labels >= 0])]
            yield {"regions": regions, "seconds": seconds}
    except Exception as fault:  # noqa: BLE001 - whatever a peer raises is its line in the table
        said = " ".join(str(fault).split())
        yield {"note": f"crashed: {type(fault).__name__}: {said[:60]}"}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    for line in child(sys.argv[1], sys.argv[2]):
        print(json.dumps(line), flush=True)
