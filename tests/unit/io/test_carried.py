"""Rasters go along with a study, with their side-cars, under the name of their role."""

import json

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from renewal_geo import io
from renewal_geo.foundation.errors import SourceError
from renewal_geo.io import carried

pytestmark = pytest.mark.filterwarnings(  # within rasterio
    "ignore:Use `@` matmul:PendingDeprecationWarning"
)
STUDY = """
name = "carried"
crs = "EPSG:4547"
[layers.parcels]
path = "parcels.gpkg"
[layers.dem]
path = "sub/heights_2020.tif"
band = 2
unit = "m"
"""


@pytest.fixture
def study(tmp_path):
    folder = tmp_path / "study"
    (folder / "sub").mkdir(parents=True)
    with rasterio.open(
        folder / "sub" / "heights_2020.tif", "w", driver="GTiff", width=3, height=2, count=2,
        dtype="float32", crs="EPSG:4547", transform=from_origin(500_000, 2_500_000, 10, 10),
    ) as file:  # fmt: skip
        file.write(np.arange(12, dtype="float32").reshape(2, 2, 3))
    (folder / "sub" / "heights_2020.tif.aux.xml").write_text("<PAMDataset/>", encoding="utf-8")
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")
    return folder


def carry(study, out):
    with io.staged(out, record="record.json") as stage:
        entries, notes = io.carry_rasters(study, stage)
        stage.write_json("record.json", {})
    return entries, notes


def test_a_raster_is_copied_with_its_side_cars(study, tmp_path):
    entries, notes = carry(study, tmp_path / "out")
    assert entries == {"dem": {"path": "dem.tif", "band": 2, "unit": "m"}}
    assert notes == ()
    kept = (study / "sub" / "heights_2020.tif").read_bytes()
    assert (tmp_path / "out" / "dem.tif").read_bytes() == kept
    assert (tmp_path / "out" / "dem.tif.aux.xml").read_text(encoding="utf-8") == "<PAMDataset/>"


def test_a_large_raster_stays_where_it_is_and_is_named_there(study, tmp_path, monkeypatch):
    monkeypatch.setattr(carried, "LARGEST_BYTES", 10)
    entries, notes = carry(study, tmp_path / "out")
    assert entries["dem"]["path"] == "../study/sub/heights_2020.tif"
    assert "was not copied" in notes[0]
    assert json.loads((tmp_path / "out" / "record.json").read_text(encoding="utf-8")) == {}


def test_a_raster_that_is_gone_is_an_error_and_nothing_is_written(study, tmp_path):
    (study / "sub" / "heights_2020.tif").unlink()
    with pytest.raises(SourceError):
        carry(study, tmp_path / "out")
    assert not (tmp_path / "out" / "record.json").exists()
