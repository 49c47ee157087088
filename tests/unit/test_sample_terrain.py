"""Heights, people, stations and plants of the sample district are what its README says."""

import numpy as np
import pytest
import rasterio
import shapely

from renewal_geo import io, ledger

PLANTS = {"污水处理厂": 3, "自来水厂": 2, "变电站": 6, "垃圾转运站": 5}


@pytest.fixture(scope="module")
def study(sample_study_folder):
    return io.open_study(sample_study_folder)


def grid(study, role):
    return io.study_raster(
        study.folder, role, bounds=study.parcels.total_bounds.tolist(), bounds_crs=study.crs
    )[0]


@pytest.mark.parametrize("name", ["dem", "population"])
def test_rasters_say_that_they_are_invented_and_lie_in_degrees(sample_study_folder, name):
    with rasterio.open(sample_study_folder / f"{name}.tif") as file:
        assert "invented" in file.tags()["SYNTHETIC"]
        assert file.crs.to_epsg() == 4490
        assert file.nodata is not None


def test_people_per_cell_add_up_to_the_layer_of_people(study, sample_study_folder):
    with rasterio.open(sample_study_folder / "population.tif") as file:
        total = file.read(1, masked=True).sum(dtype=float)
    assert total == pytest.approx(study.table("demand")["weight"].sum(), rel=1e-6)


def test_every_parcel_of_the_district_has_heights_but_those_in_the_reservoir(study):
    district = shapely.union_all(study.sub_districts.geometry.to_numpy())
    inside = study.parcels[study.parcels.geometry.representative_point().within(district)]
    inside = inside[~inside.index.duplicated() & inside.geometry.is_valid]
    found = ledger.zonal(inside, grid(study, "dem"), "mean").table
    without = found.index[found["mean"].isna()]
    lake = study.exclusions.loc[study.exclusions["kind"] == "water_source_1"].geometry.iloc[0]
    assert inside.loc[without].within(lake.buffer(80)).all()
    assert 50 < len(without) < 150
    assert 4 <= found["mean"].min() < 60 < found["mean"].max() < 400


def test_stations_and_plants(study):
    assert len(study.table("stations")) == 6
    assert study.table("plants")["kind"].value_counts().to_dict() == PLANTS
    land = study.parcels[study.parcels["land_use"] == "U1"]
    on = study.table("plants").representative_point()
    assert np.isin(np.arange(len(on)), land.sindex.query(on, predicate="within")[0]).all()
