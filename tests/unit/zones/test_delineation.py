"""What a delineation chooses, on districts small enough to see the answer."""

import importlib

import geopandas as gpd
import pandas as pd
import pytest
from shapely import LineString, Point, box

from renewal_geo.contiguity import Contiguity, connect
from renewal_geo.foundation.errors import CRSError, InputError
from renewal_geo.zones import delineate

EAST, NORTH = 500_000.0, 2_500_000.0
ZONE_COLUMNS = [
    "zone_name", "sub_districts", "area_m2", "area_ellipsoidal_m2", "gross_area_m2", "parcel_count",
    "value", "net_value", "outline_m", "perimeter_m", "compactness",
]  # fmt: skip


def members(zones):
    """Zones as sets of parcel ids, by zone id."""
    table = zones.membership.dropna()
    return {zone: set(table.index[table == zone]) for zone in zones.zones.index}


def wall(x, low=-2000, high=2000, kind="river"):
    line = LineString([(EAST + x, NORTH + low), (EAST + x, NORTH + high)])
    return gpd.GeoDataFrame({"kind": [kind], "width_m": [10.0]}, geometry=[line], crs="EPSG:4547")


def test_everything_without_a_budget(lattice, chosen_by):
    zones = chosen_by(lattice("MMM", "MMM"))
    assert list(members(zones)) == ["Z01"]
    assert len(members(zones)["Z01"]) == 6
    assert zones.status == "optimal"
    assert zones.objective == pytest.approx(6)
    assert zones.bound >= zones.objective
    assert zones.gap <= 1e-6
    row = zones.zones.loc["Z01"]
    assert set(ZONE_COLUMNS) <= set(zones.zones.columns)
    assert row["area_m2"] == pytest.approx(60_000)
    assert row["area_ellipsoidal_m2"] == pytest.approx(60_000, rel=0.01)
    assert row["outline_m"] == pytest.approx(1000, rel=0.01)
    assert row["parcel_count"] == 6
    assert row.geometry.area == pytest.approx(60_000)
    assert zones.zones.index.name == "zone_id"
    assert "ha" in str(zones)
    assert "\n" not in str(zones)


def test_budget_takes_the_dearest_connected_land(lattice, chosen_by):
    """The two nines lie apart: 9 1 1 9 on a strip; two hectares connected are worth 10 at best."""
    zones = chosen_by(
        lattice("MMMM", score=[9.0, 1.0, 1.0, 9.0]),
        value="score",
        area_budget_ha=2.0,
        min_area_ha=2.0,
    )
    assert zones.objective == pytest.approx(10)
    assert zones.zones["area_m2"].sum() <= 20_000 + 1e-6


def test_zones_by_decreasing_net_value(lattice, chosen_by):
    parcels = lattice("MM..MM", "MM..MM", score=[1.0, 1.0, 5.0, 5.0] * 2)
    zones = chosen_by(parcels, value="score")
    assert list(zones.zones.index) == ["Z01", "Z02"]
    assert members(zones)["Z01"] == {"r0c4", "r0c5", "r1c4", "r1c5"}
    assert zones.zones["net_value"].tolist() == pytest.approx([20, 4])
    assert zones.objective == pytest.approx(zones.zones["net_value"].sum())


def test_barrier_parts_and_bridge_joins(lattice, chosen_by):
    parcels = lattice("MM", spacing=120)
    assert len(chosen_by(parcels, min_area_ha=2.0).zones) == 1
    apart = chosen_by(parcels, barriers=wall(110))
    assert len(apart.zones) == 2


def test_value_less_the_outline(lattice, chosen_by):
    zones = chosen_by(lattice("MM", "MM"), boundary_weight=0.001)
    assert zones.objective == pytest.approx(4 - 0.8)
    row = zones.zones.loc["Z01"]
    assert (row["value"], row["net_value"]) == pytest.approx((4, 3.2))


def test_locks(lattice, chosen_by):
    parcels = lattice("MMMM", score=[5.0, 1.0, 1.0, 5.0])
    limits = {"value": "score", "area_budget_ha": 2.0, "min_area_ha": 2.0}
    kept = chosen_by(parcels, lock_in=["r0c1", "r0c2"], **limits)
    assert kept.objective == pytest.approx(2)
    without = chosen_by(parcels, lock_out=["r0c0"], **limits)
    assert members(without)["Z01"] == {"r0c2", "r0c3"}
    assert without.reasons.loc["r0c0", "reason"] == "locked_out"


def test_locks_by_area(lattice, chosen_by):
    """The pilot covers 60 % of the second parcel and 40 % of the third."""
    pilot = gpd.GeoDataFrame(
        geometry=[box(EAST + 140, NORTH - 100, EAST + 240, NORTH)], crs="EPSG:4547"
    )
    parcels = lattice("MMMM", score=[5.0, -1.0, -9.0, 5.0])
    zones = chosen_by(parcels, value="score", lock_in_areas=pilot)
    assert zones.reasons.loc["r0c1", "reason"] == "chosen"
    assert zones.reasons.loc["r0c2", "reason"] != "chosen"


def test_units_stay_whole(lattice, chosen_by):
    parcels = lattice("MMMM", score=[5.0, 3.0, 2.0, -4.0], unit_id=["", "u", "u", "u"])
    zones = chosen_by(parcels, value="score", keep_together="unit_id")
    taken = zones.membership.notna()
    assert taken[["r0c1", "r0c2", "r0c3"]].nunique() == 1
    assert zones.objective == pytest.approx(6)


def test_missing_unit_is_no_unit(lattice, chosen_by):
    parcels = lattice("MMM", score=[5.0, -3.0, -2.0], unit_id=[None, None, None])
    zones = chosen_by(parcels, value="score", keep_together="unit_id")
    assert members(zones) == {"Z01": {"r0c0"}}


def test_share_binds_per_zone(lattice, chosen_by):
    """M M R R R: at 0.5 industrial at most as many R as M."""
    zones = chosen_by(
        lattice("MMRRR"), shares={"industrial": "land_use == 'M'"}, min_share={"industrial": 0.5}
    )
    assert zones.objective == pytest.approx(4)
    assert zones.zones["share_industrial"].tolist() == pytest.approx([0.5])
    assert "share_industrial_gross" in zones.zones.columns


def test_share_from_a_column(lattice, chosen_by):
    parcels = lattice("MMM", share_legal=[1.0, 0.4, 0.0])
    zones = chosen_by(parcels, shares={"legal": "share_legal"}, min_share={"legal": 0.7})
    assert zones.objective == pytest.approx(2)
    assert zones.zones["share_legal"].iloc[0] == pytest.approx(0.7)


def test_filler_makes_a_zone_whole(lattice, chosen_by):
    parcels = lattice("MGM", score=[2.0, 0.0, 2.0])
    limits = {"pool": "land_use == 'M'", "value": "score", "min_area_ha": 3.0}
    assert chosen_by(parcels, **limits).status == "infeasible"
    whole = chosen_by(parcels, filler="land_use == 'G'", **limits)
    assert whole.objective == pytest.approx(4)
    assert whole.parcels.loc["r0c1", "is_filler"]
    assert not whole.parcels.loc["r0c1", "in_pool"]
    assert whole.zones["area_m2"].sum() == pytest.approx(30_000)


def test_largest_area_forbids_the_union_only(lattice, chosen_by):
    """Eight hectares in a strip, zones of 3 to 5: two zones may touch, for their union would be 8."""
    zones = chosen_by(lattice("MMMMMMMM"), min_area_ha=3.0, max_area_ha=5.0)
    areas = zones.zones["area_m2"] / 1e4
    assert areas.between(3 - 1e-9, 5 + 1e-9).all()
    assert zones.objective <= zones.bound + 1e-9
    small = chosen_by(lattice("MMMM"), min_area_ha=2.0, max_area_ha=5.0)
    assert len(small.zones) == 1


def test_number_of_zones(lattice, chosen_by):
    parcels = lattice("MM..MM..MM", score=[1.0, 1.0, 2.0, 2.0, 3.0, 3.0])
    assert chosen_by(parcels, value="score", max_zones=2).objective == pytest.approx(10)
    assert len(chosen_by(parcels, value="score", min_zones=3).zones) == 3


def test_best_answer_may_be_no_zone(lattice, chosen_by):
    zones = chosen_by(lattice("MM", score=[-1.0, -1.0]), value="score")
    assert zones.status == "optimal"
    assert zones.objective == 0
    assert len(zones.zones) == 0
    assert set(ZONE_COLUMNS) <= set(zones.zones.columns)
    assert zones.membership.isna().all()
    assert "no zone" in str(zones).lower()


UNANSWERABLE = {
    "no component reaches the smallest area": {"min_area_ha": 5.0},
    "a lock lies where no zone can reach": {"min_area_ha": 3.0, "lock_in": ["r0c5"]},
    "locks alone exceed the budget": {"area_budget_ha": 3.0, "min_area_ha": 1.0, "lock_in": ["r0c0", "r0c1", "r0c2", "r0c3"]},
    "more zones than there is room for": {"min_area_ha": 2.0, "min_zones": 9},
    "no part meets the share": {"min_area_ha": 2.0, "shares": {"x": "land_use == 'R'"}, "min_share": {"x": 0.9}},
}  # fmt: skip


@pytest.mark.parametrize("limits", UNANSWERABLE.values(), ids=UNANSWERABLE.keys())
def test_questions_without_an_answer_are_results(lattice, chosen_by, limits):
    zones = chosen_by(lattice("MMMM.R"), **limits)
    assert zones.status == "infeasible"
    assert zones.objective is None
    assert zones.bound is None
    assert zones.gap is None
    assert zones.conflict
    assert len(zones.zones) == 0
    assert len(zones.reasons) == 5
    assert not (zones.reasons["reason"] == "chosen").any()
    assert "\n" not in str(zones)


def test_excluded_lock_has_no_answer(lattice, chosen_by):
    farmland = gpd.GeoDataFrame(
        {"kind": ["permanent_farmland"]},
        geometry=[box(EAST, NORTH - 100, EAST + 50, NORTH)],
        crs="EPSG:4547",
    )
    zones = chosen_by(lattice("MM"), exclusions=farmland, lock_in=["r0c0"])
    assert zones.status == "infeasible"
    assert "r0c0" in repr(zones.conflict)


MEANINGLESS = {
    "smallest above largest": {"min_area_ha": 5.0, "max_area_ha": 3.0},
    "budget below smallest": {"min_area_ha": 5.0, "area_budget_ha": 3.0},
    "negative budget": {"area_budget_ha": -1.0},
    "budget is no number": {"area_budget_ha": float("nan")},
    "negative area": {"min_area_ha": -1.0},
    "area is no number": {"min_area_ha": float("nan")},
    "endless area": {"min_area_ha": float("inf")},
    "negative weight": {"boundary_weight": -0.1},
    "unknown lock": {"lock_in": ["nobody"]},
    "unknown lock out": {"lock_out": ["nobody"]},
    "in and out": {"lock_in": ["r0c0"], "lock_out": ["r0c0"]},
    "empty pool": {"pool": "land_use == 'Z'"},
    "share above one": {"shares": {"m": "land_use == 'M'"}, "min_share": {"m": 1.2}},
    "share never defined": {"min_share": {"green": 0.2}},
    "more least than most zones": {"min_zones": 3, "max_zones": 2},
    "no time": {"time_limit_s": -1.0},
    "negative gap": {"gap": -0.1},
    "unknown mode": {"exclusion_mode": "burn"},
    "unknown value": {"value": "scorr"},
    "unknown unit column": {"keep_together": "unitt"},
}  # fmt: skip


@pytest.mark.parametrize("limits", MEANINGLESS.values(), ids=MEANINGLESS.keys())
def test_meaningless_questions_are_errors(lattice, chosen_by, limits):
    with pytest.raises(InputError) as fault:
        chosen_by(lattice("MMM", score=1.0), **limits)
    assert fault.value.exit_code == 3
    assert fault.value.fix


@pytest.mark.parametrize("bad", [1.5, -0.1, None])
def test_shares_lie_between_nothing_and_all(lattice, chosen_by, bad):
    parcels = lattice("MMM", legal=[1.0, bad, 1.0])
    with pytest.raises(InputError, match="r0c1|legal"):
        chosen_by(parcels, shares={"legal": "legal"}, min_share={"legal": 0.5})


def test_missing_values_are_named(lattice, chosen_by):
    with pytest.raises(InputError) as fault:
        chosen_by(lattice("MMM", score=[1.0, None, 2.0]), value="score")
    assert "r0c1" in str(fault.value)


def test_missing_value_outside_the_pool_is_no_fault(lattice, chosen_by):
    parcels = lattice("MMR", score=[1.0, 1.0, None])
    assert chosen_by(parcels, pool="land_use == 'M'", value="score").objective == pytest.approx(2)


def test_duplicate_ids_stop_it(lattice):
    parcels = lattice("MM")
    links = connect(parcels)
    with pytest.raises(InputError, match="more than once") as fault:
        delineate(pd.concat([parcels, parcels]), links, min_area_ha=1.0)
    assert "repair" in fault.value.fix


def test_degrees_measure_nothing(lattice):
    parcels = lattice("MM")
    with pytest.raises(CRSError):
        delineate(parcels.to_crs(4490), connect(parcels), min_area_ha=1.0)


def test_points_are_no_parcels(lattice, chosen_by):
    parcels = lattice("MMM")
    parcels.loc["r0c2", "geometry"] = Point(EAST, NORTH)
    zones = chosen_by(parcels)
    assert zones.reasons.loc["r0c2", "reason"] == "invalid"
    assert zones.objective == pytest.approx(2)


def test_links_given_by_others(lattice):
    parcels = lattice("M.M", "M.M")
    table = pd.DataFrame({"focal": ["r0c0", "r0c0"], "neighbour": ["r0c2", "r1c0"]})
    links = Contiguity.from_links(table, parcels)
    zones = delineate(parcels, links, min_area_ha=3.0, gap=0.0, workers=1)
    assert members(zones) == {"Z01": {"r0c0", "r0c2", "r1c0"}}
    assert "given" in repr(zones.certificate)


def test_pool_from_its_column(lattice, chosen_by):
    assert chosen_by(lattice("MMM", in_pool=[True, True, False])).objective == pytest.approx(2)


def test_order_of_rows_does_not_matter(lattice, chosen_by):
    parcels = lattice("MMMM", "MRRM", "MM.M", score=[3.0, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5])
    limits = {"value": "score", "area_budget_ha": 6.0, "min_area_ha": 2.0}
    one = chosen_by(parcels, **limits)
    other = chosen_by(parcels.iloc[::-1], **limits)
    assert members(one) == members(other)
    assert one.objective == other.objective
    pd.testing.assert_series_equal(
        one.reasons["reason"].sort_index(), other.reasons["reason"].sort_index()
    )


def test_the_callers_tables_stay_as_they_are(lattice, chosen_by):
    parcels = lattice("MMM", score=[1.0, 2.0, 3.0])
    before = parcels.copy()
    chosen_by(parcels, value="score", area_budget_ha=2.0)
    pd.testing.assert_frame_equal(parcels, before)


def test_original_columns_are_kept(lattice, chosen_by):
    zones = chosen_by(lattice("MM", 备注=["甲", "乙"]))
    assert zones.parcels["备注"].tolist() == ["甲", "乙"]
    wanted = {
        "in_pool",
        "is_filler",
        "area_m2",
        "value",
        "value_total",
        "zone_id",
        "reason",
        "reason_text",
    }
    assert wanted <= set(zones.parcels.columns)


def test_sub_districts_name_the_zones(lattice, chosen_by):
    streets = gpd.GeoDataFrame(
        {"name": ["坪地", "宝龙"]},
        geometry=[
            box(EAST, NORTH - 100, EAST + 90, NORTH),
            box(EAST + 90, NORTH - 100, EAST + 200, NORTH),
        ],
        crs="EPSG:4547",
    )
    zones = chosen_by(lattice("MM"), sub_districts=streets, lang="zh")
    assert zones.zones.loc["Z01", "sub_districts"] == "宝龙；坪地"
    assert "Z01" in zones.zones.loc["Z01", "zone_name"]
    assert "宝龙" in zones.zones.loc["Z01", "zone_name"]


WIDE = ["MMMMMMMMMM"] * 4  # forty parcels: too many to be listed, so the search itself answers


def test_no_zone_is_proven_best_in_a_larger_district_too(lattice, chosen_by):
    for limits in ({"value": -1.0}, {"value": 1.0, "boundary_weight": 1.0}):
        zones = chosen_by(lattice(*WIDE), min_area_ha=3.0, **limits)
        assert (zones.status, zones.objective, zones.gap) == ("optimal", 0, 0)


def test_many_zones_are_found_where_many_are_asked_for(lattice, chosen_by):
    """One zone of all forty would be worth most: four that keep apart are asked for."""
    limits = {"min_area_ha": 2.0, "max_area_ha": 6.0, "min_zones": 4, "area_budget_ha": 20.0}
    zones = chosen_by(lattice(*WIDE), time_limit_s=3.0, gap=0.5, **limits)
    assert zones.status != "infeasible"
    assert len(zones.zones) >= 4


def test_locks_hold_in_a_larger_district(lattice, chosen_by):
    """The four corners are locked in; at least four zones, or one that reaches round."""
    corners = ["r0c0", "r0c9", "r3c0", "r3c9"]
    zones = chosen_by(
        lattice(*WIDE),
        lock_in=corners,
        min_area_ha=3.0,
        area_budget_ha=14.0,
        time_limit_s=3.0,
        gap=0.2,
    )
    assert zones.status != "infeasible"
    assert zones.membership[corners].notna().all()


def test_candidates_that_are_all_locked_out(lattice, chosen_by):
    parcels = lattice("MM")
    zones = chosen_by(parcels, lock_out=list(parcels.index))
    assert zones.status == "infeasible"
    assert (zones.reasons["reason"] == "locked_out").all()


def test_a_search_begins_with_the_zones_of_an_earlier_one(lattice, chosen_by, monkeypatch):
    parcels = lattice("MMMMMM", "MMMMMM", score=[float(n % 7) for n in range(12)])
    limits = {"value": "score", "area_budget_ha": 5.0, "min_area_ha": 2.0}
    earlier = chosen_by(parcels, **limits)
    given = []

    def watched(problem, *, warm=(), **terms):
        given.extend(warm)
        return solve(problem, warm=warm, **terms)

    # rows in another order, a stranger locked out so that the nodes are others: zones go by id
    again, out = parcels.iloc[::-1], earlier.membership.index[earlier.membership.isna()][0]
    module = importlib.import_module("renewal_geo.zones.delineation")
    solve = module.solve
    monkeypatch.setattr(module, "solve", watched)
    found = chosen_by(again, **limits, lock_out=[out], begin_with=earlier)
    before, now = (one.found.table.index[one.found.order] for one in (earlier, found))
    known = {frozenset(before[zone]) for zone in (*earlier.answer.zones, *earlier.answer.pool)}
    assert {frozenset(now[zone]) for zone in given} == {one for one in known if out not in one}
    count = len(given)
    assert count
    assert found.objective >= earlier.objective - 1e-9
    chosen_by(
        parcels, **limits, lock_out=[earlier.membership.dropna().index[0]], begin_with=earlier
    )
    assert len(given) == count  # they hold the parcel that is locked out now
