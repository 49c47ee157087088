"""Drawing the sample district again gives the files that are committed."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
from geopandas.testing import assert_geodataframe_equal

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Use `@` matmul:PendingDeprecationWarning")  # within rasterio
def test_drawing_again_gives_the_same_tables(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    make_sample = pytest.importorskip("make_sample")
    monkeypatch.setattr(make_sample, "OUT", tmp_path)
    assert make_sample.main() == 0
    kept = ROOT / "data" / "shapefiles"
    for path in sorted(tmp_path.glob("*.shp")):
        again, stored = (gpd.read_file(p, encoding="GBK") for p in (path, kept / path.name))
        assert_geodataframe_equal(again, stored)
        assert (again.geometry.to_wkb() == stored.geometry.to_wkb())[again.geometry.notna()].all()
    for path in sorted(tmp_path.glob("*.tif")):
        with rasterio.open(path) as again, rasterio.open(kept / path.name) as stored:
            assert again.profile == stored.profile
            np.testing.assert_array_equal(again.read(1), stored.read(1))
    assert {p.name for p in tmp_path.iterdir()} <= {p.name for p in kept.iterdir()}
    a, b = (pd.read_csv(d / "planted_faults.csv", dtype=str) for d in (tmp_path, kept))
    pd.testing.assert_frame_equal(a, b)
