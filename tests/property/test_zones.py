"""Laws of a delineation on random districts, against brute force."""

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from shapely import box
from shapely.affinity import translate

from renewal_geo.contiguity import connect
from renewal_geo.zones import delineate, verify

CRS = "EPSG:4547"


@st.composite
def districts(draw, most=9):
    """Up to `most` one-hectare squares on a 4 x 3 lattice, streets of 20 m here and there."""
    cells = draw(
        st.lists(
            st.tuples(st.integers(0, 3), st.integers(0, 2)), min_size=2, max_size=most, unique=True
        )
    )
    street = draw(st.sampled_from([0.0, 20.0, 60.0]))
    n = len(cells)
    table = {
        "score": draw(st.lists(st.integers(-2, 9).map(float), min_size=n, max_size=n)),
        "industrial": draw(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=n, max_size=n)),
        "use": draw(st.lists(st.sampled_from(["M", "M", "M", "G", "R"]), min_size=n, max_size=n)),
    }
    shapes = [
        box(x * 100 + (x > 1) * street, y * 100, x * 100 + 100 + (x > 1) * street, y * 100 + 100)
        for x, y in cells
    ]
    index = pd.Index([f"p{x}{y}" for x, y in cells], name="parcel_id")
    parcels = gpd.GeoDataFrame(table, geometry=shapes, index=index, crs=CRS)
    assume((parcels["use"] == "M").any())
    return parcels


@st.composite
def limits(draw):
    least = float(draw(st.sampled_from([1, 2, 3])))
    return {
        "pool": "use == 'M'",
        "filler": "use == 'G'",
        "value": "score",
        "min_area_ha": least,
        "area_budget_ha": draw(st.sampled_from([None, least, least + 2.0])),
        "boundary_weight": draw(st.sampled_from([0.0, 0.004])),
        "shares": {"industrial": "industrial"},
        "min_share": draw(st.sampled_from([None, {"industrial": 0.6}])),
    }


def run(parcels, asked):
    links = connect(parcels)
    return links, delineate(parcels, links, gap=0.0, time_limit_s=20.0, workers=1, **asked)


def pieces(chosen, neighbours):
    left, found = set(chosen), []
    while left:
        stack, piece = [left.pop()], set()
        while stack:
            one = stack.pop()
            piece.add(one)
            step = neighbours[one] & left
            left -= step
            stack.extend(step)
        found.append(piece)
    return found


def best_of_all(parcels, links, asked):
    """The largest objective over all subsets, and whether any non-empty subset is allowed."""
    eligible = [i for i in parcels.index if parcels.loc[i, "use"] in ("M", "G")]
    neighbours = {i: set() for i in parcels.index}
    frontage = {}
    for focal, other, length in links.links[["focal", "neighbour", "frontage_m"]].to_numpy():
        neighbours[focal].add(other)
        neighbours[other].add(focal)
        frontage[focal, other] = frontage[other, focal] = length
    area = (parcels.area / 1e4).to_dict()
    own = links.own_boundary_m.to_dict()
    best, possible = 0.0, False
    for code in range(1, 1 << len(eligible)):
        chosen = {e for k, e in enumerate(eligible) if code >> k & 1}
        if (
            asked["area_budget_ha"] is not None
            and sum(area[c] for c in chosen) > asked["area_budget_ha"] + 1e-9
        ):
            continue
        good = all(
            sum(area[c] for c in piece) >= asked["min_area_ha"] - 1e-9
            and (
                asked["min_share"] is None
                or sum(area[c] * (parcels.loc[c, "industrial"] - 0.6) for c in piece) >= -1e-9
            )
            for piece in pieces(chosen, {c: neighbours[c] & chosen for c in chosen})
        )
        if not good:
            continue
        possible = True
        outline = sum(own[c] + sum(frontage[c, o] for o in neighbours[c] - chosen) for c in chosen)
        worth = sum(area[c] * parcels.loc[c, "score"] for c in chosen)
        best = max(best, worth - asked["boundary_weight"] * outline)
    return best, possible


@settings(max_examples=30)
@given(districts(), limits())
def test_brute_force_agrees(parcels, asked):
    links, zones = run(parcels, asked)
    best, possible = best_of_all(parcels, links, asked)
    if not possible:
        assert zones.status == "infeasible"
        assert zones.conflict
        return
    assert zones.status == "optimal"
    assert zones.objective == pytest.approx(best, abs=1e-6)
    assert zones.bound >= zones.objective - 1e-9


@settings(max_examples=15)
@given(districts(most=12), limits())
def test_reasons_and_funnel_account_for_every_parcel(parcels, asked):
    _, zones = run(parcels, asked)
    assert zones.reasons.index.equals(parcels.index)
    assert zones.reasons["reason"].notna().all()
    assert ((zones.reasons["reason"] == "chosen") == zones.membership.notna()).all()
    outside = ~parcels["use"].isin(["M", "G"])
    assert (zones.reasons.loc[outside, "reason"] == "not_in_pool").all()
    funnel = zones.funnel
    steps = funnel[funnel["step"] != funnel["step"].iloc[-1]]
    pool = parcels["use"] == "M"
    assert steps["count"].iloc[0] == pool.sum()
    assert (steps["count"].diff().iloc[1:] == -steps["lost_count"].iloc[1:]).all()
    assert ((steps["area_m2"].diff() + steps["lost_area_m2"]).iloc[1:].abs() < 1).all()
    assert steps["count"].iloc[-1] == (zones.membership.notna() & pool).sum()


@settings(max_examples=12)
@given(districts(most=12), limits(), st.randoms())
def test_rows_names_and_place_do_not_matter(parcels, asked, chance):
    _, zones = run(parcels, asked)
    order = list(parcels.index)
    chance.shuffle(order)
    _, shuffled = run(parcels.loc[order], asked)
    assert shuffled.certificate["zones"] == zones.certificate["zones"]
    assert shuffled.objective == zones.objective
    names = dict(
        zip(
            parcels.index,
            [f"地块{n}" for n in np.argsort([chance.random() for _ in order])],
            strict=True,
        )
    )
    far = parcels.rename(index=names)
    far = far.set_geometry([translate(g, 512_000.0, 2_500_000.0) for g in far.geometry])
    _, moved = run(far, asked)
    assert moved.status == zones.status
    if zones.objective is not None:
        assert moved.objective == pytest.approx(zones.objective, rel=1e-6, abs=1e-6)


@settings(max_examples=10)
@given(districts(most=12), limits(), st.integers(0, 5))
def test_what_is_produced_verifies_and_what_is_tampered_does_not(parcels, asked, kind):
    links, zones = run(parcels, asked)
    tables = {
        "zones": zones.zones,
        "parcels": zones.parcels,
        "links": zones.links,
        "envelopes": zones.envelopes,
    }
    record = json.loads(json.dumps(zones.certificate, allow_nan=False))
    found = verify(record, parcels, links, published=tables)
    assert found.ok, found.broken
    assume(zones.objective)
    record = json.loads(json.dumps(record))
    if kind == 0:
        record["objective"] += 0.01 * abs(record["objective"])
    elif kind == 1:
        record["bound"] = record["objective"] - 0.01 * abs(record["objective"])
    elif kind == 2:
        record["gap"] += 0.05
    elif kind == 3:
        next(iter(record["zones"].values())).pop()
    elif kind == 4:
        outside = sorted(set(parcels.index) - {m for one in record["zones"].values() for m in one})
        assume(outside)
        next(iter(record["zones"].values())).append(outside[0])
    else:
        record["bound"] += 0.05 * abs(record["bound"])
    assert not verify(record, parcels, links, published=tables).ok
