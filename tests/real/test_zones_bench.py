"""The benchmark instances: feasible, verified, with a valid bound, close to the best known values."""

import geopandas as gpd
import pandas as pd
import pytest

from renewal_geo.contiguity import Contiguity
from renewal_geo.zones import delineate, verify

AREAS = {500: (10.0, 50.0)}
LEAST_VALUE = {500: 140.0, 2000: 720.0}
KNOWN_OPTIMUM = {500: 144.934}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("size", LEAST_VALUE)
def test_benchmark_zones_verify(size, real_data):
    folder = real_data / "zones_bench"
    parcels = gpd.read_parquet(folder / f"nodes_{size}.parquet").set_index("parcel_id")
    parcels.index = parcels.index.astype(str)
    parcels = parcels.assign(rate=parcels["value"] / parcels["area_ha"]).drop(columns="value")
    links = Contiguity.from_links(pd.read_parquet(folder / f"links_{size}.parquet"), parcels)
    least, most = AREAS.get(size, (20.0, 100.0))
    drawn = delineate(
        parcels,
        links,
        value="rate",
        pool="in_pool",
        filler="not in_pool",
        area_budget_ha=0.427 * float(parcels.loc[parcels["in_pool"], "area_ha"].sum()),
        min_area_ha=least,
        max_area_ha=most,
        min_share={"industrial": 0.65, "legal": 0.60},
        boundary_weight=0.004,
        lock_out=tuple(parcels.index[parcels["is_locked_out"]]),
        time_limit_s=15,
        gap=0.02,
    )
    assert drawn.objective >= LEAST_VALUE[size]
    assert drawn.bound >= max(drawn.objective, KNOWN_OPTIMUM.get(size, 0.0) * 0.97)
    checked = verify(
        drawn.certificate,
        parcels,
        links,
        published={"zones": drawn.zones, "parcels": drawn.parcels},
    )
    assert checked.ok, str(checked)
