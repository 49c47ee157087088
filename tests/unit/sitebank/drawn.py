"""A bank and needs drawn by hand: squares along a street, needs as points before them."""

import datetime as dt

import geopandas as gpd
import pandas as pd
import shapely

CRS = "EPSG:4547"
EAST, NORTH = 520_000.0, 2_510_000.0


def site(site_id, east, area=4_000.0, width=50.0, **more):
    low = EAST + east - width / 2
    shape = shapely.box(low, NORTH, low + width, NORTH + area / width)
    return {"site_id": site_id, "inside": "外部", "geometry": shape, **more}


def need(need_id, east, area=3_600.0, **more):
    spot = shapely.Point(EAST + east, NORTH + 40.0)
    return {"need_id": need_id, "min_area_m2": area, "geometry": spot, **more}


def table(*rows):
    made = gpd.GeoDataFrame(pd.DataFrame(list(rows)), geometry="geometry", crs=CRS)
    return made.set_index(made.columns[0])


def day(text):
    return dt.date.fromisoformat(text)
