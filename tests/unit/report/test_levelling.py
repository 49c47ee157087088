"""Rounded parts add to rounded totals, on every level."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from renewal_geo.report.levelling import level_to, level_within

AREAS = st.lists(
    st.tuples(st.floats(0, 1e6, allow_nan=False), st.sampled_from(["", "Z01", "Z02", "Z03"])),
    min_size=1, max_size=40,
)  # fmt: skip


@given(AREAS)
def test_parcels_add_to_zones_and_zones_to_the_whole(rows):
    areas = pd.Series([a for a, _ in rows])
    groups = pd.Series([g for _, g in rows])
    published = level_within(areas, groups)
    assert abs(published.sum() - round(areas.sum(), 2)) < 0.0051
    assert np.allclose(published * 100, np.rint(published * 100), atol=1e-5)
    for name, part in published.groupby(groups):
        assert abs(part.sum() - areas[groups == name].sum()) < 0.0101
    assert (published - areas).abs().max() < 0.0201


def test_parts_with_signs_add_to_their_total():
    parts = np.array([10.004, 5.005, -0.003])
    assert level_to(parts, 15.01).sum().round(6) == 15.01
