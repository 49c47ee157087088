"""Laws of repair: the books close, a second time changes nothing, the order of rows does not matter."""

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Polygon, box

from renewal_geo.quality import check, repair

corner = st.tuples(st.integers(0, 60), st.integers(0, 60))
shape = st.one_of(
    st.none(),
    st.builds(lambda a: box(a[0], a[1], a[0] + 20, a[1] + 15), corner),
    st.lists(corner, min_size=4, max_size=6, unique=True).map(Polygon),
)
district = st.lists(
    st.tuples(st.sampled_from(["", "a", "b", "c", "d"]), shape), min_size=1, max_size=7
)


def layer(rows):
    return gpd.GeoDataFrame(
        {"use": ["M1"] * len(rows)},
        geometry=[s for _, s in rows],
        index=[i for i, _ in rows],
        crs="EPSG:4547",
    )


@settings(max_examples=60)
@given(district)
def test_books_close_and_repair_is_idempotent(rows):
    parcels = layer(rows)
    mended = repair(parcels, check(parcels))
    change = mended.area_after_m2 - mended.area_before_m2
    assert change == pytest.approx(mended.log["delta_m2"].sum(), abs=1e-6)
    assert len(mended.table) + len(mended.dropped) == len(parcels)
    assert mended.table.index.is_unique
    assert (mended.table.index != "").all()
    again = repair(mended.table, check(mended.table))
    assert len(again.log) == 0


@settings(max_examples=40)
@given(district, st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter(rows, random):
    shuffled = list(rows)
    random.shuffle(shuffled)
    one, two = (repair(layer(r), check(layer(r))) for r in (rows, shuffled))
    assert sorted(one.table.index) == sorted(two.table.index)
    areas = [sorted(np.round(r.table.geometry.area, 6)) for r in (one, two)]
    assert areas[0] == areas[1]
