"""The units of the sample district are drawn as planners draw them, and a screening finds what was planted in them."""

import datetime as dt

import pandas as pd
import pytest

from renewal_geo import io
from renewal_geo.spatial.networks import network_of
from renewal_geo.workflow.screenings import screened

INVENTED = "虚构样例自定，仅供演示，未核对原文"


@pytest.fixture(scope="module")
def study(sample_study_folder):
    return io.open_study(sample_study_folder)


@pytest.fixture(scope="module")
def planted(sample_study_folder):
    table = pd.read_csv(sample_study_folder / "planted_verdicts.csv", dtype={"meets": str})
    return table.fillna({"meets": ""})


@pytest.fixture(scope="module")
def found(study, planted):
    return {day: screened(study, dt.date.fromisoformat(day)) for day in planted["day"].unique()}


def test_the_three_ranges_lie_inside_one_another(study):
    units, ranges = study.table("units"), study.table("demolition_ranges")
    land, lots = study.table("development_land"), study.table("odd_lots")
    assert (units["renewal_type"] == "综合整治类").sum() == 2
    assert len(ranges) == 10
    own = ranges.geometry
    assert (own.difference(units.geometry.reindex(own.index)).area < 1.0).all()
    assert (land.geometry.difference(own.reindex(land.index)).area < 1.0).all()
    within = lots.geometry.difference(land.geometry.reindex(lots["unit_id"]).set_axis(lots.index))
    assert (within.area < 1.0).all()
    assert set(lots["kind"]) == {"边角地", "夹心地", "插花地"}


def test_the_streets_are_one_network(study):
    assert int(network_of(study.table("roads")).component.max()) == 0


def test_holders_are_ids_without_a_name_and_their_shares_add_up(study):
    holders = study.table("holders")
    assert holders.index.str.fullmatch(r"QL\d{5}").all()
    shares = holders.groupby("parcel_id")["share"].sum()
    assert shares.to_numpy() == pytest.approx(1.0, abs=1e-4)
    assert set(holders["parcel_id"]) <= set(study.parcels.index)
    assert set(holders["ownership"]) == {"单独", "共同共有", "按份共有", "区分所有"}


def test_three_buildings_in_units_have_no_year_an_impossible_one_and_a_future_one(study):
    built, units = study.table("buildings"), study.table("units")
    spots = built.geometry.representative_point()
    for unit, year in {"XG01": 2031.0, "XG05": 1389.0, "XG07": float("nan")}.items():
        years = built["built_year"][spots.within(units.geometry[unit])].astype(float)
        assert years.isna().sum() == 1 if pd.isna(year) else (years == year).sum() == 1


def test_every_value_that_the_study_sets_says_that_it_is_invented(study):
    entries = [one for many in study.settings["rules"]["set"].values() for one in many]
    assert len(entries) == 6
    assert {one["because"] for one in entries} == {INVENTED}


def test_a_screening_finds_every_planted_verdict(found, planted):
    assert len(planted) > 100
    for row in planted.itertuples():
        table = found[row.day].comparisons
        mine = table[(table["unit_id"] == row.unit_id) & (table["rule_id"] == row.rule_id)]
        mine = mine[mine["criterion"] == row.criterion]
        assert len(mine) == 1, row
        one = mine.iloc[0]
        assert one["status"] == row.status, row
        assert one["meets"] is {"true": True, "false": False, "": None}[row.meets], row
        assert one["figure"] == pytest.approx(row.figure, abs=1.0 if row.figure > 1 else 2e-4), row


def test_a_small_lot_is_excused_only_by_advice(found):
    area = found["2020-06-30"].findings.set_index(["unit_id", "criterion"]).loc[("XG10", "area")]
    assert area["status"] == "advisory"


def test_the_verdicts_of_the_units_on_the_reports_day(found):
    verdicts = found["2020-06-30"].units["verdict"]
    assert set(verdicts[verdicts == "fail"].index) == {"XG02", "XG05", "XG09", "XG12"}
    assert not (verdicts == "pass").any()  # too many values are still unread
