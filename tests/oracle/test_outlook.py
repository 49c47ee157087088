"""Frontier, phases, prices, robustness, changes and obstacles against every choice of zones, listed one by one."""

import dataclasses
import functools
import itertools

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import LineString, box

from renewal_geo.contiguity import connect
from renewal_geo.zones import delineate, search
from renewal_geo.zones.changes import changes
from renewal_geo.zones.crossings import crossings_of, with_links
from renewal_geo.zones.frontier import frontier_of
from renewal_geo.zones.listing import all_zones, net_values, selected
from renewal_geo.zones.obstacles import obstacles
from renewal_geo.zones.phases import phases
from renewal_geo.zones.prices import _with_parcel, prices
from renewal_geo.zones.problem import is_feasible, zone_value
from renewal_geo.zones.robustness import _factors, robustness

DISTRICTS = 20  # of each kind
CRS = "EPSG:4547"
EAST, NORTH = 500_000.0, 2_500_000.0
SLACK = 1e-7
EPSILON = 1e-6
# how the answer was proven, which is what further bounds are made of
REGIMES = ("listed", "searched", "single")


def enumerated(problem):
    """Value and zones of the best selection of all zones; minus infinity and None where there is none."""
    chosen, settled = selected(problem, all_zones(problem), seconds=120.0)
    assert settled
    if chosen is None:
        return -np.inf, None
    return float(net_values(problem, chosen).sum()), chosen


def lattice(rng):
    """Rectangles of unequal size on two or three rows, some missing, perhaps a river between two columns."""
    rows, columns = int(rng.integers(2, 4)), int(rng.integers(3, 5))
    wide = np.concatenate([[0], np.cumsum(rng.integers(6, 15, columns) * 10.0)])
    high = np.concatenate([[0], np.cumsum(rng.integers(6, 15, rows) * 10.0)])
    river = int(rng.integers(1, columns)) if rng.random() < 0.5 else None
    ids, shapes = [], []
    for row, column in itertools.product(range(rows), range(columns)):
        if rng.random() < 0.1:
            continue
        shift = 20.0 if river is not None and column >= river else 0.0
        x, y = EAST + wide[column] + shift, NORTH - high[row]
        ids.append(f"r{row}c{column}")
        shapes.append(box(x, NORTH - high[row + 1], EAST + wide[column + 1] + shift, y))
    parcels = gpd.GeoDataFrame(
        {
            "score": rng.normal(0.8, 1.1, len(ids)).round(3),
            "legal": rng.random(len(ids)).round(2),
            "unit": [str(rng.integers(12)) for _ in ids],
        },
        geometry=shapes,
        index=pd.Index(ids, name="parcel_id"),
        crs=CRS,
    )
    if river is None:
        return parcels, None
    x = EAST + wide[river] + 10.0
    line = LineString([(x, NORTH - 5000), (x, NORTH + 5000)])
    walls = gpd.GeoDataFrame({"kind": ["river"], "width_m": [6.0]}, geometry=[line], crs=CRS)
    return parcels, walls


@functools.cache
def study(regime, seed):
    """One random district with random limits, answered; None where there are no zones."""
    rng = np.random.default_rng([REGIMES.index(regime), seed])
    parcels, walls = lattice(rng)
    total = parcels.area.sum() / 1e4
    least = round(float(rng.uniform(0.6, 2.2)), 2)
    limits = {
        "value": "score",
        "min_area_ha": least,
        "boundary_weight": float(rng.choice([0, 0.0005, 0.002])),
    }
    if rng.random() < 0.7:
        limits["area_budget_ha"] = round(
            float(rng.uniform(least + 0.2, max(0.8 * total, least + 0.3))), 2
        )
    if rng.random() < 0.5:
        limits["max_area_ha"] = round(float(rng.uniform(least + 0.3, least + 2.5)), 2)
    if rng.random() < 0.5:
        limits |= {
            "shares": {"legal": "legal"},
            "min_share": {"legal": round(float(rng.uniform(0.3, 0.6)), 2)},
        }
    picked = rng.choice(parcels.index, 2, replace=False)
    if rng.random() < 0.3:
        limits["lock_in"] = [str(picked[0])]
    if rng.random() < 0.4:
        limits["lock_out"] = [str(picked[1])]
    if rng.random() < 0.2:
        limits["keep_together"] = "unit"
    if rng.random() < 0.15:
        limits["min_zones"] = 2
    if rng.random() < 0.2:
        limits["max_zones"] = 2
    if regime == "single":
        limits = {**limits, "max_zones": 1, "min_zones": None, "keep_together": None}
    links = connect(parcels, barriers=walls)
    with pytest.MonkeyPatch.context() as patch:
        if regime != "listed":
            patch.setattr(search, "SMALL_DISTRICT", 0)
            patch.setattr(search, "FEWEST_PROPOSALS", 5_000)
            patch.setattr(search, "MOST_ROUNDS", 3)
        zones = delineate(
            parcels, links, **limits, gap=0.0, time_limit_s=20.0, workers=1, lang="en"
        )
    return zones if len(zones.zones) else None


def studies(regime):
    every = ((seed, study(regime, seed)) for seed in range(DISTRICTS))
    return [(seed, zones) for seed, zones in every if zones is not None]


def best(problem):
    """The true best value, -inf where the limits allow nothing."""
    value, _ = enumerated(problem)
    return value


def worth(problem, zones):
    return sum(zone_value(problem, zone) for zone in zones)


def touching(problem, one, other):
    return any(
        (u in one and v in other) or (v in one and u in other) for u, v in problem.pairs.tolist()
    )


def kept(problem, zones):
    """Every limit, stated once more in plain terms."""
    sets = [set(zone.tolist()) for zone in zones]
    covered = set().union(*sets)
    groups = [set(np.flatnonzero(problem.group == g)) for g in set(problem.group.tolist()) - {-1}]
    area = sum(problem.area[zone].sum() for zone in zones)
    largest = np.inf if problem.max_area is None else problem.max_area + 1e-9
    return (
        sum(map(len, sets)) == len(covered)
        and all(is_feasible(problem, zone) for zone in zones)
        and (problem.budget is None or area <= problem.budget + 1e-8)
        and set(np.flatnonzero(problem.locked)) <= covered
        and all(not group & covered or group <= covered for group in groups)
        and (problem.min_zones or 0) <= len(zones) <= (problem.max_zones or 99)
        and all(
            problem.area[list(a | b)].sum() > largest or not touching(problem, a, b)
            for a, b in itertools.combinations(sets, 2)
        )
    )


def chosen(zones, column):
    """The zones of one column of a membership table, in numbers of the problem."""
    numbers = column.iloc[zones.found.order]
    return [
        np.flatnonzero((numbers == n).to_numpy(dtype=bool, na_value=False))
        for n in sorted(numbers.dropna().unique())
    ]


@pytest.mark.parametrize("regime", REGIMES)
def test_frontier_holds_at_every_point(regime):
    for seed, zones in studies(regime)[:5]:
        line = frontier_of(zones, time_limit_s=20.0, workers=1)
        assert not line.late
        problem = zones.found.problem
        for name, row in line.table.iterrows():
            budget = None if np.isnan(row["area_budget_ha"]) else row["area_budget_ha"]
            here = dataclasses.replace(
                problem, budget=budget, boundary_weight=row["boundary_weight"]
            )
            truth = best(here)
            if row["status"] == "infeasible":
                assert np.isnan([row["net_value"], row["bound"], row["gap"]]).all(), (seed, name)
                continue
            found = chosen(zones, line.membership[name])
            assert kept(here, found), (seed, name)
            assert row["net_value"] == pytest.approx(worth(here, found), abs=1e-9), (seed, name)
            assert row["area_ha"] == pytest.approx(sum(here.area[z].sum() for z in found)), (
                seed,
                name,
            )
            assert row["net_value"] <= truth + SLACK, (seed, name)
            assert truth <= row["bound"] + SLACK, (seed, name)
            assert row["zone_count"] == len(found), (seed, name)
            if row["status"] == "optimal":
                assert row["net_value"] == pytest.approx(truth, abs=1e-5), (seed, name)
        for kind, rising in (("budget", True), ("boundary", False)):
            part = line.table[(line.table["kind"] == kind) & (line.table["status"] != "infeasible")]
            for column in ("net_value", "bound"):
                steps = part[column].diff().dropna() * (1 if rising else -1)
                assert (steps >= -1e-9).all(), (seed, kind, column)
        own = line.table[line.table["is_study"]]
        assert (own["net_value"] >= zones.objective - 1e-9).all(), seed
        assert own["net_value"].nunique() == own["bound"].nunique() == 1, seed


@pytest.mark.parametrize("regime", REGIMES)
def test_phases_are_nested_and_bounded(regime):
    for seed, zones in studies(regime):
        problem = zones.found.problem
        for budgets in (None, [zones.zones["area_m2"].max() / 1e4, 0.4, 1.3]):
            plan = phases(zones, budgets, count=3)
            limits = plan.table["budget_ha"].cumsum()
            assert (plan.table["cumulative_area_ha"] <= limits + 1e-6).all(), seed
            assert plan.zones.between(1, 3).all(), seed
            assert set(plan.zones.index) == set(zones.zones.index), seed
            assert plan.table["zone_count"].sum() == len(zones.zones), seed
            inside = zones.membership.notna()
            assert (plan.membership.notna() == inside).all(), seed
            assert plan.table["cumulative_net_value"].iloc[-1] == pytest.approx(
                zones.objective, abs=1e-9
            )
            free = dataclasses.replace(problem, locked=np.zeros_like(problem.locked), min_zones=None,
                                       group=np.full_like(problem.group, -1))  # fmt: skip
            reached = plan.table["cumulative_net_value"]
            for phase, limit in limits.items():
                truth = best(dataclasses.replace(free, budget=float(limit) + 1e-6))
                whole = best(
                    dataclasses.replace(free, budget=float(limit) + 1e-6, group=problem.group)
                )
                assert reached[phase] <= truth + SLACK, (seed, phase)
                assert whole <= plan.table.loc[phase, "bound"] + SLACK, (seed, phase)
            # no other order of the same zones brings more, earlier
            areas, values = (
                zones.zones["area_m2"].to_numpy() / 1e4,
                zones.zones["net_value"].to_numpy(),
            )
            earliest = max(
                sum(values[[o <= t for o in order]].sum() for t in range(3))
                for order in itertools.product(range(3), repeat=len(areas))
                if all(
                    areas[[o <= t for o in order]].sum() <= limits.iloc[t] + 1e-6 for t in range(3)
                )
            )
            assert reached.sum() == pytest.approx(earliest, abs=1e-6), seed


def let_go(zones, key, row):
    """The problem in which what a row of the prices names has given way."""
    problem, step = zones.found.problem, row["step"]
    ids = list(zones.found.table.index[zones.found.order])
    if row["kind"] == "budget":
        return dataclasses.replace(problem, budget=problem.budget + step)
    if row["kind"] == "share":
        at = problem.share_names.index(row["name"])
        shares = zones.found.table[f"share_{row['name']}"].to_numpy()[zones.found.order]
        slack = problem.slack.copy()
        slack[at] = problem.area * (shares - (zones.terms.min_share[row["name"]] + step / 100))
        return dataclasses.replace(problem, slack=slack)
    if row["kind"] == "max_area":
        return dataclasses.replace(problem, max_area=problem.max_area + step)
    if row["kind"] == "min_area":
        return dataclasses.replace(problem, min_area=problem.min_area + step)
    if row["kind"] == "lock_in":
        locked = problem.locked.copy()
        locked[ids.index(row["name"])] = False
        return dataclasses.replace(problem, locked=locked)
    if row["kind"] == "lock_out":
        return _with_parcel(zones, row["name"])
    place = next(
        p for p in crossings_of(zones) if row["name"] == f"{p.barrier}: {p.focal} - {p.neighbour}"
    )
    free = zones.found.links.own_boundary_m.reindex(ids).to_numpy()
    return with_links(problem, place.pairs, place.frontage, free)


@pytest.mark.parametrize("regime", REGIMES)
def test_prices_enclose_what_giving_way_is_worth(regime):
    kinds = set()
    for seed, zones in studies(regime):
        priced = prices(zones, time_limit_s=20.0, workers=1)
        assert not priced.late, seed
        for key, row in priced.table.iterrows():
            changed = let_go(zones, key, row)
            if changed is None:
                assert np.isnan(row["gain_found"]) or row["gain_at_most"] == 0, (seed, key)
                continue
            kinds.add(row["kind"])
            truth = best(changed)
            if row["kind"] == "budget" and row["step"] < 0:
                assert truth <= best(zones.found.problem) - row["gain_found"] + SLACK, (seed, key)
                if np.isfinite(row["gain_at_most"]):
                    assert truth >= zones.objective - row["gain_at_most"] - SLACK, (seed, key)
                else:
                    assert truth == -np.inf or zones.terms.min_zones, (seed, key)
                continue
            # what gives way may be left unused
            truth = max(truth, zones.objective)
            assert truth <= zones.objective + row["gain_at_most"] + SLACK, (seed, key)
            assert row["gain_found"] >= 0, (seed, key)
            assert zones.objective + row["gain_found"] <= truth + SLACK, (seed, key)
        assert list(priced.barriers.index) == list(
            priced.table[priced.table["kind"] == "barrier"]
            .sort_values(["gain_found", "gain_at_most"], ascending=False, kind="stable").index
        )  # fmt: skip
    assert {"budget", "share", "max_area", "min_area", "lock_out", "barrier"} <= kinds


def test_a_parcel_let_in_makes_the_problem_that_delineate_would_state():
    """The problem with one parcel more, numbered last, has the same zones as one that was never locked out."""
    compared = 0
    for seed, zones in studies("listed"):
        if not zones.terms.lock_out or zones.terms.keep_together:
            continue
        name = zones.terms.lock_out[0]
        problem = _with_parcel(zones, name)
        parcels = zones.found.parcels
        given = {**zones.terms.as_record(), "lock_out": ()}
        free = delineate(parcels, zones.found.links, **given, time_limit_s=20.0, workers=1)
        assert best(problem) == pytest.approx(
            free.objective if free.objective is not None else -np.inf, abs=1e-9
        ), seed
        everyone = np.arange(problem.size)
        other = free.found.problem
        assert zone_value(problem, everyone) == pytest.approx(zone_value(other, everyone), abs=1e-9)
        compared += 1
    assert compared >= 4


def total(problem, zones, price):
    return worth(problem, zones) - price * sum(problem.area[zone].sum() for zone in zones)


def moved(problem, zones, parcel, zone, *, joined=True):
    """The zones after one parcel joins (zone given) or leaves, touching zones that fit made one; its kin move too."""
    kin = (
        np.flatnonzero(problem.group == problem.group[parcel])
        if problem.group[parcel] >= 0
        else np.array([parcel])
    )
    sets = [set(one.tolist()) for one in zones]
    if zone is None:
        sets = [one - set(kin.tolist()) for one in sets]
        sets = [one for one in sets if one]
    else:
        sets[zone] |= set(kin.tolist())
    largest = np.inf if problem.max_area is None else problem.max_area + 1e-9
    again = joined
    while again:
        again = False
        for a, b in itertools.combinations(range(len(sets)), 2):
            if (
                touching(problem, sets[a], sets[b])
                and problem.area[list(sets[a] | sets[b])].sum() <= largest
            ):
                sets[a] |= sets.pop(b)
                again = True
                break
    return [np.array(sorted(one)) for one in sets]


def broken(problem, zones, result, zone, limit):
    """Whether a move really breaks the limit that is said to hold it."""
    areas = [problem.area[one].sum() for one in result]
    if limit == "max_area":
        return max(areas) > problem.max_area + 1e-9
    if limit == "min_area":
        return min(areas) < problem.min_area - 1e-9
    if limit == "share":
        return any((problem.slack[:, one].sum(axis=1) < -1e-9).any() for one in result)
    if limit == "min_zones":
        return len(result) < problem.min_zones
    if limit == "connection":
        loose = dataclasses.replace(problem, min_area=0.0, max_area=None, slack=problem.slack[:0])
        return any(not is_feasible(loose, one) for one in result)
    return False


@pytest.mark.parametrize("regime", REGIMES)
def test_a_parcel_changes_sides_at_just_the_value_named(regime):
    flips, held = 0, {}
    for seed, zones in studies(regime):
        problem = zones.found.problem
        ids = list(zones.found.table.index[zones.found.order])
        names = list(zones.zones.index)
        members = zones.membership.iloc[zones.found.order]
        now = [np.flatnonzero((members == name).to_numpy()) for name in names]
        price = zones.answer.price if problem.budget is not None else 0.0
        table = changes(zones).table
        assert list(table.index) == ids
        for parcel, name in enumerate(ids):
            row = table.loc[name]
            inside = pd.notna(members.iloc[parcel])
            assert row["value_now"] == pytest.approx(problem.value[parcel] / problem.area[parcel])
            if row["would"] == "-":
                limit = row["limit"]
                held[limit] = held.get(limit, 0) + 1
                assert np.isnan(row["value_needed"]), (seed, name)
                if limit == "lock_in":
                    assert inside, (seed, name)
                elif limit in {"group", "barrier"}:
                    continue
                elif limit == "":
                    assert not inside, (seed, name)
                    assert not any(touching(problem, {parcel}, set(z.tolist())) for z in now), (
                        seed,
                        name,
                    )
                else:
                    zone = None if inside else names.index(row["beside"])
                    # what is left of a zone is judged by itself
                    alone = inside and limit != "min_zones"
                    result = moved(problem, now, parcel, zone, joined=not alone)
                    assert broken(problem, now, result, zone, limit), (seed, name, limit)
                continue
            assert (row["would"] == "leave") == inside, (seed, name)
            zone = None if inside else names.index(row["beside"])
            result = moved(problem, now, parcel, zone)
            loose = dataclasses.replace(problem, budget=None, max_zones=None)
            assert kept(loose, result), (seed, name)
            for sign in (1, -1):
                value = problem.value.copy()
                value[parcel] = (row["value_needed"] + sign * EPSILON) * problem.area[parcel]
                other = dataclasses.replace(problem, value=value)
                gain = total(other, result, price) - total(other, now, price)
                assert gain * sign * (-1 if inside else 1) > 0, (seed, name, sign, gain)
            flips += 1
    assert flips > 15
    assert {"share", "connection", "min_area"} <= set(held)


def test_robustness_counts_the_draws():
    """Against the best zones of every draw: an answer that is no worse than any is chosen as often."""
    for seed, zones in studies("listed")[:8]:
        problem = zones.found.problem
        drawn = robustness(zones, draws=6, noise=0.2, seed=seed, time_limit_s=20.0, workers=1)
        assert not drawn.late
        assert drawn.table["frequency"].between(0, 1).all()
        assert np.allclose(drawn.table["frequency"] * 6, (drawn.table["frequency"] * 6).round())
        count = np.zeros(problem.size)
        for factor in _factors(problem.size, 6, 0.2, seed):
            _, every = enumerated(dataclasses.replace(problem, value=problem.value * factor))
            count[np.concatenate([*every, np.empty(0, int)]).astype(int)] += 1
        miss = np.abs(drawn.table["frequency"].to_numpy() * 6 - count).max()
        assert miss <= 2, seed


def test_obstacles_bound_what_every_component_can_gather():
    seen = set()
    for seed in range(60):
        rng = np.random.default_rng([9, seed])
        parcels, walls = lattice(rng)
        least = round(float(rng.uniform(1.0, 9.0)), 2)
        limits = {"shares": {"legal": "legal", "other": "score > 0.8"},
                  "min_share": {"legal": float(rng.uniform(0.3, 0.9)), "other": float(rng.uniform(0.0, 0.8))}}  # fmt: skip
        zones = delineate(
            parcels,
            connect(parcels, barriers=walls),
            min_area_ha=least,
            workers=1,
            lang="en",
            **limits,
        )
        problem = zones.found.problem
        table = obstacles(zones).table
        assert table["parcels"].sum() == problem.size
        assert table["area_ha"].sum() == pytest.approx(problem.area.sum())
        component = zones.answer.component
        loose = dataclasses.replace(problem, min_area=0.0, budget=None, max_area=None)
        largest = {}
        for zone in all_zones(loose):
            c = int(component[zone[0]])
            largest[c] = max(largest.get(c, 0.0), float(problem.area[zone].sum()))
        sizes = {int(c): float(problem.area[component == c].sum()) for c in set(component.tolist())}
        able = {
            int(component[zone[0]])
            for zone in all_zones(dataclasses.replace(problem, budget=None)) or []
        }
        for row in table.itertuples():
            c = next(k for k, size in sizes.items() if size == pytest.approx(row.area_ha, abs=1e-9)
                     and (component == k).sum() == row.parcels)  # fmt: skip
            del sizes[c]
            assert largest.get(c, 0.0) <= row.reachable_ha + 1e-9, seed
            assert row.reachable_ha <= row.area_ha + 1e-9, seed
            seen.add(row.limit)
            if row.limit:
                assert c not in able, seed
                gathered = row.area_ha if row.limit == "min_area_ha" else row.reachable_ha
                assert row.short_ha == pytest.approx(least - gathered), seed
                assert row.short_ha > 0, seed
            else:
                assert row.short_ha == 0, seed
    assert {"", "min_area_ha", "legal", "other"} <= seen
