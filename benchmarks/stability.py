"""Stability radii of all parcels beside one linear program per parcel, answers compared before seconds.

``python benchmarks/stability.py [--parcels 20000] [--criteria 8] [--sample 200] [--all]`` prints CPU seconds:
(a) the change that brings a score to the held cut, and the rival for it, scipy's linprog (HiGHS) per parcel, on a
sample; (b) the least shift between two criteria with the cut moving; (c) bounds on the least change of all weights
together, and how often and how closely they meet. Ratings are drawn from a seed: ``random``; ``correlated`` (half of
every rating is common to all criteria); ``classes`` (five classes each, so that many parcels are alike).
Compilation comes before the clock starts.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import pandas as pd
from scipy.optimize import linprog

from renewal_geo.potential import score, stability
from renewal_geo.potential.stability_shifts import held_cut, single_shifts

KINDS = ("random", "correlated", "classes")
AGREE = 1e-9


def ratings_of(n, k, kind, seed=0):
    """Return n x k ratings and k weights."""
    chance = np.random.default_rng(seed)
    ratings = chance.random((n, k))
    if kind == "correlated":
        ratings = 0.5 * ratings + 0.5 * chance.random((n, 1))
    if kind == "classes":
        ratings = np.round(ratings * 4) / 4
    return np.round(ratings, 12), chance.dirichlet(np.full(k, 5.0))


def scored(ratings, weights):
    """Score the ratings as they stand."""
    names = [f"c{c:02}" for c in range(len(weights))]
    table = pd.DataFrame(ratings, columns=names, index=[f"p{i}" for i in range(len(ratings))])
    pairs = zip(names, weights, strict=True)
    return score(table, [{"column": c, "weight": float(w), "low": 0, "high": 1} for c, w in pairs])


def by_linear_program(rating, weights, cut):
    """Return the least L1 change that brings a score to the cut, by HiGHS; NaN where there is none."""
    k = len(weights)
    both = np.vstack([np.r_[rating, -rating], np.r_[np.ones(k), -np.ones(k)]])
    limits = [(0, None)] * k + [(0, w) for w in weights]
    found = linprog(np.ones(2 * k), A_eq=both, b_eq=[cut - rating @ weights, 0.0], bounds=limits)
    return found.fun if found.status == 0 else np.nan


def seconds(action):
    """Return what an action returns and its CPU seconds."""
    begin = time.process_time()
    return action(), time.process_time() - begin


def beside_linprog(n, k, sample, seed=0):
    """Return CPU seconds of (a) for n parcels, of linprog for `sample` of them, and their largest difference."""
    ratings, weights = ratings_of(n, k, "random", seed)
    scores = ratings @ weights
    cut = float(np.sort(scores)[-(n // 10)])
    (mass, _), ours = seconds(lambda: held_cut(ratings, scores, weights, cut))
    rows = np.random.default_rng(seed).choice(n, sample, replace=False)
    theirs, rival = seconds(lambda: np.array([by_linear_program(ratings[i], weights, cut) for i in rows]))  # fmt: skip
    if (np.isnan(theirs) != np.isnan(mass[rows])).any():
        return ours, rival, np.inf
    return ours, rival, float(np.nanmax(np.abs(theirs - 2 * mass[rows]), initial=0.0))


def bracket(n, k, kind):
    """Return a row about (b) and (c): seconds, how often the bounds meet, and their ratio."""
    made = scored(*ratings_of(n, k, kind))
    ratings, weights = made.ratings.to_numpy(), made.weighting.weights.to_numpy(dtype=float)
    _, shifts = seconds(lambda: single_shifts(ratings, made.scores.to_numpy(), weights, n // 10))
    found, everything = seconds(lambda: stability(made, top=n // 10))
    table = found.table
    ratio = (table["radius_high"] / table["radius_low"]).where(table["radius_high"] > 0)
    near = table["radius_high"].rank(method="first") <= n // 100
    tenth = table["radius_high"].rank(method="first") <= n // 10
    single = (table["shift"] * 2 / table["radius_low"]).where(table["is_exact"])
    needs_one = (made.ranks - (n // 10)).abs() <= 1
    return {
        "parcels": n, "k": k, "ratings": kind, "(b) s": round(shifts, 2), "all s": round(everything, 2),
        "meet, nearest 1%": f"{table.is_exact[near].mean():.0%}", "ratio there": f"{ratio[near].median():.3f}",
        "meet, nearest 10%": f"{table.is_exact[tenth].mean():.0%}",
        "ratio, nearest 10%": f"{ratio[tenth].median():.3f}",
        "ratio, all bounded": f"{ratio.median():.2f}",
        "meet, m = 1": f"{int(table.is_exact[needs_one].sum())} of {int(needs_one.sum())}",
        "2 shift / radius": f"{single.median():.3f}",
        "bounded": f"{table['radius_high'].notna().mean():.0%}",
        "never moved": f"{table['radius_low'].isna().mean():.0%}",
    }  # fmt: skip


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parcels", type=int, default=20_000)
    parser.add_argument("--criteria", type=int, default=8)
    parser.add_argument("--sample", type=int, default=200)
    parser.add_argument("--all", action="store_true", help="other sizes and kinds too")  # fmt: skip
    options = parser.parse_args()
    stability(scored(*ratings_of(50, 3, "random")))  # compiles
    ours, rival, apart = beside_linprog(options.parcels, options.criteria, options.sample)
    assert apart <= AGREE, f"the answers are {apart:g} apart"
    each, theirs = ours / options.parcels, rival / options.sample
    print(
        f"(a) {options.parcels:,} parcels in {ours:.4f} CPU s; linprog {options.sample} in {rival:.2f} CPU s:"
    )
    print(f"    {theirs / each:,.0f} times as much per parcel; answers within {apart:.1e}")
    sizes = [2_000, options.parcels] if options.all else [options.parcels]
    counts = [3, 5, options.criteria] if options.all else [options.criteria]
    for n in sizes:
        for k in counts:
            for kind in KINDS if options.all else KINDS[:1]:
                print(bracket(n, k, kind), flush=True)


if __name__ == "__main__":
    main()
