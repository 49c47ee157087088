"""What may measure, what looks wrong, and areas on the ellipsoid."""

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely
from shapely import box

from renewal_geo.foundation import crs
from renewal_geo.foundation.errors import CRSError


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("EPSG:4547", None),
        ("EPSG:32650", None),
        ("EPSG:4326", "crs_geographic"),
        ("EPSG:4490", "crs_geographic"),
        ("EPSG:3857", "crs_web_mercator"),
        ("ESRI:102100", "crs_web_mercator"),
        ("EPSG:2271", "crs_not_metric"),
        ("EPSG:4978", "crs_not_metric"),
    ],
)
def test_what_may_measure(text, code):
    assert crs.fault_of(crs.parse(text)) == code
    if code:
        with pytest.raises(CRSError) as fault:
            crs.require_metric(crs.parse(text), "the working CRS")
        assert fault.value.code == code
        assert "EPSG" in fault.value.fix


@pytest.mark.parametrize(
    ("text", "code"), [("", "crs_missing"), ("EPSG:1", "crs_unknown"), ("nonsense", "crs_unknown")]
)
def test_unreadable_names(text, code):
    with pytest.raises(CRSError) as fault:
        crs.parse(text)
    assert fault.value.code == code


def test_fix_names_a_crs_that_fits_the_place():
    longgang = gpd.GeoSeries([box(114.1, 22.6, 114.3, 22.8)], crs=4326)
    boston = gpd.GeoSeries([box(-71.2, 42.3, -71.0, 42.4)], crs=4326)
    assert crs.metric_choice(longgang) == "EPSG:4547"
    assert crs.metric_choice(boston) == "EPSG:32619"


@pytest.mark.parametrize(
    ("bounds", "tag", "hint"),
    [
        ((114.1, 22.6, 114.3, 22.8), "EPSG:4547", "degrees"),
        ((114.1, 22.6, 114.3, 22.8), None, "degrees"),
        ((2.5e6, 5.1e5, 2.52e6, 5.3e5), "EPSG:4547", "swapped"),
        ((3.85e7, 2.5e6, 3.851e7, 2.51e6), "EPSG:4547", "prefix"),
        ((3.85e7, 2.5e6, 3.851e7, 2.51e6), None, "EPSG:4526"),
        ((1.1e5, 2e4, 1.2e5, 3e4), None, "independent grid"),
        ((1.1e5, 2e4, 1.2e5, 3e4), "EPSG:2435", "independent grid"),
        ((5.1e5, 2.5e6, 5.3e5, 2.52e6), "EPSG:4326", "degrees"),
        ((5.1e5, 2.5e6, 5.3e5, 2.52e6), "EPSG:4547", None),
        ((114.1, 22.6, 114.3, 22.8), "EPSG:4326", None),
    ],
)
def test_suspicious_coordinates(bounds, tag, hint):
    said = crs.suspect(bounds, crs.parse(tag) if tag else None)
    assert said is None if hint is None else hint in said


def test_ellipsoidal_area_of_a_known_cell():
    """114.20-114.30 x 22.65-22.75 on GRS80: 113,782,622.287 m2 by the survey's trapezoid series."""
    plane = crs.parse("EPSG:4547")
    to_plane = pyproj.Transformer.from_crs("EPSG:4490", plane, always_xy=True)
    cell = shapely.segmentize(box(114.2, 22.65, 114.3, 22.75), 0.0005)
    flat = shapely.transform(cell, lambda c: np.stack(to_plane.transform(c[:, 0], c[:, 1]), axis=1))
    hole = shapely.transform(
        shapely.segmentize(box(114.24, 22.69, 114.26, 22.71), 0.0005),
        lambda c: np.stack(to_plane.transform(c[:, 0], c[:, 1]), axis=1),
    )
    area = crs.ellipsoidal_area([flat, None, flat.difference(hole), hole], plane)
    assert area[0] == pytest.approx(113_782_622.287, rel=1e-8)
    assert area[1] == 0
    assert area[2] + area[3] == pytest.approx(area[0], rel=1e-12)


def test_two_layers_in_one_crs():
    one, two = (gpd.GeoSeries([box(0, 0, 1, 1)], crs=c) for c in (4547, 4526))
    crs.require_same(one, one, ("a", "b"))
    with pytest.raises(CRSError, match="EPSG:4526"):
        crs.require_same(one, two, ("a", "b"))
