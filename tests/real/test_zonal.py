"""São Miguel: people, heights and land cover by concelho, to the digit that others have printed."""

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from exactextract import exact_extract
from rasterio.warp import Resampling, calculate_default_transform, reproject

from renewal_geo.cli.app import main
from renewal_geo.foundation.crs import ellipsoidal_area
from renewal_geo.io import read_raster
from renewal_geo.ledger import zonal

NAMES = ["Lagoa", "Nordeste", "Ponta Delgada", "Povoação", "Ribeira Grande", "Vila Franca do Campo"]
PEOPLE = [14_539.875, 4_149.850, 66_866.708, 5_293.968, 31_920.497, 9_093.449]
HEIGHT_M = [233.720, 453.809, 274.440, 375.483, 312.035, 418.780]
PRINTED = 0.000_51  # half of the last digit; Nordeste is 4,149.850504 and was printed as 4,149.850
UTM = "EPSG:32626"
FILES = {
    "people": "gpw_v411_2020_count_2020.tif",
    "dem": "eu_dem_v11.tif",
    "cover": "clc2018_v2020_20u1.tif",
}


@pytest.fixture(scope="module")
def folder(real_data):
    return real_data / "raster_sao_miguel"


@pytest.fixture(scope="module")
def concelhos(folder):
    return gpd.read_file(folder / "concelhos.gpkg").set_index("name").loc[NAMES]


def raster(folder, name, **more):
    return read_raster(folder / FILES[name], **more)[0]


@pytest.mark.parametrize("crs", ["EPSG:4326", UTM, "EPSG:3857"])
def test_people_and_heights_are_those_of_the_manifest(folder, concelhos, crs):
    """Whatever CRS the polygons are in: they are brought to the raster."""
    zones = concelhos.to_crs(crs)
    people = zonal(zones, raster(folder, "people"), "sum", kind="count").table["sum"]
    heights = zonal(zones, raster(folder, "dem"), "mean").table["mean"]
    assert people.tolist() == pytest.approx(PEOPLE, abs=PRINTED)
    assert heights.round(3).tolist() == HEIGHT_M


def test_windows_give_what_the_whole_gives(folder, concelhos):
    small = read_raster(
        folder / FILES["dem"], bounds=concelhos.total_bounds, bounds_crs=concelhos.crs
    )[0]
    assert small.values.size < 0.6 * 384 * 192
    found = zonal(concelhos, small, "mean").table["mean"]
    assert found.round(3).tolist() == HEIGHT_M


def test_the_sea_has_no_height(folder, concelhos):
    table = zonal(concelhos, raster(folder, "dem"), "mean").table
    assert table["covered_share"].between(0.96, 0.999).all()


def test_cover_is_that_of_exactextract_and_fills_the_concelhos(folder, concelhos):
    found = zonal(concelhos, raster(folder, "cover"), kind="category")
    peer = exact_extract(
        str(folder / FILES["cover"]), concelhos.reset_index(), ["unique", "frac"], output="pandas"
    )
    for name, row in zip(NAMES, peer.itertuples(), strict=True):
        own = found.classes[found.classes["name"] == name].set_index("class")["share"]
        other = dict(zip(map(str, row.unique), row.frac, strict=True))
        assert own.to_dict() == pytest.approx(other, rel=1e-9)
    ground = found.classes.groupby("name")["area_m2"].sum().loc[NAMES]
    exact = ellipsoidal_area(concelhos.geometry.to_numpy(), concelhos.crs)
    np.testing.assert_allclose(ground, exact, rtol=1e-5)


@pytest.mark.filterwarnings("ignore:Use `@` matmul:PendingDeprecationWarning")  # within rasterio
def test_a_warped_raster_tells_the_same_within_its_resampling(folder, concelhos, tmp_path):
    """Heights on another grid in metres: means move by decimetres, not by metres."""
    with rasterio.open(folder / FILES["dem"]) as data:
        place, width, height = calculate_default_transform(
            data.crs, UTM, data.width, data.height, *data.bounds
        )
        warped = np.full((height, width), np.nan, dtype="float32")
        reproject(
            rasterio.band(data, 1), warped, dst_transform=place, dst_crs=UTM, dst_nodata=np.nan,
            resampling=Resampling.bilinear,
        )  # fmt: skip
    with rasterio.open(
        tmp_path / "dem_utm.tif", "w", driver="GTiff", count=1, height=height, width=width, dtype="float32",
        crs=UTM, transform=place, nodata=np.nan,
    ) as data:  # fmt: skip
        data.write(warped, 1)
    found = zonal(concelhos, read_raster(tmp_path / "dem_utm.tif")[0], "mean")
    assert found.table["mean"].tolist() == pytest.approx(HEIGHT_M, rel=0.02)
    assert any("brought from EPSG:4326" in note for note in found.notes)


def test_the_command_writes_layer_workbook_and_record(folder, tmp_path):
    study = tmp_path / "study"
    study.mkdir()
    (study / "study.toml").write_text(
        f"""
crs = "{UTM}"
as_of = 2024-01-01
lang = "en"
[layers.parcels]
path = '{(folder / "concelhos.gpkg").as_posix()}'
columns = {{ parcel_id = "name" }}
[layers.population]
path = '{(folder / FILES["people"]).as_posix()}'
kind = "count"
unit = "people"
"""
    )
    out = tmp_path / "out"
    assert main(["ledger", "zonal", str(study), "--raster", "population", "--out", str(out)]) == 0
    layer = gpd.read_file(out / "zonal.gpkg", layer="zones").set_index("parcel_id").loc[NAMES]
    assert layer["sum"].tolist() == pytest.approx(PEOPLE, abs=PRINTED)
    assert sorted(p.name for p in out.iterdir()) == ["zonal.gpkg", "zonal.json", "zonal.xlsx"]
