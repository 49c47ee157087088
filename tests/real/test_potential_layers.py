"""Shares, densities and distances on real layers, against plain geopandas and shapely."""

import geopandas as gpd
import numpy as np
import pytest
import shapely

from renewal_geo.io import read_layer
from renewal_geo.potential import way_measures
from renewal_geo.potential.criterion import Criterion
from renewal_geo.potential.measures import measured

SAMPLE = 25  # every so many parcels are measured anew by the oracle


def figures(parcels, source, layers, layer, **asked):
    one = Criterion("c", source=source, layer=layer, **asked)
    return measured(parcels, one, layers=layers, rasters={})


def open_(folder, path, crs, given=None):
    table = read_layer(folder / path)[0]
    return (table if given is None else table.set_crs(given, allow_override=True)).to_crs(crs)


@pytest.fixture(scope="module")
def cambridge(real_data):
    crs = "EPSG:26986"
    folder = real_data / "cambridge_ma"
    if not folder.exists():
        pytest.skip(f"no Cambridge layers at {folder}")
    parcels = open_(folder, "ASSESSING_ParcelsFY2014.topojson", crs, "EPSG:4326")
    return parcels, {
        "schools": open_(folder, "LANDMARK_PublicSchools.geojson", crs),
        "day_care": read_layer(folder / "LANDMARK_DayCareFacilities.geojson")[0],
        "open_space": open_(folder, "RECREATION_OpenSpace.geojson", crs),
        "easements": open_(folder, "ASSESSING_EasementsFY2014.geojson", crs),
    }


@pytest.fixture(scope="module")
def wuxi(real_data):
    folder = real_data / "wuxi_xinwu"
    if not folder.exists():
        pytest.skip(f"no Wuxi layers at {folder}")
    names = {
        "blocks": "land_use", "roads": "road_centerlines", "stations": "subway_stations", "water": "water_osm",
    }  # fmt: skip
    return {
        role: read_layer(folder / f"xinwu_{name}.gpkg")[0].to_crs("EPSG:32650")
        for role, name in names.items()
    }


def test_cambridge_distances(cambridge):
    parcels, layers = cambridge
    day_care = layers["day_care"].to_crs(parcels.crs)
    got = figures(parcels, "distance", layers, "day_care")
    assert got.notes[0] == "day_care was reprojected from EPSG:4326 to EPSG:26986"
    assert any("invalid shapes" in one for one in got.notes)
    assert got.why_missing[got.figures.isna()].tolist() == ["no shape"]
    every = shapely.distance(
        shapely.make_valid(parcels.geometry.to_numpy())[::SAMPLE, None],
        day_care.geometry.to_numpy()[None],
    )
    assert got.figures.to_numpy()[::SAMPLE] == pytest.approx(every.min(axis=1), abs=1e-6)
    joined = gpd.sjoin_nearest(
        parcels[parcels.is_valid & ~parcels.is_empty].reset_index()[["geometry"]],
        day_care,
        distance_col="m",
    )
    valid = got.figures[(parcels.is_valid & ~parcels.is_empty).to_numpy()].to_numpy()
    assert joined.groupby(level=0)["m"].min().to_numpy() == pytest.approx(valid, abs=1e-6)


def test_cambridge_shares_and_densities(cambridge):
    parcels, layers = cambridge
    green = layers["open_space"]
    got = figures(parcels, "share", layers, "open_space").figures.to_numpy()
    some = shapely.make_valid(parcels.geometry.to_numpy())[::SAMPLE]
    union = shapely.union_all(shapely.make_valid(green.geometry.to_numpy()))
    area = shapely.area(some)
    shapely.prepare(union)
    oracle = shapely.area(shapely.intersection(some, union)) / area
    assert got[::SAMPLE][area > 1] == pytest.approx(oracle[area > 1], abs=1e-6)
    around = figures(parcels.iloc[::500], "density", layers, "schools", within_m=800.0)
    ground = shapely.buffer(
        shapely.make_valid(parcels.geometry.to_numpy()[::500]), 800.0, quad_segs=16
    )
    inside = shapely.intersects(ground[:, None], layers["schools"].geometry.to_numpy()[None]).sum(
        axis=1
    )
    assert around.figures.to_numpy() == pytest.approx(inside / shapely.area(ground) * 1e4)
    lines = figures(parcels, "density", layers, "easements").figures.to_numpy()[::SAMPLE]
    met = [
        layers["easements"].clip_by_rect(*one.bounds).intersection(one).length.sum() for one in some
    ]
    # an easement along a lot line counts half in each lot
    assert (lines * area / 1e4 <= np.array(met) + 1e-6)[area > 1].all()
    assert (lines * area / 1e4 >= np.array(met) / 2 - 1e-6)[area > 1].all()


def test_wuxi_ways_along_streets(wuxi):
    blocks = wuxi["blocks"]
    straight = figures(blocks, "distance", wuxi, "stations")
    along = figures(blocks, "distance", wuxi, "stations", by="network")
    known = along.figures.notna().to_numpy()
    assert known.mean() > 0.5
    assert set(along.why_missing[~known]) <= {"no street within 200 m", "no way along the streets"}
    centre = blocks.geometry.representative_point()
    places = wuxi["stations"].set_axis(wuxi["stations"].index.astype(str)).geometry
    flight = centre[known].distance(places.reindex(along.nearest[known].to_numpy()), align=False)
    assert (along.figures[known].to_numpy() >= flight.to_numpy() - 1e-6).all()
    assert (along.figures >= straight.figures - 1e-6)[known].all()


def test_wuxi_areas_along_streets_are_no_farther_than_any_point_inside(wuxi):
    water = wuxi["water"]
    area = figures(wuxi["blocks"], "distance", wuxi, "water", by="network").figures
    inside = wuxi | {"water": water.set_geometry(water.geometry.representative_point())}
    point = figures(wuxi["blocks"], "distance", inside, "water", by="network").figures
    both = area.notna() & point.notna()
    assert both.sum() > 500
    assert (area[both] <= point[both] + 10.0).mean() > 0.99


def test_wuxi_outlines_are_entered_closely_enough(wuxi, monkeypatch):
    """As the documentation says: under 5 m in 99 of 100, 11 m at most."""
    usual = figures(wuxi["blocks"], "distance", wuxi, "water", by="network").figures
    monkeypatch.setattr(way_measures, "DOOR_M", 1.0)
    fine = figures(wuxi["blocks"], "distance", wuxi, "water", by="network").figures
    assert (usual.isna() == fine.isna()).all()
    longer = (usual - fine).dropna()
    assert longer.quantile(0.99) < 5.0
    assert longer.max() <= 11.0


def test_wuxi_shares_against_overlay(wuxi):
    blocks, water = wuxi["blocks"], wuxi["water"]
    got = figures(blocks, "share", wuxi, "water").figures.to_numpy()
    union = gpd.GeoDataFrame(geometry=[water.geometry.make_valid().union_all()], crs=water.crs)
    ours = blocks.reset_index(drop=True)[["geometry"]].assign(row=range(len(blocks)))
    over = gpd.overlay(ours, union, how="intersection", keep_geom_type=True)
    oracle = over.dissolve("row").area.reindex(range(len(blocks)), fill_value=0.0) / ours.area
    assert got == pytest.approx(oracle.to_numpy(), abs=1e-6)


def test_taiwan_industry_as_a_share_of_itself(real_data):
    path = real_data / "taiwan_zoning" / "H0102_nankan.geojson"
    if not path.exists():
        pytest.skip(f"no zoning plan at {path}")
    plots = read_layer(path)[0]
    column = next(one for one in plots.columns if plots[one].astype(str).str.contains("工業").any())
    industrial = plots[column].astype(str).str.contains("工業").to_numpy()
    got = figures(
        plots, "share", {"plots": plots}, "plots", where=f"`{column}`.str.contains('工業')"
    ).figures
    assert got[industrial].min() > 1 - 1e-9
    assert np.median(got[~industrial]) == 0.0
    # plots of the plan overlap by 1,535 m² in all (MANIFEST)
    assert float((got[~industrial] * plots.area[~industrial]).sum()) < 1_600
    amount = plots.assign(m2=plots.area)
    density = figures(plots, "density", {"plots": amount}, "plots", column="m2").figures
    assert float((density * plots.area).sum() / 1e4) == pytest.approx(
        plots.area.sum() + 2 * 1_535, rel=1e-4
    )
