"""`locate`: what it refuses, what it says, and what it does with existing, small, odd and unreachable sites."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from shapely import Point, box

from renewal_geo.facilities import locate
from renewal_geo.foundation.errors import CRSError, GeometryError, InputError, SchemaError

CRS = "EPSG:4547"


@pytest.fixture
def demand():
    places = [Point(0, 0), Point(100, 0), Point(1000, 0), Point(1100, 0), Point(5000, 0)]
    ids = pd.Index(["a", "b", "c", "d", "e"], name="demand_id")
    return gpd.GeoDataFrame(
        {"population": [10, 20, 30, 40, 50]}, geometry=places, index=ids, crs=CRS
    )


@pytest.fixture
def sites():
    places = [Point(50, 0), Point(1050, 0), Point(550, 0), Point(9000, 0)]
    ids = pd.Index(["west", "east", "middle", "remote"], name="site_id")
    return gpd.GeoDataFrame({"name": ["W", "E", "M", "R"]}, geometry=places, index=ids, crs=CRS)


def test_the_example_of_the_contract(demand, sites):
    plan = locate(demand, sites, model="mclp", p=1, radius_m=100, weight="population")
    assert plan.chosen.index.tolist() == ["east"]
    assert (plan.status, plan.objective, plan.bound, plan.gap) == ("optimal", 70.0, 70.0, 0.0)
    assert plan.uncoverable.index.tolist() == ["e"]
    assert plan.uncoverable.crs == plan.chosen.crs == CRS
    assert plan.assignment.loc["c", "site_id"] == "east"
    assert plan.assignment.loc["c", "cost"] == 50.0
    assert plan.assignment["site_id"].isna().tolist() == [True, True, False, False, True]
    assert "remote" in " ".join(plan.notes)
    row = plan.chosen.loc["east"]
    assert (row["role"], row["weight"], row["only_here"], row["loss"]) == ("new", 70.0, 70.0, 70.0)
    assert (row["next_best"], row["loss_after"], row["name"]) == ("west", 40.0, "E")
    assert str(plan) == "mclp: 1 sites, objective 70.00, proven optimal"


def test_a_site_at_the_radius_serves(demand, sites):
    assert locate(demand, sites, p=1, radius_m=550).objective == 100.0
    assert locate(demand, sites, p=1, radius_m=549.999).objective < 100.0


def test_sparse_and_dense_costs_agree_and_a_stored_zero_is_a_cost():
    dense = np.array([[0.0, np.inf], [2.0, 3.0], [np.inf, 4.0]])
    row, column = np.nonzero(np.isfinite(dense))
    sparse = csr_array((dense[row, column], (row, column)), shape=dense.shape)
    for costs in (dense, sparse):
        found = locate(costs=costs, model="p_median", p=2)
        assert (found.objective, found.status) == (6.0, "optimal")
        assert found.assignment["site_id"].tolist() == [0, 0, 1]
    assert locate(costs=sparse, model="lscp", radius_m=3).uncoverable.index.tolist() == [2]


def test_costs_with_names_are_matched_by_them(demand, sites):
    costs = pd.DataFrame(1.0, index=demand.index[::-1], columns=sites.index[::-1])
    costs.loc["e", "remote"] = 0.0
    found = locate(demand, sites, costs=costs, model="p_median", p=1, weight="population")
    assert (found.chosen.index.tolist(), found.objective) == (["remote"], 100.0)
    alone = locate(costs=costs, model="p_median", p=1)
    assert alone.chosen.index.tolist() == ["remote"]


def test_existing_sites_serve_and_do_not_count(demand, sites):
    found = locate(demand, sites, model="lscp", radius_m=100, existing=["east"])
    assert found.objective == 1.0
    assert found.chosen["role"].to_dict() == {"west": "new", "east": "existing"}
    facility = sites.loc[["east"]].rename(index={"east": "school"})
    other = locate(demand, sites, p=1, radius_m=100, existing=facility)
    assert other.chosen["role"].to_dict() == {"west": "new", "school": "existing"}
    assert (other.objective, other.p) == (100.0, 1)
    with pytest.raises(SchemaError, match="stand for a site and"):
        locate(demand, sites, p=1, radius_m=100, existing=sites.loc[["east"]])


def test_columns_of_sites_are_honoured(demand, sites):
    marked = sites.assign(required=[None, False, True, None], forbidden=[True, False, False, False])
    found = locate(demand, marked, p=2, radius_m=100)
    assert found.chosen.index.tolist() == ["east", "middle"]
    assert found.chosen["role"].tolist() == ["new", "required"]
    grouped = sites.assign(exclusive_group=["g", "g", "", None])
    assert locate(demand, grouped, p=2, radius_m=100).objective == 70.0
    assert locate(demand, sites, p=2, radius_m=100, exclusive=[["west", "east"]]).objective == 70.0


def test_small_sites_are_left_out_and_a_small_required_one_is_a_conflict(demand, sites):
    sized = sites.assign(area_m2=[5000.0, 900.0, 5000.0, 5000.0])
    found = locate(demand, sized, p=1, radius_m=100, min_area_m2=1000)
    assert found.chosen.index.tolist() == ["west"]
    assert any("smaller than 1,000 m2" in note for note in found.notes)
    forced = locate(demand, sized, p=1, radius_m=100, min_area_m2=1000, required=["east"])
    assert forced.status == "infeasible"
    assert forced.conflict[0]["limit"] == "min_area_m2"
    plots = sites.set_geometry(
        [
            box(0, 0, 100, 100),
            box(1000, 0, 1010, 10),
            box(500, 0, 600, 100),
            box(9000, 0, 9100, 100),
        ]
    )
    assert locate(demand, plots, p=1, radius_m=200, min_area_m2=1000).chosen.index.tolist() == [
        "west"
    ]
    with pytest.raises(InputError, match="no area"):
        locate(demand, sites, p=1, radius_m=100, min_area_m2=1000)


def test_capacity_splits_demand(demand, sites):
    found = locate(
        demand,
        sites,
        p=2,
        radius_m=600,
        capacity={"west": 25, "east": 40, "middle": 30, "remote": 9},
    )
    assert found.objective == 70.0
    assert found.chosen["weight"].tolist() == [40.0, 30.0]
    assert found.assignment["weight"].sum() == pytest.approx(150.0)
    everyone = locate(demand, sites, model="lscp", radius_m=600, capacity=20)
    assert everyone.status == "infeasible"
    assert everyone.conflict[0]["limit"] == "capacity"
    assert everyone.conflict[0]["short"] == pytest.approx(40.0)


def test_contradictions_are_results(demand, sites):
    found = locate(demand, sites, p=1, radius_m=100, required=["east", "west", "remote"])
    assert (found.status, found.objective, found.bound, found.gap) == (
        "infeasible",
        None,
        None,
        None,
    )
    assert [(one["limit"], one["short"]) for one in found.conflict] == [("p", 2.0)]
    assert found.chosen.index.tolist() == ["west", "east", "remote"]
    both = locate(
        demand, sites, p=3, radius_m=100, required=["east", "west"], exclusive=[["east", "west"]]
    )
    assert both.conflict[0]["limit"] == "exclusive"
    far = locate(demand, sites, model="p_median", p=1, max_dist_m=200)
    assert far.status == "infeasible"
    assert far.chosen.index.tolist() == ["east"]
    assert far.conflict[0]["short"] == 30.0


def test_nobody_within_reach_is_an_answer(demand, sites):
    for model in ("mclp", "lscp"):
        found = locate(demand, sites, model=model, p=2, radius_m=1)
        assert (found.status, found.objective) == ("optimal", 0.0)
        assert len(found.uncoverable) == 5
    for model in ("p_median", "p_center"):
        found = locate(demand, sites, model=model, p=2, max_dist_m=1)
        assert (found.status, found.objective, len(found.chosen)) == ("optimal", 0.0, 2)


BAD = [
    ({"model": "mlcp"}, "unknown_model", "nearest: mclp"),
    ({"p": 0}, "bad_count", "whole number"),
    ({"p": 2.5}, "bad_count", "whole number"),
    ({"p": None}, "bad_count", "needs the number"),
    ({"p": 5}, "bad_count", "only 4 sites"),
    ({"p": 4, "forbidden": ["east"]}, "bad_count", "only 3 sites"),
    ({"radius_m": 0}, "bad_limit", "radius_m is 0"),
    ({"radius_m": float("nan")}, "bad_limit", "radius_m is nan"),
    ({"radius_m": None}, "bad_limit", "needs the radius"),
    ({"time_limit_s": -1}, "bad_limit", "time_limit_s"),
    ({"weight": "popul"}, "unknown_column", "nearest: population"),
    ({"weight": [1, 2]}, "bad_weight", "2 weights for 5"),
    ({"required": ["eest"]}, "unknown_site", "nearest: west, east"),
    ({"required": ["east"], "forbidden": ["east"]}, "required_and_forbidden", "take them out"),
    ({"capacity": -1}, "bad_capacity", "negative capacity"),
    ({"capacity": "seats"}, "unknown_column", "no column 'seats'"),
    ({"costs": -np.ones((5, 4))}, "bad_cost", "negative or no numbers"),
    ({"costs": np.full((5, 4), np.nan)}, "bad_cost", "negative or no numbers"),
    ({"costs": np.ones((4, 5))}, "cost_shape", "4 x 5"),
]


@pytest.mark.parametrize(("change", "code", "said"), BAD)
def test_meaningless_questions_are_refused(demand, sites, change, code, said):
    with pytest.raises(InputError) as caught:
        locate(demand, sites, **{"p": 1, "radius_m": 100, **change})
    assert caught.value.code == code
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("population", "said"), [(-1.0, "negative"), (np.nan, "no number"), (np.inf, "no number")]
)
def test_a_population_that_is_none_is_refused(demand, sites, population, said):
    demand = demand.astype({"population": float})
    demand.loc["c", "population"] = population
    with pytest.raises(InputError, match=said) as caught:
        locate(demand, sites, p=1, radius_m=100)
    assert "c" in caught.value.where


def test_layers_that_cannot_be_measured_are_refused(demand, sites):
    with pytest.raises(CRSError, match="degree"):
        locate(demand.to_crs("EPSG:4490"), sites, p=1, radius_m=100)
    with pytest.raises(CRSError, match="EPSG:4549"):
        locate(demand, sites.to_crs("EPSG:4549"), p=1, radius_m=100)
    demand.loc["b", "geometry"] = None
    with pytest.raises(GeometryError, match="no geometry"):
        locate(demand, sites, p=1, radius_m=100)
    with pytest.raises(SchemaError, match="more than once"):
        locate(pd.concat([sites, sites]), sites, p=1, radius_m=100)
    with pytest.raises(InputError, match="nothing to measure"):
        locate(p=1, radius_m=100)
    with pytest.raises(InputError, match="no rows"):
        locate(demand.iloc[:0], sites, p=1, radius_m=100)


def test_all_faults_are_told_at_once(demand, sites):
    with pytest.raises(InputError, match="2 faults"):
        locate(demand, sites, p=1, radius_m=100, weight=[-1, 1, 1, 1, 1], required=["nowhere"])


@pytest.mark.parametrize(("model", "objective"), [("lscp", 1.0), ("mclp", 0.0)])
def test_a_required_site_is_open_though_it_reaches_nobody(model, objective):
    found = locate(
        costs=np.full((3, 5), 99.0), model=model, p=1, radius_m=30, required=[4], forbidden=[0]
    )
    assert list(found.chosen.index) == [4]
    assert (found.objective, found.bound) == (objective, objective)
    assert len(found.uncoverable) == 3


def test_the_sentence_tells_new_sites_from_existing_ones(demand, sites):
    found = locate(demand, sites, model="mclp", p=1, radius_m=150, existing=[sites.index[0]])
    assert "1 sites besides 1 existing" in str(found)


def test_the_clock_ends_the_search_with_a_bound():
    chance = np.random.default_rng(5)
    costs = np.hypot(*(chance.random((3000, 1, 2)) - chance.random((1, 300, 2))).transpose(2, 0, 1))
    found = locate(
        costs=costs, p=12, radius_m=0.15, weight=chance.integers(1, 100, 3000), time_limit_s=0.3
    )
    assert found.status == "feasible"
    assert found.stopped_by == "time"
    assert 0 < found.gap < 0.2
    assert found.bound > found.objective
