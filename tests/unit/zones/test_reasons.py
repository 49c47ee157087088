"""One reason per parcel, planted one by one."""

import geopandas as gpd
import pytest
from shapely import LineString, Polygon, box

EAST, NORTH = 500_000.0, 2_500_000.0
CODES = [
    "invalid", "ground", "locked_out", "excluded", "chosen", "not_in_pool", "isolated", "cut_off",
    "share", "budget", "low_value", "undecided",
]  # fmt: skip


def reason(zones, parcel):
    row = zones.reasons.loc[parcel]
    assert row["reason_text"], f"{parcel} has a code but no sentence"
    assert zones.parcels.loc[parcel, "reason"] == row["reason"]
    return row["reason"]


def test_every_parcel_has_one(lattice, chosen_by):
    parcels = lattice("MMR", "M.R")
    zones = chosen_by(parcels, pool="land_use == 'M'")
    assert zones.reasons.index.tolist() == parcels.index.tolist()
    assert zones.reasons["reason"].isin(CODES).all()
    assert zones.reasons["reason_text"].str.len().gt(0).all()


def test_invalid_ground_and_out_of_pool(lattice, chosen_by):
    parcels = lattice("MMLR", "MM..")
    bow = [
        (EAST, NORTH - 200),
        (EAST + 100, NORTH - 100),
        (EAST + 100, NORTH - 200),
        (EAST, NORTH - 100),
    ]
    parcels.loc["r1c0", "geometry"] = Polygon(bow)
    zones = chosen_by(
        parcels, ground="land_use == 'L'", pool="land_use in ['M', 'L']", lock_out=["r1c1"]
    )
    assert reason(zones, "r1c0") == "invalid"
    assert reason(zones, "r0c2") == "ground"
    assert reason(zones, "r0c3") == "not_in_pool"
    assert reason(zones, "r1c1") == "locked_out"
    assert reason(zones, "r0c0") == "chosen"


def test_excluded_says_what_and_how_much(lattice, chosen_by):
    line = gpd.GeoDataFrame(
        {"kind": ["eco_control_line"]},
        geometry=[box(EAST + 170, NORTH - 100, EAST + 300, NORTH)],
        crs="EPSG:4547",
    )
    zones = chosen_by(lattice("MM"), exclusions=line)
    assert reason(zones, "r0c1") == "excluded"
    text = zones.reasons.loc["r0c1", "reason_text"]
    assert "eco_control_line" in text or "eco" in text.lower()
    assert "3,000" in text or "3000" in text


def test_isolated_and_cut_off(lattice, chosen_by):
    """A small parcel far away can never be a zone; one behind the river could, were it not there."""
    river = gpd.GeoDataFrame(
        {"kind": ["river"], "width_m": [10.0]},
        geometry=[LineString([(EAST + 310, NORTH + 50), (EAST + 310, NORTH - 150)])], crs="EPSG:4547",
    )  # fmt: skip
    zones = chosen_by(lattice("MMMM.....M"), barriers=river, min_area_ha=3.0)
    assert zones.objective == pytest.approx(3)
    assert reason(zones, "r0c3") == "cut_off"
    assert reason(zones, "r0c9") == "isolated"


def test_share_that_no_neighbourhood_meets(lattice, chosen_by):
    zones = chosen_by(
        lattice("MM..RR"), shares={"m": "land_use == 'M'"}, min_share={"m": 0.6}, min_area_ha=2.0
    )
    assert reason(zones, "r0c4") == "share"
    assert reason(zones, "r0c5") == "share"


def test_budget_and_low_value(lattice, chosen_by):
    parcels = lattice("MM..MM..MM", score=[5.0, 5.0, 3.0, 3.0, -1.0, -1.0])
    zones = chosen_by(parcels, value="score", area_budget_ha=2.0, min_area_ha=2.0)
    assert reason(zones, "r0c0") == "chosen"
    assert reason(zones, "r0c4") == "budget"
    assert reason(zones, "r0c8") == "low_value"


def test_nothing_is_undecided_when_proven(lattice, chosen_by):
    parcels = lattice("MMMM", "MMMM", score=[3.0, 1, 4, 1, 5, 9, 2, 6])
    zones = chosen_by(parcels, value="score", area_budget_ha=3.0, min_area_ha=2.0)
    assert zones.status == "optimal"
    assert "undecided" not in set(zones.reasons["reason"])


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_sentences_in_both_languages(lattice, chosen_by, lang):
    zones = chosen_by(lattice("MR"), pool="land_use == 'M'", lang=lang)
    chinese = zones.reasons["reason_text"].str.contains("[一-鿿]", regex=True)
    assert chinese.all() if lang == "zh" else not chinese.any()
