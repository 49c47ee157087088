"""Parcels with criteria by hand: what maps of potential and method sheets are tried on.

12 x 8 squares of 100 m in EPSG:4547, numbered P000, P001, ... from the south-west corner eastwards:
- the slope rises to the east, from 0 to 33 degrees, and above 30 it vetoes (the last column);
- the way to the metro grows to the north, from 100 m to 1500 m;
- the year differs from square to square, 1980 to 2009;
- the use is M1 to the south, R2 to the north, and rated 1.0 and 0.2;
- P013 has no year: it is not scored.
"""

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely.geometry import box

from renewal_geo.potential import acceptability, score, stability

EAST, NORTH, CRS, WIDE, HIGH = 500_000.0, 2_510_000.0, "EPSG:4547", 12, 8
HIDDEN = "owner-name-that-must-not-leave"
TOP, DRAWS = 10, 60


def square(column, row):
    x, y = EAST + 100 * column, NORTH + 100 * row
    return box(x, y, x + 100, y + 100)


def parcels(ids=None):
    cells = [(column, row) for row in range(HIGH) for column in range(WIDE)]
    shapes = [square(*cell) for cell in cells]
    year = [1980.0 + 7 * n % 30 for n in range(len(cells))]
    year[13] = np.nan
    names = [f"P{n:03d}" for n in range(len(cells))] if ids is None else ids
    return gpd.GeoDataFrame(
        {
            "slope": [3.0 * c for c, _ in cells],
            "metro": [100.0 + 200 * r for _, r in cells],
            "year": year,
            "use": ["M1" if r < 4 else "R2" for _, r in cells],
            "owner": [HIDDEN if n % 2 else f"holder {n}" for n in range(len(cells))],
        },
        index=pd.Index(names, name="parcel_id"), geometry=shapes, crs=CRS,
    )  # fmt: skip


def criteria(name=lambda text: text):
    return [
        {"id": "slope", "title": name("坡度"), "title_en": name("Slope"), "column": "slope", "unit": "°", "weight": 30,
         "direction": "cost", "low": 0, "high": 30, "veto": "> 30", "reference": name("规范第 4 条")},
        {"id": "metro", "title": name("距地铁"), "title_en": name("Way to the metro"), "column": "metro", "unit": "m",
         "weight": 40, "direction": "cost", "low": 200, "high": 1500},
        {"id": "year", "title": name("建成年代"), "title_en": name("Year built"), "column": "year", "weight": 20,
         "breaks": [1990, 2000], "scores": [1.0, 0.5, 0.0]},
        {"id": "use", "title": name("用途"), "title_en": name("Use"), "column": "use", "weight": 10, "transform": "category",
         "categories": {"M1": 1.0, "R2": 0.2}},
    ]  # fmt: skip


def found(name=lambda text: text, ids=None):
    """Return parcels, score, acceptability and stability."""
    table = parcels(ids)
    made = score(table, criteria(name))
    return (
        table,
        made,
        acceptability(made, top=TOP, draws=DRAWS, seed=1),
        stability(made, top=TOP),
    )


def many(count, rows=60):
    """Return a score by `count` criteria of numbers, every third one with a veto."""
    rng = np.random.default_rng(7)
    table = pd.DataFrame(
        {f"x{n}": rng.gamma(2.0, 10.0 ** (n % 4), rows) for n in range(count)},
        index=pd.Index([f"P{n}" for n in range(rows)], name="parcel_id"),
    )
    asked = [
        {"id": f"c{n}", "title": f"第 {n + 1} 个因子", "title_en": f"Criterion {n + 1}", "column": f"x{n}", "weight": 1 + n % 5,
         "direction": "cost" if n % 2 else "benefit", **({"veto": f"> {table[f'x{n}'].max() * 0.99:g}"} if n % 3 == 2 else {})}
        for n in range(count)
    ]  # fmt: skip
    return score(table, asked)
