"""From gross to chosen, every loss counted once."""

import geopandas as gpd
import pytest
from shapely import box

EAST, NORTH = 500_000.0, 2_500_000.0
STEPS = ["gross", "excluded", "contiguous", "sized", "shares", "chosen"]


def test_losses_close(lattice, chosen_by):
    line = gpd.GeoDataFrame(
        {"kind": ["eco"]}, geometry=[box(EAST, NORTH - 100, EAST + 90, NORTH)], crs="EPSG:4547"
    )
    parcels = lattice("MMMMG.M..RRR", score=[1.0, 5, 5, 1, 0, 9, 1, 1, 1])
    zones = chosen_by(
        parcels, pool="land_use in ['M', 'R']", filler="land_use == 'G'", value="score", exclusions=line,
        area_budget_ha=2.0, min_area_ha=2.0, shares={"m": "land_use == 'M'"}, min_share={"m": 0.5},
    )  # fmt: skip
    funnel = zones.funnel
    main = funnel[funnel["step"].isin(STEPS)].reset_index(drop=True)
    assert main["step"].tolist() == STEPS
    assert main["area_m2"].iloc[0] == pytest.approx(80_000)
    assert main["count"].iloc[0] == 8
    for now, before in zip(range(1, len(main)), range(len(main) - 1), strict=True):
        assert main["count"][now] == main["count"][before] - main["lost_count"][now]
        kept = main["area_m2"][before] - main["lost_area_m2"][now]
        assert main["area_m2"][now] == pytest.approx(kept, abs=1)
    assert main["count"].tolist()[1] == 7
    assert main["count"].iloc[-1] == 2
    assert main["area_m2"].iloc[-1] == pytest.approx(20_000)


def test_last_row_is_the_absorbed_filler(lattice, chosen_by):
    zones = chosen_by(
        lattice("MGM"), pool="land_use == 'M'", filler="land_use == 'G'", min_area_ha=3.0
    )
    last = zones.funnel.iloc[-1]
    assert last["step"] not in STEPS
    assert (last["count"], last["area_m2"]) == (1, pytest.approx(10_000))
    chosen = zones.funnel.set_index("step").loc["chosen"]
    assert (chosen["count"], chosen["area_m2"]) == (2, pytest.approx(20_000))


def test_no_answer_still_has_a_funnel(lattice, chosen_by):
    zones = chosen_by(lattice("MM"), min_area_ha=9.0)
    assert zones.status == "infeasible"
    funnel = zones.funnel.set_index("step")
    assert funnel.loc["gross", "count"] == 2
    assert funnel.loc["chosen", "count"] == 0
