"""Every promise is re-derived, and every single tampering is named."""

import dataclasses
import json

import geopandas as gpd
import pandas as pd
import pytest
from shapely import LineString, box
from shapely.affinity import translate

from renewal_geo.contiguity import Contiguity, connect
from renewal_geo.zones import delineate, verify


@pytest.fixture(scope="module")
def answer(lattice, chosen_by):
    """Two zones of six parcels, a budget that binds, a share, an outline that counts."""
    parcels = lattice(
        "MMMM..MMMM", "MMMM..MMMM",
        score=[3.0, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3],
        legal=[1.0, 0.5, 1, 1, 0.2, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1],
    )  # fmt: skip
    zones = chosen_by(
        parcels, value="score", area_budget_ha=8.0, min_area_ha=2.0, boundary_weight=0.002,
        shares={"legal": "legal"}, min_share={"legal": 0.6},
    )  # fmt: skip
    return parcels, connect(parcels), zones


def published(zones):
    return {
        "zones": zones.zones.copy(), "parcels": zones.parcels.copy(), "links": zones.links.copy(),
        "envelopes": zones.envelopes.copy(),
    }  # fmt: skip


def as_read(zones):
    return json.loads(json.dumps(zones.certificate))


def broken(answer, record, tables):
    parcels, links, _ = answer
    found = verify(record, parcels, links, published=tables)
    assert not found.ok
    assert len(found.broken) > 0
    assert str(found)
    return repr(found.broken)


def test_honest_answer_verifies(answer):
    parcels, links, zones = answer
    found = verify(as_read(zones), parcels, links, published=published(zones))
    assert found.broken == ()
    assert found.ok
    assert verify(as_read(zones), parcels, links).ok
    assert verify(as_read(zones), parcels.iloc[::-1], links).ok


def test_infeasible_and_empty_answers_verify(lattice, chosen_by):
    parcels = lattice("MM", score=[-1.0, -1.0])
    for limits in ({"min_area_ha": 9.0}, {"value": "score"}):
        zones = chosen_by(parcels, **limits)
        found = verify(as_read(zones), parcels, connect(parcels), published=published(zones))
        assert found.ok, found.broken


def moved_parcel(record, tables):
    first, second = list(record["zones"])[:2]
    record["zones"][second].append(record["zones"][first].pop())


def dropped_parcel(record, tables):
    next(iter(record["zones"].values())).pop()


def parcel_twice(record, tables):
    members = list(record["zones"].values())
    members[-1].append(members[0][0])


def unknown_parcel(record, tables):
    next(iter(record["zones"].values())).append("nobody")


def objective_raised(record, tables):
    record["objective"] *= 1.001


def objective_lowered(record, tables):
    record["objective"] *= 0.999


def bound_lowered(record, tables):
    record["bound"] = record["objective"] - abs(record["objective"]) * 0.01


def bound_raised(record, tables):
    record["bound"] += abs(record["bound"]) * 0.01


def gap_edited(record, tables):
    record["gap"] = (record["gap"] or 0.0) + 0.01


def status_edited(record, tables):
    record["status"] = "feasible" if record["status"] == "optimal" else "optimal"


def status_infeasible(record, tables):
    record["status"] = "infeasible"


def budget_edited(record, tables):
    record["parameters"]["area_budget_ha"] = 3.0


def area_edited(record, tables):
    tables["zones"].iloc[0, tables["zones"].columns.get_loc("area_m2")] += 0.5


def parcel_area_edited(record, tables):
    tables["parcels"].iloc[0, tables["parcels"].columns.get_loc("area_m2")] += 0.5


def value_edited(record, tables):
    tables["zones"].iloc[0, tables["zones"].columns.get_loc("net_value")] *= 1.0001


def share_edited(record, tables):
    tables["zones"].iloc[0, tables["zones"].columns.get_loc("share_legal")] += 1e-6


def count_edited(record, tables):
    tables["zones"].iloc[0, tables["zones"].columns.get_loc("parcel_count")] += 1


def frontage_edited(record, tables):
    tables["links"].iloc[0, tables["links"].columns.get_loc("frontage_m")] += 0.5


def link_invented(record, tables):
    links = tables["links"]
    links.loc[len(links)] = ["r0c3", "r0c6", "bridge", 50.0, 30.0]


def link_removed(record, tables):
    tables["links"] = tables["links"].iloc[1:]


def zone_moved(record, tables):
    zones = tables["zones"]
    zones.loc[zones.index[0], "geometry"] = translate(zones.geometry.iloc[0], 5.0, 0.0)


def parcel_moved(record, tables):
    parcels = tables["parcels"]
    parcels.loc[parcels.index[0], "geometry"] = translate(parcels.geometry.iloc[0], 5.0, 0.0)


def envelope_moved(record, tables):
    outlines = tables["envelopes"]
    outlines.loc[outlines.index[0], "geometry"] = translate(outlines.geometry.iloc[0], 500.0, 0.0)


def reason_edited(record, tables):
    parcels = tables["parcels"]
    out = parcels.index[parcels["zone_id"].isna()][0]
    parcels.loc[out, "reason"] = "locked_out"


def membership_edited(record, tables):
    parcels = tables["parcels"]
    out = parcels.index[parcels["zone_id"].isna()][0]
    parcels.loc[out, "zone_id"] = "Z01"


def row_removed(record, tables):
    tables["parcels"] = tables["parcels"].iloc[1:]


def zone_invented(record, tables):
    record["zones"]["Z99"] = []


TAMPERINGS = [
    moved_parcel, dropped_parcel, parcel_twice, unknown_parcel, objective_raised, objective_lowered,
    bound_lowered, bound_raised, gap_edited, status_edited, status_infeasible, budget_edited,
    area_edited, parcel_area_edited, value_edited, share_edited, count_edited, frontage_edited,
    link_invented, link_removed, zone_moved, parcel_moved, envelope_moved, reason_edited,
    membership_edited, row_removed, zone_invented,
]  # fmt: skip


@pytest.mark.parametrize("tamper", TAMPERINGS, ids=lambda t: t.__name__)
def test_tampering_is_named(answer, tamper):
    _, _, zones = answer
    record, tables = as_read(zones), published(zones)
    tamper(record, tables)
    broken(answer, record, tables)


@pytest.fixture(scope="module")
def larger(lattice, chosen_by):
    """Forty parcels: too many to list, so the bound rests on prices and separators."""
    score = [float((7 * n * n + 3 * n) % 11) for n in range(40)]
    parcels = lattice(*["MMMMMMMM"] * 5, score=score)
    limits = {"value": "score", "area_budget_ha": 9.0, "min_area_ha": 4.0, "boundary_weight": 0.002}
    return parcels, connect(parcels), chosen_by(parcels, gap=0.02, time_limit_s=5.0, **limits)


def leaves_of(proof):
    """All branches of a proof, of components or of all together."""
    return proof.get("joint") or [leaf for one in proof["components"] for leaf in one["leaves"]]


def with_cut(proof, **cut):
    """Claim one more cut, with a multiplier, in every branch."""
    proof["cuts"].append(cut)
    for leaf in leaves_of(proof):
        leaf["cuts"].append(len(proof["cuts"]) - 1)
        leaf["multipliers"].append(1.0)


def test_bound_of_a_larger_district_is_replayed(larger):
    parcels, links, zones = larger
    proof = zones.certificate["bound_proof"]
    assert proof["kind"] == "relaxation"
    assert proof["budget_price"] + max(leaf["price"] for leaf in leaves_of(proof)) > 0
    found = verify(as_read(zones), parcels, links, published=published(zones))
    assert found.ok, found.broken
    assert found.figures["bound"] == pytest.approx(zones.bound)


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_edited_proof_does_not_carry_the_bound(larger, factor):
    """With other multipliers the replay yields another bound than the one that was published."""
    parcels, links, zones = larger

    def scaled(part):
        if isinstance(part, float):
            return part * factor
        if isinstance(part, dict):
            return {key: scaled(one) for key, one in part.items()}
        return [scaled(one) for one in part] if isinstance(part, list) else part

    record = as_read(zones)
    record["bound_proof"] = scaled(record["bound_proof"])
    found = verify(record, parcels, links)
    assert not found.ok
    assert found.broken[0].code == "bound"


@pytest.mark.parametrize(
    "edit",
    [
        lambda proof: proof.update(budget_price=-1.0),
        lambda proof: proof.update(budget_price=float("nan")),
        lambda proof: proof.update(kind="trust me"),
        lambda proof: proof.clear(),
        lambda proof: proof.update(dead=[{"parcel": "r0c0", "shares": []}]),
        lambda proof: with_cut(proof, kind="separator", node="r0c0", nodes=["r4c7"]),
        # a set as large as a zone may hold one
        lambda proof: with_cut(
            proof, kind="separator", node="r0c0", nodes=[f"r0c{n}" for n in range(6)]
        ),
        lambda proof: with_cut(proof, kind="separator", node="x", nodes=["x"]),
        lambda proof: with_cut(proof, kind="trust me", node="r0c0", nodes=["r0c0"]),
        lambda proof: with_cut(proof, kind="overflow", nodes=["r0c0", "r0c1"], parents=[-1, 0]),
        lambda proof: leaves_of(proof)[0]["multipliers"].append(-1.0),
        lambda proof: leaves_of(proof)[0].update(shares=[1.0]),
        lambda proof: leaves_of(proof)[0].update(flow=[float("nan")]),
        # branches of which the other half is missing
        lambda proof: [leaf.update(fixings=[["r0c0", True]]) for leaf in leaves_of(proof)],
    ],
)
def test_a_proof_that_proves_nothing_is_refused(larger, edit):
    parcels, links, zones = larger
    record = as_read(zones)
    edit(record["bound_proof"])
    found = verify(record, parcels, links)
    assert not found.ok
    assert found.broken[0].code in {"bound", "bound_proof"}


def test_a_changed_input_is_named(answer):
    parcels, links, zones = answer
    changed = parcels.copy()
    changed["score"] = changed["score"] + 1.0
    assert not verify(as_read(zones), changed, links).ok


def test_a_link_less_breaks_the_zone(answer):
    parcels, links, zones = answer
    none = dataclasses.replace(links, links=links.links.iloc[:0])
    assert not verify(as_read(zones), parcels, none).ok


def test_cut_parcels_verify_and_uncut_ones_do_not(lattice, chosen_by):
    parcels = lattice("MMM", "MMM", side=100.0, spacing=110.0)
    farmland = gpd.GeoDataFrame(
        {"kind": ["permanent_farmland"]},
        geometry=[box(500_150, 2_499_700, 500_260, 2_500_000)],
        crs=parcels.crs,
    )
    zones = chosen_by(parcels, exclusions=farmland, exclusion_mode="cut", min_area_ha=0.5)
    links = connect(parcels)
    found = verify(as_read(zones), parcels, links, exclusions=farmland, published=published(zones))
    assert found.ok, found.broken
    assert not verify(as_read(zones), parcels, links, published=published(zones)).ok


def test_given_links_verify(lattice):
    parcels = lattice("M.M", "M.M")
    table = pd.DataFrame(
        {"focal": ["r0c0", "r0c0"], "neighbour": ["r0c2", "r1c0"], "frontage_m": [20.0, 100.0]}
    )
    links = Contiguity.from_links(table, parcels)
    zones = delineate(parcels, links, min_area_ha=3.0, boundary_weight=0.001, gap=0.0, workers=1)
    found = verify(as_read(zones), parcels, links, published=published(zones))
    assert found.ok, found.broken
    fewer = Contiguity.from_links(table.iloc[:1], parcels)
    assert not verify(as_read(zones), parcels, fewer).ok


def test_ground_barriers_locks_and_units_verify(lattice, chosen_by):
    parcels = lattice(
        "MMMLMMM", "MMMLMMM", unit_id=["u", "u", "", "", "", "", ""] * 2, spacing=105.0
    )
    wall = gpd.GeoDataFrame(
        {"kind": ["river"], "width_m": [3.0]},
        geometry=[LineString([(500_102.5, 2_499_700), (500_102.5, 2_499_895)])], crs=parcels.crs,
    )  # fmt: skip
    asked = {
        "keep_together": "unit_id",
        "lock_in": ["r0c6"],
        "lock_out": ["r1c2"],
        "min_area_ha": 2.0,
    }
    zones = chosen_by(parcels, barriers=wall, ground="land_use == 'L'", **asked)
    links = connect(parcels, barriers=wall, ground="land_use == 'L'")
    found = verify(as_read(zones), parcels, links, published=published(zones))
    assert found.ok, found.broken
    walled = connect(parcels, ground="land_use == 'L'")
    assert not verify(as_read(zones), parcels, walled, published=published(zones)).ok


@pytest.mark.parametrize("district", ["answer", "larger"])
def test_no_solver_is_asked(district, request, monkeypatch):
    """Neither HiGHS nor scipy's own programmes are called: the proof is added up."""
    parcels, links, zones = request.getfixturevalue(district)

    def refuse(*_, **__):
        raise AssertionError("the verifier asked a solver")

    for module, name in (
        ("highspy", "Highs"),
        ("renewal_geo.solvers.packing", "milp"),
        ("renewal_geo.solvers.packing", "linprog"),
        ("renewal_geo.zones.conflicts", "linprog"),
        ("renewal_geo.solvers.mincut", "maximum_flow"),
    ):
        monkeypatch.setattr(f"{module}.{name}", refuse)
    assert verify(as_read(zones), parcels, links).ok
