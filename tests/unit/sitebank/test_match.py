"""Off-site land and needs: who is answered, why the rest is not, and what a planner gets wrong."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import shapely

from renewal_geo.foundation.errors import CRSError, InputError
from renewal_geo.sitebank import match

TODAY = dt.date(2020, 6, 30)


def answered(found):
    return found.needs["site_id"].to_dict()


def why(found, need="n"):
    row = found.needs.loc[need]
    return row["reason"], row["nearest_miss"], row["missed_by"]


def test_the_nearest_site_answers_and_the_figures_are_those_of_the_drawing(drawn):
    sites = drawn.table(drawn.site("near", 100), drawn.site("far", 500))
    found = match(sites, drawn.table(drawn.need("n", 0, max_dist_m=300.0)))
    row = found.needs.loc["n"]
    assert (row["site_id"], row["reason"], row["nearest_miss"]) == ("near", "", "")
    assert row["distance_m"] == pytest.approx(100.0)
    assert row["spare_m2"] == pytest.approx(400.0)
    assert found.sites.loc["near", ["needs", "used_m2", "left_m2"]].tolist() == ["n", 3600.0, 400.0]
    assert found.sites.loc["near", "width_m"] == pytest.approx(50.0, abs=0.01)
    assert found.status == "optimal"
    assert found.objective == found.bound
    assert found.cost == pytest.approx(100.0 + 0.01 * 400.0)
    assert found.objective == pytest.approx(found.ranks["weight"].sum() - found.cost)
    assert str(found) == "1 of 1 needs answered by 1 sites, proven optimal"


@pytest.mark.parametrize(
    ("site", "need", "reason", "missed_by"),
    [
        ({"area": 3_000.0}, {}, "area", "area_short_m2=600.0"),
        ({"area": 4_000.0, "width": 20.0}, {"min_width_m": 35.0}, "shape", "width_short_m=15.0"),
        ({"use": "公园绿地"}, {"uses": "教育设施用地"}, "use", "use=?"),
        ({}, {"uses": "教育设施用地"}, "use", "use=?"),
        ({"due_on": "2021-01-11"}, {"need_by": "2021-01-01"}, "date", "days_late=10"),
        ({}, {"need_by": "2021-01-01"}, "date", "days_late=?"),
        ({}, {"max_dist_m": 60.0}, "distance", "distance_over_m=40.0"),
        (
            {"area": 3_000.0, "due_on": "2021-01-11"},
            {"max_dist_m": 90.0, "need_by": "2021-01-01"},
            "area",
            "area_short_m2=600.0; days_late=10; distance_over_m=",
        ),
    ],
)
def test_the_reason_is_the_first_criterion_that_the_site_fails(
    drawn, site, need, reason, missed_by
):
    found = match(
        drawn.table(drawn.site("s", 100, **site)), drawn.table(drawn.need("n", 0, **need))
    )
    assert why(found)[:2] == (reason, "s")
    assert why(found)[2].startswith(missed_by)
    assert found.status == "optimal"
    assert found.objective == 0.0
    for lang in ("zh", "en"):
        assert "s" in found.needs.loc["n", f"reason_{lang}"]
        assert "{" not in found.needs.loc["n", f"reason_{lang}"]


def test_the_nearest_miss_is_the_site_that_fails_by_least(drawn):
    sites = drawn.table(
        drawn.site("small", 100, 1_000.0),
        drawn.site("almost", 320, 3_500.0),
        drawn.site("far", 900),
    )
    found = match(sites, drawn.table(drawn.need("n", 0, max_dist_m=300.0)))
    assert why(found)[:2] == ("area", "almost")
    assert found.needs.loc["n", "missed_by_en"] == "100.0 m² too small, 20.0 m too far"
    assert "far, is 900 m away, 300 m are allowed" in found.needs.loc["n", "reason_en"]


def test_a_site_that_others_have_taken_says_by_whom(drawn):
    sites = drawn.table(drawn.site("s", 0, 5_000.0))
    needs = drawn.table(
        drawn.need("a", 0, priority="低"), drawn.need("n", 10, priority="高", max_dist_m=200.0)
    )
    found = match(sites, needs)
    assert answered(found) == {"a": "", "n": "s"}
    assert why(found, "a") == ("taken", "s", "room_short_m2=2200.0")
    assert "(n)" in found.needs.loc["a", "reason_en"]
    assert found.ranks[["priority", "answered", "bound"]].to_numpy().tolist() == [
        ["高", 1, 1], ["低", 0, 0],
    ]  # fmt: skip


def test_several_needs_share_a_site_unless_it_is_forbidden(drawn):
    sites = drawn.table(drawn.site("s", 0, 7_200.0))
    needs = drawn.table(drawn.need("a", 0), drawn.need("b", 10))
    assert match(sites, needs).sites.loc["s", "needs"] == "a; b"
    alone = match(sites, needs, share_site=False)
    assert sorted(answered(alone).values()) == ["", "s"]
    open_ = alone.needs[alone.needs["reason"] == "taken"].iloc[0]
    assert open_["missed_by"].startswith("taken_by=")


def test_priority_comes_before_number(drawn):
    """One urgent need that takes the whole site wins over two that could share it."""
    sites = drawn.table(drawn.site("s", 0, 8_000.0))
    needs = drawn.table(
        drawn.need("big", 0, 7_000.0, priority="high"),
        drawn.need("b", 0, 3_000.0, priority="medium"),
        drawn.need("c", 0, 3_000.0, priority="medium"),
    )
    assert answered(match(sites, needs)) == {"big": "s", "b": "", "c": ""}
    other = match(sites, needs, priorities=["medium", "high"])
    assert answered(other) == {"big": "", "b": "s", "c": "s"}


def test_only_sites_outside_units_are_in_the_bank_unless_asked(drawn):
    sites = drawn.table(
        drawn.site("out", 200), drawn.site("in", 0) | {"inside": "内部"},
        drawn.site("unsaid", 10) | {"inside": None}, drawn.site("shut", 5, forbidden=True),
    )  # fmt: skip
    needs = drawn.table(drawn.need("n", 0))
    found = match(sites, needs)
    assert answered(found) == {"n": "out"}
    assert found.sites["kept_out"].to_dict() == {
        "out": "", "in": "inside", "unsaid": "not_stated", "shut": "forbidden",
    }  # fmt: skip
    assert any("unsaid" in note for note in found.notes)
    assert set(found.pairs["site_id"]) == {"out"}
    assert answered(match(sites, needs, include_inside=True)) == {"n": "in"}


def test_an_empty_bank_is_an_answer(drawn):
    sites = drawn.table(drawn.site("in", 0) | {"inside": "内部"})
    found = match(sites, drawn.table(drawn.need("n", 0)))
    assert (found.status, found.objective, found.bound) == ("optimal", 0.0, 0.0)
    assert why(found) == ("no_site", "", "")
    assert found.pairs.empty


def test_dates_count_from_the_day_of_the_data_and_reserve_is_there_at_once(drawn):
    needs = drawn.table(drawn.need("n", 0, need_by="2020-06-01"))
    overdue = drawn.table(drawn.site("s", 0, due_on="2020-05-01", status="承诺"))
    found = match(overdue, needs, as_of=TODAY)
    assert why(found) == ("date", "s", "days_late=29")
    assert any("count as available from" in note for note in found.notes)
    assert answered(match(overdue, needs, as_of=TODAY, max_late_days=29)) == {"n": "s"}
    assert answered(match(overdue, needs)) == {"n": "s"}
    reserve = drawn.table(drawn.site("s", 0, due_on="2021-05-01", status="入库"))
    assert answered(match(reserve, needs, as_of=TODAY)) == {"n": "s"}
    stated = drawn.table(drawn.site("s", 0, due_on="2021-05-01", available_from="2020-05-01"))
    assert answered(match(stated, needs, as_of=TODAY)) == {"n": "s"}


def test_lateness_costs_what_its_weight_says(drawn):
    sites = drawn.table(
        drawn.site("late", 0, available_from="2021-01-11"),
        drawn.site("far", 90, available_from="2020-01-01"),
    )
    needs = drawn.table(drawn.need("n", 0, need_by="2021-01-01"))
    assert answered(match(sites, needs, max_late_days=30)) == {"n": "far"}
    found = match(sites, needs, max_late_days=30, late_weight=1.0)
    assert answered(found) == {"n": "late"}
    assert found.needs.loc["n", "days_late"] == 10


def test_uses_fit_letter_for_letter_or_by_a_star(drawn):
    sites = drawn.table(drawn.site("s", 0, use="GIC2"))
    for text, fits in (
        ("GIC2", True),
        ("gic*、R2", True),
        ("GIC", False),
        ("不限", True),
        (None, True),
    ):
        found = match(sites, drawn.table(drawn.need("n", 0, uses=text)))
        assert (answered(found)["n"] == "s") is fits


def test_given_distances_replace_straight_lines(drawn):
    sites = drawn.table(
        drawn.site("a", 0), drawn.site("b", 900), drawn.site("in", 0) | {"inside": "内部"}
    )
    needs = drawn.table(drawn.need("n", 0, max_dist_m=500.0))
    wide = pd.DataFrame([[501.0, 50.0, 0.0]], index=["n"], columns=["a", "b", "in"])
    for given in (wide, wide.to_numpy(), scipy.sparse.csr_array(wide.to_numpy())):
        found = match(sites, needs, distances=given)
        assert answered(found) == {"n": "b"}
        assert found.needs.loc["n", "distance_m"] == 50.0
        assert not any("straight" in note for note in found.notes)
    lost = match(sites, needs, distances=scipy.sparse.csr_array((1, 3)))
    assert why(lost)[0] == "distance"
    assert "?" in why(lost)[2]


def test_required_sites_are_used_even_where_that_costs(drawn):
    sites = drawn.table(drawn.site("near", 0), drawn.site("far", 800, required=True))
    needs = drawn.table(drawn.need("n", 0))
    assert answered(match(sites, needs)) == {"n": "far"}
    assert answered(match(sites, needs, obey_required=False)) == {"n": "near"}


def test_required_sites_that_contradict_are_a_result_with_the_conflict(drawn):
    needs = drawn.table(drawn.need("n", 0, max_dist_m=900.0))
    two = drawn.table(drawn.site("a", 0, required=True), drawn.site("b", 50, required=True))
    found = match(two, needs)
    assert (found.status, found.objective, found.bound, found.gap) == (
        "infeasible",
        None,
        None,
        None,
    )
    (clash,) = found.conflict
    assert (clash["because"], clash["sites"], clash["needs"], clash["short"]) == (
        "few_needs", ["a", "b"], ["n"], 1,
    )  # fmt: skip
    assert answered(found)["n"] in {"a", "b"}
    group = two.assign(exclusive_group="g")
    assert [one["because"] for one in match(group, needs).conflict] == ["exclusive_group"]
    useless = drawn.table(drawn.site("a", 5_000, required=True), drawn.site("b", 50))
    found = match(useless, needs)
    assert [one["because"] for one in found.conflict] == ["no_need"]
    assert answered(found) == {"n": "b"}


def test_of_an_exclusive_group_one_site_is_used(drawn):
    sites = drawn.table(
        drawn.site("a", 0, exclusive_group="g"), drawn.site("b", 100, exclusive_group="g")
    )
    needs = drawn.table(drawn.need("n", 0), drawn.need("o", 100))
    found = match(sites, needs)
    assert sorted(answered(found).values()) != ["a", "b"]
    assert (found.needs["site_id"] != "").sum() == 1
    assert set(found.needs["reason"]) == {"", "taken"}


def test_order_of_rows_does_not_matter(drawn):
    rng = np.random.default_rng(1)
    sites = drawn.table(
        *(drawn.site(f"s{i}", float(e), float(a)) for i, (e, a) in
          enumerate(zip(rng.integers(0, 900, 9), rng.integers(3_000, 9_000, 9), strict=True)))
    )  # fmt: skip
    needs = drawn.table(
        *(drawn.need(f"n{i}", float(e), priority=p) for i, (e, p) in
          enumerate(zip(rng.integers(0, 900, 12), rng.choice(["高", "低"], 12), strict=True)))
    )  # fmt: skip
    first = match(sites, needs)
    mixed = match(sites.sample(frac=1, random_state=2), needs.sample(frac=1, random_state=3))
    pd.testing.assert_frame_equal(first.pairs, mixed.pairs)
    plain = ["site_id", "distance_m", "reason", "nearest_miss", "missed_by"]
    pd.testing.assert_frame_equal(first.needs[plain], mixed.needs.loc[needs.index, plain])
    assert first.objective == mixed.objective


def test_ids_stay_texts_and_own_columns_stay(drawn):
    sites = drawn.table(drawn.site(7, 0, width_m="own"))
    found = match(sites, drawn.table(drawn.need(3, 0)))
    assert found.needs.index.tolist() == ["3"]
    assert found.needs["site_id"].tolist() == ["7"]
    assert found.sites["width_m_original"].tolist() == ["own"]


@pytest.mark.parametrize(
    ("role", "column", "value", "code"),
    [
        ("sites", "area_m2", -1.0, "bad_figure"),
        ("sites", "inside", "somewhere", "bad_word"),
        ("sites", "due_on", "soon", "not_a_day"),
        ("sites", "due_on", "1900-01-01", "day_too_early"),
        ("sites", "geometry", None, "null_geometry"),
        ("sites", "geometry", shapely.Polygon([(0, 0), (9, 9), (9, 0), (0, 9)]), "invalid"),
        ("needs", "min_area_m2", None, "no_area"),
        ("needs", "min_area_m2", 0.0, "no_area"),
        ("needs", "min_width_m", -3.0, "bad_figure"),
        ("needs", "max_dist_m", -3.0, "bad_figure"),
        ("needs", "demand", -3.0, "bad_figure"),
        ("needs", "priority", "hihg", "unknown_priority"),
        ("needs", "need_by", "20201399", "not_a_day"),
        ("needs", "geometry", None, "null_geometry"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(drawn, role, column, value, code):
    tables = {
        "sites": drawn.table(drawn.site("s", 0), drawn.site("t", 90)),
        "needs": drawn.table(drawn.need("n", 0), drawn.need("o", 90)),
    }
    wrong = tables[role]
    if column not in wrong.columns:
        wrong[column] = pd.Series([None] * len(wrong), index=wrong.index, dtype=object)
    wrong[column] = [value, *wrong[column].tolist()[1:]]
    with pytest.raises(InputError) as caught:
        match(tables["sites"], tables["needs"])
    assert caught.value.code == code
    assert caught.value.fix
    assert role in caught.value.where


def test_all_faults_are_named_at_once(drawn):
    sites = drawn.table(drawn.site("s", 0, area_m2=-5.0, required=True, forbidden=True))
    needs = drawn.table(drawn.need("n", 0, priority="soon"), drawn.need("n", 0, area=-1.0))
    with pytest.raises(InputError) as caught:
        match(sites, needs, late_weight=-1.0, priorities=["高", "高"])
    for part in (
        "late_weight",
        "priorities",
        "required and forbidden",
        "soon",
        "earlier row",
        "least area",
    ):
        assert part in caught.value.what


def test_degrees_and_two_systems_are_refused(drawn):
    sites, needs = drawn.table(drawn.site("s", 0)), drawn.table(drawn.need("n", 0))
    with pytest.raises(CRSError):
        match(sites.to_crs(4490), needs)
    with pytest.raises(CRSError):
        match(sites, needs.to_crs(4526))


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (np.zeros((2, 2)), "bad_shape"),
        (np.array([[-1.0]]), "bad_figure"),
        (pd.DataFrame([[1.0]], index=["n"], columns=["t"]), "unknown_ids"),
    ],
)
def test_distances_that_mean_nothing_are_refused(drawn, given, code):
    with pytest.raises(InputError) as caught:
        match(drawn.table(drawn.site("s", 0)), drawn.table(drawn.need("n", 0)), distances=given)
    assert caught.value.code == code
