"""Figures of a few owners are withheld, and cannot be had from the others."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renewal_geo.maps.public.suppression import owner_sets, publishable


def rows(*positions):
    return np.array(positions, dtype=np.int64)


def follows(matrix, wanted):
    """Whether a linear combination of the rows of `matrix` gives `wanted`: the oracle, by rank."""
    with_it = np.vstack([matrix, wanted])
    return np.linalg.matrix_rank(with_it) == (np.linalg.matrix_rank(matrix) if len(matrix) else 0)


def test_enough_owners_and_all_is_published():
    owners = owner_sets([*"abcdef"], 6)
    assert publishable([rows(*range(6)), rows(0, 1, 2), rows(3, 4, 5)], owners, 3).all()


def test_a_small_cell_takes_the_next_smallest_with_it_or_the_total():
    owners = owner_sets([*"abcdefghijk"], 11)
    total, large, middle, small = (
        rows(*range(11)),
        rows(0, 1, 2, 3, 4),
        rows(5, 6, 7, 8),
        rows(9, 10),
    )
    assert publishable([total, large, middle, small], owners, 3).tolist() == [
        True,
        True,
        False,
        False,
    ]
    assert publishable([large, middle, small, total], owners, 3).tolist() == [
        True,
        True,
        False,
        False,
    ]


def test_one_owner_of_many_rows_is_still_one():
    owners = owner_sets(["one"] * 50 + [*"abc"], 53)
    assert publishable([rows(*range(50)), rows(50, 51, 52)], owners, 3).tolist() == [False, True]
    assert publishable([rows(*range(50))], owner_sets(None, 50), 3).tolist() == [True]


def test_rows_without_an_owner_count_as_one_owner_together():
    owners = owner_sets([None, np.nan, "", " ", "a"], 5)
    assert publishable([rows(0, 1, 2, 3, 4)], owners, 3).tolist() == [False]


def test_a_row_may_stand_for_several_owners():
    owners = owner_sets([frozenset("abc"), ("d",), "e"], 3)
    assert publishable([rows(0), rows(1), rows(1, 2)], owners, 3).tolist() == [True, False, False]


def test_steps_of_a_funnel_that_differ_by_one_parcel_are_not_both_told():
    owners = owner_sets(None, 10)
    shown = publishable([rows(*range(10)), rows(*range(9)), rows(*range(4))], owners, 3)
    assert shown.tolist() == [True, False, True]


def test_two_small_groups_are_not_told_as_a_sum_either():
    # total and the large cell would leave two cells of one owner each: two owners together
    owners = owner_sets([*"abcdefgh"], 8)
    figures = [rows(*range(8)), rows(0, 1, 2, 3, 4, 5), rows(6), rows(7)]
    assert publishable(figures, owners, 3).tolist() == [True, False, False, False]


def test_nothing_to_tell():
    assert publishable([], [], 3).tolist() == []
    assert publishable([rows()], owner_sets(None, 2), 3).tolist() == [True]


@st.composite
def tables(draw):
    """Rows with classes, groups and owners, and the figures that a map tells of them."""
    count = draw(st.integers(1, 9))
    column = st.lists(st.integers(0, 2), min_size=count, max_size=count)
    one, two = np.array(draw(column)), np.array(draw(column))
    owners = draw(st.lists(st.integers(0, 5), min_size=count, max_size=count))
    figures = [np.flatnonzero(one == k) for k in range(3)]
    figures += [np.flatnonzero(two == k) for k in range(3)]
    figures += [np.flatnonzero((one == i) & (two == j)) for i in range(3) for j in range(3)]
    extra = draw(st.lists(st.lists(st.booleans(), min_size=count, max_size=count), max_size=3))
    figures += [np.flatnonzero(flags) for flags in extra] + [np.arange(count)]
    return draw(st.permutations(figures)), owners


@settings(max_examples=60, deadline=None)
@given(tables(), st.integers(1, 4))
def test_no_combination_of_what_is_published_gives_what_is_withheld(table, least):
    figures, owners = table
    count = len(owners)
    shown = publishable(figures, owner_sets(owners, count), least)
    matrix = np.zeros((len(figures), count))
    for place, some in enumerate(figures):
        matrix[place, some] = 1
    told = matrix[shown]
    for place, some in enumerate(figures):
        few = 0 < len({owners[row] for row in some}) < least
        assert not (few and shown[place])
        if few:
            assert not follows(told, matrix[place])
    # brute force: the smallest groups that the figures tell apart, alone and two together
    kinds = {}
    for row in range(count):
        kinds.setdefault(matrix[:, row].tobytes(), []).append(row)
    small = [g for g in kinds.values() if len({owners[r] for r in g}) < least]
    for groups in itertools.chain(((g,) for g in small), itertools.combinations(small, 2)):
        together = [row for group in groups for row in group]
        if len({owners[row] for row in together}) < least:
            wanted = np.zeros(count)
            wanted[together] = 1
            assert not follows(told, wanted)
    for row in range(count if least > 1 else 0):
        wanted = np.zeros(count)
        wanted[row] = 1
        assert not follows(told, wanted)  # no single row, whoever owns it


@pytest.mark.parametrize("least", [1, 3])
def test_with_a_threshold_of_one_nothing_is_withheld(least):
    owners = owner_sets(None, 4)
    shown = publishable([rows(0), rows(1, 2, 3)], owners, least)
    assert shown.tolist() == [least == 1, True]


def test_hundreds_of_figures_over_a_large_table():
    random = np.random.default_rng(1)
    one, two = random.integers(0, 13, 20_000), random.zipf(1.9, 20_000) % 60
    cells = [np.flatnonzero((one == i) & (two == j)) for i in range(13) for j in range(60)]
    cells = sorted((c for c in cells if len(c)), key=len, reverse=True)
    totals = [np.flatnonzero(one == i) for i in range(13)] + [
        np.flatnonzero(two == j) for j in range(60)
    ]
    figures = [np.arange(20_000), *totals, *cells]
    shown = publishable(figures, owner_sets(None, 20_000), 3)
    assert shown[:74].all()
    few = np.array([0 < len(some) < 3 for some in figures])
    assert few.any()
    assert not shown[few].any()
    assert 0.5 < shown.mean() < 1
