"""Real parcels and zoning plans on the public grid: they still fit together."""

import numpy as np
import pytest
import shapely

from renewal_geo.io import read_layer
from renewal_geo.spatial.area_tables import area_table
from renewal_geo.spatial.coverage_grid import gridded
from renewal_geo.spatial.polygons import polygonal

GRID_M = 10.0


@pytest.mark.parametrize(
    ("path", "said", "metric", "overlap_m2"),
    [
        # how much the source itself overlaps decides what may overlap afterwards
        ("cambridge_ma/ASSESSING_ParcelsFY2014.topojson", "EPSG:4326", "EPSG:26986", 6_872),
        ("taiwan_zoning/H0102_nankan.geojson", "", "", 1_535),
        ("taiwan_zoning/F0116_tucheng_dingpu.geojson", "", "", 0),
        ("wuxi_xinwu/xinwu_land_use.gpkg", "", "", 0),
    ],
)
def test_real_shapes_fit_together_on_the_grid(real_data, path, said, metric, overlap_m2):
    table, _ = read_layer(real_data / path)
    if said:
        table = table.set_crs(said, allow_override=True).to_crs(metric)
    shapes = polygonal(table.geometry.to_numpy())
    made, lost = gridded(shapes, GRID_M)
    kept = made[~shapely.is_missing(made)]
    assert shapely.is_valid(kept).all()
    xy = shapely.get_coordinates(kept)
    assert (xy == np.rint(xy / GRID_M) * GRID_M).all()
    shared = area_table(kept, kept)
    twice = shared.area[shared.zone != shared.source].sum() / 2
    assert twice <= overlap_m2
    # what is lost is narrow, and no more ground than lies along the outlines changes hands
    room = shapely.length(shapely.maximum_inscribed_circle(shapes[lost]))
    assert room.max(initial=0.0) < GRID_M
    before, after = shapely.union_all(shapes), shapely.union_all(kept)
    assert abs(after.area / before.area - 1) < 0.002
