"""The map of a matching says what the matching says."""

import datetime as dt

import geopandas as gpd
import pytest
import shapely

from renewal_geo import maps
from renewal_geo.maps.controls import total
from renewal_geo.sitebank import match

TODAY = dt.date(2020, 6, 30)


@pytest.fixture(scope="module")
def matching():
    sites = gpd.GeoDataFrame(
        {
            "site_id": ["full", "part", "open", "in", "shut"],
            "inside": ["外部", "外部", "外部", "内部", "外部"],
            "available_from": ["2020-01-01"] * 5,
            "forbidden": [False, False, False, False, True],
            "owner_phone": ["1", "2", "3", "4", "5"],
        },
        geometry=[shapely.box(x, 0, x + 50, h) for x, h in
                  ((0, 80), (400, 160), (9_000, 60), (50, 90), (500, 90))],
        crs="EPSG:4547",
    )  # fmt: skip
    needs = gpd.GeoDataFrame(
        {
            "need_id": ["a", "b", "far", "big"],
            "kind": ["幼儿园", "幼儿园", "社康", "小学"],
            "min_area_m2": [3_900.0, 3_600.0, 1_000.0, 20_000.0],
            "max_dist_m": [200.0, 200.0, 200.0, 200.0],
            "need_by": ["2021-01-01", "2021-02-01", "2020-07-10", None],
        },
        geometry=[shapely.Point(x, 40) for x in (10, 420, 5_000, 30)],
        crs="EPSG:4547",
    )
    return match(sites, needs, as_of=TODAY)


def layer(spec, name):
    return next(one for one in spec.layers if one.name == name)


def states(one):
    names = [entry.value for entry in one.classes]
    return [names[place] for place in one.class_of]


def test_needs_and_sites_are_drawn_by_what_became_of_them(matching):
    spec = maps.sitebank_spec(matching, as_of=TODAY)
    assert states(layer(spec, "needs")) == ["matched", "matched", "distance", "area"]
    assert states(layer(spec, "sites")) == ["full", "partly", "unused"]
    assert layer(spec, "forbidden").values["site_id"].tolist() == ["shut"]
    assert layer(spec, "links").values[["need_id", "site_id"]].to_numpy().tolist() == [
        ["a", "full"], ["b", "part"],
    ]  # fmt: skip
    assert layer(spec, "misses").values["need_id"].tolist() == ["far", "big"]
    assert not layer(spec, "misses").visible


def test_totals_are_those_of_the_tables(matching):
    spec = maps.sitebank_spec(matching, as_of=TODAY)
    found = {one.name: total(spec, one) for one in spec.totals}
    assert (found["needs"], found["answered"], found["share"], found["sites"]) == (4, 2, 50.0, 3)
    assert found["site_area"] == pytest.approx(1.5)
    assert found["used_area"] == pytest.approx(0.75)
    assert found["left_area"] == pytest.approx(0.75)


def test_only_allowed_columns_leave_the_tables(matching):
    spec = maps.sitebank_spec(matching, as_of=TODAY)
    assert all("owner_phone" not in one.values.columns for one in spec.layers)
    shown = maps.sitebank_spec(matching, as_of=TODAY, columns=("owner_phone",))
    assert "owner_phone" in layer(shown, "sites").values.columns


def test_links_and_misses_are_not_public(matching):
    spec = maps.sitebank_spec(matching, as_of=TODAY, edition="public", min_owners=1)
    assert not {one.name for one in spec.layers} & {"links", "misses", "forbidden"}


def test_the_page_asks_nobody(matching, tmp_path):
    file = tmp_path / "sitebank.html"
    maps.sitebank_map(matching, as_of=TODAY, lang="en").save(str(file))
    maps.assert_self_contained(file.read_text(encoding="utf-8"))


def test_a_matching_of_nothing_can_be_drawn(matching):
    bare = match(
        matching.sites[["inside", "geometry"]].assign(inside="内部"),
        matching.needs[["min_area_m2", "geometry"]],
    )
    spec = maps.sitebank_spec(bare)
    assert states(layer(spec, "needs")) == ["no_site"] * 4
    assert not {one.name for one in spec.layers} & {"links", "misses"}
