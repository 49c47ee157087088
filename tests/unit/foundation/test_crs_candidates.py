"""What coordinates could be in: ranked, with a reason, never a choice."""

import pyproj
import pytest

from renewal_geo.foundation.crs_candidates import candidates, listed


@pytest.mark.parametrize(
    ("bounds", "first", "said"),
    [
        ((114.1, 22.6, 114.3, 22.8), "EPSG:4490", "China"),
        ((-71.2, 42.3, -71.0, 42.4), "EPSG:4326", "degrees"),
        ((22.6, 114.1, 22.8, 114.3), "", "swapped"),
        ((22.6, 80.1, 22.8, 80.3), "", "exchanged"),
        ((38_505_000, 2.5e6, 38_530_000, 2.52e6), "EPSG:4526", "begin with 38"),
        ((20_505_000, 2.5e6, 20_530_000, 2.52e6), "EPSG:4498", "6-degree"),
        ((5.1e5, 2.5e6, 5.3e5, 2.52e6), "EPSG:4547", "Longgang"),
        ((5.1e5, 3.4e6, 5.3e5, 3.45e6), "", "only the meridian"),
        ((2.0e5, 3.4e6, 2.2e5, 3.45e6), "", "6-degree"),
        ((1.1e5, 2e4, 1.2e5, 3e4), "", "independent grid"),
        ((1.27e7, 2.55e6, 1.28e7, 2.6e6), "EPSG:3857", "not measure"),
        ((2.667e6, -9e4, 2.731e6, -2.8e4), "", "feet"),
        ((7.1e6, -6e5, 9.2e6, 9.7e5), "", "feet"),
        ((2.75e5, 2.765e6, 2.8e5, 2.77e6), "EPSG:3826", "TWD97"),
        ((2.019e5, 5.45e5, 2.036e5, 5.47e5), "EPSG:5186", "KGD2002"),
        ((4.12e5, 2.89e5, 4.17e5, 2.92e5), "EPSG:27700", "British"),
        ((8.3e5, 8.2e5, 8.4e5, 8.3e5), "EPSG:2326", "Hong Kong"),
    ],
)
def test_the_first_candidate(bounds, first, said):
    found = candidates(bounds)
    assert found[0].crs == first
    assert said in found[0].why


def test_other_layers_pick_the_meridian():
    found = candidates((5.1e5, 3.4e6, 5.3e5, 3.45e6), near=120.4)
    assert found[0].crs == "EPSG:4549"
    assert pyproj.CRS(found[0].crs).name.endswith("CM 120E")


def test_all_datums_of_a_prefixed_zone():
    codes = [one.crs for one in candidates((38_505_000, 2.5e6, 38_530_000, 2.52e6))]
    names = [pyproj.CRS(code).name for code in codes]
    assert [name.split(" / ")[0] for name in names] == ["CGCS2000", "Xian 1980", "Beijing 1954"]
    assert all(name.endswith("zone 38") for name in names)


def test_nothing_known():
    assert candidates((float("nan"),) * 4) == ()
    assert listed((1e9, 1e9, 2e9, 2e9)) == ""
    assert listed((114.1, 22.6, 114.3, 22.8)).startswith("(1) EPSG:4490")
