"""Levelled figures add up to their levelled total."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from renewal_geo.foundation.quantities import AREA_UNITS, M2_PER_MU, level


@given(st.lists(st.floats(-1e7, 1e7), max_size=30), st.integers(0, 3))
def test_parts_add_to_the_rounded_total(parts, decimals):
    made = level(parts, decimals)
    assert made.sum() == pytest.approx(
        np.round(np.sum(parts), decimals), abs=1e-6 + 0.6 * 10.0**-decimals * 1e-6
    )
    assert np.all(np.abs(made - np.asarray(parts)) <= 10.0**-decimals * (1 + 1e-6))


def test_fifteen_mu_make_a_hectare():
    assert pytest.approx(AREA_UNITS["ha"]) == 15 * M2_PER_MU
