"""The planner's zones and the robust ones: what stays, what goes, what comes, in both currencies."""

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest

from renewal_geo.foundation.errors import InputError
from renewal_geo.zones import contrast

LIMITS = {"area_budget_ha": 4.0, "min_area_ha": 2.0}


@pytest.fixture(scope="module")
def pair(lattice, chosen_by):
    """Four hectares each: west for the planner, the middle and the east for the robust value."""
    parcels = lattice("MMMMMMMM", score=[5.0, 5, 5, 5, 2, 1, 1, 1])
    parcels["score_robust"] = [1.0, 1, 4, 4, 4, 4, 1, 1]
    return (
        chosen_by(parcels, value="score", **LIMITS),
        chosen_by(parcels, value="score_robust", **LIMITS),
    )


def test_what_stays_goes_and_comes(pair):
    found = contrast(*pair, columns=["score_robust", "land_use"])
    assert found.parcels["side"].to_dict() == {
        "r0c0": "planned_only", "r0c1": "planned_only", "r0c2": "both", "r0c3": "both",
        "r0c4": "robust_only", "r0c5": "robust_only",
    }  # fmt: skip
    assert found.parcels["area_m2"].tolist() == pytest.approx([10_000.0] * 6)
    assert found.parcels["score_robust"].to_dict()["r0c4"] == 4.0
    assert found.parcels.loc["r0c5", ["zone_planned", "zone_robust"]].tolist() == [None, "Z01"]
    row = found.zones.iloc[0]
    assert (row["zone_planned"], row["zone_robust"], len(found.zones)) == ("Z01", "Z01", 1)
    assert row["area_planned_m2":"share_kept"].tolist() == pytest.approx(
        [40_000, 40_000, 20_000, 0, 20_000, 20_000, 0.5]
    )
    assert found.share_in_common == pytest.approx(2 / 6)


def test_both_selections_in_both_currencies(pair):
    totals = contrast(*pair).totals
    assert totals["value_planned"].to_dict() == pytest.approx(
        {"planned": 20.0, "robust": 13.0, "common": 10.0}
    )
    assert totals["value_robust"].to_dict() == pytest.approx(
        {"planned": 10.0, "robust": 16.0, "common": 8.0}
    )
    for which, one in zip(("planned", "robust"), pair, strict=True):
        assert totals.loc[which, f"net_value_{which}"] == pytest.approx(one.objective)
        for figure in ("objective", "bound", "gap", "status"):
            assert totals.loc[which, figure] == getattr(one, figure)
    assert totals["parcel_count"].tolist() == [4, 4, 2]
    assert totals["zone_count"].tolist() == [1, 1, pd.NA]
    assert math.isnan(totals.loc["common", "bound"])


def test_the_outline_is_paid_in_both_currencies(lattice, chosen_by):
    parcels = lattice("MMMM", score=[5.0, 5.0, 1.0, 1.0], other=[1.0, 1.0, 5.0, 5.0])
    limits = {**LIMITS, "area_budget_ha": 2.0, "boundary_weight": 0.001}
    planned, robust = (chosen_by(parcels, value=name, **limits) for name in ("score", "other"))
    totals = contrast(planned, robust).totals
    assert totals.loc["robust", "net_value_planned"] == pytest.approx(2.0 - 0.6)
    assert totals.loc["planned", "net_value_planned"] == pytest.approx(planned.objective)
    assert math.isnan(totals.loc["common", "net_value_planned"])  # common land is no zone


def test_sentences_have_units_and_both_languages(pair):
    found = contrast(*pair)
    assert str(found) == (
        "the robust zones keep 2.00 ha of the planner's 4.00 ha, give up 2.00 ha and take in 2.00 ha; they are "
        "worth 13.00 instead of 20.00 by the planner's value, and 16.00 instead of 10.00 by the robust one"
    )
    assert found.sentence_en == str(found)
    assert found.sentence_zh == (
        "稳健片区保留规划片区 4.00 公顷中的 2.00 公顷，调出 2.00 公顷，调入 2.00 公顷；"
        "净价值按规划权重为 13.00（规划片区 20.00），按稳健得分为 16.00（规划片区 10.00）"
    )


def test_under_every_weighting(pair):
    scores = pair[0].parcels["score"].to_numpy()
    other = pair[0].parcels["score_robust"].to_numpy()
    values = pd.DataFrame(
        {k: (1 - w) * scores + w * other for k, w in enumerate(np.linspace(0, 1, 11))},
        index=pair[0].parcels.index,
    )
    found = contrast(*pair, values=values.iloc[::-1])
    ours, theirs = (
        [(1 - w) * a + w * b for w in np.linspace(0, 1, 11)] for a, b in ((20, 10), (13, 16))
    )
    assert found.draws == 11
    assert found.totals["net_value_mean"].tolist()[:2] == pytest.approx(
        [np.mean(ours), np.mean(theirs)]
    )
    assert found.totals["net_value_often"].tolist()[:2] == pytest.approx(
        [np.quantile(ours, 0.1), np.quantile(theirs, 0.1)]
    )
    better = np.mean(np.array(theirs) > np.array(ours))
    assert found.totals["better_share"].tolist()[:2] == pytest.approx([1 - better, better])
    assert f"under {better:.0%} of 11 weightings" in str(found)
    assert f"在 11 组权重中有 {better:.0%} 高于规划片区" in found.sentence_zh


def test_rows_in_any_order(lattice, chosen_by, pair):
    parcels = pair[0].parcels[["land_use", "score", "score_robust", "geometry"]].iloc[::-1]
    other = [chosen_by(parcels, value=name, **LIMITS) for name in ("score", "score_robust")]
    one, two = contrast(*pair, columns=["score"]), contrast(*other, columns=["score"])
    pd.testing.assert_frame_equal(one.parcels, two.parcels)
    pd.testing.assert_frame_equal(one.zones, two.zones)
    pd.testing.assert_frame_equal(one.totals, two.totals)


def test_split_zones_and_new_ones_are_each_counted_once(lattice, chosen_by):
    """One zone of six for the planner; two of its ends and a zone elsewhere for the robust value."""
    parcels = lattice("MMMMMM..MM", score=[3.0] * 6 + [0.0] * 2)
    parcels["other"] = [3.0, 3, -9, 3, 3, 3, 3, 3]
    planned = chosen_by(parcels, value="score", **{**LIMITS, "area_budget_ha": 6.0})
    robust = chosen_by(parcels, value="other", **{**LIMITS, "area_budget_ha": 9.0})
    assert (len(planned.zones), len(robust.zones)) == (1, 3)
    found = contrast(planned, robust).zones
    first, new = found.iloc[0], found.iloc[1]
    large = robust.membership["r0c4"]
    assert (first["zone_planned"], first["zone_robust"]) == ("Z01", large)
    assert first["area_planned_m2":"share_kept"].tolist() == pytest.approx(
        [60_000, 30_000, 50_000, 20_000, 10_000, 0, 5 / 6]
    )
    assert (new["zone_planned"], new["zone_robust"]) == (None, robust.membership["r0c8"])
    assert (new["kept_m2"], new["gained_m2"]) == pytest.approx((0, 20_000))
    assert math.isnan(new["share_kept"])


def test_no_zones_on_either_side(lattice, chosen_by):
    parcels = lattice("MM", score=[1.0, 1.0], bad=[-1.0, -1.0])
    good, none = (chosen_by(parcels, value=name) for name in ("score", "bad"))
    found = contrast(good, none)
    assert found.zones.iloc[0]["lost_m2"] == pytest.approx(20_000)
    assert found.zones.iloc[0]["zone_robust"] is None
    assert found.share_in_common == 0
    assert "keep 0.00 ha of the planner's 2.00 ha" in str(found)
    found = contrast(none, good)
    assert found.zones["zone_planned"].tolist() == [None]
    assert found.zones["gained_m2"].tolist() == pytest.approx([20_000])
    found = contrast(none, none)
    assert len(found.parcels) == len(found.zones) == 0
    assert math.isnan(found.share_in_common)
    assert "there are no zones" in str(found)
    assert "都没有片区" in found.sentence_zh


def test_an_infeasible_study_has_no_land(lattice, chosen_by):
    parcels = lattice("MM", score=[1.0, 1.0])
    good, none = chosen_by(parcels), chosen_by(parcels, min_area_ha=9.0)
    assert none.status == "infeasible"
    totals = contrast(good, none).totals
    assert totals["status"].tolist() == ["optimal", "infeasible", ""]
    assert totals.loc["robust", ["objective", "bound", "gap"]].isna().all()
    assert totals["area_m2"].tolist() == pytest.approx([20_000, 0, 0])
    assert contrast(none, good).totals["area_m2"].tolist() == pytest.approx([0, 20_000, 0])


def test_a_poor_search_for_robust_zones_is_said(lattice, chosen_by, pair):
    parcels = pair[0].parcels[["land_use", "score", "score_robust", "geometry"]]
    held = chosen_by(parcels, value="score_robust", lock_in=["r0c6", "r0c7"], **LIMITS)
    assert contrast(*pair).notes == ()
    notes = contrast(pair[1], held).notes
    assert ["by the robust value" in one for one in notes] == [True]
    assert "give it more time" in notes[0]
    assert "按规划价值" in contrast(held, pair[1], lang="zh").notes[0]


def test_a_difference_that_the_proof_leaves_open_is_said(pair):
    doubtful = dataclasses.replace(pair[0], bound=pair[0].bound + 8.0)
    (note,) = contrast(doubtful, pair[1]).notes
    assert note.startswith("by the planner's value the two differ by 7.00, less than the 8.00")
    assert contrast(dataclasses.replace(doubtful, bound=26.9), pair[1]).notes == ()


def test_land_without_a_robust_value_is_said(lattice, chosen_by):
    parcels = lattice("MMMM", score=[2.0, 2.0, 1.0, 1.0], other=[np.nan, np.nan, 1.0, 1.0])
    limits = {**LIMITS, "area_budget_ha": 2.0}
    planned = chosen_by(parcels, value="score", **limits)
    robust = chosen_by(parcels, value="other", lock_out=["r0c0", "r0c1"], **limits)
    found = contrast(planned, robust)
    assert "2 parcels have no robust value" in found.notes[0]
    assert math.isnan(found.totals.loc["planned", "value_robust"])
    assert str(found).endswith("take in 2.00 ha")


def test_what_cannot_be_compared_is_refused(lattice, chosen_by, pair):
    with pytest.raises(InputError) as caught:
        contrast(pair[0], chosen_by(lattice("MM")))
    assert caught.value.code == "other_parcels"
    assert "6 are in one only" in caught.value.what
    with pytest.raises(InputError) as caught:
        contrast(pair[0], chosen_by(lattice("MMMMMMMM", side=90.0)))
    assert (caught.value.code, "8 parcels" in caught.value.what) == ("other_parcels", True)
    for given in ({"columns": ["none"]}, {"columns": ["side"]}, {"lang": "fr"}):
        with pytest.raises(InputError) as caught:
            contrast(*pair, **given)
        assert caught.value.fix
    with pytest.raises(InputError, match="not in the values"):
        contrast(*pair, values=pd.DataFrame({0: [1.0]}, index=["r0c0"]))
