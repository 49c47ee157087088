"""Demand rows with their sites by rising cost, and sites with their rows: what the siting searches walk over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, issparse

from renewal_geo.solvers.siting import Floats, Ints

BLOCK = 4_000_000  # entries of a dense matrix that are sorted at a time
Places = NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """n rows and m candidate sites; costs are weighted.

    Attributes
    ----------
    rptr, rsite, rcost
        The sites of row i are ``rsite[rptr[i]:rptr[i + 1]]``, by rising cost; only those nearer than any
        fixed site.
    cptr, crow, ccost
        The same by site, rows by rising cost.
    cap
        Length n: what a row costs where no candidate is nearer: its nearest fixed site, `inf` without.
    xptr, xsite
        The sites that exclude a site, both ways.
    group, groups
        One of the lists of exclusive sites for each site (-1 none), and how many lists there are.
    site
        Length m: numbers of the candidates among all sites.
    row
        Length n: numbers of these rows among all rows.
    """

    rptr: Ints
    rsite: Places
    rcost: Floats
    cptr: Ints
    crow: Places
    ccost: Floats
    cap: Floats
    xptr: Ints
    xsite: Ints
    group: Ints
    groups: int
    site: Ints
    row: Ints

    def capped(self, cap: Floats) -> Rows:
        """Return the same rows with other caps."""
        return replace(self, cap=cap)

    def within(self, radius: float) -> Rows:
        """Return the rows that no fixed site reaches within `radius`, at cost 0 within it and 1 beyond."""
        near = self.rcost <= radius
        far = np.flatnonzero(self.cap > radius)
        lengths = np.diff(self.rptr)
        wanted = near & np.repeat(self.cap > radius, lengths)
        counts = np.add.reduceat(np.append(wanted, False), self.rptr[:-1]) * (lengths > 0)
        sites = self.rsite[wanted]
        rows = np.repeat(np.arange(len(far), dtype=np.int32), counts[far])
        return replace(
            self,
            rptr=_pointers(counts[far]),
            rsite=sites,
            rcost=np.zeros(len(sites)),
            **_by_site(rows, sites, np.zeros(len(sites)), len(self.site)),
            cap=np.ones(len(far)),
            row=self.row[far],
        )


def listed(costs: Any) -> Any:
    """Return costs as a dense float array, or as CSR with one entry per pair where they are sparse."""
    sparse = issparse(costs)
    if not sparse:
        return np.asarray(costs, dtype=np.float64)
    rows = csr_array(costs)
    if not rows.has_canonical_format:
        rows = rows.copy()
        rows.sum_duplicates()
    return rows


def ranked(
    costs: Any,
    weight: Floats,
    fixed: Sequence[int] | Ints = (),
    exclusive: Sequence[Ints] = (),
) -> Rows:
    """Sort costs both ways, leaving out rows of weight 0 and what a fixed site serves as well.

    Parameters
    ----------
    costs
        (n, m) array with `inf` where a site does not reach a row, or a sparse matrix of the reachable pairs.
    weight
        Length n.
    fixed
        Sites that are open anyway: no candidates, and nor are the sites that they exclude.
    exclusive
        Lists of sites of which one may be open.
    """
    standing = np.asarray(fixed, dtype=np.int64)
    free = np.ones(costs.shape[1], dtype=bool)
    free[standing] = False
    for group in exclusive:
        if np.isin(group, standing).any():
            free[group] = False
    site = np.flatnonzero(free)
    row = np.flatnonzero(weight > 0)
    cap = assigned(costs, standing)[1][row] * weight[row]
    rows, sites, values = (_sparse if issparse(costs) else _dense)(costs, weight, cap, row, free)
    groups = [np.flatnonzero(np.isin(site, group)) for group in exclusive]
    groups = [group for group in groups if len(group) > 1]
    one_of = np.full(len(site), -1, dtype=np.int64)
    for number, group in enumerate(groups):
        one_of[group[one_of[group] < 0]] = number
    xptr, xsite = _rivals(groups, len(site))
    return Rows(
        rptr=_pointers(np.bincount(rows, minlength=len(row))),
        rsite=sites,
        rcost=values,
        **_by_site(rows, sites, values, len(site)),
        cap=cap,
        xptr=xptr,
        xsite=xsite,
        group=one_of,
        groups=len(groups),
        site=site,
        row=row,
    )


def assigned(costs: Any, chosen: Ints) -> tuple[Ints, Floats]:
    """Return for every row the nearest of the `chosen` sites, the first of equals (-1 none), and its cost."""
    n = costs.shape[0]
    served = np.full(n, -1, dtype=np.int64)
    least = np.full(n, np.inf)
    sparse = issparse(costs)
    if sparse:
        by_site = costs[:, chosen].tocsc() if len(chosen) else costs[:, :0].tocsc()
        for place, site in enumerate(chosen):
            span = slice(by_site.indptr[place], by_site.indptr[place + 1])
            rows, values = by_site.indices[span], by_site.data[span]
            nearer = values < least[rows]
            served[rows[nearer]] = site
            least[rows[nearer]] = values[nearer]
        return served, least
    for site in chosen:
        values = costs[:, site]
        nearer = values < least
        served[nearer] = site
        least[nearer] = values[nearer]
    return served, least


def _dense(
    costs: Floats, weight: Floats, cap: Floats, row: Ints, free: NDArray[np.bool_]
) -> tuple[Places, Places, Floats]:
    """Return row, site and weighted cost of all pairs below their row's cap, by row and cost."""
    columns = np.flatnonzero(free)
    step = max(1, BLOCK // max(len(columns), 1))
    found = []
    for begin in range(0, len(row), step):
        part = row[begin : begin + step]
        block = costs[np.ix_(part, columns)] * weight[part, None]
        order = np.argsort(block, axis=1, kind="stable")
        block = np.take_along_axis(block, order, axis=1)
        kept = block < cap[begin : begin + step, None]
        rows = np.repeat(np.arange(begin, begin + len(part), dtype=np.int32), kept.sum(axis=1))
        found.append((rows, order[kept].astype(np.int32), block[kept]))
    if not found:
        return np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0)
    rows, sites, values = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return rows, sites, values


def _sparse(
    costs: Any, weight: Floats, cap: Floats, row: Ints, free: NDArray[np.bool_]
) -> tuple[Places, Places, Floats]:
    """As `_dense`, of the explicit entries."""
    place = np.cumsum(free) - 1
    kept_rows = costs[row].tocsr()
    rows = np.repeat(np.arange(len(row), dtype=np.int32), np.diff(kept_rows.indptr))
    values = kept_rows.data * weight[row][rows]
    kept = free[kept_rows.indices] & (values < cap[rows])
    rows, values = rows[kept], values[kept]
    sites = place[kept_rows.indices[kept]].astype(np.int32)
    order = np.lexsort((sites, values, rows))
    return rows[order], sites[order], values[order]


def _by_site(rows: Places, sites: Places, values: Floats, count: int) -> dict[str, Any]:
    order = np.lexsort((values, sites))
    return {
        "cptr": _pointers(np.bincount(sites, minlength=count)),
        "crow": rows[order],
        "ccost": values[order],
    }


def _pointers(counts: NDArray[np.integer[Any]]) -> Ints:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def _rivals(groups: Sequence[Ints], count: int) -> tuple[Ints, Ints]:
    """Return for every site those that share a group with it."""
    rivals: list[set[int]] = [set() for _ in range(count)]
    for group in groups:
        for one in group:
            rivals[one].update(int(other) for other in group if other != one)
    xptr = _pointers(np.array([len(some) for some in rivals], dtype=np.int64))
    return xptr, np.array([one for some in rivals for one in sorted(some)], dtype=np.int64)
