"""The published outline."""

import geopandas as gpd
import numpy as np
import pytest
from shapely import LineString, box

EAST, NORTH = 500_000.0, 2_500_000.0


def test_local_road_belongs_to_the_outline(lattice, chosen_by):
    zones = chosen_by(lattice("MM", spacing=120), min_area_ha=2.0)
    row = zones.envelopes.loc["Z01"]
    assert row["gross_area_m2"] == pytest.approx(22_000, rel=1e-4)
    assert row["perimeter_m"] == pytest.approx(640, rel=1e-3)
    assert row["compactness"] == pytest.approx(4 * np.pi * 22_000 / 640**2, rel=1e-2)
    assert row.geometry.geom_type == "Polygon"
    assert zones.zones.loc["Z01", "gross_area_m2"] == pytest.approx(row["gross_area_m2"])


def test_wide_gap_stays_out(lattice, chosen_by):
    parcels = lattice("MM", "M.")
    zones = chosen_by(parcels)
    assert zones.envelopes.loc["Z01", "gross_area_m2"] == pytest.approx(30_000, rel=0.02)


def test_barrier_is_left_out(lattice, chosen_by):
    """The river ends between the two parcels: they stay linked, its bed is not in the outline."""
    bed = box(EAST + 105, NORTH - 200, EAST + 115, NORTH - 60)
    river = gpd.GeoDataFrame({"kind": ["river"]}, geometry=[bed], crs="EPSG:4547")
    zones = chosen_by(lattice("MM", spacing=120), barriers=river, min_area_ha=2.0)
    outline = zones.envelopes.geometry["Z01"]
    assert outline.intersection(bed).area < 0.1
    assert outline.area == pytest.approx(22_000 - 400, rel=0.01)


def test_exclusion_is_left_out(lattice, chosen_by):
    well = gpd.GeoDataFrame(
        {"kind": ["water_source"]},
        geometry=[box(EAST + 104, NORTH - 60, EAST + 116, NORTH - 40)],
        crs="EPSG:4547",
    )
    zones = chosen_by(lattice("MM", spacing=120), exclusions=well, min_area_ha=2.0)
    assert zones.envelopes.geometry["Z01"].intersection(well.geometry.iloc[0]).area < 0.1


def test_other_parcels_are_left_out_and_slivers_are_not(lattice, chosen_by):
    parcels = lattice("MM", spacing=120)
    for name, shape in {
        "kiosk": box(EAST + 106, NORTH - 45, EAST + 114, NORTH - 40),
        "house": box(EAST + 105, NORTH - 75, EAST + 115, NORTH - 60),
    }.items():
        parcels.loc[name, ["land_use", "geometry"]] = ["R", shape]
    zones = chosen_by(parcels, pool="land_use == 'M'", min_area_ha=2.0)
    outline = zones.envelopes.geometry["Z01"]
    assert outline.intersection(parcels.geometry["house"]).area < 0.1
    assert outline.covers(parcels.geometry["kiosk"])


def test_members_are_covered_and_zones_do_not_overlap(lattice, chosen_by):
    parcels = lattice("MMM", "MMM", spacing=130)
    rail = gpd.GeoDataFrame(
        {"kind": ["railway"], "width_m": [4.0]},
        geometry=[LineString([(EAST + 115, NORTH + 100), (EAST + 115, NORTH - 400)])], crs="EPSG:4547",
    )  # fmt: skip
    zones = chosen_by(parcels, barriers=rail, min_area_ha=2.0)
    assert len(zones.zones) == 2
    first, second = zones.envelopes.geometry
    assert first.intersection(second).area < 0.1
    for zone_id, outline in zones.envelopes.geometry.items():
        assert zones.zones.geometry[zone_id].difference(outline).area < 0.1


def test_small_hole_is_filled(lattice, chosen_by):
    """A yard of 20 by 20 m that nobody owns lies inside the block."""
    ring = [box(0, 0, 140, 60), box(0, 80, 140, 140), box(0, 60, 60, 80), box(80, 60, 140, 80)]
    parcels = lattice("MMMM")
    parcels = parcels.set_geometry(
        gpd.GeoSeries(ring, index=parcels.index, crs="EPSG:4547").translate(EAST, NORTH)
    )
    zones = chosen_by(parcels, min_area_ha=1.0)
    assert zones.envelopes.loc["Z01", "gross_area_m2"] == pytest.approx(140 * 140, rel=1e-3)
    assert len(zones.envelopes.geometry["Z01"].interiors) == 0
