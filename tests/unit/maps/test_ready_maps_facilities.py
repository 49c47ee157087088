"""The map of facilities: radii only from the caller, who lies within them, what answers what."""

import datetime as dt

import geopandas as gpd
import pandas as pd
import pytest
from shapely import Point, box

from renewal_geo.foundation.errors import CRSError, InputError
from renewal_geo.maps import Standard, facility_spec, quality_spec
from renewal_geo.maps.controls import total

CRS = "EPSG:4547"
DAY = dt.date(2020, 6, 30)
X, Y = 520_000.0, 2_510_000.0


def points(*offsets):
    return [Point(X + dx, Y + dy) for dx, dy in offsets]


def facilities():
    return gpd.GeoDataFrame(
        {"facility_id": ["F1", "F2", "F3"], "kind": ["幼儿园", "kindergarten", "养老院"],
         "name": ["一", "二", "三"], "capacity": [300, 360, None]},
        geometry=points((0, 0), (1000, 0), (500, 500)), crs=CRS,
    )  # fmt: skip


def sites():
    shapes = [box(X + d, Y + 200, X + d + 100, Y + 260) for d in (0, 400)]
    return gpd.GeoDataFrame(
        {"site_id": ["S1", "S2"], "use": ["教育设施用地", "道路用地"]}, geometry=shapes, crs=CRS
    )


def needs():
    return gpd.GeoDataFrame(
        {"need_id": ["N1", "N2"], "kind": ["幼儿园", "小学"], "need_by": ["2020-08-01", "2022-01-01"],
         "max_dist_m": [300.0, 100.0], "demand": [300, 900], "priority": ["高", "低"]},
        geometry=points((50, 0), (900, 900)), crs=CRS,
    )  # fmt: skip


def demand():
    return gpd.GeoDataFrame(
        {"demand_id": ["D1", "D2", "D3"], "weight": [100.0, 50.0, 850.0]},
        geometry=points((0, 299), (1000, 300), (500, 0)), crs=CRS,
    )  # fmt: skip


def layer(spec, name):
    return next(one for one in spec.layers if one.name == name)


def figures(spec):
    return {one.name: total(spec, one) for one in spec.totals}


def notes(spec):
    return " | ".join(note.en for note in spec.notes)


def test_no_radius_no_service_area():
    spec = facility_spec(sites(), facilities(), needs(), demand())
    assert [one.name for one in spec.layers] == ["demand", "sites", "facilities", "needs"]
    assert not any(name.startswith("reach") for name in figures(spec))


@pytest.mark.parametrize("checked", [True, False])
def test_a_figure_from_a_radius_that_nobody_checked_says_so(checked):
    radii = {"幼儿园": Standard(300.0, "GB 50180-2018", checked)}
    spec = facility_spec(sites(), facilities(), None, demand(), radii)
    title = next(one.title for one in spec.totals if one.name == "reach_kindergarten")
    assert ("未核实" in title.zh, "not checked" in title.en) == (not checked, not checked)


def test_who_lies_within_a_radius():
    spec = facility_spec(sites(), facilities(), None, demand(), {"幼儿园": 300.5})
    assert figures(spec)["reach_kindergarten"] == pytest.approx(15.0)
    reach = layer(spec, "demand").values["reach_kindergarten_en"].tolist()
    assert reach == ["within", "within", "beyond"]
    area = layer(spec, "service")
    assert len(area.geometry) == 1
    assert area.values["facilities"].tolist() == [2]
    assert area.geometry.area.iloc[0] == pytest.approx(2 * 3.14159 * 300.5**2, rel=0.01)


def test_radii_that_nobody_checked_are_marked():
    asked = {"kindergarten": 300, "养老院": Standard(800, "某标准", verified=True), "初中": 1000}
    spec = facility_spec(sites(), facilities(), standards=asked)
    assert [one.title.zh for one in layer(spec, "service").classes] == [
        "幼儿园 300 m（未核实）", "养老院 800 m",
    ]  # fmt: skip
    assert "not checked and only indicative: Kindergarten" in notes(spec)
    assert "no such facility: Junior high school" in notes(spec)
    assert "某标准" in notes(spec)


@pytest.mark.parametrize("radius", [0, -5, float("nan"), float("inf")])
def test_a_radius_that_is_none(radius):
    with pytest.raises(InputError, match="the radius of 幼儿园"):
        facility_spec(sites(), facilities(), standards={"幼儿园": radius})


def test_distances_need_a_crs_that_measures():
    with pytest.raises(CRSError):
        facility_spec(
            sites().assign(area_m2=1.0).to_crs(4326), facilities().to_crs(4326),
            standards={"幼儿园": 300},
        )  # fmt: skip


def test_links_say_whether_they_are_near_enough():
    links = pd.DataFrame({"need_id": ["N1", "N2", "N7"], "site_id": ["S1", "S2", "S1"]})
    spec = facility_spec(sites(), facilities(), needs(), links=links, as_of=DAY)
    drawn = layer(spec, "links")
    assert [drawn.classes[i].value for i in drawn.class_of] == ["within", "beyond"]
    assert drawn.values["distance_m"][0] == pytest.approx(230.0)
    assert layer(spec, "needs").values["answer"].tolist() == ["S1", "S2"]
    assert figures(spec)["answered"] == 2
    assert "N7–S1" in notes(spec)


def test_needs_by_their_day():
    spec = facility_spec(sites(), facilities(), needs(), as_of=DAY)
    assert figures(spec)["late"] == 1
    assert spec.deadlines.layer == "needs"
    assert spec.timeline.date == "need_by"
    bare = facility_spec(sites(), facilities(), needs().drop(columns="need_by"), as_of=DAY)
    assert (bare.deadlines, bare.timeline) == (None, None)


def test_people_and_links_stay_in_the_house():
    links = pd.DataFrame({"need_id": ["N1"], "site_id": ["S1"]})
    spec = facility_spec(
        sites(), facilities(), needs(), demand(), {"幼儿园": 300}, links=links, edition="public"
    )
    assert [one.name for one in spec.layers] == ["service", "sites", "facilities", "needs"]
    assert "priority" not in layer(spec, "needs").values
    assert "reach_kindergarten" not in figures(spec)


def test_other_crs_are_brought_together():
    spec = facility_spec(
        sites().to_crs(4526),
        facilities(),
        needs().to_crs(4490),
        demand().to_crs(4490),
        {"幼儿园": 300},
    )
    assert {str(one.geometry.crs) for one in spec.layers} == {CRS}
    assert figures(spec)["site_area"] == pytest.approx(1.2, rel=1e-6)


def test_five_hundred_kinds_of_facility():
    many = gpd.GeoDataFrame(
        {"kind": [f"类{i}" for i in range(500)]},
        geometry=points(*((i, i) for i in range(500))),
        crs=CRS,
    )
    classes = layer(facility_spec(sites(), many), "facilities").classes
    assert len(classes) < 40
    assert sum(one.count for one in classes) == 500


def test_nothing_there():
    spec = facility_spec(
        sites().iloc[:0], facilities().iloc[:0], needs().iloc[:0], demand().iloc[:0], {"幼儿园": 300},
        as_of=DAY,
    )  # fmt: skip
    assert figures(spec)["facilities"] == 0
    assert "no such facility" in notes(spec)
    with pytest.raises(InputError, match="facilities has no column kind"):
        facility_spec(sites(), facilities().drop(columns="kind"))


def test_faults_by_severity_and_for_the_house(drawn):
    table = gpd.GeoDataFrame(
        {"finding_id": ["F1", "F2"], "row_id": ["secret-a", "secret-b"], "code": ["overlap", "sliver"],
         "severity": ["error", "warning"], "measure": [1.0, 2.0], "message": ["中", "中"],
         "message_en": ["en", "en"]},
        geometry=[drawn.square(0, 0), drawn.square(1, 0)], crs=drawn.CRS,
    )  # fmt: skip
    findings = type("Findings", (), {"table": table})
    spec = quality_spec(findings, as_of=DAY, review_no="粤S(2020)1号")
    assert figures(spec) == {"findings": 2, "error": 1, "warning": 1, "info": 0}
    assert (spec.as_of, spec.review_no) == (DAY, "粤S(2020)1号")
    public = quality_spec(findings, edition="public")
    assert "secret" not in "".join(one.values.to_csv() for one in public.layers)
