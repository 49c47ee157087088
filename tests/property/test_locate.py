"""What holds of every siting question: more reach covers more, order and halves change nothing."""

from itertools import pairwise

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renewal_geo.facilities import locate

MODELS = ("lscp", "mclp", "p_median", "p_center")
place = st.tuples(st.integers(0, 60), st.integers(0, 60))
asked = settings(max_examples=40)


def drawn(points, prefix, **columns):
    x, y = np.array(points, dtype=float).T * 100.0
    index = pd.Index([f"{prefix}{i:02d}" for i in range(len(points))], name="id")
    return gpd.GeoDataFrame(
        columns, geometry=gpd.points_from_xy(x, y), index=index, crs="EPSG:4547"
    )


@st.composite
def towns(draw):
    demand = draw(st.lists(place, min_size=1, max_size=12))
    sites = draw(st.lists(place, min_size=2, max_size=7))
    people = draw(st.lists(st.integers(0, 9), min_size=len(demand), max_size=len(demand)))
    return drawn(demand, "d", population=people), drawn(sites, "s")


def terms(model, p, radius):
    return {
        "model": model,
        "p": None if model == "lscp" else p,
        "radius_m": radius if model in {"lscp", "mclp"} else None,
    }


@asked
@given(towns(), st.integers(1, 2), st.integers(3, 30))
def test_more_sites_and_more_radius_cover_more(town, p, radius):
    demand, sites = town
    covered = [
        locate(demand, sites, p=k, radius_m=100.0 * radius).objective
        for k in range(1, len(sites) + 1)
    ]
    assert covered == sorted(covered)
    far = [
        locate(demand, sites, p=p, radius_m=100.0 * r).objective
        for r in (radius, radius + 3, 2 * radius)
    ]
    assert far == sorted(far)
    nearest = [
        locate(demand, sites, p=k, model="p_median").objective for k in range(1, len(sites) + 1)
    ]
    assert all(a >= b - 1e-6 for a, b in pairwise(nearest))


@asked
@given(towns(), st.integers(20, 40))
def test_fewer_sites_are_needed_where_each_reaches_farther(town, radius):
    demand, sites = town
    near = locate(demand, sites, model="lscp", radius_m=100.0 * radius)
    reached = demand.drop(index=near.uncoverable.index)
    if len(reached):
        far = locate(reached, sites, model="lscp", radius_m=100.0 * (radius + 15))
        assert far.objective <= near.objective


@asked
@given(towns(), st.sampled_from(MODELS), st.integers(1, 2), st.randoms())
def test_the_order_of_rows_changes_nothing(town, model, p, chance):
    demand, sites = town
    first = locate(demand, sites, **terms(model, p, 1500.0))
    rows, columns = list(demand.index), list(sites.index)
    chance.shuffle(rows)
    chance.shuffle(columns)
    again = locate(demand.loc[rows], sites.loc[columns], **terms(model, p, 1500.0))
    assert again.objective == first.objective
    assert again.bound == first.bound
    assert list(again.assignment.index) == rows
    assert list(again.chosen.index) == [one for one in columns if one in set(again.chosen.index)]
    pd.testing.assert_frame_equal(again.chosen.loc[first.chosen.index], first.chosen)
    pd.testing.assert_frame_equal(again.assignment.loc[first.assignment.index], first.assignment)


@asked
@given(towns(), st.sampled_from(MODELS), st.integers(1, 2), st.integers(0, 11))
def test_two_halves_are_one_row(town, model, p, number):
    demand, sites = town
    row = demand.index[number % len(demand)]
    demand = demand.assign(population=demand["population"] * 2.0)
    first = locate(demand, sites, **terms(model, p, 1500.0))
    half = demand.loc[[row]].rename(index={row: "zz"})
    halves = pd.concat([demand, half])
    halves.loc[[row, "zz"], "population"] = demand.loc[row, "population"] / 2
    again = locate(halves, sites, **terms(model, p, 1500.0))
    assert again.objective == pytest.approx(first.objective, rel=1e-9)
    assert list(again.chosen.index) == list(first.chosen.index)


@asked
@given(
    towns(),
    st.sampled_from(["mclp", "p_median"]),
    st.integers(1, 2),
    st.sampled_from([0.001, 0.3, 7.0, 1e6]),
)
def test_scaled_weights_scale_the_objective(town, model, p, factor):
    demand, sites = town
    first = locate(demand, sites, **terms(model, p, 1500.0))
    scaled = demand.assign(population=demand["population"] * factor)
    again = locate(scaled, sites, **terms(model, p, 1500.0))
    assert again.objective == pytest.approx(first.objective * factor, rel=1e-6, abs=1e-9)
    assert again.status == first.status == "optimal"


@asked
@given(towns(), st.sampled_from(MODELS), st.integers(1, 2), st.integers(2, 25))
def test_no_plan_is_better_than_its_bound_and_reasons_add_up(town, model, p, radius):
    demand, sites = town
    found = locate(demand, sites, **terms(model, p, 100.0 * radius))
    sign = 1 if model == "mclp" else -1
    assert sign * (found.bound - found.objective) >= -1e-9
    assert found.gap == pytest.approx(
        abs(found.bound - found.objective) / max(abs(found.objective), 1e-9)
    )
    served = found.assignment.dropna(subset="site_id")
    loads = served.groupby("site_id")["weight"].sum().reindex(found.chosen.index).fillna(0.0)
    assert np.allclose(loads, found.chosen["weight"])
    if model == "mclp":
        assert served["weight"].sum() == pytest.approx(found.objective)
    if model == "p_median":
        assert (served["weight"] * served["cost"]).sum() == pytest.approx(found.objective)
    if model == "p_center":
        assert served["cost"].max() == pytest.approx(found.objective)
    left = set(found.assignment.index[found.assignment["site_id"].isna()])
    assert set(found.uncoverable.index) <= left
    if model == "lscp":
        assert set(found.uncoverable.index) == left
    assert (found.chosen["loss_after"] <= found.chosen["loss"] + 1e-9).all()


@asked
@given(towns(), st.sampled_from(["mclp", "p_median", "p_center"]), st.integers(20, 40))
def test_loss_is_what_is_lost_without_the_site(town, model, radius):
    demand, sites = town
    p = 2
    found = locate(demand, sites, **terms(model, p, 100.0 * radius))
    for site, row in found.chosen.iterrows():
        others = [one for one in found.chosen.index if one != site]
        alone = locate(demand, sites.loc[others], **terms(model, 1, 100.0 * radius))
        assert abs(found.objective - alone.objective) == pytest.approx(row["loss"], abs=1e-6)
        spare = [one for one in sites.index if one != site]
        if len(spare) > 1:
            best = min(
                (abs(found.objective - locate(demand, sites.loc[sorted({*others, one})], **terms(model, 2, 100.0 * radius)).objective)
                 for one in spare if one not in others),
                default=row["loss"],
            )  # fmt: skip
            assert row["loss_after"] == pytest.approx(min(best, row["loss"]), abs=1e-6)
