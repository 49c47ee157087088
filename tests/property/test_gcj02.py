"""Laws of the shifted coordinates: there and back, near the place, the same one by one as together."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from renewal_geo.foundation import gcj02

PLACES = st.lists(st.tuples(st.floats(73.5, 135.0), st.floats(4.0, 53.5)), min_size=1, max_size=20)


@given(PLACES)
def test_gcj02_there_and_back(places):
    lon, lat = np.array(places).T
    back = gcj02.unshifted(*gcj02.shifted(lon, lat))
    assert np.abs(np.array(back) - [lon, lat]).max() < 1e-11


@given(PLACES)
def test_bd09_there_and_back_to_what_the_published_inverse_can_do(places):
    lon, lat = np.array(places).T
    back = gcj02.from_bd09(*gcj02.to_bd09(lon, lat))
    assert np.abs(np.array(back) - [lon, lat]).max() < 3e-6


@given(PLACES)
def test_the_shift_is_never_a_kilometre_and_never_depends_on_the_neighbours(places):
    lon, lat = np.array(places).T
    east, north = gcj02.shifted(lon, lat)
    metres = np.hypot((east - lon) * np.cos(np.radians(lat)), north - lat) * 111_320
    assert metres.max() < 1_000
    for k, place in enumerate(places):
        assert tuple(map(float, gcj02.shifted(*place))) == (east[k], north[k])
