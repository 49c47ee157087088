"""The benchmark of weightings compares equals: both ways give the same scores and the same top, at a small size."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[1].parent / "benchmarks"
MODULES = ("potential", "layers", "zones_bench")


@pytest.fixture
def bench(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    yield importlib.import_module("potential")
    for name in MODULES:
        sys.modules.pop(name, None)


@pytest.fixture
def ground(bench):
    return bench.ground_of(side=120, count=60)


def test_every_cell_belongs_to_the_parcel_that_holds_its_centre(bench, ground):
    assert set(np.unique(ground.labels)) == set(range(61))
    held = np.bincount(ground.labels)[1:] * ground.cell_m**2
    np.testing.assert_allclose(held, ground.parcels.area, rtol=0.2)


def test_means_once_and_rasters_summed_again_agree_in_every_parcel_and_draw(bench, ground):
    weights = bench.weightings(40)
    potential = bench.by_columns(ground, [bench.means_of(ground, band) for band in ground.bands])
    found = bench.ranked(ground, potential, weights)
    peer = bench.summed_again(ground, weights, found, lambda cells: bench.means_of(ground, cells))
    bench.checked(peer, found, 40)
    assert peer.draws == 40
    assert peer.worst < 1e-14
    assert 0 < peer.ever.sum() < 60


def test_exact_coverage_agrees_with_exactextract_on_the_summed_raster(bench, ground):
    weights = bench.weightings(5)
    found = bench.ranked(ground, bench.by_rasters(ground), weights)
    peer = bench.summed_again(
        ground, weights, found, lambda cells: bench.exact_means(ground, cells)
    )
    bench.checked(peer, found, 5)
    centres = bench.means_of(ground, weights[0] @ ground.bands)
    assert (
        np.abs(found.scores(0) - centres).max() > 1e-4
    )  # it is another question than cell centres


def test_an_answer_that_differs_stops_the_benchmark(bench, ground):
    weights = bench.weightings(3)
    potential = bench.by_columns(ground, [bench.means_of(ground, band) for band in ground.bands])
    found = bench.ranked(ground, potential, weights)
    off = bench.summed_again(
        ground, weights, found, lambda cells: bench.means_of(ground, cells) + 1e-8
    )
    with pytest.raises(AssertionError, match="a score differs"):
        bench.checked(off, found, 3)


def test_the_table_has_the_ratio_of_peer_and_ours(bench, ground):
    rows, facts = bench.compared(ground, 6, 2)
    assert [row[1] for row in rows] == [6, 6, 6, 2, 6, 6]
    assert rows[3][3] == pytest.approx(3 * rows[3][2])
    assert bench.line_of("q", 6, 2.0, 2.0, 100.0) == "| q | 6 | 2.00 | 2.00 | 50× |\n"
    assert facts["worst"] < 1e-12
