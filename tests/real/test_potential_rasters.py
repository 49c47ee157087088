"""São Miguel scored off rasters: people and heights to the printed digit; slopes in degrees and in metres agree."""

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import rasterio
import shapely
from rasterio.warp import Resampling, calculate_default_transform, reproject

from renewal_geo.cli.app import main
from renewal_geo.io import read_layer, read_raster
from renewal_geo.potential import Criterion, score
from renewal_geo.potential.raster_measures import raster_figures
from renewal_geo.spatial.cell_sizes import cell_sizes
from renewal_geo.spatial.rasters import Raster
from renewal_geo.spatial.slopes import slope

NAMES = ["Lagoa", "Nordeste", "Ponta Delgada", "Povoação", "Ribeira Grande", "Vila Franca do Campo"]
PEOPLE = [14_539.875, 4_149.850, 66_866.708, 5_293.968, 31_920.497, 9_093.449]
HEIGHT_M = [233.720, 453.809, 274.440, 375.483, 312.035, 418.780]
PRINTED = 0.000_51  # half of the last digit; Nordeste is 4,149.850504 and was printed as 4,149.850
UTM = "EPSG:32626"
FILES = {
    "population": "gpw_v411_2020_count_2020.tif",
    "dem": "eu_dem_v11.tif",
    "cover": "clc2018_v2020_20u1.tif",
}
CRITERIA = [
    {"id": "height", "source": "raster", "layer": "dem", "weight": 1, "direction": "cost"},
    {"id": "slope", "source": "raster", "layer": "dem", "derive": "slope_deg", "weight": 1, "direction": "cost"},
    {"id": "people", "source": "raster", "layer": "population", "statistic": "sum", "weight": 2},
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(real_data):
    return real_data / "raster_sao_miguel"


@pytest.fixture(scope="module")
def concelhos(folder):
    return gpd.read_file(folder / "concelhos.gpkg").set_index("name").loc[NAMES]


@pytest.fixture(scope="module")
def rasters(folder):
    kinds = {"population": "count", "dem": "density", "cover": "category"}
    return {
        role: read_raster(folder / file, kind=kinds[role], role=role)[0]
        for role, file in FILES.items()
    }


@pytest.mark.parametrize("crs", ["EPSG:4326", UTM, "EPSG:3857", "EPSG:5015"])
def test_people_and_heights_are_those_of_the_manifest(concelhos, rasters, crs):
    """Through `score`, whatever CRS the parcels are in."""
    made = score(concelhos.to_crs(crs), CRITERIA, rasters=rasters)
    assert made.values["people"].tolist() == pytest.approx(PEOPLE, abs=PRINTED)
    assert made.values["height"].round(3).tolist() == HEIGHT_M
    assert not len(made.missing)
    assert made.values["slope"].between(5, 15).all()


def test_people_per_hectare_are_people_over_hectares(concelhos, rasters):
    parcels = concelhos.to_crs(UTM)
    asked = Criterion("dense", source="raster", layer="population", statistic="per_ha")
    found = raster_figures(parcels, asked, rasters["population"])
    share = found.figures * parcels.area / 1e4 / PEOPLE
    np.testing.assert_allclose(share, 1, rtol=1e-6)  # people of the sea are given: 0


def test_cover_by_share_and_by_the_most(concelhos, rasters):
    parcels = concelhos.to_crs(UTM)
    codes = tuple(str(code) for code in range(1, 49))
    whole = raster_figures(parcels, _cover(statistic="share", values=codes), rasters["cover"])
    np.testing.assert_allclose(whole.figures, 1, rtol=1e-9)
    single = [
        raster_figures(parcels, _cover(statistic="share", values=(code,)), rasters["cover"]).figures
        for code in codes
    ]
    most = raster_figures(parcels, _cover(statistic="majority"), rasters["cover"]).figures
    greatest = np.argmax(np.stack(single), axis=0)
    assert most.tolist() == [codes[at] for at in greatest]


def _cover(**more):
    return Criterion("cover", source="raster", layer="cover", transform="category", **more)


@pytest.mark.filterwarnings("ignore:Use `@` matmul:PendingDeprecationWarning")  # within rasterio
def test_slopes_in_degrees_are_those_of_the_same_surface_in_metres(folder, concelhos, rasters):
    """On cells of the same size, resampled by Lanczos, means agree to a hundredth."""
    size = cell_sizes(rasters["dem"]).middle
    with rasterio.open(folder / FILES["dem"]) as data:
        place, width, height = calculate_default_transform(
            data.crs, UTM, data.width, data.height, *data.bounds, resolution=size
        )
        warped = np.full((height, width), np.nan, dtype="float32")
        reproject(
            rasterio.band(data, 1), warped, dst_transform=place, dst_crs=UTM, dst_nodata=np.nan,
            resampling=Resampling.lanczos,
        )  # fmt: skip
    metres = Raster(warped, place, UTM, unit="m", name="dem")
    asked = Criterion("slope", source="raster", layer="dem", derive="slope_percent")
    ours = raster_figures(concelhos, asked, rasters["dem"]).figures
    theirs = raster_figures(concelhos, asked, metres).figures
    np.testing.assert_allclose(ours, theirs, rtol=0.01)


def test_a_window_has_the_slopes_of_the_whole(folder, concelhos, rasters):
    one = concelhos.loc[["Nordeste"]]
    asked = Criterion("slope", source="raster", layer="dem", derive="slope_deg", statistic="max")
    whole = raster_figures(one, asked, rasters["dem"]).figures
    near = read_raster(
        folder / FILES["dem"], bounds=one.to_crs(UTM).total_bounds, bounds_crs=pyproj.CRS(UTM)
    )[0]
    assert near.values.size < rasters["dem"].values.size / 4
    assert raster_figures(one, asked, near).figures.tolist() == whole.tolist()


def test_the_command_scores_a_study_of_rasters(folder, tmp_path):
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
path = '{(folder / FILES["population"]).as_posix()}'
kind = "count"
unit = "people"
[layers.dem]
path = '{(folder / FILES["dem"]).as_posix()}'
unit = "m"
[potential]
draws = 20
[[potential.criteria]]
id = "height"
source = "raster"
layer = "dem"
direction = "cost"
weight = 1
[[potential.criteria]]
id = "people"
source = "raster"
layer = "population"
statistic = "sum"
weight = 2
"""
    )
    out = tmp_path / "out"
    assert main(["potential", "score", str(study), "--out", str(out)]) == 0
    layer = gpd.read_file(out / "potential.gpkg", layer="parcels").set_index("parcel_id").loc[NAMES]
    assert layer["raw_people"].tolist() == pytest.approx(PEOPLE, abs=PRINTED)
    assert layer["raw_height"].round(3).tolist() == HEIGHT_M


def test_feet_on_cambridge(real_data):
    """Parcels in degrees, a plane of heights in feet on a grid in feet: a tenth of rise is a tenth, in any unit."""
    parcels, _ = read_layer(real_data / "cambridge_ma/ASSESSING_ParcelsFY2014.topojson")
    parcels = parcels.set_crs("EPSG:4326")
    parcels = parcels[parcels.is_valid & ~parcels.is_empty].iloc[::50]
    left, bottom, right, top = parcels.to_crs("EPSG:2249").total_bounds
    columns, rows = int((right - left) / 20) + 3, int((top - bottom) / 20) + 3
    plane = np.add.outer(-np.arange(rows) * 20 * 0.08, np.arange(columns) * 20 * 0.06)
    feet = Raster(
        plane, (20, 0, left - 20, 0, -20, top + 20), "EPSG:2249", unit="us-ft", name="dem"
    )
    asked = Criterion("slope", source="raster", layer="dem", derive="slope_percent")
    found = raster_figures(parcels, asked, feet)
    np.testing.assert_allclose(found.figures, 10, rtol=1e-9)
    level = raster_figures(parcels, Criterion("height", source="raster", layer="dem"), feet)
    centre = shapely.centroid(parcels.to_crs("EPSG:2249").geometry.to_numpy())
    x, y = shapely.get_x(centre), shapely.get_y(centre)
    exact = 0.06 * (x - left + 10) + 0.08 * (y - top - 10)
    np.testing.assert_allclose(level.figures, exact, atol=0.3)  # feet: a parcel ends within cells


def test_slope_of_the_dem_is_defined_up_to_the_coast(rasters):
    made = slope(rasters["dem"])[0]
    rows, columns = made.values.shape
    heights = rasters["dem"].values
    land = heights != np.float32(rasters["dem"].nodata)
    lacking = np.isnan(made.values[0:rows, 0:columns])
    assert lacking[~land].all()
    assert lacking[land].mean() < 1e-3
