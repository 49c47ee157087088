"""500 units by 20,000 parcels with their buildings, and 100,000 holders: a unit's answer is its own."""

import importlib.util
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from renewal_geo.eligibility import screen

_spec = importlib.util.spec_from_file_location("drawn_units", Path(__file__).with_name("drawn.py"))
drawn = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(drawn)

COUNT, HOLDERS = 500, 100_000


def squares(x, y, w, h, index=None, **columns):
    return gpd.GeoDataFrame(
        columns, geometry=shapely.box(x, y, x + w, y + h), index=index, crs=drawn.CRS
    )


def city():
    """Return units of 4 ha on a lattice, each of 40 parcels with a building, and all layers over them."""
    rng = np.random.default_rng(20200630)
    ids = pd.Index([f"U{n}" for n in range(COUNT)], name="unit_id")
    x, y = drawn.EAST + np.arange(COUNT) % 25 * 300.0, drawn.NORTH + np.arange(COUNT) // 25 * 300.0
    kinds = np.where(np.arange(COUNT) % 10 == 0, "综合整治类", "拆除重建类")
    units = squares(
        x, y, 200, 200, ids, renewal_type=kinds, key_unit=rng.random(COUNT) < 0.1, existing_floor_area_m2=5e4,
        auxiliary_floor_area_m2=rng.random(COUNT) * 12_000, business_floor_area_m2=0.0,
    )  # fmt: skip
    px = np.concatenate([x + 25 * i for i in range(8) for _ in range(5)])
    py = np.concatenate([y + 40 * j for _ in range(8) for j in range(5)])
    owner, parcels_n = np.tile(np.arange(COUNT), 40), 40 * COUNT
    names = pd.Index([f"P{n}" for n in range(parcels_n)], name="parcel_id")
    years = rng.integers(1980, 2019, parcels_n).astype(float)
    parcels = squares(
        px, py, 25, 40, names, land_use=rng.choice(["M1", "R2", "C2", "S1"], parcels_n), tenure=rng.choice(["国有出让", "集体"], parcels_n)
    )  # fmt: skip
    buildings = squares(
        px + 5, py + 10, 15, 20, use=rng.choice(["厂房", "住宅", "商业"], parcels_n), built_year=years, floor_area_m2=rng.random(parcels_n) + 1
    )  # fmt: skip
    angle = np.linspace(0, 2 * np.pi, 20_000, endpoint=False)
    wavy = shapely.Polygon(
        np.c_[
            drawn.EAST + 3_000 + (2_500 + 100 * np.sin(40 * angle)) * np.cos(angle),
            drawn.NORTH + 3_000 + 2_500 * np.sin(angle),
        ]
    )
    at = rng.integers(0, parcels_n, HOLDERS)
    holders = pd.DataFrame(
        {
            "unit_id": ids[owner[at]], "parcel_id": names[at], "ownership": np.array(["单独", "共同共有", "区分所有", "区分所有"])[at % 4],
            "floor_area_m2": rng.random(HOLDERS) * 100, "consents": rng.random(HOLDERS) < 0.9,
        },
        index=pd.Index([f"H{n}" for n in range(HOLDERS)], name="holder_id"),
    )  # fmt: skip
    return {
        "units": units,
        "demolition": squares(x + 5, y + 5, 190, 190, ids),
        "development": squares(
            x + 10, y + 10, 90, 180, ids, use=rng.choice(["M0", "R2", "C1"], COUNT)
        ),
        "sites": squares(x + 100, y + 10, 50, 90, unit_id=ids),
        "tenure": parcels.reset_index(drop=True),
        "buildings": buildings,
        "parcels": parcels,
        "odd_lots": squares(x + 5, y + 5, 10, 15, unit_id=ids),
        "control_lines": gpd.GeoDataFrame(
            {"kind": ["基本生态控制线"]}, geometry=[wavy], crs=drawn.CRS
        ),
        "block_lines": squares(
            drawn.EAST + 600 * np.arange(12.0),
            np.full(12, drawn.NORTH),
            500,
            6_000,
            level=["一级", "二级"] * 6,
        ),
        "holders": holders,
    }


@pytest.mark.slow
def test_a_city_at_once_and_a_few_of_its_units_alone():
    everything = city()
    whole = screen(
        everything["units"],
        rules=drawn.rules(),
        **{k: v for k, v in everything.items() if k != "units"},
    )
    assert len(whole.units) == COUNT
    some = whole.units.index[::50]
    few = {
        role: layer.loc[some] if role in ("units", "demolition", "development")
        else layer[layer["unit_id"].isin(some)] if "unit_id" in layer.columns else layer
        for role, layer in everything.items()
    }  # fmt: skip
    alone = screen(few.pop("units"), rules=drawn.rules(), **few)
    expected = whole.findings[whole.findings["unit_id"].isin(some)].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone.findings, expected, rtol=1e-9)
