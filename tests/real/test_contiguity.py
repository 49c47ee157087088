"""Contiguity on real layers: counts that hold for any sound implementation, none tuned."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from renewal_geo.contiguity import connect


def sound(found, parcels):
    links = found.links
    assert (links["focal"] < links["neighbour"]).all()
    assert not links.duplicated(["focal", "neighbour"]).any()
    assert (links["gap_m"] <= found.parameters["gap_max_m"] + 1e-3).all()
    shared = pd.concat([links.set_index(end)["frontage_m"] for end in ("focal", "neighbour")])
    shared = shared.groupby(level=0).sum()
    assert (shared <= found.perimeter_m.reindex(shared.index) + 1e-6).all()
    assert len(found.components) == len(parcels)
    both = found.components.reindex(links["focal"]).to_numpy()
    assert (both == found.components.reindex(links["neighbour"]).to_numpy()).all()


@pytest.mark.parametrize("size", [500, 2000])
def test_bench_links_are_nearly_all_in_the_looser_rule(real_data, size):
    """The bench's own links came from a looser facing rule: ours lie inside it but for junctions."""
    folder = real_data / "zones_bench"
    parcels = gpd.read_parquet(folder / f"nodes_{size}.parquet").set_index("parcel_id")
    walls = gpd.read_parquet(folder / f"barriers_{size}.parquet").rename(
        columns={"width": "width_m"}
    )
    found = connect(parcels, walls, gap_max_m=30, min_frontage_m=5)
    sound(found, parcels)
    given = pd.read_parquet(folder / f"links_{size}.parquet")[["focal", "neighbour"]].astype(str)
    known = set(map(tuple, np.sort(given.to_numpy(), axis=1)))
    ours = set(map(tuple, found.links[["focal", "neighbour"]].to_numpy()))
    assert len(ours & known) >= 0.98 * len(ours)
    shapes = found.links.join(parcels.geometry, on="focal").join(
        parcels.geometry, on="neighbour", rsuffix="_n"
    )
    line = gpd.GeoSeries(shapes["geometry"], crs=parcels.crs).shortest_line(
        gpd.GeoSeries(shapes["geometry_n"], crs=parcels.crs)
    )
    far = line[(found.links["gap_m"] > 1).to_numpy()]
    inside = found.barriers.buffer(-0.01).union_all()
    # a link may pass where a barrier ends, so not none, but hardly any
    assert far.intersects(inside).mean() < 0.01


def test_wuxi_with_centre_lines_through_parcels(real_data):
    folder = real_data / "wuxi_xinwu"
    parcels = gpd.read_file(folder / "xinwu_land_use.gpkg")
    parcels.index = [f"w{i}" for i in range(len(parcels))]
    roads = gpd.read_file(folder / "xinwu_road_centerlines.gpkg")
    roads = roads[roads["highway"].isin(["motorway", "trunk", "primary"])]
    water = gpd.read_file(folder / "xinwu_water_osm.gpkg")
    walls = pd.concat([roads.assign(kind="road"), water.assign(kind="water")])[["kind", "geometry"]]
    found = connect(parcels, walls)
    sound(found, parcels)
    assert {"road", "water"} == set(found.blocked["barrier"])


def test_nankan_needs_its_road_land_as_ground(real_data):
    parcels = gpd.read_file(real_data / "taiwan_zoning" / "H0102_nankan.geojson")
    parcels.index = [f"t{i}" for i in range(len(parcels))]
    ground = parcels["使用分"].str.contains("道路用地").to_numpy()
    assert ground.any()
    found = connect(parcels, ground=ground)
    sound(found, parcels)
    assert not set(parcels.index[ground]) & set(found.links["focal"])
    assert found.links["kind"].value_counts()["bridge"] > 200


def test_cambridge_parcels_with_faults(real_data):
    parcels = gpd.read_file(real_data / "cambridge_ma" / "ASSESSING_ParcelsFY2014.topojson")
    parcels = parcels.set_crs(4326).to_crs(26986)
    parcels.index = [f"c{i}" for i in range(len(parcels))]
    found = connect(parcels)
    sound(found, parcels)
    broken = parcels.index[~parcels.geometry.is_valid | parcels.geometry.is_empty]
    assert len(broken) > 30  # how many depends a little on the rounding of the projection
    assert not set(broken) & set(found.links["focal"])
