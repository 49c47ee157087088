"""GeoTIFF is read in the window that is needed, with its evidence, or refused with the way out."""

import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine

from renewal_geo.foundation.errors import CRSError, InputError, SourceError
from renewal_geo.io import rasters
from renewal_geo.io.rasters import RasterFile, read_raster

PLACE = Affine(10, 0, 500_000, 0, -10, 2_500_400)


@pytest.fixture
def written(tmp_path):
    def write(values=None, *, name="dem.tif", transform=PLACE, crs="EPSG:4547", **profile):
        values = np.arange(1200, dtype="float32").reshape(1, 40, 30) if values is None else values
        count, height, width = values.shape
        place = {} if transform is None else {"transform": transform}
        with rasterio.open(
            tmp_path / name, "w", driver="GTiff", count=count, height=height, width=width,
            dtype=values.dtype, crs=crs, **place, **profile,
        ) as data:  # fmt: skip
            data.write(values)
        return tmp_path / name

    return write


def test_a_whole_file_with_its_evidence(written):
    raster, source = read_raster(written(nodata=-9999), unit="m", kind="density", role="dem")
    assert raster.values.shape == (40, 30)
    assert raster.transform == (10, 0, 500_000, 0, -10, 2_500_400)
    assert (raster.nodata, raster.name, raster.unit, raster.kind) == (-9999, "dem", "m", "density")
    assert (source.role, source.layer, source.crs, source.rows) == (
        "dem",
        "band 1",
        "EPSG:4547",
        40,
    )
    assert len(source.sha256) == 64
    assert source.notes == ("cells of 10 x 10 in units of EPSG:4547", "nodata is -9999.0")


def test_only_the_window_is_read(written):
    raster, source = read_raster(written(), bounds=(500_101, 2_500_201, 500_119, 2_500_219))
    assert raster.values.shape == (6, 6)
    assert raster.bounds == (500_080, 2_500_180, 500_140, 2_500_240)
    assert raster.values[0, 0] == 16 * 30 + 8
    assert "6 x 6 of 40 x 30 cells are read" in source.notes


def test_a_window_in_another_crs(written):
    raster, _ = read_raster(written(), bounds=(114.00097, 22.59872, 114.00146, 22.59918), bounds_crs=rasters.pyproj.CRS("EPSG:4490"))  # fmt: skip
    assert raster.bounds == pytest.approx((500_070, 2_500_070, 500_180, 2_500_180), abs=10.1)


def test_large_files_are_read_block_by_block(written, monkeypatch):
    file = written(nodata=7)
    whole, _ = read_raster(file)
    monkeypatch.setattr(rasters, "IN_MEMORY_CELLS", 100)
    raster, source = read_raster(file, bounds=(500_050, 2_500_050, 500_200, 2_500_350))
    assert isinstance(raster.values, RasterFile)
    assert "the cells are read block by block" in source.notes
    rows, columns = raster.values.shape
    first = whole.values[3 : 3 + rows, 3 : 3 + columns]
    np.testing.assert_array_equal(raster.values[2:9, 4:11], first[2:9, 4:11])


def test_scale_offset_and_masks_are_applied(written):
    file = written(np.array([[[0, 10], [20, 255]]], dtype="uint8"), nodata=255)
    with rasterio.open(file, "r+") as data:
        data.scales, data.offsets, data.units = (0.5,), (100,), ("m",)
    raster, source = read_raster(file)
    assert raster.unit == "m"
    assert raster.nodata is None
    assert np.ma.getmaskarray(raster.values).tolist() == [[False, False], [False, True]]
    assert raster.values[0].tolist() == [100, 105]
    assert "values x 0.5 + 100.0, as the file says" in source.notes


def test_bands(written):
    file = written(np.stack([np.zeros((4, 4)), np.ones((4, 4))]))
    assert read_raster(file, band=2)[0].values.max() == 1
    with pytest.raises(InputError) as fault:
        read_raster(file, band=3)
    assert (fault.value.code, fault.value.fix) == ("band_missing", "bands 1 to 2")


def test_a_file_without_crs_needs_the_users_word(written):
    file = written(crs=None)
    with pytest.raises(CRSError) as fault:
        read_raster(file)
    assert fault.value.code == "crs_missing"
    raster, source = read_raster(file, crs="EPSG:4547")
    assert raster.crs.to_epsg() == 4547
    assert "the file names no CRS; EPSG:4547 is given" in source.notes
    with pytest.raises(CRSError) as fault:
        read_raster(written(), crs="EPSG:4548")
    assert fault.value.code == "crs_contradiction"


@pytest.mark.parametrize(
    ("transform", "code"),
    [
        (Affine.rotation(10), "raster_rotated"),
        (Affine(-1, 0, 9, 0, -1, 9), "raster_rotated"),
        (None, "raster_unplaced"),
    ],
)
@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_grids_that_do_not_say_where_they_lie(written, transform, code):
    with pytest.raises(InputError) as fault:
        read_raster(written(transform=transform))
    assert fault.value.code == code


def test_a_raster_of_another_place(written):
    with pytest.raises(InputError) as fault:
        read_raster(written(), bounds=(600_000, 2_600_000, 600_100, 2_600_100))
    assert fault.value.code == "raster_apart"
    assert "EPSG:4547" in fault.value.where


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("https://example.org/dem.tif", "network_path"),
        ("/vsicurl/https://example.org/dem.tif", "network_path"),
        ("GTIFF_DIR:1:dem.tif", "file_missing"),
        ("nothing.tif", "file_missing"),
        ("mosaic.vrt", "wrong_format"),
        ("disguised.tif", "unreadable"),
        ("text.tif", "unreadable"),
    ],
)
def test_only_local_geotiffs_are_opened(tmp_path, written, name, code):
    inner = written()
    mosaic = (
        '<VRTDataset rasterXSize="30" rasterYSize="40"><VRTRasterBand dataType="Float32" band="1">'
        f"<SimpleSource><SourceFilename>{inner}</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>"
    )
    for file, text in {
        "mosaic.vrt": mosaic,
        "disguised.tif": mosaic,
        "text.tif": "x" * 500,
    }.items():
        (tmp_path / file).write_text(text)
    with pytest.raises(SourceError) as fault:
        read_raster(name, folder=tmp_path)
    assert fault.value.code == code
