"""What each family of cuts is worth: the bound on the zones_bench instances, family by family.

``python benchmarks/cut_families.py`` prints one table per size; ``--out docs`` also writes cut_families.md
there. A row holds all families of the rows above it and begins anew, so its seconds (of processor time) are
those of all its families together. The bound is the one that the product would publish: price of the budget
sought again, multipliers replayed with numpy.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from unittest.mock import patch

import numpy as np
from zones_bench import SIZES, circumstances_of, problem_of

from renewal_geo.solvers import cuts, separation
from renewal_geo.solvers.cuts import AREA_TOLERANCE_HA
from renewal_geo.solvers.programme import HALF, NESTED_HOPS, WHOLE, Programme
from renewal_geo.zones import bounds
from renewal_geo.zones.bounds import Bounds
from renewal_geo.zones.parts import parts
from renewal_geo.zones.problem import reduce, zone_value
from renewal_geo.zones.search import gap_of, solve

FAMILIES = {
    "minimum cut, budget priced": None,
    "+ share row of each component": (),
    "+ area separators": ("separators",),
    "+ share cuts, one-sided coefficient": ("separators", "share, one-sided"),
    "+ share cuts, two-sided coefficient": ("separators", "share"),
    "+ overflow cuts": ("separators", "share", "overflow"),
    "+ nested share cuts": ("separators", "share", "overflow", "nested"),
}


class Chosen(Programme):
    """A programme that seeks the cuts of some families only."""

    families: tuple[str, ...] = ()

    def broken(self):
        found = []
        if "separators" in self.families:
            found += separation.separators(self.terrain, self.x)
        if {"share", "share, one-sided"} & set(self.families):
            found += separation.share_cuts(self.terrain, self.x, self.z)
        if "overflow" in self.families:
            found += separation.overflows(self.terrain, self.x, self.z)
        # as the product does: the dearest search, and only where nothing else is broken
        whole = np.abs(self.x - self.x.round()).max(initial=0.0) < WHOLE
        if "nested" in self.families and not found and whole and len(self.terrain.slack):
            found = separation.nested_share_cuts(self.terrain, self.x > HALF, NESTED_HOPS)
        return found


class Staged(Bounds):
    """Bounds that note when the programmes are done, and branch only as long as told."""

    branch_seconds = 0.0
    answer = ()
    root: tuple[float, float] | None = None  # bound and clock when the programmes were done

    def _adopt(self, trees):
        super()._adopt(trees)
        if self.root is not None:
            return
        # the first time: every component's programme is done, no branch is halved yet
        self.root = (self.bound, time.process_time())
        self.reached = self._worth_of_answer()
        self.deadline = time.monotonic() + self.branch_seconds
        self.late = not self.branch_seconds

    def _worth_of_answer(self):
        """Return what the known answer is worth in each component: branching goes where a gap is left."""
        worth = np.zeros(len(self.living))
        for zone in self.answer:
            nodes = np.unique(self.reduced.node_of[zone])
            k = next(k for k, part in enumerate(self.living) if np.isin(nodes, part.nodes).all())
            area = float(self.problem.area[zone].sum())
            worth[k] += zone_value(self.problem, zone) - self.price * area
        return worth


def one_sided(_terrain, slack, inside):
    """Return all that a set can lack of a share: the coefficient that knows no greatest area."""
    return float(-slack[inside & (slack < 0)].sum()) * (1 + cuts.SAFETY)


def bounded(problem, answer, families, limit_s, branch_seconds=0.0):
    """Return (bound, seconds) after the programmes, and after branching, with some families of cuts."""
    began = time.process_time()
    reduced = reduce(problem)
    reachable = np.zeros(int(reduced.component.max()) + 1)
    reachable[reduced.component[reduced.node_of]] = answer.reachable[answer.component]
    # what cannot hold a zone is out, as in the product
    alive = reachable >= problem.min_area - AREA_TOLERANCE_HA
    living = [part for part, lives in zip(parts(problem, reduced), alive, strict=True) if lives]
    staged = Staged(problem, reduced, living, (), time.monotonic() + limit_s)
    first = (staged.bound, time.process_time() - began)
    if families is None:
        return first, None
    staged.branch_seconds, staged.answer = branch_seconds, answer.zones
    staged.objective = answer.objective
    Chosen.families = families
    simple = one_sided if "share, one-sided" in families else cuts.lacking
    with (
        patch.object(bounds, "Programme", Chosen),
        patch.object(cuts, "lacking", simple),
        patch.object(separation, "lacking", simple),
    ):
        for _ in staged.work():
            pass
    ended = (staged.bound, time.process_time() - began)
    if staged.root is None:  # the clock came first
        return ended, None
    bound, clock = staged.root
    return (bound, clock - began), ended


def measured(size, options):
    """Yield (what, bound, seconds, note) row by row, after a row for the answer."""
    problem = problem_of(size)
    answer = solve(problem, time_limit_s=options.answer_seconds, gap=0.001, seed=options.seed)
    yield "best zones found", answer.objective, options.answer_seconds
    for name, families in FAMILIES.items():
        last = name == list(FAMILIES)[-1]
        root, branched = bounded(
            problem, answer, families, options.limit, options.branch_seconds if last else 0.0
        )
        yield name, *root
        if last and branched is not None:
            yield f"+ branching, at most {options.branch_seconds:g} s", *branched


def markdown(size, rows):
    """Return the table of one size."""
    value = rows[0][1]
    lines = [
        f"**{size:,} parcels**\n",
        "| what the bound rests on | bound | above the best zones found | s |",
        "|---|--:|--:|--:|",
    ]
    for name, bound, seconds in rows[1:]:
        lines.append(
            f"| {name} | {bound:,.2f} | {100 * gap_of(value, bound):.2f} % | {seconds:.1f} |"
        )
    lines.append(f"\nBest zones found in {rows[0][2]:g} s: {value:,.2f}.")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", choices=SIZES, default=list(SIZES))
    parser.add_argument("--limit", type=float, default=600.0, help="seconds per row, no branching")
    parser.add_argument("--branch-seconds", type=float, default=60.0)
    parser.add_argument("--answer-seconds", type=float, default=30.0, help="to find zones first")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="folder for cut_families.md")
    options = parser.parse_args()
    solve(problem_of(500), time_limit_s=15, gap=0.05, seed=0)  # compiles the loops
    text = f"# What each family of cuts is worth\n\n{INTRODUCTION}\n{circumstances_of()}\n"
    print(text, flush=True)
    for size in options.sizes:
        table = markdown(size, list(measured(size, options)))
        text += f"\n{table}"
        print(table, flush=True)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "cut_families.md").write_text(text, encoding="utf-8")


INTRODUCTION = """\
Instances and problem: [benchmarks.md](benchmarks.md). Every bound is valid; each row adds a family of cuts to those
above it and begins anew. The seconds are processor time, from the first minimum cut on.

- *minimum cut*: connectivity and shares dropped, the budget priced;
- *share row*: the shares kept by each barrier component as a whole, a linear programme;
- *area separators*: a parcel is taken only with a way out of every set too small to be a zone;
- *share cuts*: what a set lacks of a share must come in from outside, sets found by maximum flow; the coefficient is
  what the set lacks (one-sided), or the smaller of that and what the rest of a largest zone can make up (two-sided);
- *overflow cuts*: a tree larger than the greatest area is left somewhere;
- *nested share cuts*: share cuts on rings around each zone of a whole-number solution;
- *branching*: parcels in or out, where it lowers the bound most.

Again: `python benchmarks/cut_families.py --out docs`.
"""

if __name__ == "__main__":
    main()
