"""Laws of a matching, for any bank and any needs."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from renewal_geo.sitebank import match
from renewal_geo.spatial.inscribed import inscribed_widths

CRS = "EPSG:4547"
START = pd.Timestamp(2020, 1, 1)
USES = ("教育设施用地", "社康用地", "公园绿地")
PRIORITIES = ("高", "中", "低")
LAWS = settings(max_examples=25, deadline=None)

number = st.integers(0, 40)
places = st.tuples(st.integers(0, 20), st.integers(0, 20))
site = st.fixed_dictionaries(
    {
        "place": places,
        "area_m2": st.integers(1, 12),
        "available_from": st.integers(0, 10),
        "use": st.sampled_from(USES),
        "exclusive_group": st.sampled_from(["", "", "g"]),
    }
)
need = st.fixed_dictionaries(
    {
        "place": places,
        "min_area_m2": st.integers(1, 8),
        "need_by": st.integers(0, 10),
        "max_dist_m": st.integers(2, 25),
        "uses": st.sampled_from(["", USES[0], "、".join(USES[:2])]),
        "priority": st.sampled_from(PRIORITIES),
    }
)


def tables(sites, needs):
    made = []
    for role, rows, day in (("site", sites, "available_from"), ("need", needs, "need_by")):
        table = pd.DataFrame(rows, columns=list(rows[0]))
        spots = [shapely.Point(520_000 + 100 * x, 2_510_000 + 100 * y) for x, y in table["place"]]
        for name in ("area_m2", "min_area_m2"):
            if name in table:
                table[name] *= 1_000.0
        if "max_dist_m" in table:
            table["max_dist_m"] *= 100.0
        table[day] = START + pd.to_timedelta(30 * table[day], unit="D")
        table.index = pd.Index([f"{role}{n}" for n in range(len(table))], name=f"{role}_id")
        made.append(gpd.GeoDataFrame(table.drop(columns="place"), geometry=spots, crs=CRS))
    return made


banks = st.lists(site, min_size=1, max_size=6)
wishes = st.lists(need, min_size=1, max_size=8)


def answered(found):
    """Needs answered, priority by priority: larger is better."""
    by = found.ranks.set_index("priority")["answered"]
    return tuple(int(by.get(one, 0)) for one in PRIORITIES)


@LAWS
@given(banks, wishes)
def test_every_pair_is_feasible_and_every_limit_is_kept(sites, needs):
    bank, wanted = tables(sites, needs)
    found = match(bank, wanted)
    assert found.status == "optimal"
    assert found.bound >= found.objective
    chosen = found.pairs[found.pairs["matched"]]
    assert chosen["feasible"].all()
    assert len(chosen) == (found.needs["site_id"] != "").sum()
    assert (found.sites["used_m2"] <= bank["area_m2"] + 0.01).all()
    used = found.sites[(found.sites["needs"] != "") & (found.sites["exclusive_group"] != "")]
    assert len(used) <= 1
    assert ((found.needs["reason"] == "") == (found.needs["site_id"] != "")).all()
    value = found.needs["priority"].map(found.ranks.set_index("priority")["weight"])
    weight = value[found.needs["site_id"] != ""].sum()
    assert found.objective == pytest.approx(weight - chosen["cost"].sum())


@LAWS
@given(banks, wishes)
def test_a_need_that_no_feasible_pair_has_is_not_called_taken(sites, needs):
    found = match(*tables(sites, needs))
    able = found.pairs.groupby("need_id")["feasible"].any()
    for one, row in found.needs[found.needs["reason"] != ""].iterrows():
        assert (row["reason"] == "taken") == able[one]
        assert row["nearest_miss"] in found.sites.index


@LAWS
@given(banks, wishes, st.data())
def test_more_land_or_more_time_or_a_longer_way_never_lose(sites, needs, data):
    bank, wanted = tables(sites, needs)
    before = answered(match(bank, wanted))
    at = data.draw(st.integers(0, len(bank) - 1))
    larger = bank.copy()
    larger.iloc[at, larger.columns.get_loc("area_m2")] += 1_000.0 * data.draw(st.integers(1, 9))
    assert answered(match(larger, wanted)) >= before
    row = data.draw(st.integers(0, len(wanted) - 1))
    later, farther = wanted.copy(), wanted.copy()
    later.iloc[row, later.columns.get_loc("need_by")] += pd.Timedelta(days=90)
    farther.iloc[row, farther.columns.get_loc("max_dist_m")] += 400.0
    assert answered(match(bank, later)) >= before
    assert answered(match(bank, farther)) >= before
    assert answered(match(bank, wanted, max_late_days=60)) >= before
    assert answered(match(bank, wanted, share_site=False)) <= before


@LAWS
@given(banks, wishes, st.randoms(use_true_random=False))
def test_the_order_of_rows_says_nothing(sites, needs, chance):
    bank, wanted = tables(sites, needs)
    first = match(bank, wanted)
    a, b = list(range(len(bank))), list(range(len(wanted)))
    chance.shuffle(a)
    chance.shuffle(b)
    mixed = match(bank.iloc[a], wanted.iloc[b])
    pd.testing.assert_frame_equal(first.pairs, mixed.pairs)
    assert first.needs["reason_zh"].to_dict() == mixed.needs["reason_zh"].to_dict()
    assert first.objective == mixed.objective


@LAWS
@given(st.lists(st.tuples(number, number), min_size=3, max_size=8), st.floats(0.5, 20.0))
def test_the_inscribed_circle_fits_and_grows_with_the_land(points, wider):
    hull = shapely.convex_hull(shapely.MultiPoint([(float(x), float(y)) for x, y in points]))
    width = inscribed_widths([hull])[0]
    if hull.area == 0:
        assert np.isnan(width)
        return
    least = shapely.minimum_rotated_rectangle(hull)
    sides = np.hypot(*np.diff(shapely.get_coordinates(least)[:3], axis=0).T)
    assert width <= sides.min() + 1e-6
    assert width >= 2 * hull.area / hull.length - 0.002  # of a convex body: r >= A / P
    grown = inscribed_widths([shapely.buffer(hull, wider)])[0]
    assert grown >= width + 2 * wider * 0.98 - 0.01
