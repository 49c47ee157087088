"""Shadow prices: what a limit costs, on districts small enough to see the answer."""

import dataclasses
import sys

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import LineString

from renewal_geo.contiguity import Contiguity
from renewal_geo.foundation.errors import InputError
from renewal_geo.zones import delineate, prices
from renewal_geo.zones.crossings import crossings_of, with_links
from renewal_geo.zones.listing import all_zones
from renewal_geo.zones.price_texts import sentence
from renewal_geo.zones.problem import zone_value
from renewal_geo.zones.repertoire import Repertoire, keeps, merged, weighed

EAST, NORTH = 500_000.0, 2_500_000.0


def wall(x):
    line = LineString([(EAST + x, NORTH - 3000), (EAST + x, NORTH + 3000)])
    return gpd.GeoDataFrame({"kind": ["river"], "width_m": [4.0]}, geometry=[line], crs="EPSG:4547")


@pytest.fixture(scope="module")
def strip(lattice, chosen_by):
    """5 4 3 2 1, of which three hectares are taken."""
    parcels = lattice("MMMMM", score=[5.0, 4.0, 3.0, 2.0, 1.0])
    return chosen_by(parcels, value="score", area_budget_ha=3.0)


@pytest.fixture(scope="module")
def banks(lattice, chosen_by):
    """Two hectares on either bank; a zone needs three."""
    parcels = lattice("MMMM")
    parcels["geometry"] = parcels.translate(xoff=0)
    east = parcels.index.isin(["r0c2", "r0c3"])
    parcels.loc[east, "geometry"] = parcels.loc[east].translate(xoff=10.0)
    more = lattice("MMM", score=1.0)
    more["geometry"] = more.translate(xoff=1000.0)
    more.index = [f"s{k}" for k in range(3)]
    both = pd.concat([parcels, more]).assign(score=1.0).rename_axis("parcel_id")
    return chosen_by(both, barriers=wall(205.0), value="score", min_area_ha=3.0)


def test_a_bridge_between_two_banks(banks):
    """Only the three hectares aside make a zone; a bridge would make one of four more."""
    assert banks.objective == pytest.approx(3)
    priced = prices(banks, workers=1, lang="en")
    row = priced.table.loc["barrier_01"]
    assert row["gain_found"] == pytest.approx(4)
    assert row["gain_at_most"] == pytest.approx(4, abs=1e-6)
    assert "river between r0c1 and r0c2" in row["sentence_en"]
    assert "跨越" in row["sentence_zh"]
    place = priced.barriers.loc["barrier_01"]
    assert (place["focal"], place["neighbour"]) == ("r0c1", "r0c2")
    assert place.geometry.length == pytest.approx(10, abs=0.01)
    assert priced.barriers.crs == banks.found.parcels.crs
    assert "crossing" in str(priced).lower()


def test_the_problem_with_the_bridge_is_that_without_the_barrier(banks, chosen_by):
    """Outlines too: what faced the barrier faces the other bank."""
    free = chosen_by(banks.found.parcels, value="score", min_area_ha=3.0).found.problem
    problem = banks.found.problem
    ids = banks.found.table.index[banks.found.order]
    own = banks.found.links.own_boundary_m.reindex(ids).to_numpy(dtype=float)
    (place,) = crossings_of(banks)
    bridged = with_links(problem, place.pairs, place.frontage, own)
    assert bridged.pairs.tolist() == free.pairs.tolist()
    for zone in all_zones(free):
        one, other = (dataclasses.replace(p, boundary_weight=1.0) for p in (bridged, free))
        assert zone_value(one, zone) == pytest.approx(zone_value(other, zone), abs=0.1)


def test_no_crossing_tried_none_priced(banks):
    priced = prices(banks, crossings=0, workers=1, lang="en")
    assert len(priced.barriers) == 0
    assert any("crossed in 1 places; the 0 with" in note for note in priced.notes)


def test_budget_both_ways(strip):
    """Of a strip the next parcel is worth 2, but a hundredth of it cannot be had."""
    table = prices(strip, workers=1).table
    up, down = table.loc["budget_up"], table.loc["budget_down"]
    assert (up["step"], down["step"]) == pytest.approx((0.03, -0.03))
    assert up["gain_found"] == 0
    assert up["gain_at_most"] == pytest.approx(0.06, abs=0.02)
    assert down["gain_at_most"] == pytest.approx(3)
    assert 0 < down["gain_found"] <= 3
    assert "at least 0 (zones found)" in up["sentence_en"]


def test_what_locks_cost(lattice, chosen_by):
    zones = chosen_by(
        lattice("MMMMM", score=[1.0, 1.0, 1.0, -4.0, 9.0]),
        value="score",
        lock_in=["r0c3"],
        lock_out=["r0c4", "r0c4"],
    )
    assert zones.objective == pytest.approx(-1)
    table = prices(zones, workers=1).table
    assert table.loc["lock_in_r0c3", "gain_found"] == pytest.approx(4)
    assert table.loc["lock_in_r0c3", "gain_at_most"] == pytest.approx(4, abs=1e-6)
    assert table.loc["lock_out_r0c4", "gain_found"] == pytest.approx(9)
    assert table.loc["lock_out_r0c4", "gain_at_most"] == pytest.approx(9, abs=1e-6)
    assert table.index.is_unique


def test_a_lock_on_what_is_out_anyway_buys_nothing(lattice, chosen_by):
    parcels = lattice("MMR", score=[1.0, 1.0, 5.0])
    zones = chosen_by(parcels, value="score", pool="land_use == 'M'", lock_out=["r0c2"])
    row = prices(zones, workers=1).table.loc["lock_out_r0c2"]
    assert (row["gain_found"], row["gain_at_most"]) == (0, 0)
    assert "buy nothing" in row["sentence_en"]


def test_a_lock_whose_share_is_missing_is_not_priced(lattice, chosen_by):
    parcels = lattice("MMM", legal=[0.9, 0.9, np.nan])
    zones = chosen_by(
        parcels, shares={"legal": "legal"}, min_share={"legal": 0.5}, lock_out=["r0c2"]
    )
    priced = prices(zones, workers=1, lang="en")
    row = priced.table.loc["lock_out_r0c2"]
    assert np.isnan(row["gain_found"])
    assert "not priced" in row["sentence_en"]
    assert "未计价" in row["sentence_zh"]
    assert not priced.late
    assert not any("in time" in note and "bound only" in note for note in priced.notes)


def test_more_locks_than_are_priced(lattice, chosen_by):
    ids = [f"r0c{k}" for k in range(30)]
    zones = chosen_by(
        lattice("M" * 30, side=50.0), min_area_ha=0.2, lock_in=ids[:20], lock_out=ids[24:]
    )
    priced = prices(zones, workers=1, lang="en")
    assert priced.table["kind"].isin(["lock_in", "lock_out"]).sum() == 24
    assert any("26 parcels are locked; the first 24" in note for note in priced.notes)


def test_hostile_ids_stay_whole(lattice, chosen_by):
    names = {"r0c0": "{x}", "r0c1": "{name}", "r0c2": "{0}%s", "r0c3": "a{"}
    parcels = lattice("MMMM", score=[1.0, 1.0, -2.0, 2.0]).rename(index=names)
    zones = chosen_by(parcels, value="score", lock_in=["{0}%s"], lock_out=["a{"])
    table = prices(zones, workers=1).table
    for lang in ("zh", "en"):
        assert "{0}%s" in table.loc["lock_in_{0}%s", f"sentence_{lang}"]
        assert "a{" in table.loc["lock_out_a{", f"sentence_{lang}"]


def test_hostile_ids_beside_a_barrier(lattice, chosen_by):
    parcels = lattice("MM", spacing=110).rename(index={"r0c0": "{x}", "r0c1": "{"})
    zones = chosen_by(parcels, barriers=wall(105.0))
    row = prices(zones, workers=1).table.loc["barrier_01"]
    assert "{ and {x}" in row["sentence_en"] or "{x} and {" in row["sentence_en"]


def test_a_larger_limit_that_joins_zones_leaves_too_few(lattice, chosen_by):
    """Two zones of 2 ha touch; at 4.4 ha they would have to be one, and two are asked for."""
    zones = chosen_by(lattice("MMMM"), min_area_ha=2.0, max_area_ha=3.7, min_zones=2)
    assert len(zones.zones) == 2
    changed = dataclasses.replace(zones.found.problem, max_area=4.07)
    assert keeps(zones.found.problem, weighed(zones.found.problem, zones.answer.zones))
    assert not keeps(changed, weighed(changed, zones.answer.zones))
    row = prices(zones, workers=1).table.loc["max_area"]
    assert row["gain_found"] == 0


def test_joined_zones_save_their_common_border(lattice, chosen_by):
    """The same without a number of zones: at a larger limit they are one, and 2 x 100 m of outline are saved."""
    zones = chosen_by(lattice("MMMM"), min_area_ha=2.0, max_area_ha=3.7, boundary_weight=0.001)
    assert zones.objective == pytest.approx(4 - 1.2)
    row = prices(zones, workers=1).table.loc["max_area"]
    assert row["gain_found"] == pytest.approx(0.2)
    problem = dataclasses.replace(zones.found.problem, max_area=4.07)
    assert len(merged(problem, zones.answer.zones)) == 1


def test_given_links_know_no_barriers(lattice):
    parcels = lattice("MM")
    table = pd.DataFrame({"focal": ["r0c0"], "neighbour": ["r0c1"], "frontage_m": [100.0]})
    zones = delineate(parcels, Contiguity.from_links(table, parcels), min_area_ha=1.0, workers=1)
    assert any("given" in note for note in prices(zones, workers=1, lang="en").notes)


@pytest.mark.parametrize(
    "given",
    [
        {"time_limit_s": -1.0},
        {"time_limit_s": np.inf},
        {"crossings": -1},
        {"workers": 0},
        {"lang": "de"},
    ],
)
def test_meaningless_questions_are_errors(strip, given):
    with pytest.raises(InputError) as caught:
        prices(strip, **given)
    assert caught.value.where == "prices"
    assert caught.value.fix


@pytest.mark.parametrize(("lang", "said"), [("zh", "没有片区"), ("en", "no zones")])
def test_no_zones_no_prices(lattice, chosen_by, lang, said):
    priced = prices(chosen_by(lattice("MM"), min_area_ha=9.0), lang=lang)
    assert len(priced.table) == len(priced.barriers) == 0
    assert said in priced.notes[0]
    assert "no prices" in str(priced)


def test_out_of_time_is_said(strip):
    priced = prices(strip, time_limit_s=1e-6, workers=1, lang="en")
    assert priced.late
    assert any("time is out" in note for note in priced.notes)
    assert (priced.table["gain_at_most"].dropna() >= 0).all()
    assert "bounded" in str(priced) or "priced" in str(priced)


def test_a_search_cut_short_is_said(strip, monkeypatch):
    # the package has the verb under the module's name
    monkeypatch.setattr(sys.modules[prices.__module__], "PACK_SHARE", 1.0)
    priced = prices(strip, workers=1)
    assert priced.late
    assert priced.table["gain_found"].notna().all()


def test_rows_and_workers_change_nothing(lattice, chosen_by):
    parcels = lattice("MMMM", "MMMM", score=[3.0, 1.0, -1.0, 2.0, 0.5, -2.0, 1.5, 1.0])
    limits = {
        "value": "score",
        "area_budget_ha": 4.0,
        "min_area_ha": 2.0,
        "lock_out": ["r1c1"],
        "boundary_weight": 0.001,
    }
    one = prices(chosen_by(parcels, **limits), workers=1)
    other = prices(chosen_by(parcels.iloc[::-1], **limits), workers=2)
    assert not one.late
    pd.testing.assert_frame_equal(one.table, other.table)


def test_notes_in_both_languages(strip):
    zh, en = (prices(strip, workers=1, lang=lang).notes for lang in ("zh", "en"))
    assert len(zh) == len(en)
    assert all(note.isascii() for note in en if "“" not in note)
    assert not any(note.isascii() for note in zh)


def test_sentences_for_what_was_not_found():
    assert "no zones were found" in sentence("en", "budget", 1.0, np.nan, 2.0, 0.0, name="")
    assert "at least 1.00 (proven)" in sentence("en", "budget", -1.0, 1.0, np.nan, 0.0, name="")
    assert sentence("en", "budget", 0.012, 0.0, 1.0, 0.0, name="").startswith("0.012 ha")
    assert "of which 0.50 is open" in sentence("en", "budget", 1.0, 0.0, 1.0, 0.5, name="")


def test_a_repertoire_holds_each_zone_once(strip):
    problem = strip.found.problem
    known = Repertoire(problem, [np.array([0]), np.array([0]), np.array([0, 1])])
    assert len(known) == 2
    best, closed = known.best(problem)
    assert closed
    assert best.net_value == pytest.approx(max(problem.value[:1].sum(), problem.value[:2].sum()))
    none = dataclasses.replace(problem, locked=np.arange(problem.size) == 4)
    assert known.best(none) == (None, True)
