"""Bounds of covering models from prices of rows, and the sites that they settle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse._sparsetools import csr_matvec

from renewal_geo.solvers.covering_rows import Cover

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
SMOOTH = 0.92  # share of the old direction that a step keeps; with PATIENCE, the best of a grid on clusters
PATIENCE = 10  # steps without progress before the step is halved
SHORTEST = 1e-4
add = np.add.reduce


@dataclass(frozen=True, slots=True, eq=False)
class Priced:
    """What prices u of the rows prove: no p sites cover more than `bound`.

    `most[j]` bounds the covers that use site j, `without[j]` those that do not; `plans` are the sites that
    the prices preferred on the way, those of the lowest bound first.
    """

    bound: float
    most: Floats
    without: Floats
    prices: Floats
    plans: list[Ints]


def price(
    cover: Cover,
    p: int,
    group: Ints,
    incumbent: Floats | float,
    *,
    steps: int,
    prices: Floats | None = None,
    enough: float = -np.inf,
) -> Priced:
    """Lower the Lagrangian bound of maximal covering by smoothed subgradient steps.

    Parameters
    ----------
    cover
        n merged rows by m sites.
    p
        Sites to choose.
    group
        Length m: at most one site of each number >= 0.
    incumbent
        What is covered already: the target of the steps.
    steps
        How many, at most.
    prices
        Length n, to begin with.
    enough
        Stop at a bound below this.

    Notes
    -----
    With prices 0 <= u <= w on ``y_i <= sum of x_j that reach i`` the bound is sum (w - u) + the sum of the
    p largest A'u, at most one per group (Galvão and ReVelle 1996; step of Held, Wolfe and Crowder 1974).
    """
    weight, reach = cover.weight, _Product(cover)
    u = (weight / np.maximum(cover.degree, 1) if prices is None else prices).copy()
    target, total = float(incumbent), float(weight.sum())
    plain = bool((group < 0).all()) and 0 < p < cover.m
    best, best_u = np.inf, u.copy()
    direction, slope, work = np.zeros_like(u), np.empty_like(u), np.empty_like(u)
    stuck, at_end = np.empty(len(u), dtype=bool), np.empty(len(u), dtype=bool)
    length, idle = 1.0, 0
    plans: list[Ints] = []
    mark = np.empty(cover.m)
    # a step takes some ten microseconds, most of them calls: hence ufuncs with `out`, and no methods of arrays
    for _ in range(steps):
        worth = reach.of_sites(u)
        chosen = worth.argpartition(-p)[-p:] if plain else _dearest(worth, p, group)
        value = total - float(add(u)) + float(add(worth[chosen]))
        if value < best * (1 - 1e-9):
            idle, best = 0, value
            best_u[:] = u
            plans.append(chosen)
            if best < enough:
                break
        else:
            idle += 1
            if idle >= PATIENCE:
                length, idle = length / 2, 0
                u[:] = best_u
                direction[:] = 0.0
                if length < SHORTEST:
                    break
                continue
        mark[:] = 0.0
        mark[chosen] = 1.0
        np.subtract(reach.of_rows(mark), 1.0, out=slope)
        # a price at the end of its range is not pushed beyond it: slope up at 0, down at the weight
        np.less_equal(u, 0.0, out=stuck)
        np.logical_and(stuck, np.greater(slope, 0.0, out=at_end), out=stuck)
        np.copyto(slope, 0.0, where=stuck)
        np.greater_equal(u, weight, out=stuck)
        np.logical_and(stuck, np.less(slope, 0.0, out=at_end), out=stuck)
        np.copyto(slope, 0.0, where=stuck)
        np.multiply(direction, SMOOTH, out=direction)
        np.multiply(slope, 1 - SMOOTH, out=slope)
        np.add(direction, slope, out=direction)
        size = float(
            add(np.multiply(direction, direction, out=work))
        )  # not @: BLAS would wake its threads
        if size <= 1e-12:
            break
        np.multiply(direction, length * max(value - target, 1e-6 * abs(value)) / size, out=work)
        np.subtract(u, work, out=u)
        np.maximum(u, 0.0, out=u)
        np.minimum(u, weight, out=u)
    bound, most, without = settled(cover, p, group, best_u)
    return Priced(bound, most, without, best_u, [np.sort(one) for one in plans[::-1]])


class _Product:
    """The products of a cover with vectors, without what scipy does around them."""

    def __init__(self, cover: Cover) -> None:
        self.rows, self.sites = cover.matrix, cover.transposed
        self.of_row, self.of_site = np.empty(cover.n), np.empty(cover.m)

    def of_sites(self, u: Floats) -> Floats:
        """Return the sum of `u` over the rows of each site; overwritten by the next call."""
        self.of_site[:] = 0.0
        one = self.sites
        csr_matvec(*one.shape, one.indptr, one.indices, one.data, u, self.of_site)  # type: ignore[call-arg]
        return self.of_site

    def of_rows(self, x: Floats) -> Floats:
        """Return the sum of `x` over the sites of each row; overwritten by the next call."""
        self.of_row[:] = 0.0
        one = self.rows
        csr_matvec(*one.shape, one.indptr, one.indices, one.data, x, self.of_row)  # type: ignore[call-arg]
        return self.of_row


def settled(cover: Cover, p: int, group: Ints, prices: Floats) -> tuple[float, Floats, Floats]:
    """Return the bound of `prices`, and the bounds with and without each site."""
    worth = cover.transposed @ prices
    chosen = _dearest(worth, p, group)
    bound = float((cover.weight - prices).sum() + worth[chosen].sum())
    rest = np.ones(cover.m, dtype=bool)
    rest[chosen] = False
    full = len(chosen) >= p
    last = float(worth[chosen].min()) if full and len(chosen) else 0.0
    most = np.where(rest, bound - last + worth, bound)
    # the best that may stand in for a chosen site: of no taken group, or of its own
    held = group[chosen]
    open_ = rest & ~(np.isin(group, held[held >= 0]) & (group >= 0))
    following = float(worth[open_].max()) if open_.any() else 0.0
    without = np.full(cover.m, bound)
    for j, g in zip(chosen, held, strict=True):
        own = rest & (group == g) if g >= 0 else np.zeros(0, dtype=bool)
        best = max(following, float(worth[own].max()) if own.any() else 0.0)
        without[j] = bound - worth[j] + best
    return bound, most, without


def _dearest(worth: Floats, p: int, group: Ints) -> Ints:
    """Return the p sites of the greatest worth, at most one of a group."""
    m = len(worth)
    if (group < 0).all():
        if p >= m:
            return np.arange(m)
        return np.sort(np.argpartition(-worth, p - 1)[:p]) if p > 0 else np.empty(0, np.int64)
    order = np.argsort(-worth, kind="stable")
    named = group[order]
    _, first = np.unique(named, return_index=True)
    free = named < 0
    free[first] = True
    return np.sort(order[free][:p])


def price_set(
    cover: Cover, use: Flags, most: int, *, steps: int
) -> tuple[float, Floats, list[Ints]]:
    """Raise the Lagrangian bound on the number of sites that reach every row.

    Returns
    -------
    tuple
        The bound, the reduced cost of each site at its prices (a site of reduced cost r > 0 makes any cover
        that uses it at least bound + r large; one of r < 0 any cover without it at least bound - r), and
        covers to begin a search with: the sites that the prices preferred.

    Notes
    -----
    With prices u >= 0 on the rows the bound is sum u + the sum of the negative 1 - A'u (Caprara, Fischetti
    and Toth 1999).
    """
    matrix, transposed = cover.matrix, cover.transposed
    u = np.maximum.reduceat(
        1.0 / np.maximum(np.diff(transposed.indptr), 1)[cover.sites], cover.indptr[:-1]
    )
    best, best_u = -np.inf, u
    direction = np.zeros_like(u)
    length, idle = 1.0, 0
    wanted: dict[bytes, Ints] = {}
    for _ in range(steps):
        cost = np.where(use, 1.0 - transposed @ u, 0.0)
        mark = (cost < 0).astype(float)
        value = float(u.sum() + cost[cost < 0].sum())
        if value > best + 1e-9:
            best, best_u, idle = value, u, 0
            chosen = np.flatnonzero(cost <= 1e-9)
            wanted[chosen.tobytes()] = chosen
            if value > most - 1 + 1e-6:
                break
        else:
            idle += 1
            if idle >= PATIENCE:
                length, idle, u = length / 2, 0, best_u
                direction[:] = 0.0
                if length < SHORTEST:
                    break
                continue
        slope = 1.0 - matrix @ mark
        slope[(slope < 0) & (u <= 0)] = 0.0
        direction = SMOOTH * direction + (1 - SMOOTH) * slope
        size = float(np.square(direction).sum())
        if size <= 1e-12:
            break
        u = np.maximum(u + length * max(most - value, 0.05) / size * direction, 0.0)
    cost = np.where(use, 1.0 - transposed @ best_u, np.inf)
    return best, cost, list(wanted.values())[::-1]
