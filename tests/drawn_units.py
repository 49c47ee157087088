"""A study of three renewal units, small enough to reckon by hand, as files in a folder."""

import geopandas as gpd
import pandas as pd
from shapely import box

CRS = "EPSG:4547"
X, Y = 514_000.0, 2_510_000.0
STUDY = """
name  = "三个单元"
crs   = "EPSG:4547"
as_of = 2020-06-30
lang  = "zh"

[layers.parcels]
path = "parcels.gpkg"
[layers.units]
path = "units.gpkg"
[layers.demolition_ranges]
path = "demolition_ranges.gpkg"
[layers.development_land]
path = "development_land.gpkg"
[layers.sites]
path = "sites.gpkg"
[layers.tenure]
path = "tenure.gpkg"
[layers.control_lines]
path = "control_lines.gpkg"
[layers.holders]
path = "holders.csv"

[rules."unit.min_demolition_area"]
value = 10000
because = "核对原文"
on = 2020-06-01
[rules."unit.public_land_min_share"]
value = 0.15
because = "核对原文"
on = 2020-06-01
"""


def square(east, north, width, height=100.0):
    """Return a rectangle of the drawing, metres from its corner."""
    return box(X + east, Y + north, X + east + width, Y + north + height)


def layer(rows, **columns):
    """Return a layer of rectangles."""
    return gpd.GeoDataFrame(columns, geometry=rows, crs=CRS)


def layers():
    """Return U1 (2 ha, a quarter public), U2 (1.5 ha, a tenth public, in a control line), U3 (improved)."""
    ids = ["U1", "U2", "U3"]
    ranges = [square(0, 0, 210), square(300, 0, 160), square(600, 0, 120)]
    return {
        "units": layer(
            ranges, unit_id=ids, name=["甲", "<b>乙</b>", "丙"],
            renewal_type=["拆除重建类", "拆除重建类", "综合整治类"], sub_district=["平湖", "坂田", "坂田"],
            existing_floor_area_m2=[30_000.0, 20_000.0, 10_000.0],
            auxiliary_floor_area_m2=[0.0, 0.0, 1_600.0],
        ),
        "demolition_ranges": layer([square(0, 0, 200), square(300, 0, 150)], unit_id=["U1", "U2"]),
        "development_land": layer([square(60, 0, 100), square(330, 0, 100)], unit_id=["U1", "U2"], use=["R2", "M1"]),
        "sites": layer([square(0, 0, 50), square(300, 0, 15)], site_id=["S1", "S2"], unit_id=["U1", "U2"], use=["学校", "绿地"]),
        "tenure": layer([square(0, 0, 140), square(140, 0, 600)], tenure_id=["T1", "T2"], tenure=["国有已出让", "未完善手续"]),
        "control_lines": layer([square(440, 0, 30)], control_line_id=["L1"], kind=["eco_control_line"]),
        "parcels": layer(
            [square(0, 0, 200), square(300, 0, 150), square(600, 0, 120)], parcel_id=["P1", "P2", "P3"],
            land_use=["R4", "M1", "M1"],
        ),
    }  # fmt: skip


def holders(consenting=7):
    """Return ten holders of P1, of whom `consenting` consent."""
    return pd.DataFrame(
        {
            "holder_id": [f"机密{n:02d}" for n in range(10)],
            "unit_id": "U1",
            "parcel_id": "P1",
            "ownership": "区分所有",
            "share": 0.1,
            "floor_area_m2": 100.0,
            "consents": ["是" if n < consenting else "否" for n in range(10)],
            "old_residential": "否",
        }
    )


def write_study(folder, *, without=(), text=STUDY, **changed):
    """Write the study into a folder, without some layers or with others in their place."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in {**layers(), **changed}.items():
        if name not in without:
            table.to_file(folder / f"{name}.gpkg", layer=name, driver="GPKG")
    holders().to_csv(folder / "holders.csv", index=False, encoding="utf-8")
    for name in without:
        text = text.replace(f'[layers.{name}]\npath = "{name}.gpkg"\n', "")
    (folder / "study.toml").write_text(text, encoding="utf-8")
    return folder
