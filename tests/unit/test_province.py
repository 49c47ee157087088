"""The drawn province is sound, its files can be streamed, and the simulated schedule is one."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest
import shapely

from renewal_geo import ledger

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
SIDE = (12, 9)


@pytest.fixture
def province(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    yield importlib.import_module("province")
    for name in ("province", "zones_bench"):
        sys.modules.pop(name, None)


def test_a_city_is_a_coverage_that_everybody_draws_alike(province):
    parcels, use = province.city(3, SIDE)
    for layer in (parcels, use):
        assert layer.is_valid.all()
        assert shapely.coverage_is_valid(layer.geometry.to_numpy())
    assert len(parcels) == SIDE[0] * SIDE[1]
    assert parcels.area.sum() == pytest.approx(use.area.sum(), rel=0.01)
    assert parcels.geometry.equals(province.city(3, SIDE)[0].geometry)
    assert not parcels.geometry.iloc[0].equals(province.city(4, SIDE)[0].geometry.iloc[0])


def test_cities_joined_in_one_file_are_tallied_as_tables_are(province, tmp_path):
    files = province.drawn(tmp_path, 2, SIDE)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["land_use.parquet", "parcels.parquet"]
    zones, use = province.streams(files)
    assert zones.count == 2 * SIDE[0] * SIDE[1]
    found = ledger.tally_tiles(zones, use, "land_use", tiles=4)
    whole = [
        ledger.tally(*province.city(n, SIDE), by="land_use").table.groupby(["land_use", "kind"])["area_m2"].sum()
        for n in range(2)
    ]  # fmt: skip
    sums = whole[0].add(whole[1], fill_value=0.0).to_dict()
    assert found.sums.set_index(["land_use", "kind"])["area_m2"].to_dict() == pytest.approx(
        sums, abs=1e-5
    )


@pytest.mark.parametrize("workers", [1, 2, 7])
def test_a_schedule_loses_nothing_and_keeps_its_bound(province, workers):
    seconds = np.random.default_rng(0).uniform(0.5, 3.0, 50).tolist()
    end, busy = province.schedule(seconds, workers)
    assert sum(busy) == pytest.approx(sum(seconds))
    assert max(*seconds, sum(seconds) / workers) <= end + 1e-9
    assert end <= sum(seconds) / workers + (1 - 1 / workers) * max(seconds) + 1e-9
