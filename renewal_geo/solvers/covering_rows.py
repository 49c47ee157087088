"""Making covering models small without changing their answer: equal rows, dominated rows and sites.

A cover is n rows of demand by m sites, an entry where the site reaches the row. Sparse throughout: work
follows the entries, and the pairs that may dominate each other, never n times m.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
PAIRS_AT_ONCE = 4_000_000
SALT = 20_200_630


@dataclass(frozen=True, eq=False)
class Cover:
    """Who reaches whom.

    Attributes
    ----------
    indptr, sites
        Of row i the sites ``sites[indptr[i]:indptr[i + 1]]``, rising.
    weight
        Length n, of the rows.
    m
        Number of sites.
    """

    indptr: Ints
    sites: Ints
    weight: Floats
    m: int

    @classmethod
    def of(cls, reach: Any, weight: Floats) -> Cover:
        """Read a sparse matrix whose stored entries that are not zero are reach."""
        made: Any = csr_array(reach, dtype=bool, copy=True)
        made.eliminate_zeros()
        made.sum_duplicates()
        return cls(
            made.indptr.astype(np.int64),
            made.indices.astype(np.int64),
            np.asarray(weight, dtype=float),
            made.shape[1],
        )

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.indptr) - 1

    @cached_property
    def degree(self) -> Ints:
        """How many sites reach each row."""
        return np.diff(self.indptr)

    @cached_property
    def rows(self) -> Ints:
        """Row of each entry."""
        return np.repeat(np.arange(self.n), self.degree)

    @cached_property
    def matrix(self) -> Any:
        """Rows by sites, ones."""
        return csr_array(
            (np.ones(len(self.sites)), self.sites, self.indptr), shape=(self.n, self.m)
        )

    @cached_property
    def transposed(self) -> Any:
        """Sites by rows, ones, rows rising."""
        return self.matrix.T.tocsr()

    def counts(self, chosen: Ints) -> Ints:
        """Return how many of the chosen sites reach each row."""
        mark = np.zeros(self.m)
        mark[chosen] = 1.0
        return np.asarray(self.matrix @ mark, dtype=np.int64)

    def reduced(self, keep: Flags, use: Flags) -> Cover:
        """Return the rows `keep` and the sites `use`; sites keep their numbers."""
        entry = keep[self.rows] & use[self.sites]
        degree = np.bincount(self.rows[entry], minlength=self.n)[keep]
        indptr = np.concatenate([[0], np.cumsum(degree)])
        return Cover(indptr, self.sites[entry], self.weight[keep], self.m)


def merge(cover: Cover) -> tuple[Cover, Ints]:
    """Merge rows with the same sites, in order of their first; rows without any are dropped.

    Returns
    -------
    tuple
        The merged cover with the summed weights, and for each row its new number (-1: no site).
    """
    label = np.full(cover.n, -1, dtype=np.int64)
    alive = np.flatnonzero(cover.degree > 0)
    if not len(alive):
        return Cover(np.zeros(1, np.int64), cover.sites[:0], np.empty(0), cover.m), label
    first, group = _equal_rows(cover, alive)
    order = np.argsort(first, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    label[alive] = rank[group]
    keep = np.zeros(cover.n, dtype=bool)
    keep[alive[first]] = True
    weight: Floats = np.bincount(label[alive], cover.weight[alive], len(order)).astype(float)
    entry = keep[cover.rows]
    indptr = np.concatenate([[0], np.cumsum(cover.degree[keep])])
    return Cover(indptr, cover.sites[entry], weight, cover.m), label


def _equal_rows(cover: Cover, alive: Ints) -> tuple[Ints, Ints]:
    """Group rows by fingerprint, then check every row against the first of its group."""
    salt = np.random.default_rng(SALT).integers(0, 2**63, cover.m, dtype=np.uint64)
    key = np.add.reduceat(salt[cover.sites], cover.indptr[alive])
    _, first, group = np.unique(key, return_index=True, return_inverse=True)
    leader = alive[first[group]]
    same = cover.degree[alive] == cover.degree[leader]
    rows, degree = alive[same], cover.degree[alive[same]]
    within = np.arange(degree.sum()) - np.repeat(np.cumsum(degree) - degree, degree)
    own = cover.sites[np.repeat(cover.indptr[rows], degree) + within]
    led = cover.sites[np.repeat(cover.indptr[leader[same]], degree) + within]
    same[np.flatnonzero(same)[np.repeat(np.arange(len(rows)), degree)[own != led]]] = False
    if same.all():
        return first, group
    # two different rows with one fingerprint: they stand alone
    alone = np.flatnonzero(~same)
    group = group.copy()
    group[alone] = len(first) + np.arange(len(alone))
    return np.concatenate([first, alone]), group


def implied_rows(cover: Cover) -> Flags:
    """Return the rows that are reached whenever another row is: those whose sites include all of its.

    Rows must differ (:func:`merge`).
    """
    implied = np.zeros(cover.n, dtype=bool)
    if not cover.n:
        return implied
    reached = np.diff(cover.transposed.indptr)
    entries = np.lexsort((reached[cover.sites], cover.rows))
    rarest = cover.sites[
        entries[cover.indptr[:-1]]
    ]  # only rows of its rarest site can include a row
    bits = _bits(cover)
    pairs = reached[rarest]
    for part in np.array_split(np.arange(cover.n), 1 + int(pairs.sum()) // PAIRS_AT_ONCE):
        count = pairs[part]
        within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        small = np.repeat(part, count)
        large = cover.transposed.indices[
            np.repeat(cover.transposed.indptr[rarest[part]], count) + within
        ]
        right = cover.degree[small] < cover.degree[large]
        small, large = small[right], large[right]
        for word in bits:
            right = (word[small] & ~word[large]) == 0
            small, large = small[right], large[right]
        implied[large] = True
    return implied


def _bits(cover: Cover) -> NDArray[np.uint32]:
    """Return the sites of each row as bits: words by rows."""
    words = (cover.m + 31) // 32
    place = (cover.sites >> 5) * cover.n + cover.rows
    value = np.bincount(place, 2.0 ** (cover.sites & 31), minlength=words * cover.n)
    return value.astype(np.uint32).reshape(words, cover.n)


def dominated_sites(cover: Cover, use: Flags, group: Ints) -> Flags:
    """Return the sites whose rows another site reaches too; the lower number stays among equals.

    A site may stand in for another only where no exclusive group (`group` >= 0) forbids it.
    """
    shared = (cover.transposed @ cover.matrix).tocoo()
    reached = np.diff(cover.transposed.indptr)
    small, large = shared.row, shared.col
    held = (shared.data >= reached[small] - 0.5) & (small != large) & use[small] & use[large]
    small, large = small[held], large[held]
    free = (group[large] < 0) | (group[large] == group[small])
    # between equals: one that its group does not bind stays, then the lower number
    equal = reached[small] == reached[large]
    mutual = free & equal & ((group[small] < 0) | (group[small] == group[large]))
    goes = free & (~equal | ~mutual | (large < small))
    out = np.zeros(cover.m, dtype=bool)
    out[small[goes]] = True
    out |= use & (reached == 0)
    return out


def components(cover: Cover) -> list[tuple[Flags, Flags]]:
    """Return rows and sites of each part that shares nothing with the rest, by first row."""
    n, m = cover.n, cover.m
    both = csr_array(
        (np.ones(len(cover.sites)), (cover.rows, cover.sites + n)), shape=(n + m, n + m)
    )
    _, label = connected_components(both, directed=False)
    rows, sites = label[:n], label[n:]
    names = list(dict.fromkeys(rows.tolist()))
    return [(rows == one, sites == one) for one in names]
