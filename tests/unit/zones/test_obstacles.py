"""Obstacles: which component can never reach which limit."""

import pytest

from renewal_geo.foundation.errors import InputError
from renewal_geo.zones import obstacles


def test_a_planted_component_is_short_by_just_so_much(lattice, chosen_by):
    zones = chosen_by(lattice("MMMM.MM"), min_area_ha=3.5, lang="en")
    table = obstacles(zones).table
    assert table["area_ha"].tolist() == pytest.approx([4, 2])
    assert table["limit"].tolist() == ["", "min_area_ha"]
    assert table["short_ha"].tolist() == pytest.approx([0, 1.5])
    assert "1.50 ha short of the smallest zone of 3.50 ha" in table["sentence_en"].iloc[1]
    assert "少 1.50 ha" in table["sentence_zh"].iloc[1]
    assert "1 of 2 components (2.00 ha)" in str(obstacles(zones))


def test_a_share_forbids_by_so_many_hectares(lattice, chosen_by):
    """Two M carry at most two R at one half: four hectares of six, one short of five."""
    zones = chosen_by(
        lattice("MMRRRR"),
        min_area_ha=5.0,
        shares={"industrial": "land_use == 'M'"},
        min_share={"industrial": 0.5},
    )
    assert zones.status == "infeasible"
    row = obstacles(zones, lang="en").table.iloc[0]
    assert row["reachable_ha"] == pytest.approx(4)
    assert row["limit"] == "industrial"
    assert row["short_ha"] == pytest.approx(1)


@pytest.mark.parametrize("name", ["a, b", "min_area_ha", "{x}", "c.d"])
def test_odd_names_of_shares(lattice, chosen_by, name):
    zones = chosen_by(
        lattice("MMRRRR"), min_area_ha=5.0, shares={name: "land_use == 'M'"}, min_share={name: 0.5}
    )
    row = obstacles(zones).table.iloc[0]
    assert row["limit"] == name
    assert f"share of {name}," in row["sentence_en"]
    assert name in row["sentence_zh"]


def test_two_shares_that_only_together_forbid(lattice, chosen_by):
    """A needs B's land and B needs A's, and there is not enough of either for five hectares."""
    zones = chosen_by(
        lattice("AAABBB"),
        min_area_ha=5.0,
        shares={"a": "land_use == 'A'", "b": "land_use == 'B'"},
        min_share={"a": 0.6, "b": 0.6},
    )
    row = obstacles(zones).table.iloc[0]
    assert row["limit"] == "a, b"
    assert row["reachable_ha"] == pytest.approx(0, abs=1e-6)
    assert " of a and b" in row["sentence_en"]


def test_hostile_ids_stay_whole(lattice, chosen_by):
    parcels = lattice("MM").rename(index={"r0c0": "{x}", "r0c1": "{0}%s"})
    table = obstacles(chosen_by(parcels, min_area_ha=9.0)).table
    assert "{x}" in table["sentence_en"].iloc[0]
    assert "{x}" in table["sentence_zh"].iloc[0]


@pytest.mark.parametrize(("lang", "said"), [("zh", "没有可划入的地块"), ("en", "no parcel")])
def test_no_parcel_may_be_a_member(lattice, chosen_by, lang, said):
    zones = chosen_by(lattice("MM"), lock_out=["r0c0", "r0c1"])
    held = obstacles(zones, lang=lang)
    assert len(held.table) == 0
    assert said in held.notes[0]


def test_row_order_changes_nothing(lattice, chosen_by):
    parcels = lattice("MM.MM.M")
    one = obstacles(chosen_by(parcels)).table
    other = obstacles(chosen_by(parcels.iloc[::-1])).table
    assert one.equals(other)
    assert "all 3 components" in str(obstacles(chosen_by(parcels)))


def test_no_such_language(lattice, chosen_by):
    with pytest.raises(InputError, match="lang"):
        obstacles(chosen_by(lattice("MM")), lang="fr")
