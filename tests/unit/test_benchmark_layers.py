"""The drawn layers of the overlay benchmarks are what their page says."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

FILE = Path(__file__).resolve().parents[2] / "benchmarks" / "layers.py"


@pytest.fixture(scope="module")
def layers():
    spec = importlib.util.spec_from_file_location("layers", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_coverages_are_clean_and_have_one_outline(layers):
    parcels, uses = layers.parcels(613), layers.land_use(97)
    for table, count in ((parcels, 613), (uses, 97)):
        assert len(table) == count
        assert table.is_valid.all()
        assert table.is_valid_coverage()
        assert table.area.sum() == pytest.approx(388e6, rel=1e-7)
    outside = parcels.union_all().symmetric_difference(uses.union_all()).area
    assert 0 < outside < 100


def test_coordinates_are_whole_millimetres_in_place(layers):
    xy = layers.parcels(100).get_coordinates().to_numpy()
    np.testing.assert_array_equal(xy, np.round(xy, 3))
    assert (xy.min(axis=0) > [498_000, 2_500_000]).all()


def test_near_coincident_borders_are_decimetres_off(layers):
    parcels = layers.parcels(613)
    drawn = layers.near_coincident(parcels)
    assert drawn.is_valid.all()
    assert drawn.is_valid_coverage()
    assert 0 < parcels.union_all().difference(drawn.union_all()).area < 5_000
    assert len(parcels) / len(drawn) == pytest.approx(6, rel=0.2)


def test_control_lines_overlap_between_kinds_only(layers):
    control = layers.control_lines()
    assert control.is_valid.all()
    assert control.count_coordinates().nlargest(3).tolist() == [88_806, 24_208, 21_468]
    by_kind = control.dissolve("kind").area / 1e6
    assert by_kind.to_dict() == pytest.approx(
        {"ecological": 198, "farmland": 44, "industrial": 74}, rel=1e-6
    )
    assert control.union_all().area < 300e6


def test_the_same_on_every_call(layers):
    assert layers.land_use(40).equals(layers.land_use(40))
    assert layers.buildings(50).equals(layers.buildings(50))
