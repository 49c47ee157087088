"""The map of a screening: verdicts with sign and hatch, every finding in the popup, offences in red, nobody's name."""

import dataclasses
import datetime as dt
import importlib.util
from pathlib import Path

import pandas as pd
import pytest

from renewal_geo import eligibility, maps
from renewal_geo.maps.controls import total
from renewal_geo.rules import STUDY, Rule

DRAWN = Path(__file__).resolve().parents[2] / "drawn_units.py"
EARLY, LATE = dt.date(2020, 6, 30), dt.date(2021, 3, 1)


class Rules:
    """Values that decide, one of which changes, and one that only advises."""

    def __init__(self, day):
        share = 0.15 if day < LATE else 0.05
        said = {"since": dt.date(2012, 1, 1), "verified": "remembered", "document": "<i>文件</i>"}
        self.values = {
            one.rule_id: one
            for one in (
                Rule("unit.min_demolition_area", "unit", 10_000.0, "m2", ">", set_by=STUDY, because="核对", **said),
                Rule("unit.public_land_min_share", "unit", share, "1", ">=", set_by=STUDY, because="核对", **said),
                Rule("unit.public_land_min_area", "unit", 1_000.0, "m2", ">", set_by=STUDY, because="核对", **said),
                Rule("control_line.eco_control_line", "unit", 0.0, "m2", "<=", **said),
            )
        }  # fmt: skip

    def find(self, rule_id):
        return self.values.get(rule_id)


@pytest.fixture(scope="module")
def drawn():
    spec = importlib.util.spec_from_file_location("drawn_units", DRAWN)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def layers(drawn):
    ids = {
        "units": "unit_id",
        "demolition_ranges": "unit_id",
        "development_land": "unit_id",
        "sites": "site_id",
    }
    return {k: v.set_index(ids[k]) if k in ids else v for k, v in drawn.layers().items()}


@pytest.fixture(scope="module")
def screened(layers):
    def screen(day):
        return eligibility.screen(
            layers["units"], rules=Rules(day), demolition=layers["demolition_ranges"],
            development=layers["development_land"], sites=layers["sites"], tenure=layers["tenure"],
            control_lines=layers["control_lines"], as_of=day,
        )  # fmt: skip

    return {day: screen(day) for day in (EARLY, LATE)}


def spec_of(screened, layers, **more):
    return maps.unit_spec(
        screened[EARLY],
        layers["units"],
        layers["development_land"],
        layers["sites"],
        as_of=EARLY,
        **more,
    )


def layer_of(spec, name):
    return next(one for one in spec.layers if one.name == name)


def test_units_are_classed_by_verdict_and_no_two_verdicts_share_sign_or_hatch(screened, layers):
    units = layer_of(spec_of(screened, layers), "units")
    drawn = [units.classes[i].value for i in units.class_of]
    assert drawn == screened[EARLY].units["verdict"].tolist()
    assert len({one.fill for one in units.classes}) == len(units.classes)
    assert len({one.hatch for one in units.classes}) == len(units.classes)


def test_the_popup_has_every_finding_with_its_sign_in_both_languages(screened, layers):
    units = layer_of(spec_of(screened, layers), "units")
    findings = screened[EARLY].findings
    assert {one.name for one in units.columns} >= set(findings["criterion"])
    for row in findings.itertuples():
        at = units.values["unit_id"].tolist().index(row.unit_id)
        assert units.values[row.criterion].iloc[at].endswith(row.text_zh)
        assert units.values[f"{row.criterion}_en"].iloc[at].endswith(row.text_en)
        if row.status == "fail":
            assert units.values[row.criterion].iloc[at].startswith("✗")
    improved = units.values["unit_id"].tolist().index("U3")
    assert units.values["area"].iloc[improved] == "—"  # the question does not concern it


def test_offences_are_a_layer_of_the_internal_edition_only(screened, layers):
    inside = spec_of(screened, layers)
    offences = layer_of(inside, "offences")
    assert offences.values["area_m2"].sum() == pytest.approx(
        screened[EARLY].offences["area_m2"].sum()
    )
    public = spec_of(screened, layers, edition="public")
    assert "offences" not in [one.name for one in public.layers]
    assert public.panel is None


def test_the_figures_are_those_of_the_screening(screened, layers):
    spec = spec_of(screened, layers)
    figures = {one.name: total(spec, one) for one in spec.totals}
    assert figures["units"] == 3
    assert figures["ground"] == pytest.approx(screened[EARLY].units.geometry.area.sum() / 1e4)


def test_the_drawer_says_one_sentence_per_unit_and_what_another_day_changes(screened, layers):
    both = eligibility.side_by_side(screened[EARLY], screened[LATE])
    panel = spec_of(screened, layers, both_days=both, other_day=LATE.isoformat()).panel
    sections = {one.name: one for one in panel.sections}
    assert [one.aside.zh for one in sections["units"].items] == screened[EARLY].units[
        "sentence_zh"
    ].tolist()
    changed = [one.text.en for one in sections["both"].items]
    assert len(changed) == int(both["changed"].sum()) > 0
    assert any(text.startswith("U2") and "fail → pass" in text for text in changed), changed
    assert len(sections["rules"].rows) == len(screened[EARLY].rules)


def test_the_page_is_one_file_and_escapes_the_texts_of_users(screened, layers):
    html = maps.unit_map(screened[EARLY], layers["units"], as_of=EARLY).html()
    maps.assert_self_contained(html)
    assert "<b>乙</b>" not in html
    assert "<i>文件</i>" not in html


def test_the_rules_of_the_day_stand_in_the_footer(screened, layers):
    assert "2020-06-30" in spec_of(screened, layers).rules.zh


def test_nothing_but_the_released_columns_leaves_the_tables(screened, layers):
    spec = spec_of(screened, layers)
    for one in spec.layers:
        names = {column.name for column in one.columns} | {column.english for column in one.columns}
        assert set(one.values.columns) <= names
    public = layer_of(spec_of(screened, layers, edition="public"), "units")
    assert not {"willingness", "verdict"} & set(public.values.columns)


def test_a_public_verdict_tells_nothing_of_willingness(screened, layers):
    refused = screened[EARLY].findings.assign(status="pass")
    one = refused.iloc[[0]].assign(criterion="willingness", status="fail")
    told = dataclasses.replace(
        screened[EARLY],
        findings=pd.concat([refused, one], ignore_index=True),
        units=screened[EARLY].units.assign(verdict="fail"),
    )
    for edition, verdicts in (("internal", {"fail"}), ("public", {"pass"})):
        spec = maps.unit_spec(told, as_of=EARLY, edition=edition, review_no="x")
        units = layer_of(spec, "units")
        assert {units.classes[i].value for i in units.class_of} == verdicts
