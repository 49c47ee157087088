"""People within reach of facilities: figures by hand, what is said of them, and what is refused."""

import math

import geopandas as gpd
import numpy as np
import pytest
import scipy.sparse as sp
import shapely
from shapely import LineString, Point, box

from renewal_geo.facilities import cover
from renewal_geo.facilities.accessibility import two_step
from renewal_geo.facilities.cover_ways import ground_of
from renewal_geo.foundation.errors import CRSError, InputError, SchemaError
from renewal_geo.rules import STUDY, Rule
from renewal_geo.spatial.networks import network_of

CRS = 4547


class Rules(dict):
    """A dated set, as far as coverage asks it."""

    def find(self, rule_id):
        return self.get(rule_id)


def rule(rule_id, value, verified="remembered", **more):
    return Rule(rule_id, "facilities", value, verified=verified, **more)


def people(rows):
    """Rows are id -> (x, y, people)."""
    return gpd.GeoDataFrame(
        {"weight": [float(w) if w is not None else None for *_, w in rows.values()]},
        geometry=[Point(x, y) for x, y, _ in rows.values()],
        crs=CRS,
        index=list(rows),
    )


def places(rows):
    """Rows are id -> (x, y, kind, capacity)."""
    return gpd.GeoDataFrame(
        {
            "kind": [kind for *_, kind, _ in rows.values()],
            "capacity": [c for *_, c in rows.values()],
        },
        geometry=[Point(x, y) for x, y, *_ in rows.values()],
        crs=CRS,
        index=list(rows),
    )


PEOPLE = people({"a": (0, 0, 100), "b": (250, 0, 60), "c": (600, 0, 40), "d": (2000, 0, 0)})
SCHOOLS = places(
    {"k1": (0, 0, "幼儿园", 30), "k2": (500, 0, "kindergarten", 20), "p1": (600, 0, "小学", 90)}
)
STREETS = gpd.GeoSeries([LineString([(0, 0), (0, 100), (250, 100), (250, 0), (700, 0)])], crs=CRS)


def test_people_are_counted_kind_by_kind():
    found = cover(PEOPLE, SCHOOLS, standards={"幼儿园": 300, "primary": 100.0})
    row = found.table.loc["kindergarten"]
    assert list(found.table.index) == ["kindergarten", "primary"]
    assert (row["people"], row["covered"], row["uncovered"], row["share"]) == (200, 200, 0, 1.0)
    assert (row["facilities"], row["capacity"], row["radius_m"]) == (2, 50, 300)
    primary = found.table.loc["primary"]
    assert (primary["covered"], primary["uncovered"]) == (40, 160)
    assert found.demand["nearest_kindergarten"].tolist() == ["k1", "k1", "k2", "k2"]
    assert found.demand["distance_primary_m"].tolist() == [600, 350, 0, 1400]
    assert found.demand["covered_primary"].tolist() == [False, False, True, False]
    assert found.uncovered["demand_id"].tolist() == ["a", "b"]  # d holds nobody
    assert found.uncovered["weight"].sum() == 160
    assert found.facilities["people"].tolist() == [160, 100, 40]


def test_places_per_person_by_hand():
    found = cover(PEOPLE, SCHOOLS, standards={"kindergarten": 300})
    # k1 serves a and b (160), k2 serves b and c (100)
    assert found.facilities["ratio"].tolist()[:2] == [30 / 160, 20 / 100]
    assert found.demand["access_kindergarten"].tolist() == [30 / 160, 30 / 160 + 0.2, 0.2, 0]
    total = (found.demand["access_kindergarten"] * found.demand["weight"]).sum()
    assert total == pytest.approx(50, rel=1e-12)


def test_streets_are_longer_than_straight_lines():
    found = cover(PEOPLE, SCHOOLS, standards={"kindergarten": 300}, by="network", network=STREETS)
    # b walks 100 + 250 + 100 to k1, and 250 to k2
    assert found.demand["distance_kindergarten_m"].tolist()[:3] == [0, 250, 100]
    assert found.demand["nearest_kindergarten"].tolist()[:3] == ["k1", "k2", "k2"]
    assert math.isnan(found.demand["distance_kindergarten_m"].iloc[3])
    assert found.facilities["snap_m"].tolist() == [0, 0, 0]
    assert found.by == "network"
    assert "way along streets" in str(found)
    assert "沿路网距离" in found.table.loc["kindergarten", "text_zh"]
    assert any(
        "rows of demand (0 people) lie more than 200 m" in note and note.endswith(": d")
        for note in found.notes
    )


def test_a_detour_is_a_factor_and_is_said():
    found = cover(PEOPLE, SCHOOLS, standards={"kindergarten": 300}, detour=1.3)
    assert found.demand["distance_kindergarten_m"].tolist()[:3] == [0, 325, 130]
    assert found.table.loc["kindergarten", "covered"] == 140
    assert "× 1.3" in str(found)


def test_only_checked_radii_decide():
    standards = {
        "kindergarten": rule("service.radius.kindergarten", 300.0, "read"),
        "primary": rule(
            "service.radius.primary", 100.0, "not_found", set_by=STUDY, because="checked"
        ),
    }
    found = cover(PEOPLE, SCHOOLS, standards=standards)
    assert found.table["status"].tolist() == ["pass", "fail"]
    assert "set by the study" in found.table.loc["primary", "text_en"]
    for verified in ("secondary", "derived", "remembered", "not_found"):
        radius = rule("service.radius.primary", 100.0, verified)
        row = cover(PEOPLE, SCHOOLS, standards={"primary": radius}, kinds=["小学"]).table.loc[
            "primary"
        ]
        assert row["status"] == "advisory"
        assert "not checked" in row["text_en"]
        assert "仅供参考" in row["text_zh"]
        assert row["verified"] == verified


def test_rules_give_radii_and_seats():
    rules = Rules({
        "service.radius.kindergarten": rule("service.radius.kindergarten", 300.0),
        "facility.seats_per_1000.kindergarten": rule("facility.seats_per_1000.kindergarten", 400.0, "read"),
        "service.radius.hospital": rule("service.radius.hospital", 5000.0, "read"),
    })  # fmt: skip
    found = cover(PEOPLE, SCHOOLS, rules=rules)
    row = found.table.loc["kindergarten"]
    assert (row["seats_needed"], row["seats_short"]) == (80, 30)
    assert (row["rule_id"], row["verified"], row["status"]) == (
        "service.radius.kindergarten",
        "remembered",
        "advisory",
    )
    assert set(found.rules) == {
        "service.radius.kindergarten",
        "facility.seats_per_1000.kindergarten",
    }
    # no radius of a primary school is known, and hospitals are not asked for
    assert found.table.loc["primary", "status"] == "not_evaluable"
    assert math.isnan(found.table.loc["primary", "share"])
    assert "no radius is known" in found.table.loc["primary", "text_en"]
    assert "covered_primary" not in found.demand
    assert found.demand["distance_primary_m"].notna().all()
    assert set(found.uncovered["kind"]) <= {"kindergarten"}
    # with the question it wins over the rules
    wins = cover(PEOPLE, SCHOOLS, rules=rules, standards={"kindergarten": 200})
    assert wins.table.loc["kindergarten", "radius_m"] == 200
    assert "given with the question" in wins.table.loc["kindergarten", "text_en"]


def test_a_kind_without_facilities_covers_nobody():
    found = cover(PEOPLE, SCHOOLS, standards={"医院": 5000})
    row = found.table.loc["hospital"]
    assert (row["facilities"], row["covered"], row["uncovered"], row["capacity"]) == (0, 0, 200, 0)
    assert "there is no such facility" in row["text_en"]
    empty = cover(PEOPLE, SCHOOLS.iloc[:0], standards={"hospital": 5000})
    assert empty.table.loc["hospital", "uncovered"] == 200


def test_what_capacities_are_missing_is_said():
    schools = SCHOOLS.assign(capacity=[30.0, None, None])
    found = cover(PEOPLE, schools, standards={"kindergarten": 300, "primary": 300})
    assert any("1 of 2 facilities name no capacity" in note for note in found.notes)
    assert found.demand["access_primary"].isna().all()
    assert math.isnan(found.table.loc["primary", "capacity"])
    none = cover(PEOPLE, SCHOOLS.drop(columns="capacity"), standards={"primary": 300})
    assert math.isnan(none.table.loc["primary", "seats_short"])


def test_areas_missing_shapes_and_missing_people():
    demand = gpd.GeoDataFrame(
        {"weight": [10.0, 5.0, None]},
        geometry=[box(-20, -20, 20, 20), None, Point(0, 5)],
        crs=CRS,
        index=["x", "y", "z"],
    )
    found = cover(demand, SCHOOLS, standards={"kindergarten": 300})
    assert found.table.loc["kindergarten", ["covered", "uncovered"]].tolist() == [10, 5]
    said = " ".join(found.notes)
    assert "1 areas of demand stand at a point inside each" in said
    assert "1 rows of demand have no weight and count as nobody" in said
    assert "1 rows of demand (5 people) have no shape and count as out of reach: y" in said


def test_rows_may_ask_for_one_kind_only():
    demand = PEOPLE.assign(facility_kind=["幼儿园", "小学", None, ""])
    found = cover(demand, SCHOOLS, standards={"kindergarten": 10, "primary": 10})
    assert found.table["people"].tolist() == [140, 100]
    assert found.table["covered"].tolist() == [100, 40]
    assert found.uncovered[["demand_id", "kind"]].values.tolist() == [
        ["c", "kindergarten"],
        ["b", "primary"],
    ]


def test_every_row_counts_once_without_a_weight():
    found = cover(
        PEOPLE.drop(columns="weight"), SCHOOLS, standards={"kindergarten": 300}, weight=""
    )
    assert found.table.loc["kindergarten", ["people", "covered"]].tolist() == [4, 3]


def test_a_path_of_a_map_service_is_its_last_word():
    schools = SCHOOLS.assign(kind=["科教文化服务;学校;幼儿园", "科教文化服务;学校;幼儿园", None])
    found = cover(PEOPLE, schools, standards={"幼儿园": 300})
    assert found.table.loc["kindergarten", "facilities"] == 2
    assert any("name no kind and are left out: p1" in note for note in found.notes)


@pytest.mark.parametrize("decay", ["none", "gaussian"])
def test_supply_is_conserved(decay):
    rng = np.random.default_rng(2)
    costs = sp.random_array(
        (80, 9), density=0.2, rng=rng, data_sampler=lambda size: rng.uniform(1, 499, size)
    ).tocsr()
    costs = sp.hstack([costs, sp.csr_array((80, 1))]).tocsr()  # one that nobody reaches
    crowd, supply = rng.integers(0, 40, 80).astype(float), rng.uniform(10, 90, 10)
    made = two_step(costs, crowd, supply, 500.0, decay=decay)
    reached = made.people > 0
    assert not reached[9]
    assert np.isnan(made.ratio[9])
    assert math.fsum(made.access * crowd) == pytest.approx(math.fsum(supply[reached]), rel=1e-12)


def test_the_farther_the_less_with_gaussian_decay():
    costs = sp.csr_array(np.array([[1e-9], [250.0], [500.0]]))
    made = two_step(costs, np.array([10.0, 10.0, 10.0]), np.array([60.0]), 500.0, decay="gaussian")
    half = (math.exp(-0.125) - math.exp(-0.5)) / (1 - math.exp(-0.5))
    assert made.people.tolist() == pytest.approx([10 + 10 * half])
    assert made.access.tolist() == pytest.approx(
        [60 / made.people[0], half * 60 / made.people[0], 0]
    )
    with pytest.raises(InputError, match="no decay"):
        two_step(costs, np.ones(3), np.ones(1), 500.0, decay="linear")


BAD = {
    "negative people": ({"demand": PEOPLE.assign(weight=[-1, 2, 3, 4])}, InputError, "negative_weight", "demand: a"),
    "endless people": ({"demand": PEOPLE.assign(weight=[1, np.inf, 3, 4])}, InputError, "negative_weight", "demand: b"),
    "no weight": ({"demand": PEOPLE.rename(columns={"weight": "wieght"})}, SchemaError, "unknown_column", "wieght"),
    "weight is text": ({"demand": PEOPLE.assign(weight=["many", 1, 2, 3])}, SchemaError, "no_numbers", "many"),
    "no people at all": ({"demand": PEOPLE.iloc[:0]}, SchemaError, "empty_layer", "demand"),
    "no facilities": ({"facilities": SCHOOLS.iloc[:0], "standards": None}, SchemaError, "empty_layer", "facilities"),
    "no kind": ({"facilities": SCHOOLS.drop(columns="kind")}, SchemaError, "unknown_column", "kind"),
    "negative seats": ({"facilities": SCHOOLS.assign(capacity=[-1, 2, 3])}, InputError, "negative_capacity", "k1"),
    "same ids": ({"demand": PEOPLE.set_axis(["a", "a", "b", "c"])}, SchemaError, "duplicate_id", "a"),
    "degrees": ({"demand": PEOPLE.set_crs(4326, allow_override=True)}, CRSError, "crs_geographic", "degree"),
    "two CRSs": ({"demand": PEOPLE.set_crs(4548, allow_override=True)}, CRSError, "crs_mismatch", "4548"),
    "radius of nothing": ({"standards": {"kindergarten": 0.0}}, InputError, "bad_limit", "kindergarten"),
    "radius below nothing": ({"standards": {"kindergarten": -3}}, InputError, "bad_limit", "-3"),
    "radius no number": ({"standards": {"kindergarten": float("nan")}}, InputError, "bad_limit", "nan"),
    "shorter than straight": ({"detour": 0.9}, InputError, "bad_limit", "0.9"),
    "unknown way": ({"by": "bird"}, InputError, "bad_choice", "line, network"),
    "no streets": ({"by": "network"}, InputError, "network_missing", "roads"),
    "detour along streets": ({"by": "network", "network": STREETS, "detour": 1.2}, InputError, "bad_limit", "measured"),
    "unknown kind": ({"kinds": ["幼儿圆"]}, InputError, "unknown_kind", "幼儿园"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_means_nothing_is_refused(name):
    change, error, code, said = BAD[name]
    asked = {"demand": PEOPLE, "facilities": SCHOOLS, "standards": {"kindergarten": 300}} | change
    demand, facilities = asked.pop("demand"), asked.pop("facilities")
    with pytest.raises(error) as fault:
        cover(demand, facilities, **asked)
    assert fault.value.code == code
    assert said in str(fault.value)


def test_more_seats_than_people_are_refused():
    rules = Rules(
        {"facility.seats_per_1000.primary": rule("facility.seats_per_1000.primary", 1200.0)}
    )
    with pytest.raises(InputError, match="more places than people"):
        cover(PEOPLE, SCHOOLS, rules=rules)


def test_nobody_has_no_share():
    row = cover(PEOPLE.assign(weight=0.0), SCHOOLS, standards={"primary": 100}).table.loc["primary"]
    assert row["status"] == "not_evaluable"
    assert math.isnan(row["share"])
    assert "nobody lives here" in row["text_en"]


def test_a_made_network_is_taken_as_it_is():
    made = network_of(STREETS)
    assert ground_of("network", made).network is made
    spots = gpd.GeoDataFrame(geometry=shapely.points([[0.0, 0.0], [9e3, 9e3]]), crs=CRS)
    placed = ground_of("network", made).place(spots)
    assert placed.unreachable.tolist() == [False, True]
    assert ground_of("line", None).place(spots).unreachable.tolist() == [False, False]
