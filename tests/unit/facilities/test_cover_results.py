"""What coverage and chosen sites look like on the map and in the workbook."""

import io

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
from shapely import LineString, Point, box

from renewal_geo import maps, report
from renewal_geo.facilities import cover, locate, ways
from renewal_geo.rules import Rule

CRS = 4547
PEOPLE = gpd.GeoDataFrame(
    {"weight": [100.0, 300.0, 200.0, 50.0, 0.0], "sub_district": ["东", "东", "西", None, "西"]},
    geometry=[Point(x, 0) for x in (0, 400, 800, 5000, 9000)],
    crs=CRS,
    index=["d1", "d2", "d3", "d4", "d5"],
)
SCHOOLS = gpd.GeoDataFrame(
    {"kind": ["幼儿园", "小学"], "capacity": [90.0, None]},
    geometry=[Point(0, 50), Point(400, 0)],
    crs=CRS,
    index=["k1", "p1"],
)
SITES = gpd.GeoDataFrame(
    geometry=[box(x - 5, 45, x + 5, 55) for x in (400, 800)], crs=CRS, index=["s1", "s2"]
)
STREETS = gpd.GeoSeries(
    [LineString([(-100, 0), (1300, 0)]), LineString([(0, 0), (0, 60)])], crs=CRS
)


class Rules(dict):
    def find(self, rule_id):
        return self.get(rule_id)


RULES = Rules({
    "service.radius.kindergarten": Rule("service.radius.kindergarten", "facilities", 300.0, unit="m", operator="<=",
                                        document="某标准", verified="remembered"),
    "facility.seats_per_1000.kindergarten": Rule("facility.seats_per_1000.kindergarten", "facilities", 40.0, unit="1",
                                                 verified="remembered"),
})  # fmt: skip


@pytest.fixture(scope="module")
def plan():
    """Coverage now, one more kindergarten, coverage then."""
    now = cover(PEOPLE, SCHOOLS, rules=RULES)
    there = pd.concat([SITES, SCHOOLS.iloc[[0]][["geometry"]]])
    answer = locate(
        PEOPLE, there, model="mclp", p=1, radius_m=300, weight="weight", existing=["k1"]
    )
    opened = pd.concat([SCHOOLS.iloc[[0]], SITES.loc[["s1"]].assign(kind="kindergarten")])
    return now, answer, cover(PEOPLE, opened, rules=RULES, kinds=["kindergarten"])


def drawn(plan, **look):
    now, answer, after = plan
    return maps.coverage_spec(
        now, sites=SITES, location=answer, kind="kindergarten", after=after,
        why={"s1": maps.Text("因为", "because")}, **look,
    )  # fmt: skip


def test_the_map_shows_who_is_left_and_why_a_site_is_chosen(plan):
    spec = drawn(plan)
    layers = {layer.name: layer for layer in spec.layers}
    assert {
        "demand",
        "facilities",
        "sites",
        "service",
        "assignment",
        "uncovered_kindergarten",
        "chosen",
    } <= set(layers)
    assert layers["chosen"].values["site_id"].tolist() == ["s1"]
    assert layers["chosen"].values["why_en"].tolist() == ["because"]
    assert layers["uncovered_kindergarten"].values["demand_id"].tolist() == ["d3", "d4"]
    assert layers["facilities"].values["facility_id"].tolist() == [
        "k1"
    ]  # only the kind that is sought
    assert layers["demand"].values["reach_kindergarten_en"].tolist().count("within") == 1
    assert layers["demand"].values["reach_after_en"].tolist().count("within") == 2
    assert any("straight lines" in note.en for note in spec.notes)
    assert any("not checked" in note.en for note in spec.notes)


def test_the_public_edition_names_no_place_of_people(plan):
    names = {layer.name for layer in drawn(plan, edition="public").layers}
    assert "chosen" in names
    assert not names & {"demand", "assignment", "uncovered_kindergarten"}


def test_streets_are_drawn_where_they_were_walked():
    found = cover(PEOPLE, SCHOOLS, rules=RULES, by="network", network=STREETS)
    streets = gpd.GeoDataFrame(
        {"kind": ["kindergarten"], "radius_m": [300.0], "length_m": [650.0]},
        geometry=[STREETS.union_all()],
        crs=CRS,
    )
    layers = {layer.name: layer for layer in maps.coverage_spec(found, streets=streets).layers}
    assert "streets" in layers
    assert "service" not in layers  # a circle would promise what the streets do not keep


def test_equal_weights_are_one_step(plan):
    even = cover(PEOPLE.assign(weight=1.0), SCHOOLS, rules=RULES)
    layers = {layer.name: layer for layer in maps.coverage_spec(even).layers}
    assert [one.title.en for one in layers["uncovered_kindergarten"].classes] == ["1 – 1"]
    assert len(layers["demand"].classes) == 1


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_workbook_has_reasons_rules_and_books_that_close(plan, lang):
    now, answer, after = plan
    data = report.facility_workbook(
        now, kind="kindergarten", location=answer, after=after, sites=SITES, lang=lang
    )
    assert data == report.facility_workbook(
        now, kind="kindergarten", location=answer, after=after, sites=SITES, lang=lang
    )
    book = openpyxl.load_workbook(io.BytesIO(data))
    sheets = [list(sheet.iter_rows(values_only=True)) for sheet in book.worksheets]
    summary, chosen, street = sheets[:3]
    assert summary[3][:1] in {("幼儿园",), ("Kindergarten",)}
    assert ("若落空" if lang == "zh" else "if it falls through") in str(chosen[3][-1])
    east = next(row for row in street if row[1] == "东")
    assert east[2:7] == (400, 100, 300, 0.25, 0)
    assert sum(row[2] for row in street[3:]) == 650
    rules = next(rows for rows in sheets if rows[3][0] == "service.radius.kindergarten")
    assert rules[4][2] == "40"
    assert rules[4][4] in {"座/千人", "per 1,000 people"}


def test_the_sentence_says_what_is_proven(plan):
    now, answer, after = plan
    said = report.location_sentence(answer, "kindergarten", now, after, "en")
    assert said.startswith(
        "Kindergarten: 1 sites, 400 served within 300 m; proven: no choice is better"
    )
    assert "within reach 15.4% before, 61.5% after, 250 still beyond" in said
    assert "advisory" in said
    assert "已证明没有更好的方案" in report.location_sentence(
        answer, "kindergarten", now, after, "zh"
    )


def test_ways_are_what_locate_takes():
    costs = ways(PEOPLE, SITES, limit_m=300, by="network", network=STREETS)
    assert costs.shape == (5, 2)
    by_costs = locate(PEOPLE, SITES, model="mclp", p=1, radius_m=300, weight="weight", costs=costs)
    assert by_costs.objective == 300
    assert by_costs.status == "optimal"
    straight = ways(PEOPLE, SITES, limit_m=np.inf)
    assert straight.nnz == 10
