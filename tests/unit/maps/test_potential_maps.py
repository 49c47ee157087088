"""A map of a score: the table's figures, every colouring, what would change it, and what the public may know."""

import dataclasses
import importlib.util
import math
import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest

from renewal_geo.foundation.errors import RenewalError
from renewal_geo.maps import assert_self_contained, potential_map, potential_spec
from renewal_geo.maps.contrasts import confusable
from renewal_geo.maps.controls import total
from renewal_geo.maps.ready.potential_layers import _clear_inks
from renewal_geo.maps.ready.potential_tables import (
    _why,
    bar,
    drawn_said,
    seen,
    told_criteria,
    top_of,
)
from renewal_geo.potential import acceptability, score, stability
from renewal_geo.potential.measure import NO_AREA, NO_SHAPE, NO_VALUE
from renewal_geo.potential.raster_measures import TOO_LITTLE
from renewal_geo.potential.scoring import UNJUDGED
from renewal_geo.potential.way_measures import NO_WAY
from renewal_geo.spatial.zonal_cover import EMPTY, OUTSIDE

HOSTILE = "</script><img src=x onerror=window.__x=1>\"'\\`${1}\u202e{name}"


@pytest.fixture(scope="module")
def potentials():
    path = Path(__file__).resolve().parents[2] / "drawn_potential.py"
    spec = importlib.util.spec_from_file_location("drawn_potential", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def whole(potentials):
    return potentials.found()


@pytest.fixture(scope="module")
def spec(whole):
    table, made, accepted, stable = whole
    return potential_spec(table, made, acceptability=accepted, stability=stable)


def layer(spec, name="parcels"):
    return next(one for one in spec.layers if one.name == name)


def scheme(spec, name):
    return next(one for one in layer(spec).schemes if one.name == name)


def named(coloured):
    return [coloured.classes[place].value for place in coloured.class_of]


def test_popups_have_the_figures_of_the_tables(spec, whole):
    _, made, accepted, _ = whole
    values = layer(spec).values
    assert values["parcel_id"].tolist() == made.scores.index.tolist()
    np.testing.assert_array_equal(values["score"], made.scores)
    np.testing.assert_array_equal(values["rank"], made.ranks)
    np.testing.assert_array_equal(values["raw_0"], made.values["slope"])
    assert values["raw_3"].tolist() == made.values["use"].tolist()
    for place, criterion in enumerate(made.contributions.columns):
        told = values[f"part_{place}"].str.split(" ").str[0]
        known = made.contributions[criterion].notna().to_numpy()
        want = [f"{figure:.3f}" for figure in made.contributions[criterion][known]]
        assert told[known].tolist() == want
        assert (told[~known] == "").all()
    ranked = made.ranks.notna().to_numpy()
    share = accepted.table["top_share"].to_numpy()
    np.testing.assert_array_equal(values["top_share"][ranked], share[ranked])
    assert values["top_share"][~ranked].isna().all()
    row = accepted.table.iloc[3]
    low, high = math.floor(row["rank_p05"]), math.ceil(row["rank_p95"])
    assert values["interval"][3] == (
        f"{low} – {high} [{row['rank_best']:.0f} – {row['rank_worst']:.0f}]"
    )


def test_bars_have_one_scale_and_the_heaviest_weight_fills_it(spec):
    bars = layer(spec).values["part_1"].str.split(" ").str[1].dropna()
    assert max(bars, key=len) == bar(1.0)  # 40 % is the heaviest, and rated 1 within 200 m
    assert (bar(0.5), bar(0.0), len(bar(1.0, 10))) == ("████", "", 10)


def test_every_colouring_tells_all_parcels(spec, whole):
    _, made, accepted, _ = whole
    base = layer(spec)
    assert [one.name for one in base.schemes] == ["class", "top_share", "limiting", "shift"]
    for coloured in (base, *base.schemes):
        assert sum(one.count for one in coloured.classes) == len(made.scores)
        assert sum(one.area_m2 for one in coloured.classes) == pytest.approx(96 * 10_000)
        names = named(coloured)
        assert [name == "vetoed" for name in names] == made.is_vetoed.tolist()
        assert names[13] == "unscored"
    assert named(scheme(spec, "class")) == accepted.table["class"].tolist()
    hatched = {one.value: one.hatch for one in base.classes}
    assert hatched["vetoed"] == "cross"
    assert hatched["unscored"] == "dots"


def test_steps_of_the_score_rise_and_hold_their_scores(spec, whole):
    scores = whole[1].scores.to_numpy()
    base = layer(spec)
    for place, entry in enumerate(base.classes[:5]):
        low, high = (float(end) for end in entry.title.en.split(" – "))
        inside = scores[base.class_of == place]
        assert ((inside >= low - 6e-4) & (inside <= high + 6e-4)).all()
        assert len(inside) == entry.count


def test_probabilities_have_the_steps_that_they_say(spec, whole):
    share = whole[2].table["top_share"].to_numpy()
    coloured = scheme(spec, "top_share")
    ranked = whole[1].ranks.notna().to_numpy()
    assert (share[ranked & (coloured.class_of == 0)] == 0).all()
    assert (share[coloured.class_of == 5] == 1).all()
    for place, (low, high) in enumerate(((0, 0.1), (0.1, 0.5), (0.5, 0.9), (0.9, 1)), 1):
        inside = share[coloured.class_of == place]
        assert ((inside >= low) & (inside < high) & (inside > 0)).all()
        assert f"{100 * low:g}–{100 * high:g} %" == coloured.classes[place].title.en


def test_limiting_criteria_have_colours_of_their_own(spec, whole):
    coloured = scheme(spec, "limiting")
    inks = [(one.fill, one.hatch) for one in coloured.classes]
    assert len(set(inks)) == len(inks)
    ids = whole[1].contributions.columns
    for row, place in enumerate(coloured.class_of):
        if coloured.classes[place].value.startswith("limit"):
            assert ids[place] == whole[1].limiting["criterion"].iloc[row]


def test_nobody_takes_two_classes_for_one_another(spec):
    base = layer(spec)
    for coloured in (base, *base.schemes):
        drawn = [(one.value, one.fill, one.hatch) for one in coloured.classes]
        assert confusable(drawn) == [], coloured.title
    signs = [(str(n), ink.fill, ink.hatch) for n, ink in enumerate(_clear_inks(20))]
    assert confusable(signs) == []
    assert len(set(_clear_inks(60))) == 60


def test_what_would_change_it_names_both_criteria_and_is_enough(spec, whole):
    table, made, _, stable = whole
    values = layer(spec).values
    titles = {"slope": "坡度", "metro": "距地铁", "year": "建成年代", "use": "用途"}
    seen_any = 0
    for row, one in enumerate(stable.table.itertuples()):
        text, english = values["crossing"][row], values["crossing_en"][row]
        if math.isnan(made.ranks.iloc[row]):
            assert text == english == ""
        elif math.isnan(one.shift):
            assert "怎样移动" in text
        else:
            seen_any += 1
            points = float(text.split(" ")[1])
            assert 100 * one.shift <= points + 1e-9 <= 100 * one.shift + 0.1 + 1e-6
            assert f"由「{titles[one.from_criterion]}」移到「{titles[one.to_criterion]}」" in text
            assert text.endswith("即落选" if one.is_in else "即入选")
            assert english.endswith("puts it out" if one.is_in else "puts it in")
    assert seen_any > 5
    low = stable.table["radius_low"].to_numpy()
    np.testing.assert_allclose(values["radius"], 50 * low)
    assert len(table) == len(values)


def test_a_veto_says_its_name_and_its_figure_and_a_gap_why(spec):
    values = layer(spec).values
    assert values["veto"][11] == "坡度：33°（否决条件 > 30）"
    assert values["veto_en"][11] == "Slope: 33° (veto > 30)"
    assert values["veto"][0] == ""
    assert values["why"][13] == "建成年代：没有数值"
    assert (values["why"] != "").sum() == 1


def test_a_code_without_a_score_is_named(potentials):
    table = potentials.parcels()
    table["use"] = ["R9", *table["use"].iloc[1:]]
    made = score(table.drop(columns="geometry"), potentials.criteria())
    values = layer(potential_spec(table, made)).values
    assert values["why"][0] == "用途：没有给出 'R9' 的评分"
    assert values["why_en"][0] == "Use: no score for 'R9'"


def test_every_reason_for_a_gap_is_said_in_chinese():
    plain = (
        NO_VALUE,
        NO_SHAPE,
        NO_AREA,
        OUTSIDE,
        EMPTY,
        TOO_LITTLE,
        NO_WAY,
        "no street within 200 m",
        "no score for 'R9'",
    )
    for reason in (*plain, *(UNJUDGED + one for one in plain)):
        told = _why(reason)
        assert told.en == reason
        assert told.zh != reason
        assert not re.search(r"[a-z]{3}", told.zh)
    assert _why("no street within 200 m").zh == "200 米内没有道路"
    assert _why("a phrase of tomorrow").zh == "a phrase of tomorrow"


@pytest.mark.parametrize("law", ["around", "uniform", "given"])
def test_every_law_has_its_words(whole, law):
    drawn = dataclasses.replace(whole[2], law=law)
    said = drawn_said(drawn)
    assert "60" in said.zh
    assert "law_" not in said.en


def test_the_top_is_outlined_as_one_and_the_first_go_by_rank(spec, whole):
    table, made, _, _ = whole
    inside = (made.ranks <= 10).to_numpy()
    shape = layer(spec, "top").geometry.iloc[0]
    assert shape.area == pytest.approx(inside.sum() * 10_000)
    assert shape.symmetric_difference(table.geometry[inside].union_all()).area == pytest.approx(0)
    first = layer(spec, "first")
    ranks = made.ranks.dropna().sort_values(kind="stable")[:10]
    assert list(first.captions) == [f"{rank:.0f} · {one}" for one, rank in ranks.items()]
    assert spec.wall.layer == spec.list_layer == "first"


def test_totals_and_facts_are_those_of_the_tables(spec, whole):
    _, made, accepted, _ = whole
    said = {one.name: total(spec, one) for one in spec.totals}
    assert said["parcels"] == 96
    assert said["area"] == pytest.approx(96)
    assert said["top_area"] == pytest.approx(int((made.ranks <= 10).sum()))
    assert said["always_area"] == pytest.approx((accepted.table["class"] == "always").sum())
    facts = {one.title.en: one.content.en for one in spec.facts}
    assert facts["Vetoed"] == "8"
    assert facts["Not scored"] == "1"
    assert facts["Top N"] == "10"
    assert "60" in facts["Weightings drawn"]
    assert "seed 1" in facts["Weightings drawn"]
    assert f"{made.scores[(made.ranks <= 10).to_numpy()].min():.3f}" in facts.values()
    assert any("top 10" in note.en and "60" in note.en for note in spec.notes)


def test_the_drawer_has_weights_and_a_histogram_that_adds_up(spec, whole):
    sections = {one.name: one for one in spec.panel.sections}
    assert [row[2].en for row in sections["weights"].rows] == [
        "30.0 %",
        "40.0 %",
        "20.0 %",
        "10.0 %",
    ]
    assert sections["references"].rows[0][1].en == "Veto > 30. 规范第 4 条"
    ranked = int(whole[1].ranks.notna().sum())
    assert sum(int(row[2].en) for row in sections["histogram"].rows) == ranked
    ids = layer(spec).values["parcel_id"]
    for item in sections["best"].items:
        assert item.text.en.endswith(ids[item.feature])


def test_without_draws_there_is_the_score_and_the_limiting_criterion(whole):
    table, made, _, _ = whole
    spec = potential_spec(table, made)
    assert [one.name for one in layer(spec).schemes] == ["limiting"]
    assert top_of(made, None, None) == 9  # a tenth of 87, rounded up
    assert "class" not in layer(spec).values
    assert_self_contained(potential_map(table, made).html())


def test_one_criterion_and_all_vetoed_are_sane_pages(whole):
    table, made, _, _ = whole
    one = score(table, [{"id": "slope", "column": "slope", "weight": 1, "veto": "> -1"}])
    spec = potential_spec(table, one)
    assert {layer.name for layer in spec.layers} == {"parcels"}
    assert {name for name in named(layer(spec)) if name} == {"vetoed"}
    assert spec.wall is None
    assert_self_contained(potential_map(table, one, lang="en").html())
    assert len(made.scores) == len(table)


def test_zones_are_outlined_with_their_names(whole):
    table, made, _, _ = whole
    zones = gpd.GeoDataFrame(
        {"zone_name": ["西片"]}, index=["Z1"], geometry=[table.geometry.iloc[0]], crs=table.crs
    )
    spec = potential_spec(table, made, zones=zones)
    assert layer(spec, "zones").captions == ("西片",)


def test_other_parcels_and_other_cuts_are_refused(whole):
    table, made, accepted, _ = whole
    with pytest.raises(RenewalError) as fault:
        potential_spec(table.iloc[::-1], made)
    assert fault.value.code == "other_parcels"
    with pytest.raises(RenewalError) as fault:
        potential_spec(table, made, acceptability=accepted, stability=stability(made, top=5))
    assert fault.value.code == "two_cuts"
    with pytest.raises(TypeError):
        potential_spec(table, made, colour="red")


def test_the_caller_releases_columns_but_takes_none_of_ours(whole):
    table, made, _, _ = whole
    own = table.assign(score=-1.0, street=["平湖", "坂田"] * 48)
    values = layer(potential_spec(own, made, columns=["score", "street"])).values
    np.testing.assert_array_equal(values["score"], made.scores)
    assert values["street"].tolist() == own["street"].tolist()
    with pytest.raises(RenewalError):
        potential_spec(table, made, columns=["no_such"])
    public = layer(potential_spec(own, made, columns=["street"], edition="public"))
    assert {one.name for one in public.columns} <= {"band", "area_m2", "merged_count"}


def test_ids_may_repeat(potentials):
    ids = ["same"] * 96
    table = potentials.parcels(ids)
    made = score(table.drop(columns="geometry"), potentials.criteria())
    spec = potential_spec(table, made)
    np.testing.assert_array_equal(layer(spec).values["score"], made.scores)


def test_hostile_names_are_texts_and_turn_nothing_around(potentials, unpacked):
    ids = [f"P{n:03d}{HOSTILE}" for n in range(96)]
    table, made, accepted, stable = potentials.found(lambda text: text + HOSTILE, ids)
    page = potential_map(
        table, made, acceptability=accepted, stability=stable, title=HOSTILE, source=HOSTILE
    ).html()
    assert_self_contained(page)
    assert HOSTILE not in page  # it stands packed in the block that no browser runs
    data = unpacked.unpacked(unpacked.block_of(page))
    parcels = next(one for one in data["layers"] if one["name"] == "parcels")
    said = {one["name"]: one for one in parcels["columns"]}
    assert said["parcel_id"]["texts"][0] == ids[0]
    assert said["raw_0"]["title"]["zh"] == f"坡度{seen(HOSTILE)}（°）"
    assert not any("\u202e" in text for text in said["crossing"]["words"])
    assert any(seen(HOSTILE) in text for text in said["crossing"]["words"])


def test_the_public_edition_has_no_parcel_and_no_contribution(whole, unpacked, potentials):
    table, made, accepted, stable = whole
    look = {"acceptability": accepted, "stability": stable, "owners": "owner"}
    page = potential_map(table, made, edition="public", **look)
    base = layer(page.spec)
    assert {one.name for one in base.columns} <= {"band", "class", "area_m2", "merged_count"}
    assert [one.name for one in page.spec.layers if one.name == "first"] == []
    assert [one.name for one in base.schemes] == ["class"]
    assert len(base.geometry) < len(table)
    assert page.spec.panel is None
    assert page.spec.wall is None
    assert page.spec.facts == ()
    told = unpacked.told(page.html())
    assert potentials.HIDDEN not in told
    assert not any(one in told for one in made.scores.index)
    assert "part_0" not in told
    assert "raw_0" not in told
    assert "即落选" not in told


def test_the_top_of_too_few_owners_is_not_public(whole):
    table, made, accepted, stable = whole
    look = {"acceptability": accepted, "stability": stable, "edition": "public"}
    alone = table.assign(owner="one and the same")
    names = [one.name for one in potential_spec(alone, made, owners="owner", **look).layers]
    assert "top" not in names
    assert "top" in [one.name for one in potential_spec(table, made, **look).layers]
    few = dataclasses.replace(accepted, top=2), dataclasses.replace(stable, top=2)
    spec = potential_spec(table, made, acceptability=few[0], stability=few[1], edition="public")
    assert "top" not in [one.name for one in spec.layers]


def test_figures_are_printed_as_people_read_them(potentials):
    table = potentials.parcels().drop(columns="geometry")
    table["share"] = np.linspace(0, 1, 96)
    table["far"] = np.linspace(12.5, 4321.5, 96)
    asked = [
        {"id": name, "column": name, "weight": 1, **more}
        for name, more in {"year": {}, "share": {}, "far": {"unit": "m"}}.items()
    ]
    year, share, far = told_criteria(score(table, asked))
    assert (year.form, year.printed(1998.0)) == ("year", "1998")
    assert share.printed(0.12345) == "0.123"
    assert far.printed(1234.5) == "1,234 m"
    assert (far.marked(1500.0), far.marked(0.5), far.marked(0.0)) == ("1,500", "0.5", "0")
    assert far.printed(float("nan")) == "—"


def test_the_page_stays_light(potentials):
    """Eight criteria with bars, figures and sentences cost a parcel no more than a tenth of a kilobyte."""
    sizes = []
    for rows in (100, 2_100):
        made = potentials.many(8, rows)
        places = [(n % 50, n // 50) for n in range(rows)]
        table = gpd.GeoDataFrame(
            index=made.scores.index,
            geometry=[potentials.square(*place) for place in places],
            crs=potentials.CRS,
        )
        found = {"acceptability": acceptability(made, draws=50), "stability": stability(made)}
        sizes.append(len(potential_map(table, made, **found).html().encode()))
    assert (sizes[1] - sizes[0]) / 2_000 < 100
