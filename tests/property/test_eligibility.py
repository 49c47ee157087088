"""Laws of screening: what must hold for any units, layers and limits."""

import dataclasses
import importlib.util
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from renewal_geo.eligibility import screen, side_by_side
from renewal_geo.rules import load

_spec = importlib.util.spec_from_file_location(
    "drawn_units", Path(__file__).parents[1] / "unit" / "eligibility" / "drawn.py"
)
drawn = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(drawn)

VERIFIED = st.sampled_from(["read", "secondary", "derived", "remembered", "not_found"])
TENURE = st.sampled_from(["国有出让", "集体", "国有未出让", None])
USES = st.sampled_from(["厂房", "住宅", "商业", "小学", None])
KINDS = st.sampled_from(["基本生态控制线", "蓝线", "城镇开发边界", "龙脉线", None])
FORMS = st.sampled_from(["单独所有", "共同共有", "按份共有", "区分所有", None])
ANSWERS = st.sampled_from([True, True, False, None])
SIDE = 100  # of the lattice that boxes are drawn on, metres


@st.composite
def boxes(draw, least=1, most=5):
    """Return rectangles on a lattice of 10 m that overlap, coincide and touch."""
    rows = []
    for _ in range(draw(st.integers(least, most))):
        x, y = draw(st.integers(0, 14)), draw(st.integers(0, 14))
        w, h = draw(st.integers(1, 8)), draw(st.integers(1, 8))
        rows.append((10 * x, 10 * y, 10 * (x + w), 10 * (y + h)))
    return rows


@st.composite
def layers(draw, **columns):
    rows = draw(boxes())
    table = {
        name: draw(st.lists(values, min_size=len(rows), max_size=len(rows)))
        for name, values in columns.items()
    }
    return drawn.layer(*rows, index=[str(n) for n in range(len(rows))], **table)


@st.composite
def consents(draw):
    rows = draw(
        st.lists(
            st.tuples(
                st.integers(0, 2),
                FORMS,
                st.sampled_from([50.0, 100.0, None]),
                ANSWERS,
                st.booleans(),
            ),
            min_size=1,
            max_size=8,
        )
    )
    share = 1.0 / len(rows)
    return pd.DataFrame(
        {
            "unit_id": "U1", "parcel_id": [str(r[0]) for r in rows], "ownership": [r[1] for r in rows], "share": share,
            "floor_area_m2": [r[2] for r in rows], "consents": pd.Series([r[3] for r in rows], dtype=object), "old_residential": [r[4] for r in rows],
        },
        index=pd.Index([f"H{n}" for n in range(len(rows))], name="holder_id"),
    )  # fmt: skip


ROLES = {
    "sites": layers(),
    "tenure": layers(tenure=TENURE),
    "buildings": layers(use=USES, built_year=st.sampled_from([1900, 1985, 2003, 2012, 2050, None])),
    "parcels": layers(land_use=USES, tenure=TENURE),
    "odd_lots": st.none() | layers(),
    "control_lines": layers(kind=KINDS),
    "block_lines": layers(level=st.sampled_from(["一级", "二级"])),
    "holders": consents(),
}


@st.composite
def cases(draw, *roles):
    """Return units in a row and layers of rectangles over them: those of the roles, or all."""
    count = draw(st.integers(1, 3))
    ranges = [(n * 120, 0, n * 120 + draw(st.integers(8, 12)) * 10, 120) for n in range(count)]
    units = drawn.units(
        *ranges, key_unit=draw(st.lists(st.sampled_from([True, False, None]), min_size=count, max_size=count)),
        renewal_type=draw(st.lists(st.sampled_from(["拆除重建类", "综合整治类", None]), min_size=count, max_size=count)),
    )  # fmt: skip
    found = {role: draw(ROLES[role]) for role in roles or ROLES}
    return {"units": units, "demolition": units[["geometry"]], **found}


def screened(case, rules=None, **more):
    given_ = {**case, **more}
    return screen(given_.pop("units"), rules=rules or drawn.rules(), **given_)


def findings(screening):
    return screening.findings.set_index(["unit_id", "criterion"])


@settings(max_examples=12)
@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(case, random):
    def shuffled(layer):
        order = list(range(len(layer)))
        random.shuffle(order)
        return layer.iloc[order]

    first = screened(case)
    second = screened(
        {role: None if layer is None else shuffled(layer) for role, layer in case.items()}
    )
    pd.testing.assert_frame_equal(first.findings, second.findings, rtol=1e-9)
    pd.testing.assert_frame_equal(first.figures, second.figures, rtol=1e-9)
    assert first.offences["area_m2"].to_numpy() == pytest.approx(
        second.offences["area_m2"].to_numpy()
    )


LOOSER = {">": -1, ">=": -1, "<": 1, "<=": 1}


@settings(max_examples=20)
@given(cases(), st.data())
def test_a_looser_limit_never_turns_pass_into_fail(case, data):
    rules = drawn.with_rule(drawn.rules(), "unit.younger_land_share", 1 / 3, "1", "<=")
    rules = drawn.with_rule(rules, "unit.small_lot_public_area", 3_000, "m2", ">=")
    loosened = drawn.Rules({
        one: dataclasses.replace(rule, value=rule.value * factor if LOOSER[rule.operator] < 0 else rule.value / factor + more)
        if rule.operator and rule.value is not None and (factor := data.draw(st.sampled_from([1.0, 0.9, 0.5, 0.1]))) and
        (more := data.draw(st.sampled_from([0.0, 0.01, 100.0])) if rule.value == 0 else 0.0) is not None else rule
        for one, rule in rules.items()
    })  # fmt: skip
    before, after = findings(screened(case, rules)), findings(screened(case, loosened))
    both = before.join(after, rsuffix="_after")
    assert not ((both["status"] == "pass") & (both["status_after"] != "pass")).any()
    assert not ((both["meets"] == True) & (both["meets_after"] == False)).any()  # noqa: E712


@settings(max_examples=20)
@given(cases())
def test_offences_lie_inside_and_their_area_is_the_figure(case):
    found = screened(case)
    offences = found.offences
    assert (offences["area_m2"] > 0).all()
    ground = found.units.geometry
    for row in offences.itertuples():
        stray = row.geometry.difference(ground[row.unit_id].buffer(1e-6)).area
        assert stray <= 1e-6
    for row in offences[offences["criterion"] == "control_lines"].itertuples():
        assert row.area_m2 == pytest.approx(
            found.figures.loc[row.unit_id, f"{row.kind}_m2"], abs=1e-6
        )
    sums = offences.groupby(["criterion", "unit_id"])["area_m2"].sum()
    for unit in found.units.index:
        area, figures = found.units.loc[unit, "demolition_m2"], found.figures.loc[unit]
        if ("legal_land", unit) in sums:
            assert sums["legal_land", unit] == pytest.approx(
                (1 - figures["legal_land_share"]) * area
            )
        if ("odd_lots", unit) in sums:
            assert sums["odd_lots", unit] == pytest.approx(figures["odd_lot_m2"])


@settings(max_examples=12)
@given(cases(), st.sampled_from([0.5, 2.0, 10.0]))
def test_everything_scales(case, factor):
    def scaled(layer):
        if not isinstance(layer, gpd.GeoDataFrame):
            return layer
        origin = np.array([drawn.EAST, drawn.NORTH])
        return layer.set_geometry(
            shapely.transform(
                layer.geometry.to_numpy(), lambda xy: (xy - origin) * factor + origin
            ),
            crs=drawn.CRS,
        )

    rules = drawn.rules(without=("unit.odd_lot_single_area",))
    larger = drawn.Rules({
        one: dataclasses.replace(rule, value=rule.value * factor**2) if rule.unit == "m2" and rule.value else rule
        for one, rule in rules.items()
    })  # fmt: skip
    first, second = (
        findings(screened(case, rules)),
        findings(screened({k: scaled(v) for k, v in case.items()}, larger)),
    )
    pd.testing.assert_frame_equal(
        first[["status", "meets", "rule_id"]], second[["status", "meets", "rule_id"]]
    )
    area = (first["unit"] == "m2").to_numpy()
    assert second["figure"].to_numpy() == pytest.approx(
        np.where(area, factor**2, 1.0) * first["figure"].to_numpy(), nan_ok=True
    )


RANK = {"fail": 0, "not_evaluable": 1, "advisory": 2, "pass": 3}


@settings(max_examples=20)
@given(cases("sites"), boxes(most=3))
def test_more_public_land_never_lowers_that_criterion(case, more):
    after = pd.concat(
        [case["sites"], drawn.layer(*more, index=[f"S{n}" for n in range(len(more))])]
    )
    first, second = (
        screened(case, criteria=["public_land"], sites=sites) for sites in (case["sites"], after)
    )
    assert (second.figures["public_land_m2"] >= first.figures["public_land_m2"] - 1e-6).all()
    before, later = findings(first), findings(second)
    assert (later["status"].map(RANK) >= before["status"].map(RANK)).all()


@settings(max_examples=40)
@given(cases("parcels", "holders"), FORMS, st.booleans(), st.data())
def test_one_more_consenting_holder_never_lowers_willingness(case, form, old, data):
    """A holder who joins a parcel as what its others are, and signs."""
    holders = case["holders"].assign(share=case["holders"]["share"] / 2)  # half is nobody's yet
    parcel = data.draw(st.sampled_from(sorted(set(holders["parcel_id"]))))
    own = holders[holders["parcel_id"] == parcel]
    form = own["ownership"].iloc[0]
    holders.loc[own.index, "ownership"] = form
    new = pd.DataFrame(
        {"unit_id": "U1", "parcel_id": parcel, "ownership": form, "share": 0.1, "floor_area_m2": 50.0, "consents": pd.Series([True], dtype=object),
         "old_residential": bool(own["old_residential"].any())}
    ).set_index(pd.Index(["new"], name="holder_id"))  # fmt: skip
    first, second = (
        screened(case, criteria=["willingness"], holders=table)
        for table in (holders, pd.concat([holders, new]))
    )
    before, after = first.parcels.set_index("parcel_id"), second.parcels.set_index("parcel_id")
    if len(before):
        assert not ((before["meets"] == True) & (after["meets"] != True)).any()  # noqa: E712
        assert (after["owner_share"] >= before["owner_share"] - 1e-9).all()
    shares = first.figures["consenting_share"], second.figures["consenting_share"]
    assert not (shares[1] < shares[0] - 1e-9).any()


@settings(max_examples=40)
@given(cases("parcels", "holders"), st.data())
def test_signing_up_those_who_refused_never_lowers_willingness(case, data):
    holders = case["holders"]
    signs = data.draw(st.lists(st.booleans(), min_size=len(holders), max_size=len(holders)))
    later = holders.assign(
        consents=pd.Series(
            [True if s else c for s, c in zip(signs, holders["consents"], strict=True)],
            dtype=object,
            index=holders.index,
        )
    )
    first, second = (
        screened(case, criteria=["willingness"], holders=table) for table in (holders, later)
    )
    before, after = findings(first), findings(second)
    assert (after["status"].map(RANK) >= before["status"].map(RANK)).all()
    assert not (after["figure"] < before["figure"] - 1e-9).any()


@settings(max_examples=25)
@given(cases(), st.data())
def test_no_unverified_value_ever_decides(case, data):
    """With one value that nobody checked, whatever rests on it neither passes nor fails."""
    marks = {one: data.draw(VERIFIED) for one in drawn.LIMITS}
    rules = drawn.Rules(
        {one: dataclasses.replace(rule, verified=marks[one]) for one, rule in drawn.rules().items()}
    )
    found = screened(case, rules)
    for table in (found.findings, found.comparisons):
        decided = table[table["status"].isin(["pass", "fail"])]
        asked = {
            one
            for row in decided.itertuples()
            for one in (row.rule_id, *row.rests_on.split(", "))
            if one
        }
        assert all(rules[one].decides for one in asked), asked
    for row in found.comparisons.itertuples():
        if row.status in ("pass", "fail"):
            assert (row.status == "pass") == (row.meets is True)


@settings(max_examples=15)
@given(
    cases(),
    st.sampled_from(["sz_2009", "sz_2012", "sz_2016", "sz_2019_2020", "sz_2021", "sz_2025"]),
)
def test_nothing_in_the_rule_data_decides_before_somebody_read_it(case, name):
    rules = load("shenzhen").on(name)
    found = screened(case, rules, as_of=drawn.DAY)
    decided = found.findings[found.findings["status"].isin(["pass", "fail"])]
    assert all(rules[one].decides for one in decided["rule_id"])
    assert set(found.units["verdict"]) <= {"pass", "fail", "advisory", "not_evaluable"}
    told = found.findings[["text_zh", "text_en"]].to_numpy().ravel()
    assert all(one and "{" not in one and "nan" not in one for one in told)


@settings(max_examples=8)
@given(cases())
def test_a_screening_beside_itself_is_the_same(case):
    found = screened(case)
    table = side_by_side(found, found)
    assert len(table) == len(found.findings)
    assert set(table["change"]) == {"same"}
    assert not table["changed"].any()
