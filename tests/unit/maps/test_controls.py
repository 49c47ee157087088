"""The figures that a map's controls ask for, reckoned from the table."""

import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import Point

from renewal_geo.maps.controls import Total, Where, days_after, holds, total
from renewal_geo.maps.spec import LayerSpec, MapClass, MapColumn, MapSpec, same

DAY = dt.date(2020, 6, 30)
TABLE = pd.DataFrame(
    {
        "status": ["filed", "in_reserve", None, "filed"],
        "area_m2": [10_000.0, 30_000.0, np.nan, 20_000.0],
        "due_on": pd.to_datetime(["2020-06-29", "2020-07-30", None, "2020-07-31"]),
        "rooms": [12.0, 12.5, np.nan, 3.0],
    }
)


def layer():
    count = len(TABLE)
    return LayerSpec(
        name="sites", title=same("s"), kind="point",
        geometry=gpd.GeoSeries([Point(500_000 + n, 2_500_000) for n in range(count)], crs="EPSG:4547"),
        classes=(MapClass("all", same("all"), "#000000"),),
        class_of=np.zeros(count, dtype=np.int32),
        columns=tuple(MapColumn(name, same(name)) for name in TABLE), values=TABLE,
    )  # fmt: skip


def spec():
    return MapSpec(
        title=same("t"), subtitle=same(""), lang="en", edition="internal", as_of=DAY, crs="", source="",
        review_no="", notes=(), layers=(layer(),),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("where", "rows"),
    [
        (Where("status", ("filed",)), [0, 3]),
        (Where("status", ("filed", "in_reserve")), [0, 1, 3]),
        (Where("status", missing=True), [2]),
        (Where("due_on", first_day=0, last_day=30), [1]),
        (Where("due_on", last_day=-1), [0]),
        (Where("due_on"), [0, 1, 3]),
        (Where("due_on", ("2020-07-31",)), [3]),
        (Where("rooms", ("12",)), [0]),
        (Where("rooms", ("12.0", "3")), [0, 3]),
        (Where("rooms", ("many",)), []),
    ],
)
def test_the_rows_that_a_condition_keeps(where, rows):
    assert np.flatnonzero(holds(layer(), (where,), DAY)).tolist() == rows


def test_all_conditions_must_hold():
    wheres = (Where("status", ("filed",)), Where("due_on", last_day=-1))
    assert holds(layer(), wheres, DAY).tolist() == [True, False, False, False]


def test_no_day_no_window():
    assert np.isnan(days_after(TABLE["due_on"], None)).all()
    assert not holds(layer(), (Where("due_on", last_day=30),), None).any()


def test_totals_are_sums_counts_and_shares():
    filed, known = (Where("status", ("filed",)),), (Where("status", ("filed", "in_reserve")),)
    assert total(spec(), Total("n", same(""), "sites")) == 4
    assert total(spec(), Total("ha", same(""), "sites", "area_m2", factor=1e-4)) == pytest.approx(
        6.0
    )
    assert total(
        spec(), Total("filed", same(""), "sites", "area_m2", filed, known)
    ) == pytest.approx(50.0)


def test_a_share_of_nothing_is_no_figure():
    nobody = (Where("status", ("nobody",)),)
    assert total(spec(), Total("s", same(""), "sites", where=nobody, share_of=nobody)) is None
