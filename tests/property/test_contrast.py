"""Between any two choices of zones the areas close, whatever splits, merges or vanishes."""

import math
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import box

from renewal_geo.contiguity import connect
from renewal_geo.zones import contrast, delineate

CLOSE_M2 = 1e-6
NUMBERS = st.integers(0, 4)


def chosen(zone, area, value):
    """Return a delineation as far as a contrast looks at it; zone 0 is none."""
    index = pd.Index([f"p{n}" for n in range(len(zone))], name="parcel_id")
    names = pd.Series([f"Z{z:02d}" if z else None for z in zone], index=index, dtype=object)
    table = pd.DataFrame({"area_m2": area, "value": value}, index=index)
    zones = pd.DataFrame({"outline_m": 7.0}, index=sorted(names.dropna().unique()))
    return SimpleNamespace(
        found=SimpleNamespace(table=table), membership=names, parcels=table, zones=zones,
        terms=SimpleNamespace(boundary_weight=0.01), status="feasible", objective=None, bound=None,
        gap=None, lang="en",
    )  # fmt: skip


@st.composite
def pairs(draw):
    count = draw(st.integers(1, 12))
    lists = (st.lists(NUMBERS, min_size=count, max_size=count) for _ in range(2))
    ours, theirs = (draw(one) for one in lists)
    areas = st.floats(0.01, 1e6, allow_nan=False)
    area = draw(st.lists(areas, min_size=count, max_size=count))
    value = draw(st.lists(st.floats(-9, 9), min_size=count, max_size=count))
    return chosen(ours, area, value), chosen(theirs, area, value[::-1])


@settings(max_examples=60, deadline=None)
@given(pairs())
def test_kept_lost_and_gained_close(pair):
    planned, robust = pair
    found = contrast(planned, robust)
    area = planned.found.table["area_m2"]
    whole = {
        name: math.fsum(area[one.membership.notna()])
        for name, one in (("planned", planned), ("robust", robust))
    }
    sums = found.zones[["kept_m2", "lost_m2", "gained_m2"]].agg(math.fsum)
    assert sums["kept_m2"] + sums["lost_m2"] == pytest.approx(whole["planned"], abs=CLOSE_M2)
    assert sums["kept_m2"] + sums["gained_m2"] == pytest.approx(whole["robust"], abs=CLOSE_M2)
    totals = found.totals["area_m2"].to_dict()
    assert totals == pytest.approx({**whole, "common": sums["kept_m2"]}, abs=CLOSE_M2)
    own = found.zones.dropna(subset="zone_planned")
    assert (own["kept_m2"] + own["lost_m2"] == own["area_planned_m2"]).all()  # to the last digit
    for name, one in (("planned", planned), ("robust", robust)):
        by_zone = area.groupby(one.membership).sum()
        rows = found.zones.dropna(subset=f"zone_{name}").drop_duplicates(f"zone_{name}")
        assert rows.set_index(f"zone_{name}")[f"area_{name}_m2"].to_dict() == pytest.approx(
            by_zone.reindex(rows[f"zone_{name}"]).to_dict(), abs=CLOSE_M2
        )
    assert own["zone_planned"].tolist() == planned.zones.index.tolist()  # every zone once
    assert (own["moved_m2"] <= own["kept_m2"] + CLOSE_M2).all()


@settings(max_examples=60, deadline=None)
@given(pairs())
def test_the_other_way_round_what_is_lost_is_gained(pair):
    one, other = contrast(*pair), contrast(*pair[::-1])
    assert one.zones["lost_m2"].sum() == pytest.approx(other.zones["gained_m2"].sum())
    assert one.share_in_common == pytest.approx(other.share_in_common, nan_ok=True)
    assert 0 <= one.share_in_common <= 1 or math.isnan(one.share_in_common)
    turned = {"both": "both", "planned_only": "robust_only", "robust_only": "planned_only"}
    assert one.parcels["side"].map(turned).to_dict() == other.parcels["side"].to_dict()
    same = contrast(pair[0], pair[0])
    assert (same.parcels["side"] == "both").all()
    assert same.zones[["lost_m2", "gained_m2", "moved_m2"]].to_numpy().sum() == 0


@settings(max_examples=12, deadline=None)
@given(st.lists(st.tuples(st.floats(-3, 9), st.floats(-3, 9)), min_size=6, max_size=6))
def test_no_zones_beat_the_bound_of_their_currency(scores):
    """What the robust zones are worth to the planner is never more than what was proven for his own."""
    shapes = [box(100.0 * n, 0, 100.0 * n + 100, 100) for n in range(6)]
    parcels = gpd.GeoDataFrame(
        np.array(scores), columns=["ours", "theirs"], geometry=shapes, crs="EPSG:4547",
        index=pd.Index([f"p{n}" for n in range(6)], name="parcel_id"),
    )  # fmt: skip
    links = connect(parcels)
    limits = {"min_area_ha": 2.0, "area_budget_ha": 4.0, "boundary_weight": 0.001, "workers": 1}
    planned, robust = (delineate(parcels, links, value=one, **limits) for one in ("ours", "theirs"))
    totals = contrast(planned, robust).totals
    for name, one in (("planned", planned), ("robust", robust)):
        worth = totals[f"net_value_{name}"]
        assert worth[name] == pytest.approx(one.objective, abs=1e-9)
        assert worth[["planned", "robust"]].max() <= one.bound + 1e-6 * max(1.0, abs(one.bound))
