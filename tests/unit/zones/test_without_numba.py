"""Where numba is missing everything runs as it stands, with less work in the same time."""

import subprocess
import sys

SCRIPT = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "numba":
            raise ImportError(name)

sys.meta_path.insert(0, Missing())

import geopandas as gpd
import pandas as pd
from shapely import box

from renewal_geo.contiguity import connect
from renewal_geo.foundation.compiled import COMPILED
from renewal_geo.zones import delineate, verify

assert not COMPILED
at = [(100.0 * (n % 10), 100.0 * (n // 10)) for n in range(50)]
parcels = gpd.GeoDataFrame(
    {"score": [float((7 * n * n + 3 * n) % 11) for n in range(50)]},
    geometry=[box(x, y, x + 100, y + 100) for x, y in at],
    index=pd.Index([f"p{n}" for n in range(50)], name="parcel_id"),
    crs="EPSG:4547",
)
links = connect(parcels)
zones = delineate(
    parcels, links, value="score", area_budget_ha=15.0, min_area_ha=3.0, max_area_ha=6.0,
    boundary_weight=0.002, time_limit_s=3.0, gap=0.05,
)
assert zones.status in {"optimal", "feasible"} and zones.objective > 0
found = verify(zones.certificate, parcels, links)
assert found.ok, str(found)
print("ran")
"""


def test_zones_are_found_and_verified_uncompiled():
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False
    )
    assert ran.stdout == "ran\n", ran.stderr
