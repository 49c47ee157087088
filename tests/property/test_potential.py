"""Scores lie in 0..1, add up, and do not depend on the order of rows or the scale of weights."""

import geopandas as gpd
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import box

from renewal_geo.potential import score

figures = st.floats(-1e6, 1e6, allow_nan=False, allow_infinity=False)


@st.composite
def tables(draw):
    n = draw(st.integers(2, 8))
    columns = {name: draw(st.lists(figures, min_size=n, max_size=n)) for name in ("a", "b")}
    index = pd.Index([f"p{i}" for i in range(n)], name="parcel_id")
    return gpd.GeoDataFrame(
        columns, geometry=[box(i, 0, i + 1, 1) for i in range(n)], index=index, crs="EPSG:4547"
    )


@settings(max_examples=40)
@given(
    tables(),
    st.floats(0.1, 10),
    st.floats(0.1, 10),
    st.sampled_from(["benefit", "cost"]),
    st.randoms(),
)
def test_laws(table, first, second, direction, chance):
    def criteria(scale):
        return [
            {"column": "a", "weight": first * scale, "direction": direction},
            {"column": "b", "weight": second * scale, "breaks": [0.0], "scores": [0.25, 0.75]},
        ]

    found = score(table, criteria(1.0))
    assert found.scores.between(-1e-12, 1 + 1e-12).all()
    assert ((found.contributions.sum(axis=1) - found.scores).abs() < 1e-12).all()
    order = list(table.index)
    chance.shuffle(order)
    shuffled = score(table.loc[order], criteria(4.0))
    assert ((shuffled.scores.reindex(table.index) - found.scores).abs() < 1e-9).all()
