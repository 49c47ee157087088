"""Districts that nobody tuned the optimiser for, and the promises that must hold on each.

``python benchmarks/regimes.py`` solves every regime within ``--seconds`` and prints a table. Checked: no
exception, the time limit kept, bound >= objective and >= what greedy growth finds, the proof replays to the
bound, the status is that of the gap, every zone feasible, all disjoint, within budget, locks, groups, counts.
``--only NAME --seed N`` repeats one; the exit code tells whether any promise was broken. Where greedy growth,
without a limit of time, finds more, or no zones were found and none are proven impossible, the row says so:
that is weak, but no broken promise.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from dataclasses import replace

import numpy as np
from greedy_growth import greedy
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from zones_bench import problem_of

from renewal_geo.zones.problem import Problem, is_feasible, zone_value
from renewal_geo.zones.proof import replay
from renewal_geo.zones.search import OPTIMAL_GAP, solve

SIZE = 2000
GRACE_S, GRACE_SHARE = 5.0, 1.1
TOUCH_TOLERANCE_HA = 1e-6
LARGEST_FOR_GREEDY_HA = 400.0  # its time grows with the square of the zone


# ---- districts of our own ------------------------------------------------------------------------


def lattice(rng, blocks, side, *, hectares=0.7, positive=0.6, shares=2):
    """Return `blocks` separate square lattices of side x side parcels with smooth random values."""
    cells = side * side
    n = blocks * cells
    row, column = np.divmod(np.arange(cells), side)
    right = np.flatnonzero(column < side - 1)
    down = np.flatnonzero(row < side - 1)
    inner = np.concatenate(
        [np.stack([right, right + 1], axis=1), np.stack([down, down + side], axis=1)]
    )
    pairs = np.concatenate([inner + b * cells for b in range(blocks)])
    area = hectares * rng.lognormal(0.0, 0.5, n)
    edge = 100.0 * np.sqrt(area)
    frontage = np.minimum(edge[pairs[:, 0]], edge[pairs[:, 1]]) * rng.uniform(0.3, 1.0, len(pairs))
    facing = np.bincount(pairs.ravel(), np.repeat(frontage, 2), minlength=n)

    def smooth():
        field = rng.normal(size=n)
        for _ in range(4):
            near = np.bincount(pairs.ravel(), field[pairs[:, ::-1]].ravel(), minlength=n)
            count = np.maximum(np.bincount(pairs.ravel(), minlength=n), 1)
            field = 0.4 * field + 0.6 * near / count
        return (field - field.mean()) / field.std()

    rate = smooth()
    rate = 1.5 * (rate - np.quantile(rate, 1 - positive))
    slack = [area * np.clip(0.1 + 0.25 * smooth(), -0.6, 0.4) for _ in range(shares)]
    return Problem(
        area, rate * area, np.maximum(0.0, 4 * edge - facing), pairs.astype(np.int64), frontage,
        np.array(slack).reshape(shares, n), tuple(f"share{k}" for k in range(shares)), 0.002,
        0.4 * float(area.sum()), 10.0, 60.0,
        np.zeros(n, dtype=bool), np.full(n, -1, dtype=np.int64),
    )  # fmt: skip


def bench():
    """Return the 2,000-parcel instance."""
    return problem_of(SIZE)


def components(problem):
    """Return the component number of each parcel."""
    ones = np.ones(len(problem.pairs))
    graph = coo_array(
        (ones, (problem.pairs[:, 0], problem.pairs[:, 1])), shape=(problem.size, problem.size)
    )
    return connected_components(graph, directed=False)[1]


def joined(problem, rng, links=12):
    """Ignore the barriers: link every component to the first at random places."""
    label = components(problem)
    core = np.flatnonzero(label == np.bincount(label).argmax())
    fresh = []
    for other in np.unique(label[~np.isin(np.arange(problem.size), core)]):
        here = np.flatnonzero(label == other)
        count = min(links, len(here))
        fresh.append(
            np.stack([rng.choice(core, count), rng.choice(here, count, replace=False)], axis=1)
        )
    fresh = np.concatenate(fresh).astype(np.int64)
    return replace(
        problem,
        pairs=np.concatenate([problem.pairs, fresh]),
        frontage=np.concatenate([problem.frontage, rng.uniform(10, 60, len(fresh))]),
    )


def locked(problem, rng, count):
    """Lock some parcels of the largest component, better ones, that a planner might."""
    label = components(problem)
    here = np.flatnonzero(label == np.bincount(label, problem.area).argmax())
    good = here[problem.value[here] > np.median(problem.value[here])]
    lock = np.zeros(problem.size, dtype=bool)
    lock[rng.choice(good, count, replace=False)] = True
    return replace(problem, locked=lock)


def grouped(problem, rng, count, *, adjacent, size=4):
    """Tie parcels together: neighbours (a unit of one owner) or parcels anywhere."""
    group = np.full(problem.size, -1, dtype=np.int64)
    label = components(problem)
    for number in range(count):
        start = int(rng.integers(problem.size))
        if adjacent:
            touch = problem.pairs[(problem.pairs == start).any(axis=1)].ravel()
            members = np.unique(touch)[:size]
        else:
            members = rng.choice(np.flatnonzero(label == label[start]), 2)
        members = members[group[members] < 0]
        if len(members) > 1:
            group[members] = number
    return replace(problem, group=group)


def without_shares(problem):
    """Drop all share limits."""
    return replace(problem, slack=np.empty((0, problem.size)), share_names=())


def regimes(seed):
    """Return name -> function that builds the problem; each draws from its own generator."""

    def rng(number):
        return np.random.default_rng([seed, number])

    def fuzz(number):
        r = rng(1000 + number)
        side = int(r.integers(5, 24))
        made = lattice(
            r, int(r.integers(1, 9)), side, hectares=float(r.uniform(0.3, 2.0)),
            positive=float(r.uniform(0.2, 1.0)), shares=int(r.integers(0, 3)),
        )  # fmt: skip
        total = float(made.area.sum())
        least = float(r.uniform(2.0, 40.0))
        made = replace(
            made,
            boundary_weight=float(r.choice([0.0, 0.0005, 0.002, 0.01])),
            min_area=least,
            max_area=None if r.random() < 0.4 else least * float(r.uniform(1.1, 6.0)),
            budget=None if r.random() < 0.2 else max(least, total * float(r.uniform(0.05, 0.9))),
        )
        if r.random() < 0.3:
            made = locked(made, r, 2)
        if r.random() < 0.3:
            made = grouped(made, r, 5, adjacent=bool(r.random() < 0.7))
        if r.random() < 0.2:
            made = replace(made, max_zones=int(r.integers(1, 4)))
        elif r.random() < 0.2:
            made = replace(made, min_zones=int(r.integers(2, 4)))
        return made

    made = {
        "as it is": bench,
        "no share": lambda: without_shares(bench()),
        "no boundary weight": lambda: replace(bench(), boundary_weight=0.0),
        "weak boundary 0.0005": lambda: replace(bench(), boundary_weight=0.0005),
        "strong boundary 0.01": lambda: replace(bench(), boundary_weight=0.01),
        "prohibitive boundary 0.1": lambda: replace(bench(), boundary_weight=0.1),
        "min 10, no max": lambda: replace(bench(), min_area=10.0, max_area=None),
        "min 50, no max": lambda: replace(bench(), min_area=50.0, max_area=None),
        "min 200, no max": lambda: replace(bench(), min_area=200.0, max_area=None),
        "min 20, max 22": lambda: replace(bench(), max_area=22.0),
        "min 5, max 10": lambda: replace(bench(), min_area=5.0, max_area=10.0),
        "tight budget 25 ha": lambda: replace(bench(), budget=25.0),
        "no budget": lambda: replace(bench(), budget=None),
        "no limit at all": lambda: without_shares(replace(bench(), budget=None, max_area=None)),
        "one component": lambda: joined(bench(), rng(1)),
        "one component, no max": lambda: replace(joined(bench(), rng(2)), max_area=None),
        "8 locks": lambda: locked(bench(), rng(3), 8),
        "40 locks": lambda: locked(bench(), rng(4), 40),
        "min 8 zones": lambda: replace(bench(), min_zones=8),
        "max 2 zones": lambda: replace(bench(), max_zones=2),
        "exactly 5 zones": lambda: replace(bench(), min_zones=5, max_zones=5),
        "60 adjacent groups": lambda: grouped(bench(), rng(5), 60, adjacent=True),
        "20 loose groups": lambda: grouped(bench(), rng(6), 20, adjacent=False),
        "60 small components": lambda: lattice(rng(7), 60, 6),
        "300 tiny components": lambda: replace(
            lattice(rng(8), 300, 3), min_area=4.0, max_area=None
        ),
        "one lattice 40 x 40": lambda: lattice(rng(9), 1, 40),
        "one lattice 70 x 70": lambda: lattice(rng(10), 1, 70),
        "all worth the same": lambda: _level(lattice(rng(11), 2, 25)),
        "hardly anything of value": lambda: lattice(rng(12), 3, 20, positive=0.05),
        "shares out of reach": lambda: _short(lattice(rng(13), 4, 15), 0.35),
        "16 parcels": lambda: lattice(rng(14), 1, 4, hectares=3.0),
        "16 parcels, one share, no outline": lambda: replace(
            lattice(rng(15), 1, 4, hectares=3.0, shares=1), boundary_weight=0.0, budget=30.0
        ),
        "18 parcels in two squares": lambda: lattice(rng(16), 2, 3, hectares=3.0),
        "4,450 parcels, no max": lambda: replace(problem_of(4450), max_area=None),
    }
    return made | {f"fuzz {number}": (lambda k=number: fuzz(k)) for number in range(24)}


def _level(problem):
    return replace(problem, value=problem.area.copy())


def _short(problem, by):
    return replace(problem, slack=problem.slack - by * problem.area)


# ---- the promises --------------------------------------------------------------------------------


def broken(problem, answer, seconds, limit_s, gap):
    """Yield every promise that the answer breaks, as text."""
    if seconds > GRACE_SHARE * limit_s + GRACE_S:
        yield f"took {seconds:.1f} s of {limit_s:g}"
    if answer.status == "infeasible":
        if len(answer.zones) or answer.objective is not None or answer.bound is not None:
            yield "infeasible, yet there are zones, an objective or a bound"
        if not answer.conflict:
            yield "infeasible without a conflict"
        return
    zones = answer.zones
    members = np.concatenate(zones) if zones else np.empty(0, dtype=np.int64)
    if answer.bound < answer.objective:
        yield f"bound {answer.bound!r} below objective {answer.objective!r}"
    again = replay(problem, answer.proof)
    if again > answer.bound + 1e-9 * max(1.0, abs(answer.bound)):
        yield f"the proof yields {again!r}, above the bound {answer.bound!r}"
    if answer.status == "optimal" and answer.gap > OPTIMAL_GAP:
        yield f"called optimal at a gap of {answer.gap!r}"
    if answer.stopped_by == "gap" and answer.gap > gap:
        yield f"stopped by the gap {gap:g} at a gap of {answer.gap!r}, bound {answer.bound!r}"
    if not all(is_feasible(problem, zone) for zone in zones):
        yield "a zone is not feasible"
    if len(np.unique(members)) < len(members):
        yield "zones overlap"
    if problem.budget is not None and problem.area[members].sum() > problem.budget + 1e-6:
        yield f"takes {problem.area[members].sum():.4f} ha of {problem.budget:.4f}"
    yield from _unkept(problem, answer, members)
    yield from _touching(problem, zones)


def _unkept(problem, answer, members):
    worth = sum(zone_value(problem, zone) for zone in answer.zones)
    if abs(worth - answer.objective) > 1e-6 * max(1.0, abs(worth)):
        yield f"zones are worth {worth!r}, not {answer.objective!r}"
    chosen = np.isin(np.arange(problem.size), members)
    if (problem.locked & ~chosen).any():
        yield f"{int((problem.locked & ~chosen).sum())} locked parcels left out"
    for group in np.unique(problem.group[problem.group >= 0]):
        if 0 < chosen[problem.group == group].sum() < (problem.group == group).sum():
            yield f"group {group} is torn"
    if not (problem.min_zones or 0) <= len(answer.zones) <= (problem.max_zones or np.inf):
        yield f"{len(answer.zones)} zones, asked {problem.min_zones} to {problem.max_zones}"


def _touching(problem, zones):
    label = np.full(problem.size, -1)
    for number, zone in enumerate(zones):
        label[zone] = number
    ends = label[problem.pairs]
    cross = ends[(ends >= 0).all(axis=1) & (ends[:, 0] != ends[:, 1])]
    limit = np.inf if problem.max_area is None else problem.max_area
    for a, b in np.unique(np.sort(cross, axis=1), axis=0):
        if problem.area[zones[a]].sum() + problem.area[zones[b]].sum() < limit - TOUCH_TOLERANCE_HA:
            yield f"zones {a} and {b} touch although one zone could hold both"


def rival_of(problem, seed):
    """Return what greedy growth finds, None where it does not know the limits or would take long."""
    limits = [one for one in (problem.budget, problem.max_area) if one is not None]
    if not limits or min(limits) > LARGEST_FOR_GREEDY_HA:
        return None
    tied = problem.locked.any() or (problem.group >= 0).any()
    if tied or problem.min_zones is not None or problem.max_zones is not None:
        return None
    return greedy(problem, seed)[0]


def tried(name, build, options):
    """Return the table row and the broken promises of one regime."""
    faults, rival, answer, seconds = [], None, None, 0.0
    try:
        problem = build()
        began = time.perf_counter()
        answer = solve(problem, time_limit_s=options.seconds, gap=options.gap, seed=options.seed)
        seconds = time.perf_counter() - began
        faults = list(broken(problem, answer, seconds, options.seconds, options.gap))
        rival = rival_of(problem, options.seed) if options.greedy else None
    except Exception:  # noqa: BLE001 - an exception is what this benchmark looks for
        faults.append(traceback.format_exc(limit=-3).strip())
        traceback.print_exc()
    if answer is None:
        return f"| {name} | – | exception | – | – | – | – | – | – | **broken** |", faults
    if rival is not None and answer.bound is not None and rival > answer.bound * (1 + 1e-9):
        faults.append(f"greedy found {rival!r}, above the bound {answer.bound!r}")
    if rival and answer.status == "infeasible":
        faults.append(f"called infeasible, yet greedy found {rival!r}")
    weaker = rival is not None and rival > (answer.objective or 0.0) * (1 + 1e-9)
    said = (
        answer.status if not answer.conflict else f"{answer.status}: {answer.conflict[0]['limit']}"
    )
    remark = "greedy is better" if weaker else "none found" if "not found" in said else ""

    def cell(value, pattern="{:,.2f}"):
        return "–" if value is None else pattern.format(value)

    gap = (
        None if answer.gap is None else min(999.0, 100 * answer.gap)
    )  # of nothing, anything is much
    return (
        f"| {name} | {problem.size:,} | {said} | {cell(answer.objective)} | {cell(answer.bound)} "
        f"| {cell(gap, '{:.2f} %')} | {len(answer.zones)} | {seconds:.1f} | {cell(rival)} "
        f"| {'**broken**' if faults else remark} |"
    ), faults


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--gap", type=float, default=0.001)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", help="names of regimes")
    parser.add_argument("--greedy", action=argparse.BooleanOptionalAction, default=True)
    options = parser.parse_args()
    solve(problem_of(500), time_limit_s=15, gap=0.05, seed=0)  # compiles the loops
    known = regimes(options.seed)
    print("| regime | parcels | status | value | bound | gap | zones | s | greedy | |")
    print("|---|--:|---|--:|--:|--:|--:|--:|--:|---|")
    failures, weak = {}, 0
    chosen = options.only or list(known)
    for name in chosen:
        row, faults = tried(name, known[name], options)
        print(row, flush=True)
        weak += row.endswith(("greedy is better |", "none found |"))
        if faults:
            failures[name] = faults
    print(f"\n{len(chosen)} regimes, {len(failures)} with a broken promise, {weak} weak")
    for name, faults in failures.items():
        print(f"\n{name}: python benchmarks/regimes.py --only {name!r} --seed {options.seed}")
        for fault in faults:
            print("  " + fault.replace("\n", "\n  "))
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
