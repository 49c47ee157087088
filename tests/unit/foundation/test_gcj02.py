"""The shift of Chinese web maps: published values, its inverse, and when it is suspected."""

import numpy as np
import pytest

from renewal_geo.foundation import gcj02


@pytest.mark.parametrize(
    ("wgs84", "shifted"),
    [  # the test values of eviltransform, public since 2013
        ((121.5272106, 31.1774276), (121.531541859215, 31.17530398364597)),
        ((113.912316, 22.543847), (113.9171764808363, 22.540796131694766)),
        ((116.377817, 39.911954), (116.38404722455657, 39.91334545536069)),
    ],
)
def test_published_values(wgs84, shifted):
    assert gcj02.shifted(*wgs84) == pytest.approx(shifted, abs=1e-12)
    assert gcj02.unshifted(*shifted) == pytest.approx(wgs84, abs=1e-12)


def test_published_values_of_baidu():
    """The example of coordtransform."""
    assert gcj02.to_bd09(116.404, 39.915) == pytest.approx(
        (116.41036949371029, 39.92133699351021), abs=1e-12
    )
    assert gcj02.from_bd09(116.404, 39.915) == pytest.approx(
        (116.39762729119315, 39.90865673957631), abs=1e-12
    )


@pytest.mark.parametrize(
    ("wgs84", "shifted", "baidu"),
    [  # a service's own answers: test/fixtures/china-cities.json of the library gcoord
        ((114.0164322, 33.0133556), (114.022306, 33.0115324), (114.0287781, 33.0176697)),
        ((116.1174053, 24.2912377), (116.1222426, 24.2886182), (116.1287823, 24.2944828)),
        ((92.0499619, 31.4784436), (92.0512438, 31.4762063), (92.0576832, 31.4824421)),
        ((123.4253306, 41.8032629), (123.4314787, 41.8057023), (123.438095, 41.8114013)),
    ],
)
def test_answers_of_a_service_within_a_metre(wgs84, shifted, baidu):
    assert gcj02.shifted(*wgs84) == pytest.approx(shifted, abs=1e-5)
    assert gcj02.to_bd09(*shifted) == pytest.approx(baidu, abs=2e-7)
    assert gcj02.from_bd09(*baidu) == pytest.approx(shifted, abs=2.5e-6)


def test_values_of_other_libraries():
    """GCJ02.spec.ts and BD09.spec.ts of gcoord; test/app.js of coordtransform."""
    assert gcj02.unshifted(123, 45) == pytest.approx((122.99395597, 44.99804071), abs=1e-6)
    assert gcj02.to_bd09(123, 45) == pytest.approx((123.00636499, 45.00636899), abs=1e-8)
    assert gcj02.from_bd09(123, 45) == pytest.approx((122.99363304, 44.99365430), abs=1e-8)
    assert gcj02.to_wgs84(123, 45, "BD-09") == pytest.approx((122.98762210, 44.99171540), abs=1e-6)
    assert gcj02.shifted(116.404, 39.915) == pytest.approx(
        (116.41024449916938, 39.91640428150164), abs=1e-12
    )


def test_there_and_back_all_over_china():
    lon, lat = np.meshgrid(np.linspace(73.5, 135, 200), np.linspace(4, 53.5, 200))
    back = gcj02.unshifted(*gcj02.shifted(lon, lat))
    assert np.abs(back[0] - lon).max() < 1e-11
    assert np.abs(back[1] - lat).max() < 1e-11
    baidu = gcj02.to_wgs84(*gcj02.to_bd09(*gcj02.shifted(lon, lat)), "BD-09")
    assert np.abs(np.array(baidu) - [lon, lat]).max() < 2e-5


def test_nothing_moves_outside_china_and_nothing_stays_nothing():
    assert gcj02.shifted(-71.1, 42.4) == (-71.1, 42.4)
    assert np.isnan(gcj02.unshifted([np.nan], [22.0])[0])


def test_size_of_the_shift_in_longgang():
    assert gcj02.shift_m(114.25, 22.72) == pytest.approx(588, abs=3)
    assert gcj02.shift_m(114.25, 22.72, "BD-09") == pytest.approx(1222, abs=5)


@pytest.mark.parametrize(
    ("names", "label", "system"),
    [
        (["adcode", "name", "childrenNum", "acroutes"], "440307.json", "GCJ-02"),
        (["name", "pname", "adname", "lat", "lon"], "小学.csv", "GCJ-02"),
        (["name"], "地铁站_gcj02.shp", "GCJ-02"),
        (["lng_bd09", "lat_bd09"], "a.csv", "BD-09"),
        (["name", "bd_class"], "a.csv", ""),
        (["name", "adcode"], "districts.geojson", ""),
        (["name"], "districts.geojson", ""),
    ],
)
def test_only_the_origin_speaks_for_it(names, label, system):
    found, why = gcj02.suspicion(names, label, 114.2, 22.7)
    assert found == system
    assert (" m away" in why) == bool(system)
    assert gcj02.suspicion(names, label, 2.3, 48.9) == ("", "")
