"""Which figures of a few owners are withheld, and which others with them, so that none can be had.

A figure (a count, an area) is a sum over rows. One that fewer than `least` owners stand behind is
withheld (threshold rule), and further ones are, so that no sum or difference of what is published
gives it away: Gaussian elimination on the figures, most wanted first, each published as long as no
sensitive group of rows comes into the span of the published ones (Langsrud 2024, *Secondary cell
suppression by Gaussian elimination*, doi:10.1007/978-3-031-69651-0_6; the problem: Cox 1980). This
guards against *exact* recovery, not against an estimate between bounds.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

# Arithmetic modulo a prime is exact, and never misses what holds in whole numbers unless a
# determinant is a multiple of it; what holds only modulo the prime is withheld needlessly.
PRIME = 2**31 - 1
SEED = 20200630

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class _Targets:
    """Groups of rows that nobody may learn about: one 0/1 row each over the atoms, and who owns it."""

    groups: Ints
    owners: tuple[frozenset[int], ...]


def owner_sets(
    owners: Sequence[object] | NDArray[np.object_] | None, count: int
) -> list[frozenset[int]]:
    """Return the owners of each row as sets of numbers.

    Parameters
    ----------
    owners
        `count` values: an owner, or a collection of them for a row that stands for several. Rows
        without one count together as one owner, the careful reading. None: each row is one owner.
    count
        Number of rows.
    """
    if owners is None:
        return [frozenset((row,)) for row in range(count)]
    known: dict[str, int] = {}
    return [frozenset(known.setdefault(name, len(known)) for name in _names(one)) for one in owners]


def publishable(
    figures: Sequence[Ints], owners: Sequence[frozenset[int]], least: int
) -> NDArray[np.bool_]:
    """Return which figures may be published, given in the order in which they are wanted.

    Parameters
    ----------
    figures
        m sets of row positions: each figure is the sum over its rows, of whatever quantity.
    owners
        Per row the owners behind it, as :func:`owner_sets` returns them.
    least
        Smallest number of distinct owners behind a figure.

    Returns
    -------
    ndarray
        m flags. From the published figures no sum or difference with any factors gives a withheld
        figure of fewer than `least` owners, nor the sum over any smallest group of rows that the
        figures tell apart (or any two of them, or all those of one owner) with fewer owners.
    """
    atom_of, matrix = _atoms(figures, len(owners))
    targets = _targets(matrix, _owners_of(atom_of, owners, matrix.shape[1]), least)
    shown = np.zeros(len(figures), dtype=bool)
    basis: list[tuple[int, Ints]] = []
    groups = targets.groups
    for place, figure in enumerate(matrix):
        row = figure.copy()
        for pivot, known in basis:
            if row[pivot]:
                row = (row - row[pivot] * known) % PRIME
        if not row.any():
            shown[place] = True  # what is published already says it
            continue
        pivot = int(np.flatnonzero(row)[0])
        row = row * pow(int(row[pivot]), -1, PRIME) % PRIME
        left, hit = groups.copy(), np.flatnonzero(groups[:, pivot])
        left[hit] = (groups[hit] - groups[hit, pivot][:, None] * row) % PRIME
        if not _told(left, targets.owners, least):
            basis.append((pivot, row))
            groups, shown[place] = left, True
    return shown


def _names(owner: object) -> list[str]:
    if isinstance(owner, Collection) and not isinstance(owner, str):
        return [name for one in owner for name in _names(one)] or [""]
    known = owner is not None and not pd.isna(owner)  # type: ignore[call-overload]
    return [str(owner).strip() if known else ""]


def _atoms(figures: Sequence[Ints], count: int) -> tuple[Ints, Ints]:
    """Return per row its atom (rows that stand in the same figures), and figures over atoms."""
    signs = np.random.default_rng(SEED).integers(1, 2**62, size=max(len(figures), 1))
    mark = np.zeros(count, dtype=np.int64)
    for place, rows in enumerate(figures):
        mark[rows] ^= signs[place]
    _, first, atom_of = np.unique(mark, return_index=True, return_inverse=True)
    matrix = np.zeros((len(figures), len(first)), dtype=np.int64)
    for place, rows in enumerate(figures):
        matrix[place, atom_of[rows]] = 1
    return atom_of, matrix


def _owners_of(atom_of: Ints, owners: Sequence[frozenset[int]], count: int) -> list[frozenset[int]]:
    gathered: list[set[int]] = [set() for _ in range(count)]
    for atom, some in zip(atom_of.tolist(), owners, strict=True):
        gathered[atom] |= some
    return [frozenset(some) for some in gathered]


def _targets(matrix: Ints, owners: list[frozenset[int]], least: int) -> _Targets:
    """Return the groups of atoms with fewer than `least` owners: atoms, figures, all of an owner."""
    counted = np.asarray(matrix.any(axis=0))
    small = [atom for atom, some in enumerate(owners) if counted[atom] and len(some) < least]
    groups: dict[tuple[int, ...], frozenset[int]] = {(atom,): owners[atom] for atom in small}
    holdings: dict[int, list[int]] = {}
    for atom in small:
        for owner in owners[atom] if len(owners[atom]) == 1 else ():
            holdings.setdefault(owner, []).append(atom)
    groups.update({tuple(held): frozenset((owner,)) for owner, held in holdings.items()})
    for figure in matrix:
        atoms = tuple(np.flatnonzero(figure).tolist())
        behind = frozenset().union(*(owners[atom] for atom in atoms))
        if 0 < len(behind) < least:
            groups[atoms] = behind
    rows = np.zeros((len(groups), matrix.shape[1]), dtype=np.int64)
    for place, atoms in enumerate(groups):
        rows[place, list(atoms)] = 1
    return _Targets(rows, tuple(groups.values()))


def _told(left: Ints, owners: tuple[frozenset[int], ...], least: int) -> bool:
    """Return whether a group, or two together with too few owners, follow from what is published.

    `left` is what remains of each group after elimination: zero where it follows, and two that are
    each other's negative follow as a sum.
    """
    if not len(left):
        return False
    if not np.all(left.any(axis=1)):
        return True
    seen: dict[bytes, list[int]] = {}
    for place, row in enumerate(left):
        seen.setdefault(row.tobytes(), []).append(place)
    for place, row in enumerate((PRIME - left) % PRIME):
        for other in seen.get(row.tobytes(), ()):
            if other != place and len(owners[place] | owners[other]) < least:
                return True
    return False
