"""Small districts on a lattice of square parcels, one hectare each unless said otherwise."""

import json

import geopandas as gpd
import pandas as pd
import pytest
from shapely import box

from renewal_geo.contiguity import connect
from renewal_geo.zones import delineate, verify

CRS = "EPSG:4547"
EAST, NORTH = 500_000.0, 2_500_000.0


@pytest.fixture(scope="session")
def lattice():
    """Return a maker of districts from a drawing: one letter per parcel, ``.`` for nothing.

    The letters become the column `land_use`; parcel ids are ``r<row>c<column>`` from the top left.
    """

    def make(*lines, side=100.0, spacing=None, **columns):
        step = side if spacing is None else spacing
        ids, uses, shapes = [], [], []
        for row, line in enumerate(lines):
            for column, letter in enumerate(line):
                if letter == ".":
                    continue
                ids.append(f"r{row}c{column}")
                uses.append(letter)
                x, y = EAST + column * step, NORTH - row * step
                shapes.append(box(x, y - side, x + side, y))
        index = pd.Index(ids, name="parcel_id")
        table = gpd.GeoDataFrame({"land_use": uses}, geometry=shapes, index=index, crs=CRS)
        for name, values in columns.items():
            table[name] = values
        return table

    return make


@pytest.fixture(scope="session")
def chosen_by():
    """Return a delineation of derived links, with quiet defaults; every answer is verified."""

    def run(parcels, barriers=None, ground=None, **limits):
        links = connect(parcels, barriers=barriers, ground=ground)
        given = {"min_area_ha": 1.0, "time_limit_s": 20.0, "gap": 0.0, "workers": 1, "lang": "en"}
        drawn = delineate(parcels, links, **{**given, **limits})
        if drawn.status != "infeasible":
            outside = {k: limits[k] for k in ("exclusions", "lock_in_areas") if k in limits}
            checked = verify(json.loads(json.dumps(drawn.certificate)), parcels, links, **outside)
            assert checked.ok, str(checked)
        return drawn

    return run
