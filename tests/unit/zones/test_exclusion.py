"""Excluded land: dropped whole, or cut out."""

import geopandas as gpd
import pytest
from shapely import box

EAST, NORTH = 500_000.0, 2_500_000.0


def no_go(*boxes, kind="eco_control_line"):
    shapes = [box(EAST + a, NORTH - d, EAST + c, NORTH - b) for a, b, c, d in boxes]
    return gpd.GeoDataFrame({"kind": [kind] * len(shapes)}, geometry=shapes, crs="EPSG:4547")


@pytest.mark.parametrize(("clipped_m2", "expected"), [(90, "chosen"), (110, "excluded")])
def test_tolerance_is_a_share_and_at_most_100_m2(lattice, chosen_by, clipped_m2, expected):
    """1 % of a hectare is 100 m2."""
    zones = chosen_by(lattice("MM"), exclusions=no_go((100, 0, 100 + clipped_m2 / 100, 100)))
    assert zones.reasons.loc["r0c1", "reason"] == expected


def test_tolerance_of_a_small_parcel_is_its_share(lattice, chosen_by):
    parcels = lattice("MM", side=50.0)
    zones = chosen_by(parcels, exclusions=no_go((50, 0, 51, 50)), min_area_ha=0.1)
    assert zones.reasons.loc["r0c1", "reason"] == "excluded"


def test_overlapping_exclusions_clip_once(lattice, chosen_by):
    zones = chosen_by(lattice("M"), exclusions=no_go((0, 0, 0.6, 100), (0, 0, 0.6, 100)))
    assert zones.reasons.loc["r0c0", "reason"] == "chosen"


def test_cut_takes_the_rest(lattice, chosen_by):
    zones = chosen_by(lattice("MM"), exclusions=no_go((170, 0, 300, 100)), exclusion_mode="cut")
    assert zones.reasons.loc["r0c1", "reason"] == "chosen"
    assert zones.zones["area_m2"].sum() == pytest.approx(17_000)
    assert zones.objective == pytest.approx(1.7)
    assert zones.parcels.loc["r0c1", "area_m2"] == pytest.approx(7_000)


def test_cut_breaks_contiguity_where_the_land_goes(lattice, chosen_by):
    """The strip that is cut out is wider than a local road."""
    zones = chosen_by(
        lattice("MM"), exclusions=no_go((70, 0, 130, 100)), exclusion_mode="cut", min_area_ha=0.5
    )
    assert len(zones.zones) == 2


def test_cut_of_all_is_excluded(lattice, chosen_by):
    zones = chosen_by(lattice("MM"), exclusions=no_go((100, -10, 300, 110)), exclusion_mode="cut")
    assert zones.reasons.loc["r0c1", "reason"] == "excluded"
    assert zones.objective == pytest.approx(1)
